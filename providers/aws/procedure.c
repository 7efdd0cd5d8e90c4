/* SPDX-License-Identifier: Apache-2.0 */
/* Frames: steps, and groups with their brackets. */
#include "providers/aws/op_internal.h"

#include "base/buf.h"

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

bool means_same(const struct value *a, const struct value *b)
{
	if (is_blank(a) && is_blank(b))
		return true;
	if (!a || !b || a->deep_unknown || b->deep_unknown)
		return false;
	return value_same(a, b);
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

/* What the object calls its own state, and what the next run makes of it. */
static void tell_late(struct op *op, bool tainted)
{
	const char *state = op_describe(op), *address = op->request->address;
	AUTO_BUF struct buf next = BUF_INIT;
	if (tainted && op->env.object) {
		buf_adds(&next, "The next apply replaces it. If it becomes ready before, this keeps it:\n\n    infra untaint ");
		if (strchr(address, '['))
			buf_add_shell_quoted(&next, address);
		else
			buf_adds(&next, address);
		buf_adds(&next, "\n\nThe");
	} else {
		buf_adds(&next, "It may become so later: apply again to look; the");
	}
	diag_error(op->diags, op->request->range, "Timed out",
		   "After %llu s the object is still not as it should be%s%s. %s time allowed can be set in a timeouts block.",
		   (unsigned long long)(op->timeout_ms / 1000), state ? ": " : op->made && !op->env.object ? ": AWS does not show it" : "", state ? state : "",
		   buf_text(&next));
}

static enum run poll_again(struct op *op, struct frame *frame, const struct step *step)
{
	if (op_is_late(op)) {
		bool tainted = op->in_create_steps && op->made;
		if (op->diags)
			tell_late(op, tainted);
		op_fail(op, tainted);
		return RUN_WAIT;
	}
	op->fresh = false;
	op_wait(op, step->every_ms ? (uint64_t)step->every_ms : op_backoff(op, frame->polls++));
	return RUN_WAIT;
}

static enum run check_until(struct op *op, struct frame *frame, const struct step *step)
{
	if (!step->until && !step->until_gone)
		return next_step(frame), RUN_AGAIN;
	frame_use_chunk(op, frame);
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

void op_apply_set(struct op *op, const struct step *step, bool lost)
{
	const struct value *set = env_eval(&op->env, step->set_expr);
	for (uint32_t i = 0; set->state == VALUE_KNOWN && set->type->kind == TYPE_OBJECT && i < set->count; i++) {
		if (!lost || !is_blank(set->items[i]))
			op->self = with_attribute(op->arena, op->self, value_key_at(set, i), set->items[i]);
	}
	op->env.self = op->self;
}

static enum run start_step(struct op *op, struct frame *frame, const struct step *step)
{
	frame_use_chunk(op, frame);
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
				op_top(op)->group = group;
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
	step_call(op, frame, step);
	return RUN_WAIT;
}

/* Whether the object, with these parts, must be read before what comes. */
bool op_wants_object(struct op *op, uint64_t parts)
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
	if (frame->state == STEP_START && step->needs_object && op_wants_object(op, step->parts))
		return RUN_WAIT;
	if (object_for_until && op_wants_object(op, step->until_parts))
		return RUN_WAIT;
	switch (frame->state) {
	case STEP_START:
		return start_step(op, frame, step);
	case STEP_EACH:
		if (frame->each_at == frame->each->count) {
			frame->state = STEP_AFTER;
			return RUN_AGAIN;
		}
		step_call(op, frame, step);
		return RUN_WAIT;
	case STEP_CALLING:
		bug("a step runs while its call is under way");
	case STEP_AFTER:
		frame_use_chunk(op, frame);
		if (step->set_expr)
			op_apply_set(op, step, false);
		if (step->id) {
			const char *id = env_text(&op->env, step->id);
			if (!id || !*id) {
				if (op->diags)
					diag_error(op->diags, op->request->range, "Answer without an id",
						   "The answer to %s does not say the id of what it made. The next run looks for it.", step->call);
				if (op->request->kind == OP_CREATE && !op->made)
					op_undecided(op); /* it may well be there */
				else
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

/* What the configuration leaves to AWS, which fills it in by itself, is not written, whatever it is by now. */
static bool is_left_to_aws(struct op *op, const char *path)
{
	char name[128];
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(path, "."), path);
	const struct entry *entry = entry_find(op->type->entries, op->type->entry_count, name);
	const struct value *written = op->request->config ? value_get(op->request->config, name) : NULL;
	return entry && ((entry->flags & ENTRY_COMPUTED) || !entry->fallback) && written && is_blank(written);
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

/* Where a cut-short create goes on, a group that finds all as it should be asks what a create asks: nothing was before. */
static bool group_applies(struct op *op, const struct frame *frame, const struct group *group)
{
	if (!group->when)
		return true;
	const struct value *prior = op->env.prior;
	if (frame->created && !group_differs(op, group))
		op->env.prior = NULL;
	bool applies = env_true(&op->env, group->when);
	op->env.prior = prior;
	return applies;
}

static void start_group(struct op *op, const struct group *group)
{
	if (group->reconcile) {
		const struct value *want = value_by_path(op->self, group->of[0]);
		push_reconcile(op, group, want && want->state == VALUE_KNOWN ? want : empty_of(op, group));
		return;
	}
	frames_push_steps(op, &group->steps, PROC_UPDATE);
	op_top(op)->group = group;
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
	if (needs && op_wants_object(op, group->parts))
		return RUN_WAIT;
	if (bracket && !frame->open && env_true(&op->env, bracket->when)) {
		frame->open = bracket;
		note_bracket(op, bracket);
		frames_push_steps(op, &bracket->enter, PROC_BRACKET);
		return RUN_AGAIN;
	}
	frame->groups[at] = NULL;
	if (group_applies(op, frame, group))
		start_group(op, group);
	return RUN_AGAIN;
}

enum run frame_run(struct op *op, struct frame *frame)
{
	switch (frame->kind) {
	case FRAME_STEPS:
		return run_steps(op, frame);
	case FRAME_GROUPS:
		return run_groups(op, frame);
	case FRAME_RECONCILE:
		return reconcile_run(op, frame);
	}
	return RUN_POP;
}
