/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From text to tokens, one at a time. The scanner keeps a stack of modes, because what a character
 * means depends on where it stands: in a quoted string, a heredoc, a ${ } sequence, or outside.
 *
 * What cannot be a token is reported here, once for each stretch between two lex_unmute(), and
 * comes as TOKEN_INVALID.
 */
#pragma once

#include "base/diag.h"
#include "base/vec.h"

enum token_kind {
	TOKEN_EOF,
	TOKEN_NEWLINE,
	TOKEN_COMMENT, /* without the newline that ends a # or // comment */
	TOKEN_IDENT,
	TOKEN_NUMBER,
	TOKEN_OPEN_QUOTE,
	TOKEN_CLOSE_QUOTE,
	TOKEN_QUOTED_TEXT,    /* a piece of a quoted string, escapes as written */
	TOKEN_OPEN_HEREDOC,   /* <<EOT or <<-EOT with its newline */
	TOKEN_CLOSE_HEREDOC,  /* the marker with the blanks around it, without its newline */
	TOKEN_TEXT,           /* a piece of a heredoc or bare template: at most one line, with its newline */
	TOKEN_OPEN_INTERPOLATION, /* ${ or ${~ */
	TOKEN_OPEN_DIRECTIVE,     /* %{ or %{~ */
	TOKEN_CLOSE_SEQUENCE,     /* } or ~} */
	TOKEN_OPEN_BRACE,
	TOKEN_CLOSE_BRACE,
	TOKEN_OPEN_BRACKET,
	TOKEN_CLOSE_BRACKET,
	TOKEN_OPEN_PAREN,
	TOKEN_CLOSE_PAREN,
	TOKEN_EQUAL,
	TOKEN_COLON,
	TOKEN_DOUBLE_COLON,
	TOKEN_COMMA,
	TOKEN_DOT,
	TOKEN_ELLIPSIS,
	TOKEN_FAT_ARROW,
	TOKEN_QUESTION,
	TOKEN_BANG,
	TOKEN_OR,
	TOKEN_AND,
	TOKEN_EQUAL_EQUAL,
	TOKEN_NOT_EQUAL,
	TOKEN_LESS,
	TOKEN_LESS_EQUAL,
	TOKEN_GREATER,
	TOKEN_GREATER_EQUAL,
	TOKEN_PLUS,
	TOKEN_MINUS,
	TOKEN_STAR,
	TOKEN_SLASH,
	TOKEN_PERCENT,
	TOKEN_INVALID,
};

struct token {
	enum token_kind kind;
	uint32_t start, end; /* offsets in the text */
};

enum lex_mode { LEX_MAIN, LEX_QUOTE, LEX_HEREDOC, LEX_SEQUENCE, LEX_BARE };

struct lex_frame {
	enum lex_mode mode;
	uint32_t start, start_end;   /* the opening token */
	uint32_t braces;             /* LEX_SEQUENCE: { not yet closed */
	uint32_t marker, marker_len; /* LEX_HEREDOC: where its word stands */
	bool line_start;             /* LEX_HEREDOC: at the beginning of a line */
	bool lines_reported;         /* LEX_QUOTE: goes over more than one line, and that was said */
};

struct lexer {
	const struct src *src;
	const char *text;
	uint32_t len, pos;
	struct diags *diags; /* NULL: nothing is reported */
	VEC(struct lex_frame) frames; /* the first is LEX_MAIN or LEX_BARE */
	size_t close_down_to; /* frames above are closed by tokens of no length */
	bool muted;           /* something was reported: the rest is likely a consequence */
	bool broken;          /* something unclosed was closed by force since lex_seek() */
	bool bad_utf8_reported;
	uint32_t missing, missing_len; /* a heredoc's word behind which no line closes it */
	uint32_t heredoc_resume; /* not 0: the line behind what was likely meant as an unclosed heredoc's end */
};

/* `bare`: the text is a template, not a plan file. lex_release() gives the memory back. */
void lex_init(struct lexer *lex, const struct src *src, struct diags *diags, bool bare);
void lex_release(struct lexer *lex);
struct token lex_next(struct lexer *lex);
/* Goes on at another place, outside of all templates. */
void lex_seek(struct lexer *lex, uint32_t offset);
static inline void lex_unmute(struct lexer *lex)
{
	lex->muted = false;
}

/* Does the line look like the beginning of an argument or block? `offset` is behind its indentation. */
bool lex_looks_like_item(const struct lexer *lex, uint32_t offset);
/* Columns of blanks before the first character of the line that holds `offset`. */
uint32_t lex_indent(const struct lexer *lex, uint32_t offset);
/* The offset behind the next newline, or the length of the text. */
uint32_t lex_next_line(const struct lexer *lex, uint32_t offset);
