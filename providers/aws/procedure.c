/* SPDX-License-Identifier: Apache-2.0 */
/* Frames: steps, groups with their brackets, reconciled members, tags. */
#include "providers/aws/op_internal.h"

#include "base/buf.h"
#include "lang/value/convert.h"

#include <string.h>

/* ---- values ---- */

const struct value *value_by_path(const struct value *v, const char *path)
{
	while (v && *path) {
		size_t n = strcspn(path, ".");
		char name[128];
		if (n >= sizeof(name))
			return NULL;
		memcpy(name, path, n);
		name[n] = '\0';
		if (v->state == VALUE_KNOWN && (v->type->kind == TYPE_LIST || v->type->kind == TYPE_SET))
			v = v->count ? v->items[0] : NULL;
		v = v && v->state == VALUE_KNOWN ? value_get(v, name) : NULL;
		path += n + (path[n] == '.');
	}
	return v;
}

const struct value *with_attribute(struct arena *arena, const struct value *object, const char *name, const struct value *v)
{
	ptrdiff_t at = type_find_attr(object->type, name);
	return at < 0 ? object : with_exact(arena, object, name, surface_fit(arena, v, object->type->attrs[at].type));
}

/* Equal as far as AWS is concerned: blank is blank, however it is written. */
static bool means_same(const struct value *a, const struct value *b)
{
	if (is_blank(a) && is_blank(b))
		return true;
	if (!a || !b || a->deep_unknown || b->deep_unknown)
		return false;
	return value_same(a, b);
}

/* ---- calls ---- */

static struct frame *top(struct op *op)
{
	return &op->frames.items[op->frames.count - 1];
}

