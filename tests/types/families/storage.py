# SPDX-License-Identifier: Apache-2.0
"""Volumes, file systems, parameters."""
from stages import R, Family, replace, same, update


def body(**arguments):
    return '\n'.join(f'{k} = {v}' for k, v in arguments.items())


ZONE = dict(availability_zone='"us-east-1a"')
HOST = 'ami = "ami-0a1b2c3d4e5f60001"\ninstance_type = "t3.micro"\navailability_zone = "us-east-1a"'


def check_volumes(cloud, ids, ok):
    got = cloud.client('ec2').describe_volumes(VolumeIds=[ids('aws_ebs_volume.grown')])['Volumes'][0]
    ok(got['Size'] == 16 and got['VolumeType'] == 'gp3', 'the volume has grown', got)


volumes = Family(
    'ebs_volume',
    R('aws_instance.host', HOST),
    R('aws_ebs_volume.plain', body(**ZONE, size=8)),
    R('aws_ebs_volume.grown', body(**ZONE, size=8, type='"gp2"'), update(body(**ZONE, size=16, type='"gp3"'))),
    R('aws_ebs_volume.fast', body(**ZONE, size=8, type='"gp3"', iops=3000), update(body(**ZONE, size=8, type='"gp3"', iops=4000))),
    R('aws_ebs_volume.moved', body(**ZONE, size=8), replace(body(availability_zone='"us-east-1b"', size=8))),
    R('aws_ebs_volume.sealed', body(**ZONE, size=8, encrypted='true', tags='{ A = "1" }'),
      update(body(**ZONE, size=8, encrypted='true', tags='{ A = "2" }'))),
    R('aws_volume_attachment.data', body(device_name='"/dev/sdf"', volume_id='aws_ebs_volume.plain.id', instance_id='aws_instance.host.id'),
      replace(body(device_name='"/dev/sdg"', volume_id='aws_ebs_volume.plain.id', instance_id='aws_instance.host.id')),
      import_id=lambda ids: f'/dev/sdg:{ids("aws_ebs_volume.plain")}:{ids("aws_instance.host")}'),
    R('aws_volume_attachment.forced', body(device_name='"/dev/sdh"', volume_id='aws_ebs_volume.fast.id', instance_id='aws_instance.host.id',
                                           force_detach='true'), None),
    checks={1: check_volumes},
    drift=[('a tag is changed', lambda cloud, ids: cloud.client('ec2').create_tags(
                Resources=[ids('aws_ebs_volume.sealed')], Tags=[{'Key': 'A', 'Value': 'x'}]), {'aws_ebs_volume.sealed': 'update'})],
    gone=[('a volume is detached', lambda cloud, ids: cloud.client('ec2').detach_volume(
               VolumeId=ids('aws_ebs_volume.plain'), InstanceId=ids('aws_instance.host')),
           {'aws_volume_attachment.data': 'create'}),
          ('a volume is removed', lambda cloud, ids: cloud.client('ec2').delete_volume(VolumeId=ids('aws_ebs_volume.grown')),
           {'aws_ebs_volume.grown': 'create'})],
)


def check_parameters(cloud, ids, ok):
    ssm = cloud.client('ssm')
    got = ssm.get_parameters(Names=['/t/plain', '/t/secret', '/t/written'], WithDecryption=True)['Parameters']
    got = {p['Name']: (p['Type'], p['Value']) for p in got}
    ok(got == {'/t/plain': ('String', 'two'), '/t/secret': ('SecureString', 'hidden2'), '/t/written': ('SecureString', 'once2')},
       'the values are those written', got)


