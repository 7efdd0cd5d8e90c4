/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/store.h"

#include "base/buf.h"
#include "base/db.h"
#include "base/map.h"
#include "base/vec.h"
#include "lang/value/json.h"

#include <stdlib.h>
#include <string.h>

struct row { /* an object with what it lives in */
	struct object object;
	struct arena *arena;
	struct list *list;
	char *key;
};

struct list { /* of one kind in one region */
	char *name;
	VEC(const struct object *) objects; /* by number */
};

struct change {
	struct row *before, *after; /* either may be NULL */
};

struct store {
	struct db *db;
	struct db_stmt *put, *delete;
	struct map rows;  /* "kind\nregion\nid" */
	struct map lists; /* "kind\nregion" */
	VEC(struct change) changes;
	uint64_t last_number;
};

static const char schema[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
			     "CREATE TABLE IF NOT EXISTS object (kind TEXT NOT NULL, region TEXT NOT NULL, id TEXT NOT NULL,"
			     " number INTEGER NOT NULL, value BLOB NOT NULL, PRIMARY KEY (kind, region, id)) WITHOUT ROWID;";

/* ---- rows in memory ---- */

static void row_free(struct row *row)
{
	if (row) {
		arena_free(row->arena);
		free(row->key);
		free(row);
	}
}

static char *key_of(const char *kind, const char *region, const char *id)
{
	AUTO_BUF struct buf key = BUF_INIT;
	buf_addf(&key, "%s\n%s", kind, region);
	if (id)
		buf_addf(&key, "\n%s", id);
	return buf_take(&key);
}

static struct list *list_of(struct store *store, const char *kind, const char *region)
{
	char *name = key_of(kind, region, NULL);
	struct list *list = map_find(&store->lists, name);
	if (list) {
		free(name);
		return list;
	}
	list = xcalloc(1, sizeof(*list));
	list->name = name;
	map_put(&store->lists, name, list);
	return list;
}

static size_t place_of(const struct list *list, uint64_t number)
{
	size_t low = 0, high = list->objects.count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (list->objects.items[middle]->number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void row_link(struct store *store, struct row *row)
{
	struct list *list = row->list;
	size_t at = place_of(list, row->object.number);
	vec_reserve(&list->objects, 1);
	memmove(list->objects.items + at + 1, list->objects.items + at, (list->objects.count - at) * sizeof(*list->objects.items));
	list->objects.items[at] = &row->object;
	list->objects.count++;
	map_put(&store->rows, row->key, row);
}

static void row_unlink(struct store *store, struct row *row)
{
	struct list *list = row->list;
	size_t at = place_of(list, row->object.number);
	memmove(list->objects.items + at, list->objects.items + at + 1, (list->objects.count - at - 1) * sizeof(*list->objects.items));
	list->objects.count--;
	map_remove(&store->rows, row->key);
}

static struct row *row_new(struct store *store, const char *kind, const char *region, const char *id, uint64_t number)
{
	struct row *row = xcalloc(1, sizeof(*row));
	row->arena = arena_new();
	row->list = list_of(store, kind, region);
	row->key = key_of(kind, region, id);
	row->object = (struct object){.kind = arena_strdup(row->arena, kind),
				      .region = arena_strdup(row->arena, region),
				      .id = arena_strdup(row->arena, id),
				      .number = number};
	return row;
}

/* ---- opening ---- */

static bool load(struct store *store, struct buf *why)
{
	struct db_stmt *stmt = db_prepare(store->db, "SELECT kind, region, id, number, value FROM object ORDER BY number", why);
	if (!stmt)
		return false;
	enum db_step step;
	while ((step = db_step(stmt, why)) == DB_ROW) {
		size_t len;
		const void *bytes = db_column_blob(stmt, 4, &len);
		struct row *row = row_new(store, db_column_text(stmt, 0), db_column_text(stmt, 1), db_column_text(stmt, 2),
					  (uint64_t)db_column_int(stmt, 3));
		row->object.value = value_unpack(row->arena, bytes, len, why);
		if (!row->object.value) {
			row_free(row);
			db_reset(stmt);
			return false;
		}
		row_link(store, row);
		if (row->object.number > store->last_number)
			store->last_number = row->object.number;
	}
	db_reset(stmt);
	return step == DB_DONE;
}

struct store *store_open(const char *path, struct buf *why)
{
	struct store *store = xcalloc(1, sizeof(*store));
	store->db = db_open(path, DB_CREATE, why);
	if (store->db && db_exec(store->db, schema, why) && load(store, why)) {
		store->put = db_prepare(store->db, "INSERT OR REPLACE INTO object VALUES (?, ?, ?, ?, ?)", why);
		store->delete = db_prepare(store->db, "DELETE FROM object WHERE kind = ? AND region = ? AND id = ?", why);
		if (store->put && store->delete)
			return store;
	}
	store_close(store);
	return NULL;
}

static void forget_all(struct store *store)
{
	for (struct map_entry *e = map_first(&store->rows); e; e = map_next(&store->rows, e))
		row_free(e->value);
	map_release(&store->rows);
	for (struct map_entry *e = map_first(&store->lists); e; e = map_next(&store->lists, e)) {
		struct list *list = e->value;
		vec_free(&list->objects);
		free(list->name);
		free(list);
	}
	map_release(&store->lists);
	store->rows = store->lists = (struct map)MAP_INIT;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	store_rollback(store);
	forget_all(store);
	vec_free(&store->changes);
	db_close(store->db);
	free(store);
}

/* ---- reading ---- */

const struct object *store_find(const struct store *store, const char *kind, const char *region, const char *id)
{
	char *key = key_of(kind, region, id);
	struct row *row = map_find(&store->rows, key);
	free(key);
	return row ? &row->object : NULL;
}

const struct object *const *store_list(const struct store *store, const char *kind, const char *region, size_t *count)
{
	char *name = key_of(kind, region, NULL);
	const struct list *list = map_find(&store->lists, name);
	free(name);
	*count = list ? list->objects.count : 0;
	return list ? list->objects.items : NULL;
}

size_t store_size(const struct store *store)
{
	return map_size(&store->rows);
}

/* ---- changing ---- */

const struct object *store_put(struct store *store, const char *kind, const char *region, const char *id, const struct value *value)
{
	char *key = key_of(kind, region, id);
	struct row *before = map_find(&store->rows, key);
	free(key);
	struct row *after = row_new(store, kind, region, id, before ? before->object.number : ++store->last_number);
	after->object.value = value_copy(after->arena, value);
	if (before)
		row_unlink(store, before);
	row_link(store, after);
	vec_add(&store->changes, (struct change){before, after});
	return &after->object;
}

void store_delete(struct store *store, const struct object *object)
{
	char *key = key_of(object->kind, object->region, object->id);
	struct row *row = map_find(&store->rows, key);
	free(key);
	if (!row)
		return;
	row_unlink(store, row);
	vec_add(&store->changes, (struct change){row, NULL});
}

static bool write_changes(struct store *store, struct buf *why)
{
	AUTO_BUF struct buf packed = BUF_INIT;
	for (size_t i = 0; i < store->changes.count; i++) {
		const struct change *change = &store->changes.items[i];
		const struct object *o = change->after ? &change->after->object : &change->before->object;
		struct db_stmt *stmt = change->after ? store->put : store->delete;
		db_bind_text(stmt, 1, o->kind);
		db_bind_text(stmt, 2, o->region);
		db_bind_text(stmt, 3, o->id);
		if (change->after) {
			buf_clear(&packed);
			value_pack(o->value, &packed);
			db_bind_int(stmt, 4, (int64_t)o->number);
			db_bind_blob(stmt, 5, packed.ptr, packed.len);
		}
		if (!db_run(stmt, why))
			return false;
	}
	return true;
}

bool store_commit(struct store *store, struct buf *why)
{
	if (!store->changes.count)
		return true;
	if (!db_exec(store->db, "BEGIN", why) || !write_changes(store, why) || !db_exec(store->db, "COMMIT", why)) {
		AUTO_BUF struct buf ignored = BUF_INIT;
		if (!db_exec(store->db, "ROLLBACK", &ignored))
			buf_clear(&ignored); /* there was none: the first error has been told */
		store_rollback(store);
		return false;
	}
	for (size_t i = 0; i < store->changes.count; i++)
		row_free(store->changes.items[i].before);
	store->changes.count = 0;
	return true;
}

void store_rollback(struct store *store)
{
	while (store->changes.count) {
		struct change change = vec_pop(&store->changes);
		if (change.after) {
			row_unlink(store, change.after);
			row_free(change.after);
		}
		if (change.before)
			row_link(store, change.before);
	}
}

bool store_empty(struct store *store, struct buf *why)
{
	store_rollback(store);
	if (!db_exec(store->db, "DELETE FROM object; PRAGMA wal_checkpoint(TRUNCATE)", why))
		return false;
	forget_all(store);
	return true;
}

const char *const *store_regions(const struct store *store, struct arena *arena, const char *kind, size_t *count)
{
	VEC(const char *) regions = {0};
	size_t len = strlen(kind);
	for (struct map_entry *e = map_first(&store->lists); e; e = map_next(&store->lists, e)) {
		const struct list *list = e->value;
		if (!strncmp(list->name, kind, len) && list->name[len] == '\n')
			vec_add(&regions, arena_strdup(arena, list->name + len + 1));
	}
	*count = regions.count;
	const char *const *copy = vec_copy(&regions, arena);
	vec_free(&regions);
	return copy;
}
