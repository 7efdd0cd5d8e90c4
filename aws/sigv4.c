/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/sigv4.h"

#include "base/buf.h"
#include "base/vec.h"

#include <strings.h>
#include <time.h>

static const char algorithm[] = "AWS4-HMAC-SHA256";

enum { KEPT_KEYS = 32 };

struct sigv4_keys {
	struct {
		unsigned char id[SHA256_SIZE], key[SHA256_SIZE];
	} items[KEPT_KEYS];
	size_t count, next;
};

struct sigv4_keys *sigv4_keys_new(void)
{
	return xcalloc(1, sizeof(struct sigv4_keys));
}

void sigv4_keys_free(struct sigv4_keys *keys)
{
	if (!keys)
		return;
	explicit_bzero(keys, sizeof(*keys));
	free(keys);
}

/* --- Small pieces --- */

void sigv4_timestamp(int64_t time, char out[17])
{
	time_t seconds = (time_t)time;
	struct tm tm;
	gmtime_r(&seconds, &tm);
	if (strftime(out, 17, "%Y%m%dT%H%M%SZ", &tm) != 16)
		bug("time %lld cannot be written", (long long)time);
}

int64_t sigv4_time(const char *timestamp)
{
	struct tm tm = {0};
	if (strlen(timestamp) != 16)
		return -1;
	const char *end = strptime(timestamp, "%Y%m%dT%H%M%SZ", &tm);
	return end && !*end ? (int64_t)timegm(&tm) : -1;
}

static void hex_text(const unsigned char bytes[SHA256_SIZE], char out[65])
{
	for (size_t i = 0; i < SHA256_SIZE; i++) {
		out[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
		out[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
	}
	out[64] = '\0';
}

void sigv4_payload_hash(const void *body, size_t len, char out[65])
{
	unsigned char digest[SHA256_SIZE];
	digest_bytes(DIGEST_SHA256, body, len, digest);
	hex_text(digest, out);
}

bool sigv4_signs_header(const char *name)
{
	/* Those that proxies add or change, as botocore leaves them out. */
	static const char *const unsigned_names[] = {
		"authorization", "connection", "expect", "keep-alive", "proxy-authenticate", "proxy-authorization",
		"te", "trailer", "transfer-encoding", "upgrade", "user-agent", "x-amzn-trace-id",
	};
	for (size_t i = 0; i < ARRAY_LEN(unsigned_names); i++) {
		if (!strcasecmp(name, unsigned_names[i]))
			return false;
	}
	return true;
}

void sigv4_escape(const char *text, size_t len, bool keep_slash, struct buf *out)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
			     c == '_' || c == '.' || c == '~' || (c == '/' && keep_slash);
		if (plain) {
			buf_addc(out, (char)c);
		} else {
			const char escaped[3] = {'%', "0123456789ABCDEF"[c >> 4], "0123456789ABCDEF"[c & 15]};
			buf_add(out, escaped, 3);
		}
	}
}

void sigv4_scope(const struct sigv4_signer *signer, struct buf *out)
{
	char stamp[17];
	sigv4_timestamp(signer->time, stamp);
	buf_addf(out, "%.8s/%s/%s/aws4_request", stamp, signer->region, signer->service);
}

/* --- The canonical request --- */

struct span {
	const char *ptr;
	size_t len;
};

static int compare_spans(const struct span *x, const struct span *y)
{
	int order = memcmp(x->ptr, y->ptr, x->len < y->len ? x->len : y->len);
	return order ? order : (x->len > y->len) - (x->len < y->len);
}

struct parameter {
	struct span name, value;
};

static int compare_parameters(const void *a, const void *b)
{
	const struct parameter *x = a, *y = b;
	int order = compare_spans(&x->name, &y->name);
	return order ? order : compare_spans(&x->value, &y->value);
}

