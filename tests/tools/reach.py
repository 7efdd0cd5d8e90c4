# SPDX-License-Identifier: Apache-2.0
"""Who may reach whom in a VPC, computed from what the API says of security groups, routes and addresses alone."""
import ipaddress
import os
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import e2e

OPEN, REFUSED, BLOCKED = "open", "refused", "blocked"
NFS = 2049
BLOCKED_SECONDS = 2


@dataclass
class Place:
    """One end of a connection: a network interface, or an address on the internet."""
    name: str
    address: str              # its own
    public: str = None        # by which the internet sees it
    subnet: str = None        # None: it is on the internet
    groups: list = field(default_factory=list)
    instance: str = None
    listens: set = field(default_factory=set)


class Network:
    """A VPC as it is now."""

    def __init__(self, ec2, vpc):
        self.vpc = vpc
        within = [{"Name": "vpc-id", "Values": [vpc]}]
        self.groups = {g["GroupId"]: g for g in ec2.describe_security_groups(Filters=within)["SecurityGroups"]}
        self.subnets = {s["SubnetId"]: s for s in ec2.describe_subnets(Filters=within)["Subnets"]}
        self.tables = ec2.describe_route_tables(Filters=within)["RouteTables"]
        self.gateways = {n["NatGatewayId"]: n for n in ec2.describe_nat_gateways(Filters=within)["NatGateways"]}
        names = {i["InstanceId"]: next((t["Value"] for t in i.get("Tags", []) if t["Key"] == "Name"), i["InstanceId"])
                 for r in ec2.describe_instances(Filters=within)["Reservations"] for i in r["Instances"]}
        self.places = []
        for card in ec2.describe_network_interfaces(Filters=within)["NetworkInterfaces"]:
            instance = card.get("Attachment", {}).get("InstanceId")
            kind = card["InterfaceType"]
            self.places.append(Place(
                names.get(instance, kind), card["PrivateIpAddress"], card.get("Association", {}).get("PublicIp"), card["SubnetId"],
                [g["GroupId"] for g in card["Groups"]], instance, {22} if instance else {NFS} if kind == "efs" else set()))

    def hosts(self):
        return [p for p in self.places if p.instance]

    def ports(self):
        """Those at the edges of the rules, their neighbours, and one that no rule names."""
        found = {22, NFS, 4711}
        for group in self.groups.values():
            for rule in group["IpPermissions"] + group["IpPermissionsEgress"]:
                for port in (rule.get("FromPort", -1), rule.get("ToPort", -1)):
                    found |= {port, port + 1} if 0 < port < 65535 else set()
        return sorted(found)

    def route(self, subnet, to):
        """The route of a subnet to an address, or None."""
        table = next((t for t in self.tables if any(a.get("SubnetId") == subnet for a in t["Associations"])), None)
        table = table or next(t for t in self.tables if any(a.get("Main") for a in t["Associations"]))
        fits = [r for r in table["Routes"] if ipaddress.ip_address(to) in ipaddress.ip_network(r["DestinationCidrBlock"])]
        return max(fits, key=lambda r: ipaddress.ip_network(r["DestinationCidrBlock"]).prefixlen, default=None)

    def exit(self, place, to):
        """The address by which a place is seen on the internet by `to`, or None where no way leads there."""
        route = self.route(place.subnet, to)
        if not route or route["State"] != "active":
            return None
        if route.get("GatewayId", "").startswith("igw-"):
            return place.public
        gateway = self.gateways.get(route.get("NatGatewayId"))
        if not gateway or gateway["State"] != "available":
            return None
        onward = self.route(gateway["SubnetId"], to)
        ready = onward and onward["State"] == "active" and onward.get("GatewayId", "").startswith("igw-")
        return gateway["NatGatewayAddresses"][0].get("PublicIp") if ready else None

    def lets(self, place, peer, address, port, egress):
        """Whether a group of a place lets a connection through, to or from a peer that it sees at that address."""
        for group in place.groups:
            for rule in self.groups[group]["IpPermissionsEgress" if egress else "IpPermissions"]:
                if rule["IpProtocol"] not in ("-1", "tcp") or (rule["IpProtocol"] == "tcp" and not rule["FromPort"] <= port <= rule["ToPort"]):
                    continue
                if any(ipaddress.ip_address(address) in ipaddress.ip_network(r["CidrIp"]) for r in rule["IpRanges"]):
                    return True
                if address == peer.address and any(r["GroupId"] in peer.groups for r in rule["UserIdGroupPairs"]):
                    return True
        return False

    def expect(self, source, target, port):
        """What a connection from one to the other comes to. On the internet, places are called by their public address."""
        seen = source.address
        if source.subnet and not target.subnet:
            seen = self.exit(source, target.address)
            if not seen or not self.lets(source, target, target.address, port, True):
                return BLOCKED
        elif source.subnet and not self.lets(source, target, target.address, port, True):
            return BLOCKED
        elif not source.subnet and self.exit(target, source.address) != target.public:
            return BLOCKED
        if target.subnet and not self.lets(target, source, seen, port, False):
            return BLOCKED
        return OPEN if port in target.listens else REFUSED


