#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Long chains of resources: each refers to the one before. Planning 100 000 of them needs no deep stack; states grow
with the number of resources and not with its square; what was made last goes first, also behind the point from which
on states record only what a resource itself names."""
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / 'tools')]
sys.dont_write_bytecode = True
import e2e  # noqa: E402
from tap import Tap  # noqa: E402

LINKS, MANY = 2000, 100_000


def chain(count, text='a', first=0):
    return f'resource "terraform_data" "r{first}" {{ input = "{text}" }}\n' + ''.join(
        f'resource "terraform_data" "r{i}" {{ input = terraform_data.r{i - 1}.output }}\n' for i in range(first + 1, count))


def numbers(text, what):
    return [int(n) for n in re.findall(r'terraform_data\.r(\d+): ' + what, text)]


tap = Tap()
folder = Path(tempfile.mkdtemp(prefix='chain.'))
env = e2e.environment('http://127.0.0.1:9', HOME=str(folder), XDG_CONFIG_HOME=str(folder / 'config'))
try:
    plans = folder / 'main.tf'
    plans.write_text(chain(LINKS), encoding='utf-8')
    done = e2e.run([e2e.INFRA, 'apply', '-auto-approve'], env, folder, timeout=300)
    tap.ok(done.code == 0 and f'{LINKS} added' in done.out, f'{LINKS} resources are made', done)
    tap.same(numbers(done.out, 'Creation complete'), list(range(LINKS)), 'one behind the other')
    size = os.path.getsize(folder / '.infra' / 'state.db')
    tap.ok(size < 8e6, f'the state has less than 8 MB ({size / 1e6:.1f})')
    plans.write_text(chain(LINKS, 'b'), encoding='utf-8')
    done = e2e.run([e2e.INFRA, 'apply', '-auto-approve'], env, folder, timeout=300)
    tap.ok(done.code == 0 and f'{LINKS} changed' in done.out, 'all change with the first', done)
    plans.write_text(chain(1000, 'b'), encoding='utf-8')
    done = e2e.run([e2e.INFRA, 'apply', '-auto-approve'], env, folder, timeout=300)
    tap.same(numbers(done.out, 'Destruction complete'), list(range(LINKS - 1, 999, -1)), 'the later half goes, the last one first')
    done = e2e.run([e2e.INFRA, 'destroy', '-auto-approve', '-target=terraform_data.r700'], env, folder, timeout=300)
    tap.same(numbers(done.out, 'Destruction complete'), list(range(999, 699, -1)), '-target takes along what was made after it')
    done = e2e.run([e2e.INFRA, 'destroy', '-auto-approve'], env, folder, timeout=300)
    tap.same(numbers(done.out, 'Destruction complete'), list(range(699, -1, -1)), 'the rest goes likewise')
    plans.write_text(chain(MANY), encoding='utf-8')
    done = e2e.run([e2e.INFRA, 'plan', '-out=p.plan'], env, folder, timeout=600)
    tap.ok(done.code == 0 and f'Plan: {MANY} to add' in done.out, f'{MANY} resources are planned', done.err)
finally:
    shutil.rmtree(folder)
tap.done()
