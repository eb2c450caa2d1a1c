#!/usr/bin/env python3
"""Writes tests/golden/tokenizer_quirks.jsonl: what the golden lines marked `quirk` give with current Unicode tables.

Each line names the golden line, the ids of reference.py (not of the C++ code), and every code point that the Hugging Face
library and Unicode 18 treat differently, with both treatments.
"""

import json
import pathlib

import unicodedata2

from reference import CJK, Reference, library

ROOT = pathlib.Path(__file__).resolve().parents[3]
GOLDEN = ROOT / "tests/golden/tokenizer_golden.jsonl"
VOCAB = ROOT / "tests/golden/bert_uncased_vocab.txt"
OUT = ROOT / "tests/golden/tokenizer_quirks.jsonl"


TREATMENTS = {("ab",): "dropped", ("a", "b"): "ends a word"}


def treatment(parts, c):
    """What becomes of c in the middle of a word: `parts` are the words of "acb"."""
    parts = tuple(parts)
    return TREATMENTS.get(parts) or {1: "part of a word", 3: "a word of its own"}[len(parts)]


def kind(c):
    if any(low <= ord(c) <= high for low, high in CJK):
        return "CJK ideograph"
    return {"Cn": "unassigned", "Cf": "format character", "Mn": "non-spacing mark"}.get(
        unicodedata2.category(c), "punctuation" if unicodedata2.category(c)[0] == "P" else unicodedata2.category(c))


def differences(text, reference, tokenizer):
    for c in dict.fromkeys(text):
        normalized = tokenizer.normalizer.normalize_str(f"a{c}b")
        then = treatment((part for part, _ in tokenizer.pre_tokenizer.pre_tokenize_str(normalized)), c)
        now = treatment(reference.words(f"a{c}b"), c)
        if now != then:
            yield {"code_point": f"U+{ord(c):04X}", "name": unicodedata2.name(c, "no name"), "kind": kind(c),
                   "library": then, "unicode_18": now}


def main():
    reference, tokenizer = Reference(VOCAB), library(VOCAB)
    lines = []
    for number, raw in enumerate(GOLDEN.read_text(encoding="ascii").splitlines(), 1):
        golden = json.loads(raw)
        if not golden.get("quirk"):
            assert reference.encode(golden["text"]) == golden["ids"], f"line {number}: the reference is wrong"
            continue
        differs = list(differences(golden["text"], reference, tokenizer._tokenizer))
        ids = reference.encode(golden["text"])
        # Ids may be equal although a code point differs: a lone unknown ideograph is [UNK] with or without spaces round
        # it. And nothing differs on the lines marked for U+1FABF alone: Unicode 14 lacks it, Unicode 18 has it.
        assert bool(differs) != (number in (406, 485)), f"line {number}: {differs}"
        assert differs or ids == golden["ids"], f"line {number}"
        lines.append(json.dumps({"line": number, "ids": ids, "library_ids": golden["ids"], "differs": differs}))
    OUT.write_text("\n".join(lines) + "\n", encoding="ascii")
    print(f"{OUT.name}: {len(lines)} lines")


if __name__ == "__main__":
    main()
