/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/syntax/lex.h"

#include "lang/value/unicode.h"

#include <string.h>

static struct src_range range_at(const struct lexer *lex, uint32_t start, uint32_t end)
{
	uint32_t base = src_base(lex->src);
	return (struct src_range){base + start, base + end};
}

static void push(struct lexer *lex, enum lex_mode mode, uint32_t start, uint32_t end)
{
	vec_add(&lex->frames,
		(struct lex_frame){.mode = mode, .start = start, .start_end = end, .line_start = true});
}

static struct lex_frame *top(struct lexer *lex)
{
	return &lex->frames.items[lex->frames.count - 1];
}

/* NULL where nothing is to be said (any more). */
static struct diag *report(struct lexer *lex, uint32_t start, uint32_t end, const char *summary,
			   const char *detail)
{
	if (!lex->diags || lex->muted)
		return NULL;
	lex->muted = true;
	struct diag *diag = diag_error(lex->diags, range_at(lex, start, end), summary, "%s", detail);
	const struct lex_frame *frame = top(lex);
	if (frame->mode == LEX_SEQUENCE && lex->text[frame->start] == '$' && start != frame->start)
		diag_add_note(lex->diags, diag, range_at(lex, frame->start, frame->start_end),
			      "This is inside of a template sequence. If the \"${\" is meant for another "
			      "language, such as a shell, write \"$${\".");
	return diag;
}

static unsigned char at(const struct lexer *lex, size_t pos)
{
	return pos < lex->len ? (unsigned char)lex->text[pos] : '\0';
}

void lex_init(struct lexer *lex, const struct src *src, struct diags *diags, bool bare)
{
	*lex = (struct lexer){
		.src = src, .text = src_text(src), .len = (uint32_t)src_len(src), .diags = diags};
	push(lex, bare ? LEX_BARE : LEX_MAIN, 0, 0);
	if (lex->len >= 3 && !memcmp(lex->text, "\xEF\xBB\xBF", 3))
		lex->pos = 3;
	if (lex->len >= 2 && (!memcmp(lex->text, "\xFF\xFE", 2) || !memcmp(lex->text, "\xFE\xFF", 2))) {
		/* Without an excerpt, which would be garbage. */
		if (diags)
			diag_error(diags, SRC_NOWHERE, "Invalid character encoding",
				   "The file %s is encoded in UTF-16. Save it as UTF-8; most editors offer "
				   "that under \"Save with encoding\".",
				   src_name(src));
		lex->len = 0;
	}
	const char *nul = memchr(lex->text, '\0', lex->len);
	if (nul) {
		uint32_t where = (uint32_t)(nul - lex->text);
		report(lex, where, where + 1, "Invalid character",
		       "There is a NUL character here. Text files have none, so this is likely a binary "
		       "file, or one that was damaged.");
		lex->len = 0;
	}
	if (lex->pos > lex->len)
		lex->pos = lex->len;
}

void lex_release(struct lexer *lex)
{
	vec_free(&lex->frames);
}

void lex_seek(struct lexer *lex, uint32_t offset)
{
	lex->frames.count = 1;
	lex->pos = offset;
	lex->close_down_to = 0;
	lex->broken = false;
	lex->heredoc_resume = 0;
}

static void bad_utf8(struct lexer *lex, size_t pos)
{
	if (lex->bad_utf8_reported)
		return;
	lex->bad_utf8_reported = true;
	bool was = lex->muted;
	lex->muted = false;
	report(lex, (uint32_t)pos, (uint32_t)pos + 1, "Invalid character encoding",
	       "The bytes here are not valid UTF-8, and plan files must be. Likely the file was saved in "
	       "another encoding such as ISO 8859-1; save it as UTF-8.");
	lex->muted = was || lex->muted;
}

/* Bytes of the character at pos; reports what is no UTF-8. */
static size_t char_len(struct lexer *lex, size_t pos)
{
	if (at(lex, pos) < 0x80)
		return 1;
	uint32_t c;
	size_t n = utf8_next(lex->text + pos, lex->len - pos, &c);
	if (c == 0xFFFD && n == 1)
		bad_utf8(lex, pos);
	return n;
}

