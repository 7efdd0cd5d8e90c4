/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The process that holds a sandbox's hosts: pid 1 of namespaces of its own, where it makes a network namespace for
 * each VPC that has hosts, and an instance's namespaces for each host. With it everything in it ends.
 */
#pragma once

#include "base/base.h"

/* Who does not say where on the internet he is. */
#define HOST_INTERNET_USER "192.0.2.10"

struct hostd_options {
	const char *directory; /* of the hosts' disks; made when it is not there */
	int channel;           /* to who gives the orders: JSON, a line each; we answer in words, a line each */
	int listener;          /* where connections into the world are asked for */
};

/*
 * In a child process that holds nothing else of worth. An order is the whole of what shall be:
 *
 *     {"hosts": [{"id": "i-1", "vpc": "vpc-1", "running": true, "started": true, "image": "ubuntu/...", "xen": false,
 *                 "accelerator": "NVIDIA 8 16384 V100", "address": "10.0.0.5", "prefix": 24, "gateway": "10.0.0.1",
 *                 "hostname": "ip-10-0-0-5", "private_name": "ip-10-0-0-5.ec2.internal", "user": "ubuntu", "key": "ssh-ed25519 ...", "user_data": "<base64>",
 *                 "public": "198.51.100.1", "public_name": "ec2-...", "subnet": "subnet-1", "source_check": true, "groups": ["sg-1"],
 *                 "names": [{"address": "10.0.0.9", "name": "fs-1.efs.us-east-1.amazonaws.com"}],
 *                 "mac": "0a:..", "metadata": {"tokens": "optional", "hops": 1, "enabled": true, "paths": {"meta-data/instance-id": "i-1", "user-data": "<base64>"}}}],
 *      "rules": [{"group": "sg-1", "egress": false, "protocol": "tcp", "from": 22, "to": 22, "cidr": "0.0.0.0/0", "peer": null}],
 *      "subnets": [{"id": "subnet-1", "vpc": "vpc-1", "routes": [{"to": "10.0.0.0/16", "by": "local"}, {"to": "0.0.0.0/0", "by": "internet"}]}],
 *      "shares": ["fs-1"],
 *      "targets": [{"id": "fsmt-1", "vpc": "vpc-1", "address": "10.0.0.9", "groups": ["sg-2"]}],
 *      "volumes": [{"id": "vol-1", "host": "i-1", "device": "/dev/sdf", "gib": 10, "root": false}],
 *      "access_points": [{"id": "fsap-1", "fs": "fs-1", "path": "/data", "make": true}]}
 *
 * Routes lead by "local", "internet" (an internet gateway), "nat" (a NAT gateway with this public "address"), "host" (the one
 * with this private "address") or "nowhere". A host that is not in it any more loses its disk, and a share its directory. Words: "ready", "refused STAGE ERRNO", "trouble TEXT",
 * and "ended ID" of a host that was powered off from inside.
 * Who connects to the listener says "HOST PORT FROM", and gets "ok" with the connected socket, or the reason why not.
 */
NORETURN void hostd_live(const struct hostd_options *options);
