/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file: "infra plan 2\n", a byte that says whether the rest is sealed, a digest of the rest, the
 * rest. In it numbers are 8 bytes, little end first; texts and values are a length and their bytes.
 */
#include "plans/saved.h"

#include "base/buf.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/secret.h"
#include "base/vec.h"
#include "lang/value/json.h"
#include "state/state.h"

#include <errno.h>
#include <string.h>

static const char MAGIC[] = "infra plan ";
static const char FORM[] = "infra plan 2\n";
enum { PLAIN = 'p', SEALED = 's' };

/* ---- writing ---- */

struct writer {
	struct buf out;
	bool sensitive;
	const struct value *last; /* values often come twice: as they are, and as they shall be */
};

static void put_int(struct writer *w, uint64_t n)
{
	unsigned char bytes[8];
	for (size_t i = 0; i < 8; i++)
		bytes[i] = (unsigned char)(n >> (8 * i));
	buf_add(&w->out, bytes, 8);
}

static void put_bytes(struct writer *w, const void *bytes, size_t len)
{
	put_int(w, len);
	buf_add(&w->out, bytes, len);
}

/* NULL is told from "". */
static void put_text(struct writer *w, const char *text)
{
	if (text)
		put_bytes(w, text, strlen(text) + 1);
	else
		put_int(w, 0);
}

static void put_texts(struct writer *w, const char *const *list, size_t count)
{
	put_int(w, count);
	for (size_t i = 0; i < count; i++)
		put_text(w, list[i]);
}

static void put_value(struct writer *w, const struct value *v)
{
	enum { ABSENT, HERE, AS_BEFORE };
	if (!v) {
		put_int(w, ABSENT);
		return;
	}
	if (v == w->last) {
		put_int(w, AS_BEFORE);
		return;
	}
	w->last = v;
	w->sensitive |= (value_marks_deep(v) & VALUE_SENSITIVE) != 0;
	put_int(w, HERE);
	size_t at = w->out.len;
	put_int(w, 0);
	value_pack(v, &w->out);
	uint64_t len = w->out.len - at - 8;
	for (size_t i = 0; i < 8; i++)
		w->out.ptr[at + i] = (char)(len >> (8 * i));
}

static void put_type(struct writer *w, const struct resource_type *type)
{
	put_text(w, type->kind->name);
	put_text(w, type->name);
	put_int(w, type->data);
}

static void put_path(struct writer *w, const struct value_path *path)
{
	put_int(w, path->count);
	for (size_t i = 0; i < path->count; i++) {
		put_text(w, path->steps[i].name);
		put_int(w, path->steps[i].index);
		put_value(w, path->steps[i].member);
	}
}

static void put_change(struct writer *w, const struct change *c)
{
	put_text(w, c->address);
	put_text(w, c->deposed);
	put_text(w, c->previous_address);
	put_type(w, c->type);
	put_text(w, c->provider);
	put_int(w, c->action);
	put_int(w, c->reason);
	put_value(w, c->prior);
	put_value(w, c->planned);
	put_int(w, c->replace_count);
	for (size_t i = 0; i < c->replace_count; i++)
		put_path(w, &c->replace[i]);
	put_texts(w, c->dependencies, c->dependency_count);
	put_int(w, (c->create_before_destroy ? 1u : 0u) | (c->importing ? 2u : 0u) | (c->tainted ? 4u : 0u));
	put_text(w, c->import_id);
	put_text(w, c->mark);
}

