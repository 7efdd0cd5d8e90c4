#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""infra doctor: each check when all is well, and with everything that can be wrong."""
import http.server
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from email.utils import formatdate
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))
import e2e  # noqa: E402
import sandbox  # noqa: E402
from folder import Folder  # noqa: E402
from tap import Tap  # noqa: E402

tap = Tap()
NOWHERE = "http://127.0.0.1:1"
CONFIG = """
provider "aws" {}
resource "aws_key_pair" "k" {
  key_name   = "k"
  public_key = file("key.pub")
}
"""
XML = {
    "GetCallerIdentity": "<GetCallerIdentityResponse xmlns='https://sts.amazonaws.com/doc/2011-06-15/'><GetCallerIdentityResult>"
                         "<Arn>arn:aws:iam::123456789012:user/me</Arn><UserId>A</UserId><Account>123456789012</Account>"
                         "</GetCallerIdentityResult></GetCallerIdentityResponse>",
    "DescribeRegions": "<DescribeRegionsResponse xmlns='http://ec2.amazonaws.com/doc/2016-11-15/'><regionInfo><item>"
                       "<regionName>ap-east-1</regionName><regionEndpoint>x</regionEndpoint><optInStatus>not-opted-in</optInStatus>"
                       "</item></regionInfo></DescribeRegionsResponse>",
}


class Server(http.server.BaseHTTPRequestHandler):
    """A cloud whose clock is wrong by so many seconds, and which has a region that was not opted in to."""
    ahead = 0

    def do_GET(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        text = next((xml for name, xml in XML.items() if name in body), "").encode()
        self.send_response_only(200 if text else 404)
        self.send_header("Date", formatdate(time.time() + self.ahead, usegmt=True))
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_POST = do_GET

    def log_message(self, *_):
        pass


class Patient(Folder):
    """A project with a key pair; `doctor` gives what is found by check."""

    def __init__(self, cloud, config=CONFIG):
        super().__init__(config=config)
        self.cloud = cloud
        self.env = cloud.environment(HOME=str(self.home), XDG_CONFIG_HOME=str(self.home / ".config"), INFRA_SANDBOX=cloud.dir)
        self.env.pop("SSH_AUTH_SOCK", None)
        self.key = self.folder / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(self.key)], check=True, stdin=subprocess.DEVNULL)

    def doctor(self, *args, within=(), **env):
        env = {**self.env, **{name: value for name, value in env.items() if value is not None}}
        for name, value in list(env.items()):
            if value == "":
                del env[name]
        done = e2e.run([*within, e2e.INFRA, "doctor", "-json", *args], env, self.folder, timeout=60)
        self.done = done
        self.seen += done.out + done.err
        found = json.loads(done.out)
        self.found = {}
        for f in found["checks"]:
            self.found.setdefault(f["check"], []).append(f)
        assert found["ok"] == (done.code == 0) == (not any(f["status"] == "failed" for f in found["checks"])), done
        return self

    def says(self, check, status, words, what, remedy=""):
        ok = any(f["status"] == status and words in f["text"] and remedy in (f["remedy"] or "") for f in self.found.get(check, []))
        tap.ok(ok, what, f"wanted {status} {words!r} {remedy!r}", self.done)

    def only(self, *checks):
        """No other check than these fails."""
        others = [f for name, all_ in self.found.items() for f in all_ if f["status"] == "failed" and name not in checks]
        tap.ok(not others and self.done.code == 1, f"and nothing but {' and '.join(checks)} fails", others, self.done)


