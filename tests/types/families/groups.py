# SPDX-License-Identifier: Apache-2.0
"""Security groups and the three forms of their rules."""
from stages import R, Family, replace, same, update

VPC = 'vpc_id = aws_vpc.base.id\n'


def rule(kind, **arguments):
    lines = '\n'.join(f'  {k} = {v}' for k, v in arguments.items())
    return f'{kind} {{\n{lines}\n}}\n'


SSH = dict(from_port=22, to_port=22, protocol='"tcp"')
OPEN = dict(from_port=0, to_port=0, protocol='"-1"')


def permissions(cloud, group, egress=False):
    found = cloud.client('ec2').describe_security_groups(GroupIds=[group])['SecurityGroups'][0]
    rules = set()
    for p in found['IpPermissionsEgress' if egress else 'IpPermissions']:
        head = (p['IpProtocol'], p.get('FromPort'), p.get('ToPort'))
        rules |= {head + (r['CidrIp'],) for r in p['IpRanges']}
        rules |= {head + (r['CidrIpv6'],) for r in p.get('Ipv6Ranges', [])}
        rules |= {head + (r['GroupId'],) for r in p['UserIdGroupPairs']}
    return rules


def check_inline(cloud, ids, ok):
    got = permissions(cloud, ids('aws_security_group.inline'))
    ok(got == {('tcp', 22, 22, '10.0.0.0/8'), ('tcp', 80, 80, '0.0.0.0/0'), ('tcp', 443, 443, '0.0.0.0/0')}, 'the rules are those written', got)
    ok(permissions(cloud, ids('aws_security_group.bare'), True) == set(), 'a new group lets nothing out by itself')
    got = permissions(cloud, ids('aws_security_group.self'))
    ok(got == {('-1', None, None, ids('aws_security_group.self'))}, 'a group may let itself in', got)


inline = Family(
    'security_group',
    # moto takes away no IPv6 rule where the VPC has no IPv6 addresses
    R('aws_vpc.base', 'cidr_block = "10.0.0.0/16"\nassign_generated_ipv6_cidr_block = true'),
    R('aws_security_group.bare', VPC),
    R('aws_security_group.prefixed', VPC + 'name_prefix = "web-"\ndescription = "one"', replace(VPC + 'name_prefix = "web-"\ndescription = "two"')),
    R('aws_security_group.renamed', VPC + 'name = "one"', replace(VPC + 'name = "two"')),
    R('aws_security_group.inline',
      VPC + 'name = "inline"\n' + rule('ingress', **SSH, cidr_blocks='["10.0.0.0/8", "192.168.0.0/16"]', description='"ssh"') +
      rule('egress', **OPEN, cidr_blocks='["0.0.0.0/0"]', ipv6_cidr_blocks='["::/0"]'),
      update(VPC + 'name = "inline"\n' + rule('ingress', **SSH, cidr_blocks='["10.0.0.0/8"]', description='"ssh"') +
             rule('ingress', from_port=80, to_port=80, protocol='"tcp"', cidr_blocks='["0.0.0.0/0"]') +
             rule('ingress', from_port=443, to_port=443, protocol='"TCP"', cidr_blocks='["0.0.0.0/0"]') +
             rule('egress', **OPEN, cidr_blocks='["0.0.0.0/0"]')),
      update(VPC + 'name = "inline"\ntags = { Name = "x" }\n' + rule('ingress', **SSH, cidr_blocks='["10.0.0.0/8"]', description='"ssh, still"') +
             rule('ingress', from_port=80, to_port=80, protocol='"tcp"', cidr_blocks='["0.0.0.0/0"]') +
             rule('ingress', from_port=443, to_port=443, protocol='"tcp"', cidr_blocks='["0.0.0.0/0"]') +
             rule('egress', **OPEN, cidr_blocks='["0.0.0.0/0"]'))),
    R('aws_security_group.cut',
      VPC + rule('ingress', **SSH, cidr_blocks='["10.0.0.0/16", "10.1.0.0/16"]') + rule('ingress', **SSH, cidr_blocks='["10.2.0.0/16"]')),
    R('aws_security_group.self', VPC + rule('ingress', **OPEN, self='true') + rule('egress', **OPEN, self='true')),
    R('aws_security_group.other', VPC + rule('ingress', **SSH, security_groups='[aws_security_group.bare.id]'),
      update(VPC + rule('ingress', **SSH, security_groups='[aws_security_group.self.id]', description='"from the others"'))),
    R('aws_security_group.emptied', VPC + rule('ingress', **SSH, cidr_blocks='["10.0.0.0/8"]'),
      update(VPC + 'ingress = []\negress = []')),
    R('aws_security_group.as_list', VPC + 'ingress = [{ from_port = 22, to_port = 22, protocol = "tcp", cidr_blocks = ["10.0.0.0/8"], '
      'description = "", ipv6_cidr_blocks = [], prefix_list_ids = [], security_groups = [], self = false }]'),
    checks={1: check_inline},
    drift=[('a rule is added', lambda cloud, ids: cloud.client('ec2').authorize_security_group_ingress(
               GroupId=ids('aws_security_group.inline'), IpProtocol='tcp', FromPort=9, ToPort=9, CidrIp='9.9.9.9/32'),
            {'aws_security_group.inline': 'update'}),
           ('a rule is taken away', lambda cloud, ids: cloud.client('ec2').revoke_security_group_ingress(
               GroupId=ids('aws_security_group.inline'), IpProtocol='tcp', FromPort=80, ToPort=80, CidrIp='0.0.0.0/0'),
            {'aws_security_group.inline': 'update'})],
    gone=[('a group is removed', lambda cloud, ids: cloud.client('ec2').delete_security_group(GroupId=ids('aws_security_group.renamed')),
           {'aws_security_group.renamed': 'create'})],
)