static void put_plan(struct writer *w, const struct plan *plan)
{
	put_text(w, plan->version);
	put_text(w, plan->state_lineage);
	put_int(w, plan->state_serial);
	put_int(w, (uint64_t)plan->made_at);
	put_int(w, plan->mode);
	put_int(w, plan->errored);
	put_texts(w, plan->clouds, plan->cloud_count);
	put_texts(w, plan->targets, plan->target_count);
	put_texts(w, plan->excludes, plan->exclude_count);
	put_value(w, plan->variables);
	put_int(w, plan->change_count);
	for (size_t i = 0; i < plan->change_count; i++)
		put_change(w, &plan->changes[i]);
	put_int(w, plan->prior_count);
	for (size_t i = 0; i < plan->prior_count; i++) {
		const struct prior_object *o = &plan->priors[i];
		put_text(w, o->address);
		put_text(w, o->deposed);
		put_type(w, o->type);
		put_text(w, o->provider);
		put_value(w, o->value);
		put_int(w, o->tainted);
		put_texts(w, o->dependencies, o->dependency_count);
	}
	put_int(w, plan->drift_count);
	for (size_t i = 0; i < plan->drift_count; i++) {
		const struct drift *d = &plan->drifts[i];
		put_text(w, d->address);
		put_text(w, d->deposed);
		put_type(w, d->type);
		put_value(w, d->before);
		put_value(w, d->after);
		put_text(w, d->previous_address);
		put_int(w, d->relevant);
	}
	put_int(w, plan->relevant_count);
	for (size_t i = 0; i < plan->relevant_count; i++) {
		put_text(w, plan->relevant[i].resource);
		put_path(w, &plan->relevant[i].path);
	}
	put_int(w, plan->output_count);
	for (size_t i = 0; i < plan->output_count; i++) {
		put_text(w, plan->outputs[i].name);
		put_value(w, plan->outputs[i].before);
		put_value(w, plan->outputs[i].after);
		put_int(w, plan->outputs[i].sensitive);
	}
	put_int(w, plan->check_count);
	for (size_t i = 0; i < plan->check_count; i++) {
		put_text(w, plan->checks[i].address);
		put_int(w, plan->checks[i].status);
		put_text(w, plan->checks[i].module);
		put_texts(w, plan->checks[i].problems, plan->checks[i].problem_count);
	}
}

static bool is_twice(const struct config *config, size_t at)
{
	for (size_t i = 0; i < at; i++) {
		if (!strcmp(config->files[i].path, config->files[at].path))
			return true;
	}
	return false;
}

static void put_config(struct writer *w, const struct config *config)
{
	size_t count = 0;
	for (size_t i = 0; i < config->file_count; i++)
		count += !is_twice(config, i);
	put_text(w, config->dir);
	put_int(w, count);
	for (size_t i = 0; i < config->file_count; i++) {
		if (is_twice(config, i))
			continue;
		put_text(w, config->files[i].path);
		put_bytes(w, config->files[i].text, config->files[i].len);
	}
	for (size_t i = 0; i < config->module_count; i++) { /* a secret's default stands in the text */
		const struct map *variables = &config->modules[i]->variables;
		for (struct map_entry *e = map_first(variables); e; e = map_next(variables, e))
			w->sensitive |= ((const struct variable *)e->value)->sensitive;
	}
}

bool saved_plan_write(const char *path, const struct plan *plan, const struct config *config, struct state *state, struct diags *diags)
{
	struct writer w = {.out = BUF_INIT};
	put_config(&w, config);
	put_plan(&w, plan);
	AUTO_BUF struct buf sealed = BUF_INIT;
	bool ok = !w.sensitive || state_seal(state, "saved plan", w.out.ptr, w.out.len, &sealed, diags);
	if (ok) {
		const struct buf *body = w.sensitive ? &sealed : &w.out;
		unsigned char digest[DIGEST_MAX];
		digest_bytes(DIGEST_SHA256, body->ptr, body->len, digest);
		AUTO_BUF struct buf file = BUF_INIT;
		buf_reserve(&file, body->len + 64);
		buf_adds(&file, FORM);
		buf_addc(&file, w.sensitive ? SEALED : PLAIN);
		buf_add(&file, digest, SHA256_SIZE);
		buf_add(&file, body->ptr, body->len);
		ok = file_write(path, file.ptr, file.len, 0600);
		if (!ok)
			diag_error(diags, SRC_NOWHERE, "The plan cannot be saved", "The file %s could not be written: %s.", path, strerror(errno));
	}
	if (w.sensitive && w.out.ptr)
		wipe(w.out.ptr, w.out.len);
	buf_release(&w.out);
	return ok;
}

/* ---- reading ---- */

struct reader {
	struct arena *arena;
	const char *at, *end;
	bool bad; /* from the first thing that does not fit on, everything reads as 0 and "" */
	const struct value *last;
	struct diags *diags;
};

static uint64_t get_int(struct reader *r)
{
	if (r->bad || r->end - r->at < 8) {
		r->bad = true;
		return 0;
	}
	uint64_t n = 0;
	for (size_t i = 0; i < 8; i++)
		n |= (uint64_t)(unsigned char)r->at[i] << (8 * i);
	r->at += 8;
	return n;
}