def test_good(cloud):
    with Patient(cloud) as p:
        p.doctor()
        tap.same(p.done.code, 0, "all is well: exit code 0")
        bad = [f for all_ in p.found.values() for f in all_ if f["status"] == "failed"]
        tap.same(bad, [], "nothing failed")
        p.says("credentials", "ok", f"arn:aws:iam::{cloud.identity['account']}:", "whose credentials they are")
        p.says("credentials", "ok", "from the environment", "and where they come from")
        p.says("region", "ok", f"{e2e.REGION}, from AWS_REGION", "the region, and who says it")
        p.says("endpoint", "ok", cloud.endpoint, "the endpoint, which is not AWS's")
        p.says("clock", "ok", "as the server's", "the clock")
        p.says("key", "ok", "key.pub and its private key", "the key that the configuration names")
        p.says("configuration", "ok", "1 file, 1 module", "the configuration")
        p.says("state", "ok", "none yet", "no state yet")
        p.says("lock", "ok", "free", "nor a lock")
        p.says("ssh", "ok", "OpenSSH_", "ssh's version")
        p.says("sandbox", "ok", "is what this shell speaks to", "the sandbox that runs")
        p.says("disk", "ok", "free", "disk space")
        tap.same(sorted(os.listdir(p.folder)), ["key", "key.pub", "main.tf"], "it leaves nothing behind")
        done = e2e.run([e2e.INFRA, "doctor"], p.env, p.folder)
        tap.ok(done.code == 0 and all(line.startswith(("ok ", "warning ", " ", "\n")) or line in ("", "Nothing is wrong.", "0 failed, 1 warning.")
                                      for line in done.out.split("\n")), "for people: a line for each check", done)
        tap.ok(cloud.secret_key not in p.seen + done.out + done.err and p.key.read_text().split("\n")[1] not in p.seen, "no secret is printed")
        for args in (["-jsn"], ["all"]):
            tap.same(e2e.run([e2e.INFRA, "doctor", *args], p.env, p.folder).code, 3, f"{args[0]} is refused")


def test_cloud_is_away(cloud):
    with Patient(cloud) as p:
        p.doctor(AWS_ENDPOINT_URL=NOWHERE)
        p.says("endpoint", "failed", "does not answer", "an endpoint where nobody listens", "infra sandbox up")
        p.says("clock", "warning", "not compared", "the clock cannot be compared")
        p.says("credentials", "warning", "could not be asked", "nor the credentials be asked for")
        p.only("endpoint")
        p.doctor(AWS_ENDPOINT_URL="", AWS_CA_BUNDLE="", https_proxy=NOWHERE)
        p.says("endpoint", "failed", "amazonaws.com does not answer", "AWS's own endpoint without a way to it", "proxy")
        p.doctor(AWS_ENDPOINT_URL="nonsense")
        p.says("endpoint", "failed", "", "an endpoint that is none")
        p.says("ssh", "ok", "OpenSSH_", "the rest is looked at all the same")


