/* SPDX-License-Identifier: Apache-2.0 */
/* Expressions, by precedence climbing. The rule of the grammar stands above each function. */
#include "lang/syntax/syntax_internal.h"

#include <string.h>

typedef VEC(const struct expr *) expr_vec;

static const struct expr *parse_binary(struct parser *p, unsigned limit);
static const struct expr *parse_postfix_of(struct parser *p, const struct expr *on, uint32_t start);

static bool skip_newlines(struct parser *p, bool newlines)
{
	bool was = p->newlines;
	p->newlines = newlines;
	return was;
}

/* Start of an expression as offset in the text. */
static uint32_t start_of(const struct parser *p, const struct expr *e)
{
	return e->range.start - src_base(p->lex.src);
}

static uint32_t next_start(struct parser *p)
{
	parser_peek(p);
	return p->tok.start;
}

/* ---- for ---- */

/*
 * names := IDENT ["," IDENT] "in"
 * Also used by template directives.
 */
bool parse_for_names(struct parser *p, const char **key, const char **value)
{
	static const char how[] = "One name or two follow the word \"for\", then \"in\": \"for value in "
				  "list\" or \"for key, value in map\"; but here stands %s.";
	if (parser_peek(p) != TOKEN_IDENT) {
		parser_fail(p, parser_token_range(p, p->tok), "Invalid 'for' expression", how,
			    parser_describe_next(p));
		return false;
	}
	*key = NULL;
	*value = parser_token_text(p, parser_take(p));
	if (parser_accept(p, TOKEN_COMMA)) {
		if (parser_peek(p) != TOKEN_IDENT) {
			parser_fail(p, parser_token_range(p, p->tok), "Invalid 'for' expression", how,
				    parser_describe_next(p));
			return false;
		}
		*key = *value;
		*value = parser_token_text(p, parser_take(p));
	}
	if (!parser_at_word(p, "in")) {
		parser_fail(p, parser_token_range(p, p->tok), "Invalid 'for' expression", how,
			    parser_describe_next(p));
		return false;
	}
	parser_take(p);
	return true;
}

/*
 * for := "[" "for" names expr ":" expr ["if" expr] "]"
 *      | "{" "for" names expr ":" expr "=>" expr ["..."] ["if" expr] "}"
 */
static const struct expr *parse_for(struct parser *p, struct token open)
{
	bool object = open.kind == TOKEN_OPEN_BRACE, was = skip_newlines(p, false);
	struct expr *e = new_expr(p, EXPR_FOR, SRC_NOWHERE);
	struct token arrow = {0}, ellipsis = {0};
	parser_take(p); /* for */
	if (!parse_for_names(p, &e->key_name, &e->value_name))
		goto out;
	e->collection = parse_expression(p);
	if (p->failed)
		goto out;
	if (!parser_accept(p, TOKEN_COLON)) {
		parser_fail_inside(p, open, "Invalid 'for' expression",
				   "A colon (:) must stand between what is looped over and the result, but "
				   "here stands %s.",
				   parser_describe_next(p));
		goto out;
	}
	e->result = parse_expression(p);
	if (!p->failed && parser_peek(p) == TOKEN_FAT_ARROW) {
		arrow = parser_take(p);
		e->key_result = e->result;
		e->result = parse_expression(p);
	}
	if (!p->failed && parser_peek(p) == TOKEN_ELLIPSIS) {
		ellipsis = parser_take(p);
		e->group = true;
	}
	if (!p->failed && parser_at_word(p, "if")) {
		parser_take(p);
		e->filter = parse_expression(p);
	}
	if (p->failed)
		goto out;
	if (!parser_accept(p, object ? TOKEN_CLOSE_BRACE : TOKEN_CLOSE_BRACKET)) {
		parser_fail_inside(p, open, "Invalid 'for' expression",
				   "The loop's result may be followed by \"if\" and a condition, then \"%s\" "
				   "must come, but here stands %s.",
				   object ? "}" : "]", parser_describe_next(p));
		goto out;
	}
	if (object && !e->key_result)
		parser_complain(p, e->result->range, "Invalid 'for' expression",
				"A loop in braces makes an object, and each member needs a key: \"{for ... : "
				"key => value}\". For a list use brackets instead of the braces.");
	if (!object && e->key_result)
		parser_complain(p, parser_token_range(p, arrow), "Invalid 'for' expression",
				"A loop in brackets makes a list, whose members have no keys. For an object "
				"use braces instead of the brackets.");
	if (!object && e->group)
		parser_complain(p, parser_token_range(p, ellipsis), "Invalid 'for' expression",
				"\"...\" gathers the values of equal keys, which only a loop in braces has.");
out:
	p->newlines = was;
	e->range = parser_range_since(p, open.start);
	if (p->failed)
		return error_expr(p, open.start);
	return finish_expr(
		p, e, higher(higher(higher(higher(0, e->collection), e->key_result), e->result), e->filter));
}

