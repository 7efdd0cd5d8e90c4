# SPDX-License-Identifier: Apache-2.0
data "aws_caller_identity" {
  service = "sts"
  id      = object.Account

  schema {
    account_id = out(string, from(object.Account))
    arn        = out(string, from(object.Arn))
    id         = opt(string, computed, to(none))
    user_id    = out(string, from(object.UserId))
  }

  read {
    call   = "GetCallerIdentity"
    object = answer
  }
}
