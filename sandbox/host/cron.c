/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nothing runs between two minutes: a host's first process calls this program at each one, if there is a crontab. What
 * the jobs print is in /var/log/cron.log, for there is no mail.
 */
#include "sandbox/host/cron.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "base/vec.h"
#include "sandbox/host/shim.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOG "/var/log/cron.log"
#define SPOOL "/var/spool/cron/crontabs"

static const char system_table[] = "/etc/crontab", folder[] = "/etc/cron.d";
static const struct {
	const char *folder, *time;
} scripts[] = {
	{"/etc/cron.hourly", "17 * * * *"}, {"/etc/cron.daily", "25 6 * * *"}, {"/etc/cron.weekly", "47 6 * * 7"}, {"/etc/cron.monthly", "52 6 1 * *"},
};

/* ---- when: crontab(5) ---- */

static const char month_names[] = "jan feb mar apr may jun jul aug sep oct nov dec ", day_names[] = "sun mon tue wed thu fri sat ";

static const char *number(const char *at, const char *names, int first, int *out)
{
	char *end;
	if (isdigit((unsigned char)*at)) {
		*out = (int)strtol(at, &end, 10);
		return end;
	}
	for (int i = 0; *names; names += 4, i++) {
		if (!strncasecmp(at, names, 3)) {
			*out = first + i;
			return at + 3;
		}
	}
	return NULL;
}

/* LIST := RANGE {"," RANGE}; RANGE := ("*" | N ["-" N]) ["/" STEP] */
static const char *field(const char *at, int first, int last, const char *names, uint64_t *bits)
{
	at += strspn(at, " \t");
	*bits = 0;
	do {
		int from = first, to = last, step = 1;
		at += *at == ',';
		bool one = *at != '*';
		at = one ? number(at, names, first, &from) : at + 1;
		if (at && one)
			to = from;
		if (at && one && *at == '-') {
			one = false;
			at = number(at + 1, names, first, &to);
			to = names == day_names && to == 0 && from > 0 ? 7 : to;
		}
		if (at && *at == '/') {
			to = one ? last : to; /* "5/15": from there on */
			at = number(at + 1, "", 0, &step);
		}
		if (!at || from < first || to > last || from > to || step < 1)
			return NULL;
		for (int i = from; i <= to; i += step)
			*bits |= (uint64_t)1 << i;
	} while (*at == ',');
	return *at == ' ' || *at == '\t' ? at : NULL;
}

const char *cron_time_parse(const char *line, struct cron_time *out)
{
	static const struct {
		const char *name, *fields;
	} short_ones[] = {
		{"@hourly", "0 * * * * "}, {"@daily", "0 0 * * * "}, {"@midnight", "0 0 * * * "}, {"@weekly", "0 0 * * 0 "}, {"@monthly", "0 0 1 * * "},
		{"@yearly", "0 0 1 1 * "}, {"@annually", "0 0 1 1 * "},
	};
	*out = (struct cron_time){0};
	size_t len = strcspn(line, " \t");
	if (len == 7 && !strncmp(line, "@reboot", len)) {
		out->reboot = true;
		return line[len] ? line + len : NULL;
	}
	for (size_t i = 0; i < ARRAY_LEN(short_ones); i++) {
		if (strlen(short_ones[i].name) == len && !strncmp(line, short_ones[i].name, len) && cron_time_parse(short_ones[i].fields, out))
			return line[len] ? line + len : NULL;
	}
	const char *at = field(line, 0, 59, "", &out->minutes);
	at = at ? field(at, 0, 23, "", &out->hours) : NULL;
	out->any_day = at && at[strspn(at, " \t")] == '*';
	at = at ? field(at, 1, 31, "", &out->days) : NULL;
	at = at ? field(at, 1, 12, month_names, &out->months) : NULL;
	out->any_weekday = at && at[strspn(at, " \t")] == '*';
	at = at ? field(at, 0, 7, day_names, &out->weekdays) : NULL;
	out->weekdays |= out->weekdays >> 7 & 1; /* Sunday is 0 and 7 */
	return at;
}

