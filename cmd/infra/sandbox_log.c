/* SPDX-License-Identifier: Apache-2.0 */
/* infra sandbox log */
#include "base/arena.h"
#include "base/buf.h"
#include "cmd/infra/command.h"
#include "cmd/infra/sandbox.h"
#include "lang/value/jsonw.h"
#include "sandbox/request_log.h"
#include "sandbox/run.h"
#include "sandbox/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct log_reader {
	const char *service, *operation, *status, *fault; /* patterns, or NULL */
	bool errors, writes, json, count;
	struct buf *lines; /* the last ones */
	size_t keep, at;
	uint64_t found;
};

static void print_entry(const struct log_entry *e, bool json, struct buf *out)
{
	if (json) {
		struct jsonw w = {.out = out};
		jsonw_open(&w, NULL, '{');
		jsonw_int(&w, "n", (int64_t)e->number);
		jsonw_int(&w, "time", e->time_ms);
		jsonw_text(&w, "service", e->service);
		jsonw_text(&w, "operation", e->operation);
		jsonw_text(&w, "region", e->region);
		jsonw_int(&w, "status", e->status);
		jsonw_text(&w, "code", e->code);
		jsonw_text(&w, "message", e->message);
		jsonw_text(&w, "fault", e->fault);
		jsonw_close(&w, '}');
		return;
	}
	time_t seconds = (time_t)(e->time_ms / 1000);
	struct tm tm;
	char clock[16];
	strftime(clock, sizeof(clock), "%H:%M:%S", localtime_r(&seconds, &tm));
	buf_addf(out, "%5llu  %s.%03d  %-4s %-34s %3u %7.1f ms", (unsigned long long)e->number, clock, (int)(e->time_ms % 1000),
		 e->service ? e->service : "-", e->operation ? e->operation : "-", e->status, e->ms);
	if (e->fault)
		buf_addf(out, "  [%s]", e->fault);
	if (!e->code)
		return;
	buf_addf(out, "  %s: ", e->code);
	buf_add_harmless(out, e->message ? e->message : ""); /* it quotes what was asked */
}

/* Several may have happened to one: "slow, reset-after". */
static bool has_fault(const struct log_entry *e, const char *pattern)
{
	char name[32];
	for (const char *at = e->fault; at && *at; at += strspn(at, ", ")) {
		size_t len = strcspn(at, ",");
		snprintf(name, sizeof(name), "%.*s", (int)len, at);
		if (text_like(pattern, name))
			return true;
		at += len;
	}
	return false;
}

static void on_entry(void *ctx, const struct log_entry *e)
{
	struct log_reader *reader = ctx;
	char status[16];
	snprintf(status, sizeof(status), "%u", e->status);
	if ((reader->service && !text_like(reader->service, e->service ? e->service : "")) ||
	    (reader->operation && !text_like(reader->operation, e->operation ? e->operation : "")) ||
	    (reader->status && !text_like(reader->status, status)) || (reader->fault && !has_fault(e, reader->fault)) ||
	    (reader->errors && e->status < 400 && e->status) ||
	    (reader->writes && (!e->operation || operation_reads(e->operation))))
		return;
	reader->found++;
	if (reader->count || !reader->keep)
		return;
	buf_clear(&reader->lines[reader->at]);
	print_entry(e, reader->json, &reader->lines[reader->at]);
	reader->at = (reader->at + 1) % reader->keep;
}

int sandbox_log(int argc, char **argv)
{
	const char *service = NULL, *operation = NULL, *status = NULL, *errors = NULL, *writes = NULL, *json = NULL;
	const char *count = NULL, *lines = NULL, *fault = NULL;
	const struct sandbox_option table[] = {{"service", true, &service}, {"operation", true, &operation}, {"status", true, &status},
					       {"errors", false, &errors},  {"writes", false, &writes},	     {"json", false, &json},
					       {"count", false, &count},    {"n", true, &lines},	     {"fault", true, &fault},
					       {NULL, false, NULL}};
	struct sandbox_options o = {0};
	if (sandbox_options(&o, argc, argv, table,
			    "Usage: infra sandbox log [OPTION...]\n\nShows the last requests to the sandbox cloud: number, time, service, operation, HTTP status (0: no\n"
			    "answer was given), how long it took, and what was wrong.\n\n"
			    "  -dir=DIR          where its world is kept\n"
			    "  -n=N              how many; 40 by default\n"
			    "  -service=NAME     only of this service: ec2, iam, ...; * and ? may stand in it\n"
			    "  -operation=NAME   only of this operation: CreateVpc, Describe*, ...\n"
			    "  -status=CODE      only of this status: 400, 5??, ...\n"
			    "  -fault=KIND       only what an ordered fault happened to: throttle, reset-*, * for any\n"
			    "  -errors           only what failed\n"
			    "  -writes           only what is no reading\n"
			    "  -count            only their number\n"
			    "  -json             a line of JSON for each")) {
		char *end = NULL;
		struct log_reader reader = {.service = service, .operation = operation, .status = status, .fault = fault, .errors = errors,
					    .writes = writes, .json = json, .count = count, .keep = lines ? strtoul(lines, &end, 10) : 40};
		bool strange = lines && (*end || *lines < '0' || *lines > '9');
		if (o.words || strange) {
			if (strange)
				fprintf(stderr, "infra sandbox log: -n is a number, not \"%s\".\n", lines);
			else
				fprintf(stderr, "infra sandbox log: \"%s\" is one word too many; see infra sandbox log -help.\n", o.word[0]);
			sandbox_release(&o);
			return EXIT_USAGE;
		}
		AUTO_BUF struct buf why = BUF_INIT;
		if (reader.keep > 1000000)
			reader.keep = 1000000;
		reader.lines = xcalloc(reader.keep + 1, sizeof(*reader.lines));
		o.code = EXIT_DONE;
		if (!request_log_read(o.dir, on_entry, &reader, &why)) {
			fprintf(stderr, "infra sandbox log: %s\n", buf_text(&why));
			o.code = EXIT_FAILED;
		} else if (reader.count) {
			printf("%llu\n", (unsigned long long)reader.found);
		}
		for (size_t i = 0; i < reader.keep; i++) {
			struct buf *line = &reader.lines[(reader.at + i) % reader.keep];
			if (line->len)
				puts(line->ptr);
			buf_release(line);
		}
		free(reader.lines);
	}
	sandbox_release(&o);
	return o.code;
}
