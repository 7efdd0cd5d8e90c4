#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Real calls, of every protocol, against moto: a server whose wire is not ours."""
import json, os, subprocess, sys, time
here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [here, os.path.join(here, '../tools')]
from wirelib import Tap, BUILD
try:
    import moto, boto3
except ImportError as missing:
    print(f'1..0 # SKIP {missing.name} is not installed')
    sys.exit(0)
from e2e import Server

server = Server('moto_server.py')
env = {k: v for k, v in os.environ.items() if not k.startswith('AWS_')}
env |= {'AWS_ENDPOINT_URL': server.endpoint, 'AWS_ACCESS_KEY_ID': 'test', 'AWS_SECRET_ACCESS_KEY': 'test', 'AWS_REGION': 'us-east-1',
        'AWS_EC2_METADATA_DISABLED': 'true', 'AWS_CONFIG_FILE': '/dev/null', 'AWS_SHARED_CREDENTIALS_FILE': '/dev/null'}
calls = subprocess.Popen([os.path.join(BUILD, 'tests/aws/calls')], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
tap = Tap()


def ask(question):
    calls.stdin.write(json.dumps(question) + '\n')
    calls.stdin.flush()
    return json.loads(calls.stdout.readline())


def call(service, operation, params=None, **more):
    return ask({'service': service, 'operation': operation, 'params': params or {}, **more})


def good(service, operation, params=None, **more):
    answer = call(service, operation, params, **more)
    tap.ok(answer['result'] == 'ok', f'{service} {operation}', answer)
    return answer.get('value', {})


def equal(got, wanted, what):
    tap.ok(got == wanted, what, f'{got!r} instead of {wanted!r}')


def boto(service):
    return boto3.client(service, endpoint_url=server.endpoint, region_name='us-east-1', aws_access_key_id='test', aws_secret_access_key='test')


equal(good('sts', 'GetCallerIdentity').get('Account'), '123456789012', 'the account is known')

# ec2
vpc = good('ec2', 'CreateVpc', {'CidrBlock': '10.9.0.0/16', 'TagSpecifications': [{'ResourceType': 'vpc', 'Tags': [{'Key': 'Name', 'Value': 'tÿpe & <co>'}]}]})['Vpc']
equal(vpc['Tags'], [{'Key': 'Name', 'Value': 'tÿpe & <co>'}], 'tags come back as they went')
found = good('ec2', 'DescribeVpcs', {'Filters': [{'Name': 'vpc-id', 'Values': [vpc['VpcId']]}]})['Vpcs']
equal([v['CidrBlock'] for v in found], ['10.9.0.0/16'], 'the VPC is found by filter')
equal(boto('ec2').describe_vpcs(VpcIds=[vpc['VpcId']])['Vpcs'][0]['Tags'], vpc['Tags'], 'and boto3 sees the same')
subnet = good('ec2', 'CreateSubnet', {'VpcId': vpc['VpcId'], 'CidrBlock': '10.9.1.0/24'})['Subnet']['SubnetId']
group = good('ec2', 'CreateSecurityGroup', {'GroupName': 'g', 'Description': 'd', 'VpcId': vpc['VpcId']})['GroupId']
good('ec2', 'AuthorizeSecurityGroupIngress', {'GroupId': group, 'IpPermissions': [
    {'IpProtocol': 'tcp', 'FromPort': 22, 'ToPort': 22, 'IpRanges': [{'CidrIp': '0.0.0.0/0', 'Description': 'ssh'}]}]})
permission = good('ec2', 'DescribeSecurityGroups', {'GroupIds': [group]})['SecurityGroups'][0]['IpPermissions'][0]
equal((permission['FromPort'], permission['IpRanges']), (22, [{'CidrIp': '0.0.0.0/0', 'Description': 'ssh'}]), 'the rule is there')
image = good('ec2', 'DescribeImages', {'Owners': ['amazon']})['Images'][0]['ImageId']
made = good('ec2', 'RunInstances', {'ImageId': image, 'MinCount': 1, 'MaxCount': 1, 'InstanceType': 't3.micro', 'SubnetId': subnet, 'SecurityGroupIds': [group],
                                    'UserData': 'IyEvYmluL3NoCg==', 'TagSpecifications': [{'ResourceType': 'instance', 'Tags': [{'Key': 'a', 'Value': 'b'}]}]})
instance = made['Instances'][0]
equal((instance['InstanceType'], instance['SubnetId'], instance['Tags']), ('t3.micro', subnet, [{'Key': 'a', 'Value': 'b'}]), 'the instance is as asked')
equal(good('ec2', 'DescribeInstanceAttribute', {'InstanceId': instance['InstanceId'], 'Attribute': 'userData'})['UserData'], {'Value': 'IyEvYmluL3NoCg=='}, 'with its user data')
good('ec2', 'TerminateInstances', {'InstanceIds': [instance['InstanceId']]})
key = 'ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC0 not really'
answer = call('ec2', 'DescribeVpcs', {'VpcIds': ['vpc-00000000']})
equal((answer['result'], answer['code']), ('error', 'InvalidVpcID.NotFound'), 'a VPC that is not there')
answer = call('ec2', 'DescribeVpcs', {'MaxResults': 5}, all=True)
before = answer['value']['Vpcs']
many = ask([{'service': 'ec2', 'operation': 'CreateVpc', 'params': {'CidrBlock': f'10.{i}.0.0/16'}} for i in range(20, 60)])
tap.ok(all(m['result'] == 'ok' for m in many), 'forty VPCs at once', many)
answer = call('ec2', 'DescribeVpcs', {'MaxResults': 7}, all=True)
equal(len(answer['value']['Vpcs']), len(before) + 40, 'all of them are listed')

# query
policy = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}'
role = good('iam', 'CreateRole', {'RoleName': 'r', 'AssumeRolePolicyDocument': policy, 'Tags': [{'Key': 'k', 'Value': 'v'}]})['Role']
equal(role['Arn'], 'arn:aws:iam::123456789012:role/r', 'the role has its name')
answer = call('iam', 'CreateRole', {'RoleName': 'r', 'AssumeRolePolicyDocument': policy})
equal((answer['result'], answer['code']), ('error', 'EntityAlreadyExists'), 'not a second time')
tap.ok('iam CreateRole in us-east-1: EntityAlreadyExists (HTTP 409)' in answer['diag'], 'which the diagnostic tells', answer['diag'])
equal(call('iam', 'GetRole', {'RoleName': 'nobody'})['code'], 'NoSuchEntity', 'a role that is not there')
names = [r['RoleName'] for r in good('iam', 'ListRoles', {'MaxItems': 1}, all=True)['Roles']]
equal(names, ['r'], 'the role is listed')
good('autoscaling', 'CreateLaunchConfiguration', {'LaunchConfigurationName': 'lc', 'ImageId': image, 'InstanceType': 't3.micro'})
good('autoscaling', 'CreateAutoScalingGroup', {'AutoScalingGroupName': 'asg', 'LaunchConfigurationName': 'lc', 'MinSize': 0, 'MaxSize': 0, 'VPCZoneIdentifier': subnet})
groups = good('autoscaling', 'DescribeAutoScalingGroups', {'AutoScalingGroupNames': ['asg']})['AutoScalingGroups']
equal([(g['MinSize'], g['VPCZoneIdentifier']) for g in groups], [(0, subnet)], 'the group is as asked')
topic = good('sns', 'CreateTopic', {'Name': 't', 'Attributes': {'DisplayName': 'd'}})['TopicArn']
equal(good('sns', 'GetTopicAttributes', {'TopicArn': topic})['Attributes']['DisplayName'], 'd', 'a map comes back')

