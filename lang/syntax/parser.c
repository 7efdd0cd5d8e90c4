/* SPDX-License-Identifier: Apache-2.0 */
/* What all parts of the parser use: reading tokens, reporting, making nodes. */
#include "lang/syntax/syntax_internal.h"

#include <string.h>

/* ---- tokens ---- */

static void fetch(struct parser *p)
{
	do
		p->tok = lex_next(&p->lex);
	while (p->tok.kind == TOKEN_COMMENT);
}

enum token_kind parser_peek(struct parser *p)
{
	while (p->tok.kind == TOKEN_NEWLINE && !p->newlines)
		fetch(p);
	return p->tok.kind;
}

struct token parser_take(struct parser *p)
{
	parser_peek(p);
	struct token t = p->tok;
	p->prev_end = t.end;
	if (t.kind != TOKEN_EOF)
		fetch(p);
	return t;
}

bool parser_accept(struct parser *p, enum token_kind kind)
{
	if (parser_peek(p) != kind)
		return false;
	parser_take(p);
	return true;
}

void parser_close_brace(struct parser *p, struct token open)
{
	if (!p->misplaced_brace.end && lex_indent(&p->lex, p->tok.start) < lex_indent(&p->lex, open.start)) {
		p->misplaced_brace = p->tok;
		p->misplaced_open = open;
	}
	parser_take(p);
}

bool parser_at_word(struct parser *p, const char *word)
{
	return parser_peek(p) == TOKEN_IDENT && p->tok.end - p->tok.start == strlen(word) &&
	       !memcmp(p->lex.text + p->tok.start, word, p->tok.end - p->tok.start);
}

struct src_range parser_token_range(const struct parser *p, struct token t)
{
	uint32_t base = src_base(p->lex.src);
	return (struct src_range){base + t.start, base + t.end};
}

struct src_range parser_range_since(const struct parser *p, uint32_t start)
{
	uint32_t base = src_base(p->lex.src);
	return (struct src_range){base + start, base + (p->prev_end > start ? p->prev_end : start)};
}

char *parser_token_text(struct parser *p, struct token t)
{
	return arena_strndup(p->arena, p->lex.text + t.start, t.end - t.start);
}

const char *parser_describe_next(struct parser *p)
{
	enum { LONGEST = 40 };
	parser_peek(p);
	switch ((int)p->tok.kind) {
	case TOKEN_EOF:
		return "the end of the file";
	case TOKEN_NEWLINE:
		return "the end of the line";
	case TOKEN_OPEN_QUOTE:
		return "a string";
	case TOKEN_OPEN_HEREDOC:
		return "a heredoc";
	case TOKEN_QUOTED_TEXT:
	case TOKEN_TEXT:
		return "text";
	case TOKEN_CLOSE_QUOTE:
		return "the end of the string";
	case TOKEN_CLOSE_HEREDOC:
		return "the end of the heredoc";
	default:
		if (p->tok.end - p->tok.start > LONGEST)
			return "a long word";
		return arena_printf(p->arena, "\"%s\"", parser_token_text(p, p->tok));
	}
}

/* ---- reporting ---- */

PRINTF_LIKE(4, 0)
static struct diag *add(struct parser *p, struct src_range where, const char *summary, const char *detail,
			va_list args)
{
	return diag_error(p->diags, where, summary, "%s", arena_vprintf(p->arena, detail, args));
}

struct diag *parser_fail(struct parser *p, struct src_range where, const char *summary, const char *detail,
			 ...)
{
	struct diag *diag = NULL;
	if (!p->failed && !p->lex.muted) {
		va_list args;
		va_start(args, detail);
		diag = add(p, where, summary, detail, args);
		va_end(args);
	}
	p->failed = true;
	p->lex.muted = true;
	return diag;
}

struct diag *parser_complain(struct parser *p, struct src_range where, const char *summary,
			     const char *detail, ...)
{
	if (p->failed)
		return NULL;
	va_list args;
	va_start(args, detail);
	struct diag *diag = add(p, where, summary, detail, args);
	va_end(args);
	return diag;
}

void parser_note(struct parser *p, struct diag *diag, struct src_range where, const char *text)
{
	if (diag)
		diag_add_note(p->diags, diag, where, "%s", text);
}

static const char *closer_of(struct parser *p, struct token open)
{
	switch ((int)open.kind) {
	case TOKEN_OPEN_BRACE:
	case TOKEN_OPEN_INTERPOLATION:
	case TOKEN_OPEN_DIRECTIVE:
		return "}";
	case TOKEN_OPEN_BRACKET:
		return "]";
	case TOKEN_OPEN_PAREN:
		return ")";
	default:
		bug("\"%s\" opens nothing", parser_token_text(p, open));
	}
}

