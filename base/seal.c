/* SPDX-License-Identifier: Apache-2.0 */
#include "base/seal.h"

#include "base/buf.h"
#include "base/digest.h"
#include "base/secret.h"

#include <openssl/evp.h>
#include <string.h>

enum { MEMORY_LIMIT = 1 << 30, PIECE = 1 << 30 };

const struct seal_cost seal_usual_cost = {SEAL_SCRYPT, 1u << 16, 8, 1};

static EVP_CIPHER_CTX *new_context(void)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	if (!ctx)
		out_of_memory();
	return ctx;
}

/* The library counts in int. */
static bool update(EVP_CIPHER_CTX *ctx, unsigned char *out, const unsigned char *in, size_t len)
{
	while (len) {
		int n = len > PIECE ? PIECE : (int)len, written = 0;
		if (EVP_CipherUpdate(ctx, out, &written, in, n) != 1 || (out && written != n))
			return false;
		in += n;
		if (out)
			out += n;
		len -= (size_t)n;
	}
	return true;
}

void seal(const unsigned char key[SEAL_KEY_SIZE], const void *context, size_t context_len, const void *plain, size_t len,
	  struct buf *out)
{
	EVP_CIPHER_CTX *ctx = new_context();
	unsigned char nonce[SEAL_NONCE_SIZE], tag[SEAL_TAG_SIZE];
	int none = 0;
	random_bytes(nonce, sizeof(nonce));
	buf_add(out, nonce, sizeof(nonce));
	buf_reserve(out, len);
	unsigned char *to = (unsigned char *)out->ptr + out->len;
	bool ok = EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
		  update(ctx, NULL, context, context_len) && update(ctx, to, plain, len) &&
		  EVP_EncryptFinal_ex(ctx, to + len, &none) == 1 &&
		  EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, SEAL_TAG_SIZE, tag) == 1;
	EVP_CIPHER_CTX_free(ctx);
	if (!ok)
		bug("the cipher library failed");
	out->len += len;
	buf_add(out, tag, sizeof(tag));
}

bool seal_open(const unsigned char key[SEAL_KEY_SIZE], const void *context, size_t context_len, const void *sealed, size_t len,
	       struct secret *out)
{
	secret_release(out);
	if (len < SEAL_OVERHEAD)
		return false;
	const unsigned char *from = sealed;
	size_t plain_len = len - SEAL_OVERHEAD;
	unsigned char *plain = xmalloc(plain_len + 1), tag[SEAL_TAG_SIZE];
	memcpy(tag, from + len - SEAL_TAG_SIZE, SEAL_TAG_SIZE);
	EVP_CIPHER_CTX *ctx = new_context();
	int none = 0;
	bool ok = EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, from) == 1 &&
		  update(ctx, NULL, context, context_len) &&
		  update(ctx, plain, from + SEAL_NONCE_SIZE, plain_len) &&
		  EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, SEAL_TAG_SIZE, tag) == 1 &&
		  EVP_DecryptFinal_ex(ctx, plain + plain_len, &none) == 1;
	EVP_CIPHER_CTX_free(ctx);
	plain[plain_len] = '\0';
	struct secret result = {(char *)plain, plain_len};
	if (ok)
		*out = result;
	else
		secret_release(&result);
	return ok;
}

bool seal_key_from_passphrase(const struct seal_cost *cost, const char *passphrase, const void *salt, size_t salt_len,
			      unsigned char *key, size_t key_len)
{
	size_t len = strlen(passphrase);
	if (!cost->rounds || cost->rounds > INT32_MAX || len > INT32_MAX || salt_len > INT32_MAX || key_len > INT32_MAX)
		return false;
	switch (cost->kdf) {
	case SEAL_PBKDF2_SHA256:
	case SEAL_PBKDF2_SHA512:
		return PKCS5_PBKDF2_HMAC(passphrase, (int)len, salt, (int)salt_len, (int)cost->rounds,
					 cost->kdf == SEAL_PBKDF2_SHA256 ? EVP_sha256() : EVP_sha512(), (int)key_len, key) == 1;
	case SEAL_SCRYPT:
		return EVP_PBE_scrypt(passphrase, len, salt, salt_len, cost->rounds, cost->r, cost->p, MEMORY_LIMIT, key, key_len) == 1;
	}
	return false;
}
