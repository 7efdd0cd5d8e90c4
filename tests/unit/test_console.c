/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The expressions of tests/lang/console against what Terraform's console makes of them. What
 * differs on purpose stands in tests/lang/deviations.txt, with the reason.
 */
#include "base/file.h"
#include "base/map.h"
#include "lang/eval/console.h"
#include "tests/unit/eval_scope.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const char folder[] = "tests/lang/console";

/* The variables and locals of context/main.tf; resources are known after apply. */
struct context {
	struct arena *arena;
	struct src_set *sources;
	struct diags diags;
	struct scope scope;
	struct map variables, locals; /* name -> struct value; name -> struct expr */
};

static const struct value *say(struct eval *eval, struct src_range range, const char *summary)
{
	diag_error(eval->diags, range, summary, "No detail.");
	return &value_unknown_any;
}

static const struct value *lookup(void *ctx, struct eval *eval, const char *root, struct src_range range,
				  const struct lookup_step *steps, size_t count, size_t *consumed)
{
	struct context *context = ctx;
	const char *first = count ? steps[0].name : NULL;
	*consumed = first ? 1 : 0;
	if (!strcmp(root, "var")) {
		const struct value *v = first ? map_find(&context->variables, first) : NULL;
		return v ? v : say(eval, range, "Reference to undeclared input variable");
	}
	if (!strcmp(root, "local")) {
		const struct expr *expr = first ? map_find(&context->locals, first) : NULL;
		if (!expr)
			return say(eval, range, "Reference to undeclared local value");
		const struct scope *before = eval->scope;
		eval->scope = &context->scope;
		const struct value *v = eval_expr(eval, expr);
		eval->scope = before;
		return v;
	}
	if (!strcmp(root, "terraform_data") || (!strcmp(root, "resource") && first && !strcmp(first, "terraform_data"))) {
		size_t at = *root == 'r';
		if (count > at && steps[at].name && strcmp(steps[at].name, "u") && strcmp(steps[at].name, "many") &&
		    strcmp(steps[at].name, "each"))
			return say(eval, range, "Reference to undeclared resource");
		if (count <= at)
			return say(eval, range, "Invalid reference");
		if (count == at + 1) {
			*consumed = count;
			return &value_unknown_any;
		}
		*consumed = at + 1;
		const char *const names[] = {"id", "input", "output", "triggers_replace"};
		const struct value *const items[] = {value_unknown(eval->arena, &type_string), &value_unknown_any,
						     &value_unknown_any, &value_unknown_any};
		const struct value *v = value_object(eval->arena, names, items, ARRAY_LEN(names));
		return !strcmp(steps[at].name, "u") ? v : &value_unknown_any;
	}
	if (!strcmp(root, "path") && first && (!strcmp(first, "module") || !strcmp(first, "root")))
		return value_string(eval->arena, ".");
	if (!strcmp(root, "path") && first && !strcmp(first, "cwd"))
		return value_string(eval->arena, "/somewhere");
	if (!strcmp(root, "terraform") && first && !strcmp(first, "workspace"))
		return value_string(eval->arena, "default");
	return NULL;
}

static const struct expr *attr(const struct body *body, const char *name)
{
	const struct attribute *found = body_find_attr(body, name);
	return found ? found->expr : NULL;
}

static void add_variable(struct context *context, struct eval *eval, const struct block *block)
{
	const struct expr *type = attr(block->body, "type");
	const struct value *v = eval_expr_as(eval, attr(block->body, "default"), type ? eval_type(eval, type) : &type_any,
					     "default");
	unsigned marks = (attr(block->body, "sensitive") ? VALUE_SENSITIVE : 0u) |
			 (attr(block->body, "ephemeral") ? VALUE_EPHEMERAL : 0u);
	if (marks)
		v = value_mark(context->arena, v, marks);
	union {
		const struct value *in;
		void *out;
	} p = {v};
	map_put(&context->variables, block->labels[0].text, p.out);
}

