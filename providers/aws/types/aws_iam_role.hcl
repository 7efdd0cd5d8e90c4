# SPDX-License-Identifier: Apache-2.0
type "aws_iam_role" {
  service = "iam"
  key     = { RoleName = id }
  named   = name
  settle  = name(self.name)

  schema {
    arn                   = out(string)
    assume_role_policy    = req(string, at(AssumeRolePolicyDocument), as(url), same(iam_policy), form(json), syntax(policy))
    create_date           = out(string)
    description           = opt(string, zero, from(part.role.Description), length(0, 1000))
    force_detach_policies = opt(bool, default(false), local)
    managed_policy_arns   = opt(set(string), computed, deprecated, to(none), from(object.AttachedManagedPolicies[*].PolicyArn), syntax(arn))
    max_session_duration  = opt(number, default(3600), from(part.role.MaxSessionDuration), range(3600, 43200))
    name                  = opt(string, computed, replace, at(RoleName), length(1, 64), pattern("^[\\w+=,.@-]*$", "made of letters, digits and any of _+=,.@-"))
    name_prefix           = opt(string, computed, replace, to(none), length(1, 38), pattern("^[\\w+=,.@-]*$", "made of letters, digits and any of _+=,.@-"))
    path                  = opt(string, replace, default("/"), length(0, 512))
    permissions_boundary  = opt(string, zero, from(object.PermissionsBoundary.PermissionsBoundaryArn), syntax(arn))
    unique_id             = out(string, from(object.RoleId))
    inline_policy = set({
      name   = opt(string, length(1, 128), pattern("^[\\w+=,.@-]*$", "made of letters, digits and any of _+=,.@-"))
      policy = opt(string, as(url), same(iam_policy), form(policy), syntax(policy))
    }, computed, deprecated, to(none), from([for p in object.RolePolicyList : { name = p.PolicyName, policy = p.PolicyDocument }]))
  }

  tags {
    create = { Tags = tags }
    read   = object.Tags
    add    = { call = "TagRole", send = { Tags = added } }
    remove = { call = "UntagRole", send = { TagKeys = keys(removed) } }
  }

  read {                                                  # everything about all roles in a few pages ...
    call    = "GetAccountAuthorizationDetails"
    send    = { Filter = ["Role"] }
    objects = answer.RoleDetailList
    by      = all()
    match   = object.RoleName
    few     = 12                                          # ... but up to so many roles are asked for one by one
    part "role" {
      for     = [description, max_session_duration]
      call    = "ListRoles"
      objects = answer.Roles
      by      = all()
      match   = object.RoleName
    }
    one {
      call    = "GetRole"
      object  = answer.Role
      part "attached" {
        for  = [managed_policy_arns]
        call = "ListAttachedRolePolicies"
        into = { AttachedManagedPolicies = answer.AttachedPolicies }
      }
      part "inline" {
        for  = [inline_policy]
        call = "ListRolePolicies"
        each = { call = "GetRolePolicy", of = answer.PolicyNames, send = { PolicyName = member } }
        into = { RolePolicyList = answers }
      }
    }
  }

  create = [
    { call = "CreateRole", id = answer.Role.RoleName, retry = [{ code = "MalformedPolicyDocument", text = "Invalid principal in policy", for = "2m" }] },
    { until = object != null },
  ]

  update "trust" {
    of = [assume_role_policy]
    do = [{ call = "UpdateAssumeRolePolicy", send = { PolicyDocument = self.assume_role_policy }, retry = [{ code = "MalformedPolicyDocument", text = "Invalid principal in policy", for = "2m" }] }]
  }
  update "role" {
    of = [description, max_session_duration]
    do = [{ call = "UpdateRole" }]
  }
  update "boundary" {
    of = [permissions_boundary]
    do = [
      { call = "PutRolePermissionsBoundary", when = !isblank(self.permissions_boundary) },
      { call = "DeleteRolePermissionsBoundary", when = isblank(self.permissions_boundary) },
    ]
  }
  reconcile "managed" {
    of     = managed_policy_arns
    have   = object.AttachedManagedPolicies[*].PolicyArn
    remove = { call = "DetachRolePolicy", at_once = 1, send = { PolicyArn = member }, absent = ["NoSuchEntity"] }
    add    = { call = "AttachRolePolicy", at_once = 1, send = { PolicyArn = member } }
  }
  reconcile "inline" {
    of     = inline_policy
    key    = [name]
    have   = [for p in object.RolePolicyList : { name = p.PolicyName, policy = p.PolicyDocument }]
    remove = { call = "DeleteRolePolicy", at_once = 1, send = { PolicyName = member.name }, absent = ["NoSuchEntity"] }
    add    = { call = "PutRolePolicy", at_once = 1, send = { PolicyName = member.name, PolicyDocument = member.policy } }
    change = { call = "PutRolePolicy", at_once = 1, send = { PolicyName = member.name, PolicyDocument = member.policy } }
  }

  delete = [
    { call = "ListInstanceProfilesForRole", as = profiles },
    { call = "RemoveRoleFromInstanceProfile", each = profiles.InstanceProfiles[*].InstanceProfileName, send = { InstanceProfileName = member }, absent = ["NoSuchEntity"] },
    { empty = [managed, inline], when = self.force_detach_policies || written(self.managed_policy_arns) || written(self.inline_policy) },
    { call = "DeleteRole", retry = ["DeleteConflict"] },
  ]
}
