#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The providers that are no clouds, with the real program: random, null, tls, local, http, time."""
import base64
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
from e2e import INFRA  # noqa: E402
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


# ---- tls

TLS = '''
resource "tls_private_key" "rsa" {
  algorithm = "RSA"
}
resource "tls_private_key" "curve" {
  algorithm   = "ECDSA"
  ecdsa_curve = "P256"
}
resource "tls_private_key" "default_curve" {
  algorithm = "ECDSA"
}
resource "tls_private_key" "ed" {
  algorithm = "ED25519"
}
resource "tls_private_key" "named" {
  algorithm       = "ED25519"
  openssh_comment = "ada@example"
}
data "tls_public_key" "pem" {
  private_key_pem = tls_private_key.curve.private_key_pem
}
data "tls_public_key" "openssh" {
  private_key_openssh = tls_private_key.ed.private_key_openssh
}
resource "terraform_data" "pem" {
  input = data.tls_public_key.pem
}
resource "terraform_data" "openssh" {
  input = data.tls_public_key.openssh.public_key_openssh
}
'''


def ssh_keygen(*args, text):
    return subprocess.run(["ssh-keygen", *args], input=text, text=True, check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT).stdout.strip()


def test_tls():
    with Folder(config=TLS) as f:
        plan = f.infra("plan")
        t.ok(len(actions(plan.out)) == 9 and not re.search(r"private_key\w+ += \(known", plan.out), "tls: plans, secrets hidden", plan)
        step(f.apply(), 0, "tls: applies")
        t.ok(f.is_empty(), "tls: nothing is left to do")
        for name, bits, kind in (("rsa", 2048, "RSA"), ("curve", 256, "ECDSA"), ("ed", 256, "ED25519")):
            key = f.value(f"tls_private_key.{name}")
            if not shutil.which("ssh-keygen"):
                t.skip(f"tls: {name} is known to ssh-keygen", "no ssh-keygen")
                continue
            t.same(ssh_keygen("-l", "-f", "-", text=key["public_key_openssh"]),
                   f"{bits} {key['public_key_fingerprint_sha256']} no comment ({kind})", f"tls: {name} is known to ssh-keygen")
            t.same(ssh_keygen("-l", "-E", "md5", "-f", "-", text=key["public_key_openssh"]).split()[1],
                   "MD5:" + key["public_key_fingerprint_md5"], f"tls: {name}'s older fingerprint")
            private = f.path / "key"
            private.write_text(key["private_key_openssh"], encoding="utf-8")
            private.chmod(0o600)
            t.same(ssh_keygen("-y", "-f", str(private), text="").split()[:2], key["public_key_openssh"].split(),
                   f"tls: {name}'s private key belongs to the public one")
            for form in ("private_key_pem", "private_key_openssh", "private_key_pem_pkcs8"):
                t.same(f.leaks(key[form].splitlines()[1]), [], f"tls: {name}'s {form} stays sealed")
        t.same(f.value("terraform_data.pem.output"),
               {**{k: v for k, v in f.value("tls_private_key.curve").items() if k.startswith("public_key") or k in ("id", "algorithm")},
                "private_key_openssh": None, "private_key_pem": f.value("tls_private_key.curve.private_key_pem")},
               "tls: the data source says the same of a PEM key")
        t.same(f.value("terraform_data.openssh.output"), f.value("tls_private_key.ed.public_key_openssh"),
               "tls: the data source says the same of an OpenSSH key")
        named = f.value("tls_private_key.named")
        if shutil.which("ssh-keygen"):
            private.unlink()
            private.write_text(named["private_key_openssh"], encoding="utf-8")
            private.chmod(0o600)
            t.same([named["public_key_openssh"].split()[2:], ssh_keygen("-y", "-f", str(private), text="").split()[2:]],
                   [["ada@example"]] * 2, "tls: a comment goes with both halves")
        else:
            t.skip("tls: a comment goes with both halves", "no ssh-keygen")
        p224 = f.value("tls_private_key.default_curve")
        t.ok(p224["ecdsa_curve"] == "P224" and p224["public_key_openssh"] == "" == p224["public_key_fingerprint_md5"] and
             p224["private_key_openssh"] == "" and "BEGIN EC PRIVATE KEY" in p224["private_key_pem"],
             "tls: what OpenSSH does not have is empty", p224)
        f.write(config=TLS.replace('"P256"', '"P384"'))
        plan = f.infra("plan")
        t.same(actions(plan.out), {"tls_private_key.curve": "replaced", "data.tls_public_key.pem": "read during apply",
                                   "terraform_data.pem": "updated in-place"},
               "tls: another curve makes another key")
    for body, words in (('algorithm = "DSA"', 'There is no algorithm "DSA"'), ('algorithm = "RSA"\n  rsa_bits = 512', "from 1024"),
                        ('algorithm = "ECDSA"\n  ecdsa_curve = "P255"', 'There is no curve "P255"')):
        with Folder(config=f'resource "tls_private_key" "a" {{\n  {body}\n}}\n') as f:
            result = f.infra("plan")
            t.ok(result.code == 1 and words in " ".join(result.err.split()), f"tls: {words}", result)
    with Folder(config='data "tls_public_key" "a" {\n  private_key_pem = "no key"\n}\n') as f:
        result = f.infra("plan")
        t.ok(result.code == 1 and "is no private key" in result.err, "tls: what is no key is refused", result)
    with Folder(config='data "tls_public_key" "a" {\n}\n') as f:
        result = f.infra("plan")
        t.ok(result.code == 1 and "Exactly one of the arguments" in result.err, "tls: a key is needed", result)