# json
good('ssm', 'PutParameter', {'Name': '/a', 'Value': 'naïve "q"', 'Type': 'String'})
parameter = good('ssm', 'GetParameter', {'Name': '/a'})['Parameter']
equal((parameter['Value'], parameter['Version']), ('naïve "q"', 1), 'the parameter comes back')
tap.ok(len(parameter['LastModifiedDate']) == 20 and parameter['LastModifiedDate'].endswith('Z'), 'its date is RFC 3339', parameter)
equal(call('ssm', 'GetParameter', {'Name': '/nothing'})['code'], 'ParameterNotFound', 'a parameter that is not there')
good('dynamodb', 'CreateTable', {'TableName': 't', 'KeySchema': [{'AttributeName': 'id', 'KeyType': 'HASH'}],
                                 'AttributeDefinitions': [{'AttributeName': 'id', 'AttributeType': 'S'}], 'BillingMode': 'PAY_PER_REQUEST'})
item = {'id': {'S': 'x'}, 'n': {'N': '1.5'}, 'b': {'B': 'AAH/'}, 'l': {'L': [{'BOOL': True}, {'M': {}}]}}
good('dynamodb', 'PutItem', {'TableName': 't', 'Item': item})
equal(good('dynamodb', 'GetItem', {'TableName': 't', 'Key': {'id': {'S': 'x'}}})['Item'], item, 'the item comes back')
good('cloudwatch', 'PutMetricAlarm', {'AlarmName': 'a', 'ComparisonOperator': 'GreaterThanThreshold', 'EvaluationPeriods': 1, 'Threshold': 0.5, 'MetricName': 'm',
                                      'Namespace': 'n', 'Period': 60, 'Statistic': 'Sum', 'Dimensions': [{'Name': 'd', 'Value': 'v'}]})