parameters = Family(
    'ssm_parameter',
    R('aws_ssm_parameter.plain', body(name='"/t/plain"', type='"String"', value='"one"', tags='{ A = "1" }'),
      update(body(name='"/t/plain"', type='"String"', value='"two"', tags='{ A = "2" }')),
      update(body(name='"/t/plain"', type='"String"', value='"two"', description='"about it"', tags='{ A = "2" }'))),
    R('aws_ssm_parameter.secret', body(name='"/t/secret"', type='"SecureString"', value='"hidden"'),
      update(body(name='"/t/secret"', type='"SecureString"', value='"hidden2"'))),
    R('aws_ssm_parameter.list', body(name='"/t/list"', type='"StringList"', value='"a,b"', description='"d"'),
      replace(body(name='"/t/list2"', type='"StringList"', value='"a,b"', description='"d"'))),
    R('aws_ssm_parameter.open', body(name='"/t/open"', type='"String"', insecure_value='"seen"'),
      update(body(name='"/t/open"', type='"String"', insecure_value='"seen too"')), imports=False),  # which of the two is not AWS's to tell
    R('aws_ssm_parameter.written', body(name='"/t/written"', type='"SecureString"', value_wo='"once"', value_wo_version=1),
      update(body(name='"/t/written"', type='"SecureString"', value_wo='"once2"', value_wo_version=2)), imports=False),
    R('aws_ssm_parameter.over', body(name='"/t/over"', type='"String"', value='"x"', overwrite='true', tags='{ A = "1" }'), imports=False),
    checks={1: check_parameters},
    drift=[('a value is changed', lambda cloud, ids: cloud.client('ssm').put_parameter(Name='/t/plain', Value='x', Overwrite=True),
            {'aws_ssm_parameter.plain': 'update'})],
    gone=[('a parameter is removed', lambda cloud, ids: cloud.client('ssm').delete_parameter(Name='/t/open'),
           {'aws_ssm_parameter.open': 'create'})],
)


def check_systems(cloud, ids, ok):
    efs = cloud.client('efs')
    policies = efs.describe_lifecycle_configuration(FileSystemId=ids('aws_efs_file_system.cold'))['LifecyclePolicies']
    ok({tuple(p.values()) for p in policies} == {('AFTER_60_DAYS',)}, 'the life cycle is changed', policies)
    target = efs.describe_mount_target_security_groups(MountTargetId=ids('aws_efs_mount_target.a'))['SecurityGroups']
    ok(target == [ids('aws_security_group.b')], 'the groups of the mount target are changed', target)


systems = Family(
    'efs',
    R('aws_vpc.base', 'cidr_block = "10.0.0.0/16"'),
    R('aws_subnet.a', 'vpc_id = aws_vpc.base.id\ncidr_block = "10.0.1.0/24"\navailability_zone = "us-east-1a"'),
    R('aws_subnet.b', 'vpc_id = aws_vpc.base.id\ncidr_block = "10.0.2.0/24"\navailability_zone = "us-east-1b"'),
    R('aws_security_group.a', 'vpc_id = aws_vpc.base.id'),
    R('aws_security_group.b', 'vpc_id = aws_vpc.base.id'),
    R('aws_efs_file_system.plain', ''),
    R('aws_efs_file_system.named', body(creation_token='"one"', encrypted='true', tags='{ Name = "a" }'),
      update(body(creation_token='"one"', encrypted='true', tags='{ Name = "b" }')),
      replace(body(creation_token='"two"', encrypted='true', tags='{ Name = "b" }'))),
    R('aws_efs_file_system.cold', 'lifecycle_policy {\n transition_to_ia = "AFTER_30_DAYS"\n}\nlifecycle_policy {\n'
      ' transition_to_primary_storage_class = "AFTER_1_ACCESS"\n}',
      update('lifecycle_policy {\n transition_to_ia = "AFTER_60_DAYS"\n}')),
    R('aws_efs_file_system.fast', body(performance_mode='"maxIO"', throughput_mode='"provisioned"', provisioned_throughput_in_mibps=100)),
    R('aws_efs_mount_target.a', body(file_system_id='aws_efs_file_system.plain.id', subnet_id='aws_subnet.a.id',
                                     security_groups='[aws_security_group.a.id]'),
      update(body(file_system_id='aws_efs_file_system.plain.id', subnet_id='aws_subnet.a.id', security_groups='[aws_security_group.b.id]'))),
    R('aws_efs_mount_target.b', body(file_system_id='aws_efs_file_system.plain.id', subnet_id='aws_subnet.b.id')),
    checks={1: check_systems},
    drift=[('the life cycle is changed', lambda cloud, ids: cloud.client('efs').put_lifecycle_configuration(
                FileSystemId=ids('aws_efs_file_system.cold'), LifecyclePolicies=[]), {'aws_efs_file_system.cold': 'update'})],
    gone=[('a mount target is removed', lambda cloud, ids: cloud.client('efs').delete_mount_target(MountTargetId=ids('aws_efs_mount_target.b')),
           {'aws_efs_mount_target.b': 'create'}),
          ('a file system is removed', lambda cloud, ids: cloud.client('efs').delete_file_system(FileSystemId=ids('aws_efs_file_system.fast')),
           {'aws_efs_file_system.fast': 'create'})],
)
