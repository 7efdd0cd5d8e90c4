# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests share: a cloud (moto, or the sandbox), the fault proxy before it, the program under test,
the AWS CLI, and a look at what the server holds, by a client that is not ours (boto3)."""
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from pathlib import Path

TOOLS = Path(__file__).resolve().parent
ROOT = TOOLS.parents[1]
REGION = "us-east-1"
INFRA = os.environ.get("INFRA") or str(ROOT / os.environ.get("BUILD", "build") / "infra")
PUBLIC_KEY = ROOT / "tests" / "e2e" / "test_key.pub"


def knows(command):
    """Whether the program has this command."""
    listed = run([INFRA, "-help"], environment(""), "/").out.split()
    return command in listed or run([INFRA, command, "-help"], environment(""), "/").code == 0


def missing(*commands):
    """Why an end-to-end test that needs these commands of the program cannot run here, or None."""
    for module in ("moto", "boto3"):
        if not importlib.util.find_spec(module):  # importing them takes longer than many a test
            return f"python3 has no {module}"
    if not os.access(INFRA, os.X_OK):
        return f"{os.path.relpath(INFRA, ROOT)} is not built"
    for command in commands:
        if not knows(command):
            return f"infra does not know `{command}` yet"
    with Project("msls") as project:
        valid = project.infra("validate")
    if valid.code != 0 and "no provider named" in valid.out + valid.err:
        return "infra has no provider for AWS yet"
    return None


def terraform():
    """(the program, its configuration file that leads to the AWS provider, None), or (None, None, why there is none)."""
    program, config = shutil.which("terraform"), os.environ.get("TF_CLI_CONFIG_FILE", "")
    if not program:
        return None, None, "terraform is not installed"
    if not os.path.isfile(config):
        return None, None, "TF_CLI_CONFIG_FILE names no file"
    return program, config, None


class Server:
    """A tool of this folder that runs beside the test, prints its port first and ends with us."""

    def __init__(self, script, *args):
        self.process = subprocess.Popen([sys.executable, str(TOOLS / script), "--until-eof", *map(str, args)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"{script} did not start, exit code {self.process.wait()}")
        self.port = int(line)
        self.endpoint = f"http://127.0.0.1:{self.port}"

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def call(self, path, body=None):
        data = None if body is None else body.encode()
        with urllib.request.urlopen(urllib.request.Request(self.endpoint + path, data=data), timeout=60) as answer:
            return answer.read().decode()


ONE_AT_A_TIME = threading.Lock()  # boto3 makes clients in one thread only


class Cloud:
    """Something that answers as AWS does, at self.endpoint."""
    access_key = secret_key = "test"
    account = "123456789012"
    settles = 0  # seconds until what was stopped or removed is so
    refused = set()  # operations that we, not the program under test, asked for in vain

    def here(self, text):
        """A configuration that names moto's images, with those of the same names here."""
        return text

    def environment(self, **more):
        """Of a client: our endpoint and our keys."""
        return environment(self.endpoint, AWS_ACCESS_KEY_ID=self.access_key, AWS_SECRET_ACCESS_KEY=self.secret_key, **more)

    def client(self, service):
        """A boto3 client; made once, for making one costs more than many calls."""
        with ONE_AT_A_TIME:
            clients = self.__dict__.setdefault("clients", {})
            if service not in clients:
                import boto3
                from botocore.config import Config
                clients[service] = boto3.client(
                    service, endpoint_url=self.endpoint, region_name=REGION, aws_access_key_id=self.access_key,
                    aws_secret_access_key=self.secret_key, config=Config(retries={"max_attempts": 1}))
            return clients[service]

    def all(self, service, operation, key, **args):
        """All pages of a list. What a server refuses to make is not there."""
        from botocore.exceptions import ClientError
        client = self.client(service)
        try:
            if client.can_paginate(operation):
                return [item for page in client.get_paginator(operation).paginate(**args) for item in page[key]]
            return getattr(client, operation)(**args)[key]
        except ClientError as error:
            if error.response["Error"]["Code"] != "NotImplemented":
                raise
            self.refused.add(error.operation_name)
            return []

    def inventory(self):
        """What was made here, leaving out what an empty account has: {kind: {id: label}}.

        The label is the object's name as its maker wrote it, so that inventories of two runs can be compared.
        """
        return inventory(self)


class Moto(Server, Cloud):
    name = "moto"

    def __init__(self, *args):
        super().__init__("moto_server.py", *args)

    def reset(self):
        self.call("/moto-api/reset", "")

    def copy(self):
        """A second server with the state of this one; it ends with this one, or by `end`."""
        return MotoCopy(self)

    def unknown(self):
        """What the program asked for that the server does not know: moto does not say."""
        return []


