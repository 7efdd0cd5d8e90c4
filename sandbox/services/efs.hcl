# SPDX-License-Identifier: Apache-2.0

service = "efs"
tokens  = false # a second file system of one creation token is an error that names the first
invalid = "BadRequest"
no_page = "BadRequest"

kind "file_system" {
  prefix         = "fs-"
  id             = "FileSystemId"
  absent         = "FileSystemNotFound"
  malformed      = "BadRequest"
  absent_message = "File system '${id}' does not exist."
  shape          = "FileSystemDescription"
  view = with(self, {
    NumberOfMountTargets = length([for m in where("mount_target", { FileSystemId = self.FileSystemId }) : m if m.LifeCycleState != "deleted"])
    Name                 = one([for t in ifnull(self.Tags, []) : t.Value if t.Key == "Name"])
    Tags                 = ifnull(self.Tags, [])
  })
}

kind "mount_target" {
  prefix         = "fsmt-"
  id             = "MountTargetId"
  absent         = "MountTargetNotFound"
  malformed      = "BadRequest"
  absent_message = "Mount target '${id}' does not exist."
  shape          = "MountTargetDescription"
}

procedure "check_efs_tags" {
  fail "BadRequest" {
    when    = anytrue([for t in ifnull(args.tags, []) : startswith(lower(t.Key), "aws:")])
    message = "Tag keys starting with 'aws:' are reserved for internal use"
  }
  fail "BadRequest" {
    when    = length(ifnull(args.tags, [])) > 50
    message = "A resource can have up to 50 tags."
  }
}

operation "CreateFileSystem" {
  let {
    before = one(where("file_system", { CreationToken = in.CreationToken }))
  }
  fail "FileSystemAlreadyExists" {
    when    = before != null
    message = "File system '${before.FileSystemId}' already exists with creation token '${in.CreationToken}'"
    fields  = { ErrorCode = "FileSystemAlreadyExists", FileSystemId = ifnull(before.FileSystemId, "") }
  }
  fail "BadRequest" {
    when    = in.ThroughputMode == "provisioned" && in.ProvisionedThroughputInMibps == null
    message = "Provisioned throughput mode requires a value for ProvisionedThroughputInMibps."
  }
  fail "BadRequest" {
    when    = in.ProvisionedThroughputInMibps != null && in.ThroughputMode != "provisioned"
    message = "ProvisionedThroughputInMibps may only be given with the throughput mode provisioned."
  }
  fail "BadRequest" {
    when    = in.PerformanceMode == "maxIO" && in.ThroughputMode == "elastic"
    message = "The performance mode maxIO is not supported with the throughput mode elastic."
  }
  fail "BadRequest" {
    when    = written(in.KmsKeyId) && in.Encrypted != true
    message = "KmsKeyId may only be given with Encrypted set to true."
  }
  run "check_efs_tags" {
    with = { tags = in.Tags }
  }
  fail "UnsupportedAvailabilityZone" {
    when    = written(in.AvailabilityZoneName) && !contains(zones(), ifnull(in.AvailabilityZoneName, ""))
    message = "The requested Availability Zone '${in.AvailabilityZoneName}' is not available in this region."
  }
  when {
    if = length(all("file_system")) >= 1000
    fail "FileSystemLimitExceeded" {
      when    = length(all("file_system")) >= quota_value("L-848C634D")
      message = "The maximum number of file systems has been reached."
    }
  }
  create "file_system" {
    tags = ifnull(in.Tags, [])
    value = {
      CreationToken                = in.CreationToken
      OwnerId                      = account
      CreationTime                 = now
      LifeCycleState               = "creating"
      PerformanceMode              = ifnull(in.PerformanceMode, "generalPurpose")
      ThroughputMode               = ifnull(in.ThroughputMode, "bursting")
      ProvisionedThroughputInMibps = in.ProvisionedThroughputInMibps
      Encrypted                    = ifnull(in.Encrypted, false)
      KmsKeyId                     = in.Encrypted == true ? key_arn(in.KmsKeyId) : null
      AvailabilityZoneName         = in.AvailabilityZoneName
      AvailabilityZoneId           = in.AvailabilityZoneName == null ? null : zone_id(in.AvailabilityZoneName)
      SizeInBytes                  = { Value = 6144, ValueInIA = 0, ValueInStandard = 6144, ValueInArchive = 0 }
      FileSystemProtection         = { ReplicationOverwriteProtection = "ENABLED" }
      _lifecycle                   = []
      _backup                      = in.Backup == true ? "ENABLED" : "DISABLED"
    }
  }
  update "file_system" {
    set = { FileSystemArn = "arn:aws:elasticfilesystem:${region}:${account}:file-system/${file_system.FileSystemId}" }
  }
  later "file_system_ready" {
    after = 4
    of    = file_system
  }
  answer = view(file_system)
}

