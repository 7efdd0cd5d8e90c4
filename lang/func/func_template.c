/* SPDX-License-Identifier: Apache-2.0 */
/*
 * templatefile() and templatestring(). A template sees the names it is given and nothing else, may
 * call all functions but these two, and one from a string none that reads files.
 */
#include "lang/func/internal.h"

#include "lang/syntax/parse.h"
#include "lang/value/unicode.h"

#include <string.h>

/* ---- what a template may call ---- */

static const struct value *refuse_template(struct eval *eval, const struct expr *expr);
static const struct value *refuse_file(struct eval *eval, const struct expr *expr);

#define REFUSED(f, how) {.name = f, .special = how}, {.name = "core::" f, .special = how}
static const struct function without_templates[] = {
	REFUSED("templatefile", refuse_template),
	REFUSED("templatestring", refuse_template),
	{0},
};
static const struct function without_files[] = {
	REFUSED("templatefile", refuse_template),
	REFUSED("templatestring", refuse_template),
	REFUSED("file", refuse_file),
	REFUSED("filebase64", refuse_file),
	REFUSED("filebase64sha256", refuse_file),
	REFUSED("filebase64sha512", refuse_file),
	REFUSED("fileexists", refuse_file),
	REFUSED("filemd5", refuse_file),
	REFUSED("fileset", refuse_file),
	REFUSED("filesha1", refuse_file),
	REFUSED("filesha256", refuse_file),
	REFUSED("filesha512", refuse_file),
	{0},
};

static const struct value *refuse_template(struct eval *eval, const struct expr *expr)
{
	struct function named = {.name = expr->function};
	struct call call = special_call(eval, &named, expr);
	return call_error(&call, -1, "cannot recursively call %s from inside another template function", expr->function);
}

static const struct value *refuse_file(struct eval *eval, const struct expr *expr)
{
	struct function named = {.name = expr->function};
	struct call call = special_call(eval, &named, expr);
	return call_error(&call, -1,
			  "cannot use filesystem access functions like %s in templatestring templates; consider passing the "
			  "function result as a template variable instead",
			  expr->function);
}

/* ---- names ---- */

static const struct value *find_variable(void *ctx, struct eval *eval, const char *root, struct src_range range,
					 const struct lookup_step *steps, size_t count, size_t *consumed)
{
	(void)eval, (void)range, (void)steps, (void)count;
	*consumed = 0;
	return value_get(ctx, root);
}

static bool is_name(const char *text)
{
	size_t len = strlen(text);
	uint32_t c;
	for (size_t i = 0; i < len;) {
		bool first = i == 0;
		i += utf8_next(text + i, len - i, &c);
		if (c != '_' && !(first ? unicode_is_id_start(c) : unicode_is_id_part(c) || c == '-'))
			return false;
	}
	return len > 0;
}

struct missing {
	const struct value *vars;
	const char *name; /* the first that vars has not */
	struct src_range range;
};

static void check_reference(void *ctx, const struct ref *ref)
{
	struct missing *missing = ctx;
	if (!missing->name && !value_get(missing->vars, ref->root)) {
		missing->name = ref->root;
		missing->range = ref->root_range;
	}
}

static bool check_names(const struct call *call, const struct expr *template, const struct value *vars)
{
	for (size_t i = 0; i < vars->count; i++) {
		const char *name = value_key_at(vars, i);
		if (!is_name(name)) {
			call_error(call, 1,
				   "invalid template variable name %s: must start with a letter, followed by zero or more "
				   "letters, digits, and underscores",
				   quoted(call, name, strlen(name)));
			return false;
		}
	}
	struct missing missing = {.vars = vars};
	expr_walk_refs(template, check_reference, &missing);
	if (!missing.name)
		return true;
	AUTO_BUF struct buf place = BUF_INIT;
	add_range_words(call->eval, missing.range, &place);
	call_error(call, 1, "vars map does not contain key %s, referenced at %s",
		   quoted(call, missing.name, strlen(missing.name)), buf_text(&place));
	return false;
}

