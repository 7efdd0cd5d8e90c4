/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands about hosts share: options, the hosts of the state, their clouds, and the way to them by ssh. */
#pragma once

#include "base/map.h"
#include "base/vec.h"
#include "cmd/infra/session.h"
#include "jobs/hosts.h"

/* An option of a command, beside those that all have. */
struct inventory_option {
	const char *name;
	const char *value_name; /* NULL: it takes none */
	const char *help;
	const char **value; /* receives what was given, "" where it takes none */
};

enum inventory_flags {
	INVENTORY_COMMAND = 1u << 0,     /* words behind the first, or behind "--", are a command: nothing in them is an option */
	INVENTORY_SSH_OPTIONS = 1u << 1, /* options of ssh's own (-v, -t, -L ...) stand before it, and are passed on */
};

/* A provider at work for us. */
struct cloud_client {
	struct provider *provider;
	struct aws *aws;
	const char *failed; /* why there is none */
};

struct attempt;

struct inventory {
	struct session s;
	struct hosts_options options; /* to be set before inventory_load() */
	struct hosts_cloud cloud;
	struct hosts *hosts;
	/* from the command line */
	VEC(const char *) words;       /* operands */
	VEC(const char *) command;
	VEC(const char *) ssh_options;
	bool has_command; /* "--" stood there */
	/* of ways to hosts, once for all that are gone to */
	const char *user, *jump_word; /* this time; NULL */
	const char *wait;             /* "30s"; NULL: a while */
	bool accept_new;
	struct attempt *attempt;      /* what is made ready; NULL: nothing that inventory_leave() is called for */
	/* internal */
	struct map clients; /* provider -> struct cloud_client */
	bool tried_config;
	struct arena *argument_arena;
};

/* The options of a way to a host, for a command's table: -user -jump -wait -accept-new. */
#define INVENTORY_WAY(inv, accept)                                                                                             \
	{"user", "NAME", "log in as this user", &(inv)->user}, {"jump", "HOST", "go through this host", &(inv)->jump_word},    \
		{"wait", "DURATION", "for a host's key in its console at most; 90s", &(inv)->wait},                                  \
		{"accept-new", NULL, "accept a key that is not known unasked", accept}

/* Reads the command line. False when the command is done (help, a mistake) with *code. Release in each case. */
bool inventory_parse(struct inventory *inv, int argc, char **argv, const struct inventory_option *table, unsigned flags, const char *usage,
		     int *code);
/* Opens the state and loads the hosts; false after diagnostics. */
bool inventory_load(struct inventory *inv);
/* The configuration and an engine to evaluate it with, among the state's values; before inventory_load(). False after diagnostics. */
bool inventory_load_engine(struct inventory *inv);
void inventory_release(struct inventory *inv);

/*
 * How a host is now, before it is gone to. Where the state says that it, or the one that it is reached through, does not run or
 * cannot be reached, the cloud is asked; so it is after an attempt that failed. It may move: use what is returned. NULL where it
 * is not to be gone to: after a diagnostic, or where nothing is otherwise than in the attempt before.
 */
struct host *inventory_look(struct inventory *inv, struct host *host);
/*
 * Why a host was not reached, where the cloud says that it, or one on the way to it, does not run (a diagnostic), or is elsewhere
 * by now; else, of one that was `silent`, what else it may be.
 */
void inventory_explain(struct inventory *inv, const struct host *host, bool silent);

/*
 * Makes all ready for ssh to a host: its way, user and key are known, the files written. The words that begin the argument
 * vector, up to what stands before the host ("ssh", "-F", ".../ssh_main", "-l", ...), ended by NULL, in the session's arena; the
 * host's word is its id. NULL after diagnostics.
 */
const char **inventory_way(struct inventory *inv, struct host *host, size_t *count);
/* What -wait says, else the usual; false after a diagnostic. */
bool inventory_wait(struct inventory *inv, unsigned *ms);
/* Learns the keys of all hosts that can be reached, side by side. */
void inventory_learn_all(struct inventory *inv, unsigned wait_ms);
/* Our own path, for files that call us. */
const char *inventory_program(struct arena *arena);
/* Prints the diagnostics and leaves the words of a program that goes to the host to the attempt. An exit code where there were errors. */
int inventory_leave(struct inventory *inv, const struct host *host, const char *const *argv);
