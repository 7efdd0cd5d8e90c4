/* SPDX-License-Identifier: Apache-2.0 */
/* The values of the root module's variables, from all their sources. */
#include "plans/config/config_internal.h"

#include "base/buf.h"
#include "base/file.h"
#include "lang/eval/eval.h"
#include "lang/value/convert.h"
#include "lang/value/json.h"

#include <errno.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

struct input {
	const struct value *value;
	struct src_range range;
};

struct inputs {
	struct config *config;
	struct diags *diags;
	struct arena *arena;
	struct map given; /* name -> struct input */
};

static void give(struct inputs *in, const char *name, const struct value *value, struct src_range range)
{
	struct input *input = arena_new_of(in->arena, struct input);
	*input = (struct input){value, range};
	map_put(&in->given, name, input);
}

static const struct variable *declared(struct inputs *in, const char *name)
{
	return map_find(&in->config->root->variables, name);
}

static const char *near_variable(struct inputs *in, const char *name)
{
	VEC(const char *) names = {0};
	const struct map *variables = &in->config->root->variables;
	for (struct map_entry *e = map_first(variables); e; e = map_next(variables, e))
		vec_add(&names, e->key);
	const char *near = nearest_name(name, names.items, names.count);
	vec_free(&names);
	return near;
}

/* A text from the command line or the environment: plain for variables of text, else an expression. */
static void give_text(struct inputs *in, const struct variable *variable, const char *text, const char *origin)
{
	enum type_kind kind = variable->type->kind;
	if (kind == TYPE_STRING || kind == TYPE_BOOL || kind == TYPE_NUMBER || kind == TYPE_ANY) {
		give(in, variable->name, value_string(in->arena, text), SRC_NOWHERE);
		return;
	}
	const struct src *src = src_add(in->config->sources, origin, text, strlen(text));
	size_t errors = in->diags->error_count;
	const struct expr *expr = src ? parse_expr(in->arena, src, in->diags) : NULL;
	if (!expr || in->diags->error_count > errors)
		return;
	struct eval eval = {.arena = in->arena, .diags = in->diags, .sources = in->config->sources};
	const struct value *v = eval_expr(&eval, expr);
	if (in->diags->error_count == errors)
		give(in, variable->name, v, expr->range);
}

static void read_environment(struct inputs *in)
{
	static const char *const prefixes[] = {"TF_VAR_", "INFRA_VAR_"};
	for (size_t p = 0; p < ARRAY_LEN(prefixes); p++) {
		size_t n = strlen(prefixes[p]);
		for (char **e = environ; *e; e++) {
			const char *equals = strchr(*e, '=');
			if (strncmp(*e, prefixes[p], n) || !equals)
				continue;
			/* names of other projects' variables may stand there: unknown ones are passed over */
			const char *name = arena_strndup(in->arena, *e + n, (size_t)(equals - *e) - n);
			const struct variable *variable = declared(in, name);
			if (variable)
				give_text(in, variable, equals + 1, arena_printf(in->arena, "the environment variable %s%s", prefixes[p], name));
		}
	}
}

static void read_values_file(struct inputs *in, const char *path, bool must_exist)
{
	AUTO_BUF struct buf text = BUF_INIT;
	/* what a shell hands over, as in -var-file=<(...), has somebody at the other end */
	bool handed = !strncmp(path, "/dev/", 5) || !strncmp(path, "/proc/", 6);
	const char *endless = handed ? NULL : file_endless(path);
	if (endless) {
		diag_error(in->diags, SRC_NOWHERE, "Failed to read variables file", "%s is %s, not a file.", path, endless);
		return;
	}
	if (!file_read(path, 64u << 20, &text)) {
		if (must_exist || errno != ENOENT)
			diag_error(in->diags, SRC_NOWHERE, "Failed to read variables file", "The file %s could not be read: %s.", path,
				   strerror(errno));
		return;
	}
	size_t len = strlen(path);
	if (len > 5 && !strcmp(path + len - 5, ".json")) {
		AUTO_BUF struct buf why = BUF_INIT;
		const struct value *v = value_from_json(in->arena, buf_text(&text), text.len, &why);
		if (!v || v->state != VALUE_KNOWN || v->type->kind != TYPE_OBJECT) {
			diag_error(in->diags, SRC_NOWHERE, "Invalid variables file", "The file %s does not hold a JSON object: %s.", path,
				   v ? "it is of another type" : buf_text(&why));
			return;
		}
		for (uint32_t i = 0; i < v->count; i++)
			give(in, value_key_at(v, i), v->items[i], SRC_NOWHERE);
		return;
	}
	const struct src *src = src_add(in->config->sources, path, buf_text(&text), text.len);
	if (!src)
		return;
	const struct body *body = parse_file(in->arena, src, in->diags);
	for (size_t i = 0; i < body->block_count; i++)
		diag_error(in->diags, body->blocks[i].type_range, "Unexpected block",
			   "A file of variable values holds arguments only (name = value). Blocks belong into plan files.");
	struct eval eval = {.arena = in->arena, .diags = in->diags, .sources = in->config->sources};
	for (size_t i = 0; i < body->attr_count; i++) {
		const struct attribute *attr = &body->attrs[i];
		if (!declared(in, attr->name)) {
			const char *near = near_variable(in, attr->name);
			diag_warning(in->diags, attr->name_range, "Value for undeclared variable",
				     "The root module has no variable \"%s\"; the value is not used.%s%s%s", attr->name,
				     near ? " Did you mean \"" : "", near ? near : "", near ? "\"?" : "");
			continue;
		}
		size_t errors = in->diags->error_count;
		const struct value *v = eval_expr(&eval, attr->expr);
		if (in->diags->error_count == errors)
			give(in, attr->name, v, attr->expr->range);
	}
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);
	return n > m && !strcmp(s + n - m, end);
}

