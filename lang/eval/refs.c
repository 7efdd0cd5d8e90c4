/* SPDX-License-Identifier: Apache-2.0 */
/* References: names, and what is taken from values by attribute and by index. */
#include "lang/eval/eval_internal.h"

#include "base/vec.h"

#include <string.h>

/* ---- names ---- */

struct name_list {
	const char **items;
	size_t count, cap;
};

static void add_candidate(void *ctx, const char *name)
{
	struct name_list *names = ctx;
	vec_add(names, name);
}

static const struct value *unknown_name(struct eval *eval, const char *root, struct src_range range)
{
	struct name_list names = {0};
	for (const struct scope *scope = eval->scope; scope; scope = scope->parent) {
		if (scope->name)
			vec_add(&names, scope->name);
		if (scope->names)
			scope->names(scope->ctx, add_candidate, &names);
	}
	const char *near = nearest_name(root, names.items, names.count);
	if (near)
		diag_error(eval->diags, range, "Unknown variable", "There is no variable named \"%s\". Did you mean \"%s\"?",
			   root, near);
	else
		diag_error(eval->diags, range, "Unknown variable", "There is no variable named \"%s\".", root);
	vec_free(&names);
	return &value_unknown_any;
}

static const struct value *take_step(struct eval *eval, const struct value *v, const struct lookup_step *step,
				     const struct expr *about)
{
	return step->name ? take_attr(eval, v, step->name, about, step->range)
			  : take_index(eval, v, step->key, about, step->range);
}

/* Whether a scope's function may see this step: its key is what a key can be. */
static bool step_is_plain(const struct lookup_step *step)
{
	if (step->name)
		return true;
	enum type_kind kind = step->key->type->kind;
	if (step->key->state == VALUE_UNKNOWN)
		return kind == TYPE_ANY || kind == TYPE_NUMBER || kind == TYPE_STRING;
	return step->key->state == VALUE_KNOWN && (kind == TYPE_NUMBER || kind == TYPE_STRING);
}

const struct value *resolve_name(struct eval *eval, const char *root, struct src_range root_range,
				 const struct lookup_step *steps, size_t count, const struct expr *about)
{
	size_t plain = 0;
	while (plain < count && step_is_plain(&steps[plain]))
		plain++;
	const struct value *v = NULL;
	size_t consumed = 0;
	for (const struct scope *scope = eval->scope; scope && !v; scope = scope->parent) {
		if (scope->name && !strcmp(scope->name, root)) {
			v = scope->value;
		} else if (scope->lookup) {
			v = scope->lookup(scope->ctx, eval, root, root_range, steps, plain, &consumed);
			if (consumed > plain)
				bug("a scope consumed %zu of %zu steps of \"%s\"", consumed, plain, root);
		}
	}
	if (!v)
		return NULL;
	struct diag_mark mark = diags_mark(eval->diags);
	for (size_t i = consumed; i < count && !diags_failed_since(eval->diags, mark); i++)
		v = take_step(eval, v, &steps[i], about);
	return v;
}

/* The steps of a reference in front of the first computed key; `out` has room for all. */
size_t literal_steps(const struct ref *ref, struct lookup_step *out)
{
	for (size_t i = 0; i < ref->count; i++) {
		const struct ref_step *step = &ref->steps[i];
		const struct value *key = step->key && step->key->kind == EXPR_LITERAL ? step->key->literal : NULL;
		if (!step->name && !(key && (value_is_a(key, TYPE_NUMBER) || value_is_a(key, TYPE_STRING))))
			return i;
		out[i] = (struct lookup_step){step->name, key, step->range};
	}
	return ref->count;
}

