#!/usr/bin/env bash
# The standard and the pruned model as two services on Cloud Run, and back to nothing. Guide: docs/deploy.md.
set -euo pipefail

usage() {
  cat <<'TEXT'
deploy/cloud-run.sh COMMAND --project PROJECT [options]

Commands, in the order of a first time:
  region     choose the region by its grid and say why; changes nothing
  setup      switch on the APIs; make the registry with its clean-up policy, and the service accounts
  build      build both images on Cloud Build and put them into the registry
  deploy     deploy both services from the images
  status     address, revision and traffic of both
  rollback   send all traffic to the revision before the serving one
  teardown   delete services, registry and service accounts; the project stays

Options:
  --project ID        the project; needed
  --region NAME       this region, whatever its grid
  --near PREFIX       only regions whose name begins so, e.g. europe-
  --base IMAGE        Debian 12 by digest, debian@sha256:...; build needs it
  --only WHICH        standard or pruned instead of both
  --concurrency N     requests an instance answers at a time (default 8)
  --max-instances N   at most so many instances (default 3)
  --cpu-boost         more CPU while an instance starts; billed for that time
  --public            anybody may call the services; else only callers with the invoker role
  --tag NAME          tag of the images (default: the commit)
  --yes               do not ask before what costs or deletes
  --dry-run           print what would be run and run nothing

COPPICE names the coppice program that lists the regions (default: build/release/coppice, else the one in PATH).
TEXT
}

fail() {
  echo "cloud-run.sh: $*" >&2
  exit 2
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")

[[ $# -gt 0 ]] || { usage >&2; exit 2; }
command=$1
shift
case $command in
  -h | --help) usage; exit 0 ;;
  region | setup | build | deploy | status | rollback | teardown) ;;
  *) fail "no command \"$command\"; --help lists them" ;;
esac

project="" region="" near="" base="" only="" tag=""
concurrency=8 max_instances=3 cpu_boost=false public=false yes=false dry_run=false
while [[ $# -gt 0 ]]; do
  option=$1
  shift
  case $option in
    --project | --region | --near | --base | --only | --concurrency | --max-instances | --tag)
      [[ $# -gt 0 && -n $1 ]] || fail "$option: a value is missing"
      value=$1
      shift
      ;;
  esac
  case $option in
    --project) project=$value ;;
    --region) region=$value ;;
    --near) near=$value ;;
    --base) base=$value ;;
    --only) only=$value ;;
    --concurrency) concurrency=$value ;;
    --max-instances) max_instances=$value ;;
    --tag) tag=$value ;;
    --cpu-boost) cpu_boost=true ;;
    --public) public=true ;;
    --yes) yes=true ;;
    --dry-run) dry_run=true ;;
    -h | --help) usage; exit 0 ;;
    *) fail "no option \"$option\"; --help lists them" ;;
  esac
done

# These end up in addresses and in YAML: nothing but what Google Cloud itself allows.
[[ $project =~ ^[a-z][a-z0-9-]{4,28}[a-z0-9]$ ]] || fail "--project: expected a project id such as my-project-123, not \"$project\""
[[ -z $region || $region =~ ^[a-z]+-[a-z]+[0-9]+$ ]] || fail "--region: expected a name such as europe-west9, not \"$region\""
[[ -z $near || $near =~ ^[a-z0-9-]+$ ]] || fail "--near: expected the beginning of a region's name, not \"$near\""
[[ -z $base || $base =~ ^[a-z0-9./_-]+(:[A-Za-z0-9._-]+)?@sha256:[0-9a-f]{64}$ ]] || fail "--base: expected an image with its digest, debian@sha256:..., not \"$base\""
[[ -z $tag || $tag =~ ^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$ ]] || fail "--tag: expected letters, digits, . _ and -, not \"$tag\""
[[ $concurrency =~ ^[1-9][0-9]{0,3}$ && $concurrency -le 1000 ]] || fail "--concurrency: expected 1 to 1000, not \"$concurrency\""
[[ $max_instances =~ ^[1-9][0-9]{0,2}$ ]] || fail "--max-instances: expected 1 to 999, not \"$max_instances\""
case $only in
  "") services=(standard pruned) ;;
  standard | pruned) services=("$only") ;;
  *) fail "--only: expected standard or pruned, not \"$only\"" ;;
esac

model_of() {
  case $1 in
    standard) echo minilm-l6-imdb ;;
    pruned) echo minilm-l6-imdb-half-int8 ;;
  esac
}

# Changes something: shown, and run unless this is a dry run.
change() {
  echo "+ gcloud $*" >&2
  if [[ $dry_run == false ]]; then gcloud "$@"; fi
}

