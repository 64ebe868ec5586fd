# A configuration for a pipeline: it names no credentials. The plan job and the
# apply job each get EQUINIX_API_CLIENTID and EQUINIX_API_CLIENTSECRET from the
# pipeline's secrets, and each obtains a token of its own.
terraform {
  required_version = ">= 1.10"

  required_providers {
    equinix = {
      source = "equinix-community/equinix-oauth2"
    }
  }
}

provider "equinix" {
  # A pipeline shall end soon when the endpoint does not answer.
  request_timeout        = 20
  max_retry_wait_seconds = 10
}

ephemeral "equinix_oauth2_access_token" "this" {}

# What the pipeline manages with the token; see the passing-the-token guide.
resource "terraform_data" "deployment" {
  provisioner "local-exec" {
    command = "test -n \"$TOKEN\""

    environment = {
      TOKEN = ephemeral.equinix_oauth2_access_token.this.access_token
    }
  }
}
