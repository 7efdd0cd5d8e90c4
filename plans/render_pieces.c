/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pieces of a change as text:
 *
 *       ~ tags = {
 *           ~ "Name" = "a" -> "b"
 *             # (1 unchanged element hidden)
 *         }
 */
#include "plans/render_internal.h"

#include "base/vec.h"
#include "lang/value/json.h"
#include "lang/value/unicode.h"

#include <string.h>

struct options {
	bool no_null;   /* "-> null" goes without saying */
	bool replace;   /* each of these forces replacement */
	bool no_replace; /* it is said further out */
	bool all;       /* unchanged members are shown, too */
};

static void print(const struct piece_style *s, const struct piece *piece, size_t indent, struct options o);

/* ---- small parts ---- */

const char *tint(bool color, enum tint which)
{
	static const char *const codes[] = {
		[TINT_NONE] = "\033[0m",    [TINT_BOLD] = "\033[1m", [TINT_RED] = "\033[31m", [TINT_GREEN] = "\033[32m",
		[TINT_YELLOW] = "\033[33m", [TINT_CYAN] = "\033[36m", [TINT_GREY] = "\033[90m",
	};
	return color ? codes[which] : "";
}

static void add_tinted(const struct piece_style *s, enum tint which, const char *text)
{
	buf_adds(s->out, tint(s->color, which));
	buf_adds(s->out, text);
	buf_adds(s->out, tint(s->color, TINT_NONE));
}

void sign_print(enum plan_action action, bool color, struct buf *out)
{
	const char *none = tint(color, TINT_NONE), *red = tint(color, TINT_RED), *green = tint(color, TINT_GREEN);
	switch (action) {
	case PLAN_NOOP:
		buf_adds(out, "   ");
		return;
	case PLAN_CREATE:
		buf_addf(out, "  %s+%s", green, none);
		return;
	case PLAN_READ:
		buf_addf(out, " %s<=%s", tint(color, TINT_CYAN), none);
		return;
	case PLAN_UPDATE:
		buf_addf(out, "  %s~%s", tint(color, TINT_YELLOW), none);
		return;
	case PLAN_DELETE:
		buf_addf(out, "  %s-%s", red, none);
		return;
	case PLAN_DELETE_THEN_CREATE:
		buf_addf(out, "%s-%s/%s+%s", red, none, green, none);
		return;
	case PLAN_CREATE_THEN_DELETE:
		buf_addf(out, "%s+%s/%s-%s", green, none, red, none);
		return;
	case PLAN_FORGET:
		buf_addf(out, " %s.%s", red, none);
		return;
	}
}

static void add_sign(const struct piece_style *s, enum plan_action action)
{
	if (s->no_signs)
		return;
	sign_print(action, s->color, s->out);
	buf_addc(s->out, ' ');
}

static void add_indent(const struct piece_style *s, size_t indent)
{
	buf_add_repeated(s->out, ' ', 4 * indent);
}

static void end_line(const struct piece_style *s, size_t indent, char bracket)
{
	add_indent(s, indent);
	add_sign(s, PLAN_NOOP);
	buf_addc(s->out, bracket);
}

static void add_null(const struct piece_style *s, enum plan_action action, struct options o)
{
	if (action == PLAN_DELETE && !o.no_null)
		add_tinted(s, TINT_GREY, " -> null");
}

static void add_replace(const struct piece_style *s, bool replace, struct options o)
{
	if ((replace || o.replace) && !o.no_replace)
		buf_addf(s->out, " %s# forces replacement%s", tint(s->color, TINT_RED), tint(s->color, TINT_NONE));
}

static void add_hidden(const struct piece_style *s, size_t indent, size_t count, const char *what)
{
	if (!count)
		return;
	add_indent(s, indent);
	add_sign(s, PLAN_NOOP);
	buf_addf(s->out, "%s# (%zu unchanged %s%s hidden)%s\n", tint(s->color, TINT_GREY), count, what, count == 1 ? "" : "s",
		 tint(s->color, TINT_NONE));
}

