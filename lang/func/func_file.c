/* SPDX-License-Identifier: Apache-2.0 */
/* File and path functions but templatefile(). Relative paths start from the run's root directory. */
#include "lang/func/internal.h"

#include "base/digest.h"
#include "base/file.h"
#include "lang/func/glob.h"
#include "lang/value/unicode.h"

#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *error_words(int error)
{
	static char words[128];
	const char *text = strerror(error);
	snprintf(words, sizeof(words), "%s", text);
	if (words[0] >= 'A' && words[0] <= 'Z' && words[1] >= 'a' && words[1] <= 'z')
		words[0] = (char)(words[0] - 'A' + 'a');
	return words;
}

static const char *root_directory(const struct call *call)
{
	return call->eval->base_dir ? call->eval->base_dir : ".";
}

/* ---- paths ---- */

static const char *home_directory(const struct call *call)
{
	const char *home = getenv("HOME");
	if (home && *home)
		return home;
	const struct passwd *user = getpwuid(getuid());
	return user && user->pw_dir ? arena_strdup(call_arena(call), user->pw_dir) : NULL;
}

/* ~ and ~/x; other paths come back as they are. NULL with *why for ~user. */
static const char *expand_home(const struct call *call, const char *path, const char **why)
{
	if (path[0] != '~')
		return path;
	if (path[1] && path[1] != '/') {
		*why = "cannot expand user-specific home dir";
		return NULL;
	}
	const char *home = home_directory(call);
	if (!home)
		*why = "the home directory is not known; set HOME";
	else if (path[1])
		home = path_clean(call_arena(call), path_join(call_arena(call), home, path + 2));
	return home;
}

const char *source_path(const struct call *call, int arg, struct text path, const char **shown)
{
	const char *why = "";
	if (memchr(path.ptr, '\0', path.len)) {
		call_error(call, arg, "a path cannot hold a zero byte");
		return NULL;
	}
	const char *expanded = expand_home(call, path.ptr, &why);
	if (!expanded) {
		call_error(call, arg, "failed to expand ~: %s", why);
		return NULL;
	}
	*shown = path_clean(call_arena(call), expanded);
	return path_join(call_arena(call), root_directory(call), *shown);
}

static const struct value *run_pathexpand(const struct call *call)
{
	const char *why = "", *path = expand_home(call, call->args[0]->text, &why);
	return path ? value_string(call_arena(call), path) : call_error(call, -1, "%s", why);
}

static const struct value *run_abspath(const struct call *call)
{
	const char *path = path_join(call_arena(call), root_directory(call), call->args[0]->text);
	if (path[0] != '/') {
		AUTO_FREE char *here = getcwd(NULL, 0);
		if (!here)
			return call_error(call, -1, "the working directory cannot be found: %s", error_words(errno));
		path = path_join(call_arena(call), here, path);
	}
	return value_string(call_arena(call), path_clean(call_arena(call), path));
}

static const struct value *run_basename(const struct call *call)
{
	struct text path = arg_text(call, 0);
	if (path.len == 0)
		return value_string(call_arena(call), ".");
	while (path.len > 1 && path.ptr[path.len - 1] == '/')
		path.len--;
	const char *slash = path.len > 1 ? memrchr(path.ptr, '/', path.len) : NULL;
	const char *start = slash ? slash + 1 : path.ptr;
	return value_string_n(call_arena(call), start, (size_t)(path.ptr + path.len - start));
}

static const struct value *run_dirname(const struct call *call)
{
	struct text path = arg_text(call, 0);
	const char *slash = memrchr(path.ptr, '/', path.len);
	size_t len = slash ? (size_t)(slash - path.ptr) + 1 : 0;
	return value_string(call_arena(call),
			    path_clean(call_arena(call), arena_strndup(call_arena(call), path.ptr, len)));
}

/* ---- contents ---- */

bool read_source_file(const struct call *call, int arg, struct text path, unsigned marks, struct buf *out)
{
	const char *shown, *real = source_path(call, arg, path, &shown);
	if (!real)
		return false;
	if (file_read(real, RESULT_TEXT_LIMIT, out))
		return true;
	bool hidden = marks & VALUE_SENSITIVE;
	if (errno == ENOENT)
		call_error(call, arg,
			   "no file exists at %s; this function works only with files that are distributed as part of the "
			   "configuration source code, so if this file will be created by a resource in this configuration "
			   "you must instead obtain this result from an attribute of that resource",
			   quoted_unless(call, marks, path.ptr, path.len));
	else if (errno == EISDIR)
		call_error(call, arg, "failed to read file: read %s: is a directory", hidden ? "(sensitive value)" : shown);
	else if (errno == EFBIG)
		call_error(call, arg, "the file %s is longer than %zu MiB, which is more than a value may hold",
			   hidden ? "(sensitive value)" : shown, RESULT_TEXT_LIMIT >> 20);
	else
		call_error(call, arg, "open %s: %s", hidden ? "(sensitive value)" : shown, error_words(errno));
	return false;
}

static const struct value *run_file(const struct call *call)
{
	unsigned marks = 0;
	struct text path = text_of(take_marks(call, call->args[0], &marks));
	AUTO_BUF struct buf content = BUF_INIT;
	if (!read_source_file(call, 0, path, marks, &content))
		return NULL;
	if (!utf8_is_valid(buf_text(&content), content.len))
		return call_error(call, -1,
				  "contents of %s are not valid UTF-8; use the filebase64 function to obtain the Base64 encoded "
				  "contents or the other file functions (e.g. filemd5, filesha256) to obtain file hashing "
				  "results instead",
				  quoted_unless(call, marks, path.ptr, path.len));
	return value_mark(call_arena(call), result_text(call, &content), marks);
}

