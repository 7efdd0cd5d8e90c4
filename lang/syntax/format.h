/* SPDX-License-Identifier: Apache-2.0 */
/* The canonical layout of plan files, as `terraform fmt` makes it. */
#pragma once

struct buf;
struct src;

/* Rewrites the layout of a text that parses without errors; comments stay. */
void format_text(const struct src *src, struct buf *out);
