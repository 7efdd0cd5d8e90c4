#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Data sources against moto: found by id, by filter, by tags, by other arguments; nothing found, too much found.

What is found is held against what boto3 says. Where terraform is there, with a TF_CLI_CONFIG_FILE that leads to its AWS
provider, the same file is read by it, and every attribute of every data source must be the same."""
import json
import os
import re
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / 'tools')]
import e2e  # noqa: E402
from tap import Tap, skip_all  # noqa: E402

for module in ('moto', 'boto3'):
    try:
        __import__(module)
    except ImportError:
        skip_all(f'python3 has no {module}')
if not os.access(e2e.INFRA, os.X_OK):
    skip_all('infra is not built')
tap = Tap()

# Where what moto says lets Terraform's provider and us come to different ends: TYPE.ATTRIBUTE: why.
EXCUSED = {
    'aws_vpc.state': 'the provider never tells it; AWS does',
}


def name_tag(name, kind):
    return [{'ResourceType': kind, 'Tags': [{'Key': 'Name', 'Value': name}, {'Key': 'Set', 'Value': 'both'}]}]


def build(moto):
    """Two networks of ours beside the default one, with two subnets each; parameters."""
    ec2, ssm = moto.client('ec2'), moto.client('ssm')
    ids = {}
    for n, name in enumerate(('one', 'two')):
        vpc = ec2.create_vpc(CidrBlock=f'10.{n}.0.0/16', TagSpecifications=name_tag(name, 'vpc'))['Vpc']['VpcId']
        ids[name] = vpc
        for k, zone in enumerate('ab'):
            subnet = ec2.create_subnet(VpcId=vpc, CidrBlock=f'10.{n}.{k}.0/24', AvailabilityZone=f'us-east-1{zone}',
                                       TagSpecifications=name_tag(f'{name}-{zone}', 'subnet'))['Subnet']['SubnetId']
            ids[f'{name}-{zone}'] = subnet
    ec2.modify_vpc_attribute(VpcId=ids['one'], EnableDnsHostnames={'Value': True})
    ec2.modify_subnet_attribute(SubnetId=ids['one-a'], MapPublicIpOnLaunch={'Value': True})
    ssm.put_parameter(Name='/plain', Value='seen', Type='String', Description='d')
    ssm.put_parameter(Name='/secret', Value='hidden', Type='SecureString')
    ssm.put_parameter(Name='/list', Value='a,b', Type='StringList')
    ids['default'] = next(v['VpcId'] for v in ec2.describe_vpcs()['Vpcs'] if v['IsDefault'])
    return ids


def sources(ids):
    """Address -> (body, what some of its attributes must be)."""
    ami = 'ami-0a1b2c3d4e5f60001'
    older = 'ami-0a1b2c3d4e5f60002'
    jammy = 'name = "name"\n values = ["ubuntu/images/hvm-ssd/ubuntu-jammy-*"]'
    return {
        'aws_vpc.by_id': (f'id = "{ids["one"]}"', {'cidr_block': '10.0.0.0/16', 'enable_dns_hostnames': True, 'default': False,
                                                   'tags': {'Name': 'one', 'Set': 'both'}}),
        'aws_vpc.by_tags': ('tags = { Name = "two" }', {'id': ids['two'], 'enable_dns_hostnames': False}),
        'aws_vpc.by_cidr': ('cidr_block = "10.1.0.0/16"', {'id': ids['two']}),
        'aws_vpc.by_filter': ('filter {\n name = "tag:Name"\n values = ["one"]\n}', {'id': ids['one']}),
        'aws_vpc.default': ('default = true', {'id': ids['default'], 'default': True, 'state': 'available'}),
        'aws_vpc.by_several': ('tags = { Set = "both" }\nfilter {\n name = "cidr"\n values = ["10.0.0.0/16", "10.9.0.0/16"]\n}\n'
                               'state = "available"', {'id': ids['one']}),
        'aws_subnet.by_id': (f'id = "{ids["one-a"]}"', {'vpc_id': ids['one'], 'availability_zone': 'us-east-1a', 'cidr_block': '10.0.0.0/24',
                                                        'map_public_ip_on_launch': True}),
        'aws_subnet.by_zone': (f'vpc_id = "{ids["two"]}"\navailability_zone = "us-east-1b"', {'id': ids['two-b']}),
        'aws_subnet.by_tags': ('tags = { Name = "one-b" }', {'id': ids['one-b'], 'map_public_ip_on_launch': False}),
        'aws_subnet.by_cidr': ('cidr_block = "10.1.0.0/24"', {'id': ids['two-a']}),
        'aws_subnet.by_filter': (f'filter {{\n name = "vpc-id"\n values = ["{ids["one"]}"]\n}}\nfilter {{\n name = "availability-zone"\n '
                                 'values = ["us-east-1a"]\n}', {'id': ids['one-a']}),
        'aws_subnet.of_source': ('vpc_id = data.aws_vpc.by_tags.id\navailability_zone = data.aws_availability_zones.all.names[0]',
                                 {'id': ids['two-a']}),
        'aws_subnets.by_vpc': (f'filter {{\n name = "vpc-id"\n values = ["{ids["one"]}"]\n}}', {'ids': sorted([ids['one-a'], ids['one-b']])}),
        'aws_subnets.by_tags': ('tags = { Name = "two-*" }', {'ids': sorted([ids['two-a'], ids['two-b']])}),
        'aws_subnets.none': ('tags = { Name = "nobody" }', {'ids': []}),
        'aws_ami.newest': (f'owners = ["099720109477"]\nmost_recent = true\nfilter {{\n {jammy}\n}}', {'id': ami, 'owner_id': '099720109477',
                                                                                                       'root_device_name': '/dev/sda1'}),
        'aws_ami.by_id': (f'filter {{\n name = "image-id"\n values = ["{older}"]\n}}', {'id': older, 'architecture': 'x86_64'}),
        'aws_ami.by_regex': ('owners = ["099720109477"]\nname_regex = "-20240701$"', {'id': older}),
        'aws_availability_zones.all': ('', {'names': [f'us-east-1{z}' for z in 'abcdef']}),
        'aws_availability_zones.available': ('state = "available"\nexclude_names = ["us-east-1e"]', {'names': [f'us-east-1{z}' for z in 'abcdf']}),
        'aws_availability_zones.filtered': ('filter {\n name = "zone-name"\n values = ["us-east-1b", "us-east-1c"]\n}',
                                            {'names': ['us-east-1b', 'us-east-1c'], 'zone_ids': ['use1-az1', 'use1-az2']}),
        'aws_caller_identity.me': ('', {'account_id': '123456789012', 'id': '123456789012'}),
        'aws_partition.here': ('', {'partition': 'aws', 'dns_suffix': 'amazonaws.com', 'reverse_dns_prefix': 'com.amazonaws'}),
        'aws_region.here': ('', {'name': 'us-east-1', 'id': 'us-east-1', 'endpoint': 'ec2.us-east-1.amazonaws.com'}),
        'aws_region.other': ('name = "eu-west-1"', {'name': 'eu-west-1', 'endpoint': 'ec2.eu-west-1.amazonaws.com'}),
        'aws_ssm_parameter.plain': ('name = "/plain"', {'value': 'seen', 'insecure_value': 'seen', 'type': 'String', 'version': 1,
                                                        'arn': 'arn:aws:ssm:us-east-1:123456789012:parameter/plain'}),
        'aws_ssm_parameter.secret': ('name = "/secret"', {'value': 'hidden', 'type': 'SecureString'}),
        'aws_ssm_parameter.sealed': ('name = "/secret"\nwith_decryption = false', {'value': 'kms:alias/aws/ssm:hidden'}),
        'aws_ssm_parameter.list': ('name = "/list"', {'value': 'a,b', 'type': 'StringList'}),
        'aws_iam_policy_document.trust': ('statement {\n actions = ["sts:AssumeRole"]\n principals {\n type = "Service"\n '
                                          'identifiers = ["ec2.amazonaws.com"]\n }\n}',
                                          {'minified_json': '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",'
                                                            '"Principal":{"Service":"ec2.amazonaws.com"}}]}'}),
    }


def text(blocks):
    out = ''.join(f'data "{a.split(".")[0]}" "{a.split(".")[1]}" {{\n{body}\n}}\n' for a, body in blocks.items())
    return out


def with_outputs(blocks):
    return text(blocks) + ''.join(f'output "{a.replace(".", "__")}" {{\n value = jsonencode(data.{a})\n sensitive = true\n}}\n' for a in blocks)


REFUSED = {
    # body: what the message must say
    'aws_vpc.none': ('id = "vpc-00000000"', 'Nothing found'),
    'aws_vpc.no_tag': ('tags = { Name = "nobody" }', 'nothing was found'),
    'aws_vpc.several': ('tags = { Set = "both" }', '2 objects were found where one is wanted'),
    'aws_vpc.all': ('', '3 objects were found where one is wanted'),
    'aws_subnet.none': ('id = "subnet-00000000"', 'Nothing found'),
    'aws_subnet.several': ('tags = { Set = "both" }', '4 objects were found where one is wanted'),
    'aws_ami.none': ('owners = ["099720109477"]\nmost_recent = true\nname_regex = "^nothing$"', 'nothing was found'),
    'aws_ami.several': ('owners = ["099720109477"]\nname_regex = "jammy"', '2 objects were found where one is wanted'),
    'aws_ssm_parameter.none': ('name = "/nobody"', 'Nothing found'),
}


def outputs(done):
    return {a.replace('__', '.'): json.loads(o['value']) for a, o in json.loads(done.out).items()}


def same(one, other):
    """Sets have no order, and null, "" and empty ones mean the same in what providers say."""
    if isinstance(one, list) and isinstance(other, list):
        one, other = sorted(one, key=json.dumps), sorted(other, key=json.dumps)
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return all(same(one.get(k), other.get(k)) for k in {*one, *other})
    return one == other or (not one and not other and not (isinstance(one, bool) and isinstance(other, bool)))


def against_terraform(folder, env, ours):
    program, config, why = e2e.terraform()
    if why:
        tap.skip('the attributes are those that Terraform finds', why)
        return
    env = {**env, 'TF_CLI_CONFIG_FILE': config, 'TF_IN_AUTOMATION': '1'}
    (folder / 'provider.tf').write_text('terraform {\n  required_providers {\n    aws = {\n      source = "hashicorp/aws"\n    }\n  }\n}\n')
    if e2e.run([program, 'init', '-input=false'], env, folder, timeout=300).code:
        tap.skip('the attributes are those that Terraform finds', 'terraform finds no AWS provider')
        return
    done = e2e.run([program, 'apply', '-auto-approve', '-input=false'], env, folder, timeout=300)
    if not tap.ok(done.code == 0, 'terraform reads all', done):
        return
    theirs = outputs(e2e.run([program, 'output', '-json'], env, folder))
    for address in sorted(theirs):
        kind = address.split('.')[0]
        wrong = {k: (ours[address].get(k), v) for k, v in theirs[address].items() if not same(ours[address].get(k), v)
                 and f'{kind}.{k}' not in EXCUSED}
        wrong.update({k: (v, 'absent') for k, v in ours[address].items() if k not in theirs[address]})
        tap.ok(not wrong, f'{address}: the attributes are those that Terraform finds', wrong)


with e2e.Moto() as moto, tempfile.TemporaryDirectory() as scratch:
    folder = Path(scratch, 'project')
    folder.mkdir()
    env = e2e.environment(moto.endpoint, HOME=scratch, XDG_CONFIG_HOME=scratch)
    ids = build(moto)
    cases = sources(ids)
    (folder / 'main.tf').write_text(with_outputs({a: body for a, (body, _) in cases.items()}))
    done = e2e.run([e2e.INFRA, 'apply', '-auto-approve', '-input=false'], env, folder)
    tap.ok(done.code == 0, 'all are read', done)
    shown = e2e.run([e2e.INFRA, 'output', '-json'], env, folder)
    ours = outputs(shown) if shown.code == 0 else {}
    for address, (_, wanted) in cases.items():
        got = ours.get(address, {})
        wrong = {k: (got.get(k), v) for k, v in wanted.items()
                 if (sorted(got.get(k) or []) if k == 'ids' else got.get(k)) != v}
        tap.ok(got and not wrong, f'{address} is found', wrong)
    done = e2e.run([e2e.INFRA, 'plan', '-detailed-exitcode', '-input=false'], env, folder)
    tap.ok(done.code == 0, 'they are found again the same', done)
    against_terraform(folder, env, ours)
    if (folder / 'provider.tf').exists():
        (folder / 'provider.tf').unlink()

    (folder / 'main.tf').write_text(text({a: body for a, (body, _) in REFUSED.items()}))
    done = e2e.run([e2e.INFRA, 'plan', '-input=false'], env, folder)
    parts = re.split(r'\n(?=Error: )', done.err)
    for address, (_, sentence) in REFUSED.items():
        mine = [' '.join(p.split()) for p in parts if f'data.{address}' in p]
        tap.ok(done.code == 1 and any(sentence in p for p in mine), f'{address}: {sentence}', mine, done)
    tap.same(len([p for p in parts if p.startswith('Error: ')]), len(REFUSED), 'each is told once')

    # An object that comes: data sources wait for it.
    (folder / 'main.tf').write_text('resource "aws_vpc" "new" {\n  cidr_block = "10.7.0.0/16"\n}\n'
                                    'data "aws_vpc" "new" {\n  id = aws_vpc.new.id\n}\n'
                                    'output "found" {\n  value = data.aws_vpc.new.cidr_block\n}\n')
    done = e2e.run([e2e.INFRA, 'plan', '-input=false'], env, folder)
    tap.ok(done.code == 0 and 'data.aws_vpc.new' in done.out and '(known after apply)' in done.out, 'what is not yet there is read later', done)
    done = e2e.run([e2e.INFRA, 'apply', '-auto-approve', '-input=false'], env, folder)
    tap.ok(done.code == 0 and 'found = "10.7.0.0/16"' in done.out, 'and found when it is there', done)
    e2e.run([e2e.INFRA, 'destroy', '-auto-approve'], env, folder)
tap.done()
