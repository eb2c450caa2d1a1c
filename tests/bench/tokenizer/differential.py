#!/usr/bin/env python3
"""Compares `coppice tokenize` with Hugging Face tokenizers and with reference.py, on many texts.

  tests/bench/tokenizer/run.sh differential [--reviews FOLDER_OR_JSONL] [--rounds N] [--seed S]

  1. every code point alone, inside a word and beside a space: equal to the reference; where the library differs, the
     code point is listed by kind and counted (its tables are older);
  2. every review: ids and offsets equal to the library's;
  3. mutated and random texts, all code points: equal to the reference; those without a code point of step 1's list:
     ids and offsets equal to the library's too.
Exit code 1 if anything is unexplained.
"""

import argparse
import collections
import json
import random
import subprocess
import sys
import pathlib

import unicodedata2

from compare import ROOT, read_reviews
from make_quirks import kind
from reference import Reference, SPECIALS, library


class Coppice:
    def __init__(self, program, vocab):
        self.command = [program, "tokenize", "--vocab", vocab, "--offsets"]

    def encode(self, texts):
        lines = "".join(json.dumps({"text": text}) + "\n" for text in texts)
        out = subprocess.run(self.command, input=lines.encode(), check=True, capture_output=True).stdout
        answers = [json.loads(line) for line in out.splitlines()]
        assert len(answers) == len(texts)
        return answers


def byte_offsets(text, encoding):
    """The library counts characters in Python; ours are bytes."""
    if text.isascii():
        return [list(pair) for pair in encoding.offsets]
    at = [0]
    for c in text:
        at.append(at[-1] + len(c.encode()))
    return [[at[a], at[b]] for a, b in encoding.offsets]


def decompositions_reorder(text):
    """True if NFD puts marks of the text into another order: then the library's offsets, which count positions, are off."""
    normal = unicodedata2.normalize("NFD", text)
    plain = "".join(unicodedata2.normalize("NFD", c) for c in text)
    return normal != plain


def report(what, text, ours, other):
    print(f"DIFFERS {what}: {ascii(text)[:300]}\n  ours  {ours[:60]}\n  other {other[:60]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True, help="coppice")
    parser.add_argument("--reviews")
    parser.add_argument("--limit", type=int, default=1 << 30)
    parser.add_argument("--vocab", default=str(ROOT / "tests/golden/bert_uncased_vocab.txt"))
    parser.add_argument("--rounds", type=int, default=20000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    ours, peer, reference = (Coppice(arguments.program, arguments.vocab), library(arguments.vocab)._tokenizer,
                             Reference(arguments.vocab))
    failures = 0

    # 1. Code points.
    outdated, kinds = set(), collections.Counter()
    points = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000]
    for start in range(0, len(points), 50000):
        part = points[start:start + 50000]
        texts = [f"{chr(c)} a{chr(c)}b" for c in part]
        for c, text, mine, theirs in zip(part, texts, ours.encode(texts), peer.encode_batch(texts)):
            expected = reference.encode(text)
            if mine["ids"] != expected:
                failures += 1
                report("reference", text, mine["ids"], expected)
            if mine["ids"] != theirs.ids or reference.normalize(text).split() != peer.normalizer.normalize_str(text).split():
                outdated.add(chr(c))
                kinds[kind(chr(c))] += 1
    print(f"code points: {len(points)} equal to the reference but {failures}; the library differs on {len(outdated)}: "
          f"{dict(kinds.most_common())}", flush=True)

    def compare(texts, with_reference):
        nonlocal failures
        compared = with_library = 0
        for text, mine, theirs in zip(texts, ours.encode(texts), peer.encode_batch(texts)):
            compared += 1
            if with_reference and mine["ids"] != (expected := reference.encode(text)):
                failures += 1
                report("reference", text, mine["ids"], expected)
            if outdated.intersection(text):
                continue
            with_library += 1
            if mine["ids"] != theirs.ids:
                failures += 1
                report("library", text, mine["ids"], theirs.ids)
            elif mine["offsets"] != byte_offsets(text, theirs) and not decompositions_reorder(text):
                failures += 1
                report("library's offsets", text, mine["offsets"], byte_offsets(text, theirs))
        return compared, with_library

    # 2. Reviews.
    reviews = ["A fine film.<br /><br />It's caf\u00e9-noir; na\u00efve, \u201cquoted\u201d \u2014 9/10!"]
    if arguments.reviews:
        reviews = read_reviews(arguments.reviews, arguments.limit)
        total = [0, 0]
        for start in range(0, len(reviews), 1000):
            for k, n in enumerate(compare(reviews[start:start + 1000], False)):
                total[k] += n
        print(f"reviews: {total[0]}, of which compared with the library {total[1]}; failures so far {failures}", flush=True)

    # 3. Mutations.
    rng = random.Random(arguments.seed)
    assigned = [chr(c) for c in points if unicodedata2.category(chr(c)) != "Cn" and chr(c) not in outdated]
    marks = [c for c in assigned if unicodedata2.category(c)[0] == "M"]
    few = list("abcXYZ019 \t\n.,'\"!?-[]#<>/\u00e9\u0130\u00df\u03a3\u0301\u4e2d\uac01\u1100\u200d\u00ad\u00a0\ufffd\0\x85")

    def piece():
        roll = rng.random()
        if roll < 0.35:
            text = rng.choice(reviews)
            start = rng.randrange(len(text) + 1)
            return text[start:start + rng.randrange(40)]
        if roll < 0.55:
            return "".join(rng.choice(few) for _ in range(rng.randrange(12)))
        if roll < 0.70:
            return "".join(rng.choice(assigned) for _ in range(rng.randrange(4)))
        if roll < 0.80:
            return rng.choice("aeo ") + "".join(rng.choice(marks) for _ in range(rng.randrange(5)))
        if roll < 0.88:
            token = rng.choice(SPECIALS)
            return token if rng.random() < 0.6 else token[:rng.randrange(len(token))] + rng.choice(few)
        if roll < 0.94:
            return rng.choice("ab\u00e9\u4e2d") * rng.choice((15, 16, 17, 99, 100, 101, 102))
        return chr(rng.choice(points))

    total = [0, 0]
    for start in range(0, arguments.rounds, 2000):
        texts = ["".join(piece() for _ in range(rng.randrange(1, 12))) for _ in range(min(2000, arguments.rounds - start))]
        for k, n in enumerate(compare(texts, True)):
            total[k] += n
    print(f"mutations: {total[0]}, of which also compared with the library {total[1]}; failures in all {failures}")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
