/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/aws/form.h"

#include "base/buf.h"
#include "base/vec.h"
#include "providers/aws/env.h"
#include "providers/aws/load.h"

#include <string.h>

const struct form form_any = {.kind = FORM_ANY}, form_scalar = {.kind = FORM_SCALAR};

void form_error(struct form_check *check, struct src_range range, const char *fmt, ...)
{
	struct loader loader = {.arena = check->arena, .diags = check->diags};
	va_list args;
	va_start(args, fmt);
	const char *text = arena_vprintf(check->arena, fmt, args);
	va_end(args);
	loader_error(&loader, range, "%s: %s: %s%s", check->type->base.name, check->where, text,
		     text[strlen(text) - 1] == '?' ? "" : ".");
}

/* ---- making ---- */

static struct form *new_form(struct form_check *check, enum form_kind kind)
{
	struct form *form = arena_new_of(check->arena, struct form);
	form->kind = kind;
	return form;
}

const struct form *form_seq(struct form_check *check, const struct form *element)
{
	struct form *form = new_form(check, FORM_SEQ);
	form->element = element;
	return form;
}

static const struct form *object_of(struct form_check *check, const struct form_field *fields, size_t count, bool open)
{
	struct form *form = new_form(check, FORM_OBJECT);
	form->fields = fields;
	form->field_count = count;
	form->open = open;
	form->element = &form_any;
	return form;
}

const struct form *form_of_shape(struct form_check *check, const struct aws_shape *shape)
{
	if (!shape)
		return object_of(check, NULL, 0, false);
	if (shape->kind > AWS_ENUM)
		return &form_scalar;
	if (shape->flags & AWS_SHAPE_DOCUMENT)
		return &form_any;
	struct form *form = new_form(check, FORM_WIRE);
	form->shape = shape;
	return form;
}

static const struct form *form_of_type(struct form_check *check, const struct type *type)
{
	if (type->kind == TYPE_LIST || type->kind == TYPE_SET)
		return form_seq(check, form_of_type(check, type->element));
	if (type->kind == TYPE_MAP) {
		struct form *form = new_form(check, FORM_OBJECT);
		form->open = true;
		form->element = form_of_type(check, type->element);
		return form;
	}
	if (type->kind == TYPE_OBJECT) {
		struct form_field *fields = arena_array_of(check->arena, type->count, struct form_field);
		for (size_t i = 0; i < type->count; i++)
			fields[i] = (struct form_field){type->attrs[i].name, form_of_type(check, type->attrs[i].type)};
		return object_of(check, fields, type->count, false);
	}
	return type_is_primitive(type) ? &form_scalar : &form_any;
}

const struct form *form_of_entry(struct form_check *check, const struct entry *entry)
{
	if (entry->kind < ENTRY_ONE)
		return entry->type ? form_of_type(check, entry->type) : &form_any;
	struct form *block = new_form(check, FORM_SURFACE);
	block->entries = entry->entries;
	block->entry_count = entry->entry_count;
	struct form *form = new_form(check, FORM_SEQ);
	form->element = block;
	form->one = entry->kind == ENTRY_ONE;
	return form;
}

static bool is_enum(const struct form *form)
{
	return form->kind == FORM_WIRE && form->shape->kind == AWS_ENUM;
}

static bool tells_nothing(const struct form *form)
{
	return form->kind == FORM_ANY || form->kind == FORM_SCALAR || is_enum(form);
}

/* The one that tells more. */
static const struct form *better(const struct form *a, const struct form *b)
{
	return tells_nothing(a) ? b : a;
}

/* ---- steps ---- */

static const char *article(const char *word)
{
	return strchr("aeiou", *word) ? "an" : "a";
}

static const struct form *wire_member(struct form_check *check, const struct aws_shape *shape, const char *name,
				      struct src_range range)
{
	if (shape->kind == AWS_MAP)
		return form_of_shape(check, &aws_shapes[shape->element]);
	if (shape->kind != AWS_STRUCT) {
		const char *word = aws_kind_word(shape->kind);
		form_error(check, range, "%s is %s %s and has no member %s", aws_text(shape->name), article(word), word, name);
		return &form_any;
	}
	check->counts.answer_paths++;
	const struct aws_member *member = aws_member_find(shape, name);
	if (member)
		return form_of_shape(check, aws_member_shape(member));
	const char *near = aws_member_nearest(shape, name);
	form_error(check, range, "%s has no member %s%s%s%s", aws_text(shape->name), name, near ? "; did you mean " : "",
		   near ? near : "", near ? "?" : "");
	return &form_any;
}

