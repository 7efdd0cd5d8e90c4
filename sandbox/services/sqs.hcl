# SPDX-License-Identifier: Apache-2.0
# Queues: what describes them. There are no messages.

service = "sqs"

kind "queue" {
  id             = "Name"
  absent         = "AWS.SimpleQueueService.NonExistentQueue" # what SDKs make of AWS's answer
  absent_message = "The specified queue does not exist."
}

function "queue_url" {
  params = [name]
  result = "https://sqs.${region}.amazonaws.com/${account}/${name}"
}

function "queue_of" {
  params = [url]
  result = reverse(split("/", ifnull(url, "")))[0]
}

# Attributes that can be set: what they are without, and what numbers may be.
function "queue_attributes" {
  params = []
  result = {
    DelaySeconds                  = { usual = "0", from = 0, to = 900 }
    MaximumMessageSize            = { usual = "262144", from = 1024, to = 1048576 }
    MessageRetentionPeriod        = { usual = "345600", from = 60, to = 1209600 }
    ReceiveMessageWaitTimeSeconds = { usual = "0", from = 0, to = 20 }
    VisibilityTimeout             = { usual = "30", from = 0, to = 43200 }
    SqsManagedSseEnabled          = { usual = "true" }
    KmsMasterKeyId                = {}
    Policy                        = {}
    RedrivePolicy                 = {}
  }
}

# args: attributes
procedure "check_attributes" {
  each "asked" {
    in = [for name, value in ifnull(args.attributes, {}) : { name = name, value = value, rule = queue_attributes()[name] }]
    fail "InvalidAttributeName" {
      when    = asked.rule == null && asked.name != "FifoQueue"
      message = "Unknown Attribute ${asked.name}."
    }
    fail "InvalidAttributeValue" {
      when    = asked.rule.from != null && (!can(tonumber(asked.value)) || tonumber(asked.value) < asked.rule.from || tonumber(asked.value) > asked.rule.to)
      message = "Invalid value for the parameter ${asked.name}."
    }
  }
}

operation "CreateQueue" {
  fail "InvalidParameterValue" {
    when    = !can(regex("^[0-9A-Za-z_-]{1,80}$", replace(in.QueueName, "/[.]fifo$/", "")))
    message = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
  }
  fail "InvalidParameterValue" {
    when    = like(in.QueueName, "*.fifo") != (in.Attributes.FifoQueue == "true")
    message = "The queue name ${like(in.QueueName, "*.fifo") ? "can only" : "should"} end with the suffix \".fifo\" for a FIFO queue."
  }
  run "check_attributes" {
    with = { attributes = in.Attributes }
  }
  let {
    before = get("queue", in.QueueName)
    other  = before == null ? [] : [for name, value in ifnull(in.Attributes, {}) : name if before.Attributes[name] != value]
  }
  fail "QueueNameExists" {
    when    = length(other) > 0
    message = "A queue already exists with the same name and a different value for attribute ${other[0]}"
  }
  when {
    if = before == null
    create "queue" {
      id = in.QueueName
      value = {
        Attributes = merge({ for name, rule in queue_attributes() : name => rule.usual if rule.usual != null }, ifnull(in.Attributes, {}),
        { QueueArn = "arn:aws:sqs:${region}:${account}:${in.QueueName}" })
        Tags = ifnull(in.tags, {})
      }
    }
  }
  answer = { QueueUrl = queue_url(in.QueueName) }
}

operation "GetQueueUrl" {
  need "queue" {
    id = in.QueueName
  }
  answer = { QueueUrl = queue_url(queue.Name) }
  ignore = ["QueueOwnerAWSAccountId"]
}

operation "GetQueueAttributes" {
  need "queue" {
    id = queue_of(in.QueueUrl)
  }
  answer = {
    Attributes = { for name, value in merge(queue.Attributes, { ApproximateNumberOfMessages = "0", ApproximateNumberOfMessagesNotVisible = "0", ApproximateNumberOfMessagesDelayed = "0" }) :
    name => value if contains(ifnull(in.AttributeNames, []), "All") || contains(ifnull(in.AttributeNames, []), name) }
  }
}

operation "SetQueueAttributes" {
  need "queue" {
    id = queue_of(in.QueueUrl)
  }
  run "check_attributes" {
    with = { attributes = in.Attributes }
  }
  fail "InvalidAttributeName" {
    when    = in.Attributes.FifoQueue != null
    message = "Unknown Attribute FifoQueue."
  }
  update "queue" {
    set = { Attributes = { for name, value in merge(queue.Attributes, in.Attributes) : name => value if value != "" } }
  }
}

operation "ListQueues" {
  list "queue" {
    page  = 1000
    where = isblank(in.QueueNamePrefix) || like(self.Name, "${in.QueueNamePrefix}*")
  }
  answer = { QueueUrls = [for q in found : queue_url(q.Name)] }
}

operation "ListQueueTags" {
  need "queue" {
    id = queue_of(in.QueueUrl)
  }
  answer = { Tags = queue.Tags }
}

operation "TagQueue" {
  need "queue" {
    id = queue_of(in.QueueUrl)
  }
  update "queue" {
    set = { Tags = merge(queue.Tags, in.Tags) }
  }
}

operation "UntagQueue" {
  need "queue" {
    id = queue_of(in.QueueUrl)
  }
  update "queue" {
    set = { Tags = { for key, value in queue.Tags : key => value if !contains(in.TagKeys, key) } }
  }
}

operation "DeleteQueue" {
  need "queue" {
    id = queue_of(in.QueueUrl)
  }
  delete "queue" {}
}
