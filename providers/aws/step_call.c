/* SPDX-License-Identifier: Apache-2.0 */
/* The call of a step: its parameters, and what follows from its answer. */
#include "providers/aws/op_internal.h"

#include <string.h>

/* ---- calls ---- */

void frame_use_chunk(struct op *op, const struct frame *frame)
{
	op->env.member = frame->chunk.member;
	op->env.added = frame->chunk.added;
	op->env.removed = frame->chunk.removed;
	op->env.changed = frame->chunk.changed;
}

static const struct value *tags_to_create(struct op *op)
{
	struct arena *arena = op->arena;
	const struct value *all = value_get(op->self, "tags_all");
	size_t had = all && all->state == VALUE_KNOWN ? all->count : 0;
	const char **keys = arena_array_of(arena, had + 1, const char *);
	const struct value **items = arena_array_of(arena, had + 1, const struct value *);
	size_t n = 0;
	for (size_t i = 0; i < had; i++) {
		keys[n] = all->keys[i];
		items[n++] = all->items[i];
	}
	if (op->request->token && *op->request->token) {
		keys[n] = INTENT_TAG;
		items[n++] = value_string(arena, op->request->token);
	}
	return value_map(arena, &type_string, keys, items, n);
}

static const struct value *step_params(struct op *op, const struct frame *frame, const struct step *step)
{
	struct env *env = &op->env;
	const struct aws_shape *input = aws_shape_at(step->op->input);
	struct draft *draft = draft_new(op->arena);
	bool creating = frame->procedure == PROC_CREATE;
	if (creating && (step->binds || step->args_all))
		bind_arguments(env, op->self, step->op, NULL, 0, 0, draft);
	if (creating && step->binds && type_marks(op->type)) {
		env->tags = tags_to_create(op);
		draft_merge(draft, bind_value(env, NULL, 0, env_eval(env, op->type->tags.create), input, 0));
	}
	if (frame->procedure == PROC_UPDATE && frame->group) {
		struct draft *changes = draft_new(op->arena);
		bind_arguments(env, op->self, step->op, frame->group->of, frame->group->of_count, BIND_BLANKS, changes);
		env->changes = draft_value(changes);
		if (!step->send)
			draft_merge(draft, env->changes);
	}
	const char *id = env->id;
	if (step->on_tags && op->type->tag_id)
		env->id = env_text(env, op->type->tag_id);
	else
		bind_key(env, step->op, draft);
	if (step->send) {
		env->tags = env->tags ? env->tags : tags_to_create(op);
		const struct value *sent = env_eval(env, step->send);
		unsigned flags = frame->procedure == PROC_UPDATE || frame->procedure == PROC_RECONCILE ? BIND_BLANKS : 0;
		draft_merge(draft, sent == env->changes ? sent : bind_value(env, NULL, 0, sent, input, flags));
		/* what is written as null takes back what the rule bound */
		for (uint32_t i = 0; sent->state == VALUE_KNOWN && sent->type->kind == TYPE_OBJECT && i < sent->count; i++) {
			const char *name = value_key_at(sent, i);
			if (value_is_null(sent->items[i]) && aws_member_find(input, name))
				draft_set(draft, &name, 1, sent->items[i]);
		}
	}
	env->id = id;
	return draft_value(draft);
}

static void on_call(void *ctx, const struct aws_answer *answer);

static bool is_id_step(const struct frame *frame, const struct step *step)
{
	return frame->procedure == PROC_CREATE && step->mutates && step->id;
}

static void send_call(struct op *op, const struct frame *frame, const struct step *step)
{
	bool first = is_id_step(frame, step);
	enum aws_repeat repeat = step->mutates ? AWS_REPEAT_AUTO : AWS_REPEAT_ALWAYS;
	/* The second answer to what is found by its content would be "exists already", and not say whose it is. */
	if (first && op->type->settle == SETTLE_FIND)
		repeat = AWS_REPEAT_NEVER;
	op->call = aws_call(op->provider->aws,
			    &(struct aws_call_options){
				    .op = step->op,
				    .region = op->type->service->region,
				    .params = op->params,
				    .token = first && op->request->token && *op->request->token ? op->request->token : NULL,
				    .repeat = repeat,
				    .all_pages = !step->mutates,
				    .arena = op->arena,
			    },
			    on_call, op);
}

void step_call(struct op *op, struct frame *frame, const struct step *step)
{
	frame_use_chunk(op, frame);
	if (frame->each)
		op->env.member = frame->each->items[frame->each_at];
	op->params = step_params(op, frame, step);
	frame->state = STEP_CALLING;
	send_call(op, frame, step);
}

/* ---- answers ---- */

static void resend(void *ctx)
{
	struct op *op = ctx;
	op->timer = 0;
	struct frame *frame = op_top(op);
	send_call(op, frame, &frame->steps.items[frame->at]);
}

static void resend_later(struct op *op, uint64_t ms)
{
	op->timer = loop_timer(op->provider->context.loop, ms, resend, op);
}

/* Not found, but its message names something that this run has just made: it is only not visible yet. */
static bool is_settling(struct op *op, const struct aws_answer *answer)
{
	const struct service *service = op->type->service;
	if (!code_match(&service->settling, answer->failure.code, answer->failure.message))
		return false;
	for (size_t i = 0; i < op->provider->made.count; i++) {
		if (strstr(answer->failure.message, op->provider->made.items[i]))
			return true;
	}
	return false;
}

static bool may_retry(struct op *op, struct frame *frame, uint64_t for_ms)
{
	uint64_t now = loop_now_ms(op->provider->context.loop);
	if (!frame->retry_since)
		frame->retry_since = now;
	return now - frame->retry_since < for_ms && !op_is_late(op);
}

