/* SPDX-License-Identifier: Apache-2.0 */
/* A state of Terraform's (version 4 JSON) taken over. */
#include "lang/schema.h"
#include "lang/value/json.h"
#include "state/state_internal.h"

#include <string.h>

struct importer {
	struct state *state;
	struct terraform_import *import;
	struct diags *diags;
	struct arena *arena; /* of the whole document */
	size_t left_out;
};

static bool malformed(struct importer *im, const char *what)
{
	diag_error(im->diags, SRC_NOWHERE, "The state file cannot be read", "It is not a state of Terraform's: %s.", what);
	return false;
}

static const struct value *member_of(const struct value *v, const char *name, enum type_kind kind)
{
	const struct value *m = value_get(v, name);
	return m && value_is_a(m, kind) ? m : NULL;
}

static bool flag_of(const struct value *v, const char *name)
{
	const struct value *m = value_get(v, name);
	return m && value_is_true(m);
}

/* JSON as a value of a type; the document was read as objects and tuples. */
static const struct value *as_type(struct arena *arena, const struct value *json, const struct type *type, struct buf *why)
{
	AUTO_BUF struct buf text = BUF_INIT;
	value_to_json(json, false, &text);
	return value_from_json_as(arena, buf_text(&text), text.len, type, why);
}

/*
 * provider["registry.terraform.io/hashicorp/aws"].west of module.net gives the kind "aws" and our
 * name for the block: "module.net.aws.west".
 */
static bool split_provider(struct importer *im, const char *text, const char **kind, const char **provider)
{
	const char *start = strstr(text, "provider[\"");
	const char *end = start ? strstr(start, "\"]") : NULL;
	if (!end)
		return malformed(im, "a resource names no provider");
	size_t prefix = (size_t)(start - text);
	const char *source = arena_strndup(im->arena, start + 10, (size_t)(end - start) - 10);
	const char *slash = strrchr(source, '/');
	*kind = slash ? slash + 1 : source;
	const char *alias = end + 2;
	*provider = arena_printf(im->arena, "%.*s%s%s", (int)prefix, text, *kind, alias);
	return true;
}

/* ---- sensitive places ---- */

static const struct value *mark_at(struct arena *arena, const struct value *v, const struct value *path, uint32_t at)
{
	if (at >= path->count)
		return value_mark(arena, v, VALUE_SENSITIVE);
	if (v->state != VALUE_KNOWN || type_is_primitive(v->type))
		return v;
	const struct value *step = path->items[at];
	const char *kind = value_get_text(step, "type");
	const struct value *key = value_get(step, "value");
	if (key && value_is_a(key, TYPE_OBJECT)) /* an index is an object with a type of its own */
		key = value_get(key, "value");
	if (!kind || !key || v->type->kind == TYPE_SET)
		return value_mark(arena, v, VALUE_SENSITIVE);
	int64_t index = -1;
	bool named = v->type->kind == TYPE_OBJECT || v->type->kind == TYPE_MAP;
	if (!named && value_is_a(key, TYPE_NUMBER) && !number_to_int(key->number, &index))
		index = -1;
	const struct value **items = arena_memdup(arena, v->items, v->count * sizeof(*items));
	bool met = false;
	for (uint32_t i = 0; i < v->count; i++) {
		if (named ? !value_is_text(key, value_key_at(v, i)) : (int64_t)i != index)
			continue;
		items[i] = mark_at(arena, v->items[i], path, at + 1);
		met = true;
	}
	if (!met)
		return v;
	const struct value *marked = v;
	if (v->type->kind == TYPE_OBJECT)
		marked = value_object_of(arena, v->type, items);
	else if (v->type->kind == TYPE_MAP)
		marked = value_map(arena, v->type->element, v->keys, items, v->count);
	else if (v->type->kind == TYPE_LIST)
		marked = value_list(arena, v->type->element, items, v->count);
	else
		marked = value_tuple_of(arena, v->type, items);
	return value_mark(arena, marked, v->marks);
}

/* ---- one instance ---- */

