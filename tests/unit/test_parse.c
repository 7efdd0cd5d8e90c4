/* SPDX-License-Identifier: Apache-2.0 */
/* Syntax trees, printed as s-expressions for comparison. */
#include "base/buf.h"
#include "lang/syntax/parse.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

struct text {
	struct src_set *sources;
	struct arena *arena;
	struct diags diags;
	struct buf out;
};

static void text_init(struct text *t)
{
	*t = (struct text){.sources = src_set_new(), .arena = arena_new()};
	diags_init(&t->diags);
}

static void text_release(struct text *t)
{
	buf_release(&t->out);
	diags_release(&t->diags);
	arena_free(t->arena);
	src_set_free(t->sources);
}

/* ---- printing ---- */

static void dump(struct text *t, const struct expr *e);

static void dump_text(struct text *t, const struct value *v)
{
	buf_addc(&t->out, '"');
	for (uint32_t i = 0; i < v->count; i++) {
		char c = v->text[i];
		if (c == '\n')
			buf_adds(&t->out, "\\n");
		else if (c == '"' || c == '\\')
			buf_addf(&t->out, "\\%c", c);
		else
			buf_addc(&t->out, c);
	}
	buf_addc(&t->out, '"');
}

static void dump_literal(struct text *t, const struct value *v)
{
	if (v->state == VALUE_NULL)
		buf_adds(&t->out, "null");
	else if (v->type->kind == TYPE_BOOL)
		buf_adds(&t->out, v->boolean ? "true" : "false");
	else if (v->type->kind == TYPE_NUMBER)
		buf_adds(&t->out, number_print(t->arena, v->number));
	else
		dump_text(t, v);
}

static void dump_parts(struct text *t, const struct template_part *parts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct template_part *part = &parts[i];
		if (i)
			buf_addc(&t->out, ' ');
		switch (part->kind) {
		case PART_TEXT:
			dump_text(t, part->text);
			break;
		case PART_INTERPOLATION:
			dump(t, part->expr);
			break;
		case PART_IF:
			buf_adds(&t->out, "(if ");
			dump(t, part->expr);
			buf_adds(&t->out, " (");
			dump_parts(t, part->then, part->then_count);
			buf_adds(&t->out, ") (");
			dump_parts(t, part->other, part->other_count);
			buf_adds(&t->out, "))");
			break;
		case PART_FOR:
			buf_addf(&t->out, "(for %s%s%s ", part->key_name ? part->key_name : "", part->key_name ? "," : "",
				 part->value_name);
			dump(t, part->expr);
			buf_adds(&t->out, " (");
			dump_parts(t, part->then, part->then_count);
			buf_adds(&t->out, "))");
			break;
		}
	}
}

static void dump_for(struct text *t, const struct expr *e)
{
	buf_addf(&t->out, "(for %s%s%s ", e->key_name ? e->key_name : "", e->key_name ? "," : "", e->value_name);
	dump(t, e->collection);
	buf_addc(&t->out, ' ');
	if (e->key_result) {
		dump(t, e->key_result);
		buf_adds(&t->out, " => ");
	}
	dump(t, e->result);
	if (e->group)
		buf_adds(&t->out, "...");
	if (e->filter) {
		buf_adds(&t->out, " if ");
		dump(t, e->filter);
	}
	buf_addc(&t->out, ')');
}

static void dump_list(struct text *t, const char *before, const struct expr *const *items, size_t count)
{
	buf_adds(&t->out, before);
	for (size_t i = 0; i < count; i++) {
		if (i || before[1])
			buf_addc(&t->out, ' ');
		dump(t, items[i]);
	}
}

