/* SPDX-License-Identifier: Apache-2.0 */
/* What has been asked of a sandbox, a line of JSON for each request, in a file that others may read meanwhile. */
#pragma once

#include "base/arena.h"

struct buf;
struct request_log;

struct log_entry {
	uint64_t number;
	int64_t time_ms; /* since 1970 */
	const char *service, *operation, *region; /* NULL: not known */
	unsigned status;                          /* 0: no answer was given */
	const char *code, *message;               /* of an error; or NULL */
	const char *fault;                        /* what was ordered to happen; or NULL */
	double ms;
};

/* NULL with the reason. Entries are numbered on from the last one in the file. */
struct request_log *request_log_open(const char *dir, struct buf *why);
void request_log_close(struct request_log *log); /* NULL accepted */
void request_log_add(struct request_log *log, const struct log_entry *entry);
void request_log_empty(struct request_log *log);

/* Calls fn for each entry, oldest first. False with the reason when the file cannot be read. */
typedef void (*log_entry_fn)(void *ctx, const struct log_entry *entry);
bool request_log_read(const char *dir, log_entry_fn fn, void *ctx, struct buf *why);