/* Whether a reference's name is known; what its scope has to say about it goes to the diagnostics. */
static void check_ref(void *ctx, const struct ref *ref)
{
	struct eval *eval = ctx;
	struct lookup_step *steps = arena_array_of(eval->arena, ref->count + 1, struct lookup_step);
	size_t count = literal_steps(ref, steps), consumed = 0;
	for (const struct scope *scope = eval->scope; scope; scope = scope->parent) {
		if (scope->name && !strcmp(scope->name, ref->root))
			return;
		if (scope->lookup &&
		    scope->lookup(scope->ctx, eval, ref->root, ref->root_range, steps, count, &consumed))
			return;
	}
	unknown_name(eval, ref->root, ref->root_range);
}

bool eval_check_refs(struct eval *eval, const struct expr *expr)
{
	struct diag_mark mark = diags_mark(eval->diags);
	expr_walk_refs(expr, check_ref, eval);
	return !diags_failed_since(eval->diags, mark);
}

/* The bracket of an index or the dot of an attribute up to its end. */
static struct src_range step_range(const struct expr *expr)
{
	return (struct src_range){expr->on->range.end, expr->range.end};
}

static bool legacy_key(struct eval *eval, const char *digits, const struct value **out)
{
	struct number n;
	if (!number_parse(eval->arena, digits, strlen(digits), &n))
		return false;
	*out = value_number(eval->arena, n);
	return true;
}

/* a.b[c].d: the root by name or as any expression, then the steps in their order. */
const struct value *eval_chain(struct eval *eval, const struct expr *expr)
{
	enum { FEW = 12 };
	struct lookup_step few[FEW] = {0};
	struct lookup_step *steps = few;
	size_t count = 0;
	const struct expr *root = expr;
	for (; root->kind == EXPR_ATTR || root->kind == EXPR_INDEX; root = root->on)
		count++;
	if (count > FEW)
		steps = arena_array_of(eval->arena, count, struct lookup_step);
	struct diag_mark mark = diags_mark(eval->diags);
	size_t i = count;
	for (const struct expr *at = expr; at != root; at = at->on) {
		struct lookup_step *step = &steps[--i];
		*step = (struct lookup_step){.range = step_range(at)};
		if (at->kind == EXPR_ATTR && !(at->legacy && legacy_key(eval, at->name, &step->key)))
			step->name = at->name;
		else if (at->kind == EXPR_INDEX)
			step->key = eval_expr(eval, at->key);
	}
	bool failed = diags_failed_since(eval->diags, mark);
	if (root->kind == EXPR_NAME) {
		const struct value *v = resolve_name(eval, root->name, root->range, steps, count, expr);
		if (!v)
			return unknown_name(eval, root->name, root->range);
		return failed ? &value_unknown_any : v;
	}
	const struct value *v = eval_expr(eval, root);
	failed = diags_failed_since(eval->diags, mark);
	for (i = 0; i < count && !failed; i++) {
		v = take_step(eval, v, &steps[i], expr);
		failed = diags_failed_since(eval->diags, mark);
	}
	return failed ? &value_unknown_any : v;
}

/* ---- attributes ---- */

/* " Did you mean ...?" for the names that a known object or map has; "" where none is near. */
static const char *suggest(struct eval *eval, const struct value *v, const char *name)
{
	const struct type *type = v->type;
	size_t count = type->kind == TYPE_OBJECT ? type->count : v->state == VALUE_KNOWN ? v->count : 0;
	if (!count || (v->marks && type->kind == TYPE_MAP))
		return "";
	const char **names = arena_array_of(eval->arena, count, const char *);
	for (size_t i = 0; i < count; i++)
		names[i] = type->kind == TYPE_OBJECT ? type->attrs[i].name : v->keys[i];
	const char *near = nearest_name(name, names, count);
	return near ? arena_printf(eval->arena, " Did you mean \"%s\"?", near) : "";
}

static ptrdiff_t find_key(const struct value *map, const char *key)
{
	size_t low = 0, high = map->count;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(map->keys[mid], key);
		if (!order)
			return (ptrdiff_t)mid;
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return -1;
}

