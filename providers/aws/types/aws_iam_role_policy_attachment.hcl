# SPDX-License-Identifier: Apache-2.0
type "aws_iam_role_policy_attachment" {
  service = "iam"
  id      = "${self.role}-${self.policy_arn}"
  key     = { RoleName = self.role, PolicyArn = self.policy_arn }
  settle  = repeat
  import  = { role = split("/", id)[0], policy_arn = join("/", slice(split("/", id), 1, length(split("/", id)))) }

  schema {
    policy_arn = req(string, replace, syntax(arn))
    role       = req(string, replace, at(RoleName), from(self.role))
  }

  read {
    call    = "ListAttachedRolePolicies"
    objects = answer.AttachedPolicies
    send    = { RoleName = self.role }
    by      = group(self.role)
    match   = { PolicyArn = self.policy_arn }
  }

  create = [
    { call = "AttachRolePolicy", retry = [{ code = "NoSuchEntity", for = "1m" }] },
    { until = object != null },
  ]
  delete = [
    { call = "DetachRolePolicy" },
  ]
}
