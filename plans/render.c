/* SPDX-License-Identifier: Apache-2.0 */
/* A plan as text. The words are those that people know from Terraform. */
#include "plans/render_internal.h"

#include "plans/engine.h"

#include <string.h>

enum { USUAL_WIDTH = 78, FLUSH_AT = 64 * 1024 };

void render_text(const char *text, const struct render_options *options, struct buf *out)
{
	size_t width = options->width ? options->width : USUAL_WIDTH, column = 0;
	for (const char *p = text; *p;) {
		if (*p == '\n') {
			buf_addc(out, *p++);
			column = 0;
			continue;
		}
		size_t n = strcspn(p, " \n");
		if (column && column + 1 + n > width) {
			buf_addc(out, '\n');
			column = 0;
		} else if (column) {
			buf_addc(out, ' ');
			column++;
		}
		buf_add(out, p, n);
		column += n;
		p += n;
		while (*p == ' ')
			p++;
	}
	buf_addc(out, '\n');
}

void render_rule(const struct render_options *options, struct buf *out)
{
	size_t width = options->width ? options->width : USUAL_WIDTH;
	buf_adds(out, "\n");
	for (size_t i = 1; i < width && i < USUAL_WIDTH; i++)
		buf_adds(out, "─");
	buf_adds(out, "\n");
}

static void flush(const struct render_options *options, struct buf *out)
{
	if (options->flush && out->len >= FLUSH_AT)
		options->flush(options->ctx, out);
}

/* ---- what is said above a change ---- */

enum cause { CAUSE_PLAN, CAUSE_DRIFT };

static bool has_moved(const struct change *change)
{
	return change->previous_address && strcmp(change->previous_address, change->address) != 0;
}

/* What the comment needs to know, be it of a change or of drift. */
struct comment {
	const char *address, *deposed, *previous;
	const struct address *parts;
	enum plan_action action;
	enum plan_reason reason;
	bool importing;
	const char *import_id;
};

static void add_delete_reason(const struct comment *c, struct buf *out)
{
	AUTO_BUF struct buf key = BUF_INIT;
	instance_key_print(c->parts->key, &key);
	switch (c->reason) {
	case REASON_NO_CONFIG:
		buf_addf(out, "  # (because %s.%s is not in configuration)\n", c->parts->type, c->parts->name);
		break;
	case REASON_NO_MOVE_TARGET:
		buf_addf(out, "  # (because %s was moved to %s, which is not in configuration)\n", c->previous ? c->previous : c->address,
			 c->address);
		break;
	case REASON_NO_MODULE:
	case REASON_NO_CALL: {
		struct address module = *c->parts;
		module.type = NULL;
		struct arena *arena = arena_new();
		buf_addf(out, "  # (because %s is not in configuration)\n", address_print(arena, &module));
		arena_free(arena);
		break;
	}
	case REASON_WRONG_REPETITION:
		buf_addf(out, "  # (because resource %s)\n",
			 c->parts->key.kind == KEY_NONE	   ? "uses count or for_each"
			 : c->parts->key.kind == KEY_INDEX ? "does not use count"
							   : "does not use for_each");
		break;
	case REASON_COUNT_INDEX:
		buf_addf(out, "  # (because index %s is out of range for count)\n", buf_text(&key));
		break;
	case REASON_EACH_KEY:
		buf_addf(out, "  # (because key %s is not in for_each map)\n", buf_text(&key));
		break;
	case REASON_DISABLED:
		buf_adds(out, "  # (because lifecycle.enabled is false)\n");
		break;
	case REASON_DEPOSED:
	case REASON_NONE:
	case REASON_TAINTED:
	case REASON_REQUESTED:
	case REASON_TRIGGERED:
	case REASON_CANNOT_UPDATE:
	case REASON_READ_UNKNOWN:
	case REASON_READ_DEPENDENCY:
		break;
	}
}

