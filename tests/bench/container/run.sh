#!/usr/bin/env bash
# Builds deploy/Dockerfile without a Docker engine and runs the image: tests/bench/container/run.sh [--program PROGRAM] [MODEL]
#
# The base is a Debian 12 that debootstrap makes; buildah builds with chroot isolation. Needs root, buildah, debootstrap, node
# and the page of the model (node deploy/page.mjs --model MODEL). Compiles coppice-serve, so takes some minutes on two cores:
# too many for npm test. Prints one line of JSON: size of the image compressed and not, time from start to the first answer,
# resident memory, components of the bill of materials. Fails over 40 MB compressed, where it can write to its root, and where
# the answer or the bill is wrong. COPPICE_KEEP=1 keeps the base image.
# --program: a coppice-serve that is compiled already, on a Debian 12: the Dockerfile's last stage with it and the libraries of
# this machine, in seconds, as tests/deploy/container.test.mjs does it.
set -euo pipefail

program=
if [[ ${1:-} == --program ]]; then program=$(realpath "$2"); shift 2; fi
model=${1:-linear-ngrams}
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
cd "$root"
[[ $(id -u) == 0 ]] || { echo "skipped: needs root" >&2; exit 77; }
for tool in buildah curl node $([[ -n $program ]] || echo debootstrap); do
  command -v "$tool" >/dev/null || { echo "skipped: $tool is not installed" >&2; exit 77; }
done
[[ -f build/deploy/$model/page/index.html ]] || { echo "skipped: node deploy/page.mjs --model $model" >&2; exit 77; }

