# With the provider's credentials. The token is stored in the state.
data "equinix_oauth2_access_token" "this" {}

# The expiry is sensitive, as it is shown beside the token; it is no secret.
output "token_expiry" {
  value = nonsensitive(data.equinix_oauth2_access_token.this.expiry)
}