procedure "file_system_ready" {
  when {
    if = self.LifeCycleState == "creating"
    update "self" {
      set = { LifeCycleState = "available" }
    }
  }
}

operation "DescribeFileSystems" {
  when {
    if = written(in.FileSystemId)
    need "file_system" {
      id = in.FileSystemId
    }
  }
  list "file_system" {
    page  = 100
    where = (isblank(in.FileSystemId) || in.FileSystemId == self.FileSystemId) && (isblank(in.CreationToken) || in.CreationToken == self.CreationToken)
  }
  answer = { FileSystems = found, Marker = in.Marker }
}

operation "UpdateFileSystem" {
  need "file_system" {
    id = in.FileSystemId
  }
  fail "BadRequest" {
    when    = in.ThroughputMode == "provisioned" && in.ProvisionedThroughputInMibps == null && file_system.ProvisionedThroughputInMibps == null
    message = "Provisioned throughput mode requires a value for ProvisionedThroughputInMibps."
  }
  update "file_system" {
    set = {
      ThroughputMode               = ifnull(in.ThroughputMode, file_system.ThroughputMode)
      ProvisionedThroughputInMibps = ifnull(in.ThroughputMode, file_system.ThroughputMode) == "provisioned" ? ifnull(in.ProvisionedThroughputInMibps, file_system.ProvisionedThroughputInMibps) : null
    }
  }
  answer = view(file_system)
}

operation "DeleteFileSystem" {
  need "file_system" {
    id = in.FileSystemId
  }
  fail "FileSystemInUse" {
    when    = length(where("mount_target", { FileSystemId = file_system.FileSystemId })) > 0
    message = "File system '${file_system.FileSystemId}' has mount targets."
  }
  each "access_point" {
    in = where("access_point", { FileSystemId = file_system.FileSystemId })
    delete "access_point" {}
  }
  update "file_system" {
    set = { LifeCycleState = "deleting" }
  }
  later "forget" {
    after = 4
    of    = file_system
  }
}

# ---- access points

kind "access_point" {
  prefix         = "fsap-"
  id             = "AccessPointId"
  absent         = "AccessPointNotFound"
  malformed      = "BadRequest"
  absent_message = "Access point '${id}' does not exist."
  shape          = "AccessPointDescription"
  view           = with(self, { Name = one([for t in ifnull(self.Tags, []) : t.Value if t.Key == "Name"]), Tags = ifnull(self.Tags, []) })
}

