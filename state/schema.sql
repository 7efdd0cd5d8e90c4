-- SPDX-License-Identifier: Apache-2.0
-- The state database, form 1.
CREATE TABLE meta (
	name  TEXT PRIMARY KEY,
	value TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE objects (
	address        TEXT NOT NULL,
	deposed        TEXT NOT NULL, -- '' for the current object
	kind           TEXT NOT NULL,
	provider       TEXT NOT NULL,
	cloud          TEXT,
	status         INTEGER NOT NULL,
	create_first   INTEGER NOT NULL,
	schema_version INTEGER NOT NULL,
	value          BLOB NOT NULL, -- packed; sealed where it holds something sensitive
	dependencies   TEXT NOT NULL, -- addresses, one a line
	mark           TEXT,
	private_note   TEXT,
	PRIMARY KEY (address, deposed)
) WITHOUT ROWID;
CREATE TABLE intents (
	id            INTEGER PRIMARY KEY,
	intent        INTEGER NOT NULL,
	address       TEXT NOT NULL,
	deposed       TEXT NOT NULL,
	type          TEXT NOT NULL,
	kind          TEXT NOT NULL,
	provider      TEXT NOT NULL,
	cloud         TEXT,
	token         TEXT NOT NULL,
	planned       BLOB,
	prior         BLOB,
	object_id     TEXT,
	note          TEXT,
	dependencies  TEXT NOT NULL,
	create_first  INTEGER NOT NULL,
	recorded_at   INTEGER NOT NULL
);
CREATE TABLE outputs (
	name  TEXT PRIMARY KEY,
	value BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE history (
	id        INTEGER PRIMARY KEY,
	at        INTEGER NOT NULL, -- seconds since 1970
	operation TEXT NOT NULL,
	summary   TEXT NOT NULL,
	serial    INTEGER NOT NULL
);
