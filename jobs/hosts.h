/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hosts: the instances of a state as ssh sees them. They are numbered from 0 in the order of their addresses.
 *
 * Texts are in the arena that hosts_load() was given. What comes from the cloud (`name` above all) may hold anything:
 * it goes into no file and no argument vector unless host_word_is_safe() says so, and on a terminal only without
 * control characters. `id` and the addresses were checked when they were loaded.
 */
#pragma once

#include "base/arena.h"

struct aws;
struct buf;
struct diags;
struct loop;
struct state;
struct value;

struct host {
	size_t index;
	const char *address; /* of the resource: module.trainer[0].aws_instance.this */
	const char *id;      /* i-0123456789abcdef0 */
	const char *name;    /* the tag Name; NULL: none */
	const char *state;   /* "running", as it was last seen */
	const char *reason;  /* why it is in that state, in AWS's words; NULL: not asked, or none */
	int64_t launched_ms; /* when it was last started; 0: not asked */
	const char *public_address, *public_name, *private_address; /* NULL: none */
	const char *image, *type, *zone, *subnet, *key_name;         /* NULL: not known */
	const char *vpc;           /* NULL: not known */
	const char *user;          /* whom the image lets in; NULL: not known */
	const char *user_why;      /* why it is not, for people; or NULL */
	struct host *jump;         /* through which ssh goes; NULL: none is needed, or there is none */
	const char *jump_note;     /* several would do: what was chosen, and how to choose; or NULL */
	const char *no_way;        /* why ssh cannot reach it, and how to mend that; NULL: it can */
	const char *identity;      /* file of the private key that fits its key pair, one that ssh's files can say; NULL: whatever ssh finds */
	const char *identity_note; /* where that key is when it is no file; or NULL */
	const char *sandbox;       /* directory of the sandbox cloud that it lives in; NULL: none */
	const char *provider, *cloud; /* as the state's object has them */
	const struct value *value;    /* the state's */
};

/* How hosts' clouds are asked. Asking is slow: what does not change is remembered in the project's folder. */
struct hosts_cloud {
	struct loop *loop;
	/* A client of the cloud that a host lives in. NULL after diagnostics. */
	struct aws *(*client)(void *ctx, const struct host *host, struct diags *diags);
	unsigned patience_ms; /* for one answer; 0: as the client has it */
	/* The directory of the sandbox cloud that an object's `cloud` names, in the arena; NULL: it is none, or none that is found. */
	const char *(*sandbox)(void *ctx, const char *cloud);
	void *ctx;
};

struct hosts_options {
	const struct state *state;
	const char *dir;          /* of the project's own files: ".infra" */
	const char *user;         /* of all hosts, whatever their images say; NULL: by image, or as remembered */
	const char *jump;         /* the host through which others are reached; NULL: chosen, or as remembered */
	const char *from;         /* address that a sandbox's security groups see ssh come from; NULL: as remembered */
	bool accept_new;          /* unknown keys are accepted unasked */
	bool remember;            /* these four hold from now on; "" forgets one */
	bool refresh;             /* ask the cloud how hosts are now */
	bool offline;             /* ask nothing: what is not remembered is not known */
	const struct hosts_cloud *cloud; /* NULL: as offline */
};

struct hosts {
	struct arena *arena;
	struct host *items;
	size_t count;
	const char *dir;
	const char *from; /* or NULL */
	bool accept_new;
	const struct hosts_cloud *cloud; /* NULL: nothing is asked */
};

/*
 * NULL after errors (a jump that is no host, a user that is no name). That the cloud could not be asked is a warning, and leaves gaps.
 * The state must live as long as the hosts.
 */
struct hosts *hosts_load(struct arena *arena, const struct hosts_options *options, struct diags *diags);

/*
 * The host that a user's word means: the address of its resource, its id, index, public or private address, public
 * name, or its tag Name. Without a word, the only one. NULL after an error that says what there is.
 */
struct host *host_find(const struct hosts *hosts, const char *word, struct diags *diags);
/* The same without a word about it; NULL also where several have the name. */
struct host *host_lookup(const struct hosts *hosts, const char *word);

/*
 * Writes the private keys that the state alone has (identity_note) into the project's folder, mode 0600, and uses them. False
 * after an error.
 */
bool hosts_write_keys(const struct hosts *hosts, const struct state *state, struct diags *diags);

/* Whether ssh may find it, as far as `state` tells. */
bool host_may_run(const struct host *host);

/* As a table, or as JSON, for people and programs. */
void hosts_print(const struct hosts *hosts, struct buf *out);
void hosts_print_json(const struct hosts *hosts, struct buf *out);

/* What a host is called before people: its name where that is harmless, else its address. */
const char *host_title(const struct host *host);
/*
 * Whether a word of the cloud's may stand in a file of ssh's or in an argument vector: letters, digits, '.', '_' and '-',
 * and no '-' or '.' at its begin.
 */
bool host_word_is_safe(const char *word);
