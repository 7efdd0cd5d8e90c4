/* SPDX-License-Identifier: Apache-2.0 */
/* What a console does with one entry. */
#pragma once

#include "lang/eval/eval.h"

struct buf;

/*
 * Evaluates an expression and prints its value as the language writes it (without a newline at the
 * end). type(x) prints the type of x. False after an error. `eval->functions` may be set.
 */
bool console_eval(struct eval *eval, const struct src *src, struct buf *out);
/* Whether brackets, sequences or heredocs are open at the end, so that more lines belong to the entry. */
bool console_wants_more(const char *text, size_t len);
