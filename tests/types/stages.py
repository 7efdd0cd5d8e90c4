# SPDX-License-Identifier: Apache-2.0
"""Resources through the stages of their lives, by the real program against moto.

A Family is a set of resources that live in one project. Each resource lists its bodies, one a stage: at the first it
is made, at later ones the pair (action, body) says what the plan must want; None takes it away. After each stage a
further plan must be empty. Then the objects are changed behind the program's back, imported into an empty state, and
removed, as the family says."""
import json
import re
import shutil
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / 'tools'))
import e2e  # noqa: E402

SIGNS = {'+': 'create', '~': 'update', '-/+': 'replace', '+/-': 'replace', '-': 'delete', '<=': 'read'}
WORDS = [('will be created', 'create'), ('will be updated in-place', 'update'), ('must be replaced', 'replace'),
         ('will be replaced', 'replace'), ('will be destroyed', 'delete'), ('will be read', 'read'), ('will be imported', 'import')]


def actions(text):
    """What a printed plan wants: {address: action}."""
    found = {}
    for line in text.splitlines():
        m = re.match(r'\s*(\+|~|-/\+|\+/-|-|<=)\s+([a-z]\S*\.\S+)$', line) or None
        if m:
            found[m[2]] = SIGNS[m[1]]
        m = re.match(r'\s*# (\S+)\s(.*)', line)
        if m and '.' in m[1]:
            for words, action in WORDS:
                if words in m[2]:
                    found.setdefault(m[1], action)
    return {address: action for address, action in found.items() if action != 'read'}


class Resource:
    def __init__(self, address, *bodies, import_id=None, imports=True):
        self.address, self.kind, self.name = address, *address.split('.')
        self.bodies = [b if isinstance(b, tuple) or b is None else ('create', b) for b in bodies]
        self.import_id, self.imports = import_id, imports

    def at(self, stage):
        return self.bodies[min(stage, len(self.bodies) - 1)]

    def expected(self, stage):
        now = self.at(stage)
        before = self.at(stage - 1) if stage else None
        if stage and (stage >= len(self.bodies) or now is before):
            return None
        if now is None:
            return 'delete' if before else None
        if before is None:
            return 'create'
        return None if now[0] == 'none' else now[0]

    def text(self, stage):
        now = self.at(stage)
        return f'resource "{self.kind}" "{self.name}" {{\n{now[1]}\n}}\n' if now else ''


R = Resource


def update(body):
    return 'update', body


def replace(body):
    return 'replace', body


def same(body):
    """Another way to write the same."""
    return 'none', body


class Family:
    def __init__(self, name, *resources, head='', stages=None, checks=None, drift=None, gone=None, excused=None):
        self.name, self.resources, self.head = name, resources, head
        self.stages = stages or max(len(r.bodies) for r in resources)
        self.checks = checks or {}  # stage -> function(cloud, ids, ok)
        self.drift = drift or []    # (what, function(cloud, ids), {address: action})
        self.gone = gone or []      # (what, function(cloud, ids), {address: action})
        self.excused = excused or {}  # "STAGE address" ("3", "import", "drift", "gone", * for all) -> the server's fault


class Project:
    def __init__(self, cloud=None):
        self.folder = Path(tempfile.mkdtemp(prefix='infra-types-'))
        home = {'HOME': str(self.folder), 'XDG_CONFIG_HOME': str(self.folder / 'config')}
        self.env = cloud.environment(**home) if cloud else e2e.environment('http://127.0.0.1:9', **home)

    def write(self, text):
        (self.folder / 'main.tf').write_text(text, encoding='utf-8')

    def infra(self, *args):
        return e2e.run([e2e.INFRA, *args], self.env, self.folder, timeout=300)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)


def outputs(text):
    m = re.search(r'^attributes\s*=\s*(".*")$', text, re.M)
    return json.loads(json.loads(m[1])) if m else {}


