/* SPDX-License-Identifier: Apache-2.0 */
/* The nodes of a graph: blocks, the providers and types that they mean, finding them again; and the whole made of its parts. */
#include "plans/graph_internal.h"

#include "base/buf.h"

#include <string.h>
#include <strings.h>

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

/* The name behind hashicorp/ (which may stand behind a registry's name); of others' providers the whole source, which no kind has. */
static const char *source_kind_name(const struct module *module, const char *local_name)
{
	static const char *const ours[] = {"", "hashicorp/", "registry.terraform.io/hashicorp/", "registry.opentofu.org/hashicorp/",
					   "terraform.io/builtin/"};
	const struct provider_requirement *need = map_find(&module->requirements, local_name);
	if (!need || !need->source)
		return local_name;
	const char *slash = strrchr(need->source, '/');
	size_t before = slash ? (size_t)(slash + 1 - need->source) : 0;
	for (size_t i = 0; i < ARRAY_LEN(ours); i++) {
		if (strlen(ours[i]) == before && !strncasecmp(ours[i], need->source, before))
			return need->source + before;
	}
	return need->source;
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

/* ---- what contradicts the declarations ---- */

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

/* ---- the whole graph ---- */

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
	graph_find_imports(graph, diags);
	b.seen = xcalloc(graph->count, sizeof(*b.seen));
	b.looked_at = xcalloc(graph->count, sizeof(*b.looked_at));
	for (size_t i = 0; i < graph->count; i++) {
		struct node *node = &graph->nodes[i];
		b.node = node;
		b.module = node->module;
		b.deps.count = 0;
		builder_need_parts(&b, node);
		if (node->kind == NODE_RESOURCE && node->type)
			builder_check_ignored(&b, node);
		builder_need_calls(&b, node);
		builder_drop_self(&b);
		node->deps = vec_copy(&b.deps, arena);
		node->dep_count = b.deps.count;
	}
	builder_check_tunnels(&b);
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
	if (!graph_sort_nodes(graph, diags)) {
		graph_release(graph);
		return NULL;
	}
	graph_find_dependencies(graph);
	graph_spread_create_before_destroy(graph);
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
