/* SPDX-License-Identifier: Apache-2.0 */
/* YAML in and out (libyaml behind it), as yamldecode and yamlencode define it. */
#pragma once

#include "lang/value/value.h"

struct buf;

/* The single document in the text; NULL with the reason in `why`. Aliases are expanded up to a limit. */
const struct value *value_from_yaml(struct arena *arena, const char *text, size_t len, struct buf *why);
void value_to_yaml(const struct value *v, struct buf *out);
