/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/key_text.h"

#include "base/buf.h"
#include "base/keys.h"

#include <string.h>

/* Type and key of a line "ssh-ed25519 AAAA... comment": what makes two the same. */
static size_t key_length(const char *line)
{
	size_t type = strcspn(line, " \t"), gap = strspn(line + type, " \t");
	size_t blob = strcspn(line + type + gap, " \t\r\n");
	return type && gap && blob > 32 ? type + gap + blob : 0;
}

bool key_lines_equal(const char *a, const char *b)
{
	size_t len = key_length(a);
	return len && len == key_length(b) && !strncmp(a, b, len);
}

bool private_key_fits(const char *text, const char *public_key)
{
	const char *why;
	struct key *key = text && strstr(text, "PRIVATE KEY") ? key_from_private(text, strlen(text), NULL, &why) : NULL;
	AUTO_BUF struct buf line = BUF_INIT;
	bool fits = key && key_public_openssh(key, NULL, &line) && key_lines_equal(buf_text(&line), public_key);
	key_free(key);
	return fits;
}
