# Runs against mock-equinix: start it, and give its URL as EQUINIX_API_ENDPOINT.

provider "equinix" {
  # What mock-equinix accepts unless it is told otherwise.
  client_id     = "demo-client-id"
  client_secret = "demo-client-secret"

  # A test leaves nothing behind.
  lockout_protection = false
}

run "plan_obtains_a_token" {
  command = plan

  assert {
    condition     = data.equinix_oauth2_access_token.this.token_type == "Bearer"
    error_message = "The token is no bearer token."
  }
}

run "apply_obtains_a_token" {
  assert {
    condition     = length(output.account) > 0
    error_message = "The token belongs to no account."
  }

  assert {
    condition     = timecmp(output.expiry, timestamp()) > 0
    error_message = "The token expired at ${output.expiry}."
  }
}
