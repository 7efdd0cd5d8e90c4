/* SPDX-License-Identifier: Apache-2.0 */
/* What reading type files takes: mistakes are told with their place, and reading goes on. */
#pragma once

#include "providers/aws/type.h"

struct loader {
	struct arena *arena;
	struct diags *diags;
	const struct service *service; /* whose operations are meant */
	struct aws_type *type;
	bool failed;
};

void loader_error(struct loader *l, struct src_range range, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* An evaluator whose mistakes loader_evaluated() tells with their place in the type file. */
struct eval loader_eval(struct loader *l, struct diags *mistakes);
void loader_evaluated(struct loader *l, struct src_range range, struct diags *mistakes);
/* A field of an object expression, or NULL. */
const struct expr *loader_field(const struct expr *object, const char *name);
/* Constants; errors are told. A bare name counts as its text. */
const char *loader_text(struct loader *l, const struct expr *e);
int64_t loader_integer(struct loader *l, const struct expr *e);
int64_t loader_duration(struct loader *l, const struct expr *e); /* "2m" in ms */
/* a.b.c as one text. */
const char *loader_path(struct loader *l, const struct expr *e);
/* [a, b.c] as texts; a single one counts as a list of one. */
const char *const *loader_names(struct loader *l, const struct expr *e, size_t *count);
struct code_rules loader_codes(struct loader *l, const struct expr *e);
const struct aws_operation *loader_operation(struct loader *l, const struct expr *name);
struct steps loader_steps(struct loader *l, const struct expr *list);
/* The body of a tags block, of a service or a type. */
struct tag_rules loader_tags(struct loader *l, const struct body *body);
/* What stands at the root of references in an expression, lets followed: which parts, `object`, `self`. Each may be NULL. */
void loader_looks_at(struct loader *l, const struct expr *e, uint64_t *parts, bool *object, bool *self);
/* The entries of a schema block or of a nested block's object. */
const struct entry *loader_entries(struct loader *l, const struct object_item *fields, size_t field_count, size_t *count);
void loader_add_rule(struct loader *l, struct entry *entry, const struct rule *rule);
const struct entry *loader_schema(struct loader *l, const struct body *body, size_t *count);
/* A whole type. NULL or l->failed after mistakes. */
struct aws_type *loader_type(struct loader *l, const struct block *block, bool data);
