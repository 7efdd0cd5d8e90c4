/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/store.h"

#include "base/buf.h"
#include "base/db.h"
#include "base/map.h"
#include "base/vec.h"
#include "lang/value/json.h"
#include "lang/value/jsonw.h"
#include "sandbox/past.h"

#include <stdlib.h>
#include <string.h>

struct row { /* an object, packed */
	struct object object;
	struct list *list;
	const struct type *type; /* of the value; NULL: the bytes tell it, too */
	struct bucket **buckets; /* one for each index of the list */
	size_t len;
	char *bytes;
	char key[]; /* "kind\nregion\nid", and behind it the bytes */
};

typedef VEC(const struct object *) object_list; /* by number */

struct list { /* of one kind in one region */
	char *name, *kind, *region;
	object_list objects;
	VEC(struct index *) indexes;
};

struct index { /* by what one member of the objects is; made when it is first asked for */
	size_t place; /* in the list's indexes */
	char *member;
	struct map buckets; /* text of the member -> struct bucket */
};

struct bucket {
	object_list objects;
	size_t len;
	char text[];
};

struct change {
	struct row *before, *after; /* either may be NULL */
};

struct store {
	struct db *db;
	struct db_stmt *put, *delete;
	struct map rows;  /* by key */
	struct map lists; /* "kind\nregion" */
	VEC(struct change) changes;
	uint64_t last_number;
	struct arena *scratch;
	struct past *past;
	int64_t back_ms; /* 0: now; else the time for which the past is seen */
	bool late;       /* something of the past was */
	object_list seen; /* the last list of it */
};