static void context_init(struct context *context)
{
	*context = (struct context){.arena = arena_new(), .sources = src_set_new()};
	context->scope = (struct scope){.lookup = lookup, .ctx = context};
	diags_init(&context->diags);
	AUTO_BUF struct buf text = BUF_INIT;
	if (!file_read("tests/lang/console/context/main.tf", (size_t)1 << 24, &text))
		fail_msg("tests/lang/console/context/main.tf cannot be read");
	const struct src *src = src_add(context->sources, "main.tf", buf_text(&text), text.len);
	const struct body *body = parse_file(context->arena, src, &context->diags);
	struct eval eval = {.arena = context->arena, .diags = &context->diags};
	for (size_t i = 0; i < body->block_count; i++) {
		const struct block *block = &body->blocks[i];
		if (!strcmp(block->type, "variable"))
			add_variable(context, &eval, block);
		for (size_t k = 0; !strcmp(block->type, "locals") && k < block->body->attr_count; k++) {
			union {
				const struct expr *in;
				void *out;
			} p = {block->body->attrs[k].expr};
			map_put(&context->locals, block->body->attrs[k].name, p.out);
		}
	}
	assert_int_equal(context->diags.error_count, 0);
}

static void context_release(struct context *context)
{
	map_release(&context->variables);
	map_release(&context->locals);
	diags_release(&context->diags);
	src_set_free(context->sources);
	arena_free(context->arena);
}

/* One entry of a golden file. */
struct entry {
	struct buf expr, output;
	const char *errors[8]; /* summaries */
	size_t error_count;
};

/*
 * Words of syntax errors are the parser's own, and references are resolved by who has the
 * configuration: there it is enough that both refuse.
 */
static bool any_error_will_do(const char *summary)
{
	static const char *const some[] = {
		"Argument or block definition required", "Extra characters", "Invalid \"", "Invalid 'for' directive",
		"Invalid 'for' expression", "Invalid attribute name", "Invalid character", "Invalid escape sequence",
		"Invalid expression", "Invalid legacy index syntax", "Invalid multi-line string", "Invalid reference",
		"Invalid template control keyword", "Invalid template directive", "Missing argument separator",
		"Missing attribute separator", "Missing attribute value", "Missing close bracket", "Missing closing parenthesis",
		"Missing expression", "Missing false expression", "Missing item separator", "Missing key/value separator",
		"Reference to \"", "Reference to undeclared", "Unbalanced parentheses", "Unclosed template", "Unexpected ",
		"Unsupported operator", "Unterminated", "each.value cannot",
	};
	for (size_t i = 0; i < ARRAY_LEN(some); i++) {
		if (!strncmp(summary, some[i], strlen(some[i])))
			return true;
	}
	return false;
}

static struct map deviations; /* expression -> what comes here: "= text" or "! summary" */

static void load_deviations(struct arena *arena)
{
	AUTO_BUF struct buf text = BUF_INIT;
	if (!file_read("tests/lang/deviations.txt", (size_t)1 << 24, &text))
		fail_msg("tests/lang/deviations.txt cannot be read");
	char *key = NULL;
	for (char *line = strtok(text.ptr, "\n"); line; line = strtok(NULL, "\n")) {
		if (!strncmp(line, "> ", 2))
			key = arena_strdup(arena, line + 2);
		else if (key && (*line == '=' || *line == '!'))
			map_put(&deviations, key, arena_strdup(arena, line));
	}
}

/* Several lines stand as an argument in a file. */
static bool evaluate_lines(struct eval *eval, const char *lines, struct buf *out)
{
	AUTO_BUF struct buf text = BUF_INIT;
	buf_addf(&text, "e = %s\n", lines);
	const struct src *src = src_add(eval->sources, "lines.tf", buf_text(&text), text.len);
	const struct body *body = parse_file(eval->arena, src, eval->diags);
	if (diags_has_errors(eval->diags))
		return false;
	value_print(eval_expr(eval, body->attrs[0].expr), out);
	return !diags_has_errors(eval->diags);
}