export STORAGE_DRIVER=vfs BUILDAH_ISOLATION=chroot
unshare --mount true 2>/dev/null || { echo "skipped: no mount namespaces here" >&2; exit 77; }
if probe=$(buildah from scratch 2>&1); then buildah rm "$probe" >/dev/null; else echo "skipped: buildah: $probe" >&2; exit 77; fi
work=$(mktemp -d)
server=""
container=""
cleanup() {
  [[ -z $server ]] || kill "$server" 2>/dev/null || true
  [[ -z $container ]] || buildah rm "$container" >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap cleanup EXIT

base=localhost/coppice-debian12
if [[ -n $program ]]; then
  deploy/image-root.sh "$program" "$work/context/image" nlohmann-json3-dev libhwy-dev libcli11-dev
  mv "$work/context/image-packages.tsv" "$work/packages.tsv"
  cp -r "build/deploy/$model/page" "$work/context/image/app/page"
  awk '/^FROM scratch$/ { text = ""; found = 1 } found { text = text $0 "\n" } END { printf "%s", text }' deploy/Dockerfile |
    sed 's/^COPY --from=build /COPY /' >"$work/context/Dockerfile"
  buildah bud --quiet --file "$work/context/Dockerfile" --tag "localhost/coppice:$model" "$work/context" >"$work/bud.log" 2>&1 ||
    { tail -n 20 "$work/bud.log" >&2; exit 1; }
else
  if ! buildah images --quiet "$base" >/dev/null 2>&1; then
    debootstrap --variant=minbase bookworm "$work/debian" >"$work/debootstrap.log" 2>&1 ||
      { tail -n 5 "$work/debootstrap.log" >&2; exit 1; }
    # The mirrors and certificates of this machine, as any package here comes from them.
    cp -r /etc/apt/. "$work/debian/etc/apt/"
    if [[ -d /etc/ssl/certs ]]; then mkdir -p "$work/debian/etc/ssl" && cp -rL /etc/ssl/certs "$work/debian/etc/ssl/"; fi
    container=$(buildah from scratch)
    buildah add --quiet "$container" "$work/debian" / >/dev/null
    buildah commit --quiet "$container" "$base" >/dev/null
    buildah rm "$container" >/dev/null
    container=""
    rm -rf "$work/debian"
  fi
  buildah bud --quiet --file deploy/Dockerfile --ignorefile .dockerignore --build-arg BASE="$base" --build-arg MODEL="$model" \
    --layers --tag "localhost/coppice:$model" . >"$work/bud.log" 2>&1 || { tail -n 20 "$work/bud.log" >&2; exit 1; }

  # Of an image from the cache of layers of the one above: what it is made of.
  buildah bud --quiet --file deploy/Dockerfile --ignorefile .dockerignore --build-arg BASE="$base" --build-arg MODEL="$model" \
    --layers --target packages --tag "localhost/coppice-packages:$model" . >>"$work/bud.log" 2>&1 || { tail -n 20 "$work/bud.log" >&2; exit 1; }
  packages=$(buildah from "localhost/coppice-packages:$model")
  cp "$(buildah mount "$packages")/image-packages.tsv" "$work/packages.tsv"
  buildah rm "$packages" >/dev/null
fi
page=build/deploy/$model/page
node deploy/sbom.mjs --packages "$work/packages.tsv" --lock package-lock.json --model "$page/models/$model" --version 0.1.0 >"$work/sbom.json"

# What the manifest promises.
config=$(buildah inspect --type image --format '{{.OCIv1.Config.User}} {{.OCIv1.Config.StopSignal}} {{.OCIv1.Config.Entrypoint}} {{.OCIv1.Config.ExposedPorts}}' "localhost/coppice:$model")
[[ $config == "65532:65532 SIGTERM [/app/coppice-serve "*"map[8080/tcp:{}]"* ]] || { echo "unexpected configuration: $config" >&2; exit 1; }

container=$(buildah from "localhost/coppice:$model")
mounted=$(buildah mount "$container")
unpacked=$(du -sb "$mounted" | cut -f1)
compressed=$(tar -C "$mounted" -cf - . | gzip -6 | wc -c)
# Nothing but the program, its libraries, the page and the model.
others=$(find "$mounted" -type f | sed "s|^$mounted||" | grep -Ev '^/app/(coppice-serve$|page/)|\.so(\.[0-9.]+)?$' || true)
[[ -z $others ]] || { echo "files that do not belong into the image: $others" >&2; exit 1; }

((compressed <= 40000000)) || { echo "the image has $compressed bytes compressed; at most 40 MB are allowed" >&2; exit 1; }
# Every library of the image is of a package that the bill names.
# shellcheck disable=SC2016 # a script of node's
components=$(node -e '
  const bill = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"));
  const names = new Set(bill.components.map(({ name }) => name));
  for (const wanted of ["libc6", "libstdc++6", "libcpp-httplib0.11", "libssl3", "libhwy1", process.argv[2]]) {
    if (!names.has(wanted)) throw new Error(`the bill of materials lacks ${wanted}`);
  }
  console.log(bill.components.length);' "$work/sbom.json" "$model")

# As Cloud Run starts it: as nobody, in its own root, which is read-only.
start=$(date +%s%N)
# shellcheck disable=SC2016 # for the inner shell
PORT=18080 unshare --mount sh -c 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"' "$mounted" \
  chroot --userspec=65532:65532 --groups=65532 "$mounted" /app/coppice-serve --dist /app/page --models /app/page/models --host :: --log json >"$work/out" 2>"$work/log" &
server=$!
body='{"text":"A quiet, beautiful film."}'
ask() { curl --silent --fail --max-time 5 --output "$work/answer" "$@"; }
until ask http://127.0.0.1:18080/readyz; do
  kill -0 "$server" 2>/dev/null || { cat "$work/out" "$work/log" >&2; exit 1; }
  sleep 0.005
done
ready=$(date +%s%N)
status=$(curl --silent --output "$work/answer" --write-out '%{http_code}' --header 'Content-Type: application/json' --data "$body" http://127.0.0.1:18080/v1/classify)
answered=$(date +%s%N)
resident=$(awk '/^VmRSS/ { print $2 * 1024 }' "/proc/$server/status")
if [[ $status != 200 ]] || ! grep -q '"label":"positive"' "$work/answer"; then
  echo "no verdict: $status" >&2
  cat "$work/answer" >&2
  exit 1
fi
ask http://127.0.0.1:18080/
grep -q "<title>" "$work/answer" || { echo "no page" >&2; exit 1; }
# No privileges, and no file of the image that it may write to.
grep -q '^Uid:.65532.65532.65532.65532$' "/proc/$server/status" || { echo "runs as another user" >&2; exit 1; }
grep -q '^CapEff:.0000000000000000$' "/proc/$server/status" || { echo "has capabilities" >&2; exit 1; }
awk '$5 == "/" && $6 ~ /^ro/ { found = 1 } END { exit !found }' "/proc/$server/mountinfo" || { echo "its root is not read-only" >&2; exit 1; }
kill -TERM "$server"
wait "$server" || { echo "did not stop well: $?" >&2; exit 1; }
server=""
grep -q '"message":"POST /v1/classify' "$work/log" || { echo "no log line" >&2; exit 1; }

printf '{"model":"%s","classify_status":%s,"image_bytes":%s,"image_gzip_bytes":%s,"ready_ms":%s,"first_answer_ms":%s,"resident_bytes":%s,"bill_components":%s}\n' \
  "$model" "$status" "$unpacked" "$compressed" "$(((ready - start) / 1000000))" "$(((answered - start) / 1000000))" "$resident" "$components"
[[ -n ${COPPICE_KEEP:-} || -n $program ]] || buildah rmi "$base" >/dev/null 2>&1 || true
