/* SPDX-License-Identifier: Apache-2.0 */
/* Plays the vectors of tests/sigv4/vectors, stage by stage, and the worked examples of AWS's documents. */
#include "aws/sigv4.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/vec.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct arena *arena;

static char *load(const char *folder, const char *file, size_t *len)
{
	struct buf text = BUF_INIT;
	if (!file_read(arena_printf(arena, "tests/sigv4/vectors/%s/%s", folder, file), 0, &text))
		fail_msg("%s/%s cannot be read", folder, file);
	char *copy = buf_copy(&text, arena);
	if (len)
		*len = text.len;
	buf_release(&text);
	return copy;
}

struct vector {
	struct sigv4_signer signer;
	struct sigv4_request request;
	VEC(struct http_header) headers;
	const char *url;
	char body_hash[65];
	unsigned presign;
};

/* "https://host:port/path?query": what the Host header says, and the rest. */
static void split_url(struct vector *v)
{
	bool tls = !strncmp(v->url, "https://", 8);
	const char *host = strstr(v->url, "://") + 3;
	size_t len = strcspn(host, "/?");
	const char *query = strchr(host, '?');
	char *name = arena_strndup(arena, host, len);
	char *port = strrchr(name, ':');
	if (port && !strcmp(port, tls ? ":443" : ":80"))
		*port = '\0';
	v->request.host = name;
	v->request.path = arena_strndup(arena, host + len, query ? (size_t)(query - host) - len : strlen(host + len));
	v->request.query = query ? query + 1 : NULL;
}

static void read_request(const char *folder, struct vector *v)
{
	size_t len;
	char *text = load(folder, "request", &len);
	char *body = strstr(text, "\n\n");
	bool unsigned_body = false;
	*body = '\0';
	body += 2;
	*v = (struct vector){0};
	v->request.method = "GET";
	char *save;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *value = strchr(line, ' ');
		if (value)
			*value++ = '\0';
		if (!strcmp(line, "method"))
			v->request.method = value;
		else if (!strcmp(line, "url"))
			v->url = value;
		else if (!strcmp(line, "service"))
			v->signer.service = value;
		else if (!strcmp(line, "region"))
			v->signer.region = value;
		else if (!strcmp(line, "time"))
			v->signer.time = sigv4_time(value);
		else if (!strcmp(line, "access-key"))
			v->signer.access_key = value;
		else if (!strcmp(line, "secret-key"))
			v->signer.secret_key = value;
		else if (!strcmp(line, "token"))
			v->signer.session_token = value;
		else if (!strcmp(line, "presign"))
			v->presign = (unsigned)atoi(value);
		else if (!strcmp(line, "unsigned"))
			unsigned_body = true;
		else if (!strcmp(line, "header")) {
			char *colon = strchr(value, ':');
			*colon = '\0';
			vec_add(&v->headers, (struct http_header){value, colon + 1});
		} else {
			fail_msg("%s: \"%s\"?", folder, line);
		}
	}
	split_url(v);
	v->signer.s3 = !strcmp(v->signer.service, "s3");
	sigv4_payload_hash(body, len - (size_t)(body - text), v->body_hash);
	v->request.payload_hash = unsigned_body || (v->signer.s3 && v->presign) ? SIGV4_UNSIGNED : v->body_hash;
	v->request.headers = v->headers.items;
	v->request.header_count = v->headers.count;
}

static const char *header(const struct http_header *headers, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(headers[i].name, name))
			return headers[i].value;
	}
	return NULL;
}

/* The stages after the canonical request, which is taken from its file. */
static void play_stages(const char *folder, const struct vector *v)
{
	size_t len;
	const char *canonical = load(folder, "canonical", &len);
	struct buf text = BUF_INIT;
	sigv4_string_to_sign(&v->signer, canonical, len, &text);
	assert_string_equal(buf_text(&text), load(folder, "string-to-sign", NULL));
	unsigned char key[SHA256_SIZE];
	char signature[65];
	sigv4_signing_key(&v->signer, key);
	sigv4_signature(key, text.ptr, text.len, signature);
	assert_string_equal(signature, load(folder, "signature", NULL));
	buf_release(&text);
}

