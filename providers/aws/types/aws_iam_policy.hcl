# SPDX-License-Identifier: Apache-2.0
type "aws_iam_policy" {
  service = "iam"
  key     = { PolicyArn = id }
  named   = name
  settle  = name("arn:${partition}:iam::${account}:policy${self.path}${self.name}")

  schema {
    arn              = out(string, from(object.Arn))
    attachment_count = out(number)
    description      = opt(string, zero, replace)
    name             = opt(string, computed, replace, at(PolicyName), length(1, 128), pattern("^[\\w+=,.@-]*$", "made of letters, digits and any of _+=,.@-"))
    name_prefix      = opt(string, computed, replace, to(none), length(1, 102), pattern("^[\\w+=,.@-]*$", "made of letters, digits and any of _+=,.@-"))
    path             = opt(string, replace, default("/"))
    policy           = req(string, to(PolicyDocument), from(one([for v in object.PolicyVersionList : v if v.IsDefaultVersion]).Document), as(url), same(iam_policy), form(json), syntax(policy))
    policy_id        = out(string)
  }

  tags {
    create = { Tags = tags }
    read   = { call = "ListPolicyTags", value = answer.Tags }
    add    = { call = "TagPolicy", send = { Tags = added } }
    remove = { call = "UntagPolicy", send = { TagKeys = keys(removed) } }
  }

  read {
    call    = "GetAccountAuthorizationDetails"
    send    = { Filter = ["LocalManagedPolicy"] }
    objects = answer.Policies
    by      = all()
    match   = object.Arn
    few     = 12
    one {
      call   = "GetPolicy"
      object = answer.Policy
      part "version" {
        for  = [policy]
        call = "GetPolicyVersion"
        send = { VersionId = object.DefaultVersionId }
        into = { PolicyVersionList = [answer.PolicyVersion] }
      }
    }
  }

  create = [
    { call = "CreatePolicy", id = answer.Policy.Arn },
    { until = object != null },
  ]

  update "document" {                                     # a policy holds five versions: the oldest makes room
    of = [policy]
    do = [
      { call = "ListPolicyVersions", as = now },
      {
        call = "DeletePolicyVersion"
        when = length(now.Versions) >= 5
        send = { VersionId = oldest([for v in now.Versions : v if !v.IsDefaultVersion], "CreateDate").VersionId }
      },
      { call = "CreatePolicyVersion", send = { PolicyDocument = self.policy, SetAsDefault = true } },
    ]
  }

  delete = [
    { call = "ListPolicyVersions", as = now },
    { call = "DeletePolicyVersion", each = [for v in now.Versions : v.VersionId if !v.IsDefaultVersion], send = { VersionId = member } },
    { call = "DeletePolicy", retry = ["DeleteConflict"] },
  ]
}