/* Prints what is wrong; true when nothing is. */
static bool run_entry(struct context *context, struct entry *entry)
{
	struct arena *arena = arena_new();
	struct diags diags;
	diags_init(&diags);
	struct eval eval = {
		.arena = arena,
		.scope = &context->scope,
		.diags = &diags,
		.sources = context->sources,
		.base_dir = "tests/lang/console/context",
		.plan_time = 1700000000,
	};
	AUTO_BUF struct buf out = BUF_INIT, wanted = BUF_INIT;
	bool done;
	if (strchr(buf_text(&entry->expr), '\n')) {
		done = evaluate_lines(&eval, buf_text(&entry->expr), &out);
	} else {
		const struct src *src = src_add(context->sources, "<console-input>", buf_text(&entry->expr), entry->expr.len);
		done = console_eval(&eval, src, &out);
	}
	if (!done) {
		buf_clear(&out);
		buf_addf(&out, "! %s", diags.items[0].summary);
	}
	const char *deviation = map_find(&deviations, buf_text(&entry->expr));
	bool same = false;
	bool as_terraform = entry->error_count ? !done && !strcmp(diags.items[0].summary, entry->errors[0])
					       : done && !strcmp(buf_text(&out), buf_text(&entry->output));
	if (deviation && as_terraform) {
		print_error("> %s\n  is as Terraform has it; deviations.txt says otherwise\n", buf_text(&entry->expr));
	} else if (deviation) {
		buf_adds(&wanted, *deviation == '=' ? deviation + 2 : deviation);
		same = !strcmp(buf_text(&out), buf_text(&wanted)) || !strcmp(deviation, "= *");
		same &= done == (*deviation == '=');
	} else if (entry->error_count) {
		buf_addf(&wanted, "! %s", entry->errors[0]);
		same = !done && (!strcmp(diags.items[0].summary, entry->errors[0]) || any_error_will_do(entry->errors[0]));
	} else {
		buf_add(&wanted, buf_text(&entry->output), entry->output.len);
		same = done && !strcmp(buf_text(&out), buf_text(&wanted));
	}
	if (!same) {
		print_error("> %s\n  gives    %s\n  expected %s\n", buf_text(&entry->expr), buf_text(&out), buf_text(&wanted));
		if (!done && diags.items[0].detail)
			print_error("  (%s)\n", diags.items[0].detail);
	}
	diags_release(&diags);
	arena_free(arena);
	return same;
}

static void finish_entry(struct context *context, struct entry *entry, size_t *passed, size_t *failed)
{
	if (entry->expr.len) {
		bool same = run_entry(context, entry);
		*passed += same;
		*failed += !same;
	}
	buf_release(&entry->expr);
	buf_release(&entry->output);
	*entry = (struct entry){0};
}


static void run_file(struct context *context, const char *name, size_t *passed, size_t *failed)
{
	AUTO_BUF struct buf text = BUF_INIT;
	char path[512];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	if (!file_read(path, (size_t)1 << 24, &text))
		fail_msg("%s cannot be read", path);
	struct entry entry = {0};
	bool first_output = true;
	for (char *line = text.ptr, *next; line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (!strncmp(line, "> ", 2)) {
			finish_entry(context, &entry, passed, failed);
			buf_adds(&entry.expr, line + 2);
			first_output = true;
		} else if (*line == '.') {
			buf_addc(&entry.expr, '\n');
			buf_adds(&entry.expr, line[1] ? line + 2 : "");
		} else if (*line == '=') {
			if (!first_output)
				buf_addc(&entry.output, '\n');
			buf_adds(&entry.output, line[1] ? line + 2 : "");
			first_output = false;
		} else if (!strncmp(line, "! ", 2) && entry.error_count < ARRAY_LEN(entry.errors)) {
			entry.errors[entry.error_count++] = line + 2;
		}
	}
	finish_entry(context, &entry, passed, failed);
}

static void test_all(void **state)
{
	(void)state;
	setenv("HOME", "/home/user", 1);
	struct context context;
	context_init(&context);
	load_deviations(context.arena);
	struct dirent **names;
	int count = scandir(folder, &names, NULL, alphasort);
	assert_true(count > 0);
	size_t all_failed = 0;
	const char *only = getenv("ONLY");
	for (int i = 0; i < count; i++) {
		size_t len = strlen(names[i]->d_name), passed = 0, failed = 0;
		if (len > 4 && !strcmp(names[i]->d_name + len - 4, ".txt") && (!only || strstr(names[i]->d_name, only))) {
			run_file(&context, names[i]->d_name, &passed, &failed);
			printf("# %s: %zu as Terraform, %zu not\n", names[i]->d_name, passed, failed);
		}
		all_failed += failed;
		free(names[i]);
	}
	free(names);
	map_release(&deviations);
	context_release(&context);
	assert_int_equal(all_failed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_all)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