static void add_comment(const struct comment *c, enum cause cause, bool color, struct buf *out)
{
	const char *bold = tint(color, TINT_BOLD), *none = tint(color, TINT_NONE);
	AUTO_BUF struct buf red = BUF_INIT;
	buf_addf(&red, "%s%s", bold, tint(color, TINT_RED));
	const char *loud = buf_text(&red);
	AUTO_BUF struct buf shown = BUF_INIT;
	buf_adds(&shown, c->address);
	bool deposed = c->deposed && *c->deposed;
	if (deposed)
		buf_addf(&shown, " (deposed object %s)", c->deposed);
	const char *address = buf_text(&shown);
	bool told_move = false, told_import = false;
	if (c->action != PLAN_NOOP && c->action != PLAN_FORGET)
		buf_addf(out, "%s  # %s%s", bold, address, none);
	switch (c->action) {
	case PLAN_CREATE:
		buf_adds(out, " will be created\n");
		break;
	case PLAN_READ:
		buf_adds(out, " will be read during apply\n");
		if (c->reason == REASON_READ_UNKNOWN)
			buf_adds(out, "  # (config refers to values not yet known)\n");
		else if (c->reason == REASON_READ_DEPENDENCY)
			buf_adds(out, "  # (depends on a resource or a module with changes pending)\n");
		break;
	case PLAN_UPDATE:
		buf_adds(out, cause == CAUSE_PLAN ? " will be updated in-place\n" : " has changed\n");
		break;
	case PLAN_DELETE_THEN_CREATE:
	case PLAN_CREATE_THEN_DELETE:
		if (c->reason == REASON_TAINTED)
			buf_addf(out, " is tainted, so must be %sreplaced%s\n", loud, none);
		else if (c->reason == REASON_REQUESTED)
			buf_addf(out, " will be %sreplaced%s, as requested\n", loud, none);
		else if (c->reason == REASON_TRIGGERED)
			buf_addf(out, " will be %sreplaced%s due to changes in replace_triggered_by\n", loud, none);
		else
			buf_addf(out, " must be %sreplaced%s\n", loud, none);
		break;
	case PLAN_DELETE:
		if (cause == CAUSE_PLAN)
			buf_addf(out, " will be %sdestroyed%s\n", loud, none);
		else
			buf_adds(out, " has been deleted\n");
		add_delete_reason(c, out);
		if (deposed)
			buf_adds(out, "  # (left over from a partially-failed replacement of this instance)\n");
		break;
	case PLAN_FORGET:
		buf_addf(out, "%s # %s%s will %s, but %swill not be destroyed%s\n", bold, address, none,
			 deposed ? "be removed from infra's state" : "no longer be managed by infra", loud, none);
		if (deposed)
			buf_adds(out, " # (left over from a partially-failed replacement of this instance)\n");
		buf_adds(out, " # (destroy = false is set in the configuration)\n");
		break;
	case PLAN_NOOP:
		if (c->previous) {
			buf_addf(out, "%s  # %s%s has moved to %s%s%s\n", bold, c->previous, none, bold, address, none);
			told_move = true;
		} else if (c->importing) {
			buf_addf(out, "%s  # %s%s will be imported\n", bold, address, none);
			told_import = true;
		}
		break;
	}
	if (c->previous && !told_move)
		buf_addf(out, "  # (moved from %s)\n", c->previous);
	if (c->importing && !told_import)
		buf_addf(out, "  # (imported from \"%s\")\n", c->import_id ? c->import_id : "");
	if (c->importing && (c->action == PLAN_DELETE_THEN_CREATE || c->action == PLAN_CREATE_THEN_DELETE))
		buf_addf(out, "  # %sWarning: this will destroy the imported resource%s\n", tint(color, TINT_YELLOW), none);
}

/* ---- changes ---- */

static void add_header(const struct address *parts, enum plan_action action, bool color, struct buf *out)
{
	sign_print(action, color, out);
	buf_addf(out, " %s \"%s\" \"%s\" ", parts->data ? "data" : "resource", parts->type, parts->name);
}

static bool is_shown(const struct change *change)
{
	if (change->action == PLAN_DELETE && change->parts.data)
		return false;
	return change->action != PLAN_NOOP || change->importing || has_moved(change);
}

static void add_change(const struct change *change, const struct render_options *options, struct arena *arena, struct buf *out)
{
	struct comment comment = {
		.address = change->address,
		.deposed = change->deposed,
		.previous = has_moved(change) ? change->previous_address : NULL,
		.parts = &change->parts,
		.action = change->action,
		.reason = change->reason,
		.importing = change->importing,
		.import_id = change->import_id,
	};
	buf_addc(out, '\n');
	add_comment(&comment, CAUSE_PLAN, options->color, out);
	add_header(&change->parts, change->action, options->color, out);
	const struct value *after = change->action == PLAN_FORGET ? change->prior : change->planned;
	const struct piece *piece = piece_of_object(arena, change->type->schema, change->prior, after, change->replace,
						    change->replace_count, NULL, 0);
	struct piece_style style = {.out = out, .arena = arena, .color = options->color, .all = change->importing};
	piece_print(&style, piece, 0);
	buf_addc(out, '\n');
	arena_reset(arena);
	flush(options, out);
}

