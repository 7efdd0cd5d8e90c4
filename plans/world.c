/* SPDX-License-Identifier: Apache-2.0 */
#include "plans/world.h"

#include "base/buf.h"
#include "lang/value/convert.h"

#include <stdlib.h>
#include <string.h>

struct memo {
	const struct value *value; /* NULL while it is being evaluated */
};

static struct module_instance *add_module_instance(struct world *world, struct module *module, struct module_instance *parent,
						   const struct instance *instance)
{
	struct arena *arena = world->arena;
	struct module_instance *mi = arena_new_of(arena, struct module_instance);
	mi->module = module;
	mi->parent = parent;
	mi->instance = instance;
	if (parent) {
		mi->key = instance->key;
		mi->depth = parent->depth + 1;
		mi->steps = arena_array_of(arena, mi->depth, struct module_step);
		if (parent->depth)
			memcpy(mi->steps, parent->steps, parent->depth * sizeof(*mi->steps));
		mi->steps[mi->depth - 1] = (struct module_step){module->name, instance->key};
	}
	struct address address = {.modules = mi->steps, .module_count = mi->depth};
	mi->address = mi->depth ? address_print(arena, &address) : "";
	struct module_list *list = map_find(&world->instances, module->path);
	if (!list) {
		list = arena_new_of(arena, struct module_list);
		map_put(&world->instances, module->path, list);
	}
	if (list->count == list->cap) {
		list->cap = list->cap ? list->cap * 2 : 4;
		struct module_instance **items = arena_array_of(arena, list->cap, struct module_instance *);
		if (list->count)
			memcpy(items, list->items, list->count * sizeof(struct module_instance *));
		list->items = items;
	}
	list->items[list->count++] = mi;
	return mi;
}

struct world *world_new(struct arena *arena, struct graph *graph, const struct map *inputs, const char *root_dir, int64_t plan_time,
			bool planning)
{
	struct world *world = arena_new_of(arena, struct world);
	*world = (struct world){
		.arena = arena, .graph = graph, .sources = graph->config->sources, .inputs = inputs, .root_dir = root_dir,
		.plan_time = plan_time, .planning = planning,
	};
	world->root = add_module_instance(world, graph->config->root, NULL, NULL);
	return world;
}

void world_release(struct world *world)
{
	if (!world)
		return;
	for (struct map_entry *e = map_first(&world->instances); e; e = map_next(&world->instances, e)) {
		struct module_list *list = e->value;
		for (size_t i = 0; i < list->count; i++) {
			struct module_instance *mi = list->items[i];
			map_release(&mi->variables);
			map_release(&mi->locals);
			map_release(&mi->outputs);
			map_release(&mi->calls);
			map_release(&mi->resources);
		}
	}
	map_release(&world->instances);
}

const struct module_list *world_modules(const struct world *world, const struct module *module)
{
	static const struct module_list none;
	const struct module_list *list = map_find(&world->instances, module->path);
	return list ? list : &none;
}

struct module_instance *world_find_module(const struct world *world, const struct module_step *steps, size_t count)
{
	struct module_instance *mi = world->root;
	for (size_t i = 0; i < count && mi; i++) {
		const struct expansion *expansion = map_find(&mi->calls, steps[i].name);
		const struct instance *instance = expansion ? expansion_find(expansion, steps[i].key) : NULL;
		mi = instance ? instance->module : NULL;
	}
	return mi;
}

void world_eval_init(struct world_eval *we, struct world *world, struct module_instance *mi, const struct instance *instance,
		     const struct value *self, struct arena *arena, struct diags *diags)
{
	*we = (struct world_eval){.world = world, .mi = mi, .instance = instance, .self = self};
	we->scope = (struct scope){.lookup = world_lookup, .ctx = we};
	we->eval = (struct eval){
		.arena = arena,
		.scope = &we->scope,
		.diags = diags,
		.base_dir = world->root_dir,
		.sources = world->sources,
		.plan_time = world->plan_time,
		.pure = world->planning,
	};
}

/* ---- expansion ---- */

static int compare_instances(const void *a, const void *b)
{
	return strcmp(((const struct instance *)a)->key.name, ((const struct instance *)b)->key.name);
}

