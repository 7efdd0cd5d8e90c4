/* SPDX-License-Identifier: Apache-2.0 */
#include "plans/graph.h"

#include "base/buf.h"
#include "base/vec.h"

#include <string.h>

struct builder {
	struct graph *graph;
	struct diags *diags;
	/* while the references of one node are walked */
	struct node *node;
	struct module *module; /* that the references are meant in */
	VEC(uint32_t) deps;
	uint32_t *seen; /* by node: index + 1 of the last node that was found to need it */
	VEC(const char *) *looked_at; /* by node: attributes referred to */
};

static const char *key_of(struct graph *graph, const struct module *module, const char *address)
{
	return arena_printf(graph->arena, "%s|%s", module->path, address);
}

static struct node *find_by_key(const struct graph *graph, const struct buf *key)
{
	uintptr_t found = (uintptr_t)map_find_n(&graph->by_key, key->ptr, key->len);
	return found ? &graph->nodes[found - 1] : NULL;
}

struct node *graph_find(const struct graph *graph, const struct module *module, const char *address)
{
	AUTO_BUF struct buf key = BUF_INIT;
	buf_adds(&key, module->path);
	buf_addc(&key, '|');
	buf_adds(&key, address);
	return find_by_key(graph, &key);
}

struct node *graph_find_block(const struct graph *graph, const struct module *module, bool data, const char *type, const char *name)
{
	AUTO_BUF struct buf key = BUF_INIT;
	buf_adds(&key, module->path);
	buf_adds(&key, data ? "|data." : "|");
	buf_adds(&key, type);
	buf_addc(&key, '.');
	buf_adds(&key, name);
	return find_by_key(graph, &key);
}

struct node_range graph_module_range(const struct graph *graph, const struct module *module)
{
	const struct node_range *range = map_find(&graph->modules, module->path);
	return range ? *range : (struct node_range){0, 0};
}

static const struct module *find_module(const struct graph *graph, const struct module_step *steps, size_t count)
{
	const struct module *module = graph->config->root;
	for (size_t i = 0; i < count && module; i++) {
		const struct module_call *call = map_find(&module->calls, steps[i].name);
		module = call ? call->module : NULL;
	}
	return module;
}

struct node *graph_find_resource(const struct graph *graph, const struct address *address)
{
	const struct module *module = find_module(graph, address->modules, address->module_count);
	return module && address->type ? graph_find_block(graph, module, address->data, address->type, address->name) : NULL;
}

const char *address_print_config(struct arena *arena, const struct address *address)
{
	struct module_step *steps = arena_array_of(arena, address->module_count, struct module_step);
	for (size_t i = 0; i < address->module_count; i++)
		steps[i] = (struct module_step){.name = address->modules[i].name};
	struct address plain = *address;
	plain.modules = steps;
	plain.key = (struct instance_key){0};
	return address_print(arena, &plain);
}

/* ---- nodes ---- */

/* "module.net.module.inner." in front of what stands in a module; "" in the root. */
static const char *module_prefix(struct arena *arena, const struct module *module)
{
	if (!module->parent)
		return "";
	return arena_printf(arena, "%smodule.%s.", module_prefix(arena, module->parent), module->name);
}

static struct node *add_node(struct graph *graph, enum node_kind kind, struct module *module, const char *within)
{
	if (graph->count == graph->cap) {
		size_t cap = graph->cap ? graph->cap * 2 : 64;
		struct node *nodes = arena_array_of(graph->arena, cap, struct node);
		if (graph->count)
			memcpy(nodes, graph->nodes, graph->count * sizeof(*nodes));
		graph->nodes = nodes;
		graph->cap = cap;
	}
	struct node *node = &graph->nodes[graph->count];
	*node = (struct node){
		.kind = kind,
		.index = (uint32_t)graph->count,
		.module = module,
		.address = arena_printf(graph->arena, "%s%s", module_prefix(graph->arena, module), within),
	};
	graph->count++;
	const char *key = key_of(graph, module, within);
	map_put(&graph->by_key, key, (void *)(uintptr_t)graph->count);
	return node;
}

static const char *source_kind_name(const struct module *module, const char *local_name)
{
	const struct provider_requirement *need = map_find(&module->requirements, local_name);
	if (!need || !need->source)
		return local_name;
	const char *slash = strrchr(need->source, '/');
	return slash ? slash + 1 : need->source;
}

static struct provider_config *add_provider(struct builder *b, struct module *module, const char *name, const char *alias,
					    const struct provider_block *block, struct src_range range)
{
	struct graph *graph = b->graph;
	const char *within = alias ? arena_printf(graph->arena, "%s.%s", name, alias) : name;
	const char *address = arena_printf(graph->arena, "%s%s", module_prefix(graph->arena, module), within);
	struct provider_config *config = map_find(&graph->providers, address);
	if (config)
		return config->kind ? config : NULL;
	config = arena_new_of(graph->arena, struct provider_config);
	*config = (struct provider_config){
		.address = address, .module = module, .name = name, .alias = alias, .block = block,
	};
	map_put(&graph->providers, address, config);
	const char *kind_name = source_kind_name(module, name);
	config->kind = provider_find_kind(kind_name);
	if (!config->kind) {
		const char *names[64];
		size_t count = 0;
		AUTO_BUF struct buf list = BUF_INIT;
		for (; provider_kinds[count] && count < ARRAY_LEN(names); count++) {
			names[count] = provider_kinds[count]->name;
			buf_addf(&list, "%s%s", count ? ", " : "", names[count]);
		}
		const char *near = nearest_name(kind_name, names, count);
		diag_error(b->diags, range, "Unknown provider", "infra has no provider named \"%s\".%s%s%s The providers are: %s.",
			   kind_name, near ? " Did you mean \"" : "", near ? near : "", near ? "\"?" : "", buf_text(&list));
		return NULL;
	}
	struct node *node = add_node(graph, NODE_PROVIDER, module, arena_printf(graph->arena, "provider.%s", within));
	node->provider = config;
	config->node = node->index;
	return config;
}

