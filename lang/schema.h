/* SPDX-License-Identifier: Apache-2.0 */
/* What a resource, data source or provider block may hold. Shared by language, providers and plans. */
#pragma once

#include "base/diag.h"
#include "lang/value/value.h"

enum attr_flags {
	ATTR_REQUIRED = 1u << 0,
	ATTR_OPTIONAL = 1u << 1,
	ATTR_COMPUTED = 1u << 2, /* the provider gives a value when the configuration does not */
	ATTR_SENSITIVE = 1u << 3,
	ATTR_WRITE_ONLY = 1u << 4,
	ATTR_DEPRECATED = 1u << 5,
	ATTR_REPLACE = 1u << 6, /* a change replaces the object */
	ATTR_BLOCKS = 1u << 7,  /* may also be written as blocks (ingress, route) */
};

struct schema_attr {
	const char *name;
	const struct type *type;
	unsigned flags;
	const struct value *fallback; /* the value when it is not written, or NULL */
	const char *deprecation;      /* the sentence, or NULL */
	const char *description;      /* or NULL */
};

enum schema_nesting { NEST_SINGLE, NEST_LIST, NEST_SET, NEST_MAP };

struct schema;

struct schema_block {
	const char *name;
	enum schema_nesting nesting; /* Terraform's max-one lists are NEST_LIST with max 1 */
	unsigned min, max;           /* how many; max 0: any number */
	unsigned flags;              /* ATTR_COMPUTED: the provider may add blocks; ATTR_REPLACE; ATTR_DEPRECATED */
	const struct schema *schema;
};

struct schema {
	const struct schema_attr *attrs; /* sorted by name */
	size_t attr_count;
	const struct schema_block *blocks; /* sorted by name */
	size_t block_count;
	unsigned version;
	const struct type *type; /* the object type of a whole value; set by schema_finish() */
	const struct value *empty; /* schema_empty() once for all; set by schema_finish() */
	const char *description;
};

/* Sorts, checks for double names (a bug), and fills `type` and `empty`, here and in nested schemas. */
void schema_finish(struct arena *arena, struct schema *schema);
const struct schema_attr *schema_find_attr(const struct schema *schema, const char *name);
const struct schema_block *schema_find_block(const struct schema *schema, const char *name);

/* A value of a schema with nothing written: null attributes, no blocks. */
const struct value *schema_empty(struct arena *arena, const struct schema *schema);

struct eval;
struct body;
/*
 * Evaluates the body of a block against a schema: an object of schema->type with exactly what is
 * written (unwritten attributes null, blocks in lists, sets, maps; `dynamic` blocks expanded;
 * unknown `for_each` of a dynamic block makes the block list unknown). Reports unknown and missing
 * arguments, wrong types, too few or too many blocks; always returns a value. Attributes and blocks
 * named in `skip` (meta-arguments) are left alone. Sensitive attributes get no mark here.
 */
const struct value *schema_decode(struct eval *eval, const struct body *body, const struct schema *schema,
				  const char *const *skip, size_t skip_count);
/* The same checks without evaluation, for `validate`: names, required arguments, numbers of blocks. */
bool schema_check(struct arena *arena, const struct body *body, const struct schema *schema, const char *const *skip,
		  size_t skip_count, struct diags *diags);
/* The value with the sensitive mark on what the schema calls sensitive. */
const struct value *schema_mark_sensitive(struct arena *arena, const struct schema *schema, const struct value *v);
/* Terraform's `providers schema -json` form of one schema ("block": {...}). */
struct buf;
void schema_print_json(const struct schema *schema, struct buf *out);
