/* SPDX-License-Identifier: Apache-2.0 */
/*
 * format() and formatlist().
 *
 *   verb = "%" { "0" | "#" | "-" | "+" | " " } [ width ] [ "." { digit } ] [ "[" number "]" ] letter
 *
 * Widths and precisions count characters (grapheme clusters). For numbers the flags mean what they
 * mean in Go, with its differences from C: zeros pad a whole number to the left only, but a
 * fraction in any case, and a precision of a whole number counts its digits.
 */
#include "lang/func/internal.h"

#include "lang/value/json.h"
#include "lang/value/unicode.h"

#include <string.h>

/* More digits behind the point than any number here has. */
#define PRECISION_LIMIT 1000000

struct verb {
	const char *raw; /* from the percent sign on */
	size_t raw_len, offset;
	bool zero, sharp, plus, minus, space;
	bool has_precision;
	size_t width, precision; /* capped far above RESULT_TEXT_LIMIT */
	size_t arg;              /* from 1 */
	char letter;
};

struct formatter {
	const struct call *call;
	const struct value *const *args;
	size_t count;
	struct buf out;
	struct buf why;   /* what is wrong */
	int wrong_arg;    /* index in args that is to blame, or -1 */
};

/* "unsupported value for "%d" at 3: " */
static bool fail_value(struct formatter *f, const struct verb *verb, const char *reason)
{
	AUTO_BUF struct buf text = BUF_INIT; /* `reason` may be f->why */
	buf_adds(&text, "unsupported value for ");
	add_quoted(&text, verb->raw, verb->raw_len, '"');
	buf_addf(&text, " at %zu: %s", verb->offset, reason);
	buf_clear(&f->why);
	buf_add(&f->why, buf_text(&text), text.len);
	return false;
}

static size_t count_characters(const char *text, size_t len)
{
	size_t count = 0;
	for (size_t i = 0; i < len; count++)
		i += unicode_grapheme(text + i, len - i);
	return count;
}

static void add_padded(struct formatter *f, const struct verb *verb, const char *text, size_t len)
{
	size_t have = count_characters(text, len), missing = verb->width > have ? verb->width - have : 0;
	if (!verb->minus)
		buf_add_repeated(&f->out, verb->zero ? '0' : ' ', missing);
	buf_add(&f->out, text, len);
	if (verb->minus)
		buf_add_repeated(&f->out, verb->zero ? '0' : ' ', missing);
}

static void to_upper(char *text)
{
	for (; *text; text++)
		if (*text >= 'a' && *text <= 'z')
			*text = (char)(*text - 'a' + 'A');
}

static const char *sign_of(const struct verb *verb, const char **digits)
{
	if (**digits == '-') {
		(*digits)++;
		return "-";
	}
	return verb->plus ? "+" : verb->space ? " " : "";
}

static void add_integer(struct formatter *f, const struct verb *verb, struct number n)
{
	int base = verb->letter == 'b' ? 2 : verb->letter == 'o' ? 8 : verb->letter == 'd' ? 10 : 16;
	char *text = arena_strdup(call_arena(f->call), number_print_base(call_arena(f->call), n, base));
	if (verb->letter == 'X')
		to_upper(text);
	const char *digits = text, *sign = sign_of(verb, &digits), *prefix = "";
	if (verb->sharp)
		prefix = verb->letter == 'b' ? "0b" : verb->letter == 'o' ? "0" : verb->letter == 'x' ? "0x"
			 : verb->letter == 'X'				       ? "0X"
										       : "";
	size_t len = strlen(digits), zeros = 0, left = 0, right = 0;
	if (verb->has_precision) {
		if (len < verb->precision)
			zeros = verb->precision - len;
		else if (verb->precision == 0 && strcmp(digits, "0") == 0)
			return;
	}
	size_t total = strlen(sign) + strlen(prefix) + zeros + len;
	if (verb->width > total) {
		size_t missing = verb->width - total;
		if (verb->minus)
			right = missing;
		else if (verb->zero && !verb->has_precision)
			zeros = missing;
		else
			left = missing;
	}
	buf_add_repeated(&f->out, ' ', left);
	buf_adds(&f->out, sign);
	buf_adds(&f->out, prefix);
	buf_add_repeated(&f->out, '0', zeros);
	buf_add(&f->out, digits, len);
	buf_add_repeated(&f->out, ' ', right);
}

