/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "base/digest.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct buf out;

static const char *hex(const unsigned char *bytes, size_t len)
{
	buf_clear(&out);
	hex_encode(bytes, len, &out);
	return buf_text(&out);
}

/* FIPS 180-4 and RFC 1321: "abc". */
static void known_digests(void **state)
{
	(void)state;
	static const struct {
		enum digest_kind kind;
		const char *want;
	} cases[] = {
		{DIGEST_MD5, "900150983cd24fb0d6963f7d28e17f72"},
		{DIGEST_SHA1, "a9993e364706816aba3e25717850c26c9cd0d89d"},
		{DIGEST_SHA256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
		{DIGEST_SHA384, "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
				"8086072ba1e7cc2358baeca134c825a7"},
		{DIGEST_SHA512, "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
				"2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
	};
	char path[] = "/tmp/test_digest.XXXXXX";
	int fd = mkstemp(path);
	assert_int_equal(write(fd, "abc", 3), 3);
	close(fd);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		unsigned char got[DIGEST_MAX];
		digest_bytes(cases[i].kind, "abc", 3, got);
		assert_string_equal(hex(got, digest_size(cases[i].kind)), cases[i].want);
		struct digest *pieces = digest_start(cases[i].kind);
		digest_add(pieces, "a", 1);
		digest_add(pieces, "bc", 2);
		digest_finish(pieces, got);
		assert_string_equal(hex(got, digest_size(cases[i].kind)), cases[i].want);
		assert_true(digest_file(cases[i].kind, path, got));
		assert_string_equal(hex(got, digest_size(cases[i].kind)), cases[i].want);
	}
	unlink(path);
	unsigned char got[DIGEST_MAX];
	assert_false(digest_file(DIGEST_MD5, path, got));
	assert_int_equal(errno, ENOENT);
}

/* RFC 4231, cases 2 and 6. */
static void known_authentication(void **state)
{
	(void)state;
	unsigned char got[DIGEST_MAX], key[131];
	memset(key, 0xaa, sizeof(key));
	hmac_bytes(DIGEST_SHA256, "Jefe", 4, "what do ya want for nothing?", 28, got);
	assert_string_equal(hex(got, 32), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	const char *text = "Test Using Larger Than Block-Size Key - Hash Key First";
	hmac_bytes(DIGEST_SHA256, key, sizeof(key), text, strlen(text), got);
	assert_string_equal(hex(got, 32), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
	hmac_bytes(DIGEST_SHA256, NULL, 0, "", 0, got);
	assert_string_equal(hex(got, 32), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
	assert_int_equal(crc32_add(0, "123456789", 9), 0xCBF43926);
	assert_int_equal(crc32_add(crc32_add(0, "1234", 4), "56789", 5), 0xCBF43926);
}

/* RFC 4648, section 10, and what a strict reader refuses. */
static void base64_is_strict(void **state)
{
	(void)state;
	static const char *const cases[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="},
					       {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}, {"\xff\xfe\xfb", "//77"}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		buf_clear(&out);
		base64_encode(BASE64_STANDARD, cases[i][0], strlen(cases[i][0]), &out);
		assert_string_equal(buf_text(&out), cases[i][1]);
		buf_clear(&out);
		assert_true(base64_decode(BASE64_STANDARD, cases[i][1], strlen(cases[i][1]), &out));
		assert_string_equal(buf_text(&out), cases[i][0]);
	}
	static const char *const bad[] = {"Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm 9v", "Zm9v\n", "=", "====", "Z===", "__77", "Zg==Zg=="};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		buf_clear(&out);
		buf_adds(&out, "kept");
		assert_false(base64_decode(BASE64_STANDARD, bad[i], strlen(bad[i]), &out));
		assert_string_equal(buf_text(&out), "kept");
	}
	buf_clear(&out);
	base64_encode(BASE64_URL_UNPADDED, "\xff\xfe\xfb\xff", 4, &out);
	assert_string_equal(buf_text(&out), "__77_w");
	assert_true(base64_decode(BASE64_URL_UNPADDED, "__77_w", 6, &out));
	assert_false(base64_decode(BASE64_URL, "__77_w", 6, &out));
	assert_true(base64_decode(BASE64_URL, "__77_w==", 8, &out));
	assert_false(base64_decode(BASE64_URL_UNPADDED, "__77_w==", 8, &out));
}

static void hexadecimal(void **state)
{
	(void)state;
	buf_clear(&out);
	assert_true(hex_decode("00fFa0", 6, &out));
	assert_memory_equal(out.ptr, "\0\xff\xa0", 3);
	assert_false(hex_decode("0", 1, &out));
	assert_false(hex_decode("0g", 2, &out));
}

static void random_values_differ(void **state)
{
	(void)state;
	char a[37], b[37];
	random_uuid(a);
	random_uuid(b);
	assert_string_not_equal(a, b);
	assert_int_equal(strlen(a), 36);
	assert_int_equal(a[14], '4');
	assert_non_null(strchr("89ab", a[19]));
	buf_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_digests),
		cmocka_unit_test(known_authentication),
		cmocka_unit_test(base64_is_strict),
		cmocka_unit_test(hexadecimal),
		cmocka_unit_test(random_values_differ),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
