/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The query protocol and EC2's variant of it: parameters in a form, nested by dots and numbers
 * ("Filter.1.Value.2"). Lists of the query protocol have a word between name and number
 * ("Tags.member.1"), EC2's have not; maps are "Name.entry.1.key" and "Name.entry.1.value".
 */
#include "aws/protocol_internal.h"
#include "aws/sigv4.h"
#include "base/vec.h"

#include <ctype.h>
#include <string.h>

struct writer {
	struct buf *out;
	struct buf name; /* of the parameter being written; cut back behind each */
	bool ec2;
};

static void write_node(struct writer *w, const struct aws_node *node, bool flat);

static void put_pair(struct buf *out, const char *name, const char *value, size_t len)
{
	if (out->len)
		buf_addc(out, '&');
	sigv4_escape(name, strlen(name), false, out);
	buf_addc(out, '=');
	sigv4_escape(value, len, false, out);
}

static void cut(struct buf *name, size_t len)
{
	name->len = len;
	if (name->ptr)
		name->ptr[len] = '\0';
}

static void write_structure(struct writer *w, const struct aws_node *node)
{
	size_t before = w->name.len;
	for (size_t i = 0; i < node->count; i++) {
		buf_addf(&w->name, "%s%s", before ? "." : "", aws_text(node->fields[i].member->query));
		write_node(w, node->fields[i].node, member_is_flat(node->fields[i].member));
		cut(&w->name, before);
	}
}

static void write_list(struct writer *w, const struct aws_node *node, bool flat)
{
	size_t before = w->name.len;
	const char *element = aws_text(node->shape->element_wire);
	if (!w->ec2 && node->count == 0) {
		/* An empty list is said by an empty parameter: "take all away". EC2 has no such word. */
		put_pair(w->out, buf_text(&w->name), "", 0);
		return;
	}
	AUTO_BUF struct buf kept = BUF_INIT;
	buf_adds(&kept, buf_text(&w->name));
	if (!w->ec2 && !flat) {
		buf_addf(&w->name, ".%s", *element ? element : "member");
	} else if (!w->ec2 && *element) {
		/* A flat list's elements are named in place of the list. */
		const char *dot = strrchr(buf_text(&w->name), '.');
		cut(&w->name, dot ? (size_t)(dot - w->name.ptr) + 1 : 0);
		buf_adds(&w->name, element);
	}
	size_t stem = w->name.len;
	for (size_t i = 0; i < node->count; i++) {
		buf_addf(&w->name, ".%zu", i + 1);
		write_node(w, node->items[i], node->items[i]->shape->flags & AWS_SHAPE_FLAT);
		cut(&w->name, stem);
	}
	buf_clear(&w->name);
	buf_adds(&w->name, buf_text(&kept));
	cut(&w->name, before);
}

static void write_map(struct writer *w, const struct aws_node *node, bool flat)
{
	size_t before = w->name.len;
	const char *key = node->shape->key_wire ? aws_text(node->shape->key_wire) : "key";
	const char *value = node->shape->element_wire ? aws_text(node->shape->element_wire) : "value";
	for (size_t i = 0; i < node->count; i++) {
		buf_addf(&w->name, "%s.%zu.", flat ? "" : ".entry", i + 1);
		size_t stem = w->name.len;
		buf_adds(&w->name, key);
		put_pair(w->out, buf_text(&w->name), node->entries[i].key, strlen(node->entries[i].key));
		cut(&w->name, stem);
		buf_adds(&w->name, value);
		write_node(w, node->entries[i].node, node->entries[i].node->shape->flags & AWS_SHAPE_FLAT);
		cut(&w->name, before);
	}
}

static void write_node(struct writer *w, const struct aws_node *node, bool flat)
{
	if (node->shape->kind == AWS_STRUCT) {
		write_structure(w, node);
	} else if (node->shape->kind == AWS_LIST) {
		write_list(w, node, flat);
	} else if (node->shape->kind == AWS_MAP) {
		write_map(w, node, flat);
	} else {
		AUTO_BUF struct buf text = BUF_INIT;
		node_text(node, AWS_TIME_ISO8601, &text);
		put_pair(w->out, buf_text(&w->name), buf_text(&text), text.len);
	}
}

void query_encode(const struct aws_operation *op, const struct aws_node *input, struct buf *out)
{
	const struct aws_service *service = aws_operation_service(op);
	struct writer w = {.out = out, .name = BUF_INIT, .ec2 = service->protocol == AWS_EC2};
	put_pair(out, "Action", aws_text(op->name), strlen(aws_text(op->name)));
	put_pair(out, "Version", aws_text(service->version), strlen(aws_text(service->version)));
	if (input)
		write_structure(&w, input);
	buf_release(&w.name);
}