static void add_fraction(struct formatter *f, const struct verb *verb, struct number n)
{
	bool upper = verb->letter == 'E' || verb->letter == 'G';
	char letter = verb->letter == 'E' ? 'e' : verb->letter == 'G' ? 'g' : verb->letter;
	int precision = verb->has_precision ? (int)verb->precision : letter == 'g' ? -1 : 6;
	char *text = arena_strdup(call_arena(f->call), number_print_float(call_arena(f->call), n, letter, precision));
	if (upper)
		to_upper(text);
	const char *digits = text, *sign = sign_of(verb, &digits);
	size_t total = strlen(sign) + strlen(digits), missing = verb->width > total ? verb->width - total : 0;
	bool zeros = verb->zero, right = verb->minus && !zeros;
	buf_add_repeated(&f->out, ' ', zeros || right ? 0 : missing);
	buf_adds(&f->out, sign);
	buf_add_repeated(&f->out, '0', zeros ? missing : 0);
	buf_adds(&f->out, digits);
	buf_add_repeated(&f->out, ' ', right ? missing : 0);
}

static void add_json(struct formatter *f, const struct verb *verb, const struct value *v)
{
	AUTO_BUF struct buf json = BUF_INIT;
	value_to_json(v, true, &json);
	add_padded(f, verb, buf_text(&json), json.len);
}

static bool add_as_is(struct formatter *f, const struct verb *verb, const struct value *v)
{
	if (!verb->sharp && value_is_a(v, TYPE_STRING)) {
		add_padded(f, verb, v->text, v->count);
	} else if (!verb->sharp && value_is_a(v, TYPE_NUMBER)) {
		const char *text = number_print_float(call_arena(f->call), v->number, 'g', -1);
		add_padded(f, verb, text, strlen(text));
	} else {
		add_json(f, verb, v);
	}
	return true;
}

static bool add_string(struct formatter *f, const struct verb *verb, const struct value *v)
{
	size_t len = v->count;
	if (verb->has_precision && verb->precision > 0) {
		len = 0;
		for (size_t i = 0; i < verb->precision && len < v->count; i++)
			len += unicode_grapheme(v->text + len, v->count - len);
	}
	if (verb->letter == 's') {
		add_padded(f, verb, v->text, len);
		return true;
	}
	AUTO_BUF struct buf json = BUF_INIT;
	json_add_string(&json, v->text, len, true);
	add_padded(f, verb, buf_text(&json), json.len);
	return true;
}

static bool apply(struct formatter *f, const struct verb *verb)
{
	if (verb->arg > f->count) {
		buf_clear(&f->why);
		buf_adds(&f->why, "not enough arguments for ");
		add_quoted(&f->why, verb->raw, verb->raw_len, '"');
		buf_addf(&f->why, " at %zu: need index %zu but have %zu total", verb->offset, verb->arg, f->count);
		return false;
	}
	const struct value *v = f->args[verb->arg - 1];
	if (verb->letter != 'v' && value_is_null(v))
		return fail_value(f, verb, "null value cannot be formatted");
	if (verb->width > RESULT_TEXT_LIMIT || verb->precision > PRECISION_LIMIT)
		return fail_value(f, verb, "this width or precision is more than a value may hold");
	const struct type *type = NULL;
	switch (verb->letter) {
	case 'v':
		return add_as_is(f, verb, v);
	case 't':
		type = &type_bool;
		break;
	case 's': case 'q':
		type = &type_string;
		break;
	case 'b': case 'd': case 'o': case 'x': case 'X': case 'e': case 'E': case 'f': case 'g': case 'G':
		type = &type_number;
		break;
	default:
		buf_addf(&f->why, "unsupported format verb '%c' in ", verb->letter);
		add_quoted(&f->why, verb->raw, verb->raw_len, '"');
		buf_addf(&f->why, " at offset %zu", verb->offset);
		return false;
	}
	buf_clear(&f->why);
	const struct value *converted = value_convert(call_arena(f->call), v, type, &f->why);
	if (!converted)
		return fail_value(f, verb, buf_text(&f->why));
	if (verb->letter == 't') {
		buf_adds(&f->out, converted->boolean ? "true" : "false");
	} else if (type == &type_string) {
		return add_string(f, verb, converted);
	} else if (strchr("bdoxX", verb->letter)) {
		if (!number_is_integer(converted->number))
			return fail_value(f, verb, "an integer is required");
		add_integer(f, verb, converted->number);
	} else {
		add_fraction(f, verb, converted->number);
	}
	return true;
}