/* Is the next token the first of its line? */
static bool first_of_line(const struct parser *p)
{
	uint32_t pos = p->tok.start;
	while (pos > 0 && (p->lex.text[pos - 1] == ' ' || p->lex.text[pos - 1] == '\t'))
		pos--;
	return pos == 0 || p->lex.text[pos - 1] == '\n';
}

static enum token_kind closing_kind(enum token_kind open)
{
	switch ((int)open) {
	case TOKEN_OPEN_BRACE:
		return TOKEN_CLOSE_BRACE;
	case TOKEN_OPEN_BRACKET:
		return TOKEN_CLOSE_BRACKET;
	case TOKEN_OPEN_PAREN:
		return TOKEN_CLOSE_PAREN;
	default:
		return TOKEN_CLOSE_SEQUENCE;
	}
}

/*
 * Has a new argument begun within the brackets that `open` opened? Either its name is the next
 * token, or the equals sign behind it is.
 */
static bool item_begins(const struct parser *p, struct token open)
{
	uint32_t indent = lex_indent(&p->lex, p->tok.start), start = p->tok.start;
	if (p->tok.kind == TOKEN_EQUAL) {
		while (start > 0 && p->lex.text[start - 1] != '\n')
			start--;
		start += indent;
	}
	return indent <= lex_indent(&p->lex, open.start) && start > open.start &&
	       (p->tok.kind == TOKEN_EQUAL || first_of_line(p)) && lex_looks_like_item(&p->lex, start);
}

void parser_fail_inside(struct parser *p, struct token open, const char *summary, const char *detail, ...)
{
	enum token_kind next = parser_peek(p);
	if (p->failed || p->lex.muted) {
		p->failed = true;
		return;
	}
	bool sequence = open.kind == TOKEN_OPEN_INTERPOLATION || open.kind == TOKEN_OPEN_DIRECTIVE;
	bool unclosed =
		next == TOKEN_EOF || next == TOKEN_CLOSE_BRACE || next == TOKEN_CLOSE_BRACKET ||
		next == TOKEN_CLOSE_PAREN || next == TOKEN_CLOSE_SEQUENCE || item_begins(p, open) ||
		(sequence && (next == TOKEN_OPEN_QUOTE || next == TOKEN_QUOTED_TEXT || first_of_line(p)));
	if (unclosed && next != closing_kind(open.kind)) {
		const char *closer = closer_of(p, open);
		struct token found = p->tok;
		struct diag *diag = parser_fail(
			p, parser_token_range(p, open),
			sequence ? "Unclosed template sequence" : "Unclosed bracket",
			"There is no \"%s\" that closes this \"%s\" before %s.%s", closer,
			parser_token_text(p, open), parser_describe_next(p),
			open.kind == TOKEN_OPEN_INTERPOLATION
				? " For a \"${\" that shall stand in the text as it is, write \"$${\"."
				: "");
		if (found.kind != TOKEN_EOF)
			parser_note(p, diag, parser_token_range(p, found),
				    arena_printf(p->arena, "\"%s\" is missing before this.", closer));
		return;
	}
	va_list args;
	va_start(args, detail);
	parser_fail(p, parser_token_range(p, p->tok), summary, "%s", arena_vprintf(p->arena, detail, args));
	va_end(args);
}

bool parser_enter(struct parser *p)
{
	if (++p->depth <= PARSE_DEPTH_LIMIT)
		return true;
	parser_peek(p);
	parser_fail(p, parser_token_range(p, p->tok), "Nesting too deep",
		    "Expressions and blocks stand in each other more than %d levels deep here. Give inner "
		    "parts names of their own (locals), and use them.",
		    PARSE_DEPTH_LIMIT);
	return false;
}

void parser_leave(struct parser *p)
{
	p->depth--;
}

/* ---- nodes ---- */

struct expr *new_expr(struct parser *p, enum expr_kind kind, struct src_range range)
{
	struct expr *e = arena_new_of(p->arena, struct expr);
	e->kind = kind;
	e->range = range;
	e->height = 1;
	return e;
}

const struct expr *error_expr(struct parser *p, uint32_t start)
{
	return new_expr(p, EXPR_ERROR, parser_range_since(p, start));
}

const struct expr *finish_expr(struct parser *p, struct expr *e, uint32_t height_of_parts)
{
	e->height = height_of_parts + 1;
	if (e->height <= EXPR_HEIGHT_LIMIT)
		return e;
	parser_fail(p, e->range, "Expression too long",
		    "More than %d operators, indexes or attributes follow on each other here. Give parts of "
		    "this expression names of their own (locals), and use them.",
		    EXPR_HEIGHT_LIMIT);
	return new_expr(p, EXPR_ERROR, e->range);
}