static const char *instance_address(struct importer *im, const struct value *resource, const struct value *instance,
				    struct address *parts)
{
	const char *module = value_get_text(resource, "module");
	const char *type = value_get_text(resource, "type"), *name = value_get_text(resource, "name");
	const struct value *key = value_get(instance, "index_key");
	AUTO_BUF struct buf text = BUF_INIT;
	buf_addf(&text, "%s%s%s.%s", module ? module : "", module ? "." : "", type ? type : "", name ? name : "");
	int64_t index;
	if (key && value_is_a(key, TYPE_NUMBER) && number_to_int(key->number, &index))
		instance_key_print((struct instance_key){.kind = KEY_INDEX, .index = (uint64_t)index}, &text);
	else if (key && value_is_a(key, TYPE_STRING))
		instance_key_print((struct instance_key){.kind = KEY_NAME, .name = key->text}, &text);
	return address_parse(im->arena, buf_text(&text), parts, im->diags) ? address_print(im->arena, parts) : NULL;
}

/* Terraform's list may hold modules too ("module.net"): those are of no use to us. */
static const char *const *dependencies_of(struct importer *im, const struct value *instance, size_t *count)
{
	const struct value *list = member_of(instance, "dependencies", TYPE_TUPLE);
	*count = 0;
	const char **out = arena_array_of(im->arena, list ? list->count : 0, const char *);
	for (uint32_t i = 0; list && i < list->count; i++) {
		if (value_is_a(list->items[i], TYPE_STRING))
			out[(*count)++] = list->items[i]->text;
	}
	return out;
}

static bool import_instance(struct importer *im, const struct value *resource, const struct value *instance, const char *kind,
			    const char *provider, const struct schema *schema)
{
	struct object object = {.kind = kind, .provider = provider, .deposed = ""};
	object.address = instance_address(im, resource, instance, &object.parts);
	if (!object.address)
		return false;
	const char *deposed = value_get_text(instance, "deposed");
	object.deposed = deposed ? deposed : "";
	object.status = value_get_text(instance, "status") ? OBJECT_TAINTED : OBJECT_OK;
	object.create_before_destroy = flag_of(instance, "create_before_destroy");
	const struct value *version = member_of(instance, "schema_version", TYPE_NUMBER);
	int64_t n;
	object.schema_version = version && number_to_int(version->number, &n) && n >= 0 ? (unsigned)n : 0;
	object.private_note = value_get_text(instance, "private");
	object.dependencies = dependencies_of(im, instance, &object.dependency_count);
	const struct value *attributes = member_of(instance, "attributes", TYPE_OBJECT);
	if (!attributes)
		return malformed(im, "an instance has no attributes (states from before Terraform 0.12 must be brought up to date by Terraform)");
	AUTO_BUF struct buf why = BUF_INIT;
	const struct value *v = as_type(im->arena, attributes, schema->type, &why);
	if (!v) {
		struct diag *diag = diag_error(im->diags, SRC_NOWHERE, "The state file cannot be read",
					       "The attributes of %s do not have the form that its type has: %s.", object.address, buf_text(&why));
		diag->address = arena_strdup(im->diags->arena, object.address);
		return false;
	}
	const struct value *sensitive = member_of(instance, "sensitive_attributes", TYPE_TUPLE);
	for (uint32_t i = 0; sensitive && i < sensitive->count; i++) {
		if (value_is_a(sensitive->items[i], TYPE_TUPLE))
			v = mark_at(im->arena, v, sensitive->items[i], 0);
	}
	object.value = schema_mark_sensitive(im->arena, schema, v);
	state_put_object(im->state, &object);
	im->import->objects++;
	return true;
}

