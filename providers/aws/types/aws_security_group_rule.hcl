# SPDX-License-Identifier: Apache-2.0
type "aws_security_group_rule" {
  service  = "ec2"
  version  = 2
  id       = named
  key      = { GroupId = self.security_group_id }
  settle   = find(length(found) >= length(wanted))         # a second try would answer Duplicate, as it does to a rule of somebody else
  serial   = self.security_group_id
  import   = told(split("_", id))                          # sg-1_ingress_tcp_22_22_10.0.0.0/8
  timeouts = { create = "5m" }

  schema {
    cidr_blocks              = opt(list(string), replace, to(none), from([for a in found : a.peer if a.kind == "ipv4"]), syntax(ipv4_cidr), conflicts(self, source_security_group_id), any_of(cidr_blocks, ipv6_cidr_blocks, prefix_list_ids, self, source_security_group_id))
    description              = opt(string, to(none), from(found[0].description), length(0, 255), pattern("^[0-9A-Za-z_ .:/()#,@\\[\\]+=&;{}!$*-]*$", "made of letters, digits, blanks and any of _.:/()#,@[]+=&;{}!$*-"))
    from_port                = req(number, replace, to(none), from(found[0].from_port))
    ipv6_cidr_blocks         = opt(list(string), replace, to(none), from([for a in found : a.peer if a.kind == "ipv6"]), syntax(ipv6_cidr), conflicts(self, source_security_group_id))
    prefix_list_ids          = opt(list(string), replace, to(none), from([for a in found : a.peer if a.kind == "list"]), length(1, null))
    protocol                 = req(string, replace, as(protocol), same(protocol), to(none), from(found[0].protocol))
    security_group_id        = req(string, replace, to(GroupId), from(object.GroupId))
    security_group_rule_id   = out(string, to(none), from(self.security_group_rule_id))
    self                     = opt(bool, replace, default(false), to(none), from(anytrue([for a in found : a.kind == "group" && a.peer == self.security_group_id])), conflicts(source_security_group_id))
    source_security_group_id = opt(string, computed, replace, to(none), from(one([for a in found : a.peer if a.kind == "group" && !self.self])))
    to_port                  = req(number, replace, to(none), from(found[0].to_port))
    type                     = req(string, replace, to(none), kept, allowed("egress", "ingress"))
  }

  read {
    call    = "DescribeSecurityGroups"
    objects = answer.SecurityGroups
    by      = filter("group-id", 200, Filters, self.security_group_id)
    match   = { GroupId = self.security_group_id }
    gone    = length(found) < length(wanted)
  }

  function "told" {
    params = [words]
    result = length(words) < 6 ? {} : {
      security_group_id        = words[0]
      type                     = words[1]
      protocol                 = protocol(words[2])
      from_port                = words[3]
      to_port                  = words[4]
      cidr_blocks              = blank([for w in sources(words) : w if length(regexall("^[0-9.]+/[0-9]+$", w)) > 0])
      ipv6_cidr_blocks         = blank([for w in sources(words) : w if length(regexall(":", w)) > 0])
      prefix_list_ids          = blank([for w in sources(words) : w if startswith(w, "pl-")])
      self                     = contains(sources(words), "self")
      source_security_group_id = one([for w in sources(words) : w if length(regexall("^([0-9]+/)?sg-", w)) > 0])
    }
  }
  function "sources" {
    params = [words]
    result = slice(words, 5, length(words))
  }

  let {
    peers  = merge(self, { security_groups = isblank(self.source_security_group_id) ? [] : [self.source_security_group_id] })
    wanted = rule_atoms(peers, self.security_group_id)
    there  = flatten([for p in (self.type == "ingress" ? object.IpPermissions : object.IpPermissionsEgress) : permission_atoms(p)])
    found  = [for a in there : a if contains(wanted, a)]
    named  = "sgrule-${hashcode(jsonencode([self.security_group_id, self.type, [for a in wanted : a]]))}"
    rules  = { GroupId = self.security_group_id, IpPermissions = [for a in wanted : permission(a)] }
  }

  create = [
    { call = "AuthorizeSecurityGroupIngress", id = named, when = self.type == "ingress", send = rules },
    { call = "AuthorizeSecurityGroupEgress", id = named, when = self.type == "egress", send = rules },
  ]
  update "description" {
    of = [description]
    do = [
      { call = "UpdateSecurityGroupRuleDescriptionsIngress", when = self.type == "ingress", send = rules },
      { call = "UpdateSecurityGroupRuleDescriptionsEgress", when = self.type == "egress", send = rules },
    ]
  }
  delete = [
    { call = "RevokeSecurityGroupIngress", when = self.type == "ingress", send = rules, absent = ["InvalidPermission.NotFound"] },
    { call = "RevokeSecurityGroupEgress", when = self.type == "egress", send = rules, absent = ["InvalidPermission.NotFound"] },
  ]
}
