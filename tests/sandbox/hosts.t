#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Real hosts behind instances: the MSLS example applied, its hosts entered by the machine's own ssh, stopped, started, ended."""
import os
import re
import shutil
import signal
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))
import e2e  # noqa: E402
import sandbox  # noqa: E402
from tap import Tap, skip_all  # noqa: E402

tap = Tap()
until = sandbox.until


METADATA = """
base=http://169.254.169.254/latest
curl -s -o /dev/null -w '%{http_code}\\n' $base/meta-data/instance-id
short=$(curl -s -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 1' $base/api/token)
token=$(curl -s -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' $base/api/token)
get() { curl -s -w '\\n' -H "X-aws-ec2-metadata-token: $token" $base/$1; }
get meta-data/instance-id
get meta-data/placement/region
get meta-data/placement/ | tr '\\n' ' '
get meta-data/ | grep -c '^placement/$'
curl -s -o /dev/null -w '%{http_code}\\n' -H 'X-aws-ec2-metadata-token: 99999999999.00' $base/meta-data/instance-id
curl -s -o /dev/null -w '%{http_code}\\n' -H "X-aws-ec2-metadata-token: $token" $base/meta-data/spot/instance-action
curl -s -o /dev/null -w '%{http_code}\\n' -X PUT $base/api/token
get user-data | head -c 11
echo
curl -s -o /dev/null -w '%{http_code}\\n' -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' -H 'X-Forwarded-For: 10.0.0.1' $base/api/token
curl -s -o /dev/null -w '%{http_code}\\n' -H "X-aws-ec2-metadata-token: OTHERS" $base/meta-data/instance-id
for pause in 1 1 1 1 1 1 1 1 1 1; do
	said=$(curl -s -o /dev/null -w '%{http_code}' -H "X-aws-ec2-metadata-token: $short" $base/meta-data/instance-id)
	[ $said = 401 ] && break
	sleep 0.3
done
echo $said
"""


def test_metadata(ssh, worker, jump):
    if not shutil.which("curl"):
        tap.skip("instance metadata", "there is no curl here")
        return
    others = ssh.run(jump, "curl -s -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token").out
    tap.ok(re.fullmatch(r"\d+\.\w+", others), "the jump host gets a token of its own", others)
    got = ssh.run("-J", jump, worker["PrivateIpAddress"], METADATA.replace("OTHERS", others))
    want = ["401", worker["InstanceId"], e2e.REGION, "availability-zone availability-zone-id region 1", "401", "404", "400", "#!/bin/bash", "403", "401", "401"]
    tap.same([line.strip() for line in got.out.split("\n")][:len(want)], want, "the worker is told what it is, by IMDSv2")


