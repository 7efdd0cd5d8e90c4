/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"

#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

void diags_init(struct diags *diags)
{
	*diags = (struct diags){.arena = arena_new()};
}

void diags_release(struct diags *diags)
{
	arena_free(diags->arena);
	free(diags->items);
	*diags = (struct diags){0};
}

void diags_clear(struct diags *diags)
{
	arena_reset(diags->arena);
	diags->count = diags->error_count = 0;
}

static const char *copy(struct diags *diags, const char *s)
{
	return s ? arena_strdup(diags->arena, s) : NULL;
}

struct diag *diags_add(struct diags *diags, const struct diag *diag)
{
	if (diags->count == diags->cap) {
		diags->cap = diags->cap ? diags->cap * 2 : 8;
		diags->items = xrealloc(diags->items, diags->cap, sizeof(*diags->items));
	}
	struct diag *added = &diags->items[diags->count++];
	*added = *diag;
	added->summary = copy(diags, diag->summary);
	added->detail = copy(diags, diag->detail);
	added->address = copy(diags, diag->address);
	if (diag->note_count) {
		struct diag_note *notes = arena_array_of(diags->arena, diag->note_count, struct diag_note);
		for (size_t i = 0; i < diag->note_count; i++)
			notes[i] = (struct diag_note){diag->notes[i].range, copy(diags, diag->notes[i].text)};
		added->notes = notes;
	}
	if (diag->severity == DIAG_ERROR)
		diags->error_count++;
	return added;
}

PRINTF_LIKE(5, 0)
static struct diag *add_formatted(struct diags *diags, enum diag_severity severity, struct src_range subject,
				  const char *summary, const char *detail, va_list args) PRINTF_LIKE(5, 0);

static struct diag *add_formatted(struct diags *diags, enum diag_severity severity, struct src_range subject,
				  const char *summary, const char *detail, va_list args)
{
	struct diag diag = {
		.severity = severity,
		.summary = summary,
		.subject = subject,
		.detail = detail ? arena_vprintf(diags->arena, detail, args) : NULL,
	};
	return diags_add(diags, &diag);
}

struct diag *diag_error(struct diags *diags, struct src_range subject, const char *summary, const char *detail, ...)
{
	va_list args;
	va_start(args, detail);
	struct diag *added = add_formatted(diags, DIAG_ERROR, subject, summary, detail, args);
	va_end(args);
	return added;
}

struct diag *diag_warning(struct diags *diags, struct src_range subject, const char *summary, const char *detail, ...)
{
	va_list args;
	va_start(args, detail);
	struct diag *added = add_formatted(diags, DIAG_WARNING, subject, summary, detail, args);
	va_end(args);
	return added;
}

void diag_add_note(struct diags *diags, struct diag *diag, struct src_range range, const char *text, ...)
{
	va_list args;
	va_start(args, text);
	struct diag_note *notes = arena_array_of(diags->arena, diag->note_count + 1, struct diag_note);
	if (diag->note_count)
		memcpy(notes, diag->notes, diag->note_count * sizeof(*notes));
	notes[diag->note_count] = (struct diag_note){range, arena_vprintf(diags->arena, text, args)};
	va_end(args);
	diag->notes = notes;
	diag->note_count++;
}

void diags_move(struct diags *to, struct diags *from)
{
	for (size_t i = 0; i < from->count; i++)
		diags_add(to, &from->items[i]);
	diags_clear(from);
}

struct placed_diag {
	struct diag diag;
	size_t index;
};

static int compare_placed(const void *a, const void *b)
{
	const struct placed_diag *x = a, *y = b;
	bool x_error = x->diag.severity == DIAG_ERROR, y_error = y->diag.severity == DIAG_ERROR;
	if (x_error != y_error)
		return x_error ? 1 : -1;
	if (x->diag.subject.start != y->diag.subject.start)
		return x->diag.subject.start < y->diag.subject.start ? -1 : 1;
	return x->index < y->index ? -1 : 1;
}

void diags_sort(struct diags *diags)
{
	struct placed_diag *placed = xcalloc(diags->count + 1, sizeof(*placed));
	for (size_t i = 0; i < diags->count; i++)
		placed[i] = (struct placed_diag){diags->items[i], i};
	sort(placed, diags->count, sizeof(*placed), compare_placed);
	for (size_t i = 0; i < diags->count; i++)
		diags->items[i] = placed[i].diag;
	free(placed);
}

