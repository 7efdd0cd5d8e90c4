/* SPDX-License-Identifier: Apache-2.0 */
/* Key pairs against ssh-keygen and themselves; sealing. */
#include "base/buf.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/keys.h"
#include "base/proc.h"
#include "base/seal.h"
#include "base/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct {
	enum key_kind kind;
	unsigned bits;
	const char *pem, *algorithm;
	bool ssh;
} kinds[] = {
	{KEY_RSA, 1024, "-----BEGIN RSA PRIVATE KEY-----\n", "RSA", true},
	{KEY_RSA, 0, "-----BEGIN RSA PRIVATE KEY-----\n", "RSA", true},
	{KEY_ECDSA, 0, "-----BEGIN EC PRIVATE KEY-----\n", "ECDSA", false},
	{KEY_ECDSA, 256, "-----BEGIN EC PRIVATE KEY-----\n", "ECDSA", true},
	{KEY_ECDSA, 384, "-----BEGIN EC PRIVATE KEY-----\n", "ECDSA", true},
	{KEY_ECDSA, 521, "-----BEGIN EC PRIVATE KEY-----\n", "ECDSA", true},
	{KEY_ED25519, 0, "-----BEGIN PRIVATE KEY-----\n", "ED25519", true},
};

static const char *public_of(const struct key *key, struct buf *out)
{
	buf_clear(out);
	key_public_pem(key, out);
	return buf_text(out);
}

/* A private key's text gives the same key again. */
static void gives_again(const struct key *key, const struct secret *text)
{
	struct buf want = BUF_INIT, got = BUF_INIT;
	const char *why = NULL;
	struct key *again = key_from_private(text->ptr, text->len, NULL, &why);
	if (!again)
		fail_msg("%s: %s", why, text->ptr);
	assert_true(key_is_private(again));
	assert_string_equal(public_of(again, &got), public_of(key, &want));
	AUTO_SECRET struct secret one = SECRET_INIT, two = SECRET_INIT;
	key_private_pkcs8(key, &one);
	key_private_pkcs8(again, &two);
	assert_string_equal(one.ptr, two.ptr);
	key_free(again);
	buf_release(&want);
	buf_release(&got);
}

static void check_with_ssh_keygen(const struct key *key)
{
	char path[] = "/tmp/test_keys.XXXXXX";
	close(mkstemp(path));
	AUTO_SECRET struct secret text = SECRET_INIT;
	AUTO_BUF struct buf line = BUF_INIT;
	AUTO_BUF struct buf print = BUF_INIT;
	assert_true(key_private_openssh(key, "a comment", &text));
	assert_true(file_write(path, text.ptr, text.len, 0600));
	struct proc_outcome o = proc_run(&(struct proc_options){.argv = (const char *const[]){"ssh-keygen", "-y", "-f", path, NULL}});
	assert_int_equal(o.code, 0);
	assert_true(key_public_openssh(key, "a comment", &line));
	assert_string_equal(o.out, line.ptr);
	proc_outcome_release(&o);
	o = proc_run(&(struct proc_options){.argv = (const char *const[]){"ssh-keygen", "-l", "-f", path, NULL}});
	assert_true(key_fingerprint_sha256(key, &print));
	assert_non_null(strstr(o.out, print.ptr));
	proc_outcome_release(&o);
	buf_clear(&print);
	o = proc_run(&(struct proc_options){.argv = (const char *const[]){"ssh-keygen", "-l", "-E", "md5", "-f", path, NULL}});
	assert_true(key_fingerprint_md5(key, &print));
	assert_non_null(strstr(o.out, print.ptr));
	proc_outcome_release(&o);
	unlink(path);
}

static void pairs_go_there_and_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		struct key *key = key_new(kinds[i].kind, kinds[i].bits);
		assert_non_null(key);
		assert_string_equal(key_algorithm(key), kinds[i].algorithm);
		if (kinds[i].bits)
			assert_int_equal(key_bits(key), kinds[i].bits);
		AUTO_SECRET struct secret text = SECRET_INIT;
		key_private_pem(key, &text);
		assert_memory_equal(text.ptr, kinds[i].pem, strlen(kinds[i].pem));
		gives_again(key, &text);
		key_private_pkcs8(key, &text);
		assert_memory_equal(text.ptr, "-----BEGIN PRIVATE KEY-----\n", 28);
		gives_again(key, &text);
		AUTO_BUF struct buf line = BUF_INIT;
		AUTO_BUF struct buf pem = BUF_INIT;
		AUTO_BUF struct buf again = BUF_INIT;
		const char *why;
		key_public_pem(key, &pem);
		struct key *public_key = key_from_public(pem.ptr, pem.len, &why);
		assert_non_null(public_key);
		assert_false(key_is_private(public_key));
		assert_string_equal(public_of(public_key, &again), pem.ptr);
		key_free(public_key);
		assert_int_equal(key_private_openssh(key, NULL, &text), kinds[i].ssh);
		assert_int_equal(key_public_openssh(key, NULL, &line), kinds[i].ssh);
		if (kinds[i].ssh) {
			gives_again(key, &text);
			public_key = key_from_public(line.ptr, line.len, &why);
			assert_non_null(public_key);
			assert_string_equal(public_of(public_key, &again), pem.ptr);
			key_free(public_key);
			check_with_ssh_keygen(key);
		}
		key_free(key);
	}
	assert_null(key_new(KEY_RSA, 100));
	assert_null(key_new(KEY_ECDSA, 255));
}

