#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a new user types, with what `infra sandbox env` prints: the AWS CLI, and a rehearsal of a project that has a state elsewhere."""
import json
import re
import shlex
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))
import e2e  # noqa: E402
import sandbox  # noqa: E402
from folder import Folder  # noqa: E402
from tap import Tap, skip_all  # noqa: E402

tap = Tap()


def test_life(cloud, env):
    def aws(*args, fails=False):
        done = e2e.run([shutil.which("aws"), "--endpoint-url", cloud.endpoint, "--output", "json", *args], env, cloud.dir)
        if (done.code != 0) != fails:
            raise RuntimeError(str(done))
        return done.err if fails else json.loads(done.out) if done.out.strip() else None

    tap.same(aws("sts", "get-caller-identity")["Account"], cloud.identity["account"], "who am I")
    vpc = aws("ec2", "create-vpc", "--cidr-block", "10.5.0.0/16", "--tag-specifications", "ResourceType=vpc,Tags=[{Key=Name,Value=cli}]")["Vpc"]["VpcId"]
    aws("ec2", "wait", "vpc-available", "--vpc-ids", vpc)
    subnet = aws("ec2", "create-subnet", "--vpc-id", vpc, "--cidr-block", "10.5.1.0/24")["Subnet"]["SubnetId"]
    group = aws("ec2", "create-security-group", "--group-name", "ssh", "--description", "ssh", "--vpc-id", vpc)["GroupId"]
    aws("ec2", "authorize-security-group-ingress", "--group-id", group, "--protocol", "tcp", "--port", "22", "--cidr", "203.0.113.7/32")
    aws("ec2", "import-key-pair", "--key-name", "k", "--public-key-material", f"fileb://{e2e.PUBLIC_KEY}")
    image = aws("ssm", "get-parameter", "--name", "/aws/service/canonical/ubuntu/server/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id")["Parameter"]["Value"]
    host = aws("ec2", "run-instances", "--image-id", image, "--instance-type", "t3.micro", "--subnet-id", subnet, "--security-group-ids", group,
               "--key-name", "k", "--user-data", "#!/bin/sh\necho hello\n")["Instances"][0]["InstanceId"]
    aws("ec2", "wait", "instance-running", "--instance-ids", host)
    data = aws("ec2", "describe-instance-attribute", "--instance-id", host, "--attribute", "userData")["UserData"]["Value"]
    tap.same(data, "IyEvYmluL3NoCmVjaG8gaGVsbG8K", "a host with its user data")
    error = aws("ec2", "delete-subnet", "--subnet-id", subnet, fails=True)
    tap.ok("(DependencyViolation)" in error, "its subnet cannot go", error)
    aws("ec2", "terminate-instances", "--instance-ids", host)
    aws("ec2", "wait", "instance-terminated", "--instance-ids", host)
    aws("ec2", "delete-subnet", "--subnet-id", subnet)
    aws("ec2", "delete-security-group", "--group-id", group)
    aws("ec2", "delete-vpc", "--vpc-id", vpc)
    error = aws("ec2", "describe-vpcs", "--vpc-ids", vpc, fails=True)
    tap.ok("(InvalidVpcID.NotFound)" in error, "all is gone", error)
    error = aws("s3", "ls", fails=True)
    tap.ok("(NotImplemented)" in error, "what it does not know is refused", error)


def test_rehearsal(cloud, env):
    """The sandbox's objects are kept in a state of their own; what Terraform or an account holds is not in the way, nor touched."""
    with Folder(config='resource "aws_vpc" "a" {\n  cidr_block = "10.6.0.0/16"\n}\n') as f:
        home = f.env
        f.env = {**env, "HOME": home["HOME"], "XDG_CONFIG_HOME": home["XDG_CONFIG_HOME"]}
        (f.folder / "terraform.tfstate").write_text('{"version": 4, "resources": [{"instances": [{}]}]}')
        (f.folder / ".infra").mkdir()
        account = f.folder / ".infra/state.db"
        account.write_text("of an account")
        done = f.apply()
        tap.ok(done.code == 0 and done.out.startswith("Rehearsal in the sandbox cloud; its state is .infra/sandbox.db.\n"), "an apply says that it is a rehearsal", done)
        tap.same(account.read_text(), "of an account", "the account's state is as it was")
        tap.same(f.infra("state", "list").out, "aws_vpc.a\n", "commands read the sandbox's state")
        rehearsal, f.env = f.env, {**f.env, "AWS_ACCESS_KEY_ID": "another"}
        tap.same(f.infra("state", "list", "-state=.infra/sandbox.db").out, "aws_vpc.a\n", "which others find by name")
        done = f.infra("state", "list")
        tap.ok(done.code == 1 and ".infra/state.db" in done.err, "with other keys it is no rehearsal", done)
        f.env = rehearsal
        f.write(config='resource "aws_vpc" "a" {\n  cidr_block = "10.7.0.0/16"\n  lifecycle {\n    create_before_destroy = true\n  }\n}\n')
        cloud.command("fault", "add", "error", "-code=UnauthorizedOperation", "-operation=DeleteVpc", "-count=2")
        f.apply()
        done = f.apply()
        tap.ok(re.search(r"Failed:\n  aws_vpc\.a \(delete, deposed object [0-9a-f]{8}\)\n", done.out), "which of two objects could not be deleted is said", done)
        tap.ok(f.infra("plan", "-out=saved").code == 0, "a plan is saved")
        done = f.infra("destroy", "-auto-approve")
        tap.ok(done.code == 0 and "2 destroyed" in done.out, "it ends as it began", done)
        cloud.stop()
        for args in (["plan"], ["apply", "saved"]):
            done = f.infra(*args)
            tap.ok(done.code == 1 and "The sandbox cloud does not run" in done.err and "infra sandbox up" in done.err, f"where it does not run, that is said: {args[0]}", done)


why = e2e.missing() or (None if shutil.which("aws") else "the AWS CLI is not installed")
if why:
    skip_all(why)
with sandbox.Sandbox("-pace=0.005") as cloud_:
    told = dict(word.split("=", 1) for line in cloud_.command("env").out.splitlines() for word in shlex.split(line) if line.startswith("export ") and "=" in word)
    tap.case(test_life, cloud_, {**e2e.environment(""), **told})
    tap.case(test_rehearsal, cloud_, {**e2e.environment(""), **told})
tap.done()
