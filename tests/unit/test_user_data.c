/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "sandbox/host/user_data.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const struct user_step *step(const struct user_data *data, const char *path)
{
	for (size_t i = 0; i < data->count; i++) {
		if (!strcmp(data->steps[i].path, path))
			return &data->steps[i];
	}
	fail_msg("there is no %s", path);
	return NULL;
}

static struct user_data read_text(struct arena *arena, const char *text)
{
	return user_data_read(arena, text, strlen(text), &(struct user_data_options){.user = "ubuntu"});
}

static void test_script(void **state)
{
	struct arena *arena = arena_new();
	struct user_data data = read_text(arena, "#!/usr/bin/perl\nprint 1;\n");
	(void)state;
	assert_int_equal(data.count, 1);
	assert_string_equal(data.steps[0].path, "/var/lib/cloud/instance/scripts/part-001");
	assert_true(data.steps[0].run && data.steps[0].mode == 0700 && data.steps[0].phase == USER_SCRIPTS);
	assert_int_equal(data.steps[0].len, 25);
	arena_free(arena);
}

static void test_config(void **state)
{
	struct arena *arena = arena_new();
	struct user_data data = read_text(arena, "#cloud-config\n"
						 "runcmd:\n- echo a  b\n- [ls, \"it's\", 1, true]\n"
						 "bootcmd: [early]\n"
						 "write_files:\n- {path: /x, content: aGk=, encoding: b64, permissions: 0600}\n- {path: /y, content: z, append: true, defer: true}\n- {path: z}\n"
						 "users: [default, {name: a, ssh_authorized_keys: [k1]}, {name: \"b; rm\"}]\n"
						 "mounts: [[xvdf, /data, ext4], [onlyone]]\n"
						 "novel: 1\n");
	(void)state;
	assert_string_equal(step(&data, "/var/lib/cloud/instance/scripts/runcmd")->bytes, "#!/bin/sh\necho a  b\n'ls' 'it'\\''s' '1' 'true'\n");
	assert_string_equal(data.steps[0].bytes, "#!/bin/sh\nearly\n");
	assert_memory_equal(step(&data, "/x")->bytes, "hi", 2);
	assert_int_equal(step(&data, "/x")->mode, 0600);
	assert_true(step(&data, "/y")->append && step(&data, "/y")->phase == USER_LATE_FILES && !step(&data, "/y")->run);
	const char *users = step(&data, "/var/lib/cloud/instance/sandbox/system")->bytes;
	assert_non_null(strstr(users, "useradd -m a\n"));
	assert_null(strstr(users, "rm"));
	assert_non_null(strstr(step(&data, "/var/lib/cloud/instance/sandbox/disks")->bytes, "'/dev/xvdf\t/data\text4\tdefaults,nofail,comment=cloudconfig\t0\t2'"));
	assert_string_equal(data.warnings, "#cloud-config: \"novel\" is not known here, and nothing was done for it\n");
	assert_non_null(strstr(data.errors, "write_files: item 3 has no absolute path\n"));
	assert_non_null(strstr(data.errors, "users: item 3 has no name\n"));
	assert_non_null(strstr(data.errors, "mounts: row 2 needs a device and a directory\n"));
	arena_free(arena);
}

static void test_message(void **state)
{
	struct arena *arena = arena_new();
	struct user_data data = read_text(arena, "Content-Type: multipart/mixed; boundary=\"==X==\"\r\nMIME-Version: 1.0\r\n\r\n--==X==\r\n"
						 "Content-Type: text/x-shellscript\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment;\r\n filename=\"../b.sh\"\r\n\r\n"
						 "IyEvYmluL3NoCg==\r\n--==X==\r\nContent-Type: text/cloud-config\r\n\r\nruncmd: [late]\r\n--==X==\r\n"
						 "Content-Type: text/x-shellscript\r\n\r\n#!/bin/sh\r\n--==X==--\r\n#!/bin/sh behind the end\r\n");
	(void)state;
	assert_string_equal(data.errors, "");
	assert_int_equal(data.count, 3);
	assert_string_equal(data.steps[0].path, "/var/lib/cloud/instance/scripts/b.sh");
	assert_int_equal(data.steps[0].len, 10);
	assert_string_equal(data.steps[1].path, "/var/lib/cloud/instance/scripts/part-001");
	assert_string_equal(data.steps[2].path, "/var/lib/cloud/instance/scripts/runcmd");
	arena_free(arena);
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *error, *warning;
	} cases[] = {
		{"#include\nhttp://example.com\n", "begins with \"#include\" is not understood", ""},
		{"#cloud-config\n- a\n", "It is no mapping", ""},
		{"#cloud-config\nruncmd: ls\n", "runcmd: a list is needed", ""},
		{"hello", "", "Unhandled non-multipart"},
		{"\x1f\x8b\x08nothing", "cannot be unpacked", ""},
		{"", "", ""},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct arena *arena = arena_new();
		struct user_data data = read_text(arena, cases[i].text);
		assert_int_equal(data.count, 0);
		assert_non_null(strstr(data.errors, cases[i].error));
		assert_non_null(strstr(data.warnings, cases[i].warning));
		assert_int_equal(!*data.errors, !*cases[i].error);
		arena_free(arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_script),
		cmocka_unit_test(test_config),
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
