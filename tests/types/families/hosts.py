# SPDX-License-Identifier: Apache-2.0
"""Instances."""
import base64
import time

from stages import R, Family, replace, update


def body(**arguments):
    return '\n'.join(f'{k} = {v}' for k, v in arguments.items())


def block(kind, **arguments):
    return f'\n{kind} {{\n{body(**arguments)}\n}}\n'


SMALL = dict(ami='"ami-0a1b2c3d4e5f60001"', instance_type='"t3.micro"')
IN_A = dict(**SMALL, subnet_id='aws_subnet.a.id')


def instance(cloud, one):
    return cloud.client('ec2').describe_instances(InstanceIds=[one])['Reservations'][0]['Instances'][0]


def change_type(cloud, one, kind):
    """As it has to be done: that of a running instance cannot be changed (in moto it can)."""
    ec2 = cloud.client('ec2')
    ec2.stop_instances(InstanceIds=[one])
    time.sleep(cloud.settles)
    ec2.modify_instance_attribute(InstanceId=one, InstanceType={'Value': kind})
    ec2.start_instances(InstanceIds=[one])


def attribute(cloud, one, name):
    answer = cloud.client('ec2').describe_instance_attribute(InstanceId=one, Attribute=name)
    return answer[name[0].upper() + name[1:]].get('Value')


def check_hosts(cloud, ids, ok):
    got = instance(cloud, ids('aws_instance.typed'))
    ok(got['InstanceType'] == 't3.small' and got['State']['Name'] == 'running', 'another type, and running again', got)
    ok(attribute(cloud, ids('aws_instance.guarded'), 'disableApiTermination') is False, 'the guard is off')
    got = instance(cloud, ids('aws_instance.grouped'))
    ok([g['GroupId'] for g in got['SecurityGroups']] == [ids('aws_security_group.b')], 'its groups are changed', got['SecurityGroups'])
    got = instance(cloud, ids('aws_instance.profiled'))
    ok(got.get('IamInstanceProfile', {}).get('Arn', '').endswith('/two'), 'its profile is changed', got.get('IamInstanceProfile'))
    got = instance(cloud, ids('aws_instance.several'))
    ok((got['InstanceType'], got['State']['Name'], got['Monitoring']['State'], len(got['SecurityGroups'])) == ('t3.large', 'running', 'enabled', 2),
       'several changes at once, and running again', got)
    ok({t['Key']: t['Value'] for t in got['Tags']} == {'A': '2', 'B': '1'}, 'its tags are changed', got['Tags'])
    got = attribute(cloud, ids('aws_instance.scripted'), 'userData')
    ok(base64.b64decode(got) == b'#!/bin/sh\necho two\n', 'its user data is changed', got)
    got = instance(cloud, ids('aws_instance.metadata'))['MetadataOptions']
    ok((got['HttpTokens'], got['HttpPutResponseHopLimit'], got['HttpEndpoint']) == ('optional', 2, 'enabled'), 'its metadata options are changed', got)
    ok(attribute(cloud, ids('aws_instance.router'), 'sourceDestCheck') is True, 'it checks addresses again')
    ok(attribute(cloud, ids('aws_instance.stops'), 'instanceInitiatedShutdownBehavior') == 'terminate', 'what it does on shutdown is changed')
    got = cloud.client('ec2').describe_instance_credit_specifications(InstanceIds=[ids('aws_instance.credits')])
    ok(got['InstanceCreditSpecifications'][0]['CpuCredits'] == 'standard', 'its credits are changed', got)
    got = volume(cloud, ids('aws_instance.rooted'))
    ok((got['Size'], got['VolumeType'], got['Iops']) == (30, 'gp3', 3000), 'its root volume is changed', got)
    got = volume(cloud, ids('aws_instance.tagged'))
    ok({t['Key'] for t in got['Tags']} == {'B'}, "its volumes' tags are changed", got)


