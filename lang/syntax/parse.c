/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies, arguments and blocks; and how reading goes on behind a mistake. */
#include "lang/syntax/syntax_internal.h"

#include "base/map.h"

#include <string.h>

/* A file with more mistakes than this is something else than a plan file. */
enum { MOST_ERRORS = 100 };

typedef VEC(struct attribute) attr_vec;
typedef VEC(struct block) block_vec;

static void parser_init(struct parser *p, struct arena *arena, const struct src *src, struct diags *diags,
			bool bare)
{
	*p = (struct parser){
		.arena = arena, .diags = diags, .newlines = true, .first_error = diags->error_count};
	lex_init(&p->lex, src, diags, bare);
	do
		p->tok = lex_next(&p->lex);
	while (p->tok.kind == TOKEN_COMMENT);
}

static void parser_release(struct parser *p)
{
	lex_release(&p->lex);
}

/* ---- recovery ---- */

static enum token_kind opener_of(enum token_kind kind)
{
	switch ((int)kind) {
	case TOKEN_CLOSE_BRACE:
		return TOKEN_OPEN_BRACE;
	case TOKEN_CLOSE_BRACKET:
		return TOKEN_OPEN_BRACKET;
	case TOKEN_CLOSE_PAREN:
		return TOKEN_OPEN_PAREN;
	default:
		return TOKEN_EOF;
	}
}

/*
 * Looks for the end of the item that begins at `start`, supposing that all its brackets are closed:
 * the newline or the parent's brace outside of all. False where they are not.
 */
static bool skip_balanced(struct parser *p, uint32_t start)
{
	VEC(enum token_kind) open = {0};
	bool found = false, lost = false;
	uint32_t indent = lex_indent(&p->lex, start);
	uint32_t seen = start, line_indent = indent; /* of the line that `seen` is in */
	lex_seek(&p->lex, start);
	while (!found && !lost) {
		struct token t = lex_next(&p->lex);
		const char *newline = t.start > seen ? memrchr(p->lex.text + seen, '\n', t.start - seen) : NULL;
		if (newline)
			line_indent = lex_indent(&p->lex, (uint32_t)(newline + 1 - p->lex.text));
		seen = t.start;
		switch ((int)t.kind) {
		case TOKEN_OPEN_BRACE:
		case TOKEN_OPEN_BRACKET:
		case TOKEN_OPEN_PAREN:
			vec_add(&open, t.kind);
			break;
		case TOKEN_CLOSE_BRACE:
		case TOKEN_CLOSE_BRACKET:
		case TOKEN_CLOSE_PAREN:
			if (!open.count && t.kind == TOKEN_CLOSE_BRACE) {
				lex_seek(&p->lex, t.start);
				found = true;
			} else if (!open.count) {
				break; /* one too many: skipped with the rest of its line */
			} else if (vec_pop(&open) != opener_of(t.kind) || line_indent < indent) {
				lost = true;
			}
			break;
		case TOKEN_NEWLINE:
			found = !open.count && p->lex.frames.count == 1;
			break;
		case TOKEN_EOF:
			found = !open.count;
			lost = !found;
			break;
		}
		/* Nothing that deep is worth the search. */
		if (p->lex.broken || open.count + p->lex.frames.count > 4UL * PARSE_DEPTH_LIMIT)
			lost = true;
	}
	vec_free(&open);
	return found && !lost;
}

/*
 * Puts the parser behind the item that begins at `start`. Where brackets or quotes are not in
 * order, the next line that is indented no deeper and looks like an item or a closing brace is
 * taken for the next one.
 */