# ---- local

LOCAL = '''
variable "text" {
  default = "one\\n"
}
resource "local_file" "a" {
  filename        = "out/deep/a.txt"
  content         = var.text
  file_permission = "0644"
}
resource "local_file" "binary" {
  filename       = "out/b.bin"
  content_base64 = "AAH//g=="
}
resource "local_file" "copy" {
  filename   = "out/copy"
  source     = local_file.a.filename
  depends_on = [local_file.a]
}
resource "local_sensitive_file" "key" {
  filename = "out/key"
  content  = "correct horse battery"
}
data "local_file" "back" {
  filename   = local_file.binary.filename
  depends_on = [local_file.binary]
}
resource "terraform_data" "back" {
  input = data.local_file.back
}
'''


KEY_FILE = '''
resource "tls_private_key" "ed" {
  algorithm = "ED25519"
}
resource "local_sensitive_file" "pem" {
  filename        = "key.pem"
  content         = tls_private_key.ed.private_key_openssh
  file_permission = "0600"
}
resource "local_file" "plain" {
  filename        = "plain.pem"
  content         = tls_private_key.ed.private_key_pem
  file_permission = "600"
}
output "key" {
  value     = tls_private_key.ed.private_key_pem
  sensitive = true
}
'''


def mode(path):
    return path.stat().st_mode & 0o777


