/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aws_call() for scripts: reads one JSON object a line, makes the call (configuration and
 * credentials as the environment says), writes one object a line.
 *
 *   {"service", "operation", "params"?, "region"?, "all"?: true, "token"?, "repeat"?: "never"}
 *       -> {"result": "ok", "value", "pages"}, or {"result": "error" | "lost" | "not sent", "code", "diag"}
 *
 * A line with an array of such objects makes them all at once, and answers an array in their order.
 */
#include "aws/call.h"
#include "aws/config.h"
#include "aws/credentials.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/http.h"
#include "base/loop.h"
#include "lang/value/json.h"
#include "lang/value/value.h"

#include <stdlib.h>
#include <string.h>

struct asked {
	struct arena *arena;
	const struct value *answer;
};

static void done(void *ctx, const struct aws_answer *answer)
{
	struct asked *asked = ctx;
	struct arena *arena = asked->arena;
	static const char *const words[] = {"ok", "error", "lost", "not sent"};
	const char *names[8] = {"result"};
	const struct value *items[8] = {value_string(arena, words[answer->result])};
	size_t n = 1;
	if (answer->result == AWS_OK) {
		names[n] = "value";
		items[n++] = value_copy(arena, answer->value);
		names[n] = "pages";
		items[n++] = value_int(arena, (int64_t)answer->pages);
	} else {
		struct diags diags;
		AUTO_BUF struct buf text = BUF_INIT;
		diags_init(&diags);
		aws_error_diag(answer, SRC_NOWHERE, &diags);
		diags_print(&diags, NULL, false, 0, &text);
		diags_release(&diags);
		names[n] = "code";
		items[n++] = value_string(arena, answer->failure.code ? answer->failure.code : "");
		names[n] = "diag";
		items[n++] = value_string(arena, buf_text(&text));
	}
	asked->answer = value_object(arena, names, items, n);
}

static void ask(struct aws *aws, const struct value *in, struct asked *asked)
{
	const struct value *all = value_get(in, "all");
	struct aws_call_options options = {.service = value_get_text(in, "service"),
					   .operation = value_get_text(in, "operation"),
					   .params = value_get(in, "params"),
					   .region = value_get_text(in, "region"),
					   .token = value_get_text(in, "token"),
					   .all_pages = all && value_is_true(all)};
	const char *repeat = value_get_text(in, "repeat");
	if (repeat && !strcmp(repeat, "never"))
		options.repeat = AWS_REPEAT_NEVER;
	aws_call(aws, &options, done, asked);
}

static void log_line(void *ctx, const char *line)
{
	(void)ctx;
	fprintf(stderr, "%s\n", line);
}

int main(void)
{
	struct diags diags;
	diags_init(&diags);
	struct aws_config *config = aws_config_new(&(struct aws_settings){0}, &diags);
	if (!config) {
		AUTO_BUF struct buf text = BUF_INIT;
		diags_print(&diags, NULL, false, 0, &text);
		fputs(buf_text(&text), stderr);
		return 1;
	}
	struct loop *loop = loop_new();
	struct http *http = http_new(loop, NULL);
	struct aws_identity *identity = aws_identity_new(loop, http, config);
	struct aws *aws = aws_new(&(struct aws_options){.loop = loop,
							.http = http,
							.config = config,
							.identity = identity,
							.log = getenv("CALLS_LOG") ? log_line : NULL});
	struct arena *arena = arena_new();
	AUTO_FREE char *line = NULL;
	size_t cap = 0;
	ssize_t len;
	while ((len = getline(&line, &cap, stdin)) > 0) {
		AUTO_BUF struct buf why = BUF_INIT, out = BUF_INIT;
		const struct value *in = value_from_json(arena, line, (size_t)len, &why);
		if (!in)
			bug("not JSON: %s", buf_text(&why));
		bool many = value_is_a(in, TYPE_TUPLE);
		size_t count = many ? in->count : 1;
		struct asked *asked = arena_array_of(arena, count, struct asked);
		for (size_t i = 0; i < count; i++) {
			asked[i].arena = arena;
			ask(aws, many ? in->items[i] : in, &asked[i]);
		}
		loop_run(loop);
		const struct value **answers = arena_array_of(arena, count, const struct value *);
		for (size_t i = 0; i < count; i++)
			answers[i] = asked[i].answer;
		value_to_json(many ? value_tuple(arena, answers, count) : answers[0], false, &out);
		puts(buf_text(&out));
		fflush(stdout);
		arena_reset(arena);
	}
	aws_free(aws);
	aws_identity_free(identity);
	http_free(http);
	loop_free(loop);
	aws_config_free(config);
	diags_release(&diags);
	arena_free(arena);
	return 0;
}