void sigv4_canonical_query(const char *query, struct buf *out)
{
	VEC(struct parameter) parameters = {0};
	for (const char *p = query ? query : ""; *p;) {
		size_t len = strcspn(p, "&");
		size_t name = strcspn(p, "=&");
		size_t value = name < len ? name + 1 : len;
		if (len)
			vec_add(&parameters, (struct parameter){{p, name}, {p + value, len - value}});
		p += len + (p[len] == '&');
	}
	if (parameters.count)
		qsort(parameters.items, parameters.count, sizeof(*parameters.items), compare_parameters);
	for (size_t i = 0; i < parameters.count; i++) {
		const struct parameter *parameter = &parameters.items[i];
		if (i)
			buf_addc(out, '&');
		buf_add(out, parameter->name.ptr, parameter->name.len);
		buf_addc(out, '=');
		buf_add(out, parameter->value.ptr, parameter->value.len);
	}
	vec_free(&parameters);
}

/*
 * The path of services other than S3: "." and ".." are followed, repeated slashes are one, and what
 * is escaped already is escaped again.
 */
static void canonical_path(const char *path, struct buf *out)
{
	VEC(struct span) parts = {0};
	size_t end = strlen(path);
	for (const char *p = path; *p;) {
		size_t len = strcspn(p, "/");
		if (len == 2 && p[0] == '.' && p[1] == '.')
			parts.count -= parts.count > 0;
		else if (len && !(len == 1 && p[0] == '.'))
			vec_add(&parts, (struct span){p, len});
		p += len + (p[len] == '/');
	}
	for (size_t i = 0; i < parts.count; i++) {
		buf_addc(out, '/');
		sigv4_escape(parts.items[i].ptr, parts.items[i].len, false, out);
	}
	if (!parts.count || path[end - 1] == '/')
		buf_addc(out, '/');
	vec_free(&parts);
}

struct signed_header {
	char *name; /* small letters */
	const char *value;
	size_t order;
};

static int compare_headers(const void *a, const void *b)
{
	const struct signed_header *x = a, *y = b;
	int order = strcmp(x->name, y->name);
	return order ? order : (x->order > y->order) - (x->order < y->order);
}

/* Without space at both ends, and with one space for several. */
static void add_value(const char *value, struct buf *out)
{
	const char *blank = " \t\r\n\f\v";
	value += strspn(value, blank);
	while (*value) {
		size_t len = strcspn(value, blank);
		buf_add(out, value, len);
		value += len;
		value += strspn(value, blank);
		if (*value)
			buf_addc(out, ' ');
	}
}

void sigv4_canonical_request(const struct sigv4_request *request, bool s3, struct buf *out, struct buf *signed_headers)
{
	buf_addf(out, "%s\n", request->method);
	if (s3)
		buf_adds(out, *request->path ? request->path : "/");
	else
		canonical_path(request->path, out);
	buf_addc(out, '\n');
	sigv4_canonical_query(request->query, out);
	buf_addc(out, '\n');

	VEC(struct signed_header) headers = {0};
	for (size_t i = 0; i < request->header_count; i++) {
		char *name = xstrdup(request->headers[i].name);
		for (char *p = name; *p; p++)
			*p = (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p);
		vec_add(&headers, (struct signed_header){name, request->headers[i].value, i});
	}
	if (headers.count)
		qsort(headers.items, headers.count, sizeof(*headers.items), compare_headers);
	for (size_t i = 0; i < headers.count; i++) {
		const struct signed_header *header = &headers.items[i];
		bool repeated = i && !strcmp(headers.items[i - 1].name, header->name);
		bool repeats = i + 1 < headers.count && !strcmp(headers.items[i + 1].name, header->name);
		if (repeated)
			buf_addc(out, ',');
		else
			buf_addf(out, "%s:", header->name);
		add_value(header->value, out);
		if (!repeats)
			buf_addc(out, '\n');
		if (!repeated)
			buf_addf(signed_headers, "%s%s", i ? ";" : "", header->name);
	}
	for (size_t i = 0; i < headers.count; i++)
		free(headers.items[i].name);
	vec_free(&headers);
	buf_addf(out, "\n%s\n%s", buf_text(signed_headers), request->payload_hash);
}

/* --- String to sign, key, signature --- */

