#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes endpoint_table.c: asks botocore's endpoint rules for every service of aws/shapes, region, and kind
of endpoint, and keeps what differs from SERVICE.REGION.SUFFIX. Run it when the shapes are renewed:
    aws/endpoint_table.py > aws/endpoint_table.c"""
import itertools, os, re, sys
from pathlib import Path
import botocore.session
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointProviderError, UnknownServiceError

os.environ.pop('AWS_ENDPOINT_URL', None)
here = Path(__file__).resolve().parent
loader = botocore.session.get_session().get_component('data_loader')
partitions = loader.load_data('partitions')['partitions']
KINDS = list(itertools.product((False, True), repeat=2))  # (FIPS, dual stack), index fips * 2 + dual

def suffixes(partition):
    return partition['outputs']['dnsSuffix'], partition['outputs']['dualStackDnsSuffix']

def regions(partition):
    return [r for r in partition['regions'] if not r.endswith('-global')]

def ask(service, provider, region, fips, dual):
    """(host, signing region), or None where there is none."""
    params = {'Region': region, 'UseFIPS': fips, 'UseDualStack': dual}
    known = provider.ruleset.parameters
    if 'UseGlobalEndpoint' in known:
        params['UseGlobalEndpoint'] = False
    try:
        found = provider.resolve_endpoint(**{k: v for k, v in params.items() if k in known})
    except EndpointProviderError:
        return None
    schemes = found.properties.get('authSchemes') or [{}]
    assert found.url.startswith('https://'), found.url
    return found.url[8:].rstrip('/'), schemes[0].get('signingRegion', region)

def pattern(answer, region, partition):
    """Host and signing region with what depends on region and partition as letters in braces."""
    if answer is None:
        return '', None
    host, signing = answer
    plain, dual = suffixes(partition)
    for suffix, mark in sorted(((plain, '{d}'), (dual, '{2}')), key=lambda p: -len(p[0])):
        if host.endswith('.' + suffix):
            host = host[:-len(suffix)] + mark
            break
    for name, mark in ((region, '{r}'), (partition['outputs']['implicitGlobalRegion'], '{g}')):
        host = re.sub(r'(?<=[.-])' + re.escape(name) + r'(?=\.)', mark, host)
    if signing == region:
        signing = None
    elif signing == partition['outputs']['implicitGlobalRegion']:
        signing = '{g}'
    return host, signing

def expand(rule, region, partition):
    host, signing = rule
    plain, dual = suffixes(partition)
    top = partition['outputs']['implicitGlobalRegion']
    host = host.replace('{r}', region).replace('{g}', top).replace('{d}', plain).replace('{2}', dual)
    return (host, (signing or region).replace('{g}', top)) if host else None

def rules_of(service, prefix, provider):
    """Rows (partition, region, kind, pattern, signing region), the more special first."""
    rows = []
    for kind, (fips, dual) in enumerate(KINDS):
        usual = (prefix + ('-fips' if fips else '') + '.{r}.' + ('{2}' if dual else '{d}'), None)
        # A partition's rule is the one for a region that nobody has heard of.
        new = {p['id']: prefixes(p['regionRegex'])[0] + 'none-9' for p in partitions}
        got = {(p['id'], r): ask(service, provider, r, fips, dual) for p in partitions for r in [new[p['id']], *regions(p)]}
        rules = {p['id']: pattern(got[p['id'], new[p['id']]], new[p['id']], p) for p in partitions}
        whole = max([usual, *sorted(set(rules.values()), key=str)], key=list(rules.values()).count)
        for p in partitions:
            if rules[p['id']] != whole:
                rows.append((1, p['id'], None, kind, *rules[p['id']]))
            for r in regions(p):
                if expand(rules[p['id']], r, p) != got[p['id'], r]:
                    rows.append((0, p['id'], r, kind, *pattern(got[p['id'], r], r, p)))
        if whole != usual:
            rows.append((2, None, None, kind, *whole))
    return [row[1:] for row in sorted(rows, key=lambda row: (row[0], row[3], row[1] or '', row[2] or ''))]

def text(s):
    return 'NULL' if s is None else f'"{s}"'

def prefixes(regex):
    """The beginnings of a partition's regions, from "^(us|eu)\\-\\w+\\-\\d+$" or "^us\\-gov\\-\\w+\\-\\d+$"."""
    head = re.split(r'\\-\\w', regex.lstrip('^'))[0].replace('\\-', '-')
    groups = re.match(r'(.*?)\(([^)]*)\)(.*)$', head)
    return [groups[1] + g + groups[3] + '-' for g in groups[2].split('|')] if groups else [head + '-']

print('/* SPDX-License-Identifier: Apache-2.0 */')
print('/* Made by endpoint_table.py from the endpoint rules that botocore carries; not to be edited. */')
print('#include "aws/endpoint_internal.h"\n')
print('const struct aws_partition aws_partitions[] = {')
for p in sorted(partitions, key=lambda p: p['id'] != 'aws'):
    plain, dual = suffixes(p)
    names = sorted(regions(p))
    print(f'\t{{"{p["id"]}", "{plain}", "{dual}", "{p["outputs"]["implicitGlobalRegion"]}", "{" ".join(prefixes(p["regionRegex"]))}",')
    lines = [' '.join(names[i:i + 6]) for i in range(0, len(names), 6)]
    for i, line in enumerate(lines):
        last = i == len(lines) - 1
        print(f'\t "{line}{"" if last else " "}"{"}," if last else ""}')
print('};\nconst size_t aws_partition_count = sizeof(aws_partitions) / sizeof(aws_partitions[0]);\n')
print('const struct endpoint_rule endpoint_rules[] = {')
print('\t/* service, partition, region, kind, host, signing region */')
services = sorted(f.stem for f in (here / 'shapes').glob('*.txt'))
for service in services:
    try:
        provider = EndpointProvider(loader.load_service_model(service, 'endpoint-rule-set-1'), loader.load_data('partitions'))
    except UnknownServiceError:
        sys.exit(f'{service} has no rules')
    prefix = loader.load_service_model(service, 'service-2')['metadata']['endpointPrefix']
    for partition, region, kind, host, signing in rules_of(service, prefix, provider):
        print(f'\t{{"{service}", {text(partition)}, {text(region)}, {kind}, {text(host or None)}, {text(signing)}}},')
print('};\nconst size_t endpoint_rule_count = sizeof(endpoint_rules) / sizeof(endpoint_rules[0]);')
