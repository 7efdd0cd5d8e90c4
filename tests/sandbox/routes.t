#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ways out of a VPC and into it: route tables, internet and NAT gateways, public addresses, and their changes while hosts run."""
import shutil
import sys
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))
import e2e  # noqa: E402
import reach  # noqa: E402
import sandbox  # noqa: E402
from tap import Tap, skip_all  # noqa: E402

tap = Tap()
until = sandbox.until
PAGE = "curl -s -m 1 http://checkip.amazonaws.com || echo nothing $?"
UNREACHABLE, TIMED_OUT = "nothing 7\n", "nothing 28\n"  # as curl has them


class World:
    """A VPC with a public and a private subnet, made without the program under test."""

    def __init__(self, cloud, ssh):
        self.cloud, self.ssh, self.ec2 = cloud, ssh, cloud.client("ec2")
        self.ec2.import_key_pair(KeyName="k", PublicKeyMaterial=ssh.key.with_suffix(".pub").read_bytes())
        self.image = self.ec2.describe_images(Owners=["099720109477"])["Images"][0]["ImageId"]
        self.vpc = self.ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
        self.gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=self.gateway, VpcId=self.vpc)
        self.public, self.public_table = self.subnet("10.7.1.0/24")
        self.private, self.private_table = self.subnet("10.7.2.0/24")
        self.ec2.create_route(RouteTableId=self.public_table, DestinationCidrBlock="0.0.0.0/0", GatewayId=self.gateway)
        self.group = self.ec2.create_security_group(GroupName="all", Description="all", VpcId=self.vpc)["GroupId"]
        self.ec2.authorize_security_group_ingress(GroupId=self.group, IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}])

    def subnet(self, cidr):
        subnet = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=cidr)["Subnet"]["SubnetId"]
        table = self.ec2.create_route_table(VpcId=self.vpc)["RouteTable"]["RouteTableId"]
        self.ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)
        return subnet, table

    def host(self, subnet, group=None):
        made = self.ec2.run_instances(ImageId=self.image, InstanceType="t3.micro", KeyName="k", MinCount=1, MaxCount=1, SubnetId=subnet,
                                      **({"SecurityGroupIds": [group]} if group else {}))["Instances"][0]
        return made["InstanceId"], made["PrivateIpAddress"]

    def state(self, instance):
        return self.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]["State"]["Name"]

    def address(self, instance=None):
        """A public address of ours: (its allocation, the address)."""
        made = self.ec2.allocate_address(Domain="vpc")
        if instance:
            until(lambda: self.state(instance) == "running")
            self.ec2.associate_address(AllocationId=made["AllocationId"], InstanceId=instance)
        return made["AllocationId"], made["PublicIp"]

    def nat(self, subnet, allocation):
        gateway = self.ec2.create_nat_gateway(SubnetId=subnet, AllocationId=allocation)["NatGateway"]["NatGatewayId"]
        until(lambda: self.ec2.describe_nat_gateways(NatGatewayIds=[gateway])["NatGateways"][0]["State"] == "available")
        return gateway

    def replace_route(self, table, **target):
        self.ec2.replace_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **target)


