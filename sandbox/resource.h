/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether something has to do with a resource that a pattern of * and ? names: by its id, its kind ("instance",
 * "security_group"), a tag ("Name=worker"), or any other text in it, such as its type, zone or name.
 */
#pragma once

#include "sandbox/store.h"

struct world;

bool object_fits(const struct object *object, const char *pattern);
bool value_fits(const struct value *value, const char *pattern); /* of an object, with its _kind and _id */
/* Parameters of a request: what stands in them, and the objects whose ids do. */
bool parameters_fit(const struct world *world, const char *region, const struct value *params, const char *pattern);
