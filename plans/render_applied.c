/* SPDX-License-Identifier: Apache-2.0 */
/* What came of an apply. */
#include "plans/render_internal.h"

#include "plans/engine.h"

#include <string.h>

enum { SHOWN_MAX = 12 };

/*
 * An operation's name: a letter for what is done and the address. The old object of a replacement
 * that creates first gets its deposed key only while applying: it goes by its address alone.
 */
static const char *operation_key(struct arena *arena, const struct plan *plan, const char *address, const char *deposed,
				 enum plan_action action)
{
	char letter = action == PLAN_DELETE ? 'd' : action == PLAN_UPDATE ? 'u' : action == PLAN_READ ? 'r' : 'c';
	bool old = letter == 'd' && deposed && *deposed && plan_find_change(plan, address, deposed);
	return arena_printf(arena, "%c%s%s%s", letter, address, old ? "\n" : "", old ? deposed : "");
}

void tally_event(struct tally *tally, struct arena *arena, const struct plan *plan, const struct engine_event *event)
{
	if (event->kind != EVENT_STARTED && event->kind != EVENT_FINISHED && event->kind != EVENT_FAILED)
		return;
	const char *key = operation_key(arena, plan, event->address, event->deposed, event->action);
	void *value = (void *)(uintptr_t)1;
	if (event->kind == EVENT_STARTED) {
		map_put(&tally->started, key, value);
		return;
	}
	if (event->kind == EVENT_FAILED) {
		map_put(&tally->failed, key, value);
		return;
	}
	map_put(&tally->done, key, value);
	tally->added += event->action == PLAN_CREATE;
	tally->changed += event->action == PLAN_UPDATE;
	tally->destroyed += event->action == PLAN_DELETE;
}

void tally_release(struct tally *tally)
{
	map_release(&tally->done);
	map_release(&tally->failed);
	map_release(&tally->started);
}

void render_tally(const struct tally *tally, struct buf *out)
{
	if (tally->imported)
		buf_addf(out, "%zu imported, ", tally->imported);
	buf_addf(out, "%zu added, %zu changed, %zu destroyed", tally->added, tally->changed, tally->destroyed);
}

/* ---- after a failure ---- */

struct rest { /* operations of one fate */
	const char *title;
	size_t count;
	struct buf lines;
};

static void add_rest(struct rest *rest, const struct change *change, enum plan_action action)
{
	bool old = action == PLAN_DELETE && change->action == PLAN_DELETE && change->deposed && *change->deposed;
	if (rest->count++ < SHOWN_MAX)
		buf_addf(&rest->lines, "  %s (%s%s%s)\n", change->address, plan_action_name(action), old ? ", deposed object " : "", old ? change->deposed : "");
}

static void sort_out(const struct plan *plan, const struct tally *tally, const struct change *change, enum plan_action action,
		     struct arena *arena, struct rest *failed, struct rest *cut, struct rest *left)
{
	const char *key = operation_key(arena, plan, change->address, change->deposed, action);
	if (map_find(&tally->done, key))
		return;
	struct rest *rest = map_find(&tally->failed, key) ? failed : map_find(&tally->started, key) ? cut : left;
	add_rest(rest, change, action);
}

static void print_rest(struct rest *rest, struct buf *out)
{
	if (rest->count) {
		buf_addf(out, "\n%s:\n%s", rest->title, buf_text(&rest->lines));
		if (rest->count > SHOWN_MAX)
			buf_addf(out, "  ... and %zu more\n", rest->count - SHOWN_MAX);
	}
	buf_release(&rest->lines);
}

static void render_unfinished(const struct plan *plan, const struct tally *tally, const char *go_on, const struct render_options *options,
			      struct buf *out)
{
	struct rest failed = {.title = "Failed"}, cut = {.title = "Cut short"}, left = {.title = "Not started"};
	struct arena *arena = arena_new();
	for (size_t i = 0; i < plan->change_count; i++) {
		const struct change *change = &plan->changes[i];
		switch (change->action) {
		case PLAN_NOOP:
		case PLAN_READ:
		case PLAN_FORGET:
			break;
		case PLAN_CREATE:
		case PLAN_UPDATE:
		case PLAN_DELETE:
			sort_out(plan, tally, change, change->action, arena, &failed, &cut, &left);
			break;
		case PLAN_DELETE_THEN_CREATE:
			sort_out(plan, tally, change, PLAN_DELETE, arena, &failed, &cut, &left);
			sort_out(plan, tally, change, PLAN_CREATE, arena, &failed, &cut, &left);
			break;
		case PLAN_CREATE_THEN_DELETE:
			sort_out(plan, tally, change, PLAN_CREATE, arena, &failed, &cut, &left);
			sort_out(plan, tally, change, PLAN_DELETE, arena, &failed, &cut, &left);
			break;
		}
		arena_reset(arena);
	}
	buf_addf(out, "\n%s%s%s incomplete.%s Done: ", tint(options->color, TINT_BOLD), tint(options->color, TINT_RED),
		 plan->mode == PLAN_DESTROY ? "Destroy" : "Apply", tint(options->color, TINT_NONE));
	render_tally(tally, out);
	buf_addf(out, ". Failed: %zu. Not started: %zu.\n", failed.count, left.count);
	print_rest(&failed, out);
	print_rest(&cut, out);
	print_rest(&left, out);
	buf_addf(out, "\nWhat was done is recorded. To go on with the rest:\n\n    %s\n", go_on);
	arena_free(arena);
}

void render_applied(const struct plan *plan, const struct tally *tally, bool done, const char *go_on, const struct render_options *options,
		    struct buf *out)
{
	if (!done) {
		render_unfinished(plan, tally, go_on, options, out);
		return;
	}
	buf_addf(out, "\n%s%s", tint(options->color, TINT_BOLD), tint(options->color, TINT_GREEN));
	if (plan->mode == PLAN_DESTROY) {
		buf_addf(out, "Destroy complete! Resources: %zu destroyed.", tally->destroyed);
	} else {
		buf_adds(out, "Apply complete! Resources: ");
		render_tally(tally, out);
		buf_addc(out, '.');
	}
	buf_addf(out, "%s\n", tint(options->color, TINT_NONE));
}