static void skip_item(struct parser *p, uint32_t start)
{
	p->lex.muted = true;
	uint32_t resume = p->lex.heredoc_resume;
	if (resume || !skip_balanced(p, start)) {
		uint32_t indent = lex_indent(&p->lex, start);
		uint32_t line = resume ? resume : lex_next_line(&p->lex, start);
		while (line < p->lex.len) {
			uint32_t here = lex_indent(&p->lex, line), first = line + here;
			if (here <= indent && (lex_looks_like_item(&p->lex, first) ||
					       (p->lex.text[first] == '}' && here < indent)))
				break;
			line = lex_next_line(&p->lex, line);
		}
		lex_seek(&p->lex, line);
	}
	lex_unmute(&p->lex);
	if (p->diags->error_count - p->first_error >= MOST_ERRORS) {
		diag_error(p->diags, parser_token_range(p, p->tok), "Too many mistakes",
			   "The rest of this file was not read.");
		p->lex.muted = true;
		lex_seek(&p->lex, p->lex.len);
	}
	p->failed = false;
	p->after_mistake = true;
	p->newlines = true;
	do
		p->tok = lex_next(&p->lex);
	while (p->tok.kind == TOKEN_COMMENT);
}

/* ---- arguments ---- */

static bool ends_item(enum token_kind kind)
{
	return kind == TOKEN_NEWLINE || kind == TOKEN_EOF;
}

/* What was likely meant, when a value is complete but its line goes on. */
static const char *hint_after_value(struct parser *p, const struct expr *value)
{
	bool adjacent = p->tok.start == p->prev_end;
	char last = p->prev_end ? p->lex.text[p->prev_end - 1] : '\0';
	if (parser_at_word(p, "and"))
		return " Logical and is written \"&&\".";
	if (parser_at_word(p, "or"))
		return " Logical or is written \"||\".";
	if (value->kind == EXPR_NAME && !strcmp(value->name, "not"))
		return " Logical not is written \"!\".";
	if (value->kind == EXPR_NAME && !strcmp(value->name, "for"))
		return " A loop stands in brackets, [for ... : ...], or in braces.";
	if (adjacent && last == '"')
		return " A quote (\") may be missing, or one too many, before it.";
	if (p->tok.kind == TOKEN_OPEN_QUOTE && last == '"')
		return " Texts are joined inside of one string: \"one${two}\".";
	if (p->tok.kind == TOKEN_OPEN_PAREN)
		return " Only functions can be called, by their names alone.";
	if (value->kind == EXPR_NAME &&
	    (p->tok.kind == TOKEN_IDENT || p->tok.kind == TOKEN_NUMBER || p->tok.kind == TOKEN_COLON))
		return " If a text is meant, put it in quotes.";
	return "";
}

static void fail_after_value(struct parser *p, struct token name, const struct expr *value)
{
	struct src_range where = parser_token_range(p, p->tok);
	switch ((int)parser_peek(p)) {
	case TOKEN_COMMA:
		parser_fail(p, where, "Unexpected comma",
			    "Arguments stand on lines of their own, without commas between them. (Commas "
			    "separate the members of lists and objects.)");
		break;
	case TOKEN_CLOSE_BRACE:
		parser_fail(p, where, "Missing newline",
			    "The brace that closes a block of several lines stands on a line of its own.");
		break;
	case TOKEN_CLOSE_BRACKET:
	case TOKEN_CLOSE_PAREN:
		parser_fail(p, where, "Unexpected bracket", "This %s closes nothing.",
			    parser_describe_next(p));
		break;
	case TOKEN_OPEN_BRACE:
		parser_fail(p, where, "Missing newline",
			    "An argument ends with its line, but behind this value stands \"{\". A block is "
			    "written without an equals sign.");
		break;
	default:
		parser_fail(
			p, where, "Missing newline",
			"The value of \"%s\" is complete here and its line should end, but here stands %s.%s",
			parser_token_text(p, name), parser_describe_next(p), hint_after_value(p, value));
	}
}

/* attribute := IDENT "=" expr NEWLINE; the newline is left to the caller. */
static struct attribute parse_attribute(struct parser *p, struct token name)
{
	struct attribute attr = {.name = parser_token_text(p, name),
				 .name_range = parser_token_range(p, name)};
	parser_take(p); /* = or what was complained of instead */
	attr.expr = parse_expression(p);
	attr.range = parser_range_since(p, name.start);
	return attr;
}

/* ---- blocks ---- */

static void parse_body(struct parser *p, struct body *body, const struct token *open);

