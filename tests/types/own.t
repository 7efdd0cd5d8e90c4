#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Types that a project describes itself (examples/own-types): planned, applied, changed, imported and destroyed on
either cloud; taken along by saved plans; and their mistakes, told with file and line."""
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / 'tools')]
import e2e  # noqa: E402
from stages import actions  # noqa: E402
from tap import Tap, skip_all  # noqa: E402

for module in ('moto', 'boto3'):
    try:
        __import__(module)
    except ImportError:
        skip_all(f'python3 has no {module}')
if not os.access(e2e.INFRA, os.X_OK):
    skip_all('infra is not built')
EXAMPLE = HERE.parents[1] / 'examples/own-types'
tap = Tap()

with e2e.cloud() as cloud, tempfile.TemporaryDirectory() as scratch:
    folder = Path(scratch, 'project')
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns('.infra*', '.terraform*', 'terraform.tfstate*'))
    env = cloud.environment(HOME=scratch, XDG_CONFIG_HOME=scratch)
    sqs, logs = cloud.client('sqs'), cloud.client('logs')

    def infra(*args, code=0, what=None):
        done = e2e.run([e2e.INFRA, *args], env, folder)
        tap.ok(done.code == code, what or f'infra {" ".join(args)} ends with {code}', done)
        return done

    def plan_is(expected, *args):
        done = infra('plan', '-input=false', *args)
        tap.same(actions(done.out), expected, 'the plan is the one expected')

    infra('validate')
    infra('types', 'check', what='all types hold, the own ones among them')
    tap.ok('aws_sqs_queue' in infra('types', 'list').out.split(), 'they are listed')
    schemas = json.loads(infra('providers', 'schema', '-json').out)['provider_schemas']
    tap.ok(any('aws_sqs_queue' in s.get('resource_schemas', {}) for s in schemas.values()), 'and in the schemas')

    plan_is({'aws_cloudwatch_log_group.training': 'create', 'aws_sqs_queue.failed': 'create', 'aws_sqs_queue.jobs': 'create'}, '-out=first')
    shutil.move(folder / 'types', folder / 'away')
    infra('apply', 'first', what='a saved plan holds the types that it was made with')
    infra('plan', code=1, what='without their files the types are unknown')
    shutil.move(folder / 'away', folder / 'types')
    infra('plan', '-detailed-exitcode', what='nothing is left to do')
    url = sqs.get_queue_url(QueueName='training-jobs')['QueueUrl']
    got = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=['All'])['Attributes']
    tap.ok((got['VisibilityTimeout'], got['ReceiveMessageWaitTimeSeconds'], json.loads(got['RedrivePolicy'])['maxReceiveCount']) ==
           ('600', '10', 3), 'the queue has what is written', got)
    tap.same(sqs.list_queue_tags(QueueUrl=url)['Tags'], {'Project': 'own-types'}, 'the queue has its tags')
    group = logs.describe_log_groups(logGroupNamePrefix='/training/runs')['logGroups'][0]
    tap.same(group.get('retentionInDays'), 14, 'what a second call sets is set')

    plan_is({'aws_sqs_queue.jobs': 'update', 'aws_cloudwatch_log_group.training': 'update'}, '-var=wait=5', '-var=retention_in_days=30')
    infra('apply', '-auto-approve', '-var=wait=5', '-var=retention_in_days=30')
    infra('plan', '-detailed-exitcode', '-var=wait=5', '-var=retention_in_days=30', what='nothing is left to do')
    got = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=['All'])['Attributes']
    tap.same(got['ReceiveMessageWaitTimeSeconds'], '5', 'the queue is changed')
    sqs.set_queue_attributes(QueueUrl=url, Attributes={'VisibilityTimeout': '60'})
    sqs.tag_queue(QueueUrl=url, Tags={'Stray': '1'})
    plan_is({'aws_sqs_queue.jobs': 'update', 'aws_cloudwatch_log_group.training': 'update'})
    infra('apply', '-auto-approve', what='what was changed by others is put right')
    infra('plan', '-detailed-exitcode', what='nothing is left to do')
    logs.delete_log_group(logGroupName='/training/runs')
    plan_is({'aws_cloudwatch_log_group.training': 'create'})
    infra('apply', '-auto-approve')
    tap.ok('visibility_timeout_seconds' in infra('state', 'show', 'aws_sqs_queue.jobs').out, 'its attributes are shown')

    done = infra('plan', '-var=wait=21', code=1, what='a value that its rule refuses')
    tap.ok('"receive_wait_time_seconds" must be from 0 to 20, and is 21' in done.err, 'is told so', done)

    infra('state', 'rm', 'aws_sqs_queue.jobs')
    infra('import', 'aws_sqs_queue.jobs', url, what='a queue is imported')
    infra('plan', '-detailed-exitcode', what='nothing is left to do')
    infra('destroy', '-auto-approve')
    tap.ok(not sqs.list_queues().get('QueueUrls') and not logs.describe_log_groups()['logGroups'], 'nothing is left')

    original = (folder / 'types/sqs.hcl').read_text()
    for old, new, sentence in (
            ('"SetQueueAttributes"', '"SetQueueAtributes"', 'no operation "SetQueueAtributes"; did you mean "SetQueueAttributes"?'),
            ('answer.QueueUrl', 'answer.QueueURL', 'has no member QueueURL'),
            ('range(0, 900)', 'range(0)', 'range takes 2 arguments'),
            ('syntax(policy)', 'syntax(polcy)', '"polcy" is not a syntax'),
            ('type "aws_sqs_queue"', 'resource "aws_sqs_queue"', 'stands here, not "resource"'),
            ('settle   = repeat', 'settle   = sometimes', 'not a way to settle'),
            ('timeouts = {', 'timeots = {', '"timeots" is not a word of types'),
            ('schema {', 'schema', 'A name alone says nothing')):
        assert old in original, old
        (folder / 'types/sqs.hcl').write_text(original.replace(old, new, 1))
        done = e2e.run([e2e.INFRA, 'plan'], env, folder)
        flat = ' '.join(done.err.split())
        tap.ok(done.code == 1 and sentence in flat and 'types/sqs.hcl, line' in flat, f'a mistake is told: {sentence}', done)
    (folder / 'types/sqs.hcl').write_text(original)

    # A type of ours, mended by the project's own.
    vpc = (HERE.parents[1] / 'providers/aws/types/aws_vpc.hcl').read_text()
    (folder / 'types/vpc.hcl').write_text(vpc.replace('allowed("default", "dedicated")', 'allowed("default")', 1))
    (folder / 'main.tf').write_text('resource "aws_vpc" "one" {\n  cidr_block       = "10.0.0.0/16"\n  instance_tenancy = "dedicated"\n}\n')
    done = infra('plan', code=1, what="a type of the program is replaced by the project's own")
    tap.ok('"instance_tenancy" must be "default"' in ' '.join(done.err.split()), 'whose rules hold', done)
    e2e.nothing_unknown(tap, cloud)
tap.done()