void diags_set_address(struct diags *diags, size_t first, const char *address)
{
	for (size_t i = first; i < diags->count; i++) {
		if (!diags->items[i].address)
			diags->items[i].address = copy(diags, address);
	}
}

void diags_soften(struct diags *diags, size_t first, const char *address)
{
	for (size_t i = first; i < diags->count; i++) {
		struct diag *diag = &diags->items[i];
		if (diag->severity != DIAG_ERROR || !diag->address || strcmp(diag->address, address))
			continue;
		diag->severity = DIAG_WARNING;
		diags->error_count--;
	}
}

/* Control characters but newline and tab, and what is no text, become what cannot harm a terminal. */
static void add_harmless(struct buf *out, const char *s, size_t n)
{
	for (size_t i = 0; i < n;) {
		unsigned char c = (unsigned char)s[i];
		uint32_t code_point;
		size_t len = c == '\n' || c == '\t' ? 1 : harmless_char(s + i, n - i, &code_point);
		if (!len) {
			buf_addf(out, "\\x%02x", c);
			i++;
		} else {
			buf_add(out, s + i, len);
			i += len;
		}
	}
}

/* How many columns of a terminal a character takes that is not ASCII: Unicode's East Asian widths, by blocks. */
static unsigned cells_of(uint32_t c)
{
	static const struct {
		uint32_t first, last;
		unsigned cells;
	} blocks[] = {
		{0x0300, 0x036F, 0},   {0x1100, 0x115F, 2},   {0x200B, 0x200D, 0},   {0x20D0, 0x20FF, 0},   {0x2E80, 0x303E, 2},   {0x3041, 0xA4CF, 2},
		{0xA960, 0xA97F, 2},   {0xAC00, 0xD7A3, 2},   {0xF900, 0xFAFF, 2},   {0xFE00, 0xFE0F, 0},   {0xFE30, 0xFE6F, 2},   {0xFF01, 0xFF60, 2},
		{0xFFE0, 0xFFE6, 2},   {0x1F300, 0x1F64F, 2}, {0x1F680, 0x1F6FF, 2}, {0x1F900, 0x1F9FF, 2}, {0x20000, 0x3FFFD, 2},
	};
	for (size_t i = 0; i < ARRAY_LEN(blocks); i++) {
		if (c >= blocks[i].first && c <= blocks[i].last)
			return blocks[i].cells;
	}
	return 1;
}

/* Columns that add_harmless() fills with the character at s; a tab counts as one. */
static unsigned shown_cells(const char *s, size_t n)
{
	enum { ESCAPE = 4 };
	unsigned char c = (unsigned char)*s;
	uint32_t code_point;
	if (c < 0x80)
		return (c < 0x20 && c != '\t') || c == 0x7F ? ESCAPE : 1;
	size_t len = harmless_char(s, n, &code_point);
	if (len)
		return cells_of(code_point);
	unsigned cells = ESCAPE; /* each of its bytes is one */
	for (size_t i = 1; i < n && (s[i] & 0xC0) == 0x80; i++)
		cells += ESCAPE;
	return cells;
}

static unsigned digits(uint32_t n)
{
	unsigned count = 1;
	for (; n >= 10; n /= 10)
		count++;
	return count;
}

/* What is shown of a line: all of it, or of a long one so many characters from a column on. */
struct window {
	uint32_t column; /* of the first one, from 1 */
	bool cut_before, cut_behind;
	const char *text;
	size_t len;
};

enum { LONGEST_LINE = 300, WINDOW_CHARS = 200, WINDOW_BEFORE = 80 };

static bool begins_char(char c)
{
	return (c & 0xC0) != 0x80;
}

