/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/address.h"

#include "base/buf.h"
#include "base/vec.h"
#include "lang/value/unicode.h"

#include <string.h>

/* ---- printing ---- */

void instance_key_print(struct instance_key key, struct buf *out)
{
	if (key.kind == KEY_NONE)
		return;
	buf_addc(out, '[');
	if (key.kind == KEY_INDEX)
		buf_addf(out, "%llu", (unsigned long long)key.index);
	else
		value_print_quoted(key.name, strlen(key.name), out);
	buf_addc(out, ']');
}

const char *address_print(struct arena *arena, const struct address *address)
{
	AUTO_BUF struct buf out = BUF_INIT;
	for (size_t i = 0; i < address->module_count; i++) {
		buf_addf(&out, "%smodule.%s", i ? "." : "", address->modules[i].name);
		instance_key_print(address->modules[i].key, &out);
	}
	if (address->type) {
		buf_addf(&out, "%s%s%s.%s", out.len ? "." : "", address->data ? "data." : "",
			 address->type, address->name);
		instance_key_print(address->key, &out);
	}
	return buf_copy(&out, arena);
}

/* ---- parsing ---- */

struct scanner {
	struct arena *arena;
	const char *text, *at, *end;
	struct diags *diags;
};

static bool fail(struct scanner *s, const char *what)
{
	diag_error(s->diags, SRC_NOWHERE, "Invalid address",
		   "The address \"%s\" is not valid: %s. Addresses look like "
		   "aws_instance.web, aws_instance.web[0], aws_subnet.a[\"b\"], "
		   "data.aws_ami.x or module.net.aws_vpc.main.",
		   s->text, what);
	return false;
}

/* name = ( id_start | "_" ) { id_part | "-" } */
static const char *scan_name(struct scanner *s, const char *missing)
{
	const char *start = s->at;
	while (s->at < s->end) {
		uint32_t c;
		size_t n = utf8_next(s->at, (size_t)(s->end - s->at), &c);
		bool fits = c == '_' || unicode_is_id_start(c) ||
			    (s->at > start && (c == '-' || unicode_is_id_part(c)));
		if (!fits || (c == 0xFFFD && n == 1))
			break;
		s->at += n;
	}
	if (s->at == start) {
		fail(s, missing);
		return NULL;
	}
	size_t len = (size_t)(s->at - start), normal_len;
	const char *normal = unicode_nfc(s->arena, start, len, &normal_len);
	return normal == start ? arena_strndup(s->arena, start, len) : normal;
}

static bool take(struct scanner *s, char c)
{
	if (s->at >= s->end || *s->at != c)
		return false;
	s->at++;
	return true;
}

/* \u00e9 \U0001f600: the digits behind the letter. */
static bool scan_code_point(struct scanner *s, int digits, struct buf *out)
{
	uint32_t c = 0;
	for (int i = 0; i < digits; i++) {
		char h = s->at < s->end ? *s->at++ : '\0';
		int digit = h >= '0' && h <= '9'   ? h - '0'
			    : h >= 'a' && h <= 'f' ? h - 'a' + 10
			    : h >= 'A' && h <= 'F' ? h - 'A' + 10
						   : -1;
		if (digit < 0)
			return fail(s, "an escape in a key lacks digits");
		c = c << 4 | (uint32_t)digit;
	}
	if (!c)
		return fail(s, "a key may not hold the character U+0000");
	buf_add_utf8(out, c);
	return true;
}

/* The text of a key behind its opening quote, with the language's escapes. */
static bool scan_quoted(struct scanner *s, struct buf *out)
{
	while (s->at < s->end) {
		char c = *s->at++;
		if (c == '"')
			return true;
		if ((c == '$' || c == '%') && s->at < s->end && *s->at == '{')
			return fail(s, "a key must be plain text, without ${ or %{");
		if ((c == '$' || c == '%') && s->end - s->at >= 2 && s->at[0] == c &&
		    s->at[1] == '{') {
			buf_addf(out, "%c{", c);
			s->at += 2;
			continue;
		}
		if (c == '\n')
			break;
		if (c != '\\') {
			buf_addc(out, c);
			continue;
		}
		static const char from[] = "nrt\"\\", to[] = "\n\r\t\"\\";
		c = s->at < s->end ? *s->at++ : '\0';
		const char *simple = c ? strchr(from, c) : NULL;
		if (simple)
			buf_addc(out, to[simple - from]);
		else if (c != 'u' && c != 'U')
			return fail(s, "a key has an unknown escape");
		else if (!scan_code_point(s, c == 'u' ? 4 : 8, out))
			return false;
	}
	return fail(s, "the quote of a key is not closed");
}

