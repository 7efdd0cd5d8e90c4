/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether this machine lets an ordinary user make hosts: a user namespace, and in it mounts, networks and
 * packet filters of its own. What it refuses is told with the cause and what to do about it.
 */
#pragma once

#include "base/base.h"

#include <sys/types.h>

struct buf;

enum host_stage { /* in the order in which they are tried */
	HOST_READY,
	HOST_USER,   /* a user namespace */
	HOST_MAP,    /* to be its root */
	HOST_SPACES, /* the other namespaces */
	HOST_MOUNT,
	HOST_LINK,   /* virtual cables */
	HOST_FILTER, /* nf_tables */
	HOST_SSHD,   /* the program is not there */
};

struct host_refusal {
	enum host_stage stage;
	int error; /* errno */
};

/* In a child process: nothing of ours changes. False with the cause and the remedy, several lines. */
bool host_probe(struct buf *why);
/* In words, from what the machine says about itself. */
void host_refusal_explain(const struct host_refusal *refusal, struct buf *out);

/* ---- for processes that become a sandbox's ---- */

/* The user that hosts belong to: ourselves, or where we are root whoever called sudo, else nobody. */
void host_user(uid_t *uid, gid_t *gid);
/* To be that user from here on. An errno. */
int host_become_user(void) MUST_USE;
/* The root of the namespace for users that we have just come into, of that user outside of it. An errno. */
int host_be_root(uid_t uid, gid_t gid) MUST_USE;
/*
 * Namespaces of our own for users, mounts, networks, host names and messages, and one for processes that begins with
 * our next child. We are their root. False with what was refused.
 */
bool host_enter(struct host_refusal *refusal) MUST_USE;
/* Where OpenSSH's server is, or NULL. */
const char *host_sshd(void);