def test_msls(cloud, project, ssh):
    done = project.infra("apply", "-auto-approve", "-input=false", "-var", f"public_key_file={ssh.key}.pub", timeout=300)
    tap.ok(done.code == 0, "the MSLS example is applied", done)
    ec2 = cloud.client("ec2")
    hosts = {next(t["Value"] for t in i["Tags"] if t["Key"] == "Name"): i for r in ec2.describe_instances()["Reservations"] for i in r["Instances"]}
    jump = next(i for i in hosts.values() if i.get("PublicIpAddress"))
    worker = next(i for name, i in hosts.items() if "train" in name)
    got = ssh.run(jump["PublicIpAddress"], "whoami; hostname; id -u")
    tap.same(got.out.split(), ["ubuntu", "ip-" + jump["PrivateIpAddress"].replace(".", "-"), "0"], "ssh enters the jump host by its public address")
    got = ssh.run("-J", jump["PublicIpAddress"], worker["PrivateIpAddress"], "hostname; echo $SSH_CONNECTION; cat > there; wc -c < there", timeout=60)
    words = got.out.split()
    tap.ok(words[:1] == ["ip-" + worker["PrivateIpAddress"].replace(".", "-")], "and the worker through it", got)
    tap.same(words[1:4:2], [jump["PrivateIpAddress"], worker["PrivateIpAddress"]], "which sees the jump host's address")
    got = ssh.run(jump["PublicDnsName"], "sudo -u root sh -c 'id -un; touch /root/kept'; ls /root; test -w /usr || echo /usr cannot be written")
    tap.same(got.out.split("\n")[:3], ["ubuntu", "kept", "/usr cannot be written"], "by its name, too; sudo")
    console = ec2.get_console_output(InstanceId=jump["InstanceId"])["Output"]
    known = cloud.command("host-key", jump["PublicIpAddress"]).out.split()
    tap.ok("-----BEGIN SSH HOST KEY KEYS-----" in console and known[2] in console, "its console shows its host key", console, known)
    probe = "for to in {0}/22 {1}/22 {1}/3000; do timeout 1 bash -c ': < /dev/tcp/'$to 2> /dev/null && echo $to; done; true"
    addresses = jump["PrivateIpAddress"], worker["PrivateIpAddress"]
    open_ = ssh.run(jump["PublicIpAddress"], probe.format(*addresses)).out
    tap.same(open_.split(), [addresses[0] + "/22", addresses[1] + "/22"], "security groups let the jump host into the worker by ssh alone")
    got = ssh.run("-J", jump["PublicIpAddress"], worker["PrivateIpAddress"], probe.format(*addresses))
    tap.same(got.out.split()[:1], [addresses[1] + "/22"], "and the worker not into the jump host")
    elsewhere = ssh.folder / "elsewhere"
    elsewhere.write_text(ssh.config.read_text().replace("203.0.113.7", "203.0.113.8"))
    got = e2e.run(["timeout", "2", "ssh", "-F", str(elsewhere), "-o", "BatchMode=yes", jump["PublicIpAddress"], "true"], {**os.environ}, ssh.folder)
    tap.same(got.code, 124, "who is elsewhere on the internet waits in vain")
    group = jump["SecurityGroups"][0]["GroupId"]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "203.0.113.8/31"}]}])
    got = e2e.run(["timeout", "8", "ssh", "-F", str(elsewhere), "-o", "BatchMode=yes", jump["PublicIpAddress"], "echo $SSH_CONNECTION"], {**os.environ}, ssh.folder)
    tap.same(got.out.split()[:1], ["203.0.113.8"], "until a rule lets him in")
    key = Path(cloud.dir) / "hosts" / jump["InstanceId"] / "root/etc/ssh/ssh_host_ed25519_key.pub"
    kept = key.read_text()
    key.write_text(ssh.key.with_suffix(".pub").read_text())
    got = ssh.run(jump["PublicIpAddress"], "true")
    tap.ok(got.code == 255 and "verification failed" in got.err, "a host with another key than its own is refused", got)
    key.write_text(kept)
    test_metadata(ssh, worker, jump["PublicIpAddress"])
    got = ssh.run("198.51.100.250", "true")
    tap.ok(got.code == 255 and "no host runs at 198.51.100.250" in got.err, "what is nowhere is not reached", got)

    ec2.stop_instances(InstanceIds=[jump["InstanceId"]])
    tap.ok(until(lambda: ssh.run(jump["PublicIpAddress"], "true").code == 255), "a host that was stopped is not there")
    until(lambda: ec2.describe_instances(InstanceIds=[jump["InstanceId"]])["Reservations"][0]["Instances"][0]["State"]["Name"] == "stopped")
    ec2.start_instances(InstanceIds=[jump["InstanceId"]])
    address = ec2.describe_instances(InstanceIds=[jump["InstanceId"]])["Reservations"][0]["Instances"][0].get("PublicIpAddress")
    tap.ok(until(lambda: ssh.run(address, "ls /root").out == "kept\n"), "started again it has its disk, and its host key")

    disk = Path(cloud.dir) / "hosts" / jump["InstanceId"]
    tap.ok(disk.is_dir(), "its disk is a directory")
    cloud.process.send_signal(signal.SIGKILL)
    cloud.process.wait()
    cloud.stop()
    cloud.start()
    tap.ok(until(lambda: ssh.run(address, "ls /root").out == "kept\n"), "killed and started again, the sandbox brings its hosts back")
    ours = sandbox.processes(cloud.process.pid)
    hold = [pid for pid in ours if Path(f"/proc/{pid}/comm").read_text() == "sandbox-hosts\n"]
    tap.ok(len(hold) == 2 and len(ours) > 4, "two processes hold them", hold, ours)
    os.kill(hold[0], signal.SIGKILL)
    tap.ok(until(lambda: not any(sandbox.alive(pid) for pid in ours)), "without the one that holds them nothing of theirs is left", ours)
    tap.ok(until(lambda: ssh.run(address, "ls /root").out == "kept\n"), "and they are started anew")
    tap.ok("Last trouble: the process of the hosts had ended" in cloud.command("status").out, "which is told")
    ours = sandbox.processes(cloud.process.pid)
    ec2.terminate_instances(InstanceIds=[jump["InstanceId"]])
    tap.ok(until(lambda: not disk.exists()), "a host that is terminated leaves no disk")
    cloud.stop()
    tap.ok(until(lambda: not any(sandbox.alive(pid) for pid in ours), 2), "stopped, it leaves no process", [p for p in ours if sandbox.alive(p)])
    tap.ok(cloud.dir not in Path("/proc/self/mountinfo").read_text(), "and has mounted nothing here")


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
