/* SPDX-License-Identifier: Apache-2.0 */
#include "base/keys.h"

#include "base/buf.h"
#include "base/digest.h"
#include "base/secret.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

struct key {
	EVP_PKEY *pkey;
	enum key_kind kind;
	bool is_private;
};

/* ECDSA's curves by their names in OpenSSL and in SSH. */
static const struct curve {
	unsigned bits;
	const char *group, *ssh; /* ssh NULL: not known there */
} curves[] = {
	{224, "secp224r1", NULL},
	{256, "prime256v1", "nistp256"},
	{384, "secp384r1", "nistp384"},
	{521, "secp521r1", "nistp521"},
};

static void must(bool ok)
{
	if (!ok)
		bug("the key library failed: %s", ERR_reason_error_string(ERR_peek_last_error()));
}

static const struct curve *curve_of(const struct key *key)
{
	char group[64];
	size_t len;
	must(EVP_PKEY_get_group_name(key->pkey, group, sizeof(group), &len) == 1);
	for (size_t i = 0; i < ARRAY_LEN(curves); i++) {
		if (!strcmp(curves[i].group, group))
			return &curves[i];
	}
	return NULL;
}

/* Takes the pkey. NULL (and the pkey freed) where it is of a kind that we do not know. */
static struct key *wrap(EVP_PKEY *pkey, bool is_private)
{
	struct key key = {pkey, KEY_RSA, is_private};
	bool known = true;
	switch (EVP_PKEY_get_base_id(pkey)) {
	case EVP_PKEY_RSA:
		break;
	case EVP_PKEY_EC:
		key.kind = KEY_ECDSA;
		known = curve_of(&key) != NULL;
		break;
	case EVP_PKEY_ED25519:
		key.kind = KEY_ED25519;
		break;
	default:
		known = false;
		break;
	}
	if (!known) {
		EVP_PKEY_free(pkey);
		return NULL;
	}
	struct key *copy = xmalloc(sizeof(*copy));
	*copy = key;
	return copy;
}

struct key *key_new(enum key_kind kind, unsigned bits)
{
	EVP_PKEY *pkey = NULL;
	switch (kind) {
	case KEY_RSA:
		bits = bits ? bits : 2048;
		if (bits >= 1024 && bits <= 16384)
			pkey = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)bits);
		break;
	case KEY_ECDSA:
		bits = bits ? bits : 224;
		for (size_t i = 0; i < ARRAY_LEN(curves); i++) {
			if (curves[i].bits == bits)
				pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", curves[i].group);
		}
		break;
	case KEY_ED25519:
		pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
		break;
	}
	return pkey ? wrap(pkey, true) : NULL;
}

void key_free(struct key *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->pkey);
	free(key);
}

enum key_kind key_kind(const struct key *key)
{
	return key->kind;
}

unsigned key_bits(const struct key *key)
{
	return (unsigned)EVP_PKEY_get_bits(key->pkey);
}

bool key_is_private(const struct key *key)
{
	return key->is_private;
}

const char *key_algorithm(const struct key *key)
{
	switch (key->kind) {
	case KEY_RSA:
		return "RSA";
	case KEY_ECDSA:
		return "ECDSA";
	case KEY_ED25519:
		return "ED25519";
	}
	return "";
}

/* --- OpenSSH's wire form: strings and numbers with their length before them (RFC 4251, section 5) --- */

static void put_u32(struct buf *out, uint32_t n)
{
	const unsigned char bytes[4] = {(unsigned char)(n >> 24), (unsigned char)(n >> 16), (unsigned char)(n >> 8),
					(unsigned char)n};
	buf_add(out, bytes, 4);
}

static void put_string(struct buf *out, const void *bytes, size_t len)
{
	put_u32(out, (uint32_t)len);
	buf_add(out, bytes, len);
}

static void put_text(struct buf *out, const char *text)
{
	put_string(out, text, strlen(text));
}

