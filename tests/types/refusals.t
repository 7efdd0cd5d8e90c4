#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Values that arguments do not take are told where they stand, by validate and by plan, and nothing is made of them."""
import json
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / 'tools')]
import e2e  # noqa: E402
from stages import Project  # noqa: E402
from tap import Tap, skip_all  # noqa: E402

if not os.access(e2e.INFRA, os.X_OK):
    skip_all('infra is not built')
tap = Tap()

# The text with ## behind the lines that are refused, and what is said: (address, words).
REFUSED = '''variable "kind" {
  default = "gp9"
}

variable "secret" {
  default   = "hush-hush"
  sensitive = true
}

resource "aws_instance" "a" {
  ami           = "ami-1"
  instance_type = "t3.micro"
  tenancy       = "Dedicated" ## aws_instance.a: "tenancy" must be "default", "dedicated" or "host", and is "Dedicated". Did you mean "dedicated"?
  metadata_options {
    http_tokens = "maybe" ## aws_instance.a: "metadata_options.http_tokens" must be "optional" or "required", and is "maybe".
  }
  dynamic "ebs_block_device" { ## aws_instance.a: "ebs_block_device.volume_type" must be
    for_each = ["/dev/sdf"]
    content {
      device_name = ebs_block_device.value
      volume_type = "gp5"
    }
  }
}

resource "aws_vpc" "v" {
  cidr_block = "10.0.0.1/16" ## aws_vpc.v: without host bits, such as 10.0.0.0/16, and is "10.0.0.1/16". Did you mean "10.0.0.0/16"?
}

resource "aws_vpc" "named" {
  id = "vpc-1" ## aws_vpc.named: "id" cannot be written: AWS decides it.
}

resource "aws_route" "r" {
  route_table_id         = "rtb-1"
  destination_cidr_block = "10.0.0.0/8"
  gateway_id             = "igw-1" ## aws_route.r: can be written, and "gateway_id" and "nat_gateway_id" are.
  nat_gateway_id         = "nat-1"
}

resource "aws_ebs_volume" "x" {
  availability_zone = "a"
} ## aws_ebs_volume.x: At least one of "size" or "snapshot_id" must be written.

resource "aws_ssm_parameter" "s" {
  name             = "/s"
  type             = "String"
  value            = "v"
  value_wo_version = 1 ## aws_ssm_parameter.s: "value_wo_version" needs "value_wo", which is not written.
}

resource "aws_security_group" "g" {
  ingress { ## aws_security_group.g: "ingress" must be made of rules whose cidr_blocks
    from_port   = 1
    to_port     = 2
    protocol    = "tcp"
    cidr_blocks = ["10.0.0.0"]
  }
}

resource "aws_security_group" "t" {
  timeouts {
    create = "5x" ## aws_security_group.t: "timeouts.create" must be a duration such as "90s", "30m" or "1h30m", and is "5x".
    delete = 5 ## aws_security_group.t: "timeouts.delete" must be a duration
  }
}

resource "aws_security_group" "d" {
  dynamic "timeouts" { ## aws_security_group.d: "timeouts.create" must be a duration
    for_each = [""]
    content {
      create = timeouts.value
    }
  }
}

data "aws_ami" "i" {
  name_regex = "a(" ## data.aws_ami.i: "name_regex" must be a regular expression, and is "a(".
}
'''
LATER = '''
resource "aws_instance" "b" {
  ami           = "ami-1"
  instance_type = "t3.micro"
  tenancy       = var.secret ## aws_instance.b: "tenancy" must be "default", "dedicated" or "host".
  root_block_device {
    volume_type = var.kind ## aws_instance.b: "root_block_device.volume_type" must be
  }
}
'''
GOOD = '''variable "none" {
  type    = string
  default = null
}

resource "aws_vpc" "v" {
  cidr_block = "10.0.0.0/16"
}

resource "aws_subnet" "s" {
  for_each                = { a = "10.0.0.0/24", b = "10.0.1.0/24" }
  vpc_id                  = aws_vpc.v.id
  cidr_block              = each.value
  availability_zone       = "us-east-1${each.key}"
  availability_zone_id    = var.none
  map_public_ip_on_launch = null
}

resource "aws_security_group" "g" {
  vpc_id = aws_vpc.v.id
}

resource "aws_security_group_rule" "r" {
  type                     = "ingress"
  from_port                = 1
  to_port                  = 2
  protocol                 = "tcp"
  security_group_id        = aws_security_group.g.id
  source_security_group_id = aws_security_group.g.id
  cidr_blocks              = null
}

resource "aws_route_table" "t" {
  vpc_id = aws_vpc.v.id
  route  = []
  timeouts {
    create = "1h30m"
    delete = var.none
  }
}
'''


def expected(text):
    rows = []
    for number, line in enumerate(text.split('\n'), 1):
        if ' ## ' in line:
            address, words = line.split(' ## ', 1)[1].split(': ', 1)
            rows.append((number, address, words))
    return rows


def check(what, done, rows):
    """Each refusal at its line and object, and no others."""
    told = [(d['range']['start']['line'], d.get('address'), d['detail']) for d in json.loads(done.out)['diagnostics']]
    for line, address, words in rows:
        tap.ok(any(t[0] == line and t[1] == address and words in t[2] for t in told), f'{what}, line {line}: {words}',
               [t for t in told if t[0] == line or t[1] == address])
    tap.same(len(told), len(rows), f'{what}: nothing else is said')


with Project() as project:
    project.write('\n'.join(line.split(' ## ')[0] for line in REFUSED.split('\n')))
    done = project.infra('validate', '-json')
    tap.ok(done.code == 1, 'validate refuses', done)
    check('validate', done, expected(REFUSED))
    project.write(GOOD)
    done = project.infra('validate')
    tap.ok(done.code == 0, 'validate accepts what is not known yet, and null for nothing', done)

try:
    import moto as _moto  # noqa: F401
except ImportError:
    tap.done()
with e2e.Moto() as moto, Project(moto) as project:
    project.write('\n'.join(line.split(' ## ')[0] for line in (REFUSED + LATER).split('\n')))
    done = project.infra('apply', '-auto-approve', '-input=false')
    flat = ' '.join(done.err.split())
    for _, address, words in expected(REFUSED + LATER):
        tap.ok(words in flat and f'in {address}:' in flat, f'apply refuses {address}: {words}', done)
    tap.ok(done.code == 1 and 'hush' not in done.out + done.err, 'secrets are not shown', done)
    tap.same(moto.inventory(), {}, 'and nothing is made')
    project.write(GOOD)
    done = project.infra('apply', '-auto-approve', '-input=false')
    tap.ok(done.code == 0, 'what is good is applied', done)
    done = project.infra('destroy', '-auto-approve', '-input=false')
    tap.ok(done.code == 0, 'and destroyed', done)
tap.done()
