/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration as the JSON form of a plan shows it: constants as values, all else by what it refers to. */
#include "plans/render_internal.h"

#include "lang/eval/eval.h"
#include "lang/value/jsonw.h"
#include "plans/render_json.h"

#include <stdlib.h>
#include <string.h>

struct config_writer {
	struct jsonw *w;
	struct arena *arena;
};

/* ---- expressions ---- */

static void add_key_step(const struct ref_step *step, struct buf *out)
{
	const struct value *key = step->key && step->key->kind == EXPR_LITERAL ? step->key->literal : NULL;
	if (key && value_is_a(key, TYPE_STRING)) {
		buf_addc(out, '[');
		value_print_quoted(key->text, key->count, out);
		buf_addc(out, ']');
	} else if (key && value_is_a(key, TYPE_NUMBER)) {
		buf_addc(out, '[');
		number_add_text(key->number, out);
		buf_addc(out, ']');
	}
}

static bool is_literal_step(const struct ref_step *step)
{
	return step->name || (step->key && step->key->kind == EXPR_LITERAL);
}

/* The reference up to a step. */
static void add_ref_text(struct jsonw *w, const struct ref *ref, size_t count)
{
	AUTO_BUF struct buf text = BUF_INIT;
	buf_adds(&text, ref->root);
	for (size_t i = 0; i < count; i++) {
		if (ref->steps[i].name)
			buf_addf(&text, ".%s", ref->steps[i].name);
		else
			add_key_step(&ref->steps[i], &text);
	}
	jsonw_text(w, NULL, buf_text(&text));
}

/* aws_vpc.main[0].id: that, aws_vpc.main[0], aws_vpc.main; var.a.b: that, var.a. */
static void add_ref(void *ctx, const struct ref *ref)
{
	struct jsonw *w = ctx;
	size_t least = 1; /* steps of the smallest thing that can be referred to */
	if (!strcmp(ref->root, "data"))
		least = 2;
	size_t most = 0;
	while (most < ref->count && is_literal_step(&ref->steps[most]))
		most++;
	bool output = !strcmp(ref->root, "module");
	for (size_t n = most; n > least; n--) {
		bool key_of_output = output && n == 2 && ref->steps[1].key;
		add_ref_text(w, ref, n);
		if (key_of_output)
			return; /* module.net[0] is the call's instance: module.net is not named, too */
	}
	add_ref_text(w, ref, most < least ? most : least);
}

static void note_use(void *ctx, const struct ref *ref)
{
	(void)ref;
	*(bool *)ctx = true;
}

static void note_call(void *ctx, const struct expr *call)
{
	(void)call;
	*(bool *)ctx = true;
}

static void add_expr(struct config_writer *c, const char *key, const struct expr *expr)
{
	bool refers = false, calls = false;
	expr_walk_refs(expr, note_use, &refers);
	expr_walk_calls(expr, note_call, &calls);
	jsonw_open(c->w, key, '{');
	if (refers) {
		jsonw_open(c->w, "references", '[');
		expr_walk_refs(expr, add_ref, c->w);
		jsonw_close(c->w, ']');
	} else if (!calls) {
		struct diags ignored;
		diags_init(&ignored);
		struct scope scope = {0};
		struct eval eval = {.arena = c->arena, .scope = &scope, .diags = &ignored};
		const struct value *v = eval_expr(&eval, expr);
		if (!diags_has_errors(&ignored) && value_is_wholly_known(v))
			jsonw_value(c->w, "constant_value", v);
		diags_release(&ignored);
	}
	jsonw_close(c->w, '}');
}

/* ---- bodies ---- */

static bool is_skipped(const char *name, const char *const *skip, size_t skip_count)
{
	for (size_t i = 0; i < skip_count; i++) {
		if (!strcmp(skip[i], name))
			return true;
	}
	return false;
}

static int compare_attrs(const void *a, const void *b)
{
	return strcmp((*(const struct attribute *const *)a)->name, (*(const struct attribute *const *)b)->name);
}

static void add_body(struct config_writer *c, const char *key, const struct body *body, const struct schema *schema,
		     const char *const *skip, size_t skip_count)
{
	jsonw_open(c->w, key, '{');
	const struct attribute **attrs = arena_array_of(c->arena, body->attr_count, const struct attribute *);
	for (size_t i = 0; i < body->attr_count; i++)
		attrs[i] = &body->attrs[i];
	if (body->attr_count)
		qsort(attrs, body->attr_count, sizeof(*attrs), compare_attrs);
	for (size_t i = 0; i < body->attr_count; i++) {
		if (!is_skipped(attrs[i]->name, skip, skip_count))
			add_expr(c, attrs[i]->name, attrs[i]->expr);
	}
	for (size_t i = 0; i < body->block_count; i++) {
		const struct block *block = &body->blocks[i];
		bool again = !strcmp(block->type, "dynamic") || is_skipped(block->type, skip, skip_count);
		for (size_t k = 0; k < i && !again; k++)
			again = !strcmp(body->blocks[k].type, block->type);
		if (again)
			continue;
		const struct schema_block *known = schema ? schema_find_block(schema, block->type) : NULL;
		if ((known && known->nesting == NEST_SINGLE) || !strcmp(block->type, "timeouts")) {
			add_body(c, block->type, block->body, known ? known->schema : NULL, NULL, 0);
			continue;
		}
		jsonw_open(c->w, block->type, '[');
		for (size_t k = i; k < body->block_count; k++) {
			if (!strcmp(body->blocks[k].type, block->type))
				add_body(c, NULL, body->blocks[k].body, known ? known->schema : NULL, NULL, 0);
		}
		jsonw_close(c->w, ']');
	}
	jsonw_close(c->w, '}');
}