alarm = good('cloudwatch', 'DescribeAlarms', {'AlarmNames': ['a']})['MetricAlarms'][0]
equal((alarm['Threshold'], alarm['Dimensions']), (0.5, [{'Name': 'd', 'Value': 'v'}]), 'the alarm is as asked')
good('logs', 'CreateLogGroup', {'logGroupName': '/g'})
equal([g['logGroupName'] for g in good('logs', 'DescribeLogGroups')['logGroups']], ['/g'], 'the log group is listed')
good('secretsmanager', 'CreateSecret', {'Name': 's', 'SecretString': 'x'})
equal(good('secretsmanager', 'GetSecretValue', {'SecretId': 's'})['SecretString'], 'x', 'the secret comes back')
queue = good('sqs', 'CreateQueue', {'QueueName': 'q', 'Attributes': {'VisibilityTimeout': '40'}})['QueueUrl']
equal(good('sqs', 'GetQueueAttributes', {'QueueUrl': queue, 'AttributeNames': ['VisibilityTimeout']})['Attributes'], {'VisibilityTimeout': '40'}, 'the queue is as asked')
equal(call('sqs', 'GetQueueUrl', {'QueueName': 'none'})['code'], 'AWS.SimpleQueueService.NonExistentQueue', 'codes of the older protocol')
good('kms', 'CreateKey', {'Description': 'd'})
good('ecs', 'CreateCluster', {'clusterName': 'c'})
good('budgets', 'CreateBudget', {'AccountId': '123456789012', 'Budget': {'BudgetName': 'b', 'BudgetType': 'COST', 'TimeUnit': 'MONTHLY', 'BudgetLimit': {'Amount': '1', 'Unit': 'USD'}}})

# rest-json
system = good('efs', 'CreateFileSystem', {'CreationToken': 't', 'Tags': [{'Key': 'Name', 'Value': 'fs'}]})
equal((system['Name'], system['CreationToken']), ('fs', 't'), 'the file system is as asked')
equal([f['FileSystemId'] for f in good('efs', 'DescribeFileSystems', {'CreationToken': 't'})['FileSystems']], [system['FileSystemId']], 'and found by its token')
answer = call('efs', 'CreateFileSystem', {'CreationToken': 't'})
equal((answer['result'], answer['code']), ('error', 'FileSystemAlreadyExists'), 'not a second time')
good('efs', 'TagResource', {'ResourceId': system['FileSystemId'], 'Tags': [{'Key': 'a b', 'Value': 'c'}]})
good('efs', 'UntagResource', {'ResourceId': system['FileSystemId'], 'TagKeys': ['a b']})
good('efs', 'DeleteFileSystem', {'FileSystemId': system['FileSystemId']})

