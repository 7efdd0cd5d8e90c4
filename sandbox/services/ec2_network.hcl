# SPDX-License-Identifier: Apache-2.0
# Networks: VPCs, subnets, gateways, routes, addresses, security groups, network interfaces.

service = "ec2"

# ---- words

function "zone_letters" {
  params = []
  result = region == "us-east-1" ? ["a", "b", "c", "d", "e", "f"] : region == "us-west-2" ? ["a", "b", "c", "d"] : ["a", "b", "c"]
}

function "zones" {
  params = []
  result = [for letter in zone_letters() : "${region}${letter}"]
}

# us-east-1a is use1-az1, ap-southeast-2b is apse2-az2
function "zone_id" {
  params = [zone]
  result = join("", [
    split("-", region)[0],
    { east = "e", west = "w", north = "n", south = "s", central = "c", northeast = "ne", southeast = "se", northwest = "nw", southwest = "sw" }[split("-", region)[1]],
    split("-", region)[2],
    "-az",
    index(zones(), zone) + 1,
  ])
}

function "private_name" {
  params = [address]
  result = "ip-${replace(address, ".", "-")}.${region == "us-east-1" ? "ec2" : "${region}.compute"}.internal"
}

function "public_name" {
  params = [address]
  result = "ec2-${replace(address, ".", "-")}.${region == "us-east-1" ? "compute-1" : "${region}.compute"}.amazonaws.com"
}

# ---- zones and regions

operation "DescribeAvailabilityZones" {
  fail "InvalidParameterValue" {
    when    = length([for z in ifnull(in.ZoneNames, []) : z if !contains(zones(), z)]) > 0
    message = "Invalid availability zone: [${join(", ", [for z in ifnull(in.ZoneNames, []) : z if !contains(zones(), z)])}]"
  }
  let {
    known = [for z in zones() : {
      ZoneName           = z
      ZoneId             = zone_id(z)
      State              = "available"
      RegionName         = region
      ZoneType           = "availability-zone"
      OptInStatus        = "opt-in-not-required"
      GroupName          = region
      NetworkBorderGroup = region
      Messages           = []
    }]
    names = {
      zone-name = "ZoneName", zone-id = "ZoneId", state = "State", region-name = "RegionName", zone-type = "ZoneType"
      opt-in-status = "OptInStatus", group-name = "GroupName", group-long-name = "GroupLongName", message = "Message", parent-zone-id = "ParentZoneId", parent-zone-name = "ParentZoneName"
    }
    unknown = [for f in ifnull(in.Filters, []) : f.Name if names[f.Name] == null]
  }
  fail "InvalidParameterValue" {
    when    = length(unknown) > 0
    message = "The filter '${one(unknown)}' is invalid"
  }
  answer = {
    AvailabilityZones = [for z in known : z if(isblank(in.ZoneNames) || contains(ifnull(in.ZoneNames, []), z.ZoneName))
    && (isblank(in.ZoneIds) || contains(ifnull(in.ZoneIds, []), z.ZoneId))
    && alltrue([for f in ifnull(in.Filters, []) : anytrue([for v in f.Values : like(ifnull(z[names[f.Name]], ""), v)])])]
  }
  ignore = ["AllAvailabilityZones"]
}

function "region_names" {
  params = []
  result = ["us-east-1", "us-east-2", "us-west-1", "us-west-2", "ca-central-1", "sa-east-1", "eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1", "eu-north-1", "ap-south-1", "ap-northeast-1", "ap-northeast-2", "ap-northeast-3", "ap-southeast-1", "ap-southeast-2"]
}

operation "DescribeRegions" {
  let {
    names   = region_names()
    lost    = [for n in ifnull(in.RegionNames, []) : n if !contains(names, n)]
    unknown = [for f in ifnull(in.Filters, []) : f.Name if !contains(["region-name", "opt-in-status", "endpoint"], f.Name)]
  }
  fail "InvalidParameterValue" {
    when    = length(lost) + length(unknown) > 0
    message = length(lost) > 0 ? "Invalid region: [${join(", ", lost)}]" : "The filter '${one(unknown)}' is invalid"
  }
  answer = {
    Regions = [for r in names : { RegionName = r, Endpoint = "ec2.${r}.amazonaws.com", OptInStatus = "opt-in-not-required" } if(isblank(in.RegionNames) || contains(ifnull(in.RegionNames, []), r))
    && alltrue([for f in ifnull(in.Filters, []) : anytrue([for v in f.Values : like(f.Name == "region-name" ? r : f.Name == "endpoint" ? "ec2.${r}.amazonaws.com" : "opt-in-not-required", v)])])]
  }
  ignore = ["AllRegions"]
}

operation "DescribeAccountAttributes" {
  let {
    known = { supported-platforms = ["VPC"], default-vpc = [ifnull(default_vpc().VpcId, "none")], vpc-max-security-groups-per-interface = ["5"], max-elastic-ips = ["5"], vpc-max-elastic-ips = ["5"], max-instances = ["20"] }
  }
  answer = { AccountAttributes = [for name, values in known : { AttributeName = name, AttributeValues = [for v in values : { AttributeValue = v }] } if isblank(in.AttributeNames) || contains(ifnull(in.AttributeNames, []), name)] }
}

# ---- VPCs

kind "vpc" {
  prefix    = "vpc-"
  id        = "VpcId"
  noun      = "vpc ID"
  absent    = "InvalidVpcID.NotFound"
  malformed = "InvalidVpcID.Malformed"
  tags      = "vpc"
  shape     = "Vpc"
  filters {
    cidr                                        = self.CidrBlock
    cidr-block-association_association-id       = "CidrBlockAssociationSet.AssociationId"
    cidr-block-association_cidr-block           = "CidrBlockAssociationSet.CidrBlock"
    cidr-block-association_state                = "CidrBlockAssociationSet.CidrBlockState.State"
    ipv6-cidr-block-association_association-id  = "Ipv6CidrBlockAssociationSet.AssociationId"
    ipv6-cidr-block-association_ipv6-cidr-block = "Ipv6CidrBlockAssociationSet.Ipv6CidrBlock"
    ipv6-cidr-block-association_ipv6-pool       = "Ipv6CidrBlockAssociationSet.Ipv6Pool"
    ipv6-cidr-block-association_state           = "Ipv6CidrBlockAssociationSet.Ipv6CidrBlockState.State"
  }
}