static bool has(uint64_t bits, int n)
{
	return bits >> n & 1;
}

bool cron_time_fits(const struct cron_time *time, const struct tm *now)
{
	bool day = has(time->days, now->tm_mday), weekday = has(time->weekdays, now->tm_wday);
	return !time->reboot && has(time->minutes, now->tm_min) && has(time->hours, now->tm_hour) && has(time->months, now->tm_mon + 1) &&
	       (time->any_day || time->any_weekday ? day && weekday : day || weekday);
}

/* ---- what ---- */

struct table {
	struct arena *arena;
	const struct tm *now; /* NULL: it boots */
	const char *user;     /* NULL: each line has its own */
	VEC(char *) settings; /* "NAME=VALUE" of the lines before */
};

static void note(const char *fmt, ...) PRINTF_LIKE(1, 2);
static void note(const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	host_log(LOG, 0640, "cron", fmt, args);
	va_end(args);
}

/* "a%b\%c" is the command "a" with "b%c" on its input. */
static void cut_input(char *command, char **input)
{
	char *to = command;
	*input = NULL;
	for (char *from = command; *from; from++) {
		if (*from == '\\' && from[1] == '%')
			*to++ = *++from;
		else if (*from == '%' && !*input) {
			*to++ = '\0';
			*input = to;
		} else
			*to++ = *from == '%' ? '\n' : *from;
	}
	*to = '\0';
}

static int input_of(const char *text)
{
	char name[] = "/tmp/cron.XXXXXX";
	int fd = text ? mkostemp(name, O_CLOEXEC) : open("/dev/null", O_RDONLY | O_CLOEXEC);
	if (!text || fd < 0)
		return fd;
	unlink(name);
	return write(fd, text, strlen(text)) == (ssize_t)strlen(text) && lseek(fd, 0, SEEK_SET) == 0 ? fd : -1;
}

