# SPDX-License-Identifier: Apache-2.0
# Security groups and their rules, key pairs, tags.

service = "ec2"

kind "security_group" {
  prefix         = "sg-"
  id             = "GroupId"
  absent         = "InvalidGroup.NotFound"
  malformed      = "InvalidGroupId.Malformed"
  absent_message = "The security group '${id}' does not exist"
  tags           = "security-group"
  shape          = "SecurityGroup"
  view = with(self, {
    SecurityGroupArn    = "arn:aws:ec2:${region}:${account}:security-group/${self.GroupId}"
    IpPermissions       = permissions(where("security_group_rule", { GroupId = self.GroupId, IsEgress = false }))
    IpPermissionsEgress = permissions(where("security_group_rule", { GroupId = self.GroupId, IsEgress = true }))
  })
  filters {
    ip-permission_cidr                  = "IpPermissions.IpRanges.CidrIp"
    ip-permission_from-port             = "IpPermissions.FromPort"
    ip-permission_group-id              = "IpPermissions.UserIdGroupPairs.GroupId"
    ip-permission_group-name            = "IpPermissions.UserIdGroupPairs.GroupName"
    ip-permission_ipv6-cidr             = "IpPermissions.Ipv6Ranges.CidrIpv6"
    ip-permission_prefix-list-id        = "IpPermissions.PrefixListIds.PrefixListId"
    ip-permission_protocol              = "IpPermissions.IpProtocol"
    ip-permission_to-port               = "IpPermissions.ToPort"
    ip-permission_user-id               = "IpPermissions.UserIdGroupPairs.UserId"
    egress_ip-permission_cidr           = "IpPermissionsEgress.IpRanges.CidrIp"
    egress_ip-permission_from-port      = "IpPermissionsEgress.FromPort"
    egress_ip-permission_group-id       = "IpPermissionsEgress.UserIdGroupPairs.GroupId"
    egress_ip-permission_group-name     = "IpPermissionsEgress.UserIdGroupPairs.GroupName"
    egress_ip-permission_ipv6-cidr      = "IpPermissionsEgress.Ipv6Ranges.CidrIpv6"
    egress_ip-permission_prefix-list-id = "IpPermissionsEgress.PrefixListIds.PrefixListId"
    egress_ip-permission_protocol       = "IpPermissionsEgress.IpProtocol"
    egress_ip-permission_to-port        = "IpPermissionsEgress.ToPort"
    egress_ip-permission_user-id        = "IpPermissionsEgress.UserIdGroupPairs.UserId"
  }
}

kind "security_group_rule" {
  prefix         = "sgr-"
  id             = "SecurityGroupRuleId"
  absent         = "InvalidSecurityGroupRuleId.NotFound"
  malformed      = "InvalidSecurityGroupRuleId.Malformed"
  absent_message = "The security group rule ID '${id}' does not exist"
  tags           = "security-group-rule"
  shape          = "SecurityGroupRule"
}

# "6", "TCP" and "tcp" are one protocol
function "protocol" {
  params = [name]
  result = ifnull({ "6" = "tcp", "17" = "udp", "1" = "icmp", "58" = "icmpv6", "all" = "-1" }[lower(name)], lower(name))
}

function "permissions" {
  params = [rules]
  result = [for key, same in { for r in rules : "${r.IpProtocol} ${r.FromPort} ${r.ToPort}" => r... } : {
    IpProtocol       = same[0].IpProtocol
    FromPort         = same[0].IpProtocol == "-1" ? null : same[0].FromPort
    ToPort           = same[0].IpProtocol == "-1" ? null : same[0].ToPort
    IpRanges         = [for r in same : { CidrIp = r.CidrIpv4, Description = r.Description } if r.CidrIpv4 != null]
    Ipv6Ranges       = [for r in same : { CidrIpv6 = r.CidrIpv6, Description = r.Description } if r.CidrIpv6 != null]
    PrefixListIds    = [for r in same : { PrefixListId = r.PrefixListId, Description = r.Description } if r.PrefixListId != null]
    UserIdGroupPairs = [for r in same : { GroupId = r.ReferencedGroupInfo.GroupId, UserId = r.ReferencedGroupInfo.UserId, Description = r.Description } if r.ReferencedGroupInfo != null]
  }]
}

# As it is kept; null where it is none.
function "ipv6_range" {
  params = [text]
  result = like(text, "*:*") && can(cidrsubnet(text, 0, 0)) ? cidrsubnet(text, 0, 0) : null
}

