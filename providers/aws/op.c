/* SPDX-License-Identifier: Apache-2.0 */
/* The life of an operation: lock, procedure, groups, tags, last read. */
#include "providers/aws/op_internal.h"

#include "aws/retry.h"
#include "base/duration.h"

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
void op_finish(struct op *op, enum op_outcome outcome)
{
	tell_mistakes(op);
	unlock_serial(op);
	op->phase = OP_OVER;
	/* what was created got the tag, also when reading does not show it yet */
	bool tagged = op->request->kind == OP_CREATE && op->made && type_marks(op->type);
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

/* Whether a create has made its object and still has steps to do. */
static bool is_half_made(const struct op *op)
{
	return op->in_create_steps && op->made;
}

/* Another operation's end must not claim the error that ended this one. */
static void claim_error(struct op *op)
{
	if (op->diags && op->diags->count)
		diags_set_address(op->diags, op->diags->count - 1, op->request->address);
}

/*
 * A create that has made its object, and then cannot see it for bad weather: its intent stays, as if it had been
 * killed, and the next run goes on with it. To replace the object for that would throw away what is good.
 */
static void leave_half_made(struct op *op)
{
	claim_error(op);
	op_undecided(op);
}

static void on_object(void *ctx, const struct found *found)
{
	struct op *op = ctx;
	op->reading_now = false;
	op->reading.fn = NULL;
	if (found->outcome == READ_FAILED) {
		if (is_half_made(op))
			leave_half_made(op);
		else
			op_fail(op, false);
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

void op_read(struct op *op, uint64_t parts, reading_fn fn)
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

bool op_waits_for_sight(struct op *op, uint64_t patience_ms, unsigned round)
{
	uint64_t now = loop_now_ms(op->provider->context.loop);
	if (!op->unseen_since)
		op->unseen_since = now;
	if (now - op->unseen_since >= patience_ms)
		return false;
	op_wait(op, op_backoff(op, round));
	return true;
}

static void tell_unseen(struct op *op)
{
	if (op->diags && op->id)
		diag_error(op->diags, op->request->range, "The object does not show",
			   "AWS has made %s %s, and does not show it. It may only be late: what was made is on record, and the next run looks for it.",
			   op->type->base.name, op->id);
}

uint64_t op_soon_shown(const struct op *op)
{
	return op->provider->patience_ms / 6;
}

uint64_t op_made_patience(const struct op *op)
{
	enum { MADE_MS = 60000 };
	return op->provider->patience_ms < MADE_MS ? MADE_MS : op->provider->patience_ms;
}

/* What was made under the name of a deleted object carries our tag: without it, the answer is still that object. */
static bool is_of_before(const struct op *op)
{
	return op->request->kind == OP_CREATE && op->made && type_known_by_mark(op->type) && !op->marked;
}

static void on_last_read(void *ctx, const struct found *found)
{
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
	uint64_t patience_ms = op->made && !op->failing ? op_made_patience(op) : op->provider->patience_ms;
	if (found->outcome != READ_FAILED && unseen && op_waits_for_sight(op, patience_ms, op->reads++))
		return;
	if (found->outcome == READ_FOUND && !gone) {
		const struct value *v = found_value(op->provider, op->type, found, op->id, expected(op), &op->marked, op->request->token, op->diags);
		if (is_of_before(op) && op_waits_for_sight(op, patience_ms, op->reads++))
			return;
		op->result = value_copy(op->arena, surface_settle(op->arena, v));
	} else if (op->request->kind == OP_CREATE && op->made && found->outcome == READ_FAILED) {
		/* it was made but cannot be read: what was planned is what we know */
		const struct value *v = with_attribute(op->arena, op->self, "id", value_string(op->arena, op->id));
		op->result = surface_settle(op->arena, v);
		op->marked = type_marks(op->type);
		op->failing = true;
	} else if (unseen && (op->failing || op->made)) { /* it was made, and is not to be seen: the intent stays */
		if (!op->failing)
			tell_unseen(op);
		op_finish(op, OP_UNDECIDED);
		return;
	} else if (!op->failing) {
		if (op->diags)
			diag_error(op->diags, op->request->range, "The object is not there",
				   "The operation ended without an error, but the object %s is not to be found.", op->id ? op->id : "");
		op->failing = true;
	}
	op_finish(op, op->failing ? OP_FAILED : OP_OK);
}

void op_undecided(struct op *op)
{
	op_finish(op, OP_UNDECIDED);
}

void op_fail(struct op *op, bool tainted)
{
	if (op->finished)
		return;
	op->failing = true;
	op->tainted = tainted;
	op->frames.count = 0;
	claim_error(op); /* while the object is read once more */
	bool stands = op->id && op->request->kind != OP_DELETE && (op->request->kind == OP_UPDATE || op->made);
	if (stands && op->phase != OP_LAST_READ) {
		op->phase = OP_LAST_READ;
		op_advance(op);
		return;
	}
	op_finish(op, op->request->kind == OP_SETTLE ? OP_UNDECIDED : OP_FAILED);
}

/* Whether it says nothing about the object: no connection, an overloaded server, keys that have expired. */
static bool is_weather(const struct aws_answer *answer)
{
	const struct aws_failure *failure = &answer->failure;
	return answer->result != AWS_ERROR || !answer->op ||
	       aws_judge(aws_operation_service(answer->op), failure->status, failure->code, failure->message) != AWS_FINAL;
}

void op_fail_with(struct op *op, const struct aws_answer *answer, bool tainted)
{
	if (op->diags) {
		aws_error_diag(answer, op->request->range, op->diags);
	}
	/* a create whose answer was lost is neither made nor not made, also where another try is refused: its intent stays */
	bool lost = answer->result == AWS_LOST || (op->frames.count && op_top(op)->lost);
	if (lost && op->request->kind == OP_CREATE && !op->made) {
		op_undecided(op);
		return;
	}
	if (tainted && is_half_made(op) && is_weather(answer)) {
		leave_half_made(op);
		return;
	}
	op_fail(op, tainted);
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

static void set_deadline(struct op *op)
{
	enum { USUAL_MS = 20 * 60000 };
	const char *name = op->request->kind == OP_DELETE ? "delete" : op->request->kind == OP_UPDATE ? "update" : "create";
	int64_t own = op->request->kind == OP_DELETE   ? op->type->timeouts.delete
		      : op->request->kind == OP_UPDATE ? op->type->timeouts.update
						       : op->type->timeouts.create;
	const struct value *block = op->self ? value_get(op->self, "timeouts") : NULL;
	const char *text = block && block->state == VALUE_KNOWN ? value_get_text(block, name) : NULL;
	uint64_t written = 0;
	if (text && !duration_parse(text, &written))
		written = 0; /* of a state that others have written; the configuration's is refused before */
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
			op_settle(op);
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
		if (op->resume_at != SIZE_MAX && !op->settled_down) { /* what the steps have done shall show to the groups */
			op->settled_down = true;
			op_wait(op, op_soon_shown(op));
			return;
		}
		op->phase = OP_GROUPS;
		op->in_create_steps = false;
		if (request->kind == OP_DELETE) {
			op_finish(op, OP_OK);
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
		op_read(op, parts, on_last_read);
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
		op_search_again(op);
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
			op_read(op, op->parts_needed, on_object);
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
	if (op->refusal)
		return op->refusal;
	return op->call ? aws_describe(op->provider->aws, op->call, op->arena) : NULL;
}