/* ---- reading ---- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)tolower((unsigned char)c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static char *unescape(struct arena *arena, const char *text, size_t len, size_t *out_len)
{
	char *out = arena_alloc_text(arena, len + 1);
	size_t n = 0;
	for (size_t i = 0; i < len; i++) {
		int high, low;
		if (text[i] == '+') {
			out[n++] = ' ';
		} else if (text[i] == '%' && i + 2 < len && (high = hex_digit(text[i + 1])) >= 0 &&
			   (low = hex_digit(text[i + 2])) >= 0) {
			out[n++] = (char)(high << 4 | low);
			i += 2;
		} else {
			out[n++] = text[i];
		}
	}
	out[n] = '\0';
	*out_len = n;
	return out;
}

struct form_pair *form_parse(struct arena *arena, const char *text, size_t len, size_t *count)
{
	VEC(struct form_pair) pairs = {0};
	const char *end = text + len;
	while (text < end) {
		const char *next = memchr(text, '&', (size_t)(end - text));
		if (!next)
			next = end;
		const char *equals = memchr(text, '=', (size_t)(next - text));
		const char *name_end = equals ? equals : next;
		const char *value = equals ? equals + 1 : next;
		struct form_pair pair = {0};
		size_t name_len;
		pair.name = unescape(arena, text, (size_t)(name_end - text), &name_len);
		pair.value = unescape(arena, value, (size_t)(next - value), &pair.value_len);
		if (name_len)
			vec_add(&pairs, pair);
		text = next < end ? next + 1 : end;
	}
	struct form_pair *copy = vec_copy(&pairs, arena);
	*count = pairs.count;
	vec_free(&pairs);
	return copy;
}

bool form_pair_is_envelope(const struct form_pair *pair)
{
	return !strcmp(pair->name, "Action") || !strcmp(pair->name, "Version") || !strncmp(pair->name, "X-Amz-", 6);
}

struct reader {
	struct answer *answer;
	struct form_pair *pairs; /* sorted by name */
	size_t count;
	bool ec2;
};

static int by_name(const void *a, const void *b)
{
	const struct form_pair *x = a, *y = b;
	return strcmp(x->name, y->name);
}

