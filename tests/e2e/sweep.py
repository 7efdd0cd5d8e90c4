#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whatever goes wrong at whatever moment, the next run puts it right.

For each request N of an apply, of a change and of a destroy, and for each fault: one run in which that request meets
that fault, which it must mend by itself if it lives, and one run after it in which nothing does. Then the server must hold exactly what a run without any fault
leaves there (nothing missing, nothing twice), the state must know all of it and nothing else, no mark of ours may be
left on an object, and a further plan must be empty.

    sweep.py [--phase P,...] [--fault F,...] [--points COUNT|all|P:F:N,...] [--writes] [--jobs 2]

By default a sample, spread over all requests; SWEEP in the environment (a count, or `all`) says otherwise. A point
that failed is named so that `--points` takes it; there, N may also be ACTION#N, the Nth request of that action.

Each worker has one server with an empty account (moto, or with CLOUD=sandbox a sandbox), copies of which hold what a
phase begins with: so a point costs two runs and a plan, and no preparation. In the sandbox what takes time at AWS takes
time (SWEEP_PACE in the environment: seconds of ours for a second of AWS's), and reads may see what was changed later
(SWEEP_DELAY: milliseconds).
"""
import argparse
import json
import os
import queue
import shutil
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))
import e2e  # noqa: E402
from tap import Tap, skip_all  # noqa: E402

FAULTS = ["kill-before", "kill-after", "drop", "reset-before", "reset-after", "status=500", "status-after=500",
          "status=503", "status-after=503"]
PHASES = ["create", "change", "destroy"]
PACE, DELAY = os.environ.get("SWEEP_PACE") or "0.01", int(os.environ.get("SWEEP_DELAY") or 0)
RUN_LIMIT = 120  # seconds: a run that takes longer has lost its way

# Kinds of objects whose keys in an inventory are ids that the state must hold.
BY_ID = ["vpc", "subnet", "internet_gateway", "route_table", "route_table_association", "eip", "nat_gateway",
         "security_group", "instance", "volume", "key_pair", "efs", "mount_target", "parameter", "role", "policy",
         "instance_profile"]
# And the types that stand for them, so that neither side may hold one that the other does not know.
TYPES = {"aws_vpc", "aws_subnet", "aws_internet_gateway", "aws_route_table", "aws_route_table_association",
         "aws_main_route_table_association", "aws_eip", "aws_nat_gateway", "aws_security_group", "aws_instance",
         "aws_ebs_volume", "aws_key_pair", "aws_efs_file_system", "aws_efs_mount_target", "aws_ssm_parameter",
         "aws_iam_role", "aws_iam_policy", "aws_iam_instance_profile"}


def change(project):
    """Something of each: two updates, a replacement of either order, what follows from them, and deletions."""
    project.set(data_volume_size=600, ssh_cidr_blocks=["198.51.100.0/24"], enable_monitor=False,
                public_key_file=str(HERE / "test_key_2.pub"))
    file = project.top / "modules" / "core" / "main.tf"
    text = file.read_text(encoding="utf-8")
    changed = text.replace("File system: NFS from our hosts", "File system: NFS from all our hosts")
    if changed == text:
        raise RuntimeError("the group to replace is not there any more")
    file.write_text(changed, encoding="utf-8")


class Worker:
    """One cloud, one proxy, one folder; and the beginnings of the phases."""

    def __init__(self):
        self.cloud = e2e.cloud("-pace=" + PACE)
        self.proxy = e2e.Proxy(self.cloud)
        self.project = e2e.Project("msls", self.proxy, e2e.MSLS)
        if DELAY:
            self.project.env["INFRA_CONSISTENCY_SECONDS"] = str(DELAY * 10 / 1000)
        self.saved = Path(str(self.project.top) + "-saved")
        self.copies = {}  # by phase: the server as the phase begins
        self.wanted = {}  # by phase: labels as the phase should end
        self.knows_show = e2e.knows("show")
        self.requests = {}  # by phase: the log of a run without faults

    def close(self, tap=None):
        self.proxy.stop()
        if tap:
            e2e.nothing_unknown(tap, self.cloud)
        self.cloud.__exit__()
        self.project.remove()
        shutil.rmtree(self.saved, ignore_errors=True)

    def command(self, phase):
        return ["destroy" if phase == "destroy" else "apply", "-auto-approve", "-input=false"]

    def begin(self, phase):
        """A server and a folder as the phase begins; the server."""
        shutil.rmtree(self.project.top)
        shutil.copytree(self.saved / phase, self.project.top, symlinks=True)
        copy = self.copies[phase].copy()
        self.proxy.before(copy)
        if DELAY:
            done = copy.command("fault", "add", "delayed", f"-ms={DELAY}")
            if done.code != 0:
                raise RuntimeError(str(done))
        return copy

    def save(self, phase, server):
        self.copies[phase] = server
        shutil.copytree(self.project.top, self.saved / phase, symlinks=True)
        self.project.variables = json.loads((self.project.folder / "terraform.tfvars.json").read_text(encoding="utf-8"))

    def prepare(self, phases):
        """One run of each phase without faults: what it leaves is what all others must leave."""
        self.cloud.inventory()  # what it loads for that, its copies need not load
        self.save("create", self.cloud)
        server = self.begin("create")
        done = self.project.infra(*self.command("create"), timeout=RUN_LIMIT)
        if done.code != 0:
            raise RuntimeError(f"the apply fails without any fault\n{done}")
        self.requests["create"] = self.proxy.log()
        time.sleep(DELAY / 1000)
        self.wanted["create"] = e2e.labels(self.proxy.inventory())
        self.save("destroy", server)
        change(self.project)
        self.save("change", server)
        for phase in ("change", "destroy"):
            if phase in phases:
                copy = self.begin(phase)
                done = self.project.infra(*self.command(phase), timeout=RUN_LIMIT)
                if done.code != 0:
                    raise RuntimeError(f"the {phase} fails without any fault\n{done}")
                self.requests[phase] = self.proxy.log()
                time.sleep(DELAY / 1000)
                self.wanted[phase] = e2e.labels(self.proxy.inventory())
                copy.stop()

    def point(self, phase, fault, number):
        """The complaints about one point (None: the run had no such request), and how the faulty run ended."""
        copy = self.begin(phase)
        try:
            return self.play(phase, fault, number)
        finally:
            copy.stop()

    def play(self, phase, fault, number):
        proxy, project = self.proxy, self.project
        proxy.faults(f"{number}:{fault}")
        killed = fault.startswith("kill")

        def started(pid):
            proxy.order("pid", str(pid))
        faulty = project.infra(*self.command(phase), timeout=RUN_LIMIT, started=started if killed else None)
        proxy.settle()
        fired = proxy.stats()["fired"]
        log = proxy.log()
        proxy.reset()
        if not fired:
            return None, "not reached"
        number = fired[0]["n"]
        met = f"at {fired[0]['action']}"
        problems = []
        if faulty.code is None:
            problems.append(f"the run with the fault does not end\n{faulty}")
        elif killed and faulty.code != -9:
            problems.append(f"the process was not killed\n{faulty}")
        elif not killed and faulty.code != 0:
            problems.append(f"the run with the fault does not mend it by itself\n{faulty}")

        mended = project.infra(*self.command(phase), timeout=RUN_LIMIT)
        if mended.code != 0:
            problems.append(f"the next run fails\n{mended}")
        problems += self.check(phase)
        if problems:
            tail = [f"{e['n']} {e['action']} {e['status']} {e.get('fault', '')}" for e in log[max(0, number - 4):number + 6]]
            problems = [met] + problems + ["requests around it: " + ", ".join(tail), f"the run with the fault: {faulty}",
                                           f"the next run: {mended}"]
        return problems, f"{met}, " + ("killed" if killed else "mended by itself")

    def check(self, phase):
        """The server against the reference, the state against the server, and a further plan."""
        time.sleep(DELAY / 1000)
        found = self.proxy.inventory()
        problems = e2e.differences(e2e.labels(found), self.wanted[phase])
        problems += [f"a mark is left: {tag}" for tag in e2e.intent_tags(self.proxy)]
        if self.knows_show:
            problems += self.check_state(phase, found)
        if phase != "destroy":
            plan = self.project.infra("plan", "-detailed-exitcode", "-input=false", timeout=RUN_LIMIT)
            if plan.code != 0:
                problems.append(f"a further plan is not empty\n{plan}")
        return problems

    def check_state(self, phase, found):
        shown = self.project.infra("show", "-json")
        if shown.code != 0:
            return [f"show -json fails\n{shown}"]
        state = [(address, kind, values["id"]) for address, kind, values in e2e.resources(json.loads(shown.out))]
        ids = {key for _, _, key in state}
        held = {key for kind in BY_ID for key in found.get(kind, {})}
        problems = [f"unknown to the state: {key}" for key in sorted(held - ids)]
        problems += [f"only in the state: {address} {key}" for address, kind, key in state if kind in TYPES and key not in held]
        if phase == "destroy":
            problems += [f"still in the state: {address}" for address, _, _ in state]
        return problems


def spread(points, count):
    """`count` of the points, evenly over the list; each phase and fault comes before any comes twice."""
    groups = {}
    for point in points:
        groups.setdefault(point[:2], []).append(point)
    chosen = []
    for index, group in enumerate(groups.values()):
        share = (index + 1) * count // len(groups) - index * count // len(groups)
        # Each group starts elsewhere, so that a small sample still meets different requests.
        step = len(group) / max(share, 1)
        chosen += [group[int(step * (k + (index * 0.618) % 1)) % len(group)] for k in range(min(share, len(group)))]
    return list(dict.fromkeys(chosen))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--phase", default=",".join(PHASES))
    parser.add_argument("--fault", default=",".join(FAULTS))
    parser.add_argument("--points", default=os.environ.get("SWEEP") or "27")
    parser.add_argument("--writes", action="store_true",
                        help="only requests that change something in a run without faults (others keep their order only about)")
    parser.add_argument("--jobs", type=int, default=2)
    args = parser.parse_args()
    why = e2e.missing("plan", "apply", "destroy")
    if why:
        skip_all(why)
    tap = Tap()
    named = [point.rsplit(":", 2) for point in args.points.split(",")] if ":" in args.points else None
    phases = sorted({p for p, _, _ in named}, key=PHASES.index) if named else args.phase.split(",")

    first = Worker()
    try:
        first.prepare(phases)
    except RuntimeError as error:
        first.close()
        tap.ok(False, "a run without faults", error)
        tap.done()
    if not first.knows_show:
        tap.skip("the state against the server", "infra does not know `show` yet")
    tap.note("requests without a fault: " + ", ".join(f"{phase} {len(first.requests[phase])}" for phase in phases))
    if named:
        points = named
    else:
        points = [(phase, fault, number) for phase in phases for fault in args.fault.split(",")
                  for number, entry in enumerate(sorted(first.requests[phase], key=lambda entry: entry["n"]), 1)
                  if not args.writes or not e2e.only_reads(entry)]
        if args.points != "all":
            points = spread(points, int(args.points))

    todo, lock, endings = queue.Queue(), threading.Lock(), {}
    for point in points:
        todo.put(point)

    def work(worker):
        try:
            if worker is not first:
                worker.prepare(phases)
            while True:
                try:
                    phase, fault, number = todo.get_nowait()
                except queue.Empty:
                    return
                try:
                    problems, ending = worker.point(phase, fault, number)
                except Exception as error:  # pylint: disable=broad-except
                    problems, ending = [f"the test itself: {error!r}"], "broken"
                name = f"{phase}:{fault}:{number}"
                with lock:
                    if problems is None:
                        tap.skip(name, "no such request in this run")
                    else:
                        tap.ok(not problems, f"{name} {ending}", *problems)
                    how = ending.rpartition(", ")[2]
                    endings[how] = endings.get(how, 0) + 1
        except Exception as error:  # pylint: disable=broad-except
            with lock:
                tap.ok(False, "the worker", repr(error))
        finally:
            with lock:
                worker.close(tap)

    threads = [threading.Thread(target=work, args=(worker,))
               for worker in [first] + [Worker() for _ in range(min(args.jobs, len(points)) - 1)]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tap.note(", ".join(f"{count} {how}" for how, count in sorted(endings.items())))
    tap.done()


if __name__ == "__main__":
    main()
