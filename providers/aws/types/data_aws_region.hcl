# SPDX-License-Identifier: Apache-2.0
data "aws_region" {
  id = coalesce(self.name, region)

  schema {
    description = out(string, from(coalesce(self.name, region)))
    endpoint    = opt(string, computed, from("ec2.${coalesce(self.name, region)}.${dns_suffix}"))
    id          = opt(string, computed, to(none))
    name        = opt(string, computed, from(region))
  }
}