/* A number, with a zero before it where its first bit is set: it is not negative. */
static void put_number(struct buf *out, const struct key *key, const char *param)
{
	BIGNUM *n = NULL;
	must(EVP_PKEY_get_bn_param(key->pkey, param, &n) == 1);
	size_t len = (size_t)BN_num_bytes(n);
	unsigned char *bytes = xmalloc(len + 1);
	bytes[0] = 0;
	BN_bn2bin(n, bytes + 1);
	bool zero = len && bytes[1] & 0x80;
	put_string(out, zero ? bytes : bytes + 1, zero ? len + 1 : len);
	wipe(bytes, len + 1);
	free(bytes);
	BN_clear_free(n);
}

static void put_point(struct buf *out, const struct key *key)
{
	unsigned char point[256];
	size_t len;
	must(EVP_PKEY_get_octet_string_param(key->pkey, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &len) == 1);
	put_string(out, point, len);
}

static void put_ed25519_public(struct buf *out, const struct key *key)
{
	unsigned char raw[32];
	size_t len = sizeof(raw);
	must(EVP_PKEY_get_raw_public_key(key->pkey, raw, &len) == 1);
	put_string(out, raw, len);
}

static bool ssh_type(const struct key *key, char type[40])
{
	switch (key->kind) {
	case KEY_RSA:
		strcpy(type, "ssh-rsa");
		return true;
	case KEY_ECDSA: {
		const struct curve *curve = curve_of(key);
		if (!curve->ssh)
			return false;
		snprintf(type, 40, "ecdsa-sha2-%s", curve->ssh);
		return true;
	}
	case KEY_ED25519:
		strcpy(type, "ssh-ed25519");
		return true;
	}
	return false;
}

/* The public key as SSH sends it. */
static bool ssh_blob(const struct key *key, struct buf *out)
{
	char type[40];
	if (!ssh_type(key, type))
		return false;
	put_text(out, type);
	switch (key->kind) {
	case KEY_RSA:
		put_number(out, key, OSSL_PKEY_PARAM_RSA_E);
		put_number(out, key, OSSL_PKEY_PARAM_RSA_N);
		break;
	case KEY_ECDSA:
		put_text(out, curve_of(key)->ssh);
		put_point(out, key);
		break;
	case KEY_ED25519:
		put_ed25519_public(out, key);
		break;
	}
	return true;
}

bool key_public_openssh(const struct key *key, const char *comment, struct buf *out)
{
	char type[40];
	AUTO_BUF struct buf blob = BUF_INIT;
	if (!ssh_type(key, type) || !ssh_blob(key, &blob))
		return false;
	buf_addf(out, "%s ", type);
	base64_encode(BASE64_STANDARD, blob.ptr, blob.len, out);
	if (comment && *comment)
		buf_addf(out, " %s", comment);
	buf_addc(out, '\n');
	return true;
}

bool key_fingerprint_md5(const struct key *key, struct buf *out)
{
	AUTO_BUF struct buf blob = BUF_INIT;
	unsigned char digest[DIGEST_MAX];
	if (!ssh_blob(key, &blob))
		return false;
	digest_bytes(DIGEST_MD5, blob.ptr, blob.len, digest);
	for (size_t i = 0; i < digest_size(DIGEST_MD5); i++)
		buf_addf(out, "%s%02x", i ? ":" : "", digest[i]);
	return true;
}

bool key_fingerprint_sha256(const struct key *key, struct buf *out)
{
	AUTO_BUF struct buf blob = BUF_INIT;
	unsigned char digest[DIGEST_MAX];
	if (!ssh_blob(key, &blob))
		return false;
	digest_bytes(DIGEST_SHA256, blob.ptr, blob.len, digest);
	buf_adds(out, "SHA256:");
	base64_encode(BASE64_STANDARD, digest, SHA256_SIZE, out);
	while (out->ptr[out->len - 1] == '=')
		out->ptr[--out->len] = '\0';
	return true;
}

