#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every AWS type through its life by the program itself, against moto or the sandbox. `run.t NAME...` runs some of the families;
`-v` shows each command."""
import os
import sys
import traceback
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE / 'families'), str(HERE.parent / 'tools')]
import e2e  # noqa: E402
from stages import Family, Life  # noqa: E402
from tap import Tap, skip_all  # noqa: E402

for module in ('moto', 'boto3'):
    try:
        __import__(module)
    except ImportError:
        skip_all(f'python3 has no {module}')
if not os.access(e2e.INFRA, os.X_OK):
    skip_all('infra is not built')

families = []
for path in sorted((HERE / 'families').glob('*.py')):
    module = __import__(path.stem)
    families += [f for f in vars(module).values() if isinstance(f, Family)]
wanted = sys.argv[1:]
# Families that need what the sandbox does not have.
ELSEWHERE = {'vpc': 'IPv6', 'subnet': 'IPv6', 'routes': 'IPv6', 'address': 'more than five addresses'}
tap = Tap()
with e2e.cloud() as cloud:
    for family in families:
        if wanted and family.name not in wanted:
            continue
        if cloud.name == 'sandbox' and family.name in ELSEWHERE:
            tap.skip(family.name, f'the sandbox has no {ELSEWHERE[family.name]}')
            continue
        cloud.reset()
        try:
            Life(family, cloud, tap).run()
        except Exception:  # pylint: disable=broad-except
            tap.ok(False, f'{family.name} ran to its end', traceback.format_exc())
tap.done()
