/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/value/number.h"

#include "base/buf.h"
#include "lang/value/go_float.h"

#include <math.h>
#include <mpfr.h>
#include <stdlib.h>
#include <string.h>

/*
 * Terraform's numbers are Go's big.Float: literals and parsed text have 512 bits, what comes from
 * floating-point functions has 53, and a result has the larger precision of its operands. The
 * precision matters for the text, which is the shortest that reads back as the same number.
 * Small numbers count as 512 bits.
 */
enum {
	FULL_PRECISION = 512,
	DOUBLE_PRECISION = 53,
	LARGEST_EXPONENT =
		100000, /* decimal; keeps printed numbers to a length that one can print */
	LARGEST_PRECISION = 1 << 17,
};

struct bignum {
	mpfr_t v;
	mp_limb_t limbs[];
};

static void start_mpfr(void)
{
	static bool started;
	if (started)
		return;
	started = true;
	mpfr_set_emin(-4L * LARGEST_EXPONENT);
	mpfr_set_emax(4L * LARGEST_EXPONENT);
}

static struct bignum *new_big(struct arena *arena, mpfr_prec_t precision)
{
	start_mpfr();
	struct bignum *big = arena_alloc(arena, sizeof(*big) + mpfr_custom_get_size(precision));
	mpfr_custom_init(big->limbs, precision);
	mpfr_custom_init_set(big->v, MPFR_ZERO_KIND, 0, precision, big->limbs);
	return big;
}

/* A number on the stack, for reading a small one as if it were big. */
struct operand {
	mpfr_t v;
	mp_limb_t limbs[FULL_PRECISION / (8 * sizeof(mp_limb_t))];
};

static mpfr_srcptr read_operand(struct number n, struct operand *room)
{
	start_mpfr();
	if (n.big)
		return n.big->v;
	mpfr_custom_init(room->limbs, FULL_PRECISION);
	mpfr_custom_init_set(room->v, MPFR_ZERO_KIND, 0, FULL_PRECISION, room->limbs);
	mpfr_set_sj(room->v, n.small, MPFR_RNDN);
	return room->v;
}

static mpfr_prec_t precision_of(struct number n)
{
	return n.big ? mpfr_get_prec(n.big->v) : FULL_PRECISION;
}

static mpfr_prec_t larger_precision(struct number a, struct number b)
{
	mpfr_prec_t x = precision_of(a), y = precision_of(b);
	return x > y ? x : y;
}

/* Small where the text stays the same: large doubles print fewer digits than integers of their size. */
static struct number settle(const struct bignum *big)
{
	bool negative_zero = mpfr_zero_p(big->v) && mpfr_signbit(big->v);
	if (mpfr_integer_p(big->v) && !negative_zero && mpfr_fits_intmax_p(big->v, MPFR_RNDN)) {
		int64_t i = mpfr_get_sj(big->v, MPFR_RNDN);
		mpfr_prec_t precision = mpfr_get_prec(big->v);
		int64_t exact = precision < 63 ? (int64_t)1 << precision : INT64_MAX;
		if (i < exact && i > -exact)
			return number_from_int(i);
		if (precision >= 64)
			return number_from_int(i);
	}
	return (struct number){.big = big};
}

static bool settle_finite(const struct bignum *big, struct number *out)
{
	if (!mpfr_number_p(big->v))
		return false;
	*out = settle(big);
	return true;
}

/* Whole numbers, which Go computes as integers, have one zero. */
static void drop_sign_of_zero(struct bignum *big)
{
	if (mpfr_zero_p(big->v))
		mpfr_set_zero(big->v, 1);
}

static struct number negative_zero(struct arena *arena)
{
	struct bignum *big = new_big(arena, FULL_PRECISION);
	mpfr_set_zero(big->v, -1);
	return (struct number){.big = big};
}

struct number number_from_uint(struct arena *arena, uint64_t u)
{
	if (u <= INT64_MAX)
		return number_from_int((int64_t)u);
	struct bignum *big = new_big(arena, 64);
	mpfr_set_uj(big->v, u, MPFR_RNDN);
	return (struct number){.big = big};
}

struct number number_from_double(struct arena *arena, double d)
{
	if (!isfinite(d))
		bug("number from %g", d);
	struct bignum *big = new_big(arena, DOUBLE_PRECISION);
	mpfr_set_d(big->v, d, MPFR_RNDN);
	return settle(big);
}

