/* SPDX-License-Identifier: Apache-2.0 */
/* What var, local, module, data, path, count, each, self and the types of resources mean in an evaluation. */
#include "plans/world.h"

#include "base/buf.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct value *fail(struct eval *eval, struct src_range range, const char *summary, const char *detail, ...)
	PRINTF_LIKE(4, 5);
static const struct value *fail(struct eval *eval, struct src_range range, const char *summary, const char *detail, ...)
{
	va_list args;
	va_start(args, detail);
	diag_error(eval->diags, range, summary, "%s", arena_vprintf(eval->arena, detail, args));
	va_end(args);
	return &value_unknown_any;
}

static const struct value *instance_value(struct world_eval *we, const struct node *node, const struct instance *instance)
{
	(void)we;
	if (instance->value)
		return instance->value;
	/* Not there yet: left out of this run, or failed before. */
	return node && node->type ? value_unknown(we->eval.arena, node->type->schema->type) : &value_unknown_any;
}

static const struct value *whole_resource(struct world_eval *we, const struct node *node, struct expansion *expansion)
{
	if (expansion->whole)
		return expansion->whole;
	struct arena *arena = we->world->arena;
	const struct value **items = arena_array_of(arena, expansion->count, const struct value *);
	bool all_there = true;
	for (size_t i = 0; i < expansion->count; i++) {
		all_there &= expansion->items[i].value != NULL;
		items[i] = instance_value(we, node, &expansion->items[i]);
	}
	const struct value *whole;
	if (expansion->repetition == REPEAT_COUNT) {
		whole = value_tuple(arena, items, expansion->count);
	} else {
		const char **names = arena_array_of(arena, expansion->count, const char *);
		for (size_t i = 0; i < expansion->count; i++)
			names[i] = expansion->items[i].key.name;
		whole = value_object(arena, names, items, expansion->count);
	}
	if (all_there)
		expansion->whole = whole;
	return whole;
}

/* Which instance a key step names; *unknown where that cannot be said yet. */
static const struct instance *instance_by_step(const struct expansion *expansion, const struct lookup_step *step, bool *unknown)
{
	*unknown = false;
	const struct value *key = step->key;
	if (!key || key->state != VALUE_KNOWN || key->marks) {
		*unknown = key && key->state == VALUE_UNKNOWN;
		return NULL;
	}
	int64_t index;
	if (expansion->repetition == REPEAT_COUNT) {
		if (key->type->kind == TYPE_NUMBER && number_to_int(key->number, &index) && index >= 0)
			return expansion_find(expansion, (struct instance_key){.kind = KEY_INDEX, .index = (uint64_t)index});
	} else if (expansion->repetition == REPEAT_EACH && key->type->kind == TYPE_STRING) {
		return expansion_find(expansion, (struct instance_key){.kind = KEY_NAME, .name = key->text});
	}
	return NULL;
}