static bool has_arguments(const struct body *body, const char *const *skip, size_t skip_count)
{
	for (size_t i = 0; i < body->attr_count; i++) {
		if (!is_skipped(body->attrs[i].name, skip, skip_count))
			return true;
	}
	for (size_t i = 0; i < body->block_count; i++) {
		if (!is_skipped(body->blocks[i].type, skip, skip_count) && strcmp(body->blocks[i].type, "dynamic"))
			return true;
	}
	return false;
}

static void add_depends_on(struct config_writer *c, const struct ref *refs, size_t count)
{
	if (!count)
		return;
	jsonw_open(c->w, "depends_on", '[');
	for (size_t i = 0; i < count; i++)
		add_ref_text(c->w, &refs[i], refs[i].count);
	jsonw_close(c->w, ']');
}

/* ---- modules ---- */

static const void **sorted(struct arena *arena, const struct map *map, size_t *count)
{
	size_t n = 0;
	struct map_entry **entries = arena_array_of(arena, map_size(map), struct map_entry *);
	for (struct map_entry *e = map_first(map); e; e = map_next(map, e)) {
		size_t at = n++;
		for (; at && strcmp(entries[at - 1]->key, e->key) > 0; at--)
			entries[at] = entries[at - 1];
		entries[at] = e;
	}
	const void **values = arena_array_of(arena, n, const void *);
	for (size_t i = 0; i < n; i++)
		values[i] = entries[i]->value;
	*count = n;
	return values;
}

/* "aws", "aws.west", "module.net:aws": the key of a provider's configuration. */
static const char *provider_key(struct config_writer *c, const struct module *module, const char *name, const char *alias)
{
	const struct module *at = module;
	AUTO_BUF struct buf key = BUF_INIT;
	buf_addf(&key, "%s%s%s", name, alias ? "." : "", alias ? alias : "");
	while (at->parent && !map_find(&at->providers, buf_text(&key)))
		at = at->parent;
	if (!at->parent)
		return buf_copy(&key, c->arena);
	AUTO_BUF struct buf path = BUF_INIT;
	for (const char *p = at->path; *p;) {
		size_t n = strcspn(p, ".");
		buf_addf(&path, "%smodule.%.*s", path.len ? "." : "", (int)n, p);
		p += n + (p[n] == '.');
	}
	return arena_printf(c->arena, "%s:%s", buf_text(&path), buf_text(&key));
}

static const struct provider_kind *kind_of(const struct module *module, const char *name)
{
	const struct provider_requirement *need = map_find(&module->requirements, name);
	const char *slash = need && need->source ? strrchr(need->source, '/') : NULL;
	return provider_find_kind(slash ? slash + 1 : need && need->source ? need->source : name);
}

static void add_resource(struct config_writer *c, const struct resource *r)
{
	const char *name = r->provider ? r->provider->local_name : provider_name_of_type(c->arena, r->type);
	const struct provider_kind *kind = kind_of(r->module, name);
	struct diags ignored;
	diags_init(&ignored);
	const struct resource_type *type = kind ? kind->find_type(r->type, r->data, &ignored) : NULL;
	diags_release(&ignored);
	jsonw_open(c->w, NULL, '{');
	jsonw_text(c->w, "address", r->address);
	jsonw_text(c->w, "mode", r->data ? "data" : "managed");
	jsonw_text(c->w, "type", r->type);
	jsonw_text(c->w, "name", r->name);
	jsonw_text(c->w, "provider_config_key", provider_key(c, r->module, name, r->provider ? r->provider->alias : NULL));
	if (has_arguments(r->body, resource_meta_arguments, resource_meta_argument_count))
		add_body(c, "expressions", r->body, type ? type->schema : NULL, resource_meta_arguments, resource_meta_argument_count);
	jsonw_int(c->w, "schema_version", type ? type->schema->version : 0);
	if (r->count)
		add_expr(c, "count_expression", r->count);
	if (r->for_each)
		add_expr(c, "for_each_expression", r->for_each);
	add_depends_on(c, r->depends_on, r->depends_on_count);
	jsonw_close(c->w, '}');
}

static void add_module(struct config_writer *c, const char *key, const struct module *module);

