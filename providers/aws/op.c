/* SPDX-License-Identifier: Apache-2.0 */
/* The life of an operation: lock, procedure, groups, tags, last read; settling; intent tags. */
#include "providers/aws/op_internal.h"

#include "base/buf.h"
#include "lang/value/convert.h"

#include <stdlib.h>
#include <string.h>

/* ---- serial keys: operations that exclude each other ---- */

struct serial {
	struct op *holder;
	struct op *first, *last; /* waiting */
};

static bool lock_serial(struct op *op)
{
	if (!op->type->serial || op->request->kind == OP_SETTLE)
		return true;
	const char *key = env_text(&op->env, op->type->serial);
	if (!key || !*key)
		return true;
	key = arena_printf(op->provider->arena, "%s", key);
	struct serial *serial = map_find(&op->provider->serial, key);
	if (!serial) {
		serial = arena_new_of(op->provider->arena, struct serial);
		map_put(&op->provider->serial, key, serial);
	}
	op->serial_key = key;
	if (!serial->holder) {
		serial->holder = op;
		return true;
	}
	if (serial->last)
		serial->last->next_waiting = op;
	else
		serial->first = op;
	serial->last = op;
	return false;
}

static void advance_later(void *ctx)
{
	op_advance(ctx);
}

static void unlock_serial(struct op *op)
{
	struct serial *serial = op->serial_key ? map_find(&op->provider->serial, op->serial_key) : NULL;
	if (!serial || serial->holder != op)
		return;
	struct op *next = serial->first;
	serial->holder = next;
	if (!next)
		return;
	serial->first = next->next_waiting;
	if (!serial->first)
		serial->last = NULL;
	loop_later(op->provider->context.loop, advance_later, next);
}

/* ---- small things ---- */

bool op_is_late(const struct op *op)
{
	return loop_now_ms(op->provider->context.loop) >= op->deadline;
}

static void on_timer(void *ctx)
{
	struct op *op = ctx;
	op->timer = 0;
	op_advance(op);
}

void op_wait(struct op *op, uint64_t ms)
{
	op->timer = loop_timer(op->provider->context.loop, ms, on_timer, op);
}

void op_set_id(struct op *op, const char *id, size_t next_step)
{
	bool known = op->id && !strcmp(op->id, id);
	op->id = id;
	op->env.id = id;
	op->made = true;
	if (known)
		return;
	vec_add(&op->provider->made, arena_strdup(op->provider->arena, id));
	if (op->events.progress && op->request->kind == OP_CREATE)
		op->events.progress(op->ctx, id, arena_printf(op->arena, "create:%zu", next_step));
}

bool op_is_gone(struct op *op)
{
	if (!op->env.object || value_is_null(op->env.object))
		return true;
	return op->type->read.gone && env_true(&op->env, op->type->read.gone);
}

/* ---- the end ---- */

static void tell_mistakes(struct op *op)
{
	for (size_t i = 0; i < op->mistakes.count; i++) {
		const struct diag *diag = &op->mistakes.items[i];
		if (diag->severity == DIAG_ERROR && op->diags)
			diag_error(op->diags, op->request->range, "Mistake in a type file", "%s: %s", op->type->base.name,
				   diag->detail ? diag->detail : diag->summary);
	}
	diags_clear(&op->mistakes);
}

static void op_free(struct op *op)
{
	diags_release(&op->mistakes);
	map_release(&op->kept);
	vec_free(&op->frames);
	arena_free(op->object_arena);
	arena_free(op->arena); /* it lives there itself */
}

