/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IAM policies: written by the data source aws_iam_policy_document, and compared by what they say
 * (IAM User Guide, "Grammar of the IAM JSON policy language").
 */
#include "providers/aws/env.h"

#include "base/buf.h"
#include "base/digest.h"
#include "base/vec.h"
#include "lang/value/convert.h"
#include "lang/value/json.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- comparing ---- */

static bool same_scalar(struct arena *arena, const struct value *a, const struct value *b)
{
	if (!type_is_primitive(a->type) || !type_is_primitive(b->type))
		return false;
	const char *x = value_to_text(arena, a), *y = value_to_text(arena, b);
	return x && y && !strcmp(x, y);
}

static bool is_account(const char *s, size_t n)
{
	if (n != 12)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (!isdigit((unsigned char)s[i]))
			return false;
	}
	return true;
}

/* 123456789012 and arn:aws:iam::123456789012:root are one principal. */
static const char *account_of(struct arena *arena, const char *principal)
{
	if (is_account(principal, strlen(principal)))
		return principal;
	const char *at = strstr(principal, ":iam::");
	if (!strncmp(principal, "arn:", 4) && at && is_account(at + 6, 12) && !strcmp(at + 18, ":root"))
		return arena_strndup(arena, at + 6, 12);
	return NULL;
}

static bool same_principal(struct arena *arena, const struct value *a, const struct value *b)
{
	if (same_scalar(arena, a, b))
		return true;
	if (!value_is_a(a, TYPE_STRING) || !value_is_a(b, TYPE_STRING))
		return false;
	const char *x = account_of(arena, a->text), *y = account_of(arena, b->text);
	return x && y && !strcmp(x, y);
}

typedef bool (*same_fn)(struct arena *arena, const struct value *a, const struct value *b);

/* One value equals a list of one; the order does not matter. */
static bool same_set(struct arena *arena, const struct value *a, const struct value *b, same_fn same)
{
	const struct value *one_a[] = {a}, *one_b[] = {b};
	bool many_a = is_list(a), many_b = is_list(b);
	const struct value *const *x = many_a ? a->items : one_a, *const *y = many_b ? b->items : one_b;
	size_t n = many_a ? a->count : 1, m = many_b ? b->count : 1;
	for (int side = 0; side < 2; side++) {
		for (size_t i = 0; i < (side ? m : n); i++) {
			bool met = false;
			for (size_t k = 0; k < (side ? n : m) && !met; k++)
				met = side ? same(arena, x[k], y[i]) : same(arena, x[i], y[k]);
			if (!met)
				return false;
		}
	}
	return true;
}

static bool same_map(struct arena *arena, const struct value *a, const struct value *b,
		     bool (*same)(struct arena *, const struct value *, const struct value *))
{
	if (a->count != b->count)
		return false;
	for (uint32_t i = 0; i < a->count; i++) {
		const struct value *other = NULL;
		for (uint32_t k = 0; k < b->count && !other; k++) {
			if (!strcasecmp(value_key_at(a, i), value_key_at(b, k)))
				other = b->items[k];
		}
		if (!other || !same(arena, a->items[i], other))
			return false;
	}
	return true;
}

static bool same_strings(struct arena *arena, const struct value *a, const struct value *b)
{
	return same_set(arena, a, b, same_scalar);
}

static bool same_principals(struct arena *arena, const struct value *a, const struct value *b)
{
	return same_set(arena, a, b, same_principal);
}

static bool is_everyone(const struct value *v)
{
	if (value_is_text(v, "*"))
		return true;
	const struct value *aws = v->type->kind == TYPE_OBJECT && v->count == 1 ? value_get(v, "AWS") : NULL;
	if (aws && is_list(aws) && aws->count == 1)
		aws = aws->items[0];
	return aws && value_is_text(aws, "*");
}

static bool same_principal_block(struct arena *arena, const struct value *a, const struct value *b)
{
	if (is_everyone(a) || is_everyone(b))
		return is_everyone(a) && is_everyone(b);
	return a->type->kind == TYPE_OBJECT && b->type->kind == TYPE_OBJECT && same_map(arena, a, b, same_principals);
}

