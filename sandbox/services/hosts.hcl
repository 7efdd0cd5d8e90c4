# SPDX-License-Identifier: Apache-2.0
# What the hosts behind instances have to be: read after each change (sandbox/host/hosts.c).

service = "ec2"

# By the maker of an image, the user that it has.
function "image_user" {
  params = [image]
  result = (like(ifnull(image.Name, ""), "*ubuntu*") || like(ifnull(image.Name, ""), "*Ubuntu*") ? "ubuntu"
  : like(ifnull(image.Name, ""), "debian*") ? "admin" : "ec2-user")
}

function "routes_of" {
  params = [subnet]
  result = get("route_table", ifnull(one(where("route_table_association", { SubnetId = subnet.SubnetId })).RouteTableId,
    one([for a in where("route_table_association", { Main = true }) : a if get("route_table", a.RouteTableId).VpcId == subnet.VpcId]).RouteTableId)).Routes
}

function "host" {
  params = [instance, view, subnet]
  result = {
    id          = instance.InstanceId
    vpc         = subnet.VpcId
    running     = contains(["pending", "running"], instance.State.Name)
    boot        = ifnull(instance._boots, 0)
    started     = instance.State.Name == "running"
    image       = get("image", instance.ImageId).Name
    xen         = is_xen(instance.InstanceType)
    accelerator = accelerator(get("instance_type", instance.InstanceType).GpuInfo)
    address     = view.PrivateIpAddress
    prefix      = cidr_bits(subnet.CidrBlock)
    gateway     = cidrhost(subnet.CidrBlock, 1)
    hostname    = "ip-${replace(view.PrivateIpAddress, ".", "-")}"
    user        = image_user(get("image", instance.ImageId))
    key         = instance.KeyName == null ? null : one(where("key_pair", { KeyName = instance.KeyName })).PublicKey
    user_data   = instance._user_data
    public      = view.PublicIpAddress
    public_name = isblank(view.PublicDnsName) ? null : view.PublicDnsName
    mac         = view.NetworkInterfaces[0].MacAddress
    metadata    = { tokens = instance.MetadataOptions.HttpTokens, hops = instance.MetadataOptions.HttpPutResponseHopLimit, enabled = instance.MetadataOptions.HttpEndpoint != "disabled", paths = metadata(instance, view, subnet) }
    groups      = view.SecurityGroups[*].GroupId
    private_name = get("vpc", subnet.VpcId).EnableDnsSupport ? view.PrivateDnsName : null
    names       = file_system_names(get("vpc", subnet.VpcId), instance.Placement.AvailabilityZone)
    subnet      = subnet.SubnetId
    source_check = view.SourceDestCheck
  }
}

# It was powered off from inside: InstanceInitiatedShutdownBehavior says what that means.
procedure "instance_halts" {
  let {
    ends = self._shutdown == "terminate" || self._spot_type == "one-time"
  }
  when {
    if = contains(["pending", "running"], self.State.Name)
    update "self" {
      set = { State = instance_state(ends ? "shutting-down" : "stopping"), _why = "", StateReason = state_reason("Client.InstanceInitiatedShutdown", "Instance initiated shutdown") }
    }
    each "request" {
      in = where("spot_request", { SpotInstanceRequestId = ends ? "" : ifnull(self.SpotInstanceRequestId, ""), State = "active" })
      update "request" {
        set = { State = "disabled", Status = spot_status("instance-stopped-by-user") }
      }
    }
    run "instance_leaves" {
      of   = self
      with = { ends = ends }
    }
  }
}

# Types before Nitro, on which devices are called /dev/xvdf.
function "is_xen" {
  params = [type]
  result = (contains(["t1", "t2", "m1", "m2", "m3", "m4", "c1", "c3", "c4", "r3", "r4", "i2", "i3", "d2", "h1", "g2", "g3", "g3s", "p2", "p3", "f1", "x1", "x1e"],
  split(".", type)[0]))
}

# Maker, how many, MiB of each, name.
function "accelerator" {
  params = [info]
  result = info == null ? null : "${info.Gpus[0].Manufacturer} ${info.Gpus[0].Count} ${info.Gpus[0].MemoryInfo.SizeInMiB} ${info.Gpus[0].Name}"
}

function "host_access_points" {
  params = []
  result = [for a in all("access_point") : { id = a.AccessPointId, fs = a.FileSystemId, path = a.RootDirectory.Path, make = a.RootDirectory.CreationInfo != null }]
}

# All of them: one that is not in this list loses its content.
function "host_volumes" {
  params = []
  result = [for v in all("volume") : {
    id     = v.VolumeId
    host   = v.Attachments[0].InstanceId
    device = ifnull(v.Attachments[0].Device, "")
    gib    = v.Size
    root   = length(v.Attachments) > 0 && v.Attachments[0].Device == get("instance", v.Attachments[0].InstanceId).RootDeviceName
  } if v.State != "deleting"]
}