kind "network_acl" {
  prefix = "acl-"
  id     = "NetworkAclId"
  noun   = "networkAcl ID"
  absent = "InvalidNetworkAclID.NotFound"
  tags   = "network-acl"
  shape  = "NetworkAcl"
  view = with(self, {
    Associations = [for s in where("subnet", { VpcId = self.VpcId }) : { NetworkAclAssociationId = "aclassoc-${substr(sha256(s.SubnetId), 0, 17)}", NetworkAclId = self.NetworkAclId, SubnetId = s.SubnetId }]
  })
  filters {
    default                    = self.IsDefault
    association_association-id = "Associations.NetworkAclAssociationId"
    entry_cidr                 = "Entries.CidrBlock"
    entry_icmp_code            = "Entries.IcmpTypeCode.Code"
    entry_icmp_type            = "Entries.IcmpTypeCode.Type"
    entry_ipv6-cidr            = "Entries.Ipv6CidrBlock"
  }
}

# What every VPC comes with: a main route table, a network ACL, a security group.
procedure "vpc_furniture" {
  create "route_table" {
    tags = []
    value = {
      VpcId   = self.VpcId
      OwnerId = account
      Routes  = [{ DestinationCidrBlock = self.CidrBlock, GatewayId = "local", State = "active", Origin = "CreateRouteTable" }]
    }
  }
  create "route_table_association" {
    value = { RouteTableId = route_table.RouteTableId, Main = true, AssociationState = { State = "associated" } }
  }
  create "network_acl" {
    tags = []
    value = {
      VpcId     = self.VpcId
      OwnerId   = account
      IsDefault = true
      Entries = [for e in [[100, "allow"], [32767, "deny"]] : { CidrBlock = "0.0.0.0/0", Egress = false, Protocol = "-1", RuleAction = e[1], RuleNumber = e[0] }]
    }
  }
  create "security_group" "group" {
    tags  = []
    value = { VpcId = self.VpcId, OwnerId = account, GroupName = "default", Description = "default VPC security group" }
  }
  run "add_rule" {
    of   = group
    with = { egress = false, tags = [], rule = { IpProtocol = "-1", FromPort = -1, ToPort = -1, ReferencedGroupInfo = { GroupId = group.GroupId, UserId = account } } }
  }
  run "add_rule" {
    of   = group
    with = { egress = true, tags = [], rule = { IpProtocol = "-1", FromPort = -1, ToPort = -1, CidrIpv4 = "0.0.0.0/0" } }
  }
}

procedure "vpc_ready" {
  update "self" {
    set = { State = "available" }
  }
}

# This machine, loopback, link-local, multicast and beyond: "VPC CIDR blocks" of the user guide.
function "is_no_vpc_range" {
  params = [cidr]
  result = anytrue([for r in ["0.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3"] : cidr_within(cidr, r)])
}

operation "CreateVpc" {
  fail "MissingParameter" {
    when    = isblank(in.CidrBlock)
    message = "The request must contain the parameter CidrBlock"
  }
  fail "InvalidParameterValue" {
    when    = cidr_bits(in.CidrBlock) == null
    message = "Value (${in.CidrBlock}) for parameter cidrBlock is invalid. This is not a valid CIDR block."
  }
  fail "InvalidVpc.Range" {
    when    = cidr_bits(in.CidrBlock) < 16 || cidr_bits(in.CidrBlock) > 28 || is_no_vpc_range(in.CidrBlock)
    message = "The CIDR '${in.CidrBlock}' is invalid."
  }
  fail "VpcLimitExceeded" {
    when    = length(all("vpc")) >= quota_value("L-F678F1CE")
    message = "The maximum number of VPCs has been reached."
  }
  create "vpc" {
    value = {
      CidrBlock                        = cidr_base(in.CidrBlock)
      State                            = "pending"
      DhcpOptionsId                    = "dopt-${substr(sha256("${account} ${region}"), 0, 17)}"
      OwnerId                          = account
      InstanceTenancy                  = ifnull(in.InstanceTenancy, "default")
      IsDefault                        = false
      EnableDnsSupport                 = true
      EnableDnsHostnames               = false
      EnableNetworkAddressUsageMetrics = false
      CidrBlockAssociationSet = [{
        AssociationId  = new_id("vpc-cidr-assoc-")
        CidrBlock      = cidr_base(in.CidrBlock)
        CidrBlockState = { State = "associated" }
      }]
    }
  }
  when {
    if = in.AmazonProvidedIpv6CidrBlock == true
    run "give_ipv6" {
      of = vpc
    }
  }
  run "vpc_furniture" {
    of = vpc
  }
  later "vpc_ready" {
    after = 2
    of    = vpc
  }
  answer = { Vpc = get("vpc", vpc.VpcId) }
}

operation "DescribeVpcs" {
  list "vpc" {
    ids = in.VpcIds
  }
}

operation "DescribeVpcAttribute" {
  need "vpc" {
    id = in.VpcId
  }
  answer = {
    VpcId                            = vpc.VpcId
    EnableDnsSupport                 = in.Attribute == "enableDnsSupport" ? { Value = vpc.EnableDnsSupport } : null
    EnableDnsHostnames               = in.Attribute == "enableDnsHostnames" ? { Value = vpc.EnableDnsHostnames } : null
    EnableNetworkAddressUsageMetrics = in.Attribute == "enableNetworkAddressUsageMetrics" ? { Value = vpc.EnableNetworkAddressUsageMetrics } : null
  }
}

operation "ModifyVpcAttribute" {
  need "vpc" {
    id = in.VpcId
  }
  fail "InvalidParameterCombination" {
    when    = length([for v in [in.EnableDnsSupport, in.EnableDnsHostnames, in.EnableNetworkAddressUsageMetrics] : v if v != null]) > 1
    message = "Only one attribute can be modified at a time"
  }
  update "vpc" {
    set = {
      EnableDnsSupport                 = ifnull(in.EnableDnsSupport.Value, vpc.EnableDnsSupport)
      EnableDnsHostnames               = ifnull(in.EnableDnsHostnames.Value, vpc.EnableDnsHostnames)
      EnableNetworkAddressUsageMetrics = ifnull(in.EnableNetworkAddressUsageMetrics.Value, vpc.EnableNetworkAddressUsageMetrics)
    }
  }
}

operation "DeleteVpc" {
  need "vpc" {
    id = in.VpcId
  }
  let {
    gateways = [for g in all("internet_gateway") : g if contains(g.Attachments[*].VpcId, vpc.VpcId)]
    groups   = where("security_group", { VpcId = vpc.VpcId })
    tables   = where("route_table", { VpcId = vpc.VpcId })
    mains    = flatten([for t in tables : where("route_table_association", { RouteTableId = t.RouteTableId, Main = true })])
  }
  fail "DependencyViolation" {
    when = length(gateways) > 0 || length([for g in groups : g if g.GroupName != "default"]) > 0 || length(tables) > 1 || length(where("subnet", { VpcId = vpc.VpcId })) > 0 || length(where("network_interface", { VpcId = vpc.VpcId })) > 0
    message = "The vpc '${vpc.VpcId}' has dependencies and cannot be deleted."
  }
  each "table" {
    in = tables
    delete "table" {}
  }
  each "main" {
    in = mains
    delete "main" {}
  }
  each "group" {
    in = groups
    run "delete_group" {
      of = group
    }
  }
  each "acl" {
    in = where("network_acl", { VpcId = vpc.VpcId })
    delete "acl" {}
  }
  delete "vpc" {}
}

