/* SPDX-License-Identifier: Apache-2.0 */
/* Spellings: how a value stands on the wire, and which two spellings mean one thing. */
#include "providers/aws/env.h"

#include "base/buf.h"
#include "base/digest.h"
#include "lang/value/convert.h"
#include "lang/value/json.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- codecs ---- */

const char *protocol_name(struct arena *arena, const char *text)
{
	static const char *const names[][2] = {{"-1", "-1"}, {"all", "-1"}, {"1", "icmp"}, {"6", "tcp"}, {"17", "udp"}, {"58", "icmpv6"}};
	char *lower = arena_strdup(arena, text);
	for (char *p = lower; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (!strcmp(names[i][0], lower))
			return names[i][1];
	}
	return lower;
}

static const struct value *url_decoded(struct arena *arena, const struct value *v)
{
	AUTO_BUF struct buf out = BUF_INIT;
	for (size_t i = 0; i < v->count; i++) {
		char c = v->text[i];
		if (c == '%' && i + 2 < v->count && isxdigit((unsigned char)v->text[i + 1]) && isxdigit((unsigned char)v->text[i + 2])) {
			char digits[3] = {v->text[i + 1], v->text[i + 2], '\0'};
			buf_addc(&out, (char)strtol(digits, NULL, 16));
			i += 2;
		} else {
			buf_addc(&out, c);
		}
	}
	return value_string_n(arena, buf_text(&out), out.len);
}

static const struct value *changed_case(struct arena *arena, const struct value *v, int (*change)(int))
{
	char *text = arena_strndup(arena, v->text, v->count);
	for (size_t i = 0; i < v->count; i++)
		text[i] = (char)change((unsigned char)text[i]);
	return value_string_n(arena, text, v->count);
}

static const struct value *base64_of(struct arena *arena, const struct value *v)
{
	AUTO_BUF struct buf out = BUF_INIT;
	base64_encode(BASE64_STANDARD, v->text, v->count, &out);
	return value_string_raw(arena, out.ptr, out.len);
}

/* The digest that Terraform's provider 5.x keeps of user data: SHA-1 of the plain text, in hexadecimal. */
static const struct value *sha1_of(struct arena *arena, const void *bytes, size_t len)
{
	unsigned char sum[DIGEST_MAX];
	digest_bytes(DIGEST_SHA1, bytes, len, sum);
	AUTO_BUF struct buf out = BUF_INIT;
	hex_encode(sum, digest_size(DIGEST_SHA1), &out);
	return value_string_raw(arena, out.ptr, out.len);
}

bool codec_is_digest(const char *codec)
{
	return codec && !strcmp(codec, "sha1_of_base64");
}

const struct value *codec_digest(struct arena *arena, const struct value *text)
{
	/* what is written in base64 already is sent as it is */
	AUTO_BUF struct buf plain = BUF_INIT;
	bool coded = base64_decode(BASE64_STANDARD, text->text, text->count, &plain);
	const struct value *sum = coded ? sha1_of(arena, buf_text(&plain), plain.len) : sha1_of(arena, text->text, text->count);
	return value_mark(arena, sum, text->marks);
}

static const struct value *comma_list(struct arena *arena, const struct value *v)
{
	AUTO_BUF struct buf out = BUF_INIT;
	for (uint32_t i = 0; i < v->count; i++) {
		const char *text = value_to_text(arena, v->items[i]);
		buf_addf(&out, "%s%s", i ? "," : "", text ? text : "");
	}
	return value_string_n(arena, buf_text(&out), out.len);
}

static const char *const codecs[] = {"url", "protocol", "blob", "sha1_of_base64", "comma", "lower", "upper", "bool_text"};

bool codec_is_known(const char *codec)
{
	for (size_t i = 0; i < ARRAY_LEN(codecs); i++) {
		if (!strcmp(codecs[i], codec))
			return true;
	}
	return false;
}

const struct value *codec_to_wire(struct arena *arena, const char *codec, const struct value *v)
{
	if (!codec || v->state != VALUE_KNOWN)
		return v;
	bool text = v->type->kind == TYPE_STRING;
	if (!strcmp(codec, "blob") && text)
		return base64_of(arena, v);
	if (!strcmp(codec, "protocol") && text)
		return value_string(arena, protocol_name(arena, v->text));
	if (!strcmp(codec, "comma") && !type_is_primitive(v->type))
		return comma_list(arena, v);
	if (!strcmp(codec, "bool_text") && v->type->kind == TYPE_BOOL)
		return value_string(arena, v->boolean ? "true" : "false");
	return v;
}

const struct value *codec_from_wire(struct arena *arena, const char *codec, const struct value *v)
{
	if (!codec || v->state != VALUE_KNOWN || v->type->kind != TYPE_STRING)
		return v;
	if (!strcmp(codec, "url"))
		return url_decoded(arena, v);
	if (!strcmp(codec, "protocol"))
		return value_string(arena, protocol_name(arena, v->text));
	if (!strcmp(codec, "lower"))
		return changed_case(arena, v, tolower);
	if (!strcmp(codec, "upper"))
		return changed_case(arena, v, toupper);
	if (!strcmp(codec, "sha1_of_base64")) {
		AUTO_BUF struct buf plain = BUF_INIT;
		if (!v->count)
			return v;
		if (base64_decode(BASE64_STANDARD, v->text, v->count, &plain))
			return sha1_of(arena, buf_text(&plain), plain.len);
	}
	return v;
}