/* The provider that a name means in a module: its own block, what the call passes, or the parent's of the same name. */
static struct provider_config *find_provider(struct builder *b, struct module *module, const char *name, const char *alias,
					     struct src_range range)
{
	struct arena *arena = b->graph->arena;
	const char *within = alias ? arena_printf(arena, "%s.%s", name, alias) : name;
	const struct provider_block *block = map_find(&module->providers, within);
	if (block && (block->body || !module->parent))
		return add_provider(b, module, name, alias, block, block->header_range);
	const struct module_call *call = module->call;
	for (size_t i = 0; call && i < call->provider_count; i++) {
		const struct provider_use *inner = &call->providers[i].inner, *outer = &call->providers[i].outer;
		if (!strcmp(inner->local_name, name) && (inner->alias && alias ? !strcmp(inner->alias, alias) : inner->alias == alias))
			return find_provider(b, module->parent, outer->local_name, outer->alias, outer->range);
	}
	if (alias) {
		diag_error(b->diags, range, "Provider configuration not present",
			   "There is no provider configuration %s%s. Add a block\n\n    provider \"%s\" { alias = \"%s\" }\n\n%s",
			   within, module->parent ? " in this module" : "", name, alias,
			   module->parent ? "to the calling module and pass it in the `providers` argument of the module block." : "");
		return NULL;
	}
	if (module->parent)
		return find_provider(b, module->parent, name, NULL, range);
	return add_provider(b, module, name, NULL, NULL, range);
}

static void resolve_type(struct builder *b, struct node *node)
{
	const struct resource *resource = node->resource;
	struct arena *arena = b->graph->arena;
	const char *name = resource->provider ? resource->provider->local_name : provider_name_of_type(arena, resource->type);
	struct provider_config *config = find_provider(b, node->module, name, resource->provider ? resource->provider->alias : NULL,
						       resource->provider ? resource->provider->range : resource->header_range);
	node = graph_find(b->graph, resource->module, resource->address); /* adding a provider may have moved it */
	node->uses = config;
	if (!config)
		return;
	config->used = true;
	size_t before = b->diags->error_count;
	node->type = config->kind->find_type(resource->type, resource->data, b->diags);
	if (node->type || b->diags->error_count > before)
		return;
	size_t count;
	const char *const *names = config->kind->type_names(resource->data, &count);
	const char *near = nearest_name(resource->type, names, count);
	const char *word = resource->data ? "data source" : "resource type";
	if (near)
		diag_error(b->diags, resource->header_range, resource->data ? "Invalid data source" : "Invalid resource type",
			   "The provider \"%s\" has no %s \"%s\". Did you mean \"%s\"?", config->kind->name, word, resource->type, near);
	else
		diag_error(b->diags, resource->header_range, resource->data ? "Invalid data source" : "Invalid resource type",
			   "The provider \"%s\" has no %s \"%s\". `infra types` lists those that it has; a type can be added by a "
			   "file in the project.", config->kind->name, word, resource->type);
}

static void add_module_nodes(struct builder *b, struct module *module)
{
	struct graph *graph = b->graph;
	struct arena *arena = graph->arena;
	struct node_range *range = arena_new_of(arena, struct node_range);
	range->start = (uint32_t)graph->count;
	map_put(&graph->modules, module->path, range);
	for (struct map_entry *e = map_first(&module->variables); e; e = map_next(&module->variables, e))
		add_node(graph, NODE_VARIABLE, module, arena_printf(arena, "var.%s", e->key))->variable = e->value;
	for (struct map_entry *e = map_first(&module->locals); e; e = map_next(&module->locals, e))
		add_node(graph, NODE_LOCAL, module, arena_printf(arena, "local.%s", e->key))->local = e->value;
	for (struct map_entry *e = map_first(&module->outputs); e; e = map_next(&module->outputs, e))
		add_node(graph, NODE_OUTPUT, module, arena_printf(arena, "output.%s", e->key))->output = e->value;
	for (struct map_entry *e = map_first(&module->resources); e; e = map_next(&module->resources, e))
		add_node(graph, NODE_RESOURCE, module, e->key)->resource = e->value;
	for (struct map_entry *e = map_first(&module->checks); e; e = map_next(&module->checks, e))
		add_node(graph, NODE_CHECK, module, arena_printf(arena, "check.%s", e->key))->check = e->value;
	for (struct map_entry *e = map_first(&module->calls); e; e = map_next(&module->calls, e)) {
		const struct module_call *call = e->value;
		add_node(graph, NODE_CALL, module, arena_printf(arena, "module.%s", e->key))->call = call;
		if (call->module)
			add_module_nodes(b, call->module);
	}
	range->end = (uint32_t)graph->count;
}

/* ---- edges ---- */

static void need(struct builder *b, const struct node *node)
{
	if (b->seen[node->index] == b->node->index + 1)
		return;
	b->seen[node->index] = b->node->index + 1;
	vec_add(&b->deps, node->index);
}

static void need_all_of(struct builder *b, const struct module *module)
{
	struct node_range range = graph_module_range(b->graph, module);
	for (uint32_t i = range.start; i < range.end; i++) {
		const struct node *node = &b->graph->nodes[i];
		if (node->kind == NODE_RESOURCE || node->kind == NODE_OUTPUT)
			need(b, node);
	}
}