class MotoCopy(Moto):
    def __init__(self, origin):  # pylint: disable=super-init-not-called
        with urllib.request.urlopen(origin.endpoint + "/moto-api/-/fork", data=b"", timeout=30) as answer:
            self.port = int(answer.read())
        self.endpoint = f"http://127.0.0.1:{self.port}"

    def stop(self):
        try:
            urllib.request.urlopen(self.endpoint + "/moto-api/-/exit", data=b"", timeout=10).close()
        except OSError:
            pass  # it ends instead of answering


def cloud(*options, keys=None):
    """The cloud that CLOUD in the environment names: moto, which takes any keys, or the sandbox, which takes the options."""
    name = os.environ.get("CLOUD") or "moto"
    if name == "sandbox":
        import sandbox
        return sandbox.Sandbox(*options, keys=keys)
    if name != "moto":
        sys.exit(f"CLOUD is moto or sandbox, not {name!r}")
    return Moto()


def nothing_unknown(tap, cloud):
    """That the program asked for nothing that the server had to refuse because it does not know it."""
    lost = cloud.unknown()
    tap.ok(not lost, "nothing was asked that the server does not know", *lost[:20])


class Proxy(Server, Cloud):
    def __init__(self, behind, *args):
        super().__init__("fault_proxy.py", "--to", behind.port, *args)
        self.access_key, self.secret_key, self.account = behind.access_key, behind.secret_key, behind.account

    def before(self, server):
        """A new round, before another server of the same keys."""
        self.order("to", str(server.port))
        self.reset()

    def order(self, what, body=""):
        return self.call("/-fault-proxy/" + what, body)

    def reset(self):
        self.order("reset")

    def faults(self, *faults):
        self.order("faults", "\n".join(faults))

    def stats(self):
        return json.loads(self.call("/-fault-proxy/stats"))

    def log(self):
        return [json.loads(line) for line in self.call("/-fault-proxy/log").splitlines()]

    def settle(self, seconds=20):
        """Wait until the server has done what was under way when a client was killed."""
        time.sleep(0.05)  # what the client had written may not even have been read
        end = time.monotonic() + seconds
        while self.stats()["open"]:
            if time.monotonic() > end:
                raise RuntimeError("requests are still open")
            time.sleep(0.01)


def only_reads(entry):
    """Whether a request in the proxy's log changes nothing."""
    return entry["action"].startswith(("Describe", "Get", "List", "GET "))


# ---- what the server holds

def tag_of(item, name="Name"):
    return next((tag["Value"] for tag in item.get("Tags") or item.get("TagSet") or [] if tag["Key"] == name), "")


