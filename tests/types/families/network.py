# SPDX-License-Identifier: Apache-2.0
"""VPCs and what lies in them."""
from stages import R, Family, replace, same, update


def tags(cloud, resource, key):
    found = cloud.client('ec2').describe_tags(Filters=[{'Name': 'resource-id', 'Values': [resource]}, {'Name': 'key', 'Values': [key]}])
    return found['Tags'][0]['Value'] if found['Tags'] else None


def vpc_attribute(cloud, vpc, name):
    answer = cloud.client('ec2').describe_vpc_attribute(VpcId=vpc, Attribute=name)
    return answer[name[0].upper() + name[1:]]['Value']


def check_vpcs(cloud, ids, ok):
    ok(vpc_attribute(cloud, ids('aws_vpc.names'), 'enableDnsHostnames') is True, 'host names are given')
    ok(vpc_attribute(cloud, ids('aws_vpc.plain'), 'enableDnsHostnames') is False, 'and not where nobody asked')
    ok(tags(cloud, ids('aws_vpc.names'), 'Name') == 'two', 'tags are changed')
    ok(tags(cloud, ids('aws_vpc.names'), 'Old') is None, 'and taken away')


vpcs = Family(
    'vpc',
    R('aws_vpc.plain', 'cidr_block = "10.0.0.0/16"'),
    R('aws_vpc.names',
      'cidr_block = "10.1.0.0/16"\nenable_dns_support = true\nenable_dns_hostnames = false\ntags = { Name = "one", Old = "x" }',
      update('cidr_block = "10.1.0.0/16"\nenable_dns_hostnames = true\ntags = { Name = "two" }'),
      update('cidr_block = "10.1.0.0/16"\nenable_dns_hostnames = true\ntags = { Name = "two", More = "y" }')),
    R('aws_vpc.moves', 'cidr_block = "10.2.0.0/16"', replace('cidr_block = "10.3.0.0/16"'),
      replace('cidr_block = "10.3.0.0/16"\ninstance_tenancy = "dedicated"')),
    R('aws_vpc.six', 'cidr_block = "10.4.0.0/16"\nassign_generated_ipv6_cidr_block = true',
      update('cidr_block = "10.4.0.0/16"\nassign_generated_ipv6_cidr_block = false')),
    R('aws_vpc.without', 'cidr_block = "10.5.0.0/16"\nenable_dns_support = false', update('cidr_block = "10.5.0.0/16"')),
    R('aws_vpc.going', 'cidr_block = "10.6.0.0/16"', None),
    checks={1: check_vpcs},
    drift=[
        ('host names are switched off',
         lambda cloud, ids: cloud.client('ec2').modify_vpc_attribute(VpcId=ids('aws_vpc.names'), EnableDnsHostnames={'Value': False}),
         {'aws_vpc.names': 'update'}),
        ('a tag is changed and one added',
         lambda cloud, ids: cloud.client('ec2').create_tags(
             Resources=[ids('aws_vpc.names')], Tags=[{'Key': 'Name', 'Value': 'foreign'}, {'Key': 'Foreign', 'Value': 'x'}]),
         {'aws_vpc.names': 'update'}),
    ],
    gone=[('a VPC is removed', lambda cloud, ids: cloud.client('ec2').delete_vpc(VpcId=ids('aws_vpc.plain')),
           {'aws_vpc.plain': 'create'})],
)

BASE = '''
resource "aws_vpc" "base" {
  cidr_block                       = "10.0.0.0/16"
  assign_generated_ipv6_cidr_block = true
}
'''


def subnet_of(cloud, subnet):
    return cloud.client('ec2').describe_subnets(SubnetIds=[subnet])['Subnets'][0]


def check_subnets(cloud, ids, ok):
    ok(subnet_of(cloud, ids('aws_subnet.public'))['MapPublicIpOnLaunch'] is True, 'public addresses are given')
    ok(subnet_of(cloud, ids('aws_subnet.plain'))['MapPublicIpOnLaunch'] is False, 'and not where nobody asked')


