/* SPDX-License-Identifier: Apache-2.0 */
/* Files by pattern, as fileset() takes it: * ? [a-z] [^a-z] {one,other} \x, and ** for any depth. */
#pragma once

#include "base/arena.h"

enum glob_result {
	GLOB_OK,
	GLOB_BAD_PATTERN,
	GLOB_TOO_HARD, /* too many directories, files, or comparisons */
	GLOB_FAILED,   /* errno; `*failed` names what could not be looked at */
};

/*
 * The regular files that match `pattern`, which is cleaned (path_clean) and relative to `root` or
 * absolute; the names are as the pattern leads to them, in no order. Directories that cannot be read
 * hold nothing.
 */
enum glob_result glob_files(struct arena *arena, const char *root, const char *pattern, char ***names, size_t *count,
			    const char **failed) MUST_USE;
