/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/host/names.h"

#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FILE_LIMIT = 4 << 20 };

static const char first_line[] = "# names of the network, kept up to date\n", last_line[] = "# end of the network's names\n";
static const char file[] = "hosts", draft[] = ".hosts.new";

static int open_within(int directory, const char *path)
{
	struct open_how how = {.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
	return (int)syscall(SYS_openat2, directory, path, &how, sizeof(how));
}

/* 0, ENOENT or another errno; what is no plain file is as good as none. */
static int read_file(int etc, struct buf *out)
{
	AUTO_FD int fd = openat(etc, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	char bytes[4096];
	ssize_t got;
	if (fd < 0)
		return errno == ELOOP ? ENOENT : errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > FILE_LIMIT)
		return ENOENT;
	while ((got = read(fd, bytes, sizeof(bytes))) > 0)
		buf_add(out, bytes, (size_t)got);
	return got < 0 ? errno : 0;
}

/* In the place of the old file, as a whole. */
static int write_file(int etc, const struct buf *text)
{
	if (unlinkat(etc, draft, 0) < 0 && errno != ENOENT)
		return errno;
	AUTO_FD int fd = openat(etc, draft, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	bool written = fd >= 0 && fchmod(fd, 0644) == 0 && write(fd, text->ptr, text->len) == (ssize_t)text->len;
	return written && renameat(etc, draft, etc, file) == 0 ? 0 : errno;
}

int names_set(const char *directory, const char *own, const char *names)
{
	AUTO_FD int disk = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (disk < 0 || ((mkdirat(disk, "root", 0755) < 0 || mkdirat(disk, "root/etc", 0755) < 0) && errno != EEXIST))
		return errno;
	AUTO_FD int etc = open_within(disk, "root/etc");
	if (etc < 0)
		return errno;
	AUTO_BUF struct buf old = BUF_INIT, text = BUF_INIT;
	int error = read_file(etc, &old);
	if (error == ENOENT)
		buf_adds(&old, own);
	else if (error)
		return error;
	const char *from = strstr(buf_text(&old), first_line), *to = from ? strstr(from, last_line) : NULL;
	bool found = from && to;
	buf_add(&text, old.ptr, found ? (size_t)(from - old.ptr) : old.len);
	if (*names)
		buf_addf(&text, "%s%s%s", first_line, names, last_line);
	if (found)
		buf_adds(&text, to + sizeof(last_line) - 1);
	return !error && !strcmp(buf_text(&old), buf_text(&text)) ? 0 : write_file(etc, &text);
}
