/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes that are wiped when they are released. */
#pragma once

#include "base/base.h"

struct secret {
	char *ptr; /* NUL-terminated behind its length; NULL when empty */
	size_t len;
};

#define SECRET_INIT {NULL, 0}
#define AUTO_SECRET __attribute__((cleanup(secret_release)))

/* Replaces the content by a copy; the old one is wiped. */
void secret_set(struct secret *secret, const void *bytes, size_t len);
void secret_set_text(struct secret *secret, const char *text); /* NULL: empties it */
void secret_release(struct secret *secret);
/* "" when empty. */
const char *secret_text(const struct secret *secret);
/* In time that depends on the lengths alone. */
bool secret_equal(const struct secret *secret, const void *bytes, size_t len);
/* Wipes memory that held a secret; the compiler does not leave it out. */
void wipe(void *ptr, size_t len);