struct number number_copy(struct arena *arena, struct number n)
{
	if (!n.big)
		return n;
	struct bignum *big = new_big(arena, mpfr_get_prec(n.big->v));
	mpfr_set(big->v, n.big->v, MPFR_RNDN);
	return (struct number){.big = big};
}

/* ---- text ---- */

/* number = [ "+" | "-" ] ( digits [ "." [ digits ] ] | "." digits ) [ ( "e" | "E" ) [ "+" | "-" ] digits ] */
static bool is_decimal(const char *text, size_t len, bool *is_integer, long *exponent)
{
	size_t i = 0, digits = 0;
	if (i < len && (text[i] == '+' || text[i] == '-'))
		i++;
	for (; i < len && text[i] >= '0' && text[i] <= '9'; i++)
		digits++;
	*is_integer = i == len;
	if (i < len && text[i] == '.') {
		for (i++; i < len && text[i] >= '0' && text[i] <= '9'; i++)
			digits++;
	}
	if (!digits)
		return false;
	*exponent = 0;
	if (i < len && (text[i] == 'e' || text[i] == 'E')) {
		i++;
		bool negative = i < len && text[i] == '-';
		if (i < len && (text[i] == '+' || text[i] == '-'))
			i++;
		size_t first = i;
		for (; i < len && text[i] >= '0' && text[i] <= '9'; i++) {
			if (*exponent <= LARGEST_EXPONENT)
				*exponent = *exponent * 10 + (text[i] - '0');
		}
		if (i == first)
			return false;
		if (negative)
			*exponent = -*exponent;
	}
	return i == len;
}

unsigned number_precision(struct number n)
{
	return (unsigned)precision_of(n);
}

bool number_parse(struct arena *arena, const char *text, size_t len, struct number *out)
{
	return number_parse_precise(arena, text, len, FULL_PRECISION, out);
}

bool number_parse_precise(struct arena *arena, const char *text, size_t len, uint64_t precision,
			  struct number *out)
{
	bool is_integer;
	long exponent;
	if (len > 2UL * LARGEST_EXPONENT || precision < 2 || precision > LARGEST_PRECISION ||
	    !is_decimal(text, len, &is_integer, &exponent))
		return false;
	if (is_integer && len <= 18 && precision >= 64) {
		bool negative = text[0] == '-';
		int64_t i = 0;
		for (size_t k = text[0] == '-' || text[0] == '+'; k < len; k++)
			i = i * 10 + (text[k] - '0');
		*out = negative && !i ? negative_zero(arena) : number_from_int(negative ? -i : i);
		return true;
	}
	struct bignum *big = new_big(arena, (mpfr_prec_t)precision);
	char room[64];
	AUTO_FREE char *longer = len < sizeof(room) ? NULL : xmalloc(len + 1);
	char *z = longer ? longer : room;
	memcpy(z, text, len);
	z[len] = '\0';
	if (mpfr_set_str(big->v, z, 10, MPFR_RNDN) != 0 || !mpfr_number_p(big->v))
		return false;
	long size = mpfr_zero_p(big->v) ? 0 : (long)((double)mpfr_get_exp(big->v) * 0.30103);
	if (size > LARGEST_EXPONENT || size < -LARGEST_EXPONENT || exponent > LARGEST_EXPONENT ||
	    exponent < -LARGEST_EXPONENT)
		return false;
	*out = settle(big);
	return true;
}

/* Decimal digits of a number, without trailing zeros: 0.DIGITS * 10^exponent. */
struct digits {
	char *text; /* mpfr_free_str() */
	mpfr_exp_t exponent;
	size_t count;
};

static void release_digits(struct digits *d)
{
	if (d->text)
		mpfr_free_str(d->text);
}

static void trim_digits(struct digits *d)
{
	d->count = strlen(d->text);
	while (d->count > 1 && d->text[d->count - 1] == '0')
		d->count--;
	d->text[d->count] = '\0';
}

/*
 * Whether the digits, read at the number's own precision, give the number again. Below a power of two
 * the neighbour is only half as far away as above, which big.Float overlooks: 2^64 of 53 bits is
 * 18446744073709550000 to it. So digits below count where the same distance above would.
 */
