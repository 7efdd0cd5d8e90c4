#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the unit tests and the test scripts (tests/**/*.t), reads their TAP, prints what failed and one closing line.

Nothing counts as passed that did not say so: a program that exits badly, is killed, runs out of time, prints no plan or
another number of results than planned, that bails out or plans nothing without a reason, has failed; so has `not ok`,
whatever stands behind it, and a unit test that was not built. What a test leaves running is ended with it.

As many run side by side as --jobs says. Many wait more than they work: for a host to boot, for a time limit that is
tested. So where processors stand idle meanwhile, further ones are begun, up to twice that many.
"""
import argparse
import concurrent.futures
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SKIP = re.compile(r"#\s*skip", re.I)
# Seconds we expect of tests that were never timed here: the slowest start first, so that none is left over at the end.
GUESSES = {"e2e": 60, "jobs": 50, "sandbox": 40, "plan-text": 30, "aws": 20, "lang": 15, "fuzz": 15, "unit": 1}


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=Path("build"))
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", help="those whose path contains this")
    parser.add_argument("--slow", action="store_true", help="also tests/**/*.slow")
    parser.add_argument("--timeout", type=int, default=900, help="seconds for one test")
    return parser.parse_args()


def find_tests(args):
    tests = [args.build / "tests/unit" / source.stem for source in sorted(Path("tests/unit").glob("test_*.c"))]
    tests += sorted(Path("tests").glob("*/*.t"))
    if args.slow:
        tests += sorted(Path("tests").glob("*/*.slow"))
    return [test for test in tests if not args.only or args.only in str(test)]


def environment(build):
    env = dict(os.environ, CMOCKA_MESSAGE_OUTPUT="TAP", BUILD=str(build.resolve()), INFRA=str((build / "infra").resolve()))
    # Python packages that the machine does not have (tests/tools/python.sh puts them there).
    programs = Path("build/venv/bin").resolve()
    if (programs / "python3").exists():
        env["PATH"] = f"{programs}:{env['PATH']}"
    return env


def end_group(group, how):
    try:
        os.killpg(group, how)
        return True
    except ProcessLookupError:
        return False


class Idle:
    """How many of the machine's processors had nothing to do since we began to look; 0 until that is long enough to tell."""

    def __init__(self):
        self.begin()

    @staticmethod
    def counts():
        """(idle, all) in ticks, by the kernel; None where it does not say."""
        try:
            with open("/proc/stat", encoding="ascii") as file:
                ticks = [int(word) for word in file.readline().split()[1:9]]
            return ticks[3] + ticks[4], sum(ticks)
        except (OSError, ValueError, IndexError):
            return None

    def begin(self):
        self.first, self.since = self.counts(), time.monotonic()

    def processors(self):
        now = self.counts()
        if not now or not self.first or time.monotonic() - self.since < LOOK or now[1] <= self.first[1]:
            return 0
        share = (now[0] - self.first[0]) / (now[1] - self.first[1])
        self.begin()
        return share * (os.cpu_count() or 1)


LOOK = 0.5  # seconds over which idle processors are counted
running = set()


def execute(test, env, limit):
    """Runs one test in a session of its own; gives its output and exit code, None where time ran out."""
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen([str(test.resolve())], env=env, stdin=subprocess.DEVNULL, stdout=output,
                                       stderr=subprocess.STDOUT, start_new_session=True)
        except OSError as error:
            return f"cannot be run: {error}", 126
        running.add(process.pid)
        try:
            code = process.wait(limit)
        except subprocess.TimeoutExpired:
            code = None
            end_group(process.pid, signal.SIGTERM)
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                pass
        end_group(process.pid, signal.SIGKILL)
        process.wait()
        running.discard(process.pid)
        output.seek(0)
        return output.read().decode("utf-8", "replace"), code


def read_tap(out):
    """Counts of passed, failed, skipped; and how many were planned, or None."""
    passed = failed = skipped = 0
    planned = None
    for line in out.splitlines():
        if plan := re.match(r"1\.\.(\d+)(.*)", line):
            planned = (planned or 0) + int(plan[1])
            if plan[1] == "0" and SKIP.search(plan[2]):
                skipped += 1
                planned += 1
        elif re.match(r"not ok\b", line) or line.startswith("Bail out!"):
            failed += 1
        elif re.match(r"ok\b", line):
            if SKIP.search(line):
                skipped += 1
            else:
                passed += 1
    return passed, failed, skipped, planned


def run(test, env, limit):
    start = time.monotonic()
    out, code = execute(test, env, limit)
    seconds = time.monotonic() - start
    passed, failed, skipped, planned = read_tap(out)
    seen = passed + failed + skipped
    wrong = None
    if code is None:
        wrong = f"timed out after {limit} s"
    elif code < 0:
        wrong = f"killed by {signal.Signals(-code).name}"
    elif code and not failed:
        wrong = f"exit code {code} without a failure"
    elif planned is None:
        wrong = "no plan"
    elif seen != planned:
        wrong = f"{planned} planned, {seen} seen"
    elif not seen:
        wrong = "no result"
    if wrong:
        failed += 1
        out += f"\n# {test}: {wrong}"
    return passed, failed, skipped, out, seconds


def report(test, passed, failed, skipped, out, seconds):
    print(f"{'FAIL' if failed else 'ok  '} {test}: {passed} passed, {failed} failed, {skipped} skipped ({seconds:.1f} s)")
    lines = out.splitlines()
    if failed:
        shown = [line for line in lines if line.startswith("not ok")][:50] if len(lines) > 200 else []
        lines = shown + ["..."] * bool(shown) + lines[-200:]
    else:
        lines = sorted({line for line in lines if SKIP.search(line)})[:10]
    for line in lines:
        print(f"    {line}")
    sys.stdout.flush()


def read_times(path):
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return {}


def side_by_side(tests, jobs, function):
    """(test, what the function gives of it), as they end."""
    most = jobs * 2 if jobs > 1 else 1
    waiting, pending, idle = list(tests), {}, Idle()
    with concurrent.futures.ThreadPoolExecutor(most) as pool:
        while waiting or pending:
            while waiting and (len(pending) < jobs or len(pending) < most and idle.processors() > 0.7):
                test = waiting.pop(0)
                pending[pool.submit(function, test)] = test
                idle.begin()
            done, _ = concurrent.futures.wait(pending, LOOK if waiting else None, concurrent.futures.FIRST_COMPLETED)
            for future in done:
                yield pending.pop(future), future.result()


def main():
    args = arguments()
    os.chdir(Path(__file__).resolve().parents[2])
    tests = find_tests(args)
    if not tests:
        sys.exit("no test matches")
    env = environment(args.build)
    times = read_times(args.build / "times.json")
    tests.sort(key=lambda test: -times.get(str(test), GUESSES.get(test.parts[-2], 5)))
    limit = args.timeout * (8 if args.slow else 1)

    def stop(number, _):
        for pid in list(running):
            end_group(pid, signal.SIGKILL)
        os._exit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    total = [0, 0, 0]
    for test, (passed, failed, skipped, out, seconds) in side_by_side(tests, args.jobs, lambda test: run(test, env, limit)):
        total = [total[0] + passed, total[1] + failed, total[2] + skipped]
        times[str(test)] = round(seconds, 1)
        report(test, passed, failed, skipped, out, seconds)
    (args.build / "times.json").write_text(json.dumps(times, indent=1, sort_keys=True) + "\n")
    print(f"{total[0]} passed, {total[1]} failed, {total[2]} skipped", flush=True)
    sys.exit(1 if total[1] else 0)


if __name__ == "__main__":
    main()