static void add_legend(const struct plan *plan, const struct render_options *options, struct buf *out)
{
	static const struct {
		enum plan_action action;
		const char *text;
	} rows[] = {
		{PLAN_CREATE, "create"},
		{PLAN_UPDATE, "update in-place"},
		{PLAN_DELETE, "destroy"},
		{PLAN_DELETE_THEN_CREATE, "destroy and then create replacement"},
		{PLAN_CREATE_THEN_DELETE, "create replacement and then destroy"},
		{PLAN_READ, "read (data resources)"},
	};
	bool used[ARRAY_LEN(rows)] = {false}, any = false;
	for (size_t i = 0; i < plan->change_count; i++) {
		for (size_t k = 0; k < ARRAY_LEN(rows); k++)
			used[k] |= plan->changes[i].action == rows[k].action && is_shown(&plan->changes[i]);
		any |= plan->changes[i].action != PLAN_NOOP && is_shown(&plan->changes[i]);
	}
	if (!any)
		return;
	buf_adds(out, "\nResource actions are indicated with the following symbols:\n");
	for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
		if (!used[k])
			continue;
		sign_print(rows[k].action, options->color, out);
		buf_addf(out, " %s\n", rows[k].text);
	}
}

void render_counts(const struct plan *plan, const struct render_options *options, struct buf *out)
{
	struct plan_counts counts = plan_count(plan);
	buf_addf(out, "\n%sPlan:%s ", tint(options->color, TINT_BOLD), tint(options->color, TINT_NONE));
	if (counts.import)
		buf_addf(out, "%zu to import, ", counts.import);
	buf_addf(out, "%zu to add, %zu to change, %zu to destroy.\n", counts.add, counts.change, counts.destroy);
}

/* ---- drift ---- */

/* What of a drift belongs to the plan. */
static const struct value_path *relevant_paths(const struct plan *plan, const struct drift *drift, const struct address *parts,
					       struct arena *arena, size_t *count)
{
	struct module_step *steps = arena_array_of(arena, parts->module_count, struct module_step);
	for (size_t i = 0; i < parts->module_count; i++)
		steps[i] = (struct module_step){.name = parts->modules[i].name};
	struct address plain = *parts;
	plain.modules = steps;
	plain.key = (struct instance_key){0};
	const char *resource = address_print(arena, &plain);
	(void)drift;
	struct value_path *paths = arena_array_of(arena, plan->relevant_count + 1, struct value_path);
	*count = 0;
	for (size_t i = 0; i < plan->relevant_count; i++) {
		if (!strcmp(plan->relevant[i].resource, resource))
			paths[(*count)++] = plan->relevant[i].path;
	}
	return paths;
}

static bool add_drift(const struct plan *plan, const struct drift *drift, const struct render_options *options, struct arena *arena,
		      struct buf *out)
{
	bool all = plan->mode == PLAN_REFRESH_ONLY;
	struct address parts;
	struct diags ignored;
	diags_init(&ignored);
	bool ok = address_parse(arena, drift->address, &parts, &ignored);
	diags_release(&ignored);
	if (!ok)
		return false;
	size_t count = 0;
	const struct value_path *paths = all ? NULL : relevant_paths(plan, drift, &parts, arena, &count);
	if (!all && !count)
		return false;
	const struct piece *piece =
		piece_of_object(arena, drift->type->schema, drift->before, drift->after, NULL, 0, paths, count);
	bool moved = drift->previous_address && strcmp(drift->previous_address, drift->address) != 0;
	if (piece->action == PLAN_NOOP && !(all && moved))
		return false;
	struct comment comment = {
		.address = drift->address,
		.deposed = drift->deposed,
		.previous = moved ? drift->previous_address : NULL,
		.parts = &parts,
		.action = piece->action == PLAN_NOOP ? PLAN_NOOP : drift->after ? PLAN_UPDATE : PLAN_DELETE,
	};
	buf_addc(out, '\n');
	add_comment(&comment, CAUSE_DRIFT, options->color, out);
	add_header(&parts, comment.action, options->color, out);
	struct piece_style style = {.out = out, .arena = arena, .color = options->color};
	piece_print(&style, piece, 0);
	buf_addc(out, '\n');
	return true;
}

