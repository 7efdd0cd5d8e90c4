# SPDX-License-Identifier: Apache-2.0
# New instances: what is wrong with a wish, how many the quotas leave room for, and what comes of it.

service = "ec2"

# ---- what is asked for (`in`: parameters of RunInstances, or a LaunchSpecification)

function "asked_subnet_id" {
  params = [wish]
  result = (written(wish.SubnetId) ? wish.SubnetId : written(one(wish.NetworkInterfaces).SubnetId) ? one(wish.NetworkInterfaces).SubnetId
  : one([for s in all("subnet") : s if s.DefaultForAz && (isblank(wish.Placement.AvailabilityZone) || wish.Placement.AvailabilityZone == s.AvailabilityZone)]).SubnetId)
}

function "asked_group_ids" {
  params = [wish, vpc_id]
  result = distinct(concat(ifnull(wish.SecurityGroupIds, []), ifnull(one(wish.NetworkInterfaces).Groups, []), [for n in ifnull(wish.SecurityGroups, []) : one(where("security_group", { GroupName = n, VpcId = vpc_id })).GroupId]))
}

function "asked_profile" {
  params = [wish]
  result = written(wish.IamInstanceProfile.Name) ? get("iam_instance_profile", wish.IamInstanceProfile.Name) : one([for p in all("iam_instance_profile") : p if p.Arn == wish.IamInstanceProfile.Arn])
}

# The root volume as the image has it, where nothing else is said, and those beside it.
function "asked_mappings" {
  params = [wish, image]
  result = concat(
    [with(image.BlockDeviceMappings[0], { Ebs = with(image.BlockDeviceMappings[0].Ebs, ifnull(one([for m in ifnull(wish.BlockDeviceMappings, []) : m if m.DeviceName == image.RootDeviceName]).Ebs, {})) })],
    [for m in ifnull(wish.BlockDeviceMappings, []) : m if m.DeviceName != image.RootDeviceName],
  )
}

