#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hosts leave no trace on the machine: nothing listens, nothing stays, and who is root in one is nobody to the machine."""
import os
import shutil
import stat
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))
import e2e  # noqa: E402
import sandbox  # noqa: E402
from tap import Tap, skip_all  # noqa: E402

tap = Tap()
until = sandbox.until
LOOPBACK = ("0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F")


# ---- what the machine is like

def read(path):
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return None


def settings():
    """What root could set, without what changes by itself."""
    found = {}
    for top in ("kernel", "vm", "fs", "net"):
        for folder, _, files in os.walk(f"/proc/sys/{top}"):
            for name in files:
                path = f"{folder}/{name}"
                if os.stat(path).st_mode & stat.S_IWUSR and not any(word in path for word in ("random", "ns_last_pid", "nr_open_files", "-nr", "_nr", "pty/nr", "stat")):
                    found[path] = read(path)
    return found


def machine():
    """What hosts must not change. Network and mounts are ours, so that other tests beside us do not disturb."""
    return {
        "settings": settings(),
        "links": sorted(line.split(":")[0].strip() for line in Path("/proc/net/dev").read_text().splitlines()[2:]),
        "routes": read("/proc/net/route"), "filters": read("/proc/net/ip_tables_names"), "mounts": read("/proc/self/mountinfo"),
        "host name": os.uname().nodename, "devices": sorted(os.listdir("/dev")),
        "files": {name: (s.st_mode, s.st_uid, s.st_size, s.st_mtime_ns) for name, s in
                  ((f"{folder}/{name}", os.lstat(f"{folder}/{name}")) for folder in ("/etc", "/usr", "/usr/bin", "/usr/sbin", "/root", "/") if os.access(folder, os.R_OK)
                   for name in os.listdir(folder)) if name not in ("/proc", "//proc", "//tmp", "/etc/mtab")},
    }


def differences(before, after):
    found = []
    for what, old in before.items():
        new = after[what]
        if isinstance(old, dict):
            found += [f"{what}: {key}: {old.get(key)!r} -> {new.get(key)!r}" for key in {*old, *new} if old.get(key) != new.get(key)]
        elif old != new:
            found.append(f"{what}: {old!r} -> {new!r}")
    return found


def sockets():
    """What listens in the machine's network: {inode: (protocol, address)}"""
    found = {}
    for protocol in ("tcp", "tcp6", "udp", "udp6"):
        for line in (read(f"/proc/net/{protocol}") or "").splitlines()[1:]:
            words = line.split()
            if words[3] == "0A" or protocol.startswith("udp"):
                found[words[9]] = (protocol, words[1])
    return found


