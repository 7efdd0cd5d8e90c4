/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Providers whose objects live in the state or on this machine: their operations do not wait, so
 * that a type is a table row of plain functions.
 */
#pragma once

#include "providers/provider.h"

struct simple_call {
	struct arena *arena;
	const struct provider_context *context;
	const struct op_request *request;
	struct diags *diags;
};

/* What `infra import` or an import block gave. */
struct simple_import {
	struct arena *arena;
	const struct schema *schema;
	const struct provider_context *context;
	const char *id;
	struct src_range range;
	struct diags *diags;
};

struct simple_type {
	const char *name;
	/* Builds the schema once, in an arena that lives as long as the program. */
	const struct schema *(*schema)(struct arena *arena);
	/* The object afterwards, or NULL after a diagnostic. `update` NULL: the planned value is the result. */
	const struct value *(*create)(const struct simple_call *call); /* data sources: the read */
	const struct value *(*update)(const struct simple_call *call);
	bool (*remove)(const struct simple_call *call);                /* NULL: nothing to do */
	/* The object that a create which was cut short did make; NULL: there is none. `settle` NULL: always none. */
	const struct value *(*settle)(const struct simple_call *call);
	/* What stands there now: NULL: gone. `read` NULL: the state is the truth. */
	const struct value *(*read)(struct arena *arena, const struct provider_context *context, const struct value *prior, bool *failed,
				    struct diags *diags);
	/* The object; NULL after a diagnostic. `import` NULL: not possible. */
	const struct value *(*import)(const struct simple_import *import);
	void (*adjust)(struct arena *arena, const struct adjust_request *request, struct adjust_answer *answer, struct diags *diags);
	void (*validate)(const struct value *config, const struct body *body, struct diags *diags);
	/* A map argument that replaces the object, unless only members that are null came or went; or NULL. */
	const char *keepers;
	unsigned version; /* of the schema, as states of Terraform record it */
	bool data;
	bool outside_effect; /* changes something that an interrupted run must find again */
};

/* A kind made of such types; `types` ends with a row without a name. */
struct simple_kind {
	const char *name, *source;
	const struct simple_type *types;
	const struct provider_kind *kind;
};

/* Rows of schemas, as the types write them. */
struct simple_attr {
	const char *name;
	const struct type *type;
	unsigned flags;
	/* When it is not written; with ATTR_COMPUTED, too: it then counts before what stands in the state. */
	const struct value *fallback;
	const char *deprecation;
};
/* `attrs` ends with a row without a name; `blocks` may be NULL, with `block_count` rows. */
const struct schema *simple_schema(struct arena *arena, const struct simple_attr *attrs, const struct schema_block *blocks,
				   size_t block_count);
/* The request's planned object with some members set: names and values by pairs. */
const struct value *simple_with(struct arena *arena, const struct value *object, const char *const *names,
				const struct value *const *values, size_t count);

/* An object of the schema with these members; the others are null. */
const struct value *simple_make(struct arena *arena, const struct schema *schema, const char *const *names,
				const struct value *const *values, size_t count);

/* The place of an argument in its block, for messages; where it is not written, that of the block's end. */
struct src_range simple_range(const struct body *body, const char *name);
/* A text argument as messages may show it: "" where it is null, and no secrets. */
const char *simple_shown(const struct value *object, const char *name);
/* A member that is a known whole number; `fallback` where it is null, unknown or none. */
int64_t simple_int(const struct value *object, const char *name, int64_t fallback);
/* Whether an argument is unknown, null, or a whole number from `min` on; else an error. */
bool simple_check_int(const struct value *config, const struct body *body, const char *name, int64_t min, struct diags *diags);
/* Whether exactly one of the arguments is written, as far as can be known now; else an error. `names` ends with NULL. */
bool simple_check_one_of(const struct value *config, const struct body *body, const char *const *names, struct diags *diags);

/* What a kind's functions are made of; see DEFINE_SIMPLE_KIND. */
const struct resource_type *simple_find_type(const struct simple_kind *kind, const char *name, bool data);
const char *const *simple_type_names(const struct simple_kind *kind, bool data, size_t *count);
const struct schema *simple_empty_schema(void);
struct provider *simple_configure(const struct provider_context *context, const struct value *config, struct src_range range,
				  struct diags *diags);
void simple_close(struct provider *provider);
void simple_connect(struct provider *provider, provider_ready_fn ready, void *ctx, struct diags *diags);
const char *simple_cloud(struct provider *provider);
const struct provider_context *simple_context(const struct provider *provider);
/* Something of the kind's own that goes with a provider: NULL at first, released when it is closed. */
void **simple_kept(struct provider *provider, void (*release)(void *kept));
void simple_validate(const struct resource_type *type, const struct value *config, const struct body *body, struct diags *diags);
void simple_adjust(struct provider *provider, const struct resource_type *type, struct arena *arena,
		   const struct adjust_request *request, struct adjust_answer *answer, struct diags *diags);
void simple_read(struct provider *provider, const struct resource_type *type, const struct read_item *items, size_t count,
		 read_item_fn item, read_end_fn end, void *ctx, struct diags *diags);
struct op *simple_start(struct provider *provider, const struct op_request *request, const struct op_events *events, void *ctx,
			struct diags *diags);

#define DEFINE_SIMPLE_KIND(id, kind_name, kind_source, type_rows) \
	DEFINE_SIMPLE_KIND_STARTING(id, kind_name, kind_source, type_rows, simple_start)
/* The same with a function of its own to start operations, for kinds where one of them waits. */
#define DEFINE_SIMPLE_KIND_STARTING(id, kind_name, kind_source, type_rows, start_fn)                                                        \
	static const struct simple_kind id##_simple;                                                                     \
	static const struct resource_type *id##_find_type(const char *name, bool data, struct diags *diags)             \
	{                                                                                                                \
		(void)diags;                                                                                             \
		return simple_find_type(&id##_simple, name, data);                                                       \
	}                                                                                                                \
	static const char *const *id##_type_names(bool data, size_t *count)                                              \
	{                                                                                                                \
		return simple_type_names(&id##_simple, data, count);                                                     \
	}                                                                                                                \
	const struct provider_kind id##_provider_kind = {                                                                \
		.name = (kind_name),                                                                                     \
		.source = (kind_source),                                                                                 \
		.config_schema = simple_empty_schema,                                                                    \
		.find_type = id##_find_type,                                                                             \
		.type_names = id##_type_names,                                                                           \
		.configure = simple_configure,                                                                           \
		.close = simple_close,                                                                                   \
		.connect = simple_connect,                                                                               \
		.cloud = simple_cloud,                                                                                   \
		.validate = simple_validate,                                                                             \
		.adjust = simple_adjust,                                                                                 \
		.read = simple_read,                                                                                     \
		.start = (start_fn),                                                                                     \
	};                                                                                                               \
	static const struct simple_kind id##_simple = {(kind_name), (kind_source), (type_rows), &id##_provider_kind}