static bool ascii_letter(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

/* IDENT := (ID_Start | "_") (ID_Continue | "-")*; its end, or pos where none begins. */
static size_t ident_end(const struct lexer *lex, size_t pos)
{
	size_t start = pos;
	while (pos < lex->len) {
		unsigned char c = (unsigned char)lex->text[pos];
		if (c < 0x80) {
			if (!ascii_letter(c) && c != '_' && (pos == start || (!digit(c) && c != '-')))
				break;
			pos++;
			continue;
		}
		uint32_t code_point;
		size_t n = utf8_next(lex->text + pos, lex->len - pos, &code_point);
		if (pos == start ? !unicode_is_id_start(code_point) : !unicode_is_id_part(code_point))
			break;
		pos += n;
	}
	return pos;
}

/* NUMBER := digit (digit | "." | ("e" | "E") ["+" | "-"] digit)*, not ending in "." */
static size_t number_end(const struct lexer *lex, size_t pos)
{
	size_t end = pos;
	while (pos < lex->len) {
		unsigned char c = at(lex, pos);
		if (digit(c)) {
			end = ++pos;
		} else if (c == '.') {
			pos++;
		} else if (c == 'e' || c == 'E') {
			size_t sign = at(lex, pos + 1) == '+' || at(lex, pos + 1) == '-';
			if (!digit(at(lex, pos + 1 + sign)))
				break;
			pos += 2 + sign;
			end = pos;
		} else {
			break;
		}
	}
	return end;
}

static size_t skip_blanks(const struct lexer *lex, size_t pos)
{
	while (at(lex, pos) == ' ' || at(lex, pos) == '\t')
		pos++;
	return pos;
}

static size_t line_end(const struct lexer *lex, size_t pos)
{
	if (pos >= lex->len)
		return lex->len;
	const char *newline = memchr(lex->text + pos, '\n', lex->len - pos);
	return newline ? (size_t)(newline - lex->text) : lex->len;
}

uint32_t lex_next_line(const struct lexer *lex, uint32_t offset)
{
	size_t end = line_end(lex, offset);
	return (uint32_t)(end < lex->len ? end + 1 : end);
}

uint32_t lex_indent(const struct lexer *lex, uint32_t offset)
{
	uint32_t start = offset;
	while (start > 0 && lex->text[start - 1] != '\n')
		start--;
	return (uint32_t)skip_blanks(lex, start) - start;
}

bool lex_looks_like_item(const struct lexer *lex, uint32_t offset)
{
	size_t end = ident_end(lex, offset);
	if (end == offset)
		return false;
	size_t next = skip_blanks(lex, end);
	switch (at(lex, next)) {
	case '=':
		return at(lex, next + 1) != '=' && at(lex, next + 1) != '>';
	case '{':
		return true;
	case '"': {
		size_t last = line_end(lex, next);
		while (last > next && (lex->text[last - 1] == '\r' || lex->text[last - 1] == ' '))
			last--;
		return next > end && (lex->text[last - 1] == '{' || lex->text[last - 1] == '}');
	}
	default:
		return false;
	}
}

static struct token token(enum token_kind kind, size_t start, size_t end)
{
	return (struct token){kind, (uint32_t)start, (uint32_t)end};
}

static struct token advance(struct lexer *lex, enum token_kind kind, size_t n)
{
	struct token t = token(kind, lex->pos, lex->pos + n);
	lex->pos += (uint32_t)n;
	return t;
}

/* The token of no length that closes the innermost frame by force. */
static struct token close_by_force(struct lexer *lex)
{
	static const enum token_kind closers[] = {
		[LEX_MAIN] = TOKEN_EOF,
		[LEX_QUOTE] = TOKEN_CLOSE_QUOTE,
		[LEX_HEREDOC] = TOKEN_CLOSE_HEREDOC,
		[LEX_SEQUENCE] = TOKEN_CLOSE_SEQUENCE,
		[LEX_BARE] = TOKEN_EOF,
	};
	struct token t = token(closers[top(lex)->mode], lex->pos, lex->pos);
	lex->broken = true;
	lex->frames.count--;
	if (lex->frames.count <= lex->close_down_to)
		lex->close_down_to = 0;
	return t;
}

/* ---- inside templates ---- */

/*
 * A quoted string meets the end of its line. Most often the closing quote was forgotten; but when
 * the next line doesn't look like a new beginning, a text over several lines was meant.
 */
static struct token quote_meets_newline(struct lexer *lex)
{
	struct lex_frame *frame = top(lex);
	size_t newline = lex->pos + (at(lex, lex->pos) == '\r' && at(lex, lex->pos + 1) == '\n');
	size_t next = skip_blanks(lex, newline + 1);
	unsigned char c = at(lex, next);
	bool ends = c == '\0' || c == '\n' || c == '\r' || c == '}' || c == '#' ||
		    (c == '/' && at(lex, next + 1) == '/') || lex_looks_like_item(lex, (uint32_t)next);
	/* The quotes after an unclosed ${ are the wrong way round: ` "${a" ` is at fault, not what follows. */
	if (!ends && lex->frames.count <= 2) {
		if (!frame->lines_reported)
			report(lex, frame->start, frame->start_end, "Invalid multi-line string",
			       "A quoted string ends on the line where it begins. Write \\n for a line "
			       "break, or use a heredoc for a text of several lines:\n\n    name = <<-EOT\n  "
			       "    first line\n      second line\n    EOT");
		frame->lines_reported = true;
		return advance(lex, TOKEN_QUOTED_TEXT, newline + 1 - lex->pos);
	}
	report(lex, frame->start, frame->start_end, "Unclosed string",
	       "There is no closing quote (\") for this string on its line. To write a quote inside a "
	       "string, put a backslash before it (\\\").");
	size_t keep = lex->frames.count - 1;
	while (keep > 1 && line_end(lex, lex->frames.items[keep - 1].start) >= lex->pos)
		keep--;
	lex->close_down_to = keep;
	return close_by_force(lex);
}

static struct token in_quote(struct lexer *lex)
{
	size_t pos = lex->pos;
	while (pos < lex->len) {
		unsigned char c = (unsigned char)lex->text[pos];
		if (c == '"' || c == '$' || c == '%' || c == '\n' || c == '\r')
			break;
		if (c == '\\') {
			unsigned char escaped = at(lex, pos + 1);
			pos++;
			if (pos < lex->len && escaped != '\n' && escaped != '\r')
				pos += char_len(lex, pos);
			continue;
		}
		pos += c < 0x80 ? 1 : char_len(lex, pos);
	}
	if (pos > lex->pos)
		return advance(lex, TOKEN_QUOTED_TEXT, pos - lex->pos);
	if (at(lex, pos) == '"') {
		lex->frames.count--;
		return advance(lex, TOKEN_CLOSE_QUOTE, 1);
	}
	if (pos < lex->len)
		return quote_meets_newline(lex);
	report(lex, top(lex)->start, top(lex)->start_end, "Unclosed string",
	       "There is no closing quote (\") for this string before the end of the file.");
	return close_by_force(lex);
}

static bool blank(unsigned char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The line from `start` to `end` without the blanks around it: is it the heredoc's marker? */
static bool line_is_marker(const struct lexer *lex, const struct lex_frame *frame, size_t start, size_t end)
{
	while (start < end && blank((unsigned char)lex->text[start]))
		start++;
	while (end > start && blank((unsigned char)lex->text[end - 1]))
		end--;
	return end - start == frame->marker_len &&
	       !memcmp(lex->text + start, lex->text + frame->marker, end - start);
}

/* Is there a line that can close it? The last word that has none is kept in mind, against many such heredocs. */
static bool has_marker_line(struct lexer *lex, const struct lex_frame *frame, size_t from)
{
	if (lex->missing_len == frame->marker_len && from >= lex->missing &&
	    !memcmp(lex->text + lex->missing, lex->text + frame->marker, frame->marker_len))
		return false;
	for (size_t line = from, end; line < lex->len; line = end + 1) {
		end = line_end(lex, line);
		if (end < lex->len && line_is_marker(lex, frame, line, end))
			return true;
	}
	lex->missing = frame->marker;
	lex->missing_len = frame->marker_len;
	return false;
}

static void report_unclosed_heredoc(struct lexer *lex)
{
	struct lex_frame *frame = top(lex);
	const char *marker = lex->text + frame->marker;
	/* Was an end meant somewhere? */
	size_t near = 0;
	for (size_t line = frame->start_end; line < lex->len && !near; line = line_end(lex, line) + 1) {
		size_t word = skip_blanks(lex, line);
		if (lex->len - word >= frame->marker_len &&
		    !memcmp(lex->text + word, marker, frame->marker_len) &&
		    ident_end(lex, word) == word + frame->marker_len)
			near = word;
	}
	struct diag *diag;
	if (near && line_end(lex, near) == lex->len && near + frame->marker_len == lex->len) {
		diag = report(lex, frame->start, frame->start_end, "Unclosed heredoc",
			      "The marker that closes this heredoc must be followed by a newline, but the "
			      "file ends right behind it.");
		lex->heredoc_resume = lex->len;
	} else if (near) {
		diag = report(lex, frame->start, frame->start_end, "Unclosed heredoc",
			      "The marker that closes a heredoc must stand alone on its line, without "
			      "anything before or behind it. Put what follows it on a line of its own.");
		lex->heredoc_resume = lex_next_line(lex, (uint32_t)near);
	} else {
		diag = report(
			lex, frame->start, frame->start_end, "Unclosed heredoc",
			"There is no line that closes this heredoc before the end of the file. It ends at a "
			"line that holds nothing but the word behind \"<<\", in the same letters.");
	}
	if (diag && near)
		diag_add_note(lex->diags, diag,
			      range_at(lex, (uint32_t)near, (uint32_t)near + frame->marker_len),
			      "This does not close the heredoc.");
}

/* Heredocs and bare templates: text to the end of the line or the next sequence. */
static struct token in_text(struct lexer *lex)
{
	struct lex_frame *frame = top(lex);
	bool heredoc = frame->mode == LEX_HEREDOC;
	if (lex->pos >= lex->len && !heredoc)
		return token(TOKEN_EOF, lex->len, lex->len);
	if (lex->pos >= lex->len) {
		report_unclosed_heredoc(lex);
		return close_by_force(lex);
	}
	if (heredoc && frame->line_start) {
		size_t end = line_end(lex, lex->pos);
		if (end < lex->len && line_is_marker(lex, frame, lex->pos, end)) {
			if (end > lex->pos && lex->text[end - 1] == '\r')
				end--;
			lex->frames.count--;
			return advance(lex, TOKEN_CLOSE_HEREDOC, end - lex->pos);
		}
	}
	size_t pos = lex->pos;
	bool newline = false;
	while (pos < lex->len && !newline) {
		unsigned char c = (unsigned char)lex->text[pos];
		if (c == '$' || c == '%')
			break;
		newline = c == '\n';
		if (c == '\r' && at(lex, pos + 1) != '\n' && heredoc)
			report(lex, (uint32_t)pos, (uint32_t)pos + 1, "Invalid character",
			       "There is a carriage return here without a line feed behind it. Save the file "
			       "with Unix line ends.");
		pos += c < 0x80 ? 1 : char_len(lex, pos);
	}
	frame->line_start = newline;
	return advance(lex, TOKEN_TEXT, pos - lex->pos);
}

/* $ and % in all templates: the beginning of a sequence, an escape ($${), or themselves. */
static struct token at_sign(struct lexer *lex)
{
	struct lex_frame *frame = top(lex);
	size_t pos = lex->pos;
	unsigned char sign = at(lex, pos);
	enum token_kind text = frame->mode == LEX_QUOTE ? TOKEN_QUOTED_TEXT : TOKEN_TEXT;
	frame->line_start = false;
	if (at(lex, pos + 1) == '{') {
		size_t n = 2 + (at(lex, pos + 2) == '~');
		push(lex, LEX_SEQUENCE, lex->pos, (uint32_t)(pos + n));
		return advance(lex, sign == '$' ? TOKEN_OPEN_INTERPOLATION : TOKEN_OPEN_DIRECTIVE, n);
	}
	if (at(lex, pos + 1) == sign && at(lex, pos + 2) == '{')
		return advance(lex, text, 3);
	return advance(lex, text, 1);
}

/* ---- outside of templates ---- */

/* '...', `...` and curly quotes: reported, and skipped as a whole. */
static struct token foreign_quotes(struct lexer *lex, size_t open_len, const char *close, const char *detail)
{
	size_t pos = lex->pos + open_len, end = line_end(lex, pos), n = strlen(close);
	for (; pos + n <= end; pos++) {
		if (memcmp(lex->text + pos, close, n))
			continue;
		report(lex, lex->pos, (uint32_t)(pos + n), "Invalid quotes", detail);
		return advance(lex, TOKEN_INVALID, pos + n - lex->pos);
	}
	report(lex, lex->pos, (uint32_t)(lex->pos + open_len), "Invalid quotes", detail);
	return advance(lex, TOKEN_INVALID, open_len);
}

static struct token invalid(struct lexer *lex, size_t n, const char *summary, const char *detail)
{
	report(lex, lex->pos, (uint32_t)(lex->pos + n), summary, detail);
	return advance(lex, TOKEN_INVALID, n);
}

static struct token beyond_ascii(struct lexer *lex)
{
	size_t end = ident_end(lex, lex->pos);
	if (end > lex->pos)
		return advance(lex, TOKEN_IDENT, end - lex->pos);
	uint32_t c;
	size_t n = utf8_next(lex->text + lex->pos, lex->len - lex->pos, &c);
	static const char curly[] = "Strings stand in straight double quotes (\"). Curly quotes get into "
				    "files by way of word processors and web pages.";
	switch (c) {
	case 0x201C:
	case 0x201D:
	case 0x201E:
		return foreign_quotes(lex, n, "\xE2\x80\x9D", curly);
	case 0x2018:
	case 0x2019:
	case 0x201A:
		return foreign_quotes(lex, n, "\xE2\x80\x99", curly);
	case 0xA0:
	case 0x2007:
	case 0x202F:
	case 0x200B:
	case 0xFEFF:
		return invalid(lex, n, "Invalid character",
			       "This is a special kind of blank (or an invisible character) that looks like "
			       "nothing in an editor. Replace it with an ordinary space.");
	case 0xFFFD:
		if (n == 1) {
			bad_utf8(lex, lex->pos);
			lex->muted = true;
		}
		break;
	}
	return invalid(lex, n, "Invalid character",
		       "This character has no meaning here. Text belongs in double quotes.");
}

/* "#..." and "//..." to the end of the line, and slash-star to star-slash. */
static struct token comment(struct lexer *lex)
{
	if (at(lex, lex->pos) == '/' && at(lex, lex->pos + 1) == '*') {
		const char *end = NULL;
		if (lex->len - lex->pos >= 4)
			end = memmem(lex->text + lex->pos + 2, lex->len - lex->pos - 2, "*/", 2);
		if (end)
			return advance(lex, TOKEN_COMMENT, (size_t)(end - lex->text) + 2 - lex->pos);
		report(lex, lex->pos, lex->pos + 2, "Unclosed comment",
		       "There is no \"*/\" for this \"/*\" before the end of the file.");
		lex->broken = true;
		return advance(lex, TOKEN_INVALID, lex->len - lex->pos);
	}
	size_t end = line_end(lex, lex->pos);
	if (end < lex->len && lex->text[end - 1] == '\r')
		end--;
	return advance(lex, TOKEN_COMMENT, end - lex->pos);
}

/* "<<" ["-"] IDENT NEWLINE; the length, or 0 where that isn't what stands here. */
static size_t heredoc_opener(const struct lexer *lex, size_t *marker, size_t *marker_len)
{
	size_t pos = lex->pos + 2 + (at(lex, lex->pos + 2) == '-');
	size_t end = ident_end(lex, pos);
	*marker = pos;
	*marker_len = end - pos;
	if (at(lex, end) == '\r')
		end++;
	return *marker_len && at(lex, end) == '\n' ? end + 1 - lex->pos : 0;
}

/* Behind an opener in which something is wrong, the text should be skipped; it ends at the word's next line. */
static void skip_misspelt_heredoc(struct lexer *lex)
{
	size_t word = lex->pos + 2, line_last = line_end(lex, lex->pos);
	word += strspn(lex->text + word, "-~ \t\"'\\");
	struct lex_frame frame = {.marker = (uint32_t)word,
				  .marker_len = (uint32_t)(ident_end(lex, word) - word)};
	lex->broken = true;
	if (!frame.marker_len || word > line_last)
		return;
	for (size_t line = line_last + 1, end; line < lex->len; line = end + 1) {
		end = line_end(lex, line);
		if (line_is_marker(lex, &frame, line, end)) {
			lex->heredoc_resume = lex_next_line(lex, (uint32_t)line);
			return;
		}
	}
}

static struct token open_heredoc(struct lexer *lex)
{
	size_t marker, marker_len, n = heredoc_opener(lex, &marker, &marker_len);
	if (!n) {
		size_t end = line_end(lex, lex->pos);
		skip_misspelt_heredoc(lex);
		return invalid(lex, 2, "Invalid heredoc",
			       marker_len && skip_blanks(lex, marker + marker_len) != end
				       ? "The word behind \"<<\" must be the last thing on its line: the "
					 "text begins on the next one."
			       : marker_len ? "There are blanks behind this heredoc's word. Remove them: the "
					      "word must be the last thing on its line."
					    : "A heredoc begins with \"<<\" or \"<<-\" and a word without "
					      "quotes or blanks, as in \"<<-EOT\"; its text begins on the "
					      "next line and ends at a line with that word alone.");
	}
	push(lex, LEX_HEREDOC, lex->pos, (uint32_t)(marker + marker_len));
	top(lex)->marker = (uint32_t)marker;
	top(lex)->marker_len = (uint32_t)marker_len;
	if (!has_marker_line(lex, top(lex), lex->pos + n)) {
		/* Said at once, and the rest of the file is not taken for its text. */
		report_unclosed_heredoc(lex);
		lex->close_down_to = lex->frames.count - 1;
	}
	return advance(lex, TOKEN_OPEN_HEREDOC, n);
}

static struct token close_brace(struct lexer *lex, size_t n)
{
	struct lex_frame *frame = top(lex);
	if (frame->mode == LEX_SEQUENCE && frame->braces == 0) {
		lex->frames.count--;
		return advance(lex, TOKEN_CLOSE_SEQUENCE, n);
	}
	if (n == 2)
		return invalid(
			lex, 1, "Invalid character",
			"\"~}\" closes a template sequence such as ${~ ... ~}, but none is open here.");
	if (frame->mode == LEX_SEQUENCE)
		frame->braces--;
	return advance(lex, TOKEN_CLOSE_BRACE, 1);
}

static struct token in_main(struct lexer *lex)
{
	size_t pos = lex->pos = (uint32_t)skip_blanks(lex, lex->pos);
	if (pos >= lex->len) {
		if (lex->frames.count > 1) {
			struct lex_frame *frame = top(lex);
			report(lex, frame->start, frame->start_end, "Unclosed template sequence",
			       "There is no closing brace (}) for this sequence before the end of the file.");
			return close_by_force(lex);
		}
		return token(TOKEN_EOF, pos, pos);
	}
	unsigned char c = at(lex, pos), next = at(lex, pos + 1);
	if (ascii_letter(c) || c == '_')
		return advance(lex, TOKEN_IDENT, ident_end(lex, pos) - pos);
	if (digit(c))
		return advance(lex, TOKEN_NUMBER, number_end(lex, pos) - pos);
	if (c >= 0x80)
		return beyond_ascii(lex);
	switch (c) {
	case '\n':
		return advance(lex, TOKEN_NEWLINE, 1);
	case '\r':
		if (next == '\n')
			return advance(lex, TOKEN_NEWLINE, 2);
		return invalid(lex, 1, "Invalid character",
			       "There is a carriage return here without a line feed behind it. Save the file "
			       "with Unix line ends.");
	case '#':
		return comment(lex);
	case '/':
		return next == '/' || next == '*' ? comment(lex) : advance(lex, TOKEN_SLASH, 1);
	case '"':
		push(lex, LEX_QUOTE, lex->pos, lex->pos + 1);
		return advance(lex, TOKEN_OPEN_QUOTE, 1);
	case '{':
		if (top(lex)->mode == LEX_SEQUENCE)
			top(lex)->braces++;
		return advance(lex, TOKEN_OPEN_BRACE, 1);
	case '}':
		return close_brace(lex, 1);
	case '~':
		if (next == '}')
			return close_brace(lex, 2);
		break;
	case '[':
		return advance(lex, TOKEN_OPEN_BRACKET, 1);
	case ']':
		return advance(lex, TOKEN_CLOSE_BRACKET, 1);
	case '(':
		return advance(lex, TOKEN_OPEN_PAREN, 1);
	case ')':
		return advance(lex, TOKEN_CLOSE_PAREN, 1);
	case '=':
		return next == '='   ? advance(lex, TOKEN_EQUAL_EQUAL, 2)
		       : next == '>' ? advance(lex, TOKEN_FAT_ARROW, 2)
				     : advance(lex, TOKEN_EQUAL, 1);
	case ':':
		return next == ':' ? advance(lex, TOKEN_DOUBLE_COLON, 2) : advance(lex, TOKEN_COLON, 1);
	case ',':
		return advance(lex, TOKEN_COMMA, 1);
	case '.':
		return next == '.' && at(lex, pos + 2) == '.' ? advance(lex, TOKEN_ELLIPSIS, 3)
							      : advance(lex, TOKEN_DOT, 1);
	case '?':
		return advance(lex, TOKEN_QUESTION, 1);
	case '!':
		return next == '=' ? advance(lex, TOKEN_NOT_EQUAL, 2) : advance(lex, TOKEN_BANG, 1);
	case '|':
		if (next == '|')
			return advance(lex, TOKEN_OR, 2);
		return invalid(lex, 1, "Unsupported operator",
			       "There are no bitwise operators. Logical or is written \"||\".");
	case '&':
		if (next == '&')
			return advance(lex, TOKEN_AND, 2);
		return invalid(lex, 1, "Unsupported operator",
			       "There are no bitwise operators. Logical and is written \"&&\".");
	case '<':
		if (next == '<')
			return open_heredoc(lex);
		return next == '=' ? advance(lex, TOKEN_LESS_EQUAL, 2) : advance(lex, TOKEN_LESS, 1);
	case '>':
		return next == '=' ? advance(lex, TOKEN_GREATER_EQUAL, 2) : advance(lex, TOKEN_GREATER, 1);
	case '+':
		return advance(lex, TOKEN_PLUS, 1);
	case '-':
		return advance(lex, TOKEN_MINUS, 1);
	case '*':
		return advance(lex, TOKEN_STAR, 1);
	case '%':
		return advance(lex, TOKEN_PERCENT, 1);
	case '^':
		return invalid(lex, 1, "Unsupported operator",
			       "There is no operator \"^\". A power is written as a function: pow(2, 10).");
	case '\'':
		return foreign_quotes(lex, 1, "'",
				      "Strings stand in double quotes (\"), not in single ones.");
	case '`':
		return foreign_quotes(lex, 1, "`",
				      "Strings stand in double quotes (\"). A text of several lines is "
				      "written as a heredoc that begins with <<-EOT.");
	case ';':
		return invalid(lex, 1, "Invalid character",
			       "A semicolon has no meaning here: arguments end with their line, and members "
			       "of lists and objects are separated by commas.");
	case '$':
		return invalid(lex, next == '{' ? 2 : 1, "Invalid character",
			       "\"${ }\" stands inside quoted strings only. Outside of them write the "
			       "expression without it.");
	case '\\':
		return invalid(lex, 1, "Invalid character",
			       "A backslash has no meaning outside of strings. To go on with an expression "
			       "on the next line, put all of it in parentheses.");
	case '@':
		return invalid(lex, 1, "Invalid character",
			       "\"@\" has no meaning here. Text belongs in double quotes.");
	}
	return invalid(lex, 1, c == '~' ? "Unsupported operator" : "Invalid character",
		       c == '~' ? "There are no bitwise operators; logical not is written \"!\". A trim mark "
				  "stands right at the brace, as in \"${~\" and \"~}\"."
				: "This character has no meaning here. Text belongs in double quotes.");
}

struct token lex_next(struct lexer *lex)
{
	if (lex->close_down_to)
		return close_by_force(lex);
	unsigned char c = at(lex, lex->pos);
	switch (top(lex)->mode) {
	case LEX_MAIN:
	case LEX_SEQUENCE:
		return in_main(lex);
	case LEX_QUOTE:
		return c == '$' || c == '%' ? at_sign(lex) : in_quote(lex);
	case LEX_HEREDOC:
	case LEX_BARE:
		return c == '$' || c == '%' ? at_sign(lex) : in_text(lex);
	}
	bug("unknown mode of the scanner");
}