static void add_call(struct config_writer *c, const struct module_call *call)
{
	jsonw_open(c->w, call->name, '{');
	jsonw_text(c->w, "source", call->source);
	if (has_arguments(call->body, module_meta_arguments, module_meta_argument_count))
		add_body(c, "expressions", call->body, NULL, module_meta_arguments, module_meta_argument_count);
	if (call->count)
		add_expr(c, "count_expression", call->count);
	if (call->for_each)
		add_expr(c, "for_each_expression", call->for_each);
	if (call->module)
		add_module(c, "module", call->module);
	add_depends_on(c, call->depends_on, call->depends_on_count);
	jsonw_close(c->w, '}');
}

/* Module calls nest as deep as they were loaded, which has a limit. */
static void add_module(struct config_writer *c, const char *key, const struct module *module)
{
	size_t count;
	jsonw_open(c->w, key, '{');
	const void **items = sorted(c->arena, &module->outputs, &count);
	if (count)
		jsonw_open(c->w, "outputs", '{');
	for (size_t i = 0; i < count; i++) {
		const struct output *output = items[i];
		jsonw_open(c->w, output->name, '{');
		if (output->sensitive)
			jsonw_bool(c->w, "sensitive", true);
		if (output->value)
			add_expr(c, "expression", output->value);
		if (output->description)
			jsonw_text(c->w, "description", output->description);
		add_depends_on(c, output->depends_on, output->depends_on_count);
		jsonw_close(c->w, '}');
	}
	if (count)
		jsonw_close(c->w, '}');
	items = sorted(c->arena, &module->resources, &count);
	if (count)
		jsonw_open(c->w, "resources", '[');
	for (int data = 0; data < 2; data++) {
		for (size_t i = 0; i < count; i++) {
			const struct resource *resource = items[i];
			if (resource->data == (data != 0))
				add_resource(c, resource);
		}
	}
	if (count)
		jsonw_close(c->w, ']');
	items = sorted(c->arena, &module->calls, &count);
	if (count)
		jsonw_open(c->w, "module_calls", '{');
	for (size_t i = 0; i < count; i++)
		add_call(c, items[i]);
	if (count)
		jsonw_close(c->w, '}');
	items = sorted(c->arena, &module->variables, &count);
	if (count)
		jsonw_open(c->w, "variables", '{');
	for (size_t i = 0; i < count; i++) {
		const struct variable *variable = items[i];
		jsonw_open(c->w, variable->name, '{');
		if (variable->fallback && !value_is_null(variable->fallback))
			jsonw_value(c->w, "default", variable->fallback);
		if (variable->description)
			jsonw_text(c->w, "description", variable->description);
		if (variable->sensitive)
			jsonw_bool(c->w, "sensitive", true);
		jsonw_close(c->w, '}');
	}
	if (count)
		jsonw_close(c->w, '}');
	jsonw_close(c->w, '}');
}

/* ---- providers ---- */

static void add_provider(struct config_writer *c, const struct module *module, const char *name, const char *alias,
			 const struct provider_block *block)
{
	const struct provider_kind *kind = kind_of(module, name);
	const struct provider_requirement *need = map_find(&module->requirements, name);
	static const char *const meta[] = {"alias", "version"};
	jsonw_open(c->w, provider_key(c, module, name, alias), '{');
	jsonw_text(c->w, "name", name);
	if (kind)
		jsonw_text(c->w, "full_name", kind->source);
	if (alias)
		jsonw_text(c->w, "alias", alias);
	if (need && need->version)
		jsonw_text(c->w, "version_constraint", need->version);
	if (block && block->body && has_arguments(block->body, meta, ARRAY_LEN(meta)))
		add_body(c, "expressions", block->body, kind ? kind->config_schema() : NULL, meta, ARRAY_LEN(meta));
	jsonw_close(c->w, '}');
}

static void add_providers(struct config_writer *c, const struct config *config)
{
	struct map told = MAP_INIT;
	bool any = false;
	for (size_t m = 0; m < config->module_count; m++) {
		const struct module *module = config->modules[m];
		for (struct map_entry *e = map_first(&module->providers); e; e = map_next(&module->providers, e)) {
			const struct provider_block *block = e->value;
			if (map_put(&told, provider_key(c, module, block->name, block->alias), e->value))
				continue;
			if (!any)
				jsonw_open(c->w, "provider_config", '{');
			any = true;
			add_provider(c, module, block->name, block->alias, block);
		}
		for (struct map_entry *e = map_first(&module->resources); e; e = map_next(&module->resources, e)) {
			const struct resource *r = e->value;
			const char *name = r->provider ? r->provider->local_name : provider_name_of_type(c->arena, r->type);
			const char *alias = r->provider ? r->provider->alias : NULL;
			if (map_put(&told, provider_key(c, module, name, alias), e->value))
				continue;
			if (!any)
				jsonw_open(c->w, "provider_config", '{');
			any = true;
			add_provider(c, module, name, alias, NULL);
		}
	}
	if (any)
		jsonw_close(c->w, '}');
	map_release(&told);
}

void json_config(const struct config *config, struct jsonw *w)
{
	struct config_writer c = {.w = w, .arena = arena_new()};
	jsonw_open(w, NULL, '{');
	add_providers(&c, config);
	add_module(&c, "root_module", config->root);
	jsonw_close(w, '}');
	arena_free(c.arena);
}
