#!/bin/sh
# The engine's kernels on NEON: compiles them and their tests for 64-bit Arm and runs the tests under qemu. As root on Debian 12;
# installs g++-aarch64-linux-gnu and qemu-user where they are missing, and unpacks Debian's Highway and GoogleTest for Arm into
# the folder given (build/arm if none is).
#
#     scripts/try-on-arm.sh [FOLDER]
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
folder=${1:-$root/build/arm}
mkdir -p "$folder/packages" "$folder/unpacked"
folder=$(cd "$folder" && pwd)

command -v aarch64-linux-gnu-g++ > /dev/null && command -v qemu-aarch64 > /dev/null ||
  apt-get install -y --no-install-recommends g++-aarch64-linux-gnu qemu-user

if ! ls "$folder"/unpacked/usr/lib/aarch64-linux-gnu/libhwy.so.1 > /dev/null 2>&1; then
  # Packages of another architecture can be had only while apt knows it.
  known=$(dpkg --print-foreign-architectures | grep -c '^arm64$' || true)
  [ "$known" -gt 0 ] || dpkg --add-architecture arm64
  apt-get update > /dev/null
  (cd "$folder/packages" && apt-get download libhwy1:arm64 libhwy-dev:arm64 libgtest-dev:arm64)
  [ "$known" -gt 0 ] || { dpkg --remove-architecture arm64 && apt-get update > /dev/null; }
  for package in "$folder"/packages/*.deb; do dpkg -x "$package" "$folder/unpacked"; done
fi

cd "$root"
libraries=$folder/unpacked/usr/lib/aarch64-linux-gnu
# As shared/engine/kernels/CMakeLists.txt does on Arm.
compile() {
  aarch64-linux-gnu-g++ -std=c++20 -Wall -Wextra -Werror "$@" \
    '-DHWY_DISABLED_TARGETS=(HWY_SVE|HWY_SVE2|HWY_SVE_256|HWY_SVE2_128)' -DHWY_SHARED_DEFINE -I. -isystem "$folder/unpacked/usr/include"
}
set --  # the objects
for kernels in attention dense int8 pairs pointwise sparse sparse_int8; do
  compile -O3 -c "shared/engine/kernels/$kernels.cpp" -o "$folder/$kernels.o"
  set -- "$@" "$folder/$kernels.o"
done
compile -O1 tests/unit/engine/kernels_test.cpp tests/unit/engine/kernels_int8_test.cpp shared/engine/block_quads.cpp \
  shared/engine/row_order.cpp shared/engine/sparse_quads.cpp "$@" "$libraries/libgtest_main.a" \
  "$libraries/libgtest.a" "$libraries/libhwy.so.1" -lpthread -o "$folder/kernels_test"
exec qemu-aarch64 -L /usr/aarch64-linux-gnu -E LD_LIBRARY_PATH="$libraries" "$folder/kernels_test"
