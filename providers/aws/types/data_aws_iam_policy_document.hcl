# SPDX-License-Identifier: Apache-2.0
data "aws_iam_policy_document" {
  hook = iam_policy_document                               # no call: computed in C from `self`

  schema {
    id                        = opt(string, computed, from(hashcode(self.json)))
    json                      = out(string, from(result.json))
    minified_json             = out(string, from(result.minified_json))
    override_json             = opt(string, deprecated, length(0, 0))
    override_policy_documents = opt(list(string), syntax(json))
    policy_id                 = opt(string)
    source_json               = opt(string, deprecated, length(0, 0))
    source_policy_documents   = opt(list(string), syntax(json))
    version                   = opt(string, default("2012-10-17"), allowed("2008-10-17", "2012-10-17"))
    statement = list({
      actions       = opt(set(string))
      effect        = opt(string, default("Allow"), allowed("Allow", "Deny"))
      not_actions   = opt(set(string))
      not_resources = opt(set(string))
      resources     = opt(set(string))
      sid           = opt(string)
      condition = set({
        test     = req(string)
        values   = req(list(string))
        variable = req(string)
      })
      not_principals = set({
        identifiers = req(set(string))
        type        = req(string)
      })
      principals = set({
        identifiers = req(set(string))
        type        = req(string)
      })
    })
  }

}
