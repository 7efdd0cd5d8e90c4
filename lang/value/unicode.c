/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/value/unicode.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>
#include <unicase.h>
#include <unictype.h>
#include <unigbrk.h>
#include <uninorm.h>

size_t utf8_next(const char *s, size_t len, uint32_t *code_point)
{
	*code_point = 0xFFFD;
	if (!len)
		return 0;
	const unsigned char *p = (const unsigned char *)s;
	if (p[0] < 0x80) {
		*code_point = p[0];
		return 1;
	}
	size_t n = p[0] >= 0xC2 && p[0] <= 0xDF	  ? 2
		   : p[0] >= 0xE0 && p[0] <= 0xEF ? 3
		   : p[0] >= 0xF0 && p[0] <= 0xF4 ? 4
						  : 0;
	if (!n || len < n)
		return 1;
	uint32_t c = p[0] & (0xFFu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return 1;
		c = c << 6 | (p[i] & 0x3F);
	}
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	if (c < least[n] || c > 0x10FFFF || (c >= 0xD800 && c <= 0xDFFF))
		return 1;
	*code_point = c;
	return n;
}

static size_t ascii_prefix(const char *s, size_t len)
{
	size_t i = 0;
	for (uint64_t eight; len - i >= sizeof(eight); i += sizeof(eight)) {
		memcpy(&eight, s + i, sizeof(eight));
		if (eight & 0x8080808080808080u)
			break;
	}
	while (i < len && !(s[i] & 0x80))
		i++;
	return i;
}

bool utf8_is_valid(const char *s, size_t len)
{
	for (size_t i = ascii_prefix(s, len); i < len;) {
		uint32_t c;
		size_t n = utf8_next(s + i, len - i, &c);
		if (n == 1 && (s[i] & 0x80))
			return false;
		i += n;
	}
	return true;
}

const char *unicode_nfc(struct arena *arena, const char *s, size_t len, size_t *out_len)
{
	*out_len = len;
	if (ascii_prefix(s, len) == len)
		return s;
	uint8_t room[512];
	size_t got = sizeof(room);
	uint8_t *normal = u8_normalize(UNINORM_NFC, (const uint8_t *)s, len, room, &got);
	if (!normal) {
		if (utf8_is_valid(s, len))
			out_of_memory();
		return s; /* there is no normal form of invalid text */
	}
	const char *result = s;
	if (got != len || memcmp(normal, s, len) != 0) {
		result = arena_strndup(arena, (const char *)normal, got);
		*out_len = got;
	}
	if (normal != room)
		free(normal);
	return result;
}

/*
 * Whether a cluster goes on from one code point to the next, by the rules of UAX 29 in their order.
 * The library's own walk knows pairs alone, not what GB11 and GB12 need from further back: emoji
 * (and marks) before a joiner, and how many regional indicators stand before.
 */
static bool cluster_goes_on(int before, int after, bool emoji_joined, bool next_is_emoji,
			    size_t indicators)
{
	if (before == GBP_CR)
		return after == GBP_LF;
	if (before == GBP_LF || before == GBP_CONTROL || after == GBP_CR || after == GBP_LF ||
	    after == GBP_CONTROL)
		return false;
	if (before == GBP_L &&
	    (after == GBP_L || after == GBP_V || after == GBP_LV || after == GBP_LVT))
		return true;
	if ((before == GBP_LV || before == GBP_V) && (after == GBP_V || after == GBP_T))
		return true;
	if ((before == GBP_LVT || before == GBP_T) && after == GBP_T)
		return true;
	if (after == GBP_EXTEND || after == GBP_ZWJ || after == GBP_SPACINGMARK ||
	    before == GBP_PREPEND)
		return true;
	if (emoji_joined && next_is_emoji)
		return true;
	return before == GBP_RI && after == GBP_RI && indicators % 2 == 1;
}

size_t unicode_grapheme(const char *s, size_t len)
{
	if (!len)
		return 0;
	/* Two ASCII characters never belong together, but for the pair CR LF. */
	if (!(s[0] & 0x80) && (len == 1 || (!(s[1] & 0x80) && s[0] != '\r')))
		return 1;
	uint32_t c;
	size_t at = utf8_next(s, len, &c), indicators = 0;
	int before = uc_graphemeclusterbreak_property(c);
	bool emoji = uc_is_property_extended_pictographic(c); /* perhaps with marks behind it */
	while (at < len) {
		size_t n = utf8_next(s + at, len - at, &c);
		int after = uc_graphemeclusterbreak_property(c);
		bool next_is_emoji = uc_is_property_extended_pictographic(c);
		indicators = before == GBP_RI ? indicators + 1 : 0;
		if (!cluster_goes_on(before, after, emoji && before == GBP_ZWJ, next_is_emoji,
				     indicators))
			break;
		emoji = next_is_emoji || (emoji && (after == GBP_EXTEND || after == GBP_ZWJ));
		before = after;
		at += n;
	}
	return at;
}

uint32_t unicode_upper(uint32_t c)
{
	return uc_toupper(c);
}

uint32_t unicode_lower(uint32_t c)
{
	return uc_tolower(c);
}

uint32_t unicode_title(uint32_t c)
{
	return uc_totitle(c);
}

bool unicode_is_letter(uint32_t c)
{
	return uc_is_general_category_withtable(c, UC_CATEGORY_MASK_L);
}

bool unicode_is_space(uint32_t c)
{
	return uc_is_property_white_space(c);
}

bool unicode_is_print(uint32_t c)
{
	if (c < 0x7F)
		return c >= 0x20;
	return uc_is_general_category_withtable(c, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_M |
							   UC_CATEGORY_MASK_N | UC_CATEGORY_MASK_P |
							   UC_CATEGORY_MASK_S);
}

bool unicode_is_id_start(uint32_t c)
{
	if (c < 0x80)
		return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
	return uc_is_property_id_start(c);
}

bool unicode_is_id_part(uint32_t c)
{
	if (c < 0x80)
		return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		       c == '_';
	return uc_is_property_id_continue(c);
}