/* What was found instead of a label or a brace. True when the body can be read nevertheless. */
static bool mend_header(struct parser *p, struct token type, size_t label_count)
{
	struct src_range where = parser_token_range(p, p->tok);
	struct diag *diag;
	switch ((int)parser_peek(p)) {
	case TOKEN_EQUAL:
		parser_complain(p, where, "Invalid block",
				"An equals sign gives a value to an argument; a block has labels and braces, "
				"and no equals sign between them.");
		parser_take(p);
		if (parser_peek(p) == TOKEN_OPEN_BRACE)
			return true;
		p->failed = true;
		return false;
	case TOKEN_NEWLINE:
	case TOKEN_EOF:
		while (parser_accept(p, TOKEN_NEWLINE))
			;
		if (parser_peek(p) == TOKEN_OPEN_BRACE) {
			diag = parser_complain(p, parser_token_range(p, type), "Invalid block",
					       "The opening brace of a block must stand on the same line as "
					       "its type and labels.");
			parser_note(p, diag, parser_token_range(p, p->tok), "The opening brace stands here.");
			return true;
		}
		diag = parser_fail(
			p, where, "Invalid block", "A block needs a body in braces, which is missing here.%s",
			label_count == 1
				? " To set an argument, put an equals sign between its name and value."
				: "");
		parser_note(p, diag, parser_token_range(p, type), "The block begins here.");
		return false;
	case TOKEN_OPEN_HEREDOC:
		parser_fail(p, where, "Invalid block",
			    "A label must be a quoted string or a name, not a heredoc.");
		return false;
	case TOKEN_DOT:
		parser_fail(p, where, "Invalid block",
			    "The labels of a block are separated by blanks, not by dots: \"%s\" \"TYPE\" "
			    "\"NAME\" {.",
			    parser_token_text(p, type));
		return false;
	case TOKEN_COMMA:
		parser_fail(p, where, "Invalid block",
			    "The labels of a block are separated by blanks, not by commas.");
		return false;
	default:
		parser_fail(p, where, "Invalid block",
			    "A label or an opening brace is expected here, but here stands %s.",
			    parser_describe_next(p));
		return false;
	}
}

/* one_line := "{" [IDENT "=" expr] "}"; behind the brace, with something other than a newline there. */
static void parse_one_line_body(struct parser *p, struct body *body, struct token open)
{
	struct token name = p->tok;
	if (parser_peek(p) != TOKEN_IDENT) {
		parser_fail(p, parser_token_range(p, p->tok), "Invalid one-line block",
			    "An argument is expected here, but here stands %s.", parser_describe_next(p));
		return;
	}
	parser_take(p);
	if (parser_peek(p) != TOKEN_EQUAL) {
		bool inner = p->tok.kind == TOKEN_OPEN_BRACE || p->tok.kind == TOKEN_OPEN_QUOTE ||
			     p->tok.kind == TOKEN_IDENT;
		parser_fail(p, parser_token_range(p, inner ? name : p->tok), "Invalid one-line block",
			    inner ? "A block on one line holds a single argument. Put the inner block on "
				    "lines of its own."
				  : "An equals sign and a value must follow the argument's name, but here "
				    "stands %s.",
			    parser_describe_next(p));
		return;
	}
	struct attribute attr = parse_attribute(p, name);
	if (!p->failed && parser_peek(p) != TOKEN_CLOSE_BRACE) {
		static const char how[] =
			"A block on one line holds a single argument and ends with \"}\" right behind it, "
			"but here stands %s. Write each argument on a line of its own, and the brace below.";
		if (p->tok.kind == TOKEN_EOF)
			parser_fail_inside(p, open, "Unclosed bracket", how, parser_describe_next(p));
		else
			parser_fail(p, parser_token_range(p, p->tok), "Invalid one-line block", how,
				    parser_describe_next(p));
	}
	if (p->failed)
		return;
	body->attrs = arena_memdup(p->arena, &attr, sizeof(attr));
	body->attr_count = 1;
	body->end = parser_token_range(p, parser_take(p));
	body->range = parser_range_since(p, open.start);
}

/*
 * block := IDENT (STRING | IDENT)* "{" (NEWLINE body | one_line) "}" NEWLINE
 * Behind the first name; the last newline is left to the caller.
 */
