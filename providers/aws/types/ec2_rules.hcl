# SPDX-License-Identifier: Apache-2.0
# Tags on creation; EC2 refuses a list without tags.
function "tag_spec" {
  params = [kind, tags]
  result = isblank(tags) ? [] : [{ ResourceType = kind, Tags = tags }]
}

# Rules of security groups: the four kinds of peers as one list of atoms {protocol, ports, description, kind, peer}.
function "rule_atoms" {
  params = [r, group]
  result = flatten([
    [for c in ifnull(r.cidr_blocks, [])      : merge(rule_head(r), { kind = "ipv4", peer = c })],
    [for c in ifnull(r.ipv6_cidr_blocks, []) : merge(rule_head(r), { kind = "ipv6", peer = c })],
    [for c in ifnull(r.prefix_list_ids, [])  : merge(rule_head(r), { kind = "list", peer = c })],
    [for c in ifnull(r.security_groups, [])  : merge(rule_head(r), { kind = "group", peer = c })],
    r.self == true ? [merge(rule_head(r), { kind = "group", peer = group })] : [],
  ])
}
function "rule_head" {
  params = [r]
  result = { protocol = protocol(r.protocol), from_port = r.from_port, to_port = r.to_port, description = ifnull(r.description, "") }
}
function "permission_atoms" {
  params = [p]
  result = flatten([
    [for x in p.IpRanges         : { protocol = protocol(p.IpProtocol), from_port = ifnull(p.FromPort, 0), to_port = ifnull(p.ToPort, 0), description = ifnull(x.Description, ""), kind = "ipv4", peer = x.CidrIp }],
    [for x in p.Ipv6Ranges       : { protocol = protocol(p.IpProtocol), from_port = ifnull(p.FromPort, 0), to_port = ifnull(p.ToPort, 0), description = ifnull(x.Description, ""), kind = "ipv6", peer = x.CidrIpv6 }],
    [for x in p.PrefixListIds    : { protocol = protocol(p.IpProtocol), from_port = ifnull(p.FromPort, 0), to_port = ifnull(p.ToPort, 0), description = ifnull(x.Description, ""), kind = "list", peer = x.PrefixListId }],
    [for x in p.UserIdGroupPairs : { protocol = protocol(p.IpProtocol), from_port = ifnull(p.FromPort, 0), to_port = ifnull(p.ToPort, 0), description = ifnull(x.Description, ""), kind = "group", peer = x.UserId == account ? x.GroupId : "${x.UserId}/${x.GroupId}" }],
  ])
}
function "permission" {
  params = [a]
  result = {
    IpProtocol       = a.protocol
    FromPort         = a.from_port
    ToPort           = a.to_port
    IpRanges         = a.kind == "ipv4" ? [{ CidrIp = a.peer, Description = blank(a.description) }] : null
    Ipv6Ranges       = a.kind == "ipv6" ? [{ CidrIpv6 = a.peer, Description = blank(a.description) }] : null
    PrefixListIds    = a.kind == "list" ? [{ PrefixListId = a.peer, Description = blank(a.description) }] : null
    UserIdGroupPairs = a.kind == "group" ? [{ GroupId = reverse(split("/", a.peer))[0], UserId = length(split("/", a.peer)) == 2 ? split("/", a.peer)[0] : null, Description = blank(a.description) }] : null
  }
}
function "rule_blocks" {
  params = [atoms, group]
  result = {
    protocol         = atoms[0].protocol
    from_port        = atoms[0].from_port
    to_port          = atoms[0].to_port
    description      = atoms[0].description
    cidr_blocks      = [for a in atoms : a.peer if a.kind == "ipv4"]
    ipv6_cidr_blocks = [for a in atoms : a.peer if a.kind == "ipv6"]
    prefix_list_ids  = [for a in atoms : a.peer if a.kind == "list"]
    security_groups  = [for a in atoms : a.peer if a.kind == "group" && a.peer != group]
    self             = anytrue([for a in atoms : a.kind == "group" && a.peer == group])
  }
}
function "rule_fits" {
  params = [r]
  result = alltrue([for c in ifnull(r.cidr_blocks, []) : fits("ipv4_cidr", c)]) && alltrue([for c in ifnull(r.ipv6_cidr_blocks, []) : fits("ipv6_cidr", c)]) && can(regex("^[0-9A-Za-z_ .:/()#,@\\[\\]+=&;{}!$*-]{0,255}$", ifnull(r.description, "")))
}
