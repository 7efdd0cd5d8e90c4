/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/duration.h"
#include "base/file.h"
#include "base/map.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static void map_keeps_what_is_put(void **state)
{
	(void)state;
	struct arena *arena = arena_new();
	struct map map = MAP_INIT;
	for (int i = 0; i < 5000; i++)
		assert_null(map_put(&map, arena_printf(arena, "key %d", i), arena_printf(arena, "%d", i)));
	for (int i = 0; i < 5000; i += 2)
		assert_non_null(map_remove(&map, arena_printf(arena, "key %d", i)));
	assert_int_equal(map_size(&map), 2500);
	assert_null(map_find(&map, "key 10"));
	assert_string_equal(map_find(&map, "key 4999"), "4999");
	assert_string_equal(map_put(&map, "key 1", "again"), "1");
	int n = 0;
	for (struct map_entry *e = map_first(&map); e; e = map_next(&map, e))
		n++;
	assert_int_equal(n, 2500);
	map_release(&map);
	arena_free(arena);
}

static void paths_are_cleaned(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"a/../b", "b"}, {"./a/./b/", "a/b"}, {"../../a", "../../a"}, {"a/..", "."}, {"/../a//b", "/a/b"},
		{"", "."}, {"../a/..", ".."}, {"a/../..", ".."}, {"/", "/"}, {"a/b/../../../c", "../c"},
	};
	struct arena *arena = arena_new();
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(path_clean(arena, cases[i][0]), cases[i][1]);
	arena_free(arena);
}

static void diagnostics_show_the_place(void **state)
{
	(void)state;
	struct src_set *set = src_set_new();
	const char text[] = "a = 1\n\tcidr = \"\xc3\xa9\"\nb = 2\n";
	assert_non_null(src_add(set, "first.tf", "x = 1\n", 6));
	const struct src *src = src_add(set, "main.tf", text, strlen(text));
	struct diags diags;
	diags_init(&diags);
	uint32_t at = src_base(src) + 7;
	diag_error(&diags, (struct src_range){at, at + 4}, "Unsupported argument", "No \"%s\" here.", "cidr");
	struct buf out = BUF_INIT;
	diags_print(&diags, set, false, 80, &out);
	assert_string_equal(buf_text(&out), "Error: Unsupported argument\n\n  on main.tf line 2:\n  2: \tcidr = \"\xc3\xa9\"\n"
					    "     \t^^^^\n\nNo \"cidr\" here.\n\n");
	buf_release(&out);
	diags_release(&diags);
	src_set_free(set);
}

