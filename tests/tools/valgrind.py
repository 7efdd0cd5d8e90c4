#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs infra under valgrind's memcheck: a life of terraform_data, random and tls, and one of examples/msls against moto.

Any invalid access, use of an undefined value, leaked block or descriptor left open is a failure.
"""
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import e2e  # noqa: E402
from tap import Tap, skip_all  # noqa: E402

VALGRIND = ["valgrind", "--quiet", "--leak-check=full", "--show-leak-kinds=definite,indirect,possible",
            "--errors-for-leak-kinds=definite,indirect,possible", "--error-exitcode=99", "--num-callers=30", "--track-fds=yes"]
PLAIN = """
variable "names" {
  type    = list(string)
  default = ["a", "b", "c"]
}
resource "terraform_data" "one" {
  for_each = toset(var.names)
  input    = { name = each.key, list = [for n in var.names : upper(n)] }
}
resource "terraform_data" "two" {
  count            = 3
  triggers_replace = element(values(terraform_data.one), count.index).output.name
  input            = templatefile("t.tftpl", { n = count.index })
}
output "all" { value = terraform_data.two[*].output }
resource "random_password" "p" {
  length  = 20
  keepers = { names = join(",", var.names) }
}
resource "random_pet" "pet" {}
resource "random_id" "id" {
  byte_length = 4
  prefix      = random_pet.pet.id
}
resource "random_shuffle" "names" {
  input = var.names
}
resource "tls_private_key" "key" {
  algorithm = "ED25519"
}
output "secret" {
  value     = random_password.p.result
  sensitive = true
}
"""
tap = Tap()


def check(folder, env, *args, code=0):
    done = e2e.run([*VALGRIND, e2e.INFRA, *args], env, folder, timeout=900)
    opened = done.err.count("Open file descriptor") - done.err.count("<inherited from parent>")
    tap.ok(done.code == code and opened <= 0, f"{' '.join(args)} in {folder.name} ({done.seconds:.0f} s)", done)


def life(folder, env, *changes):
    check(folder, env, "validate")
    check(folder, env, "apply", "-auto-approve")
    check(folder, env, "plan", "-out=saved.plan", *changes)
    check(folder, env, "show", "-json", "saved.plan")
    check(folder, env, "apply", "saved.plan")
    check(folder, env, "state", "export")
    check(folder, env, "output", "-json")
    check(folder, env, "destroy", "-auto-approve")


if not shutil.which("valgrind"):
    skip_all("valgrind is not installed")
with tempfile.TemporaryDirectory(prefix="infra-valgrind-") as top:
    folder = Path(top) / "plain"
    folder.mkdir()
    (folder / "main.tf").write_text(PLAIN)
    (folder / "t.tftpl").write_text("%{ for i in range(n) }${i}%{ endfor }")
    life(folder, e2e.environment("", HOME=top), '-var=names=["x","b"]')
    (folder / "main.tf").write_text('resource "terraform_data" "a" {\n  input = nothing.here\n  inputs = 3\n')
    check(folder, e2e.environment("", HOME=top), "plan", code=1)
try:
    import moto  # noqa: F401  pylint: disable=unused-import
    with e2e.Moto() as server, e2e.Project("msls", server, e2e.MSLS) as project:
        life(project.folder, project.env, "-var=data_volume_size=600", "-replace=module.core.aws_instance.jump")
        tap.same(server.inventory(), {}, "nothing is left on the server")
except ImportError:
    tap.skip("a life of examples/msls", "python3 has no moto")
tap.done()