procedure "check_launch" {
  fail "MissingParameter" {
    when    = isblank(in.ImageId)
    message = "The request must contain the parameter ${ifnull(args.within, "")}ImageId"
  }
  need "image" {
    id = in.ImageId
  }
  let {
    type      = ifnull(in.InstanceType, "m1.small")
    known     = get("instance_type", type)
    nic       = one(in.NetworkInterfaces)
    subnet_id = asked_subnet_id(in)
    profile   = asked_profile(in)
  }
  fail "InvalidParameterValue" {
    when    = written(in.Placement.AvailabilityZone) && !contains(zones(), in.Placement.AvailabilityZone)
    message = "Invalid availability zone: [${in.Placement.AvailabilityZone}]"
  }
  fail "MissingInput" {
    when    = isblank(subnet_id)
    message = default_vpc() == null ? "No default VPC for this user. Please specify a subnet." : "No subnets found for the default VPC '${default_vpc().VpcId}'. Please specify a subnet."
  }
  need "subnet" {
    id = subnet_id
  }
  fail "InvalidParameterValue" {
    when    = written(in.Placement.AvailabilityZone) && in.Placement.AvailabilityZone != subnet.AvailabilityZone
    message = "The Availability Zone '${in.Placement.AvailabilityZone}' is not that of the subnet '${subnet.SubnetId}', which is '${subnet.AvailabilityZone}'."
  }
  fail "NotImplemented" {
    when    = in.Placement.Tenancy == "host"
    message = "The sandbox cloud has no dedicated hosts."
    status  = 501
  }
  fail "Unsupported" {
    when    = !is_offered(type)
    message = "Your requested instance type (${type}) is not supported in your requested Availability Zone (${subnet.AvailabilityZone}). Please retry your request by not specifying an Availability Zone or choosing one of another region."
  }
  fail "InvalidParameterValue" {
    when    = known != null && !contains(ifnull(known.ProcessorInfo.SupportedArchitectures, []), image.Architecture)
    message = "The architecture '${one(known.ProcessorInfo.SupportedArchitectures)}' of the specified instance type does not match the architecture '${image.Architecture}' of the specified AMI. Specify an instance type and an AMI that have matching architectures, and try again."
  }
  fail "InstanceCreditSpecification.NotSupported" {
    when    = written(in.CreditSpecification.CpuCredits) && !like(type, "t*")
    message = "The instance type '${type}' does not support CPU credits."
  }
  fail "InvalidParameterValue" {
    when    = in.CreditSpecification != null && !contains(["standard", "unlimited"], ifnull(in.CreditSpecification.CpuCredits, ""))
    message = "Value (${ifnull(in.CreditSpecification.CpuCredits, "")}) for parameter creditSpecification.cpuCredits is invalid. Valid values are standard and unlimited."
  }
  fail "InvalidParameterValue" {
    when    = in.MetadataOptions.HttpPutResponseHopLimit != null && (in.MetadataOptions.HttpPutResponseHopLimit < 1 || in.MetadataOptions.HttpPutResponseHopLimit > 64)
    message = "Value (${in.MetadataOptions.HttpPutResponseHopLimit}) for parameter metadataOptions.httpPutResponseHopLimit is invalid. Expecting a value from 1 to 64."
  }
  # its network
  fail "NotImplemented" {
    when    = length(ifnull(in.NetworkInterfaces, [])) > 1 || (nic != null && (ifnull(nic.DeviceIndex, 0) != 0 || ifnull(nic.NetworkCardIndex, 0) != 0 || ifnull(nic.InterfaceType, "interface") != "interface"))
    message = "The sandbox cloud gives an instance one new network interface, of the usual type and with index 0."
    status  = 501
  }
  fail "NotImplemented" {
    when    = length([for p in ifnull(nic.PrivateIpAddresses, []) : p if p.Primary != true]) > 0
    message = "The sandbox cloud gives a network interface one address."
    status  = 501
  }
  fail "InvalidParameterCombination" {
    when    = nic != null && (written(in.SubnetId) || written(in.SecurityGroupIds) || written(in.SecurityGroups))
    message = "Network interfaces and an instance-level ${written(in.SubnetId) ? "subnet ID" : "security groups"} may not be specified on the same request"
  }
  fail "InvalidParameterCombination" {
    when    = nic != null && written(in.PrivateIpAddress)
    message = "Network interfaces and an instance-level private IP address may not be specified on the same request"
  }
  fail "InvalidParameterCombination" {
    when    = written(in.SecurityGroups) && !subnet.DefaultForAz && written(in.SubnetId)
    message = "The parameter groupName cannot be used with the parameter subnet"
  }
  fail "InvalidGroup.NotFound" {
    when    = length([for n in ifnull(in.SecurityGroups, []) : n if count("security_group", { GroupName = n, VpcId = subnet.VpcId }) == 0]) > 0
    message = "The security group '${one([for n in ifnull(in.SecurityGroups, []) : n if count("security_group", { GroupName = n, VpcId = subnet.VpcId }) == 0])}' does not exist in VPC '${subnet.VpcId}'"
  }
  each "group" {
    in = [for g in asked_group_ids(in, subnet.VpcId) : { id = g }]
    need "security_group" {
      id = group.id
    }
    fail "InvalidParameter" {
      when    = security_group.VpcId != subnet.VpcId
      message = "Security group ${group.id} and subnet ${subnet.SubnetId} belong to different networks."
    }
  }
  # who enters it, and as what it acts
  fail "InvalidKeyPair.NotFound" {
    when    = written(in.KeyName) && count("key_pair", { KeyName = ifnull(in.KeyName, "") }) == 0
    message = "The key pair '${in.KeyName}' does not exist"
  }
  fail "InvalidParameterValue" {
    when    = written(in.IamInstanceProfile) && profile == null
    message = "Value (${ifnull(ifnull(in.IamInstanceProfile.Name, in.IamInstanceProfile.Arn), "")}) for parameter iamInstanceProfile.${written(in.IamInstanceProfile.Name) ? "name" : "arn"} is invalid. Invalid IAM Instance Profile ${written(in.IamInstanceProfile.Name) ? "name" : "ARN"}"
  }
  fail "InvalidParameterValue" {
    when    = written(in.UserData) && (!can(regex("^[A-Za-z0-9+/\\s]*={0,2}\\s*$", in.UserData)) || length(replace(ifnull(in.UserData, ""), "/\\s/", "")) % 4 != 0)
    message = "Invalid BASE64 encoding of user data."
  }
  fail "InvalidParameterValue" {
    when    = floor(length(replace(ifnull(in.UserData, ""), "/[=\\s]/", "")) * 3 / 4) > 16384
    message = "User data is limited to 16384 bytes"
  }
  # its disks
  fail "MissingParameter" {
    when    = anytrue([for m in ifnull(in.BlockDeviceMappings, []) : isblank(m.DeviceName)])
    message = "The request must contain the parameter BlockDeviceMappings.DeviceName"
  }
  fail "InvalidBlockDeviceMapping" {
    when    = length(distinct([for m in ifnull(in.BlockDeviceMappings, []) : m.DeviceName])) < length(ifnull(in.BlockDeviceMappings, []))
    message = "A device name stands twice in the block device mappings."
  }
  each "mapping" {
    in = asked_mappings(in, image)
    fail "MissingParameter" {
      when    = mapping.Ebs == null || (mapping.Ebs.VolumeSize == null && isblank(mapping.Ebs.SnapshotId))
      message = "The request must contain the parameter size or snapshotId"
    }
    fail "InvalidBlockDeviceMapping" {
      when    = mapping.DeviceName == image.RootDeviceName && mapping.Ebs.VolumeSize < image.BlockDeviceMappings[0].Ebs.VolumeSize
      message = "Volume of size ${mapping.Ebs.VolumeSize}GB is smaller than snapshot '${image.BlockDeviceMappings[0].Ebs.SnapshotId}', expect size>= ${image.BlockDeviceMappings[0].Ebs.VolumeSize}GB"
    }
    run "check_volume" {
      with = { size = mapping.Ebs.VolumeSize, type = mapping.Ebs.VolumeType, iops = mapping.Ebs.Iops, throughput = mapping.Ebs.Throughput, snapshot = mapping.Ebs.SnapshotId, key = mapping.Ebs.KmsKeyId, encrypted = mapping.Ebs.Encrypted }
    }
  }
}

