/* SPDX-License-Identifier: Apache-2.0 */
/* ! - || && == != < <= > >= + - * / % */
#include "lang/eval/eval_internal.h"

static const struct {
	const char *sign;
	enum type_kind operand; /* TYPE_ANY: takes everything */
	enum type_kind result;
} ops[] = {
	[OP_NOT] = {"!", TYPE_BOOL, TYPE_BOOL},	     [OP_NEGATE] = {"-", TYPE_NUMBER, TYPE_NUMBER},
	[OP_OR] = {"||", TYPE_BOOL, TYPE_BOOL},	     [OP_AND] = {"&&", TYPE_BOOL, TYPE_BOOL},
	[OP_EQ] = {"==", TYPE_ANY, TYPE_BOOL},	     [OP_NE] = {"!=", TYPE_ANY, TYPE_BOOL},
	[OP_LT] = {"<", TYPE_NUMBER, TYPE_BOOL},     [OP_LE] = {"<=", TYPE_NUMBER, TYPE_BOOL},
	[OP_GT] = {">", TYPE_NUMBER, TYPE_BOOL},     [OP_GE] = {">=", TYPE_NUMBER, TYPE_BOOL},
	[OP_ADD] = {"+", TYPE_NUMBER, TYPE_NUMBER},  [OP_SUB] = {"-", TYPE_NUMBER, TYPE_NUMBER},
	[OP_MUL] = {"*", TYPE_NUMBER, TYPE_NUMBER},  [OP_DIV] = {"/", TYPE_NUMBER, TYPE_NUMBER},
	[OP_MOD] = {"%", TYPE_NUMBER, TYPE_NUMBER},
};
_Static_assert(ARRAY_LEN(ops) == OP_MOD + 1, "each operator has its row");

static const struct value unknown_bool = {
	.type = &type_bool, .state = VALUE_UNKNOWN, .deep_unknown = true, .not_null = true};
static const struct value unknown_number = {
	.type = &type_number, .state = VALUE_UNKNOWN, .deep_unknown = true, .not_null = true};

static const struct value *unknown_result(enum expr_op op)
{
	return ops[op].result == TYPE_BOOL ? &unknown_bool : &unknown_number;
}

/* Where the operands stand, for messages; any may be NULL or nowhere. */
struct places {
	const struct expr *expr;
	const struct expr *left, *right;
	struct src_range range;
};

/* An operand as the operator's type, or NULL after an error. */
static const struct value *convert_operand(struct eval *eval, enum expr_op op, const struct value *v, const char *side,
					   const struct expr *expr, const struct places *places)
{
	enum type_kind kind = ops[op].operand;
	if (kind == TYPE_ANY || v->type->kind == kind)
		return v;
	AUTO_BUF struct buf why = BUF_INIT;
	const struct value *converted =
		value_convert(eval->arena, v, kind == TYPE_BOOL ? &type_bool : &type_number, &why);
	if (converted)
		return converted;
	struct diag *diag = eval_error(eval, expr, expr ? expr->range : places->range, "Invalid operand",
				       "The %soperand of \"%s\" is not suitable: %s.", side, ops[op].sign, buf_text(&why));
	diag->context = places->range;
	return NULL;
}

static const struct value *failed_operation(struct eval *eval, const struct places *places, enum expr_op op,
					    const char *text)
{
	eval_error(eval, places->expr, places->range, "Operation failed", "%s", text);
	return unknown_result(op);
}

static const struct value *null_operand(struct eval *eval, const struct places *places, enum expr_op op,
					const char *side)
{
	eval_error(eval, places->expr, places->range, "Operation failed",
		   "The %soperand of \"%s\" is null, but it must be a %s. Only == and != take null.", side, ops[op].sign,
		   ops[op].operand == TYPE_BOOL ? "bool" : "number");
	return unknown_result(op);
}

static bool compare(enum expr_op op, int order)
{
	return op == OP_LT ? order < 0 : op == OP_LE ? order <= 0 : op == OP_GT ? order > 0 : order >= 0;
}

