#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What user data finds inside a host: the MSLS example's scripts as they are, cloud-config, shims, shared files, volumes."""
import base64
import gzip
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))
import e2e  # noqa: E402
import sandbox  # noqa: E402
from tap import Tap, skip_all  # noqa: E402

tap = Tap()


class Ssh(sandbox.Ssh):
    """What is looked at is what is in the hosts; the ways to them are tested elsewhere."""

    def __init__(self, cloud, folder):
        folder.mkdir(mode=0o700)
        super().__init__(cloud, folder)

    def run(self, *args, user="ubuntu", timeout=60):  # pylint: disable=arguments-differ
        return super().run("-l", user, *args, kept=True, timeout=timeout)


def until(function, seconds=30):
    end = time.time() + seconds
    while time.time() < end:
        value = function()
        if value:
            return value
        time.sleep(0.1)
    return None


# ---- the MSLS example

def fetch(url):
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.read().decode()
    except OSError:
        return None


def test_msls(cloud, project, ssh):
    begin = time.time()
    done = project.infra("apply", "-auto-approve", "-input=false", "-var", f"public_key_file={ssh.key}.pub", timeout=300)
    tap.ok(done.code == 0, "the MSLS example is applied", done)
    applied = time.time()
    ec2 = cloud.client("ec2")
    hosts = {next(t["Value"] for t in i["Tags"] if t["Key"] == "Name"): i for r in ec2.describe_instances()["Reservations"] for i in r["Instances"] if i.get("Tags")}
    jump = next(i for i in hosts.values() if i.get("PublicIpAddress"))["PublicIpAddress"]
    worker, monitor = (next(i for name, i in hosts.items() if word in name)["PrivateIpAddress"] for word in ("train", "monitor"))

    def inside(host, command):
        return ssh.run("-J", jump, host, command)

    for host, name in ((worker, "worker"), (monitor, "monitor")):
        status = until(lambda h=host: (lambda got: got if got.out.strip() in ("ready",) or got.out.startswith("failed") else None)(inside(h, "cat /var/lib/boot-status")), 60)
        tap.ok(status and status.out.strip() == "ready", f"user data of the {name} ran to its end",
               inside(host, "cat /var/log/cloud-init-output.log /var/log/sandbox-shims.log"))
    took = [inside(h, "grep -h 'Ran .*part-001' /var/log/cloud-init.log").out.strip().split(" after ")[-1] for h in (worker, monitor)]
    tap.note(f"user data took {' and '.join(took)}")
    tap.note(f"apply {applied - begin:.1f} s, both ready {time.time() - begin:.1f} s after its begin")

    got = inside(worker, "grep ' /data ' /proc/mounts | wc -l; grep -c ' /data ext4' /etc/fstab; stat -c %F $(blkid -L data); "
                         "echo from the worker > /efs/runs/note; readlink -f /dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol*; hl-smi -Q utilization.aip -f csv,noheader,nounits | wc -l; "
                         "command -v nvidia-smi; git -C msls-pytorch-dcgan log --oneline | wc -l; sudo amazon-cloudwatch-agent-ctl -a status || /opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl -a status")
    lines = got.out.split("\n")
    tap.same(lines[:2], ["1", "1"], "its volume is at /data, by UUID in /etc/fstab")
    tap.ok(lines[2] in ("block special file", "regular empty file"), "its device is there", got)
    tap.ok("/dev/nvme1n1" in lines and "8" in lines, "called as on Nitro; its eight accelerators answer to hl-smi", got)
    tap.ok('"status": "running"' in got.out, "the agent counts as running", got)
    got = inside(monitor, "cat /efs/runs/note; docker ps --format '{{.Names}} {{.Image}} {{.Status}}'; systemctl is-active tensorboard; command -v hl-smi nvidia-smi; "
                          "cat /efs/monitor/grafana-password | wc -c; systemctl status tensorboard | grep Active")
    tap.ok(got.out.startswith("from the worker\n"), "both see the same files at /efs", got)
    tap.ok("grafana grafana/grafana:" in got.out and " Up\nactive\n25\n" in got.out, "Grafana's container and TensorBoard's unit run, and no accelerator is there", got)
    log = inside(monitor, "cat /var/log/sandbox-shims.log").out
    tap.ok(all(word in log for word in ("a stand-in for grafana/grafana:", "tensorboard==", "docker.io")), "what was pretended stands in a log", log)

    if shutil.which("curl"):
        got = ssh.run(jump, f"curl -fsS http://{monitor}:3000/api/health; curl -fsS http://{monitor}:6006/")
        tap.ok('"database":"ok"' in got.out and "tensorboard" in got.out, "the jump host sees both", got)
    with subprocess.Popen(["ssh", "-F", str(ssh.config), "-N", "-o", "ExitOnForwardFailure=yes", "-L", f"{ssh.folder}/grafana:{monitor}:3000", jump],
                          stdin=subprocess.DEVNULL) as tunnel:
        until((ssh.folder / "grafana").exists)
        page = until(lambda: unix_get(ssh.folder / "grafana"))
        tap.ok(page and "grafana/grafana:" in page, "its page comes through a tunnel", page)
        tunnel.terminate()
    got = inside(worker, "sudo mount -t nfs4 -o nfsvers=4.1 127.0.0.1:/ /mnt; sudo mount /dev/nvme9n1 /mnt; sudo mount /nowhere")
    tap.ok("Failed to resolve" in got.err and "does not exist" in got.err and "can't find in /etc/fstab" in got.err, "mounts that cannot be are refused", got)

    efs = cloud.client("efs")
    fs = inside(worker, "grep -o 'fs-[0-9a-f]*' /etc/fstab").out.strip()
    point = efs.create_access_point(FileSystemId=fs, RootDirectory={"Path": "/team/a", "CreationInfo": {"OwnerUid": 0, "OwnerGid": 0, "Permissions": "0755"}})["AccessPointId"]
    target = efs.describe_mount_targets(FileSystemId=fs)["MountTargets"][0]["IpAddress"]
    got = inside(worker, f"set -e; cd; sudo mkdir -p /m/a /m/b /m/c; sudo mount -t efs -o tls,iam {fs}:/runs /m/a; cat /m/a/note; sudo mount -t nfs4 -o ro {target}:/ /m/b; cat /m/b/runs/note; "
                         f"touch /m/b/x 2>/dev/null || echo read-only; until sudo mount -t efs -o tls,accesspoint={point} {fs} /m/c; do sleep 0.1; done; touch /m/c/here; ls /efs/team/a; "
                         f"sudo mount -t efs {fs}:/nowhere /mnt || echo refused; sudo umount /m/a /m/b /m/c; ls /m/c; mountpoint /m/a || true")
    tap.same(got.out.split("\n")[:6], ["from the worker", "from the worker", "read-only", "here", "refused", "/m/a is not a mountpoint"], "mount -t efs, by address, read-only, by access point; umount")

    # the wrong security group: as at AWS, no answer
    group = next(g for g in ec2.describe_security_groups()["SecurityGroups"] if "efs" in g["GroupName"] or "efs" in g["Description"].lower())
    ec2.revoke_security_group_ingress(GroupId=group["GroupId"], IpPermissions=group["IpPermissions"])
    time.sleep(0.3)
    got = inside(worker, "sudo umount /efs && sudo mount /efs")
    tap.ok(got.code == 32 and "Connection timed out" in got.err, "a mount target behind the wrong security group times out", got)


