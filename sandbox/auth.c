/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/auth.h"

#include "aws/sigv4.h"
#include "base/buf.h"
#include "aws/time.h"
#include "lang/value/value.h"
#include "sandbox/http_server.h"
#include "sandbox/store.h"
#include "sandbox/world.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SKEW_SECONDS = 15 * 60, LONGEST_SECONDS = 7 * 24 * 3600 };
static const char algorithm[] = "AWS4-HMAC-SHA256";

struct signed_parts {
	const char *credential, *signed_headers, *signature, *date;
	const char *expires; /* presigned: seconds; else NULL */
	const char *query;   /* without the signature */
	const char *token;   /* of a session; or NULL */
};

static const char *header_of(const struct http_server_request *request, const char *name)
{
	for (size_t i = 0; i < request->header_count; i++) {
		if (!strcmp(request->headers[i].name, name))
			return request->headers[i].value;
	}
	return NULL;
}

/* "Name=value" of a list with commas between. */
static const char *field_of(struct arena *arena, const char *text, const char *name)
{
	const char *at = strstr(text, name);
	if (!at)
		return NULL;
	at += strlen(name);
	return arena_strndup(arena, at, strcspn(at, ", "));
}

static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static const char *unescaped(struct arena *arena, const char *text, size_t len)
{
	char *out = arena_alloc_text(arena, len + 1);
	size_t n = 0;
	for (size_t i = 0; i < len; i++) {
		bool coded = text[i] == '%' && i + 2 < len && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0;
		out[n++] = coded ? (char)(digit(text[i + 1]) * 16 + digit(text[i + 2])) : text[i];
		i += coded ? 2 : 0;
	}
	out[n] = '\0';
	return out;
}

/* Takes the presigning parameters out of the query; the signature is not part of what was signed. */
static void read_query(struct arena *arena, const char *query, struct signed_parts *out)
{
	AUTO_BUF struct buf rest = BUF_INIT;
	for (const char *at = query; *at;) {
		size_t len = strcspn(at, "&");
		const char *equals = memchr(at, '=', len);
		size_t name_len = equals ? (size_t)(equals - at) : len;
		const char *name = arena_strndup(arena, at, name_len);
		const char *value = equals ? unescaped(arena, equals + 1, len - name_len - 1) : "";
		bool signature = !strcmp(name, "X-Amz-Signature");
		if (signature)
			out->signature = value;
		else if (!strcmp(name, "X-Amz-Credential"))
			out->credential = value;
		else if (!strcmp(name, "X-Amz-SignedHeaders"))
			out->signed_headers = value;
		else if (!strcmp(name, "X-Amz-Date"))
			out->date = value;
		else if (!strcmp(name, "X-Amz-Expires"))
			out->expires = value;
		else if (!strcmp(name, "X-Amz-Security-Token"))
			out->token = value;
		if (!signature)
			buf_addf(&rest, "%s%.*s", rest.len ? "&" : "", (int)len, at);
		at += len + (at[len] == '&');
	}
	out->query = buf_copy(&rest, arena);
}

/* The headers that the list names, in its order; NULL when one is missing. */
static const struct http_header *named_headers(struct arena *arena, const struct http_server_request *request, const char *list, size_t *count)
{
	struct http_header *out = arena_array_of(arena, request->header_count + 1, struct http_header);
	*count = 0;
	for (const char *at = list; *at;) {
		size_t len = strcspn(at, ";");
		bool found = false;
		for (size_t i = 0; i < request->header_count; i++) {
			if (strlen(request->headers[i].name) == len && !strncasecmp(request->headers[i].name, at, len)) {
				if (*count > request->header_count)
					return NULL;
				out[(*count)++] = request->headers[i];
				found = true;
			}
		}
		if (!found)
			return NULL;
		at += len + (at[len] == ';');
	}
	return out;
}

static void fail(struct arena *arena, struct auth *out, enum auth_result result, const char *fmt, ...) PRINTF_LIKE(4, 5);
static void fail(struct arena *arena, struct auth *out, enum auth_result result, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	out->why = arena_vprintf(arena, fmt, args);
	va_end(args);
	out->result = result;
}

static bool read_parts(struct arena *arena, const struct http_server_request *request, struct signed_parts *out)
{
	const char *header = header_of(request, "authorization");
	*out = (struct signed_parts){.query = request->query};
	if (!header) {
		read_query(arena, request->query, out);
		return out->credential != NULL;
	}
	if (strncmp(header, algorithm, strlen(algorithm)) != 0)
		return true; /* signed, but not as we know it */
	out->credential = field_of(arena, header, "Credential=");
	out->signed_headers = field_of(arena, header, "SignedHeaders=");
	out->signature = field_of(arena, header, "Signature=");
	out->date = header_of(request, "x-amz-date");
	out->token = header_of(request, "x-amz-security-token");
	return true;
}

/* KEY/DATE/REGION/SERVICE/aws4_request */
static bool read_scope(struct arena *arena, const char *credential, struct auth *out)
{
	const char *parts[5];
	size_t count = 0;
	for (const char *at = credential; count < 5; count++) {
		size_t len = strcspn(at, "/");
		parts[count] = arena_strndup(arena, at, len);
		at += len;
		if (!*at) {
			count++;
			break;
		}
		at++;
	}
	if (count != 5 || strcmp(parts[4], "aws4_request") != 0)
		return false;
	out->access_key = parts[0];
	out->region = parts[2];
	out->service = parts[3];
	return true;
}

