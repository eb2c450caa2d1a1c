#!/bin/sh
# The file system of the image: the program, stripped, and the shared libraries it loads, at the paths they are looked
# up at. Beside it, in PATH.tsv's place, the Debian packages these come from: name, version, architecture, source.
#
#   deploy/image-root.sh PROGRAM FOLDER [PACKAGE...]      writes FOLDER and FOLDER-packages.tsv
#
# PACKAGE: what the program was compiled with and no library shows, libraries of headers alone.
set -eu
program=$1
root=$2
shift 2
mkdir -p "$root/app"
strip -o "$root/app/coppice-serve" "$program"
chmod 0755 "$root/app/coppice-serve"
# "name => path (address)" and, for the loader, "path (address)".
ldd "$program" | awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\// { print $1 }' | sort -u > "$root-libraries"
test -s "$root-libraries"
while read -r library; do
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done < "$root-libraries"
# dpkg knows files by the path they were installed at; /lib is a link to /usr/lib since the merge.
while read -r library; do
  dpkg-query -S "$(readlink -f "$library")" 2>/dev/null || dpkg-query -S "*$(basename "$(readlink -f "$library")")"
done < "$root-libraries" | sed 's/: .*//' | sort -u > "$root-owners"
test -s "$root-owners"
for package in "$@"; do echo "$package"; done >> "$root-owners"
# shellcheck disable=SC2016 # the braces are for dpkg-query
xargs dpkg-query -W -f '${binary:Package}\t${Version}\t${Architecture}\t${source:Package}\n' \
  < "$root-owners" > "$root-packages.tsv"
rm "$root-libraries" "$root-owners"
