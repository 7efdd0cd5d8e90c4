/* SPDX-License-Identifier: Apache-2.0 */
/* The words that ssh's helper says to reach a host, in one piece or (first byte) in two. */
#include "sandbox/host/connect.c" /* who reads them is not for others to call */

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void say(int fd, struct caller *c, const uint8_t *bytes, size_t len)
{
	if (len && send(fd, bytes, len, MSG_NOSIGNAL) > 0 && c)
		on_words(c, c->fd, LOOP_READ);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	static struct guests guests;
	int ends[2];
	if (!guests.loop)
		guests.loop = loop_new();
	guests.disks = "/nonexistent";
	if (len < 2 || len > 512 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) < 0)
		return 0;
	struct caller *c = xcalloc(1, sizeof(*c));
	*c = (struct caller){.guests = &guests, .fd = ends[1], .socket = -1};
	loop_watch_fd(guests.loop, ends[1], LOOP_READ, on_words, c);
	size_t first = bytes[0] < len - 1 ? bytes[0] : len - 1;
	bool whole = memchr(bytes + 1, '\n', first) != NULL;
	say(ends[0], c, bytes + 1, first);
	if (!whole && first) /* it still listens */
		say(ends[0], c, bytes + 1 + first, len - 1 - first);
	whole |= first && memchr(bytes + 1, '\n', len - 1) != NULL;
	close(ends[0]);
	if (!whole) {
		if (first)
			on_words(c, ends[1], LOOP_READ); /* its end */
		else
			caller_free(c);
	}
	return 0;
}
