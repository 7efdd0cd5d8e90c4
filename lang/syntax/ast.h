/* SPDX-License-Identifier: Apache-2.0 */
/* The syntax tree of a plan file. Plain data in an arena; ranges say where each thing stands. */
#pragma once

#include "base/src.h"
#include "lang/value/value.h"

enum expr_kind {
	EXPR_LITERAL,  /* number, true, false, null, a string without template parts */
	EXPR_TEMPLATE, /* "a ${b} %{if c}d%{endif}" and heredocs */
	EXPR_NAME,     /* the root of a reference: var, local, aws_vpc, a `for` name */
	EXPR_ATTR,     /* on.name; also the legacy on.0, whose name is digits */
	EXPR_INDEX,    /* on[key] */
	EXPR_SPLAT,    /* on[*].each or on.*.each; in `each` EXPR_SPLAT_ITEM stands for the member */
	EXPR_SPLAT_ITEM,
	EXPR_CALL,
	EXPR_CONDITIONAL,
	EXPR_UNARY,
	EXPR_BINARY,
	EXPR_TUPLE,
	EXPR_OBJECT,
	EXPR_FOR,
	EXPR_PAREN,
	EXPR_ERROR, /* stands where the parser had to skip; evaluates to unknown without a further message */
};

enum expr_op {
	OP_NOT, OP_NEGATE,
	OP_OR, OP_AND, OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_ADD, OP_SUB, OP_MUL, OP_DIV, OP_MOD,
};

struct expr;

struct object_item {
	const struct expr *key; /* a bare name as written is EXPR_NAME; evaluated as its text (in parentheses: EXPR_PAREN) */
	const struct expr *value;
};

enum template_part_kind { PART_TEXT, PART_INTERPOLATION, PART_IF, PART_FOR };

struct template_part {
	enum template_part_kind kind;
	struct src_range range;
	const struct value *text;    /* PART_TEXT: escapes resolved, trim marks and heredoc indentation applied */
	const struct expr *expr;     /* interpolation; condition; collection */
	const char *key_name, *value_name; /* PART_FOR; key_name may be NULL */
	const struct template_part *then;  /* PART_IF: true branch; PART_FOR: body */
	size_t then_count;
	const struct template_part *other; /* PART_IF: else branch */
	size_t other_count;
};

/* No expression's tree is higher than this, so that walking it may recurse. */
enum { EXPR_HEIGHT_LIMIT = 1000 };

struct expr {
	enum expr_kind kind;
	enum expr_op op;
	struct src_range range;
	uint32_t height; /* of the tree, 1 for a leaf */
	union {
		const struct value *literal;
		struct { /* template */
			const struct template_part *parts;
			size_t part_count;
			bool heredoc;
		};
		struct { /* name, attr, index, splat, unary, paren */
			const char *name;         /* name, attr */
			struct src_range name_range;
			const struct expr *on;    /* attr, index, splat; operand of unary; inside of paren */
			const struct expr *key;   /* index; of a legacy attr its digits as a literal */
			const struct expr *each;  /* splat: what is done to each member; EXPR_SPLAT_ITEM alone: nothing */
			bool full;                /* splat: [*], not .* */
			bool legacy;              /* attr: on.0 */
		};
		struct { /* call */
			const char *function; /* "provider::aws::x" whole */
			struct src_range function_range;
			const struct expr *const *args;
			size_t arg_count;
			bool expand_last; /* f(list...) */
		};
		struct { /* conditional, binary */
			const struct expr *condition, *left, *right;
		};
		struct { /* tuple */
			const struct expr *const *items;
			size_t item_count;
		};
		struct { /* object */
			const struct object_item *fields;
			size_t field_count;
		};
		struct { /* for */
			const char *key_name, *value_name; /* key_name may be NULL */
			const struct expr *collection;
			const struct expr *key_result; /* NULL: [for ...] */
			const struct expr *result;
			const struct expr *filter;     /* NULL: none */
			bool group;                    /* ... */
		};
	};
};

struct attribute {
	const char *name;
	struct src_range name_range;
	struct src_range range; /* of the whole */
	const struct expr *expr;
};

struct body;

struct block_label {
	const char *text;
	struct src_range range;
};

struct block {
	const char *type;
	struct src_range type_range;
	const struct block_label *labels;
	size_t label_count;
	const struct body *body;
	struct src_range header_range; /* type and labels */
	struct src_range range;        /* with the closing brace */
};

struct body {
	const struct attribute *attrs; /* in the order of the file */
	size_t attr_count;
	const struct block *blocks;
	size_t block_count;
	struct src_range range;
	struct src_range end; /* the closing brace, or the end of the file: "missing argument" points here */
};

const struct attribute *body_find_attr(const struct body *body, const char *name);
