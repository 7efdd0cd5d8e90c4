/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every function with arguments that are known after apply, in part or wholly, sensitive, ephemeral:
 * the expressions of tests/lang/func_states.txt, each with its result in the short form of
 * fixture_show(). ACCEPT=1 writes what comes out.
 */
#include "base/file.h"
#include "lang/func/func.h"
#include "tests/unit/eval_scope.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static const char file[] = "tests/lang/func_states.txt";

static void add_result(struct buf *out, const char *expression)
{
	struct fixture f;
	fixture_init(&f);
	f.eval.pure = true;
	const struct value *v = fixture_eval(&f, expression);
	buf_addf(out, "> %s\n", expression);
	if (diags_has_errors(&f.diags))
		buf_addf(out, "! %s\n", f.diags.items[0].detail);
	else
		buf_addf(out, "= %s\n", fixture_show(&f, v));
	fixture_release(&f);
}

static void test_states(void **state)
{
	(void)state;
	AUTO_BUF struct buf text = BUF_INIT, out = BUF_INIT;
	assert_true(file_read(file, 0, &text));
	for (char *line = text.ptr, *next; *line; line = next) {
		char *end = strchrnul(line, '\n');
		next = *end ? end + 1 : end;
		*end = '\0';
		if (line[0] == '>')
			add_result(&out, line + 2);
		else if (line[0] != '=' && line[0] != '!')
			buf_addf(&out, "%s\n", line);
	}
	AUTO_BUF struct buf wanted = BUF_INIT;
	assert_true(file_read(file, 0, &wanted));
	if (getenv("ACCEPT"))
		assert_true(file_write(file, out.ptr, out.len, 0644));
	else
		assert_string_equal(buf_text(&wanted), buf_text(&out));
}

/* Every function stands in the file. */
static void test_all_named(void **state)
{
	(void)state;
	AUTO_BUF struct buf text = BUF_INIT;
	assert_true(file_read(file, 0, &text));
	size_t count, missing = 0;
	const struct function *const *list = function_list(&count);
	for (size_t i = 0; i < count; i++) {
		char call[64];
		snprintf(call, sizeof(call), "> %s(", list[i]->name);
		if (!strstr(buf_text(&text), call)) {
			print_message("%s stands nowhere in %s\n", list[i]->name, file);
			missing++;
		}
	}
	assert_int_equal(missing, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_states), cmocka_unit_test(test_all_named)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
