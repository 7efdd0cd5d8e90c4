#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Odd configurations, without a cloud: moves that meet, options that name nothing, blocks said twice."""
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "tools"))
from tap import Tap  # noqa: E402

INFRA = (ROOT / os.environ.get("BUILD", "build") / "infra").resolve()
tap = Tap()


class Project:
    def __init__(self, parent, name):
        self.dir = Path(parent) / name
        self.dir.mkdir()

    def write(self, text, name="main.tf"):
        path = self.dir / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)

    def run(self, *args):
        done = subprocess.run([INFRA, *args], cwd=self.dir, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60)
        self.out = done.stdout
        return done.returncode

    def apply(self):
        return self.run("apply", "-auto-approve")


def resource(name, value):
    return f'resource "terraform_data" "{name}" {{\n  input = "{value}"\n}}\n'


def moved(start, end):
    return f"moved {{\n  from = terraform_data.{start}\n  to   = terraform_data.{end}\n}}\n"


with tempfile.TemporaryDirectory() as parent:
    p = Project(parent, "shift")
    p.write(resource("a", "A") + resource("b", "B"))
    tap.ok(p.apply() == 0, "two objects are made", p.out)
    p.write(moved("b", "c") + moved("a", "b") + resource("b", "A") + resource("c", "B"))
    tap.ok(p.run("plan", "-detailed-exitcode") == 2 and "0 to add, 0 to change, 0 to destroy" in p.out, "each moves one place on", p.out)
    tap.ok(p.apply() == 0 and "0 added, 0 changed, 0 destroyed" in p.out, "the moves are recorded", p.out)
    tap.ok(p.run("plan", "-detailed-exitcode") == 0, "no object was lost on the way", p.out)

    p = Project(parent, "chain")
    p.write(resource("a", "A"))
    p.apply()
    p.write(moved("b", "c") + moved("a", "b") + resource("c", "A"))
    tap.ok(p.apply() == 0 and "0 added, 0 changed, 0 destroyed" in p.out, "moves go on where another ends, in any order", p.out)
    tap.ok(p.run("plan", "-detailed-exitcode") == 0, "and stay", p.out)

    p = Project(parent, "options")
    p.write(resource("a", "A"))
    tap.ok(p.run("plan", "-target=terraform_data.b") == 0 and "names nothing" in p.out, "a target that names nothing is told", p.out)
    p.write('resource "terraform_data" "a" {\n  count = 2\n}\nmodule "m" {\n  source   = "./m"\n  for_each = toset(["x"])\n}\n')
    p.write(resource("z", "Z"), "m/main.tf")
    got = {target: p.run("plan", f"-target={target}") == 0 and p.out.count("names nothing")
           for target in ("terraform_data.a[1]", "terraform_data.a[7]", 'module.m["x"]', 'module.m["y"].terraform_data.z')}
    tap.ok(list(got.values()) == [0, 1, 0, 1], "an instance that there is not, too", got, p.out)
    p.write(resource("a", "A") + 2 * 'import {\n  to = terraform_data.a\n  id = "x"\n}\n')
    tap.ok(p.run("plan") == 1 and "Duplicate import" in p.out, "an address is imported once", p.out)

    p.write('import {\n  to = terraform_data.none\n  id = "x"\n}\n')
    tap.ok(p.run("plan") == 1 and "import target does not exist" in p.out, "an import has a block to go to", p.out)
    p.write('resource "terraform_data" "a" {\n  lifecycle {\n    ignore_changes = [inptu]\n  }\n}\n')
    tap.ok(p.run("plan") == 1 and 'Did you mean "input"' in p.out, "ignore_changes names what there is", p.out)
    p.write('resource "terraform_data" "a" {\n  input = 1\n  lifecycle {\n    ignore_changes = [input]\n  }\n}\n')
    tap.ok(p.apply() == 0, "and then does as it says", p.out)

    p = Project(parent, "growing")
    texts = "".join(f'  t{i} = "${{local.t{i - 1}}}${{local.t{i - 1}}}"\n' for i in range(1, 60))
    lists = "".join(f"  l{i} = [local.l{i - 1}, local.l{i - 1}]\n" for i in range(1, 60))
    for what, text in (("texts", f'locals {{\n  t0 = "0123456789abcdef"\n{texts}}}\noutput "o" {{\n  value = length(local.t59)\n}}\n'),
                       ("lists", f'locals {{\n  l0 = [1]\n{lists}}}\noutput "o" {{\n  value = length(local.l59)\n}}\n'),
                       ("loops", 'locals {\n  r = range(1000)\n  kb = format("%1024s", "x")\n  x = [for a in local.r : [for b in local.r : "${local.kb}${b}"]]\n}\n'
                        'output "o" {\n  value = length(local.x)\n}\n')):
        p.write(text)
        tap.ok(p.run("plan") == 1 and "Value too large" in p.out and "main.tf line" in p.out, f"values that grow without end: {what}", p.out)

    p = Project(parent, "endless")
    for name, args in (("x.tf", ["plan"]), ("terraform.tfvars", ["plan"]), ("v", ["plan", "-var-file=v"]), ("v", ["apply", "v"]), ("x.tf", ["fmt"])):
        p.write(resource("a", "A"))
        os.mkfifo(p.dir / name)
        tap.ok(p.run(*args) in (1, 2) and f"{name} is a pipe, not a file" in p.out, f"a pipe called {name} is not waited for: {args[0]}", p.out)
        (p.dir / name).unlink()
    p.write('variable "a" {}\noutput "a" {\n  value = var.a\n}\n')
    done = subprocess.run(["bash", "-c", f"{INFRA} plan -var-file=<(echo 'a = 7')"], cwd=p.dir, capture_output=True, text=True, timeout=60, check=False)
    tap.ok(done.returncode == 0 and "+ a = 7" in done.stdout, "but one that a shell hands over is read", done.stdout, done.stderr)

    p = Project(parent, "checks")
    p.write('variable "n" {\n  default = 2\n}\n' + 'module "m" {\n  source = "./m"\n  count  = 2\n  n      = count.index + 7\n}\n' +
            'check "two" {\n' + "".join(f'  assert {{\n    condition     = var.n > {n}\n    error_message = "{n} ${{var.n}}"\n  }}\n' for n in (5, 6, 1)) + '}\n')
    p.write('variable "n" {}\ncheck "in" {\n  assert {\n    condition     = var.n < 8\n    error_message = "inner"\n  }\n}\n', "m/main.tf")
    p.run("plan", "-out=saved")
    p.run("show", "-json", "saved")

    def instance(module, name, *problems):
        where = {"module": module, "to_display": f"{module}.{name}"} if module else {"to_display": name}
        return {"address": where, "status": "fail" if problems else "pass", **({"problems": [{"message": m} for m in problems]} if problems else {})}
    tap.same(json.loads(p.out)["checks"],  # as Terraform 1.11 says it
             [{"address": {"kind": "check", "name": "two", "to_display": "check.two"}, "status": "fail", "instances": [instance(None, "check.two", "5 2", "6 2")]},
              {"address": {"kind": "check", "module": "module.m", "name": "in", "to_display": "module.m.check.in"}, "status": "fail",
               "instances": [instance("module.m[0]", "check.in"), instance("module.m[1]", "check.in", "inner")]}], "a plan's JSON has all that checks found")

    p = Project(parent, "many")
    p.write('variable "k" {}\n' + resource("a", "${var.k}"), "m/main.tf")
    p.write('module "m" {\n  source = "./m"\n  count  = 1000\n  k      = count.index\n}\n'
            + "".join(resource(f"r{i}", i) for i in range(2000)))
    tap.ok(p.apply() == 0, "3000 objects are made", p.out[-500:])
    start = time.monotonic()
    done = p.run("destroy", "-auto-approve")
    taken = time.monotonic() - start
    tap.ok(done == 0, "and destroyed", p.out[-500:])
    tap.ok(taken < 8, f"without comparing all with all ({taken:.1f} s)")
tap.done()