# Reads something. A dry run asks nobody and answers with a stand-in.
ask() {
  local stand_in=$1
  shift
  if [[ $dry_run == true ]]; then
    echo "+ gcloud $*" >&2
    echo "$stand_in"
  else
    gcloud "$@"
  fi
}

# Whether a resource is there. gcloud tells "not found" and "not allowed" apart only in its text.
exists() {
  local answer
  [[ $dry_run == false ]] || return 1
  if answer=$(gcloud "$@" --format='value(name)' 2>&1); then return 0; fi
  if [[ $answer == *NOT_FOUND* || $answer == *"not found"* || $answer == *"Cannot find"* || $answer == *"could not be found"* ]]; then return 1; fi
  echo "$answer" >&2
  exit 1
}

confirm() {
  echo "$1" >&2
  [[ $yes == false && $dry_run == false ]] || return 0
  local answer=""
  read -r -p "Go on? [y/N] " answer || true
  [[ $answer == y || $answer == Y ]] || { echo "cloud-run.sh: nothing was changed" >&2; exit 1; }
}

find_coppice() {
  if [[ -n ${COPPICE:-} ]]; then
    echo "$COPPICE"
  elif [[ -x $root/build/release/coppice ]]; then
    echo "$root/build/release/coppice"
  else
    command -v coppice || fail "no coppice program to list the regions: build it, set COPPICE, or give --region"
  fi
}

