#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""All expressions of console/*.txt through one `infra console`, in a copy of their context's folder,
against what Terraform's console printed. Of errors the summaries are compared, and where the words
are the parser's own, only that there is one. deviations.txt holds what differs on purpose."""
import glob, os, re, shutil, subprocess, sys, tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
OWN_WORDS = re.compile(
    r'Argument or block|Extra characters|Invalid "|Invalid \'for\' (directive|expression)|Invalid (attribute name|character|'
    r'escape|expression|legacy|multi-line|reference|template)|Missing |Reference to |Unbalanced|Unclosed|Unexpected|'
    r'Unsupported operator|Unterminated|each\.value')


def entries(path):
    """[(expression, wanted text or None, [error summaries])]"""
    found = []
    for line in path.read_bytes().decode().split('\n'):
        if line.startswith('> '):
            found.append([[line[2:]], None, []])
        elif line.startswith('.'):
            found[-1][0].append(line[2:])
        elif line.startswith('='):
            found[-1][1] = line[2:] if found[-1][1] is None else found[-1][1] + '\n' + line[2:]
        elif line.startswith('! '):
            found[-1][2].append(line[2:])
    return [('\n'.join(e), text, errors) for e, text, errors in found]


def deviations():
    found, key = {}, None
    for line in (HERE / 'deviations.txt').read_text(encoding='utf-8').split('\n'):
        if line.startswith('> '):
            key = line[2:]
        elif line[:1] in ('=', '!') and key:
            found[key] = line
    return found


def run(infra, folder, expressions):
    """What comes out for each, errors as `Error: ...`."""
    text = ''
    for n, e in enumerate(expressions):
        text += e + '\n\n"@@%d"\n' % n
    env = dict(os.environ, HOME='/home/user')
    done = subprocess.run([infra, 'console'], cwd=folder, env=env, input=text.encode(), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=300)
    if done.returncode not in (0, 1):
        print('# infra console ended with', done.returncode)
    out, found, start = done.stdout.decode('utf-8', 'replace'), [], 0
    for n in range(len(expressions)):
        mark = '"@@%d"\n' % n
        at = out.find(mark, start)
        if at < 0:
            sys.exit('Bail out! infra console stops at %s: %s' % (expressions[n], out[start:start + 2000]))
        found.append(out[start:at].rstrip('\n'))
        start = at + len(mark)
    return found


def judge(known, expression, text, errors, got):
    """What was expected instead, or None."""
    summary = re.search(r'(?m)^Error: (.*)', got)
    as_terraform = bool(summary and errors and summary[1] == errors[0]) or (not errors and got == text)
    deviation = known.get(expression)
    if deviation and as_terraform:
        return 'what deviations.txt says: ' + deviation
    if deviation:
        same = (deviation == '= *' and not summary) or got == deviation[2:] or \
            bool(summary and deviation == '! ' + summary[1])
        return None if same else deviation
    if as_terraform or (summary and errors and OWN_WORDS.match(errors[0])):
        return None
    return '! ' + errors[0] if errors else text


def ask(expression, lines):
    """How an expression is put to the console: one of several lines as a local value."""
    if '\n' not in expression:
        return expression
    lines.append('locals {\n  lines%d = %s\n}\n' % (len(lines), expression))
    return 'local.lines%d' % (len(lines) - 1)


def main():
    infra = os.environ.get('INFRA', str(HERE.parents[1] / 'build/infra'))
    known = deviations()
    files = [(Path(p).name, entries(Path(p))) for p in sorted(glob.glob(str(HERE / 'console/*.txt')))]
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(HERE / 'console/context', folder, dirs_exist_ok=True)
        lines, asked = [], []
        for _, rows in files:
            # What cannot be read in several lines would spoil the whole configuration.
            rows[:] = [r for r in rows if '\n' not in r[0] or not r[2] or not OWN_WORDS.match(r[2][0])]
            asked += [ask(r[0], lines) for r in rows]
        Path(folder, 'lines.tf').write_text('\n'.join(lines), encoding='utf-8')
        answers = iter(run(infra, folder, asked))
    print('1..%d' % len(files))
    for n, (name, rows) in enumerate(files, 1):
        wrong = 0
        for expression, text, errors in rows:
            got = next(answers)
            expected = judge(known, expression, text, errors, got)
            if expected is None:
                continue
            wrong += 1
            if wrong <= 20:
                print('# > ' + expression.replace('\n', '\n# . '))
                print('#   gives    ' + got.replace('\n', '\n#   '))
                print('#   expected ' + expected.replace('\n', '\n#   '))
        print('%s %d - %s: %d as Terraform, %d not' % ('not ok' if wrong else 'ok', n, name, len(rows) - wrong, wrong))
        failed += wrong
    sys.exit(1 if failed else 0)


main()