def test_ways(w):
    jump, jump_address = w.host(w.public, w.group)
    inner, inner_address = w.host(w.private, w.group)
    _, jump_public = w.address(jump)
    on = lambda host, script: w.ssh.run(*([] if host == jump_public else ["-J", jump_public]), host, script, kept=True).out  # noqa: E731
    reads = lambda host, want: until(lambda: on(host, PAGE) == want, 4)  # noqa: E731
    tap.ok(reads(jump_public, jump_public + "\n"), "by an internet gateway: seen by the public address")
    tap.same(on(inner_address, PAGE), UNREACHABLE, "without a route: unreachable")
    tap.same(on(inner_address, f"timeout 2 bash -c ': < /dev/tcp/{jump_address}/22' && echo reached"), "reached\n", "but the VPC is reached")

    nat_allocation, nat_public = w.address()
    gateway = w.nat(w.public, nat_allocation)
    w.ec2.create_route(RouteTableId=w.private_table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=gateway)
    tap.ok(reads(inner_address, nat_public + "\n"), "by a NAT gateway: seen by its address")
    tap.same(reach.Prober(w.ssh, None).connect("203.0.113.7", jump_public, 22), reach.OPEN, "the other one is entered as before")
    lost_allocation, _ = w.address()
    lost = w.nat(w.private, lost_allocation)
    w.replace_route(w.private_table, NatGatewayId=lost)
    tap.ok(reads(inner_address, TIMED_OUT), "by a NAT gateway that has no way out itself: nothing comes back")
    w.replace_route(w.private_table, GatewayId=w.gateway)
    tap.ok(reads(inner_address, TIMED_OUT), "by an internet gateway, without a public address: nothing comes back")
    w.replace_route(w.private_table, NatGatewayId=gateway)
    tap.ok(reads(inner_address, nat_public + "\n"), "by the first one again")
    w.ec2.delete_nat_gateway(NatGatewayId=gateway)
    tap.ok(reads(inner_address, TIMED_OUT), "the gateway is deleted: nothing comes back")
    w.ec2.delete_route(RouteTableId=w.private_table, DestinationCidrBlock="0.0.0.0/0")
    tap.ok(reads(inner_address, UNREACHABLE), "its route is, too: unreachable")

    w.ec2.create_route(RouteTableId=w.private_table, DestinationCidrBlock="192.0.2.0/28", GatewayId=w.gateway)
    association = next(a for t in w.ec2.describe_route_tables(RouteTableIds=[w.private_table])["RouteTables"] for a in t["Associations"])
    _, inner_public = w.address(inner)
    tap.ok(reads(inner_address, inner_public + "\n"), "a route to a part of the internet leads there")
    prober = reach.Prober(w.ssh, None)
    tap.same([prober.connect(user, inner_public, 22) == reach.OPEN for user in ("192.0.2.10", "192.0.2.20")], [True, False], "and only who is there gets in")
    w.ec2.replace_route_table_association(AssociationId=association["RouteTableAssociationId"], RouteTableId=w.public_table)
    tap.ok(until(lambda: prober.connect("192.0.2.20", inner_public, 22) == reach.OPEN), "with another route table the others do, too")
    return jump_public, jump, inner, inner_address, inner_public


def test_addresses(w, jump_public, jump, inner, inner_address, inner_public):
    """An address goes from one host to another one while a connection is open by it."""
    prober = reach.Prober(w.ssh, None)
    key = lambda address: w.cloud.command("host-key", address).out.split()[1:]  # noqa: E731
    keys = key(jump), key(inner)
    seen = []
    talk = threading.Thread(target=lambda: seen.extend(
        w.ssh.run("-o", "ServerAliveInterval=1", "-o", "ServerAliveCountMax=3", inner_public, "hostname; sleep 30; echo survived", timeout=60).out.split()))
    talk.start()
    until(lambda: w.ssh.run("-J", jump_public, inner_address, "pgrep -f 'sleep 30'", kept=True).out)
    addresses = {a["PublicIp"]: a for a in w.ec2.describe_addresses()["Addresses"]}
    w.ec2.disassociate_address(AssociationId=addresses[inner_public]["AssociationId"])
    tap.ok(until(lambda: prober.connect("203.0.113.7", inner_public, 22) != reach.OPEN, 5), "an address that was taken away leads nowhere")
    w.ec2.associate_address(AllocationId=addresses[inner_public]["AllocationId"], InstanceId=jump)
    tap.ok(until(lambda: key(inner_public) == keys[0] != keys[1]), "given to another host it leads there")
    tap.same(w.ssh.run(inner_public, PAGE).out, inner_public + "\n", "which is seen by it")
    talk.join()
    tap.ok(len(seen) == 1, "a connection that was open by it has ended", seen)
    return inner_public


def test_users(w, public):
    """Nobody on the internet has an address that is none there."""
    prober = reach.Prober(w.ssh, None)
    said = {prober.connect(address, public, 22) for address in ("10.7.2.4", "172.16.0.1", "100.64.0.1", "127.0.0.1", "224.0.0.1", public)}
    tap.ok(len(said) == 1 and "or none of the internet's" in said.pop(), "users are where users can be", said)