void sigv4_string_to_sign(const struct sigv4_signer *signer, const char *canonical_request, size_t len, struct buf *out)
{
	char stamp[17], hash[65];
	sigv4_timestamp(signer->time, stamp);
	sigv4_payload_hash(canonical_request, len, hash);
	buf_addf(out, "%s\n%s\n", algorithm, stamp);
	sigv4_scope(signer, out);
	buf_addf(out, "\n%s", hash);
}

static void derive(const struct sigv4_signer *signer, const char *date, unsigned char key[SHA256_SIZE])
{
	AUTO_BUF struct buf start = BUF_INIT;
	buf_addf(&start, "AWS4%s", signer->secret_key);
	hmac_bytes(DIGEST_SHA256, start.ptr, start.len, date, 8, key);
	explicit_bzero(start.ptr, start.len);
	hmac_bytes(DIGEST_SHA256, key, SHA256_SIZE, signer->region, strlen(signer->region), key);
	hmac_bytes(DIGEST_SHA256, key, SHA256_SIZE, signer->service, strlen(signer->service), key);
	hmac_bytes(DIGEST_SHA256, key, SHA256_SIZE, "aws4_request", 12, key);
}

void sigv4_signing_key(const struct sigv4_signer *signer, unsigned char out[SHA256_SIZE])
{
	char stamp[17];
	sigv4_timestamp(signer->time, stamp);
	struct sigv4_keys *keys = signer->keys;
	if (!keys) {
		derive(signer, stamp, out);
		return;
	}
	/* A key is found by a digest of what it is derived from, so that no secret lies beside it. */
	const char *const parts[] = {signer->secret_key, signer->region, signer->service};
	unsigned char id[SHA256_SIZE];
	struct digest *digest = digest_start(DIGEST_SHA256);
	digest_add(digest, stamp, 8);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		digest_add(digest, parts[i], strlen(parts[i]) + 1);
	digest_finish(digest, id);
	for (size_t i = 0; i < keys->count; i++) {
		if (!memcmp(keys->items[i].id, id, SHA256_SIZE)) {
			memcpy(out, keys->items[i].key, SHA256_SIZE);
			return;
		}
	}
	derive(signer, stamp, out);
	size_t at = keys->next;
	memcpy(keys->items[at].id, id, SHA256_SIZE);
	memcpy(keys->items[at].key, out, SHA256_SIZE);
	keys->next = (at + 1) % KEPT_KEYS;
	if (keys->count < KEPT_KEYS)
		keys->count++;
}

void sigv4_signature(const unsigned char key[SHA256_SIZE], const char *string_to_sign, size_t len, char out[65])
{
	unsigned char mac[SHA256_SIZE];
	hmac_bytes(DIGEST_SHA256, key, SHA256_SIZE, string_to_sign, len, mac);
	hex_text(mac, out);
}

void sigv4_chunk_signature(const struct sigv4_signer *signer, const char previous[65], const void *chunk, size_t len,
			   char out[65])
{
	char stamp[17], hash[65];
	sigv4_timestamp(signer->time, stamp);
	sigv4_payload_hash(chunk, len, hash);
	AUTO_BUF struct buf text = BUF_INIT;
	buf_addf(&text, "%s-PAYLOAD\n%s\n", algorithm, stamp);
	sigv4_scope(signer, &text);
	buf_addf(&text, "\n%s\n%s\n%s", previous, SIGV4_EMPTY_HASH, hash);
	unsigned char key[SHA256_SIZE];
	sigv4_signing_key(signer, key);
	sigv4_signature(key, text.ptr, text.len, out);
	explicit_bzero(key, sizeof(key));
}

/* --- The whole --- */

static void sign_request(const struct sigv4_signer *signer, const struct sigv4_request *request,
			 struct buf *signed_headers, char signature[65])
{
	AUTO_BUF struct buf canonical = BUF_INIT;
	AUTO_BUF struct buf text = BUF_INIT;
	unsigned char key[SHA256_SIZE];
	sigv4_canonical_request(request, signer->s3, &canonical, signed_headers);
	sigv4_string_to_sign(signer, canonical.ptr, canonical.len, &text);
	sigv4_signing_key(signer, key);
	sigv4_signature(key, text.ptr, text.len, signature);
	explicit_bzero(key, sizeof(key));
}