static void use_chunk(struct op *op, const struct frame *frame)
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
	if (creating && step->binds && op->type->has_tags && op->type->tags.create) {
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

static void start_call(struct op *op, struct frame *frame, const struct step *step)
{
	use_chunk(op, frame);
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
	struct frame *frame = top(op);
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

static uint64_t backoff(const struct op *op, unsigned round)
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
		map_put(&op->kept, step->as, (void *)(uintptr_t)answer);
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
	struct frame *frame = top(op);
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
	op->id = NULL;
	op->env.id = NULL;
	resend_later(op, backoff(op, frame->lost));
}

static void after_adopt(struct op *op, bool found, bool ours, bool failed)
{
	struct frame *frame = top(op);
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
	resend_later(op, backoff(op, frame->lost));
}

static void on_call(void *ctx, const struct aws_answer *answer)
{
	enum { USUAL_RETRY_MS = 120000 };
	struct op *op = ctx;
	op->call = 0;
	struct frame *frame = top(op);
	const struct step *step = &frame->steps.items[frame->at];
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
	use_chunk(op, frame);
	if (rule && (!rule->when || env_true(&op->env, rule->when)) &&
	    may_retry(op, frame, rule->for_ms ? (uint64_t)rule->for_ms : deleting ? op->timeout_ms : USUAL_RETRY_MS)) {
		resend_later(op, backoff(op, ++frame->polls));
		return;
	}
	if (is_settling(op, answer) && may_retry(op, frame, (uint64_t)op->type->service->settling_ms)) {
		resend_later(op, backoff(op, ++frame->polls));
		return;
	}
	op_fail_with(op, answer, op->in_create_steps && op->made);
}

/* ---- steps ---- */

static void push_frame(struct op *op, struct frame frame)
{
	vec_add(&op->frames, frame);
}

void frames_push_steps(struct op *op, const struct steps *steps, enum procedure procedure)
{
	push_frame(op, (struct frame){.kind = FRAME_STEPS, .procedure = procedure, .steps = *steps});
}

static void push_reconcile(struct op *op, const struct group *group, const struct value *want)
{
	push_frame(op, (struct frame){.kind = FRAME_RECONCILE, .procedure = PROC_RECONCILE, .group = group, .want = want});
}

static const struct value *empty_of(struct op *op, const struct group *group)
{
	const struct entry *entry = entry_find(op->type->entries, op->type->entry_count, group->of[0]);
	if (entry && entry->type->kind == TYPE_MAP)
		return value_map(op->arena, &type_string, NULL, NULL, 0);
	return value_tuple(op->arena, NULL, 0);
}

static void next_step(struct frame *frame)
{
	frame->at++;
	frame->state = STEP_START;
	frame->each = NULL;
	frame->each_at = 0;
	frame->polls = frame->steady = frame->lost = 0;
	frame->retry_since = 0;
}

/* A text that names what an `until` waits for: the object's own word for its state. */
static enum run poll_again(struct op *op, struct frame *frame, const struct step *step)
{
	if (op_is_late(op)) {
		if (op->diags)
			diag_error(op->diags, op->request->range, "Timed out",
				   "After %llu s the object is still not as it should be. It may become so later: apply again to look; the time "
				   "allowed can be set in a timeouts block.", (unsigned long long)(op->timeout_ms / 1000));
		op_fail(op, op->in_create_steps && op->made);
		return RUN_WAIT;
	}
	op->fresh = false;
	op_wait(op, step->every_ms ? (uint64_t)step->every_ms : backoff(op, frame->polls++));
	return RUN_WAIT;
}

static enum run check_until(struct op *op, struct frame *frame, const struct step *step)
{
	if (!step->until && !step->until_gone)
		return next_step(frame), RUN_AGAIN;
	use_chunk(op, frame);
	if (step->fails && env_true(&op->env, step->fails)) {
		const char *why = env_text(&op->env, step->why);
		if (op->diags)
			diag_error(op->diags, op->request->range, "The object did not become ready", "AWS gave up on it%s%s.",
				   why && *why ? ": " : "", why ? why : "");
		op_fail(op, op->in_create_steps && op->made);
		return RUN_WAIT;
	}
	bool holds = step->until_gone ? op_is_gone(op) : env_true(&op->env, step->until);
	if (holds && frame->steady + 1 < step->steady) {
		frame->steady++;
		holds = false;
	}
	if (holds)
		return next_step(frame), RUN_AGAIN;
	if (step->op)
		frame->state = STEP_START;
	return poll_again(op, frame, step);
}

static void apply_set(struct op *op, const struct step *step)
{
	const struct value *set = env_eval(&op->env, step->set_expr);
	for (uint32_t i = 0; set->state == VALUE_KNOWN && set->type->kind == TYPE_OBJECT && i < set->count; i++)
		op->self = with_attribute(op->arena, op->self, value_key_at(set, i), set->items[i]);
	op->env.self = op->self;
}

static enum run start_step(struct op *op, struct frame *frame, const struct step *step)
{
	use_chunk(op, frame);
	if (step->stop && env_true(&op->env, step->stop))
		return RUN_POP;
	if (step->when && !env_true(&op->env, step->when))
		return next_step(frame), RUN_AGAIN;
	if (step->empty_count || step->run_count) {
		const struct step *this_step = step;
		next_step(frame);
		/* the last one pushed runs first */
		for (size_t i = this_step->empty_count; i-- > 0;) {
			const struct group *group = group_find(op->type, this_step->empty[i]);
			if (group)
				push_reconcile(op, group, empty_of(op, group));
		}
		for (size_t i = this_step->run_count; i-- > 0;) {
			const struct group *group = group_find(op->type, this_step->run[i]);
			if (group) {
				frames_push_steps(op, &group->steps, PROC_UPDATE);
				top(op)->group = group;
			}
		}
		return RUN_AGAIN;
	}
	if (!step->op) {
		frame->state = STEP_UNTIL;
		return RUN_AGAIN;
	}
	if (step->each) {
		const struct value *list = env_eval(&op->env, step->each);
		bool has_members = list->state == VALUE_KNOWN && !type_is_primitive(list->type);
		frame->each = has_members ? list : value_tuple(op->arena, NULL, 0);
		frame->each_at = 0;
		frame->state = STEP_EACH;
		return RUN_AGAIN;
	}
	start_call(op, frame, step);
	return RUN_WAIT;
}

/* Whether the object, with these parts, must be read before what comes. */
static bool wants_object(struct op *op, uint64_t parts)
{
	bool there = op->env.object && !value_is_null(op->env.object);
	if (!op->id || (op->fresh && (!there || !(parts & ~op->object_parts))))
		return false;
	op->parts_needed = parts;
	op->reading_now = true;
	return true;
}

static enum run run_steps(struct op *op, struct frame *frame)
{
	if (frame->at == frame->steps.count)
		return RUN_POP;
	const struct step *step = &frame->steps.items[frame->at];
	bool object_for_until = frame->state == STEP_UNTIL && (step->until || step->until_gone) && !step->op;
	if (frame->state == STEP_START && step->needs_object && wants_object(op, step->parts))
		return RUN_WAIT;
	if (object_for_until && wants_object(op, step->until_parts))
		return RUN_WAIT;
	switch (frame->state) {
	case STEP_START:
		return start_step(op, frame, step);
	case STEP_EACH:
		if (frame->each_at == frame->each->count) {
			frame->state = STEP_AFTER;
			return RUN_AGAIN;
		}
		start_call(op, frame, step);
		return RUN_WAIT;
	case STEP_CALLING:
		bug("a step runs while its call is under way");
	case STEP_AFTER:
		use_chunk(op, frame);
		if (step->set_expr)
			apply_set(op, step);
		if (step->id) {
			const char *id = env_text(&op->env, step->id);
			if (!id || !*id) {
				if (op->diags)
					diag_error(op->diags, op->request->range, "Answer without an id",
						   "The answer to %s does not say the id of what it made.", step->call);
				op_fail(op, false);
				return RUN_WAIT;
			}
			op_set_id(op, arena_strdup(op->arena, id), frame->at + 1);
		}
		frame->state = STEP_UNTIL;
		return RUN_AGAIN;
	case STEP_UNTIL:
		return check_until(op, frame, step);
	}
	return RUN_POP;
}

/* ---- groups ---- */

static bool group_differs(struct op *op, const struct group *group)
{
	for (size_t i = 0; i < group->of_count; i++) {
		const struct value *now = value_by_path(op->self, group->of[i]);
		const struct value *before = op->env.prior ? value_by_path(op->env.prior, group->of[i]) : NULL;
		if (!means_same(now, before))
			return true;
	}
	return false;
}

/* What AWS fills in by itself, and the configuration leaves to it, is not written, whatever it is by now. */
static bool is_left_to_aws(struct op *op, const char *path)
{
	char name[128];
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(path, "."), path);
	const struct entry *entry = entry_find(op->type->entries, op->type->entry_count, name);
	const struct value *written = op->request->config ? value_get(op->request->config, name) : NULL;
	return entry && (entry->flags & ENTRY_COMPUTED) && written && is_blank(written);
}

