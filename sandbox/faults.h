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

/* What an order can say beside its "kind"; the last row has no name. */
struct fault_option {
	const char *name;
	double min, max; /* of numbers; equal: a text, which is not empty */
	bool whole;      /* a number without fraction */
	unsigned of;     /* the kinds that take it, as bits; 0: all */
};
extern const struct fault_option fault_options[];

struct faults *faults_new(void);
void faults_free(struct faults *faults); /* NULL accepted */
/*
 * An order as an object: "kind" (throttle, 500, 503, 500-after, 503-after, error, reset-before,
 * reset-after, slow, delayed, expired-credentials, no-capacity, status-checks, spot-interruption,
 * mount-target-stuck) and options; docs/sandbox.md has what they mean. Other members are not looked at.
 * The number that the order goes by, or 0 with the reason.
 */
unsigned faults_add(struct faults *faults, const struct value *order, int64_t now_ms, struct buf *why) MUST_USE;
/* False when there is no such number. */
bool faults_remove(struct faults *faults, unsigned number) MUST_USE;
void faults_clear(struct faults *faults);
size_t faults_count(const struct faults *faults);
/*
 * A line for each: its number, its order as it is typed, how often it has happened; as JSON, an object
 * with all of these and whether it is "over".
 */
void faults_describe(const struct faults *faults, int64_t now_ms, bool json, struct buf *out);

struct fault_target { /* what a fault may happen to */
	const char *service, *operation;
	int64_t now_ms;
	bool (*fits)(void *ctx, const char *pattern); /* whether it has to do with such a resource */
	/* A number that is the same for what is alike, see value_likeness; NULL: all of them are alike */
	uint64_t (*likeness)(void *ctx);
	void *ctx;
};
/*
 * The dice of an order are thrown for the likeness of a target and how often it has come, not for its place
 * in the row: the same seed hits the same requests, in whatever order they arrive side by side.
 */
uint64_t value_likeness(const struct value *v); /* of texts, numbers and keys, but for ids, tokens and times in them; NULL: 0 */

/* What shall happen to this request, or NULL; counts it. Any kind but FAULT_SLOW, FAULT_DELAYED and FAULT_WORLD. */
const struct fault *faults_next(struct faults *faults, const struct fault_target *target);
/* Of FAULT_SLOW; valid until the next one. */
const struct fault *faults_wait(struct faults *faults, const struct fault_target *target);
/* Of FAULT_WORLD, by name. While the newest is `alone`, the others do not count. */
const struct fault *faults_meet(struct faults *faults, const char *name, const struct fault_target *target);
void faults_newest_alone(struct faults *faults, bool alone);
/* Whether all that the order names fits. */
bool fault_fits(const struct fault *fault, bool (*fits)(void *ctx, const char *pattern), void *ctx);
/* Of FAULT_DELAYED, for what a request is about to change. */
const struct fault *faults_delay(struct faults *faults, const struct fault_target *target);
