#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""infra tunnel with the machine's own ssh into hosts of the sandbox: named ones and others, losses and returns, the end."""
import os
import pty
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))
import e2e  # noqa: E402
import sandbox  # noqa: E402
from folder import Folder  # noqa: E402
from tap import Tap, skip_all  # noqa: E402

tap = Tap()
PAGE = "This stands for Grafana.\n"
SERVE = ("cd /tmp && printf '%s' '" + PAGE + "' > index.html && (setsid python3 -m http.server {port} --bind {address} > /dev/null 2>&1 < /dev/null &)")


def until(function, seconds=30):
    end = time.time() + seconds
    while time.time() < end:
        found = function()
        if found:
            return found
        time.sleep(0.05)
    return None


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def fetch(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
            return answer.read().decode()
    except OSError as error:
        return str(error)


def of_session(session):
    """Processes of a session that are not over."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            stat = (entry / "stat").read_text().rsplit(")", 1)[1].split() if entry.name.isdigit() else []
        except OSError:
            continue
        if stat and int(stat[3]) == session and stat[0] != "Z":
            found.append(int(entry.name))
    return found


def listeners(port):
    """The addresses at which something listens on a port, as the kernel has them."""
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path("/proc/net/" + table).read_text().split("\n")[1:]:
            words = line.split()
            if words and words[3] == "0A" and int(words[1].split(":")[1], 16) == port:
                found.append(words[1].split(":")[0])
    return found


class Tunnel:
    """`infra tunnel` in a session of its own; what it says, as it comes."""

    def __init__(self, project, *args, **env):
        self.process = subprocess.Popen([e2e.INFRA, "tunnel", *args], env={**project.env, **env}, cwd=project.folder, stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True)
        self.text = ""
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.text += line

    def says(self, pattern, what, seconds=30):
        """Whether it has said something, or does within the time; the match."""
        match = until(lambda: re.search(pattern, self.text, re.M), seconds)
        tap.ok(match, what, f"wanted: {pattern}", self.text)
        return match

    def end(self, signo=signal.SIGINT):
        self.process.send_signal(signo)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join(5)
        return until(lambda: not of_session(self.process.pid), 3) is not None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.end()


def refused(project, args, words, what, code=1):
    done = project.infra("tunnel", *args)
    tap.ok(done.code == code and words in " ".join(done.err.split()) and not done.out, what, f"wanted: {words}", done)


def test_before_apply(project):
    done = project.infra("tunnel", "-list")
    tap.ok(done.code == 0 and re.search(r"^grafana +\(not known yet\) +Metrics of the hosts\.$", done.out, re.M), "the list before anything is made", done)
    refused(project, ["grafana"], "depends on what the next apply makes", "a tunnel to what is not made yet")
    refused(project, ["grafna"], 'has no tunnel "grafna". Did you mean "grafana"?', "a misspelt name")
    refused(project, ["10.0.0.1:0"], "with a port from 1 to 65535", "no port")
    refused(project, [":80"], "is not HOST:PORT", "no host")
    refused(project, ["-lst"], "did you mean -list?", "a misspelt option", 3)
    refused(project, ["-local-port=1", "a:1", "b:2"], "is for one tunnel at a time", "one local port for two")
    refused(project, ["-local-port=x", "a:1"], "a number from 1 to 65535", "a local port that is none")


def test_list(project):
    done = project.infra("tunnel")
    tap.ok(done.code == 0 and re.search(r"^grafana +10\.42\.\d+\.\d+:3000 ", done.out, re.M) and "infra tunnel grafana" in done.err,
           "without a name: the named ones, and how to start one", done)
    off = project.infra("tunnel", "-list", "-var", "enable_monitor=false", "-state=elsewhere.db")
    tap.ok(off.code == 0 and off.out.count("(not there)") == 2, "those that lead to what is turned off", off)
    refused(project, ["-var", "enable_monitor=false", "-state=elsewhere.db", "grafana"], 'The host of the tunnel "grafana" is null now', "and they are not started")
    refused(project, ["nowhere:80"], "nowhere", "a host that there is none of")
    refused(project, ["1:8888:localhost:8888"], "is not HOST:PORT", "what ssh -L takes is not taken for a host")
    refused(project, ["module.monitr[0].aws_instance.this:80"], "Did you mean", "a misspelt address of a resource")
    refused(project, ["$(touch x).y:80"], "holds what no name of a host holds", "a host that is shell syntax")
    refused(project, ["--", "-oProxyCommand=touch x.y:80"], "holds what no name of a host holds", "a host that would be an option")
    tap.ok(not (project.folder / "x").exists() and not (project.folder / "x.y").exists(), "nothing of it is run")


def test_silent(project, ssh):
    (project.folder / "jupyter.infra").write_text('tunnel "jupyter" {\n  host = local.worker\n  port = 8888\n}\n')
    with Tunnel(project, "jupyter") as t:
        match = t.says(r"^jupyter +the tunnel stands at http://127\.0\.0\.1:(\d+), but nobody listens there \(msls-train, port 8888\): .*refused",
                       "a tunnel to a port where nobody listens is told from none")
        port = int(match[1]) if match else 8888
        tap.same(listeners(port), ["0100007F"], "it listens on 127.0.0.1 alone")
        ssh("msls-train", SERVE.format(port=8888, address="127.0.0.1"))
        t.says(rf"^jupyter +http://127\.0\.0\.1:{port}$", "as soon as somebody listens it says so")
        tap.same(fetch(port), PAGE, "the page comes through it, though the server listens on localhost alone")
        ssh("msls-train", "for p in /proc/[0-9]*; do grep -qs ^python3 $p/cmdline && kill ${p#/proc/}; done; true")
        until(lambda: fetch(port) != PAGE, 5)
        until(lambda: t.text.count("nobody listens") == 2, 5)
        tap.ok(t.text.count("nobody listens") == 2 and "lost" not in t.text, "the server ends: that nobody listens any more", t.text)
        tap.ok(t.end(), "Ctrl-C leaves no process", t.text)
        tap.same(t.process.returncode, 0, "and is no failure")
        tap.same(listeners(port), [], "nor a listener")
    ssh("msls-train", SERVE.format(port=8889, address="$(hostname -I | cut -d' ' -f1)"))
    with Tunnel(project, "msls-train:8889") as t:
        match = t.says(r"^msls-train:8889 +http://127\.0\.0\.1:(\d+)$", "a server that listens on its host's private address alone is found")
        tap.same(match and fetch(int(match[1])), PAGE, "and its page comes")
        tap.ok("nobody" not in t.text and "lost" not in t.text, "without a word on where it had been looked for before", t.text)


def test_named(project, ec2):
    with Tunnel(project, "grafana") as t:
        match = t.says(r"^grafana +http://127\.0\.0\.1:(\d+)$", "the example's Grafana")
        port = int(match[1]) if match else 3000
        page = fetch(port)
        tap.ok("Grafana" in page, "its page comes through it", page)

        jump = next(i for r in ec2.describe_instances()["Reservations"] for i in r["Instances"] if i.get("PublicIpAddress"))["InstanceId"]
        ec2.stop_instances(InstanceIds=[jump])
        t.says(r"^grafana +is lost: .*; trying again", "the jump host stops: that the connection is lost")
        until(lambda: state(ec2, jump) == "stopped")
        ec2.start_instances(InstanceIds=[jump])
        t.says(rf"^grafana +http://127\.0\.0\.1:{port}  \(is back\)$", "it starts: back at the same port", 60)
        tap.same(fetch(port), page, "and the page comes through it")

        ec2.reboot_instances(InstanceIds=[jump])
        until(lambda: t.text.count("(is back)") > 1, 60)
        tap.ok(t.text.count("(is back)") == t.text.count("is lost") == 2, "it reboots: lost, and back", t.text)
        tap.same(fetch(port), page, "and the page comes through it")

        os.kill(ssh_of(t), signal.SIGKILL)
        until(lambda: t.text.count("(is back)") > 2)
        tap.ok(t.text.count("(is back)") == t.text.count("is lost") == 3, "ssh is killed: a line on the loss, and one on the return", t.text)
        tap.same(fetch(port), page, "and the page comes")
        t.process.kill()
        tap.ok(until(lambda: not of_session(t.process.pid), 5), "when it is killed, ssh ends with it", t.text)


def ssh_of(tunnel):
    for pid in of_session(tunnel.process.pid):
        words = Path(f"/proc/{pid}/cmdline").read_text().split("\0")
        if words[0] == "ssh" and "-N" in words:
            return pid
    return 0


def state(ec2, instance):
    return ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]["State"]["Name"]


def test_ports(project, ssh):
    ssh("msls-train", SERVE.format(port=8888, address="localhost"))
    with socket.socket() as busy:
        port = free_port()
        busy.bind(("127.0.0.1", port))
        busy.listen()
        refused(project, [f"-local-port={port}", "grafana"], f"wants port {port} of this machine", "a local port that is in use")
        (project.folder / "more.infra").write_text(f'tunnel "fixed" {{\n  host = local.worker\n  port = 8888\n  local_port = {port}\n  path = "/lab"\n}}\n')
        refused(project, ["fixed"], f"wants port {port} of this machine", "the same, of a tunnel block")
    with Tunnel(project, "fixed") as t:
        t.says(rf"^fixed +http://127\.0\.0\.1:{port}/lab$", "a block's local port and path")
        tap.same(fetch(port), PAGE, "which works")
        with Tunnel(project, "msls-train:8888", "127.0.0.1:22", "1:9", "2:8888") as several:
            a = several.says(r"^msls-train:8888 +http://127\.0\.0\.1:(\d+)$", "a host by its name")
            b = several.says(r"^2:8888 +http://127\.0\.0\.1:(\d+)$", "by its index")
            c = several.says(r"^127\.0\.0\.1:22 +127\.0\.0\.1:(\d+)$", "an address that the jump host reaches: its own sshd")
            several.says(r"^1:9 +the tunnel stands at .*nobody listens", "several at once, one of them silent")
            if a and b and c:
                tap.same([fetch(int(a[1])), fetch(int(b[1]))], [PAGE, PAGE], "their pages")
                with socket.create_connection(("127.0.0.1", int(c[1])), 10) as s:
                    tap.ok(s.recv(4) == b"SSH-", "and what that sshd says")
            tap.ok(several.end(signal.SIGTERM) and several.process.returncode == 0, "all of them end together", several.text)
        port = free_port()
        with Tunnel(project, f"-local-port={port}", "module.trainer[0].aws_instance.this:8888") as chosen:
            chosen.says(rf"http://127\.0\.0\.1:{port}$", "-local-port, and a host by its resource's address")
            tap.ok(chosen.end(signal.SIGHUP), "it ends with its terminal", chosen.text)


def test_open(project):
    tools = project.top / "tools"
    tools.mkdir()
    (tools / "xdg-open").write_text(f'#!/bin/sh\necho "$1" > {tools}/opened\n')
    (tools / "xdg-open").chmod(0o755)
    with Tunnel(project, "-open", "grafana", PATH=f"{tools}:{os.environ['PATH']}") as t:
        match = t.says(r"^grafana +(http://127\.0\.0\.1:\d+)$", "-open")
        opened = until(lambda: (tools / "opened").exists() and (tools / "opened").read_text())
        tap.same(opened, match and match[1] + "\n", "opens the page")


THIEF = """#!{python}
# Becomes ssh; the first time, another process listens by then at the port that ssh shall listen at.
import os, socket, sys, time
spec = sys.argv[sys.argv.index("-L") + 1] if "-L" in sys.argv else ""
mark = os.path.dirname(sys.argv[0]) + "/done"
if spec and not os.path.exists(mark):
    open(mark, "w").close()
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", int(spec.split(":")[1])))
    s.listen()
    if not os.fork():
        os.closerange(0, 3)
        time.sleep(15)
        os._exit(0)
    s.close()
os.execv("{ssh}", sys.argv)
"""


def test_thief(project):
    """Somebody else takes the local port between our look and ssh's."""
    tools = project.top / "thief"
    tools.mkdir()
    (tools / "ssh").write_text(THIEF.format(python=sys.executable, ssh=shutil.which("ssh")))
    (tools / "ssh").chmod(0o755)
    path = f"{tools}:{os.environ['PATH']}"
    with Tunnel(project, "jupyter", PATH=path) as t:
        match = t.says(r"^jupyter +http://127\.0\.0\.1:(\d+)$", "a port that is taken in the last moment: another one")
        tap.same(match and fetch(int(match[1])), PAGE, "which works")
    (tools / "done").unlink()
    port = free_port()
    done = e2e.run([e2e.INFRA, "tunnel", f"-local-port={port}", "jupyter"], {**project.env, "PATH": path}, project.folder, timeout=20)
    tap.ok(done.code == 1 and f"jupyter  failed: bind [127.0.0.1]:{port}: Address already in use" in done.err, "one that was asked for: a failure", done)


def test_terminal(project):
    """Ctrl-C as a user presses it: ssh hears it, too."""
    pid, terminal = pty.fork()
    if not pid:
        os.chdir(project.folder)
        os.execve(e2e.INFRA, [e2e.INFRA, "tunnel", "grafana"], project.env)
    text = b""

    def read(until_text):
        nonlocal text
        end = time.time() + 30
        while until_text not in text and time.time() < end:
            try:
                text += os.read(terminal, 4096)
            except OSError:
                return
    read(b"http://127.0.0.1:")
    os.write(terminal, b"\x03")
    read(b"never")
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    tap.ok(b"http://127.0.0.1:" in text and b"lost" not in text and os.waitstatus_to_exitcode(status) == 0, "on a terminal Ctrl-C ends it, and is no loss", text)
    tap.ok(until(lambda: not of_session(pid), 3), "and no process is left")


def test_failures(project, cloud):
    key = project.home / ".ssh" / "id_ed25519"
    key.rename(key.with_suffix(".kept"))
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True, stdin=subprocess.DEVNULL)
    begin = time.time()
    refused(project, ["grafana"], "grafana failed: ", "a key that hosts do not know")
    tap.ok(time.time() - begin < 10, "which is not tried for long")
    other = key.with_suffix(".pub").read_text(encoding="utf-8").split()[1]
    key.with_suffix(".kept").rename(key)
    known = project.folder / ".infra/sandbox.hosts/known_hosts"
    text = known.read_text(encoding="utf-8")
    known.write_text("".join(f"{line.split()[0]} ssh-ed25519 {other}\n" for line in text.splitlines()), encoding="utf-8")
    begin = time.time()
    refused(project, ["grafana"], "REMOTE HOST IDENTIFICATION HAS CHANGED", "a host with another key than its own")
    tap.ok(time.time() - begin < 10, "which is not tried for long either")
    known.write_text(text, encoding="utf-8")
    cloud.stop()
    refused(project, ["grafana"], "The sandbox cloud does not run", "a sandbox that is not there")
    cloud.start()


