/* SPDX-License-Identifier: Apache-2.0 */
/* "text ${value} %{ if condition }...%{ endif } %{ for x in list }...%{ endfor }" */
#include "lang/eval/eval_internal.h"

#include <string.h>

/* A template while it is put together. */
struct rendering {
	struct eval *eval;
	struct buf text;
	unsigned marks;
	bool unknown, failed;
};

static void render_parts(struct rendering *r, const struct expr *whole, const struct template_part *parts, size_t count);

static void render_value(struct rendering *r, const struct expr *whole, const struct template_part *part)
{
	struct eval *eval = r->eval;
	struct diag_mark mark = diags_mark(eval->diags);
	const struct value *v = eval_expr(eval, part->expr);
	r->marks |= v->marks;
	if (diags_failed_since(eval->diags, mark)) {
		r->failed = true;
		return;
	}
	if (value_is_null(v)) {
		if (eval->lenient)
			return;
		struct diag *diag = eval_error(eval, part->expr, part->expr->range, "Invalid template interpolation value",
					       "This value is null, which has no text. Where it may be null, say what stands "
					       "for it then: x == null ? \"\" : x.");
		diag->context = whole->range;
		r->failed = true;
		return;
	}
	if (!value_is_known(v)) {
		r->unknown = true;
		/* A value that can never be text is wrong already. */
		if (v->type->kind == TYPE_ANY || type_is_primitive(v->type))
			return;
	}
	if (v->type->kind == TYPE_STRING) {
		buf_add(&r->text, v->text, v->count);
		return;
	}
	AUTO_BUF struct buf why = BUF_INIT;
	const struct value *text = value_convert(eval->arena, v, &type_string, &why);
	if (!text) {
		struct diag *diag = eval_error(eval, part->expr, part->expr->range, "Invalid template interpolation value",
					       "This value cannot be put into a text: %s.%s", buf_text(&why),
					       v->type->kind == TYPE_LIST || v->type->kind == TYPE_TUPLE || v->type->kind == TYPE_SET
						       ? " join(\", \", ...) or jsonencode(...) makes text of it."
					       : type_is_primitive(v->type) ? ""
									    : " jsonencode(...) makes text of it.");
		diag->context = whole->range;
		r->failed = true;
		return;
	}
	if (value_is_known(text))
		buf_add(&r->text, text->text, text->count);
}

static void render_if(struct rendering *r, const struct expr *whole, const struct template_part *part)
{
	struct eval *eval = r->eval;
	struct diag_mark mark = diags_mark(eval->diags);
	const struct value *condition = eval_expr(eval, part->expr);
	r->marks |= condition->marks;
	bool failed = diags_failed_since(eval->diags, mark);
	AUTO_BUF struct buf why = BUF_INIT;
	if (!failed && value_is_null(condition)) {
		if (eval->lenient) {
			condition = &value_false;
		} else {
			struct diag *diag = eval_error(eval, part->expr, part->expr->range, "Null condition",
						       "The condition is null. It must be true or false.");
			diag->context = whole->range;
			failed = true;
		}
	}
	const struct value *decided = failed ? NULL : value_convert(eval->arena, condition, &type_bool, &why);
	if (!failed && !decided) {
		struct diag *diag = eval_error(eval, part->expr, part->expr->range, "Incorrect condition type",
					       "The condition must be true or false: %s.", buf_text(&why));
		diag->context = whole->range;
		failed = true;
	}
	/* As with a conditional: what is not taken may be wrong, but its marks count. */
	bool known = decided && value_is_known(decided);
	r->failed |= failed;
	r->unknown |= !known;
	for (int branch = 1; branch >= 0; branch--) {
		bool taken = known && decided->boolean == branch;
		struct rendering side = {.eval = eval};
		mark = diags_mark(eval->diags);
		eval->quiet += !taken;
		render_parts(&side, whole, branch ? part->then : part->other, branch ? part->then_count : part->other_count);
		eval->quiet -= !taken;
		bool wrong = diags_failed_since(eval->diags, mark);
		if (taken || !wrong)
			r->marks |= side.marks;
		if (taken) {
			r->unknown |= side.unknown;
			r->failed |= side.failed;
			buf_add(&r->text, buf_text(&side.text), side.text.len);
		} else if (wrong) {
			diags_take_back(eval->diags, mark);
		}
		buf_release(&side.text);
	}
}

static void render_for(struct rendering *r, const struct expr *whole, const struct template_part *part)
{
	struct eval *eval = r->eval;
	struct diag_mark mark = diags_mark(eval->diags);
	const struct value *collection = eval_expr(eval, part->expr);
	r->marks |= collection->marks;
	struct iteration iteration;
	bool unknown = false;
	if (diags_failed_since(eval->diags, mark) ||
	    !iteration_start(eval, collection, part->expr, whole, &iteration, &unknown)) {
		r->unknown |= unknown;
		r->failed |= !unknown;
		return;
	}
	struct scope value_scope = {.parent = eval->scope, .name = part->value_name};
	struct scope key_scope = {.parent = &value_scope, .name = part->key_name};
	const struct scope *before = eval->scope;
	eval->scope = part->key_name ? &key_scope : &value_scope;
	while (!r->failed && iteration_step(&iteration)) {
		value_scope.value = iteration.member;
		if (part->key_name)
			key_scope.value = iteration_key(eval, &iteration);
		render_parts(r, whole, part->then, part->then_count);
	}
	eval->scope = before;
}

static void render_parts(struct rendering *r, const struct expr *whole, const struct template_part *parts, size_t count)
{
	if (r->eval->depth >= EVAL_MOST_DEPTH) {
		diag_error(r->eval->diags, whole->range, "Expression too deep",
			   "The directives of this template are nested more than %d levels deep.", EVAL_MOST_DEPTH);
		r->failed = true;
		return;
	}
	r->eval->depth++;
	for (size_t i = 0; i < count; i++) {
		switch (parts[i].kind) {
		case PART_TEXT:
			buf_add(&r->text, parts[i].text->text, parts[i].text->count);
			break;
		case PART_INTERPOLATION:
			render_value(r, whole, &parts[i]);
			break;
		case PART_IF:
			render_if(r, whole, &parts[i]);
			break;
		case PART_FOR:
			render_for(r, whole, &parts[i]);
			break;
		}
		if (!r->failed && r->text.len >> EVAL_MOST_TEXT_CLASS) {
			eval_too_large(r->eval, whole->range, EVAL_MOST_TEXT_CLASS);
			r->failed = true;
		}
	}
	r->eval->depth--;
}

const struct value *eval_template(struct eval *eval, const struct expr *expr)
{
	static const struct value unknown = {
		.type = &type_string, .state = VALUE_UNKNOWN, .deep_unknown = true, .not_null = true};
	/* "${x}" is x, whatever its type. */
	if (expr->part_count == 1 && expr->parts[0].kind == PART_INTERPOLATION)
		return eval_expr(eval, expr->parts[0].expr);
	struct rendering r = {.eval = eval};
	render_parts(&r, expr, expr->parts, expr->part_count);
	const struct value *v =
		r.unknown || r.failed ? &unknown : value_string_n(eval->arena, buf_text(&r.text), r.text.len);
	buf_release(&r.text);
	return with_marks(eval, v, r.marks);
}
