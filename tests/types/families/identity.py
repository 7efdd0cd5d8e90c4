# SPDX-License-Identifier: Apache-2.0
"""Roles, policies, profiles and keys."""
import json

from stages import HERE, R, Family, replace, same, update


def trust(service):
    return ('jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", '
            f'Principal = {{ Service = "{service}.amazonaws.com" }} }}] }})')


def policy(action, resource='*'):
    return ('jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", '
            f'Action = "{action}", Resource = "{resource}" }}] }})')


def body(**arguments):
    return '\n'.join(f'{k} = {v}' for k, v in arguments.items())


EC2 = dict(assume_role_policy=trust('ec2'))
READ_ONLY = '"arn:aws:iam::aws:policy/ReadOnlyAccess"'
POWER = '"arn:aws:iam::aws:policy/PowerUserAccess"'


def check_roles(cloud, ids, ok):
    iam = cloud.client('iam')
    role = iam.get_role(RoleName=ids('aws_iam_role.changing'))['Role']
    ok(role['Description'] == 'two' and role['MaxSessionDuration'] == 7200, 'the description is changed', role)
    ok('lambda' in json.dumps(role['AssumeRolePolicyDocument']), 'the trust is changed', role)
    names = iam.list_role_policies(RoleName=ids('aws_iam_role.inline'))['PolicyNames']
    ok(sorted(names) == ['b', 'c'], 'the inline policies are those written', names)
    held = [p['PolicyArn'] for p in iam.list_attached_role_policies(RoleName=ids('aws_iam_role.managed'))['AttachedPolicies']]
    ok(held == [POWER.strip('"')], 'the managed policies are those written', held)


roles = Family(
    'iam_role',
    R('aws_iam_role.plain', body(**EC2)),
    R('aws_iam_role.renamed', body(**EC2, name='"one"'), replace(body(**EC2, name='"two"'))),
    R('aws_iam_role.prefixed', body(**EC2, name_prefix='"host-"', path='"/machines/"')),
    R('aws_iam_role.changing', body(**EC2, name='"changing"', description='"one"', tags='{ A = "1" }'),
      update(body(assume_role_policy=trust('lambda'), name='"changing"', description='"two"', max_session_duration='7200', tags='{ B = "2" }'))),
    R('aws_iam_role.bounded', body(**EC2, name='"bounded"', permissions_boundary=READ_ONLY),
      update(body(**EC2, name='"bounded"', permissions_boundary=POWER)), update(body(**EC2, name='"bounded"'))),
    R('aws_iam_role.written', 'name = "written"\nassume_role_policy = <<-EOT\n{\n  "Version": "2012-10-17",\n  "Statement": {\n    "Action": ["sts:AssumeRole"],\n'
      '    "Effect": "Allow",\n    "Principal": { "Service": ["ec2.amazonaws.com"] }\n  }\n}\nEOT',
      same(body(**EC2, name='"written"'))),
    R('aws_iam_role.inline', body(**EC2, name='"inline"') + f'\ninline_policy {{\n name = "a"\n policy = {policy("s3:GetObject")}\n}}\n'
      f'inline_policy {{\n name = "b"\n policy = {policy("s3:GetObject")}\n}}',
      update(body(**EC2, name='"inline"') + f'\ninline_policy {{\n name = "b"\n policy = {policy("s3:PutObject")}\n}}\n'
             f'inline_policy {{\n name = "c"\n policy = {policy("s3:GetObject")}\n}}')),
    R('aws_iam_role.managed', body(**EC2, name='"managed"', managed_policy_arns=f'[{READ_ONLY}]'),
      update(body(**EC2, name='"managed"', managed_policy_arns=f'[{POWER}]'))),
    R('aws_iam_role.going', body(**EC2, name='"going"', force_detach_policies='true'), None),
    checks={1: check_roles},
    drift=[('a policy is attached to a role that lists its own',
            lambda cloud, ids: cloud.client('iam').attach_role_policy(RoleName='managed', PolicyArn=READ_ONLY.strip('"')),
            {'aws_iam_role.managed': 'update'}),
           ('the description is changed', lambda cloud, ids: cloud.client('iam').update_role(RoleName='changing', Description='x'),
            {'aws_iam_role.changing': 'update'}),
           ('a tag is added', lambda cloud, ids: cloud.client('iam').tag_role(RoleName='changing', Tags=[{'Key': 'F', 'Value': 'x'}]),
            {'aws_iam_role.changing': 'update'})],
    gone=[('a role is removed', lambda cloud, ids: cloud.client('iam').delete_role(RoleName=ids('aws_iam_role.plain')),
           {'aws_iam_role.plain': 'create'})],
)


def check_policies(cloud, ids, ok):
    iam = cloud.client('iam')
    versions = iam.list_policy_versions(PolicyArn=ids('aws_iam_policy.many'))['Versions']
    ok(len(versions) <= 5, 'a policy has five versions at most', versions)


