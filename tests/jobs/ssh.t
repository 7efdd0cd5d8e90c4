#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The way into hosts: infra hosts, ssh, ssh-config, push and pull, with the real ssh, scp and rsync, into hosts of the sandbox cloud.

Names of functions as arguments run these alone.
"""
import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))
import e2e  # noqa: E402
import sandbox  # noqa: E402
from tap import Tap, skip_all  # noqa: E402

tap = Tap()


class Terminal:
    """A command on a terminal of its own: what it shows, what is typed, how it ends."""

    def __init__(self, command, env, cwd, size=(31, 97)):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(cwd)
            termios.tcsetwinsize(0, size)
            os.execvpe(command[0], [str(word) for word in command], env)
        self.seen = ""

    def until(self, *texts, seconds=30):
        """Whether it shows one of them in time."""
        end = time.time() + seconds
        while not any(text in self.seen for text in texts) and time.time() < end:
            if select.select([self.fd], [], [], 0.1)[0]:
                try:
                    piece = os.read(self.fd, 4096)
                except OSError:
                    break
                if not piece:
                    break
                self.seen += piece.decode(errors="replace")
        return any(text in self.seen for text in texts)

    def type(self, text):
        os.write(self.fd, text.encode())

    def end(self, seconds=20):
        """Its exit status; None when it had to be killed."""
        end = time.time() + seconds
        while time.time() < end:
            self.until("\0nothing says this", seconds=0.02)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                os.close(self.fd)
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        return None


def stdin_run(project, text, *args):
    return subprocess.run([e2e.INFRA, *args], env=project.env, cwd=project.folder, input=text, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=60, check=False)


def hosts_of(project, *args):
    return json.loads(project.infra("hosts", "-json", *args).out)["hosts"]


def known(project):
    return (project.folder / ".infra/sandbox.hosts/known_hosts").read_text(encoding="utf-8")


def test_hosts(project):
    listed = project.infra("hosts")
    lines = listed.out.splitlines()
    tap.ok(listed.code == 0 and len(lines) == 4 and lines[0].split()[:4] == ["#", "HOST", "NAME", "STATE"], "hosts are listed", listed)
    hosts = hosts_of(project)
    tap.same([(h["index"], h["address"], h["name"], h["user"], h["state"]) for h in hosts],
             [(0, "module.core.aws_instance.jump", "msls-jump", "ubuntu", "running"),
              (1, "module.monitor[0].aws_instance.this", "msls-monitor", "ubuntu", "running"),
              (2, "module.trainer[0].aws_instance.this", "msls-train", "ubuntu", "running")], "with index, address, name and user, as JSON, too")
    tap.ok(hosts[0]["public_address"] and not hosts[0]["jump"], "the jump host has a public address", hosts[0])
    tap.same([h["jump"] for h in hosts[1:]], ["module.core.aws_instance.jump"] * 2, "and others are reached through it")
    return hosts


def test_words(project, hosts):
    """By each of its names, and commands arrive as they are."""
    me = "ip-" + hosts[2]["private_address"].replace(".", "-")
    for word in ("2", "msls-train", "module.trainer[0].aws_instance.this", hosts[2]["id"], hosts[2]["private_address"]):
        done = project.infra("ssh", word, "--", "hostname")
        tap.ok(done.out == me + "\n" and done.code == 0, f"infra ssh {word if word[0] != 'i' and word[0] != '1' else 'by id or address'}", done)
    tap.same(project.infra("ssh", "ubuntu@msls-jump", "--", "whoami").out, "ubuntu\n", "USER@HOST, as for ssh")
    done = project.infra("ssh", hosts[0]["public_address"], "--", "whoami; hostname")
    tap.same(done.out.split(), ["ubuntu", "ip-" + hosts[0]["private_address"].replace(".", "-")], "by a public address; one word is a command line")
    words = ["a b", "$HOME", "it's", "*", "", "`id`", "two\nlines", "-x"]
    done = project.infra("ssh", "0", "--", "printf", "%s|", *words)
    tap.same(done.out, "".join(f"{w}|" for w in words), "several words are a program and its arguments, as they are")
    tap.same(project.infra("ssh", "0", "echo", "-n", "x").out, "x", "without -- as well")
    tap.same([project.infra("ssh", "0", "--", f"exit {n}").code for n in (0, 7, 130)], [0, 7, 130], "the exit status is the command's")
    done = project.infra("ssh", "0", "--", "kill -9 $$")
    tap.same(done.code, 255, "or ssh's own, where a signal ended it")
    done = stdin_run(project, "through\n" * 3, "ssh", "2", "--", "wc", "-l")
    tap.same((done.stdout, done.returncode), ("3\n", 0), "what stands in a pipe goes there")
    done = project.infra("ssh", "-T", "-o", "LogLevel=ERROR", "-v", "0", "--", "true")
    tap.ok("debug1" in done.err and done.code == 0, "options of ssh's are passed on", done)
    for args, code, text in ((("ssh",), 1, "Which host?"), (("ssh", "nobody", "--", "x"), 1, "Host not found"), (("ssh", "msls-trian"), 1, 'Did you mean "msls-train"?'),
                             (("ssh", "-F", "x", "0"), 3, "infra's own matter"), (("ssh", "--usr=x", "0"), 3, "did you mean -user?"),
                             (("ssh", "-user=-x", "0"), 1, "Not a user's name"), (("ssh", "-jump=0", "0"), 1, "The jump host is the host itself"),
                             (("ssh", "-wait=soon", "0"), 1, "Not a duration"), (("ssh-config", "-user=a b"), 1, "Not a user's name"),
                             (("ssh-config", "-from=here"), 1, "Not an address"), (("ssh-config", "-jump=nobody"), 1, "Jump host not found"), (("ssh", "-user"), 3, "needs a value")):
        done = project.infra(*args)
        tap.ok(done.code == code and text in done.err, f"{' '.join(args)}: {text}", done)
    done = project.infra("ssh", "-user=nobody", "0", "--", "true")
    tap.ok(done.code == 255 and "nobody@" in done.err, "-user is another user", done)
    done = project.infra("ssh", "-jump=msls-jump", "2", "--", "echo $SSH_CONNECTION")
    tap.same(done.out.split()[:1], [hosts[0]["private_address"]], "-jump names the host to go through")


def test_terminal(project):
    shell = Terminal([e2e.INFRA, "ssh", "2"], project.env, project.folder)
    tap.ok(shell.until("$ ", "# "), "a shell on a terminal", shell.seen)
    shell.type("stty size; tty; echo $((6*7))\n")
    tap.ok(shell.until("\n42") and "31 97" in shell.seen and "/dev/pts/" in shell.seen, "which has this one's size", shell.seen)
    shell.type("sh -c 'echo $((40+4)); exec sleep 100'\n")
    shell.until("\n44")
    shell.seen = ""
    shell.type("\x03")  # what is typed before it has had its effect may be lost
    shell.until("# ", "$ ")
    shell.type("echo ended=$?\n")
    tap.ok(shell.until("ended=130"), "Ctrl-C reaches what runs there", shell.seen)
    shell.type("exit 9\n")
    tap.same(shell.end(), 9, "and its exit status comes back")
    done = Terminal([e2e.INFRA, "ssh", "-t", "0", "--", "tty"], project.env, project.folder)
    tap.ok(done.until("/dev/pts/") and done.end() == 0, "-t gives a command a terminal", done.seen)
    for signo in (signal.SIGTERM, signal.SIGINT):
        slow = subprocess.Popen([e2e.INFRA, "ssh", "0", "--", "sleep", "60"], env=project.env, cwd=project.folder, stdin=subprocess.DEVNULL)
        children = lambda: Path(f"/proc/{slow.pid}/task/{slow.pid}/children").read_text(encoding="utf-8").split()  # noqa: E731,B023  # pylint: disable=cell-var-from-loop
        runs = sandbox.until(lambda: children() and Path(f"/proc/{children()[0]}/comm").read_text(encoding="utf-8") == "ssh\n")
        ssh = children()[0]
        slow.send_signal(signo)
        slow.wait(timeout=60)
        tap.ok(runs and slow.returncode in (255, -signo) and not Path(f"/proc/{ssh}").exists(), f"{signo.name} reaches ssh, and it ends by it", slow.returncode)
    jobs = Terminal(["bash", "--norc", "-i"], project.env, project.folder)
    jobs.type(f"{e2e.INFRA} ssh 0; echo ended=$?\n")
    tap.ok(jobs.until("Last login") or jobs.until("~"), "from a shell with jobs", jobs.seen)
    jobs.type("\r~\x1a")
    tap.ok(jobs.until("Stopped"), "ssh's ~^Z gives that shell its turn", jobs.seen)
    jobs.type("fg\n")
    jobs.type("\necho $((6*7))\nexit 4\n")
    tap.ok(jobs.until("42\r") and jobs.until("logout"), "and fg goes on to the end", jobs.seen)
    sandbox.until(lambda: jobs.until("\0nothing says this", seconds=0.05) or any(sign in jobs.seen.rpartition("logout")[2] for sign in ("# ", "$ ")))
    jobs.type("exit 0\n")  # what is typed before its prompt is back may be lost
    tap.same(jobs.end(), 0, "with the terminal as it was")


def test_no_agent(project):
    """A key in an agent serves; the agent itself is lent to no host."""
    socket = project.top / "agent"
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        end = time.time() + 10
        while not socket.exists() and time.time() < end:
            time.sleep(0.05)
        env = {**project.env, "SSH_AUTH_SOCK": str(socket)}
        key = project.home / ".ssh/id_work"
        subprocess.run(["ssh-add", "-q", str(key)], env=env, check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        key.rename(key.with_suffix(".away"))
        done = e2e.run([e2e.INFRA, "ssh", "2", "--", "echo agent=[$SSH_AUTH_SOCK]"], env, project.folder)
        tap.same(done.out, "agent=[]\n", "a key that the agent alone has serves, and the agent is not forwarded")
        key.with_suffix(".away").rename(key)
        subprocess.run(["ssh-add", "-q", "-D"], env=env, check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for n in range(7):  # sshd hangs up after six
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{socket}.{n}"], check=True, stdin=subprocess.DEVNULL)
            subprocess.run(["ssh-add", "-q", f"{socket}.{n}"], env=env, check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        done = e2e.run([e2e.INFRA, "ssh", "0", "--", "echo in"], env, project.folder)
        tap.same(done.out, "in\n", "other keys that the agent has are not in the way of a host's own")
    finally:
        agent.terminate()
        agent.wait()


def test_clients(project, hosts):
    """What infra ssh-config wrote, in the hands of others."""
    done = project.infra("ssh-config")
    config = project.folder / ".infra/sandbox.hosts/ssh_config"
    tap.ok(done.code == 0 and f'Include "{config}"' in done.out, "ssh-config says which line to include", done)
    modes = [oct(path.stat().st_mode & 0o777) for path in (config, config.with_name("ssh_main"), config.with_name("known_hosts"), config.parent)]
    tap.same(modes, ["0o600", "0o600", "0o600", "0o700"], "its files are their owner's alone")
    tap.same(project.infra("ssh-config", "-print").out, config.read_text(encoding="utf-8"), "-print shows it")
    tap.ok("ForwardAgent no" in config.read_text(encoding="utf-8") and "ForwardAgent yes" not in config.read_text(encoding="utf-8"), "no agent forwarding")
    mine = project.top / "my_ssh_config"
    mine.write_text(f'Include "{config}"\nHost *\n    BatchMode yes\n    ForwardAgent yes\n', encoding="utf-8")
    for alias in ("msls-train", "2", hosts[2]["id"], "module.trainer[0].aws_instance.this"):
        done = e2e.run(["ssh", "-F", mine, alias, "hostname"], project.env, project.top)
        tap.ok(done.code == 0 and done.out.startswith("ip-10-"), f"ssh {alias if not alias.startswith('i-') else 'ID'}, from any folder", done)
    done = e2e.run(["ssh", "-F", mine, hosts[0]["public_address"], "hostname"], project.env, project.top)
    tap.ok(done.code == 0, "ssh PUBLIC ADDRESS", done)
    (project.top / "file").write_text("scp\n", encoding="utf-8")
    done = e2e.run(["scp", "-q", "-F", mine, project.top / "file", "msls-train:there"], project.env, project.top)
    back = e2e.run(["scp", "-q", "-F", mine, "msls-train:there", project.top / "back"], project.env, project.top)
    tap.ok(done.code == back.code == 0 and (project.top / "back").read_text(encoding="utf-8") == "scp\n", "scp there and back, through the jump host", done, back)
    done = e2e.run(["rsync", "-a", "-e", f"ssh -F {mine}", project.top / "file", "msls-monitor:synced"], project.env, project.top)
    tap.ok(done.code == 0 and project.infra("ssh", "1", "--", "cat", "synced").out == "scp\n", "rsync", done)


def test_sync(project):
    tree = project.top / "tree"
    for name, text in {"code.py": "print(1)", "out.log": "x", "data/part 1": "d", "data/$(id)": "q", ".gitignore": "*.log\n", ".git/HEAD": "ref", ".infra/state.db": "secret",
                       "data/.infra/x": "secret", "-dash": "-"}.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text, encoding="utf-8")

    kept = project.top / "kept_ssh_config"  # one connection for all our looks
    kept.write_text(f'Include "{project.folder}/.infra/sandbox.hosts/ssh_config"\nHost *\n    ControlMaster auto\n    ControlPath {project.top}/%C\n    ControlPersist 60\n',
                    encoding="utf-8")

    def there(path, host="2"):
        return sorted(e2e.run(["ssh", "-F", kept, host, f"cd {path} 2> /dev/null && find . -type f"], project.env, project.top).out.splitlines())

    done = project.infra("push", "-dry-run", "2", tree)
    tap.ok(done.code == 0 and "code.py" in done.out and there("tree") == [], "push -dry-run says what it would do, and does nothing", done)
    done = project.infra("push", "2", tree)
    tap.same(there("tree"), ["./-dash", "./.gitignore", "./code.py", "./data/$(id)", "./data/part 1"], "push leaves out .infra, .git and what .gitignore names")
    (tree / "data/.gitignore").write_text("part*\n!part 1\n", encoding="utf-8")
    (tree / ".gitignore").rename(tree / "hidden")
    project.infra("push", "2", f"{tree}/", "nested/")
    tap.ok("./data/part 1" not in there("nested") and "./out.log" in there("nested"), "or a .gitignore in a directory in it")
    (tree / "data/.gitignore").unlink()
    (tree / "hidden").write_text("*.log\n!out.log\n", encoding="utf-8")
    (tree / "hidden").rename(tree / ".gitignore")
    done = project.infra("push", "2", tree)
    tap.ok(done.code == 0 and '"!out.log"' in done.err, "that exceptions are not known is said", done)
    (tree / ".infraignore").write_text("data/\n", encoding="utf-8")
    (tree / "code.py").write_text("print(2)  # more", encoding="utf-8")
    project.infra("push", "msls-train", f"{tree}/", "/root/code/")
    tap.same(there("/root/code"), ["./-dash", "./.gitignore", "./.infraignore", "./code.py", "./out.log"], "with / its content, and .infraignore goes before .gitignore")
    (tree / "-dash").unlink()
    project.infra("push", "2", f"{tree}/", "/root/code/")
    tap.ok("./-dash" in there("/root/code"), "nothing is removed there")
    project.infra("push", "-delete", "2", f"{tree}/", "/root/code/")
    tap.same(there("/root/code"), ["./.gitignore", "./.infraignore", "./code.py", "./out.log"], "but with -delete")
    project.infra("push", "-all", "2", f"{tree}/", "/root/whole/")
    tap.same(there("/root/whole"), ["./.git/HEAD", "./.gitignore", "./.infraignore", "./code.py", "./data/$(id)", "./data/part 1", "./out.log"], "-all sends all but .infra")
    done = project.infra("push", "all", tree / "code.py", "everywhere/")
    tap.ok(done.code == 0 and [there("everywhere", n) for n in "012"] == [["./code.py"]] * 3, "push all goes to each", done)
    project.infra("ssh", "1", "--", "touch file-there")
    done = project.infra("push", "all", tree / "code.py", "file-there/")
    tap.ok(done.code in (3, 11, 12, 23) and "1  msls-monitor: rsync exited with code" in done.out and "2  msls-train\n" in done.out,
           "where one fails, the others get theirs, and the exit status says so", done)
    done = project.infra("pull", "2", "tree/data/", project.top / "got")
    tap.same(sorted(p.name for p in (project.top / "got").iterdir()), ["$(id)", "part 1"], "pull fetches what is in a directory")
    done = project.infra("pull", "2", "tree/data/part 1", project.top / "one")
    tap.same((project.top / "one").read_text(encoding="utf-8"), "d", "or a file, whose name the shell over there does not cut")
    done = project.infra("pull", "2", "/nowhere")
    tap.ok(done.code == 23, "rsync's exit status comes back", done)
    for args, text in ((("push", "2", "not-here"), "there is no not-here here"), (("pull", "2"), "what to fetch is needed"), (("push", "tree"), "Host not found"),
                       (("push", "1", "2", "3", "4"), "unexpected argument")):
        done = project.infra(*args)
        tap.ok(done.code != 0 and text in done.err, f"{' '.join(args)}: {text}", done)


def test_keys(cloud, project, hosts):
    """Keys come from consoles; what is not known is asked for; another key is refused; a replaced host's is forgotten."""
    project.infra("ssh-config")
    files = project.folder / ".infra/sandbox.hosts"
    lines = dict(line.split(" ", 1) for line in known(project).splitlines())
    want = cloud.command("host-key", hosts[0]["public_address"]).out.split()[1:3]
    tap.same(lines[hosts[0]["id"]].split()[:2], want, "the key is the one that the console shows")
    tap.same(sorted(lines), sorted(h["id"] for h in hosts), "each under its host's id")

    (files / "known_hosts").write_text(known(project).replace(want[1], lines[hosts[2]["id"]].split()[1]), encoding="utf-8")
    done = project.infra("ssh", "0", "--", "true")
    tap.ok(done.code == 255 and "verification failed" in done.err, "a host with another key than its own is refused", done)
    done = project.infra("ssh", "-accept-new", "0", "--", "true")
    tap.ok(done.code == 255 and "verification failed" in done.err, "with -accept-new, too", done)
    done = project.infra("ssh-config", "-forget=0")
    tap.ok(done.code == 0 and want[1] in known(project), "ssh-config -forget learns it anew", done)

    (files / "known_hosts").unlink()
    cloud.command("fault", "add", "throttle", "-operation=GetConsoleOutput")
    done = project.infra("ssh", "-o", "BatchMode=yes", "-wait=1s", "0", "--", "true")
    tap.ok(done.code == 255 and "No answer in time" in done.err, "a throttled console is given up in time", done)
    cloud.command("fault", "clear")
    cloud.command("fault", "add", "error", "-code=UnauthorizedOperation", "-status=403", "-operation=GetConsoleOutput")
    done = project.infra("ssh", "-o", "BatchMode=yes", "2", "--", "true")
    tap.ok(done.code == 255 and "cannot be read" in done.err and "-accept-new" in done.err, "a key that cannot be learned is not accepted unasked", done)
    asked = Terminal([e2e.INFRA, "ssh", "0", "--", "echo in"], project.env, project.folder)
    tap.ok(asked.until("(yes/no") and hosts[0]["id"] in asked.seen, "on a terminal it is asked for", asked.seen)
    asked.type("yes\n")
    tap.ok(asked.until("\nin") and asked.end() == 0 and hosts[0]["id"] in known(project), "and kept when it was accepted", asked.seen)
    done = project.infra("ssh", "-accept-new", "2", "--", "echo in")
    tap.ok(done.out == "in\n" and hosts[2]["id"] in known(project), "-accept-new accepts it unasked", done)
    cloud.command("fault", "clear")

    done = project.infra("apply", "-auto-approve", "-replace=module.monitor[0].aws_instance.this", timeout=120)
    tap.ok(done.code == 0, "a host is replaced", done)
    done = project.infra("ssh", "msls-monitor", "--", "echo in")
    tap.ok(done.out == "in\n" and hosts[1]["id"] not in known(project), "its old key does not linger, and the new one is learned", done, known(project))


