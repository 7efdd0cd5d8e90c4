/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The canonical layout, made as Terraform makes it: on tokens, line by line. First a few
 * expressions and labels get their modern form, then three passes set the blanks before each token:
 * indentation by counting brackets, spacing by pairs of neighbours, and the alignment of equals
 * signs and of comments behind in consecutive lines.
 */
#include "lang/syntax/format.h"

#include "base/buf.h"
#include "lang/syntax/lex.h"
#include "lang/syntax/parse.h"
#include "lang/value/unicode.h"

#include <stdlib.h>
#include <string.h>

struct piece {
	enum token_kind kind;
	uint32_t len;
	const char *text;
	size_t spaces; /* before it */
};

typedef VEC(struct piece) piece_vec;

/* Pieces `first` to before `end` become `count` pieces of the formatter's `added`. */
struct edit {
	size_t first, end;
	size_t added, count;
};

struct formatter {
	const struct src *src;
	struct arena *arena;
	struct diags diags;
	piece_vec pieces;
	VEC(uint32_t) starts; /* of each piece in the text */
	piece_vec added;
	VEC(struct edit) edits;
};

/* Columns of one line: what stands first, an equals sign and its value, a comment behind. */
struct cell {
	struct piece *pieces;
	size_t count;
};

struct line {
	struct cell lead, assign, comment;
};

static const struct piece no_piece = {.kind = TOKEN_EOF, .text = ""};

/* ---- tokens ---- */

static bool is_line_comment(const char *text)
{
	return text[0] == '#' || text[1] == '/';
}

/* A comment to the end of its line takes in the newline, and counts as one. */
static void read_pieces(struct formatter *f)
{
	struct lexer lex;
	lex_init(&lex, f->src, NULL, false);
	struct token t;
	do {
		t = lex_next(&lex);
		struct piece *last = f->pieces.count ? &f->pieces.items[f->pieces.count - 1] : NULL;
		if (t.kind == TOKEN_NEWLINE && last && last->kind == TOKEN_COMMENT &&
		    is_line_comment(last->text) && last->text[last->len - 1] != '\n' &&
		    last->text + last->len == lex.text + t.start) {
			last->len += t.end - t.start;
			continue;
		}
		vec_add(&f->pieces, (struct piece){t.kind, t.end - t.start, lex.text + t.start, 0});
		vec_add(&f->starts, t.start);
	} while (t.kind != TOKEN_EOF);
	lex_release(&lex);
}

static bool ends_line(const struct piece *piece)
{
	return piece->kind == TOKEN_NEWLINE ||
	       (piece->kind == TOKEN_COMMENT && piece->text[piece->len - 1] == '\n');
}

static bool is_word(const struct piece *piece, const char *word)
{
	return piece->kind == TOKEN_IDENT && piece->len == strlen(word) &&
	       !memcmp(piece->text, word, piece->len);
}

static int bracket_change(const struct piece *piece)
{
	switch ((int)piece->kind) {
	case TOKEN_OPEN_BRACE:
	case TOKEN_OPEN_BRACKET:
	case TOKEN_OPEN_PAREN:
	case TOKEN_OPEN_DIRECTIVE:
	case TOKEN_OPEN_INTERPOLATION:
		return 1;
	case TOKEN_CLOSE_BRACE:
	case TOKEN_CLOSE_BRACKET:
	case TOKEN_CLOSE_PAREN:
	case TOKEN_CLOSE_SEQUENCE:
		return -1;
	default:
		return 0;
	}
}

/* ---- modern forms ---- */

/* The pieces that a range of the source covers. */
static size_t find_pieces(const struct formatter *f, struct src_range range, size_t *end)
{
	uint32_t base = src_base(f->src), start = range.start - base;
	size_t low = 0, high = f->starts.count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (f->starts.items[middle] < start)
			low = middle + 1;
		else
			high = middle;
	}
	*end = low;
	while (*end < f->starts.count && f->pieces.items[*end].kind != TOKEN_EOF &&
	       f->starts.items[*end] < range.end - base)
		++*end;
	return low;
}