operation "DescribeNetworkAcls" {
  list "network_acl" {
    ids = in.NetworkAclIds
  }
}

# ---- subnets

kind "subnet" {
  prefix    = "subnet-"
  id        = "SubnetId"
  noun      = "subnet ID"
  absent    = "InvalidSubnetID.NotFound"
  malformed = "InvalidSubnetID.Malformed"
  tags      = "subnet"
  shape     = "Subnet"
  view      = with(self, { AvailableIpAddressCount = pow(2, 32 - cidr_bits(self.CidrBlock)) - 5 - count("network_interface", { SubnetId = self.SubnetId }) - count("secondary_address", { SubnetId = self.SubnetId }) })
  filters {
    cidr             = self.CidrBlock
    cidrBlock        = self.CidrBlock
    availabilityZone = self.AvailabilityZone
    defaultForAz     = self.DefaultForAz
    ipv6-cidr-block-association_association-id  = "Ipv6CidrBlockAssociationSet.AssociationId"
    ipv6-cidr-block-association_ipv6-cidr-block = "Ipv6CidrBlockAssociationSet.Ipv6CidrBlock"
    ipv6-cidr-block-association_state           = "Ipv6CidrBlockAssociationSet.Ipv6CidrBlockState.State"
  }
}

function "new_subnet" {
  params = [vpc_id, cidr, zone]
  result = {
    VpcId                         = vpc_id
    CidrBlock                     = cidr
    AvailabilityZone              = zone
    AvailabilityZoneId            = zone_id(zone)
    State                         = "pending"
    OwnerId                       = account
    DefaultForAz                  = false
    MapPublicIpOnLaunch           = false
    MapCustomerOwnedIpOnLaunch    = false
    AssignIpv6AddressOnCreation   = false
    Ipv6CidrBlockAssociationSet   = []
    EnableDns64                   = false
    Ipv6Native                    = false
    PrivateDnsNameOptionsOnLaunch = { HostnameType = "ip-name", EnableResourceNameDnsARecord = false, EnableResourceNameDnsAAAARecord = false }
  }
}

operation "CreateSubnet" {
  need "vpc" {
    id = in.VpcId
  }
  fail "MissingParameter" {
    when    = isblank(in.CidrBlock)
    message = "Either 'cidrBlock' or 'ipv6CidrBlock' should be provided."
  }
  fail "InvalidParameterValue" {
    when    = cidr_bits(in.CidrBlock) == null
    message = "Value (${in.CidrBlock}) for parameter cidrBlock is invalid. This is not a valid CIDR block."
  }
  fail "InvalidSubnet.Range" {
    when    = cidr_bits(in.CidrBlock) > 28 || !anytrue([for c in vpc_ranges(vpc) : cidr_within(in.CidrBlock, c)])
    message = "The CIDR '${in.CidrBlock}' is invalid."
  }
  fail "InvalidSubnet.Conflict" {
    when    = anytrue([for s in where("subnet", { VpcId = vpc.VpcId }) : cidr_overlaps(s.CidrBlock, in.CidrBlock)])
    message = "The CIDR '${in.CidrBlock}' conflicts with another subnet"
  }
  fail "InvalidParameterCombination" {
    when    = written(in.AvailabilityZone) && written(in.AvailabilityZoneId)
    message = "The parameters availabilityZone and availabilityZoneId may not be used together"
  }
  let {
    zone = ifnull(in.AvailabilityZone, in.AvailabilityZoneId == null ? zones()[0] : one([for z in zones() : z if zone_id(z) == in.AvailabilityZoneId]))
  }
  fail "InvalidParameterValue" {
    when    = !contains(zones(), ifnull(zone, ""))
    message = "Value (${ifnull(in.AvailabilityZone, in.AvailabilityZoneId)}) for parameter ${in.AvailabilityZone == null ? "availabilityZoneId" : "availabilityZone"} is invalid. Subnets can currently only be created in the following availability zones: ${join(", ", zones())}."
  }
  when {
    if = written(in.Ipv6CidrBlock)
    run "check_ipv6_range" {
      with = { vpc = vpc.VpcId, range = in.Ipv6CidrBlock }
    }
  }
  when {
    if = count("subnet", { VpcId = vpc.VpcId }) >= 200
    fail "SubnetLimitExceeded" {
      when    = count("subnet", { VpcId = vpc.VpcId }) >= quota_value("L-407747CB")
      message = "The maximum number of subnets has been reached."
    }
  }
  create "subnet" {
    value = with(new_subnet(vpc.VpcId, cidr_base(in.CidrBlock), zone), written(in.Ipv6CidrBlock) ? { Ipv6CidrBlockAssociationSet = [ipv6_association(in.Ipv6CidrBlock)] } : {})
  }
  run "number_subnet" {
    of = subnet
  }
  later "subnet_ready" {
    after = 1
    of    = subnet
  }
  answer = { Subnet = view(get("subnet", subnet.SubnetId)) }
}

procedure "number_subnet" {
  update "self" {
    set = { SubnetArn = "arn:aws:ec2:${region}:${account}:subnet/${self.SubnetId}" }
  }
}

procedure "subnet_ready" {
  update "self" {
    set = { State = "available" }
  }
}

operation "DescribeSubnets" {
  list "subnet" {
    ids = in.SubnetIds
  }
}

