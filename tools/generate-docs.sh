#!/usr/bin/env bash
# Writes docs/ from templates/, examples/ and the provider's own schema:
#
#   tools/generate-docs.sh PATH-OF-TERRAFORM-OR-TOFU
#
# tfplugindocs alone would look for (or download) Terraform only; asking the CLI
# for the schema here makes OpenTofu do as well.
set -euo pipefail

cli="$1"
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

# The address under which tfplugindocs looks a schema up. The host is spelt out
# because the two CLIs complete an address without one differently.
address=registry.terraform.io/hashicorp/equinix

cd "$root"
go build -o "$work/bin/terraform-provider-equinix" .

mkdir "$work/configuration"
cat >"$work/configuration/main.tf" <<HCL
terraform {
  required_providers {
    equinix = { source = "$address" }
  }
}
HCL
cat >"$work/cli.tfrc" <<HCL
provider_installation {
  dev_overrides { "$address" = "$work/bin" }
}
HCL

TF_CLI_CONFIG_FILE="$work/cli.tfrc" CHECKPOINT_DISABLE=1 \
  "$cli" -chdir="$work/configuration" providers schema -json >"$work/schema.json"

bin/tfplugindocs generate --provider-name equinix --providers-schema "$work/schema.json"
