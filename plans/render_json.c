/* SPDX-License-Identifier: Apache-2.0 */
/* Plans and states as JSON documents: Terraform's forms 1.2 and 1.0. */
#include "plans/render_internal.h"

#include "lang/value/jsonw.h"
#include "plans/render_json.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FLUSH_AT = 64 * 1024 };

static void flush(const struct render_options *options, struct buf *out)
{
	if (options && options->flush && out->len > FLUSH_AT)
		options->flush(options->ctx, out);
}

/* ---- resources by module ---- */

struct entry { /* one object on its way into "resources" */
	const struct address *parts;
	const char *address, *deposed;
	const char *source; /* of its provider */
	unsigned schema_version;
	const struct value *value;
	const char *const *dependencies;
	size_t dependency_count;
	bool tainted;
};

static int compare_step(const struct module_step *a, const struct module_step *b)
{
	int order = strcmp(a->name, b->name);
	if (!order && a->key.kind != b->key.kind)
		order = a->key.kind < b->key.kind ? -1 : 1;
	if (!order && a->key.kind == KEY_INDEX)
		order = (a->key.index > b->key.index) - (a->key.index < b->key.index);
	if (!order && a->key.kind == KEY_NAME)
		order = strcmp(a->key.name, b->key.name);
	return order;
}

/* A module's own objects, then those of the modules in it, one behind the other. */
static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	for (size_t i = 0; i < x->parts->module_count && i < y->parts->module_count; i++) {
		int order = compare_step(&x->parts->modules[i], &y->parts->modules[i]);
		if (order)
			return order;
	}
	if (x->parts->module_count != y->parts->module_count)
		return x->parts->module_count < y->parts->module_count ? -1 : 1;
	int order = address_compare(x->parts, y->parts);
	return order ? order : strcmp(x->deposed, y->deposed);
}

static void add_key(struct jsonw *w, const char *name, struct instance_key key)
{
	if (key.kind == KEY_INDEX)
		jsonw_int(w, name, (int64_t)key.index);
	else if (key.kind == KEY_NAME)
		jsonw_text(w, name, key.name);
}

static void add_entry(struct jsonw *w, const struct entry *e)
{
	jsonw_open(w, NULL, '{');
	jsonw_text(w, "address", e->address);
	jsonw_text(w, "mode", e->parts->data ? "data" : "managed");
	jsonw_text(w, "type", e->parts->type);
	jsonw_text(w, "name", e->parts->name);
	add_key(w, "index", e->parts->key);
	jsonw_text(w, "provider_name", e->source);
	jsonw_int(w, "schema_version", e->schema_version);
	jsonw_known(w, "values", e->value);
	jsonw_sensitive(w, "sensitive_values", e->value);
	if (e->dependency_count) {
		jsonw_open(w, "depends_on", '[');
		for (size_t i = 0; i < e->dependency_count; i++)
			jsonw_text(w, NULL, e->dependencies[i]);
		jsonw_close(w, ']');
	}
	if (e->tainted)
		jsonw_bool(w, "tainted", true);
	if (*e->deposed)
		jsonw_text(w, "deposed_key", e->deposed);
	jsonw_close(w, '}');
}

/* Entries of one module instance at `depth` and of those in it; recursion goes as deep as modules nest. */
static void add_module(struct jsonw *w, const struct entry *entries, size_t count, size_t depth, const struct render_options *options,
		       struct arena *arena)
{
	size_t at = 0;
	if (at < count && entries[at].parts->module_count == depth) {
		jsonw_open(w, "resources", '[');
		for (; at < count && entries[at].parts->module_count == depth; at++) {
			add_entry(w, &entries[at]);
			flush(options, w->out);
		}
		jsonw_close(w, ']');
	}
	if (depth) {
		struct address module = *entries[0].parts;
		module.type = NULL;
		module.module_count = depth;
		jsonw_text(w, "address", address_print(arena, &module));
	}
	if (at == count)
		return;
	jsonw_open(w, "child_modules", '[');
	while (at < count) {
		size_t end = at + 1;
		while (end < count && !compare_step(&entries[at].parts->modules[depth], &entries[end].parts->modules[depth]))
			end++;
		jsonw_open(w, NULL, '{');
		add_module(w, entries + at, end - at, depth + 1, options, arena);
		jsonw_close(w, '}');
		at = end;
	}
	jsonw_close(w, ']');
}

