/* SPDX-License-Identifier: Apache-2.0 */
/* What a failed request means for the next one: which codes are worth another try, and how long to wait. */
#pragma once

#include "aws/shape.h"
#include "base/base.h"

enum aws_verdict {
	AWS_FINAL,     /* the answer is the answer */
	AWS_THROTTLED, /* not executed; try again, slower */
	AWS_TRANSIENT, /* the server failed; the request may have had its effect */
	AWS_EXPIRED,   /* not executed; the credentials are no longer, or not yet, good */
	AWS_SKEWED,    /* not executed; the clocks differ */
	AWS_ELSEWHERE, /* not executed; the bucket lives in another region */
};

/* By code, and by status where the code says nothing. */
enum aws_verdict aws_judge(const struct aws_service *service, unsigned status, const char *code, const char *message);

/* Whether an operation changes nothing. */
bool aws_only_reads(const struct aws_operation *op);
/*
 * Whether an operation may be sent again after it was perhaps executed: it reads, or it says how
 * things shall be ("Put", "Modify", "Delete", "Tag"), or the models call it idempotent.
 */
bool aws_is_repeatable(const struct aws_operation *op);

/*
 * Milliseconds before try number `tries` + 1: a random part ("full jitter") of a limit that doubles,
 * `retry_after_ms` as a floor. `random` is any 64 random bits.
 */
unsigned aws_backoff_ms(enum aws_verdict verdict, unsigned tries, unsigned retry_after_ms, uint64_t random);
/* A Retry-After header: seconds or a date (`now` in seconds); 0 where there is none, at most five minutes. */
unsigned aws_retry_after_ms(const char *header, int64_t now);