static void dump(struct text *t, const struct expr *e)
{
	static const char *const signs[] = {"!", "-", "||", "&&", "==", "!=", "<", "<=", ">", ">=", "+", "-", "*", "/", "%"};
	switch (e->kind) {
	case EXPR_LITERAL:
		dump_literal(t, e->literal);
		return;
	case EXPR_TEMPLATE:
		buf_adds(&t->out, e->heredoc ? "(heredoc " : "(template ");
		dump_parts(t, e->parts, e->part_count);
		break;
	case EXPR_NAME:
		buf_adds(&t->out, e->name);
		return;
	case EXPR_ATTR:
		buf_adds(&t->out, e->legacy ? "(.n " : "(. ");
		dump(t, e->on);
		buf_addf(&t->out, " %s", e->name);
		break;
	case EXPR_INDEX:
		dump_list(t, "([]", (const struct expr *const[]){e->on, e->key}, 2);
		break;
	case EXPR_SPLAT:
		dump_list(t, e->full ? "([*]" : "(.*", (const struct expr *const[]){e->on, e->each}, 2);
		break;
	case EXPR_SPLAT_ITEM:
		buf_addc(&t->out, '_');
		return;
	case EXPR_CALL:
		buf_addf(&t->out, "(%s", e->function);
		for (size_t i = 0; i < e->arg_count; i++) {
			buf_addc(&t->out, ' ');
			dump(t, e->args[i]);
		}
		if (e->expand_last)
			buf_adds(&t->out, "...");
		break;
	case EXPR_CONDITIONAL:
		dump_list(t, "(?", (const struct expr *const[]){e->condition, e->left, e->right}, 3);
		break;
	case EXPR_UNARY:
		buf_addf(&t->out, "(%s ", signs[e->op]);
		dump(t, e->on);
		break;
	case EXPR_BINARY:
		buf_addf(&t->out, "(%s ", signs[e->op]);
		dump(t, e->left);
		buf_addc(&t->out, ' ');
		dump(t, e->right);
		break;
	case EXPR_TUPLE:
		dump_list(t, "[", e->items, e->item_count);
		buf_addc(&t->out, ']');
		return;
	case EXPR_OBJECT:
		buf_addc(&t->out, '{');
		for (size_t i = 0; i < e->field_count; i++) {
			buf_adds(&t->out, i ? " " : "");
			dump(t, e->fields[i].key);
			buf_adds(&t->out, ": ");
			dump(t, e->fields[i].value);
		}
		buf_addc(&t->out, '}');
		return;
	case EXPR_FOR:
		dump_for(t, e);
		return;
	case EXPR_PAREN:
		dump_list(t, "(paren", (const struct expr *const[]){e->on}, 1);
		break;
	case EXPR_ERROR:
		buf_adds(&t->out, "<error>");
		return;
	}
	buf_addc(&t->out, ')');
}

static void dump_body(struct text *t, const struct body *body)
{
	for (size_t i = 0; i < body->attr_count; i++) {
		buf_addf(&t->out, "%s=", body->attrs[i].name);
		dump(t, body->attrs[i].expr);
		buf_addc(&t->out, ' ');
	}
	for (size_t i = 0; i < body->block_count; i++) {
		const struct block *block = &body->blocks[i];
		buf_adds(&t->out, block->type);
		for (size_t j = 0; j < block->label_count; j++)
			buf_addf(&t->out, " \"%s\"", block->labels[j].text);
		buf_adds(&t->out, " { ");
		dump_body(t, block->body);
		buf_adds(&t->out, "} ");
	}
}

enum what { FILE_TEXT, EXPR_TEXT, TEMPLATE_TEXT };

static const char *parsed(struct text *t, enum what what, const char *source, size_t len)
{
	const struct src *src = src_add(t->sources, "main.tf", source, len);
	assert_non_null(src);
	switch (what) {
	case FILE_TEXT:
		dump_body(t, parse_file(t->arena, src, &t->diags));
		break;
	case EXPR_TEXT:
		dump(t, parse_expr(t->arena, src, &t->diags));
		break;
	case TEMPLATE_TEXT:
		dump(t, parse_template(t->arena, src, &t->diags));
		break;
	}
	if (diags_has_errors(&t->diags)) {
		buf_adds(&t->out, "\n");
		diags_print(&t->diags, t->sources, false, 0, &t->out);
	}
	return buf_text(&t->out);
}

static void check(enum what what, const char *source, const char *expected)
{
	struct text t;
	text_init(&t);
	const char *got = parsed(&t, what, source, strlen(source));
	if (strcmp(got, expected))
		print_message("# of: %s\n", source);
	assert_string_equal(got, expected);
	text_release(&t);
}

/* ---- cases ---- */

