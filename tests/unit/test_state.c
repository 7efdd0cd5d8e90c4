/* SPDX-License-Identifier: Apache-2.0 */
#include "state/state.h"

#include "base/buf.h"
#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[] = "/tmp/infra-state-XXXXXX";
static char path[128];
static struct diags diags;
static struct arena *arena;

static int setup(void **ignored)
{
	(void)ignored;
	strcpy(strstr(dir, "XXXXXX") ? strstr(dir, "XXXXXX") : dir + strlen(dir) - 6, "XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	snprintf(path, sizeof(path), "%s/.infra/state.db", dir);
	setenv("XDG_CONFIG_HOME", dir, 1);
	unsetenv("INFRA_STATE_PASSPHRASE");
	diags_init(&diags);
	arena = arena_new();
	return 0;
}

static int teardown(void **ignored)
{
	(void)ignored;
	char command[160];
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	diags_release(&diags);
	arena_free(arena);
	return system(command);
}

static struct state *open_state(bool read_only)
{
	return state_open(&(struct state_options){.path = path, .read_only = read_only, .operation = "test"}, &diags);
}

static void put(struct state *state, const char *address, const struct value *v)
{
	static const char *const dependencies[] = {"a.b", "c.d"};
	state_put_object(state, &(struct object){.address = address, .deposed = "", .kind = "k", .provider = "k", .cloud = "here",
						 .value = v, .dependencies = dependencies, .dependency_count = 2});
}

static const struct value *object(const char *name, const struct value *v)
{
	return value_object(arena, &name, &v, 1);
}

static bool file_holds(const char *name, const char *text)
{
	AUTO_BUF struct buf bytes = BUF_INIT;
	return file_read(name, 0, &bytes) && memmem(bytes.ptr, bytes.len, text, strlen(text));
}

static void what_is_committed_is_there_again(void **ignored)
{
	(void)ignored;
	struct state *state = open_state(false);
	assert_non_null(state);
	assert_true(state_is_empty(state));
	put(state, "x.b[10]", object("id", value_string(arena, "ten")));
	put(state, "x.b[2]", object("id", value_string(arena, "two")));
	put(state, "x.gone", object("id", value_string(arena, "gone")));
	assert_true(state_remove_object(state, "x.gone", ""));
	state_put_output(state, "o", value_int(arena, 7));
	assert_true(state_commit(state, &diags));
	assert_int_equal(state_serial(state), 1);
	put(state, "x.lost", object("id", value_string(arena, "lost"))); /* never committed */
	state_close(state);
	struct stat st;
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	state = open_state(true);
	assert_int_equal(state_object_count(state), 2);
	assert_string_equal(state_object_at(state, 0)->address, "x.b[2]");
	assert_string_equal(state_object_at(state, 1)->address, "x.b[10]");
	assert_int_equal(state_object_at(state, 0)->dependency_count, 2);
	assert_string_equal(state_object_at(state, 0)->cloud, "here");
	assert_int_equal(state_output_count(state), 1);
	assert_null(state_find_object(state, "x.lost", ""));
	state_close(state);
}

static void secrets_are_sealed(void **ignored)
{
	(void)ignored;
	struct state *state = open_state(false);
	const struct value *secret = value_mark(arena, value_string(arena, "hunter2hunter2"), VALUE_SENSITIVE);
	put(state, "x.a", object("password", secret));
	state_put_intent(state, &(struct intent){.kind = INTENT_CREATE, .address = "x.c", .deposed = "", .type = "x", .provider_kind = "k",
						 .provider = "k", .token = "t", .planned = object("password", secret)});
	assert_true(state_commit(state, &diags));
	char wal[160];
	snprintf(wal, sizeof(wal), "%s-wal", path);
	assert_false(file_holds(path, "hunter2"));
	assert_false(file_holds(wal, "hunter2"));
	state_close(state);
	assert_false(file_holds(path, "hunter2"));
	state = open_state(false);
	assert_non_null(state);
	assert_string_equal(value_get_text(state_find_object(state, "x.a", "")->value, "password"), "hunter2hunter2");
	assert_true(value_is_sensitive(value_get(state_find_object(state, "x.a", "")->value, "password")));
	state_close(state);
	/* another key does not open it */
	char key[160];
	snprintf(key, sizeof(key), "%s/infra/state.key", dir);
	assert_int_equal(stat(key, &(struct stat){0}), 0);
	assert_int_equal(unlink(key), 0);
	assert_null(open_state(false));
	assert_true(diags_has_errors(&diags));
	diags_clear(&diags);
}

static void intents_stay_until_they_are_dropped(void **ignored)
{
	(void)ignored;
	struct state *state = open_state(false);
	int64_t first = state_put_intent(state, &(struct intent){.kind = INTENT_CREATE, .address = "x.a", .deposed = "", .type = "x",
								 .provider_kind = "k", .provider = "k", .token = "one", .recorded_at = 5});
	int64_t second = state_put_intent(state, &(struct intent){.kind = INTENT_DELETE, .address = "x.b", .deposed = "", .type = "x",
								  .provider_kind = "k", .provider = "k", .token = "two"});
	assert_true(first != second);
	state_set_intent_progress(state, first, "i-1", "create:1");
	state_drop_intent(state, second);
	assert_true(state_commit(state, &diags));
	state_close(state);
	state = open_state(false);
	assert_int_equal(state_intent_count(state), 1);
	assert_string_equal(state_intent_at(state, 0)->object_id, "i-1");
	assert_string_equal(state_intent_at(state, 0)->note, "create:1");
	assert_int_equal(state_intent_at(state, 0)->recorded_at, 5);
	state_close(state);
}

static unsigned called;
static void count_call(void *ctx)
{
	(void)ctx;
	called++;
}

static void what_waits_for_a_commit_is_called_once(void **ignored)
{
	(void)ignored;
	struct state *state = open_state(false);
	called = 0;
	put(state, "x.a", object("id", value_string(arena, "1")));
	state_after_commit(state, count_call, NULL);
	assert_int_equal(called, 0);
	assert_true(state_commit(state, &diags));
	assert_true(state_commit(state, &diags));
	assert_int_equal(called, 1);
	state_close(state);
}

static void one_run_at_a_time(void **ignored)
{
	(void)ignored;
	struct state *first = open_state(false);
	assert_non_null(first);
	assert_null(open_state(false));
	assert_true(diags_has_errors(&diags));
	assert_non_null(strstr(diags.items[0].detail, "infra test"));
	diags_clear(&diags);
	struct state *reader = open_state(true); /* reading needs no lock */
	assert_non_null(reader);
	state_close(reader);
	state_close(first);
	struct state *second = open_state(false);
	assert_non_null(second);
	state_close(second);
}

static void damage_is_told(void **ignored)
{
	(void)ignored;
	struct state *state = open_state(false);
	put(state, "x.a", object("id", value_string(arena, "1")));
	assert_true(state_commit(state, &diags));
	state_close(state);
	assert_true(file_write(path, "this is no database at all, but long enough to be read", 50, 0600));
	assert_null(open_state(false));
	assert_true(diags_has_errors(&diags));
	diags_clear(&diags);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_committed_is_there_again, setup, teardown),
		cmocka_unit_test_setup_teardown(secrets_are_sealed, setup, teardown),
		cmocka_unit_test_setup_teardown(intents_stay_until_they_are_dropped, setup, teardown),
		cmocka_unit_test_setup_teardown(what_waits_for_a_commit_is_called_once, setup, teardown),
		cmocka_unit_test_setup_teardown(one_run_at_a_time, setup, teardown),
		cmocka_unit_test_setup_teardown(damage_is_told, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
