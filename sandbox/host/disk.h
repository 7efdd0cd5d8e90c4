/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files on a host's disk that we read and write from outside. Whoever is root inside writes there, too: no link that he
 * has made leads us out of it, and no pipe keeps us waiting.
 */
#pragma once

#include "base/base.h"

struct buf;

/*
 * Appends the file `name` in `folder` ("root/etc") of the disk at `disk`. 0, ENOENT or another errno; what is no plain
 * file, or longer than `limit` bytes, is as good as none.
 */
int disk_read(const char *disk, const char *folder, const char *name, size_t limit, struct buf *out) MUST_USE;
/* In the place of what is there, as a whole, readable by all inside. An errno. */
int disk_write(const char *disk, const char *folder, const char *name, const struct buf *text) MUST_USE;
