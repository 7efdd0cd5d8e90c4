/* SPDX-License-Identifier: Apache-2.0 */
/* infra output: the root module's outputs as the last apply left them. */
#include "cmd/infra/session.h"
#include "lang/value/json.h"
#include "plans/render_json.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct state_output *find_output(struct session *s, const char *name)
{
	size_t count = state_output_count(s->state);
	AUTO_FREE const char **names = xcalloc(count + 1, sizeof(*names));
	for (size_t i = 0; i < count; i++) {
		names[i] = state_output_at(s->state, i)->name;
		if (!strcmp(names[i], name))
			return state_output_at(s->state, i);
	}
	const char *near = nearest_name(name, names, count);
	diag_error(&s->diags, SRC_NOWHERE, "Output not found",
		   "The state has no output \"%s\".%s%s%s An output is there once an apply has recorded it.", name, near ? " Did you mean \"" : "",
		   near ? near : "", near ? "\"?" : "");
	return NULL;
}

static bool print_raw(struct session *s, const struct state_output *output, struct buf *out)
{
	const struct value *v = output->value;
	if (v->state == VALUE_KNOWN && v->type->kind == TYPE_STRING)
		buf_add(out, v->text, v->count);
	else if (v->state == VALUE_KNOWN && v->type->kind == TYPE_NUMBER)
		number_add_text(v->number, out);
	else if (v->state == VALUE_KNOWN && v->type->kind == TYPE_BOOL)
		buf_adds(out, v->boolean ? "true" : "false");
	else {
		AUTO_BUF struct buf type = BUF_INIT;
		type_print_friendly(v->type, &type);
		diag_error(&s->diags, SRC_NOWHERE, "Unsupported value for raw output",
			   "-raw prints a text, a number or a bool; the output \"%s\" is %s. Use -json for it.", output->name,
			   v->state == VALUE_KNOWN ? buf_text(&type) : "null");
		return false;
	}
	return true;
}

static void print_outputs(struct session *s, const char *name)
{
	AUTO_BUF struct buf out = BUF_INIT;
	struct render_options options = session_rendering(s);
	const struct state_output *output = name ? find_output(s, name) : NULL;
	if (name && !output)
		return;
	if (output && s->raw) {
		print_raw(s, output, &out);
	} else if (output && s->json) {
		value_to_json(output->value, true, &out);
		buf_addc(&out, '\n');
	} else if (output) {
		value_print(value_unmark_deep(s->arena, output->value), &out); /* who asks for it by name wants to see it */
		buf_addc(&out, '\n');
	} else if (s->json) {
		json_outputs(s->state, &out);
	} else if (!state_output_count(s->state)) {
		diag_warning(&s->diags, SRC_NOWHERE, "No outputs found",
			     "The state has no outputs: the configuration declares none, or nothing was applied since it does.");
	} else {
		render_outputs(s->state, &options, &out);
	}
	session_print(&out);
}

int cmd_output(int argc, char **argv)
{
	struct session s;
	int code;
	int at = session_options(&s, argc, argv, OPTIONS_STATE | OPTIONS_RAW,
				 "Usage: infra output [OPTION...] [NAME]\n\nShows the outputs, or one of them; sensitive ones are hidden unless they are "
				 "asked for by name, with -json or -raw.\n\n    infra output\n    ssh \"$(infra output -raw jump_host)\"\n    infra output "
				 "-json", &code);
	if (at >= 0 && argc - at > 1) {
		code = session_too_many("output", argv[at + 1]);
	} else if (at >= 0 && s.raw && (at == argc || s.json)) {
		fputs("infra output: -raw needs the name of one output, and goes without -json\n", stderr);
		code = EXIT_USAGE;
	} else if (at >= 0) {
		if (session_open_state_only(&s, true, "output"))
			print_outputs(&s, at < argc ? argv[at] : NULL);
		code = session_report(&s);
	}
	session_release(&s);
	return code;
}
