/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The codecs of aws/protocol.h for scripts: reads one JSON object a line, writes one a line.
 *
 *   {"do": "encode", "service", "operation", "params", "token"?}
 *       -> {"method", "path", "query", "headers", "body", "host", "log"}
 *   {"do": "decode", "service", "operation", "status", "headers", "body"} -> {"value"}
 *   {"do": "error", ... the same ...} -> {"code", "message", "request_id", "fields"}
 *   {"do": "serve", "service", "method", "path", "query", "headers", "body"} -> {"operation", "params"}
 *   {"do": "answer", "service", "operation", "value"} -> {"status", "headers", "body"}
 *   {"do": "fail", "service", "operation", "status", "code", "message", "fields"?} -> the same
 *
 * Bodies are base64 text; headers are objects. What fails gives {"why"}.
 */
#include "aws/protocol.h"
#include "base/buf.h"
#include "base/digest.h"
#include "lang/value/json.h"
#include "lang/value/value.h"

#include <stdlib.h>
#include <string.h>

struct reply {
	struct arena *arena;
	const char *names[16];
	const struct value *items[16];
	size_t count;
};

static void put(struct reply *reply, const char *name, const struct value *value)
{
	reply->names[reply->count] = name;
	reply->items[reply->count++] = value;
}

static void put_text(struct reply *reply, const char *name, const char *text)
{
	put(reply, name, text ? value_string(reply->arena, text) : &value_null_string);
}

static void put_bytes(struct reply *reply, const char *name, const char *bytes, size_t len)
{
	AUTO_BUF struct buf text = BUF_INIT;
	base64_encode(BASE64_STANDARD, bytes, len, &text);
	put_text(reply, name, buf_text(&text));
}

static void put_headers(struct reply *reply, const struct http_header *headers, size_t count)
{
	const char **names = arena_array_of(reply->arena, count, const char *);
	const struct value **items = arena_array_of(reply->arena, count, const struct value *);
	for (size_t i = 0; i < count; i++) {
		names[i] = headers[i].name;
		items[i] = value_string(reply->arena, headers[i].value);
	}
	put(reply, "headers", value_object(reply->arena, names, items, count));
}

static struct http_header *headers_of(struct arena *arena, const struct value *in, size_t *count)
{
	const struct value *headers = value_get(in, "headers");
	*count = headers ? headers->count : 0;
	struct http_header *out = arena_array_of(arena, *count, struct http_header);
	for (size_t i = 0; i < *count; i++)
		out[i] = (struct http_header){value_key_at(headers, i), headers->items[i]->text};
	return out;
}

static const char *body_of(struct arena *arena, const struct value *in, size_t *len)
{
	const char *text = value_get_text(in, "body");
	AUTO_BUF struct buf bytes = BUF_INIT;
	if (text && !base64_decode(BASE64_STANDARD, text, strlen(text), &bytes))
		bug("the body is not base64");
	*len = bytes.len;
	return buf_copy(&bytes, arena);
}

static unsigned status_of(const struct value *in)
{
	const struct value *status = value_get(in, "status");
	int64_t n = 200;
	if (status && value_is_a(status, TYPE_NUMBER) && !number_to_int(status->number, &n))
		bug("no status");
	return (unsigned)n;
}

static bool do_encode(struct reply *reply, const struct aws_operation *op, const struct value *in, struct buf *why)
{
	struct aws_encode_options options = {.token = value_get_text(in, "token")};
	struct aws_request request;
	if (!aws_encode_request(reply->arena, op, value_get(in, "params"), &options, &request, why))
		return false;
	put_text(reply, "method", request.method);
	put_text(reply, "path", request.path);
	put_text(reply, "query", request.query);
	put_headers(reply, request.headers, request.header_count);
	put_bytes(reply, "body", request.body, request.body_len);
	put_text(reply, "host", request.host_prefix);
	put_text(reply, "log", request.log);
	return true;
}