static void play(const char *folder, struct sigv4_keys *keys)
{
	struct vector v;
	read_request(folder, &v);
	v.signer.keys = keys;
	struct sigv4_request complete = v.request;
	const char *result;
	VEC(struct http_header) to_sign = {0};
	if (v.presign) {
		const char *query = sigv4_presign(arena, &v.signer, &v.request, v.presign);
		result = arena_printf(arena, "%.*s?%s", (int)strcspn(v.url, "?"), v.url, query);
		complete.query = arena_strndup(arena, query, (size_t)(strstr(query, "&X-Amz-Signature=") - query));
		for (size_t i = 0; i < v.request.header_count; i++)
			vec_add(&to_sign, v.request.headers[i]);
	} else {
		size_t count;
		struct http_header *all = sigv4_sign(arena, &v.signer, &v.request, &count);
		result = header(all, count, "Authorization");
		for (size_t i = 0; i < count; i++) {
			if (sigv4_signs_header(all[i].name))
				vec_add(&to_sign, all[i]);
		}
	}
	vec_add(&to_sign, (struct http_header){"hOST", v.request.host});
	complete.headers = to_sign.items;
	complete.header_count = to_sign.count;
	struct buf canonical = BUF_INIT, names = BUF_INIT;
	sigv4_canonical_request(&complete, v.signer.s3, &canonical, &names);
	assert_string_equal(buf_text(&canonical), load(folder, "canonical", NULL));
	play_stages(folder, &v);
	assert_string_equal(result, load(folder, "result", NULL));
	buf_release(&canonical);
	buf_release(&names);
	vec_free(&to_sign);
	vec_free(&v.headers);
}

static void all_vectors(void **state)
{
	(void)state;
	arena = arena_new();
	struct sigv4_keys *keys = sigv4_keys_new();
	char **names;
	size_t count;
	assert_true(directory_list(arena, "tests/sigv4/vectors", &names, &count));
	assert_true(count >= 40);
	for (int round = 0; round < 2; round++) { /* the second time with kept keys */
		for (size_t i = 0; i < count; i++)
			play(names[i], round ? keys : NULL);
	}
	for (size_t i = 0; i < count; i++)
		play(names[i], keys);
	sigv4_keys_free(keys);
	arena_free(arena);
}

#define EXAMPLE_SECRET "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