def test_local():
    old = os.umask(0o022)
    try:
        with Folder(config=LOCAL) as f:
            out = f.folder / "out"
            plan = f.infra("plan")
            t.same(sorted(actions(plan.out).values()), ["created"] * 5 + ["read during apply"], "local: plans")
            t.ok(not out.exists(), "local: a plan writes nothing")
            step(f.apply(), 0, "local: applies")
            t.same([(out / n).read_bytes() for n in ("deep/a.txt", "b.bin", "copy", "key")],
                   [b"one\n", b"\0\1\xff\xfe", b"one\n", b"correct horse battery"], "local: the files hold what they should")
            t.same([oct(mode(out / n)) for n in ("deep", "deep/a.txt", "b.bin", "key")], ["0o755", "0o644", "0o755", "0o700"],
                   "local: permissions, less what the user's mask takes away")
            a = f.value("local_file.a")
            digests = {name: hashlib.new(name, b"one\n") for name in ("md5", "sha1", "sha256", "sha512")}
            t.same({k: v for k, v in a.items() if k.startswith("content_") and v},
                   {**{f"content_{name}": d.hexdigest() for name, d in digests.items()},
                    **{f"content_base64{name}": base64.b64encode(digests[name].digest()).decode() for name in ("sha256", "sha512")}},
                   "local: digests of the content")
            t.same(a["id"], digests["sha1"].hexdigest(), "local: the id is one of them")
            back = f.value("terraform_data.back.output")
            t.same([back["content_base64"], back["content"]], ["AAH//g==", "\0\1\ufffd\ufffd"], "local: read back")
            t.same(f.leaks("correct horse"), [], "local: the sensitive file's content stays sealed")
            t.ok(f.is_empty(), "local: nothing is left to do")

            (out / "deep/a.txt").write_text("somebody's\n")
            (out / "b.bin").unlink()
            plan = f.infra("plan")
            t.same({k: v for k, v in actions(plan.out).items() if k.startswith("local")},
                   {"local_file.a": "created", "local_file.binary": "created"}, "local: changed and missing files are written anew")
            step(f.apply(), 0, "local: writes them")
            t.same((out / "deep/a.txt").read_text(), "one\n", "local: as they were")
            t.ok(f.is_empty(), "local: nothing is left to do again")

            t.same(actions(f.infra("plan", "-var", "text=two").out).get("local_file.a"), "replaced", "local: other content replaces")
            step(f.apply("-var", "text=two"), 0, "local: replaces")
            t.same((out / "deep/a.txt").read_text(), "two", "local: with the other content")

            (out / "copy").write_text("somebody's\n")
            result = f.infra("destroy", "-auto-approve", "-refresh=false", "-var", "text=two")
            step(result, 0, "local: destroys")
            t.same(sorted(str(p.relative_to(out)) for p in out.rglob("*") if p.is_file()), ["copy"],
                   "local: what somebody else wrote is left")
            t.ok("File is left where it is" in result.err, "local: and told", result)

        # The new object's file is where the old one's was: it stays.
        config = 'resource "local_file" "a" {\n  filename = "a"\n  content = "x"\n  file_permission = "%s"\n' \
                 '  lifecycle {\n    create_before_destroy = true\n  }\n}\n'
        with Folder(config=config % "0644") as f:
            step(f.apply(), 0, "local: applies, create before destroy")
            f.write(config=config % "0600")
            result = f.apply()
            t.ok(result.code == 0 and "left where it is" not in result.err, "local: replaces, create before destroy", result)
            t.ok((f.folder / "a").exists() and mode(f.folder / "a") == 0o600, "local: the new file stands where the old one did")
            t.ok(f.is_empty(), "local: nothing is left to do after create before destroy")
            f.write(config=(config % "0600").replace('"a" {', '"renamed" {'))
            step(f.apply(), 0, "local: another block with the same file")
            t.ok((f.folder / "a").exists() and f.is_empty(), "local: its file stands, and nothing is left to do")

        # Secrets by way of files that are not secret by themselves.
        with Folder(config=KEY_FILE) as f:
            step(f.apply(), 0, "local: writes a private key")
            pem = (f.folder / "key.pem").read_text(encoding="utf-8")
            t.ok("PRIVATE KEY" in pem and mode(f.folder / "key.pem") == 0o600 == mode(f.folder / "plain.pem"),
                 "local: a private key is its owner's alone")
            for path in ("key.pem", "plain.pem"):
                secret = (f.folder / path).read_text(encoding="utf-8").splitlines()[1]
                t.same(f.leaks(secret), [], f"local: {path} stays sealed in the state")
            for command in (["state", "list"], ["state", "show", "local_file.plain"], ["show"], ["plan"], ["output"],
                            ["plan", "-destroy"], ["plan", "-replace=tls_private_key.ed", "-out=saved"], ["show", "saved"]):
                step(f.infra(*command), 0, f"local: {' '.join(command)}")
            t.ok(secret.encode() not in (f.folder / "saved").read_bytes(), "local: a saved plan holds no key in clear")
            t.same(f.leaks(secret), [], "local: no command prints the key")
            os.chmod(f.folder / "plain.pem", 0o644)
            os.link(f.folder / "plain.pem", f.folder / "other")
            (f.folder / "plain.pem").write_text("", encoding="utf-8")
            step(f.apply(), 0, "local: writes through a hard link")
            t.same((oct(mode(f.folder / "other")), (f.folder / "other").read_text(encoding="utf-8")),
                   ("0o600", (f.folder / "plain.pem").read_text(encoding="utf-8")), "local: and makes it private, too")

        # A run that is cut short between writing and recording: the next one takes the file over.
        with Folder(config='resource "local_file" "a" {\n  filename = "a"\n  content = "x"\n}\n') as f:
            os.mkfifo(f.folder / "gate")
            f.write(config='resource "local_file" "a" {\n  filename = "gate"\n  content = "x"\n}\n')
            first = subprocess.Popen([INFRA, "apply", "-auto-approve"], env=f.env, cwd=f.folder, stdout=subprocess.DEVNULL)
            deadline = time.monotonic() + 20
            while not (f.folder / ".infra/state.db").exists() and time.monotonic() < deadline:
                time.sleep(0.01)
            time.sleep(0.2)  # it waits for a reader now
            first.kill()
            first.wait()
            (f.folder / "gate").unlink()
            (f.folder / "gate").write_text("x")
            (f.folder / "gate").chmod(0o755)
            result = f.infra("plan")
            t.ok("the object exists, and is taken over" in result.out and not actions(result.out),
                 "local: a file of an interrupted run is taken over", result)
    finally:
        os.umask(old)
    for body, words in (('filename = "x"', "Exactly one of the arguments"),
                        ('filename = "x"\n  content = "a"\n  source = "b"', "Exactly one of the arguments"),
                        ('filename = "x"\n  content = "a"\n  file_permission = "999"', "is no permission"),
                        ('filename = ""\n  content = "a"', "must be a path"),
                        ('filename = "a\\u0000b"\n  content = "a"', "must be a path")):
        with Folder(config=f'resource "local_file" "a" {{\n  {body}\n}}\n') as f:
            result = f.infra("plan")
            t.ok(result.code == 1 and words in " ".join(result.err.split()), f"local: {words}", result)
    for body, words in (('content_base64 = "%"', "is not base64"), ('source = "nowhere"', "The source nowhere cannot be read")):
        with Folder(config=f'resource "local_file" "a" {{\n  filename = "x"\n  {body}\n}}\n') as f:
            result = f.apply()
            t.ok(result.code == 1 and words in " ".join(result.err.split()), f"local: {words}", result)
    with Folder(config='data "local_file" "a" {\n  filename = "nowhere"\n}\n') as f:
        result = f.infra("plan")
        t.ok(result.code == 1 and "nowhere cannot be read: No such file" in result.err, "local: no file to read", result)


