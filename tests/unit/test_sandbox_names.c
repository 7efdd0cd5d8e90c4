/* SPDX-License-Identifier: Apache-2.0 */
/* A host's /etc/hosts, written from outside, where the host's user may have put anything in the way. */
#include "base/buf.h"
#include "base/file.h"
#include "sandbox/host/names.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char disk[64];

static int make_disk(void **state)
{
	(void)state;
	snprintf(disk, sizeof(disk), "%s", "/tmp/test-names-XXXXXX");
	return mkdtemp(disk) && chdir(disk) == 0 ? 0 : -1;
}

static int remove_disk(void **state)
{
	static const char *const files[] = {"root/etc/hosts", "root/etc/.hosts.new", "root/etc", "root/aside/hosts", "root/aside", "root", "outside/hosts", "outside"};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		(void)!remove(files[i]);
	return chdir("/") == 0 && rmdir(disk) == 0 ? 0 : -1;
}

static void assert_text(const char *path, const char *want)
{
	AUTO_BUF struct buf text = BUF_INIT;
	assert_true(file_read(path, 1 << 16, &text));
	assert_string_equal(buf_text(&text), want);
}

static const char own[] = "127.0.0.1 localhost\n", one[] = "10.0.0.1 a\n";
#define BLOCK(lines) "# names of the network, kept up to date\n" lines "# end of the network's names\n"

static void test_lines(void **state)
{
	(void)state;
	assert_int_equal(names_set(disk, own, one), 0);
	assert_text("root/etc/hosts", "127.0.0.1 localhost\n" BLOCK("10.0.0.1 a\n"));
	/* what the host's user writes, before or behind, stays */
	assert_true(file_write("root/etc/hosts", "1.1.1.1 x\n" BLOCK("10.0.0.1 a\n") "2.2.2.2 y\n", strlen("1.1.1.1 x\n" BLOCK("10.0.0.1 a\n") "2.2.2.2 y\n"), 0644));
	assert_int_equal(names_set(disk, own, "10.0.0.2 b\n"), 0);
	assert_text("root/etc/hosts", "1.1.1.1 x\n" BLOCK("10.0.0.2 b\n") "2.2.2.2 y\n");
	assert_int_equal(names_set(disk, own, ""), 0);
	assert_text("root/etc/hosts", "1.1.1.1 x\n2.2.2.2 y\n");
	assert_int_equal(names_set(disk, own, one), 0);
	assert_text("root/etc/hosts", "1.1.1.1 x\n2.2.2.2 y\n" BLOCK("10.0.0.1 a\n"));
}

static void test_unchanged(void **state)
{
	struct stat before, after;
	(void)state;
	assert_int_equal(names_set(disk, own, one), 0);
	assert_int_equal(stat("root/etc/hosts", &before), 0);
	assert_int_equal(names_set(disk, own, one), 0);
	assert_int_equal(stat("root/etc/hosts", &after), 0);
	assert_true(before.st_ino == after.st_ino);
}

static void test_links(void **state)
{
	(void)state;
	assert_true(mkdir("outside", 0755) == 0 && file_write("outside/hosts", "kept\n", 5, 0644));
	/* the file leads out of the disk: it is replaced, not followed */
	assert_int_equal(names_set(disk, own, one), 0);
	assert_true(remove("root/etc/hosts") == 0 && symlink("../../outside/hosts", "root/etc/hosts") == 0);
	assert_int_equal(names_set(disk, own, one), 0);
	assert_text("outside/hosts", "kept\n");
	assert_text("root/etc/hosts", "127.0.0.1 localhost\n" BLOCK("10.0.0.1 a\n"));
	/* so does the one to which the new text is written first */
	assert_true(symlink("../../outside/hosts", "root/etc/.hosts.new") == 0);
	assert_int_equal(names_set(disk, own, "10.0.0.2 b\n"), 0);
	assert_text("outside/hosts", "kept\n");
	/* the directory does, or is a link at all: it is refused */
	assert_true(rename("root/etc", "root/aside") == 0 && symlink("../outside", "root/etc") == 0);
	assert_int_equal(names_set(disk, own, one), ELOOP);
	assert_true(unlink("root/etc") == 0 && symlink("aside", "root/etc") == 0);
	assert_int_equal(names_set(disk, own, one), ELOOP);
	assert_text("outside/hosts", "kept\n");
	/* what is no file does not hold us up */
	assert_true(unlink("root/etc") == 0 && rename("root/aside", "root/etc") == 0 && unlink("root/etc/hosts") == 0 && mkfifo("root/etc/hosts", 0644) == 0);
	assert_int_equal(names_set(disk, own, one), 0);
	assert_text("root/etc/hosts", "127.0.0.1 localhost\n" BLOCK("10.0.0.1 a\n"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_lines, make_disk, remove_disk),
		cmocka_unit_test_setup_teardown(test_unchanged, make_disk, remove_disk),
		cmocka_unit_test_setup_teardown(test_links, make_disk, remove_disk),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