/* --- Private keys in OpenSSH's form (PROTOCOL.key of OpenSSH) --- */

static const char openssh_magic[] = "openssh-key-v1"; /* with its NUL */
static const char openssh_begin[] = "-----BEGIN OPENSSH PRIVATE KEY-----";
static const char openssh_end[] = "-----END OPENSSH PRIVATE KEY-----";
enum { OPENSSH_BLOCK = 8, PEM_COLUMNS = 64 };

static void put_private(struct buf *out, const struct key *key, const char *type)
{
	unsigned char raw[64];
	size_t len = 32;
	put_text(out, type);
	switch (key->kind) {
	case KEY_RSA:
		put_number(out, key, OSSL_PKEY_PARAM_RSA_N);
		put_number(out, key, OSSL_PKEY_PARAM_RSA_E);
		put_number(out, key, OSSL_PKEY_PARAM_RSA_D);
		put_number(out, key, OSSL_PKEY_PARAM_RSA_COEFFICIENT1);
		put_number(out, key, OSSL_PKEY_PARAM_RSA_FACTOR1);
		put_number(out, key, OSSL_PKEY_PARAM_RSA_FACTOR2);
		break;
	case KEY_ECDSA:
		put_text(out, curve_of(key)->ssh);
		put_point(out, key);
		put_number(out, key, OSSL_PKEY_PARAM_PRIV_KEY);
		break;
	case KEY_ED25519:
		put_ed25519_public(out, key);
		must(EVP_PKEY_get_raw_private_key(key->pkey, raw, &len) == 1);
		must(EVP_PKEY_get_raw_public_key(key->pkey, raw + 32, &len) == 1);
		put_string(out, raw, sizeof(raw));
		wipe(raw, sizeof(raw));
		break;
	}
}

bool key_private_openssh(const struct key *key, const char *comment, struct secret *out)
{
	char type[40];
	AUTO_BUF struct buf blob = BUF_INIT;
	AUTO_BUF struct buf inner = BUF_INIT;
	AUTO_BUF struct buf whole = BUF_INIT;
	AUTO_BUF struct buf text = BUF_INIT;
	uint32_t check;
	if (!key->is_private || !ssh_type(key, type) || !ssh_blob(key, &blob))
		return false;
	random_bytes(&check, sizeof(check));
	buf_reserve(&inner, 8192); /* enough for any key, so that no half of one is left where it grew */
	put_u32(&inner, check);
	put_u32(&inner, check);
	put_private(&inner, key, type);
	put_text(&inner, comment ? comment : "");
	for (char pad = 1; inner.len % OPENSSH_BLOCK; pad++)
		buf_addc(&inner, pad);

	buf_reserve(&whole, 12288);
	buf_add(&whole, openssh_magic, sizeof(openssh_magic));
	put_text(&whole, "none"); /* cipher */
	put_text(&whole, "none"); /* key derivation */
	put_text(&whole, "");
	put_u32(&whole, 1);
	put_string(&whole, blob.ptr, blob.len);
	put_string(&whole, inner.ptr, inner.len);

	buf_reserve(&text, 32768);
	base64_encode(BASE64_STANDARD, whole.ptr, whole.len, &text);
	size_t len = text.len + text.len / PEM_COLUMNS + sizeof(openssh_begin) + sizeof(openssh_end) + 8;
	char *lines = xmalloc(len), *p = lines;
	p += sprintf(p, "%s\n", openssh_begin);
	for (size_t i = 0; i < text.len; i += PEM_COLUMNS)
		p += sprintf(p, "%.*s\n", PEM_COLUMNS, text.ptr + i);
	p += sprintf(p, "%s\n", openssh_end);
	secret_set(out, lines, (size_t)(p - lines));
	wipe(lines, len);
	free(lines);
	wipe(inner.ptr, inner.len);
	wipe(whole.ptr, whole.len);
	wipe(text.ptr, text.len);
	return true;
}

