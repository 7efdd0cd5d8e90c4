#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Operations that our types name: each is one that the sandbox cloud knows. What it does not know, of all that AWS's
tables have of these services, it refuses by name."""
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "tools"))
import e2e  # noqa: E402
import sandbox  # noqa: E402
from tap import Tap, skip_all  # noqa: E402

tap = Tap()


def served():
    for path in (ROOT / "sandbox/services").glob("*.hcl"):
        text = path.read_text(encoding="utf-8")
        service = re.search(r'^service\s*=\s*"([^"]+)"', text, re.M).group(1)
        for name in re.findall(r'^operation "(\w+)"', text, re.M):
            yield service, name


def named():
    """(service, operation) -> files; a call of another service is written "service.Operation"."""
    found = {}
    for path in sorted((ROOT / "providers/aws/types").glob("*.hcl")):
        for block in re.split(r'^(?=(?:type|data|service|services) ")', path.read_text(encoding="utf-8"), flags=re.M):
            service = re.search(r'^\s*service\s*=\s*"([^"]+)"', block, re.M) or re.match(r'service "([^"]+)"', block)
            for call in re.findall(r'\bcall\s*=\s*"([^"]+)"', block):
                other, _, name = call.rpartition(".")
                owner = other or (service and service.group(1))
                if owner:
                    found.setdefault((owner, name), set()).add(path.name)
    return found


def test_named(known):
    wanted = named()
    tap.ok(len(wanted) > 100, f"{len(wanted)} operations are named by types", wanted)
    tap.same({f"{s}.{o}": sorted(files) for (s, o), files in wanted.items() if (s, o) not in known}, {}, "the sandbox knows all of them")


def test_refused(cloud, known):
    """Of each service that it serves, all the others: refused, and nothing else."""
    import boto3
    from botocore import xform_name
    from botocore.config import Config
    from botocore.exceptions import ClientError
    session = boto3.Session(region_name="us-east-1", aws_access_key_id=cloud.access_key, aws_secret_access_key=cloud.secret_key)
    config = Config(parameter_validation=False, retries={"max_attempts": 0}, inject_host_prefix=False)
    for service in sorted({s for s, _ in known}):
        client, wrong, count = session.client(service, endpoint_url=cloud.endpoint, config=config), {}, 0
        for name in client.meta.service_model.operation_names:
            if (service, name) in known:
                continue
            model = client.meta.service_model.operation_model(name)
            members = model.input_shape.members if model.input_shape else {}
            args = {n: "x" for n, m in members.items() if m.serialization.get("location") == "uri"}
            if model.auth_type == "none" or name == "CopySnapshot":  # botocore would sign that one twice
                continue
            count += 1
            try:
                getattr(client, xform_name(name))(**args)
                wrong[name] = "an answer"
            except ClientError as error:
                told = error.response["Error"]
                if told["Code"] != "NotImplemented" or error.response["ResponseMetadata"]["HTTPStatusCode"] != 501 or name not in told["Message"]:
                    wrong[name] = (told["Code"], told["Message"])
        tap.same(wrong, {}, f"{service}: {count} others are refused by name")
    log = cloud.log("-status=501")
    tap.ok(log and all(e["code"] == "NotImplemented" and e["operation"] for e in log), f"{len(log)} of them stand in the log", log[:3])


why = e2e.missing()
if why:
    skip_all(why)
with sandbox.Sandbox() as cloud_:
    known_ = set(served())
    tap.case(test_named, known_)
    tap.case(test_refused, cloud_, known_)
tap.done()
