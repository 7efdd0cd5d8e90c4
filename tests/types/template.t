#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Instances from a launch template: a version that moves on replaces the host that follows it, and no other."""
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / 'tools')]
import e2e  # noqa: E402
from stages import Project, actions  # noqa: E402
from tap import Tap, skip_all  # noqa: E402

for module in ('moto', 'boto3'):
    try:
        __import__(module)
    except ImportError:
        skip_all(f'python3 has no {module}')
if not os.access(e2e.INFRA, os.X_OK):
    skip_all('infra is not built')
tap = Tap()
VERSIONS = {'fixed': '"1"', 'latest': '"$Latest"', 'usual': '"$Default"', 'silent': None}


def host(name, version):
    line = f'\n    version = {version}' if version else ''
    return f'resource "aws_instance" "{name}" {{\n  launch_template {{\n    id = "{template}"{line}\n  }}\n}}\n'


with e2e.Moto() as moto, Project(moto) as project:
    ec2 = moto.client('ec2')
    data = {'ImageId': 'ami-0a1b2c3d4e5f60001', 'InstanceType': 't3.micro'}
    template = ec2.create_launch_template(LaunchTemplateName='hosts', LaunchTemplateData=data)['LaunchTemplate']['LaunchTemplateId']
    project.write(''.join(host(n, v) for n, v in VERSIONS.items()))

    def plan_is(expected, what):
        done = project.infra('plan', '-input=false')
        tap.ok(done.code == 0 and actions(done.out) == expected, what, actions(done.out), done)

    done = project.infra('apply', '-auto-approve', '-input=false')
    tap.ok(done.code == 0, 'hosts are made', done)
    plan_is({}, 'nothing is left to do')
    ec2.create_launch_template_version(LaunchTemplateId=template, LaunchTemplateData={**data, 'InstanceType': 't3.small'})
    plan_is({'aws_instance.latest': 'replace'}, 'another version replaces the host that follows the latest one')
    done = project.infra('apply', '-auto-approve', '-input=false')
    tap.ok(done.code == 0, 'it is made anew', done)
    types = sorted(i['InstanceType'] for r in ec2.describe_instances()['Reservations'] for i in r['Instances'] if i['State']['Name'] == 'running')
    tap.same(types, ['t3.micro', 't3.micro', 't3.micro', 't3.small'], 'by the new version')
    plan_is({}, 'nothing is left to do')
    ec2.modify_launch_template(LaunchTemplateId=template, DefaultVersion='2')
    plan_is({'aws_instance.usual': 'replace', 'aws_instance.silent': 'replace'}, 'another usual version replaces those that follow it')
    project.write(''.join(host(n, '"2"') for n in VERSIONS))
    plan_is({'aws_instance.fixed': 'replace', 'aws_instance.usual': 'replace', 'aws_instance.silent': 'replace', 'aws_instance.latest': 'replace'},
            'so does another number')
    done = project.infra('apply', '-auto-approve', '-input=false')
    tap.ok(done.code == 0, 'all are made anew', done)
    plan_is({}, 'nothing is left to do')
    done = project.infra('destroy', '-auto-approve', '-input=false')
    tap.ok(done.code == 0, 'destroy', done)
tap.done()