operation "ModifySubnetAttribute" {
  need "subnet" {
    id = in.SubnetId
  }
  let {
    named = [for name, value in {
      assignIpv6AddressOnCreation             = in.AssignIpv6AddressOnCreation
      enableDns64                             = in.EnableDns64
      enableResourceNameDnsAAAARecordOnLaunch = in.EnableResourceNameDnsAAAARecordOnLaunch
      enableResourceNameDnsARecordOnLaunch    = in.EnableResourceNameDnsARecordOnLaunch
      mapPublicIpOnLaunch                     = in.MapPublicIpOnLaunch
      privateDnsHostnameTypeOnLaunch          = in.PrivateDnsHostnameTypeOnLaunch
    } : name if value != null]
  }
  fail "InvalidRequest" {
    when    = length(named) > 1
    message = "Only one subnet attribute can be modified at a time. Provided attributes: [${join(", ", named)}]"
  }
  fail "InvalidParameterValue" {
    when    = in.AssignIpv6AddressOnCreation.Value == true && length(subnet.Ipv6CidrBlockAssociationSet) == 0
    message = "Invalid value 'true' for assign-ipv6-address-on-creation. Cannot set assign-ipv6-address-on-creation to true unless the subnet (${subnet.SubnetId}) has an IPv6 CIDR block associated with it."
  }
  update "subnet" {
    set = {
      AssignIpv6AddressOnCreation = ifnull(in.AssignIpv6AddressOnCreation.Value, subnet.AssignIpv6AddressOnCreation)
      MapPublicIpOnLaunch         = ifnull(in.MapPublicIpOnLaunch.Value, subnet.MapPublicIpOnLaunch)
      EnableDns64                 = ifnull(in.EnableDns64.Value, subnet.EnableDns64)
      PrivateDnsNameOptionsOnLaunch = {
        HostnameType                    = ifnull(in.PrivateDnsHostnameTypeOnLaunch, subnet.PrivateDnsNameOptionsOnLaunch.HostnameType)
        EnableResourceNameDnsARecord    = ifnull(in.EnableResourceNameDnsARecordOnLaunch.Value, subnet.PrivateDnsNameOptionsOnLaunch.EnableResourceNameDnsARecord)
        EnableResourceNameDnsAAAARecord = ifnull(in.EnableResourceNameDnsAAAARecordOnLaunch.Value, subnet.PrivateDnsNameOptionsOnLaunch.EnableResourceNameDnsAAAARecord)
      }
    }
  }
}

operation "DeleteSubnet" {
  need "subnet" {
    id = in.SubnetId
  }
  fail "DependencyViolation" {
    when    = length(where("network_interface", { SubnetId = subnet.SubnetId })) > 0
    message = "The subnet '${subnet.SubnetId}' has dependencies and cannot be deleted."
  }
  each "association" {
    in = where("route_table_association", { SubnetId = subnet.SubnetId })
    delete "association" {}
  }
  delete "subnet" {}
}

# ---- internet gateways

kind "internet_gateway" {
  prefix    = "igw-"
  id        = "InternetGatewayId"
  noun      = "internetGateway ID"
  absent    = "InvalidInternetGatewayID.NotFound"
  malformed = "InvalidInternetGatewayId.Malformed"
  tags      = "internet-gateway"
  shape     = "InternetGateway"
}

operation "CreateInternetGateway" {
  fail "InternetGatewayLimitExceeded" {
    when    = length(all("internet_gateway")) >= quota_value("L-A4707A72")
    message = "The maximum number of internet gateways has been reached."
  }
  create "internet_gateway" {
    value = { Attachments = [], OwnerId = account }
  }
  answer = { InternetGateway = internet_gateway }
}

operation "DescribeInternetGateways" {
  list "internet_gateway" {
    ids = in.InternetGatewayIds
  }
}

operation "AttachInternetGateway" {
  need "internet_gateway" {
    id = in.InternetGatewayId
  }
  need "vpc" {
    id = in.VpcId
  }
  fail "Resource.AlreadyAssociated" {
    when    = length(internet_gateway.Attachments) > 0
    message = "resource ${internet_gateway.InternetGatewayId} is already attached to network ${internet_gateway.Attachments[0].VpcId}"
  }
  fail "InvalidParameterValue" {
    when    = has_internet(vpc.VpcId)
    message = "Network ${vpc.VpcId} already has an internet gateway attached"
  }
  update "internet_gateway" {
    set = { Attachments = [{ VpcId = vpc.VpcId, State = "available" }] }
  }
}

function "has_internet" {
  params = [vpc_id]
  result = length([for g in all("internet_gateway") : g if contains(g.Attachments[*].VpcId, vpc_id)]) > 0
}

operation "DetachInternetGateway" {
  need "internet_gateway" {
    id = in.InternetGatewayId
  }
  fail "Gateway.NotAttached" {
    when    = !contains(internet_gateway.Attachments[*].VpcId, in.VpcId)
    message = "resource ${internet_gateway.InternetGatewayId} is not attached to network ${in.VpcId}"
  }
  let {
    mapped = [for i in where("network_interface", { VpcId = in.VpcId }) : i if i._public_ip != null || length(where("address", { NetworkInterfaceId = i.NetworkInterfaceId })) > 0]
  }
  fail "DependencyViolation" {
    when    = length(mapped) > 0
    message = "Network ${in.VpcId} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway."
  }
  update "internet_gateway" {
    set = { Attachments = [] }
  }
}

operation "DeleteInternetGateway" {
  need "internet_gateway" {
    id = in.InternetGatewayId
  }
  fail "DependencyViolation" {
    when    = length(internet_gateway.Attachments) > 0
    message = "The internetGateway '${internet_gateway.InternetGatewayId}' has dependencies and cannot be deleted."
  }
  delete "internet_gateway" {}
}

# ---- route tables

kind "route_table" {
  prefix    = "rtb-"
  id        = "RouteTableId"
  noun      = "routeTable ID"
  absent    = "InvalidRouteTableID.NotFound"
  malformed = "InvalidRouteTableId.Malformed"
  tags      = "route-table"
  shape     = "RouteTable"
  view = with(self, {
    PropagatingVgws = []
    Associations    = where("route_table_association", { RouteTableId = self.RouteTableId })
    Routes = [for r in self.Routes : with(r, { State = (
      r.NatGatewayId != null && !contains(["pending", "available"], ifnull(get("nat_gateway", r.NatGatewayId).State, "")) ||
      r.GatewayId != null && r.GatewayId != "local" && length(ifnull(get("internet_gateway", r.GatewayId).Attachments, [])) == 0 ||
      r.NetworkInterfaceId != null && get("network_interface", r.NetworkInterfaceId) == null
    ) ? "blackhole" : "active" })]
  })
}

kind "route_table_association" {
  prefix = "rtbassoc-"
  id     = "RouteTableAssociationId"
  noun   = "association ID"
  absent = "InvalidAssociationID.NotFound"
  shape  = "RouteTableAssociation"
}

operation "CreateRouteTable" {
  need "vpc" {
    id = in.VpcId
  }
  create "route_table" {
    value = {
      VpcId   = vpc.VpcId
      OwnerId = account
      Routes  = [{ DestinationCidrBlock = vpc.CidrBlock, GatewayId = "local", State = "active", Origin = "CreateRouteTable" }]
    }
  }
  answer = { RouteTable = view(route_table) }
}

operation "DescribeRouteTables" {
  list "route_table" {
    ids = in.RouteTableIds
  }
}

