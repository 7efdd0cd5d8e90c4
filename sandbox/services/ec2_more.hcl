# SPDX-License-Identifier: Apache-2.0
# What can be changed of an instance, its profile, snapshots.

service = "ec2"

# ---- instance profiles of instances

function "profile_association" {
  params = [i]
  result = { AssociationId = i._profile_association, InstanceId = i.InstanceId, IamInstanceProfile = i.IamInstanceProfile, State = "associated" }
}

function "profile_of" {
  params = [asked]
  result = written(asked.Name) ? get("iam_instance_profile", asked.Name) : one([for p in all("iam_instance_profile") : p if p.Arn == asked.Arn])
}

operation "DescribeIamInstanceProfileAssociations" {
  let {
    lost    = [for id in ifnull(in.AssociationIds, []) : id if count("instance", { _profile_association = id }) == 0]
    unknown = [for f in ifnull(in.Filters, []) : f.Name if !contains(["instance-id", "state"], f.Name)]
  }
  fail "InvalidParameterValue" {
    when    = length(unknown) > 0
    message = "The filter '${one(unknown)}' is invalid"
  }
  fail "InvalidAssociationID.NotFound" {
    when    = length(lost) > 0
    message = "An invalid association-id of '${one(lost)}' was given"
  }
  answer = {
    IamInstanceProfileAssociations = [for i in all("instance") : profile_association(i) if i.IamInstanceProfile != null && i.State.Name != "terminated"
      && (isblank(in.AssociationIds) || contains(ifnull(in.AssociationIds, []), i._profile_association))
    && alltrue([for f in ifnull(in.Filters, []) : anytrue([for v in f.Values : like(f.Name == "state" ? "associated" : i.InstanceId, v)])])]
  }
}

operation "AssociateIamInstanceProfile" {
  need "instance" {
    id = in.InstanceId
  }
  let {
    profile = profile_of(in.IamInstanceProfile)
  }
  fail "InvalidParameterValue" {
    when    = profile == null
    message = "Value (${ifnull(in.IamInstanceProfile.Name, in.IamInstanceProfile.Arn)}) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"
  }
  fail "IncorrectState" {
    when    = instance.IamInstanceProfile != null
    message = "There is an existing association for instance ${instance.InstanceId}"
  }
  update "instance" {
    set = { IamInstanceProfile = { Arn = profile.Arn, Id = profile.InstanceProfileId }, _profile_association = new_id("iip-assoc-") }
  }
  run "new_credentials" {
    of = instance
  }
  answer = { IamInstanceProfileAssociation = profile_association(instance) }
}

operation "ReplaceIamInstanceProfileAssociation" {
  let {
    instance = one(where("instance", { _profile_association = in.AssociationId }))
    profile  = profile_of(in.IamInstanceProfile)
  }
  fail "InvalidAssociationID.NotFound" {
    when    = instance == null
    message = "An invalid association-id of '${in.AssociationId}' was given"
  }
  fail "InvalidParameterValue" {
    when    = profile == null
    message = "Value (${ifnull(in.IamInstanceProfile.Name, in.IamInstanceProfile.Arn)}) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name"
  }
  update "instance" {
    set = { IamInstanceProfile = { Arn = profile.Arn, Id = profile.InstanceProfileId }, _profile_association = new_id("iip-assoc-") }
  }
  run "new_credentials" {
    of = instance
  }
  answer = { IamInstanceProfileAssociation = profile_association(instance) }
}

operation "DisassociateIamInstanceProfile" {
  let {
    instance = one(where("instance", { _profile_association = in.AssociationId }))
    before   = profile_association(instance)
  }
  fail "InvalidAssociationID.NotFound" {
    when    = instance == null
    message = "An invalid association-id of '${in.AssociationId}' was given"
  }
  update "instance" {
    set = { IamInstanceProfile = null, _profile_association = null, _session = null }
  }
  answer = { IamInstanceProfileAssociation = with(before, { State = "disassociating" }) }
}

# ---- settings of instances

operation "MonitorInstances" {
  each "one_of" {
    in = [for id in in.InstanceIds : { id = id }]
    need "instance" {
      id = one_of.id
    }
    update "instance" {
      set = { Monitoring = { State = "enabled" } }
    }
  }
  answer = { InstanceMonitorings = [for id in in.InstanceIds : { InstanceId = id, Monitoring = { State = "pending" } }] }
}

operation "UnmonitorInstances" {
  each "one_of" {
    in = [for id in in.InstanceIds : { id = id }]
    need "instance" {
      id = one_of.id
    }
    update "instance" {
      set = { Monitoring = { State = "disabled" } }
    }
  }
  answer = { InstanceMonitorings = [for id in in.InstanceIds : { InstanceId = id, Monitoring = { State = "disabling" } }] }
}

