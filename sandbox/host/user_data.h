/* SPDX-License-Identifier: Apache-2.0 */
/*
 * User data as cloud-init reads it (its documentation, "User data formats"): scripts, boot hooks, #cloud-config,
 * several of them in a MIME message, all of it perhaps compressed; as a list of files to write and to run.
 */
#pragma once

#include "base/base.h"

struct arena;

/* In this order. */
enum user_phase {
	USER_BOOT,      /* bootcmd and boot hooks: at each boot */
	USER_FILES,     /* write_files */
	USER_DISKS,     /* fs_setup, mounts */
	USER_SYSTEM,    /* hostname, users, keys, time zone */
	USER_PACKAGES,
	USER_LATE_FILES, /* write_files with defer */
	USER_SCRIPTS,   /* runcmd and scripts, by name */
	USER_END,       /* power_state, final_message */
};

struct user_step {
	enum user_phase phase;
	const char *path;  /* absolute */
	const char *bytes; /* what stands in it */
	size_t len;
	unsigned mode;
	bool append, run;
};

struct user_data {
	struct user_step *steps;
	size_t count;
	bool always; /* scripts run at each boot: cloud_final_modules says so */
	const char *errors;   /* what could not be done, and why: lines, "" for none */
	const char *warnings; /* what is not known here, and was left out */
};

struct user_data_options {
	const char *user; /* the image's own */
};

/* Everything is in the arena, the bytes too. */
struct user_data user_data_read(struct arena *arena, const char *bytes, size_t len, const struct user_data_options *options);