def test_groups(w, public):
    prober = reach.Prober(w.ssh, None)
    everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    w.ec2.revoke_security_group_ingress(GroupId=w.group, IpPermissions=everything)
    tap.ok(until(lambda: prober.connect("203.0.113.7", public, 22) == reach.BLOCKED, 6), "a rule that is revoked lets nobody in")
    w.ec2.authorize_security_group_ingress(GroupId=w.group, IpPermissions=everything)
    tap.ok(until(lambda: prober.connect("203.0.113.7", public, 22) == reach.OPEN, 6), "authorized again it does")
    w.ec2.revoke_security_group_egress(GroupId=w.group, IpPermissions=everything)
    tap.same(w.ssh.run(public, PAGE).out, TIMED_OUT, "without a rule for egress nothing gets out but answers")
    w.ec2.authorize_security_group_egress(GroupId=w.group, IpPermissions=everything)
    tap.ok(until(lambda: w.ssh.run(public, PAGE).out == public + "\n"), "with it everything does")


# Each word is PROTOCOL/NUMBER: a datagram to a port where nobody listens, or an ICMP message of a type. The receiver counts both.
SEND = """
import socket, sys
for word in sys.argv[2:]:
    protocol, number = word.split("/")
    if protocol == "udp":
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", (sys.argv[1], int(number)))
    else:
        message = bytes([int(number), 0, 255 - int(number), 255]) + bytes(16)
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).sendto(message, (sys.argv[1], 0))
"""


def test_rules(w, jump_public, inner_address):
    """Ports of UDP, types of ICMP, and groups that rules for egress name."""
    on = lambda host, script: w.ssh.run(*([] if host == jump_public else ["-J", jump_public]), host, script, kept=True).out  # noqa: E731

    def counts():
        rows = [line.split() for line in on(inner_address, "cat /proc/net/snmp").splitlines()]
        fields = {head[0] + name: int(n) for head, row in zip(rows[::2], rows[1::2]) for name, n in zip(head[1:], row[1:])}
        return fields["Udp:NoPorts"] + fields["Udp:InDatagrams"], fields["Icmp:InEchos"], fields["Icmp:InTimestamps"]

    def arrived(*words):
        before = counts()
        on(jump_public, f"python3 -c '{SEND}' {inner_address} {' '.join(words)}")
        return tuple(now - then for now, then in zip(counts(), before))

    everywhere, inside = [{"CidrIp": "0.0.0.0/0"}], [{"CidrIp": "10.7.0.0/16"}]
    everything = [{"IpProtocol": "-1", "IpRanges": everywhere}]
    some = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": everywhere}, {"IpProtocol": "udp", "FromPort": 4000, "ToPort": 4001, "IpRanges": inside},
            {"IpProtocol": "icmp", "FromPort": 8, "ToPort": -1, "IpRanges": inside}]
    w.ec2.authorize_security_group_ingress(GroupId=w.group, IpPermissions=some)
    w.ec2.revoke_security_group_ingress(GroupId=w.group, IpPermissions=everything)
    tap.ok(until(lambda: arrived("udp/3999", "udp/4002") == (0, 0, 0)), "ports of UDP beside those of a rule are closed")
    tap.same(arrived("udp/4000", "udp/4001"), (2, 0, 0), "those of the rule are open")
    tap.same((arrived("icmp/13"), arrived("icmp/8")), ((0, 0, 0), (0, 1, 0)), "of ICMP the type that a rule names is let in")
    peers = [{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": [{"GroupId": w.group}]}]
    w.ec2.authorize_security_group_egress(GroupId=w.group, IpPermissions=peers)
    w.ec2.revoke_security_group_egress(GroupId=w.group, IpPermissions=everything)
    tap.ok(until(lambda: on(jump_public, PAGE) == TIMED_OUT), "egress to the members of a group leads to nobody else")
    tap.same(on(jump_public, f"timeout 2 bash -c ': < /dev/tcp/{inner_address}/22' && echo reached"), "reached\n", "but to them")
    w.ec2.authorize_security_group_egress(GroupId=w.group, IpPermissions=everything)
    w.ec2.authorize_security_group_ingress(GroupId=w.group, IpPermissions=everything)


def test_separation(w, jump_public, inner_address):
    """The default VPC is another network; what it has of this one is its public addresses."""
    default = w.ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    subnet = w.ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [default]}])["Subnets"][0]["SubnetId"]
    group = w.ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [default]}])["SecurityGroups"][0]["GroupId"]
    w.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[
        {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "203.0.113.0/24"}]}])
    other, _ = w.host(subnet)
    until(lambda: w.state(other) == "running")
    public = w.ec2.describe_instances(InstanceIds=[other])["Reservations"][0]["Instances"][0]["PublicIpAddress"]
    tap.ok(until(lambda: w.ssh.run(public, PAGE).out == public + "\n"), "a host of another VPC has a way out of its own")
    script = "timeout 2 bash -c ': < /dev/tcp/{}/22' 2> /dev/null && echo reached; true"
    tap.same(w.ssh.run(public, script.format(inner_address)).out, "", "it does not reach this one's private addresses")
    tap.same(w.ssh.run(public, script.format(jump_public)).out, "reached\n", "but its public ones")
    tap.same(w.ssh.run(public, f"exec 3<>/dev/tcp/{jump_public}/22; head -c 7 <&3").out, "SSH-2.0", "where sshd answers")
    tap.same(w.ssh.run(jump_public, script.format(jump_public)).out, "reached\n", "a host reaches itself by its public address, through the gateway")