def vpc_of(address):
    return f'vpc_id = {address}.id\n'


subnets = Family(
    'subnet',
    R('aws_vpc.base', 'cidr_block = "10.0.0.0/16"\nassign_generated_ipv6_cidr_block = true'),
    R('aws_subnet.plain', vpc_of('aws_vpc.base') + 'cidr_block = "10.0.1.0/24"'),
    R('aws_subnet.public', vpc_of('aws_vpc.base') + 'cidr_block = "10.0.2.0/24"\navailability_zone = "us-east-1b"',
      update(vpc_of('aws_vpc.base') + 'cidr_block = "10.0.2.0/24"\navailability_zone = "us-east-1b"\nmap_public_ip_on_launch = true'),
      replace(vpc_of('aws_vpc.base') + 'cidr_block = "10.0.2.0/24"\navailability_zone = "us-east-1c"\nmap_public_ip_on_launch = true')),
    R('aws_subnet.resized', vpc_of('aws_vpc.base') + 'cidr_block = "10.0.3.0/24"',
      replace(vpc_of('aws_vpc.base') + 'cidr_block = "10.0.4.0/25"')),
    R('aws_subnet.named', vpc_of('aws_vpc.base') + 'cidr_block = "10.0.5.0/24"\nmap_public_ip_on_launch = true\ntags = { Name = "a" }',
      update(vpc_of('aws_vpc.base') + 'cidr_block = "10.0.5.0/24"\ntags = { Name = "b" }')),
    R('aws_subnet.six', vpc_of('aws_vpc.base') + 'cidr_block = "10.0.6.0/24"\n'
      'ipv6_cidr_block = cidrsubnet(aws_vpc.base.ipv6_cidr_block, 8, 1)\nassign_ipv6_address_on_creation = true'),
    R('aws_internet_gateway.attached', vpc_of('aws_vpc.base') + 'tags = { Name = "a" }',
      update(vpc_of('aws_vpc.base') + 'tags = { Name = "b" }')),
    R('aws_internet_gateway.alone', ''),
    checks={1: check_subnets},
    drift=[('public addresses are switched off',
            lambda cloud, ids: cloud.client('ec2').modify_subnet_attribute(SubnetId=ids('aws_subnet.public'),
                                                                           MapPublicIpOnLaunch={'Value': False}),
            {'aws_subnet.public': 'update'}),
           ('the gateway is taken off',
            lambda cloud, ids: cloud.client('ec2').detach_internet_gateway(InternetGatewayId=ids('aws_internet_gateway.attached'),
                                                                           VpcId=ids('aws_vpc.base')),
            {'aws_internet_gateway.attached': 'update'})],
    gone=[('a subnet is removed', lambda cloud, ids: cloud.client('ec2').delete_subnet(SubnetId=ids('aws_subnet.plain')),
           {'aws_subnet.plain': 'create'}),
          ('a gateway is removed',
           lambda cloud, ids: cloud.client('ec2').delete_internet_gateway(InternetGatewayId=ids('aws_internet_gateway.alone')),
           {'aws_internet_gateway.alone': 'create'})],
)


def routes_of(cloud, table):
    found = cloud.client('ec2').describe_route_tables(RouteTableIds=[table])['RouteTables'][0]['Routes']
    return {r.get('DestinationCidrBlock') or r.get('DestinationIpv6CidrBlock'): r.get('GatewayId') or r.get('NatGatewayId')
            for r in found}


def check_routes(cloud, ids, ok):
    got = set(routes_of(cloud, ids('aws_route_table.inline')))
    ok(got == {'10.0.0.0/16', '0.0.0.0/0', '10.30.0.0/16'}, 'the routes written in the table are its routes', got)
    tables = cloud.client('ec2').describe_route_tables(RouteTableIds=[ids('aws_route_table.two')])['RouteTables'][0]
    ok({a.get('SubnetId') for a in tables['Associations']} >= {ids('aws_subnet.a')}, 'the association moved')


