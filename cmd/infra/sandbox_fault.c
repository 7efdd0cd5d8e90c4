/* SPDX-License-Identifier: Apache-2.0 */
/* infra sandbox fault */
#include "base/arena.h"
#include "base/buf.h"
#include "base/diag.h"
#include "cmd/infra/command.h"
#include "cmd/infra/sandbox.h"
#include "lang/value/jsonw.h"
#include "sandbox/faults.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
	"Usage: infra sandbox fault add KIND [OPTION...]\n"
	"       infra sandbox fault list [-json]\n"
	"       infra sandbox fault remove NUMBER\n"
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
	"  -rate=X    to so many of them, from 0 to 1; which ones, -seed=N decides: the same seed hits the same requests\n"
	"  -for=N     ends after so many seconds\n"
	"  -ms=N or -seconds=N   of slow and delayed: a second by default\n"
	"\n"
	"Several may be ordered: the first that hits a request happens to it, beside a slow and a delayed.\n"
	"They end with `fault remove`, `fault clear`, `reset` and the sandbox's process.\n"
	"\n"
	"    infra sandbox fault add reset-after -operation=RunInstances -count=1\n"
	"    infra sandbox fault add throttle -service=ec2 -rate=0.2 -seed=7\n"
	"    infra sandbox fault add no-capacity -type='p3*' -zone=us-east-1a\n"
	"    infra sandbox fault add spot-interruption -after=60 -resource=Name=trainer";

enum { OPTIONS = 24 }; /* room for those of fault_options */

/* False when it has said what is wrong. */
static bool add_option(struct jsonw *w, const struct fault_option *option, const char *given)
{
	char *end, text[40];
	if (option->min == option->max) {
		jsonw_text(w, option->name, given);
		return true;
	}
	double n = strtod(given, &end);
	if (end == given || *end || !isfinite(n)) {
		fprintf(stderr, "infra sandbox fault add: -%s is a number, not \"%s\".\n", option->name, given);
		return false;
	}
	snprintf(text, sizeof(text), "%.17g", n);
	jsonw_raw(w, option->name, text, strlen(text));
	return true;
}

static int fault_add(const struct sandbox_options *o, const char *const *given)
{
	AUTO_BUF struct buf order = BUF_INIT;
	struct jsonw w = {.out = &order};
	jsonw_open(&w, NULL, '{');
	jsonw_text(&w, "order", "fault-add");
	jsonw_text(&w, "kind", o->word[1]);
	for (size_t i = 0; fault_options[i].name; i++) {
		if (given[i] && !add_option(&w, &fault_options[i], given[i]))
			return EXIT_USAGE;
	}
	jsonw_close(&w, '}');
	return sandbox_give_order(o->dir, buf_text(&order), NULL);
}

static int fault_remove(const struct sandbox_options *o)
{
	AUTO_BUF struct buf order = BUF_INIT;
	if (strspn(o->word[1], "0123456789") != strlen(o->word[1]) || strlen(o->word[1]) > 9) {
		fprintf(stderr, "infra sandbox fault remove: a fault's number is wanted, not \"%s\"; `infra sandbox fault list` shows them.\n", o->word[1]);
		return EXIT_USAGE;
	}
	buf_addf(&order, "{\"order\":\"fault-remove\",\"number\":%lu}", strtoul(o->word[1], NULL, 10));
	return sandbox_give_order(o->dir, buf_text(&order), NULL);
}

/* What stands there instead of an order. */
static void tell_misuse(const struct sandbox_options *o)
{
	static const struct {
		const char *name, *wants; /* the word behind it, or NULL: none */
	} orders[] = {{"add", "a KIND"}, {"list", NULL}, {"remove", "the NUMBER of a fault"}, {"clear", NULL}};
	const char *what = o->words ? o->word[0] : "", *wants = NULL;
	bool known = false;
	for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
		if (strcmp(what, orders[i].name) != 0)
			continue;
		known = true;
		wants = orders[i].wants;
	}
	if (!known)
		fprintf(stderr, "infra sandbox fault: \"%s\" is none of add, list, remove and clear.\n\n", what);
	else if (wants && o->words < 2)
		fprintf(stderr, "infra sandbox fault %s: %s is missing.\n\n", what, wants);
	else
		fprintf(stderr, "infra sandbox fault %s: \"%s\" is one word too many.\n\n", what, o->word[o->words - 1]);
	fprintf(stderr, "%s\n", help);
}

int sandbox_fault(int argc, char **argv)
{
	const char *given[OPTIONS] = {0}, *json = NULL;
	struct sandbox_option table[OPTIONS + 2] = {{"json", false, &json}};
	for (size_t i = 0; fault_options[i].name; i++) {
		if (i == OPTIONS)
			bug("there are more options than room for them");
		table[i + 1] = (struct sandbox_option){fault_options[i].name, true, &given[i]};
	}
	struct sandbox_options o = {.takes = 4};
	if (sandbox_options(&o, argc, argv, table, help)) {
		const char *what = o.words ? o.word[0] : "";
		if (!strcmp(what, "add") && o.words == 2)
			o.code = fault_add(&o, given);
		else if (!strcmp(what, "list") && o.words == 1)
			o.code = sandbox_give_order(o.dir, json ? "{\"order\":\"fault-list\",\"json\":true}" : "{\"order\":\"fault-list\"}", "No faults are ordered.");
		else if (!strcmp(what, "remove") && o.words == 2)
			o.code = fault_remove(&o);
		else if (!strcmp(what, "clear") && o.words == 1)
			o.code = sandbox_give_order(o.dir, "{\"order\":\"fault-clear\"}", NULL);
		else
			tell_misuse(&o);
	}
	sandbox_release(&o);
	return o.code;
}