/* Tells what came of it. What is still running of it, up the stack, frees it. */
static void finish(struct op *op, enum op_outcome outcome)
{
	tell_mistakes(op);
	unlock_serial(op);
	op->phase = OP_OVER;
	/* what was created got the tag, also when reading does not show it yet */
	bool tagged = op->request->kind == OP_CREATE && op->made && op->type->has_tags && op->type->tags.create;
	struct op_result result = {
		.outcome = outcome, .value = op->result, .tainted = op->tainted, .marked = op->marked || tagged};
	if (op->request->kind == OP_SETTLE && outcome == OP_OK && op->resume_at != SIZE_MAX)
		result.unfinished = arena_printf(op->arena, "create:%zu", op->resume_at);
	loop_timer_cancel(op->provider->context.loop, op->timer);
	op->timer = 0;
	op->finished = true;
	op->events.done(op->ctx, &result);
	if (!op->running)
		op_free(op);
}

/* ---- reading ---- */

static void on_object(void *ctx, const struct found *found)
{
	struct op *op = ctx;
	op->reading_now = false;
	op->reading.fn = NULL;
	if (found->outcome == READ_FAILED) {
		op_fail(op, op->in_create_steps && op->made);
		return;
	}
	arena_free(op->object_arena);
	op->object_arena = arena_new();
	op->env.object = found->object ? value_copy(op->object_arena, found->object) : NULL;
	size_t parts = op->type->read.part_count;
	const struct value **copies = arena_array_of(op->object_arena, parts + 1, const struct value *);
	for (size_t i = 0; i < parts; i++)
		copies[i] = found->parts[i] ? value_copy(op->object_arena, found->parts[i]) : NULL;
	op->env.parts = copies;
	op->object_parts = found->parts_read;
	op->fresh = true;
	op_advance(op);
}

static void start_reading(struct op *op, uint64_t parts, reading_fn fn)
{
	op->reading_now = true;
	op->reading = (struct reading){
		.type = op->type,
		.id = op->id,
		.self = op->self,
		.parts = parts,
		.even_gone = true,
		.address = op->request->address,
		.range = op->request->range,
		.diags = op->diags,
		.fn = fn,
		.ctx = op,
	};
	read_soon(op->provider, &op->reading);
}

/* ---- the last read ---- */

/* What was planned, unknown parts still so, with what steps have set. */
static const struct value *expected(struct op *op)
{
	const struct value *planned = op->request->planned;
	if (!planned || planned->state != VALUE_KNOWN)
		return op->self;
	const struct value **items = arena_memdup(op->arena, planned->items, planned->count * sizeof(*items));
	for (uint32_t i = 0; i < planned->count; i++) {
		const struct value *set = value_get(op->self, value_key_at(planned, i));
		if (items[i]->state == VALUE_UNKNOWN && set && !value_is_null(set))
			items[i] = set;
	}
	return value_object_of(op->arena, planned->type, items);
}

static void on_last_read(void *ctx, const struct found *found)
{
	enum { MOST_READS = 12 };
	struct op *op = ctx;
	op->reading_now = false;
	op->reading.fn = NULL;
	struct env *env = &op->env;
	bool gone = !found->object;
	if (found->object && op->type->read.gone) {
		env->object = found->object;
		env->parts = found->parts;
		gone = env_true(env, op->type->read.gone);
	}
	/* not visible yet; a failed create of which nothing shows may have been too quick for AWS, too */
	bool unseen = op->failing ? op->request->kind == OP_CREATE && op->made && !found->object : gone;
	if (found->outcome != READ_FAILED && unseen && ++op->reads < MOST_READS) {
		op_wait(op, op->provider->configured_endpoint ? 50 : 2000);
		return;
	}
	if (found->outcome == READ_FOUND && !gone) {
		const struct value *v = found_value(op->provider, op->type, found, op->id, expected(op), &op->marked, op->request->token, op->diags);
		op->result = value_copy(op->arena, surface_settle(op->arena, v));
	} else if (op->request->kind == OP_CREATE && op->made && found->outcome == READ_FAILED) {
		/* it was made but cannot be read: what was planned is what we know */
		const struct value *v = with_attribute(op->arena, op->self, "id", value_string(op->arena, op->id));
		op->result = surface_settle(op->arena, v);
		op->marked = op->type->has_tags && op->type->tags.create;
		op->failing = true;
	} else if (op->failing && unseen) { /* it was made, and is not to be seen: the intent stays */
		finish(op, OP_UNDECIDED);
		return;
	} else if (!op->failing) {
		if (op->diags)
			diag_error(op->diags, op->request->range, "The object is not there",
				   "The operation ended without an error, but the object %s is not to be found.", op->id ? op->id : "");
		op->failing = true;
	}
	finish(op, op->failing ? OP_FAILED : OP_OK);
}

