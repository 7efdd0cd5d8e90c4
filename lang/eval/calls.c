/* SPDX-License-Identifier: Apache-2.0 */
/* f(a, b...): finds the function, prepares the arguments as its row asks, calls. */
#include "lang/eval/eval_internal.h"

#include "base/vec.h"
#include "lang/func/func.h"

#include <string.h>

/* What a name stands for: one of the two is set, or neither. */
struct callee {
	const struct function *function;
	const struct user_function *user;
};

static struct callee find_callee(const struct eval *eval, const char *name)
{
	for (const struct function_set *set = eval->functions; set; set = set->next) {
		for (const struct function *row = set->table; row && row->name; row++) {
			if (!strcmp(row->name, name))
				return (struct callee){.function = row};
		}
		const struct user_function *user = set->find_user ? set->find_user(set->ctx, name) : NULL;
		if (user)
			return (struct callee){.user = user};
	}
	return (struct callee){.function = function_find(name)};
}

static void unknown_function(struct eval *eval, const struct expr *expr)
{
	const char *name = expr->function, *colons = strstr(name, "::");
	struct diag *diag;
	if (colons) {
		diag = diag_error(eval->diags, expr->function_range, "Unknown provider function",
				  "There is no function \"%s\".", name);
		diag->context = expr->range;
		return;
	}
	size_t count;
	const struct function *const *all = function_list(&count);
	struct {
		const char **items;
		size_t count, cap;
	} names = {0};
	for (size_t i = 0; i < count; i++)
		vec_add(&names, all[i]->name);
	for (const struct function_set *set = eval->functions; set; set = set->next) {
		for (const struct function *row = set->table; row && row->name; row++)
			vec_add(&names, row->name);
	}
	const char *near = nearest_name(name, names.items, names.count);
	if (near)
		diag = diag_error(eval->diags, expr->function_range, "Call to unknown function",
				  "There is no function named \"%s\". Did you mean \"%s\"?", name, near);
	else
		diag = diag_error(eval->diags, expr->function_range, "Call to unknown function",
				  "There is no function named \"%s\".", name);
	diag->context = expr->range;
	vec_free(&names);
}

/* ---- arguments ---- */

struct argument {
	const struct value *value;
	const struct expr *expr;
};

/* All arguments evaluated, a last `list...` spread out. */
struct arguments {
	struct argument *items;
	size_t count;
	bool failed, unknown; /* unknown: how many there are is not known */
	unsigned marks;       /* of a spread list without members */
};

static struct diag *expanding_error(struct eval *eval, const struct expr *call, const struct expr *arg, const char *text)
{
	struct diag *diag = eval_error(eval, arg, arg->range, "Invalid expanding argument value", "%s", text);
	diag->context = call->range;
	return diag;
}

static void spread(struct eval *eval, const struct expr *call, const struct expr *arg, struct arguments *out)
{
	const struct value *list = out->items[out->count - 1].value;
	enum type_kind kind = list->type->kind;
	out->count--;
	if (value_is_null(list)) {
		if (!eval->lenient) {
			expanding_error(eval, call, arg, "The list in front of \"...\" is null.");
			out->failed = true;
		}
		return;
	}
	if (kind == TYPE_ANY) {
		out->marks |= list->marks;
		out->unknown = true;
		return;
	}
	if (kind != TYPE_LIST && kind != TYPE_TUPLE && kind != TYPE_SET) {
		expanding_error(eval, call, arg, "What stands in front of \"...\" must be a list, a tuple, or a set.");
		out->failed = true;
		return;
	}
	out->marks |= list->marks;
	if (!value_is_known(list)) {
		out->unknown = true;
		return;
	}
	struct argument *items = arena_array_of(eval->arena, out->count + list->count, struct argument);
	if (out->count)
		memcpy(items, out->items, out->count * sizeof(*items));
	for (size_t i = 0; i < list->count; i++)
		items[out->count + i] = (struct argument){with_marks(eval, list->items[i], list->marks), arg};
	out->items = items;
	out->count += list->count;
}

