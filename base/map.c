/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static uint64_t seed;

static uint32_t hash_bytes(const char *key, size_t len)
{
	if (!seed) {
		if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != (ssize_t)sizeof(seed))
			seed = (uint64_t)(uintptr_t)&seed;
		seed |= 1;
	}
	/* Multiply and fold, eight bytes at a time; the seed makes the result private to the process. */
	uint64_t h = seed ^ (len * 0x9E3779B97F4A7C15ull);
	while (len >= 8) {
		uint64_t w;
		memcpy(&w, key, 8);
		__uint128_t m = (__uint128_t)(h ^ w) * 0xD6E8FEB86659FD93ull;
		h = (uint64_t)m ^ (uint64_t)(m >> 64) ^ seed;
		key += 8;
		len -= 8;
	}
	uint64_t w = 0;
	memcpy(&w, key, len);
	__uint128_t m = (__uint128_t)(h ^ w) * 0xD6E8FEB86659FD93ull;
	h = (uint64_t)m ^ (uint64_t)(m >> 64);
	m = (__uint128_t)(h ^ seed) * 0xA0761D6478BD642Full;
	return (uint32_t)(m ^ m >> 64);
}

void map_release(struct map *map)
{
	free(map->entries);
	free(map->slots);
	*map = (struct map)MAP_INIT;
}

size_t map_size(const struct map *map)
{
	return map->count - map->removed;
}

/* The key's slot, or the free one that it may have. Removed entries keep their slot until the next rehash. */
static struct map_slot *find_slot(const struct map *map, const char *key, size_t len, uint32_t hash)
{
	size_t mask = map->slot_count - 1;
	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		struct map_slot *slot = &map->slots[i];
		if (!slot->entry)
			return slot;
		if (slot->hash != hash)
			continue;
		const struct map_entry *e = &map->entries[slot->entry - 1];
		if (e->key && e->key_len == len && !memcmp(e->key, key, len))
			return slot;
	}
}

/* Makes room, and forgets removed entries. The keys are not looked at: their hashes are known. */
static void rehash(struct map *map)
{
	AUTO_FREE uint32_t *hashes = xcalloc(map->count + 1, sizeof(*hashes));
	for (size_t i = 0; i < map->slot_count; i++) {
		if (map->slots[i].entry)
			hashes[map->slots[i].entry - 1] = map->slots[i].hash;
	}
	size_t kept = 0;
	for (size_t i = 0; i < map->count; i++) {
		if (!map->entries[i].key)
			continue;
		hashes[kept] = hashes[i];
		map->entries[kept++] = map->entries[i];
	}
	map->count = kept;
	map->removed = 0;
	size_t want = 16;
	while (want < (kept + 1) * 2)
		want *= 2;
	if (want > UINT32_MAX)
		out_of_memory();
	free(map->slots);
	map->slots = xcalloc(want, sizeof(*map->slots));
	map->slot_count = want;
	map->cap = want / 2;
	map->entries = xrealloc(map->entries, map->cap, sizeof(*map->entries));
	for (size_t i = 0; i < kept; i++) {
		size_t at = hashes[i] & (want - 1);
		while (map->slots[at].entry)
			at = (at + 1) & (want - 1);
		map->slots[at] = (struct map_slot){(uint32_t)i + 1, hashes[i]};
	}
}

void *map_find_n(const struct map *map, const char *key, size_t len)
{
	if (!map->slot_count)
		return NULL;
	const struct map_slot *slot = find_slot(map, key, len, hash_bytes(key, len));
	return slot->entry ? map->entries[slot->entry - 1].value : NULL;
}

void *map_find(const struct map *map, const char *key)
{
	return map_find_n(map, key, strlen(key));
}

void *map_put_n(struct map *map, const char *key, size_t len, void *value)
{
	if (!value)
		bug("NULL put into a map under \"%.*s\"", (int)len, key);
	if (map->count == map->cap)
		rehash(map);
	uint32_t hash = hash_bytes(key, len);
	struct map_slot *slot = find_slot(map, key, len, hash);
	if (slot->entry) {
		struct map_entry *e = &map->entries[slot->entry - 1];
		void *old = e->value;
		e->value = value;
		return old;
	}
	map->entries[map->count] = (struct map_entry){key, len, value};
	*slot = (struct map_slot){(uint32_t)++map->count, hash};
	return NULL;
}

void *map_put(struct map *map, const char *key, void *value)
{
	return map_put_n(map, key, strlen(key), value);
}

void *map_remove(struct map *map, const char *key)
{
	return map_remove_n(map, key, strlen(key));
}

void *map_remove_n(struct map *map, const char *key, size_t len)
{
	if (!map->slot_count)
		return NULL;
	const struct map_slot *slot = find_slot(map, key, len, hash_bytes(key, len));
	if (!slot->entry)
		return NULL;
	struct map_entry *e = &map->entries[slot->entry - 1];
	void *old = e->value;
	e->key = NULL;
	e->value = NULL;
	map->removed++;
	return old;
}

struct map_entry *map_next(const struct map *map, const struct map_entry *entry)
{
	size_t i = entry ? (size_t)(entry - map->entries) + 1 : 0;
	for (; i < map->count; i++) {
		if (map->entries[i].key)
			return &map->entries[i];
	}
	return NULL;
}

struct map_entry *map_first(const struct map *map)
{
	return map_next(map, NULL);
}
