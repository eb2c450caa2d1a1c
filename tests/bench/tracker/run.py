"""What measuring costs: `coppice track` and EnergyTracker beside CodeCarbon, sampling once a second, in one run. Each turn
measures all of them one after the other. Prints JSON. tests/bench/tracker/run.sh sets up what it needs:

    tests/bench/tracker/run.sh [--turns 3] [--seconds 60] [--starts 20] > docs/bench/tracker.json

- start: in a program, from asking for a tracker (CodeCarbon: from importing it) until it runs; as a wrapper, from
  starting it until the command's main runs, less the same without a wrapper.
- CPU share: CPU time of the tracker (in a program: of the program, which sleeps) over a window of --seconds.
- memory: in a program, resident memory added by the tracker; as a wrapper, the most it ever had resident.
- short: the figure of 50 ms of work on one core.
"""
import argparse
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
parser = argparse.ArgumentParser()
parser.add_argument("--coppice", required=True)
parser.add_argument("--tracker-bench", required=True)
parser.add_argument("--codecarbon", required=True, help="the codecarbon program of its virtual environment")
parser.add_argument("--turns", type=int, default=3)
parser.add_argument("--seconds", type=float, default=60)
parser.add_argument("--starts", type=int, default=20, help="starts of Coppice's trackers a turn; CodeCarbon: a quarter")
arguments = parser.parse_args()

scratch = pathlib.Path(tempfile.mkdtemp(prefix="coppice-bench-"))
# Neither finds settings or leaves files outside.
os.environ["HOME"] = str(scratch)
os.chdir(scratch)
for name in [name for name in os.environ if name.startswith("CODECARBON_")]:
    del os.environ[name]

bench = arguments.tracker_bench
bare = [bench, "--now"]
wrappers = {
    "coppice_track": [arguments.coppice, "track", "--country", "FRA", "--output", str(scratch / "log"), "--quiet", "--"],
    "codecarbon_monitor": [arguments.codecarbon, "monitor", "--offline", "--no-api", "--country-iso-code", "FRA",
                           "--measure-power-secs", "1", "--log-level", "critical", "--"],
}