operation "CreateAccessPoint" {
  need "file_system" {
    id = in.FileSystemId
  }
  let {
    before = one(where("access_point", { ClientToken = in.ClientToken }))
  }
  fail "AccessPointAlreadyExists" {
    when    = before != null
    message = "Access point '${before.AccessPointId}' already exists with client token '${in.ClientToken}'"
    fields  = { ErrorCode = "AccessPointAlreadyExists", AccessPointId = ifnull(before.AccessPointId, "") }
  }
  fail "IncorrectFileSystemLifeCycleState" {
    when    = file_system.LifeCycleState != "available"
    message = "File system '${file_system.FileSystemId}' is not available."
  }
  fail "BadRequest" {
    when    = !can(regex("^(/|(/[^/]+){1,4})$", ifnull(in.RootDirectory.Path, "/")))
    message = "The path '${ifnull(in.RootDirectory.Path, "")}' is not a valid one: it begins with / and has up to four directories."
  }
  create "access_point" {
    tags = ifnull(in.Tags, [])
    value = {
      ClientToken    = in.ClientToken
      FileSystemId   = file_system.FileSystemId
      PosixUser      = in.PosixUser
      RootDirectory  = { Path = ifnull(in.RootDirectory.Path, "/"), CreationInfo = in.RootDirectory.CreationInfo }
      OwnerId        = account
      LifeCycleState = "creating"
    }
  }
  update "access_point" {
    set = { AccessPointArn = "arn:aws:elasticfilesystem:${region}:${account}:access-point/${access_point.AccessPointId}" }
  }
  later "file_system_ready" {
    after = 2
    of    = access_point
  }
  answer = view(access_point)
  parts  = { PosixUser = ["Gid", "SecondaryGids", "Uid"] }
}

operation "DescribeAccessPoints" {
  when {
    if = written(in.AccessPointId)
    need "access_point" {
      id = in.AccessPointId
    }
  }
  when {
    if = written(in.FileSystemId)
    need "file_system" {
      id = in.FileSystemId
    }
  }
  list "access_point" {
    page  = 100
    where = (isblank(in.AccessPointId) || in.AccessPointId == self.AccessPointId) && (isblank(in.FileSystemId) || in.FileSystemId == self.FileSystemId)
  }
}

operation "DeleteAccessPoint" {
  need "access_point" {
    id = in.AccessPointId
  }
  delete "access_point" {}
}

operation "DescribeLifecycleConfiguration" {
  need "file_system" {
    id = in.FileSystemId
  }
  answer = { LifecyclePolicies = file_system._lifecycle }
}

operation "PutLifecycleConfiguration" {
  need "file_system" {
    id = in.FileSystemId
  }
  fail "BadRequest" {
    when    = anytrue([for p in in.LifecyclePolicies : length([for value in [p.TransitionToArchive, p.TransitionToIA, p.TransitionToPrimaryStorageClass] : value if value != null]) != 1])
    message = "Each LifecyclePolicy holds one transition."
  }
  fail "BadRequest" {
    when    = anytrue([for name in ["TransitionToArchive", "TransitionToIA", "TransitionToPrimaryStorageClass"] : length([for p in in.LifecyclePolicies : p if p[name] != null]) > 1])
    message = "A transition stands twice in the lifecycle policies."
  }
  update "file_system" {
    set = { _lifecycle = in.LifecyclePolicies }
  }
  answer = { LifecyclePolicies = in.LifecyclePolicies }
  parts  = { LifecyclePolicies = ["TransitionToArchive", "TransitionToIA", "TransitionToPrimaryStorageClass"] }
}

operation "DescribeBackupPolicy" {
  need "file_system" {
    id = in.FileSystemId
  }
  answer = { BackupPolicy = { Status = file_system._backup } }
}

operation "PutBackupPolicy" {
  need "file_system" {
    id = in.FileSystemId
  }
  update "file_system" {
    set = { _backup = in.BackupPolicy.Status }
  }
  answer = { BackupPolicy = { Status = file_system._backup } }
}

operation "DescribeFileSystemPolicy" {
  need "file_system" {
    id = in.FileSystemId
  }
  fail "PolicyNotFound" {
    when    = file_system._policy == null
    message = "No policy found for file system '${file_system.FileSystemId}'"
  }
  answer = { FileSystemId = file_system.FileSystemId, Policy = file_system._policy }
}

