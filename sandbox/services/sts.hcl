# SPDX-License-Identifier: Apache-2.0

service = "sts"

operation "GetCallerIdentity" {
  answer = {
    Account = account
    Arn     = "arn:aws:iam::${account}:root"
    UserId  = account
  }
}
