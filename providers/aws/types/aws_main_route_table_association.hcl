# SPDX-License-Identifier: Apache-2.0
type "aws_main_route_table_association" {
  service  = "ec2"
  key      = { AssociationId = id }
  serial   = self.vpc_id
  settle   = find(object.RouteTableId == self.route_table_id)
  timeouts = { create = "5m", update = "2m", delete = "5m" }

  schema {
    original_route_table_id = out(string, kept)
    route_table_id          = req(string, at(RouteTableId))
    vpc_id                  = req(string, to(none), kept)
  }

  read {
    call    = "DescribeRouteTables"
    objects = [for a in flatten([for t in answer.RouteTables : t.Associations]) : a if a.Main]
    by      = filter("association.route-table-association-id", 200)
    match   = object.RouteTableAssociationId
    gone    = contains(["disassociated", "failed"], object.AssociationState.State)
  }

  create = [
    {
      call = "DescribeRouteTables"
      as   = before
      send = { Filters = [{ Name = "vpc-id", Values = [self.vpc_id] }, { Name = "association.main", Values = ["true"] }] }
    },
    {
      call = "ReplaceRouteTableAssociation"
      send = { AssociationId = one([for a in before.RouteTables[0].Associations : a if a.Main]).RouteTableAssociationId }
      id   = answer.NewAssociationId
      set  = { original_route_table_id = before.RouteTables[0].RouteTableId == self.route_table_id ? null : before.RouteTables[0].RouteTableId }
    },
    { until = object.AssociationState.State == "associated" },
  ]

  update "table" {
    of   = [route_table_id, vpc_id]
    do = [
      { call = "ReplaceRouteTableAssociation", id = answer.NewAssociationId },
      { until = object.AssociationState.State == "associated" },
    ]
  }

  delete = [                  # put the first table back: the association itself lives on
    {                         # where it is not known, for the create was cut short: one that nothing uses
      call = "DescribeRouteTables"
      as   = tables
      when = isblank(self.original_route_table_id)
      send = { Filters = [{ Name = "vpc-id", Values = [self.vpc_id] }] }
    },
    {
      call = "ReplaceRouteTableAssociation"
      send = { RouteTableId = isblank(self.original_route_table_id) ? [for t in tables.RouteTables : t.RouteTableId if t.RouteTableId != self.route_table_id && isblank(t.Associations)][0] : self.original_route_table_id }
    },
  ]
}
