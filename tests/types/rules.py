# SPDX-License-Identifier: Apache-2.0
"""The rules that tests/types/check_types.py holds one type file against: where each name must be found."""
import fnmatch
import re

import hcl
from infer import Inference
from shapes import ANY, SCALAR, Entry, Obj, Seq, Star, Surface, Wire, first, model, path_of, walk_path

WORDS = {
    'type': '''service key id arn settle tags named serial import like shape within lazy timeouts version permissions create put delete
        refuse noun hook tag_id''',
    'read': 'call send objects object by match gone absent few also where choose args',
    'part': 'for call send objects object by match when many at_once into each absent gone args',
    'step': '''call send args when each at_once as id set until fails why every steady times retry absent adopt again pages objects
        empty run gather body stop hook of value by match into read''',
    'update': 'of on when within do',
    'reconcile': 'of on when within have key atoms join into remove change add after remake at_once',
    'within': 'when enter leave',
}
WORDS = {kind: set(words.split()) for kind, words in WORDS.items()}
# Codes that services give without publishing them, or under another protocol's name.
COMMON_CODES = '''AccessDeniedException ValidationException ValidationError InvalidParameterValue
    InvalidParameterCombination NotFound MalformedPolicy MalformedPolicyDocument OperationAborted BucketNotEmpty NoSuchTagSet
    NoSuchBucketPolicy NoSuchCORSConfiguration MethodNotAllowed UnsupportedArgument ObjectLockConfigurationNotFoundError
    NoSuchLifecycleConfiguration NoSuchPublicAccessBlockConfiguration ServerSideEncryptionConfigurationNotFoundError
    OwnershipControlsNotFoundError NoSuchWebsiteConfiguration ReplicationConfigurationNotFoundError IllegalLocationConstraintException
    ThrottlingException Throttling SlowDown InvalidBucketState InternalError XNotImplemented NotImplemented 403 404 405 501 503'''.split()
READS = ('Describe', 'Get', 'List', 'Head')
GENERATED = re.compile(r'(^|_)name_prefix$|_prefix$')
CREATE_WORDS = ('create', 'put')


def items(node):
    """The members of a list, or the one thing itself."""
    return node.items if node.kind == 'tup' else [node]


def fields(node):
    return dict(node.items) if node.kind == 'obj' else {}


def let_and_functions(body, lets, functions):
    for block in body.blocks:
        if block.kind == 'let':
            lets.update(block.body.attributes)
        elif block.kind == 'function':
            attributes = block.body.attributes
            functions[block.labels[0]] = ([p.name for p in attributes['params'].items], attributes['result'])