def test_credentials(cloud):
    with Patient(cloud) as p:
        p.doctor(AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
        p.says("credentials", "failed", "No AWS credentials", "no credentials: all places that were looked at", "the environment: ")
        p.says("clock", "ok", "as the server's", "the clock needs none")
        p.only("credentials")
        secret = "thisIsNotTheRightSecretKeyAtAll000000000"
        p.doctor(AWS_SECRET_ACCESS_KEY=secret)
        p.says("credentials", "failed", "refused", "a wrong secret key", "SignatureDoesNotMatch")
        tap.ok(secret not in p.seen, "which is not shown")
        p.doctor(AWS_ACCESS_KEY_ID="AKIAAAAAAAAAAAAAAAAA")
        p.says("credentials", "failed", "AKIA...AAAA", "an unknown access key", "InvalidClientTokenId")
        p.doctor(AWS_PROFILE="nobody", AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
        p.says("credentials", "failed", "", "a profile that does not exist")
        p.says("clock", "ok", "as the server's", "and still the clock")
        config = p.home / "aws"
        config.write_text(f"[profile dev]\naws_access_key_id = {cloud.access_key}\naws_secret_access_key = {cloud.secret_key}\nregion = eu-west-1\n")
        p.doctor(AWS_PROFILE="dev", AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="", AWS_REGION="", AWS_DEFAULT_REGION="", AWS_CONFIG_FILE=str(config))
        p.says("credentials", "ok", 'profile "dev"', "credentials of a profile")
        p.says("region", "ok", "eu-west-1, from the profile", "and its region")


def test_region(cloud):
    with Patient(cloud) as p:
        p.doctor(AWS_REGION="us-eats-1")
        p.says("region", "warning", "is none that is known", "a misspelt region", "Did you mean us-east-1?")
        p.doctor(AWS_REGION="us east")
        p.says("region", "failed", "is no region", "what is no region")
        p.doctor(AWS_REGION="", AWS_DEFAULT_REGION="")
        p.says("region", "failed", "neither the provider block", "no region", "export AWS_REGION=")
        p.write(config=CONFIG.replace('"aws" {}', '"aws" { region = "eu-central-1" }'))
        p.doctor()
        p.says("region", "ok", "eu-central-1, from the provider block", "the provider block's region wins")
        p.write(config=CONFIG.replace('"aws" {}', '"aws" { region = var.r }') + 'variable "r" {}\n')
        p.doctor()
        p.says("configuration", "ok", "no value for var.r", "a variable without a value is no mistake")


def test_clock_and_opt_in(cloud):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    with Patient(cloud) as p:
        for ahead, status, words in ((0, "ok", "as the server's"), (90, "warning", "behind the server's"), (600, "failed", "behind the server's"),
                                     (-3600, "failed", "ahead of the server's")):
            Server.ahead = ahead
            p.doctor(AWS_ENDPOINT_URL=url, AWS_REGION="ap-east-1")
            p.says("clock", status, words, f"a server's clock {ahead} s off", "timedatectl" if ahead else "")
        p.says("region", "failed", "not enabled for account 123456789012", "a region that was not opted in to", "aws account enable-region")
    server.shutdown()


def test_configuration(cloud):
    with Patient(cloud) as p:
        p.write(config=CONFIG + 'resource "aws_vpc" "v" { cidr_blok = 1 }\n')
        p.doctor()
        p.says("configuration", "failed", "(main.tf line 7)", "a mistake in the configuration, and where", "infra validate")
        p.says("credentials", "ok", "arn:", "the credentials are looked at all the same")
        p.write(config="resource {{{")
        p.doctor()
        p.says("configuration", "failed", "main.tf", "a file that cannot be parsed")
        p.only("configuration")
        (p.folder / "main.tf").unlink()
        p.doctor()
        p.says("configuration", "warning", "no plan files", "no configuration at all")
        tap.same(p.done.code, 0, "which is no failure")


def test_keys(cloud):
    with Patient(cloud) as p:
        p.key.chmod(0o644)
        p.doctor()
        p.says("key", "failed", "others may read the private key key (mode 0644)", "a private key that others may read", "chmod 600 key")
        p.only("key")
        p.key.chmod(0o600)
        other = p.folder / "other"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(other)], check=True, stdin=subprocess.DEVNULL)
        kept = p.key.with_suffix(".pub").read_text()
        shutil.copy(other.with_suffix(".pub"), p.key.with_suffix(".pub"))
        p.doctor()
        p.says("key", "failed", "is not the public key of key", "a public key of another pair", "ssh-keygen -y -f key")
        p.key.with_suffix(".pub").write_text("nonsense\n")
        p.doctor()
        p.says("key", "failed", "is no public key", "a file that holds none")
        p.key.with_suffix(".pub").write_text(kept)
        p.key.rename(p.folder / "elsewhere")
        p.doctor()
        p.says("key", "warning", "is neither in key nor in ssh's agent", "a private key that is not there")
        agent = subprocess.Popen(["ssh-agent", "-D", "-a", str(p.home / "agent")], stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        try:
            env = {"SSH_AUTH_SOCK": str(p.home / "agent")}
            for _ in range(100):
                if e2e.run(["ssh-add", "-q", str(p.folder / "elsewhere")], {**p.env, **env}, p.folder).code == 0:
                    break
                time.sleep(0.05)
            p.doctor(**env)
            p.says("key", "ok", "its private key in ssh's agent", "one that the agent holds")
            p.says("agent", "ok", "holds 1 key", "and how many it holds")
        finally:
            agent.terminate()
            agent.wait()
        p.doctor(SSH_AUTH_SOCK=str(p.home / "nothing"))
        p.says("agent", "warning", "does not answer", "an agent that has gone", "ssh-agent")
        (p.home / ".ssh").mkdir()
        for name in ("key.pub", "elsewhere"):
            shutil.move(p.folder / name, p.home / ".ssh" / name.replace("elsewhere", "key"))
        p.write(config=CONFIG.replace("key.pub", "~/.ssh/key.pub"))
        p.doctor()
        p.says("key", "ok", "~/.ssh/key.pub and its private key", "~ is the home directory, as for file()")
        p.write(config=CONFIG)
        p.doctor()
        p.says("key", "failed", "the public key key.pub: No such file", "a public key that is not there", "ssh-keygen -t ed25519 -f key")


def test_programs(cloud):
    with Patient(cloud) as p:
        tools = p.home / "bin"
        tools.mkdir()
        for name in ("ssh-keygen", "sh"):
            (tools / name).symlink_to(shutil.which(name))
        p.doctor(PATH=str(tools))
        p.says("ssh", "failed", "ssh is not installed", "no ssh", "apt-get install openssh-client")
        p.says("rsync", "warning", "rsync is not installed", "no rsync", "apt-get install rsync")
        p.says("tmux", "warning", "tmux is not installed", "no tmux", "apt-get install tmux")
        for version, status, words in (("OpenSSH_7.2p2 Ubuntu", "failed", "too old"), ("OpenSSH_8.4p1", "warning", "old"),
                                       ("OpenSSH_10.0p2", "ok", "OpenSSH_10.0p2"), ("Dropbear v2022", "warning", "not OpenSSH's")):
            (tools / "ssh").write_text(f"#!/bin/sh\necho '{version}' >&2\n")
            (tools / "ssh").chmod(0o755)
            p.doctor(PATH=str(tools))
            p.says("ssh", status, words, f"ssh that says {version}")


def test_state(cloud):
    with Patient(cloud) as p:
        done = p.infra("apply", "-auto-approve", "-input=false")
        tap.ok(done.code == 0, "a key pair is made in the sandbox", done)
        state = p.folder / ".infra" / "sandbox.db"
        p.doctor()
        p.says("state", "ok", "1 object in .infra/sandbox.db", "the state, with what it holds")
        p.says("cloud", "ok", f"aws:{cloud.identity['account']}:{e2e.REGION}", "the cloud that it lives in is the one that is reached")
        p.doctor(AWS_REGION="eu-west-1", AWS_DEFAULT_REGION="eu-west-1")
        p.says("cloud", "failed", "but aws_key_pair.k lives in aws:", "another region than the state's", ":" + e2e.REGION)
        p.only("cloud")
        p.doctor(AWS_SECRET_ACCESS_KEY="x" * 40)
        p.says("cloud", "warning", "whether that is reached is not known", "not compared without credentials")
        state.chmod(0o644)
        p.doctor()
        p.says("state", "warning", "others may read .infra/sandbox.db", "a state that others may read", "chmod 600 .infra/sandbox.db")
        state.chmod(0o666)
        p.doctor()
        p.says("state", "failed", "others may write .infra/sandbox.db", "a state that others may write", "chmod 600")
        state.chmod(0o600)
        (p.home / ".config" / "infra").mkdir(parents=True, exist_ok=True)
        key = p.home / ".config" / "infra" / "state.key"
        if not key.exists():
            key.write_bytes(b"0" * 32)
        key.chmod(0o640)
        p.doctor()
        p.says("state", "failed", "state.key (mode 0640)", "a key of the state that others may read", "chmod 600")
        key.chmod(0o600)

        cloud.command("fault", "add", "slow", "-ms=20000", "-operation=CreateVpc")
        p.write(vpc__tf='resource "aws_vpc" "v" { cidr_block = "10.0.0.0/16" }\n')
        run = subprocess.Popen([e2e.INFRA, "apply", "-auto-approve", "-input=false"], env=p.env, cwd=p.folder, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            end = time.time() + 15
            while time.time() < end and not open_intents(state):
                time.sleep(0.05)
            p.doctor()
            p.says("lock", "warning", f"process {run.pid} on ", "another run that has the lock")
        finally:
            run.send_signal(signal.SIGKILL)
            run.wait()
        p.doctor()
        p.says("state", "warning", "has left 1 change open, of aws_vpc.v", "what a killed run has left open", "infra plan")
        p.says("lock", "ok", "free", "its lock ended with it")
        cloud.command("fault", "clear")

        state.write_bytes(b"this is no database" * 100)
        for end in ("-wal", "-shm"):
            Path(str(state) + end).unlink(missing_ok=True)
        p.doctor()
        p.says("state", "failed", ".infra/sandbox.db: ", "a damaged state")
        p.only("state")


def test_odd(cloud):
    with Patient(cloud) as p:
        (p.folder / ".infra").write_text("")
        p.doctor()
        p.says("state", "failed", "Not a directory", "a file in the place of the state's folder", "Move it away")
        p.only("state")
        (p.folder / ".infra").unlink()
        (p.folder / "types").mkdir()
        (p.folder / "types" / "x.hcl").write_text("{{{")
        p.doctor()
        p.says("configuration", "failed", "Mistake in a type file", "a damaged type file")
        p.only("configuration")
        shutil.rmtree(p.folder / "types")
        (p.home / "damaged").write_text("[default\n")
        p.doctor(AWS_CONFIG_FILE=str(p.home / "damaged"))
        p.says("credentials", "failed", "AWS settings cannot be read", "a damaged file of AWS's", "damaged")
        p.says("endpoint", "ok", cloud.endpoint, "the endpoint is looked at all the same")
        p.write(config=CONFIG.replace('"aws" {}', '"aws" { region = [][0] }'))
        p.doctor()
        p.says("provider", "warning", "cannot be evaluated", "a provider block that cannot be evaluated")
        p.says("credentials", "ok", "arn:", "and whose credentials those of the environment are")
        p.doctor(HOME="", XDG_CONFIG_HOME="")
        p.says("ssh", "ok", "OpenSSH_", "without a home")
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))
            deaf.listen()
            begin = time.time()
            p.doctor(AWS_ENDPOINT_URL=f"http://127.0.0.1:{deaf.getsockname()[1]}")
            p.says("endpoint", "failed", "does not answer", "an endpoint that takes the connection and says nothing")
            tap.ok(time.time() - begin < 25, "is not waited for for ever")


