# SPDX-License-Identifier: Apache-2.0
data "aws_ssm_parameter" {
  service = "ssm"
  id      = self.name

  schema {
    arn             = out(string, from(object.ARN))
    insecure_value  = out(string, from(object.Type == "SecureString" ? null : object.Value))
    name            = req(string, to(none))
    type            = out(string)
    value           = out(string, sensitive)
    version         = out(number)
    with_decryption = opt(bool, default(true))
  }

  read {
    call   = "GetParameter"
    send   = { Name = self.name, WithDecryption = self.with_decryption != false }
    object = answer.Parameter
  }
}