class Life:
    """A family's run."""

    def __init__(self, family, cloud, tap):
        self.family, self.cloud, self.tap = family, cloud, tap
        self.attributes = {}

    def config(self, stage, extra=''):
        live = [r for r in self.family.resources if r.at(stage)]
        text = self.family.head + '\n' + '\n'.join(r.text(stage) for r in live)
        wanted = ', '.join(f'"{r.address}" = {{ for k, v in {r.address} : k => v if k == "id" || k == "arn" || k == "name" }}'
                           for r in live)
        return self.cloud.here(text) + f'\noutput "attributes" {{ value = jsonencode({{ {wanted} }}) }}\n' + extra

    def without_known(self, got, stage, expected=()):
        left = {}
        for address, action in got.items():
            reason = self.family.excused.get(f'{stage} {address}') or self.family.excused.get(f'* {address}')
            if reason and address not in expected:
                self.tap.note(f'known, {stage}, {address}: {reason}')
            else:
                left[address] = action
        return left

    def plan_is_empty(self, project, what, stage):
        done = project.infra('plan', '-detailed-exitcode', '-input=false')
        left = self.without_known(actions(done.out), stage)
        self.tap.ok(done.code == 0 or (done.code == 2 and not left and actions(done.out)), what, left, done)

    def apply(self, project, expected, what, stage):
        done = project.infra('apply', '-auto-approve', '-input=false')
        got = self.without_known(actions(done.out), stage, expected)
        self.tap.ok(got == expected, f'{what}: the plan',
                    *[f'{a}: {got.get(a, "nothing")}, not {expected.get(a, "nothing")}'
                      for a in sorted({*got, *expected}) if got.get(a) != expected.get(a)], done)
        if self.tap.ok(done.code == 0, f'{what}: apply', done):
            self.attributes = outputs(done.out) or self.attributes
        return done.code == 0

    def id(self, address):
        return self.attributes[address]['id']

    def stages(self, project):
        family = self.family
        for stage in range(family.stages):
            project.write(self.config(stage))
            expected = {r.address: r.expected(stage) for r in family.resources if r.expected(stage)}
            what = f'{family.name}, stage {stage + 1}'
            self.apply(project, expected, what, stage + 1)
            self.plan_is_empty(project, f'{what}: nothing to do afterwards', stage + 1)
            if stage in family.checks:
                try:
                    family.checks[stage](self.cloud, self.id, lambda good, text, *notes: self.tap.ok(good, f'{what}: {text}', *notes))
                except Exception as error:  # pylint: disable=broad-except
                    self.tap.ok(False, f'{what}: what the server holds', repr(error))

    def outside(self, project, changes, verb):
        for what, change, expected in changes:
            what = f'{self.family.name}, {verb}: {what}'
            try:
                change(self.cloud, self.id)
                time.sleep(self.cloud.settles)
            except Exception as error:  # pylint: disable=broad-except
                self.tap.ok(False, what, repr(error))
                continue
            self.apply(project, expected, what, verb)
            self.plan_is_empty(project, f'{what}: nothing to do afterwards', verb)

    def imports(self):
        """An empty state and the same configuration: each object is taken over without a change."""
        family, last = self.family, self.family.stages - 1
        wanted = [r for r in family.resources if r.at(last) and r.imports]
        others = [r for r in family.resources if r.at(last) and not r.imports]
        blocks = ''
        for r in wanted:
            own = self.attributes.get(r.address, {})
            by = r.import_id(self.id) if r.import_id else own.get('id')
            blocks += f'import {{\n  to = {r.address}\n  id = {json.dumps(by)}\n}}\n'
        with Project(self.cloud) as project:
            project.write(self.config(last, blocks))
            done = project.infra('plan', '-input=false')
            got = actions(done.out)
            expected = {r.address: 'create' for r in others}
            wrong = {a: x for a, x in got.items() if x not in ('import',) and expected.get(a) != x}
            wrong = self.without_known(wrong, 'import')
            self.tap.ok(done.code == 0 and not wrong, f'{family.name}: all are imported without a change', wrong, done)

    def run(self):
        with Project(self.cloud) as project:
            self.stages(project)
            self.imports()
            self.outside(project, self.family.drift, 'drift')
            self.outside(project, self.family.gone, 'gone')
            done = project.infra('destroy', '-auto-approve', '-input=false')
            self.tap.ok(done.code == 0, f'{self.family.name}: destroy', done)
            left = self.cloud.inventory()
            self.tap.ok(not left, f'{self.family.name}: nothing is left', left)
            self.tap.same(e2e.intent_tags(self.cloud), [], f'{self.family.name}: no mark is left')
