"""Tokens per second and peak memory of `coppice train` against Hugging Face's Trainer: same base model, reviews, batch
size, steps and threads; the two take turns (A B A B), and ratios are formed within each turn. Prints JSON.

    python -m venv env && env/bin/pip install -r tests/bench/trainer/requirements.txt
    env/bin/python tests/bench/trainer/run.py --coppice build/release/coppice --base FOLDER [--turns 3]

FOLDER: all-MiniLM-L6-v2, e.g. from `coppice fetch model minilm`. Reviews: tests/data/imdb_sample/train.tsv.
"""
import argparse
import json
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
parser = argparse.ArgumentParser()
parser.add_argument("--coppice", default=str(ROOT / "build/release/coppice"))
parser.add_argument("--base", required=True)
parser.add_argument("--turns", type=int, default=3)
parser.add_argument("--steps", type=int, default=10)
parser.add_argument("--batch-size", type=int, default=16)
parser.add_argument("--max-length", type=int, default=256)
parser.add_argument("--threads", type=int, default=2)
arguments = parser.parse_args()
sample = ROOT / "tests/data/imdb_sample"
scratch = pathlib.Path(tempfile.mkdtemp(prefix="coppice-bench-"))
data = scratch / "data"
data.mkdir()


def lines_of(path):  # str.splitlines would also split at U+0085 and the like, which reviews contain
    return [line + "\n" for line in path.read_text(encoding="utf-8").split("\n") if line]


lines = lines_of(sample / "train.tsv")
lines = lines[: arguments.steps * arguments.batch_size]
(data / "train.tsv").write_text("".join(lines), encoding="utf-8")
two = lines_of(sample / "validation.tsv")
(data / "validation.tsv").write_text("".join([two[0], two[-1]]), encoding="utf-8")
shape = ["--batch-size", str(arguments.batch_size), "--max-length", str(arguments.max_length), "--threads",
         str(arguments.threads)]


def run_coppice(turn):
    output = scratch / f"coppice-{turn}"
    command = [arguments.coppice, "train", "--base", arguments.base, "--data", str(data), "--output", str(output),
               "--truncation", "head", "--epochs", "1", "--validations-per-epoch", "1", "--checkpoint-every", "100000",
               "--json", *shape]
    done = subprocess.run(["/usr/bin/env", "python3", str(HERE / "peak.py"), *command], capture_output=True, text=True, check=True)
    record, peak = done.stdout.strip().splitlines()[-2:]
    results = json.loads(record)["results"]
    return {"tokens_per_second": results["tokens_per_second"], "tokens": results["tokens"], "peak_megabytes": float(peak)}


def run_hugging_face(turn):
    done = subprocess.run([sys.executable, str(HERE / "hugging_face.py"), "--base", arguments.base, "--data",
                           str(data / "train.tsv"), "--output", str(scratch / f"hf-{turn}"), "--limit", str(len(lines)),
                           "--steps", str(arguments.steps), *shape], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


turns = [{"coppice": run_coppice(turn), "hugging_face": run_hugging_face(turn)} for turn in range(arguments.turns)]
shutil.rmtree(scratch)


def spread(values):
    return {"median": statistics.median(values), "low": min(values), "high": max(values)}


print(json.dumps({
    "bench": "trainer", "machine": platform.processor() or platform.machine(), "settings": vars(arguments) | {"base": pathlib.Path(arguments.base).name, "coppice": "coppice"},
    "turns": turns,
    "tokens_per_second_ratio": spread([t["coppice"]["tokens_per_second"] / t["hugging_face"]["tokens_per_second"] for t in turns]),
    "peak_memory_ratio": spread([t["coppice"]["peak_megabytes"] / t["hugging_face"]["peak_megabytes"] for t in turns]),
}, indent=1))