function "is_plain_text" {
  params = [text]
  result = can(regex("^[0-9A-Za-z ._:/()#,@\\[\\]+=&;{}!$*-]{0,255}$", ifnull(text, "")))
}

# Permissions as requests write them, one rule for each source.
function "rules_of" {
  params = [asked]
  result = flatten([for p in ifnull(asked, []) : [for s in concat(
    [for r in ifnull(p.IpRanges, []) : { CidrIpv4 = r.CidrIp == null ? null : cidr_bits(r.CidrIp) == null ? "?${r.CidrIp}" : cidr_base(r.CidrIp), Description = r.Description }],
    [for r in ifnull(p.Ipv6Ranges, []) : { CidrIpv6 = r.CidrIpv6 == null ? null : ifnull(ipv6_range(r.CidrIpv6), "?${r.CidrIpv6}"), Description = r.Description }],
    [for r in ifnull(p.PrefixListIds, []) : { PrefixListId = r.PrefixListId, Description = r.Description }],
    [for r in ifnull(p.UserIdGroupPairs, []) : { ReferencedGroupInfo = { GroupId = r.GroupId, UserId = ifnull(r.UserId, account) }, Description = r.Description }],
    ) : {
    IpProtocol          = protocol(p.IpProtocol)
    FromPort            = protocol(p.IpProtocol) == "-1" ? -1 : ifnull(p.FromPort, -1)
    ToPort              = protocol(p.IpProtocol) == "-1" ? -1 : ifnull(p.ToPort, -1)
    CidrIpv4            = s.CidrIpv4
    CidrIpv6            = s.CidrIpv6
    PrefixListId        = s.PrefixListId
    ReferencedGroupInfo = s.ReferencedGroupInfo
    Description         = s.Description
  }]])
}

# Rules that say the same, whatever their descriptions.
function "same_rules" {
  params = [group_id, egress, rule]
  result = where("security_group_rule", {
    GroupId             = group_id
    IsEgress            = egress
    IpProtocol          = rule.IpProtocol
    FromPort            = rule.FromPort
    ToPort              = rule.ToPort
    CidrIpv4            = rule.CidrIpv4
    CidrIpv6            = rule.CidrIpv6
    PrefixListId        = rule.PrefixListId
    ReferencedGroupInfo = rule.ReferencedGroupInfo
  })
}

function "source_of" {
  params = [rule]
  result = (rule.CidrIpv4 != null ? rule.CidrIpv4 : rule.CidrIpv6 != null ? rule.CidrIpv6 : rule.PrefixListId != null ? rule.PrefixListId : rule.ReferencedGroupInfo.GroupId)
}

procedure "check_rule" {
  fail "InvalidParameterValue" {
    when    = args.IpProtocol != null && !contains(["tcp", "udp", "icmp", "icmpv6", "-1"], args.IpProtocol) && !can(regex("^([0-9]|[1-9][0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5])$", args.IpProtocol))
    message = "Invalid value '${args.IpProtocol}' for IP protocol. Unknown protocol."
  }
  fail "InvalidParameterValue" {
    when    = isblank(args.IpProtocol)
    message = "Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly."
  }
  fail "InvalidParameterValue" {
    when    = startswith(ifnull(ifnull(args.CidrIpv4, args.CidrIpv6), ""), "?")
    message = "CIDR block ${trimprefix(ifnull(ifnull(args.CidrIpv4, args.CidrIpv6), ""), "?")} is malformed"
  }
  fail "MissingParameter" {
    when    = args.CidrIpv4 == null && args.CidrIpv6 == null && args.PrefixListId == null && args.ReferencedGroupInfo == null
    message = "The request must contain a range, a prefix list or a group for each rule"
  }
  fail "InvalidParameterValue" {
    when    = !is_plain_text(args.Description)
    message = "Invalid rule description. Valid descriptions are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"
  }
  fail "InvalidPrefixListID.NotFound" {
    when    = args.PrefixListId != null
    message = "The prefix list ID '${args.PrefixListId}' does not exist"
  }
  fail "InvalidParameterValue" {
    when    = contains(["icmp", "icmpv6"], args.IpProtocol) && (args.FromPort < -1 || args.FromPort > 255 || args.ToPort < -1 || args.ToPort > 255)
    message = "ICMP type (${args.FromPort}) or code (${args.ToPort}) out of range"
  }
  fail "InvalidParameterValue" {
    when    = contains(["tcp", "udp"], args.IpProtocol) && (args.FromPort < 0 || args.ToPort > 65535 || args.FromPort > args.ToPort)
    message = "Invalid value for portRange. Must specify both from and to ports with TCP/UDP."
  }
  when {
    if = args.ReferencedGroupInfo != null
    fail "MissingParameter" {
      when    = isblank(args.ReferencedGroupInfo.GroupId)
      message = "The request must contain the parameter GroupId of the group that a rule refers to"
    }
    need "security_group" {
      id = args.ReferencedGroupInfo.GroupId
    }
    fail "InvalidGroup.NotFound" {
      when    = args.ReferencedGroupInfo.UserId != account
      message = "The security group '${args.ReferencedGroupInfo.GroupId}' does not exist in the account ${args.ReferencedGroupInfo.UserId}"
    }
  }
}