operation "DeleteRouteTable" {
  need "route_table" {
    id = in.RouteTableId
  }
  fail "DependencyViolation" {
    when    = length(where("route_table_association", { RouteTableId = route_table.RouteTableId })) > 0
    message = "The routeTable '${route_table.RouteTableId}' has dependencies and cannot be deleted."
  }
  delete "route_table" {}
}

# A route from what is asked for; fails where its target is not there.
procedure "check_route" {
  let {
    targets = [for t in [args.GatewayId, args.NatGatewayId, args.NetworkInterfaceId, args.InstanceId] : t if written(t)]
  }
  fail "MissingParameter" {
    when    = isblank(args.DestinationCidrBlock)
    message = "The request must contain the parameter destinationCidrBlock or destinationIpv6CidrBlock or destinationPrefixListId"
  }
  fail "InvalidParameterValue" {
    when    = cidr_bits(args.DestinationCidrBlock) == null
    message = "Value (${args.DestinationCidrBlock}) for parameter destinationCidrBlock is invalid. This is not a valid CIDR block."
  }
  fail "InvalidParameterValue" {
    when    = written(args.GatewayId) && args.GatewayId != "local" && anytrue([for c in vpc_ranges(get("vpc", self.VpcId)) : cidr_within(args.DestinationCidrBlock, c) && cidr_base(c) != cidr_base(args.DestinationCidrBlock)])
    message = "The destination CIDR block ${args.DestinationCidrBlock} is equal to or more specific than one of this VPC's CIDR blocks. This route can target only an interface or an instance."
  }
  fail "InvalidParameterValue" {
    when    = args.GatewayId == "local" && !contains([for c in vpc_ranges(get("vpc", self.VpcId)) : cidr_base(c)], cidr_base(args.DestinationCidrBlock))
    message = "The destination CIDR block ${args.DestinationCidrBlock} is none of the VPC's, which alone are local."
  }
  fail "InvalidParameterValue" {
    when    = cidr_within(args.DestinationCidrBlock, "169.254.168.0/22")
    message = "The destination CIDR block ${args.DestinationCidrBlock} is within 169.254.168.0/22, which AWS keeps for itself."
  }
  fail "InvalidParameterCombination" {
    when    = length(targets) != 1
    message = "The request must contain exactly one of gatewayId, natGatewayId, networkInterfaceId, instanceId, vpcPeeringConnectionId or transitGatewayId"
  }
  when {
    if = written(args.GatewayId) && args.GatewayId != "local"
    need "internet_gateway" {
      id = args.GatewayId
    }
    fail "InvalidParameterValue" {
      when    = !contains(internet_gateway.Attachments[*].VpcId, self.VpcId)
      message = "route table ${self.RouteTableId} and network gateway ${args.GatewayId} belong to different networks"
    }
  }
  when {
    if = written(args.NatGatewayId)
    need "nat_gateway" {
      id = args.NatGatewayId
    }
    fail "InvalidParameterValue" {
      when    = nat_gateway.VpcId != self.VpcId
      message = "route table ${self.RouteTableId} and NAT gateway ${args.NatGatewayId} belong to different networks"
    }
  }
  when {
    if = written(args.NetworkInterfaceId)
    need "network_interface" {
      id = args.NetworkInterfaceId
    }
  }
  when {
    if = written(args.InstanceId)
    need "instance" {
      id = args.InstanceId
    }
  }
}

function "route_of" {
  params = [asked, origin]
  result = {
    DestinationCidrBlock = cidr_base(asked.DestinationCidrBlock)
    GatewayId            = asked.GatewayId
    NatGatewayId         = asked.NatGatewayId
    InstanceId           = asked.InstanceId
    NetworkInterfaceId   = asked.InstanceId == null ? asked.NetworkInterfaceId : one(where("network_interface", { _instance = asked.InstanceId })).NetworkInterfaceId
    Origin               = origin
  }
}

operation "CreateRoute" {
  need "route_table" {
    id = in.RouteTableId
  }
  let {
    asked = { DestinationCidrBlock = in.DestinationCidrBlock, GatewayId = in.GatewayId, NatGatewayId = in.NatGatewayId, NetworkInterfaceId = in.NetworkInterfaceId, InstanceId = in.InstanceId }
  }
  run "check_route" {
    of   = route_table
    with = asked
  }
  fail "RouteAlreadyExists" {
    when    = contains(route_table.Routes[*].DestinationCidrBlock, cidr_base(in.DestinationCidrBlock))
    message = "The route identified by ${in.DestinationCidrBlock} already exists."
  }
  update "route_table" {
    set = { Routes = concat([route_of(asked, "CreateRoute")], route_table.Routes) }
  }
  answer = { Return = true }
}

operation "ReplaceRoute" {
  need "route_table" {
    id = in.RouteTableId
  }
  let {
    asked = { DestinationCidrBlock = in.DestinationCidrBlock, GatewayId = in.GatewayId, NatGatewayId = in.NatGatewayId, NetworkInterfaceId = in.NetworkInterfaceId, InstanceId = in.InstanceId }
  }
  run "check_route" {
    of   = route_table
    with = asked
  }
  fail "InvalidParameterValue" {
    when    = !contains(route_table.Routes[*].DestinationCidrBlock, cidr_base(in.DestinationCidrBlock))
    message = "There is no route defined for '${in.DestinationCidrBlock}' in the route table. Use CreateRoute instead."
  }
  update "route_table" {
    set = { Routes = [for r in route_table.Routes : r.DestinationCidrBlock == cidr_base(in.DestinationCidrBlock) ? route_of(asked, "CreateRoute") : r] }
  }
}

operation "DeleteRoute" {
  need "route_table" {
    id = in.RouteTableId
  }
  fail "MissingParameter" {
    when    = isblank(in.DestinationCidrBlock)
    message = "The request must contain the parameter destinationCidrBlock or destinationIpv6CidrBlock or destinationPrefixListId"
  }
  fail "InvalidParameterValue" {
    when    = cidr_bits(in.DestinationCidrBlock) == null
    message = "Value (${in.DestinationCidrBlock}) for parameter destinationCidrBlock is invalid. This is not a valid CIDR block."
  }
  fail "InvalidRoute.NotFound" {
    when    = !contains(route_table.Routes[*].DestinationCidrBlock, ifnull(cidr_base(in.DestinationCidrBlock), ""))
    message = "no route with destination-cidr-block ${in.DestinationCidrBlock} in route table ${in.RouteTableId}"
  }
  fail "InvalidParameterValue" {
    when    = one([for r in route_table.Routes : r if r.DestinationCidrBlock == cidr_base(in.DestinationCidrBlock)]).GatewayId == "local"
    message = "cannot remove local route ${in.DestinationCidrBlock} in route table ${in.RouteTableId}"
  }
  update "route_table" {
    set = { Routes = [for r in route_table.Routes : r if r.DestinationCidrBlock != cidr_base(in.DestinationCidrBlock)] }
  }
}

