/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parser against Terraform's verdicts on the files in tests/lang/syntax: what it refuses is
 * refused here, on the same line, and what it takes is taken. The words are our own.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/file.h"
#include "lang/syntax/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Where we differ on purpose: file, case, and why. */
static const char *const differences[][3] = {
	{"bytes.txt", "NUL in a string", "a text file has none, and C's strings would end there"},
	{"bytes.txt", "NUL in a comment", "the same"},
	{"bytes.txt", "overlong UTF-8", "not UTF-8; Terraform lets it through by chance"},
	{"bytes.txt", "surrogate in UTF-8", "the same"},
	{"expressions.txt", "index not closed", "Terraform points behind the end"},
	{"expressions.txt", "splat not closed", "the same"},
	{"expressions.txt", "heredoc not closed", "the same"},
	{"blocks.txt", "inner block not closed", "we point at the block that indentation shows to be open"},
	{"expressions.txt", "brace not closed", "the same"},
	{"expressions.txt", "brace not closed over lines", "the same"},
	{"bytes.txt", "byte order mark of UTF-16", "the file is named, but its bytes are not shown as if they were text"},
};

struct golden {
	char name[200];
	struct buf source;
	bool escaped, bad;
	unsigned lines[16]; /* on which Terraform reports errors */
	size_t line_count;
};

static bool is_difference(const char *file, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(differences); i++)
		if (strcmp(differences[i][0], file) == 0 && strcmp(differences[i][1], name) == 0)
			return true;
	return false;
}

static int hex(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

static void add_line(struct golden *g, const char *line, size_t len)
{
	if (!g->escaped) {
		buf_add(&g->source, line, len);
		buf_addc(&g->source, '\n');
		return;
	}
	if (g->source.len)
		buf_addc(&g->source, '\n');
	for (size_t i = 0; i < len; i++) {
		char c = line[i];
		if (c == '\\') {
			c = line[++i];
			if (c == 'x') {
				c = (char)(hex(line[i + 1]) << 4 | hex(line[i + 2]));
				i += 2;
			} else {
				c = c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
			}
		}
		buf_addc(&g->source, c);
	}
}

static bool on_a_line(const struct golden *g, const struct src *src, struct src_range range)
{
	if (src_range_is_empty(range))
		return false;
	unsigned line = src_pos(src, range.start).line;
	for (size_t i = 0; i < g->line_count; i++)
		if (g->lines[i] == line)
			return true;
	return false;
}

/* Adds a line of complaint to `out` where the parser disagrees. */
static void judge(const char *file, const struct golden *g, struct buf *out)
{
	struct arena *arena = arena_new();
	struct src_set *set = src_set_new();
	struct diags diags;
	diags_init(&diags);
	const struct src *src = src_add(set, "main.tf", buf_text(&g->source), g->source.len);
	assert_non_null(parse_file(arena, src, &diags));
	if (diags_has_errors(&diags) != g->bad) {
		buf_addf(out, "%s: %s: %s\n", file, g->name, g->bad ? "taken, but Terraform refuses it" : "refused:");
		if (!g->bad)
			diags_print(&diags, set, false, 0, out);
	} else if (g->bad && g->line_count) {
		bool found = false;
		for (size_t i = 0; i < diags.count; i++) {
			/* What was opened is our subject, and where it should have ended a note; Terraform has it the other way. */
			const struct diag *d = &diags.items[i];
			found = found || on_a_line(g, src, d->subject);
			for (size_t j = 0; j < d->note_count; j++)
				found = found || on_a_line(g, src, d->notes[j].range);
		}
		if (!found) {
			buf_addf(out, "%s: %s: not reported on line %u\n", file, g->name, g->lines[0]);
			diags_print(&diags, set, false, 0, out);
		}
	}
	diags_release(&diags);
	src_set_free(set);
	arena_free(arena);
}

static void check_file(const char *file)
{
	struct arena *arena = arena_new();
	struct buf text = BUF_INIT, complaints = BUF_INIT;
	char path[200];
	snprintf(path, sizeof(path), "tests/lang/syntax/%s", file);
	assert_true(file_read(path, 1 << 20, &text));
	struct golden g = {.source = BUF_INIT};
	enum { HEAD, SOURCE, EXPECT } part = HEAD;
	size_t count = 0;
	const char *end = text.ptr + text.len;
	for (const char *at = text.ptr; at < end;) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t len = stop ? (size_t)(stop - at) : (size_t)(end - at);
		const char *line = arena_printf(arena, "%.*s", (int)len, at);
		if (strncmp(line, "=== ", 4) == 0) {
			if (count++ && !is_difference(file, g.name))
				judge(file, &g, &complaints);
			buf_clear(&g.source);
			g.bad = false;
			g.line_count = 0;
			part = HEAD;
			snprintf(g.name, sizeof(g.name), "%s", line + 4);
		} else if (part == HEAD && strncmp(line, "--- source", 10) == 0) {
			g.escaped = strcmp(line + 10, " escaped") == 0;
			part = SOURCE;
		} else if (part == SOURCE && strcmp(line, "--- expect") == 0) {
			part = EXPECT;
		} else if (part == SOURCE) {
			add_line(&g, line, len);
		} else if (part == EXPECT && strcmp(line, "bad syntax") == 0) {
			g.bad = true;
		} else if (part == EXPECT && strncmp(line, "error ", 6) == 0 && g.line_count < ARRAY_LEN(g.lines)) {
			unsigned n = (unsigned)strtoul(line + 6, NULL, 10);
			if (n)
				g.lines[g.line_count++] = n;
		}
		at += len + 1;
	}
	if (count && !is_difference(file, g.name))
		judge(file, &g, &complaints);
	assert_true(count > 20);
	if (complaints.len) {
		fputs(buf_text(&complaints), stderr);
		fail();
	}
	buf_release(&g.source);
	buf_release(&complaints);
	buf_release(&text);
	arena_free(arena);
}

static void bytes(void **state)
{
	(void)state;
	check_file("bytes.txt");
}

static void blocks(void **state)
{
	(void)state;
	check_file("blocks.txt");
}

static void comments(void **state)
{
	(void)state;
	check_file("comments.txt");
}

static void expressions(void **state)
{
	(void)state;
	check_file("expressions.txt");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes),
		cmocka_unit_test(blocks),
		cmocka_unit_test(comments),
		cmocka_unit_test(expressions),
	};
	return cmocka_run_group_tests_name("terraform_syntax", tests, NULL, NULL);
}
