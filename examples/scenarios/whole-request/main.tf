# The whole request as one JSON object, as the Equinix CLI takes it with
# --request, and properties that have no argument of their own.
terraform {
  required_version = ">= 1.10"

  required_providers {
    equinix = {
      source = "equinix-community/equinix-oauth2"
    }
  }
}

variable "request" {
  description = "The token request: a JSON object with client_id, client_secret and whatever else is to be sent."
  type        = string
  sensitive   = true
  ephemeral   = true
}

ephemeral "equinix_oauth2_access_token" "this" {
  request = var.request

  # Arguments go over the members of request.
  grant_type = "client_credentials"

  additional_properties = jsonencode({
    purpose = "pipeline"
  })
}

resource "terraform_data" "check" {
  provisioner "local-exec" {
    # Whatever the response says beyond the documented fields is in response_body.
    command = "test \"$USER_NAME\" = \"$ACCOUNT\""

    environment = {
      ACCOUNT   = ephemeral.equinix_oauth2_access_token.this.token_user_name
      USER_NAME = jsondecode(ephemeral.equinix_oauth2_access_token.this.response_body).user_name
    }
  }
}