const char *piece_name(struct arena *arena, const char *name)
{
	AUTO_BUF struct buf text = BUF_INIT;
	value_print_key(name, &text);
	if (*buf_text(&text) != '"')
		return name;
	buf_clear(&text);
	value_print_shown(name, strlen(name), &text);
	return buf_copy(&text, arena);
}

static const char *quoted_name(struct arena *arena, const char *name)
{
	AUTO_BUF struct buf text = BUF_INIT;
	value_print_shown(name, strlen(name), &text);
	return buf_copy(&text, arena);
}

static size_t characters(const char *text)
{
	size_t n = 0;
	for (; *text; text++)
		n += ((unsigned char)*text & 0xC0) != 0x80;
	return n;
}

static void add_padded(const struct piece_style *s, const char *name, size_t width)
{
	buf_adds(s->out, name);
	size_t n = characters(name);
	if (n < width)
		buf_add_repeated(s->out, ' ', width - n);
}

/* What passes on to the members. */
static struct options inherit(struct options o)
{
	return (struct options){.no_null = o.no_null, .all = o.all};
}

/* A change of what may be shown comes with a warning above its line. */
static void add_warning(const struct piece_style *s, const struct piece *piece, size_t indent)
{
	if ((piece->kind != PIECE_SENSITIVE && piece->kind != PIECE_SENSITIVE_BLOCK) || piece->was_sensitive == piece->is_sensitive ||
	    piece->inner->action == PLAN_CREATE || piece->inner->action == PLAN_DELETE)
		return;
	bool block = piece->kind == PIECE_SENSITIVE_BLOCK;
	const char *what = block ? "block" : "attribute value";
	const char *yellow = tint(s->color, TINT_YELLOW), *none = tint(s->color, TINT_NONE);
	add_indent(s, indent);
	buf_addf(s->out, "  # %sWarning%s: this %s will %s marked as sensitive%s\n", yellow, none, what,
		 piece->was_sensitive ? "no longer be" : "be", piece->was_sensitive ? "" : " and will not");
	add_indent(s, indent);
	buf_addf(s->out, "  # %safter applying this change.%s\n", piece->was_sensitive ? "" : "display in UI output ",
		 !block && piece->inner->action == PLAN_NOOP ? " The value is unchanged." : "");
}

/* ---- scalars ---- */

struct line {
	const char *text;
	size_t len;
};

static bool same_lines(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	return x->len == y->len && !memcmp(x->text, y->text, x->len);
}

static bool is_text(const struct value *v)
{
	return v && v->type->kind == TYPE_STRING;
}

static bool has_lines(const struct value *v)
{
	return is_text(v) && v->count && memchr(v->text, '\n', v->count);
}

/* The JSON document that a string holds, or NULL. */
static const struct value *json_of(struct arena *arena, const struct value *v)
{
	if (!is_text(v) || !v->count || (*v->text != '{' && *v->text != '['))
		return NULL;
	AUTO_BUF struct buf why = BUF_INIT;
	return value_from_json(arena, v->text, v->count, &why);
}

