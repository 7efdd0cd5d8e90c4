/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The provider "local", as Terraform's 2.x: files on this machine. A file that is gone, or that holds
 * something else than what was written, is no longer the object: it is written anew.
 */
#include "providers/small/simple.h"
#include "providers/small/small.h"

#include "base/buf.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct value mode_0777 = {.type = &type_string, .state = VALUE_KNOWN, .count = 4, .text = "0777"};
static const struct value mode_0700 = {.type = &type_string, .state = VALUE_KNOWN, .count = 4, .text = "0700"};

/* ---- digests ---- */

static const struct digest_attr {
	const char *name;
	enum digest_kind kind;
	bool base64;
} digest_attrs[] = {
	{"content_md5", DIGEST_MD5, false},
	{"content_sha1", DIGEST_SHA1, false},
	{"content_sha256", DIGEST_SHA256, false},
	{"content_base64sha256", DIGEST_SHA256, true},
	{"content_sha512", DIGEST_SHA512, false},
	{"content_base64sha512", DIGEST_SHA512, true},
	{"id", DIGEST_SHA1, false},
};

#define MADE(name) {name, &type_string, ATTR_COMPUTED, NULL, NULL}
#define DIGESTS                                                                                       \
	MADE("content_base64sha256"), MADE("content_base64sha512"), MADE("content_md5"), MADE("content_sha1"), \
		MADE("content_sha256"), MADE("content_sha512"), MADE("id")

static const struct value *with_digests(struct arena *arena, const struct value *object, const struct buf *content)
{
	const char *names[ARRAY_LEN(digest_attrs)];
	const struct value *values[ARRAY_LEN(digest_attrs)];
	for (size_t i = 0; i < ARRAY_LEN(digest_attrs); i++) {
		const struct digest_attr *attr = &digest_attrs[i];
		unsigned char digest[DIGEST_MAX];
		digest_bytes(attr->kind, buf_text(content), content->len, digest);
		AUTO_BUF struct buf text = BUF_INIT;
		if (attr->base64)
			base64_encode(BASE64_STANDARD, digest, digest_size(attr->kind), &text);
		else
			hex_encode(digest, digest_size(attr->kind), &text);
		names[i] = attr->name;
		values[i] = value_string_raw(arena, buf_text(&text), text.len);
	}
	return simple_with(arena, object, names, values, ARRAY_LEN(digest_attrs));
}

static bool has_digest(const struct buf *content, const char *sha1)
{
	unsigned char digest[DIGEST_MAX];
	AUTO_BUF struct buf hex = BUF_INIT;
	digest_bytes(DIGEST_SHA1, buf_text(content), content->len, digest);
	hex_encode(digest, digest_size(DIGEST_SHA1), &hex);
	return sha1 && !strcmp(buf_text(&hex), sha1);
}

/* ---- schemas ---- */

static const struct schema *file_schema(struct arena *arena)
{
	static const struct simple_attr attrs[] = {
		{"content", &type_string, ATTR_OPTIONAL | ATTR_REPLACE, NULL, NULL},
		{"content_base64", &type_string, ATTR_OPTIONAL | ATTR_REPLACE, NULL, NULL},
		{"directory_permission", &type_string, ATTR_OPTIONAL | ATTR_COMPUTED | ATTR_REPLACE, &mode_0777, NULL},
		{"file_permission", &type_string, ATTR_OPTIONAL | ATTR_COMPUTED | ATTR_REPLACE, &mode_0777, NULL},
		{"filename", &type_string, ATTR_REQUIRED | ATTR_REPLACE, NULL, NULL},
		{"sensitive_content", &type_string, ATTR_OPTIONAL | ATTR_REPLACE | ATTR_SENSITIVE | ATTR_DEPRECATED, NULL,
		 "Use the resource local_sensitive_file instead."},
		{"source", &type_string, ATTR_OPTIONAL | ATTR_REPLACE, NULL, NULL},
		DIGESTS,
		{.name = NULL},
	};
	return simple_schema(arena, attrs, NULL, 0);
}