static const struct value *number_operation(struct eval *eval, enum expr_op op, struct number a, struct number b,
					    const struct places *places)
{
	static const struct number zero = {NULL, 0};
	struct number n = {NULL, 0};
	bool done = false;
	switch (op) {
	case OP_LT:
	case OP_LE:
	case OP_GT:
	case OP_GE:
		return value_bool(compare(op, number_compare(a, b)));
	case OP_ADD:
		done = number_add(eval->arena, a, b, &n);
		break;
	case OP_SUB:
		done = number_sub(eval->arena, a, b, &n);
		break;
	case OP_MUL:
		done = number_mul(eval->arena, a, b, &n);
		break;
	case OP_DIV:
		if (!number_compare(b, zero))
			return failed_operation(eval, places, op, "Division by zero.");
		done = number_div(eval->arena, a, b, &n);
		break;
	case OP_MOD:
		/* As Terraform has it, what is left of a by nothing is a. */
		if (!number_compare(b, zero))
			return value_number(eval->arena, a);
		done = number_mod(eval->arena, a, b, &n);
		break;
	case OP_NOT:
	case OP_NEGATE:
	case OP_OR:
	case OP_AND:
	case OP_EQ:
	case OP_NE:
		bug("\"%s\" does not calculate", ops[op].sign);
	}
	if (!done)
		return failed_operation(eval, places, op, "The result is too large for a number.");
	return value_number(eval->arena, n);
}

/* Both operands evaluated, and no error so far that would make another one follow from it. */
static const struct value *operate(struct eval *eval, enum expr_op op, const struct value *a, const struct value *b,
				   const struct places *places)
{
	if (op == OP_EQ || op == OP_NE) {
		const struct value *equal = value_equal(eval->arena, a, b);
		if (op == OP_EQ)
			return equal;
		if (!value_is_known(equal))
			return equal;
		return with_marks(eval, value_bool(!equal->boolean), equal->marks);
	}
	a = convert_operand(eval, op, a, "left ", places->left, places);
	b = convert_operand(eval, op, b, "right ", places->right, places);
	if (!a || !b)
		return unknown_result(op);
	unsigned marks = a->marks | b->marks;
	if (value_is_null(a) || value_is_null(b)) {
		if (!eval->lenient)
			return null_operand(eval, places, op, value_is_null(a) ? "left " : "right ");
		return with_marks(eval, ops[op].result == TYPE_BOOL ? &value_false : value_null(eval->arena, &type_number),
				  marks);
	}
	if (!value_is_known(a) || !value_is_known(b))
		return with_marks(eval, unknown_result(op), marks);
	return with_marks(eval, number_operation(eval, op, a->number, b->number, places), marks);
}

static const struct value *operate_unary(struct eval *eval, enum expr_op op, const struct value *v,
					 const struct places *places)
{
	v = convert_operand(eval, op, v, "", places->left, places);
	if (!v)
		return unknown_result(op);
	const struct value *result;
	if (value_is_null(v)) {
		if (!eval->lenient)
			return null_operand(eval, places, op, "");
		result = op == OP_NOT ? &value_true : v;
	} else if (!value_is_known(v)) {
		result = unknown_result(op);
	} else if (op == OP_NOT) {
		result = value_bool(!v->boolean);
	} else {
		result = value_number(eval->arena, number_neg(eval->arena, v->number));
	}
	return with_marks(eval, result, v->marks);
}

/* A known bool that decides the operation whatever the other side is. */
static bool decides(enum expr_op op, const struct value *v)
{
	return value_is_a(v, TYPE_BOOL) && v->boolean == (op == OP_OR);
}

/*
 * a && b, a || b. A side that decides alone makes the errors of the other meaningless (in
 * `x != null && x.y`), so they are taken back; both are evaluated in each case, because the
 * result's marks shall not depend on the values. `a_mark` is from before a was evaluated.
 */
