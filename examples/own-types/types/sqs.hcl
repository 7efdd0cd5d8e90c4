# SPDX-License-Identifier: Apache-2.0
# Queues, as a project may add them: what the service's types share, and one type.

service "sqs" {
  slow_down = ["RequestThrottled", "ThrottlingException"]
  absent    = ["QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue"]
  tags {
    create = { tags = tags }
    read   = { call = "ListQueueTags", value = answer.Tags }
    add    = { call = "TagQueue", send = { Tags = added } }
    remove = { call = "UntagQueue", send = { TagKeys = keys(removed) } }
  }
}

type "aws_sqs_queue" {
  service  = "sqs"
  key      = { QueueUrl = id }
  named    = name
  settle   = repeat # the same name with the same attributes is the same queue
  tags     = "queue"
  timeouts = { create = "3m", update = "3m", delete = "3m" }

  schema {
    arn                        = out(string, from(object.Attributes.QueueArn))
    delay_seconds              = opt(number, default(0), to(none), from(object.Attributes.DelaySeconds), range(0, 900))
    fifo_queue                 = opt(bool, default(false), replace, to(none), from(object.Attributes.FifoQueue))
    kms_master_key_id          = opt(string, to(none), from(object.Attributes.KmsMasterKeyId))
    max_message_size           = opt(number, default(262144), to(none), from(object.Attributes.MaximumMessageSize), range(1024, 262144))
    message_retention_seconds  = opt(number, default(345600), to(none), from(object.Attributes.MessageRetentionPeriod), range(60, 1209600))
    name                       = opt(string, computed, replace, at(QueueName), from(reverse(split("/", id))[0]), check(endswith(value, ".fifo") == (self.fifo_queue == true), "a name that ends with .fifo if fifo_queue is true, and only then"))
    name_prefix                = opt(string, computed, replace)
    policy                     = opt(string, computed, to(none), from(object.Attributes.Policy), same(iam_policy), form(json), syntax(policy))
    receive_wait_time_seconds  = opt(number, default(0), to(none), from(object.Attributes.ReceiveMessageWaitTimeSeconds), range(0, 20))
    redrive_policy             = opt(string, computed, to(none), from(object.Attributes.RedrivePolicy), same(json), syntax(json))
    url                        = out(string, from(id))
    visibility_timeout_seconds = opt(number, default(30), to(none), from(object.Attributes.VisibilityTimeout), range(0, 43200))
  }

  let {
    attributes = {
      DelaySeconds                  = tostring(self.delay_seconds)
      KmsMasterKeyId                = self.kms_master_key_id
      MaximumMessageSize            = tostring(self.max_message_size)
      MessageRetentionPeriod        = tostring(self.message_retention_seconds)
      Policy                        = blank(self.policy)
      ReceiveMessageWaitTimeSeconds = tostring(self.receive_wait_time_seconds)
      RedrivePolicy                 = blank(self.redrive_policy)
      VisibilityTimeout             = tostring(self.visibility_timeout_seconds)
    }
  }

  read {
    call   = "GetQueueAttributes"
    send   = { AttributeNames = ["All"] }
    object = answer
  }

  create = [
    {
      call  = "CreateQueue"
      id    = answer.QueueUrl
      retry = [{ code = "QueueDeletedRecently", for = "90s" }]
      send  = { Attributes = merge(attributes, self.fifo_queue == true ? { FifoQueue = "true" } : {}) }
    },
    { until = object != null },
  ]

  update "attributes" {
    of = [delay_seconds, kms_master_key_id, max_message_size, message_retention_seconds, policy, receive_wait_time_seconds, redrive_policy, visibility_timeout_seconds]
    do = [{ call = "SetQueueAttributes", send = { Attributes = attributes } }]
  }

  delete = [{ call = "DeleteQueue" }]
}
