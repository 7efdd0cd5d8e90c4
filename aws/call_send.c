/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/call_internal.h"
#include "aws/config.h"
#include "aws/credentials.h"
#include "aws/sigv4.h"
#include "base/buf.h"
#include "base/digest.h"
#include "lang/value/value.h"

#include <errno.h>
#include <string.h>

static void leave(void *ctx);

static bool is_s3(const struct call *call)
{
	return !strcmp(aws_text(aws_operation_service(call->op)->name), "s3");
}

/* The bucket an operation of S3 is about, or NULL. */
static const char *bucket_of(const struct call *call)
{
	return is_s3(call) && call->params ? value_get_text(call->params, "Bucket") : NULL;
}

static bool find_endpoint(struct call *call)
{
	struct aws *aws = call->aws;
	const char *bucket = bucket_of(call), *region = call->region;
	const char *lives_in = bucket ? map_find(&aws->bucket_regions, bucket) : NULL;
	if (lives_in)
		region = lives_in;
	if (!aws_endpoint_find(call->arena, aws->options.config, aws_operation_service(call->op), region, &call->endpoint,
			       &call->diags))
		return false;
	const char *base = call->endpoint.url, *path = call->request.path;
	if (call->request.host_prefix && !call->endpoint.configured)
		base = arena_printf(call->arena, "https://%s%s", call->request.host_prefix, base + strlen("https://"));
	if (bucket && aws_bucket_in_host(bucket, &call->endpoint, aws_config_s3_path_style(aws->options.config))) {
		/* "/bucket/key" becomes "/key" at the bucket's own host. */
		base = aws_bucket_url(call->arena, bucket, &call->endpoint);
		path += 1 + strcspn(path + 1, "/");
		if (!*path)
			path = "/";
	}
	const char *host = strstr(base, "://");
	if (!host)
		bug("\"%s\" is no URL", base);
	host += 3;
	size_t host_len = strcspn(host, "/");
	bool tls = !strncmp(base, "https:", 6);
	call->path = arena_printf(call->arena, "%s%s", host + host_len, path);
	call->url = arena_printf(call->arena, "%.*s%s%s%s", (int)(host + host_len - base), base, call->path,
				 *call->request.query ? "?" : "", call->request.query);
	/* The header leaves out the scheme's own port. */
	const char *port = tls ? ":443" : ":80";
	size_t port_len = strlen(port);
	if (host_len > port_len && !strncmp(host + host_len - port_len, port, port_len))
		host_len -= port_len;
	call->host = arena_strndup(call->arena, host, host_len);
	call->rate = aws_bucket_for(aws->rates, call->op, region, !call->endpoint.configured);
	return true;
}

static bool is_signed(const struct call *call)
{
	return !(call->op->flags & AWS_OP_NOAUTH);
}

static void got_credentials(void *ctx, const struct aws_credentials *credentials, struct diags *diags)
{
	struct call *call = ctx;
	call->asks_identity = false;
	if (!credentials) {
		if (diags)
			for (size_t i = 0; i < diags->count; i++)
				diags_add(&call->diags, &diags->items[i]);
		call_finish(call, AWS_NOT_SENT, "there are no credentials to sign it with");
		return;
	}
	aws_credentials_unref(credentials);
	aws_bucket_enter(call->rate, &call->waiter, leave, call);
}

void call_send(struct call *call)
{
	struct aws *aws = call->aws;
	call->stale = false;
	call->timer = 0;
	call->answer.headers = NULL;
	call->answer.header_count = 0;
	if (!find_endpoint(call)) {
		call_finish(call, AWS_NOT_SENT, NULL);
		return;
	}
	if (is_signed(call) && !aws_identity_current(aws->options.identity)) {
		call->asks_identity = true;
		aws_identity_get(aws->options.identity, got_credentials, call);
		return;
	}
	aws_bucket_enter(call->rate, &call->waiter, leave, call);
}

