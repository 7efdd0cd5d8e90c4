/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash map from byte strings to pointers, keeping insertion order.
 *
 * Keys are not copied: they must live as long as the map (an arena's strings do). The hash is
 * keyed with a random seed of the process, so that file contents cannot make it slow.
 */
#pragma once

#include "base/base.h"

struct map_entry {
	const char *key; /* NUL-terminated where the caller's key was */
	size_t key_len;
	void *value;
};

struct map_slot {
	uint32_t entry; /* its index + 1; 0: free */
	uint32_t hash;  /* so that other keys are seldom looked at */
};

struct map {
	struct map_entry *entries; /* in order of insertion; removed ones have key NULL */
	struct map_slot *slots;
	size_t count; /* entries in use, removed ones included */
	size_t removed;
	size_t cap;
	size_t slot_count;
};

#define MAP_INIT {0}

void map_release(struct map *map);
size_t map_size(const struct map *map);
/* The value under the key, or NULL. */
void *map_find(const struct map *map, const char *key);
void *map_find_n(const struct map *map, const char *key, size_t len);
/* Puts a value (not NULL) under the key, replacing an older one; returns the older one or NULL. */
void *map_put(struct map *map, const char *key, void *value);
void *map_put_n(struct map *map, const char *key, size_t len, void *value);
/* Takes the key out; returns its value or NULL. */
void *map_remove(struct map *map, const char *key);
void *map_remove_n(struct map *map, const char *key, size_t len);

/* for (struct map_entry *e = map_first(m); e; e = map_next(m, e)) in insertion order. */
struct map_entry *map_first(const struct map *map);
struct map_entry *map_next(const struct map *map, const struct map_entry *entry);
