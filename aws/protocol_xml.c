/* SPDX-License-Identifier: Apache-2.0 */
/*
 * XML: the answers of ec2, query and rest-xml, and the requests of rest-xml.
 *
 * A list stands as an element around its members ("member", EC2 "item", or a name of its own), or
 * flat, as the list's own element repeated; a map as "entry" elements with "key" and "value".
 */
#include "aws/protocol_internal.h"
#include "aws/xml.h"
#include "base/vec.h"

#include <ctype.h>
#include <string.h>

/* ---- writing ---- */

static void write_node(const struct aws_node *node, const char *element, bool flat, bool ec2, struct buf *out);

static void add_open(const char *element, struct buf *out)
{
	buf_addc(out, '<');
	buf_adds(out, element);
	buf_addc(out, '>');
}

static void add_close(const char *element, struct buf *out)
{
	buf_adds(out, "</");
	buf_adds(out, element);
	buf_addc(out, '>');
}

static void open_element(const struct aws_node *node, const char *element, const char *xmlns, struct buf *out)
{
	buf_addc(out, '<');
	buf_adds(out, element);
	if (xmlns)
		buf_addf(out, " xmlns=\"%s\"", xmlns);
	if (node->shape->xmlns_prefix)
		buf_addf(out, " xmlns:%s=\"%s\"", aws_text(node->shape->xmlns_prefix),
			 aws_text(node->shape->xmlns_uri));
	for (size_t i = 0; node->shape->kind == AWS_STRUCT && i < node->count; i++) {
		if (!(node->fields[i].member->flags & AWS_MEMBER_ATTRIBUTE))
			continue;
		AUTO_BUF struct buf text = BUF_INIT;
		node_text(node->fields[i].node, AWS_TIME_ISO8601, &text);
		buf_addf(out, " %s=\"", aws_text(node->fields[i].member->wire));
		aws_xml_escape(buf_text(&text), text.len, out);
		buf_addc(out, '"');
	}
	buf_addc(out, '>');
}

void xml_encode_members(const struct aws_node *node, bool ec2, struct buf *out)
{
	for (size_t i = 0; i < node->count; i++) {
		const struct aws_member *member = node->fields[i].member;
		if (member->location != AWS_IN_BODY || member->flags & AWS_MEMBER_ATTRIBUTE)
			continue;
		write_node(node->fields[i].node, aws_text(member->wire), member_is_flat(member), ec2, out);
	}
}

static void write_list(const struct aws_node *node, const char *element, bool flat, bool ec2, struct buf *out)
{
	const char *own = aws_text(node->shape->element_wire);
	if (flat) {
		for (size_t i = 0; i < node->count; i++)
			write_node(node->items[i], *own ? own : element, false, ec2, out);
		return;
	}
	add_open(element, out);
	for (size_t i = 0; i < node->count; i++)
		write_node(node->items[i], *own ? own : ec2 ? "item" : "member", false, ec2, out);
	add_close(element, out);
}

static void write_map(const struct aws_node *node, const char *element, bool flat, bool ec2, struct buf *out)
{
	const char *key = node->shape->key_wire ? aws_text(node->shape->key_wire) : "key";
	const char *value = node->shape->element_wire ? aws_text(node->shape->element_wire) : "value";
	if (!flat)
		add_open(element, out);
	for (size_t i = 0; i < node->count; i++) {
		buf_addf(out, "<%s><%s>", flat ? element : "entry", key);
		aws_xml_escape(node->entries[i].key, strlen(node->entries[i].key), out);
		buf_addf(out, "</%s>", key);
		write_node(node->entries[i].node, value, false, ec2, out);
		buf_addf(out, "</%s>", flat ? element : "entry");
	}
	if (!flat)
		add_close(element, out);
}

static void write_node(const struct aws_node *node, const char *element, bool flat, bool ec2, struct buf *out)
{
	if (node->shape->kind == AWS_STRUCT) {
		xml_encode(node, element, NULL, ec2, out);
	} else if (node->shape->kind == AWS_LIST) {
		write_list(node, element, flat, ec2, out);
	} else if (node->shape->kind == AWS_MAP) {
		write_map(node, element, flat, ec2, out);
	} else {
		add_open(element, out);
		if (node->shape->kind == AWS_TIMESTAMP) /* nothing in a time is to be escaped */
			node_text(node, AWS_TIME_ISO8601, out);
		else
			aws_xml_escape(node->text, node->count, out);
		add_close(element, out);
	}
}

