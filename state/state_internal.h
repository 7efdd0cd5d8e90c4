/* SPDX-License-Identifier: Apache-2.0 */
/* What the state's files share. */
#pragma once

#include "base/buf.h"
#include "base/db.h"
#include "base/map.h"
#include "base/secret.h"
#include "base/vec.h"
#include "state/state.h"

struct after_commit {
	void (*fn)(void *ctx);
	void *ctx;
};

struct state_key {
	bool ready;
	unsigned char bytes[32];
};

struct state {
	struct arena *arena;
	struct db *db;
	int lock_fd;
	char *path;
	bool read_only;
	char *lineage;
	uint64_t serial;
	bool open_transaction; /* something changed since the last commit */
	bool told; /* that it cannot be written */
	bool broken;           /* a statement failed: told at the next commit */
	struct buf why;
	VEC(struct object *) objects;
	struct map by_key; /* "address\ndeposed" -> struct object */
	bool sorted;
	VEC(struct intent *) intents;
	VEC(struct state_output) outputs;
	VEC(struct after_commit) after;
	struct state_key key;
	struct buf scratch, scratch2;
	/* the last list of dependencies that was copied: instances of one resource share theirs */
	const char *const *last_list;
	size_t last_count;
	const char *const *last_copy;
	struct db_stmt *put_object, *remove_object, *put_intent, *set_intent, *drop_intent, *put_output, *remove_output, *put_meta,
		*put_history;
};

/* ---- state/state.c ---- */
/* Gives an empty state another one's lineage (NULL: keeps its own) and serial. */
void state_set_origin(struct state *state, const char *lineage, uint64_t serial);

/* ---- state/lock.c ---- */
/* Takes the lock beside the database; its descriptor, or -1 after a diagnostic. */
int state_lock(const char *path, int64_t timeout_ms, const char *operation, struct diags *diags);

/* ---- state/seal_values.c ---- */
/* Packs for a column: a byte that tells whether it is sealed, then the value. False after a diagnostic. */
bool state_pack_for(struct state *state, const char *context, const struct value *v, struct buf *out, struct diags *diags);
const struct value *state_unpack_for(struct state *state, const char *context, struct arena *arena, const void *bytes, size_t len,
				     struct diags *diags);
