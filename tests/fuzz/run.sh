#!/bin/sh
# Fuzzes with libFuzzer: tests/fuzz/run.sh [NAME [SECONDS]]; without a name every target in turn. Needs clang with its
# compiler runtime (Debian: clang libclang-rt-14-dev). Findings are left in build/fuzz/findings, the grown corpus beside.
set -eu
cd "$(dirname "$0")/../.."
seconds=${2:-60}
: "${CXX:=$(command -v clang++ || command -v clang++-14 || echo clang++)}"
if ! command -v "$CXX" >/dev/null; then
  echo "run.sh: $CXX is not installed; on Debian: apt-get install clang libclang-rt-14-dev" >&2
  exit 1
fi
cmake -S . -B build/fuzz -G Ninja -DCMAKE_CXX_COMPILER="$CXX" -DCMAKE_BUILD_TYPE=RelWithDebInfo \
  -DCOPPICE_TORCH=OFF -DCOPPICE_LIBFUZZER=ON "-DCOPPICE_SANITIZE=fuzzer-no-link,address,undefined"
names=${1:-$(sed -n 's/^coppice_fuzz(\([a-z0-9_]*\).*/\1/p' tests/fuzz/CMakeLists.txt)}
mkdir -p build/fuzz/findings
for name in $names; do
  cmake --build build/fuzz --target "fuzz_$name"
  mkdir -p "build/fuzz/corpus/$name"
  "build/fuzz/fuzz_$name" -max_total_time="$seconds" -max_len=16384 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/findings/$name-" "build/fuzz/corpus/$name" "tests/fuzz/corpus/$name"
done