# rest-xml
good('s3', 'CreateBucket', {'Bucket': 'my-bucket'})
good('s3', 'PutBucketTagging', {'Bucket': 'my-bucket', 'Tagging': {'TagSet': [{'Key': 'k', 'Value': 'v & w'}]}})
equal(good('s3', 'GetBucketTagging', {'Bucket': 'my-bucket'}), {'TagSet': [{'Key': 'k', 'Value': 'v & w'}]}, 'bucket tags come back')
good('s3', 'PutBucketLifecycleConfiguration', {'Bucket': 'my-bucket', 'LifecycleConfiguration': {'Rules': [
    {'ID': 'r', 'Status': 'Enabled', 'Filter': {'Prefix': 'p/'}, 'Expiration': {'Days': 3}}]}})
equal(good('s3', 'GetBucketLifecycleConfiguration', {'Bucket': 'my-bucket'})['Rules'], [{'ID': 'r', 'Status': 'Enabled', 'Filter': {'Prefix': 'p/'}, 'Expiration': {'Days': 3}}], 'rules come back')
strange = 'a b/c+d&é=#?%'
good('s3', 'PutObject', {'Bucket': 'my-bucket', 'Key': strange, 'Body': 'AAH/aGVsbG8=', 'Metadata': {'x': 'y'}})
thing = good('s3', 'GetObject', {'Bucket': 'my-bucket', 'Key': strange})
equal((thing['Body'], thing['Metadata'], thing['ContentLength']), ('AAH/aGVsbG8=', {'x': 'y'}, 8), 'the object comes back')
equal([o['Key'] for o in good('s3', 'ListObjectsV2', {'Bucket': 'my-bucket'})['Contents']], [strange], 'under its strange name')
equal(boto('s3').get_object(Bucket='my-bucket', Key=strange)['Body'].read(), b'\0\1\xffhello', 'and boto3 sees the same')
equal(call('s3', 'HeadObject', {'Bucket': 'my-bucket', 'Key': 'none'})['code'], '404', 'an object that is not there')
equal(call('s3', 'GetObject', {'Bucket': 'my-bucket', 'Key': 'none'})['code'], 'NoSuchKey', 'and its code')
for i in range(5):
    good('s3', 'PutObject', {'Bucket': 'my-bucket', 'Key': f'page/{i}', 'Body': ''})
equal(len(good('s3', 'ListObjectsV2', {'Bucket': 'my-bucket', 'Prefix': 'page/', 'MaxKeys': 2}, all=True)['Contents']), 5, 'all pages of objects')
tap.ok(call('s3', 'ListObjectsV2', {'Bucket': 'my-bucket', 'Prefix': 'page/', 'MaxKeys': 2}, all=True)['pages'] == 3, 'which were three')
good('s3', 'DeleteObjects', {'Bucket': 'my-bucket', 'Delete': {'Objects': [{'Key': strange}], 'Quiet': True}})
zone = good('route53', 'CreateHostedZone', {'Name': 'example.test', 'CallerReference': 'c'})['HostedZone']['Id']
good('route53', 'ChangeResourceRecordSets', {'HostedZoneId': zone, 'ChangeBatch': {'Changes': [
    {'Action': 'CREATE', 'ResourceRecordSet': {'Name': 'a.example.test', 'Type': 'A', 'TTL': 60, 'ResourceRecords': [{'Value': '10.0.0.1'}]}}]}})
records = good('route53', 'ListResourceRecordSets', {'HostedZoneId': zone})['ResourceRecordSets']
equal([r['ResourceRecords'] for r in records if r['Type'] == 'A'], [[{'Value': '10.0.0.1'}]], 'the record is there')

calls.stdin.close()
equal(calls.wait(), 0, 'the program ends well')
server.stop()
sys.exit(tap.done())
