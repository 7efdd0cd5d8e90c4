#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the vectors of this folder: one folder each, one file a stage. The requests stand below, the
expected values come from botocore's own signer. Run it only to add a case: collect.py FOLDER"""
import datetime, sys
from pathlib import Path
import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

KEY, SECRET = 'AKIDEXAMPLE', 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'
TOKEN = 'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIe+/z=='
FORM = {'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8'}
JSON = {'Content-Type': 'application/x-amz-json-1.1', 'X-Amz-Target': 'AmazonSSM.GetParameter'}
VPC = 'Action=DescribeVpcs&Version=2016-11-15&Filter.1.Name=tag%3AName&Filter.1.Value.1=a%20b'

class Case:
    def __init__(self, name, url, method='GET', headers=None, body='', service='ec2', region='us-east-1', token=None,
                 time='20150830T123600Z', presign=None, unsigned=False):
        vars(self).update(locals())

E = 'https://example.amazonaws.com'
S3 = 'https://bucket.s3.us-west-2.amazonaws.com'
def s3(name, url, **more):
    return Case(name, url, service='s3', region='us-west-2', **more)

CASES = [
    # The shapes of the suite that AWS published for Signature Version 4.
    Case('get-vanilla', E + '/', service='service'),
    Case('get-no-path', E, service='service'),
    Case('post-vanilla', E + '/', 'POST', service='service'),
    Case('get-query-one', E + '/?Param1=value1', service='service'),
    Case('get-query-order-key', E + '/?Param2=value2&Param1=value1', service='service'),
    Case('get-query-order-key-case', E + '/?param=b&Param=a&PARAM=c', service='service'),
    Case('get-query-order-value', E + '/?Param1=value2&Param1=value1&Param1=Value3', service='service'),
    Case('get-query-prefix-names', E + '/?a-b=1&a=2&a.b=3&ab=4', service='service'),
    Case('get-query-empty-values', E + '/?b=&a&c=1', service='service'),
    Case('get-query-unreserved', E + '/?-._~0123456789ABCxyz=-._~0123456789ABCxyz', service='service'),
    Case('get-query-utf8', E + '/?%E1%88%B4=bar&na%C3%AFve=%2B%20%2F', service='service'),
    Case('get-query-equals-in-value', E + '/?a=b=c&d=%3D', service='service'),
    Case('get-unreserved-path', E + '/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz', service='service'),
    Case('get-utf8-path', E + '/%E1%88%B4', service='service'),
    Case('get-space-path', E + '/example%20space/', service='service'),
    Case('get-reserved-path', E + '/a:b@c!d$e(f)*,;=+', service='service'),
    Case('get-relative', E + '/example/..', service='service'),
    Case('get-relative-twice', E + '/one/two/../../three', service='service'),
    Case('get-relative-above', E + '/../../one', service='service'),
    Case('get-dot', E + '/./', service='service'),
    Case('get-dot-inside', E + '/one/./two', service='service'),
    Case('get-slashes', E + '//one///two//', service='service'),
    Case('post-header-case', E + '/', 'POST', {'My-HEADER1': 'VALUE1', 'My-header2': 'Value2'}, service='service'),
    Case('post-header-sort', E + '/', 'POST', {'Zoo': 'z', 'a-b': '1', 'ab': '2', 'A': '3'}, service='service'),
    Case('get-header-spaces', E + '/', headers={'My-Header1': '  a   b  c ', 'My-Header2': ' "a   b" '}, service='service'),
    Case('get-header-tab', E + '/', headers={'My-Header1': 'a\t \tb'}, service='service'),
    Case('get-header-empty', E + '/', headers={'My-Header1': ''}, service='service'),
    Case('get-header-unsigned', E + '/', headers={'User-Agent': 'infra', 'Expect': '100-continue', 'X-Amzn-Trace-Id': 'x',
                                                  'My-Header': 'kept'}, service='service'),
    Case('get-token', E + '/', service='service', token=TOKEN),
    Case('post-form', E + '/', 'POST', FORM, 'Param1=value1', service='service'),
    Case('host-port', 'https://localhost:4566/', 'POST', FORM, VPC),
    Case('host-port-default', 'https://example.amazonaws.com:443/', service='service'),
    Case('host-plain', 'http://127.0.0.1:5000/', 'POST', FORM, VPC),
    Case('host-plain-default', 'http://example.amazonaws.com:80/', service='service'),
    # What the five protocols send.
    Case('ec2-query', 'https://ec2.us-east-1.amazonaws.com/', 'POST', FORM, VPC),
    Case('ec2-query-token', 'https://ec2.eu-central-1.amazonaws.com/', 'POST', FORM, VPC, region='eu-central-1', token=TOKEN),
    Case('ec2-query-gov', 'https://ec2.us-gov-west-1.amazonaws.com/', 'POST', FORM, VPC, region='us-gov-west-1'),
    Case('ec2-query-china', 'https://ec2.cn-north-1.amazonaws.com.cn/', 'POST', FORM, VPC, region='cn-north-1'),
    Case('iam-global', 'https://iam.amazonaws.com/', 'POST', FORM, 'Action=GetUser&Version=2010-05-08', service='iam'),
    Case('sts-query', 'https://sts.eu-west-1.amazonaws.com/', 'POST', FORM, 'Action=GetCallerIdentity&Version=2011-06-15',
         service='sts', region='eu-west-1', time='20240229T235959Z'),
    Case('ssm-json', 'https://ssm.us-east-1.amazonaws.com/', 'POST', JSON, '{"Name":"/a/b","WithDecryption":true}', service='ssm'),
    Case('json-empty-object', 'https://ssm.us-east-1.amazonaws.com/', 'POST', JSON, '{}', service='ssm', token=TOKEN),
    Case('efs-rest-get', 'https://elasticfilesystem.us-east-1.amazonaws.com/2015-02-01/file-systems?MaxItems=100&FileSystemId=fs-1',
         service='elasticfilesystem'),
    Case('efs-rest-delete', 'https://elasticfilesystem.us-east-1.amazonaws.com/2015-02-01/tags/fs%3A1%2F2', 'DELETE',
         service='elasticfilesystem'),
    Case('lambda-rest-arn', 'https://lambda.us-east-1.amazonaws.com/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A1%3Afunction%3Af',
         service='lambda'),
    Case('route53-rest-xml', 'https://route53.amazonaws.com/2013-04-01/hostedzone', 'POST', {'Content-Type': 'application/xml'},
         '<?xml version="1.0"?><CreateHostedZoneRequest/>', service='route53'),
    Case('body-binary', E + '/', 'PUT', {'Content-Type': 'application/octet-stream'}, '\u00e9\u1234\U0001f600', service='service'),
    # S3, whose path is taken as it is.
    s3('s3-get-object', S3 + '/key'),
    s3('s3-path-kept', S3 + '/a//b/./c/../d'),
    s3('s3-escaped-key', S3 + '/a%20b/%E1%88%B4%2B%26'),
    s3('s3-put-object', S3 + '/key', method='PUT', headers={'Content-Type': 'text/plain', 'x-amz-acl': 'private'}, body='hello'),
    s3('s3-put-token', S3 + '/key', method='PUT', body='hello', token=TOKEN),
    s3('s3-put-unsigned', S3 + '/key', method='PUT', headers={'Content-MD5': 'XUFAKrxLKna5cZ2REBfFkg=='}, body='hello', unsigned=True),
    s3('s3-list', S3 + '/?list-type=2&prefix=a%2Fb&continuation-token=1%2F2%3D%3D&max-keys=1000'),
    s3('s3-subresource', S3 + '/?versioning'),
    s3('s3-tagging', S3 + '/?tagging', method='PUT', headers={'Content-MD5': '1B2M2Y8AsgTpgAmY7PhCfg=='}, body='<Tagging/>'),
    s3('s3-path-style', 'http://127.0.0.1:5000/bucket/key', method='HEAD'),
    # In the query.
    Case('presign-sts', 'https://sts.us-east-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15', service='sts', presign=60),
    Case('presign-eks', 'https://sts.us-east-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15', service='sts', presign=60,
         headers={'x-k8s-aws-id': 'cluster'}, token=TOKEN),
    s3('presign-s3-get', S3 + '/a%20b//c', presign=3600),
    s3('presign-s3-token', S3 + '/key', presign=604800, token=TOKEN),
    s3('presign-s3-query', S3 + '/key?versionId=a%2Fb', presign=900),
]

