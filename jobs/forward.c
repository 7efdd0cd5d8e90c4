/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/forward.h"

#include "base/buf.h"
#include "base/loop.h"
#include "base/proc.h"
#include "base/vec.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	POLL_MS = 20000,    /* before a look whether ssh listens, though it has not said so */
	SILENCE_MS = 15000, /* a connection that is neither taken nor refused */
	PROBE_MS = 3000,    /* between looks whether somebody listens by now */
	SIGNAL_MS = 100,    /* Ctrl-C reaches ssh before us: its end is no loss then */
	FIRST_ATTEMPTS = 4,
	TELLING_ATTEMPTS = 4, /* in vain, after a loss, until that is told */
	SLOW_ATTEMPTS = 60,   /* after so many in vain there is no hurry */
	STOP_MS = 3000,
	RENEW_MS = 60000,
	SWAPS = 2, /* to the other target, and back */
};

enum phase {
	PHASE_STARTING, /* ssh runs, and does not listen yet */
	PHASE_PROBING,  /* our own connection is on its way */
	PHASE_WORKS,
	PHASE_SILENT,
	PHASE_WAITING, /* for the next attempt */
	PHASE_OVER,
};

struct forward {
	struct loop *loop;
	struct forward_options options;
	forward_fn fn;
	void *ctx;
	enum phase phase;
	bool stopping;
	bool stood;                    /* at least once */
	bool told_silent, works, lost; /* what was told last */
	bool swapping;                 /* ssh is ended to be started with the other target */
	unsigned swaps;                /* of targets; none after it has worked once */
	unsigned attempts;             /* in vain, one after the other */
	unsigned moves;                /* to other local ports */
	struct proc *ssh, *renewal;
	loop_timer_id timer, probe_timer;
	int probe;         /* our own connection, or -1 */
	struct buf line;   /* of ssh's, not yet whole */
	struct buf reason; /* the first thing ssh complained of */
};

static void start(struct forward *f);
static void begin_probe(void *ctx);

/* ---- ports ---- */

static struct sockaddr_in loopback(unsigned port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static unsigned try_port(unsigned port)
{
	AUTO_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in address = loopback(port);
	socklen_t len = sizeof(address);
	int on = 1;
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&address, len) < 0 || listen(fd, 1) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		return 0;
	return ntohs(address.sin_port);
}

bool forward_port_is_free(unsigned port)
{
	return port && try_port(port) == port;
}

unsigned forward_free_port(void)
{
	return try_port(0);
}

/* ---- telling ---- */

static void tell(struct forward *f, enum forward_event event, const char *why)
{
	if (f->stopping)
		return;
	f->works = event == FORWARD_WORKS;
	f->lost = event == FORWARD_LOST || event == FORWARD_STILL;
	f->fn(f->ctx, event, why);
}

static void end_probe(struct forward *f)
{
	loop_timer_cancel(f->loop, f->probe_timer);
	f->probe_timer = 0;
	if (f->probe < 0)
		return;
	loop_unwatch(f->loop, f->probe);
	close(f->probe);
	f->probe = -1;
}

/* Somebody took a connection, ours or another's. */
static void found_working(struct forward *f)
{
	end_probe(f);
	f->phase = PHASE_WORKS;
	f->attempts = 0;
	f->told_silent = false;
	f->swaps = SWAPS;
	if (!f->works)
		tell(f, FORWARD_WORKS, "");
}

/* What listens on one address alone refuses the other, which is tried once, before anything is told. */
static void swap_targets(struct forward *f)
{
	const char *target = f->options.target;
	f->options.target = f->options.other;
	f->options.other = target;
	f->swapping = true;
	f->swaps++;
	proc_signal(f->ssh, SIGTERM);
}

static void found_silent(struct forward *f, const char *why)
{
	end_probe(f);
	f->phase = PHASE_SILENT;
	f->attempts = 0;
	if (f->swapping)
		return;
	if (f->options.other && f->swaps < SWAPS && (f->swaps || strstr(why, "refused"))) {
		swap_targets(f);
		return;
	}
	if (!f->told_silent)
		tell(f, FORWARD_SILENT, why);
	f->told_silent = true;
	f->probe_timer = loop_timer(f->loop, PROBE_MS, begin_probe, f);
}

/* ---- trying it out ---- */

static void on_silence(void *ctx)
{
	struct forward *f = ctx;
	f->probe_timer = 0;
	found_silent(f, "connections are not taken");
}

/* Data is a proof; an end is none, as ssh says itself why it closes. */
static void on_probe(void *ctx, int fd, unsigned events)
{
	struct forward *f = ctx;
	char byte;
	(void)events;
	ssize_t n = recv(fd, &byte, 1, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0) {
		found_working(f);
		return;
	}
	end_probe(f);
	f->probe_timer = loop_timer(f->loop, SIGNAL_MS * 5UL, on_silence, f);
}