void xml_encode(const struct aws_node *node, const char *element, const char *xmlns, bool ec2, struct buf *out)
{
	open_element(node, element, xmlns, out);
	xml_encode_members(node, ec2, out);
	add_close(element, out);
}

/* ---- reading ---- */

/* Reads the element just opened, and its end. */
static const struct value *read_node(struct answer *answer, struct aws_xml *xml, const struct aws_shape *shape);

static const struct value *xml_failed(struct answer *answer, struct aws_xml *xml)
{
	return answer_fail(answer, "it is not well-formed XML: %s", aws_xml_error(xml));
}

static const struct value *read_scalar(struct answer *answer, struct aws_xml *xml, const struct aws_shape *shape)
{
	enum aws_xml_event event;
	while ((event = aws_xml_next(xml)) == AWS_XML_OPEN) {
		if (!aws_xml_skip(xml))
			return xml_failed(answer, xml);
	}
	if (event != AWS_XML_CLOSE)
		return xml_failed(answer, xml);
	size_t len;
	const char *text = aws_xml_content(xml, &len);
	bool textual = shape->kind == AWS_STRING || shape->kind == AWS_ENUM || shape->kind == AWS_BLOB;
	/* An empty number, bool or time is none. */
	if (!textual && len == 0)
		return NULL;
	return answer_scalar(answer, shape, text, len);
}

struct gathered {
	const struct aws_member *member; /* of a flat list or map */
	VEC(const struct value *) items;
	VEC(const char *) keys;
};

/* One entry of a map: the element just opened holds key and value. */
static bool read_entry(struct answer *answer, struct aws_xml *xml, const struct aws_shape *shape,
		       struct gathered *into)
{
	const char *key_name = shape->key_wire ? aws_text(shape->key_wire) : "key";
	const char *value_name = shape->element_wire ? aws_text(shape->element_wire) : "value";
	const char *key = NULL;
	const struct value *value = NULL;
	enum aws_xml_event event;
	while ((event = aws_xml_next(xml)) == AWS_XML_OPEN) {
		if (!strcmp(aws_xml_name(xml), key_name)) {
			const struct value *text = read_scalar(answer, xml, &aws_shapes[shape->key]);
			key = text ? text->text : NULL;
		} else if (!strcmp(aws_xml_name(xml), value_name)) {
			value = read_node(answer, xml, &aws_shapes[shape->element]);
		} else if (!aws_xml_skip(xml)) {
			break;
		}
		if (answer->failed)
			return false;
	}
	if (event != AWS_XML_CLOSE)
		return xml_failed(answer, xml);
	if (key && value) {
		vec_add(&into->keys, key);
		vec_add(&into->items, value);
	}
	return true;
}

static const struct value *read_list(struct answer *answer, struct aws_xml *xml, const struct aws_shape *shape)
{
	VEC(const struct value *) items = {0};
	enum aws_xml_event event;
	while ((event = aws_xml_next(xml)) == AWS_XML_OPEN) {
		const struct value *item = read_node(answer, xml, &aws_shapes[shape->element]);
		if (answer->failed)
			break;
		if (item)
			vec_add(&items, item);
	}
	if (event == AWS_XML_ERROR)
		xml_failed(answer, xml);
	const struct value *value = answer->failed ? NULL : answer_list(answer, items.items, items.count);
	vec_free(&items);
	return value;
}

static const struct value *read_map(struct answer *answer, struct aws_xml *xml, const struct aws_shape *shape)
{
	struct gathered entries = {0};
	enum aws_xml_event event;
	while ((event = aws_xml_next(xml)) == AWS_XML_OPEN) {
		if (!read_entry(answer, xml, shape, &entries))
			break;
	}
	if (event == AWS_XML_ERROR)
		xml_failed(answer, xml);
	const struct value *value = answer->failed ? NULL
						   : answer_map(answer, shape, entries.keys.items, entries.items.items,
								entries.items.count);
	vec_free(&entries.items);
	vec_free(&entries.keys);
	return value;
}

