#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What Terraform refuses is refused: each case of refused.tf is planned by infra, and what it says is held against
refused.out: place, excerpt, what is wrong, how to mend it. ACCEPT=1 rewrites that file: read the difference as a user
would. `refused.t terraform PLUGINS` asks Terraform (refused.json has what its errors are called; null: it plans)."""
import concurrent.futures
import json
import os
import re
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

GOLDEN, THEIRS = HERE / 'refused.out', HERE / 'refused.json'


def cases():
    found, name = {}, None
    for line in (HERE / 'refused.tf').read_text(encoding='utf-8').splitlines(keepends=True):
        m = re.match(r'@(\w+) (\S+)(.*)\n', line)
        if m and m[1] == 'case':
            stage, name = plans.Stage(m[3].split()), 'main.tf'
            found[m[2]] = stage
        elif m and m[1] == 'file':
            name = m[2]
        else:
            stage.files[name] = stage.files.get(name, '') + line
    return found


def ours(stage, env):
    folder = tempfile.mkdtemp(prefix='plan-refused.')
    try:
        stage.write(folder)
        Path(folder, 'provider.tf').unlink(missing_ok=True)
        env = dict(env, HOME=folder, XDG_CONFIG_HOME=folder + '/.config')
        status, out, err = plans.run([e2e.INFRA, 'plan', '-input=false', '-refresh=false', *stage.args], folder, env)
        text = (err if status else out + err).replace(folder, '.')
        text = re.sub(r'(?m)^Cloud: .*\n\n?', '', text)
        return f'status {status}\n{text.strip()}\n'
    finally:
        shutil.rmtree(folder)


def terraform(plugins, endpoint):
    """What Terraform calls the errors of each case."""
    folder = tempfile.mkdtemp(prefix='plan-refused.')
    Path(folder, 'rc').write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path    = "{plugins}"\n'
                                  '    include = ["registry.terraform.io/*/*"]\n  }\n}\n', encoding='utf-8')
    env = e2e.environment(endpoint, HOME=folder, TF_CLI_CONFIG_FILE=folder + '/rc', CHECKPOINT_DISABLE='1')
    told = {}
    try:
        first = plans.Stage()
        first.files['main.tf'] = 'data "aws_region" "x" {}\n'
        first.write(folder)
        plans.must(['terraform', 'init', '-input=false', '-no-color'], folder, env)
        for name, stage in cases().items():
            stage.write(folder)
            Path(folder, 'provider.tf').unlink(missing_ok=True)
            out = ''
            if 'module "' in stage.files['main.tf'] or name == 'unknown_provider':
                _, out, err = plans.run(['terraform', 'init' if name == 'unknown_provider' else 'get', '-no-color'], folder, env)
                out += err
            if 'Error:' not in out:
                _, out, err = plans.run(['terraform', 'plan', '-input=false', '-no-color', '-refresh=false', *stage.args], folder, env)
                out += err
            told[name] = sorted(set(re.findall(r'^(?:│ )?Error: (.*)$', out, re.M))) or None
            print(name, told[name], flush=True)
        return told
    finally:
        shutil.rmtree(folder)


def read_golden():
    parts = re.split(r'^> (\S+)\n', GOLDEN.read_text(encoding='utf-8') if GOLDEN.exists() else '', flags=re.M)[1:]
    return dict(zip(parts[::2], (p.strip() + '\n' for p in parts[1::2])))


def main():
    with e2e.Moto() as moto:
        if sys.argv[1:2] == ['terraform']:
            THEIRS.write_text('{\n' + ',\n'.join(f'{json.dumps(k)}: {json.dumps(v)}' for k, v in
                                                 terraform(os.path.abspath(sys.argv[2]), moto.endpoint).items()) + '\n}\n',
                              encoding='utf-8')
            return
        tap, env = Tap(), e2e.environment(moto.endpoint)
        theirs = json.loads(THEIRS.read_text(encoding='utf-8'))
        todo = cases()
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            got = dict(zip(todo, pool.map(lambda s: ours(s, env), todo.values())))
    if os.environ.get('ACCEPT'):
        GOLDEN.write_text('# What infra says to the cases of refused.tf.\n\n' + '\n'.join(f'> {n}\n{t}' for n, t in got.items()),
                          encoding='utf-8')
    golden = read_golden()
    for name, text in got.items():
        refused = text.startswith('status 1\n')
        if theirs.get(name) and not refused:
            tap.ok(False, f'{name} is refused', f'Terraform: {theirs[name]}', text)
        else:
            want = golden.get(name)
            tap.ok(text == want, name, 'wanted:', want, 'got:', text)
    tap.done()


for module in ('moto', 'boto3'):
    try:
        __import__(module)
    except ImportError:
        skip_all(f'python3 has no {module}')
main()
