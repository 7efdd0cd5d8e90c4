/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run at a time: an advisory lock of the kernel on a file beside the database, which dies with
 * its process; what stands in the file only tells others who holds it.
 */
#include "base/file.h"
#include "state/state_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static bool try_lock(int fd)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	return fcntl(fd, F_OFD_SETLK, &lock) == 0;
}

static void sign(int fd, const char *operation)
{
	char host[256] = "";
	gethostname(host, sizeof(host) - 1);
	char when[32] = "";
	time_t now = time(NULL);
	struct tm tm;
	if (gmtime_r(&now, &tm))
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", &tm);
	AUTO_BUF struct buf text = BUF_INIT;
	buf_addf(&text, "process %ld on %s, \"infra %s\", since %s\n", (long)getpid(), host, operation ? operation : "?", when);
	if (ftruncate(fd, 0) == 0 && pwrite(fd, text.ptr, text.len, 0) < 0)
		return; /* the lock holds without its note */
}

static void read_note(int fd, char *note, size_t size)
{
	ssize_t n = pread(fd, note, size - 1, 0);
	note[n > 0 ? n : 0] = '\0';
	note[strcspn(note, "\n")] = '\0';
}

int state_lock(const char *path, int64_t timeout_ms, const char *operation, struct diags *diags)
{
	AUTO_BUF struct buf name = BUF_INIT;
	buf_addf(&name, "%s.lock", path);
	AUTO_FD int fd = open(buf_text(&name), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		diag_error(diags, SRC_NOWHERE, "The state cannot be locked", "The file %s could not be opened: %s.", buf_text(&name),
			   strerror(errno));
		return -1;
	}
	struct timespec start, now;
	clock_gettime(CLOCK_MONOTONIC, &start);
	while (!try_lock(fd)) {
		if (errno != EAGAIN && errno != EACCES && errno != EINTR) {
			diag_error(diags, SRC_NOWHERE, "The state cannot be locked", "The file %s could not be locked: %s.", buf_text(&name),
				   strerror(errno));
			return -1;
		}
		clock_gettime(CLOCK_MONOTONIC, &now);
		int64_t waited = (now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000;
		if (waited >= timeout_ms) {
			char note[512];
			read_note(fd, note, sizeof(note));
			diag_error(diags, SRC_NOWHERE, "The state is locked",
				   "Another run works with this state: %s. The lock ends with that process. Wait for it, or let this run wait:\n\n    "
				   "-lock-timeout=5m", *note ? note : "it has not said which");
			return -1;
		}
		nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
	}
	sign(fd, operation);
	return steal_fd(&fd);
}

bool state_force_unlock(const char *path, const char *lock_id, struct diags *diags)
{
	(void)lock_id;
	AUTO_BUF struct buf name = BUF_INIT;
	buf_addf(&name, "%s.lock", path);
	AUTO_FD int fd = open(buf_text(&name), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		return true;
	if (fd >= 0 && try_lock(fd)) {
		if (ftruncate(fd, 0) == 0)
			return true;
	}
	char note[512] = "";
	if (fd >= 0)
		read_note(fd, note, sizeof(note));
	diag_error(diags, SRC_NOWHERE, "The lock is in use",
		   "The process that holds the lock is alive: %s. Only its end frees the lock, and nothing is lost when it is stopped: what it "
		   "was doing is recorded.", *note ? note : "it has not said which");
	return false;
}