/* How many instances there are must be the same while planning and applying, and ephemeral values are not. */
static bool refuse_ephemeral(const struct value *v, const struct expr *expr, const char *summary, struct diags *diags)
{
	if (!(v->marks & VALUE_EPHEMERAL))
		return false;
	diag_error(diags, expr->range, summary,
		   "The value is ephemeral: nothing of it is kept, and it may be another one when the plan is applied. Which objects there "
		   "are cannot depend on it.");
	return true;
}

static bool expand_count(struct world *world, struct world_eval *we, const struct expr *expr, struct expansion *out)
{
	struct diags *diags = we->eval.diags;
	size_t errors = diags->error_count;
	const struct value *v = eval_expr_as(&we->eval, expr, &type_number, "count");
	int64_t n;
	if (diags->error_count > errors || refuse_ephemeral(v, expr, "Invalid count argument", diags))
		return false;
	if (v->state == VALUE_UNKNOWN) {
		diag_error(diags, expr->range, "Invalid count argument",
			   "The number of instances depends on values that are known only after apply, so that the plan cannot say what "
			   "will exist. Apply first what it depends on, with -target, or use a value that is known now.");
		return false;
	}
	if (value_is_null(v)) {
		diag_error(diags, expr->range, "Invalid count argument", "The count is null. A whole number from 0 is needed.");
		return false;
	}
	if (!number_to_int(v->number, &n) || n < 0) {
		diag_error(diags, expr->range, "Invalid count argument", "The count is %s. A whole number from 0 is needed.",
			   number_print(we->eval.arena, v->number));
		return false;
	}
	if (n > 10000000) {
		diag_error(diags, expr->range, "Invalid count argument", "The count is %lld, more than the 10000000 that are supported.",
			   (long long)n);
		return false;
	}
	out->repetition = REPEAT_COUNT;
	out->count = (size_t)n;
	out->items = arena_array_of(world->arena, out->count, struct instance);
	for (size_t i = 0; i < out->count; i++)
		out->items[i].key = (struct instance_key){.kind = KEY_INDEX, .index = i};
	return true;
}

static bool expand_each(struct world *world, struct world_eval *we, const struct expr *expr, struct expansion *out)
{
	struct diags *diags = we->eval.diags;
	size_t errors = diags->error_count;
	const struct value *v = eval_expr(&we->eval, expr);
	static const char summary[] = "Invalid for_each argument";
	if (diags->error_count > errors || refuse_ephemeral(v, expr, summary, diags))
		return false;
	if (value_is_sensitive(v)) {
		diag_error(diags, expr->range, summary,
			   "The value is sensitive, and its keys would be shown in addresses. Use nonsensitive() if they may be shown.");
		return false;
	}
	if (v->state == VALUE_UNKNOWN) {
		diag_error(diags, expr->range, summary,
			   "The keys depend on values that are known only after apply, so that the plan cannot say what will exist. Use a "
			   "map whose keys are written in the configuration and only whose values come from other resources, or apply first "
			   "what it depends on, with -target.");
		return false;
	}
	if (value_is_null(v)) {
		diag_error(diags, expr->range, summary, "The value is null. A map, or a set of strings, is needed; an empty one for no "
							"instances: {}.");
		return false;
	}
	enum type_kind kind = v->type->kind;
	if (kind == TYPE_LIST || kind == TYPE_TUPLE) {
		diag_error(diags, expr->range, summary,
			   "The value is a %s. A map, or a set of strings, is needed: toset(...) makes a set of a list of strings.",
			   kind == TYPE_LIST ? "list" : "tuple");
		return false;
	}
	if (kind != TYPE_MAP && kind != TYPE_OBJECT && kind != TYPE_SET) {
		AUTO_BUF struct buf text = BUF_INIT;
		type_print_friendly(v->type, &text);
		diag_error(diags, expr->range, summary, "The value is a %s. A map, or a set of strings, is needed.", buf_text(&text));
		return false;
	}
	if (kind == TYPE_SET && v->count && v->type->element->kind != TYPE_STRING) {
		AUTO_BUF struct buf text = BUF_INIT;
		type_print_friendly(v->type, &text);
		diag_error(diags, expr->range, summary, "The value is a %s. Of sets, only a set of strings will do.", buf_text(&text));
		return false;
	}
	out->repetition = REPEAT_EACH;
	out->count = v->count;
	out->items = arena_array_of(world->arena, v->count, struct instance);
	for (uint32_t i = 0; i < v->count; i++) {
		const struct value *item = v->items[i];
		if (kind == TYPE_SET && item->state != VALUE_KNOWN) {
			diag_error(diags, expr->range, summary,
				   item->state == VALUE_NULL
					   ? "A member of the set is null, and cannot be the key of an instance."
					   : "A member of the set is known only after apply, so that the plan cannot say what will exist. Use a map "
					     "whose keys are written in the configuration.");
			return false;
		}
		const char *key = kind == TYPE_SET ? item->text : value_key_at(v, i);
		out->items[i] = (struct instance){
			.key = {.kind = KEY_NAME, .name = arena_strdup(world->arena, key)},
			.each_value = value_copy(world->arena, item),
		};
	}
	if (v->count)
		qsort(out->items, out->count, sizeof(*out->items), compare_instances);
	return true;
}

