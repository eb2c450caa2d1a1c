#!/bin/sh
# Fetches the sources of Dear ImGui 1.93 (docking) and ImPlot into FOLDER/imgui and FOLDER/implot.
#
#   scripts/fetch-imgui.sh [FOLDER]      default: build/third_party
#
# Debian 12 has neither in a form that another target can compile, and its cargo is too old for the crates that carry
# them, so they come out of the source distribution of imgui-bundle on PyPI: one file, pinned by its hash, which pip
# checks before it runs anything in it. Nothing is done when the folder already holds this version.
# To build against sources of your own, give CMake IMGUI_SOURCE_DIR and IMPLOT_SOURCE_DIR instead.
set -eu

version=1.93.0
sha256=10ad1dab8258a6787b4f07bb926b08d0efc648a7906242568c8dd778c5e719bf
folder=${1:-"$(dirname "$0")/../build/third_party"}
stamp="$folder/imgui-bundle-$version-$sha256"

[ -e "$stamp" ] && exit 0
mkdir -p "$folder"
work=$(mktemp -d "$folder/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT INT TERM

echo "imgui-bundle==$version --hash=sha256:$sha256" > "$work/requirements.txt"
echo "fetching Dear ImGui and ImPlot (imgui-bundle $version, 54 MB)" >&2
python3 -m pip download --quiet --disable-pip-version-check --no-deps --no-binary imgui-bundle \
  --require-hashes --requirement "$work/requirements.txt" --dest "$work" >&2 || {
  echo "fetch-imgui: pip could not download imgui-bundle $version. It needs python3-pip and the package index;" >&2
  echo "fetch-imgui: or give CMake -DIMGUI_SOURCE_DIR=... and -DIMPLOT_SOURCE_DIR=..." >&2
  exit 1
}
archive=$(ls "$work"/imgui_bundle-*.tar.gz)
echo "$sha256  $archive" | sha256sum --check --quiet

tar -xzf "$archive" -C "$work" --strip-components=2 \
  "imgui_bundle-$version/external/imgui/imgui" "imgui_bundle-$version/external/implot/implot"
rm -rf "$folder/imgui" "$folder/implot"
mv "$work/imgui/imgui" "$folder/imgui"
mv "$work/implot/implot" "$folder/implot"
touch "$stamp"
