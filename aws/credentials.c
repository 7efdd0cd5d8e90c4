/* SPDX-License-Identifier: Apache-2.0 */
/* The search for credentials as it runs: steps, waiters, and how long the result is kept. */
#include "aws/credentials_internal.h"

#include "aws/sigv4.h"
#include "aws/time.h"
#include "base/proc.h"
#include "base/secret.h"
#include "lang/value/value.h"

#include <ctype.h>
#include <time.h>

enum {
	/* Credentials are renewed this long before they expire, or in the last quarter of a shorter life. */
	RENEW_BEFORE_S = 300,
	PAUSE_MS = 200,
};

/* --- Credentials --- */

static char *copy(const char *text)
{
	return text ? xstrdup(text) : NULL;
}

static void wipe_text(const char *text)
{
	if (!text)
		return;
	wipe((void *)(uintptr_t)text, strlen(text));
	free((void *)(uintptr_t)text);
}

struct aws_credentials *aws_credentials_new(const char *access_key, const char *secret_key, const char *session_token,
					    const char *account_id, const char *source, int64_t expires)
{
	struct aws_credentials *credentials = xcalloc(1, sizeof(*credentials));
	*credentials = (struct aws_credentials){
		.access_key = copy(access_key),
		.secret_key = copy(secret_key),
		.session_token = session_token && *session_token ? copy(session_token) : NULL,
		.account_id = copy(account_id),
		.source = copy(source),
		.expires = expires,
		.refs = 1,
	};
	return credentials;
}

const struct aws_credentials *aws_credentials_ref(const struct aws_credentials *credentials)
{
	((struct aws_credentials *)(uintptr_t)credentials)->refs++;
	return credentials;
}

void aws_credentials_unref(const struct aws_credentials *credentials)
{
	struct aws_credentials *c = (struct aws_credentials *)(uintptr_t)credentials;
	if (!c || --c->refs)
		return;
	wipe_text(c->access_key);
	wipe_text(c->secret_key);
	wipe_text(c->session_token);
	free((void *)(uintptr_t)c->account_id);
	free((void *)(uintptr_t)c->source);
	free(c);
}

int64_t credentials_parse_time(const char *text)
{
	int64_t ms;
	size_t len = text ? strlen(text) : 0;
	/* Older AWS CLIs wrote "2020-06-17T10:02:08UTC"; without a zone it is UTC too. */
	if (len > 3 && !strcmp(text + len - 3, "UTC"))
		len -= 3;
	return text && aws_time_parse(text, len, &ms) ? ms / 1000 : -1;
}

struct aws_credentials *credentials_from_value(const struct value *object, const struct json_names *names, const char *source,
					       struct buf *why)
{
	const char *access = value_get_text(object, names->access_key), *secret = value_get_text(object, names->secret_key);
	const char *expiration = value_get_text(object, names->expiration);
	int64_t expires = expiration && *expiration ? credentials_parse_time(expiration) : 0;
	if (!access || !*access || !secret || !*secret) {
		buf_addf(why, "it has no \"%s\"", access && *access ? names->secret_key : names->access_key);
		return NULL;
	}
	if (expires < 0) {
		buf_addf(why, "its \"%s\" is no time", names->expiration);
		return NULL;
	}
	const char *account = names->account_id ? value_get_text(object, names->account_id) : NULL;
	return aws_credentials_new(access, secret, value_get_text(object, names->session_token), account, source, expires);
}

/* --- The identity --- */

static int64_t wall_clock(void *ctx)
{
	(void)ctx;
	return (int64_t)time(NULL);
}

struct aws_identity *aws_identity_new(struct loop *loop, struct http *http, const struct aws_config *config)
{
	struct aws_identity *identity = xcalloc(1, sizeof(*identity));
	identity->loop = loop;
	identity->http = http;
	identity->config = config;
	identity->keys = sigv4_keys_new();
	identity->now = wall_clock;
	return identity;
}

void aws_identity_set_clock(struct aws_identity *identity, int64_t (*now)(void *ctx), void *ctx)
{
	identity->now = now;
	identity->now_ctx = ctx;
}

int64_t identity_now(const struct aws_identity *identity)
{
	return identity->now(identity->now_ctx);
}

static void run_step(void *ctx);
static void announce_current(void *ctx);
static void send_again(void *ctx);