void op_undecided(struct op *op)
{
	finish(op, OP_UNDECIDED);
}

void op_fail(struct op *op, bool tainted)
{
	if (op->finished)
		return;
	op->failing = true;
	op->tainted = tainted;
	op->frames.count = 0;
	/* another operation's end must not claim this error while the object is read once more */
	if (op->diags && op->diags->count)
		diags_set_address(op->diags, op->diags->count - 1, op->request->address);
	bool stands = op->id && op->request->kind != OP_DELETE && (op->request->kind == OP_UPDATE || op->made);
	if (stands && op->phase != OP_LAST_READ) {
		op->phase = OP_LAST_READ;
		op_advance(op);
		return;
	}
	finish(op, op->request->kind == OP_SETTLE ? OP_UNDECIDED : OP_FAILED);
}

void op_fail_with(struct op *op, const struct aws_answer *answer, bool tainted)
{
	if (op->diags) {
		aws_error_diag(answer, op->request->range, op->diags);
	}
	/* a create whose answer was lost for good is neither made nor not made: its intent stays */
	if (answer->result == AWS_LOST && op->request->kind == OP_CREATE && !op->made) {
		op_undecided(op);
		return;
	}
	op_fail(op, tainted);
}

/* ---- searching for what a lost create made ---- */

static const char *key_member(const struct aws_type *type)
{
	if (!type->key_count)
		return NULL;
	const struct expr *name = type->key[0].key;
	return name->kind == EXPR_NAME ? name->name : name->literal->text;
}

static void search_ended(struct op *op, bool found, bool ours, bool failed)
{
	enum { LOCAL_SEARCHES = 2, AWS_SEARCHES = 5 };
	unsigned most = op->provider->configured_endpoint ? LOCAL_SEARCHES : AWS_SEARCHES;
	/* AWS shows new objects late: one that is not found is asked for again before that is believed */
	if (!failed && !found && ++op->searches < most) {
		static const uint64_t waits[] = {1000, 3000, 8000, 15000};
		op_wait(op, op->provider->configured_endpoint ? 200 : waits[op->searches - 1]);
		op->searching = true;
		return;
	}
	void (*then)(struct op *o, bool f, bool u, bool x) = op->after_search;
	op->after_search = NULL;
	then(op, found, ours, failed);
}

static void on_search(void *ctx, const struct aws_answer *answer)
{
	struct op *op = ctx;
	op->call = 0;
	const struct aws_type *type = op->type;
	if (answer->result != AWS_OK) {
		bool absent = answer->result == AWS_ERROR && (code_match(&type->service->absent, answer->failure.code, answer->failure.message) ||
							       code_match(&type->read.absent, answer->failure.code, answer->failure.message));
		if (!absent && op->diags)
			aws_error_diag(answer, op->request->range, op->diags);
		search_ended(op, false, false, !absent);
		return;
	}
	op->env.answer = answer->value;
	const struct value *objects = env_eval(&op->env, type->read.objects);
	const char *member = key_member(type);
	for (uint32_t i = 0; is_list(objects) && i < objects->count; i++) {
		op->env.object = objects->items[i];
		if (type->read.gone && env_true(&op->env, type->read.gone))
			continue;
		if (type->settle == SETTLE_FIND && !env_true(&op->env, type->settle_expr))
			continue;
		/* a server may not know the filter: what does not carry the tag is not ours */
		bool marked = true;
		if (type->settle == SETTLE_TAG && type->tags.read)
			surface_tags(op->arena, env_eval(&op->env, type->tags.read), &marked, op->request->token);
		if (!marked)
			continue;
		const char *id = type->id ? env_text(&op->env, type->id) : member ? value_get_text(objects->items[i], member) : NULL;
		if (!id)
			continue;
		op->id = arena_strdup(op->arena, id);
		op->env.id = op->id;
		op->fresh = false;
		search_ended(op, true, true, false);
		return;
	}
	op->env.object = NULL;
	search_ended(op, false, false, false);
}