operation "PutFileSystemPolicy" {
  need "file_system" {
    id = in.FileSystemId
  }
  fail "InvalidPolicyException" {
    when    = can(jsondecode(in.Policy)) ? isblank(jsondecode(in.Policy).Statement) : true
    message = "The policy is malformed or contains an error such as a parameter value that is not valid or a missing required parameter."
  }
  update "file_system" {
    set = { _policy = in.Policy }
  }
  answer = { FileSystemId = file_system.FileSystemId, Policy = file_system._policy }
  ignore = ["BypassPolicyLockoutSafetyCheck"]
}

operation "DeleteFileSystemPolicy" {
  need "file_system" {
    id = in.FileSystemId
  }
  update "file_system" {
    set = { _policy = null }
  }
}

# ---- mount targets

operation "CreateMountTarget" {
  need "file_system" {
    id = in.FileSystemId
  }
  fail "IncorrectFileSystemLifeCycleState" {
    when    = file_system.LifeCycleState != "available"
    message = "File system '${file_system.FileSystemId}' is not in the 'available' state."
  }
  let {
    subnet = get("subnet", in.SubnetId)
    groups = isblank(in.SecurityGroups) ? [for g in where("security_group", { VpcId = ifnull(subnet.VpcId, ""), GroupName = "default" }) : g.GroupId] : in.SecurityGroups
    others = where("mount_target", { FileSystemId = file_system.FileSystemId })
  }
  fail "SubnetNotFound" {
    when    = subnet == null
    message = "The subnet ID '${in.SubnetId}' does not exist"
  }
  fail "SecurityGroupNotFound" {
    when    = anytrue([for g in groups : get("security_group", g) == null || get("security_group", g).VpcId != subnet.VpcId])
    message = "One or more of the security groups do not exist in the VPC of the subnet"
  }
  fail "MountTargetConflict" {
    when    = anytrue([for m in others : m.AvailabilityZoneName == subnet.AvailabilityZone])
    message = "mount target already exists in this AZ"
  }
  fail "MountTargetConflict" {
    when    = anytrue([for m in others : m.VpcId != subnet.VpcId])
    message = "requested subnet for new mount target is not in the same VPC as existing mount targets"
  }
  fail "BadRequest" {
    when    = written(in.IpAddress) && !cidr_within("${ifnull(in.IpAddress, "")}/32", subnet.CidrBlock)
    message = "Address ${in.IpAddress} does not fall within the subnet's address range"
  }
  fail "BadRequest" {
    when    = written(in.IpAddress) && is_reserved_address(in.IpAddress, subnet.CidrBlock)
    message = "Address ${in.IpAddress} is in subnet's reserved address range"
  }
  fail "SecurityGroupLimitExceeded" {
    when    = length(groups) > 5
    message = "The maximum number of security groups per mount target is 5"
  }
  fail "IpAddressInUse" {
    when    = written(in.IpAddress) && count("network_interface", { SubnetId = subnet.SubnetId, PrivateIpAddress = in.IpAddress }) > 0
    message = "Address ${in.IpAddress} is in use"
  }
  fail "NoFreeAddressesInSubnet" {
    when    = isblank(in.IpAddress) && view(subnet).AvailableIpAddressCount < 1
    message = "The specified subnet has no free IP addresses"
  }
  create "mount_target" {
    value = {
      FileSystemId         = file_system.FileSystemId
      SubnetId             = subnet.SubnetId
      VpcId                = subnet.VpcId
      AvailabilityZoneName = subnet.AvailabilityZone
      AvailabilityZoneId   = subnet.AvailabilityZoneId
      OwnerId              = account
      LifeCycleState       = "creating"
    }
  }
  run "new_interface" {
    of = subnet
    with = {
      owner = mount_target.MountTargetId, type = "efs", groups = groups, address = in.IpAddress
      description = "EFS mount target for ${file_system.FileSystemId} (${mount_target.MountTargetId})"
    }
  }
  let {
    interface = one(where("network_interface", { _owner = mount_target.MountTargetId }))
  }
  update "mount_target" {
    set = { IpAddress = interface.PrivateIpAddress, NetworkInterfaceId = interface.NetworkInterfaceId }
  }
  let {
    stuck = fault("mount-target-stuck", mount_target)
  }
  when {
    if = stuck == null || stuck.seconds != null
    later "mount_target_ready" {
      after = stuck == null ? 80 : stuck.seconds
      real  = stuck != null
      of    = mount_target
    }
  }
  answer = mount_target
}

