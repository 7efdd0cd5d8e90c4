/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/call.h"

#include "aws/call_internal.h"
#include "aws/config.h"
#include "aws/credentials.h"
#include "aws/page.h"
#include "aws/retry.h"
#include "aws/sigv4.h"
#include "aws/time.h"
#include "base/buf.h"
#include "base/digest.h"
#include "lang/value/value.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	/* Tries where nothing is configured. */
	TRIES_THROTTLED = 25, /* with waits of up to 20 s: about four minutes */
	TRIES_TRANSIENT = 8,
	TRIES_UNREACHED = 4, /* no connection: the address is more likely wrong than busy */
	TRIES_UNREADABLE = 3,
	TRIES_SILENT = 3, /* no answer within the time for one, which is long */
	REDIRECTS = 3,
	SKEW_S = 60, /* a server's date that differs by less is not the reason */
};

int64_t call_clock(const struct aws *aws)
{
	return aws->options.now ? aws->options.now(aws->options.seam_ctx) : (int64_t)time(NULL);
}

static uint64_t random_bits(const struct aws *aws)
{
	uint64_t bits;
	if (aws->options.random)
		return aws->options.random(aws->options.seam_ctx);
	random_bytes(&bits, sizeof(bits));
	return bits;
}

/* ---- the handle ---- */

struct aws *aws_new(const struct aws_options *options)
{
	struct aws *aws = xcalloc(1, sizeof(*aws));
	aws->options = *options;
	aws->rates = aws_rates_new(options->loop);
	aws->keys = sigv4_keys_new();
	aws->arena = arena_new();
	return aws;
}

const struct aws_config *aws_get_config(const struct aws *aws)
{
	return aws->options.config;
}

struct aws_identity *aws_get_identity(const struct aws *aws)
{
	return aws->options.identity;
}

size_t aws_active(const struct aws *aws)
{
	return aws->active;
}

const char *aws_describe(const struct aws *aws, aws_call_id id, struct arena *arena)
{
	const struct call *call = id ? map_find_n(&aws->by_id, (const char *)&id, sizeof(id)) : aws->calls;
	while (!id && call && call->next) /* the newest is the first */
		call = call->next;
	if (!call || !call->op)
		return NULL;
	const char *name = aws_text(call->op->name), *server = call->endpoint ? call->endpoint->url : NULL;
	const char *again = call->tries > 1 ? arena_printf(arena, " (try %u)", call->tries) : "";
	const char *code = call->answer.failure.code;
	if (call->timer)
		return arena_printf(arena, "%s failed%s%s%s and is tried again soon%s", name, code ? " (" : "", code ? code : "", code ? ")" : "", again);
	if (call->asks_identity)
		return arena_printf(arena, "%s waits for credentials", name);
	if (!call->http || !call->tries)
		return arena_printf(arena, "%s waits for its turn", name);
	return arena_printf(arena, "no answer to %s from %s yet%s", name, server ? server : "the server", again);
}

struct aws_stat *call_stat(struct call *call)
{
	struct aws *aws = call->aws;
	for (size_t i = 0; i < aws->stats.count; i++) {
		if (aws->stats.items[i].op == call->op)
			return &aws->stats.items[i];
	}
	vec_add(&aws->stats, (struct aws_stat){.op = call->op});
	return &aws->stats.items[aws->stats.count - 1];
}

const struct aws_stat *aws_stats(const struct aws *aws, size_t *count)
{
	*count = aws->stats.count;
	return aws->stats.items;
}

void call_log(struct call *call, const char *fmt, ...)
{
	if (!call->aws->options.log)
		return;
	AUTO_BUF struct buf line = BUF_INIT;
	buf_addf(&line, "#%" PRIu64 " %s %s ", call->id, aws_text(aws_operation_service(call->op)->name),
		 aws_text(call->op->name));
	va_list args;
	va_start(args, fmt);
	buf_vaddf(&line, fmt, args);
	va_end(args);
	call->aws->options.log(call->aws->options.log_ctx, buf_text(&line));
}

/* ---- beginning and end ---- */

static void start(void *ctx);

/* Takes the call out of everything that knows it. */
static void detach(struct call *call)
{
	struct aws *aws = call->aws;
	loop_later_cancel(aws->options.loop, start, call);
	call_send_stop(call);
	if (call->next)
		call->next->previous = call->previous;
	if (call->previous)
		call->previous->next = call->next;
	else
		aws->calls = call->next;
	map_remove_n(&aws->by_id, (const char *)&call->id, sizeof(call->id));
	aws->active--;
}

struct arena *call_arena(struct call *call)
{
	if (!call->arena)
		call->arena = arena_new();
	return call->arena;
}

