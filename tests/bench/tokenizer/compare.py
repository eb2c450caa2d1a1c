#!/usr/bin/env python3
"""Times our tokenizer and Hugging Face tokenizers on the same reviews, one thread each, in turn (A B A B ...).

  tests/bench/tokenizer/run.sh compare --reviews FOLDER_OR_JSONL [--limit N] [--rounds N]

Both are warmed up. The library encodes a batch a call (its fastest way from Python), with parallelism off; it is timed
with offsets (encode_batch) and without (encode_batch_fast), as ours is. The ids of both must be equal. Prints one JSON
document: median and MAD of the seconds of a pass, MB/s, and the ratio of medians.
"""

import argparse
import array
import hashlib
import json
import os
import pathlib
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"

import tokenizers  # noqa: E402: after the environment it reads

from reference import library  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[3]


def read_reviews(path, limit):
    path = pathlib.Path(path)
    if path.is_dir():
        files = sorted(p for p in path.rglob("*.txt") if p.parent.name in ("pos", "neg"))
        random.Random(1).shuffle(files)
        texts = [p.read_text(encoding="utf-8", errors="replace") for p in files[:limit]]
    else:
        texts = [json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines()[:limit]]
    if not texts:
        sys.exit(f"{path}: no reviews; give an aclImdb folder or JSON Lines with \"text\"")
    return texts


def cpu_name():
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def summary(seconds, size):
    median = statistics.median(seconds)
    return {"median_seconds": median, "mad_seconds": statistics.median(abs(s - median) for s in seconds),
            "megabytes_per_second": size / median / 1e6, "seconds": seconds}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--reviews", required=True)
    parser.add_argument("--program", required=True, help="tokenizer_bench, built for release")
    parser.add_argument("--vocab", default=str(ROOT / "tests/golden/bert_uncased_vocab.txt"))
    parser.add_argument("--limit", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()

    texts = read_reviews(arguments.reviews, arguments.limit)
    size = sum(len(text.encode()) for text in texts)
    peer = library(arguments.vocab)
    # Batches as large as the library likes; all texts at once would measure memory, not tokenizing.
    batches = [texts[k:k + 256] for k in range(0, len(texts), 256)]
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder) / "texts.jsonl"
        file.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="ascii")
        ids_file = pathlib.Path(folder) / "ids"

        def ours(with_offsets, *more):
            command = [arguments.program, "--vocab", arguments.vocab, "--texts", str(file), "--passes", "5", *more]
            command += [] if with_offsets else ["--no-offsets"]
            return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)

        def theirs(with_offsets):
            encode = peer._tokenizer.encode_batch if with_offsets else peer._tokenizer.encode_batch_fast
            start = time.perf_counter()
            for batch in batches:
                encode(batch)
            return time.perf_counter() - start

        answer = ours(True, "--ids-out", str(ids_file))
        mine = array.array("i", ids_file.read_bytes())
        expected = array.array("i")
        for batch in batches:
            for encoding in peer._tokenizer.encode_batch(batch):
                expected.extend(encoding.ids)
        result = {"reviews": len(texts), "bytes": size, "tokens": answer["tokens"],
                  "reviews_sha256": hashlib.sha256(file.read_bytes()).hexdigest(), "ids_equal": mine == expected,
                  "rounds": arguments.rounds, "threads": 1, "cpu": cpu_name(), "cores": os.cpu_count(),
                  "load_average": os.getloadavg(), "tokenizers": tokenizers.__version__,
                  "python": platform.python_version(), "create_seconds": answer["create_seconds"]}
        for name, with_offsets in (("with_offsets", True), ("ids_only", False)):
            theirs(with_offsets)
            # One pass of ours is short, so a round takes the median of five.
            pairs = [(statistics.median(ours(with_offsets)["pass_seconds"]), theirs(with_offsets))
                     for _ in range(arguments.rounds)]
            coppice, hugging_face = summary([p[0] for p in pairs], size), summary([p[1] for p in pairs], size)
            result[name] = {"coppice": coppice, "hugging_face": hugging_face,
                            "ratio": hugging_face["median_seconds"] / coppice["median_seconds"]}
    print(json.dumps(result, indent=1))
    if not result["ids_equal"]:
        sys.exit("the ids differ")


if __name__ == "__main__":
    main()