/* ---- terms ---- */

static const char *hint_quotes(const struct parser *p)
{
	bool adjacent = p->tok.start == p->prev_end && p->prev_end && p->lex.text[p->prev_end - 1] == '"';
	return adjacent ? " A quote (\") may be missing, or one too many, before it." : "";
}

/* tuple := "[" [expr ("," expr)* [","]] "]" | for */
static const struct expr *parse_tuple(struct parser *p)
{
	struct token open = parser_take(p);
	bool was = skip_newlines(p, false);
	if (parser_at_word(p, "for")) {
		const struct expr *e = parse_for(p, open);
		p->newlines = was;
		return e;
	}
	expr_vec items = {0};
	uint32_t height = 0;
	while (!p->failed && parser_peek(p) != TOKEN_CLOSE_BRACKET) {
		if (parser_peek(p) == TOKEN_EOF || parser_peek(p) == TOKEN_EQUAL) {
			parser_fail_inside(p, open, "Missing item", "A member of the list is expected here.");
			break;
		}
		vec_add(&items, parse_expression(p));
		height = higher(height, items.items[items.count - 1]);
		if (p->failed || parser_peek(p) == TOKEN_CLOSE_BRACKET)
			break;
		if (!parser_accept(p, TOKEN_COMMA))
			parser_fail_inside(p, open, "Missing comma",
					   "Members of a list are separated by commas, but here stands %s.%s",
					   parser_describe_next(p), hint_quotes(p));
	}
	parser_accept(p, TOKEN_CLOSE_BRACKET);
	p->newlines = was;
	struct expr *e = new_expr(p, EXPR_TUPLE, parser_range_since(p, open.start));
	e->items = vec_copy(&items, p->arena);
	e->item_count = items.count;
	vec_free(&items);
	return p->failed ? error_expr(p, open.start) : finish_expr(p, e, height);
}

static void fail_key_separator(struct parser *p, struct token open, const struct expr *key)
{
	enum token_kind next = parser_peek(p);
	if (next == TOKEN_NEWLINE || next == TOKEN_COMMA || next == TOKEN_CLOSE_BRACE)
		parser_fail(p, key->range, "Missing value",
			    "Each member of an object has a key and a value, \"key = value\", but behind "
			    "this key stands %s.",
			    parser_describe_next(p));
	else if (next == TOKEN_FAT_ARROW)
		parser_fail(p, parser_token_range(p, p->tok), "Missing equals sign",
			    "Key and value of an object are separated by \"=\"; \"=>\" stands only in loops, "
			    "{for ... : key => value}.");
	else if (next == TOKEN_OPEN_BRACE && key->kind == EXPR_NAME)
		parser_fail(p, parser_token_range(p, p->tok), "Missing equals sign",
			    "Inside an object there are no blocks, only members with values. Put an equals "
			    "sign before the brace: \"%s = {\".",
			    key->name);
	else
		parser_fail_inside(
			p, open, "Missing equals sign",
			"An equals sign (or a colon) must stand between key and value, but here stands %s. A "
			"key with blanks, dots or other special characters in it must be quoted.",
			parser_describe_next(p));
}

/*
 * object := "{" [item (("," | NEWLINE) item)* [","]] "}" | for
 * item := expr ("=" | ":") expr
 */