static bool is_enabled(struct world_eval *we, const struct expr *enabled, bool *on)
{
	*on = true;
	if (!enabled)
		return true;
	size_t errors = we->eval.diags->error_count;
	const struct value *v = eval_expr_as(&we->eval, enabled, &type_bool, "enabled");
	if (we->eval.diags->error_count > errors || refuse_ephemeral(v, enabled, "Invalid enabled argument", we->eval.diags))
		return false;
	if (v->state != VALUE_KNOWN) {
		diag_error(we->eval.diags, enabled->range, "Invalid enabled argument",
			   v->state == VALUE_NULL ? "The value is null; true or false is needed."
						  : "Whether the object exists depends on values that are known only after apply. Use a value that "
						    "is known now.");
		return false;
	}
	*on = v->boolean;
	return true;
}

static void expand(struct world *world, struct module_instance *mi, const struct expr *count, const struct expr *for_each,
		   const struct expr *enabled, struct expansion *out, struct diags *diags)
{
	struct arena *scratch = arena_new();
	struct world_eval we;
	world_eval_init(&we, world, mi, NULL, NULL, scratch, diags);
	size_t errors = diags->error_count;
	bool on;
	if (!is_enabled(&we, enabled, &on)) {
		out->failed = true;
	} else if (count) {
		out->failed = !expand_count(world, &we, count, out);
	} else if (for_each) {
		out->failed = !expand_each(world, &we, for_each, out);
	} else {
		out->repetition = REPEAT_NONE;
		out->count = on;
		out->items = arena_array_of(world->arena, 1, struct instance);
	}
	if (!on && !out->failed)
		out->count = 0;
	out->failed |= diags->error_count > errors;
	if (out->failed)
		out->count = 0;
	arena_free(scratch);
}

bool world_expand_call(struct world *world, const struct node *node, struct diags *diags)
{
	bool ok = true;
	const struct module_call *call = node->call;
	const struct module_list *list = world_modules(world, node->module);
	for (size_t i = 0; i < list->count; i++) {
		struct module_instance *mi = list->items[i];
		struct expansion *expansion = arena_new_of(world->arena, struct expansion);
		expand(world, mi, call->count, call->for_each, call->enabled, expansion, diags);
		ok &= !expansion->failed;
		map_put(&mi->calls, call->name, expansion);
		for (size_t k = 0; call->module && k < expansion->count; k++)
			expansion->items[k].module = add_module_instance(world, call->module, mi, &expansion->items[k]);
	}
	return ok;
}

struct expansion *world_expand_resource(struct world *world, struct module_instance *mi, const struct node *node,
					struct diags *diags)
{
	struct expansion *expansion = arena_new_of(world->arena, struct expansion);
	const struct resource *r = node->resource;
	expand(world, mi, r->count, r->for_each, r->enabled, expansion, diags);
	world_put_expansion(mi, r, expansion);
	return expansion;
}

struct expansion *world_expand_each(struct world *world, struct module_instance *mi, const struct expr *for_each, struct diags *diags)
{
	struct expansion *expansion = arena_new_of(world->arena, struct expansion);
	expand(world, mi, NULL, for_each, NULL, expansion, diags);
	return expansion;
}

/* One instance that stands for all: its index or key and value are unknown, its repetition is what the block says. */
static struct expansion *unknown_expansion(struct world *world, bool count, bool for_each)
{
	struct expansion *expansion = arena_new_of(world->arena, struct expansion);
	expansion->items = arena_array_of(world->arena, 1, struct instance);
	expansion->count = 1;
	expansion->unknown = count || for_each;
	expansion->repetition = count ? REPEAT_COUNT : for_each ? REPEAT_EACH : REPEAT_NONE;
	if (count)
		expansion->items[0].key = (struct instance_key){.kind = KEY_INDEX};
	if (for_each) {
		expansion->items[0].key = (struct instance_key){.kind = KEY_NAME, .name = ""};
		expansion->items[0].each_value = &value_unknown_any;
	}
	expansion->items[0].unknown = expansion->unknown;
	return expansion;
}

