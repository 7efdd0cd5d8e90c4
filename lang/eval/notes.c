/* SPDX-License-Identifier: Apache-2.0 */
/* What the names in an expression stood for when it failed. */
#include "lang/eval/eval_internal.h"

#include <string.h>

enum { MOST_NOTES = 8, LONGEST_TEXT = 120 };

struct notes {
	struct eval *eval;
	struct diag *diag;
	size_t first; /* the notes that the diagnostic had before */
};

/* "is 5", "is list of string with 2 elements", "is (sensitive value)" */
static void describe(const struct value *v, struct eval *eval, struct buf *out)
{
	if (v->deep_marks & VALUE_SENSITIVE && (v->marks & VALUE_SENSITIVE || type_is_primitive(v->type))) {
		buf_adds(out, "is (sensitive value)");
		return;
	}
	if (v->marks & VALUE_EPHEMERAL) {
		buf_adds(out, "is (ephemeral value)");
		return;
	}
	if (v->state == VALUE_UNKNOWN) {
		if (v->type->kind == TYPE_ANY)
			buf_adds(out, "is known only after apply");
		else
			buf_addf(out, "is a %s, known only after apply", friendly_type(eval, v->type));
		return;
	}
	if (v->state == VALUE_NULL) {
		buf_adds(out, "is null");
		return;
	}
	switch (v->type->kind) {
	case TYPE_BOOL:
		buf_addf(out, "is %s", v->boolean ? "true" : "false");
		return;
	case TYPE_NUMBER:
		buf_addf(out, "is %s", number_print(eval->arena, v->number));
		return;
	case TYPE_STRING: {
		size_t len = v->count;
		if (len > LONGEST_TEXT) {
			len = LONGEST_TEXT;
			while (len && (v->text[len] & 0xC0) == 0x80)
				len--;
		}
		buf_adds(out, "is ");
		value_print_quoted(v->text, len, out);
		if (len < v->count)
			buf_addf(out, " and %zu bytes more", (size_t)v->count - len);
		return;
	}
	case TYPE_OBJECT:
		buf_addf(out, "is object with %u attribute%s", v->count, v->count == 1 ? "" : "s");
		return;
	case TYPE_LIST:
	case TYPE_SET:
	case TYPE_MAP:
	case TYPE_TUPLE:
	case TYPE_ANY:
		break;
	}
	if (v->count)
		buf_addf(out, "is %s with %u element%s", friendly_type(eval, v->type), v->count, v->count == 1 ? "" : "s");
	else
		buf_addf(out, "is empty %s", friendly_type(eval, v->type));
}

/* var.list[0].name as far as `count` steps, all of them attributes or literal keys. */
static void print_reference(const struct ref *ref, const struct lookup_step *steps, size_t count, struct eval *eval,
			    struct buf *out)
{
	buf_adds(out, ref->root);
	for (size_t i = 0; i < count; i++) {
		if (steps[i].name) {
			buf_addf(out, ".%s", steps[i].name);
		} else if (steps[i].key->type->kind == TYPE_NUMBER) {
			buf_addf(out, "[%s]", number_print(eval->arena, steps[i].key->number));
		} else {
			buf_addc(out, '[');
			value_print_quoted(steps[i].key->text, steps[i].key->count, out);
			buf_addc(out, ']');
		}
	}
}

static bool said_before(const struct notes *notes, const char *text)
{
	for (size_t i = notes->first; i < notes->diag->note_count; i++) {
		if (!strcmp(notes->diag->notes[i].text, text))
			return true;
	}
	return false;
}

/* The longest part of a reference that has a value; a bare name only when a `for` and the like has bound it. */
static void add_note(void *ctx, const struct ref *ref)
{
	struct notes *notes = ctx;
	struct eval *eval = notes->eval;
	if (notes->diag->note_count >= notes->first + MOST_NOTES)
		return;
	bool bound = false;
	for (const struct scope *scope = eval->scope; scope && !bound; scope = scope->parent)
		bound = scope->name && !strcmp(scope->name, ref->root);
	struct lookup_step *steps = arena_array_of(eval->arena, ref->count + 1, struct lookup_step);
	size_t count = literal_steps(ref, steps);
	size_t least = bound ? 0 : 1;
	for (size_t n = count; n + 1 > least; n--) {
		struct diags silent;
		diags_init(&silent);
		struct diags *before = eval->diags;
		eval->diags = &silent;
		const struct value *v = resolve_name(eval, ref->root, ref->root_range, steps, n, NULL);
		eval->diags = before;
		bool failed = diags_has_errors(&silent);
		diags_release(&silent);
		if (!v)
			return;
		if (!failed) {
			AUTO_BUF struct buf text = BUF_INIT;
			print_reference(ref, steps, n, eval, &text);
			buf_addc(&text, ' ');
			describe(v, eval, &text);
			if (!said_before(notes, buf_text(&text)))
				diag_add_note(eval->diags, notes->diag, SRC_NOWHERE, "%s", buf_text(&text));
			return;
		}
	}
}

void note_names(struct eval *eval, struct diag *diag, const struct expr *expr)
{
	if (eval->quiet || eval->depth >= EVAL_MOST_DEPTH)
		return;
	struct notes notes = {eval, diag, diag->note_count};
	eval->quiet++;
	expr_walk_refs(expr, add_note, &notes);
	eval->quiet--;
}

struct diag *eval_error(struct eval *eval, const struct expr *expr, struct src_range subject, const char *summary,
			const char *detail, ...)
{
	va_list args;
	va_start(args, detail);
	const char *text = arena_vprintf(eval->diags->arena, detail, args);
	va_end(args);
	struct diag *diag = diag_error(eval->diags, subject, summary, "%s", text);
	if (expr)
		note_names(eval, diag, expr);
	return diag;
}
