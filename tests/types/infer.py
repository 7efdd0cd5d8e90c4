# SPDX-License-Identifier: Apache-2.0
"""Follows expressions of a type file through AWS's shapes: each name that an answer, a request or the schema
does not have is reported."""
from collections import Counter

from shapes import ANY, SCALAR, Obj, Seq, Star, Surface, Wire, first, is_enum

# What each function gives: "element" of its first argument, "same" as it, "first" that tells something,
# "list" of scalars; SCALAR otherwise.
FUNCTIONS = dict.fromkeys('''abs alltrue anytrue base64_once base64decode base64encode base64sha256 burstable can ceil
    changed contains dashes default_vpc dns_lower dns_name endswith epoch floor format formatdate hashcode id_part indent index
    isblank join jsonencode length lower max md5 min parseint plantimestamp private_dns protocol public_dns regex replace
    s3_zone same sha1 sha256 startswith substr sum tag timestamp title tobool tonumber tostring trim trimprefix trimspace
    trimsuffix upper urlencode urlquery uuid wanted written budget_time'''.split(), 'scalar')
FUNCTIONS |= dict.fromkeys('one only newest oldest'.split(), 'element')
FUNCTIONS |= dict.fromkeys('''blank chunklist compact distinct reverse slice sort setsubtract setunion setintersection
    tolist toset tomap'''.split(), 'same')
FUNCTIONS |= dict.fromkeys('coalesce coalescelist concat ifnull try'.split(), 'first')
FUNCTIONS |= dict.fromkeys('formatlist keys range regexall split'.split(), 'list')
FUNCTIONS |= dict.fromkeys('element flatten jsondecode lookup merge values zipmap'.split(), 'own')


# Values that AWS gives without publishing them.
UNPUBLISHED = {('AttachmentStatus', 'available')}  # of internet gateways


class Trouble:
    def __init__(self):
        self.errors, self.notes, self.counts = [], [], Counter()

    def error(self, where, text):
        self.errors.append(f'{where}: {text}')

    def note(self, where, text):
        self.notes.append(f'{where}: {text}')