operation "ModifyInstanceCreditSpecification" {
  each "asked" {
    in = in.InstanceCreditSpecifications
    need "instance" {
      id = asked.InstanceId
    }
    fail "InvalidParameterValue" {
      when    = !like(instance.InstanceType, "t*")
      message = "The instance type '${instance.InstanceType}' does not support CPU credits."
    }
    update "instance" {
      set = { _credits = asked.CpuCredits }
    }
  }
  answer = { SuccessfulInstanceCreditSpecifications = [for a in in.InstanceCreditSpecifications : { InstanceId = a.InstanceId }], UnsuccessfulInstanceCreditSpecifications = [] }
  parts  = { InstanceCreditSpecifications = ["CpuCredits", "InstanceId"] }
}

operation "ModifyInstanceMaintenanceOptions" {
  need "instance" {
    id = in.InstanceId
  }
  update "instance" {
    set = { MaintenanceOptions = { AutoRecovery = ifnull(in.AutoRecovery, instance.MaintenanceOptions.AutoRecovery) } }
  }
  answer = { InstanceId = instance.InstanceId, AutoRecovery = instance.MaintenanceOptions.AutoRecovery }
}

operation "ModifyPrivateDnsNameOptions" {
  need "instance" {
    id = in.InstanceId
  }
  update "instance" {
    set = {
      PrivateDnsNameOptions = {
        HostnameType                    = ifnull(in.PrivateDnsHostnameType, instance.PrivateDnsNameOptions.HostnameType)
        EnableResourceNameDnsARecord    = ifnull(in.EnableResourceNameDnsARecord, instance.PrivateDnsNameOptions.EnableResourceNameDnsARecord)
        EnableResourceNameDnsAAAARecord = ifnull(in.EnableResourceNameDnsAAAARecord, instance.PrivateDnsNameOptions.EnableResourceNameDnsAAAARecord)
      }
    }
  }
  answer = { Return = true }
}

operation "ModifyInstanceCapacityReservationAttributes" {
  need "instance" {
    id = in.InstanceId
  }
  update "instance" {
    set = { CapacityReservationSpecification = in.CapacityReservationSpecification }
  }
  answer = { Return = true }
  parts  = { CapacityReservationSpecification = ["CapacityReservationPreference"] }
}

operation "GetPasswordData" {
  need "instance" {
    id = in.InstanceId
  }
  answer = { InstanceId = instance.InstanceId, Timestamp = now, PasswordData = "" }
}

# ---- snapshots

kind "snapshot" {
  prefix         = "snap-"
  id             = "SnapshotId"
  absent         = "InvalidSnapshot.NotFound"
  malformed      = "InvalidParameterValue"
  absent_message = "The snapshot '${id}' does not exist."
  tags           = "snapshot"
  shape          = "Snapshot"
  filters {
    status = self.State
  }
}

operation "CreateSnapshot" {
  need "volume" {
    id = in.VolumeId
  }
  create "snapshot" {
    value = {
      VolumeId    = volume.VolumeId
      VolumeSize  = volume.Size
      State       = "pending"
      Progress    = ""
      StartTime   = now
      OwnerId     = account
      Encrypted   = volume.Encrypted
      KmsKeyId    = volume.KmsKeyId
      Description = ifnull(in.Description, "")
      StorageTier = "standard"
    }
  }
  later "snapshot_ready" {
    after = 60
    of    = snapshot
  }
  answer = snapshot
}

procedure "snapshot_ready" {
  update "self" {
    set = { State = "completed", Progress = "100%", CompletionTime = now }
  }
}

operation "DescribeSnapshots" {
  list "snapshot" {
    ids   = in.SnapshotIds
    where = isblank(in.OwnerIds) || anytrue([for o in ifnull(in.OwnerIds, []) : o == self.OwnerId || o == "self"])
  }
  ignore = ["RestorableByUserIds"]
}

operation "DeleteSnapshot" {
  need "snapshot" {
    id = in.SnapshotId
  }
  delete "snapshot" {}
}

# ---- where instances stand

operation "ModifyInstancePlacement" {
  need "instance" {
    id = in.InstanceId
  }
  fail "MissingParameter" {
    when    = isblank(in.Tenancy) && in.GroupName == null
    message = "The request must contain one of tenancy, affinity, hostId, groupName and partitionNumber"
  }
  fail "IncorrectInstanceState" {
    when    = instance.State.Name != "stopped"
    message = "The instance '${instance.InstanceId}' is not in the 'stopped' state."
  }
  update "instance" {
    set = { Placement = with(instance.Placement, { Tenancy = ifnull(in.Tenancy, instance.Placement.Tenancy), GroupName = in.GroupName == null ? instance.Placement.GroupName : in.GroupName }) }
  }
  answer = { Return = true }
}
