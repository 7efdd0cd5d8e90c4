/* SPDX-License-Identifier: Apache-2.0 */
/* Host keys from a console, which shows whatever a host has printed: only lines of keys may come of it. */
#include "base/buf.h"
#include "jobs/hosts.h"
#include "jobs/known_hosts.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t len)
{
	AUTO_BUF struct buf text = BUF_INIT, out = BUF_INIT;
	buf_add(&text, bytes, len);
	size_t count = console_keys(buf_text(&text), "i-1", &out), lines = 0;
	console_is_over(buf_text(&text));
	for (const char *line = buf_text(&out); *line; lines++) {
		size_t n = strcspn(line, "\n");
		if (strncmp(line, "i-1 ", 4) != 0 || line[n] != '\n')
			abort();
		for (size_t i = 0; i < n; i++) {
			if ((unsigned char)line[i] < 0x20 || (unsigned char)line[i] > 0x7e)
				abort();
		}
		line += n + 1;
	}
	if (lines != count)
		abort();
	return 0;
}