static void begin_probe(void *ctx)
{
	struct forward *f = ctx;
	struct sockaddr_in address = loopback(f->options.local_port);
	end_probe(f);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) { /* at once, on loopback */
		if (fd >= 0)
			close(fd);
		f->probe_timer = loop_timer(f->loop, PROBE_MS, begin_probe, f);
		return;
	}
	if (f->phase == PHASE_STARTING) {
		f->phase = PHASE_PROBING;
		f->stood = true;
		buf_clear(&f->reason);
	}
	f->probe = fd;
	loop_watch_fd(f->loop, fd, LOOP_READ, on_probe, f);
	f->probe_timer = loop_timer(f->loop, SILENCE_MS, on_silence, f);
}

/* ---- what ssh says ---- */

static bool begins(const char *line, const char *with)
{
	return !strncmp(line, with, strlen(with));
}

/*
 * At its level of detail it tells when it listens, and of each connection through it:
 *
 *   debug1: channel 0: new port-listener [port listener] (inactive timeout: 0)
 *   debug2: channel 2: open confirm rwindow 2097152 rmax 32768
 *   channel 2: open failed: connect failed: Connection refused
 */
static void hear_line(struct forward *f, const char *line)
{
	static const char *const chatter[] = {
		"OpenSSH_",          "Authenticated to ", "Transferred: ", "Bytes per second: ", "Warning: Permanently added ",
		"Killed by signal ", "Pseudo-terminal "};
	bool stands = f->phase != PHASE_STARTING && f->phase != PHASE_WAITING && f->phase != PHASE_OVER;
	const char *failed = strstr(line, "open failed: ");
	if (stands && strstr(line, "open confirm")) {
		found_working(f);
		return;
	}
	if (f->phase == PHASE_STARTING && strstr(line, "[port listener]")) {
		begin_probe(f);
		return;
	}
	if (begins(line, "debug"))
		return;
	if (stands && begins(line, "channel ") && failed) {
		found_silent(f, failed + strlen("open failed: "));
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(chatter); i++) {
		if (begins(line, chatter[i]))
			return;
	}
	line += strspn(line, "@ "); /* a frame around what matters */
	size_t len = strlen(line);
	while (len && strchr("@ ", line[len - 1]))
		len--;
	if (len && !f->reason.len)
		buf_add(&f->reason, line, line[len - 1] == '.' ? len - 1 : len);
}

static void hear(void *ctx, enum proc_stream stream, const char *bytes, size_t len)
{
	enum { LONGEST = 400 };
	struct forward *f = ctx;
	if (stream != PROC_STDERR)
		return;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)bytes[i];
		if (c == '\n') {
			hear_line(f, buf_text(&f->line));
			buf_clear(&f->line);
		} else if (c != '\r' && f->line.len < LONGEST) {
			buf_addc(&f->line, c < ' ' || c >= 127 ? '?' : (char)c);
		}
	}
}

/* ---- ssh's life ---- */

/* Trying again would give the same: nothing there changes by itself. */
static bool is_hopeless(const char *reason)
{
	static const char *const words[] = {"Permission denied",
					    "verification failed",
					    "host key is known",
					    "IDENTIFICATION HAS CHANGED",
					    "Bad ",
					    "bad ",
					    "Address already in use",
					    "Could not resolve",
					    "Too many authentication failures",
					    "cannot be started"};
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strstr(reason, words[i]))
			return true;
	}
	return false;
}

static void retry(void *ctx)
{
	struct forward *f = ctx;
	f->timer = 0;
	start(f);
}

static void on_renewed(void *ctx, const struct proc_outcome *outcome)
{
	struct forward *f = ctx;
	(void)outcome; /* where the cloud does not answer either, the old way is tried */
	f->renewal = NULL;
	if (!f->stopping)
		start(f);
}

static void renew(void *ctx)
{
	struct forward *f = ctx;
	f->timer = 0;
	f->renewal = proc_start(
		f->loop,
		&(struct proc_options){
			.argv = f->options.renew, .timeout_ms = RENEW_MS, .output_limit = 1 << 16, .flags = PROC_OWN_GROUP},
		on_renewed, f);
}

/*
 * Half a second, then longer. After the second attempt in vain, and after the first where it never stood, the way is looked up
 * anew before each: a host that is stopped has no address, and once it is started another one.
 */
static void wait_for_retry(struct forward *f)
{
	unsigned n = f->attempts++, ms = n < 4 ? 500u << n : n < SLOW_ATTEMPTS ? 5000 : 30000;
	bool look = f->options.renew && (f->attempts >= 2 || !f->stood);
	f->phase = PHASE_WAITING;
	f->timer = loop_timer(f->loop, ms, look ? renew : retry, f);
}

