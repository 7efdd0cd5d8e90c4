#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The type files name nothing that AWS's models do not have; and the checker that says so finds mistakes."""
import os
import sys
from pathlib import Path

here = Path(__file__).resolve().parent
sys.path.insert(0, str(here))
folder = here.parents[1] / 'providers/aws/types'
try:
    import botocore
except ImportError:
    print('1..0 # SKIP botocore is not installed')
    sys.exit(0)
if not list(folder.glob('*.hcl')):
    print('1..0 # SKIP there are no type files yet')
    sys.exit(0)

import check_types

files = check_types.Files(folder)
files.check()
wrong = {}
for error in files.trouble.errors:
    wrong.setdefault(error.split(':')[0], []).append(error)
print(f'1..{len(files.bodies) + 1}')
for n, name in enumerate(sorted(set(files.bodies) | set(wrong)), 1):
    errors = list(dict.fromkeys(wrong.get(name, [])))
    print(f'{"not ok" if errors else "ok"} {n} - {name}')
    print(''.join(f'# {error}\n' for error in errors[:20]), end='')
share = check_types.measure(folder, 200 if os.environ.get('SWEEP') == 'all' else 15, 1, quiet=True)
print(f'{"ok" if share >= 0.75 else "not ok"} {len(files.bodies) + 1} - the checker finds {share:.0%} of names changed by one letter')
