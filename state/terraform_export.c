/* SPDX-License-Identifier: Apache-2.0 */
/* The state as a state of Terraform's (version 4 JSON), for handing a project back. */
#include "lang/schema.h"
#include "lang/value/jsonw.h"
#include "state/state_internal.h"

#include <string.h>

/* The version that wrote the form we write: what reads 1.0's states reads ours. */
static const char TERRAFORM_VERSION[] = "1.0.0";

/* "module.net.aws.west" -> module.net.provider["registry.terraform.io/hashicorp/aws"].west */
static void provider_text(const struct object *object, struct buf *out)
{
	const char *name = object->provider;
	for (const char *dot; !strncmp(name, "module.", 7) && (dot = strchr(name + 7, '.')); )
		name = dot + 1;
	buf_add(out, object->provider, (size_t)(name - object->provider));
	bool own = !strcmp(object->kind, "terraform");
	buf_addf(out, "provider[\"%s/%s\"]", own ? "terraform.io/builtin" : "registry.terraform.io/hashicorp", object->kind);
	const char *alias = strchr(name, '.');
	if (alias)
		buf_adds(out, alias);
}

static void step(struct jsonw *w, const struct value_step *s, bool attribute)
{
	jsonw_open(w, NULL, '{');
	if (attribute) {
		jsonw_text(w, "type", "get_attr");
		jsonw_text(w, "value", s->name);
	} else {
		jsonw_text(w, "type", "index");
		jsonw_open(w, "value", '{');
		if (s->name)
			jsonw_text(w, "value", s->name);
		else
			jsonw_int(w, "value", (int64_t)s->index);
		jsonw_text(w, "type", s->name ? "string" : "number");
		jsonw_close(w, '}');
	}
	jsonw_close(w, '}');
}

/* The marked places; a path's steps tell attributes from map keys by the value they lead through. */
static void sensitive_paths(struct jsonw *w, const struct value *v, const struct value_step *path, const bool *attribute, size_t depth)
{
	enum { MOST = 64 };
	if (v->marks & VALUE_SENSITIVE) {
		jsonw_open(w, NULL, '[');
		for (size_t i = 0; i < depth; i++)
			step(w, &path[i], attribute[i]);
		jsonw_close(w, ']');
		return;
	}
	if (!(v->deep_marks & VALUE_SENSITIVE) || v->state != VALUE_KNOWN || type_is_primitive(v->type) || depth >= MOST)
		return;
	struct value_step steps[MOST + 1];
	bool kinds[MOST + 1];
	if (depth) {
		memcpy(steps, path, depth * sizeof(*steps));
		memcpy(kinds, attribute, depth * sizeof(*kinds));
	}
	bool named = v->type->kind == TYPE_OBJECT || v->type->kind == TYPE_MAP;
	for (uint32_t i = 0; i < v->count; i++) {
		steps[depth] = (struct value_step){.name = named ? value_key_at(v, i) : NULL, .index = i};
		kinds[depth] = v->type->kind == TYPE_OBJECT;
		sensitive_paths(w, v->items[i], steps, kinds, depth + 1);
	}
}

static void instance(struct jsonw *w, const struct object *object, const struct schema *schema)
{
	jsonw_open(w, NULL, '{');
	if (object->parts.key.kind == KEY_INDEX)
		jsonw_int(w, "index_key", (int64_t)object->parts.key.index);
	else if (object->parts.key.kind == KEY_NAME)
		jsonw_text(w, "index_key", object->parts.key.name);
	if (object->status == OBJECT_TAINTED)
		jsonw_text(w, "status", "tainted");
	if (*object->deposed)
		jsonw_text(w, "deposed", object->deposed);
	jsonw_int(w, "schema_version", object->schema_version);
	jsonw_value_as(w, "attributes", object->value, schema ? schema->type : object->value->type);
	jsonw_open(w, "sensitive_attributes", '[');
	sensitive_paths(w, object->value, NULL, NULL, 0);
	jsonw_close(w, ']');
	if (object->private_note)
		jsonw_text(w, "private", object->private_note);
	if (object->dependency_count) {
		jsonw_open(w, "dependencies", '[');
		for (size_t i = 0; i < object->dependency_count; i++)
			jsonw_text(w, NULL, object->dependencies[i]);
		jsonw_close(w, ']');
	}
	if (object->create_before_destroy)
		jsonw_bool(w, "create_before_destroy", true);
	jsonw_close(w, '}');
}

/* Whether two objects are instances of one resource in one module instance. */
static bool same_resource(const struct object *a, const struct object *b)
{
	struct address x = a->parts, y = b->parts;
	x.key = y.key = (struct instance_key){0};
	return !address_compare(&x, &y) && !strcmp(a->provider, b->provider);
}

static void resource(struct jsonw *w, const struct state *state, const struct terraform_import *types, size_t first, size_t end)
{
	const struct object *object = state_object_at(state, first);
	AUTO_BUF struct buf text = BUF_INIT;
	jsonw_open(w, NULL, '{');
	if (object->parts.module_count) {
		struct arena *arena = arena_new();
		struct address module = object->parts;
		module.type = NULL;
		jsonw_text(w, "module", address_print(arena, &module));
		arena_free(arena);
	}
	jsonw_text(w, "mode", object->parts.data ? "data" : "managed");
	jsonw_text(w, "type", object->parts.type);
	jsonw_text(w, "name", object->parts.name);
	provider_text(object, &text);
	jsonw_text(w, "provider", buf_text(&text));
	jsonw_open(w, "instances", '[');
	const struct schema *schema = types->schema_of(types->ctx, object->kind, object->parts.type, object->parts.data);
	for (size_t i = first; i < end; i++)
		instance(w, state_object_at(state, i), schema);
	jsonw_close(w, ']');
	jsonw_close(w, '}');
}

void state_export_terraform(const struct state *state, struct terraform_import *types, struct buf *out)
{
	struct jsonw w = {.out = out, .pretty = true, .html_safe = true};
	jsonw_open(&w, NULL, '{');
	jsonw_int(&w, "version", 4);
	jsonw_text(&w, "terraform_version", TERRAFORM_VERSION);
	jsonw_int(&w, "serial", (int64_t)state_serial(state));
	jsonw_text(&w, "lineage", state_lineage(state));
	jsonw_open(&w, "outputs", '{');
	for (size_t i = 0; i < state_output_count(state); i++) {
		const struct state_output *output = state_output_at(state, i);
		AUTO_BUF struct buf type = BUF_INIT;
		type_print_json(output->value->type, &type);
		jsonw_open(&w, output->name, '{');
		jsonw_value(&w, "value", output->value);
		jsonw_raw(&w, "type", buf_text(&type), type.len);
		if (value_marks_deep(output->value) & VALUE_SENSITIVE)
			jsonw_bool(&w, "sensitive", true);
		jsonw_close(&w, '}');
	}
	jsonw_close(&w, '}');
	jsonw_open(&w, "resources", '[');
	size_t count = state_object_count(state);
	for (size_t first = 0; first < count;) {
		size_t end = first + 1;
		while (end < count && same_resource(state_object_at(state, first), state_object_at(state, end)))
			end++;
		resource(&w, state, types, first, end);
		first = end;
	}
	jsonw_close(&w, ']');
	jsonw_raw(&w, "check_results", "null", 4);
	jsonw_close(&w, '}');
	buf_addc(out, '\n');
}