static void begin_edit(struct formatter *f, size_t first, size_t end)
{
	vec_add(&f->edits, (struct edit){first, end, f->added.count, 0});
}

static void edit_add(struct formatter *f, struct piece piece)
{
	vec_add(&f->added, piece);
	f->edits.items[f->edits.count - 1].count++;
}

static void edit_add_text(struct formatter *f, enum token_kind kind, const char *text)
{
	edit_add(f, (struct piece){kind, (uint32_t)strlen(text), text, 0});
}

/* Pieces `first` to before `end` are what stands inside of "${ }": is it a single expression? */
static bool is_single_expression(const struct formatter *f, size_t first, size_t end)
{
	int quotes = 0;
	for (size_t i = first; i < end; i++) {
		switch ((int)f->pieces.items[i].kind) {
		case TOKEN_OPEN_QUOTE:
			quotes++;
			break;
		case TOKEN_CLOSE_QUOTE:
			quotes--;
			break;
		case TOKEN_OPEN_INTERPOLATION:
		case TOKEN_CLOSE_SEQUENCE:
		case TOKEN_QUOTED_TEXT:
			if (quotes <= 0)
				return false;
			break;
		}
	}
	return true;
}

/* "${x}" becomes x, or (x) where it goes over several lines. */
static void unwrap(struct formatter *f, size_t first, size_t end)
{
	const struct piece *p = f->pieces.items;
	if (end - first < 5 || p[first].kind != TOKEN_OPEN_QUOTE ||
	    p[first + 1].kind != TOKEN_OPEN_INTERPOLATION || p[end - 2].kind != TOKEN_CLOSE_SEQUENCE ||
	    p[end - 1].kind != TOKEN_CLOSE_QUOTE || !is_single_expression(f, first + 2, end - 2))
		return;
	begin_edit(f, first, end);
	first += 2;
	end -= 2;
	while (first < end && p[first].kind == TOKEN_NEWLINE)
		first++;
	while (end > first && p[end - 1].kind == TOKEN_NEWLINE)
		end--;
	bool lines = false;
	for (size_t i = first; i < end; i++)
		lines = lines || ends_line(&p[i]);
	bool wrap = lines && !(p[first].kind == TOKEN_OPEN_PAREN && p[end - 1].kind == TOKEN_CLOSE_PAREN);
	if (wrap)
		edit_add_text(f, TOKEN_OPEN_PAREN, "(");
	for (size_t i = first; i < end; i++)
		edit_add(f, p[i]);
	if (wrap)
		edit_add_text(f, TOKEN_CLOSE_PAREN, ")");
}

/* The type of a variable: list becomes list(any); "list", of the language's first version, list(string). */
static void modernize_type(struct formatter *f, size_t first, size_t end)
{
	const struct piece *p = &f->pieces.items[first];
	const char *element = NULL;
	struct piece word = *p;
	if (end - first == 1 && (is_word(p, "list") || is_word(p, "map") || is_word(p, "set"))) {
		element = "any";
	} else if (end - first == 3 && p[0].kind == TOKEN_OPEN_QUOTE && p[1].kind == TOKEN_QUOTED_TEXT) {
		word = p[1];
		word.kind = TOKEN_IDENT;
		if (is_word(&word, "list") || is_word(&word, "map"))
			element = "string";
		else if (!is_word(&word, "string"))
			return;
	} else {
		return;
	}
	begin_edit(f, first, end);
	edit_add(f, word);
	if (element) {
		edit_add_text(f, TOKEN_OPEN_PAREN, "(");
		edit_add_text(f, TOKEN_IDENT, element);
		edit_add_text(f, TOKEN_CLOSE_PAREN, ")");
	}
}