static bool reads_back(const struct digits *d, mpfr_srcptr n)
{
	mpfr_t again;
	bool power_of_two = mpfr_min_prec(n) == 1;
	mpfr_init2(again, power_of_two ? mpfr_get_prec(n) + 64 : mpfr_get_prec(n));
	AUTO_BUF struct buf text = BUF_INIT;
	buf_addf(&text, "0.%se%ld", d->text, (long)d->exponent);
	bool same = !mpfr_set_str(again, text.ptr, 10, MPFR_RNDN);
	if (same && power_of_two) {
		mpfr_sub(again, again, n, MPFR_RNDN);
		same = mpfr_zero_p(again) ||
		       mpfr_get_exp(again) < mpfr_get_exp(n) - mpfr_get_prec(n) ||
		       (mpfr_get_exp(again) == mpfr_get_exp(n) - mpfr_get_prec(n) &&
			mpfr_min_prec(again) == 1);
	} else if (same) {
		same = mpfr_equal_p(again, n);
	}
	mpfr_clear(again);
	return same;
}

static bool try_digits(mpfr_srcptr absolute, size_t n, mpfr_rnd_t way, struct digits *out)
{
	struct digits d = {0};
	d.text = mpfr_get_str(NULL, &d.exponent, 10, n, absolute, way);
	trim_digits(&d);
	if (!reads_back(&d, absolute)) {
		release_digits(&d);
		return false;
	}
	*out = d;
	return true;
}

/*
 * The shortest digits that say the number. Numbers that read back as one lie so near together that
 * up to a certain count only one decimal of so many digits is among them: found, it is the
 * shortest. Beyond that, one digit more is tried at a time, at most two or three.
 */
static struct digits shortest_digits(mpfr_srcptr n)
{
	enum { FEW = 20 };
	struct digits best = {0};
	mpfr_t absolute;
	mpfr_init2(absolute, mpfr_get_prec(n));
	mpfr_abs(absolute, n, MPFR_RNDN);
	mpfr_prec_t precision = mpfr_get_prec(n);
	size_t enough = mpfr_get_str_ndigits(10, precision);
	size_t unique = (size_t)((double)(precision - 2) * 0.30103);
	/* Below a power of two numbers lie twice as near as above it: the nearest decimal may miss, the next one above not. */
	bool lopsided = mpfr_min_prec(absolute) == 1;
	bool found = unique > FEW && try_digits(absolute, FEW, MPFR_RNDN, &best);
	if (!found && unique > 1)
		found = try_digits(absolute, unique - 1, MPFR_RNDN, &best);
	for (size_t digits = unique > 1 ? unique : 1; !found && digits < enough; digits++) {
		found = try_digits(absolute, digits, MPFR_RNDN, &best) ||
			(lopsided && try_digits(absolute, digits, MPFR_RNDU, &best));
	}
	if (!found) {
		best.text = mpfr_get_str(NULL, &best.exponent, 10, enough, absolute, MPFR_RNDN);
		trim_digits(&best);
	}
	mpfr_clear(absolute);
	return best;
}

/* Digits without an exponent: 12300, 1.23, 0.00123. */
static void add_plain(const struct digits *d, struct buf *out)
{
	long point = (long)d->exponent;
	if (point <= 0) {
		buf_adds(out, "0.");
		buf_add_repeated(out, '0', (size_t)-point);
		buf_add(out, d->text, d->count);
	} else if ((size_t)point >= d->count) {
		buf_add(out, d->text, d->count);
		buf_add_repeated(out, '0', (size_t)point - d->count);
	} else {
		buf_add(out, d->text, (size_t)point);
		buf_addc(out, '.');
		buf_add(out, d->text + point, d->count - (size_t)point);
	}
}

void number_add_text(struct number n, struct buf *out)
{
	if (!n.big) {
		buf_addf(out, "%lld", (long long)n.small);
		return;
	}
	if (mpfr_signbit(n.big->v))
		buf_addc(out, '-');
	if (mpfr_zero_p(n.big->v)) {
		buf_addc(out, '0');
		return;
	}
	struct digits d = shortest_digits(n.big->v);
	add_plain(&d, out);
	release_digits(&d);
}