static void expressions(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"1", "1"},
		{"true", "true"},
		{"null", "null"},
		{"truex", "truex"},
		{"a-b", "a-b"},
		{"a - b", "(- a b)"},
		{"-1", "(- 1)"},
		{"--a", "(- (- a))"},
		{"!!a.b", "(! (! (. a b)))"},
		{"1 + 2 * 3", "(+ 1 (* 2 3))"},
		{"1 - 2 - 3", "(- (- 1 2) 3)"},
		{"-1 + 2", "(+ (- 1) 2)"},
		{"a || b && c == d < e + f", "(|| a (&& b (== c (< d (+ e f)))))"},
		{"a * b / c % d", "(% (/ (* a b) c) d)"},
		{"a && b || c && d", "(|| (&& a b) (&& c d))"},
		{"a == b != c", "(!= (== a b) c)"},
		{"(1 + 2) * 3", "(* (paren (+ 1 2)) 3)"},
		{"a ? b : c ? d : e", "(? a b (? c d e))"},
		{"a ? b ? c : d : e", "(? a (? b c d) e)"},
		{"a > 1 ? -1 : !x", "(? (> a 1) (- 1) (! x))"},
		{"(\na\n?\nb\n:\nc\n)", "(paren (? a b c))"},
		{"\na\n+\nb\n", "(+ a b)"},
		{"a.b.c", "(. (. a b) c)"},
		{"a.0", "(.n a 0)"},
		{"a.0.b", "(. (.n a 0) b)"},
		{"a[0].b[\"c\"][d]", "([] ([] (. ([] a 0) b) \"c\") d)"},
		{"a[\n0\n]", "([] a 0)"},
		{"a.*", "(.* a _)"},
		{"a.*.b.c", "(.* a (. (. _ b) c))"},
		{"a.*.b.0.c", "(.* a (. (.n (. _ b) 0) c))"},
		{"a.*.b[0]", "([] (.* a (. _ b)) 0)"},
		{"a.*.b[*].c", "([*] (.* a (. _ b)) (. _ c))"},
		{"a[*]", "([*] a _)"},
		{"a[*].b[0]", "([*] a ([] (. _ b) 0))"},
		{"a[*].b[*].c", "([*] a ([*] (. _ b) (. _ c)))"},
		{"a[*].b.*.c", "([*] a (.* (. _ b) (. _ c)))"},
		{"f()", "(f)"},
		{"f(a, b,)", "(f a b)"},
		{"f(\n  a,\n  b...\n)", "(f a b...)"},
		{"f(a).b[0]", "([] (. (f a) b) 0)"},
		{"provider::aws::arn_parse(x)", "(provider::aws::arn_parse x)"},
		{"provider :: aws :: f (x)", "(provider::aws::f x)"},
		{"[]", "[]"},
		{"[1, 2,]", "[1 2]"},
		{"[\n1\n,\n2\n]", "[1 2]"},
		{"[a[0], [b]]", "[([] a 0) [b]]"},
		{"{}", "{}"},
		{"{ a = 1, b : 2 }", "{a: 1 b: 2}"},
		{"{\n a = 1\n b = 2\n\n}", "{a: 1 b: 2}"},
		{"{\n a = 1,\n b = 2,\n}", "{a: 1 b: 2}"},
		{"{ \"a b\" = 1, (c) = 2, \"${d}\" = 3, e.f = 4, 5 = 6 }",
		 "{\"a b\": 1 (paren c): 2 (template d): 3 (. e f): 4 5: 6}"},
		{"{ # comment\n a = 1 // more\n /* here */ b = 2\n}", "{a: 1 b: 2}"},
		{"{ a = (\n1\n) }", "{a: (paren 1)}"},
		{"{ a = f(\n1\n)\n b = [\n{\nc = 1\n}\n]}", "{a: (f 1) b: [{c: 1}]}"},
		{"[for x in y : x]", "(for x y x)"},
		{"[\nfor\nk\n,\nv in y : v\n if k\n]", "(for k,v y v if k)"},
		{"{for k, v in y : k => v}", "(for k,v y k => v)"},
		{"{\n\nfor v in y : v.a => v... if v.b\n}", "(for v y (. v a) => v... if (. v b))"},
		{"[for x in [for y in z : y] : x]", "(for x (for y z y) x)"},
		{"[for x in y : x if x > 1 ? true : false]", "(for x y x if (? (> x 1) true false))"},
		{"1 /* a */ + // b\n2 # c", "(+ 1 2)"},
		{"\xC3\xA9t\xC3\xA9 + _a", "(+ \xC3\xA9t\xC3\xA9 _a)"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check(EXPR_TEXT, cases[i][0], cases[i][1]);
}