GATE = 'gateway_id = aws_internet_gateway.base.id'
routes = Family(
    'routes',
    R('aws_vpc.base', 'cidr_block = "10.0.0.0/16"'),
    R('aws_vpc.other', 'cidr_block = "10.9.0.0/16"'),
    R('aws_subnet.a', vpc_of('aws_vpc.base') + 'cidr_block = "10.0.1.0/24"'),
    R('aws_subnet.b', vpc_of('aws_vpc.base') + 'cidr_block = "10.0.2.0/24"'),
    R('aws_internet_gateway.base', vpc_of('aws_vpc.base')),
    R('aws_internet_gateway.other', vpc_of('aws_vpc.other')),
    R('aws_eip.nat', 'domain = "vpc"\ndepends_on = [aws_internet_gateway.base]'),
    R('aws_nat_gateway.base', 'allocation_id = aws_eip.nat.id\nsubnet_id = aws_subnet.a.id'),
    R('aws_route_table.inline',
      vpc_of('aws_vpc.base') + f'route {{\n cidr_block = "0.0.0.0/0"\n {GATE}\n}}\nroute {{\n cidr_block = "10.20.0.0/16"\n {GATE}\n}}',
      update(vpc_of('aws_vpc.base') + f'route {{\n cidr_block = "0.0.0.0/0"\n nat_gateway_id = aws_nat_gateway.base.id\n}}\n'
             f'route {{\n cidr_block = "10.30.0.0/16"\n {GATE}\n}}'),
      update(vpc_of('aws_vpc.base') + f'route {{\n cidr_block = "10.30.0.0/16"\n {GATE}\n}}\n'
             'route {\n cidr_block = "0.0.0.0/0"\n nat_gateway_id = aws_nat_gateway.base.id\n}\ntags = { Name = "x" }')),
    R('aws_route_table.emptied', vpc_of('aws_vpc.base') + f'route {{\n cidr_block = "10.20.0.0/16"\n {GATE}\n}}',
      update(vpc_of('aws_vpc.base') + 'route = []')),
    R('aws_route_table.one', vpc_of('aws_vpc.base')),
    R('aws_route_table.two', vpc_of('aws_vpc.base') + 'tags = { Name = "two" }'),
    R('aws_route_table.moves', vpc_of('aws_vpc.base'), replace(vpc_of('aws_vpc.other'))),
    R('aws_route.out', f'route_table_id = aws_route_table.one.id\ndestination_cidr_block = "0.0.0.0/0"\n{GATE}',
      update('route_table_id = aws_route_table.one.id\ndestination_cidr_block = "0.0.0.0/0"\nnat_gateway_id = aws_nat_gateway.base.id'),
      replace('route_table_id = aws_route_table.one.id\ndestination_cidr_block = "10.40.0.0/16"\n'
              'nat_gateway_id = aws_nat_gateway.base.id'),
      import_id=lambda ids: ids('aws_route_table.one') + '_10.40.0.0/16'),
    R('aws_route.six', f'route_table_id = aws_route_table.one.id\ndestination_ipv6_cidr_block = "::/0"\n{GATE}',
      import_id=lambda ids: ids('aws_route_table.one') + '_::/0'),
    R('aws_route_table_association.a', 'subnet_id = aws_subnet.a.id\nroute_table_id = aws_route_table.one.id',
      update('subnet_id = aws_subnet.a.id\nroute_table_id = aws_route_table.two.id'),
      import_id=lambda ids: ids('aws_subnet.a') + '/' + ids('aws_route_table.two')),
    R('aws_route_table_association.b', 'subnet_id = aws_subnet.b.id\nroute_table_id = aws_route_table.one.id', None,
      import_id=lambda ids: ids('aws_subnet.b') + '/' + ids('aws_route_table.one')),
    R('aws_main_route_table_association.base', 'vpc_id = aws_vpc.base.id\nroute_table_id = aws_route_table.one.id',
      update('vpc_id = aws_vpc.base.id\nroute_table_id = aws_route_table.two.id'), imports=False),
    checks={1: check_routes},
    drift=[('a route is added to the table that lists its own',
            lambda cloud, ids: cloud.client('ec2').create_route(RouteTableId=ids('aws_route_table.inline'),
                                                                DestinationCidrBlock='10.77.0.0/16',
                                                                GatewayId=ids('aws_internet_gateway.base')),
            {'aws_route_table.inline': 'update'}),
           ('a route leads elsewhere',
            lambda cloud, ids: cloud.client('ec2').replace_route(RouteTableId=ids('aws_route_table.one'),
                                                                 DestinationCidrBlock='10.40.0.0/16',
                                                                 GatewayId=ids('aws_internet_gateway.base')),
            {'aws_route.out': 'update'})],
    gone=[('a route is removed',
           lambda cloud, ids: cloud.client('ec2').delete_route(RouteTableId=ids('aws_route_table.one'),
                                                               DestinationCidrBlock='10.40.0.0/16'),
           {'aws_route.out': 'create'}),
          ('an association is removed',
           lambda cloud, ids: cloud.client('ec2').disassociate_route_table(AssociationId=ids('aws_route_table_association.a')),
           {'aws_route_table_association.a': 'create'})],
)