/* "Create a signed AWS API request", IAM User Guide: the ListUsers example. */
static void documented_list_users(void **state)
{
	(void)state;
	arena = arena_new();
	const struct http_header type[] = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
	struct sigv4_signer signer = {
		.access_key = "AKIDEXAMPLE",
		.secret_key = EXAMPLE_SECRET,
		.region = "us-east-1",
		.service = "iam",
		.time = sigv4_time("20150830T123600Z"),
	};
	struct sigv4_request request = {
		.method = "GET",
		.host = "iam.amazonaws.com",
		.path = "/",
		.query = "Action=ListUsers&Version=2010-05-08",
		.headers = type,
		.header_count = 1,
		.payload_hash = SIGV4_EMPTY_HASH,
	};
	unsigned char key[SHA256_SIZE];
	struct buf text = BUF_INIT;
	sigv4_signing_key(&signer, key);
	hex_encode(key, sizeof(key), &text);
	assert_string_equal(text.ptr, "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9");
	buf_release(&text);
	size_t count;
	struct http_header *headers = sigv4_sign(arena, &signer, &request, &count);
	assert_string_equal(header(headers, count, "Authorization"),
			    "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, "
			    "SignedHeaders=content-type;host;x-amz-date, "
			    "Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
	arena_free(arena);
}

static const struct sigv4_signer s3_signer = {
	.access_key = "AKIAIOSFODNN7EXAMPLE",
	.secret_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
	.region = "us-east-1",
	.service = "s3",
	.s3 = true,
	.time = 1369353600, /* 20130524T000000Z */
};

static const char *s3_signature(const struct sigv4_request *request)
{
	size_t count;
	struct http_header *headers = sigv4_sign(arena, &s3_signer, request, &count);
	return strstr(header(headers, count, "Authorization"), "Signature=") + 10;
}

/* "Authenticating Requests", Amazon S3 API Reference: its four header examples, and its query example. */
static void documented_s3(void **state)
{
	(void)state;
	arena = arena_new();
	char hash[65];
	const struct http_header range[] = {{"Range", "bytes=0-9"}};
	struct sigv4_request request = {
		.method = "GET",
		.host = "examplebucket.s3.amazonaws.com",
		.path = "/test.txt",
		.headers = range,
		.header_count = 1,
		.payload_hash = SIGV4_EMPTY_HASH,
	};
	assert_string_equal(s3_signature(&request), "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
	const struct http_header put[] = {{"Date", "Fri, 24 May 2013 00:00:00 GMT"}, {"x-amz-storage-class", "REDUCED_REDUNDANCY"}};
	sigv4_payload_hash("Welcome to Amazon S3.", 21, hash);
	request = (struct sigv4_request){"PUT", "examplebucket.s3.amazonaws.com", "/test%24file.text", NULL, put, 2, hash};
	assert_string_equal(s3_signature(&request), "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
	request = (struct sigv4_request){"GET", "examplebucket.s3.amazonaws.com", "/", "lifecycle", NULL, 0, SIGV4_EMPTY_HASH};
	assert_string_equal(s3_signature(&request), "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
	request.query = "max-keys=2&prefix=J";
	assert_string_equal(s3_signature(&request), "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");

	request = (struct sigv4_request){"GET", "examplebucket.s3.amazonaws.com", "/test.txt", NULL, NULL, 0, SIGV4_UNSIGNED};
	const char *query = sigv4_presign(arena, &s3_signer, &request, 86400);
	assert_string_equal(strstr(query, "Signature="),
			    "Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
	arena_free(arena);
}

/* "Transferring Payload in Multiple Chunks", Amazon S3 API Reference. */
static void documented_chunks(void **state)
{
	(void)state;
	arena = arena_new();
	const struct http_header headers[] = {{"x-amz-storage-class", "REDUCED_REDUNDANCY"},
					      {"Content-Encoding", "aws-chunked"},
					      {"x-amz-decoded-content-length", "66560"},
					      {"Content-Length", "66824"}};
	struct sigv4_request request = {"PUT", "s3.amazonaws.com", "/examplebucket/chunkObject.txt", NULL, headers, 4, SIGV4_STREAMING};
	const char *seed = s3_signature(&request);
	assert_string_equal(seed, "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");
	static const struct {
		size_t len;
		const char *want;
	} chunks[] = {
		{65536, "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648"},
		{1024, "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497"},
		{0, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"},
	};
	char *data = arena_alloc_text(arena, 65536), previous[65], got[65];
	memset(data, 'a', 65536);
	strcpy(previous, seed);
	for (size_t i = 0; i < ARRAY_LEN(chunks); i++) {
		sigv4_chunk_signature(&s3_signer, previous, data, chunks[i].len, got);
		assert_string_equal(got, chunks[i].want);
		strcpy(previous, got);
	}
	arena_free(arena);
}

static void timestamps(void **state)
{
	(void)state;
	char stamp[17];
	sigv4_timestamp(0, stamp);
	assert_string_equal(stamp, "19700101T000000Z");
	sigv4_timestamp(1709251199, stamp);
	assert_string_equal(stamp, "20240229T235959Z");
	assert_int_equal(sigv4_time(stamp), 1709251199);
	static const char *const bad[] = {"", "20240229T235959", "20241301T000000Z", "20240229 235959Z", "20240229T235959Zx"};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(sigv4_time(bad[i]), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_vectors),	     cmocka_unit_test(documented_list_users), cmocka_unit_test(documented_s3),
		cmocka_unit_test(documented_chunks), cmocka_unit_test(timestamps),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
