#!/usr/bin/env python3
"""Writes unicode_tables.cpp: what the tokenizer needs to know of each code point, as a two-stage table.

Build-time only; the result is checked in. Two sources of the same Unicode version, each pinned by version and sha256:
  * PyPI unicodedata2 (requirements.txt): general category, canonical decomposition, combining class;
  * npm @unicode/unicode-18.0.0: simple and special lower-case mappings, and the general category once more, so that
    each source checks the other.

  python3 -m venv build/unicode-venv
  build/unicode-venv/bin/pip install --require-hashes -r shared/text/unicode/requirements.txt
  build/unicode-venv/bin/python shared/text/unicode/generate.py           # rewrites unicode_tables.cpp
  build/unicode-venv/bin/python shared/text/unicode/generate.py --check   # fails if the file is not what it would write
"""

import argparse
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile

import unicodedata2

UNICODE_VERSION = "18.0.0"
NPM_PACKAGE = "@unicode/unicode-18.0.0@2.0.7"
NPM_SHA256 = "8c665ff10d37ec75c77fa1182ea56b2ee5bcf4ad6a4f00bdcbfa0a69eab91445"

HERE = pathlib.Path(__file__).resolve().parent
BLOCK_BITS = 7
BLOCK = 1 << BLOCK_BITS

# The bits of CodePointRecord::flags in unicode_data.h.
DROP, SPACE, PUNCTUATION, NON_SPACING, CJK, DECOMPOSES, HANGUL, LOWERS = (1 << i for i in range(8))

# "CJK character" as in BERT's original tokenizer: ideographs of the blocks that Unicode 9 knew. Hugging Face tokenizers
# begins the fifth at U+2B920, a slip for U+2B820.
CJK_RANGES = [(0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F),
              (0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F)]

CATEGORY_NAMES = {
    "Cc": "Control", "Cf": "Format", "Co": "Private_Use", "Cs": "Surrogate", "Cn": "Unassigned",
    "Mn": "Nonspacing_Mark", "Pc": "Connector_Punctuation", "Pd": "Dash_Punctuation", "Ps": "Open_Punctuation",
    "Pe": "Close_Punctuation", "Pi": "Initial_Punctuation", "Pf": "Final_Punctuation", "Po": "Other_Punctuation",
    "Zs": "Space_Separator", "Zl": "Line_Separator", "Zp": "Paragraph_Separator"}

NODE_SCRIPT = """
const root = 'file://' + process.argv[1];
const load = async (path) => (await import(root + '/' + path + '/code-points.mjs')).default;
(async () => {
  const categories = {};
  for (const [short, name] of Object.entries(JSON.parse(process.argv[2])))
    categories[short] = await load('General_Category/' + name);
  const simple = [...await load('Simple_Case_Mapping/Lowercase')];
  const special = [...await load('Special_Casing/Lowercase')];
  console.log(JSON.stringify({categories, simple, special}));
})();
"""


def npm_data(folder):
    """Fetches the npm package through npm, checks its hash and returns {categories, simple, special}."""
    answer = subprocess.run(["npm", "pack", "--silent", NPM_PACKAGE], cwd=folder, check=True, capture_output=True,
                            text=True).stdout.split()
    archive = pathlib.Path(folder) / answer[-1]
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    if digest != NPM_SHA256:
        sys.exit(f"{NPM_PACKAGE}: sha256 {digest}, expected {NPM_SHA256}")
    subprocess.run(["tar", "-xzf", archive.name], cwd=folder, check=True)
    answer = subprocess.run(["node", "-e", NODE_SCRIPT, f"{folder}/package", json.dumps(CATEGORY_NAMES)], check=True,
                            capture_output=True, text=True).stdout
    return json.loads(answer)


def check_categories(categories):
    for short in CATEGORY_NAMES:
        ours = {c for c in range(0x110000) if unicodedata2.category(chr(c)) == short}
        if ours != set(categories[short]):
            sys.exit(f"the two sources disagree about the code points of category {short}")


def full_decomposition(character):
    """Canonical decomposition, applied to the end; unordered. Empty if there is none."""
    value = unicodedata2.decomposition(character)
    if not value or value.startswith("<"):
        return ""
    return "".join(full_decomposition(chr(int(part, 16))) or chr(int(part, 16)) for part in value.split())


