/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls of AWS's operations, on the loop: encode, find the endpoint, wait for a token of the
 * operation's bucket, sign, send, judge the answer, try again where that is right, decode, page.
 *
 * A request that may have had its effect and may not be repeated is never sent twice: it ends as
 * AWS_LOST, for the caller to settle by reading.
 */
#pragma once

#include "aws/protocol.h"
#include "base/src.h"

struct aws_config;
struct aws_identity;
struct diag;
struct diags;
struct http;
struct loop;
struct value;

/* One configuration and identity: what a provider block stands for. */
struct aws;

struct aws_options {
	struct loop *loop;
	struct http *http;
	const struct aws_config *config;
	struct aws_identity *identity;
	/* A line for each request and answer, secrets replaced; or NULL. */
	void (*log)(void *ctx, const char *line);
	void *log_ctx;
	/* For tests: seconds since 1970, and random bits; NULL: the system's. */
	int64_t (*now)(void *ctx);
	uint64_t (*random)(void *ctx);
	void *seam_ctx;
};

/* All that the options point to must outlive it. */
struct aws *aws_new(const struct aws_options *options);
/* Drops all calls without calling back. NULL accepted. */
void aws_free(struct aws *aws);
const struct aws_config *aws_get_config(const struct aws *aws);
struct aws_identity *aws_get_identity(const struct aws *aws);

enum aws_repeat {
	AWS_REPEAT_AUTO,   /* by aws_is_repeatable(), and where an idempotency token goes with it to AWS itself */
	AWS_REPEAT_NEVER,  /* once it may have been executed, it is lost */
	AWS_REPEAT_ALWAYS,
};

struct aws_answer;
typedef void (*aws_done_fn)(void *ctx, const struct aws_answer *answer);
/* Each page as it comes; false: no more are wanted, the call ends as AWS_OK with what has been gathered. */
typedef bool (*aws_page_fn)(void *ctx, const struct value *page);

struct aws_call_options {
	const char *service, *operation; /* the models' names; or */
	const struct aws_operation *op;
	const char *region;         /* NULL or "aws-global": the configuration's */
	const struct value *params; /* an object, or NULL; must live until the call is done, as all below */
	const char *token;          /* idempotency token; NULL: a random one */
	enum aws_repeat repeat;
	bool all_pages;     /* gathers them into one answer */
	aws_page_fn page;   /* instead: gathers nothing, the answer's value is the last page */
	void *page_ctx;
	unsigned page_size; /* where the operation has a limit and the parameters do not say it; 0: the server's */
	const char *body_file; /* the body of an operation that streams, instead of a member */
	http_data_fn on_data;  /* gets the body of an answer that streams, which is then not in the value */
	void *data_ctx;
	unsigned tries;      /* at most; 0: AWS_MAX_ATTEMPTS, the profile's, or a number that depends on the failure */
	unsigned timeout_ms; /* of one try; 0: the client's */
	bool any_enum;
	struct arena *arena; /* where the answer's value lives; NULL: until the callback returns */
};

enum aws_result {
	AWS_OK,
	AWS_ERROR,    /* AWS says no: `failure` */
	AWS_LOST,     /* it may have been executed: `error` says what is known, `failure` has a code if there was one */
	AWS_NOT_SENT, /* it was not executed: `error`, or `diags` (no credentials, no endpoint) */
};

/* Valid until the callback returns, but for `value` in an arena of the caller's. */
struct aws_answer {
	enum aws_result result;
	const struct aws_operation *op;
	const char *region;
	const struct value *value;   /* AWS_OK: an object */
	struct aws_failure failure;  /* code NULL where AWS said nothing */
	const char *error;           /* for people */
	const char *request_id;      /* of the last answer, or NULL */
	const char *url;             /* the endpoint, or NULL */
	const struct diags *diags;   /* or NULL */
	bool refused;                /* AWS_NOT_SENT: the parameters are wrong; `error` has a line for each */
	bool local;                  /* the endpoint is a configured one */
	bool silent;                 /* AWS_LOST: no answer came within the time for one */
	unsigned tries;              /* requests sent for the last page */
	size_t pages;
	const struct http_header *headers; /* of the last answer, names in lower case */
	size_t header_count;
};

/* Names one call for ever: 0 is none. */
typedef uint64_t aws_call_id;
/* Copies the struct. `done` is called once, always later, from the loop; never after aws_cancel(). */
aws_call_id aws_call(struct aws *aws, const struct aws_call_options *options, aws_done_fn done, void *ctx);
void aws_cancel(struct aws *aws, aws_call_id id);

/* Whether the failure's code is this one; "*.NotFound" and "NoSuch*" fit by their ends. */
bool aws_code_is(const struct aws_answer *answer, const char *pattern);

/*
 * Adds an error that tells operation, region, status, code, message and request id, and what to do
 * where that is known; for all results but AWS_OK. Returns it for more to be said.
 */
struct diag *aws_error_diag(const struct aws_answer *answer, struct src_range subject, struct diags *diags);

/* What has been done, one row for each operation used. */
struct aws_stat {
	const struct aws_operation *op;
	uint64_t calls, requests, retries, throttles, lost;
	uint64_t bytes_sent, bytes_received; /* bodies */
};
const struct aws_stat *aws_stats(const struct aws *aws, size_t *count);
size_t aws_active(const struct aws *aws); /* calls that are not done */
/*
 * What a call is waiting for, for a user who waits with it: "no answer to DescribeVpcs from https://... yet". With id 0
 * the call that has been under way longest. NULL when there is no such call.
 */
const char *aws_describe(const struct aws *aws, aws_call_id id, struct arena *arena);
