# SPDX-License-Identifier: Apache-2.0
# Images, instances and volumes.

service = "ec2"

# ---- images

kind "image" {
  prefix         = "ami-"
  id             = "ImageId"
  absent         = "InvalidAMIID.NotFound"
  malformed      = "InvalidAMIID.Malformed"
  absent_message = "The image id '[${id}]' does not exist"
  tags           = "image"
  shape          = "Image"
  filters {
    block-device-mapping_delete-on-termination = "BlockDeviceMappings.Ebs.DeleteOnTermination"
    block-device-mapping_encrypted             = "BlockDeviceMappings.Ebs.Encrypted"
    block-device-mapping_snapshot-id           = "BlockDeviceMappings.Ebs.SnapshotId"
    block-device-mapping_volume-size           = "BlockDeviceMappings.Ebs.VolumeSize"
    block-device-mapping_volume-type           = "BlockDeviceMappings.Ebs.VolumeType"
    is-public                                  = "Public"
    manifest-location                          = "ImageLocation"
    owner-alias                                = "ImageOwnerAlias"
    product-code                               = null
    product-code_type                          = null
    state-reason-code                          = null
    state-reason-message                       = null
  }
}

function "image_id" {
  params = [name]
  result = "ami-${substr(sha256("${region} ${name}"), 0, 17)}"
}

# Names as their makers give them, with the owner and what the root volume holds.
function "images" {
  params = []
  result = flatten([
    [for release in [["jammy", "22.04", "20240927"], ["jammy", "22.04", "20240701"], ["noble", "24.04", "20240927"], ["focal", "20.04", "20240926"]] : [
      for arch in ["amd64", "arm64"] : {
        name  = "ubuntu/images/hvm-ssd${release[0] == "noble" ? "-gp3" : ""}/ubuntu-${release[0]}-${release[1]}-${arch}-server-${release[2]}"
        owner = "099720109477", alias = null, date = release[2], arch = arch == "amd64" ? "x86_64" : "arm64", root = "/dev/sda1", size = 8
      }
    ]],
    [for arch in ["amd64", "arm64"] : {
      name = "debian-12-${arch}-20241004-1890", owner = "136693071363", alias = null, date = "20241004", arch = arch == "amd64" ? "x86_64" : "arm64", root = "/dev/xvda", size = 8
    }],
    [for arch in ["x86_64", "arm64"] : [
      { name = "al2023-ami-2023.5.20241001.1-kernel-6.1-${arch}", owner = "137112412989", alias = "amazon", date = "20241001", arch = arch, root = "/dev/xvda", size = 8 },
      { name = "amzn2-ami-hvm-2.0.20241001.0-${arch}-gp2", owner = "137112412989", alias = "amazon", date = "20241001", arch = arch, root = "/dev/xvda", size = 8 },
    ]],
    [for image in [
      ["Deep Learning AMI Habana PyTorch 1.13.1 SynapseAI 1.8.0 (Ubuntu 20.04) 20230327", "20230327", 100],
      ["Deep Learning OSS Nvidia Driver AMI GPU PyTorch 2.4.1 (Ubuntu 22.04) 20241016", "20241016", 45],
      ["Deep Learning Proprietary Nvidia Driver AMI GPU PyTorch 2.3.1 (Ubuntu 20.04) 20240714", "20240714", 45],
      ["Deep Learning AMI Neuron (Ubuntu 22.04) 20241027", "20241027", 60],
      ["Deep Learning Base OSS Nvidia Driver GPU AMI (Ubuntu 22.04) 20241018", "20241018", 50],
    ] : { name = image[0], owner = "898082745236", alias = "amazon", date = image[1], arch = "x86_64", root = "/dev/sda1", size = image[2] }],
  ])
}

procedure "make_images" {
  each "image" {
    in = images()
    create "image" "made" {
      id   = image_id(image.name)
      tags = []
      value = {
        Name               = image.name
        Description        = image.name
        ImageLocation      = "${image.alias == null ? image.owner : image.alias}/${image.name}"
        ImageOwnerAlias    = image.alias
        OwnerId            = image.owner
        CreationDate       = "${substr(image.date, 0, 4)}-${substr(image.date, 4, 2)}-${substr(image.date, 6, 2)}T08:00:00.000Z"
        State              = "available"
        Public             = true
        Architecture       = image.arch
        ImageType          = "machine"
        PlatformDetails    = "Linux/UNIX"
        UsageOperation     = "RunInstances"
        VirtualizationType = "hvm"
        Hypervisor         = "xen"
        EnaSupport         = true
        SriovNetSupport    = "simple"
        RootDeviceType     = "ebs"
        RootDeviceName     = image.root
        BlockDeviceMappings = [{
          DeviceName = image.root
          Ebs = { DeleteOnTermination = true, Encrypted = false, SnapshotId = "snap-${substr(sha256("${region} ${image.name} root"), 0, 17)}", VolumeSize = image.size, VolumeType = image.alias == null ? "gp2" : "gp3" }
        }]
      }
    }
  }
}

operation "DescribeImages" {
  list "image" {
    ids   = in.ImageIds
    where = (isblank(in.ExecutableUsers) || contains(ifnull(in.ExecutableUsers, []), "all")) && (isblank(in.Owners) || anytrue([for o in ifnull(in.Owners, []) : o == self.OwnerId || o == self.ImageOwnerAlias || (o == "self" && self.OwnerId == account)]))
  }
  ignore = ["IncludeDeprecated", "IncludeDisabled"]
}

