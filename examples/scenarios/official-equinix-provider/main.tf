# The official Equinix provider works with a token of this provider. Both have
# resources that begin with equinix_, so this one gets a local name of its own
# and its blocks say which provider they belong to.
terraform {
  required_version = ">= 1.10"

  required_providers {
    equinix = {
      source = "equinix/equinix"
    }
    equinix-oauth2 = {
      source = "equinix-community/equinix-oauth2"
    }
  }
}

ephemeral "equinix_oauth2_access_token" "this" {
  provider = equinix-oauth2
}

provider "equinix" {
  token = ephemeral.equinix_oauth2_access_token.this.access_token
}

data "equinix_fabric_metros" "first" {
  pagination = {
    limit = 1
  }
}

output "first_metro" {
  value = data.equinix_fabric_metros.first.data[0].code
}
