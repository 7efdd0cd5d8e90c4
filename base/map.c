/* SPDX-License-Identifier: Apache-2.0 */
#include "base/map.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static uint64_t seed;

static uint64_t hash_bytes(const char *key, size_t len)
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
	return (uint64_t)m ^ (uint64_t)(m >> 64);
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

/* Slots hold entry index + 1; 0 is free. Removed entries keep their slot until the next rehash. */
static size_t find_slot(const struct map *map, const char *key, size_t len)
{
	size_t mask = map->slot_count - 1;
	size_t i = hash_bytes(key, len) & mask;
	for (;; i = (i + 1) & mask) {
		if (!map->slots[i])
			return i;
		const struct map_entry *e = &map->entries[map->slots[i] - 1];
		if (e->key && e->key_len == len && !memcmp(e->key, key, len))
			return i;
	}
}

static void rehash(struct map *map)
{
	size_t kept = 0;
	for (size_t i = 0; i < map->count; i++) {
		if (map->entries[i].key)
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
	for (size_t i = 0; i < kept; i++)
		map->slots[find_slot(map, map->entries[i].key, map->entries[i].key_len)] = (uint32_t)(i + 1);
}

void *map_find_n(const struct map *map, const char *key, size_t len)
{
	if (!map->slot_count)
		return NULL;
	uint32_t slot = map->slots[find_slot(map, key, len)];
	return slot ? map->entries[slot - 1].value : NULL;
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
	size_t i = find_slot(map, key, len);
	if (map->slots[i]) {
		struct map_entry *e = &map->entries[map->slots[i] - 1];
		void *old = e->value;
		e->value = value;
		return old;
	}
	map->entries[map->count] = (struct map_entry){key, len, value};
	map->slots[i] = (uint32_t)++map->count;
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
	uint32_t slot = map->slots[find_slot(map, key, len)];
	if (!slot)
		return NULL;
	struct map_entry *e = &map->entries[slot - 1];
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