# ---- instances

kind "instance" {
  prefix    = "i-"
  id        = "InstanceId"
  noun      = "instance ID"
  absent    = "InvalidInstanceID.NotFound"
  malformed = "InvalidInstanceID.Malformed"
  tags      = "instance"
  shape     = "Instance"
  view      = with(self, instance_view(view(one(where("network_interface", { _instance = self.InstanceId }))), where("volume", { _instance = self.InstanceId })))
  filters {
    instance-state-name = self.State.Name
    instance-state-code = self.State.Code
    availability-zone   = self.Placement.AvailabilityZone
    tenancy             = self.Placement.Tenancy
    reservation-id      = self._reservation
    affinity                                                     = "Placement.Affinity"
    availability-zone-id                                         = zone_id(self.Placement.AvailabilityZone)
    block-device-mapping_attach-time                             = "BlockDeviceMappings.Ebs.AttachTime"
    block-device-mapping_delete-on-termination                   = "BlockDeviceMappings.Ebs.DeleteOnTermination"
    block-device-mapping_status                                  = "BlockDeviceMappings.Ebs.Status"
    block-device-mapping_volume-id                               = "BlockDeviceMappings.Ebs.VolumeId"
    host-id                                                      = "Placement.HostId"
    instance_group-id                                            = "SecurityGroups.GroupId"
    instance_group-name                                          = "SecurityGroups.GroupName"
    launch-index                                                 = "AmiLaunchIndex"
    metadata-options_http-protocol-ipv4                          = "MetadataOptions.HttpEndpoint"
    monitoring-state                                             = "Monitoring.State"
    network-interface_addresses_association_allocation-id        = "NetworkInterfaces.PrivateIpAddresses.Association.AllocationId"
    network-interface_addresses_association_association-id       = "NetworkInterfaces.PrivateIpAddresses.Association.AssociationId"
    network-interface_addresses_association_carrier-ip           = "NetworkInterfaces.PrivateIpAddresses.Association.CarrierIp"
    network-interface_addresses_association_customer-owned-ip    = "NetworkInterfaces.PrivateIpAddresses.Association.CustomerOwnedIp"
    network-interface_addresses_association_ip-owner-id          = "NetworkInterfaces.PrivateIpAddresses.Association.IpOwnerId"
    network-interface_addresses_association_public-dns-name      = "NetworkInterfaces.PrivateIpAddresses.Association.PublicDnsName"
    network-interface_addresses_association_public-ip            = "NetworkInterfaces.PrivateIpAddresses.Association.PublicIp"
    network-interface_addresses_primary                          = "NetworkInterfaces.PrivateIpAddresses.Primary"
    network-interface_addresses_private-dns-name                 = "NetworkInterfaces.PrivateIpAddresses.PrivateDnsName"
    network-interface_addresses_private-ip-address               = "NetworkInterfaces.PrivateIpAddresses.PrivateIpAddress"
    network-interface_association_allocation-id                  = "NetworkInterfaces.Association.AllocationId"
    network-interface_association_association-id                 = "NetworkInterfaces.Association.AssociationId"
    network-interface_attachment_instance-id                     = "InstanceId"
    network-interface_attachment_instance-owner-id               = account
    network-interface_availability-zone                          = "Placement.AvailabilityZone"
    network-interface_deny-all-igw-traffic                       = null
    network-interface_group-id                                   = "NetworkInterfaces.Groups.GroupId"
    network-interface_group-name                                 = "NetworkInterfaces.Groups.GroupName"
    network-interface_ipv6-address                               = "NetworkInterfaces.Ipv6Addresses.Ipv6Address"
    network-interface_ipv6-native                                = false
    network-interface_outpost-arn                                = null
    network-interface_public-dns-name                            = "NetworkInterfaces.Association.PublicDnsName"
    network-interface_requester-id                               = "NetworkInterfaces.RequesterId"
    network-interface_requester-managed                          = "NetworkInterfaces.RequesterManaged"
    network-interface_tag-key                                    = "NetworkInterfaces.TagSet.Key"
    network-interface_tag-value                                  = "NetworkInterfaces.TagSet.Value"
    owner-id                                                     = account
    placement-group-name                                         = "Placement.GroupName"
    placement-partition-number                                   = "Placement.PartitionNumber"
    product-code                                                 = null
    product-code_type                                            = null
    reason                                                       = "StateTransitionReason"
    requester-id                                                 = null
    state-reason-code                                            = "StateReason.Code"
    state-reason-message                                         = "StateReason.Message"
    # of DescribeInstanceStatus
    attached-ebs-status_status     = status_of(self, "Instance").Status
    event_code                     = null
    event_description              = null
    event_instance-event-id        = null
    event_not-after                = null
    event_not-before               = null
    event_not-before-deadline      = null
    instance-status_reachability   = status_of(self, "Instance").Details[*].Status
    instance-status_status         = status_of(self, "Instance").Status
    system-status_reachability     = status_of(self, "System").Details[*].Status
    system-status_status           = status_of(self, "System").Status
    ip-address          = self.PublicIpAddress
    dns-name            = self.PublicDnsName
  }
}