static const struct form *member_of(struct form_check *check, const struct form *of, const char *name, struct src_range range)
{
	static const char *const implied[] = {"id", "arn", "tags", "tags_all", "region", "timeouts"};
	switch (of->kind) {
	case FORM_ANY:
	case FORM_SCALAR:
		return &form_any;
	case FORM_WIRE:
		return is_enum(of) ? &form_any : wire_member(check, of->shape, name, range);
	case FORM_SURFACE: {
		check->counts.schema_paths++;
		const struct entry *entry = entry_find(of->entries, of->entry_count, name);
		if (entry)
			return form_of_entry(check, entry);
		for (size_t i = 0; of->open && i < ARRAY_LEN(implied); i++) {
			if (!strcmp(implied[i], name))
				return &form_any;
		}
		form_error(check, range, "the schema has no attribute %s", name);
		return &form_any;
	}
	case FORM_SEQ:
		if (of->one)
			return member_of(check, of->element, name, range);
		form_error(check, range, "a list has no member %s", name);
		return &form_any;
	case FORM_OBJECT:
		for (size_t i = 0; i < of->field_count; i++) {
			if (!strcmp(of->fields[i].name, name))
				return of->fields[i].form;
		}
		if (!of->open)
			form_error(check, range, "the object has no %s", name);
		return of->element ? of->element : &form_any;
	}
	return &form_any;
}

const struct form *form_element(struct form_check *check, const struct form *of, struct src_range range)
{
	if (tells_nothing(of))
		return &form_any;
	if (of->kind == FORM_SEQ)
		return of->element;
	if (of->kind == FORM_OBJECT) {
		const struct form *element = of->open && of->element ? of->element : &form_any;
		for (size_t i = 0; i < of->field_count; i++)
			element = better(element, of->fields[i].form);
		return element;
	}
	if (of->kind == FORM_WIRE && of->shape->kind != AWS_STRUCT)
		return form_of_shape(check, &aws_shapes[of->shape->element]);
	if (of->kind == FORM_WIRE)
		form_error(check, range, "%s is a structure and has no elements", aws_text(of->shape->name));
	return &form_any;
}

/* What AWS answers although its models do not say so. */
static bool is_unpublished(const char *shape, const char *value)
{
	/* "For an internet gateway, the state is available when attached" (InternetGatewayAttachment, EC2 API Reference) */
	return !strcmp(shape, "AttachmentStatus") && !strcmp(value, "available");
}

