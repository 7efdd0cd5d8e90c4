/* SPDX-License-Identifier: Apache-2.0 */
/* Type constraints: string, list(string), object({ a = optional(number, 3) }), any. */
#include "lang/eval/eval_internal.h"

#include <string.h>

static const struct {
	const char *name;
	const struct type *type;
} words[] = {
	{"string", &type_string}, {"number", &type_number}, {"bool", &type_bool}, {"any", &type_any},
};

static const char *const constructors[] = {"list", "set", "map", "object", "tuple"};
static const char *const all_words[] = {"string", "number", "bool", "any", "list", "set", "map", "object", "tuple"};

static const struct type *type_error(struct eval *eval, struct src_range range, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

static const struct type *type_error(struct eval *eval, struct src_range range, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	const char *text = arena_vprintf(eval->arena, fmt, args);
	va_end(args);
	diag_error(eval->diags, range, "Invalid type specification", "%s", text);
	return NULL;
}

static const struct type *simple_type(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (!strcmp(words[i].name, word))
			return words[i].type;
	}
	return NULL;
}

static bool is_constructor(const char *word)
{
	for (size_t i = 0; i < ARRAY_LEN(constructors); i++) {
		if (!strcmp(constructors[i], word))
			return true;
	}
	return false;
}

static const char *did_you_mean(struct eval *eval, const char *word)
{
	const char *near = nearest_name(word, all_words, ARRAY_LEN(all_words));
	return near ? arena_printf(eval->arena, " Did you mean \"%s\"?", near) : "";
}

static const char *example(const char *constructor)
{
	return !strcmp(constructor, "object")  ? "object({ name = string })"
	       : !strcmp(constructor, "tuple") ? "tuple([string, number])"
	       : !strcmp(constructor, "map")   ? "map(string)"
	       : !strcmp(constructor, "set")   ? "set(string)"
					       : "list(string)";
}

static const struct type *parse_type(struct eval *eval, const struct expr *expr);

static const struct type *word_type(struct eval *eval, const char *word, struct src_range range)
{
	const struct type *type = simple_type(word);
	if (type)
		return type;
	if (is_constructor(word))
		return type_error(eval, range, "A %s needs to be told what is in it, as in %s.", word, example(word));
	return type_error(eval, range, "\"%s\" is no type.%s", word, did_you_mean(eval, word));
}

/* optional(T) or optional(T, fallback) around the type of an object's attribute. */
static bool optional_attr(struct eval *eval, const struct expr *call, struct type_attr *attr)
{
	if (call->arg_count < 1 || call->arg_count > 2) {
		type_error(eval, call->range,
			   "optional takes the attribute's type, and perhaps its default: optional(string, \"x\").");
		return false;
	}
	attr->optional = true;
	attr->type = parse_type(eval, call->args[0]);
	if (!attr->type)
		return false;
	if (call->arg_count == 1)
		return true;
	struct diag_mark mark = diags_mark(eval->diags);
	/* No names are in scope here: a default is written out. */
	const struct scope *before = eval->scope;
	eval->scope = NULL;
	const struct value *v = eval_expr(eval, call->args[1]);
	eval->scope = before;
	if (diags_failed_since(eval->diags, mark))
		return false;
	AUTO_BUF struct buf why = BUF_INIT;
	attr->fallback = value_convert(eval->arena, v, attr->type, &why);
	if (attr->fallback)
		return true;
	diag_error(eval->diags, call->args[1]->range, "Invalid default value for optional attribute",
		   "This default does not have the attribute's type: %s.", buf_text(&why));
	return false;
}

static const char *attr_name(const struct expr *key)
{
	if (key->kind == EXPR_NAME)
		return key->name;
	if (key->kind == EXPR_LITERAL && value_is_a(key->literal, TYPE_STRING))
		return key->literal->text;
	return NULL;
}

