#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plan every case of this folder with the real Terraform and keep what it prints.

    tests/plan-text/collect.py PLUGINS [CASE...]     (all cases without CASE)

PLUGINS is a folder that a filesystem_mirror of Terraform can use. The clouds are moto servers.
A case is a folder; written by hand are

    main.tf          the configuration that is planned
    flags            more arguments of `terraform plan`, one a line
    before/main.tf   a configuration that is applied first, from which state.json comes
    setup.sh         run before everything: what exists in the cloud and in no state
    drift.sh         run after before/main.tf was applied: what somebody else changed; the ids of
                     the resources are variables named after their addresses (aws_vpc_main)

and collected are

    state.json       the state that is planned from (version 4), with ids, times and addresses
                     that differ from run to run replaced by lasting ones
    show.txt         what `terraform show -no-color` says of that state
    show.json        and `terraform show -json`, a member of a list a line
    output.txt       and `terraform output -no-color`, where it has outputs
    output.json      and `terraform output -json`, likewise
    plan.txt         what `terraform plan -no-color` prints, errors and warnings behind it
    plan.json        what `terraform show -json` says of the plan, a member of a list a line
    status           the exit status of `plan -detailed-exitcode`: 0 no changes, 1 error, 2 changes

Nothing is refreshed (-refresh=false) unless there is a setup.sh or drift.sh, so a program that
reads state.json needs no cloud to plan the same.
"""
import concurrent.futures
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SERVER = os.path.join(HERE, "..", "tools", "moto_server.py")
IDS = ("acl dopt eipalloc eipassoc eni fs fsmt i igw nat r rtb rtbassoc sg sgr subnet "
       "subnet-cidr-assoc vol vpc vpc-cidr-assoc").split()
# Whatever differs from run to run, and the lasting form of the n-th one seen.
PATTERNS = [
    (r"\b(%s)-[0-9a-f]{8,17}\b" % "|".join(sorted(IDS, key=len, reverse=True)),
     lambda m, n: "%s-%017d" % (m.group(1), n)),
    (r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b",
     lambda m, n: "00000000-0000-4000-8000-%012d" % n),
    (r"\bA(ROA|IPA|NPA)[A-Z0-9]{16,17}\b", lambda m, n: "A%s%017d" % (m.group(1), n)),
    (r"\bA[A-Z0-9]{20}\b", lambda m, n: "A%020d" % n),
    (r"\b20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", lambda m, n: "2025-01-01T00:00:00Z"),
    (r"\b54\.214\.\d+\.\d+\b", lambda m, n: "54.214.0.%d" % n),
    (r"\b54-214-\d+-\d+\b", lambda m, n: "54-214-0-%d" % n),
    (r"terraform-20\d{14,30}\b", lambda m, n: "terraform-%026d" % n),
]


class Names:
    """One mapping for a whole case, so that the same id gets the same name everywhere."""

    def __init__(self):
        self.known, self.count = {}, {}

    def lasting(self, text):
        for i, (pattern, form) in enumerate(PATTERNS):
            def one(m):
                old = m.group(0)
                if old in self.known.values():
                    return old
                if old not in self.known:
                    kind = (i,) + m.groups()[:1]
                    self.count[kind] = self.count.get(kind, 0) + 1
                    self.known[old] = form(m, self.count[kind])
                return self.known[old]
            text = re.sub(pattern, one, text)
        return text


def run(argv, folder, env):
    p = subprocess.run(argv, cwd=folder, env=env, stdin=subprocess.DEVNULL,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return p.returncode, p.stdout.decode(), p.stderr.decode()


def must(argv, folder, env):
    status, out, err = run(argv, folder, env)
    if status:
        sys.exit("%s in %s: %s%s" % (" ".join(argv), folder, out, err))
    return out


def text_of(folder):
    return "".join(open(f).read() for f in glob.glob(os.path.join(folder, "**", "*.tf"),
                                                     recursive=True))


def copy_configuration(source, target):
    """The files of a configuration and its modules, in place of whatever stood there."""
    for old in glob.glob(os.path.join(target, "*.tf")):
        os.unlink(old)
    for entry in os.listdir(source):
        path = os.path.join(source, entry)
        if entry.endswith((".tf", ".tfvars")):
            shutil.copy(path, target)
        elif os.path.isdir(path) and entry != "before":
            shutil.copytree(path, os.path.join(target, entry), dirs_exist_ok=True)
    if "aws_" in text_of(target):
        shutil.copy(os.path.join(HERE, "provider.tf"), target)


def json_lines(value, depth=0):
    """JSON with a line for each member of the outer objects and lists."""
    if depth < 3 and isinstance(value, dict) and value:
        return "{\n" + ",\n".join(
            "%s%s: %s" % (" " * (depth + 1), json.dumps(k), json_lines(v, depth + 1))
            for k, v in sorted(value.items())) + "\n" + " " * depth + "}"
    if depth < 3 and isinstance(value, list) and value:
        return "[\n" + ",\n".join(" " * (depth + 1) + json_lines(v, 3) for v in value) + \
            "\n" + " " * depth + "]"
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def collect(case, plugins):
    source = os.path.join(HERE, case)
    server = subprocess.Popen([sys.executable, SERVER], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    port = server.stdout.readline().decode().strip()
    folder = tempfile.mkdtemp(prefix="plan-text.")
    env = {k: v for k, v in os.environ.items() if not k.startswith(("TF_", "AWS_"))}
    rc = os.path.join(folder, ".terraformrc")
    with open(rc, "w") as f:
        f.write('provider_installation {\n  filesystem_mirror {\n    path    = "%s"\n'
                '    include = ["registry.terraform.io/*/*"]\n  }\n}\n' % plugins)
    env.update(TF_CLI_CONFIG_FILE=rc, CHECKPOINT_DISABLE="1", AWS_ACCESS_KEY_ID="test",
               AWS_SECRET_ACCESS_KEY="test", AWS_REGION="us-east-1",
               AWS_DEFAULT_REGION="us-east-1", AWS_PAGER="",
               AWS_ENDPOINT_URL="http://127.0.0.1:" + port, AWS_EC2_METADATA_DISABLED="true",
               TF_VAR_secret="hunter2")
    names, state = Names(), os.path.join(folder, "terraform.tfstate")

    def there(name):
        return os.path.exists(os.path.join(source, name))

    try:
        if there("setup.sh"):
            must(["sh", "-eu", os.path.join(source, "setup.sh")], folder, env)
        if there("before"):
            copy_configuration(os.path.join(source, "before"), folder)
            must(["terraform", "init", "-input=false"], folder, env)
            must(["terraform", "apply", "-auto-approve", "-input=false"], folder, env)
            for extra in glob.glob(os.path.join(folder, "terraform.tfstate.*")):
                os.unlink(extra)
            with open(state) as f:
                content = json.load(f)
            content.update(serial=1, terraform_version="1.11.4")
            # a readable form, and ids named in an order that lasts
            content["resources"].sort(key=lambda r: (r.get("module", ""), r["mode"], r["type"],
                                                     r["name"]))
            fixed = names.lasting(json_lines(content) + "\n")
            with open(os.path.join(source, "state.json"), "w") as f:
                f.write(fixed)
            for name in ("show", "output"):
                for suffix, flag in ((".txt", "-no-color"), (".json", "-json")):
                    if name == "output" and not content["outputs"]:
                        continue
                    said = names.lasting(must(["terraform", name, flag], folder, env))
                    if suffix == ".json":
                        said = json_lines(json.loads(said)) + "\n"
                    with open(os.path.join(source, name + suffix), "w") as f:
                        f.write(said)
            if there("drift.sh"):
                ids = {"%s_%s" % (r["type"], r["name"]): i["attributes"].get("id") or ""
                       for r in content["resources"] for i in r["instances"]}
                must(["sh", "-eu", os.path.join(source, "drift.sh")], folder, dict(env, **ids))
            else:
                with open(state, "w") as f:
                    f.write(fixed)
        copy_configuration(source, folder)
        run(["terraform", "init", "-input=false"], folder, env)   # where it fails, so does the plan
        flags = open(os.path.join(source, "flags")).read().split() if there("flags") else []
        if not there("setup.sh") and not there("drift.sh"):
            flags.append("-refresh=false")
        argv = ["terraform", "plan", "-no-color", "-input=false", "-detailed-exitcode"] + flags
        status, out, err = run(argv, folder, env)
        out = re.sub(r" after \d+s ", " after 0s ", out)
        progress = r"(?:\S.*: (?:Refreshing state|Reading|Read complete|Preparing import).*\n)*"
        head = re.match(progress, out).group(0)
        out = "".join(sorted(head.splitlines(True))) + out[len(head):]
        with open(os.path.join(source, "plan.txt"), "w") as f:
            f.write(names.lasting(out + err))
        with open(os.path.join(source, "status"), "w") as f:
            f.write("%d\n" % status)
        target = os.path.join(source, "plan.json")
        if status != 1:
            run(argv + ["-out=plan.out"], folder, env)
            shown = json.loads(must(["terraform", "show", "-json", "plan.out"], folder, env))
            shown.pop("timestamp", None)
            if "relevant_attributes" in shown:   # in any order
                shown["relevant_attributes"].sort(key=json.dumps)
            with open(target, "w") as f:
                f.write(names.lasting(json_lines(shown) + "\n"))
        elif os.path.exists(target):
            os.unlink(target)
        return "%s: status %d, %d lines" % (case, status, out.count("\n"))
    finally:
        server.terminate()
        server.wait()
        shutil.rmtree(folder)


def main():
    plugins = os.path.abspath(sys.argv[1])
    cases = sys.argv[2:] or sorted(os.path.basename(os.path.dirname(p))
                                   for p in glob.glob(os.path.join(HERE, "*", "main.tf")))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for line in pool.map(lambda c: collect(c, plugins), cases):
            print(line, flush=True)


if __name__ == "__main__":
    main()
