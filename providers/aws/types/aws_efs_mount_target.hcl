# SPDX-License-Identifier: Apache-2.0
type "aws_efs_mount_target" {
  service  = "efs"
  key      = { MountTargetId = id }
  settle   = find(object.SubnetId == self.subnet_id)
  serial   = self.file_system_id
  timeouts = { create = "30m", delete = "10m" }

  schema {
    availability_zone_id   = out(string)
    availability_zone_name = out(string)
    dns_name               = out(string, from("${self.file_system_id}.efs.${region}.${dns_suffix}"))
    file_system_arn        = out(string, from("arn:${partition}:elasticfilesystem:${region}:${account}:file-system/${self.file_system_id}"))
    file_system_id         = req(string, replace)
    ip_address             = opt(string, computed, replace, syntax(ipv4))
    mount_target_dns_name  = out(string, from("${self.availability_zone_name}.${self.file_system_id}.efs.${region}.${dns_suffix}"))
    network_interface_id   = out(string)
    owner_id               = out(string)
    security_groups        = opt(set(string), computed, from(part.groups.SecurityGroups))
    subnet_id              = req(string, replace)
  }

  read {
    call    = "DescribeMountTargets"
    send    = isblank(self.file_system_id) ? { MountTargetId = id } : { FileSystemId = self.file_system_id }
    objects = answer.MountTargets
    by      = group(self.file_system_id)
    gone    = contains(["deleting", "deleted"], object.LifeCycleState)
    absent  = ["MountTargetNotFound", "FileSystemNotFound"]
    part "groups" {
      for  = [security_groups]
      call = "DescribeMountTargetSecurityGroups"
    }
  }
  create = [
    { call = "CreateMountTarget", id = answer.MountTargetId, adopt = ["MountTargetConflict"] },
    { until = object.LifeCycleState == "available", fails = object.LifeCycleState == "error" },
  ]
  update "groups" {
    of = [security_groups]
    do = [{ call = "ModifyMountTargetSecurityGroups" }]
  }
  delete = [
    { call = "DeleteMountTarget" },
    { until = object == null || object.LifeCycleState == "deleted" }, # until then another one in its zone would be a conflict
  ]
}
