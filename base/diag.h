/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Diagnostics: what the user must hear. A function that takes `struct diags *` has added at least
 * one error when it fails, and may have added warnings when it succeeds.
 */
#pragma once

#include "base/arena.h"
#include "base/src.h"

struct buf;

enum diag_severity { DIAG_ERROR, DIAG_WARNING };

struct diag_note {
	struct src_range range; /* may be nowhere */
	const char *text;       /* "declared here"; "while evaluating ..." */
};

struct diag {
	enum diag_severity severity;
	const char *summary; /* always the same words for the same problem; no user names */
	const char *detail;  /* sentences: what is wrong here, why it matters, how to mend it; or NULL */
	struct src_range subject; /* underlined */
	struct src_range context; /* also shown; contains subject, or nowhere */
	const char *address;      /* "module.net.aws_subnet.a", or NULL */
	const struct diag_note *notes;
	size_t note_count;
};

/* A list of diagnostics; it copies the strings it is given into memory of its own. */
struct diags {
	struct arena *arena;
	struct diag *items;
	size_t count, cap;
	size_t error_count;
};

void diags_init(struct diags *diags);
void diags_release(struct diags *diags);
void diags_clear(struct diags *diags);
static inline bool diags_has_errors(const struct diags *diags)
{
	return diags->error_count > 0;
}

/* Adds a copy; returns it, for the caller to set what it has more to say. The pointer is good until the next one. */
struct diag *diags_add(struct diags *diags, const struct diag *diag);
/* Adds an error at a place. `detail` is a format. */
struct diag *diag_error(struct diags *diags, struct src_range subject, const char *summary, const char *detail, ...)
	PRINTF_LIKE(4, 5);
struct diag *diag_warning(struct diags *diags, struct src_range subject, const char *summary, const char *detail, ...)
	PRINTF_LIKE(4, 5);
/* Adds a note to a diagnostic that diags_add() and its kin returned. */
void diag_add_note(struct diags *diags, struct diag *diag, struct src_range range, const char *text, ...)
	PRINTF_LIKE(4, 5);
/* Appends all of `from`, and empties it. */
void diags_move(struct diags *to, struct diags *from);
/* Warnings before errors; of each those without a place first, then in the order of the files and their lines. */
void diags_sort(struct diags *diags);
/* Gives every diagnostic from index `first` on, that has none yet, this address. */
void diags_set_address(struct diags *diags, size_t first, const char *address);
/* Makes the errors from index `first` on that have this address warnings. */
void diags_soften(struct diags *diags, size_t first, const char *address);

/*
 * Prints one as people read it:
 *
 *   Error: Unsupported argument
 *
 *     on main.tf line 3, in resource "aws_vpc" "main":
 *      3:   cidr = "10.0.0.0/16"
 *           ^^^^
 *
 *   An argument named "cidr" is not expected here. Did you mean "cidr_block"?
 *
 * Control characters of file and remote text are made harmless. `color` adds ANSI colours; `width`
 * wraps the detail (0: not at all). `sources` may be NULL.
 */
void diag_print(const struct diag *diag, const struct src_set *sources, bool color, unsigned width, struct buf *out);
/* All of them, errors last, and one of several equal ones. */
void diags_print(const struct diags *diags, const struct src_set *sources, bool color, unsigned width, struct buf *out);

/* The candidate nearest to a misspelt name, or NULL when none is near enough to be worth naming. */
const char *nearest_name(const char *name, const char *const *candidates, size_t count);