static bool same_condition_keys(struct arena *arena, const struct value *a, const struct value *b)
{
	return a->type->kind == TYPE_OBJECT && b->type->kind == TYPE_OBJECT && same_map(arena, a, b, same_strings);
}

static bool same_element(struct arena *arena, const char *name, const struct value *a, const struct value *b)
{
	if (!strcmp(name, "Principal") || !strcmp(name, "NotPrincipal"))
		return same_principal_block(arena, a, b);
	if (!strcmp(name, "Condition"))
		return a->type->kind == TYPE_OBJECT && b->type->kind == TYPE_OBJECT && same_map(arena, a, b, same_condition_keys);
	return same_set(arena, a, b, same_scalar);
}

static bool says_nothing(const struct value *v)
{
	return v->state == VALUE_NULL || (!type_is_primitive(v->type) && v->count == 0) || value_is_text(v, "");
}

static bool same_statement(struct arena *arena, const struct value *a, const struct value *b)
{
	if (a->type->kind != TYPE_OBJECT || b->type->kind != TYPE_OBJECT)
		return false;
	for (int side = 0; side < 2; side++) {
		const struct value *of = side ? b : a, *other = side ? a : b;
		for (uint32_t i = 0; i < of->count; i++) {
			const char *name = value_key_at(of, i);
			const struct value *met = value_get(other, name);
			if (says_nothing(of->items[i]) && (!met || says_nothing(met)))
				continue;
			if (!met || !same_element(arena, name, of->items[i], met))
				return false;
		}
	}
	return true;
}

bool same_policy(struct arena *arena, const char *a, const char *b)
{
	AUTO_BUF struct buf why = BUF_INIT;
	const struct value *x = value_from_json(arena, a, strlen(a), &why), *y = value_from_json(arena, b, strlen(b), &why);
	if (!x || !y || x->type->kind != TYPE_OBJECT || y->type->kind != TYPE_OBJECT || x->state != VALUE_KNOWN || y->state != VALUE_KNOWN)
		return false;
	static const char *const tops[] = {"Version", "Id"};
	for (size_t i = 0; i < ARRAY_LEN(tops); i++) {
		const struct value *p = value_get(x, tops[i]), *q = value_get(y, tops[i]);
		if ((p && !says_nothing(p)) != (q && !says_nothing(q)) || (p && q && !says_nothing(p) && !same_scalar(arena, p, q)))
			return false;
	}
	const struct value *p = value_get(x, "Statement"), *q = value_get(y, "Statement");
	if (!p || !q)
		return !p && !q;
	return (is_list(p) ? p->count : 1) == (is_list(q) ? q->count : 1) && same_set(arena, p, q, same_statement);
}

/* ---- writing ---- */

struct statement {
	const char *sid;
	const struct value *value; /* an object of what is written */
	struct buf json;
};

/* A string for one, a list for several; lists of sets are written in falling order, as Terraform's provider does. */
static void add_strings(struct buf *out, const struct value *v, bool falling)
{
	if (v->count == 1) {
		json_add_string(out, v->items[0]->text, v->items[0]->count, true);
		return;
	}
	buf_addc(out, '[');
	for (uint32_t i = 0; i < v->count; i++) {
		const struct value *item = v->items[falling ? v->count - 1 - i : i];
		if (i)
			buf_addc(out, ',');
		json_add_string(out, item->text, item->count, true);
	}
	buf_addc(out, ']');
}

static const struct value *written(const struct value *block, const char *name)
{
	const struct value *v = value_get(block, name);
	return v && v->state == VALUE_KNOWN && (v->type->kind == TYPE_STRING || v->count) ? v : NULL;
}

static void add_member(struct buf *out, bool *first, const char *name)
{
	if (!*first)
		buf_addc(out, ',');
	*first = false;
	json_add_string(out, name, strlen(name), true);
	buf_addc(out, ':');
}