static bool do_decode(struct reply *reply, const struct aws_operation *op, const struct value *in, struct buf *why)
{
	struct http_response response = {.result = HTTP_OK, .status = status_of(in)};
	response.headers = headers_of(reply->arena, in, &response.header_count);
	response.body = body_of(reply->arena, in, &response.body_len);
	if (!strcmp(value_get_text(in, "do"), "error")) {
		struct aws_failure failure;
		aws_decode_error(reply->arena, op, &response, &failure);
		put_text(reply, "code", failure.code);
		put_text(reply, "message", failure.message);
		put_text(reply, "request_id", failure.request_id);
		put(reply, "fields", failure.fields);
		put(reply, "is_error", value_bool(aws_is_error(op, &response)));
		return true;
	}
	const struct value *value = aws_decode_answer(reply->arena, op, &response, why);
	if (value)
		put(reply, "value", value);
	return value != NULL;
}

static bool do_serve(struct reply *reply, const struct aws_service *service, const struct value *in, struct buf *why)
{
	struct aws_incoming incoming = {.method = value_get_text(in, "method"),
					.path = value_get_text(in, "path"),
					.query = value_get_text(in, "query")};
	incoming.headers = headers_of(reply->arena, in, &incoming.header_count);
	incoming.body = body_of(reply->arena, in, &incoming.body_len);
	const struct aws_operation *op = aws_match_operation(service, &incoming);
	if (!op) {
		buf_adds(why, "no operation fits");
		return false;
	}
	const char *unknown;
	const struct value *params = aws_decode_request(reply->arena, op, &incoming, &unknown, why);
	put_text(reply, "operation", aws_text(op->name));
	if (params)
		put(reply, "params", params);
	return params != NULL;
}

static bool do_answer(struct reply *reply, const struct aws_operation *op, const struct value *in, struct buf *why)
{
	struct aws_reply out;
	if (!strcmp(value_get_text(in, "do"), "fail")) {
		struct aws_failure failure = {.status = value_get(in, "status") ? status_of(in) : 0,
					      .code = value_get_text(in, "code"),
					      .message = value_get_text(in, "message"),
					      .request_id = "test-request",
					      .fields = value_get(in, "fields")};
		aws_encode_error(reply->arena, op, &failure, &out);
	} else if (!aws_encode_answer(reply->arena, op, value_get(in, "value"), "test-request", &out, why)) {
		return false;
	}
	put(reply, "status", value_int(reply->arena, out.status));
	put_headers(reply, out.headers, out.header_count);
	put_bytes(reply, "body", out.body, out.body_len);
	return true;
}

static bool answer(struct reply *reply, const struct value *in, struct buf *why)
{
	const char *what = value_get_text(in, "do"), *name = value_get_text(in, "service");
	const struct aws_service *service = name ? aws_service_find(name) : NULL;
	if (!what || !service) {
		buf_adds(why, "no such service");
		return false;
	}
	if (!strcmp(what, "serve"))
		return do_serve(reply, service, in, why);
	name = value_get_text(in, "operation");
	const struct aws_operation *op = name ? aws_operation_find(service, name) : NULL;
	if (!op) {
		buf_adds(why, "no such operation");
		return false;
	}
	if (!strcmp(what, "encode"))
		return do_encode(reply, op, in, why);
	if (!strcmp(what, "decode") || !strcmp(what, "error"))
		return do_decode(reply, op, in, why);
	return do_answer(reply, op, in, why);
}

int main(void)
{
	AUTO_FREE char *line = NULL;
	size_t cap = 0;
	ssize_t len;
	struct arena *arena = arena_new();
	while ((len = getline(&line, &cap, stdin)) > 0) {
		AUTO_BUF struct buf why = BUF_INIT, out = BUF_INIT;
		struct reply reply = {.arena = arena};
		const struct value *in = value_from_json(arena, line, (size_t)len, &why);
		if (!in || !answer(&reply, in, &why))
			put_text(&reply, "why", buf_text(&why));
		value_to_json(value_object(arena, reply.names, reply.items, reply.count), false, &out);
		puts(buf_text(&out));
		fflush(stdout);
		arena_reset(arena);
	}
	arena_free(arena);
	return 0;
}