# ---- quotas, which count vCPUs of families

# Sizes of a family that is not in our list grow alike: an xlarge has four threads, two to a core.
function "cpu_options" {
  params = [type]
  result = (get("instance_type", type) != null ? { CoreCount = get("instance_type", type).VCpuInfo.DefaultCores, ThreadsPerCore = get("instance_type", type).VCpuInfo.DefaultThreadsPerCore }
  : { CoreCount = like(type, "*.xlarge") ? 2 : like(type, "*.*xlarge") ? 2 * tonumber(replace(split(".", type)[1], "xlarge", "")) : 1, ThreadsPerCore = 2 })
}

function "vcpus" {
  params = [type]
  result = cpu_options(type).CoreCount * cpu_options(type).ThreadsPerCore
}

# The quota that a type counts for; null where none is told of (sandbox/services/quotas.hcl).
function "quota_code" {
  params = [type, spot]
  result = { true = {
    standard = "L-34B43A08", p = like(type, "p5*") || like(type, "p6*") ? "L-C4BD4855" : "L-7212CCBC", g = "L-3819A6DF", vt = "L-3819A6DF", dl = "L-85EED4F7", trn = "L-6B0D517C", inf = "L-B5D1601B"
    }, false = {
    standard = "L-1216C47A", p = "L-417A185B", g = "L-DB2E81BA", vt = "L-DB2E81BA", dl = "L-6E869C2A", trn = "L-2C3B7624", inf = "L-1945791B"
  } }[tostring(spot)][contains(["a", "c", "d", "h", "i", "im", "is", "m", "r", "t", "z"], regex("^[a-z]+", type)) ? "standard" : regex("^[a-z]+", type)]
}

# vCPUs that a quota leaves; null: as many as one likes.
function "quota_room" {
  params = [code]
  result = quota_value(code) == null ? null : quota_value(code) - sum(concat([0],
    [for i in where("instance", { _quota = code }) : i._vcpus if contains(["pending", "running"], i.State.Name)],
    [for r in where("spot_request", { _quota = code, State = "open" }) : r._vcpus],
  ))
}

