# SPDX-License-Identifier: Apache-2.0
"""The sandbox cloud as a server for tests: a world of its own in a temporary folder, on a free port."""
import hashlib
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import e2e


class Sandbox(e2e.Cloud):
    """`infra sandbox up` for as long as the test runs; it ends with us even when we are killed."""
    name = "sandbox"
    settles = 1

    def __init__(self, *options, keys=None, origin=None, under=()):
        self.dir = tempfile.mkdtemp(prefix="infra-sandbox-")
        self.options, self.under = options, under  # under: what it is started by
        self.process = None
        self.copies = []  # that run, and what those that ended did not know
        self.lost = []
        self.origin = origin
        if origin:
            self.take(origin)
        if keys:
            identity = {"account": "912345678901", "access_key_id": keys[0], "secret_access_key": keys[1], "region": e2e.REGION}
            (Path(self.dir) / "world.json").write_text(json.dumps(identity), encoding="utf-8")
        self.start()

    def take(self, origin):
        """The world of another one, as it is at this moment: SQLite's own copy, of what is committed."""
        with closing(sqlite3.connect(f"file:{origin.dir}/world.db?mode=ro", uri=True)) as there:
            with closing(sqlite3.connect(f"{self.dir}/world.db")) as here:
                there.backup(here)
        (Path(self.dir) / "world.json").write_text(json.dumps({**origin.identity, "port": 0}), encoding="utf-8")

    def copy(self):
        """A second server with the state of this one; it ends with this one, or by `stop`."""
        copy = Sandbox(*self.options, origin=self)
        self.copies.append(copy)
        return copy

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, "-c", "import sys, os; sys.path.insert(0, sys.argv[1]); import lifetime; lifetime.end_with_parent_exec(sys.argv[2:])",
             str(e2e.TOOLS), *self.under, e2e.INFRA, "sandbox", "up", "-foreground", f"-dir={self.dir}", "-hosts=off", *self.options],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if "http://" not in line:
            raise RuntimeError(f"the sandbox did not start: {line!r}, exit code {self.process.wait()}")
        self.identity = json.loads((Path(self.dir) / "world.json").read_text(encoding="utf-8"))
        self.port = self.identity["port"]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.access_key, self.secret_key = self.identity["access_key_id"], self.identity["secret_access_key"]
        self.account = self.identity["account"]

    def stop(self):
        """The end of its process; what is in it stays, unless it is a copy."""
        for copy in list(self.copies):
            copy.stop()
        if self.process and self.process.poll() is None:
            self.process.terminate()
        if self.process:
            self.process.wait()
            self.process.stdout.close()
        self.process = None
        if self.origin and os.path.isdir(self.dir):
            self.origin.lost += self.unknown()
            self.origin.copies.remove(self)
            shutil.rmtree(self.dir, ignore_errors=True)

    def here(self, text):
        for image in json.loads((e2e.ROOT / "tests" / "moto" / "amis.json").read_text(encoding="utf-8")):
            ours = hashlib.sha256(f"{e2e.REGION} {image['name']}".encode()).hexdigest()[:17]
            text = text.replace(image["ami_id"], f"ami-{ours}")
        return text

    def unknown(self):
        """What the program asked for that it does not know, here and in its copies."""
        return self.lost + [entry for entry in self.log("-status=501") if entry["operation"] not in self.refused]

    def command(self, *args):
        """infra sandbox ARGS on this world."""
        return e2e.run([e2e.INFRA, "sandbox", args[0], f"-dir={self.dir}", *args[1:]], e2e.environment(""), self.dir)

    def no_hosts(self):
        """Why its instances have no hosts, though it was asked for them; None where they have."""
        status = self.command("status").out
        return status.split("behind them: ")[-1].replace("\n", " ") if "no hosts behind them" in status else None

    def log(self, *args):
        """What was asked of it."""
        return [json.loads(line) for line in self.command("log", "-json", "-n=100000", *args).out.splitlines()]

    def reset(self):
        done = self.command("reset")
        if done.code != 0:
            raise RuntimeError(str(done))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)


class Ssh:
    """The machine's own ssh into a world's hosts, from an address on the internet."""
    ADDRESS = "203.0.113.7"

    def __init__(self, cloud, folder):
        self.cloud, self.folder = cloud, Path(folder)
        self.key = self.folder / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.key)], check=True, stdin=subprocess.DEVNULL)
        self.config = self.folder / "config"
        self.config.write_text(f"IdentityFile {self.key}\nIdentitiesOnly yes\nUser ubuntu\nConnectTimeout 10\nLogLevel ERROR\n" + cloud.command("ssh-config", f"-from={self.ADDRESS}").out
                               + f"Host 10.* 172.*\n    UserKnownHostsFile {self.folder}/known_hosts\n    StrictHostKeyChecking accept-new\n")
        # One connection for many commands, where the way to the host is not what is tested. It ends with the host.
        self.kept = self.folder / "kept"
        self.kept.write_text(f"Include {self.config}\nHost *\n    ControlMaster auto\n    ControlPath {self.folder}/%C\n    ControlPersist 60\n"
                             "    ServerAliveInterval 5\n")

    def run(self, *args, kept=False, timeout=40):
        config = self.kept if kept else self.config
        return e2e.run(["ssh", "-F", str(config), "-o", "BatchMode=yes", *args], {**os.environ}, self.folder, timeout=timeout)


def until(function, seconds=15):
    """True as soon as it is, as programs of the machine take their time."""
    end = time.time() + seconds
    while time.time() < end:
        if function():
            return True
        time.sleep(0.05)
    return False


def start_hosts(cloud, count, data=None):
    """Hosts in the default VPC that are open for ssh: (their ids, their public addresses)."""
    ec2 = cloud.client("ec2")
    group = ec2.describe_security_groups(GroupNames=["default"])["SecurityGroups"][0]
    if not any(p["IpRanges"] for p in group["IpPermissions"]):
        ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
    image = ec2.describe_images(Owners=["099720109477"])["Images"][0]["ImageId"]
    made = [i["InstanceId"] for i in ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=count, MaxCount=count,
                                                       **({"UserData": data} if data else {}))["Instances"]]
    addresses = lambda: [i.get("PublicIpAddress") for r in ec2.describe_instances(InstanceIds=made)["Reservations"] for i in r["Instances"]]  # noqa: E731
    until(lambda: all(addresses()))
    return made, addresses()


def processes(pid):
    """Children of a process, and theirs."""
    found, frontier, parents = [], [pid], {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            state, parent = (entry / "stat").read_text().rsplit(")", 1)[1].split()[:2]
        except OSError:
            continue
        if state != "Z":
            parents.setdefault(int(parent), []).append(int(entry.name))
    while frontier:
        children = parents.get(frontier.pop(), [])
        found += children
        frontier += children
    return found


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def banner(cloud, address, seconds=60):
    """What sshd at a public address says first, asked of the hosts' process itself; b"" when it does not."""
    end = time.time() + seconds
    while time.time() < end:
        with socket.socket(socket.AF_UNIX) as way:
            directory = os.open(cloud.dir, os.O_PATH)  # a socket's path is short
            try:
                way.connect(f"/proc/self/fd/{directory}/hosts.socket")
            finally:
                os.close(directory)
            way.sendall(f"{address} 22 {Ssh.ADDRESS}\n".encode())
            handed = socket.recv_fds(way, 512, 1)[1]
        if handed:
            with socket.socket(fileno=handed[0]) as connection:
                connection.settimeout(10)
                return connection.recv(256)
        time.sleep(0.02)
    return b""