static struct block parse_block(struct parser *p, struct token type)
{
	struct block block = {.type = parser_token_text(p, type), .type_range = parser_token_range(p, type)};
	struct body *body = arena_new_of(p->arena, struct body);
	VEC(struct block_label) labels = {0};
	bool ready = false;
	while (!ready && !p->failed) {
		struct block_label label = {0};
		switch ((int)parser_peek(p)) {
		case TOKEN_OPEN_QUOTE:
			label.text = parse_plain_string(p, &label.range);
			vec_add(&labels, label);
			break;
		case TOKEN_IDENT:
			label.range = parser_token_range(p, p->tok);
			label.text = parser_token_text(p, parser_take(p));
			vec_add(&labels, label);
			break;
		case TOKEN_OPEN_BRACE:
			ready = true;
			break;
		default:
			block.header_range = parser_range_since(p, type.start);
			ready = mend_header(p, type, labels.count);
		}
	}
	if (src_range_is_empty(block.header_range))
		block.header_range = parser_range_since(p, type.start);
	block.labels = vec_copy(&labels, p->arena);
	block.label_count = labels.count;
	vec_free(&labels);
	block.body = body;
	body->range = body->end = block.header_range;
	if (ready && parser_enter(p)) {
		struct token open = parser_take(p);
		if (ends_item(parser_peek(p)) || p->tok.kind == TOKEN_CLOSE_BRACE)
			parse_body(p, body, &open);
		else
			parse_one_line_body(p, body, open);
	}
	if (ready)
		parser_leave(p);
	block.range = parser_range_since(p, type.start);
	return block;
}

/* ---- bodies ---- */

struct items {
	attr_vec attrs;
	block_vec blocks;
	struct map names; /* of attrs, by their name */
};

static void add_attribute(struct parser *p, struct items *items, struct attribute attr)
{
	struct src_range *first = map_find(&items->names, attr.name);
	if (first) {
		struct diag *diag = parser_complain(p, attr.name_range, "Argument set twice",
						    "The argument \"%s\" is set here for the second time in "
						    "the same block. Remove one of the two.",
						    attr.name);
		parser_note(p, diag, *first, "Set here first.");
		return;
	}
	map_put(&items->names, attr.name, arena_memdup(p->arena, &attr.name_range, sizeof(attr.name_range)));
	vec_add(&items->attrs, attr);
}

static void fail_item(struct parser *p, struct token name)
{
	const char *word = parser_token_text(p, name);
	switch ((int)parser_peek(p)) {
	case TOKEN_NEWLINE:
	case TOKEN_EOF:
	case TOKEN_CLOSE_BRACE:
		parser_fail(p, parser_token_range(p, name), "Missing value",
			    "A name alone says nothing. An argument is written \"%s = value\", a block \"%s "
			    "{ ... }\".",
			    word, word);
		break;
	case TOKEN_DOT:
	case TOKEN_OPEN_BRACKET:
		parser_fail(p, parser_token_range(p, name), "Invalid argument name",
			    "The name of an argument is a single word; members inside it can't be set on "
			    "their own. Give the whole value, as in \"%s = { ... }\".",
			    word);
		break;
	case TOKEN_OPEN_PAREN:
		parser_fail(p, parser_token_range(p, name), "Invalid argument",
			    "A function can't be called here, outside of an argument's value.");
		break;
	default:
		parser_fail(p, parser_token_range(p, p->tok), "Invalid argument or block",
			    "Behind the name \"%s\" an equals sign and a value must follow (for an "
			    "argument), or labels and an opening brace (for a block), but here stands %s.",
			    word, parser_describe_next(p));
	}
}

/* ":", ":=", "==" and "=>" where "=" was meant: said, and read as if it were. */
static bool mend_equals(struct parser *p)
{
	struct token t = p->tok;
	if (t.kind != TOKEN_COLON && t.kind != TOKEN_EQUAL_EQUAL && t.kind != TOKEN_FAT_ARROW)
		return false;
	bool walrus = t.kind == TOKEN_COLON && p->lex.text[t.end] == '=';
	parser_complain(p, parser_token_range(p, t), "Missing equals sign",
			"An argument's name and value are separated by \"=\", not by \"%s\".",
			walrus ? ":=" : parser_token_text(p, t));
	if (walrus)
		parser_take(p);
	return true;
}