const char *call_keep_region(struct aws *aws, const char *region)
{
	const char *kept = map_find(&aws->regions, region);
	if (!kept) {
		char *copy = arena_strdup(aws->arena, region);
		map_put(&aws->regions, copy, copy);
		kept = copy;
	}
	return kept;
}

static void free_call(struct call *call)
{
	diags_release(&call->diags);
	vec_free(&call->pages);
	arena_free(call->try_arena);
	arena_free(call->arena);
	free(call);
}

void aws_free(struct aws *aws)
{
	if (!aws)
		return;
	while (aws->calls) {
		struct call *call = aws->calls;
		detach(call); /* NOLINT(clang-analyzer-unix.Malloc): from aws->calls */
		free_call(call);
	}
	aws_rates_free(aws->rates);
	sigv4_keys_free(aws->keys);
	map_release(&aws->by_id);
	map_release(&aws->bucket_regions);
	map_release(&aws->endpoints);
	map_release(&aws->regions);
	vec_free(&aws->stats);
	arena_free(aws->arena);
	free(aws);
}

aws_call_id aws_call(struct aws *aws, const struct aws_call_options *options, aws_done_fn done, void *ctx)
{
	struct call *call = xcalloc(1, sizeof(*call));
	call->aws = aws;
	call->id = ++aws->last_id;
	call->options = *options;
	call->done = done;
	call->ctx = ctx;
	diags_init(&call->diags);
	call->next = aws->calls;
	if (call->next)
		call->next->previous = call;
	aws->calls = call;
	aws->active++;
	map_put_n(&aws->by_id, (const char *)&call->id, sizeof(call->id), call);
	loop_later(aws->options.loop, start, call);
	return call->id;
}

void aws_cancel(struct aws *aws, aws_call_id id)
{
	struct call *call = map_find_n(&aws->by_id, (const char *)&id, sizeof(id));
	if (!call)
		return;
	detach(call);
	free_call(call);
}

void call_finish(struct call *call, enum aws_result result, const char *error)
{
	struct aws_answer *answer = &call->answer;
	answer->result = result;
	answer->op = call->op;
	answer->region = call->region;
	answer->error = error;
	answer->url = call->endpoint ? call->endpoint->url : NULL;
	answer->local = call->endpoint && call->endpoint->configured;
	answer->tries = call->tries;
	answer->diags = call->diags.count ? &call->diags : NULL;
	if (call->op && result == AWS_LOST)
		call_stat(call)->lost++;
	if (call->op && (result == AWS_LOST || result == AWS_NOT_SENT))
		call_log(call, "%s: %s", result == AWS_LOST ? "lost" : "not sent", error ? error : "");
	/* Nobody knows it any more when the callback runs, which may free `aws` too. */
	detach(call);
	call->done(call->ctx, answer);
	free_call(call);
}

static void refuse(struct call *call, const char *error)
{
	call->answer.refused = true;
	call_finish(call, AWS_NOT_SENT, error);
}

static struct arena *value_arena(struct call *call)
{
	return call->options.arena ? call->options.arena : call_arena(call);
}

static const struct aws_operation *find_operation(struct call *call)
{
	const struct aws_call_options *options = &call->options;
	if (options->op)
		return options->op;
	const struct aws_service *service = aws_service_find(options->service);
	if (!service) {
		refuse(call, arena_printf(call_arena(call), "There is no service \"%s\".", options->service));
		return NULL;
	}
	const struct aws_operation *op = aws_operation_find(service, options->operation);
	if (!op) {
		const char *near = aws_operation_nearest(service, options->operation);
		refuse(call, arena_printf(call_arena(call), "The service %s has no operation \"%s\".%s%s%s", options->service,
					  options->operation, near ? " Did you mean \"" : "", near ? near : "",
					  near ? "\"?" : ""));
	}
	return op;
}

static void start(void *ctx)
{
	struct call *call = ctx;
	const struct aws_config *config = call->aws->options.config;
	const struct aws_operation *op = find_operation(call);
	if (!op)
		return; /* and the call has ended */
	call->op = op;
	call_stat(call)->calls++;
	const char *region = call->options.region;
	if (!region || !strcmp(region, "aws-global"))
		region = aws_config_region(config);
	if (!region && aws_operation_service(call->op)->global)
		region = "us-east-1";
	if (!region) {
		diag_error(&call->diags, SRC_NOWHERE, "No AWS region",
			   "It is not known which region to use. Write `region` in the provider block, or set AWS_REGION.");
		call_finish(call, AWS_NOT_SENT, "no region is known");
		return;
	}
	call->region = call_keep_region(call->aws, region);
	if (!call->options.token && aws_operation_token(call->op))
		random_uuid(call->token);
	call->params = call->options.params;
	if (call->options.page_size)
		call->params = aws_page_sized(call_arena(call), call->op, call->params, call->options.page_size);
	switch (call->options.repeat) {
	case AWS_REPEAT_AUTO:
		/* Test servers and copies of AWS may not look at tokens. */
		call->repeatable = aws_is_repeatable(call->op) ||
				   (aws_operation_token(call->op) &&
				    !aws_config_endpoint_url(config, aws_text(aws_operation_service(call->op)->name),
							     aws_text(aws_operation_service(call->op)->id)));
		break;
	case AWS_REPEAT_NEVER:
	case AWS_REPEAT_ALWAYS:
		call->repeatable = call->options.repeat == AWS_REPEAT_ALWAYS;
		break;
	}
	call_send(call);
}