operation "AssociateRouteTable" {
  need "route_table" {
    id = in.RouteTableId
  }
  need "subnet" {
    id = in.SubnetId
  }
  fail "InvalidParameterValue" {
    when    = subnet.VpcId != route_table.VpcId
    message = "Route table ${route_table.RouteTableId} and subnet ${subnet.SubnetId} belong to different networks"
  }
  let {
    before = one(where("route_table_association", { SubnetId = subnet.SubnetId }))
  }
  fail "Resource.AlreadyAssociated" {
    when    = before != null
    message = "the specified association for route table ${route_table.RouteTableId} conflicts with an existing association"
  }
  create "route_table_association" {
    value = { RouteTableId = route_table.RouteTableId, SubnetId = subnet.SubnetId, Main = false, AssociationState = { State = "associated" } }
  }
  answer = { AssociationId = route_table_association.RouteTableAssociationId, AssociationState = { State = "associated" } }
}

operation "DisassociateRouteTable" {
  need "route_table_association" {
    id = in.AssociationId
  }
  fail "InvalidParameterValue" {
    when    = route_table_association.Main
    message = "cannot disassociate the main route table association ${in.AssociationId}"
  }
  delete "route_table_association" {}
}

operation "ReplaceRouteTableAssociation" {
  need "route_table_association" "before" {
    id = in.AssociationId
  }
  need "route_table" {
    id = in.RouteTableId
  }
  fail "InvalidParameterValue" {
    when    = get("route_table", before.RouteTableId).VpcId != route_table.VpcId
    message = "Route tables ${before.RouteTableId} and ${route_table.RouteTableId} belong to different networks"
  }
  delete "before" {}
  create "route_table_association" {
    value = { RouteTableId = route_table.RouteTableId, SubnetId = before.SubnetId, Main = before.Main, AssociationState = { State = "associated" } }
  }
  answer = { NewAssociationId = route_table_association.RouteTableAssociationId, AssociationState = { State = "associated" } }
}

# ---- addresses

kind "address" {
  prefix    = "eipalloc-"
  id        = "AllocationId"
  noun      = "allocation ID"
  absent    = "InvalidAllocationID.NotFound"
  malformed = "InvalidAllocationID.NotFound"
  tags      = "elastic-ip"
  shape     = "Address"
}

# Public addresses lie in ranges that are kept for documents and measurements, and so are nobody's; each region has its own.
function "public_range" {
  params = []
  result = region == "us-east-1" ? "198.51.100.0/24" : cidrsubnet("198.18.0.0/15", 5, contains(region_names(), region) ? index(region_names(), region) : 31)
}

function "public_address" {
  params = []
  result = free_address(public_range(), [{ kind = "address", member = "PublicIp" }, { kind = "network_interface", member = "_public_ip" }, { kind = "network_interface", member = "_last_public_ip" }])
}

operation "AllocateAddress" {
  fail "AddressLimitExceeded" {
    when    = length(all("address")) >= quota_value("L-0263D0A3")
    message = "The maximum number of addresses has been reached."
  }
  create "address" {
    value = { PublicIp = public_address(), Domain = "vpc", PublicIpv4Pool = "amazon", NetworkBorderGroup = region }
  }
  answer = with(address, { PublicIpv4Pool = "amazon" })
  ignore = ["Domain"]
}

operation "DescribeAddresses" {
  fail "InvalidAddress.NotFound" {
    when    = length([for ip in ifnull(in.PublicIps, []) : ip if length(where("address", { PublicIp = ip })) == 0]) > 0
    message = "Address '${one([for ip in ifnull(in.PublicIps, []) : ip if length(where("address", { PublicIp = ip })) == 0])}' not found."
  }
  list "address" {
    ids   = in.AllocationIds
    where = isblank(in.PublicIps) || contains(ifnull(in.PublicIps, []), self.PublicIp)
  }
  answer = { Addresses = found }
}

operation "DescribeAddressesAttribute" {
  list "address" {
    ids = in.AllocationIds
  }
  answer = { Addresses = [for a in found : { AllocationId = a.AllocationId, PublicIp = a.PublicIp }] }
  ignore = ["Attribute"]
}

operation "AssociateAddress" {
  fail "MissingParameter" {
    when    = isblank(in.AllocationId)
    message = "The request must contain the parameter AllocationId"
  }
  need "address" {
    id = in.AllocationId
  }
  when {
    if = written(in.InstanceId)
    need "instance" {
      id = in.InstanceId
    }
    fail "InvalidInstanceID" {
      when    = !contains(["running", "stopped", "stopping"], instance.State.Name)
      message = "The pending-instance-creation instance to which you want to associate the address is not in a valid state for this operation: ${instance.State.Name}"
    }
  }
  fail "MissingParameter" {
    when    = isblank(in.InstanceId) && isblank(in.NetworkInterfaceId)
    message = "Either instance ID or network interface id must be specified"
  }
  let {
    interface_id = written(in.InstanceId) ? one(where("network_interface", { _instance = in.InstanceId })).NetworkInterfaceId : in.NetworkInterfaceId
  }
  need "network_interface" "interface" {
    id = interface_id
  }
  fail "Gateway.NotAttached" {
    when    = !has_internet(interface.VpcId)
    message = "Network ${interface.VpcId} is not attached to any internet gateway"
  }
  fail "Resource.AlreadyAssociated" {
    when    = address.AssociationId != null && in.AllowReassociation == false
    message = "resource ${address.AllocationId} is already associated with associate-id ${address.AssociationId}"
  }
  each "other" {
    in = where("address", { NetworkInterfaceId = interface.NetworkInterfaceId, PrivateIpAddress = ifnull(in.PrivateIpAddress, interface.PrivateIpAddress) })
    update "other" {
      set = { AssociationId = null, InstanceId = null, NetworkInterfaceId = null, NetworkInterfaceOwnerId = null, PrivateIpAddress = null }
    }
  }
  update "address" {
    set = {
      AssociationId           = new_id("eipassoc-")
      InstanceId              = interface._instance
      NetworkInterfaceId      = interface.NetworkInterfaceId
      NetworkInterfaceOwnerId = account
      PrivateIpAddress        = ifnull(in.PrivateIpAddress, interface.PrivateIpAddress)
    }
  }
  update "interface" {
    set = { _public_ip = null }
  }
  answer = { AssociationId = address.AssociationId }
}

