# SPDX-License-Identifier: Apache-2.0
data "aws_subnets" {
  service  = "ec2"
  timeouts = { read = "20m" }
  id       = region

  schema {
    ids  = out(list(string), from(object.Subnets[*].SubnetId))
    tags = opt(map(string), computed, to(none))
    filter = set({
      name   = req(string)
      values = req(set(string))
    }, to(none))
  }

  read {
    call = "DescribeSubnets"
    send = {
      Filters = concat(
        [for f in self.filter : { Name = f.name, Values = f.values }],
        [for k, v in self.tags : { Name = "tag:${k}", Values = [v] }],
      )
    }
    object = answer
  }
}
