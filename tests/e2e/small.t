#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The providers that are no clouds, with the real program: random, null, tls, local, http, time."""
import base64
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
from folder import Folder, actions  # noqa: E402
from tap import Tap  # noqa: E402

t = Tap()


def step(result, code, what):
    return t.ok(result.code == code, what, result)


# ---- random

RANDOM = '''
terraform {
  required_providers {
    random = {
      source  = "hashicorp/random"
      version = "~> 3.6"
    }
  }
}
provider "random" {}
variable "keeper" {
  default = "one"
}
resource "random_id" "plain" {
  byte_length = 8
}
resource "random_id" "prefixed" {
  byte_length = 2
  prefix      = "p-"
  keepers     = { k = var.keeper }
}
resource "random_string" "name" {
  length  = 30
  special = false
  upper   = false
}
resource "random_string" "mixed" {
  length           = 40
  min_lower        = 9
  min_upper        = 9
  min_numeric      = 9
  min_special      = 9
  override_special = "_%\u00e4"
}
resource "random_password" "secret" {
  length = 24
}
resource "random_pet" "short" {
  length = 1
}
resource "random_pet" "long" {
  length    = 4
  prefix    = "web"
  separator = "_"
}
resource "random_integer" "die" {
  count = 100
  min   = 1
  max   = 6
}
resource "random_integer" "seeded" {
  count = 2
  min   = -1000000
  max   = 1000000
  seed  = "the same"
}
resource "random_uuid" "u" {}
resource "random_bytes" "key" {
  length = 16
}
resource "random_shuffle" "zones" {
  input        = ["a", "b", "c"]
  result_count = 7
}
'''


