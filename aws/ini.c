/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/ini.h"

#include "base/vec.h"

struct reader {
	struct arena *arena;
	VEC(struct ini_section) sections;
	VEC(struct ini_property) properties; /* of the last section */
	const char *why;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

/* A copy without space at both ends. */
static char *trimmed(struct arena *arena, const char *text, size_t len)
{
	while (len && is_blank(*text)) {
		text++;
		len--;
	}
	while (len && is_blank(text[len - 1]))
		len--;
	return arena_strndup(arena, text, len);
}

/* Where a comment behind a value begins: at # or ; after a blank. */
static size_t without_comment(const char *text, size_t len)
{
	for (size_t i = 1; i < len; i++) {
		if ((text[i] == '#' || text[i] == ';') && is_blank(text[i - 1]))
			return i;
	}
	return len;
}

static void close_section(struct reader *reader)
{
	if (!reader->sections.count)
		return;
	struct ini_section *last = &reader->sections.items[reader->sections.count - 1];
	last->properties = vec_copy(&reader->properties, reader->arena);
	last->property_count = reader->properties.count;
	reader->properties.count = 0;
}

/* section -> '[' [ kind blank ] ( name | '"' name '"' ) ']' */
static bool read_section(struct reader *reader, const char *line, size_t len)
{
	const char *end = memchr(line, ']', len);
	if (!end) {
		reader->why = "a section's \"[\" is not closed";
		return false;
	}
	char *inside = trimmed(reader->arena, line + 1, (size_t)(end - line) - 1);
	char *rest = inside + strcspn(inside, " \t\"'");
	const char *kind = "", *name = inside;
	if (is_blank(*rest)) {
		*rest++ = '\0';
		kind = inside;
		name = rest += strspn(rest, " \t");
	}
	if (*name == '"' || *name == '\'') {
		char quote = *name++;
		char *close = strrchr(name, quote);
		if (!close || close[1]) {
			reader->why = "a quoted name is not closed";
			return false;
		}
		*close = '\0';
	}
	if (!*name) {
		reader->why = "a section has no name";
		return false;
	}
	close_section(reader);
	vec_add(&reader->sections, (struct ini_section){.kind = kind, .name = name});
	return true;
}

/* property -> name ( '=' | ':' ) value */
static bool read_property(struct reader *reader, const char *line, size_t len, const char *under, unsigned number)
{
	size_t name_len = 0;
	while (name_len < len && line[name_len] != '=' && line[name_len] != ':')
		name_len++;
	char *name = trimmed(reader->arena, line, name_len);
	if (name_len == len || !*name) {
		reader->why = "neither a section, nor \"name = value\"";
		return false;
	}
	for (char *p = name; *p; p++)
		*p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
	const char *value = line + name_len + 1;
	size_t value_len = without_comment(value, len - name_len - 1);
	vec_add(&reader->properties,
		(struct ini_property){under, name, trimmed(reader->arena, value, value_len), number});
	return true;
}

/* An indented line: below a property without a value one of its own, else the value goes on. */
static bool read_indented(struct reader *reader, const char *line, size_t len, unsigned number)
{
	struct ini_property *last = &reader->properties.items[reader->properties.count - 1];
	if (last->under)
		return read_property(reader, line, len, last->under, number);
	if (!*last->value)
		return read_property(reader, line, len, last->name, number);
	const char *more = trimmed(reader->arena, line, without_comment(line, len));
	last->value = arena_printf(reader->arena, "%s\n%s", last->value, more);
	return true;
}

static bool read_line(struct reader *reader, const char *line, size_t len, unsigned number)
{
	size_t indent = 0;
	while (indent < len && is_blank(line[indent]))
		indent++;
	if (indent == len || line[indent] == '#' || line[indent] == ';')
		return true;
	if (memchr(line, '\0', len)) {
		reader->why = "a NUL byte";
		return false;
	}
	if (line[indent] == '[' && !(indent && reader->properties.count))
		return read_section(reader, line + indent, len - indent);
	if (!reader->sections.count) {
		reader->why = "a line before the first section";
		return false;
	}
	if (indent && reader->properties.count)
		return read_indented(reader, line, len, number);
	return read_property(reader, line, len, NULL, number);
}

const struct ini *ini_parse(struct arena *arena, const char *text, size_t len, unsigned *line, const char **why)
{
	struct reader reader = {.arena = arena};
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) { /* a byte order mark */
		text += 3;
		len -= 3;
	}
	unsigned number = 0;
	const char *end = text + len;
	while (text < end && !reader.why) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t n = newline ? (size_t)(newline - text) : (size_t)(end - text);
		read_line(&reader, text, n, ++number);
		text += n + (newline != NULL);
	}
	struct ini *ini = NULL;
	if (reader.why) {
		*line = number;
		*why = reader.why;
	} else {
		close_section(&reader);
		ini = arena_new_of(arena, struct ini);
		ini->sections = vec_copy(&reader.sections, arena);
		ini->section_count = reader.sections.count;
	}
	vec_free(&reader.sections);
	vec_free(&reader.properties);
	return ini;
}