void number_add_exact(struct number n, struct buf *out)
{
	AUTO_BUF struct buf text = BUF_INIT;
	number_add_text(n, &text);
	mpfr_t again;
	mpfr_init2(again, precision_of(n));
	bool same = !n.big || (!mpfr_set_str(again, text.ptr, 10, MPFR_RNDN) && mpfr_equal_p(again, n.big->v));
	if (same) {
		buf_add(out, text.ptr, text.len);
	} else {
		mpfr_abs(again, n.big->v, MPFR_RNDN);
		struct digits d = {0};
		d.text = mpfr_get_str(NULL, &d.exponent, 10, 0, again, MPFR_RNDN); /* 0: as many as that takes */
		trim_digits(&d);
		if (mpfr_signbit(n.big->v))
			buf_addc(out, '-');
		add_plain(&d, out);
		release_digits(&d);
	}
	mpfr_clear(again);
}

const char *number_print(struct arena *arena, struct number n)
{
	if (!n.big)
		return arena_printf(arena, "%lld", (long long)n.small);
	AUTO_BUF struct buf text = BUF_INIT;
	number_add_text(n, &text);
	return buf_copy(&text, arena);
}

bool number_parse_base(struct arena *arena, const char *text, size_t len, int base,
		       struct number *out)
{
	if (base < 2 || base > 62 || len > 20000)
		return false;
	size_t start = len && (text[0] == '-' || text[0] == '+');
	if (start == len)
		return false;
	/* Up to base 36 letters of both cases are one; above, small ones come first, as Go counts. */
	unsigned bits = 6;
	while (bits > 1 && (1 << (bits - 1)) >= base)
		bits--;
	AUTO_FREE char *z = xmalloc(len + 1);
	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'z' ? c - 'a' + 10
			    : c >= 'A' && c <= 'Z' ? c - 'A' + (base <= 36 ? 10 : 36)
						   : 99;
		if (i >= start && digit >= base)
			return false;
		bool swap = base > 36 && digit >= 10 && digit < 99; /* MPFR has capitals first */
		z[i] = swap ? (char)(digit < 36 ? 'A' + digit - 10 : 'a' + digit - 36) : c;
	}
	z[len] = '\0';
	mpfr_prec_t precision = (mpfr_prec_t)(bits * (len - start));
	struct bignum *big = new_big(arena, precision < 64 ? 64 : precision);
	if (mpfr_set_str(big->v, z, base, MPFR_RNDN) != 0)
		return false;
	if (mpfr_zero_p(big->v))
		mpfr_set_zero(big->v, 1);
	return settle_finite(big, out);
}

const char *number_print_base(struct arena *arena, struct number n, int base)
{
	struct operand room;
	mpfr_srcptr v = read_operand(n, &room);
	mpz_t whole;
	mpz_init(whole);
	mpfr_get_z(whole, v, MPFR_RNDZ);
	AUTO_FREE char *text = xmalloc(mpz_sizeinbase(whole, base) + 2);
	mpz_get_str(text, base, whole);
	mpz_clear(whole);
	return arena_strdup(arena, text);
}

/* d.ddde+dd */
static void add_exponential(const struct digits *d, size_t decimals, struct buf *out)
{
	buf_addc(out, d->text[0]);
	if (decimals)
		buf_addc(out, '.');
	for (size_t i = 1; i <= decimals; i++)
		buf_addc(out, i < d->count ? d->text[i] : '0');
	long exponent = (long)d->exponent - 1;
	buf_addf(out, "e%c%02ld", exponent < 0 ? '-' : '+', labs(exponent));
}

