# SPDX-License-Identifier: Apache-2.0
# What can be added later: ranges of VPCs and subnets, addresses of interfaces and NAT gateways.

service = "ec2"

# ---- ranges of VPCs

# A /56 of the range that is kept for documents, by the VPC.
function "amazon_ipv6" {
  params = [vpc_id]
  result = "2001:db8:${substr(sha256("${account} ${vpc_id}"), 0, 4)}:${substr(sha256("${account} ${vpc_id}"), 4, 2)}00::/56"
}

function "vpc_ranges" {
  params = [vpc]
  result = [for a in vpc.CidrBlockAssociationSet : a.CidrBlock if contains(["associated", "associating"], a.CidrBlockState.State)]
}

# To a VPC (self).
procedure "give_ipv6" {
  update "self" {
    set = {
      Ipv6CidrBlockAssociationSet = [{
        AssociationId      = new_id("vpc-cidr-assoc-")
        Ipv6CidrBlock      = cidrsubnet(amazon_ipv6(self.VpcId), 0, 0)
        Ipv6CidrBlockState = { State = "associated" }
        NetworkBorderGroup = region
        Ipv6Pool           = "Amazon"
      }]
    }
  }
}

operation "AssociateVpcCidrBlock" {
  need "vpc" {
    id = in.VpcId
  }
  fail "MissingParameter" {
    when    = isblank(in.CidrBlock) && in.AmazonProvidedIpv6CidrBlock != true
    message = "The request must contain the parameter cidrBlock or amazonProvidedIpv6CidrBlock"
  }
  fail "InvalidParameterCombination" {
    when    = written(in.CidrBlock) && in.AmazonProvidedIpv6CidrBlock == true
    message = "Only one of cidrBlock and amazonProvidedIpv6CidrBlock may be specified"
  }
  fail "InvalidParameterValue" {
    when    = written(in.CidrBlock) && cidr_bits(in.CidrBlock) == null
    message = "Value (${in.CidrBlock}) for parameter cidrBlock is invalid. This is not a valid CIDR block."
  }
  fail "InvalidVpc.Range" {
    when    = written(in.CidrBlock) && (cidr_bits(in.CidrBlock) < 16 || cidr_bits(in.CidrBlock) > 28)
    message = "The CIDR '${in.CidrBlock}' is invalid."
  }
  fail "CidrConflict" {
    when    = written(in.CidrBlock) && anytrue([for c in vpc_ranges(vpc) : cidr_overlaps(c, in.CidrBlock)])
    message = "The CIDR '${in.CidrBlock}' conflicts with another range of the VPC"
  }
  fail "CidrConflict" {
    when    = in.AmazonProvidedIpv6CidrBlock == true && length(ifnull(vpc.Ipv6CidrBlockAssociationSet, [])) > 0
    message = "The VPC '${vpc.VpcId}' has an IPv6 range already"
  }
  fail "CidrLimitExceeded" {
    when    = written(in.CidrBlock) && length(vpc_ranges(vpc)) >= 5
    message = "This network '${vpc.VpcId}' has met its maximum number of allowed CIDRs: 5"
  }
  let {
    added = { AssociationId = new_id("vpc-cidr-assoc-"), CidrBlock = cidr_base(in.CidrBlock), CidrBlockState = { State = "associated" } }
  }
  when {
    if = written(in.CidrBlock)
    update "vpc" {
      set = { CidrBlockAssociationSet = concat(vpc.CidrBlockAssociationSet, [added]) }
    }
    each "table" {
      in = where("route_table", { VpcId = vpc.VpcId })
      update "table" {
        set = { Routes = concat(table.Routes, [{ DestinationCidrBlock = added.CidrBlock, GatewayId = "local", State = "active", Origin = "CreateRouteTable" }]) }
      }
    }
  }
  when {
    if = in.AmazonProvidedIpv6CidrBlock == true
    run "give_ipv6" {
      of = vpc
    }
  }
  answer = {
    VpcId                    = vpc.VpcId
    CidrBlockAssociation     = written(in.CidrBlock) ? with(added, { CidrBlockState = { State = "associating" } }) : null
    Ipv6CidrBlockAssociation = written(in.CidrBlock) ? null : with(get("vpc", vpc.VpcId).Ipv6CidrBlockAssociationSet[0], { Ipv6CidrBlockState = { State = "associating" } })
  }
  ignore = ["Ipv6CidrBlockNetworkBorderGroup"]
}

