/* SPDX-License-Identifier: Apache-2.0 */
#include "base/digest.h"

#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>
#include <zlib.h>

static const struct {
	const char *name;
	size_t size;
} kinds[] = {
	[DIGEST_MD5] = {"MD5", 16},
	[DIGEST_SHA1] = {"SHA1", 20},
	[DIGEST_SHA256] = {"SHA256", 32},
	[DIGEST_SHA384] = {"SHA384", 48},
	[DIGEST_SHA512] = {"SHA512", 64},
};

struct digest {
	EVP_MD_CTX *ctx;
	enum digest_kind kind;
};

static void check(int ok)
{
	if (ok != 1)
		bug("the digest library failed");
}

/* Looked up once: OpenSSL searches its providers at every use of a digest that was not. */
static EVP_MD *method(enum digest_kind kind)
{
	static EVP_MD *found[ARRAY_LEN(kinds)];
	if (!found[kind])
		found[kind] = EVP_MD_fetch(NULL, kinds[kind].name, NULL);
	if (!found[kind])
		bug("this OpenSSL has no %s", kinds[kind].name);
	return found[kind];
}

size_t digest_size(enum digest_kind kind)
{
	return kinds[kind].size;
}

void digest_bytes(enum digest_kind kind, const void *bytes, size_t len, unsigned char *out)
{
	static EVP_MD_CTX *ctx;
	if (!ctx && !(ctx = EVP_MD_CTX_new()))
		out_of_memory();
	check(EVP_DigestInit_ex2(ctx, method(kind), NULL));
	check(EVP_DigestUpdate(ctx, bytes, len));
	check(EVP_DigestFinal_ex(ctx, out, NULL));
}

struct digest *digest_start(enum digest_kind kind)
{
	struct digest *digest = xmalloc(sizeof(*digest));
	*digest = (struct digest){EVP_MD_CTX_new(), kind};
	if (!digest->ctx)
		out_of_memory();
	check(EVP_DigestInit_ex2(digest->ctx, method(kind), NULL));
	return digest;
}

void digest_add(struct digest *digest, const void *bytes, size_t len)
{
	check(EVP_DigestUpdate(digest->ctx, bytes, len));
}

void digest_finish(struct digest *digest, unsigned char *out)
{
	check(EVP_DigestFinal_ex(digest->ctx, out, NULL));
	digest_abandon(digest);
}

void digest_abandon(struct digest *digest)
{
	if (!digest)
		return;
	EVP_MD_CTX_free(digest->ctx);
	free(digest);
}

bool digest_file(enum digest_kind kind, const char *path, unsigned char *out)
{
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	struct digest *digest = digest_start(kind);
	char bytes[65536];
	for (;;) {
		ssize_t n = read(fd, bytes, sizeof(bytes));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int saved = errno;
			digest_abandon(digest);
			errno = saved;
			return false;
		}
		if (n == 0)
			break;
		digest_add(digest, bytes, (size_t)n);
	}
	digest_finish(digest, out);
	return true;
}

void hmac_bytes(enum digest_kind kind, const void *key, size_t key_len, const void *bytes, size_t len,
		unsigned char *out)
{
	if (key_len > INT32_MAX || !HMAC(method(kind), key_len ? key : "", (int)key_len, bytes, len, out, NULL))
		bug("the digest library failed");
}

uint32_t crc32_add(uint32_t crc, const void *bytes, size_t len)
{
	return (uint32_t)crc32_z(crc, bytes, len);
}

/* --- Text forms --- */

void hex_encode(const void *bytes, size_t len, struct buf *out)
{
	const unsigned char *p = bytes;
	buf_reserve(out, size_mul(len, 2));
	for (size_t i = 0; i < len; i++) {
		out->ptr[out->len++] = "0123456789abcdef"[p[i] >> 4];
		out->ptr[out->len++] = "0123456789abcdef"[p[i] & 15];
	}
	out->ptr[out->len] = '\0';
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool hex_decode(const char *text, size_t len, struct buf *out)
{
	if (len % 2)
		return false;
	for (size_t i = 0; i < len; i += 2) {
		int high = hex_digit(text[i]), low = hex_digit(text[i + 1]);
		if (high < 0 || low < 0)
			return false;
		buf_addc(out, (char)(high << 4 | low));
	}
	return true;
}

static const char *alphabet(enum base64_kind kind)
{
	return kind == BASE64_STANDARD ? "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
				       : "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
}

void base64_encode(enum base64_kind kind, const void *bytes, size_t len, struct buf *out)
{
	const unsigned char *p = bytes;
	const char *letters = alphabet(kind);
	buf_reserve(out, size_mul(len / 3 + 1, 4));
	char *to = out->ptr + out->len;
	for (; len >= 3; len -= 3, p += 3) {
		*to++ = letters[p[0] >> 2];
		*to++ = letters[(p[0] & 3) << 4 | p[1] >> 4];
		*to++ = letters[(p[1] & 15) << 2 | p[2] >> 6];
		*to++ = letters[p[2] & 63];
	}
	if (len) {
		unsigned second = len == 2 ? p[1] : 0;
		*to++ = letters[p[0] >> 2];
		*to++ = letters[(p[0] & 3u) << 4 | second >> 4];
		if (len == 2)
			*to++ = letters[(second & 15) << 2];
		if (kind != BASE64_URL_UNPADDED) {
			*to++ = '=';
			if (len == 1)
				*to++ = '=';
		}
	}
	out->len = (size_t)(to - out->ptr);
	*to = '\0';
}

static int base64_digit(enum base64_kind kind, char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	bool url = kind != BASE64_STANDARD;
	return c == (url ? '-' : '+') ? 62 : c == (url ? '_' : '/') ? 63 : -1;
}

bool base64_decode(enum base64_kind kind, const char *text, size_t len, struct buf *out)
{
	size_t kept = out->len;
	if (kind != BASE64_URL_UNPADDED) {
		if (len % 4)
			return false;
		for (int i = 0; i < 2 && len && text[len - 1] == '='; i++)
			len--;
	}
	if (len % 4 == 1)
		return false;
	buf_reserve(out, len / 4 * 3 + 3);
	uint32_t bits = 0;
	unsigned count = 0;
	for (size_t i = 0; i < len; i++) {
		int digit = base64_digit(kind, text[i]);
		if (digit < 0)
			goto out;
		bits = bits << 6 | (uint32_t)digit;
		count += 6;
		if (count >= 8) {
			count -= 8;
			out->ptr[out->len++] = (char)(bits >> count);
			bits &= (1u << count) - 1;
		}
	}
	if (!bits) {
		out->ptr[out->len] = '\0';
		return true;
	}
out:
	out->len = kept;
	out->ptr[kept] = '\0';
	return false;
}

/* --- Randomness --- */

void random_bytes(void *out, size_t len)
{
	unsigned char *p = out;
	while (len) {
		ssize_t n = getrandom(p, len, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			bug("getrandom: %s", strerror(errno));
		p += n;
		len -= (size_t)n;
	}
}

void random_uuid(char out[37])
{
	unsigned char b[16];
	random_bytes(b, sizeof(b));
	b[6] = (unsigned char)((b[6] & 0x0F) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3F) | 0x80);
	snprintf(out, 37, "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3],
		 b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}
