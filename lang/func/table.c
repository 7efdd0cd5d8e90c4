/* SPDX-License-Identifier: Apache-2.0 */
/* The table of all functions, and what the families share. */
#include "lang/func/func.h"

#include "base/map.h"
#include "lang/func/internal.h"
#include "lang/syntax/ast.h"
#include "lang/value/unicode.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const struct type type_list_of_any = {.kind = TYPE_LIST, .element = &type_any};
const struct type type_set_of_any = {.kind = TYPE_SET, .element = &type_any};
const struct type type_list_of_bool = {.kind = TYPE_LIST, .element = &type_bool};
const struct type type_list_of_number = {.kind = TYPE_LIST, .element = &type_number};

/* So much of a text is told in a message; and a whole reason is never longer than that. */
enum { SHOWN_TEXT = 500, SHOWN_REASON = 10000 };

static const struct function *const families[] = {
	number_functions, string_functions, format_functions, list_functions, set_functions, map_functions, encoding_functions,
	file_functions, template_functions, hash_functions, time_functions, net_functions, type_functions,
};

static int by_name(const void *a, const void *b)
{
	return strcmp((*(const struct function *const *)a)->name, (*(const struct function *const *)b)->name);
}

const struct function *const *function_list(size_t *count)
{
	static const struct function **sorted; /* made once; lives as long as the program */
	static size_t sorted_count;

	if (!sorted) {
		for (size_t i = 0; i < ARRAY_LEN(families); i++)
			for (const struct function *f = families[i]; f->name; f++)
				sorted_count++;
		sorted = xcalloc(sorted_count, sizeof(*sorted));
		size_t n = 0;
		for (size_t i = 0; i < ARRAY_LEN(families); i++)
			for (const struct function *f = families[i]; f->name; f++)
				sorted[n++] = f;
		qsort(sorted, sorted_count, sizeof(*sorted), by_name);
	}
	*count = sorted_count;
	return sorted;
}

