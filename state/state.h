/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What exists: the objects that earlier runs made, the outputs, and the intents of work under way.
 *
 * One SQLite file, mode 0600, one writer. Everything is read into memory when it is opened; changes
 * are made in memory and in an open transaction together, and are on disk after state_commit(). A
 * caller with a loop commits once a turn, so that what became ready together is one transaction.
 * Values marked sensitive are sealed (AES-256-GCM) before they reach the file.
 */
#pragma once

#include "base/diag.h"
#include "lang/address.h"
#include "lang/value/value.h"

struct loop;
struct secret;
struct state;

enum object_status { OBJECT_OK, OBJECT_TAINTED };

struct object {
	const char *address; /* as printed: module.net.aws_subnet.a[0] */
	struct address parts;
	const char *deposed; /* "" for the current object, else 8 hex digits */
	const char *kind;     /* provider kind: "aws" */
	const char *provider; /* the provider block it was made with: "aws", "aws.west", "module.net.aws" */
	const char *cloud;    /* where it lives, as provider_kind.cloud() says; NULL for kinds without one */
	enum object_status status;
	bool create_before_destroy;
	unsigned schema_version;
	const struct value *value;
	const char *const *dependencies; /* resources (without instance keys) that it was made after */
	size_t dependency_count;
	const char *mark; /* the intent token whose tag is still on it, or NULL */
	const char *private_note; /* what Terraform's state calls private; kept for handing back; or NULL */
};

enum intent_kind { INTENT_CREATE, INTENT_UPDATE, INTENT_DELETE };

struct intent {
	int64_t id; /* given by state_put_intent() */
	enum intent_kind kind;
	const char *address, *deposed;
	const char *type, *provider_kind, *provider, *cloud;
	const char *token;           /* 32 hex digits */
	const struct value *planned; /* create, update */
	const struct value *prior;   /* update, delete */
	const char *object_id;       /* once the answer told it; or NULL */
	const char *note;            /* the provider's; or NULL */
	const char *const *dependencies;
	size_t dependency_count;
	bool create_before_destroy;
	int64_t recorded_at; /* seconds since 1970 */
};

struct state_output {
	const char *name;
	const struct value *value; /* marked when sensitive */
};

struct state_options {
	const char *path;          /* ".infra/state.db" */
	bool read_only;            /* no lock, nothing written; a missing file is an empty state */
	int64_t lock_timeout_ms;   /* how long to wait for another run */
	const char *operation;     /* "apply": what the lock's holder says it is doing */
};

/*
 * Opens, creates when needed (with the directory), takes the lock, migrates older forms. NULL after
 * an error: locked (names pid, host, since when and what it does), damaged, of a newer infra, the
 * key for sealed values missing.
 */
struct state *state_open(const struct state_options *options, struct diags *diags);
/* Commits nothing; closes and gives the lock back. NULL accepted. */
void state_close(struct state *state);
/* Takes away a lock that an unreachable holder left (network file systems); local locks die with their process. */
bool state_force_unlock(const char *path, const char *lock_id, struct diags *diags);

bool state_is_empty(const struct state *state); /* no objects and no intents */
const char *state_lineage(const struct state *state);
uint64_t state_serial(const struct state *state); /* rises with every committed change */
struct arena *state_arena(struct state *state);   /* lives as long as the state */

/* ---- objects: in order of address_compare(), current before deposed; pointers are good until the next change of that object ---- */
size_t state_object_count(const struct state *state);
const struct object *state_object_at(const struct state *state, size_t i);
const struct object *state_find_object(const struct state *state, const char *address, const char *deposed);
/* Adds or replaces (by address and deposed); everything is copied. */
void state_put_object(struct state *state, const struct object *object);
bool state_remove_object(struct state *state, const char *address, const char *deposed);

/* ---- intents ---- */
size_t state_intent_count(const struct state *state);
const struct intent *state_intent_at(const struct state *state, size_t i);
int64_t state_put_intent(struct state *state, const struct intent *intent);
void state_set_intent_progress(struct state *state, int64_t id, const char *object_id, const char *note);
void state_drop_intent(struct state *state, int64_t id);

/* ---- outputs of the root module ---- */
size_t state_output_count(const struct state *state);
const struct state_output *state_output_at(const struct state *state, size_t i); /* by name */
void state_put_output(struct state *state, const char *name, const struct value *value); /* NULL: removes */

/* ---- committing ---- */
bool state_has_changes(const struct state *state);
/* Everything since the last commit reaches the disk in one transaction. False (with the reason) when the disk refuses. */
bool state_commit(struct state *state, struct diags *diags);
/* Called once, after the next commit that succeeds: "the intent is on disk, the request may leave". */
void state_after_commit(struct state *state, void (*fn)(void *ctx), void *ctx);

/* Forgets those that wait: the commit failed, and nothing shall leave. */
void state_cancel_after_commit(struct state *state);

/* ---- history: one row a run ---- */
void state_add_history(struct state *state, const char *operation, const char *summary);

/* ---- sealing, for saved plans too ---- */
/*
 * Packs a value with everything sensitive in it sealed under the project's key (the file named in
 * the user's configuration folder, mode 0600, made when first needed; or INFRA_STATE_PASSPHRASE).
 */
bool state_pack(struct state *state, const struct value *v, struct buf *out, struct diags *diags);
const struct value *state_unpack(struct state *state, struct arena *arena, const char *bytes, size_t len, struct diags *diags);
/* The same for any bytes; `what` says what they are ("saved plan") and must be the same when they are opened. */
bool state_seal(struct state *state, const char *what, const void *bytes, size_t len, struct buf *out, struct diags *diags);
bool state_unseal(struct state *state, const char *what, const void *bytes, size_t len, struct secret *out, struct diags *diags);

/* ---- Terraform's state (version 4 JSON) ---- */
struct schema;
typedef const struct schema *(*schema_of_fn)(void *ctx, const char *kind, const char *type, bool data);
struct terraform_import {
	schema_of_fn schema_of; /* NULL for a type that is not known */
	void *ctx;
	bool skip_unknown; /* objects of unknown types are left out with a warning; else they are an error */
	size_t objects, outputs; /* out: taken over */
};
/*
 * Takes a Terraform state over into an empty one: objects, outputs, lineage and serial. Data sources
 * are left out: they are read anew. Nothing is committed; after a failure the state is to be closed.
 */
bool state_import_terraform(struct state *state, const char *text, size_t len, struct terraform_import *import, struct diags *diags);
/* Writes it as Terraform's: for handing back. Sensitive values stand in it in the clear. */
void state_export_terraform(const struct state *state, struct terraform_import *types, struct buf *out);