static const char *get_bytes(struct reader *r, size_t *len)
{
	uint64_t n = get_int(r);
	if (r->bad || n > (uint64_t)(r->end - r->at)) {
		r->bad = true;
		*len = 0;
		return "";
	}
	const char *bytes = r->at;
	r->at += n;
	*len = n;
	return bytes;
}

static const char *get_text(struct reader *r)
{
	size_t len;
	const char *text = get_bytes(r, &len);
	if (!len)
		return NULL;
	if (text[len - 1] != '\0')
		r->bad = true;
	return r->bad ? "" : arena_strndup(r->arena, text, len - 1);
}

static const char *get_name(struct reader *r) /* a text that must be there */
{
	const char *text = get_text(r);
	r->bad |= !text;
	return text ? text : "";
}

/* How many things follow, each of at least eight bytes. */
static size_t get_count(struct reader *r)
{
	uint64_t n = get_int(r);
	if (n > (uint64_t)(r->end - r->at) / 8)
		r->bad = true;
	return r->bad ? 0 : (size_t)n;
}

static const char **get_texts(struct reader *r, size_t *count)
{
	*count = get_count(r);
	const char **list = arena_array_of(r->arena, *count, const char *);
	for (size_t i = 0; i < *count; i++)
		list[i] = get_name(r);
	return list;
}

static const struct value *get_value(struct reader *r)
{
	switch (get_int(r)) {
	case 0:
		return NULL;
	case 1:
		break;
	case 2:
		r->bad |= !r->last;
		return r->last;
	default:
		r->bad = true;
		return NULL;
	}
	size_t len;
	const char *bytes = get_bytes(r, &len);
	AUTO_BUF struct buf why = BUF_INIT;
	const struct value *v = r->bad ? NULL : value_unpack(r->arena, bytes, len, &why);
	r->bad |= !v;
	r->last = v;
	return v;
}

static const struct resource_type *get_type(struct reader *r)
{
	const char *kind_name = get_name(r), *name = get_name(r);
	bool data = get_int(r) != 0;
	if (r->bad)
		return NULL;
	const struct provider_kind *kind = provider_find_kind(kind_name);
	const struct resource_type *type = kind ? kind->find_type(name, data, r->diags) : NULL;
	if (!type) {
		diag_error(r->diags, SRC_NOWHERE, "Resource type not known",
			   "The saved plan names the type \"%s\", which this version of infra does not have.", name);
		r->bad = true;
	}
	return type;
}

static struct address get_address(struct reader *r, const char *text)
{
	struct address parts = {0};
	struct diags ignored;
	diags_init(&ignored);
	if (!r->bad && !address_parse(r->arena, text, &parts, &ignored))
		r->bad = true;
	diags_release(&ignored);
	return parts;
}

static struct value_path get_path(struct reader *r)
{
	size_t count = get_count(r);
	struct value_step *steps = arena_array_of(r->arena, count, struct value_step);
	for (size_t i = 0; i < count; i++) {
		steps[i].name = get_text(r);
		steps[i].index = get_int(r);
		steps[i].member = get_value(r);
	}
	return (struct value_path){steps, count};
}

static unsigned get_enum(struct reader *r, unsigned last)
{
	uint64_t n = get_int(r);
	if (n > last)
		r->bad = true;
	return r->bad ? 0 : (unsigned)n;
}

static struct change get_change(struct reader *r)
{
	struct change c = {.address = get_name(r)};
	c.parts = get_address(r, c.address);
	c.deposed = get_name(r);
	c.previous_address = get_text(r);
	c.type = get_type(r);
	c.provider = get_name(r);
	c.action = get_enum(r, PLAN_FORGET);
	c.reason = get_enum(r, REASON_DEPOSED);
	c.prior = get_value(r);
	c.planned = get_value(r);
	c.replace_count = get_count(r);
	struct value_path *paths = arena_array_of(r->arena, c.replace_count, struct value_path);
	for (size_t i = 0; i < c.replace_count; i++)
		paths[i] = get_path(r);
	c.replace = paths;
	c.dependencies = get_texts(r, &c.dependency_count);
	uint64_t flags = get_int(r);
	c.create_before_destroy = flags & 1;
	c.importing = flags & 2;
	c.tainted = flags & 4;
	c.import_id = get_text(r);
	c.mark = get_text(r);
	return c;
}