def check_third(cloud, ids, ok):
    got = volume(cloud, ids('aws_instance.rooted'))
    ok((got['Iops'], got['Throughput'], got['Tags']) == (4000, 200, [{'Key': 'Name', 'Value': 'root'}]), 'its root volume is changed again', got)
    got = instance(cloud, ids('aws_instance.rooted'))['BlockDeviceMappings'][0]
    ok(got['Ebs']['DeleteOnTermination'] is True, 'its root volume goes with it', got)
    got = attribute(cloud, ids('aws_instance.scripted'), 'userData')
    ok(base64.b64decode(got) == b'#!/bin/sh\necho three\n', 'another host has the third user data', got)


def volume(cloud, one):
    root = instance(cloud, one)['BlockDeviceMappings'][0]['Ebs']['VolumeId']
    return cloud.client('ec2').describe_volumes(VolumeIds=[root])['Volumes'][0]


SPOT = """
instance_market_options {
  market_type = "spot"
  spot_options {
    max_price                      = %s
    spot_instance_type             = "one-time"
    instance_interruption_behavior = "terminate"
  }
}
"""
TRUST = ('jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", '
         'Principal = { Service = "ec2.amazonaws.com" } }] })')

hosts = Family(
    'instance',
    R('aws_vpc.base', 'cidr_block = "10.0.0.0/16"'),
    R('aws_subnet.a', 'vpc_id = aws_vpc.base.id\ncidr_block = "10.0.1.0/24"\navailability_zone = "us-east-1a"'),
    R('aws_security_group.a', 'vpc_id = aws_vpc.base.id'),
    R('aws_security_group.b', 'vpc_id = aws_vpc.base.id'),
    R('aws_iam_role.host', f'name = "host"\nassume_role_policy = {TRUST}'),
    R('aws_iam_instance_profile.one', 'name = "one"\nrole = aws_iam_role.host.name'),
    R('aws_iam_instance_profile.two', 'name = "two"\nrole = aws_iam_role.host.name'),
    R('aws_instance.plain', body(**SMALL, tags='{ Name = "a" }'), update(body(**SMALL, tags='{ Name = "b" }'))),
    R('aws_instance.typed', body(**IN_A), update(body(ami='"ami-0a1b2c3d4e5f60001"', instance_type='"t3.small"', subnet_id='aws_subnet.a.id'))),
    R('aws_instance.imaged', body(**IN_A), replace(body(ami='"ami-0a1b2c3d4e5f60002"', instance_type='"t3.micro"', subnet_id='aws_subnet.a.id'))),
    R('aws_instance.scripted', body(**IN_A, user_data='"#!/bin/sh\\necho one\\n"'),
      update(body(**IN_A, user_data='"#!/bin/sh\\necho two\\n"')),
      replace(body(**IN_A, user_data='"#!/bin/sh\\necho three\\n"', user_data_replace_on_change='true')),
      imports=False),  # that a change replaces is not AWS's to tell
    R('aws_instance.coded', body(**IN_A, user_data_base64='base64encode("#!/bin/sh\\n")'),
      update(body(**IN_A, user_data_base64='base64encode("#!/bin/bash\\n")'))),
    R('aws_instance.guarded', body(**IN_A, disable_api_termination='true', monitoring='true'),
      update(body(**IN_A, disable_api_termination='false', monitoring='false'))),
    R('aws_instance.grouped', body(**IN_A, vpc_security_group_ids='[aws_security_group.a.id]'),
      update(body(**IN_A, vpc_security_group_ids='[aws_security_group.b.id]'))),
    R('aws_instance.profiled', body(**IN_A, iam_instance_profile='aws_iam_instance_profile.one.name'),
      update(body(**IN_A, iam_instance_profile='aws_iam_instance_profile.two.name'))),
    R('aws_instance.router', body(**IN_A, source_dest_check='false'), update(body(**IN_A))),
    R('aws_instance.public', body(**IN_A, associate_public_ip_address='true', private_ip='"10.0.1.20"')),
    R('aws_instance.rooted', body(**IN_A) + block('root_block_device', volume_size=20, volume_type='"gp2"', delete_on_termination='false', encrypted='true'),
      update(body(**IN_A) + block('root_block_device', volume_size=30, volume_type='"gp3"', iops=3000, delete_on_termination='false', encrypted='true')),
      update(body(**IN_A) + block('root_block_device', volume_size=30, volume_type='"gp3"', iops=4000, throughput=200, delete_on_termination='true',
                                  encrypted='true', tags='{ Name = "root" }')),
      replace(body(**IN_A) + block('root_block_device', volume_size=30, volume_type='"gp3"', encrypted='false'))),
    R('aws_instance.disks', body(**IN_A) + block('ebs_block_device', device_name='"/dev/sdf"', volume_size=8, volume_type='"gp3"', tags='{ A = "1" }') +
      block('ebs_block_device', device_name='"/dev/sdg"', volume_size=9)),
    R('aws_instance.tagged', body(**IN_A, volume_tags='{ A = "1" }'), update(body(**IN_A, volume_tags='{ B = "2" }')),
      imports=False),  # whether the volumes' tags are the instance's business is not AWS's to tell
    R('aws_instance.metadata', body(**IN_A) + block('metadata_options', http_tokens='"required"', http_put_response_hop_limit=2),
      update(body(**IN_A) + block('metadata_options', http_tokens='"optional"', http_put_response_hop_limit=2))),
    R('aws_instance.credits', body(**IN_A) + block('credit_specification', cpu_credits='"unlimited"'),
      update(body(**IN_A) + block('credit_specification', cpu_credits='"standard"'))),
    R('aws_instance.spot', body(**IN_A) + SPOT % '"0.01"', replace(body(**IN_A) + SPOT % '"0.02"')),
    R('aws_instance.all', body(**IN_A, monitoring='true', disable_api_stop='true', tags='{ A = "1" }')),
    R('aws_instance.several', body(**IN_A, vpc_security_group_ids='[aws_security_group.a.id]', monitoring='false', tags='{ A = "1" }'),
      update(body(ami='"ami-0a1b2c3d4e5f60001"', instance_type='"t3.large"', subnet_id='aws_subnet.a.id', monitoring='true',
                  vpc_security_group_ids='[aws_security_group.a.id, aws_security_group.b.id]', user_data='"x"',
                  tags='{ A = "2", B = "1" }')),
      update(body(ami='"ami-0a1b2c3d4e5f60001"', instance_type='"t3.large"', subnet_id='aws_subnet.a.id', monitoring='true',
                  vpc_security_group_ids='[aws_security_group.b.id]', user_data='"x"', tags='{ B = "1" }')),
      replace(body(ami='"ami-0a1b2c3d4e5f60002"', instance_type='"t3.large"', subnet_id='aws_subnet.a.id',
                   vpc_security_group_ids='[aws_security_group.b.id]'))),
    R('aws_instance.stops', body(**IN_A, instance_initiated_shutdown_behavior='"stop"'),
      update(body(**IN_A, instance_initiated_shutdown_behavior='"terminate"'))),
    R('aws_instance.going', body(**IN_A, disable_api_termination='false'), None),
    checks={1: check_hosts, 2: check_third},
    drift=[('groups are changed',
            lambda cloud, ids: cloud.client('ec2').modify_instance_attribute(InstanceId=ids('aws_instance.grouped'),
                                                                             Groups=[ids('aws_security_group.a')]),
            {'aws_instance.grouped': 'update'}),
           ('a type is changed', lambda cloud, ids: change_type(cloud, ids('aws_instance.typed'), 't3.nano'), {'aws_instance.typed': 'update'}),
           ('monitoring is switched off', lambda cloud, ids: cloud.client('ec2').unmonitor_instances(InstanceIds=[ids('aws_instance.all')]),
            {'aws_instance.all': 'update'}),
           ('a tag is taken away', lambda cloud, ids: cloud.client('ec2').delete_tags(
               Resources=[ids('aws_instance.all')], Tags=[{'Key': 'A'}]), {'aws_instance.all': 'update'})],
    gone=[('an instance is terminated', lambda cloud, ids: cloud.client('ec2').terminate_instances(InstanceIds=[ids('aws_instance.stops')]),
           {'aws_instance.stops': 'create'})],
)
