#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each kind of fault once, met by `infra apply`: it ends right, or stops with a message that names what happened; then the next run
ends right. In the end everything is there once, and nothing is left after the removal."""
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))
import e2e  # noqa: E402
import sandbox  # noqa: E402
from folder import Folder  # noqa: E402
from tap import Tap, skip_all  # noqa: E402

tap = Tap()
CONFIG = """
provider "aws" { region = "us-east-1" }

variable "patience" { default = "5m" }

data "aws_ami" "ubuntu" {
  owners      = ["099720109477"]
  most_recent = true
  filter {
    name   = "name"
    values = ["ubuntu/images/hvm-ssd/ubuntu-jammy-*-amd64-server-*"]
  }
}

resource "aws_vpc" "this" {
  cidr_block = "10.1.0.0/16"
  tags       = { Name = "bad" }
}

resource "aws_subnet" "this" {
  vpc_id            = aws_vpc.this.id
  cidr_block        = "10.1.1.0/24"
  availability_zone = "us-east-1a"
}

resource "aws_security_group" "this" {
  name   = "bad"
  vpc_id = aws_vpc.this.id
  ingress {
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_route_table" "this" {
  vpc_id = aws_vpc.this.id
}

resource "aws_main_route_table_association" "this" {
  vpc_id         = aws_vpc.this.id
  route_table_id = aws_route_table.this.id
}

resource "aws_iam_role" "this" {
  name               = "bad"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }] })
}

resource "aws_ssm_parameter" "this" {
  name  = "/bad/vpc"
  type  = "String"
  value = aws_vpc.this.id
}

resource "aws_efs_file_system" "this" {}

resource "aws_efs_mount_target" "this" {
  file_system_id  = aws_efs_file_system.this.id
  subnet_id       = aws_subnet.this.id
  security_groups = [aws_security_group.this.id]
  timeouts { create = var.patience }
}

resource "aws_instance" "this" {
  ami                    = data.aws_ami.ubuntu.id
  instance_type          = "p3.2xlarge"
  subnet_id              = aws_subnet.this.id
  vpc_security_group_ids = [aws_security_group.this.id]
  tags                   = { Name = "bad" }
  timeouts { create = var.patience }
}