static void after_end(void *ctx)
{
	struct forward *f = ctx;
	const char *reason = buf_text(&f->reason);
	f->timer = 0;
	if (f->stopping)
		return;
	if (!f->stood && f->options.may_move && strstr(reason, "Address already in use") && f->moves++ < FIRST_ATTEMPTS) {
		f->options.local_port = forward_free_port();
		start(f);
		return;
	}
	if (!f->stood && (is_hopeless(reason) || f->attempts + 1 >= FIRST_ATTEMPTS)) {
		f->phase = PHASE_OVER;
		tell(f, FORWARD_FAILED, reason);
		return;
	}
	if (f->works || f->told_silent)
		tell(f, FORWARD_LOST, reason);
	else if (f->lost && f->attempts == TELLING_ATTEMPTS)
		tell(f, FORWARD_STILL, reason);
	f->told_silent = false;
	wait_for_retry(f);
}

static void on_end(void *ctx, const struct proc_outcome *outcome)
{
	struct forward *f = ctx;
	char how[128];
	end_probe(f);
	loop_timer_cancel(f->loop, f->timer);
	f->timer = 0;
	f->ssh = NULL;
	if (f->swapping && !f->stopping) {
		f->swapping = false;
		start(f);
		return;
	}
	if (!f->reason.len)
		buf_addf(&f->reason, "ssh %s%s", outcome->result == PROC_NOT_STARTED ? "cannot be started; " : "",
			 proc_describe(outcome, how, sizeof(how)));
	f->phase = f->stopping ? PHASE_OVER : PHASE_WAITING;
	if (!f->stopping)
		f->timer = loop_timer(f->loop, SIGNAL_MS, after_end, f);
}

static void start(struct forward *f)
{
	const struct forward_options *o = &f->options;
	bool bare = !strchr(o->target, ':');
	AUTO_BUF struct buf spec = BUF_INIT;
	VEC(const char *) argv = {0};
	for (size_t i = 0; i < o->way_count; i++)
		vec_add(&argv, o->way[i]);
	/* a shared connection of the user's would take the forwarding over, and outlive us */
	static const char *const fixed[] = {
		"-N",
		"-T",
		"-oExitOnForwardFailure=yes",
		"-oServerAliveInterval=5",
		"-oServerAliveCountMax=3",
		"-oConnectTimeout=10",
		"-oControlMaster=no",
		"-oControlPath=none",
		"-oForwardAgent=no",
		"-oPermitLocalCommand=no",
		"-oRemoteCommand=none",
		"-oLogLevel=DEBUG2",
	};
	for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
		vec_add(&argv, fixed[i]);
	if (!o->terminal)
		vec_add(&argv, "-oBatchMode=yes");
	buf_addf(&spec, "127.0.0.1:%u:%s%s%s:%u", o->local_port, bare ? "" : "[", o->target, bare ? "" : "]", o->port);
	vec_add(&argv, "-L");
	vec_add(&argv, buf_text(&spec));
	vec_add(&argv, "--");
	vec_add(&argv, o->host);
	vec_add(&argv, NULL);
	buf_clear(&f->line);
	buf_clear(&f->reason);
	f->phase = PHASE_STARTING;
	unsigned flags = PROC_END_WITH_US | (o->terminal ? 0u : PROC_OWN_GROUP);
	f->ssh = proc_start(f->loop, &(struct proc_options){.argv = argv.items, .flags = flags, .on_output = hear, .output_ctx = f},
			    on_end, f);
	f->probe_timer = loop_timer(f->loop, POLL_MS, begin_probe, f);
	vec_free(&argv);
}

struct forward *forward_new(struct loop *loop, const struct forward_options *options, forward_fn fn, void *ctx)
{
	struct forward *f = xcalloc(1, sizeof(*f));
	*f = (struct forward){.loop = loop, .options = *options, .fn = fn, .ctx = ctx, .probe = -1};
	start(f);
	return f;
}

static void kill_it(void *ctx)
{
	struct forward *f = ctx;
	f->timer = 0;
	if (f->ssh)
		proc_signal(f->ssh, SIGKILL);
}

void forward_stop(struct forward *f)
{
	f->stopping = true;
	end_probe(f);
	loop_timer_cancel(f->loop, f->timer);
	f->timer = 0;
	if (f->renewal)
		proc_abandon(f->renewal);
	f->renewal = NULL;
	if (!f->ssh) {
		f->phase = PHASE_OVER;
		return;
	}
	proc_signal(f->ssh, SIGTERM);
	f->timer = loop_timer(f->loop, STOP_MS, kill_it, f);
}

unsigned forward_local_port(const struct forward *f)
{
	return f->options.local_port;
}

bool forward_is_over(const struct forward *f)
{
	return f->phase == PHASE_OVER;
}

void forward_free(struct forward *f)
{
	if (!f)
		return;
	end_probe(f);
	loop_timer_cancel(f->loop, f->timer);
	if (f->ssh)
		proc_abandon(f->ssh);
	if (f->renewal)
		proc_abandon(f->renewal);
	buf_release(&f->line);
	buf_release(&f->reason);
	free(f);
}
