# SPDX-License-Identifier: Apache-2.0
# Groups of logs: what describes them. There are no logs.

service = "logs"
invalid = "InvalidParameterException"
no_page = "InvalidParameterException"

kind "log_group" {
  id             = "logGroupName"
  absent         = "ResourceNotFoundException"
  absent_message = "The specified log group does not exist."
  shape          = "LogGroup"
}

function "log_group_of" {
  params = [arn]
  result = replace(ifnull(arn, ""), "/^arn:aws:logs:[^:]*:[^:]*:log-group:|:[*]$/", "")
}

operation "CreateLogGroup" {
  fail "InvalidParameterException" {
    when    = !can(regex("^[0-9A-Za-z_./#-]{1,512}$", in.logGroupName))
    message = "1 validation error detected: Value '${in.logGroupName}' at 'logGroupName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+"
  }
  fail "ResourceAlreadyExistsException" {
    when    = get("log_group", in.logGroupName) != null
    message = "The specified log group already exists"
  }
  create "log_group" {
    id = in.logGroupName
    value = {
      arn               = "arn:aws:logs:${region}:${account}:log-group:${in.logGroupName}:*"
      logGroupArn       = "arn:aws:logs:${region}:${account}:log-group:${in.logGroupName}"
      logGroupClass     = ifnull(in.logGroupClass, "STANDARD")
      kmsKeyId          = in.kmsKeyId
      metricFilterCount = 0
      storedBytes       = 0
      _tags             = ifnull(in.tags, {})
    }
  }
}

operation "DescribeLogGroups" {
  list "log_group" {
    page  = 50
    where = isblank(in.logGroupNamePrefix) || like(self.logGroupName, "${in.logGroupNamePrefix}*")
  }
  answer = { logGroups = found }
}

operation "PutRetentionPolicy" {
  need "log_group" {
    id = in.logGroupName
  }
  fail "InvalidParameterException" {
    when    = !contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], in.retentionInDays)
    message = "Invalid retention value. Please refer to the documentation for valid values."
  }
  update "log_group" {
    set = { retentionInDays = in.retentionInDays }
  }
}

operation "DeleteRetentionPolicy" {
  need "log_group" {
    id = in.logGroupName
  }
  update "log_group" {
    set = { retentionInDays = null }
  }
}

operation "ListTagsForResource" {
  need "log_group" {
    id = log_group_of(in.resourceArn)
  }
  answer = { tags = log_group._tags }
}

operation "TagResource" {
  need "log_group" {
    id = log_group_of(in.resourceArn)
  }
  update "log_group" {
    set = { _tags = merge(log_group._tags, in.tags) }
  }
}

operation "UntagResource" {
  need "log_group" {
    id = log_group_of(in.resourceArn)
  }
  update "log_group" {
    set = { _tags = { for key, value in log_group._tags : key => value if !contains(in.tagKeys, key) } }
  }
}

operation "DeleteLogGroup" {
  need "log_group" {
    id = in.logGroupName
  }
  delete "log_group" {}
}