# To a group (self); args: egress, rule, tags
procedure "add_rule" {
  run "check_rule" {
    with = args.rule
  }
  fail "InvalidPermission.Duplicate" {
    when    = length(same_rules(self.GroupId, args.egress, args.rule)) > 0
    message = "the specified rule \"peer: ${source_of(args.rule)}, ${args.rule.IpProtocol == "-1" ? "ALL" : upper(args.rule.IpProtocol)}, from port: ${args.rule.FromPort}, to port: ${args.rule.ToPort}, ALLOW\" already exists"
  }
  when { # quotas are only looked at when the usual one is reached
    if = count("security_group_rule", { GroupId = self.GroupId, IsEgress = args.egress }) >= 60
    fail "RulesPerSecurityGroupLimitExceeded" {
      when    = count("security_group_rule", { GroupId = self.GroupId, IsEgress = args.egress }) >= quota_value("L-0EA8095F")
      message = "The maximum number of rules per security group has been reached."
    }
  }
  create "security_group_rule" "rule" {
    tags  = args.tags
    value = with(args.rule, { GroupId = self.GroupId, GroupOwnerId = account, IsEgress = args.egress })
  }
}

procedure "delete_group" {
  each "rule" {
    in = where("security_group_rule", { GroupId = self.GroupId })
    delete "rule" {}
  }
  delete "self" {}
}

function "default_vpc" {
  params = []
  result = one(where("vpc", { IsDefault = true }))
}

operation "CreateSecurityGroup" {
  fail "MissingParameter" {
    when    = isblank(in.GroupName) || isblank(in.Description)
    message = "The request must contain the parameter ${isblank(in.GroupName) ? "groupName" : "GroupDescription"}"
  }
  let {
    vpc_id = written(in.VpcId) ? in.VpcId : default_vpc().VpcId
  }
  fail "VPCIdNotSpecified" {
    when    = isblank(vpc_id)
    message = "No default VPC for this user"
  }
  need "vpc" {
    id = vpc_id
  }
  fail "InvalidParameterValue" {
    when    = like(in.GroupName, "sg-*")
    message = "Value (${in.GroupName}) for parameter groupName is invalid. Group names may not be in the format sg-*."
  }
  fail "InvalidParameterValue" {
    when    = in.GroupName == "default"
    message = "Cannot use reserved security group name: default"
  }
  fail "InvalidGroup.Duplicate" {
    when    = length(where("security_group", { VpcId = vpc_id, GroupName = in.GroupName })) > 0
    message = "The security group '${in.GroupName}' already exists for VPC '${vpc_id}'"
  }
  fail "InvalidParameterValue" {
    when    = !is_plain_text(in.GroupName) || in.GroupName != trimspace(in.GroupName)
    message = "Value (${in.GroupName}) for parameter groupName is invalid. Valid names are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"
  }
  fail "InvalidParameterValue" {
    when    = !is_plain_text(in.Description)
    message = "Value (${in.Description}) for parameter GroupDescription is invalid. Valid descriptions are strings less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"
  }
  create "security_group" "group" {
    value = { GroupName = in.GroupName, Description = in.Description, VpcId = vpc_id, OwnerId = account }
  }
  run "add_rule" {
    of   = group
    with = { egress = true, tags = [], rule = { IpProtocol = "-1", FromPort = -1, ToPort = -1, CidrIpv4 = "0.0.0.0/0" } }
  }
  answer = { GroupId = group.GroupId, Tags = group.Tags, SecurityGroupArn = "arn:aws:ec2:${region}:${account}:security-group/${group.GroupId}" }
}

