# SPDX-License-Identifier: Apache-2.0
# What the types of one service have in common. `kind` is the word that a type gives in `tags`.

service "ec2" {
  slow_down = ["RequestLimitExceeded", "Throttling", "EC2ThrottledException"]
  absent    = ["*.NotFound", "*.Malformed"]
  settling  = { codes = ["*.NotFound"], for = "2m" }       # only for objects made or named a moment ago
  page      = 1000
  tags {
    create = { TagSpecifications = tag_spec(kind, tags) }
    read   = object.Tags
    add    = { call = "CreateTags", send = { Resources = [id], Tags = added } }
    remove = { call = "DeleteTags", send = { Resources = [id], Tags = removed } }
  }
}

service "iam" {
  region    = "aws-global"
  slow_down = ["Throttling"]
  absent    = ["NoSuchEntity"]
  settling  = { codes = ["NoSuchEntity", "ConcurrentModification"], for = "2m" }
  tags { create = { Tags = tags } }                        # TagRole, TagPolicy ...: each type names its own
}

service "efs" {
  slow_down = ["ThrottlingException"]
  absent    = ["FileSystemNotFound", "MountTargetNotFound"]
  tags {
    create = { Tags = tags }
    read   = object.Tags
    add    = { call = "TagResource", send = { ResourceId = id, Tags = added } }
    remove = { call = "UntagResource", send = { ResourceId = id, TagKeys = keys(removed) } }
  }
}

service "ssm" {
  slow_down = ["ThrottlingException", "TooManyUpdates"]
  absent    = ["ParameterNotFound", "InvalidResourceId"]
  tags {
    create = { Tags = tags }
    read   = { call = "ListTagsForResource", send = { ResourceType = kind, ResourceId = id }, value = answer.TagList }
    add    = { call = "AddTagsToResource", send = { ResourceType = kind, ResourceId = id, Tags = added } }
    remove = { call = "RemoveTagsFromResource", send = { ResourceType = kind, ResourceId = id, TagKeys = keys(removed) } }
  }
}

service "sts" {}
