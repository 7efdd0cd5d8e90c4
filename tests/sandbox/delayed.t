#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A cloud that shows late what was changed: nothing is taken for gone, made twice, or mistaken for what it replaced."""
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))
import e2e  # noqa: E402
import sandbox  # noqa: E402
from folder import Folder  # noqa: E402
from tap import Tap, skip_all  # noqa: E402

tap = Tap()
DELAY = 500  # ms
KEYS = [(e2e.ROOT / "tests" / "e2e" / name).read_text(encoding="utf-8").strip() for name in ("test_key.pub", "test_key_2.pub")]
CONFIG = '''
resource "aws_security_group" "g" {
  name = "g"
}
resource "aws_security_group_rule" "r" {
  security_group_id = aws_security_group.g.id
  type              = "ingress"
  protocol          = "tcp"
  from_port         = 22
  to_port           = 22
  cidr_blocks       = ["10.0.0.0/8"]
}
resource "aws_vpc_security_group_egress_rule" "out" {
  security_group_id = aws_security_group.g.id
  ip_protocol       = "-1"
  cidr_ipv4         = "0.0.0.0/0"
}
resource "aws_key_pair" "k" {
  key_name   = "k"
  public_key = "KEY"
}
resource "aws_ebs_volume" "v" {
  availability_zone = "us-east-1a"
  size              = SIZE
}
resource "aws_iam_role" "r" {
  name               = "r"
  path               = "PATH"
  assume_role_policy = jsonencode({ Version = "2012-10-17", Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }] })
}
'''
FIRST = CONFIG.replace("KEY", KEYS[0]).replace("SIZE", "1").replace("PATH", "/")
SECOND = CONFIG.replace("KEY", KEYS[1]).replace("SIZE", "2").replace("PATH", "/team/")  # the key and the role are replaced
COUNTS = {"security_group": 1, "security_group_rule": 2, "key_pair": 1, "volume": 1, "role": 1}
YES = ("-auto-approve", "-input=false")


def counts(cloud):
    time.sleep(DELAY / 1000)
    return {kind: len(found) for kind, found in cloud.inventory().items()}


def test_life(cloud, proxy, folder):
    done = folder.infra("apply", *YES)
    tap.ok(done.code == 0 and "6 added" in done.out, "it is applied", done)
    tap.ok("[delayed]" in cloud.command("log", "-n=1000").out, "though what was made did not show at once")
    plan = folder.infra("plan", "-detailed-exitcode")
    tap.ok(plan.code == 0, "a further plan, at once, is empty", plan)
    folder.write(config=SECOND)
    done = folder.infra("apply", *YES)
    tap.ok(done.code == 0 and "2 added, 1 changed, 2 destroyed" in done.out and "Warning" not in done.err, "it is changed", done)
    plan = folder.infra("plan", "-detailed-exitcode")
    tap.ok(plan.code == 0, "what was replaced is not mistaken for what took its name", plan)
    tap.same((counts(cloud), e2e.intent_tags(cloud)), (COUNTS, []), "everything is there once")
    done = folder.infra("destroy", *YES)
    tap.ok(done.code == 0 and "6 destroyed" in done.out, "it is removed", done)
    tap.same(counts(cloud), {}, "nothing is left")


def test_lost(cloud, proxy, folder):
    """Answers that are lost, and runs that are killed, while what they made does not show yet."""
    for fault in ("CreateSecurityGroup:reset-after", "CreateSecurityGroup:kill-after", "AuthorizeSecurityGroupIngress:kill-after",
                  "DescribeVolumes:kill-before", "CreateVolume:drop"):
        proxy.reset()
        proxy.faults(fault)
        run = e2e.run([e2e.INFRA, "apply", *YES], folder.env, folder.folder, started=lambda pid: proxy.order("pid", str(pid)))
        proxy.settle()
        fired = proxy.stats()["fired"]
        proxy.reset()
        done = folder.infra("apply", *YES)
        tap.ok(fired and done.code == 0 and counts(cloud) == COUNTS and not e2e.intent_tags(cloud),
               f"{fault}: what was made is found, and not made twice", cloud.inventory(), run, done)
        done = folder.infra("destroy", *YES)
        tap.ok(done.code == 0 and counts(cloud) == {}, f"{fault}: it is removed", done)