operation "DescribeSecurityGroups" {
  let {
    lost = [for n in ifnull(in.GroupNames, []) : n if length(where("security_group", { GroupName = n })) == 0]
  }
  fail "InvalidGroup.NotFound" {
    when    = length(lost) > 0
    message = "The security group '${one(lost)}' does not exist"
  }
  list "security_group" {
    ids   = in.GroupIds
    where = isblank(in.GroupNames) || contains(ifnull(in.GroupNames, []), self.GroupName)
  }
}

operation "DescribeSecurityGroupRules" {
  list "security_group_rule" {
    ids = in.SecurityGroupRuleIds
  }
}

operation "DeleteSecurityGroup" {
  fail "MissingParameter" {
    when    = isblank(in.GroupId) && isblank(in.GroupName)
    message = "The request must contain the parameter groupName or groupId"
  }
  let { # a name alone means one of the default VPC
    named = one(where("security_group", { GroupName = ifnull(in.GroupName, ""), VpcId = ifnull(default_vpc().VpcId, "") }))
  }
  fail "InvalidGroup.NotFound" {
    when    = isblank(in.GroupId) && named == null
    message = "The security group '${in.GroupName}' does not exist in default VPC '${ifnull(default_vpc().VpcId, "")}'"
  }
  need "security_group" "group" {
    id = written(in.GroupId) ? in.GroupId : named.GroupId
  }
  fail "CannotDelete" {
    when    = group.GroupName == "default"
    message = "the specified group: \"${group.GroupId}\" name: \"default\" cannot be deleted by a user"
  }
  let {
    users   = [for i in all("network_interface") : i if contains(i._groups, group.GroupId)]
    mention = [for r in where("security_group_rule", { ReferencedGroupInfo = { GroupId = group.GroupId, UserId = account } }) : r if r.GroupId != group.GroupId]
  }
  fail "DependencyViolation" {
    when    = length(users) + length(mention) > 0
    message = "resource ${group.GroupId} has a dependent object"
  }
  run "delete_group" {
    of = group
  }
  answer = { Return = true, GroupId = group.GroupId }
}

procedure "authorize" {
  let {
    rules = rules_of(args.permissions)
  }
  fail "MissingParameter" {
    when    = length(rules) == 0
    message = "The request must contain the parameter ipPermissions"
  }
  each "rule" {
    in = rules
    run "add_rule" {
      of   = self
      with = { egress = args.egress, rule = rule, tags = args.tags }
    }
  }
}

function "rule_tags" {
  params = [specs]
  result = flatten([for s in ifnull(specs, []) : s.Tags if s.ResourceType == "security-group-rule"])
}

# args: permissions, protocol, range
procedure "check_asked_permissions" {
  fail "InvalidParameterCombination" {
    when    = written(args.permissions) && (args.protocol != null || args.range != null)
    message = "The parameter 'ipPermissions' may not be used in combination with 'ipProtocol' and 'cidrIp'"
  }
  fail "MissingParameter" {
    when    = isblank(args.permissions) && args.protocol != null && args.range == null
    message = "The request must contain the parameter cidrIp"
  }
}

# What a request says in IpPermissions, or of one range in parameters of its own.
function "asked_permissions" {
  params = [list, protocol, from, to, range]
  result = protocol == null && range == null ? list : concat(ifnull(list, []), [{ IpProtocol = protocol, FromPort = from, ToPort = to, IpRanges = [{ CidrIp = range }] }])
}

operation "AuthorizeSecurityGroupIngress" {
  need "security_group" "group" {
    id = in.GroupId
  }
  run "check_asked_permissions" {
    with = { permissions = in.IpPermissions, protocol = in.IpProtocol, range = in.CidrIp }
  }
  let {
    permissions = asked_permissions(in.IpPermissions, in.IpProtocol, in.FromPort, in.ToPort, in.CidrIp)
  }
  run "authorize" {
    of   = group
    with = { egress = false, permissions = permissions, tags = rule_tags(in.TagSpecifications) }
  }
  answer = { Return = true, SecurityGroupRules = flatten([for r in rules_of(permissions) : same_rules(group.GroupId, false, r)]) }
  parts = {
    IpPermissions                    = ["FromPort", "IpProtocol", "IpRanges", "Ipv6Ranges", "PrefixListIds", "ToPort", "UserIdGroupPairs"]
    "IpPermissions.UserIdGroupPairs" = ["Description", "GroupId", "UserId"]
  }
}

