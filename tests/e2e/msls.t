#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The MSLS example through its whole life: made, looked at, changed, replaced in parts, mended, removed.

What the server holds is asked by boto3 and compared with msls.json, which Terraform's own run left behind; what the
plans should say is written down here as Terraform says it.
"""
import json
import os
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))
import e2e  # noqa: E402
from tap import Tap, skip_all  # noqa: E402

EXPECTED = HERE / "msls.json"
tap = Tap()

# What a plan shows although nothing was changed, because the server forgets or invents it: (address, argument): why.
KNOWN = {}

def plan(project, *args):
    """A plan as {address: actions}, without what is known to be the server's error; and as printed."""
    made = project.infra("plan", "-input=false", "-detailed-exitcode", "-out=plan.out", *args)
    if made.code not in (0, 2):
        raise RuntimeError(str(made))
    shown = project.infra("show", "-json", "plan.out")
    if shown.code != 0:
        raise RuntimeError(str(shown))
    actions = {}
    for change in json.loads(shown.out).get("resource_changes", []):
        what = change["change"]["actions"]
        if change.get("mode") == "data" or what in (["no-op"], ["read"]):
            continue
        before, after = change["change"]["before"] or {}, change["change"]["after"] or {}
        unknown = change["change"].get("after_unknown") or {}
        differing = {key for key in {*before, *after} if before.get(key) != after.get(key) or unknown.get(key)}
        if what == ["update"] and differing and all((change["address"], key) in KNOWN for key in differing):
            tap.note(f"known: {change['address']} {sorted(differing)}")
            continue
        actions[change["address"]] = what
    return actions, made


def apply(project, *args):
    done = project.infra("apply", "-auto-approve", "-input=false", *args, timeout=400)
    tap.ok(done.code == 0, " ".join(["apply", *args]), done)
    return done


def empty(project, what):
    actions, made = plan(project)
    tap.ok(actions == {} and (made.code == 0 or KNOWN), f"{what}: a further plan is empty", actions, made)


def holds(cloud, want, what):
    lines = e2e.differences(e2e.labels(cloud.inventory()), want)
    tap.ok(not lines, f"{what}: the server holds what it should", *lines)


def changed(expected, *changes):
    """The expected objects with changes: (kind, old label or None, new label or None)."""
    result = {kind: list(names) for kind, names in expected.items()}
    for kind, old, new in changes:
        if old:
            result[kind].remove(old)
        if new:
            result[kind].append(new)
    return result