static const struct expr *parse_object(struct parser *p)
{
	struct token open = parser_take(p);
	/* Whether a loop follows is not a matter of lines; an object's members are. */
	bool was = skip_newlines(p, false);
	if (parser_at_word(p, "for")) {
		const struct expr *e = parse_for(p, open);
		p->newlines = was;
		return e;
	}
	p->newlines = true;
	VEC(struct object_item) fields = {0};
	uint32_t height = 0;
	while (!p->failed) {
		while (parser_accept(p, TOKEN_NEWLINE))
			;
		if (parser_peek(p) == TOKEN_CLOSE_BRACE)
			break;
		if (parser_peek(p) == TOKEN_EOF || parser_peek(p) == TOKEN_COMMA) {
			parser_fail_inside(p, open, "Missing item",
					   "A member of the object is expected here, but here stands %s.",
					   parser_describe_next(p));
			break;
		}
		struct object_item item = {.key = parse_expression(p)};
		if (p->failed)
			break;
		if (!parser_accept(p, TOKEN_EQUAL) && !parser_accept(p, TOKEN_COLON)) {
			fail_key_separator(p, open, item.key);
			break;
		}
		item.value = parse_expression(p);
		if (p->failed)
			break;
		vec_add(&fields, item);
		height = higher(higher(height, item.key), item.value);
		if (parser_peek(p) == TOKEN_CLOSE_BRACE)
			break;
		if (!parser_accept(p, TOKEN_COMMA) && !parser_accept(p, TOKEN_NEWLINE))
			parser_fail_inside(p, open, "Missing comma or newline",
					   "Members of an object are separated by commas or stand on lines "
					   "of their own, but here stands %s.",
					   parser_describe_next(p));
	}
	if (!p->failed)
		parser_close_brace(p, open);
	p->newlines = was;
	struct expr *e = new_expr(p, EXPR_OBJECT, parser_range_since(p, open.start));
	e->fields = vec_copy(&fields, p->arena);
	e->field_count = fields.count;
	vec_free(&fields);
	return p->failed ? error_expr(p, open.start) : finish_expr(p, e, height);
}

/*
 * call := IDENT ("::" IDENT)* "(" [expr ("," expr)* ["," | "..."]] ")"
 * Behind the first name.
 */
static const struct expr *parse_call(struct parser *p, struct token name)
{
	struct token last = name;
	while (parser_accept(p, TOKEN_DOUBLE_COLON)) {
		if (parser_peek(p) != TOKEN_IDENT) {
			parser_fail(p, parser_token_range(p, p->tok), "Missing function name",
				    "A function's name must follow \"::\", as in "
				    "provider::aws::arn_parse(...), but here stands %s.",
				    parser_describe_next(p));
			return error_expr(p, name.start);
		}
		last = parser_take(p);
	}
	struct expr *e = new_expr(p, EXPR_CALL, SRC_NOWHERE);
	e->function_range = parser_range_since(p, name.start);
	if (last.start == name.start) {
		e->function = parser_token_text(p, name);
	} else {
		/* Blanks may stand around the colons. */
		const char *text = p->lex.text;
		char *to = arena_alloc_text(p->arena, last.end - name.start + 1);
		e->function = to;
		for (uint32_t i = name.start; i < last.end; i++) {
			if ((unsigned char)text[i] > ' ')
				*to++ = text[i];
		}
		*to = '\0';
	}
	if (parser_peek(p) != TOKEN_OPEN_PAREN) {
		parser_fail(p, parser_token_range(p, p->tok), "Missing parenthesis",
			    "A function's arguments in parentheses must follow its name \"%s\", but here "
			    "stands %s.",
			    e->function, parser_describe_next(p));
		return error_expr(p, name.start);
	}
	struct token open = parser_take(p);
	bool was = skip_newlines(p, false);
	expr_vec args = {0};
	uint32_t height = 0;
	while (!p->failed && parser_peek(p) != TOKEN_CLOSE_PAREN) {
		if (parser_peek(p) == TOKEN_EOF) {
			parser_fail_inside(p, open, "Missing argument", "An argument is expected here.");
			break;
		}
		vec_add(&args, parse_expression(p));
		height = higher(height, args.items[args.count - 1]);
		if (p->failed || parser_peek(p) == TOKEN_CLOSE_PAREN)
			break;
		if (parser_accept(p, TOKEN_ELLIPSIS)) {
			e->expand_last = true;
			if (parser_peek(p) != TOKEN_CLOSE_PAREN)
				parser_fail_inside(p, open, "Missing parenthesis",
						   "Only the last argument can be expanded with \"...\", so "
						   "\")\" must follow, but here stands %s.",
						   parser_describe_next(p));
			break;
		}
		if (!parser_accept(p, TOKEN_COMMA))
			parser_fail_inside(
				p, open, "Missing comma",
				"A function's arguments are separated by commas, but here stands %s.%s",
				parser_describe_next(p), hint_quotes(p));
	}
	parser_accept(p, TOKEN_CLOSE_PAREN);
	p->newlines = was;
	e->args = vec_copy(&args, p->arena);
	e->arg_count = args.count;
	vec_free(&args);
	e->range = parser_range_since(p, name.start);
	return p->failed ? error_expr(p, name.start) : finish_expr(p, e, height);
}