static void add_root_module(struct jsonw *w, struct entry *entries, size_t count, const struct render_options *options, struct arena *arena)
{
	if (count)
		qsort(entries, count, sizeof(*entries), compare_entries);
	jsonw_open(w, "root_module", '{');
	add_module(w, entries, count, 0, options, arena);
	jsonw_close(w, '}');
}

static struct entry entry_of(const struct resource_type *type, const struct address *parts, const char *address, const char *deposed,
			     const struct value *value)
{
	return (struct entry){
		.parts = parts,
		.address = address,
		.deposed = deposed,
		.source = type->kind->source,
		.schema_version = type->schema->version,
		.value = value,
	};
}

static void add_output(struct jsonw *w, const char *name, const struct value *value, bool sensitive)
{
	jsonw_open(w, name, '{');
	jsonw_bool(w, "sensitive", sensitive);
	if (value && value_is_wholly_known(value)) {
		AUTO_BUF struct buf type = BUF_INIT;
		type_print_json(value->type, &type);
		jsonw_raw(w, "type", buf_text(&type), type.len);
		jsonw_value(w, "value", value);
	}
	jsonw_close(w, '}');
}

/* ---- a state ---- */

void json_object(const struct object *object, const struct schema *schema, struct buf *out)
{
	struct jsonw w = {.out = out, .html_safe = true};
	const struct provider_kind *kind = provider_find_kind(object->kind);
	struct entry entry = {
		.parts = &object->parts,
		.address = object->address,
		.deposed = object->deposed,
		.source = kind ? kind->source : object->kind,
		.schema_version = schema ? schema->version : object->schema_version,
		.value = object->value,
		.dependencies = object->dependencies,
		.dependency_count = object->dependency_count,
		.tainted = object->status == OBJECT_TAINTED,
	};
	add_entry(&w, &entry);
}

void json_state(const struct state *state, render_schema_fn schema_of, void *ctx, const struct render_options *options, struct buf *out)
{
	struct jsonw w = {.out = out, .html_safe = true};
	struct arena *arena = arena_new();
	size_t count = state_object_count(state);
	struct entry *entries = arena_array_of(arena, count, struct entry);
	for (size_t i = 0; i < count; i++) {
		const struct object *object = state_object_at(state, i);
		const struct schema *schema = schema_of(ctx, object);
		const struct provider_kind *kind = provider_find_kind(object->kind);
		entries[i] = (struct entry){
			.parts = &object->parts,
			.address = object->address,
			.deposed = object->deposed,
			.source = kind ? kind->source : object->kind,
			.schema_version = schema ? schema->version : object->schema_version,
			.value = object->value,
			.dependencies = object->dependencies,
			.dependency_count = object->dependency_count,
			.tainted = object->status == OBJECT_TAINTED,
		};
	}
	jsonw_open(&w, NULL, '{');
	jsonw_text(&w, "format_version", "1.0");
	if (count || state_output_count(state)) {
		jsonw_text(&w, "terraform_version", TERRAFORM_FORMS);
		jsonw_open(&w, "values", '{');
		if (state_output_count(state)) {
			jsonw_open(&w, "outputs", '{');
			for (size_t i = 0; i < state_output_count(state); i++) {
				const struct state_output *output = state_output_at(state, i);
				add_output(&w, output->name, output->value, value_marks_deep(output->value) & VALUE_SENSITIVE);
			}
			jsonw_close(&w, '}');
		}
		add_root_module(&w, entries, count, options, arena);
		jsonw_close(&w, '}');
	}
	jsonw_close(&w, '}');
	buf_addc(out, '\n');
	arena_free(arena);
}

void json_outputs(const struct state *state, struct buf *out)
{
	struct jsonw w = {.out = out, .pretty = true, .html_safe = true};
	jsonw_open(&w, NULL, '{');
	for (size_t i = 0; i < state_output_count(state); i++) {
		const struct state_output *output = state_output_at(state, i);
		AUTO_BUF struct buf type = BUF_INIT;
		type_print_json(output->value->type, &type);
		jsonw_open(&w, output->name, '{');
		jsonw_bool(&w, "sensitive", value_marks_deep(output->value) & VALUE_SENSITIVE);
		jsonw_raw(&w, "type", buf_text(&type), type.len);
		jsonw_value(&w, "value", output->value);
		jsonw_close(&w, '}');
	}
	jsonw_close(&w, '}');
	buf_addc(out, '\n');
}

