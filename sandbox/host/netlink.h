/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages to the kernel's networking, built and sent without any tool: what the sandbox's hosts need of
 * rtnetlink. A socket belongs to the network namespace in which it was opened, also after its process has
 * moved on. Functions that say so give 0 or an errno.
 */
#pragma once

#include "base/buf.h"

#include <netinet/in.h>
#include <sys/types.h>

struct netlink {
	int fd;
	uint32_t seq;
	struct buf out;     /* messages that were not sent yet */
	size_t message;     /* where the last one begins */
	unsigned unanswered; /* messages in `out` that ask for an answer */
};
#define NETLINK_INIT {.fd = -1}

/* `protocol` as NETLINK_ROUTE. An errno. */
int netlink_open(struct netlink *nl, int protocol) MUST_USE;
void netlink_close(struct netlink *nl);

/* Begins a message with its fixed part. Flags as NLM_F_CREATE; NLM_F_REQUEST comes by itself. */
void netlink_message(struct netlink *nl, uint16_t type, uint16_t flags, const void *fixed, size_t len);
void netlink_attr(struct netlink *nl, uint16_t type, const void *bytes, size_t len);
void netlink_attr_u32(struct netlink *nl, uint16_t type, uint32_t value);
void netlink_attr_text(struct netlink *nl, uint16_t type, const char *text);
/* Attributes up to netlink_end() lie within. The place to hand back. */
size_t netlink_begin(struct netlink *nl, uint16_t type);
void netlink_end(struct netlink *nl, size_t place);
/* Sends what was built and waits for the answers. 0, or the first message's errno that was refused. */
int netlink_send(struct netlink *nl) MUST_USE;

/* ---- rtnetlink: each sends at once, and gives 0 or an errno ---- */

/* A pair of virtual cables: `name` here, `peer` in the network namespace of a process, with a hardware address of six bytes (NULL: any). */
int link_veth(struct netlink *nl, const char *name, const char *peer, pid_t peer_process, const unsigned char *peer_address) MUST_USE;
/* A second name by which programs find it; kernels before 5.5 know none. */
int link_also_named(struct netlink *nl, const char *name, const char *other) MUST_USE;
/* The same with the other end in a namespace, for two who need not ask for each other: both have one hardware address. */
int link_cable(struct netlink *nl, const char *name, const char *peer, int peer_space) MUST_USE;
/* In the socket's namespace, which need not be ours. 0: there is none. */
int link_index(struct netlink *nl, const char *name);
int link_up(struct netlink *nl, const char *name) MUST_USE;
/* Passes on what comes in by it. */
int link_forward(struct netlink *nl, const char *name) MUST_USE;
int link_delete(struct netlink *nl, const char *name) MUST_USE;
/* The prefix of the network is for show: no route comes with it. An address that is there already is no error. */
int link_address(struct netlink *nl, const char *name, struct in_addr address, unsigned prefix) MUST_USE;
/* One that is not there is EADDRNOTAVAIL. */
int link_address_remove(struct netlink *nl, const char *name, struct in_addr address, unsigned prefix) MUST_USE;

struct route {
	struct in_addr network, gateway; /* gateway 0.0.0.0: none */
	unsigned prefix;
	uint32_t table; /* as RT_TABLE_MAIN */
	unsigned char type; /* as RTN_UNICAST; others need no link */
	int link; /* index */
};
/* Adds it, in the place of one to the same network, or removes it. A gateway is at the link's other end, whatever its address. */
int route_change(struct netlink *nl, bool add, const struct route *route) MUST_USE;
/* What comes in by a link (NULL: everything) is looked up in a table. */
int rule_change(struct netlink *nl, bool add, const char *link, uint32_t table, uint32_t priority) MUST_USE;
/* To a network by a link, or by a gateway that the link reaches (0.0.0.0: none). */
int route_add(struct netlink *nl, struct in_addr network, unsigned prefix, const char *link, struct in_addr gateway) MUST_USE;