def collect(case, folder):
    when = datetime.datetime.strptime(case.time, '%Y%m%dT%H%M%SZ').replace(tzinfo=datetime.timezone.utc)
    botocore.auth.get_current_datetime = lambda remove_tzinfo=True: when
    kind = {(True, False): botocore.auth.S3SigV4Auth, (True, True): botocore.auth.S3SigV4QueryAuth,
            (False, False): botocore.auth.SigV4Auth, (False, True): botocore.auth.SigV4QueryAuth}[case.service == 's3', bool(case.presign)]
    signer = kind(Credentials(KEY, SECRET, case.token), case.service, case.region, **({'expires': case.presign} if case.presign else {}))
    kept = {}
    for stage in ('canonical_request', 'string_to_sign', 'signature'):
        def wrap(*args, stage=stage, method=getattr(signer, stage)):
            kept[stage] = method(*args)
            return kept[stage]
        setattr(signer, stage, wrap)
    request = AWSRequest(method=case.method, url=case.url, headers=case.headers or {}, data=case.body.encode())
    if case.unsigned:
        request.context['has_streaming_input'] = True
    signer.add_auth(request)
    lines = [f'method {case.method}', f'url {case.url}', f'service {case.service}', f'region {case.region}', f'time {case.time}',
             f'access-key {KEY}', f'secret-key {SECRET}']
    lines += [f'token {case.token}'] * bool(case.token) + [f'presign {case.presign}'] * bool(case.presign) + ['unsigned'] * case.unsigned
    lines += [f'header {name}:{value}' for name, value in (case.headers or {}).items()]
    out = folder / case.name
    out.mkdir(parents=True, exist_ok=True)
    (out / 'request').write_text('\n'.join(lines) + '\n\n' + case.body)
    (out / 'canonical').write_text(kept['canonical_request'])
    (out / 'string-to-sign').write_text(kept['string_to_sign'])
    (out / 'signature').write_text(kept['signature'])
    (out / 'result').write_text(request.url if case.presign else request.headers['Authorization'])

if __name__ == '__main__':
    for case in CASES:
        collect(case, Path(sys.argv[1]))
    print(len(CASES), 'vectors')