def inventory(cloud):
    found = {}

    def add(kind, pairs):
        pairs = dict(pairs)
        if pairs:
            found[kind] = pairs

    def ec2(operation, key, **args):
        return cloud.all("ec2", operation, key, **args)

    vpcs = ec2("describe_vpcs", "Vpcs")
    default = {vpc["VpcId"] for vpc in vpcs if vpc["IsDefault"]}
    add("vpc", ((v["VpcId"], tag_of(v)) for v in vpcs if not v["IsDefault"]))
    add("subnet", ((s["SubnetId"], tag_of(s)) for s in ec2("describe_subnets", "Subnets") if s["VpcId"] not in default))
    add("internet_gateway", ((g["InternetGatewayId"], tag_of(g)) for g in ec2("describe_internet_gateways", "InternetGateways")
                             if not default & {a["VpcId"] for a in g["Attachments"]}))
    # The first table of a VPC comes and goes with it; it is known by having been nobody's, so we leave out tables
    # without routes of their own, tags and associations to subnets.
    tables = [t for t in ec2("describe_route_tables", "RouteTables") if t["VpcId"] not in default]
    own = [t for t in tables if t["Tags"] or any(a.get("SubnetId") for a in t["Associations"])
           or any(r.get("Origin") == "CreateRoute" for r in t["Routes"])]
    add("route_table", ((t["RouteTableId"], tag_of(t)) for t in own))
    add("route_table_association", ((a["RouteTableAssociationId"], "main" if a.get("Main") else "subnet")
                                    for t in own for a in t["Associations"]))
    add("route", ((f"{t['RouteTableId']} {r.get('DestinationCidrBlock')}", r.get("DestinationCidrBlock"))
                  for t in own for r in t["Routes"] if r.get("Origin") == "CreateRoute"))
    add("eip", ((a["AllocationId"], tag_of(a)) for a in ec2("describe_addresses", "Addresses")))
    add("nat_gateway", ((g["NatGatewayId"], tag_of(g)) for g in ec2("describe_nat_gateways", "NatGateways")
                        if g["State"] not in ("deleted", "deleting")))
    groups = {g["GroupId"]: g for g in ec2("describe_security_groups", "SecurityGroups") if g["GroupName"] != "default"}
    add("security_group", ((i, tag_of(g)) for i, g in groups.items()))
    # Ids of rules are made up anew when a group is written; what matters is what they say.
    rules = Counter()
    for group_id, group in groups.items():
        for way, key in (("in", "IpPermissions"), ("out", "IpPermissionsEgress")):
            for permission in group[key]:
                ports = f"{permission['IpProtocol']} {permission.get('FromPort')}-{permission.get('ToPort')}"
                sources = [r["CidrIp"] for r in permission.get("IpRanges", [])]
                sources += [r["CidrIpv6"] for r in permission.get("Ipv6Ranges", [])]
                sources += ["group " + tag_of(groups.get(p["GroupId"], {})) for p in permission.get("UserIdGroupPairs", [])]
                for source in sources:
                    rules[group_id, f"{tag_of(group)} {way} {ports} {source}"] += 1
    add("security_group_rule", ((f"{group_id} {text}", f"{text} x{count}") for (group_id, text), count in rules.items()))
    instances = [i for r in ec2("describe_instances", "Reservations") for i in r["Instances"]
                 if i["State"]["Name"] not in ("terminated", "shutting-down")]
    add("instance", ((i["InstanceId"], tag_of(i)) for i in instances))
    roots = {m["Ebs"]["VolumeId"] for i in instances for m in i["BlockDeviceMappings"]
             if m["DeviceName"] == i.get("RootDeviceName")}
    volumes = [v for v in ec2("describe_volumes", "Volumes") if v["VolumeId"] not in roots]
    add("volume", ((v["VolumeId"], tag_of(v)) for v in volumes))
    add("volume_attachment", ((f"{a['VolumeId']} {a['InstanceId']}", a["Device"]) for v in volumes for a in v["Attachments"]))
    add("key_pair", ((k["KeyName"], k["KeyName"]) for k in ec2("describe_key_pairs", "KeyPairs")))
    add("launch_template", ((t["LaunchTemplateId"], t["LaunchTemplateName"])
                            for t in ec2("describe_launch_templates", "LaunchTemplates")))
    add("spot_request", ((r["SpotInstanceRequestId"], r["State"])
                         for r in ec2("describe_spot_instance_requests", "SpotInstanceRequests")
                         if r["State"] not in ("cancelled", "closed")))

    systems = cloud.all("efs", "describe_file_systems", "FileSystems")
    add("efs", ((f["FileSystemId"], tag_of(f)) for f in systems))
    add("mount_target", ((m["MountTargetId"], "") for f in systems
                         for m in cloud.all("efs", "describe_mount_targets", "MountTargets", FileSystemId=f["FileSystemId"])))

    add("parameter", ((p["Name"], p["Name"]) for p in cloud.all("ssm", "describe_parameters", "Parameters")))

    roles = [r["RoleName"] for r in cloud.all("iam", "list_roles", "Roles")]
    add("role", ((r, r) for r in roles))
    add("role_policy", ((f"{r} {p}", p) for r in roles for p in cloud.all("iam", "list_role_policies", "PolicyNames", RoleName=r)))
    add("role_attachment", ((f"{r} {p['PolicyArn']}", p["PolicyName"]) for r in roles
                            for p in cloud.all("iam", "list_attached_role_policies", "AttachedPolicies", RoleName=r)))
    add("policy", ((p["Arn"], p["PolicyName"]) for p in cloud.all("iam", "list_policies", "Policies", Scope="Local")))
    add("instance_profile", ((p["InstanceProfileName"], " ".join([p["InstanceProfileName"]] + [r["RoleName"] for r in p["Roles"]]))
                             for p in cloud.all("iam", "list_instance_profiles", "InstanceProfiles")))
    add("bucket", ((b["Name"], b["Name"]) for b in cloud.all("s3", "list_buckets", "Buckets")))
    return found


def labels(found):
    """An inventory without its ids: what can be compared between runs."""
    return {kind: sorted(pairs.values()) for kind, pairs in found.items()}


def intent_tags(cloud):
    """Objects that still carry a tag with which the program marks what it is about to make."""
    return sorted(f"{tag['ResourceId']} {tag['Key']}" for tag in cloud.all("ec2", "describe_tags", "Tags")
                  if tag["Key"].startswith("infra:"))


def differences(got, want):
    """Lines on how two inventories, or other counted things by kind, differ."""
    lines = []
    for kind in sorted(set(got) | set(want)):
        more = Counter(got.get(kind, [])) - Counter(want.get(kind, []))
        less = Counter(want.get(kind, [])) - Counter(got.get(kind, []))
        lines += [f"{kind}: {count} too many: {label}" for label, count in sorted(more.items())]
        lines += [f"{kind}: {count} missing: {label}" for label, count in sorted(less.items())]
    return lines


