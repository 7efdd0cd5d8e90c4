/* SPDX-License-Identifier: Apache-2.0 */
#include "state/state_internal.h"

#include "base/digest.h"
#include "base/file.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

enum { FORM = 1 };

extern const char state_schema_sql[]; /* state/schema.sql, embedded */

/* ---- opening ---- */

/* Shared memory of WAL does not work across machines: there one rollback journal, kept to ourselves. */
static bool is_network_file_system(const char *path)
{
	struct statfs fs;
	if (statfs(path, &fs) < 0)
		return false;
	static const long kinds[] = {0x6969 /* NFS */, 0x517B /* SMB */, (long)0xFF534D42 /* CIFS */, (long)0xFE534D42 /* SMB2 */,
				     0x65735546 /* FUSE */, 0x01021997 /* 9p */, 0x5346414F /* AFS */};
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if ((long)fs.f_type == kinds[i])
			return true;
	}
	return false;
}

static bool damaged(struct state *state, struct diags *diags, const char *why)
{
	diag_error(diags, SRC_NOWHERE, "The state cannot be read", "The state database %s: %s.", state->path, why);
	return false;
}

static bool prepare(struct state *state, struct diags *diags)
{
	AUTO_BUF struct buf why = BUF_INIT;
	const struct {
		struct db_stmt **stmt;
		const char *sql;
	} rows[] = {
		{&state->put_object, "INSERT INTO objects VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12) ON CONFLICT DO UPDATE SET kind=?3,"
				     "provider=?4,cloud=?5,status=?6,create_first=?7,schema_version=?8,value=?9,dependencies=?10,mark=?11,"
				     "private_note=?12"},
		{&state->remove_object, "DELETE FROM objects WHERE address=? AND deposed=?"},
		{&state->put_intent, "INSERT INTO intents VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"},
		{&state->set_intent, "UPDATE intents SET object_id=?2, note=?3 WHERE id=?1"},
		{&state->drop_intent, "DELETE FROM intents WHERE id=?"},
		{&state->put_output, "INSERT INTO outputs VALUES (?1,?2) ON CONFLICT DO UPDATE SET value=?2"},
		{&state->remove_output, "DELETE FROM outputs WHERE name=?"},
		{&state->put_meta, "INSERT INTO meta VALUES (?1,?2) ON CONFLICT DO UPDATE SET value=?2"},
		{&state->put_history, "INSERT INTO history (at, operation, summary, serial) VALUES (?,?,?,?)"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		*rows[i].stmt = db_prepare(state->db, rows[i].sql, &why);
		if (!*rows[i].stmt)
			return damaged(state, diags, buf_text(&why));
	}
	return true;
}

static const char *const *split_lines(struct arena *arena, const char *text, size_t *count)
{
	VEC(const char *) lines = {0};
	while (*text) {
		size_t n = strcspn(text, "\n");
		vec_add(&lines, arena_strndup(arena, text, n));
		text += n + (text[n] == '\n');
	}
	const char *const *copy = vec_copy(&lines, arena);
	*count = lines.count;
	vec_free(&lines);
	return copy;
}

static const char *copy_text(struct state *state, const char *text)
{
	return text ? arena_strdup(state->arena, text) : NULL;
}

static void index_object(struct state *state, struct object *object)
{
	const char *key = arena_printf(state->arena, "%s\n%s", object->address, object->deposed);
	map_put(&state->by_key, key, object);
	vec_add(&state->objects, object);
	state->sorted = false;
}

/* Equal texts one behind the other (kinds, providers, lists of instances) are kept once. */
static const char *same_or_copy(struct state *state, const char *last, const char *text)
{
	return last && text && !strcmp(last, text) ? last : copy_text(state, text);
}

static bool load_objects(struct state *state, struct diags *diags)
{
	AUTO_BUF struct buf why = BUF_INIT;
	struct db_stmt *all = db_prepare(state->db, "SELECT address,deposed,kind,provider,cloud,status,create_first,schema_version,value,"
						    "dependencies,mark,private_note FROM objects ORDER BY address", &why);
	if (!all)
		return damaged(state, diags, buf_text(&why));
	const struct object *last = NULL;
	const char *last_list = NULL;
	enum db_step step;
	while ((step = db_step(all, &why)) == DB_ROW) {
		struct object *o = arena_new_of(state->arena, struct object);
		o->address = copy_text(state, db_column_text(all, 0));
		if (!address_parse(state->arena, o->address, &o->parts, diags))
			return damaged(state, diags, "an address in it is malformed");
		o->deposed = same_or_copy(state, last ? last->deposed : NULL, db_column_text(all, 1));
		o->kind = same_or_copy(state, last ? last->kind : NULL, db_column_text(all, 2));
		o->provider = same_or_copy(state, last ? last->provider : NULL, db_column_text(all, 3));
		o->cloud = same_or_copy(state, last ? last->cloud : NULL, db_column_text(all, 4));
		o->status = db_column_int(all, 5) == OBJECT_TAINTED ? OBJECT_TAINTED : OBJECT_OK;
		o->create_before_destroy = db_column_int(all, 6) != 0;
		o->schema_version = (unsigned)db_column_int(all, 7);
		size_t len;
		const void *blob = db_column_blob(all, 8, &len);
		o->value = state_unpack_for(state, o->address, state->arena, blob, len, diags);
		if (!o->value)
			return false;
		const char *list = db_column_text(all, 9);
		if (last && last_list && !strcmp(last_list, list)) {
			o->dependencies = last->dependencies;
			o->dependency_count = last->dependency_count;
		} else {
			last_list = copy_text(state, list);
			o->dependencies = split_lines(state->arena, list, &o->dependency_count);
		}
		o->mark = copy_text(state, db_column_text(all, 10));
		o->private_note = copy_text(state, db_column_text(all, 11));
		index_object(state, o);
		last = o;
	}
	return step == DB_DONE || damaged(state, diags, buf_text(&why));
}

static bool load_intents(struct state *state, struct diags *diags)
{
	AUTO_BUF struct buf why = BUF_INIT;
	struct db_stmt *all = db_prepare(state->db, "SELECT * FROM intents ORDER BY id", &why);
	if (!all)
		return damaged(state, diags, buf_text(&why));
	enum db_step step;
	while ((step = db_step(all, &why)) == DB_ROW) {
		struct intent *in = arena_new_of(state->arena, struct intent);
		in->id = db_column_int(all, 0);
		int64_t kind = db_column_int(all, 1);
		in->kind = kind == INTENT_CREATE ? INTENT_CREATE : kind == INTENT_UPDATE ? INTENT_UPDATE : INTENT_DELETE;
		in->address = copy_text(state, db_column_text(all, 2));
		in->deposed = copy_text(state, db_column_text(all, 3));
		in->type = copy_text(state, db_column_text(all, 4));
		in->provider_kind = copy_text(state, db_column_text(all, 5));
		in->provider = copy_text(state, db_column_text(all, 6));
		in->cloud = copy_text(state, db_column_text(all, 7));
		in->token = copy_text(state, db_column_text(all, 8));
		for (int column = 9; column <= 10; column++) {
			size_t len;
			const void *blob = db_column_blob(all, column, &len);
			if (!len)
				continue;
			const struct value *v = state_unpack_for(state, in->address, state->arena, blob, len, diags);
			if (!v)
				return false;
			*(column == 9 ? &in->planned : &in->prior) = v;
		}
		in->object_id = copy_text(state, db_column_text(all, 11));
		in->note = copy_text(state, db_column_text(all, 12));
		in->dependencies = split_lines(state->arena, db_column_text(all, 13), &in->dependency_count);
		in->create_before_destroy = db_column_int(all, 14) != 0;
		in->recorded_at = db_column_int(all, 15);
		vec_add(&state->intents, in);
	}
	return step == DB_DONE || damaged(state, diags, buf_text(&why));
}

static bool load_outputs(struct state *state, struct diags *diags)
{
	AUTO_BUF struct buf why = BUF_INIT;
	struct db_stmt *all = db_prepare(state->db, "SELECT name, value FROM outputs ORDER BY name", &why);
	if (!all)
		return damaged(state, diags, buf_text(&why));
	enum db_step step;
	while ((step = db_step(all, &why)) == DB_ROW) {
		struct state_output output = {.name = copy_text(state, db_column_text(all, 0))};
		size_t len;
		const void *blob = db_column_blob(all, 1, &len);
		AUTO_BUF struct buf context = BUF_INIT;
		buf_addf(&context, "output.%s", output.name);
		output.value = state_unpack_for(state, buf_text(&context), state->arena, blob, len, diags);
		if (!output.value)
			return false;
		vec_add(&state->outputs, output);
	}
	return step == DB_DONE || damaged(state, diags, buf_text(&why));
}

static bool load_meta(struct state *state, struct diags *diags)
{
	AUTO_BUF struct buf why = BUF_INIT;
	struct db_stmt *all = db_prepare(state->db, "SELECT name, value FROM meta", &why);
	if (!all)
		return damaged(state, diags, buf_text(&why));
	int64_t form = 0;
	while (db_step(all, &why) == DB_ROW) {
		const char *name = db_column_text(all, 0), *value = db_column_text(all, 1);
		if (!strcmp(name, "form"))
			form = strtoll(value, NULL, 10);
		else if (!strcmp(name, "lineage"))
			state->lineage = xstrdup(value);
		else if (!strcmp(name, "serial"))
			state->serial = strtoull(value, NULL, 10);
	}
	db_reset(all);
	if (form > FORM) {
		diag_error(diags, SRC_NOWHERE, "The state was made by a newer infra",
			   "The state database %s has form %" PRId64 "; this version reads forms up to %d. Use the newer version.", state->path, form,
			   FORM);
		return false;
	}
	return form == FORM && state->lineage ? true : damaged(state, diags, "it is no state of infra");
}

/* A new database comes into its place whole, so that one without tables is never taken for a state that holds nothing. */
static bool create_database(struct state *state, struct diags *diags)
{
	AUTO_BUF struct buf why = BUF_INIT;
	AUTO_BUF struct buf sql = BUF_INIT;
	char lineage[37];
	random_uuid(lineage);
	buf_addf(&sql,
		 "PRAGMA journal_mode=DELETE;PRAGMA synchronous=FULL;BEGIN IMMEDIATE;%s;"
		 "INSERT INTO meta VALUES ('form','%d'),('lineage','%s'),('serial','0');COMMIT;",
		 state_schema_sql, FORM, lineage);
	char *path = arena_printf(state->arena, "%s.new", state->path);
	char *journal = arena_printf(state->arena, "%s.new-journal", state->path);
	unlink(path); /* of a run that was killed here */
	unlink(journal);
	struct db *db = db_open(path, DB_CREATE, &why);
	bool made = db && db_exec(db, buf_text(&sql), &why);
	db_close(db);
	if (made && rename(path, state->path) < 0) {
		buf_adds(&why, strerror(errno));
		made = false;
	}
	if (made)
		return true;
	unlink(path);
	diag_error(diags, SRC_NOWHERE, "The state cannot be kept", "The state database %s could not be made: %s.", state->path, buf_text(&why));
	return false;
}

static bool has_tables(struct state *state, bool *has, struct diags *diags)
{
	AUTO_BUF struct buf why = BUF_INIT;
	struct db_stmt *any = db_prepare(state->db, "SELECT 1 FROM sqlite_schema WHERE name = 'meta'", &why);
	if (!any)
		return damaged(state, diags, buf_text(&why));
	enum db_step step = db_step(any, &why);
	*has = step == DB_ROW;
	db_reset(any);
	return step != DB_ERROR || damaged(state, diags, buf_text(&why));
}

/* Whether there is a database; what stands in its place and is none would else be taken for an empty one. */
static bool look_at_files(struct state *state, bool *there, struct diags *diags)
{
	struct stat st;
	*there = stat(state->path, &st) == 0;
	if (!*there && errno != ENOENT)
		return damaged(state, diags, strerror(errno));
	if (*there && st.st_size == 0) {
		diag_error(diags, SRC_NOWHERE, "The state is empty",
			   "The state database %s has no bytes, which infra never leaves behind: a copy may have failed, or a disk was full. Put "
			   "a backup in its place. Only if nothing was ever made with it, remove it:\n\n    rm %s", state->path, state->path);
		return false;
	}
	const char *wal = arena_printf(state->arena, "%s-wal", state->path);
	if (!*there && stat(wal, &st) == 0 && st.st_size > 0) {
		diag_error(diags, SRC_NOWHERE, "The state is gone, its journal is not",
			   "There is no state database %s, but there is %s, which belongs to one. Put the database back beside it. Only if "
			   "what it held does not matter any more, remove the journal:\n\n    rm %s", state->path, wal, wal);
		return false;
	}
	return true;
}

/* On a read-only file system SQLite could not make the index of its log; where there is no log, it needs none. */
static bool is_unchanging(const struct state *state)
{
	struct stat st;
	return access(state->path, W_OK) < 0 && errno == EROFS &&
	       (stat(arena_printf(state->arena, "%s-wal", state->path), &st) < 0 || !st.st_size);
}

static bool open_database(struct state *state, const struct state_options *options, struct diags *diags)
{
	AUTO_BUF struct buf why = BUF_INIT;
	bool there;
	if (!look_at_files(state, &there, diags) || (!there && !create_database(state, diags)))
		return false;
	unsigned flags = !options->read_only ? 0 : is_unchanging(state) ? DB_READ_ONLY | DB_UNCHANGING : DB_READ_ONLY;
	state->db = db_open(options->path, flags, &why);
	if (!state->db)
		return damaged(state, diags, buf_text(&why));
	if (!options->read_only) {
		bool network = is_network_file_system(options->path);
		const char *sql = network ? "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=DELETE; PRAGMA synchronous=FULL"
					  : "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL";
		if (!db_exec(state->db, sql, &why))
			return damaged(state, diags, buf_text(&why));
	}
	bool has;
	if (!has_tables(state, &has, diags))
		return false;
	if (!has)
		return damaged(state, diags, "it is no state of infra");
	return load_meta(state, diags) && prepare(state, diags) && load_objects(state, diags) && load_intents(state, diags) &&
	       load_outputs(state, diags);
}

struct state *state_open(const struct state_options *options, struct diags *diags)
{
	struct state *state = xcalloc(1, sizeof(*state));
	state->arena = arena_new();
	state->lock_fd = -1;
	state->path = xstrdup(options->path);
	state->read_only = options->read_only;
	state->sorted = true;
	if (options->read_only && access(options->path, F_OK) < 0 && errno == ENOENT)
		return state;
	if (!options->read_only) {
		char *dir = arena_strdup(state->arena, options->path);
		char *slash = strrchr(dir, '/');
		if (slash) {
			*slash = '\0';
			if (!make_directories(dir, 0700)) {
				diag_error(diags, SRC_NOWHERE, "The state cannot be kept", "The directory %s could not be made: %s.", dir,
					   strerror(errno));
				state_close(state);
				return NULL;
			}
		}
		state->lock_fd = state_lock(options->path, options->lock_timeout_ms, options->operation, diags);
		if (state->lock_fd < 0) {
			state_close(state);
			return NULL;
		}
	}
	if (open_database(state, options, diags))
		return state;
	state_close(state);
	return NULL;
}

void state_close(struct state *state)
{
	if (!state)
		return;
	db_close(state->db);
	if (state->lock_fd >= 0)
		close(state->lock_fd);
	wipe(&state->key, sizeof(state->key));
	map_release(&state->by_key);
	vec_free(&state->objects);
	vec_free(&state->intents);
	vec_free(&state->outputs);
	vec_free(&state->after);
	buf_release(&state->why);
	buf_release(&state->scratch);
	buf_release(&state->scratch2);
	free(state->path);
	free(state->lineage);
	arena_free(state->arena);
	free(state);
}

bool state_is_empty(const struct state *state)
{
	return state_object_count(state) == 0 && state->intents.count == 0;
}

const char *state_lineage(const struct state *state)
{
	return state->lineage ? state->lineage : "";
}

uint64_t state_serial(const struct state *state)
{
	return state->serial;
}

struct arena *state_arena(struct state *state)
{
	return state->arena;
}

/* ---- changing ---- */

static void touch(struct state *state)
{
	if (state->read_only || !state->db)
		bug("a state that is open for reading is changed");
	if (state->open_transaction)
		return;
	state->open_transaction = true;
	if (!db_exec(state->db, "BEGIN IMMEDIATE", &state->why))
		state->broken = true;
}

static void run(struct state *state, struct db_stmt *stmt)
{
	if (!db_run(stmt, &state->why))
		state->broken = true;
}

static int compare_objects(const void *a, const void *b)
{
	const struct object *x = *(struct object *const *)a, *y = *(struct object *const *)b;
	int by_address = address_compare(&x->parts, &y->parts);
	return by_address ? by_address : strcmp(x->deposed, y->deposed);
}

static void sort_objects(const struct state *const_state)
{
	struct state *state = (struct state *)(uintptr_t)const_state; /* an order made when it is asked for */
	if (state->sorted)
		return;
	size_t kept = 0;
	for (size_t i = 0; i < state->objects.count; i++) {
		if (state->objects.items[i]->address) /* removed ones have none */
			state->objects.items[kept++] = state->objects.items[i];
	}
	state->objects.count = kept;
	if (kept)
		qsort(state->objects.items, kept, sizeof(*state->objects.items), compare_objects);
	state->sorted = true;
}

size_t state_object_count(const struct state *state)
{
	sort_objects(state);
	return state->objects.count;
}

const struct object *state_object_at(const struct state *state, size_t i)
{
	sort_objects(state);
	return state->objects.items[i];
}

static struct object *find(const struct state *state, const char *address, const char *deposed)
{
	AUTO_BUF struct buf key = BUF_INIT;
	buf_addf(&key, "%s\n%s", address, deposed);
	return map_find_n(&state->by_key, key.ptr, key.len);
}

const struct object *state_find_object(const struct state *state, const char *address, const char *deposed)
{
	return find(state, address, deposed);
}

static const char *const *copy_list(struct state *state, const char *const *list, size_t count)
{
	if (list == state->last_list && count == state->last_count)
		return state->last_copy;
	const char **copy = arena_array_of(state->arena, count, const char *);
	for (size_t i = 0; i < count; i++)
		copy[i] = arena_strdup(state->arena, list[i]);
	state->last_list = list;
	state->last_count = count;
	state->last_copy = copy;
	return copy;
}

static const char *join_lines(struct buf *out, const char *const *list, size_t count)
{
	buf_clear(out);
	for (size_t i = 0; i < count; i++)
		buf_addf(out, "%s\n", list[i]);
	return buf_text(out);
}

static void pack(struct state *state, const char *context, const struct value *v, struct buf *out)
{
	struct diags diags;
	diags_init(&diags);
	buf_clear(out);
	if (!state_pack_for(state, context, v, out, &diags)) {
		state->broken = true;
		for (size_t i = 0; i < diags.count; i++)
			buf_addf(&state->why, "%s%s", state->why.len ? " " : "", diags.items[i].detail);
	}
	diags_release(&diags);
}

void state_put_object(struct state *state, const struct object *given)
{
	touch(state);
	struct object *o = find(state, given->address, given->deposed);
	struct object copy = *given;
	copy.address = o ? o->address : copy_text(state, given->address);
	copy.deposed = o ? o->deposed : copy_text(state, given->deposed);
	copy.kind = o && !strcmp(o->kind, given->kind) ? o->kind : copy_text(state, given->kind);
	copy.provider = o && !strcmp(o->provider, given->provider) ? o->provider : copy_text(state, given->provider);
	copy.cloud = o && o->cloud && given->cloud && !strcmp(o->cloud, given->cloud) ? o->cloud : copy_text(state, given->cloud);
	copy.mark = copy_text(state, given->mark);
	copy.private_note = copy_text(state, given->private_note);
	copy.value = o && o->value == given->value ? o->value : value_copy(state->arena, given->value);
	copy.dependencies = o && o->dependencies == given->dependencies
				    ? o->dependencies
				    : copy_list(state, given->dependencies, given->dependency_count);
	if (o) {
		copy.parts = o->parts;
	} else {
		struct diags diags;
		diags_init(&diags);
		if (!address_parse(state->arena, copy.address, &copy.parts, &diags))
			bug("\"%s\" is no address", copy.address);
		diags_release(&diags);
	}
	if (!o) {
		o = arena_new_of(state->arena, struct object);
		*o = copy;
		index_object(state, o);
	} else {
		*o = copy;
	}
	struct db_stmt *put = state->put_object;
	pack(state, o->address, o->value, &state->scratch);
	db_bind_text(put, 1, o->address);
	db_bind_text(put, 2, o->deposed);
	db_bind_text(put, 3, o->kind);
	db_bind_text(put, 4, o->provider);
	db_bind_text(put, 5, o->cloud);
	db_bind_int(put, 6, o->status);
	db_bind_int(put, 7, o->create_before_destroy);
	db_bind_int(put, 8, o->schema_version);
	db_bind_blob(put, 9, state->scratch.ptr, state->scratch.len);
	db_bind_text(put, 10, join_lines(&state->scratch2, o->dependencies, o->dependency_count));
	db_bind_text(put, 11, o->mark);
	db_bind_text(put, 12, o->private_note);
	run(state, put);
}

bool state_remove_object(struct state *state, const char *address, const char *deposed)
{
	struct object *o = find(state, address, deposed);
	if (!o)
		return false;
	touch(state);
	db_bind_text(state->remove_object, 1, o->address);
	db_bind_text(state->remove_object, 2, o->deposed);
	run(state, state->remove_object);
	AUTO_BUF struct buf key = BUF_INIT;
	buf_addf(&key, "%s\n%s", o->address, o->deposed);
	map_remove(&state->by_key, buf_text(&key));
	o->address = NULL;
	state->sorted = false;
	return true;
}

/* ---- intents ---- */

size_t state_intent_count(const struct state *state)
{
	return state->intents.count;
}

const struct intent *state_intent_at(const struct state *state, size_t i)
{
	return state->intents.items[i];
}

static struct intent *find_intent(struct state *state, int64_t id, size_t *at)
{
	for (size_t i = state->intents.count; i-- > 0;) {
		if (state->intents.items[i]->id == id) {
			*at = i;
			return state->intents.items[i];
		}
	}
	return NULL;
}

int64_t state_put_intent(struct state *state, const struct intent *given)
{
	touch(state);
	struct intent *in = arena_new_of(state->arena, struct intent);
	*in = *given;
	in->address = copy_text(state, given->address);
	in->deposed = copy_text(state, given->deposed);
	in->type = copy_text(state, given->type);
	in->provider_kind = copy_text(state, given->provider_kind);
	in->provider = copy_text(state, given->provider);
	in->cloud = copy_text(state, given->cloud);
	in->token = copy_text(state, given->token);
	in->object_id = copy_text(state, given->object_id);
	in->note = copy_text(state, given->note);
	in->planned = given->planned ? value_copy(state->arena, given->planned) : NULL;
	in->prior = given->prior ? value_copy(state->arena, given->prior) : NULL;
	in->dependencies = copy_list(state, given->dependencies, given->dependency_count);
	struct db_stmt *put = state->put_intent;
	AUTO_BUF struct buf planned = BUF_INIT;
	AUTO_BUF struct buf prior = BUF_INIT;
	if (in->planned)
		pack(state, in->address, in->planned, &planned);
	if (in->prior)
		pack(state, in->address, in->prior, &prior);
	db_bind_null(put, 1);
	db_bind_int(put, 2, in->kind);
	db_bind_text(put, 3, in->address);
	db_bind_text(put, 4, in->deposed);
	db_bind_text(put, 5, in->type);
	db_bind_text(put, 6, in->provider_kind);
	db_bind_text(put, 7, in->provider);
	db_bind_text(put, 8, in->cloud);
	db_bind_text(put, 9, in->token);
	db_bind_blob(put, 10, planned.ptr, planned.len);
	db_bind_blob(put, 11, prior.ptr, prior.len);
	db_bind_text(put, 12, in->object_id);
	db_bind_text(put, 13, in->note);
	db_bind_text(put, 14, join_lines(&state->scratch2, in->dependencies, in->dependency_count));
	db_bind_int(put, 15, in->create_before_destroy);
	db_bind_int(put, 16, in->recorded_at);
	run(state, put);
	in->id = db_last_id(state->db);
	vec_add(&state->intents, in);
	return in->id;
}

void state_set_intent_progress(struct state *state, int64_t id, const char *object_id, const char *note)
{
	size_t at;
	struct intent *in = find_intent(state, id, &at);
	if (!in)
		bug("there is no intent %" PRId64, id);
	touch(state);
	if (object_id)
		in->object_id = copy_text(state, object_id);
	in->note = copy_text(state, note);
	db_bind_int(state->set_intent, 1, id);
	db_bind_text(state->set_intent, 2, in->object_id);
	db_bind_text(state->set_intent, 3, in->note);
	run(state, state->set_intent);
}

void state_drop_intent(struct state *state, int64_t id)
{
	size_t at;
	if (!find_intent(state, id, &at))
		return;
	touch(state);
	db_bind_int(state->drop_intent, 1, id);
	run(state, state->drop_intent);
	memmove(&state->intents.items[at], &state->intents.items[at + 1], (state->intents.count - at - 1) * sizeof(*state->intents.items));
	state->intents.count--;
}

/* ---- outputs ---- */

size_t state_output_count(const struct state *state)
{
	return state->outputs.count;
}

const struct state_output *state_output_at(const struct state *state, size_t i)
{
	return &state->outputs.items[i];
}

void state_put_output(struct state *state, const char *name, const struct value *value)
{
	size_t at = 0;
	while (at < state->outputs.count && strcmp(state->outputs.items[at].name, name) < 0)
		at++;
	bool there = at < state->outputs.count && !strcmp(state->outputs.items[at].name, name);
	if (!value && !there)
		return;
	if (value && there && value_identical(state->outputs.items[at].value, value))
		return;
	touch(state);
	if (!value) {
		db_bind_text(state->remove_output, 1, name);
		run(state, state->remove_output);
		memmove(&state->outputs.items[at], &state->outputs.items[at + 1],
			(state->outputs.count - at - 1) * sizeof(*state->outputs.items));
		state->outputs.count--;
		return;
	}
	struct state_output output = {copy_text(state, name), value_copy(state->arena, value)};
	if (!there) {
		vec_add(&state->outputs, output);
		memmove(&state->outputs.items[at + 1], &state->outputs.items[at],
			(state->outputs.count - at - 1) * sizeof(*state->outputs.items));
	}
	state->outputs.items[at] = output;
	AUTO_BUF struct buf context = BUF_INIT;
	buf_addf(&context, "output.%s", name);
	pack(state, buf_text(&context), value, &state->scratch);
	db_bind_text(state->put_output, 1, output.name);
	db_bind_blob(state->put_output, 2, state->scratch.ptr, state->scratch.len);
	run(state, state->put_output);
}

/* ---- committing ---- */

bool state_has_changes(const struct state *state)
{
	return state->open_transaction || state->after.count;
}

bool state_commit(struct state *state, struct diags *diags)
{
	if (state->open_transaction) {
		char serial[32];
		snprintf(serial, sizeof(serial), "%" PRIu64, state->serial + 1);
		db_bind_text(state->put_meta, 1, "serial");
		db_bind_text(state->put_meta, 2, serial);
		run(state, state->put_meta);
		if (state->broken || !db_exec(state->db, "COMMIT", &state->why)) {
			if (state->told) /* a later try, of what running operations still brought */
				return false;
			state->told = true;
			diag_error(diags, SRC_NOWHERE, "The state cannot be written",
				   "The state database %s: %s. What was done since the last write is known to this run only; intents tell the next run "
				   "what to look for.", state->path, buf_text(&state->why));
			return false;
		}
		state->open_transaction = false;
		state->serial++;
	}
	/* what is called may queue more: that waits for the next commit */
	size_t count = state->after.count;
	struct after_commit *now = state->after.items;
	state->after.items = NULL;
	state->after.count = state->after.cap = 0;
	for (size_t i = 0; i < count; i++)
		now[i].fn(now[i].ctx);
	free(now);
	return true;
}

void state_after_commit(struct state *state, void (*fn)(void *ctx), void *ctx)
{
	vec_add(&state->after, (struct after_commit){fn, ctx});
}

void state_cancel_after_commit(struct state *state)
{
	state->after.count = 0;
}

void state_add_history(struct state *state, const char *operation, const char *summary)
{
	touch(state);
	db_bind_int(state->put_history, 1, time(NULL));
	db_bind_text(state->put_history, 2, operation);
	db_bind_text(state->put_history, 3, summary);
	db_bind_int(state->put_history, 4, (int64_t)state->serial + 1);
	run(state, state->put_history);
}

void state_set_origin(struct state *state, const char *lineage, uint64_t serial)
{
	touch(state);
	state->serial = serial;
	if (!lineage || !*lineage)
		return;
	free(state->lineage);
	state->lineage = xstrdup(lineage);
	db_bind_text(state->put_meta, 1, "lineage");
	db_bind_text(state->put_meta, 2, lineage);
	run(state, state->put_meta);
}
