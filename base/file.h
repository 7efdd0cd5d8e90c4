/* SPDX-License-Identifier: Apache-2.0 */
/* Files, read whole and written whole. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"

/*
 * Appends a file's bytes to `out`. False with errno set when it cannot be read; EFBIG past `limit`
 * bytes (0: 1 GiB). Directories give EISDIR.
 */
bool file_read(const char *path, size_t limit, struct buf *out) MUST_USE;
/*
 * What lies there that one may read from for ever, for messages: "a pipe", "a socket", "a device". NULL where it is
 * a file, a directory, nothing at all, or /dev/null.
 */
const char *file_endless(const char *path);
/*
 * Writes a file so that readers see the old or the new content, never half: a temporary file beside
 * it with `mode`, synced, renamed over it. A link stays one, what it leads to is written; a device or a
 * pipe is written to. False with errno set.
 */
bool file_write(const char *path, const void *bytes, size_t len, unsigned mode) MUST_USE;
/* The same in place: for what is no plain file of its own (devices, links). The mode is that of a plain file at its end. */
bool file_overwrite(const char *path, const void *bytes, size_t len, unsigned mode) MUST_USE;

/*
 * From here on new files and directories are their owner's alone, unless a mode is set explicitly. The mask
 * that the user had remains known, for files that are made for him.
 */
void file_keep_private(void);
unsigned file_user_mask(void);

/* Makes a directory and its missing parents. False with errno set. */
bool make_directories(const char *path, unsigned mode) MUST_USE;

/* "a/b" of "a" and "b"; "b" where b is absolute or a is empty or ".". */
char *path_join(struct arena *arena, const char *a, const char *b);
/* A path without "." and "a/..", without touching the disk; "." when nothing is left. */
char *path_clean(struct arena *arena, const char *path);
/* The names in a directory, sorted, without "." and "..". False with errno set. */
bool directory_list(struct arena *arena, const char *path, char ***names, size_t *count) MUST_USE;
