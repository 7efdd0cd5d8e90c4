/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Templates: quoted strings, heredocs and bare texts with ${ } and %{ } in them.
 *
 * First the tokens become a flat list of pieces, to which trim marks and the removal of a heredoc's
 * indentation apply; then the list becomes a tree of parts. Both steps look at pieces as the scanner
 * cuts them (one line of a heredoc at most), because Terraform does, and it shows in the results:
 * "~}" at the end of a heredoc's line takes away that line's newline but not the next line's blanks.
 */
#include "lang/syntax/syntax_internal.h"

#include "base/buf.h"
#include "lang/value/unicode.h"

#include <string.h>

enum piece_kind {
	PIECE_TEXT,
	PIECE_INTERPOLATION,
	PIECE_IF,
	PIECE_ELSE,
	PIECE_ENDIF,
	PIECE_FOR,
	PIECE_ENDFOR,
	PIECE_END
};

static const struct {
	const char *word;
	enum piece_kind kind;
} directives[] = {
	{"if", PIECE_IF},   {"else", PIECE_ELSE},     {"endif", PIECE_ENDIF},
	{"for", PIECE_FOR}, {"endfor", PIECE_ENDFOR},
};

struct piece {
	enum piece_kind kind;
	struct src_range range;
	size_t text, len; /* in template.text */
	const struct expr *expr;
	const char *key_name, *value_name;
};

struct template
{
	struct parser *p;
	struct buf text;
	VEC(struct piece) pieces;
	size_t at; /* the next piece, while the tree is built */
	uint32_t height;
};

/* ---- escapes ---- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* escape := "\" ("n" | "r" | "t" | '"' | "\" | "u" hex*4 | "U" hex*8); its length. */
static size_t add_escape(struct parser *p, struct buf *out, uint32_t start, uint32_t end)
{
	const char *s = p->lex.text + start;
	uint32_t base = src_base(p->lex.src);
	char c = start + 1 < end ? s[1] : '\0';
	switch (c) {
	case 'n':
		buf_addc(out, '\n');
		return 2;
	case 'r':
		buf_addc(out, '\r');
		return 2;
	case 't':
		buf_addc(out, '\t');
		return 2;
	case '"':
	case '\\':
		buf_addc(out, c);
		return 2;
	case 'u':
	case 'U': {
		size_t want = c == 'u' ? 4 : 8, n = 0;
		uint32_t code = 0;
		while (n < want && start + 2 + n < end && hex_digit(s[2 + n]) >= 0)
			code = code << 4 | (uint32_t)hex_digit(s[2 + n++]);
		struct src_range where = {base + start, base + start + 2 + (uint32_t)n};
		if (n < want)
			parser_complain(p, where, "Invalid escape",
					"\"\\%c\" must be followed by exactly %zu hexadecimal digits, the "
					"number of a Unicode character. For a backslash that shall stand in "
					"the text, write two (\\\\).",
					c, want);
		else if (code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF))
			parser_complain(p, where, "Invalid escape",
					"U+%04X is not the number of a Unicode character.%s", code,
					code <= 0xDFFF ? " A character beyond U+FFFF is written with one \\U "
							 "and eight digits, not with two halves as in JSON."
						       : "");
		buf_add_utf8(out, code);
		return 2 + n;
	}
	default:
		break;
	}
	uint32_t code_point;
	size_t n = start + 1 < end ? utf8_next(s + 1, end - start - 1, &code_point) : 0;
	parser_complain(
		p, (struct src_range){base + start, base + start + 1 + (uint32_t)n}, "Invalid escape",
		"There is no escape \"%.*s\"; there are \\n, \\r, \\t, \\\", \\\\, \\uXXXX and \\UXXXXXXXX. "
		"For a backslash that shall stand in the text, as in regular expressions, write two (\\\\).",
		(int)n + 1, s);
	buf_add(out, s, 1 + n);
	return 1 + n;
}

