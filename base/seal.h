/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets at rest: sealed with AES-256-GCM under a key that is random or made from a passphrase. */
#pragma once

#include "base/base.h"

struct buf;
struct secret;

enum {
	SEAL_KEY_SIZE = 32,
	SEAL_NONCE_SIZE = 12,
	SEAL_TAG_SIZE = 16,
	SEAL_OVERHEAD = SEAL_NONCE_SIZE + SEAL_TAG_SIZE,
};

/*
 * Appends nonce (random), ciphertext and tag. `context` is not part of it but must be the same when
 * it is opened: what the bytes belong to, so that they cannot be moved elsewhere. One key should
 * seal no more than 2^32 times.
 */
void seal(const unsigned char key[SEAL_KEY_SIZE], const void *context, size_t context_len, const void *plain, size_t len,
	  struct buf *out);
/* False when key or context are others, or the bytes were changed; `out` is then empty. */
bool seal_open(const unsigned char key[SEAL_KEY_SIZE], const void *context, size_t context_len, const void *sealed, size_t len,
	       struct secret *out) MUST_USE;

enum seal_kdf { SEAL_PBKDF2_SHA256, SEAL_PBKDF2_SHA512, SEAL_SCRYPT };
struct seal_cost {
	enum seal_kdf kdf;
	uint32_t rounds; /* PBKDF2: iterations; scrypt: N, a power of two */
	uint32_t r, p;   /* scrypt */
};
/* What to use for something new: scrypt with N 2^16, r 8, p 1 (64 MiB, a fifth of a second). */
extern const struct seal_cost seal_usual_cost;
/* A key of `key_len` bytes. False where the cost is none that can be paid (0 rounds, over 1 GiB). */
bool seal_key_from_passphrase(const struct seal_cost *cost, const char *passphrase, const void *salt, size_t salt_len,
			      unsigned char *key, size_t key_len) MUST_USE;
