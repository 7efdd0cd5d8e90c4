#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every operation of every table, with made-up parameters and answers: the request as botocore serialises
it, the answer as botocore parses it (moto's serializer writes it), and both there and back again by our
own codecs. Skipped where botocore or moto is missing: tests/aws/codec.t has recorded cases for that."""
import os, random, sys
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from wirelib import *

try:
    import botocore, moto.core.serialize as serialize
    from moto.core.model import ServiceModel
except ImportError as missing:
    print(f'1..0 # SKIP {missing.name} is not installed')
    sys.exit(0)

SERIALIZERS = {'ec2': serialize.EC2Serializer, 'query': serialize.QuerySerializer, 'json': serialize.JSONSerializer,
               'rest-json': serialize.RestJSONSerializer, 'rest-xml': serialize.RestXMLSerializer}
rounds = 3 if os.environ.get('SWEEP') == 'all' else 1
only = os.environ.get('ONLY', '').split()     # "ec2 RunInstances"
seed = int(os.environ.get('SEED', '1'))
tap, driver, boto = Tap(), Driver(), Botocore()
# Two members of one wire name, long deprecated; a host name made of a parameter.
SKIP = {'GetBucketNotification', 'PutBucketNotification', 'WriteGetObjectResponse'}
# What botocore's client adds or changes outside of its serializer.
QUIET = {'Content-Type', 'Content-MD5', 'X-Amz-Target', 'x-amz-sdk-checksum-algorithm'}


def check_request(service, protocol, op, params):
    made = driver.ask(do='encode', service=service, operation=op.name, params=to_ours(params))
    if 'why' in made:
        return f'encode: {made["why"]}'
    method, path, query, headers, body = boto.request(protocol, op, params)
    mine = (made['method'], made['path'], canonical_query(made['query']))
    if service == 'route53':
        path = mine[1] if path.split('/')[-1] == mine[1].split('/')[-1] else path
    if mine != (method, path, query):
        return f'line: {mine} instead of {(method, path, query)}'
    if protocol in ('rest-json', 'rest-xml'):
        lower = {k.lower(): v for k, v in made['headers'].items()}
        for key, value in headers.items():
            if key not in QUIET and lower.pop(key.lower(), None) != value:
                return f'header {key}: {made["headers"].get(key)!r} instead of {value!r}'
        left = set(lower) - {q.lower() for q in QUIET}
        if left:
            return f'headers of nobody: {left}'
    elif protocol == 'json':
        for key in ('X-Amz-Target', 'Content-Type'):
            if made['headers'][key] != headers[key]:
                return f'header {key}: {made["headers"][key]!r} instead of {headers[key]!r}'
    mine, theirs = canonical_body(protocol, made['body']), canonical_body(protocol, body)
    if not same(mine, theirs):
        return f'body: {difference(mine, theirs)}'
    # There and back: what a server would read.
    read = driver.ask(do='serve', service=service, method=made['method'], path=made['path'], query=made['query'],
                      headers=made['headers'], body=made['body'])
    if 'why' in read and [] in params.values():
        return None             # a list that must stand in the query, and is empty
    if 'why' in read:
        return f'serve: {read["why"]} ({read.get("operation")})'
    wanted = without_lost(protocol, op.input_shape, to_ours(params))
    if read['operation'] != op.name:
        other = boto.operation(service, read['operation'])
        if other.http['requestUri'].split('?')[0] == op.http['requestUri'].split('?')[0]:
            return None     # told apart by what these parameters happen not to have
        return f'serve: taken for {read["operation"]}'
    if 'ContentMD5' not in wanted:
        read['params'].pop('ContentMD5', None)
    drop_empty(op.input_shape, read['params'], wanted)
    if service != 'route53' and not same(read['params'], wanted):
        return f'serve: {difference(read["params"], wanted)}'
    return None


def without_lost(protocol, shape, value, location=None, top=True):
    """What the wire cannot say is gone: empty lists and structures of ec2, query and flat XML, edges of headers."""
    if shape is None:
        return {}
    if shape.type_name == 'structure' and not getattr(shape, 'is_document_type', False):
        out = {}
        for name, inner in value.items():
            member = shape.members[name]
            kept = without_lost(protocol, member, inner, member.serialization.get('location'), False)
            place = member.serialization.get('location')
            if place in ('header', 'headers', 'querystring') and kept in ('', [], {}):
                continue
            if kept in ([], {}) and (protocol == 'ec2' or protocol == 'query' and inner != []):
                continue
            if 'json' not in protocol and kept in ([], {}) and member.serialization.get('flattened'):
                continue
            if shape.serialization.get('payload') == name and kept in ('',):
                continue
            out[name] = kept
        return out
    if shape.type_name == 'list':
        items = [without_lost(protocol, shape.member, item, location, False) for item in value]
        if protocol in ('ec2', 'query'):
            items = [item for item in items if item != {} and (item != [] or protocol == 'query')]
        return items
    if shape.type_name == 'map':
        return {k: without_lost(protocol, shape.value, v, location, False) for k, v in value.items()
                if not (v in ([], {}) and protocol in ('ec2', 'query'))}
    return value


def drop_empty(shape, *values):
    """botocore gives an empty structure where a map of headers or a payload is absent."""
    for name, member in (shape.members.items() if shape else ()):
        if member.serialization.get('location') == 'headers' or shape.serialization.get('payload') == name:
            for value in values:
                if value.get(name) in ({}, ''):
                    del value[name]


def motos(service, models={}):
    if service not in models:
        models[service] = ServiceModel(boto.loader.load_service_model(service, 'service-2'), service)
    return models[service]


def check_answer(service, protocol, op, value):
    made = SERIALIZERS[protocol](motos(service).operation_model(op.name), serialize.SerializationContext('r-1'),
                                 value_picker=lambda context: context.obj.get(context.key)).serialize(value)
    body = made['body']
    body = body.encode() if isinstance(body, str) else body
    theirs = boto.answer(protocol, op, made['status_code'], made['headers'], body)
    mine = driver.ask(do='decode', service=service, operation=op.name, status=made['status_code'],
                      headers={k: str(v) for k, v in made['headers'].items()}, body=body)
    if 'why' in mine:
        return f'decode: {mine["why"]}'
    drop_empty(op.output_shape, mine['value'], theirs)
    if not same(mine['value'], theirs):
        return f'decode: {difference(mine["value"], theirs)}'
    back = driver.ask(do='answer', service=service, operation=op.name, value=to_ours(value))
    if 'why' in back:
        return f'answer: {back["why"]}'
    theirs = boto.answer(protocol, op, back['status'], back['headers'], back['body'])
    again = driver.ask(do='decode', service=service, operation=op.name, status=back['status'],
                       headers=back['headers'], body=back['body'])
    if 'why' in again:
        return f'read again: {again["why"]}'
    drop_empty(op.output_shape, again['value'], theirs)
    if not same(again['value'], theirs):
        return f'read again: {difference(again["value"], theirs)}'
    return None


for service, protocol in services():
    if only and service != only[0]:
        continue
    bad = []
    model = boto.service(service)
    count = 0
    for name in model.operation_names:
        if len(only) > 1 and name != only[1]:
            continue
        op = model.operation_model(name)
        if op.has_event_stream_output or op.has_event_stream_input or name in SKIP:
            continue
        for turn in range(rounds):
            rng = random.Random(f'{seed} {service} {name} {turn}')
            count += 1
            params = Random(rng).of(op.input_shape) if op.input_shape else {}
            try:
                why = check_request(service, protocol, op, params)
                if why:
                    bad.append(f'{name} request: {why}')
                value = Random(rng, answer=True).of(op.output_shape) if op.output_shape else {}
                for member, shape in op.output_shape.members.items() if op.output_shape else ():
                    if shape.serialization.get('location') == 'statusCode':
                        value.pop(member, None)
                why = check_answer(service, protocol, op, value)
                if why:
                    bad.append(f'{name} answer: {why}')
            except Exception as error:
                bad.append(f'{name}: {type(error).__name__} {error}')
                if os.environ.get('RAISE'):
                    raise
    tap.ok(not bad, f'{service}: {count} requests and answers', f'{len(bad)} wrong\n' + '\n'.join(bad))
sys.exit(tap.done())