/* S3 alone lets a body be left open, which its presigned URLs always do; elsewhere what counts is the body that has come. */
static void payload_hash(const struct http_server_request *request, bool s3, bool presigned, char out[65])
{
	const char *told = s3 ? header_of(request, "x-amz-content-sha256") : NULL;
	if (told && strlen(told) < 64)
		strcpy(out, told);
	else if (s3 && presigned && !told)
		strcpy(out, SIGV4_UNSIGNED);
	else
		sigv4_payload_hash(request->body, request->body_len, out);
}

static bool is_signed(const char *list, const char *name)
{
	size_t name_len = strlen(name);
	for (const char *at = list; *at;) {
		size_t len = strcspn(at, ";");
		if (len == name_len && !strncasecmp(at, name, len))
			return true;
		at += len + (at[len] == ';');
	}
	return false;
}

/* A header that has to be signed and is not, or NULL. */
static const char *unsigned_header(const struct http_server_request *request, const struct signed_parts *parts)
{
	if (!is_signed(parts->signed_headers, "host"))
		return "host";
	for (size_t i = 0; i < request->header_count; i++) {
		if (!strncmp(request->headers[i].name, "x-amz-", 6) && !is_signed(parts->signed_headers, request->headers[i].name))
			return request->headers[i].name;
	}
	return NULL;
}

static bool signature_holds(struct arena *arena, const struct world *world, const struct http_server_request *request, const struct signed_parts *parts,
			    const struct auth *auth, const char *secret, int64_t time)
{
	size_t count;
	const struct http_header *headers = named_headers(arena, request, parts->signed_headers, &count);
	if (!headers)
		return false;
	bool s3 = !strcmp(auth->service, "s3");
	char hash[65], signature[65];
	payload_hash(request, s3, parts->expires, hash);
	struct sigv4_signer signer = {.access_key = auth->access_key, .secret_key = secret, .region = auth->region,
				      .service = auth->service, .s3 = s3, .time = time, .keys = world->keys};
	struct sigv4_request canonical = {.method = request->method, .path = request->path, .query = parts->query, .headers = headers,
					  .header_count = count, .payload_hash = hash};
	AUTO_BUF struct buf text = BUF_INIT, names = BUF_INIT, to_sign = BUF_INIT;
	unsigned char key[SHA256_SIZE];
	sigv4_canonical_request(&canonical, s3, &text, &names);
	sigv4_string_to_sign(&signer, text.ptr, text.len, &to_sign);
	sigv4_signing_key(&signer, key);
	sigv4_signature(key, to_sign.ptr, to_sign.len, signature);
	return strlen(parts->signature) == 64 && !strcmp(signature, parts->signature);
}

/* The secret that belongs to the key; NULL: to none, or not with this token. */
static const char *secret_of(struct arena *arena, const struct world *world, const struct signed_parts *parts, struct auth *out)
{
	if (!strcmp(out->access_key, world->identity.access_key))
		return world->identity.secret_key;
	const struct object *object = store_find(world->store, "session", "", out->access_key);
	if (!object)
		return NULL;
	out->session = store_value(arena, object);
	const char *token = value_get_text(out->session, "SessionToken");
	return parts->token && token && !strcmp(parts->token, token) ? value_get_text(out->session, "SecretAccessKey") : NULL;
}

static bool is_over(const struct value *session, int64_t now_ms)
{
	const char *end = session ? value_get_text(session, "Expiration") : NULL;
	int64_t end_ms;
	return end && aws_time_parse(end, strlen(end), &end_ms) && end_ms <= now_ms;
}

void auth_check(struct arena *arena, const struct world *world, const struct http_server_request *request, struct auth *out)
{
	struct signed_parts parts;
	*out = (struct auth){.result = AUTH_OK};
	if (!read_parts(arena, request, &parts)) {
		fail(arena, out, AUTH_MISSING, "Request is missing Authentication Token");
		return;
	}
	if (!parts.credential || !parts.signed_headers || !parts.signature || !parts.date || !read_scope(arena, parts.credential, out)) {
		fail(arena, out, AUTH_MALFORMED, "The authorization is not a complete one of AWS Signature Version 4.");
		return;
	}
	int64_t time = sigv4_time(parts.date), now = world->now_ms / 1000;
	const char *secret = NULL;
	const char *bare = unsigned_header(request, &parts);
	char *end = NULL;
	int64_t lifetime = parts.expires ? strtoll(parts.expires, &end, 10) : SKEW_SECONDS;
	if (end && (*end || end == parts.expires || lifetime < 0 || lifetime > LONGEST_SECONDS))
		fail(arena, out, AUTH_MALFORMED, "X-Amz-Expires must be a number of seconds from 0 to %d, which '%s' is not.", LONGEST_SECONDS, parts.expires);
	else if (bare)
		fail(arena, out, AUTH_MALFORMED, "'%s' must be a 'SignedHeader' in the AWS Authorization.", bare);
	else if (time < 0)
		fail(arena, out, AUTH_MALFORMED, "The date '%s' of the signature is none.", parts.date);
	else if (!(secret = secret_of(arena, world, &parts, out)))
		fail(arena, out, AUTH_UNKNOWN_KEY, "The security token included in the request is invalid.");
	else if (!signature_holds(arena, world, request, &parts, out, secret, time))
		fail(arena, out, AUTH_MISMATCH,
		     "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.");
	else if (time > now + SKEW_SECONDS || now > time + lifetime)
		fail(arena, out, AUTH_EXPIRED, "Signature expired: %s is not within %" PRId64 " seconds of now.", parts.date, lifetime);
	else if (is_over(out->session, world->now_ms))
		fail(arena, out, AUTH_EXPIRED_KEY, "The security token included in the request is expired");
}