operation "AuthorizeSecurityGroupEgress" {
  need "security_group" "group" {
    id = in.GroupId
  }
  run "authorize" {
    of   = group
    with = { egress = true, permissions = in.IpPermissions, tags = rule_tags(in.TagSpecifications) }
  }
  answer = { Return = true, SecurityGroupRules = flatten([for r in rules_of(in.IpPermissions) : same_rules(group.GroupId, true, r)]) }
  parts = {
    IpPermissions                    = ["FromPort", "IpProtocol", "IpRanges", "Ipv6Ranges", "PrefixListIds", "ToPort", "UserIdGroupPairs"]
    "IpPermissions.UserIdGroupPairs" = ["Description", "GroupId", "UserId"]
  }
}

# From a group (self); args: egress, ids, permissions
procedure "revoke" {
  fail "MissingParameter" {
    when    = isblank(args.ids) && isblank(args.permissions)
    message = "The request must contain the parameter ipPermissions or securityGroupRuleIds"
  }
  fail "MissingParameter" {
    when    = isblank(args.ids) && length(rules_of(args.permissions)) == 0
    message = "The request must contain a range, a prefix list or a group for each rule"
  }
  each "id" {
    in = [for id in ifnull(args.ids, []) : { id = id }]
    need "security_group_rule" "rule" {
      id = id.id
    }
    fail "InvalidSecurityGroupRuleId.NotFound" {
      when    = rule.GroupId != self.GroupId || rule.IsEgress != args.egress
      message = "The security group rule ID '${id.id}' does not exist"
    }
    delete "rule" {}
  }
  each "rule" {
    in = rules_of(args.permissions)
    let {
      found = same_rules(self.GroupId, args.egress, rule)
    }
    fail "InvalidPermission.NotFound" {
      when    = length(found) == 0
      message = "The specified rule does not exist in this security group."
    }
    each "old" {
      in = found
      delete "old" {}
    }
  }
}

operation "RevokeSecurityGroupIngress" {
  need "security_group" "group" {
    id = in.GroupId
  }
  run "check_asked_permissions" {
    with = { permissions = in.IpPermissions, protocol = in.IpProtocol, range = in.CidrIp }
  }
  run "revoke" {
    of   = group
    with = { egress = false, ids = in.SecurityGroupRuleIds, permissions = asked_permissions(in.IpPermissions, in.IpProtocol, in.FromPort, in.ToPort, in.CidrIp) }
  }
  answer = { Return = true }
  parts = {
    IpPermissions                    = ["FromPort", "IpProtocol", "IpRanges", "Ipv6Ranges", "PrefixListIds", "ToPort", "UserIdGroupPairs"]
    "IpPermissions.UserIdGroupPairs" = ["Description", "GroupId", "UserId"]
  }
}

operation "RevokeSecurityGroupEgress" {
  need "security_group" "group" {
    id = in.GroupId
  }
  run "revoke" {
    of   = group
    with = { egress = true, ids = in.SecurityGroupRuleIds, permissions = in.IpPermissions }
  }
  answer = { Return = true }
  parts = {
    IpPermissions                    = ["FromPort", "IpProtocol", "IpRanges", "Ipv6Ranges", "PrefixListIds", "ToPort", "UserIdGroupPairs"]
    "IpPermissions.UserIdGroupPairs" = ["Description", "GroupId", "UserId"]
  }
}

operation "ModifySecurityGroupRules" {
  need "security_group" "group" {
    id = in.GroupId
  }
  each "change" {
    in = in.SecurityGroupRules
    need "security_group_rule" "rule" {
      id = change.SecurityGroupRuleId
    }
    let {
      asked = change.SecurityGroupRule
      new = {
        IpProtocol          = protocol(ifnull(asked.IpProtocol, rule.IpProtocol))
        FromPort            = ifnull(asked.FromPort, -1)
        ToPort              = ifnull(asked.ToPort, -1)
        CidrIpv4            = asked.CidrIpv4 == null ? null : cidr_bits(asked.CidrIpv4) == null ? "?${asked.CidrIpv4}" : cidr_base(asked.CidrIpv4)
        CidrIpv6            = asked.CidrIpv6 == null ? null : ifnull(ipv6_range(asked.CidrIpv6), "?${asked.CidrIpv6}")
        PrefixListId        = asked.PrefixListId
        ReferencedGroupInfo = asked.ReferencedGroupId == null ? null : { GroupId = asked.ReferencedGroupId, UserId = account }
        Description         = asked.Description
      }
    }
    run "check_rule" {
      with = new
    }
    fail "InvalidPermission.Duplicate" {
      when    = length([for r in same_rules(rule.GroupId, rule.IsEgress, new) : r if r.SecurityGroupRuleId != rule.SecurityGroupRuleId]) > 0
      message = "The specified rule already exists"
    }
    update "rule" {
      set = new
    }
  }
  answer = { Return = true }
  parts = { SecurityGroupRules = ["SecurityGroupRule", "SecurityGroupRuleId"] }
}

