/* SPDX-License-Identifier: Apache-2.0 */
/* The keys by which hosts prove themselves: from consoles, into DIR/known_hosts, under the hosts' ids. */
#pragma once

#include "base/base.h"

struct buf;
struct hosts;

/*
 * Appends a line "WORD TYPE KEY" for each key in a console's last block of SSH host keys, as cloud-init prints it. Only
 * what is a key by its form gets through. The number of keys.
 */
size_t console_keys(const char *console, const char *word, struct buf *out);
/* Whether the boot came to its end, so that no keys will be printed any more. */
bool console_is_over(const char *console);

/* Takes out the lines of ids that no host has. False with errno when it cannot be written. */
bool known_hosts_prune(const struct hosts *hosts) MUST_USE;
/* Puts lines in the place of those that stand for `id`. False with errno. */
bool known_hosts_put(const char *dir, const char *id, const char *lines) MUST_USE;
