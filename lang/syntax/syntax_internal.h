/* SPDX-License-Identifier: Apache-2.0 */
/* What the parser's files share: the state of one parse, reading tokens, and reporting. */
#pragma once

#include "lang/syntax/lex.h"
#include "lang/syntax/parse.h"

/* Brackets, blocks, templates and operands within each other. */
enum { PARSE_DEPTH_LIMIT = 250 };

struct parser {
	struct arena *arena;
	struct lexer lex;
	struct diags *diags;
	struct token tok; /* the next one */
	uint32_t prev_end; /* of the last token that was read */
	bool newlines;     /* newlines are tokens; otherwise they are skipped */
	/*
	 * A mistake was found in the current item (argument or block header): nothing more is reported
	 * or understood until the item's end, which parse_body() looks for.
	 */
	bool failed;
	/* Nothing was understood since a mistake: what comes may still belong to it. */
	bool after_mistake;
	unsigned depth;
	size_t first_error; /* errors that were there before */
	/* The first closing brace that is indented less than the block it closes, and that block's opening one. */
	struct token misplaced_brace, misplaced_open;
	bool unclosed_reported;
};

/* ---- tokens ---- */

/* The kind of the next token; newlines count as p->newlines says. */
enum token_kind parser_peek(struct parser *p);
/* Reads the next token. */
struct token parser_take(struct parser *p);
/* Reads it if it is of this kind. */
bool parser_accept(struct parser *p, enum token_kind kind);
/* Reads the brace that closes `open`; keeps in mind where indentation says it should close another. */
void parser_close_brace(struct parser *p, struct token open);
bool parser_at_word(struct parser *p, const char *word);
struct src_range parser_token_range(const struct parser *p, struct token t);
/* From a token's start to the end of what was read last. */
struct src_range parser_range_since(const struct parser *p, uint32_t start);
char *parser_token_text(struct parser *p, struct token t);
/* For messages: "}" or the end of the line. */
const char *parser_describe_next(struct parser *p);

/* ---- reporting ---- */

/* The item can't be understood. Reported unless something in it was before; NULL if not reported. */
struct diag *parser_fail(struct parser *p, struct src_range where, const char *summary, const char *detail, ...)
	PRINTF_LIKE(4, 5);
/* A mistake behind which reading can go on. */
struct diag *parser_complain(struct parser *p, struct src_range where, const char *summary, const char *detail, ...)
	PRINTF_LIKE(4, 5);
void parser_note(struct parser *p, struct diag *diag, struct src_range where, const char *text);
/*
 * The next token is not what may follow inside `open` ("(", "[", "{", "${"). Says that `open` is not
 * closed when that is the likely cause, otherwise `summary` and `detail` at the next token.
 */
void parser_fail_inside(struct parser *p, struct token open, const char *summary, const char *detail, ...) PRINTF_LIKE(4, 5);
/* False, with a diagnostic, when nested too deeply; parser_leave() undoes it. */
bool parser_enter(struct parser *p);
void parser_leave(struct parser *p);

/* ---- the grammar's parts ---- */

const struct expr *parse_expression(struct parser *p);
/* What stands behind "for" up to and with "in"; key is NULL with one name. False after an error. */
bool parse_for_names(struct parser *p, const char **key, const char **value);
/* Behind the opening token, to the token of kind `close`, which is read too. */
const struct expr *parse_template_until(struct parser *p, struct token open, enum token_kind close, bool flush);
/* A quoted string without sequences, such as a block label. */
const char *parse_plain_string(struct parser *p, struct src_range *range);

struct expr *new_expr(struct parser *p, enum expr_kind kind, struct src_range range);
const struct expr *error_expr(struct parser *p, uint32_t start);
/* Sets the height from the parts; an EXPR_ERROR, with a diagnostic, when it is too high. */
const struct expr *finish_expr(struct parser *p, struct expr *e, uint32_t height_of_parts);
static inline uint32_t higher(uint32_t a, const struct expr *b)
{
	return b && b->height > a ? b->height : a;
}