operation "DisassociateVpcCidrBlock" {
  let {
    vpc  = one([for v in all("vpc") : v if contains(concat(v.CidrBlockAssociationSet[*].AssociationId, ifnull(v.Ipv6CidrBlockAssociationSet, [])[*].AssociationId), in.AssociationId)])
    gone = one([for a in ifnull(vpc.CidrBlockAssociationSet, []) : a if a.AssociationId == in.AssociationId])
    ipv6 = one([for a in ifnull(vpc.Ipv6CidrBlockAssociationSet, []) : a if a.AssociationId == in.AssociationId])
  }
  fail "InvalidVpcCidrBlockAssociationID.NotFound" {
    when    = vpc == null
    message = "The vpc CIDR block association ID '${in.AssociationId}' does not exist"
  }
  fail "OperationNotPermitted" {
    when    = gone.CidrBlock == vpc.CidrBlock
    message = "The vpc CIDR block with association ID ${in.AssociationId} may not be disassociated. It is the primary IPv4 CIDR block of the VPC"
  }
  fail "DependencyViolation" {
    when    = anytrue([for s in where("subnet", { VpcId = vpc.VpcId }) : gone != null ? cidr_within(s.CidrBlock, gone.CidrBlock) : length(s.Ipv6CidrBlockAssociationSet) > 0])
    message = "The CIDR block of association '${in.AssociationId}' has dependencies and cannot be disassociated."
  }
  update "vpc" {
    set = {
      CidrBlockAssociationSet     = [for a in vpc.CidrBlockAssociationSet : a if a.AssociationId != in.AssociationId]
      Ipv6CidrBlockAssociationSet = [for a in ifnull(vpc.Ipv6CidrBlockAssociationSet, []) : a if a.AssociationId != in.AssociationId]
    }
  }
  each "table" {
    in = gone == null ? [] : where("route_table", { VpcId = vpc.VpcId })
    update "table" {
      set = { Routes = [for r in table.Routes : r if r.DestinationCidrBlock != gone.CidrBlock] }
    }
  }
  answer = {
    VpcId                    = vpc.VpcId
    CidrBlockAssociation     = gone == null ? null : with(gone, { CidrBlockState = { State = "disassociating" } })
    Ipv6CidrBlockAssociation = ipv6 == null ? null : with(ipv6, { Ipv6CidrBlockState = { State = "disassociating" } })
  }
}

operation "ModifyVpcTenancy" {
  need "vpc" {
    id = in.VpcId
  }
  update "vpc" {
    set = { InstanceTenancy = in.InstanceTenancy }
  }
  answer = { ReturnValue = true }
}

# ---- ranges of subnets

# A subnet's /64 must be one of the 256 of its VPC.
procedure "check_ipv6_range" {
  let {
    vpc = get("vpc", args.vpc)
  }
  fail "InvalidParameterValue" {
    when    = !can(cidrsubnet(args.range, 0, 0))
    message = "Value (${args.range}) for parameter ipv6CidrBlock is invalid. This is not a valid CIDR block."
  }
  fail "InvalidSubnet.Range" {
    when    = length(ifnull(vpc.Ipv6CidrBlockAssociationSet, [])) == 0 ? true : !contains([for n in range(256) : cidrsubnet(vpc.Ipv6CidrBlockAssociationSet[0].Ipv6CidrBlock, 8, n)], cidrsubnet(args.range, 0, 0))
    message = "The IPv6 CIDR '${args.range}' is invalid."
  }
  fail "InvalidSubnet.Conflict" {
    when    = anytrue([for s in where("subnet", { VpcId = vpc.VpcId }) : contains(s.Ipv6CidrBlockAssociationSet[*].Ipv6CidrBlock, cidrsubnet(args.range, 0, 0))])
    message = "The IPv6 CIDR '${args.range}' conflicts with another subnet"
  }
}

