/* SPDX-License-Identifier: Apache-2.0 */
#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

void wipe(void *ptr, size_t len)
{
	if (len)
		explicit_bzero(ptr, len);
}

void secret_release(struct secret *secret)
{
	wipe(secret->ptr, secret->len);
	free(secret->ptr);
	*secret = (struct secret)SECRET_INIT;
}

void secret_set(struct secret *secret, const void *bytes, size_t len)
{
	char *copy = xmalloc(len + 1);
	if (len)
		memcpy(copy, bytes, len);
	copy[len] = '\0';
	secret_release(secret);
	*secret = (struct secret){copy, len};
}

void secret_set_text(struct secret *secret, const char *text)
{
	if (text)
		secret_set(secret, text, strlen(text));
	else
		secret_release(secret);
}

const char *secret_text(const struct secret *secret)
{
	return secret->ptr ? secret->ptr : "";
}

bool secret_equal(const struct secret *secret, const void *bytes, size_t len)
{
	if (secret->len != len)
		return false;
	unsigned char difference = 0;
	for (size_t i = 0; i < len; i++)
		difference |= (unsigned char)(secret->ptr[i] ^ ((const char *)bytes)[i]);
	return !difference;
}