function "instance_view" {
  params = [interface, volumes]
  result = {
    PrivateIpAddress  = interface.PrivateIpAddress
    PrivateDnsName    = ifnull(interface.PrivateDnsName, "")
    PublicIpAddress   = interface.Association.PublicIp
    PublicDnsName     = ifnull(interface.Association.PublicDnsName, "")
    SourceDestCheck   = interface.SourceDestCheck
    SecurityGroups    = interface == null ? [] : interface.Groups
    NetworkInterfaces = interface == null ? [] : [interface]
    BlockDeviceMappings = [for v in volumes : {
      DeviceName = v.Attachments[0].Device
      Ebs        = { VolumeId = v.VolumeId, Status = v.Attachments[0].State, AttachTime = v.Attachments[0].AttachTime, DeleteOnTermination = v.Attachments[0].DeleteOnTermination }
    }]
  }
}

function "instance_state" {
  params = [name]
  result = { Name = name, Code = { pending = 0, running = 16, shutting-down = 32, terminated = 48, stopping = 64, stopped = 80 }[name] }
}

procedure "instance_started" {
  when {
    if = self.State.Name == "pending"
    update "self" {
      set = { State = instance_state("running") }
    }
    run "meet_faults" {
      of = self
    }
    run "new_credentials" {
      of = get("instance", self.InstanceId)
    }
  }
}

operation "DescribeInstances" {
  fail "InvalidParameterCombination" {
    when    = written(in.InstanceIds) && in.MaxResults != null
    message = "The parameter instancesSet cannot be used with the parameter maxResults"
  }
  list "instance" {
    ids = in.InstanceIds
  }
  answer = {
    Reservations = [for id, together in { for i in found : i._reservation => i... } : { ReservationId = id, OwnerId = account, Groups = [], Instances = together }]
  }
}

# System status is AWS's own ground; what is ordered here is the instance's.
function "status_of" {
  params = [i, which]
  result = (i.State.Name != "running" ? { Status = "not-applicable", Details = [] }
    : i._impaired != null && which == "Instance" ? { Status = "impaired", Details = [{ Name = "reachability", Status = "failed", ImpairedSince = i._impaired }] }
  : { Status = "ok", Details = [{ Name = "reachability", Status = "passed" }] })
}

operation "DescribeInstanceStatus" {
  fail "InvalidParameterCombination" {
    when    = written(in.InstanceIds) && in.MaxResults != null
    message = "The parameter instancesSet cannot be used with the parameter maxResults"
  }
  list "instance" {
    ids     = in.InstanceIds
    where   = in.IncludeAllInstances == true || self.State.Name == "running"
  }
  answer = {
    InstanceStatuses = [for i in found : {
      InstanceId       = i.InstanceId
      AvailabilityZone = i.Placement.AvailabilityZone
      InstanceState    = i.State
      InstanceStatus   = status_of(i, "Instance")
      SystemStatus     = status_of(i, "System")
    }]
  }
}

operation "DescribeInstanceAttribute" {
  need "instance" {
    id = in.InstanceId
  }
  answer = {
    InstanceId                        = instance.InstanceId
    UserData                          = in.Attribute == "userData" ? { Value = instance._user_data } : null
    DisableApiTermination             = in.Attribute == "disableApiTermination" ? { Value = instance._api_termination } : null
    DisableApiStop                    = in.Attribute == "disableApiStop" ? { Value = instance._api_stop } : null
    InstanceInitiatedShutdownBehavior = in.Attribute == "instanceInitiatedShutdownBehavior" ? { Value = instance._shutdown } : null
    InstanceType                      = in.Attribute == "instanceType" ? { Value = instance.InstanceType } : null
    EbsOptimized                      = in.Attribute == "ebsOptimized" ? { Value = instance.EbsOptimized } : null
    SourceDestCheck                   = in.Attribute == "sourceDestCheck" ? { Value = view(instance).SourceDestCheck } : null
    RootDeviceName                    = in.Attribute == "rootDeviceName" ? { Value = instance.RootDeviceName } : null
    Groups                            = in.Attribute == "groupSet" ? view(instance).SecurityGroups : null
    BlockDeviceMappings               = in.Attribute == "blockDeviceMapping" ? view(instance).BlockDeviceMappings : null
  }
}