struct name_list {
	VEC(const char *) names;
};

static void names_of(const struct map *map, struct name_list *list)
{
	for (struct map_entry *e = map_first(map); e; e = map_next(map, e))
		vec_add(&list->names, e->key);
}

static void undeclared(struct builder *b, struct src_range range, const char *what, const char *name, const struct map *declared,
		       const char *how)
{
	struct name_list list = {0};
	names_of(declared, &list);
	const char *near = nearest_name(name, list.names.items, list.names.count);
	AUTO_BUF struct buf summary = BUF_INIT;
	buf_addf(&summary, "Reference to undeclared %s", what);
	if (near)
		diag_error(b->diags, range, buf_text(&summary), "There is no %s \"%s\" in this module. Did you mean \"%s\"?", what, name,
			   near);
	else
		diag_error(b->diags, range, buf_text(&summary), "There is no %s \"%s\" in this module. %s", what, name, how);
	vec_free(&list.names);
}

static void look_at(struct builder *b, struct node *target, const struct ref *ref, size_t first)
{
	size_t at = first;
	while (at < ref->count && (ref->steps[at].key || (ref->steps[at].name && ref->steps[at].name[0] >= '0' && ref->steps[at].name[0] <= '9')))
		at++;
	if (at >= ref->count) {
		target->look_at_all = true;
		return;
	}
	vec_add(&b->looked_at[target->index], ref->steps[at].name);
}

static void need_resource(struct builder *b, const struct ref *ref, bool data)
{
	size_t at = data ? 1 : 0; /* of the step that names the resource */
	const char *type = data ? (ref->count ? ref->steps[0].name : NULL) : ref->root;
	const char *name = ref->count > at ? ref->steps[at].name : NULL;
	if (!type || !name) {
		diag_error(b->diags, ref->range, "Invalid reference",
			   data ? "A data source is referred to as data.TYPE.NAME, and then the attribute that is wanted."
				: "The name \"%s\" stands alone. A resource is referred to as TYPE.NAME, and then the attribute that is "
				  "wanted; text is written in quotes.", ref->root);
		return;
	}
	struct node *target = graph_find_block(b->graph, b->module, data, type, name);
	if (!target) {
		AUTO_BUF struct buf named = BUF_INIT;
		buf_addf(&named, "%s.%s", type, name);
		if (!data && map_find(&b->module->variables, type))
			diag_error(b->diags, ref->range, "Invalid reference",
				   "There is no resource type \"%s\". Did you mean the variable \"var.%s\"?", type, type);
		else
			undeclared(b, ref->range, data ? "data source" : "resource", buf_text(&named), &b->module->resources, "It has to be declared in a block of its own.");
		return;
	}
	need(b, target);
	look_at(b, target, ref, at + 1);
}

static void need_module(struct builder *b, const struct ref *ref)
{
	const char *name = ref->count ? ref->steps[0].name : NULL;
	const struct module_call *call = name ? map_find(&b->module->calls, name) : NULL;
	if (!call) {
		undeclared(b, ref->range, "module", name ? name : "", &b->module->calls, "Declare it with a module block.");
		return;
	}
	struct node *node = graph_find(b->graph, b->module, arena_printf(b->graph->arena, "module.%s", name));
	need(b, node);
	if (!call->module)
		return;
	size_t at = 1;
	while (at < ref->count && ref->steps[at].key)
		at++;
	if (at >= ref->count || (ref->steps[at].name[0] >= '0' && ref->steps[at].name[0] <= '9')) {
		need_all_of(b, call->module);
		return;
	}
	struct node *output = graph_find(b->graph, call->module, arena_printf(b->graph->arena, "output.%s", ref->steps[at].name));
	if (output) {
		need(b, output);
		return;
	}
	struct name_list list = {0};
	names_of(&call->module->outputs, &list);
	const char *near = nearest_name(ref->steps[at].name, list.names.items, list.names.count);
	diag_error(b->diags, ref->steps[at].range, "Unsupported attribute", "The module \"%s\" has no output \"%s\".%s%s%s", name,
		   ref->steps[at].name, near ? " Did you mean \"" : "", near ? near : "", near ? "\"?" : "");
	vec_free(&list.names);
}

static void need_ref(void *ctx, const struct ref *ref)
{
	struct builder *b = ctx;
	const char *root = ref->root;
	const char *first = ref->count ? ref->steps[0].name : NULL;
	if (!strcmp(root, "each") || !strcmp(root, "count") || !strcmp(root, "self") || !strcmp(root, "path") ||
	    !strcmp(root, "terraform") || !strcmp(root, "infra"))
		return;
	if (!strcmp(root, "var") || !strcmp(root, "local")) {
		bool var = *root == 'v';
		const struct map *declared = var ? &b->module->variables : &b->module->locals;
		if (!first) {
			diag_error(b->diags, ref->range, "Invalid reference", "Behind \"%s\" comes a dot and the name of a %s.", root,
				   var ? "variable" : "local value");
			return;
		}
		struct node *node = graph_find(b->graph, b->module, arena_printf(b->graph->arena, "%s.%s", root, first));
		if (node)
			need(b, node);
		else
			undeclared(b, src_range_join(ref->root_range, ref->steps[0].range), var ? "input variable" : "local value", first,
				   declared, var ? "Declare it with a variable block." : "Declare it in a locals block.");
		return;
	}
	if (!strcmp(root, "module"))
		need_module(b, ref);
	else if (!strcmp(root, "resource") && first) /* resource.aws_vpc.main is aws_vpc.main */
		need_resource(b, &(struct ref){first, ref->steps[0].range, ref->steps + 1, ref->count - 1, ref->range}, false);
	else if (!strcmp(root, "data"))
		need_resource(b, ref, true);
	else
		need_resource(b, ref, false);
}

