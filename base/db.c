/* SPDX-License-Identifier: Apache-2.0 */
#include "base/db.h"

#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct db {
	sqlite3 *handle;
};

/* A statement is SQLite's own; the name only keeps its type out of our headers. */
static sqlite3_stmt *raw(struct db_stmt *stmt)
{
	return (sqlite3_stmt *)stmt;
}

static void explain(sqlite3 *handle, struct buf *why)
{
	buf_adds(why, handle ? sqlite3_errmsg(handle) : "out of memory");
}

/* file:PATH?immutable=1, with what has a meaning in it written as %XX. */
static void add_unchanging_uri(const char *path, struct buf *out)
{
	buf_adds(out, "file:");
	for (; *path; path++)
		buf_addf(out, strchr("%?#", *path) ? "%%%02X" : "%c", (unsigned char)*path);
	buf_adds(out, "?immutable=1");
}

struct db *db_open(const char *path, unsigned flags, struct buf *why)
{
	if (flags & DB_CREATE && strcmp(path, DB_MEMORY) != 0) {
		/* made here, so that it never has a wider mode; its journal and log take the same */
		AUTO_FD int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (fd < 0) {
			buf_addf(why, "%s", strerror(errno));
			return NULL;
		}
	}
	struct db *db = xcalloc(1, sizeof(*db));
	int mode = flags & DB_READ_ONLY ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
	AUTO_BUF struct buf uri = BUF_INIT;
	if (flags & DB_UNCHANGING) {
		add_unchanging_uri(path, &uri);
		path = buf_text(&uri);
		mode |= SQLITE_OPEN_URI;
	}
	if (sqlite3_open_v2(path, &db->handle, mode | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK) {
		explain(db->handle, why);
		db_close(db);
		return NULL;
	}
	sqlite3_busy_timeout(db->handle, 10000);
	sqlite3_extended_result_codes(db->handle, 1);
	return db;
}

void db_close(struct db *db)
{
	if (!db)
		return;
	sqlite3_stmt *stmt;
	while (db->handle && (stmt = sqlite3_next_stmt(db->handle, NULL)))
		sqlite3_finalize(stmt);
	sqlite3_close(db->handle);
	free(db);
}

bool db_exec(struct db *db, const char *sql, struct buf *why)
{
	char *error = NULL;
	if (sqlite3_exec(db->handle, sql, NULL, NULL, &error) == SQLITE_OK)
		return true;
	buf_adds(why, error ? error : sqlite3_errmsg(db->handle));
	sqlite3_free(error);
	return false;
}

struct db_stmt *db_prepare(struct db *db, const char *sql, struct buf *why)
{
	sqlite3_stmt *stmt = NULL;
	if (sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) != SQLITE_OK)
		explain(db->handle, why);
	return (struct db_stmt *)stmt;
}

static void must_bind(int code)
{
	if (code == SQLITE_NOMEM)
		out_of_memory();
	if (code != SQLITE_OK)
		bug("a parameter cannot be bound: %s", sqlite3_errstr(code));
}

void db_bind_text(struct db_stmt *stmt, int at, const char *text)
{
	must_bind(text ? sqlite3_bind_text(raw(stmt), at, text, -1, SQLITE_STATIC) : sqlite3_bind_null(raw(stmt), at));
}

void db_bind_blob(struct db_stmt *stmt, int at, const void *bytes, size_t len)
{
	must_bind(sqlite3_bind_blob64(raw(stmt), at, bytes ? bytes : "", len, SQLITE_STATIC));
}

void db_bind_int(struct db_stmt *stmt, int at, int64_t n)
{
	must_bind(sqlite3_bind_int64(raw(stmt), at, n));
}

void db_bind_null(struct db_stmt *stmt, int at)
{
	must_bind(sqlite3_bind_null(raw(stmt), at));
}

enum db_step db_step(struct db_stmt *stmt, struct buf *why)
{
	int code = sqlite3_step(raw(stmt));
	if (code == SQLITE_ROW)
		return DB_ROW;
	if (code == SQLITE_DONE)
		return DB_DONE;
	explain(sqlite3_db_handle(raw(stmt)), why);
	return DB_ERROR;
}

void db_reset(struct db_stmt *stmt)
{
	sqlite3_reset(raw(stmt)); /* repeats the last step's error, which was told then */
	sqlite3_clear_bindings(raw(stmt));
}

bool db_run(struct db_stmt *stmt, struct buf *why)
{
	bool ok = db_step(stmt, why) == DB_DONE;
	db_reset(stmt);
	return ok;
}

const char *db_column_text(struct db_stmt *stmt, int at)
{
	return (const char *)sqlite3_column_text(raw(stmt), at);
}

const void *db_column_blob(struct db_stmt *stmt, int at, size_t *len)
{
	const void *blob = sqlite3_column_blob(raw(stmt), at);
	*len = (size_t)sqlite3_column_bytes(raw(stmt), at);
	return blob;
}

int64_t db_column_int(struct db_stmt *stmt, int at)
{
	return sqlite3_column_int64(raw(stmt), at);
}

int64_t db_last_id(struct db *db)
{
	return sqlite3_last_insert_rowid(db->handle);
}
