/* SPDX-License-Identifier: Apache-2.0 */
/* Finding out by reading what became of a create: of this run, or of one that was interrupted. */
#include "providers/aws/op_internal.h"

#include <time.h>

/* ---- searching for what a lost create made ---- */

static const char *key_member(const struct aws_type *type)
{
	if (!type->key_count)
		return NULL;
	const struct expr *name = type->key[0].key;
	return name->kind == EXPR_NAME ? name->name : name->literal->text;
}

/* What an interrupted run did long ago shows by now. */
static bool is_old(const struct op *op)
{
	enum { OLD_SECONDS = 300 };
	return op->request->kind == OP_SETTLE && time(NULL) - op->request->recorded_at > OLD_SECONDS;
}

static void search_ended(struct op *op, bool found, bool ours, bool failed)
{
	/* AWS shows new objects late: one that is not found is asked for again before that is believed */
	if (!op->searches)
		op->unseen_since = 0;
	uint64_t patience_ms = is_old(op) ? 0 : op->settle_by_id ? op_made_patience(op) : op->provider->patience_ms;
	if (!failed && !found && op_waits_for_sight(op, patience_ms, op->searches++)) {
		op->searching = true;
		return;
	}
	op->unseen_since = 0;
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
		const char *id = type->id	    ? env_text(&op->env, type->id)
				 : type->read.match && type->read.match->kind != EXPR_OBJECT ? env_text(&op->env, type->read.match)
				 : member	    ? value_get_text(objects->items[i], member)
						    : NULL;
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

/* Where the name is the id, it may still be a deleted object that answers to it: our tag tells. */
static bool carries_mark(const struct op *op, const struct found *found)
{
	if (!type_known_by_mark(op->type))
		return true;
	bool marked;
	surface_tags(found->arena, found->tags, &marked, op->request->token);
	return marked;
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
	bool ours = there && carries_mark(op, found);
	/* ours may come to show where another one still does */
	bool perhaps = op->request->kind == OP_SETTLE || (op->frames.count && op_top(op)->lost);
	op->fresh = false;
	search_ended(op, perhaps ? ours : there, ours, false);
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
		op_read(op, 0, on_search_read);
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
		op_finish(op, OP_UNDECIDED);
	} else if (!found || !ours) {
		op_finish(op, OP_ABSENT);
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
	if (there && !carries_mark(op, found) && !is_old(op) && op_waits_for_sight(op, op_made_patience(op), op->searches++)) {
		op->searching = true;
		return;
	}
	search_ended(op, there, there, found->outcome == READ_FAILED);
}

void op_settle(struct op *op)
{
	op->after_search = settle_ended;
	op->settle_by_id = op->request->id != NULL;
	if (op->settle_by_id)
		op->env.id = op->id = op->request->id;
	if (is_old(op)) {
		op_search_again(op);
		return;
	}
	op_wait(op, op_soon_shown(op)); /* what the other run did last */
	op->searching = true;
}

void op_search_again(struct op *op)
{
	if (op->settle_by_id)
		op_read(op, 0, on_settle_read);
	else
		op_search(op);
}
