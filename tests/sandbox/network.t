#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The network between hosts is the one that the API tells: who may reach whom, by real connections of real hosts."""
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))
import e2e  # noqa: E402
import reach  # noqa: E402
import sandbox  # noqa: E402
from tap import Tap, skip_all  # noqa: E402

tap = Tap()


INTERNET = reach.Place("internet", "192.0.2.10", listens={80})
USERS = [reach.Place("user", sandbox.Ssh.ADDRESS), reach.Place("stranger", "203.0.113.8")]


def compare(network, prober):
    """All of the table at once; what differs is told."""
    wrong, table = [], {}

    def ask(source):
        if source.subnet:
            targets = [p for p in network.places if p is not source and p.groups] + [INTERNET]
            wanted = {(t.address, port): network.expect(source, t, port) for t in targets for port in (network.ports() if t.subnet else [80, 81])}
            return source, targets, wanted, prober.from_host(source, wanted)
        targets = [p for p in network.hosts() if p.public]
        wanted = {(t.public, port): network.expect(source, t, port) for t in targets for port in network.ports()}
        return source, targets, wanted, prober.from_internet(source.address, wanted)

    with ThreadPoolExecutor() as pool:
        answers = list(pool.map(ask, network.hosts() + USERS))
    for source, targets, wanted, got in answers:
        for (address, port), result in wanted.items():
            name = next(t.name for t in targets if address in (t.address, t.public))
            table[source.name, name, port] = result
            if got.get((address, port)) != result:
                wrong.append(f"{source.name} -> {name} ({address}) port {port}: {got.get((address, port))}, not {result}")
    return table, wrong


def test_table(cloud, ssh):
    ec2 = cloud.client("ec2")
    network = reach.Network(ec2, next(v["VpcId"] for v in ec2.describe_vpcs()["Vpcs"] if not v["IsDefault"]))
    jump = next(p for p in network.hosts() if p.public)
    prober = reach.Prober(ssh, jump)
    for place in network.hosts():
        place.listens = prober.listening(place)
    table, wrong = compare(network, prober)
    tap.note(f"{len(table)} connections: " + ", ".join(f"{list(table.values()).count(r)} {r}" for r in (reach.OPEN, reach.REFUSED, reach.BLOCKED)))
    tap.ok(not wrong and len(set(table.values())) == 3, "between hosts, the file system and the internet, each connection is what groups and routes say", *wrong)
    return network, prober


def test_names(cloud, network, prober):
    """Of hosts, by DNS at AWS."""
    instances = {i["InstanceId"]: i for r in cloud.client("ec2").describe_instances()["Reservations"] for i in r["Instances"]}
    want = [[name, p.address] for p in network.hosts() for name in (
        instances[p.instance]["PrivateDnsName"], instances[p.instance]["PrivateDnsName"].split(".")[0], instances[p.instance].get("PublicDnsName")) if name]
    for place in network.hosts():
        script = "; ".join(f"echo {name} $(getent ahostsv4 {name} | awk '{{print $1; exit}}')" for name, _ in want)
        tap.same([line.split() for line in prober.on(place, script).out.splitlines()], want, f"{place.name} knows all hosts of its VPC by name")


def test_changes(cloud, network, prober):
    """Rules that change while hosts run, by the whole table again."""
    ec2 = cloud.client("ec2")
    efs, jump, train, monitor = (next(p for p in network.places if part in p.name) for part in ("efs", "jump", "train", "monitor"))
    tcp = lambda port, **peer: [{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, **peer}]  # noqa: E731
    ec2.revoke_security_group_ingress(GroupId=efs.groups[0], IpPermissions=tcp(reach.NFS, UserIdGroupPairs=[{"GroupId": jump.groups[0]}]))
    ec2.authorize_security_group_ingress(GroupId=monitor.groups[0], IpPermissions=tcp(3000, IpRanges=[{"CidrIp": f"{train.address}/32"}]))
    ec2.authorize_security_group_ingress(GroupId=jump.groups[0], IpPermissions=tcp(22, IpRanges=[{"CidrIp": f"{USERS[1].address}/32"}]))
    ec2.modify_network_interface_attribute(NetworkInterfaceId=next(
        c["NetworkInterfaceId"] for c in ec2.describe_network_interfaces()["NetworkInterfaces"] if c["PrivateIpAddress"] == monitor.address), Groups=[*monitor.groups, *train.groups])
    after = reach.Network(ec2, network.vpc)
    for place in after.hosts():
        place.listens = next(p.listens for p in network.places if p.address == place.address)
    table, wrong = compare(after, prober)
    old = {(s.name, t.name, port): network.expect(s, t, port) for s in network.hosts() for t in network.places if t.groups for port in network.ports()}
    changed = {key for key, result in table.items() if old.get(key, result) != result}
    tap.ok(not wrong and len(changed) > 5, f"after rules and groups have changed, each connection is, too ({len(changed)} others)", *wrong, changed)


