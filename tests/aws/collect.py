#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes tests/aws/golden.json: for each protocol, requests as botocore serialises them and answers as botocore
parses them, in the terms of tests/aws/wirelib.py, so that tests/aws/codec.t needs no botocore. Bodies of
answers are written by hand after AWS's documentation, with the oddities that real servers have.

    python3 tests/aws/collect.py"""
import json, os, sys
from datetime import datetime, timezone
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from wirelib import *

WHEN = datetime(2024, 2, 29, 12, 30, 0, tzinfo=timezone.utc)

REQUESTS = [
    ('ec2', 'DescribeVpcs', {'Filters': [{'Name': 'vpc-id', 'Values': ['vpc-1', 'vpc-2']}, {'Name': 'tag:a b', 'Values': ['x&y=z']}], 'MaxResults': 1000}),
    ('ec2', 'CreateVpc', {'CidrBlock': '10.0.0.0/16', 'InstanceTenancy': 'default', 'TagSpecifications': [{'ResourceType': 'vpc', 'Tags': [{'Key': 'Name', 'Value': 'naïve'}]}]}),
    ('ec2', 'RunInstances', {'ImageId': 'ami-1', 'MinCount': 1, 'MaxCount': 2, 'InstanceType': 'dl1.24xlarge', 'EbsOptimized': False,
                             'BlockDeviceMappings': [{'DeviceName': '/dev/sda1', 'Ebs': {'VolumeSize': 500, 'VolumeType': 'gp3', 'DeleteOnTermination': True}}],
                             'NetworkInterfaces': [{'DeviceIndex': 0, 'SubnetId': 'subnet-1', 'Groups': ['sg-1', 'sg-2'], 'AssociatePublicIpAddress': True,
                                                    'PrivateIpAddresses': [{'PrivateIpAddress': '10.0.0.4', 'Primary': True}]}],
                             'IamInstanceProfile': {'Name': 'p'}, 'Placement': {'AvailabilityZone': 'us-east-1a'}, 'UserData': 'IyEvYmluL3No',
                             'InstanceMarketOptions': {'MarketType': 'spot', 'SpotOptions': {'ValidUntil': WHEN, 'SpotInstanceType': 'persistent'}},
                             'MetadataOptions': {'HttpTokens': 'required', 'HttpPutResponseHopLimit': 2}}),
    ('ec2', 'AuthorizeSecurityGroupIngress', {'GroupId': 'sg-1', 'IpPermissions': [{'IpProtocol': 'tcp', 'FromPort': 22, 'ToPort': 22, 'IpRanges': [{'CidrIp': '0.0.0.0/0', 'Description': 'ssh'}], 'UserIdGroupPairs': [{'GroupId': 'sg-2'}]}]}),
    ('ec2', 'ImportKeyPair', {'KeyName': 'k', 'PublicKeyMaterial': b'ssh-ed25519 AAAA\xff k'}),
    ('ec2', 'ModifyInstanceAttribute', {'InstanceId': 'i-1', 'InstanceType': {'Value': 'p3.2xlarge'}, 'Groups': []}),
    ('ec2', 'CreateTags', {'Resources': ['vpc-1', 'subnet-1'], 'Tags': [{'Key': 'a', 'Value': ''}]}),
    ('ec2', 'CreateLaunchTemplate', {'LaunchTemplateName': 'lt1', 'LaunchTemplateData': {'SecurityGroupIds': ['sg-1'], 'TagSpecifications': [{'ResourceType': 'instance', 'Tags': [{'Key': 'k', 'Value': 'v'}]}], 'CapacityReservationSpecification': {'CapacityReservationPreference': 'open'}}}),
    ('ec2', 'RequestSpotInstances', {'SpotPrice': '0.1', 'InstanceCount': 1, 'LaunchSpecification': {'ImageId': 'ami-1', 'SecurityGroupIds': ['sg-1'], 'Placement': {'AvailabilityZone': 'us-east-1a'}}, 'ValidUntil': WHEN}),
    ('iam', 'CreateRole', {'RoleName': 'r', 'Path': '/', 'AssumeRolePolicyDocument': '{"Version":"2012-10-17","Statement":[]}', 'MaxSessionDuration': 3600, 'Tags': [{'Key': 'a', 'Value': 'b c'}]}),
    ('iam', 'ListRoles', {'Marker': 'm/+=', 'MaxItems': 100}),
    ('iam', 'TagRole', {'RoleName': 'r', 'Tags': []}),
    ('sts', 'GetCallerIdentity', {}),
    ('sts', 'AssumeRole', {'RoleArn': 'arn:aws:iam::123456789012:role/r', 'RoleSessionName': 'session', 'DurationSeconds': 900, 'TransitiveTagKeys': ['a', 'b']}),
    ('autoscaling', 'CreateAutoScalingGroup', {'AutoScalingGroupName': 'g', 'MinSize': 0, 'MaxSize': 4, 'VPCZoneIdentifier': 'subnet-1,subnet-2', 'LaunchTemplate': {'LaunchTemplateId': 'lt-1', 'Version': '$Latest'}, 'Tags': [{'Key': 'a', 'Value': 'b', 'PropagateAtLaunch': True, 'ResourceId': 'g', 'ResourceType': 'auto-scaling-group'}]}),
    ('autoscaling', 'PutScheduledUpdateGroupAction', {'AutoScalingGroupName': 'g', 'ScheduledActionName': 's', 'StartTime': WHEN, 'DesiredCapacity': 0}),
    ('elbv2', 'CreateLoadBalancer', {'Name': 'lb', 'Subnets': ['subnet-1', 'subnet-2'], 'SecurityGroups': [], 'Type': 'application'}),
    ('rds', 'CreateDBInstance', {'DBInstanceIdentifier': 'db', 'DBInstanceClass': 'db.t3.micro', 'Engine': 'mysql', 'AllocatedStorage': 20, 'MasterUserPassword': 'secret!', 'VpcSecurityGroupIds': ['sg-1'], 'Tags': [{'Key': 'k', 'Value': 'v'}]}),
    ('sns', 'CreateTopic', {'Name': 't', 'Attributes': {'DisplayName': 'd', 'KmsMasterKeyId': 'k'}, 'Tags': [{'Key': 'k', 'Value': 'v'}]}),
    ('sns', 'SetTopicAttributes', {'TopicArn': 'arn:aws:sns:us-east-1:123456789012:t', 'AttributeName': 'Policy', 'AttributeValue': '{}'}),
    ('ssm', 'PutParameter', {'Name': '/a/b', 'Value': 'v', 'Type': 'SecureString', 'Overwrite': True}),
    ('ssm', 'GetParametersByPath', {'Path': '/', 'Recursive': True, 'WithDecryption': False, 'MaxResults': 10}),
    ('dynamodb', 'PutItem', {'TableName': 't', 'Item': {'id': {'S': 'x'}, 'n': {'N': '1.5'}, 'l': {'L': [{'BOOL': True}, {'NULL': True}]}, 'm': {'M': {'deep': {'B': b'\x00\x01'}}}}}),
    ('ecs', 'RegisterTaskDefinition', {'family': 'f', 'containerDefinitions': [{'name': 'c', 'image': 'i', 'memory': 128, 'essential': True, 'environment': [{'name': 'A', 'value': 'b'}]}], 'requiresCompatibilities': ['FARGATE']}),
    ('sagemaker', 'CreateNotebookInstance', {'NotebookInstanceName': 'n', 'InstanceType': 'ml.t3.medium', 'RoleArn': 'arn:aws:iam::123456789012:role/r', 'VolumeSizeInGB': 50, 'Tags': [{'Key': 'k', 'Value': 'v'}]}),
    ('budgets', 'CreateBudget', {'AccountId': '123456789012', 'Budget': {'BudgetName': 'b', 'BudgetType': 'COST', 'TimeUnit': 'MONTHLY', 'BudgetLimit': {'Amount': '100', 'Unit': 'USD'}, 'TimePeriod': {'Start': WHEN}}}),
    ('cloudwatch', 'PutMetricAlarm', {'AlarmName': 'a', 'ComparisonOperator': 'GreaterThanThreshold', 'EvaluationPeriods': 2, 'Threshold': 0.5, 'Namespace': 'AWS/EC2', 'MetricName': 'CPUUtilization', 'Period': 300, 'Statistic': 'Average', 'Dimensions': [{'Name': 'InstanceId', 'Value': 'i-1'}]}),
    ('logs', 'CreateLogGroup', {'logGroupName': '/a/b', 'tags': {'k': 'v'}}),
    ('pricing', 'GetProducts', {'ServiceCode': 'AmazonEC2', 'Filters': [{'Type': 'TERM_MATCH', 'Field': 'instanceType', 'Value': 'p3.2xlarge'}]}),
    ('efs', 'CreateFileSystem', {'CreationToken': 't', 'Encrypted': True, 'PerformanceMode': 'generalPurpose', 'ProvisionedThroughputInMibps': 1.5, 'Tags': [{'Key': 'Name', 'Value': 'n'}]}),
    ('efs', 'DescribeFileSystems', {'FileSystemId': 'fs-1', 'MaxItems': 100, 'Marker': 'a b+c'}),
    ('efs', 'DeleteMountTarget', {'MountTargetId': 'fsmt-12345678/../x'}),
    ('efs', 'UntagResource', {'ResourceId': 'fs-1', 'TagKeys': ['a', 'b c']}),
    ('efs', 'PutAccountPreferences', {'ResourceIdType': 'LONG_ID'}),
    ('lambda', 'CreateFunction', {'FunctionName': 'f', 'Role': 'arn:aws:iam::123456789012:role/r', 'Code': {'ZipFile': b'PK\x03\x04'}, 'Environment': {'Variables': {'A': 'b'}}, 'Runtime': 'python3.12', 'Handler': 'a.b'}),
    ('lambda', 'Invoke', {'FunctionName': 'f', 'InvocationType': 'Event', 'Payload': b'{"a":1}', 'Qualifier': '1'}),
    ('lambda', 'GetPolicy', {'FunctionName': 'arn:aws:lambda:us-east-1:123456789012:function:f'}),
    ('s3', 'CreateBucket', {'Bucket': 'b', 'CreateBucketConfiguration': {'LocationConstraint': 'eu-west-1'}, 'ACL': 'private'}),
    ('s3', 'PutObject', {'Bucket': 'b', 'Key': 'a/b c+d&é', 'Body': b'\x00\xffhello', 'ContentType': 'text/plain', 'Metadata': {'x': 'y'}, 'ServerSideEncryption': 'AES256', 'Tagging': 'a=b'}),
    ('s3', 'GetObject', {'Bucket': 'b', 'Key': '/lead//double/', 'IfModifiedSince': WHEN, 'VersionId': 'v 1', 'Range': 'bytes=0-9'}),
    ('s3', 'ListObjectsV2', {'Bucket': 'b', 'Prefix': 'a/', 'Delimiter': '/', 'ContinuationToken': '1+/='}),
    ('s3', 'DeleteObjects', {'Bucket': 'b', 'Delete': {'Objects': [{'Key': 'a<b>&"c"\n'}, {'Key': 'd', 'VersionId': 'v'}], 'Quiet': True}}),
    ('s3', 'PutBucketLifecycleConfiguration', {'Bucket': 'b', 'LifecycleConfiguration': {'Rules': [{'ID': 'r', 'Status': 'Enabled', 'Filter': {'And': {'Prefix': 'p', 'Tags': [{'Key': 'k', 'Value': 'v'}]}}, 'Expiration': {'Date': WHEN}, 'Transitions': [{'Days': 30, 'StorageClass': 'GLACIER'}, {'Days': 60, 'StorageClass': 'DEEP_ARCHIVE'}]}]}}),
    ('s3', 'PutBucketAcl', {'Bucket': 'b', 'AccessControlPolicy': {'Grants': [{'Grantee': {'Type': 'CanonicalUser', 'ID': 'x'}, 'Permission': 'READ'}], 'Owner': {'ID': 'x'}}}),
    ('s3', 'PutBucketPolicy', {'Bucket': 'b', 'Policy': '{"Version":"2012-10-17"}'}),
    ('s3', 'PutBucketTagging', {'Bucket': 'b', 'Tagging': {'TagSet': [{'Key': 'k', 'Value': ''}]}}),
    ('s3', 'CopyObject', {'Bucket': 'b', 'Key': 'k', 'CopySource': 'other/key', 'MetadataDirective': 'REPLACE'}),
    ('s3', 'GetBucketLocation', {'Bucket': 'b.with.dots'}),
    ('route53', 'ChangeResourceRecordSets', {'HostedZoneId': 'Z1', 'ChangeBatch': {'Comment': 'c', 'Changes': [{'Action': 'UPSERT', 'ResourceRecordSet': {'Name': 'a.example.', 'Type': 'A', 'TTL': 60, 'ResourceRecords': [{'Value': '10.0.0.1'}, {'Value': '10.0.0.2'}]}}, {'Action': 'DELETE', 'ResourceRecordSet': {'Name': 'b.', 'Type': 'A', 'AliasTarget': {'HostedZoneId': 'Z2', 'DNSName': 'lb.', 'EvaluateTargetHealth': False}}}]}}),
    ('route53', 'ListResourceRecordSets', {'HostedZoneId': 'Z1', 'StartRecordName': '*.a.', 'StartRecordType': 'A', 'MaxItems': '300'}),
]

EC2 = 'http://ec2.amazonaws.com/doc/2016-11-15/'
ANSWERS = [
    ('ec2', 'DescribeInstances', 200, {}, f'''<?xml version="1.0" encoding="UTF-8"?>
<DescribeInstancesResponse xmlns="{EC2}"><requestId>8f7724cf</requestId>
  <reservationSet>
    <item><reservationId>r-1</reservationId><ownerId>123456789012</ownerId><groupSet/>
      <instancesSet><item><instanceId>i-1</instanceId><imageId>ami-1</imageId>
        <instanceState><code>16</code><name>running</name></instanceState><privateDnsName/>
        <reason/><keyName>k</keyName><launchTime>2024-02-29T12:30:00.000Z</launchTime>
        <somethingNew><deep><item>1</item></deep></somethingNew>
        <placement><availabilityZone>us-east-1a</availabilityZone><groupName/><tenancy>default</tenancy></placement>
        <blockDeviceMapping><item><deviceName>/dev/sda1</deviceName><ebs><volumeId>vol-1</volumeId><attachTime>2024-02-29T12:30:00.000Z</attachTime><deleteOnTermination>true</deleteOnTermination></ebs></item></blockDeviceMapping>
        <tagSet><item><key>Name</key><value>a &amp; b &lt;c&gt; &#xE9;</value></item><item><key>empty</key><value/></item></tagSet>
        <ebsOptimized>false</ebsOptimized></item>
        <item><instanceId>i-2</instanceId></item></instancesSet></item>
    <item><reservationId>r-2</reservationId><instancesSet/></item>
  </reservationSet><nextToken>more</nextToken></DescribeInstancesResponse>'''),
    ('ec2', 'DescribeVpcs', 200, {}, f'<DescribeVpcsResponse xmlns="{EC2}"><requestId>1</requestId><vpcSet><item><vpcId>vpc-1</vpcId><state>available</state><cidrBlock>10.0.0.0/16</cidrBlock><cidrBlockAssociationSet><item><cidrBlock>10.0.0.0/16</cidrBlock><associationId>a</associationId><cidrBlockState><state>associated</state></cidrBlockState></item></cidrBlockAssociationSet><isDefault>false</isDefault></item></vpcSet></DescribeVpcsResponse>'),
    ('ec2', 'DeleteVpc', 200, {}, f'<DeleteVpcResponse xmlns="{EC2}"><requestId>1</requestId><return>true</return></DeleteVpcResponse>'),
    ('ec2', 'ModifyVpcAttribute', 200, {}, ''),
    ('ec2', 'GetPasswordData', 200, {}, f'<GetPasswordDataResponse xmlns="{EC2}"><instanceId>i-1</instanceId><timestamp>2024-02-29T12:30:00Z</timestamp><passwordData>\r\nTGluZQ==\r\n</passwordData></GetPasswordDataResponse>'),
    ('ec2', 'DescribeSpotPriceHistory', 200, {}, f'<DescribeSpotPriceHistoryResponse xmlns="{EC2}"><spotPriceHistorySet><item><instanceType>p3.2xlarge</instanceType><productDescription>Linux/UNIX</productDescription><spotPrice>0.918000</spotPrice><timestamp>2024-02-29T12:30:59.999Z</timestamp></item></spotPriceHistorySet><nextToken/></DescribeSpotPriceHistoryResponse>'),
    ('iam', 'GetRole', 200, {}, '''<GetRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><GetRoleResult><Role><Path>/</Path>
 <AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%7D</AssumeRolePolicyDocument><MaxSessionDuration>3600</MaxSessionDuration><RoleId>AROA1</RoleId>
 <RoleLastUsed><LastUsedDate>2024-02-29T12:30:00Z</LastUsedDate></RoleLastUsed><RoleName>r</RoleName><Arn>arn:aws:iam::123456789012:role/r</Arn><CreateDate>2024-02-29T12:30:00Z</CreateDate>
 <Tags><member><Key>a</Key><Value>b</Value></member></Tags></Role></GetRoleResult><ResponseMetadata><RequestId>7</RequestId></ResponseMetadata></GetRoleResponse>'''),
    ('iam', 'GetAccountSummary', 200, {}, '<GetAccountSummaryResponse><GetAccountSummaryResult><SummaryMap><entry><key>Users</key><value>5</value></entry><entry><key>Groups</key><value>0</value></entry></SummaryMap></GetAccountSummaryResult></GetAccountSummaryResponse>'),
    ('iam', 'DeleteRole', 200, {}, '<DeleteRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><ResponseMetadata><RequestId>7</RequestId></ResponseMetadata></DeleteRoleResponse>'),
    ('sts', 'GetCallerIdentity', 200, {}, '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::123456789012:user/u</Arn><UserId>AIDA</UserId><Account>123456789012</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata></GetCallerIdentityResponse>'),
    ('autoscaling', 'DescribeAutoScalingGroups', 200, {}, '<DescribeAutoScalingGroupsResponse><DescribeAutoScalingGroupsResult><AutoScalingGroups><member><AutoScalingGroupName>g</AutoScalingGroupName><MinSize>0</MinSize><Instances/><LoadBalancerNames><member>a</member><member/></LoadBalancerNames><NewInstancesProtectedFromScaleIn>false</NewInstancesProtectedFromScaleIn></member></AutoScalingGroups></DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>'),
    ('rds', 'DescribeDBInstances', 200, {}, '<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances><DBInstance><DBInstanceIdentifier>db</DBInstanceIdentifier><VpcSecurityGroups><VpcSecurityGroupMembership><VpcSecurityGroupId>sg-1</VpcSecurityGroupId><Status>active</Status></VpcSecurityGroupMembership></VpcSecurityGroups><Endpoint><Address>h</Address><Port>3306</Port></Endpoint><TagList><Tag><Key>k</Key><Value>v</Value></Tag></TagList></DBInstance></DBInstances></DescribeDBInstancesResult></DescribeDBInstancesResponse>'),
    ('sns', 'GetTopicAttributes', 200, {}, '<GetTopicAttributesResponse><GetTopicAttributesResult><Attributes><entry><key>Owner</key><value>1</value></entry><entry><key>DisplayName</key><value/></entry></Attributes></GetTopicAttributesResult></GetTopicAttributesResponse>'),
    ('ssm', 'GetParameter', 200, {}, '{"Parameter":{"ARN":"a","LastModifiedDate":1.709209800123E9,"Name":"/a","Type":"String","Value":"v","Version":3,"New":{"x":[1]}}}'),
    ('ssm', 'DescribeParameters', 200, {}, '{"Parameters":[{"Name":"a","LastModifiedDate":1709209800.5,"Policies":[]},{"Name":"b","Description":null}],"NextToken":null}'),
    ('ssm', 'DeleteParameter', 200, {}, '{}'),
    ('dynamodb', 'GetItem', 200, {}, '{"Item":{"id":{"S":"x"},"n":{"N":"1.50"},"l":{"L":[{"BOOL":true},{"NULL":true}]},"b":{"B":"AAE="},"ss":{"SS":["a","b"]}}}'),
    ('cloudwatch', 'DescribeAlarms', 200, {}, '{"MetricAlarms":[{"AlarmName":"a","Threshold":0.5,"StateUpdatedTimestamp":1709209800,"Dimensions":[]}],"CompositeAlarms":[]}'),
    ('ecs', 'DescribeClusters', 200, {}, '{"clusters":[{"clusterName":"c","registeredContainerInstancesCount":0,"settings":[{"name":"containerInsights","value":"disabled"}]}],"failures":[]}'),
    ('logs', 'DescribeLogGroups', 200, {}, '{"logGroups":[{"logGroupName":"/a","creationTime":1709209800123,"storedBytes":12345678901234}]}'),
    ('efs', 'DescribeFileSystems', 200, {}, '{"FileSystems":[{"FileSystemId":"fs-1","CreationTime":1.7092098E9,"SizeInBytes":{"Value":6144,"Timestamp":null},"ProvisionedThroughputInMibps":null,"Tags":[{"Key":"Name","Value":"n"}],"Encrypted":true}],"Marker":null}'),
    ('efs', 'DeleteFileSystem', 204, {}, ''),
    ('efs', 'DescribeFileSystemPolicy', 200, {}, '{"FileSystemId":"fs-1","Policy":"{\\"a\\":1}"}'),
    ('lambda', 'Invoke', 200, {'X-Amz-Executed-Version': '$LATEST', 'X-Amz-Function-Error': 'Unhandled'}, '{"errorMessage":"x"}'),
    ('lambda', 'GetFunctionConfiguration', 200, {}, '{"FunctionName":"f","Environment":{"Variables":{"A":"b"}},"MemorySize":128,"LastModified":"2024-02-29T12:30:00.000+0000"}'),
    ('s3', 'GetBucketLocation', 200, {}, '<?xml version="1.0"?>\n<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/">eu-west-1</LocationConstraint>'),
    ('s3', 'ListObjectsV2', 200, {}, '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><Prefix/><KeyCount>2</KeyCount><IsTruncated>false</IsTruncated><Contents><Key>a</Key><LastModified>2024-02-29T12:30:00.000Z</LastModified><ETag>&quot;e&quot;</ETag><Size>12345678901</Size></Contents><CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes><Contents><Key>b</Key></Contents></ListBucketResult>'),
    ('s3', 'HeadObject', 200, {'Content-Length': '5', 'Last-Modified': 'Thu, 29 Feb 2024 12:30:00 GMT', 'ETag': '"e"', 'x-amz-meta-one': '1', 'x-amz-meta-Two': 'b', 'x-amz-server-side-encryption': 'AES256'}, ''),
    ('s3', 'GetObject', 200, {'Content-Type': 'text/plain', 'Content-Length': '6'}, 'a\nb\u00e9c'),
    ('s3', 'GetBucketAcl', 200, {}, '<AccessControlPolicy xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Owner><ID>x</ID></Owner><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="CanonicalUser"><ID>x</ID></Grantee><Permission>FULL_CONTROL</Permission></Grant></AccessControlList></AccessControlPolicy>'),
    ('s3', 'GetBucketPolicy', 200, {}, '{"Version":"2012-10-17"}'),
    ('s3', 'GetBucketLifecycleConfiguration', 200, {}, '<LifecycleConfiguration><Rule><ID>r</ID><Filter><And><Prefix>p</Prefix><Tag><Key>k</Key><Value>v</Value></Tag><Tag><Key>l</Key><Value>w</Value></Tag></And></Filter><Status>Enabled</Status><Expiration><Date>2024-02-29T00:00:00.000Z</Date></Expiration></Rule></LifecycleConfiguration>'),
    ('s3', 'PutObject', 200, {'ETag': '"e"', 'x-amz-version-id': 'v'}, ''),
    ('s3', 'GetBucketVersioning', 200, {}, '<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>'),
    ('route53', 'ListResourceRecordSets', 200, {}, '<ListResourceRecordSetsResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><ResourceRecordSets><ResourceRecordSet><Name>\\052.a.</Name><Type>A</Type><TTL>60</TTL><ResourceRecords><ResourceRecord><Value>10.0.0.1</Value></ResourceRecord></ResourceRecords></ResourceRecordSet></ResourceRecordSets><IsTruncated>true</IsTruncated><NextRecordName>b.</NextRecordName><NextRecordType>A</NextRecordType><MaxItems>1</MaxItems></ListResourceRecordSetsResponse>'),
    ('route53', 'ChangeResourceRecordSets', 200, {}, '<ChangeResourceRecordSetsResponse><ChangeInfo><Id>/change/C1</Id><Status>PENDING</Status><SubmittedAt>2024-02-29T12:30:00.000Z</SubmittedAt></ChangeInfo></ChangeResourceRecordSetsResponse>'),
    ('route53', 'CreateHostedZone', 201, {'Location': 'https://route53.amazonaws.com/2013-04-01/hostedzone/Z1'}, '<CreateHostedZoneResponse><HostedZone><Id>/hostedzone/Z1</Id><Name>a.</Name><CallerReference>c</CallerReference></HostedZone><ChangeInfo><Id>/change/C1</Id><Status>PENDING</Status><SubmittedAt>2024-02-29T12:30:00.000Z</SubmittedAt></ChangeInfo><DelegationSet><NameServers><NameServer>ns-1</NameServer></NameServers></DelegationSet></CreateHostedZoneResponse>'),
]

# What botocore makes of an error: code and message; the fields by hand.
ERRORS = [
    ('ec2', 'DescribeVpcs', 400, {}, '<?xml version="1.0"?>\n<Response><Errors><Error><Code>InvalidVpcID.NotFound</Code><Message>The vpc ID \'vpc-9\' does not exist</Message></Error></Errors><RequestID>ea96</RequestID></Response>', {}),
    ('ec2', 'RunInstances', 503, {}, '<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>Request limit exceeded.</Message></Error></Errors><RequestID>1</RequestID></Response>', {}),
    ('iam', 'GetRole', 404, {}, '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>The role with name r cannot be found.</Message></Error><RequestId>7a62</RequestId></ErrorResponse>', {'Type': 'Sender'}),
    ('s3', 'GetObject', 404, {'x-amz-request-id': 'R1'}, '<?xml version="1.0"?><Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><Key>k</Key><RequestId>R1</RequestId><HostId>h</HostId></Error>', {'Key': 'k', 'RequestId': 'R1', 'HostId': 'h'}),
    ('s3', 'HeadBucket', 404, {'x-amz-request-id': 'R2'}, '', {}),
    ('s3', 'PutObject', 301, {'x-amz-bucket-region': 'eu-west-1'}, '<Error><Code>PermanentRedirect</Code><Message>m</Message><Endpoint>b.s3.eu-west-1.amazonaws.com</Endpoint><Bucket>b</Bucket></Error>', {'Endpoint': 'b.s3.eu-west-1.amazonaws.com', 'Bucket': 'b'}),
    ('route53', 'GetHostedZone', 404, {}, '<ErrorResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"><Error><Type>Sender</Type><Code>NoSuchHostedZone</Code><Message>No hosted zone found with ID: Z1</Message></Error><RequestId>9</RequestId></ErrorResponse>', {'Type': 'Sender'}),
    ('ssm', 'GetParameter', 400, {'x-amzn-RequestId': 'Q'}, '{"__type":"com.amazonaws.ssm#ParameterNotFound","message":"nope"}', {'message': 'nope'}),
    ('ssm', 'GetParameter', 400, {}, '{"__type":"ThrottlingException","Message":"Rate exceeded"}', {'Message': 'Rate exceeded'}),
    ('dynamodb', 'CreateTable', 400, {}, '{"__type":"com.amazonaws.dynamodb.v20120810#ResourceInUseException","message":"Table already exists: t"}', {'message': 'Table already exists: t'}),
    ('efs', 'CreateFileSystem', 409, {'x-amzn-ErrorType': 'FileSystemAlreadyExists:http://internal.amazon.com/coral/x/'}, '{"ErrorCode":"FileSystemAlreadyExists","FileSystemId":"fs-1","Message":"File system \'fs-1\' already exists"}', {'ErrorCode': 'FileSystemAlreadyExists', 'FileSystemId': 'fs-1', 'Message': "File system 'fs-1' already exists"}),
    ('lambda', 'GetFunction', 404, {'x-amzn-ErrorType': 'ResourceNotFoundException'}, '{"Type":"User","message":"Function not found"}', {'Type': 'User'}),
    ('sqs', 'GetQueueUrl', 400, {'x-amzn-query-error': 'AWS.SimpleQueueService.NonExistentQueue;Sender'}, '{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"The specified queue does not exist."}', {'message': 'The specified queue does not exist.'}),
    ('ec2', 'DescribeVpcs', 502, {}, '<html><body>Bad Gateway</body></html>', {}),
    ('ssm', 'GetParameter', 503, {}, 'upstream unavailable', {}),
]

boto = Botocore()
protocols = dict(services())
golden = {'requests': [], 'answers': [], 'errors': []}
for service, name, params in REQUESTS:
    op = boto.operation(service, name)
    method, path, query, headers, body = boto.request(protocols[service], op, params)
    golden['requests'].append({'service': service, 'operation': name, 'protocol': protocols[service], 'params': to_ours(params),
                               'method': method, 'path': path, 'query': query,
                               'headers': {k: v for k, v in headers.items() if k not in ('User-Agent',)},
                               'body': canonical_body(protocols[service], body)})
for service, name, status, headers, body in ANSWERS:
    op = boto.operation(service, name)
    value = boto.answer(protocols[service], op, status, {k.lower(): v for k, v in headers.items()}, body.encode()) if body or protocols[service].startswith('rest') else {}
    if name == 'GetBucketLocation':     # botocore's client reads it in a handler of its own
        value = {'LocationConstraint': 'eu-west-1'}
    if not value.get('Metadata', True):     # no header of a map of headers: we leave the member out
        del value['Metadata']
    golden['answers'].append({'service': service, 'operation': name, 'status': status,
                              'headers': {k.lower(): v for k, v in headers.items()}, 'body': body, 'value': value})
for service, name, status, headers, body, fields in ERRORS:
    op = boto.operation(service, name)
    code = message = None
    try:
        parser = boto.botocore.parsers.create_parser(protocols[service])
        from botocore.awsrequest import HeadersDict
        parsed = parser.parse({'status_code': status, 'headers': HeadersDict(headers), 'body': body.encode()}, op.output_shape)
        code, message = parsed['Error'].get('Code', str(status)), parsed['Error'].get('Message', '')
    except Exception:
        pass
    if body.startswith(('<html', 'upstream')) or not body:
        code, message = str(status), ''
    golden['errors'].append({'service': service, 'operation': name, 'status': status,
                             'headers': {k.lower(): v for k, v in headers.items()}, 'body': body,
                             'code': code, 'message': message, 'fields': fields})
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'golden.json')
with open(path, 'w') as out:
    out.write('{\n')
    for n, (key, cases) in enumerate(golden.items()):
        out.write(f'"{key}": [\n' + ',\n'.join(json.dumps(case, sort_keys=True, ensure_ascii=False) for case in cases) + '\n]' + (',\n' if n < 2 else '\n'))
    out.write('}\n')
print({k: len(v) for k, v in golden.items()})
