/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The provider "http", as Terraform's 3.x: a data source that asks a server. Redirects are followed;
 * an answer of 429 or 5xx (but 501) is asked for again as often as the `retry` block says, and then
 * an error. What Terraform leaves open is bounded here: the time, the size, and a server's wish to wait.
 */
#include "base/http.h"

#include "base/buf.h"
#include "base/digest.h"
#include "base/loop.h"
#include "base/vec.h"
#include "lang/syntax/parse.h"
#include "lang/value/unicode.h"
#include "providers/small/simple.h"
#include "providers/small/small.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	TIMEOUT_MS = 60000,           /* where the block names none */
	LONGEST_MS = 24 * 3600 * 1000,
	BODY_LIMIT = 8 << 20,
	MOST_REDIRECTS = 10,
	MIN_DELAY_MS = 1000, MAX_DELAY_MS = 30000, /* between attempts, where the block names none */
	LONGEST_WISH_MS = 5 * 60000,               /* of a server's Retry-After */
};

/* ---- the schema ---- */

#define MADE(name, type) {name, type, ATTR_COMPUTED, NULL, NULL}
#define WRITTEN(name, type) {name, type, ATTR_OPTIONAL, NULL, NULL}

static const struct schema *http_schema(struct arena *arena)
{
	static const struct simple_attr attrs[] = {
		{"body", &type_string, ATTR_COMPUTED | ATTR_DEPRECATED, NULL, "Use response_body instead."},
		WRITTEN("ca_cert_pem", &type_string),
		WRITTEN("client_cert_pem", &type_string),
		WRITTEN("client_key_pem", &type_string),
		MADE("id", &type_string),
		WRITTEN("insecure", &type_bool),
		WRITTEN("method", &type_string),
		WRITTEN("request_body", &type_string),
		WRITTEN("request_headers", &type_map_of_string),
		WRITTEN("request_timeout_ms", &type_number),
		MADE("response_body", &type_string),
		MADE("response_body_base64", &type_string),
		MADE("response_headers", &type_map_of_string),
		MADE("status_code", &type_number),
		{"url", &type_string, ATTR_REQUIRED, NULL, NULL},
		{.name = NULL},
	};
	static const struct simple_attr retry[] = {
		WRITTEN("attempts", &type_number),
		WRITTEN("max_delay_ms", &type_number),
		WRITTEN("min_delay_ms", &type_number),
		{.name = NULL},
	};
	struct schema_block block = {.name = "retry", .nesting = NEST_SINGLE, .schema = simple_schema(arena, retry, NULL, 0)};
	return simple_schema(arena, attrs, &block, 1);
}

/* ---- checks ---- */

static bool check_at_most(const struct value *config, const struct body *body, const char *name, int64_t min, int64_t max,
			  struct diags *diags)
{
	if (!simple_check_int(config, body, name, min, diags))
		return false;
	if (simple_int(config, name, min) <= max)
		return true;
	diag_error(diags, simple_range(body, name), "Invalid attribute value", "The argument \"%s\" may be %lld at most.", name,
		   (long long)max);
	return false;
}

static void check_retry(const struct value *config, const struct body *body, struct diags *diags)
{
	const struct value *retry = value_get(config, "retry");
	if (retry->state != VALUE_KNOWN)
		return;
	const struct body *inside = body;
	for (size_t i = 0; body && i < body->block_count; i++) {
		if (!strcmp(body->blocks[i].type, "retry"))
			inside = body->blocks[i].body;
	}
	bool ok = check_at_most(retry, inside, "attempts", 0, 1000, diags);
	ok &= check_at_most(retry, inside, "min_delay_ms", 0, LONGEST_MS, diags);
	ok &= check_at_most(retry, inside, "max_delay_ms", 0, LONGEST_MS, diags);
	if (ok && simple_int(retry, "max_delay_ms", INT64_MAX) < simple_int(retry, "min_delay_ms", 0))
		diag_error(diags, simple_range(inside, "max_delay_ms"), "Invalid attribute combination",
			   "\"max_delay_ms\" is less than \"min_delay_ms\".");
}

static bool is_token(const char *text)
{
	for (const char *p = text; *p; p++) {
		if (!isalnum((unsigned char)*p) && !strchr("!#$%&'*+-.^_`|~", *p))
			return false;
	}
	return *text;
}