void world_expand_unknown_call(struct world *world, const struct node *node)
{
	const struct module_call *call = node->call;
	const struct module_list *list = world_modules(world, node->module);
	for (size_t i = 0; i < list->count; i++) {
		struct expansion *expansion = unknown_expansion(world, call->count != NULL, call->for_each != NULL);
		map_put(&list->items[i]->calls, call->name, expansion);
		if (call->module)
			expansion->items[0].module = add_module_instance(world, call->module, list->items[i], &expansion->items[0]);
	}
}

struct expansion *world_expand_unknown_resource(struct world *world, struct module_instance *mi, const struct node *node)
{
	struct expansion *expansion = unknown_expansion(world, node->resource->count != NULL, node->resource->for_each != NULL);
	world_put_expansion(mi, node->resource, expansion);
	return expansion;
}

struct expansion *world_expansion(const struct module_instance *mi, const struct resource *resource)
{
	return map_find(&mi->resources, resource->address);
}

void world_put_expansion(struct module_instance *mi, const struct resource *resource, struct expansion *expansion)
{
	map_put(&mi->resources, resource->address, expansion);
}

struct instance *expansion_find(const struct expansion *expansion, struct instance_key key)
{
	if (expansion->repetition == REPEAT_COUNT && expansion->count && expansion->items[0].key.index == 0 &&
	    expansion->items[expansion->count - 1].key.index == expansion->count - 1)
		return key.kind == KEY_INDEX && key.index < expansion->count ? &expansion->items[key.index] : NULL;
	if (expansion->repetition == REPEAT_EACH && key.kind == KEY_NAME) {
		struct instance wanted = {.key = key};
		return expansion->count ? bsearch(&wanted, expansion->items, expansion->count, sizeof(wanted), compare_instances) : NULL;
	}
	for (size_t i = 0; i < expansion->count; i++) {
		if (instance_key_equal(expansion->items[i].key, key))
			return &expansion->items[i];
	}
	return NULL;
}

void expansion_touch(struct expansion *expansion)
{
	expansion->whole = NULL;
}

struct address world_address(const struct module_instance *mi, const struct resource *resource, struct instance_key key)
{
	return (struct address){
		.modules = mi->steps, .module_count = mi->depth, .data = resource->data, .type = resource->type,
		.name = resource->name, .key = key,
	};
}

/* ---- variables, locals, outputs ---- */

static struct memo *new_memo(struct world *world, struct map *map, const char *name)
{
	struct memo *memo = arena_new_of(world->arena, struct memo);
	map_put(map, name, memo);
	return memo;
}

static const struct value *cycle(struct diags *diags, struct src_range range, const char *what, const char *name)
{
	diag_error(diags, range, "Cycle", "The value of %s.%s depends on itself.", what, name);
	return &value_unknown_any;
}

static const struct value *variable_argument(struct world *world, struct module_instance *mi, const struct variable *variable,
					     struct src_range *range, struct diags *diags)
{
	*range = variable->range;
	if (!mi->parent)
		return map_find(world->inputs, variable->name);
	const struct attribute *attr = body_find_attr(mi->module->call->body, variable->name);
	if (!attr)
		return NULL;
	*range = attr->expr->range;
	struct world_eval we;
	world_eval_init(&we, world, mi->parent, mi->instance, NULL, world->arena, diags);
	return eval_expr(&we.eval, attr->expr);
}

