"""What CodeCarbon costs the program it is in, as one JSON document: the twin of tracker_bench. Run by run.py.

    codecarbon_bench.py BUSY_MS IDLE_S MODE      MODE: process or machine
"""
import json
import sys
import time

PAGE = 4096


def resident_bytes():
    return int(open("/proc/self/statm").read().split()[1]) * PAGE


def work(seconds):
    end = time.thread_time() + seconds
    total = 0.0
    while time.thread_time() < end:
        total += 1.0


busy_seconds, idle_seconds, mode = float(sys.argv[1]) / 1e3, float(sys.argv[2]), sys.argv[3]
resident_before = resident_bytes()
begin = time.monotonic()
from codecarbon import OfflineEmissionsTracker  # noqa: E402: importing it is a part of what is timed

imported = time.monotonic()
tracker = OfflineEmissionsTracker(country_iso_code="FRA", measure_power_secs=1, tracking_mode=mode, save_to_file=False,
                                  log_level="critical", allow_multiple_runs=True)
tracker.start()
started = time.monotonic()
work(busy_seconds)
cpu_before = time.process_time()
time.sleep(idle_seconds)
cpu = time.process_time() - cpu_before
resident = resident_bytes()
kilograms = tracker.stop()
data = tracker.final_emissions_data
print(json.dumps({
    "start_milliseconds": (started - begin) * 1e3, "import_milliseconds": (imported - begin) * 1e3,
    "idle_seconds": idle_seconds, "cpu_seconds_while_idle": cpu,
    "resident_bytes": resident, "resident_bytes_added": resident - resident_before,
    "duration_seconds": data.duration, "energy_joules": data.energy_consumed * 3.6e6,
    "cpu_energy_joules": data.cpu_energy * 3.6e6, "ram_energy_joules": data.ram_energy * 3.6e6,
    "carbon_grams_co2e": None if kilograms is None else kilograms * 1e3,
}))
