#!/bin/sh
# Sets up CodeCarbon and runs one script: tests/bench/codecarbon/run.sh differential|interop ARGUMENT...
# The peer is installed into build/bench-codecarbon-venv, pinned by hash as for the tracker's bench; coppice is built for release without libtorch. COPPICE=PATH takes
# a program that is there already.
set -eu
cd "$(dirname "$0")/../../.."
here=tests/bench/codecarbon
requirements=tests/bench/tracker/requirements.txt
script=${1:?usage: run.sh differential|interop ARGUMENT...}
shift
venv=build/bench-codecarbon-venv
if ! cmp -s "$requirements" "$venv/installed.txt"; then
  python3.11 -m venv "$venv"
  "$venv/bin/pip" install --quiet --require-hashes --no-deps -r "$requirements"
  cp "$requirements" "$venv/installed.txt"
fi
if [ -z "${COPPICE:-}" ]; then
  cmake -S . -B build/bench -G Ninja -DCMAKE_BUILD_TYPE=Release -DCOPPICE_TORCH=OFF >/dev/null
  cmake --build build/bench --target coppice >/dev/null
  COPPICE=build/bench/coppice
fi
exec "$venv/bin/python" "$here/$script.py" --program "$COPPICE" "$@"
