/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sealing: AES-256-GCM (NIST SP 800-38D) with a random 96-bit nonce for each text. A sealed text is
 * nonce, cipher text and 128-bit tag, one behind the other.
 */
#pragma once

#include "base/base.h"

struct buf;

enum { SEAL_KEY_SIZE = 32, SEAL_SALT_SIZE = 16 };

/* Appends the sealed form. `label` is not hidden, but opening with another one fails. */
void seal(const unsigned char key[SEAL_KEY_SIZE], const void *label, size_t label_len, const void *bytes, size_t len,
	  struct buf *out);
/* False when the key or the label is another one, or the text was changed; `out` stays as it was. */
bool unseal(const unsigned char key[SEAL_KEY_SIZE], const void *label, size_t label_len, const void *sealed, size_t len,
	    struct buf *out) MUST_USE;

/* A key of a passphrase, by scrypt (RFC 7914; N 32768, r 8, p 1): slow on purpose. */
void seal_key_from_passphrase(const char *passphrase, size_t len, const unsigned char salt[SEAL_SALT_SIZE],
			      unsigned char key[SEAL_KEY_SIZE]);