/* ---- rendering ---- */

/* The error of a template as that of the call, with a note that shows the place in the template. */
static const struct value *template_error(const struct call *call, int arg, const char *before, const struct diags *inner)
{
	AUTO_BUF struct buf words = BUF_INIT;
	add_diags_words(call->eval, inner, &words);
	call_error(call, arg, "%s%s", before, buf_text(&words));
	struct diags *diags = call->eval->diags;
	/* A template that is itself sensitive is not shown. */
	for (size_t i = 0; i < inner->count && !(call->marks & VALUE_SENSITIVE); i++)
		if (inner->items[i].severity == DIAG_ERROR)
			diag_add_note(diags, &diags->items[diags->count - 1], inner->items[i].subject, "in this template");
	return NULL;
}

/* The template's tree; NULL after an error. `name` is what messages call it. */
static const struct expr *parse(const struct call *call, int arg, const char *name, const char *before, struct text text)
{
	struct eval *eval = call->eval;
	const struct src *src = eval->sources ? src_add(eval->sources, name, text.ptr, text.len) : NULL;
	if (!src) {
		call_error(call, -1, eval->sources ? "the run's texts are too long together"
						   : "templates cannot be read in this place");
		return NULL;
	}
	struct diags inner;
	diags_init(&inner);
	const struct expr *template = parse_template(eval->arena, src, &inner);
	if (diags_has_errors(&inner)) {
		template_error(call, arg, before, &inner);
		template = NULL;
	}
	diags_release(&inner);
	return template;
}

static const struct value *render(const struct call *call, const struct expr *template, const struct value *vars,
				  const struct function *refused)
{
	if (!is_mapping(vars->type))
		return call_error(call, 1, "invalid vars value: must be a map");
	if (!check_names(call, template, vars))
		return NULL;
	union {
		const struct value *in;
		void *out;
	} ctx = {vars}; /* find_variable() does not change it */
	struct eval *eval = call->eval;
	const struct scope scope = {.lookup = find_variable, .ctx = ctx.out}, *outer_scope = eval->scope;
	const struct function_set functions = {.table = refused, .next = eval->functions}, *outer_functions = eval->functions;
	const struct value *splat_item = eval->splat_item;
	struct diags inner;
	diags_init(&inner);
	eval->scope = &scope;
	eval->functions = &functions;
	const struct value *result = eval_expr_apart(eval, template, &inner);
	eval->scope = outer_scope;
	eval->functions = outer_functions;
	eval->splat_item = splat_item;
	if (diags_has_errors(&inner))
		result = template_error(call, -1, "", &inner);
	else if (value_is_null(result))
		result = call_error(call, -1, "the result of the template is null, which is no text");
	diags_release(&inner);
	return result;
}

/*
 * What the arguments are marked with passes to the whole result, whether the template uses it or not.
 * Inside, each name keeps its own marks, so that errors show no secrets.
 */
static const struct value *run_templatefile(const struct call *call)
{
	unsigned marks = 0;
	const struct value *path = take_marks(call, call->args[0], &marks), *vars = call->args[1];
	unsigned path_marks = marks;
	marks |= value_marks_deep(vars);
	if (!value_is_known(path) || !value_is_known(vars))
		return value_mark(call_arena(call), &value_unknown_any, marks);
	AUTO_BUF struct buf content = BUF_INIT;
	if (!read_source_file(call, 0, text_of(path), path_marks, &content))
		return NULL;
	if (!utf8_is_valid(buf_text(&content), content.len))
		return call_error(call, -1,
				  "contents of %s are not valid UTF-8; use the filebase64 function to obtain the Base64 encoded "
				  "contents or the other file functions (e.g. filemd5, filesha256) to obtain file hashing "
				  "results instead",
				  quoted_unless(call, path_marks, path->text, path->count));
	const struct expr *template =
		parse(call, -1, path->text, "", (struct text){buf_text(&content), content.len});
	const struct value *result = template ? render(call, template, vars, without_templates) : NULL;
	return result ? value_mark(call_arena(call), result, marks) : NULL;
}

