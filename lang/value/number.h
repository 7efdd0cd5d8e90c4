/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers as Terraform has them: 512-bit binary floating point, printed shortest, with a fast path
 * for what fits 64 bits. Passed by value; what `big` points to lives in an arena and never changes.
 */
#pragma once

#include "base/arena.h"

struct buf;
struct bignum; /* an MPFR number; only number.c knows it */

struct number {
	const struct bignum *big; /* NULL: the number is `small` */
	int64_t small;
};

static inline struct number number_from_int(int64_t i)
{
	return (struct number){NULL, i};
}
struct number number_from_uint(struct arena *arena, uint64_t u);
struct number number_from_double(struct arena *arena, double d); /* finite */
/*
 * Decimal text: -12, 1.5, .5, 1e50; the whole of it. False for anything else, and for what lies
 * beyond 10^100000. Results that fit are small.
 */
bool number_parse(struct arena *arena, const char *text, size_t len, struct number *out) MUST_USE;

/* Terraform's text: shortest decimal digits that say the number, never in exponent form ("100000...", "0.1"). */
const char *number_print(struct arena *arena, struct number n);
void number_add_text(struct number n, struct buf *out); /* the same, appended */

int number_compare(struct number a, struct number b); /* -1, 0, 1 */
/* The language's ==: integers by value, others by their text, so that log(10, 2) == 3.3219280948873626. */
bool number_equal(struct number a, struct number b);
bool number_is_integer(struct number n);
/* The value as int64 or double; false (or nearest) where it does not fit. */
bool number_to_int(struct number n, int64_t *out) MUST_USE;
double number_to_double(struct number n);

/* An operation that has no finite result (division by zero, overflow) gives false. a % 0 is a, as in Terraform. */
bool number_add(struct arena *arena, struct number a, struct number b, struct number *out) MUST_USE;
bool number_sub(struct arena *arena, struct number a, struct number b, struct number *out) MUST_USE;
bool number_mul(struct arena *arena, struct number a, struct number b, struct number *out) MUST_USE;
bool number_div(struct arena *arena, struct number a, struct number b, struct number *out) MUST_USE;
bool number_mod(struct arena *arena, struct number a, struct number b, struct number *out) MUST_USE; /* sign of a */
struct number number_neg(struct arena *arena, struct number a);
struct number number_abs(struct arena *arena, struct number a);
struct number number_floor(struct arena *arena, struct number a);
struct number number_ceil(struct arena *arena, struct number a);
/* a^b and log base b as Terraform computes them (in double precision). False without a finite result. */
bool number_pow(struct arena *arena, struct number a, struct number b, struct number *out) MUST_USE;
bool number_log(struct arena *arena, struct number a, struct number base, struct number *out) MUST_USE;
/* An integer in base 2..62 (parseint); false for other text. */
bool number_parse_base(struct arena *arena, const char *text, size_t len, int base, struct number *out) MUST_USE;
/* Text of an integer in a base (format %b %o %x). */
const char *number_print_base(struct arena *arena, struct number n, int base);
/* printf's %e %f %g with a precision (-1: shortest that is exact). */
const char *number_print_float(struct arena *arena, struct number n, char verb, int precision);

/*
 * The bits of precision, text that read at this precision gives the number again (Terraform's does not always), and a
 * number read at a precision: what the storage form needs to keep a number as it is.
 */
unsigned number_precision(struct number n);
void number_add_exact(struct number n, struct buf *out);
bool number_parse_precise(struct arena *arena, const char *text, size_t len, uint64_t precision, struct number *out) MUST_USE;

struct number number_copy(struct arena *arena, struct number n);
