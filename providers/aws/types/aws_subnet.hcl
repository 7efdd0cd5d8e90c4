# SPDX-License-Identifier: Apache-2.0
type "aws_subnet" {
  service  = "ec2"
  version  = 1
  key      = { SubnetId = id }
  arn      = object.SubnetArn
  settle   = tag
  tags     = "subnet"
  timeouts = { create = "10m", delete = "20m" }

  schema {
    assign_ipv6_address_on_creation                = opt(bool, default(false), to(none))
    availability_zone                              = opt(string, computed, replace, conflicts(availability_zone_id))
    availability_zone_id                           = opt(string, computed, replace)
    cidr_block                                     = opt(string, replace, syntax(ipv4_cidr))
    customer_owned_ipv4_pool                       = opt(string, zero, to(none), needs(map_customer_owned_ip_on_launch, outpost_arn))
    enable_dns64                                   = opt(bool, default(false), to(none))
    enable_lni_at_device_index                     = opt(number, zero, to(none), check(value != 0, "another number than 0"))
    enable_resource_name_dns_a_record_on_launch    = opt(bool, default(false), to(none), from(object.PrivateDnsNameOptionsOnLaunch.EnableResourceNameDnsARecord))
    enable_resource_name_dns_aaaa_record_on_launch = opt(bool, default(false), to(none), from(object.PrivateDnsNameOptionsOnLaunch.EnableResourceNameDnsAAAARecord))
    ipv6_cidr_block                                = opt(string, zero, from(ipv6.Ipv6CidrBlock), syntax(ipv6_cidr))
    ipv6_cidr_block_association_id                 = out(string, from(ipv6.AssociationId))
    ipv6_native                                    = opt(bool, default(false), replace)
    map_customer_owned_ip_on_launch                = opt(bool, zero, to(none), needs(customer_owned_ipv4_pool, outpost_arn))
    map_public_ip_on_launch                        = opt(bool, default(false), to(none))
    outpost_arn                                    = opt(string, zero, replace, syntax(arn))
    owner_id                                       = out(string)
    private_dns_hostname_type_on_launch            = opt(string, computed, to(none), from(object.PrivateDnsNameOptionsOnLaunch.HostnameType), allowed("ip-name", "resource-name"))
    vpc_id                                         = req(string, replace)
  }

  let {
    ipv6 = one([for a in object.Ipv6CidrBlockAssociationSet : a if !contains(["disassociating", "disassociated", "failing", "failed"], a.Ipv6CidrBlockState.State)])
  }

  read {
    call    = "DescribeSubnets"
    objects = answer.Subnets
    by      = filter("subnet-id", 200)
    absent  = ["InvalidSubnetID.NotFound"]
  }

  create = [
    { call = "CreateSubnet", id = answer.Subnet.SubnetId },
    { until = object.State == "available" },
  ]

  # one attribute a call, and each call only where the argument says something else than AWS does by itself
  update "assign_ipv6" {
    of   = [assign_ipv6_address_on_creation]
    on   = [create, update]
    when = prior != null || self.assign_ipv6_address_on_creation == true
    do   = [{ call = "ModifySubnetAttribute", send = { AssignIpv6AddressOnCreation = { Value = self.assign_ipv6_address_on_creation } } }]
  }
  update "public_ip" {
    of   = [map_public_ip_on_launch]
    on   = [create, update]
    when = prior != null || self.map_public_ip_on_launch == true
    do   = [{ call = "ModifySubnetAttribute", send = { MapPublicIpOnLaunch = { Value = self.map_public_ip_on_launch } } }]
  }
  update "customer_ip" {
    of = [map_customer_owned_ip_on_launch, customer_owned_ipv4_pool]
    on = [create, update]
    do = [{ call = "ModifySubnetAttribute", send = { MapCustomerOwnedIpOnLaunch = { Value = self.map_customer_owned_ip_on_launch == true }, CustomerOwnedIpv4Pool = blank(self.customer_owned_ipv4_pool) } }]
  }
  update "dns64" {
    of   = [enable_dns64]
    on   = [create, update]
    when = prior != null || self.enable_dns64 == true
    do   = [{ call = "ModifySubnetAttribute", send = { EnableDns64 = { Value = self.enable_dns64 } } }]
  }
  update "lni" {
    of = [enable_lni_at_device_index]
    on = [create, update]
    do = [{ call = "ModifySubnetAttribute", send = { EnableLniAtDeviceIndex = self.enable_lni_at_device_index } }]
  }
  update "a_record" {
    of   = [enable_resource_name_dns_a_record_on_launch]
    on   = [create, update]
    when = prior != null || self.enable_resource_name_dns_a_record_on_launch == true
    do   = [{ call = "ModifySubnetAttribute", send = { EnableResourceNameDnsARecordOnLaunch = { Value = self.enable_resource_name_dns_a_record_on_launch } } }]
  }
  update "aaaa_record" {
    of   = [enable_resource_name_dns_aaaa_record_on_launch]
    on   = [create, update]
    when = prior != null || self.enable_resource_name_dns_aaaa_record_on_launch == true
    do   = [{ call = "ModifySubnetAttribute", send = { EnableResourceNameDnsAAAARecordOnLaunch = { Value = self.enable_resource_name_dns_aaaa_record_on_launch } } }]
  }
  update "hostname_type" {
    of = [private_dns_hostname_type_on_launch]
    on = [create, update]
    do = [{ call = "ModifySubnetAttribute", send = { PrivateDnsHostnameTypeOnLaunch = self.private_dns_hostname_type_on_launch } }]
  }
  update "ipv6" {
    of = [ipv6_cidr_block]
    do = [
      { call = "DisassociateSubnetCidrBlock", when = written(prior.ipv6_cidr_block_association_id), send = { AssociationId = prior.ipv6_cidr_block_association_id } },
      { call = "AssociateSubnetCidrBlock", when = written(self.ipv6_cidr_block), send = { Ipv6CidrBlock = self.ipv6_cidr_block } },
    ]
  }

  delete = [
    { call = "DeleteSubnet", retry = ["DependencyViolation"], absent = ["InvalidSubnetID.NotFound"] },
  ]
}
