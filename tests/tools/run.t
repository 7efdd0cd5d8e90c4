#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The test runner itself: what it must never call passed."""
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import run as runner  # noqa: E402
from tap import Tap  # noqa: E402

CASES = [  # name, script, closing line when it runs alone, a text that must be in the report
    ("good", "echo 1..2; echo ok 1 - a; echo ok 2 - b", "2 passed, 0 failed, 0 skipped", "2 passed"),
    ("fails", "echo 1..2; echo ok 1 - a; echo not ok 2 - b; exit 1", "1 passed, 1 failed, 0 skipped", "not ok 2 - b"),
    ("fails and exits well", "echo 1..1; echo not ok 1 - b", "0 passed, 1 failed, 0 skipped", "not ok"),
    ("expected to fail", "echo 1..1; echo 'not ok 1 - b # TODO some day'", "0 passed, 1 failed, 0 skipped", "not ok"),
    ("failed and skipped", "echo 1..1; echo 'not ok 1 - b # SKIP'", "0 passed, 1 failed, 0 skipped", "not ok"),
    ("skipped", "echo 1..1; echo 'ok 1 - b # SKIP no server'", "0 passed, 0 failed, 1 skipped", "no server"),
    ("all skipped", "echo '1..0 # SKIP no server'", "0 passed, 0 failed, 1 skipped", "no server"),
    ("too few", "echo 1..3; echo ok 1; echo ok 2", "2 passed, 1 failed, 0 skipped", "3 planned, 2 seen"),
    ("too many", "echo 1..1; echo ok 1; echo ok 2", "2 passed, 1 failed, 0 skipped", "1 planned, 2 seen"),
    ("no plan", "echo ok 1", "1 passed, 1 failed, 0 skipped", "no plan"),
    ("silent", "true", "0 passed, 1 failed, 0 skipped", "no plan"),
    ("nothing planned", "echo 1..0", "0 passed, 1 failed, 0 skipped", "no result"),
    ("bad exit", "echo 1..1; echo ok 1; exit 3", "1 passed, 1 failed, 0 skipped", "exit code 3"),
    ("killed", "echo 1..1; echo ok 1; kill -9 $$", "1 passed, 1 failed, 0 skipped", "killed by SIGKILL"),
    ("bails out", "echo 1..1; echo 'Bail out! no disk'", "0 passed, 1 failed, 0 skipped", "no disk"),
    ("hangs", "echo 1..1; echo ok 1; sleep 600", "1 passed, 1 failed, 0 skipped", "timed out after 2 s"),
    ("hangs and ignores signals", "trap '' TERM; echo 1..1; echo ok 1; while :; do sleep 1; done",
     "1 passed, 1 failed, 0 skipped", "timed out after 2 s"),
]
tap = Tap()


def run(tree, *args):
    return subprocess.run([sys.executable, str(tree / "tests/tools/run.py"), *args], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)


def write(path, script, mode=0o755):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(mode)


def gone(pid):
    """Whether a process has ended; one that waits for its parent to take notice has."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"
    except OSError:
        return True


def check(done, closing, text, what):
    lines = done.stdout.splitlines()
    code = 0 if " 0 failed" in closing else 1
    tap.ok(lines and lines[-1] == closing and done.returncode == code and text in done.stdout, what,
           f"exit code {done.returncode}", done.stdout)


def at_the_same_time(jobs, idle, want):
    """How many of eight tests are under way at once at most, where that many processors stand idle."""
    class Idle:
        def begin(self):
            pass

        def processors(self):
            return idle
    runner.Idle, runner.LOOK = Idle, 0.01
    counts, lock = {"now": 0, "most": 0}, threading.Lock()

    def test(_):
        with lock:
            counts["now"] += 1
            counts["most"] = max(counts["most"], counts["now"])
        end = time.monotonic() + 2
        while counts["most"] < want and time.monotonic() < end:
            time.sleep(0.01)
        with lock:
            counts["now"] -= 1
    tap.same(len(list(runner.side_by_side(range(8), jobs, test))), 8, f"{jobs} jobs, {idle} idle processors: each test is run")
    tap.same(counts["most"], want, "and so many at once")


at_the_same_time(2, 0, 2)
at_the_same_time(2, 1, 4)
at_the_same_time(1, 2, 1)
with tempfile.TemporaryDirectory() as folder:
    top = Path(folder)
    (top / "tests/tools").mkdir(parents=True)
    (top / "build").mkdir()
    shutil.copy(HERE / "run.py", top / "tests/tools")
    script = top / "tests/some/one.t"
    for name, text, closing, report in CASES:
        write(script, text)
        check(run(top, "--timeout", "2"), closing, report, name)

    write(script, "echo 1..1; echo ok 1", mode=0o644)
    check(run(top), "0 passed, 1 failed, 0 skipped", "cannot be run", "not executable")
    script.unlink()
    tap.ok(run(top).returncode == 1, "no test at all is an error")
    (top / "tests/unit").mkdir()
    (top / "tests/unit/test_x.c").write_text("")
    check(run(top), "0 passed, 1 failed, 0 skipped", "cannot be run", "a unit test that was not built")
    (top / "tests/unit/test_x.c").unlink()

    # What a test leaves behind must not live on, nor hold up the end.
    write(script, f"sleep 300 & echo $! > {top}/pid; echo 1..1; echo ok 1")
    start = time.monotonic()
    done = run(top)
    check(done, "1 passed, 0 failed, 0 skipped", "1 passed", "a process is left behind")
    left = int((top / "pid").read_text())
    while not gone(left) and time.monotonic() - start < 20:
        time.sleep(0.05)
    tap.ok(gone(left), "and is ended")

    # All results of several tests are added up, the slowest of last time starts first.
    for name, seconds in (("a", 0), ("b", 0.5), ("c", 0)):
        write(top / f"tests/some/{name}.t", f"echo {name} >> {top}/order; sleep {seconds}; echo 1..1; echo ok 1")
    script.unlink()
    check(run(top, "--jobs", "1"), "3 passed, 0 failed, 0 skipped", "tests/some/b.t", "several tests")
    (top / "order").unlink()
    run(top, "--jobs", "1")
    tap.same((top / "order").read_text().split()[0], "b", "the slowest starts first")
    check(run(top, "--only", "some/a"), "1 passed, 0 failed, 0 skipped", "tests/some/a.t", "only one of them")
tap.done()
