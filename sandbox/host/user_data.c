/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/host/user_data.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/vec.h"
#include "lang/func/gunzip.h"
#include "sandbox/host/cloud_config.h"

#include <string.h>
#include <strings.h>

enum { DEPTH_MAX = 8 };

static void add_part(struct user_reader *r, const char *type, const char *name, const char *bytes, size_t len, unsigned depth);

void user_fail(struct user_reader *r, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	buf_vaddf(&r->errors, fmt, args);
	va_end(args);
	buf_addc(&r->errors, '\n');
}

void user_warn(struct user_reader *r, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	buf_vaddf(&r->warnings, fmt, args);
	va_end(args);
	buf_addc(&r->warnings, '\n');
}

void user_add(struct user_reader *r, struct user_step step)
{
	vec_add(&r->steps, step);
}

static bool starts(const char *bytes, size_t len, const char *text)
{
	return len >= strlen(text) && !memcmp(bytes, text, strlen(text));
}

/* ---- MIME (RFC 2045, 2046): what of it mail of cloud-init has ---- */

struct headers {
	char *type, *boundary, *encoding, *name;
};

/* The value of a parameter: `boundary="x"; ...`. NULL when it is not there. */
static char *parameter(struct arena *arena, const char *value, const char *name)
{
	size_t len = strlen(name);
	for (const char *at = strchr(value, ';'); at; at = strchr(at, ';')) {
		at += 1 + strspn(at + 1, " \t");
		if (strncasecmp(at, name, len) != 0 || at[len] != '=')
			continue;
		at += len + 1;
		return *at == '"' ? arena_strndup(arena, at + 1, strcspn(at + 1, "\"")) : arena_strndup(arena, at, strcspn(at, "; \t\r"));
	}
	return NULL;
}

static void read_header(struct user_reader *r, const char *line, struct headers *out)
{
	const char *colon = strchr(line, ':'), *value = colon ? colon + 1 + strspn(colon + 1, " \t") : "";
	if (!strncasecmp(line, "content-type:", 13)) {
		out->type = arena_strndup(r->arena, value, strcspn(value, "; \t\r"));
		out->boundary = parameter(r->arena, value, "boundary");
		char *name = parameter(r->arena, value, "name");
		out->name = out->name ? out->name : name;
	} else if (!strncasecmp(line, "content-transfer-encoding:", 26)) {
		out->encoding = arena_strndup(r->arena, value, strcspn(value, "; \t\r"));
	} else if (!strncasecmp(line, "content-disposition:", 20)) {
		char *name = parameter(r->arena, value, "filename");
		out->name = name ? name : out->name;
	}
}

/* Lines up to an empty one; a line that begins with a blank continues the one before. Where the body begins. */
static size_t read_headers(struct user_reader *r, const char *bytes, size_t len, struct headers *out)
{
	AUTO_BUF struct buf line = BUF_INIT;
	size_t at = 0;
	while (at < len) {
		const char *end = memchr(bytes + at, '\n', len - at);
		size_t next = end ? (size_t)(end - bytes) + 1 : len, n = (end ? (size_t)(end - bytes) : len) - at;
		n -= n > 0 && bytes[at + n - 1] == '\r';
		bool continues = n > 0 && (bytes[at] == ' ' || bytes[at] == '\t');
		if (!continues) {
			read_header(r, buf_text(&line), out);
			buf_clear(&line);
		}
		buf_add(&line, bytes + at, n);
		at = next;
		if (!n)
			break;
	}
	return at;
}

/* Line breaks stand between the digits. */
static bool decode_lines(const char *text, size_t len, struct buf *out)
{
	AUTO_BUF struct buf digits = BUF_INIT;
	for (size_t i = 0; i < len; i++) {
		if (!strchr(" \t\r\n", text[i]))
			buf_addc(&digits, text[i]);
	}
	return base64_decode(BASE64_STANDARD, buf_text(&digits), digits.len, out);
}

