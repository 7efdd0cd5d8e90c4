#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds every #include against the order of the parts: a part includes only what stands below it."""
import re, sys
from pathlib import Path

BELOW = {  # part: what it may include besides itself
    'base': [], 'lang': ['base'], 'aws': ['lang', 'base'], 'state': ['aws', 'lang', 'base'],
    'providers': ['aws', 'lang', 'base'], 'plans': ['providers/provider.h', 'state', 'lang', 'base'],
    'jobs': ['plans/config', 'state', 'aws', 'lang', 'base'], 'sandbox': ['aws', 'lang', 'base'],
    'cmd': ['jobs', 'sandbox', 'plans', 'providers', 'state', 'aws', 'lang', 'base'],
}
HOMES = {  # header prefix: the files that may include it
    'curl/': ['base/http_curl_internal.h'], 'openssl/': ['base/digest.c', 'base/seal.c', 'base/keys.c'], 'sqlite3': ['base/db.c'],
    'libxml/': ['aws/xml.c'], 'yaml.h': ['lang/value/yaml.c'], 'mpfr': ['lang/value/number.c'],
    'pcre2': ['lang/func/regex.c'], 'microhttpd': ['sandbox/http_server.c'], 'zlib': ['base/digest.c', 'lang/func/func_encoding.c'], 'iconv': ['lang/func/func_encoding.c'], 'crypt.h': ['base/bcrypt.c'],
}
bad = 0
for part, below in BELOW.items():
    for path in sorted(Path(part).rglob('*.[ch]')):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            if m := re.match(r'\s*#\s*include\s+"([^"]+)"', line):
                target = m[1]
                if '/' in target and not any(target == b or target.startswith(b.rstrip('/') + '/') for b in below + [part]):
                    print(f'{path}:{number}: {part} may not include {target}'); bad += 1
            elif m := re.match(r'\s*#\s*include\s+<([^>]+)>', line):
                for prefix, homes in HOMES.items():
                    if m[1].startswith(prefix) and str(path) not in homes:
                        print(f'{path}:{number}: {m[1]} belongs to {", ".join(homes)}'); bad += 1
sys.exit(1 if bad else 0)
