#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the facts of AWS's published API models, as botocore carries them, to aws/shapes/SERVICE.txt:
what the operations are called, which members their requests and answers have, and how those stand on
the wire. No prose is taken over. Run it with a newer botocore to follow AWS; the difference is reviewed
like any other change.

    python3 aws/shapes/gen.py [SERVICE ...]

The form, one fact a line, indented lines belong to the one above:

    service ec2
    <key> <value>                       protocol, version, endpoint, signing, target, json, namespace, global
    op NAME METHOD URI INPUT OUTPUT     `-` where there is none; then words: wrap= root= host= status= checksum noauth
                                        unsigned readonly idempotent
      errors NAME ...
      page in=A,B out=A,B limit=N more=M keys=K,L
    struct NAME                         then words: payload=MEMBER name=WIRE secret document events
      MEMBER TYPE                       then words: =WIRE, ~ (wire name is MEMBER with a small first letter),
                                        * required, token, flat, attr, stream, jsonvalue, query=NAME,
                                        @header @headers @uri @query @status
    error NAME CODE STATUS              a struct; STATUS 0 where none is published
    list NAME TYPE                      =WIRE of elements, flat, [MIN..MAX], secret
    map NAME KEYTYPE VALUETYPE          key=WIRE value=WIRE, flat
    enum NAME VALUE|VALUE|...