/* --- PEM and DER --- */

static void take_secret(BIO *bio, struct secret *out)
{
	char *bytes;
	long len = BIO_get_mem_data(bio, &bytes);
	must(len > 0);
	secret_set(out, bytes, (size_t)len);
	wipe(bytes, (size_t)len);
	BIO_free(bio);
}

static BIO *memory(void)
{
	BIO *bio = BIO_new(BIO_s_secmem());
	if (!bio)
		out_of_memory();
	return bio;
}

void key_private_pkcs8(const struct key *key, struct secret *out)
{
	BIO *bio = memory();
	must(PEM_write_bio_PKCS8PrivateKey(bio, key->pkey, NULL, NULL, 0, NULL, NULL) == 1);
	take_secret(bio, out);
}

void key_private_pkcs8_der(const struct key *key, struct secret *out)
{
	BIO *bio = memory();
	must(i2d_PKCS8PrivateKey_bio(bio, key->pkey, NULL, NULL, 0, NULL, NULL) == 1);
	take_secret(bio, out);
}

void key_private_pem(const struct key *key, struct secret *out)
{
	if (key->kind == KEY_ED25519) { /* has no older form */
		key_private_pkcs8(key, out);
		return;
	}
	BIO *bio = memory();
	must(PEM_write_bio_PrivateKey_traditional(bio, key->pkey, NULL, NULL, 0, NULL, NULL) == 1);
	take_secret(bio, out);
}

static void take_buf(BIO *bio, struct buf *out)
{
	char *bytes;
	long len = BIO_get_mem_data(bio, &bytes);
	must(len > 0);
	buf_add(out, bytes, (size_t)len);
	BIO_free(bio);
}

void key_public_pem(const struct key *key, struct buf *out)
{
	BIO *bio = memory();
	must(PEM_write_bio_PUBKEY(bio, key->pkey) == 1);
	take_buf(bio, out);
}

void key_public_der(const struct key *key, struct buf *out)
{
	BIO *bio = memory();
	must(i2d_PUBKEY_bio(bio, key->pkey) == 1);
	take_buf(bio, out);
}

/* --- Reading --- */

struct reader {
	const unsigned char *p;
	size_t left;
	bool failed;
};

static uint32_t get_u32(struct reader *r)
{
	if (r->left < 4) {
		r->failed = true;
		return 0;
	}
	uint32_t n = (uint32_t)r->p[0] << 24 | (uint32_t)r->p[1] << 16 | (uint32_t)r->p[2] << 8 | r->p[3];
	r->p += 4;
	r->left -= 4;
	return n;
}

static const unsigned char *get_string(struct reader *r, size_t *len)
{
	*len = get_u32(r);
	if (r->failed || *len > r->left) {
		r->failed = true;
		*len = 0;
		return NULL;
	}
	const unsigned char *bytes = r->p;
	r->p += *len;
	r->left -= *len;
	return bytes;
}

static bool get_text(struct reader *r, const char *want)
{
	size_t len;
	const unsigned char *bytes = get_string(r, &len);
	return bytes && len == strlen(want) && !memcmp(bytes, want, len);
}

/* NULL only where the reader has failed. */
static BIGNUM *get_number(struct reader *r)
{
	size_t len;
	const unsigned char *bytes = get_string(r, &len);
	if (!bytes || len > 4096) {
		r->failed = true;
		return NULL;
	}
	BIGNUM *n = BN_bin2bn(bytes, (int)len, NULL);
	must(n != NULL);
	return n;
}

/* Takes the builder. */
static EVP_PKEY *from_params(const char *type, OSSL_PARAM_BLD *builder, bool is_private)
{
	EVP_PKEY *pkey = NULL;
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	if (!params || !ctx)
		out_of_memory();
	if (EVP_PKEY_fromdata_init(ctx) != 1 ||
	    EVP_PKEY_fromdata(ctx, &pkey, is_private ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY, params) != 1)
		pkey = NULL;
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(builder);
	return pkey;
}