static const struct type *object_type(struct eval *eval, const struct expr *call)
{
	const struct expr *arg = call->args[0];
	if (arg->kind != EXPR_OBJECT)
		return type_error(eval, arg->range, "An object is told its attributes with their types, as in %s.",
				  example("object"));
	struct type_attr *attrs = arena_array_of(eval->arena, arg->field_count, struct type_attr);
	size_t count = 0;
	bool failed = false;
	for (size_t i = 0; i < arg->field_count; i++) {
		const struct object_item *field = &arg->fields[i];
		struct type_attr attr = {.name = attr_name(field->key)};
		if (!attr.name) {
			type_error(eval, field->key->range, "Only a plain name can be the name of an attribute here.");
			failed = true;
			continue;
		}
		bool twice = false;
		for (size_t j = 0; j < count && !twice; j++)
			twice = !strcmp(attrs[j].name, attr.name);
		if (twice) {
			type_error(eval, field->key->range, "The attribute \"%s\" is there twice.", attr.name);
			failed = true;
			continue;
		}
		const struct expr *value = field->value;
		if (value->kind == EXPR_CALL && !strcmp(value->function, "optional"))
			failed |= !optional_attr(eval, value, &attr);
		else
			failed |= !(attr.type = parse_type(eval, value));
		if (attr.type)
			attrs[count++] = attr;
	}
	return failed ? NULL : type_object(eval->arena, attrs, count);
}

static const struct type *tuple_type(struct eval *eval, const struct expr *call)
{
	const struct expr *arg = call->args[0];
	if (arg->kind != EXPR_TUPLE)
		return type_error(eval, arg->range, "A tuple is told the types of its members in their order, as in %s.",
				  example("tuple"));
	const struct type **items = arena_array_of(eval->arena, arg->item_count, const struct type *);
	bool failed = false;
	for (size_t i = 0; i < arg->item_count; i++)
		failed |= !(items[i] = parse_type(eval, arg->items[i]));
	return failed ? NULL : type_tuple(eval->arena, items, arg->item_count);
}

static const struct type *constructed_type(struct eval *eval, const struct expr *call)
{
	const char *name = call->function;
	if (simple_type(name))
		return type_error(eval, call->range, "The type \"%s\" takes no argument.", name);
	if (!strcmp(name, "optional"))
		return type_error(eval, call->function_range,
				  "optional(...) can only stand around the type of an object's attribute.");
	if (!is_constructor(name))
		return type_error(eval, call->function_range, "\"%s\" is no type.%s", name, did_you_mean(eval, name));
	if (call->arg_count != 1 || call->expand_last)
		return type_error(eval, call->range, "%s takes exactly one argument, as in %s.", name, example(name));
	if (!strcmp(name, "object"))
		return object_type(eval, call);
	if (!strcmp(name, "tuple"))
		return tuple_type(eval, call);
	const struct type *element = parse_type(eval, call->args[0]);
	if (!element)
		return NULL;
	return !strcmp(name, "list")  ? type_list(eval->arena, element)
	       : !strcmp(name, "set") ? type_set(eval->arena, element)
				      : type_map(eval->arena, element);
}

/* NULL after an error. */
static const struct type *parse_type(struct eval *eval, const struct expr *expr)
{
	if (expr->kind == EXPR_NAME)
		return word_type(eval, expr->name, expr->range);
	if (expr->kind == EXPR_ERROR)
		return &type_any;
	if (expr->kind != EXPR_CALL)
		return type_error(eval, expr->range,
				  "A type is a word like string, number, or bool, or put together like list(string).");
	if (eval->depth >= EVAL_MOST_DEPTH)
		return type_error(eval, expr->range, "This type is nested more than %d levels deep.", EVAL_MOST_DEPTH);
	eval->depth++;
	const struct type *type = constructed_type(eval, expr);
	eval->depth--;
	return type;
}

const struct type *eval_type(struct eval *eval, const struct expr *expr)
{
	/* As variables of old wrote it: "string", "list", "map". */
	if (expr->kind == EXPR_LITERAL && value_is_a(expr->literal, TYPE_STRING)) {
		const char *text = expr->literal->text;
		if (!strcmp(text, "string"))
			return &type_string;
		if (!strcmp(text, "list"))
			return type_list(eval->arena, &type_any);
		if (!strcmp(text, "map"))
			return type_map(eval->arena, &type_any);
		type_error(eval, expr->range, "A type is written without quotes.%s", did_you_mean(eval, text));
		return &type_any;
	}
	/* Also of old: a bare list or map is one of anything. */
	if (expr->kind == EXPR_NAME && !strcmp(expr->name, "list"))
		return type_list(eval->arena, &type_any);
	if (expr->kind == EXPR_NAME && !strcmp(expr->name, "map"))
		return type_map(eval->arena, &type_any);
	const struct type *type = parse_type(eval, expr);
	return type ? type : &type_any;
}