operation "ModifyInstanceAttribute" {
  need "instance" {
    id = in.InstanceId
  }
  fail "IncorrectInstanceState" {
    when    = contains(["shutting-down", "terminated"], instance.State.Name)
    message = "The instance '${instance.InstanceId}' is not in a state in which its attributes can be modified."
  }
  fail "InvalidParameterCombination" {
    when = alltrue([for given in [in.SourceDestCheck, in.DisableApiStop, in.BlockDeviceMappings, in.DisableApiTermination, in.InstanceType, in.UserData,
    in.InstanceInitiatedShutdownBehavior, in.EbsOptimized, in.Groups] : given == null])
    message = "No attributes specified."
  }
  fail "InvalidParameterValue" {
    when    = in.InstanceType != null && !is_known_type(in.InstanceType.Value)
    message = "Invalid value '${in.InstanceType.Value}' for InstanceType."
  }
  fail "InvalidParameterValue" {
    when    = in.InstanceType != null && !contains(ifnull(get("instance_type", in.InstanceType.Value).ProcessorInfo.SupportedArchitectures, [instance.Architecture]), instance.Architecture)
    message = "The architecture of the instance type '${in.InstanceType.Value}' is not that of the instance ('${instance.Architecture}')."
  }
  fail "InvalidParameterValue" {
    when    = in.InstanceInitiatedShutdownBehavior != null && !contains(["stop", "terminate"], ifnull(in.InstanceInitiatedShutdownBehavior.Value, ""))
    message = "Value (${ifnull(in.InstanceInitiatedShutdownBehavior.Value, "")}) for parameter instanceInitiatedShutdownBehavior is invalid. Valid values are stop and terminate."
  }
  fail "IncorrectInstanceState" {
    when    = (in.InstanceType != null || in.UserData != null) && instance.State.Name != "stopped"
    message = "The instance '${instance.InstanceId}' is not in the 'stopped' state."
  }
  update "instance" {
    set = {
      InstanceType     = ifnull(in.InstanceType.Value, instance.InstanceType)
      CpuOptions       = cpu_options(ifnull(in.InstanceType.Value, instance.InstanceType))
      _quota           = quota_code(ifnull(in.InstanceType.Value, instance.InstanceType), instance.InstanceLifecycle == "spot")
      _vcpus           = vcpus(ifnull(in.InstanceType.Value, instance.InstanceType))
      EbsOptimized     = ifnull(in.EbsOptimized.Value, instance.EbsOptimized)
      _user_data       = in.UserData == null ? instance._user_data : in.UserData.Value
      _api_termination = ifnull(in.DisableApiTermination.Value, instance._api_termination)
      _api_stop        = ifnull(in.DisableApiStop.Value, instance._api_stop)
      _shutdown        = ifnull(in.InstanceInitiatedShutdownBehavior.Value, instance._shutdown)
    }
  }
  let {
    interface = one(where("network_interface", { _instance = instance.InstanceId }))
  }
  each "group" {
    in = [for g in ifnull(in.Groups, []) : { id = g }]
    need "security_group" {
      id = group.id
    }
  }
  update "interface" {
    set = { _groups = ifnull(in.Groups, interface._groups), SourceDestCheck = ifnull(in.SourceDestCheck.Value, interface.SourceDestCheck) }
  }
  each "mapping" {
    in = ifnull(in.BlockDeviceMappings, [])
    let {
      volume = one([for v in where("volume", { _instance = instance.InstanceId }) : v if v.Attachments[0].Device == mapping.DeviceName])
    }
    fail "InvalidInstanceAttributeValue" {
      when    = volume == null
      message = "No device is currently mapped at ${mapping.DeviceName}"
    }
    update "volume" {
      set = { Attachments = [with(volume.Attachments[0], { DeleteOnTermination = ifnull(mapping.Ebs.DeleteOnTermination, true) })] }
    }
  }
  parts = {
    BlockDeviceMappings       = ["DeviceName", "Ebs"]
    "BlockDeviceMappings.Ebs" = ["DeleteOnTermination"]
  }
}

operation "GetInstanceUefiData" {
  need "instance" {
    id = in.InstanceId
  }
  answer = { InstanceId = instance.InstanceId }
}

operation "ModifyInstanceMetadataOptions" {
  need "instance" {
    id = in.InstanceId
  }
  fail "InvalidParameterValue" {
    when    = in.HttpPutResponseHopLimit != null && (in.HttpPutResponseHopLimit < 1 || in.HttpPutResponseHopLimit > 64)
    message = "Value (${in.HttpPutResponseHopLimit}) for parameter httpPutResponseHopLimit is invalid. Expecting a value from 1 to 64."
  }
  update "instance" {
    set = {
      MetadataOptions = with(instance.MetadataOptions, {
        HttpTokens              = ifnull(in.HttpTokens, instance.MetadataOptions.HttpTokens)
        HttpPutResponseHopLimit = ifnull(in.HttpPutResponseHopLimit, instance.MetadataOptions.HttpPutResponseHopLimit)
        HttpEndpoint            = ifnull(in.HttpEndpoint, instance.MetadataOptions.HttpEndpoint)
        HttpProtocolIpv6        = ifnull(in.HttpProtocolIpv6, instance.MetadataOptions.HttpProtocolIpv6)
        InstanceMetadataTags    = ifnull(in.InstanceMetadataTags, instance.MetadataOptions.InstanceMetadataTags)
      })
    }
  }
  answer = { InstanceId = instance.InstanceId, InstanceMetadataOptions = instance.MetadataOptions }
}

operation "DescribeInstanceCreditSpecifications" {
  list "instance" {
    ids   = in.InstanceIds
    where = like(self.InstanceType, "t*") && self.State.Name != "terminated"
  }
  answer = { InstanceCreditSpecifications = [for i in found : { InstanceId = i.InstanceId, CpuCredits = ifnull(i._credits, like(i.InstanceType, "t2.*") ? "standard" : "unlimited") }] }
}

function "change_of" {
  params = [before, id]
  result = { InstanceId = id, PreviousState = before, CurrentState = get("instance", id).State }
}

# As EC2 writes times into reasons.
function "gmt" {
  params = [time]
  result = formatdate("YYYY-MM-DD hh:mm:ss 'GMT'", time)
}

function "state_reason" {
  params = [code, text]
  result = { Code = code, Message = "${code}: ${text}" }
}