static const struct value *lookup_resource(struct world_eval *we, bool data, const char *type, struct src_range range,
					   const struct lookup_step *steps, size_t count, size_t *consumed)
{
	size_t at = data ? 1 : 0;
	const char *name = count > at ? steps[at].name : NULL;
	const char *data_type = data && count ? steps[0].name : NULL;
	if (!name || (data && !data_type))
		return fail(&we->eval, range, "Invalid reference", "A resource is referred to as TYPE.NAME, not as \"%s\".", type);
	if (data)
		type = data_type;
	*consumed = at + 1;
	const struct node *node = graph_find_block(we->world->graph, we->mi->module, data, type, name);
	if (!node)
		return fail(&we->eval, range, "Reference to undeclared resource", "There is no %s.%s in this module.", type, name);
	struct expansion *expansion = world_expansion(we->mi, node->resource);
	if (data && expansion && expansion->failed && node->type && we->world->read_data) {
		we->world->read_data(we->world->read_data_ctx, we->mi, node);
		expansion = world_expansion(we->mi, node->resource);
	}
	if (!expansion || expansion->failed) {
		bool single = !node->resource->count && !node->resource->for_each;
		return single && node->type ? value_unknown(we->eval.arena, node->type->schema->type) : &value_unknown_any;
	}
	if (expansion->repetition == REPEAT_NONE) {
		if (!expansion->count)
			return value_null(we->eval.arena, node->type ? node->type->schema->type : &type_any);
		return instance_value(we, node, &expansion->items[0]);
	}
	if (expansion->unknown) {
		if (count <= at + 1 || !steps[at + 1].key)
			return &value_unknown_any;
		*consumed = at + 2;
		return instance_value(we, node, &expansion->items[0]);
	}
	if (count > at + 1 && steps[at + 1].key) {
		bool unknown;
		const struct instance *instance = instance_by_step(expansion, &steps[at + 1], &unknown);
		if (instance) {
			*consumed = at + 2;
			return instance_value(we, node, instance);
		}
		if (unknown && node->type) {
			*consumed = at + 2;
			return value_unknown(we->eval.arena, node->type->schema->type);
		}
	}
	if (count > at + 1 && steps[at + 1].name && expansion->count && !(steps[at + 1].name[0] >= '0' && steps[at + 1].name[0] <= '9') &&
	    !(expansion->repetition == REPEAT_EACH && expansion_find(expansion, (struct instance_key){.kind = KEY_NAME, .name = steps[at + 1].name}))) {
		bool by_count = expansion->repetition == REPEAT_COUNT;
		const char *address = node->resource->address;
		AUTO_BUF struct buf key = BUF_INIT;
		if (!by_count)
			value_print_quoted(expansion->items[0].key.name, strlen(expansion->items[0].key.name), &key);
		diag_error(we->eval.diags, steps[at + 1].range, "Missing resource instance key",
			   "%s has \"%s\" set, so that its attributes belong to its instances: %s[%s].%s for one of them, or %s%s for all.",
			   address, by_count ? "count" : "for_each", address, by_count ? "0" : buf_text(&key), steps[at + 1].name,
			   by_count ? address : "values(", by_count ? "[*]" : arena_printf(we->eval.arena, "%s)[*]", address));
		*consumed = count;
		return &value_unknown_any;
	}
	return whole_resource(we, node, expansion);
}

static const struct value *module_outputs(struct world_eval *we, struct module_instance *mi)
{
	size_t count = map_size(&mi->module->outputs), n = 0;
	const char **names = arena_array_of(we->eval.arena, count, const char *);
	const struct value **items = arena_array_of(we->eval.arena, count, const struct value *);
	for (struct map_entry *e = map_first(&mi->module->outputs); e; e = map_next(&mi->module->outputs, e)) {
		names[n] = e->key;
		items[n++] = world_output(we->world, mi, e->value, we->eval.diags);
	}
	return value_object(we->eval.arena, names, items, n);
}

static const struct value *lookup_module(struct world_eval *we, struct src_range range, const struct lookup_step *steps, size_t count,
					 size_t *consumed)
{
	const char *name = count ? steps[0].name : NULL;
	const struct expansion *expansion = name ? map_find(&we->mi->calls, name) : NULL;
	*consumed = count ? 1 : 0;
	if (!name || !map_find(&we->mi->module->calls, name))
		return fail(&we->eval, range, "Reference to undeclared module", "There is no module \"%s\" here.", name ? name : "");
	if (!expansion || expansion->failed || expansion->unknown)
		return &value_unknown_any;
	size_t at = 1;
	const struct instance *instance = NULL;
	if (expansion->repetition == REPEAT_NONE) {
		if (!expansion->count)
			return &value_null_any;
		instance = &expansion->items[0];
	} else if (count > 1 && steps[1].key) {
		bool unknown;
		instance = instance_by_step(expansion, &steps[1], &unknown);
		if (instance)
			at = 2;
	}
	if (instance) {
		*consumed = at;
		if (!instance->module)
			return &value_unknown_any;
		if (count > at && steps[at].name) {
			const struct output *output = map_find(&instance->module->module->outputs, steps[at].name);
			if (output) {
				*consumed = at + 1;
				return world_output(we->world, instance->module, output, we->eval.diags);
			}
		}
		return module_outputs(we, instance->module);
	}
	const struct value **items = arena_array_of(we->eval.arena, expansion->count, const struct value *);
	const char **names = arena_array_of(we->eval.arena, expansion->count, const char *);
	for (size_t i = 0; i < expansion->count; i++) {
		items[i] = expansion->items[i].module ? module_outputs(we, expansion->items[i].module) : &value_unknown_any;
		names[i] = expansion->items[i].key.name;
	}
	return expansion->repetition == REPEAT_COUNT ? value_tuple(we->eval.arena, items, expansion->count)
						     : value_object(we->eval.arena, names, items, expansion->count);
}

