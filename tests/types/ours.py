# SPDX-License-Identifier: Apache-2.0
"""Our types, asked as tests/types/plugin.py asks Terraform's provider; and the list of accepted differences."""
import fnmatch
import json
import os
import re
import subprocess
from pathlib import Path

from plugin import UNKNOWN

HERE = Path(__file__).resolve().parent
BUILD = Path(os.environ.get('BUILD', HERE.parents[1] / 'build'))
MARK = '\x01'


def unmark(value):
    if value == MARK:
        return UNKNOWN
    if isinstance(value, list):
        return [unmark(v) for v in value]
    if isinstance(value, dict):
        return {k: unmark(v) for k, v in value.items()}
    return value


def mark(value):
    if value is UNKNOWN:
        return MARK
    if isinstance(value, list):
        return [mark(v) for v in value]
    if isinstance(value, dict):
        return {k: mark(v) for k, v in value.items()}
    return value


class Ours:
    """build/tests/types/facts, running."""

    def __init__(self):
        self.process = subprocess.Popen([str(BUILD / 'tests/types/facts')], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, cwd=HERE.parents[1])

    def close(self):
        self.process.stdin.close()
        self.process.wait()

    def ask(self, *lines):
        self.process.stdin.write('\n'.join(l if isinstance(l, str) else json.dumps(l[0]) for l in lines) + '\n')
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise EOFError(f'facts ended with {self.process.wait()}')
        return json.loads(line)

    def names(self, kind):
        return self.ask(f'names {kind}')

    def schema(self, kind, name):
        return self.ask(f'schema {kind} {name}')

    @staticmethod
    def diagnostics(answer):
        return [(severity, summary, detail, ()) for severity, summary, detail in answer.get('errors', [])]

    def validate(self, name, config, kind='resource'):
        answer = self.ask(f'validate {kind} {name}', (mark(config),))
        return self.diagnostics(answer)

    def plan(self, name, prior, _proposed, config, _private=b''):
        answer = self.ask(f'plan {name}', (config,), (prior,))
        return unmark(answer.get('planned')), [tuple(p) for p in answer.get('replace', [])], self.diagnostics(answer), b''


class Exceptions:
    """tests/types/exceptions.txt: lines of `TEST TYPE WHAT: REASON`, where names may hold * ; each must be of use."""

    def __init__(self, test):
        self.rows = []
        for number, line in enumerate((HERE / 'exceptions.txt').read_text(encoding='utf-8').splitlines(), 1):
            m = re.match(r'(\w+) (\S+) (.*?): (.+)', line)
            if m and m[1] == test:
                self.rows.append([m[2], m[3], number, False])

    def excuses(self, name, what):
        hit = False
        for row in self.rows:
            if fnmatch.fnmatchcase(name, row[0]) and fnmatch.fnmatchcase(what, row[1].replace('[', '[[]')):
                row[3] = hit = True
        return hit

    def unused(self, names):
        return [f'line {number}: {name} {what}' for name, what, number, used in self.rows
                if not used and any(fnmatch.fnmatchcase(n, name) for n in names)]