policies = Family(
    'iam_policy',
    R('aws_iam_role.base', body(**EC2, name='"base"')),
    R('aws_iam_role.other', body(**EC2, name='"other"')),
    R('aws_iam_policy.plain', body(policy=policy('s3:GetObject'))),
    R('aws_iam_policy.many', body(name='"many"', policy=policy('a:A'), description='"d"', path='"/p/"'),
      *[update(body(name='"many"', policy=policy(f'a:{n}'), description='"d"', path='"/p/"')) for n in 'BCDEFG']),
    R('aws_iam_policy.tagged', body(name='"tagged"', policy=policy('a:A'), tags='{ A = "1" }'),
      update(body(name='"tagged"', policy=policy('a:A'), tags='{ B = "2" }')),
      replace(body(name='"tagged2"', policy=policy('a:A'), tags='{ B = "2" }'))),
    R('aws_iam_policy.same', body(name='"same"', policy='"{\\"Version\\":\\"2012-10-17\\",\\"Statement\\":{\\"Effect\\":\\"Allow\\",\\"Action\\":[\\"a:A\\"],\\"Resource\\":\\"*\\"}}"'),
      same(body(name='"same"', policy=policy('a:A')))),
    R('aws_iam_role_policy.named', body(role='aws_iam_role.base.name', name='"stop"', policy=policy('ec2:StopInstances')),
      update(body(role='aws_iam_role.base.name', name='"stop"', policy=policy('ec2:StartInstances'))),
      replace(body(role='aws_iam_role.other.name', name='"stop"', policy=policy('ec2:StartInstances')))),
    R('aws_iam_role_policy.prefixed', body(role='aws_iam_role.base.id', name_prefix='"p-"', policy=policy('ec2:StopInstances'))),
    R('aws_iam_role_policy_attachment.read', body(role='aws_iam_role.base.name', policy_arn=READ_ONLY),
      replace(body(role='aws_iam_role.base.name', policy_arn=POWER)),
      import_id=lambda ids: 'base/' + POWER.strip('"')),
    R('aws_iam_role_policy_attachment.own', body(role='aws_iam_role.base.name', policy_arn='aws_iam_policy.plain.arn'),
      import_id=lambda ids: 'base/' + ids('aws_iam_policy.plain')),
    R('aws_iam_instance_profile.host', body(name='"host"', role='aws_iam_role.base.name', tags='{ A = "1" }'),
      update(body(name='"host"', role='aws_iam_role.other.name', tags='{ A = "2" }'))),
    R('aws_iam_instance_profile.plain', body(role='aws_iam_role.base.name')),
    R('aws_iam_instance_profile.empty', body(name_prefix='"e-"', path='"/x/"')),
    checks={6: check_policies},
    drift=[('an inline policy is changed',
            lambda cloud, ids: cloud.client('iam').put_role_policy(
                RoleName='other', PolicyName='stop',
                PolicyDocument='{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}'),
            {'aws_iam_role_policy.named': 'update'}),
           ('the role is taken out of its profile',
            lambda cloud, ids: cloud.client('iam').remove_role_from_instance_profile(InstanceProfileName='host', RoleName='other'),
            {'aws_iam_instance_profile.host': 'update'})],
    gone=[('a policy is detached',
           lambda cloud, ids: cloud.client('iam').detach_role_policy(RoleName='base', PolicyArn=POWER.strip('"')),
           {'aws_iam_role_policy_attachment.read': 'create'}),
          ('an inline policy is removed', lambda cloud, ids: cloud.client('iam').delete_role_policy(RoleName='other', PolicyName='stop'),
           {'aws_iam_role_policy.named': 'create'}),
          ('a profile is removed',
           lambda cloud, ids: cloud.client('iam').delete_instance_profile(InstanceProfileName=ids('aws_iam_instance_profile.empty')),
           {'aws_iam_instance_profile.empty': 'create'})],
)

KEYS = [json.dumps((HERE.parent / 'e2e' / name).read_text(encoding='utf-8').strip()) for name in ('test_key.pub', 'test_key_2.pub')]
keys = Family(
    'key_pair',
    R('aws_key_pair.named', body(key_name='"one"', public_key=KEYS[0], tags='{ A = "1" }'),
      update(body(key_name='"one"', public_key=KEYS[0], tags='{ A = "2" }')),
      replace(body(key_name='"one"', public_key=KEYS[1], tags='{ A = "2" }'))),
    R('aws_key_pair.prefixed', body(key_name_prefix='"host-"', public_key=KEYS[0])),
    R('aws_key_pair.made', body(public_key=KEYS[1]), None),
    gone=[('a key is removed', lambda cloud, ids: cloud.client('ec2').delete_key_pair(KeyName='one'), {'aws_key_pair.named': 'create'})],
    excused={'import aws_key_pair.named': 'AWS does not tell the key itself: an import cannot know it; as with Terraform',
             'import aws_key_pair.prefixed': 'AWS does not tell the key itself: an import cannot know it; as with Terraform'},
)
