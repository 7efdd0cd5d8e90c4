/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/func/glob.h"

#include "base/file.h"
#include "base/vec.h"
#include "lang/value/unicode.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum {
	DEPTH_LIMIT = 64,       /* of ** : links may lead in circles */
	FILES_LIMIT = 1000000,
	ENTRIES_LIMIT = 2000000, /* of all directories read */
	STEPS_LIMIT = 20000000, /* characters compared */
};

struct glob {
	struct arena *arena;
	const char *root;
	VEC(char *) names;
	size_t steps, entries;
	enum glob_result result;
	const char *failed;
};

/* ---- one name against one component ---- */

struct piece {
	const char *at, *end;
};

static uint32_t next(struct piece *p)
{
	uint32_t c = 0;
	p->at += utf8_next(p->at, (size_t)(p->end - p->at), &c);
	return c;
}

/* The first `c` that no backslash stands before, or NULL. */
static const char *find_unescaped(struct piece p, char c)
{
	for (const char *s = p.at; s < p.end; s++) {
		if (*s == '\\')
			s++;
		else if (*s == c)
			return s;
	}
	return NULL;
}

static bool class_member(struct piece *class, uint32_t *c)
{
	if (class->at == class->end || *class->at == '-')
		return false;
	*c = next(class);
	if (*c != '\\')
		return true;
	if (class->at == class->end)
		return false;
	*c = next(class);
	return true;
}

/* What stands in brackets, without them. False for a bad pattern. */
static bool match_class(struct piece class, uint32_t c, bool *matched)
{
	if (class.at == class.end)
		return false;
	bool negated = *class.at == '^', found = false;
	class.at += negated;
	while (class.at < class.end) {
		uint32_t low, high;
		if (!class_member(&class, &low))
			return false;
		high = low;
		if (class.at < class.end && *class.at == '-') {
			class.at++;
			if (!class_member(&class, &high))
				return false;
		}
		found = found || (low <= c && c <= high);
	}
	*matched = found != negated;
	return true;
}

static bool match(struct glob *g, struct piece pattern, struct piece name, unsigned depth);

/* {one,two}rest: each alternative with the rest behind it. */
static bool match_alternatives(struct glob *g, struct piece pattern, struct piece name, unsigned depth)
{
	const char *close = find_unescaped(pattern, '}');
	if (!close) {
		g->result = GLOB_BAD_PATTERN;
		return false;
	}
	struct piece options = {pattern.at, close};
	size_t rest = (size_t)(pattern.end - close - 1);
	for (;;) {
		const char *comma = find_unescaped(options, ',');
		size_t len = (size_t)((comma ? comma : close) - options.at);
		char *joined = xmalloc(len + rest + 1);
		memcpy(joined, options.at, len);
		memcpy(joined + len, close + 1, rest);
		bool matched = match(g, (struct piece){joined, joined + len + rest}, name, depth + 1);
		free(joined);
		if (matched || g->result != GLOB_OK || !comma)
			return matched;
		options.at = comma + 1;
	}
}

static bool match(struct glob *g, struct piece pattern, struct piece name, unsigned depth)
{
	if (depth > DEPTH_LIMIT)
		g->result = GLOB_TOO_HARD;
	struct piece star = {0}, star_name = {0}; /* where to go on when what follows the last * does not fit */
	while (g->result == GLOB_OK) {
		if (++g->steps > STEPS_LIMIT) {
			g->result = GLOB_TOO_HARD;
			return false;
		}
		if (pattern.at == pattern.end && name.at == name.end)
			return true;
		bool fits = false;
		if (pattern.at < pattern.end && *pattern.at == '*') {
			pattern.at++;
			star = pattern;
			star_name = name;
			continue;
		}
		if (pattern.at < pattern.end && *pattern.at == '{') {
			pattern.at++;
			if (match_alternatives(g, pattern, name, depth))
				return true;
		} else if (pattern.at < pattern.end && name.at < name.end) {
			uint32_t p = next(&pattern), c = next(&name);
			if (p == '?') {
				fits = true;
			} else if (p == '[') {
				const char *close = find_unescaped(pattern, ']');
				if (!close || !match_class((struct piece){pattern.at, close}, c, &fits)) {
					g->result = GLOB_BAD_PATTERN;
					return false;
				}
				pattern.at = close + 1;
			} else if (p == '\\') {
				if (pattern.at == pattern.end) {
					g->result = GLOB_BAD_PATTERN;
					return false;
				}
				fits = next(&pattern) == c;
			} else {
				fits = p == c;
			}
		}
		if (fits)
			continue;
		if (!star.at || star_name.at == star_name.end)
			return false;
		next(&star_name);
		pattern = star;
		name = star_name;
	}
	return false;
}

