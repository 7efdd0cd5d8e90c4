# SPDX-License-Identifier: Apache-2.0
type "aws_route_table" {
  service  = "ec2"
  key      = { RouteTableId = id }
  arn      = "arn:${partition}:ec2:${region}:${self.owner_id}:route-table/${id}"
  settle   = tag
  serial   = id
  tags     = "route-table"
  timeouts = { create = "5m", update = "2m", delete = "5m" }

  schema {
    owner_id         = out(string)
    propagating_vgws = opt(set(string), computed, to(none), from([for v in object.PropagatingVgws : v.GatewayId]))
    route            = opt(set(object({ carrier_gateway_id = string, cidr_block = string, core_network_arn = string, destination_prefix_list_id = string, egress_only_gateway_id = string, gateway_id = string, ipv6_cidr_block = string, local_gateway_id = string, nat_gateway_id = string, network_interface_id = string, transit_gateway_id = string, vpc_endpoint_id = string, vpc_peering_connection_id = string })), computed, to(none), from(members), check((value.cidr_block == null || fits("ipv4_cidr", value.cidr_block)) && (isblank(value.ipv6_cidr_block) || fits("ipv6_cidr", value.ipv6_cidr_block)), "made of routes whose cidr_block and ipv6_cidr_block are address blocks without host bits"))
    vpc_id           = req(string, replace)
  }

  read {
    call    = "DescribeRouteTables"
    objects = answer.RouteTables
    by      = filter("route-table-id", 200)
  }

  create = [
    { call = "CreateRouteTable", id = answer.RouteTable.RouteTableId },
  ]

  reconcile "propagation" {
    of     = propagating_vgws
    have   = [for v in object.PropagatingVgws : v.GatewayId]
    remove = { call = "DisableVgwRoutePropagation", at_once = 1, send = { GatewayId = member } }
    add    = { call = "EnableVgwRoutePropagation", at_once = 1, send = { GatewayId = member }, retry = ["Gateway.NotAttached"] }
  }

  reconcile "routes" {
    of   = route
    key  = [cidr_block, ipv6_cidr_block, destination_prefix_list_id]
    have = [for r in object.Routes : {
      cidr_block                 = r.DestinationCidrBlock
      ipv6_cidr_block            = r.DestinationIpv6CidrBlock
      destination_prefix_list_id = r.DestinationPrefixListId
      carrier_gateway_id         = r.CarrierGatewayId
      core_network_arn           = r.CoreNetworkArn
      egress_only_gateway_id     = r.EgressOnlyInternetGatewayId
      gateway_id                 = startswith(ifnull(r.GatewayId, ""), "vpce-") ? null : r.GatewayId
      vpc_endpoint_id            = startswith(ifnull(r.GatewayId, ""), "vpce-") ? r.GatewayId : null
      local_gateway_id           = r.LocalGatewayId
      nat_gateway_id             = r.NatGatewayId
      network_interface_id       = r.NetworkInterfaceId
      transit_gateway_id         = r.TransitGatewayId
      vpc_peering_connection_id  = r.VpcPeeringConnectionId
    } if r.Origin != "EnableVgwRoutePropagation" && (r.GatewayId != "local" || wanted(r.DestinationCidrBlock)) && !startswith(ifnull(r.DestinationPrefixListId, ""), "pl-s3")]
    remove = { call = "DeleteRoute", at_once = 1, send = destination(member), absent = ["InvalidRoute.NotFound"] }
    change = { call = "ReplaceRoute", at_once = 1, send = merge(destination(member), target(member)) }
    add    = { call = "CreateRoute", at_once = 1, send = merge(destination(member), target(member)), again = ["RouteAlreadyExists"], retry = ["InvalidGatewayID.NotFound", "InvalidTransitGatewayID.NotFound"] }
  }

  function "destination" {
    params = [r]
    result = { DestinationCidrBlock = r.cidr_block, DestinationIpv6CidrBlock = r.ipv6_cidr_block, DestinationPrefixListId = r.destination_prefix_list_id }
  }
  function "target" {
    params = [r]
    result = {
      CarrierGatewayId            = r.carrier_gateway_id
      CoreNetworkArn              = r.core_network_arn
      EgressOnlyInternetGatewayId = r.egress_only_gateway_id
      GatewayId                   = r.gateway_id
      LocalGatewayId              = r.local_gateway_id
      NatGatewayId                = r.nat_gateway_id
      NetworkInterfaceId          = r.network_interface_id
      TransitGatewayId            = r.transit_gateway_id
      VpcEndpointId               = r.vpc_endpoint_id
      VpcPeeringConnectionId      = r.vpc_peering_connection_id
    }
  }

  delete = [
    {
      call = "DisassociateRouteTable"
      each   = [for a in object.Associations : a.RouteTableAssociationId if !a.Main]
      send   = { AssociationId = member }
      absent = ["InvalidAssociationID.NotFound"]
    },
    { call = "DeleteRouteTable", retry = ["DependencyViolation"] },
  ]
}
