# A run that takes longer than a token lives. The second token is obtained when
# the long part is done: depends_on makes Terraform wait with opening it.
terraform {
  required_version = ">= 1.10"

  required_providers {
    equinix = {
      source = "equinix-community/equinix-oauth2"
    }
  }
}

variable "long_command" {
  description = "Stands for everything that takes long."
  type        = string
  default     = "sleep 1"
}

ephemeral "equinix_oauth2_access_token" "before" {}

resource "terraform_data" "long" {
  provisioner "local-exec" {
    command = var.long_command

    environment = {
      TOKEN = ephemeral.equinix_oauth2_access_token.before.access_token
    }
  }
}

ephemeral "equinix_oauth2_access_token" "after" {
  depends_on = [terraform_data.long]
}

resource "terraform_data" "finish" {
  depends_on = [terraform_data.long]

  provisioner "local-exec" {
    command = "test -n \"$TOKEN\""

    environment = {
      TOKEN = ephemeral.equinix_oauth2_access_token.after.access_token
    }
  }
}
