# SPDX-License-Identifier: Apache-2.0
# Spot: requests and interruptions; and what faults do to instances.

service = "ec2"

# Dollars an hour, as text; of types without a price, by threads.
function "demand_price" {
  params = [type]
  result = format("%.6f", ifnull(hour_price(get("instance_type", type)), cpu_options(type).CoreCount * cpu_options(type).ThreadsPerCore * 0.048))
}

function "pool_price" {
  params = [type, zone]
  result = get("instance_type", type) == null || hour_price(get("instance_type", type)) == null ? "0.010000" : spot_price(get("instance_type", type), zone)
}

function "price_reaches" {
  params = [limit, type, zone]
  result = tonumber(limit) >= tonumber(pool_price(type, zone))
}

# ---- what faults do

function "lacks_capacity" {
  params = [type, zone, market]
  result = fault("no-capacity", { InstanceType = type, AvailabilityZone = zone, Market = market == "spot" ? "spot" : "on-demand" }) != null
}

function "no_capacity_message" {
  params = [type, zone]
  result = "We currently do not have sufficient ${type} capacity in the Availability Zone you requested (${zone}). Our system will be working on provisioning additional capacity. You can currently get ${type} capacity by not specifying an Availability Zone in your request or choosing ${join(", ", [for z in zones() : z if z != zone])}."
}

# A new order comes to those that run.
procedure "fault_ordered" {
  each "instance" {
    in = [for i in all("instance") : i if i.State.Name == "running"]
    run "meet_faults" {
      of = instance
    }
  }
}

procedure "meet_faults" {
  let {
    impaired    = fault("status-checks", self)
    interrupted = self.InstanceLifecycle == "spot" && self._notice_seconds == null ? fault("spot-interruption", self) : null
  }
  when {
    if = impaired != null
    update "self" {
      set = { _impaired = now }
    }
  }
  when {
    if = impaired.seconds != null
    later "instance_recovered" {
      after = impaired.seconds
      real  = true
      of    = self
    }
  }
  when {
    if = interrupted != null
    update "self" {
      set = { _rebalance = now, _notice_seconds = interrupted.notice }
    }
    later "spot_noticed" {
      after = ifnull(interrupted.seconds, 0)
      real  = true
      of    = self
    }
  }
}

procedure "instance_recovered" {
  update "self" {
    set = { _impaired = null }
  }
}

# ---- requests

kind "spot_request" {
  prefix         = "sir-"
  id             = "SpotInstanceRequestId"
  absent         = "InvalidSpotInstanceRequestID.NotFound"
  malformed      = "InvalidSpotInstanceRequestID.Malformed"
  absent_message = "The spot instance request ID '${id}' does not exist"
  tags           = "spot-instances-request"
  shape          = "SpotInstanceRequest"
  filters {
    status-code                                       = "Status.Code"
    status-message                                    = "Status.Message"
    fault-code                                        = "Fault.Code"
    fault-message                                     = "Fault.Message"
    launch_block-device-mapping_delete-on-termination = "LaunchSpecification.BlockDeviceMappings.Ebs.DeleteOnTermination"
    launch_block-device-mapping_device-name           = "LaunchSpecification.BlockDeviceMappings.DeviceName"
    launch_block-device-mapping_snapshot-id           = "LaunchSpecification.BlockDeviceMappings.Ebs.SnapshotId"
    launch_block-device-mapping_volume-size           = "LaunchSpecification.BlockDeviceMappings.Ebs.VolumeSize"
    launch_block-device-mapping_volume-type           = "LaunchSpecification.BlockDeviceMappings.Ebs.VolumeType"
    launch_group-id                                   = "LaunchSpecification.SecurityGroups.GroupId"
    launch_group-name                                 = "LaunchSpecification.SecurityGroups.GroupName"
    launch_image-id                                   = "LaunchSpecification.ImageId"
    launch_instance-type                              = "LaunchSpecification.InstanceType"
    launch_kernel-id                                  = "LaunchSpecification.KernelId"
    launch_key-name                                   = "LaunchSpecification.KeyName"
    launch_monitoring-enabled                         = "LaunchSpecification.Monitoring.Enabled"
    launch_ramdisk-id                                 = "LaunchSpecification.RamdiskId"
    network-interface_addresses_primary               = "LaunchSpecification.NetworkInterfaces.PrivateIpAddresses.Primary"
    network-interface_delete-on-termination           = "LaunchSpecification.NetworkInterfaces.DeleteOnTermination"
    network-interface_description                     = "LaunchSpecification.NetworkInterfaces.Description"
    network-interface_device-index                    = "LaunchSpecification.NetworkInterfaces.DeviceIndex"
    network-interface_group-id                        = "LaunchSpecification.NetworkInterfaces.Groups"
    network-interface_network-interface-id            = "LaunchSpecification.NetworkInterfaces.NetworkInterfaceId"
    network-interface_private-ip-address              = "LaunchSpecification.NetworkInterfaces.PrivateIpAddress"
    network-interface_subnet-id                       = "LaunchSpecification.NetworkInterfaces.SubnetId"
  }
}