function "ipv6_association" {
  params = [block]
  result = { AssociationId = new_id("subnet-cidr-assoc-"), Ipv6CidrBlock = cidrsubnet(block, 0, 0), Ipv6CidrBlockState = { State = "associated" } }
}

operation "AssociateSubnetCidrBlock" {
  need "subnet" {
    id = in.SubnetId
  }
  fail "MissingParameter" {
    when    = isblank(in.Ipv6CidrBlock)
    message = "The request must contain the parameter ipv6CidrBlock"
  }
  fail "SubnetAlreadyHasIpv6Cidr" {
    when    = length(subnet.Ipv6CidrBlockAssociationSet) > 0
    message = "The subnet '${subnet.SubnetId}' has an IPv6 CIDR block already"
  }
  run "check_ipv6_range" {
    with = { vpc = subnet.VpcId, range = in.Ipv6CidrBlock }
  }
  update "subnet" {
    set = { Ipv6CidrBlockAssociationSet = [ipv6_association(in.Ipv6CidrBlock)] }
  }
  answer = { SubnetId = subnet.SubnetId, Ipv6CidrBlockAssociation = with(subnet.Ipv6CidrBlockAssociationSet[0], { Ipv6CidrBlockState = { State = "associating" } }) }
}

operation "DisassociateSubnetCidrBlock" {
  let {
    subnet = one([for s in all("subnet") : s if contains(s.Ipv6CidrBlockAssociationSet[*].AssociationId, in.AssociationId)])
    gone   = one(ifnull(subnet.Ipv6CidrBlockAssociationSet, []))
  }
  fail "InvalidSubnetCidrBlockAssociationID.NotFound" {
    when    = subnet == null
    message = "The subnet CIDR block association ID '${in.AssociationId}' does not exist"
  }
  fail "DependencyViolation" {
    when    = anytrue([for i in where("network_interface", { SubnetId = subnet.SubnetId }) : length(ifnull(i.Ipv6Addresses, [])) > 0])
    message = "The IPv6 CIDR block of the subnet '${subnet.SubnetId}' is in use and cannot be disassociated."
  }
  update "subnet" {
    set = { Ipv6CidrBlockAssociationSet = [] }
  }
  answer = { SubnetId = subnet.SubnetId, Ipv6CidrBlockAssociation = with(gone, { Ipv6CidrBlockState = { State = "disassociating" } }) }
}

# ---- further addresses of interfaces

kind "secondary_address" {}

function "free_private_address" {
  params = [subnet]
  result = free_address(subnet.CidrBlock, [
    { kind = "network_interface", member = "PrivateIpAddress", like = { SubnetId = subnet.SubnetId } },
    { kind = "secondary_address", member = "PrivateIpAddress", like = { SubnetId = subnet.SubnetId } },
  ])
}

# The first four and the last are AWS's own.
function "is_reserved_address" {
  params = [address, cidr]
  result = contains([for n in [0, 1, 2, 3, -1] : cidrhost(cidr, n)], address)
}

function "is_used_address" {
  params = [subnet_id, address]
  result = count("network_interface", { SubnetId = subnet_id, PrivateIpAddress = address }) + count("secondary_address", { SubnetId = subnet_id, PrivateIpAddress = address }) > 0
}

function "secondary_addresses" {
  params = [interface_id]
  result = where("secondary_address", { NetworkInterfaceId = interface_id })[*].PrivateIpAddress
}