SMALL = """
provider "aws" {}
data "aws_ami" "u" {
  most_recent = true
  owners      = ["099720109477"]
  filter {
    name   = "name"
    values = ["ubuntu/images/*"]
  }
}
resource "aws_key_pair" "k" {
  key_name   = "k"
  public_key = file(pathexpand("~/.ssh/id_ed25519.pub"))
}
resource "aws_security_group" "g" {
  ingress {
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
resource "aws_instance" "a" {
  ami                    = data.aws_ami.u.id
  instance_type          = "t3.micro"
  key_name               = aws_key_pair.k.key_name
  vpc_security_group_ids = [aws_security_group.g.id]
  tags                   = { Name = "alone" }
}
"""


def test_new_address(project, ec2):
    """A host without an address of its own gets another one when it starts."""
    with Folder(config=SMALL) as small:
        small.env = project.env
        done = small.infra("apply", "-auto-approve", "-input=false", timeout=120)
        tap.ok(done.code == 0, "a single host in the default network is made", done)
        small.infra("ssh-config", "-accept-new", "-wait=0")
        with Tunnel(small, "alone:22") as t:
            match = t.says(r"^alone:22 +127\.0\.0\.1:(\d+)$", "a tunnel to its sshd")
            instance = next(i for r in ec2.describe_instances(Filters=[{"Name": "tag:Name", "Values": ["alone"]}])["Reservations"] for i in r["Instances"])
            ec2.stop_instances(InstanceIds=[instance["InstanceId"]])
            t.says(r"is lost", "it stops: lost")
            until(lambda: state(ec2, instance["InstanceId"]) == "stopped")
            ec2.start_instances(InstanceIds=[instance["InstanceId"]])
            until(lambda: state(ec2, instance["InstanceId"]) == "running")
            now = ec2.describe_instances(InstanceIds=[instance["InstanceId"]])["Reservations"][0]["Instances"][0]["PublicIpAddress"]
            tap.ok(now != instance["PublicIpAddress"], "it starts with another address", now)
            t.says(r"\(is back\)$", "the tunnel finds it there", 60)
            with socket.create_connection(("127.0.0.1", int(match[1])), 10) as s:
                tap.same(s.recv(4), b"SSH-", "and works")
        tap.ok("StrictHostKeyChecking accept-new" in (small.folder / ".infra/sandbox.hosts/ssh_config").read_text(), "what ssh-config was told holds all the time")