# In AWS's words: "Spot Instance request status" of its user guide.
function "spot_status" {
  params = [code]
  result = { Code = code, UpdateTime = now, Message = {
    pending-evaluation                    = "Your Spot request has been submitted for review, and is pending evaluation."
    fulfilled                             = "Your spot request is fulfilled."
    capacity-not-available                = "There is no capacity available that matches your request."
    price-too-low                         = "Your Spot request price is lower than the minimum required Spot request fulfillment price."
    bad-parameters                        = "Your Spot request failed due to bad parameters."
    schedule-expired                      = "Your Spot request expired before it could be fulfilled."
    marked-for-termination                = "Your Spot Instance is marked for termination."
    marked-for-stop                       = "Your Spot Instance is marked for stopping."
    instance-terminated-no-capacity       = "Your Spot Instance was terminated because there is no longer enough Spot capacity available."
    instance-stopped-no-capacity          = "Your Spot Instance was stopped because there is no longer enough Spot capacity available."
    instance-terminated-by-user           = "Your Spot Instance was terminated by you."
    instance-stopped-by-user              = "Your Spot Instance was stopped by you."
    canceled-before-fulfillment           = "Your Spot request is canceled before it was fulfilled."
    request-canceled-and-instance-running = "Your Spot request is canceled, but your instance is still running."
  }[code] }
}

# Of an instance (self) that RunInstances has started; args: options, in
procedure "new_spot_request" {
  create "spot_request" {
    value = {
      InstanceId                   = self.InstanceId
      State                        = "active"
      Status                       = spot_status("fulfilled")
      Type                         = ifnull(args.options.SpotInstanceType, "one-time")
      SpotPrice                    = ifnull(args.options.MaxPrice, demand_price(self.InstanceType))
      InstanceInterruptionBehavior = ifnull(args.options.InstanceInterruptionBehavior, "terminate")
      ValidUntil                   = args.options.ValidUntil
      CreateTime                   = now
      ProductDescription           = "Linux/UNIX"
      LaunchedAvailabilityZone     = self.Placement.AvailabilityZone
      LaunchSpecification          = { ImageId = self.ImageId, InstanceType = self.InstanceType, SubnetId = self.SubnetId, KeyName = self.KeyName }
      _in                          = args.in
    }
  }
  update "self" {
    set = { SpotInstanceRequestId = spot_request.SpotInstanceRequestId, _spot_type = spot_request.Type }
  }
}

# An instance (self) is what a request (args.request) waited for.
procedure "spot_fulfilled" {
  update "self" {
    set = { SpotInstanceRequestId = args.request.SpotInstanceRequestId, _spot_type = args.request.Type, InstanceLifecycle = "spot" }
  }
  update {
    of  = args.request
    set = { InstanceId = self.InstanceId, State = "active", Status = spot_status("fulfilled"), LaunchedAvailabilityZone = self.Placement.AvailabilityZone }
  }
}

# args: price, type, behavior, until, from
procedure "check_spot_wish" {
  fail "InvalidParameterValue" {
    when    = written(args.price) && !can(regex("^[0-9]*\\.?[0-9]+$", args.price))
    message = "Value (${ifnull(args.price, "")}) for parameter price is invalid. \"${ifnull(args.price, "")}\" is an invalid spot instance price"
  }
  fail "InvalidParameterValue" {
    when    = written(args.price) && tonumber(ifnull(args.price, "1")) == 0
    message = "Value (${ifnull(args.price, "")}) for parameter price is invalid. \"${ifnull(args.price, "")}\" is an invalid spot instance price"
  }
  fail "InvalidParameterCombination" {
    when    = args.type != "persistent" && contains(["stop", "hibernate"], ifnull(args.behavior, "terminate"))
    message = "The instance interruption behavior '${ifnull(args.behavior, "")}' is only valid for persistent Spot Instance requests."
  }
  fail "InvalidParameterValue" {
    when    = args.until != null && timecmp(ifnull(args.until, now), now) <= 0
    message = "Value (${ifnull(args.until, "")}) for parameter validUntil is invalid. validUntil must be in the future."
  }
  fail "InvalidParameterCombination" {
    when    = args.until != null && args.from != null && timecmp(ifnull(args.until, now), ifnull(args.from, now)) <= 0
    message = "validUntil must be after validFrom."
  }
}

