#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""On this machine's network the sandbox listens at 127.0.0.1 and nowhere else, with hosts and without; what is not of
its own account or not whole gets nothing done."""
import os
import re
import socket
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))
import e2e  # noqa: E402
import sandbox  # noqa: E402
from tap import Tap, skip_all  # noqa: E402

tap = Tap()
LISTEN = "0A"


def sockets_of(pids):
    """Inodes of sockets that processes of our own network have open."""
    mine = os.readlink("/proc/self/ns/net")
    found = set()
    for pid in pids:
        try:
            if os.readlink(f"/proc/{pid}/ns/net") != mine:
                continue
            for fd in os.listdir(f"/proc/{pid}/fd"):
                inode = re.fullmatch(r"socket:\[(\d+)\]", os.readlink(f"/proc/{pid}/fd/{fd}"))
                if inode:
                    found.add(inode.group(1))
        except OSError:
            continue
    return found


def internet_sockets(pids):
    """(table, local address, state) of each that belongs to them."""
    inodes = sockets_of(pids)
    for table in ("tcp", "tcp6", "udp", "udp6", "raw", "raw6", "udplite"):
        path = Path(f"/proc/net/{table}")
        for line in path.read_text().splitlines()[1:] if path.exists() else ():
            fields = line.split()
            if fields[9] in inodes:
                yield table, fields[1], fields[3]


def listening(cloud):
    return sorted((table, address) for table, address, state in internet_sockets([cloud.process.pid, *sandbox.processes(cloud.process.pid)]) if state == LISTEN or table != "tcp")


def test_alone(cloud):
    where = f"0100007F:{cloud.port:04X}"
    tap.same(listening(cloud), [("tcp", where)], "one socket, at 127.0.0.1")
    with socket.socket() as s:
        s.settimeout(2)
        tap.ok(s.connect_ex(("127.0.0.2", cloud.port)) != 0, "nobody answers at another address, even of this machine")


def test_hosts(cloud):
    ec2 = cloud.client("ec2")
    image = ec2.describe_images(Owners=["099720109477"])["Images"][0]["ImageId"]
    host = ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=2, MaxCount=2)["Instances"][0]["InstanceId"]
    ec2.get_waiter("instance_running").wait(InstanceIds=[host], WaiterConfig={"Delay": 1})
    end = time.monotonic() + 20
    while not ec2.get_console_output(InstanceId=host).get("Output") and time.monotonic() < end:
        time.sleep(0.1)
    tap.ok(len(sandbox.processes(cloud.process.pid)) > 4, "hosts run", sandbox.processes(cloud.process.pid))
    tap.same(listening(cloud), [("tcp", f"0100007F:{cloud.port:04X}")], "with hosts, too, one socket of this machine's network")


def test_strangers(cloud):
    """Requests without a signature, with another's, and half ones."""
    def say(text, wait=2):
        with socket.create_connection(("127.0.0.1", cloud.port), timeout=wait) as s:
            got = b""
            try:
                s.sendall(text)
                s.shutdown(socket.SHUT_WR)
                while part := s.recv(65536):
                    got += part
            except OSError:
                pass  # it has closed the connection before all was said
            return got.decode("latin-1")
    body = b"Action=CreateVpc&CidrBlock=10.0.0.0%2F16&Version=2016-11-15"
    head = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n" % len(body)
    got = say(head + b"\r\n" + body)
    tap.ok(" 403 " in got and "MissingAuthenticationToken" in got, "without a signature", got)
    day = time.strftime("%Y%m%d", time.gmtime()).encode()
    for key, code in ((b"AKIAIOSFODNN7EXAMPLE", "AuthFailure"), (cloud.access_key.encode(), "AuthFailure")):
        auth = (b"Authorization: AWS4-HMAC-SHA256 Credential=%s/%s/us-east-1/ec2/aws4_request, SignedHeaders=host;x-amz-date, Signature=%s\r\nX-Amz-Date: %sT000000Z\r\n"
                % (key, day, b"0" * 64, day))
        got = say(head + auth + b"\r\n" + body)
        tap.ok(" 401 " in got and code in got, f"signed wrongly, as {key.decode()}", got)
    got = say(head + b"\r\n" + body[:10])
    tap.ok(" 200 " not in got, "half a request", got)
    got = say(b"POST / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100000 + b"\r\n\r\n")
    tap.ok(not got or got.startswith("HTTP/1.1 431 "), "a head that is too long", got[:100])
    held = []
    for _ in range(300):
        s = socket.create_connection(("127.0.0.1", cloud.port), timeout=2)
        s.sendall(b"POST / HTTP/1.1\r\nHost:")
        held.append(s)
    begun = time.monotonic()
    vpcs = cloud.client("ec2").describe_vpcs()["Vpcs"]
    tap.ok(len(vpcs) == 1 and time.monotonic() - begun < 5, "three hundred that never end their requests hold nobody up, and nothing was made")
    for s in held:
        s.close()


why = e2e.missing()
if why:
    skip_all(why)
with sandbox.Sandbox() as cloud_:
    tap.case(test_alone, cloud_)
    tap.case(test_strangers, cloud_)
with sandbox.Sandbox("-hosts=on") as cloud_:
    why = cloud_.no_hosts()
    if why:
        tap.skip("with hosts", why)
    else:
        tap.case(test_hosts, cloud_)
tap.done()
