# SPDX-License-Identifier: Apache-2.0
"""What the codec tests share: the driver (tests/aws/wire.c), comparisons of messages that mean the same,
and, where botocore is installed, botocore's view of requests and answers in the terms of our values:
timestamps as RFC 3339 text with whole seconds, blobs as base64 text, absent members absent."""
import base64, json, math, os, re, subprocess, urllib.parse
import xml.etree.ElementTree as ElementTree
from datetime import datetime, timezone

BUILD = os.environ.get('BUILD', 'build')


class Driver:
    def __init__(self):
        self.process = subprocess.Popen([os.path.join(BUILD, 'tests/aws/wire')], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)

    def ask(self, **question):
        if isinstance(question.get('body'), (bytes, str)):
            body = question['body']
            question['body'] = base64.b64encode(body.encode() if isinstance(body, str) else body).decode()
        self.process.stdin.write(json.dumps(question) + '\n')
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f'the driver died of {json.dumps(question)[:2000]}')
        answer = json.loads(line)
        if 'body' in answer:
            answer['body'] = base64.b64decode(answer['body'])
        return answer


# ---- comparing ----

def same(a, b):
    """Equality of values, with floats compared as printed to 12 digits."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b))
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, (int, float)) and isinstance(b, (int, float)):
        return a == b or math.isclose(a, b, rel_tol=1e-12)
    return a == b


def difference(a, b, at=''):
    """Where two values differ first, for people."""
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted(set(a) | set(b)):
            if key not in a or key not in b or not same(a[key], b[key]):
                return difference(a.get(key, '(absent)'), b.get(key, '(absent)'), f'{at}.{key}')
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, (x, y) in enumerate(zip(a, b)):
            if not same(x, y):
                return difference(x, y, f'{at}[{i}]')
    return f'{at}: {str(a)[:300]} instead of {str(b)[:300]}'


def canonical_xml(text):
    """Elements with those of the same name in order, different names in any order; namespaces kept."""
    def walk(node):
        groups = {}
        for child in node:
            groups.setdefault(child.tag, []).append(walk(child))
        return [node.tag, dict(node.attrib), (node.text or '') if not len(node) else '', groups]
    return walk(ElementTree.fromstring(text))


def canonical_body(kind, body):
    if not body:
        return ''
    if kind in ('ec2', 'query'):
        pairs = urllib.parse.parse_qsl(body.decode(), keep_blank_values=True)
        return sorted((k, v[:-2] if re.fullmatch(r'\d+\.0', v) else v) for k, v in pairs)
    try:
        return json.loads(body) if 'json' in kind else canonical_xml(body)
    except (ValueError, ElementTree.ParseError):
        return base64.b64encode(body).decode()


def canonical_query(text):
    return sorted(urllib.parse.parse_qsl(text, keep_blank_values=True))


# ---- botocore's side ----

def rfc3339(when):
    return when.astimezone(timezone.utc).strftime('%Y-%m-%dT%H:%M:%SZ')


def to_ours(value):
    if isinstance(value, dict):
        return {k: to_ours(v) for k, v in value.items() if v is not None}
    if isinstance(value, (list, tuple)):
        return [to_ours(v) for v in value]
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if hasattr(value, 'read'):
        return base64.b64encode(value.read()).decode()
    return value


class Random:
    """Values of a shape, from a seed; deep ones get smaller."""
    WORDS = ['a', 'vpc-0a1', 'two words', 'x&y=<z>"\'', 'ünï', 'slash/es', '100%', '*', ' edge ', 'tab\there', '🙂']

    def __init__(self, rng, answer=False):
        self.rng, self.answer, self.stack = rng, answer, []

    def of(self, shape):
        kind = shape.type_name
        if kind == 'structure':
            return self.structure(shape)
        if kind == 'list':
            count = self.count(shape)
            return [self.of(shape.member) for _ in range(count)]
        if kind == 'map':
            made = {self.text(shape.key, True): self.of(shape.value) for _ in range(self.count(shape))}
            return dict(sorted(made.items()))
        if kind in ('integer', 'long'):
            low = int(shape.metadata.get('min', 0))
            return self.rng.choice([low, low + 1, low + 77, low + 1000000])
        if kind in ('float', 'double'):
            return self.rng.choice([0.0, 1.5, 0.1, 12345.678, 3.0]) + float(shape.metadata.get('min', 0))
        if kind == 'boolean':
            return self.rng.choice([True, False])
        if kind == 'timestamp':
            return datetime.fromtimestamp(self.rng.choice([0, 1, 951782400, 1709164800, 1700000000]), timezone.utc)
        if kind == 'blob':
            return bytes(self.rng.randrange(256) for _ in range(max(int(shape.metadata.get('min', 0)), self.rng.randrange(9))))
        return self.text(shape)

    def text(self, shape, key=False):
        if shape.enum if hasattr(shape, 'enum') else None:
            return self.rng.choice(shape.enum)
        word = self.rng.choice(self.WORDS[:4] if key else self.WORDS)
        if key:
            word += str(self.rng.randrange(1000))
        return word + 'm' * max(0, int(shape.metadata.get('min', 0)) - len(word.encode()))

    def count(self, shape):
        low = int(shape.metadata.get('min', 0))
        return max(low, self.rng.choice([0, 1, 1, 2]) if len(self.stack) < 4 else 0)

    def structure(self, shape):
        self.stack.append(shape.name)
        out = {}
        # A union has one member.
        members = list(shape.members.items())
        union = getattr(shape, 'is_tagged_union', False)
        if union:
            members = [self.rng.choice(members)] if members else []
        for name, member in members:
            required = name in shape.required_members and not self.answer
            if not required and not union and (self.stack.count(member.name) > 0 or len(self.stack) > 6):
                continue
            if len(self.stack) > 12:
                continue
            chance = 0.5 if len(self.stack) < 3 else 0.3
            if required or union or self.rng.random() < chance:
                if member.type_name in ('structure',) and getattr(member, 'is_document_type', False):
                    out[name] = {'any': ['thing', 1, True]}
                else:
                    out[name] = self.of(member)
        self.stack.pop()
        return out


def services():
    """The services that have tables, with the protocol we speak."""
    here = os.path.dirname(os.path.abspath(__file__))
    folder = os.path.join(here, '../../aws/shapes')
    for name in sorted(os.listdir(folder)):
        if name.endswith('.txt'):
            with open(os.path.join(folder, name)) as text:
                for line in text:
                    if line.startswith('protocol '):
                        yield name[:-4], line.split()[1]
                        break


class Botocore:
    def __init__(self):
        import botocore.model, botocore.parsers, botocore.serialize, botocore.session
        self.botocore = botocore
        self.loader = botocore.session.get_session().get_component('data_loader')
        self.models = {}

    def service(self, name):
        if name not in self.models:
            self.models[name] = self.botocore.model.ServiceModel(self.loader.load_service_model(name, 'service-2'), name)
        return self.models[name]

    def operation(self, service, name):
        return self.service(service).operation_model(name)

    def request(self, protocol, operation, params):
        """Method, path, query (pairs), headers, body, as botocore's serializer makes them."""
        serializer = self.botocore.serialize.create_serializer(protocol, include_validation=False)
        made = serializer.serialize_to_request(params, operation)
        path = made['url_path']
        query = made['query_string']
        pairs = []
        if isinstance(query, str):
            pairs = canonical_query(query)
        else:
            for key, value in query.items():
                pairs += [(key, v) for v in (value if isinstance(value, list) else [value])]
        if '?' in path:
            path, rest = path.split('?', 1)
            pairs += canonical_query(rest)
        body = made['body']
        if isinstance(body, dict):
            body = urllib.parse.urlencode(body, doseq=False).encode()
        elif isinstance(body, str):
            body = body.encode()
        return made['method'], path, sorted((k, str(v)) for k, v in pairs), dict(made['headers']), body

    def answer(self, protocol, operation, status, headers, body):
        parser = self.botocore.parsers.create_parser(protocol)
        stream = body
        shape = operation.output_shape
        if operation.has_streaming_output:
            import io
            stream = io.BytesIO(body)
        lower = self.botocore.compat.HTTPHeaders()
        for key, value in headers.items():
            lower[key] = value
        from botocore.awsrequest import HeadersDict
        parsed = parser.parse({'status_code': status, 'headers': HeadersDict(headers), 'body': stream}, shape)
        parsed.pop('ResponseMetadata', None)
        return to_ours(parsed)


class Tap:
    def __init__(self):
        self.count = self.failed = 0

    def ok(self, good, what, why=''):
        self.count += 1
        self.failed += not good
        print(f'{"ok" if good else "not ok"} {self.count} - {what}')
        if not good:
            print('\n'.join('# ' + line for line in str(why).splitlines()[:40]))

    def done(self):
        print(f'1..{self.count}')
        return 1 if self.failed else 0
