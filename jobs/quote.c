/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/quote.h"

#include "base/buf.h"

#include <string.h>

void add_shell_quoted(struct buf *out, const char *word)
{
	static const char bare[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_@%+=:,./-";
	/* "a=b" before a command is no argument to it */
	if (*word && word[strspn(word, bare)] == '\0' && !strchr(word, '=')) {
		buf_adds(out, word);
		return;
	}
	buf_add_shell_quoted(out, word);
}

void add_remote_command(struct buf *out, const char *const *words, size_t count)
{
	if (count == 1) {
		buf_adds(out, words[0]);
		return;
	}
	for (size_t i = 0; i < count; i++) {
		if (i)
			buf_addc(out, ' ');
		add_shell_quoted(out, words[i]);
	}
}

void add_config_quoted(struct buf *out, const char *path)
{
	buf_addc(out, '"');
	for (; *path; path++) {
		if (*path == '"' || *path == '\\')
			buf_addc(out, '\\');
		if (*path == '%')
			buf_addc(out, '%');
		buf_addc(out, *path);
	}
	buf_addc(out, '"');
}

void add_include_quoted(struct buf *out, const char *path)
{
	buf_addc(out, '"');
	for (; *path; path++)
		buf_addc(out, strchr("\"\\%*?[]{}~$", *path) ? '?' : *path);
	buf_addc(out, '"');
}

bool path_is_quotable(const char *path)
{
	for (const char *p = path; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return false;
	}
	return !strstr(path, "${");
}