# To an interface (self); args: addresses, or how many (count)
procedure "add_addresses" {
  let {
    subnet = get("subnet", self.SubnetId)
  }
  each "wanted" {
    in = isblank(args.addresses) ? [for n in range(ifnull(args.count, 0)) : { address = null }] : [for a in args.addresses : { address = a }]
    let {
      address = wanted.address == null ? free_private_address(subnet) : wanted.address
    }
    fail "InsufficientFreeAddressesInSubnet" {
      when    = address == null
      message = "Not enough free addresses in subnet '${subnet.SubnetId}'"
    }
    fail "InvalidParameterValue" {
      when    = !cidr_within("${ifnull(address, "")}/32", subnet.CidrBlock)
      message = "Address ${ifnull(address, "")} does not fall within the subnet's address range"
    }
    fail "InvalidIPAddress.InUse" {
      when    = is_used_address(subnet.SubnetId, address)
      message = "Address ${address} is in use."
    }
    create "secondary_address" {
      value = { SubnetId = subnet.SubnetId, NetworkInterfaceId = self.NetworkInterfaceId, PrivateIpAddress = address }
    }
  }
}

# From an interface (self); args: addresses
procedure "remove_addresses" {
  each "one_of" {
    in = [for a in args.addresses : { address = a }]
    let {
      old = one(where("secondary_address", { NetworkInterfaceId = self.NetworkInterfaceId, PrivateIpAddress = one_of.address }))
    }
    fail "InvalidParameterValue" {
      when    = old == null
      message = "Some of ${one_of.address} are not assigned to interface ${self.NetworkInterfaceId}"
    }
    delete "old" {}
  }
}

operation "AssignPrivateIpAddresses" {
  need "network_interface" "interface" {
    id = in.NetworkInterfaceId
  }
  fail "MissingParameter" {
    when    = isblank(in.PrivateIpAddresses) && in.SecondaryPrivateIpAddressCount == null
    message = "The request must contain the parameter privateIpAddress or secondaryPrivateIpAddressCount"
  }
  fail "InvalidParameterCombination" {
    when    = written(in.PrivateIpAddresses) && in.SecondaryPrivateIpAddressCount != null
    message = "The parameters privateIpAddress and secondaryPrivateIpAddressCount may not be used together"
  }
  let {
    before = secondary_addresses(interface.NetworkInterfaceId)
  }
  run "add_addresses" {
    of   = interface
    with = { addresses = in.PrivateIpAddresses, count = in.SecondaryPrivateIpAddressCount }
  }
  answer = {
    NetworkInterfaceId         = interface.NetworkInterfaceId
    AssignedPrivateIpAddresses = [for a in secondary_addresses(interface.NetworkInterfaceId) : { PrivateIpAddress = a } if !contains(before, a)]
  }
}

operation "UnassignPrivateIpAddresses" {
  need "network_interface" "interface" {
    id = in.NetworkInterfaceId
  }
  fail "MissingParameter" {
    when    = isblank(in.PrivateIpAddresses)
    message = "The request must contain the parameter privateIpAddress"
  }
  run "remove_addresses" {
    of   = interface
    with = { addresses = in.PrivateIpAddresses }
  }
}

operation "AssignIpv6Addresses" {
  need "network_interface" "interface" {
    id = in.NetworkInterfaceId
  }
  let {
    block = one(get("subnet", interface.SubnetId).Ipv6CidrBlockAssociationSet).Ipv6CidrBlock
    used  = flatten([for i in where("network_interface", { SubnetId = interface.SubnetId }) : ifnull(i.Ipv6Addresses, [])[*].Ipv6Address])
    free  = block == null ? [] : [for n in range(length(used) + ifnull(in.Ipv6AddressCount, 0)) : cidrhost(block, n + 16) if !contains(used, cidrhost(block, n + 16))]
    added = written(in.Ipv6Addresses) ? in.Ipv6Addresses : slice(free, 0, min(length(free), ifnull(in.Ipv6AddressCount, 0)))
  }
  fail "MissingParameter" {
    when    = isblank(in.Ipv6Addresses) && in.Ipv6AddressCount == null
    message = "The request must contain the parameter ipv6Addresses or ipv6AddressCount"
  }
  fail "InvalidParameterValue" {
    when    = block == null
    message = "The subnet '${interface.SubnetId}' of network interface '${interface.NetworkInterfaceId}' has no IPv6 CIDR block"
  }
  fail "InvalidParameterValue" {
    when    = anytrue([for a in added : contains(used, a)])
    message = "Some of the IPv6 addresses are in use"
  }
  update "interface" {
    set = { Ipv6Addresses = concat(ifnull(interface.Ipv6Addresses, []), [for a in added : { Ipv6Address = a }]) }
  }
  answer = { NetworkInterfaceId = interface.NetworkInterfaceId, AssignedIpv6Addresses = added }
}

