/* SPDX-License-Identifier: Apache-2.0 */
/* The edges of a graph: what each block refers to, and the names that do not exist. */
#include "plans/graph_internal.h"

#include "base/buf.h"

#include <string.h>

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

/* "var" for vars.region where there is a variable "region"; NULL where nothing like that was meant. */
static const char *scope_meant(const struct module *module, const char *root, const char *name)
{
	static const char *const scopes[] = {"var", "variable", "vars", "local", "locals", "module"};
	const char *near = nearest_name(root, scopes, ARRAY_LEN(scopes));
	if (!near)
		return NULL;
	const char *scope = *near == 'v' ? "var" : *near == 'l' ? "local" : "module";
	const struct map *declared = *near == 'v' ? &module->variables : *near == 'l' ? &module->locals : &module->calls;
	return map_find(declared, name) ? scope : NULL;
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
		else if (!data && scope_meant(b->module, type, name))
			diag_error(b->diags, ref->range, "Invalid reference", "There is no \"%s\". Did you mean \"%s.%s\"?", buf_text(&named),
				   scope_meant(b->module, type, name), name);
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
	const struct iterator_filter *filter = ctx, *f = filter;
	do {
		if (f->name && !strcmp(f->name, ref->root))
			return;
	} while ((f = f->parent));
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

void graph_find_imports(struct graph *graph, struct diags *diags)
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

void builder_need_parts(struct builder *b, struct node *node)
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

void builder_need_calls(struct builder *b, struct node *node)
{
	for (struct module *m = node->module; m->parent; m = m->parent) {
		b->module = m->parent;
		need(b, graph_find(b->graph, m->parent, arena_printf(b->graph->arena, "module.%s", m->name)));
		if (node->kind == NODE_RESOURCE || node->kind == NODE_OUTPUT)
			need_refs(b, m->call->depends_on, m->call->depends_on_count);
	}
}

void builder_drop_self(struct builder *b)
{
	if (b->node->kind != NODE_VARIABLE)
		return;
	for (size_t i = 0; i < b->deps.count; i++) {
		if (b->deps.items[i] == b->node->index)
			b->deps.items[i--] = b->deps.items[--b->deps.count];
	}
}

void builder_check_tunnels(struct builder *b)
{
	struct module *root = b->graph->config->root;
	struct node nobody = {.index = (uint32_t)b->graph->count};
	for (struct map_entry *e = map_first(&root->tunnels); e; e = map_next(&root->tunnels, e)) {
		const struct tunnel *tunnel = e->value;
		b->node = &nobody;
		b->module = root;
		b->deps.count = 0;
		need_expr(b, tunnel->host);
		need_expr(b, tunnel->port);
		need_expr(b, tunnel->local_port);
		need_expr(b, tunnel->path);
	}
}

/* A slip in a name here would let changes through that shall be ignored. */
void builder_check_ignored(struct builder *b, const struct node *node)
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