static void release_fetch(struct fetch *fetch)
{
	struct aws_identity *identity = fetch->identity;
	http_cancel(identity->http, fetch->request_id);
	loop_timer_cancel(identity->loop, fetch->timer);
	loop_later_cancel(identity->loop, run_step, fetch);
	if (fetch->proc)
		proc_abandon(fetch->proc);
	for (size_t i = 0; i < fetch->steps.count; i++)
		aws_credentials_unref(fetch->steps.items[i].keys);
	vec_free(&fetch->steps);
	aws_credentials_unref(fetch->previous);
	buf_release(&fetch->tried);
	diags_release(&fetch->diags);
	arena_free(fetch->arena);
	free(fetch);
}

void aws_identity_free(struct aws_identity *identity)
{
	if (!identity)
		return;
	if (identity->fetch)
		release_fetch(identity->fetch);
	loop_later_cancel(identity->loop, announce_current, identity);
	metadata_forget(identity);
	aws_credentials_unref(identity->current);
	vec_free(&identity->waiters);
	sigv4_keys_free(identity->keys);
	free(identity);
}

const struct aws_credentials *aws_identity_current(struct aws_identity *identity)
{
	if (identity->current && identity->good_until && identity_now(identity) >= identity->good_until) {
		aws_credentials_unref(identity->current);
		identity->current = NULL;
	}
	return identity->current;
}

static void keep(struct aws_identity *identity, const struct aws_credentials *credentials)
{
	int64_t now = identity_now(identity), left = credentials->expires - now;
	int64_t before = left / 4 < RENEW_BEFORE_S ? left / 4 : RENEW_BEFORE_S;
	aws_credentials_unref(identity->current);
	identity->current = aws_credentials_ref(credentials);
	identity->good_until = credentials->expires ? credentials->expires - before : 0;
}

/* Those who are told may ask again at once, which starts a new round. */
static void announce(struct aws_identity *identity, const struct aws_credentials *credentials, struct diags *diags)
{
	struct identity_waiter *waiters = identity->waiters.items;
	size_t count = identity->waiters.count;
	memset(&identity->waiters, 0, sizeof(identity->waiters));
	for (size_t i = 0; i < count; i++) {
		if (waiters[i].fn)
			waiters[i].fn(waiters[i].ctx, credentials ? aws_credentials_ref(credentials) : NULL, diags);
	}
	free(waiters);
}

static void announce_current(void *ctx)
{
	struct aws_identity *identity = ctx;
	if (identity->fetch || !identity->current) /* rejected meanwhile, and asked for anew */
		return;
	announce(identity, identity->current, NULL);
}

static void start_fetch(struct aws_identity *identity)
{
	struct fetch *fetch = xcalloc(1, sizeof(*fetch));
	fetch->identity = identity;
	fetch->arena = arena_new();
	diags_init(&fetch->diags);
	identity->fetch = fetch;
	loop_later(identity->loop, run_step, fetch);
}

void aws_identity_get(struct aws_identity *identity, aws_identity_fn fn, void *ctx)
{
	vec_add(&identity->waiters, (struct identity_waiter){fn, ctx});
	if (identity->fetch)
		return;
	if (aws_identity_current(identity))
		loop_later(identity->loop, announce_current, identity);
	else
		start_fetch(identity);
}

void aws_identity_cancel(struct aws_identity *identity, aws_identity_fn fn, void *ctx)
{
	for (size_t i = 0; i < identity->waiters.count; i++) {
		struct identity_waiter *waiter = &identity->waiters.items[i];
		if (waiter->fn == fn && waiter->ctx == ctx)
			waiter->fn = NULL;
	}
}

void aws_identity_reject(struct aws_identity *identity, const struct aws_credentials *credentials)
{
	if (identity->current != credentials)
		return;
	aws_credentials_unref(identity->current);
	identity->current = NULL;
	if (identity->waiters.count && !identity->fetch)
		start_fetch(identity);
}

/* --- Steps --- */

const struct step *fetch_step(const struct fetch *fetch)
{
	return &fetch->steps.items[fetch->at];
}

static void finish(struct fetch *fetch, const struct aws_credentials *credentials)
{
	struct aws_identity *identity = fetch->identity;
	identity->fetch = NULL;
	if (credentials)
		keep(identity, credentials);
	announce(identity, credentials, &fetch->diags);
	release_fetch(fetch);
}