static void add_text(struct parser *p, struct buf *out, struct token t)
{
	const char *text = p->lex.text;
	uint32_t pos = t.start;
	/* The scanner gives an escaped sequence as a token of its own: "$${" and "%%{" lose their first sign. */
	if (t.end - t.start == 3 && (text[pos] == '$' || text[pos] == '%') && text[pos + 1] == text[pos] &&
	    text[pos + 2] == '{')
		pos++;
	if (t.kind == TOKEN_TEXT) {
		buf_add(out, text + pos, t.end - pos);
		return;
	}
	while (pos < t.end) {
		const char *escape = memchr(text + pos, '\\', t.end - pos);
		uint32_t plain = escape ? (uint32_t)(escape - text) : t.end;
		buf_add(out, text + pos, plain - pos);
		pos = plain;
		if (escape)
			pos += (uint32_t)add_escape(p, out, pos, t.end);
	}
}

const char *parse_plain_string(struct parser *p, struct src_range *range)
{
	struct token open = parser_take(p);
	struct buf text = BUF_INIT;
	while (!p->failed && p->tok.kind != TOKEN_CLOSE_QUOTE && p->tok.kind != TOKEN_EOF) {
		if (p->tok.kind == TOKEN_QUOTED_TEXT) {
			add_text(p, &text, parser_take(p));
			continue;
		}
		char sign = p->lex.text[p->tok.start];
		parser_fail(
			p, parser_token_range(p, p->tok), "Invalid label",
			"\"%c{\" can't be used in the label of a block, because labels are known before "
			"anything is evaluated. For a label that holds these characters, write \"%c%c{\".",
			sign, sign, sign);
	}
	if (!p->failed)
		parser_take(p);
	*range = parser_range_since(p, open.start);
	/* Not normalized: names in references aren't either, and must match. */
	const char *label = buf_copy(&text, p->arena);
	buf_release(&text);
	return label;
}

/* ---- pieces ---- */

static size_t leading_space(const char *s, size_t len, bool count, size_t limit)
{
	size_t pos = 0, n = 0;
	while (pos < len && n < limit) {
		uint32_t c;
		size_t bytes = utf8_next(s + pos, len - pos, &c);
		if (!unicode_is_space(c))
			break;
		if (c == '\r' && pos + 1 < len && s[pos + 1] == '\n')
			bytes = 2;
		pos += bytes;
		n++;
	}
	return count ? n : pos;
}

static void trim_left(struct template *t, struct piece *piece)
{
	size_t n = leading_space(t->text.ptr + piece->text, piece->len, false, SIZE_MAX);
	piece->text += n;
	piece->len -= n;
}

static void trim_right(struct template *t, struct piece *piece)
{
	const char *s = t->text.ptr + piece->text;
	while (piece->len) {
		size_t start = piece->len - 1;
		while (start > 0 && (s[start] & 0xC0) == 0x80)
			start--;
		uint32_t c;
		utf8_next(s + start, piece->len - start, &c);
		if (!unicode_is_space(c))
			break;
		piece->len = start;
	}
}

static void add_piece(struct template *t, struct piece piece)
{
	vec_add(&t->pieces, piece);
	t->height = higher(t->height, piece.expr);
}

/* interpolation := "${" expr "}" */
static void read_interpolation(struct template *t, struct token open)
{
	struct parser *p = t->p;
	const struct expr *e = parse_expression(p);
	if (!p->failed && parser_peek(p) != TOKEN_CLOSE_SEQUENCE)
		parser_fail_inside(
			p, open, "Extra characters in a template sequence",
			"A \"}\" is expected behind the expression, but here stands %s. If this is meant for "
			"another language, such as a shell, write \"$${\" instead of \"${\".",
			parser_describe_next(p));
	if (p->failed)
		return;
	parser_take(p);
	add_piece(t, (struct piece){PIECE_INTERPOLATION, parser_range_since(p, open.start), .expr = e});
}