operation "StopInstances" {
  let {
    before = { for id in distinct(in.InstanceIds) : id => get("instance", id).State }
  }
  each "one_of" {
    in = [for id in distinct(in.InstanceIds) : { id = id }]
    need "instance" {
      id = one_of.id
    }
    fail "IncorrectInstanceState" {
      when    = !contains(["running", "pending", "stopping", "stopped"], instance.State.Name)
      message = "This instance '${one_of.id}' is not in a state from which it can be stopped."
    }
    fail "OperationNotPermitted" {
      when    = instance._api_stop
      message = "The instance '${one_of.id}' may not be stopped. Modify its 'disableApiStop' instance attribute and try again."
    }
    fail "UnsupportedOperation" {
      when    = instance.InstanceLifecycle == "spot" && instance._spot_type == "one-time"
      message = "You can't stop the Spot Instance '${one_of.id}' because it is associated with a one-time Spot Instance request. You can only stop Spot Instances associated with persistent Spot Instance requests."
    }
    when {
      if = contains(["running", "pending"], instance.State.Name)
      update "instance" {
        set = {
          State       = instance_state("stopping"), _why = "User initiated (${gmt(now)})"
          StateReason = state_reason("Client.UserInitiatedShutdown", "User initiated shutdown")
        }
      }
      each "request" {
        in = where("spot_request", { SpotInstanceRequestId = ifnull(instance.SpotInstanceRequestId, ""), State = "active" })
        update "request" {
          set = { State = "disabled", Status = spot_status("instance-stopped-by-user") }
        }
      }
      later "instance_stopped" {
        after = 30
        of    = instance
      }
    }
  }
  answer = { StoppingInstances = [for id in distinct(in.InstanceIds) : change_of(before[id], id)] }
  ignore = ["Force"]
}

# It is shutting down or stopping, and gets there.
procedure "instance_leaves" {
  when {
    if = args.ends
    later "instance_terminated" {
      after = 30
      of    = self
    }
  }
  when {
    if = !args.ends
    later "instance_stopped" {
      after = 30
      of    = self
    }
  }
}

procedure "instance_stopped" {
  when {
    if = self.State.Name == "stopping"
    update "self" {
      set = { State = instance_state("stopped"), StateTransitionReason = ifnull(self._why, ""), _why = null, _impaired = null }
    }
    each "interface" {
      in = where("network_interface", { _instance = self.InstanceId })
      update "interface" { # who starts it does not get the same one again
        set = { _public_ip = null, _last_public_ip = interface._public_ip }
      }
    }
  }
}

operation "StartInstances" {
  let {
    before = { for id in distinct(in.InstanceIds) : id => get("instance", id).State }
  }
  each "one_of" {
    in = [for id in distinct(in.InstanceIds) : { id = id }]
    need "instance" {
      id = one_of.id
    }
    fail "IncorrectInstanceState" {
      when    = !contains(["stopped", "running", "pending"], instance.State.Name)
      message = "The instance '${one_of.id}' is not in a state from which it can be started."
    }
    fail "IncorrectSpotRequestState" {
      when    = instance.State.Name == "stopped" && get("spot_request", ifnull(instance.SpotInstanceRequestId, "")).Status.Code == "instance-stopped-no-capacity"
      message = "You can't start the Spot Instance '${one_of.id}' because the associated Spot Instance request is not in an appropriate state to support start."
    }
    fail "InsufficientInstanceCapacity" {
      when    = instance.State.Name == "stopped" && lacks_capacity(instance.InstanceType, instance.Placement.AvailabilityZone, instance.InstanceLifecycle)
      status  = 500
      message = no_capacity_message(instance.InstanceType, instance.Placement.AvailabilityZone)
    }
    when {
      if = instance.State.Name == "stopped"
      run "check_quota" {
        with = { type = instance.InstanceType, spot = instance.InstanceLifecycle == "spot", fewest = 1 }
      }
      run "start_instance" {
        of = instance
      }
      each "request" {
        in = where("spot_request", { SpotInstanceRequestId = ifnull(instance.SpotInstanceRequestId, ""), State = "disabled" })
        update "request" {
          set = { State = "active", Status = spot_status("fulfilled") }
        }
      }
    }
  }
  answer = { StartingInstances = [for id in distinct(in.InstanceIds) : change_of(before[id], id)] }
}

# It keeps its private address; a public one is new, unless it is an Elastic IP.
procedure "start_instance" {
  update "self" {
    set = { State = instance_state("pending"), LaunchTime = now, StateTransitionReason = "", StateReason = null }
  }
  each "interface" {
    in = where("network_interface", { _instance = self.InstanceId })
    update "interface" {
      set = { _public_ip = self._public && count("address", { NetworkInterfaceId = interface.NetworkInterfaceId }) == 0 ? public_address() : null }
    }
  }
  later "instance_started" {
    after = 20
    of    = self
  }
}

operation "RebootInstances" {
  each "one_of" {
    in = [for id in distinct(in.InstanceIds) : { id = id }]
    need "instance" {
      id = one_of.id
    }
    fail "IncorrectState" {
      when    = instance.State.Name != "running"
      message = "Instance '${one_of.id}' is not in a state from which it can be rebooted."
    }
    update "instance" {
      set = { _boots = ifnull(instance._boots, 0) + 1, _impaired = null }
    }
  }
}