static void add_simple(const struct piece_style *s, const struct value *v)
{
	if (!v)
		add_tinted(s, TINT_GREY, "null");
	else if (v->type->kind == TYPE_BOOL)
		buf_adds(s->out, v->boolean ? "true" : "false");
	else if (v->type->kind == TYPE_NUMBER)
		number_add_text(v->number, s->out);
	else
		value_print_shown(v->text, v->count, s->out);
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The lines of a text without what is blank around it; one that has only one line stands as it is. */
static const void **split(struct arena *arena, const struct value *v, size_t *count)
{
	const char *text = v ? v->text : "null";
	size_t len = v ? v->count : 4;
	if (has_lines(v)) {
		while (len && is_blank(text[len - 1]))
			len--;
		while (len && is_blank(*text))
			text++, len--;
	}
	VEC(const void *) lines = {0};
	for (size_t start = 0; start <= len;) {
		const char *newline = len > start ? memchr(text + start, '\n', len - start) : NULL;
		size_t end = newline ? (size_t)(newline - text) : len;
		struct line *line = arena_new_of(arena, struct line);
		*line = (struct line){text + start, end - start};
		vec_add(&lines, line);
		start = end + 1;
	}
	const void **copy = vec_copy(&lines, arena);
	*count = lines.count;
	vec_free(&lines);
	return copy;
}

static void add_line(const struct piece_style *s, size_t indent, enum plan_action action, const struct line *line)
{
	add_indent(s, indent + 1);
	add_sign(s, action);
	buf_add(s->out, line->text, line->len);
	buf_addc(s->out, '\n');
}

/*
 * <<-EOT
 *       first
 *     - second
 *     + second, changed
 *   EOT
 */
static void print_heredoc(const struct piece_style *s, const struct piece *piece, size_t indent, struct options o)
{
	buf_adds(s->out, "<<-EOT");
	add_replace(s, piece->replace, o);
	buf_addc(s->out, '\n');
	struct item_lists lists = {.same = same_lines};
	if (piece->action != PLAN_UPDATE) {
		const struct value *v = piece->action == PLAN_DELETE ? piece->before : piece->after;
		lists.after = split(s->arena, v, &lists.after_count);
		for (size_t i = 0; i < lists.after_count; i++)
			add_line(s, indent, PLAN_NOOP, lists.after[i]);
	} else {
		lists.before = split(s->arena, piece->before, &lists.before_count);
		lists.after = split(s->arena, piece->after, &lists.after_count);
		struct item_pair *pairs = arena_array_of(s->arena, lists.before_count + lists.after_count, struct item_pair);
		size_t count = pair_items(s->arena, &lists, pairs);
		for (size_t i = 0; i < count; i++) {
			const struct line *before = pairs[i].before < 0 ? NULL : lists.before[pairs[i].before];
			const struct line *after = pairs[i].after < 0 ? NULL : lists.after[pairs[i].after];
			if (before && after && same_lines(before, after)) {
				add_line(s, indent, PLAN_NOOP, before);
				continue;
			}
			if (before)
				add_line(s, indent, PLAN_DELETE, before);
			if (after)
				add_line(s, indent, PLAN_CREATE, after);
		}
	}
	add_indent(s, indent);
	add_sign(s, PLAN_NOOP);
	buf_adds(s->out, "EOT");
	add_null(s, piece->action, o);
}

/*
 * jsonencode(
 *   ~ {
 *       ~ a = 1 -> 2
 *     }
 * )
 */
static void print_json(const struct piece_style *s, const struct piece *piece, const struct value *before, const struct value *after,
		       size_t indent, struct options o)
{
	const struct piece *inner =
		piece_of_json(s->arena, before, after, piece->action != PLAN_CREATE, piece->action != PLAN_DELETE);
	struct options inner_options = inherit(o);
	inner_options.no_null = true;
	bool blanks = inner->action == PLAN_NOOP && piece->action == PLAN_UPDATE;
	const char *note = "";
	if (blanks) { /* the document is the same, only written otherwise */
		note = piece->replace ? " # whitespace changes force replacement" : " # whitespace changes";
		inner_options.all = true;
	}
	AUTO_BUF struct buf text = BUF_INIT;
	struct piece_style nested = *s;
	nested.out = &text;
	print(&nested, inner, indent + 1, inner_options);
	if (!memchr(buf_text(&text), '\n', text.len)) {
		buf_addf(s->out, "jsonencode(%s)%s", buf_text(&text), note);
		if (!blanks)
			add_replace(s, piece->replace, o);
		return;
	}
	buf_addf(s->out, "jsonencode(%s\n", note);
	add_indent(s, indent + 1);
	add_sign(s, piece->action == PLAN_UPDATE && !blanks ? PLAN_UPDATE : PLAN_NOOP);
	buf_add(s->out, text.ptr, text.len);
	if (!blanks)
		add_replace(s, piece->replace, o);
	buf_addc(s->out, '\n');
	end_line(s, indent, ')');
	add_null(s, piece->action, o);
}

static void print_text(const struct piece_style *s, const struct piece *piece, size_t indent, struct options o)
{
	const struct value *before = piece->before, *after = piece->after;
	const struct value *one = piece->action == PLAN_DELETE ? before : after;
	if (piece->action == PLAN_UPDATE) {
		const struct value *old = json_of(s->arena, before), *new = json_of(s->arena, after);
		if (old && new) {
			print_json(s, piece, old, new, indent, o);
		} else if (old || new) {
			struct piece was = {.kind = PIECE_SCALAR, .action = PLAN_DELETE, .before = before};
			struct piece is = {.kind = PIECE_SCALAR, .action = PLAN_CREATE, .after = after};
			struct piece both = {.kind = PIECE_OTHER_TYPE, .action = PLAN_UPDATE, .inner = &was, .second = &is};
			print(s, &both, indent, o);
		} else if (has_lines(before) || has_lines(after)) {
			print_heredoc(s, piece, indent, o);
		} else {
			add_simple(s, before);
			add_tinted(s, TINT_YELLOW, " ->");
			buf_addc(s->out, ' ');
			add_simple(s, after);
			add_replace(s, piece->replace, o);
		}
		return;
	}
	const struct value *json = json_of(s->arena, one);
	if (json) {
		bool made = piece->action == PLAN_CREATE, gone = piece->action == PLAN_DELETE;
		print_json(s, piece, made ? NULL : json, gone ? NULL : json, indent, o);
	} else if (has_lines(one)) {
		print_heredoc(s, piece, indent, o);
	} else {
		add_simple(s, one);
		if (one)
			add_null(s, piece->action, o);
		add_replace(s, piece->replace, o);
	}
}

static void print_scalar(const struct piece_style *s, const struct piece *piece, size_t indent, struct options o)
{
	if (is_text(piece->before) || is_text(piece->after)) {
		print_text(s, piece, indent, o);
		return;
	}
	add_simple(s, piece->action == PLAN_CREATE ? piece->after : piece->before);
	if (piece->action == PLAN_UPDATE) {
		add_tinted(s, TINT_YELLOW, " ->");
		buf_addc(s->out, ' ');
		add_simple(s, piece->after);
	}
	add_null(s, piece->action, o);
	add_replace(s, piece->replace, o);
}

/* ---- members ---- */

/* These are always shown, with all that is in them: they say which object it is. */
static bool is_important(const char *name)
{
	return !strcmp(name, "id") || !strcmp(name, "name") || !strcmp(name, "tags");
}

static void print_named(const struct piece_style *s, const char *name, size_t width, const struct piece *item, size_t indent,
			struct options o)
{
	add_warning(s, item, indent);
	add_indent(s, indent);
	add_sign(s, item->action);
	add_padded(s, name, width);
	buf_adds(s->out, " = ");
	print(s, item, indent, o);
	buf_addc(s->out, '\n');
}

static const char **shown_names(const struct piece_style *s, const struct piece *piece, bool quoted, size_t *width)
{
	const char **names = arena_array_of(s->arena, piece->count, const char *);
	*width = 0;
	for (size_t i = 0; i < piece->count; i++) {
		names[i] = (quoted ? quoted_name : piece_name)(s->arena, piece->names[i]);
		size_t len = strlen(names[i]);
		if (len > *width)
			*width = len;
	}
	return names;
}

/* The attributes of an object or a block; returns with the note on the hidden ones printed. */
static void print_attributes(const struct piece_style *s, const struct piece *piece, size_t indent, struct options o, struct options inner)
{
	size_t width, hidden = 0;
	const char **names = shown_names(s, piece, false, &width);
	for (size_t i = 0; i < piece->count; i++) {
		struct options mine = inner;
		if (is_important(piece->names[i])) {
			mine.all = true;
		} else if (piece->items[i]->action == PLAN_NOOP && !o.all) {
			hidden++;
			continue;
		}
		print_named(s, names[i], width, piece->items[i], indent + 1, mine);
	}
	add_hidden(s, indent + 1, hidden, "attribute");
}

static void print_object(const struct piece_style *s, const struct piece *piece, size_t indent, struct options o)
{
	if (!piece->count) {
		buf_adds(s->out, "{}");
		add_null(s, piece->action, o);
		add_replace(s, piece->replace, o);
		return;
	}
	struct options inner = inherit(o);
	inner.no_null = true;
	buf_addc(s->out, '{');
	add_replace(s, piece->replace, o);
	buf_addc(s->out, '\n');
	print_attributes(s, piece, indent, o, inner);
	end_line(s, indent, '}');
	add_null(s, piece->action, o);
}

static void print_map(const struct piece_style *s, const struct piece *piece, size_t indent, struct options o)
{
	if (!piece->count) {
		buf_adds(s->out, "{}");
		add_null(s, piece->action, o);
		add_replace(s, piece->replace, o);
		return;
	}
	struct options inner = inherit(o);
	inner.no_null = piece->action == PLAN_DELETE;
	buf_addc(s->out, '{');
	add_replace(s, piece->replace, o);
	buf_addc(s->out, '\n');
	size_t width, hidden = 0;
	const char **names = shown_names(s, piece, true, &width);
	for (size_t i = 0; i < piece->count; i++) {
		if (piece->items[i]->action == PLAN_NOOP && !o.all) {
			hidden++;
			continue;
		}
		print_named(s, names[i], width, piece->items[i], indent + 1, inner);
		if (piece->items[i]->kind == PIECE_OBJECT) { /* maps of objects have commas, others none */
			s->out->ptr[s->out->len - 1] = ',';
			buf_addc(s->out, '\n');
		}
	}
	add_hidden(s, indent + 1, hidden, "element");
	end_line(s, indent, '}');
	add_null(s, piece->action, o);
}

static void print_item(const struct piece_style *s, const struct piece *item, size_t indent, struct options o)
{
	add_warning(s, item, indent);
	add_indent(s, indent);
	add_sign(s, item->action);
	print(s, item, indent, o);
	buf_adds(s->out, ",\n");
}

/* Lists show the item before and the item behind what changes, so that one sees where it is. */
static void print_list(const struct piece_style *s, const struct piece *piece, size_t indent, struct options o)
{
	bool context = piece->kind == PIECE_LIST;
	if (!piece->count) {
		buf_adds(s->out, "[]");
		add_null(s, piece->action, o);
		add_replace(s, piece->replace, o);
		return;
	}
	struct options inner = inherit(o), whole = inherit(o);
	inner.no_null = true;
	whole.all = true;
	buf_addc(s->out, '[');
	add_replace(s, piece->replace, o);
	buf_addc(s->out, '\n');
	size_t hidden = 0;
	bool next = false;
	for (size_t i = 0; i < piece->count; i++) {
		const struct piece *item = piece->items[i];
		if (item->action == PLAN_NOOP && !next && !o.all) {
			hidden++;
			continue;
		}
		next = false;
		if (!context) {
			print_item(s, item, indent + 1, inner);
			continue;
		}
		if (hidden) {
			add_hidden(s, indent + 1, hidden - 1, "element");
			print_item(s, piece->items[i - 1], indent + 1, whole);
		}
		hidden = 0;
		next = item->action != PLAN_NOOP;
		print_item(s, item, indent + 1, next ? inner : whole);
	}
	add_hidden(s, indent + 1, hidden, "element");
	end_line(s, indent, ']');
	add_null(s, piece->action, o);
}

/* ---- blocks ---- */

static bool print_block_of_group(const struct piece_style *s, const struct block_group *group, const char *label,
				 const struct piece *item, size_t indent, bool blank_line, struct options o)
{
	struct piece hiding;
	bool was = group->was_sensitive, is = group->is_sensitive;
	bool hide = item->action == PLAN_CREATE ? is : item->action == PLAN_DELETE ? was : was || is;
	if (hide) {
		hiding = (struct piece){.kind = PIECE_SENSITIVE_BLOCK, .action = item->action, .replace = item->replace,
					.was_sensitive = was, .is_sensitive = is, .inner = item};
		if (hiding.action == PLAN_NOOP && was != is)
			hiding.action = PLAN_UPDATE;
		item = &hiding;
	}
	if (item->action == PLAN_NOOP && !o.all)
		return false;
	if (blank_line)
		buf_addc(s->out, '\n');
	struct options inner = inherit(o);
	inner.replace = group->replace;
	add_warning(s, item, indent);
	add_indent(s, indent);
	add_sign(s, item->action);
	buf_adds(s->out, piece_name(s->arena, group->name));
	if (label)
		buf_addf(s->out, " %s", quoted_name(s->arena, label));
	buf_addc(s->out, ' ');
	print(s, item, indent, inner);
	buf_addc(s->out, '\n');
	return true;
}

static void print_block(const struct piece_style *s, const struct piece *piece, size_t indent, struct options o)
{
	if (!piece->count && !piece->group_count) {
		buf_adds(s->out, "{}");
		add_replace(s, piece->replace, o);
		return;
	}
	buf_addc(s->out, '{');
	add_replace(s, piece->replace, o);
	buf_addc(s->out, '\n');
	print_attributes(s, piece, indent, o, inherit(o));
	size_t hidden = 0;
	for (size_t i = 0; i < piece->group_count; i++) {
		const struct block_group *group = &piece->groups[i];
		bool shown = false;
		if (group->unknown) {
			struct piece unknown = {.kind = PIECE_UNKNOWN, .action = piece->action};
			shown = print_block_of_group(s, group, NULL, &unknown, indent + 1, piece->count > 0, o);
			hidden += !shown;
		}
		for (size_t k = 0; k < group->count; k++) {
			bool one = print_block_of_group(s, group, group->labels ? group->labels[k] : NULL, group->items[k], indent + 1,
							piece->count > 0 && !shown, o);
			shown |= one;
			hidden += !one;
		}
	}
	if (hidden)
		buf_addc(s->out, '\n');
	add_hidden(s, indent + 1, hidden, "block");
	end_line(s, indent, '}');
}

static void print_hidden_block(const struct piece_style *s, const struct piece *piece, size_t indent, struct options o)
{
	buf_addc(s->out, '{');
	add_replace(s, piece->replace, o);
	static const char *const lines[] = {"  # At least one attribute in this block is (or was) sensitive,",
					    "  # so its contents will not be displayed.", "}"};
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		buf_addc(s->out, '\n');
		add_indent(s, indent);
		add_sign(s, PLAN_NOOP);
		buf_adds(s->out, lines[i]);
	}
}

