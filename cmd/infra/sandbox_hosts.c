/* SPDX-License-Identifier: Apache-2.0 */
/* infra sandbox console, shims, shim: the inside of the sandbox's hosts. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "cmd/infra/command.h"
#include "cmd/infra/sandbox.h"
#include "sandbox/host/connect.h"
#include "sandbox/host/shim.h"
#include "sandbox/host/shims.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Copies what has come since; false when it cannot be read. */
static bool copy_news(int fd)
{
	char bytes[16384];
	ssize_t got;
	while ((got = read(fd, bytes, sizeof(bytes))) > 0) {
		if (fwrite(bytes, 1, (size_t)got, stdout) != (size_t)got)
			return false;
	}
	return got == 0 && fflush(stdout) == 0;
}

static int show(const char *dir, const char *host, bool follow)
{
	AUTO_BUF struct buf id = BUF_INIT, why = BUF_INIT, path = BUF_INIT;
	/* of a host that does not run there is still the id */
	if (!connect_host_id(dir, host, &id, &why) && (strncmp(host, "i-", 2) != 0 || strchr(host, '/'))) {
		fprintf(stderr, "infra sandbox console: %s.\n", buf_text(&why));
		return EXIT_FAILED;
	}
	buf_addf(&path, "%s/hosts/%s/console", dir, id.len ? id.ptr : host);
	AUTO_FD int fd = open(buf_text(&path), O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		fprintf(stderr, "infra sandbox console: %s has no console here: %s.\n", host, strerror(errno));
		return EXIT_FAILED;
	}
	bool ok = copy_news(fd);
	while (ok && follow && access(buf_text(&path), F_OK) == 0) {
		nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
		ok = copy_news(fd);
	}
	return ok ? EXIT_DONE : EXIT_FAILED;
}

int sandbox_console(int argc, char **argv)
{
	static const char help[] = "Usage: infra sandbox console [-dir=DIR] [-f] HOST\n\nPrints what a host of the sandbox cloud has written to its console: its keys, its user data's output.\n"
				   "HOST is its id, an address or its public name.\n\n  -f    go on as more comes, until it is terminated";
	struct sandbox_options o = {.takes = 1};
	const char *follow = NULL;
	const struct sandbox_option table[] = {{"f", false, &follow}, {NULL, false, NULL}};
	if (sandbox_options(&o, argc, argv, table, help)) {
		if (o.words == 1)
			o.code = show(o.dir, o.word[0], follow != NULL);
		else
			fprintf(stderr, "%s\n", help);
	}
	sandbox_release(&o);
	return o.code;
}

int sandbox_shims(int argc, char **argv)
{
	struct sandbox_options o = {0};
	const struct sandbox_option table[] = {{NULL, false, NULL}};
	if (sandbox_options(&o, argc, argv, table,
			    "Usage: infra sandbox shims\n\nLists the programs that mean something else inside the hosts of the sandbox cloud, and what they do.\n"
			    "What they leave undone stands in /var/log/sandbox-shims.log of each host.")) {
		AUTO_BUF struct buf text = BUF_INIT;
		shims_describe(&text);
		fputs(buf_text(&text), stdout);
		o.code = EXIT_DONE;
	}
	sandbox_release(&o);
	return o.code;
}

int sandbox_shim(int argc, char **argv)
{
	return shim_main(argc - 1, argv + 1);
}