static void evaluate_arguments(struct eval *eval, const struct expr *call, struct arguments *out)
{
	struct diag_mark mark = diags_mark(eval->diags);
	for (size_t i = 0; i < call->arg_count; i++)
		out->items[i] = (struct argument){eval_expr(eval, call->args[i]), call->args[i]};
	out->count = call->arg_count;
	out->failed = diags_failed_since(eval->diags, mark);
	if (call->expand_last && out->count && !out->failed)
		spread(eval, call, call->args[call->arg_count - 1], out);
}

static bool check_count(struct eval *eval, const struct expr *call, const struct arguments *args, size_t least,
			const char *missing, bool variadic)
{
	struct diag *diag;
	if (args->count < least) {
		uint32_t end = call->range.end ? call->range.end - 1 : 0;
		diag = diag_error(eval->diags, (struct src_range){end, call->range.end}, "Not enough function arguments",
				  "The function \"%s\" takes %s%zu argument%s, but here are only %zu. The one for \"%s\" is missing.",
				  call->function, variadic ? "at least " : "", least, least == 1 ? "" : "s", args->count,
				  missing);
	} else if (args->count > least && !variadic) {
		diag = diag_error(eval->diags, args->items[least].expr->range, "Too many function arguments",
				  "The function \"%s\" takes %s argument%s, but here are %zu.", call->function,
				  least ? arena_printf(eval->arena, "only %zu", least) : "no", least == 1 ? "" : "s",
				  args->count);
	} else {
		return true;
	}
	diag->context = call->range;
	return false;
}

/* ---- functions of the language ---- */

static void argument_error(struct eval *eval, const struct expr *call, const struct argument *arg,
			   const struct param *param, const char *why)
{
	struct diag *diag = eval_error(eval, arg->expr, arg->expr->range, "Invalid function argument",
				       "Invalid value for the argument \"%s\" of \"%s\": %s.", param->name, call->function, why);
	diag->context = call->range;
}

/* Null where the parameter takes none, in lenient evaluation: an empty collection, or NULL where the call is null. */
static const struct value *lenient_null(struct eval *eval, const struct type *type)
{
	static const struct value empty_tuple = {.type = &type_empty_tuple, .state = VALUE_KNOWN};
	switch (type->kind) {
	case TYPE_ANY:
		return &empty_tuple;
	case TYPE_LIST:
		return value_list(eval->arena, type->element, NULL, 0);
	case TYPE_SET:
		return value_set(eval->arena, type->element, NULL, 0);
	case TYPE_MAP:
		return value_map(eval->arena, type->element, NULL, NULL, 0);
	case TYPE_BOOL:
	case TYPE_NUMBER:
	case TYPE_STRING:
	case TYPE_OBJECT:
	case TYPE_TUPLE:
		break;
	}
	return NULL;
}

/* What is found out about the arguments of one call. */
struct preparation {
	const struct value **values;
	struct src_range *ranges;
	unsigned marks;
	bool failed, unknown, null;
};

static void prepare_argument(struct eval *eval, const struct expr *call, const struct argument *arg,
			     const struct param *param, struct preparation *p, size_t i)
{
	const struct value *v = arg->value;
	p->ranges[i] = arg->expr->range;
	if (param->type->kind != TYPE_ANY && v->type != param->type) {
		AUTO_BUF struct buf why = BUF_INIT;
		const struct value *converted = value_convert(eval->arena, v, param->type, &why);
		if (!converted) {
			argument_error(eval, call, arg, param, buf_text(&why));
			p->failed = true;
			p->values[i] = &value_unknown_any;
			return;
		}
		v = converted;
	}
	if (value_is_null(v) && !(param->flags & PARAM_NULL)) {
		p->marks |= v->marks;
		if (eval->lenient) {
			v = lenient_null(eval, param->type);
			p->null |= !v;
			p->values[i] = v ? v : &value_null_any;
			return;
		}
		argument_error(eval, call, arg, param, "it must not be null");
		p->failed = true;
	}
	if (!(param->flags & PARAM_MARKS) && v->deep_marks) {
		p->marks |= v->deep_marks;
		v = value_unmark_deep(eval->arena, v);
	}
	if (!(param->flags & PARAM_UNKNOWN) &&
	    (!value_is_known(v) || (v->deep_unknown && !(param->flags & PARAM_DEEP))))
		p->unknown = true;
	p->values[i] = v;
}