/* ---- a plan ---- */

static void add_variables(struct jsonw *w, const struct plan *plan, const struct config *config)
{
	const struct value *given = plan->variables;
	jsonw_open(w, "variables", '{');
	if (config) {
		const struct map *declared = &config->root->variables;
		for (struct map_entry *e = map_first(declared); e; e = map_next(declared, e)) {
			const struct variable *variable = e->value;
			const struct value *v = given && given->state == VALUE_KNOWN ? value_get(given, variable->name) : NULL;
			v = v ? v : variable->fallback;
			if (!v)
				continue;
			jsonw_open(w, variable->name, '{');
			if (!value_is_null(v))
				jsonw_known(w, "value", v);
			jsonw_close(w, '}');
		}
	} else {
		for (uint32_t i = 0; given && given->state == VALUE_KNOWN && i < given->count; i++) {
			jsonw_open(w, value_key_at(given, i), '{');
			jsonw_known(w, "value", given->items[i]);
			jsonw_close(w, '}');
		}
	}
	jsonw_close(w, '}');
}

static void add_planned_values(struct jsonw *w, const struct plan *plan, const struct render_options *options, struct arena *arena)
{
	struct entry *entries = arena_array_of(arena, plan->change_count + plan->prior_count, struct entry);
	size_t count = 0;
	struct map changed = MAP_INIT;
	for (size_t i = 0; i < plan->change_count; i++) {
		const struct change *c = &plan->changes[i];
		if (!*c->deposed)
			map_put(&changed, c->address, (void *)(uintptr_t)1);
		if (c->previous_address)
			map_put(&changed, c->previous_address, (void *)(uintptr_t)1);
		if (!*c->deposed && c->planned && (!c->parts.data || c->action == PLAN_READ))
			entries[count++] = entry_of(c->type, &c->parts, c->address, "", c->planned);
	}
	for (size_t i = 0; i < plan->prior_count; i++) { /* what the plan leaves alone */
		const struct prior_object *o = &plan->priors[i];
		if (!*o->deposed && !map_find(&changed, o->address) && plan->mode != PLAN_DESTROY)
			entries[count++] = entry_of(o->type, &o->parts, o->address, "", o->value);
	}
	map_release(&changed);
	jsonw_open(w, "planned_values", '{');
	bool any = false;
	for (size_t i = 0; i < plan->output_count; i++) {
		if (!plan->outputs[i].after)
			continue;
		if (!any)
			jsonw_open(w, "outputs", '{');
		any = true;
		add_output(w, plan->outputs[i].name, plan->outputs[i].after, plan->outputs[i].sensitive);
	}
	if (any)
		jsonw_close(w, '}');
	add_root_module(w, entries, count, options, arena);
	jsonw_close(w, '}');
}

static void add_prior_state(struct jsonw *w, const struct plan *plan, const struct render_options *options, struct arena *arena)
{
	struct entry *entries = arena_array_of(arena, plan->prior_count + plan->change_count, struct entry);
	size_t count = 0;
	for (size_t i = 0; i < plan->prior_count; i++) {
		const struct prior_object *o = &plan->priors[i];
		struct entry *e = &entries[count++];
		*e = entry_of(o->type, &o->parts, o->address, o->deposed, o->value);
		e->dependencies = o->dependencies;
		e->dependency_count = o->dependency_count;
		e->tainted = o->tainted;
	}
	for (size_t i = 0; i < plan->change_count; i++) { /* data sources that were read */
		const struct change *c = &plan->changes[i];
		if (c->parts.data && c->action == PLAN_NOOP && c->planned)
			entries[count++] = entry_of(c->type, &c->parts, c->address, "", c->planned);
	}
	bool any = count > 0;
	for (size_t i = 0; i < plan->output_count && !any; i++)
		any = plan->outputs[i].before || (plan->outputs[i].after && value_is_wholly_known(plan->outputs[i].after));
	if (!any)
		return;
	jsonw_open(w, "prior_state", '{');
	jsonw_text(w, "format_version", "1.0");
	jsonw_text(w, "terraform_version", TERRAFORM_FORMS);
	jsonw_open(w, "values", '{');
	any = false;
	for (size_t i = 0; i < plan->output_count; i++) {
		const struct output_change *o = &plan->outputs[i];
		const struct value *v = o->after && value_is_wholly_known(o->after) ? o->after : o->before;
		if (!v)
			continue;
		if (!any)
			jsonw_open(w, "outputs", '{');
		any = true;
		add_output(w, o->name, v, value_marks_deep(v) & VALUE_SENSITIVE);
	}
	if (any)
		jsonw_close(w, '}');
	add_root_module(w, entries, count, options, arena);
	jsonw_close(w, '}');
	jsonw_close(w, '}');
}

