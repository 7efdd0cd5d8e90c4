#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is refused before any request is what Terraform's provider refuses: values of arguments, and arguments that do
not go together. The questions are those of tests/types/collect_checks.py. `checks.t TYPE...` asks about some types."""
import json
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import collect  # noqa: E402
import collect_checks as checks  # noqa: E402
from ours import Exceptions, Ours  # noqa: E402


class OursOf:
    """Our types of one kind."""

    def __init__(self, ours, kind):
        self.ours, self.kind = ours, kind

    def validate(self, name, config):
        return self.ours.validate(name, config, self.kind)

    def plan(self, name, prior, proposed, config, private=b''):
        return self.ours.plan(name, prior, proposed, config, private)


def refused(facts, all_sets):
    """The sets of paths that the provider refuses, from whichever list is the shorter one."""
    if 'accepted' in facts:
        good = {tuple(s) for s in facts['accepted']}
        return {s for s in all_sets if s not in good}
    return {tuple(s) for s in facts['refused']}


def differences(checker, facts, data):
    kinds = {'.'.join(path): (path, a) for path, a in collect.arguments(checker.block)}
    asked = 0
    for name, (path, a) in kinds.items():
        row = facts.get('values', {}).get(name)
        kind = collect.innermost(a['type'])
        trials = [(v, False) for v in row['good']] + [(v, True) for v in row['bad']] if row else \
            [(v, False) for v in checks.trials(kind)] if name in facts.get('free', ()) else []
        for value, bad in trials:
            asked += 1
            error = checker.value_error(path, a['type'], checks.long(value))
            if bool(error) != bad:
                yield f'value {name} {json.dumps(value)}', f'{name} = {json.dumps(value)[:60]}: {error or "accepted"}, there ' \
                    f'{"refused" if bad else "accepted"}'
    checker.find_allowed(facts.get('values', {}))
    bases = [('smallest', collect.smallest(checker.type, checker.block, (), checker.allowed))]
    if 'sensible' in facts:
        bases.append(('sensible', checker.base()))
    for what, base in bases:
        mine, rest, told = checker.sets(base)
        mine = {tuple(s) for s in mine}
        theirs = refused(facts[what], mine | {tuple('.'.join(p) for p in paths) for paths, _ in rest})
        asked += len(mine) + len(rest)
        if what == bases[-1][0]:
            # what plans refuse there is refused by validation here, or by the plan
            theirs |= {tuple(s) for s in facts.get('planned', ())}
            mine |= {tuple('.'.join(p) for p in paths) for paths, config in rest if tuple('.'.join(p) for p in paths) in theirs and
                     checker.first_refusal(config)}
            for paths, config in rest:
                if tuple('.'.join(p) for p in paths) not in theirs and any('Invalid value' in checks.text_of(d) for d in checker.errors(config)):
                    mine.add(tuple('.'.join(p) for p in paths))
        for s in sorted(mine ^ theirs):
            yield f'{what} {" ".join(s)}', f'{what} with {", ".join(s) or "nothing more"}: ' + \
                (f'refused ({told.get(" ".join(s), "a value")}), there accepted' if s in mine else 'accepted, there refused')
    given = [config for name, config in checks.OBJECTS if name == checker.type and not data]
    for config, theirs in zip(given, facts.get('objects', ())):
        asked += 1
        mine = checker.first_refusal(checks.whole(checker.block, config))
        if bool(mine) != bool(theirs):
            yield f'object {json.dumps(config, default=str)}', f'{config}: {mine or "accepted"}, there {theirs or "accepted"}'
    checker.asked = asked


table = json.loads((HERE / 'checks.json').read_text(encoding='utf-8'))
ours, exceptions = Ours(), Exceptions('checks')
todo = [(kind, name) for kind in ('resource', 'data') for name in table[kind] if name in (sys.argv[1:] or table[kind])]
print(f'1..{len(todo) + 1}')
for n, (kind, name) in enumerate(todo, 1):
    schema = ours.schema(kind, name)
    checker = checks.Checker(OursOf(ours, kind), name, schema['block'])
    wrong = [text for what, text in differences(checker, table[kind][name], kind == 'data') if not exceptions.excuses(f'{kind}.{name}', what)]
    print(f'{"not ok" if wrong else "ok"} {n} - {kind} {name}: {checker.asked} values and combinations')
    print(''.join(f'# {line}\n' for line in wrong[:int(os.environ.get("SHOW", "30"))]), end='', flush=True)
unused = exceptions.unused([f'{kind}.{name}' for kind, name in todo])
print(f'{"not ok" if unused else "ok"} {len(todo) + 1} - every exception is needed')
print(''.join(f'# {line}\n' for line in unused), end='')
ours.close()