static const char schema[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
			     "CREATE TABLE IF NOT EXISTS object (kind TEXT NOT NULL, region TEXT NOT NULL, id TEXT NOT NULL,"
			     " number INTEGER NOT NULL, value BLOB NOT NULL, PRIMARY KEY (kind, region, id)) WITHOUT ROWID;";

/* ---- rows in memory ---- */

/* An object is the first member of its row. */
static struct row *row_of(const struct object *object)
{
	return (struct row *)(uintptr_t)object;
}

static void row_free(struct row *row)
{
	if (row)
		free(row->buckets);
	free(row);
}

/* Most keys are short: they need no memory of their own to be looked for. */
struct key {
	char *text;
	size_t len;
	char room[160];
};

static void key_make(struct key *key, const char *kind, const char *region, const char *id)
{
	size_t lens[] = {strlen(kind), strlen(region), id ? strlen(id) : 0};
	key->len = lens[0] + 1 + lens[1] + (id ? 1 + lens[2] : 0);
	key->text = key->len < sizeof(key->room) ? key->room : xmalloc(key->len + 1);
	char *at = mempcpy(key->text, kind, lens[0]);
	*at++ = '\n';
	at = mempcpy(at, region, lens[1]);
	if (id) {
		*at++ = '\n';
		at = mempcpy(at, id, lens[2]);
	}
	*at = '\0';
}

static void key_release(struct key *key)
{
	if (key->text != key->room)
		free(key->text);
}

static void *find_by(const struct map *map, const char *kind, const char *region, const char *id)
{
	struct key key;
	key_make(&key, kind, region, id);
	void *found = map_find_n(map, key.text, key.len);
	key_release(&key);
	return found;
}

static struct list *list_of(struct store *store, const char *kind, const char *region)
{
	struct list *list = find_by(&store->lists, kind, region, NULL);
	if (list)
		return list;
	struct key key;
	key_make(&key, kind, region, NULL);
	list = xcalloc(1, sizeof(*list));
	list->name = xstrdup(key.text);
	list->kind = xstrdup(kind);
	list->region = xstrdup(region);
	key_release(&key);
	map_put(&store->lists, list->name, list);
	return list;
}

static size_t place_of(const object_list *objects, uint64_t number)
{
	size_t low = 0, high = objects->count;
	if (high && objects->items[high - 1]->number < number)
		return high; /* what is new comes last */
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (objects->items[middle]->number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void put_in_order(object_list *objects, const struct object *object)
{
	size_t at = place_of(objects, object->number);
	vec_reserve(objects, 1);
	memmove(objects->items + at + 1, objects->items + at, (objects->count - at) * sizeof(*objects->items));
	objects->items[at] = object;
	objects->count++;
}

static void take_out(object_list *objects, const struct object *object)
{
	size_t at = place_of(objects, object->number);
	memmove(objects->items + at, objects->items + at + 1, (objects->count - at - 1) * sizeof(*objects->items));
	objects->count--;
}

const struct value *store_value(struct arena *arena, const struct object *object)
{
	const struct row *row = row_of(object);
	AUTO_BUF struct buf why = BUF_INIT;
	const struct value *v = row->type ? value_unpack_of(arena, row->type, row->bytes, row->len, &why)
					  : value_unpack(arena, row->bytes, row->len, &why);
	if (!v)
		bug("an object in memory is damaged: %s", buf_text(&why));
	return v;
}

/* ---- indexes ---- */

/* Equal members have equal texts. */
static void member_text(const struct value *v, struct buf *out)
{
	buf_clear(out);
	if (!v || value_is_null(v)) {
		buf_addc(out, '0');
	} else if (value_is_a(v, TYPE_STRING)) {
		buf_addc(out, '=');
		buf_add(out, v->text, v->count);
	} else {
		struct jsonw w = {.out = out};
		jsonw_value(&w, NULL, v);
	}
}

static void index_put(struct index *index, struct row *row, const struct value *value)
{
	AUTO_BUF struct buf text = BUF_INIT;
	member_text(value_get(value, index->member), &text);
	struct bucket *bucket = map_find_n(&index->buckets, text.ptr, text.len);
	if (!bucket) {
		bucket = xcalloc(1, sizeof(*bucket) + text.len + 1);
		memcpy(bucket->text, text.ptr, text.len);
		bucket->len = text.len;
		map_put_n(&index->buckets, bucket->text, text.len, bucket);
	}
	put_in_order(&bucket->objects, &row->object);
	row->buckets[index->place] = bucket;
}

static void index_remove(struct index *index, struct row *row)
{
	struct bucket *bucket = row->buckets[index->place];
	take_out(&bucket->objects, &row->object);
	if (bucket->objects.count)
		return;
	map_remove_n(&index->buckets, bucket->text, bucket->len);
	vec_free(&bucket->objects);
	free(bucket);
}

static void index_free(struct index *index)
{
	for (struct map_entry *e = map_first(&index->buckets); e; e = map_next(&index->buckets, e)) {
		struct bucket *bucket = e->value;
		vec_free(&bucket->objects);
		free(bucket);
	}
	map_release(&index->buckets);
	free(index->member);
	free(index);
}

/* Into all indexes of its list. */
static void row_index(struct store *store, struct row *row)
{
	struct list *list = row->list;
	if (!list->indexes.count)
		return;
	const struct value *value = store_value(store->scratch, &row->object);
	row->buckets = xrealloc(row->buckets, list->indexes.count, sizeof(*row->buckets));
	for (size_t i = 0; i < list->indexes.count; i++)
		index_put(list->indexes.items[i], row, value);
	arena_reset(store->scratch);
}

static struct index *index_of(struct store *store, struct list *list, const char *member)
{
	for (size_t i = 0; i < list->indexes.count; i++) {
		if (!strcmp(list->indexes.items[i]->member, member))
			return list->indexes.items[i];
	}
	struct index *index = xcalloc(1, sizeof(*index));
	index->place = list->indexes.count;
	index->member = xstrdup(member);
	vec_add(&list->indexes, index);
	for (size_t i = 0; i < list->objects.count; i++) {
		struct row *row = row_of(list->objects.items[i]);
		row->buckets = xrealloc(row->buckets, list->indexes.count, sizeof(*row->buckets));
		index_put(index, row, store_value(store->scratch, &row->object));
		arena_reset(store->scratch);
	}
	return index;
}

static void row_link(struct store *store, struct row *row)
{
	put_in_order(&row->list->objects, &row->object);
	row_index(store, row);
	map_put(&store->rows, row->key, row);
}

static void row_unlink(struct store *store, struct row *row)
{
	struct list *list = row->list;
	take_out(&list->objects, &row->object);
	for (size_t i = 0; i < list->indexes.count; i++)
		index_remove(list->indexes.items[i], row);
	map_remove(&store->rows, row->key);
}

static struct row *row_new(struct store *store, const char *kind, const char *region, const char *id, uint64_t number, const struct value *value)
{
	AUTO_BUF struct buf packed = BUF_INIT;
	const struct type *shared = value->type->states ? value->type : NULL; /* such types live as long as we do */
	if (shared)
		value_pack_content(value, &packed);
	else
		value_pack(value, &packed);
	struct key key;
	key_make(&key, kind, region, id);
	struct row *row = xmalloc(sizeof(*row) + key.len + 1 + packed.len);
	*row = (struct row){.list = list_of(store, kind, region), .type = shared, .len = packed.len, .bytes = row->key + key.len + 1};
	memcpy(row->key, key.text, key.len + 1);
	memcpy(row->bytes, packed.ptr, packed.len);
	key_release(&key);
	row->object = (struct object){.kind = row->list->kind, .region = row->list->region, .id = row->bytes - 1 - strlen(id), .number = number};
	return row;
}

static void object_free(const struct object *object)
{
	row_free(row_of(object));
}

/* A row that is in no list; its names are the list's. */
static const struct object *object_copy(const struct object *object)
{
	const struct row *row = row_of(object);
	size_t before = (size_t)(row->bytes - row->key), size = sizeof(*row) + before + row->len;
	struct row *copy = memcpy(xmalloc(size), row, size);
	copy->buckets = NULL;
	copy->bytes = copy->key + before;
	copy->object.id = copy->key + (object->id - row->key);
	return &copy->object;
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
		const struct value *value = value_unpack(store->scratch, bytes, len, why);
		if (!value) {
			db_reset(stmt);
			return false;
		}
		struct row *row = row_new(store, db_column_text(stmt, 0), db_column_text(stmt, 1), db_column_text(stmt, 2),
					  (uint64_t)db_column_int(stmt, 3), value);
		arena_reset(store->scratch);
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
	store->scratch = arena_new();
	store->past = past_new(object_free);
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
	past_clear(store->past); /* its names are the lists' */
	for (struct map_entry *e = map_first(&store->rows); e; e = map_next(&store->rows, e))
		row_free(e->value);
	map_release(&store->rows);
	for (struct map_entry *e = map_first(&store->lists); e; e = map_next(&store->lists, e)) {
		struct list *list = e->value;
		for (size_t i = 0; i < list->indexes.count; i++)
			index_free(list->indexes.items[i]);
		vec_free(&list->indexes);
		vec_free(&list->objects);
		free(list->name);
		free(list->kind);
		free(list->region);
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
	vec_free(&store->seen);
	past_free(store->past);
	db_close(store->db);
	arena_free(store->scratch);
	free(store);
}

/* ---- reading ---- */

const struct object *store_find(struct store *store, const char *kind, const char *region, const char *id)
{
	struct key key;
	key_make(&key, kind, region, id);
	struct row *row = map_find_n(&store->rows, key.text, key.len);
	const struct object *object = row ? &row->object : NULL;
	if (store->back_ms && past_find(store->past, key.text, store->back_ms, &object))
		store->late = true;
	key_release(&key);
	return object;
}

static int by_number(const void *a, const void *b)
{
	const struct object *const *x = a, *const *y = b;
	return ((*x)->number > (*y)->number) - ((*x)->number < (*y)->number);
}

/* What is there no more, and still seen. */
static void add_gone(void *ctx, const char *key, const struct object *seen)
{
	struct store *store = ctx;
	if (seen && !map_find(&store->rows, key)) {
		vec_add(&store->seen, seen);
		store->late = true;
	}
}

static const struct object *const *list_past(struct store *store, const struct list *list, size_t *count)
{
	AUTO_BUF struct buf prefix = BUF_INIT;
	store->seen.count = 0;
	for (size_t i = 0; i < list->objects.count; i++) {
		const struct object *object = list->objects.items[i];
		if (past_find(store->past, row_of(object)->key, store->back_ms, &object))
			store->late = true;
		if (object)
			vec_add(&store->seen, object);
	}
	buf_addf(&prefix, "%s\n", list->name);
	past_each(store->past, buf_text(&prefix), store->back_ms, add_gone, store);
	if (store->seen.count)
		qsort(store->seen.items, store->seen.count, sizeof(*store->seen.items), by_number);
	*count = store->seen.count;
	return store->seen.items;
}

const struct object *const *store_list(struct store *store, const char *kind, const char *region, size_t *count)
{
	const struct list *list = find_by(&store->lists, kind, region, NULL);
	*count = list ? list->objects.count : 0;
	if (list && store->back_ms)
		return list_past(store, list, count);
	return list ? list->objects.items : NULL;
}

/* Without indexes: they are of what is. */
static const struct object *const *where_past(struct store *store, struct arena *arena, const struct list *list, const struct value *like,
					      size_t *count)
{
	size_t all, members = like->count;
	AUTO_BUF struct buf wanted = BUF_INIT, text = BUF_INIT;
	const struct object *const *objects = list_past(store, list, &all);
	const struct object **found = arena_array_of(arena, all + 1, const struct object *);
	for (size_t i = 0; i < all; i++) {
		const struct value *value = store_value(arena, objects[i]);
		bool fits = true;
		for (uint32_t m = 0; m < members && fits; m++) {
			member_text(like->items[m], &wanted);
			member_text(value_get(value, value_key_at(like, m)), &text);
			fits = wanted.len == text.len && !memcmp(wanted.ptr, text.ptr, text.len);
		}
		if (fits)
			found[(*count)++] = objects[i];
	}
	return found;
}

const struct object *const *store_where(struct store *store, struct arena *arena, const char *kind, const char *region,
					const struct value *like, size_t *count)
{
	struct list *list = find_by(&store->lists, kind, region, NULL);
	const struct bucket *wanted[16], *fewest = NULL;
	size_t places[16], members = like->count;
	AUTO_BUF struct buf text = BUF_INIT;
	*count = 0;
	if (!list)
		return NULL;
	if (store->back_ms)
		return where_past(store, arena, list, like, count);
	if (members > ARRAY_LEN(wanted))
		bug("objects of kind \"%s\" are looked for by too many members", kind);
	for (uint32_t i = 0; i < members; i++) {
		const struct index *index = index_of(store, list, value_key_at(like, i));
		member_text(like->items[i], &text);
		wanted[i] = map_find_n(&index->buckets, text.ptr, text.len);
		places[i] = index->place;
		if (!wanted[i])
			return NULL;
		if (!fewest || wanted[i]->objects.count < fewest->objects.count)
			fewest = wanted[i];
	}
	const object_list *from = fewest ? &fewest->objects : &list->objects;
	const struct object **found = arena_array_of(arena, from->count + 1, const struct object *);
	for (size_t i = 0; i < from->count; i++) {
		const struct row *row = row_of(from->items[i]);
		bool fits = true;
		for (size_t m = 0; m < members && fits; m++)
			fits = row->buckets[places[m]] == wanted[m];
		if (fits)
			found[(*count)++] = from->items[i];
	}
	return found;
}

/* ---- the past ---- */

void store_look_back(struct store *store, int64_t now_ms)
{
	past_forget(store->past, now_ms);
	store->back_ms = past_is_empty(store->past) ? 0 : now_ms;
	store->late = false;
}

void store_forget_past(struct store *store)
{
	past_clear(store->past);
}

bool store_look_ahead(struct store *store)
{
	store->back_ms = 0;
	return store->late;
}

bool store_has_changed(const struct store *store, bool (*fits)(void *ctx, const struct object *object), void *ctx)
{
	for (size_t i = 0; i < store->changes.count; i++) {
		const struct change *change = &store->changes.items[i];
		const struct object *object = change->after ? &change->after->object : &change->before->object;
		if (*object->kind != '@' && fits(ctx, object))
			return true;
	}
	return false;
}

void store_delay(struct store *store, int64_t until_ms, bool (*fits)(void *ctx, const struct object *object), void *ctx)
{
	struct map done = MAP_INIT; /* of several changes of an object, what it was before the first */
	for (size_t i = 0; i < store->changes.count; i++) {
		const struct change *change = &store->changes.items[i];
		const struct row *row = change->after ? change->after : change->before;
		if (*row->object.kind == '@' || map_find(&done, row->key) || !fits(ctx, &row->object))
			continue;
		map_put(&done, row->key, store);
		past_keep(store->past, row->key, change->before ? object_copy(&change->before->object) : NULL, until_ms);
	}
	map_release(&done);
}

size_t store_size(const struct store *store)
{
	return map_size(&store->rows);
}

uint64_t store_last_number(const struct store *store)
{
	return store->last_number;
}

void store_each(const struct store *store, void (*each)(void *ctx, const struct object *object), void *ctx)
{
	for (struct map_entry *e = map_first(&store->rows); e; e = map_next(&store->rows, e)) {
		const struct row *row = e->value;
		each(ctx, &row->object);
	}
}

/* ---- changing ---- */

const struct object *store_put(struct store *store, const char *kind, const char *region, const char *id, const struct value *value)
{
	struct row *before = find_by(&store->rows, kind, region, id);
	struct row *after = row_new(store, kind, region, id, before ? before->object.number : ++store->last_number, value);
	if (before)
		row_unlink(store, before);
	row_link(store, after);
	vec_add(&store->changes, (struct change){before, after});
	return &after->object;
}

void store_delete(struct store *store, const struct object *object)
{
	struct row *row = row_of(object);
	row_unlink(store, row);
	vec_add(&store->changes, (struct change){row, NULL});
}

bool store_is_changed(const struct store *store)
{
	return store->changes.count > 0;
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
			value_pack(store_value(store->scratch, o), &packed);
			arena_reset(store->scratch);
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