static struct plan *get_plan(struct reader *r)
{
	struct plan *plan = arena_new_of(r->arena, struct plan);
	plan->arena = r->arena;
	plan->version = get_name(r);
	plan->state_lineage = get_name(r);
	plan->state_serial = get_int(r);
	plan->made_at = (int64_t)get_int(r);
	plan->mode = get_enum(r, PLAN_REFRESH_ONLY);
	plan->errored = get_int(r) != 0;
	plan->clouds = get_texts(r, &plan->cloud_count);
	plan->targets = get_texts(r, &plan->target_count);
	plan->excludes = get_texts(r, &plan->exclude_count);
	plan->variables = get_value(r);
	plan->change_count = get_count(r);
	plan->changes = arena_array_of(r->arena, plan->change_count, struct change);
	for (size_t i = 0; i < plan->change_count; i++)
		plan->changes[i] = get_change(r);
	plan->prior_count = get_count(r);
	plan->priors = arena_array_of(r->arena, plan->prior_count, struct prior_object);
	for (size_t i = 0; i < plan->prior_count; i++) {
		struct prior_object *o = &plan->priors[i];
		o->address = get_name(r);
		o->parts = get_address(r, o->address);
		o->deposed = get_name(r);
		o->type = get_type(r);
		o->provider = get_name(r);
		o->value = get_value(r);
		o->tainted = get_int(r) != 0;
		o->dependencies = get_texts(r, &o->dependency_count);
	}
	plan->drift_count = get_count(r);
	plan->drifts = arena_array_of(r->arena, plan->drift_count, struct drift);
	for (size_t i = 0; i < plan->drift_count; i++) {
		struct drift *d = &plan->drifts[i];
		d->address = get_name(r);
		d->deposed = get_name(r);
		d->type = get_type(r);
		d->before = get_value(r);
		d->after = get_value(r);
		d->previous_address = get_text(r);
		d->relevant = get_int(r) != 0;
	}
	plan->relevant_count = get_count(r);
	struct relevant_place *relevant = arena_array_of(r->arena, plan->relevant_count, struct relevant_place);
	for (size_t i = 0; i < plan->relevant_count; i++) {
		relevant[i].resource = get_name(r);
		relevant[i].path = get_path(r);
	}
	plan->relevant = relevant;
	plan->output_count = get_count(r);
	plan->outputs = arena_array_of(r->arena, plan->output_count, struct output_change);
	for (size_t i = 0; i < plan->output_count; i++) {
		struct output_change *o = &plan->outputs[i];
		o->name = get_name(r);
		o->before = get_value(r);
		o->after = get_value(r);
		o->sensitive = get_int(r) != 0;
	}
	plan->check_count = get_count(r);
	plan->checks = arena_array_of(r->arena, plan->check_count, struct check_result);
	for (size_t i = 0; i < plan->check_count; i++) {
		plan->checks[i].address = get_name(r);
		plan->checks[i].status = get_enum(r, CHECK_ERROR);
		plan->checks[i].module = get_name(r);
		plan->checks[i].problems = get_texts(r, &plan->checks[i].problem_count);
	}
	return plan;
}

/* ---- the plan files as they were ---- */

static bool list_saved(void *ctx, struct arena *arena, const char *dir, char ***names, size_t *count)
{
	const struct saved_plan *saved = ctx;
	VEC(char *) found = {0};
	for (size_t i = 0; i < saved->file_count; i++) {
		const char *path = saved->files[i].path, *slash = strrchr(path, '/');
		size_t len = slash ? (size_t)(slash - path) : 0;
		bool here = slash ? strlen(dir) == len && !strncmp(path, dir, len) : !strcmp(dir, ".");
		if (here)
			vec_add(&found, arena_strdup(arena, slash ? slash + 1 : path));
	}
	*names = vec_copy(&found, arena);
	*count = found.count;
	vec_free(&found);
	bool there = *count || !strcmp(dir, saved->dir); /* a plan to destroy needs no files */
	if (!there)
		errno = ENOENT;
	return there;
}

static bool read_saved(void *ctx, const char *path, struct buf *out)
{
	const struct saved_plan *saved = ctx;
	for (size_t i = 0; i < saved->file_count; i++) {
		if (!strcmp(saved->files[i].path, path)) {
			buf_add(out, saved->files[i].text, saved->files[i].len);
			return true;
		}
	}
	errno = ENOENT;
	return false;
}

