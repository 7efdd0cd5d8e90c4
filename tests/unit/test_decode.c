/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/schema.h"
#include "tests/unit/eval_scope.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* A resource type with a bit of everything. */
struct things {
	struct fixture f;
	struct schema inner, nested, rule, single, keyed, whole;
	struct schema_attr inner_attrs[1], nested_attrs[3], rule_attrs[1], single_attrs[1], keyed_attrs[1], attrs[8];
	struct schema_block nested_blocks[1], blocks[4];
};

static const struct type *parse_type(struct fixture *f, const char *text)
{
	return eval_type(&f->eval, fixture_parse(f, text));
}

static void things_init(struct things *t)
{
	struct fixture *f = &t->f;
	fixture_init(f);
	t->inner_attrs[0] = (struct schema_attr){"size", &type_number, ATTR_REQUIRED, NULL, NULL, NULL};
	t->inner = (struct schema){.attrs = t->inner_attrs, .attr_count = 1};
	t->nested_attrs[0] = (struct schema_attr){"device", &type_string, ATTR_REQUIRED, NULL, NULL, NULL};
	t->nested_attrs[1] = (struct schema_attr){"encrypted", &type_bool, ATTR_OPTIONAL, NULL, NULL, NULL};
	t->nested_attrs[2] = (struct schema_attr){"serial", &type_string, ATTR_COMPUTED, NULL, NULL, NULL};
	t->nested_blocks[0] = (struct schema_block){"inner", NEST_LIST, 0, 0, 0, &t->inner};
	t->nested = (struct schema){
		.attrs = t->nested_attrs, .attr_count = 3, .blocks = t->nested_blocks, .block_count = 1};
	t->rule_attrs[0] = (struct schema_attr){"port", &type_number, ATTR_REQUIRED, NULL, NULL, NULL};
	t->rule = (struct schema){.attrs = t->rule_attrs, .attr_count = 1};
	t->single_attrs[0] = (struct schema_attr){"http", &type_string, ATTR_OPTIONAL, NULL, NULL, NULL};
	t->single = (struct schema){.attrs = t->single_attrs, .attr_count = 1};
	t->keyed_attrs[0] = (struct schema_attr){"weight", &type_number, ATTR_OPTIONAL, NULL, NULL, NULL};
	t->keyed = (struct schema){.attrs = t->keyed_attrs, .attr_count = 1};
	t->attrs[0] = (struct schema_attr){"ami", &type_string, ATTR_REQUIRED, NULL, NULL, NULL};
	t->attrs[1] = (struct schema_attr){"arn", &type_string, ATTR_COMPUTED, NULL, NULL, NULL};
	t->attrs[2] = (struct schema_attr){"cidr_block", &type_string, ATTR_OPTIONAL, NULL, NULL, NULL};
	t->attrs[3] = (struct schema_attr){"count_of", &type_number, ATTR_OPTIONAL, NULL, NULL, NULL};
	t->attrs[4] = (struct schema_attr){"ingress",
					   parse_type(f, "set(object({ from = number, cidrs = list(string), tags = list(object({ k = string })) }))"),
					   ATTR_OPTIONAL | ATTR_BLOCKS, NULL, NULL, NULL};
	t->attrs[5] = (struct schema_attr){"old", &type_string, ATTR_OPTIONAL | ATTR_DEPRECATED, NULL, "Use \"new\".", NULL};
	t->attrs[6] = (struct schema_attr){"tags", &type_map_of_string, ATTR_OPTIONAL, NULL, NULL, NULL};
	t->attrs[7] = (struct schema_attr){"zones", &type_set_of_string, ATTR_OPTIONAL, NULL, NULL, NULL};
	t->blocks[0] = (struct schema_block){"disk", NEST_LIST, 0, 3, 0, &t->nested};
	t->blocks[1] = (struct schema_block){"keyed", NEST_MAP, 0, 0, 0, &t->keyed};
	t->blocks[2] = (struct schema_block){"metadata", NEST_SINGLE, 0, 0, 0, &t->single};
	t->blocks[3] = (struct schema_block){"rule", NEST_SET, 0, 0, 0, &t->rule};
	t->whole = (struct schema){.attrs = t->attrs, .attr_count = 8, .blocks = t->blocks, .block_count = 4};
	schema_finish(f->arena, &t->whole);
}

