/* SPDX-License-Identifier: Apache-2.0 */
#include "lang/value/go_float.h"

#include <math.h>
#include <stdint.h>

/*
 * x = 2^k (1 + f) with 1 + f between sqrt(1/2) and sqrt(2); then, with s = f / (2 + f),
 * log(1 + f) = 2s + s R(s^2), R a polynomial. Method and coefficients are those of the logarithm
 * of FreeBSD's msun, which Go took over.
 */
double go_log(double x)
{
	static const double l[] = {
		6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01, 2.222219843214978396e-01,
		1.818357216161805012e-01, 1.531383769920937332e-01, 1.479819860511658591e-01,
	};
	const double ln2_high = 6.93147180369123816490e-01, ln2_low = 1.90821492927058770002e-10;

	if (isnan(x) || x < 0)
		return NAN;
	if (x == 0)
		return -INFINITY;
	if (isinf(x))
		return x;
	int exponent;
	double f = frexp(x, &exponent);
	if (f < M_SQRT1_2) {
		f *= 2;
		exponent--;
	}
	f -= 1;
	double k = exponent, s = f / (2 + f), s2 = s * s, s4 = s2 * s2;
	double odd = s2 * (l[0] + s4 * (l[2] + s4 * (l[4] + s4 * l[6])));
	double even = s4 * (l[1] + s4 * (l[3] + s4 * l[5]));
	double r = odd + even, half = 0.5 * f * f;
	return k * ln2_high - ((half - (s * (half + r) + k * ln2_low)) - f);
}

/* Repeated squaring of the mantissa, the exponent kept apart. */
double go_pow(double x, double y)
{
	if (y == 0 || x == 1)
		return 1;
	if (y == 1)
		return x;
	if (x == 0 || !isfinite(x) || !isfinite(y))
		return pow(x, y);
	if (y == 0.5)
		return sqrt(x);
	if (y == -0.5)
		return 1 / sqrt(x);
	double whole, fraction = modf(fabs(y), &whole);
	if (fraction != 0 && x < 0)
		return NAN;
	if (whole >= 0x1p63)
		return pow(x, y);
	double result = 1;
	if (fraction != 0) {
		if (fraction > 0.5) {
			fraction--;
			whole++;
		}
		result = exp(fraction * go_log(x));
	}
	int exponent, sum = 0;
	double mantissa = frexp(x, &exponent);
	for (int64_t i = (int64_t)whole; i != 0; i >>= 1) {
		if (exponent < -(1 << 12) || exponent > 1 << 12) {
			sum += exponent; /* out of range either way */
			break;
		}
		if (i & 1) {
			result *= mantissa;
			sum += exponent;
		}
		mantissa *= mantissa;
		exponent *= 2;
		if (mantissa < 0.5) {
			mantissa += mantissa;
			exponent--;
		}
	}
	return y < 0 ? ldexp(1 / result, -sum) : ldexp(result, sum);
}
