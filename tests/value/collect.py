#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ask the real Terraform what it makes of values, and write its answers beside this file.

    tests/value/collect.py convert|yaml|json|numbers ...

Each line of convert.jsonl, yaml.jsonl, json.jsonl and numbers.jsonl is one case. The inputs come
from the tables and the seeded generators below; answers that depend on the order in which Go
walks a map are left out. The unit tests replay the files.
"""
import json
import os
import random
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
NAMES = ["a", "b", "c"]


def terraform(args, cwd, text=""):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("TF_", "AWS_"))}
    env.update(CHECKPOINT_DISABLE="1", TF_CLI_CONFIG_FILE=os.devnull, NO_COLOR="1")
    p = subprocess.run(["terraform"] + args, cwd=cwd, env=env, input=text.encode(), capture_output=True)
    return p.returncode, p.stdout.decode(), p.stderr.decode()


def unquote(text):
    """The text of a string that the console printed on one line."""
    def escape(m):
        c = m[1]
        if c[0] == "x":
            return "\\u00" + c[1:]
        if c[0] == "U":
            return json.dumps(chr(int(c[1:], 16)))[1:-1]
        return {"a": "\\u0007", "v": "\\u000b"}.get(c, "\\" + c)
    return json.loads(re.sub(r"\\(x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8}|.)", escape, text.strip()))


def ask(expression, cwd):
    code, out, err = terraform(["console"], cwd, expression + "\n")
    if code:
        sys.exit(err)
    return out


def write(name, cases):
    with open(os.path.join(HERE, name), "w", encoding="utf-8") as f:
        for case in cases:
            f.write(json.dumps(case, ensure_ascii=True) + "\n")
    print(name, len(cases))


# ---- conversion ----

def make_type(r, depth=0, top=False):
    x = r.random()
    if depth >= 3 or x < .3:
        return r.choice(["string", "number", "bool", "string", "string" if top else "dynamic"])
    if x < .42:
        return ["list", make_type(r, depth + 1)]
    if x < .50:
        return ["set", make_type(r, depth + 1)]
    if x < .60:
        return ["map", make_type(r, depth + 1)]
    if x < .68:
        return ["tuple", [make_type(r, depth + 1) for _ in range(r.randint(0, 2))]]
    attrs = {n: make_type(r, depth + 1) for n in r.sample(NAMES, r.randint(1, 3))}
    optional = [n for n in attrs if r.random() < .5]
    fallbacks = {n: make_value(r, attrs[n], depth + 1, .02) for n in optional if r.random() < .5}
    return ["object", attrs, optional, fallbacks]


def make_any(r, depth):
    x = r.random()
    if depth >= 3 or x < .6:
        return r.choice(["x", "true", "1", "2.5", "", 1, 0, 2.5, True, False, None])
    if x < .8:
        return [make_any(r, depth + 1) for _ in range(r.randint(0, 2))]
    return {n: make_any(r, depth + 1) for n in r.sample(NAMES, r.randint(0, 2))}


def make_value(r, t, depth=0, noise=.06):
    x = r.random()
    if x < noise:
        return make_any(r, depth)
    if x < noise + .06:
        return None
    if t == "string":
        return r.choice(["x", "y", "1", "true", 1, True, 2.50])
    if t == "number":
        return r.choice([1, 2, 2.5, "3", "4.0", "x" if r.random() < noise else "5"])
    if t == "bool":
        return r.choice([True, False, "true", "false", "1", "TRUE" if r.random() < noise else "0"])
    if t == "dynamic":
        return make_any(r, depth)
    if t[0] in ("list", "set"):
        return [make_value(r, t[1], depth + 1, noise) for _ in range(r.randint(0, 3))]
    if t[0] == "map":
        return {n: make_value(r, t[1], depth + 1, noise) for n in r.sample(NAMES, r.randint(0, 3))}
    if t[0] == "tuple":
        return [make_value(r, e, depth + 1, noise) for e in t[1]]
    value = {n: make_value(r, e, depth + 1, noise) for n, e in t[1].items()
             if r.random() >= (.5 if n in t[2] else .04)}
    if r.random() < .1:
        value["zz"] = make_any(r, 3)
    return value


def write_value(v):
    if isinstance(v, list):
        return "[%s]" % ", ".join(map(write_value, v))
    if isinstance(v, dict):
        return "{%s}" % ", ".join("%s = %s" % (k, write_value(x)) for k, x in v.items())
    return json.dumps(v)


def write_type(t):
    if isinstance(t, str):
        return "any" if t == "dynamic" else t
    if t[0] == "tuple":
        return "tuple([%s])" % ", ".join(map(write_type, t[1]))
    if t[0] != "object":
        return "%s(%s)" % (t[0], write_type(t[1]))
    attrs = []
    for n, e in t[1].items():
        text = write_type(e)
        if n in t[2]:
            text = "optional(%s%s)" % (text, ", " + write_value(t[3][n]) if n in t[3] else "")
        attrs.append("%s = %s" % (n, text))
    return "object({%s})" % ", ".join(attrs)


PREFIX = "This default value is not compatible with the variable's type constraint: "


def convert_once(cases, cwd):
    """(values printed, errors) by number, as one run of Terraform has them."""
    kept, errors = set(range(len(cases))), {}
    for _ in range(8):
        with open(cwd + "/main.tf", "w") as f:
            for i, (t, v) in enumerate(cases):
                text = 'variable "v%d" {\n  type = %s\n  default = %s\n}\n' % (i, write_type(t), write_value(v))
                f.write(text if i in kept else "\n\n\n\n")
        answer = json.loads(terraform(["validate", "-json"], cwd)[1])
        if answer["valid"]:
            break
        for d in answer["diagnostics"]:
            i = (d["range"]["start"]["line"] - 1) // 4
            errors.setdefault(i, d["detail"])
            kept.discard(i)
    else:
        sys.exit("still not valid")
    printed, current = {}, None
    for line in ask("{%s}" % ", ".join("v%d = var.v%d" % (i, i) for i in sorted(kept)), cwd).split("\n"):
        if m := re.match(r'^  "v(\d+)" = (.*)$', line):
            current = int(m[1])
            printed[current] = [m[2]]
        elif current is not None and line != "}":
            printed[current].append(line[2:])
    return {i: "\n".join(lines).rstrip("\n") for i, lines in printed.items()}, errors


def convert():
    r = random.Random(7)
    cases = []
    while len(cases) < 900:
        t = make_type(r, 0, True)
        cases.append((t, make_value(r, t)))
    found = []
    with tempfile.TemporaryDirectory() as cwd:
        runs = [convert_once(cases, cwd) for _ in range(12)]
        printed, errors = runs[0]
        for i, (t, v) in enumerate(cases):
            case = {"type": t, "value": v}
            if i in printed:
                case["print"] = printed[i]
            elif any(other[1].get(i) != errors[i] for other in runs[1:]) or not errors[i].startswith(PREFIX):
                continue
            else:
                case["error"] = errors[i][len(PREFIX):-1]
            found.append(case)
    write("convert.jsonl", found)


# ---- texts ----

def decode(texts, decoder):
    """What Terraform makes of each text: as JSON, as YAML, as the console prints it as a member of an object."""
    with tempfile.TemporaryDirectory() as cwd:
        os.mkdir(cwd + "/in")
        for i, text in enumerate(texts):
            with open("%s/in/%04d" % (cwd, i), "wb") as f:
                f.write(text.encode("utf-8", "surrogatepass"))
        each = '{for f in fileset("%s/in", "*") : f => %%s}' % cwd
        value = '%s(file("%s/in/${f}"))' % (decoder, cwd)
        both = each % ("try([jsonencode(%s), yamlencode(%s)], null)" % (value, value))
        encoded = json.loads(unquote(ask("jsonencode(%s)" % both, cwd)))
        printed, current = {}, None
        for line in ask(each % ("try(%s, null)" % value), cwd).split("\n"):
            if m := re.match(r'^  "(\d{4})" = (.*)$', line):
                current = m[1]
                printed[current] = [m[2]]
            elif current and line != "}":
                printed[current].append(line)
    cases = []
    for i, text in enumerate(texts):
        pair = encoded["%04d" % i]
        if pair is None:
            cases.append({"text": text, "error": True})
        else:
            cases.append({"text": text, "json": pair[0], "yaml": pair[1], "print": "\n".join(printed["%04d" % i]).rstrip("\n")})
    return cases


YAML_SCALARS = r"""1 -1 +1 1.5 .5 5. -.5 1e3 1E+3 1.5e-3 0x1F 0X1F -0x1 0o17 017 08 0b11 1_000 yes Yes YES yEs no on off
On y n Y N true True tRue false null Null ~ NULL .inf -.inf .nan .NaN 2001-12-14 2001-1-2 2001-12-14T21:59:43.10-05:00
2001-12-14t21:59:43.10-05:00 2001-12-14T21:59:43Z 2001-13-01 2001-02-30 2001-12-14T21:59:43+00:00 12:30:45 190:20:30 1.2.3
1.2.3.4 - -- + . .. ... 1e 1e+ e3 0x 0o8 << yellow nope 'yes' "1" "a\tb" "\u00e9" 'it''s' -0 0 00 0.0 +.5
123456789012345678901234567890 1.10 @a `a %a ,a ]a }a &a *a !a |a >a #a a#b :a a: 2001-12-14T1:2:3Z
2001-12-14T21:59:43.123456789123Z 2001-12-14T21:59:60Z 2001-12-14T21:59:43""".split() + ["\u00e9"]
YAML_TEXTS = [
    "2001-12-14 21:59:43.10", "a: 2001-12-14 21:59:43", "2001-12-14 21:59:43.10 -5", '!!int "5"', "!!int 5", "!!int 0b11",
    "!!int 1_000", "!!int 0x1f", "!!int 017", "!!int abc", "!!float 1", "!!float .inf", "!!str 1", "!!str yes", "!!bool yes",
    '!!bool "yes"', "!!bool maybe", "!!null x", '!!null ""', "!!binary aGVsbG8=", '!!binary "###"', "!!timestamp 2001-12-14",
    "!!timestamp x", "!!map {a: 1}", "!!seq [1]", "!!map [1]", "!!seq {a: 1}", "!foo bar", "! bar", "!!set {a}", "a: !!str",
    "!!str", "!<tag:yaml.org,2002:str> 5", "", " ", "\n", "# c\n", "---\n", "---\n...\n", "--- 1\n--- 2\n", "a: 1\n---\nb: 2\n",
    "--- a\n...\n", "%YAML 1.1\n---\na: 1\n", "%YAML 1.2\n---\na: 1\n", "[]", "{}", "[1, 2, [3]]", '{a: 1, "b": c, d}',
    "- 1\n- a: 2\n  b: 3\n- - x\n  - y\n", "a:\n- 1\n- 2\nb:\n  - 3\n", "a: |\n  x\n  y\n", "a: |-\n  x\n  y\n",
    "a: |+\n  x\n\n", "a: >\n  x\n  y\n\n  z\n", "a: >-\n  x\n  y\n", "- |\n 1\n- |-\n 1\n- >-\n yes\n- |-\n x: y\n",
    'a: "x\\\n  y"\n', "a: 'x\n  y'\n", "a: x\n  y\n", "a: &x 1\nb: *x\n", "a: &x {p: 1}\nb:\n  <<: *x\n  q: 2\n",
    "b:\n  <<: {p: 1}\n  p: 2\n", "b:\n  p: 2\n  <<: {p: 1}\n", "b:\n  <<: [{p: 1}]\n", "b:\n  <<: 1\n", "b:\n  <<: ~\n",
    '"<<": {a: 1}\n', "a: *y\n", "a: &a [*a]\n", "&a a: *a\n", "? a\n: b\n", "? [a]\n: b\n", "? {a: 1}\n: b\n",
    "yes: 1\nno: 2\n", "1: a\n2: b\n", "1.50: a\n", "null: 1\n", "~: 1\n", '"": 1\n', ": 1\n", "a: 1\na: 2\n",
    'a: 1\n"a": x\n', "a:\n", "a:\nb: 1\n", "- \n- 1\n", "a: [1,\n 2]\n", "a: {b: {c: [1, {d: e}]}}", "a: b: c\n",
    "\ta: 1\n", "a:\n\tb: 1\n", "a: [1\n", 'a: "x\n', "a: {b\n", "- a\nb\n", "a\nb: c\n", "a: 1\n b: 2\n",
    '{"a":1,"b":[true,null,"x"]}', '{"a": "\\ud83d\\ude00"}', '"\\x41\\u00e9\\U0001F600"', 'a: "\\q"', "a:\u00a0b",
    "\ufeffa: 1", 'a: "\\0"', '"a\\0b": 1', "a: e\u0301", "e\u0301: 1", "- &x a\n- *x\n- &x b\n- *x\n", "a: 1 # c\n",
    "a: 1#c\n", "a: #c\n", "# c\na: 1\n", "*a : 1\n", "a: !!binary |\n  aGVs\n  bG8=\n", "a: &x\nb: *x\n", "0x10: a\n",
    "2001-01-01: x\n", "<<: {a: 1}\n<<: {b: 2}\n", "- <<\n", "a: <<\n", 'a: "<<"\n', "{<<: {x: 1}, y: 2}", "a: 00012\n",
    "a: -\n", "a: - b\n", "[a, b: c]", "[? a : b]", "{a, b: }", "{a: [}]", "a: >2\n   x\n", "a: |1\n  x\n", "!!str a: 1\n",
    '!!int "1": 1\n', "a: ~ # x\n", 'a: ""\n', "a: ''\n", 'a:   "x"   \n', "key with spaces: v\n", "a:b\n", "http://x.y: z\n",
    "a: http://x.y\n", "x: %y\n", "a: @b\n", "a: `b\n", "a: &\n", "a: *\n", "a: !\n", "a: |x\n", "a: >x\n", "- - - 1\n",
    "-1\n", "- -1\n", "--- |\n x\n", "--- >\n x\n y\n", "---\n# c\n", "a: 1\n...\n", "a: 1\n...\n# c\n", "a: 1\n...\nb\n",
]


