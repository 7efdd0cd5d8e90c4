resource "aws_ssm_parameter" "w" {
  name             = "/w"
  type             = "SecureString"
  value_wo         = "secret"
  value_wo_version = 1
}
