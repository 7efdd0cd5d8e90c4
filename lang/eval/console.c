/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/eval/console.h"

#include "base/buf.h"
#include "lang/func/func.h"
#include "lang/syntax/lex.h"
#include "lang/syntax/parse.h"

#include <string.h>

/* ---- type(...), which only the console has ---- */

static const struct value *misplaced_type(struct eval *eval, const struct expr *call)
{
	if (call->arg_count == 1)
		diag_error(eval->diags, call->range, "Invalid use of type function",
			   "type(...) prints a type; its result cannot be used in an expression.");
	else
		diag_error(eval->diags, call->range,
			   call->arg_count ? "Too many function arguments" : "Not enough function arguments",
			   "The function \"type\" takes one argument.");
	return NULL;
}

static const struct function console_functions[] = {
	{.name = "type", .special = misplaced_type},
	{.name = NULL},
};

static void indent(struct buf *out, unsigned level)
{
	buf_add_repeated(out, ' ', level * 4UL);
}

/*
 * list(
 *     object({
 *         a: number,
 *     }),
 * )
 */
static void print_type(const struct type *type, unsigned level, struct buf *out)
{
	const char *name = "list(";
	switch (type->kind) {
	case TYPE_ANY:
	case TYPE_BOOL:
	case TYPE_NUMBER:
	case TYPE_STRING:
		type_print_friendly(type, out);
		return;
	case TYPE_OBJECT:
		if (!type->count) {
			buf_adds(out, "object({})");
			return;
		}
		buf_adds(out, "object({\n");
		for (size_t i = 0; i < type->count; i++) {
			indent(out, level + 1);
			buf_addf(out, "%s: ", type->attrs[i].name);
			print_type(type->attrs[i].type, level + 1, out);
			buf_adds(out, ",\n");
		}
		indent(out, level);
		buf_adds(out, "})");
		return;
	case TYPE_TUPLE:
		if (!type->count) {
			buf_adds(out, "tuple([])");
			return;
		}
		buf_adds(out, "tuple([\n");
		for (size_t i = 0; i < type->count; i++) {
			indent(out, level + 1);
			print_type(type->items[i], level + 1, out);
			buf_adds(out, ",\n");
		}
		indent(out, level);
		buf_adds(out, "])");
		return;
	case TYPE_SET:
		name = "set(";
		break;
	case TYPE_MAP:
		name = "map(";
		break;
	case TYPE_LIST:
		break;
	}
	bool structural = type->element->kind == TYPE_OBJECT || type->element->kind == TYPE_TUPLE;
	buf_adds(out, name);
	if (structural) {
		buf_addc(out, '\n');
		indent(out, level + 1);
	}
	print_type(type->element, level + structural, out);
	if (structural) {
		buf_adds(out, ",\n");
		indent(out, level);
	}
	buf_addc(out, ')');
}

bool console_eval(struct eval *eval, const struct src *src, struct buf *out)
{
	size_t errors = eval->diags->error_count;
	const struct expr *expr = parse_expr(eval->arena, src, eval->diags), *inner = expr;
	if (eval->diags->error_count > errors || !eval_check_refs(eval, expr))
		return false;
	while (inner->kind == EXPR_PAREN)
		inner = inner->on;
	bool type = inner->kind == EXPR_CALL && !strcmp(inner->function, "type") && inner->arg_count == 1;
	struct function_set with_type = {.table = console_functions, .next = eval->functions};
	const struct function_set *before = eval->functions;
	eval->functions = &with_type;
	const struct value *v = eval_expr(eval, type ? inner->args[0] : expr);
	eval->functions = before;
	if (eval->diags->error_count > errors)
		return false;
	if (type)
		print_type(v->type, 0, out);
	else
		value_print(v, out);
	return true;
}

bool console_wants_more(const char *text, size_t len)
{
	struct src_set *set = src_set_new();
	const struct src *src = src_add(set, "", text, len);
	struct lexer lex;
	lex_init(&lex, src, NULL, false);
	long depth = 0;
	bool invalid = false;
	for (;;) {
		struct token token = lex_next(&lex);
		if (token.kind == TOKEN_EOF)
			break;
		if (token.kind == TOKEN_OPEN_BRACE || token.kind == TOKEN_OPEN_BRACKET || token.kind == TOKEN_OPEN_PAREN ||
		    token.kind == TOKEN_OPEN_HEREDOC || token.kind == TOKEN_OPEN_INTERPOLATION ||
		    token.kind == TOKEN_OPEN_DIRECTIVE)
			depth++;
		/* Tokens of no length are made up where something is not closed. */
		if (token.end > token.start &&
		    (token.kind == TOKEN_CLOSE_BRACE || token.kind == TOKEN_CLOSE_BRACKET || token.kind == TOKEN_CLOSE_PAREN ||
		     token.kind == TOKEN_CLOSE_HEREDOC || token.kind == TOKEN_CLOSE_SEQUENCE))
			depth--;
		invalid |= token.kind == TOKEN_INVALID || depth < 0;
	}
	lex_release(&lex);
	src_set_free(set);
	return !invalid && depth > 0;
}