static bool add_drifts(const struct plan *plan, const struct render_options *options, struct arena *arena, struct buf *out)
{
	const char *bold = tint(options->color, TINT_BOLD), *cyan = tint(options->color, TINT_CYAN), *none = tint(options->color, TINT_NONE);
	bool any = false, quiet = plan_is_empty(plan) && plan->mode != PLAN_REFRESH_ONLY;
	for (size_t i = 0; i < plan->drift_count && !quiet; i++) {
		AUTO_BUF struct buf one = BUF_INIT;
		if (add_drift(plan, &plan->drifts[i], options, arena, &one)) {
			if (!any) {
				buf_addf(out, "\n%s%sNote:%s%s Objects have changed outside of infra%s\n\n", bold, cyan, none, bold, none);
				render_text("Something else has made these changes since the last \"infra apply\", and they may have affected this plan:",
					    options, out);
			}
			any = true;
			buf_add(out, one.ptr, one.len);
			flush(options, out);
		}
		arena_reset(arena);
	}
	if (!any)
		return false;
	buf_adds(out, "\n\n");
	render_text(plan->mode == PLAN_REFRESH_ONLY
			    ? "A refresh-only plan undoes none of this. Apply it if these are the values to go on with: they are then recorded in "
			      "the state, and no object is changed."
			    : "What follows may undo these changes or respond to them, unless the configuration says the same or ignores the "
			      "attributes with ignore_changes.",
		    options, out);
	return true;
}

/* ---- outputs ---- */

static bool add_outputs(const struct plan *plan, const struct render_options *options, struct arena *arena, struct buf *out)
{
	size_t width = 0;
	for (size_t i = 0; i < plan->output_count; i++) {
		size_t len = strlen(piece_name(arena, plan->outputs[i].name));
		width = len > width ? len : width;
	}
	bool any = false;
	for (size_t i = 0; i < plan->output_count; i++) {
		const struct output_change *o = &plan->outputs[i];
		const struct value *before = o->before, *after = o->after;
		/* both sides are hidden where one is to be */
		bool sensitive = o->sensitive || (before && value_is_sensitive(before)) || (after && value_is_sensitive(after));
		if (sensitive && before)
			before = value_mark(arena, before, VALUE_SENSITIVE);
		if (sensitive && after)
			after = value_mark(arena, after, VALUE_SENSITIVE);
		const struct piece *piece = piece_of_value(arena, before, after);
		if (piece->action == PLAN_NOOP)
			continue;
		if (sensitive && piece->action == PLAN_UPDATE && before && after && diff_same(before, after))
			continue;
		if (!any)
			buf_adds(out, "\nChanges to Outputs:\n");
		any = true;
		sign_print(piece->action, options->color, out);
		const char *name = piece_name(arena, o->name);
		buf_addf(out, " %s", name);
		buf_add_repeated(out, ' ', width - strlen(name));
		buf_adds(out, " = ");
		struct piece_style style = {.out = out, .arena = arena, .color = options->color};
		piece_print(&style, piece, 0);
		buf_addc(out, '\n');
		flush(options, out);
	}
	arena_reset(arena);
	return any;
}

/* ---- the whole ---- */

static void add_clouds(const struct plan *plan, struct buf *out)
{
	for (size_t i = 0; i < plan->cloud_count; i++) {
		const char *equals = strstr(plan->clouds[i], " = ");
		if (equals)
			buf_addf(out, "%sCloud: %s (provider \"%.*s\")\n", i ? "" : "\n", equals + 3, (int)(equals - plan->clouds[i]), plan->clouds[i]);
	}
}

static void add_nothing(const struct plan *plan, bool told_drift, const struct render_options *options, struct buf *out)
{
	const char *bold = tint(options->color, TINT_BOLD), *green = tint(options->color, TINT_GREEN), *red = tint(options->color, TINT_RED),
		   *none = tint(options->color, TINT_NONE);
	if (told_drift && (plan->mode != PLAN_REFRESH_ONLY || plan->errored))
		render_rule(options, out);
	if (plan->errored) {
		buf_addf(out, "\n%s%sPlanning failed.%s%s infra encountered an error while generating this plan.%s\n\n", bold, red, none, bold, none);
		return;
	}
	if (plan->mode == PLAN_REFRESH_ONLY && told_drift)
		return;
	static const struct {
		const char *what, *why;
	} texts[] = {
		[PLAN_NORMAL] = {"Your infrastructure matches the configuration.",
				 "What exists was compared with the configuration; there is nothing to do."},
		[PLAN_DESTROY] = {"No objects need to be destroyed.",
				  "Either nothing was made yet, or the objects were deleted outside of infra."},
		[PLAN_REFRESH_ONLY] = {"Your infrastructure still matches the configuration.",
				       "What exists is what the last changes made."},
	};
	buf_addf(out, "\n%s%sNo changes.%s%s %s%s\n\n", bold, green, none, bold, texts[plan->mode].what, none);
	render_text(texts[plan->mode].why, options, out);
}