static void strings(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"\"\"", "\"\""},
		{"\"abc\"", "\"abc\""},
		{"\"a\\nb\\t\\\"\\\\\"", "\"a\\nb\t\\\"\\\\\""},
		{"\"\\u00e9\\U0001F600\"", "\"\xC3\xA9\xF0\x9F\x98\x80\""},
		{"\"$${a} %%{b}\"", "\"${a} %{b}\""},
		{"\"$ $$ $$$ % %% 100% $\"", "\"$ $$ $$$ % %% 100% $\""},
		{"\"$$${a}\"", "\"$${a}\""},
		{"\"$$$${a}\"", "\"$$${a}\""},
		{"\"%${a}\"", "(template \"%\" a)"},
		{"\"$%{ if a }b%{ endif }\"", "(template \"$\" (if a (\"b\") ()))"},
		{"\"${a}\"", "(template a)"},
		{"\"a${b}c\"", "(template \"a\" b \"c\")"},
		{"\"${a}${b}\"", "(template a b)"},
		{"\"${\"${\"x\"}\"}\"", "(template (template \"x\"))"},
		{"\"${ { a = \"}\" }.a }\"", "(template (. {a: \"}\"} a))"},
		{"\"${\n  f(\n a\n)\n}\"", "(template (f a))"},
		{"\"${a /* } */ }\"", "(template a)"},
		{"\" ${~ a ~} b\"", "(template \"\" a \"b\")"},
		{"\"a ${~ b ~}\\n c\"", "(template \"a\" b \"c\")"},
		{"\"%{ if a }x%{ else }y%{ endif }\"", "(template (if a (\"x\") (\"y\")))"},
		{"\"%{if a~} x %{~endif}\"", "(template (if a (\"x\") ()))"},
		{"\"%{ for k, v in a }${k}=${v} %{ endfor }\"", "(template (for k,v a (k \"=\" v \" \")))"},
		{"\"%{ for v in a }%{ if v }${v}%{ endif }%{ endfor }.\"", "(template (for v a ((if v (v) ()))) \".\")"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check(EXPR_TEXT, cases[i][0], cases[i][1]);
}

static void heredocs(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"<<A\nA\n", "\"\""},
		{"<<A\nx\nA\n", "\"x\\n\""},
		{"<<A\n  x\n\n y\n  A\n", "\"  x\\n\\n y\\n\""},
		{"<<A\n$${x} \\n \"q\" $\n%\nA\n", "\"${x} \\\\n \\\"q\\\" $\\n%\\n\""},
		{"<<A\nAB\n A A\nA\n", "\"AB\\n A A\\n\""},
		{"<<A\r\nx\r\nA\r\n", "\"x\r\\n\""},
		{"<<-A\n    x\n      y\n\n    z\n  A\n", "\"x\\n  y\\n\\nz\\n\""},
		{"<<-A\n    x\n  \n    z\n  A\n", "\"x\\n  \\nz\\n\""},
		{"<<-A\n    ${x} a\n      b\n  A\n", "(heredoc \"\" x \" a\\n  b\\n\")"},
		{"<<-A\n${x}\n      b\n  A\n", "(heredoc x \"\\n      b\\n\")"},
		{"<<-A\n  a\n\tb\n  A\n", "\" a\\nb\\n\""},
		{"<<-A\n  %{ for x in y ~}\n  ${x}\n  %{ endfor ~}\n  A\n", "(heredoc \"\" (for x y (\"  \" x \"\\n\")) \"\")"},
		{"<<A\n%{ for x in y ~}\n${x}\n%{ endfor ~}\nA\n", "(heredoc (for x y (\"\" x \"\\n\")) \"\")"},
		{"<<A\na\n  %{~ if x }\nb\n%{ endif }\nA\n", "(heredoc \"a\\n\" (if x (\"\\nb\\n\") ()) \"\\n\")"},
		{"<<A\n${<<B\nx\nB\n}\nA\n", "(heredoc \"x\\n\" \"\\n\")"},
		{"[<<A\nx\nA\n, 1]", "[\"x\\n\" 1]"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check(EXPR_TEXT, cases[i][0], cases[i][1]);
}

static void bare_templates(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"", "\"\""},
		{"a \"b\" \\n $${c}\nd", "\"a \\\"b\\\" \\\\n ${c}\\nd\""},
		{"${a}", "(template a)"},
		{"a ${b}\n", "(template \"a \" b \"\\n\")"},
		{"%{ for x in y ~}\n  ${x}\n%{ endfor ~}\nend $", "(template (for x y (\"  \" x \"\\n\")) \"end $\")"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check(TEMPLATE_TEXT, cases[i][0], cases[i][1]);
}