def check_addresses(cloud, ids, ok):
    address = cloud.client('ec2').describe_addresses(AllocationIds=[ids('aws_eip.moving')])['Addresses'][0]
    ok(address.get('NetworkInterfaceId') or address.get('InstanceId'), 'the address is associated', address)


addresses = Family(
    'address',
    R('aws_vpc.base', 'cidr_block = "10.0.0.0/16"'),
    R('aws_subnet.a', vpc_of('aws_vpc.base') + 'cidr_block = "10.0.1.0/24"'),
    R('aws_subnet.b', vpc_of('aws_vpc.base') + 'cidr_block = "10.0.2.0/24"'),
    R('aws_internet_gateway.base', vpc_of('aws_vpc.base')),
    R('aws_instance.a', 'ami = "ami-0a1b2c3d4e5f60001"\ninstance_type = "t3.micro"\nsubnet_id = aws_subnet.a.id'),
    R('aws_instance.b', 'ami = "ami-0a1b2c3d4e5f60001"\ninstance_type = "t3.micro"\nsubnet_id = aws_subnet.b.id'),
    R('aws_eip.plain', 'domain = "vpc"\ntags = { Name = "a" }', update('domain = "vpc"\ntags = { Name = "b" }')),
    R('aws_eip.old', 'vpc = true'),
    R('aws_eip.moving', 'domain = "vpc"\ninstance = aws_instance.a.id', update('domain = "vpc"\ninstance = aws_instance.b.id')),
    R('aws_eip.freed', 'domain = "vpc"', update('domain = "vpc"\ninstance = aws_instance.a.id')),
    R('aws_eip.nat', 'domain = "vpc"'),
    R('aws_eip.nat2', 'domain = "vpc"'),
    R('aws_nat_gateway.public', 'allocation_id = aws_eip.nat.id\nsubnet_id = aws_subnet.a.id\ntags = { Name = "a" }',
      update('allocation_id = aws_eip.nat.id\nsubnet_id = aws_subnet.a.id\ntags = { Name = "b" }'),
      replace('allocation_id = aws_eip.nat2.id\nsubnet_id = aws_subnet.b.id\ntags = { Name = "b" }')),
    R('aws_nat_gateway.private', 'connectivity_type = "private"\nsubnet_id = aws_subnet.b.id'),
    checks={0: check_addresses, 1: check_addresses},
    drift=[('a tag is removed', lambda cloud, ids: cloud.client('ec2').delete_tags(Resources=[ids('aws_eip.plain')], Tags=[{'Key': 'Name'}]),
            {'aws_eip.plain': 'update'})],
    gone=[('an address is released', lambda cloud, ids: cloud.client('ec2').release_address(AllocationId=ids('aws_eip.plain')),
           {'aws_eip.plain': 'create'}),
          ('a NAT gateway is removed',
           lambda cloud, ids: cloud.client('ec2').delete_nat_gateway(NatGatewayId=ids('aws_nat_gateway.private')),
           {'aws_nat_gateway.private': 'create'})],
)
