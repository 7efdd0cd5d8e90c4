/* SPDX-License-Identifier: Apache-2.0 */
/* Mutates the golden expressions and evaluates them: nothing may crash, whatever it says. FUZZ=n for n rounds. */
#include "tests/fuzz/fuzz_eval.c"

#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

struct seeds {
	char **items;
	size_t count, cap;
};

static uint64_t state_of_random = 0x9E3779B97F4A7C15u;

static uint32_t random_below(uint32_t n)
{
	state_of_random ^= state_of_random << 13;
	state_of_random ^= state_of_random >> 7;
	state_of_random ^= state_of_random << 17;
	return (uint32_t)(state_of_random >> 32) % n;
}

static void load_seeds(struct arena *arena, struct seeds *seeds)
{
	char **names;
	size_t count;
	assert_true(directory_list(arena, "tests/lang/console", &names, &count));
	for (size_t i = 0; i < count; i++) {
		AUTO_BUF struct buf text = BUF_INIT;
		if (!strstr(names[i], ".txt") ||
		    !file_read(path_join(arena, "tests/lang/console", names[i]), (size_t)1 << 24, &text))
			continue;
		for (char *line = strtok(text.ptr, "\n"); line; line = strtok(NULL, "\n")) {
			if (strncmp(line, "> ", 2))
				continue;
			if (seeds->count == seeds->cap) {
				seeds->cap = seeds->cap ? seeds->cap * 2 : 256;
				seeds->items = xrealloc(seeds->items, seeds->cap, sizeof(char *));
			}
			seeds->items[seeds->count++] = arena_strdup(arena, line + 2);
		}
	}
}

/* Names of the golden files' context stand for those that this scope has. */
static void add_seed(struct buf *out, const char *seed)
{
	static const char kinds[] = "usnv";
	for (const char *c = seed; *c; c++) {
		if (!strncmp(c, "var.", 4) || !strncmp(c, "local.", 6)) {
			buf_addc(out, kinds[random_below(4)]);
			c = strchr(c, '.') - 1;
			continue;
		}
		buf_addc(out, *c);
	}
}

static void mutate(struct buf *text)
{
	static const char *const pieces[] = {
		"[*]", ".*", "[0]", ".a", "...", "null", "u.any", "s.str", "u.list", "s.map", "n.obj", "v.objs", " ? 1 : ", " && ",
		" == ", "${", "}", "%{ if ", "%{ endif }", "\"", "(", ")", "[", "]", "{", " => ", "for x in ", ": x", "try(",
		"-", "!", "1e309", "optional(", "object({", "\\u00e9", ",",
	};
	for (uint32_t times = random_below(4); times--;) {
		uint32_t at = random_below((uint32_t)text->len + 1);
		AUTO_BUF struct buf rest = BUF_INIT;
		switch (random_below(3)) {
		case 0: /* a piece more */
			buf_adds(&rest, buf_text(text) + at);
			text->len = at;
			buf_adds(text, pieces[random_below(ARRAY_LEN(pieces))]);
			buf_add(text, buf_text(&rest), rest.len);
			break;
		case 1: /* some bytes less */
			if (at < text->len) {
				uint32_t n = random_below(6) + 1;
				n = n > text->len - at ? (uint32_t)text->len - at : n;
				memmove(text->ptr + at, text->ptr + at + n, text->len - at - n + 1);
				text->len -= n;
			}
			break;
		default: /* one byte other */
			if (at < text->len)
				text->ptr[at] = (char)(random_below(95) + 32);
			break;
		}
	}
}

static void test_mutations(void **state)
{
	(void)state;
	struct arena *arena = arena_new();
	struct seeds seeds = {0};
	load_seeds(arena, &seeds);
	assert_true(seeds.count > 100);
	const char *wanted = getenv("FUZZ");
	long rounds = wanted ? atol(wanted) : 4000;
	for (long i = 0; i < rounds; i++) {
		AUTO_BUF struct buf text = BUF_INIT;
		add_seed(&text, seeds.items[random_below((uint32_t)seeds.count)]);
		mutate(&text);
		if (wanted && getenv("FUZZ_SHOW"))
			fprintf(stderr, "%s\n", buf_text(&text));
		LLVMFuzzerTestOneInput((const uint8_t *)buf_text(&text), text.len);
	}
	free(seeds.items);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_mutations)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