static size_t scan_number(struct text format, size_t *at)
{
	size_t n = 0;
	for (; *at < format.len && format.ptr[*at] >= '0' && format.ptr[*at] <= '9'; (*at)++)
		n = n > SIZE_MAX / 100 ? n : n * 10 + (size_t)(format.ptr[*at] - '0');
	return n;
}

static bool is_digit(struct text format, size_t at, char lowest)
{
	return at < format.len && format.ptr[at] >= lowest && format.ptr[at] <= '9';
}

/* Everything behind the percent sign; `*at` ends behind the letter, or on what does not belong. */
static bool scan_verb(struct text format, size_t *at, struct verb *verb)
{
	for (; *at < format.len; (*at)++) {
		switch (format.ptr[*at]) {
		case '0': verb->zero = true; continue;
		case '#': verb->sharp = true; continue;
		case '-': verb->minus = true; continue;
		case '+': verb->plus = true; continue;
		case ' ': verb->space = true; continue;
		default: break;
		}
		break;
	}
	if (is_digit(format, *at, '1'))
		verb->width = scan_number(format, at);
	if (*at < format.len && format.ptr[*at] == '.') {
		(*at)++;
		verb->has_precision = true;
		verb->precision = scan_number(format, at);
	}
	if (*at < format.len && format.ptr[*at] == '[') {
		(*at)++;
		if (!is_digit(format, *at, '1'))
			return false;
		verb->arg = scan_number(format, at);
		if (*at >= format.len || format.ptr[*at] != ']')
			return false;
		(*at)++;
	}
	if (*at >= format.len)
		return false;
	char c = format.ptr[*at];
	if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z'))
		return false;
	verb->letter = c;
	(*at)++;
	verb->raw_len = *at - verb->offset;
	return true;
}

/* The format's text into f->out; false with f->why (and perhaps f->wrong_arg) set. */
static bool format(struct formatter *f, struct text text)
{
	size_t next_arg = 1, highest = 0;
	f->wrong_arg = -1;
	buf_clear(&f->why);
	for (size_t at = 0; at < text.len;) {
		if (text.ptr[at] != '%') {
			buf_addc(&f->out, text.ptr[at++]);
			continue;
		}
		if (at + 1 < text.len && text.ptr[at + 1] == '%') {
			buf_addc(&f->out, '%');
			at += 2;
			continue;
		}
		struct verb verb = {.raw = text.ptr + at, .offset = at, .arg = next_arg};
		at++;
		if (!scan_verb(text, &at, &verb)) {
			if (at >= text.len) {
				buf_addf(&f->why, "invalid format string starting at offset %zu", at);
			} else {
				uint32_t c;
				size_t n = utf8_next(text.ptr + at, text.len - at, &c);
				buf_adds(&f->why, "unrecognized format character ");
				add_quoted(&f->why, text.ptr + at, n, '\'');
				buf_addf(&f->why, " at offset %zu", at);
			}
			return false;
		}
		if (verb.arg > highest)
			highest = verb.arg;
		if (!apply(f, &verb))
			return false;
		if (f->out.len > RESULT_TEXT_LIMIT) {
			buf_addf(&f->why, "the result would be longer than %zu MiB, which is more than a value may hold",
				 RESULT_TEXT_LIMIT >> 20);
			return false;
		}
		next_arg = verb.arg + 1;
	}
	if (highest >= f->count)
		return true;
	f->wrong_arg = (int)highest;
	if (highest == 0)
		buf_adds(&f->why, "too many arguments; no verbs in format string");
	else
		buf_addf(&f->why, "too many arguments; only %zu used by format string", highest);
	return false;
}