static const struct value *unknown_member(struct eval *eval, const struct type *type, unsigned marks)
{
	return with_marks(eval, value_unknown(eval->arena, type), marks);
}

static const struct value *attr_of_list(struct eval *eval, const struct value *v, const char *name,
					const struct expr *about, struct src_range range)
{
	const char *kind = v->type->kind == TYPE_SET ? "set" : v->type->kind == TYPE_TUPLE ? "tuple" : "list";
	const struct type *element = v->type->kind != TYPE_TUPLE ? v->type->element
				     : v->type->count		 ? v->type->items[0]
								 : &type_any;
	if (element->kind != TYPE_OBJECT) {
		eval_error(eval, about, range, "Unsupported attribute",
			   "This is a %s, which has no attributes. Its members are reached by index, as in [0].", kind);
	} else if (v->type->kind == TYPE_SET) {
		eval_error(eval, about, range, "Unsupported attribute",
			   "This is a set of objects, and only its members have attributes. Use [*].%s for that of all "
			   "of them, or one(...) where the set has a single member.",
			   name);
	} else if (type_find_attr(element, name) >= 0) {
		eval_error(eval, about, range, "Unsupported attribute",
			   "This is a %s of objects, and only its members have attributes. Use [0].%s for that of one "
			   "member, or [*].%s for a list of that of all of them.",
			   kind, name, name);
	} else {
		const char *near = suggest(eval, &(struct value){.type = element, .state = VALUE_UNKNOWN}, name);
		eval_error(eval, about, range, "Unsupported attribute",
			   "This is a %s of objects, and only its members have attributes; none of them is named "
			   "\"%s\".%s Use [0] for one member, or [*] for all of them.",
			   kind, name, near);
	}
	return &value_unknown_any;
}

const struct value *take_attr(struct eval *eval, const struct value *v, const char *name, const struct expr *about,
			      struct src_range range)
{
	const struct type *type = v->type;
	if (value_is_null(v)) {
		if (eval->lenient)
			return with_marks(eval, &value_null_any, v->marks);
		eval_error(eval, about, range, "Attempt to get attribute from null value",
			   "This value is null, so it has no attribute \"%s\".", name);
		return &value_unknown_any;
	}
	switch (type->kind) {
	case TYPE_ANY:
		return with_marks(eval, &value_unknown_any, v->marks);
	case TYPE_OBJECT: {
		ptrdiff_t at = type_find_attr(type, name);
		if (at < 0) {
			if (eval->lenient)
				return with_marks(eval, &value_null_any, v->marks);
			eval_error(eval, about, range, "Unsupported attribute",
				   "This object has no attribute named \"%s\".%s", name, suggest(eval, v, name));
			return &value_unknown_any;
		}
		if (!value_is_known(v))
			return unknown_member(eval, type->attrs[at].type, v->marks);
		return with_marks(eval, v->items[at], v->marks);
	}
	case TYPE_MAP: {
		if (!value_is_known(v))
			return unknown_member(eval, type->element, v->marks);
		ptrdiff_t at = find_key(v, name);
		if (at < 0) {
			if (eval->lenient)
				return with_marks(eval, &value_null_any, v->marks);
			eval_error(eval, about, range, "Missing map element", "This map has no element with the key \"%s\".%s",
				   name, suggest(eval, v, name));
			return &value_unknown_any;
		}
		return with_marks(eval, v->items[at], v->marks);
	}
	case TYPE_LIST:
	case TYPE_SET:
	case TYPE_TUPLE:
		if (eval->lenient && value_is_known(v) && v->count <= 1) {
			const struct value *member = v->count ? v->items[0] : &value_null_any;
			return take_attr(eval, with_marks(eval, member, v->marks), name, about, range);
		}
		return attr_of_list(eval, v, name, about, range);
	case TYPE_BOOL:
	case TYPE_NUMBER:
	case TYPE_STRING:
		break;
	}
	eval_error(eval, about, range, "Unsupported attribute", "This is a %s, which has no attributes.",
		   friendly_type(eval, type));
	return &value_unknown_any;
}