static const struct value *lookup_path(struct world_eval *we, struct src_range range, const char *name)
{
	struct arena *arena = we->eval.arena;
	if (name && !strcmp(name, "module"))
		return value_string(arena, we->mi->module->dir);
	if (name && !strcmp(name, "root"))
		return value_string(arena, we->world->graph->config->root->dir);
	if (name && !strcmp(name, "cwd")) {
		char *cwd = getcwd(NULL, 0);
		const struct value *v = value_string(arena, cwd ? cwd : ".");
		free(cwd);
		return v;
	}
	return fail(&we->eval, range, "Invalid \"path\" attribute",
		    "There is no path.%s: the names are path.module, path.root and path.cwd.", name ? name : "");
}

const struct value *world_lookup(void *ctx, struct eval *eval, const char *root, struct src_range root_range,
				 const struct lookup_step *steps, size_t count, size_t *consumed)
{
	struct world_eval *we = ctx;
	(void)eval;
	struct world_eval here = *we; /* errors and memory of the evaluation that asks, not of the one that set this up */
	here.eval.arena = eval->arena;
	here.eval.diags = eval->diags;
	struct src_range range = count ? src_range_join(root_range, steps[0].range) : root_range;
	const char *first = count ? steps[0].name : NULL;
	*consumed = 0;
	if (!strcmp(root, "var") || !strcmp(root, "local")) {
		bool var = *root == 'v';
		*consumed = count ? 1 : 0;
		void *declared = first ? map_find(var ? &we->mi->module->variables : &we->mi->module->locals, first) : NULL;
		if (!declared)
			return fail(&here.eval, range, var ? "Reference to undeclared input variable" : "Reference to undeclared local value",
				    "There is no %s.%s in this module.", root, first ? first : "");
		return var ? world_variable(we->world, we->mi, declared, eval->diags)
			   : world_local(we->world, we->mi, declared, eval->diags);
	}
	if (!strcmp(root, "module"))
		return lookup_module(&here, range, steps, count, consumed);
	if (!strcmp(root, "data"))
		return lookup_resource(&here, true, root, range, steps, count, consumed);
	if (!strcmp(root, "path")) {
		*consumed = count ? 1 : 0;
		return lookup_path(&here, range, first);
	}
	if (!strcmp(root, "terraform") || !strcmp(root, "infra")) {
		*consumed = count ? 1 : 0;
		if (first && !strcmp(first, "workspace"))
			return value_string(eval->arena, "default");
		return fail(&here.eval, range, "Invalid reference", "There is no %s.%s.", root, first ? first : "");
	}
	if (!strcmp(root, "count")) {
		*consumed = count ? 1 : 0;
		if (!we->instance || we->instance->key.kind != KEY_INDEX)
			return fail(&here.eval, range, "Reference to \"count\" in non-counted context",
				    "count.index stands only in blocks that have the argument \"count\".");
		if (!first || strcmp(first, "index"))
			return fail(&here.eval, range, "Invalid \"count\" attribute", "The only name is count.index.");
		if (we->instance->unknown)
			return value_unknown_not_null(eval->arena, &type_number);
		return value_int(eval->arena, (int64_t)we->instance->key.index);
	}
	if (!strcmp(root, "each")) {
		*consumed = count ? 1 : 0;
		if (!we->instance || we->instance->key.kind != KEY_NAME)
			return fail(&here.eval, range, "Reference to \"each\" in context without for_each",
				    "each.key and each.value stand only in blocks that have the argument \"for_each\".");
		if (first && !strcmp(first, "key") && we->instance->unknown)
			return value_unknown_not_null(eval->arena, &type_string);
		if (first && !strcmp(first, "key"))
			return value_string(eval->arena, we->instance->key.name);
		if (first && !strcmp(first, "value"))
			return we->instance->each_value;
		return fail(&here.eval, range, "Invalid \"each\" attribute", "The names are each.key and each.value.");
	}
	if (!strcmp(root, "self")) {
		if (we->self)
			return we->self;
		return fail(&here.eval, range, "Invalid \"self\" reference",
			    "\"self\" stands only in postconditions, provisioners and connections.");
	}
	if (!strcmp(root, "resource") && first) {
		const struct value *v = lookup_resource(&here, false, first, range, steps + 1, count - 1, consumed);
		++*consumed;
		return v;
	}
	return lookup_resource(&here, false, root, range, steps, count, consumed);
}
