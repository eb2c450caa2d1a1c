#!/usr/bin/env bash
# coppice-serve beside FastAPI + transformers + torch on the same machine in one run:
#
#   tests/bench/serve/run.sh [--seconds 120] [--models minilm-l6-imdb-half-int8,...] > docs/bench/serve.json
#
# Makes a Python environment with pinned versions in build/bench-serve-venv, builds our programs for release in build/bench
# (dense int8: made by coppice quantize), then runs run.mjs. As root, page caches are dropped for cold starts.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
here=tests/bench/serve
venv=${COPPICE_BENCH_VENV:-build/bench-serve-venv}
if ! cmp -s "$here/requirements.txt" "$venv/installed.txt"; then
  python3.11 -m venv "$venv"
  "$venv/bin/pip" install --quiet --only-binary :all: -r "$here/requirements.txt"
  cp "$here/requirements.txt" "$venv/installed.txt"
fi
cmake -S . -B build/bench -G Ninja -DCMAKE_BUILD_TYPE=Release -DCOPPICE_TORCH=OFF >/dev/null
cmake --build build/bench --target coppice coppice-serve >/dev/null
work=build/bench-serve
mkdir -p "$work"
[[ -f $work/peer/model.safetensors ]] || "$venv/bin/python" "$here/prepare.py" --model models/minilm-l6-imdb --output "$work/peer"
[[ -f $work/minilm-l6-imdb-int8/manifest.json ]] ||
  build/bench/coppice quantize --model models/minilm-l6-imdb --output "$work/minilm-l6-imdb-int8" --json >/dev/null
exec node "$here/run.mjs" --venv "$venv" --work "$work" "$@"
