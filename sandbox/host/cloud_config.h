/* SPDX-License-Identifier: Apache-2.0 */
/* #cloud-config, as steps of user data. */
#pragma once

#include "base/buf.h"
#include "base/vec.h"
#include "lang/value/value.h"
#include "lang/value/yaml.h"
#include "sandbox/host/user_data.h"

struct user_reader {
	struct arena *arena;
	const struct user_data_options *options;
	VEC(struct user_step) steps;
	struct buf errors, warnings;
	unsigned parts;
	bool always;
};

void user_fail(struct user_reader *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
void user_warn(struct user_reader *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
void user_add(struct user_reader *r, struct user_step step);

static inline bool value_is_list(const struct value *v)
{
	return v->state == VALUE_KNOWN && (v->type->kind == TYPE_TUPLE || v->type->kind == TYPE_LIST);
}

/* Keys that are not known here are told of, not dropped in silence. */
void cloud_config_read(struct user_reader *r, const char *text, size_t len);