static void need_expr(struct builder *b, const struct expr *expr)
{
	if (expr)
		expr_walk_refs(expr, need_ref, b);
}

static void need_conditions(struct builder *b, const struct condition *conditions, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		need_expr(b, conditions[i].condition);
		need_expr(b, conditions[i].error_message);
	}
}

static void need_refs(struct builder *b, const struct ref *refs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		/* depends_on names resources and modules: no attribute is looked at */
		struct ref plain = refs[i];
		if (!strcmp(plain.root, "module"))
			plain.count = plain.count > 1 ? 1 : plain.count;
		need_ref(b, &plain);
	}
}

/* `dynamic` blocks name their iterator after the label: those references are no resources. */
struct iterator_filter {
	struct builder *builder;
	const struct iterator_filter *parent;
	const char *name;
};

static void need_body(struct builder *b, const struct body *body, const struct iterator_filter *filter);

static void need_filtered(void *ctx, const struct ref *ref)
{
	const struct iterator_filter *filter = ctx;
	for (const struct iterator_filter *f = filter; f; f = f->parent) {
		if (f->name && !strcmp(f->name, ref->root))
			return;
	}
	need_ref(filter->builder, ref);
}

static void need_block(struct builder *b, const struct block *block, const struct iterator_filter *filter)
{
	if (strcmp(block->type, "dynamic") || block->label_count != 1) {
		need_body(b, block->body, filter);
		return;
	}
	struct iterator_filter outer = {.builder = b, .parent = filter}, inner = outer;
	inner.name = block->labels[0].text;
	const struct attribute *iterator = body_find_attr(block->body, "iterator");
	if (iterator && iterator->expr->kind == EXPR_NAME)
		inner.name = iterator->expr->name;
	for (size_t i = 0; i < block->body->attr_count; i++) {
		const struct attribute *attr = &block->body->attrs[i];
		if (!strcmp(attr->name, "for_each"))
			expr_walk_refs(attr->expr, need_filtered, &outer);
		else if (!strcmp(attr->name, "labels"))
			expr_walk_refs(attr->expr, need_filtered, &inner);
	}
	for (size_t i = 0; i < block->body->block_count; i++)
		need_body(b, block->body->blocks[i].body, &inner);
}

static void need_body(struct builder *b, const struct body *body, const struct iterator_filter *filter)
{
	struct iterator_filter here = {.builder = b, .parent = filter};
	for (size_t i = 0; i < body->attr_count; i++)
		expr_walk_refs(body->attrs[i].expr, need_filtered, &here);
	for (size_t i = 0; i < body->block_count; i++)
		need_block(b, &body->blocks[i], filter);
}

static bool is_meta(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(names[i], name))
			return true;
	}
	return false;
}

/* The arguments of a block without the meta-arguments, which are walked one by one. */
static void need_arguments(struct builder *b, const struct body *body, const char *const *meta, size_t meta_count, struct node *node)
{
	struct iterator_filter here = {.builder = b};
	for (size_t i = 0; i < body->attr_count; i++) {
		if (is_meta(body->attrs[i].name, meta, meta_count))
			continue;
		expr_walk_refs(body->attrs[i].expr, need_filtered, &here);
		if (node)
			vec_add(&b->looked_at[node->index], body->attrs[i].name);
	}
	for (size_t i = 0; i < body->block_count; i++) {
		const struct block *block = &body->blocks[i];
		if (is_meta(block->type, meta, meta_count))
			continue;
		need_block(b, block, NULL);
		bool dynamic = !strcmp(block->type, "dynamic") && block->label_count == 1;
		if (node)
			vec_add(&b->looked_at[node->index], dynamic ? block->labels[0].text : block->type);
	}
}

/* The resource that an import block brings in, or NULL. */
static struct node *import_target(const struct graph *graph, const struct import_block *import)
{
	struct ref ref;
	if (!expr_as_ref(graph->arena, import->to, &ref))
		return NULL;
	const struct module *module = graph->config->root;
	const char *words[3];
	size_t count = 0, at = 0;
	const char *word = ref.root;
	for (;; word = ref.steps[at++].name) {
		if (word && !strcmp(word, "module") && count == 0 && at < ref.count && ref.steps[at].name) {
			const struct module_call *call = map_find(&module->calls, ref.steps[at++].name);
			if (!call || !call->module)
				return NULL;
			module = call->module;
			while (at < ref.count && ref.steps[at].key)
				at++;
			if (at >= ref.count)
				return NULL;
			continue;
		}
		if (!word || count == ARRAY_LEN(words))
			break;
		words[count++] = word;
		if (at >= ref.count)
			break;
	}
	return count == 2 ? graph_find_block(graph, module, false, words[0], words[1]) : NULL;
}

static void find_imports(struct graph *graph, struct diags *diags)
{
	const struct module *root = graph->config->root;
	if (!root->import_count)
		return;
	AUTO_FREE struct node **targets = xcalloc(root->import_count, sizeof(struct node *));
	for (size_t i = 0; i < root->import_count; i++) {
		targets[i] = import_target(graph, &root->imports[i]);
		if (targets[i])
			targets[i]->import_count++;
		else
			diag_error(diags, root->imports[i].to->range, "Configuration for import target does not exist",
				   "An import brings an object under a resource block, and there is none at this address. Add the block that describes "
				   "the object.");
	}
	for (size_t i = 0; i < root->import_count; i++) {
		struct node *node = targets[i];
		if (!node || node->imports)
			continue;
		uint32_t *places = arena_array_of(graph->arena, node->import_count, uint32_t);
		size_t n = 0;
		for (size_t k = i; k < root->import_count && n < node->import_count; k++) {
			if (targets[k] == node)
				places[n++] = (uint32_t)k;
		}
		node->imports = places;
	}
}

