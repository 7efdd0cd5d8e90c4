#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds type files against AWS's models as botocore carries them: every operation, request member, required
member, answer path, enum value, error code, filter name and limit of ids that a file names must be published,
and every argument must go somewhere. Independent of the program's own parser and tables.

    check_types.py [--mutations N] [--notes] [FOLDER [FILE...]]

--mutations measures the checker itself: it changes one letter of one name at random, N times, and tells how many
of these mistakes were found."""
import argparse
import random
import re
import sys
from pathlib import Path

import hcl
from infer import Trouble
from rules import TypeCheck, fields, let_and_functions
from shapes import ANY, model, path_of


class Files:
    def __init__(self, folder, texts=None):
        self.trouble = Trouble()
        self.bodies, self.services = {}, {}
        for path in sorted(Path(folder).glob('*.hcl')):
            try:
                text = texts[path.name] if texts else path.read_text()
                self.bodies[path.name] = hcl.Reader(text, path.name).body()
            except hcl.SyntaxTrouble as trouble:
                self.trouble.errors.append(str(trouble))
        self.functions = {}
        for body in self.bodies.values():
            let_and_functions(type('Top', (), {'blocks': body.all('function')}), {}, self.functions)
            for block in body.all('service'):
                self.services[block.labels[0]] = block

    def find(self, name):
        for body in self.bodies.values():
            for block in body.all('type'):
                if block.labels[0] == name:
                    return block
        return None

    def check(self, only=()):
        if not only:
            self.check_services()
        for file, body in self.bodies.items():
            if only and file not in only:
                continue
            for block in body.blocks:
                if block.kind in ('type', 'data'):
                    TypeCheck(self, file, block, self.functions).check()
                elif block.kind not in ('function', 'service'):
                    self.trouble.error(f'{file}:{block.line}', f'{block.kind} is no kind of block')

    def tag_calls(self, service):
        block = self.services.get(service)
        calls = [fields(n)['call'].value for t in block.body.all('tags') for n in t.body.attributes.values() if 'call' in fields(n)] \
            if block else []
        return set(calls)

    def check_services(self):
        for name, block in self.services.items():
            where = f'service {name}'
            try:
                metadata = model(name)['metadata']
            except Exception:
                self.trouble.error(f'services.hcl:{block.line}', f'{where}: AWS publishes no model of that name')
                continue
            protocol = path_of(block.body.attributes['protocol'])[0].replace('_', '-') if 'protocol' in block.body.attributes else None
            spoken = metadata.get('protocols', []) + [metadata['protocol']]
            if protocol and protocol not in spoken:
                self.trouble.error(f'services.hcl:{block.line}', f'{where}: it speaks {", ".join(spoken)}, not {protocol}')
            fake = hcl.Block('type', [name], hcl.Body(), block.line)
            fake.body.attributes['service'] = hcl.Node('lit', block.line, value=name)
            check = TypeCheck(self, 'services.hcl', fake, self.functions)
            check.in_create = False
            env = check.scope() | {'self': ANY}
            for tags in block.body.all('tags'):
                for word, node in tags.body.attributes.items():
                    if word in ('add', 'remove', 'read', 'all', 'none') and 'call' in fields(node):
                        check.step(node, env, f'{where} tags {word}')


def mutate(text, rng):
    """The text with one letter of one name of AWS's (they have capitals) changed."""
    names = [m for m in re.finditer(r'\b[A-Z][a-z]+[A-Za-z0-9]*\b', re.sub(r'#.*', lambda m: ' ' * len(m[0]), text))]
    if not names:
        return None, None
    name = rng.choice(names)
    i = rng.randrange(name.start(), name.end())
    letter = rng.choice([c for c in 'abcdefghijklmnopqrstuvwxyz' if c != text[i].lower()])
    return text[:i] + (letter.upper() if text[i].isupper() else letter) + text[i + 1:], name[0]


def measure(folder, count, seed, quiet=False):
    texts = {path.name: path.read_text() for path in sorted(Path(folder).glob('*.hcl'))}
    base = Files(folder, texts)
    base.check()
    known = Trouble()
    known.errors = set(base.trouble.errors) | set(base.trouble.notes)
    rng, found, missed = random.Random(seed), 0, []
    for _ in range(count):
        name = rng.choice([n for n in texts if n != 'services.hcl'])
        changed, word = mutate(texts[name], rng)
        if not changed:
            continue
        files = Files(folder, texts | {name: changed})
        try:
            files.check([] if any(b.kind == 'function' for b in files.bodies[name].blocks) else [name])
            bad = set(files.trouble.errors) | set(files.trouble.notes)
        except Exception as error:
            bad = {str(error)}
        if bad - known.errors:
            found += 1
        else:
            missed.append(f'{name}: {word}')
    for line in missed if not quiet else ():
        print(f'missed {line}')
    if not quiet:
        print(f'{found} of {found + len(missed)} mutations found')
    return found / max(1, found + len(missed))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--mutations', type=int)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--notes', action='store_true')
    parser.add_argument('folder', nargs='?', default=str(Path(__file__).resolve().parents[2] / 'providers/aws/types'))
    parser.add_argument('file', nargs='*')
    args = parser.parse_args()
    if args.mutations:
        sys.exit(0 if measure(args.folder, args.mutations, args.seed) > 0.85 else 1)
    files = Files(args.folder)
    if not files.bodies:
        sys.exit(f'{args.folder} holds no type files')
    files.check(args.file)
    for error in dict.fromkeys(files.trouble.errors):
        print(f'error {error}')
    if args.notes:
        for note in dict.fromkeys(files.trouble.notes):
            print(f'note  {note}')
    counts = files.trouble.counts
    print(', '.join(f'{counts[k]} {k}' for k in sorted(counts)))
    print(f'{len(set(files.trouble.errors))} errors, {len(set(files.trouble.notes))} notes')
    sys.exit(1 if files.trouble.errors else 0)


if __name__ == '__main__':
    main()