static OSSL_PARAM_BLD *new_builder(void)
{
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	if (!builder)
		out_of_memory();
	return builder;
}

static EVP_PKEY *rsa_public(struct reader *r)
{
	BIGNUM *e = get_number(r), *n = get_number(r);
	EVP_PKEY *pkey = NULL;
	if (!r->failed && BN_num_bits(n) >= 512 && BN_num_bits(n) <= 16384) {
		OSSL_PARAM_BLD *builder = new_builder();
		OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n);
		OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e);
		pkey = from_params("RSA", builder, false);
	}
	BN_free(e);
	BN_free(n);
	return pkey;
}

/* d modulo (prime - 1) */
static BIGNUM *exponent(const BIGNUM *d, const BIGNUM *prime, BN_CTX *ctx)
{
	BIGNUM *less = BN_dup(prime), *result = BN_new();
	must(less && result);
	if (BN_sub_word(less, 1) != 1 || BN_mod(result, d, less, ctx) != 1)
		BN_zero(result);
	BN_clear_free(less);
	return result;
}

static EVP_PKEY *rsa_private(struct reader *r)
{
	enum { N, E, D, COEFFICIENT, P, Q, COUNT };
	static const char *const names[] = {OSSL_PKEY_PARAM_RSA_N,	      OSSL_PKEY_PARAM_RSA_E,	   OSSL_PKEY_PARAM_RSA_D,
					    OSSL_PKEY_PARAM_RSA_COEFFICIENT1, OSSL_PKEY_PARAM_RSA_FACTOR1, OSSL_PKEY_PARAM_RSA_FACTOR2};
	BIGNUM *numbers[COUNT];
	EVP_PKEY *pkey = NULL;
	for (int i = 0; i < COUNT; i++)
		numbers[i] = get_number(r);
	bool sane = !r->failed && BN_num_bits(numbers[N]) >= 512 && BN_num_bits(numbers[N]) <= 16384;
	for (int i = 0; sane && i < COUNT; i++)
		sane = !BN_is_zero(numbers[i]) && BN_num_bits(numbers[i]) <= BN_num_bits(numbers[N]);
	if (sane && !BN_is_one(numbers[P]) && !BN_is_one(numbers[Q])) {
		BN_CTX *ctx = BN_CTX_new();
		must(ctx != NULL);
		BIGNUM *dp = exponent(numbers[D], numbers[P], ctx), *dq = exponent(numbers[D], numbers[Q], ctx);
		OSSL_PARAM_BLD *builder = new_builder();
		for (int i = 0; i < COUNT; i++)
			OSSL_PARAM_BLD_push_BN(builder, names[i], numbers[i]);
		OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_EXPONENT1, dp);
		OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_EXPONENT2, dq);
		pkey = from_params("RSA", builder, true);
		BN_clear_free(dp);
		BN_clear_free(dq);
		BN_CTX_free(ctx);
	}
	for (int i = 0; i < COUNT; i++)
		BN_clear_free(numbers[i]);
	return pkey;
}

static EVP_PKEY *ec_key(struct reader *r, const struct curve *curve, bool is_private)
{
	size_t len;
	if (!get_text(r, curve->ssh))
		return NULL;
	const unsigned char *point = get_string(r, &len);
	BIGNUM *d = is_private ? get_number(r) : NULL;
	EVP_PKEY *pkey = NULL;
	if (!r->failed) {
		OSSL_PARAM_BLD *builder = new_builder();
		OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, curve->group, 0);
		OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, len);
		if (d)
			OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, d);
		pkey = from_params("EC", builder, is_private);
	}
	BN_clear_free(d);
	return pkey;
}