static void check_headers(const struct value *config, const struct body *body, struct diags *diags)
{
	static const char *const own[] = {"Content-Length", "Transfer-Encoding", "Connection", "Expect"};
	const struct value *headers = value_get(config, "request_headers");
	struct src_range range = simple_range(body, "request_headers");
	for (uint32_t i = 0; headers->state == VALUE_KNOWN && i < headers->count; i++) {
		const char *name = headers->keys[i];
		const struct value *v = headers->items[i];
		if (!is_token(name))
			diag_error(diags, range, "Invalid attribute value", "\"%s\" is no name of a header.", name);
		for (size_t k = 0; k < ARRAY_LEN(own); k++) {
			if (!strcasecmp(own[k], name))
				diag_error(diags, range, "Invalid attribute value",
					   "The header %s is the program's own to set; leave it out.", own[k]);
		}
		if (value_is_a(v, TYPE_STRING) && (strlen(v->text) != v->count || strpbrk(v->text, "\r\n")))
			diag_error(diags, range, "Invalid attribute value", "The value of the header %s holds a line break or a zero byte.",
				   name);
	}
}

static void check_url(const struct value *config, const struct body *body, struct diags *diags)
{
	const struct value *url = value_get(config, "url");
	if (!value_is_a(url, TYPE_STRING))
		return;
	AUTO_BUF struct buf made = BUF_INIT;
	bool scheme = !strncasecmp(url->text, "http://", 7) || !strncasecmp(url->text, "https://", 8);
	if (!scheme || strlen(url->text) != url->count || !http_join_url(url->text, url->text, &made))
		diag_error(diags, simple_range(body, "url"), "Invalid URL",
			   "\"%s\" cannot be asked for: a whole URL is expected that begins with http:// or https:// and names a host.",
			   simple_shown(config, "url"));
}

static void check_certificates(const struct value *config, const struct body *body, struct diags *diags)
{
	static const char *const names[] = {"ca_cert_pem", "client_cert_pem", "client_key_pem"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *text = value_get_text(config, names[i]);
		if (text && !strstr(text, "-----BEGIN "))
			diag_error(diags, simple_range(body, names[i]), "Invalid attribute value",
				   "The argument \"%s\" must hold PEM text (-----BEGIN ...), not the name of a file: file() reads one.", names[i]);
	}
	const struct value *cert = value_get(config, "client_cert_pem"), *key = value_get(config, "client_key_pem");
	if (cert->state != VALUE_UNKNOWN && key->state != VALUE_UNKNOWN && value_is_null(cert) != value_is_null(key))
		diag_error(diags, simple_range(body, value_is_null(cert) ? "client_key_pem" : "client_cert_pem"),
			   "Invalid attribute combination", "\"client_cert_pem\" and \"client_key_pem\" are needed together.");
	if (value_is_true(value_get(config, "insecure")) && !value_is_null(value_get(config, "ca_cert_pem")))
		diag_error(diags, simple_range(body, "insecure"), "Invalid attribute combination",
			   "Where \"insecure\" is true, no certificate is verified, and \"ca_cert_pem\" means nothing: take one of them out.");
}

static void http_validate(const struct value *config, const struct body *body, struct diags *diags)
{
	static const char *const methods[] = {"GET", "HEAD", "POST"};
	check_url(config, body, diags);
	const char *method = value_get_text(config, "method");
	bool known = !method;
	for (size_t i = 0; i < ARRAY_LEN(methods) && !known; i++)
		known = !strcmp(methods[i], method);
	if (!known)
		diag_error(diags, simple_range(body, "method"), "Invalid attribute value",
			   "The method \"%s\" cannot be used here: GET, HEAD or POST is expected. A data source only reads.",
			   simple_shown(config, "method"));
	check_at_most(config, body, "request_timeout_ms", 1, LONGEST_MS, diags);
	check_headers(config, body, diags);
	check_retry(config, body, diags);
	check_certificates(config, body, diags);
}

/* ---- one read ---- */

struct op {
	struct arena *arena;
	struct loop *loop;
	const struct op_request *request;
	const struct op_events *events;
	void *ctx;
	struct diags *diags;
	struct http *http, *own_http; /* the latter where the block has words on TLS */
	/* the request as it goes out now */
	const char *url, *method;
	VEC(struct http_header) headers;
	const struct value *body; /* NULL: none */
	unsigned redirects;
	int64_t attempt, retries, min_delay_ms, max_delay_ms;
	bool custom_timeout;
	/* the answer, once there is one to keep */
	const struct value *object;
	const char *error;
};