# ---- further addresses of NAT gateways

function "nat_addresses" {
  params = [nat_id, wanted]
  result = [for a in get("nat_gateway", nat_id).NatGatewayAddresses : a if anytrue([for w in wanted : w == a.AllocationId || w == a.PrivateIp || w == a.AssociationId])]
}

operation "AssociateNatGatewayAddress" {
  need "nat_gateway" {
    id = in.NatGatewayId
  }
  fail "InvalidParameter" {
    when    = nat_gateway.ConnectivityType != "public" || nat_gateway.State != "available"
    message = "The NAT gateway ${nat_gateway.NatGatewayId} is not public, or not available"
  }
  each "one_of" {
    in = [for n, id in in.AllocationIds : { id = id, private = try(in.PrivateIpAddresses[n], null) }]
    need "address" {
      id = one_of.id
    }
    fail "Resource.AlreadyAssociated" {
      when    = address.AssociationId != null
      message = "Elastic IP address [${address.AllocationId}] is already associated"
    }
    let {
      interface   = one(where("network_interface", { _owner = nat_gateway.NatGatewayId }))
      before      = secondary_addresses(interface.NetworkInterfaceId)
      association = new_id("eipassoc-")
    }
    run "add_addresses" {
      of   = interface
      with = { addresses = one_of.private == null ? [] : [one_of.private], count = 1 }
    }
    let {
      private = one([for a in secondary_addresses(interface.NetworkInterfaceId) : a if !contains(before, a)])
    }
    update "address" {
      set = { AssociationId = association, NetworkInterfaceId = interface.NetworkInterfaceId, NetworkInterfaceOwnerId = account, PrivateIpAddress = private }
    }
    update "nat_gateway" {
      set = {
        NatGatewayAddresses = concat(nat_gateway.NatGatewayAddresses, [{
          AllocationId = address.AllocationId, AssociationId = association, NetworkInterfaceId = interface.NetworkInterfaceId
          PrivateIp    = private, PublicIp = address.PublicIp, IsPrimary = false, Status = "succeeded"
        }])
      }
    }
  }
  answer = { NatGatewayId = nat_gateway.NatGatewayId, NatGatewayAddresses = [for a in nat_addresses(nat_gateway.NatGatewayId, in.AllocationIds) : with(a, { Status = "associating" })] }
}

operation "DisassociateNatGatewayAddress" {
  need "nat_gateway" {
    id = in.NatGatewayId
  }
  let {
    gone = nat_addresses(nat_gateway.NatGatewayId, in.AssociationIds)
  }
  fail "InvalidAssociationID.NotFound" {
    when    = length(gone) < length(distinct(in.AssociationIds))
    message = "The association ID '${one([for id in in.AssociationIds : id if !contains(gone[*].AssociationId, id)])}' does not exist"
  }
  fail "InvalidParameter" {
    when    = anytrue([for a in gone : a.IsPrimary])
    message = "The primary address of NAT gateway ${nat_gateway.NatGatewayId} cannot be disassociated"
  }
  each "old" {
    in = gone
    run "remove_addresses" {
      of   = get("network_interface", old.NetworkInterfaceId)
      with = { addresses = [old.PrivateIp] }
    }
    update {
      of  = get("address", old.AllocationId)
      set = { AssociationId = null, NetworkInterfaceId = null, NetworkInterfaceOwnerId = null, PrivateIpAddress = null }
    }
  }
  update "nat_gateway" {
    set = { NatGatewayAddresses = [for a in nat_gateway.NatGatewayAddresses : a if !contains(in.AssociationIds, ifnull(a.AssociationId, ""))] }
  }
  answer = { NatGatewayId = nat_gateway.NatGatewayId, NatGatewayAddresses = [for a in gone : with(a, { Status = "disassociating" })] }
  ignore = ["MaxDrainDurationSeconds"]
}

