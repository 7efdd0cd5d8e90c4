#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The life of real hosts: what they are told at 169.254.169.254 (role keys that the cloud takes, tags, their card, spot notices),
reboot, stop and start, power-off from inside, interruption and return."""
import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))
import e2e  # noqa: E402
import sandbox  # noqa: E402
from tap import Tap, skip_all  # noqa: E402

tap = Tap()
PROFILE = "trainer"


def until(function, seconds=20):
    end = time.time() + seconds
    while not (got := function()) and time.time() < end:
        time.sleep(0.1)
    return got


class World:
    def __init__(self, cloud, folder):
        self.cloud, self.ec2, self.folder = cloud, cloud.client("ec2"), Path(folder)
        self.folder.mkdir(mode=0o700)
        self.key = self.folder / "key"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.key)], check=True, stdin=subprocess.DEVNULL)
        self.ec2.import_key_pair(KeyName="k", PublicKeyMaterial=self.key.with_suffix(".pub").read_bytes())
        self.image = self.ec2.describe_images(Owners=["099720109477"], Filters=[{"Name": "architecture", "Values": ["x86_64"]}])["Images"][0]["ImageId"]
        group = self.ec2.describe_security_groups(GroupNames=["default"])["SecurityGroups"][0]["GroupId"]
        self.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
            {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])
        self.config = self.folder / "config"
        self.config.write_text(f"IdentityFile {self.key}\nIdentitiesOnly yes\nUser ubuntu\nConnectTimeout 10\nLogLevel ERROR\nUserKnownHostsFile /dev/null\n"
                               "StrictHostKeyChecking no\nIgnoreUnknown KnownHostsCommand\nKnownHostsCommand none\n" + cloud.command("ssh-config").out)

    def run(self, **args):
        return self.ec2.run_instances(**{"ImageId": self.image, "InstanceType": "t3.small", "KeyName": "k", "MinCount": 1, "MaxCount": 1, **args})["Instances"][0]["InstanceId"]

    def instance(self, instance):
        return self.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]

    def is_in(self, instance, state):
        return until(lambda: self.instance(instance)["State"]["Name"] == state)

    def ssh(self, instance, command, timeout=30):
        address = self.instance(instance).get("PublicIpAddress", "198.51.100.255")
        return e2e.run(["ssh", "-F", str(self.config), "-o", "BatchMode=yes", address, command], {**self.cloud.environment()}, self.folder, timeout=timeout)

    def answers(self, instance, command):
        """What a command in the host prints, as soon as it can be entered."""
        return until(lambda: self.ssh(instance, command).out.strip())

    def metadata(self, instance, *paths):
        script = ("t=$(curl -s -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token); "
                  + "; echo ----; ".join(f"curl -s -f -H \"X-aws-ec2-metadata-token: $t\" http://169.254.169.254/latest/{path} || echo none" for path in paths))
        return [part.strip() for part in self.ssh(instance, script).out.split("----")]


HOPS = """
import socket, urllib.request
seen = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
seen.settimeout(5)
urllib.request.urlopen(urllib.request.Request("http://169.254.169.254/latest/api/token", method="PUT", headers={"X-aws-ec2-metadata-token-ttl-seconds": "60"}))
while True:
    packet = seen.recv(65535)
    if packet[12:16] == socket.inet_aton("169.254.169.254") and b"HTTP/1.1 200" in packet:
        print(packet[8])
        break
