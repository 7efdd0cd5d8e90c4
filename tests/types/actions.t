#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plans of single objects are those of Terraform's provider: defaults and what is known after apply at creation, and
for each argument what a change, a removal and an addition do (replace, update, none, error). The questions are those
of tests/types/collect.py, put to our types instead. `actions.t TYPE...` asks about some types."""
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import collect  # noqa: E402
from ours import Exceptions, Ours  # noqa: E402


class Asker(collect.Asker):
    """With the sample values that the provider was asked with."""

    def __init__(self, provider, name, block, theirs):
        super().__init__(provider, name, block)
        kinds = {path: a['type'] for path, a in collect.arguments(block)}
        for path, (one, two) in theirs.get('values', {}).items():
            path = tuple(path.split('.'))
            if path in kinds and isinstance(collect.innermost(kinds[path]), str):
                self.allowed[path] = [inner(kinds[path], one), inner(kinds[path], two)]

    def validate(self):
        pass


def inner(kind, value):
    while not isinstance(kind, str):
        value = value['k'] if kind[0] == 'map' else value[0]
        kind = kind[1]
    return value


def summaries(name, ours, theirs):
    if ('error' in ours) != ('error' in theirs):
        yield f'{name}error', f'{name}: {ours.get("error", "no error")}, not {theirs.get("error", "no error")}'
        return
    mine, other = ours.get('defaults', {}), theirs.get('defaults', {})
    for path in sorted(set(mine) | set(other)):
        if collect.order(mine.get(path, '-')) != collect.order(other.get(path, '-')):
            yield f'{name}default {path}', f'{name}default of {path}: {mine.get(path, "-")!r}, not {other.get(path, "-")!r}'
    mine, other = set(ours.get('later', ())), set(theirs.get('later', ()))
    for path in sorted(mine ^ other):
        which = 'known after apply, not so there' if path in mine else 'not known after apply, there it is'
        yield f'{name}later {path}', f'{name}{path} is {which}'


def differences(ours, theirs):
    yield from summaries('create ', ours['create'], theirs['create'])
    for path in sorted(set(ours.get('blocks', {})) & set(theirs.get('blocks', {}))):
        yield from summaries(f'block {path} ', ours['blocks'][path], theirs['blocks'][path])
    mine, other = ours.get('change', {}), theirs.get('change', {})
    for path in sorted(set(mine) & set(other)):
        for what, one, two in zip(('change', 'removal', 'addition'), mine[path], other[path]):
            if one != two:
                why = ours.get('errors', {}).get(path, '') if one == 'error' else theirs.get('errors', {}).get(path, '')
                yield f'{what} {path}', f'{what} of {path}: {one}, not {two}' + (f' ({why})' if 'error' in (one, two) else '')
    mine, other = ours.get('rewrites', {}), theirs.get('rewrites', {})
    for path in sorted(set(mine) | set(other)):
        if mine.get(path) != other.get(path):
            yield f'rewrite {path}', f'{path} is planned as {mine.get(path, "-")}, not {other.get(path, "-")}'
    for path in sorted(set(ours.get('unsettled', ())) - set(theirs.get('unsettled', ()))):
        yield f'unsettled {path}', f'a plan without a change is not empty where {path or "nothing more"} is given'


facts = json.loads((HERE / 'actions.json').read_text(encoding='utf-8'))
ours, exceptions = Ours(), Exceptions('actions')
todo = [n for n in ours.names('resource') if n in facts and n in (sys.argv[1:] or facts)]
print(f'1..{len(todo) + 1}')
for n, name in enumerate(todo, 1):
    schema = ours.schema('resource', name)
    if 'block' not in schema:
        wrong = [str(schema)]
    else:
        answers = Asker(ours, name, schema['block'], facts[name]).ask()
        wrong = [text for what, text in differences(answers, facts[name]) if not exceptions.excuses(name, what)]
    print(f'{"not ok" if wrong else "ok"} {n} - {name}')
    print(''.join(f'# {line}\n' for line in wrong), end='', flush=True)
unused = exceptions.unused(todo)
print(f'{"not ok" if unused else "ok"} {len(todo) + 1} - every exception is needed')
print(''.join(f'# {line}\n' for line in unused), end='')
ours.close()
