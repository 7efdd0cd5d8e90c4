/* SPDX-License-Identifier: Apache-2.0 */
/* Numeric functions. */
#include "lang/func/internal.h"

#include <string.h>

static const struct value *number(const struct call *call, struct number n)
{
	return value_number(call_arena(call), n);
}

static const struct value *run_abs(const struct call *call)
{
	return number(call, number_abs(call_arena(call), call->args[0]->number));
}

/* A whole number is never -0. */
static const struct value *whole(const struct call *call, struct number n)
{
	struct number zero = number_from_int(0);
	return number(call, number_compare(n, zero) == 0 ? zero : n);
}

static const struct value *run_ceil(const struct call *call)
{
	return whole(call, number_ceil(call_arena(call), call->args[0]->number));
}

static const struct value *run_floor(const struct call *call)
{
	return whole(call, number_floor(call_arena(call), call->args[0]->number));
}

static const struct value *run_log(const struct call *call)
{
	struct number result;
	if (!number_log(call_arena(call), call->args[0]->number, call->args[1]->number, &result))
		return call_error(call, -1, "the logarithm of %s in base %s is not a number",
				  number_print(call_arena(call), call->args[0]->number),
				  number_print(call_arena(call), call->args[1]->number));
	return number(call, result);
}

static const struct value *run_pow(const struct call *call)
{
	struct number result;
	if (!number_pow(call_arena(call), call->args[0]->number, call->args[1]->number, &result))
		return call_error(call, -1, "%s to the power of %s is not a number, or too large for one",
				  number_print(call_arena(call), call->args[0]->number),
				  number_print(call_arena(call), call->args[1]->number));
	return number(call, result);
}

static const struct value *extreme(const struct call *call, int sign)
{
	if (call->count == 0)
		return call_error(call, -1, "must pass at least one number");
	size_t best = 0;
	for (size_t i = 1; i < call->count; i++)
		if (number_compare(call->args[i]->number, call->args[best]->number) * sign > 0)
			best = i;
	return call->args[best];
}

static const struct value *run_max(const struct call *call)
{
	return extreme(call, 1);
}

static const struct value *run_min(const struct call *call)
{
	return extreme(call, -1);
}

static const struct value *run_signum(const struct call *call)
{
	int64_t i;
	if (!arg_int(call, 0, -1, "", &i))
		return NULL;
	return value_int(call_arena(call), (i > 0) - (i < 0));
}

static const struct type *parseint_type(const struct call *call)
{
	const struct type *type = call->args[0]->type;
	if (type->kind != TYPE_STRING && type->kind != TYPE_ANY)
		call_error(call, 0, "first argument must be a string, not %s", type_words(call, type));
	return &type_number;
}

/* A sign and digits of the base: 0-9, then letters; above 36 small letters come before capital ones. */
static const struct value *run_parseint(const struct call *call)
{
	if (call->args[0]->type->kind != TYPE_STRING)
		return call_error(call, 0, "first argument must be a string, not %s",
				  type_words(call, call->args[0]->type));
	int64_t base;
	if (!arg_int(call, 1, 1, "", &base))
		return NULL;
	if (base < 2 || base > 62)
		return call_error(call, 1, "base must be a whole number between 2 and 62 inclusive");
	struct text text = arg_text(call, 0);
	struct number result;
	if (!number_parse_base(call_arena(call), text.ptr, text.len, (int)base, &result))
		return call_error(call, 0, "cannot parse %s as a base %d integer", quoted(call, text.ptr, text.len),
				  (int)base);
	return number(call, result);
}

/* sum() stands here rather than with the lists: it adds. */
static const struct value *run_sum(const struct call *call)
{
	const struct value *list = call->args[0];
	if (!is_sequence(list->type) && !is_mapping(list->type))
		return call_error(call, 0, "cannot sum noniterable");
	if (list->count == 0)
		return call_error(call, 0, "cannot sum an empty list");
	if (!is_sequence(list->type))
		return call_error(call, 0, "argument must be list, set, or tuple. Received %s",
				  type_words(call, list->type));
	struct number total = number_from_int(0);
	for (size_t i = 0; i < list->count; i++) {
		AUTO_BUF struct buf why = BUF_INIT;
		const struct value *item = list->items[i];
		if (!value_is_null(item) && item->type->kind != TYPE_NUMBER)
			item = value_convert(call_arena(call), item, &type_number, &why);
		if (!item || value_is_null(item))
			return call_error(call, 0, "argument must be list, set, or tuple of number values");
		if (!number_add(call_arena(call), total, item->number, &total))
			return call_error(call, 0, "the sum is too large for a number");
	}
	return number(call, total);
}

static const struct param num[] = {{"num", &type_number, 0}, {0}};
static const struct param log_params[] = {{"num", &type_number, 0}, {"base", &type_number, 0}, {0}};
static const struct param pow_params[] = {{"num", &type_number, 0}, {"power", &type_number, 0}, {0}};
static const struct param parseint_params[] = {{"number", &type_any, 0}, {"base", &type_number, 0}, {0}};
static const struct param any_list[] = {{"list", &type_any, 0}, {0}};
static const struct param numbers = {"numbers", &type_number, 0};

const struct function number_functions[] = {
	{.name = "abs", .params = num, .result_type = returns_number, .run = run_abs},
	{.name = "ceil", .params = num, .result_type = returns_number, .run = run_ceil},
	{.name = "floor", .params = num, .result_type = returns_number, .run = run_floor},
	{.name = "log", .params = log_params, .result_type = returns_number, .run = run_log},
	{.name = "max", .rest = &numbers, .result_type = returns_number, .run = run_max},
	{.name = "min", .rest = &numbers, .result_type = returns_number, .run = run_min},
	{.name = "parseint", .params = parseint_params, .result_type = parseint_type, .run = run_parseint},
	{.name = "pow", .params = pow_params, .result_type = returns_number, .run = run_pow},
	{.name = "signum", .params = num, .result_type = returns_number, .run = run_signum},
	{.name = "sum", .params = any_list, .result_type = returns_number, .run = run_sum},
	{0},
};
