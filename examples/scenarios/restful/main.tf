# magodo/restful takes the bearer token in its security argument.
terraform {
  required_version = ">= 1.10"

  required_providers {
    equinix = {
      source = "equinix-community/equinix-oauth2"
    }
    restful = {
      source = "magodo/restful"
    }
  }
}

variable "endpoint" {
  description = "Base URL of the API; the token comes from the same endpoint."
  type        = string
  default     = "https://api.equinix.com"
}

provider "equinix" {
  endpoint = var.endpoint
}

ephemeral "equinix_oauth2_access_token" "this" {}

provider "restful" {
  base_url = var.endpoint

  security = {
    http = {
      token = {
        token = ephemeral.equinix_oauth2_access_token.this.access_token
      }
    }
  }
}

data "restful_resource" "metro" {
  id = "/fabric/v4/metros/SV"
}

output "metro" {
  value = data.restful_resource.metro.output
}