/* By id: whether it is there, and whether it carries our tag where it could. */
static void on_search_read(void *ctx, const struct found *found)
{
	struct op *op = ctx;
	op->reading_now = false;
	op->reading.fn = NULL;
	if (found->outcome == READ_FAILED) {
		search_ended(op, false, false, true);
		return;
	}
	bool there = found->object != NULL;
	if (there && op->type->read.gone) {
		op->env.object = found->object;
		there = !env_true(&op->env, op->type->read.gone);
		op->env.object = NULL;
	}
	bool ours = there;
	if (there && op->type->has_tags && op->type->tags.create && op->type->settle == SETTLE_NAME) {
		bool marked;
		surface_tags(found->arena, found->tags, &marked, op->request->token);
		ours = marked;
	}
	op->fresh = false;
	search_ended(op, there, ours, false);
}

static const struct value *text_values(struct arena *arena, const char *text)
{
	const struct value *v = value_string(arena, text);
	return value_tuple(arena, &v, 1);
}

void op_search(struct op *op)
{
	const struct aws_type *type = op->type;
	struct arena *arena = op->arena;
	op->searching = false;
	if (type->settle == SETTLE_NAME || type->settle == SETTLE_REPEAT) {
		const char *id = type->settle == SETTLE_NAME ? env_text(&op->env, type->settle_expr) : op->id;
		if (!id) {
			search_ended(op, false, false, false);
			return;
		}
		op->id = arena_strdup(arena, id);
		op->env.id = op->id;
		start_reading(op, 0, on_search_read);
		return;
	}
	struct draft *draft = draft_new(arena);
	const struct aws_shape *input = aws_shape_at(type->read.op->input);
	if (type->read.send)
		draft_merge(draft, bind_value(&op->env, NULL, 0, env_eval(&op->env, type->read.send), input, 0));
	static const char *const names[] = {"Name", "Values"};
	const char *member = "Filters";
	for (size_t i = 0; i < type->read.way_count; i++) {
		const struct way *way = &type->read.ways[i];
		if (way->kind == WAY_FILTER)
			member = way->member;
		if (type->settle != SETTLE_FIND || !way->value)
			continue;
		if (way->kind == WAY_FILTER) {
			const char *v = env_text(&op->env, way->value);
			const struct value *pair[] = {value_string(arena, way->name), text_values(arena, v ? v : "")};
			const struct value *filter = value_object(arena, names, pair, 2);
			draft_set(draft, &way->member, 1, value_tuple(arena, &filter, 1));
		}
	}
	if (type->settle == SETTLE_TAG) {
		const struct value *pair[] = {value_string(arena, "tag:" INTENT_TAG), text_values(arena, op->request->token)};
		const struct value *filter = value_object(arena, names, pair, 2);
		draft_set(draft, &member, 1, value_tuple(arena, &filter, 1));
	}
	op->call = aws_call(op->provider->aws,
			    &(struct aws_call_options){
				    .op = type->read.op,
				    .region = type->service->region,
				    .params = draft_value(draft),
				    .all_pages = true,
				    .repeat = AWS_REPEAT_ALWAYS,
				    .arena = arena,
			    },
			    on_search, op);
}

/* ---- settling ---- */