procedure "mount_target_ready" {
  when {
    if = self.LifeCycleState == "creating"
    update "self" {
      set = { LifeCycleState = "available" }
    }
  }
}

operation "DescribeMountTargets" {
  fail "BadRequest" {
    when    = isblank(in.FileSystemId) && isblank(in.MountTargetId)
    message = "one of File System ID, Mount Target ID or Access Point ID must be specified"
  }
  when {
    if = written(in.FileSystemId)
    need "file_system" {
      id = in.FileSystemId
    }
  }
  when {
    if = written(in.MountTargetId)
    need "mount_target" {
      id = in.MountTargetId
    }
  }
  list "mount_target" {
    page  = 100
    where = (isblank(in.FileSystemId) || in.FileSystemId == self.FileSystemId) && (isblank(in.MountTargetId) || in.MountTargetId == self.MountTargetId)
  }
  answer = { MountTargets = found, Marker = in.Marker }
}

operation "DescribeMountTargetSecurityGroups" {
  need "mount_target" {
    id = in.MountTargetId
  }
  answer = { SecurityGroups = get("network_interface", mount_target.NetworkInterfaceId)._groups }
}

operation "ModifyMountTargetSecurityGroups" {
  need "mount_target" {
    id = in.MountTargetId
  }
  fail "SecurityGroupNotFound" {
    when    = anytrue([for g in ifnull(in.SecurityGroups, []) : get("security_group", g) == null])
    message = "One or more of the security groups do not exist"
  }
  update {
    of  = get("network_interface", mount_target.NetworkInterfaceId)
    set = { _groups = in.SecurityGroups }
  }
}

operation "DeleteMountTarget" {
  need "mount_target" {
    id = in.MountTargetId
  }
  update "mount_target" {
    set = { LifeCycleState = "deleting" }
  }
  later "mount_target_gone" {
    after = 15
    of    = mount_target
  }
}

procedure "mount_target_gone" {
  run "free_interfaces" {
    with = { interfaces = where("network_interface", { _owner = self.MountTargetId }) }
  }
  delete "self" {}
}

# ---- tags

operation "ListTagsForResource" {
  need "file_system" {
    id = in.ResourceId
  }
  fail "NotImplemented" {
    when    = in.MaxResults != null && in.MaxResults < length(ifnull(file_system.Tags, []))
    message = "The sandbox cloud lists all tags of a resource at once."
    status  = 501
  }
  answer = { Tags = ifnull(file_system.Tags, []) }
}

operation "TagResource" {
  need "file_system" {
    id = in.ResourceId
  }
  run "check_efs_tags" {
    with = { tags = add_tags(file_system.Tags, in.Tags) }
  }
  update "file_system" {
    set = { Tags = add_tags(file_system.Tags, in.Tags) }
  }
}

operation "UntagResource" {
  need "file_system" {
    id = in.ResourceId
  }
  update "file_system" {
    set = { Tags = [for t in ifnull(file_system.Tags, []) : t if !contains(in.TagKeys, t.Key)] }
  }
}

operation "UpdateFileSystemProtection" {
  need "file_system" {
    id = in.FileSystemId
  }
  update "file_system" {
    set = { FileSystemProtection = { ReplicationOverwriteProtection = ifnull(in.ReplicationOverwriteProtection, file_system.FileSystemProtection.ReplicationOverwriteProtection) } }
  }
  answer = file_system.FileSystemProtection
}
