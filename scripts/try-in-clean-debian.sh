#!/usr/bin/env bash
# Runs a command of the README as a new user would: in a clean Debian 12 (debootstrap's minbase and `apt install npm`),
# in a fresh clone of the committed state, with nothing else installed by hand.
#
#   scripts/try-in-clean-debian.sh [--shared FOLDER] [--user] COMMAND...
#
#   scripts/try-in-clean-debian.sh npm test
#   scripts/try-in-clean-debian.sh --shared ../shared npm test      with the reference material beside the clone
#   PORT=8090 scripts/try-in-clean-debian.sh npm start              then look at the page from outside
#   scripts/try-in-clean-debian.sh bash                             to look around
#
# --user runs as an ordinary user with sudo instead of as root. Needs root, debootstrap, git and Debian's package
# servers. The system is built once and kept in $COPPICE_CLEAN_DEBIAN (default /var/tmp/coppice-clean-debian); each run
# gets a copy of its own, which is removed at the end unless KEEP=1.
set -euo pipefail

folder=${COPPICE_CLEAN_DEBIAN:-/var/tmp/coppice-clean-debian}
repository=$(cd "$(dirname "$0")/.." && pwd)
shared=
account=root
while [ $# -gt 0 ]; do
  case $1 in
    --shared) shared=$(realpath "$2"); shift 2 ;;
    --user) account=visitor; shift ;;
    *) break ;;
  esac
done
if [ $# -eq 0 ] || [ "$(id -u)" -ne 0 ]; then
  sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0" >&2
  exit 2
fi

# All mounts and processes of the trial live in namespaces of their own, so nothing is left behind however it ends.
if [ -z "${COPPICE_IN_NAMESPACE:-}" ]; then
  arguments=()
  [ -n "$shared" ] && arguments+=(--shared "$shared")
  [ "$account" = visitor ] && arguments+=(--user)
  COPPICE_IN_NAMESPACE=1 exec unshare --mount --pid --fork --kill-child "$0" "${arguments[@]}" "$@"
fi

# What this machine uses to reach the package servers: name service, package sources, certificates, npm's settings.
copy_network_settings() {
  local root=$1 file
  cp /etc/resolv.conf "$root/etc/resolv.conf"
  for file in /etc/ssl/certs/ca-certificates.crt /usr/etc/npmrc /etc/npmrc /etc/pip.conf; do
    [ -e "$file" ] && install -D -m 644 "$file" "$root$file"
  done
  for file in /usr/local/share/ca-certificates/*.crt; do
    [ -e "$file" ] && install -D -m 644 "$file" "$root$file"
  done
  if [ -e /etc/apt/sources.list.d/debian.sources ]; then
    cp /etc/apt/sources.list.d/debian.sources "$root/etc/apt/sources.list.d/"
    : > "$root/etc/apt/sources.list"
  fi
}

inside() { # ROOT COMMAND...: with a clean environment
  local root=$1 name settings=()
  shift
  # Where this machine keeps its certificates, as the usual clients are told.
  for name in SSL_CERT_FILE NODE_EXTRA_CA_CERTS PIP_CERT CURL_CA_BUNDLE HTTP_PROXY HTTPS_PROXY NO_PROXY PORT HOST; do
    [ -n "${!name:-}" ] && settings+=("$name=${!name}")
  done
  env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 TERM="${TERM:-dumb}" CI="${CI:-}" \
    "${settings[@]}" chroot "$root" "$@"
}

if [ ! -e "$folder/base/.complete" ]; then
  echo "building a clean Debian 12 in $folder/base" >&2
  rm -rf "$folder/base"
  mkdir -p "$folder"
  debootstrap --variant=minbase bookworm "$folder/base" >&2
  copy_network_settings "$folder/base"
  inside "$folder/base" sh -c 'apt-get -q update && DEBIAN_FRONTEND=noninteractive apt-get -q -y install \
    --no-install-recommends npm sudo' >&2
  inside "$folder/base" sh -c 'useradd --create-home --shell /bin/bash visitor &&
    echo "visitor ALL=(ALL) NOPASSWD: ALL" > /etc/sudoers.d/visitor && rm -rf /var/lib/apt/lists/*'
  touch "$folder/base/.complete"
fi

trial=$(mktemp -d "$folder/trial.XXXXXX")
finish() {
  umount --recursive --lazy "$trial/dev" "$trial/sys" "$trial/proc" 2>/dev/null || true
  if [ -n "${KEEP:-}" ]; then echo "kept: $trial" >&2; else rm -rf --one-file-system "$trial"; fi
}
trap finish EXIT
cp -a "$folder/base/." "$trial/"
copy_network_settings "$trial"
mount --rbind --make-rslave /dev "$trial/dev"
mount --bind /sys "$trial/sys"
mount -t proc proc "$trial/proc"

clone=/home/visitor/coppice
git clone --quiet --no-hardlinks "$repository" "$trial$clone"
[ -n "$shared" ] && cp -r "$shared" "$trial/home/visitor/shared"

run=(sh -c "cd $clone && exec \"\$@\"" sh "$@")
if [ "$account" = root ]; then
  inside "$trial" env HOME=/home/visitor "${run[@]}"
else
  inside "$trial" chown -R visitor: /home/visitor
  # sudo --preserve-env keeps the certificate settings, which are this machine's and not the user's doing.
  inside "$trial" sudo --preserve-env -u visitor env HOME=/home/visitor "${run[@]}"
fi