def test_waiting(cloud, project):
    """A host that has only just been started: its console says nothing yet."""
    project.infra("ssh-config")
    host = hosts_of(project)[0]
    (project.folder / ".infra/sandbox.hosts/known_hosts").unlink()
    console = Path(cloud.dir) / "hosts" / host["id"] / "console"
    hidden = console.with_suffix(".hidden")
    console.rename(hidden)
    done = project.infra("ssh", "-wait=1500ms", "-o", "BatchMode=yes", "0", "--", "true")
    tap.ok(done.code == 255 and "shows no host keys yet" in done.err and done.seconds > 1.4,
           "a console without a key is waited for, for a while", done)
    running = subprocess.Popen([e2e.INFRA, "ssh", "0", "--", "echo in"], env=project.env, cwd=project.folder, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    first = running.stderr.readline()  # that it waits
    hidden.rename(console)
    out, err = running.communicate(timeout=60)
    tap.ok("waiting for the host key of msls-jump" in first and out == "in\n" and "not known" not in err, "until it has one", first, out, err)


def test_hostile_names(cloud, project):
    """A tag that anybody with an account may write."""
    ec2 = cloud.client("ec2")
    trap = project.top / "owned"
    host = hosts_of(project)[2]
    for name in (f"x\n    ProxyCommand touch {trap}", f"-oProxyCommand=touch {trap}", f"$(touch {trap})", f"`touch {trap}`;touch {trap}", "*", '"', "github.com"):
        ec2.create_tags(Resources=[host["id"]], Tags=[{"Key": "Name", "Value": name}])
        project.infra("refresh", "-auto-approve", timeout=60)
        listed = hosts_of(project)
        config = project.infra("ssh-config", "-print").out
        done = project.infra("ssh", name, "--", "echo in")
        if name.startswith("-"):
            done = project.infra("ssh", host["id"], "--", "echo in")
        clean = f"touch {trap}" not in config and "Host github.com" not in config and "Host *" not in config
        tap.ok(listed[2]["name"] == name and done.out == "in\n" and clean and not trap.exists(), f"the name {name.replace(str(trap), 'FILE')!r} does no harm", done, config)


def test_restart(cloud, project):
    """A jump host that was stopped and started is another address with the same key."""
    ec2 = cloud.client("ec2")
    host = hosts_of(project)[0]
    ec2.stop_instances(InstanceIds=[host["id"]])
    end = time.time() + 20
    while hosts_of(project, "-refresh")[0]["state"] != "stopped" and time.time() < end:
        time.sleep(0.2)
    tap.same(hosts_of(project, "-refresh")[0]["state"], "stopped", "hosts -refresh shows how hosts are now")
    console = Path(cloud.dir) / "hosts" / host["id"] / "console"
    console.rename(console.with_suffix(".hidden"))
    (project.folder / ".infra/sandbox.hosts/known_hosts").unlink()
    done = project.infra("ssh", "0", "--", "true")
    tap.ok(done.code == 1 and "is stopped (Client.UserInitiatedShutdown" in done.err and f"start-instances --instance-ids {host['id']} --region us-east-1" in done.err,
           "what does not run is not gone to, and the command that starts it is shown", done)
    done = project.infra("ssh", "2", "--", "true")
    tap.ok(done.code == 1 and "msls-jump, through which" in done.err and "is reached, is stopped" in done.err, "nor what is reached through it", done)
    done = project.infra("ssh-config", "-wait=20s")
    tap.ok("msls-jump shows no host keys any more" in done.err and done.seconds < 30, "its console is not waited for", done)
    console.with_suffix(".hidden").rename(console)
    ec2.start_instances(InstanceIds=[host["id"]])
    done = project.infra("ssh", "-o", "ConnectionAttempts=5", "0", "--", "echo in")
    tap.ok(done.out == "in\n", "started again, it is reached as before", done)


PLAIN = """
provider "aws" {
  region     = "us-east-1"
  access_key = "%s"
  secret_key = "%s"
  endpoints {
    ec2 = "%s"
    sts = "%s"
    ssm = "%s"
  }
}
data "aws_ssm_parameter" "image" {
  name = "/aws/service/canonical/ubuntu/server/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id"
}
resource "aws_key_pair" "k" {
  key_name   = "one"
  public_key = file("%s")
}
resource "aws_security_group" "ssh" {
  name = "ssh"
  ingress {
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["203.0.113.7/32"]
  }
}
resource "aws_instance" "only" {
  for_each               = toset(["a b"])
  ami                    = data.aws_ssm_parameter.image.value
  instance_type          = "t3.micro"
  key_name               = aws_key_pair.k.key_name
  vpc_security_group_ids = [aws_security_group.ssh.id]
}
"""


KEYS = """
data "aws_ssm_parameter" "image" {
  name = "/aws/service/canonical/ubuntu/server/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id"
}
resource "tls_private_key" "made" {
  algorithm = "ED25519"
}
resource "aws_key_pair" "made" {
  key_name   = "made"
  public_key = tls_private_key.made.public_key_openssh
}
resource "aws_security_group" "ssh" {
  name = "ssh-keys"
  ingress {
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
}
resource "aws_instance" "host" {
  for_each               = { outside = "outside", made = aws_key_pair.made.key_name }
  ami                    = data.aws_ssm_parameter.image.value
  instance_type          = "t3.micro"
  key_name               = each.value
  vpc_security_group_ids = [aws_security_group.ssh.id]
}
"""
FILE = """
resource "local_sensitive_file" "key" {
  content  = tls_private_key.made.private_key_openssh
  filename = "${path.module}/a key"
}
"""


def test_identities(cloud, project):
    """Keys of pairs that others made, of pairs that the configuration made, and of files that it wrote."""
    folder = project.top / "keys"
    folder.mkdir()
    public = (project.home / ".ssh/id_work.pub").read_text(encoding="utf-8")
    cloud.client("ec2").import_key_pair(KeyName="outside", PublicKeyMaterial=public.encode())
    (folder / "main.tf").write_text(KEYS, encoding="utf-8")

    def infra(*args):
        return e2e.run([e2e.INFRA, *args], project.env, folder)

    def identities():
        return [h["identity"] for h in json.loads(infra("hosts", "-json").out)["hosts"]]

    done = infra("apply", "-auto-approve")
    tap.ok(done.code == 0, "hosts with key pairs from elsewhere", done)
    tap.same(identities(), [None, str(project.home / ".ssh/id_work")], "that of a pair that is not in the state is found by what AWS says of it")
    tap.same(infra("ssh", "1", "--", "echo in").out, "in\n", "and serves")
    done = infra("ssh", "-o", "BatchMode=yes", "0", "--", "echo in")
    tap.ok(done.code == 255 and "in the state alone, as tls_private_key.made" in done.err, "one that the state alone has is told", done)
    done = infra("ssh-config", "-write-keys")
    tap.same(infra("ssh", "0", "--", "echo in").out, "in\n", "and written on demand")
    written = folder / ".infra/sandbox.hosts/made.key"
    tap.same((identities()[0], oct(written.stat().st_mode & 0o777)), (str(written), "0o600"), "for its owner alone")
    written.unlink()
    (folder / "file.tf").write_text(FILE, encoding="utf-8")
    infra("apply", "-auto-approve")
    tap.same(identities()[0], str(folder / "a key"), "a file that the configuration wrote it to is used")
    tap.same(infra("ssh", "0", "--", "echo in").out, "in\n", "and serves")
    infra("ssh-config", "-user=nobody")
    tap.same({h["user"] for h in json.loads(infra("hosts", "-json").out)["hosts"]}, {"nobody"}, "ssh-config -user holds from then on")
    infra("ssh-config", "-user=", "-accept-new")
    config = infra("ssh-config", "-print", "-accept-new").out
    tap.ok("User ubuntu" in config and "StrictHostKeyChecking accept-new" in config, "until it is taken back; -accept-new stands in the file", config)


def test_endpoints(cloud, project):
    """A provider block leads to the sandbox, not the environment; one host alone, in the default VPC."""
    folder = project.top / "a 100% \"plain\" [it's]"
    folder.mkdir()
    text = PLAIN % (cloud.access_key, cloud.secret_key, *[cloud.endpoint] * 3, project.home / ".ssh/id_work.pub")
    (folder / "main.tf").write_text(text, encoding="utf-8")
    env = {k: v for k, v in project.env.items() if not k.startswith("AWS_") or k in ("AWS_CONFIG_FILE", "AWS_EC2_METADATA_DISABLED")}

    def infra(*args):
        return e2e.run([e2e.INFRA, *args], env, folder)

    done = infra("apply", "-auto-approve")
    tap.ok(done.code == 0, "a configuration with endpoints of its own is applied", done)
    done = infra("ssh-config", "-from=203.0.113.7")
    tap.ok(done.code == 0 and (folder / ".infra/ssh_config").exists(), "ssh-config finds the sandbox by the state", done)
    done = infra("ssh", "--", "echo $SSH_CONNECTION")
    tap.same(done.out.split()[:1], ["203.0.113.7"], "the only host need not be named; -from is where we come from")
    (folder / "to push").write_text("pushed\n", encoding="utf-8")
    done = infra("push", "to push")
    tap.ok(done.code == 0 and infra("ssh", "--", "cat 'to push'").out == "pushed\n", "nor for push", done)
    host = json.loads(infra("hosts", "-json").out)["hosts"][0]
    test_moved(cloud, infra, host)
    (folder / "main.tf").write_text("nonsense {", encoding="utf-8")
    shutil.rmtree(folder / ".infra/hosts.json", ignore_errors=True)
    done = infra("ssh", "aws_instance.only[a b]", "--", "echo in")
    tap.ok(done.out == "in\n", "plan files that are being edited are not in the way, nor are quotes that a shell took away", done)


def test_moved(cloud, infra, host):
    """Stopped and started, a host has another public address than the state says: it is found by asking, once."""
    ec2 = cloud.client("ec2")

    def turn(operation, state):
        operation(InstanceIds=[host["id"]])
        sandbox.until(lambda: ec2.describe_instances(InstanceIds=[host["id"]])["Reservations"][0]["Instances"][0]["State"]["Name"] == state)

    asked = len(cloud.log("-operation=DescribeInstances"))
    done = infra("ssh", "--", "exit 255")
    tap.ok(done.code == 255 and not done.err and len(cloud.log("-operation=DescribeInstances")) == asked + 1, "an exit status that may mean no connection costs one question", done)
    turn(ec2.stop_instances, "stopped")
    done = infra("push", "to push")
    tap.ok(done.code in (12, 255) and "The host does not run" in done.err, "a host that has been stopped since is told, by push, too", done)
    turn(ec2.start_instances, "running")
    done = infra("ssh", "--", "echo in")
    address = json.loads(infra("hosts", "-json").out)["hosts"][0]["public_address"]
    tap.ok(done.out == "in\n" and address != host["public_address"], "at its new address it is found", done, address)
    tap.ok(f'HostName {address}' in infra("ssh-config", "-print").out, "which is remembered", address)
    turn(ec2.stop_instances, "stopped")
    turn(ec2.start_instances, "running")
    done = infra("push", "to push")
    tap.ok(done.code == 0 and "by now" in done.err, "by push as well", done)
    turn(ec2.stop_instances, "stopped")
    turn(ec2.start_instances, "running")
    cloud.command("fault", "add", "error", "-code=UnauthorizedOperation", "-status=403", "-operation=DescribeInstances")
    done = infra("ssh", "--", "echo in")
    cloud.command("fault", "clear")
    tap.ok(done.code == 255 and "by now" not in done.err, "where the cloud may not be asked, ssh's own words stand", done)
    tap.same(infra("ssh", "-refresh", "--", "echo in").out, "in\n", "-refresh asks before")
    cloud.command("fault", "add", "slow", "-ms=60000")
    done = infra("ssh", "--", "exit 255")
    cloud.command("fault", "clear")
    tap.ok(done.code == 255 and done.seconds < 12, "nor is waited long for a cloud that does not answer", done)


def test_absent(cloud, project):
    """The sandbox has been stopped, or is another one, or has nothing behind its instances."""
    cloud.stop()
    done = project.infra("ssh", "0", "--", "true")
    tap.ok(done.code == 1 and "does not run" in done.err and "infra sandbox up" in done.err, "a sandbox that does not run is told", done)
    cloud.options = ("-hosts=off",)
    cloud.start()
    done = project.infra("ssh", "0", "--", "true")
    tap.ok(done.code == 1 and "no real hosts behind" in done.err, "one without hosts, too", done)
    env = {**project.env, "INFRA_SANDBOX": str(project.top / "other")}
    done = e2e.run([e2e.INFRA, "ssh", "-state=.infra/sandbox.db", "0", "--", "true"], env, project.folder)
    tap.ok(done.code == 1 and "INFRA_SANDBOX=DIR" in done.err, "and one that is elsewhere", done)


def test_all(cloud, project):
    done = project.infra("hosts")
    tap.ok(done.code == 0 and "no hosts" in done.err, "without hosts it is said", done)
    done = project.infra("ssh", "0")
    tap.ok(done.code == 1 and "No hosts" in done.err, "by ssh, too", done)
    (project.folder / "terraform.tfstate").write_text("{}", encoding="utf-8")
    done = project.infra("ssh", "0")
    tap.ok(done.code == 1 and "infra state import" in done.err, "but of Terraform's state what takes it over", done)
    (project.folder / "terraform.tfstate").unlink()
    done = project.infra("apply", "-auto-approve", timeout=300)
    tap.ok(done.code == 0, "the MSLS example is applied", done)
    hosts = test_hosts(project)
    for function, *args in ((test_words, project, hosts), (test_clients, project, hosts), (test_terminal, project), (test_no_agent, project), (test_sync, project),
                            (test_keys, cloud, project, hosts), (test_waiting, cloud, project), (test_hostile_names, cloud, project), (test_restart, cloud, project),
                            (test_endpoints, cloud, project), (test_identities, cloud, project),
                            (test_absent, cloud, project)):
        if function.__name__ in sys.argv or len(sys.argv) == 1:
            tap.case(function, *args)



programs = ("ssh", "ssh-keygen", "ssh-agent", "scp", "rsync")
why = e2e.missing("apply") or next((f"there is no {name} here" for name in programs if not shutil.which(name)), None)
if why:
    skip_all(why)
with sandbox.Sandbox("-hosts=on") as cloud_, e2e.Project("msls", cloud_) as project_:
    why = cloud_.no_hosts()
    if why:
        skip_all(why)
    (project_.home / ".ssh").mkdir(mode=0o700)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(project_.home / ".ssh/id_work")], check=True, stdin=subprocess.DEVNULL)
    project_.env["INFRA_SANDBOX"] = cloud_.dir
    project_.set(ssh_cidr_blocks=["192.0.2.10/32"], public_key_file=str(project_.home / ".ssh/id_work.pub"))
    tap.case(test_all, cloud_, project_)
tap.done()
