#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Bad weather over the MSLS example: throttling all along, and a user who presses Ctrl-C in the middle."""
import json
import os
import signal
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))
import e2e  # noqa: E402
from tap import Tap, skip_all  # noqa: E402

tap = Tap()
EXPECTED = json.loads((HERE / "msls.json").read_text(encoding="utf-8"))


def holds(cloud, want, what):
    lines = e2e.differences(e2e.labels(cloud.inventory()), want)
    tap.ok(not lines, f"{what}: the server holds what it should", *lines)


def yes(project, command, **options):
    return project.infra(command, "-auto-approve", "-input=false", timeout=400, **options)


def test_throttling(cloud, proxy, project):
    proxy.order("throttle", "0.2 11")
    done = yes(project, "apply")
    tap.ok(done.code == 0, "an apply succeeds though one request in five is refused", done)
    tap.ok(len(proxy.stats()["fired"]) > 10, "they were", proxy.stats())
    tap.note(f"apply: {done.seconds:.1f} s, {proxy.stats()['requests']} requests, {len(proxy.stats()['fired'])} refused")
    holds(cloud, EXPECTED, "throttled apply")
    proxy.order("throttle", "0.2 12")
    again = project.infra("plan", "-detailed-exitcode", "-input=false")
    tap.ok(again.code == 0, "a further plan is empty, throttled too", again)
    proxy.order("throttle", "0.2 13")
    done = yes(project, "destroy")
    tap.ok(done.code == 0, "so does a destroy", done)
    tap.same(cloud.inventory(), {}, "nothing is left")


def interrupt(proxy, at, signals):
    """A `started` for run(): from request `at` on, send the signals, half a second apart."""
    def started(pid):
        process = os.pidfd_open(pid)  # the number may be another process's by then

        def send():
            end = time.monotonic() + 120
            while proxy.stats()["requests"] < at and time.monotonic() < end:
                time.sleep(0.005)
            for _ in range(signals):
                try:
                    signal.pidfd_send_signal(process, signal.SIGINT)
                except ProcessLookupError:
                    break
                time.sleep(0.5)
            os.close(process)
        threading.Thread(target=send, daemon=True).start()
    return started


def test_interrupt(cloud, proxy, project):
    proxy.reset()
    proxy.order("latency", "20")  # so that something is always under way
    done = yes(project, "apply", started=interrupt(proxy, 60, 1))
    tap.ok(done.code == 1, "Ctrl-C: the run ends, and not as if all were done", done)
    made = cloud.inventory()
    tap.ok(0 < sum(map(len, made.values())) < sum(map(len, EXPECTED.values())), "something was made, not everything", made)
    if e2e.knows("show"):
        shown = e2e.resources(json.loads(project.infra("show", "-json").out))
        ids = {values["id"] for _, _, values in shown}
        held = {key for kind in ("vpc", "subnet", "security_group", "instance", "eip", "role", "efs", "route_table", "parameter")
                for key in made.get(kind, {})}
        tap.same(sorted(held - ids), [], "what was under way was finished and recorded")
    else:
        tap.skip("what was under way was finished and recorded", "infra does not know `show` yet")
    tap.same(e2e.intent_tags(cloud), [], "and no mark stays on it")
    done = yes(project, "apply")
    tap.ok(done.code == 0, "the next run goes on", done)
    holds(cloud, EXPECTED, "after Ctrl-C")

    proxy.reset()
    proxy.order("latency", "20")
    done = yes(project, "destroy", started=interrupt(proxy, 60, 2))
    tap.ok(done.code not in (0, None), "Ctrl-C twice: the run ends at once", done)
    proxy.settle()
    proxy.reset()
    done = yes(project, "apply")
    tap.ok(done.code == 0, "an apply makes anew what is gone", done)
    holds(cloud, EXPECTED, "after Ctrl-C twice")
    done = yes(project, "destroy")
    tap.ok(done.code == 0, "destroy", done)
    tap.same(cloud.inventory(), {}, "nothing is left")


why = e2e.missing("plan", "apply", "destroy")
if why:
    skip_all(why)
with e2e.cloud() as cloud_, e2e.Proxy(cloud_) as proxy_:
    for test in (test_throttling, test_interrupt):
        cloud_.reset()
        proxy_.reset()
        with e2e.Project("msls", proxy_, e2e.MSLS) as project_:
            tap.case(test, cloud_, proxy_, project_)
    e2e.nothing_unknown(tap, cloud_)
tap.done()
