/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/aws/env.h"

#include "base/buf.h"
#include "base/digest.h"
#include "lang/value/convert.h"

#include <string.h>

bool is_blank(const struct value *v)
{
	if (!v || v->state == VALUE_NULL)
		return true;
	if (v->state != VALUE_KNOWN)
		return false;
	switch (v->type->kind) {
	case TYPE_STRING:
	case TYPE_LIST:
	case TYPE_SET:
	case TYPE_MAP:
	case TYPE_OBJECT:
	case TYPE_TUPLE:
		return v->count == 0;
	case TYPE_ANY:
	case TYPE_BOOL:
	case TYPE_NUMBER:
		return false;
	}
	return false;
}

bool is_list(const struct value *v)
{
	return v->state == VALUE_KNOWN && (v->type->kind == TYPE_TUPLE || v->type->kind == TYPE_LIST || v->type->kind == TYPE_SET);
}

/* ---- names ---- */

static const struct value *text_or_null(struct env *env, const char *text)
{
	return text ? value_string(env->eval.arena, text) : &value_null_string;
}

static const struct value *or_null(const struct value *v)
{
	return v ? v : &value_null_any;
}

static const struct value *part_value(struct env *env, const struct lookup_step *steps, size_t count, size_t *consumed)
{
	const char *name = count ? steps[0].name : NULL;
	*consumed = count ? 1 : 0;
	for (size_t i = 0; name && i < env->type->read.part_count; i++) {
		if (!strcmp(env->type->read.parts[i].name, name))
			return or_null(env->parts ? env->parts[i] : NULL);
	}
	return &value_null_any;
}

static const struct value *lookup(void *ctx, struct eval *eval, const char *root, struct src_range root_range,
				  const struct lookup_step *steps, size_t count, size_t *consumed)
{
	struct env *env = ctx;
	(void)root_range;
	*consumed = 0;
	const struct {
		const char *name;
		const struct value *value;
	} values[] = {
		{"self", env->self}, {"prior", env->prior}, {"config", env->config}, {"object", env->object}, {"answer", env->answer}, {"member", env->member},
		{"added", env->added}, {"removed", env->removed}, {"changed", env->changed}, {"changes", env->changes},
		{"tags", env->tags}, {"objects", env->objects}, {"error", env->error}, {"ids", env->ids}, {"atoms", env->atoms},
		{"answers", env->answers}, {"result", env->result}, {"kind", env->kind}, {"value", env->value},
	};
	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		if (!strcmp(values[i].name, root))
			return or_null(values[i].value);
	}
	if (!strcmp(root, "part"))
		return part_value(env, steps, count, consumed);
	if (!strcmp(root, "id"))
		return text_or_null(env, env->id);
	if (!strcmp(root, "region"))
		return text_or_null(env, env->place->region);
	if (!strcmp(root, "account"))
		return text_or_null(env, env->place->account);
	if (!strcmp(root, "partition"))
		return text_or_null(env, env->place->partition);
	if (!strcmp(root, "dns_suffix"))
		return text_or_null(env, env->place->dns_suffix);
	if (!strcmp(root, "none"))
		return &value_null_any;
	const struct value *kept = env->kept ? map_find(env->kept, root) : NULL;
	if (kept)
		return kept;
	const struct let *let = map_find(&env->type->let_by_name, root);
	if (let && env->depth < 32) {
		env->depth++;
		struct env inner = *env;
		inner.eval.arena = eval->arena;
		inner.eval.diags = eval->diags;
		inner.scope.ctx = &inner;
		inner.eval.scope = &inner.scope;
		inner.functions.ctx = &inner;
		inner.eval.functions = &inner.functions;
		const struct value *v = eval_expr(&inner.eval, let->expr);
		env->depth--;
		return v;
	}
	/* steps keep answers under names that only some ways through a procedure set */
	for (size_t i = 0; i < env->type->create.count + env->type->delete.count; i++) {
		const struct step *step = i < env->type->create.count ? &env->type->create.items[i]
								       : &env->type->delete.items[i - env->type->create.count];
		if (step->as && !strcmp(step->as, root))
			return &value_null_any;
	}
	for (size_t g = 0; g < env->type->group_count; g++) {
		const struct steps *steps_of = &env->type->groups[g].steps;
		for (size_t i = 0; i < steps_of->count; i++) {
			if (steps_of->items[i].as && !strcmp(steps_of->items[i].as, root))
				return &value_null_any;
		}
	}
	return NULL;
}

/* ---- functions ---- */

static struct env *env_of(const struct call *call)
{
	return call->eval->functions->ctx;
}

static const struct value *f_isblank(const struct call *call)
{
	return value_bool(is_blank(call->args[0]));
}

static const struct value *f_written(const struct call *call)
{
	return value_bool(!is_blank(call->args[0]));
}

static const struct value *f_blank(const struct call *call)
{
	return is_blank(call->args[0]) ? &value_null_any : call->args[0];
}

static const struct value *f_ifnull(const struct call *call)
{
	return value_is_null(call->args[0]) ? call->args[1] : call->args[0];
}

