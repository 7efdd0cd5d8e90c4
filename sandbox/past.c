/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/past.h"

#include "base/map.h"
#include "base/vec.h"

#include <stdlib.h>
#include <string.h>

struct version { /* what was until a change, and how long it is still seen */
	const struct object *object; /* NULL: there was none */
	int64_t until_ms;
};

struct line { /* of one object */
	char *key;
	VEC(struct version) versions; /* in order of the changes */
};

struct past {
	struct map lines;
	void (*release)(const struct object *object);
};

struct past *past_new(void (*release)(const struct object *object))
{
	struct past *past = xcalloc(1, sizeof(*past));
	past->release = release;
	return past;
}

static void line_free(const struct past *past, struct line *line)
{
	for (size_t i = 0; i < line->versions.count; i++) {
		if (line->versions.items[i].object)
			past->release(line->versions.items[i].object);
	}
	vec_free(&line->versions);
	free(line->key);
	free(line);
}

void past_clear(struct past *past)
{
	for (struct map_entry *e = map_first(&past->lines); e; e = map_next(&past->lines, e))
		line_free(past, e->value);
	map_release(&past->lines);
	past->lines = (struct map)MAP_INIT;
}

void past_free(struct past *past)
{
	if (!past)
		return;
	past_clear(past);
	free(past);
}

bool past_is_empty(const struct past *past)
{
	return !map_size(&past->lines);
}

void past_keep(struct past *past, const char *key, const struct object *before, int64_t until_ms)
{
	struct line *line = map_find(&past->lines, key);
	if (!line) {
		line = xcalloc(1, sizeof(*line));
		line->key = xstrdup(key);
		map_put(&past->lines, line->key, line);
	}
	vec_add(&line->versions, ((struct version){before, until_ms}));
}

/* The oldest version that is still seen: each change comes to light at its own time. */
static const struct version *seen_of(const struct line *line, int64_t now_ms)
{
	for (size_t i = 0; i < line->versions.count; i++) {
		if (line->versions.items[i].until_ms > now_ms)
			return &line->versions.items[i];
	}
	return NULL;
}

bool past_find(const struct past *past, const char *key, int64_t now_ms, const struct object **out)
{
	const struct line *line = map_find(&past->lines, key);
	const struct version *version = line ? seen_of(line, now_ms) : NULL;
	if (version)
		*out = version->object;
	return version;
}

void past_each(const struct past *past, const char *prefix, int64_t now_ms, void (*each)(void *ctx, const char *key, const struct object *seen),
	       void *ctx)
{
	size_t len = strlen(prefix);
	for (struct map_entry *e = map_first(&past->lines); e; e = map_next(&past->lines, e)) {
		const struct version *version = strncmp(e->key, prefix, len) ? NULL : seen_of(e->value, now_ms);
		if (version)
			each(ctx, e->key, version->object);
	}
}

void past_forget(struct past *past, int64_t now_ms)
{
	for (struct map_entry *e = map_first(&past->lines); e; e = map_next(&past->lines, e)) {
		struct line *line = e->value;
		if (seen_of(line, now_ms))
			continue;
		map_remove(&past->lines, line->key);
		line_free(past, line);
	}
}
