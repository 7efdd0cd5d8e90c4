/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/hosts_internal.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/map.h"
#include "lang/value/json.h"

#include <string.h>

enum { MEMORY_LIMIT = 4 << 20 };

struct memory {
	struct arena *arena;
	const char *dir, *path;
	struct map texts; /* "what key" -> text */
	bool changed;
};

static const char *name_of(struct arena *arena, const char *what, const char *key)
{
	return *key ? arena_printf(arena, "%s %s", what, key) : what;
}

struct memory *memory_open(struct arena *arena, const char *dir)
{
	struct memory *memory = arena_new_of(arena, struct memory);
	*memory = (struct memory){.arena = arena, .dir = arena_strdup(arena, dir), .path = path_join(arena, dir, "hosts.json")};
	AUTO_BUF struct buf text = BUF_INIT, why = BUF_INIT;
	const struct value *v = file_read(memory->path, MEMORY_LIMIT, &text) ? value_from_json(arena, buf_text(&text), text.len, &why) : NULL;
	for (uint32_t i = 0; v && value_is_a(v, TYPE_OBJECT) && i < v->count; i++) {
		if (value_is_a(v->items[i], TYPE_STRING))
			map_put(&memory->texts, value_key_at(v, i), arena_strdup(arena, v->items[i]->text));
	}
	return memory;
}

void memory_close(struct memory *memory)
{
	if (memory)
		map_release(&memory->texts);
}

const char *memory_get(const struct memory *memory, const char *what, const char *key)
{
	AUTO_BUF struct buf name = BUF_INIT;
	buf_addf(&name, "%s%s%s", what, *key ? " " : "", key);
	return map_find(&memory->texts, buf_text(&name));
}

void memory_set(struct memory *memory, const char *what, const char *key, const char *text)
{
	const char *before = memory_get(memory, what, key), *name = name_of(memory->arena, what, key);
	if (before && text && !strcmp(before, text))
		return;
	if (text)
		map_put(&memory->texts, name, arena_strdup(memory->arena, text));
	else if (before)
		map_remove(&memory->texts, name);
	memory->changed |= text || before;
}

void memory_save(struct memory *memory)
{
	if (!memory->changed)
		return;
	size_t count = 0, size = map_size(&memory->texts);
	AUTO_FREE const char **names = xcalloc(size + 1, sizeof(*names));
	AUTO_FREE const struct value **texts = xcalloc(size + 1, sizeof(*texts));
	for (struct map_entry *e = map_first(&memory->texts); e; e = map_next(&memory->texts, e)) {
		names[count] = e->key;
		texts[count++] = value_string(memory->arena, e->value);
	}
	AUTO_BUF struct buf out = BUF_INIT;
	value_to_json_pretty(value_object(memory->arena, names, texts, count), &out);
	buf_addc(&out, '\n');
	memory->changed = !make_directories(memory->dir, 0700) || !file_write(memory->path, buf_text(&out), out.len, 0600);
}