def main():
    for program in ("ssh", "ssh-keygen", "curl"):
        if not shutil.which(program):
            skip_all(f"there is no {program}")
    with sandbox.Sandbox("-hosts=on") as cloud:
        why = cloud.no_hosts()
        if why:
            skip_all(why)
        with e2e.Project("msls", cloud, {"ssh_cidr_blocks": ["192.0.2.0/24"]}) as project:
            project.env = cloud.environment(HOME=str(project.home), XDG_CONFIG_HOME=str(project.home / ".config"), INFRA_SANDBOX=cloud.dir)
            project.env.pop("SSH_AUTH_SOCK", None)
            key = project.home / ".ssh" / "id_ed25519"
            key.parent.mkdir(mode=0o700)
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True, stdin=subprocess.DEVNULL)
            project.set(public_key_file=str(key) + ".pub")

            def ssh(host, command):
                done = project.infra("ssh", host, "--", command, timeout=60)
                if done.code != 0:
                    raise RuntimeError(str(done))
                return done.out

            tap.case(test_before_apply, project)
            done = project.infra("apply", "-auto-approve", "-input=false", timeout=300)
            tap.ok(done.code == 0, "the MSLS example is applied", done)
            tap.case(test_list, project)
            tap.case(test_silent, project, ssh)
            tap.case(test_named, project, cloud.client("ec2"))
            tap.case(test_ports, project, ssh)
            tap.case(test_open, project)
            tap.case(test_thief, project)
            tap.case(test_terminal, project)
            tap.case(test_new_address, project, cloud.client("ec2"))
            tap.case(test_failures, project, cloud)
    tap.done()


main()