static bool group_is_written(struct op *op, const struct group *group)
{
	for (size_t i = 0; i < group->of_count; i++) {
		if (is_left_to_aws(op, group->of[i]))
			continue;
		const struct value *v = value_by_path(op->self, group->of[i]);
		if (v && !is_blank(v))
			return true;
	}
	return false;
}

void frames_push_groups(struct op *op, bool created)
{
	const struct aws_type *type = op->type;
	const struct group **groups = arena_array_of(op->arena, type->group_count + 1, const struct group *);
	size_t n = 0;
	for (size_t i = 0; i < type->group_count; i++) {
		const struct group *group = &type->groups[i];
		bool after_create = created && (group->on & ON_CREATE) && group_is_written(op, group);
		bool updates = op->request->kind == OP_UPDATE && (group->on & ON_UPDATE) && group_differs(op, group);
		if (after_create || updates)
			groups[n++] = group;
	}
	if (n || op->resume_bracket)
		push_frame(op, (struct frame){.kind = FRAME_GROUPS, .procedure = PROC_UPDATE, .groups = groups, .group_count = n,
					      .created = created});
}

static const struct bracket *bracket_find(const struct aws_type *type, const char *name)
{
	for (size_t i = 0; name && i < type->bracket_count; i++) {
		if (!strcmp(type->brackets[i].name, name))
			return &type->brackets[i];
	}
	return NULL;
}

static void note_bracket(struct op *op, const struct bracket *bracket)
{
	if (op->events.progress)
		op->events.progress(op->ctx, NULL, bracket ? arena_printf(op->arena, "within:%s", bracket->name) : NULL);
}