static void release_http(void *kept)
{
	http_free(kept);
}

static struct http_options options_of(struct op *op, const struct provider_context *context)
{
	/* services that tell an address as plain text know programs by their names, and the library's is among them */
	return (struct http_options){
		.user_agent = arena_printf(op->arena, "%s infra/%s", http_library(), context->version),
		.response_limit = BODY_LIMIT,
	};
}

static void choose_http(struct op *op, struct provider *provider)
{
	const struct provider_context *context = simple_context(provider);
	const struct value *config = op->request->config;
	struct http_options options = options_of(op, context);
	options.ca_pem = value_get_text(config, "ca_cert_pem");
	options.client_cert_pem = value_get_text(config, "client_cert_pem");
	options.client_key_pem = value_get_text(config, "client_key_pem");
	options.insecure = value_is_true(value_get(config, "insecure"));
	if (options.ca_pem || options.client_cert_pem || options.insecure) {
		op->http = op->own_http = http_new(op->loop, &options);
		return;
	}
	void **kept = simple_kept(provider, release_http);
	if (!*kept)
		*kept = http_new(op->loop, &options);
	op->http = *kept;
}

/* The URL as messages may show it: without a user's name and password. */
static const char *shown_url(struct op *op)
{
	if (value_get(op->request->config, "url")->marks & VALUE_SENSITIVE)
		return "(sensitive value)";
	const char *host = strstr(op->url, "://") + 3;
	const char *at = memchr(host, '@', strcspn(host, "/?#"));
	return at ? arena_printf(op->arena, "%.*s%s", (int)(host - op->url), op->url, at + 1) : op->url;
}

/* Gives the object or the error to who asked, out of libcurl's hands. */
static void end(void *ctx)
{
	struct op *op = ctx;
	size_t first = op->diags->count;
	http_free(op->own_http);
	if (op->error)
		diag_error(op->diags, op->request->range, "HTTP request failed", "%s", op->error);
	diags_set_address(op->diags, first, op->request->address);
	struct op_result result = {.outcome = op->object ? OP_OK : OP_FAILED, .value = op->object};
	op->events->done(op->ctx, &result);
	vec_free(&op->headers);
	arena_free(op->arena);
}

static void fail(struct op *op, const char *error)
{
	op->error = error;
	loop_later(op->loop, end, op);
}

/* "content-type" as Go's library writes it, and so Terraform's users: "Content-Type". */
static const char *canonical_name(struct arena *arena, const char *name)
{
	char *copy = arena_strdup(arena, name);
	bool first = true;
	for (char *p = copy; *p; p++) {
		*p = (char)(first ? toupper((unsigned char)*p) : tolower((unsigned char)*p));
		first = *p == '-';
	}
	return copy;
}

static const struct value *headers_of(struct arena *arena, const struct http_response *response)
{
	const char **names = arena_array_of(arena, response->header_count, const char *);
	const struct value **values = arena_array_of(arena, response->header_count, const struct value *);
	size_t count = 0;
	for (size_t i = 0; i < response->header_count; i++) {
		const char *name = canonical_name(arena, response->headers[i].name), *text = response->headers[i].value;
		size_t k = 0;
		while (k < count && strcmp(names[k], name))
			k++;
		names[k] = name;
		values[k] = k < count ? value_stringf(arena, "%s, %s", values[k]->text, text) : value_string(arena, text);
		count += k == count;
	}
	return value_map(arena, &type_string, names, values, count);
}

static void succeed(struct op *op, const struct http_response *response)
{
	struct arena *arena = op->arena;
	AUTO_BUF struct buf base64 = BUF_INIT;
	base64_encode(BASE64_STANDARD, response->body, response->body_len, &base64);
	const struct value *body = value_string_n(arena, response->body, response->body_len);
	if (!utf8_is_valid(response->body, response->body_len)) {
		size_t first = op->diags->count;
		diag_warning(op->diags, op->request->range, "Response body is not UTF-8",
			     "%s answered with bytes that are no text; in \"response_body\" they are replaced. Use \"response_body_base64\".",
			     shown_url(op));
		diags_set_address(op->diags, first, op->request->address);
	}
	static const char *const names[] = {"body", "id", "response_body", "response_body_base64", "response_headers", "status_code"};
	const struct value *values[] = {
		body,
		value_get(op->request->config, "url"),
		body,
		value_string_raw(arena, buf_text(&base64), base64.len),
		headers_of(arena, response),
		value_int(arena, response->status),
	};
	op->object = simple_with(arena, op->request->config, names, values, ARRAY_LEN(names));
	loop_later(op->loop, end, op);
}

