#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What docs/language.md says, said to the program."""
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
from e2e import INFRA  # noqa: E402
from folder import Folder, actions  # noqa: E402
from tap import Tap  # noqa: E402

t = Tap()


def output(expression):
    return f'output "o" {{\n  value = {expression}\n}}\n'


def data(name, body=""):
    return f'resource "terraform_data" "{name}" {{\n{body}\n}}\n'


def run(args=("plan",), env=None, **files):
    with Folder(**files) as f:
        done = subprocess.run([INFRA, *args], env={**f.env, **(env or {})}, cwd=f.folder, text=True, check=False, capture_output=True,
                              stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout, done.stderr


def gives(what, wanted, expression=None, args=("plan",), env=None, **files):
    """The output o, as a plan shows it."""
    if expression:
        files["o__tf"] = output(expression)
    code, out, err = run(args, env, **files)
    t.ok(code == 0 and f"+ o = {wanted}\n" in out, what, out, err)


def fails(what, words, args=("plan",), env=None, **files):
    code, out, err = run(args, env, **files)
    t.ok(code == 1 and words in " ".join(err.split()), what, f"wanted: {words}", out, err)


def warns(what, words, args=("plan",), **files):
    code, out, err = run(args, None, **files)
    t.ok(code == 0 and words in " ".join(err.split()), what, f"wanted: {words}", out, err)


def test_files():
    gives(".infra and .tf files are one module", "1", "local.a", a__infra="locals {\n  a = 1\n}\n")
    gives("the program's own blocks stand in .infra files", "1", "1", a__infra='job "j" {\n  x = 1\n}\ntunnel "t" {\n  host = "x"\n  port = 1\n}\nbudget "b" {}\n')
    for kind in ("job", "tunnel", "budget"):
        fails(f"{kind} blocks do not stand in .tf files", "stand in files that end in .infra", a__tf=f'{kind} "x" {{}}\n')
    fails("what a tunnel refers to has to have it", "has no attribute named \"outptu\"", args=("validate",), a__tf=data("x"),
          b__infra='tunnel "t" {\n  host = terraform_data.x.outptu\n  port = 1\n}\n')
    fails("a tunnel's port is one", "from 1 to 65535", args=("validate",), a__tf="", b__infra='tunnel "t" {\n  host = "x"\n  port = 65000 + 1000\n}\n')
    fails("a tunnel's path begins with a slash", "begins with a slash", args=("validate",), a__tf="",
          b__infra='tunnel "t" {\n  host = "x"\n  port = 1\n  path = "a"\n}\n')
    gives("hidden files and backups are skipped", "1", "1", **{".a__tf": "{", "b__tf~": "{"})
    fails("nothing is overridden", "Duplicate local value", a__tf="locals {\n  a = 1\n}\n", a_override__tf="locals {\n  a = 2\n}\n")
    fails("files in JSON syntax are refused", "Configuration in JSON syntax", a__tf=output("1"), b__tf__json="{}")
    fails("a state of Terraform's is not planned over", "infra state import terraform.tfstate", a__tf=data("x"), terraform__tfstate="""
{"version": 4, "terraform_version": "1.11.4", "serial": 1, "lineage": "a", "outputs": {}, "resources": [{"mode": "managed",
 "type": "terraform_data", "name": "x", "provider": "provider[\\"terraform.io/builtin/terraform\\"]", "instances": [
 {"schema_version": 0, "attributes": {"id": "a", "input": null, "output": null, "triggers_replace": null}}]}]}""")


def test_variables():
    number = 'variable "a" {\n  type    = number\n  default = 1\n}\n'
    sources = [({}, (), {}), ({"TF_VAR_a": "2"}, (), {}), ({"INFRA_VAR_a": "3"}, (), {}), ({}, (), {"terraform__tfvars": "a = 4\n"}),
               ({}, (), {"terraform__tfvars__json": '{"a": 5}'}), ({}, (), {"k__auto__tfvars": "a = 6\n"}),
               ({}, (), {"l__auto__tfvars__json": '{"a": 7}'}), ({}, (), {"m__auto__tfvars": "a = 8\n"}),
               ({}, ("-var", "a=9"), {}), ({}, ("-var-file=file",), {"file": "a = 10\n"}), ({}, ("-var=a=11",), {})]
    env, args, files = {}, (), {"v__tf": number}
    for i, (more_env, more_args, more_files) in enumerate(sources):
        env.update(more_env)
        args += more_args
        files.update(more_files)
        gives(f"values of variables: source {i + 1} over those before it", str(i + 1), "var.a", ("plan", *args), env, **files)
    fails("a variable without a value", "export TF_VAR_a=VALUE", a__tf='variable "a" {}\n')
    gives("plain text without a type", '"[x"', "var.a", env={"TF_VAR_a": "[x"}, a__tf='variable "a" {}\n')
    gives("an expression with one", "1", "var.a[0]", ("plan", "-var", "a=[1]"), a__tf='variable "a" {\n  type = list(number)\n}\n')
    fails("an undeclared name behind -var", 'Did you mean "a"?', ("plan", "-var=aa=1"), a__tf=number)
    warns("an undeclared name in a file", 'Did you mean "a"?', a__tf=number, terraform__tfvars="aa = 1\n")
    gives("an undeclared name in the environment", "1", "var.a", env={"TF_VAR_b": "1"}, a__tf=number)
    fails("a value of another type", "a number is required", ("plan", "-var=a=x"), a__tf=number)
    gives("optional attributes", "[\n      + 3,\n      + null,\n    ]", "[var.a.x, var.a.y]",
          a__tf='variable "a" {\n  type    = object({ x = optional(number, 3), y = optional(string) })\n  default = {}\n}\n')
    gives("null becomes the default", "3", "module.m.o", a__tf='module "m" {\n  source = "./m"\n  a      = null\n}\n',
          **{"m/a__tf": 'variable "a" {\n  nullable = false\n  default  = 3\n}\n' + output("var.a")})
    fails("a validation that looks around", "Too many: 2.", ("plan", "-var=a=2"),
          a__tf='variable "most" {\n  default = 1\n}\nvariable "a" {\n  validation {\n    condition     = var.a <= var.most\n'
                '    error_message = "Too many: ${var.a}."\n  }\n}\n')
    gives("a default may call functions", '"X"', "var.a", a__tf='variable "a" {\n  default    = upper("x")\n  deprecated = "old"\n}\n')


def test_values():
    for expression, wanted in (("0.1 + 0.2 == 0.3", "true"), ("pow(2, 200) + 1 - pow(2, 200)", "1"), ('"a${true}"', '"atrue"'), ('"5" + 1', "6"),
                               ("length(null[*])", "0"), ('length("x"[*])', "1"),
                               ('{ for s in ["ab", "ac"] : substr(s, 0, 1) => s... }["a"][1]', '"ac"'),
                               ('join("", [for x in ["a", "", "b"] : x if x != ""])', '"ab"'), ("true || null", "true"),
                               ('"${[1][0]}" + 1', "2"), ('length("${[1, 2]}")', "2"), ('"$${a}%%{b}\\u00e4"', '"${a}%{b}ä"'),
                               ('"%{ if 1 == 2 }a%{ else }b%{ endif }"', '"b"'), ("terraform.workspace", '"default"'),
                               ("infra.workspace", '"default"'), ("path.module", '"."'), ('convert("1", number)', "1"),
                               ("length(terraform_data.x) + length(terraform_data.y)", "3")):
        gives(f"value: {expression}", wanted, expression, a__tf=data("x", "  count = 2") + data("y", '  for_each = toset(["a"])'))
    fails("no number is infinite", "Error: ", a__tf=output("1 / 0"))
    fails("names are checked everywhere", "Reference to undeclared resource", a__tf=data("x", "  count = 0\n  input = terraform_data.y.id"))
    fails("depth is limited", "250 levels", a__tf=output("(" * 300 + "1" + ")" * 300))
    heredoc = 'output "o" {\n  value = length(<<-END\n      a\n        b\n    END\n  )\n}\n'
    gives("indentation of here documents", "6", a__tf=heredoc)
    gives("~ takes white space away", '"12"', '"%{ for i in [1, 2] ~}  ${i}  %{~ endfor }"')
    gives("templates in files", '"v=1 X"', 'templatefile("t", { a = 1 })', t='v=${a} ${upper("x")}')
    gives("templates elsewhere", '"v=1"', "templatestring(local.t, { a = 1 })", a__tf='locals {\n  t = "v=$${a}"\n}\n')


def test_known():
    one = data("x", "  input = 1")
    gives("a length is known", "1", "length([terraform_data.x.output])", a__tf=one)
    gives("what a cloud chooses is not", "(known after apply)", "terraform_data.x.output", a__tf=one)
    fails("count must be known", "Invalid count argument", a__tf=one + data("y", "  count = terraform_data.x.output"))
    fails("keys of for_each must be known", "Invalid for_each argument", a__tf=one + data("y", "  for_each = toset([terraform_data.x.id])"))
    code, out, err = run(a__tf=one + data("y", "  for_each = { a = terraform_data.x.output }"))
    t.ok(code == 0 and 'terraform_data.y["a"]' in out, "its values need not be", out, err)
    code, out, err = run(a__tf=one + 'data "null_data_source" "d" {\n  depends_on = [terraform_data.x]\n}\n')
    t.same(actions(out).get("data.null_data_source.d"), "read during apply", "data sources wait for what they depend on")


def test_secrets():
    secret = 'variable "s" {\n  sensitive = true\n  default   = "hidden-word"\n}\n'
    fails("an output that is sensitive says so", "sensitive = true", a__tf=secret + output("var.s"))
    gives("nonsensitive", '"hidden-word"', "nonsensitive(var.s)", a__tf=secret)
    code, out, err = run(a__tf=secret + data("x", '  input = "a${var.s}"') + 'output "o" {\n  value     = tonumber(var.s)\n  sensitive = true\n}\n')
    t.ok(code == 1 and "hidden-word" not in out + err and "(sensitive value)" in out and "(sensitive value)" in err,
         "secrets are not shown, not even by errors", out, err)
    fails("keys of for_each are shown, and so no secrets", "The value is sensitive", a__tf=data("x", '  for_each = toset([sensitive("a")])'))
    with Folder(config=secret + 'output "o" {\n  value     = var.s\n  sensitive = true\n}\n') as f:
        f.apply()
        t.ok("hidden-word" not in f.infra("output").out and "hidden-word" in f.infra("output", "-json").out +
             f.infra("show", "-json").out and "hidden-word" in f.infra("output", "o").out, "outputs by name, and JSON, show them")

    passing = 'variable "e" {\n  ephemeral = true\n  default   = "x"\n}\n'
    call = 'module "m" {\n  source = "./m"\n  v      = var.e\n}\n'
    inner = 'variable "v" {\n%s}\noutput "o" {\n  value = var.v\n%s}\n'
    mark = "  ephemeral = true\n"
    fails("ephemeral: not into arguments that are kept", 'The argument "input" is kept', a__tf=passing + data("x", "  input = [var.e]"))
    fails("ephemeral: not into outputs", "Ephemeral value not allowed", a__tf=passing + output("var.e"))
    fails("ephemeral: no output of the root", "Ephemeral output not allowed", a__tf='output "o" {\n  value     = 1\n  ephemeral = true\n}\n')
    fails("ephemeral: not into other variables", "Invalid use of ephemeral value", a__tf=passing + call, **{"m/a__tf": inner % ("", "")})
    fails("ephemeral: not out of modules", "its block does not say so", a__tf=passing + call, **{"m/a__tf": inner % (mark, "")})
    gives("ephemeral: through modules", "true", "ephemeralasnull(module.m.o) == null", a__tf=passing + call, **{"m/a__tf": inner % (mark, mark)})
    code, out, err = run(a__tf=passing + 'provider "aws" {\n  region     = "us-east-1"\n  secret_key = var.e\n  access_key = var.e\n}\n' + output("1"))
    t.ok(code == 0, "ephemeral: into provider blocks", out, err)


def test_instances_and_lifecycle():
    with Folder(config=data("x", "  input = 1")) as f:
        f.apply()
        f.write(config=data("x", "  input = 1\n  count = 2"))
        plan = f.infra("plan")
        t.same(actions(plan.out).get("terraform_data.x[1]"), "created", "a block that gets a count: one is added")
        t.ok("1 to add, 0 to change, 0 to destroy" in plan.out, "and its object becomes the first", plan)
        f.write(config=data("x", "  input = 1\n  lifecycle {\n    enabled = false\n  }"))
        t.ok("1 to destroy" in f.infra("plan").out, "enabled = false: none")
        f.write(config='variable "p" {\n  default = true\n}\n' + data("x", "  triggers_replace = 1\n  lifecycle {\n    prevent_destroy = var.p\n  }"))
        t.ok("prevent_destroy" in f.infra("plan").err and f.infra("plan", "-var=p=false").code == 0, "prevent_destroy takes expressions")
        f.write(config=data("x", "  input = 2\n  lifecycle {\n    ignore_changes = [input]\n  }"))
        t.ok(f.is_empty(), "ignore_changes")
        f.write(config=data("x", "  lifecycle {\n    ignore_changes = all\n  }"))
        t.ok(f.is_empty(), "ignore_changes = all")
        f.write(config=data("x", "  input = 2") + data("y", "  lifecycle {\n    replace_triggered_by = [terraform_data.x.input]\n  }"))
        f.apply()
        f.write(config=data("x", "  input = 3") + data("y", "  lifecycle {\n    replace_triggered_by = [terraform_data.x.input]\n  }"))
        t.same(actions(f.infra("plan").out), {"terraform_data.x": "updated in-place", "terraform_data.y": "replaced"}, "replace_triggered_by")
        f.write(config=data("x", "  input = 2\n  lifecycle {\n    destroy = false\n  }") + data("y"))
        out = f.infra("plan", "-destroy").out
        t.ok("1 to destroy" in out and "will no longer be managed" in out, "destroy = false forgets", out)
        f.write(config=data("new", "  input = 2") + 'moved {\n  from = terraform_data.x\n  to   = terraform_data.new\n}\n'
                'removed {\n  from = terraform_data.y\n  lifecycle {\n    destroy = false\n  }\n}\n')
        out = f.infra("plan").out
        t.ok("0 to add, 0 to change, 0 to destroy" in out and "has moved to terraform_data.new" in out and
             "will no longer be managed" in out, "moved and removed", out)
        f.write(config=data("new", "  input = 2") + 'moved {\n  from = terraform_data.x\n  to   = terraform_data.new\n}\n'
                "removed {\n  from = terraform_data.y\n}\n")
        t.ok("1 to destroy" in f.infra("plan").out, "removed without a lifecycle block destroys")
    fails("postconditions", "Two, not 1.", a__tf=data("x", "  input = 1\n  lifecycle {\n    postcondition {\n      condition     = self.input == 2\n"
                                                  '      error_message = "Two, not ${self.input}."\n    }\n  }'))
    fails("preconditions of outputs", "Nope.", a__tf='output "o" {\n  value = 1\n  precondition {\n    condition     = path.module == ""\n'
                                                   '    error_message = "Nope."\n  }\n}\n')
    check = 'check "c" {\n%s  assert {\n    condition     = %s\n    error_message = "Nope."\n  }\n}\n'
    scoped = '  data "local_file" "f" {\n    filename = "nowhere"\n  }\n'
    warns("checks warn", "Nope.", a__tf=check % ("", 'path.module == ""'))
    warns("so do their data sources", "nowhere cannot be read", a__tf=check % (scoped, 'data.local_file.f.content == ""'))
    warns("also while applying", "cannot be read", ("apply", "-auto-approve"), a__tf=data("x", '  input = "no"') + check % (
        scoped.replace("nowhere", "${terraform_data.x.output}where"), 'data.local_file.f.content == ""'))
    fails("count or for_each", "takes one of the two", a__tf=data("x", "  count = 1\n  for_each = {}"))
    fails("a list for for_each", "toset(...)", a__tf=data("x", '  for_each = ["a"]'))
    code, out, err = run(a__tf='data "http" "x" {\n  url = "http://127.0.0.1:9/"\n  dynamic "retry" {\n    for_each = [0]\n    iterator = it\n'
                               '    content {\n      attempts = it.value\n    }\n  }\n}\n')
    t.ok(code == 1 and "HTTP request failed" in err, "dynamic blocks", out, err)


def test_addresses():
    move = 'moved {\n  from = terraform_data.x\n  to   = terraform_data.y\n}\n'
    fails("what moved is not declared any more", "Moved object still exists", a__tf=data("x") + data("y") + move)
    follows = 'moved {\n  from = terraform_data.w\n  to   = terraform_data.x\n}\n'
    code, out, err = run(a__tf=data("x") + data("y") + move + follows)
    t.ok(code == 0, "unless another object moves to its place", out, err)
    fails("what was removed is not declared any more", "Removed resource still exists", a__tf=data("x") + "removed {\n  from = terraform_data.x\n}\n")
    fails("nor is a module", "Removed module still exists", a__tf='module "m" {\n  source = "./m"\n}\nremoved {\n  from = module.m\n}\n',
          **{"m/a__tf": output("1")})
    fails("whole resources are removed", "without [keys]", a__tf="removed {\n  from = terraform_data.x[0]\n}\n")
    fails("no other type by moving", "Resource type mismatch", a__tf=move.replace("terraform_data.y", "null_resource.y"))
    uuid = "aabbccdd-eeff-0011-2233-445566778899"
    code, out, err = run(a__tf=f'import {{\n  for_each = {{ a = "{uuid}" }}\n  to       = random_uuid.u[each.key]\n  id       = each.value\n}}\n'
                               'resource "random_uuid" "u" {\n  for_each = toset(["a"])\n}\n')
    t.ok(code == 0 and "1 to import, 0 to add" in out, "imports with for_each", out, err)
    fails("an import has a block", "Configuration for import target does not exist", a__tf='import {\n  to = random_uuid.u\n  id = "x"\n}\n')
    fails("imports stand in the root", "Import blocks stand in the root module", a__tf='module "m" {\n  source = "./m"\n}\n',
          **{"m/a__tf": 'import {\n  to = random_uuid.u\n  id = "x"\n}\nresource "random_uuid" "u" {}\n'})


def test_modules_and_providers():
    gives("modules, several times", "[\n      + 0,\n      + 1,\n    ]", "module.m[*].o", a__tf='module "m" {\n  count  = 2\n  source = "./m"\n'
          "  n      = count.index\n}\n", **{"m/a__tf": 'variable "n" {}\n' + output("var.n")})
    inner = ('terraform {\n  required_providers {\n    random = {\n      source                = "hashicorp/random"\n'
             '      configuration_aliases = [random.inner]\n    }\n  }\n}\nresource "random_pet" "p" {\n  provider = random.inner\n}\n')
    code, out, err = run(a__tf='provider "random" {\n  alias = "b"\n}\nmodule "m" {\n  source    = "./m"\n  providers = { random.inner = random.b }\n}\n',
                         **{"m/a__tf": inner})
    t.ok(code == 0 and "module.m.random_pet.p" in out, "providers of modules", out, err)
    for source in ("terraform-aws-modules/vpc/aws", "git::https://example.com/x", "/tmp"):
        fails(f"no modules from {source}", "Module source is not local", a__tf=f'module "m" {{\n  source = "{source}"\n}}\n')
    fails("no other providers", "infra has no provider named", a__tf='resource "google_x" "y" {}\n')
    fails("no functions of providers", "Unknown provider function", a__tf=output('provider::aws::arn_parse("a")'))
    fails("no other backends", "-ignore-backend", a__tf='terraform {\n  backend "s3" {}\n}\n' + output("1"))
    fails("no cloud", "-ignore-backend", a__tf="terraform {\n  cloud {}\n}\n" + output("1"))
    gives("but past them", "1", "1", ("plan", "-ignore-backend"), a__tf='terraform {\n  backend "s3" {}\n}\n')
    gives("a local backend", "1", "1", a__tf='terraform {\n  backend "local" {}\n}\n')
    fails("no provisioners", "does not run provisioners", a__tf=data("x", '  provisioner "local-exec" {\n    command = "true"\n  }'))
    fails("no ephemeral blocks", "Ephemeral resources are not supported", a__tf='ephemeral "random_password" "p" {\n  length = 3\n}\n')
    fails("no identity", '"identity" is not supported', a__tf='import {\n  to       = random_uuid.u\n  identity = {}\n}\nresource "random_uuid" "u" {}\n')
    fails("no remote state", "has no data source", a__tf='data "terraform_remote_state" "x" {\n  backend = "local"\n}\n')
    fails("no newer language", "infra has that of 1.11", a__tf='terraform {\n  required_version = ">= 1.12"\n}\n' + output("1"))
    gives("this language", "1", "1", a__tf='terraform {\n  required_version = "~> 1.5"\n}\n')
    warns("arguments of another aws provider", "leaves out 5.x", a__tf='terraform {\n  required_providers {\n    aws = {\n'
          '      source  = "hashicorp/aws"\n      version = "~> 4.0"\n    }\n  }\n}\n' + output("1"))
    listed = {"http": ["http"], "local": ["local_file", "local_sensitive_file"], "null": ["null_data_source", "null_resource"],
              "random": ["random_bytes", "random_id", "random_integer", "random_password", "random_pet", "random_shuffle",
                         "random_string", "random_uuid"], "terraform": ["terraform_data"], "time": ["time_sleep", "time_static"],
              "tls": ["tls_private_key", "tls_public_key"]}
    text = (Path(__file__).resolve().parents[2] / "docs/language.md").read_text(encoding="utf-8")
    for provider, types in listed.items():
        row = next(line for line in text.splitlines() if line.startswith(f"| `{provider}` |") and f"`{types[0]}`" in line)
        t.ok(all(f"`{name}`" in row for name in types), f"the page lists the types of {provider}", row)


os.environ.pop("TF_VAR_a", None)
t.case(test_files)
t.case(test_variables)
t.case(test_values)
t.case(test_known)
t.case(test_secrets)
t.case(test_instances_and_lifecycle)
t.case(test_addresses)
t.case(test_modules_and_providers)
t.done()