def held(pids):
    """Sockets that these processes have of the machine's network."""
    listening, ours = sockets(), os.readlink("/proc/self/ns/net")
    found = set()
    for pid in pids:
        try:
            fds = [os.readlink(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
            same = os.readlink(f"/proc/{pid}/ns/net") == ours
        except OSError:
            continue
        found |= {(*listening[fd[8:-1]], same) for fd in fds if fd.startswith("socket:[") and fd[8:-1] in listening}
    return found


def users(pids):
    """(user, group, further groups) of processes, as the machine sees them."""
    found = set()
    for pid in pids:
        status = dict(line.split(":", 1) for line in (read(f"/proc/{pid}/status") or "").splitlines() if ":" in line)
        if status and status["State"].split()[0] != "Z":
            found.add((tuple(status["Uid"].split()), tuple(status["Gid"].split()), status["Groups"].strip()))
    return found


# ---- the hosts

TRY = r"""#!/bin/bash
# Everything that root may do on a machine of its own.
exec > /root/tried 2>&1
attempt() { echo "== $*"; "$@"; echo "-- $?"; }
write() { echo "$2" > "$1"; }
attempt sysctl -w net.ipv4.ip_forward=MARK_FORWARD
attempt sysctl -w kernel.hostname=sandbox-was-here
attempt sysctl -w kernel.printk_ratelimit=17
attempt sysctl -w vm.swappiness=17
attempt sysctl -w net.core.somaxconn=1717
attempt sysctl -w fs.file-max=171717
attempt write /proc/sys/kernel/core_pattern '|/bin/false sandbox'
attempt write /proc/sys/vm/dirty_ratio 17
attempt write /proc/sys/user/max_user_namespaces 17
attempt write /proc/sysrq-trigger h
attempt write /proc/1/oom_score_adj -1000
for folder in /etc /usr /usr/bin /usr/sbin /; do
	attempt write $folder/sandbox-was-here x
done
for way in /proc/1/root/../.. /proc/self/root/../../.. /proc/1/cwd; do
	attempt ls $way/tmp
	attempt write $way/sandbox-was-here x
done
attempt mount -o remount,rw /usr
attempt mount -o remount,rw /sys
attempt umount /usr
attempt write /usr/bin/sandbox-was-here x
attempt mknod /root/sda b 8 0
attempt mknod /root/vda b 254 0
attempt mknod /root/mem c 1 1
attempt mknod /dev/kmsg-of-ours c 1 11
for device in /root/sda /root/vda /root/mem /dev/sda /dev/vda /dev/mem /dev/kmsg; do
	attempt head -c 1 $device
	[ -b $device ] || [ -c $device ] && attempt dd if=/dev/zero of=$device bs=1 count=0
done
while read -r major minor size name; do
	case $major in ''|major) continue ;; esac
	attempt mknod /root/disk-$name b $major $minor
	attempt mount /root/disk-$name /mnt
	attempt mount -t ext4 /dev/$name /mnt
done < /proc/partitions
attempt mount -t sysfs sysfs /mnt
attempt mount -t securityfs none /mnt
attempt mount -t debugfs none /mnt
attempt mount -t cgroup2 none /mnt
for file in /sys/kernel/mm/transparent_hugepage/enabled /sys/kernel/uevent_helper /sys/power/state /sys/module/*/parameters/*; do
	[ -e $file ] && attempt write $file sandbox
done
attempt date -s '2001-01-01 00:00:00'
attempt hostname machine-of-the-sandbox
attempt ip link add of-the-sandbox type dummy
attempt ip link set lo down
attempt ip link set lo up
attempt insmod /usr/lib/modules/none.ko
attempt swapoff -a
attempt chmod 4777 /usr/bin/id
attempt chown 0 /usr/bin/id
attempt nice -n -20 true
attempt unshare -m mount -o remount,rw /usr
attempt kill -9 -1
attempt write /root/finished x
"""


def test_root(cloud, before):
    """Who is root in a host tries what root can."""
    forward = read("/proc/sys/net/ipv4/ip_forward").strip()
    made, _ = sandbox.start_hosts(cloud, 1, TRY.replace("MARK_FORWARD", "0" if forward == "1" else "1"))
    root = Path(cloud.dir) / "hosts" / made[0] / "root/root"
    tap.ok(until(lambda: (root / "tried").exists() and "write /root/finished" in (root / "tried").read_text(), 60), "user data has tried",
           read(root / "tried"), read(root.parent / "var/log/cloud-init-output.log"))
    tried = (root / "tried").read_text()
    tap.ok(tried.count("\n-- ") > 60 and "-- 0" in tried, "as root of its host, where it may do some of it")
    found = differences(before, machine())
    tap.ok(not found, "and nothing of the machine has changed", *found, tried)
    tap.ok(not any(path.is_block_device() or path.is_char_device() for path in root.rglob("*")), "it has made no device")
    return made


def test_end(cloud, before, many):
    made, addresses = sandbox.start_hosts(cloud, many)
    banners = [sandbox.banner(cloud, address) for address in addresses]
    tap.ok(all(b.startswith(b"SSH-2.0-") for b in banners), f"{many} hosts answer", banners)
    pids = sandbox.processes(cloud.process.pid)
    tap.ok(len(pids) > 2 * many, "by processes of their own", pids)
    outside = [s for s in held([*pids, cloud.process.pid]) if s[2] and not s[1].startswith(LOOPBACK)]
    tap.ok(not outside and held([cloud.process.pid]), "nothing listens on the machine's network but on loopback", outside)
    tap.same(sum(s[2] for s in held(pids)), 0, "and hosts' processes on none of it")
    cloud.client("ec2").terminate_instances(InstanceIds=made)
    disks = Path(cloud.dir) / "hosts"
    tap.ok(until(lambda: not any((disks / i).exists() for i in made), 60), "terminated, they leave no disk")
    tap.ok(until(lambda: not (disks / "trash").exists(), 60), "and soon nothing of it")
    hosts_, addresses = sandbox.start_hosts(cloud, 2)
    tap.ok(all(sandbox.banner(cloud, address) for address in addresses), "others start")
    pids = sandbox.processes(cloud.process.pid)
    late, _ = sandbox.start_hosts(cloud, 1)
    cloud.client("ec2").terminate_instances(InstanceIds=late)
    done = cloud.command("down")
    tap.ok(done.code == 0 and until(lambda: not any(sandbox.alive(pid) for pid in pids), 10), "down ends all processes", done)
    left = sorted(p.name for p in Path(cloud.dir).iterdir())
    tap.ok("hosts.socket" not in left and not any(stat.S_ISSOCK(p.lstat().st_mode) for p in Path(cloud.dir).rglob("*")), "no socket stays", left)
    tap.ok(not (disks / "trash").exists(), "nor what was to be removed")
    tap.ok({*(p.name for p in disks.iterdir())} >= {*hosts_}, "disks of hosts that were not terminated do")
    found = differences(before, machine())
    tap.ok(not found, "and the machine is as it was", *found)


def test_user():
    """Started as root, hosts belong to whoever called sudo, else to nobody."""
    if os.geteuid() != 0:
        tap.skip("hosts of root's", "this is no root")
        return
    for env, user in (({"SUDO_UID": "4711", "SUDO_GID": "4712"}, ("4711", "4712")), ({}, ("65534", "65534"))):
        saved = {key: os.environ.pop(key, None) for key in ("SUDO_UID", "SUDO_GID")}
        os.environ.update(env)
        try:
            with sandbox.Sandbox("-hosts=on") as cloud:
                _, addresses = sandbox.start_hosts(cloud, 1)
                sandbox.banner(cloud, addresses[0])
                pids = sandbox.processes(cloud.process.pid)
                disks = (Path(cloud.dir) / "hosts").stat()
                tap.same(users(pids), {((user[0],) * 4, (user[1],) * 4, "")}, f"all processes of hosts are user {user[0]}'s")
                tap.same((str(disks.st_uid), str(disks.st_gid)), user, "and their disks")
        finally:
            for key, value in saved.items():
                os.environ.pop(key, None)
                if value is not None:
                    os.environ[key] = value


def test_all():
    before = machine()
    with sandbox.Sandbox("-hosts=on") as cloud:
        why = cloud.no_hosts()
        if why:
            skip_all(why)
        test_root(cloud, before)
        test_end(cloud, before, 8)
    test_user()


why = e2e.missing("apply") or next((f"there is no {name} here" for name in ("ssh", "ssh-keygen") if not shutil.which(name)), None)
if why:
    skip_all(why)
tap.case(test_all)
tap.done()
