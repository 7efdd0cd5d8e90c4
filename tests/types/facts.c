/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers, line by line and without any request, what the AWS types' schemas are and what plans of single objects look
 * like, in the form in which tests/types/collect.py asks Terraform's provider.
 *
 *     names resource|data                 one line: [names]
 *     schema resource|data TYPE           one line: as `providers schema -json` has it
 *     plan TYPE, CONFIG, PRIOR (lines)    {"planned": ..., "replace": [[step, ...]], "errors": [[severity, summary, detail]]}
 *     validate resource|data TYPE, CONFIG {"errors": ...}
 *
 * Unknown values are the string "\u0001".
 */
#include "base/buf.h"
#include "base/loop.h"
#include "lang/value/convert.h"
#include "lang/value/json.h"
#include "plans/diff.h"
#include "providers/aws/provider_kind.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct provider_kind *const kind = &aws_provider_kind;

static void add_text(struct buf *out, const char *text)
{
	json_add_string(out, text ? text : "", text ? strlen(text) : 0, false);
}

/* As a value without unknown parts. */
static const struct value *shown(struct arena *arena, const struct value *v)
{
	if (!v->deep_unknown)
		return v;
	if (v->state == VALUE_UNKNOWN)
		return value_string_raw(arena, "\001", 1);
	const struct value **items = arena_array_of(arena, v->count, const struct value *);
	const char **keys = arena_array_of(arena, v->count, const char *);
	bool keyed = v->type->kind == TYPE_OBJECT || v->type->kind == TYPE_MAP;
	for (uint32_t i = 0; i < v->count; i++) {
		items[i] = shown(arena, v->items[i]);
		keys[i] = keyed ? value_key_at(v, i) : NULL;
	}
	return keyed ? value_object(arena, keys, items, v->count) : value_tuple(arena, items, v->count);
}

static void print_errors(const struct diags *diags, struct buf *out)
{
	buf_adds(out, "\"errors\":[");
	for (size_t i = 0; i < diags->count; i++) {
		const struct diag *diag = &diags->items[i];
		buf_addf(out, "%s[\"%s\",", i ? "," : "", diag->severity == DIAG_ERROR ? "error" : "warning");
		add_text(out, diag->summary);
		buf_addc(out, ',');
		add_text(out, diag->detail);
		buf_addc(out, ']');
	}
	buf_addc(out, ']');
}

static void print_path(const struct value_path *path, bool first, struct buf *out)
{
	buf_adds(out, first ? "[" : ",[");
	for (size_t i = 0; i < path->count; i++) {
		const struct value_step *step = &path->steps[i];
		if (i)
			buf_addc(out, ',');
		if (step->name)
			add_text(out, step->name);
		else if (step->member)
			buf_adds(out, "null");
		else
			buf_addf(out, "%zu", step->index);
	}
	buf_addc(out, ']');
}

static bool is_kept(const struct adjust_answer *answer, const struct value_path *path)
{
	for (size_t i = 0; i < answer->keep_count; i++) {
		if (value_path_equal(&answer->keep[i], path))
			return true;
	}
	return false;
}

static char *next_line(void)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len = getline(&line, &size, stdin);
	if (len <= 0) {
		free(line);
		return NULL;
	}
	line[strcspn(line, "\n")] = '\0';
	return line;
}

/* The mark for unknown values, wherever it stands, as one. */
static const struct value *unmarked(struct arena *arena, const struct value *v)
{
	if (value_is_text(v, "\001"))
		return value_unknown(arena, &type_any);
	if (v->state != VALUE_KNOWN || type_is_primitive(v->type))
		return v;
	const struct value **items = arena_array_of(arena, v->count, const struct value *);
	const char **keys = arena_array_of(arena, v->count, const char *);
	bool keyed = v->type->kind == TYPE_OBJECT;
	for (uint32_t i = 0; i < v->count; i++) {
		items[i] = unmarked(arena, v->items[i]);
		keys[i] = keyed ? value_key_at(v, i) : NULL;
	}
	return keyed ? value_object(arena, keys, items, v->count) : value_tuple(arena, items, v->count);
}

