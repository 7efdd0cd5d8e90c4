# SPDX-License-Identifier: Apache-2.0
type "aws_internet_gateway" {
  service  = "ec2"
  key      = { InternetGatewayId = id }
  arn      = "arn:${partition}:ec2:${region}:${self.owner_id}:internet-gateway/${id}"
  settle   = tag
  tags     = "internet-gateway"
  timeouts = { create = "20m", update = "20m", delete = "20m" }

  schema {
    owner_id = out(string)
    vpc_id   = opt(string, computed, to(none), from(object.Attachments[0].VpcId))
  }

  read {
    call    = "DescribeInternetGateways"
    objects = answer.InternetGateways
    by      = filter("internet-gateway-id", 200)
    absent  = ["InvalidInternetGatewayID.NotFound"]
  }

  create = [
    { call = "CreateInternetGateway", id = answer.InternetGateway.InternetGatewayId },
  ]

  update "attachment" {
    of = [vpc_id]
    on = [create, update]
    do = [
      { call = "DetachInternetGateway", when = written(prior.vpc_id), send = { VpcId = prior.vpc_id }, retry = ["DependencyViolation"], absent = ["Gateway.NotAttached"] },
      { call = "AttachInternetGateway", when = written(self.vpc_id), send = { VpcId = self.vpc_id }, adopt = ["Resource.AlreadyAssociated"], retry = ["InvalidInternetGatewayID.NotFound"] },
      { until = object.Attachments[0].State == "available" || object.Attachments[0].State == "attached", when = written(self.vpc_id) },
    ]
  }

  delete = [
    { call = "DetachInternetGateway", when = written(self.vpc_id), send = { VpcId = self.vpc_id }, retry = ["DependencyViolation"], absent = ["Gateway.NotAttached"] },
    { call = "DeleteInternetGateway", retry = ["DependencyViolation"], absent = ["InvalidInternetGatewayID.NotFound"] },
  ]
}