static const char *why_failed(struct op *op, const struct http_response *response)
{
	struct arena *arena = op->arena;
	const char *what = arena_printf(arena, "%s %s", op->method, shown_url(op));
	const char *tries = op->attempt ? arena_printf(arena, " (%lld attempts)", (long long)op->attempt + 1) : "";
	bool secret = value_get(op->request->config, "url")->marks & VALUE_SENSITIVE;
	const char *reason = secret ? "the reason would show the URL, which is sensitive" : response->error;
	const char *again = op->retries ? "" : " A block retry { attempts = 3 } asks again by itself.";
	if (response->result == HTTP_OK) {
		size_t len = strcspn(response->body, "\r\n");
		bool told = len && len <= 200 && utf8_is_valid(response->body, len);
		return arena_printf(arena, "%s was answered with the status %u%s%.*s%s.%s", what, response->status, told ? ": " : "",
				    told ? (int)len : 0, response->body, tries, again);
	}
	if (response->too_large)
		return arena_printf(arena, "%s: %s; what a data source reads may have %d MiB.", what, reason, BODY_LIMIT >> 20);
	if (response->untrusted)
		return arena_printf(arena, "%s: the server's certificate cannot be trusted: %s. If its authority is one of your own, give that "
				    "one's certificate as \"ca_cert_pem\".", what, reason);
	if (response->timed_out)
		return arena_printf(arena, "%s: no whole answer came in time%s: %s. %s%s", what, tries, reason,
				    op->custom_timeout ? "\"request_timeout_ms\" may be too short." : "\"request_timeout_ms\" allows more.", again);
	return arena_printf(arena, "%s: %s%s.%s", what, reason, tries, again);
}

static void on_answer(void *ctx, const struct http_response *response);

static void send(void *ctx)
{
	struct op *op = ctx;
	int64_t timeout = simple_int(op->request->config, "request_timeout_ms", TIMEOUT_MS);
	struct http_request request = {
		.method = op->method,
		.url = op->url,
		.headers = op->headers.items,
		.header_count = op->headers.count,
		.body = op->body ? op->body->text : NULL,
		.body_len = op->body ? op->body->count : 0,
		.timeout_ms = (unsigned)timeout,
		.connect_timeout_ms = op->custom_timeout ? (unsigned)timeout : 0,
	};
	http_send(op->http, &request, on_answer, op);
}

/* Another host, or the same one in clear, must not learn what was meant for the first. */
static void drop_secrets(struct op *op)
{
	static const char *const names[] = {"Authorization", "Cookie", "Proxy-Authorization", "Host"};
	size_t kept = 0;
	for (size_t i = 0; i < op->headers.count; i++) {
		bool secret = false;
		for (size_t k = 0; k < ARRAY_LEN(names); k++)
			secret |= !strcasecmp(op->headers.items[i].name, names[k]);
		if (!secret)
			op->headers.items[kept++] = op->headers.items[i];
	}
	op->headers.count = kept;
}

static void redirect(struct op *op, const struct http_response *response, const char *location)
{
	AUTO_BUF struct buf next = BUF_INIT;
	bool joined = http_join_url(op->url, location, &next);
	if (!joined || (strncmp(buf_text(&next), "http://", 7) && strncmp(buf_text(&next), "https://", 8))) {
		fail(op, arena_printf(op->arena, "%s %s redirects to \"%s\", which is no URL of http or https.", op->method, shown_url(op),
				      location));
		return;
	}
	if (op->redirects++ == MOST_REDIRECTS) {
		fail(op, arena_printf(op->arena, "%s %s redirects more than %d times.", op->method,
				      simple_shown(op->request->config, "url"), MOST_REDIRECTS));
		return;
	}
	const char *url = arena_strdup(op->arena, buf_text(&next));
	if (!http_same_origin(op->url, url))
		drop_secrets(op);
	op->url = url;
	if (response->status <= 303 && strcmp(op->method, "HEAD")) {
		op->method = "GET";
		op->body = NULL;
	}
	loop_later(op->loop, send, op);
}

