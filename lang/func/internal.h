/* SPDX-License-Identifier: Apache-2.0 */
/* What the function families share; nobody else includes this. */
#pragma once

#include "base/buf.h"
#include "base/vec.h"
#include "lang/eval/eval.h"
#include "lang/func/func.h"
#include "lang/value/convert.h"

/* The families' tables; each ends with a row without a name. table.c joins them. */
extern const struct function number_functions[], string_functions[], format_functions[], list_functions[],
	set_functions[], map_functions[], encoding_functions[], file_functions[], template_functions[], hash_functions[],
	time_functions[], net_functions[], type_functions[];

/*
 * What one call may produce at most. The values of a plan are far below; beyond stands a mistake
 * or an attack, which is to end in a sentence and not in swap space.
 */
#define RESULT_TEXT_LIMIT ((size_t)64 << 20) /* bytes of a string */
#define RESULT_LIST_LIMIT ((size_t)1000000)  /* members of a collection */

/* Parameter types that several families name. */
extern const struct type type_list_of_any, type_set_of_any, type_list_of_bool, type_list_of_number;

/* result_type functions for those that always give the same. */
const struct type *returns_string(const struct call *call);
const struct type *returns_number(const struct call *call);
const struct type *returns_bool(const struct call *call);
const struct type *returns_strings(const struct call *call); /* list(string) */

/* ---- arguments ---- */

static inline struct arena *call_arena(const struct call *call)
{
	return call->eval->arena;
}
/* A string argument, known and not null. */
struct text {
	const char *ptr; /* NUL-terminated behind its length */
	size_t len;
};
static inline struct text text_of(const struct value *v)
{
	return (struct text){v->text, v->count};
}
static inline struct text arg_text(const struct call *call, size_t i)
{
	return text_of(call->args[i]);
}
/* A whole number that fits 64 bits, or the reason why not in `why` (a constant sentence). */
bool value_as_int(const struct value *v, int64_t *out, const char **why);
/* The same for argument i; reports "value must be a whole number, ..." after `prefix`, at `where` (an argument or -1). */
bool arg_int(const struct call *call, size_t i, int where, const char *prefix, int64_t *out);

/* The value without its own marks, which are added to `*marks`. */
const struct value *take_marks(const struct call *call, const struct value *v, unsigned *marks);

static inline bool is_sequence(const struct type *type) /* what has members in an order */
{
	return type->kind == TYPE_LIST || type->kind == TYPE_SET || type->kind == TYPE_TUPLE;
}
static inline bool is_mapping(const struct type *type)
{
	return type->kind == TYPE_MAP || type->kind == TYPE_OBJECT;
}
/* How many members a value has; false where that is not known yet (a set's unknown members may coincide). */
bool value_length(const struct value *v, size_t *length);
/* The type of the members, or of member i of a tuple. */
static inline const struct type *member_type(const struct type *type, size_t i)
{
	return type->kind == TYPE_TUPLE ? type->items[i] : type->element;
}

/* ---- results ---- */

static inline const struct value **new_items(const struct call *call, size_t count)
{
	return arena_array_of(call_arena(call), count, const struct value *);
}
static inline const struct value *result_text(const struct call *call, const struct buf *buf)
{
	return value_string_n(call_arena(call), buf_text(buf), buf->len);
}
static inline const struct value *result_unknown(const struct call *call, const struct type *type)
{
	return type->kind == TYPE_ANY ? &value_unknown_any : value_unknown_not_null(call_arena(call), type);
}
const struct value *error_too_long(const struct call *call); /* past RESULT_TEXT_LIMIT */
const struct value *error_too_many(const struct call *call); /* past RESULT_LIST_LIMIT */

/* ---- words for messages ---- */

/* The type as messages say it ("list of string"), in the arena. */
const char *type_words(const struct call *call, const struct type *type);
/* A quoted, escaped text ("a\n"), in the arena; `quote` is ' or ". */
const char *quoted(const struct call *call, const char *text, size_t len);
void add_quoted(struct buf *out, const char *text, size_t len, char quote);
/* quoted(), or "(sensitive value)" where the marks ask for that. */
const char *quoted_unless(const struct call *call, unsigned marks, const char *text, size_t len);

/* ---- special forms ---- */

/* A call for call_error() of a function that got its arguments unevaluated. */
struct call special_call(struct eval *eval, const struct function *function, const struct expr *expr);
/* Checks the number of arguments as eval does for the others; false after an error. */
bool special_count(struct eval *eval, const struct expr *expr, const struct function *function);
/* Diagnostics of an inner evaluation in one line, as Terraform words it: "x.tf:1,2-5: Summary; Detail, and 2 other diagnostic(s)". */
void add_diags_words(const struct eval *eval, const struct diags *diags, struct buf *out);
void add_range_words(const struct eval *eval, struct src_range range, struct buf *out);

/* ---- between families ---- */

/*
 * Base64 as Go's decoder takes it: line breaks anywhere, stray bits behind the last byte, but no
 * missing padding. False with the offset of the first bad symbol.
 */
bool lenient_base64_decode(struct text text, struct buf *out, size_t *bad_offset);
/*
 * Where a path as users write it leads: ~ expanded, relative ones from the run's root directory.
 * `*shown` is the cleaned path for messages. NULL after an error at argument `arg`.
 */
const char *source_path(const struct call *call, int arg, struct text path, const char **shown);
/* That file's bytes; false after an error, worded as file() does. */
bool read_source_file(const struct call *call, int arg, struct text path, unsigned marks, struct buf *out);
/* The kernel's reason in small letters, as messages end with it: "no such file or directory". */
const char *error_words(int error);
