/* SPDX-License-Identifier: Apache-2.0 */
#include "base/seal.h"

#include "base/buf.h"
#include "base/digest.h"

#include <limits.h>
#include <openssl/evp.h>

enum { NONCE_SIZE = 12, TAG_SIZE = 16 };

void seal(const unsigned char key[SEAL_KEY_SIZE], const void *label, size_t label_len, const void *bytes, size_t len,
	  struct buf *out)
{
	if (len > INT_MAX - 64 || label_len > INT_MAX)
		out_of_memory();
	buf_reserve(out, NONCE_SIZE + len + TAG_SIZE);
	unsigned char *nonce = (unsigned char *)out->ptr + out->len;
	unsigned char *text = nonce + NONCE_SIZE;
	random_bytes(nonce, NONCE_SIZE);
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0, last = 0;
	if (!ctx || EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce) != 1 ||
	    (label_len && EVP_EncryptUpdate(ctx, NULL, &n, label, (int)label_len) != 1) ||
	    EVP_EncryptUpdate(ctx, text, &n, bytes, (int)len) != 1 || EVP_EncryptFinal_ex(ctx, text + n, &last) != 1 ||
	    EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, TAG_SIZE, text + len) != 1)
		bug("AES-256-GCM cannot encrypt");
	EVP_CIPHER_CTX_free(ctx);
	out->len += NONCE_SIZE + len + TAG_SIZE;
	out->ptr[out->len] = '\0';
}

bool unseal(const unsigned char key[SEAL_KEY_SIZE], const void *label, size_t label_len, const void *sealed, size_t len,
	    struct buf *out)
{
	if (len < NONCE_SIZE + TAG_SIZE || len > INT_MAX || label_len > INT_MAX)
		return false;
	const unsigned char *nonce = sealed, *text = nonce + NONCE_SIZE;
	size_t text_len = len - NONCE_SIZE - TAG_SIZE;
	unsigned char tag[TAG_SIZE];
	for (size_t i = 0; i < TAG_SIZE; i++)
		tag[i] = text[text_len + i];
	buf_reserve(out, text_len);
	unsigned char *plain = (unsigned char *)out->ptr + out->len;
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0, last = 0;
	bool ok = ctx && EVP_DecryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce) == 1 &&
		  (!label_len || EVP_DecryptUpdate(ctx, NULL, &n, label, (int)label_len) == 1) &&
		  EVP_DecryptUpdate(ctx, plain, &n, text, (int)text_len) == 1 &&
		  EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, TAG_SIZE, tag) == 1 && EVP_DecryptFinal_ex(ctx, plain + n, &last) == 1;
	EVP_CIPHER_CTX_free(ctx);
	if (ok)
		out->len += text_len;
	out->ptr[out->len] = '\0';
	return ok;
}

void seal_key_from_passphrase(const char *passphrase, size_t len, const unsigned char salt[SEAL_SALT_SIZE],
			      unsigned char key[SEAL_KEY_SIZE])
{
	if (EVP_PBE_scrypt(passphrase, len, salt, SEAL_SALT_SIZE, 32768, 8, 1, 64u << 20, key, SEAL_KEY_SIZE) != 1)
		bug("scrypt cannot derive a key");
}