static void bodies(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"", ""},
		{"\xEF\xBB\xBF" "a = 1", "a=1 "},
		{"a = 1\r\nb = 2\r\n", "a=1 b=2 "},
		{"a = 1 # x\nb = 2 // y\n/* z\n */ c = 3", "a=1 b=2 c=3 "},
		{"a = [ # x\n 1, # y\n]\n", "a=[1] "},
		{"r \"a\" b {\n}\n", "r \"a\" \"b\" { } "},
		{"r { }\nr {}\nr {\n\n  # x\n}", "r { } r { } r { } "},
		{"r { a = 1 }\n", "r { a=1 } "},
		{"r {\n  a = 1\n  s \"x\" {\n    b = 2\n  }\n  t { c = {\n d = 1\n} }\n}\n",
		 "r { a=1 s \"x\" { b=2 } t { c={d: 1} } } "},
		{"a = <<-X\n  b\n  X\nc = 1\n", "a=\"b\\n\" c=1 "},
		{"r \"a\\\"$${b}\" {}\n", "r \"a\"${b}\" { } "},
		{"for = 1\nif = 2\ntrue = 3\n", "for=1 if=2 true=3 "},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check(FILE_TEXT, cases[i][0], cases[i][1]);
}

/* ---- walking ---- */

static void add_ref(void *ctx, const struct ref *ref)
{
	struct text *t = ctx;
	buf_addf(&t->out, "%s", ref->root);
	for (size_t i = 0; i < ref->count; i++) {
		if (ref->steps[i].name) {
			buf_addf(&t->out, ".%s", ref->steps[i].name);
		} else {
			buf_addc(&t->out, '[');
			dump(t, ref->steps[i].key);
			buf_addc(&t->out, ']');
		}
	}
	buf_addf(&t->out, "@%u ", ref->range.end - ref->range.start);
}

static void add_call(void *ctx, const struct expr *call)
{
	struct text *t = ctx;
	buf_addf(&t->out, "%s/%zu ", call->function, call->arg_count);
}

static void references_are_found(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"a", "a@1 "},
		{"a.b[0].c", "a.b[0].c@8 "},
		{"a.0.b", "a[0].b@5 "},
		{"a[b.c[d]].e", "a[([] (. b c) d)].e@11 b.c[d]@6 d@1 "},
		{"a[*].b[c]", "a@1 c@1 "},
		{"f(a.b, [c]...)", "a.b@3 c@1 "},
		{"f(a).b", "a@1 "},
		{"(a.b).c", "a.b@3 "},
		{"{ a = b, (c) = d, e.f = g, \"${h}\" = 1 }", "b@1 c@1 d@1 e.f@3 g@1 h@1 "},
		{"[for a in a.b : a.c + d if a]", "a.b@3 d@1 "},
		{"{for k, v in m : k => [for k in v : k + n]}", "m@1 n@1 "},
		{"\"${a}%{ for x in b }${x.y}${z}%{ endfor }%{ if c }${x}%{ else }${d}%{ endif }\"", "a@1 b@1 z@1 c@1 x@1 d@1 "},
		{"!a ? -b : c + d", "a@1 b@1 c@1 d@1 "},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct text t;
		text_init(&t);
		const struct expr *e = parse_expr(t.arena, src_add(t.sources, "x", cases[i][0], strlen(cases[i][0])), &t.diags);
		expr_walk_refs(e, add_ref, &t);
		assert_string_equal(buf_text(&t.out), cases[i][1]);
		text_release(&t);
	}
}

static void one_reference(void **state)
{
	(void)state;
	static const char *const cases[][2] = {
		{"aws_vpc.a[\"x\"].id", "aws_vpc.a[\"x\"].id@17 "}, {"a[*].b", ""}, {"f()", ""}, {"(a)", ""}, {"\"a\"", ""},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct text t;
		text_init(&t);
		struct ref ref;
		const struct expr *e = parse_expr(t.arena, src_add(t.sources, "x", cases[i][0], strlen(cases[i][0])), &t.diags);
		if (expr_as_ref(t.arena, e, &ref))
			add_ref(&t, &ref);
		assert_string_equal(buf_text(&t.out), cases[i][1]);
		text_release(&t);
	}
}