static struct window window_of(const struct src *src, uint32_t line, uint32_t column)
{
	struct window w = {.column = 1};
	w.text = src_line(src, line, &w.len);
	if (w.len < LONGEST_LINE)
		return w;
	uint32_t first = column > WINDOW_BEFORE ? column - WINDOW_BEFORE : 1;
	size_t i = 0;
	for (; i < w.len && (w.column < first || !begins_char(w.text[i])); i++)
		w.column += i + 1 < w.len && begins_char(w.text[i + 1]);
	size_t end = i;
	for (size_t n = 0; end < w.len && (n < WINDOW_CHARS || !begins_char(w.text[end])); end++)
		n += end + 1 < w.len && begins_char(w.text[end + 1]);
	w.cut_before = i > 0;
	w.cut_behind = end < w.len;
	w.text += i;
	w.len = end - i;
	return w;
}

static void add_excerpt_line(struct buf *out, const struct window *w, uint32_t line, unsigned width)
{
	buf_addf(out, "  %*u: %s", (int)width, line, w->cut_before ? "... " : "");
	add_harmless(out, w->text, w->len);
	buf_adds(out, w->cut_behind ? " ...\n" : "\n");
}

/*
 *   on main.tf line 3, in resource "aws_vpc" "main":
 *    3:   cidr = "10.0.0.0/16"
 *         ^^^^
 */
static void add_excerpt(struct buf *out, const struct src_set *sources, struct src_range subject,
			struct src_range context, const char *address, const char *intro)
{
	const struct src *src = sources ? src_find(sources, subject.start) : NULL;
	if (!src)
		return;
	struct src_pos start = src_pos(src, subject.start), end = src_pos(src, subject.end);
	buf_addf(out, "  %s %s line %u", intro, src_name(src), start.line);
	if (address)
		buf_addf(out, ", in %s", address);
	buf_adds(out, ":\n");
	uint32_t first = start.line, last = end.line;
	if (!src_range_is_empty(context) && src_find(sources, context.start) == src) {
		first = src_pos(src, context.start).line;
		last = src_pos(src, context.end).line;
	}
	enum { MOST_LINES = 12 };
	if (last > first + MOST_LINES)
		last = first + MOST_LINES > start.line ? first + MOST_LINES : start.line;
	unsigned width = digits(last);
	for (uint32_t line = first; line <= last; line++) {
		if (line > first + MOST_LINES && line != start.line)
			continue;
		struct window w = window_of(src, line, line == start.line ? start.column : 1);
		add_excerpt_line(out, &w, line, width);
		if (line != start.line)
			continue;
		uint32_t behind = w.column; /* the column behind what is shown */
		for (size_t i = 0; i < w.len; i++)
			behind += begins_char(w.text[i]);
		uint32_t until = end.line > start.line || end.column > behind ? behind : end.column;
		if (until <= start.column)
			until = start.column + 1;
		buf_addf(out, "  %*s  %s", (int)width, "", w.cut_before ? "    " : "");
		uint32_t column = w.column;
		unsigned carets = 0;
		for (size_t i = 0; i < w.len && column < until; i++) {
			if (!begins_char(w.text[i]))
				continue;
			unsigned cells = shown_cells(w.text + i, w.len - i);
			if (column >= start.column)
				carets += cells;
			else if (w.text[i] == '\t')
				buf_addc(out, '\t');
			else
				buf_add_repeated(out, ' ', cells);
			column++;
		}
		for (; column < start.column; column++) /* behind the end of the line */
			buf_addc(out, ' ');
		buf_add_repeated(out, '^', carets ? carets : 1);
		buf_addc(out, '\n');
	}
}

/* Breaks paragraphs at `width`; lines that begin with a blank are left as they are. */
static void add_wrapped(struct buf *out, const char *text, unsigned width)
{
	while (*text) {
		size_t len = strcspn(text, "\n");
		if (!width || *text == ' ' || *text == '\t') {
			add_harmless(out, text, len);
		} else {
			size_t column = 0;
			for (size_t i = 0; i < len;) {
				size_t word = strcspn(text + i, " \n");
				if (column && column + 1 + word > width) {
					buf_addc(out, '\n');
					column = 0;
				} else if (column) {
					buf_addc(out, ' ');
					column++;
				}
				add_harmless(out, text + i, word);
				column += word;
				i += word;
				while (i < len && text[i] == ' ')
					i++;
			}
		}
		buf_addc(out, '\n');
		text += len;
		if (*text == '\n')
			text++;
	}
}

