/* SPDX-License-Identifier: Apache-2.0 */
/* String functions but format(). A character is a grapheme cluster where the language counts characters. */
#include "lang/func/internal.h"
#include "lang/func/regex.h"

#include "lang/value/unicode.h"

#include <stdlib.h>
#include <string.h>

/* Offset of `needle` in `text`, or SIZE_MAX. */
static size_t find(struct text text, size_t from, struct text needle)
{
	if (from > text.len)
		return SIZE_MAX;
	const char *found = memmem(text.ptr + from, text.len - from, needle.ptr, needle.len);
	return found ? (size_t)(found - text.ptr) : SIZE_MAX;
}

static bool has_prefix(struct text text, struct text prefix)
{
	return text.len >= prefix.len && memcmp(text.ptr, prefix.ptr, prefix.len) == 0;
}

static bool has_suffix(struct text text, struct text suffix)
{
	return text.len >= suffix.len && memcmp(text.ptr + text.len - suffix.len, suffix.ptr, suffix.len) == 0;
}

static const struct value *slice_text(const struct call *call, struct text text, size_t start, size_t end)
{
	return value_string_n(call_arena(call), text.ptr + start, end - start);
}

/* ---- letters ---- */

static const struct value *map_letters(const struct call *call, uint32_t (*map)(uint32_t))
{
	struct text text = arg_text(call, 0);
	AUTO_BUF struct buf out = BUF_INIT;
	uint32_t c;
	for (size_t i = 0; i < text.len;) {
		i += utf8_next(text.ptr + i, text.len - i, &c);
		buf_add_utf8(&out, map(c));
	}
	return result_text(call, &out);
}

static const struct value *run_upper(const struct call *call)
{
	return map_letters(call, unicode_upper);
}

static const struct value *run_lower(const struct call *call)
{
	return map_letters(call, unicode_lower);
}