operation "DisassociateAddress" {
  let {
    address = one(where("address", written(in.AssociationId) ? { AssociationId = in.AssociationId } : { PublicIp = ifnull(in.PublicIp, "") }))
  }
  fail "InvalidAssociationID.NotFound" {
    when    = address == null
    message = "The association ID '${in.AssociationId}' does not exist"
  }
  fail "AuthFailure" {
    when    = get("network_interface", address.NetworkInterfaceId).InterfaceType == "nat_gateway"
    message = "You do not have permission to access the specified resource."
  }
  update "address" {
    set = { AssociationId = null, InstanceId = null, NetworkInterfaceId = null, NetworkInterfaceOwnerId = null, PrivateIpAddress = null }
  }
}

operation "ReleaseAddress" {
  need "address" {
    id = in.AllocationId
  }
  fail "InvalidIPAddress.InUse" {
    when    = address.AssociationId != null
    message = "Address ${address.PublicIp} is in use."
  }
  delete "address" {}
  ignore = ["NetworkBorderGroup"]
}

# ---- NAT gateways

kind "nat_gateway" {
  prefix         = "nat-"
  id             = "NatGatewayId"
  absent         = "NatGatewayNotFound"
  malformed      = "NatGatewayMalformed"
  absent_message = "The Nat Gateway ${id} was not found"
  tags           = "natgateway"
  shape          = "NatGateway"
}

operation "CreateNatGateway" {
  need "subnet" {
    id = in.SubnetId
  }
  let {
    open = ifnull(in.ConnectivityType, "public") == "public"
  }
  fail "MissingParameter" {
    when    = open && isblank(in.AllocationId)
    message = "The request must include the AllocationId parameter. Add the required parameter and retry the request."
  }
  when {
    if = open
    need "address" {
      id = in.AllocationId
    }
  }
  fail "NatGatewayLimitExceeded" {
    when    = length([for g in all("nat_gateway") : g if contains(["pending", "available"], g.State) && get("subnet", g.SubnetId).AvailabilityZone == subnet.AvailabilityZone]) >= quota_value("L-FE5A380F")
    message = "Performing this operation would exceed the limit of ${quota_value("L-FE5A380F")} NAT gateways"
  }
  create "nat_gateway" {
    value = {
      SubnetId         = subnet.SubnetId
      VpcId            = subnet.VpcId
      State            = "pending"
      CreateTime       = now
      ConnectivityType = open ? "public" : "private"
      NatGatewayAddresses = [{ AllocationId = address.AllocationId, IsPrimary = true, Status = "associating" }]
      _private_ip         = in.PrivateIpAddress
    }
  }
  later "nat_ready" {
    after = 90
    of    = nat_gateway
  }
  answer = { NatGateway = nat_gateway, ClientToken = in.ClientToken }
}

procedure "nat_ready" {
  let {
    address = self.ConnectivityType == "public" ? get("address", self.NatGatewayAddresses[0].AllocationId) : null
    wrong = (self.State != "pending" ? null
      : self.ConnectivityType == "public" && !has_internet(self.VpcId) ? ["Gateway.NotAttached", "Network ${self.VpcId} has no Internet gateway attached"]
      : self.ConnectivityType == "public" && address == null ? ["InvalidAllocationID.NotFound", "Elastic IP address ${self.NatGatewayAddresses[0].AllocationId} could not be found"]
    : address.AssociationId != null ? ["Resource.AlreadyAssociated", "Elastic IP address [${address.AllocationId}] is already associated"] : null)
  }
  when {
    if = self.State == "pending" && wrong != null
    update "self" {
      set = { State = "failed", FailureCode = wrong[0], FailureMessage = wrong[1], DeleteTime = now }
    }
    later "forget" {
      after = 3600
      of    = self
    }
  }
  when {
    if = self.State == "pending"
    run "new_interface" {
      of   = get("subnet", self.SubnetId)
      with = { owner = self.NatGatewayId, type = "nat_gateway", description = "Interface for NAT Gateway ${self.NatGatewayId}", groups = [], address = self._private_ip, delete = true }
    }
    let {
      interface   = one(where("network_interface", { _owner = self.NatGatewayId }))
      association = new_id("eipassoc-")
    }
    when {
      if = address != null
      update "address" {
        set = { AssociationId = association, NetworkInterfaceId = interface.NetworkInterfaceId, NetworkInterfaceOwnerId = account, PrivateIpAddress = interface.PrivateIpAddress }
      }
    }
    update "self" {
      set = {
        State = "available"
        NatGatewayAddresses = [{
          AllocationId       = address.AllocationId
          AssociationId      = address == null ? null : association
          NetworkInterfaceId = interface.NetworkInterfaceId
          PrivateIp          = interface.PrivateIpAddress
          PublicIp           = address.PublicIp
          IsPrimary          = true
          Status             = "succeeded"
        }]
      }
    }
  }
}

operation "DescribeNatGateways" {
  list "nat_gateway" {
    ids = in.NatGatewayIds
  }
}

operation "DeleteNatGateway" {
  need "nat_gateway" {
    id = in.NatGatewayId
  }
  when {
    if = !contains(["deleting", "deleted"], nat_gateway.State)
    update "nat_gateway" {
      set = { State = "deleting" }
    }
    later "nat_gone" {
      after = 45
      of    = nat_gateway
    }
  }
  answer = { NatGatewayId = nat_gateway.NatGatewayId }
}

procedure "nat_gone" {
  run "free_interfaces" {
    with = { interfaces = where("network_interface", { _owner = self.NatGatewayId }) }
  }
  update "self" {
    set = { State = "deleted", DeleteTime = now }
  }
  later "forget" {
    after = 3600
    of    = self
  }
}

# What is over stays to be seen for an hour.
procedure "forget" {
  delete "self" {}
}

# ---- network interfaces

kind "network_interface" {
  prefix         = "eni-"
  id             = "NetworkInterfaceId"
  absent         = "InvalidNetworkInterfaceID.NotFound"
  malformed      = "InvalidNetworkInterfaceId.Malformed"
  absent_message = "The networkInterface ID '${id}' does not exist"
  tags           = "network-interface"
  shape          = "NetworkInterface"
  view           = with(self, interface_view(self, interface_association(self, one(where("address", { NetworkInterfaceId = self.NetworkInterfaceId, PrivateIpAddress = self.PrivateIpAddress })))))
  filters {
    group-id                          = [for g in self.Groups : g.GroupId]
    addresses_association_owner-id    = "PrivateIpAddresses.Association.IpOwnerId"
    addresses_association_public-ip   = "PrivateIpAddresses.Association.PublicIp"
    addresses_primary                 = "PrivateIpAddresses.Primary"
    addresses_private-ip-address      = "PrivateIpAddresses.PrivateIpAddress"
  }
}