operation "RequestSpotInstances" {
  fail "MissingParameter" {
    when    = in.LaunchSpecification == null
    message = "The request must contain the parameter LaunchSpecification.ImageId"
  }
  fail "InvalidParameterValue" {
    when    = in.InstanceCount != null && in.InstanceCount < 1
    message = "Value (${in.InstanceCount}) for parameter instanceCount is invalid. It must be greater than 0."
  }
  run "check_spot_wish" {
    with = { price = in.SpotPrice, type = in.Type, behavior = in.InstanceInterruptionBehavior, until = in.ValidUntil, from = in.ValidFrom }
  }
  run "check_launch" {
    in   = in.LaunchSpecification
    with = { within = "LaunchSpecification." }
  }
  run "check_quota" {
    with = { type = ifnull(in.LaunchSpecification.InstanceType, "m1.small"), spot = true, fewest = ifnull(in.InstanceCount, 1) }
  }
  let {
    batch = new_id("")
    type  = ifnull(in.LaunchSpecification.InstanceType, "m1.small")
  }
  each "one_of" {
    in = [for n in range(ifnull(in.InstanceCount, 1)) : { index = n }]
    create "spot_request" {
      value = {
        State                        = "open"
        Status                       = spot_status("pending-evaluation")
        Type                         = ifnull(in.Type, "one-time")
        SpotPrice                    = ifnull(in.SpotPrice, demand_price(type))
        InstanceInterruptionBehavior = ifnull(in.InstanceInterruptionBehavior, "terminate")
        ValidFrom                    = in.ValidFrom
        ValidUntil                   = in.ValidUntil
        CreateTime                   = now
        ProductDescription           = "Linux/UNIX"
        LaunchSpecification          = with(in.LaunchSpecification, { InstanceType = type, Monitoring = { Enabled = ifnull(in.LaunchSpecification.Monitoring.Enabled, false) } })
        _in                          = with(in.LaunchSpecification, { InstanceType = type, MinCount = 1, MaxCount = 1, InstanceMarketOptions = { MarketType = "spot" } })
        _batch                       = batch
        _quota                       = quota_code(type, true)
        _vcpus                       = vcpus(type)
      }
    }
    later "spot_evaluated" {
      after = 3
      of    = spot_request
    }
  }
  answer = { SpotInstanceRequests = [for r in where("spot_request", { _batch = batch }) : view(r)] }
  parts = {
    LaunchSpecification = [
      "BlockDeviceMappings", "EbsOptimized", "IamInstanceProfile", "ImageId", "InstanceType", "KeyName", "Monitoring", "NetworkInterfaces", "Placement", "SecurityGroupIds",
      "SecurityGroups", "SubnetId", "UserData",
    ]
    "LaunchSpecification.BlockDeviceMappings"     = ["DeviceName", "Ebs"]
    "LaunchSpecification.BlockDeviceMappings.Ebs" = ["DeleteOnTermination", "Encrypted", "Iops", "KmsKeyId", "SnapshotId", "Throughput", "VolumeSize", "VolumeType"]
    "LaunchSpecification.NetworkInterfaces" = ["AssociatePublicIpAddress", "DeleteOnTermination", "Description", "DeviceIndex", "Groups", "InterfaceType", "NetworkCardIndex",
    "PrivateIpAddress", "PrivateIpAddresses", "SubnetId"]
    "LaunchSpecification.NetworkInterfaces.PrivateIpAddresses" = ["Primary", "PrivateIpAddress"]
    "LaunchSpecification.Placement"                            = ["AvailabilityZone", "Tenancy"]
  }
}

# What could not be launched after all: its key or group, say, is gone.
procedure "spot_evaluated_failed" {
  update "self" {
    set = { State = "failed", Status = with(spot_status("bad-parameters"), { Message = args.message }), Fault = { Code = args.code, Message = args.message } }
  }
}

function "zone_of_request" {
  params = [wish]
  result = ifnull(get("subnet", ifnull(ifnull(wish.SubnetId, one(wish.NetworkInterfaces).SubnetId), "")).AvailabilityZone, ifnull(wish.Placement.AvailabilityZone, zones()[0]))
}

