/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of an instance: its first process, which makes its root, and runs sshd and the user data. */
#pragma once

#include "base/base.h"

#include <netinet/in.h>

struct user_data;

/* What its first process is told, a byte each. */
enum instance_word {
	INSTANCE_GO = 'g',      /* its network card is there */
	INSTANCE_STARTED = 's', /* it counts as running: user data may begin */
	INSTANCE_VOLUMES = 'v', /* other ones are attached */
};

/* How its first process ends where something inside it asked for that. */
enum { INSTANCE_POWEROFF = 10, INSTANCE_REBOOT = 11 };

struct instance_plan {
	const char *id;
	const char *directory;  /* of its disk and console */
	const char *usr;        /* what it sees as /usr */
	const char *shares;     /* what it sees as /run/efs */
	const char *hostname;
	const char *user;       /* the image's */
	const char *public_key; /* or NULL */
	const char *image;      /* its name */
	const char *user_data;  /* as it was given, or NULL */
	size_t user_data_len;
	const struct user_data *data; /* what it means, or NULL */
	const char *shims;      /* as instance_make_usr() was given */
	const char *program;    /* this one, for its shims */
	const char *volumes;    /* directory of those that are attached */
	const char *accelerator; /* "MAKER COUNT MIB NAME", or NULL */
	bool xen;               /* devices are called as on such types, not as on Nitro */
	struct in_addr address, gateway;
	unsigned prefix; /* of the subnet */
	const char *card;       /* what its network card is called, by image and type */
	unsigned char mac[6];   /* of that */
	bool has_mac;
};

/*
 * The life of pid 1 of an instance, in namespaces of its own. `words` is a pipe in which instance_words come, the first
 * one INSTANCE_GO. What it has to say stands in the file "console" of the directory.
 */
NORETURN void instance_live(const struct instance_plan *plan, int words);

/*
 * What instances see as /usr: the machine's, and in front of it the programs that mean something else here. `apt`: as
 * images with that have it, else Amazon's. An errno.
 */
int instance_make_usr(const char *shim, const char *usr, bool apt) MUST_USE;