def edit(project, path, old, new):
    file = project.top / path
    text = file.read_text(encoding="utf-8")
    if text.count(old) != 1:
        raise RuntimeError(f"{path} has {text.count(old)} times {old!r}")
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_life(cloud, proxy, project):
    expected = json.loads(EXPECTED.read_text(encoding="utf-8")) if EXPECTED.exists() else None

    # ---- made
    actions, made = plan(project)
    tap.same(made.code, 2, "the first plan has changes")
    tap.same((len(actions), set(map(tuple, actions.values()))), (43, {("create",)}), "it creates 43 objects")
    tap.ok("43 to add, 0 to change, 0 to destroy" in made.out, "and says so", made)
    writes = [entry for entry in proxy.log() if not e2e.only_reads(entry)]
    tap.ok(not writes, "a plan only reads", writes)
    tap.same(cloud.inventory(), {}, "nothing exists yet")

    proxy.reset()
    applied = apply(project, "plan.out")
    tap.ok("43 added, 0 changed, 0 destroyed" in applied.out, "it says what it did", applied)
    tap.note(f"apply: {applied.seconds:.1f} s, {proxy.stats()['requests']} requests")
    if expected is None:  # the very first run, by a program that is trusted to be right
        expected = e2e.labels(cloud.inventory())
        EXPECTED.write_text(json.dumps(expected, indent=1) + "\n", encoding="utf-8")
    holds(cloud, expected, "apply")
    tap.same(e2e.intent_tags(cloud), [], "no mark of ours stays on any object")

    proxy.reset()
    empty(project, "apply")
    writes = [entry for entry in proxy.log() if not e2e.only_reads(entry)]
    tap.ok(not writes, "which only reads", writes)
    tap.note(f"plan with nothing changed: {proxy.stats()['requests']} requests")

    # ---- looked at
    shown = e2e.resources(json.loads(project.infra("show", "-json").out))
    tap.same(len(shown), 43, "show has 43 objects")
    ids = {values["id"] for _, _, values in shown}
    on_server = {key for kind, found in cloud.inventory().items() for key in found
                 if kind in ("vpc", "subnet", "internet_gateway", "route_table", "route_table_association", "eip", "nat_gateway",
                             "security_group", "instance", "volume", "key_pair", "efs", "mount_target", "parameter", "role",
                             "policy", "instance_profile")}
    tap.same(sorted(on_server - ids), [], "and every object of the server among them")
    outputs = {name: output["value"] for name, output in json.loads(project.infra("output", "-json").out).items()}
    tap.same(sorted(outputs), ["efs_id", "jump_public_ip", "monitor_private_ip", "ssh_monitor", "ssh_worker", "worker_private_ip"],
             "the outputs are there")
    address = cloud.client("ec2").describe_addresses(Filters=[{"Name": "tag:Name", "Values": ["msls-jump"]}])["Addresses"][0]
    tap.same(outputs["jump_public_ip"], address["PublicIp"], "the jump host's address is its own")
    tap.same(outputs["ssh_worker"], f"ssh -J ubuntu@{address['PublicIp']} ubuntu@{outputs['worker_private_ip']}", "the hint is usable")
    tap.same(project.infra("output", "-raw", "efs_id").out.strip(), outputs["efs_id"], "output -raw")

    # ---- changed in place
    project.set(data_volume_size=600, ssh_cidr_blocks=["198.51.100.0/24", "203.0.113.7/32"])
    before = cloud.inventory()
    actions, _ = plan(project)
    tap.same(actions, {"module.core.aws_security_group.jump": ["update"], "module.trainer[0].aws_ebs_volume.data[0]": ["update"]},
             "two changes in place")
    apply(project)
    expected = changed(expected, ("security_group_rule", None, "msls-jump in tcp 22-22 198.51.100.0/24 x1"))
    holds(cloud, expected, "change in place")
    after = cloud.inventory()
    tap.same({k: set(v) for k, v in after.items() if k != "security_group_rule"},
             {k: set(v) for k, v in before.items() if k != "security_group_rule"}, "and the objects are the same ones")
    tap.same([v["Size"] for v in cloud.client("ec2").describe_volumes(VolumeIds=list(after["volume"]))["Volumes"]], [600], "the volume grew")
    empty(project, "change in place")

    # ---- replaced
    project.set(public_key_file=str(HERE / "test_key_2.pub"))
    edit(project, "modules/core/main.tf", "File system: NFS from our hosts", "File system: NFS from all our hosts")
    old = cloud.inventory()["security_group"]
    actions, made = plan(project)
    rules = [f'module.core.aws_security_group_rule.efs["{key}"]' for key in ("jump", "monitor", "worker")]
    tap.same(actions, {"module.core.aws_key_pair.this": ["delete", "create"],
                       "module.core.aws_security_group.efs": ["create", "delete"],
                       "module.core.aws_efs_mount_target.this": ["update"],
                       **{rule: ["delete", "create"] for rule in rules}},
             "a new key and a new group, made before the old one goes")
    tap.ok("forces replacement" in made.out, "the plan says why", made)
    apply(project)
    holds(cloud, expected, "replacement")
    new = cloud.inventory()["security_group"]
    tap.same(len(set(old) - set(new)), 1, "one group is another one now")
    empty(project, "replacement")

    # ---- drift
    group = next(key for key, label in cloud.inventory()["security_group"].items() if label == "msls-jump")
    table = next(key for key, label in cloud.inventory()["route_table"].items() if label == "msls-private")
    project.aws("ec2", "revoke-security-group-ingress", "--group-id", group, "--protocol", "tcp", "--port", "22", "--cidr", "203.0.113.7/32")
    project.aws("ec2", "delete-route", "--route-table-id", table, "--destination-cidr-block", "0.0.0.0/0")
    project.aws("ssm", "delete-parameter", "--name", "/msls/efs-id")
    project.aws("ec2", "create-tags", "--resources", table, "--tags", "Key=Name,Value=stray", "Key=left,Value=behind")
    actions, made = plan(project)
    tap.same(actions, {"module.core.aws_security_group.jump": ["update"], "module.core.aws_route.private_out[0]": ["create"],
                       "module.core.aws_ssm_parameter.efs_id": ["create"], "module.core.aws_route_table.private": ["update"],
                       **policies_of_lost_parameter()},
             "what others changed is found")
    apply(project)
    holds(cloud, expected, "drift")
    empty(project, "drift")

    # ---- in parts
    trainer = {address for address, _, _ in shown if address.startswith("module.trainer[0].")}
    project.set(enable_trainer=False)
    actions, _ = plan(project)
    tap.same(actions, {address: ["delete"] for address in trainer}, "without the trainer, its objects go and no others")
    project.set(enable_trainer=True)
    removed = project.infra("destroy", "-auto-approve", "-input=false", "-target=module.monitor", timeout=400)
    tap.ok(removed.code == 0, "destroy -target=module.monitor", removed)
    holds(cloud, changed(expected, ("instance", "msls-monitor", None), ("role", "msls-monitor", None),
                        ("role_policy", "read-metrics", None), ("instance_profile", "msls-monitor msls-monitor", None)),
          "destroy of a part")
    apply(project, "-target=module.monitor")
    holds(cloud, expected, "apply of a part")
    actions, made = plan(project)  # the outputs of the whole may still be to do
    tap.ok(actions == {}, "apply of a part: a further plan changes no object", actions, made)
    apply(project)
    empty(project, "the outputs")

    # ---- removed
    proxy.reset()
    removed = project.infra("destroy", "-auto-approve", "-input=false", timeout=400)
    tap.ok(removed.code == 0 and "43 destroyed" in removed.out, "destroy", removed)
    tap.note(f"destroy: {removed.seconds:.1f} s, {proxy.stats()['requests']} requests")
    tap.same(cloud.inventory(), {}, "nothing of ours is left on the server")
    tap.same(e2e.resources(json.loads(project.infra("show", "-json").out)), [], "nor in the state")
    again = project.infra("destroy", "-auto-approve", "-input=false")
    tap.ok(again.code == 0, "a second destroy has nothing to do", again)


def policies_of_lost_parameter():
    """The host's policy names the parameter by its ARN, which is not known until the parameter exists again."""
    return {"module.trainer[0].aws_iam_policy.host": ["update"]}


if __name__ == "__main__":
    why = e2e.missing("plan", "apply", "show", "destroy", "output")
    if why:
        skip_all(why)
    with e2e.cloud() as cloud_, e2e.Proxy(cloud_) as proxy_, e2e.Project("msls", proxy_, e2e.MSLS) as project_:
        tap.case(test_life, cloud_, proxy_, project_)
        e2e.nothing_unknown(tap, cloud_)
    tap.done()
