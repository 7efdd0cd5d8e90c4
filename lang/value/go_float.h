/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Logarithm and power to the last bit as Go's math package gives them. The C library is nearer to the
 * truth by up to one unit in the last place, but ceil(log(n, 2)) must not depend on that.
 */
#pragma once

double go_log(double x);
double go_pow(double x, double y);
