/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/eval/eval.h"

#include "lang/eval/eval_internal.h"

#include <string.h>

const char *friendly_type(struct eval *eval, const struct type *type)
{
	AUTO_BUF struct buf text = BUF_INIT;
	type_print_friendly(type, &text);
	return buf_copy(&text, eval->arena);
}

static const struct value *eval_tuple(struct eval *eval, const struct expr *expr)
{
	enum { FEW = 16 };
	const struct value *few[FEW];
	const struct value **items =
		expr->item_count <= FEW ? few : arena_array_of(eval->arena, expr->item_count, const struct value *);
	for (size_t i = 0; i < expr->item_count; i++)
		items[i] = eval_expr(eval, expr->items[i]);
	return value_tuple(eval->arena, items, expr->item_count);
}

/* The key's value: a bare word stands for itself. NULL after an error, which has been reported. */
static const struct value *eval_object_key(struct eval *eval, const struct object_item *item)
{
	const struct expr *key = item->key;
	if (key->kind == EXPR_NAME)
		return value_string(eval->arena, key->name);
	if (key->kind == EXPR_ATTR || key->kind == EXPR_INDEX) {
		const struct expr *root = key;
		while (root->kind == EXPR_ATTR || root->kind == EXPR_INDEX)
			root = root->on;
		if (root->kind == EXPR_NAME) {
			eval_error(eval, NULL, key->range, "Ambiguous attribute key",
				   "This key could be a reference or a name with dots in it. Write it in parentheses "
				   "to use the value of the reference, or in quotes to use the text itself.");
			return NULL;
		}
	}
	if (key->kind == EXPR_LITERAL && is_bare_null(key->literal)) /* the bare word, as `true` is one */
		return value_string_raw(eval->arena, "null", 4);
	struct diag_mark mark = diags_mark(eval->diags);
	const struct value *v = eval_expr(eval, key);
	return diags_failed_since(eval->diags, mark) ? NULL : v;
}

/* {a = 1, (var.name) = 2}; of equal keys the last one wins. */
static const struct value *eval_object(struct eval *eval, const struct expr *expr)
{
	enum { FEW = 16 };
	const char *few_names[FEW];
	const struct value *few_items[FEW];
	const char **names = few_names;
	const struct value **items = few_items;
	if (expr->field_count > FEW) {
		names = arena_array_of(eval->arena, expr->field_count, const char *);
		items = arena_array_of(eval->arena, expr->field_count, const struct value *);
	}
	bool known = true;
	unsigned marks = 0;
	size_t n = 0;
	for (size_t i = 0; i < expr->field_count; i++) {
		const struct object_item *field = &expr->fields[i];
		if (field->key->kind == EXPR_NAME) {
			names[n] = field->key->name;
			items[n++] = eval_expr(eval, field->value);
			continue;
		}
		const struct value *key = eval_object_key(eval, field);
		const struct value *item = eval_expr(eval, field->value);
		if (!key) {
			known = false;
			continue;
		}
		if (value_is_null(key)) {
			eval_error(eval, field->key, field->key->range, "Null value as key",
				   "The key of an object's attribute is null here. It must be a string.");
			known = false;
			continue;
		}
		marks |= key->marks;
		AUTO_BUF struct buf why = BUF_INIT;
		const struct value *text = value_convert(eval->arena, key, &type_string, &why);
		if (!text) {
			eval_error(eval, field->key, field->key->range, "Incorrect key type",
				   "This value cannot be the key of an object's attribute: %s.", buf_text(&why));
			known = false;
			continue;
		}
		if (!value_is_known(text)) {
			known = false;
			continue;
		}
		names[n] = text->text;
		items[n++] = item;
	}
	const struct value *result = known ? value_object(eval->arena, names, items, n) : &value_unknown_any;
	return with_marks(eval, result, marks);
}

void eval_too_large(struct eval *eval, struct src_range range, unsigned most)
{
	diag_error(eval->diags, range, "Value too large",
		   "This value would take more than %d MiB. Values that are made of others several times over, and loops within "
		   "loops, grow fast.", 1 << (most - 20));
}

const struct value *eval_expr(struct eval *eval, const struct expr *expr)
{
	if (expr->kind == EXPR_LITERAL)
		return expr->literal;
	if (eval->depth >= EVAL_MOST_DEPTH) {
		if (eval->depth == EVAL_MOST_DEPTH) {
			eval->depth++; /* said once on the way down */
			diag_error(eval->diags, expr->range, "Expression too deep",
				   "The evaluation is nested more than %d levels deep here. If a function calls itself, "
				   "it does not come to an end.",
				   EVAL_MOST_DEPTH);
			eval->depth--;
		}
		return &value_unknown_any;
	}
	const struct value *result = NULL;
	eval->depth++;
	switch (expr->kind) {
	case EXPR_LITERAL:
		result = expr->literal;
		break;
	case EXPR_TEMPLATE:
		result = eval_template(eval, expr);
		break;
	case EXPR_NAME:
	case EXPR_ATTR:
	case EXPR_INDEX:
		result = eval_chain(eval, expr);
		break;
	case EXPR_SPLAT:
		result = eval_splat(eval, expr);
		break;
	case EXPR_SPLAT_ITEM:
		result = eval->splat_item ? eval->splat_item : &value_unknown_any;
		break;
	case EXPR_CALL:
		result = eval_call(eval, expr);
		break;
	case EXPR_CONDITIONAL:
		result = eval_conditional(eval, expr);
		break;
	case EXPR_UNARY:
		result = eval_unary(eval, expr);
		break;
	case EXPR_BINARY:
		result = eval_binary(eval, expr);
		break;
	case EXPR_TUPLE:
		result = eval_tuple(eval, expr);
		break;
	case EXPR_OBJECT:
		result = eval_object(eval, expr);
		break;
	case EXPR_FOR:
		result = eval_for(eval, expr);
		break;
	case EXPR_PAREN:
		result = eval_expr(eval, expr->on);
		break;
	case EXPR_ERROR:
		result = &value_unknown_any;
		break;
	}
	eval->depth--;
	if (result->size_class >= EVAL_MOST_SIZE_CLASS) {
		eval_too_large(eval, expr->range, EVAL_MOST_SIZE_CLASS);
		return &value_unknown_any;
	}
	return result;
}

const struct value *eval_expr_as(struct eval *eval, const struct expr *expr, const struct type *type, const char *what)
{
	const struct value *v = eval_expr(eval, expr);
	if (v->type == type)
		return v;
	AUTO_BUF struct buf why = BUF_INIT;
	const struct value *converted = value_convert(eval->arena, v, type, &why);
	if (converted)
		return converted;
	eval_error(eval, expr, expr->range, "Incorrect value type", "Invalid value for \"%s\": %s.", what,
		   buf_text(&why));
	return value_unknown(eval->arena, type);
}

const struct value *eval_expr_with(struct eval *eval, const struct expr *expr, const char *name,
				   const struct value *value)
{
	struct scope scope = {.parent = eval->scope, .name = name, .value = value};
	eval->scope = &scope;
	const struct value *result = eval_expr(eval, expr);
	eval->scope = scope.parent;
	return result;
}

const struct value *eval_expr_apart(struct eval *eval, const struct expr *expr, struct diags *diags)
{
	struct diags *before = eval->diags;
	struct diag_mark mark = diags_mark(diags);
	eval->diags = diags;
	eval->quiet++;
	const struct value *result = eval_expr(eval, expr);
	eval->quiet--;
	eval->diags = before;
	return diags_failed_since(diags, mark) ? &value_unknown_any : result;
}