static const struct body *parse_body(struct things *t, const char *text)
{
	return parse_file(t->f.arena, src_add(t->f.sources, "main.tf", text, strlen(text)), &t->f.diags);
}

static const char *const skip[] = {"count", "lifecycle"};

struct row {
	const char *text;
	const char *attr;   /* of the result */
	const char *result; /* as fixture_show() has it; or "! summary" of the first error */
};

static void test_values(void **state)
{
	(void)state;
	static const struct row rows[] = {
		/* arguments */
		{"ami = \"x\"", "ami", "\"x\""},
		{"ami = 5", "ami", "\"5\""},
		{"ami = u.str", "ami", "? string"},
		{"ami = u.any", "ami", "? string"},
		{"ami = s.str", "ami", "s \"pearl\""},
		{"ami = \"x\"", "cidr_block", "tostring(null)"},
		{"ami = \"x\"", "arn", "tostring(null)"},
		{"ami = \"x\"", "disk", "tolist([])"},
		{"ami = \"x\"", "rule", "toset([])"},
		{"ami = \"x\"", "keyed", "tomap({})"},
		{"ami = \"x\"", "ingress", "toset(null) /* of object */"},
		{"ami = \"x\"\ncidr_block = null", "cidr_block", "tostring(null)"},
		{"ami = \"x\"\ncount_of = \"3\"", "count_of", "3"},
		{"ami = \"x\"\ncount_of = \"x\"", "count_of", "! Incorrect attribute value type"},
		{"ami = \"x\"\nzones = [\"b\", \"a\", \"b\"]", "zones", "toset([ \"a\", \"b\", ])"},
		{"ami = \"x\"\ntags = { a = 1 }", "tags", "tomap({ \"a\" = \"1\" })"},
		{"ami = \"x\"\ncount = 3\nlifecycle {\n}", "ami", "\"x\""},
		{"", "ami", "! Missing required argument"},
		{"ami = null", "ami", "! Missing required argument"},
		{"ami = n.str", "ami", "! Missing required argument"},
		{"amy = \"x\"\nami = \"x\"", "ami", "! Unsupported argument"},
		{"ami = \"x\"\narn = \"y\"", "arn", "! Value for unconfigurable attribute"},
		{"ami = \"x\"\ndisk = []", "ami", "! Unsupported argument"},
		{"ami {\n}", "ami", "! Missing required argument"},
		{"ami = \"x\"\ndisc {\n}", "ami", "! Unsupported block type"},
		{"ami = [][0]", "ami", "! Invalid index"},
		/* blocks */
		{"ami = \"x\"\ndisk {\ndevice = \"a\"\n}", "disk",
		 "tolist([ { \"device\" = \"a\" \"encrypted\" = tobool(null) \"inner\" = tolist([]) \"serial\" = tostring(null) }, ])"},
		{"ami = \"x\"\nrule {\nport = 2\n}\nrule {\nport = 1\n}\nrule {\nport = 1\n}", "rule",
		 "toset([ { \"port\" = 1 }, { \"port\" = 2 }, ])"},
		{"ami = \"x\"\nmetadata {\nhttp = \"a\"\n}", "metadata", "{ \"http\" = \"a\" }"},
		{"ami = \"x\"\nkeyed \"b\" {\nweight = 1\n}\nkeyed \"a\" {\n}", "keyed",
		 "tomap({ \"a\" = { \"weight\" = tonumber(null) } \"b\" = { \"weight\" = 1 } })"},
		{"ami = \"x\"\nkeyed \"a\" {\n}\nkeyed \"a\" {\n}", "keyed", "! Duplicate keyed block"},
		{"ami = \"x\"\nkeyed {\n}", "keyed", "! Missing key for keyed"},
		{"ami = \"x\"\nmetadata \"a\" {\n}", "metadata", "! Extraneous label for metadata"},
		{"ami = \"x\"\nmetadata {\n}\nmetadata {\n}", "metadata", "! Too many metadata blocks"},
		{"ami = \"x\"\ndisk {\n}", "disk", "! Missing required argument"},
		{"ami = \"x\"\ndisk {\ndevice = \"a\"\ninner {\n}\n}", "disk", "! Missing required argument"},
		{"ami = \"x\"\ndisk {\ndevice = \"a\"\nsise = 2\n}", "disk", "! Unsupported argument"},
		{"ami = \"x\"\nrule {\nport = 1\n}\nrule {\nport = s.num\n}", "rule",
		 "s toset([ { \"port\" = 1 }, { \"port\" = 7 }, ])"},
		/* dynamic blocks */
		{"ami = \"x\"\ndynamic \"rule\" {\nfor_each = [2, 1]\ncontent {\nport = rule.value\n}\n}", "rule",
		 "toset([ { \"port\" = 1 }, { \"port\" = 2 }, ])"},
		{"ami = \"x\"\ndynamic \"rule\" {\nfor_each = [2, 1]\niterator = r\ncontent {\nport = r.key\n}\n}", "rule",
		 "toset([ { \"port\" = 0 }, { \"port\" = 1 }, ])"},
		{"ami = \"x\"\ndynamic \"rule\" {\nfor_each = {}\ncontent {\nport = rule.value\n}\n}", "rule", "toset([])"},
		{"ami = \"x\"\ndynamic \"metadata\" {\nfor_each = [1]\ncontent {\nhttp = \"a\"\n}\n}", "metadata",
		 "{ \"http\" = \"a\" }"},
		{"ami = \"x\"\nrule {\nport = 9\n}\ndynamic \"rule\" {\nfor_each = v.list\ncontent {\nport = 1\n}\n}", "rule",
		 "toset([ { \"port\" = 1 }, { \"port\" = 9 }, ])"},
		{"ami = \"x\"\ndynamic \"keyed\" {\nfor_each = v.map\nlabels = [keyed.key]\ncontent {\n}\n}", "keyed",
		 "tomap({ \"k\" = { \"weight\" = tonumber(null) } \"l\" = { \"weight\" = tonumber(null) } })"},
		{"ami = \"x\"\ndynamic \"disk\" {\nfor_each = [\"a\"]\ncontent {\ndevice = disk.value\ndynamic \"inner\" {\nfor_each = [1, 2]\ncontent {\nsize = \"${disk.key}${inner.value}\"\n}\n}\n}\n}",
		 "disk",
		 "tolist([ { \"device\" = \"a\" \"encrypted\" = tobool(null) \"inner\" = tolist([ { \"size\" = 1 }, { \"size\" = 2 }, ]) \"serial\" = tostring(null) }, ])"},
		{"ami = \"x\"\ndynamic \"rule\" {\nfor_each = u.list\ncontent {\nport = 1\n}\n}", "rule",
		 "? set(object({ port = number }))"},
		{"ami = \"x\"\ndynamic \"rule\" {\nfor_each = u.any\ncontent {\nport = rule.value.port\n}\n}\nrule {\nport = 1\n}",
		 "rule", "? set(object({ port = number }))"},
		{"ami = \"x\"\ndynamic \"rule\" {\nfor_each = u.list\ncontent {\nprt = 1\n}\n}", "rule", "! Unsupported argument"},
		{"ami = \"x\"\ndynamic \"rule\" {\nfor_each = s.list\ncontent {\nport = 1\n}\n}", "rule",
		 "s toset([ { \"port\" = 1 }, ])"},
		{"ami = \"x\"\ndynamic \"metadata\" {\nfor_each = s.list\ncontent {\n}\n}", "metadata",
		 "! Too many metadata blocks"},
		{"ami = \"x\"\ndynamic \"rule\" {\nfor_each = null\ncontent {\nport = 1\n}\n}", "rule",
		 "! Invalid dynamic for_each value"},
		{"ami = \"x\"\ndynamic \"rule\" {\nfor_each = 3\ncontent {\nport = 1\n}\n}", "rule",
		 "! Invalid dynamic for_each value"},
		{"ami = \"x\"\ndynamic \"rule\" {\ncontent {\nport = 1\n}\n}", "rule", "! Missing required argument"},
		{"ami = \"x\"\ndynamic \"rule\" {\nfor_each = []\n}", "rule", "! Missing dynamic content block"},
		{"ami = \"x\"\ndynamic \"rule\" {\nfor_each = []\ncontent {\n}\ncontent {\n}\n}", "rule",
		 "! Extraneous dynamic content block"},
		{"ami = \"x\"\ndynamic \"rule\" {\nfor_each = []\nport = 1\ncontent {\n}\n}", "rule", "! Unsupported argument"},
		{"ami = \"x\"\ndynamic \"rule\" {\nfor_each = []\niterator = \"r\"\ncontent {\n}\n}", "rule",
		 "! Invalid dynamic iterator name"},
		{"ami = \"x\"\ndynamic \"role\" {\nfor_each = []\ncontent {\n}\n}", "rule", "! Unsupported block type"},
		{"ami = \"x\"\ndynamic {\nfor_each = []\ncontent {\n}\n}", "rule", "! Missing type for dynamic"},
		{"ami = \"x\"\ndynamic \"keyed\" {\nfor_each = [u.str]\nlabels = [keyed.value]\ncontent {\n}\n}", "keyed",
		 "! Invalid dynamic block label"},
		/* arguments written as blocks */
		{"ami = \"x\"\ningress {\nfrom = 1\ncidrs = [\"a\"]\n}", "ingress",
		 "toset([ { \"cidrs\" = tolist([ \"a\", ]) \"from\" = 1 \"tags\" = tolist(null) /* of object */ }, ])"},
		{"ami = \"x\"\ningress {\nfrom = 1\ntags {\nk = \"a\"\n}\ntags {\nk = \"b\"\n}\n}", "ingress",
		 "toset([ { \"cidrs\" = tolist(null) /* of string */ \"from\" = 1 \"tags\" = tolist([ { \"k\" = \"a\" }, { \"k\" = \"b\" }, ]) }, ])"},
		{"ami = \"x\"\ndynamic \"ingress\" {\nfor_each = [1, 2]\ncontent {\nfrom = ingress.value\n}\n}", "ingress",
		 "toset([ { \"cidrs\" = tolist(null) /* of string */ \"from\" = 1 \"tags\" = tolist(null) /* of object */ }, { \"cidrs\" = tolist(null) /* of string */ \"from\" = 2 \"tags\" = tolist(null) /* of object */ }, ])"},
		{"ami = \"x\"\ndynamic \"ingress\" {\nfor_each = []\ncontent {\nfrom = ingress.value\n}\n}", "ingress",
		 "toset(null) /* of object */"},
		{"ami = \"x\"\ndynamic \"ingress\" {\nfor_each = u.list\ncontent {\nfrom = 1\n}\n}", "ingress",
		 "? set(object({ cidrs = list(string), from = number, tags = list(object({ k = string })) }))"},
		{"ami = \"x\"\ningress = [{ from = 1, cidrs = [], tags = [] }]", "ingress",
		 "toset([ { \"cidrs\" = tolist([]) \"from\" = 1 \"tags\" = tolist([]) }, ])"},
		{"ami = \"x\"\ningress = [{ from = 1 }]", "ingress", "! Incorrect attribute value type"},
		{"ami = \"x\"\ningress = []\ningress {\n}", "ingress", "! Unsupported block type"},
		{"ami = \"x\"\ningress {\nform = 1\n}", "ingress", "! Unsupported argument"},
	};
	size_t failed = 0;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct things t;
		things_init(&t);
		const struct body *body = parse_body(&t, rows[i].text);
		const struct value *v = schema_decode(&t.f.eval, body, &t.whole, skip, ARRAY_LEN(skip));
		assert_true(type_equal(v->type, t.whole.type));
		char *shown = fixture_show(&t.f, value_get(v, rows[i].attr));
		if (t.f.diags.error_count)
			shown = arena_printf(t.f.arena, "! %s", t.f.diags.items[0].summary);
		if (strcmp(shown, rows[i].result)) {
			print_error("%s\n    gives    %s\n    expected %s\n", rows[i].text, shown, rows[i].result);
			failed++;
		}
		if (t.f.eval.scope != &t.f.scope || t.f.eval.depth) {
			print_error("%s: the evaluation's state is not as it was before\n", rows[i].text);
			failed++;
		}
		fixture_release(&t.f);
	}
	assert_int_equal(failed, 0);
}