static const struct schema *sensitive_file_schema(struct arena *arena)
{
	static const struct simple_attr attrs[] = {
		{"content", &type_string, ATTR_OPTIONAL | ATTR_REPLACE | ATTR_SENSITIVE, NULL, NULL},
		{"content_base64", &type_string, ATTR_OPTIONAL | ATTR_REPLACE | ATTR_SENSITIVE, NULL, NULL},
		{"directory_permission", &type_string, ATTR_OPTIONAL | ATTR_COMPUTED | ATTR_REPLACE, &mode_0700, NULL},
		{"file_permission", &type_string, ATTR_OPTIONAL | ATTR_COMPUTED | ATTR_REPLACE, &mode_0700, NULL},
		{"filename", &type_string, ATTR_REQUIRED | ATTR_REPLACE, NULL, NULL},
		{"source", &type_string, ATTR_OPTIONAL | ATTR_REPLACE, NULL, NULL},
		DIGESTS,
		{.name = NULL},
	};
	return simple_schema(arena, attrs, NULL, 0);
}

static const struct schema *data_schema(struct arena *arena)
{
	static const struct simple_attr attrs[] = {
		MADE("content"),
		MADE("content_base64"),
		{"filename", &type_string, ATTR_REQUIRED, NULL, NULL},
		DIGESTS,
		{.name = NULL},
	};
	return simple_schema(arena, attrs, NULL, 0);
}

static const struct schema *sensitive_data_schema(struct arena *arena)
{
	static const struct simple_attr attrs[] = {
		{"content", &type_string, ATTR_COMPUTED | ATTR_SENSITIVE, NULL, NULL},
		{"content_base64", &type_string, ATTR_COMPUTED | ATTR_SENSITIVE, NULL, NULL},
		{"filename", &type_string, ATTR_REQUIRED, NULL, NULL},
		DIGESTS,
		{.name = NULL},
	};
	return simple_schema(arena, attrs, NULL, 0);
}

/* Three or four octal digits, up to 0777. */
static bool parse_mode(const char *text, mode_t *mode)
{
	size_t len = strlen(text);
	if (len < 3 || len > 4 || strspn(text, "01234567") != len)
		return false;
	*mode = (mode_t)strtol(text, NULL, 8);
	return *mode <= 0777;
}

static void check_path(const struct value *config, const struct body *body, const char *name, struct diags *diags)
{
	const struct value *v = value_get(config, name);
	if (value_is_a(v, TYPE_STRING) && (!v->count || strlen(v->text) != v->count))
		diag_error(diags, simple_range(body, name), "Invalid attribute value",
			   "The argument \"%s\" must be a path: it is empty or holds a zero byte here.", name);
}

static void data_validate(const struct value *config, const struct body *body, struct diags *diags)
{
	check_path(config, body, "filename", diags);
}

static void file_validate(const struct value *config, const struct body *body, struct diags *diags)
{
	static const char *const of_file[] = {"content", "content_base64", "sensitive_content", "source", NULL};
	static const char *const of_sensitive[] = {"content", "content_base64", "source", NULL};
	simple_check_one_of(config, body, value_get(config, "sensitive_content") ? of_file : of_sensitive, diags);
	static const char *const modes[] = {"file_permission", "directory_permission"};
	for (size_t i = 0; i < ARRAY_LEN(modes); i++) {
		const char *text = value_get_text(config, modes[i]);
		mode_t mode;
		if (text && !parse_mode(text, &mode))
			diag_error(diags, simple_range(body, modes[i]), "Invalid attribute value",
				   "\"%s\" is no permission: three or four octal digits are expected, as in \"0644\".",
				   simple_shown(config, modes[i]));
	}
	static const char *const paths[] = {"filename", "source"};
	for (size_t i = 0; i < ARRAY_LEN(paths); i++)
		check_path(config, body, paths[i], diags);
}

/* ---- files ---- */

