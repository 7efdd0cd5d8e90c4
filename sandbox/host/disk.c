/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/host/disk.h"

#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static int open_folder(const char *disk, const char *folder)
{
	AUTO_FD int top = open(disk, O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct open_how how = {.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC, .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS};
	return top < 0 ? -1 : (int)syscall(SYS_openat2, top, folder, &how, sizeof(how));
}

int disk_read(const char *disk, const char *folder, const char *name, size_t limit, struct buf *out)
{
	AUTO_FD int at = open_folder(disk, folder);
	AUTO_FD int fd = at < 0 ? -1 : openat(at, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	char bytes[4096];
	ssize_t got = 0;
	if (fd < 0)
		return at >= 0 && errno == ELOOP ? ENOENT : errno;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || (size_t)st.st_size > limit)
		return ENOENT;
	for (size_t total = 0; total <= limit && (got = read(fd, bytes, sizeof(bytes))) > 0; total += (size_t)got)
		buf_add(out, bytes, (size_t)got);
	return got < 0 ? errno : 0;
}

int disk_write(const char *disk, const char *folder, const char *name, const struct buf *text)
{
	AUTO_FD int at = open_folder(disk, folder);
	AUTO_BUF struct buf draft = BUF_INIT;
	buf_addf(&draft, ".%s.new", name);
	if (at < 0 || (unlinkat(at, draft.ptr, 0) < 0 && errno != ENOENT))
		return errno;
	AUTO_FD int fd = openat(at, draft.ptr, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0 || fchmod(fd, 0644) < 0)
		return errno;
	ssize_t written = write(fd, buf_text(text), text->len);
	if (written != (ssize_t)text->len)
		return written < 0 ? errno : ENOSPC;
	return renameat(at, draft.ptr, at, name) < 0 ? errno : 0;
}
