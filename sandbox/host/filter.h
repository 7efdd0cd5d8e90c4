/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The security groups of a VPC as the packet filter of its router, built without any tool. What was let through
 * may be answered; the rest needs a rule of a group of the sender's and one of a group of the receiver's. As all
 * traffic passes the router, neighbours in a subnet are no exception.
 */
#pragma once

#include "sandbox/host/guest.h"

/*
 * `rules` as an order has them: {"group": "sg-1", "egress": false, "protocol": "tcp", "from": 22, "to": 22} and
 * "cidr": "10.0.0.0/8" or "peer": "sg-2". Does nothing where the router has that filter already. An errno.
 */
int filter_apply(struct guests *guests, struct router *router, const struct value *rules) MUST_USE;
