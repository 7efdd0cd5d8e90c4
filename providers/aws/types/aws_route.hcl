# SPDX-License-Identifier: Apache-2.0
type "aws_route" {
  service  = "ec2"
  id       = "r-${self.route_table_id}${hashcode(coalesce(self.destination_cidr_block, self.destination_ipv6_cidr_block, self.destination_prefix_list_id))}"
  key      = { RouteTableId = self.route_table_id }
  settle   = repeat
  serial   = self.route_table_id
  import   = { route_table_id = split("_", id)[0], destination_cidr_block = length(split(":", id)) > 1 ? null : split("_", id)[1], destination_ipv6_cidr_block = length(split(":", id)) > 1 ? split("_", id)[1] : null }
  timeouts = { create = "5m", update = "2m", delete = "5m" }

  schema {
    carrier_gateway_id          = opt(string, zero, one_of(carrier_gateway_id, core_network_arn, egress_only_gateway_id, gateway_id, local_gateway_id, nat_gateway_id, network_interface_id, transit_gateway_id, vpc_endpoint_id, vpc_peering_connection_id), conflicts(destination_ipv6_cidr_block))
    core_network_arn            = opt(string, zero)
    destination_cidr_block      = opt(string, zero, replace, syntax(ipv4_cidr), one_of(destination_cidr_block, destination_ipv6_cidr_block, destination_prefix_list_id))
    destination_ipv6_cidr_block = opt(string, zero, replace, syntax(ipv6_cidr))
    destination_prefix_list_id  = opt(string, zero, replace)
    egress_only_gateway_id      = opt(string, zero, at(EgressOnlyInternetGatewayId), conflicts(destination_cidr_block))
    gateway_id                  = opt(string, zero, from(startswith(ifnull(object.GatewayId, ""), "vpce-") ? null : object.GatewayId))
    instance_id                 = out(string)
    instance_owner_id           = out(string)
    local_gateway_id            = opt(string, zero)
    nat_gateway_id              = opt(string, zero)
    network_interface_id        = opt(string, computed)
    origin                      = out(string)
    route_table_id              = req(string, replace, kept)
    state                       = out(string)
    transit_gateway_id          = opt(string, zero)
    vpc_endpoint_id             = opt(string, zero, from(startswith(ifnull(object.GatewayId, ""), "vpce-") ? object.GatewayId : null), conflicts(destination_prefix_list_id))
    vpc_peering_connection_id   = opt(string, zero)
  }

  let {
    destination = { DestinationCidrBlock = blank(self.destination_cidr_block), DestinationIpv6CidrBlock = blank(self.destination_ipv6_cidr_block), DestinationPrefixListId = blank(self.destination_prefix_list_id) }
  }

  read {
    call    = "DescribeRouteTables"
    objects = flatten([for t in answer.RouteTables : [for r in t.Routes : merge(r, { RouteTableId = t.RouteTableId, Destination = coalesce(r.DestinationCidrBlock, r.DestinationIpv6CidrBlock, r.DestinationPrefixListId) })]])
    by      = filter("route-table-id", 100, Filters, self.route_table_id)
    match   = { RouteTableId = self.route_table_id, Destination = coalesce(self.destination_cidr_block, self.destination_ipv6_cidr_block, self.destination_prefix_list_id) }
    absent  = ["InvalidRouteTableID.NotFound"]
  }

  create = [
    { call = "CreateRoute", adopt = ["RouteAlreadyExists"], retry = ["InvalidParameterException", "InvalidTransitGatewayID.NotFound", "InvalidGatewayID.NotFound", "InvalidNatGatewayID.NotFound"] },
    { until = object != null },
  ]

  update "target" {
    of = [carrier_gateway_id, core_network_arn, egress_only_gateway_id, gateway_id, local_gateway_id, nat_gateway_id, network_interface_id, transit_gateway_id, vpc_endpoint_id, vpc_peering_connection_id]
    do = [{
      call = "ReplaceRoute"
      send = merge(destination, {
        CarrierGatewayId            = blank(self.carrier_gateway_id)
        CoreNetworkArn              = blank(self.core_network_arn)
        EgressOnlyInternetGatewayId = blank(self.egress_only_gateway_id)
        GatewayId                   = blank(self.gateway_id)
        LocalGatewayId              = blank(self.local_gateway_id)
        NatGatewayId                = blank(self.nat_gateway_id)
        NetworkInterfaceId          = changed(self.network_interface_id) ? blank(self.network_interface_id) : null
        TransitGatewayId            = blank(self.transit_gateway_id)
        VpcEndpointId               = blank(self.vpc_endpoint_id)
        VpcPeeringConnectionId      = blank(self.vpc_peering_connection_id)
      })
    }]
  }

  delete = [
    { call = "DeleteRoute", send = destination, absent = ["InvalidRoute.NotFound", "InvalidRouteTableID.NotFound"] },
  ]
}
