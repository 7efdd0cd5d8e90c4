# SPDX-License-Identifier: Apache-2.0
type "aws_vpc_security_group_ingress_rule" {
  service = "ec2"
  key     = { SecurityGroupRuleId = id, GroupId = self.security_group_id }
  arn     = "arn:${partition}:ec2:${region}:${account}:security-group-rule/${id}"
  settle  = tag
  serial  = self.security_group_id
  tags    = "security-group-rule"

  schema {
    cidr_ipv4                    = opt(string, replace(isblank(prior.cidr_ipv4) != isblank(self.cidr_ipv4)), to(none), syntax(ipv4_cidr), one_of(cidr_ipv4, cidr_ipv6, prefix_list_id, referenced_security_group_id))
    cidr_ipv6                    = opt(string, replace(isblank(prior.cidr_ipv6) != isblank(self.cidr_ipv6)), to(none), syntax(ipv6_cidr))
    description                  = opt(string, to(none))
    from_port                    = opt(number, to(none), from(object.IpProtocol == "-1" ? null : object.FromPort), range(-1, 65535))
    id                           = out(string)
    ip_protocol                  = req(string, to(none), as(protocol), same(protocol))
    prefix_list_id               = opt(string, replace(isblank(prior.prefix_list_id) != isblank(self.prefix_list_id)), to(none))
    referenced_security_group_id = opt(string, replace(isblank(prior.referenced_security_group_id) != isblank(self.referenced_security_group_id)), to(none), from(object.ReferencedGroupInfo == null ? null : object.ReferencedGroupInfo.UserId == account ? object.ReferencedGroupInfo.GroupId : "${object.ReferencedGroupInfo.UserId}/${object.ReferencedGroupInfo.GroupId}"))
    security_group_id            = req(string, replace, at(GroupId))
    security_group_rule_id       = out(string, from(id))
    tags_all                     = out(map(string))
    to_port                      = opt(number, to(none), from(object.IpProtocol == "-1" ? null : object.ToPort), range(-1, 65535))
  }

  read {
    call    = "DescribeSecurityGroupRules"
    objects = answer.SecurityGroupRules
    by      = [filter("security-group-rule-id", 200), filter("group-id", 200, Filters, self.security_group_id)]
  }

  let {
    request = {
      IpProtocol               = self.ip_protocol
      FromPort                 = self.from_port
      ToPort                   = self.to_port
      CidrIpv4                 = self.cidr_ipv4
      CidrIpv6                 = self.cidr_ipv6
      PrefixListId             = self.prefix_list_id
      ReferencedGroupId        = self.referenced_security_group_id
      Description              = self.description
    }
    atom = {
      protocol    = self.ip_protocol, from_port = self.from_port, to_port = self.to_port, description = ifnull(self.description, "")
      kind        = self.cidr_ipv4 != null ? "ipv4" : self.cidr_ipv6 != null ? "ipv6" : self.prefix_list_id != null ? "list" : "group"
      peer        = coalesce(self.cidr_ipv4, self.cidr_ipv6, self.prefix_list_id, self.referenced_security_group_id)
    }
  }

  create = [
    {
      call = "AuthorizeSecurityGroupIngress"
      send  = { IpPermissions = [permission(atom)] }
      adopt = ["InvalidPermission.Duplicate"]
      id    = answer.SecurityGroupRules[0].SecurityGroupRuleId
    },
  ]
  update "rule" {
    of   = [cidr_ipv4, cidr_ipv6, description, from_port, to_port, ip_protocol, prefix_list_id, referenced_security_group_id]
    do = [
      { call = "ModifySecurityGroupRules", send = { SecurityGroupRules = [{ SecurityGroupRuleId = id, SecurityGroupRule = request }] } },
    ]
  }
  delete = [
    { call = "RevokeSecurityGroupIngress", send = { SecurityGroupRuleIds = [id] } },
  ]
}