/* ---- indexes ---- */

#define INVALID_INDEX "Invalid index"

static const struct value *index_error(struct eval *eval, const struct expr *about, struct src_range range,
				       const char *text)
{
	eval_error(eval, about, range, INVALID_INDEX, "%s", text);
	return &value_unknown_any;
}

/* list[key] and tuple[key] with a known number. */
static const struct value *index_sequence(struct eval *eval, const struct value *v, const struct value *key,
					  const struct expr *about, struct src_range range)
{
	const struct type *type = v->type;
	unsigned marks = v->marks | key->marks;
	/* A tuple's length is in its type; that of an unknown list is not known. */
	bool length_known = type->kind == TYPE_TUPLE || value_is_known(v);
	size_t length = type->kind == TYPE_TUPLE ? type->count : v->count;
	int64_t at;
	if (!number_is_integer(key->number))
		return index_error(eval, about, range,
				   "An index must be a whole number, but this one has a fractional part. Division does not "
				   "round: use floor(...) on its result.");
	if (number_compare(key->number, number_from_int(0)) < 0)
		return index_error(eval, about, range,
				   "An index cannot be negative. To count from the end, subtract from the list's length.");
	if (!length_known)
		return unknown_member(eval, type->element, marks);
	if (!number_to_int(key->number, &at) || (uint64_t)at >= length) {
		if (eval->lenient)
			return with_marks(eval, &value_null_any, marks);
		const char *kind = type->kind == TYPE_TUPLE ? "tuple" : "list";
		if (!length) {
			eval_error(eval, about, range, INVALID_INDEX, "This %s has no members.", kind);
		} else if ((marks & VALUE_SENSITIVE) || key->marks) {
			eval_error(eval, about, range, INVALID_INDEX, "This %s has no member with that index.", kind);
		} else if (length == 1) {
			eval_error(eval, about, range, INVALID_INDEX,
				   "The index %s is out of range: this %s has one member, with the index 0.",
				   number_print(eval->arena, key->number), kind);
		} else {
			eval_error(eval, about, range, INVALID_INDEX,
				   "The index %s is out of range: this %s has %zu members, with the indexes 0 to %zu.",
				   number_print(eval->arena, key->number), kind, length, length - 1);
		}
		return &value_unknown_any;
	}
	if (!value_is_known(v))
		return unknown_member(eval, type->items[at], marks);
	return with_marks(eval, v->items[at], marks);
}

/* map[key] with a known string. */
static const struct value *index_map(struct eval *eval, const struct value *v, const struct value *key,
				     const struct expr *about, struct src_range range)
{
	unsigned marks = v->marks | key->marks;
	if (!value_is_known(v))
		return unknown_member(eval, v->type->element, marks);
	ptrdiff_t at = find_key(v, key->text);
	if (at >= 0)
		return with_marks(eval, v->items[at], marks);
	if (eval->lenient)
		return with_marks(eval, &value_null_any, marks);
	if (marks)
		return index_error(eval, about, range, "This map has no element with that key.");
	eval_error(eval, about, range, INVALID_INDEX, "This map has no element with the key \"%s\".%s", key->text,
		   suggest(eval, v, key->text));
	return &value_unknown_any;
}

/* object[key] with a known string. */
static const struct value *index_object(struct eval *eval, const struct value *v, const struct value *key,
					bool was_number, const struct expr *about, struct src_range range)
{
	unsigned marks = v->marks | key->marks;
	ptrdiff_t at = type_find_attr(v->type, key->text);
	if (at >= 0)
		return value_is_known(v) ? with_marks(eval, v->items[at], marks)
					 : unknown_member(eval, v->type->attrs[at].type, marks);
	if (eval->lenient)
		return with_marks(eval, &value_null_any, marks);
	if (was_number)
		return index_error(eval, about, range,
				   "This is an object: its attributes are reached by name, not by number.");
	if (key->marks)
		return index_error(eval, about, range, "This object has no attribute with that name.");
	eval_error(eval, about, range, INVALID_INDEX, "This object has no attribute named \"%s\".%s", key->text,
		   suggest(eval, v, key->text));
	return &value_unknown_any;
}