def test_replaced(cloud, proxy, folder):
    """An object that takes the name of a deleted one, and a run that is killed as soon as it is made."""
    folder.infra("apply", *YES)
    for config, fault in ((SECOND, "ImportKeyPair:kill-after"), (SECOND.replace("/team/", "/"), "CreateRole:kill-after"),
                          (SECOND.replace(KEYS[1], KEYS[0]), "ImportKeyPair:reset-after")):
        time.sleep(DELAY / 1000)
        folder.write(config=config)
        proxy.reset()
        proxy.faults(fault)
        e2e.run([e2e.INFRA, "apply", *YES], folder.env, folder.folder, started=lambda pid: proxy.order("pid", str(pid)))
        proxy.settle()
        fired = proxy.stats()["fired"]
        proxy.reset()
        done = folder.infra("apply", *YES)
        plan = folder.infra("plan", "-detailed-exitcode")
        tap.ok(fired and done.code == plan.code == 0 and counts(cloud) == COUNTS and not e2e.intent_tags(cloud),
               f"{fault}: the new one is not mistaken for the old one", e2e.intent_tags(cloud), done, plan)


def test_impatient(cloud, proxy, folder):
    """Who looks too early tries again, and is told that it is there: that was us, and the next run knows."""
    folder.env["INFRA_CONSISTENCY_SECONDS"] = "0.1"
    proxy.faults("CreateSecurityGroup:reset-after")
    done = folder.infra("apply", *YES)
    tap.ok(done.code == 1 and "InvalidGroup.Duplicate" in done.err, "a create is refused because an earlier try was not lost", done)
    time.sleep(DELAY / 1000)
    done = folder.infra("apply", *YES)
    tap.ok(done.code == 0 and counts(cloud) == COUNTS and not e2e.intent_tags(cloud), "what it made is found", cloud.inventory(), done)


def test_goes_on(cloud, proxy, folder):
    """A group whose create was cut short before its default rule went, which looks like the one that is wanted."""
    rule = 'egress {\n    from_port   = 0\n    to_port     = 0\n    protocol    = "-1"\n    cidr_blocks = ["0.0.0.0/0"]\n  }'
    folder.write(config=f'resource "aws_security_group" "g" {{\n  name = "g"\n  {rule}\n}}\n')
    for fault in ("RevokeSecurityGroupEgress:kill-before", "RevokeSecurityGroupEgress:kill-after", "AuthorizeSecurityGroupEgress:kill-before"):
        proxy.reset()
        proxy.faults(fault)
        e2e.run([e2e.INFRA, "apply", *YES], folder.env, folder.folder, started=lambda pid: proxy.order("pid", str(pid)))
        proxy.settle()
        fired = proxy.stats()["fired"]
        proxy.reset()
        done = folder.infra("apply", *YES)
        tap.ok(fired and done.code == 0 and counts(cloud) == {"security_group": 1, "security_group_rule": 1}, f"{fault}: its rule is there in the end",
               cloud.inventory(), done)
        folder.infra("destroy", *YES)


why = e2e.missing("plan", "apply", "destroy")
if why:
    skip_all(why)
for test in (test_life, test_lost, test_replaced, test_goes_on, test_impatient):
    with sandbox.Sandbox() as cloud_, e2e.Proxy(cloud_) as proxy_, Folder(config=FIRST) as folder_:
        folder_.env = proxy_.environment(HOME=str(folder_.home), INFRA_CONSISTENCY_SECONDS="3")
        cloud_.command("fault", "add", "delayed", f"-ms={DELAY}")
        tap.case(test, cloud_, proxy_, folder_)
        e2e.nothing_unknown(tap, cloud_)
tap.done()