/* ---- trying again ---- */

static void again(void *ctx)
{
	call_send(ctx);
}

static unsigned limit_of(const struct call *call, unsigned otherwise)
{
	if (call->options.tries)
		return call->options.tries;
	unsigned configured = aws_config_max_attempts(call->aws->options.config);
	return configured ? configured : otherwise;
}

/* Waits and sends again; false when it has been tried often enough. */
static bool try_again(struct call *call, enum aws_verdict verdict, unsigned tries, const struct http_response *response)
{
	if (++call->troubles >= limit_of(call, tries))
		return false;
	/* What has been passed on to a reader cannot be taken back. */
	if (call->options.on_data && response->result == HTTP_LOST)
		return false;
	unsigned floor = aws_retry_after_ms(http_header_find(response, "retry-after"), call_clock(call->aws));
	unsigned wait = aws_backoff_ms(verdict, call->troubles, floor, random_bits(call->aws));
	call_log(call, "again in %u ms", wait);
	call->timer = loop_timer(call->aws->options.loop, wait, again, call);
	return true;
}

static bool fix_skew(struct call *call, const struct http_response *response)
{
	const char *date = http_header_find(response, "date");
	int64_t ms;
	if (call->skew_fixed || !date || !aws_time_parse(date, strlen(date), &ms))
		return false;
	int64_t skew = ms / 1000 - call_clock(call->aws);
	int64_t error = skew - call->aws->skew_s;
	call->skew_fixed = true;
	if (error < SKEW_S && error > -SKEW_S)
		return false;
	call->aws->skew_s = skew;
	call_log(call, "our clock is %" PRId64 " s behind the server's; signing by its clock", skew);
	return true;
}

/* Has the credentials of the last try replaced; false when that was done before. */
static bool renew(struct call *call)
{
	if (!call->credentials || call->renewed)
		return false;
	call->renewed = true;
	aws_identity_reject(call->aws->options.identity, call->credentials);
	call_log(call, "the credentials were refused; asking for new ones");
	return true;
}

/* S3: notes where the bucket lives, from what a redirect tells. */
static bool follow_bucket(struct call *call, const struct http_response *response)
{
	struct aws *aws = call->aws;
	const char *bucket = call->params ? value_get_text(call->params, "Bucket") : NULL;
	const char *region = http_header_find(response, "x-amz-bucket-region");
	if (!region)
		region = value_get_text(call->answer.failure.fields, "Region");
	if (!bucket || !region || !aws_region_is_valid(region) || ++call->redirects > REDIRECTS)
		return false;
	const char *known = map_find(&aws->bucket_regions, bucket);
	if (known ? !strcmp(known, region) : !strcmp(call->endpoint->signing_region, region))
		return false;
	map_put(&aws->bucket_regions, known ? bucket : arena_strdup(aws->arena, bucket), arena_strdup(aws->arena, region));
	call_log(call, "the bucket lives in %s", region);
	return true;
}

/* ---- judging ---- */

static void judge_error(struct call *call, const struct http_response *response)
{
	struct aws_failure *failure = &call->answer.failure;
	aws_decode_error(call_arena(call), call->op, response, failure);
	if (failure->request_id)
		call->answer.request_id = failure->request_id;
	enum aws_verdict verdict =
		aws_judge(aws_operation_service(call->op), failure->status, failure->code, failure->message);
	/* HEAD has no body to tell that the request was signed for the wrong region. */
	if (verdict == AWS_FINAL && failure->status == 400 && !response->body_len &&
	    http_header_find(response, "x-amz-bucket-region"))
		verdict = AWS_ELSEWHERE;
	/* An error behind a status of 200 is the server's failure. */
	if (verdict == AWS_FINAL && response->status < 300)
		verdict = AWS_TRANSIENT;
	call_log(call, "<- %u %s: %s (request id %s)", failure->status, failure->code, failure->message,
		 failure->request_id ? failure->request_id : "unknown");
	switch (verdict) {
	case AWS_FINAL:
		break;
	case AWS_THROTTLED:
		call_stat(call)->throttles++;
		aws_bucket_throttled(call->rate);
		if (try_again(call, verdict, TRIES_THROTTLED, response))
			return;
		break;
	case AWS_TRANSIENT:
		if (!call->repeatable) {
			call_finish(call, AWS_LOST, "the server failed while it was working on the request");
			return;
		}
		if (try_again(call, verdict, TRIES_TRANSIENT, response))
			return;
		break;
	case AWS_EXPIRED:
		if (renew(call)) {
			call_send(call);
			return;
		}
		break;
	case AWS_SKEWED:
		/* EC2's RequestExpired may also mean that the session's credentials have. */
		if (fix_skew(call, response) || (call->credentials && call->credentials->session_token && renew(call))) {
			call_send(call);
			return;
		}
		break;
	case AWS_ELSEWHERE:
		if (follow_bucket(call, response)) {
			call_send(call);
			return;
		}
		break;
	}
	call_finish(call, AWS_ERROR, NULL);
}

