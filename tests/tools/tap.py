# SPDX-License-Identifier: Apache-2.0
"""Test results as TAP, for test scripts in Python."""
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor


class Tap:
    """Collects results; the plan is printed last, so nobody has to count."""

    def __init__(self):
        self.count = self.failed = 0
        self.lock = threading.RLock()

    def ok(self, good, what, *notes):
        """One result; notes are printed where it failed."""
        with self.lock:
            self.count += 1
            self.failed += not good
            print(f"{'ok' if good else 'not ok'} {self.count} - {what}", flush=True)
            if not good:
                for note in notes:
                    self.note(note)
        return bool(good)

    def same(self, got, want, what):
        return self.ok(got == want, what, f"got  {got!r}", f"want {want!r}")

    def skip(self, what, why):
        with self.lock:
            self.count += 1
            print(f"ok {self.count} - {what} # SKIP {why}", flush=True)

    def case(self, function, *args):
        """Run one function of tests; an exception in it is a failure of its own, and the next one still runs."""
        try:
            function(*args)
        except Exception:  # pylint: disable=broad-except
            self.ok(False, f"{function.__name__} ran to its end", traceback.format_exc())

    def at_once(self, count, function, rows):
        """function(*row) of each row, as cases of which that many go on at the same time: for what waits more than it works."""
        with ThreadPoolExecutor(count) as pool:
            for row in rows:
                pool.submit(self.case, function, *row)

    def note(self, text):
        with self.lock:
            for line in str(text).rstrip().split("\n"):
                print(f"# {line}", flush=True)

    def done(self):
        print(f"1..{self.count}", flush=True)
        sys.exit(1 if self.failed else 0)


def skip_all(why):
    print(f"1..0 # SKIP {why}")
    sys.exit(0)