static void damaged_keys_are_refused(void **state)
{
	(void)state;
	static const char *const texts[] = {
		"", "nonsense", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n",
		"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----\n",
		"-----BEGIN OPENSSH PRIVATE KEY-----\n!\n-----END OPENSSH PRIVATE KEY-----\n",
		"-----END OPENSSH PRIVATE KEY----------BEGIN OPENSSH PRIVATE KEY-----",
		"ssh-rsa", "ssh-rsa AAAA", "ssh-rsa AAAAB3NzaC1yc2E=", "ssh-ed25519 AAAAB3NzaC1yc2E= x",
	};
	const char *why = NULL;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		assert_null(key_from_private(texts[i], strlen(texts[i]), NULL, &why));
		assert_non_null(why);
		assert_null(key_from_public(texts[i], strlen(texts[i]), &why));
	}
}

static void rsa_decrypts(void **state)
{
	(void)state;
	struct key *key = key_new(KEY_RSA, 0), *other = key_new(KEY_ED25519, 0);
	AUTO_BUF struct buf sealed = BUF_INIT;
	AUTO_SECRET struct secret plain = SECRET_INIT;
	assert_true(key_encrypt(key, "Administrator's", 15, &sealed));
	assert_int_equal(sealed.len, 256);
	assert_true(key_decrypt(key, sealed.ptr, sealed.len, &plain));
	assert_string_equal(secret_text(&plain), "Administrator's");
	assert_false(key_decrypt(key, sealed.ptr, sealed.len - 1, &plain));
	assert_false(key_decrypt(other, sealed.ptr, sealed.len, &plain));
	key_free(key);
	key_free(other);
}

static void sealed_is_sealed(void **state)
{
	(void)state;
	unsigned char key[SEAL_KEY_SIZE] = {1, 2, 3};
	AUTO_BUF struct buf one = BUF_INIT;
	AUTO_BUF struct buf two = BUF_INIT;
	AUTO_SECRET struct secret plain = SECRET_INIT;
	seal(key, "row 1", 5, "password", 8, &one);
	seal(key, "row 1", 5, "password", 8, &two);
	assert_int_equal(one.len, 8 + SEAL_OVERHEAD);
	assert_memory_not_equal(one.ptr, two.ptr, one.len);
	assert_true(seal_open(key, "row 1", 5, one.ptr, one.len, &plain));
	assert_string_equal(secret_text(&plain), "password");
	assert_false(seal_open(key, "row 2", 5, one.ptr, one.len, &plain));
	assert_string_equal(secret_text(&plain), "");
	for (size_t i = 0; i < one.len; i++) {
		one.ptr[i] ^= 1;
		assert_false(seal_open(key, "row 1", 5, one.ptr, one.len, &plain));
		one.ptr[i] ^= 1;
		assert_false(seal_open(key, "row 1", 5, one.ptr, i, &plain));
	}
	key[31] = 9;
	assert_false(seal_open(key, "row 1", 5, one.ptr, one.len, &plain));
	buf_clear(&one);
	seal(key, NULL, 0, NULL, 0, &one);
	assert_true(seal_open(key, NULL, 0, one.ptr, one.len, &plain));
	assert_int_equal(plain.len, 0);
}

/* RFC 7914, section 12, and RFC 6070 with the vectors that Josefsson gave for SHA-256. */
static void known_derivations(void **state)
{
	(void)state;
	unsigned char key[64];
	AUTO_BUF struct buf hex = BUF_INIT;
	assert_true(seal_key_from_passphrase(&(struct seal_cost){SEAL_SCRYPT, 1024, 8, 16}, "password", "NaCl", 4, key, 64));
	hex_encode(key, 16, &hex);
	assert_string_equal(hex.ptr, "fdbabe1c9d3472007856e7190d01e9fe");
	buf_clear(&hex);
	assert_true(seal_key_from_passphrase(&(struct seal_cost){.kdf = SEAL_PBKDF2_SHA256, .rounds = 80000}, "Password", "NaCl", 4, key,
					     64));
	hex_encode(key, 16, &hex);
	assert_string_equal(hex.ptr, "4ddcd8f60b98be21830cee5ef22701f9");
	assert_false(seal_key_from_passphrase(&(struct seal_cost){.kdf = SEAL_PBKDF2_SHA512}, "p", "s", 1, key, 64));
	assert_false(seal_key_from_passphrase(&(struct seal_cost){SEAL_SCRYPT, 1u << 30, 8, 1}, "p", "s", 1, key, 64));
	assert_true(seal_key_from_passphrase(&seal_usual_cost, "p", "s", 1, key, SEAL_KEY_SIZE));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pairs_go_there_and_back), cmocka_unit_test(damaged_keys_are_refused), cmocka_unit_test(rsa_decrypts),
		cmocka_unit_test(sealed_is_sealed),	   cmocka_unit_test(known_derivations),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