/* paren := "(" expr ")" */
static const struct expr *parse_paren(struct parser *p)
{
	struct token open = parser_take(p);
	bool was = skip_newlines(p, false);
	const struct expr *inside = parse_expression(p);
	if (!p->failed && !parser_accept(p, TOKEN_CLOSE_PAREN))
		parser_fail_inside(
			p, open, "Missing parenthesis",
			"A closing parenthesis or an operator is expected here, but here stands %s.",
			parser_describe_next(p));
	p->newlines = was;
	if (p->failed)
		return error_expr(p, open.start);
	struct expr *e = new_expr(p, EXPR_PAREN, parser_range_since(p, open.start));
	e->on = inside;
	return finish_expr(p, e, inside->height);
}

static const struct expr *parse_number(struct parser *p)
{
	struct token t = parser_take(p);
	struct number number;
	if (p->tok.kind == TOKEN_IDENT && p->tok.start == t.end && !parser_at_word(p, "if")) {
		parser_fail(
			p,
			(struct src_range){parser_token_range(p, t).start, parser_token_range(p, p->tok).end},
			"Invalid number",
			"Numbers are written in decimal digits, without separators and units. If a text is "
			"meant, put it in quotes.");
		return error_expr(p, t.start);
	}
	if (!number_parse(p->arena, p->lex.text + t.start, t.end - t.start, &number)) {
		parser_complain(p, parser_token_range(p, t), "Invalid number",
				"\"%s\" is not a number. Numbers are written like 12, 0.5 or 1e6; anything "
				"else, such as a version or an address, belongs in quotes.",
				parser_token_text(p, t));
		return error_expr(p, t.start);
	}
	struct expr *e = new_expr(p, EXPR_LITERAL, parser_token_range(p, t));
	e->literal = value_number(p->arena, number);
	return e;
}

/* name := IDENT, where true, false and null are literals */
static const struct expr *parse_name(struct parser *p)
{
	struct token t = parser_take(p);
	if (parser_peek(p) == TOKEN_OPEN_PAREN || p->tok.kind == TOKEN_DOUBLE_COLON)
		return parse_call(p, t);
	static const struct {
		const char *word;
		const struct value *value;
	} words[] = {{"true", &value_true}, {"false", &value_false}, {"null", &value_null_any}};
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strlen(words[i].word) == t.end - t.start &&
		    !memcmp(words[i].word, p->lex.text + t.start, t.end - t.start)) {
			struct expr *e = new_expr(p, EXPR_LITERAL, parser_token_range(p, t));
			e->literal = words[i].value;
			return e;
		}
	}
	struct expr *e = new_expr(p, EXPR_NAME, parser_token_range(p, t));
	e->name = parser_token_text(p, t);
	e->name_range = e->range;
	return e;
}

