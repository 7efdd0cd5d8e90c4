# SPDX-License-Identifier: Apache-2.0
type "aws_route_table_association" {
  service  = "ec2"
  key      = { AssociationId = id }
  settle   = find(written(self.subnet_id) ? object.SubnetId == self.subnet_id : object.GatewayId == self.gateway_id)
  # subnet-1/rtb-2 or igw-1/rtb-2
  import   = length(split("/", id)) < 2 ? {} : { route_table_id = split("/", id)[1], subnet_id = startswith(id, "subnet-") ? split("/", id)[0] : null, gateway_id = startswith(id, "subnet-") ? null : split("/", id)[0] }
  timeouts = { create = "5m", update = "2m", delete = "5m" }

  schema {
    gateway_id     = opt(string, zero, replace, one_of(gateway_id, subnet_id))
    route_table_id = req(string)
    subnet_id      = opt(string, replace)
  }

  read {
    call    = "DescribeRouteTables"
    objects = [for a in flatten([for t in answer.RouteTables : t.Associations]) : merge(a, { AssociationId = a.RouteTableAssociationId })]
    by      = [filter("association.route-table-association-id", 100), filter("route-table-id", 100, Filters, self.route_table_id)]
    gone    = contains(["disassociated", "failed"], ifnull(object.AssociationState.State, "associated"))
  }

  create = [
    { call = "AssociateRouteTable", id = answer.AssociationId, retry = ["InvalidRouteTableID.NotFound"] },
    { until = object != null && ifnull(object.AssociationState.State, "associated") == "associated" },
  ]

  update "table" {
    of = [route_table_id]
    do = [
      { call = "ReplaceRouteTableAssociation", id = answer.NewAssociationId, send = { RouteTableId = self.route_table_id } },
      { until = object != null && ifnull(object.AssociationState.State, "associated") == "associated" },
    ]
  }

  delete = [
    { call = "DisassociateRouteTable", absent = ["InvalidAssociationID.NotFound"] },
  ]
}
