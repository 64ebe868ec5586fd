#!/usr/bin/env bash
# Tests the release in ./dist as its users meet it: checks the sums, lets the
# CLI install this platform's archive from a mirror (no development override),
# and applies a configuration that obtains a token and uses it.
#
#   tools/test-release.sh PATH-OF-TERRAFORM-OR-TOFU
set -euo pipefail

cli="$1"
root="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
name=terraform-provider-equinix-oauth2
address=registry.terraform.io/equinix-community/equinix-oauth2

work="$(mktemp -d)"
mock_pid=
cleanup() {
  if [[ -n "$mock_pid" ]]; then kill "$mock_pid" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap cleanup EXIT

sha256() {
  if type -P sha256sum >/dev/null; then sha256sum "$@"; else shasum -a 256 "$@"; fi
}

cd "$root/dist"
sums="$(ls "${name}"_*_SHA256SUMS)"
version="${sums#"${name}"_}"
version="${version%_SHA256SUMS}"
archive="${name}_${version}_$(go env GOOS)_$(go env GOARCH).zip"

echo "== Checksums of version $version"
manifest="${name}_${version}_manifest.json"
cp "$root/terraform-registry-manifest.json" "$work/$manifest"
grep -v "  $manifest\$" "$sums" | sha256 -c - >/dev/null
(cd "$work" && grep "  $manifest\$" "$root/dist/$sums" | sha256 -c - >/dev/null)
grep -q "  $archive\$" "$sums"

echo "== A mock endpoint"
go build -C "$root" -o "$work/mock-equinix" ./internal/cmd/mock-equinix
"$work/mock-equinix" >"$work/url" 2>"$work/mock.log" &
mock_pid=$!
for _ in {1..100}; do
  if [[ -s "$work/url" ]]; then break; fi
  sleep 0.1
done
url="$(head -n 1 "$work/url")"
[[ -n "$url" ]] || { cat "$work/mock.log" >&2; exit 1; }

echo "== init and apply"
mkdir -p "$work/mirror/$address" "$work/configuration"
cp "$archive" "$work/mirror/$address/"
cat >"$work/cli.tfrc" <<HCL
provider_installation {
  filesystem_mirror { path = "$work/mirror" }
}
HCL
# Both kinds; the provisioner calls the mock's API, which knows its own tokens.
cat >"$work/configuration/main.tf" <<HCL
terraform {
  required_providers {
    equinix = {
      source  = "$address"
      version = "$version"
    }
  }
}

provider "equinix" {
  endpoint      = "$url"
  client_id     = "demo-client-id"
  client_secret = "demo-client-secret"
}

ephemeral "equinix_oauth2_access_token" "this" {}

data "equinix_oauth2_access_token" "this" {}

resource "terraform_data" "call" {
  provisioner "local-exec" {
    interpreter = ["bash", "-c"]
    environment = { TOKEN = ephemeral.equinix_oauth2_access_token.this.access_token }
    command     = <<-EOT
      exec 3<>/dev/tcp/127.0.0.1/${url##*:}
      printf 'GET /anything HTTP/1.0\r\nAuthorization: Bearer %s\r\n\r\n' "\$TOKEN" >&3
      head -n 1 <&3 | grep ' 200 '
    EOT
  }
}

output "token_type" {
  value = data.equinix_oauth2_access_token.this.token_type
}
HCL

# A home of its own: no settings of the user's, and none left there.
export HOME="$work" XDG_CACHE_HOME="$work/cache" XDG_CONFIG_HOME="$work/config"
export TF_CLI_CONFIG_FILE="$work/cli.tfrc" CHECKPOINT_DISABLE=1 TF_IN_AUTOMATION=1
unset TF_LOG TF_CLI_ARGS TF_DATA_DIR TF_PLUGIN_CACHE_DIR TF_REATTACH_PROVIDERS TF_WORKSPACE

cd "$work/configuration"
"$cli" init -no-color
"$cli" apply -no-color -auto-approve
[[ "$("$cli" output -raw token_type)" == Bearer ]]

echo "== Release $version works"