# What 169.254.169.254 knows of a host, by path.
function "metadata" {
  params = [instance, view, subnet]
  result = with(with(with(metadata_of(instance, view, subnet), interface_metadata(view, subnet, view.NetworkInterfaces[0])), role_metadata(instance, get("session", ifnull(instance._session, "")))), with(
    { for t in ifnull(instance.Tags, []) : "meta-data/tags/instance/${t.Key}" => t.Value if instance.MetadataOptions.InstanceMetadataTags == "enabled" },
    { for n, m in view.BlockDeviceMappings : "meta-data/block-device-mapping/${m.DeviceName == instance.RootDeviceName ? "root" : "ebs${n}"}" => m.DeviceName },
  ))
}

function "interface_metadata" {
  params = [view, subnet, interface]
  result = { for name, text in {
    device-number           = "0"
    interface-id            = interface.NetworkInterfaceId
    local-hostname          = view.PrivateDnsName
    local-ipv4s             = view.PrivateIpAddress
    mac                     = interface.MacAddress
    owner-id                = account
    public-hostname         = isblank(view.PublicDnsName) ? null : view.PublicDnsName
    public-ipv4s            = view.PublicIpAddress
    security-group-ids      = join("\n", view.SecurityGroups[*].GroupId)
    security-groups         = join("\n", view.SecurityGroups[*].GroupName)
    subnet-id               = subnet.SubnetId
    subnet-ipv4-cidr-block  = subnet.CidrBlock
    vpc-id                  = subnet.VpcId
    vpc-ipv4-cidr-block     = get("vpc", subnet.VpcId).CidrBlock
    vpc-ipv4-cidr-blocks    = get("vpc", subnet.VpcId).CidrBlock
  } : "meta-data/network/interfaces/macs/${interface.MacAddress}/${name}" => text }
}

function "role_metadata" {
  params = [instance, session]
  result = instance.IamInstanceProfile == null ? {} : with(
    { "meta-data/iam/info" = jsonencode({ Code = "Success", LastUpdated = second_of(ifnull(session._made, instance.LaunchTime)), InstanceProfileArn = instance.IamInstanceProfile.Arn, InstanceProfileId = instance.IamInstanceProfile.Id }) },
    session == null ? {} : { "meta-data/iam/security-credentials/${session._role}" = jsonencode({
      Code = "Success", LastUpdated = session._made, Type = "AWS-HMAC", AccessKeyId = session.AccessKeyId, SecretAccessKey = session.SecretAccessKey
      Token = session.SessionToken, Expiration = session.Expiration
    }) },
  )
}

function "metadata_of" {
  params = [instance, view, subnet]
  result = {
    "meta-data/ami-id"                      = instance.ImageId
    "meta-data/ami-launch-index"            = tostring(instance.AmiLaunchIndex)
    "meta-data/hostname"                    = view.PrivateDnsName
    "meta-data/instance-action"             = "none"
    "meta-data/instance-id"                 = instance.InstanceId
    "meta-data/instance-life-cycle"         = instance.InstanceLifecycle == "spot" ? "spot" : "on-demand"
    "meta-data/instance-type"               = instance.InstanceType
    "meta-data/local-hostname"              = view.PrivateDnsName
    "meta-data/local-ipv4"                  = view.PrivateIpAddress
    "meta-data/mac"                         = view.NetworkInterfaces[0].MacAddress
    "meta-data/placement/availability-zone" = instance.Placement.AvailabilityZone
    "meta-data/placement/availability-zone-id" = subnet.AvailabilityZoneId
    "meta-data/placement/region"            = region
    "meta-data/placement/group-name"        = isblank(instance.Placement.GroupName) ? null : instance.Placement.GroupName
    "meta-data/profile"                     = "default-hvm"
    "meta-data/services/domain"             = "amazonaws.com"
    "meta-data/services/partition"          = "aws"
    "meta-data/block-device-mapping/ami"    = instance.RootDeviceName
    "meta-data/events/maintenance/history"   = "[]"
    "meta-data/events/maintenance/scheduled" = "[]"
    "meta-data/events/recommendations/rebalance" = instance._rebalance == null ? null : jsonencode({ noticeTime = second_of(instance._rebalance) })
    "meta-data/spot/instance-action"        = instance._notice == null ? null : jsonencode({ action = instance._notice.action, time = second_of(instance._notice.time) })
    "meta-data/spot/termination-time"       = instance._notice.action == "terminate" ? second_of(instance._notice.time) : null
    "meta-data/public-keys/"                = instance.KeyName == null ? null : "0=${instance.KeyName}"
    "meta-data/public-hostname"             = isblank(view.PublicDnsName) ? null : view.PublicDnsName
    "meta-data/public-ipv4"                 = view.PublicIpAddress
    "meta-data/public-keys/0/openssh-key"   = instance.KeyName == null ? null : one(where("key_pair", { KeyName = instance.KeyName })).PublicKey
    "meta-data/reservation-id"              = instance._reservation
    "meta-data/security-groups"             = join("\n", view.SecurityGroups[*].GroupName)
    "dynamic/instance-identity/document" = jsonencode({
      accountId = account, architecture = instance.Architecture, availabilityZone = instance.Placement.AvailabilityZone, imageId = instance.ImageId
      instanceId = instance.InstanceId, instanceType = instance.InstanceType, pendingTime = instance.LaunchTime, privateIp = view.PrivateIpAddress
      region = region, version = "2017-09-30", billingProducts = null, devpayProductCodes = null, kernelId = null, marketplaceProductCodes = null, ramdiskId = null
    })
    "user-data" = instance._user_data
  }
}

