# The arguments of a data source cannot be ephemeral, so the http data source
# needs the token from this provider's data source. The token is then in the
# state twice: as the token, and in request_headers of the http data source.
terraform {
  required_providers {
    equinix = {
      source = "equinix-community/equinix-oauth2"
    }
    http = {
      source = "hashicorp/http"
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

data "equinix_oauth2_access_token" "this" {}

data "http" "metros" {
  url = "${var.endpoint}/fabric/v4/metros?limit=1"

  request_headers = {
    Accept        = "application/json"
    Authorization = "Bearer ${data.equinix_oauth2_access_token.this.access_token}"
  }

  lifecycle {
    postcondition {
      condition     = self.status_code == 200
      error_message = "The API answered HTTP ${self.status_code}."
    }
  }
}
