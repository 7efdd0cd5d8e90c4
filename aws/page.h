/* SPDX-License-Identifier: Apache-2.0 */
/* Listings in pages, as aws/shape.h's struct aws_page describes them. */
#pragma once

#include "aws/shape.h"
#include "base/arena.h"

struct value;

/*
 * The parameters for the page after `answer`, or NULL when that was the last one (or the operation
 * has no pages). *stuck tells that the server gave the same place again, which would never end.
 */
const struct value *aws_page_next(struct arena *arena, const struct aws_operation *op, const struct value *params,
				  const struct value *answer, bool *stuck);
/* With the member that bounds a page set, where the operation has one and the parameters have not. */
const struct value *aws_page_sized(struct arena *arena, const struct aws_operation *op, const struct value *params,
				   unsigned size);
/* All pages as one answer: the first, with the gathered lists of all. */
const struct value *aws_page_join(struct arena *arena, const struct aws_operation *op,
				  const struct value *const *answers, size_t count);
/* What stands at "A.B[-1].C || D" in an answer, or NULL for nothing and null. */
const struct value *aws_page_at(const struct value *answer, const char *path);