/* "locals", newline, "{": the brace of a block without labels on the next line. */
static bool brace_on_next_line(const struct parser *p)
{
	const char *text = p->lex.text + p->tok.start;
	return p->tok.kind == TOKEN_NEWLINE && text[strspn(text, " \t\r\n")] == '{';
}

/* item := attribute | block */
static void parse_item(struct parser *p, struct items *items)
{
	struct token name = parser_take(p);
	enum token_kind next = parser_peek(p);
	p->after_mistake = false;
	bool attribute = next == TOKEN_EQUAL || mend_equals(p);
	if (attribute) {
		struct attribute attr = parse_attribute(p, name);
		if (!p->failed && !ends_item(parser_peek(p)))
			fail_after_value(p, name, attr.expr);
		add_attribute(p, items, attr);
	} else if (next == TOKEN_OPEN_QUOTE || next == TOKEN_OPEN_BRACE || next == TOKEN_IDENT ||
		   brace_on_next_line(p)) {
		struct block block = parse_block(p, name);
		vec_add(&items->blocks, block);
		if (!p->failed && !ends_item(parser_peek(p)))
			parser_fail(p, parser_token_range(p, p->tok), "Missing newline",
				    "Behind the brace that closes a block its line should end, but here "
				    "stands %s.",
				    parser_describe_next(p));
	} else {
		fail_item(p, name);
	}
	if (p->failed || p->lex.broken) {
		skip_item(p, name.start);
	} else {
		/* Before the next item's first token is read, which may be reported itself. */
		lex_unmute(&p->lex);
		parser_accept(p, TOKEN_NEWLINE);
	}
}

static void fail_no_item(struct parser *p)
{
	struct src_range where = parser_token_range(p, p->tok);
	if (p->after_mistake) {
		/* Likely the rest of what could not be understood before. */
		p->failed = true;
		return;
	}
	switch ((int)parser_peek(p)) {
	case TOKEN_CLOSE_BRACE:
		parser_fail(p, where, "Unexpected brace",
			    "There is no open block that this brace could close.");
		break;
	case TOKEN_OPEN_QUOTE:
		parser_fail(p, where, "Invalid argument name",
			    "An argument or a block is expected here. Names of arguments and types of blocks "
			    "are written without quotes.");
		break;
	case TOKEN_OPEN_BRACE:
		parser_fail(p, where, "Missing block type",
			    "A block begins with its type and labels, before the brace.");
		break;
	case TOKEN_OR:
	case TOKEN_AND:
	case TOKEN_EQUAL_EQUAL:
	case TOKEN_NOT_EQUAL:
	case TOKEN_PLUS:
	case TOKEN_MINUS:
	case TOKEN_QUESTION:
	case TOKEN_COLON:
	case TOKEN_DOT:
	case TOKEN_OPEN_PAREN:
		parser_fail(p, where, "Invalid argument or block",
			    "An argument or a block can't begin with %s. If this continues the value of the "
			    "line before, put that whole value in parentheses: only inside of brackets can "
			    "it go over several lines.",
			    parser_describe_next(p));
		break;
	default:
		parser_fail(p, where, "Invalid argument or block",
			    "An argument (\"name = value\") or a block (\"type { ... }\") is expected here, "
			    "but here stands %s.",
			    parser_describe_next(p));
	}
}

/* Does the next token, a bracket of another kind, stand where the block's brace should? */
static bool closes_by_indentation(const struct parser *p, struct token open)
{
	return lex_indent(&p->lex, p->tok.start) == lex_indent(&p->lex, open.start);
}

/* At the end of the file. Indentation tells which block was most likely left open. */
static void complain_unclosed(struct parser *p, struct token open)
{
	if (p->unclosed_reported)
		return;
	p->unclosed_reported = true;
	if (!p->misplaced_brace.end) {
		parser_complain(p, parser_token_range(p, open), "Unclosed block",
				"There is no closing brace for this block before the end of the file.");
		return;
	}
	struct diag *diag = parser_complain(p, parser_token_range(p, p->misplaced_open), "Unclosed block",
					    "A closing brace is missing before the end of the file. By the "
					    "indentation it is this brace that was not closed.");
	parser_note(p, diag, parser_token_range(p, p->misplaced_brace),
		    "The next closing brace stands here.");
}

