/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Route tables of subnets, as tables of the router's, and the internet: the world's own network, to which each router
 * has a cable. There users are, and a page that tells who asks for it.
 */
#pragma once

#include "sandbox/host/guest.h"

/* The next hops by which a router's filter knows what a packet takes: this one is an internet gateway's, */
#define INTERNET_GATEWAY "100.64.0.1"
/* and a NAT gateway's is its public address. This is the router's end of its cable. */
#define INTERNET_LINK "internet"

/* Makes the internet where we are. An errno. */
int internet_open(struct guests *guests) MUST_USE;
/* The cable of a router that has just been made. An errno. */
int internet_attach(struct guests *guests, struct router *router) MUST_USE;
void internet_detach(struct guests *guests, struct router *router);
/* Whether a user can be there: not at private addresses, nor at those of hosts and NAT gateways. */
bool internet_may_have(const struct guests *guests, struct in_addr address);
/* A user on the internet is at that address. An errno. */
int internet_user(struct guests *guests, struct in_addr address) MUST_USE;

/* `subnets` as an order has them: {"id": "subnet-1", "vpc": "vpc-1", "routes": [{"to": "0.0.0.0/0", "by": "internet", "address": null}]} */
void routes_apply(struct guests *guests, const struct value *subnets);
/* The public address of the NAT gateway that it leads to; 0.0.0.0: to none. */
struct in_addr way_nat(const struct way *way);
/* Of a router that ends. */
void routes_forget(struct router *router);
/* Whether a host's way to an address is an internet gateway. */
bool routes_lead_out(const struct guest *guest, struct in_addr to);
/* "10.0.0.0/8". False: it is none. */
bool network_read(const char *text, struct in_addr *network, unsigned *prefix) MUST_USE;