# ---- the program and other clients

def environment(endpoint, **more):
    """The environment of a client: our server, no credentials of the user, no configuration of the user."""
    kept = {key: value for key, value in os.environ.items()
            if not key.startswith(("AWS_", "TF_", "INFRA_")) and not key.lower().endswith("_proxy")}
    return {**kept, "AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": REGION, "AWS_DEFAULT_REGION": REGION, "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_PAGER": "",
            "INFRA_CONSISTENCY_SECONDS": "0.4", "NO_COLOR": "1", "LC_ALL": "C.UTF-8", **more}


class Result:
    """How a command ended: code (negative: by that signal, None: it had to be stopped), out, err."""

    def __init__(self, command, code, out, err, seconds):
        self.command, self.code, self.out, self.err, self.seconds = command, code, out, err, seconds

    def __str__(self):
        lines = (self.out + self.err).split("\n")
        if len(lines) > 80:
            lines = lines[:5] + [f"... {len(lines) - 80} lines ..."] + lines[-75:]
        return "\n".join([f"$ {' '.join(self.command)}", f"exit code {self.code} after {self.seconds:.1f} s"] + lines)


def run(command, env, cwd, timeout=120, started=None):
    """Run a command to its end; `started` is called with its process id before it does anything."""
    command = [str(part) for part in command]
    begin = time.monotonic()
    gate, opener = os.pipe() if started else (None, None)
    # A shell that waits at the gate becomes the command, under the same process id.
    held = ["sh", "-c", f'read -r go < /dev/fd/{gate} && exec "$@"', "sh", *command] if started else command
    with subprocess.Popen(held, env=env, cwd=cwd, stdin=subprocess.DEVNULL, text=True, errors="replace",
                          pass_fds=(gate,) if started else (), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        if started:
            try:
                started(process.pid)
                os.write(opener, b"go\n")
            finally:  # closed unopened, the gate lets the shell end
                os.close(opener)
                os.close(gate)
        try:
            out, err = process.communicate(timeout=timeout)
            code = process.returncode
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            err += f"\nstopped after {timeout} s\n"
            code = None
    return Result(command, code, out, err, time.monotonic() - begin)


class Project:
    """A copy of an example in a folder of its own, and the program run in it."""

    def __init__(self, example, cloud=None, variables=None):
        self.top = Path(tempfile.mkdtemp(prefix="infra-e2e-"))
        ignore = shutil.ignore_patterns(".terraform*", "terraform.tfstate*", ".infra")
        for folder in ("modules", f"examples/{example}"):
            shutil.copytree(ROOT / folder, self.top / folder, ignore=ignore)
        self.folder = self.top / "examples" / example
        self.home = self.top / "home"
        self.home.mkdir()
        self.variables = {}
        self.set(**(variables or {}))
        home = {"HOME": str(self.home), "XDG_CONFIG_HOME": str(self.home / ".config")}
        self.env = cloud.environment(**home) if cloud else environment("", **home)

    def set(self, **variables):
        """Values of variables from now on, through the file that is read by itself."""
        self.variables.update(variables)
        (self.folder / "terraform.tfvars.json").write_text(json.dumps(self.variables, indent=2) + "\n", encoding="utf-8")

    def infra(self, *args, **options):
        return run([INFRA, *args], self.env, self.folder, **options)

    def aws(self, *args):
        """The AWS CLI; what it answers, decoded."""
        program = shutil.which("aws")
        done = run([program, "--endpoint-url", self.env["AWS_ENDPOINT_URL"], "--output", "json", *args], self.env, self.folder)
        if done.code != 0:
            raise RuntimeError(str(done))
        return json.loads(done.out) if done.out.strip() else None

    def forget(self):
        """Remove what the program remembers: a new user, the same project."""
        for name in (".infra", "plan.out"):
            path = self.folder / name
            if path.is_dir():
                shutil.rmtree(path)
            elif path.exists():
                path.unlink()

    def remove(self):
        shutil.rmtree(self.top, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.remove()


MSLS = {"ssh_cidr_blocks": ["203.0.113.7/32"], "public_key_file": str(PUBLIC_KEY)}


def resources(shown):
    """From `show -json`: every managed object as (address, type, values)."""
    found = []

    def walk(module):
        for resource in module.get("resources", []):
            if resource.get("mode", "managed") == "managed":
                found.append((resource["address"], resource["type"], resource["values"]))
        for child in module.get("child_modules", []):
            walk(child)

    walk((shown.get("values") or {}).get("root_module", {}))
    return found