static void take_page(struct call *call, const struct value *page)
{
	bool stuck = false, more = true;
	struct arena *arena = value_arena(call);
	call->answer.pages++;
	call->answer.value = page;
	if (call->options.page)
		more = call->options.page(call->options.page_ctx, page);
	else if (call->options.all_pages)
		vec_add(&call->pages, page);
	else
		more = false;
	const struct value *next = more ? aws_page_next(call_arena(call), call->op, call->params, page, &stuck) : NULL;
	if (stuck) {
		call_finish(call, AWS_LOST, "the server gave the same page again and again");
		return;
	}
	if (next) {
		call->params = next;
		call->request.method = NULL;
		call->tries = call->troubles = 0;
		call_send(call);
		return;
	}
	if (call->pages.count)
		call->answer.value = aws_page_join(arena, call->op, call->pages.items, call->pages.count);
	call_finish(call, AWS_OK, NULL);
}

static void judge_answer(struct call *call, const struct http_response *response)
{
	AUTO_BUF struct buf why = BUF_INIT;
	aws_bucket_succeeded(call->rate);
	call_log(call, "<- %u, %zu bytes in %u ms (request id %s)", response->status, response->body_len,
		 response->elapsed_ms, call->answer.request_id ? call->answer.request_id : "unknown");
	const struct value *value = aws_decode_answer(value_arena(call), call->op, response, &why);
	if (value) {
		take_page(call, value);
		return;
	}
	if (call->repeatable && try_again(call, AWS_TRANSIENT, TRIES_UNREADABLE, response))
		return;
	call_finish(call, AWS_LOST,
		    arena_printf(call_arena(call), "the server's answer could not be read: %s", buf_text(&why)));
}

static void judge_unsent(struct call *call, const struct http_response *response)
{
	if (call->refused) {
		refuse(call, call->refusal);
		return;
	}
	if (call->stale) {
		call_send(call);
		return;
	}
	if (!call->diags.count && !response->untrusted && try_again(call, AWS_TRANSIENT, TRIES_UNREACHED, response))
		return;
	call_finish(call, AWS_NOT_SENT, response->error ? arena_strdup(call_arena(call), response->error) : NULL);
}

static void judge_lost(struct call *call, const struct http_response *response)
{
	call->answer.silent = response->timed_out;
	unsigned tries = response->timed_out ? TRIES_SILENT : TRIES_TRANSIENT;
	if (call->repeatable && !response->too_large && try_again(call, AWS_TRANSIENT, tries, response))
		return;
	if (response->timed_out) {
		call_finish(call, AWS_LOST, arena_printf(call_arena(call), "no answer came within %u s", (response->elapsed_ms + 500) / 1000));
		return;
	}
	call_finish(call, AWS_LOST, response->error ? arena_strdup(call_arena(call), response->error) : "no answer came");
}

void call_answered(void *ctx, const struct http_response *response)
{
	struct call *call = ctx;
	struct aws_answer *answer = &call->answer;
	call->http = 0;
	arena_free(call->try_arena);
	call->try_arena = NULL;
	call_stat(call)->bytes_received += response->body_len;
	answer->failure = (struct aws_failure){0};
	answer->headers = response->headers;
	answer->header_count = response->header_count;
	if (response->result != HTTP_OK)
		call_log(call, "<- %s", response->error);
	switch (response->result) {
	case HTTP_NOT_SENT:
		judge_unsent(call, response);
		return;
	case HTTP_LOST:
		judge_lost(call, response);
		return;
	case HTTP_OK:
		answer->request_id = aws_request_id(call_arena(call), response);
		if (aws_is_error(call->op, response))
			judge_error(call, response);
		else
			judge_answer(call, response);
		return;
	}
}
