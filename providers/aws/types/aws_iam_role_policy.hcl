# SPDX-License-Identifier: Apache-2.0
type "aws_iam_role_policy" {
  service = "iam"
  id      = "${self.role}:${self.name}"
  key     = { RoleName = self.role, PolicyName = self.name }
  named   = name
  settle  = repeat
  import  = { role = split(":", id)[0], name = split(":", id)[1] }

  schema {
    name        = opt(string, computed, replace, at(PolicyName))
    name_prefix = opt(string, computed, replace, to(none))
    policy      = req(string, at(PolicyDocument), as(url), same(iam_policy), form(policy))
    role        = req(string, replace, at(RoleName))
  }

  read {
    call   = "GetRolePolicy"
    object = answer
    by     = each()
  }

  create = [
    { call = "PutRolePolicy", retry = [{ code = "MalformedPolicyDocument", text = "Invalid principal", for = "2m" }, { code = "NoSuchEntity", for = "1m" }] },
  ]
  update "policy" {
    of = [policy]
    do = [{ call = "PutRolePolicy", send = { PolicyDocument = self.policy } }]
  }
  delete = [
    { call = "DeleteRolePolicy" },
  ]
}