static void add_actions(struct jsonw *w, enum plan_action action)
{
	static const struct {
		const char *first, *second;
	} names[] = {
		[PLAN_NOOP] = {"no-op", NULL},
		[PLAN_CREATE] = {"create", NULL},
		[PLAN_READ] = {"read", NULL},
		[PLAN_UPDATE] = {"update", NULL},
		[PLAN_DELETE] = {"delete", NULL},
		[PLAN_DELETE_THEN_CREATE] = {"delete", "create"},
		[PLAN_CREATE_THEN_DELETE] = {"create", "delete"},
		[PLAN_FORGET] = {"forget", NULL},
	};
	jsonw_open(w, "actions", '[');
	jsonw_text(w, NULL, names[action].first);
	if (names[action].second)
		jsonw_text(w, NULL, names[action].second);
	jsonw_close(w, ']');
}

static const char *reason_name(enum plan_reason reason)
{
	static const char *const names[] = {
		[REASON_TAINTED] = "replace_because_tainted",
		[REASON_REQUESTED] = "replace_by_request",
		[REASON_TRIGGERED] = "replace_by_triggers",
		[REASON_CANNOT_UPDATE] = "replace_because_cannot_update",
		[REASON_NO_CONFIG] = "delete_because_no_resource_config",
		[REASON_NO_CALL] = "delete_because_no_resource_config",
		[REASON_NO_MODULE] = "delete_because_no_module",
		[REASON_COUNT_INDEX] = "delete_because_count_index",
		[REASON_EACH_KEY] = "delete_because_each_key",
		[REASON_WRONG_REPETITION] = "delete_because_wrong_repetition",
		[REASON_NO_MOVE_TARGET] = "delete_because_no_move_target",
		[REASON_READ_UNKNOWN] = "read_because_config_unknown",
		[REASON_READ_DEPENDENCY] = "read_because_dependency_pending",
		[REASON_DEPOSED] = NULL,
	};
	return names[reason];
}

static void add_path(struct jsonw *w, const char *key, const struct value_path *path)
{
	jsonw_open(w, key, '[');
	for (size_t i = 0; i < path->count; i++) {
		const struct value_step *step = &path->steps[i];
		if (step->name)
			jsonw_text(w, NULL, step->name);
		else if (step->member)
			jsonw_known(w, NULL, step->member);
		else
			jsonw_int(w, NULL, (int64_t)step->index);
	}
	jsonw_close(w, ']');
}

static void add_sides(struct jsonw *w, const struct value *before, const struct value *after)
{
	jsonw_known(w, "before", before);
	if (!after || after->state != VALUE_UNKNOWN)
		jsonw_known(w, "after", after);
	if (after && after->deep_unknown)
		jsonw_unknown(w, "after_unknown", after);
	else
		jsonw_raw(w, "after_unknown", "{}", 2);
	jsonw_sensitive(w, "before_sensitive", before);
	jsonw_sensitive(w, "after_sensitive", after);
}

static void add_head(struct jsonw *w, const struct address *parts, const char *address, const char *previous, const char *deposed,
		     const struct resource_type *type, struct arena *arena)
{
	jsonw_text(w, "address", address);
	if (previous && strcmp(previous, address) != 0)
		jsonw_text(w, "previous_address", previous);
	if (parts->module_count) {
		struct address module = *parts;
		module.type = NULL;
		jsonw_text(w, "module_address", address_print(arena, &module));
	}
	jsonw_text(w, "mode", parts->data ? "data" : "managed");
	jsonw_text(w, "type", parts->type);
	jsonw_text(w, "name", parts->name);
	add_key(w, "index", parts->key);
	jsonw_text(w, "provider_name", type->kind->source);
	if (*deposed)
		jsonw_text(w, "deposed", deposed);
}

