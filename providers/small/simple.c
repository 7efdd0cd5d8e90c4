/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/small/simple.h"

#include "base/buf.h"
#include "base/map.h"
#include "base/vec.h"
#include "lang/syntax/parse.h"

#include <stdlib.h>
#include <string.h>

/* Schemas are built once, when a type is first used. */
static struct arena *lasting(void)
{
	static struct arena *arena;
	if (!arena)
		arena = arena_new();
	return arena;
}

const struct schema *simple_schema(struct arena *arena, const struct simple_attr *attrs, const struct schema_block *blocks,
				   size_t block_count)
{
	size_t count = 0;
	while (attrs[count].name)
		count++;
	struct schema_attr *rows = arena_array_of(arena, count, struct schema_attr);
	for (size_t i = 0; i < count; i++)
		rows[i] = (struct schema_attr){
			.name = attrs[i].name, .type = attrs[i].type, .flags = attrs[i].flags, .fallback = attrs[i].fallback,
			.deprecation = attrs[i].deprecation};
	struct schema *schema = arena_new_of(arena, struct schema);
	*schema = (struct schema){
		.attrs = rows,
		.attr_count = count,
		.blocks = block_count ? arena_memdup(arena, blocks, block_count * sizeof(*blocks)) : NULL,
		.block_count = block_count,
	};
	schema_finish(arena, schema);
	return schema;
}

const struct value *simple_with(struct arena *arena, const struct value *object, const char *const *names,
				const struct value *const *values, size_t count)
{
	const struct value **items = arena_memdup(arena, object->items, object->count * sizeof(*items));
	for (size_t i = 0; i < count; i++) {
		ptrdiff_t at = type_find_attr(object->type, names[i]);
		if (at < 0)
			bug("no attribute \"%s\"", names[i]);
		items[at] = values[i];
	}
	return value_mark(arena, value_object_of(arena, object->type, items), object->marks);
}

const struct value *simple_make(struct arena *arena, const struct schema *schema, const char *const *names,
				const struct value *const *values, size_t count)
{
	return simple_with(arena, schema->empty, names, values, count);
}

struct src_range simple_range(const struct body *body, const char *name)
{
	const struct attribute *attr = body ? body_find_attr(body, name) : NULL;
	return attr ? attr->expr->range : body ? body->end : SRC_NOWHERE;
}

const char *simple_shown(const struct value *object, const char *name)
{
	const struct value *v = value_get(object, name);
	if (!v || !value_is_a(v, TYPE_STRING))
		return "";
	return v->marks & VALUE_SENSITIVE ? "(sensitive value)" : v->text;
}

int64_t simple_int(const struct value *object, const char *name, int64_t fallback)
{
	const struct value *v = value_get(object, name);
	int64_t n;
	return v && value_is_a(v, TYPE_NUMBER) && number_to_int(v->number, &n) ? n : fallback;
}

bool simple_check_int(const struct value *config, const struct body *body, const char *name, int64_t min, struct diags *diags)
{
	const struct value *v = value_get(config, name);
	int64_t n;
	if (!v || v->state != VALUE_KNOWN || (number_to_int(v->number, &n) && n >= min))
		return true;
	if (min == INT64_MIN)
		diag_error(diags, simple_range(body, name), "Invalid attribute value", "The argument \"%s\" must be a whole number.", name);
	else
		diag_error(diags, simple_range(body, name), "Invalid attribute value", "The argument \"%s\" must be a whole number from %lld.",
			   name, (long long)min);
	return false;
}

bool simple_check_one_of(const struct value *config, const struct body *body, const char *const *names, struct diags *diags)
{
	size_t written = 0, unknown = 0;
	const char *last = names[0];
	AUTO_BUF struct buf list = BUF_INIT;
	for (size_t i = 0; names[i]; i++) {
		const struct value *v = value_get(config, names[i]);
		unknown += v->state == VALUE_UNKNOWN;
		if (v->state == VALUE_KNOWN) {
			written++;
			last = names[i];
		}
		buf_addf(&list, "%s\"%s\"", i == 0 ? "" : names[i + 1] ? ", " : " and ", names[i]);
	}
	if (written == 1 || (!written && unknown)) /* what is unknown may turn out to be null */
		return true;
	diag_error(diags, simple_range(body, last), "Invalid attribute combination",
		   "Exactly one of the arguments %s must be written; here are %zu.", buf_text(&list), written);
	return false;
}