static const struct value *eval_logical(struct eval *eval, enum expr_op op, const struct value *a,
					struct diag_mark a_mark, const struct expr *right, const struct places *places)
{
	bool a_failed = diags_failed_since(eval->diags, a_mark);
	struct diag_mark b_mark = diags_mark(eval->diags);
	/* What the right side has to say is of no interest when the left one has decided. */
	const struct value *left = a_failed ? &unknown_bool : convert_operand(eval, op, a, "left ", places->left, places);
	bool left_decides = left && decides(op, left);
	eval->quiet += left_decides;
	const struct value *b = eval_expr(eval, right);
	bool b_failed = diags_failed_since(eval->diags, b_mark);
	eval->quiet -= left_decides;
	/* Nor is it while the left one may still decide. */
	bool left_may_decide = !a_failed && left && !value_is_known(left);
	if ((left_decides || left_may_decide) && b_failed)
		diags_take_back(eval->diags, b_mark);
	b = b_failed ? &unknown_bool : convert_operand(eval, op, b, "right ", places->right, places);
	if (!left || !b)
		return &unknown_bool;
	unsigned marks = left->marks | b->marks;
	if (left_decides)
		return with_marks(eval, value_bool(op == OP_OR), marks);
	if (decides(op, b)) {
		if (a_failed)
			diags_take_back(eval->diags, a_mark);
		else if (value_is_null(left) && !eval->lenient)
			return null_operand(eval, places, op, "left ");
		return with_marks(eval, value_bool(op == OP_OR), marks);
	}
	if (a_failed || b_failed)
		return with_marks(eval, &unknown_bool, marks);
	if (value_is_null(left) || value_is_null(b)) {
		if (!eval->lenient)
			return null_operand(eval, places, op, value_is_null(left) ? "left " : "right ");
		/* Null counts as false. */
		left = value_is_null(left) ? &value_false : left;
		b = value_is_null(b) ? &value_false : b;
		if (decides(op, left) || decides(op, b))
			return with_marks(eval, value_bool(op == OP_OR), marks);
	}
	if (!value_is_known(left) || !value_is_known(b))
		return with_marks(eval, &unknown_bool, marks);
	return with_marks(eval, value_bool(op == OP_AND), marks);
}

const struct value *eval_unary(struct eval *eval, const struct expr *expr)
{
	struct diag_mark mark = diags_mark(eval->diags);
	const struct value *v = eval_expr(eval, expr->on);
	if (diags_failed_since(eval->diags, mark))
		return with_marks(eval, unknown_result(expr->op), v->marks);
	struct places places = {.expr = expr, .left = expr->on, .range = expr->range};
	return operate_unary(eval, expr->op, v, &places);
}

const struct value *eval_binary(struct eval *eval, const struct expr *expr)
{
	/* 1 + 2 + 3 + ... leans to the left as deep as it is long, so that side is walked without recursion. */
	size_t depth = 0;
	const struct expr *first = expr;
	for (; first->kind == EXPR_BINARY; first = first->left)
		depth++;
	enum { FEW = 16 };
	const struct expr *few[FEW] = {NULL};
	const struct expr **spine = depth <= FEW ? few : arena_array_of(eval->arena, depth, const struct expr *);
	size_t i = depth;
	for (const struct expr *at = expr; at != first; at = at->left)
		spine[--i] = at;
	struct diag_mark mark = diags_mark(eval->diags);
	const struct value *v = eval_expr(eval, first);
	for (i = 0; i < depth; i++) {
		const struct expr *at = spine[i];
		struct places places = {.expr = at, .left = at->left, .right = at->right, .range = at->range};
		if (at->op == OP_AND || at->op == OP_OR) {
			v = eval_logical(eval, at->op, v, mark, at->right, &places);
			continue;
		}
		const struct value *b = eval_expr(eval, at->right);
		if (diags_failed_since(eval->diags, mark))
			v = with_marks(eval, unknown_result(at->op), v->marks | b->marks);
		else
			v = operate(eval, at->op, v, b, &places);
	}
	return v;
}

const struct value *eval_operator(struct eval *eval, enum expr_op op, const struct value *a, const struct value *b,
				  struct src_range range)
{
	struct places places = {.range = range};
	if (op == OP_NOT || op == OP_NEGATE)
		return operate_unary(eval, op, a, &places);
	if (op != OP_AND && op != OP_OR)
		return operate(eval, op, a, b, &places);
	a = convert_operand(eval, op, a, "left ", NULL, &places);
	b = convert_operand(eval, op, b, "right ", NULL, &places);
	if (!a || !b)
		return &unknown_bool;
	unsigned marks = a->marks | b->marks;
	if (value_is_null(a) || value_is_null(b))
		return null_operand(eval, &places, op, value_is_null(a) ? "left " : "right ");
	if (decides(op, a) || decides(op, b))
		return with_marks(eval, value_bool(op == OP_OR), marks);
	if (!value_is_known(a) || !value_is_known(b))
		return with_marks(eval, &unknown_bool, marks);
	return with_marks(eval, value_bool(op == OP_AND), marks);
}