static void need_resource_parts(struct builder *b, struct node *node)
{
	const struct resource *r = node->resource;
	need_expr(b, r->count);
	need_expr(b, r->for_each);
	need_expr(b, r->enabled);
	need_expr(b, r->prevent_destroy);
	need_expr(b, r->destroy);
	need_refs(b, r->depends_on, r->depends_on_count);
	need_conditions(b, r->preconditions, r->precondition_count);
	need_conditions(b, r->postconditions, r->postcondition_count);
	for (size_t i = 0; i < r->replace_trigger_count; i++)
		need_expr(b, r->replace_triggered_by[i]);
	need_arguments(b, r->body, resource_meta_arguments, resource_meta_argument_count, node);
	if (r->connection)
		need_body(b, r->connection, NULL);
	for (size_t i = 0; i < r->provisioner_count; i++) {
		if (!r->provisioners[i].when_destroy && r->provisioners[i].body)
			need_body(b, r->provisioners[i].body, NULL);
	}
	if (node->uses)
		need(b, &b->graph->nodes[node->uses->node]);
	/* import blocks stand in the root and may name values of other resources */
	const struct module *root = b->graph->config->root;
	for (size_t i = 0; i < node->import_count; i++) {
		const struct import_block *import = &root->imports[node->imports[i]];
		b->module = b->graph->config->root;
		need_expr(b, import->id);
		need_expr(b, import->for_each);
		b->module = node->module;
	}
}

static void need_parts(struct builder *b, struct node *node)
{
	switch (node->kind) {
	case NODE_VARIABLE: {
		const struct module_call *call = node->module->call;
		need_conditions(b, node->variable->validations, node->variable->validation_count);
		if (!call)
			break;
		b->module = node->module->parent;
		const struct attribute *argument = body_find_attr(call->body, node->variable->name);
		if (argument)
			need_expr(b, argument->expr);
		break;
	}
	case NODE_LOCAL:
		need_expr(b, node->local->expr);
		break;
	case NODE_OUTPUT:
		need_expr(b, node->output->value);
		need_refs(b, node->output->depends_on, node->output->depends_on_count);
		need_conditions(b, node->output->preconditions, node->output->precondition_count);
		break;
	case NODE_RESOURCE:
		need_resource_parts(b, node);
		break;
	case NODE_PROVIDER:
		if (node->provider->block && node->provider->block->body)
			need_body(b, node->provider->block->body, NULL);
		break;
	case NODE_CALL:
		need_expr(b, node->call->count);
		need_expr(b, node->call->for_each);
		need_expr(b, node->call->enabled);
		break;
	case NODE_CHECK:
		if (node->check->data)
			need(b, graph_find(b->graph, node->module, node->check->data->address));
		need_conditions(b, node->check->asserts, node->check->assert_count);
		break;
	}
}

/* The calls that a node's module came by: their instances must be known, and what they depend on done. */
static void need_calls(struct builder *b, struct node *node)
{
	for (struct module *m = node->module; m->parent; m = m->parent) {
		b->module = m->parent;
		need(b, graph_find(b->graph, m->parent, arena_printf(b->graph->arena, "module.%s", m->name)));
		if (node->kind == NODE_RESOURCE || node->kind == NODE_OUTPUT)
			need_refs(b, m->call->depends_on, m->call->depends_on_count);
	}
}

/* A variable may look at itself in its validations, and only there. */
static void drop_self(struct builder *b)
{
	if (b->node->kind != NODE_VARIABLE)
		return;
	for (size_t i = 0; i < b->deps.count; i++) {
		if (b->deps.items[i] == b->node->index)
			b->deps.items[i--] = b->deps.items[--b->deps.count];
	}
}

/* ---- order ---- */

struct frame {
	uint32_t node;
	size_t next;
};

/* Depth first; a node met again while it is open closes a cycle. */
static bool sort_nodes(struct graph *graph, struct diags *diags)
{
	enum { NEW, OPEN, DONE };
	uint8_t *marks = xcalloc(graph->count, 1);
	VEC(struct frame) stack = {0};
	graph->order = arena_array_of(graph->arena, graph->count, uint32_t);
	size_t placed = 0;
	bool ok = true;
	for (uint32_t start = 0; start < graph->count && ok; start++) {
		if (marks[start] != NEW)
			continue;
		marks[start] = OPEN;
		vec_add(&stack, (struct frame){start, 0});
		while (stack.count && ok) {
			struct frame *top = &stack.items[stack.count - 1];
			const struct node *node = &graph->nodes[top->node];
			if (top->next == node->dep_count) {
				marks[top->node] = DONE;
				graph->order[placed++] = top->node;
				stack.count--;
				continue;
			}
			uint32_t dep = node->deps[top->next++];
			if (marks[dep] == NEW) {
				marks[dep] = OPEN;
				vec_add(&stack, (struct frame){dep, 0});
			} else if (marks[dep] == OPEN) {
				AUTO_BUF struct buf text = BUF_INIT;
				size_t from = stack.count;
				while (stack.items[--from].node != dep)
					;
				for (size_t i = from; i < stack.count; i++)
					buf_addf(&text, "    %s\n", graph->nodes[stack.items[i].node].address);
				const struct node *first = &graph->nodes[dep];
				struct src_range range = first->kind == NODE_RESOURCE ? first->resource->header_range
							 : first->kind == NODE_LOCAL  ? first->local->range
							 : first->kind == NODE_OUTPUT ? first->output->range
										      : SRC_NOWHERE;
				if (from + 1 == stack.count)
					diag_error(diags, range, "Self-referential block",
						   "%s refers to itself, and has no value before it is made. Take the reference out.", first->address);
				else
					diag_error(diags, range, "Cycle",
					   "Each of these needs the next one, and the last one needs the first:\n\n%s\nTake out one of the "
					   "references.", buf_text(&text));
				ok = false;
			}
		}
	}
	vec_free(&stack);
	free(marks);
	return ok;
}