const char *number_print_float(struct arena *arena, struct number n, char verb, int precision)
{
	struct operand room;
	mpfr_srcptr v = read_operand(n, &room);
	bool shortest = precision < 0, zero = mpfr_zero_p(v);
	AUTO_BUF struct buf out = BUF_INIT;
	if (mpfr_signbit(v))
		buf_addc(&out, '-');
	if (verb == 'f' && !shortest) {
		char *text = NULL;
		if (mpfr_asprintf(&text, "%.*RNf", precision, v) < 0)
			out_of_memory();
		buf_adds(&out, text + (text[0] == '-'));
		mpfr_free_str(text);
		return buf_copy(&out, arena);
	}
	struct digits d = {0};
	if (zero) {
		d.text = mpfr_get_str(NULL, &d.exponent, 10, 2, v, MPFR_RNDN);
		memmove(d.text, "0", 2);
		d.count = 1;
		d.exponent = 1;
	} else if (shortest) {
		d = shortest_digits(v);
	} else {
		size_t wanted = verb == 'e' ? (size_t)precision + 1
				: precision ? (size_t)precision
					    : 1;
		mpfr_t absolute;
		mpfr_init2(absolute, mpfr_get_prec(v));
		mpfr_abs(absolute, v, MPFR_RNDN);
		d.text = mpfr_get_str(NULL, &d.exponent, 10, wanted, absolute, MPFR_RNDN);
		mpfr_clear(absolute);
		trim_digits(&d);
	}
	long exponent = (long)d.exponent - 1;
	/* %g: exponential below 10^-4 and from the precision on; 6 where the digits are the shortest, as in big.Float. */
	long limit = shortest ? 6 : precision ? precision : 1;
	if (!shortest && limit > (long)d.count && (long)d.count >= (long)d.exponent)
		limit = (long)d.count;
	if (verb == 'e' || (verb == 'g' && (exponent < -4 || exponent >= limit)))
		add_exponential(&d, verb == 'e' && !shortest ? (size_t)precision : d.count - 1,
				&out);
	else
		add_plain(&d, &out);
	release_digits(&d);
	return buf_copy(&out, arena);
}

/* ---- asking ---- */

int number_compare(struct number a, struct number b)
{
	if (!a.big && !b.big)
		return (a.small > b.small) - (a.small < b.small);
	struct operand x, y;
	int order = mpfr_cmp(read_operand(a, &x), read_operand(b, &y));
	return (order > 0) - (order < 0);
}

bool number_equal(struct number a, struct number b)
{
	if (!number_compare(a, b))
		return true;
	if (precision_of(a) == precision_of(b) || number_is_integer(a) || number_is_integer(b))
		return false;
	AUTO_BUF struct buf x = BUF_INIT;
	AUTO_BUF struct buf y = BUF_INIT;
	number_add_text(a, &x);
	number_add_text(b, &y);
	return !strcmp(x.ptr, y.ptr);
}

bool number_is_integer(struct number n)
{
	return !n.big || mpfr_integer_p(n.big->v);
}

bool number_to_int(struct number n, int64_t *out)
{
	if (!n.big) {
		*out = n.small;
		return true;
	}
	if (!mpfr_integer_p(n.big->v) || !mpfr_fits_intmax_p(n.big->v, MPFR_RNDN))
		return false;
	*out = mpfr_get_sj(n.big->v, MPFR_RNDN);
	return true;
}

double number_to_double(struct number n)
{
	return n.big ? mpfr_get_d(n.big->v, MPFR_RNDN) : (double)n.small;
}

/* ---- arithmetic ---- */

typedef int (*mpfr_operation)(mpfr_ptr, mpfr_srcptr, mpfr_srcptr, mpfr_rnd_t);

static bool operate(struct arena *arena, mpfr_operation op, struct number a, struct number b,
		    struct number *out)
{
	struct operand x, y;
	struct bignum *big = new_big(arena, larger_precision(a, b));
	op(big->v, read_operand(a, &x), read_operand(b, &y), MPFR_RNDN);
	return settle_finite(big, out);
}

bool number_add(struct arena *arena, struct number a, struct number b, struct number *out)
{
	int64_t sum;
	if (!a.big && !b.big && !__builtin_add_overflow(a.small, b.small, &sum)) {
		*out = number_from_int(sum);
		return true;
	}
	return operate(arena, mpfr_add, a, b, out);
}

bool number_sub(struct arena *arena, struct number a, struct number b, struct number *out)
{
	int64_t difference;
	if (!a.big && !b.big && !__builtin_sub_overflow(a.small, b.small, &difference)) {
		*out = number_from_int(difference);
		return true;
	}
	return operate(arena, mpfr_sub, a, b, out);
}