/* Labels are quoted, and written with as few escapes as will do. */
static void quote_label(struct formatter *f, const struct block_label *label)
{
	size_t end, first = find_pieces(f, label->range, &end);
	bool plain = f->pieces.items[first].kind == TOKEN_OPEN_QUOTE;
	for (size_t i = first; i < end && plain; i++)
		plain = !memchr(f->pieces.items[i].text, '\\', f->pieces.items[i].len);
	if (plain)
		return;
	struct buf text = BUF_INIT;
	value_print_quoted(label->text, strlen(label->text), &text);
	begin_edit(f, first, end);
	edit_add_text(f, TOKEN_OPEN_QUOTE, "\"");
	if (text.len > 2)
		edit_add_text(f, TOKEN_QUOTED_TEXT, arena_strndup(f->arena, text.ptr + 1, text.len - 2));
	edit_add_text(f, TOKEN_CLOSE_QUOTE, "\"");
	buf_release(&text);
}

static void modernize(struct formatter *f, const struct body *body, const char *parent)
{
	for (size_t i = 0; i < body->attr_count; i++) {
		const struct attribute *attr = &body->attrs[i];
		size_t end, first = find_pieces(f, attr->expr->range, &end);
		if (parent && !strcmp(parent, "variable") && !strcmp(attr->name, "type"))
			modernize_type(f, first, end);
		else
			unwrap(f, first, end);
	}
	for (size_t i = 0; i < body->block_count; i++) {
		const struct block *block = &body->blocks[i];
		for (size_t j = 0; j < block->label_count; j++)
			quote_label(f, &block->labels[j]);
		/* Only a block at the top of the file is a variable. */
		modernize(f, block->body, parent ? "" : block->type);
	}
}

static int by_place(const void *a, const void *b)
{
	const struct edit *x = a, *y = b;
	return (x->first > y->first) - (x->first < y->first);
}

static void apply_edits(struct formatter *f)
{
	if (!f->edits.count)
		return;
	qsort(f->edits.items, f->edits.count, sizeof(*f->edits.items), by_place);
	piece_vec result = {0};
	size_t next = 0;
	for (size_t i = 0; i < f->pieces.count;) {
		if (next < f->edits.count && f->edits.items[next].first == i) {
			const struct edit *edit = &f->edits.items[next++];
			for (size_t j = 0; j < edit->count; j++)
				vec_add(&result, f->added.items[edit->added + j]);
			i = edit->end;
		} else {
			vec_add(&result, f->pieces.items[i++]);
		}
	}
	vec_free(&f->pieces);
	f->pieces.items = result.items;
	f->pieces.count = result.count;
	f->pieces.cap = result.cap;
}

/* ---- lines ---- */

/*
 * Splits off a comment behind, and an equals sign with its value when that value is complete on the
 * line; a value that opens a bracket for further lines is not aligned.
 */
static void split_cells(struct line *line)
{
	struct cell *lead = &line->lead;
	if (lead->count > 1 && lead->pieces[lead->count - 1].kind == TOKEN_COMMENT)
		line->comment = (struct cell){&lead->pieces[--lead->count], 1};
	for (size_t i = 1; i < lead->count; i++) {
		if (lead->pieces[i].kind != TOKEN_EQUAL)
			continue;
		int net = 0;
		for (size_t j = i; j < lead->count; j++)
			net += bracket_change(&lead->pieces[j]);
		if (net == 0) {
			line->assign = (struct cell){&lead->pieces[i], lead->count - i};
			lead->count = i;
		}
		return;
	}
}

static struct line *split_lines(struct piece *pieces, size_t count, size_t *line_count)
{
	size_t n = 1;
	for (size_t i = 0; i < count; i++)
		n += ends_line(&pieces[i]);
	struct line *lines = xcalloc(n, sizeof(*lines));
	size_t start = 0, at = 0;
	for (size_t i = 0; i < count; i++) {
		if (!ends_line(&pieces[i]) && i + 1 < count)
			continue;
		lines[at++].lead = (struct cell){&pieces[start], i + 1 - start};
		start = i + 1;
	}
	for (size_t i = 0; i < at; i++)
		split_cells(&lines[i]);
	*line_count = at;
	return lines;
}