static const struct value *f_one(const struct call *call)
{
	const struct value *v = call->args[0];
	return v->state == VALUE_KNOWN && !type_is_primitive(v->type) && v->count ? v->items[0] : &value_null_any;
}

static const struct value *f_only(const struct call *call)
{
	const struct value *v = call->args[0];
	size_t n = v->state == VALUE_KNOWN ? v->count : 0;
	if (n == 1)
		return v->items[0];
	if (!n)
		return call_error(call, 0, "nothing was found; change the arguments so that they fit one object");
	return call_error(call, 0, "%zu objects were found where one is wanted; make the arguments more precise", n);
}

static const struct value *by_date(const struct call *call, bool newest)
{
	const struct value *list = call->args[0];
	const char *member = call->args[1]->text;
	const struct value *best = NULL;
	if (list->state != VALUE_KNOWN || !list->count)
		return call_error(call, 0, "nothing was found; change the arguments so that they fit at least one object");
	for (size_t i = 0; i < list->count; i++) {
		const char *date = value_get_text(list->items[i], member);
		const char *best_date = best ? value_get_text(best, member) : NULL;
		int order = best ? strcmp(date ? date : "", best_date ? best_date : "") : 0;
		if (!best || (newest ? order > 0 : order < 0))
			best = list->items[i];
	}
	return best;
}

static const struct value *f_newest(const struct call *call)
{
	return by_date(call, true);
}

static const struct value *f_oldest(const struct call *call)
{
	return by_date(call, false);
}

static const struct value *f_hashcode(const struct call *call)
{
	return value_stringf(call->eval->arena, "%u", crc32_add(0, call->args[0]->text, call->args[0]->count));
}

static const struct value *f_protocol(const struct call *call)
{
	const char *text = value_to_text(call->eval->arena, call->args[0]);
	return text ? value_string(call->eval->arena, protocol_name(call->eval->arena, text)) : &value_null_string;
}

static const struct value *f_base64_once(const struct call *call)
{
	const struct value *v = call->args[0];
	if (value_is_null(v))
		return v;
	AUTO_BUF struct buf out = BUF_INIT;
	if (base64_decode(BASE64_STANDARD, v->text, v->count, &out))
		return v;
	buf_clear(&out);
	base64_encode(BASE64_STANDARD, v->text, v->count, &out);
	return value_string_n(call->eval->arena, out.ptr, out.len);
}

static const struct value *f_tag(const struct call *call)
{
	const struct value *tags = call->args[0];
	for (uint32_t i = 0; tags->state == VALUE_KNOWN && !type_is_primitive(tags->type) && i < tags->count; i++) {
		const struct value *tag = tags->items[i];
		if (tag->type->kind == TYPE_STRING)
			return or_null(value_get(tags, call->args[1]->text));
		const char *key = value_get_text(tag, "Key");
		if (key && !strcmp(key, call->args[1]->text))
			return or_null(value_get(tag, "Value"));
	}
	return &value_null_string;
}

/* ip-10-0-0-1.ec2.internal in us-east-1, ip-10-0-0-1.REGION.compute.internal elsewhere. */
static const struct value *dns_name(const struct call *call, bool public_one)
{
	const struct value *v = call->args[0];
	if (v->state != VALUE_KNOWN || v->type->kind != TYPE_STRING)
		return &value_null_string;
	const struct aws_place *place = env_of(call)->place;
	char *dashed = arena_strdup(call->eval->arena, v->text);
	for (char *p = dashed; *p; p++) {
		if (*p == '.')
			*p = '-';
	}
	bool first = !strcmp(place->region, "us-east-1");
	if (public_one)
		return first ? value_stringf(call->eval->arena, "ec2-%s.compute-1.%s", dashed, place->dns_suffix)
			     : value_stringf(call->eval->arena, "ec2-%s.%s.compute.%s", dashed, place->region, place->dns_suffix);
	return first ? value_stringf(call->eval->arena, "ip-%s.ec2.internal", dashed)
		     : value_stringf(call->eval->arena, "ip-%s.%s.compute.internal", dashed, place->region);
}

static const struct value *f_private_dns(const struct call *call)
{
	return dns_name(call, false);
}

static const struct value *f_public_dns(const struct call *call)
{
	return dns_name(call, true);
}

/* Types whose names begin with t and a digit have CPU credits. */
static const struct value *f_burstable(const struct call *call)
{
	const struct value *v = call->args[0];
	return value_bool(value_is_a(v, TYPE_STRING) && v->text[0] == 't' && v->text[1] >= '2' && v->text[1] <= '9');
}

static bool holds(const struct value *v, const struct value *text)
{
	if (!v || v->state != VALUE_KNOWN)
		return false;
	if (type_is_primitive(v->type))
		return v->type->kind == TYPE_STRING && v->count == text->count && !memcmp(v->text, text->text, v->count);
	for (uint32_t i = 0; i < v->count; i++) {
		if (holds(v->items[i], text))
			return true;
	}
	return false;
}

static const struct value *f_wanted(const struct call *call)
{
	const struct value *v = call->args[0];
	return value_bool(value_is_a(v, TYPE_STRING) && holds(env_of(call)->want, v));
}