static void unknown_directive(struct template *t, struct token open)
{
	struct parser *p = t->p;
	const char *words[ARRAY_LEN(directives)];
	for (size_t i = 0; i < ARRAY_LEN(directives); i++)
		words[i] = directives[i].word;
	if (p->tok.kind != TOKEN_IDENT) {
		parser_fail_inside(
			p, open, "Invalid template directive",
			"One of if, else, endif, for and endfor must follow \"%%{\", but here stands %s. For "
			"a \"%%{\" that shall stand in the text as it is, write \"%%%%{\".",
			parser_describe_next(p));
		return;
	}
	const char *word = parser_token_text(p, p->tok),
		   *nearest = nearest_name(word, words, ARRAY_LEN(words));
	bool elseif = !strcmp(word, "elseif") || !strcmp(word, "elif") || !strcmp(word, "elsif");
	const char *hint =
		elseif	  ? " After %{ else } another %{ if } can begin, which has an %{ endif } of its own."
		: nearest ? arena_printf(p->arena, " Did you mean \"%s\"?", nearest)
			  : "";
	parser_fail(p, parser_token_range(p, p->tok), "Invalid template directive",
		    "There is no directive \"%s\"; there are if, else, endif, for and endfor.%s", word, hint);
}

/* directive := "%{" ("if" expr | "else" | "endif" | "for" names expr | "endfor") "}" */
static void read_directive(struct template *t, struct token open)
{
	struct parser *p = t->p;
	struct piece piece = {.kind = PIECE_END};
	for (size_t i = 0; i < ARRAY_LEN(directives); i++) {
		if (parser_at_word(p, directives[i].word))
			piece.kind = directives[i].kind;
	}
	if (piece.kind == PIECE_END) {
		unknown_directive(t, open);
		return;
	}
	struct token word = parser_take(p);
	if (piece.kind == PIECE_FOR && !parse_for_names(p, &piece.key_name, &piece.value_name))
		return;
	if (piece.kind == PIECE_FOR || piece.kind == PIECE_IF)
		piece.expr = parse_expression(p);
	if (!p->failed && parser_peek(p) != TOKEN_CLOSE_SEQUENCE) {
		bool else_if = piece.kind == PIECE_ELSE && parser_at_word(p, "if");
		parser_fail_inside(p, open, "Extra characters in a template directive",
				   "A \"}\" is expected at the end of this %%{ %s }, but here stands %s.%s",
				   parser_token_text(p, word), parser_describe_next(p),
				   else_if ? " After %{ else } another %{ if } can begin, which has an %{ "
					     "endif } of its own."
					   : "");
	}
	if (p->failed)
		return;
	parser_take(p);
	piece.range = parser_range_since(p, open.start);
	add_piece(t, piece);
}

/* template := (TEXT | interpolation | directive)* */
static void read_pieces(struct template *t, enum token_kind close)
{
	struct parser *p = t->p;
	bool was = p->newlines;
	bool trim_next = false, can_trim_last = false;
	while (!p->failed && p->tok.kind != close) {
		bool trim = trim_next, trimmable = can_trim_last;
		trim_next = can_trim_last = false;
		struct token next = p->tok;
		switch ((int)next.kind) {
		case TOKEN_TEXT:
		case TOKEN_QUOTED_TEXT: {
			parser_take(p);
			size_t start = t->text.len;
			add_text(p, &t->text, next);
			add_piece(t, (struct piece){PIECE_TEXT, parser_token_range(p, next), start,
						    t->text.len - start, NULL, NULL, NULL});
			if (trim)
				trim_left(t, &t->pieces.items[t->pieces.count - 1]);
			can_trim_last = true;
			break;
		}
		case TOKEN_OPEN_INTERPOLATION:
		case TOKEN_OPEN_DIRECTIVE:
			parser_take(p);
			if (trimmable && next.end - next.start == 3)
				trim_right(t, &t->pieces.items[t->pieces.count - 1]);
			p->newlines = false;
			if (next.kind == TOKEN_OPEN_INTERPOLATION)
				read_interpolation(t, next);
			else
				read_directive(t, next);
			p->newlines = was;
			trim_next = !p->failed && p->lex.text[p->prev_end - 2] == '~';
			break;
		default:
			/* The scanner ends templates by their closing token, or by force after reporting. */
			parser_fail(p, parser_token_range(p, next), "Invalid template",
				    "The template breaks off before %s.", parser_describe_next(p));
		}
	}
}