static void start_group(struct op *op, const struct group *group)
{
	if (group->reconcile) {
		const struct value *want = value_by_path(op->self, group->of[0]);
		push_reconcile(op, group, want && want->state == VALUE_KNOWN ? want : empty_of(op, group));
		return;
	}
	frames_push_steps(op, &group->steps, PROC_UPDATE);
	top(op)->group = group;
}

/* The next group of an open bracket is the next one with its name, wherever it stands. */
static size_t next_group(struct frame *frame)
{
	for (size_t i = 0; i < frame->group_count; i++) {
		const struct group *group = frame->groups[i];
		if (group && (!frame->open || (group->within && !strcmp(group->within, frame->open->name))))
			return i;
	}
	return frame->group_count;
}

static enum run run_groups(struct op *op, struct frame *frame)
{
	if (op->resume_bracket) { /* an earlier run entered it and was cut short */
		frame->open = bracket_find(op->type, op->resume_bracket);
		op->resume_bracket = NULL;
	}
	size_t at = next_group(frame);
	if (at == frame->group_count) {
		if (!frame->open)
			return RUN_POP;
		const struct bracket *bracket = frame->open;
		if (!frame->leave_anyway) {
			frame->leave_anyway = true; /* its steps run; then it is closed */
			frames_push_steps(op, &bracket->leave, PROC_BRACKET);
			return RUN_AGAIN;
		}
		frame->leave_anyway = false;
		frame->open = NULL;
		note_bracket(op, NULL);
		return RUN_AGAIN;
	}
	const struct group *group = frame->groups[at];
	const struct bracket *bracket = bracket_find(op->type, group->within);
	bool needs = group->needs_object || (bracket && !frame->open);
	if (needs && wants_object(op, group->parts))
		return RUN_WAIT;
	if (bracket && !frame->open && env_true(&op->env, bracket->when)) {
		frame->open = bracket;
		note_bracket(op, bracket);
		frames_push_steps(op, &bracket->enter, PROC_BRACKET);
		return RUN_AGAIN;
	}
	frame->groups[at] = NULL;
	if (group->when && !env_true(&op->env, group->when))
		return RUN_AGAIN;
	start_group(op, group);
	return RUN_AGAIN;
}

/* ---- reconciling ---- */

static const char *member_key(struct op *op, const struct group *group, const struct value *member)
{
	AUTO_BUF struct buf key = BUF_INIT;
	for (size_t i = 0; i < group->key_count; i++) {
		const struct value *v = value_by_path(member, group->key[i]);
		const char *text = v && v->state == VALUE_KNOWN && type_is_primitive(v->type) ? value_to_text(op->arena, v) : NULL;
		buf_addf(&key, "%s\n", text ? text : "");
	}
	return buf_copy(&key, op->arena);
}

static const struct value *find_member(struct op *op, const struct group *group, const struct value *list, const struct value *member)
{
	const char *key = group->key_count ? member_key(op, group, member) : NULL;
	const struct value *plain = surface_trimmed(op->arena, member);
	for (uint32_t i = 0; i < list->count; i++) {
		const struct value *other = list->items[i];
		if (key ? !strcmp(key, member_key(op, group, other)) : value_same(plain, surface_trimmed(op->arena, other)))
			return other;
	}
	return NULL;
}

/* Whether what is wanted says more or other than what is there, where both have a key in common. */
static bool member_differs(struct op *op, const struct value *want, const struct value *have)
{
	for (uint32_t i = 0; want->type->kind == TYPE_OBJECT && i < want->count; i++) {
		const struct value *other = value_get(have, value_key_at(want, i));
		const struct value *a = want->items[i];
		if (is_blank(a) && is_blank(other))
			continue;
		if (!other || !value_same(a, other)) {
			/* documents are compared by what they say */
			if (other && same_by_rule(op->arena, "iam_policy", a, other))
				continue;
			return true;
		}
	}
	return false;
}

struct member_list {
	VEC(const struct value *) items;
};

