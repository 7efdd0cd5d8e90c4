#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs that meet each other, that are killed, and that are interrupted: the lock, kill -9 at any moment, Ctrl-C and its
kin while planning, waiting, asking and applying, and a state taken to another server."""
import json
import os
import pty
import random
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))
import e2e  # noqa: E402
from folder import Folder  # noqa: E402
from tap import Tap, skip_all  # noqa: E402

tap = Tap()
EXPECTED = json.loads((HERE / "msls.json").read_text(encoding="utf-8"))
CONFIG = '''
resource "aws_vpc" "v" {
  cidr_block = "10.0.0.0/16"
}
resource "aws_subnet" "s" {
  count      = 2
  vpc_id     = aws_vpc.v.id
  cidr_block = cidrsubnet(aws_vpc.v.cidr_block, 8, count.index)
}
'''
YES = ("-auto-approve", "-input=false")


class Life:
    """A copy of an empty cloud, behind the proxy, and a folder."""

    def __init__(self, cloud, proxy, config=CONFIG):
        self.copy = cloud.copy()
        proxy.before(self.copy)
        self.proxy = proxy
        self.folder = Folder(config=config)
        self.folder.env = proxy.environment(HOME=str(self.folder.home))
        self.running = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.running:
            if process.poll() is None:
                process.kill()
            process.communicate()
        self.folder.__exit__()
        self.copy.stop()

    def infra(self, *args):
        return self.folder.infra(*args)

    def begin(self, *args, **options):
        """A run that goes on while the test does other things."""
        process = subprocess.Popen([e2e.INFRA, *args], env=self.folder.env, cwd=self.folder.folder, text=True,
                                   **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options})
        self.running.append(process)
        return process

    def await_open(self, process, count=1, seconds=60):
        """Until that many requests are with the server."""
        until(lambda: self.proxy.stats()["open"] >= count or process.poll() is not None, seconds)
        return process.poll() is None

    def kinds(self):
        return {kind: len(found) for kind, found in self.proxy.inventory().items()}

    def state(self):
        return (self.folder.folder / ".infra" / "state.db").read_bytes()


def until(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError("what was waited for did not come")
        time.sleep(0.01)


def end(process, seconds=60):
    """Waits for its end: (exit status, output, errors, seconds it took)."""
    begin = time.monotonic()
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        return None, out, err, time.monotonic() - begin
    return process.returncode, out, err, time.monotonic() - begin


# ---- two runs at once

def test_lock(cloud, proxy):
    with Life(cloud, proxy) as life:
        proxy.faults("CreateVpc:delay-after=4000")
        first = life.begin("apply", *YES)
        tap.ok(life.await_open(first) and until(lambda: any(f["action"] == "CreateVpc" for f in proxy.stats()["fired"])) is None,
               "a run is under way")
        second = life.infra("apply", *YES)
        tap.ok(second.code == 1 and "The state is locked" in second.err and f"process {first.pid} on " in second.err and
               '"infra apply"' in second.err, "a second one refuses at once, and says who holds the lock", second)
        tap.ok("-lock-timeout" in second.err and second.seconds < 3, "and how to wait for it", second)
        tap.ok(life.infra("plan", "-lock-timeout=100ms").code == 1, "so does a plan")
        tap.ok("alive" in life.infra("force-unlock", "-force").err and first.poll() is None, "force-unlock takes no lock from a living process")
        for command in (("state", "list"), ("show",), ("output",)):
            tap.ok(life.infra(*command).code == 0, f"`{' '.join(command)}` reads meanwhile")
        third = life.begin("apply", *YES, "-lock-timeout=60s")
        code, out, err, _ = end(first)
        tap.ok(code == 0 and "3 added" in out, "the first ends undisturbed", out, err)
        code, out, err, _ = end(third)
        tap.ok(code == 0 and "0 added, 0 changed, 0 destroyed" in out, "the one that waited goes on after it", out, err)
        tap.same(life.kinds(), {"vpc": 1, "subnet": 2}, "nothing was made twice")

    with Life(cloud, proxy) as life:
        proxy.faults("CreateVpc:delay-after=1000")
        first = life.begin("apply", *YES)
        until(lambda: any(f["action"] == "CreateVpc" for f in proxy.stats()["fired"]))
        second = life.begin("apply", *YES, "-lock-timeout=1m")
        time.sleep(0.3)
        first.kill()
        code, out, err, _ = end(second)
        proxy.settle()
        tap.ok(code == 0, "when the holder is killed, the one that waits goes on", out, err)
        tap.same(life.kinds(), {"vpc": 1, "subnet": 2}, "and makes nothing twice")
        tap.ok(life.infra("plan", "-detailed-exitcode").code == 0 and not e2e.intent_tags(proxy), "nothing is left to do")


# ---- kill -9 at any moment

def test_kill(cloud, proxy):
    seed = int(os.environ.get("SEED") or random.randrange(1 << 30))
    dice = random.Random(seed)
    tap.note(f"SEED={seed}")
    longest = 2.0
    for round_ in range(int(os.environ.get("ROUNDS") or 5)):
        copy = cloud.copy()
        proxy.before(copy)
        with e2e.Project("msls", proxy, e2e.MSLS) as project:
            moments = []
            for _ in range(dice.choice((1, 2, 4))):
                process = subprocess.Popen([e2e.INFRA, "apply", *YES], env=project.env, cwd=project.folder, stdin=subprocess.DEVNULL,
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                moment = dice.uniform(0.02, longest)
                try:
                    process.wait(moment)
                    moments.append(f"ended before {moment:.2f} s")
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
                    moments.append(f"{moment:.2f} s")
            proxy.settle()
            done = project.infra("apply", *YES)
            lines = e2e.differences(e2e.labels(proxy.inventory()), EXPECTED)
            lines += [f"a mark is left: {mark}" for mark in e2e.intent_tags(proxy)]
            again = project.infra("plan", "-detailed-exitcode", "-input=false")
            tap.ok(done.code == 0 and not lines and again.code == 0,
                   f"round {round_ + 1}: killed after {', '.join(moments)}; the next apply leaves exactly what was planned",
                   *lines, done, again)
        copy.stop()


# ---- interrupts

def test_interrupted_apply(cloud, proxy):
    for signo in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        with Life(cloud, proxy) as life:
            proxy.faults("CreateVpc:delay-after=1500")
            process = life.begin("apply", *YES)
            until(lambda: any(f["action"] == "CreateVpc" for f in proxy.stats()["fired"]))
            process.send_signal(signo)
            code, out, err, _ = end(process)
            tap.ok(code == 1 and "Interrupted: nothing new is started" in out and "1 operation under way is finished" in out,
                   f"{signo.name}: says that it stops, and fails", out, err)
            tap.ok(life.kinds() == {"vpc": 1} and life.infra("state", "list").out.split() == ["aws_vpc.v"] and
                   not e2e.intent_tags(proxy), f"{signo.name}: what was in flight is finished and recorded, nothing else begun")
            tap.ok("infra apply" in out + err, f"{signo.name}: says how to go on", out, err)
            done = life.infra("apply", *YES)
            tap.ok(done.code == 0 and "2 added" in done.out, f"{signo.name}: the next run does the rest", done)

        with Life(cloud, proxy) as life:
            proxy.faults("CreateVpc:delay-after=5000")
            process = life.begin("apply", *YES)
            until(lambda: any(f["action"] == "CreateVpc" for f in proxy.stats()["fired"]))
            process.send_signal(signo)
            time.sleep(0.3)
            process.send_signal(signo)
            code, out, err, seconds = end(process)
            tap.ok(code == 1 and seconds < 2 and "Interrupted again: leaving at once" in out,
                   f"{signo.name} twice: leaves at once ({seconds:.1f} s)", out, err)
            proxy.settle()
            done = life.infra("apply", *YES)
            tap.ok(done.code == 0 and life.kinds() == {"vpc": 1, "subnet": 2} and not e2e.intent_tags(proxy),
                   f"{signo.name} twice: nothing is lost", done)


def test_interrupted_wait(cloud, proxy):
    """While a waiter polls: what it waits for never comes."""
    config = CONFIG + '''
resource "aws_ebs_volume" "d" {
  availability_zone = "us-east-1a"
  size              = 1
}
'''
    with Life(cloud, proxy, config) as life:
        proxy.faults("DescribeVolumes#*:status=503")
        process = life.begin("apply", *YES)
        until(lambda: any(f["action"] == "DescribeVolumes" for f in proxy.stats()["fired"]))
        process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        tap.ok(process.poll() is None, "Ctrl-C: a wait goes on")
        process.send_signal(signal.SIGINT)
        code, out, err, seconds = end(process)
        tap.ok(code == 1 and seconds < 2 and "leaving at once, with 1 operation under way" in out, "a second one ends it", out, err)
        proxy.reset()
        done = life.infra("apply", *YES)
        tap.ok(done.code == 0 and life.kinds() == {"vpc": 1, "subnet": 2, "volume": 1} and not e2e.intent_tags(proxy),
               "the next run finds the object, and does the rest", done, life.kinds())


def test_interrupted_plan(cloud, proxy):
    for signo in (signal.SIGINT, signal.SIGTERM):
        with Life(cloud, proxy) as life:
            life.infra("apply", *YES)
            before = life.state()
            for command in ("plan", "apply"):
                proxy.reset()
                proxy.faults("DescribeVpcs#*:hang")
                process = life.begin(command, "-input=false", *YES[:command == "apply"])
                until(lambda: proxy.stats()["fired"])
                process.send_signal(signo)
                code, out, err, seconds = end(process)
                tap.ok(code not in (0, None) and seconds < 2 and "Interrupted" in out + err,
                       f"{signo.name} while `{command}` reads: ends at once, and says so ({seconds:.1f} s)", code, out, err)
            proxy.reset()
            tap.ok(life.state() == before and life.infra("plan", "-detailed-exitcode").code == 0, f"{signo.name}: nothing happened")


def test_asking(cloud, proxy):
    """The question before an apply, on a terminal."""
    for what, word in (("Ctrl-C", b"\x03"), ("Ctrl-D", b"\x04"), ("no", b"no\n"), ("SIGTERM", None), ("yes", b"yes\n")):
        with Life(cloud, proxy) as life:
            master, slave = pty.openpty()
            process = life.begin("apply", stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
                                 preexec_fn=lambda: __import__("fcntl").ioctl(0, __import__("termios").TIOCSCTTY, 0))
            os.close(slave)
            text = ""

            def more():
                if not select.select([master], [], [], 0.05)[0]:
                    return ""
                try:
                    return os.read(master, 65536).decode("utf-8", "replace")
                except OSError:
                    return ""
            stop = time.monotonic() + 60
            while "Enter a value:" not in text and process.poll() is None and time.monotonic() < stop:
                text += more()
            if word:
                os.write(master, word)
            else:
                process.send_signal(signal.SIGTERM)
            while process.poll() is None and time.monotonic() < stop:
                text += more()
            while True:
                rest = more()
                if not rest:
                    break
                text += rest
            os.close(master)
            if what == "yes":
                tap.ok(process.returncode == 0 and "3 added" in text, "asked: yes goes on", process.returncode, text)
            else:
                tap.ok(process.returncode not in (0, None) and "Nothing was changed" in text and not life.kinds(),
                       f"asked: {what} changes nothing, and says so", process.returncode, text[-600:])
            done = life.infra("plan", "-detailed-exitcode")
            tap.ok(done.code == (0 if what == "yes" else 2), f"asked: after {what} the next run can go on", done)


# ---- a server that never answers

def test_silence(cloud, proxy):
    with e2e.Proxy(cloud) as other, Life(cloud, proxy) as life, Life(cloud, other) as second:
        proxy.faults("GetCallerIdentity#*:hang")
        other.faults("CreateVpc#*:hang")
        plan, apply = life.begin("plan", "-input=false"), second.begin("apply", *YES)
        lines = {}
        for process, word in ((plan, "Still reading"), (apply, "Still creating")):
            stop = time.monotonic() + 40
            for line in process.stdout:
                lines[word] = line
                if word in line or time.monotonic() > stop:
                    break
        tap.ok(lines["Still reading"] == "Still reading what exists... [10s elapsed, no answer to GetCallerIdentity from "
               f"{proxy.endpoint} yet]\n", "a plan that waits for an answer says so, and for which", lines)
        tap.ok("aws_vpc.v: Still creating... [10s elapsed, no answer to CreateVpc from" in lines["Still creating"],
               "so does an apply", lines)
        for process in (plan, apply):
            process.send_signal(signal.SIGINT)
        time.sleep(0.3)
        apply.send_signal(signal.SIGINT)
        tap.ok(end(plan, 5)[0] == 1 and end(apply, 5)[0] == 1, "and both can be ended")


# ---- another server

def test_other_server(cloud, proxy):
    with Life(cloud, proxy) as life, e2e.Proxy(cloud) as other:
        tap.ok(life.infra("apply", *YES).code == 0, "a state of one server")
        files = {path.name: path.read_bytes() for path in sorted((life.folder.folder / ".infra").iterdir())}
        here = life.folder.env
        life.folder.env = other.environment(HOME=str(life.folder.home))
        for command in (("plan",), ("apply", *YES), ("destroy", *YES), ("apply", "-refresh=false", *YES), ("refresh", *YES)):
            done = life.infra(*command)
            tap.ok(done.code == 1 and "The state belongs to another cloud" in done.err and proxy.endpoint in done.err and
                   other.endpoint in done.err, f"`{' '.join(command)}` against another server is refused, and names both", done)
        asked = {entry["action"] for entry in other.log()}
        tap.same(asked - {"GetCallerIdentity"}, set(), "which was asked for nothing but who it is")
        after = {path.name: path.read_bytes() for path in sorted((life.folder.folder / ".infra").iterdir())}
        tap.ok({k: v for k, v in files.items() if "lock" not in k} == {k: v for k, v in after.items() if "lock" not in k},
               "the state has the same bytes as before", sorted(files), sorted(after))
        life.folder.env = here
        tap.ok(life.infra("plan", "-detailed-exitcode").code == 0, "on its own server nothing has changed")


why = e2e.missing("plan", "apply", "destroy")
if why:
    skip_all(why)
only = sys.argv[1:]
with e2e.cloud() as cloud_, e2e.Proxy(cloud_) as proxy_:
    cloud_.inventory()  # what it loads for that, its copies need not load
    for test in (test_lock, test_interrupted_apply, test_interrupted_wait, test_interrupted_plan, test_asking, test_silence, test_other_server,
                 test_kill):
        if not only or test.__name__ in only:
            tap.case(test, cloud_, proxy_)
    e2e.nothing_unknown(tap, cloud_)
tap.done()
