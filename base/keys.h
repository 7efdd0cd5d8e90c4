/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Key pairs in the forms that SSH, TLS and EC2 use, as Terraform's tls_private_key gives them.
 * Texts of private keys go into secrets; those of public ones into bufs.
 */
#pragma once

#include "base/base.h"

struct buf;
struct key;
struct secret;

enum key_kind { KEY_RSA, KEY_ECDSA, KEY_ED25519 };

/*
 * A new pair. `bits`: RSA 1024 to 16384 (0: 2048); ECDSA 224, 256, 384 or 521, the curve P-n
 * (0: 224, Terraform's default); ignored for ED25519. NULL where there is no such key.
 */
struct key *key_new(enum key_kind kind, unsigned bits);
void key_free(struct key *key); /* NULL accepted */

/*
 * A private key from PEM (PKCS#1, SEC 1, PKCS#8) or OpenSSH's own form. `passphrase` may be NULL. NULL with
 * a reason in *why, which is a constant text.
 */
struct key *key_from_private(const char *text, size_t len, const char *passphrase, const char **why);
/* A public key from PEM or one line of OpenSSH ("ssh-ed25519 AAAA... comment"). */
struct key *key_from_public(const char *text, size_t len, const char **why);

enum key_kind key_kind(const struct key *key);
unsigned key_bits(const struct key *key);
bool key_is_private(const struct key *key);
/* "RSA", "ECDSA", "ED25519" */
const char *key_algorithm(const struct key *key);

/* PEM in the kind's own form: PKCS#1 for RSA, SEC 1 for ECDSA, PKCS#8 for ED25519. */
void key_private_pem(const struct key *key, struct secret *out);
void key_private_pkcs8(const struct key *key, struct secret *out);
void key_private_pkcs8_der(const struct key *key, struct secret *out);
/* OpenSSH's form, without a passphrase; false for P-224, which OpenSSH does not have. */
bool key_private_openssh(const struct key *key, const char *comment, struct secret *out) MUST_USE;
void key_public_pem(const struct key *key, struct buf *out);
void key_public_der(const struct key *key, struct buf *out);
/* "ssh-rsa AAAA..." and a newline; " comment" before it where one is given. False for P-224. */
bool key_public_openssh(const struct key *key, const char *comment, struct buf *out) MUST_USE;

/* Of the OpenSSH form: "aa:bb:..." and "SHA256:..."; false for P-224. */
bool key_fingerprint_md5(const struct key *key, struct buf *out) MUST_USE;
bool key_fingerprint_sha256(const struct key *key, struct buf *out) MUST_USE;

/*
 * Undoes RSA encryption with PKCS#1 v1.5 padding: EC2's Windows passwords, rsadecrypt(). False when it
 * was not made for this key.
 */
bool key_decrypt(const struct key *key, const void *sealed, size_t len, struct secret *out) MUST_USE;
/* The other direction, for servers and tests. */
bool key_encrypt(const struct key *key, const void *plain, size_t len, struct buf *out) MUST_USE;