static const struct expr *fail_term(struct parser *p)
{
	struct src_range where = parser_token_range(p, p->tok);
	switch ((int)parser_peek(p)) {
	case TOKEN_INVALID:
		/* The scanner has said what is wrong. Where that may be a misquoted string, it stands for a value. */
		return error_expr(p, parser_take(p).start);
	case TOKEN_EOF:
	case TOKEN_NEWLINE:
		parser_fail(p, where, "Missing expression", "A value is expected here, but here stands %s.%s",
			    parser_describe_next(p),
			    p->tok.kind == TOKEN_EOF ? ""
						     : " A value that shall go over several lines begins on "
						       "the first with an opening parenthesis.");
		break;
	case TOKEN_STAR:
		parser_fail(p, where, "Invalid expression",
			    "A value is expected here, but here stands \"*\".%s",
			    p->tok.start && p->lex.text[p->tok.start - 1] == '*'
				    ? " A power is written as a function: pow(2, 10)."
				    : "");
		break;
	case TOKEN_DOT:
		parser_fail(p, where, "Invalid expression",
			    "A value is expected here, but here stands \".\". Numbers begin with a digit, as "
			    "in 0.5.");
		break;
	case TOKEN_EQUAL:
		parser_fail(p, where, "Invalid expression",
			    "A value is expected here, but here stands another \"=\". Two things are "
			    "compared with \"==\".");
		break;
	default:
		parser_fail(p, where, "Invalid expression", "A value is expected here, but here stands %s.",
			    parser_describe_next(p));
	}
	return error_expr(p, p->tok.start);
}

/* term := NUMBER | name | call | template | heredoc | tuple | object | paren */
static const struct expr *parse_term(struct parser *p)
{
	switch ((int)parser_peek(p)) {
	case TOKEN_NUMBER:
		return parse_number(p);
	case TOKEN_IDENT:
		return parse_name(p);
	case TOKEN_OPEN_QUOTE: {
		struct token open = parser_take(p);
		return parse_template_until(p, open, TOKEN_CLOSE_QUOTE, false);
	}
	case TOKEN_OPEN_HEREDOC: {
		struct token open = parser_take(p);
		return parse_template_until(p, open, TOKEN_CLOSE_HEREDOC, p->lex.text[open.start + 2] == '-');
	}
	case TOKEN_OPEN_BRACKET:
		return parse_tuple(p);
	case TOKEN_OPEN_BRACE:
		return parse_object(p);
	case TOKEN_OPEN_PAREN:
		return parse_paren(p);
	default:
		return fail_term(p);
	}
}

/* ---- what follows a term ---- */

/*
 * legacy := NUMBER without "."
 * The number behind a dot, as in list.0; "0.1" of list.0.1 is one token.
 */
static bool parse_legacy_index(struct parser *p, struct expr *e)
{
	struct token t = p->tok;
	const struct expr *number = parse_number(p);
	e->name = parser_token_text(p, t);
	e->name_range = parser_token_range(p, t);
	e->legacy = true;
	e->key = number;
	if (number->kind != EXPR_LITERAL)
		return false;
	const char *dot = strchr(e->name, '.');
	if (!dot)
		return true;
	parser_complain(p, e->name_range, "Invalid index",
			"Indexes behind dots can't follow on each other. Write them in brackets: [%.*s][%s].",
			(int)(dot - e->name), e->name, dot + 1);
	return false;
}

/* attr := "." (IDENT | legacy); behind the dot. */
static const struct expr *parse_attr(struct parser *p, const struct expr *on, uint32_t start)
{
	struct expr *e = new_expr(p, EXPR_ATTR, SRC_NOWHERE);
	e->on = on;
	if (parser_peek(p) == TOKEN_NUMBER) {
		bool valid = parse_legacy_index(p, e);
		if (!valid)
			return error_expr(p, start);
	} else if (parser_peek(p) == TOKEN_IDENT) {
		struct token t = parser_take(p);
		e->name = parser_token_text(p, t);
		e->name_range = parser_token_range(p, t);
	} else {
		parser_fail(p, parser_token_range(p, p->tok), "Missing attribute name",
			    "The name of an attribute must follow the dot, but here stands %s.%s",
			    parser_describe_next(p),
			    p->tok.kind == TOKEN_OPEN_BRACKET ? " Leave the dot out before an index." : "");
		return error_expr(p, start);
	}
	e->range = parser_range_since(p, start);
	return finish_expr(p, e, on->height);
}