/* Which delay comes before the next attempt: doubling, within the block's limits, and not less than the server asks for. */
static uint64_t delay_of(struct op *op, const struct http_response *response)
{
	int64_t delay = op->min_delay_ms;
	for (int64_t i = 0; i < op->attempt && delay && delay < op->max_delay_ms; i++)
		delay *= 2;
	if (delay > op->max_delay_ms)
		delay = op->max_delay_ms;
	const char *wish = http_header_find(response, "Retry-After");
	if (wish && *wish && strspn(wish, "0123456789") == strlen(wish)) {
		int64_t ms = strlen(wish) > 6 ? LONGEST_WISH_MS : atol(wish) * 1000;
		ms = ms > LONGEST_WISH_MS ? LONGEST_WISH_MS : ms;
		delay = delay > ms ? delay : ms;
	}
	return (uint64_t)delay;
}

static void start_attempt(struct op *op)
{
	const struct value *config = op->request->config, *headers = value_get(config, "request_headers");
	AUTO_BUF struct buf url = BUF_INIT;
	const char *written = value_get_text(config, "url"), *method = value_get_text(config, "method");
	if (!http_join_url(written, written, &url))
		bug("URL %s", written);
	op->url = arena_strdup(op->arena, buf_text(&url));
	op->method = method ? method : "GET";
	op->redirects = 0;
	op->headers.count = 0;
	for (uint32_t i = 0; headers->state == VALUE_KNOWN && i < headers->count; i++) {
		if (value_is_a(headers->items[i], TYPE_STRING))
			vec_add(&op->headers, (struct http_header){headers->keys[i], headers->items[i]->text});
	}
	const struct value *body = value_get(config, "request_body");
	op->body = value_is_a(body, TYPE_STRING) ? body : NULL;
}

static void next_attempt(void *ctx)
{
	struct op *op = ctx;
	start_attempt(op);
	send(op);
}

static void on_answer(void *ctx, const struct http_response *response)
{
	struct op *op = ctx;
	unsigned status = response->status;
	bool answered = response->result == HTTP_OK;
	const char *location = answered ? http_header_find(response, "Location") : NULL;
	if (location && (status == 301 || status == 302 || status == 303 || status == 307 || status == 308)) {
		redirect(op, response, location);
		return;
	}
	bool bad = !answered || status == 429 || (status >= 500 && status != 501);
	if (!bad) {
		succeed(op, response);
	} else if (op->attempt < op->retries && !response->untrusted && !response->too_large) {
		uint64_t delay = delay_of(op, response);
		op->attempt++;
		loop_timer(op->loop, delay, next_attempt, op);
	} else {
		fail(op, why_failed(op, response));
	}
}

static struct op *http_start(struct provider *provider, const struct op_request *request, const struct op_events *events, void *ctx,
			     struct diags *diags)
{
	if (request->kind != OP_READ_DATA)
		return simple_start(provider, request, events, ctx, diags);
	struct arena *arena = arena_new();
	struct op *op = arena_new_of(arena, struct op);
	const struct value *retry = value_get(request->config, "retry");
	bool again = retry->state == VALUE_KNOWN;
	*op = (struct op){
		.arena = arena,
		.loop = simple_context(provider)->loop,
		.request = request,
		.events = events,
		.ctx = ctx,
		.diags = diags,
		.retries = again ? simple_int(retry, "attempts", 0) : 0,
		.min_delay_ms = again ? simple_int(retry, "min_delay_ms", MIN_DELAY_MS) : 0,
		.max_delay_ms = again ? simple_int(retry, "max_delay_ms", MAX_DELAY_MS) : 0,
		.custom_timeout = !value_is_null(value_get(request->config, "request_timeout_ms")),
	};
	if (op->max_delay_ms < op->min_delay_ms)
		op->max_delay_ms = op->min_delay_ms;
	choose_http(op, provider);
	start_attempt(op);
	send(op);
	return op;
}

static const struct simple_type types[] = {
	{.name = "http", .data = true, .schema = http_schema, .validate = http_validate},
	{.name = NULL},
};

DEFINE_SIMPLE_KIND_STARTING(http, "http", "registry.terraform.io/hashicorp/http", types, http_start);
