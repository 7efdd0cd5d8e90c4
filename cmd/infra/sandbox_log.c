/* SPDX-License-Identifier: Apache-2.0 */
/* infra sandbox log, infra sandbox fault */
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
	const char *service, *operation, *status; /* patterns, or NULL */
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
	if (e->code)
		buf_addf(out, "  %s: %s", e->code, e->message ? e->message : "");
}

static void on_entry(void *ctx, const struct log_entry *e)
{
	struct log_reader *reader = ctx;
	char status[16];
	snprintf(status, sizeof(status), "%u", e->status);
	if ((reader->service && !text_like(reader->service, e->service ? e->service : "")) ||
	    (reader->operation && !text_like(reader->operation, e->operation ? e->operation : "")) ||
	    (reader->status && !text_like(reader->status, status)) || (reader->errors && e->status < 400 && e->status) ||
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
	const char *service = NULL, *operation = NULL, *status = NULL, *errors = NULL, *writes = NULL, *json = NULL, *count = NULL, *lines = NULL;
	const struct sandbox_option table[] = {{"service", true, &service}, {"operation", true, &operation}, {"status", true, &status},
					       {"errors", false, &errors},  {"writes", false, &writes},	     {"json", false, &json},
					       {"count", false, &count},    {"n", true, &lines},	     {NULL, false, NULL}};
	struct sandbox_options o = {0};
	if (sandbox_options(&o, argc, argv, table,
			    "Usage: infra sandbox log [OPTION...]\n\nShows the last requests to the sandbox cloud: number, time, service, operation, HTTP status (0: no\n"
			    "answer was given), how long it took, and what was wrong.\n\n"
			    "  -dir=DIR          where its world is kept\n"
			    "  -n=N              how many; 40 by default\n"
			    "  -service=NAME     only of this service: ec2, iam, ...; * and ? may stand in it\n"
			    "  -operation=NAME   only of this operation: CreateVpc, Describe*, ...\n"
			    "  -status=CODE      only of this status: 400, 5??, ...\n"
			    "  -errors           only what failed\n"
			    "  -writes           only what is no reading\n"
			    "  -count            only their number\n"
			    "  -json             a line of JSON for each")) {
		struct log_reader reader = {.service = service, .operation = operation, .status = status, .errors = errors, .writes = writes,
					    .json = json, .count = count, .keep = lines ? strtoul(lines, NULL, 10) : 40};
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

/* ---- faults ---- */

static const char fault_help[] =
	"Usage: infra sandbox fault add KIND [OPTION...]\n"
	"       infra sandbox fault list\n"
	"       infra sandbox fault clear\n"
	"\n"
	"Orders what AWS does on a bad day. KIND is one of\n"
	"  throttle       the request is refused, in the words of its service\n"
	"  500, 503       it fails without effect\n"
	"  error          the same with the error that -code=NAME, -message=TEXT and -status=N say\n"
	"  500-after, 503-after   it has its effect, and the answer says that it failed\n"
	"  reset-before   the connection is reset before it has an effect\n"
	"  reset-after    it has its effect, and the answer is lost\n"
	"  slow           it begins only after -ms\n"
	"  delayed        it has its effect, which readers see only after -ms\n"
	"\n"
	"  -service=NAME -operation=NAME   only to such requests; * and ? may stand in both\n"
	"  -resource=PATTERN   only where that is concerned: an id, a kind (instance, volume), a type, a zone,\n"
	"             a name or a tag (KEY=VALUE)\n"
	"  -count=N   at most so often      -skip=N   not to the first N      -nth=N   to the Nth alone\n"
	"  -rate=X    to so many of them, from 0 to 1; which ones, -seed=N decides\n"
	"  -for=N     ends after so many seconds\n"
	"  -ms=N or -seconds=N   of slow and delayed; a second by default\n"
	"\n"
	"    infra sandbox fault add reset-after -operation=RunInstances -count=1\n"
	"    infra sandbox fault add throttle -service=ec2 -rate=0.2 -seed=7\n"
	"    infra sandbox fault add error -code=InsufficientInstanceCapacity -status=500 -operation=RunInstances";

static int fault_add(const struct sandbox_options *o, const char *const numbers[][2], size_t number_count, const char *const texts[][2],
		     size_t text_count)
{
	AUTO_BUF struct buf order = BUF_INIT;
	struct jsonw w = {.out = &order};
	jsonw_open(&w, NULL, '{');
	jsonw_text(&w, "order", "fault-add");
	jsonw_text(&w, "kind", o->word[1]);
	for (size_t i = 0; i < text_count; i++) {
		if (texts[i][1])
			jsonw_text(&w, texts[i][0], texts[i][1]);
	}
	for (size_t i = 0; i < number_count; i++) {
		if (!numbers[i][1])
			continue;
		char *end, text[40];
		double n = strtod(numbers[i][1], &end);
		if (end == numbers[i][1] || *end || !(n >= 0 && n < 1e15)) {
			fprintf(stderr, "infra sandbox fault add: -%s is a number, not \"%s\".\n", numbers[i][0], numbers[i][1]);
			return EXIT_USAGE;
		}
		snprintf(text, sizeof(text), "%.17g", n);
		jsonw_raw(&w, numbers[i][0], text, strlen(text));
	}
	jsonw_close(&w, '}');
	return sandbox_give_order(o->dir, buf_text(&order), NULL);
}

int sandbox_fault(int argc, char **argv)
{
	const char *service = NULL, *operation = NULL, *count = NULL, *skip = NULL, *rate = NULL, *seed = NULL, *ms = NULL;
	const char *code = NULL, *message = NULL, *status = NULL, *resource = NULL, *seconds = NULL, *nth = NULL, *lasts = NULL;
	const struct sandbox_option table[] = {{"service", true, &service}, {"operation", true, &operation}, {"count", true, &count}, {"skip", true, &skip},
					       {"rate", true, &rate},	    {"seed", true, &seed},	     {"ms", true, &ms},
					       {"code", true, &code},	    {"message", true, &message},     {"status", true, &status},
					       {"resource", true, &resource}, {"seconds", true, &seconds},   {"nth", true, &nth},	      {"for", true, &lasts},
					       {NULL, false, NULL}};
	struct sandbox_options o = {0};
	if (sandbox_options(&o, argc, argv, table, fault_help)) {
		const char *const numbers[][2] = {{"count", count}, {"skip", skip}, {"rate", rate}, {"seed", seed}, {"ms", ms},
						    {"status", status}, {"seconds", seconds}, {"nth", nth}, {"for", lasts}};
		const char *const texts[][2] = {{"service", service}, {"operation", operation}, {"code", code}, {"message", message}, {"resource", resource}};
		const char *what = o.words ? o.word[0] : "";
		if (!strcmp(what, "add") && o.words == 2)
			o.code = fault_add(&o, numbers, ARRAY_LEN(numbers), texts, ARRAY_LEN(texts));
		else if (!strcmp(what, "list") && o.words == 1)
			o.code = sandbox_give_order(o.dir, "{\"order\":\"fault-list\"}", "No faults are ordered.");
		else if (!strcmp(what, "clear") && o.words == 1)
			o.code = sandbox_give_order(o.dir, "{\"order\":\"fault-clear\"}", NULL);
		else
			fprintf(stderr, "%s\n", fault_help);
	}
	sandbox_release(&o);
	return o.code;
}
