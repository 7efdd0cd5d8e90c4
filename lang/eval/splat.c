/* SPDX-License-Identifier: Apache-2.0 */
/* list[*].name and list.*.name */
#include "lang/eval/eval_internal.h"

#include "base/vec.h"

static const struct value *each(struct eval *eval, const struct expr *expr, const struct value *item)
{
	const struct value *before = eval->splat_item;
	eval->splat_item = item;
	const struct value *v = eval_expr(eval, expr->each);
	eval->splat_item = before;
	return v;
}

/* The type of the list that a list or set without (known) members gives. */
static const struct type *result_element(struct eval *eval, const struct expr *expr, const struct type *element)
{
	return each(eval, expr, value_unknown(eval->arena, element))->type;
}

static const struct value *unknown_source(struct eval *eval, const struct expr *expr, const struct value *source)
{
	struct diag_mark mark = diags_mark(eval->diags);
	const struct type *type = source->type;
	if (type->kind != TYPE_TUPLE) {
		const struct type *element = result_element(eval, expr, type->element);
		if (diags_failed_since(eval->diags, mark))
			return &value_unknown_any;
		return value_unknown_not_null(eval->arena, type_list(eval->arena, element));
	}
	const struct type **items = arena_array_of(eval->arena, type->count, const struct type *);
	for (size_t i = 0; i < type->count; i++)
		items[i] = each(eval, expr, value_unknown(eval->arena, type->items[i]))->type;
	if (diags_failed_since(eval->diags, mark))
		return &value_unknown_any;
	return value_unknown_not_null(eval->arena, type_tuple(eval->arena, items, type->count));
}

/* The results for the members of a list or set as a list. */
static const struct value *as_list(struct eval *eval, const struct expr *expr, const struct type *source,
				   const struct value *const *items, size_t count)
{
	if (!count) {
		struct diag_mark mark = diags_mark(eval->diags);
		const struct type *element = result_element(eval, expr, source->element);
		if (diags_failed_since(eval->diags, mark))
			return &value_unknown_any;
		return value_list(eval->arena, element, NULL, 0);
	}
	const struct type *type = items[0]->type;
	for (size_t i = 0; i < count; i++) {
		if (items[i]->type->kind == TYPE_ANY)
			return eval->lenient ? value_tuple(eval->arena, items, count) : &value_unknown_any;
		if (items[i]->type == type || type_equal(items[i]->type, type))
			continue;
		if (eval->lenient)
			return value_tuple(eval->arena, items, count);
		struct diag *diag = eval_error(eval, expr, expr->each->range, "Invalid nested splat expressions",
					       "For the members of this list, the second [*] gives results of different types, "
					       "which no list can hold. Use a for expression instead.");
		diag->context = expr->range;
		return &value_unknown_any;
	}
	return value_list(eval->arena, type, items, count);
}

const struct value *eval_splat(struct eval *eval, const struct expr *expr)
{
	struct diag_mark mark = diags_mark(eval->diags);
	const struct value *source = eval_expr(eval, expr->on);
	if (diags_failed_since(eval->diags, mark))
		return &value_unknown_any;
	enum type_kind kind = source->type->kind;
	bool sequence = kind == TYPE_TUPLE || kind == TYPE_LIST || kind == TYPE_SET;
	unsigned marks = source->marks;
	if (value_is_null(source)) {
		if (!sequence || eval->lenient)
			return with_marks(eval, value_tuple(eval->arena, NULL, 0), marks);
		eval_error(eval, expr->on, expr->on->range, "Splat of null value",
			   "This is null instead of a list, so [*] has no members to take. coalesce(..., []) would give "
			   "an empty list instead.");
		return &value_unknown_any;
	}
	if (kind == TYPE_ANY)
		return with_marks(eval, &value_unknown_any, marks);
	if (!sequence) {
		/* One value counts as a list of one; one that may still be null gives one or none. */
		const struct value *item = each(eval, expr, source);
		if (diags_failed_since(eval->diags, mark) || (!value_is_known(source) && !source->not_null))
			return with_marks(eval, &value_unknown_any, marks);
		return with_marks(eval, value_tuple(eval->arena, &item, 1), marks);
	}
	if (!value_is_known(source))
		return with_marks(eval, unknown_source(eval, expr, source), marks);

	enum { FEW = 16 };
	const struct value *few[FEW];
	const struct value **items =
		source->count <= FEW ? few : arena_array_of(eval->arena, source->count, const struct value *);
	for (size_t i = 0; i < source->count; i++) {
		items[i] = each(eval, expr, source->items[i]);
		/* The members of a tuple may differ; those of a list would only repeat what is wrong. */
		if (kind != TYPE_TUPLE && diags_failed_since(eval->diags, mark))
			break;
	}
	if (diags_failed_since(eval->diags, mark))
		return with_marks(eval, &value_unknown_any, marks);
	const struct value *v = kind == TYPE_TUPLE ? value_tuple(eval->arena, items, source->count)
						   : as_list(eval, expr, source->type, items, source->count);
	return with_marks(eval, v, marks);
}
