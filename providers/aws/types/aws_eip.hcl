# SPDX-License-Identifier: Apache-2.0
type "aws_eip" {
  service  = "ec2"
  key      = { AllocationId = id }
  arn      = "arn:${partition}:ec2:${region}:${account}:elastic-ip/${id}"
  settle   = tag
  tags     = "elastic-ip"
  timeouts = { read = "15m", update = "5m", delete = "3m" }

  schema {
    address                   = opt(string, replace, kept)
    allocation_id             = out(string)
    associate_with_private_ip = opt(string, to(none), kept)
    association_id            = out(string)
    carrier_ip                = out(string)
    customer_owned_ip         = out(string)
    customer_owned_ipv4_pool  = opt(string, zero, replace, at(CustomerOwnedIpv4Pool))
    domain                    = opt(string, computed, replace, allowed("vpc", "standard"))
    instance                  = opt(string, computed, to(none), from(object.InstanceId))
    ipam_pool_id              = opt(string, computed, replace, kept)
    network_border_group      = opt(string, computed, replace)
    network_interface         = opt(string, computed, to(none), from(object.NetworkInterfaceId))
    private_dns               = out(string, from(object.PrivateIpAddress == null ? null : private_dns(object.PrivateIpAddress)))
    private_ip                = out(string, from(object.PrivateIpAddress))
    ptr_record                = out(string, from(part.ptr.PtrRecord))
    public_dns                = out(string, from(object.PublicIp == null ? null : public_dns(object.PublicIp)))
    public_ip                 = out(string)
    public_ipv4_pool          = opt(string, computed, replace)
    vpc                       = opt(bool, computed, replace, deprecated, local, from(object.Domain == "vpc"), conflicts(domain))
  }

  read {
    call    = "DescribeAddresses"
    objects = answer.Addresses
    by      = filter("allocation-id", 200)
    absent  = ["InvalidAllocationID.NotFound", "AuthFailure"]
    part "ptr" {
      for     = [ptr_record]
      call    = "DescribeAddressesAttribute"
      send    = { AllocationIds = ids, Attribute = "domain-name" }
      objects = answer.Addresses
      at_once = 100
    }
  }

  create = [
    { call = "AllocateAddress", send = { Domain = self.domain == null ? "vpc" : self.domain }, id = answer.AllocationId },
  ]

  update "association" {
    of = [instance, network_interface, associate_with_private_ip]
    on = [create, update]
    do = [
      {
        call = "DisassociateAddress"
        when   = prior.association_id != null && prior.association_id != ""
        send   = { AssociationId = prior.association_id }
        absent = ["InvalidAssociationID.NotFound"]
      },
      {
        call = "AssociateAddress"
        when  = written(self.instance) || written(self.network_interface)
        send  = { InstanceId = self.instance, NetworkInterfaceId = self.network_interface, PrivateIpAddress = self.associate_with_private_ip }
        retry = ["InvalidAllocationID.NotFound", "InvalidInstanceID"]
      },
      { until = object.AssociationId != null, when = written(self.instance) || written(self.network_interface) },
    ]
  }

  delete = [
    {
      call = "DisassociateAddress"
      when   = object.AssociationId != null
      send   = { AssociationId = object.AssociationId }
      absent = ["InvalidAssociationID.NotFound"]
    },
    {
      call = "ReleaseAddress"
      send   = { NetworkBorderGroup = self.network_border_group }
      retry  = ["AuthFailure", "InvalidIPAddress.InUse"]
      absent = ["InvalidAllocationID.NotFound"]
    },
  ]
}
