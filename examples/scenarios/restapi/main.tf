# Mastercard/restapi sends the token as a header with every request.
terraform {
  required_version = ">= 1.10"

  required_providers {
    equinix = {
      source = "equinix-community/equinix-oauth2"
    }
    restapi = {
      source = "Mastercard/restapi"
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

provider "restapi" {
  uri = var.endpoint

  headers = {
    Authorization = "Bearer ${ephemeral.equinix_oauth2_access_token.this.access_token}"
  }
}

data "restapi_object" "metro" {
  path         = "/fabric/v4/metros"
  query_string = "limit=100"
  results_key  = "data"
  id_attribute = "code"
  search_key   = "code"
  search_value = "SV"
}
