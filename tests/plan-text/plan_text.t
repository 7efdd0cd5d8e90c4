#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plans every case of this folder with infra, and holds the text against what the real Terraform printed
(plan.txt). Sentences that are ours are listed in WORDS, with what Terraform says in their place; nothing else
may differ, but where a case has a file better.txt: its first line says why ours is better (and may begin with
`status N`), the rest is our text. Diagnostics go to standard error and have tests of their own. CASE=name runs one."""
import concurrent.futures
import difflib
import http.client
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, '..', '..')
INFRA = os.environ.get('INFRA', os.path.join(ROOT, 'build', 'infra'))
SERVER = os.path.join(HERE, '..', 'tools', 'moto_server.py')
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True
from collect import Names, copy_configuration, json_lines, text_of  # noqa: E402

# Terraform's words (blanks and line ends as they come) and ours.
WORDS = [
    ('Terraform used the selected providers to generate the following execution plan. Resource actions are '
     'indicated with the following symbols:', 'Resource actions are indicated with the following symbols:'),
    ('Terraform will perform the following actions:', 'infra will perform the following actions:'),
    ('Terraform planned the following actions, but', 'infra planned the following actions, but'),
    ('Terraform encountered an error', 'infra encountered an error'),
    ('no longer be managed by Terraform', 'no longer be managed by infra'),
    ('You can apply this plan to save these new output values to the Terraform state, without changing any real '
     'infrastructure.', 'Applying this plan records these output values in the state; no object is changed.'),
    ('Terraform has compared your real infrastructure against your configuration and found no differences, so no '
     'changes are needed.', 'What exists was compared with the configuration; there is nothing to do.'),
    ('Terraform has checked that the real remote objects still match the result of your most recent changes, and '
     'found no differences.', 'What exists is what the last changes made.'),
    ('Objects have changed outside of Terraform', 'Objects have changed outside of infra'),
    ('Terraform detected the following changes made outside of Terraform since the last "terraform apply" which may '
     'have affected this plan:', 'Something else has made these changes since the last "infra apply", and they may '
     'have affected this plan:'),
    ('Unless you have made equivalent changes to your configuration, or ignored the relevant attributes using '
     'ignore_changes, the following plan may include actions to undo or respond to these changes.',
     'What follows may undo these changes or respond to them, unless the configuration says the same or ignores the '
     'attributes with ignore_changes.'),
    ('This is a refresh-only plan, so Terraform will not take any actions to undo these. If you were expecting these '
     'changes then you can apply this plan to record the updated values in the Terraform state without changing any '
     'remote objects.', 'A refresh-only plan undoes none of this. Apply it if these are the values to go on with: '
     'they are then recorded in the state, and no object is changed.'),
]
PROGRESS = re.compile(r'^\S.*: (?:Refreshing state|Reading|Read complete|Preparing import|Importing).*\n|^Still reading what exists\.\.\. .*\n+', re.M)
CLOUD = re.compile(r'^Cloud: .*\n', re.M)


# A module call that is gone is named itself, instead of each resource in it.
GONE = re.compile(r'(# (module\.gone)\.\S+ will be destroyed\n  # \(because )\S+( is not)')

def in_our_words(text):
    for theirs, ours in WORDS:
        pattern = r'\s+'.join(re.escape(word) for word in theirs.split())
        text = re.sub(pattern, lambda m: '\n'.join(wrap(ours)), text)
    return GONE.sub(r'\1\2\3', text)


def wrap(sentence):
    lines, line = [], ''
    for word in sentence.split():
        if line and len(line) + 1 + len(word) > 78:
            lines.append(line)
            line = word
        else:
            line = line + ' ' + word if line else word
    return lines + [line]


def comparable(text):
    """What is compared: the plan up to the closing note, without progress and diagnostics."""
    text = PROGRESS.sub('', CLOUD.sub('', text))
    text = re.split(r'\n(?=(?:Warning|Error): )', text)[0]
    parts = re.split(r'\n─+\n', text)
    if len(parts) > 1 and ("-out option" in parts[-1] or 'infra apply' in parts[-1] or not parts[-1].strip()):
        parts = parts[:-1]
    return '\n────\n'.join(part.strip('\n') for part in parts).strip()


class Server:
    def __enter__(self):
        self.process = subprocess.Popen([sys.executable, SERVER], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL)
        self.port = self.process.stdout.readline().decode().strip()
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def environment(folder, port):
    env = {k: v for k, v in os.environ.items() if not k.startswith(('TF_', 'AWS_', 'INFRA_'))}
    env.update(AWS_ACCESS_KEY_ID='test', AWS_SECRET_ACCESS_KEY='test', AWS_REGION='us-east-1', AWS_PAGER='',
               AWS_DEFAULT_REGION='us-east-1', AWS_EC2_METADATA_DISABLED='true', TF_VAR_secret='hunter2',
               AWS_ENDPOINT_URL='http://127.0.0.1:%s' % port, HOME=folder, XDG_CONFIG_HOME=folder + '/.config')
    return env


def run(argv, folder, env):
    p = subprocess.run(argv, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE)
    return p.returncode, p.stdout.decode(), p.stderr.decode()


def must(argv, folder, env):
    status, out, err = run(argv, folder, env)
    if status:
        raise RuntimeError('%s: %s%s' % (' '.join(argv), out, err))
    return out


def plan(case, port):
    """What infra prints for a case: (status, text, errors)."""
    source = os.path.join(HERE, case)
    folder = tempfile.mkdtemp(prefix='plan-text.')
    env = environment(folder, port)
    names = Names()

    def there(name):
        return os.path.exists(os.path.join(source, name))

    try:
        flags = open(os.path.join(source, 'flags')).read().split() if there('flags') else []
        if there('setup.sh'):
            must(['sh', '-eu', os.path.join(source, 'setup.sh')], folder, env)
        if there('drift.sh'):
            copy_configuration(os.path.join(source, 'before'), folder)
            must([INFRA, 'apply', '-auto-approve'], folder, env)
            state = json.loads(must([INFRA, 'state', 'export'], folder, env))
            state['resources'].sort(key=lambda r: (r.get('module', ''), r['mode'], r['type'], r['name']))
            names.lasting(json_lines(state))   # in the order in which state.json has them
            ids = {r['type'] + '_' + r['name']: i['attributes'].get('id') or ''
                   for r in state['resources'] for i in r['instances']}
            must(['sh', '-eu', os.path.join(source, 'drift.sh')], folder, dict(env, **ids))
        elif there('state.json'):
            must([INFRA, 'state', 'import', os.path.join(source, 'state.json')], folder, env)
        if not there('setup.sh') and not there('drift.sh'):
            flags.append('-refresh=false')
        copy_configuration(source, folder)
        status, out, err = run([INFRA, 'plan', '-detailed-exitcode'] + flags, folder, env)
        return status, names.lasting(out) if there('setup.sh') or there('drift.sh') else out, err
    except RuntimeError as error:
        return -1, '', str(error)
    finally:
        shutil.rmtree(folder)


def check(case, shared):
    """The lines of TAP for a case, without its number."""
    folder = os.path.join(HERE, case)
    port = shared
    if any(os.path.exists(os.path.join(folder, f)) for f in ('setup.sh', 'drift.sh')):
        port = int(urllib.request.urlopen('http://127.0.0.1:%s/moto-api/-/fork' % shared, b'').read())
    status, out, err = plan(case, port)
    if port != shared:
        try:
            urllib.request.urlopen('http://127.0.0.1:%s/moto-api/-/exit' % port, b'').read()
        except (OSError, http.client.HTTPException):
            pass   # it goes without an answer
    want = in_our_words(comparable(open(os.path.join(folder, 'plan.txt')).read()))
    got = comparable(out)
    wanted_status = int(open(os.path.join(folder, 'status')).read())
    better = os.path.join(folder, 'better.txt')
    if os.path.exists(better):
        theirs, (why, want) = (want, wanted_status), open(better).read().split('\n', 1)
        want = comparable(want) if want.strip() else theirs[0]
        said = re.match(r'# status (\d+): ', why)
        wanted_status = int(said.group(1)) if said else wanted_status
        if (got, status) == theirs:
            return False, ['# better.txt is of no use any more: the plan is as Terraform has it']
    if want == got and status == wanted_status:
        return True, []
    lines = []
    if status != wanted_status:
        lines.append('# exit status %d, not %d' % (status, wanted_status))
    lines += ['# ' + line for line in list(difflib.unified_diff(want.split('\n'), got.split('\n'), 'terraform', 'infra', lineterm=''))[:80]]
    return False, lines + ['# ' + line for line in err.split('\n')[:30]]


def main():
    only = os.environ.get('CASE')
    cases = sorted(d for d in os.listdir(HERE) if os.path.exists(os.path.join(HERE, d, 'main.tf')) and only in (None, d))
    print('1..%d' % len(cases))
    bad = 0
    with Server() as server, concurrent.futures.ThreadPoolExecutor(2) as pool:
        # copies of the server are made while nothing else asks it: those cases come first, one by one
        alone = [c for c in cases if any(os.path.exists(os.path.join(HERE, c, f)) for f in ('setup.sh', 'drift.sh'))]
        results = {c: check(c, server.port) for c in alone}
        rest = [c for c in cases if c not in alone]
        results.update(zip(rest, pool.map(lambda c: check(c, server.port), rest)))
    for number, case in enumerate(cases, 1):
        ok, lines = results[case]
        print('%sok %d - %s' % ('' if ok else 'not ', number, case))
        for line in lines:
            print(line)
        bad += not ok
    return 1 if bad else 0


sys.exit(main())