/* What can be said without values; "" for nothing. */
static void test_check(void **state)
{
	(void)state;
	static const struct {
		const char *text, *summaries;
	} rows[] = {
		{"ami = var.x", ""},
		{"ami = var.x\ncount = 2", ""},
		{"", "Missing required argument;"},
		{"amy = 1\nzone = 2", "Unsupported argument;Unsupported argument;Missing required argument;"},
		{"ami = 1\nold = 2", "Argument is deprecated;"},
		{"ami = 1\ndisk {\n}", "Missing required argument;"},
		{"ami = 1\ndynamic \"disk\" {\nfor_each = var.x\ncontent {\n}\n}", "Missing required argument;"},
		{"ami = 1\ndynamic \"disk\" {\nfor_each = var.x\ncontent {\ndevice = disk.value\n}\n}", ""},
		{"ami = 1\nmetadata {\n}\nmetadata {\n}", "Too many metadata blocks;"},
		{"ami = 1\ningress {\nfromm = 1\n}", "Unsupported argument;"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct things t;
		things_init(&t);
		const struct body *body = parse_body(&t, rows[i].text);
		bool ok = schema_check(t.f.arena, body, &t.whole, skip, ARRAY_LEN(skip), &t.f.diags);
		assert_int_equal(ok, t.f.diags.error_count == 0);
		AUTO_BUF struct buf text = BUF_INIT;
		for (size_t k = 0; k < t.f.diags.count; k++)
			buf_addf(&text, "%s;", t.f.diags.items[k].summary);
		if (strcmp(buf_text(&text), rows[i].summaries))
			fail_msg("%s\n    says     %s\n    expected %s", rows[i].text, buf_text(&text), rows[i].summaries);
		fixture_release(&t.f);
	}
}

/* The texts themselves, for the mistakes that people make most. */
static void test_texts(void **state)
{
	(void)state;
	static const char text[] = "amj         = \"x\"\n"
				   "cidr        = \"10.0.0.0/16\"\n"
				   "disk        = []\n"
				   "count_of    = \"many\"\n"
				   "tags {\n"
				   "}\n"
				   "disk {\n"
				   "  devise = \"a\"\n"
				   "}\n"
				   "dynamic \"rule\" {\n"
				   "  for_each = v.str\n"
				   "  content {\n"
				   "    port = rule.value\n"
				   "  }\n"
				   "}\n";
	static const char *const expected[] = {
		"Did you mean \"ami\"?",
		"Did you mean \"cidr_block\"?",
		"Did you mean a block? It is written without the equals sign: disk { ... }.",
		"Inappropriate value for the argument \"count_of\": ",
		"The argument \"ami\" is required",
		"Did you mean the argument \"tags\"? It is written with an equals sign: tags = ...",
		"Did you mean \"device\"?",
		"The argument \"device\" is required",
		"v.str is \"pearl\"",
	};
	struct things t;
	things_init(&t);
	const struct body *body = parse_body(&t, text);
	schema_decode(&t.f.eval, body, &t.whole, NULL, 0);
	AUTO_BUF struct buf out = BUF_INIT;
	diags_print(&t.f.diags, t.f.sources, false, 0, &out);
	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		if (!strstr(buf_text(&out), expected[i]))
			fail_msg("missing: %s\nin:\n%s", expected[i], buf_text(&out));
	}
	fixture_release(&t.f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_texts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
