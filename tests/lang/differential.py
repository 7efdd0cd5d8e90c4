#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random expressions through Terraform's console and ours; whatever differs is printed.

    tests/lang/differential.py INFRA [COUNT [SEED]]

Many expressions make one list, each in try(), so that an error is a value like any other; where
two lists differ they are halved until single expressions are left. What is left to differ should be
of the kinds that deviations.txt names, or a type error in a branch that is not taken.
"""
import os
import random
import subprocess
import sys
import tempfile

ATOMS = [
    '0', '1', '-1', '2', '3', '10', '0.5', '-2.5', '1.0', '1e3', '1e21',
    '123456789012345678901234567890', '0.1', '""', '"a"', '"b"', '"abc"', '"é"', '"e\\u0301"',
    '"1"', '"01"', '"1.0"', '"1e3"', '"-5"', '"true"', '"false"', '"yes"', '"null"', '"a,b,c"',
    '"x\\ny"', '"x\\ny\\n"', '"\\t"', '"👍"', '"ab\\"c"', '"10.0.0.0/16"', '"$${x}"', '"%%{x}"',
    '"a-b_c"', '"2024-02-29T12:30:45Z"', '"aGVsbG8="', '"{\\"a\\":[1,null]}"', 'true',
    'false', 'null', '[]', '{}', '"Hello World"', '" 1"', '{ a = 1 }', '{ a = 1, b = "x" }',
    '["a", "b"]', '[1, 2, 3]', '[1, "a", true]', '[[1], [2, 3]]', '[null]', '["a", null]',
    'tolist(["b", "a", "c"])', 'tolist([])', 'toset(["b", "a"])', 'toset([3, 10, 1])', 'toset([])',
    'tomap({ k = "v", a = "b" })', 'tomap({})', 'tomap({ a = 1, b = 2 })',
    '{ a = { b = [1, { c = 2 }] } }', '[{ n = "x", v = 1 }, { n = "y", v = 2 }]', 'tolist([1, 2])',
    '[{ a = 1 }, { b = 2 }]', 'tostring(null)', 'tonumber(null)', 'tolist(null)', 'sensitive("s")',
    'sensitive([1, 2])', '[sensitive("s"), "t"]', '{ k = sensitive(1) }', '"a: 1\\nb: [x]\\n"',
    '{ "a b" = 1, "1" = 2 }', 'jsondecode("{\\"a\\":[1,null,\\"x\\"]}")', '[true, false]',
    '["true", "x"]', '[[], ["a"]]', '[{}, { a = 1 }]', 'tomap({ x = ["1"], y = [] })', '"a\\\\b"',
    '"$"', '[""]', '["", "a", ""]',
]
# name/arguments, at least and at most
FUNCTIONS = """
abs/1 ceil/1 floor/1 max/1-3 min/1-3 parseint/2 pow/2 signum/1 sum/1 chomp/1 endswith/2
startswith/2 format/1-3 formatlist/1-3 indent/2 join/2-3 lower/1 upper/1 title/1 regex/2 regexall/2
replace/3 split/2 strcontains/2 strrev/1 substr/3 trim/2 trimprefix/2 trimsuffix/2 trimspace/1
alltrue/1 anytrue/1 chunklist/2 coalesce/1-3 coalescelist/1-3 compact/1 concat/1-3 contains/2
distinct/1 element/2 flatten/1 index/2 keys/1 length/1 lookup/2-3 matchkeys/3 merge/1-3 one/1
range/1-3 reverse/1 setintersection/1-3 setproduct/1-3 setsubtract/2 setunion/1-3 slice/3 sort/1
transpose/1 values/1 zipmap/2 base64encode/1 base64decode/1 csvdecode/1 jsonencode/1 jsondecode/1
urlencode/1 yamldecode/1 md5/1 sha256/1 basename/1 dirname/1 formatdate/2 timeadd/2 timecmp/2
cidrhost/2 cidrnetmask/1 cidrsubnet/3 cidrsubnets/1-4 can/1 try/1-3 tobool/1 tonumber/1 tostring/1
tolist/1 toset/1 tomap/1 sensitive/1 nonsensitive/1 issensitive/1 textencodebase64/2 uuidv5/2
""".split()
NUMBERS = "0 1 2 -1 5 0.5 4".split()
BITS = "0 1 2 4 8 16 300".split()
TIMES = ['"2024-02-29T12:30:45Z"', '"2021-12-31T23:59:59+05:30"', '"x"']
FORMATS = ['"%s"', '"%d"', '"%v"', '"%q"', '"%5.2f"', '"%-6s|"', '"%05d"', '"%x"', '"%t"', '"%#v"',
           '"%s-%s"', '"%[2]s%[1]s"', '"%e"', '"%g"', '"%%"']
PATTERNS = ['"[a-z]+"', '"(a)(b)?"', '"(?P<n>[0-9]+)"', '"."', '"^$"', '"\\\\w+"']
NETWORKS = ['"10.0.0.0/16"', '"192.168.1.0/24"', '"fd00::/48"', '"10.1.2.3/8"']
LETTERS = ['","', '""', '"a"', '"b"', '" "', '"-"']
# What makes sense as an argument: by function, then by position (the last one for all behind it).
POOLS = {
    "format": [FORMATS], "formatlist": [FORMATS], "regex": [PATTERNS], "regexall": [PATTERNS],
    "replace": [None, PATTERNS + ['"/l+/"', '"/(a)/"', '"a"']], "split": [LETTERS],
    "join": [LETTERS], "trim": [None, LETTERS], "startswith": [None, LETTERS],
    "endswith": [None, LETTERS], "trimprefix": [None, LETTERS], "trimsuffix": [None, LETTERS],
    "substr": [None, NUMBERS], "slice": [None, NUMBERS], "cidrsubnet": [NETWORKS, BITS],
    "cidrsubnets": [NETWORKS, BITS], "cidrhost": [NETWORKS, BITS + ["-1"]],
    "cidrnetmask": [NETWORKS], "range": [NUMBERS], "indent": [["0", "2", "4"]],
    "pow": [["1", "2", "3", "-2", "10"]], "parseint": [None, ["2", "10", "16", "36", "62"]],
    "formatdate": [['"YYYY-MM-DD"', '"EEE, DD MMM YY hh:mm:ss ZZZ"', "\"h'x'aa\"",
                    '"HH:m:s AA ZZZZZ"', '"YYY"'], TIMES],
    "timeadd": [TIMES, ['"1h"', '"-36h"', '"1.5m"', '"90s"', '"1d"', '"1h30m10s"']],
    "timecmp": [TIMES], "textencodebase64": [None, ['"UTF-16LE"', '"UTF-8"', '"ISO-8859-1"']],
}
BINARY = "+ - * / % == != < <= > >= && ||".split()
STEPS = ["[0]", "[1]", '["a"]', ".a", ".n", "[*]", ".*", "[*].n", ".*.a", "[*][0]", ".0", "[-1]",
         '["1"]']


class Generator:
    """Random expressions; `names` are those that a `for` around has bound."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.pick = self.random.choice

    def chance(self, p):
        return self.random.random() < p

    def atom(self, names):
        return self.pick(names) if names and self.chance(0.5) else self.pick(ATOMS)

    def call(self, depth, names):
        name, arity = self.pick(FUNCTIONS).split("/")
        low, _, high = arity.partition("-")
        args = []
        for i in range(self.random.randint(int(low), int(high or low))):
            pools = POOLS.get(name, [None])
            pool = pools[min(i, len(pools) - 1)]
            if name in ("format", "formatlist") and i:
                pool = None
            args.append(self.pick(pool) if pool and self.chance(0.9) else
                        self.expr(depth - 1, names))
        return "%s(%s%s)" % (name, ", ".join(args), "..." if self.chance(0.03) else "")

    def operation(self, depth, names):
        if self.chance(0.15):
            return self.pick("!-") + "(%s)" % self.expr(depth, names)
        return "(%s %s %s)" % (self.expr(depth, names), self.pick(BINARY), self.expr(depth, names))

    def conditional(self, depth, names):
        condition = self.pick(["true", "false", "1 < 2", self.expr(depth, names)])
        return "(%s ? %s : %s)" % (condition, self.expr(depth, names), self.expr(depth, names))

    def loop(self, depth, names):
        value, key = "v%d" % len(names), "k%d" % len(names)
        inner = list(names) + [value, key]
        source, result = self.expr(depth, names), self.expr(depth, inner)
        kind = self.random.random()
        if kind < 0.4:
            end = " if " + self.expr(depth, inner) if self.chance(0.3) else ""
            return "[for %s, %s in %s : %s%s]" % (key, value, source, result, end)
        if kind < 0.8:
            name = self.pick([key, value, self.expr(depth, inner)])
            end = "..." if self.chance(0.3) else ""
            return "{for %s, %s in %s : %s => %s%s}" % (key, value, source, name, result, end)
        return '"%%{ for %s, %s in %s }${%s}%%{ if %s }y%%{ else }n%%{ endif }%%{ endfor }"' % (
            key, value, source, result, self.expr(1, inner))

    def template(self, depth, names):
        if self.chance(0.2):
            return '"${%s}"' % self.expr(depth, names)
        return '"%s${%s}%s${%s}"' % (self.pick(["", "x"]), self.expr(depth, names),
                                     self.pick(["", "-"]), self.expr(depth, names))

    def collection(self, depth, names):
        n = self.random.randint(0, 3)
        if self.chance(0.5):
            return "[%s]" % ", ".join(self.expr(depth, names) for _ in range(n))
        keys = self.random.sample(["a", "b", '"c d"', "n", '("k")'], n)
        return "{ %s }" % ", ".join("%s = %s" % (k, self.expr(depth, names)) for k in keys)

    def expr(self, depth, names=()):
        if depth <= 0 or self.chance(0.12):
            return self.atom(names)
        kind = self.random.random()
        if kind < 0.45:
            return self.call(depth, names)
        if kind < 0.52:
            return "(%s)%s" % (self.expr(depth - 1, names), self.pick(STEPS))
        make = self.pick([self.operation, self.conditional, self.loop, self.template,
                          self.collection])
        return make(depth - 1, names)