static void get_config(struct reader *r, struct saved_plan *saved)
{
	saved->dir = get_name(r);
	saved->file_count = get_count(r);
	saved->files = arena_array_of(r->arena, saved->file_count, struct config_file);
	for (size_t i = 0; i < saved->file_count; i++) {
		struct config_file *file = &saved->files[i];
		file->path = get_name(r);
		const char *text = get_bytes(r, &file->len);
		file->text = arena_strndup(r->arena, text, file->len);
	}
	saved->reader = (struct config_reader){list_saved, read_saved, saved};
	/* the plan behind names types that the project's own files may have brought */
	for (size_t i = 0; i < saved->file_count; i++) {
		const struct config_file *file = &saved->files[i];
		size_t n = strlen(file->path);
		if (n > 4 && !strcmp(file->path + n - 4, ".hcl"))
			provider_add_types(file->path, file->text, file->len, r->diags);
	}
}

/* ---- the file ---- */

bool saved_plan_is(const char *path)
{
	AUTO_FILE FILE *file = fopen(path, "re");
	char start[sizeof(MAGIC) - 1];
	return file && fread(start, sizeof(start), 1, file) == 1 && !memcmp(start, MAGIC, sizeof(start));
}

static struct saved_plan *unusable(struct diags *diags, const char *path, const char *why)
{
	diag_error(diags, SRC_NOWHERE, "The plan cannot be read", "%s %s.", path, why);
	return NULL;
}

static struct saved_plan *read_body(struct arena *arena, const char *path, const char *body, size_t len, struct diags *diags)
{
	struct reader r = {.arena = arena, .at = body, .end = body + len, .diags = diags};
	struct saved_plan *saved = arena_new_of(arena, struct saved_plan);
	size_t errors = diags->error_count;
	get_config(&r, saved);
	saved->plan = get_plan(&r);
	if (r.bad || r.at != r.end)
		return diags->error_count > errors ? NULL : unusable(diags, path, "is damaged");
	const struct value *variables = saved->plan->variables;
	for (uint32_t i = 0; variables && variables->state == VALUE_KNOWN && i < variables->count; i++)
		map_put(&saved->inputs, value_key_at(variables, i), (void *)(uintptr_t)variables->items[i]);
	return saved;
}

struct saved_plan *saved_plan_read(struct arena *arena, const char *path, struct state *state, struct diags *diags)
{
	AUTO_BUF struct buf file = BUF_INIT;
	const char *endless = file_endless(path);
	if (endless) {
		diag_error(diags, SRC_NOWHERE, "The plan cannot be read", "%s is %s, not a file.", path, endless);
		return NULL;
	}
	if (!file_read(path, 0, &file)) {
		diag_error(diags, SRC_NOWHERE, "The plan cannot be read", "%s: %s.", path, strerror(errno));
		return NULL;
	}
	size_t form = sizeof(FORM) - 1, head = form + 1 + SHA256_SIZE;
	if (file.len < sizeof(MAGIC) - 1 || memcmp(file.ptr, MAGIC, sizeof(MAGIC) - 1) != 0)
		return unusable(diags, path, "is no saved plan; `infra plan -out=FILE` makes one");
	if (file.len < head || memcmp(file.ptr, FORM, form) != 0)
		return unusable(diags, path, "was saved by another version of infra, in a form that this one does not read. Plan again");
	const char *body = file.ptr + head;
	size_t len = file.len - head;
	unsigned char digest[DIGEST_MAX];
	digest_bytes(DIGEST_SHA256, body, len, digest);
	if (memcmp(digest, file.ptr + form + 1, SHA256_SIZE) != 0)
		return unusable(diags, path, "is damaged: its digest does not fit");
	if (file.ptr[form] == PLAIN)
		return read_body(arena, path, body, len, diags);
	if (file.ptr[form] != SEALED)
		return unusable(diags, path, "is damaged");
	AUTO_SECRET struct secret opened = SECRET_INIT;
	if (!state_unseal(state, "saved plan", body, len, &opened, diags))
		return NULL;
	return read_body(arena, path, opened.ptr ? opened.ptr : "", opened.len, diags);
}
