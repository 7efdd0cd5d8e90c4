#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/type-language.md explains each word that the loader knows, and no other; its examples are read by the loader."""
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / 'tools')]
from tap import Tap  # noqa: E402

ROOT = HERE.parents[1]
AWS = ROOT / 'providers/aws'
tap = Tap()
text = (ROOT / 'docs/type-language.md').read_text(encoding='utf-8')
told = set(re.findall(r'`[^`\n]*`', text))
names = {w for span in told for w in re.findall(r'[a-z_][a-z0-9_]*', span)}


def words(file, start, end, pattern=r'"([a-z_][a-z0-9_]*)"'):
    """The words in a part of a C file."""
    part = (AWS / file).read_text(encoding='utf-8')
    begin = part.index(start)
    return set(re.findall(pattern, part[begin:part.index(end, begin + len(start))]))


for what, known in (
        ('flags', words('load_entry.c', 'flag_words[] = {', '};') | words('load_entry.c', 'static bool load_flag', '\n}\n', r'strcmp\(word, "(\w+)"')),
        ('rules of values', words('load_entry.c', 'rule_words[] = {', '};')),
        ('entries', words('load_entry.c', 'kinds[] = {', '};')),
        ('ways of reading', words('load_type.c', 'static struct way load_way', '\n}\n', r'strcmp\(e->function, "(\w+)"')),
        ('words of parts', words('load_type.c', 'static struct part load_part', '\n}\n', r'strcmp\(word, "(\w+)"')),
        ('words of reads', words('load_type.c', 'static void load_read', '\n}\n', r'strcmp\(word, "(\w+)"')),
        ('words of groups', words('load_type.c', 'static struct group load_group', '\n}\n', r'strcmp\(word, "(\w+)"')),
        ('words of brackets', words('load_type.c', 'static struct bracket load_bracket', '\n}\n', r'strcmp\(attr->name, "(\w+)"')),
        ('words of types', words('load_type.c', 'static void load_top', '\n}\n', r'strcmp\(word, "(\w+)"')),
        ('blocks of types', words('load_type.c', 'static void load_blocks', '\n}\n', r'strcmp\(word, "(\w+)"')),
        ('ways to settle', words('load_type.c', 'static void load_settle', '\n}\n', r'strcmp\(word, "(\w+)"')),
        ('words of steps', words('load_words.c', 'static struct step load_step', '\n}\n')),
        ('words of tags', words('load_words.c', 'struct tag_rules loader_tags', '\n}\n', r'strcmp\(attr->name, "(\w+)"')),
        ('words of services', words('load.c', 'static void load_service', '\n}\n', r'strcmp\(attr->name, "(\w+)"')),
        ('codecs', words('codec.c', 'const codecs[] = {', '};')),
        ('rules of sameness', words('codec.c', 'const rules[] = {', '};')),
        ('syntaxes', words('syntax.c', '} syntaxes[] = {', '};', r'\{"(\w+)"')),
        ('functions', words('env.c', 'static const struct function table[] = {', '};', r'\.name = "(\w+)"')),
        ('names', words('env.c', 'static const struct value *lookup(', '\n}\n', r'(?:\{|root, )"(\w+)"'))):
    missing = sorted(known - names)
    tap.ok(known and not missing, f'{len(known)} {what} are explained', missing)

# What the tables explain is known: every word in the first column that is not an example.
source = ''.join(p.read_text(encoding='utf-8') for p in AWS.glob('*.c'))
rows = [w for row in re.findall(r'^\| (.*?) \|', text, re.M) for span in re.findall(r'`([a-z0-9_]+)[^`]*`', row) for w in [span]]
unknown = sorted({w for w in rows if f'"{w}"' not in source})
tap.ok(rows and not unknown, f'the {len(rows)} words of its tables are known', unknown)
for link in re.findall(r'`((?:docs|providers|aws|tests)/[^`* ]+)`', text):
    if 'NAME' not in link:
        tap.ok((ROOT / link).exists(), f'{link} is there')
tap.done()