/* Letters of double width, those that lie over others, and what is shown as an escape. */
static void carets_stand_below_wide_letters(void **state)
{
	(void)state;
	static const struct {
		const char *text, *marked, *under; /* what is shown below the line */
	} cases[] = {
		{"名前 = x", "x", "       ^"},
		{"a = \"名前\" + b", "\"名前\"", "    ^^^^^^"},
		{"e\xcc\x81 = x", "x", "    ^"},
		{"\xf0\x9f\x98\x80\t= x", "x", "  \t  ^"},
		{"\x01 = x", "x", "       ^"},
		{"한 = ｆx", "ｆ", "     ^^"},
		{"é = x", "x", "    ^"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct src_set *set = src_set_new();
		const struct src *src = src_add(set, "m.tf", cases[i].text, strlen(cases[i].text));
		struct diags diags;
		diags_init(&diags);
		uint32_t at = src_base(src) + (uint32_t)(strstr(cases[i].text, cases[i].marked) - cases[i].text);
		diag_error(&diags, (struct src_range){at, at + (uint32_t)strlen(cases[i].marked)}, "Wrong", "No.");
		AUTO_BUF struct buf out = BUF_INIT, want = BUF_INIT;
		diags_print(&diags, set, false, 80, &out);
		buf_addf(&want, "\n     %s\n", cases[i].under);
		if (!strstr(buf_text(&out), buf_text(&want)))
			fail_msg("%s\n%s", buf_text(&out), cases[i].under);
		diags_release(&diags);
		src_set_free(set);
	}
}

static void long_lines_are_shown_around_the_place(void **state)
{
	(void)state;
	struct src_set *set = src_set_new();
	AUTO_BUF struct buf text = BUF_INIT, want = BUF_INIT, out = BUF_INIT;
	for (int i = 0; i < 1000; i++)
		buf_adds(&text, "\xc3\xa9");
	buf_adds(&text, "XY");
	for (int i = 0; i < 1000; i++)
		buf_adds(&text, "\xc3\xa8");
	const struct src *src = src_add(set, "main.tf", buf_text(&text), text.len);
	struct diags diags;
	diags_init(&diags);
	uint32_t at = src_base(src) + 2000;
	diag_error(&diags, (struct src_range){at, at + 2}, "Wrong", "No.");
	diags_print(&diags, set, false, 80, &out);
	buf_adds(&want, "Error: Wrong\n\n  on main.tf line 1:\n  1: ... ");
	for (int i = 0; i < 80; i++)
		buf_adds(&want, "\xc3\xa9");
	buf_adds(&want, "XY");
	for (int i = 0; i < 118; i++)
		buf_adds(&want, "\xc3\xa8");
	buf_adds(&want, " ...\n         ");
	buf_add_repeated(&want, ' ', 80);
	buf_adds(&want, "^^\n\nNo.\n\n");
	assert_string_equal(buf_text(&out), buf_text(&want));
	diags_release(&diags);
	src_set_free(set);
}

static void near_names_are_found(void **state)
{
	(void)state;
	static const char *const names[] = {"cidr_block", "vpc_id", "tags", "availability_zone"};
	assert_string_equal(nearest_name("cidr_blok", names, 4), "cidr_block");
	assert_string_equal(nearest_name("cidr", names, 4), "cidr_block");
	assert_string_equal(nearest_name("tgas", names, 4), "tags");
	assert_string_equal(nearest_name("cidr", (const char *const[]){"id", "cidr_block", "arn"}, 3), "cidr_block");
	assert_string_equal(nearest_name("nn", (const char *const[]){"n"}, 1), "n");
	assert_null(nearest_name("x", (const char *const[]){"l"}, 1));
	assert_null(nearest_name("something", names, 4));
}

static void durations_are_those_of_go(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		uint64_t ms;
	} good[] = {{"90s", 90000},   {"1h30m", 5400000}, {"1.5h", 5400000}, {"0", 0},
		    {"250ms", 250}, {"1500us", 1},	  {".5s", 500},	     {"2m3s4ms", 123004}};
	static const char *const bad[] = {"", "5", "5x", "s", "-5m", "+5m", "1h30", "1 h", ".s", "1e3s", "0x1s", "5m ", "99999999999999h", "inf"};
	uint64_t ms;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		assert_true(duration_parse(good[i].text, &ms));
		assert_int_equal(ms, good[i].ms);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(duration_parse(bad[i], &ms));
}

static void files_are_written_behind_links_and_into_pipes(void **state)
{
	(void)state;
	char folder[] = "/tmp/test_base.XXXXXX";
	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	assert_true(file_write("plain", "one", 3, 0644));
	assert_int_equal(symlink("plain", "link"), 0);
	assert_int_equal(mkfifo("pipe", 0600), 0);
	int pipe = open("pipe", O_RDWR | O_CLOEXEC);
	assert_true(pipe >= 0);

	assert_true(file_write("link", "two", 3, 0600));
	assert_true(file_write("pipe", "three", 5, 0600));

	struct stat st;
	char read_back[8] = "";
	assert_int_equal(lstat("link", &st), 0);
	assert_true(S_ISLNK(st.st_mode));
	AUTO_BUF struct buf text = BUF_INIT;
	assert_true(file_read("plain", 0, &text));
	assert_string_equal(buf_text(&text), "two");
	assert_int_equal(lstat("pipe", &st), 0);
	assert_true(S_ISFIFO(st.st_mode));
	assert_int_equal(read(pipe, read_back, sizeof(read_back)), 5);
	assert_memory_equal(read_back, "three", 5);

	close(pipe);
	assert_int_equal(unlink("link") | unlink("pipe") | unlink("plain"), 0);
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(rmdir(folder), 0);
}

static void harmless_texts_steer_no_terminal(void **ignored)
{
	(void)ignored;
	AUTO_BUF struct buf out = BUF_INIT;
	buf_add_harmless(&out, "a \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80|\x1b[31m\n\t\x7f|\xc2\x9b|\xe2\x80\xae|\xc3|\xff");
	assert_string_equal(buf_text(&out), "a \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80|?[31m???|??|???|?|?");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(harmless_texts_steer_no_terminal),
		cmocka_unit_test(map_keeps_what_is_put),
		cmocka_unit_test(paths_are_cleaned),
		cmocka_unit_test(diagnostics_show_the_place),
		cmocka_unit_test(carets_stand_below_wide_letters),
		cmocka_unit_test(long_lines_are_shown_around_the_place),
		cmocka_unit_test(near_names_are_found),
		cmocka_unit_test(durations_are_those_of_go),
		cmocka_unit_test(files_are_written_behind_links_and_into_pipes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
