/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions that read a small language: the first line names one, the further lines are its
 * arguments, texts or (after "#") numbers.
 */
#include "base/buf.h"
#include "base/vec.h"
#include "lang/eval/eval.h"
#include "lang/func/func.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const struct {
	const char *name;
	const char *kinds; /* of the arguments: s text, n number, * any number of both */
} functions[] = {
	{"base64decode", "s"}, {"base64gunzip", "s"},  {"cidrcontains", "ss"}, {"cidrhost", "sn"},
	{"cidrsubnet", "snn"}, {"cidrsubnets", "snn"}, {"csvdecode", "s"},     {"format", "s*"},
	{"formatdate", "ss"},  {"formatlist", "s*"},   {"jsondecode", "s"},    {"parseint", "sn"},
	{"regex", "ss"},       {"regexall", "ss"},     {"replace", "sss"},     {"substr", "snn"},
	{"textdecodebase64", "ss"}, {"timeadd", "ss"}, {"timecmp", "ss"},      {"title", "s"},
	{"urldecode", "s"},    {"uuidv5", "ss"},       {"yamldecode", "s"},    {"strrev", "s"},
};

static const struct value *argument(struct arena *arena, const char *text, size_t len, char kind)
{
	struct number n;
	bool number = len && text[0] == '#';
	if (number && number_parse(arena, text + 1, len - 1, &n) && kind != 's')
		return value_number(arena, n);
	return kind == 'n' ? value_int(arena, (int64_t)len) : value_string_n(arena, text, len);
}

static void call_with(struct arena *arena, const char *kinds, const struct function *function, const char *text, size_t len)
{
	const struct value *args[6];
	struct src_range ranges[6] = {0};
	struct diags diags;
	diags_init(&diags);
	struct eval eval = {.arena = arena, .diags = &diags};
	struct call call = {.eval = &eval, .function = function, .args = args, .arg_ranges = ranges};
	for (const char *kind = kinds; *kind && call.count < ARRAY_LEN(args);) {
		const char *end = kind[1] || *kind == '*' ? memchr(text, '\n', len) : NULL;
		size_t n = end ? (size_t)(end - text) : len;
		args[call.count++] = argument(arena, text, n, *kind);
		if (*kind == '*' && !end)
			break;
		n += end != NULL;
		text += n;
		len -= n;
		kind += *kind != '*';
	}
	const struct value *result = function->run(&call);
	if (!result != diags_has_errors(&diags))
		bug("%s: a result or an error, and not both", function->name);
	if (function->result_type)
		function->result_type(&call);
	diags_release(&diags);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const char *text = (const char *)bytes, *end = memchr(text, '\n', len);
	if (!end || len > 4096)
		return 0;
	struct arena *arena = arena_new();
	for (size_t i = 0; i < ARRAY_LEN(functions); i++)
		if (strlen(functions[i].name) == (size_t)(end - text) && !memcmp(functions[i].name, text, (size_t)(end - text)))
			call_with(arena, functions[i].kinds, function_find(functions[i].name), end + 1,
				  len - (size_t)(end + 1 - text));
	arena_free(arena);
	return 0;
}
