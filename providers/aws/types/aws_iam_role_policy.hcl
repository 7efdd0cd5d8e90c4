# SPDX-License-Identifier: Apache-2.0
type "aws_iam_role_policy" {
  service = "iam"
  id      = "${self.role}:${self.name}"
  key     = { RoleName = self.role, PolicyName = self.name }
  named   = name
  settle  = repeat
  import  = { role = split(":", id)[0], name = split(":", id)[1] }

  schema {
    name        = opt(string, computed, replace, at(PolicyName), length(1, 128), pattern("^[\\w+=,.@-]*$", "made of letters, digits and any of _+=,.@-"))
    name_prefix = opt(string, computed, replace, to(none), length(1, 102), pattern("^[\\w+=,.@-]*$", "made of letters, digits and any of _+=,.@-"))
    policy      = req(string, at(PolicyDocument), as(url), same(iam_policy), form(policy), syntax(policy))
    role        = req(string, replace, at(RoleName), length(1, 128), pattern("[\\w+=,.@-]", "the name of a role"), check(value == "" || !fits("arn", value), "the role's name, not its ARN"))
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