static EVP_PKEY *ed25519_key(struct reader *r, bool is_private)
{
	size_t len, private_len = 0;
	const unsigned char *raw = get_string(r, &len);
	const unsigned char *private_raw = is_private ? get_string(r, &private_len) : NULL;
	if (r->failed || len != 32 || (is_private && (private_len != 64 || memcmp(private_raw + 32, raw, 32))))
		return NULL;
	return is_private ? EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, private_raw, 32)
			  : EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw, 32);
}

/* type, then what it has. */
static EVP_PKEY *ssh_key(struct reader *r, bool is_private)
{
	size_t len;
	const unsigned char *type = get_string(r, &len);
	if (!type)
		return NULL;
	if (len == 7 && !memcmp(type, "ssh-rsa", 7))
		return is_private ? rsa_private(r) : rsa_public(r);
	if (len == 11 && !memcmp(type, "ssh-ed25519", 11))
		return ed25519_key(r, is_private);
	for (size_t i = 0; i < ARRAY_LEN(curves); i++) {
		const char *name = curves[i].ssh;
		if (name && len == 11 + strlen(name) && !memcmp(type, "ecdsa-sha2-", 11) && !memcmp(type + 11, name, len - 11))
			return ec_key(r, &curves[i], is_private);
	}
	return NULL;
}

static EVP_PKEY *openssh_inner(const struct buf *bytes, const char **why)
{
	struct reader r = {(const unsigned char *)buf_text(bytes), bytes->len, false};
	size_t len;
	*why = "the key is damaged";
	if (r.left < sizeof(openssh_magic) || memcmp(r.p, openssh_magic, sizeof(openssh_magic)))
		return NULL;
	r.p += sizeof(openssh_magic);
	r.left -= sizeof(openssh_magic);
	if (!get_text(&r, "none")) {
		*why = "an OpenSSH key with a passphrase cannot be read; take the passphrase off with ssh-keygen -p";
		return NULL;
	}
	get_string(&r, &len); /* key derivation */
	get_string(&r, &len);
	if (get_u32(&r) != 1)
		return NULL;
	get_string(&r, &len); /* the public key, which stands inside again */
	r.p = get_string(&r, &len);
	if (r.failed)
		return NULL;
	r.left = len;
	uint32_t check = get_u32(&r), again = get_u32(&r);
	return check == again && !r.failed ? ssh_key(&r, true) : NULL;
}

static EVP_PKEY *from_openssh(const char *text, const char **why)
{
	const char *from = strstr(text, openssh_begin), *to = strstr(text, openssh_end);
	AUTO_BUF struct buf letters = BUF_INIT;
	AUTO_BUF struct buf bytes = BUF_INIT;
	*why = "the key is damaged";
	if (!from || !to || to < from)
		return NULL;
	for (const char *p = from + strlen(openssh_begin); p < to; p++) {
		if (!strchr(" \t\r\n", *p))
			buf_addc(&letters, *p);
	}
	EVP_PKEY *pkey = NULL;
	if (base64_decode(BASE64_STANDARD, buf_text(&letters), letters.len, &bytes))
		pkey = openssh_inner(&bytes, why);
	wipe(letters.ptr, letters.len);
	wipe(bytes.ptr, bytes.len);
	return pkey;
}

/* Asked by the library when the key is encrypted. */
static int give_passphrase(char *to, int size, int writing, void *ctx)
{
	(void)writing;
	const char *passphrase = ctx;
	size_t len = passphrase ? strlen(passphrase) : 0;
	if (!passphrase || len > (size_t)size)
		return -1;
	memcpy(to, passphrase, len);
	return (int)len;
}