/* Plans and states have "" where nothing is written; requests have nothing there. */
static const struct value *without_blanks(struct arena *arena, const struct value *member)
{
	if (member->state != VALUE_KNOWN || member->type->kind != TYPE_OBJECT)
		return member;
	const struct value **items = arena_array_of(arena, member->count, const struct value *);
	for (uint32_t i = 0; i < member->count; i++)
		items[i] = is_blank(member->items[i]) ? value_null(arena, member->type->attrs[i].type) : member->items[i];
	return value_object_of(arena, member->type, items);
}

static void add_chunks(struct op *op, struct frame *frame, const struct steps *steps, struct member_list *list, int which)
{
	if (!steps->count || !list->items.count)
		return;
	for (size_t i = 0; i < list->items.count; i++)
		list->items.items[i] = without_blanks(op->arena, list->items.items[i]);
	size_t at_once = steps->items[0].at_once ? steps->items[0].at_once : list->items.count;
	for (size_t start = 0; start < list->items.count; start += at_once) {
		size_t n = list->items.count - start < at_once ? list->items.count - start : at_once;
		const struct value *part = value_tuple(op->arena, &list->items.items[start], n);
		struct chunk *chunk = &frame->chunks[frame->chunk_count++];
		*chunk = (struct chunk){.steps = steps, .member = list->items.items[start]};
		*(which == 0 ? &chunk->removed : which == 1 ? &chunk->changed : &chunk->added) = part;
	}
}

static bool is_in(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(names[i], name))
			return true;
	}
	return false;
}

static bool needs_remake(struct op *op, const struct group *group, const struct value *want, const struct value *have)
{
	(void)op;
	for (uint32_t i = 0; want->type->kind == TYPE_OBJECT && i < want->count; i++) {
		const char *name = value_key_at(want, i);
		if (is_in(group->remake, group->remake_count, name) && !means_same(want->items[i], value_get(have, name)))
			return true;
	}
	return false;
}

/* Maps (tags of volumes): what is new or other is added, what is too many removed. */
static void compare_maps(struct op *op, struct frame *frame, const struct value *have)
{
	const struct group *group = frame->group;
	const struct value *want = frame->want;
	const struct value *sides[2] = {NULL, NULL};
	for (int side = 0; side < 2; side++) {
		const struct value *of = side ? want : have, *other = side ? have : want;
		const char **keys = arena_array_of(op->arena, of->count, const char *);
		const struct value **items = arena_array_of(op->arena, of->count, const struct value *);
		size_t n = 0;
		for (uint32_t i = 0; i < of->count; i++) {
			const struct value *met = value_get(other, of->keys[i]);
			if (side ? met && value_same(met, of->items[i]) : met != NULL)
				continue;
			keys[n] = of->keys[i];
			items[n++] = of->items[i];
		}
		if (n)
			sides[side] = value_map(op->arena, &type_string, keys, items, n);
	}
	if (sides[0] && group->remove.count)
		frame->chunks[frame->chunk_count++] = (struct chunk){.steps = &group->remove, .removed = sides[0]};
	if (sides[1] && group->add.count)
		frame->chunks[frame->chunk_count++] = (struct chunk){.steps = &group->add, .added = sides[1]};
}

