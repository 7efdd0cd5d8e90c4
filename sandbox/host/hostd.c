/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/host/hostd.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/loop.h"
#include "base/vec.h"
#include "lang/value/json.h"
#include "sandbox/host/connect.h"
#include "sandbox/host/disks.h"
#include "sandbox/host/guest.h"
#include "sandbox/host/probe.h"
#include "sandbox/host/trash.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the world's own mounts, where /tmp is ours. */
static const char disks[] = "/tmp/hosts", shares[] = "/tmp/hosts/efs", copy[] = "/tmp/hosts/program", program[] = "/tmp/program";
static const char shim_apt[] = "/tmp/shim-apt", usr_apt[] = "/tmp/usr-apt", shim_amazon[] = "/tmp/shim-amazon", usr_amazon[] = "/tmp/usr-amazon";

struct hostd {
	struct guests guests;
	int channel;
	struct buf last; /* order */
	VEC(char *) rebooting;
	struct buf order;
};

static void say(int channel, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void say(int channel, const char *fmt, ...)
{
	AUTO_BUF struct buf text = BUF_INIT;
	va_list args;
	va_start(args, fmt);
	buf_vaddf(&text, fmt, args);
	va_end(args);
	buf_addc(&text, '\n');
	/* who does not listen has left, and we shall see that */
	if (send(channel, text.ptr, text.len, MSG_NOSIGNAL) < 0)
		return;
}

/* The cloud's process takes the socket: what comes to it is a request of a host's. */
static void on_listens(void *ctx, const char *vpc, int fd)
{
	const struct hostd *d = ctx;
	if (fd < 0) {
		say(d->channel, "deaf %s", vpc);
		return;
	}
	AUTO_BUF struct buf text = BUF_INIT;
	buf_addf(&text, "listens %s\n", vpc);
	if (!connect_hand_over(d->channel, fd, text.ptr, text.len))
		return; /* as above */
}

static void on_trouble(void *ctx, const char *text)
{
	const struct hostd *d = ctx;
	say(d->channel, "trouble %s", text);
}

/* ---- disks ---- */

static bool is_wanted(const struct value *hosts, const char *id)
{
	for (uint32_t i = 0; i < hosts->count; i++) {
		if (value_is_text(value_get(hosts->items[i], "id"), id))
			return true;
	}
	return false;
}

/* What no host needs any more. Nothing is mounted there as we see it: hosts have mounts of their own. */
static void remove_disks(struct hostd *d, struct arena *arena, const struct value *hosts)
{
	char **names;
	size_t count;
	if (!directory_list(arena, disks, &names, &count))
		return;
	for (size_t i = 0; i < count; i++) {
		if (strncmp(names[i], "i-", 2) != 0 || is_wanted(hosts, names[i]) || guests_find(&d->guests, names[i]))
			continue;
		if (!trash_take(&d->guests, path_join(arena, disks, names[i])))
			say(d->channel, "trouble the disk of %s cannot be removed: %s", names[i], strerror(errno));
	}
}

/* ---- orders ---- */

static bool is_whole(const struct value *order)
{
	static const char *const lists[] = {"hosts", "subnets", "rules", "shares", "targets", "volumes", "access_points"};
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		const struct value *list = value_get(order, lists[i]);
		if (!list || list->state != VALUE_KNOWN || type_is_primitive(list->type))
			return false;
	}
	return true;
}

static void obey(struct hostd *d, const char *line, size_t len)
{
	struct arena *arena = arena_new();
	AUTO_BUF struct buf why = BUF_INIT;
	const struct value *order = value_from_json(arena, line, len, &why);
	if (!order || !is_whole(order)) {
		say(d->channel, "trouble an order cannot be read: %s", buf_text(&why));
	} else {
		AUTO_BUF struct buf trouble = BUF_INIT;
		disks_apply(&d->guests, order, &trouble);
		guests_apply(&d->guests, order);
		if (trouble.len)
			say(d->channel, "trouble %.*s", (int)strcspn(trouble.ptr, "\n"), trouble.ptr);
		remove_disks(d, arena, value_get(order, "hosts"));
		trash_start(&d->guests);
	}
	arena_free(arena);
}

/* What has ended in order to start again is not there when the last order is looked at once more. */
static void start_again(void *ctx)
{
	struct hostd *d = ctx;
	while (d->rebooting.count) {
		char *id = vec_pop(&d->rebooting);
		guests_forget(&d->guests, id);
		free(id);
	}
	obey(d, buf_text(&d->last), d->last.len);
}

static void on_ended(void *ctx, const char *id, bool reboot)
{
	struct hostd *d = ctx;
	if (!reboot) {
		say(d->channel, "ended %s", id);
		return;
	}
	vec_add(&d->rebooting, xstrdup(id));
	loop_later(d->guests.loop, start_again, d);
}

static void on_order(void *ctx, int fd, unsigned events)
{
	struct hostd *d = ctx;
	char bytes[65536];
	(void)events;
	ssize_t got = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0)
		_exit(0); /* with the sandbox its hosts end */
	buf_add(&d->order, bytes, (size_t)got);
	const char *end;
	while (d->order.len && (end = memchr(d->order.ptr, '\n', d->order.len))) {
		size_t len = (size_t)(end - d->order.ptr), rest = d->order.len - len - 1;
		buf_clear(&d->last);
		buf_add(&d->last, d->order.ptr, len);
		obey(d, d->order.ptr, len);
		memmove(d->order.ptr, d->order.ptr + len + 1, rest);
		d->order.len = rest;
	}
}