def unix_get(path):
    try:
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(2)
            s.connect(str(path))
            s.sendall(b"GET / HTTP/1.0\r\nHost: grafana\r\n\r\n")
            data = b""
            while piece := s.recv(4096):
                data += piece
            return data.decode()
    except OSError:
        return None


# ---- hosts of our own

CONFIG = """#cloud-config
hostname: trainer
packages: [nfs-common, [libfoo, 1.2]]
package_update: true
users:
  - default
  - name: guest
    sudo: ALL=(ALL) NOPASSWD:ALL
    ssh_authorized_keys: ["%(key)s"]
write_files:
  - path: /etc/job/plain
    content: |
      one
      it's two
    permissions: '0640'
    owner: ubuntu:ubuntu
  - path: /etc/job/plain
    content: three
    append: true
  - {path: /opt/bin/hello, encoding: b64, content: %(hello)s, permissions: "0755"}
  - {path: /etc/job/packed, encoding: gz+b64, content: %(packed)s}
  - path: /etc/systemd/system/counter.service
    content: |
      [Unit]
      Description=counts
      [Service]
      Environment=STEP=2 "WORD=two words"
      WorkingDirectory=/var/tmp
      ExecStart=/bin/sh -c 'echo begin $STEP "$WORD"; \\
        while :; do date +%%s%%N >> ticks; sleep 0.1; done'
      Restart=always
      [Install]
      WantedBy=multi-user.target
bootcmd:
  - echo boot >> /var/log/boots
runcmd:
  - [sh, -c, 'echo "$0 and $1" > /etc/job/run', "a 'b'", c]
  - /opt/bin/hello > /etc/job/hello
  - systemctl enable --now counter
  - docker run -d --name page --restart always -p 8080:80 nginx:1.27
timezone: Etc/UTC
chocolate: yes
"""


