#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The state's file: what is damaged is not taken for empty; where its objects live; what killed updates leave in it."""
import json
import os
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tools"))
import e2e  # noqa: E402
from folder import Folder  # noqa: E402
from tap import Tap, skip_all  # noqa: E402

tap = Tap()
YES = ("-auto-approve", "-input=false")
PLAIN = 'resource "terraform_data" "a" {\n  input = "one"\n}\n'
CONFIG = '''
resource "aws_vpc" "v" {
  cidr_block           = "10.0.0.0/16"
  enable_dns_hostnames = false
}
resource "aws_security_group" "g" {
  name   = "g"
  vpc_id = aws_vpc.v.id
}
'''


class Life:
    """A copy of an empty cloud, behind the proxy, and a folder."""

    def __init__(self, cloud, proxy, config=CONFIG):
        self.copy = cloud.copy()
        proxy.before(self.copy)
        self.proxy = proxy
        self.folder = Folder(config=config)
        self.folder.env = proxy.environment(HOME=str(self.folder.home))

    def __enter__(self):
        return self.folder

    def __exit__(self, *_):
        self.folder.__exit__()
        self.copy.stop()


def query(folder, sql):
    with closing(sqlite3.connect(folder.folder / ".infra" / "state.db")) as db:
        return db.execute(sql).fetchall()


# ---- the file