def test_random():
    with Folder(config=RANDOM) as f:
        plan = f.infra("plan")
        step(plan, 0, "random: plans")
        t.ok(len(actions(plan.out)) == 112 and set(actions(plan.out).values()) == {"created"}, "random: all are created", plan)
        step(f.apply(), 0, "random: applies")
        t.ok(f.is_empty(), "random: nothing is left to do")

        plain, prefixed = f.value("random_id.plain"), f.value("random_id.prefixed")
        data = bytes.fromhex(plain["hex"])
        t.same((len(data), plain["dec"], base64.b64decode(plain["b64_std"]), base64.urlsafe_b64decode(plain["b64_url"] + "=")),
               (8, str(int.from_bytes(data, "big")), data, data), "random_id: all forms say the same bytes")
        t.same(plain["id"], plain["b64_url"], "random_id: its id is the form for URLs")
        t.ok(all(prefixed[form].startswith("p-") for form in ("hex", "dec", "b64_std", "b64_url")) and
             not prefixed["id"].startswith("p-"), "random_id: the prefix stands before all forms but the id", prefixed)

        name, mixed = f.value("random_string.name.result"), f.value("random_string.mixed.result")
        t.ok(re.fullmatch(r"[a-z0-9]{30}", name), "random_string: only what is asked for", name)
        counts = [len(re.findall(kind, mixed)) for kind in ("[a-z]", "[A-Z]", "[0-9]", "[_%\u00e4]")]
        t.ok(len(mixed) == 40 == sum(counts) and min(counts) >= 9, "random_string: minimums, and letters of its own", mixed, counts)

        secret, pet = f.value("random_password.secret"), f.value("random_pet.long.id")
        t.ok(len(secret["result"]) == 24 and re.fullmatch(r"\$2a\$10\$[./A-Za-z0-9]{53}", secret["bcrypt_hash"]) and
             secret["id"] == "none", "random_password: a password and its hash", secret)
        check = f.infra("state", "show", "random_password.secret")
        t.ok(check.out.count("(sensitive value)") == 2, "random_password: shown without its secrets", check)
        key = f.value("random_bytes.key")
        t.same(base64.b64decode(key["base64"]).hex(), key["hex"], "random_bytes: both forms say the same")
        for what in (secret["result"], secret["bcrypt_hash"], key["base64"], key["hex"]):
            t.same(f.leaks(what), [], f"random: no secret in clear ({len(what)} letters)")
        t.ok(re.fullmatch(r"web(_[a-z]+){4}", pet) and re.fullmatch("[a-z]+", f.value("random_pet.short.id")), "random_pet", pet)

        dice = [d["result"] for d in f.value("random_integer.die")]
        t.ok(set(dice) <= set(range(1, 7)) and len(set(dice)) >= 4, "random_integer: within its range", dice)
        seeded = f.value("random_integer.seeded[*].result")
        t.same(seeded[0], seeded[1], "random_integer: the same seed, the same number")
        zones = f.value("random_shuffle.zones.result")
        t.same([sorted(zones[:3]), sorted(zones[3:6]), len(zones)], [["a", "b", "c"], ["a", "b", "c"], 7],
               "random_shuffle: no member twice before each came once")
        t.ok(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", f.value("random_uuid.u.result")), "random_uuid")

        plan = f.infra("plan", "-var", "keeper=two")
        t.same(actions(plan.out), {"random_id.prefixed": "replaced"}, "random: keepers replace what has them, and nothing else")
        t.ok("# forces replacement" in plan.out, "random: the plan says why", plan)
        before = f.value("{ plain = random_id.plain, prefixed = random_id.prefixed }")
        step(f.apply("-var", "keeper=two"), 0, "random: replaces")
        after = f.value("{ plain = random_id.plain, prefixed = random_id.prefixed }")
        t.ok(before["plain"] == after["plain"] and before["prefixed"]["hex"] != after["prefixed"]["hex"],
             "random: the replaced one has another value")
        f.write(config=RANDOM.replace("keepers     = { k = var.keeper }", "keepers     = { k = var.keeper, more = null }"))
        t.same(actions(f.infra("plan", "-var", "keeper=two").out), {"random_id.prefixed": "updated in-place"},
               "random: a keeper that is null replaces nothing")
        f.write(config=RANDOM.replace("length = 24", "length = 25"))
        t.same(actions(f.infra("plan", "-var", "keeper=two").out), {"random_password.secret": "replaced"},
               "random: another length replaces")
        step(f.infra("destroy", "-auto-approve"), 0, "random: destroys")
        t.same(f.infra("state", "list").out, "", "random: nothing is left")


def test_random_import():
    ids = {"random_id.a": ("my-prefix-,p-9hUg", "byte_length = 4\n  prefix = \"my-prefix-\""),
           "random_string.a": ("test", "length = 4"),
           "random_password.a": ("securepassword", "length = 14"),
           "random_integer.a": ("15390,1,50000,seed", "min = 1\n  max = 50000\n  seed = \"seed\""),
           "random_uuid.a": ("AABBCCDD-eeff-0011-2233-445566778899", ""),
           "random_bytes.a": ("8/fu3q+2DcgSJ19i0jZ5Cw==", "length = 16")}
    config = ""
    for address, (import_id, body) in ids.items():
        kind, name = address.split(".")
        config += f'import {{\n  to = {address}\n  id = "{import_id}"\n}}\nresource "{kind}" "{name}" {{\n  {body}\n}}\n'
    with Folder(config=config) as f:
        plan = f.infra("plan")
        t.ok("Plan: 6 to import, 0 to add, 0 to change, 0 to destroy." in plan.out, "random: imports change nothing", plan)
        step(f.apply(), 0, "random: imports")
        t.ok(f.is_empty(), "random: nothing is left to do after imports")
        t.same([f.value("random_id.a.hex"), f.value("random_id.a.dec"), f.value("random_integer.a.result"),
                f.value("random_uuid.a.id"), f.value("random_password.a.result")],
               ["my-prefix-a7ef6152"[:10] + base64.urlsafe_b64decode("p-9hUg==").hex(),
                "my-prefix-" + str(int.from_bytes(base64.urlsafe_b64decode("p-9hUg=="), "big")), 15390,
                "aabbccdd-eeff-0011-2233-445566778899", "securepassword"], "random: imported values")
        secret = f.value("random_password.a.bcrypt_hash")
        t.same(f.leaks(secret), [], "random: an imported password's hash stays sealed")
    for address, bad in (("random_id", "!"), ("random_integer", "1,2"), ("random_uuid", "no"), ("random_bytes", "%"),
                         ("random_pet", "otter"), ("random_shuffle", "x")):
        body = {"random_id": "byte_length = 1", "random_integer": "min = 1\n  max = 2", "random_bytes": "length = 1",
                "random_shuffle": "input = []"}.get(address, "")
        with Folder(config=f'import {{\n  to = {address}.a\n  id = "{bad}"\n}}\nresource "{address}" "a" {{\n  {body}\n}}\n') as f:
            result = f.infra("plan")
            t.ok(result.code == 1 and ("Invalid import id" in result.err or "Import is not possible" in result.err),
                 f"{address}: \"{bad}\" is not imported", result)


def test_random_mistakes():
    for body, words in (
            ('resource "random_string" "a" {\n  length = 0\n}', 'The argument "length" must be a whole number from 1'),
            ('resource "random_string" "a" {\n  length = 1.5\n}', 'The argument "length" must be a whole number from 1'),
            ('resource "random_string" "a" {\n  length = 3\n  min_upper = 4\n}', "The length 3 is less than the 4 characters"),
            ('resource "random_string" "a" {\n  length = 3\n  upper = false\n  lower = false\n  numeric = false\n  special = false\n}',
             "No character is left to choose from"),
            ('resource "random_string" "a" {\n  length = 3\n  number = false\n  numeric = true\n}', "mean the same"),
            ('resource "random_integer" "a" {\n  min = 3\n  max = 2\n}', '"min" is greater than "max"'),
            ('resource "random_id" "a" {\n}', 'The argument "byte_length" is required'),
            ('resource "random_pets" "a" {\n}', 'Did you mean "random_pet"?')):
        with Folder(config=body) as f:
            result = f.infra("plan")
            t.ok(result.code == 1 and words in " ".join(result.err.split()), f"random: {words}", result)


# ---- null

NULL = '''
variable "v" {
  default = "one"
}
resource "null_resource" "a" {
  triggers = { v = var.v }
}
data "null_data_source" "d" {
  inputs = { id = null_resource.a.id }
}
output "copy" {
  value = data.null_data_source.d.outputs["id"]
}
output "default" {
  value = data.null_data_source.d.has_computed_default
}
'''


def test_null():
    with Folder(config=NULL) as f:
        plan = f.infra("plan")
        t.same(actions(plan.out), {"null_resource.a": "created", "data.null_data_source.d": "read during apply"}, "null: plans")
        step(f.apply(), 0, "null: applies")
        t.ok(f.value("null_resource.a.id").isdigit(), "null: its id is a number")
        t.ok(f.is_empty(), "null: nothing is left to do")
        plan = f.infra("plan", "-var", "v=two")
        t.same(actions(plan.out).get("null_resource.a"), "replaced", "null: triggers replace")
        step(f.infra("destroy", "-auto-approve"), 0, "null: destroys")


t.case(test_random)
t.case(test_random_import)
t.case(test_random_mistakes)
t.case(test_null)
t.done()