static void compare_members(struct op *op, struct frame *frame)
{
	const struct group *group = frame->group;
	struct env *env = &op->env;
	struct arena *arena = op->arena;
	env->want = frame->want;
	const struct value *have = group->have ? env_eval(env, group->have)
				   : env->prior ? value_by_path(env->prior, group->of[0])
						: NULL;
	env->want = NULL;
	bool maps = frame->want->type->kind == TYPE_MAP;
	if (!have || have->state != VALUE_KNOWN || type_is_primitive(have->type))
		have = maps ? value_map(arena, &type_string, NULL, NULL, 0) : value_tuple(arena, NULL, 0);
	size_t most = have->count + frame->want->count * 2 + 4;
	const struct value *want = frame->want;
	if (group->atoms && !maps) {
		VEC(const struct value *) atoms = {0};
		for (uint32_t i = 0; i < want->count; i++) {
			env->member = want->items[i];
			const struct value *some = env_eval(env, group->atoms);
			for (uint32_t k = 0; some->state == VALUE_KNOWN && !type_is_primitive(some->type) && k < some->count; k++)
				vec_add(&atoms, some->items[k]);
		}
		env->member = NULL;
		want = value_tuple(arena, atoms.items, atoms.count);
		most += atoms.count * 2;
		vec_free(&atoms);
	}
	frame->chunks = arena_array_of(arena, most, struct chunk);
	if (maps) {
		compare_maps(op, frame, have);
		return;
	}
	struct member_list removed = {0}, changed = {0}, added = {0};
	for (uint32_t i = 0; i < have->count; i++) {
		if (!find_member(op, group, want, have->items[i]))
			vec_add(&removed.items, have->items[i]);
	}
	for (uint32_t i = 0; i < want->count; i++) {
		const struct value *met = find_member(op, group, have, want->items[i]);
		if (!met) {
			vec_add(&added.items, want->items[i]);
		} else if (group->key_count && member_differs(op, want->items[i], met)) {
			if (needs_remake(op, group, want->items[i], met)) {
				vec_add(&removed.items, met);
				vec_add(&added.items, want->items[i]);
			} else {
				vec_add(&changed.items, want->items[i]);
			}
		}
	}
	add_chunks(op, frame, &group->remove, &removed, 0);
	add_chunks(op, frame, &group->change, &changed, 1);
	add_chunks(op, frame, &group->add, &added, 2);
	vec_free(&removed.items);
	vec_free(&changed.items);
	vec_free(&added.items);
}

static enum run run_reconcile(struct op *op, struct frame *frame)
{
	if (!frame->compared) {
		if (frame->group->have && wants_object(op, frame->group->parts))
			return RUN_WAIT;
		compare_members(op, frame);
		frame->compared = true;
	}
	if (frame->chunk_at == frame->chunk_count)
		return RUN_POP;
	struct chunk chunk = frame->chunks[frame->chunk_at++];
	const struct group *group = frame->group;
	if (group->after.count)
		frames_push_steps(op, &group->after, PROC_RECONCILE);
	frames_push_steps(op, chunk.steps, PROC_RECONCILE);
	top(op)->chunk = chunk;
	return RUN_AGAIN;
}

/* ---- tags ---- */

/* Tag calls look like steps, so that retries and errors are theirs. */
static void push_tag_call(struct op *op, const struct aws_operation *operation, const struct expr *send, const struct value *added,
			  const struct value *removed)
{
	struct step *step = arena_new_of(op->arena, struct step);
	*step = (struct step){.op = operation, .call = aws_text(operation->name), .send = send, .mutates = true, .on_tags = true};
	frames_push_steps(op, &(struct steps){step, 1}, PROC_RECONCILE);
	top(op)->chunk = (struct chunk){.added = added, .removed = removed};
}

void frames_push_tags(struct op *op)
{
	const struct tag_rules *tags = &op->type->tags;
	const struct value *now = value_get(op->self, "tags_all");
	const struct value *before = op->env.prior ? value_get(op->env.prior, "tags_all") : NULL;
	const struct value *none = value_map(op->arena, &type_string, NULL, NULL, 0);
	if (!now || now->state != VALUE_KNOWN)
		now = none;
	if (!before || before->state != VALUE_KNOWN)
		before = none;
	struct group as_group = {.name = "tags"};
	struct frame compared = {.group = &as_group, .want = now};
	static const struct step any_step = {.call = ""};
	as_group.remove = as_group.add = (struct steps){&any_step, 1};
	compared.chunks = arena_array_of(op->arena, 4, struct chunk);
	compare_maps(op, &compared, before);
	for (size_t i = compared.chunk_count; i-- > 0;) {
		const struct chunk *chunk = &compared.chunks[i];
		if (chunk->added && tags->add_op)
			push_tag_call(op, tags->add_op, tags->add_send, chunk->added, NULL);
		else if (chunk->removed && tags->remove_op)
			push_tag_call(op, tags->remove_op, tags->remove_send, NULL, chunk->removed);
	}
}

enum run frame_run(struct op *op, struct frame *frame)
{
	switch (frame->kind) {
	case FRAME_STEPS:
		return run_steps(op, frame);
	case FRAME_GROUPS:
		return run_groups(op, frame);
	case FRAME_RECONCILE:
		return run_reconcile(op, frame);
	}
	return RUN_POP;
}
