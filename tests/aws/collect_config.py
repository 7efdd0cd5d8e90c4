#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What botocore makes of regions, endpoints and shared files, for test_aws_config.c. Run it in this folder
only to add a case: collect_config.py"""
import itertools, os, shutil, subprocess, sys, tempfile
from pathlib import Path
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

HERE = Path(__file__).resolve().parent
SERVICES = ['ec2', 'iam', 'sts', 's3', 'ssm', 'efs', 'elb', 'elbv2', 'route53', 'budgets', 'ce', 'ecr', 'eks', 'batch', 'kms', 'logs',
            'cloudwatch', 'events', 'sagemaker', 'secretsmanager', 'service-quotas', 'sqs', 'sns', 'rds', 'dynamodb', 'pricing',
            'autoscaling', 'fsx', 'lambda']
REGIONS = ['us-east-1', 'us-west-2', 'eu-central-1', 'ap-southeast-7', 'us-gov-west-1', 'us-gov-east-1', 'cn-north-1',
           'cn-northwest-1', 'us-iso-east-1', 'us-isob-east-1', 'eu-west-9', 'us-gov-north-1', 'xx-nowhere-1']

def endpoint(session, service, region, fips=False, dual=False):
    client = session.create_client(service, region_name=region, aws_access_key_id='a', aws_secret_access_key='b',
                                   config=Config(use_fips_endpoint=fips, use_dualstack_endpoint=dual, s3={'addressing_style': 'path'}))
    ruleset, found = client._ruleset_resolver, None
    params = {'Region': region, 'UseFIPS': fips, 'UseDualStack': dual, 'UseGlobalEndpoint': False}
    known = ruleset._provider.ruleset.parameters
    found = ruleset._provider.resolve_endpoint(**{k: v for k, v in params.items() if k in known})
    schemes = found.properties.get('authSchemes') or [{}]
    return found.url, schemes[0].get('signingRegion', region)

def endpoints():
    session = botocore.session.Session()
    with open(HERE / 'endpoints.tsv', 'w') as out:
        for service, region, (fips, dual) in itertools.product(SERVICES, REGIONS, itertools.product((False, True), repeat=2)):
            try:
                url, signing = endpoint(session, service, region, fips, dual)
            except BotoCoreError:
                url, signing = 'none', 'none'
            print(service, region, int(fips), int(dual), url, signing, sep='\t', file=out)

# name: (config file, credentials file, environment, questions "PROFILE NAME" or "endpoint SERVICE")
CASES = {
    'plain': ('[default]\nregion = us-east-1\n[profile dev]\nregion=eu-west-1\noutput =json\n', '[default]\naws_access_key_id = A\naws_secret_access_key=s\n[dev]\naws_access_key_id=D\n', {},
              ['default region', 'dev region', 'dev output', 'default aws_access_key_id', 'dev aws_access_key_id', 'dev aws_secret_access_key', 'none region']),
    'credentials-win': ('[default]\naws_access_key_id = CONFIG\nregion = a\n', '[default]\naws_access_key_id = CREDENTIALS\nregion = b\n', {}, ['default aws_access_key_id', 'default region']),
    'no-prefix': ('[dev]\nregion = a\n[profile dev2]\nregion = b\n', '[profile dev3]\nregion = c\n', {}, ['dev region', 'dev2 region']),
    'quoted-names': ('[profile "with space"]\nregion = a\n[profile tab]\nregion = b\n', '', {}, ['tab region']),
    'nested': ('[default]\ns3 =\n  addressing_style = path\n  max_concurrent_requests=20\nregion = a\n', '', {}, ['default s3.addressing_style', 'default s3.max_concurrent_requests', 'default region']),
    'comments': ('# one\n; two\n[default]\n# three\nregion = a\n;four\noutput = b\n', '', {}, ['default region', 'default output']),
    'colon': ('[default]\nregion: a\nendpoint_url: http://localhost:1\n', '', {}, ['default region', 'default endpoint_url']),
    'values': ('[default]\ncredential_process = /bin/x "a b" --c=d\nrole_arn = arn:aws:iam::1:role/x\nempty =\n', '', {}, ['default credential_process', 'default role_arn', 'default region']),
    'case': ('[default]\nRegion = a\n[profile Dev]\nREGION = b\n', '', {}, ['default region', 'Dev region', 'dev region']),
    'endpoint-all': ('[default]\nendpoint_url = http://profile\n', '', {'AWS_ENDPOINT_URL': 'http://all'}, ['endpoint ec2', 'endpoint elbv2']),
    'endpoint-service': ('', '', {'AWS_ENDPOINT_URL': 'http://all', 'AWS_ENDPOINT_URL_EC2': 'http://ec2', 'AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2': 'http://elbv2'},
                         ['endpoint ec2', 'endpoint elbv2', 'endpoint s3']),
    'endpoint-sections': ('[default]\nservices = mine\nendpoint_url = http://profile\n[services mine]\nec2 =\n  endpoint_url = http://section\nservice_quotas =\n  endpoint_url = http://quotas\n', '', {},
                          ['endpoint ec2', 'endpoint service-quotas', 'endpoint s3']),
    'endpoint-order': ('[default]\nservices = mine\n[services mine]\nec2 =\n  endpoint_url = http://section\n', '', {'AWS_ENDPOINT_URL': 'http://all'}, ['endpoint ec2', 'endpoint s3']),
    'endpoint-ignored': ('[default]\nendpoint_url = http://profile\n', '', {'AWS_ENDPOINT_URL_EC2': 'http://ec2', 'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS': 'true'}, ['endpoint ec2', 'endpoint s3']),
    'endpoint-ignored-profile': ('[default]\nendpoint_url = http://profile\nignore_configured_endpoint_urls = true\n', '', {}, ['endpoint ec2']),
    'profile-chosen': ('[profile a]\nendpoint_url = http://a\n[default]\nendpoint_url = http://default\n', '', {'AWS_PROFILE': 'a'}, ['endpoint ec2']),
    'keys-environment': ('[default]\naws_access_key_id = C\naws_secret_access_key = s\n', '[default]\naws_access_key_id = F\naws_secret_access_key = s\n',
                         {'AWS_ACCESS_KEY_ID': 'E', 'AWS_SECRET_ACCESS_KEY': 'es', 'AWS_SESSION_TOKEN': 'et'}, ['credentials -']),
    'keys-both-files': ('[default]\naws_access_key_id = C\naws_secret_access_key = cs\n', '[default]\naws_access_key_id = F\naws_secret_access_key = fs\naws_session_token = ft\n', {}, ['credentials -']),
    'keys-config-only': ('[default]\naws_access_key_id = C\naws_secret_access_key = cs\n', '', {}, ['credentials -']),
    'keys-profile': ('[profile a]\nregion = x\n', '[default]\naws_access_key_id = F\naws_secret_access_key = fs\n[a]\naws_access_key_id = A\naws_secret_access_key = as\n', {'AWS_PROFILE': 'a'}, ['credentials -']),
    'keys-environment-over-profile': ('', '[a]\naws_access_key_id = A\naws_secret_access_key = as\n', {'AWS_PROFILE': 'a', 'AWS_ACCESS_KEY_ID': 'E', 'AWS_SECRET_ACCESS_KEY': 'es'}, ['credentials -']),
    'keys-process': ('[profile p]\ncredential_process = printf %s "{\\"Version\\":1,\\"AccessKeyId\\":\\"P\\",\\"SecretAccessKey\\":\\"ps\\"}"\n', '', {'AWS_PROFILE': 'p'}, ['credentials -']),
    'keys-over-process': ('[profile p]\ncredential_process = false\n', '[p]\naws_access_key_id = F\naws_secret_access_key = fs\n', {'AWS_PROFILE': 'p'}, ['credentials -']),
    'keys-none': ('[profile p]\nregion = x\n', '', {'AWS_PROFILE': 'p', 'AWS_EC2_METADATA_DISABLED': 'true'}, ['credentials -']),
    'sso-session': ('[profile a]\nsso_session = s\nsso_account_id = 1\n[sso-session s]\nsso_region = x\nsso_start_url = https://y/start\n', '', {}, ['a sso_session', 'a sso_account_id']),
}

def config_cases():
    shutil.rmtree(HERE / 'config', ignore_errors=True)
    for name, (config, credentials, env, questions) in CASES.items():
        folder = HERE / 'config' / name
        folder.mkdir(parents=True)
        (folder / 'config').write_text(config)
        (folder / 'credentials').write_text(credentials)
        (folder / 'env').write_text(''.join(f'{k}={v}\n' for k, v in env.items()))
        for key in [k for k in os.environ if k.startswith('AWS_')]:
            del os.environ[key]
        os.environ.update(env, AWS_CONFIG_FILE=str(folder / 'config'), AWS_SHARED_CREDENTIALS_FILE=str(folder / 'credentials'))
        session = botocore.session.Session()
        lines = []
        for question in questions:
            who, what = question.split()
            if who == 'credentials':
                found = session.get_credentials()
                answer = ' '.join(filter(None, found.get_frozen_credentials()[:3])) if found else ''
            elif who == 'endpoint':
                client = session.create_client(what, region_name='us-east-1', aws_access_key_id='a', aws_secret_access_key='b')
                url = client.meta.endpoint_url
                answer = url if 'amazonaws' not in url and not url.endswith('.aws') else ''
            else:
                answer = session.full_config['profiles'].get(who, {})
                for part in what.split('.'):
                    answer = answer.get(part, '') if answer else ''
            lines.append(f'{who}\t{what}\t{answer}\n')
        (folder / 'expect').write_text(''.join(lines))

if __name__ == '__main__':
    endpoints()
    config_cases()
