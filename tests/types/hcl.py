# SPDX-License-Identifier: Apache-2.0
"""A small reader of HCL's native syntax, as much of it as type files use, independent of the program's own
parser. Expressions are Node objects: `kind`, then what the kind has.

  lit value | tpl parts | var name | get of name | idx of key | splat of | each of ("x[]") | bin op a b |
  un op a | if cond a b | tup items | obj items [(key, Node)] | for names in key value cond | call name args
"""
import re

TOKEN = re.compile(r'''(?P<skip>[ \t\r]+|\#[^\n]*|//[^\n]*|/\*.*?\*/)|(?P<newline>\n)|(?P<number>\d+(?:\.\d+)?)
    |(?P<name>[A-Za-z_][A-Za-z0-9_-]*)|(?P<op>\.\.\.|=>|==|!=|<=|>=|&&|\|\||[-+*/%!<>?:.,=(){}\[\]])''', re.X | re.S)
LEVELS = [['||'], ['&&'], ['==', '!='], ['<', '>', '<=', '>='], ['+', '-'], ['*', '/', '%']]


class SyntaxTrouble(Exception):
    pass


class Node:
    def __init__(self, kind, line, **fields):
        self.kind, self.line = kind, line
        self.__dict__.update(fields)

    def __repr__(self):
        return f'{self.kind}({", ".join(f"{k}={v!r}" for k, v in self.__dict__.items() if k not in ("kind", "line"))})'

    def children(self):
        for value in self.__dict__.values():
            for item in value if isinstance(value, list) else [value]:
                if isinstance(item, Node):
                    yield item
                elif isinstance(item, tuple):
                    yield from (x for x in item if isinstance(x, Node))


class Body:
    """Attributes by name, in order, and blocks."""

    def __init__(self):
        self.attributes, self.blocks = {}, []

    def all(self, kind):
        return [b for b in self.blocks if b.kind == kind]


class Block:
    def __init__(self, kind, labels, body, line):
        self.kind, self.labels, self.body, self.line = kind, labels, body, line