/* ---- all kinds ---- */

static void print(const struct piece_style *s, const struct piece *piece, size_t indent, struct options o)
{
	switch (piece->kind) {
	case PIECE_SCALAR:
		print_scalar(s, piece, indent, o);
		return;
	case PIECE_OBJECT:
		print_object(s, piece, indent, o);
		return;
	case PIECE_MAP:
		print_map(s, piece, indent, o);
		return;
	case PIECE_LIST:
	case PIECE_SET:
		print_list(s, piece, indent, o);
		return;
	case PIECE_BLOCK:
		print_block(s, piece, indent, o);
		return;
	case PIECE_UNREAD:
		buf_adds(s->out, "(not read yet)");
		return;
	case PIECE_UNKNOWN:
		if (piece->action != PLAN_CREATE && piece->inner) {
			struct options inner = inherit(o);
			inner.no_null = true;
			inner.no_replace = piece->replace;
			print(s, piece->inner, indent, inner);
			buf_adds(s->out, " -> ");
		}
		buf_adds(s->out, "(known after apply)");
		add_replace(s, piece->replace, o);
		return;
	case PIECE_SENSITIVE:
		buf_adds(s->out, "(sensitive value)");
		add_null(s, piece->action, o);
		add_replace(s, piece->replace, o);
		return;
	case PIECE_SENSITIVE_BLOCK:
		print_hidden_block(s, piece, indent, o);
		return;
	case PIECE_OTHER_TYPE:
		o.no_null = true;
		print(s, piece->inner, indent, o);
		add_tinted(s, TINT_YELLOW, " ->");
		buf_addc(s->out, ' ');
		print(s, piece->second, indent, o);
		return;
	case PIECE_WRITE_ONLY:
		buf_addf(s->out, "(%swrite-only attribute)", piece->is_sensitive ? "sensitive, " : "");
		add_null(s, piece->action, o);
		add_replace(s, piece->replace, o);
		return;
	}
}

void piece_print(const struct piece_style *style, const struct piece *piece, size_t indent)
{
	print(style, piece, indent, (struct options){.all = style->all});
}
