/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/local_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { WAITING = 64 }; /* who has come, and was not seen yet */

/*
 * A socket's path has room for 108 bytes, and a directory may be deeper: it is named by way of an open descriptor of
 * the directory, which must stay open until it was used. -1 with errno.
 */
static int address_of(const char *dir, const char *name, struct sockaddr_un *out)
{
	int fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	*out = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(out->sun_path, sizeof(out->sun_path), "/proc/self/fd/%d/%s", fd, name);
	return fd;
}

int local_socket_listen(const char *dir, const char *name)
{
	struct sockaddr_un address;
	AUTO_FD int place = address_of(dir, name, &address);
	AUTO_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (place < 0 || fd < 0 || (unlink(address.sun_path) < 0 && errno != ENOENT) || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, WAITING) < 0)
		return -1;
	return steal_fd(&fd);
}

int local_socket_connect(const char *dir, const char *name)
{
	struct sockaddr_un address;
	AUTO_FD int place = address_of(dir, name, &address);
	AUTO_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (place < 0 || fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -1;
	return steal_fd(&fd);
}

void local_socket_remove(const char *dir, const char *name)
{
	struct sockaddr_un address;
	AUTO_FD int place = address_of(dir, name, &address);
	if (place >= 0)
		(void)!unlink(address.sun_path);
}