def test_damage():
    with Folder(config=PLAIN) as f:
        tap.ok(f.apply().code == 0, "a state is made")
        path = f.folder / ".infra" / "state.db"
        good = path.read_bytes()
        tap.same(sorted(p.name for p in path.parent.iterdir()), ["state.db", "state.db.lock"], "one file, and its lock")

        def refused(what, word, *commands):
            for command in commands or (("plan",), ("apply", *YES), ("state", "list"), ("output",)):
                done = f.infra(*command)
                tap.ok(done.code == 1 and word in done.err, f"{what}: `infra {command[0]}` refuses", done)

        path.write_bytes(b"")
        refused("no bytes", "has no bytes")
        tap.same(path.read_bytes(), b"", "and leaves it as it is")
        path.write_bytes(good[:len(good) // 2])
        refused("half of it", "The state cannot be read")
        path.write_bytes(os.urandom(len(good)))
        refused("noise", "The state cannot be read")
        path.unlink()
        sqlite3.connect(path).execute("CREATE TABLE other (x)").connection.commit()
        refused("another database", "it is no state of infra")
        path.unlink()
        path.with_name("state.db-wal").write_bytes(b"x" * 100)
        refused("a journal alone", "its journal is not", ("plan",), ("apply", *YES))
        path.with_name("state.db-wal").unlink()
        path.write_bytes(good)
        tap.ok(f.is_empty(), "the good one, put back, is as before")
        shutil.copytree(f.folder, f.path / "elsewhere")
        shutil.rmtree(f.folder)
        (f.path / "elsewhere").rename(f.folder)
        tap.ok(f.is_empty(), "and can be moved")


# ---- the key; the ways that docs/state.md shows

SECRETS = PLAIN + '''
resource "random_password" "p" {
  length = 20
}
output "p" {
  value     = random_password.p.result
  sensitive = true
}
'''


def test_key():
    with Folder(config=SECRETS) as f:
        key = f.home / ".config" / "infra" / "state.key"
        tap.ok(f.apply().code == 0 and key.stat().st_mode & 0o777 == 0o600, "the key is made when something is to be sealed, for its owner")
        password, good = f.value("random_password.p.result"), key.read_bytes()
        key.unlink()
        for command in (("plan",), ("state", "list")):
            done = f.infra(*command)
            tap.ok(done.code == 1 and "No key for sensitive values" in done.err and str(key) in "".join(done.err.split("\n")),
                   f"without it `infra {' '.join(command)}` says which file is missing", done)
        tap.ok(not key.exists(), "and makes no other one")
        key.write_text("0" * 64 + "\n")
        tap.ok("Another key for sensitive values" in f.infra("plan").err, "another key is told from it")
        key.write_bytes(good)
        tap.ok(f.is_empty() and f.value("random_password.p.result") == password, "put back, all is as before")

        # another machine: the folder, and the key
        shutil.copytree(f.folder, f.path / "there")
        home = f.path / "home2"
        (home / ".config" / "infra").mkdir(parents=True)
        shutil.copy(key, home / ".config" / "infra" / "state.key")
        done = e2e.run([e2e.INFRA, "plan", "-detailed-exitcode"], {**f.env, "HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config")},
                       f.path / "there")
        tap.ok(done.code == 0, "another machine needs the folder and the key", done)

        # to a passphrase, through Terraform's form
        done = f.infra("state", "export")
        (f.folder / "handed.tfstate").write_text(done.out)
        (f.folder / ".infra").rename(f.folder / ".infra-before")
        f.env["INFRA_STATE_PASSPHRASE"] = "a long sentence that nobody guesses"
        tap.ok(f.infra("state", "import", "handed.tfstate").code == 0 and f.is_empty(), "a state changes its key through export and import")
        key.rename(key.with_name("away"))
        tap.ok(f.value("random_password.p.result") == password, "and needs the passphrase alone")
        f.env["INFRA_STATE_PASSPHRASE"] = "another one"
        tap.ok("Another key for sensitive values" in f.infra("plan").err, "a wrong one is refused")
        del f.env["INFRA_STATE_PASSPHRASE"]

        # the key is lost for good
        shutil.rmtree(f.folder / ".infra")
        (f.folder / ".infra-before").rename(f.folder / ".infra")
        with closing(sqlite3.connect(f.folder / ".infra" / "state.db")) as db:
            tap.same([row[0] for row in db.execute("SELECT address FROM objects WHERE substr(value, 1, 1) = x'73'")],
                     ["random_password.p"], "which objects are sealed can be asked")
            db.executescript("DELETE FROM objects WHERE substr(value, 1, 1) = x'73'; DELETE FROM outputs WHERE substr(value, 1, 1) = x'73';"
                             "DELETE FROM intents; DELETE FROM meta WHERE name IN ('key', 'salt');")
        done = f.apply()
        tap.ok(done.code == 0 and "1 added, 0 changed, 0 destroyed" in done.out and f.is_empty(), "the rest goes on without them", done)


def test_backup():
    with Folder(config=PLAIN) as f:
        f.apply()
        path, copy = f.folder / ".infra" / "state.db", f.path / "backup.db"
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        f.write(config=PLAIN.replace("one", "two"))
        f.apply()
        path.write_bytes(copy.read_bytes())
        done = f.infra("plan", "-detailed-exitcode")
        tap.ok(done.code == 2 and "0 to add, 1 to change" in done.out, "a backup, put back, is the state of then", done)


# ---- where the objects live

def test_saved_plan_elsewhere(cloud, proxy):
    with Life(cloud, proxy) as f, e2e.Proxy(cloud) as other:
        tap.ok(f.infra("plan", "-out=p").code == 0, "a plan for one server")
        here = f.env
        f.env = other.environment(HOME=str(f.home))
        done = f.infra("apply", "p")
        tap.ok(done.code == 1 and "The plan was made for another cloud" in done.err and other.endpoint in done.err and
               proxy.endpoint in done.err, "is not carried out on another one", done)
        tap.same({entry["action"] for entry in other.log()}, {"GetCallerIdentity"}, "which was only asked who it is")
        f.env = here
        done = f.infra("apply", "p")
        tap.ok(done.code == 0, "and still is on its own", done)


def test_terraforms_state(cloud, proxy):
    with Life(cloud, proxy) as f:
        tap.ok(f.apply().code == 0, "objects are made")
        text = f.infra("state", "export").out
        state = json.loads(text) if text.startswith("{") else None
        if state is None:
            tap.skip("a state of Terraform's", "there is no `state export`")
            return
        shutil.rmtree(f.folder / ".infra")
        (f.folder / "terraform.tfstate").write_text(text.replace(cloud.account, "999999999999"))
        tap.ok(f.infra("state", "import", "terraform.tfstate").code == 0, "a state of Terraform's from another account")
        done = f.infra("plan")
        tap.ok(done.code == 1 and "The state belongs to another cloud" in done.err and "999999999999" in done.err,
               "is not planned in this one: ARNs tell", done)
        shutil.rmtree(f.folder / ".infra")
        (f.folder / "terraform.tfstate").write_text(text)
        tap.ok(f.infra("state", "import", "terraform.tfstate").code == 0, "a state of Terraform's from this account")
        tap.same(query(f, "SELECT DISTINCT cloud FROM objects"), [(None,)], "does not say where its objects live")
        tap.ok(f.is_empty(), "they are found")
        done = f.apply()
        tap.ok(done.code == 0 and "0 added, 0 changed" in done.out, "an apply changes nothing", done)
        tap.same(query(f, "SELECT DISTINCT cloud FROM objects"), [(f"aws:{cloud.account}:us-east-1@{proxy.endpoint}",)],
                 "and records where they are")


# ---- intents

def test_update_intents(cloud, proxy):
    changed = CONFIG.replace("hostnames = false", "hostnames = true")
    for moment in ("kill-before", "kill-after"):
        with Life(cloud, proxy) as f:
            f.apply()
            f.write(config=changed)
            proxy.faults(f"ModifyVpcAttribute:{moment}")
            e2e.run([e2e.INFRA, "apply", *YES], f.env, f.folder, started=lambda pid: proxy.order("pid", str(pid)))
            proxy.settle()
            proxy.reset()
            tap.same(query(f, "SELECT count(*) FROM intents"), [(1,)], f"{moment} leaves the intent of an update")
            done = f.infra("plan", "-detailed-exitcode")
            tap.same(done.code, 2 if moment == "kill-before" else 0, "the next plan sees what is still to be done")
            tap.ok(f.apply().code == 0 and f.is_empty(), "the next apply does it")
            tap.same(query(f, "SELECT count(*) FROM intents"), [(0,)], "and no intent stays")
        with Life(cloud, proxy) as f:
            f.apply()
            f.write(config=changed)
            proxy.faults(f"ModifyVpcAttribute:{moment}")
            e2e.run([e2e.INFRA, "apply", *YES], f.env, f.folder, started=lambda pid: proxy.order("pid", str(pid)))
            proxy.settle()
            proxy.reset()
            f.write(config=CONFIG if moment == "kill-before" else changed)
            tap.ok(f.apply().code == 0 and query(f, "SELECT count(*) FROM intents") == [(0,)],
                   f"{moment}: nor where nothing is to be done any more")


def test_create_goes_on(cloud, proxy):
    """What a cut-short create had still to do is done, and no attribute that nobody has written is touched."""
    config = CONFIG + '''
resource "aws_subnet" "s" {
  vpc_id                  = aws_vpc.v.id
  cidr_block              = "10.0.1.0/24"
  map_public_ip_on_launch = true
}
'''
    with Life(cloud, proxy, config) as f:
        proxy.faults("CreateSubnet:kill-after")
        e2e.run([e2e.INFRA, "apply", *YES], f.env, f.folder, started=lambda pid: proxy.order("pid", str(pid)))
        proxy.settle()
        proxy.reset()
        done = f.apply()
        asked = [entry["action"] for entry in proxy.log() if entry["action"].startswith("Modify")]
        tap.ok(done.code == 0 and f.is_empty(), "a create that was cut short goes on", done)
        tap.same(asked, ["ModifySubnetAttribute"], "with what is written alone")


# ---- deletions

def test_deletions():
    """Objects of one resource that were made after different things: each goes before all of what it was made after."""
    one = PLAIN.replace('"a"', '"x"') + PLAIN.replace('"a"', '"y"')
    config = one + '''
resource "terraform_data" "many" {
  for_each = KEYS
  input    = terraform_data.WHICH.output
}
'''
    with Folder(config=config.replace("KEYS", '{ first = 1 }').replace("WHICH", "x")) as f:
        f.apply()
        f.write(config=config.replace("KEYS", '{ first = 1, second = 2 }').replace("WHICH", "y"))
        # only the second is made: the first keeps what it was made after
        f.infra("apply", *YES, '-target=terraform_data.many["second"]')
        lists = dict(query(f, "SELECT address, dependencies FROM objects WHERE address LIKE '%many%'"))
        tap.same(lists, {'terraform_data.many["first"]': "terraform_data.x\n", 'terraform_data.many["second"]': "terraform_data.y\n"},
                 "two objects of one resource were made after different things")
        done = f.infra("destroy", *YES)
        gone = [line.split(":")[0] for line in done.out.split("\n") if "Destruction complete" in line]
        tap.ok(done.code == 0 and len(gone) == 4 and {"terraform_data.x", "terraform_data.y"} == set(gone[2:]),
               "both go before either of these", done)


for test in (test_damage, test_deletions, test_key, test_backup):
    tap.case(test)
if e2e.missing("plan", "apply", "destroy"):
    tap.skip("states of clouds", e2e.missing("plan", "apply", "destroy"))
    tap.done()
with e2e.cloud() as cloud_, e2e.Proxy(cloud_) as proxy_:
    cloud_.inventory()  # what it loads for that, its copies need not load
    for test in (test_saved_plan_elsewhere, test_terraforms_state, test_update_intents, test_create_goes_on):
        tap.case(test, cloud_, proxy_)
    e2e.nothing_unknown(tap, cloud_)
tap.done()
