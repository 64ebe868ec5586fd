# What user_password takes with password_encoding = "md5-b64".
output "encoded" {
  value     = provider::equinix::md5_b64(var.password)
  sensitive = true
}

variable "password" {
  description = "The password in clear text."
  type        = string
  sensitive   = true
}