static void settle_ended(struct op *op, bool found, bool ours, bool failed)
{
	if (failed) {
		finish(op, OP_UNDECIDED);
	} else if (!found || !ours) {
		finish(op, OP_ABSENT);
	} else {
		op->made = true;
		/* steps behind the one that gave the id may not have been done */
		const struct steps *steps = &op->type->create;
		size_t next = 0;
		for (size_t i = 0; i < steps->count && !next; i++) {
			if (steps->items[i].id || (op->type->id && steps->items[i].binds))
				next = i + 1;
		}
		op->resume_at = next && next < steps->count ? next : SIZE_MAX;
		op->phase = OP_LAST_READ;
		op_advance(op);
	}
}

static void on_settle_read(void *ctx, const struct found *found)
{
	struct op *op = ctx;
	op->reading_now = false;
	op->reading.fn = NULL;
	bool there = found->object != NULL;
	if (there && op->type->read.gone) {
		op->env.object = found->object;
		there = !env_true(&op->env, op->type->read.gone);
		op->env.object = NULL;
	}
	op->after_search = settle_ended;
	if (found->outcome != READ_FAILED && !there)
		op->settle_by_id = true; /* asked for again by id */
	search_ended(op, there, there, found->outcome == READ_FAILED);
}

static void start_settling(struct op *op)
{
	op->after_search = settle_ended;
	if (op->request->id) {
		op->id = op->request->id;
		op->env.id = op->id;
		start_reading(op, 0, on_settle_read);
		return;
	}
	op_search(op);
}

/* ---- phases ---- */

/* What has no value yet is not sent. */
static const struct value *without_unknown(struct arena *arena, const struct value *v)
{
	if (!v || !v->deep_unknown)
		return v;
	if (v->state == VALUE_UNKNOWN)
		return value_null(arena, v->type);
	const struct value **items = arena_array_of(arena, v->count, const struct value *);
	size_t n = 0;
	for (uint32_t i = 0; i < v->count; i++) {
		const struct value *item = without_unknown(arena, v->items[i]);
		bool keyed = v->type->kind == TYPE_OBJECT || v->type->kind == TYPE_MAP || v->type->kind == TYPE_TUPLE;
		if (keyed || !value_is_null(item))
			items[n++] = item;
	}
	switch (v->type->kind) {
	case TYPE_OBJECT:
		return value_object_of(arena, v->type, items);
	case TYPE_LIST:
		return value_list(arena, v->type->element, items, n);
	case TYPE_SET:
		return value_set(arena, v->type->element, items, n);
	case TYPE_MAP:
		return value_map(arena, v->type->element, v->keys, items, v->count);
	case TYPE_TUPLE:
		return value_tuple(arena, items, n);
	case TYPE_ANY:
	case TYPE_BOOL:
	case TYPE_NUMBER:
	case TYPE_STRING:
		break;
	}
	return v;
}

/* "10m", "1h30m", "90s": Go's durations, as timeouts blocks have them. */
static uint64_t parse_timeout(const char *text)
{
	uint64_t ms = 0;
	while (text && *text) {
		char *end;
		double n = strtod(text, &end);
		if (end == text || n < 0)
			return 0;
		uint64_t unit = 0;
		size_t len = 1;
		if (!strncmp(end, "ms", 2))
			unit = 1, len = 2;
		else if (*end == 's')
			unit = 1000;
		else if (*end == 'm')
			unit = 60000;
		else if (*end == 'h')
			unit = 3600000;
		if (!unit)
			return 0;
		ms += (uint64_t)(n * (double)unit);
		text = end + len;
	}
	return ms;
}

static void set_deadline(struct op *op)
{
	enum { USUAL_MS = 20 * 60000 };
	const char *name = op->request->kind == OP_DELETE ? "delete" : op->request->kind == OP_UPDATE ? "update" : "create";
	int64_t own = op->request->kind == OP_DELETE   ? op->type->timeouts.delete
		      : op->request->kind == OP_UPDATE ? op->type->timeouts.update
						       : op->type->timeouts.create;
	const struct value *block = op->self ? value_get(op->self, "timeouts") : NULL;
	const char *text = block && block->state == VALUE_KNOWN ? value_get_text(block, name) : NULL;
	uint64_t written = parse_timeout(text);
	op->timeout_ms = written ? written : own ? (uint64_t)own : USUAL_MS;
	op->deadline = loop_now_ms(op->provider->context.loop) + op->timeout_ms;
}