/*
 * Removes from each line of a <<- heredoc as many blanks as the least indented one has. A line that
 * begins with a sequence has none; lines of blanks alone don't count and stay as they are.
 */
static void remove_indentation(struct template *t)
{
	size_t least = SIZE_MAX;
	VEC(size_t) lines = {0};
	bool line_start = true;
	for (size_t i = 0; i < t->pieces.count; i++) {
		const struct piece *piece = &t->pieces.items[i];
		const char *s = buf_text(&t->text) + piece->text;
		bool ends_line = piece->kind == PIECE_TEXT && piece->len && s[piece->len - 1] == '\n';
		if (line_start) {
			size_t blanks = 0;
			if (piece->kind == PIECE_TEXT) {
				if (ends_line &&
				    leading_space(s, piece->len, false, SIZE_MAX) == piece->len) {
					blanks = SIZE_MAX;
				} else {
					blanks = leading_space(s, piece->len, true, SIZE_MAX);
					vec_add(&lines, i);
				}
			}
			if (blanks < least)
				least = blanks;
		}
		/* A piece that trimming left without its newline does not end a line. */
		line_start = ends_line;
	}
	for (size_t i = 0; i < lines.count; i++) {
		struct piece *piece = &t->pieces.items[lines.items[i]];
		size_t n = leading_space(t->text.ptr + piece->text, piece->len, false, least);
		piece->text += n;
		piece->len -= n;
	}
	vec_free(&lines);
}

/* ---- from pieces to parts ---- */

typedef VEC(struct template_part) part_vec;

static const struct template_part *build_parts(struct template *t, const struct piece *parent, size_t *count);

/* Neighbouring texts become one; an empty text stays, since it makes a string of what stands beside it. */
static struct template_part build_text(struct template *t)
{
	struct buf joined = BUF_INIT;
	struct src_range range = t->pieces.items[t->at].range;
	while (t->pieces.items[t->at].kind == PIECE_TEXT) {
		const struct piece *piece = &t->pieces.items[t->at++];
		buf_add(&joined, buf_text(&t->text) + piece->text, piece->len);
		range = src_range_join(range, piece->range);
	}
	struct template_part part = {.kind = PART_TEXT,
				     .range = range,
				     .text = value_string_n(t->p->arena, buf_text(&joined), joined.len)};
	buf_release(&joined);
	return part;
}

static const char *directive_word(enum piece_kind kind)
{
	for (size_t i = 0; i < ARRAY_LEN(directives); i++) {
		if (directives[i].kind == kind)
			return directives[i].word;
	}
	bug("piece %d is no directive", (int)kind);
}

static void fail_unclosed(struct template *t, const struct piece *parent)
{
	const char *word = directive_word(parent->kind);
	const struct piece *found = &t->pieces.items[t->at];
	struct diag *diag = parser_fail(t->p, parent->range, "Unclosed template directive",
					"There is no %%{ end%s } that closes this %%{ %s }.", word, word);
	if (found->kind != PIECE_END)
		parser_note(t->p, diag, found->range,
			    arena_printf(t->p->arena, "%%{ end%s } is missing before this.", word));
}

/* if := "%{if}" parts ["%{else}" parts] "%{endif}"; behind the first. */
static void build_if(struct template *t, const struct piece *open, struct template_part *part)
{
	part->kind = PART_IF;
	part->then = build_parts(t, open, &part->then_count);
	if (!t->p->failed && t->pieces.items[t->at].kind == PIECE_ELSE) {
		t->at++;
		part->other = build_parts(t, open, &part->other_count);
		if (!t->p->failed && t->pieces.items[t->at].kind == PIECE_ELSE) {
			struct diag *diag = parser_fail(t->p, t->pieces.items[t->at].range, "Unexpected else",
							"This %%{ if } has an %%{ else } already.");
			parser_note(t->p, diag, open->range, "The %{ if } begins here.");
		}
	}
	if (t->p->failed)
		return;
	if (t->pieces.items[t->at].kind != PIECE_ENDIF)
		fail_unclosed(t, open);
	else
		part->range = src_range_join(open->range, t->pieces.items[t->at++].range);
}

