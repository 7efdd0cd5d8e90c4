#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The schema of each AWS type is that of Terraform's provider: names, types, flags, nesting, numbers of blocks, timeouts."""
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
from collect import facts  # noqa: E402
from ours import Exceptions, Ours  # noqa: E402


def differences(ours, theirs, path=''):
    mine, other = ours.get('attributes', {}), theirs.get('attributes', {})
    for name in sorted(set(mine) | set(other)):
        place = path + name
        if name not in other:
            yield place, f'{place} is not in the provider'
        elif name not in mine:
            yield place, f'{place} is missing: {json.dumps(other[name])}'
        else:
            for what in ('type', 'flags'):
                if mine[name][what] != other[name][what]:
                    yield f'{place} {what}', f'{place} {what}: {json.dumps(mine[name][what])}, not {json.dumps(other[name][what])}'
    mine, other = ours.get('blocks', {}), theirs.get('blocks', {})
    for name in sorted(set(mine) | set(other)):
        place = path + name
        if name not in other:
            yield place, f'the block {place} is not in the provider'
        elif name not in mine:
            yield place, f'the block {place} is missing'
        else:
            for what in ('nesting', 'min', 'max', 'deprecated'):
                if mine[name].get(what) != other[name].get(what):
                    yield f'{place} {what}', f'{place} {what}: {mine[name].get(what)}, not {other[name].get(what)}'
            yield from differences(mine[name]['block'], other[name]['block'], place + '.')


theirs = json.loads((HERE / 'schema.json').read_text(encoding='utf-8'))
ours, exceptions = Ours(), Exceptions('surface')
todo = [(kind, name) for kind in ('resource', 'data') for name in ours.names(kind)]
print(f'1..{len(todo) + 1}')
for n, (kind, name) in enumerate(todo, 1):
    schema = ours.schema(kind, name)
    wrong = []
    if 'block' not in schema:
        wrong.append(str(schema))
    elif name not in theirs[kind]:
        wrong.append(f'schema.json does not know it: tests/types/collect.py asks the provider')
    else:
        # the version of a state's form is Terraform's affair; it reads what we write by its own number
        wrong = [text for what, text in differences(facts(schema['block']), theirs[kind][name])
                 if not exceptions.excuses(f'{kind}.{name}', what)]
    print(f'{"not ok" if wrong else "ok"} {n} - {kind} {name}')
    print(''.join(f'# {line}\n' for line in wrong), end='')
unused = exceptions.unused([f'{kind}.{name}' for kind, name in todo])
print(f'{"not ok" if unused else "ok"} {len(todo) + 1} - every exception is needed')
print(''.join(f'# {line}\n' for line in unused), end='')
ours.close()
