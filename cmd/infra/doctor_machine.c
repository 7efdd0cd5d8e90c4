/* SPDX-License-Identifier: Apache-2.0 */
/* infra doctor: this machine: programs, the sandbox, disk space. */
#include "cmd/infra/doctor.h"
#include "cmd/infra/sandbox.h"

#include "base/proc.h"
#include "sandbox/host/probe.h"
#include "sandbox/world.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* ---- programs ---- */

/* The first line that a program says about itself; NULL with the reason in *why when it cannot be asked. */
static const char *ask_version(struct doctor *d, const char *program, const char *option, const char **why)
{
	const char *const argv[] = {program, option, NULL};
	struct proc_outcome outcome = proc_run(&(struct proc_options){.argv = argv, .timeout_ms = 5000, .output_limit = 1 << 16});
	const char *text = NULL, *said = outcome.out_len ? outcome.out : outcome.err;
	char how[128];
	if (outcome.result == PROC_EXITED && outcome.code == 0)
		text = arena_strndup(d->s.arena, said, strcspn(said, "\n"));
	else if (outcome.result == PROC_NOT_STARTED && outcome.code == ENOENT)
		*why = "is not installed";
	else
		*why = arena_strdup(d->s.arena, proc_describe(&outcome, how, sizeof(how)));
	proc_outcome_release(&outcome);
	return text;
}

/* "OpenSSH_9.2p1 Debian-2, OpenSSL 3.0": 902; 0: not OpenSSH's. */
static unsigned openssh_version(const char *text)
{
	const char *at = strstr(text, "OpenSSH_");
	char *end;
	if (!at)
		return 0;
	unsigned long major = strtoul(at + 8, &end, 10);
	if (!strncmp(end, "for_Windows_", 12))
		major = strtoul(end + 12, &end, 10);
	unsigned long minor = *end == '.' ? strtoul(end + 1, NULL, 10) : 0;
	return (unsigned)(major % 1000 * 100 + minor % 100);
}

static void check_ssh(struct doctor *d)
{
	static const char install[] = "sudo apt-get install openssh-client";
	const char *why = "", *version = ask_version(d, "ssh", "-V", &why);
	unsigned n = version ? openssh_version(version) : 0;
	if (!version)
		doctor_say(d, FINDING_FAILED, "ssh", install, "ssh %s: hosts cannot be entered", why);
	else if (!n)
		doctor_say(d, FINDING_WARNING, "ssh", install, "%s: not OpenSSH's, and may not understand what infra tells it",
			   version);
	else if (n < 703)
		doctor_say(d, FINDING_FAILED, "ssh", install, "%s is too old: ProxyJump is there from OpenSSH 7.3 on", version);
	else if (n < 805)
		doctor_say(d, FINDING_WARNING, "ssh", install,
			   "%s is old: keys of the sandbox's hosts are asked for from OpenSSH 8.5 on", version);
	else
		doctor_say(d, FINDING_OK, "ssh", NULL, "%s", version);
}

void doctor_check_programs(struct doctor *d)
{
	static const struct {
		const char *program, *option, *need, *remedy;
	} rows[] = {
		{"rsync", "--version", "files cannot be brought to hosts and back", "sudo apt-get install rsync"},
		{"tmux", "-V", "hosts of the sandbox, which have this machine's programs, cannot run jobs",
		 "sudo apt-get install tmux"},
	};
	check_ssh(d);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *why = "", *version = ask_version(d, rows[i].program, rows[i].option, &why);
		if (version)
			doctor_say(d, FINDING_OK, rows[i].program, NULL, "%s", version);
		else
			doctor_say(d, FINDING_WARNING, rows[i].program, rows[i].remedy, "%s %s: %s", rows[i].program, why,
				   rows[i].need);
	}
}

/* ---- the sandbox ---- */

void doctor_check_sandbox(struct doctor *d)
{
	const char *dir = sandbox_directory(d->s.arena, NULL), *used = sandbox_in_use(d->s.arena);
	struct world_identity id;
	AUTO_BUF struct buf why = BUF_INIT, refused = BUF_INIT;
	int pid = world_process(dir);
	bool known = world_identity_load(d->s.arena, dir, &id, &why);
	if (pid && known)
		doctor_say(d, FINDING_OK, "sandbox", NULL, "runs at http://127.0.0.1:%u (process %d)%s", id.port, pid,
			   used ? ", and is what this shell speaks to" : "");
	else if (used)
		doctor_say(d, FINDING_FAILED, "sandbox", "infra sandbox up",
			   "this shell speaks to the sandbox cloud of %s, and it does not run", dir);
	else
		doctor_say(d, FINDING_OK, "sandbox", NULL, "does not run; `infra sandbox up` starts it");
	if (host_probe(&refused)) {
		doctor_say(d, FINDING_OK, "sandbox hosts", NULL, "possible here");
		return;
	}
	/* the first line says what, the others why and what to do */
	const char *text = buf_text(&refused);
	size_t first = strcspn(text, "\n");
	doctor_say(d, FINDING_WARNING, "sandbox hosts", text + first, "not possible here, only the APIs: %.*s", (int)first, text);
}

/* ---- disk space ---- */

static void check_folder(struct doctor *d, const char *what, const char *path, enum finding_status worst)
{
	/* what is not there yet is made in the nearest folder that is */
	AUTO_BUF struct buf folder = BUF_INIT;
	struct statvfs fs;
	buf_adds(&folder, path);
	while (statvfs(buf_text(&folder), &fs) < 0) {
		const char *text = buf_text(&folder), *slash = strrchr(text, '/');
		if (errno != ENOENT || !slash || !strcmp(text, "/")) {
			doctor_say(d, FINDING_WARNING, "disk", NULL, "%s: %s cannot be looked at: %s", what, path, strerror(errno));
			return;
		}
		folder.len = slash == text ? 1 : (size_t)(slash - text);
		folder.ptr[folder.len] = '\0';
	}
	double free_mib = (double)fs.f_bavail * (double)fs.f_frsize / (1 << 20);
	bool no_files = fs.f_files && fs.f_favail < 100;
	if (access(buf_text(&folder), W_OK) < 0)
		doctor_say(d, worst, "disk", "Work in a folder of your own, or mend its owner with chown.",
			   "%s: %s cannot be written: %s", what, buf_text(&folder), strerror(errno));
	else if (free_mib < 50 || no_files)
		doctor_say(d, worst, "disk", "What infra does is recorded before it is done; without space it stops. Make room.",
			   "%s: %.0f MiB%s free at %s", what, free_mib, no_files ? " and no files" : "", buf_text(&folder));
	else if (free_mib < 1024)
		doctor_say(d, FINDING_WARNING, "disk", NULL, "%s: only %.0f MiB free at %s", what, free_mib, buf_text(&folder));
	else
		doctor_say(d, FINDING_OK, "disk", NULL, "%s: %.0f GiB free", what, free_mib / 1024);
}

void doctor_check_disk(struct doctor *d)
{
	check_folder(d, "this folder", ".", FINDING_FAILED);
	check_folder(d, "the sandbox's", sandbox_directory(d->s.arena, NULL), FINDING_WARNING);
}
