terraform {
  required_providers {
    equinix = {
      source = "equinix-community/equinix-oauth2"
    }
  }
}

# Nothing has to be set here: the credentials come from the environment
# (EQUINIX_API_CLIENTID and EQUINIX_API_CLIENTSECRET) or the Equinix CLI's file.
provider "equinix" {}

ephemeral "equinix_oauth2_access_token" "this" {}