/*
 * A line that opens more brackets than it closes indents what follows by one level, however many
 * there are; the level ends where as many are closed.
 */
static void set_indentation(struct line *lines, size_t count)
{
	VEC(int) levels = {0};
	for (size_t i = 0; i < count; i++) {
		const struct line *line = &lines[i];
		struct piece *first = &line->lead.pieces[0];
		if (first->kind == TOKEN_NEWLINE)
			continue;
		int net = 0;
		for (size_t j = 0; j < line->lead.count && line->lead.pieces[j].kind != TOKEN_OPEN_HEREDOC;
		     j++)
			net += bracket_change(&line->lead.pieces[j]);
		for (size_t j = 0; j < line->assign.count; j++)
			net += bracket_change(&line->assign.pieces[j]);
		for (int closed = -net; closed > 0 && levels.count;) {
			int *level = &levels.items[levels.count - 1];
			int most = closed < *level ? closed : *level;
			closed -= most;
			*level -= most;
			if (*level == 0)
				levels.count--;
		}
		first->spaces = 2 * levels.count;
		if (net > 0)
			vec_add(&levels, net);
	}
	vec_free(&levels);
}

static bool is_quoted_text(enum token_kind kind)
{
	return kind == TOKEN_QUOTED_TEXT || kind == TOKEN_TEXT;
}

/* A minus behind one of these is a sign, not a subtraction. */
static bool wants_operand(enum token_kind kind)
{
	switch ((int)kind) {
	case TOKEN_EOF:
	case TOKEN_OPEN_PAREN:
	case TOKEN_OPEN_BRACE:
	case TOKEN_OPEN_BRACKET:
	case TOKEN_EQUAL:
	case TOKEN_COLON:
	case TOKEN_COMMA:
	case TOKEN_QUESTION:
	case TOKEN_PLUS:
	case TOKEN_STAR:
	case TOKEN_SLASH:
	case TOKEN_PERCENT:
	case TOKEN_MINUS:
	case TOKEN_EQUAL_EQUAL:
	case TOKEN_NOT_EQUAL:
	case TOKEN_GREATER:
	case TOKEN_GREATER_EQUAL:
	case TOKEN_LESS:
	case TOKEN_LESS_EQUAL:
	case TOKEN_AND:
	case TOKEN_OR:
	case TOKEN_BANG:
		return true;
	default:
		return false;
	}
}

/* Does a blank stand between `this` and `next`? The first rule that applies decides. */
static bool blank_between(const struct piece *before, const struct piece *this, const struct piece *next)
{
	enum token_kind a = this->kind, b = next->kind;
	if (b == TOKEN_NEWLINE || b == TOKEN_EOF)
		return false;
	if (a == TOKEN_IDENT && b == TOKEN_OPEN_PAREN) /* f( */
		return false;
	if ((a == TOKEN_IDENT && b == TOKEN_DOUBLE_COLON) || (a == TOKEN_DOUBLE_COLON && b == TOKEN_IDENT))
		return false;
	if (a == TOKEN_DOT || b == TOKEN_DOT)
		return false;
	if (b == TOKEN_COMMA || b == TOKEN_ELLIPSIS)
		return false;
	if (a == TOKEN_COMMA)
		return true;
	if (is_quoted_text(a) || is_quoted_text(b) || a == TOKEN_OPEN_QUOTE || a == TOKEN_OPEN_HEREDOC ||
	    b == TOKEN_CLOSE_QUOTE || b == TOKEN_CLOSE_HEREDOC)
		return false;
	if (is_word(this, "in") && before->kind == TOKEN_IDENT) /* for x in [a] is no index */
		return true;
	if (b == TOKEN_OPEN_BRACKET && (a == TOKEN_IDENT || a == TOKEN_NUMBER || bracket_change(this) < 0))
		return false;
	if (a == TOKEN_BANG)
		return false;
	if (a == TOKEN_MINUS)
		return !wants_operand(before->kind);
	if (a == TOKEN_OPEN_BRACE || b == TOKEN_CLOSE_BRACE) /* { x }, but {} */
		return !(a == TOKEN_OPEN_BRACE && b == TOKEN_CLOSE_BRACE);
	if ((a == TOKEN_OPEN_INTERPOLATION || a == TOKEN_OPEN_DIRECTIVE) && b == TOKEN_OPEN_BRACE)
		return true;
	if (a == TOKEN_CLOSE_BRACE && b == TOKEN_CLOSE_SEQUENCE)
		return true;
	if (a == TOKEN_CLOSE_SEQUENCE && (b == TOKEN_OPEN_INTERPOLATION || b == TOKEN_OPEN_DIRECTIVE))
		return false;
	return bracket_change(this) <= 0 && bracket_change(next) >= 0;
}

