/* SPDX-License-Identifier: Apache-2.0 */
/* A call on its way; shared by call.c (life, judgement, pages) and call_send.c (one try). */
#pragma once

#include "aws/call.h"
#include "aws/endpoint.h"
#include "aws/rate.h"
#include "base/diag.h"
#include "base/loop.h"
#include "base/map.h"
#include "base/vec.h"

struct call {
	struct aws *aws;
	aws_call_id id;
	struct aws_call_options options;
	aws_done_fn done;
	void *ctx;
	struct call *next, *previous;

	/*
	 * Thousands of calls may wait for their turn: only this struct waits. The arena, and what
	 * is in it, is made when the first request leaves (call_arena()).
	 */
	struct arena *arena;
	const struct aws_operation *op;
	const char *region;  /* lives as long as `aws` */
	char token[37];      /* a random one, where none was given */
	bool repeatable;

	/* this page */
	const struct value *params;
	struct aws_request request; /* method NULL: not encoded yet */
	unsigned tries;    /* requests sent */
	unsigned troubles; /* failures, for the waits */

	/* this try */
	const struct aws_endpoint *endpoint; /* lives as long as `aws` */
	const char *base; /* scheme, host and path of the endpoint, or of the bucket's own */
	const char *url;
	bool bucket_in_host;
	struct aws_bucket *rate;
	struct aws_waiter waiter;
	loop_timer_id timer;
	http_id http;
	const struct aws_credentials *credentials;
	struct arena *try_arena; /* signature and headers, while it is on the wire */
	bool asks_identity;
	bool stale;   /* the credentials ran out while it waited its turn */
	bool refused; /* the parameters are wrong: `refusal` */
	const char *refusal;

	bool renewed, skew_fixed; /* each once for a call */
	unsigned redirects;
	struct diags diags; /* why it could not be sent */
	VEC(const struct value *) pages;
	struct aws_answer answer;
};

struct aws {
	struct aws_options options;
	struct aws_rates *rates;
	struct sigv4_keys *keys;
	struct call *calls; /* all that are not done */
	size_t active;
	aws_call_id last_id;
	struct map by_id; /* keys are the calls' own ids */
	int64_t skew_s;   /* what the servers' clock is ahead of ours */
	struct map bucket_regions; /* S3: where a bucket was found to live */
	struct map endpoints;      /* found ones, by "service region" */
	struct map regions;        /* names, kept */
	struct arena *arena;
	VEC(struct aws_stat) stats;
};

int64_t call_clock(const struct aws *aws); /* ours, seconds since 1970 */
struct aws_stat *call_stat(struct call *call);
void call_log(struct call *call, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Ends the call: `error` for people, or NULL. It is freed when this returns. */
void call_finish(struct call *call, enum aws_result result, const char *error);

struct arena *call_arena(struct call *call);
/* A region's name that lives as long as `aws`. */
const char *call_keep_region(struct aws *aws, const char *region);

/* Sends the request: once more, or for the first time. Ends in call_answered(), or in call_finish(). */
void call_send(struct call *call);
/* Stops a try that is on its way, without a word. */
void call_send_stop(struct call *call);
void call_answered(void *ctx, const struct http_response *response);