class TypeCheck:
    def __init__(self, files, file, block, functions):
        self.files, self.file, self.block, self.body = files, file, block, block.body
        self.trouble = files.trouble
        self.name = block.labels[0]
        self.a = block.body.attributes
        self.lets, self.functions = {}, dict(functions)
        self.called, self.found = set(), ANY
        self.schema = {}
        self.base = None
        if 'like' in self.a:
            self.base = files.find(self.a['like'].value)
            if not self.base:
                self.fail(self.a['like'], 'like', f'there is no type {self.a["like"].value}')
            else:
                let_and_functions(self.base.body, self.lets, self.functions)
                self.take_schema(self.base.body)
        let_and_functions(self.body, self.lets, self.functions)
        self.own_schema = self.take_schema(self.body)
        self.service = self.a['service'].value if 'service' in self.a else self.base_service()
        self.infer = Inference(self.trouble, file, self.service, self.lets, self.functions)
        self.infer.bind = self.bind
        self.key = fields(self.a['key']) if 'key' in self.a else fields(self.base.body.attributes.get('key', self.a.get('key'))) \
            if self.base and 'key' in self.base.body.attributes else {}
        self.groups = {b.labels[0]: b for b in self.body.blocks if b.kind in ('update', 'reconcile')}
        self.self_shape = Surface(self.schema, ('id', 'arn', 'tags', 'tags_all', 'region', 'timeouts'))

    def base_service(self):
        return self.base.body.attributes['service'].value if self.base and 'service' in self.base.body.attributes else None

    def take_schema(self, body):
        own = {}
        for block in body.all('schema'):
            own.update({name: Entry(name, node) for name, node in block.body.attributes.items() if node.kind == 'call'})
        self.schema.update(own)
        return own

    def fail(self, node, where, text):
        self.trouble.error(f'{self.file}:{node.line if node else self.block.line}', f'{where}: {text}')

    # ---- the name rule ----

    def bind(self, entries, wire, where, way, quiet=False):
        """Each entry must have a place in the structure. Returns those that have none."""
        missing = []
        counts = self.trouble.counts
        for name, entry in entries.items():
            if not self.is_bound(entry, way) or name == 'tags_all' or name == 'tags' and not wire.match('tags'):
                continue
            place = entry.place(way)
            if place == []:
                continue
            if place:
                target, how = walk_path(wire, place), 'bound by a path'
            elif entry.has('flat'):
                target, how = wire, 'flat'
            else:
                found = wire.match(name)
                target, how = wire.member(found) if found else None, 'bound by the rule'
            if target is None:
                missing.append(entry)
                if not quiet:
                    self.fail(entry.node, where, f'{wire.name} has no {".".join(place)} (for {name})' if place
                              else f'nothing in {wire.name} is named like {name}')
                continue
            if not quiet:
                counts[how] += 1
            if entry.is_block:
                missing += self.bind_block(entry, target, where, way, quiet)
            elif not quiet and target.kind == 'structure' and not entry.has('as') and entry.node.args[0].kind == 'var':
                self.fail(entry.node, where, f'{name} is a {entry.node.args[0].name}, {target.name} a structure')
        return missing

    def bind_block(self, entry, target, where, way, quiet):
        if target.kind == 'list':
            target = target.element()
        if target.kind == 'structure' and set(target.shape['members']) == {'Quantity', 'Items'}:
            target = target.member('Items').element()
        if target.kind != 'structure':
            if not quiet:
                self.fail(entry.node, where, f'{entry.name} is a block, {target.name} a {target.kind}')
            return [entry]
        return self.bind(entry.entries, target, f'{where}.{entry.name}', way, quiet)

    @staticmethod
    def is_bound(entry, way):
        if entry.has('local'):
            return False
        if way == 'to':
            return entry.form != 'out'
        return not (entry.has('kept') or entry.has('write_only') or entry.has('from'))

    # ---- operations, codes ----

    def operation(self, name, where, node):
        """The shapes of request and answer, None where there is none."""
        self.trouble.counts['calls'] += 1
        self.called.add(name)
        operation = model(self.service)['operations'].get(name)
        if not operation:
            self.fail(node, where, f'{self.service} has no operation {name}')
            return ANY, ANY
        return [Wire(self.service, operation[k]['shape']) if k in operation else None for k in ('input', 'output')]

    def code(self, node, where):
        code = node.value if node.kind == 'lit' else fields(node).get('code', node).value
        if self.service == 'ec2':
            self.trouble.counts['codes of EC2, which publishes none'] += 1
            return
        self.trouble.counts['error codes'] += 1
        known = set(COMMON_CODES)
        shapes = model(self.service)['shapes']
        for operation in model(self.service)['operations'].values():
            for ref in operation.get('errors', []):
                known |= {ref['shape'], shapes[ref['shape']].get('error', {}).get('code', ref['shape'])}
        if not any(fnmatch.fnmatch(k, str(code)) for k in known):
            self.trouble.note(f'{self.file}:{node.line}', f'{where}: {self.service} publishes no error {code}')

    def error_shape(self):
        """What `error` has: the members of all errors that the service publishes."""
        shapes = model(self.service)['shapes']
        names = {m for s in shapes.values() if s.get('exception') for m in s.get('members', {})}
        return Obj(dict.fromkeys(names | {'code', 'message', 'status', 'request_id'}, SCALAR)) if names else Obj({}, open=True)

    def codes(self, node, where, env):
        for code in items(node):
            self.code(code, where)
            for word in ('when', 'id'):
                if word in fields(code):
                    self.infer.infer(fields(code)[word], env | {'error': self.error_shape()}, where)

    # ---- steps ----

    def words(self, given, kind, node, where):
        for word in given:
            if word not in WORDS[kind]:
                self.fail(given[word] if isinstance(given[word], hcl.Node) else node, where, f'{word} is no word of a {kind}')

    def written_keys(self, node):
        """Members that a `send` sets for certain, whatever its conditions say."""
        if node is None:
            return set()
        if node.kind == 'obj':
            return {key for key, _ in node.items}
        if node.kind == 'if':
            return self.written_keys(node.a) | self.written_keys(node.b)
        if node.kind == 'call' and node.name == 'merge':
            return set().union(*(self.written_keys(argument) for argument in node.args))
        if node.kind == 'call' and node.name in self.functions:
            return self.written_keys(self.functions[node.name][1])
        if node.kind == 'var' and node.name in self.lets:
            return self.written_keys(self.lets[node.name])
        return set()

    def required(self, wire, given, bound, where, node):
        if not isinstance(wire, Wire):
            return
        have = set(self.key) | self.written_keys(given.get('send'))
        for entry in bound:
            place = entry.place('to')
            if place:
                have.add(place[0])
            elif place is None:
                have |= {wire.match(entry.name)}
        if self.a.get('shape') and bound:
            have |= {m for m in wire.shape['members'] if self.find_shape(wire, path_of(self.a['shape'])[0], m)}
        if self.a.get('within') and bound:
            have.add(path_of(fields(self.a['within'])['shape'])[0])
        if 'body' in given:
            have.add(wire.shape.get('payload'))
        missing = wire.required() - have
        self.trouble.counts['required members'] += len(wire.required())
        if missing:
            self.fail(node, where, f'{", ".join(sorted(missing))} is required and never sent')

    @staticmethod
    def find_shape(wire, name, member):
        return member == name or name == 'ResourceRecordSet' and member == 'ChangeBatch'

    def step(self, node, env, where, bound=()):
        given = fields(node)
        self.words(given, 'step', node, where)
        env = dict(env)
        wire = answer = ANY
        if 'call' in given:
            where = f'{where} {given["call"].value}'
            wire, answer = self.operation(given['call'].value, where, given['call'])
        inner = dict(env)
        if answer is not ANY:
            inner['answer'] = answer or Obj({})
        if 'each' in given:
            inner['member'] = env['member'] = self.element(given['each'], env, where)
        if 'objects' in given:
            inner['objects'] = self.infer.infer(given['objects'], inner | {'object': ANY}, where)
        if 'when' in given:
            self.infer.infer(given['when'], env | {'objects': inner.get('objects', ANY)}, where)
        if 'send' in given:
            if wire is None:
                self.fail(given['send'], where, 'the operation takes no parameters')
            self.infer.send(given['send'], wire or ANY, env, where)
        merges_changes = 'send' in given and mentions(given['send'], 'changes')
        self.required(wire, given, bound if 'send' not in given or 'args' in given or merges_changes or self.in_create
                      else (), where, node)
        for word in ('id', 'value', 'until', 'why', 'set', 'into', 'match', 'read', 'stop'):
            if word in given:
                self.infer.infer(given[word], inner | {'error': self.error_shape(), 'answers': ANY}, where)
        if 'fails' in given:
            if given['fails'].kind == 'tup':
                self.codes(given['fails'], where, inner)
            else:
                self.infer.infer(given['fails'], inner, where)
        if 'by' in given:
            self.by(given['by'], wire, inner, where)
        for word in ('retry', 'absent', 'adopt', 'again'):
            if word in given:
                self.codes(given[word], where, inner)
        for word in ('run', 'empty'):
            for group in items(given[word]) if word in given else ():
                if group.name not in self.groups:
                    self.fail(group, where, f'there is no group {group.name}')
        for deeper in items(given['pages']) if 'pages' in given else ():
            self.step(deeper, inner, f'{where} pages')
        if 'body' in given:
            for value in fields(given['body']).values():
                self.infer.infer(value, env, where)
        if 'as' in given:
            env[given['as'].name] = answer
        env['answer'] = answer
        if 'each' in given:
            env['member'] = ANY
        return env

    def steps(self, node, env, where, binds=lambda given, n: ()):
        if node.kind != 'tup':
            self.fail(node, where, 'a list of steps is expected')
            return
        for n, step in enumerate(node.items):
            env = self.step(step, env, where, binds(fields(step), n))

    def element(self, node, env, where):
        shape = self.infer.infer(node, env, where)
        if isinstance(shape, Star):
            return shape.element
        return ANY if shape in (ANY, SCALAR) else self.infer.element(shape, node, where)

    def by(self, node, wire, env, where):
        for way in items(node):
            if way.kind != 'call':
                self.fail(way, where, 'a way of reading is filter(), ids(), group(), all() or each()')
                continue
            name = way.args[0].value if way.args and way.args[0].kind == 'lit' else None
            if way.name == 'ids':
                self.by_ids(way, name, wire, where)
            elif way.name in ('filter', 'filter_as'):
                self.by_filter(way, name, wire, env, where)
            elif way.name == 'filter_one':
                if isinstance(wire, Wire) and not wire.member(name):
                    self.fail(way, where, f'{wire.name} has no member {name}')
            elif way.name == 'group':
                self.infer.infer(way.args[0], env, where)
            elif way.name not in ('all', 'each'):
                self.fail(way, where, f'there is no way {way.name}()')

    def by_ids(self, way, name, wire, where):
        member = wire.member(name) if isinstance(wire, Wire) else None
        if not member:
            self.fail(way, where, f'there is no member {name} to ask by')
            return
        self.trouble.counts['limits of ids'] += 1
        limit = member.shape.get('max')
        if limit and len(way.args) > 1 and way.args[1].value > limit:
            self.fail(way, where, f'{name} takes at most {limit}')

    def by_filter(self, way, name, wire, env, where):
        if not isinstance(wire, Wire):
            return
        member = path_of(way.args[2])[0] if len(way.args) > 2 else 'Filters'
        self.trouble.counts['filters'] += 1
        ref = wire.shape['members'].get(member)
        if not ref:
            self.fail(way, where, f'{wire.name} has no member {member} to filter by')
        elif name not in ref.get('documentation', '') and name not in enum_values(wire.member(member)):
            self.fail(way, where, f'the documentation of {wire.name} names no filter {name}')
        if len(way.args) > 3:
            self.infer.infer(way.args[3], env, where)

    # ---- reading ----

    def read(self, body, env, where, kind='read', owner=ANY):
        """A read, part or one block; returns the object it finds."""
        a = body.attributes
        self.words(a, kind, None, where)
        wire = answer = ANY
        if 'call' in a:
            wire, answer = self.operation(a['call'].value, where, a['call'])
            answer = answer or Obj({})
        inner = env | {'answer': answer, 'ids': Seq(SCALAR)}
        if 'send' in a:
            self.infer.send(a['send'], wire or ANY, inner | {'object': owner}, where)
        found = answer
        if 'objects' in a:
            all_of = self.infer.infer(a['objects'], inner, where)
            all_of = Seq(all_of.element) if isinstance(all_of, Star) else all_of
            found = ANY if all_of in (ANY, SCALAR) else self.infer.element(all_of, a['objects'], where)
            inner['objects'] = all_of
        elif 'object' in a:
            found = self.infer.infer(a['object'], inner, where)
        inner['object'] = found if owner is ANY else owner
        if 'call' in a and 'by' not in a and isinstance(wire, Wire) and self.block.kind == 'type':
            self.required(wire, a, (), where, a['call'])
        if 'by' in a:
            self.by(a['by'], wire, inner, where)
        self.match(a, found, inner, where, kind)
        if self.block.kind == 'data' and kind == 'read':
            self.written_places(wire, where)
        if 'gone' in a:
            self.infer.infer(a['gone'], inner | {'object': found}, where)
        for word in ('when', 'choose'):
            if word in a:
                self.infer.infer(a[word], inner, where)
        if 'where' in a:
            self.infer.infer(a['where'], inner | {'object': found}, where)
        if 'each' in a:
            given = fields(a['each'])
            member = self.element(given['of'], inner, where)
            rest = hcl.Node('obj', a['each'].line, items=[(k, v) for k, v in a['each'].items if k != 'of'])
            self.step(rest, inner | {'member': member}, where)
        if 'into' in a:
            self.infer.infer(a['into'], inner | {'answers': ANY}, where)
        for code in items(a['absent']) if 'absent' in a else ():
            self.code(code, where)
        return found

    def written_places(self, wire, where):
        """Arguments of a data source that say where they stand in the request."""
        for name, entry in self.own_schema.items():
            place = entry.place('to') if entry.form != 'out' and ('to' in entry.flags or 'at' in entry.flags) else None
            if place and isinstance(wire, Wire) and walk_path(wire, place) is None:
                self.fail(entry.node, where, f'{wire.name} has no {".".join(place)} (for {name})')

    def match(self, a, found, env, where, kind):
        if 'match' in a and a['match'].kind == 'obj':
            for name, value in a['match'].items:
                if isinstance(found, Wire):
                    self.infer.member(found, name, value, f'{where} match')
                self.infer.infer(value, env, where)
        elif 'match' in a:
            self.infer.infer(a['match'], env | {'object': found}, where)
        elif 'objects' in a and kind == 'read' and 'choose' not in a and isinstance(found, Wire):
            if not any(found.member(name) for name in self.key):
                self.fail(a['objects'], where, f'no member of {found.name} is the key, and nothing else says which is which')

    def check_read(self, env):
        parts, part_of, also = {}, {}, set()
        found = ANY
        for block in self.body.all('read'):
            found = env['object'] = self.read(block.body, env, 'read')
            for inner in block.body.blocks:
                if inner.kind == 'part':
                    name = inner.labels[0]
                    shape = self.read(inner.body, env, f'part {name}', 'part', found) if 'call' in inner.body.attributes else ANY
                    if 'each' in inner.body.attributes or 'into' in inner.body.attributes:
                        shape = ANY
                    parts[name] = Seq(shape) if 'many' in inner.body.attributes else shape
                    for attribute in items(inner.body.attributes['for']) if 'for' in inner.body.attributes else ():
                        path = path_of(attribute)
                        part_of[path[0]] = shape
                        self.named(path[0], attribute, f'part {name} for')
                elif inner.kind == 'one':
                    one = self.read(inner.body, env, 'read one', 'read' if 'objects' not in inner.body.attributes else 'part')
                    for deeper in inner.body.all('part'):
                        self.read(deeper.body, env, f'read one, part {deeper.labels[0]}', 'part', one)
            if 'also' in block.body.attributes:
                given = fields(block.body.attributes['also'])
                self.infer.infer(given['id'], env, 'read also')
                also = {x.name for x in items(given['into'])}
        env['part'] = Obj(parts)
        env['object'] = found
        return found, parts, part_of, also

    def named(self, name, node, where):
        if name not in self.schema and name not in ('tags', 'tags_all', 'arn', 'id', 'within'):
            self.fail(node, where, f'the schema has no {name}')

    # ---- the schema ----

    def flags(self, entries, env, where):
        for name, entry in entries.items():
            here = f'{where}.{name}' if where else name
            self.trouble.counts['attributes'] += 1
            if entry.form not in ('req', 'opt', 'out') + Entry.BLOCKS:
                self.fail(entry.node, here, f'{entry.form} is no kind of attribute')
            for flag in ('from', 'unless', 'replace', 'default'):
                for node in entry.flags.get(flag, []):
                    if flag == 'from' and (path_of(node) == ['none'] or is_place(node, env, self.lets)):
                        continue
                    self.infer.infer(node, env, f'schema {here} {flag}()')
            for flag in ('follows', 'either'):
                for node in entry.flags.get(flag, []):
                    path = path_of(node)
                    if path and path[0] not in ('all', 'within'):
                        if path[0] not in entries:
                            self.named(path[0], node, f'schema {here} {flag}()')
            if entry.is_block:
                self.flags(entry.entries, env, here)

    def readable(self, found, parts, part_of, also):
        """Every attribute that is read by the rule has a place in the object."""
        if not isinstance(found, Wire):
            return
        within = fields(self.a['within']) if 'within' in self.a else {}
        outside = {path_of(x)[0] for x in items(within['except'])} if 'except' in within else set()
        for name, entry in self.own_schema.items():
            if not self.is_bound(entry, 'from') or name in also or name in ('tags', 'tags_all', 'id', 'arn') or GENERATED.search(name):
                continue
            if name in self.from_tables():
                continue
            if self.block.kind == 'data' and entry.form != 'out' and not entry.has('computed'):
                continue
            target = part_of.get(name, found)
            if within and entry.form != 'out' and name not in outside:
                inner = [p for p in parts.values() if isinstance(p, Wire)]
                target = walk_path(first(*inner), path_of(within['shape'])) if inner else target
            if isinstance(target, Wire) and target.kind == 'structure':
                self.bind({name: entry}, target, 'read', 'from')

    def from_tables(self):
        names = set()
        for block in self.body.all('table'):
            for node in items(block.body.attributes['of']):
                form = node.value if node.kind == 'lit' else node.name
                names |= {name for name in self.schema if fnmatch.fnmatch(name, form)}
        return names

    # ---- writing ----

    def group_times(self):
        """When each argument's groups run: name -> {"create", "update"}."""
        times = {}
        for name, block in self.groups.items():
            a = block.body.attributes
            on = {x.name for x in items(a['on'])} if 'on' in a else {'create', 'update'} if block.kind == 'reconcile' else {'update'}
            for node in items(a['of']) if 'of' in a else ():
                path = path_of(node)
                if path is None:
                    self.fail(node, f'group {name}', 'of names arguments')
                    continue
                self.named(path[0], node, f'group {name}')
                times.setdefault(path[0], set()).update(on)
        for name in self.from_tables():
            times.setdefault(name, set()).update(('create', 'update'))
        return times

    def binding_steps(self, procedure):
        """Into which steps of a creation arguments bind: that with `id`, else the first that does not read."""
        steps = [fields(step) for step in items(procedure)]
        chosen = [s for s in steps if 'call' in s and 'id' in s]
        chosen = chosen or [s for s in steps if 'call' in s and not s['call'].value.startswith(READS)][:1]
        return [s for s in steps if s in chosen or 'args' in s]

    def target(self, wire):
        """Where arguments bind: the request, or the structure inside it that `shape` names."""
        if 'shape' not in self.a:
            return wire
        name = path_of(self.a['shape'])[0]
        if wire.member(name):
            return wire.member(name)
        return walk_path(wire, ['ChangeBatch', 'Changes', '[]', name]) or wire

    def check_create(self, env, times):
        procedures = [self.a[w] for w in CREATE_WORDS if w in self.a]
        if not procedures or self.block.kind != 'type':
            return
        said = set()
        for word in CREATE_WORDS + ('delete', 'key', 'id'):
            if word in self.a:
                mentioned(self.a[word], self, said)
        inputs = []
        for procedure in procedures:
            for given in self.binding_steps(procedure):
                operation = model(self.service)['operations'].get(given['call'].value, {})
                if 'input' in operation:
                    inputs.append(self.target(Wire(self.service, operation['input']['shape'])))
        within = fields(self.a['within']) if 'within' in self.a else {}
        outside = {path_of(x)[0] for x in items(within['except'])} if 'except' in within else set()
        refused = {x.name for x in items(fields(self.a['refuse'])['args'])} if 'refuse' in self.a and 'args' in fields(self.a['refuse']) else set()
        for name, entry in self.schema.items():
            if not self.is_bound(entry, 'to') or name in ('tags', 'tags_all') or name in refused:
                continue
            elsewhere = 'create' in times.get(name, ()) or name in said or GENERATED.search(name) or self.base
            if entry.place('to') == []:
                if not elsewhere and name not in times and not entry.has('kept') and not entry.has('write_only') and not entry.has('deprecated'):
                    self.fail(entry.node, 'create', f'{name} is never sent')
                continue
            if within and name not in outside:
                inner = [walk_path(wire, path_of(within['shape'])) for wire in inputs]
                self.bind({name: entry}, inner[0], 'create', 'to')
                continue
            fitting = [wire for wire in inputs if not self.bind({name: entry}, wire, 'create', 'to', quiet=True)]
            if fitting or inputs and not elsewhere:
                self.bind({name: entry}, (fitting or inputs)[0], 'create', 'to')

    def check_procedures(self, env):
        arguments = [e for e in self.schema.values() if self.is_bound(e, 'to')]
        for word in CREATE_WORDS:
            if word in self.a:
                binding = self.binding_steps(self.a[word])
                self.in_create = True
                self.steps(self.a[word], env | {'prior': self.self_shape}, word,
                           lambda given, n: arguments if given in binding else ())
                self.in_create = False
        if 'delete' in self.a:
            self.steps(self.a['delete'], env, 'delete')

    def check_groups(self, env):
        for name, block in self.groups.items():
            a = block.body.attributes
            where = f'{block.kind} {name}'
            self.words(a, block.kind, None, where)
            of = [self.schema[path_of(n)[0]] for n in items(a['of']) if path_of(n) and path_of(n)[0] in self.schema] if 'of' in a else []
            if 'when' in a:
                self.infer.infer(a['when'], env, where)
            if 'within' in a and a['within'].name not in {b.labels[0] for b in self.body.all('within')}:
                self.fail(a['within'], where, f'there is no bracket {a["within"].name}')
            if block.kind == 'update':
                self.steps(a['do'], env, where, lambda given, n: of)
            else:
                self.check_reconcile(a, env, where)
        for block in self.body.all('within'):
            self.words(block.body.attributes, 'within', None, 'within')
            self.infer.infer(block.body.attributes['when'], env, 'within')
            for word in ('enter', 'leave'):
                self.steps(block.body.attributes[word], env, f'within {word}')
        for block in self.body.all('table'):
            for word in ('read', 'write'):
                if word in block.body.attributes:
                    self.step(block.body.attributes[word], env | {'rows': ANY, 'attribute': SCALAR}, f'table {word}')
        for block in self.body.all('tags'):
            self.check_tags(block, env)

    def check_tags(self, block, env):
        for word, node in block.body.attributes.items():
            if 'call' in fields(node):
                self.step(node, env, f'tags {word}')
            elif word == 'read':
                self.infer.infer(node, env, 'tags')

    def check_reconcile(self, a, env, where):
        shape = self.self_shape
        for name in path_of(a['of']) or ():
            shape = self.infer.member(shape, name, a['of'], where)
        member = shape.element if isinstance(shape, Seq) else Obj({}, open=True) if isinstance(shape, Obj) else ANY
        inner = env | {'member': member, 'members': Seq(member)}
        if 'atoms' in a:
            atoms = self.infer.infer(a['atoms'], inner, where)
            member = ANY if atoms in (ANY, SCALAR) else self.infer.element(atoms, a['atoms'], where)
            inner |= {'atoms': atoms, 'member': member}
        if 'have' in a:
            have = self.infer.infer(a['have'], inner, where)
            if isinstance(have, Seq) and isinstance(have.element, Obj) and isinstance(member, Obj) and not member.open:
                extra = set(have.element.fields) - set(member.fields)
                if extra:
                    self.fail(a['have'], where, f'what is there has {", ".join(sorted(extra))}, what is wanted has not')
        for word in ('into', 'when'):
            if word in a:
                self.infer.infer(a[word], inner, where)
        several = ANY if isinstance(member, Obj) and member.open or member is ANY else Seq(member)
        inner |= {'added': several, 'removed': several, 'changed': several}
        for word in ('remove', 'add', 'change'):
            if word in a:
                for step in items(a[word]):
                    self.step(step, inner, f'{where} {word}')
        if 'after' in a:
            self.steps(a['after'], env, where)
        for word in ('key', 'remake', 'join'):
            for node in items(a[word]) if word in a else ():
                if node.kind == 'var' and isinstance(member, Surface) and node.name not in member.entries:
                    self.fail(node, where, f'{word}: the block has no {node.name}')

    def check_updates(self, times):
        """An argument that may change must be in a group, or replace the object, or be local."""
        if self.block.kind != 'type' or 'put' in self.a or self.base:
            return
        refused = {x.name for x in items(fields(self.a['refuse'])['args'])} if 'refuse' in self.a and 'args' in fields(self.a['refuse']) else set()
        for name, entry in self.own_schema.items():
            if entry.form == 'out' or entry.has('local') or entry.has('replace') or entry.has('write_only') or name in ('tags', 'tags_all'):
                continue
            if 'update' in times.get(name, ()) or 'within' in times or name in refused or GENERATED.search(name):
                continue
            if entry.is_block and all(e.form == 'out' or e.has('replace') or e.has('local') or e.has('default') or
                                      e.is_block for e in entry.entries.values()):
                continue
            self.trouble.note(f'{self.file}:{entry.node.line}', f'{name} can change, but no group names it')

    # ---- all ----

    def scope(self):
        env = dict.fromkeys('id region account partition dns_suffix none now token attribute gone times kind'.split(), SCALAR)
        env |= dict.fromkeys('added removed changed changes rows member members all within shape result wanted answer object part'.split(), ANY)
        env |= {'self': self.self_shape, 'prior': self.self_shape, 'config': self.self_shape, 'tags': Obj({}, open=True), 'ids': Seq(SCALAR),
                'error': Obj({}, open=True)}
        return {name: shape for name, shape in env.items() if name not in self.lets}

    def check_key(self):
        """Each name of the key is a member of some request, or of the object that is read."""
        for name, node in fields(self.a['key']).items() if 'key' in self.a else ():
            called = self.called | self.files.tag_calls(self.service)
            requests = [model(self.service)['operations'].get(c, {}).get('input') for c in called]
            members = [Wire(self.service, request['shape']).match(name) for request in requests if request]
            if not any(members) and not (isinstance(self.found, Wire) and self.found.member(name)):
                self.fail(node, 'key', f'no request of this type has a member {name}')

    def check(self):
        self.in_create = False
        self.trouble.counts['types'] += 1
        self.words(self.a, 'type', None, self.name)
        env = self.scope()
        if self.service is None:
            if 'hook' not in self.a and self.block.kind == 'type':
                self.fail(None, self.name, 'no service is named')
            self.flags(self.own_schema, env, '')
            return
        if self.service not in self.files.services:
            self.fail(self.a.get('service'), self.name, f'services.hcl has no service "{self.service}"')
        found, parts, part_of, also = self.check_read(env)
        self.found = found
        self.flags(self.own_schema, env, '')
        for word in ('arn', 'id', 'serial', 'tag_id'):
            if word in self.a:
                self.infer.infer(self.a[word], env, word)
        for node in self.key.values():
            self.infer.infer(node, env, 'key')
        for name, node in fields(self.a['import']).items() if 'import' in self.a else ():
            self.infer.infer(node, env, 'import')
            self.named(name, node, 'import')
        self.readable(found, parts, part_of, also)
        times = self.group_times()
        self.check_create(env, times)
        self.check_procedures(env)
        self.check_groups(env)
        self.check_updates(times)
        self.check_key()