operation "TerminateInstances" {
  let {
    before = { for id in distinct(in.InstanceIds) : id => get("instance", id).State }
  }
  each "one_of" {
    in = [for id in distinct(in.InstanceIds) : { id = id }]
    need "instance" {
      id = one_of.id
    }
    fail "OperationNotPermitted" {
      when    = instance._api_termination
      message = "The instance '${one_of.id}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again."
    }
    when {
      if = !contains(["shutting-down", "terminated"], instance.State.Name)
      update "instance" {
        set = {
          State       = instance_state("shutting-down"), _why = "User initiated (${gmt(now)})"
          StateReason = state_reason("Client.UserInitiatedShutdown", "User initiated shutdown")
        }
      }
      later "instance_terminated" {
        after = 30
        of    = instance
      }
    }
  }
  answer = { TerminatingInstances = [for id in distinct(in.InstanceIds) : change_of(before[id], id)] }
  ignore = ["Force"]
}

procedure "instance_terminated" {
  run "free_interfaces" {
    with = { interfaces = where("network_interface", { _instance = self.InstanceId }) }
  }
  each "volume" {
    in = where("volume", { _instance = self.InstanceId })
    when {
      if = volume.Attachments[0].DeleteOnTermination
      delete "volume" {}
    }
    when {
      if = !volume.Attachments[0].DeleteOnTermination
      update "volume" {
        set = { State = "available", Attachments = [], _instance = null }
      }
    }
  }
  each "session" { # its role's keys end with it
    in = where("session", { _instance = self.InstanceId })
    delete "session" {}
  }
  each "request" { # of those that end by themselves the interruption has told; a persistent one asks again
    in = [for r in where("spot_request", { InstanceId = self.InstanceId }) : r if contains(["active", "disabled"], r.State)]
    update "request" {
      set = { State = request.Type == "persistent" ? "open" : "closed", Status = spot_status("instance-terminated-by-user") }
    }
    when {
      if = request.Type == "persistent"
      later "spot_evaluated" {
        after = 60
        of    = request
      }
    }
  }
  update "self" {
    set = { State = instance_state("terminated"), StateTransitionReason = ifnull(self._why, ""), _why = null, _notice = null }
  }
  later "forget" {
    after = 3600
    of    = self
  }
}

# ---- volumes

kind "volume" {
  prefix         = "vol-"
  id             = "VolumeId"
  absent         = "InvalidVolume.NotFound"
  malformed      = "InvalidParameterValue"
  absent_message = "The volume '${id}' does not exist."
  tags           = "volume"
  shape          = "Volume"
  filters {
    status            = self.State
    attachment_status = "Attachments.State"
  }
}

function "volume_of" {
  params = [asked, zone]
  result = {
    AvailabilityZone   = zone
    Size               = ifnull(asked.VolumeSize, 8)
    VolumeType         = ifnull(asked.VolumeType, "gp2")
    Iops               = volume_iops(ifnull(asked.VolumeType, "gp2"), ifnull(asked.VolumeSize, 8), asked.Iops)
    Throughput         = ifnull(asked.VolumeType, "gp2") == "gp3" ? ifnull(asked.Throughput, 125) : null
    Encrypted          = ifnull(asked.Encrypted, false) || written(asked.KmsKeyId)
    KmsKeyId           = asked.Encrypted == true || written(asked.KmsKeyId) ? key_arn(asked.KmsKeyId) : null
    SnapshotId         = ifnull(asked.SnapshotId, "")
    CreateTime         = now
    MultiAttachEnabled = false
  }
}

function "volume_iops" {
  params = [type, size, asked]
  result = asked != null ? asked : type == "gp3" ? 3000 : type == "gp2" ? min(16000, max(100, 3 * size)) : null
}

# The account's own key for volumes, where none is named.
function "key_arn" {
  params = [id]
  result = (like(id, "arn:*") ? id : "arn:aws:kms:${region}:${account}:key/${ifnull(id, join("-", [for p in [[0, 8], [8, 4], [12, 4], [16, 4], [20, 12]] : substr(sha256("${account} ${region} aws/ebs"), p[0], p[1])]))}")
}

# GiB, least and most.
function "volume_sizes" {
  params = [type]
  result = { gp2 = [1, 16384], gp3 = [1, 65536], io1 = [4, 16384], io2 = [4, 65536], st1 = [125, 16384], sc1 = [125, 16384], standard = [1, 1024] }[type]
}

procedure "check_volume_size" {
  fail "InvalidParameterValue" {
    when    = args.size < volume_sizes(args.type)[0]
    message = "Volume of ${args.size}GiB is too small for volume type ${args.type}; minimum is ${volume_sizes(args.type)[0]}GiB."
  }
  fail "InvalidParameterValue" {
    when    = args.size > volume_sizes(args.type)[1]
    message = "Volume of ${args.size}GiB is too large for volume type ${args.type}; maximum is ${volume_sizes(args.type)[1]}GiB."
  }
}

# I/O operations a second: least, most, and most for each GiB.
function "volume_speeds" {
  params = [type]
  result = { gp3 = [3000, 80000, 500], io1 = [100, 64000, 50], io2 = [100, 256000, 1000] }[type]
}

