#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`infra types check`: the built-in types hold against our own tables, a user's file that corrects one is checked
in its place, and names changed by one letter are found."""
import json
import os
import random
import re
import subprocess
import sys
import tempfile
from pathlib import Path

here = Path(__file__).resolve().parent
sys.path[:0] = [str(here), str(here.parent / 'aws')]
from wirelib import Tap

infra = os.environ.get('INFRA') or str(here.parents[1] / 'build/infra')
folder = here.parents[1] / 'providers/aws/types'
tap = Tap()


def check(*args):
    done = subprocess.run([infra, 'types', 'check', *map(str, args)], capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


code, out = check()
tap.ok(code == 0 and 'types hold' in out, 'the built-in types hold', out)
listed = subprocess.run([infra, 'types', 'list'], capture_output=True, text=True).stdout.split()
tap.ok({f.stem for f in folder.glob('aws_*.hcl')} <= set(listed), 'they are listed', listed)
code, out = check('aws_vpc', 'data.aws_vpc')
tap.ok(code == 0 and out.startswith('2 types hold'), 'some by name', out)
code, out = check('aws_vpd')
tap.ok(code == 1 and 'Did you mean "aws_vpc"?' in out, 'a name that is none', out)
code, out = check('/nonexistent.hcl')
tap.ok(code == 1 and 'Cannot read the file' in out, 'a file that is not there', out)
tap.ok(subprocess.run([infra, 'types'], capture_output=True).returncode == 3, 'no subcommand is a mistake of use')


MISTAKES = '''type "aws_x" {
  service = "ec2"
  schema {
    a = opt(string, at("x")) #!
    b = opt(string, at(f(1))) #!
    c = opt(string, at(1)) #!
    d = opt(foo, local) #!
    e = opt() #!
    f = one(1) #!
    g = one({ x = opt(string) }, at(y[1].z))
    h = opt(string, default(f())) #!
    i = opt(number, default("x"), allowed("a", 1), range("a", 2), length(null, null), pattern("(", "x"), check(1), syntax(no)) #!
    j = req(string, follows(1, "x", a.b.c), either(1)) #!
  }
  update { of = [1, f()] } #!
  update "x" "y" {} #!
  reconcile "r" { of = 1 } #!
  within { when = 1 } #!
  within "w" { enter = 1 } #!
  let "x" { a = a }
  let { q = q }
  function "f" {
    params = 1 #!
    result = f(1)
  }
  function { } #!
  read {
    call = 1 #!
    by = [filter(), ids(1), group(), x, 1] #!
    part { for = 1 } #!
    part "p" {
      each = 1
      for = [zzz]
    }
    one {
      one {}
    }
  }
  tags {
    read = { call = "Nope" } #!
    add = 1
  }
  create = [1, { call = 1 }, { run = 1, empty = {} }, { retry = 1 }, { retry = [{}] }] #!
  delete = {}
  settle = 1 #!
  timeouts = 1
  key = 1 #!
  version = "x" #!
  permissions = 1 #!
  import = 1
}
type "aws_y" { service = "nope" } #!
data "aws_z" {}
'''


def explain(*names):
    done = subprocess.run([infra, 'types', 'explain', *names], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


pages = {}
schema = json.loads((here / 'schema.json').read_text())
for name in listed:
    code, pages[name], err = explain(name)
    kind = 'data' if name.startswith('data.') else 'resource'
    block = schema[kind][name.removeprefix('data.')]
    wanted = [f'\n  {a}: ' for a in block.get('attributes', {}) if a not in ('tags', 'tags_all')]
    wanted += [f'\n  {b} {{ ... }}: ' for b in block.get('blocks', {}) if b != 'timeouts']
    wanted += ['\nARGUMENTS\n', '\nPERMISSIONS\n'] + (['\nIMPORT\n', '\nCALLS\n', '\n  delete\n'] if kind == 'resource' else [])
    missing = [w for w in wanted if w not in pages[name]]
    if code or err or missing or max(map(len, pages[name].split('\n'))) > 100 and not any(len(w) > 90 for w in pages[name].split()):
        tap.ok(False, f'the page of {name}', missing, err)
tap.ok(len(pages) == len(listed), f'{len(pages)} pages say all attributes')
flat = {name: ' '.join(page.split()) for name, page in pages.items()}
for name, sentence in (
        ('aws_instance', 'instance_type: string, optional, AWS\'s if not written At least one of instance_type, launch_template must be written. '
                         'A change is made by "type", while the object is "stopped". Sent as InstanceType.'),
        ('aws_instance', 'ami: string, optional, AWS\'s if not written'), ('aws_instance', 'iam:PassRole create, update'),
        ('aws_instance', 'tenancy: string, optional, AWS\'s if not written One of "default", "dedicated" or "host". A change replaces the object. '
                         'Sent as Placement.Tenancy.'),
        ('aws_instance', 'http_put_response_hop_limit: number, optional, AWS\'s if not written From 1 to 64. A change is made by "metadata".'),
        ('aws_instance', 'read DescribeInstances, by the filter "instance-id", up to 200 objects a request'),
        ('aws_instance', 'create 10m read 15m update 10m delete 20m'), ('aws_instance', 'ec2:RunInstances create'),
        ('aws_vpc', 'cidr_block: string, optional, AWS\'s if not written Must be an IPv4 address block without host bits'),
        ('aws_ssm_parameter', 'Exactly one of insecure_value, value, value_wo must be written.'),
        ('aws_ssm_parameter', 'value_wo: string, optional, sensitive, never stored Only together with value_wo_version.'),
        ('aws_efs_file_system', 'elasticfilesystem:CreateFileSystem create'),
        ('aws_iam_policy', 'GetPolicy for each, while there are at most 12'),
        ('aws_volume_attachment', 'infra import aws_volume_attachment.NAME TEXT'),
        ('data.aws_ami', 'takes self.most_recent == true'), ('data.aws_caller_identity', 'PERMISSIONS none'),
        ('data.aws_iam_policy_document', 'computed by infra itself')):
    tap.ok(sentence in flat[name], f'the page of {name}: {sentence}', pages[name])
code, out, err = explain('aws_vpc', 'aws_subnet')
tap.ok(code == 0 and out == pages['aws_vpc'] + '\n\n' + pages['aws_subnet'], 'several pages')
for name, near in (('aws_instnce', 'aws_instance'), ('data.aws_subnett', 'data.aws_subnet')):
    code, out, err = explain(name)
    tap.ok(code == 1 and f'Did you mean "{near}"?' in err and not out, f'{name} is none', err)
tap.ok(subprocess.run([infra, 'types', 'explain'], capture_output=True).returncode == 3, 'no name is a mistake of use')

with tempfile.TemporaryDirectory() as scratch:
    def mend(name, *changes):
        text = (folder / f'{name}.hcl').read_text()
        for old, new in changes:
            assert old in text, (name, old)
            text = text.replace(old, new, 1)
        path = Path(scratch, f'{name}.hcl')
        path.write_text(text)
        return path

    for name, old, new, sentence in (
            ('aws_vpc', '"DescribeVpcs"', '"DescribeVpc"', 'no operation "DescribeVpc"'),
            ('aws_vpc', 'answer.Vpcs', 'answer.Vpcz', 'has no member Vpcz; did you mean Vpcs?'),
            ('aws_ebs_volume', '"available"', '"avialable"', 'VolumeState is never "avialable"; did you mean "available"?'),
            ('aws_iam_role', 'RoleName = id', 'RoleNane = id', 'RoleName is required and never sent')):
        code, out = check(mend(name, (old, new)))
        tap.ok(code == 1 and sentence in out and f'{name}.hcl, line ' in out, f'{name}: {sentence}', out)
    code, out = check(mend('aws_vpc', ('type "aws_vpc"', 'type "aws_own"')))
    tap.ok(code == 0, 'a type of one\'s own', out)

    path = Path(scratch, 'mistakes.hcl')
    path.write_text(MISTAKES)
    code, out = check(path)
    told = [m for m in re.findall(r'mistakes.hcl, line (\d+), column', out)]
    wanted = [n for n, line in enumerate(MISTAKES.split('\n'), 1) if line.endswith('#!')]
    missing = sorted(set(wanted) - {int(n) for n in told})
    tap.ok(code == 1 and not missing and 'a text is needed here' in out, f'{len(told)} mistakes of a file are told at once', out if not missing else missing)

    try:
        import check_types
    except ImportError as missing:
        tap.ok(True, f'mutations # SKIP {missing.name} is not installed')
        sys.exit(tap.done())
    rng = random.Random(1)
    names = sorted(f.stem for f in folder.glob('aws_*.hcl'))
    found, missed = 0, []
    for _ in range(200 if os.environ.get('SWEEP') == 'all' else 40):
        name = rng.choice(names)
        text, word = check_types.mutate((folder / f'{name}.hcl').read_text(), rng)
        path = Path(scratch, f'{name}.hcl')
        path.write_text(text)
        code, out = check(path)
        if code == 1:
            found += 1
        else:
            missed.append(f'{name} {word}')
    # Error codes are not in EC2's models, and so not in ours.
    tap.ok(found >= 0.75 * (found + len(missed)), f'{found} of {found + len(missed)} names changed by one letter are found', missed)
sys.exit(tap.done())