class Inference:
    """For one type: `lets` and `functions` (name -> (parameters, Node)) of its file."""

    def __init__(self, trouble, file, service, lets, functions):
        self.trouble, self.file, self.service = trouble, file, service
        self.lets, self.functions = lets, functions
        self.busy = set()
        self.bind = None    # (entries, wire, where): the name rule, set by the checker

    def error(self, node, where, text):
        self.trouble.error(f'{self.file}:{node.line if node else "?"}', f'{where}: {text}')

    # ---- steps ----

    def member(self, of, name, node, where):
        counts = self.trouble.counts
        if of is ANY or of is SCALAR or is_enum(of):
            return ANY
        if isinstance(of, Star):
            return Star(self.member(of.element, name, node, where))
        if isinstance(of, Wire):
            if of.kind == 'map':
                return of.element().value()
            if of.kind != 'structure':
                self.error(node, where, f'.{name} of {of.name}, which is a {of.kind}')
                return ANY
            counts['answer paths'] += 1
            found = of.member(name)
            if not found:
                self.error(node, where, f'{of.name} has no member {name}')
                return ANY
            return found.value()
        if isinstance(of, Surface):
            counts['schema paths'] += 1
            if name in of.entries:
                return of.entries[name].shape()
            if name not in of.extra:
                self.error(node, where, f'the schema has no attribute {name}')
            return ANY
        if isinstance(of, Obj):
            if name in of.fields:
                return of.fields[name]
            if not of.open:
                self.error(node, where, f'the object has no {name}, but {", ".join(list(of.fields)[:8]) or "nothing"}')
            return of.value
        if of.one:
            return self.member(of.element, name, node, where)
        self.error(node, where, f'.{name} of a list')
        return ANY

    def element(self, of, node, where):
        if is_enum(of):
            return ANY
        if isinstance(of, Wire):
            if of.kind in ('list', 'map'):
                return of.element().value()
            self.error(node, where, f'elements of {of.name}, which is a {of.kind}')
            return ANY
        if isinstance(of, (Seq, Star)):
            return of.element
        if isinstance(of, Obj):
            return of.value if of.open else first(*of.fields.values())
        return ANY

    # ---- expressions ----

    def infer(self, node, env, where):
        return getattr(self, 'infer_' + node.kind)(node, env, where)

    def infer_lit(self, node, env, where):
        return SCALAR

    def infer_tpl(self, node, env, where):
        for part in node.parts:
            if not isinstance(part, str):
                self.infer(part, env, where)
        return SCALAR

    def infer_var(self, node, env, where):
        if node.name in env:
            return env[node.name]
        if node.name in self.lets:
            if node.name in self.busy:
                return ANY
            self.busy.add(node.name)
            shape = self.infer(self.lets[node.name], env, f'{where}, let {node.name}')
            self.busy.discard(node.name)
            return shape
        self.error(node, where, f'nothing is called {node.name} here')
        return ANY

    def infer_get(self, node, env, where):
        return self.member(self.infer(node.of, env, where), node.name, node, where)

    def infer_idx(self, node, env, where):
        of = self.infer(node.of, env, where)
        self.infer(node.key, env, where)
        if of is ANY or of is SCALAR:
            return ANY
        return self.element(of, node, where)

    def infer_splat(self, node, env, where):
        of = self.infer(node.of, env, where)
        return ANY if of is ANY else Star(self.element(of, node, where))

    def infer_each(self, node, env, where):
        return ANY

    def infer_bin(self, node, env, where):
        a, b = self.infer(node.a, env, where), self.infer(node.b, env, where)
        if node.op in ('==', '!='):
            self.compared(a, node.b, where)
            self.compared(b, node.a, where)
        return SCALAR

    def compared(self, shape, node, where):
        """A value of an enum is compared with these literals: a misspelt one would never come."""
        if not is_enum(shape):
            return
        for literal in node.items if node.kind == 'tup' else [node]:
            if literal.kind == 'lit' and isinstance(literal.value, str) and literal.value:
                self.trouble.counts['values compared'] += 1
                if literal.value not in shape.shape['enum'] and (shape.name, literal.value) not in UNPUBLISHED:
                    self.error(literal, where, f'{shape.name} is never "{literal.value}", but one of '
                                               f'{", ".join(shape.shape["enum"][:12])}')

    def infer_un(self, node, env, where):
        self.infer(node.a, env, where)
        return SCALAR

    def infer_if(self, node, env, where):
        self.infer(node.cond, env, where)
        return first(self.infer(node.a, env, where), self.infer(node.b, env, where))

    def infer_tup(self, node, env, where):
        return Seq(first(*[self.infer(item, env, where) for item in node.items]))

    def infer_obj(self, node, env, where):
        return Obj({key: self.infer(value, env, where) for key, value in node.items})

    def loop_env(self, node, env, where):
        over = self.infer(node.over, env, where)
        if isinstance(over, Star):
            over = Seq(over.element)
        inner = dict(env)
        for name in node.names[:-1]:
            inner[name] = SCALAR
        inner[node.names[-1]] = ANY if over is ANY or over is SCALAR else self.element(over, node, where)
        if node.cond:
            self.infer(node.cond, inner, where)
        return inner

    def infer_for(self, node, env, where):
        inner = self.loop_env(node, env, where)
        value = self.infer(node.value, inner, where)
        if not node.object:
            return Seq(value)
        self.infer(node.key, inner, where)
        return Obj({}, open=True, value=value)

    def infer_call(self, node, env, where):
        if node.name in self.functions:
            parameters, body = self.functions[node.name]
            if len(parameters) != len(node.args):
                self.error(node, where, f'{node.name} takes {len(parameters)} arguments')
            inner = dict(env)
            for parameter, argument in zip(parameters, node.args):
                inner[parameter] = self.infer(argument, env, where)
            if node.name in self.busy:
                return ANY
            self.busy.add(node.name)
            shape = self.infer(body, inner, f'{where}, {node.name}()')
            self.busy.discard(node.name)
            return shape
        kind = FUNCTIONS.get(node.name)
        if kind is None:
            self.error(node, where, f'there is no function {node.name}')
        shapes = [self.infer(argument, env, where) for argument in node.args]
        shapes = [Seq(s.element) if isinstance(s, Star) else s for s in shapes]
        if node.name == 'contains' and len(node.args) == 2:
            self.compared(shapes[1], node.args[0], where)
        if kind in (None, 'scalar') or not shapes:
            return SCALAR if kind else ANY
        if kind == 'list':
            return Seq(SCALAR)
        if kind == 'same':
            return shapes[0]
        if kind == 'first':
            return first(*shapes)
        if kind == 'element' or node.name in ('element', 'lookup'):
            return ANY if shapes[0] in (ANY, SCALAR) else self.element(shapes[0], node, where)
        if node.name == 'flatten':
            return self.flat(shapes[0])
        if node.name == 'merge':
            return self.merged(shapes)
        if node.name == 'values' and isinstance(shapes[0], Obj):
            return Seq(shapes[0].value if shapes[0].open else first(*shapes[0].fields.values()))
        return ANY

    @staticmethod
    def flat(shape):
        inner = shape.element if isinstance(shape, Seq) else None
        if isinstance(inner, (Seq, Star)):
            return Inference.flat(Seq(inner.element))
        if isinstance(inner, Wire) and inner.kind == 'list':
            return Seq(inner.element().value())
        return shape

    @staticmethod
    def merged(shapes):
        out = Obj({})
        for shape in shapes:
            if isinstance(shape, Seq) and shape.one:
                shape = shape.element
            if isinstance(shape, Obj):
                out.fields.update(shape.fields)
                out.open |= shape.open
            elif isinstance(shape, Surface):
                out.fields.update({name: entry.shape() for name, entry in shape.entries.items()})
            elif isinstance(shape, Wire) and shape.kind == 'structure':
                out.fields.update({name: shape.member(name).value() for name in shape.shape['members']})
            else:
                out.open = True
        return out

    # ---- requests ----

    def send(self, node, to, env, where):
        """An expression that stands for a place in a request: walked together with that place's shape."""
        if to is ANY:
            self.infer(node, env, where)
            return
        how = getattr(self, 'send_' + node.kind, None)
        if how:
            how(node, to, env, where)
        else:
            self.fits(self.infer(node, env, where), to, node, where)

    def send_if(self, node, to, env, where):
        self.infer(node.cond, env, where)
        self.send(node.a, to, env, where)
        self.send(node.b, to, env, where)

    def send_lit(self, node, to, env, where):
        if node.value is None:
            return
        if to.kind in ('structure', 'list', 'map'):
            self.error(node, where, f'{to.name} is a {to.kind}, not {node.value!r}')
        elif to.kind == 'string' and 'enum' in to.shape:
            self.trouble.counts['values of enums'] += 1
            if node.value not in to.shape['enum']:
                self.error(node, where, f'{node.value!r} is not one of {", ".join(to.shape["enum"][:8])}')

    def send_obj(self, node, to, env, where):
        if to.kind == 'map':
            for key, value in node.items:
                self.send(value, to.element(), env, f'{where}.{key}')
            return
        if to.kind != 'structure':
            self.error(node, where, f'an object for {to.name}, which is a {to.kind}')
            return
        for key, value in node.items:
            self.trouble.counts['request members'] += 1
            name = key if to.member(key) else to.match(key) if key.islower() else None
            if not name:
                self.error(value, where, f'{to.name} has no member {key}')
                continue
            self.send(value, to.member(name), env, f'{where}.{key}')

    def send_tup(self, node, to, env, where):
        if to.kind != 'list':
            self.error(node, where, f'a list for {to.name}, which is a {to.kind}')
            return
        for item in node.items:
            self.send(item, to.element(), env, where)

    def send_for(self, node, to, env, where):
        inner = self.loop_env(node, env, where)
        wanted = 'map' if node.object else 'list'
        if to.kind != wanted:
            self.error(node, where, f'a {wanted} for {to.name}, which is a {to.kind}')
            return
        if node.object:
            self.infer(node.key, inner, where)
        self.send(node.value, to.element(), inner, where)

    def send_call(self, node, to, env, where):
        if node.name in self.functions and node.name not in self.busy:
            parameters, body = self.functions[node.name]
            inner = dict(env)
            for parameter, argument in zip(parameters, node.args):
                inner[parameter] = self.infer(argument, env, where)
            self.busy.add(node.name)
            self.send(body, to, inner, f'{where}, {node.name}()')
            self.busy.discard(node.name)
        elif node.name in ('blank', 'coalesce', 'compact', 'concat', 'distinct', 'ifnull', 'merge', 'reverse', 'try'):
            for argument in node.args:
                self.send(argument, to, env, where)
        else:
            self.fits(self.infer(node, env, where), to, node, where)

    def send_var(self, node, to, env, where):
        if node.name in self.lets and node.name not in env and node.name not in self.busy:
            self.busy.add(node.name)
            self.send(self.lets[node.name], to, env, f'{where}, let {node.name}')
            self.busy.discard(node.name)
        else:
            self.fits(self.infer(node, env, where), to, node, where)

    def fits(self, shape, to, node, where):
        if isinstance(shape, Star):
            shape = Seq(shape.element)
        if isinstance(shape, Seq) and shape.one and to.kind != 'list':
            shape = shape.element
        if is_enum(shape):
            shape = SCALAR
        if isinstance(shape, Wire):
            if shape.kind != to.kind:
                self.error(node, where, f'{shape.name}, a {shape.kind}, for {to.name}, a {to.kind}')
        elif isinstance(shape, Seq):
            if to.kind == 'list':
                self.fits(shape.element, to.element(), node, where)
            elif to.kind == 'structure':
                self.error(node, where, f'a list for {to.name}')
        elif isinstance(shape, Surface):
            if to.kind == 'list':
                to = to.element()
            if to.kind != 'structure':
                self.error(node, where, f'a block for {to.name}, which is a {to.kind}')
            elif self.bind:
                self.bind(shape.entries, to, where, 'to')
        elif isinstance(shape, Obj) and not shape.open and to.kind == 'structure':
            for name, inner in shape.fields.items():
                member = to.member(name) and name or to.match(name)
                if not member:
                    self.error(node, where, f'{to.name} has no member {name}')
                else:
                    self.fits(inner, to.member(member), node, f'{where}.{name}')
        elif shape is SCALAR and to.kind == 'structure':
            self.error(node, where, f'a scalar for {to.name}')