/* for := "%{for}" parts "%{endfor}"; behind the first. */
static void build_for(struct template *t, const struct piece *open, struct template_part *part)
{
	part->kind = PART_FOR;
	part->key_name = open->key_name;
	part->value_name = open->value_name;
	part->then = build_parts(t, open, &part->then_count);
	if (t->p->failed)
		return;
	const struct piece *end = &t->pieces.items[t->at];
	if (end->kind == PIECE_ELSE)
		parser_fail(t->p, end->range, "Unexpected else", "A %%{ for } has no %%{ else }.");
	else if (end->kind != PIECE_ENDFOR)
		fail_unclosed(t, open);
	else
		part->range = src_range_join(open->range, t->pieces.items[t->at++].range);
}

/* parts := (text | interpolation | if | for)*, up to a directive that is none of these. */
static const struct template_part *build_parts(struct template *t, const struct piece *parent, size_t *count)
{
	part_vec parts = {0};
	if (!parser_enter(t->p)) {
		parser_leave(t->p);
		*count = 0;
		return NULL;
	}
	for (bool more = true; more && !t->p->failed;) {
		const struct piece *piece = &t->pieces.items[t->at];
		struct template_part part = {.range = piece->range, .expr = piece->expr};
		switch (piece->kind) {
		case PIECE_TEXT:
			part = build_text(t);
			break;
		case PIECE_INTERPOLATION:
			part.kind = PART_INTERPOLATION;
			t->at++;
			break;
		case PIECE_IF:
			t->at++;
			build_if(t, piece, &part);
			break;
		case PIECE_FOR:
			t->at++;
			build_for(t, piece, &part);
			break;
		case PIECE_ELSE:
		case PIECE_ENDIF:
		case PIECE_ENDFOR:
			if (!parent)
				parser_fail(t->p, piece->range, "Unexpected template directive",
					    "There is nothing open that %%{ %s } could belong to.",
					    directive_word(piece->kind));
			more = false;
			continue;
		case PIECE_END:
			more = false;
			continue;
		}
		vec_add(&parts, part);
	}
	parser_leave(t->p);
	const struct template_part *copy = vec_copy(&parts, t->p->arena);
	*count = parts.count;
	vec_free(&parts);
	return copy;
}

static const struct expr *finish_template(struct template *t, struct src_range range, enum token_kind close)
{
	struct parser *p = t->p;
	add_piece(t, (struct piece){.kind = PIECE_END});
	size_t count = 0;
	const struct template_part *parts = p->failed ? NULL : build_parts(t, NULL, &count);
	if (p->failed)
		return new_expr(p, EXPR_ERROR, range);
	bool literal = count == 0 || (count == 1 && parts[0].kind == PART_TEXT);
	struct expr *e = new_expr(p, literal ? EXPR_LITERAL : EXPR_TEMPLATE, range);
	if (literal) {
		e->literal = count ? parts[0].text : &value_empty_string;
		return e;
	}
	e->parts = parts;
	e->part_count = count;
	e->heredoc = close == TOKEN_CLOSE_HEREDOC;
	return finish_expr(p, e, t->height);
}

const struct expr *parse_template_until(struct parser *p, struct token open, enum token_kind close,
					bool flush)
{
	if (!parser_enter(p)) {
		parser_leave(p);
		return error_expr(p, open.start);
	}
	struct template t = {.p = p};
	read_pieces(&t, close);
	if (!p->failed)
		parser_take(p);
	if (flush)
		remove_indentation(&t);
	const struct expr *e = finish_template(&t, parser_range_since(p, open.start), close);
	parser_leave(p);
	buf_release(&t.text);
	vec_free(&t.pieces);
	return e;
}
