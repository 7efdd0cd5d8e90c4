# SPDX-License-Identifier: Apache-2.0
# Groups of logs: a second call sets what the first one does not take.

service "logs" {
  slow_down = ["ThrottlingException"]
  absent    = ["ResourceNotFoundException"]
  tags {
    create = { tags = tags }
    read   = { call = "ListTagsForResource", send = { resourceArn = self.arn }, value = answer.tags }
    add    = { call = "TagResource", send = { resourceArn = self.arn, tags = added } }
    remove = { call = "UntagResource", send = { resourceArn = self.arn, tagKeys = keys(removed) } }
  }
}

type "aws_cloudwatch_log_group" {
  service = "logs"
  key     = { logGroupName = id }
  named   = name
  arn     = "arn:${partition}:logs:${region}:${account}:log-group:${id}"
  settle  = name(self.name)
  tags    = "log-group"

  schema {
    kms_key_id        = opt(string, syntax(arn))
    log_group_class   = opt(string, computed, replace, allowed("STANDARD", "INFREQUENT_ACCESS", "DELIVERY"))
    name              = opt(string, computed, replace, at(logGroupName), length(1, 512), pattern("^[0-9A-Za-z_./#-]+$", "made of letters, digits and any of _./#-"))
    name_prefix       = opt(string, computed, replace, length(1, 483))
    retention_in_days = opt(number, default(0), to(none), allowed(0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653))
    skip_destroy      = opt(bool, default(false), local)
  }

  read {
    call    = "DescribeLogGroups"
    send    = { logGroupNamePrefix = id }
    objects = answer.logGroups
    by      = each()
  }

  create = [{ call = "CreateLogGroup", id = self.name, adopt = ["ResourceAlreadyExistsException"] }]

  update "retention" {
    of = [retention_in_days]
    on = [create, update]
    do = [
      { call = "PutRetentionPolicy", when = self.retention_in_days != 0, send = { retentionInDays = self.retention_in_days } },
      { call = "DeleteRetentionPolicy", when = self.retention_in_days == 0 && prior != null },
    ]
  }
  update "key" {
    of = [kms_key_id]
    do = [
      { call = "AssociateKmsKey", when = written(self.kms_key_id), send = { kmsKeyId = self.kms_key_id } },
      { call = "DisassociateKmsKey", when = !written(self.kms_key_id) },
    ]
  }

  delete = [{ call = "DeleteLogGroup", when = self.skip_destroy != true }]
}
