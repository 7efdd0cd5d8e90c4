#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plans are those of Terraform: each stage of each case (tests/plan/plans.py) is planned from the state that Terraform
left behind the stage before, and its actions, reasons, values and outputs are held against golden/CASE.json.
`compare.t CASE...` runs some. deviations.txt lists where ours is better."""
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / 'tools')]
sys.dont_write_bytecode = True
import e2e  # noqa: E402
import plans  # noqa: E402
from tap import Tap, skip_all  # noqa: E402


def ours(stage, state, env):
    """(what the plan wants, errors) of a stage from a state."""
    folder = tempfile.mkdtemp(prefix='plan-compare.')
    env = dict(env, HOME=folder, XDG_CONFIG_HOME=folder + '/.config')
    try:
        stage.write(folder)
        if state:
            Path(folder, 'state.json').write_text(json.dumps(state), encoding='utf-8')
            status, out, err = plans.run([e2e.INFRA, 'state', 'import', 'state.json'], folder, env)
            if status:
                return None, out + err
        status, out, err = plans.run([e2e.INFRA, 'plan', '-input=false', '-refresh=false', '-out=p.plan', *stage.args], folder, env)
        if status:
            return None, out + err
        return plans.reduced(json.loads(plans.must([e2e.INFRA, 'show', '-json', 'p.plan'], folder, env))), err
    finally:
        shutil.rmtree(folder)


def main(moto):
    tap, env = Tap(), e2e.environment(moto.endpoint, TF_VAR_secret='hunter2')
    excuses = plans.Deviations('compare')
    for case, stages in plans.cases().items():
        told = plans.golden(case)
        if told is None or (sys.argv[1:] and case not in sys.argv[1:]):
            continue
        state = None
        for number, (stage, want) in enumerate(zip(stages, told), 1):
            got, said = ours(stage, state, env)
            what = f'{case}, stage {number}'
            if 'errors' in want:
                tap.ok(got is None, f'{what} is refused as by Terraform: {"; ".join(want["errors"])}', got)
            elif got is None:
                tap.ok(False, what, said)
            else:
                wrong = [f'{name}{" " + key if key else ""}: {json.dumps(mine)}, not {json.dumps(theirs)}'
                         for name, key, mine, theirs in plans.differences(got, want['plan'])
                         if not excuses.excuses(f'{case} {number} {name} {key}')]
                tap.ok(not wrong, what, *wrong)
            state = want.get('state', state)
    for line in excuses.unused() if not sys.argv[1:] else []:
        tap.ok(False, f'deviations.txt, {line} is of no use any more')
    tap.done()


for module in ('moto', 'boto3'):
    try:
        __import__(module)
    except ImportError:
        skip_all(f'python3 has no {module}')
with e2e.Moto() as server:   # who am I? More is not asked.
    main(server)