procedure "describe_rules" {
  each "rule" {
    in = rules_of(args.permissions)
    let {
      found = same_rules(self.GroupId, args.egress, rule)
    }
    fail "InvalidPermission.NotFound" {
      when    = length(found) == 0
      message = "The specified rule does not exist in this security group."
    }
    each "old" {
      in = found
      update "old" {
        set = { Description = rule.Description }
      }
    }
  }
}

operation "UpdateSecurityGroupRuleDescriptionsIngress" {
  need "security_group" "group" {
    id = in.GroupId
  }
  run "describe_rules" {
    of   = group
    with = { egress = false, permissions = in.IpPermissions }
  }
  answer = { Return = true }
  parts = {
    IpPermissions                    = ["FromPort", "IpProtocol", "IpRanges", "Ipv6Ranges", "PrefixListIds", "ToPort", "UserIdGroupPairs"]
    "IpPermissions.UserIdGroupPairs" = ["Description", "GroupId", "UserId"]
  }
}

operation "UpdateSecurityGroupRuleDescriptionsEgress" {
  need "security_group" "group" {
    id = in.GroupId
  }
  run "describe_rules" {
    of   = group
    with = { egress = true, permissions = in.IpPermissions }
  }
  answer = { Return = true }
  parts = {
    IpPermissions                    = ["FromPort", "IpProtocol", "IpRanges", "Ipv6Ranges", "PrefixListIds", "ToPort", "UserIdGroupPairs"]
    "IpPermissions.UserIdGroupPairs" = ["Description", "GroupId", "UserId"]
  }
}

# ---- key pairs

kind "key_pair" {
  prefix         = "key-"
  id             = "KeyPairId"
  absent         = "InvalidKeyPair.NotFound"
  absent_message = "The key pair '${id}' does not exist"
  tags           = "key-pair"
  shape          = "KeyPairInfo"
  filters {
    fingerprint = "KeyFingerprint"
  }
}

operation "ImportKeyPair" {
  run "check_key_name" {
    with = { name = in.KeyName }
  }
  let {
    text = can(base64decode(in.PublicKeyMaterial)) ? trimspace(base64decode(in.PublicKeyMaterial)) : ""
    key  = key_fingerprint(text)
  }
  fail "InvalidKeyPair.Duplicate" {
    when    = length(where("key_pair", { KeyName = in.KeyName })) > 0
    message = "The keypair already exists"
  }
  fail "InvalidKey.Format" {
    when    = key == null || key.kind == "ecdsa"
    message = "Key is not in valid OpenSSH public key format"
  }
  create "key_pair" {
    value = { KeyName = in.KeyName, KeyFingerprint = key.fingerprint, KeyType = key.kind, CreateTime = now, PublicKey = text }
  }
  answer = key_pair
}

procedure "check_key_name" {
  fail "MissingParameter" {
    when    = isblank(args.name)
    message = "The request must contain the parameter KeyName"
  }
  fail "InvalidParameterValue" {
    when    = !can(regex("^[ -~]{1,255}$", args.name)) || args.name != trimspace(args.name)
    message = "Value (${args.name}) for parameter KeyName is invalid. Key names are up to 255 ASCII characters, without spaces at either end."
  }
}

operation "CreateKeyPair" {
  run "check_key_name" {
    with = { name = in.KeyName }
  }
  fail "InvalidKeyPair.Duplicate" {
    when    = length(where("key_pair", { KeyName = in.KeyName })) > 0
    message = "The keypair already exists"
  }
  let {
    made = new_key(ifnull(in.KeyType, "rsa"))
    key  = key_fingerprint(made.public)
  }
  fail "NotImplemented" {
    when    = ifnull(in.KeyFormat, "pem") != "pem"
    message = "The sandbox cloud makes keys in PEM alone."
    status  = 501
  }
  create "key_pair" {
    value = { KeyName = in.KeyName, KeyFingerprint = key.fingerprint, KeyType = key.kind, CreateTime = now, PublicKey = made.public }
  }
  answer = with(key_pair, { KeyMaterial = made.private })
}

