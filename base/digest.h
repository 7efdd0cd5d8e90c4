/* SPDX-License-Identifier: Apache-2.0 */
/* Digests, message authentication, base64 and hexadecimal, random bytes. */
#pragma once

#include "base/base.h"

struct buf;

enum digest_kind { DIGEST_MD5, DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512 };
enum { DIGEST_MAX = 64, SHA256_SIZE = 32 };

/* Bytes of a digest: 16, 20, 32, 48, 64. */
size_t digest_size(enum digest_kind kind);
void digest_bytes(enum digest_kind kind, const void *bytes, size_t len, unsigned char *out);
/* False with errno set when the file cannot be read. */
bool digest_file(enum digest_kind kind, const char *path, unsigned char *out) MUST_USE;

/* Piece by piece: digest_finish() gives the result and ends it; digest_abandon() only ends it. */
struct digest;
struct digest *digest_start(enum digest_kind kind);
void digest_add(struct digest *digest, const void *bytes, size_t len);
void digest_finish(struct digest *digest, unsigned char *out);
void digest_abandon(struct digest *digest); /* NULL accepted */

void hmac_bytes(enum digest_kind kind, const void *key, size_t key_len, const void *bytes, size_t len,
		unsigned char *out);

/* That of zlib and Ethernet; pass 0 first, then what it returned. */
uint32_t crc32_add(uint32_t crc, const void *bytes, size_t len);

/* Appends two small letters for each byte. */
void hex_encode(const void *bytes, size_t len, struct buf *out);
/* False when it is not an even number of hexadecimal digits; `out` then has what came before. */
bool hex_decode(const char *text, size_t len, struct buf *out) MUST_USE;

enum base64_kind {
	BASE64_STANDARD,     /* "+" and "/", padded with "=" */
	BASE64_URL,          /* "-" and "_", padded */
	BASE64_URL_UNPADDED, /* "-" and "_", no padding written; none accepted */
};
void base64_encode(enum base64_kind kind, const void *bytes, size_t len, struct buf *out);
/*
 * Strict: no other characters (line breaks neither), padding as the kind asks, no stray bits behind
 * the last byte. False leaves `out` as it was.
 */
bool base64_decode(enum base64_kind kind, const char *text, size_t len, struct buf *out) MUST_USE;

/* From the kernel. */
void random_bytes(void *out, size_t len);
/* A random UUID (version 4): 36 characters and a NUL. */
void random_uuid(char out[37]);
