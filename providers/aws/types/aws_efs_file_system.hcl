# SPDX-License-Identifier: Apache-2.0
type "aws_efs_file_system" {
  service = "efs"
  key     = { FileSystemId = id }
  settle  = find(object.CreationToken == self.creation_token)
  tags    = "file-system"

  schema {
    arn                             = out(string, from(object.FileSystemArn))
    availability_zone_id            = out(string)
    availability_zone_name          = opt(string, computed, replace, length(1, null))
    creation_token                  = opt(string, computed, replace, token, length(0, 64))
    dns_name                        = out(string, from("${id}.efs.${region}.${dns_suffix}"))
    encrypted                       = opt(bool, computed, replace)
    kms_key_id                      = opt(string, computed, replace, syntax(arn))
    name                            = out(string, from(object.Name))
    number_of_mount_targets         = out(number)
    owner_id                        = out(string)
    performance_mode                = opt(string, computed, replace, allowed("generalPurpose", "maxIO"))
    provisioned_throughput_in_mibps = opt(number, zero, at(ProvisionedThroughputInMibps))
    size_in_bytes                   = out(list(object({ value = number, value_in_ia = number, value_in_standard = number })), from([{ value = object.SizeInBytes.Value, value_in_ia = object.SizeInBytes.ValueInIA, value_in_standard = object.SizeInBytes.ValueInStandard }]))
    throughput_mode                 = opt(string, default("bursting"), allowed("bursting", "provisioned", "elastic"))
    lifecycle_policy = list({
      transition_to_archive               = opt(string, allowed("AFTER_1_DAY", "AFTER_7_DAYS", "AFTER_14_DAYS", "AFTER_30_DAYS", "AFTER_60_DAYS", "AFTER_90_DAYS", "AFTER_180_DAYS", "AFTER_270_DAYS", "AFTER_365_DAYS"))
      transition_to_ia                    = opt(string, at(TransitionToIA), allowed("AFTER_7_DAYS", "AFTER_14_DAYS", "AFTER_30_DAYS", "AFTER_60_DAYS", "AFTER_90_DAYS", "AFTER_1_DAY", "AFTER_180_DAYS", "AFTER_270_DAYS", "AFTER_365_DAYS"))
      transition_to_primary_storage_class = opt(string, allowed("AFTER_1_ACCESS"))
    }, max(3), to(none), from(part.lifecycle.LifecyclePolicies))
    protection = one({
      replication_overwrite = opt(string, computed, at(ReplicationOverwriteProtection), allowed("ENABLED", "DISABLED"))
    }, computed, to(none), from(object.FileSystemProtection))
  }

  read {
    call    = "DescribeFileSystems"                        # takes one id or none: a list is read whole
    objects = answer.FileSystems
    by      = all()
    few     = 3
    one {
      call   = "DescribeFileSystems"
      object = answer.FileSystems[0]
    }
    gone    = contains(["deleting", "deleted"], object.LifeCycleState)
    part "lifecycle" {
      for  = [lifecycle_policy]
      call = "DescribeLifecycleConfiguration"
    }
  }
  create = [
    { call = "CreateFileSystem", id = answer.FileSystemId, adopt = [{ code = "FileSystemAlreadyExists", id = error.FileSystemId }] },
    { until = object.LifeCycleState == "available", fails = object.LifeCycleState == "error" },
  ]
  update "throughput" {
    of = [throughput_mode, provisioned_throughput_in_mibps]
    do = [
      { call = "UpdateFileSystem" },
      { until = object.LifeCycleState == "available" },
    ]
  }
  update "protection" {
    of = [protection]
    on = [create, update]
    do = [{ call = "UpdateFileSystemProtection", send = { ReplicationOverwriteProtection = self.protection.replication_overwrite } }]
  }
  update "lifecycle" {
    of = [lifecycle_policy]
    on = [create, update]
    do = [{ call = "PutLifecycleConfiguration", send = { LifecyclePolicies = self.lifecycle_policy } }]
  }
  delete = [
    { call = "DeleteFileSystem", retry = ["FileSystemInUse"] },
    { until = gone },
  ]
}
