/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The objects of a sandbox's world: by kind, region and id, each a value. All of them are in memory,
 * packed; what a transaction has changed is written to SQLite when it is committed, so that a world
 * outlives its process.
 */
#pragma once

#include "lang/value/value.h"

struct store;
struct buf;

struct object {
	const char *kind, *region, *id;
	uint64_t number;           /* in order of creation, from 1 */
};

/* NULL with the reason. */
struct store *store_open(const char *path, struct buf *why);
void store_close(struct store *store); /* what is not committed is lost. NULL accepted */

/* Valid until the transaction in which it is replaced or deleted ends. NULL when there is none. */
const struct object *store_find(struct store *store, const char *kind, const char *region, const char *id);
/* In order of creation; valid until the next change of that kind, while looking back until the next list. */
const struct object *const *store_list(struct store *store, const char *kind, const char *region, size_t *count);
/* Those that have what the members of `like` say; null: no such member, or a null one. In order of creation, in the arena. */
const struct object *const *store_where(struct store *store, struct arena *arena, const char *kind, const char *region,
					const struct value *like, size_t *count);
/* What it is: an object, in the arena. */
const struct value *store_value(struct arena *arena, const struct object *object);

/* A new object, or a new value of one that is there, which keeps its number. */
const struct object *store_put(struct store *store, const char *kind, const char *region, const char *id, const struct value *value);
void store_delete(struct store *store, const struct object *object);

/* Whether the transaction has changed anything so far. */
bool store_is_changed(const struct store *store);
bool store_commit(struct store *store, struct buf *why) MUST_USE;
void store_rollback(struct store *store);
/*
 * Delayed consistency: objects changed in this transaction (those that fit; not the world's own) are seen
 * as they were until that time, by who looks back. Call it before the commit. A restart brings everything to light.
 */
void store_delay(struct store *store, int64_t until_ms, bool (*fits)(void *ctx, const struct object *object), void *ctx);
/* Whether this transaction has changed one that fits. */
bool store_has_changed(const struct store *store, bool (*fits)(void *ctx, const struct object *object), void *ctx);
/* From here on finds and lists show what is seen at that time; until store_look_ahead, which says whether that was something old. */
void store_look_back(struct store *store, int64_t now_ms);
bool store_look_ahead(struct store *store);
/* All changes come to light. */
void store_forget_past(struct store *store);
/* Deletes everything, at once. */
bool store_empty(struct store *store, struct buf *why) MUST_USE;
/* Where objects of a kind are, or have been. */
const char *const *store_regions(const struct store *store, struct arena *arena, const char *kind, size_t *count);
size_t store_size(const struct store *store);
uint64_t store_last_number(const struct store *store); /* of the newest object, or one that was */
/* All objects, in no order of use. */
void store_each(const struct store *store, void (*each)(void *ctx, const struct object *object), void *ctx);