/* attr_splat := "." "*" attr*; behind the star. */
static const struct expr *parse_attr_splat(struct parser *p, const struct expr *on, uint32_t start)
{
	const struct expr *each = new_expr(p, EXPR_SPLAT_ITEM,
					   (struct src_range){src_base(p->lex.src) + p->prev_end - 1,
							      src_base(p->lex.src) + p->prev_end});
	uint32_t each_start = p->prev_end - 1;
	while (!p->failed && parser_accept(p, TOKEN_DOT)) {
		if (parser_peek(p) == TOKEN_STAR)
			parser_fail(p, parser_token_range(p, p->tok), "Nested splat",
				    "A \".*\" can't stand behind another one. Use [*] for the first: "
				    "list[*].inner[*].name.");
		else
			each = parse_attr(p, each, each_start);
	}
	struct expr *e = new_expr(p, EXPR_SPLAT, parser_range_since(p, start));
	e->on = on;
	e->each = each;
	return p->failed ? error_expr(p, start) : finish_expr(p, e, higher(on->height, each));
}

/* full_splat := "[" "*" "]" (attr | index | full_splat)*; behind the star. */
static const struct expr *parse_full_splat(struct parser *p, const struct expr *on, uint32_t start,
					   struct token open)
{
	if (!parser_accept(p, TOKEN_CLOSE_BRACKET)) {
		parser_fail_inside(p, open, "Missing bracket",
				   "The closing bracket must follow right behind the star in \"[*]\".");
		return error_expr(p, start);
	}
	const struct expr *item = new_expr(p, EXPR_SPLAT_ITEM, parser_range_since(p, open.start));
	const struct expr *each = error_expr(p, start);
	if (parser_enter(p))
		each = parse_postfix_of(p, item, open.start);
	parser_leave(p);
	struct expr *e = new_expr(p, EXPR_SPLAT, parser_range_since(p, start));
	e->on = on;
	e->each = each;
	e->full = true;
	return p->failed ? error_expr(p, start) : finish_expr(p, e, higher(on->height, each));
}

/* index := "[" expr "]"; behind the bracket. */
static const struct expr *parse_index(struct parser *p, const struct expr *on, uint32_t start,
				      struct token open)
{
	bool was = skip_newlines(p, false);
	const struct expr *key = parse_expression(p);
	if (!p->failed && !parser_accept(p, TOKEN_CLOSE_BRACKET))
		parser_fail_inside(p, open, "Missing bracket",
				   "A closing bracket must follow the index, but here stands %s.",
				   parser_describe_next(p));
	p->newlines = was;
	if (p->failed)
		return error_expr(p, start);
	struct expr *e = new_expr(p, EXPR_INDEX, parser_range_since(p, start));
	e->on = on;
	e->key = key;
	return finish_expr(p, e, higher(on->height, key));
}

/* (attr | attr_splat | index | full_splat)* */
static const struct expr *parse_postfix_of(struct parser *p, const struct expr *on, uint32_t start)
{
	while (!p->failed) {
		if (parser_accept(p, TOKEN_DOT)) {
			on = parser_accept(p, TOKEN_STAR) ? parse_attr_splat(p, on, start)
							  : parse_attr(p, on, start);
		} else if (parser_peek(p) == TOKEN_OPEN_BRACKET) {
			struct token open = parser_take(p);
			on = parser_accept(p, TOKEN_STAR) ? parse_full_splat(p, on, start, open)
							  : parse_index(p, on, start, open);
		} else {
			break;
		}
	}
	return on;
}

