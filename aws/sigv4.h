/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS Signature Version 4, as "Signing AWS API requests" of the IAM User Guide describes it: first
 * the whole, then its stages, which can be called singly.
 */
#pragma once

#include "base/arena.h"
#include "base/digest.h"
#include "base/http.h"

struct buf;

struct sigv4_request {
	const char *method;
	const char *host;  /* as the Host header says it: with the port unless it is the scheme's own */
	const char *path;  /* as sent, escaped; "" is "/" */
	const char *query; /* as sent, escaped, without "?"; NULL or "" for none */
	/*
	 * The headers that go out with it, without Host, X-Amz-Date, X-Amz-Security-Token and
	 * X-Amz-Content-Sha256, which are added here. All are signed but those that proxies change.
	 */
	const struct http_header *headers;
	size_t header_count;
	/* Hexadecimal SHA-256 of the body, or a word such as SIGV4_UNSIGNED. */
	const char *payload_hash;
};

#define SIGV4_UNSIGNED "UNSIGNED-PAYLOAD"                       /* S3 over TLS */
#define SIGV4_STREAMING "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"    /* S3, body in signed chunks */
#define SIGV4_EMPTY_HASH "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

struct sigv4_signer {
	const char *access_key, *secret_key;
	const char *session_token; /* or NULL */
	const char *region, *service; /* signing names: "us-east-1", "ec2" */
	bool s3;                    /* S3's rules: the path is taken as it is, and its hash is a header */
	int64_t time;               /* seconds since 1970 */
	struct sigv4_keys *keys;    /* keeps derived keys; may be NULL */
};

/*
 * Signs with an Authorization header: the headers to send, in the arena, Host not among them:
 * the request's own, then those that were added. *count receives their number.
 */
struct http_header *sigv4_sign(struct arena *arena, const struct sigv4_signer *signer,
			       const struct sigv4_request *request, size_t *count);
/*
 * Signs in the query ("presigned URL"): the whole query to send instead of the request's. The
 * request's headers must then be sent as they are.
 */
const char *sigv4_presign(struct arena *arena, const struct sigv4_signer *signer, const struct sigv4_request *request,
			  unsigned expires_seconds);

/* Derived keys, kept until the day, the region or the secret changes; wiped when freed. */
struct sigv4_keys *sigv4_keys_new(void);
void sigv4_keys_free(struct sigv4_keys *keys); /* NULL accepted */

/* --- The stages --- */

/* "20150830T123600Z"; its first eight characters are the date of the scope. */
void sigv4_timestamp(int64_t time, char out[17]);
/* Seconds since 1970 of such a stamp, or -1. */
int64_t sigv4_time(const char *timestamp);
void sigv4_payload_hash(const void *body, size_t len, char out[65]);
/* False for the headers that must not be signed. */
bool sigv4_signs_header(const char *name);
/* "date/region/service/aws4_request" */
void sigv4_scope(const struct sigv4_signer *signer, struct buf *out);

/*
 * The canonical request over exactly the headers given (Host among them), and the list of their
 * names ("host;x-amz-date").
 */
void sigv4_canonical_request(const struct sigv4_request *request, bool s3, struct buf *out, struct buf *signed_headers);
/* The canonical form of a query: split, sorted by name and value, "=" added where it is missing. */
void sigv4_canonical_query(const char *query, struct buf *out);
void sigv4_string_to_sign(const struct sigv4_signer *signer, const char *canonical_request, size_t len, struct buf *out);
void sigv4_signing_key(const struct sigv4_signer *signer, unsigned char out[SHA256_SIZE]);
/* Hexadecimal. */
void sigv4_signature(const unsigned char key[SHA256_SIZE], const char *string_to_sign, size_t len, char out[65]);
/*
 * The signature of one chunk of a body that was announced as SIGV4_STREAMING; `previous` is that of
 * the chunk before, or of the request's own header.
 */
void sigv4_chunk_signature(const struct sigv4_signer *signer, const char previous[65], const void *chunk, size_t len,
			   char out[65]);
/* Appends text with all but A-Z a-z 0-9 - _ . ~ (and "/", if kept) escaped as %XX. */
void sigv4_escape(const char *text, size_t len, bool keep_slash, struct buf *out);
