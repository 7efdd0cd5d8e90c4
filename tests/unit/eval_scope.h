/* SPDX-License-Identifier: Apache-2.0 */
/* Names of every kind for tests of evaluation: u.* is known after apply, s.* sensitive, n.* null, v.* plain. */
#pragma once

#include "base/buf.h"
#include "lang/eval/eval.h"
#include "lang/syntax/parse.h"
#include "lang/value/convert.h"

#include <stdlib.h>
#include <string.h>

struct fixture {
	struct arena *arena;
	struct src_set *sources;
	struct diags diags;
	struct scope scope;
	struct eval eval;
};

static const struct {
	const char *name, *type;
} fixture_types[] = {
	{"any", "any"},
	{"str", "string"},
	{"num", "number"},
	{"yes", "bool"},
	{"list", "list(string)"},
	{"set", "set(string)"},
	{"map", "map(string)"},
	{"obj", "object({ a = string, b = number })"},
	{"objs", "list(object({ a = string, b = number }))"},
	{"tuple", "tuple([string, number])"},
};

static const char *const fixture_values[] = {
	[0] = "{ x = [1, \"two\"], y = null }",
	[1] = "\"pearl\"",
	[2] = "7",
	[3] = "true",
	[4] = "[\"a\", \"b\"]",
	[5] = "[\"b\", \"a\"]",
	[6] = "{ k = \"v\", l = \"w\" }",
	[7] = "{ a = \"A\", b = 1 }",
	[8] = "[{ a = \"A\", b = 1 }, { a = \"B\", b = 2 }]",
	[9] = "[\"t\", 1]",
};

static inline const struct expr *fixture_parse(struct fixture *f, const char *text)
{
	const struct src *src = src_add(f->sources, "test.tf", text, strlen(text));
	return parse_expr(f->arena, src, &f->diags);
}

static inline const struct value *fixture_make(struct fixture *f, const char *kind, size_t i)
{
	struct eval plain = {.arena = f->arena, .diags = &f->diags};
	const struct type *type = eval_type(&plain, fixture_parse(f, fixture_types[i].type));
	if (*kind == 'u')
		return value_unknown(f->arena, type);
	if (*kind == 'n')
		return value_null(f->arena, type);
	const struct value *v = eval_expr_as(&plain, fixture_parse(f, fixture_values[i]), type, "fixture");
	return *kind == 's' ? value_mark(f->arena, v, VALUE_SENSITIVE)
	       : *kind == 'e' ? value_mark(f->arena, v, VALUE_EPHEMERAL)
			      : v;
}

/* Takes the first step itself, as the scope of a module does. */
static inline const struct value *fixture_lookup(void *ctx, struct eval *eval, const char *root,
						 struct src_range root_range, const struct lookup_step *steps, size_t count,
						 size_t *consumed)
{
	(void)eval;
	(void)root_range;
	if (strlen(root) != 1 || !strchr("usnev", *root) || !count || !steps[0].name)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(fixture_types); i++) {
		if (!strcmp(steps[0].name, fixture_types[i].name)) {
			*consumed = 1;
			return fixture_make(ctx, root, i);
		}
	}
	return NULL;
}

static inline void fixture_names(void *ctx, void (*add)(void *add_ctx, const char *name), void *add_ctx)
{
	(void)ctx;
	add(add_ctx, "local");
	add(add_ctx, "path");
}

static inline void fixture_init(struct fixture *f)
{
	*f = (struct fixture){.arena = arena_new(), .sources = src_set_new()};
	diags_init(&f->diags);
	f->scope = (struct scope){.lookup = fixture_lookup, .ctx = f, .names = fixture_names};
	f->eval = (struct eval){.arena = f->arena, .scope = &f->scope, .diags = &f->diags, .sources = f->sources};
}

static inline void fixture_release(struct fixture *f)
{
	diags_release(&f->diags);
	src_set_free(f->sources);
	arena_free(f->arena);
}

static inline const struct value *fixture_eval(struct fixture *f, const char *text)
{
	return eval_expr(&f->eval, fixture_parse(f, text));
}

/* In one line: "7", "? string" (known after apply), "?! string" (and not null), "s 7" (sensitive). */
static inline char *fixture_show(struct fixture *f, const struct value *v)
{
	AUTO_BUF struct buf out = BUF_INIT, text = BUF_INIT;
	if (v->marks & VALUE_SENSITIVE)
		buf_adds(&out, "s ");
	if (v->marks & VALUE_EPHEMERAL)
		buf_adds(&out, "e ");
	v = value_unmark(f->arena, v);
	if (v->state == VALUE_UNKNOWN) {
		buf_adds(&out, v->not_null ? "?! " : "? ");
		type_print(v->type, &out);
		return buf_copy(&out, f->arena);
	}
	value_print(v, &text);
	bool blank = false;
	for (const char *c = buf_text(&text); *c; c++) {
		bool space = *c == ' ' || *c == '\n';
		if (!space || !blank)
			buf_addc(&out, space ? ' ' : *c);
		blank = space;
	}
	return buf_copy(&out, f->arena);
}
