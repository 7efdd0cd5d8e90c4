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

/* The service's endpoint in the region, or NULL with diagnostics. */
static const struct aws_endpoint *endpoint_in(struct call *call, const char *region)
{
	struct aws *aws = call->aws;
	const struct aws_service *service = aws_operation_service(call->op);
	char key[160];
	snprintf(key, sizeof(key), "%s %s", aws_text(service->name), region);
	struct aws_endpoint *found = map_find(&aws->endpoints, key);
	if (found)
		return found;
	found = arena_new_of(aws->arena, struct aws_endpoint);
	if (!aws_endpoint_find(aws->arena, aws->options.config, service, region, found, &call->diags))
		return NULL;
	map_put(&aws->endpoints, arena_strdup(aws->arena, key), found);
	return found;
}

static bool find_endpoint(struct call *call)
{
	struct aws *aws = call->aws;
	const char *bucket = bucket_of(call), *region = call->region;
	const char *lives_in = bucket ? map_find(&aws->bucket_regions, bucket) : NULL;
	if (lives_in)
		region = lives_in;
	call->endpoint = endpoint_in(call, region);
	if (!call->endpoint)
		return false;
	call->base = call->endpoint->url;
	call->bucket_in_host =
		bucket && aws_bucket_in_host(bucket, call->endpoint, aws_config_s3_path_style(aws->options.config));
	/* Only few operations have a prefix, and none that is made of parameters is among those we make. */
	if (call->bucket_in_host)
		call->base = aws_bucket_url(call_arena(call), bucket, call->endpoint);
	else if (call->op->host && !strchr(aws_text(call->op->host), '{') && !call->endpoint->configured)
		call->base = arena_printf(call_arena(call), "https://%s%s", aws_text(call->op->host),
					  call->base + strlen("https://"));
	call->rate = aws_bucket_for(aws->rates, call->op, region, !call->endpoint->configured);
	return true;
}

/* Where the request goes: the URL, and what of it is signed. */
struct target {
	const char *host, *path;
};
static struct target set_url(struct call *call, struct http_request *out)
{
	struct target target;
	const char *path = call->request.path;
	if (call->bucket_in_host) {
		/* "/bucket/key" is "/key" at the bucket's own host. */
		path += 1 + strcspn(path + 1, "/");
		if (!*path)
			path = "/";
	}
	const char *host = strstr(call->base, "://");
	if (!host)
		bug("\"%s\" is no URL", call->base);
	host += 3;
	size_t host_len = strcspn(host, "/");
	target.path = arena_printf(call->try_arena, "%s%s", host + host_len, path);
	call->url = arena_printf(call->try_arena, "%.*s%s%s%s", (int)(host + host_len - call->base), call->base,
				 target.path, *call->request.query ? "?" : "", call->request.query);
	out->url = call->url;
	/* The header leaves out the scheme's own port. */
	const char *port = !strncmp(call->base, "https:", 6) ? ":443" : ":80";
	size_t port_len = strlen(port);
	if (host_len > port_len && !strncmp(host + host_len - port_len, port, port_len))
		host_len -= port_len;
	target.host = arena_strndup(call->try_arena, host, host_len);
	return target;
}

static bool encode(struct call *call)
{
	AUTO_BUF struct buf why = BUF_INIT;
	struct aws_encode_options options = {.token = call->options.token ? call->options.token : call->token,
					     .any_enum = call->options.any_enum,
					     .body_elsewhere = call->options.body_file != NULL};
	if (call->request.method)
		return true;
	if (aws_encode_request(call_arena(call), call->op, call->params, &options, &call->request, &why))
		return true;
	call->request.method = NULL;
	call->refused = true;
	call->refusal = buf_copy(&why, call->arena);
	return false;
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
	if (!encode(call))
		return false;
	if (!call->try_arena)
		call->try_arena = arena_new();
	struct target target = set_url(call, out);
	out->method = call->request.method;
	out->body = call->options.body_file ? NULL : call->request.body;
	out->body_len = call->request.body_len;
	/* A GET has no body, nor the headers of one. */
	if (!out->body_len && !out->body_file &&
	    (!strcmp(out->method, "GET") || !strcmp(out->method, "HEAD") || !strcmp(out->method, "DELETE")))
		out->body = NULL;
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
						.host = target.host,
						.path = target.path,
						.query = call->request.query,
						.headers = call->request.headers,
						.header_count = call->request.header_count,
						/* it becomes a header */
						.payload_hash = arena_strdup(call->try_arena, hash)};
		struct sigv4_signer signer = {.access_key = credentials->access_key,
					      .secret_key = credentials->secret_key,
					      .session_token = credentials->session_token,
					      .region = call->endpoint->signing_region,
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

/* A token was there. All else is made when the request leaves the client's queue. */
static void leave(void *ctx)
{
	struct call *call = ctx;
	struct http_request request = {
		.method = aws_text(call->op->method),
		.url = call->base,
		.body_file = call->options.body_file,
		.timeout_ms = call->options.timeout_ms,
		.once = !call->repeatable,
		.prepare = prepare,
		.prepare_ctx = call,
		.on_data = call->options.on_data,
		.data_ctx = call->options.data_ctx,
	};
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
	arena_free(call->try_arena);
	call->try_arena = NULL;
}