static void run_step(void *ctx)
{
	struct fetch *fetch = ctx;
	if (!fetch->steps.count && !fetch_plan(fetch)) {
		finish(fetch, NULL);
		return;
	}
	const struct step *step = fetch_step(fetch);
	fetch->attempts = 0;
	switch (step->kind) {
	case STEP_KEYS:
		fetch_found(fetch, (struct aws_credentials *)(uintptr_t)aws_credentials_ref(step->keys));
		break;
	case STEP_WEB_IDENTITY:
		source_web_identity(fetch);
		break;
	case STEP_SSO:
		source_sso(fetch);
		break;
	case STEP_PROCESS:
		source_process(fetch);
		break;
	case STEP_CONTAINER:
		source_container(fetch);
		break;
	case STEP_METADATA:
		source_metadata(fetch);
		break;
	case STEP_ROLE:
		source_role(fetch);
		break;
	}
}

void fetch_found(struct fetch *fetch, struct aws_credentials *credentials)
{
	if (credentials->expires && credentials->expires <= identity_now(fetch->identity)) {
		aws_credentials_unref(credentials);
		fetch_failed(fetch, "Expired AWS credentials", "they have expired already; is this computer's clock right?");
		return;
	}
	aws_credentials_unref(fetch->previous);
	fetch->previous = credentials;
	if (++fetch->at < fetch->steps.count) {
		loop_later(fetch->identity->loop, run_step, fetch);
		return;
	}
	fetch->previous = NULL;
	finish(fetch, credentials);
	aws_credentials_unref(credentials);
}

static const char how_to_mend[] = "Name a profile that has some, set keys in the environment, or sign in:\n\n"
				  "  export AWS_PROFILE=...\n"
				  "  aws configure\n"
				  "  aws sso login";

void fetch_failed(struct fetch *fetch, const char *summary, const char *detail, ...)
{
	va_list args;
	va_start(args, detail);
	const char *why = arena_vprintf(fetch->arena, detail, args);
	va_end(args);
	const struct step *step = fetch_step(fetch);
	if (step->may_be_absent) {
		diag_error(&fetch->diags, SRC_NOWHERE, "No AWS credentials",
			   "None were found. Looked at, in this order:%s\n  - %s: %s\n\n%s", buf_text(&fetch->tried), step->source, why,
			   how_to_mend);
	} else {
		char *text = arena_printf(fetch->arena, "%s: %s", step->source, why);
		*text = (char)toupper((unsigned char)*text);
		diag_error(&fetch->diags, SRC_NOWHERE, summary, "%s", text);
	}
	finish(fetch, NULL);
}

/* --- Requests --- */

static bool worth_another_try(const struct http_response *response)
{
	if (response->result != HTTP_OK)
		return !response->untrusted;
	return response->status == 429 || response->status >= 500;
}

static void answered(void *ctx, const struct http_response *response)
{
	struct fetch *fetch = ctx;
	fetch->request_id = 0;
	if (worth_another_try(response) && fetch->attempts < fetch->attempt_limit) {
		uint64_t pause = (uint64_t)PAUSE_MS << (fetch->attempts - 1);
		fetch->timer = loop_timer(fetch->identity->loop, pause, send_again, fetch);
		return;
	}
	fetch->answer(fetch, response);
}

static void send_again(void *ctx)
{
	struct fetch *fetch = ctx;
	fetch->timer = 0;
	fetch->attempts++;
	fetch->request_id = http_send(fetch->identity->http, &fetch->request, answered, fetch);
}

void fetch_http(struct fetch *fetch, const struct http_request *request, unsigned limit, fetch_answer_fn answer)
{
	fetch->request = *request;
	fetch->answer = answer;
	fetch->attempts = 0;
	fetch->attempt_limit = limit;
	send_again(fetch);
}

const char *fetch_describe(struct fetch *fetch, const struct http_response *response)
{
	enum { SHOWN = 300 };
	if (response->result != HTTP_OK)
		return arena_strdup(fetch->arena, response->error);
	char *text = arena_printf(fetch->arena, "HTTP status %u%s%.*s", response->status, response->body_len ? ": " : "", SHOWN,
				  response->body);
	for (char *p = text; *p; p++) {
		if ((unsigned char)*p < ' ' || *p == 127)
			*p = ' ';
	}
	return text;
}
