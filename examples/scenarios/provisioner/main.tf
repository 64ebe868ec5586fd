# A command calls an API with the token. The token goes through the environment
# and standard input: a command line can be read by every user of the machine.
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

provider "equinix" {
  endpoint = var.endpoint
}

ephemeral "equinix_oauth2_access_token" "this" {}

resource "terraform_data" "metros" {
  provisioner "local-exec" {
    command = <<-EOT
      printf 'Authorization: Bearer %s\n' "$TOKEN" |
        curl --fail --silent --show-error --header @- --output metros.json "$URL"
    EOT

    environment = {
      TOKEN = ephemeral.equinix_oauth2_access_token.this.access_token
      URL   = "${var.endpoint}/fabric/v4/metros?limit=1"
    }
  }
}
