/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/infra/key_file.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/keys.h"
#include "base/secret.h"

#include <string.h>

const char *key_file_refused(const char *public_text)
{
	const char *why = NULL;
	struct key *key = key_from_public(public_text, strlen(public_text), &why);
	key_free(key);
	return key ? NULL : why;
}

bool key_file_is_another(const char *private_file, const char *public_text)
{
	AUTO_BUF struct buf text = BUF_INIT, wanted = BUF_INIT, got = BUF_INIT;
	const char *why;
	struct key *public = key_from_public(public_text, strlen(public_text), &why);
	struct key *private = file_read(private_file, 1 << 20, &text) ? key_from_private(buf_text(&text), text.len, NULL, &why) : NULL;
	bool other = public && private && key_public_openssh(public, NULL, &wanted) && key_public_openssh(private, NULL, &got) &&
		     strcmp(buf_text(&wanted), buf_text(&got)) != 0;
	if (text.len)
		wipe(text.ptr, text.len);
	key_free(public);
	key_free(private);
	return other;
}