# args: size (null: the snapshot's), type, iops, throughput, snapshot, key, encrypted
procedure "check_volume" {
  let {
    type   = ifnull(args.type, "gp2")
    speeds = volume_speeds(type)
  }
  when {
    if = written(args.snapshot) && !is_image_snapshot(args.snapshot)
    need "snapshot" {
      id = args.snapshot
    }
  }
  let {
    size  = ifnull(args.size, ifnull(snapshot.VolumeSize, 8))
    speed = ifnull(args.iops, 3000)
  }
  fail "InvalidParameterValue" {
    when    = size < ifnull(snapshot.VolumeSize, 1)
    message = "Volume of ${size}GiB is smaller than snapshot '${args.snapshot}', expect size >= ${ifnull(snapshot.VolumeSize, 1)}GiB"
  }
  fail "InvalidParameterCombination" {
    when    = args.throughput != null && type != "gp3"
    message = "The parameter Throughput is not supported for ${type} volumes."
  }
  fail "InvalidParameterCombination" {
    when    = args.iops != null && speeds == null
    message = "The parameter iops is not supported for ${type} volumes."
  }
  fail "MissingParameter" {
    when    = args.iops == null && contains(["io1", "io2"], type)
    message = "The request must contain the parameter iops"
  }
  fail "InvalidParameterCombination" {
    when    = written(args.key) && args.encrypted != true
    message = "The parameter KmsKeyId requires the parameter Encrypted to be set."
  }
  run "check_volume_size" {
    with = { size = size, type = type }
  }
  fail "InvalidParameterValue" {
    when    = args.iops != null && (args.iops < speeds[0] || args.iops > speeds[1])
    message = "Volume iops of ${speed} is too ${speed < speeds[0] ? "low; minimum is ${speeds[0]}" : "high; maximum is ${speeds[1]}"}."
  }
  fail "InvalidParameterValue" {
    when    = args.iops != null && args.iops > 3000 && speed / size > speeds[2] || (contains(["io1", "io2"], type) && speed / size > speeds[2])
    message = "Iops to volume size ratio of ${format("%.6f", speed / size)} is too high; maximum is ${format("%.6f", ifnull(speeds[2], 0))}."
  }
  fail "InvalidParameterValue" {
    when    = args.throughput != null && (args.throughput < 125 || args.throughput > 2000)
    message = "Throughput of ${ifnull(args.throughput, 0)} is too ${ifnull(args.throughput, 0) < 125 ? "low; minimum is 125" : "high; maximum is 2000"}."
  }
  fail "InvalidParameterValue" {
    when    = args.throughput != null && args.throughput > 125 && args.throughput / speed > 0.25
    message = "Throughput (MiBps) to iops ratio of ${format("%.6f", ifnull(args.throughput, 0) / speed)} is too high; maximum is 0.250000 MiBps per iops."
  }
}

# Root volumes of the published images come from snapshots that are not ours to see.
function "is_image_snapshot" {
  params = [id]
  result = anytrue([for i in all("image") : i.BlockDeviceMappings[0].Ebs.SnapshotId == id])
}

operation "CreateVolume" {
  fail "MissingParameter" {
    when    = isblank(in.Size) && isblank(in.SnapshotId)
    message = "The request must contain the parameter size or snapshotId"
  }
  fail "InvalidZone.NotFound" {
    when    = !contains(zones(), ifnull(in.AvailabilityZone, ""))
    message = "The zone '${in.AvailabilityZone}' does not exist."
  }
  run "check_volume" {
    with = { size = in.Size, type = in.VolumeType, iops = in.Iops, throughput = in.Throughput, snapshot = in.SnapshotId, key = in.KmsKeyId, encrypted = in.Encrypted }
  }
  let {
    size = in.Size != null ? in.Size : ifnull(get("snapshot", in.SnapshotId).VolumeSize, 8)
  }
  create "volume" {
    value = with(volume_of({ VolumeSize = size, VolumeType = in.VolumeType, Iops = in.Iops, Throughput = in.Throughput, Encrypted = in.Encrypted, KmsKeyId = in.KmsKeyId, SnapshotId = in.SnapshotId }, in.AvailabilityZone), {
      State       = "creating"
      Attachments = []
    })
  }
  later "volume_ready" {
    after = 3
    of    = volume
  }
  answer = volume
}

procedure "volume_ready" {
  when {
    if = self.State == "creating"
    update "self" {
      set = { State = "available" }
    }
  }
}

operation "DescribeVolumes" {
  fail "InvalidParameterCombination" {
    when    = written(in.VolumeIds) && in.MaxResults != null
    message = "The parameter volumeSet cannot be used with the parameter maxResults"
  }
  list "volume" {
    ids = in.VolumeIds
  }
}

operation "DeleteVolume" {
  need "volume" {
    id = in.VolumeId
  }
  fail "VolumeInUse" {
    when    = length(volume.Attachments) > 0
    message = "Volume ${volume.VolumeId} is currently attached to ${volume.Attachments[0].InstanceId}"
  }
  update "volume" {
    set = { State = "deleting" }
  }
  later "forget" {
    after = 2
    of    = volume
  }
}

