/* SPDX-License-Identifier: Apache-2.0 */
/* The canonical layout of plan files, as `terraform fmt` makes it. */
#pragma once

struct buf;
struct src;

/*
 * Rewrites the layout of a text that parses without errors (another is given back as it is). The
 * result is Terraform's, byte for byte, but for three of its slips: comments between labels stay,
 * and so do labels with a "$" or "%" in them; blanks behind the last line go; and "${ }" over
 * several lines is taken off only so that what is left still parses.
 */
void format_text(const struct src *src, struct buf *out);