void diag_print(const struct diag *diag, const struct src_set *sources, bool color, unsigned width, struct buf *out)
{
	bool error = diag->severity == DIAG_ERROR;
	buf_addf(out, "%s%s: %s%s", color ? (error ? "\033[1;31m" : "\033[1;33m") : "", error ? "Error" : "Warning",
		 color ? "\033[0;1m" : "", "");
	add_harmless(out, diag->summary, strlen(diag->summary));
	buf_addf(out, "%s\n\n", color ? "\033[0m" : "");
	size_t before = out->len;
	add_excerpt(out, sources, diag->subject, diag->context, diag->address, "on");
	if (out->len == before && diag->address)
		buf_addf(out, "  with %s\n", diag->address);
	if (out->len != before)
		buf_addc(out, '\n');
	for (size_t i = 0; i < diag->note_count; i++) {
		const struct diag_note *note = &diag->notes[i];
		buf_adds(out, "  ");
		add_harmless(out, note->text, strlen(note->text));
		buf_adds(out, "\n");
		size_t length = out->len;
		add_excerpt(out, sources, note->range, SRC_NOWHERE, NULL, "on");
		if (out->len != length || i + 1 == diag->note_count)
			buf_addc(out, '\n');
	}
	if (diag->detail && *diag->detail) {
		add_wrapped(out, diag->detail, width);
		buf_addc(out, '\n');
	}
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool printed_before(const struct diags *diags, size_t index)
{
	const struct diag *diag = &diags->items[index];
	for (size_t i = 0; i < index; i++) {
		const struct diag *other = &diags->items[i];
		if (other->severity == diag->severity && other->subject.start == diag->subject.start &&
		    other->subject.end == diag->subject.end && same_text(other->summary, diag->summary) &&
		    same_text(other->detail, diag->detail) && same_text(other->address, diag->address))
			return true;
	}
	return false;
}

void diags_print(const struct diags *diags, const struct src_set *sources, bool color, unsigned width, struct buf *out)
{
	static const enum diag_severity order[] = {DIAG_WARNING, DIAG_ERROR};
	for (size_t pass = 0; pass < ARRAY_LEN(order); pass++) {
		for (size_t i = 0; i < diags->count; i++) {
			if (diags->items[i].severity == order[pass] && (i > 1000 || !printed_before(diags, i)))
				diag_print(&diags->items[i], sources, color, width, out);
		}
	}
}

/* Edits (insert, drop, change, swap of neighbours) that make one name of the other; longest name 64. */
static unsigned distance(const char *a, const char *b)
{
	enum { LONGEST = 64 };
	size_t n = strlen(a), m = strlen(b);
	if (n > LONGEST || m > LONGEST)
		return UINT32_MAX;
	unsigned rows[3][LONGEST + 1];
	unsigned *before = rows[0], *last = rows[1], *now = rows[2];
	for (size_t j = 0; j <= m; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		now[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			unsigned best = last[j - 1] + (a[i - 1] != b[j - 1]);
			if (last[j] + 1 < best)
				best = last[j] + 1;
			if (now[j - 1] + 1 < best)
				best = now[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && before[j - 2] + 1 < best)
				best = before[j - 2] + 1;
			now[j] = best;
		}
		unsigned *spare = before;
		before = last;
		last = now;
		now = spare;
	}
	return last[m];
}

const char *nearest_name(const char *name, const char *const *candidates, size_t count)
{
	const char *best = NULL;
	unsigned best_distance = UINT32_MAX;
	for (size_t i = 0; i < count; i++) {
		unsigned d = distance(name, candidates[i]);
		if (d < best_distance) {
			best_distance = d;
			best = candidates[i];
		}
	}
	size_t len = strlen(name);
	unsigned allowed = len <= 3 ? 1 : len <= 6 ? 2 : (unsigned)(len / 3);
	bool like = best && best_distance <= allowed && (best_distance < len || best_distance < strlen(best));
	if (like && best_distance <= 1)
		return best;
	/* "cidr" for "cidr_block", rather than for "id": one name begins with the other. */
	const char *longer = NULL;
	for (size_t i = 0; i < count && len >= 3; i++) {
		bool begins = !strncmp(candidates[i], name, len) && (!like || candidates[i][len] == '_');
		if (begins && (!longer || strlen(candidates[i]) < strlen(longer)))
			longer = candidates[i];
	}
	return longer ? longer : like ? best : NULL;
}