/*
 * body := (NEWLINE | item)*
 * To the end of the file, or behind the brace that closes `open`.
 */
static void parse_body(struct parser *p, struct body *body, const struct token *open)
{
	struct items items = {.names = MAP_INIT};
	uint32_t start = open ? open->start : p->tok.start;
	bool was = p->newlines;
	p->newlines = true;
	for (bool more = true; more;) {
		parser_peek(p);
		struct token next = p->tok;
		switch ((int)next.kind) {
		case TOKEN_NEWLINE:
			/* An empty line: what follows is a matter of its own. */
			p->after_mistake = false;
			parser_take(p);
			break;
		case TOKEN_IDENT:
			parse_item(p, &items);
			break;
		case TOKEN_EOF:
			if (open)
				complain_unclosed(p, *open);
			more = false;
			break;
		case TOKEN_CLOSE_BRACE:
		case TOKEN_CLOSE_BRACKET:
		case TOKEN_CLOSE_PAREN:
			if (open && (next.kind == TOKEN_CLOSE_BRACE || closes_by_indentation(p, *open))) {
				if (next.kind != TOKEN_CLOSE_BRACE)
					parser_complain(
						p, parser_token_range(p, next), "Wrong bracket",
						"A block is closed by a brace (}), but here stands %s.",
						parser_describe_next(p));
				parser_close_brace(p, *open);
				p->after_mistake = false;
				more = false;
				break;
			}
			/* fall through */
		default:
			fail_no_item(p);
			if (next.kind == TOKEN_CLOSE_BRACE)
				parser_take(p);
			skip_item(p, next.kind == TOKEN_CLOSE_BRACE ? next.end : next.start);
		}
	}
	p->newlines = was;
	uint32_t end = p->tok.kind == TOKEN_EOF && !open ? p->tok.end : p->prev_end;
	uint32_t base = src_base(p->lex.src);
	body->attrs = vec_copy(&items.attrs, p->arena);
	body->attr_count = items.attrs.count;
	body->blocks = vec_copy(&items.blocks, p->arena);
	body->block_count = items.blocks.count;
	body->range = (struct src_range){base + start, base + end};
	body->end = (struct src_range){base + (open && end > start ? end - 1 : end), base + end};
	vec_free(&items.attrs);
	vec_free(&items.blocks);
	map_release(&items.names);
}

const struct body *parse_file(struct arena *arena, const struct src *src, struct diags *diags)
{
	struct parser p;
	parser_init(&p, arena, src, diags, false);
	struct body *body = arena_new_of(arena, struct body);
	parse_body(&p, body, NULL);
	parser_release(&p);
	return body;
}

const struct expr *parse_expr(struct arena *arena, const struct src *src, struct diags *diags)
{
	struct parser p;
	parser_init(&p, arena, src, diags, false);
	p.newlines = false;
	const struct expr *e = parse_expression(&p);
	if (!p.failed && parser_peek(&p) != TOKEN_EOF) {
		parser_fail(&p, parser_token_range(&p, p.tok), "Extra characters after an expression",
			    "The expression is complete here, but %s follows.", parser_describe_next(&p));
		e = error_expr(&p, 0);
	}
	parser_release(&p);
	return e;
}

const struct expr *parse_template(struct arena *arena, const struct src *src, struct diags *diags)
{
	struct parser p;
	parser_init(&p, arena, src, diags, true);
	const struct expr *e = parse_template_until(&p, (struct token){TOKEN_TEXT, 0, 0}, TOKEN_EOF, false);
	parser_release(&p);
	return e;
}

const struct attribute *body_find_attr(const struct body *body, const char *name)
{
	for (size_t i = 0; i < body->attr_count; i++) {
		if (!strcmp(body->attrs[i].name, name))
			return &body->attrs[i];
	}
	return NULL;
}
