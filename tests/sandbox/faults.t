#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The MSLS example on a bad day: throttled, failing and losing answers by the dice, each kind of day by its own seed. Whatever
happens, runs that are repeated come to an end: everything is there once, a further plan is empty, and nothing is left
after the removal."""
import json
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))
import e2e  # noqa: E402
import sandbox  # noqa: E402
from tap import Tap, skip_all  # noqa: E402

tap = Tap()
EXPECTED = json.loads((HERE.parent / "e2e" / "msls.json").read_text(encoding="utf-8"))
DAYS = {  # what happens: (kind, options)
    "throttled": [("throttle", "-rate=0.25")],
    "failing": [("503", "-rate=0.05"), ("500", "-rate=0.05"), ("reset-before", "-rate=0.05")],
    "losing answers": [("reset-after", "-rate=0.1"), ("500-after", "-rate=0.05")],
    "late": [("delayed", "-ms=1200", "-rate=0.7")],
    "late and losing answers": [("delayed", "-ms=1200", "-rate=0.7"), ("reset-after", "-rate=0.1")],
}


def repeated(project, *args, times=8):
    """Runs until it succeeds; how often it took, or None."""
    for count in range(1, times + 1):
        done = project.infra(*args, timeout=300)
        if done.code == 0:
            return count, done
    return None, done


def test_day(cloud, project, name, faults, seed):
    for fault in faults:
        done = cloud.command("fault", "add", *fault, f"-seed={seed}")
        if done.code != 0:
            raise RuntimeError(str(done))
    count, done = repeated(project, "apply", "-auto-approve", "-input=false")
    tap.ok(count, f"{name}: it is applied", done)
    happened = cloud.command("fault", "list").out
    tap.note(f"apply after {count} runs; {happened.strip()}")
    tap.ok(" happened 0 times" not in happened, f"{name}: it was such a day", happened)
    cloud.command("fault", "clear")
    lines = e2e.differences(e2e.labels(cloud.inventory()), EXPECTED)
    tap.ok(not lines, f"{name}: everything is there once", *lines)
    plan = project.infra("plan", "-detailed-exitcode", "-input=false")
    tap.ok(plan.code == 0, f"{name}: a further plan is empty", plan)
    for fault in faults:
        cloud.command("fault", "add", *fault, f"-seed={seed + 1}")
    count, done = repeated(project, "destroy", "-auto-approve", "-input=false")
    tap.ok(count, f"{name}: it is removed", done)
    cloud.command("fault", "clear")
    tap.same(cloud.inventory(), {}, f"{name}: nothing is left")


why = e2e.missing("plan", "apply", "destroy")
if why:
    skip_all(why)
for seed_, (name_, faults_) in enumerate(DAYS.items(), 1):
    if name_ not in ("losing answers", "late") and os.environ.get("SWEEP") != "all":
        continue  # `make check-all` has the longer days
    with sandbox.Sandbox() as cloud_, e2e.Project("msls", cloud_, e2e.MSLS) as project_:
        if "late" in name_:
            project_.env["INFRA_CONSISTENCY_SECONDS"] = "4"
        tap.case(test_day, cloud_, project_, name_, faults_, seed_)
tap.done()
