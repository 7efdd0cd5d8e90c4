/* SPDX-License-Identifier: Apache-2.0 */
/* The hosts that run, and the networks between them. Of the process that holds them. */
#pragma once

#include "base/vec.h"
#include "sandbox/host/instance.h"
#include "sandbox/host/netlink.h"

#include <sys/types.h>

struct arena;
struct loop;
struct metadata;
struct value;

struct way { /* a route, or the rule that what comes in by a link is looked up in a table */
	bool is_rule, is_nat;
	struct route route;
	char link[16]; /* of the rule */
};

struct ways {
	struct way *items;
	size_t count, cap;
};

struct router { /* of a VPC */
	char *vpc;
	int space; /* its network namespace */
	struct netlink nl;
	unsigned number; /* of its cable to the internet */
	struct in_addr gateway; /* that was added last */
	struct ways ways;
	VEC(char *) subnets; /* the n-th has the n-th table */
	struct buf filter; /* as it was set */
	struct metadata *metadata; /* its service, or NULL */
};

struct group_names { /* of security groups */
	char **items;
	size_t count, cap;
};

struct target { /* where a file system is mounted from */
	char *id;
	struct router *router;
	struct in_addr address;
	struct group_names groups;
	int listener; /* -1: none */
};

struct guest {
	struct guests *all;
	char *id, *vpc, *subnet;
	char *public_name;            /* or NULL */
	struct in_addr address, public_address; /* 0.0.0.0: none */
	bool source_check;            /* it speaks and listens for itself alone */
	bool is_new, wanted, started; /* started: it counts as running */
	int64_t boot;                 /* how often it was rebooted from outside */
	uint64_t started_ms;
	uint64_t timer;               /* until it is told so */
	int words;                    /* to its first process; -1: none */
	char link[16];                /* the router's end of its cable */
	pid_t pid;                    /* 0: it has ended by itself */
	struct router *router;
	struct group_names groups;
	struct arena *arena;          /* of what follows */
	const char *hostname, *private_name; /* no private name: its VPC has no DNS */
	const char *names;            /* of file systems, as lines of /etc/hosts */
	const struct value *metadata; /* or NULL */
};

struct guests {
	struct loop *loop;
	const char *disks, *shares, *program;
	const char *usr_apt, *usr_amazon, *shims_apt, *shims_amazon; /* by the package manager of an image */
	int home; /* the network namespace that we are in: the internet */
	struct netlink nl; /* in it */
	struct ways ways;
	unsigned cables; /* that there have been */
	unsigned taken, removed; /* directories, out of their place and from the disk */
	pid_t remover; /* 0: none works */
	VEC(struct guest *) list;
	VEC(struct router *) routers;
	VEC(struct target *) targets;
	void (*trouble)(void *ctx, const char *text);
	void (*listens)(void *ctx, const char *vpc, int fd); /* for the cloud, in a VPC; fd -1: no more */
	void (*ended)(void *ctx, const char *id, bool reboot); /* by a wish from inside; may not change the list at once */
	void *ctx;
};

/* With its directories set. An errno. */
int guests_init(struct guests *guests, struct loop *loop, void (*trouble)(void *ctx, const char *text), void *ctx) MUST_USE;
/* Starts, changes and ends what differs from the lists of an order. */
void guests_apply(struct guests *guests, const struct value *order);
void guests_trouble(struct guests *guests, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* By id, public address or public name; NULL when no such one runs. */
struct guest *guests_find(const struct guests *guests, const char *name);
/* Of a VPC that has hosts, or NULL. */
struct router *guests_router(const struct guests *guests, const char *vpc);
/* From a list of texts; NULL: none. */
void group_names_set(struct group_names *names, const struct value *list);
/* Ends it, and starts it again with the next order that has it running. */
void guests_forget(struct guests *guests, const char *id);
/* To the first process of a host that runs. */
void guests_tell(const struct guests *guests, const char *id, enum instance_word word);
/* Into the network of a VPC and back. An errno. */
int guests_enter(const struct guests *guests, const struct router *router) MUST_USE;
void guests_leave(const struct guests *guests);
/* A socket in the network of a VPC. -1 with errno. */
int guests_socket(const struct guests *guests, const struct router *router, int type);