static void calls_are_found(void **state)
{
	(void)state;
	static const char source[] = "f(g(1, 2), [for x in h() : x]) + \"${provider::a::i()}\"";
	struct text t;
	text_init(&t);
	expr_walk_calls(parse_expr(t.arena, src_add(t.sources, "x", source, strlen(source)), &t.diags), add_call, &t);
	assert_string_equal(buf_text(&t.out), "f/2 g/2 h/0 provider::a::i/0 ");
	text_release(&t);
}

/* ---- limits ---- */

static size_t errors_of(const char *source, size_t len)
{
	struct text t;
	text_init(&t);
	parse_file(t.arena, src_add(t.sources, "x.tf", source, len), &t.diags);
	size_t errors = t.diags.error_count;
	text_release(&t);
	return errors;
}

/* Nesting and length without end give one error, not a crash. */
static void limits(void **state)
{
	(void)state;
	static const struct {
		const char *first, *repeated, *last;
	} cases[] = {
		{"a = ", "[", ""},	     {"a = ", "(", "x"},	     {"a = \"", "${\"", ""},
		{"a = ", "!", "x\n"},	     {"a = 1", " + 1", "\n"},	     {"a = x", ".y", "\n"},
		{"a = x", "[0]", "\n"},     {"a = x", "[*]", "\n"},	     {"a = \"", "%{if x}", "\"\n"},
		{"a = ", "x ? y : ", "z\n"}, {"a = ", "f(", "\n"},	     {"a = ", "{b = ", "\n"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO_BUF struct buf text = BUF_INIT;
		buf_adds(&text, cases[i].first);
		for (int n = 0; n < 10000; n++)
			buf_adds(&text, cases[i].repeated);
		buf_adds(&text, cases[i].last);
		size_t errors = errors_of(buf_text(&text), text.len);
		if (errors != 1)
			print_message("# %s: %zu errors\n", cases[i].repeated, errors);
		assert_int_equal(errors, 1);
	}
}

static const char unit[] =
	"resource \"aws_instance\" \"web\" {\n"
	"  ami           = data.aws_ami.ubuntu.id\n"
	"  instance_type = var.big ? \"p4d.24xlarge\" : \"t3.micro\"\n"
	"  subnet_id     = element(aws_subnet.private[*].id, 1)\n"
	"  tags = merge(local.tags, {\n"
	"    Name = \"web-${var.environment}\"\n"
	"    List = join(\",\", [for s in var.list : upper(s) if s != \"\"])\n"
	"  })\n"
	"  user_data = <<-EOT\n"
	"    echo \"${local.message}\" > /etc/motd\n"
	"    %{ for p in var.ports ~}\n"
	"    open ${p}\n"
	"    %{ endfor ~}\n"
	"  EOT\n"
	"}\n";

/* Memory and time are linear in the size; SWEEP=all takes 10 MB. */
static void large_files(void **state)
{
	(void)state;
	size_t size = getenv("SWEEP") ? 10u << 20 : 1u << 20;
	AUTO_BUF struct buf text = BUF_INIT;
	while (text.len < size)
		buf_adds(&text, unit);
	struct text t;
	text_init(&t);
	const struct src *src = src_add(t.sources, "large.tf", text.ptr, text.len);
	struct timespec start, end;
	clock_gettime(CLOCK_MONOTONIC, &start);
	const struct body *body = parse_file(t.arena, src, &t.diags);
	clock_gettime(CLOCK_MONOTONIC, &end);
	double seconds = (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
	print_message("# %.1f MB in %.2f s, %.1f MB of tree\n", (double)text.len / 1e6, seconds, (double)arena_used(t.arena) / 1e6);
	assert_int_equal(t.diags.count, 0);
	assert_int_equal(body->block_count, text.len / (sizeof(unit) - 1));
	assert_true(arena_used(t.arena) < 20 * text.len);
	assert_true(seconds < 30);
	text_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expressions),	  cmocka_unit_test(strings), cmocka_unit_test(heredocs),
		cmocka_unit_test(bare_templates), cmocka_unit_test(bodies),
		cmocka_unit_test(references_are_found), cmocka_unit_test(one_reference),
		cmocka_unit_test(calls_are_found),
		cmocka_unit_test(limits), cmocka_unit_test(large_files),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