# ---- time

TIME = '''
resource "time_sleep" "before" {
  create_duration  = "0.3s"
  destroy_duration = "400ms"
}
resource "terraform_data" "after" {
  input = time_sleep.before.id
}
resource "time_static" "now" {}
resource "time_static" "then" {
  rfc3339 = "2020-02-12T06:36:13+01:30"
}
'''


def test_time():
    with Folder(config=TIME) as f:
        plan = f.infra("plan")
        t.ok(re.search(r"\+ unix += 1581483973", plan.out) and re.search(r"\+ hour += 6", plan.out), "time: a moment that is written is known at once", plan)
        begin = time.monotonic()
        step(f.apply(), 0, "time: applies")
        t.ok(time.monotonic() - begin >= 0.3, "time: and waits")
        t.ok(f.is_empty(), "time: nothing is left to do")
        now = f.value("time_static.now")
        t.ok(abs(now["unix"] - time.time()) < 60 and now["rfc3339"] == now["id"] and re.fullmatch(r"[-0-9]+T[:0-9]+Z", now["id"]), "time: now", now)
        then = f.value("time_static.then")
        t.same([then[k] for k in ("year", "month", "day", "hour", "minute", "second", "unix")], [2020, 2, 12, 6, 36, 13, 1581483973],
               "time: a moment, in its own zone")
        begin = time.monotonic()
        step(f.infra("destroy", "-auto-approve"), 0, "time: destroys")
        t.ok(time.monotonic() - begin >= 0.4, "time: and waits for that, too")
    config = ('import {\n  to = time_sleep.a\n  id = "30s,,k=v"\n}\nresource "time_sleep" "a" {\n  create_duration = "30s"\n'
              '  triggers        = { k = "v" }\n}\nimport {\n  to = time_static.a\n  id = "2020-02-12T06:36:13Z"\n}\n'
              'resource "time_static" "a" {\n}\n')
    with Folder(config=config) as f:
        plan = f.infra("plan")
        t.ok("2 to import, 0 to add, 0 to change" in plan.out, "time: imports", plan)
    for body, words in (('"time_sleep" "a" {\n}', "At least one of the arguments"), ('"time_sleep" "a" {\n  create_duration = "1 s"\n}', "is no duration"),
                        ('"time_sleep" "a" {\n  create_duration = "1.s"\n}', "is no duration"),
                        ('"time_static" "a" {\n  rfc3339 = "2020-02-30T00:00:00Z"\n}', "in the form of RFC 3339"),
                        ('"time_static" "a" {\n  rfc3339 = "2020-02-20 00:00:00Z"\n}', "in the form of RFC 3339"),
                        ('"time_static" "a" {\n  rfc3339 = "2020-02-20T00:00:00"\n}', "in the form of RFC 3339")):
        with Folder(config=f"resource {body}\n") as f:
            result = f.infra("plan")
            t.ok(result.code == 1 and words in " ".join(result.err.split()), f"time: {words}", result)


# ---- template

