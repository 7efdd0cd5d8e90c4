#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the unit tests and the test scripts (tests/**/*.t), reads their TAP, prints what failed and one
closing line. A program that exits badly, prints no plan, or fewer results than planned, has failed."""
import argparse, concurrent.futures, os, re, subprocess, sys, time
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument('--build', default='build')
parser.add_argument('--jobs', type=int, default=2)
parser.add_argument('--only')
parser.add_argument('--slow', action='store_true')
parser.add_argument('--timeout', type=int, default=900)
args = parser.parse_args()
root = Path(__file__).resolve().parents[2]
os.chdir(root)
build = Path(args.build)

tests = sorted((build / 'tests/unit').glob('test_*')) if (build / 'tests/unit').is_dir() else []
tests = [t for t in tests if t.suffix == '' and os.access(t, os.X_OK) and Path('tests/unit', t.name + '.c').exists()]
tests += sorted(Path('tests').glob('*/*.t'))
if args.slow:
    tests += sorted(Path('tests').glob('*/*.slow'))
if args.only:
    tests = [t for t in tests if args.only in str(t)]
if not tests:
    sys.exit('no test matches')

def run(test):
    env = dict(os.environ, CMOCKA_MESSAGE_OUTPUT='TAP', BUILD=str(build.resolve()), INFRA=str((build / 'infra').resolve()))
    start = time.monotonic()
    limit = args.timeout * (8 if args.slow else 1)
    try:
        done = subprocess.run([str(test.resolve())], env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=limit)
        out, code = done.stdout.decode('utf-8', 'replace'), done.returncode
    except subprocess.TimeoutExpired as expired:
        out, code = (expired.stdout or b'').decode('utf-8', 'replace') + f'\ntimed out after {limit} s', -1
    passed = failed = skipped = 0
    planned = None
    for line in out.splitlines():
        if m := re.match(r'1\.\.(\d+)(.*)', line):
            planned = (planned or 0) + int(m[1])
            if m[1] == '0' and 'skip' in m[2].lower():
                skipped += 1
        elif re.match(r'not ok\b', line):
            if re.search(r'#\s*skip', line, re.I): skipped += 1
            else: failed += 1
        elif re.match(r'ok\b', line):
            if re.search(r'#\s*skip', line, re.I): skipped += 1
            else: passed += 1
    if planned is None or passed + failed + skipped < planned or (code != 0 and failed == 0):
        failed += 1
        out += f'\n# {test}: exit code {code}, {planned} planned, {passed + skipped} seen'
    return test, passed, failed, skipped, out, time.monotonic() - start

total = [0, 0, 0]
with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
    for test, passed, failed, skipped, out, seconds in pool.map(run, tests):
        total = [total[0] + passed, total[1] + failed, total[2] + skipped]
        print(f'{"FAIL" if failed else "ok  "} {test}: {passed} passed, {failed} failed, {skipped} skipped ({seconds:.1f} s)', flush=True)
        reasons = [l for l in out.splitlines() if re.search(r'#\s*skip', l, re.I)]
        if failed:
            print('\n'.join('    ' + l for l in out.splitlines()[-200:]), flush=True)
        elif reasons:
            print('\n'.join('    ' + l for l in sorted(set(reasons))[:10]), flush=True)
print(f'{total[0]} passed, {total[1]} failed, {total[2]} skipped')
sys.exit(1 if total[1] else 0)