/* The path in an argument. A state that somebody wrote by hand may have none: no file has the empty name. */
static const char *path_of(struct arena *arena, const struct provider_context *context, const struct value *object, const char *name)
{
	const char *path = value_get_text(object, name);
	return path ? path_join(arena, context->root_dir, path) : "";
}

static mode_t mode_of(const struct value *planned, const char *name)
{
	const char *text = value_get_text(planned, name);
	mode_t mode = 0700;
	if (text && !parse_mode(text, &mode))
		bug("permission \"%s\"", text);
	return mode & (mode_t)~file_user_mask();
}

/* What shall stand in the file. */
static bool wanted_content(const struct simple_call *call, struct buf *out)
{
	const struct value *planned = call->request->planned;
	static const char *const plain[] = {"content", "sensitive_content"};
	for (size_t i = 0; i < ARRAY_LEN(plain); i++) {
		const struct value *v = value_get(planned, plain[i]);
		if (v && value_is_a(v, TYPE_STRING)) {
			buf_add(out, v->text, v->count);
			return true;
		}
	}
	const struct value *base64 = value_get(planned, "content_base64");
	if (value_is_a(base64, TYPE_STRING)) {
		if (base64_decode(BASE64_STANDARD, base64->text, base64->count, out))
			return true;
		diag_error(call->diags, call->request->range, "Invalid attribute value", "The value of \"content_base64\" is not base64.");
		return false;
	}
	if (file_read(path_of(call->arena, call->context, planned, "source"), 0, out))
		return true;
	diag_error(call->diags, call->request->range, "File cannot be read", "The source %s cannot be read: %s.",
		   simple_shown(planned, "source"), strerror(errno));
	return false;
}