TEMPLATE = '''
resource "random_password" "p" {
  length  = 12
  special = false
}
data "template_file" "script" {
  template = file("script.tpl")
  vars = {
    name  = "ada"
    count = 2
  }
}
data "template_file" "older" {
  filename = "script.tpl"
  vars     = { name = "bob", count = 1 }
}
data "template_file" "secret" {
  template = "p=$${p}"
  vars     = { p = random_password.p.result }
}
resource "terraform_data" "keep" {
  input = [data.template_file.script.rendered, data.template_file.older.rendered, data.template_file.secret.rendered]
}
output "script" {
  value = data.template_file.script.rendered
}
'''


def test_template():
    with Folder(config=TEMPLATE, script__tpl='Hello ${upper(name)}%{ if count == "2" }!%{ endif }') as f:
        plan = f.infra("plan")
        t.ok('script = "Hello ADA!"' in plan.out, "template: known while planning", plan)
        step(f.apply(), 0, "template: applies")
        kept = f.value("terraform_data.keep.output")
        t.same(kept[:2], ["Hello ADA!", "Hello BOB"], "template: rendered, from text and from a file")
        t.ok(re.fullmatch("p=[A-Za-z0-9]{12}", kept[2]) and f.leaks(kept[2]) == [], "template: with secrets it is one", kept)
    for body, words in (('template = "$${nme}"\n  vars = { name = "x" }', 'Did you mean "name"?'), ('template = "%%{ if"', "Error: "),
                        ('template = "x"\n  filename = "y"', "Only one of the arguments"), ('filename = "nowhere"', "nowhere cannot be read"),
                        ('template = sensitive("hid-$${nme}")', "which is sensitive, cannot be rendered")):
        with Folder(config=f'data "template_file" "a" {{\n  {body}\n}}\n') as f:
            result = f.infra("plan")
            t.ok(result.code == 1 and words in " ".join(result.err.split()), f"template: {words}", result)


# ---- the console

CONSOLE = '''
resource "random_id" "r" {
  byte_length = 2
}
data "null_data_source" "a" {
  inputs = { x = "1" }
}
data "null_data_source" "many" {
  count  = 2
  inputs = { x = data.null_data_source.a.outputs["x"] }
}
data "null_data_source" "later" {
  inputs = { x = random_id.r.hex }
}
data "local_file" "here" {
  for_each = toset(["main.tf"])
  filename = each.key
}
data "local_file" "missing" {
  filename = "nowhere"
}
data "local_file" "none" {
  count    = 0
  filename = "nowhere"
}
module "m" {
  count  = length(data.null_data_source.many)
  source = "./m"
}
locals {
  xs = data.null_data_source.many[*].outputs["x"]
}
'''
CONSOLE_MODULE = '''
data "local_file" "own" {
  filename = "${path.module}/main.tf"
}
output "size" {
  value = length(data.local_file.own.content)
}
'''


def test_console():
    with Folder(config=CONSOLE) as f:
        (f.folder / "m").mkdir()
        (f.folder / "m/main.tf").write_text(CONSOLE_MODULE, encoding="utf-8")

        def console(*lines):
            done = subprocess.run([INFRA, "console"], env=f.env, cwd=f.folder, input="\n".join(lines) + "\n", text=True, check=False,
                                  capture_output=True)
            return done.returncode, done.stdout.split("\n")[:-1], done.stderr

        code, out, err = console("jsonencode(local.xs)", 'data.local_file.here["main.tf"].content_md5', "module.m[1].size",
                                 "length(data.local_file.none)", "data.null_data_source.later.outputs")
        t.same((code, out), (0, ['"[\\"1\\",\\"1\\"]"', f'"{hashlib.md5(CONSOLE.encode()).hexdigest()}"', str(len(CONSOLE_MODULE)),
                                 "0", "(known after apply)"]), "console: data sources are read when asked for" + err)
        code, out, err = console("1 + 1", "data.local_file.missing.content", "2 + 2")
        t.ok(code == 1 and out == ["2", "4"] and "in data.local_file.missing" in err and "nowhere cannot be read" in err,
             "console: what cannot be read is told, and it goes on", out, err)
        f.write(config=CONSOLE.replace("nowhere", "main.tf"))
        step(f.apply(), 0, "console: applies")
        code, out, err = console("data.null_data_source.later.outputs.x == random_id.r.hex")
        t.same((code, out), (0, ["true"]), "console: data sources see what the state knows" + err)


t.case(test_random)
t.case(test_random_import)
t.case(test_random_mistakes)
t.case(test_null)
t.case(test_tls)
t.case(test_local)
t.case(test_time)
t.case(test_template)
t.case(test_console)
t.done()
