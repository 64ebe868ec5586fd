# With the provider's credentials, which is the usual way.
ephemeral "equinix_oauth2_access_token" "this" {}

# With credentials of its own. Set both or neither.
ephemeral "equinix_oauth2_access_token" "other_account" {
  client_id     = var.client_id
  client_secret = var.client_secret
}

# A provisioner takes ephemeral values; nothing of them is stored.
resource "terraform_data" "metros" {
  provisioner "local-exec" {
    command = <<-EOT
      printf 'Authorization: Bearer %s\n' "$TOKEN" |
        curl --fail --silent --show-error --header @- https://api.equinix.com/fabric/v4/metros
    EOT

    environment = {
      TOKEN = ephemeral.equinix_oauth2_access_token.this.access_token
    }
  }
}

variable "client_id" {
  description = "Client ID (Consumer Key) of the other account."
  type        = string
}

variable "client_secret" {
  description = "Client secret (Consumer Secret) of the other account."
  type        = string
  sensitive   = true
  ephemeral   = true
}
