/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions of types and marks, those that take unevaluated arguments, and names that are gone.
 * (type() is the console's: lang/eval/console.c.)
 */
#include "lang/func/internal.h"

#include "lang/syntax/ast.h"

#include <string.h>

/* ---- conversions ---- */

static const struct type map_of_any = {.kind = TYPE_MAP, .element = &type_any};

/* "list of any single type": what the result must be. */
static const char *wanted_words(const struct call *call, const struct type *want)
{
	switch (want->kind) {
	case TYPE_LIST:
		return "list of any single type";
	case TYPE_SET:
		return "set of any single type";
	case TYPE_MAP:
		return "map of any single type";
	case TYPE_ANY:
	case TYPE_BOOL:
	case TYPE_NUMBER:
	case TYPE_STRING:
	case TYPE_OBJECT:
	case TYPE_TUPLE:
		break;
	}
	return type_words(call, want);
}

static const struct value *conversion_error(const struct call *call, const struct value *v, const struct type *want)
{
	const char *from = type_words(call, v->type), *to = wanted_words(call, want);
	bool known_text = value_is_a(v, TYPE_STRING);
	const char *text = known_text ? quoted(call, v->text, v->count) : "string";
	if (value_marks_deep(v) & VALUE_SENSITIVE)
		return call_error(call, 0, "cannot convert this sensitive %s to %s", from, to);
	if (v->type->kind == TYPE_STRING && want->kind == TYPE_BOOL)
		return call_error(call, 0, "cannot convert %s to bool; only the strings \"true\" or \"false\" are allowed", text);
	if (v->type->kind == TYPE_STRING && want->kind == TYPE_NUMBER)
		return call_error(call, 0,
				  "cannot convert %s to number; given string must be a decimal representation of a number", text);
	return call_error(call, 0, "cannot convert %s to %s", from, to);
}

static const struct value *convert(const struct call *call, const struct type *want)
{
	const struct value *v = call->args[0];
	if (v->type->kind != TYPE_ANY && !type_convertible(v->type, want, false))
		return call_error(call, 0, "cannot convert %s to %s", type_words(call, v->type), wanted_words(call, want));
	if (!value_is_known(v))
		return value_mark(call_arena(call), value_unknown(call_arena(call), want), v->marks);
	AUTO_BUF struct buf why = BUF_INIT;
	const struct value *result = value_convert(call_arena(call), v, want, &why);
	return result ? result : conversion_error(call, v, want);
}

static const struct value *run_tobool(const struct call *call)
{
	return convert(call, &type_bool);
}

static const struct value *run_tonumber(const struct call *call)
{
	return convert(call, &type_number);
}

static const struct value *run_tostring(const struct call *call)
{
	return convert(call, &type_string);
}

static const struct value *run_tolist(const struct call *call)
{
	return convert(call, &type_list_of_any);
}

static const struct value *run_toset(const struct call *call)
{
	return convert(call, &type_set_of_any);
}

static const struct value *run_tomap(const struct call *call)
{
	return convert(call, &map_of_any);
}

/* ---- marks ---- */

static const struct value *run_sensitive(const struct call *call)
{
	return value_mark(call_arena(call), call->args[0], VALUE_SENSITIVE);
}

static const struct value *run_nonsensitive(const struct call *call)
{
	unsigned marks = 0;
	const struct value *v = take_marks(call, call->args[0], &marks);
	return value_mark(call_arena(call), v, marks & ~(unsigned)VALUE_SENSITIVE);
}

static const struct value *run_issensitive(const struct call *call)
{
	const struct value *v = call->args[0];
	if (value_is_sensitive(v))
		return &value_true;
	return value_is_known(v) ? &value_false : result_unknown(call, &type_bool);
}

/* The value with null in the place of each ephemeral one. */
static const struct value *without_ephemeral(const struct call *call, const struct value *v)
{
	struct arena *arena = call_arena(call);
	if (!(value_marks_deep(v) & VALUE_EPHEMERAL))
		return v;
	unsigned marks = 0;
	const struct value *plain = take_marks(call, v, &marks);
	if (marks & VALUE_EPHEMERAL) {
		marks &= ~(unsigned)VALUE_EPHEMERAL;
		plain = value_is_known(plain) ? value_null(arena, plain->type) : value_unknown(arena, plain->type);
		return value_mark(arena, plain, marks);
	}
	const struct value **items = new_items(call, plain->count);
	for (size_t i = 0; i < plain->count; i++)
		items[i] = without_ephemeral(call, plain->items[i]);
	const struct value *result = NULL;
	switch (plain->type->kind) {
	case TYPE_LIST:
		result = value_list(arena, plain->type->element, items, plain->count);
		break;
	case TYPE_SET:
		result = value_set(arena, plain->type->element, items, plain->count);
		break;
	case TYPE_MAP:
		result = value_map(arena, plain->type->element, plain->keys, items, plain->count);
		break;
	case TYPE_OBJECT:
		result = value_object_of(arena, plain->type, items);
		break;
	case TYPE_TUPLE:
		result = value_tuple(arena, items, plain->count);
		break;
	case TYPE_ANY:
	case TYPE_BOOL:
	case TYPE_NUMBER:
	case TYPE_STRING:
		bug("a primitive value with marks inside");
	}
	return value_mark(arena, result, marks);
}

static const struct value *run_ephemeralasnull(const struct call *call)
{
	return without_ephemeral(call, call->args[0]);
}

/* ---- special forms ---- */

/* The arguments of try() and can(): expressions, or the members of a last `list...`. */
struct attempt {
	const struct expr *expr;
	const struct value *value; /* a member, evaluated already */
};

/* How many; SIZE_MAX after an error or where the list is unknown. */
static size_t collect_attempts(struct eval *eval, const struct expr *call, struct attempt **out)
{
	size_t count = call->arg_count;
	*out = arena_array_of(eval->arena, count, struct attempt);
	for (size_t i = 0; i < count; i++)
		(*out)[i].expr = call->args[i];
	if (!call->expand_last || count == 0)
		return count;
	size_t errors = eval->diags->error_count;
	const struct value *list = eval_expr(eval, call->args[--count]);
	if (eval->diags->error_count > errors)
		return SIZE_MAX;
	if (value_is_null(list) || (list->type->kind != TYPE_ANY && !is_sequence(list->type))) {
		diag_error(eval->diags, call->args[count]->range, "Invalid expanding argument value",
			   "What stands in front of \"...\" must be a list, a tuple, or a set, and not null.")
			->context = call->range;
		return SIZE_MAX;
	}
	if (!value_is_known(list))
		return SIZE_MAX;
	struct attempt *all = arena_array_of(eval->arena, count + list->count, struct attempt);
	for (size_t i = 0; i < count; i++)
		all[i] = (*out)[i];
	for (size_t i = 0; i < list->count; i++)
		all[count + i].value = value_mark(eval->arena, list->items[i], list->marks);
	*out = all;
	return count + list->count;
}

static const struct value *special_try(struct eval *eval, const struct expr *expr);
static const struct value *special_can(struct eval *eval, const struct expr *expr);
static const struct value *special_convert(struct eval *eval, const struct expr *expr);

static const struct param try_expressions = {"expressions", &type_any, 0};
static const struct param can_params[] = {{"expression", &type_any, 0}, {0}};
static const struct param convert_params[] = {{"value", &type_any, PARAM_NULL}, {"type", &type_any, 0}, {0}};
static const struct function try_function = {.name = "try", .rest = &try_expressions, .special = special_try};
static const struct function can_function = {.name = "can", .params = can_params, .special = special_can};
static const struct function convert_function = {.name = "convert", .params = convert_params, .special = special_convert};

static void add_reasons(const struct eval *eval, const struct diags *diags, struct buf *out)
{
	for (size_t i = 0; i < diags->count; i++) {
		const struct diag *diag = &diags->items[i];
		AUTO_BUF struct buf place = BUF_INIT;
		if (diag->severity != DIAG_ERROR)
			continue;
		add_range_words(eval, diag->subject, &place);
		buf_addf(out, "- %s%s%s%s\n  %s\n", diag->summary, place.len ? " (at " : "", buf_text(&place),
			 place.len ? ")" : "", diag->detail ? diag->detail : "");
	}
}

/*
 * The value of the first argument that has no error. One that is not wholly known may still turn out
 * to have one, or another type, so the result is then wholly unknown.
 */
static const struct value *special_try(struct eval *eval, const struct expr *expr)
{
	struct attempt *attempts;
	struct call call = special_call(eval, &try_function, expr);
	size_t count = collect_attempts(eval, expr, &attempts);
	if (count == SIZE_MAX)
		return &value_unknown_any;
	if (count == 0) {
		call_error(&call, -1, "at least one argument is required");
		return &value_unknown_any;
	}
	AUTO_BUF struct buf reasons = BUF_INIT;
	const struct value *result = NULL;
	for (size_t i = 0; i < count && !result; i++) {
		struct diags inner;
		diags_init(&inner);
		const struct value *v = attempts[i].value;
		if (!v)
			v = eval_expr_apart(eval, attempts[i].expr, &inner);
		if (diags_has_errors(&inner))
			add_reasons(eval, &inner, &reasons);
		else
			result = value_is_wholly_known(v) ? v : &value_unknown_any;
		diags_release(&inner);
	}
	if (!result)
		call_error(&call, -1,
			   "no expression succeeded:\n%s\nAt least one expression must produce a successful result",
			   buf_text(&reasons));
	return result ? result : &value_unknown_any;
}

static const struct value *special_can(struct eval *eval, const struct expr *expr)
{
	struct attempt *attempts;
	size_t count = collect_attempts(eval, expr, &attempts);
	if (count == SIZE_MAX)
		return &value_unknown_any;
	if (count != 1) {
		special_count(eval, expr, &can_function);
		return &value_unknown_any;
	}
	struct diags inner;
	diags_init(&inner);
	const struct value *v = attempts[0].value;
	if (!v)
		v = eval_expr_apart(eval, attempts[0].expr, &inner);
	const struct value *result = diags_has_errors(&inner)	? &value_false
				     : value_is_wholly_known(v) ? &value_true
								: value_unknown_not_null(eval->arena, &type_bool);
	diags_release(&inner);
	return result;
}

/* convert(value, type): the type is written as for variables. */
static const struct value *special_convert(struct eval *eval, const struct expr *expr)
{
	if (!special_count(eval, expr, &convert_function))
		return &value_unknown_any;
	size_t errors = eval->diags->error_count;
	struct call call = special_call(eval, &convert_function, expr);
	const struct value *v = eval_expr(eval, expr->args[0]);
	const struct type *type = eval_type(eval, expr->args[1]);
	if (eval->diags->error_count > errors || !type)
		return &value_unknown_any;
	AUTO_BUF struct buf why = BUF_INIT;
	const struct value *result = value_convert(eval->arena, v, type, &why);
	if (!result)
		call_error(&call, 0, "%s", buf_text(&why));
	return result ? result : value_unknown(eval->arena, &type_any);
}

/* ---- gone ---- */

static const struct value *run_list(const struct call *call)
{
	return call_error(call, -1,
			  "the \"list\" function was deprecated in Terraform v0.12 and is no longer available; use tolist([ ... ]) "
			  "syntax to write a literal list");
}

static const struct value *run_map(const struct call *call)
{
	return call_error(call, -1,
			  "the \"map\" function was deprecated in Terraform v0.12 and is no longer available; use tomap({ ... }) "
			  "syntax to write a literal map");
}

#define ANYTHING (PARAM_NULL | PARAM_UNKNOWN | PARAM_MARKS)
static const struct param v[] = {{"v", &type_any, ANYTHING}, {0}};
static const struct param value[] = {{"value", &type_any, ANYTHING}, {0}};
static const struct param gone_vals = {"vals", &type_any, ANYTHING};

const struct function type_functions[] = {
	{.name = "can", .params = can_params, .special = special_can},
	{.name = "convert", .params = convert_params, .special = special_convert, .nullable = true},
	{.name = "ephemeralasnull", .params = value, .run = run_ephemeralasnull, .nullable = true},
	{.name = "issensitive", .params = value, .run = run_issensitive},
	{.name = "list", .rest = &gone_vals, .run = run_list},
	{.name = "map", .rest = &gone_vals, .run = run_map},
	{.name = "nonsensitive", .params = value, .run = run_nonsensitive, .nullable = true},
	{.name = "sensitive", .params = value, .run = run_sensitive, .nullable = true},
	{.name = "tobool", .params = v, .run = run_tobool, .nullable = true},
	{.name = "tolist", .params = v, .run = run_tolist, .nullable = true},
	{.name = "tomap", .params = v, .run = run_tomap, .nullable = true},
	{.name = "tonumber", .params = v, .run = run_tonumber, .nullable = true},
	{.name = "toset", .params = v, .run = run_toset, .nullable = true},
	{.name = "tostring", .params = v, .run = run_tostring, .nullable = true},
	{.name = "try", .rest = &try_expressions, .special = special_try, .nullable = true},
	{0},
};