/* ---- directories ---- */

static bool is_plain(const char *component, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (strchr("*?[{\\", component[i]))
			return false;
	return true;
}

static char *join(struct glob *g, const char *directory, const char *name)
{
	return path_join(g->arena, directory, name);
}

static void add_file(struct glob *g, char *name)
{
	struct stat st;
	if (stat(path_join(g->arena, g->root, name), &st) < 0) {
		if (g->result == GLOB_OK) {
			g->result = GLOB_FAILED;
			g->failed = name;
		}
		return;
	}
	if (!S_ISREG(st.st_mode))
		return;
	vec_add(&g->names, name);
	if (g->names.count > FILES_LIMIT)
		g->result = GLOB_TOO_HARD;
}

static bool is_directory(struct glob *g, const char *name)
{
	struct stat st;
	return stat(path_join(g->arena, g->root, name), &st) == 0 && S_ISDIR(st.st_mode);
}

/* All of `rest`, a pattern without a leading slash, below `directory`. */
static void walk(struct glob *g, const char *directory, const char *rest, unsigned depth)
{
	if (depth > DEPTH_LIMIT)
		g->result = GLOB_TOO_HARD;
	size_t len = strcspn(rest, "/");
	while (rest[len] && is_plain(rest, len)) { /* nothing to look up yet */
		directory = join(g, directory, arena_strndup(g->arena, rest, len));
		rest += len + 1;
		len = strcspn(rest, "/");
	}
	if (is_plain(rest, len)) {
		char *name = join(g, directory, rest);
		struct stat st;
		if (g->result == GLOB_OK && lstat(path_join(g->arena, g->root, name), &st) == 0)
			add_file(g, name);
		return;
	}
	char **names;
	size_t count;
	if (g->result != GLOB_OK || !is_directory(g, directory) ||
	    !directory_list(g->arena, path_join(g->arena, g->root, directory), &names, &count))
		return;
	g->entries += count;
	if (g->entries > ENTRIES_LIMIT)
		g->result = GLOB_TOO_HARD;
	bool last = rest[len] == '\0';
	if (len == 2 && memcmp(rest, "**", 2) == 0) {
		for (size_t i = 0; i < count && g->result == GLOB_OK; i++) {
			char *name = join(g, directory, names[i]);
			if (is_directory(g, name))
				walk(g, name, rest, depth + 1);
			else if (last)
				add_file(g, name);
		}
		if (!last)
			walk(g, directory, rest + 3, depth + 1);
		return;
	}
	for (size_t i = 0; i < count && g->result == GLOB_OK; i++) {
		struct piece pattern = {rest, rest + len}, name = {names[i], names[i] + strlen(names[i])};
		if (!match(g, pattern, name, 0))
			continue;
		char *found = join(g, directory, names[i]);
		if (last)
			add_file(g, found);
		else
			walk(g, found, rest + len + 1, depth + 1);
	}
}

enum glob_result glob_files(struct arena *arena, const char *root, const char *pattern, char ***names, size_t *count,
			    const char **failed)
{
	struct glob g = {.arena = arena, .root = root};
	bool absolute = pattern[0] == '/';
	walk(&g, absolute ? "/" : ".", pattern + absolute, 0);
	int error = errno;
	*count = g.names.count;
	*names = vec_copy(&g.names, arena);
	vec_free(&g.names);
	*failed = g.failed;
	errno = error;
	return g.result;
}
