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
};

struct fault {
	enum fault_kind kind;
	const char *name;    /* as it was ordered: "reset-after" */
	unsigned status, ms; /* of errors; of waits */
	const char *code, *message; /* of an error that was named; or NULL. Borrowed from the order */
};

struct faults *faults_new(void);
void faults_free(struct faults *faults); /* NULL accepted */
/*
 * An order as an object: "kind" (throttle, 500, 503, 500-after, 503-after, error, reset-before,
 * reset-after, slow), and any of "service", "operation" (patterns with *), "count" (how often at most),
 * "skip" (how many that fit are spared first), "rate" (of those that fit, 0 to 1), "seed", "ms"; of an
 * error "code", "message", "status". False with the reason.
 */
bool faults_add(struct faults *faults, const struct value *order, struct buf *why) MUST_USE;
void faults_clear(struct faults *faults);
/* A line for each: its order, and how often it has happened. */
void faults_describe(const struct faults *faults, struct buf *out);
/* What shall happen to this request, or NULL; counts it. */
const struct fault *faults_next(struct faults *faults, const char *service, const char *operation);