/* In a child. */
static NORETURN void job(const struct table *t, const char *user, char *command)
{
	char *input;
	const struct passwd *who = getpwnam(user);
	const char *path = getenv("PATH"), *plain = path ? strstr(path, "/usr/local/sbin") : NULL;
	/* as cron has it, but behind shims that are not in /usr */
	const char *short_path = arena_printf(t->arena, "%.*s/usr/bin:/bin", plain ? (int)(plain - path) : 0, path ? path : "");
	setenv("PATH", short_path, 1);
	setenv("SHELL", "/bin/sh", 1);
	setenv("HOME", who ? who->pw_dir : "/root", 1);
	setenv("USER", user, 1);
	setenv("LOGNAME", user, 1);
	for (size_t i = 0; i < t->settings.count; i++)
		putenv(t->settings.items[i]);
	cut_input(command, &input);
	int in = input_of(input), out = open(LOG, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
	const char *shell = getenv("SHELL");
	setsid();
	if (in < 0 || out < 0 || chdir(getenv("HOME")) < 0 || dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0)
		note("(%s) cannot start: %s", user, strerror(errno));
	else
		execl(shell, shell, "-c", command, NULL);
	_exit(1);
}

static void start(const struct table *t, const char *user, const char *command)
{
	note("(%s) CMD (%s)", user, command);
	pid_t pid = fork();
	if (!pid)
		job(t, user, arena_strdup(t->arena, command));
	if (pid < 0)
		note("(%s) cannot start: %s", user, strerror(errno));
}

/* NAME = VALUE, either in quotes perhaps. */
static bool setting(struct table *t, const char *line)
{
	size_t len = strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
	const char *at = line + len + strspn(line + len, " \t");
	if (!len || *at != '=' || isdigit((unsigned char)*line))
		return false;
	at += 1 + strspn(at + 1, " \t");
	size_t n = strlen(at);
	while (n && strchr(" \t\r", at[n - 1]))
		n--;
	if (n > 1 && (*at == '"' || *at == '\'') && at[n - 1] == *at) {
		at++;
		n -= 2;
	}
	vec_add(&t->settings, arena_printf(t->arena, "%.*s=%.*s", (int)len, line, (int)n, at));
	return true;
}

static void do_line(struct table *t, const char *path, const char *line)
{
	struct cron_time when;
	line += strspn(line, " \t");
	if (!*line || *line == '#' || setting(t, line))
		return;
	const char *rest = cron_time_parse(line, &when), *user = t->user;
	if (!rest) {
		note("(%s) ERROR (bad time in: %s)", path, line);
		return;
	}
	rest += strspn(rest, " \t");
	if (!user) {
		size_t len = strcspn(rest, " \t");
		user = arena_strndup(t->arena, rest, len);
		rest += len;
		rest += strspn(rest, " \t");
	}
	if (*rest && (t->now ? cron_time_fits(&when, t->now) : when.reboot))
		start(t, user, rest);
}

static void do_table(struct table *t, const char *path)
{
	AUTO_BUF struct buf text = BUF_INIT;
	char *save = NULL;
	t->settings.count = 0;
	if (!file_read(path, 1 << 20, &text))
		return;
	for (char *line = strtok_r(buf_copy(&text, t->arena), "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		size_t len = strlen(line);
		if (len && line[len - 1] == '\r')
			line[len - 1] = '\0';
		do_line(t, path, line);
	}
}

/* Names with a dot are what editors and packages leave. */
static bool is_plain(const char *name)
{
	return !strpbrk(name, ".~#");
}

static void do_folder(struct table *t, const char *path, bool users)
{
	char **names;
	size_t count;
	if (!directory_list(t->arena, path, &names, &count))
		return;
	for (size_t i = 0; i < count; i++) {
		t->user = users ? names[i] : NULL;
		if (users || is_plain(names[i]))
			do_table(t, path_join(t->arena, path, names[i]));
	}
	t->user = NULL;
}

static void do_scripts(struct table *t)
{
	char **names;
	size_t count;
	struct cron_time when;
	t->settings.count = 0;
	for (size_t i = 0; t->now && i < ARRAY_LEN(scripts); i++) {
		if (!cron_time_parse(arena_printf(t->arena, "%s ", scripts[i].time), &when) || !cron_time_fits(&when, t->now) ||
		    !directory_list(t->arena, scripts[i].folder, &names, &count))
			continue;
		for (size_t k = 0; k < count; k++) {
			const char *path = path_join(t->arena, scripts[i].folder, names[k]);
			if (is_plain(names[k]) && access(path, X_OK) == 0)
				start(t, "root", path);
		}
	}
}

bool cron_has_tables(void)
{
	const char *const places[] = {SPOOL, folder, scripts[0].folder, scripts[1].folder, scripts[2].folder, scripts[3].folder};
	bool found = access(system_table, R_OK) == 0;
	for (size_t i = 0; !found && i < ARRAY_LEN(places); i++) {
		struct arena *arena = arena_new();
		char **names;
		size_t count = 0;
		found = access(places[i], R_OK) == 0 && directory_list(arena, places[i], &names, &count) && count > 0;
		arena_free(arena);
	}
	return found;
}

int shim_cron(int argc, char **argv)
{
	struct tm now;
	struct table t = {.arena = arena_new()};
	time_t minute = argc > 1 ? (time_t)strtoll(argv[1], NULL, 10) : 0;
	if (argc > 1 && strcmp(argv[1], "reboot") != 0)
		t.now = localtime_r(&minute, &now);
	do_table(&t, system_table);
	do_folder(&t, folder, false);
	do_folder(&t, SPOOL, true);
	do_scripts(&t);
	vec_free(&t.settings);
	arena_free(t.arena);
	return 0;
}
