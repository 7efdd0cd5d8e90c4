/* SPDX-License-Identifier: Apache-2.0 */
/* Bad days of AWS, to order: what shall happen to which requests. */
#pragma once

#include "base/arena.h"

struct buf;
struct faults;
struct value;

enum fault_kind {
	FAULT_THROTTLE,     /* refused in the words of the service */
	FAULT_ERROR,        /* 500 or 503, without effect */
	FAULT_ERROR_AFTER,  /* the same after the effect */
	FAULT_RESET_BEFORE, /* the connection is reset, without effect */
	FAULT_RESET_AFTER,  /* the same after the effect: the answer is lost */
	FAULT_SLOW,         /* waits before it begins */
	FAULT_DELAYED,      /* what a request changes is seen by readers only later */
	FAULT_EXPIRED,      /* the credentials are refused as expired */
	FAULT_WORLD,        /* happens to objects: service files ask for it by name */
};

struct fault {
	enum fault_kind kind;
	const char *name;    /* as it was ordered: "reset-after" */
	unsigned status, ms; /* of errors; of waits */
	bool timed;          /* `ms` was ordered */
	unsigned notice_ms;  /* of an interruption: how long before; 0: as usual */
	const char *resource, *type, *zone; /* patterns, or NULL: any. Borrowed from the order */
	const char *code, *message; /* of an error that was named; or NULL. Borrowed from the order */
};

struct faults *faults_new(void);
void faults_free(struct faults *faults); /* NULL accepted */
/*
 * An order as an object: "kind" (throttle, 500, 503, 500-after, 503-after, error, reset-before,
 * reset-after, slow, delayed, expired-credentials, no-capacity, status-checks, spot-interruption,
 * mount-target-stuck), and any of "service", "operation", "resource", "type", "zone" (patterns with *), "count" (how
 * often at most), "skip" (how many that fit are spared first) or "nth", "rate" (of those that fit, 0 to 1),
 * "seed", "for" (seconds until it ends), "ms" or "seconds" or "after"; of slow "spread" (of a
 * lognormal distribution) or "preset"; of an interruption "notice" (seconds); of an error "code", "message", "status". False
 * with the reason.
 */
bool faults_add(struct faults *faults, const struct value *order, int64_t now_ms, struct buf *why) MUST_USE;
void faults_clear(struct faults *faults);
/* A line for each: its order, and how often it has happened. */
void faults_describe(const struct faults *faults, struct buf *out);

struct fault_target { /* what a fault may happen to */
	const char *service, *operation;
	int64_t now_ms;
	bool (*fits)(void *ctx, const char *pattern); /* whether it has to do with such a resource */
	void *ctx;
};
/* What shall happen to this request, or NULL; counts it. Any kind but FAULT_DELAYED and FAULT_WORLD. */
const struct fault *faults_next(struct faults *faults, const struct fault_target *target);
/* Of FAULT_WORLD, by name. While the newest is `alone`, the others do not count. */
const struct fault *faults_meet(struct faults *faults, const char *name, const struct fault_target *target);
void faults_newest_alone(struct faults *faults, bool alone);
/* Whether all that the order names fits. */
bool fault_fits(const struct fault *fault, bool (*fits)(void *ctx, const char *pattern), void *ctx);
/* Of FAULT_DELAYED, for what a request is about to change. */
const struct fault *faults_delay(struct faults *faults, const struct fault_target *target);