/* ---- rules ---- */

static bool same_text(const struct value *a, const struct value *b, bool fold)
{
	if (a->count != b->count)
		return false;
	return fold ? !strncasecmp(a->text, b->text, a->count) : !memcmp(a->text, b->text, a->count);
}

/* Type and key count, the comment does not. */
static bool same_key(const char *a, const char *b)
{
	for (int word = 0; word < 2; word++) {
		a += strspn(a, " \t\n");
		b += strspn(b, " \t\n");
		size_t n = strcspn(a, " \t\n"), m = strcspn(b, " \t\n");
		if (n != m || strncmp(a, b, n))
			return false;
		a += n;
		b += m;
	}
	return true;
}

static bool same_json(struct arena *arena, const struct value *a, const struct value *b)
{
	AUTO_BUF struct buf why = BUF_INIT;
	const struct value *x = value_from_json(arena, a->text, a->count, &why);
	const struct value *y = value_from_json(arena, b->text, b->count, &why);
	return x && y && value_same(x, y);
}

/* The state holds either the text or its SHA-1, as versions of Terraform's provider have it. */
static bool same_user_data(struct arena *arena, const struct value *a, const struct value *b)
{
	AUTO_BUF struct buf plain = BUF_INIT;
	const struct value *sides[] = {a, b};
	for (int i = 0; i < 2; i++) {
		const struct value *text = sides[i], *sum = sides[1 - i];
		if (same_text(sha1_of(arena, text->text, text->count), sum, true))
			return true;
		buf_clear(&plain);
		if (base64_decode(BASE64_STANDARD, text->text, text->count, &plain) &&
		    same_text(sha1_of(arena, buf_text(&plain), plain.len), sum, true))
			return true;
	}
	return false;
}

static const char *const rules[] = {"iam_policy", "ssh_key", "decimal", "protocol", "json", "lower", "dns_name", "arn_or_name", "user_data"};

bool rule_is_known(const char *rule)
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		if (!strcmp(rules[i], rule))
			return true;
	}
	return false;
}

bool same_by_rule(struct arena *arena, const char *rule, const struct value *a, const struct value *b)
{
	if (!rule || !value_is_a(a, TYPE_STRING) || !value_is_a(b, TYPE_STRING))
		return false;
	if (same_text(a, b, false))
		return true;
	if (!strcmp(rule, "iam_policy"))
		return same_policy(arena, a->text, b->text);
	if (!strcmp(rule, "ssh_key"))
		return same_key(a->text, b->text);
	if (!strcmp(rule, "protocol"))
		return !strcmp(protocol_name(arena, a->text), protocol_name(arena, b->text));
	if (!strcmp(rule, "json"))
		return same_json(arena, a, b);
	if (!strcmp(rule, "lower"))
		return same_text(a, b, true);
	if (!strcmp(rule, "user_data"))
		return same_user_data(arena, a, b);
	if (!strcmp(rule, "decimal")) {
		struct number x, y;
		return number_parse(arena, a->text, a->count, &x) && number_parse(arena, b->text, b->count, &y) && number_compare(x, y) == 0;
	}
	if (!strcmp(rule, "dns_name")) {
		size_t n = a->count, m = b->count;
		n -= n && a->text[n - 1] == '.';
		m -= m && b->text[m - 1] == '.';
		return n == m && !strncasecmp(a->text, b->text, n);
	}
	if (!strcmp(rule, "arn_or_name")) {
		const char *x = strrchr(a->text, '/'), *y = strrchr(b->text, '/');
		return !strcmp(x ? x + 1 : a->text, y ? y + 1 : b->text);
	}
	return false;
}

/* ---- forms ---- */

bool form_is_known(const char *form)
{
	return !strcmp(form, "json") || !strcmp(form, "policy");
}

const struct value *form_value(struct arena *arena, const char *form, const struct value *v)
{
	if (!form || !value_is_a(v, TYPE_STRING) || !v->count)
		return v;
	AUTO_BUF struct buf why = BUF_INIT;
	const struct value *parsed = value_from_json(arena, v->text, v->count, &why);
	if (!parsed)
		return v;
	AUTO_BUF struct buf out = BUF_INIT;
	const struct value *version = !strcmp(form, "policy") && value_is_a(parsed, TYPE_OBJECT) ? value_get(parsed, "Version") : NULL;
	if (!version) {
		value_to_json(parsed, true, &out);
	} else {
		buf_adds(&out, "{\"Version\":");
		value_to_json(version, true, &out);
		for (uint32_t i = 0; i < parsed->count; i++) {
			const char *key = value_key_at(parsed, i);
			if (!strcmp(key, "Version"))
				continue;
			buf_addc(&out, ',');
			json_add_string(&out, key, strlen(key), true);
			buf_addc(&out, ':');
			value_to_json(parsed->items[i], true, &out);
		}
		buf_addc(&out, '}');
	}
	return value_mark(arena, value_string_n(arena, out.ptr, out.len), v->marks);
}
