/* SPDX-License-Identifier: Apache-2.0 */
/* Words as others read them: shells, and ssh's files. */
#pragma once

#include "base/base.h"

struct buf;

/* As one word of a POSIX shell: bare where it means itself, else in single quotes. */
void add_shell_quoted(struct buf *out, const char *word);
/* What a remote shell is to run: one word is a command line, as it is; several are a program and its arguments. */
void add_remote_command(struct buf *out, const char *const *words, size_t count);
/* In a file of ssh's: in double quotes, and what ssh would replace escaped. Only for what path_is_quotable(). */
void add_config_quoted(struct buf *out, const char *path);
/* The same behind Include, whose paths are patterns, and in which only newer ssh replaces anything. */
void add_include_quoted(struct buf *out, const char *path);
bool path_is_quotable(const char *path);