/* ---- the process ---- */

static NORETURN void refuse(int channel, enum host_stage stage, int error)
{
	say(channel, "refused %d %d", (int)stage, error);
	_exit(1);
}

/* Where this program lies may not be ours to reach, and is not in the hosts' roots. */
static int copy_program(void)
{
	AUTO_FD int from = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	(void)!unlink(copy); /* of an earlier world, perhaps still running */
	AUTO_FD int to = open(copy, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	AUTO_FD int place = open(program, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	if (from < 0 || to < 0 || place < 0)
		return errno;
	ssize_t sent;
	while ((sent = sendfile(to, from, NULL, 1 << 24)) > 0)
		continue;
	return sent < 0 || fchmod(to, 0755) < 0 || mount(copy, program, NULL, MS_BIND, NULL) < 0 ? errno : 0;
}

static int set_readonly(const char *path, unsigned flags, bool readonly)
{
#ifdef SYS_mount_setattr
	const uint64_t rdonly = 1;
	const struct { /* the kernel's struct mount_attr, which C libraries have had only since lately */
		uint64_t set, clear, propagation, user_space;
	} change = {.set = readonly ? rdonly : 0, .clear = readonly ? 0 : rdonly};
	return syscall(SYS_mount_setattr, AT_FDCWD, path, flags, &change, sizeof(change)) < 0 ? errno : 0;
#else
	(void)path, (void)flags, (void)readonly;
	return ENOSYS;
#endif
}

/*
 * All but the disks. Hosts see parts of it, in a namespace of users within ours, where their root cannot change that: so
 * it writes nothing of the machine's, either, that the user could. Kernels before 5.12 do not know how; there what is
 * shown is read-only until it says otherwise. A /proc for hosts that may have none of their own stays as it is.
 */
static int protect_machine(void)
{
	enum { WITH_ALL_BELOW = 0x8000 }; /* AT_RECURSIVE */
	int error = set_readonly("/", WITH_ALL_BELOW, true);
	if (error)
		return error == ENOSYS || error == EPERM ? 0 : error;
	(void)set_readonly("/proc", 0, false);
	return set_readonly(disks, 0, false);
}

/* The current directory is that of the disks, which by its path may not be ours to reach. */
static int make_places(void)
{
	if (mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") < 0 || mkdir(disks, 0700) < 0 ||
	    mount(".", disks, NULL, MS_BIND, NULL) < 0 || (mkdir(shares, 0755) < 0 && errno != EEXIST))
		return errno;
	int error = copy_program();
	error = error ? error : instance_make_usr(shim_apt, usr_apt, true);
	error = error ? error : instance_make_usr(shim_amazon, usr_amazon, false);
	return error ? error : protect_machine();
}

static NORETURN void first_process(const struct hostd_options *options)
{
	struct hostd d = {.channel = options->channel,
			  .guests = {.disks = disks, .shares = shares, .program = program, .usr_apt = usr_apt, .usr_amazon = usr_amazon,
				     .shims_apt = shim_apt, .shims_amazon = shim_amazon, .listens = on_listens, .ended = on_ended}};
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "sandbox-hosts");
	signal(SIGPIPE, SIG_IGN); /* a host may have ended before it reads what it is told */
	umask(022);
	int error = make_places();
	if (error)
		refuse(options->channel, HOST_MOUNT, error);
	struct loop *loop = loop_new();
	error = guests_init(&d.guests, loop, on_trouble, &d);
	if (error)
		refuse(options->channel, HOST_SPACES, error);
	loop_watch_fd(loop, options->channel, LOOP_READ, on_order, &d);
	connect_serve(&d.guests, options->listener);
	say(options->channel, "ready");
	loop_run(loop);
	_exit(1);
}

/* The disks belong to the hosts' user. */
static int go_to_disks(const char *directory)
{
	uid_t uid;
	gid_t gid;
	host_user(&uid, &gid);
	if (!make_directories(directory, 0700) || chdir(directory) < 0)
		return errno;
	return geteuid() == 0 && chown(".", uid, gid) < 0 ? errno : 0;
}

NORETURN void hostd_live(const struct hostd_options *options)
{
	struct host_refusal refusal = {0};
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (int signo = 1; signo < NSIG; signo++)
		signal(signo, SIG_DFL);
	prctl(PR_SET_NAME, "sandbox-hosts");
	int error = go_to_disks(options->directory);
	if (error)
		refuse(options->channel, HOST_MOUNT, error);
	error = host_become_user();
	if (error)
		refuse(options->channel, HOST_USER, error);
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* what comes before the change of user is forgotten by it */
	if (!host_enter(&refusal))
		refuse(options->channel, refusal.stage, refusal.error);
	pid_t pid = fork();
	if (!pid)
		first_process(options);
	int status = 0;
	if (pid < 0)
		refuse(options->channel, HOST_SPACES, errno);
	/* an end of the channel that we hold would keep the other side waiting */
	close(options->channel);
	close(options->listener);
	_exit(waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 1);
}