operation "AssignPrivateNatGatewayAddress" {
  need "nat_gateway" {
    id = in.NatGatewayId
  }
  fail "InvalidParameter" {
    when    = nat_gateway.ConnectivityType != "private" || nat_gateway.State != "available"
    message = "The NAT gateway ${nat_gateway.NatGatewayId} is not private, or not available"
  }
  fail "MissingParameter" {
    when    = isblank(in.PrivateIpAddresses) && in.PrivateIpAddressCount == null
    message = "The request must contain the parameter privateIpAddress or privateIpAddressCount"
  }
  let {
    interface = one(where("network_interface", { _owner = nat_gateway.NatGatewayId }))
    before    = secondary_addresses(interface.NetworkInterfaceId)
  }
  run "add_addresses" {
    of   = interface
    with = { addresses = in.PrivateIpAddresses, count = in.PrivateIpAddressCount }
  }
  let {
    added = [for a in secondary_addresses(interface.NetworkInterfaceId) : { NetworkInterfaceId = interface.NetworkInterfaceId, PrivateIp = a, IsPrimary = false, Status = "succeeded" } if !contains(before, a)]
  }
  update "nat_gateway" {
    set = { NatGatewayAddresses = concat(nat_gateway.NatGatewayAddresses, added) }
  }
  answer = { NatGatewayId = nat_gateway.NatGatewayId, NatGatewayAddresses = [for a in added : with(a, { Status = "assigning" })] }
}

operation "UnassignPrivateNatGatewayAddress" {
  need "nat_gateway" {
    id = in.NatGatewayId
  }
  let {
    gone = nat_addresses(nat_gateway.NatGatewayId, in.PrivateIpAddresses)
  }
  fail "InvalidParameter" {
    when    = anytrue([for a in gone : a.IsPrimary])
    message = "The primary address of NAT gateway ${nat_gateway.NatGatewayId} cannot be unassigned"
  }
  run "remove_addresses" {
    of   = one(where("network_interface", { _owner = nat_gateway.NatGatewayId }))
    with = { addresses = in.PrivateIpAddresses }
  }
  update "nat_gateway" {
    set = { NatGatewayAddresses = [for a in nat_gateway.NatGatewayAddresses : a if !contains(in.PrivateIpAddresses, a.PrivateIp)] }
  }
  answer = { NatGatewayId = nat_gateway.NatGatewayId, NatGatewayAddresses = [for a in gone : with(a, { Status = "unassigning" })] }
  ignore = ["MaxDrainDurationSeconds"]
}

# ---- what nobody can make here is not there

kind "launch_template" {
  prefix         = "lt-"
  id             = "LaunchTemplateId"
  absent         = "InvalidLaunchTemplateId.NotFound"
  malformed      = "InvalidLaunchTemplateId.Malformed"
  absent_message = "The specified launch template, with template ID ${id}, does not exist."
  tags           = "launch-template"
  shape          = "LaunchTemplate"
}

operation "DescribeLaunchTemplates" {
  fail "InvalidLaunchTemplateName.NotFoundException" {
    when    = written(in.LaunchTemplateNames)
    message = "At least one of the launch templates specified in the request does not exist."
  }
  list "launch_template" {
    ids = in.LaunchTemplateIds
  }
}

kind "vpn_gateway" {
  prefix         = "vgw-"
  id             = "VpnGatewayId"
  absent         = "InvalidGatewayID.NotFound"
  absent_message = "The gateway ID '${id}' does not exist"
}

operation "EnableVgwRoutePropagation" {
  need "route_table" {
    id = in.RouteTableId
  }
  need "vpn_gateway" {
    id = in.GatewayId
  }
}

operation "DisableVgwRoutePropagation" {
  need "route_table" {
    id = in.RouteTableId
  }
  need "vpn_gateway" {
    id = in.GatewayId
  }
}