/* {"AWS": [...], "Service": "..."}, or "*" alone for everyone. Identifiers of one type in several blocks join. */
static void add_principals(struct buf *out, const struct value *blocks)
{
	if (blocks->count == 1 && value_is_text(value_get(blocks->items[0], "type"), "*")) {
		const struct value *ids = value_get(blocks->items[0], "identifiers");
		if (ids->count == 1 && value_is_text(ids->items[0], "*")) {
			buf_adds(out, "\"*\"");
			return;
		}
	}
	/* by type, in order of the alphabet */
	VEC(const char *) types = {0};
	for (uint32_t i = 0; i < blocks->count; i++) {
		const char *type = value_get(blocks->items[i], "type")->text;
		size_t at = 0;
		while (at < types.count && strcmp(types.items[at], type) < 0)
			at++;
		if (at < types.count && !strcmp(types.items[at], type))
			continue;
		vec_add(&types, type);
		memmove(&types.items[at + 1], &types.items[at], (types.count - 1 - at) * sizeof(*types.items));
		types.items[at] = type;
	}
	buf_addc(out, '{');
	bool first = true;
	struct arena *arena = arena_new();
	for (size_t t = 0; t < types.count; t++) {
		VEC(const struct value *) all = {0};
		for (uint32_t i = 0; i < blocks->count; i++) {
			if (!value_is_text(value_get(blocks->items[i], "type"), types.items[t]))
				continue;
			const struct value *ids = value_get(blocks->items[i], "identifiers");
			for (uint32_t k = 0; k < ids->count; k++)
				vec_add(&all, ids->items[k]);
		}
		add_member(out, &first, types.items[t]);
		add_strings(out, value_set(arena, &type_string, all.items, all.count), true);
		vec_free(&all);
	}
	arena_free(arena);
	buf_addc(out, '}');
	vec_free(&types);
}

/* {"StringEquals": {"aws:x": "..."}}: tests and variables in order of the alphabet, values as written. */
static void add_conditions(struct buf *out, const struct value *blocks)
{
	VEC(const struct value *) sorted = {0};
	for (uint32_t i = 0; i < blocks->count; i++) {
		const struct value *block = blocks->items[i];
		size_t at = 0;
		for (; at < sorted.count; at++) {
			int by_test = strcmp(value_get_text(sorted.items[at], "test"), value_get_text(block, "test"));
			if (by_test > 0 || (by_test == 0 && strcmp(value_get_text(sorted.items[at], "variable"), value_get_text(block, "variable")) > 0))
				break;
		}
		vec_add(&sorted, block);
		memmove(&sorted.items[at + 1], &sorted.items[at], (sorted.count - 1 - at) * sizeof(*sorted.items));
		sorted.items[at] = block;
	}
	buf_addc(out, '{');
	const char *open = NULL;
	bool first_test = true, first = true;
	for (size_t i = 0; i < sorted.count; i++) {
		const char *test = value_get_text(sorted.items[i], "test");
		if (!open || strcmp(open, test)) {
			if (open)
				buf_addc(out, '}');
			add_member(out, &first_test, test);
			buf_addc(out, '{');
			open = test;
			first = true;
		}
		add_member(out, &first, value_get_text(sorted.items[i], "variable"));
		add_strings(out, value_get(sorted.items[i], "values"), false);
	}
	if (open)
		buf_addc(out, '}');
	buf_addc(out, '}');
	vec_free(&sorted);
}

/* &{aws:username} stands for ${aws:username}, which the language would take for its own. */
static void replace_variables(struct buf *json)
{
	for (size_t i = 0; i + 1 < json->len; i++) {
		if (json->ptr[i] == '&' && json->ptr[i + 1] == '{')
			json->ptr[i] = '$';
	}
}

static void write_statement(const struct value *s, struct buf *out)
{
	static const struct {
		const char *name, *member;
		bool principals, conditions, text;
	} rows[] = {
		{"sid", "Sid", false, false, true}, {"effect", "Effect", false, false, true},
		{"actions", "Action", false, false, false}, {"not_actions", "NotAction", false, false, false},
		{"resources", "Resource", false, false, false}, {"not_resources", "NotResource", false, false, false},
		{"principals", "Principal", true, false, false}, {"not_principals", "NotPrincipal", true, false, false},
		{"condition", "Condition", false, true, false},
	};
	bool first = true;
	buf_addc(out, '{');
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct value *v = written(s, rows[i].name);
		if (!strcmp(rows[i].name, "effect") && !v) {
			add_member(out, &first, "Effect");
			buf_adds(out, "\"Allow\"");
			continue;
		}
		if (!v || (rows[i].text && !v->count))
			continue;
		add_member(out, &first, rows[i].member);
		if (rows[i].principals)
			add_principals(out, v);
		else if (rows[i].conditions)
			add_conditions(out, v);
		else if (rows[i].text)
			json_add_string(out, v->text, v->count, true);
		else
			add_strings(out, v, true);
	}
	buf_addc(out, '}');
	replace_variables(out);
}