static const struct value *call_function(struct eval *eval, const struct expr *call, const struct function *function,
					 const struct arguments *args)
{
	size_t least = 0;
	const struct param *params = function->params;
	while (params && params[least].name)
		least++;
	if (!check_count(eval, call, args, least, args->count < least ? params[args->count].name : "", function->rest))
		return &value_unknown_any;

	enum { FEW = 8 };
	const struct value *few_values[FEW];
	struct src_range few_ranges[FEW];
	struct preparation p = {few_values, few_ranges, args->marks, false, false, false};
	if (args->count > FEW) {
		p.values = arena_array_of(eval->arena, args->count, const struct value *);
		p.ranges = arena_array_of(eval->arena, args->count, struct src_range);
	}
	for (size_t i = 0; i < args->count; i++)
		prepare_argument(eval, call, &args->items[i], i < least ? &params[i] : function->rest, &p, i);
	if (p.failed)
		return with_marks(eval, &value_unknown_any, p.marks);
	if (p.null)
		return with_marks(eval, &value_null_any, p.marks);

	struct call made = {
		.eval = eval,
		.function = function,
		.args = p.values,
		.count = args->count,
		.marks = p.marks,
		.range = call->range,
		.name_range = call->function_range,
		.arg_ranges = p.ranges,
	};
	const struct value *result;
	if (p.unknown || (function->impure && eval->pure)) {
		struct diag_mark mark = diags_mark(eval->diags);
		const struct type *type = function->result_type ? function->result_type(&made) : &type_any;
		if (diags_failed_since(eval->diags, mark))
			type = &type_any;
		/* The function did not come to look at the marks that it would have dealt with. */
		for (size_t i = 0; i < args->count; i++)
			p.marks |= value_marks_deep(p.values[i]);
		if (!type || type->kind == TYPE_ANY)
			result = &value_unknown_any;
		else if (function->nullable)
			result = value_unknown(eval->arena, type);
		else
			result = value_unknown_not_null(eval->arena, type);
	} else {
		size_t before = eval->diags->count;
		result = function->run(&made);
		if (!result && eval->diags->count == before)
			bug("%s() failed without saying why", function->name);
		if (!result) {
			note_names(eval, &eval->diags->items[eval->diags->count - 1], call);
			result = &value_unknown_any;
		}
	}
	return with_marks(eval, result, p.marks);
}

/* ---- functions of type files ---- */

static const struct value *call_user_function(struct eval *eval, const struct expr *call,
					      const struct user_function *user, const struct arguments *args)
{
	if (!check_count(eval, call, args, user->param_count,
			 args->count < user->param_count ? user->params[args->count] : "", false))
		return &value_unknown_any;
	/* The names that the caller has bound (of `for`, of other functions) are none of this function's. */
	const struct scope *before = eval->scope, *parent = before;
	while (parent && parent->name && !parent->lookup)
		parent = parent->parent;
	enum { FEW = 8 };
	struct scope few[FEW];
	struct scope *scopes = user->param_count <= FEW ? few : arena_array_of(eval->arena, user->param_count, struct scope);
	for (size_t i = 0; i < user->param_count; i++) {
		scopes[i] = (struct scope){.parent = parent, .name = user->params[i], .value = args->items[i].value};
		parent = &scopes[i];
	}
	const struct value *splat_item = eval->splat_item;
	eval->scope = parent;
	const struct value *result = eval_expr(eval, user->result);
	eval->scope = before;
	eval->splat_item = splat_item;
	return with_marks(eval, result, args->marks);
}

const struct value *eval_call(struct eval *eval, const struct expr *expr)
{
	struct callee callee = find_callee(eval, expr->function);
	if (!callee.function && !callee.user) {
		unknown_function(eval, expr);
		return &value_unknown_any;
	}
	if (callee.function && callee.function->special) {
		const struct value *result = callee.function->special(eval, expr);
		return result ? result : &value_unknown_any;
	}
	enum { FEW = 8 };
	struct argument few[FEW];
	struct arguments args = {
		.items = expr->arg_count <= FEW ? few : arena_array_of(eval->arena, expr->arg_count, struct argument)};
	evaluate_arguments(eval, expr, &args);
	if (args.failed || args.unknown)
		return with_marks(eval, &value_unknown_any, args.marks);
	return callee.function ? call_function(eval, expr, callee.function, &args)
			       : call_user_function(eval, expr, callee.user, &args);
}