operation "DescribeKeyPairs" {
  let {
    lost = [for n in ifnull(in.KeyNames, []) : n if length(where("key_pair", { KeyName = n })) == 0]
  }
  fail "InvalidKeyPair.NotFound" {
    when    = length(lost) > 0
    message = "The key pair '${one(lost)}' does not exist"
  }
  list "key_pair" {
    ids   = in.KeyPairIds
    where = isblank(in.KeyNames) || contains(ifnull(in.KeyNames, []), self.KeyName)
  }
  answer = { KeyPairs = in.IncludePublicKey == true ? found : [for k in found : with(k, { PublicKey = null })] }
}

operation "DeleteKeyPair" {
  fail "MissingParameter" {
    when    = isblank(in.KeyName) && isblank(in.KeyPairId)
    message = "The request must contain the parameter keyName or keyPairId"
  }
  let {
    key = written(in.KeyPairId) ? get("key_pair", in.KeyPairId) : one(where("key_pair", { KeyName = ifnull(in.KeyName, "") }))
  }
  when {
    if = key != null
    delete "key" {}
  }
  answer = { Return = true, KeyPairId = key.KeyPairId }
}

# ---- tags

procedure "check_tags" {
  fail "InvalidParameterValue" {
    when    = anytrue([for t in ifnull(args.tags, []) : isblank(t.Key)])
    message = "Tag keys must have at least one character"
  }
  fail "InvalidParameterValue" {
    when    = length(distinct([for t in ifnull(args.tags, []) : t.Key])) < length(ifnull(args.tags, []))
    message = "Duplicate tag key specified."
  }
  fail "InvalidParameterValue" {
    when    = anytrue([for t in ifnull(args.tags, []) : like(lower(t.Key), "aws:*")])
    message = "Tag keys starting with 'aws:' are reserved for internal use"
  }
  fail "InvalidParameterValue" {
    when    = anytrue([for t in ifnull(args.tags, []) : length(t.Key) > 128 || length(ifnull(t.Value, "")) > 256])
    message = "Tag key or value exceeds the maximum length of 128 and 256 characters"
  }
}

operation "CreateTags" {
  run "check_tags" {
    with = { tags = in.Tags }
  }
  each "resource" {
    in = [for id in distinct(in.Resources) : { id = id, object = object(id) }]
    fail "InvalidID" {
      when    = resource.object == null
      message = "The ID '${resource.id}' is not valid"
    }
    let {
      tags = add_tags(resource.object.Tags, [for t in in.Tags : { Key = t.Key, Value = ifnull(t.Value, "") }])
    }
    fail "TagLimitExceeded" {
      when    = length(tags) > 50
      message = "The maximum number of Tags for a resource has been reached."
    }
    update {
      of  = resource.object
      set = { Tags = tags }
    }
  }
}

operation "DeleteTags" {
  each "resource" {
    in = [for id in distinct(in.Resources) : { id = id, object = object(id) }]
    fail "InvalidID" {
      when    = resource.object == null
      message = "The ID '${resource.id}' is not valid"
    }
    update {
      of = resource.object
      set = {
        Tags = [for t in ifnull(resource.object.Tags, []) : t if in.Tags != null && !anytrue([for gone in ifnull(in.Tags, []) : gone.Key == t.Key && (gone.Value == null || gone.Value == t.Value)])]
      }
    }
  }
}

operation "DescribeTags" {
  let {
    names   = { key = "Key", value = "Value", resource-id = "ResourceId", resource-type = "ResourceType" }
    unknown = [for f in ifnull(in.Filters, []) : f.Name if names[f.Name] == null && !like(f.Name, "tag:*")]
  }
  fail "InvalidParameterValue" {
    when    = length(unknown) > 0
    message = "The filter '${one(unknown)}' is invalid"
  }
  answer = {
    Tags = [for t in tagged() : t if alltrue([for f in ifnull(in.Filters, []) : anytrue([for v in f.Values : names[f.Name] == null
    ? like(f.Name, "tag:${t.Key}") && like(t.Value, v) : like(t[names[f.Name]], v)])])]
  }
}