static const struct value *run_filebase64(const struct call *call)
{
	unsigned marks = 0;
	struct text path = text_of(take_marks(call, call->args[0], &marks));
	AUTO_BUF struct buf content = BUF_INIT, out = BUF_INIT;
	if (!read_source_file(call, 0, path, marks, &content))
		return NULL;
	base64_encode(BASE64_STANDARD, buf_text(&content), content.len, &out);
	return value_mark(call_arena(call), value_string_raw(call_arena(call), buf_text(&out), out.len), marks);
}

static const struct value *run_fileexists(const struct call *call)
{
	unsigned marks = 0;
	struct text path = text_of(take_marks(call, call->args[0], &marks));
	const char *shown, *real = source_path(call, 0, path, &shown);
	if (!real)
		return NULL;
	const char *name = quoted_unless(call, marks, shown, strlen(shown));
	struct stat st;
	bool found = stat(real, &st) == 0;
	if (!found && errno != ENOENT)
		return call_error(call, -1, "failed to stat %s: %s", name, error_words(errno));
	if (!found || S_ISREG(st.st_mode))
		return value_mark(call_arena(call), value_bool(found), marks);
	const char *what = S_ISDIR(st.st_mode)				    ? "a directory, not a file"
			   : S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode) ? "a device node, not a regular file"
			   : S_ISFIFO(st.st_mode)			    ? "a named pipe, not a regular file"
			   : S_ISSOCK(st.st_mode)			    ? "a unix domain socket, not a regular file"
									    : "not a regular file";
	return call_error(call, -1, "%s is %s", name, what);
}

/* ---- fileset ---- */

/* The path of `name` from the directory `base`; both cleaned and of one kind (relative or absolute). */
static const char *relative_path(struct arena *arena, const char *base, const char *name)
{
	size_t same = 0, i = 0;
	if (strcmp(base, ".") == 0)
		return name;
	while (base[i] && base[i] == name[i]) {
		i++;
		if ((base[i] == '/' || !base[i]) && (name[i] == '/' || !name[i]))
			same = i;
	}
	if (strcmp(base, "/") == 0)
		return name + 1;
	AUTO_BUF struct buf out = BUF_INIT;
	for (const char *s = base + same; *s;) {
		s += *s == '/';
		buf_adds(&out, out.len ? "/.." : "..");
		s += strcspn(s, "/");
	}
	const char *rest = name + same + (name[same] == '/');
	if (*rest)
		buf_addf(&out, "%s%s", out.len ? "/" : "", rest);
	return buf_copy(&out, arena);
}

/* The directory is meant as it is written: none of its characters is a pattern. */
static const char *escape_pattern(struct arena *arena, const char *path)
{
	AUTO_BUF struct buf out = BUF_INIT;
	for (; *path; path++) {
		if (strchr("*?[{\\", *path))
			buf_addc(&out, '\\');
		buf_addc(&out, *path);
	}
	return buf_copy(&out, arena);
}

static const struct value *run_fileset(const struct call *call)
{
	unsigned marks = 0;
	struct text path = text_of(take_marks(call, call->args[0], &marks));
	struct text pattern = text_of(take_marks(call, call->args[1], &marks));
	struct arena *arena = call_arena(call);
	if (memchr(path.ptr, '\0', path.len) || memchr(pattern.ptr, '\0', pattern.len))
		return call_error(call, -1, "a path cannot hold a zero byte");
	const char *base = path_clean(arena, path.ptr), *escaped = escape_pattern(arena, base), *failed;
	const char *joined = arena_printf(arena, "%s/%s", escaped, pattern.ptr);
	joined = path_clean(arena, joined);
	char **names;
	size_t count;
	enum glob_result result = glob_files(arena, root_directory(call), joined, &names, &count, &failed);
	const char *shown = quoted_unless(call, marks, joined, strlen(joined));
	switch (result) {
	case GLOB_OK:
		break;
	case GLOB_BAD_PATTERN:
		return call_error(call, -1, "failed to glob pattern %s: syntax error in pattern", shown);
	case GLOB_TOO_HARD:
		return call_error(call, -1, "failed to glob pattern %s: it leads to too many files or directories", shown);
	case GLOB_FAILED:
		return call_error(call, -1, "failed to stat %s: %s", quoted_unless(call, marks, failed, strlen(failed)),
				  error_words(errno));
	}
	const struct value **items = new_items(call, count);
	for (size_t i = 0; i < count; i++)
		items[i] = value_string(arena, relative_path(arena, base, names[i]));
	return value_mark(arena, value_set(arena, &type_string, items, count), marks);
}

static const struct type *fileset_type(const struct call *call)
{
	(void)call;
	return &type_set_of_string;
}

static const struct param path[] = {{"path", &type_string, 0}, {0}};
static const struct param marked_path[] = {{"path", &type_string, PARAM_MARKS}, {0}};
static const struct param fileset_params[] = {{"path", &type_string, PARAM_MARKS}, {"pattern", &type_string, PARAM_MARKS}, {0}};

const struct function file_functions[] = {
	{.name = "abspath", .params = path, .result_type = returns_string, .run = run_abspath},
	{.name = "basename", .params = path, .result_type = returns_string, .run = run_basename},
	{.name = "dirname", .params = path, .result_type = returns_string, .run = run_dirname},
	{.name = "file", .params = marked_path, .result_type = returns_string, .run = run_file},
	{.name = "filebase64", .params = marked_path, .result_type = returns_string, .run = run_filebase64},
	{.name = "fileexists", .params = marked_path, .result_type = returns_bool, .run = run_fileexists},
	{.name = "fileset", .params = fileset_params, .result_type = fileset_type, .run = run_fileset},
	{.name = "pathexpand", .params = path, .result_type = returns_string, .run = run_pathexpand},
	{0},
};