def launch(cloud, ssh, data, kind="t3.micro", image="ubuntu/images/*jammy*amd64*20240927"):
    ec2 = cloud.client("ec2")
    ami = ec2.describe_images(Filters=[{"Name": "name", "Values": [image]}])["Images"][0]["ImageId"]
    if not ec2.describe_key_pairs()["KeyPairs"] or not any(k["KeyName"] == "guest" for k in ec2.describe_key_pairs()["KeyPairs"]):
        ec2.import_key_pair(KeyName="guest", PublicKeyMaterial=ssh.key.with_suffix(".pub").read_bytes())
        group = ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["default"]}])["SecurityGroups"]
        group = next(g for g in group if ec2.describe_vpcs(VpcIds=[g["VpcId"]])["Vpcs"][0]["IsDefault"])
        ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=[{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
    zone = ec2.describe_availability_zones()["AvailabilityZones"][0]["ZoneName"]
    made = ec2.run_instances(ImageId=ami, InstanceType=kind, MinCount=1, MaxCount=1, KeyName="guest", UserData=data, Placement={"AvailabilityZone": zone})
    return made["Instances"][0]["InstanceId"]


def address(cloud, host):
    found = cloud.client("ec2").describe_instances(InstanceIds=[host])["Reservations"][0]["Instances"][0]
    return found.get("PublicIpAddress")


def booted(cloud, ssh, host, user="ubuntu"):
    """Its address, as soon as its first boot is over."""
    def done():
        at = address(cloud, host)
        got = at and ssh.run(at, "cloud-init status --wait", user=user)
        return at if got and got.out.startswith("status:") else None
    return until(done)


def test_cloud_config(cloud, ssh):
    data = CONFIG % {"key": ssh.key.with_suffix(".pub").read_text().strip(), "hello": base64.b64encode(b"#!/bin/sh\necho hello\n").decode(),
                     "packed": base64.b64encode(gzip.compress(b"packed\n")).decode()}
    host = launch(cloud, ssh, data)
    at = booted(cloud, ssh, host)
    got = ssh.run(at, "hostname; cat /etc/job/plain; stat -c %a /etc/job/plain; cat /etc/job/hello /etc/job/packed /etc/job/run; cat /var/log/boots; cloud-init status")
    tap.same(got.out.split("\n")[:9], ["trainer", "one", "it's two", "three640", "hello", "packed", "a 'b' and c", "boot", "status: done"],
             "cloud-config: host name, files, their modes, commands")
    tap.ok('"chocolate" is not known here' in ssh.run(at, "cat /var/log/cloud-init.log").out,
           "a key that is not known is told of")
    got = ssh.run(at, "pwd; sudo -n true && echo sudo", user="guest")
    tap.same(got.out.split(), ["/home/guest", "sudo"], "a user that it makes enters by his key")
    got = ssh.run(at, "systemctl is-active counter; systemctl is-enabled counter; journalctl -u counter; sleep 0.3; wc -l < /var/tmp/ticks; docker ps -q | wc -l")
    lines = got.out.split("\n")
    tap.same(lines[:3], ["active", "enabled", "begin 2 two words"], "a unit of its own really runs, with its environment")
    tap.ok(int(lines[3]) >= 3 and lines[4] == "1", "and works", got)
    got = ssh.run(at, "systemctl stop counter; systemctl is-active counter; a=$(wc -l < /var/tmp/ticks); sleep 0.3; [ $a = $(wc -l < /var/tmp/ticks) ] && echo still; "
                      "systemctl start counter; systemctl is-active counter; systemctl restart counter && systemctl status counter | head -3; systemctl start nonsense; echo $?")
    tap.ok(got.out.split("\n")[:3] == ["inactive", "still", "active"] and "Active: active" in got.out and got.out.endswith("5\n"), "stopped, started; one that is not there is not found", got)
    console = cloud.command("console", at).out
    tap.ok("BEGIN SSH HOST KEY KEYS" in console and "Cloud-init" in console and "libfoo: counts as installed" in console, "its console has its keys and what its user data said", console)
    answer = cloud.client("ec2").get_console_output(InstanceId=host)["Output"]
    tap.ok("libfoo: counts as installed" in answer, "which GetConsoleOutput shows, too")
    ec2 = cloud.client("ec2")
    state = lambda: ec2.describe_instances(InstanceIds=[host])["Reservations"][0]["Instances"][0]["State"]["Name"]  # noqa: E731
    with subprocess.Popen([e2e.INFRA, "sandbox", "console", f"-dir={cloud.dir}", "-f", host], stdout=subprocess.PIPE, text=True) as following:
        ssh.run(at, "sudo reboot")
        seen = []
        for line in following.stdout:
            seen.append(line)
            if "a later boot" in line:
                break
        following.terminate()
    tap.ok(seen and "a later boot" in seen[-1], "console -f shows that it boots again", seen)
    at = booted(cloud, ssh, host)
    tap.same([ssh.run(at, "cat /var/log/boots").out, state()], ["boot\nboot\n", "running"], "reboot from inside: its instance runs all the while")
    ssh.run(at, "sudo shutdown -h now")
    tap.ok(until(lambda: state() == "stopped"), "power off from inside stops the instance", state())
    ec2.start_instances(InstanceIds=[host])
    at = booted(cloud, ssh, host)
    got = ssh.run(at, "cat /var/log/boots; cat /etc/job/run; systemctl is-active counter; docker inspect -f '{{.State.Running}}' page; grep -c three /etc/job/plain")
    tap.same(got.out.split("\n")[:6], ["boot", "boot", "boot", "a 'b' and c", "active", "true"], "stopped and started: bootcmd runs again, its unit and container, too, and nothing else")
    ec2.terminate_instances(InstanceIds=[host])


def test_forms(cloud, ssh):
    """User data in its other forms, one host each."""
    mail = MIMEMultipart()
    for kind, text in (("x-shellscript", "#!/usr/bin/env bash\necho second > /root/second\n"), ("cloud-config", "#cloud-config\nruncmd:\n  - echo first > /root/first\n"),
                       ("cloud-boothook", "#cloud-boothook\n#!/bin/sh\necho hook >> /root/hook\n")):
        part = MIMEText(text, kind)
        part.add_header("Content-Disposition", "attachment", filename=f"{kind}.txt")
        mail.attach(part)
    forms = {
        "mail": mail.as_string(),
        "packed": gzip.compress(b"#!/bin/sh\necho packed > /root/packed\n"),
        "twice": base64.b64encode(b"#!/bin/sh\necho twice > /root/twice; exit 3\n").decode(),
        "none": "just words\n",
        "bad": "#cloud-config\nruncmd: [\n",
    }
    hosts = {name: launch(cloud, ssh, data) for name, data in forms.items()}
    at = {name: booted(cloud, ssh, host) for name, host in hosts.items()}
    tap.same(ssh.run(at["mail"], "cat /root/hook /root/second /root/first; cloud-init status; ls /var/lib/cloud/instance/scripts").out.split(),
             ["hook", "second", "first", "status:", "done", "runcmd", "x-shellscript.txt"], "a message of several parts")
    tap.same(ssh.run(at["packed"], "cat /root/packed; head -c 2 /var/lib/cloud/instance/user-data.txt | od -An -tx1").out.split(), ["packed", "1f", "8b"], "a packed script")
    got = ssh.run(at["twice"], "cat /root/twice; cloud-init status")
    tap.ok(got.out == "twice\nstatus: error\n" and got.code == 1, "a script that fails is an error of cloud-init", got)
    got = ssh.run(at["bad"], "cloud-init status; cat /var/log/cloud-init-output.log")
    tap.ok("status: error" in got.out and "Failed loading yaml blob" in got.out, "YAML that is none is an error", got)
    tap.ok("Unhandled non-multipart" in ssh.run(at["none"], "cat /var/log/cloud-init.log").out, "words are not run")
    cloud.client("ec2").terminate_instances(InstanceIds=list(hosts.values()))


SHIMS = r"""
check() { # WHAT COMMAND...
	what=$1
	shift
	if out=$("$@" 2>&1); then echo "ok $what"; else echo "not ok $what: $out"; fi
}
says() { # WHAT TEXT COMMAND...
	what=$1 text=$2
	shift 2
	out=$("$@" 2>&1)
	case $out in *"$text"*) echo "ok $what" ;; *) echo "not ok $what: $out" ;; esac
}
fails() { what=$1; shift; if "$@" > /dev/null 2>&1; then echo "not ok $what"; else echo "ok $what"; fi; }
check 'sudo -u, -E, -n, -i' sudo -E -n -u ubuntu true
says 'sudo -i goes home' /root sudo -i pwd
says 'sudo sets variables' 7 sudo X=7 sh -c 'echo $X'
fails 'sudo knows no stranger' sudo -u nobody-here true
check 'apt-get update' sudo apt-get -q update
says 'apt-get install' 'counts as installed' sudo apt-get install -y --no-install-recommends frobnicate
check 'dpkg -s knows it' dpkg -s frobnicate
fails 'dpkg -s knows no other' dpkg -s frobnicator
says 'history' frobnicate cat /var/log/apt/history.log
says 'dpkg --print-architecture' 64 dpkg --print-architecture
fails 'yum is not here' command -v yum
check 'pip install' sudo pip3 install -q 'torch>=2.0' wandb
says 'pip freeze' torch pip freeze
check 'venv' python3 -m venv /tmp/venv
check 'pip in a venv' /tmp/venv/bin/pip install tensorboard==2.17
check 'python3 -m pip in a venv' /tmp/venv/bin/python3 -m pip install numpy
cp /run/sandbox/shims/python.sh /tmp/python3
check 'venv without python3' /tmp/python3 -m venv /tmp/bare
check 'pip in it' /tmp/bare/bin/pip install tensorboard
check 'python3 -m pip in it' /tmp/bare/bin/python3 -m pip install numpy
fails 'and nothing else' /tmp/bare/bin/python3 -c 'print(1)'
says 'its tensorboard' stand-in /tmp/bare/bin/tensorboard --version
says 'blkid of the root' '/dev/nvme0n1p1: LABEL' sudo blkid
check 'what it brought' test -x /tmp/venv/bin/tensorboard
(/tmp/venv/bin/tensorboard --port 6007 > /dev/null 2>&1 &)
sleep 0.3
says 'it serves' tensorboard curl -fsS http://127.0.0.1:6007/
check 'git clone' git clone -q --depth 1 https://github.com/someone/project.git /tmp/project
check 'git in it' git -C /tmp/project status
check 'git pull' git -C /tmp/project pull
fails 'git clone over it' git clone https://github.com/someone/project.git /tmp/project
check 'git init' git init -q /tmp/own
check 'curl -o package' curl -fsSL -o /tmp/thing.deb https://example.com/thing_1.0_amd64.deb
check 'dpkg -i' sudo dpkg -i /tmp/thing.deb
check 'its name' dpkg -s thing
fails 'dpkg -i of nothing' sudo dpkg -i /tmp/nothing.deb
fails 'curl of a page' curl -fsS --max-time 3 https://example.com/
check 'curl installer' sh -c 'curl -fsSL https://get.docker.com | sh'
check 'wget' wget -q -O /tmp/key.gpg https://example.com/key.gpg
check 'docker run -d' docker run -d --name one -p 127.0.0.1:8081:80 -v /tmp:/tmp -e A=b nginx
says 'its page' nginx curl -fsS http://127.0.0.1:8081/
fails 'its name is taken' docker run -d --name one nginx
fails 'its port is taken' docker run -d --name two -p 127.0.0.1:8081:80 nginx
says 'docker ps' nginx docker ps
says 'docker inspect' true docker inspect -f '{{.State.Running}}' one
check 'docker stop' docker stop one
fails 'and it is away' curl -fsS http://127.0.0.1:8081/
check 'docker start' docker start one
fails 'docker rm of one that runs' docker rm one
check 'docker rm -f' docker rm -f one
fails 'docker logs of none' docker logs one
check 'docker pull' docker pull nginx
says 'docker run' 'would have run' docker run --rm nginx nginx -v
check 'docker compose' docker compose up -d
check 'a known service' sudo systemctl restart docker
says 'is active' active systemctl is-active docker
check 'service' sudo service ssh status
fails 'nvidia-smi is not on this type' command -v nvidia-smi
check 'usermod' sudo usermod -aG docker ubuntu
check 'useradd' sudo useradd -m -s /bin/bash somebody
says 'su to him' /home/somebody sudo -i -u somebody pwd
check 'sysctl -w' sudo sysctl -w vm.swappiness=1
printf '[Service]\nType=oneshot\nStandardOutput=append:/tmp/once.log\nRestartSec=100ms\nExecStart=/bin/echo %%n $HOSTNAME\nExecStart=/bin/echo "two  words" 100%%%%\n' | sudo tee /etc/systemd/system/once.service > /dev/null
check 'a unit that runs once' sudo systemctl start once
says 'into its file' 'once.service' cat /tmp/once.log
says 'with its words' 'two  words 100%' cat /tmp/once.log
printf '[Service]\nType=oneshot\nExecStart=/bin/false\n' | sudo tee /etc/systemd/system/bad.service > /dev/null
fails 'a unit that fails' sudo systemctl start bad
says 'is failed' failed systemctl is-failed bad
says 'su -' /home/ubuntu su - ubuntu -c pwd
says 'su -c' one su ubuntu -c 'echo one'
says 'lsb_release -cs' jammy lsb_release -cs
check 'aws s3 cp' aws s3 cp s3://bucket/a.tar.gz /tmp/
check 'it is an archive' tar -C /tmp -xzf /tmp/a.tar.gz
check 'a program is fetched' sh -c 'curl -sL https://github.com/a/b/releases/download/1/tool -o /tmp/tool && chmod +x /tmp/tool && /tmp/tool'
fails 'docker run -t without a terminal' docker run -ti --name three -p 9:9 nginx
says 'ec2metadata' i- ec2metadata --instance-id
check 'crontab -' sh -c '(crontab -l; echo "A=\"x y\""; echo "* * * * * echo \$A 100\\% \$HOME > /tmp/tick") | crontab -'
says 'crontab -l' '* * * * *' crontab -l
printf '0-59/1 * * 1-12 mon-sun,0 root cat >> /tmp/tick2%%in put\n0 0 31 2 * root echo never > /tmp/never\nno time\n' | sudo tee /etc/cron.d/job > /dev/null
check 'a minute of cron' sudo /run/sandbox/infra sandbox shim cron $(date +%s)
sleep 0.3
says 'its job, with its settings' 'x y 100% /home/ubuntu' cat /tmp/tick
says 'with its input' 'in put' cat /tmp/tick2
fails 'none that is not due' test -e /tmp/never
says 'a line that is none' 'bad time in: no time' cat /var/log/cron.log
check 'crontab -r' crontab -r
fails 'and it is away' crontab -l
check 'at' sh -c 'echo "echo at > /tmp/at" | at now + 0 minutes'
sleep 0.2
says 'is done' at cat /tmp/at
says 'shutdown +60' 'Shutdown scheduled' sudo shutdown -h +60
check 'which stands in' grep -q MODE=poweroff /run/systemd/shutdown/scheduled
check 'shutdown -c' sudo shutdown -c
fails 'and does not any more' test -e /run/systemd/shutdown/scheduled
fails 'shutdown at no time' sudo shutdown -h tomorrow
check 'tar of .tar.xz' sh -c 'cd /tmp && wget -q https://example.com/tool-1.2-static.tar.xz && tar xf tool-1.2-static.tar.xz && test -d tool-1.2-static'
check 'its processes are counted' test "$(bash -c 'ulimit -u')" -le 1024
check 'and the first to go' test "$(cat /proc/self/oom_score_adj)" -ge 300
check '/usr/local is its own' sudo sh -c 'echo > /usr/local/bin/mine'
fails '/usr is not' sudo sh -c 'echo > /usr/bin/mine'
says 'os-release' 22.04 cat /etc/os-release
says 'the log' 'docker' cat /var/log/sandbox-shims.log
"""


def test_shims(cloud, ssh):
    host = launch(cloud, ssh, "#!/bin/sh\n")
    at = booted(cloud, ssh, host)
    got = ssh.run(at, SHIMS, timeout=120)
    for line in got.out.splitlines():
        if line.startswith(("ok ", "not ok ")):
            tap.ok(line.startswith("ok "), "shim: " + line.split("ok ", 1)[1].split(": ")[0], line)
    tap.ok("ok the log" in got.out, "all were tried", got)
    described = cloud.command("shims").out
    tap.ok("docker docker-compose" in described and "mkfs.ext4" in described, "infra sandbox shims lists them")
    cloud.client("ec2").terminate_instances(InstanceIds=[host])
    amazon = launch(cloud, ssh, "#!/bin/bash\nyum install -y docker\nservice docker start\nec2-metadata -q --instance-id > /root/id\n", kind="g4dn.xlarge", image="al2023-ami-*x86_64")
    at = booted(cloud, ssh, amazon, user="ec2-user")
    got = ssh.run(at, ". /etc/os-release; echo $ID; cat /root/id; command -v apt-get; nvidia-smi --query-gpu=name,memory.total --format=csv,noheader; cloud-init status", user="ec2-user")
    tap.same(got.out.split("\n")[:4], ["amzn", amazon, "T4, 16384 MiB", "status: done"], "Amazon's image: yum and no apt-get; a type with an accelerator has nvidia-smi")
    cloud.client("ec2").terminate_instances(InstanceIds=[amazon])


TRAINING = """Content-Type: multipart/mixed; boundary="//"
MIME-Version: 1.0

--//
Content-Type: text/cloud-config; charset="us-ascii"
Content-Transfer-Encoding: 7bit
Content-Disposition: attachment; filename="cloud-config.txt"

#cloud-config
cloud_final_modules:
- [scripts-user, always]

--//
Content-Type: text/x-shellscript; charset="us-ascii"
Content-Disposition: attachment; filename="userdata.txt"

#!/bin/bash
set -e
if [ ! -d /home/ubuntu/code ]; then
  su - ubuntu -c "mkdir /home/ubuntu/code"
  su - ubuntu -c "aws s3 cp s3://some-bucket/code/job.tar.gz /home/ubuntu/"
  su - ubuntu -c "tar -xzf /home/ubuntu/job.tar.gz -C /home/ubuntu/code/"
fi
su - ubuntu -c "echo run >> runs"
[ ! -x /usr/bin/tmux ] || su - ubuntu -c "tmux new-session -d -s train 'source activate pytorch_p38; sleep 1000'"
--//--
"""

MODEL = """#! /bin/bash
set -e
sudo apt-get update -y && sudo apt-get install -y iotop tmux jq nfs-common docker docker.io
sudo pip install nvidia-ml-py boto3 "git+https://example.com/some/project.git#egg=project"
curl -XGET https://s3.amazonaws.com/amazoncloudwatch-agent/ubuntu/amd64/latest/amazon-cloudwatch-agent.deb --output agent.deb && sudo dpkg -i -E ./agent.deb
sudo /opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl -a fetch-config -m ec2 -s -c file:/tmp/x
curl -X GET https://vault.habana.ai/artifactory/api/gpg/key/public | sudo apt-key add --
curl -fsSL https://download.docker.com/linux/ubuntu/gpg | gpg --dearmor -o /etc/apt/keyrings/docker.gpg
echo "deb [signed-by=/etc/apt/keyrings/docker.gpg] https://download.docker.com/linux/ubuntu $(lsb_release -cs) stable" | sudo tee /etc/apt/sources.list.d/docker.list
curl -L https://github.com/docker/compose/releases/download/1.22.0/docker-compose-`uname -s`-`uname -m` -o /usr/local/bin/docker-compose
chmod +x /usr/local/bin/docker-compose && docker-compose version
sudo dpkg --configure -a && sudo apt install -y linux-headers-$(uname -r)
sudo mkdir -p /efs && sudo chmod 777 /efs
sudo mount -t nfs4 -o nfsvers=4.1,rsize=1048576,wsize=1048576,hard,timeo=600,retrans=2,noresvport %s:/ /efs
until lsblk --nvme | grep -q %s; do sleep 0.1; done
sudo mkdir -p /data && sudo mkfs -t ext4 /dev/nvme1n1 && sudo mount -t ext4 /dev/nvme1n1 /data
docker pull vault.habana.ai/gaudi-docker/1.2.0/pytorch-installer
sudo docker run -d -p 3000:3000 --name grafana -v grafana_data:/var/lib/grafana grafana/grafana:7.0.0
aws s3 sync s3://some-bucket/ /efs/dataset/
echo done > /efs/model
"""

ECS = """Content-Type: multipart/mixed; boundary="==BOUNDARY=="
MIME-Version: 1.0

--==BOUNDARY==
Content-Type: text/cloud-boothook; charset="us-ascii"

# Install amazon-efs-utils
cloud-init-per once yum_update yum update -y
cloud-init-per once install_amazon-efs-utils yum install -y amazon-efs-utils
cloud-init-per once mkdir_efs mkdir /efs
cloud-init-per once mount_efs sh -c "echo '%s:/ /efs efs defaults,_netdev' >> /etc/fstab"
mount -a -t efs,nfs4 defaults

--==BOUNDARY==
Content-Type: text/x-shellscript; charset="us-ascii"

#!/bin/bash
echo "ECS_CLUSTER=one" >> /etc/ecs/ecs.config
mkdir -p /efs/user/dags
service docker restart

--==BOUNDARY==--
"""


def test_seen(cloud, ssh):
    """User data as people write it."""
    ec2, efs = cloud.client("ec2"), cloud.client("efs")
    training = launch(cloud, ssh, TRAINING)
    subnet = ec2.describe_instances(InstanceIds=[training])["Reservations"][0]["Instances"][0]
    group = subnet["SecurityGroups"][0]["GroupId"]
    fs = efs.create_file_system(CreationToken="seen")["FileSystemId"]
    until(lambda: efs.describe_file_systems(FileSystemId=fs)["FileSystems"][0]["LifeCycleState"] == "available")
    target = efs.create_mount_target(FileSystemId=fs, SubnetId=subnet["SubnetId"], SecurityGroups=[group])["IpAddress"]
    zone = subnet["Placement"]["AvailabilityZone"]
    volume = ec2.create_volume(AvailabilityZone=zone, Size=5)["VolumeId"]
    model = launch(cloud, ssh, MODEL % (target, volume.replace("-", "")), kind="dl1.24xlarge")
    until(lambda: ec2.describe_instances(InstanceIds=[model])["Reservations"][0]["Instances"][0]["State"]["Name"] == "running")
    until(lambda: ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["State"] == "available")
    ec2.attach_volume(VolumeId=volume, InstanceId=model, Device="/dev/sdh")
    ecs = launch(cloud, ssh, ECS % fs, image="amzn2-ami-hvm*x86_64*")
    at = {name: booted(cloud, ssh, host, user) for name, host, user in (("training", training, "ubuntu"), ("model", model, "ubuntu"), ("ecs", ecs, "ec2-user"))}
    got = ssh.run(at["training"], "cloud-init status; cat runs; ls code; tmux ls")
    tap.ok(got.out.startswith("status: done\nrun\njob\n") and (not shutil.which("tmux") or "train: 1 windows" in got.out), "a trainer with code from a bucket and tmux", got,
           ssh.run(at["training"], "cat /var/log/cloud-init-output.log"))
    got = ssh.run(at["model"], "cloud-init status; ls -d /efs/dataset /efs/model; mountpoint /data; docker ps -q | wc -l; cat /etc/apt/sources.list.d/docker.list; curl -fsS localhost:3000/api/health")
    tap.ok(got.out.startswith("status: done\n/efs/dataset\n/efs/model\n/data is a mountpoint\n1\n") and "jammy" in got.out and '"version":"7.0.0"' in got.out,
           "one with EFS by address, a volume, containers and what not", got, ssh.run(at["model"], "cat /var/log/cloud-init-output.log"))
    got = ssh.run(at["ecs"], "cloud-init status; ls /efs; cat /etc/ecs/ecs.config; grep -c efs /etc/fstab", user="ec2-user")
    tap.ok(got.out.startswith("status: done\n") and "user" in got.out and got.out.endswith("ECS_CLUSTER=one\n1\n"), "one with a boot hook, on Amazon's image", got,
           ssh.run(at["ecs"], "cat /var/log/cloud-init-output.log", user="ec2-user"))
    ec2.stop_instances(InstanceIds=[training, ecs])
    until(lambda: all(i["State"]["Name"] == "stopped" for r in ec2.describe_instances(InstanceIds=[training, ecs])["Reservations"] for i in r["Instances"]))
    ec2.start_instances(InstanceIds=[training, ecs])
    at["training"], at["ecs"] = booted(cloud, ssh, training), booted(cloud, ssh, ecs, "ec2-user")
    got = ssh.run(at["training"], "cat runs; tmux ls")
    tap.ok(got.out.startswith("run\nrun\n") and (not shutil.which("tmux") or "train: 1 windows" in got.out), "scripts that shall run always do so after a stop, too", got)
    got = ssh.run(at["ecs"], "mountpoint /efs; cat /efs/model; grep -c efs /etc/fstab; cat /etc/ecs/ecs.config", user="ec2-user")
    tap.same(got.out.split("\n")[:4], ["/efs is a mountpoint", "done", "1", "ECS_CLUSTER=one"], "and /etc/fstab is mounted again")
    gone = efs.describe_mount_targets(FileSystemId=fs)["MountTargets"][0]
    efs.delete_mount_target(MountTargetId=gone["MountTargetId"])
    got = ssh.run(at["model"], "while [ -e /efs/model ] && [ $((n += 1)) -lt 200 ]; do sleep 0.05; done; cat /efs/model || ls /efs || echo lost > /efs/model || echo nothing")
    tap.ok(got.out == "nothing\n" and got.err.count("No such process") == 3, "without its mount target nothing can be read or written at /efs", got)
    until(lambda: not efs.describe_mount_targets(FileSystemId=fs)["MountTargets"])
    efs.create_mount_target(FileSystemId=fs, SubnetId=gone["SubnetId"], IpAddress=target, SecurityGroups=[group])
    got = ssh.run(at["model"], "while [ ! -e /efs/model ] && [ $((n += 1)) -lt 200 ]; do sleep 0.05; done; cat /efs/model; sudo umount /efs; ls -A /efs; grep -c ' /efs ' /proc/mounts")
    tap.same(got.out, "done\n0\n", "which comes back with it")
    ec2.terminate_instances(InstanceIds=[training, model, ecs])


VOLUME = r"""
set -e
dev=%s
while [ ! -e $dev ]; do sleep 0.05; done
sudo blkid $dev || echo no file system
sudo file -s $dev
sudo mkdir -p /data
sudo mount $dev /data 2>&1 || echo cannot mount
sudo mkfs -t %s -L work $dev > /dev/null
sudo mount $dev /data
echo kept | sudo tee /data/file
sudo blkid -s TYPE -o value $dev
lsblk -n -o NAME,MOUNTPOINT $dev
sudo mkfs -t xfs $dev 2>&1 || echo in use
sudo umount /data
ls /data
"""


def test_volumes(cloud, ssh):
    ec2 = cloud.client("ec2")
    hosts = {"nitro": launch(cloud, ssh, "#!/bin/sh\n"), "xen": launch(cloud, ssh, "#!/bin/sh\n", kind="t2.micro")}
    at = {name: booted(cloud, ssh, host) for name, host in hosts.items()}
    zone = ec2.describe_availability_zones()["AvailabilityZones"][0]["ZoneName"]
    volume = ec2.create_volume(AvailabilityZone=zone, Size=5)["VolumeId"]
    state = lambda: ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["State"]  # noqa: E731
    until(lambda: state() == "available")
    ec2.attach_volume(VolumeId=volume, InstanceId=hosts["nitro"], Device="/dev/sdf")
    link = f"/dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_{volume.replace('-', '')}"
    got = ssh.run(at["nitro"], VOLUME % (link, "xfs"))
    tap.same(got.out.split("\n")[:8], ["no file system", f"{link}: data", "mount: /data: wrong fs type, bad option, bad superblock on /dev/nvme1n1, missing codepage or helper program, or other error.",
                                       "cannot mount", "kept", "xfs", "nvme1n1 /data", "mkfs: " + link + " is mounted; will not make a filesystem here!"],
             "a new volume has no file system until one is made")
    tap.ok(got.out.endswith("in use\n"), "unmounted, its files are away", got)
    got = ssh.run(at["nitro"], "test -e /dev/sdf; echo $?; sudo mkfs.xfs /dev/nvme1n1; echo $?; sudo blockdev --getsize64 /dev/nvme1n1; lsblk")
    tap.ok(got.out.startswith("1\n1\n5368709120\n") and "existing filesystem" in got.err, "Nitro on Ubuntu knows no /dev/sdf; mkfs.xfs spares what is there", got)
    ssh.run(at["nitro"], "sudo mount /dev/nvme1n1 /data")
    ec2.detach_volume(VolumeId=volume)
    until(lambda: state() == "available")
    got = ssh.run(at["nitro"], "while [ -e /dev/nvme1n1 ]; do sleep 0.05; done; ls /dev/disk/by-id | wc -l; ls /data || echo >> /data/file || cat /data/file || echo lost")
    tap.ok(got.out == "1\nlost\n" and got.err.count("No such process") == 3, "detached, its names go, and what was mounted can neither be read nor written", got)
    ec2.attach_volume(VolumeId=volume, InstanceId=hosts["nitro"], Device="/dev/sdf")
    got = ssh.run(at["nitro"], "while [ ! -e /dev/nvme1n1 ] && [ $((n += 1)) -lt 200 ]; do sleep 0.05; done; sudo mount /dev/nvme1n1 /data && cat /data/file; sudo umount /data && ls -A /data; grep -c /data /proc/mounts")
    tap.same(got.out, "kept\n0\n", "attached again, it has its name again, and is mounted in the place of what was lost")
    ec2.detach_volume(VolumeId=volume)
    until(lambda: state() == "available")
    ec2.attach_volume(VolumeId=volume, InstanceId=hosts["xen"], Device="/dev/sdf")
    got = ssh.run(at["xen"], "while [ ! -e /dev/xvdf ]; do sleep 0.05; done; ls /dev/nvme*; sudo mkdir -p /work; echo 'LABEL=work /work xfs defaults,nofail 0 2' | sudo tee -a /etc/fstab; "
                             "sudo mount -av > /dev/null && cat /work/file; mountpoint -q /work && echo mounted; sudo mount UUID=$(sudo blkid -s UUID -o value /dev/xvdf) /mnt && cat /mnt/file; sudo resize2fs /dev/xvdf")
    tap.ok("kept\nmounted\nkept\n" in got.out and "No such file" in got.err, "on a host with Xen it is /dev/xvdf, with its files, by label in /etc/fstab and by UUID", got)
    ec2.stop_instances(InstanceIds=[hosts["xen"]])
    until(lambda: ec2.describe_instances(InstanceIds=[hosts["xen"]])["Reservations"][0]["Instances"][0]["State"]["Name"] == "stopped")
    cloud.stop()
    cloud.start()
    ec2.start_instances(InstanceIds=[hosts["xen"]])
    at["xen"] = booted(cloud, ssh, hosts["xen"])
    tap.same(ssh.run(at["xen"], "cat /work/file").out, "kept\n", "the sandbox and the host started again, it is mounted and whole")
    ec2.terminate_instances(InstanceIds=list(hosts.values()))
    until(lambda: state() == "available")
    place = Path(cloud.dir) / "hosts" / "volumes" / volume
    tap.ok(until(lambda: (place / "data" / "file").exists()), "it outlives its hosts")
    ec2.delete_volume(VolumeId=volume)
    tap.ok(until(lambda: not place.exists()), "deleted, it leaves nothing")


JAIL = r"""
m=/run/sandbox/usr/bin/mount s=/run/sandbox/usr/sbin/sysctl
dev=/dev/nvme0n1
tried() { # WHAT COMMAND...: none of these may do anything
	what=$1
	shift
	if "$@" > /dev/null 2>&1; then echo "done: $what"; fi
}
tried 'device is read' head -c 1 $dev
tried 'device is opened to be written' sh -c "exec 3<> $dev"
$m -o remount,bind,dev,rw $dev
$m -o remount,bind,dev,rw /run/sandbox/block
tried 'device is read after a remount' head -c 1 $dev
tried 'device is opened to be written after a remount' sh -c "exec 3<> $dev"
tried 'a device is made' mknod /tmp/disk b 254 0
for name in vm.swappiness kernel.core_pattern fs.file-max kernel.printk; do # to what they are, should it work
	tried "sysctl $name" $s -w $name="$($s -n $name)"
	tried "/proc/sys $name" sh -c "v=\$(cat /proc/sys/$(echo $name | tr . /)); echo \"\$v\" > /proc/sys/$(echo $name | tr . /)"
done
tried 'sysrq' sh -c 'echo h > /proc/sysrq-trigger'
tried '/sys' sh -c 'f=/sys/kernel/mm/transparent_hugepage/khugepaged/defrag; v=$(cat $f); echo $v > $f'
$m -o remount,rw,bind /usr
tried 'that the machine is read-only' $m -o remount,rw,bind /run/sandbox/usr
tried 'that the program is read-only' $m -o remount,rw,bind /run/sandbox/infra
tried 'that shims are read-only' $m -o remount,rw,bind /run/sandbox/shims
tried 'the environment of who started the sandbox' head -c 1 /proc/1/environ
tried 'the memory of the first process' ls /proc/1/map_files
tried 'the first process as a way out' ls /proc/1/cwd/ /proc/1/root/
tried '/usr' touch /usr/mine
tried 'the machine'"'"'s /usr' touch /run/sandbox/usr/mine
tried 'the machine'"'"'s programs' sh -c 'echo >> /run/sandbox/usr/bin/env'
tried 'time' date -s "$(date)"
tried 'a module' /run/sandbox/usr/sbin/modprobe dummy
tried 'another process' kill -0 $(( $$ + 100000 ))
echo end
"""


def test_jail(cloud, ssh):
    """Where root has started the sandbox, the hosts' root is nobody: what it tries to do to the machine fails."""
    if os.geteuid() != 0:
        tap.skip("the machine is out of reach", "hosts have the rights of who starts them, and that is not root")
        return
    host = launch(cloud, ssh, "#!/bin/sh\n")
    at = booted(cloud, ssh, host)
    got = ssh.run(at, JAIL)
    tap.same(got.out, "end\n", "nothing of the machine is changed from inside: devices, settings, files")
    tap.ok(ssh.run(at, "test -d /run/sandbox/usr/bin").code == 0, "and it is all still there")
    cloud.client("ec2").terminate_instances(InstanceIds=[host])


def test_no_overlay():
    """Where the kernel refuses to lay shims over /usr, because another file system is mounted in it."""
    if os.geteuid() != 0 or not shutil.which("unshare") or not os.path.isdir("/usr/games"):
        tap.skip("shims by PATH", "mounting below /usr needs root, unshare and /usr/games")
        return
    with sandbox.Sandbox("-hosts=on", under=[shutil.which("unshare"), "-m", "sh", "-c", 'mount -t tmpfs none /usr/games && exec "$@"', "sh"]) as cloud:
        ssh = Ssh(cloud, Path(cloud.dir) / "ssh")
        at = booted(cloud, ssh, launch(cloud, ssh, "#!/bin/sh\napt-get install -y nothing\nsystemctl restart docker\n"))
        got = ssh.run(at, "command -v apt-get; cloud-init status; python3 -m venv /tmp/v && /tmp/v/bin/pip install tensorboard; sudo -u ubuntu docker ps -q")
        tap.ok(got.out.startswith("/run/sandbox/bin/apt-get\nstatus: done\n") or got.out.startswith("/run/sandbox/sbin/apt-get\nstatus: done\n"), "shims by PATH", got)
        tap.ok(got.code == 0 and "tensorboard: counts as installed" in got.out, "pip and docker, too", got)


why = e2e.missing("apply") or next((f"there is no {name} here" for name in ("ssh", "ssh-keygen") if not shutil.which(name)), None)
if why:
    skip_all(why)
with sandbox.Sandbox("-hosts=on") as cloud_, e2e.Project("msls", cloud_, e2e.MSLS) as project_:
    why = cloud_.no_hosts()
    if why:
        skip_all(why)
    ssh_ = Ssh(cloud_, Path(cloud_.dir) / "ssh")
    wanted = sys.argv[1:]
    ticking = launch(cloud_, ssh_, "#!/bin/sh\necho '* * * * * root date +\\\\%S >> /tmp/ticks' > /etc/cron.d/tick\n")
    for case in (test_cloud_config, test_forms, test_seen, test_jail, test_shims, test_volumes):
        if not wanted or case.__name__ in wanted:
            tap.case(case, cloud_, ssh_)
    if not wanted or "test_msls" in wanted:
        tap.case(test_msls, cloud_, project_, ssh_)
    # it has had all the time of these tests for it
    ticks = until(lambda: ssh_.run(address(cloud_, ticking), "cat /tmp/ticks").out.split(), 62)
    tap.ok(ticks and int(ticks[0]) < 10, "crontabs are looked at when a minute begins", ticks)
if not sys.argv[1:] or "test_no_overlay" in sys.argv[1:]:
    tap.case(test_no_overlay)
tap.done()
