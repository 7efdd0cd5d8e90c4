/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rendering's files share: a change is first taken apart into pieces (render_diff.c), each with
 * what happens to it, and these are then printed (render_pieces.c), since a line depends on what
 * stands below it: how many are hidden, how wide the names are.
 */
#pragma once

#include "base/buf.h"
#include "plans/diff.h"
#include "plans/plan.h"
#include "plans/render.h"

enum piece_kind {
	PIECE_SCALAR,
	PIECE_OBJECT,
	PIECE_MAP,
	PIECE_LIST, /* with the neighbours of what changes */
	PIECE_SET,
	PIECE_BLOCK,
	PIECE_UNREAD,      /* stands in the state unread */
	PIECE_UNKNOWN,     /* inner: what it was, or NULL */
	PIECE_SENSITIVE,   /* inner: what it is, not to be shown */
	PIECE_SENSITIVE_BLOCK,
	PIECE_OTHER_TYPE,  /* inner became second */
	PIECE_WRITE_ONLY,
};

/* All blocks of one name. */
struct block_group {
	const char *name;
	const struct piece *const *items;
	const char *const *labels; /* maps of blocks; else NULL */
	size_t count;
	bool replace, was_sensitive, is_sensitive, unknown;
};

struct piece {
	enum piece_kind kind;
	enum plan_action action; /* PLAN_NOOP, PLAN_CREATE, PLAN_UPDATE, PLAN_DELETE */
	bool replace;            /* forces replacement */
	bool was_sensitive, is_sensitive;
	const struct value *before, *after; /* scalars; NULL: null or not there */
	const struct piece *inner, *second;
	const char *const *names; /* of items: objects, maps, blocks */
	const struct piece *const *items;
	size_t count;
	const struct block_group *groups;
	size_t group_count;
};

/* A change of an object; relevant (drift): the places that matter, the others count as unchanged; NULL: all. */
const struct piece *piece_of_object(struct arena *arena, const struct schema *schema, const struct value *before,
				    const struct value *after, const struct value_path *replace, size_t replace_count,
				    const struct value_path *relevant, size_t relevant_count);
/* A change of an output, or of anything of no fixed type. */
const struct piece *piece_of_value(struct arena *arena, const struct value *before, const struct value *after);
const struct piece *piece_of_json(struct arena *arena, const struct value *before, const struct value *after, bool before_given,
				  bool after_given);

/*
 * Pairs the items of two lists for showing: common ones meet, the others stand alone (-1 on the
 * other side), or, where `is_object` says so of both, for a changed one. `out` has room for both.
 */
struct item_pair {
	ptrdiff_t before, after;
};
struct item_lists {
	const void *const *before, *const *after;
	size_t before_count, after_count;
	bool (*same)(const void *a, const void *b);
	bool (*is_object)(const void *item); /* NULL: none */
};
size_t pair_items(struct arena *arena, const struct item_lists *lists, struct item_pair *out);

struct piece_style {
	struct buf *out;
	struct arena *arena; /* for what printing needs meanwhile */
	bool color;
	bool no_signs; /* as it is, not as it changes */
	bool all;      /* nothing is hidden for being unchanged */
};
/* Prints what stands behind "name = " or the header of a block; following lines are indented by 4 * indent. */
void piece_print(const struct piece_style *style, const struct piece *piece, size_t indent);
/* The sign of an action in three columns, with colours. */
void sign_print(enum plan_action action, bool color, struct buf *out);
/* "id", or a quoted text for what is no identifier. */
const char *piece_name(struct arena *arena, const char *name);

/* ANSI sequences, "" without colours. */
enum tint { TINT_NONE, TINT_BOLD, TINT_RED, TINT_GREEN, TINT_YELLOW, TINT_CYAN, TINT_GREY };
const char *tint(bool color, enum tint which);
/* 5s, 1m5s, 1h1m5s */
void duration_print(unsigned seconds, struct buf *out);