G = 'security_group_id = aws_security_group.base.id\n'


def check_rules(cloud, ids, ok):
    got = permissions(cloud, ids('aws_security_group.base'))
    ok({('tcp', 22, 22, '10.0.0.0/8'), ('tcp', 22, 22, '10.1.0.0/16')} <= got, 'all parts of a rule are there', got)


rules = Family(
    'security_group_rule',
    R('aws_vpc.base', 'cidr_block = "10.0.0.0/16"'),
    R('aws_security_group.base', VPC),
    R('aws_security_group.peer', VPC),
    R('aws_security_group_rule.ssh', G + 'type = "ingress"\nfrom_port = 22\nto_port = 22\nprotocol = "tcp"\ncidr_blocks = ["10.0.0.0/8", "10.1.0.0/16"]',
      update(G + 'type = "ingress"\nfrom_port = 22\nto_port = 22\nprotocol = "6"\ncidr_blocks = ["10.0.0.0/8", "10.1.0.0/16"]\ndescription = "ssh"'),
      replace(G + 'type = "ingress"\nfrom_port = 22\nto_port = 23\nprotocol = "tcp"\ncidr_blocks = ["10.0.0.0/8"]'),
      import_id=lambda ids: ids('aws_security_group.base') + '_ingress_tcp_22_23_10.0.0.0/8'),
    R('aws_security_group_rule.out', G + 'type = "egress"\nfrom_port = 0\nto_port = 0\nprotocol = "-1"\ncidr_blocks = ["0.0.0.0/0"]\n'
      'ipv6_cidr_blocks = ["::/0"]', import_id=lambda ids: ids('aws_security_group.base') + '_egress_all_0_0_0.0.0.0/0_::/0'),
    R('aws_security_group_rule.peer', G + 'type = "ingress"\nfrom_port = 2049\nto_port = 2049\nprotocol = "tcp"\n'
      'source_security_group_id = aws_security_group.peer.id',
      import_id=lambda ids: ids('aws_security_group.base') + '_ingress_tcp_2049_2049_' + ids('aws_security_group.peer')),
    R('aws_security_group_rule.self', G + 'type = "ingress"\nfrom_port = 0\nto_port = 65535\nprotocol = "udp"\nself = true', None),
    R('aws_security_group_rule.ping', G + 'type = "ingress"\nfrom_port = 8\nto_port = 0\nprotocol = "icmp"\ncidr_blocks = ["10.0.0.0/8"]',
      import_id=lambda ids: ids('aws_security_group.base') + '_ingress_icmp_8_0_10.0.0.0/8'),
    checks={0: check_rules, 1: check_rules},
    gone=[('a rule is removed', lambda cloud, ids: cloud.client('ec2').revoke_security_group_ingress(
               GroupId=ids('aws_security_group.base'), IpProtocol='icmp', FromPort=8, ToPort=0, CidrIp='10.0.0.0/8'),
           {'aws_security_group_rule.ping': 'create'})],
)

vpc_rules = Family(
    'vpc_security_group_rule',
    R('aws_vpc.base', 'cidr_block = "10.0.0.0/16"'),
    R('aws_security_group.base', VPC),
    R('aws_security_group.peer', VPC),
    R('aws_vpc_security_group_ingress_rule.ssh', G + 'from_port = 22\nto_port = 22\nip_protocol = "tcp"\ncidr_ipv4 = "10.0.0.0/8"\ndescription = "a"',
      update(G + 'from_port = 22\nto_port = 23\nip_protocol = "tcp"\ncidr_ipv4 = "10.1.0.0/16"\ndescription = "b"\ntags = { Name = "ssh" }'),
      update(G + 'from_port = 22\nto_port = 23\nip_protocol = "tcp"\ncidr_ipv4 = "10.1.0.0/16"')),
    R('aws_vpc_security_group_ingress_rule.peer', G + 'ip_protocol = "-1"\nreferenced_security_group_id = aws_security_group.peer.id'),
    R('aws_vpc_security_group_ingress_rule.turned', G + 'from_port = 80\nto_port = 80\nip_protocol = "tcp"\ncidr_ipv4 = "10.0.0.0/8"',
      replace(G + 'from_port = 80\nto_port = 80\nip_protocol = "tcp"\ncidr_ipv6 = "2001:db8::/32"')),
    R('aws_vpc_security_group_egress_rule.out', G + 'ip_protocol = "-1"\ncidr_ipv4 = "0.0.0.0/0"\ntags = { Name = "a" }',
      update(G + 'ip_protocol = "-1"\ncidr_ipv4 = "0.0.0.0/0"\ntags = { Name = "b" }')),
    R('aws_vpc_security_group_egress_rule.moved', G + 'ip_protocol = "tcp"\nfrom_port = 443\nto_port = 443\ncidr_ipv4 = "0.0.0.0/0"',
      replace('security_group_id = aws_security_group.peer.id\nip_protocol = "tcp"\nfrom_port = 443\nto_port = 443\ncidr_ipv4 = "0.0.0.0/0"'), None),
    gone=[('a rule is removed', lambda cloud, ids: cloud.client('ec2').revoke_security_group_egress(
               GroupId=ids('aws_security_group.base'), SecurityGroupRuleIds=[ids('aws_vpc_security_group_egress_rule.out')]),
           {'aws_vpc_security_group_egress_rule.out': 'create'})],
    excused={'* aws_vpc_security_group_ingress_rule.ssh': 'moto keeps the description that the changed rule no longer has'},
)
