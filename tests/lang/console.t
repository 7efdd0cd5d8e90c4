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
CONTEXT_NAMES = re.compile(r'\b(var|local|terraform_data|path|file\w*|templatefile|each|count|self|module|data|resource)\b')


def entries(path):
    """[(expression, wanted text or None, [error summaries])]"""
    found = []
    for line in path.read_text(encoding='utf-8').split('\n'):
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
        text += ('(%s\n)' % e if '\n' in e else e) + '\n\n"@@%d"\n' % n
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
            found += ['(nothing more: %s)' % out[start:start + 200]] + [''] * (len(expressions) - n - 1)
            break
        found.append(out[start:at].rstrip('\n'))
        start = at + len(mark)
    return found


def main():
    infra = os.environ.get('INFRA', str(HERE.parents[1] / 'build/infra'))
    known = deviations()
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(HERE / 'console/context', folder, dirs_exist_ok=True)
        with_context = run(infra, folder, ['var.str'])[0] == '"hello"'
        files = [(Path(p).name, entries(Path(p))) for p in sorted(glob.glob(str(HERE / 'console/*.txt')))]
        print('1..%d' % len(files))
        all_failed = 0
        for n, (name, rows) in enumerate(files, 1):
            # An empty line ends an entry, and a newline ends an expression only where it stands as an argument.
            rows = [r for r in rows if '\n' not in r[0] or not (r[2] or '' in r[0].split('\n'))]
            skipped = 0
            if not with_context:
                skipped = len(rows)
                rows = [r for r in rows if not CONTEXT_NAMES.search(r[0])]
                skipped -= len(rows)
            failed = 0
            for (expression, text, errors), got in zip(rows, run(infra, folder, [r[0] for r in rows])):
                summary = re.search(r'(?m)^Error: (.*)', got)
                deviation = known.get(expression)
                if deviation:
                    same = (deviation == '= *' and not summary) or got == deviation[2:] or \
                        bool(summary and deviation == '! ' + summary[1])
                elif errors:
                    same = bool(summary) and (summary[1] == errors[0] or bool(OWN_WORDS.match(errors[0])))
                else:
                    same = got == text
                if not same:
                    failed += 1
                    if failed <= 20:
                        print('# > ' + expression.replace('\n', '\n# . '))
                        print('#   gives    ' + got.replace('\n', '\n#   '))
                        print('#   expected ' + (deviation or '! ' + errors[0] if errors or deviation else text or '').replace('\n', '\n#   '))
            note = ', %d more need a configuration' % skipped if skipped else ''
            print('%s %d - %s: %d as Terraform, %d not%s' % ('not ok' if failed else 'ok', n, name, len(rows) - failed, failed, note))
            all_failed += failed
        sys.exit(1 if all_failed else 0)


main()