function "hosts" {
  params = []
  result = [for i in all("instance") : host(i, view(i), get("subnet", i.SubnetId)) if !contains(["shutting-down", "terminated"], i.State.Name)]
}

# ---- routes

function "host_subnets" {
  params = []
  result = [for id in distinct([for i in all("instance") : i.SubnetId if !contains(["shutting-down", "terminated"], i.State.Name)]) : ways(get("subnet", id))]
}

function "ways" {
  params = [subnet]
  result = { id = subnet.SubnetId, vpc = subnet.VpcId, routes = [for r in routes_of(subnet) : way(r, subnet.VpcId)] }
}

function "way" {
  params = [route, vpc]
  result = (route.GatewayId == "local" ? { to = route.DestinationCidrBlock, by = "local" }
    : is_way_out(route, vpc) ? { to = route.DestinationCidrBlock, by = "internet" }
    : route.NatGatewayId != null ? { to = route.DestinationCidrBlock, by = "nat", address = nat_exit(get("nat_gateway", route.NatGatewayId), route.DestinationCidrBlock) }
    : route.NetworkInterfaceId != null ? { to = route.DestinationCidrBlock, by = "host", address = get("network_interface", route.NetworkInterfaceId).PrivateIpAddress }
  : { to = route.DestinationCidrBlock, by = "nowhere" })
}

function "is_way_out" {
  params = [route, vpc]
  result = like(ifnull(route.GatewayId, ""), "igw-*") && contains(ifnull(get("internet_gateway", ifnull(route.GatewayId, "")).Attachments, [])[*].VpcId, vpc)
}

# The address of a NAT gateway that works: it must itself be where a way out is.
function "nat_exit" {
  params = [gateway, to]
  result = (gateway.State == "available" && length([for r in routes_of(get("subnet", gateway.SubnetId)) : r if is_way_out(r, gateway.VpcId) && cidr_within(to, r.DestinationCidrBlock)]) > 0
  ? gateway.NatGatewayAddresses[0].PublicIp : null)
}

# ---- file systems

# A file system's name means its mount target in the zone of who asks; with a zone before it, the one there.
function "file_system_names" {
  params = [vpc, zone]
  result = flatten([for m in ready_targets() : [
    { address = m.IpAddress, name = join(" ", concat(m.AvailabilityZoneName == zone ? [file_system_name(m)] : [], ["${m.AvailabilityZoneName}.${file_system_name(m)}"])) }
  ] if m.VpcId == vpc.VpcId && vpc.EnableDnsSupport && vpc.EnableDnsHostnames])
}

function "file_system_name" {
  params = [target]
  result = "${target.FileSystemId}.efs.${region}.amazonaws.com"
}

function "ready_targets" {
  params = []
  result = [for m in all("mount_target") : m if m.LifeCycleState == "available"]
}

function "host_shares" {
  params = []
  result = all("file_system")[*].FileSystemId
}

function "host_targets" {
  params = []
  result = [for m in ready_targets() : { id = m.MountTargetId, vpc = m.VpcId, address = m.IpAddress, groups = get("network_interface", m.NetworkInterfaceId)._groups }]
}

# ---- security groups

# Of groups that hosts and mount targets have.
function "host_rules" {
  params = []
  result = flatten([for groups in [host_groups()] : [for r in all("security_group_rule") : {
    group    = r.GroupId
    egress   = r.IsEgress
    protocol = r.IpProtocol
    from     = r.FromPort
    to       = r.ToPort
    cidr     = r.CidrIpv4
    peer     = r.ReferencedGroupInfo.GroupId
  } if contains(groups, r.GroupId)]])
}

function "host_groups" {
  params = []
  result = distinct(flatten([for n in all("network_interface") : n._groups if n._instance != null || n.InterfaceType == "efs"]))
}

operation "GetConsoleOutput" {
  need "instance" {
    id = in.InstanceId
  }
  answer = { InstanceId = instance.InstanceId, Timestamp = now, Output = ifnull(console(instance.InstanceId), "") }
  ignore = ["Latest"]
}