static void add_change(struct jsonw *w, const struct change *c, struct arena *arena)
{
	if (c->parts.data && c->action == PLAN_NOOP)
		return;
	jsonw_open(w, NULL, '{');
	add_head(w, &c->parts, c->address, c->previous_address, c->deposed, c->type, arena);
	jsonw_open(w, "change", '{');
	add_actions(w, c->action);
	add_sides(w, c->prior, c->planned);
	if (c->replace_count) {
		jsonw_open(w, "replace_paths", '[');
		for (size_t i = 0; i < c->replace_count; i++)
			add_path(w, NULL, &c->replace[i]);
		jsonw_close(w, ']');
	}
	if (c->importing) {
		jsonw_open(w, "importing", '{');
		jsonw_text(w, "id", c->import_id);
		jsonw_close(w, '}');
	}
	jsonw_close(w, '}');
	if (reason_name(c->reason))
		jsonw_text(w, "action_reason", reason_name(c->reason));
	jsonw_close(w, '}');
}

static void add_drifts(struct jsonw *w, const struct plan *plan, const struct render_options *options, struct arena *arena)
{
	if (!plan->drift_count)
		return;
	jsonw_open(w, "resource_drift", '[');
	for (size_t i = 0; i < plan->drift_count; i++) {
		const struct drift *d = &plan->drifts[i];
		struct address parts;
		struct diags ignored;
		diags_init(&ignored);
		bool ok = address_parse(arena, d->address, &parts, &ignored);
		diags_release(&ignored);
		if (!ok)
			continue;
		jsonw_open(w, NULL, '{');
		add_head(w, &parts, d->address, d->previous_address, d->deposed, d->type, arena);
		jsonw_open(w, "change", '{');
		add_actions(w, d->after ? PLAN_UPDATE : PLAN_DELETE);
		add_sides(w, d->before, d->after);
		jsonw_close(w, '}');
		jsonw_close(w, '}');
		flush(options, w->out);
	}
	jsonw_close(w, ']');
}

static void add_outputs(struct jsonw *w, const struct plan *plan)
{
	if (!plan->output_count)
		return;
	jsonw_open(w, "output_changes", '{');
	for (size_t i = 0; i < plan->output_count; i++) {
		const struct output_change *o = &plan->outputs[i];
		bool sensitive = o->sensitive || (o->before && value_is_sensitive(o->before)) || (o->after && value_is_sensitive(o->after));
		bool same = o->before && o->after && diff_same(o->before, o->after);
		enum plan_action action = same || (!o->before && !o->after) ? PLAN_NOOP
					  : !o->before			    ? PLAN_CREATE
					  : !o->after			    ? PLAN_DELETE
									    : PLAN_UPDATE;
		jsonw_open(w, o->name, '{');
		add_actions(w, action);
		jsonw_known(w, "before", o->before);
		if (!o->after || o->after->state != VALUE_UNKNOWN)
			jsonw_known(w, "after", o->after);
		if (o->after && o->after->deep_unknown)
			jsonw_unknown(w, "after_unknown", o->after);
		else
			jsonw_bool(w, "after_unknown", false);
		jsonw_bool(w, "before_sensitive", sensitive);
		jsonw_bool(w, "after_sensitive", sensitive);
		jsonw_close(w, '}');
	}
	jsonw_close(w, '}');
}

static const char *const check_statuses[] = {
	[CHECK_PASS] = "pass", [CHECK_FAIL] = "fail", [CHECK_UNKNOWN] = "unknown", [CHECK_ERROR] = "error"};

static void add_check_instance(struct jsonw *w, const struct check_result *check, const char *in_module)
{
	AUTO_BUF struct buf shown = BUF_INIT;
	buf_addf(&shown, "%s%s%s", check->module, *check->module ? "." : "", in_module);
	jsonw_open(w, NULL, '{');
	jsonw_open(w, "address", '{');
	if (*check->module)
		jsonw_text(w, "module", check->module);
	jsonw_text(w, "to_display", buf_text(&shown));
	jsonw_close(w, '}');
	jsonw_text(w, "status", check_statuses[check->status]);
	if (check->problem_count) {
		jsonw_open(w, "problems", '[');
		for (size_t i = 0; i < check->problem_count; i++) {
			jsonw_open(w, NULL, '{');
			jsonw_text(w, "message", check->problems[i]);
			jsonw_close(w, '}');
		}
		jsonw_close(w, ']');
	}
	jsonw_close(w, '}');
}