/* Names that are made up: the prefix and a word of the intent, so that the next run can say the same. */
static void make_names(struct op *op)
{
	const struct aws_type *type = op->type;
	for (size_t i = 0; i < type->entry_count; i++) {
		const struct value *v = value_get(op->self, type->entries[i].name);
		if ((type->entries[i].flags & ENTRY_TOKEN) && v && is_blank(v) && op->request->token)
			op->self = with_attribute(op->arena, op->self, type->entries[i].name,
						  value_stringf(op->arena, "infra-%.26s", op->request->token));
	}
	const struct value *name = type->named ? value_get(op->self, type->named) : NULL;
	if (name && is_blank(name) && op->request->token) {
		const char *prefix = value_get_text(op->self, arena_printf(op->arena, "%s_prefix", type->named));
		op->self = with_attribute(op->arena, op->self, type->named,
					  value_stringf(op->arena, "%s%.26s", prefix && *prefix ? prefix : "infra-", op->request->token));
	}
	op->env.self = op->self;
}

static void parse_note(struct op *op)
{
	const char *note = op->request->note;
	op->resume_at = SIZE_MAX;
	if (note && op->request->kind == OP_UPDATE && !strncmp(note, "create:", 7))
		op->resume_at = strtoul(note + 7, NULL, 10);
	else if (note && op->request->kind == OP_UPDATE && !strncmp(note, "within:", 7))
		op->resume_bracket = note + 7;
}

static void next_phase(struct op *op)
{
	const struct op_request *request = op->request;
	const struct aws_type *type = op->type;
	switch (op->phase) {
	case OP_LOCK:
		op->phase = OP_BEGIN;
		op->parked = !lock_serial(op);
		return;
	case OP_BEGIN:
		op->phase = OP_WORK;
		set_deadline(op); /* waiting for others is not its time */
		if (request->kind == OP_SETTLE) {
			op->parked = true;
			start_settling(op);
			return;
		}
		if (type->id && request->kind == OP_CREATE && !op->id) {
			op->id = env_text(&op->env, type->id);
			op->env.id = op->id;
		}
		if (request->kind == OP_CREATE) {
			op->in_create_steps = true;
			frames_push_steps(op, &type->create, PROC_CREATE);
		} else if (request->kind == OP_DELETE) {
			frames_push_steps(op, &type->delete, PROC_DELETE);
		} else if (op->resume_at != SIZE_MAX && op->resume_at < type->create.count) {
			/* what a cut-short create still had to do */
			struct steps rest = {type->create.items + op->resume_at, type->create.count - op->resume_at};
			frames_push_steps(op, &rest, PROC_CREATE);
		}
		return;
	case OP_WORK:
		op->phase = OP_GROUPS;
		op->in_create_steps = false;
		if (request->kind == OP_DELETE) {
			finish(op, OP_OK);
			return;
		}
		if (request->kind == OP_CREATE && type->id && op->id)
			op_set_id(op, op->id, type->create.count);
		/* a create that was cut short goes on as one: its groups look at what is there, not at the state */
		frames_push_groups(op, request->kind == OP_CREATE || op->resume_at != SIZE_MAX);
		return;
	case OP_GROUPS:
		op->phase = OP_TAGS;
		if (request->kind == OP_UPDATE && type->has_tags)
			frames_push_tags(op);
		return;
	case OP_TAGS:
		op->phase = OP_LAST_READ;
		return;
	case OP_LAST_READ: {
		uint64_t parts = wanted_parts(type, request->looked_at, request->looked_at_count, request->look_at_all, op->self);
		start_reading(op, parts, on_last_read);
		return;
	}
	case OP_OVER:
		return;
	}
}

