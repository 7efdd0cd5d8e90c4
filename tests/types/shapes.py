# SPDX-License-Identifier: Apache-2.0
"""What an expression of a type file can be: a shape of AWS's models (as botocore carries them), a part of the
type's own schema, or something made of those."""
import botocore.session

LOADER = botocore.session.get_session().get_component('data_loader')
MODELS = {}


def model(service):
    if service not in MODELS:
        MODELS[service] = LOADER.load_service_model(service, 'service-2')
    return MODELS[service]


def plain(name):
    return name.replace('_', '').lower()


def names_match(a, b):
    """The name rule: equal without case and underscores, or one the plural of the other."""
    a, b = plain(a), plain(b)
    return a == b or any(x + end == y or end == 'ies' and x.endswith('y') and x[:-1] + end == y
                         for x, y in ((a, b), (b, a)) for end in ('s', 'es', 'ies'))


class Any:
    """Nothing is known of it: everything may be asked."""


class Scalar:
    pass


ANY, SCALAR = Any(), Scalar()


class Wire:
    """A structure, list or map of a model; scalars too, where they stand for a place in a request."""

    def __init__(self, service, name):
        self.service, self.name = service, name
        self.shape = model(service)['shapes'][name]
        self.kind = self.shape['type']

    def member(self, name):
        found = self.shape.get('members', {}).get(name)
        return Wire(self.service, found['shape']) if found else None

    def match(self, name):
        """The member that an argument binds to by the name rule."""
        members = self.shape.get('members', {})
        exact = [m for m in members if plain(m) == plain(name)]
        return (exact or [m for m in members if names_match(name, m)] or [None])[0]

    @property
    def is_enum(self):
        return 'enum' in self.shape

    def element(self):
        return Wire(self.service, (self.shape.get('member') or self.shape.get('value'))['shape'])

    def required(self):
        tokens = {name for name, ref in self.shape.get('members', {}).items() if ref.get('idempotencyToken')}
        return set(self.shape.get('required', [])) - tokens - {'DryRun'}

    def value(self):
        """As something an expression can be; of scalars, only enums are worth following."""
        return self if self.kind in ('structure', 'list', 'map') or 'enum' in self.shape else SCALAR


def is_enum(shape):
    return isinstance(shape, Wire) and shape.is_enum


class Surface:
    """An object of the type's schema: a block, or `self`."""

    def __init__(self, entries, extra=()):
        self.entries = entries    # name -> Entry
        self.extra = set(extra)   # attributes that are there without being written (id, arn, tags_all)


class Seq:
    """A list or set; `one`: of at most one, which may be used as its member."""

    def __init__(self, element, one=False):
        self.element, self.one = element, one


class Star:
    """What stands before a further step behind [*]."""

    def __init__(self, element):
        self.element = element


class Obj:
    """An object made in an expression, or a map (`open`, all values alike)."""

    def __init__(self, fields, open=False, value=ANY):
        self.fields, self.open, self.value = fields, open, value


def first(*shapes):
    """The one that tells most."""
    for shape in shapes:
        if shape is not ANY and shape is not SCALAR and not is_enum(shape):
            return shape
    return shapes[0] if shapes else ANY


class Entry:
    """One line of a schema: req(T, flags), opt(T, flags), out(T, flags), one/list/set({...}, flags)."""
    BLOCKS = ('one', 'list', 'set')

    def __init__(self, name, node):
        self.name, self.node, self.form = name, node, node.name
        self.flags = {}
        for flag in node.args[1:]:
            if flag.kind == 'var':
                self.flags[flag.name] = []
            elif flag.kind == 'call':
                self.flags[flag.name] = flag.args
        self.entries = entries_of(node.args[0]) if self.is_block else None

    @property
    def is_block(self):
        return self.form in self.BLOCKS

    def has(self, flag):
        return flag in self.flags

    def place(self, way):
        """The written place in the request ("to") or the object ("from"): a path, [] for none of them, or None."""
        for flag in (way, 'at'):
            if self.flags.get(flag):
                path = path_of(self.flags[flag][0])
                if path is not None:
                    return [] if path == ['none'] else path
        return None

    def shape(self):
        if self.is_block:
            return Seq(Surface(self.entries), one=self.form == 'one')
        return type_shape(self.node.args[0])


def entries_of(node):
    return {name: Entry(name, inner) for name, inner in node.items}


def type_shape(node):
    if node.kind == 'call' and node.name in ('list', 'set'):
        return Seq(type_shape(node.args[0]))
    if node.kind == 'call' and node.name == 'map':
        return Obj({}, open=True, value=type_shape(node.args[0]))
    if node.kind == 'call' and node.name == 'object':
        fields = {}
        for name, inner in node.args[0].items:
            while inner.kind == 'call' and inner.name in ('optional', 'req', 'opt', 'out'):
                inner = inner.args[0]
            fields[name] = type_shape(inner)
        return Obj(fields)
    return SCALAR


def path_of(node):
    """["A", "[]", "B"] of A[].B; None for what is no path."""
    if node.kind == 'var':
        return [node.name]
    if node.kind in ('get', 'each', 'idx'):
        of = path_of(node.of)
        return None if of is None else of + [node.name if node.kind == 'get' else '[]']
    return None


def walk_path(wire, path):
    for step in path:
        if wire is None:
            return None
        if step == '[]':
            wire = wire.element() if wire.kind == 'list' else None
        else:
            if wire.kind == 'list':
                wire = wire.element()
            wire = wire.member(step) if wire.kind == 'structure' else None
    return wire