/* One block in all instances of its module; as what it says as a whole, the gravest counts. */
static void add_check(struct jsonw *w, const struct check_result *checks, size_t count)
{
	static const int gravity[] = {[CHECK_PASS] = 0, [CHECK_UNKNOWN] = 1, [CHECK_FAIL] = 2, [CHECK_ERROR] = 3};
	const char *address = checks->address, *at = strstr(address, ".check.");
	const char *in_module = at ? at + 1 : address;
	enum check_status status = CHECK_PASS;
	for (size_t i = 0; i < count; i++) {
		if (gravity[checks[i].status] > gravity[status])
			status = checks[i].status;
	}
	jsonw_open(w, NULL, '{');
	jsonw_open(w, "address", '{');
	jsonw_text(w, "kind", "check");
	if (in_module != address) {
		AUTO_BUF struct buf module = BUF_INIT;
		buf_add(&module, address, (size_t)(in_module - address) - 1);
		jsonw_text(w, "module", buf_text(&module));
	}
	jsonw_text(w, "name", strrchr(address, '.') + 1);
	jsonw_text(w, "to_display", address);
	jsonw_close(w, '}');
	jsonw_text(w, "status", check_statuses[status]);
	jsonw_open(w, "instances", '[');
	for (size_t i = 0; i < count; i++)
		add_check_instance(w, &checks[i], in_module);
	jsonw_close(w, ']');
	jsonw_close(w, '}');
}

static void add_checks(struct jsonw *w, const struct plan *plan)
{
	if (!plan->check_count)
		return;
	jsonw_open(w, "checks", '[');
	for (size_t from = 0, to = 0; from < plan->check_count; from = to) {
		while (to < plan->check_count && !strcmp(plan->checks[to].address, plan->checks[from].address))
			to++;
		add_check(w, &plan->checks[from], to - from);
	}
	jsonw_close(w, ']');
}

void json_plan(const struct plan *plan, const struct config *config, const struct render_options *options, struct buf *out)
{
	struct jsonw w = {.out = out, .html_safe = true};
	struct arena *arena = arena_new();
	jsonw_open(&w, NULL, '{');
	jsonw_text(&w, "format_version", "1.2");
	jsonw_text(&w, "terraform_version", TERRAFORM_FORMS);
	jsonw_text(&w, "infra_version", plan->version);
	if ((config && map_size(&config->root->variables)) || (plan->variables && plan->variables->count))
		add_variables(&w, plan, config);
	add_planned_values(&w, plan, options, arena);
	add_drifts(&w, plan, options, arena);
	if (plan->change_count) {
		bool any = false;
		for (size_t i = 0; i < plan->change_count; i++) {
			const struct change *c = &plan->changes[i];
			if (c->parts.data && c->action == PLAN_NOOP)
				continue;
			if (!any)
				jsonw_open(&w, "resource_changes", '[');
			any = true;
			add_change(&w, c, arena);
			arena_reset(arena);
			flush(options, out);
		}
		if (any)
			jsonw_close(&w, ']');
	}
	add_outputs(&w, plan);
	add_prior_state(&w, plan, options, arena);
	if (config) {
		jsonw_key(&w, "configuration");
		json_config(config, &w);
	}
	if (plan->relevant_count) {
		jsonw_open(&w, "relevant_attributes", '[');
		for (size_t i = 0; i < plan->relevant_count; i++) {
			jsonw_open(&w, NULL, '{');
			jsonw_text(&w, "resource", plan->relevant[i].resource);
			add_path(&w, "attribute", &plan->relevant[i].path);
			jsonw_close(&w, '}');
		}
		jsonw_close(&w, ']');
	}
	add_checks(&w, plan);
	char when[32] = "";
	time_t at = (time_t)plan->made_at;
	struct tm tm;
	if (gmtime_r(&at, &tm))
		strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	jsonw_text(&w, "timestamp", when);
	jsonw_bool(&w, "applyable", plan_can_apply(plan));
	jsonw_bool(&w, "complete", !plan->errored && !plan->target_count && !plan->exclude_count);
	jsonw_bool(&w, "errored", plan->errored);
	jsonw_close(&w, '}');
	buf_addc(out, '\n');
	arena_free(arena);
}