/* unary := ("-" | "!") unary | term postfix* */
static const struct expr *parse_unary(struct parser *p)
{
	enum token_kind kind = parser_peek(p);
	uint32_t start = next_start(p);
	if (kind != TOKEN_MINUS && kind != TOKEN_BANG) {
		const struct expr *term = parse_term(p);
		return p->failed ? term : parse_postfix_of(p, term, start);
	}
	parser_take(p);
	const struct expr *operand = NULL;
	if (parser_enter(p))
		operand = parse_unary(p);
	parser_leave(p);
	if (p->failed || !operand)
		return error_expr(p, start);
	struct expr *e = new_expr(p, EXPR_UNARY, parser_range_since(p, start));
	e->op = kind == TOKEN_MINUS ? OP_NEGATE : OP_NOT;
	e->on = operand;
	return finish_expr(p, e, operand->height);
}

/* ---- operators ---- */

/* A higher priority binds tighter; left below right makes an operator group from the left. */
static const struct operator
{
	enum expr_op op;
	uint8_t left, right;
}
operators[TOKEN_INVALID + 1] = {
	[TOKEN_OR] = {OP_OR, 1, 2},	     [TOKEN_AND] = {OP_AND, 3, 4},
	[TOKEN_EQUAL_EQUAL] = {OP_EQ, 5, 6}, [TOKEN_NOT_EQUAL] = {OP_NE, 5, 6},
	[TOKEN_LESS] = {OP_LT, 7, 8},	     [TOKEN_LESS_EQUAL] = {OP_LE, 7, 8},
	[TOKEN_GREATER] = {OP_GT, 7, 8},     [TOKEN_GREATER_EQUAL] = {OP_GE, 7, 8},
	[TOKEN_PLUS] = {OP_ADD, 9, 10},	     [TOKEN_MINUS] = {OP_SUB, 9, 10},
	[TOKEN_STAR] = {OP_MUL, 11, 12},     [TOKEN_SLASH] = {OP_DIV, 11, 12},
	[TOKEN_PERCENT] = {OP_MOD, 11, 12},
};

/*
 * binary := unary (operator binary)*
 * where only operators with a left priority of at least `limit` are taken.
 */
static const struct expr *parse_binary(struct parser *p, unsigned limit)
{
	const struct expr *left = parse_unary(p);
	while (!p->failed) {
		const struct operator* operator= & operators[parser_peek(p)];
		if (!operator->left || operator->left<limit)
			break;
		parser_take(p);
		const struct expr *right = parse_binary(p, operator->right);
		if (p->failed)
			break;
		struct expr *e = new_expr(p, EXPR_BINARY, src_range_join(left->range, right->range));
		e->op = operator->op;
		e->left = left;
		e->right = right;
		left = finish_expr(p, e, higher(left->height, right));
	}
	return p->failed ? error_expr(p, start_of(p, left)) : left;
}

/* expr := binary ["?" expr ":" expr] */
const struct expr *parse_expression(struct parser *p)
{
	const struct expr *result;
	uint32_t start = next_start(p);
	if (!parser_enter(p)) {
		parser_leave(p);
		return error_expr(p, start);
	}
	result = parse_binary(p, 1);
	if (!p->failed && parser_peek(p) == TOKEN_QUESTION) {
		struct token question = parser_take(p);
		struct expr *e = new_expr(p, EXPR_CONDITIONAL, SRC_NOWHERE);
		e->condition = result;
		e->left = parse_expression(p);
		if (!p->failed && !parser_accept(p, TOKEN_COLON)) {
			struct diag *diag = parser_fail(
				p, parser_token_range(p, p->tok), "Missing second result",
				"A condition chooses between two results, \"condition ? one : other\". The "
				"colon and the second result are missing before %s.%s",
				parser_describe_next(p),
				p->tok.kind == TOKEN_NEWLINE
					? " To go on with the next line, put the whole in parentheses."
					: "");
			parser_note(p, diag, parser_token_range(p, question),
				    "The question mark stands here.");
		}
		if (!p->failed)
			e->right = parse_expression(p);
		e->range = parser_range_since(p, start);
		result = p->failed ? error_expr(p, start)
				   : finish_expr(p, e,
						 higher(higher(higher(0, e->condition), e->left), e->right));
	}
	parser_leave(p);
	return result;
}
