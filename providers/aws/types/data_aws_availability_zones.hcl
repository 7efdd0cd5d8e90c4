# SPDX-License-Identifier: Apache-2.0
data "aws_availability_zones" {
  service  = "ec2"
  timeouts = { read = "20m" }
  id       = region

  schema {
    all_availability_zones = opt(bool)
    exclude_names          = opt(set(string), to(none))
    exclude_zone_ids       = opt(set(string), to(none))
    group_names            = out(set(string), from([for z in zones : z.GroupName]))
    names                  = out(list(string), from(sort([for z in zones : z.ZoneName])))
    state                  = opt(string, to(none), allowed("available", "information", "impaired", "unavailable", "constrained"))
    zone_ids               = out(list(string), from([for z in sorted : z.ZoneId]))
    filter = set({
      name   = req(string)
      values = req(set(string))
    }, to(none))
  }

  let {
    zones  = [for z in object.AvailabilityZones : z if !contains(ifnull(self.exclude_names, []), z.ZoneName) && !contains(ifnull(self.exclude_zone_ids, []), z.ZoneId)]
    sorted = [for n in sort([for z in zones : z.ZoneName]) : one([for z in zones : z if z.ZoneName == n])]
  }

  read {
    call = "DescribeAvailabilityZones"
    send = {
      Filters = concat(
        [for f in self.filter : { Name = f.name, Values = f.values }],
        isblank(self.state) ? [] : [{ Name = "state", Values = [self.state] }],
      )
    }
    object = answer
  }
}