static const struct value *f_same(const struct call *call)
{
	return value_bool(same_by_rule(call->eval->arena, call->args[0]->text, call->args[1], call->args[2]));
}

/* changed(self.x): whether it differs from prior.x; true where there is no prior. */
static const struct value *f_changed(struct eval *eval, const struct expr *call)
{
	struct env *env = eval->functions->ctx;
	struct ref ref;
	if (!env->prior || value_is_null(env->prior) || !call->arg_count || !expr_as_ref(eval->arena, call->args[0], &ref) || !ref.count ||
	    !ref.steps[0].name)
		return &value_true;
	const struct value *now = env->self ? value_get(env->self, ref.steps[0].name) : NULL;
	const struct value *before = value_get(env->prior, ref.steps[0].name);
	if (!now || !before || now->deep_unknown || before->deep_unknown)
		return &value_true;
	return value_bool(!value_same(now, before));
}

static const struct value *f_fits(const struct call *call)
{
	const char *syntax = call->args[0]->text;
	if (!syntax_words(syntax))
		return call_error(call, 0, "\"%s\" is not a syntax", syntax);
	return value_bool(syntax_fits(syntax, call->args[1]->text, call->args[1]->count));
}

enum { ANY = PARAM_NULL | PARAM_DEEP };
static const struct param p_any[] = {{"value", &type_any, ANY}, {NULL, NULL, 0}};
static const struct param p_two[] = {{"value", &type_any, ANY}, {"other", &type_any, ANY}, {NULL, NULL, 0}};
static const struct param p_list_text[] = {{"list", &type_any, ANY}, {"text", &type_string, 0}, {NULL, NULL, 0}};
static const struct param p_text[] = {{"text", &type_string, 0}, {NULL, NULL, 0}};
static const struct param p_text_or_null[] = {{"text", &type_string, PARAM_NULL}, {NULL, NULL, 0}};
static const struct param p_syntax[] = {{"syntax", &type_string, 0}, {"text", &type_string, 0}, {NULL, NULL, 0}};
static const struct param p_rule[] = {{"rule", &type_string, 0}, {"a", &type_any, ANY}, {"b", &type_any, ANY}, {NULL, NULL, 0}};

static const struct function table[] = {
	{.name = "isblank", .params = p_any, .run = f_isblank},
	{.name = "written", .params = p_any, .run = f_written},
	{.name = "blank", .params = p_any, .run = f_blank, .nullable = true},
	{.name = "ifnull", .params = p_two, .run = f_ifnull, .nullable = true},
	{.name = "one", .params = p_any, .run = f_one, .nullable = true},
	{.name = "only", .params = p_any, .run = f_only},
	{.name = "newest", .params = p_list_text, .run = f_newest},
	{.name = "oldest", .params = p_list_text, .run = f_oldest},
	{.name = "hashcode", .params = p_text, .run = f_hashcode},
	{.name = "protocol", .params = p_any, .run = f_protocol, .nullable = true},
	{.name = "base64_once", .params = p_text_or_null, .run = f_base64_once, .nullable = true},
	{.name = "tag", .params = p_list_text, .run = f_tag, .nullable = true},
	{.name = "private_dns", .params = p_any, .run = f_private_dns, .nullable = true},
	{.name = "public_dns", .params = p_any, .run = f_public_dns, .nullable = true},
	{.name = "burstable", .params = p_any, .run = f_burstable},
	{.name = "wanted", .params = p_any, .run = f_wanted},
	{.name = "same", .params = p_rule, .run = f_same},
	{.name = "fits", .params = p_syntax, .run = f_fits},
	{.name = "changed", .special = f_changed},
	{.name = NULL},
};

bool env_has_function(const char *name)
{
	for (const struct function *f = table; f->name; f++) {
		if (!strcmp(f->name, name))
			return true;
	}
	return function_find(name) != NULL;
}

static const struct user_function *find_user(void *ctx, const char *name)
{
	struct env *env = ctx;
	const struct user_function *own = map_find(&env->type->functions, name);
	return own ? own : aws_shared_function(name);
}

/* ---- evaluating ---- */

void env_init(struct env *env, const struct aws_type *type, const struct aws_place *place, struct arena *arena, struct diags *diags)
{
	*env = (struct env){.type = type, .place = place};
	env->eval = (struct eval){.arena = arena, .diags = diags, .lenient = true};
}

const struct value *env_eval(struct env *env, const struct expr *expr)
{
	if (!expr)
		return &value_null_any;
	/* set here, so that a copied env evaluates in itself */
	env->scope = (struct scope){.lookup = lookup, .ctx = env};
	env->functions = (struct function_set){.table = table, .find_user = find_user, .ctx = env};
	env->eval.scope = &env->scope;
	env->eval.functions = &env->functions;
	return eval_expr(&env->eval, expr);
}

bool env_true(struct env *env, const struct expr *expr)
{
	return value_is_true(env_eval(env, expr));
}

const char *env_text(struct env *env, const struct expr *expr)
{
	const struct value *v = env_eval(env, expr);
	return v->state == VALUE_KNOWN ? value_to_text(env->eval.arena, v) : NULL;
}
