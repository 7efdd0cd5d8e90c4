/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What objects were before their last changes, for readers that see changes late. Keys are those of the
 * store's rows; what reads shall see again is kept until its time, then forgotten.
 */
#pragma once

#include "sandbox/store.h"

struct past;

struct past *past_new(void (*release)(const struct object *object));
void past_free(struct past *past); /* NULL accepted */
void past_clear(struct past *past);
/* Until that time the object is seen as it was; `before` NULL: not at all. Released in the end. */
void past_keep(struct past *past, const char *key, const struct object *before, int64_t until_ms);
/*
 * Whether something else is seen at that time than what is; then what that is, or NULL for nothing.
 * Valid until past_forget.
 */
bool past_find(const struct past *past, const char *key, int64_t now_ms, const struct object **out) MUST_USE;
/* What is seen of keys that begin so. */
void past_each(const struct past *past, const char *prefix, int64_t now_ms, void (*each)(void *ctx, const char *key, const struct object *seen),
	       void *ctx);
/* Lets go what is over by then. */
void past_forget(struct past *past, int64_t now_ms);
bool past_is_empty(const struct past *past);
