/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Output goes where cloud-init sends it on Ubuntu's and Amazon's images: to /var/log/cloud-init-output.log and to the
 * console.
 */
#include "sandbox/host/boot.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "sandbox/host/shim.h"
#include "sandbox/host/user_data.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define INSTANCE "/var/lib/cloud/instance"

static void note(const char *level, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void note(const char *level, const char *fmt, ...)
{
	char who[32];
	snprintf(who, sizeof(who), "- sandbox[%s]", level);
	va_list args;
	va_start(args, fmt);
	host_log("/var/log/cloud-init.log", 0640, who, fmt, args);
	va_end(args);
}

static void told(const char *what)
{
	note("WARNING", "%s", what);
	printf("[sandbox] %s\n", what);
	fflush(stdout);
}

/* What went wrong, for `cloud-init status`, too. */
static void failed(const char *what)
{
	AUTO_FD int fd = open(INSTANCE "/sandbox-errors", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	told(what);
	if (fd >= 0 && write(fd, what, strlen(what)) >= 0 && write(fd, "\n", 1) >= 0)
		return;
	note("WARNING", "%s", strerror(errno));
}

/* From here on, output has two ends. */
static void split_output(void)
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		return;
	pid_t pid = fork();
	if (!pid) {
		setsid();
		dup2(ends[0], STDIN_FILENO);
		execl("/usr/bin/tee", "tee", "-a", "/var/log/cloud-init-output.log", NULL);
		_exit(127);
	}
	if (pid > 0) {
		dup2(ends[1], STDOUT_FILENO);
		dup2(ends[1], STDERR_FILENO);
	}
	close(ends[0]);
	close(ends[1]);
}

/* -1: not started. */
static int run(const char *const *argv)
{
	int status = 0;
	pid_t pid = fork();
	if (!pid) {
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		printf("[sandbox] %s: %s\n", argv[0], strerror(errno));
		fflush(stdout);
		_exit(127);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -1;
	}
	return pid < 0 ? -1 : WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static bool write_step(const struct user_step *step)
{
	AUTO_BUF struct buf folder = BUF_INIT;
	const char *slash = strrchr(step->path, '/');
	buf_add(&folder, step->path, (size_t)(slash - step->path));
	if (folder.len && !make_directories(folder.ptr, 0755))
		return false;
	AUTO_FD int fd = open(step->path, O_WRONLY | O_CREAT | O_CLOEXEC | (step->append ? O_APPEND : O_TRUNC), step->mode);
	return fd >= 0 && (step->append || fchmod(fd, step->mode) == 0) && write(fd, step->bytes, step->len) == (ssize_t)step->len;
}

static void do_step(const struct user_step *step)
{
	AUTO_BUF struct buf what = BUF_INIT;
	if (!write_step(step)) {
		buf_addf(&what, "cannot write %s: %s", step->path, strerror(errno));
		failed(buf_text(&what));
		return;
	}
	note("DEBUG", "Wrote %s (%zu bytes)", step->path, step->len);
	if (!step->run)
		return;
	struct timespec from, to;
	clock_gettime(CLOCK_MONOTONIC, &from);
	bool named = step->len > 2 && !memcmp(step->bytes, "#!", 2);
	int code = run((const char *const[]){named ? step->path : "/bin/sh", named ? NULL : step->path, NULL});
	clock_gettime(CLOCK_MONOTONIC, &to);
	note("DEBUG", "Ran %s: exit code %d after %.2f s", step->path, code,
	     (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9);
	if (code != 0) {
		buf_addf(&what, "Failed to run %s: exit code %d", step->path, code);
		failed(buf_text(&what));
	}
}

static void do_phases(const struct user_data *data, enum user_phase from, enum user_phase to)
{
	for (size_t i = 0; data && i < data->count; i++) {
		if (data->steps[i].phase >= from && data->steps[i].phase <= to)
			do_step(&data->steps[i]);
	}
}

/* What users put there is run at each boot. */
static void run_folder(const char *folder)
{
	struct arena *arena = arena_new();
	char **names;
	size_t count;
	if (directory_list(arena, folder, &names, &count)) {
		for (size_t i = 0; i < count; i++) {
			const char *path = path_join(arena, folder, names[i]);
			int code = access(path, X_OK) == 0 ? run((const char *const[]){path, NULL}) : 0;
			if (code != 0)
				failed(arena_printf(arena, "Failed to run %s: exit code %d", path, code));
		}
	}
	arena_free(arena);
}

static void each_line(const char *text, void (*tell)(const char *line))
{
	for (const char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
		AUTO_BUF struct buf one = BUF_INIT;
		buf_add(&one, line, (size_t)(end - line));
		tell(buf_text(&one));
	}
}

static void finish(void)
{
	struct timespec up;
	clock_gettime(CLOCK_BOOTTIME, &up);
	AUTO_BUF struct buf text = BUF_INIT;
	buf_addf(&text, "%lld.%02ld - the sandbox's cloud-init\n", (long long)up.tv_sec, up.tv_nsec / 10000000);
	if (!file_write(INSTANCE "/boot-finished", text.ptr, text.len, 0644))
		note("WARNING", "cannot write boot-finished: %s", strerror(errno));
}

void boot_prepare(void)
{
	(void)!unlink(INSTANCE "/boot-finished");
}

/*
 * Whether user data has yet to be run. As cloud-init, by a mark that is set before it begins: a host that is rebooted
 * before that runs it at the next boot, one that is rebooted in the middle does not run it again.
 */
static bool is_first(void)
{
	AUTO_FD int fd = make_directories(INSTANCE "/sem", 0755) ? open(INSTANCE "/sem/config_scripts_user", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644) : -1;
	if (fd < 0 && errno != EEXIST)
		note("WARNING", "cannot write %s: %s", INSTANCE "/sem/config_scripts_user", strerror(errno));
	return fd >= 0 || errno != EEXIST;
}

NORETURN void boot_live(const struct user_data *data)
{
	static const char *const again[][6] = {
		{"systemctl", "sandbox-boot", NULL},
		{"docker", "sandbox-boot", NULL},
		{SANDBOX_RUN "/infra", "sandbox", "shim", "cron", "reboot", NULL},
	};
	setsid();
	split_output();
	bool first = is_first();
	printf("Cloud-init (the sandbox's) begins, %s boot.\n", first ? "first" : "a later");
	fflush(stdout);
	if (first && data) {
		each_line(data->errors, failed);
		each_line(data->warnings, told);
	}
	/* as an init system does before anything else; what cannot be mounted is told of and hinders nothing */
	if (!first && access("/etc/fstab", R_OK) == 0)
		(void)run((const char *const[]){"mount", "-a", NULL});
	do_phases(data, USER_BOOT, USER_BOOT);
	for (size_t i = 0; !first && i < ARRAY_LEN(again); i++)
		(void)run(again[i]);
	if (first)
		do_phases(data, USER_FILES, USER_SCRIPTS);
	else if (data && data->always)
		do_phases(data, USER_SCRIPTS, USER_SCRIPTS);
	run_folder("/var/lib/cloud/scripts/per-boot");
	finish();
	if (first)
		do_phases(data, USER_END, USER_END);
	puts("Cloud-init (the sandbox's) finished.");
	fflush(stdout);
	_exit(0);
}
