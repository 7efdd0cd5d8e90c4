/* SPDX-License-Identifier: Apache-2.0 */
/* What the loader's files share. */
#pragma once

#include "base/vec.h"
#include "plans/config/config.h"

struct loader {
	struct arena *arena;
	struct src_set *sources;
	struct config *config;
	const struct config_options *options;
	const struct config_reader *reader;
	struct diags *diags;
	size_t file_cap;
	VEC(struct module *) modules;
};

bool config_is_plan_file(const char *name);
/* Adds the blocks of one file to its module. `own`: an .infra file, where blocks that only infra has may stand. */
void config_read_file(struct loader *l, struct module *module, const struct body *body, bool own);

/* A body's arguments and blocks, held against a list of names; reports what is not in it. */
struct body_names {
	const char *const *attrs, *const *blocks; /* ended by NULL; may be NULL */
	const char *what;                         /* "a variable block" */
};
void config_check_names(struct loader *l, const struct body *body, const struct body_names *names);

/* Constant arguments; the default where absent or after an error. */
const char *config_text(struct loader *l, const struct body *body, const char *name);
bool config_bool(struct loader *l, const struct body *body, const char *name, bool fallback);
const struct expr *config_expr(const struct body *body, const char *name);
/* A list of references ([aws_vpc.a, module.b]); quoted ones, as older files have them, too. */
const struct ref *config_refs(struct loader *l, const struct expr *expr, const char *what, size_t *count);
struct condition config_condition(struct loader *l, const struct block *block);
/* Tells that a block of this name was declared before. */
void config_declared_twice(struct loader *l, struct src_range range, struct src_range first, const char *summary, const char *what,
			   const char *name);
/* Tells when an argument of the block is missing. */
void config_need_argument(struct loader *l, const struct block *block, const char *name);
/* Blocks of one type, in order. */
size_t config_count_blocks(const struct body *body, const char *type);

void config_read_resource(struct loader *l, struct module *module, const struct block *block, bool data);
struct resource *config_new_resource(struct loader *l, struct module *module, const struct block *block, bool data);

void config_read_tunnel(struct loader *l, struct module *module, const struct block *block);

/* required_version: infra answers for the language of Terraform 1.11. */
void config_check_version(struct diags *diags, const char *constraint, struct src_range range);
/* A provider's version: constraints that leave out 5.x of the AWS provider are warned of. */
void config_check_provider_version(struct diags *diags, const struct provider_requirement *need);