static bool import_resource(struct importer *im, const struct value *resource)
{
	const struct value *instances = member_of(resource, "instances", TYPE_TUPLE);
	const char *mode = value_get_text(resource, "mode"), *type = value_get_text(resource, "type");
	const char *text = value_get_text(resource, "provider"), *kind, *provider;
	if (!mode || !type || !text || !instances)
		return malformed(im, "a resource lacks its mode, type, provider or instances");
	if (strcmp(mode, "managed") != 0 || !instances->count)
		return true;
	if (!split_provider(im, text, &kind, &provider))
		return false;
	const struct schema *schema = im->import->schema_of(im->import->ctx, kind, type, false);
	if (!schema) {
		const char *module = value_get_text(resource, "module"), *name = value_get_text(resource, "name");
		const char *address = arena_printf(im->arena, "%s%s%s.%s", module ? module : "", module ? "." : "", type, name ? name : "");
		struct diag *diag = (im->import->skip_unknown ? diag_warning : diag_error)(
			im->diags, SRC_NOWHERE, "Resource type not known",
			im->import->skip_unknown
				? "infra has no resource type \"%s\": %s (%u object%s) is left to Terraform's state, and infra will not touch it."
				: "infra has no resource type \"%s\", so that %s (%u object%s) cannot be taken over. With -skip-unknown the rest is.",
			type, address, (unsigned)instances->count, instances->count == 1 ? "" : "s");
		diag->address = arena_strdup(im->diags->arena, address);
		im->left_out += instances->count;
		return im->import->skip_unknown;
	}
	bool ok = true;
	for (uint32_t i = 0; i < instances->count; i++)
		ok &= import_instance(im, resource, instances->items[i], kind, provider, schema);
	return ok;
}

/* ---- outputs ---- */

static bool import_outputs(struct importer *im, const struct value *outputs)
{
	for (uint32_t i = 0; i < outputs->count; i++) {
		const char *name = value_key_at(outputs, i);
		const struct value *output = outputs->items[i];
		const struct value *form = value_get(output, "type"), *v = value_get(output, "value");
		const struct type *type = form ? type_from_json_value(im->arena, form) : NULL;
		AUTO_BUF struct buf why = BUF_INIT;
		v = type && v ? as_type(im->arena, v, type, &why) : NULL;
		if (!v)
			return malformed(im, arena_printf(im->arena, "the output \"%s\" has no value of its type", name));
		if (flag_of(output, "sensitive"))
			v = value_mark(im->arena, v, VALUE_SENSITIVE);
		state_put_output(im->state, name, v);
		im->import->outputs++;
	}
	return true;
}

static bool import_document(struct importer *im, const struct value *document)
{
	const struct value *version = member_of(document, "version", TYPE_NUMBER);
	int64_t n = 0;
	if (!version || !number_to_int(version->number, &n) || n != 4)
		return malformed(im, "its version is not 4; let Terraform 1.0 or newer write it once");
	const struct value *resources = member_of(document, "resources", TYPE_TUPLE);
	bool ok = true;
	for (uint32_t i = 0; resources && i < resources->count; i++)
		ok &= import_resource(im, resources->items[i]);
	const struct value *outputs = member_of(document, "outputs", TYPE_OBJECT);
	if (outputs)
		ok &= import_outputs(im, outputs);
	const char *lineage = value_get_text(document, "lineage");
	const struct value *serial = member_of(document, "serial", TYPE_NUMBER);
	if (ok && serial && number_to_int(serial->number, &n) && n >= 0)
		state_set_origin(im->state, lineage, (uint64_t)n);
	return ok;
}

bool state_import_terraform(struct state *state, const char *text, size_t len, struct terraform_import *import, struct diags *diags)
{
	struct importer im = {.state = state, .import = import, .diags = diags, .arena = arena_new()};
	import->objects = import->outputs = 0;
	AUTO_BUF struct buf why = BUF_INIT;
	bool ok = false;
	const struct value *document = value_from_json(im.arena, text, len, &why);
	if (!state_is_empty(state))
		diag_error(diags, SRC_NOWHERE, "The state is not empty",
			   "A state of Terraform's can be taken over into an empty state only; this one holds %zu objects.",
			   state_object_count(state));
	else if (!document || !value_is_a(document, TYPE_OBJECT))
		malformed(&im, document ? "it is no JSON object" : buf_text(&why));
	else
		ok = import_document(&im, document);
	arena_free(im.arena);
	return ok;
}
