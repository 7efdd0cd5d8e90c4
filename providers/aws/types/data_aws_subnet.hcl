# SPDX-License-Identifier: Apache-2.0
data "aws_subnet" {
  service  = "ec2"
  timeouts = { read = "20m" }
  id       = object.SubnetId

  schema {
    arn                                            = out(string, from(object.SubnetArn))
    assign_ipv6_address_on_creation                = out(bool)
    availability_zone                              = opt(string, computed, to(none))
    availability_zone_id                           = opt(string, computed, to(none))
    available_ip_address_count                     = out(number)
    cidr_block                                     = opt(string, computed, to(none))
    customer_owned_ipv4_pool                       = out(string)
    default_for_az                                 = opt(bool, computed, to(none))
    enable_dns64                                   = out(bool)
    enable_lni_at_device_index                     = out(number)
    enable_resource_name_dns_a_record_on_launch    = out(bool, from(object.PrivateDnsNameOptionsOnLaunch.EnableResourceNameDnsARecord))
    enable_resource_name_dns_aaaa_record_on_launch = out(bool, from(object.PrivateDnsNameOptionsOnLaunch.EnableResourceNameDnsAAAARecord))
    id                                             = opt(string, computed, to(none), from(object.SubnetId))
    ipv6_cidr_block                                = opt(string, computed, to(none), from(object.Ipv6CidrBlockAssociationSet[0].Ipv6CidrBlock))
    ipv6_cidr_block_association_id                 = out(string, from(object.Ipv6CidrBlockAssociationSet[0].AssociationId))
    ipv6_native                                    = out(bool)
    map_customer_owned_ip_on_launch                = out(bool)
    map_public_ip_on_launch                        = out(bool)
    outpost_arn                                    = out(string)
    owner_id                                       = out(string)
    private_dns_hostname_type_on_launch            = out(string, from(object.PrivateDnsNameOptionsOnLaunch.HostnameType))
    state                                          = opt(string, computed, to(none))
    tags                                           = opt(map(string), computed, to(none), from(object.Tags))
    vpc_id                                         = opt(string, computed, to(none))
    filter = set({
      name   = req(string)
      values = req(set(string))
    }, to(none))
  }

  read {
    call = "DescribeSubnets"
    send = {
      SubnetIds = self.id == null ? null : [self.id]
      Filters = concat(
        [for f in self.filter : { Name = f.name, Values = f.values }],
        [for k, v in self.tags : { Name = "tag:${k}", Values = [v] }],
        [for k, v in { "availability-zone" = self.availability_zone, "availability-zone-id" = self.availability_zone_id, "cidr-block" = self.cidr_block, "default-for-az" = self.default_for_az, "state" = self.state, "vpc-id" = self.vpc_id } : { Name = k, Values = [tostring(v)] } if v != null],
      )
    }
    objects = answer.Subnets
    choose  = only(objects)
  }
}