def test_sources(w, jump_public, jump, inner, inner_address):
    """Who speaks with another one's address is not heard, unless it may."""
    if not shutil.which("ip"):
        tap.skip("other addresses than a host's own", "there is no ip(8) here")
        return
    on = lambda host, script: w.ssh.run(*([] if host == jump_public else ["-J", jump_public]), host, script, kept=True)  # noqa: E731
    foreign = "192.0.2.77"
    jump_address = w.ec2.describe_instances(InstanceIds=[jump])["Reservations"][0]["Instances"][0]["PrivateIpAddress"]
    on(jump_public, "sudo ip address add 10.7.1.99/32 dev eth0")
    # a datagram to a port where nobody listens is counted by who gets it, whether or not an answer finds its way
    arrived = lambda: int(on(inner_address, "awk '/^Udp:/ {n = $3} END {print n}' /proc/net/snmp").out)  # noqa: E731
    for address, count in ((jump_address, 1), ("10.7.1.99", 0)):
        before = arrived()
        on(jump_public, f"curl -s -m 1 --interface {address} tftp://{inner_address}/x; true")
        tap.same(min(arrived() - before, 1), count, f"what a host says as {address} arrives" if count else f"what it says as {address}, which is not its own, does not")
    card = w.ec2.describe_network_interfaces(Filters=[{"Name": "attachment.instance-id", "Values": [jump]}])["NetworkInterfaces"][0]["NetworkInterfaceId"]
    on(jump_public, f"sudo ip address add {foreign}/32 dev lo")
    _, table = w.subnet("10.7.3.0/24")
    w.ec2.create_route(RouteTableId=table, DestinationCidrBlock="192.0.2.64/26", NetworkInterfaceId=card)
    association = next(a for t in w.ec2.describe_route_tables()["RouteTables"] for a in t["Associations"] if a.get("SubnetId") == w.private)
    w.ec2.replace_route_table_association(AssociationId=association["RouteTableAssociationId"], RouteTableId=table)
    script = f"timeout 2 bash -c ': < /dev/tcp/{foreign}/22' 2> /dev/null && echo reached; true"
    tap.same(on(inner_address, script).out, "", "a route to a host leads nowhere while it takes what is its own alone")
    w.ec2.modify_instance_attribute(InstanceId=jump, SourceDestCheck={"Value": False})
    tap.ok(until(lambda: on(inner_address, script).out == "reached\n"), "without source/destination check it takes the rest, too")
    tap.ok("Last trouble" not in w.cloud.command("status").out, "the hosts' process has no complaints", w.cloud.command("status").out)


def test_all(cloud, ssh):
    w = World(cloud, ssh)
    jump_public, jump, inner, inner_address, inner_public = test_ways(w)
    moved = test_addresses(w, jump_public, jump, inner, inner_address, inner_public)
    test_users(w, moved)
    test_groups(w, moved)
    test_rules(w, moved, inner_address)
    test_separation(w, moved, inner_address)
    test_sources(w, moved, jump, inner, inner_address)


why = e2e.missing("apply") or next((f"there is no {name} here" for name in ("ssh", "ssh-keygen", "curl") if not shutil.which(name)), None)
if why:
    skip_all(why)
with sandbox.Sandbox("-hosts=on") as cloud_:
    why = cloud_.no_hosts()
    if why:
        skip_all(why)
    folder_ = Path(cloud_.dir) / "ssh"
    folder_.mkdir(mode=0o700)
    tap.case(test_all, cloud_, sandbox.Ssh(cloud_, folder_))
tap.done()