"""


def test_metadata(world):
    iam = world.cloud.client("iam")
    trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}]}
    iam.create_role(RoleName="worker", AssumeRolePolicyDocument=json.dumps(trust))
    iam.create_instance_profile(InstanceProfileName=PROFILE)
    iam.add_role_to_instance_profile(InstanceProfileName=PROFILE, RoleName="worker")
    instance = world.run(IamInstanceProfile={"Name": PROFILE}, MetadataOptions={"InstanceMetadataTags": "enabled", "HttpTokens": "required"},
                         TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "worker one"}]}])
    world.is_in(instance, "running")
    world.answers(instance, "echo in")
    got = world.instance(instance)
    card = got["NetworkInterfaces"][0]
    mac = f"meta-data/network/interfaces/macs/{card['MacAddress']}"
    texts = world.metadata(instance, "meta-data/iam/security-credentials/", "meta-data/iam/security-credentials/worker", "meta-data/iam/info",
                           "meta-data/tags/instance/Name", f"{mac}/subnet-id", f"{mac}/vpc-ipv4-cidr-block", "meta-data/public-keys", "meta-data/block-device-mapping/root",
                           "meta-data/spot/instance-action", "dynamic/instance-identity/document", "dynamic/instance-identity/pkcs7", "meta-data/placement/availability-zone-id")
    tap.same(texts[0], "worker", "the metadata names the role")
    keys, info, document = json.loads(texts[1]), json.loads(texts[2]), json.loads(texts[9])
    tap.ok(keys["Code"] == "Success" and keys["Type"] == "AWS-HMAC" and info["InstanceProfileArn"].endswith("/" + PROFILE), "keys and profile", keys, info)
    tap.same(texts[3:9], ["worker one", got["SubnetId"], "172.31.0.0/16", "0=k", got["RootDeviceName"], "none"], "tags, card, key, root device; no notice yet")
    tap.same((document["instanceId"], document["accountId"], texts[10]), (instance, world.cloud.identity["account"], "none"), "an identity document, and no signature of it")
    tap.ok(texts[11].startswith("use1-az"), "the zone's id", texts[11])
    import boto3
    from botocore.exceptions import ClientError

    def client(service, token=keys["Token"], secret=keys["SecretAccessKey"]):
        return boto3.client(service, endpoint_url=world.cloud.endpoint, region_name=e2e.REGION, aws_access_key_id=keys["AccessKeyId"],
                            aws_secret_access_key=secret, aws_session_token=token)
    who = client("sts").get_caller_identity()
    tap.same(who["Arn"], f"arn:aws:sts::{world.cloud.identity['account']}:assumed-role/worker/{instance}", "with these keys one is that role")
    tap.ok(client("ec2").describe_vpcs()["Vpcs"], "which the cloud lets in")
    refusals = []
    for wrong in ({"token": "other"}, {"token": None}, {"secret": "x" * 40}):
        try:
            client("iam", **wrong).list_roles()
            refusals.append(None)
        except ClientError as error:
            refusals.append(error.response["Error"]["Code"])
    tap.same(refusals, ["InvalidClientTokenId", "InvalidClientTokenId", "SignatureDoesNotMatch"], "and nobody with another token or secret")
    asked = world.ssh(instance, f"AWS_ACCESS_KEY_ID={keys['AccessKeyId']} AWS_SECRET_ACCESS_KEY={keys['SecretAccessKey']} AWS_SESSION_TOKEN={keys['Token']}; "
                      "curl -s --aws-sigv4 aws:amz:us-east-1:sts --user \"$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY\" -H \"X-Amz-Security-Token: $AWS_SESSION_TOKEN\" "
                      "-d Action=GetCallerIdentity -d Version=2011-06-15 $AWS_ENDPOINT_URL/")
    tap.ok(f"assumed-role/worker/{instance}</Arn>" in asked.out, "from inside, too", asked)
    assumed = world.cloud.client("sts").assume_role(RoleArn=f"arn:aws:iam::{world.cloud.identity['account']}:role/worker", RoleSessionName="me")
    tap.ok(assumed["AssumedRoleUser"]["Arn"].endswith(":assumed-role/worker/me") and assumed["Credentials"]["SessionToken"], "a role can be assumed", assumed)
    tap.same(world.ssh(instance, "cat /sys/class/net/ens5/address").out.strip(), card["MacAddress"], "its card has the address that its interface has")
    hops = lambda: world.ssh(instance, f"python3 -c '{HOPS}'").out.strip()  # noqa: E731
    if world.ssh(instance, "python3 -c 1").code == 0:
        tap.same(hops(), "1", "a token passes no router")
        world.ec2.modify_instance_metadata_options(InstanceId=instance, HttpPutResponseHopLimit=3)
        tap.ok(until(lambda: hops() == "3"), "but as many as the hop limit says", hops())
    world.ec2.modify_instance_metadata_options(InstanceId=instance, HttpEndpoint="disabled")
    code = "curl -s -o /dev/null -w '%{http_code}' -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token"
    tap.ok(until(lambda: world.ssh(instance, code).out == "403"), "switched off, it forbids", world.ssh(instance, code))
    world.ec2.terminate_instances(InstanceIds=[instance])


# What of the machine a host's root may want us to read or write for it, when we do it from outside.
LINKS = """set -e
cd /etc/ssh && mv ssh_host_ed25519_key.pub kept.pub && ln -s MACHINE/read ssh_host_ed25519_key.pub
ln -sf MACHINE/written /run/sandbox/volumes/table
rm -f /run/sandbox/volumes/access-points && mkfifo /run/sandbox/volumes/access-points
ln -sf MACHINE/written /etc/hostname
rm -rf /var/lib/cloud/scripts /etc/cron.d && ln -s MACHINE /var/lib/cloud/scripts && ln -s ../../../../../../../../..MACHINE /etc/cron.d
rm -rf /etc/systemd && ln -s ../../../../../../../../..MACHINE /etc/systemd
"""


def lay_links(world, instance, machine):
    """A folder of the machine's that anybody may write in, and links to it where we work on a host's disk."""
    Path(machine).chmod(0o777)
    for name in ("read", "written"):
        (Path(machine) / name).write_text("the machine's\n")
        (Path(machine) / name).chmod(0o666)
    got = world.instance(instance)
    done = world.ssh(instance, LINKS.replace("MACHINE", machine))
    tap.ok(done.code == 0, "links that its root has made to what is the machine's", done)
    key = world.cloud.command("host-key", got["PublicIpAddress"])
    tap.ok(key.code != 0 and "the machine's" not in key.out + key.err, "are not followed for its key", key)
    volume = world.ec2.create_volume(AvailabilityZone=got["Placement"]["AvailabilityZone"], Size=1)["VolumeId"]
    world.ec2.get_waiter("volume_available").wait(VolumeIds=[volume], WaiterConfig={"Delay": 1})
    world.ec2.attach_volume(VolumeId=volume, InstanceId=instance, Device="/dev/sdf")
    tap.ok(until(lambda: volume in world.ssh(instance, "[ -L /run/sandbox/volumes/table ] || cat /run/sandbox/volumes/table").out), "nor for its volumes")
    world.ssh(instance, "cd /etc/ssh && mv kept.pub ssh_host_ed25519_key.pub")


def check_links(world, instance, machine):
    host = world.ssh(instance, "ls -l /etc/hostname; cat /etc/hostname; hostname").out.split()
    tap.ok(host[0][0] == "-" and host[-1] == host[-2], "and when it boots, they lead nowhere but into its own disk", host)
    there = {path.name: path.is_file() and path.read_text() for path in Path(machine).iterdir()}
    tap.same(there, {name: "the machine's\n" for name in ("read", "written")}, "nothing of the machine's has changed")


def test_life(world):
    with tempfile.TemporaryDirectory(dir="/var/tmp") as machine:  # hosts have a /tmp of their own
        live(world, machine)


def live(world, machine):
    instance = world.run(UserData="#!/bin/sh\necho first >> /var/tmp/boots\n")
    world.is_in(instance, "running")
    begun = world.answers(instance, "cut -d' ' -f22 /proc/1/stat; sudo touch /var/tmp/kept")
    tap.ok(begun, "a host runs")
    world.ec2.reboot_instances(InstanceIds=[instance])
    again = until(lambda: (now := world.ssh(instance, "cut -d' ' -f22 /proc/1/stat; ls /var/tmp/kept").out.split()) and now[0] != begun.split()[0] and now)
    tap.ok(again and again[1] == "/var/tmp/kept", "rebooted, its processes are new ones and its disk is the old one", begun, again)
    tap.same(world.instance(instance)["State"]["Name"], "running", "all the time it counts as running")
    tap.ok(until(lambda: world.ssh(instance, "cat /var/tmp/boots").out == "first\n"), "its user data has run once")
    lay_links(world, instance, machine)
    world.ssh(instance, "sudo shutdown -h now")
    tap.ok(world.is_in(instance, "stopped"), "shut down from inside, it is stopped", world.instance(instance)["State"])
    got = world.instance(instance)
    tap.same((got["StateReason"]["Code"], got["StateTransitionReason"]), ("Client.InstanceInitiatedShutdown", ""), "for that reason")
    world.ec2.start_instances(InstanceIds=[instance])
    tap.ok(world.answers(instance, "ls /var/tmp/kept"), "started, it has its disk")
    check_links(world, instance, machine)
    world.ec2.modify_instance_attribute(InstanceId=instance, InstanceInitiatedShutdownBehavior={"Value": "terminate"})
    world.ssh(instance, "sudo poweroff")
    tap.ok(world.is_in(instance, "terminated"), "or is terminated, where it was started so")


def test_spot(world):
    instance = world.run(InstanceMarketOptions={"MarketType": "spot", "SpotOptions": {"SpotInstanceType": "persistent", "InstanceInterruptionBehavior": "stop"}})
    world.is_in(instance, "running")
    world.answers(instance, "sudo touch /var/tmp/checkpoint; echo in")
    done = world.cloud.command("fault", "add", "spot-interruption", "-after=1", "-notice=4", "-count=1", f"-resource={instance}")
    tap.ok(done.code == 0, "an interruption is ordered", done)
    early = world.metadata(instance, "meta-data/events/recommendations/rebalance", "meta-data/spot/instance-action")
    tap.ok("noticeTime" in early[0], "a rebalance is recommended", early)
    seen = until(lambda: (texts := world.metadata(instance, "meta-data/spot/instance-action"))[0] not in ("none", "") and texts, 4)
    tap.ok(seen and json.loads(seen[0])["action"] == "stop" and json.loads(seen[0])["time"].endswith("Z"), "then the notice stands in the metadata", seen)
    tap.ok(until(lambda: world.instance(instance)["State"]["Name"] in ("stopping", "stopped")), "and the instance is stopped")
    tap.ok(until(lambda: world.instance(instance)["State"]["Name"] == "running"), "it comes back")
    tap.same(world.answers(instance, "ls /var/tmp/checkpoint"), "/var/tmp/checkpoint", "with its disk")
    tap.same(world.metadata(instance, "meta-data/spot/instance-action"), ["none"], "and without a notice")


why = e2e.missing("apply") or next((f"there is no {name} here" for name in ("ssh", "ssh-keygen", "curl") if not shutil.which(name)), None)
if why:
    skip_all(why)
with sandbox.Sandbox("-hosts=on") as cloud_:
    why = cloud_.no_hosts()
    if why:
        skip_all(why)
    world_ = World(cloud_, Path(cloud_.dir) / "ssh")
    for test in (test_metadata, test_life, test_spot):
        tap.case(test, world_)
tap.done()
