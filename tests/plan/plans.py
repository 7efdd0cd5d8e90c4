# SPDX-License-Identifier: Apache-2.0
"""Plans of real Terraform as the measure of ours.

    tests/plan/plans.py PLUGINS [CASE...]

asks Terraform with the AWS provider of PLUGINS (a folder that a filesystem_mirror can use) about every case, against
moto, and writes golden/CASE.json. A case is a project in stages; each stage is planned, then applied. Cases are

  the families of tests/types/families (resources through the stages of their lives), and
  cases/NAME.tf, where a line `@stage ARGUMENT...` begins each stage (more arguments of `plan`), `@file PATH` a further
  file of it, and `@only` a stage that is planned but not applied.

A golden file has for each stage what `reduced` leaves of the plan, or the errors, and the state behind it, with ids,
times and addresses that differ from run to run replaced by lasting ones."""
import concurrent.futures
import fnmatch
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
TESTS = HERE.parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(TESTS / 'tools'), str(TESTS / 'plan-text'), str(TESTS / 'types'), str(TESTS / 'types' / 'families')]
import e2e  # noqa: E402
from collect import Names, json_lines  # noqa: E402
from stages import Family  # noqa: E402

LATER = '(known after apply)'
PROVIDER = (TESTS / 'plan-text' / 'provider.tf').read_text(encoding='utf-8')


class Stage:
    def __init__(self, args=()):
        self.args, self.files, self.only = list(args), {}, False

    def write(self, folder):
        for old in glob.glob(os.path.join(folder, '**', '*.tf'), recursive=True):
            if '.terraform' not in old:
                os.unlink(old)
        for name, text in self.files.items():
            path = Path(folder, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding='utf-8')
        text = ''.join(self.files.values())
        if re.search(r'"aws_', text) and 'required_providers' not in text:
            has_block = re.search(r'^provider "aws"', self.files['main.tf'], re.M)
            Path(folder, 'provider.tf').write_text(PROVIDER.split('provider "aws"')[0] if has_block else PROVIDER,
                                                   encoding='utf-8')


def stages_of_text(text):
    stages, name, before = [], 'main.tf', {}
    for line in text.splitlines(keepends=True):
        m = re.match(r'@(\w+) ?(.*)\n', line)
        if not m:
            if stages:
                stages[-1].files[name] = stages[-1].files.get(name, '') + line
        elif m[1] == 'stage':
            before = stages[-1].files if stages else {}
            stages.append(Stage(m[2].split()))
            name = 'main.tf'
        elif m[1] == 'file':
            name = m[2]
            stages[-1].files.setdefault(name, '')
        elif m[1] == 'same':   # the files of the stage before
            stages[-1].files = dict(before)
        elif m[1] == 'only':
            stages[-1].only = True
    return stages


def stages_of_family(family):
    stages = []
    for number in range(family.stages):
        stage = Stage()
        live = [r for r in family.resources if r.at(number)]
        stage.files['main.tf'] = family.head + '\n' + '\n'.join(r.text(number) for r in live)
        stages.append(stage)
    return stages


def cases():
    found = {}
    for path in sorted((TESTS / 'types' / 'families').glob('*.py')):
        for family in vars(__import__(path.stem)).values():
            if isinstance(family, Family):
                found['type_' + family.name] = stages_of_family(family)
    for path in sorted((HERE / 'cases').glob('*.tf')):
        found[path.stem] = stages_of_text(path.read_text(encoding='utf-8'))
    return found


# ---- what is compared

def with_unknown(value, unknown):
    """A planned value, with what is known after apply in its places."""
    if unknown is True:
        return LATER
    if isinstance(unknown, dict) and isinstance(value, dict):
        return {k: with_unknown(value.get(k), unknown.get(k)) for k in {*value, *unknown}}
    if isinstance(unknown, list) and isinstance(value, list):
        return [with_unknown(v, unknown[i] if i < len(unknown) else None) for i, v in enumerate(value)]
    if isinstance(unknown, dict) and value is None and unknown:
        return {k: with_unknown(None, u) for k, u in unknown.items()}
    return value