resource "aws_instance" "spot" {
  ami           = data.aws_ami.ubuntu.id
  instance_type = "t3.small"
  subnet_id     = aws_subnet.this.id
  tags          = { Name = "spot" }
  instance_market_options {
    market_type = "spot"
    spot_options {
      spot_instance_type             = "persistent"
      instance_interruption_behavior = "stop"
    }
  }
}
"""
SHOULD = {"vpc": 1, "subnet": 1, "security_group": 1, "route_table": 1, "instance": 2, "file_system": 1, "mount_target": 1, "role": 1, "parameter": 1}
# What happens; what a first run that fails must say (None: it does not fail); variables of that run
DAYS = {
    "throttled": (["throttle -rate=0.15 -seed=1"], None, {}),
    "500": (["500 -rate=0.1 -seed=2"], None, {}),
    "503": (["503 -rate=0.1 -seed=3"], None, {}),
    "reset before": (["reset-before -rate=0.1 -seed=4"], None, {}),
    "an error": (["error -code=VcpuLimitExceeded -message=More -operation=RunInstances -count=1"], ["VcpuLimitExceeded", "aws_instance."], {}),
    "500 after": (["500-after -operation=Create* -rate=0.4 -seed=5", "500-after -operation=ReplaceRouteTableAssociation -nth=1"], None, {}),
    "503 after": (["503-after -operation=RunInstances -nth=1", "503-after -operation=PutParameter -nth=1"], None, {}),
    "answers lost": (["reset-after -operation=Create* -rate=0.4 -seed=6", "reset-after -operation=ReplaceRouteTableAssociation -nth=1",
                      "reset-after -operation=RunInstances -nth=1"], None, {}),
    "slow like AWS": (["slow -preset=aws"], None, {}),
    "slow by a spread": (["slow -ms=30 -spread=0.8 -seed=7"], None, {}),
    "late": (["delayed -ms=900 -rate=0.6 -seed=8"], None, {}),
    "no capacity": (["no-capacity -type=p3* -zone=us-east-1a"], ["InsufficientInstanceCapacity", "p3.2xlarge", "us-east-1a", "aws_instance.this"], {}),
    "no capacity of spot": (["no-capacity -resource=spot -count=1"], ["InsufficientInstanceCapacity", "no Spot capacity available", "aws_instance.spot"], {}),
    "expired credentials": (["expired-credentials -skip=20 -for=600"], ["xpired"], {}),
    "keys that expire while it waits": (["expired-credentials -operation=DescribeInstances"], ["RequestExpired", "log in again", "aws_instance.this"], {}),
    "a mount target stuck": (["mount-target-stuck"], ["aws_efs_mount_target.this", "Timed out", "creating", "The next apply replaces it", "infra untaint aws_efs_mount_target.this"], {"patience": "2s"}),
    "failed status checks": (["status-checks -resource=Name=bad"], None, {}),
    "an interruption": (["spot-interruption -after=0 -notice=0.1"], None, {}),
}


def counts(cloud):
    """What is there, by kind; what an account has from the beginning is not counted."""
    ec2, efs = cloud.client("ec2"), cloud.client("efs")
    vpcs = [v["VpcId"] for v in ec2.describe_vpcs()["Vpcs"] if not v["IsDefault"]]
    mine = [{"Name": "vpc-id", "Values": vpcs or ["vpc-00000000"]}]
    instances = [i for r in ec2.describe_instances()["Reservations"] for i in r["Instances"] if i["State"]["Name"] not in ("terminated", "shutting-down")]
    systems = [s for s in efs.describe_file_systems()["FileSystems"] if s["LifeCycleState"] != "deleting"]  # which nobody waits for
    found = {"vpc": len(vpcs), "subnet": len(ec2.describe_subnets(Filters=mine)["Subnets"]),
             "security_group": len([g for g in ec2.describe_security_groups(Filters=mine)["SecurityGroups"] if g["GroupName"] != "default"]),
             "route_table": max(0, len(ec2.describe_route_tables(Filters=mine)["RouteTables"]) - len(vpcs)), "instance": len(instances),
             "file_system": len(systems), "mount_target": sum(s["NumberOfMountTargets"] for s in systems),
             "role": len([r for r in cloud.client("iam").list_roles()["Roles"] if r["RoleName"] == "bad"]),
             "parameter": len(cloud.client("ssm").describe_parameters()["Parameters"])}
    return {kind: n for kind, n in found.items() if n}


def one_line(text):
    return " ".join(text.split())


def test_day(name, faults, words, variables):
    """In a cloud of its own."""
    with sandbox.Sandbox("-hosts=off") as cloud, Folder(config=CONFIG) as project:
        project.env = cloud.environment(HOME=str(project.home), XDG_CONFIG_HOME=str(project.home / ".config"))
        project.env["INFRA_CONSISTENCY_SECONDS"] = "3" if name == "late" else "0.4"
        live_through(cloud, project, name, faults, words, variables)


def live_through(cloud, project, name, faults, words, variables):
    for fault in faults:
        done = cloud.command("fault", "add", *fault.split())
        if done.code != 0:
            raise RuntimeError(str(done))
    options = [f"-var={key}={value}" for key, value in variables.items()]
    done = project.infra("apply", "-auto-approve", "-input=false", *options, timeout=60)
    happened = cloud.command("fault", "list").out
    tap.ok(" happened 0 times" not in happened, f"{name}: it happens", happened, done)
    if words:
        said = one_line(done.out + done.err)
        tap.ok(done.code == 1 and all(word in said for word in words), f"{name}: the run stops and names it", words, done)
    else:
        tap.ok(done.code == 0, f"{name}: the run ends right", done)
    cloud.command("fault", "clear")
    if words:
        done = project.infra("apply", "-auto-approve", "-input=false", timeout=60)
        replaced = f" {'1' if 'stuck' in name else '0'} destroyed."
        tap.ok(done.code == 0 and replaced in done.out, f"{name}: the next one ends right, and throws nothing good away", done)
    tap.same(counts(cloud), SHOULD, f"{name}: everything is there once")
    done = project.infra("plan", "-detailed-exitcode", "-input=false")
    tap.ok(done.code == 0, f"{name}: a further plan is empty", done)
    for fault in faults if not words else []:
        cloud.command("fault", "add", *fault.split())
    done = project.infra("destroy", "-auto-approve", "-input=false", timeout=60)
    tap.ok(done.code == 0, f"{name}: it is removed", done)
    cloud.command("fault", "clear")
    tap.same(counts(cloud), {}, f"{name}: nothing is left")


why = e2e.missing("apply")
if why:
    skip_all(why)
wanted = sys.argv[1:]
tap.at_once(4, test_day, [(name_, *day) for name_, day in DAYS.items() if not wanted or name_ in wanted])
tap.done()