/* A value of an enum is compared with a literal: a misspelt one would never come. */
static void compared(struct form_check *check, const struct form *form, const struct expr *e)
{
	if (!is_enum(form))
		return;
	while (e->kind == EXPR_PAREN)
		e = e->on;
	if (e->kind == EXPR_TUPLE) {
		for (size_t i = 0; i < e->item_count; i++)
			compared(check, form, e->items[i]);
		return;
	}
	if (e->kind != EXPR_LITERAL || !value_is_a(e->literal, TYPE_STRING) || !e->literal->count)
		return;
	check->counts.values++;
	if (aws_enum_has(form->shape, e->literal->text, e->literal->count) ||
	    is_unpublished(aws_text(form->shape->name), e->literal->text))
		return;
	const char *near = aws_enum_nearest(form->shape, e->literal->text);
	form_error(check, e->range, "%s is never \"%s\"%s%s%s", aws_text(form->shape->name), e->literal->text,
		   near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

/* ---- calls ---- */

static bool enter(struct form_check *check, const struct expr *e)
{
	for (size_t i = 0; i < check->busy_count; i++) {
		if (check->busy[i] == e)
			return false;
	}
	if (check->busy_count == ARRAY_LEN(check->busy))
		return false;
	check->busy[check->busy_count++] = e;
	return true;
}

static const struct user_function *find_function(const struct form_check *check, const char *name)
{
	const struct user_function *own = map_find(&check->type->functions, name);
	return own ? own : aws_shared_function(name);
}

/* The parameters of a type file's function, bound to the forms of its arguments. */
static struct form_name *bind_arguments_of(struct form_check *check, const struct user_function *function, const struct expr *call,
					   const struct form_name *names)
{
	struct form_name *bound = arena_array_of(check->arena, function->param_count + 1, struct form_name);
	if (call->arg_count != function->param_count)
		form_error(check, call->range, "%s takes %zu arguments", function->name, function->param_count);
	bound[0] = (struct form_name){names, "", &form_any};
	for (size_t i = 0; i < function->param_count; i++) {
		const struct form *form = i < call->arg_count ? form_infer(check, call->args[i], names) : &form_any;
		bound[i + 1] = (struct form_name){&bound[i], function->params[i], form};
	}
	return &bound[function->param_count];
}

static const struct form *merged(struct form_check *check, const struct form *const *forms, size_t count, const struct expr *e)
{
	VEC(struct form_field) fields = {0};
	bool open = false;
	for (size_t i = 0; i < count; i++) {
		const struct form *form = forms[i];
		if (form->kind == FORM_SEQ)
			form_error(check, e->args[i]->range, "merge takes objects, and this is a list%s", form->one ? ": of a block write BLOCK[0]" : "");
		if (form->kind == FORM_OBJECT) {
			for (size_t k = 0; k < form->field_count; k++)
				vec_add(&fields, form->fields[k]);
			open |= form->open;
		} else if (form->kind == FORM_SURFACE) {
			for (size_t k = 0; k < form->entry_count; k++)
				vec_add(&fields, (struct form_field){form->entries[k].name, form_of_entry(check, &form->entries[k])});
		} else if (form->kind == FORM_WIRE && form->shape->kind == AWS_STRUCT) {
			for (size_t k = 0; k < form->shape->count; k++) {
				const struct aws_member *member = &aws_members[form->shape->first + k];
				vec_add(&fields, (struct form_field){aws_text(member->name),
								     form_of_shape(check, aws_member_shape(member))});
			}
		} else {
			open = true;
		}
	}
	/* The last one wins: it is found first. */
	for (size_t i = 0; i < fields.count / 2; i++) {
		struct form_field swap = fields.items[i];
		fields.items[i] = fields.items[fields.count - 1 - i];
		fields.items[fields.count - 1 - i] = swap;
	}
	const struct form *form = object_of(check, vec_copy(&fields, check->arena), fields.count, open);
	vec_free(&fields);
	return form;
}

static const struct form *flattened(struct form_check *check, const struct form *form)
{
	const struct form *inner = form->kind == FORM_SEQ ? form->element : NULL;
	if (inner && inner->kind == FORM_SEQ)
		return flattened(check, inner);
	if (inner && inner->kind == FORM_WIRE && inner->shape->kind == AWS_LIST)
		return form_seq(check, form_of_shape(check, &aws_shapes[inner->shape->element]));
	return form;
}

static bool is_among(const char *name, const char *const *names)
{
	for (; *names; names++) {
		if (!strcmp(*names, name))
			return true;
	}
	return false;
}

/* Functions whose result is a member, or of the kind, of an argument; all others give scalars, or what is not followed. */
static const char *const gives_element[] = {"one", "only", "newest", "oldest", "element", "lookup", NULL};
static const char *const gives_same[] = {"blank", "compact", "distinct", "reverse", "slice", "sort", "setsubtract", "setunion",
					 "setintersection", "tolist", "toset", "tomap", NULL};
static const char *const gives_first[] = {"coalesce", "coalescelist", "concat", "ifnull", "try", NULL};
static const char *const gives_list[] = {"split", "keys", "range", "formatlist", NULL};
static const char *const gives_any[] = {"jsondecode", "values", "zipmap", "chunklist", "regexall", "setproduct", NULL};

static const struct form *infer_call(struct form_check *check, const struct expr *e, const struct form_name *names)
{
	const struct user_function *own = find_function(check, e->function);
	if (own) {
		const struct form_name *inner = bind_arguments_of(check, own, e, names);
		if (!enter(check, own->result))
			return &form_any;
		const struct form *form = form_infer(check, own->result, inner);
		check->busy_count--;
		return form;
	}
	if (!env_has_function(e->function))
		form_error(check, e->function_range, "there is no function %s", e->function);
	const struct form **forms = arena_array_of(check->arena, e->arg_count + 1, const struct form *);
	for (size_t i = 0; i < e->arg_count; i++)
		forms[i] = form_infer(check, e->args[i], names);
	if (!e->arg_count)
		return &form_any;
	if (!strcmp(e->function, "contains") && e->arg_count == 2)
		compared(check, forms[1], e->args[0]);
	if (is_among(e->function, gives_element))
		return form_element(check, forms[0], e->range);
	if (is_among(e->function, gives_same))
		return forms[0];
	if (is_among(e->function, gives_list))
		return form_seq(check, &form_scalar);
	if (is_among(e->function, gives_any))
		return &form_any;
	if (!strcmp(e->function, "flatten"))
		return flattened(check, forms[0]);
	if (!strcmp(e->function, "merge"))
		return merged(check, forms, e->arg_count, e);
	if (is_among(e->function, gives_first)) {
		const struct form *form = forms[0];
		for (size_t i = 1; i < e->arg_count; i++)
			form = better(form, forms[i]);
		return form;
	}
	return &form_scalar;
}

/* ---- expressions ---- */

/* A let is followed with the names of the place that uses it. */
static const struct form *infer_let(struct form_check *check, const struct expr *e, const struct form_name *names)
{
	for (const struct form_name *n = names; n; n = n->outer) {
		if (!strcmp(n->name, e->name))
			return n->form;
	}
	const struct let *let = map_find(&check->type->let_by_name, e->name);
	if (!let) {
		form_error(check, e->range, "nothing is called %s here", e->name);
		return &form_any;
	}
	if (!enter(check, let->expr))
		return &form_any;
	const struct form *form = form_infer(check, let->expr, names);
	check->busy_count--;
	return form;
}

static const struct form_name *loop_names(struct form_check *check, const struct expr *e, const struct form_name *names)
{
	const struct form *over = form_infer(check, e->collection, names);
	struct form_name *bound = arena_array_of(check->arena, 2, struct form_name);
	bound[0] = (struct form_name){names, e->key_name ? e->key_name : "", &form_scalar};
	bound[1] = (struct form_name){&bound[0], e->value_name, form_element(check, over, e->collection->range)};
	if (e->filter)
		form_infer(check, e->filter, &bound[1]);
	return &bound[1];
}

static const struct form *infer_for(struct form_check *check, const struct expr *e, const struct form_name *names)
{
	const struct form_name *inner = loop_names(check, e, names);
	const struct form *result = form_infer(check, e->result, inner);
	if (!e->key_result)
		return form_seq(check, result);
	form_infer(check, e->key_result, inner);
	struct form *form = new_form(check, FORM_OBJECT);
	form->open = true;
	form->element = e->group ? form_seq(check, result) : result;
	return form;
}

/* The text of an object's key: a bare name, or a literal. */
static const char *key_text(const struct expr *key)
{
	if (key->kind == EXPR_NAME)
		return key->name;
	return key->kind == EXPR_LITERAL && value_is_a(key->literal, TYPE_STRING) ? key->literal->text : NULL;
}

static const struct form *infer_object(struct form_check *check, const struct expr *e, const struct form_name *names)
{
	struct form_field *fields = arena_array_of(check->arena, e->field_count, struct form_field);
	size_t count = 0;
	bool open = false;
	for (size_t i = 0; i < e->field_count; i++) {
		const char *key = key_text(e->fields[i].key);
		const struct form *form = form_infer(check, e->fields[i].value, names);
		if (key)
			fields[count++] = (struct form_field){key, form};
		else
			open = true;
	}
	return object_of(check, fields, count, open);
}

static void infer_parts(struct form_check *check, const struct template_part *parts, size_t count, const struct form_name *names)
{
	for (size_t i = 0; i < count; i++) {
		if (parts[i].expr)
			form_infer(check, parts[i].expr, names);
		/* Directives are not used in type files; what stands in them is not followed. */
	}
}

static const struct form *infer_splat(struct form_check *check, const struct expr *e, const struct form_name *names)
{
	const struct form *of = form_infer(check, e->on, names);
	struct form_name item = {names, "*", tells_nothing(of) ? &form_any : form_element(check, of, e->on->range)};
	return form_seq(check, form_infer(check, e->each, arena_memdup(check->arena, &item, sizeof(item))));
}

const struct form *form_infer(struct form_check *check, const struct expr *e, const struct form_name *names)
{
	if (!e)
		return &form_any;
	const struct form *a, *b;
	switch (e->kind) {
	case EXPR_LITERAL:
		return &form_scalar;
	case EXPR_TEMPLATE:
		infer_parts(check, e->parts, e->part_count, names);
		return &form_scalar;
	case EXPR_NAME:
		return infer_let(check, e, names);
	case EXPR_SPLAT_ITEM:
		for (; names && strcmp(names->name, "*") != 0; names = names->outer)
			;
		return names ? names->form : &form_any;
	case EXPR_ATTR:
		a = form_infer(check, e->on, names);
		return e->legacy ? form_element(check, a, e->range) : member_of(check, a, e->name, e->name_range);
	case EXPR_INDEX:
		a = form_infer(check, e->on, names);
		form_infer(check, e->key, names);
		return form_element(check, a, e->range);
	case EXPR_SPLAT:
		return infer_splat(check, e, names);
	case EXPR_CALL:
		return infer_call(check, e, names);
	case EXPR_CONDITIONAL:
		form_infer(check, e->condition, names);
		a = form_infer(check, e->left, names);
		return better(a, form_infer(check, e->right, names));
	case EXPR_UNARY:
		form_infer(check, e->on, names);
		return &form_scalar;
	case EXPR_BINARY:
		a = form_infer(check, e->left, names);
		b = form_infer(check, e->right, names);
		if (e->op == OP_EQ || e->op == OP_NE) {
			compared(check, a, e->right);
			compared(check, b, e->left);
		}
		return &form_scalar;
	case EXPR_TUPLE:
		a = &form_any;
		for (size_t i = 0; i < e->item_count; i++) {
			b = form_infer(check, e->items[i], names);
			a = i ? better(a, b) : b;
		}
		return form_seq(check, a);
	case EXPR_OBJECT:
		return infer_object(check, e, names);
	case EXPR_FOR:
		return infer_for(check, e, names);
	case EXPR_PAREN:
		return form_infer(check, e->on, names);
	case EXPR_ERROR:
		return &form_any;
	}
	return &form_any;
}

/* ---- requests ---- */

static void send_literal(struct form_check *check, const struct expr *e, const struct aws_shape *to)
{
	const struct value *v = e->literal;
	if (value_is_null(v))
		return;
	if (to->kind <= AWS_MAP) {
		form_error(check, e->range, "%s is a %s", aws_text(to->name), aws_kind_word(to->kind));
	} else if (to->kind == AWS_ENUM && value_is_a(v, TYPE_STRING)) {
		check->counts.values++;
		if (!aws_enum_has(to, v->text, v->count)) {
			const char *near = aws_enum_nearest(to, v->text);
			form_error(check, e->range, "\"%s\" is not one of the values of %s%s%s%s", v->text, aws_text(to->name),
				   near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
		}
	}
}

static void send_object(struct form_check *check, const struct expr *e, const struct aws_shape *to, const struct form_name *names)
{
	if (to->kind != AWS_MAP && to->kind != AWS_STRUCT) {
		form_error(check, e->range, "an object stands for %s, a %s", aws_text(to->name), aws_kind_word(to->kind));
		return;
	}
	for (size_t i = 0; i < e->field_count; i++) {
		const char *key = key_text(e->fields[i].key);
		if (to->kind == AWS_MAP) {
			form_send(check, e->fields[i].value, &aws_shapes[to->element], names);
			continue;
		}
		if (!key) {
			form_infer(check, e->fields[i].value, names);
			continue;
		}
		check->counts.request_members++;
		const struct aws_member *member = aws_member_find(to, key);
		if (!member && key[0] >= 'a' && key[0] <= 'z')
			member = aws_member_match(to, key);
		if (member) {
			form_send(check, e->fields[i].value, aws_member_shape(member), names);
			continue;
		}
		const char *near = aws_member_nearest(to, key);
		form_error(check, e->fields[i].key->range, "%s has no member %s%s%s%s", aws_text(to->name), key,
			   near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
	}
}

static const char *const sends_arguments[] = {"blank", "coalesce", "compact", "concat", "distinct", "ifnull", "merge", "reverse",
					      "try", NULL};

static void send_call(struct form_check *check, const struct expr *e, const struct aws_shape *to, const struct form_name *names)
{
	const struct user_function *own = find_function(check, e->function);
	if (own) {
		const struct form_name *inner = bind_arguments_of(check, own, e, names);
		if (!enter(check, own->result))
			return;
		form_send(check, own->result, to, inner);
		check->busy_count--;
	} else if (is_among(e->function, sends_arguments)) {
		for (size_t i = 0; i < e->arg_count; i++)
			form_send(check, e->args[i], to, names);
	} else {
		form_fits(check, form_infer(check, e, names), to, e->range);
	}
}

static void send_name(struct form_check *check, const struct expr *e, const struct aws_shape *to, const struct form_name *names)
{
	const struct form_name *known = names;
	while (known && strcmp(known->name, e->name) != 0)
		known = known->outer;
	const struct let *let = known ? NULL : map_find(&check->type->let_by_name, e->name);
	if (!let) {
		form_fits(check, form_infer(check, e, names), to, e->range);
	} else if (enter(check, let->expr)) {
		form_send(check, let->expr, to, names);
		check->busy_count--;
	}
}

static void send_for(struct form_check *check, const struct expr *e, const struct aws_shape *to, const struct form_name *names)
{
	const struct form_name *inner = loop_names(check, e, names);
	enum aws_kind wanted = e->key_result ? AWS_MAP : AWS_LIST;
	if (to->kind != wanted) {
		form_error(check, e->range, "a %s stands for %s, a %s", aws_kind_word(wanted), aws_text(to->name),
			   aws_kind_word(to->kind));
		return;
	}
	if (e->key_result)
		form_infer(check, e->key_result, inner);
	form_send(check, e->result, &aws_shapes[to->element], inner);
}

void form_send(struct form_check *check, const struct expr *e, const struct aws_shape *to, const struct form_name *names)
{
	if (e->kind == EXPR_LITERAL) {
		send_literal(check, e, to);
	} else if (e->kind == EXPR_OBJECT) {
		send_object(check, e, to, names);
	} else if (e->kind == EXPR_CALL) {
		send_call(check, e, to, names);
	} else if (e->kind == EXPR_NAME) {
		send_name(check, e, to, names);
	} else if (e->kind == EXPR_FOR) {
		send_for(check, e, to, names);
	} else if (e->kind == EXPR_PAREN) {
		form_send(check, e->on, to, names);
	} else if (e->kind == EXPR_CONDITIONAL) {
		form_infer(check, e->condition, names);
		form_send(check, e->left, to, names);
		form_send(check, e->right, to, names);
	} else if (e->kind == EXPR_TUPLE && to->kind == AWS_LIST) {
		for (size_t i = 0; i < e->item_count; i++)
			form_send(check, e->items[i], &aws_shapes[to->element], names);
	} else if (e->kind == EXPR_TUPLE) {
		form_error(check, e->range, "a list stands for %s, a %s", aws_text(to->name), aws_kind_word(to->kind));
	} else {
		form_fits(check, form_infer(check, e, names), to, e->range);
	}
}

void form_fits(struct form_check *check, const struct form *form, const struct aws_shape *to, struct src_range range)
{
	if (form->kind == FORM_SEQ && form->one && to->kind != AWS_LIST)
		form = form->element;
	if (form->kind == FORM_WIRE && !is_enum(form)) {
		if (form->shape->kind != to->kind)
			form_error(check, range, "%s, a %s, stands for %s, a %s", aws_text(form->shape->name),
				   aws_kind_word(form->shape->kind), aws_text(to->name), aws_kind_word(to->kind));
	} else if (form->kind == FORM_SEQ) {
		if (to->kind == AWS_LIST)
			form_fits(check, form->element, &aws_shapes[to->element], range);
		else if (to->kind == AWS_STRUCT)
			form_error(check, range, "a list stands for %s", aws_text(to->name));
	} else if (form->kind == FORM_SURFACE) {
		if (to->kind == AWS_LIST)
			to = &aws_shapes[to->element];
		if (to->kind != AWS_STRUCT)
			form_error(check, range, "a block stands for %s, a %s", aws_text(to->name), aws_kind_word(to->kind));
		else
			form_bind(check, form->entries, form->entry_count, to, true);
	} else if (form->kind == FORM_OBJECT && !form->open && to->kind == AWS_STRUCT) {
		for (size_t i = 0; i < form->field_count; i++) {
			const struct aws_member *member = aws_member_match(to, form->fields[i].name);
			if (member)
				form_fits(check, form->fields[i].form, aws_member_shape(member), range);
			else
				form_error(check, range, "%s has no member %s", aws_text(to->name), form->fields[i].name);
		}
	} else if ((form->kind == FORM_SCALAR || is_enum(form)) && to->kind == AWS_STRUCT) {
		form_error(check, range, "a scalar stands for %s, a structure", aws_text(to->name));
	}
}
