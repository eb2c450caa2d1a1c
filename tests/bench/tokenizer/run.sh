#!/bin/sh
# Sets up what the scripts need and runs one: tests/bench/tokenizer/run.sh compare|differential|make_quirks ARGUMENT...
# The peer is installed into build/bench-tokenizer-venv, pinned by hash; our programs are built for release.
set -eu
cd "$(dirname "$0")/../../.."
here=tests/bench/tokenizer
script=${1:?usage: run.sh compare|differential|make_quirks ARGUMENT...}
shift
venv=build/bench-tokenizer-venv
if ! cmp -s "$here/requirements.txt" "$venv/installed.txt"; then
  python3 -m venv "$venv"
  # Its dependencies serve only downloads from a hub, which these scripts never do.
  "$venv/bin/pip" install --quiet --require-hashes --no-deps -r "$here/requirements.txt"
  cp "$here/requirements.txt" "$venv/installed.txt"
fi
if [ "$script" != make_quirks ]; then
  cmake -S . -B build/bench -G Ninja -DCMAKE_BUILD_TYPE=Release -DCOPPICE_TORCH=OFF >/dev/null
  cmake --build build/bench --target coppice tokenizer_bench >/dev/null
fi
case $script in
  compare) set -- --program build/bench/tokenizer_bench "$@" ;;
  differential) set -- --program build/bench/coppice "$@" ;;
esac
exec "$venv/bin/python" "$here/$script.py" "$@"