const struct value *take_index(struct eval *eval, const struct value *v, const struct value *key,
			       const struct expr *about, struct src_range range)
{
	const struct type *type = v->type;
	unsigned marks = v->marks | key->marks;
	if (value_is_null(v)) {
		if (eval->lenient)
			return with_marks(eval, &value_null_any, marks);
		eval_error(eval, about, range, "Attempt to index null value", "This value is null, so it has no members.");
		return &value_unknown_any;
	}
	if (value_is_null(key)) {
		if (eval->lenient)
			return with_marks(eval, &value_null_any, marks);
		return index_error(eval, about, range, "The index is null. It must be a number or a string.");
	}
	if (type->kind == TYPE_ANY || key->type->kind == TYPE_ANY)
		return with_marks(eval, &value_unknown_any, marks);
	const struct type *wanted = NULL;
	const char *needs = NULL;
	switch (type->kind) {
	case TYPE_LIST:
	case TYPE_TUPLE:
		wanted = &type_number;
		needs = "The index of a list must be a number";
		break;
	case TYPE_MAP:
		wanted = &type_string;
		needs = "The key of a map must be a string";
		break;
	case TYPE_OBJECT:
		wanted = &type_string;
		needs = "The name of an object's attribute must be a string";
		break;
	case TYPE_SET:
		return index_error(eval, about, range,
				   "The members of a set have no index or key. Use one(...) for the member of a set that has "
				   "a single one, tolist(...) for a list, or a for expression.");
	case TYPE_ANY:
	case TYPE_BOOL:
	case TYPE_NUMBER:
	case TYPE_STRING:
		if (eval->lenient && value_is_known(v) && value_is_a(key, TYPE_NUMBER) && !key->number.big &&
		    key->number.small == 0)
			return with_marks(eval, v, marks);
		eval_error(eval, about, range, INVALID_INDEX, "This is a %s, which has no members to reach by index.",
			   friendly_type(eval, type));
		return &value_unknown_any;
	}
	bool was_number = key->type->kind == TYPE_NUMBER;
	if (key->type->kind != wanted->kind) {
		AUTO_BUF struct buf why = BUF_INIT;
		const struct value *converted = value_convert(eval->arena, key, wanted, &why);
		if (!converted) {
			if (eval->lenient && type->kind != TYPE_MAP && type->kind != TYPE_OBJECT && value_is_known(v) &&
			    v->count <= 1 && key->type->kind == TYPE_STRING) {
				const struct value *member = v->count ? v->items[0] : &value_null_any;
				return take_index(eval, with_marks(eval, member, v->marks), key, about, range);
			}
			eval_error(eval, about, range, INVALID_INDEX, "%s: %s.", needs, buf_text(&why));
			return &value_unknown_any;
		}
		key = converted;
	}
	if (!value_is_known(key)) {
		if (type->kind == TYPE_TUPLE || type->kind == TYPE_OBJECT)
			return with_marks(eval, &value_unknown_any, marks);
		return unknown_member(eval, type->element, marks);
	}
	if (wanted == &type_number)
		return index_sequence(eval, v, key, about, range);
	if (type->kind == TYPE_MAP)
		return index_map(eval, v, key, about, range);
	return index_object(eval, v, key, was_number, about, range);
}

const struct value *eval_attr(struct eval *eval, const struct value *v, const char *name, struct src_range range)
{
	return take_attr(eval, v, name, NULL, range);
}

const struct value *eval_index(struct eval *eval, const struct value *v, const struct value *key, struct src_range range)
{
	return take_index(eval, v, key, NULL, range);
}
