#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The codecs against recorded cases (tests/aws/golden.json, made by tests/aws/collect.py from botocore), and
what they say of parameters that are wrong. Needs nothing installed; sweep.t is the large sister."""
import json, os, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from wirelib import *

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), 'golden.json')) as text:
    golden = json.load(text)
tap, driver = Tap(), Driver()

for case in golden['requests']:
    made = driver.ask(do='encode', service=case['service'], operation=case['operation'], params=case['params'])
    why = made.get('why', '')
    if not why:
        mine = {'method': made['method'], 'path': made['path'], 'query': [list(p) for p in canonical_query(made['query'])],
                'body': json.loads(json.dumps(canonical_body(case['protocol'], made['body'])))}
        why = '' if all(same(mine[k], case[k]) for k in mine) else difference(mine, {k: case[k] for k in mine})
        lower = {k.lower(): v for k, v in made['headers'].items()}
        for key, value in case['headers'].items():
            if key.lower() != 'content-type' and lower.get(key.lower()) != value:
                why += f' header {key}: {lower.get(key.lower())}'
    tap.ok(not why, f'request {case["service"]} {case["operation"]}', why)

for case in golden['answers']:
    made = driver.ask(do='decode', **{k: case[k] for k in ('service', 'operation', 'status', 'headers', 'body')})
    good = 'why' not in made and same(made['value'], case['value'])
    tap.ok(good, f'answer {case["service"]} {case["operation"]}', made.get('why') or difference(made.get('value'), case['value']))

for case in golden['errors']:
    made = driver.ask(do='error', **{k: case[k] for k in ('service', 'operation', 'status', 'headers', 'body')})
    good = all(same(made[k], case[k]) for k in ('code', 'message', 'fields')) and made['is_error']
    tap.ok(good, f'error {case["service"]} {case["operation"]} {case["code"]}', f'{made}\n{case}')

# Errors there and back.
for service, operation, code, fields, status in (
        ('ec2', 'DescribeVpcs', 'InvalidVpcID.NotFound', {}, 400), ('iam', 'GetRole', 'NoSuchEntity', {}, 404),
        ('s3', 'GetObject', 'NoSuchKey', {}, 404), ('ssm', 'GetParameter', 'ParameterNotFound', {}, 400),
        ('efs', 'CreateFileSystem', 'FileSystemAlreadyExists', {'FileSystemId': 'fs-1'}, 409),
        ('sqs', 'GetQueueUrl', 'AWS.SimpleQueueService.NonExistentQueue', {}, 400)):
    sent = driver.ask(do='fail', service=service, operation=operation, code=code, message='a <b> & "c"', fields=fields)
    read = driver.ask(do='error', service=service, operation=operation, status=sent['status'], headers=sent['headers'], body=sent['body'])
    good = read['code'] == code and read['message'] == 'a <b> & "c"' and read['request_id'] == 'test-request' and sent['status'] == status
    good = good and all(read['fields'].get(k) == v for k, v in fields.items())
    tap.ok(good, f'error of {service} there and back', f'{sent} {read}')

# S3 may say "error" behind a status of 200.
body = '<?xml version="1.0" encoding="UTF-8"?>\n\n <Error><Code>InternalError</Code><Message>m</Message></Error>'
tap.ok(driver.ask(do='error', service='s3', operation='CopyObject', status=200, headers={}, body=body)['is_error'], 'an error with status 200 is one')
tap.ok(not driver.ask(do='error', service='s3', operation='GetObject', status=200, headers={}, body=body)['is_error'], 'an object that looks like an error is none')

WRONG = [
    ('ec2', 'RunInstances', {'MaxCount': 1}, ['MinCount is required.']),
    ('ec2', 'RunInstances', {'MinCount': 1, 'MaxCount': 'many'}, ['MaxCount must be an integer, not string.']),
    ('ec2', 'RunInstances', {'MinCount': 1.5, 'MaxCount': 1}, ['MinCount must be a whole number, not 1.5.']),
    ('ec2', 'RunInstances', {'MinCount': 1, 'MaxCount': 1, 'InstanceTypo': 'x'}, ['InstanceTypo is not a member of RunInstancesRequest; did you mean "InstanceType"?']),
    ('ec2', 'CreateVpc', {'InstanceTenancy': 'dedicatd'}, ['InstanceTenancy is "dedicatd", which is not one of the values of Tenancy; did you mean "dedicated"?']),
    ('ec2', 'CreateVpc', {'InstanceTenancy': 'zzzzzzzz'}, ['InstanceTenancy is "zzzzzzzz", but must be one of "default", "dedicated", "host".']),
    ('ec2', 'CreateTags', {'Resources': 'vpc-1', 'Tags': [{'Key': ['a']}]}, ['Resources must be a list, not string.', 'Tags[0].Key must be a string, not tuple.']),
    ('ec2', 'DescribeVpcs', {'Filters': [{'Name': 'a', 'Values': [{}]}]}, ['Filters[0].Values[0] must be a string, not object.']),
    ('ec2', 'ImportKeyPair', {'KeyName': 'k', 'PublicKeyMaterial': 'not base64'}, ['PublicKeyMaterial must be base64 text.']),
    ('ec2', 'RequestSpotInstances', {'ValidUntil': 'tomorrow'}, ['ValidUntil must be a time like "2024-02-29T12:00:00Z".']),
    ('iam', 'GetRole', {'RoleName': ''}, ['RoleName needs at least 1 character.']),
    ('efs', 'DescribeMountTargetSecurityGroups', {'MountTargetId': ''}, ['MountTargetId needs at least 13 characters.']),
    ('s3', 'HeadBucket', {'Bucket': ''}, ['Bucket must not be empty.']),
    ('sts', 'GetCallerIdentity', {'Who': 'me'}, ['Who is not a member of GetCallerIdentityRequest.']),
    ('lambda', 'GetAccountSettings', [1, 2], ['the request must be a structure, not tuple.']),
    ('s3', 'PutObject', {'Bucket': 'b', 'Key': 'k', 'ContentType': 'a\r\nX-Evil: 1'}, ['ContentType has a control character.']),
    ('dynamodb', 'CreateTable', {'TableName': 't', 'KeySchema': [], 'AttributeDefinitions': []}, ['KeySchema needs at least 1 element.']),
]
for service, operation, params, sentences in WRONG:
    made = driver.ask(do='encode', service=service, operation=operation, params=params)
    tap.ok(made.get('why', '').split('\n') == sentences, f'refused: {sentences[0]}', made)

GOOD = [
    # A block may be a list of one; null is not sent; what fits is converted.
    ('ec2', 'RunInstances', {'MinCount': '1', 'MaxCount': 1, 'Placement': [{'Tenancy': 'host'}], 'KernelId': None, 'EbsOptimized': 'true', 'InstanceType': 'x99.huge'},
     b'EbsOptimized=true&InstanceType=x99.huge&MaxCount=1&MinCount=1&Placement.Tenancy=host'),
    ('ec2', 'RunInstances', {'MinCount': 1, 'MaxCount': 1, 'Placement': []}, b'MaxCount=1&MinCount=1'),
    ('ec2', 'AuthorizeSecurityGroupIngress', {'IpPermissions': [{'FromPort': '22', 'IpProtocol': 6}]}, b'IpPermissions.1.FromPort=22&IpPermissions.1.IpProtocol=6'),
]
for service, operation, params, tail in GOOD:
    made = driver.ask(do='encode', service=service, operation=operation, params=params)
    tap.ok(made.get('body', b'').endswith(b'Version=2016-11-15&' + tail), f'{operation} is lenient', made)

made = driver.ask(do='encode', service='ec2', operation='RunInstances', params={'MinCount': 1, 'MaxCount': 1}, token='t-1')
tap.ok(b'ClientToken=t-1' in made['body'], 'the token is filled in')
made = driver.ask(do='encode', service='ec2', operation='RunInstances', params={'MinCount': 1, 'MaxCount': 1, 'ClientToken': 'own'}, token='t-1')
tap.ok(b'ClientToken=own' in made['body'] and b't-1' not in made['body'], 'a written token stays')
made = driver.ask(do='encode', service='rds', operation='CreateDBInstance', params={'DBInstanceIdentifier': 'd', 'DBInstanceClass': 'c', 'Engine': 'e', 'MasterUserPassword': 'hunter2'})
tap.ok(b'hunter2' in made['body'] and 'hunter2' not in made['log'], 'secrets are kept out of logs', made['log'])

BAD = [('ec2', 'DescribeVpcs', '<DescribeVpcsResponse><vpcSet><item>'), ('ec2', 'DescribeVpcs', 'not xml'), ('ec2', 'DescribeVpcs', ''),
       ('ec2', 'DescribeVpcs', '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'), ('ec2', 'DescribeVpcs', '<x>' * 500 + '</x>' * 500),
       ('ec2', 'DescribeVpcs', '<x><vpcSet><item><isDefault>maybe</isDefault></item></vpcSet></x>'),
       ('ssm', 'GetParameter', '{"Parameter":'), ('ssm', 'GetParameter', '{"Parameter":[]}'), ('ssm', 'GetParameter', '{"Parameter":{"LastModifiedDate":"soon"}}'),
       ('dynamodb', 'GetItem', '{"Item":{"a":' + '{"L":[' * 200 + ']}' * 200 + '}}'), ('efs', 'DescribeFileSystems', '[1]')]
for service, operation, body in BAD:
    made = driver.ask(do='decode', service=service, operation=operation, status=200, headers={}, body=body)
    tap.ok(bool(made.get('why')), f'not taken for an answer: {body[:40]!r}', made)
sys.exit(tap.done())