TYPE is a name from the same file, or string secret blob secretblob boolean integer long float double
timestamp, with [MIN..MAX] behind it where limits are published, and timestamp:FORMAT where the format
is not the protocol's own.
"""
import sys
from pathlib import Path

import botocore
import botocore.session

SERVICES = '''acm application-autoscaling autoscaling backup batch budgets ce cloudwatch dynamodb ec2 ecr ecs efs
eks elasticache elb elbv2 events fsx iam kms lambda logs pricing rds route53 s3 sagemaker secretsmanager
service-quotas sns sqs ssm sts'''.split()

# Where a model offers several protocols, the one we speak.
PROTOCOL = {'cloudwatch': 'json'}
SCALARS = {'string', 'blob', 'boolean', 'integer', 'long', 'float', 'double', 'timestamp'}
LOCATIONS = {'header': '@header', 'headers': '@headers', 'uri': '@uri', 'querystring': '@query', 'statusCode': '@status'}

loader = botocore.session.get_session().get_component('data_loader')


def limits(shape):
    low, high = shape.get('min'), shape.get('max')
    if shape['type'] in ('float', 'double', 'boolean', 'timestamp') or (low is None and high is None):
        return ''
    # Lists without a lower limit are written with min 0.
    low = '' if low in (None, 0) and shape['type'] != 'integer' else low
    if low in ('', None) and high is None:
        return ''
    return f'[{"" if low is None else low}..{"" if high is None else high}]'


def small(name):
    return name[:1].lower() + name[1:]


class Service:
    def __init__(self, name):
        self.name = name
        self.model = loader.load_service_model(name, 'service-2')
        self.shapes = self.model['shapes']
        try:
            self.pages = loader.load_service_model(name, 'paginators-1')['pagination']
        except botocore.exceptions.UnknownServiceError:
            self.pages = {}
        self.lines = []
        self.reached = set()

    def type(self, name):
        """How a member says its type: scalars in place, the rest by name."""
        shape = self.shapes[name]
        kind = shape['type']
        if kind not in SCALARS or 'enum' in shape:
            self.reach(name)
            return name
        if shape.get('sensitive') and kind in ('string', 'blob'):
            kind = {'string': 'secret', 'blob': 'secretblob'}[kind]
        if kind == 'timestamp' and 'timestampFormat' in shape:
            kind += ':' + shape['timestampFormat']
        return kind + limits(shape)

    def reach(self, name):
        """All that hangs below a shape (without recursion: models refer in circles)."""
        waiting = [name]
        while waiting:
            name = waiting.pop()
            if name in self.reached:
                continue
            self.reached.add(name)
            shape = self.shapes[name]
            inner = list(shape.get('members', {}).values()) + [shape[k] for k in ('member', 'key', 'value') if k in shape]
            for ref in inner:
                target = self.shapes[ref['shape']]
                if target['type'] not in SCALARS or 'enum' in target:
                    waiting.append(ref['shape'])

    def write(self):
        meta = self.model['metadata']
        protocol = PROTOCOL.get(self.name, meta['protocol'])
        assert protocol in ('ec2', 'query', 'json', 'rest-json', 'rest-xml'), (self.name, protocol)
        out = self.lines
        out.append(f'# Made by aws/shapes/gen.py from the models of botocore {botocore.__version__}; not to be edited.')
        out.append(f'service {self.name}')
        facts = {'protocol': protocol, 'version': meta['apiVersion'], 'endpoint': meta['endpointPrefix'],
                 'signing': meta.get('signingName', meta['endpointPrefix']), 'id': meta['serviceId'].replace(' ', '_')}
        if protocol == 'json':
            facts['target'] = meta['targetPrefix']
            facts['json'] = meta['jsonVersion']
            if 'awsQueryCompatible' in meta:
                facts['query_errors'] = 'yes'
        namespaces = {op['input']['xmlNamespace']['uri'] for op in self.model['operations'].values()
                      if 'xmlNamespace' in op.get('input', {})}
        for shape in self.shapes.values():
            for member in shape.get('members', {}).values():
                if 'xmlNamespace' in member:
                    namespaces.add(member['xmlNamespace']['uri'])
        if protocol == 'rest-xml':
            assert len(namespaces) == 1, (self.name, namespaces)
            facts['namespace'] = namespaces.pop()
        elif 'xmlNamespace' in meta and protocol in ('ec2', 'query'):
            facts['namespace'] = meta['xmlNamespace']
        if 'globalEndpoint' in meta:
            facts['global'] = meta['globalEndpoint']
        out.extend(f'{key} {value}' for key, value in facts.items())
        for name in sorted(self.model['operations']):
            self.operation(name, self.model['operations'][name], protocol)
        for name in sorted(self.reached):
            self.shape(name, self.shapes[name])
        path = Path(__file__).with_name(self.name + '.txt')
        path.write_text('\n'.join(out) + '\n')
        return path

    def operation(self, name, op, protocol):
        refs = {k: op[k]['shape'] if k in op else '-' for k in ('input', 'output')}
        for ref in refs.values():
            if ref != '-':
                self.reach(ref)
        words = []
        if 'resultWrapper' in op.get('output', {}) and op['output']['resultWrapper'] != name + 'Result':
            words.append('wrap=' + op['output']['resultWrapper'])
        if 'locationName' in op.get('input', {}) and protocol == 'rest-xml':
            words.append('root=' + op['input']['locationName'])
        if op.get('httpChecksum', {}).get('requestChecksumRequired'):
            words.append('checksum')
        auth = op.get('authtype')
        if auth == 'none':
            words.append('noauth')
        elif auth == 'v4-unsigned-body' or op.get('unsignedPayload'):
            words.append('unsigned')
        if 'hostPrefix' in op.get('endpoint', {}):
            words.append('host=' + op['endpoint']['hostPrefix'])
        if op.get('readonly'):
            words.append('readonly')
        if op.get('idempotent'):
            words.append('idempotent')
        http = op['http']
        if http.get('responseCode', 200) != 200:
            words.append(f'status={http["responseCode"]}')
        self.lines.append(' '.join(['op', name, http['method'], http['requestUri'], refs['input'], refs['output']] + words))
        errors = [e['shape'] for e in op.get('errors', [])]
        for e in errors:
            self.reach(e)
        if errors:
            self.lines.append(' errors ' + ' '.join(errors))
        page = self.pages.get(name) or self.guess_page(op)
        if page:
            self.lines.append(' page ' + ' '.join(
                f'{key}={",".join(x.replace(" ", "") for x in value)}'
                for key, value in (('in', listed(page['input_token'])), ('out', listed(page['output_token'])),
                                   ('limit', listed(page.get('limit_key'))), ('more', listed(page.get('more_results'))),
                                   ('keys', listed(page.get('result_key')))) if value))

    def guess_page(self, op):
        """Operations that page by NextToken although no paginator is published for them."""
        if 'input' not in op or 'output' not in op:
            return None
        given = self.shapes[op['input']['shape']].get('members', {})
        answer = self.shapes[op['output']['shape']].get('members', {})
        lists = [m for m, ref in answer.items() if self.shapes[ref['shape']]['type'] == 'list']
        for token in ('NextToken', 'nextToken'):
            if token in given and token in answer and len(lists) == 1:
                limit = [m for m in ('MaxResults', 'maxResults') if m in given]
                return {'input_token': token, 'output_token': token, 'limit_key': limit, 'result_key': lists}
        return None

    def wire(self, name, ref):
        """The words that say where and under which name a member stands."""
        words = []
        # A shape's own name on the wire serves where a member gives none.
        wire = ref.get('locationName', self.shapes[ref['shape']].get('locationName'))
        if wire and wire != name:
            words.append('~' if wire == small(name) else '=' + wire)
        if 'location' in ref:
            words.append(LOCATIONS[ref['location']])
        if 'queryName' in ref:
            words.append('query=' + ref['queryName'])
        for key, word in (('flattened', 'flat'), ('xmlAttribute', 'attr'), ('idempotencyToken', 'token'),
                          ('streaming', 'stream'), ('jsonvalue', 'jsonvalue')):
            if ref.get(key):
                words.append(word)
        return words

    def shape(self, name, shape):
        kind = shape['type']
        words = ['secret'] if shape.get('sensitive') and kind in ('structure', 'list', 'map') else []
        if kind == 'structure':
            if shape.get('exception'):
                error = shape.get('error', {})
                head = ['error', name, error.get('code', name), str(error.get('httpStatusCode', 0))]
            else:
                head = ['struct', name]
            if 'payload' in shape:
                words.append('payload=' + shape['payload'])
            if 'locationName' in shape:
                words.append('name=' + shape['locationName'])
            if shape.get('document'):
                words.append('document')
            if shape.get('eventstream'):
                words.append('events')
            if 'xmlNamespace' in shape:
                words.append('xmlns:' + shape['xmlNamespace']['prefix'] + '=' + shape['xmlNamespace']['uri'])
            self.lines.append(' '.join(head + words))
            required = set(shape.get('required', []))
            for member, ref in shape.get('members', {}).items():
                star = ['*'] if member in required else []
                self.lines.append(' ' + ' '.join([member, self.type(ref['shape'])] + star + self.wire(member, ref)))
        elif kind == 'list':
            element = shape['member']
            head = ['list', name, self.type(element['shape'])]
            wire = element.get('locationName', self.shapes[element['shape']].get('locationName'))
            if wire:
                head.append('=' + wire)
            if shape.get('flattened'):
                head.append('flat')
            if limits(shape):
                head.append(limits(shape))
            self.lines.append(' '.join(head + words))
        elif kind == 'map':
            head = ['map', name, self.type(shape['key']['shape']), self.type(shape['value']['shape'])]
            for part in ('key', 'value'):
                if shape[part].get('locationName'):
                    head.append(f'{part}={shape[part]["locationName"]}')
            if shape.get('flattened'):
                head.append('flat')
            self.lines.append(' '.join(head + words))
        else:
            values = shape['enum']
            assert not any('|' in v or '\n' in v for v in values), name
            self.lines.append(f'enum {name} ' + '|'.join(values))


def listed(value):
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


for service in sys.argv[1:] or SERVICES:
    written = Service(service).write()
    print(f'{written.name}: {written.stat().st_size} bytes')