uint64_t op_backoff(const struct op *op, unsigned round)
{
	uint64_t base = op->provider->configured_endpoint ? 50 : 1000;
	uint64_t most = op->provider->configured_endpoint ? 1000 : 5000;
	uint64_t ms = base << (round < 8 ? round : 8);
	return ms < most ? ms : most;
}

static void accept(struct op *op, struct frame *frame, const struct step *step, const struct value *answer)
{
	op->env.answer = answer;
	frame->lost = 0;
	frame->retry_since = 0;
	if (step->as)
		map_put(&op->kept, step->as, (void *)answer);
	if (step->mutates)
		op->fresh = false;
	/* where the id is made of the arguments, no step tells that the object is there now */
	if (step->mutates && op->in_create_steps && op->type->id && op->id)
		op->made = true;
	frame->state = frame->each ? STEP_EACH : STEP_AFTER;
	if (frame->each)
		frame->each_at++;
	op_advance(op);
}

static void after_lost(struct op *op, bool found, bool ours, bool failed)
{
	struct frame *frame = op_top(op);
	if (failed) {
		op_undecided(op);
		return;
	}
	if (found && ours) {
		const struct step *step = &frame->steps.items[frame->at];
		op->env.answer = NULL;
		if (step->set_expr)
			op_apply_set(op, step, true);
		op_set_id(op, op->id, frame->at + 1);
		frame->state = STEP_UNTIL;
		op_advance(op);
		return;
	}
	op->id = NULL;
	op->env.id = NULL;
	resend_later(op, op_backoff(op, frame->lost));
}

static void after_adopt(struct op *op, bool found, bool ours, bool failed)
{
	struct frame *frame = op_top(op);
	if (failed) {
		op_undecided(op);
		return;
	}
	if (found && ours) {
		op_set_id(op, op->id, frame->at + 1);
		frame->state = STEP_UNTIL;
		op_advance(op);
		return;
	}
	if (op->diags)
		diag_error(op->diags, op->request->range, "Object exists already",
			   "AWS already has an object of this name that this configuration did not make. Give it another name, remove the other "
			   "one, or take it over with an import block.");
	op->id = NULL;
	op_fail(op, false);
}

static void lost(struct op *op, struct frame *frame, const struct step *step, const struct aws_answer *answer)
{
	enum { MOST_LOST = 5, MOST_SILENT = 2 };
	if (++frame->lost > (answer->silent ? MOST_SILENT : MOST_LOST)) {
		op_fail_with(op, answer, op->in_create_steps && op->made);
		return;
	}
	if (is_id_step(frame, step) && op->type->settle != SETTLE_REPEAT) {
		op->after_search = after_lost;
		op->searches = 0;
		op_search(op);
		return;
	}
	resend_later(op, op_backoff(op, frame->lost));
}

/* For those who ask what is waited for. */
static void note_refusal(struct op *op, const struct aws_answer *answer)
{
	op->refusal = arena_printf(op->arena, "AWS says %s: %s", answer->failure.code, answer->failure.message);
}

static void on_call(void *ctx, const struct aws_answer *answer)
{
	enum { USUAL_RETRY_MS = 120000 };
	struct op *op = ctx;
	op->call = 0;
	struct frame *frame = op_top(op);
	const struct step *step = &frame->steps.items[frame->at];
	op->refusal = NULL;
	switch (answer->result) {
	case AWS_OK:
		accept(op, frame, step, answer->value);
		return;
	case AWS_LOST:
		lost(op, frame, step, answer);
		return;
	case AWS_NOT_SENT:
		op_fail_with(op, answer, op->in_create_steps && op->made);
		return;
	case AWS_ERROR:
		break;
	}
	const char *code = answer->failure.code, *message = answer->failure.message;
	const struct value *nothing = value_object(op->arena, NULL, NULL, 0);
	const struct code_rule *rule;
	if (code_match(&step->hopeless, code, message)) {
		op_fail_with(op, answer, false);
		return;
	}
	bool deleting = frame->procedure == PROC_DELETE;
	if (code_match(&step->absent, code, message) || (frame->lost && code_match(&step->again, code, message)) ||
	    (deleting && (code_match(&op->type->service->absent, code, message) || code_match(&op->type->read.absent, code, message)))) {
		accept(op, frame, step, nothing);
		return;
	}
	if ((rule = code_match(&step->adopt, code, message))) {
		if (rule->id) {
			op->env.error = answer->failure.fields;
			const char *id = env_text(&op->env, rule->id);
			if (id) {
				op_set_id(op, arena_strdup(op->arena, id), frame->at + 1);
				frame->state = STEP_UNTIL;
				op_advance(op);
				return;
			}
		}
		if (is_id_step(frame, step)) {
			op->after_search = after_adopt;
			op->searches = 0;
			op_search(op);
			return;
		}
		accept(op, frame, step, nothing);
		return;
	}
	rule = code_match(&step->retry, code, message);
	frame_use_chunk(op, frame);
	if (rule && (!rule->when || env_true(&op->env, rule->when)) &&
	    may_retry(op, frame, rule->for_ms ? (uint64_t)rule->for_ms : deleting ? op->timeout_ms : USUAL_RETRY_MS)) {
		note_refusal(op, answer);
		resend_later(op, op_backoff(op, ++frame->polls));
		return;
	}
	if (is_settling(op, answer) && may_retry(op, frame, (uint64_t)op->type->service->settling_ms)) {
		note_refusal(op, answer);
		resend_later(op, op_backoff(op, ++frame->polls));
		return;
	}
	op_fail_with(op, answer, op->in_create_steps && op->made);
}