static const char *payload_hash(struct call *call, char hex[65])
{
	if (!call->options.body_file) {
		sigv4_payload_hash(call->request.body, call->request.body_len, hex);
		return hex;
	}
	/* Read twice only where nothing else protects it. */
	if (call->op->flags & AWS_OP_UNSIGNED || !strncmp(call->url, "https:", 6))
		return SIGV4_UNSIGNED;
	unsigned char digest[SHA256_SIZE];
	if (!digest_file(DIGEST_SHA256, call->options.body_file, digest))
		return NULL;
	AUTO_BUF struct buf text = BUF_INIT;
	hex_encode(digest, sizeof(digest), &text);
	memcpy(hex, buf_text(&text), 65);
	return hex;
}

/* Called when the request's turn has come: signs it with the time of now. */
static bool prepare(void *ctx, struct http_request *out)
{
	struct call *call = ctx;
	struct aws *aws = call->aws;
	const struct aws_credentials *credentials = NULL;
	arena_reset(call->try_arena);
	out->headers = call->request.headers;
	out->header_count = call->request.header_count;
	if (is_signed(call)) {
		credentials = aws_identity_current(aws->options.identity);
		if (!credentials) {
			call->stale = true;
			return false;
		}
		char hex[65];
		const char *hash = payload_hash(call, hex);
		if (!hash) {
			diag_error(&call->diags, SRC_NOWHERE, "Cannot read the file to send", "%s: %s.", call->options.body_file,
				   strerror(errno));
			return false;
		}
		struct sigv4_request request = {.method = call->request.method,
						.host = call->host,
						.path = call->path,
						.query = call->request.query,
						.headers = call->request.headers,
						.header_count = call->request.header_count,
						/* it becomes a header */
						.payload_hash = arena_strdup(call->try_arena, hash)};
		struct sigv4_signer signer = {.access_key = credentials->access_key,
					      .secret_key = credentials->secret_key,
					      .session_token = credentials->session_token,
					      .region = call->endpoint.signing_region,
					      .service = aws_text(aws_operation_service(call->op)->signing),
					      .s3 = is_s3(call),
					      .time = call_clock(aws) + aws->skew_s,
					      .keys = aws->keys};
		out->headers = sigv4_sign(call->try_arena, &signer, &request, &out->header_count);
	}
	aws_credentials_unref(call->credentials);
	call->credentials = credentials ? aws_credentials_ref(credentials) : NULL;
	call->tries++;
	struct aws_stat *stat = call_stat(call);
	stat->requests++;
	stat->retries += call->tries > 1;
	stat->bytes_sent += call->request.body_len;
	call_log(call, "-> %s %s try %u %s", call->request.method, call->url, call->tries, call->request.log);
	return true;
}

/* A token was there. */
static void leave(void *ctx)
{
	struct call *call = ctx;
	if (!call->try_arena)
		call->try_arena = arena_new();
	struct http_request request = {
		.method = call->request.method,
		.url = call->url,
		.body = call->options.body_file ? NULL : call->request.body,
		.body_len = call->request.body_len,
		.body_file = call->options.body_file,
		.timeout_ms = call->options.timeout_ms,
		.once = !call->repeatable,
		.prepare = prepare,
		.prepare_ctx = call,
		.on_data = call->options.on_data,
		.data_ctx = call->options.data_ctx,
	};
	/* A GET has no body, nor the headers of one. */
	if (!request.body_len && !request.body_file &&
	    (!strcmp(request.method, "GET") || !strcmp(request.method, "HEAD") || !strcmp(request.method, "DELETE")))
		request.body = NULL;
	call->http = http_send(call->aws->options.http, &request, call_answered, call);
}

void call_send_stop(struct call *call)
{
	struct aws *aws = call->aws;
	aws_bucket_leave(&call->waiter);
	loop_timer_cancel(aws->options.loop, call->timer);
	call->timer = 0;
	if (call->http)
		http_cancel(aws->options.http, call->http);
	call->http = 0;
	if (call->asks_identity)
		aws_identity_cancel(aws->options.identity, got_credentials, call);
	call->asks_identity = false;
	aws_credentials_unref(call->credentials);
	call->credentials = NULL;
}
