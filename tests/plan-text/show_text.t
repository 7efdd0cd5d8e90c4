#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Takes the states of this folder over, and holds what infra shows of them (show, show -json, output, output -json)
against what the real Terraform showed; then hands them back, and holds the result against the beginning. CASE=name
runs one."""
import difflib
import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
INFRA = os.environ.get('INFRA', os.path.join(HERE, '..', '..', 'build', 'infra'))
# Types that infra has otherwise than the provider: attributes that a state of ours does not hold.
SHAPES = {}


def run(folder, *argv):
    env = {k: v for k, v in os.environ.items() if not k.startswith(('TF_', 'AWS_', 'INFRA_'))}
    env.update(HOME=folder, XDG_CONFIG_HOME=folder + '/.config')
    p = subprocess.run([INFRA] + list(argv), cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE)
    return p.returncode, p.stdout.decode(), p.stderr.decode()


def differences(want, got):
    return list(difflib.unified_diff(want.split('\n'), got.split('\n'), 'terraform', 'infra', lineterm=''))[:40]


def lines(value):
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False)


def in_order(document):
    """Resources in one order: Terraform's differs between a state and what is shown of it."""
    def fix(module):
        module.get('resources', []).sort(key=lambda r: r['address'])
        for r in module.get('resources', []):
            r.get('depends_on', []).sort()
        for child in module.get('child_modules', []):
            fix(child)
        module.get('child_modules', []).sort(key=lambda m: m['address'])
    fix(document.get('values', {}).get('root_module', {}))
    return document


def state_in_order(state):
    for key in ('terraform_version', 'check_results', 'serial'):
        state.pop(key, None)
    # data sources are read anew, and not taken over
    state['resources'] = [r for r in state['resources'] if r['mode'] == 'managed' and r['instances']]
    state['resources'].sort(key=lambda r: (r.get('module', ''), r['type'], r['name']))
    for r in state['resources']:
        for i in r['instances']:
            i.setdefault('sensitive_attributes', []).sort(key=json.dumps)
            i.get('dependencies', []).sort()
            for key in ('identity_schema_version', 'identity'):
                i.pop(key, None)
            # what Terraform keeps beside an object for itself
            if i.get('private') in ('bnVsbA==', None):
                i.pop('private', None)
    return state


def check(case):
    """What does not hold, by name."""
    source = os.path.join(HERE, case)
    folder = tempfile.mkdtemp(prefix='show-text.')
    results = []

    def there(name):
        return os.path.exists(os.path.join(source, name))

    def golden(name):
        return open(os.path.join(source, name)).read()

    try:
        status, out, err = run(folder, 'state', 'import', os.path.join(source, 'state.json'))
        if status:
            return [('taken over', err.split('\n'))]
        data = any(r['mode'] == 'data' for r in json.loads(golden('state.json'))['resources'])
        if there('show.txt') and not data:
            results.append(('show', differences(golden('show.txt').strip(), run(folder, 'show')[1].strip())))
        if there('show.json') and not data:
            want, got = in_order(json.loads(golden('show.json'))), in_order(json.loads(run(folder, 'show', '-json')[1]))
            results.append(('show -json', differences(lines(want), lines(got))))
        if there('output.txt'):
            results.append(('output', differences(golden('output.txt').strip(), run(folder, 'output')[1].strip())))
        if there('output.json'):
            want, got = json.loads(golden('output.json')), json.loads(run(folder, 'output', '-json')[1])
            results.append(('output -json', differences(lines(want), lines(got))))
        want, got = json.loads(golden('state.json')), json.loads(run(folder, 'state', 'export')[1])
        results.append(('state export', differences(lines(state_in_order(want)), lines(state_in_order(got)))))
    finally:
        shutil.rmtree(folder)
    return results


def main():
    only = os.environ.get('CASE')
    cases = sorted(d for d in os.listdir(HERE) if os.path.exists(os.path.join(HERE, d, 'state.json')) and only in (None, d))
    number = bad = 0
    for case in cases:
        for name, found in check(case):
            number += 1
            print('%sok %d - %s: %s' % ('not ' if found else '', number, case, name))
            bad += bool(found)
            for line in found:
                print('# ' + line)
    print('1..%d' % number)
    return 1 if bad else 0


sys.exit(main())