def test_file_system(cloud, network, prober):
    efs = cloud.client("efs")
    target = efs.describe_mount_targets(FileSystemId=efs.describe_file_systems()["FileSystems"][0]["FileSystemId"])["MountTargets"][0]
    system, name = target["FileSystemId"], f"{target['FileSystemId']}.efs.{e2e.REGION}.amazonaws.com"
    for place in network.hosts():
        same_zone = network.subnets[place.subnet]["AvailabilityZone"] == target["AvailabilityZoneName"]
        got = prober.on(place, f"getent hosts {name}; getent hosts {target['AvailabilityZoneName']}.{name}")
        tap.same([line.split()[0] for line in got.out.splitlines()], [target["IpAddress"]] * (1 + same_zone), f"{place.name} knows the file system by name")
    first, other = (next(p for p in network.hosts() if part in p.name) for part in ("train", "monitor"))
    prober.on(first, f"echo shared > /run/efs/{system}/note; echo '192.0.2.99 mine' >> /etc/hosts")
    tap.same(prober.on(other, f"cat /run/efs/{system}/note").out, "shared\n", "what one host writes another one reads")
    efs.delete_mount_target(MountTargetId=target["MountTargetId"])
    asked = {(target["IpAddress"], reach.NFS)}
    tap.ok(sandbox.until(lambda: prober.from_host(first, asked)[target["IpAddress"], reach.NFS] == reach.BLOCKED), "a mount target that is deleted is not reached")
    tap.ok(sandbox.until(lambda: not prober.on(first, f"getent hosts {name}").out), "nor by its name")
    tap.same(prober.on(first, "getent hosts mine").out.split(), ["192.0.2.99", "mine"], "names of the host's own stay")
    made = efs.create_mount_target(FileSystemId=system, SubnetId=target["SubnetId"], SecurityGroups=[next(p.groups for p in network.places if p.name == "efs")[0]])
    asked = {(made["IpAddress"], reach.NFS)}
    tap.ok(sandbox.until(lambda: prober.from_host(first, asked)[made["IpAddress"], reach.NFS] == reach.OPEN), "a new one is")
    tap.same(prober.on(other, f"cat /run/efs/{system}/note").out, "shared\n", "and the file system is the same")


def test_msls(cloud, project, ssh):
    done = project.infra("apply", "-auto-approve", "-input=false", "-var", f"public_key_file={ssh.key}.pub", timeout=300)
    if not tap.ok(done.code == 0, "the MSLS example is applied", done):
        return
    network, prober = test_table(cloud, ssh)
    test_names(cloud, network, prober)
    test_changes(cloud, network, prober)
    test_file_system(cloud, network, prober)
    tap.ok("Last trouble" not in cloud.command("status").out, "the hosts' process has no complaints", cloud.command("status").out)


why = e2e.missing("apply") or next((f"there is no {name} here" for name in ("ssh", "ssh-keygen") if not shutil.which(name)), None)
if why:
    skip_all(why)
with sandbox.Sandbox("-hosts=on") as cloud_, e2e.Project("msls", cloud_, e2e.MSLS) as project_:
    why = cloud_.no_hosts()
    if why:
        skip_all(why)
    folder_ = Path(cloud_.dir) / "ssh"
    folder_.mkdir(mode=0o700)
    tap.case(test_msls, cloud_, project_, sandbox.Ssh(cloud_, folder_))
tap.done()