struct http_header *sigv4_sign(struct arena *arena, const struct sigv4_signer *signer,
			       const struct sigv4_request *request, size_t *count)
{
	enum { ADDED = 5 };
	struct http_header *all = arena_array_of(arena, request->header_count + ADDED, struct http_header);
	struct http_header *to_sign = arena_array_of(arena, request->header_count + ADDED, struct http_header);
	size_t n = request->header_count, signed_count = 0;
	if (n)
		memcpy(all, request->headers, n * sizeof(*all));
	char *stamp = arena_alloc_text(arena, 17);
	sigv4_timestamp(signer->time, stamp);
	all[n++] = (struct http_header){"X-Amz-Date", stamp};
	if (signer->session_token)
		all[n++] = (struct http_header){"X-Amz-Security-Token", signer->session_token};
	if (signer->s3)
		all[n++] = (struct http_header){"X-Amz-Content-Sha256", request->payload_hash};
	for (size_t i = 0; i < n; i++) {
		if (sigv4_signs_header(all[i].name))
			to_sign[signed_count++] = all[i];
	}
	to_sign[signed_count++] = (struct http_header){"Host", request->host};

	struct sigv4_request complete = *request;
	complete.headers = to_sign;
	complete.header_count = signed_count;
	AUTO_BUF struct buf names = BUF_INIT;
	AUTO_BUF struct buf authorization = BUF_INIT;
	char signature[65];
	sign_request(signer, &complete, &names, signature);
	buf_addf(&authorization, "%s Credential=%s/", algorithm, signer->access_key);
	sigv4_scope(signer, &authorization);
	buf_addf(&authorization, ", SignedHeaders=%s, Signature=%s", buf_text(&names), signature);
	all[n++] = (struct http_header){"Authorization", buf_copy(&authorization, arena)};
	*count = n;
	return all;
}

const char *sigv4_presign(struct arena *arena, const struct sigv4_signer *signer, const struct sigv4_request *request,
			  unsigned expires_seconds)
{
	struct http_header *to_sign = arena_array_of(arena, request->header_count + 1, struct http_header);
	size_t count = 0;
	for (size_t i = 0; i < request->header_count; i++) {
		if (sigv4_signs_header(request->headers[i].name))
			to_sign[count++] = request->headers[i];
	}
	to_sign[count++] = (struct http_header){"Host", request->host};
	struct sigv4_request complete = *request;
	complete.headers = to_sign;
	complete.header_count = count;

	/* The names must be known before the query that holds them is made canonical. */
	AUTO_BUF struct buf names = BUF_INIT;
	AUTO_BUF struct buf ignored = BUF_INIT;
	sigv4_canonical_request(&complete, signer->s3, &ignored, &names);

	AUTO_BUF struct buf query = BUF_INIT;
	AUTO_BUF struct buf credential = BUF_INIT;
	char stamp[17], signature[65];
	sigv4_timestamp(signer->time, stamp);
	buf_addf(&credential, "%s/", signer->access_key);
	sigv4_scope(signer, &credential);
	if (request->query && *request->query)
		buf_addf(&query, "%s&", request->query);
	buf_addf(&query, "X-Amz-Algorithm=%s&X-Amz-Credential=", algorithm);
	sigv4_escape(credential.ptr, credential.len, false, &query);
	buf_addf(&query, "&X-Amz-Date=%s&X-Amz-Expires=%u&X-Amz-SignedHeaders=", stamp, expires_seconds);
	sigv4_escape(names.ptr, names.len, false, &query);
	if (signer->session_token) {
		buf_adds(&query, "&X-Amz-Security-Token=");
		sigv4_escape(signer->session_token, strlen(signer->session_token), false, &query);
	}
	complete.query = query.ptr;
	buf_clear(&names);
	sign_request(signer, &complete, &names, signature);
	buf_addf(&query, "&X-Amz-Signature=%s", signature);
	return buf_copy(&query, arena);
}
