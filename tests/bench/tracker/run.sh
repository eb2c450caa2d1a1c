#!/bin/sh
# Sets up what run.py needs and runs it: tests/bench/tracker/run.sh [ARGUMENT...] > docs/bench/tracker.json
# CodeCarbon is installed into build/bench-tracker-venv, pinned by hash; our programs are built for release.
set -eu
cd "$(dirname "$0")/../../.."
here=tests/bench/tracker
venv=build/bench-tracker-venv
if ! cmp -s "$here/requirements.txt" "$venv/installed.txt"; then
  python3.11 -m venv "$venv"
  "$venv/bin/pip" install --quiet --require-hashes --no-deps -r "$here/requirements.txt"
  cp "$here/requirements.txt" "$venv/installed.txt"
fi
cmake -S . -B build/bench -G Ninja -DCMAKE_BUILD_TYPE=Release -DCOPPICE_TORCH=OFF >/dev/null
cmake --build build/bench --target coppice tracker_bench >/dev/null
exec "$venv/bin/python" "$here/run.py" --coppice "$PWD/build/bench/coppice" \
  --tracker-bench "$PWD/build/bench/tracker_bench" --codecarbon "$PWD/$venv/bin/codecarbon" "$@"
