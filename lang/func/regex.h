/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regular expressions as users write them: the syntax of Go's regexp package (RE2), whose words for
 * mistakes are kept. There are no back references and no look-around. PCRE2 does the matching.
 */
#pragma once

#include "base/arena.h"

struct buf;
struct regex;

/*
 * NULL where the pattern is wrong: `what` says how ("missing closing )"), `where` receives the part
 * of the pattern that is meant. Free with regex_free().
 */
struct regex *regex_compile(const char *pattern, size_t len, const char **what, struct buf *where) MUST_USE;
void regex_free(struct regex *regex); /* NULL accepted */
#define AUTO_REGEX __attribute__((cleanup(auto_regex_free)))
void auto_regex_free(struct regex **regex);

/* How many capture groups there are; the name of one, counted from 1, or NULL. */
size_t regex_group_count(const struct regex *regex);
const char *regex_group_name(const struct regex *regex, size_t group);

#define REGEX_UNSET SIZE_MAX
enum regex_result {
	REGEX_MATCH,
	REGEX_NONE,
	REGEX_TOO_HARD, /* the search took more steps or memory than one call may use */
};
/*
 * The leftmost match at or behind `start` in valid UTF-8. `*spans` then holds start and end of the
 * whole and of each group (REGEX_UNSET both where it took no part), until the next call.
 */
enum regex_result regex_match(struct regex *regex, const char *text, size_t len, size_t start, const size_t **spans);

/*
 * The next of all matches as Go finds them: they do not overlap, and an empty one right behind
 * another is left out. Start with a zeroed iterator.
 */
struct regex_iterator {
	size_t position;
	size_t last_end;
	bool started;
};
enum regex_result regex_next(struct regex *regex, const char *text, size_t len, struct regex_iterator *it,
			     const size_t **spans);
