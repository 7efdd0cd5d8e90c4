# SPDX-License-Identifier: Apache-2.0
type "aws_nat_gateway" {
  service  = "ec2"
  key      = { NatGatewayId = id }
  settle   = tag
  tags     = "natgateway"
  timeouts = { create = "10m", update = "10m", delete = "30m" }

  schema {
    allocation_id                      = opt(string, zero, from(primary.AllocationId), replace, check(self.connectivity_type != "private", "left away where connectivity_type is \"private\""))
    association_id                     = out(string, from(primary.AssociationId))
    connectivity_type                  = opt(string, replace, default("public"), allowed("private", "public"))
    network_interface_id               = out(string, from(primary.NetworkInterfaceId))
    private_ip                         = opt(string, computed, replace, to(PrivateIpAddress), from(primary.PrivateIp), syntax(ipv4))
    public_ip                          = out(string, from(primary.PublicIp))
    secondary_allocation_ids           = opt(set(string), from(secondary[*].AllocationId), check(self.connectivity_type != "private", "left away where connectivity_type is \"private\""))
    secondary_private_ip_address_count = opt(number, computed, replace, from(length(secondary)), conflicts(secondary_private_ip_addresses), check(self.connectivity_type == "private", "left away unless connectivity_type is \"private\""))
    secondary_private_ip_addresses     = opt(set(string), computed, from(secondary[*].PrivateIp))
    subnet_id                          = req(string, replace)
  }

  let {
    primary   = one([for a in object.NatGatewayAddresses : a if a.IsPrimary != false])
    secondary = [for a in object.NatGatewayAddresses : a if a.IsPrimary == false && a.Status != "disassociating"]
  }

  read {
    call    = "DescribeNatGateways"
    objects = answer.NatGateways
    by      = filter("nat-gateway-id", 200, Filter)
    gone    = object.State == "deleted"
  }

  create = [
    { call = "CreateNatGateway", id = answer.NatGateway.NatGatewayId, retry = ["InvalidAllocationID.NotFound"] },
    { until = object.State == "available", fails = object.State == "failed", why = object.FailureMessage },
  ]

  reconcile "secondary_public" {
    of   = secondary_allocation_ids
    when = self.connectivity_type == "public"
    have = [for a in secondary : a.AllocationId]
    remove = { call = "DisassociateNatGatewayAddress", send = { AssociationIds = [for a in secondary : a.AssociationId if contains(removed, a.AllocationId)] } }
    add    = { call = "AssociateNatGatewayAddress", send = { AllocationIds = added } }
    after  = [{ until = alltrue([for a in object.NatGatewayAddresses : a.Status == "succeeded"]) }]
  }

  reconcile "secondary_private" {
    of   = secondary_private_ip_addresses
    when = self.connectivity_type == "private"
    have = [for a in secondary : a.PrivateIp]
    remove = { call = "UnassignPrivateNatGatewayAddress", send = { PrivateIpAddresses = removed } }
    add    = { call = "AssignPrivateNatGatewayAddress", send = { PrivateIpAddresses = added } }
    after  = [{ until = alltrue([for a in object.NatGatewayAddresses : a.Status == "succeeded"]) }]
  }

  update "secondary_count" {
    of   = [secondary_private_ip_address_count]
    do = [
      {
        call = "AssignPrivateNatGatewayAddress"
        when = self.secondary_private_ip_address_count > length(secondary)
        send = { PrivateIpAddressCount = self.secondary_private_ip_address_count - length(secondary) }
      },
    ]
  }

  delete = [
    { call = "DeleteNatGateway", absent = ["NatGatewayNotFound"] },
    { until = gone, fails = object.State == "failed" },
  ]
}