void render_plan(const struct plan *plan, const struct render_options *options, struct buf *out)
{
	struct arena *arena = arena_new();
	add_clouds(plan, out);
	bool drift = add_drifts(plan, options, arena, out);
	bool changes = false;
	for (size_t i = 0; i < plan->change_count && !changes; i++)
		changes = is_shown(&plan->changes[i]);
	AUTO_BUF struct buf outputs = BUF_INIT;
	struct render_options held = *options;
	held.flush = NULL;
	bool outputs_change = add_outputs(plan, &held, arena, &outputs);
	if (!changes && !outputs_change)
		add_nothing(plan, drift, options, out);
	else if (drift)
		render_rule(options, out);
	if (changes) {
		add_legend(plan, options, out);
		buf_adds(out, plan->errored ? "\ninfra planned the following actions, but then encountered a problem:\n"
					    : "\ninfra will perform the following actions:\n");
		for (size_t i = 0; i < plan->change_count; i++) {
			if (is_shown(&plan->changes[i]))
				add_change(&plan->changes[i], options, arena, out);
		}
		render_counts(plan, options, out);
	}
	if (outputs_change) {
		buf_add(out, outputs.ptr, outputs.len);
		if (!plan_has_resource_changes(plan)) {
			buf_addc(out, '\n');
			render_text("Applying this plan records these output values in the state; no object is changed.", options, out);
		}
	}
	arena_free(arena);
}

/* ---- states ---- */

void render_output(const struct value *value, const struct render_options *options, struct buf *out)
{
	(void)options;
	if (value_is_sensitive(value))
		buf_adds(out, "<sensitive>");
	else
		value_print(value, out);
}

void render_outputs(const struct state *state, const struct render_options *options, struct buf *out)
{
	for (size_t i = 0; i < state_output_count(state); i++) {
		const struct state_output *output = state_output_at(state, i);
		buf_addf(out, "%s = ", output->name);
		render_output(output->value, options, out);
		buf_addc(out, '\n');
	}
}

void render_object(const struct object *object, const struct schema *schema, const struct render_options *options, struct buf *out)
{
	struct arena *arena = arena_new();
	buf_addf(out, "# %s:", object->address);
	if (*object->deposed)
		buf_addf(out, " (deposed object %s)", object->deposed);
	if (object->status == OBJECT_TAINTED)
		buf_adds(out, " (tainted)");
	buf_addf(out, "\n%s \"%s\" \"%s\" ", object->parts.data ? "data" : "resource", object->parts.type, object->parts.name);
	struct piece_style style = {.out = out, .arena = arena, .color = options->color, .no_signs = true, .all = true};
	const struct piece *piece = schema ? piece_of_object(arena, schema, object->value, object->value, NULL, 0, NULL, 0)
					   : piece_of_value(arena, object->value, object->value);
	piece_print(&style, piece, 0);
	buf_addc(out, '\n');
	arena_free(arena);
}

static bool same_module(const struct address *a, const struct address *b)
{
	struct address x = *a, y = *b;
	x.type = y.type = NULL;
	return !address_compare(&x, &y);
}

void render_state(const struct state *state, render_schema_fn schema_of, void *ctx, const struct render_options *options,
		  struct buf *out)
{
	for (size_t i = 0; i < state_object_count(state); i++) {
		const struct object *object = state_object_at(state, i);
		if (i)
			buf_addc(out, '\n');
		if (i && !same_module(&state_object_at(state, i - 1)->parts, &object->parts))
			buf_addc(out, '\n');
		render_object(object, schema_of(ctx, object), options, out);
		flush(options, out);
	}
	if (!state_output_count(state))
		return;
	buf_addf(out, "%s\nOutputs:\n\n", state_object_count(state) ? "\n" : "");
	struct arena *arena = arena_new();
	for (size_t i = 0; i < state_output_count(state); i++) {
		const struct state_output *output = state_output_at(state, i);
		buf_addf(out, "%s = ", output->name);
		struct piece_style style = {.out = out, .arena = arena, .color = options->color, .no_signs = true, .all = true};
		piece_print(&style, piece_of_value(arena, output->value, output->value), 0);
		buf_addc(out, '\n');
		arena_reset(arena);
	}
	arena_free(arena);
}