const struct function *function_find(const char *name)
{
	size_t count;
	const struct function *const *list = function_list(&count);

	if (strncmp(name, "core::", 6) == 0)
		name += 6;
	size_t low = 0, high = count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(name, list[middle]->name);
		if (order == 0)
			return list[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* ---- errors ---- */

static const char *param_name(const struct function *function, size_t arg)
{
	size_t i = 0;
	for (; function->params && function->params[i].name; i++)
		if (i == arg)
			return function->params[i].name;
	return function->rest ? function->rest->name : NULL;
}

/* The format with "(sensitive value)" for all that it would put in. */
static void add_redacted(struct buf *out, const char *fmt)
{
	bool said = false, words = false;
	for (; *fmt; fmt++) {
		if (*fmt != '%') {
			words = words || (*fmt >= 'a' && *fmt <= 'z');
			said = false;
			buf_addc(out, *fmt);
			continue;
		}
		fmt++;
		fmt += strspn(fmt, "0123456789.lz");
		if (!said)
			buf_adds(out, "(sensitive value)");
		said = true;
	}
	if (!words) {
		buf_clear(out);
		buf_adds(out, "the reason is not shown, because an argument is sensitive");
	}
}

const struct value *call_error(const struct call *call, int arg, const char *fmt, ...)
{
	AUTO_BUF struct buf reason = BUF_INIT;
	va_list args;
	va_start(args, fmt);
	if (call->marks & VALUE_SENSITIVE)
		add_redacted(&reason, fmt);
	else
		buf_vaddf(&reason, fmt, args);
	va_end(args);
	if (reason.len > SHOWN_REASON) {
		while (reason.len > SHOWN_REASON || ((unsigned char)reason.ptr[reason.len] & 0xc0) == 0x80)
			reason.len--;
		buf_adds(&reason, "...");
	}

	/* Errors of templates and of other parsers are sentences already. */
	const char *stop = reason.len && reason.ptr[reason.len - 1] == '.' ? "" : ".";
	const char *parameter = arg < 0 ? NULL : param_name(call->function, (size_t)arg);
	struct diag *diag;
	if (parameter) {
		bool given = (size_t)arg < call->count && call->arg_ranges;
		diag = diag_error(call->eval->diags, given ? call->arg_ranges[arg] : call->range,
				  "Invalid function argument", "Invalid value for the argument \"%s\" of \"%s\": %s%s", parameter,
				  call->function->name, buf_text(&reason), stop);
	} else {
		diag = diag_error(call->eval->diags,
				  src_range_is_empty(call->name_range) ? call->range : call->name_range,
				  "Error in function call", "Call to function \"%s\" failed: %s%s", call->function->name,
				  buf_text(&reason), stop);
	}
	diag->context = call->range;
	return NULL;
}

const struct value *error_too_long(const struct call *call)
{
	return call_error(call, -1, "the result would be longer than %zu MiB, which is more than a value may hold",
			  RESULT_TEXT_LIMIT >> 20);
}

const struct value *error_too_many(const struct call *call)
{
	return call_error(call, -1, "the result would have more than %zu members, which is more than a value may hold",
			  RESULT_LIST_LIMIT);
}

/* ---- result types ---- */

const struct type *returns_string(const struct call *call)
{
	(void)call;
	return &type_string;
}

const struct type *returns_number(const struct call *call)
{
	(void)call;
	return &type_number;
}

const struct type *returns_bool(const struct call *call)
{
	(void)call;
	return &type_bool;
}

const struct type *returns_strings(const struct call *call)
{
	(void)call;
	return &type_list_of_string;
}

/* ---- arguments ---- */

bool value_as_int(const struct value *v, int64_t *out, const char **why)
{
	if (number_to_int(v->number, out))
		return true;
	*why = "value must be a whole number, between -9223372036854775808 and 9223372036854775807";
	return false;
}

bool arg_int(const struct call *call, size_t i, int where, const char *prefix, int64_t *out)
{
	const char *why;
	if (value_as_int(call->args[i], out, &why))
		return true;
	call_error(call, where, "%s%s", prefix, why);
	return false;
}

const struct value *take_marks(const struct call *call, const struct value *v, unsigned *marks)
{
	*marks |= v->marks;
	return v->marks ? value_unmark(call_arena(call), v) : v;
}

bool value_length(const struct value *v, size_t *length)
{
	if (v->type->kind == TYPE_TUPLE || v->type->kind == TYPE_OBJECT) {
		*length = v->type->count;
		return true;
	}
	if (v->state != VALUE_KNOWN)
		return false;
	*length = v->count;
	return v->type->kind != TYPE_SET || v->count <= 1 || !v->deep_unknown;
}

/* ---- words ---- */

const char *type_words(const struct call *call, const struct type *type)
{
	AUTO_BUF struct buf out = BUF_INIT;
	type_print_friendly(type, &out);
	return buf_copy(&out, call_arena(call));
}

void add_quoted(struct buf *out, const char *text, size_t len, char quote)
{
	static const struct { char c, letter; } escapes[] = {
		{'\a', 'a'}, {'\b', 'b'}, {'\f', 'f'}, {'\n', 'n'}, {'\r', 'r'}, {'\t', 't'}, {'\v', 'v'}, {'\\', '\\'},
	};
	buf_addc(out, quote);
	for (size_t i = 0; i < len;) {
		uint32_t c;
		size_t n = utf8_next(text + i, len - i, &c);
		char letter = c == (uint32_t)quote ? quote : '\0';
		for (size_t e = 0; e < ARRAY_LEN(escapes); e++)
			if (c == (uint32_t)escapes[e].c)
				letter = escapes[e].letter;
		if (letter)
			buf_addf(out, "\\%c", letter);
		else if (c < 0x20 || c == 0x7f)
			buf_addf(out, "\\x%02x", c);
		else if ((c >= 0x80 && c < 0xa1) || (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202f))
			buf_addf(out, "\\u%04x", c);
		else
			buf_add(out, text + i, n);
		i += n;
	}
	buf_addc(out, quote);
}

const char *quoted(const struct call *call, const char *text, size_t len)
{
	AUTO_BUF struct buf out = BUF_INIT;
	size_t shown = len;
	if (len > SHOWN_TEXT) {
		shown = SHOWN_TEXT;
		while (shown && ((unsigned char)text[shown] & 0xc0) == 0x80)
			shown--;
	}
	add_quoted(&out, text, shown, '"');
	buf_adds(&out, shown < len ? "..." : "");
	return buf_copy(&out, call_arena(call));
}

const char *quoted_unless(const struct call *call, unsigned marks, const char *text, size_t len)
{
	return marks & VALUE_SENSITIVE ? "(sensitive value)" : quoted(call, text, len);
}

/* ---- special forms ---- */

struct call special_call(struct eval *eval, const struct function *function, const struct expr *expr)
{
	struct src_range *arg_ranges = arena_array_of(eval->arena, expr->arg_count, struct src_range);
	for (size_t i = 0; i < expr->arg_count; i++)
		arg_ranges[i] = expr->args[i]->range;
	return (struct call){.eval = eval, .function = function, .count = expr->arg_count, .range = expr->range,
			     .name_range = expr->function_range, .arg_ranges = arg_ranges};
}

bool special_count(struct eval *eval, const struct expr *expr, const struct function *function)
{
	size_t params = 0;
	while (function->params && function->params[params].name)
		params++;
	if (expr->arg_count < params) {
		struct src_range end = {expr->range.end - 1, expr->range.end};
		diag_error(eval->diags, src_range_is_empty(expr->range) ? expr->range : end, "Not enough function arguments",
			   "The function \"%s\" takes %s%zu argument%s, but here are only %zu. The one for \"%s\" is missing.",
			   expr->function, function->rest ? "at least " : "", params, params == 1 ? "" : "s",
			   expr->arg_count, function->params[expr->arg_count].name)
			->context = expr->range;
		return false;
	}
	if (!function->rest && expr->arg_count > params) {
		diag_error(eval->diags, expr->args[params]->range, "Too many function arguments",
			   "The function \"%s\" takes only %zu argument%s, but here are %zu.", expr->function, params,
			   params == 1 ? "" : "s", expr->arg_count)
			->context = expr->range;
		return false;
	}
	return true;
}

void add_range_words(const struct eval *eval, struct src_range range, struct buf *out)
{
	const struct src *src = eval->sources ? src_find(eval->sources, range.start) : NULL;
	if (!src)
		return;
	struct src_pos start = src_pos(src, range.start), end = src_pos(src, range.end);
	if (start.line == end.line)
		buf_addf(out, "%s:%" PRIu32 ",%" PRIu32 "-%" PRIu32, src_name(src), start.line, start.column, end.column);
	else
		buf_addf(out, "%s:%" PRIu32 ",%" PRIu32 "-%" PRIu32 ",%" PRIu32, src_name(src), start.line, start.column,
			 end.line, end.column);
}

void add_diags_words(const struct eval *eval, const struct diags *diags, struct buf *out)
{
	const struct diag *first = NULL;
	size_t others = 0;
	for (size_t i = 0; i < diags->count; i++) {
		if (diags->items[i].severity != DIAG_ERROR)
			continue;
		if (!first)
			first = &diags->items[i];
		else
			others++;
	}
	if (!first)
		return;
	size_t before = out->len;
	add_range_words(eval, first->subject, out);
	buf_addf(out, "%s%s; %s", out->len > before ? ": " : "", first->summary, first->detail ? first->detail : "");
	if (others)
		buf_addf(out, ", and %zu other diagnostic(s)", others);
}
