/* SPDX-License-Identifier: Apache-2.0 */
/* Files to and from hosts: the argument vector of rsync over our ssh. */
#pragma once

#include "base/base.h"

struct arena;
struct host;

struct sync_options {
	const char *const *ssh; /* ssh and what stands before the host, ended by NULL */
	const struct host *host;
	bool pull;
	const char *local;  /* NULL: "." */
	const char *remote; /* NULL: pushing, the local one's name in the user's home */
	bool remove;   /* what is not at the source */
	bool all;      /* ignore files and .git are sent, too */
	bool dry_run;
	bool terminal; /* progress is shown on it */
};

/*
 * rsync's arguments, ended by NULL, in the arena. A '/' at the end of a directory means what it means to rsync. No word of
 * them can be taken for an option or for another host. NULL with a reason in *why.
 */
const char *const *sync_arguments(struct arena *arena, const struct sync_options *options, const char **why);

/* The first exception ("!keep.me") in the .gitignore that a source goes by: rsync has none, and leaves out what git would keep. Or NULL. */
const char *sync_lost_exception(struct arena *arena, const struct sync_options *options);