const struct value *world_variable(struct world *world, struct module_instance *mi, const struct variable *variable,
				   struct diags *diags)
{
	struct memo *memo = map_find(&mi->variables, variable->name);
	if (memo)
		return memo->value ? memo->value : cycle(diags, variable->range, "var", variable->name);
	memo = new_memo(world, &mi->variables, variable->name);
	struct src_range range;
	const struct value *given = variable_argument(world, mi, variable, &range, diags);
	const struct value *v = given;
	if (!v || (value_is_null(v) && !variable->nullable && variable->fallback))
		v = variable->fallback;
	AUTO_BUF struct buf why = BUF_INIT;
	if (!v) {
		if (!mi->parent)
			diag_error(diags, variable->range, "No value for required variable",
				   "The variable \"%s\" has no default, and no value was given.\n\n    -var '%s=...'\n\ngives one, and so do a "
				   "file terraform.tfvars and the environment variable TF_VAR_%s.", variable->name, variable->name,
				   variable->name);
		v = value_unknown(world->arena, variable->type);
	} else {
		const struct value *converted = value_convert(world->arena, v, variable->type, &why);
		if (!converted)
			diag_error(diags, range, "Invalid value for input variable", "The value given for \"%s\" is not suitable: %s.",
				   variable->name, buf_text(&why));
		v = converted ? converted : value_unknown(world->arena, variable->type);
		if (value_is_null(v) && !variable->nullable) {
			diag_error(diags, range, "Invalid value for input variable", "The variable \"%s\" may not be null.", variable->name);
			v = value_unknown(world->arena, variable->type);
		}
	}
	if (mi->parent && !variable->ephemeral && (value_marks_deep(v) & VALUE_EPHEMERAL))
		diag_error(diags, range, "Invalid use of ephemeral value",
			   "The value is ephemeral, and the variable \"%s\" of the module is not: its block would have to say\n\n    "
			   "ephemeral = true", variable->name);
	unsigned marks = (variable->sensitive ? VALUE_SENSITIVE : 0u) | (variable->ephemeral ? VALUE_EPHEMERAL : 0u);
	if (marks)
		v = value_mark(world->arena, v, marks);
	memo->value = v;
	return v;
}

const struct value *world_local(struct world *world, struct module_instance *mi, const struct local *local, struct diags *diags)
{
	struct memo *memo = map_find(&mi->locals, local->name);
	if (memo)
		return memo->value ? memo->value : cycle(diags, local->range, "local", local->name);
	memo = new_memo(world, &mi->locals, local->name);
	struct world_eval we;
	world_eval_init(&we, world, mi, NULL, NULL, world->arena, diags);
	memo->value = eval_expr(&we.eval, local->expr);
	return memo->value;
}

const struct value *world_output(struct world *world, struct module_instance *mi, const struct output *output, struct diags *diags)
{
	struct memo *memo = map_find(&mi->outputs, output->name);
	if (memo)
		return memo->value ? memo->value : cycle(diags, output->range, "output", output->name);
	memo = new_memo(world, &mi->outputs, output->name);
	struct world_eval we;
	world_eval_init(&we, world, mi, NULL, NULL, world->arena, diags);
	const struct value *v = output->value ? eval_expr(&we.eval, output->value) : &value_unknown_any;
	unsigned marks = (output->sensitive ? VALUE_SENSITIVE : 0u) | (output->ephemeral ? VALUE_EPHEMERAL : 0u);
	if (marks)
		v = value_mark(world->arena, v, marks);
	memo->value = v;
	return v;
}

/* ---- conditions ---- */

enum condition_result world_condition(struct world_eval *we, const struct condition *condition, const char *summary,
				      const char **message)
{
	struct diags *diags = we->eval.diags;
	size_t errors = diags->error_count;
	const struct value *v = eval_expr_as(&we->eval, condition->condition, &type_bool, "condition");
	*message = NULL;
	if (diags->error_count > errors)
		return CONDITION_ERROR;
	if (v->state == VALUE_UNKNOWN)
		return CONDITION_UNKNOWN;
	if (v->state == VALUE_NULL) {
		diag_error(diags, condition->condition->range, "Invalid condition result", "The condition is null; true or false is needed.");
		return CONDITION_ERROR;
	}
	if (v->boolean)
		return CONDITION_TRUE;
	const struct value *text = eval_expr_as(&we->eval, condition->error_message, &type_string, "error_message");
	if (diags->error_count > errors)
		return CONDITION_ERROR;
	if (value_marks_deep(text) & VALUE_SENSITIVE)
		*message = "The error message holds sensitive values and is not shown.";
	else if (value_marks_deep(text) & VALUE_EPHEMERAL)
		*message = "The error message holds ephemeral values and is not shown.";
	else if (text->state == VALUE_NULL)
		*message = "The error message is null.";
	else if (text->state == VALUE_KNOWN)
		*message = arena_strdup(we->eval.arena, text->text);
	else
		*message = "The error message is known only after apply.";
	if (summary)
		diag_error(diags, condition->condition->range, summary, "%s", *message);
	return CONDITION_FALSE;
}