/* key = "[" ( digits | string ) "]" */
static bool scan_key(struct scanner *s, struct instance_key *key)
{
	*key = (struct instance_key){.kind = KEY_NONE};
	if (!take(s, '['))
		return true;
	if (take(s, '"')) {
		AUTO_BUF struct buf name = BUF_INIT;
		if (!scan_quoted(s, &name))
			return false;
		if (!utf8_is_valid(buf_text(&name), name.len))
			return fail(s, "a key is not valid UTF-8");
		*key = (struct instance_key){
			.kind = KEY_NAME,
			.name = value_string_n(s->arena, buf_text(&name), name.len)->text};
	} else {
		const char *start = s->at;
		uint64_t index = 0;
		for (; s->at < s->end && *s->at >= '0' && *s->at <= '9'; s->at++) {
			if (index > UINT32_MAX)
				return fail(s, "an index is too large");
			index = index * 10 + (uint64_t)(*s->at - '0');
		}
		if (s->at == start)
			return fail(s, "a key must be a whole number or a string in quotes (in a "
				       "shell, put the whole address in "
				       "single quotes)");
		*key = (struct instance_key){.kind = KEY_INDEX, .index = index};
	}
	return take(s, ']') || fail(s, "a key is not closed with \"]\"");
}

/* address = { "module" "." name [ key ] "." } [ "data" "." ] type "." name [ key ], or modules alone */
static bool scan_address(struct scanner *s, struct address *out)
{
	VEC(struct module_step) modules = {0};
	bool ok = false;
	for (;;) {
		const char *word = scan_name(
			s, s->at == s->text ? "it must begin with a resource type or \"module\""
					    : "a name is missing");
		if (!word)
			break;
		bool data = !strcmp(word, "data"), module = !strcmp(word, "module");
		if (!take(s, '.')) {
			fail(s, "a resource type, data source type or module must be followed by "
				"\".\" and a name");
			break;
		}
		const char *name = scan_name(s, "a name is missing behind the \".\"");
		if (!name)
			break;
		if (data) {
			word = name;
			name = take(s, '.') ? scan_name(s, "a name is missing behind the \".\"")
					    : NULL;
			if (!name) {
				if (!diags_has_errors(s->diags))
					fail(s, "a data source needs a type and a name");
				break;
			}
		}
		struct instance_key key;
		if (!scan_key(s, &key))
			break;
		if (!module) {
			*out = (struct address){
				.data = data, .type = word, .name = name, .key = key};
			ok = s->at == s->end ||
			     fail(s, "something follows the resource's name and key");
			break;
		}
		vec_add(&modules, (struct module_step){.name = name, .key = key});
		ok = s->at == s->end;
		if (ok || !take(s, '.')) {
			if (!ok)
				fail(s, "something follows the module's name and key");
			break;
		}
	}
	if (ok) {
		out->modules = vec_copy(&modules, s->arena);
		out->module_count = modules.count;
	}
	vec_free(&modules);
	return ok;
}

bool address_parse(struct arena *arena, const char *text, struct address *out, struct diags *diags)
{
	*out = (struct address){0};
	struct diags own;
	diags_init(&own);
	struct scanner s = {.arena = arena,
			    .text = text,
			    .at = text,
			    .end = text + strlen(text),
			    .diags = &own};
	bool ok = scan_address(&s, out);
	diags_move(diags, &own);
	diags_release(&own);
	return ok;
}

/* ---- comparing ---- */

bool instance_key_equal(struct instance_key a, struct instance_key b)
{
	return a.kind == b.kind &&
	       (a.kind == KEY_NONE ||
		(a.kind == KEY_INDEX ? a.index == b.index : !strcmp(a.name, b.name)));
}

static int compare_keys(struct instance_key a, struct instance_key b)
{
	if (a.kind != b.kind)
		return a.kind < b.kind ? -1 : 1;
	if (a.kind == KEY_INDEX)
		return (a.index > b.index) - (a.index < b.index);
	return a.kind == KEY_NAME ? strcmp(a.name, b.name) : 0;
}

static int compare_modules(const struct address *a, const struct address *b)
{
	if (a->module_count != b->module_count)
		return a->module_count < b->module_count ? -1 : 1;
	for (size_t i = 0; i < a->module_count; i++) {
		int order = strcmp(a->modules[i].name, b->modules[i].name);
		if (!order)
			order = compare_keys(a->modules[i].key, b->modules[i].key);
		if (order)
			return order;
	}
	return 0;
}

int address_compare(const struct address *a, const struct address *b)
{
	int order = compare_modules(a, b);
	if (!order && (!a->type || !b->type))
		order = (a->type != NULL) - (b->type != NULL);
	else if (!order) {
		order = (int)b->data - (int)a->data;
		if (!order)
			order = strcmp(a->type, b->type);
		if (!order)
			order = strcmp(a->name, b->name);
		if (!order)
			order = compare_keys(a->key, b->key);
	}
	return (order > 0) - (order < 0);
}

bool address_contains(const struct address *outer, const struct address *inner)
{
	if (outer->module_count > inner->module_count)
		return false;
	for (size_t i = 0; i < outer->module_count; i++) {
		const struct module_step *x = &outer->modules[i], *y = &inner->modules[i];
		/* module.a means all its instances where it is itself what is named. */
		bool any_key =
			!outer->type && i + 1 == outer->module_count && x->key.kind == KEY_NONE;
		if (strcmp(x->name, y->name) != 0 ||
		    (!any_key && !instance_key_equal(x->key, y->key)))
			return false;
	}
	if (!outer->type)
		return true;
	return inner->type && outer->module_count == inner->module_count &&
	       outer->data == inner->data && !strcmp(outer->type, inner->type) &&
	       !strcmp(outer->name, inner->name) &&
	       (outer->key.kind == KEY_NONE || instance_key_equal(outer->key, inner->key));
}
