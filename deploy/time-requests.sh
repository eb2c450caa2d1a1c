#!/usr/bin/env bash
# Times POST /v1/classify of a deployed service: the first request apart, which wakes an instance where none runs, then
# COUNT further ones, one after the other. One connection a request, as a stranger's would be; times are curl's, from the
# look-up of the name to the last byte.
#
#   deploy/time-requests.sh URL [COUNT]        TOKEN in the environment is sent as a bearer token
set -euo pipefail

url=${1:?usage: deploy/time-requests.sh URL [COUNT]}
count=${2:-30}
[[ $url =~ ^https?://[A-Za-z0-9.:-]+$ ]] || { echo "time-requests.sh: expected an address without a path, not \"$url\"" >&2; exit 2; }
[[ $count =~ ^[1-9][0-9]{0,4}$ ]] || { echo "time-requests.sh: expected a count of 1 to 99999, not \"$count\"" >&2; exit 2; }

# The token goes by standard input: an argument would be readable for every user of the machine.
one() {
  { if [[ -n ${TOKEN:-} ]]; then printf 'header = "Authorization: Bearer %s"\n' "$TOKEN"; fi; } |
    curl --silent --show-error --fail --max-time 60 --config - --output /dev/null --write-out '%{time_total}\n' \
      --header 'Content-Type: application/json' --data '{"text":"A quiet, beautiful film about hands and time."}' \
      "$url/v1/classify"
}

first=$(one)
times=$(for ((i = 0; i < count; ++i)); do one; done | LC_ALL=C sort -g)
LC_ALL=C awk -v first="$first" '
  { time[NR] = $1 }
  END {
    half = int((NR + 1) / 2)
    median = NR % 2 ? time[half] : (time[half] + time[half + 1]) / 2
    p95 = time[int(0.95 * NR + 0.999999)]
    printf "first request %.3f s, then %d: median %.3f s, 95th percentile %.3f s\n", first, NR, median, p95
  }' <<<"$times"
