/* SPDX-License-Identifier: Apache-2.0 */
/* The little of Unicode that the language needs. */
#pragma once

#include "base/arena.h"

/* Decodes one code point (U+FFFD and one byte for what is invalid); returns its length in bytes, 0 at the end. */
size_t utf8_next(const char *s, size_t len, uint32_t *code_point);
bool utf8_is_valid(const char *s, size_t len);
/* Normal form C; returns the input pointer where it is in that form already (all ASCII is). */
const char *unicode_nfc(struct arena *arena, const char *s, size_t len, size_t *out_len);
/* The length in bytes of the first grapheme cluster (what a reader calls one character). */
size_t unicode_grapheme(const char *s, size_t len);
uint32_t unicode_upper(uint32_t c);
uint32_t unicode_lower(uint32_t c);
uint32_t unicode_title(uint32_t c);
bool unicode_is_letter(uint32_t c);
bool unicode_is_space(uint32_t c);
/* Letters, marks, digits, punctuation, symbols and the ASCII blank: what a quoted string shows as it is. */
bool unicode_is_print(uint32_t c);
/* Identifier start and part (UAX 31), `-` not included. */
bool unicode_is_id_start(uint32_t c);
bool unicode_is_id_part(uint32_t c);
