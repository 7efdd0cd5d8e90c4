# SPDX-License-Identifier: Apache-2.0
type "aws_iam_instance_profile" {
  service = "iam"
  key     = { InstanceProfileName = id }
  named   = name
  settle  = name(self.name)

  permissions = ["iam:PassRole"] # where a role is put into it

  schema {
    arn         = out(string)
    create_date = out(string)
    name        = opt(string, computed, replace, at(InstanceProfileName), length(1, 128), pattern("^[\\w+=,.@-]*$", "made of letters, digits and any of _+=,.@-"))
    name_prefix = opt(string, computed, replace, to(none), length(1, 102), pattern("^[\\w+=,.@-]*$", "made of letters, digits and any of _+=,.@-"))
    path        = opt(string, replace, default("/"))
    role        = opt(string, to(none), from(object.Roles[0].RoleName))
    unique_id   = out(string, from(object.InstanceProfileId))
  }

  tags {
    create = { Tags = tags }
    read   = object.Tags
    add    = { call = "TagInstanceProfile", send = { Tags = added } }
    remove = { call = "UntagInstanceProfile", send = { TagKeys = keys(removed) } }
  }

  read {
    call   = "GetInstanceProfile"
    object = answer.InstanceProfile
    by     = each()
  }

  create = [
    { call = "CreateInstanceProfile", id = answer.InstanceProfile.InstanceProfileName, adopt = ["EntityAlreadyExists"] },
    { until = object != null },
  ]
  update "role" {
    of = [role]
    on = [create, update]
    do = [
      { call = "RemoveRoleFromInstanceProfile", when = written(prior.role), send = { RoleName = prior.role }, absent = ["NoSuchEntity"] },
      { call = "AddRoleToInstanceProfile", when = written(self.role), send = { RoleName = self.role }, adopt = ["LimitExceeded"], retry = [{ code = "InvalidParameterValue", text = "Invalid IAM Instance Profile", for = "2m" }, { code = "NoSuchEntity", for = "1m" }] },
    ]
  }
  delete = [
    { call = "RemoveRoleFromInstanceProfile", when = written(self.role), send = { RoleName = self.role }, absent = ["NoSuchEntity"] },
    { call = "DeleteInstanceProfile" },
  ]
}