static const struct value *read_value(struct arena *arena, const struct type *type)
{
	char *line = next_line();
	AUTO_BUF struct buf why = BUF_INIT;
	const struct value *v = NULL;
	if (line && strstr(line, "\\u0001")) {
		v = value_from_json(arena, line, strlen(line), &why);
		v = v ? value_convert(arena, unmarked(arena, v), type, &why) : NULL;
	} else if (line) {
		v = value_from_json_as(arena, line, strlen(line), type, &why);
	}
	if (!v) {
		fprintf(stderr, "facts: %s\n", line ? buf_text(&why) : "the input ends in the middle of a question");
		exit(3);
	}
	free(line);
	return v;
}

static void plan(struct provider *provider, const struct resource_type *type, struct arena *arena, struct buf *out, bool only_validate)
{
	const struct value *config = read_value(arena, type->schema->type);
	const struct value *prior = only_validate ? NULL : read_value(arena, type->schema->type);
	struct diags diags;
	diags_init(&diags);
	if (only_validate && kind->validate)
		kind->validate(type, config, NULL, &diags);
	buf_addc(out, '{');
	if (!only_validate) {
		if (value_is_null(prior))
			prior = NULL;
		struct adjust_answer answer = {.planned = diff_propose(arena, type->schema, config, prior)};
		struct adjust_request request = {.config = config, .prior = prior, .proposed = answer.planned};
		kind->adjust(provider, type, arena, &request, &answer, &diags);
		buf_adds(out, "\"planned\":");
		value_to_json(shown(arena, answer.planned), false, out);
		buf_adds(out, ",\"replace\":[");
		bool first = true;
		if (prior && !diff_same(prior, answer.planned)) {
			const struct value_path *paths;
			size_t count;
			diff_replacements(arena, type->schema, prior, answer.planned, &paths, &count);
			for (size_t i = 0; i < count; i++) {
				if (!is_kept(&answer, &paths[i])) {
					print_path(&paths[i], first, out);
					first = false;
				}
			}
			for (size_t i = 0; i < answer.replace_count; i++) {
				print_path(&answer.replace[i], first, out);
				first = false;
			}
		}
		buf_adds(out, "],");
	}
	print_errors(&diags, out);
	buf_addc(out, '}');
	diags_release(&diags);
}

static void answer_line(struct provider *provider, char *line, struct arena *arena, struct buf *out)
{
	char *save;
	const char *word = strtok_r(line, " ", &save), *second = strtok_r(NULL, " ", &save), *third = strtok_r(NULL, " ", &save);
	if (!word || !second)
		return;
	if (!strcmp(word, "names")) {
		size_t count;
		const char *const *names = kind->type_names(!strcmp(second, "data"), &count);
		buf_addc(out, '[');
		for (size_t i = 0; i < count; i++) {
			if (i)
				buf_addc(out, ',');
			add_text(out, names[i]);
		}
		buf_addc(out, ']');
		return;
	}
	bool schema = third != NULL;
	struct diags diags;
	diags_init(&diags);
	const struct resource_type *type = kind->find_type(schema ? third : second, schema && !strcmp(second, "data"), &diags);
	if (!type) {
		buf_addc(out, '{');
		print_errors(&diags, out);
		buf_addc(out, '}');
	} else if (!strcmp(word, "schema")) {
		schema_print_json(type->schema, out);
	} else {
		plan(provider, type, arena, out, !strcmp(word, "validate"));
	}
	diags_release(&diags);
}

int main(void)
{
	struct diags diags;
	diags_init(&diags);
	struct arena *arena = arena_new();
	struct provider_context context = {.loop = loop_new(), .root_dir = ".", .version = "0", .offline = true};
	struct provider *provider = kind->configure(&context, schema_empty(arena, kind->config_schema()), SRC_NOWHERE, &diags);
	if (!provider)
		return 1;
	AUTO_BUF struct buf out = BUF_INIT;
	for (char *line; (line = next_line()); free(line)) {
		struct arena *work = arena_new();
		buf_clear(&out);
		answer_line(provider, line, work, &out);
		puts(buf_text(&out));
		fflush(stdout);
		arena_free(work);
	}
	kind->close(provider);
	loop_free(context.loop);
	arena_free(arena);
	diags_release(&diags);
	return 0;
}
