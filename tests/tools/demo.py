#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plans, applies, shows and destroys examples/msls against a moto server of its own: no account, no money, nothing left.

Everything happens in a temporary folder; what a new user would type is printed before it runs.
"""
import argparse
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import e2e  # noqa: E402

QUIET = re.compile(r": (Reading\.\.\.|Read complete|Refreshing state)")
WIDTH = min(shutil.get_terminal_size((100, 24)).columns, 100)


def say(*lines):
    print(*lines, sep="\n", flush=True)


def bold(text):
    return f"\033[1m{text}\033[0m" if sys.stdout.isatty() else text


def title(text):
    say("", bold(f"== {text} ".ljust(WIDTH, "=")))


class Demo:
    def __init__(self, project, full):
        self.project, self.full = project, full
        self.env = dict(project.env)
        if sys.stdout.isatty():
            self.env.pop("NO_COLOR", None)

    def infra(self, *args, head=None, tail=None):
        """Runs one command and prints it with its first and last lines."""
        say("", bold("$ infra " + " ".join(args)), "")
        start = time.monotonic()
        process = subprocess.Popen([e2e.INFRA, *args], env=self.env, cwd=self.project.folder, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace")
        held, number, quiet_lines = [], 0, 0
        for line in process.stdout:
            if not self.full and QUIET.search(line):
                quiet_lines += 1
                continue
            number += 1
            if quiet_lines and number == 1:
                say(f"    ... {quiet_lines} lines about reading what there is ...")
            if self.full or head is None or number <= head:
                print("    " + line, end="", flush=True)
            else:
                held.append(line)
        code = process.wait()
        left_out = len(held) - (tail or 0)
        if left_out > 0:
            say(f"    ... {left_out} more lines ...")
            held = held[-tail:] if tail else []
        print("".join("    " + line for line in held), end="")
        say("", f"({time.monotonic() - start:.1f} s)")
        if code != 0:
            print("".join("    " + line for line in held[:-(tail or 1)]), end="")
            sys.exit(f"infra {args[0]} failed with exit code {code}")


def count(moto):
    return sum(len(found) for found in moto.inventory().values())


def demonstrate(moto, project, full):
    demo = Demo(project, full)
    say(bold("infra builds the machinery for training models on AWS from plan files; this shows a whole life of one project."),
        "",
        "The project is examples/msls: a network with a jump host, a shared file system, a host with eight Gaudi",
        f"accelerators, and a monitor. In place of AWS a moto server plays the cloud, on port {moto.port} of this machine.")

    title("1. Plan: what would change")
    say("A plan only reads. `+` will be created; what AWS decides is `(known after apply)`.")
    demo.infra("plan", head=42, tail=24)

    title("2. Apply: make it so")
    say("The plan from above, in the order that the references between the objects ask for, as much at a time as",
        "can be. Each wish is on disk before its request leaves: kill it anywhere, and the next run knows what became of it.")
    demo.infra("apply", "-auto-approve", head=12, tail=24)
    say(f"The server now holds {count(moto)} objects, parts of others included.")

    title("3. Show: what there is")
    demo.infra("state", "list", head=16, tail=0)
    demo.infra("state", "show", "module.core.aws_security_group.jump")

    title("4. Plan again: nothing to do")
    demo.infra("plan")

    title("5. Somebody deletes a route by hand; the next plan finds it, the next apply mends it")
    ec2 = moto.client("ec2")
    table = ec2.describe_route_tables(Filters=[{"Name": "tag:Name", "Values": ["msls-private"]}])["RouteTables"][0]
    ec2.delete_route(RouteTableId=table["RouteTableId"], DestinationCidrBlock="0.0.0.0/0")
    demo.infra("apply", "-auto-approve", head=40, tail=24)

    title("6. Destroy: leave nothing behind")
    demo.infra("destroy", "-auto-approve", head=24, tail=12)
    left = count(moto)
    say("", f"The server holds {left} objects.")
    if left:
        sys.exit("that is a mistake in infra")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="whole outputs, however long")
    args = parser.parse_args()
    try:
        import moto  # noqa: F401  pylint: disable=unused-import
    except ImportError:
        sys.exit("The demonstration needs moto, which plays AWS: `make deps` installs it, or `pip install 'moto[server]' boto3`.")
    start = time.monotonic()
    with e2e.Moto() as server, e2e.Project("msls", server, e2e.MSLS) as project:
        demonstrate(server, project, args.full)
    say("", f"All of it took {time.monotonic() - start:.0f} s. The server is gone, and so is the folder the project was in.",
        "Next: README.md, and examples/msls with an account of yours.")


if __name__ == "__main__":
    main()
