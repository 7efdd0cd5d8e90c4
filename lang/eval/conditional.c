/* SPDX-License-Identifier: Apache-2.0 */
/* condition ? a : b */
#include "lang/eval/eval_internal.h"

#include <string.h>

/*
 * Says how the types of the two results differ, innermost first; both differ and have not unified.
 * Only called for an error.
 */
static void describe_mismatch(const struct type *yes, const struct type *no, struct buf *out)
{
	if (yes->kind == TYPE_OBJECT && no->kind == TYPE_OBJECT) {
		for (size_t i = 0; i < yes->count; i++) {
			ptrdiff_t at = type_find_attr(no, yes->attrs[i].name);
			if (at < 0) {
				buf_addf(out, "only the first result has an attribute \"%s\"", yes->attrs[i].name);
				return;
			}
			if (!type_equal(yes->attrs[i].type, no->attrs[at].type)) {
				buf_addf(out, "in the attribute \"%s\", ", yes->attrs[i].name);
				describe_mismatch(yes->attrs[i].type, no->attrs[at].type, out);
				return;
			}
		}
		for (size_t i = 0; i < no->count; i++) {
			if (type_find_attr(yes, no->attrs[i].name) < 0) {
				buf_addf(out, "only the second result has an attribute \"%s\"", no->attrs[i].name);
				return;
			}
		}
	}
	if (yes->kind == TYPE_TUPLE && no->kind == TYPE_TUPLE) {
		if (yes->count != no->count) {
			buf_addf(out, "the first is a tuple of %u members, the second one of %u", yes->count, no->count);
			return;
		}
		for (uint32_t i = 0; i < yes->count; i++) {
			if (!type_equal(yes->items[i], no->items[i])) {
				buf_addf(out, "in the member %u, ", i);
				describe_mismatch(yes->items[i], no->items[i], out);
				return;
			}
		}
	}
	if (yes->kind == no->kind && type_is_collection(yes) && yes->element->kind == no->element->kind &&
	    !type_equal(yes->element, no->element)) {
		buf_adds(out, "in the members, ");
		describe_mismatch(yes->element, no->element, out);
		return;
	}
	buf_adds(out, "the first is ");
	type_print_friendly(yes, out);
	buf_adds(out, ", the second is ");
	type_print_friendly(no, out);
}

/*
 * The type that both results have or can be converted to; NULL after an error. `failed`: the one that
 * is taken is wrong already, which says enough.
 */
static const struct type *result_type(struct eval *eval, const struct expr *expr, const struct value *yes,
				      const struct value *no, bool failed)
{
	if (yes->type == no->type)
		return yes->type;
	if (is_bare_null(yes))
		return no->type;
	if (is_bare_null(no))
		return yes->type;
	if (yes->type->kind == TYPE_ANY || no->type->kind == TYPE_ANY)
		return &type_any;
	const struct type *both[] = {yes->type, no->type};
	const struct type *type = type_unify(eval->arena, both, 2);
	if (type || failed)
		return type ? type : &type_any;
	AUTO_BUF struct buf text = BUF_INIT;
	describe_mismatch(yes->type, no->type, &text);
	struct diag *diag = eval_error(eval, expr, src_range_join(expr->left->range, expr->right->range),
				       "Inconsistent conditional result types",
				       "Both results of a condition must have the same type, but %s.", buf_text(&text));
	diag->context = expr->range;
	return NULL;
}

static const struct value *as_result(struct eval *eval, const struct expr *expr, const struct value *v,
				     const struct type *type, const struct expr *branch, const char *which)
{
	if (type->kind == TYPE_ANY || v->type == type)
		return v;
	AUTO_BUF struct buf why = BUF_INIT;
	const struct value *converted = value_convert(eval->arena, v, type, &why);
	if (converted)
		return converted;
	struct diag *diag = eval_error(eval, branch, branch->range, "Inconsistent conditional result types",
				       "The %s result does not have the type that both must have: %s.", which,
				       buf_text(&why));
	diag->context = expr->range;
	return value_unknown(eval->arena, type);
}

/* Both may become the result, which nobody knows yet. */
static const struct value *undecided(struct eval *eval, const struct value *yes, const struct value *no,
				     const struct type *type)
{
	if (value_is_null(yes) && value_is_null(no))
		return value_null(eval->arena, type);
	bool yes_not_null = yes->state == VALUE_KNOWN || yes->not_null;
	bool no_not_null = no->state == VALUE_KNOWN || no->not_null;
	if (type->kind != TYPE_ANY && yes_not_null && no_not_null)
		return value_unknown_not_null(eval->arena, type);
	return value_unknown(eval->arena, type);
}

/*
 * Both results are evaluated in each case, because the result's type and marks shall not depend on
 * the condition; the errors of the one that is not taken are taken back.
 */
const struct value *eval_conditional(struct eval *eval, const struct expr *expr)
{
	struct diag_mark mark = diags_mark(eval->diags);
	const struct value *condition = eval_expr(eval, expr->condition);
	bool failed = diags_failed_since(eval->diags, mark);
	if (value_is_null(condition)) {
		if (!eval->lenient) {
			struct diag *diag = eval_error(eval, expr->condition, expr->condition->range, "Null condition",
						       "The condition is null. It must be true or false.");
			diag->context = expr->range;
			failed = true;
			condition = &value_unknown_any;
		} else {
			condition = with_marks(eval, &value_false, condition->marks);
		}
	}
	AUTO_BUF struct buf why = BUF_INIT;
	const struct value *decided = value_convert(eval->arena, condition, &type_bool, &why);
	if (!decided) {
		struct diag *diag = eval_error(eval, expr->condition, expr->condition->range, "Incorrect condition type",
					       "The condition must be true or false: %s.", buf_text(&why));
		diag->context = expr->range;
		failed = true;
		decided = with_marks(eval, value_unknown(eval->arena, &type_bool), condition->marks);
	}
	bool known = value_is_known(decided);
	bool taken = known && decided->boolean;

	struct diag_mark before = diags_mark(eval->diags);
	unsigned yes_quiet = !taken, no_quiet = !known || taken;
	eval->quiet += yes_quiet;
	const struct value *yes = eval_expr(eval, expr->left);
	eval->quiet -= yes_quiet;
	bool yes_failed = diags_failed_since(eval->diags, before);
	if (yes_failed && yes_quiet)
		diags_take_back(eval->diags, before);
	before = diags_mark(eval->diags);
	eval->quiet += no_quiet;
	const struct value *no = eval_expr(eval, expr->right);
	eval->quiet -= no_quiet;
	bool no_failed = diags_failed_since(eval->diags, before);
	if (no_failed && no_quiet)
		diags_take_back(eval->diags, before);
	/* What is wrong has no marks that anybody could rely on. */
	unsigned marks = decided->marks | (yes_failed ? 0 : yes->marks) | (no_failed ? 0 : no->marks);
	bool taken_failed = known && (taken ? yes_failed : no_failed);
	const struct type *type = eval->lenient ? &type_any : result_type(eval, expr, yes, no, taken_failed);
	if (!type)
		return with_marks(eval, &value_unknown_any, marks);
	const struct value *result;
	if (failed)
		result = value_unknown(eval->arena, type);
	else if (!known)
		result = undecided(eval, yes, no, type);
	else if (taken)
		result = as_result(eval, expr, yes, type, expr->left, "first");
	else
		result = as_result(eval, expr, no, type, expr->right, "second");
	return with_marks(eval, result, marks);
}
