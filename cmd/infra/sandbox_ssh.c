/* SPDX-License-Identifier: Apache-2.0 */
/* infra sandbox connect, ssh-config: the way of ssh into the sandbox's hosts. */
#include "base/arena.h"
#include "base/buf.h"
#include "cmd/infra/command.h"
#include "cmd/infra/sandbox.h"
#include "jobs/quote.h"
#include "sandbox/host/connect.h"
#include "sandbox/world.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char connect_help[] =
	"Usage: infra sandbox connect [-dir=DIR] [-from=ADDRESS] HOST PORT\n\nHands a connection to a host of the sandbox cloud, by its public address or name, to the program that asks on\n"
	"standard output. It is what ssh calls as its ProxyCommand, with ProxyUseFdpass: see infra sandbox ssh-config.";

/* Where on the internet a user is, for rules that let in some. */
static bool is_address(const char *from)
{
	struct in_addr address;
	return !from || inet_pton(AF_INET, from, &address) == 1;
}

int sandbox_connect(int argc, char **argv)
{
	struct sandbox_options o = {.takes = 4};
	const char *from = NULL;
	const struct sandbox_option table[] = {{"from", true, &from}, {NULL, false, NULL}};
	if (!sandbox_options(&o, argc, argv, table, connect_help)) {
		sandbox_release(&o);
		return o.code;
	}
	AUTO_BUF struct buf why = BUF_INIT;
	char *end = NULL;
	unsigned long port = o.words == 2 ? strtoul(o.word[1], &end, 10) : 0;
	int type = 0;
	socklen_t len = sizeof(type);
	o.code = EXIT_USAGE;
	if (!port || *end || port > 65535 || strpbrk(o.word[0], " \n") || !is_address(from)) {
		fprintf(stderr, "%s\n", connect_help);
	} else if (getsockopt(STDOUT_FILENO, SOL_SOCKET, SO_TYPE, &type, &len) < 0) {
		fprintf(stderr, "infra sandbox connect: standard output is no socket that takes a connection; ssh is to be told ProxyUseFdpass yes.\n");
	} else {
		AUTO_FD int fd = connect_ask(o.dir, o.word[0], (unsigned)port, from, &why);
		bool done = fd >= 0 && connect_hand_over(STDOUT_FILENO, fd, "", 1);
		if (!done)
			fprintf(stderr, "infra sandbox connect: %s\n", fd < 0 ? buf_text(&why) : strerror(errno));
		o.code = done ? EXIT_DONE : EXIT_FAILED;
	}
	sandbox_release(&o);
	return o.code;
}

int sandbox_host_key(int argc, char **argv)
{
	struct sandbox_options o = {.takes = 4};
	const struct sandbox_option table[] = {{NULL, false, NULL}};
	static const char help[] = "Usage: infra sandbox host-key [-dir=DIR] HOST\n\nPrints the key by which a host of the sandbox cloud proves itself, as a line of ssh's known_hosts.";
	if (!sandbox_options(&o, argc, argv, table, help)) {
		sandbox_release(&o);
		return o.code;
	}
	AUTO_BUF struct buf why = BUF_INIT, key = BUF_INIT;
	const char *word = o.words == 1 && !strpbrk(o.word[0], " \n") ? o.word[0] : NULL;
	o.code = EXIT_USAGE;
	if (!word) {
		fprintf(stderr, "%s\n", help);
	} else {
		/* ssh writes "[HOST]:PORT" where the port is not its usual one */
		const char *host = *word == '[' ? arena_strndup(o.arena, word + 1, strcspn(word + 1, "]")) : word;
		bool known = connect_host_key(o.dir, host, &key, &why);
		if (known)
			printf("%s %s", word, buf_text(&key));
		else
			fprintf(stderr, "infra sandbox host-key: %s\n", buf_text(&why));
		o.code = known ? EXIT_DONE : EXIT_FAILED;
	}
	sandbox_release(&o);
	return o.code;
}

int sandbox_ssh_config(int argc, char **argv)
{
	struct sandbox_options o = {0};
	const char *from = NULL;
	const struct sandbox_option table[] = {{"from", true, &from}, {NULL, false, NULL}};
	if (sandbox_options(&o, argc, argv, table,
			    "Usage: infra sandbox ssh-config [-dir=DIR] [-from=ADDRESS]\n\nPrints a configuration with which ssh reaches hosts of the sandbox cloud by their public addresses, and hosts\n"
			    "behind them by ProxyJump. Security groups see ADDRESS as where you are; 192.0.2.10 by default.\n\n    infra sandbox ssh-config > ~/.ssh/sandbox.conf\n    ssh -F ~/.ssh/sandbox.conf ubuntu@198.51.100.1\n")) {
		char self[4096];
		ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
		o.code = EXIT_FAILED;
		if (!is_address(from)) {
			fprintf(stderr, "infra sandbox ssh-config: -from is an IPv4 address.\n");
			o.code = EXIT_USAGE;
		} else if (len < 0) {
			fprintf(stderr, "infra sandbox ssh-config: %s\n", strerror(errno));
		} else {
			self[len] = '\0';
			AUTO_BUF struct buf quoted_self = BUF_INIT, quoted_dir = BUF_INIT;
			add_config_quoted(&quoted_self, self);
			add_config_quoted(&quoted_dir, arena_printf(o.arena, "-dir=%s", o.dir));
			const char *program = buf_text(&quoted_self), *directory = buf_text(&quoted_dir);
			/* addresses go from host to host: nothing is remembered, each key is asked for (by OpenSSH from 8.5 on) */
			printf("# Hosts of the sandbox cloud in %s\n"
			       "Host 198.51.100.* 198.18.* 198.19.* ec2-198-51-100-* ec2-198-18-* ec2-198-19-*\n"
			       "    ProxyCommand %s sandbox connect %s%s%s %%h %%p\n"
			       "    ProxyUseFdpass yes\n"
			       "    IgnoreUnknown KnownHostsCommand\n"
			       "    KnownHostsCommand %s sandbox host-key %s %%H\n"
			       "    UserKnownHostsFile /dev/null\n"
			       "    StrictHostKeyChecking accept-new\n",
			       o.dir, program, directory, from ? " -from=" : "", from ? from : "", program, directory);
			o.code = EXIT_DONE;
		}
	}
	sandbox_release(&o);
	return o.code;
}
