#!/usr/bin/env bash
# Made-up requests against what /openapi.json promises (schemathesis), on a running server with the linear model:
#
#   tests/bench/serve/schemathesis.sh [PROGRAM] [EXAMPLES]        build/release/coppice-serve, 300
#
# Exit code 0: nothing found. Needs the Python environment of run.sh, which it makes if it is not there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
program=${1:-build/release/coppice-serve}
examples=${2:-300}
here=tests/bench/serve
venv=${COPPICE_BENCH_VENV:-build/bench-serve-venv}
if ! [[ -x $venv/bin/schemathesis ]]; then
  python3.11 -m venv "$venv"
  "$venv/bin/pip" install --quiet --only-binary :all: "$(grep ^schemathesis "$here/requirements.txt")"
fi
schemathesis=$(realpath --no-symlinks "$venv/bin/schemathesis")
work=$(mktemp -d)
server=""
trap '[[ -z $server ]] || kill "$server" 2>/dev/null || true; rm -rf "$work"' EXIT
mkdir "$work/page" "$work/models"
echo '<!doctype html><title>schemathesis</title>' >"$work/page/index.html"
cp -r models/linear-ngrams "$work/models/"
echo '{"schema_version":1,"models":[{"id":"linear-ngrams"}]}' >"$work/models/catalog.json"
"$program" --dist "$work/page" --models "$work/models" --port 0 --country FRA >"$work/out" &
server=$!
until grep -q http "$work/out"; do
  kill -0 "$server" || exit 1
  sleep 0.05
done
url=$(sed -n 's/^coppice-serve: \(http[^ ]*\)\/ .*/\1/p' "$work/out")
root=$PWD
cd "$work" # where it leaves its report
"$schemathesis" run "$url/openapi.json" --checks all --max-examples "$examples" --seed 1 --no-color
cd "$root"
# It must still be there, and in order.
kill -TERM "$server"
wait "$server"
server=""
