# Two accounts in one configuration: one provider configuration for each.
terraform {
  required_version = ">= 1.10"

  required_providers {
    equinix = {
      source = "equinix-community/equinix-oauth2"
    }
  }
}

variable "production" {
  description = "Credentials of the production account."
  type = object({
    client_id     = string
    client_secret = string
  })
  sensitive = true
  ephemeral = true
}

variable "sandbox" {
  description = "Credentials of the sandbox account, and its endpoint."
  type = object({
    client_id     = string
    client_secret = string
    endpoint      = optional(string, "https://sandboxapi.equinix.com")
  })
  sensitive = true
  ephemeral = true
}

provider "equinix" {
  client_id     = var.production.client_id
  client_secret = var.production.client_secret
}

provider "equinix" {
  alias = "sandbox"

  endpoint      = var.sandbox.endpoint
  client_id     = var.sandbox.client_id
  client_secret = var.sandbox.client_secret
}

ephemeral "equinix_oauth2_access_token" "production" {}

ephemeral "equinix_oauth2_access_token" "sandbox" {
  provider = equinix.sandbox
}

# Use each token as the passing-the-token guide shows. Here, both are obtained.
resource "terraform_data" "both" {
  provisioner "local-exec" {
    command = "test -n \"$PRODUCTION\" && test -n \"$SANDBOX\" && test \"$PRODUCTION\" != \"$SANDBOX\""

    environment = {
      PRODUCTION = ephemeral.equinix_oauth2_access_token.production.access_token
      SANDBOX    = ephemeral.equinix_oauth2_access_token.sandbox.access_token
    }
  }
}