/* Makes the missing folders above a file, with the mode as it is given. */
static bool make_parents(struct arena *arena, const char *path, mode_t mode)
{
	char *copy = arena_strdup(arena, path);
	for (char *p = strchr(copy + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		if (mkdir(copy, 0700) == 0 ? chmod(copy, mode) < 0 : errno != EEXIST)
			return false;
		*p = '/';
	}
	return true;
}

static bool write_content(const char *path, const struct buf *content, mode_t mode)
{
	struct stat st;
	bool own = lstat(path, &st) < 0 ? errno == ENOENT : S_ISREG(st.st_mode) && st.st_nlink == 1;
	if (own)
		return file_write(path, buf_text(content), content->len, mode);
	return file_overwrite(path, buf_text(content), content->len, mode);
}

/*
 * Files that this run has written. A block that got another name without a `moved` block is a new object
 * and an old one with the same file, and the new one may come first.
 */
static struct map written;

static const struct value *file_create(const struct simple_call *call)
{
	const struct value *planned = call->request->planned;
	const char *path = path_of(call->arena, call->context, planned, "filename");
	AUTO_BUF struct buf content = BUF_INIT;
	if (!wanted_content(call, &content))
		return NULL;
	if (!make_parents(call->arena, path, mode_of(planned, "directory_permission")) ||
	    !write_content(path, &content, mode_of(planned, "file_permission"))) {
		diag_error(call->diags, call->request->range, "File cannot be written", "%s cannot be written: %s.",
			   simple_shown(planned, "filename"), strerror(errno));
		return NULL;
	}
	if (!map_find(&written, path_clean(call->arena, path))) {
		char *key = xstrdup(path_clean(call->arena, path));
		map_put(&written, key, key);
	}
	return with_digests(call->arena, planned, &content);
}

static bool is_missing(int error)
{
	return error == ENOENT || error == ENOTDIR;
}

static bool has_mode(const char *path, mode_t mode)
{
	struct stat st;
	return stat(path, &st) == 0 && (!S_ISREG(st.st_mode) || (st.st_mode & 07777) == mode);
}

/* A create that was cut short has made the file or has not: there is no half of it. */
static const struct value *file_settle(const struct simple_call *call)
{
	const struct value *planned = call->request->planned;
	AUTO_BUF struct buf content = BUF_INIT, wanted = BUF_INIT;
	const char *path = path_of(call->arena, call->context, planned, "filename");
	struct diags ignored; /* the create that follows tells it again */
	diags_init(&ignored);
	struct simple_call quiet = *call;
	quiet.diags = &ignored;
	bool made = wanted_content(&quiet, &wanted) && file_read(path, 0, &content) && content.len == wanted.len &&
		    !memcmp(buf_text(&content), buf_text(&wanted), content.len) && has_mode(path, mode_of(planned, "file_permission"));
	diags_release(&ignored);
	return made ? with_digests(call->arena, planned, &content) : NULL;
}

static const struct value *file_read_object(struct arena *arena, const struct provider_context *context, const struct value *prior,
					    bool *failed, struct diags *diags)
{
	const char *path = path_of(arena, context, prior, "filename");
	AUTO_BUF struct buf content = BUF_INIT;
	if (!file_read(path, 0, &content)) {
		if (is_missing(errno))
			return NULL;
		*failed = true;
		diag_error(diags, SRC_NOWHERE, "File cannot be read", "%s cannot be read: %s.", simple_shown(prior, "filename"),
			   strerror(errno));
		return NULL;
	}
	return has_digest(&content, value_get_text(prior, "id")) ? prior : NULL;
}

static bool file_remove(const struct simple_call *call)
{
	const struct value *prior = call->request->prior;
	const char *path = path_of(call->arena, call->context, prior, "filename");
	const struct value *successor = call->request->successor;
	const char *key = path_clean(call->arena, path);
	if (map_find(&written, key) ||
	    (successor && !strcmp(key, path_clean(call->arena, path_of(call->arena, call->context, successor, "filename")))))
		return true; /* what stands there is another object's */
	AUTO_BUF struct buf content = BUF_INIT;
	if (!file_read(path, 0, &content)) {
		if (is_missing(errno))
			return true;
	} else if (!has_digest(&content, value_get_text(prior, "id"))) {
		/* somebody's work */
		diag_warning(call->diags, call->request->range, "File is left where it is",
			     "%s holds something else than what was written into it, and was not removed.",
			     simple_shown(prior, "filename"));
		return true;
	}
	if (unlink(path) == 0 || is_missing(errno))
		return true;
	diag_error(call->diags, call->request->range, "File cannot be removed", "%s cannot be removed: %s.",
		   simple_shown(prior, "filename"), strerror(errno));
	return false;
}

static const struct value *data_read(const struct simple_call *call)
{
	const struct value *config = call->request->config;
	const char *path = path_of(call->arena, call->context, config, "filename");
	AUTO_BUF struct buf content = BUF_INIT, base64 = BUF_INIT;
	if (!file_read(path, 0, &content)) {
		diag_error(call->diags, call->request->range, "File cannot be read", "%s cannot be read: %s.",
			   simple_shown(config, "filename"), strerror(errno));
		return NULL;
	}
	base64_encode(BASE64_STANDARD, buf_text(&content), content.len, &base64);
	static const char *const names[] = {"content", "content_base64"};
	const struct value *values[] = {value_string_n(call->arena, buf_text(&content), content.len),
					value_string_raw(call->arena, buf_text(&base64), base64.len)};
	return with_digests(call->arena, simple_with(call->arena, config, names, values, 2), &content);
}

static const struct simple_type types[] = {
	{.name = "local_file", .schema = file_schema, .create = file_create, .remove = file_remove, .settle = file_settle,
	 .read = file_read_object, .validate = file_validate, .outside_effect = true},
	{.name = "local_sensitive_file", .schema = sensitive_file_schema, .create = file_create, .remove = file_remove,
	 .settle = file_settle, .read = file_read_object, .validate = file_validate, .outside_effect = true},
	{.name = "local_file", .data = true, .schema = data_schema, .create = data_read, .validate = data_validate},
	{.name = "local_sensitive_file", .data = true, .schema = sensitive_data_schema, .create = data_read,
	 .validate = data_validate},
	{.name = NULL},
};

DEFINE_SIMPLE_KIND(local, "local", "registry.terraform.io/hashicorp/local", types);
