/* SPDX-License-Identifier: Apache-2.0 */
/* Hash and identity functions. */
#include "lang/func/internal.h"

#include "base/bcrypt.h"
#include "base/digest.h"
#include "base/keys.h"
#include "base/secret.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

/* ---- digests ---- */

static const struct value *digest_text(const struct call *call, const unsigned char *digest, size_t size, bool base64)
{
	AUTO_BUF struct buf out = BUF_INIT;
	if (base64)
		base64_encode(BASE64_STANDARD, digest, size, &out);
	else
		hex_encode(digest, size, &out);
	return value_string_raw(call_arena(call), buf_text(&out), out.len);
}

static const struct value *hash_text(const struct call *call, enum digest_kind kind, bool base64)
{
	unsigned char digest[DIGEST_MAX];
	struct text text = arg_text(call, 0);
	digest_bytes(kind, text.ptr, text.len, digest);
	return digest_text(call, digest, digest_size(kind), base64);
}

static const struct value *hash_file(const struct call *call, enum digest_kind kind, bool base64)
{
	unsigned char digest[DIGEST_MAX];
	struct text path = arg_text(call, 0);
	const char *shown, *real = source_path(call, -1, path, &shown);
	if (!real)
		return NULL;
	if (!digest_file(kind, real, digest))
		return call_error(call, -1, "%s %s: %s", errno == EISDIR ? "read" : "open", shown, error_words(errno));
	return digest_text(call, digest, digest_size(kind), base64);
}

#define HASHES(name, kind, base64)                                            \
	static const struct value *run_##name(const struct call *call)       \
	{                                                                     \
		return hash_text(call, kind, base64);                         \
	}                                                                     \
	static const struct value *run_file##name(const struct call *call)   \
	{                                                                     \
		return hash_file(call, kind, base64);                         \
	}
HASHES(sha1, DIGEST_SHA1, false)
HASHES(md5, DIGEST_MD5, false)
HASHES(sha256, DIGEST_SHA256, false)
HASHES(sha512, DIGEST_SHA512, false)
HASHES(base64sha256, DIGEST_SHA256, true)
HASHES(base64sha512, DIGEST_SHA512, true)

/* ---- UUIDs ---- */

static const struct value *uuid_text(const struct call *call, const unsigned char id[16])
{
	AUTO_BUF struct buf out = BUF_INIT;
	for (size_t i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			buf_addc(&out, '-');
		hex_encode(id + i, 1, &out);
	}
	return value_string_raw(call_arena(call), buf_text(&out), out.len);
}

/* All 128 bits are random: Terraform's uuid() sets no version either. */
static const struct value *run_uuid(const struct call *call)
{
	unsigned char id[16];
	random_bytes(id, sizeof(id));
	return uuid_text(call, id);
}

/* With dashes, also behind "urn:uuid:" or in braces; or 32 digits. NULL, or what is wrong. */
static const char *parse_uuid(const struct call *call, struct text text, unsigned char id[16])
{
	AUTO_BUF struct buf bytes = BUF_INIT;
	if (text.len == 45) {
		if (strncasecmp(text.ptr, "urn:uuid:", 9) != 0)
			return arena_printf(call_arena(call), "invalid urn prefix: %s", quoted(call, text.ptr, 9));
		text = (struct text){text.ptr + 9, 36};
	} else if (text.len == 38) {
		text = (struct text){text.ptr + 1, 36};
	} else if (text.len != 36 && text.len != 32) {
		return arena_printf(call_arena(call), "invalid UUID length: %zu", text.len);
	}
	static const size_t dashed[] = {0, 9, 14, 19, 24, 36}, plain[] = {0, 8, 12, 16, 20, 32};
	const size_t *starts = text.len == 36 ? dashed : plain;
	for (size_t i = 0; i < 5; i++) {
		size_t end = i < 4 && text.len == 36 ? starts[i + 1] - 1 : starts[i + 1];
		if (!hex_decode(text.ptr + starts[i], end - starts[i], &bytes) ||
		    (i < 4 && text.len == 36 && text.ptr[end] != '-'))
			return "invalid UUID format";
	}
	memcpy(id, bytes.ptr, 16);
	return NULL;
}

static const struct value *run_uuidv5(const struct call *call)
{
	/* RFC 4122, appendix C: they differ in one byte. */
	static const struct { const char *name; unsigned char byte; } known[] = {
		{"dns", 0x10}, {"url", 0x11}, {"oid", 0x12}, {"x500", 0x14}};
	static const unsigned char base[16] = {0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1,
					       0x80, 0xb4, 0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8};
	unsigned char namespace[16], digest[DIGEST_MAX];
	struct text given = arg_text(call, 0), name = arg_text(call, 1);
	const char *wrong = NULL;
	bool found = false;
	memcpy(namespace, base, sizeof(base));
	for (size_t i = 0; i < ARRAY_LEN(known) && !found; i++) {
		found = value_is_text(call->args[0], known[i].name);
		if (found)
			namespace[3] = known[i].byte;
	}
	if (!found)
		wrong = parse_uuid(call, given, namespace);
	if (wrong)
		return call_error(call, -1, "uuidv5() doesn't support namespace %s (%s)", given.ptr, wrong);
	struct digest *sha1 = digest_start(DIGEST_SHA1);
	digest_add(sha1, namespace, sizeof(namespace));
	digest_add(sha1, name.ptr, name.len);
	digest_finish(sha1, digest);
	digest[6] = (unsigned char)((digest[6] & 0x0f) | 0x50);
	digest[8] = (unsigned char)((digest[8] & 0x3f) | 0x80);
	return uuid_text(call, digest);
}

