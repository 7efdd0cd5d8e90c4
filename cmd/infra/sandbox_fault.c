/* SPDX-License-Identifier: Apache-2.0 */
/* infra sandbox fault */
#include "base/arena.h"
#include "base/buf.h"
#include "cmd/infra/command.h"
#include "cmd/infra/sandbox.h"
#include "lang/value/jsonw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
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
	"  slow           it begins only after -ms, give or take a -spread; -preset=aws: as long as AWS takes\n"
	"  delayed        it has its effect, which readers see only after -ms\n"
	"  expired-credentials    it is refused, for its keys have expired\n"
	"  no-capacity    no instance of a -type, in a -zone, is to be had; those of spot wait\n"
	"  status-checks  instances that run fail them, until they are stopped, or for -seconds\n"
	"  spot-interruption      instances of spot are told after -after seconds that they end, and end\n"
	"                 two minutes of AWS's, or -notice seconds, later\n"
	"  mount-target-stuck     those that are made now stay in creation, for ever or for -seconds\n"
	"\n"
	"  -service=NAME -operation=NAME   only to such requests; * and ? may stand in both\n"
	"  -resource=PATTERN   only where that is concerned: an id, a kind (instance, volume), a type, a zone,\n"
	"             a name or a tag (KEY=VALUE); -type=PATTERN and -zone=PATTERN likewise, besides\n"
	"  -count=N   at most so often      -skip=N   not to the first N      -nth=N   to the Nth alone\n"
	"  -rate=X    to so many of them, from 0 to 1; which ones, -seed=N decides\n"
	"  -for=N     ends after so many seconds\n"
	"  -ms=N or -seconds=N   of slow and delayed: a second by default\n"
	"\n"
	"    infra sandbox fault add reset-after -operation=RunInstances -count=1\n"
	"    infra sandbox fault add throttle -service=ec2 -rate=0.2 -seed=7\n"
	"    infra sandbox fault add no-capacity -type='p3*' -zone=us-east-1a\n"
	"    infra sandbox fault add spot-interruption -after=60 -resource=Name=trainer";

static const struct {
	const char *name;
	bool number;
} options[] = {
	{"service", false}, {"operation", false}, {"resource", false}, {"type", false},	  {"zone", false},   {"code", false},	 {"message", false},
	{"preset", false},  {"count", true},	  {"skip", true},      {"nth", true},	  {"rate", true},    {"seed", true},	 {"for", true},
	{"ms", true},	    {"seconds", true},	  {"after", true},     {"notice", true}, {"spread", true}, {"status", true},
};

static int fault_add(const struct sandbox_options *o, const char *const *given)
{
	AUTO_BUF struct buf order = BUF_INIT;
	struct jsonw w = {.out = &order};
	jsonw_open(&w, NULL, '{');
	jsonw_text(&w, "order", "fault-add");
	jsonw_text(&w, "kind", o->word[1]);
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		if (!given[i])
			continue;
		if (!options[i].number) {
			jsonw_text(&w, options[i].name, given[i]);
			continue;
		}
		char *end, text[40];
		double n = strtod(given[i], &end);
		if (end == given[i] || *end || !(n >= 0 && n < 1e15)) {
			fprintf(stderr, "infra sandbox fault add: -%s is a number, not \"%s\".\n", options[i].name, given[i]);
			return EXIT_USAGE;
		}
		snprintf(text, sizeof(text), "%.17g", n);
		jsonw_raw(&w, options[i].name, text, strlen(text));
	}
	jsonw_close(&w, '}');
	return sandbox_give_order(o->dir, buf_text(&order), NULL);
}

int sandbox_fault(int argc, char **argv)
{
	const char *given[ARRAY_LEN(options)] = {0};
	struct sandbox_option table[ARRAY_LEN(options) + 1] = {0};
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		table[i] = (struct sandbox_option){options[i].name, true, &given[i]};
	struct sandbox_options o = {0};
	if (sandbox_options(&o, argc, argv, table, help)) {
		const char *what = o.words ? o.word[0] : "";
		if (!strcmp(what, "add") && o.words == 2)
			o.code = fault_add(&o, given);
		else if (!strcmp(what, "list") && o.words == 1)
			o.code = sandbox_give_order(o.dir, "{\"order\":\"fault-list\"}", "No faults are ordered.");
		else if (!strcmp(what, "clear") && o.words == 1)
			o.code = sandbox_give_order(o.dir, "{\"order\":\"fault-clear\"}", NULL);
		else
			fprintf(stderr, "%s\n", help);
	}
	sandbox_release(&o);
	return o.code;
}