void op_advance(struct op *op)
{
	if (op->searching) { /* a search waited for its next try */
		op->searching = false;
		if (op->settle_by_id)
			start_reading(op, 0, on_settle_read);
		else
			op_search(op);
		return;
	}
	if (op->running)
		return; /* the loop below goes on */
	op->running = true;
	op->parked = false;
	while (!op->finished && !op->parked && !op->reading_now && !op->call && !op->timer) {
		if (!op->frames.count) {
			next_phase(op);
			continue;
		}
		size_t depth = op->frames.count;
		enum run run = frame_run(op, &op->frames.items[depth - 1]);
		if (run == RUN_POP && op->frames.count == depth)
			op->frames.count--;
		if (run == RUN_WAIT && op->reading_now)
			start_reading(op, op->parts_needed, on_object);
	}
	op->running = false;
	if (op->finished)
		op_free(op);
}

struct op *op_start(struct provider *provider, const struct op_request *request, const struct op_events *events, void *ctx,
		    struct diags *diags)
{
	struct arena *arena = arena_new();
	struct op *op = arena_new_of(arena, struct op);
	*op = (struct op){
		.provider = provider,
		.type = aws_type_of(request->type),
		.request = request,
		.events = *events,
		.ctx = ctx,
		.diags = diags,
		.arena = arena,
	};
	diags_init(&op->mistakes);
	env_init(&op->env, op->type, &provider->place, arena, &op->mistakes);
	op->env.kept = &op->kept;
	op->env.kind = op->type->tag_kind ? value_string(arena, op->type->tag_kind) : NULL;
	op->env.prior = request->prior;
	op->env.config = request->config;
	const struct value *self = request->kind == OP_DELETE ? request->prior : request->planned;
	op->self = without_unknown(arena, self);
	op->env.self = op->self;
	if (request->kind == OP_CREATE || request->kind == OP_SETTLE)
		make_names(op);
	const char *id = request->prior ? value_get_text(request->prior, "id") : NULL;
	op->id = id;
	op->env.id = id;
	parse_note(op);
	/* never over before this returns */
	loop_later(provider->context.loop, advance_later, op);
	return op;
}

const char *op_describe(const struct op *op)
{
	static const char *const names[] = {"State", "Status", "LifeCycleState", "ModificationState"};
	const struct value *object = op->env.object;
	for (size_t i = 0; object && object->state == VALUE_KNOWN && object->type->kind == TYPE_OBJECT && i < ARRAY_LEN(names); i++) {
		const struct value *v = value_get(object, names[i]);
		if (v && v->state == VALUE_KNOWN && v->type->kind == TYPE_OBJECT)
			v = value_get(v, "Name");
		if (v && value_is_a(v, TYPE_STRING))
			return arena_printf(op->arena, "it is %s", v->text);
	}
	return op->call ? aws_describe(op->provider->aws, op->call, op->arena) : NULL;
}

/* ---- intent tags ---- */

struct unmarking {
	struct provider *provider;
	struct arena *arena;
	size_t pending;
	unmark_fn fn;
	read_end_fn end;
	void *ctx;
};

struct unmark_call {
	struct unmarking *all;
	const struct mark **marks;
	size_t count;
};

static void unmark_end(struct unmarking *all)
{
	if (--all->pending)
		return;
	all->end(all->ctx);
	arena_free(all->arena);
}

static void on_unmarked(void *ctx, const struct aws_answer *answer)
{
	struct unmark_call *call = ctx;
	/* gone with its object; any other refusal leaves the tag where it is, for the next run */
	const struct aws_type *type = aws_type_of(call->marks[0]->type);
	bool absent = answer->result == AWS_ERROR && call->count == 1 &&
		      (code_match(&type->service->absent, answer->failure.code, answer->failure.message) ||
		       code_match(&type->read.absent, answer->failure.code, answer->failure.message));
	for (size_t i = 0; i < call->count; i++)
		call->all->fn(call->all->ctx, call->marks[i], answer->result == AWS_OK || absent);
	unmark_end(call->all);
}