# Whether a request that waits can be fulfilled by now.
procedure "spot_evaluated" {
  let {
    zone     = zone_of_request(self._in)
    lacks    = lacks_capacity(self._in.InstanceType, zone, "spot")
    too_low  = !price_reaches(self.SpotPrice, self._in.InstanceType, zone)
    expired  = self.ValidUntil != null && timecmp(now, self.ValidUntil) > 0
    instance = get("instance", ifnull(self.InstanceId, ""))
    waits    = self.State == "open" || (self.State == "disabled" && self.Status.Code == "instance-stopped-no-capacity")
  }
  when {
    if = waits && self.State == "open" && expired
    update "self" {
      set = { State = "closed", Status = spot_status("schedule-expired") }
    }
  }
  when {
    if = waits && !expired && (lacks || too_low || contains(["stopping", "shutting-down"], ifnull(instance.State.Name, "")))
    update "self" {
      set = { Status = self.State == "disabled" ? self.Status : spot_status(too_low ? "price-too-low" : lacks ? "capacity-not-available" : "pending-evaluation") }
    }
    later "spot_evaluated" {
      after = 60
      of    = self
    }
  }
  when {
    if = self.State == "open" && !expired && !lacks && !too_low && ifnull(instance.State.Name, "terminated") == "terminated"
    run "check_launch" {
      in = self._in
    }
    run "launch" {
      in   = self._in
      with = { reservation = new_id("r-"), request = self }
    }
  }
  when {
    if = self.State == "disabled" && waits && !lacks && !too_low && instance.State.Name == "stopped"
    run "start_instance" {
      of = instance
    }
    update "self" {
      set = { State = "active", Status = spot_status("fulfilled") }
    }
  }
}

operation "DescribeSpotInstanceRequests" {
  list "spot_request" {
    ids = in.SpotInstanceRequestIds
  }
}

operation "CancelSpotInstanceRequests" {
  each "one_of" {
    in = [for id in in.SpotInstanceRequestIds : { id = id }]
    need "spot_request" {
      id = one_of.id
    }
    when {
      if = contains(["open", "active", "disabled"], spot_request.State)
      update "spot_request" {
        set = { State = "cancelled", Status = spot_status(spot_request.State == "open" ? "canceled-before-fulfillment" : "request-canceled-and-instance-running") }
      }
    }
  }
  answer = { CancelledSpotInstanceRequests = [for id in in.SpotInstanceRequestIds : { SpotInstanceRequestId = id, State = get("spot_request", id).State }] }
}

# ---- interruptions

# The notice, for those who read the metadata (self: the instance).
procedure "spot_noticed" {
  let {
    request = get("spot_request", ifnull(self.SpotInstanceRequestId, ""))
    action  = ifnull(request.InstanceInterruptionBehavior, "terminate")
  }
  when {
    if = self.State.Name == "running"
    update "self" {
      set = { _notice = { action = action, time = timeadd(now, "${action == "hibernate" ? 0 : ceil(self._notice_seconds)}s") } }
    }
    update {
      of  = ifnull(request, self)
      set = request == null ? {} : { Status = spot_status(action == "terminate" ? "marked-for-termination" : "marked-for-stop") }
    }
    later "spot_interrupted" {
      after = action == "hibernate" ? 0 : self._notice_seconds # that begins at once
      real  = true
      of    = self
    }
  }
  when {
    if = self.State.Name != "running"
    update "self" {
      set = { _notice_seconds = null, _rebalance = null }
    }
  }
}

procedure "spot_interrupted" {
  let {
    request = get("spot_request", ifnull(self.SpotInstanceRequestId, ""))
    ends    = self._notice.action == "terminate"
  }
  when {
    if = self.State.Name == "running" && self._notice != null
    update "self" {
      set = {
        State       = instance_state(ends ? "shutting-down" : "stopping")
        StateReason = ends ? state_reason("Server.SpotInstanceTermination", "Spot Instance termination") : state_reason("Server.SpotInstanceShutdown", "Spot Instance shutdown")
        _why        = "Service initiated (${gmt(now)})"
        _notice     = null, _notice_seconds = null, _rebalance = null
      }
    }
    run "instance_leaves" {
      of   = self
      with = { ends = ends }
    }
    when {
      if = request.State == "active"
      update "request" {
        set = {
          State  = !ends ? "disabled" : request.Type == "persistent" ? "open" : "closed"
          Status = spot_status(ends ? "instance-terminated-no-capacity" : "instance-stopped-no-capacity")
        }
      }
    }
    when {
      if = request != null && request.Type == "persistent"
      later "spot_evaluated" {
        after = 120
        of    = request
      }
    }
  }
}
