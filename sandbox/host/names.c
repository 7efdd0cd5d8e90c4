/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/host/names.h"

#include "base/buf.h"
#include "sandbox/host/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_LIMIT = 4 << 20 };

static const char first_line[] = "# names of the network, kept up to date\n", last_line[] = "# end of the network's names\n";
static const char folder[] = "root/etc", file[] = "hosts";

int names_set(const char *directory, const char *own, const char *names)
{
	AUTO_FD int disk = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (disk < 0 || ((mkdirat(disk, "root", 0755) < 0 || mkdirat(disk, folder, 0755) < 0) && errno != EEXIST))
		return errno;
	AUTO_BUF struct buf old = BUF_INIT, text = BUF_INIT;
	int error = disk_read(directory, folder, file, FILE_LIMIT, &old);
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
	return !error && !strcmp(buf_text(&old), buf_text(&text)) ? 0 : disk_write(directory, folder, file, &text);
}