/* The next line that is "--BOUNDARY", or NULL. */
static const char *find_boundary(const char *from, const char *end, const char *boundary)
{
	size_t len = strlen(boundary);
	for (const char *at = from; at < end;) {
		if ((size_t)(end - at) >= len + 2 && at[0] == '-' && at[1] == '-' && !memcmp(at + 2, boundary, len))
			return at;
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		at = newline ? newline + 1 : end;
	}
	return NULL;
}

static void add_message(struct user_reader *r, const char *bytes, size_t len, unsigned depth)
{
	struct headers h = {0};
	AUTO_BUF struct buf decoded = BUF_INIT;
	if (depth > DEPTH_MAX) {
		user_fail(r, "the user data has parts in parts, more than %d deep", DEPTH_MAX);
		return;
	}
	size_t begin = read_headers(r, bytes, len, &h);
	const char *body = bytes + begin, *end = bytes + len;
	if (h.boundary && h.type && !strncasecmp(h.type, "multipart/", 10)) {
		const char *at = find_boundary(body, end, h.boundary), *next;
		for (; at; at = next) {
			const char *line = memchr(at, '\n', (size_t)(end - at));
			next = line ? find_boundary(line + 1, end, h.boundary) : NULL;
			bool last = !strncmp(at + 2 + strlen(h.boundary), "--", 2);
			if (line && !last)
				add_message(r, line + 1, (size_t)((next ? next : end) - line - 1), depth + 1);
		}
		return;
	}
	len -= begin;
	if (h.encoding && !strcasecmp(h.encoding, "base64")) {
		if (!decode_lines(body, len, &decoded)) {
			user_fail(r, "a part of the user data says that it is base64, and is not");
			return;
		}
		body = buf_text(&decoded);
		len = decoded.len;
	} else if (h.encoding && strcasecmp(h.encoding, "7bit") != 0 && strcasecmp(h.encoding, "8bit") != 0 && strcasecmp(h.encoding, "binary") != 0) {
		user_fail(r, "a part of the user data is in %s, which is not read here: base64 is", h.encoding);
		return;
	}
	add_part(r, h.type, h.name, body, len, depth + 1);
}

/* ---- parts ---- */

/* A script of a part, in the folder from which they are run in the order of their names. */
static void add_script(struct user_reader *r, enum user_phase phase, const char *name, const char *bytes, size_t len)
{
	const char *base = name ? strrchr(name, '/') : NULL;
	const char *folder = phase == USER_BOOT ? "boothooks" : "scripts";
	user_add(r, (struct user_step){
		.phase = phase, .bytes = arena_memdup(r->arena, bytes, len), .len = len, .mode = 0700, .run = true,
		.path = name ? arena_printf(r->arena, "/var/lib/cloud/instance/%s/%s", folder, base ? base + 1 : name)
			     : arena_printf(r->arena, "/var/lib/cloud/instance/%s/part-%03u", folder, ++r->parts),
	});
}

static void add_archive(struct user_reader *r, const char *bytes, size_t len, unsigned depth)
{
	AUTO_BUF struct buf why = BUF_INIT;
	const struct value *list = value_from_yaml(r->arena, bytes, len, &why);
	if (!list || !value_is_list(list)) {
		user_fail(r, "the archive of cloud-configs cannot be read: %s", buf_text(&why));
		return;
	}
	for (uint32_t i = 0; i < list->count; i++) {
		const char *content = value_get_text(list->items[i], "content"), *type = value_get_text(list->items[i], "type");
		if (content)
			add_part(r, type, value_get_text(list->items[i], "filename"), content, strlen(content), depth + 1);
	}
}

static bool is_type(const char *type, const char *name)
{
	return type && !strcasecmp(type, name);
}