bool number_mul(struct arena *arena, struct number a, struct number b, struct number *out)
{
	int64_t product;
	if (!a.big && !b.big && !__builtin_mul_overflow(a.small, b.small, &product)) {
		*out = !product && (a.small < 0 || b.small < 0) ? negative_zero(arena)
								: number_from_int(product);
		return true;
	}
	/* A product may need more bits than its factors have; they are kept up to the full precision. */
	struct operand x, y;
	struct bignum *big = new_big(arena, FULL_PRECISION);
	mpfr_mul(big->v, read_operand(a, &x), read_operand(b, &y), MPFR_RNDN);
	mpfr_prec_t precision = larger_precision(a, b), needed = mpfr_min_prec(big->v);
	if (mpfr_number_p(big->v) && (needed > precision ? needed : precision) < FULL_PRECISION) {
		struct bignum *shorter = new_big(arena, needed > precision ? needed : precision);
		mpfr_set(shorter->v, big->v, MPFR_RNDN);
		big = shorter;
	}
	return settle_finite(big, out);
}

bool number_div(struct arena *arena, struct number a, struct number b, struct number *out)
{
	if (!a.big && !b.big && b.small && b.small != -1 && a.small && !(a.small % b.small)) {
		*out = number_from_int(a.small / b.small);
		return true;
	}
	return operate(arena, mpfr_div, a, b, out);
}

bool number_mod(struct arena *arena, struct number a, struct number b, struct number *out)
{
	if (!a.big && !b.big) {
		*out = number_from_int(b.small == -1 ? 0 : b.small ? a.small % b.small : a.small);
		return true;
	}
	struct operand x, y;
	mpfr_srcptr dividend = read_operand(a, &x), divisor = read_operand(b, &y);
	if (mpfr_zero_p(divisor)) {
		*out = a;
		return true;
	}
	/* dividend - divisor * trunc(dividend / divisor), each step rounded as big.Float does it. */
	struct bignum *ratio = new_big(arena, larger_precision(a, b));
	mpfr_div(ratio->v, dividend, divisor, MPFR_RNDN);
	mpfr_trunc(ratio->v, ratio->v);
	drop_sign_of_zero(ratio);
	struct bignum *rest = new_big(arena, precision_of(a));
	mpfr_mul(rest->v, divisor, ratio->v, MPFR_RNDN);
	mpfr_sub(rest->v, dividend, rest->v, MPFR_RNDN);
	return settle_finite(rest, out);
}

static struct number operate_one(struct arena *arena, int (*op)(mpfr_ptr, mpfr_srcptr, mpfr_rnd_t),
				 struct number a)
{
	struct operand x;
	struct bignum *big = new_big(arena, precision_of(a));
	op(big->v, read_operand(a, &x), MPFR_RNDN);
	return settle(big);
}

struct number number_neg(struct arena *arena, struct number a)
{
	if (!a.big && !a.small)
		return negative_zero(arena);
	if (!a.big && a.small != INT64_MIN)
		return number_from_int(-a.small);
	return operate_one(arena, mpfr_neg, a);
}

struct number number_abs(struct arena *arena, struct number a)
{
	if (!a.big && a.small >= 0)
		return a;
	if (!a.big && a.small != INT64_MIN)
		return number_from_int(-a.small);
	return operate_one(arena, mpfr_abs, a);
}

static struct number round_to(struct arena *arena, int (*op)(mpfr_ptr, mpfr_srcptr, mpfr_rnd_t),
			      struct number a)
{
	if (!a.big)
		return a;
	struct bignum *big = new_big(arena, precision_of(a));
	op(big->v, a.big->v, MPFR_RNDN);
	drop_sign_of_zero(big);
	return settle(big);
}

struct number number_floor(struct arena *arena, struct number a)
{
	return round_to(arena, mpfr_rint_floor, a);
}

struct number number_ceil(struct arena *arena, struct number a)
{
	return round_to(arena, mpfr_rint_ceil, a);
}

static bool from_finite_double(struct arena *arena, double d, struct number *out)
{
	if (!isfinite(d))
		return false;
	*out = number_from_double(arena, d);
	return true;
}

bool number_pow(struct arena *arena, struct number a, struct number b, struct number *out)
{
	return from_finite_double(arena, go_pow(number_to_double(a), number_to_double(b)), out);
}

bool number_log(struct arena *arena, struct number a, struct number base, struct number *out)
{
	return from_finite_double(
		arena, go_log(number_to_double(a)) / go_log(number_to_double(base)), out);
}
