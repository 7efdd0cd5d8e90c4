/* SPDX-License-Identifier: Apache-2.0 */
/* infra doctor: whether what infra needs is there, and how to mend what is not. */
#include "cmd/infra/doctor.h"

#include "aws/config.h"
#include "lang/value/jsonw.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
	"Usage: infra doctor [OPTION...]\n\nChecks what infra needs: credentials, clock, region, endpoint, keys, programs, the "
	"state and its cloud, "
	"the sandbox, disk space. Each check stands for itself, also where there is no network, no account and no sound "
	"configuration. What is "
	"wrong comes with what to do about it. The exit code is 1 if anything failed.\n\n    infra doctor\n    infra doctor -json";

static const struct status_words {
	const char *human, *json, *color;
} words[] = {
	[FINDING_OK] = {"ok", "ok", "\033[32m"},
	[FINDING_WARNING] = {"warning", "warning", "\033[33m"},
	[FINDING_FAILED] = {"FAILED", "failed", "\033[1;31m"},
};

/*
 * ok       clock          0 s behind sts
 * FAILED   region         ...
 *                         what to do
 */
static void print(const struct doctor *d, const struct finding *f)
{
	AUTO_BUF struct buf out = BUF_INIT;
	const struct status_words *w = &words[f->status];
	buf_addf(&out, "%s%-8s%s %-14s ", d->s.color ? w->color : "", w->human, d->s.color ? "\033[0m" : "", f->check);
	buf_add_harmless(&out, f->text);
	buf_addc(&out, '\n');
	for (const char *line = f->remedy; line && *line;) {
		size_t len = strcspn(line, "\n");
		if (len) {
			buf_add_repeated(&out, ' ', 24);
			AUTO_BUF struct buf one = BUF_INIT;
			buf_add(&one, line, len);
			buf_add_harmless(&out, buf_text(&one));
			buf_addc(&out, '\n');
		}
		line += len + (line[len] == '\n');
	}
	session_print(&out);
}

void doctor_say(struct doctor *d, enum finding_status status, const char *check, const char *remedy, const char *text, ...)
{
	AUTO_BUF struct buf said = BUF_INIT;
	va_list args;
	va_start(args, text);
	buf_vaddf(&said, text, args);
	va_end(args);
	struct finding f = {status, check, buf_copy(&said, d->s.arena),
			    remedy && *remedy ? arena_strdup(d->s.arena, remedy) : NULL};
	vec_add(&d->findings, f);
	d->warnings += status == FINDING_WARNING;
	d->failures += status == FINDING_FAILED;
	if (!d->s.json)
		print(d, &f);
}

struct doctor_error doctor_take_error(struct doctor *d)
{
	struct doctor_error e = {.count = d->s.diags.error_count};
	AUTO_BUF struct buf text = BUF_INIT, remedy = BUF_INIT;
	for (size_t i = 0; i < d->s.diags.count; i++) {
		const struct diag *diag = &d->s.diags.items[i];
		if (diag->severity != DIAG_ERROR)
			continue;
		if (!text.len) {
			buf_adds(&text, diag->summary);
			const struct src *src =
				src_range_is_empty(diag->subject) ? NULL : src_find(d->s.sources, diag->subject.start);
			if (src)
				buf_addf(&text, " (%s line %u)", src_name(src), src_pos(src, diag->subject.start).line);
			if (diag->detail)
				buf_adds(&remedy, diag->detail);
		}
	}
	e.text = buf_copy(&text, d->s.arena);
	e.remedy = buf_copy(&remedy, d->s.arena);
	diags_clear(&d->s.diags);
	return e;
}

static void print_json(const struct doctor *d)
{
	AUTO_BUF struct buf out = BUF_INIT;
	struct jsonw w = {.out = &out, .pretty = true};
	jsonw_open(&w, NULL, '{');
	jsonw_text(&w, "format_version", "1.0");
	jsonw_bool(&w, "ok", !d->failures);
	jsonw_int(&w, "failed", (int64_t)d->failures);
	jsonw_int(&w, "warnings", (int64_t)d->warnings);
	jsonw_open(&w, "checks", '[');
	for (size_t i = 0; i < d->findings.count; i++) {
		const struct finding *f = &d->findings.items[i];
		jsonw_open(&w, NULL, '{');
		jsonw_text(&w, "check", f->check);
		jsonw_text(&w, "status", words[f->status].json);
		jsonw_text(&w, "text", f->text);
		jsonw_text(&w, "remedy", f->remedy);
		jsonw_close(&w, '}');
	}
	jsonw_close(&w, ']');
	jsonw_close(&w, '}');
	buf_addc(&out, '\n');
	session_print(&out);
}

static void run_checks(struct doctor *d)
{
	doctor_check_state(d); /* first: what the configuration means depends on it */
	doctor_check_configuration(d);
	doctor_check_cloud(d);
	doctor_check_keys(d);
	doctor_check_programs(d);
	doctor_check_sandbox(d);
	doctor_check_disk(d);
	if (d->s.json)
		print_json(d);
	else if (d->failures || d->warnings)
		printf("\n%zu failed, %zu warning%s.\n", d->failures, d->warnings, d->warnings == 1 ? "" : "s");
	else
		puts("\nNothing is wrong.");
}

int cmd_doctor(int argc, char **argv)
{
	struct doctor d = {0};
	int code;
	int at = session_options(&d.s, argc, argv, OPTIONS_CONFIG | OPTIONS_STATE, usage, &code);
	if (at >= 0 && at < argc) {
		code = session_too_many("doctor", argv[at]);
	} else if (at >= 0) {
		d.s.ignore_backend = true;
		run_checks(&d);
		code = d.failures ? EXIT_FAILED : EXIT_DONE;
	}
	aws_config_free(d.aws);
	vec_free(&d.findings);
	session_release(&d.s);
	return code;
}
