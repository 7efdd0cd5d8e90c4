/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/request_log.h"

#include "base/buf.h"
#include "base/file.h"
#include "lang/value/json.h"
#include "lang/value/jsonw.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_LIMIT = 32 << 20 }; /* bytes; then the file becomes the older one of two */
static const char file_name[] = "requests.log", older_name[] = "requests.log.1";

struct request_log {
	struct arena *arena;
	const char *path, *older;
	int fd;
	size_t size;
	uint64_t last;
	struct buf line;
};

static bool open_file(struct request_log *log, struct buf *why)
{
	log->fd = open(log->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	struct stat st;
	if (log->fd < 0 || fstat(log->fd, &st) < 0) {
		buf_addf(why, "cannot write %s: %s", log->path, strerror(errno));
		return false;
	}
	log->size = (size_t)st.st_size;
	return true;
}

static void keep_last(void *ctx, const struct log_entry *entry)
{
	uint64_t *last = ctx;
	*last = entry->number;
}

struct request_log *request_log_open(const char *dir, struct buf *why)
{
	struct request_log *log = xcalloc(1, sizeof(*log));
	log->arena = arena_new();
	log->path = path_join(log->arena, dir, file_name);
	log->older = path_join(log->arena, dir, older_name);
	if (open_file(log, why) && request_log_read(dir, keep_last, &log->last, why))
		return log;
	request_log_close(log);
	return NULL;
}

void request_log_close(struct request_log *log)
{
	if (!log)
		return;
	if (log->fd >= 0)
		close(log->fd);
	buf_release(&log->line);
	arena_free(log->arena);
	free(log);
}

void request_log_add(struct request_log *log, const struct log_entry *entry)
{
	buf_clear(&log->line);
	struct jsonw w = {.out = &log->line};
	jsonw_open(&w, NULL, '{');
	jsonw_int(&w, "n", (int64_t)++log->last);
	jsonw_int(&w, "time", entry->time_ms);
	if (entry->service)
		jsonw_text(&w, "service", entry->service);
	if (entry->operation)
		jsonw_text(&w, "operation", entry->operation);
	if (entry->region)
		jsonw_text(&w, "region", entry->region);
	jsonw_int(&w, "status", entry->status);
	if (entry->code)
		jsonw_text(&w, "code", entry->code);
	if (entry->message)
		jsonw_text(&w, "message", entry->message);
	if (entry->fault)
		jsonw_text(&w, "fault", entry->fault);
	jsonw_int(&w, "us", (int64_t)(entry->ms * 1000));
	jsonw_close(&w, '}');
	buf_addc(&log->line, '\n');
	/* a log that cannot be written must not stop what it tells of */
	ssize_t written = log->fd >= 0 ? write(log->fd, log->line.ptr, log->line.len) : -1;
	log->size += written > 0 ? (size_t)written : 0;
	if (log->size > FILE_LIMIT) {
		AUTO_BUF struct buf ignored = BUF_INIT;
		close(log->fd);
		if (rename(log->path, log->older) < 0)
			unlink(log->path);
		(void)open_file(log, &ignored);
	}
}

void request_log_empty(struct request_log *log)
{
	unlink(log->older);
	if (log->fd >= 0 && !ftruncate(log->fd, 0))
		log->size = 0;
	log->last = 0;
}

/* ---- reading ---- */

static int64_t int_of(const struct value *line, const char *name)
{
	const struct value *v = value_get(line, name);
	int64_t n = 0;
	return v && value_is_a(v, TYPE_NUMBER) && number_to_int(v->number, &n) ? n : 0;
}

static void read_lines(const struct buf *text, log_entry_fn fn, void *ctx)
{
	struct arena *arena = arena_new();
	for (const char *at = buf_text(text), *end = at + text->len; at < end;) {
		const char *next = memchr(at, '\n', (size_t)(end - at));
		if (!next)
			break; /* a line that is still being written */
		AUTO_BUF struct buf why = BUF_INIT;
		const struct value *line = value_from_json(arena, at, (size_t)(next - at), &why);
		if (line && value_is_a(line, TYPE_OBJECT)) {
			struct log_entry entry = {.number = (uint64_t)int_of(line, "n"),
						  .time_ms = int_of(line, "time"),
						  .service = value_get_text(line, "service"),
						  .operation = value_get_text(line, "operation"),
						  .region = value_get_text(line, "region"),
						  .status = (unsigned)int_of(line, "status"),
						  .code = value_get_text(line, "code"),
						  .message = value_get_text(line, "message"),
						  .fault = value_get_text(line, "fault"),
						  .ms = (double)int_of(line, "us") / 1000};
			fn(ctx, &entry);
		}
		arena_reset(arena);
		at = next + 1;
	}
	arena_free(arena);
}

bool request_log_read(const char *dir, log_entry_fn fn, void *ctx, struct buf *why)
{
	struct arena *arena = arena_new();
	const char *paths[] = {path_join(arena, dir, older_name), path_join(arena, dir, file_name)};
	bool ok = true;
	for (size_t i = 0; i < ARRAY_LEN(paths) && ok; i++) {
		AUTO_BUF struct buf text = BUF_INIT;
		if (file_read(paths[i], 0, &text)) {
			read_lines(&text, fn, ctx);
		} else if (errno != ENOENT) {
			buf_addf(why, "cannot read %s: %s", paths[i], strerror(errno));
			ok = false;
		}
	}
	arena_free(arena);
	return ok;
}