def console(program, folder, text):
    env = dict(os.environ, CHECKPOINT_DISABLE="1", TF_CLI_CONFIG_FILE=os.devnull, NO_COLOR="1")
    p = subprocess.run([program, "console"], cwd=folder, env=env, input=(text + "\n").encode(),
                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return p.stdout.decode("utf-8", "replace") if p.returncode == 0 else "ERROR"


def differing(batch, infra, folder):
    """[(expression, Terraform's, ours)]"""
    text = "[%s]" % ", ".join('try(%s, "<error>")' % e for e in batch)
    theirs, ours = console("terraform", folder, text), console(infra, folder, text)
    if theirs == ours and (theirs != "ERROR" or len(batch) == 1):
        return []
    if len(batch) == 1:
        return [(batch[0], theirs.strip(), ours.strip())]
    half = len(batch) // 2
    return differing(batch[:half], infra, folder) + differing(batch[half:], infra, folder)


def main():
    infra = os.path.abspath(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
    generator = Generator(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    found = 0
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(0, count, 100):
            batch = [generator.expr(generator.pick([1, 2, 2, 3])) for _ in range(100)]
            for expr, theirs, ours in differing(batch, infra, folder):
                found += 1
                print("> %s\n  terraform: %s\n  infra:     %s" % (expr, theirs, ours), flush=True)
    print("%d expressions, %d differ" % (count, found))


if __name__ == "__main__":
    main()