/* ---- bcrypt ---- */

static const struct value *run_bcrypt(const struct call *call)
{
	enum { SLOW = 20 };
	int64_t cost = BCRYPT_DEFAULT_COST;
	if (call->count > 1 && !arg_int(call, 1, -1, "", &cost))
		return NULL;
	if (call->count > 2)
		return call_error(call, -1, "bcrypt() takes no more than two arguments");
	if (cost > BCRYPT_MAX_COST)
		return call_error(call, -1, "cost %lld is outside allowed range (%d,%d)", (long long)cost, BCRYPT_MIN_COST,
				  BCRYPT_MAX_COST);
	if (cost > SLOW)
		return call_error(call, -1, "a cost of %lld would keep the plan busy for hours; %d takes about a minute already",
				  (long long)cost, SLOW);
	if (cost < BCRYPT_MIN_COST)
		cost = BCRYPT_DEFAULT_COST;
	struct text text = arg_text(call, 0);
	if (text.len > BCRYPT_MAX_LENGTH)
		return call_error(call, 0, "password length exceeds %d bytes", BCRYPT_MAX_LENGTH);
	if (memchr(text.ptr, '\0', text.len))
		return call_error(call, 0, "a password with a zero byte cannot be hashed");
	AUTO_BUF struct buf hash = BUF_INIT;
	if (!bcrypt_hash(text.ptr, (unsigned)cost, &hash))
		return call_error(call, -1, "this system's crypt library has no bcrypt");
	return result_text(call, &hash);
}

/* ---- RSA ---- */

static const struct value *decrypt(const struct call *call, const struct key *key, const struct buf *sealed)
{
	AUTO_SECRET struct secret plain = SECRET_INIT;
	if (key_kind(key) != KEY_RSA)
		return call_error(call, 1, "invalid private key type %s; an RSA key is needed", key_algorithm(key));
	if (!key_decrypt(key, buf_text(sealed), sealed->len, &plain))
		return call_error(call, -1, "failed to decrypt: the text was not encrypted for this key");
	return value_string_n(call_arena(call), secret_text(&plain), plain.len);
}

static const struct value *run_rsadecrypt(const struct call *call)
{
	struct text text = arg_text(call, 0), pem = arg_text(call, 1);
	AUTO_BUF struct buf sealed = BUF_INIT;
	size_t bad;
	if (!lenient_base64_decode(text, &sealed, &bad))
		return call_error(call, 0, "failed to decode input %s: cipher text must be base64-encoded",
				  quoted(call, text.ptr, text.len));
	const char *why;
	struct key *key = key_from_private(pem.ptr, pem.len, NULL, &why);
	if (!key)
		return call_error(call, 1, "invalid private key: %s", why);
	const struct value *result = decrypt(call, key, &sealed);
	key_free(key);
	return result;
}

static const struct param str[] = {{"str", &type_string, 0}, {0}};
static const struct param path[] = {{"path", &type_string, 0}, {0}};
static const struct param bcrypt_cost = {"cost", &type_number, 0};
static const struct param rsa_params[] = {{"ciphertext", &type_string, 0}, {"privatekey", &type_string, 0}, {0}};
static const struct param uuidv5_params[] = {{"namespace", &type_string, 0}, {"name", &type_string, 0}, {0}};

#define OF_TEXT(f) {.name = #f, .params = str, .result_type = returns_string, .run = run_##f}
#define OF_FILE(f) {.name = #f, .params = path, .result_type = returns_string, .run = run_##f}

const struct function hash_functions[] = {
	OF_TEXT(base64sha256),
	OF_TEXT(base64sha512),
	{.name = "bcrypt", .params = str, .rest = &bcrypt_cost, .result_type = returns_string, .run = run_bcrypt, .impure = true},
	OF_FILE(filebase64sha256),
	OF_FILE(filebase64sha512),
	OF_FILE(filemd5),
	OF_FILE(filesha1),
	OF_FILE(filesha256),
	OF_FILE(filesha512),
	OF_TEXT(md5),
	{.name = "rsadecrypt", .params = rsa_params, .result_type = returns_string, .run = run_rsadecrypt},
	OF_TEXT(sha1),
	OF_TEXT(sha256),
	OF_TEXT(sha512),
	{.name = "uuid", .result_type = returns_string, .run = run_uuid, .impure = true},
	{.name = "uuidv5", .params = uuidv5_params, .result_type = returns_string, .run = run_uuidv5},
	{0},
};