def yaml():
    write("yaml.jsonl", decode(YAML_SCALARS + ["a: " + s for s in YAML_SCALARS] + YAML_TEXTS, "yamldecode"))


JSON_TEXTS = r"""1|-1|0|-0|-0.0|1.0|1.50|1e5|1E+5|1e-5|0.1|1e50|1e-50|9007199254740993|123456789012345678901234567890.123456789|01|1.|.5|+1
1e|--1|0x10|NaN|Infinity|1e40|true|false|null|tru|True|nul|"a"|"\u00e9"|"\ud83d\ude00"|"\ud83d"|"\ude00"|"\ud83dx"|"\ud83d\n"
"\u0000"|"\b\f\n\r\t\/\"\\"|"\x"|"\u12"|"a|"\u0001\u001f"|[]|[1]|[1,]|[,1]|[1 2]|[|[1|{}|{"a":1}|{"a":1,}|{"a"}|{"a":}|{a:1}
{'a':1}|{"a":1,"a":2}|{"a":1,"a":"x"}|{"b":1,"a":2}|{"a":{"b":[1,{"c":null}]}}|{"":1}|{"a b":1}|{"a\u0000b":1}|  [ 1 , 2 ]  |1 2
{} {}|[] x||  |// c|/* c */1|[null,true,"x",1.5,{"k":"v"},[]]|"line1\nline2"|"line1\nline2\n"|"\n"|{"k":"a\nb"}
["a\nb","EOT\nx"," EOT \nEOT_"]|"${x} %{y} $${z}"|"tab\there"|"\u00a0nbsp\u200bzw"|"\ufeff"|"\u0085"|"quote\"and\\"
{"a-b":1,"a.b":2,"1":3,"_":4}|{"multi\nkey":1}|"  lead"|"trail  "|" \n x"|"a\n  b\n"|"\ta\nb"|"a\r\nb"|"#c"|"- x"|"a: b"|"yes"|"1"
"\u0007\nb"|"\ue000"|"\uffff"|[[],{},[[]],{"a":[]},{"b":{}}]|[[1,[2,[3]]],{"a":[{"b":[1]}]}]|"a\n"|"a\n\n"|"\na"|"\n\n"|["a\n\n"]
{"z":"a\n\n"}|{"z":"a\n\n","zz":1}|"x\n "|"x \ny"|"\u2028\nx"|{"a":{"b":"x\ny"}}|[["x\ny"]]|0.0000001|12345678.9|{"a":1.10}
["\u001b[0m"]|"\\n"|[{"a":1,"b":2},{"a":3}]|"\u0085\nx"|"\u00a0"|"\u000b"|"\u007f"|"\u0080"|"<>&\u2028\u2029"
""".replace("\n", "|").split("|") + [
    '"a\nb"', '"a\tb"', '"<>&\u2028\u2029\x7f"', '"e\u0301"', '"\u0001"', '{"e\u0301":1}', '\n{"a"\n:\n1}\n', "\ufeff1",
    '"\u00e9\u4e2d\U0001F600"', '"\u00e9\\n\u00fc"', '"\U0001F600\\n\U0001F600"', '"long ' + "word " * 60 + '"',
    '{"' + "k" * 140 + '":1}', '{"' + "k" * 120 + '":{"a":[1]}}']


