/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite, thin: a database, statements, and errors as text. */
#pragma once

#include "base/base.h"

struct db;
struct db_stmt;
struct buf;

enum db_flags {
	DB_READ_ONLY = 1u << 0,
	DB_CREATE = 1u << 1, /* made with mode 0600 where it is missing */
	DB_UNCHANGING = 1u << 2, /* with DB_READ_ONLY: nobody can write it (a read-only file system), so nothing is locked */
};

#define DB_MEMORY ":memory:" /* a path: no file */

/* NULL with the reason in `why`. Waits up to 10 s for another process's transaction. */
struct db *db_open(const char *path, unsigned flags, struct buf *why);
void db_close(struct db *db); /* NULL accepted; finalizes its statements */
/* One or several statements without results. False with the reason. */
bool db_exec(struct db *db, const char *sql, struct buf *why) MUST_USE;

/* Statements are prepared once and used often; NULL with the reason. They belong to the database. */
struct db_stmt *db_prepare(struct db *db, const char *sql, struct buf *why);
/* Parameters count from 1. Texts and blobs must live until the statement is reset. NULL texts bind SQL's NULL. */
void db_bind_text(struct db_stmt *stmt, int at, const char *text);
void db_bind_blob(struct db_stmt *stmt, int at, const void *bytes, size_t len);
void db_bind_int(struct db_stmt *stmt, int at, int64_t n);
void db_bind_null(struct db_stmt *stmt, int at);

enum db_step { DB_ROW, DB_DONE, DB_ERROR };
enum db_step db_step(struct db_stmt *stmt, struct buf *why);
void db_reset(struct db_stmt *stmt); /* also forgets the parameters */
/* Runs a statement that gives no rows, and resets it. */
bool db_run(struct db_stmt *stmt, struct buf *why) MUST_USE;

/* Columns count from 0; valid until the next step or reset. */
const char *db_column_text(struct db_stmt *stmt, int at); /* NULL for NULL */
const void *db_column_blob(struct db_stmt *stmt, int at, size_t *len);
int64_t db_column_int(struct db_stmt *stmt, int at);
int64_t db_last_id(struct db *db);