/* What it begins with counts for more than what its type says, as with cloud-init. */
static void add_part(struct user_reader *r, const char *type, const char *name, const char *bytes, size_t len, unsigned depth)
{
	AUTO_BUF struct buf packed = BUF_INIT, plain = BUF_INIT;
	if (depth > DEPTH_MAX) {
		user_fail(r, "the user data has parts in parts, more than %d deep", DEPTH_MAX);
		return;
	}
	if (len > 2 && !memcmp(bytes, "\x1f\x8b", 2)) {
		buf_add(&packed, bytes, len);
		const char *wrong = gunzip(&packed, &plain);
		if (wrong)
			user_fail(r, "the user data is compressed, and cannot be unpacked: %s", wrong);
		else
			add_part(r, type, name, buf_text(&plain), plain.len, depth + 1);
		return;
	}
	if (starts(bytes, len, "#!")) {
		add_script(r, USER_SCRIPTS, name, bytes, len);
	} else if (starts(bytes, len, "#cloud-config-archive")) {
		add_archive(r, bytes, len, depth);
	} else if (starts(bytes, len, "#cloud-config") || is_type(type, "text/cloud-config")) {
		cloud_config_read(r, bytes, len);
	} else if (starts(bytes, len, "#cloud-boothook") || is_type(type, "text/cloud-boothook")) {
		const char *line = starts(bytes, len, "#cloud-boothook") ? memchr(bytes, '\n', len) : NULL;
		size_t skip = line ? (size_t)(line - bytes) + 1 : 0;
		add_script(r, USER_BOOT, name, bytes + skip, len - skip);
	} else if (starts(bytes, len, "Content-Type:") || starts(bytes, len, "MIME-Version:") || starts(bytes, len, "From ") || starts(bytes, len, "content-type:")) {
		add_message(r, bytes, len, depth);
	} else if (starts(bytes, len, "#include") || starts(bytes, len, "## template:") || starts(bytes, len, "#part-handler") || starts(bytes, len, "#upstart-job")) {
		user_fail(r, "user data that begins with \"%.*s\" is not understood here: nothing of it was done", (int)strcspn(bytes, " \n:"), bytes);
	} else if (is_type(type, "text/x-shellscript")) {
		user_fail(r, "a script without \"#!\" in its first line cannot be run");
	} else if (len) {
		user_warn(r, "Unhandled non-multipart (text/x-not-multipart) userdata: it begins with neither #! nor #cloud-config, and nothing was run");
	}
}

/* ---- all ---- */

/* As they came where phases are the same, but scripts by name. */
static int by_phase(const void *a, const void *b)
{
	const struct user_step *left = a, *right = b;
	if (left->phase != right->phase)
		return left->phase < right->phase ? -1 : 1;
	return left->phase == USER_SCRIPTS ? strcmp(left->path, right->path) : 0;
}

struct user_data user_data_read(struct arena *arena, const char *bytes, size_t len, const struct user_data_options *options)
{
	struct user_reader r = {.arena = arena, .options = options};
	struct user_data data = {0};
	AUTO_BUF struct buf decoded = BUF_INIT;
	bytes = arena_strndup(arena, bytes, len); /* with a NUL behind it, for who looks at words */
	/* encoded once more than AWS asks for, as some tools do */
	if (len > 8 && bytes[0] != '#' && decode_lines(bytes, len, &decoded))
		add_part(&r, NULL, NULL, buf_text(&decoded), decoded.len, 0);
	else
		add_part(&r, NULL, NULL, bytes, len, 0);
	/* stable: qsort() may exchange equal ones */
	for (size_t i = 1; i < r.steps.count; i++) {
		for (size_t k = i; k > 0 && by_phase(&r.steps.items[k - 1], &r.steps.items[k]) > 0; k--) {
			struct user_step step = r.steps.items[k];
			r.steps.items[k] = r.steps.items[k - 1];
			r.steps.items[k - 1] = step;
		}
	}
	data.always = r.always;
	data.count = r.steps.count;
	data.steps = data.count ? arena_memdup(arena, r.steps.items, data.count * sizeof(*data.steps)) : NULL;
	data.errors = buf_copy(&r.errors, arena);
	data.warnings = buf_copy(&r.warnings, arena);
	vec_free(&r.steps);
	buf_release(&r.errors);
	buf_release(&r.warnings);
	return data;
}
