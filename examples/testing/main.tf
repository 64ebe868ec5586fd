# A configuration to test: it obtains a token and hands it to a command.
terraform {
  required_version = ">= 1.10"

  required_providers {
    equinix = {
      source = "equinix-community/equinix-oauth2"
    }
  }
}

provider "equinix" {}

ephemeral "equinix_oauth2_access_token" "this" {
  lifecycle {
    postcondition {
      condition     = self.token_type == "Bearer" && self.token_timeout > 600
      error_message = "A run needs a bearer token that lives for ten minutes."
    }
  }
}

resource "terraform_data" "deployment" {
  provisioner "local-exec" {
    command = "test -n \"$TOKEN\""

    environment = {
      TOKEN = ephemeral.equinix_oauth2_access_token.this.access_token
    }
  }
}

data "equinix_oauth2_access_token" "this" {}

output "account" {
  description = "The account that the token belongs to."
  value       = data.equinix_oauth2_access_token.this.token_user_name
}

output "expiry" {
  description = "When the data source's token expires."
  value       = nonsensitive(data.equinix_oauth2_access_token.this.expiry)
}