const struct resource_type *simple_find_type(const struct simple_kind *kind, const char *name, bool data)
{
	static struct map known;
	for (const struct simple_type *type = kind->types; type->name; type++) {
		if (type->data != data || strcmp(type->name, name))
			continue;
		struct resource_type *made = map_find_n(&known, (const char *)&type, sizeof(type));
		if (made)
			return made;
		made = arena_new_of(lasting(), struct resource_type);
		struct schema *schema = arena_memdup(lasting(), type->schema(lasting()), sizeof(*schema));
		schema->version = type->version;
		*made = (struct resource_type){
			.name = type->name,
			.data = data,
			.schema = schema,
			.kind = kind->kind,
			.no_outside_effect = !type->outside_effect,
			.impl = (void *)(uintptr_t)type,
		};
		const struct simple_type **key = arena_memdup(lasting(), &type, sizeof(type));
		map_put_n(&known, (const char *)key, sizeof(type), made);
		return made;
	}
	return NULL;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *const *simple_type_names(const struct simple_kind *kind, bool data, size_t *count)
{
	size_t all = 0;
	while (kind->types[all].name)
		all++;
	const char **names = arena_array_of(lasting(), all, const char *);
	*count = 0;
	for (size_t i = 0; i < all; i++) {
		if (kind->types[i].data == data)
			names[(*count)++] = kind->types[i].name;
	}
	if (*count)
		qsort(names, *count, sizeof(*names), compare_names);
	return names;
}

const struct schema *simple_empty_schema(void)
{
	static const struct schema *schema;
	static const struct simple_attr none[] = {{.name = NULL}};
	if (!schema)
		schema = simple_schema(lasting(), none, NULL, 0);
	return schema;
}

struct provider {
	struct provider_context context;
	void *kept;
	void (*release)(void *kept);
};

struct provider *simple_configure(const struct provider_context *context, const struct value *config, struct src_range range,
				  struct diags *diags)
{
	(void)config, (void)range, (void)diags;
	struct provider *provider = xcalloc(1, sizeof(*provider));
	provider->context = *context;
	return provider;
}

void simple_close(struct provider *provider)
{
	if (provider && provider->kept)
		provider->release(provider->kept);
	free(provider);
}

void simple_connect(struct provider *provider, provider_ready_fn ready, void *ctx, struct diags *diags)
{
	(void)provider, (void)diags;
	ready(ctx, true);
}

const char *simple_cloud(struct provider *provider)
{
	(void)provider;
	return NULL;
}

const struct provider_context *simple_context(const struct provider *provider)
{
	return &provider->context;
}

void **simple_kept(struct provider *provider, void (*release)(void *kept))
{
	provider->release = release;
	return &provider->kept;
}

static const struct simple_type *simple_of(const struct resource_type *type)
{
	return type->impl;
}

void simple_validate(const struct resource_type *type, const struct value *config, const struct body *body, struct diags *diags)
{
	if (simple_of(type)->validate)
		simple_of(type)->validate(config, body, diags);
}

/* Defaults of arguments that Terraform also calls computed. */
static const struct value *with_fallbacks(struct arena *arena, const struct schema *schema, const struct value *config,
					  const struct value *proposed)
{
	VEC(const char *) names = {0};
	VEC(const struct value *) values = {0};
	for (size_t i = 0; i < schema->attr_count; i++) {
		const struct schema_attr *attr = &schema->attrs[i];
		if (!attr->fallback || !(attr->flags & ATTR_COMPUTED) || !value_is_null(value_get(config, attr->name)))
			continue;
		vec_add(&names, attr->name);
		vec_add(&values, attr->fallback);
	}
	if (names.count)
		proposed = simple_with(arena, proposed, names.items, values.items, names.count);
	vec_free(&names);
	vec_free(&values);
	return proposed;
}

/* Whether two maps say the same but for members that are null. */
static bool same_but_nulls(const struct value *before, const struct value *after)
{
	if (after->deep_unknown || before->deep_unknown)
		return false;
	for (int side = 0; side < 2; side++) {
		const struct value *of = side ? after : before, *other = side ? before : after;
		for (uint32_t i = 0; of->state == VALUE_KNOWN && i < of->count; i++) {
			const struct value *met = other->state == VALUE_KNOWN ? value_get(other, of->keys[i]) : NULL;
			if (met ? !value_same(of->items[i], met) : side == 0 || !value_is_null(of->items[i]))
				return false;
		}
	}
	return true;
}

void simple_adjust(struct provider *provider, const struct resource_type *type, struct arena *arena,
		   const struct adjust_request *request, struct adjust_answer *answer, struct diags *diags)
{
	(void)provider;
	const struct simple_type *simple = simple_of(type);
	if (request->proposed->state != VALUE_KNOWN)
		return;
	struct adjust_request with_defaults = *request;
	with_defaults.proposed = with_fallbacks(arena, type->schema, request->config, request->proposed);
	answer->planned = with_defaults.proposed;
	if (simple->adjust)
		simple->adjust(arena, &with_defaults, answer, diags);
	if (simple->keepers && request->prior &&
	    same_but_nulls(value_get(request->prior, simple->keepers), value_get(answer->planned, simple->keepers))) {
		struct value_step *step = arena_new_of(arena, struct value_step);
		*step = (struct value_step){.name = simple->keepers};
		struct value_path *keep = arena_array_of(arena, answer->keep_count + 1, struct value_path);
		for (size_t i = 0; i < answer->keep_count; i++)
			keep[i] = answer->keep[i];
		keep[answer->keep_count++] = (struct value_path){step, 1};
		answer->keep = keep;
	}
}

void simple_read(struct provider *provider, const struct resource_type *type, const struct read_item *items, size_t count,
		 read_item_fn item, read_end_fn end, void *ctx, struct diags *diags)
{
	const struct simple_type *simple = simple_of(type);
	struct arena *arena = arena_new();
	for (size_t i = 0; i < count; i++) {
		bool failed = false;
		const struct value *v = items[i].prior;
		size_t first = diags->count;
		if (items[i].import_id) {
			struct simple_import import = {arena, type->schema, &provider->context, items[i].import_id, items[i].range, diags};
			v = simple->import ? simple->import(&import) : NULL;
			failed = !v;
			if (!simple->import)
				diag_error(diags, items[i].range, "Import is not possible", "Objects of type %s cannot be imported.", type->name);
		} else if (simple->read) {
			v = simple->read(arena, &provider->context, items[i].prior, &failed, diags);
		}
		diags_set_address(diags, first, items[i].address);
		item(ctx, &items[i], failed ? READ_FAILED : v ? READ_FOUND : READ_GONE, v);
		arena_reset(arena);
	}
	arena_free(arena);
	end(ctx);
}

struct op *simple_start(struct provider *provider, const struct op_request *request, const struct op_events *events, void *ctx,
			struct diags *diags)
{
	const struct simple_type *simple = simple_of(request->type);
	struct arena *arena = arena_new();
	struct simple_call call = {arena, &provider->context, request, diags};
	struct op_result result = {.outcome = OP_OK};
	bool ok = true;
	size_t first = diags->count;
	switch (request->kind) {
	case OP_CREATE:
	case OP_READ_DATA:
		result.value = simple->create(&call);
		ok = result.value != NULL;
		break;
	case OP_UPDATE:
		result.value = simple->update ? simple->update(&call) : request->planned;
		ok = result.value != NULL;
		break;
	case OP_DELETE:
		ok = !simple->remove || simple->remove(&call);
		break;
	case OP_SETTLE: /* what was not made is made anew; there is nothing half-made */
		result.value = simple->settle ? simple->settle(&call) : NULL;
		result.outcome = result.value ? OP_OK : OP_ABSENT;
		break;
	}
	if (!ok)
		result.outcome = OP_FAILED;
	diags_set_address(diags, first, request->address);
	events->done(ctx, &result);
	arena_free(arena);
	return NULL;
}
