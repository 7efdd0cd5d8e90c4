# SPDX-License-Identifier: Apache-2.0
data "aws_vpc" {
  service  = "ec2"
  timeouts = { read = "20m" }
  arn      = "arn:${partition}:ec2:${region}:${object.OwnerId}:vpc/${object.VpcId}"

  schema {
    cidr_block                           = opt(string, computed, to(none))
    cidr_block_associations              = out(list(object({ association_id = string, cidr_block = string, state = string })), from([for a in object.CidrBlockAssociationSet : { association_id = a.AssociationId, cidr_block = a.CidrBlock, state = a.CidrBlockState.State }]))
    default                              = opt(bool, computed, to(none), from(object.IsDefault))
    dhcp_options_id                      = opt(string, computed, to(none))
    enable_dns_hostnames                 = out(bool, from(part.hostnames.EnableDnsHostnames.Value))
    enable_dns_support                   = out(bool, from(part.support.EnableDnsSupport.Value))
    enable_network_address_usage_metrics = out(bool, from(part.metrics.EnableNetworkAddressUsageMetrics.Value))
    id                                   = opt(string, computed, to(none), from(object.VpcId))
    instance_tenancy                     = out(string)
    ipv6_association_id                  = out(string, from(object.Ipv6CidrBlockAssociationSet[0].AssociationId))
    ipv6_cidr_block                      = out(string, from(object.Ipv6CidrBlockAssociationSet[0].Ipv6CidrBlock))
    main_route_table_id                  = out(string, from(part.main.RouteTableId))
    owner_id                             = out(string)
    state                                = opt(string, computed, to(none))
    tags                                 = opt(map(string), computed, to(none), from(object.Tags))
    filter = set({
      name   = req(string)
      values = req(set(string))
    }, to(none))
  }

  read {
    call = "DescribeVpcs"
    send = {
      VpcIds  = self.id == null ? null : [self.id]
      Filters = concat(
        [for f in self.filter : { Name = f.name, Values = f.values }],
        [for k, v in self.tags : { Name = "tag:${k}", Values = [v] }],
        [for k, v in { "cidr" = self.cidr_block, "dhcp-options-id" = self.dhcp_options_id, "state" = self.state, "is-default" = self.default } : { Name = k, Values = [tostring(v)] } if v != null],
      )
    }
    objects = answer.Vpcs
    choose  = only(objects)
    part "main" {
      for  = [main_route_table_id]
      call = "DescribeRouteTables"
      send = { Filters = [{ Name = "association.main", Values = ["true"] }, { Name = "vpc-id", Values = [object.VpcId] }] }
      objects = answer.RouteTables
    }
    part "support" {
      for  = [enable_dns_support]
      call = "DescribeVpcAttribute"
      send = { VpcId = object.VpcId, Attribute = "enableDnsSupport" }
    }
    part "hostnames" {
      for  = [enable_dns_hostnames]
      call = "DescribeVpcAttribute"
      send = { VpcId = object.VpcId, Attribute = "enableDnsHostnames" }
    }
    part "metrics" {
      for  = [enable_network_address_usage_metrics]
      call = "DescribeVpcAttribute"
      send = { VpcId = object.VpcId, Attribute = "enableNetworkAddressUsageMetrics" }
    }
  }
}