def plain(value, inside=False):
    """Without order in lists (sets have none), and without what says nothing in members of lists."""
    if isinstance(value, list):
        return sorted((plain(v, True) for v in value), key=lambda v: json.dumps(v, sort_keys=True))
    if isinstance(value, dict):
        out = {k: plain(v, inside) for k, v in value.items()}
        return {k: v for k, v in out.items() if v not in (None, '', [], {})} if inside else out
    return value


def in_json(value):
    """Text that is a JSON document, whatever its blanks."""
    if isinstance(value, str) and value[:1] in '{[' and value[:1]:
        try:
            return {'json': json.loads(value)}
        except ValueError:
            return value
    if isinstance(value, list):
        return [in_json(v) for v in value]
    if isinstance(value, dict):
        return {k: in_json(v) for k, v in value.items()}
    return value


def marked(sensitive):
    """The top attributes that hold something sensitive."""
    def any_in(v):
        return v is True or (isinstance(v, dict) and any(map(any_in, v.values()))) or (isinstance(v, list) and any(map(any_in, v)))
    return sorted(k for k, v in sensitive.items() if any_in(v)) if isinstance(sensitive, dict) else []


def reduced(plan):
    """Of `show -json` of a plan: for each instance what happens to it, and the values that change."""
    changes, outputs = {}, {}
    for r in plan.get('resource_changes', []):
        change = r['change']
        before = plain(in_json(change.get('before') or {}))
        after = plain(in_json(with_unknown(change.get('after') or {}, change.get('after_unknown') or {})))
        row = {'actions': change['actions']}
        if r.get('action_reason'):
            row['reason'] = r['action_reason']
        if change.get('replace_paths'):
            row['replace'] = sorted(json.dumps(p) for p in change['replace_paths'])
        if change.get('importing'):
            row['importing'] = change['importing']
        if r.get('previous_address'):
            row['previous'] = r['previous_address']
        values = {k: v for k, v in after.items() if before.get(k) != v and (v is not None or k in before)}
        if values and change['actions'] != ['delete']:
            row['after'] = values
        if marked(change.get('after_sensitive')):
            row['sensitive'] = marked(change['after_sensitive'])
        if row == {'actions': ['no-op']}:
            continue
        changes[r['address'] + (' ' + r['deposed'] if r.get('deposed') else '')] = row
    for name, change in plan.get('output_changes', {}).items():
        if change['actions'] != ['no-op']:
            outputs[name] = {'actions': change['actions'],
                             'after': plain(in_json(with_unknown(change.get('after'), change.get('after_unknown'))))}
    return {'changes': changes, 'outputs': outputs} if outputs else {'changes': changes}


def differences(got, want):
    """(address, attribute or fact, ours, theirs) of two reduced plans."""
    for part in ('changes', 'outputs'):
        mine, theirs = got.get(part, {}), want.get(part, {})
        for name in sorted({*mine, *theirs}):
            one, two = mine.get(name), theirs.get(name)
            if one is None or two is None:
                yield name, '', (one or {}).get('actions', 'nothing'), (two or {}).get('actions', 'nothing')
                continue
            for key in sorted({*one, *two} - {'after'}):
                if one.get(key) != two.get(key):
                    yield name, key, one.get(key), two.get(key)
            a, b = one.get('after'), two.get('after')
            if not isinstance(a, dict) or not isinstance(b, dict):
                if a != b:
                    yield name, 'after', a, b
                continue
            for key in sorted({*a, *b}):
                if a.get(key, '(same)') != b.get(key, '(same)'):
                    yield name, key, a.get(key, '(same)'), b.get(key, '(same)')


# ---- Terraform

PATIENCE = 240   # s; what moto never finishes ends a case