/* ---- templatestring ---- */

/* A plain way to a string elsewhere: a name, and from there attributes and members. */
static bool is_reference(const struct expr *expr)
{
	while (expr->kind == EXPR_ATTR || expr->kind == EXPR_INDEX || expr->kind == EXPR_SPLAT)
		expr = expr->on;
	return expr->kind == EXPR_NAME;
}

/* Whoever writes the template into the call needs no such function; says what to write instead. */
static bool check_template_argument(const struct call *call, const struct expr *arg)
{
	const char *why = NULL;
	if (arg->kind == EXPR_LITERAL && value_is_a(arg->literal, TYPE_STRING))
		why = "templatestring is only for rendering templates retrieved dynamically from elsewhere, and so does not "
		      "support providing a literal template; consider using a template string expression instead";
	else if (arg->kind == EXPR_TEMPLATE && arg->part_count == 1 && arg->parts[0].kind == PART_INTERPOLATION)
		why = "templatestring is only for rendering templates retrieved dynamically from elsewhere; to treat the inner "
		      "expression as template syntax, write the reference expression directly without any template "
		      "interpolation syntax";
	else if (arg->kind == EXPR_TEMPLATE)
		why = "templatestring is only for rendering templates retrieved dynamically from elsewhere; to render an "
		      "inline template, consider using a plain template string expression";
	else if (!is_reference(arg))
		why = "must be a direct reference to a single string from elsewhere, containing valid template syntax";
	if (why)
		call_error(call, 0, "invalid template expression: %s", why);
	return !why;
}

static const struct value *special_templatestring(struct eval *eval, const struct expr *expr);

static const struct param templatestring_params[] = {{"template", &type_any, 0}, {"vars", &type_any, 0}, {0}};
static const struct function templatestring = {
	.name = "templatestring",
	.params = templatestring_params,
	.special = special_templatestring,
};

static const struct value *render_string(const struct call *call, const struct value *template, const struct value *vars)
{
	unsigned marks = value_marks_deep(vars);
	struct arena *arena = call_arena(call);
	template = take_marks(call, template, &marks);
	if (value_is_null(vars))
		return call_error(call, 1, "argument must not be null");
	if (!value_is_known(template) || !value_is_known(vars))
		return value_mark(arena, result_unknown(call, &type_string), marks);
	if (!value_is_a(template, TYPE_STRING))
		return call_error(call, 0, "invalid template value: a string is required");
	const struct expr *tree = parse(call, 0, "<templatestring argument>", "invalid template: ", text_of(template));
	const struct value *result = tree ? render(call, tree, vars, without_files) : NULL;
	if (!result)
		return NULL;
	AUTO_BUF struct buf why = BUF_INIT;
	result = value_convert(arena, result, &type_string, &why);
	return result ? value_mark(arena, result, marks)
		      : call_error(call, -1, "invalid template result: %s", buf_text(&why));
}

static const struct value *special_templatestring(struct eval *eval, const struct expr *expr)
{
	if (!special_count(eval, expr, &templatestring))
		return &value_unknown_any;
	struct call call = special_call(eval, &templatestring, expr);
	if (!check_template_argument(&call, expr->args[0]))
		return &value_unknown_string;
	size_t errors = eval->diags->error_count;
	const struct value *template = eval_expr(eval, expr->args[0]), *vars = eval_expr(eval, expr->args[1]);
	if (eval->diags->error_count > errors)
		return &value_unknown_string;
	call.marks = template->marks;
	const struct value *result = render_string(&call, template, vars);
	return result ? result : &value_unknown_string;
}

static const struct param templatefile_params[] = {
	{"path", &type_string, PARAM_UNKNOWN | PARAM_MARKS}, {"vars", &type_any, PARAM_UNKNOWN | PARAM_MARKS}, {0}};

const struct function template_functions[] = {
	{.name = "templatefile", .params = templatefile_params, .run = run_templatefile, .nullable = true},
	{.name = "templatestring", .params = templatestring_params, .special = special_templatestring},
	{0},
};