static void read_attributes(struct answer *answer, struct aws_xml *xml, const struct aws_shape *shape,
			    const struct value **by_member)
{
	for (size_t i = 0; i < shape->count; i++) {
		const struct aws_member *member = &aws_members[shape->first + i];
		if (!(member->flags & AWS_MEMBER_ATTRIBUTE))
			continue;
		const char *text = aws_xml_attribute(xml, aws_text(member->wire));
		if (text)
			by_member[i] = answer_scalar(answer, aws_member_shape(member), text, strlen(text));
	}
}

/* A flat list's element may carry its elements' name instead of the member's. */
static const struct aws_member *member_by_element(const struct aws_shape *shape, const char *name)
{
	for (size_t i = 0; i < shape->count; i++) {
		const struct aws_member *member = &aws_members[shape->first + i];
		const struct aws_shape *inner = aws_member_shape(member);
		if (inner->kind == AWS_LIST && inner->element_wire && member_is_flat(member) &&
		    !strcmp(aws_text(inner->element_wire), name))
			return member;
	}
	return NULL;
}

typedef VEC(struct gathered) gathered_list;

static struct gathered *gathered_for(gathered_list *lists, const struct aws_member *member)
{
	for (size_t i = 0; i < lists->count; i++) {
		if (lists->items[i].member == member)
			return &lists->items[i];
	}
	vec_add(lists, (struct gathered){.member = member});
	return &lists->items[lists->count - 1];
}

static void read_flat(struct answer *answer, struct aws_xml *xml, struct gathered *into)
{
	const struct aws_shape *shape = aws_member_shape(into->member);
	if (shape->kind == AWS_MAP) {
		read_entry(answer, xml, shape, into);
		return;
	}
	const struct value *item = read_node(answer, xml, &aws_shapes[shape->element]);
	if (item)
		vec_add(&into->items, item);
}

bool xml_decode_members(struct answer *answer, struct aws_xml *xml, const struct aws_shape *shape,
			const struct value **by_member)
{
	gathered_list flat = {0};
	enum aws_xml_event event;
	read_attributes(answer, xml, shape, by_member);
	while (!answer->failed && (event = aws_xml_next(xml)) != AWS_XML_CLOSE) {
		if (event != AWS_XML_OPEN) {
			xml_failed(answer, xml);
			break;
		}
		const char *name = aws_xml_name(xml);
		const struct aws_member *member = aws_member_by_wire(shape, name, strlen(name));
		if (!member)
			member = member_by_element(shape, name);
		if (!member) {
			if (!aws_xml_skip(xml))
				xml_failed(answer, xml);
		} else if (member_is_flat(member)) {
			read_flat(answer, xml, gathered_for(&flat, member));
		} else {
			by_member[member - &aws_members[shape->first]] =
				read_node(answer, xml, aws_member_shape(member));
		}
	}
	for (size_t i = 0; i < flat.count; i++) {
		struct gathered *g = &flat.items[i];
		const struct aws_shape *inner = aws_member_shape(g->member);
		if (!answer->failed)
			by_member[g->member - &aws_members[shape->first]] =
				inner->kind == AWS_MAP ? answer_map(answer, inner, g->keys.items, g->items.items,
								    g->items.count)
						       : answer_list(answer, g->items.items, g->items.count);
		vec_free(&g->items);
		vec_free(&g->keys);
	}
	vec_free(&flat);
	return !answer->failed;
}

static const struct value *read_structure(struct answer *answer, struct aws_xml *xml, const struct aws_shape *shape)
{
	const struct value **by_member = xcalloc(shape->count + 1, sizeof(*by_member));
	const struct value *value = NULL;
	if (xml_decode_members(answer, xml, shape, by_member))
		value = answer_structure(answer, shape, by_member);
	free(by_member);
	return value;
}

static const struct value *read_node(struct answer *answer, struct aws_xml *xml, const struct aws_shape *shape)
{
	if (shape->kind == AWS_STRUCT)
		return read_structure(answer, xml, shape);
	if (shape->kind == AWS_LIST)
		return read_list(answer, xml, shape);
	if (shape->kind == AWS_MAP)
		return read_map(answer, xml, shape);
	return read_scalar(answer, xml, shape);
}

