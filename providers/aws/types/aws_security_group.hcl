# SPDX-License-Identifier: Apache-2.0
type "aws_security_group" {
  service  = "ec2"
  version  = 1
  key      = { GroupId = id }
  arn      = "arn:${partition}:ec2:${region}:${self.owner_id}:security-group/${id}"
  named    = name
  settle   = tag
  serial   = id
  tags     = "security-group"
  timeouts = { create = "10m", delete = "15m" }

  schema {
    description            = opt(string, replace, default("Managed by Terraform"), at(Description), length(0, 255))
    egress                 = opt(set(object({ cidr_blocks = list(string), description = string, from_port = number, ipv6_cidr_blocks = list(string), prefix_list_ids = list(string), protocol = string, security_groups = set(string), self = bool, to_port = number })), computed, to(none), from(members), check(rule_fits(value), "made of rules whose cidr_blocks and ipv6_cidr_blocks are address blocks without host bits, and whose descriptions have at most 255 letters, digits, blanks and any of _.:/()#,@[]+=&;{}!$*-"))
    ingress                = opt(set(object({ cidr_blocks = list(string), description = string, from_port = number, ipv6_cidr_blocks = list(string), prefix_list_ids = list(string), protocol = string, security_groups = set(string), self = bool, to_port = number })), computed, to(none), from(members), check(rule_fits(value), "made of rules whose cidr_blocks and ipv6_cidr_blocks are address blocks without host bits, and whose descriptions have at most 255 letters, digits, blanks and any of _.:/()#,@[]+=&;{}!$*-"))
    name                   = opt(string, computed, replace, at(GroupName), length(0, 255), check(!startswith(value, "sg-"), "a name that does not begin with sg-"))
    name_prefix            = opt(string, computed, replace, to(none), length(0, 229), check(!startswith(value, "sg-"), "a name that does not begin with sg-"))
    owner_id               = out(string)
    revoke_rules_on_delete = opt(bool, default(false), local)
    vpc_id                 = opt(string, computed, replace)
  }

  read {
    call    = "DescribeSecurityGroups"
    objects = answer.SecurityGroups
    by      = filter("group-id", 200)
    absent  = ["InvalidGroup.NotFound", "InvalidGroupId.Malformed"]
  }

  let {
    shown_ipv6 = [for r in flatten([for p in object.IpPermissionsEgress : p.Ipv6Ranges]) : { CidrIpv6 = r.CidrIpv6 }]
  }

  create = [
    { call = "CreateSecurityGroup", id = answer.GroupId },
    { until = object != null },
    {  # AWS opens every way out of a new group, for IPv6 too where the VPC has such addresses; Terraform does not
      call   = "RevokeSecurityGroupEgress"
      when   = self.vpc_id != "" && isblank(object.IpPermissionsEgress)  # not shown yet: so for both
      send   = { IpPermissions = [{ IpProtocol = "-1", Ipv6Ranges = [{ CidrIpv6 = "::/0" }] }] }
      absent = ["InvalidPermission.NotFound", { code = "InvalidParameterValue", text = "remote-ipv6-range" }]
    },
    {
      call   = "RevokeSecurityGroupEgress"
      when   = self.vpc_id != ""
      send   = { IpPermissions = [{ IpProtocol = "-1", IpRanges = [{ CidrIp = "0.0.0.0/0" }], Ipv6Ranges = shown_ipv6 }] }
      absent = ["InvalidPermission.NotFound"]
    },
    {  # while AWS still shows it, it would be taken for a rule of ours
      until = length([for p in object.IpPermissionsEgress : p if p.IpProtocol == "-1" && contains([for r in ifnull(p.IpRanges, []) : r.CidrIp], "0.0.0.0/0")]) == 0
      when  = self.vpc_id != ""
    },
  ]

  # Users and AWS cut the same rules into blocks in different ways. So both are taken apart into atoms, atoms are
  # compared, and what is left over is put together again by `join`.
  reconcile "ingress" {
    of     = ingress
    atoms  = rule_atoms(member, id)
    have   = flatten([for p in object.IpPermissions : permission_atoms(p)])
    join   = [protocol, from_port, to_port, description]
    into   = rule_blocks(atoms, id)
    remove = { call = "RevokeSecurityGroupIngress", at_once = 50, send = { IpPermissions = [for a in removed : permission(a)] }, absent = ["InvalidPermission.NotFound"] }
    add    = { call = "AuthorizeSecurityGroupIngress", at_once = 50, send = { IpPermissions = [for a in added : permission(a)] }, adopt = ["InvalidPermission.Duplicate"] }
  }

  reconcile "egress" {
    of     = egress
    atoms  = rule_atoms(member, id)
    have   = flatten([for p in object.IpPermissionsEgress : permission_atoms(p)])
    join   = [protocol, from_port, to_port, description]
    into   = rule_blocks(atoms, id)
    remove = { call = "RevokeSecurityGroupEgress", at_once = 50, send = { IpPermissions = [for a in removed : permission(a)] }, absent = ["InvalidPermission.NotFound"] }
    add    = { call = "AuthorizeSecurityGroupEgress", at_once = 50, send = { IpPermissions = [for a in added : permission(a)] }, adopt = ["InvalidPermission.Duplicate"] }
  }

  delete = [
    { empty = [ingress, egress], when = self.revoke_rules_on_delete },
    { call = "DeleteSecurityGroup", retry = ["DependencyViolation", "InvalidGroup.InUse"] },
  ]
}
