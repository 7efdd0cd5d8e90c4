/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast requests may leave: one token bucket for each operation, region and endpoint, as AWS
 * counts them. At AWS's own endpoints it starts with the documented size, elsewhere without a limit;
 * being throttled lowers its rate, and success raises it again.
 *
 * Sources, as of 2025: for EC2 "Request throttling for the Amazon EC2 API", Amazon EC2 Developer Guide, sections
 * "Request token bucket sizes and refill rates" and "Resource token bucket sizes and refill rates". There, some
 * listings without a filter and without a page size have half of what others have (DescribeInstances,
 * DescribeSecurityGroups, DescribeVolumes, ...): ours always have one or the other. For Route 53 "Quotas", Route 53
 * Developer Guide: five requests a second for the account. For SSM "AWS Systems Manager endpoints and quotas", AWS
 * General Reference: the parameter store's standard throughput.
 */
#pragma once

#include "aws/shape.h"
#include "base/loop.h"

struct aws_rates;

struct aws_rates *aws_rates_new(struct loop *loop);
void aws_rates_free(struct aws_rates *rates); /* NULL accepted */

struct aws_bucket;
/* Lives as long as the rates. `is_aws`: the endpoint is AWS's own. */
struct aws_bucket *aws_bucket_for(struct aws_rates *rates, const struct aws_operation *op, const char *region,
				  bool is_aws);

/* One who waits for a token; zeroed before its first use, and owned by the caller. */
struct aws_waiter {
	struct aws_bucket *bucket; /* NULL: does not wait */
	struct aws_waiter *next, *previous;
	loop_fn fn;
	void *ctx;
};
/* Calls fn when a token is there: at once, or in order of arrival. */
void aws_bucket_enter(struct aws_bucket *bucket, struct aws_waiter *waiter, loop_fn fn, void *ctx);
/* Goes without one. Nothing happens when it does not wait. */
void aws_bucket_leave(struct aws_waiter *waiter);

void aws_bucket_throttled(struct aws_bucket *bucket);
void aws_bucket_succeeded(struct aws_bucket *bucket);
/* Requests a second; 0: no limit. */
double aws_bucket_rate(const struct aws_bucket *bucket);