struct document {
	struct arena *arena;
	VEC(struct statement) statements;
	const char *version, *id;
};

/* A statement with a sid that is there already: replaces it where overriding is meant, else it is a mistake. */
static bool add_statement(struct document *doc, const char *sid, const char *json, size_t len, bool override, struct diags *diags)
{
	for (size_t i = 0; sid && *sid && i < doc->statements.count; i++) {
		struct statement *old = &doc->statements.items[i];
		if (!old->sid || strcmp(old->sid, sid))
			continue;
		if (!override) {
			diag_error(diags, SRC_NOWHERE, "Duplicate Sid", "The Sid \"%s\" stands twice in the policy document. Sids are given once; "
								       "override_policy_documents may replace a statement.", sid);
			return false;
		}
		buf_clear(&old->json);
		buf_add(&old->json, json, len);
		return true;
	}
	struct statement s = {.sid = sid && *sid ? arena_strdup(doc->arena, sid) : NULL, .json = BUF_INIT};
	buf_add(&s.json, json, len);
	vec_add(&doc->statements, s);
	return true;
}

/* A statement of another document, in the order of members that this one uses. */
static void rewrite_statement(const struct value *s, struct buf *out)
{
	static const char *const order[] = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal",
					    "Condition"};
	bool first = true;
	buf_addc(out, '{');
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		const struct value *v = value_get(s, order[i]);
		if (!v || says_nothing(v))
			continue;
		add_member(out, &first, order[i]);
		value_to_json(v, true, out);
	}
	buf_addc(out, '}');
}

static bool merge_document(struct document *doc, const struct value *text, bool override, struct diags *diags)
{
	if (!value_is_a(text, TYPE_STRING) || !text->count)
		return true;
	AUTO_BUF struct buf why = BUF_INIT;
	const struct value *v = value_from_json(doc->arena, text->text, text->count, &why);
	if (!v || v->state != VALUE_KNOWN || v->type->kind != TYPE_OBJECT) {
		diag_error(diags, SRC_NOWHERE, "Invalid policy document", "A source or override document is no JSON object: %s.",
			   v ? "it is of another kind" : buf_text(&why));
		return false;
	}
	const char *version = value_get_text(v, "Version"), *id = value_get_text(v, "Id");
	doc->version = version ? version : doc->version;
	doc->id = id ? id : doc->id;
	const struct value *statements = value_get(v, "Statement");
	const struct value *one[] = {statements};
	size_t count = !statements ? 0 : is_list(statements) ? statements->count : 1;
	for (size_t i = 0; i < count; i++) {
		const struct value *s = is_list(statements) ? statements->items[i] : one[0];
		if (s->state != VALUE_KNOWN || s->type->kind != TYPE_OBJECT)
			continue;
		AUTO_BUF struct buf json = BUF_INIT;
		rewrite_statement(s, &json);
		if (!add_statement(doc, value_get_text(s, "Sid"), buf_text(&json), json.len, override, diags))
			return false;
	}
	return true;
}

static bool merge_list(struct document *doc, const struct value *list, bool override, struct diags *diags)
{
	for (uint32_t i = 0; list && list->state == VALUE_KNOWN && i < list->count; i++) {
		if (!merge_document(doc, list->items[i], override, diags))
			return false;
	}
	return true;
}

