/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the sources of credentials. A fetch is one search: a chain of steps planned from the
 * configuration, of which the first finds credentials and each further one takes a role with those
 * of the step before. A step ends by exactly one of fetch_found() and fetch_failed().
 */
#pragma once

#include "aws/config.h"
#include "aws/credentials.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/http.h"
#include "base/loop.h"
#include "base/vec.h"

struct fetch;
struct proc;
struct value;

enum step_kind { STEP_KEYS, STEP_WEB_IDENTITY, STEP_SSO, STEP_PROCESS, STEP_CONTAINER, STEP_METADATA, STEP_ROLE };

struct step {
	enum step_kind kind;
	const char *source;  /* "profile \"dev\"": for messages */
	const char *profile; /* that says it, or NULL */
	const struct aws_credentials *keys; /* STEP_KEYS; owned by the fetch */
	const char *command;                /* STEP_PROCESS */
	struct aws_role role;               /* STEP_ROLE, STEP_WEB_IDENTITY */
	bool may_be_absent;                 /* STEP_METADATA as the last thing to try */
};

/* Called with each answer that is not worth another try. */
typedef void (*fetch_answer_fn)(struct fetch *fetch, const struct http_response *response);

struct fetch {
	struct aws_identity *identity;
	struct arena *arena;
	struct diags diags;
	VEC(struct step) steps;
	size_t at;
	struct buf tried; /* "\n  - ..." for each place that had nothing */
	const struct aws_credentials *previous; /* of the step before */

	/* What the running step waits for. */
	http_id request_id;
	loop_timer_id timer;
	struct proc *proc;
	struct http_request request;
	fetch_answer_fn answer;
	unsigned attempts, attempt_limit;
	const char *metadata_role;
};

struct aws_identity {
	struct loop *loop;
	struct http *http;
	const struct aws_config *config;
	struct sigv4_keys *keys;
	int64_t (*now)(void *ctx);
	void *now_ctx;
	const struct aws_credentials *current; /* or NULL */
	int64_t good_until;                    /* 0: for ever */
	struct fetch *fetch;                   /* running, or NULL */
	VEC(struct identity_waiter) waiters;
	/* The session with the instance's metadata. */
	char *metadata_token;
	int64_t metadata_token_expires;
	struct region_search *region_search;
};

struct identity_waiter {
	aws_identity_fn fn; /* NULL: taken back */
	void *ctx;
};

int64_t identity_now(const struct aws_identity *identity);

/* Plans the chain. False with diagnostics where the configuration says something that cannot be. */
bool fetch_plan(struct fetch *fetch);

/* Takes the reference. */
void fetch_found(struct fetch *fetch, struct aws_credentials *credentials);
/* `detail` is a format; the step's source is named in front of it. */
void fetch_failed(struct fetch *fetch, const char *summary, const char *detail, ...) PRINTF_LIKE(3, 4);
const struct step *fetch_step(const struct fetch *fetch);
/*
 * Sends, again after a pause where no answer came, or one of 429 and 5xx, up to `limit` times in
 * all; then calls `answer`. What the request points to lives in the fetch's arena.
 */
void fetch_http(struct fetch *fetch, const struct http_request *request, unsigned limit, fetch_answer_fn answer);
/* For messages: "HTTP status 403: ..." or why no answer came; control characters made harmless. */
const char *fetch_describe(struct fetch *fetch, const struct http_response *response);

/* The names that a source's JSON has for the parts. */
struct json_names {
	const char *access_key, *secret_key, *session_token, *expiration, *account_id;
};
/* NULL with the reason in `why` where the object has no keys, or an expiration that is no time. */
struct aws_credentials *credentials_from_value(const struct value *object, const struct json_names *names, const char *source,
					       struct buf *why);
/* Seconds since 1970 of a time as aws/time.h reads it; -1 where it is none, or NULL. */
int64_t credentials_parse_time(const char *text);

/* The sources, one file each. */
void source_web_identity(struct fetch *fetch);
void source_role(struct fetch *fetch);
void source_sso(struct fetch *fetch);
void source_process(struct fetch *fetch);
void source_container(struct fetch *fetch);
void source_metadata(struct fetch *fetch);

/* Words of a command as a shell would split it, without expanding anything: quotes and backslashes. NULL: unbalanced. */
const char *const *split_words(struct arena *arena, const char *command);
/* NULL, or why credentials may not be asked for at this URL. */
const char *container_url_refused(const char *url);
void metadata_forget(struct aws_identity *identity);