def random_json(r, depth=0):
    x = r.random()
    if depth > 3 or x < .5:
        return r.choice([1, 2.5, -3, True, None, "x", "a b", "multi\nline", "\u00e9", "", "it's", "k: v", "1", "true", "<b>&",
                         "${a}", 0, 1e20, "tab\t", "  sp", "end \n", "\n"])
    if x < .75:
        return [random_json(r, depth + 1) for _ in range(r.randint(0, 4))]
    keys = ["a", "b", "Key", "x y", "\u00e9", "0", "c-d", "n\nl", ""]
    return {r.choice(keys): random_json(r, depth + 1) for _ in range(r.randint(0, 4))}


def json_texts():
    r = random.Random(1)
    write("json.jsonl", decode(JSON_TEXTS + [json.dumps(random_json(r)) for _ in range(120)], "jsondecode"))


# ---- numbers ----

def numbers():
    r = random.Random(3)
    fixed = ["0", "1", "-1", "3", "7", "10", "0.1", "0.2", "0.3", "2.5", "-2.5", "1e50", "1e-50", "9223372036854775807",
             "9223372036854775808", "-9223372036854775808", "18446744073709551616", "9007199254740993", "4611686018427387904",
             "123456789012345678901234567890.123", "0.30000000000000004", "1e155", "3e-7", "99999999999999999999999999999"]
    pairs = [(a, b) for a in fixed for b in r.sample(fixed, 6)]
    for _ in range(150):
        digits = lambda: "".join(r.choice("0123456789") for _ in range(r.randint(1, 40)))
        one = lambda: r.choice(["", "-"]) + digits() + r.choice(["", "." + digits()]) + r.choice(["", "", "e%d" % r.randint(-30, 30)])
        pairs.append((one(), one()))
    rows = []
    for a, b in pairs:
        division = "null" if float(b) == 0 else "tostring(x / y)"
        rows.append('[for p in [["%s", "%s"]] : [for x in [tonumber(p[0])] : [for y in [tonumber(p[1])] : [tostring(x), '
                    'tostring(x + y), tostring(x - y), tostring(x * y), %s, tostring(x %% y), x < y, x == y, '
                    'tostring(floor(x)), tostring(ceil(x))]]]][0][0][0]' % (a, b, division))
    with tempfile.TemporaryDirectory() as cwd:
        with open(cwd + "/main.tf", "w") as f: # too long for the console's line
            f.write("locals {\n  rows = [\n    %s\n  ]\n}\n" % ",\n    ".join(rows))
        answers = json.loads(unquote(ask("jsonencode(local.rows)", cwd)))
    names = ["x", "add", "sub", "mul", "div", "mod", "less", "equal", "floor", "ceil"]
    write("numbers.jsonl", [dict(zip(["a", "b"] + names, [a, b] + row)) for (a, b), row in zip(pairs, answers)])


for what in sys.argv[1:]:
    {"convert": convert, "yaml": yaml, "json": json_texts, "numbers": numbers}[what]()
