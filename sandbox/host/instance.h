/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of an instance: its first process, which makes its root, and runs sshd and the user data. */
#pragma once

#include "base/base.h"

#include <netinet/in.h>

struct instance_plan {
	const char *id;
	const char *directory;  /* of its disk and console */
	const char *usr;        /* what it sees as /usr */
	const char *shares;     /* what it sees as /run/efs */
	const char *hostname;
	const char *user;       /* the image's */
	const char *public_key; /* or NULL */
	const char *user_data;  /* NUL-terminated, or NULL */
	struct in_addr address, gateway;
	unsigned prefix; /* of the subnet */
};

/*
 * The life of pid 1 of an instance, in namespaces of its own. `go` is a pipe in which a byte comes when its network
 * card is there. What it has to say stands in the file "console" of the directory.
 */
NORETURN void instance_live(const struct instance_plan *plan, int go);

/* What all instances see as /usr: the machine's, and in front of it the programs that mean something else here. An errno. */
int instance_make_usr(const char *shim, const char *usr) MUST_USE;
