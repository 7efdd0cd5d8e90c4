/* SPDX-License-Identifier: Apache-2.0 */
/* A sandbox's world: its directory, its objects, its clock, and the server that speaks for it. */
#pragma once

#include "base/arena.h"

struct agenda;
struct buf;
struct faults;
struct hosts;
struct http_server;
struct library;
struct loop;
struct request_log;
struct sigv4_keys;
struct store;
struct value;

/* What `world.json` in the directory holds: who the world is, and where it listens. */
struct world_identity {
	const char *account; /* 12 digits */
	const char *access_key, *secret_key;
	const char *region; /* the usual one, for `infra sandbox env` */
	unsigned port;
	double pace; /* seconds of ours for a second of AWS's */
};
/* False when there is none; with a reason in `why` when it cannot be read. */
bool world_identity_load(struct arena *arena, const char *dir, struct world_identity *out, struct buf *why);

struct world {
	struct loop *loop;
	struct arena *arena;
	const char *dir;
	const char *account;
	struct world_identity identity;
	struct store *store;
	struct library *library;
	struct sigv4_keys *keys;
	struct http_server *server;
	struct request_log *log;
	struct faults *faults;
	struct hosts *hosts; /* NULL: not wanted */
	int64_t now_ms; /* of the request at work */
	int64_t hold_ms; /* until then nothing happens by itself: the store could not be written */
	struct agenda *agenda;
	uint64_t requests;
};

struct world_options {
	const char *dir;
	unsigned port;      /* 0: the one of last time where it is free, else any */
	const char *region; /* NULL: as last time, or us-east-1 */
	double pace;        /* below 0: as last time, or the usual */
	bool hosts;         /* real ones behind instances, where this machine can */
};
/* Opens what the directory holds, or makes a new world in it, and listens. NULL with the reason. */
struct world *world_open(struct loop *loop, const struct world_options *options, struct buf *why);
void world_close(struct world *world); /* NULL accepted */
/* Everything that was made is gone; who the world is stays. */
bool world_reset(struct world *world, struct buf *why);

/* Runs a procedure on an object when so many seconds of AWS's (`real`: of ours) have passed. Part of the transaction. */
void world_later(struct world *world, const char *region, const char *procedure, const struct value *object, double seconds, bool real);
/* The newest fault order comes to what is there already. */
void world_fault_ordered(struct world *world);
/* Looks at the clock: `now_ms` is the time. */
void world_look_at_clock(struct world *world);
/* Milliseconds until something is due; -1 when nothing will be. */
int64_t world_next_ms(struct world *world);
/* Runs what is due by now. */
void world_tick(struct world *world);

/*
 * The process of a sandbox: takes the directory for itself, serves until SIGTERM, and leaves. `ready` is
 * called once, with the reason when it cannot begin (then the exit code follows at once).
 */
int world_serve(const struct world_options *options, void (*ready)(void *ctx, const char *why), void *ctx);
/* The process that serves a directory, or 0. */
int world_process(const char *dir);
