#!/usr/bin/env bash
# Runs go test with the acceptance tests on, against one CLI:
#
#   tools/testacc.sh PATH-OF-TERRAFORM-OR-TOFU [go test arguments]
#
# Passing tests are not listed; skipped ones are, with their reason, as go test
# says nothing about them otherwise.
set -euo pipefail

cli="$1"
shift

# A CLI configuration that is not there makes every command print a warning.
if [[ -n "${TF_CLI_CONFIG_FILE:-}" && ! -e "$TF_CLI_CONFIG_FILE" ]]; then
  unset TF_CLI_CONFIG_FILE
fi

export TF_ACC=1
export TF_ACC_TERRAFORM_PATH="$cli"
export CHECKPOINT_DISABLE=1 # no question after newer versions

version="$("$cli" version)"
case "$version" in
  OpenTofu*)
    # How OpenTofu completes an address without a host name; the test framework
    # has to serve the provider under the same one.
    export TF_ACC_PROVIDER_HOST=registry.opentofu.org
    ;;
  *) unset TF_ACC_PROVIDER_HOST ;;
esac
echo "Testing with ${version%%$'\n'*} ($cli)"

# -count=1: the test cache sees neither the CLI nor the provider that the tests build.
go test -count=1 -v "$@" |
  grep --line-buffered -Ev '^(=== (RUN|PAUSE|CONT|NAME) |[[:space:]]*--- PASS: |PASS$)'