/* The request that takes the tag off one object; the tag's value is left out, so that requests can be joined. */
static const struct value *unmark_params(struct unmarking *all, const struct mark *mark)
{
	const struct aws_type *type = aws_type_of(mark->type);
	struct diags diags;
	diags_init(&diags);
	struct env env;
	env_init(&env, type, &all->provider->place, all->arena, &diags);
	env.self = mark->value;
	env.id = value_get_text(mark->value, "id");
	static const char *const keys[] = {INTENT_TAG};
	const struct value *none = &value_null_string;
	env.removed = value_map(all->arena, &type_string, keys, &none, 1);
	env.kind = type->tag_kind ? value_string(all->arena, type->tag_kind) : NULL;
	const char *tag_id = type->tag_id ? env_text(&env, type->tag_id) : NULL;
	if (tag_id)
		env.id = tag_id;
	struct draft *draft = draft_new(all->arena);
	const struct aws_operation *op = type->tags.remove_op;
	if (!tag_id)
		bind_key(&env, op, draft);
	draft_merge(draft, bind_value(&env, NULL, 0, env_eval(&env, type->tags.remove_send), aws_shape_at(op->input), 0));
	diags_release(&diags);
	return draft_value(draft);
}

static void send_unmark(struct unmarking *all, const struct aws_type *type, const struct value *params, const struct mark **marks, size_t count)
{
	struct unmark_call *call = arena_new_of(all->arena, struct unmark_call);
	*call = (struct unmark_call){all, marks, count};
	all->pending++;
	aws_call(all->provider->aws,
		 &(struct aws_call_options){
			 .op = type->tags.remove_op,
			 .region = type->service->region,
			 .params = params,
			 .repeat = AWS_REPEAT_ALWAYS,
		 },
		 on_unmarked, call);
}

void provider_unmark(struct provider *provider, const struct mark *marks, size_t count, unmark_fn fn, read_end_fn end, void *ctx)
{
	enum { MOST_AT_ONCE = 500 };
	struct arena *arena = arena_new();
	struct unmarking *all = arena_new_of(arena, struct unmarking);
	*all = (struct unmarking){.provider = provider, .arena = arena, .pending = 1, .fn = fn, .end = end, .ctx = ctx};
	const struct aws_type *joined_type = NULL; /* of a service whose request names many objects */
	VEC(const struct value *) ids = {0};
	VEC(const struct mark *) joined = {0};
	const struct value *joined_params = NULL;
	for (size_t i = 0; i <= count; i++) {
		const struct aws_type *type = i < count ? aws_type_of(marks[i].type) : NULL;
		const struct value *params = type && type->tags.remove_op ? unmark_params(all, &marks[i]) : NULL;
		const struct value *resources = params ? value_get(params, "Resources") : NULL;
		bool joins = resources && !type_is_primitive(resources->type) && resources->count == 1;
		if (joined.count && (i == count || joined.count == MOST_AT_ONCE)) {
			struct draft *draft = draft_new(arena);
			draft_merge(draft, joined_params);
			static const char *const member = "Resources";
			draft_set(draft, &member, 1, value_tuple(arena, ids.items, ids.count));
			const struct mark **copy = vec_copy(&joined, arena);
			send_unmark(all, joined_type, draft_value(draft), copy, joined.count);
			joined.count = ids.count = 0;
		}
		if (joins) {
			joined_type = type;
			joined_params = params;
			vec_add(&ids, resources->items[0]);
			vec_add(&joined, &marks[i]);
		} else if (params) {
			const struct mark **one = arena_array_of(arena, 1, const struct mark *);
			one[0] = &marks[i];
			send_unmark(all, type, params, one, 1);
		}
	}
	vec_free(&ids);
	vec_free(&joined);
	unmark_end(all);
}
