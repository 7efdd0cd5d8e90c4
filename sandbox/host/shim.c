/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/host/shim.h"

#include "base/buf.h"
#include "sandbox/host/cron.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

void host_log(const char *path, unsigned mode, const char *who, const char *fmt, va_list args)
{
	AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, mode);
	AUTO_BUF struct buf line = BUF_INIT;
	char when[32];
	time_t now = time(NULL);
	struct tm tm;
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", localtime_r(&now, &tm));
	buf_addf(&line, "%s %s: ", when, who);
	buf_vaddf(&line, fmt, args);
	buf_addc(&line, '\n');
	if (fd < 0 || write(fd, line.ptr, line.len) < 0)
		fputs(line.ptr, stderr); /* then it is told at once */
}

void shim_note(const char *name, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	host_log("/var/log/sandbox-shims.log", 0644, name, fmt, args);
	va_end(args);
}

int shim_real(char **argv)
{
	static const char *const places[] = {"bin", "sbin"};
	AUTO_BUF struct buf path = BUF_INIT;
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		buf_clear(&path);
		buf_addf(&path, SANDBOX_RUN "/usr/%s/%s", places[i], argv[0]);
		execv(buf_text(&path), argv);
	}
	fprintf(stderr, "%s: the machine under this sandbox has no such program\n", argv[0]);
	return 127;
}

/* Init answers to systemd's own signals for this (systemd(1), "Signals"). */
static int shim_power(int argc, char **argv)
{
	(void)argc;
	if (kill(1, SIGRTMIN + (strcmp(argv[0], "reboot") == 0 ? 5 : 4)) == 0)
		return 0;
	fprintf(stderr, "%s: %s\n", argv[0], strerror(errno));
	return 1;
}

int shim_main(int argc, char **argv)
{
	static const struct {
		const char *names;
		int (*run)(int argc, char **argv);
	} table[] = {
		{" mount mount.nfs mount.nfs4 mount.efs ", shim_mount},
		{" umount umount.nfs umount.nfs4 ", shim_umount},
		{" serve ", shim_serve},
		{" cron ", shim_cron},
		{" poweroff halt reboot ", shim_power},
		{" ", shim_disk},
	};
	AUTO_BUF struct buf name = BUF_INIT;
	if (argc < 1 || access(SANDBOX_RUN, X_OK) < 0) {
		fprintf(stderr, "infra sandbox shim is what programs inside a host of the sandbox call.\n");
		return 3;
	}
	buf_addf(&name, " %s ", argv[0]);
	size_t i = 0;
	while (i + 1 < ARRAY_LEN(table) && !strstr(table[i].names, buf_text(&name)))
		i++;
	return table[i].run(argc, argv);
}