def answer(command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


def in_process(which, busy_ms, idle_s, extra=()):
    if which == "coppice":
        command = [bench, "track", str(busy_ms), str(idle_s), *extra]
    else:
        command = [sys.executable, str(HERE / "codecarbon_bench.py"), str(busy_ms), str(idle_s), which.split("_")[1]]
    return json.loads(answer(command).strip().splitlines()[-1])


def start_of_command(wrapper):
    """(milliseconds until the command's main runs, milliseconds until all is over)"""
    begin = time.monotonic_ns()
    out = answer([*wrapper, *bare])
    end = time.monotonic_ns()
    stamp = next(int(line) for line in out.splitlines() if line.strip().isdigit())
    return (stamp - begin) / 1e6, (end - begin) / 1e6


def cpu_seconds(pid):
    return time.clock_gettime((~pid << 3) | 2)  # the process's CPU clock: clock_getcpuclockid(3)


def wrapped_sleep(wrapper):
    """CPU time and memory of a wrapper while its command sleeps, from when the command has started."""
    process = subprocess.Popen([*wrapper, "sleep", str(arguments.seconds + 30)], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    children = pathlib.Path(f"/proc/{process.pid}/task")
    while not any(pathlib.Path(f"/proc/{child}/comm").read_text().strip() == "sleep"
                  for file in children.glob("*/children") for child in file.read_text().split()):
        time.sleep(0.005)
    begin, cpu = time.monotonic(), cpu_seconds(process.pid)
    time.sleep(arguments.seconds)
    cpu, wall = cpu_seconds(process.pid) - cpu, time.monotonic() - begin
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    peak = int(status.split("VmHWM:")[1].split()[0]) * 1024
    for file in children.glob("*/children"):
        for child in file.read_text().split():
            os.kill(int(child), 15)
    process.wait(60)
    return {"cpu_share_percent": 100 * cpu / wall, "peak_resident_bytes": peak}


def slowest_lookup():
    """A /proc as of a machine that is not virtual, with a name no table has: all of them are searched."""
    proc = scratch / "proc"
    proc.mkdir()
    (proc / "cpuinfo").write_text("processor\t: 0\nvendor_id\t: GenuineIntel\nmodel name\t: "
                                  "Intel(R) Core(TM) i7-99999ZZ Frobozz CPU @ 3.60GHz\nflags\t\t: fpu\n")
    for name in ("meminfo", "stat"):
        shutil.copy(f"/proc/{name}", proc)
    return str(proc)


def spread(values):
    return {"median": statistics.median(values), "low": min(values), "high": max(values), "n": len(values)}


def turn(proc):
    result = {"start_milliseconds": {name: [] for name in
                                     ("coppice", "coppice_slowest_lookup", "codecarbon_process", "codecarbon_machine")},
              "codecarbon_import_milliseconds": [],
              "wrapper_start_milliseconds": {"none": [], **{name: [] for name in wrappers}},
              "wrapper_whole_milliseconds": {"none": [], **{name: [] for name in wrappers}},
              "idle": {}, "wrapper_idle": {}, "short": {}}
    for i in range(arguments.starts):
        result["start_milliseconds"]["coppice"].append(in_process("coppice", 0, 0)["start_milliseconds"])
        result["start_milliseconds"]["coppice_slowest_lookup"].append(
            in_process("coppice", 0, 0, [proc])["start_milliseconds"])
        for name, wrapper in {"none": [], **wrappers}.items():
            if name == "codecarbon_monitor" and i % 4:
                continue
            first, whole = start_of_command(wrapper)
            result["wrapper_start_milliseconds"][name].append(first)
            result["wrapper_whole_milliseconds"][name].append(whole)
        if i % 4 == 0:
            for name in ("codecarbon_process", "codecarbon_machine"):
                got = in_process(name, 0, 0)
                result["start_milliseconds"][name].append(got["start_milliseconds"])
                result["codecarbon_import_milliseconds"].append(got["import_milliseconds"])
    for name in ("coppice", "codecarbon_process", "codecarbon_machine"):
        got = in_process(name, 0, arguments.seconds)
        result["idle"][name] = {"cpu_share_percent": 100 * got["cpu_seconds_while_idle"] / got["idle_seconds"],
                                "resident_bytes_added": got["resident_bytes_added"]}
        result["short"][name] = in_process(name, 50, 0)
    for name, wrapper in wrappers.items():
        result["wrapper_idle"][name] = wrapped_sleep(wrapper)
    return result


def machine():
    info = pathlib.Path("/proc/cpuinfo").read_text()
    memory = int(pathlib.Path("/proc/meminfo").read_text().split("MemTotal:")[1].split()[0])
    return {"cpu": info.split("model name")[1].split(":", 1)[1].split("\n")[0].strip(), "hardware_threads": os.cpu_count(),
            "virtual": "hypervisor" in info, "memory_bytes": memory * 1024, "kernel": platform.release(),
            "processes": sum(name.isdigit() for name in os.listdir("/proc")), "load_average": os.getloadavg()}


about = {"before": machine()}
proc = slowest_lookup()
turns = []
for number in range(arguments.turns):
    print(f"turn {number + 1} of {arguments.turns}", file=sys.stderr)
    turns.append(turn(proc))
about["after"] = machine()
shutil.rmtree(scratch)


def over(pick):
    return spread([value for t in turns for value in pick(t)])


bare_start = statistics.median(v for t in turns for v in t["wrapper_start_milliseconds"]["none"])
bare_whole = statistics.median(v for t in turns for v in t["wrapper_whole_milliseconds"]["none"])
wrapper_names = list(wrappers)
summary = {
    "start_milliseconds": {
        **{name: over(lambda t, n=name: t["start_milliseconds"][n]) for name in turns[0]["start_milliseconds"]},
        **{name: over(lambda t, n=name: [v - bare_start for v in t["wrapper_start_milliseconds"][n]])
           for name in wrapper_names}},
    "whole_overhead_milliseconds": {
        name: over(lambda t, n=name: [v - bare_whole for v in t["wrapper_whole_milliseconds"][n]])
        for name in wrapper_names},
    "cpu_share_percent": {
        **{name: over(lambda t, n=name: [t["idle"][n]["cpu_share_percent"]]) for name in turns[0]["idle"]},
        **{name: over(lambda t, n=name: [t["wrapper_idle"][n]["cpu_share_percent"]]) for name in wrapper_names}},
    "memory_bytes": {
        **{name: over(lambda t, n=name: [t["idle"][n]["resident_bytes_added"]]) for name in turns[0]["idle"]},
        **{name: over(lambda t, n=name: [t["wrapper_idle"][n]["peak_resident_bytes"]]) for name in wrapper_names}},
    "short_run": {name: [t["short"][name].get("energy_joules") for t in turns] for name in turns[0]["short"]},
}
ours = ("coppice", "coppice_track")
met = {
    "start under 20 ms": all(summary["start_milliseconds"][n]["median"] < 20 for n in (*ours, "coppice_slowest_lookup")),
    "under 0.5 % of a core": all(summary["cpu_share_percent"][n]["high"] < 0.5 for n in ours),
    "at most 10 MB": all(summary["memory_bytes"][n]["high"] <= 10e6 for n in ours),
    "50 ms has a figure": all(figure and figure["value"] > 0 for figure in summary["short_run"]["coppice"]),
}
print(json.dumps({
    "bench": "tracker", "machine": about,
    "versions": {"coppice": answer([arguments.coppice, "--version"]).split()[1], "python": platform.python_version(),
                 "codecarbon": answer([sys.executable, "-c", "import importlib.metadata as m; print(m.version('codecarbon'))"]).strip()},
    "settings": {"turns": arguments.turns, "seconds": arguments.seconds, "starts": arguments.starts, "sampling_seconds": 1},
    "targets_met": met, "summary": summary, "turns": turns,
}, indent=1))
sys.exit(0 if all(met.values()) else 1)