def flags_of(code_point, category, decomposition, lower):
    flags = 0
    # clean_text: U+0000, U+FFFD and every "other" category (control, format, private use, surrogate, unassigned) go;
    # tab, LF and CR are white space, as is every separator.
    if code_point in (0x09, 0x0A, 0x0D) or category in ("Zs", "Zl", "Zp"):
        flags |= SPACE
    elif category[0] == "C" or code_point == 0xFFFD:
        flags |= DROP
    # BERT also splits at the ASCII symbols that Unicode does not call punctuation: $ + < = > ^ ` | ~
    if category[0] == "P" or (0x21 <= code_point <= 0x7E and not chr(code_point).isalnum()):
        flags |= PUNCTUATION
    if category == "Mn":
        flags |= NON_SPACING
    if any(low <= code_point <= high for low, high in CJK_RANGES):
        flags |= CJK
    if decomposition:
        flags |= DECOMPOSES
    if 0xAC00 <= code_point <= 0xD7A3:
        flags |= HANGUL
    if lower is not None:
        flags |= LOWERS
    return flags


def rows(values, per_line):
    lines = []
    for start in range(0, len(values), per_line):
        lines.append("    " + ", ".join(str(v) for v in values[start:start + per_line]) + ",")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description="Generate unicode_tables.cpp")
    parser.add_argument("--check", action="store_true", help="compare with the checked-in file instead of writing it")
    arguments = parser.parse_args()
    if unicodedata2.unidata_version != UNICODE_VERSION:
        sys.exit(f"unicodedata2 holds Unicode {unicodedata2.unidata_version}, expected {UNICODE_VERSION}")
    with tempfile.TemporaryDirectory() as folder:
        data = npm_data(folder)
    check_categories(data["categories"])
    simple = {int(k): v for k, v in data["simple"]}
    # Unconditional mappings to several code points: normalizer.h treats the only one, U+0130, by name.
    special = {int(k): v for k, v in data["special"] if isinstance(v, list) and len(v) > 1}
    if special != {0x130: [0x69, 0x307]}:
        sys.exit(f"special lower-case mappings changed: {special}; see normalizer.h")

    records, record_index, pool = [], {}, []
    table = []
    for code_point in range(0x110000):
        character = chr(code_point)
        category = unicodedata2.category(character)
        hangul = 0xAC00 <= code_point <= 0xD7A3
        decomposition = "" if hangul else full_decomposition(character)
        lower = simple.get(code_point)
        record = (flags_of(code_point, category, decomposition, lower), unicodedata2.combining(character),
                  decomposition, 0 if lower is None else lower - code_point)
        if record not in record_index:
            record_index[record] = len(records)
            offset = 0
            if decomposition:
                offset = len(pool)
                pool.extend(ord(c) for c in decomposition)
            records.append((record[0], record[1], len(decomposition), offset, record[3]))
        table.append(record_index[record])

    blocks, block_index, stage1 = [], {}, []
    for start in range(0, 0x110000, BLOCK):
        block = tuple(table[start:start + BLOCK])
        if block not in block_index:
            block_index[block] = len(block_index)
            blocks.extend(block)
        stage1.append(block_index[block])
    assert len(block_index) < 65536 and len(records) < 65536 and len(pool) < 65536
    assert max(r[2] for r in records) <= 4

    text = f"""// Generated by generate.py from Unicode {UNICODE_VERSION}. Do not edit: change the generator and run it again.
// {len(block_index)} distinct blocks of {BLOCK} code points, {len(records)} distinct records.
// clang-format off
#include "shared/text/unicode/unicode_data.h"

namespace coppice::text::unicode {{

const char* const kUnicodeVersion = "{UNICODE_VERSION}";

const uint16_t kStage1[{len(stage1)}] = {{
{rows(stage1, 24)}
}};

const uint16_t kStage2[{len(blocks)}] = {{
{rows(blocks, 24)}
}};

// flags, combining_class, decomposition_length, decomposition_offset, lower_delta
const CodePointRecord kRecords[{len(records)}] = {{
{rows(["{%d, %d, %d, %d, %d}" % r for r in records], 6)}
}};

const char32_t kDecompositions[{len(pool)}] = {{
{rows(["0x%X" % c for c in pool], 14)}
}};

}}  // namespace coppice::text::unicode
"""
    path = HERE / "unicode_tables.cpp"
    if arguments.check:
        if path.read_text(encoding="ascii") != text:
            sys.exit(f"{path.name} is not what generate.py writes: run it without --check")
        print(f"{path.name} is up to date: Unicode {UNICODE_VERSION}")
        return
    path.write_text(text, encoding="ascii")
    print(f"{path.name}: Unicode {UNICODE_VERSION}, {len(block_index)} blocks, {len(records)} records, "
          f"{2 * (len(stage1) + len(blocks)) + 12 * len(records) + 4 * len(pool)} bytes of tables")


if __name__ == "__main__":
    main()
