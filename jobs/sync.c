/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/sync.h"

#include "base/buf.h"
#include "base/file.h"
#include "jobs/hosts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WORDS_MOST = 32 };

/* rsync cuts the text of -e at blanks, knows quotes, and takes two of them for one. */
static void add_rsh_word(struct buf *out, const char *word)
{
	if (out->len)
		buf_addc(out, ' ');
	buf_addc(out, '\'');
	for (; *word; word++) {
		buf_addc(out, *word);
		if (*word == '\'')
			buf_addc(out, '\'');
	}
	buf_addc(out, '\'');
}

/* "./" before what would be an option or, by its ':', another host. */
static const char *plain_path(struct arena *arena, const char *path)
{
	return *path == '/' || !strncmp(path, "./", 2) || !strncmp(path, "../", 3) || !strcmp(path, ".") || !strcmp(path, "..")
		       ? path
		       : arena_printf(arena, "./%s", path);
}

/* Relative to the home; nothing over there expands a '~'. */
static const char *remote_path(struct arena *arena, const char *path)
{
	if (!strcmp(path, "~"))
		return ".";
	if (!strncmp(path, "~/", 2))
		path = path + 2 + strspn(path + 2, "/");
	return *path ? plain_path(arena, path) : ".";
}

static bool is_directory(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* What a source is called: the last part of its path. NULL: it has none ("/"). */
static const char *name_of(struct arena *arena, const char *path)
{
	AUTO_FREE char *whole = realpath(path, NULL);
	const char *slash = whole ? strrchr(whole, '/') : NULL;
	return slash && slash[1] ? arena_strdup(arena, slash + 1) : NULL;
}

static bool ends_with_slash(const char *path)
{
	size_t len = strlen(path);
	return len && path[len - 1] == '/';
}

/* The ignore files that a source goes by, as a rule that is looked for in each directory. */
static const char *ignore_rule(struct arena *arena, const char *source)
{
	const char *own = ".infraignore", *git = ".gitignore";
	return arena_printf(arena, "--filter=dir-merge,- %s", access(path_join(arena, source, own), R_OK) == 0 ? own : git);
}

/* "." and "dir/" mean what is in them, a place of its own over there; "dir" and "file" go into the home under their names. */
static const char *default_remote(struct arena *arena, const char *local, const char **why)
{
	const char *name = name_of(arena, local);
	if (!name) {
		*why = "a remote path is needed: the local one has no name to go by";
		return NULL;
	}
	const char *last = strrchr(local, '/');
	last = last ? last + 1 : local;
	bool inside = !*last || !strcmp(last, ".") || !strcmp(last, "..");
	return inside ? arena_printf(arena, "%s/", name) : ".";
}

static const char *source_of(const struct sync_options *options)
{
	return options->local && *options->local ? options->local : ".";
}

const char *const *sync_arguments(struct arena *arena, const struct sync_options *options, const char **why)
{
	const char *local = source_of(options), *remote = options->remote && *options->remote ? options->remote : NULL;
	bool directory = is_directory(local);
	*why = NULL;
	if (!options->pull && access(local, F_OK) < 0) {
		*why = arena_printf(arena, "there is no %s here", local);
		return NULL;
	}
	if (!remote && options->pull) {
		*why = "what to fetch is needed: a path on the host";
		return NULL;
	}
	if (!remote)
		remote = default_remote(arena, local, why);
	if (!remote)
		return NULL;
	if (!options->pull && directory && (!strcmp(local, ".") || !strcmp(local, "..") || (strlen(local) > 2 && !strcmp(local + strlen(local) - 2, "/."))))
		local = arena_printf(arena, "%s/", local);
	const char **argv = arena_array_of(arena, WORDS_MOST, const char *);
	size_t n = 0;
	argv[n++] = "rsync";
	argv[n++] = "-rlptz"; /* owners and devices are the host's own matter */
	argv[n++] = "--partial";
	argv[n++] = "-s"; /* paths go as they are, past the shell over there */
	argv[n++] = options->terminal ? "--info=progress2" : "-v";
	if (options->dry_run) {
		argv[n++] = "--dry-run";
		argv[n++] = "--itemize-changes";
	}
	if (options->remove)
		argv[n++] = "--delete";
	argv[n++] = "--exclude=.infra/"; /* states and keys are nobody else's */
	if (!options->all) {
		argv[n++] = "--exclude=.git";
		const char *rule = !options->pull && directory ? ignore_rule(arena, local) : NULL;
		if (rule)
			argv[n++] = rule;
	}
	AUTO_BUF struct buf shell = BUF_INIT;
	for (const char *const *word = options->ssh; *word; word++)
		add_rsh_word(&shell, *word);
	argv[n++] = "-e";
	argv[n++] = buf_copy(&shell, arena);
	argv[n++] = "--";
	const char *there = arena_printf(arena, "%s:%s", options->host->id, remote_path(arena, remote));
	if (ends_with_slash(remote) && !ends_with_slash(there))
		there = arena_printf(arena, "%s/", there);
	const char *here = plain_path(arena, local);
	argv[n++] = options->pull ? there : here;
	argv[n++] = options->pull ? here : there;
	argv[n] = NULL;
	return argv;
}

const char *sync_lost_exception(struct arena *arena, const struct sync_options *options)
{
	enum { LONGEST = 1 << 20 };
	AUTO_BUF struct buf text = BUF_INIT;
	const char *source = source_of(options);
	bool own = access(path_join(arena, source, ".infraignore"), R_OK) == 0;
	if (options->pull || options->all || own || !file_read(path_join(arena, source, ".gitignore"), LONGEST, &text))
		return NULL;
	for (const char *line = buf_text(&text); *line; line += strcspn(line, "\n"), line += *line == '\n') {
		if (*line == '!')
			return arena_strndup(arena, line, strcspn(line, "\r\n"));
	}
	return NULL;
}