void graph_mark_needed(const struct graph *graph, uint32_t start, uint8_t *bits)
{
	VEC(uint32_t) stack = {0};
	vec_add(&stack, start);
	while (stack.count) {
		const struct node *node = &graph->nodes[vec_pop(&stack)];
		for (size_t i = 0; i < node->dep_count; i++) {
			if (bit_is_set(bits, node->deps[i]))
				continue;
			bit_set(bits, node->deps[i]);
			vec_add(&stack, node->deps[i]);
		}
	}
	vec_free(&stack);
}

uint8_t *graph_mark_for_providers(const struct graph *graph, struct arena *arena)
{
	uint8_t *bits = arena_array_of(arena, graph->count / 8 + 1, uint8_t);
	for (uint32_t i = 0; i < graph->count; i++) {
		if (graph->nodes[i].kind == NODE_PROVIDER)
			graph_mark_needed(graph, i, bits);
	}
	return bits;
}

static int compare_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t sort_unique(const char **items, size_t count)
{
	if (count)
		qsort(items, count, sizeof(*items), compare_text);
	size_t kept = 0;
	for (size_t i = 0; i < count; i++) {
		if (!kept || strcmp(items[kept - 1], items[i]))
			items[kept++] = items[i];
	}
	return kept;
}

/* ---- all that comes before ---- */

/* Managed resources by address: a resource's place among them stands for it. */
struct ranks {
	const char **addresses;
	uint32_t *of_node; /* by node; NO_RANK for others */
	size_t count;
};
enum { NO_RANK = UINT32_MAX };

/*
 * The managed resources that come before a node, directly or not: ranks, rising. Nodes share their lists where they can.
 * In a long chain the lists would grow with its square; a node with more than MOST_RANKS has only the resources that
 * it, or what is no resource itself, names. Who comes before whom can be told from these as long as all of them exist.
 */
enum { MOST_RANKS = 512 };
struct closure {
	const uint32_t *ranks;
	size_t count;
	bool is_long;
};

struct rank_list {
	VEC(uint32_t) items;
};

static int compare_by_address(const void *a, const void *b)
{
	const struct node *x = *(const struct node *const *)a, *y = *(const struct node *const *)b;
	return strcmp(x->address, y->address);
}

static void rank_resources(struct graph *graph, struct arena *arena, struct ranks *ranks)
{
	VEC(const struct node *) resources = {0};
	ranks->of_node = arena_array_of(arena, graph->count, uint32_t);
	for (size_t i = 0; i < graph->count; i++) {
		const struct node *node = &graph->nodes[i];
		ranks->of_node[i] = NO_RANK;
		if (node->kind == NODE_RESOURCE && !node->resource->data)
			vec_add(&resources, node);
	}
	if (resources.count)
		qsort(resources.items, resources.count, sizeof(*resources.items), compare_by_address);
	ranks->count = resources.count;
	ranks->addresses = arena_array_of(arena, resources.count, const char *);
	for (size_t i = 0; i < resources.count; i++) {
		ranks->addresses[i] = resources.items[i]->address;
		ranks->of_node[resources.items[i]->index] = (uint32_t)i;
	}
	vec_free(&resources);
}

