/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The formatter: against Terraform's results (tests/fmt), and on the project's own files, which it
 * must leave alone.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/file.h"
#include "lang/syntax/format.h"
#include "lang/syntax/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool formatted(const char *name, const struct buf *text, struct buf *out)
{
	struct src_set *set = src_set_new();
	struct arena *arena = arena_new();
	struct diags diags;
	diags_init(&diags);
	const struct src *src = src_add(set, name, buf_text(text), text->len);
	parse_file(arena, src, &diags);
	bool good = !diags_has_errors(&diags);
	if (good)
		format_text(src, out);
	diags_release(&diags);
	arena_free(arena);
	src_set_free(set);
	return good;
}

/* `terraform fmt -` ends its output with a newline even where the text has none. */
static void end_line(struct buf *text)
{
	if (!text->len || text->ptr[text->len - 1] != '\n')
		buf_addc(text, '\n');
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);
	return n >= m && !strcmp(s + n - m, end);
}

static bool same_as_file(struct arena *arena, const char *base, const char *suffix, const struct buf *got)
{
	struct buf wanted = BUF_INIT;
	bool same = file_read(arena_printf(arena, "tests/fmt/%s%s", base, suffix), 0, &wanted) && wanted.len == got->len &&
		    !memcmp(buf_text(&wanted), buf_text(got), got->len);
	if (!same)
		print_message("# %s%s: wanted\n%s# got\n%s", base, suffix, buf_text(&wanted), buf_text(got));
	buf_release(&wanted);
	return same;
}

static bool file_exists(struct arena *arena, const char *base, const char *suffix)
{
	struct buf ignored = BUF_INIT;
	bool exists = file_read(arena_printf(arena, "tests/fmt/%s%s", base, suffix), 0, &ignored);
	buf_release(&ignored);
	return exists;
}

static bool check_case(struct arena *arena, const char *base)
{
	struct buf text = BUF_INIT, out = BUF_INIT, again = BUF_INIT;
	assert_true(file_read(arena_printf(arena, "tests/fmt/%s.in", base), 0, &text));
	bool good = formatted(base, &text, &out), ok;
	if (file_exists(arena, base, ".err")) {
		ok = !good;
		if (!ok)
			print_message("# %s: formatted, but Terraform refuses it\n", base);
	} else {
		end_line(&out);
		ok = good && same_as_file(arena, base, ".out", &out) && formatted(base, &out, &again);
		end_line(&again);
		ok = ok && same_as_file(arena, base, file_exists(arena, base, ".again") ? ".again" : ".out", &again);
	}
	buf_release(&text);
	buf_release(&out);
	buf_release(&again);
	return ok;
}

static void as_terraform_does(void **state)
{
	(void)state;
	struct arena *arena = arena_new();
	char **names;
	size_t count, cases = 0, failed = 0;
	assert_true(directory_list(arena, "tests/fmt", &names, &count));
	for (size_t i = 0; i < count; i++) {
		if (!ends_with(names[i], ".in"))
			continue;
		failed += !check_case(arena, arena_strndup(arena, names[i], strlen(names[i]) - 3));
		cases++;
	}
	assert_true(cases > 50);
	assert_int_equal(failed, 0);
	arena_free(arena);
}

struct survey {
	struct arena *arena;
	size_t files, changed;
};

static void survey_directory(struct survey *s, const char *path)
{
	char **names;
	size_t count;
	if (!directory_list(s->arena, path, &names, &count))
		return;
	for (size_t i = 0; i < count; i++) {
		const char *file = path_join(s->arena, path, names[i]);
		if (names[i][0] == '.')
			continue;
		if (!ends_with(names[i], ".tf") && !ends_with(names[i], ".infra") && !ends_with(names[i], ".tfvars")) {
			survey_directory(s, file);
			continue;
		}
		struct buf text = BUF_INIT, out = BUF_INIT;
		if (file_read(file, 0, &text) && formatted(file, &text, &out)) {
			s->files++;
			if (out.len != text.len || memcmp(out.ptr, text.ptr, out.len)) {
				print_message("# %s is not formatted\n", file);
				s->changed++;
			}
		}
		buf_release(&text);
		buf_release(&out);
	}
}

static void our_own_files_are_formatted(void **state)
{
	(void)state;
	struct survey s = {.arena = arena_new()};
	survey_directory(&s, "examples");
	survey_directory(&s, "modules");
	assert_true(s.files > 10);
	assert_int_equal(s.changed, 0);
	arena_free(s.arena);
}

static void what_is_ours(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"a /* x */ \"b\" {}\n", "a /* x */ \"b\" {}\n"}, /* Terraform loses the comment */
		{"a = 1   ", "a = 1"},
		{"r \"\\u00e9\" \"a\\\\b\" {}\n", "r \"\xC3\xA9\" \"a\\\\b\" {}\n"},
		/* Terraform leaves out the parentheses here, and the result does not parse. */
		{"a = \"${# x\n  y}\"\n", "a = ( # x\ny)\n"},
		{"a = 1 # x\n\n\nb = 2\n", "a = 1 # x\n\n\nb = 2\n"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf text = BUF_INIT, out = BUF_INIT;
		buf_adds(&text, cases[i][0]);
		assert_true(formatted("x", &text, &out));
		assert_string_equal(buf_text(&out), cases[i][1]);
		buf_release(&text);
		buf_release(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_terraform_does),
		cmocka_unit_test(our_own_files_are_formatted),
		cmocka_unit_test(what_is_ours),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