def enum_values(wire):
    """The names that a list of filters publishes as an enum."""
    out, element = [], wire.element() if wire.kind == 'list' else wire
    for name in element.shape.get('members', {}) if element.kind == 'structure' else ():
        out += element.member(name).shape.get('enum', [])
    return out


def is_place(node, env, lets):
    """from(A.B) is a place in the object unless its root is a name in scope."""
    path = path_of(node)
    return bool(path) and path[0] not in env and path[0] not in lets and path[0][:1].isupper()


def mentions(node, name):
    return node.kind == 'var' and node.name == name or any(mentions(child, name) for child in node.children())


def mentioned(node, check, out, seen=None):
    """The arguments that an expression names as self.x, through lets and functions."""
    seen = set() if seen is None else seen
    if node.kind == 'get' and node.of.kind == 'var' and node.of.name == 'self':
        out.add(node.name)
        return
    if node.kind == 'var' and node.name == 'self':
        out.update(check.schema)
    for name, follow in ((getattr(node, 'name', None), check.lets), (getattr(node, 'name', None), check.functions)):
        if node.kind in ('var', 'call') and name in follow and name not in seen:
            seen.add(name)
            mentioned(follow[name] if follow is check.lets else follow[name][1], check, out, seen)
    for child in node.children():
        mentioned(child, check, out, seen)