# args: type, spot, count, fewest
procedure "check_quota" {
  let {
    room = quota_code(args.type, args.spot) == null ? null : quota_room(quota_code(args.type, args.spot))
  }
  fail "MaxSpotInstanceCountExceeded" {
    when    = args.spot && room != null && args.fewest * vcpus(args.type) > room
    message = "Max spot instance count exceeded"
  }
  fail "VcpuLimitExceeded" {
    when    = room != null && args.fewest * vcpus(args.type) > room
    message = "You have requested more vCPU capacity than your current vCPU limit of ${quota_value(quota_code(args.type, args.spot))} allows for the instance bucket that the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit."
  }
  fail "InstanceLimitExceeded" {
    when    = args.fewest > 1000
    message = "You have requested more instances (${args.fewest}) than your current instance limit of 1000 allows for the specified instance type. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit."
  }
}

# As many as fit into the quota and the subnet, up to the number that is asked for.
function "affordable" {
  params = [most, type, spot, subnet]
  result = min(most, 1000, max(0, view(subnet).AvailableIpAddressCount), one([for room in [quota_code(type, spot) == null ? null : quota_room(quota_code(type, spot))] : room == null ? most : floor(room / vcpus(type))]))
}

# ---- launching

operation "RunInstances" {
  fail "InvalidParameterValue" {
    when    = in.MinCount < 1 || in.MaxCount < 1
    message = "Value (${in.MinCount < 1 ? in.MinCount : in.MaxCount}) for parameter ${in.MinCount < 1 ? "minCount" : "maxCount"} is invalid. It must be greater than 0."
  }
  fail "InvalidParameterValue" {
    when    = in.MaxCount < in.MinCount
    message = "Value (${in.MinCount}) for parameter minCount is invalid. It must not be greater than maxCount (${in.MaxCount})."
  }
  fail "NotImplemented" {
    when    = in.InstanceMarketOptions != null && in.InstanceMarketOptions.MarketType != "spot"
    message = "The sandbox cloud knows no market but spot."
    status  = 501
  }
  run "check_launch" {}
  run "check_spot_wish" {
    with = in.InstanceMarketOptions.SpotOptions == null ? {} : { price = in.InstanceMarketOptions.SpotOptions.MaxPrice, type = in.InstanceMarketOptions.SpotOptions.SpotInstanceType, behavior = in.InstanceMarketOptions.SpotOptions.InstanceInterruptionBehavior, until = in.InstanceMarketOptions.SpotOptions.ValidUntil }
  }
  let {
    reservation = new_id("r-")
  }
  run "launch" {
    with = { reservation = reservation }
  }
  answer = {
    ReservationId = reservation
    OwnerId       = account
    Groups        = []
    Instances     = [for i in where("instance", { _reservation = reservation }) : view(i)]
  }
  ignore = [ # the procedure looks at them
    "BlockDeviceMappings", "CapacityReservationSpecification", "ClientToken", "CreditSpecification", "DisableApiStop", "DisableApiTermination", "EbsOptimized",
    "EnclaveOptions", "HibernationOptions", "IamInstanceProfile", "ImageId", "InstanceInitiatedShutdownBehavior", "InstanceMarketOptions", "InstanceType", "KeyName",
    "MaintenanceOptions", "MetadataOptions", "Monitoring", "NetworkInterfaces", "Placement", "PrivateDnsNameOptions", "PrivateIpAddress", "SecurityGroupIds",
    "SecurityGroups", "SubnetId", "TagSpecifications", "UserData",
  ]
  parts = {
    BlockDeviceMappings              = ["DeviceName", "Ebs"]
    "BlockDeviceMappings.Ebs"        = ["DeleteOnTermination", "Encrypted", "Iops", "KmsKeyId", "SnapshotId", "Throughput", "VolumeSize", "VolumeType"]
    CapacityReservationSpecification = ["CapacityReservationPreference"]
    CreditSpecification              = ["CpuCredits"]
    EnclaveOptions                   = ["Enabled"]
    HibernationOptions               = ["Configured"]
    IamInstanceProfile               = ["Arn", "Name"]
    InstanceMarketOptions            = ["MarketType", "SpotOptions"]
    "InstanceMarketOptions.SpotOptions" = ["InstanceInterruptionBehavior", "MaxPrice", "SpotInstanceType", "ValidUntil"]
    MaintenanceOptions               = ["AutoRecovery"]
    MetadataOptions                  = ["HttpEndpoint", "HttpProtocolIpv6", "HttpPutResponseHopLimit", "HttpTokens", "InstanceMetadataTags"]
    Monitoring                       = ["Enabled"]
    NetworkInterfaces                = ["AssociatePublicIpAddress", "DeleteOnTermination", "Description", "DeviceIndex", "Groups", "InterfaceType", "NetworkCardIndex", "PrivateIpAddress", "PrivateIpAddresses", "SubnetId"]
    "NetworkInterfaces.PrivateIpAddresses" = ["Primary", "PrivateIpAddress"]
    Placement                        = ["AvailabilityZone", "Tenancy"]
    PrivateDnsNameOptions            = ["EnableResourceNameDnsAAAARecord", "EnableResourceNameDnsARecord", "HostnameType"]
  }
}