# Sets `region` and says why on standard error.
choose_region() {
  local why
  if [[ -n $region ]]; then
    echo "region $region: given with --region" >&2
    return
  fi
  local coppice listing offered line name
  coppice=$(find_coppice)
  # "europe-north2: 2.73 g/kWh in 2024, PUE 1.1, ...", lowest first.
  listing=$("$coppice" carbon --cloud gcp --list)
  offered=$(ask "" run regions list --project "$project" --format='value(locationId)')
  while IFS= read -r line; do
    name=${line%%:*}
    [[ -z $near || $name == "$near"* ]] || continue
    [[ $dry_run == true ]] || grep -qxF "$name" <<<"$offered" || continue
    region=$name
    why=${line#*: }
    break
  done <<<"$listing"
  [[ -n $region ]] || fail "--near $near: no region with a published grid and Cloud Run begins so; give --region"
  echo "region $region: the lowest grid intensity of Cloud Run's regions${near:+ that begin with $near}: $why" >&2
}

registry() { echo "$region-docker.pkg.dev/$project/coppice"; }
runner() { echo "coppice-run@$project.iam.gserviceaccount.com"; }
builder() { echo "coppice-build@$project.iam.gserviceaccount.com"; }

choose_tag() {
  [[ -z $tag ]] || return 0
  tag=$(git -C "$root" rev-parse --short=12 HEAD 2>/dev/null) || fail "this is no git checkout: name the images with --tag"
}

setup() {
  confirm "This makes in $project ($region): an image registry and two service accounts. The registry's storage costs about 0.10 USD per GB and month beyond 0.5 GB."
  change services enable run.googleapis.com artifactregistry.googleapis.com cloudbuild.googleapis.com --project "$project"
  if ! exists artifacts repositories describe coppice --location "$region" --project "$project"; then
    change artifacts repositories create coppice --repository-format docker --location "$region" \
      --description "Images of coppice-serve" --project "$project"
  fi
  change artifacts repositories set-cleanup-policies coppice --location "$region" --policy "$here/cleanup-policy.json" \
    --no-dry-run --project "$project"
  local account
  for account in coppice-run coppice-build; do
    if ! exists iam service-accounts describe "$account@$project.iam.gserviceaccount.com" --project "$project"; then
      change iam service-accounts create "$account" --display-name "$account" --project "$project"
    fi
  done
  # The services call nothing: coppice-run has no role at all. The builder writes into this registry and its log, and
  # reads the sources that were uploaded.
  change artifacts repositories add-iam-policy-binding coppice --location "$region" \
    --member "serviceAccount:$(builder)" --role roles/artifactregistry.writer --project "$project"
  local role
  for role in roles/logging.logWriter roles/storage.objectViewer; do
    change projects add-iam-policy-binding "$project" --member "serviceAccount:$(builder)" --role "$role" \
      --condition None
  done
}

build() {
  [[ -n $base ]] || fail "--base is needed: Debian 12 by digest (docker buildx imagetools inspect debian:12-slim)"
  local which
  for which in "${services[@]}"; do
    [[ $dry_run == true || -f $root/build/deploy/$(model_of "$which")/page/index.html ]] ||
      fail "build/deploy/$(model_of "$which")/page is missing: node deploy/page.mjs --model $(model_of "$which")"
  done
  confirm "This builds ${#services[@]} image(s) on Cloud Build, about 5 minutes each; the first 2,500 minutes of a month are free."
  for which in "${services[@]}"; do
    # gcloud reads the sources' folder and .gcloudignore from here.
    (cd "$root" && change builds submit . --config deploy/cloudbuild.yaml --region "$region" --project "$project" \
      --service-account "projects/$project/serviceAccounts/$(builder)" \
      --default-buckets-behavior regional-user-owned-bucket \
      --substitutions "_BASE=$base,_MODEL=$(model_of "$which"),_IMAGE=$(registry)/coppice-$which:$tag")
  done
}

deploy() {
  confirm "This deploys ${services[*]} to Cloud Run in $region, min instances 0, at most $max_instances each. Idle they cost nothing; requests cost by the vCPU-second and GiB-second beyond the free share."
  local which digest file
  for which in "${services[@]}"; do
    # By digest: what runs is what was built, also after the tag has moved.
    digest=$(ask "sha256:$(printf '0%.0s' {1..64})" artifacts docker images describe "$(registry)/coppice-$which:$tag" \
      --format='value(image_summary.digest)' --project "$project")
    [[ $digest =~ ^sha256:[0-9a-f]{64}$ ]] || fail "$(registry)/coppice-$which:$tag: no digest was found; run build first"
    file=$(mktemp -t "coppice-$which.XXXXXX.yaml")
    sed -e "s|@NAME@|coppice-$which|" -e "s|@IMAGE@|$(registry)/coppice-$which@$digest|" \
      -e "s|@PROJECT@|$project|" -e "s|@SERVICE_ACCOUNT@|$(runner)|" -e "s|@CONCURRENCY@|$concurrency|" \
      -e "s|@MAX_INSTANCES@|$max_instances|" -e "s|@CPU_BOOST@|$cpu_boost|" \
      "$here/cloud-run-service.yaml" >"$file"
    change run services replace "$file" --region "$region" --project "$project"
    rm -f "$file"
    if [[ $public == true ]]; then
      change run services add-iam-policy-binding "coppice-$which" --region "$region" --member allUsers \
        --role roles/run.invoker --project "$project"
    fi
  done
  status
}

status() {
  local which
  for which in "${services[@]}"; do
    ask "coppice-$which (dry run)" run services describe "coppice-$which" --region "$region" --project "$project" \
      --format='value(metadata.name,status.url,status.latestReadyRevisionName,status.traffic[0].revisionName)'
  done
}

rollback() {
  local which serving revision newer previous
  for which in "${services[@]}"; do
    serving=$(ask "coppice-$which-00002-aaa" run services describe "coppice-$which" --region "$region" \
      --project "$project" --format='value(status.traffic[0].revisionName)')
    newer=true previous=""
    # Newest first: the one after the serving revision is the one before it in time.
    while IFS= read -r revision; do
      if [[ $newer == false ]]; then
        previous=$revision
        break
      fi
      if [[ $revision == "$serving" ]]; then newer=false; fi
    done < <(ask "coppice-$which-00002-aaa
coppice-$which-00001-aaa" run revisions list --service "coppice-$which" --region "$region" --project "$project" \
      --sort-by='~metadata.creationTimestamp' --format='value(metadata.name)')
    [[ -n $previous ]] || fail "coppice-$which: there is no revision before $serving"
    confirm "coppice-$which: all traffic from $serving to $previous."
    change run services update-traffic "coppice-$which" --to-revisions "$previous=100" --region "$region" \
      --project "$project"
  done
}

teardown() {
  confirm "This deletes in $project ($region): the services ${services[*]}$([[ -n $only ]] || echo ", the registry coppice with all images, and both service accounts")."
  local which account role
  for which in "${services[@]}"; do
    if exists run services describe "coppice-$which" --region "$region" --project "$project" || [[ $dry_run == true ]]; then
      change run services delete "coppice-$which" --region "$region" --project "$project" --quiet
    fi
  done
  [[ -z $only ]] || return 0
  if exists artifacts repositories describe coppice --location "$region" --project "$project" || [[ $dry_run == true ]]; then
    change artifacts repositories delete coppice --location "$region" --project "$project" --quiet
  fi
  # A binding of an account that is gone stays in the policy as "deleted:...".
  for role in roles/logging.logWriter roles/storage.objectViewer; do
    change projects remove-iam-policy-binding "$project" --member "serviceAccount:$(builder)" --role "$role" \
      --condition None || true
  done
  for account in "$(runner)" "$(builder)"; do
    if exists iam service-accounts describe "$account" --project "$project" || [[ $dry_run == true ]]; then
      change iam service-accounts delete "$account" --project "$project" --quiet
    fi
  done
}

[[ $dry_run == true ]] || command -v gcloud >/dev/null || fail "gcloud is not in PATH: install the Google Cloud CLI (cloud.google.com/sdk)"
choose_region
case $command in
  region) echo "$region" ;;
  build | deploy) choose_tag; "$command" ;;
  *) "$command" ;;
esac
