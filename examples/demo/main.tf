# What `make demo` applies: a token, an API call with it, its expiry.
terraform {
  required_version = ">= 1.10"

  required_providers {
    equinix = {
      source = "equinix-community/equinix-oauth2"
    }
  }
}

variable "endpoint" {
  description = "Base URL of the API; the token comes from the same endpoint."
  type        = string
  default     = "https://api.equinix.com"
}

variable "api_path" {
  description = "What is read from the API with the token."
  type        = string
  default     = "/fabric/v4/metros?limit=1"
}

variable "call_api" {
  description = "Path of the program call-api, which run.sh builds from the folder beside this file."
  type        = string
}

provider "equinix" {
  endpoint = var.endpoint
}

# In no plan and no state.
ephemeral "equinix_oauth2_access_token" "this" {}

resource "terraform_data" "api_call" {
  provisioner "local-exec" {
    # No shell: the program gets the URL as its last argument, and the token from
    # its environment. Terraform shows no output of a command that gets ephemeral
    # values, so the response goes to a file.
    interpreter = [var.call_api, "-output", "response.txt"]
    command     = "${var.endpoint}${var.api_path}"

    environment = {
      TOKEN = ephemeral.equinix_oauth2_access_token.this.access_token
    }
  }
}

# In the state, with its token: for what cannot take ephemeral values.
data "equinix_oauth2_access_token" "this" {}

output "token_expiry" {
  description = "When the data source's token expires (RFC 3339, UTC)."
  value       = nonsensitive(data.equinix_oauth2_access_token.this.expiry)
}
