# SPDX-License-Identifier: Apache-2.0
type "aws_vpc" {
  service  = "ec2"
  version  = 1
  key      = { VpcId = id }
  arn      = "arn:${partition}:ec2:${region}:${self.owner_id}:vpc/${id}"
  settle   = tag
  tags     = "vpc"

  schema {
    assign_generated_ipv6_cidr_block     = opt(bool, zero, at(AmazonProvidedIpv6CidrBlock), from(length([for a in object.Ipv6CidrBlockAssociationSet : a if a.Ipv6Pool == "Amazon" && a.Ipv6CidrBlockState.State == "associated"]) > 0), conflicts(ipv6_ipam_pool_id))
    cidr_block                           = opt(string, computed, replace, syntax(ipv4_cidr), conflicts(ipv4_netmask_length), check(can(regex("/(1[6-9]|2[0-8])$", value)), "a block of 16 to 28 bits"))
    default_network_acl_id               = out(string, from(part.acl.NetworkAclId))
    default_route_table_id               = out(string, from(part.table.RouteTableId))
    default_security_group_id            = out(string, from(part.group.GroupId))
    dhcp_options_id                      = out(string)
    enable_dns_hostnames                 = opt(bool, computed, to(none), from(part.hostnames.EnableDnsHostnames.Value))
    enable_dns_support                   = opt(bool, default(true), to(none), from(part.support.EnableDnsSupport.Value))
    enable_network_address_usage_metrics = opt(bool, computed, to(none), from(part.metrics.EnableNetworkAddressUsageMetrics.Value))
    instance_tenancy                     = opt(string, default("default"), replace(!(prior.instance_tenancy == "dedicated" && self.instance_tenancy == "default")), allowed("default", "dedicated"))
    ipv4_ipam_pool_id                    = opt(string, replace, kept)
    ipv4_netmask_length                  = opt(number, replace, kept, range(16, 28), needs(ipv4_ipam_pool_id))
    ipv6_association_id                  = out(string, from(ipv6.AssociationId), follows(assign_generated_ipv6_cidr_block))
    ipv6_cidr_block                      = opt(string, computed, to(none), from(ipv6.Ipv6CidrBlock), follows(assign_generated_ipv6_cidr_block), syntax(ipv6_cidr), check(can(regex("/(44|48|52|56|60)$", value)), "a block of 44, 48, 52, 56 or 60 bits"), conflicts(ipv6_netmask_length), needs(ipv6_ipam_pool_id))
    ipv6_cidr_block_network_border_group = opt(string, computed, from(ipv6.NetworkBorderGroup), needs(assign_generated_ipv6_cidr_block))
    ipv6_ipam_pool_id                    = opt(string, zero, kept)
    ipv6_netmask_length                  = opt(number, zero, kept, allowed(44, 48, 52, 56, 60), needs(ipv6_ipam_pool_id))
    main_route_table_id                  = out(string, from(part.table.RouteTableId))
    owner_id                             = out(string)
  }

  let {
    ipv6 = one([for a in object.Ipv6CidrBlockAssociationSet : a if a.Ipv6CidrBlockState.State == "associated"])
  }

  read {
    call    = "DescribeVpcs"
    objects = answer.Vpcs
    by      = filter("vpc-id", 200)
    part "hostnames" {
      for  = [enable_dns_hostnames]
      call = "DescribeVpcAttribute"
      send = { VpcId = id, Attribute = "enableDnsHostnames" }
    }
    part "support" {
      for  = [enable_dns_support]
      call = "DescribeVpcAttribute"
      send = { VpcId = id, Attribute = "enableDnsSupport" }
    }
    part "metrics" {
      for  = [enable_network_address_usage_metrics]
      call = "DescribeVpcAttribute"
      send = { VpcId = id, Attribute = "enableNetworkAddressUsageMetrics" }
    }
    part "table" {
      for     = [main_route_table_id, default_route_table_id]
      call    = "DescribeRouteTables"
      send    = { Filters = [{ Name = "association.main", Values = ["true"] }, { Name = "vpc-id", Values = ids }] }
      objects = answer.RouteTables
      at_once = 100
      match   = object.VpcId
    }
    part "acl" {
      for     = [default_network_acl_id]
      call    = "DescribeNetworkAcls"
      send    = { Filters = [{ Name = "default", Values = ["true"] }, { Name = "vpc-id", Values = ids }] }
      objects = answer.NetworkAcls
      at_once = 100
      match   = object.VpcId
    }
    part "group" {
      for     = [default_security_group_id]
      call    = "DescribeSecurityGroups"
      send    = { Filters = [{ Name = "group-name", Values = ["default"] }, { Name = "vpc-id", Values = ids }] }
      objects = answer.SecurityGroups
      at_once = 100
      match   = object.VpcId
    }
  }

  create = [
    { call = "CreateVpc", id = answer.Vpc.VpcId },
    { until = object.State == "available" },
    # AWS gives names support unless told otherwise, and host names only when told so
    { call = "ModifyVpcAttribute", when = self.enable_dns_hostnames == true, send = { EnableDnsHostnames = { Value = true } } },
    { call = "ModifyVpcAttribute", when = self.enable_dns_support == false, send = { EnableDnsSupport = { Value = false } } },
    { call = "ModifyVpcAttribute", when = self.enable_network_address_usage_metrics == true, send = { EnableNetworkAddressUsageMetrics = { Value = true } } },
  ]

  update "support" {
    of = [enable_dns_support]
    do = [{ call = "ModifyVpcAttribute", send = { EnableDnsSupport = { Value = self.enable_dns_support } } }]
  }
  update "hostnames" {
    of = [enable_dns_hostnames]
    do = [{ call = "ModifyVpcAttribute", send = { EnableDnsHostnames = { Value = self.enable_dns_hostnames } } }]
  }
  update "metrics" {
    of = [enable_network_address_usage_metrics]
    do = [{ call = "ModifyVpcAttribute", send = { EnableNetworkAddressUsageMetrics = { Value = self.enable_network_address_usage_metrics } } }]
  }
  update "tenancy" {
    of = [instance_tenancy]
    do = [{ call = "ModifyVpcTenancy", send = { InstanceTenancy = "default" } }]
  }
  update "ipv6" {
    of = [assign_generated_ipv6_cidr_block, ipv6_cidr_block, ipv6_cidr_block_network_border_group, ipv6_ipam_pool_id, ipv6_netmask_length]
    do = [
      { call = "DisassociateVpcCidrBlock", when = written(prior.ipv6_association_id), send = { AssociationId = prior.ipv6_association_id }, absent = ["InvalidVpcCidrBlockAssociationID.NotFound"] },
      {
        call = "AssociateVpcCidrBlock"
        when = self.assign_generated_ipv6_cidr_block == true || written(self.ipv6_ipam_pool_id)
        send = { AmazonProvidedIpv6CidrBlock = self.assign_generated_ipv6_cidr_block, Ipv6CidrBlock = blank(self.ipv6_cidr_block), Ipv6IpamPoolId = blank(self.ipv6_ipam_pool_id), Ipv6NetmaskLength = self.ipv6_netmask_length, Ipv6CidrBlockNetworkBorderGroup = blank(self.ipv6_cidr_block_network_border_group) }
      },
    ]
  }

  delete = [
    { call = "DeleteVpc", retry = ["DependencyViolation"], absent = ["InvalidVpcID.NotFound"] },
  ]
}