/* The first pair whose name is not below `name`. */
static size_t lower_bound(const struct reader *r, const char *name)
{
	size_t low = 0, high = r->count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		if (strcmp(r->pairs[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static const struct form_pair *pair_at(const struct reader *r, const char *name)
{
	size_t i = lower_bound(r, name);
	if (i == r->count || strcmp(r->pairs[i].name, name) != 0)
		return NULL;
	r->pairs[i].read = true;
	return &r->pairs[i];
}

/* Whether there is a parameter of that name, or one below it. */
static bool is_there(const struct reader *r, struct buf *name)
{
	size_t i = lower_bound(r, buf_text(name));
	if (i < r->count && !strcmp(r->pairs[i].name, name->ptr))
		return true;
	size_t before = name->len;
	buf_addc(name, '.');
	i = lower_bound(r, buf_text(name));
	bool below = i < r->count && !strncmp(r->pairs[i].name, name->ptr, name->len);
	cut(name, before);
	return below;
}

static const struct value *read_node(struct reader *r, const struct aws_shape *shape, struct buf *name, bool flat,
				     unsigned depth);

static const struct value *read_structure(struct reader *r, const struct aws_shape *shape, struct buf *name,
					  unsigned depth)
{
	const struct value **by_member = xcalloc(shape->count + 1, sizeof(*by_member));
	size_t before = name->len;
	for (size_t i = 0; i < shape->count && !r->answer->failed; i++) {
		const struct aws_member *member = &aws_members[shape->first + i];
		bool flat = member_is_flat(member);
		buf_addf(name, "%s%s", before ? "." : "", aws_text(member->query));
		const struct aws_shape *inner = aws_member_shape(member);
		if (flat && !r->ec2 && inner->kind == AWS_LIST && inner->element_wire) {
			cut(name, before);
			buf_addf(name, "%s%s", before ? "." : "", aws_text(inner->element_wire));
		}
		if (r->answer->unknown)
			r->answer->at = aws_text(member->name);
		if (is_there(r, name))
			by_member[i] = read_node(r, inner, name, flat, depth + 1);
		cut(name, before);
	}
	const struct value *value = r->answer->failed ? NULL : answer_structure(r->answer, shape, by_member);
	free(by_member);
	return value;
}

static int by_size(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;
	return x < y ? -1 : x > y;
}

typedef VEC(unsigned) number_list;

/*
 * The numbers that stand behind a list's name. There may be gaps: an element that is an empty
 * structure leaves no trace.
 */
static void take_numbers(const struct reader *r, struct buf *name, number_list *out)
{
	size_t before = name->len;
	buf_addc(name, '.');
	for (size_t i = lower_bound(r, buf_text(name)); i < r->count; i++) {
		if (strncmp(r->pairs[i].name, name->ptr, name->len))
			break;
		char *end;
		const char *digits = r->pairs[i].name + name->len;
		unsigned long number = strtoul(digits, &end, 10);
		bool known = out->count && out->items[out->count - 1] == number;
		if (end != digits && number > 0 && number < UINT32_MAX && (*end == '.' || !*end) && !known)
			vec_add(out, (unsigned)number);
	}
	cut(name, before);
	if (out->count)
		qsort(out->items, out->count, sizeof(*out->items), by_size);
}

static const struct value *read_list(struct reader *r, const struct aws_shape *shape, struct buf *name, bool flat,
				     unsigned depth)
{
	VEC(const struct value *) items = {0};
	number_list numbers = {0};
	size_t before = name->len, i_empty = lower_bound(r, buf_text(name));
	if (i_empty < r->count && !strcmp(r->pairs[i_empty].name, name->ptr) && !r->pairs[i_empty].value_len)
		r->pairs[i_empty].read = true; /* "Tags=": an empty list */
	if (!r->ec2 && !flat)
		buf_addf(name, ".%s", shape->element_wire ? aws_text(shape->element_wire) : "member");
	size_t stem = name->len;
	take_numbers(r, name, &numbers);
	for (size_t i = 0; i < numbers.count && !r->answer->failed; i++) {
		buf_addf(name, ".%u", numbers.items[i]);
		const struct value *item = read_node(r, &aws_shapes[shape->element], name, false, depth + 1);
		cut(name, stem);
		if (item)
			vec_add(&items, item);
	}
	vec_free(&numbers);
	cut(name, before);
	const struct value *value = r->answer->failed ? NULL : answer_list(r->answer, items.items, items.count);
	vec_free(&items);
	return value;
}

static const struct value *read_map(struct reader *r, const struct aws_shape *shape, struct buf *name, bool flat,
				    unsigned depth)
{
	VEC(const struct value *) items = {0};
	VEC(const char *) keys = {0};
	size_t before = name->len;
	for (size_t i = 1; !r->answer->failed; i++) {
		buf_addf(name, "%s.%zu.%s", flat ? "" : ".entry", i,
			 shape->key_wire ? aws_text(shape->key_wire) : "key");
		const struct form_pair *key = pair_at(r, buf_text(name));
		cut(name, before);
		if (!key)
			break;
		buf_addf(name, "%s.%zu.%s", flat ? "" : ".entry", i,
			 shape->element_wire ? aws_text(shape->element_wire) : "value");
		const struct value *item =
			is_there(r, name) ? read_node(r, &aws_shapes[shape->element], name, false, depth + 1) : NULL;
		cut(name, before);
		if (item) {
			vec_add(&keys, key->value);
			vec_add(&items, item);
		}
	}
	const struct value *value =
		r->answer->failed ? NULL : answer_map(r->answer, shape, keys.items, items.items, items.count);
	vec_free(&items);
	vec_free(&keys);
	return value;
}

static const struct value *read_node(struct reader *r, const struct aws_shape *shape, struct buf *name, bool flat,
				     unsigned depth)
{
	if (depth > 40)
		return answer_fail(r->answer, "it is nested too deeply");
	if (shape->kind == AWS_STRUCT)
		return read_structure(r, shape, name, depth);
	if (shape->kind == AWS_LIST)
		return read_list(r, shape, name, flat, depth);
	if (shape->kind == AWS_MAP)
		return read_map(r, shape, name, flat, depth);
	const struct form_pair *pair = pair_at(r, buf_text(name));
	return pair ? answer_scalar(r->answer, shape, pair->value, pair->value_len) : NULL;
}

const struct value *query_decode(struct answer *answer, const struct aws_operation *op, const char *form, size_t len)
{
	struct reader r = {.answer = answer, .ec2 = aws_operation_service(op)->protocol == AWS_EC2};
	r.pairs = form_parse(answer->arena, form, len, &r.count);
	if (r.count)
		qsort(r.pairs, r.count, sizeof(*r.pairs), by_name);
	const struct aws_shape *input = aws_shape_at(op->input);
	AUTO_BUF struct buf name = BUF_INIT;
	const struct value *value = input ? read_structure(&r, input, &name, 0) : value_object(answer->arena, NULL, NULL, 0);
	for (size_t i = 0; i < r.count; i++) {
		if (!r.pairs[i].read && !form_pair_is_envelope(&r.pairs[i]))
			answer_unknown(answer, r.pairs[i].name);
	}
	return value;
}