function "interface_view" {
  params = [i, association]
  result = {
    TagSet = i.Tags
    Groups = [for g in i._groups : { GroupId = g, GroupName = get("security_group", g).GroupName }]
    Association = association
    PrivateIpAddresses = concat([{
      Primary          = true
      PrivateIpAddress = i.PrivateIpAddress
      PrivateDnsName   = i.PrivateDnsName
      Association      = association
    }], [for a in secondary_addresses(i.NetworkInterfaceId) : {
      Primary          = false
      PrivateIpAddress = a
      PrivateDnsName   = private_name(a)
      Association      = interface_association({}, one(where("address", { NetworkInterfaceId = i.NetworkInterfaceId, PrivateIpAddress = a })))
    }])
  }
}

function "interface_association" {
  params = [i, address]
  result = (address != null ? { AllocationId = address.AllocationId, AssociationId = address.AssociationId, IpOwnerId = account, PublicIp = address.PublicIp, PublicDnsName = public_name(address.PublicIp) }
  : i._public_ip != null ? { IpOwnerId = "amazon", PublicIp = i._public_ip, PublicDnsName = public_name(i._public_ip) } : null)
}

# In a subnet (self); args: owner, type, description, groups, address, public_ip, instance, index, delete, requester
procedure "new_interface" {
  let {
    address = written(args.address) ? args.address : free_private_address(self)
  }
  fail "InsufficientFreeAddressesInSubnet" {
    when    = address == null
    message = "Not enough free addresses in subnet '${self.SubnetId}'"
  }
  fail "InvalidParameterValue" {
    when    = !cidr_within("${address}/32", self.CidrBlock)
    message = "Address ${address} does not fall within the subnet's address range"
  }
  fail "InvalidParameterValue" {
    when    = is_reserved_address(address, self.CidrBlock)
    message = "Address ${address} is in subnet's reserved address range"
  }
  fail "InvalidIPAddress.InUse" {
    when    = is_used_address(self.SubnetId, address)
    message = "Address ${address} is in use."
  }
  create "network_interface" "interface" {
    tags = ifnull(args.tags, [])
    value = {
      SubnetId         = self.SubnetId
      VpcId            = self.VpcId
      AvailabilityZone = self.AvailabilityZone
      Description      = ifnull(args.description, "")
      OwnerId          = account
      RequesterId      = args.instance == null ? account : null
      RequesterManaged = args.instance == null
      Status           = "in-use"
      InterfaceType    = ifnull(args.type, "interface")
      SourceDestCheck  = args.type != "nat_gateway"
      PrivateIpAddress = address
      PrivateDnsName   = private_name(address)
      MacAddress       = join(":", concat(["0e"], [for i in range(5) : substr(sha256("${address} ${self.SubnetId}"), i * 2, 2)]))
      Ipv6Addresses    = []
      Attachment = {
        AttachmentId        = new_id("eni-attach-")
        AttachTime          = now
        DeleteOnTermination = ifnull(args.delete, true)
        DeviceIndex         = ifnull(args.index, 0)
        NetworkCardIndex    = 0
        InstanceId          = args.instance
        InstanceOwnerId     = args.instance == null ? "amazon-aws" : account
        Status              = "attached"
      }
      _groups    = args.groups
      _owner     = args.owner
      _instance  = args.instance
      _public_ip = args.public_ip
    }
  }
}

# args.interfaces go, and let go of their addresses.
procedure "free_interfaces" {
  each "interface" {
    in = args.interfaces
    each "address" {
      in = where("address", { NetworkInterfaceId = interface.NetworkInterfaceId })
      update "address" {
        set = { AssociationId = null, InstanceId = null, NetworkInterfaceId = null, NetworkInterfaceOwnerId = null, PrivateIpAddress = null }
      }
    }
    each "address" {
      in = where("secondary_address", { NetworkInterfaceId = interface.NetworkInterfaceId })
      delete "address" {}
    }
    delete "interface" {}
  }
}

operation "DescribeNetworkInterfaces" {
  list "network_interface" {
    ids = in.NetworkInterfaceIds
  }
}

operation "ModifyNetworkInterfaceAttribute" {
  need "network_interface" "interface" {
    id = in.NetworkInterfaceId
  }
  each "group" {
    in = [for g in ifnull(in.Groups, []) : { id = g }]
    need "security_group" {
      id = group.id
    }
  }
  update "interface" {
    set = {
      _groups         = ifnull(in.Groups, interface._groups)
      SourceDestCheck = ifnull(in.SourceDestCheck.Value, interface.SourceDestCheck)
      Description     = ifnull(in.Description.Value, interface.Description)
    }
  }
}

# ---- what every region has from the beginning

# A VPC with a public subnet in each zone, and a way out.
procedure "make_default_vpc" {
  create "vpc" {
    tags = []
    value = {
      CidrBlock                        = "172.31.0.0/16"
      State                            = "available"
      DhcpOptionsId                    = "dopt-${substr(sha256("${account} ${region}"), 0, 17)}"
      OwnerId                          = account
      InstanceTenancy                  = "default"
      IsDefault                        = true
      EnableDnsSupport                 = true
      EnableDnsHostnames               = true
      EnableNetworkAddressUsageMetrics = false
      CidrBlockAssociationSet          = [{ AssociationId = new_id("vpc-cidr-assoc-"), CidrBlock = "172.31.0.0/16", CidrBlockState = { State = "associated" } }]
    }
  }
  run "vpc_furniture" {
    of = vpc
  }
  each "zone" {
    in = [for n, z in zones() : { name = z, cidr = cidrsubnet("172.31.0.0/16", 4, n) }]
    create "subnet" {
      tags = []
      value = with(new_subnet(vpc.VpcId, zone.cidr, zone.name), { State = "available", DefaultForAz = true, MapPublicIpOnLaunch = true })
    }
    run "number_subnet" {
      of = subnet
    }
  }
  create "internet_gateway" {
    tags  = []
    value = { Attachments = [{ VpcId = vpc.VpcId, State = "available" }], OwnerId = account }
  }
  let {
    table = one(where("route_table", { VpcId = vpc.VpcId }))
  }
  update "table" {
    set = { Routes = concat([{ DestinationCidrBlock = "0.0.0.0/0", GatewayId = internet_gateway.InternetGatewayId, State = "active", Origin = "CreateRoute" }], table.Routes) }
  }
}

procedure "region" {
  run "make_instance_types" {}
  run "make_images" {}
  run "make_public_parameters" {}
  run "make_default_vpc" {}
}
