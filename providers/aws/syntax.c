/* SPDX-License-Identifier: Apache-2.0 */
/* Syntaxes of texts that AWS's arguments take, by name. */
#include "providers/aws/env.h"

#include "base/buf.h"
#include "base/digest.h"
#include "lang/func/regex.h"
#include "lang/value/json.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

/* ---- addresses ---- */

static bool is_address(int family, const char *text, unsigned char *bytes)
{
	return inet_pton(family, text, bytes) == 1;
}

/* Splits ADDRESS/BITS; false where it is none. */
static bool parse_block(int family, const char *text, unsigned char bytes[16], unsigned *bits)
{
	char address[64];
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : sizeof(address);
	if (len >= sizeof(address) || !slash[1])
		return false;
	memcpy(address, text, len);
	address[len] = '\0';
	*bits = 0;
	for (const char *p = slash + 1; *p; p++) {
		if (!isdigit((unsigned char)*p) || p > slash + 3)
			return false;
		*bits = *bits * 10 + (unsigned)(*p - '0');
	}
	return *bits <= (family == AF_INET ? 32u : 128u) && is_address(family, address, bytes);
}

/* Clears what lies behind the first `bits`; true if there was something. */
static bool clear_host(unsigned char *bytes, unsigned bits, unsigned all)
{
	bool any = false;
	for (unsigned i = bits; i < all; i++) {
		unsigned char bit = (unsigned char)(0x80u >> (i % 8));
		any |= (bytes[i / 8] & bit) != 0;
		bytes[i / 8] &= (unsigned char)~bit;
	}
	return any;
}

static bool is_network(int family, const char *text)
{
	unsigned char bytes[16];
	unsigned bits;
	return parse_block(family, text, bytes, &bits) && !clear_host(bytes, bits, family == AF_INET ? 32 : 128);
}

static bool is_ipv4_cidr(const char *text, size_t len)
{
	(void)len;
	return is_network(AF_INET, text);
}

static bool is_ipv6_cidr(const char *text, size_t len)
{
	(void)len;
	return is_network(AF_INET6, text);
}

static bool is_cidr(const char *text, size_t len)
{
	return is_ipv4_cidr(text, len) || is_ipv6_cidr(text, len);
}

static bool is_ipv4(const char *text, size_t len)
{
	(void)len;
	unsigned char bytes[16];
	return is_address(AF_INET, text, bytes);
}

static bool is_ipv6(const char *text, size_t len)
{
	(void)len;
	unsigned char bytes[16];
	return is_address(AF_INET6, text, bytes);
}

/* ---- names of AWS's ---- */

static bool matches(const char *pattern, const char *text, size_t len)
{
	AUTO_BUF struct buf where = BUF_INIT;
	const char *what;
	AUTO_REGEX struct regex *regex = regex_compile(pattern, strlen(pattern), &what, &where);
	const size_t *spans;
	return regex && regex_match(regex, text, len, 0, &spans) == REGEX_MATCH;
}

/* "" stands for "none" wherever an ARN may be left away. */
static bool is_arn(const char *text, size_t len)
{
	return !len || matches("^arn:aws(-[a-z]+)*:[^:]+:([a-z]{2}(-[a-z]+)+-[0-9]{1,2})?:(aws|aws-managed|third-party|aws-marketplace|"
			       "[0-9]{12}|cw.{10})?:.+$", text, len);
}

/* ---- documents ---- */

static const struct value *parsed(struct arena *arena, const char *text, size_t len)
{
	AUTO_BUF struct buf why = BUF_INIT;
	return value_from_json(arena, text, len, &why);
}

static bool is_json(const char *text, size_t len)
{
	struct arena *arena = arena_new();
	bool good = !len || parsed(arena, text, len);
	arena_free(arena);
	return good;
}

static bool is_policy(const char *text, size_t len)
{
	struct arena *arena = arena_new();
	const struct value *v = parsed(arena, text, len);
	bool good = v && v->state == VALUE_KNOWN && v->type->kind == TYPE_OBJECT;
	arena_free(arena);
	return good;
}

static bool is_base64(const char *text, size_t len)
{
	AUTO_BUF struct buf plain = BUF_INIT;
	return base64_decode(BASE64_STANDARD, text, len, &plain);
}

static bool is_regex(const char *text, size_t len)
{
	AUTO_BUF struct buf where = BUF_INIT;
	const char *what;
	struct regex *regex = regex_compile(text, len, &what, &where);
	regex_free(regex);
	return regex != NULL;
}

static bool is_timestamp(const char *text, size_t len)
{
	return matches("^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.,][0-9]+)?"
		       "(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$", text, len);
}

/* ---- by name ---- */

static const struct syntax {
	const char *name;
	bool (*fits)(const char *text, size_t len);
	const char *words;
} syntaxes[] = {
	{"arn", is_arn, "an ARN (arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE)"},
	{"base64", is_base64, "text in base64, as base64encode() gives it"},
	{"cidr", is_cidr, "an address block without host bits, such as 10.0.0.0/16 or 2001:db8::/56"},
	{"ipv4", is_ipv4, "an IPv4 address, such as 10.0.0.4"},
	{"ipv4_cidr", is_ipv4_cidr, "an IPv4 address block without host bits, such as 10.0.0.0/16"},
	{"ipv6", is_ipv6, "an IPv6 address, such as 2001:db8::1"},
	{"ipv6_cidr", is_ipv6_cidr, "an IPv6 address block without host bits, such as 2001:db8::/56"},
	{"json", is_json, "JSON"},
	{"policy", is_policy, "a policy: a JSON object"},
	{"regex", is_regex, "a regular expression"},
	{"timestamp", is_timestamp, "a time as RFC 3339 writes it, such as 2030-01-31T12:00:00Z"},
};

static const struct syntax *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(syntaxes); i++) {
		if (!strcmp(syntaxes[i].name, name))
			return &syntaxes[i];
	}
	return NULL;
}

bool syntax_fits(const char *syntax, const char *text, size_t len)
{
	const struct syntax *found = find(syntax);
	return found && found->fits(text, len);
}

const char *syntax_words(const char *syntax)
{
	const struct syntax *found = find(syntax);
	return found ? found->words : NULL;
}

const char *syntax_suggestion(struct arena *arena, const char *syntax, const char *text)
{
	size_t n = strlen(syntax);
	if (n < 4 || strcmp(syntax + n - 4, "cidr") != 0)
		return NULL;
	static const int families[] = {AF_INET, AF_INET6};
	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		unsigned char bytes[16];
		unsigned bits, all = families[i] == AF_INET ? 32 : 128;
		char address[64];
		if (is_address(families[i], text, bytes))
			bits = all;
		else if (!parse_block(families[i], text, bytes, &bits))
			continue;
		clear_host(bytes, bits, all);
		const char *meant = arena_printf(arena, "%s/%u", inet_ntop(families[i], bytes, address, sizeof(address)), bits);
		return syntax_fits(syntax, meant, strlen(meant)) ? meant : NULL;
	}
	return NULL;
}
