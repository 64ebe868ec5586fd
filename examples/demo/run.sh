#!/usr/bin/env bash
# Obtains a token with a real apply of main.tf, and calls an API with it:
#
#   examples/demo/run.sh [flags of mock-equinix]
#
# With Equinix credentials in the environment or in the Equinix CLI's file, the
# token comes from the real endpoint (EQUINIX_API_ENDPOINT names another one).
# Without, it comes from mock-equinix, which runs as long as this script. The
# exit status is that of the apply. Nothing is left behind but ./bin.
set -euo pipefail

say() { echo "demo: $*" >&2; }

# has_credentials looks where the provider looks: two pairs of variables, then
# the CLI's file. Half a pair counts, so that the provider can say what is missing.
has_credentials() {
  local file="${HOME:-}/.config/equinix/equinix.yaml"
  [[ -n "${EQUINIX_API_CLIENTID:-}${EQUINIX_API_CLIENTSECRET:-}" ]] ||
    [[ -n "${EQUINIX_CLIENT_ID:-}${EQUINIX_CLIENT_SECRET:-}" ]] ||
    grep -Eqis '^[^#]*equinix_client_(id|secret)["'\'']?[[:space:]]*:[[:space:]]*[^#[:space:]]' "$file"
}

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
work='' mock='' child='' stopped=''

# finish stops the mock and removes what this run has written.
finish() {
  if [[ -n "$mock" ]]; then
    exec 9>&- # the mock ends with its input, also when this script is killed
    kill "$mock" 2>/dev/null || true
    wait "$mock" 2>/dev/null || true
  fi
  if [[ -n "$work" ]]; then rm -rf "$work"; fi
}
trap finish EXIT

cd "$root"
cli="$(tools/find-cli.sh)"
say "building the provider into ./bin"
go build -o bin/ . ./examples/demo/call-api ./internal/cmd/mock-equinix

work="$(mktemp -d)"
mkdir "$work/configuration"
cp examples/demo/main.tf "$work/configuration/"

# What the environment says of other work with the CLI is not for the demo.
for name in $(compgen -v TF_CLI_ARGS) TF_WORKSPACE TF_REATTACH_PROVIDERS; do unset "$name"; done
# dev_overrides: the provider that has just been built, without an init.
cat >"$work/cli.tfrc" <<HCL
provider_installation {
  dev_overrides { "equinix-community/equinix-oauth2" = "$root/bin" }
  direct {}
}
HCL
export TF_CLI_CONFIG_FILE="$work/cli.tfrc" TF_DATA_DIR="$work/data" TF_IN_AUTOMATION=1 CHECKPOINT_DISABLE=1
export TF_VAR_call_api="$root/bin/call-api"

if has_credentials; then
  if [[ -n "${EQUINIX_API_ENDPOINT:-}" ]]; then export TF_VAR_endpoint="${EQUINIX_API_ENDPOINT%/}"; fi
  say "there are Equinix credentials: using them and the endpoint ${EQUINIX_API_ENDPOINT:-https://api.equinix.com}"
else
  mkfifo "$work/stdin" "$work/stdout"
  bin/mock-equinix -exit-with-stdin "$@" <"$work/stdin" >"$work/stdout" 2>"$work/mock.log" &
  mock=$!
  exec 9>"$work/stdin"
  if ! IFS= read -r TF_VAR_endpoint <"$work/stdout"; then
    cat "$work/mock.log" >&2
    say "the mock endpoint did not start"
    exit 1
  fi
  export TF_VAR_endpoint EQUINIX_API_CLIENTID=demo-client-id EQUINIX_API_CLIENTSECRET=demo-client-secret
  # What is remembered of the mock's rejections goes with it. Only Linux and its
  # like let the cache folder be moved; elsewhere nothing is remembered.
  export XDG_CACHE_HOME="$work/cache"
  case "$OSTYPE" in
    darwin* | msys* | cygwin*) export EQUINIX_LOCKOUT_PROTECTION=false ;;
  esac
  say "there are no Equinix credentials: using the mock endpoint $TF_VAR_endpoint"
fi

# run runs the CLI and returns its exit status. The CLI gets a process group of
# its own (set -m): Ctrl-C then reaches this script alone, and the CLI once,
# through it. Twice would make it quit at once.
run() {
  local status
  if [[ -n "$stopped" ]]; then return 130; fi
  set -m
  "$cli" -chdir="$work/configuration" "$@" 9>&- </dev/null &
  child=$!
  set +m
  while :; do
    signalled='' status=0
    wait "$child" || status=$?
    if [[ -z "$signalled" ]]; then break; fi
  done
  child=''
  return "$status"
}
trap 'stopped=yes signalled=yes; if [[ -n "$child" ]]; then kill -INT "$child"; fi' INT TERM HUP

# Planned first: a signal to the CLI reaches the provider during a plan, but not
# while an apply plans.
status=0
run plan -input=false -out="$work/demo.tfplan" && run apply "$work/demo.tfplan" || status=$?

if [[ -e "$work/configuration/response.txt" ]]; then
  say "the API answered the provisioner:"
  cat "$work/configuration/response.txt"
fi
if [[ -n "$mock" ]]; then
  say "the mock received:"
  cat "$work/mock.log"
fi
exit "$status"