static void read_found_files(struct inputs *in)
{
	struct arena *arena = in->arena;
	const char *dir = in->config->dir;
	read_values_file(in, path_join(arena, dir, "terraform.tfvars"), false);
	read_values_file(in, path_join(arena, dir, "terraform.tfvars.json"), false);
	char **names;
	size_t count;
	if (!directory_list(arena, dir, &names, &count))
		return; /* config_load() has told it */
	for (size_t i = 0; i < count; i++) {
		if (names[i][0] != '.' && (ends_with(names[i], ".auto.tfvars") || ends_with(names[i], ".auto.tfvars.json")))
			read_values_file(in, path_join(arena, dir, names[i]), true);
	}
}

static void read_argument(struct inputs *in, const char *text)
{
	const char *equals = strchr(text, '=');
	if (!equals || equals == text) {
		diag_error(in->diags, SRC_NOWHERE, "Invalid -var option", "The option is -var NAME=VALUE; \"%s\" has no %s.", text,
			   equals ? "name" : "equals sign");
		return;
	}
	const char *name = arena_strndup(in->arena, text, (size_t)(equals - text));
	while (*name == ' ')
		name++;
	const struct variable *variable = declared(in, name);
	if (!variable) {
		const char *near = near_variable(in, name);
		diag_error(in->diags, SRC_NOWHERE, "Value for undeclared variable",
			   "The option -var names \"%s\", but the root module has no such variable.%s%s%s", name, near ? " Did you mean \"" : "",
			   near ? near : "", near ? "\"?" : "");
		return;
	}
	give_text(in, variable, equals + 1, arena_printf(in->arena, "the option -var for %s", name));
}

/* Asks on the terminal; what is typed for a sensitive variable is not shown. */
static void ask(struct inputs *in, const struct variable *variable)
{
	fprintf(stderr, "var.%s\n", variable->name);
	if (variable->description)
		fprintf(stderr, "  %s\n", variable->description);
	fprintf(stderr, "\n  Enter a value: ");
	fflush(stderr);
	struct termios saved;
	bool hidden = variable->sensitive && tcgetattr(STDIN_FILENO, &saved) == 0;
	if (hidden) {
		struct termios quiet = saved;
		quiet.c_lflag &= ~(tcflag_t)ECHO;
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
	}
	AUTO_BUF struct buf line = BUF_INIT;
	int c;
	while ((c = getchar()) != EOF && c != '\n')
		buf_addc(&line, (char)c);
	if (hidden) {
		tcsetattr(STDIN_FILENO, TCSAFLUSH, &saved);
		fputc('\n', stderr);
	}
	fputc('\n', stderr);
	if (c == EOF && !line.len)
		return;
	give_text(in, variable, buf_text(&line), arena_printf(in->arena, "the answer for %s", variable->name));
	if (line.len)
		explicit_bzero(line.ptr, line.len);
}

bool config_variables(struct config *config, const struct variable_source *sources, size_t count, enum variable_missing missing,
		      struct map *values, struct diags *diags)
{
	struct inputs in = {.config = config, .diags = diags, .arena = config->arena};
	size_t errors = diags->error_count;
	read_environment(&in);
	read_found_files(&in);
	for (size_t i = 0; i < count; i++) {
		if (sources[i].kind == VAR_FILE)
			read_values_file(&in, sources[i].text, true);
		else
			read_argument(&in, sources[i].text);
	}
	const struct map *variables = &config->root->variables;
	for (struct map_entry *e = map_first(variables); e; e = map_next(variables, e)) {
		const struct variable *variable = e->value;
		if (!variable->fallback && !map_find(&in.given, variable->name) && missing == MISSING_ASKED && diags->error_count == errors)
			ask(&in, variable);
		const struct input *input = map_find(&in.given, variable->name);
		if (!input) {
			if (!variable->fallback && missing == MISSING_UNKNOWN)
				map_put(values, variable->name, (void *)(uintptr_t)value_unknown(config->arena, variable->type));
			else if (!variable->fallback)
				diag_error(diags, variable->range, "No value for required variable",
					   "The variable \"%s\" has no default, and no value was given. Any of these gives one:\n\n    -var '%s=VALUE'\n    "
					   "export TF_VAR_%s=VALUE\n\nor a line in the file terraform.tfvars.", variable->name, variable->name,
					   variable->name);
			continue;
		}
		AUTO_BUF struct buf why = BUF_INIT;
		const struct value *v = value_convert(config->arena, input->value, variable->type, &why);
		if (!v) {
			diag_error(diags, src_range_is_empty(input->range) ? variable->range : input->range, "Invalid value for input variable",
				   "The value given for \"%s\" does not fit its type: %s.", variable->name, buf_text(&why));
			continue;
		}
		map_put(values, variable->name, (void *)(uintptr_t)v);
	}
	map_release(&in.given);
	return diags->error_count == errors;
}