def run(argv, folder, env):
    try:
        p = subprocess.run(argv, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           check=False, timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        return -1, '', f'Error: no end after {PATIENCE} s\n'
    return p.returncode, p.stdout.decode(), p.stderr.decode()


def must(argv, folder, env):
    status, out, err = run(argv, folder, env)
    if status:
        raise RuntimeError(f'{" ".join(argv)}: {out}{err}')
    return out


def short_state(text):
    """A state without what its reader can fill in: null attributes, and what names the run."""
    state = json.loads(text)
    state.update(serial=1, terraform_version='1.11.4')
    state['resources'].sort(key=lambda r: (r.get('module', ''), r['mode'], r['type'], r['name']))
    for resource in state['resources']:
        for instance in resource['instances']:
            instance['attributes'] = {k: v for k, v in instance['attributes'].items() if v is not None}
            instance.pop('private', None)
    return state


def terraform(stages, endpoint, plugins):
    folder = tempfile.mkdtemp(prefix='plan-compare.')
    rc = os.path.join(folder, '.terraformrc')
    Path(rc).write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path    = "{plugins}"\n'
                        '    include = ["registry.terraform.io/*/*"]\n  }\n}\n', encoding='utf-8')
    env = e2e.environment(endpoint, HOME=folder, TF_CLI_CONFIG_FILE=rc, CHECKPOINT_DISABLE='1', TF_VAR_secret='hunter2')
    names, told = Names(), []
    try:
        for stage in stages:
            stage.write(folder)
            row = {}
            told.append(row)
            status = 0
            if not os.path.exists(os.path.join(folder, '.terraform')) or 'module "' in ''.join(stage.files.values()):
                status, out, err = run(['terraform', 'init', '-no-color', '-input=false'], folder, env)
            if not status:
                status, out, err = run(['terraform', 'plan', '-no-color', '-input=false', '-refresh=false', '-out=p.plan', *stage.args],
                                       folder, env)
            if status:
                row['errors'] = re.findall(r'^(?:│ )?Error: (.*)$', out + err, re.M)
                continue
            plan = reduced(json.loads(must(['terraform', 'show', '-json', 'p.plan'], folder, env)))
            if stage.only:
                row['plan'] = json.loads(names.lasting(json.dumps(plan)))
                continue
            status, out, err = run(['terraform', 'apply', '-no-color', '-input=false', 'p.plan'], folder, env)
            if status:
                row['apply'] = re.findall(r'^(?:│ )?Error: (.*)$', out + err, re.M)
                if status < 0:
                    row["plan"] = json.loads(names.lasting(json.dumps(plan)))
                    return told
            # the state names what is in it first, in an order that lasts
            state = short_state(Path(folder, 'terraform.tfstate').read_text(encoding='utf-8'))
            state = json.loads(names.lasting(json_lines(state)))
            row['plan'] = json.loads(names.lasting(json.dumps(plan)))
            row['state'] = state
        return told
    finally:
        shutil.rmtree(folder)


class Deviations:
    """deviations.txt: lines of `TEST CASE STAGE ADDRESS KEY: REASON`, where words may hold * ; each must be of use."""

    def __init__(self, test):
        self.rows = []
        for number, line in enumerate((HERE / 'deviations.txt').read_text(encoding='utf-8').splitlines(), 1):
            m = re.match(r'(\w+) (\S+ \S+ \S+ \S*): (.+)', line)
            if m and m[1] == test:
                self.rows.append([m[2].split(' '), number, False])

    def excuses(self, what):
        words, hit = what.split(' '), False
        for row in self.rows:
            if len(words) == 4 and all(fnmatch.fnmatchcase(w, p.replace('[', '[[]')) for w, p in zip(words, row[0])):
                row[2] = hit = True
        return hit

    def unused(self):
        return [f'line {number}: {" ".join(words)}' for words, number, used in self.rows if not used]


def golden(name):
    path = HERE / 'golden' / (name + '.json')
    return json.loads(path.read_text(encoding='utf-8')) if path.exists() else None


def golden_text(told):
    """Stages as JSON: a line for each change and each resource of the state."""
    return '[\n' + ',\n'.join(json_lines(row) for row in told) + '\n]\n'


def main():
    plugins = os.path.abspath(sys.argv[1])
    todo = {n: s for n, s in cases().items() if n in (sys.argv[2:] or [n])}

    def collect(item):
        name, stages = item
        with e2e.Moto() as moto:
            told = terraform(stages, moto.endpoint, plugins)
        (HERE / 'golden').mkdir(exist_ok=True)
        (HERE / 'golden' / (name + '.json')).write_text(golden_text(told), encoding='utf-8')
        return f'{name}: {len(told)} stages, {sum(len(t.get("plan", {}).get("changes", {})) for t in told)} changes' + ''.join(
            f', {key} of {n}: {t[key]}' for n, t in enumerate(told, 1) for key in ('errors', 'apply') if key in t)

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for line in pool.map(collect, todo.items()):
            print(line, flush=True)


if __name__ == '__main__':
    main()