static int compare_ranks(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

struct closing {
	struct arena *arena;
	const struct ranks *ranks;
	struct closure *closures; /* by node */
	uint32_t *seen;           /* by rank: the stamp of the last list that it is in */
	uint32_t stamp;
};

static void add_rank(struct closing *c, struct rank_list *all, uint32_t rank)
{
	if (c->seen[rank] == c->stamp)
		return;
	c->seen[rank] = c->stamp;
	vec_add(&all->items, rank);
}

/* The union of what the node's needs are and, where `deep`, of what these need; always of what those need that are no resources. */
static struct closure unite(struct closing *c, const struct node *node, bool deep, struct closure most)
{
	struct rank_list all = {0};
	c->stamp++;
	for (size_t i = 0; i < node->dep_count; i++) {
		struct closure below = c->closures[node->deps[i]];
		uint32_t own = c->ranks->of_node[node->deps[i]];
		if (own != NO_RANK)
			add_rank(c, &all, own);
		for (size_t k = 0; (deep || own == NO_RANK) && k < below.count; k++)
			add_rank(c, &all, below.ranks[k]);
	}
	struct closure whole = {.ranks = most.ranks, .count = all.items.count};
	if (!deep || all.items.count > most.count) {
		if (all.items.count)
			qsort(all.items.items, all.items.count, sizeof(*all.items.items), compare_ranks);
		whole.ranks = vec_copy(&all.items, c->arena);
	}
	vec_free(&all.items);
	return whole;
}

static struct closure close_node(struct closing *c, const struct node *node)
{
	struct closure most = {0};
	bool alone = true; /* nothing but `most` was met */
	bool is_long = false;
	for (size_t i = 0; i < node->dep_count; i++) {
		struct closure below = c->closures[node->deps[i]];
		alone &= c->ranks->of_node[node->deps[i]] == NO_RANK && (!below.count || !most.count || below.ranks == most.ranks);
		is_long |= below.is_long;
		if (below.count > most.count)
			most = below;
	}
	if (alone)
		return most;
	struct closure whole = is_long ? (struct closure){0} : unite(c, node, true, most);
	if (is_long || whole.count > MOST_RANKS) {
		whole = unite(c, node, false, most);
		whole.is_long = true;
	}
	return whole;
}

static void find_dependencies(struct graph *graph)
{
	struct arena *arena = arena_new();
	struct ranks ranks;
	rank_resources(graph, arena, &ranks);
	struct closing closing = {
		.arena = arena,
		.ranks = &ranks,
		.closures = arena_array_of(arena, graph->count, struct closure),
		.seen = arena_array_of(arena, ranks.count, uint32_t),
	};
	for (size_t i = 0; i < graph->count; i++) {
		struct node *node = &graph->nodes[graph->order[i]];
		struct closure c = closing.closures[node->index] = close_node(&closing, node);
		if (node->kind != NODE_RESOURCE)
			continue;
		const char **addresses = arena_array_of(graph->arena, c.count, const char *);
		for (size_t k = 0; k < c.count; k++)
			addresses[k] = ranks.addresses[c.ranks[k]];
		node->dependencies = addresses;
		node->dependency_count = c.count;
	}
	arena_free(arena);
}

/* What a create_before_destroy resource needs must be there before and after it is replaced. */
static void spread_create_before_destroy(struct graph *graph)
{
	AUTO_FREE uint8_t *needed = xcalloc(graph->count / 8 + 1, 1);
	for (size_t i = graph->count; i-- > 0;) {
		struct node *node = &graph->nodes[graph->order[i]];
		bool here = bit_is_set(needed, node->index);
		if (node->kind == NODE_RESOURCE)
			here = node->create_before_destroy = here || node->resource->create_before_destroy;
		for (size_t k = 0; k < node->dep_count && here; k++)
			bit_set(needed, node->deps[k]);
	}
}

/* A slip in a name here would let changes through that shall be ignored. */
static void check_ignored(struct builder *b, const struct node *node)
{
	const struct type *type = node->type->schema->type;
	for (size_t i = 0; i < node->resource->ignore_change_count; i++) {
		const struct ref *ref = &node->resource->ignore_changes[i];
		if (type_find_attr(type, ref->root) >= 0)
			continue;
		struct name_list list = {0};
		for (uint32_t k = 0; k < type->count; k++)
			vec_add(&list.names, type->attrs[k].name);
		const char *near = nearest_name(ref->root, list.names.items, list.names.count);
		diag_error(b->diags, ref->range, "Unsupported attribute", "ignore_changes names \"%s\", but %s has no such argument.%s%s%s", ref->root,
			   node->type->name, near ? " Did you mean \"" : "", near ? near : "", near ? "\"?" : "");
		vec_free(&list.names);
	}
}

/* Whether a block, or the module, at this address is declared; keys do not count. */
static bool is_declared(const struct graph *graph, const struct module *module, const struct address *address)
{
	for (size_t i = 0; i < address->module_count && module; i++) {
		const struct module_call *call = map_find(&module->calls, address->modules[i].name);
		module = call ? call->module : NULL;
	}
	return module && (!address->type || graph_find_block(graph, module, address->data, address->type, address->name));
}

static bool has_keys(const struct address *address)
{
	for (size_t i = 0; i < address->module_count; i++) {
		if (address->modules[i].key.kind != KEY_NONE)
			return true;
	}
	return address->key.kind != KEY_NONE;
}

/* Whether another object moves to where this one leaves. */
static bool is_refilled(const struct module *module, const struct address *from)
{
	for (size_t i = 0; i < module->moved_count; i++) {
		if (address_contains(&module->moved[i].to, from) && address_contains(from, &module->moved[i].to))
			return true;
	}
	return false;
}

static bool same_address(const struct address *a, const struct address *b)
{
	return address_contains(a, b) && address_contains(b, a);
}

/* Statements that contradict each other, or lead nowhere. */
static void check_moves_together(struct builder *b, const struct module *module)
{
	struct arena *arena = b->graph->arena;
	for (size_t i = 0; i < module->moved_count; i++) {
		const struct moved *moved = &module->moved[i];
		if (same_address(&moved->from, &moved->to)) {
			diag_error(b->diags, moved->range, "Redundant move statement", "%s is to become what it is. Take this block out.",
				   address_print(arena, &moved->from));
			continue;
		}
		for (size_t k = 0; k < i; k++) {
			const struct moved *other = &module->moved[k];
			bool from = same_address(&other->from, &moved->from), to = same_address(&other->to, &moved->to);
			if (from == to) /* the same once more, or nothing in common */
				continue;
			struct diag *diag = diag_error(b->diags, moved->range, "Ambiguous move statements",
						       from ? "Another moved block says that %s becomes something else. One object goes to one place; "
							      "take out one of the two."
							    : "Another moved block says that something else becomes %s. One place takes one object; take "
							      "out one of the two.",
						       address_print(arena, from ? &moved->from : &moved->to));
			diag_add_note(b->diags, diag, other->range, "The other one:");
		}
		/* along the statements from here: at most all of them can follow each other */
		const struct address *at = &moved->to;
		for (size_t steps = 0; at && steps <= module->moved_count; steps++) {
			const struct address *next = NULL;
			for (size_t k = 0; k < module->moved_count && !next; k++) {
				if (same_address(&module->moved[k].from, at) && !same_address(at, &module->moved[k].to))
					next = &module->moved[k].to;
			}
			at = next;
			if (at && same_address(at, &moved->from)) {
				diag_error(b->diags, moved->range, "Cyclic dependency in move statements",
					   "%s becomes %s, and that, by other moved blocks, %s again. Take out the oldest of them.",
					   address_print(arena, &moved->from), address_print(arena, &moved->to), address_print(arena, &moved->from));
				return;
			}
		}
	}
}

/* A module with provider blocks of its own exists once: its objects could not be destroyed when an instance goes. */
static void check_module_providers(struct builder *b, const struct module_call *call, const struct module *module)
{
	for (struct map_entry *e = map_first(&module->providers); e; e = map_next(&module->providers, e)) {
		const struct provider_block *block = e->value;
		if (!block->body || !block->body->attr_count)
			continue;
		struct diag *diag = diag_error(b->diags, call->header_range, "Module is incompatible with count, for_each, and depends_on",
					       "The module \"%s\" configures the provider \"%s\" itself, and so cannot stand in a module block with count, "
					       "for_each or depends_on. Configure the provider here, and pass it in the argument `providers`.",
					       call->name, block->name);
		diag_add_note(b->diags, diag, block->header_range, "Configured here:");
		return;
	}
	for (struct map_entry *e = map_first(&module->calls); e; e = map_next(&module->calls, e)) {
		const struct module_call *inner = e->value;
		if (inner->module)
			check_module_providers(b, call, inner->module);
	}
}

static void check_calls(struct builder *b, const struct module *module)
{
	for (struct map_entry *e = map_first(&module->calls); e; e = map_next(&module->calls, e)) {
		const struct module_call *call = e->value;
		if (call->module && (call->count || call->for_each || call->depends_on_count))
			check_module_providers(b, call, call->module);
		else if (call->module)
			check_calls(b, call->module);
	}
}

static void check_moved(struct builder *b, const struct module *module)
{
	check_moves_together(b, module);
	for (size_t i = 0; i < module->moved_count; i++) {
		const struct moved *moved = &module->moved[i];
		if (!has_keys(&moved->from) && !has_keys(&moved->to) && is_declared(b->graph, module, &moved->from) &&
		    !is_refilled(module, &moved->from))
			diag_error(b->diags, moved->range, "Moved object still exists",
				   "%s is still declared, and would be made anew where its object has moved away from. Rename the block, or take "
				   "this one out.", address_print(b->graph->arena, &moved->from));
	}
	for (struct map_entry *e = map_first(&module->calls); e; e = map_next(&module->calls, e)) {
		const struct module_call *call = e->value;
		if (call->module)
			check_moved(b, call->module);
	}
}

static void check_removed(struct builder *b, const struct module *root)
{
	for (size_t i = 0; i < root->removed_count; i++) {
		const struct address *from = &root->removed[i].from;
		if (is_declared(b->graph, root, from))
			diag_error(b->diags, root->removed[i].range, from->type ? "Removed resource still exists" : "Removed module still exists",
				   "%s is still declared. Take its block out, or this one.", address_print(b->graph->arena, from));
	}
}

struct graph *graph_build(struct arena *arena, struct config *config, const struct map *also, struct diags *diags)
{
	struct graph *graph = arena_new_of(arena, struct graph);
	graph->arena = arena;
	graph->config = config;
	struct builder b = {.graph = graph, .diags = diags};
	add_module_nodes(&b, config->root);
	size_t blocks = graph->count;
	for (size_t i = 0; i < blocks; i++) {
		if (graph->nodes[i].kind == NODE_RESOURCE)
			resolve_type(&b, &graph->nodes[i]);
	}
	/* blocks that no resource uses now may still be what the state's objects need */
	for (struct map_entry *e = map_first(&config->root->providers); e; e = map_next(&config->root->providers, e)) {
		const struct provider_block *block = e->value;
		add_provider(&b, config->root, block->name, block->alias, block, block->header_range);
	}
	/* and so may the defaults that no block is written for */
	for (struct map_entry *e = also ? map_first(also) : NULL; e; e = map_next(also, e)) {
		if (!strpbrk(e->key, ".") && provider_find_kind(e->key))
			add_provider(&b, config->root, e->key, NULL, NULL, SRC_NOWHERE);
	}
	find_imports(graph, diags);
	b.seen = xcalloc(graph->count, sizeof(*b.seen));
	b.looked_at = xcalloc(graph->count, sizeof(*b.looked_at));
	for (size_t i = 0; i < graph->count; i++) {
		struct node *node = &graph->nodes[i];
		b.node = node;
		b.module = node->module;
		b.deps.count = 0;
		need_parts(&b, node);
		if (node->kind == NODE_RESOURCE && node->type)
			check_ignored(&b, node);
		need_calls(&b, node);
		drop_self(&b);
		node->deps = vec_copy(&b.deps, arena);
		node->dep_count = b.deps.count;
	}
	for (size_t i = 0; i < graph->count; i++) {
		graph->nodes[i].looked_at_count = sort_unique(b.looked_at[i].items, b.looked_at[i].count);
		graph->nodes[i].looked_at =
			b.looked_at[i].count ? arena_memdup(arena, b.looked_at[i].items, b.looked_at[i].count * sizeof(char *)) : NULL;
		vec_free(&b.looked_at[i]);
	}
	check_moved(&b, config->root);
	check_calls(&b, config->root);
	check_removed(&b, config->root);
	free(b.looked_at);
	free(b.seen);
	vec_free(&b.deps);
	if (!sort_nodes(graph, diags)) {
		graph_release(graph);
		return NULL;
	}
	find_dependencies(graph);
	spread_create_before_destroy(graph);
	return graph;
}

void graph_release(struct graph *graph)
{
	if (!graph)
		return;
	map_release(&graph->by_key);
	map_release(&graph->providers);
	map_release(&graph->modules);
}