class Reader:
    def __init__(self, text, name, line=1):
        self.name = name
        self.tokens = self.lex(text, line)
        self.at = 0
        self.inside = [False]     # whether newlines mean nothing here

    # ---- tokens ----

    def fail(self, line, why):
        raise SyntaxTrouble(f'{self.name}:{line}: {why}')

    def lex(self, text, line):
        out, i = [], 0
        while i < len(text):
            if text[i] == '"':
                parts, i = self.lex_string(text, i + 1, line)
                out.append(('string', parts, line))
                continue
            match = TOKEN.match(text, i)
            if not match:
                self.fail(line, f'unexpected character {text[i]!r}')
            kind, word = match.lastgroup, match.group()
            if kind != 'skip':
                out.append((kind, word, line))
            line += word.count('\n')
            i = match.end()
        return out + [('newline', '\n', line), ('end', '', line)]

    def lex_string(self, text, i, line):
        """The parts of a quoted template: texts and (text of an expression, line)."""
        parts, now = [], ''
        escapes = {'n': '\n', 't': '\t', 'r': '\r', '"': '"', '\\': '\\'}
        while i < len(text) and text[i] != '"':
            if text[i] == '\\':
                now += escapes.get(text[i + 1], text[i:i + 2])
                i += 2
            elif text.startswith('$${', i):
                now += '${'
                i += 3
            elif text.startswith('${', i):
                depth, k, quoted = 1, i + 2, False
                while depth:
                    if k >= len(text):
                        self.fail(line, 'a template is not closed')
                    if text[k] == '"' and text[k - 1] != '\\':
                        quoted = not quoted
                    elif not quoted:
                        depth += (text[k] == '{') - (text[k] == '}')
                    k += 1
                parts += [now, (text[i + 2:k - 1], line)]
                now, i = '', k
            else:
                now += text[i]
                i += 1
        if i >= len(text):
            self.fail(line, 'a string is not closed')
        return parts + [now], i + 1

    def peek(self):
        while self.inside[-1] and self.tokens[self.at][0] == 'newline':
            self.at += 1
        return self.tokens[self.at]

    def take(self):
        token = self.peek()
        self.at += 1
        return token

    def sees(self, word):
        kind, text, _ = self.peek()
        return kind in ('op', 'name') and text == word

    def takes(self, word):
        if self.sees(word):
            self.at += 1
            return True
        return False

    def want(self, word):
        token = self.take()
        if token[1] != word:
            self.fail(token[2], f'{word!r} is expected here, not {token[1]!r}')

    # ---- bodies ----

    def body(self, closing=None):
        out = Body()
        while True:
            kind, word, line = self.take()
            if kind == 'newline':
                continue
            if kind == 'end' and closing is None or kind == 'op' and word == closing:
                return out
            if kind != 'name':
                self.fail(line, f'a name is expected here, not {word!r}')
            if self.takes('='):
                if word in out.attributes:
                    self.fail(line, f'{word} is written twice')
                out.attributes[word] = self.expression()
                kind, word, line = self.tokens[self.at]
                if kind not in ('newline', 'end') and word != '}':
                    self.fail(line, f'a new line is expected here, not {word!r}')
                continue
            labels = []
            while self.peek()[0] in ('string', 'name'):
                label = self.take()[1]
                labels.append(label if isinstance(label, str) else ''.join(label))
            self.want('{')
            out.blocks.append(Block(word, labels, self.body('}'), line))

    # ---- expressions ----

    def expression(self):
        condition = self.binary(0)
        if self.takes('?'):
            a = self.expression()
            self.want(':')
            return Node('if', condition.line, cond=condition, a=a, b=self.expression())
        return condition

    def binary(self, level):
        if level == len(LEVELS):
            return self.unary()
        a = self.binary(level + 1)
        while self.peek()[0] == 'op' and self.peek()[1] in LEVELS[level]:
            op = self.take()[1]
            a = Node('bin', a.line, op=op, a=a, b=self.binary(level + 1))
        return a

    def unary(self):
        if self.sees('!') or self.sees('-'):
            _, op, line = self.take()
            return Node('un', line, op=op, a=self.unary())
        return self.steps(self.primary())

    def steps(self, of):
        while True:
            if self.takes('.'):
                if self.takes('*'):
                    of = Node('splat', of.line, of=of)
                    continue
                of = Node('get', of.line, of=of, name=self.take()[1])
            elif self.sees('['):
                self.take()
                self.inside.append(True)
                if self.takes('*'):
                    of = Node('splat', of.line, of=of)
                elif self.sees(']'):
                    of = Node('each', of.line, of=of)
                else:
                    of = Node('idx', of.line, of=of, key=self.expression())
                self.want(']')
                self.inside.pop()
            else:
                return of

    def list_until(self, closing):
        items = []
        while not self.sees(closing):
            items.append(self.expression())
            self.takes('...')
            if not self.takes(',') and not self.sees(closing):
                kind, word, line = self.peek()
                self.fail(line, f'"," or {closing!r} is expected here, not {word!r}')
        self.want(closing)
        return items

    def primary(self):
        kind, word, line = self.take()
        if kind == 'number':
            return Node('lit', line, value=float(word) if '.' in word else int(word))
        if kind == 'string':
            parts = [p if isinstance(p, str) else Reader(p[0], self.name, p[1]).expression() for p in word]
            return Node('lit', line, value=parts[0]) if len(parts) == 1 else Node('tpl', line, parts=parts)
        if kind == 'name':
            if word in ('true', 'false', 'null'):
                return Node('lit', line, value={'true': True, 'false': False, 'null': None}[word])
            if self.sees('('):
                self.take()
                self.inside.append(True)
                node = Node('call', line, name=word, args=self.list_until(')'))
                self.inside.pop()
                return node
            return Node('var', line, name=word)
        self.inside.append(True)
        if word == '(':
            node = self.expression()
            self.want(')')
        elif word == '[':
            node = self.loop(']', line) if self.sees('for') else Node('tup', line, items=self.list_until(']'))
        elif word == '{':
            node = self.loop('}', line) if self.sees('for') and self.is_loop() else self.object(line)
        else:
            self.fail(line, f'an expression is expected here, not {word!r}')
        self.inside.pop()
        return node

    def is_loop(self):
        """An object may have a member called "for"."""
        after = self.tokens[self.at + 1]
        return after[0] == 'name'

    def object(self, line):
        items = []
        self.inside[-1] = False
        while True:
            kind, word, at = self.take()
            if kind == 'newline' or word == ',':
                continue
            if kind == 'op' and word == '}':
                return Node('obj', line, items=items)
            key = word if isinstance(word, str) else ''.join(word)
            if not self.takes(':'):
                self.want('=')
            items.append((key, self.expression()))
            kind, word, at = self.tokens[self.at]
            if kind != 'newline' and word not in (',', '}'):
                self.fail(at, f'"," or a new line is expected here, not {word!r}')

    def loop(self, closing, line):
        self.want('for')
        names = [self.take()[1]]
        if self.takes(','):
            names.append(self.take()[1])
        self.want('in')
        over = self.expression()
        self.want(':')
        key = value = None
        first = self.expression()
        if self.takes('=>'):
            key, value = first, self.expression()
        else:
            value = first
        self.takes('...')
        cond = self.expression() if self.takes('if') else None
        self.want(closing)
        return Node('for', line, names=names, over=over, key=key, value=value, cond=cond, object=closing == '}')


def read(path):
    with open(path) as text:
        return Reader(text.read(), str(path).rsplit('/', 1)[-1]).body()
