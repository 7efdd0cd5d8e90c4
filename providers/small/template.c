/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The provider "template", as Terraform's 2.x, for configurations that still have its data source:
 * templatefile() does the same without one.
 */
#include "providers/small/simple.h"
#include "providers/small/small.h"

#include "base/buf.h"
#include "base/digest.h"
#include "base/file.h"
#include "lang/eval/eval.h"
#include "lang/syntax/parse.h"

#include <errno.h>
#include <string.h>

static const struct schema *file_schema(struct arena *arena)
{
	static const struct simple_attr attrs[] = {
		{"filename", &type_string, ATTR_OPTIONAL | ATTR_DEPRECATED, NULL, "Use \"template\" with file() instead."},
		{"id", &type_string, ATTR_COMPUTED, NULL, NULL},
		{"rendered", &type_string, ATTR_COMPUTED, NULL, NULL},
		{"template", &type_string, ATTR_OPTIONAL, NULL, NULL},
		{"vars", &type_map_of_string, ATTR_OPTIONAL, NULL, NULL},
		{.name = NULL},
	};
	return simple_schema(arena, attrs, NULL, 0);
}

static void file_validate(const struct value *config, const struct body *body, struct diags *diags)
{
	if (value_get(config, "template")->state == VALUE_KNOWN && value_get(config, "filename")->state == VALUE_KNOWN)
		diag_error(diags, simple_range(body, "filename"), "Invalid attribute combination",
			   "Only one of the arguments \"template\" and \"filename\" can be written.");
}

static const struct value *find_variable(void *ctx, struct eval *eval, const char *root, struct src_range range,
					 const struct lookup_step *steps, size_t count, size_t *consumed)
{
	(void)eval, (void)range, (void)steps, (void)count;
	*consumed = 0;
	const struct value *const *vars = ctx;
	return value_get(*vars, root);
}

static void name_variables(void *ctx, void (*add)(void *add_ctx, const char *name), void *add_ctx)
{
	const struct value *const *vars = ctx;
	for (uint32_t i = 0; (*vars)->state == VALUE_KNOWN && i < (*vars)->count; i++)
		add(add_ctx, (*vars)->keys[i]);
}

/* The template's text, from the block or from a file; false after a diagnostic. */
static bool read_template(const struct simple_call *call, struct buf *out)
{
	const struct value *config = call->request->config, *text = value_get(config, "template");
	const char *filename = value_get_text(config, "filename");
	if (value_is_a(text, TYPE_STRING)) {
		buf_add(out, text->text, text->count);
		return true;
	}
	if (!filename || file_read(path_join(call->arena, call->context->root_dir, filename), 0, out))
		return true;
	diag_error(call->diags, call->request->range, "File cannot be read", "The template %s cannot be read: %s.",
		   simple_shown(config, "filename"), strerror(errno));
	return false;
}

static const struct value *render(const struct simple_call *call, const struct buf *text, const struct value *vars)
{
	const struct src *src = src_add(call->context->sources, "<template>", buf_text(text), text->len);
	if (!src) {
		diag_error(call->diags, call->request->range, "Too much text", "The run's texts are larger than 4 GiB together.");
		return NULL;
	}
	size_t errors = call->diags->error_count;
	const struct expr *template = parse_template(call->arena, src, call->diags);
	struct scope scope = {.lookup = find_variable, .names = name_variables, .ctx = &vars};
	struct eval eval = {
		.arena = call->arena,
		.scope = &scope,
		.diags = call->diags,
		.base_dir = call->context->root_dir,
		.sources = call->context->sources,
	};
	if (call->diags->error_count > errors || !eval_check_refs(&eval, template))
		return NULL;
	const struct value *v = eval_expr_as(&eval, template, &type_string, "the template");
	if (call->diags->error_count > errors)
		return NULL;
	if (value_is_a(v, TYPE_STRING))
		return v;
	diag_error(call->diags, call->request->range, "Invalid template result", "The result of the template is no known text.");
	return NULL;
}

static const struct value *file_read_data(const struct simple_call *call)
{
	const struct value *config = call->request->config, *vars = value_get(config, "vars");
	unsigned marks = value_marks_deep(vars) | value_marks_deep(value_get(config, "template"));
	AUTO_BUF struct buf text = BUF_INIT, id = BUF_INIT;
	if (!read_template(call, &text))
		return NULL;
	struct diags inner;
	diags_init(&inner);
	struct simple_call apart = *call;
	apart.diags = &inner;
	const struct value *rendered = render(&apart, &text, vars);
	if (marks & VALUE_SENSITIVE) { /* what is wrong would show the template */
		size_t found = inner.error_count;
		diags_clear(&inner);
		if (found)
			diag_error(&inner, call->request->range, "Invalid template", "The template, which is sensitive, cannot be rendered.");
	}
	diags_move(call->diags, &inner);
	diags_release(&inner);
	if (!rendered)
		return NULL;
	unsigned char digest[DIGEST_MAX];
	digest_bytes(DIGEST_SHA256, rendered->text, rendered->count, digest);
	hex_encode(digest, digest_size(DIGEST_SHA256), &id);
	static const char *const names[] = {"rendered", "id"};
	const struct value *values[] = {value_mark(call->arena, rendered, marks), value_string_raw(call->arena, buf_text(&id), id.len)};
	return simple_with(call->arena, config, names, values, 2);
}

static const struct simple_type types[] = {
	{.name = "template_file", .data = true, .schema = file_schema, .create = file_read_data, .validate = file_validate},
	{.name = NULL},
};

DEFINE_SIMPLE_KIND(template, "template", "registry.terraform.io/hashicorp/template", types);
