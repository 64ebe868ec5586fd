# The password grant, with the password hashed. Equinix retired this grant on
# 2025-01-07; it is here for endpoints that still take it.
terraform {
  required_version = ">= 1.10"

  required_providers {
    equinix = {
      source = "equinix-community/equinix-oauth2"
    }
  }
}

variable "user_name" {
  description = "Equinix user name."
  type        = string
}

variable "user_password" {
  description = "Password of the user, in clear text."
  type        = string
  sensitive   = true
  ephemeral   = true
}

# client_id and client_secret come from the provider's credentials.
ephemeral "equinix_oauth2_access_token" "this" {
  grant_type        = "password"
  user_name         = var.user_name
  user_password     = provider::equinix::md5_b64(var.user_password)
  password_encoding = "md5-b64"
}

resource "terraform_data" "check" {
  provisioner "local-exec" {
    command = "test -n \"$TOKEN\" && test -n \"$REFRESH_TOKEN\""

    environment = {
      TOKEN         = ephemeral.equinix_oauth2_access_token.this.access_token
      REFRESH_TOKEN = ephemeral.equinix_oauth2_access_token.this.refresh_token
    }
  }
}