/* Reads up to the opening of an element of that name, among the children of the one just opened. */
static bool enter(struct answer *answer, struct aws_xml *xml, const char *name)
{
	enum aws_xml_event event;
	while ((event = aws_xml_next(xml)) == AWS_XML_OPEN) {
		if (!strcmp(aws_xml_name(xml), name))
			return true;
		if (!aws_xml_skip(xml))
			break;
	}
	if (event == AWS_XML_ERROR)
		xml_failed(answer, xml);
	return false;
}

const struct value *xml_decode_answer(struct answer *answer, const struct aws_operation *op, const char *body,
				      size_t len)
{
	const struct aws_shape *output = aws_shape_at(op->output);
	if (!output)
		return value_object(answer->arena, NULL, NULL, 0);
	struct aws_xml *xml = aws_xml_open(body, len);
	const struct value *value = NULL;
	const struct value **by_member = xcalloc(output->count + 1, sizeof(*by_member));
	bool query = aws_operation_service(op)->protocol == AWS_QUERY;
	if (aws_xml_next(xml) != AWS_XML_OPEN)
		xml_failed(answer, xml);
	else if (!query || enter(answer, xml, aws_text(op->wrapper)))
		xml_decode_members(answer, xml, output, by_member);
	if (!answer->failed)
		value = answer_structure(answer, output, by_member);
	free(by_member);
	aws_xml_close(xml);
	return value;
}

/* ---- errors ---- */

/*
 *   query, rest-xml:  <ErrorResponse><Error><Code/><Message/>...</Error><RequestId/></ErrorResponse>
 *   s3:               <Error><Code/><Message/><RequestId/>...</Error>
 *   ec2:              <Response><Errors><Error><Code/><Message/></Error></Errors><RequestID/></Response>
 * So: whatever is called Error holds code and message, wherever it stands, and RequestId is anywhere.
 */
void xml_decode_error(struct answer *answer, const struct aws_operation *op, const char *body, size_t len,
		      struct aws_failure *out)
{
	const struct aws_service *service = aws_operation_service(op);
	struct aws_xml *xml = aws_xml_open(body, len);
	VEC(const char *) names = {0};
	VEC(const struct value *) texts = {0};
	bool in_error = false;
	unsigned error_depth = 0;
	enum aws_xml_event event;
	while ((event = aws_xml_next(xml)) == AWS_XML_OPEN || event == AWS_XML_CLOSE) {
		const char *name = aws_xml_name(xml);
		if (event == AWS_XML_OPEN) {
			if (!in_error && !strcmp(name, "Error")) {
				in_error = true;
				error_depth = aws_xml_depth(xml);
			}
			continue;
		}
		size_t text_len;
		const char *text = aws_xml_content(xml, &text_len);
		if (in_error && aws_xml_depth(xml) == error_depth) {
			vec_add(&names, arena_strdup(answer->arena, name));
			vec_add(&texts, value_string_n(answer->arena, text, text_len));
		}
		if (in_error && aws_xml_depth(xml) < error_depth)
			in_error = false;
		if (!strcasecmp(name, "RequestId") && text_len)
			out->request_id = arena_strndup(answer->arena, text, text_len);
	}
	for (size_t i = 0; i < names.count; i++) {
		if (!strcmp(names.items[i], "Code") && texts.items[i]->count)
			out->code = texts.items[i]->text;
		if (!strcasecmp(names.items[i], "Message"))
			out->message = texts.items[i]->text;
	}
	/* All that the error says beyond those: S3 tells "Endpoint", "BucketName", "Region" ... */
	const struct aws_shape *shape = aws_error_find(service, out->code);
	size_t kept = 0;
	for (size_t i = 0; i < names.count; i++) {
		const char *name = names.items[i];
		const struct aws_member *member = shape ? aws_member_by_wire(shape, name, strlen(name)) : NULL;
		if (!strcmp(name, "Code") || !strcasecmp(name, "Message"))
			continue;
		names.items[kept] = member ? aws_text(member->name) : name;
		texts.items[kept++] = texts.items[i];
	}
	out->fields = value_object(answer->arena, names.items, texts.items, kept);
	vec_free(&names);
	vec_free(&texts);
	aws_xml_close(xml);
}