struct key *key_from_private(const char *text, size_t len, const char *passphrase, const char **why)
{
	EVP_PKEY *pkey = NULL;
	if (len > 1 << 20 || memchr(text, '\0', len)) {
		*why = "it is no key";
		return NULL;
	}
	AUTO_SECRET struct secret copy = SECRET_INIT;
	secret_set(&copy, text, len);
	if (strstr(copy.ptr, openssh_begin)) {
		pkey = from_openssh(copy.ptr, why);
	} else {
		BIO *bio = BIO_new_mem_buf(copy.ptr, (int)len);
		if (!bio)
			out_of_memory();
		pkey = PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, (void *)(uintptr_t)passphrase);
		BIO_free(bio);
		*why = strstr(copy.ptr, "ENCRYPTED") ? (passphrase ? "the passphrase is wrong" : "it is encrypted, and there is no passphrase")
						     : "it is no private key in PEM";
	}
	ERR_clear_error();
	struct key *key = pkey ? wrap(pkey, true) : NULL;
	if (pkey && !key)
		*why = "it is neither RSA, ECDSA nor ED25519";
	return key;
}

/* type SP base64 [SP comment] */
static EVP_PKEY *from_openssh_line(const char *line)
{
	const char *p = line + strcspn(line, " \t\r\n");
	p += strspn(p, " \t");
	size_t len = strcspn(p, " \t\r\n");
	AUTO_BUF struct buf bytes = BUF_INIT;
	if (!len || !base64_decode(BASE64_STANDARD, p, len, &bytes))
		return NULL;
	struct reader r = {(const unsigned char *)buf_text(&bytes), bytes.len, false}, type = r;
	size_t type_len;
	const unsigned char *name = get_string(&type, &type_len);
	if (!name || type_len != strcspn(line, " \t") || memcmp(name, line, type_len))
		return NULL;
	return ssh_key(&r, false);
}

struct key *key_from_public(const char *text, size_t len, const char **why)
{
	EVP_PKEY *pkey;
	*why = "it is no public key, neither in PEM nor as OpenSSH writes them";
	if (len > 1 << 20 || memchr(text, '\0', len))
		return NULL;
	AUTO_SECRET struct secret copy = SECRET_INIT; /* for the NUL behind it */
	secret_set(&copy, text, len);
	const char *start = copy.ptr + strspn(copy.ptr, " \t\r\n");
	if (!strncmp(start, "-----BEGIN", 10)) {
		BIO *bio = BIO_new_mem_buf(start, (int)strlen(start));
		if (!bio)
			out_of_memory();
		pkey = PEM_read_bio_PUBKEY(bio, NULL, give_passphrase, NULL);
		BIO_free(bio);
	} else {
		pkey = from_openssh_line(start);
	}
	ERR_clear_error();
	return pkey ? wrap(pkey, false) : NULL;
}

/* --- Encryption --- */

static bool rsa_crypt(const struct key *key, bool encrypt, const void *in, size_t len, unsigned char *out, size_t *out_len)
{
	if (key->kind != KEY_RSA || (!encrypt && !key->is_private))
		return false;
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key->pkey, NULL);
	if (!ctx)
		out_of_memory();
	bool ok = (encrypt ? EVP_PKEY_encrypt_init(ctx) : EVP_PKEY_decrypt_init(ctx)) == 1 &&
		  EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1 &&
		  (encrypt ? EVP_PKEY_encrypt(ctx, out, out_len, in, len) : EVP_PKEY_decrypt(ctx, out, out_len, in, len)) == 1;
	EVP_PKEY_CTX_free(ctx);
	ERR_clear_error();
	return ok;
}

bool key_decrypt(const struct key *key, const void *sealed, size_t len, struct secret *out)
{
	unsigned char plain[2048];
	size_t plain_len = sizeof(plain);
	secret_release(out);
	if (!rsa_crypt(key, false, sealed, len, plain, &plain_len))
		return false;
	secret_set(out, plain, plain_len);
	wipe(plain, sizeof(plain));
	return true;
}

bool key_encrypt(const struct key *key, const void *plain, size_t len, struct buf *out)
{
	unsigned char sealed[2048];
	size_t sealed_len = sizeof(sealed);
	if (!rsa_crypt(key, true, plain, len, sealed, &sealed_len))
		return false;
	buf_add(out, sealed, sealed_len);
	return true;
}