operation "AttachVolume" {
  need "volume" {
    id = in.VolumeId
  }
  need "instance" {
    id = in.InstanceId
  }
  fail "VolumeInUse" {
    when    = length(volume.Attachments) > 0
    message = "${volume.VolumeId} is already attached to an instance"
  }
  fail "IncorrectState" {
    when    = volume.State != "available"
    message = "The volume '${volume.VolumeId}' is not 'available'."
  }
  fail "IncorrectState" {
    when    = !contains(["running", "stopped", "pending"], instance.State.Name)
    message = "Instance '${instance.InstanceId}' is not 'running'."
  }
  fail "InvalidVolume.ZoneMismatch" {
    when    = volume.AvailabilityZone != instance.Placement.AvailabilityZone
    message = "The volume '${volume.VolumeId}' is not in the same availability zone as instance '${instance.InstanceId}'"
  }
  fail "InvalidParameterValue" {
    when    = contains([for v in where("volume", { _instance = instance.InstanceId }) : v.Attachments[0].Device], in.Device)
    message = "Invalid value '${in.Device}' for unixDevice. Attachment point ${in.Device} is already in use"
  }
  update "volume" {
    set = {
      State       = "in-use"
      _instance   = instance.InstanceId
      Attachments = [{ VolumeId = volume.VolumeId, InstanceId = instance.InstanceId, Device = in.Device, State = "attaching", AttachTime = now, DeleteOnTermination = false }]
    }
  }
  later "volume_attached" {
    after = 5
    of    = volume
  }
  answer = volume.Attachments[0]
}

procedure "volume_attached" {
  when {
    if = self.Attachments[0].State == "attaching"
    update "self" {
      set = { Attachments = [with(self.Attachments[0], { State = "attached" })] }
    }
  }
}

operation "DetachVolume" {
  need "volume" {
    id = in.VolumeId
  }
  fail "IncorrectState" {
    when    = length(volume.Attachments) == 0
    message = "Volume '${volume.VolumeId}' is in the '${volume.State}' state."
  }
  fail "InvalidAttachment.NotFound" {
    when    = written(in.InstanceId) && in.InstanceId != volume.Attachments[0].InstanceId || written(in.Device) && in.Device != volume.Attachments[0].Device
    message = "The volume '${volume.VolumeId}' is not attached to instance '${in.InstanceId}' as device '${in.Device}'."
  }
  let {
    instance = get("instance", volume.Attachments[0].InstanceId)
  }
  fail "OperationNotPermitted" {
    when    = volume.Attachments[0].Device == instance.RootDeviceName && instance.State.Name != "stopped"
    message = "Unable to detach root volume '${volume.VolumeId}' from instance '${instance.InstanceId}'"
  }
  update "volume" {
    set = { Attachments = [with(volume.Attachments[0], { State = "detaching" })] }
  }
  later "volume_detached" {
    after = 5
    of    = volume
  }
  answer = volume.Attachments[0]
  ignore = ["Force"]
}

procedure "volume_detached" {
  when {
    if = self.Attachments[0].State == "detaching"
    update "self" {
      set = { State = "available", Attachments = [], _instance = null }
    }
  }
}

kind "volume_modification" {
  id             = "VolumeId"
  absent         = "InvalidVolumeModification.NotFound"
  absent_message = "Modification for volume '${id}' does not exist."
  shape          = "VolumeModification"
}

operation "ModifyVolume" {
  need "volume" {
    id = in.VolumeId
  }
  let {
    before = get("volume_modification", volume.VolumeId)
    type   = ifnull(in.VolumeType, volume.VolumeType)
    size   = ifnull(in.Size, volume.Size)
    iops   = volume_iops(type, size, in.Iops != null ? in.Iops : type == volume.VolumeType && type != "gp2" ? volume.Iops : null)
    speed  = type == "gp3" ? ifnull(in.Throughput, ifnull(volume.Throughput, 125)) : null
  }
  fail "InvalidParameterValue" {
    when    = in.Size == null && in.VolumeType == null && in.Iops == null && in.Throughput == null
    message = "The request must contain a new size, volume type, iops or throughput"
  }
  run "check_volume" {
    with = { size = size, type = type, iops = volume_speeds(type) == null ? in.Iops : iops, throughput = type == "gp3" ? speed : in.Throughput }
  }
  fail "InvalidParameterValue" {
    when    = size < volume.Size
    message = "New size cannot be smaller than existing size"
  }
  fail "IncorrectModificationState" {
    when    = before != null && contains(["modifying", "optimizing"], before.ModificationState)
    message = "Volume ${volume.VolumeId} is currently being modified. Wait until its present modification is complete."
  }
  when {
    if = before != null
    delete "before" {}
  }
  create "volume_modification" "change" {
    id = volume.VolumeId
    value = {
      ModificationState  = "modifying"
      Progress           = 0
      StartTime          = now
      OriginalSize       = volume.Size
      OriginalVolumeType = volume.VolumeType
      OriginalIops       = volume.Iops
      OriginalThroughput = volume.Throughput
      TargetSize         = size
      TargetVolumeType   = type
      TargetIops         = iops
      TargetThroughput   = speed
    }
  }
  later "volume_modified" {
    after = 10
    of    = change
  }
  later "volume_optimized" {
    after = 300
    of    = change
  }
  answer = { VolumeModification = change }
}

procedure "volume_modified" {
  each "volume" {
    in = where("volume", { VolumeId = self.VolumeId })
    update "volume" {
      set = { Size = self.TargetSize, VolumeType = self.TargetVolumeType, Iops = self.TargetIops, Throughput = self.TargetThroughput }
    }
  }
  update "self" {
    set = { ModificationState = "optimizing", Progress = 50 }
  }
}

procedure "volume_optimized" {
  update "self" {
    set = { ModificationState = "completed", Progress = 100, EndTime = now }
  }
}

operation "DescribeVolumesModifications" {
  list "volume_modification" {
    ids = in.VolumeIds
  }
}