# What `in` asks for, as parameters of RunInstances; args: reservation, request (of spot, that it fulfils; null: none)
procedure "launch" {
  need "image" {
    id = in.ImageId
  }
  let {
    type         = ifnull(in.InstanceType, "m1.small")
    nic          = one(in.NetworkInterfaces)
    spot         = args.request != null || in.InstanceMarketOptions.MarketType == "spot"
    spot_options = in.InstanceMarketOptions.MarketType == "spot" ? in.InstanceMarketOptions.SpotOptions : null
    profile      = asked_profile(in)
    address      = ifnull(in.PrivateIpAddress, ifnull(nic.PrivateIpAddress, one([for p in ifnull(nic.PrivateIpAddresses, []) : p.PrivateIpAddress])))
  }
  need "subnet" {
    id = asked_subnet_id(in)
  }
  fail "InvalidParameterCombination" {
    when    = in.MaxCount > 1 && written(address)
    message = "You can't specify a private IP address if you are launching more than one instance."
  }
  when {
    if = args.request == null
    run "check_quota" {
      with = { type = type, spot = spot, fewest = in.MinCount }
    }
  }
  fail "InsufficientInstanceCapacity" {
    when    = args.request == null && lacks_capacity(type, subnet.AvailabilityZone, in.InstanceMarketOptions.MarketType)
    status  = 500
    message = in.InstanceMarketOptions.MarketType == "spot" ? "There is no Spot capacity available that matches your request." : no_capacity_message(type, subnet.AvailabilityZone)
  }
  fail "SpotMaxPriceTooLow" {
    when    = args.request == null && written(spot_options.MaxPrice) && !price_reaches(spot_options.MaxPrice, type, subnet.AvailabilityZone)
    message = "Your Spot request price of ${spot_options.MaxPrice} is lower than the minimum required Spot request fulfillment price of ${pool_price(type, subnet.AvailabilityZone)}."
  }
  let {
    public      = ifnull(nic.AssociatePublicIpAddress, subnet.MapPublicIpOnLaunch)
    mappings    = asked_mappings(in, image)
    asked       = asked_group_ids(in, subnet.VpcId)
    groups      = length(asked) > 0 ? asked : [for g in where("security_group", { VpcId = subnet.VpcId, GroupName = "default" }) : g.GroupId]
    launched    = args.request != null ? 1 : affordable(in.MaxCount, type, spot, subnet)
  }
  fail "InsufficientFreeAddressesInSubnet" {
    when    = launched < in.MinCount
    message = "There are not enough free addresses in subnet '${subnet.SubnetId}' to satisfy the requested number of instances."
  }
  each "one_of" {
    in = [for n in range(launched) : { index = n }]
    create "instance" {
      value = {
        ImageId                 = image.ImageId
        InstanceType            = type
        KeyName                 = in.KeyName
        LaunchTime              = now
        AmiLaunchIndex          = one_of.index
        ClientToken             = in.ClientToken
        State                   = instance_state("pending")
        StateTransitionReason   = ""
        Placement               = { AvailabilityZone = subnet.AvailabilityZone, GroupName = "", Tenancy = ifnull(in.Placement.Tenancy, "default") }
        Monitoring              = { State = in.Monitoring.Enabled == true ? "enabled" : "disabled" }
        SubnetId                = subnet.SubnetId
        VpcId                   = subnet.VpcId
        Architecture            = image.Architecture
        RootDeviceName          = image.RootDeviceName
        RootDeviceType          = "ebs"
        VirtualizationType      = "hvm"
        Hypervisor              = "xen"
        EbsOptimized            = ifnull(in.EbsOptimized, false)
        EnaSupport              = true
        PlatformDetails         = "Linux/UNIX"
        UsageOperation          = "RunInstances"
        UsageOperationUpdateTime = now
        InstanceLifecycle       = in.InstanceMarketOptions.MarketType == "spot" ? "spot" : null
        IamInstanceProfile      = profile == null ? null : { Arn = profile.Arn, Id = profile.InstanceProfileId }
        CpuOptions              = cpu_options(type)
        HibernationOptions      = { Configured = ifnull(in.HibernationOptions.Configured, false) }
        EnclaveOptions          = { Enabled = ifnull(in.EnclaveOptions.Enabled, false) }
        MaintenanceOptions      = { AutoRecovery = ifnull(in.MaintenanceOptions.AutoRecovery, "default") }
        PrivateDnsNameOptions   = with({ HostnameType = "ip-name", EnableResourceNameDnsARecord = false, EnableResourceNameDnsAAAARecord = false }, ifnull(in.PrivateDnsNameOptions, {}))
        CapacityReservationSpecification = { CapacityReservationPreference = ifnull(in.CapacityReservationSpecification.CapacityReservationPreference, "open") }
        MetadataOptions = with({
          State = "applied", HttpTokens = "optional", HttpPutResponseHopLimit = 1, HttpEndpoint = "enabled", HttpProtocolIpv6 = "disabled", InstanceMetadataTags = "disabled"
        }, ifnull(in.MetadataOptions, {}))
        _reservation     = args.reservation
        _quota           = quota_code(type, spot)
        _vcpus           = vcpus(type)
        _profile_association = profile == null ? null : new_id("iip-assoc-")
        _user_data       = in.UserData
        _api_termination = ifnull(in.DisableApiTermination, false)
        _api_stop        = ifnull(in.DisableApiStop, false)
        _shutdown        = ifnull(in.InstanceInitiatedShutdownBehavior, "stop")
        _public          = public
        _credits         = in.CreditSpecification.CpuCredits
      }
    }
    run "new_interface" {
      of = subnet
      with = {
        instance = instance.InstanceId, owner = instance.InstanceId, groups = groups, address = address
        description = ifnull(nic.Description, ""), delete = ifnull(nic.DeleteOnTermination, true)
        public_ip = public ? public_address() : null
        tags = flatten([for s in ifnull(in.TagSpecifications, []) : s.Tags if s.ResourceType == "network-interface"])
      }
    }
    each "mapping" {
      in = mappings
      create "volume" {
        value = with(volume_of(mapping.Ebs, subnet.AvailabilityZone), {
          State     = "in-use"
          _instance = instance.InstanceId
          Attachments = [{ VolumeId = "", InstanceId = instance.InstanceId, Device = mapping.DeviceName, State = "attached", AttachTime = now, DeleteOnTermination = ifnull(mapping.Ebs.DeleteOnTermination, true) }]
        })
      }
      update "volume" {
        set = { Attachments = [with(volume.Attachments[0], { VolumeId = volume.VolumeId })] }
      }
    }
    when {
      if = in.InstanceMarketOptions.MarketType == "spot" && args.request == null
      run "new_spot_request" {
        of   = instance
        with = { options = ifnull(spot_options, {}), in = with(in, { TagSpecifications = null, ClientToken = null, MinCount = 1, MaxCount = 1 }) }
      }
    }
    when {
      if = args.request != null
      run "spot_fulfilled" {
        of   = instance
        with = { request = args.request }
      }
    }
    later "instance_started" {
      after = 30
      of    = instance
    }
  }
}

