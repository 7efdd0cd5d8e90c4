/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes a JSON document piece by piece: commas, quotes and indentation are seen to. What is opened
 * must be closed by the caller; nothing is kept, so that a long document can leave the buffer while
 * it is written.
 */
#pragma once

#include "lang/value/value.h"

struct buf;

struct jsonw {
	struct buf *out;
	bool pretty;    /* by two blanks */
	bool html_safe; /* < > & escaped, as Terraform's documents have it */
	bool filled;    /* something stands in the innermost open thing */
	bool keyed;     /* a key waits for its value */
	unsigned depth;
};

/* '{' or '['; key NULL: a member of an array, or the document itself. */
void jsonw_open(struct jsonw *w, const char *key, char bracket);
void jsonw_close(struct jsonw *w, char bracket); /* '}' or ']' */
/* The key of what comes next. */
void jsonw_key(struct jsonw *w, const char *key);
void jsonw_text(struct jsonw *w, const char *key, const char *text); /* NULL: null */
void jsonw_bool(struct jsonw *w, const char *key, bool b);
void jsonw_int(struct jsonw *w, const char *key, int64_t i);
/* Text that is JSON already, on one line. */
void jsonw_raw(struct jsonw *w, const char *key, const char *json, size_t len);

/* A wholly known value; NULL, and what was not read, is null. */
void jsonw_value(struct jsonw *w, const char *key, const struct value *v);
/* The same with parts that are not known: left out of objects and maps, null elsewhere. */
void jsonw_known(struct jsonw *w, const char *key, const struct value *v);
/*
 * What is not known, or what is sensitive, in the form of Terraform's documents: true, false, or an
 * object or array with the same members; members of objects that would be false are left out.
 */
void jsonw_unknown(struct jsonw *w, const char *key, const struct value *v);
void jsonw_sensitive(struct jsonw *w, const char *key, const struct value *v);
/* As a state holds it: what the type leaves open is an object of "value" and "type". */
void jsonw_value_as(struct jsonw *w, const char *key, const struct value *v, const struct type *type);