def open_intents(path):
    try:
        db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
        try:
            return db.execute("SELECT count(*) FROM intents").fetchone()[0]
        finally:
            db.close()
    except sqlite3.Error:
        return 0


def test_sandbox(cloud):
    with Patient(cloud) as p:
        if subprocess.run(["unshare", "-Urm", "true"], stderr=subprocess.DEVNULL, check=False).returncode:
            tap.skip("a machine that refuses", "namespaces cannot be made here")
        else:
            p.doctor(within=["unshare", "-Urm", "sh", "-c", 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"', "sh"])
            p.says("sandbox hosts", "warning", "no user namespace can be made", "why there can be no hosts, and what to do",
                   "sysctl user.max_user_namespaces=")
            small = p.folder / "small"
            small.mkdir()
            for size, status in (("20m", "failed"), ("400m", "warning")):
                p.doctor(within=["unshare", "-Urm", "sh", "-c", f'mount -t tmpfs -o size={size} none "{small}" && cd "{small}" && exec "$@"', "sh"])
                p.says("disk", status, "this folder: ", f"a disk of {size}")
        cloud.stop()
        p.doctor()
        p.says("sandbox", "failed", "it does not run", "a sandbox that this shell speaks to, and that does not run", "infra sandbox up")
        p.only("sandbox", "endpoint")
        p.doctor(INFRA_SANDBOX=str(p.home / "none"))
        p.says("sandbox", "ok", "does not run", "no sandbox is no failure")
        cloud.start()


def main():
    with sandbox.Sandbox() as cloud:
        for test in (test_good, test_cloud_is_away, test_credentials, test_region, test_clock_and_opt_in, test_configuration, test_keys,
                     test_programs, test_state, test_odd, test_sandbox):
            tap.case(test, cloud)
    tap.done()


main()