static const struct value *run_format(const struct call *call)
{
	for (size_t i = 1; i < call->count; i++)
		if (!value_is_wholly_known(call->args[i]))
			return result_unknown(call, &type_string);
	struct formatter f = {.call = call, .args = call->args + 1, .count = call->count - 1};
	const struct value *result;
	if (format(&f, arg_text(call, 0)))
		result = result_text(call, &f.out);
	else
		result = call_error(call, f.wrong_arg < 0 ? -1 : f.wrong_arg + 1, "%s", buf_text(&f.why));
	buf_release(&f.out);
	buf_release(&f.why);
	return result;
}

/* What formatlist() makes of its arguments: how many results, and whether that is known. */
struct iteration {
	bool unknown;
	size_t length; /* SIZE_MAX: no list among them */
	size_t chooser;
};

static bool is_list_argument(const struct value *v)
{
	return is_sequence(v->type) && !value_is_null(v);
}

static bool measure(const struct call *call, struct iteration *it)
{
	*it = (struct iteration){.length = SIZE_MAX};
	for (size_t i = 1; i < call->count; i++) {
		const struct value *arg = call->args[i];
		size_t length;
		if (arg->type->kind == TYPE_ANY && !value_is_known(arg))
			it->unknown = true;
		if (!is_list_argument(arg))
			continue;
		if (!value_is_known(arg))
			it->unknown = true;
		if (!value_length(arg, &length)) {
			it->unknown = true;
		} else if (it->length == SIZE_MAX) {
			it->length = length;
			it->chooser = i;
		} else if (it->length != length) {
			call_error(call, (int)i,
				   "argument %zu has length %zu, which is inconsistent with argument %zu of length %zu", i,
				   length, it->chooser, it->length);
			return false;
		}
	}
	return true;
}

static const struct value *run_formatlist(const struct call *call)
{
	struct iteration it;
	if (!measure(call, &it))
		return NULL;
	if (it.unknown)
		return result_unknown(call, &type_list_of_string);
	size_t count = call->count - 1, length = it.length == SIZE_MAX ? 1 : it.length;
	const struct value **args = arena_array_of(call_arena(call), count, const struct value *);
	const struct value **results = arena_array_of(call_arena(call), length, const struct value *);
	struct formatter f = {.call = call, .args = args, .count = count};
	const struct value *list = NULL;
	size_t total = 0;
	for (size_t i = 0; i < length; i++) {
		bool known = true;
		for (size_t a = 0; a < count; a++) {
			const struct value *arg = call->args[a + 1];
			args[a] = is_list_argument(arg) ? arg->items[i] : arg;
			known = known && value_is_wholly_known(args[a]);
		}
		if (!known) {
			results[i] = result_unknown(call, &type_string);
			continue;
		}
		buf_clear(&f.out);
		if (!format(&f, arg_text(call, 0))) {
			if (it.length == SIZE_MAX && count == 0)
				call_error(call, -1, "%s", buf_text(&f.why));
			else
				call_error(call, -1, "error on format iteration %zu: %s", i, buf_text(&f.why));
			goto out;
		}
		results[i] = result_text(call, &f.out);
		total += f.out.len;
		if (total > RESULT_TEXT_LIMIT) {
			error_too_long(call);
			goto out;
		}
	}
	list = value_list(call_arena(call), &type_string, results, length);
out:
	buf_release(&f.out);
	buf_release(&f.why);
	return list;
}

static const struct param format_params[] = {{"format", &type_string, 0}, {0}};
static const struct param format_args = {"args", &type_any, PARAM_NULL | PARAM_UNKNOWN};

const struct function format_functions[] = {
	{.name = "format", .params = format_params, .rest = &format_args, .result_type = returns_string, .run = run_format},
	{.name = "formatlist", .params = format_params, .rest = &format_args, .result_type = returns_strings,
	 .run = run_formatlist},
	{0},
};