/* What ends a word: in ASCII all but letters, digits and _; elsewhere blanks. */
static bool is_separator(uint32_t c)
{
	if (c < 0x80)
		return !((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_');
	return unicode_is_space(c);
}

static const struct value *run_title(const struct call *call)
{
	struct text text = arg_text(call, 0);
	AUTO_BUF struct buf out = BUF_INIT;
	uint32_t c, before = ' ';
	for (size_t i = 0; i < text.len; before = c) {
		i += utf8_next(text.ptr + i, text.len - i, &c);
		buf_add_utf8(&out, is_separator(before) ? unicode_title(c) : c);
	}
	return result_text(call, &out);
}

/* ---- ends ---- */

static const struct value *run_chomp(const struct call *call)
{
	struct text text = arg_text(call, 0);
	while (text.len && (text.ptr[text.len - 1] == '\n' || text.ptr[text.len - 1] == '\r'))
		text.len--;
	return slice_text(call, text, 0, text.len);
}

/* The start of the last code point of text[0..end). */
static size_t last_start(struct text text, size_t end)
{
	size_t start = end - 1;
	while (start > 0 && ((unsigned char)text.ptr[start] & 0xc0) == 0x80)
		start--;
	return start;
}

static const struct value *trim_if(const struct call *call, bool (*goes)(uint32_t c, const void *ctx), const void *ctx)
{
	struct text text = arg_text(call, 0);
	size_t start = 0, end = text.len;
	uint32_t c;
	while (start < end) {
		size_t n = utf8_next(text.ptr + start, end - start, &c);
		if (!goes(c, ctx))
			break;
		start += n;
	}
	while (end > start) {
		size_t last = last_start(text, end);
		utf8_next(text.ptr + last, end - last, &c);
		if (!goes(c, ctx))
			break;
		end = last;
	}
	return slice_text(call, text, start, end);
}

static bool goes_as_space(uint32_t c, const void *ctx)
{
	(void)ctx;
	return unicode_is_space(c);
}

static bool goes_as_member(uint32_t c, const void *ctx)
{
	const struct text *set = ctx;
	uint32_t member;
	for (size_t i = 0; i < set->len;) {
		i += utf8_next(set->ptr + i, set->len - i, &member);
		if (member == c)
			return true;
	}
	return false;
}

static const struct value *run_trimspace(const struct call *call)
{
	return trim_if(call, goes_as_space, NULL);
}

static const struct value *run_trim(const struct call *call)
{
	struct text set = arg_text(call, 1);
	return trim_if(call, goes_as_member, &set);
}

static const struct value *run_trimprefix(const struct call *call)
{
	struct text text = arg_text(call, 0), prefix = arg_text(call, 1);
	return has_prefix(text, prefix) ? slice_text(call, text, prefix.len, text.len) : call->args[0];
}

static const struct value *run_trimsuffix(const struct call *call)
{
	struct text text = arg_text(call, 0), suffix = arg_text(call, 1);
	return has_suffix(text, suffix) ? slice_text(call, text, 0, text.len - suffix.len) : call->args[0];
}

/* The beginning of the text may still be unknown: only an empty prefix is certain then. */
static const struct value *run_startswith(const struct call *call)
{
	struct text prefix = arg_text(call, 1);
	if (prefix.len == 0)
		return &value_true;
	if (!value_is_known(call->args[0]))
		return result_unknown(call, &type_bool);
	return value_bool(has_prefix(arg_text(call, 0), prefix));
}

static const struct value *run_endswith(const struct call *call)
{
	return value_bool(has_suffix(arg_text(call, 0), arg_text(call, 1)));
}

static const struct value *run_strcontains(const struct call *call)
{
	return value_bool(find(arg_text(call, 0), 0, arg_text(call, 1)) != SIZE_MAX);
}

/* ---- characters ---- */

static const struct value *run_strrev(const struct call *call)
{
	struct text text = arg_text(call, 0);
	char *out = arena_alloc_text(call_arena(call), text.len + 1);
	size_t end = text.len;
	for (size_t i = 0; i < text.len;) {
		size_t n = unicode_grapheme(text.ptr + i, text.len - i);
		end -= n;
		memcpy(out + end, text.ptr + i, n);
		i += n;
	}
	return value_string_n(call_arena(call), out, text.len);
}

/* Skips up to `count` characters from `at`. */
static size_t skip_characters(struct text text, size_t at, int64_t count)
{
	for (; count > 0 && at < text.len; count--)
		at += unicode_grapheme(text.ptr + at, text.len - at);
	return at;
}

static const struct value *run_substr(const struct call *call)
{
	struct text text = arg_text(call, 0);
	int64_t offset, length;
	if (!arg_int(call, 1, -1, "", &offset) || !arg_int(call, 2, -1, "", &length))
		return NULL;
	bool from_end = offset < 0;
	if (from_end) {
		int64_t total = 0;
		for (size_t i = 0; i < text.len; total++)
			i += unicode_grapheme(text.ptr + i, text.len - i);
		offset = offset < -total ? 0 : offset + total;
	}
	if (length == 0 && !from_end)
		return &value_empty_string;
	/* Terraform takes a length of 0 behind a negative offset for the whole rest, and plans depend on it. */
	size_t start = skip_characters(text, 0, offset);
	size_t end = length <= 0 ? text.len : skip_characters(text, start, length);
	return slice_text(call, text, start, end);
}

/* ---- lines, lists ---- */

static const struct value *run_indent(const struct call *call)
{
	struct text text = arg_text(call, 1);
	int64_t spaces;
	if (!arg_int(call, 0, -1, "", &spaces))
		return NULL;
	if (spaces < 0)
		return call_error(call, -1, "the number of spaces must not be negative");
	size_t lines = 0;
	for (size_t i = 0; i < text.len; i++)
		lines += text.ptr[i] == '\n';
	if (lines && (uint64_t)spaces > (RESULT_TEXT_LIMIT - text.len) / lines)
		return error_too_long(call);
	AUTO_BUF struct buf out = BUF_INIT;
	for (size_t i = 0; i < text.len; i++) {
		buf_addc(&out, text.ptr[i]);
		if (text.ptr[i] == '\n')
			buf_add_repeated(&out, ' ', (size_t)spaces);
	}
	return result_text(call, &out);
}

static const struct value *run_join(const struct call *call)
{
	struct text separator = arg_text(call, 0);
	if (call->count < 2)
		return call_error(call, -1, "at least one list is required");
	AUTO_BUF struct buf out = BUF_INIT;
	bool first = true;
	for (size_t list = 1; list < call->count; list++) {
		for (size_t i = 0; i < call->args[list]->count; i++, first = false) {
			const struct value *item = call->args[list]->items[i];
			if (value_is_null(item) && call->count > 2)
				return call_error(call, (int)list,
						  "element %zu of list %zu is null; cannot concatenate null values", i, list);
			if (value_is_null(item))
				return call_error(call, (int)list, "element %zu is null; cannot concatenate null values", i);
			if (!first)
				buf_add(&out, separator.ptr, separator.len);
			buf_add(&out, item->text, item->count);
			if (out.len > RESULT_TEXT_LIMIT)
				return error_too_long(call);
		}
	}
	return result_text(call, &out);
}

/* A growing list of strings on its way to a value. */
typedef VEC(const struct value *) value_vec;

static const struct value *finish_strings(const struct call *call, value_vec *items)
{
	const struct value *list = value_list(call_arena(call), &type_string, items->items, items->count);
	vec_free(items);
	return list;
}

static const struct value *run_split(const struct call *call)
{
	struct text separator = arg_text(call, 0), text = arg_text(call, 1);
	value_vec items = {0};
	size_t at = 0;
	if (separator.len == 0) { /* into code points */
		while (at < text.len) {
			uint32_t c;
			size_t n = utf8_next(text.ptr + at, text.len - at, &c);
			vec_add(&items, slice_text(call, text, at, at + n));
			at += n;
			if (items.count > RESULT_LIST_LIMIT)
				goto too_many;
		}
		return finish_strings(call, &items);
	}
	for (;;) {
		size_t found = find(text, at, separator);
		size_t end = found == SIZE_MAX ? text.len : found;
		vec_add(&items, slice_text(call, text, at, end));
		if (found == SIZE_MAX)
			return finish_strings(call, &items);
		if (items.count > RESULT_LIST_LIMIT)
			goto too_many;
		at = found + separator.len;
	}
too_many:
	vec_free(&items);
	return error_too_many(call);
}

static int by_bytes(const void *a, const void *b)
{
	const struct value *x = *(const struct value *const *)a, *y = *(const struct value *const *)b;
	int order = memcmp(x->text, y->text, x->count < y->count ? x->count : y->count);
	return order ? order : (x->count > y->count) - (x->count < y->count);
}

static const struct value *run_sort(const struct call *call)
{
	const struct value *list = call->args[0];
	if (list->count == 0)
		return list;
	const struct value **items = new_items(call, list->count);
	for (size_t i = 0; i < list->count; i++) {
		/* Where one is unknown, only how many there are is certain. */
		items[i] = value_is_wholly_known(list) ? list->items[i] : result_unknown(call, &type_string);
		if (value_is_null(items[i]))
			return call_error(call, -1, "given list element %zu is null; a null string cannot be sorted", i);
	}
	if (value_is_wholly_known(list))
		qsort(items, list->count, sizeof(*items), by_bytes);
	return value_list(call_arena(call), &type_string, items, list->count);
}

/* ---- patterns ---- */

static const struct value *error_too_hard(const struct call *call)
{
	return call_error(call, -1,
			  "the search for the pattern took too many steps and was given up; repetitions inside "
			  "repetitions, as in (a+)+, are the usual cause");
}

/* The type of one match: a string, a tuple of unnamed or an object of named groups; NULL after an error. */
static const struct type *match_type(const struct call *call, const struct regex *regex)
{
	size_t count = regex_group_count(regex), named = 0;
	for (size_t i = 1; i <= count; i++)
		named += regex_group_name(regex, i) != NULL;
	if (count == 0)
		return &type_string;
	if (named > 0 && named < count) {
		call_error(call, 0, "invalid regexp pattern: cannot mix both named and unnamed capture groups");
		return NULL;
	}
	if (!named) {
		const struct type **items = arena_array_of(call_arena(call), count, const struct type *);
		for (size_t i = 0; i < count; i++)
			items[i] = &type_string;
		return type_tuple(call_arena(call), items, count);
	}
	struct type_attr *attrs = arena_array_of(call_arena(call), count, struct type_attr);
	size_t different = 0;
	for (size_t i = 1; i <= count; i++) {
		const char *name = regex_group_name(regex, i);
		size_t known = 0;
		while (known < different && strcmp(attrs[known].name, name) != 0)
			known++;
		if (known == different)
			attrs[different++] =
				(struct type_attr){.name = arena_strdup(call_arena(call), name), .type = &type_string};
	}
	return type_object(call_arena(call), attrs, different);
}

static struct regex *compile_argument(const struct call *call)
{
	struct text pattern = arg_text(call, 0);
	AUTO_BUF struct buf where = BUF_INIT;
	const char *what;
	struct regex *regex = regex_compile(pattern.ptr, pattern.len, &what, &where);
	if (!regex)
		call_error(call, 0, "invalid regexp pattern: %s in %s", what, buf_text(&where));
	return regex;
}

static const struct type *regex_type(const struct call *call)
{
	if (!value_is_known(call->args[0]))
		return &type_any;
	AUTO_REGEX struct regex *regex = compile_argument(call);
	const struct type *type = regex ? match_type(call, regex) : NULL;
	return type ? type : &type_any;
}

static const struct type *regexall_type(const struct call *call)
{
	return type_list(call_arena(call), regex_type(call));
}

static const struct value *match_value(const struct call *call, const struct regex *regex, const struct type *type,
				       struct text text, const size_t *spans)
{
	if (type->kind == TYPE_STRING)
		return slice_text(call, text, spans[0], spans[1]);
	size_t count = regex_group_count(regex);
	const struct value **items = arena_array_of(call_arena(call), count, const struct value *);
	const char **names = arena_array_of(call_arena(call), count, const char *);
	for (size_t i = 1; i <= count; i++) {
		items[i - 1] = spans[2 * i] == REGEX_UNSET ? &value_null_string
							    : slice_text(call, text, spans[2 * i], spans[2 * i + 1]);
		names[i - 1] = regex_group_name(regex, i);
	}
	if (type->kind == TYPE_TUPLE)
		return value_tuple(call_arena(call), items, count);
	const struct value **sorted = arena_array_of(call_arena(call), type->count, const struct value *);
	for (size_t i = 0; i < count; i++)
		sorted[type_find_attr(type, names[i])] = items[i];
	return value_object_of(call_arena(call), type, sorted);
}

static const struct value *run_regex(const struct call *call)
{
	struct text text = arg_text(call, 1);
	AUTO_REGEX struct regex *regex = compile_argument(call);
	const struct type *type = regex ? match_type(call, regex) : NULL;
	if (!type)
		return NULL;
	const size_t *spans;
	switch (regex_match(regex, text.ptr, text.len, 0, &spans)) {
	case REGEX_MATCH:
		return match_value(call, regex, type, text, spans);
	case REGEX_NONE:
		return call_error(call, -1, "pattern did not match any part of the given string");
	case REGEX_TOO_HARD:
		break;
	}
	return error_too_hard(call);
}

static const struct value *run_regexall(const struct call *call)
{
	struct text text = arg_text(call, 1);
	AUTO_REGEX struct regex *regex = compile_argument(call);
	const struct type *type = regex ? match_type(call, regex) : NULL;
	if (!type)
		return NULL;
	value_vec items = {0};
	struct regex_iterator it = {0};
	const size_t *spans;
	enum regex_result result;
	while ((result = regex_next(regex, text.ptr, text.len, &it, &spans)) == REGEX_MATCH &&
	       items.count <= RESULT_LIST_LIMIT)
		vec_add(&items, match_value(call, regex, type, text, spans));
	const struct value *list = NULL;
	if (result == REGEX_NONE)
		list = value_list(call_arena(call), type, items.items, items.count);
	vec_free(&items);
	if (!list)
		return result == REGEX_MATCH ? error_too_many(call) : error_too_hard(call);
	return list;
}

static bool is_name_character(uint32_t c)
{
	return c == '_' || (c >= '0' && c <= '9') || unicode_is_letter(c);
}

/* $1 ${1} $name ${name} $$; anything else behind a dollar stands for itself, a group that is none for nothing. */
static void add_expanded(struct buf *out, struct text template, const struct regex *regex, struct text text,
			 const size_t *spans)
{
	for (size_t i = 0; i < template.len;) {
		if (template.ptr[i] != '$') {
			buf_addc(out, template.ptr[i++]);
			continue;
		}
		if (i + 1 < template.len && template.ptr[i + 1] == '$') {
			buf_addc(out, '$');
			i += 2;
			continue;
		}
		bool braces = i + 1 < template.len && template.ptr[i + 1] == '{';
		size_t start = i + 1 + braces, end = start;
		bool number = true;
		while (end < template.len) {
			uint32_t c;
			size_t n = utf8_next(template.ptr + end, template.len - end, &c);
			if (!is_name_character(c))
				break;
			number = number && c >= '0' && c <= '9';
			end += n;
		}
		if (end == start || (braces && (end >= template.len || template.ptr[end] != '}'))) {
			buf_addc(out, '$');
			i++;
			continue;
		}
		size_t count = regex_group_count(regex), len = end - start;
		const char *name = template.ptr + start;
		i = end + braces;
		if (number && !(len > 1 && name[0] == '0')) {
			size_t group = len < 9 ? strtoul(name, NULL, 10) : SIZE_MAX;
			if (group <= count && spans[2 * group] != REGEX_UNSET)
				buf_add(out, text.ptr + spans[2 * group], spans[2 * group + 1] - spans[2 * group]);
			continue;
		}
		for (size_t group = 1; group <= count; group++) {
			const char *known = regex_group_name(regex, group);
			if (known && strlen(known) == len && memcmp(known, name, len) == 0 &&
			    spans[2 * group] != REGEX_UNSET) {
				buf_add(out, text.ptr + spans[2 * group], spans[2 * group + 1] - spans[2 * group]);
				break;
			}
		}
	}
}

static const struct value *replace_pattern(const struct call *call, struct text pattern)
{
	struct text text = arg_text(call, 0), template = arg_text(call, 2);
	AUTO_BUF struct buf where = BUF_INIT;
	const char *what;
	AUTO_REGEX struct regex *regex = regex_compile(pattern.ptr, pattern.len, &what, &where);
	if (!regex)
		return call_error(call, -1, "error parsing regexp: %s: `%s`", what, buf_text(&where));
	AUTO_BUF struct buf out = BUF_INIT;
	size_t copied = 0;
	struct regex_iterator it = {0};
	const size_t *spans;
	enum regex_result result;
	while ((result = regex_next(regex, text.ptr, text.len, &it, &spans)) == REGEX_MATCH) {
		buf_add(&out, text.ptr + copied, spans[0] - copied);
		add_expanded(&out, template, regex, text, spans);
		copied = spans[1];
		if (out.len > RESULT_TEXT_LIMIT)
			return error_too_long(call);
	}
	if (result == REGEX_TOO_HARD)
		return error_too_hard(call);
	buf_add(&out, text.ptr + copied, text.len - copied);
	return result_text(call, &out);
}

static const struct value *run_replace(const struct call *call)
{
	struct text text = arg_text(call, 0), old = arg_text(call, 1), new = arg_text(call, 2);
	if (old.len > 1 && old.ptr[0] == '/' && old.ptr[old.len - 1] == '/')
		return replace_pattern(call, (struct text){old.ptr + 1, old.len - 2});
	AUTO_BUF struct buf out = BUF_INIT;
	size_t at = 0;
	for (;;) {
		size_t found = find(text, at, old), end = found;
		if (old.len == 0) { /* an empty one stands before each code point and at the end */
			uint32_t c;
			buf_add(&out, new.ptr, new.len);
			end = at + utf8_next(text.ptr + at, text.len - at, &c);
			found = end == at ? SIZE_MAX : end;
		}
		buf_add(&out, text.ptr + at, (found == SIZE_MAX ? text.len : end) - at);
		if (out.len > RESULT_TEXT_LIMIT)
			return error_too_long(call);
		if (found == SIZE_MAX)
			return result_text(call, &out);
		if (old.len)
			buf_add(&out, new.ptr, new.len);
		at = found + old.len;
	}
}

#define STR {"str", &type_string, 0}
static const struct param str[] = {STR, {0}};
static const struct param startswith_params[] = {{"str", &type_string, PARAM_UNKNOWN}, {"prefix", &type_string, 0}, {0}};
static const struct param prefix_params[] = {STR, {"prefix", &type_string, 0}, {0}};
static const struct param suffix_params[] = {STR, {"suffix", &type_string, 0}, {0}};
static const struct param contains_params[] = {STR, {"substr", &type_string, 0}, {0}};
static const struct param trim_params[] = {STR, {"cutset", &type_string, 0}, {0}};
static const struct param indent_params[] = {{"spaces", &type_number, 0}, STR, {0}};
static const struct param join_params[] = {{"separator", &type_string, 0}, {0}};
static const struct param join_lists = {"lists", &type_list_of_string, 0};
static const struct param split_params[] = {{"separator", &type_string, 0}, STR, {0}};
static const struct param sort_params[] = {{"list", &type_list_of_string, PARAM_DEEP}, {0}};
static const struct param regex_params[] = {{"pattern", &type_string, 0}, {"string", &type_string, 0}, {0}};
static const struct param replace_params[] = {STR, {"substr", &type_string, 0}, {"replace", &type_string, 0}, {0}};
static const struct param substr_params[] = {STR, {"offset", &type_number, 0}, {"length", &type_number, 0}, {0}};

const struct function string_functions[] = {
	{.name = "chomp", .params = str, .result_type = returns_string, .run = run_chomp},
	{.name = "endswith", .params = suffix_params, .result_type = returns_bool, .run = run_endswith},
	{.name = "indent", .params = indent_params, .result_type = returns_string, .run = run_indent},
	{.name = "join", .params = join_params, .rest = &join_lists, .result_type = returns_string, .run = run_join},
	{.name = "lower", .params = str, .result_type = returns_string, .run = run_lower},
	{.name = "regex", .params = regex_params, .result_type = regex_type, .run = run_regex},
	{.name = "regexall", .params = regex_params, .result_type = regexall_type, .run = run_regexall},
	{.name = "replace", .params = replace_params, .result_type = returns_string, .run = run_replace},
	{.name = "sort", .params = sort_params, .result_type = returns_strings, .run = run_sort},
	{.name = "split", .params = split_params, .result_type = returns_strings, .run = run_split},
	{.name = "startswith", .params = startswith_params, .result_type = returns_bool, .run = run_startswith},
	{.name = "strcontains", .params = contains_params, .result_type = returns_bool, .run = run_strcontains},
	{.name = "strrev", .params = str, .result_type = returns_string, .run = run_strrev},
	{.name = "substr", .params = substr_params, .result_type = returns_string, .run = run_substr},
	{.name = "title", .params = str, .result_type = returns_string, .run = run_title},
	{.name = "trim", .params = trim_params, .result_type = returns_string, .run = run_trim},
	{.name = "trimprefix", .params = prefix_params, .result_type = returns_string, .run = run_trimprefix},
	{.name = "trimspace", .params = str, .result_type = returns_string, .run = run_trimspace},
	{.name = "trimsuffix", .params = suffix_params, .result_type = returns_string, .run = run_trimsuffix},
	{.name = "upper", .params = str, .result_type = returns_string, .run = run_upper},
	{0},
};
