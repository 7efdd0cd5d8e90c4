/* SPDX-License-Identifier: Apache-2.0 */
/* Data sources: read once by what the configuration says. */
#include "providers/aws/aws.h"

#include <stdlib.h>
#include <string.h>

struct data_read {
	struct provider *provider;
	const struct aws_type *type;
	const struct op_request *request;
	struct op_events events;
	void *ctx;
	struct diags *diags;
	struct reading reading;
};

/* Blocks as they are written, with the defaults of what they leave open. */
static const struct value *with_defaults(struct arena *arena, const struct entry *block, const struct value *written)
{
	if (written->state != VALUE_KNOWN)
		return written;
	const struct value **blocks = arena_array_of(arena, written->count, const struct value *);
	for (uint32_t i = 0; i < written->count; i++) {
		const struct value *one = written->items[i];
		const struct value **items = arena_memdup(arena, one->items, one->count * sizeof(*items));
		for (uint32_t k = 0; k < one->count; k++) {
			const struct entry *entry = entry_find(block->entries, block->entry_count, value_key_at(one, k));
			if (entry && entry->fallback && value_is_null(items[k]))
				items[k] = entry->fallback;
		}
		blocks[i] = value_mark(arena, value_object_of(arena, one->type, items), one->marks);
	}
	const struct type *element = written->type->element;
	return block->kind == ENTRY_SET ? value_set(arena, element, blocks, written->count) : value_list(arena, element, blocks, written->count);
}

/* What the configuration writes stays as it is written, unless the object says more; the rest is what was found. */
static const struct value *with_written(struct arena *arena, const struct aws_type *type, const struct value *found, const struct value *config)
{
	const struct value **items = arena_memdup(arena, found->items, found->count * sizeof(*items));
	for (uint32_t i = 0; i < found->count; i++) {
		const char *name = value_key_at(found, i);
		const struct entry *entry = entry_find(type->entries, type->entry_count, name);
		const struct value *written = value_get(config, name);
		bool output = entry && entry->kind == ENTRY_OUTPUT;
		bool found_more = entry && (entry->flags & ENTRY_COMPUTED) && !is_blank(items[i]) && !items[i]->deep_unknown;
		if (entry && entry->kind >= ENTRY_ONE && written && !(entry->flags & ENTRY_COMPUTED))
			items[i] = with_defaults(arena, entry, written);
		else if (written && !output && !found_more && !value_is_null(written) && !(entry && entry->kind >= ENTRY_ONE && !written->count))
			items[i] = written;
	}
	return value_object_of(arena, found->type, items);
}

static void deliver(struct data_read *data, const struct value *value)
{
	struct op_result result = {.outcome = value ? OP_OK : OP_FAILED, .value = value};
	data->events.done(data->ctx, &result);
	free(data);
}

static void on_found(void *ctx, const struct found *found)
{
	struct data_read *data = ctx;
	const struct value *value = NULL;
	if (found->outcome == READ_GONE) {
		struct diag *diag = diag_error(data->diags, data->request->range, "Nothing found",
					       "No object fits the arguments of %s.", data->request->address);
		diag->address = arena_strdup(data->diags->arena, data->request->address);
	} else if (found->outcome == READ_FOUND) {
		struct diags mistakes;
		diags_init(&mistakes);
		struct env env;
		env_init(&env, data->type, &data->provider->place, found->arena, &mistakes);
		env.self = data->request->config;
		env.object = found->object;
		env.parts = found->parts;
		const char *id = data->type->id ? env_text(&env, data->type->id) : NULL;
		diags_release(&mistakes);
		value = found_value(data->provider, data->type, found, id, data->request->config, NULL, NULL, data->diags);
		value = surface_settle(found->arena, with_written(found->arena, data->type, value, data->request->config));
	}
	deliver(data, value);
}

/* No request is needed: the provider knows it, or it is computed. */
static void answer_at_once(void *ctx)
{
	struct data_read *data = ctx;
	struct arena *arena = arena_new();
	struct env env;
	env_init(&env, data->type, &data->provider->place, arena, data->diags);
	env.self = data->request->config;
	size_t errors = data->diags->error_count, first = data->diags->count;
	if (data->type->hook && !strcmp(data->type->hook, "iam_policy_document")) {
		env.result = policy_document(arena, data->request->config, data->diags);
		diags_set_address(data->diags, first, data->request->address);
	}
	const struct value *value = NULL;
	if (data->diags->error_count == errors) {
		env.id = data->type->id ? env_text(&env, data->type->id) : NULL;
		value = surface_value(&env, data->request->config, 0, NULL, data->provider->default_tags);
		value = surface_settle(arena, with_written(arena, data->type, value, data->request->config));
	}
	deliver(data, value);
	arena_free(arena);
}

struct op *data_source_start(struct provider *provider, const struct op_request *request, const struct op_events *events, void *ctx,
		      struct diags *diags)
{
	struct data_read *data = xcalloc(1, sizeof(*data));
	*data = (struct data_read){
		.provider = provider,
		.type = aws_type_of(request->type),
		.request = request,
		.events = *events,
		.ctx = ctx,
		.diags = diags,
	};
	if (!data->type->read.op) {
		answer_at_once(data);
		return NULL;
	}
	data->reading = (struct reading){
		.type = data->type,
		.id = "",
		.self = request->config,
		.parts = wanted_parts(data->type, request->looked_at, request->looked_at_count, request->look_at_all, request->config),
		.address = request->address,
		.range = request->range,
		.diags = diags,
		.fn = on_found,
		.ctx = data,
	};
	struct reading *one = &data->reading;
	read_batch(provider, data->type, &one, 1, NULL, NULL);
	return NULL;
}