static void print_document(const struct document *doc, bool pretty, struct buf *out)
{
	AUTO_BUF struct buf compact = BUF_INIT;
	bool first = true;
	buf_addc(&compact, '{');
	if (doc->version && *doc->version) {
		add_member(&compact, &first, "Version");
		json_add_string(&compact, doc->version, strlen(doc->version), true);
	}
	if (doc->id && *doc->id) {
		add_member(&compact, &first, "Id");
		json_add_string(&compact, doc->id, strlen(doc->id), true);
	}
	if (doc->statements.count) {
		add_member(&compact, &first, "Statement");
		buf_addc(&compact, '[');
		for (size_t i = 0; i < doc->statements.count; i++) {
			if (i)
				buf_addc(&compact, ',');
			buf_add(&compact, doc->statements.items[i].json.ptr, doc->statements.items[i].json.len);
		}
		buf_addc(&compact, ']');
	}
	buf_addc(&compact, '}');
	if (!pretty) {
		buf_add(out, compact.ptr, compact.len);
		return;
	}
	/* two blanks a level, members kept in their order */
	size_t depth = 0;
	bool in_string = false;
	for (size_t i = 0; i < compact.len; i++) {
		char c = compact.ptr[i];
		if (in_string) {
			buf_addc(out, c);
			if (c == '\\')
				buf_addc(out, compact.ptr[++i]);
			else if (c == '"')
				in_string = false;
			continue;
		}
		bool opens = c == '{' || c == '[', closes = c == '}' || c == ']';
		if (opens && (compact.ptr[i + 1] == '}' || compact.ptr[i + 1] == ']')) {
			buf_addc(out, c);
			buf_addc(out, compact.ptr[++i]);
			continue;
		}
		if (closes) {
			buf_addc(out, '\n');
			buf_add_repeated(out, ' ', 2 * --depth);
		}
		buf_addc(out, c);
		if (c == '"')
			in_string = true;
		if (opens || c == ',') {
			depth += opens;
			buf_addc(out, '\n');
			buf_add_repeated(out, ' ', 2 * depth);
		}
		if (c == ':')
			buf_addc(out, ' ');
	}
}

const struct value *policy_document(struct arena *arena, const struct value *config, struct diags *diags)
{
	struct document doc = {.arena = arena};
	const char *version = value_get_text(config, "version");
	const struct value *statements = value_get(config, "statement");
	bool ok = merge_document(&doc, value_get(config, "source_json"), true, diags) &&
		  merge_list(&doc, value_get(config, "source_policy_documents"), false, diags);
	if (version)
		doc.version = version;
	if (value_get_text(config, "policy_id"))
		doc.id = value_get_text(config, "policy_id");
	size_t own = doc.statements.count;
	for (uint32_t i = 0; ok && statements->state == VALUE_KNOWN && i < statements->count; i++) {
		const struct value *s = statements->items[i];
		AUTO_BUF struct buf json = BUF_INIT;
		write_statement(s, &json);
		const char *sid = value_get_text(s, "sid");
		/* what the source documents said under this sid is replaced; a sid twice in the block itself is a mistake */
		bool of_source = false;
		for (size_t k = 0; sid && k < own; k++)
			of_source |= doc.statements.items[k].sid && !strcmp(doc.statements.items[k].sid, sid);
		ok = add_statement(&doc, sid, buf_text(&json), json.len, of_source, diags);
	}
	ok = ok && merge_list(&doc, value_get(config, "override_policy_documents"), true, diags) &&
	     merge_document(&doc, value_get(config, "override_json"), true, diags);
	if (!doc.version)
		doc.version = "2012-10-17";
	const struct value *result = NULL;
	if (ok) {
		AUTO_BUF struct buf pretty = BUF_INIT;
		AUTO_BUF struct buf minified = BUF_INIT;
		print_document(&doc, true, &pretty);
		print_document(&doc, false, &minified);
		static const char *const names[] = {"json", "minified_json", "id"};
		const struct value *values[] = {
			value_string_n(arena, pretty.ptr, pretty.len),
			value_string_n(arena, minified.ptr, minified.len),
			value_stringf(arena, "%u", crc32_add(0, pretty.ptr, pretty.len)),
		};
		result = value_object(arena, names, values, 3);
	}
	for (size_t i = 0; i < doc.statements.count; i++)
		buf_release(&doc.statements.items[i].json);
	vec_free(&doc.statements);
	return result;
}
