#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Saved plans as JSON, held against what `terraform show -json` said of the same plans (plan.json)."""
import difflib
import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
INFRA = os.environ.get('INFRA', os.path.join(HERE, '..', '..', 'build', 'infra'))
CASES = ('checks known_after_apply lists maps moved replace_flag replace_triggered_by scalars_and_types '
         'strings_of_several_lines strings_of_several_lines_new').split()
# Of the moment, ours alone, or in another order.
LEFT_OUT = ('timestamp', 'infra_version', 'prior_state', 'relevant_attributes')


def lines(document):
    for key in LEFT_OUT:
        document.pop(key, None)
    return json.dumps(document, indent=1, sort_keys=True).split('\n')


bad = 0
print('1..%d' % len(CASES))
for number, case in enumerate(CASES, 1):
    source, folder = os.path.join(HERE, case), tempfile.mkdtemp(prefix='plan-json.')
    work = os.path.join(folder, 'p')
    shutil.copytree(source, work, ignore=shutil.ignore_patterns('before', '*.json', '*.txt'))
    env = dict(os.environ, HOME=folder, XDG_CONFIG_HOME=folder)

    def run(*argv):
        return subprocess.run([INFRA] + list(argv), cwd=work, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE).stdout.decode()

    flags = os.path.join(source, 'flags')
    if os.path.exists(os.path.join(source, 'state.json')):
        run('state', 'import', os.path.join(source, 'state.json'))
    run('plan', '-refresh=false', '-out=p.plan', *(open(flags).read().split() if os.path.exists(flags) else []))
    try:
        got = lines(json.loads(run('show', '-json', 'p.plan')))
    except ValueError as error:
        got = [str(error)]
    want = lines(json.load(open(os.path.join(source, 'plan.json'))))
    shutil.rmtree(folder)
    bad += want != got
    print('%sok %d - %s' % ('not ' if want != got else '', number, case))
    for line in list(difflib.unified_diff(want, got, 'terraform', 'infra', lineterm=''))[:40]:
        print('# ' + line)
sys.exit(bad > 0)
