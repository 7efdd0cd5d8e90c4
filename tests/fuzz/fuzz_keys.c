/* SPDX-License-Identifier: Apache-2.0 */
/* Private and public keys; what is read must be written and read again. */
#include "base/buf.h"
#include "base/keys.h"
#include "base/secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	const char *why = NULL;
	struct key *key = key_from_private((const char *)bytes, len, "x", &why);
	if (key) {
		AUTO_SECRET struct secret text = SECRET_INIT;
		key_private_pkcs8(key, &text);
		struct key *again = key_from_private(text.ptr, text.len, NULL, &why);
		if (!again)
			bug("a key that was read cannot be read again: %s", why);
		key_free(again);
	}
	key_free(key);
	key = key_from_public((const char *)bytes, len, &why);
	if (key) {
		AUTO_BUF struct buf text = BUF_INIT;
		key_public_der(key, &text);
		if (key_public_openssh(key, NULL, &text) && !key_fingerprint_sha256(key, &text))
			bug("a key without a fingerprint");
	}
	key_free(key);
	return 0;
}