# Each line "ADDRESS PORT" is answered by "ADDRESS PORT RESULT", all at the same time, by what every host has.
PROBE = """
while read -r host port; do
	(
		said=$(timeout %(seconds)d bash -c ": < /dev/tcp/$host/$port" 2>&1)
		case $?:$said in
		0:*) echo "$host $port open" ;;
		124:*) echo "$host $port blocked" ;;
		*refused*) echo "$host $port refused" ;;
		*unreachable*|*'No route'*) echo "$host $port blocked" ;;
		*) echo "$host $port $said" ;;
		esac
	) &
done <<'LINES'
%(lines)sLINES
wait
"""


class Prober:
    """Connections from hosts and from the internet."""

    def __init__(self, ssh, jump):
        self.ssh, self.jump = ssh, jump

    def on(self, place, script, **more):
        way = [] if place.address == self.jump.address else ["-J", self.jump.public]
        return self.ssh.run(*way, self.jump.public if not way else place.address, script, kept=True, **more)

    def listening(self, place):
        """On which ports a host does, as soon as its user data has been run."""
        got = self.on(place, "until test -e /var/lib/cloud/instance/boot-finished; do sleep 0.1; done; cat /proc/net/tcp /proc/net/tcp6")
        found = [line.split()[1].split(":") for line in got.out.splitlines() if line.split()[3:4] == ["0A"]]
        return {int(port, 16) for address, port in found if address != "0100007F"}

    def from_host(self, place, wanted):
        """{(address, port): result}"""
        lines = "".join(f"{address} {port}\n" for address, port in sorted(wanted))
        got = self.on(place, PROBE % {"lines": lines, "seconds": BLOCKED_SECONDS})
        return {(line.split()[0], int(line.split()[1])): " ".join(line.split()[2:]) for line in got.out.splitlines()}

    def from_internet(self, address, wanted):
        """The same from there, by `infra sandbox connect`, which tells ssh what it could not do."""
        with ThreadPoolExecutor(16) as pool:
            return dict(zip(wanted, pool.map(lambda to: self.connect(address, *to), wanted)))

    def connect(self, source, host, port):
        here, there = socket.socketpair()
        with here, there:
            process = subprocess.Popen([e2e.INFRA, "sandbox", "connect", f"-dir={self.ssh.cloud.dir}", f"-from={source}", host, str(port)],
                                       stdin=subprocess.DEVNULL, stdout=there, stderr=subprocess.PIPE, text=True)
            try:
                said = process.communicate(timeout=BLOCKED_SECONDS + 1)[1]
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                return BLOCKED
            if process.returncode == 0:
                for fd in socket.recv_fds(here, 16, 1)[1]:
                    os.close(fd)
                return OPEN
            return REFUSED if "refused" in said else BLOCKED if "unreachable" in said or "route" in said else said