static void space_cell(struct cell cell)
{
	for (size_t i = 0; i + 1 < cell.count; i++)
		cell.pieces[i + 1].spaces = blank_between(i ? &cell.pieces[i - 1] : &no_piece,
							  &cell.pieces[i], &cell.pieces[i + 1]);
}

static size_t columns(struct cell cell)
{
	size_t n = 0;
	for (size_t i = 0; i < cell.count; i++) {
		const struct piece *piece = &cell.pieces[i];
		n += piece->spaces;
		for (size_t pos = 0; pos < piece->len; n++)
			pos += unicode_grapheme(piece->text + pos, piece->len - pos);
	}
	return n;
}

static struct cell *aligned_cell(struct line *line, bool comments)
{
	return comments ? &line->comment : &line->assign;
}

/* Puts the cells of each run of consecutive lines that have one in the same column. */
static void align(struct line *lines, size_t count, bool comments)
{
	size_t *widths = xcalloc(count, sizeof(*widths));
	for (size_t start = 0, end; start < count; start = end) {
		size_t widest = 0;
		for (end = start; end < count && aligned_cell(&lines[end], comments)->count; end++) {
			widths[end] = columns(lines[end].lead) + (comments ? columns(lines[end].assign) : 0);
			if (widths[end] > widest)
				widest = widths[end];
		}
		for (size_t i = start; i < end; i++)
			aligned_cell(&lines[i], comments)->pieces[0].spaces = widest - widths[i] + 1;
		if (end == start)
			end++;
	}
	free(widths);
}

/* ---- the whole ---- */

static void lay_out(struct piece *pieces, size_t count)
{
	if (!count)
		return;
	size_t line_count;
	struct line *lines = split_lines(pieces, count, &line_count);
	set_indentation(lines, line_count);
	for (size_t i = 0; i < line_count; i++) {
		space_cell(lines[i].lead);
		if (lines[i].assign.count)
			lines[i].assign.pieces[0].spaces = 1;
		space_cell(lines[i].assign);
	}
	align(lines, line_count, false);
	align(lines, line_count, true);
	free(lines);
}

void format_text(const struct src *src, struct buf *out)
{
	struct formatter f = {.src = src, .arena = arena_new()};
	diags_init(&f.diags);
	const struct body *body = parse_file(f.arena, src, &f.diags);
	if (diags_has_errors(&f.diags)) {
		buf_add(out, src_text(src), src_len(src));
	} else {
		read_pieces(&f);
		modernize(&f, body, NULL);
		apply_edits(&f);
		lay_out(f.pieces.items, f.pieces.count - 1); /* without the end of the file */
		for (size_t i = 0; i < f.pieces.count; i++) {
			buf_add_repeated(out, ' ', f.pieces.items[i].spaces);
			buf_add(out, f.pieces.items[i].text, f.pieces.items[i].len);
		}
	}
	vec_free(&f.pieces);
	vec_free(&f.starts);
	vec_free(&f.added);
	vec_free(&f.edits);
	diags_release(&f.diags);
	arena_free(f.arena);
}
