#!/usr/bin/env bash
# Prints the absolute path of the Terraform or OpenTofu to work with:
# TF_ACC_TERRAFORM_PATH if set, else terraform on PATH, else tofu on PATH, else
# an OpenTofu built into ./bin from its Go module (some minutes, once).
# Only the path goes to standard output.
set -euo pipefail

say() { echo "find-cli: $*" >&2; }

# type -P, unlike command -v, ignores shell functions and aliases.
if [[ -n "${TF_ACC_TERRAFORM_PATH:-}" ]]; then
  cli="$(type -P "$TF_ACC_TERRAFORM_PATH")" || {
    say "TF_ACC_TERRAFORM_PATH=$TF_ACC_TERRAFORM_PATH is not an executable"
    exit 1
  }
elif ! cli="$(type -P terraform || type -P tofu)"; then
  root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
  cli="$root/bin/tofu"
  say "neither terraform nor tofu is on PATH: using OpenTofu in $cli"
  make --no-print-directory -C "$root" bin/tofu >&2
fi

# The tests change directory, so a relative entry of PATH will not do.
cli="$(cd "$(dirname "$cli")" && pwd)/$(basename "$cli")"
say "$cli"
echo "$cli"
