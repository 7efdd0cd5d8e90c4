/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include "base/vec.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *file_endless(const char *path)
{
	struct stat st, null;
	if (stat(path, &st) < 0)
		return NULL;
	if (S_ISFIFO(st.st_mode))
		return "a pipe";
	if (S_ISSOCK(st.st_mode))
		return "a socket";
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return NULL;
	return stat("/dev/null", &null) < 0 || null.st_rdev != st.st_rdev ? "a device" : NULL;
}

bool file_read(const char *path, size_t limit, struct buf *out)
{
	if (!limit)
		limit = (size_t)1 << 30;
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	struct stat st;
	if (fstat(fd, &st) < 0)
		return false;
	if (S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return false;
	}
	if (S_ISREG(st.st_mode) && (uint64_t)st.st_size <= limit)
		buf_reserve(out, (size_t)st.st_size + 1);
	size_t total = 0;
	for (;;) {
		buf_reserve(out, 8192);
		ssize_t n = read(fd, out->ptr + out->len, out->cap - out->len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		if (n == 0)
			break;
		out->len += (size_t)n;
		total += (size_t)n;
		if (total > limit) {
			errno = EFBIG;
			return false;
		}
	}
	out->ptr[out->len] = '\0';
	return true;
}

static bool write_all(int fd, const char *p, size_t len)
{
	while (len) {
		ssize_t n = write(fd, p, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		p += n;
		len -= (size_t)n;
	}
	return true;
}

static bool sync_directory_of(const char *path)
{
	AUTO_FREE char *copy = xstrdup(path);
	char *slash = strrchr(copy, '/');
	if (slash)
		slash[slash == copy] = '\0';
	AUTO_FD int fd = open(slash ? copy : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd >= 0 && (fsync(fd) == 0 || errno == EINVAL);
}

/* Whether a path leads to what a new file beside it must not replace: a device, a pipe, an open file of ours. */
static bool is_written_in_place(const char *path, const struct stat *st)
{
	return (!S_ISREG(st->st_mode) && !S_ISDIR(st->st_mode)) || strncmp(path, "/dev/", 5) == 0 ||
	       strncmp(path, "/proc/", 6) == 0;
}

bool file_write(const char *path, const void *bytes, size_t len, unsigned mode)
{
	struct stat st;
	AUTO_FREE char *behind_links = NULL;
	if (stat(path, &st) == 0) {
		if (is_written_in_place(path, &st))
			return file_overwrite(path, bytes, len, mode);
		behind_links = realpath(path, NULL);
		if (!behind_links)
			return false;
		path = behind_links;
	}
	AUTO_BUF struct buf temporary = BUF_INIT;
	buf_addf(&temporary, "%s.XXXXXX", path);
	AUTO_FD int fd = mkostemp(temporary.ptr, O_CLOEXEC);
	if (fd < 0)
		return false;
	bool ok = fchmod(fd, mode) == 0 && write_all(fd, bytes, len) && fsync(fd) == 0 &&
		  rename(temporary.ptr, path) == 0 && sync_directory_of(path);
	if (!ok) {
		int saved = errno;
		unlink(temporary.ptr);
		errno = saved;
	}
	return ok;
}

bool file_overwrite(const char *path, const void *bytes, size_t len, unsigned mode)
{
	AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0 || (S_ISREG(st.st_mode) && fchmod(fd, mode) < 0))
		return false;
	return write_all(fd, bytes, len) && (fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP);
}

static mode_t user_mask;
static bool is_private;

void file_keep_private(void)
{
	mode_t before = umask(077);
	if (!is_private)
		user_mask = before;
	is_private = true;
}

unsigned file_user_mask(void)
{
	if (is_private)
		return user_mask;
	mode_t now = umask(077);
	umask(now);
	return now;
}

bool make_directories(const char *path, unsigned mode)
{
	AUTO_FREE char *copy = xstrdup(path);
	for (char *p = copy + 1; *p; p++) {
		if (*p != '/')
			continue;
		*p = '\0';
		if (mkdir(copy, mode) < 0 && errno != EEXIST)
			return false;
		*p = '/';
	}
	if (mkdir(copy, mode) < 0) {
		struct stat st;
		if (errno != EEXIST || stat(copy, &st) < 0)
			return false;
		if (!S_ISDIR(st.st_mode)) {
			errno = ENOTDIR;
			return false;
		}
	}
	return true;
}

char *path_join(struct arena *arena, const char *a, const char *b)
{
	if (*b == '/' || !*a || !strcmp(a, "."))
		return arena_strdup(arena, b);
	size_t n = strlen(a);
	return arena_printf(arena, "%s%s%s", a, a[n - 1] == '/' ? "" : "/", b);
}

char *path_clean(struct arena *arena, const char *path)
{
	bool absolute = *path == '/';
	char *out = arena_alloc_text(arena, strlen(path) + 3);
	size_t n = 0, fixed = 0; /* what lies before `fixed` cannot be taken back by ".." */
	if (absolute)
		out[n++] = '/';
	fixed = n;
	for (const char *p = path; *p;) {
		size_t len = strcspn(p, "/");
		if (len == 2 && p[0] == '.' && p[1] == '.') {
			if (n > fixed) {
				while (n > fixed && out[n - 1] != '/')
					n--;
				if (n > fixed)
					n--;
			} else if (!absolute) {
				if (n)
					out[n++] = '/';
				memcpy(out + n, "..", 2);
				n += 2;
				fixed = n;
			}
		} else if (len && !(len == 1 && p[0] == '.')) {
			if (n && out[n - 1] != '/')
				out[n++] = '/';
			memcpy(out + n, p, len);
			n += len;
		}
		p += len;
		while (*p == '/')
			p++;
	}
	if (!n)
		out[n++] = '.';
	out[n] = '\0';
	return out;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

bool directory_list(struct arena *arena, const char *path, char ***names, size_t *count)
{
	DIR *dir = opendir(path);
	if (!dir)
		return false;
	VEC(char *) found = {0};
	int failed = 0;
	for (;;) {
		errno = 0;
		struct dirent *entry = readdir(dir);
		if (!entry) {
			failed = errno;
			break;
		}
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			vec_add(&found, arena_strdup(arena, entry->d_name));
	}
	closedir(dir);
	if (found.count)
		qsort(found.items, found.count, sizeof(*found.items), compare_names);
	*names = vec_copy(&found, arena);
	*count = found.count;
	vec_free(&found);
	errno = failed;
	return !failed;
}
