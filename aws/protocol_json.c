/* SPDX-License-Identifier: Apache-2.0 */
/* JSON bodies: those of the json protocols, and of rest-json. */
#include "aws/protocol_internal.h"
#include "lang/value/json.h"

#include <string.h>

static void write_node(const struct aws_node *node, struct buf *out);

static void write_structure(const struct aws_node *node, struct buf *out)
{
	bool first = true;
	buf_addc(out, '{');
	for (size_t i = 0; i < node->count; i++) {
		const struct aws_member *member = node->fields[i].member;
		if (member->location != AWS_IN_BODY)
			continue;
		const char *name = aws_text(member->wire);
		if (!first)
			buf_addc(out, ',');
		first = false;
		json_add_string(out, name, strlen(name), false);
		buf_addc(out, ':');
		write_node(node->fields[i].node, out);
	}
	buf_addc(out, '}');
}

static void write_node(const struct aws_node *node, struct buf *out)
{
	switch ((enum aws_kind)node->shape->kind) {
	case AWS_STRUCT:
		if (node->shape->flags & AWS_SHAPE_DOCUMENT)
			value_to_json(node->document, false, out);
		else
			write_structure(node, out);
		return;
	case AWS_LIST:
		buf_addc(out, '[');
		for (size_t i = 0; i < node->count; i++) {
			if (i)
				buf_addc(out, ',');
			write_node(node->items[i], out);
		}
		buf_addc(out, ']');
		return;
	case AWS_MAP:
		buf_addc(out, '{');
		for (size_t i = 0; i < node->count; i++) {
			if (i)
				buf_addc(out, ',');
			json_add_string(out, node->entries[i].key, strlen(node->entries[i].key), false);
			buf_addc(out, ':');
			write_node(node->entries[i].node, out);
		}
		buf_addc(out, '}');
		return;
	case AWS_ENUM:
	case AWS_STRING:
	case AWS_BLOB:
		json_add_string(out, node->text, node->count, false);
		return;
	case AWS_TIMESTAMP: {
		bool plain = node->shape->time == AWS_TIME_DEFAULT || node->shape->time == AWS_TIME_EPOCH;
		if (!plain)
			buf_addc(out, '"');
		node_text(node, AWS_TIME_EPOCH, out);
		if (!plain)
			buf_addc(out, '"');
		return;
	}
	case AWS_BOOLEAN:
	case AWS_INTEGER:
	case AWS_LONG:
	case AWS_FLOAT:
	case AWS_DOUBLE:
		buf_add(out, node->text, node->count);
		return;
	}
}

void json_encode(const struct aws_node *node, struct buf *out)
{
	write_node(node, out);
}

static const struct value *parse(struct answer *answer, const char *body, size_t len)
{
	AUTO_BUF struct buf why = BUF_INIT;
	const struct value *json = value_from_json(answer->arena, body, len, &why);
	if (!json)
		return answer_fail(answer, "it is not JSON: %s", buf_text(&why));
	return json;
}

bool json_decode_members(struct answer *answer, const struct aws_shape *shape, const char *body, size_t len,
			 const struct value **by_member)
{
	if (strspn(body, " \t\r\n") == len)
		return true;
	const struct value *json = parse(answer, body, len);
	if (!json)
		return false;
	if (value_is_null(json))
		return true;
	const struct value *value = answer_from_json(answer, shape, json);
	if (!value)
		return false;
	for (size_t i = 0; i < value->count; i++) {
		const struct aws_member *member = aws_member_find(shape, value_key_at(value, i));
		by_member[member - &aws_members[shape->first]] = value->items[i];
	}
	return true;
}

/* "com.amazon.coral#ThrottlingException:http://..." is "ThrottlingException". */
static const char *bare_code(struct arena *arena, const char *code)
{
	const char *hash = strrchr(code, '#');
	if (hash)
		code = hash + 1;
	return arena_strndup(arena, code, strcspn(code, ":;, "));
}

void json_decode_error(struct answer *answer, const struct aws_operation *op, const struct http_response *response,
		       struct aws_failure *out)
{
	const struct aws_service *service = aws_operation_service(op);
	const char *code = http_header_find(response, "x-amzn-errortype");
	const struct value *json = response->body_len ? parse(answer, response->body, response->body_len) : NULL;
	if (json && json->type->kind == TYPE_OBJECT) {
		static const char *const codes[] = {"__type", "code", "Code"};
		static const char *const messages[] = {"message", "Message", "errorMessage"};
		for (size_t i = 0; i < ARRAY_LEN(codes) && !code; i++)
			code = value_get_text(json, codes[i]);
		for (size_t i = 0; i < ARRAY_LEN(messages) && !*out->message; i++) {
			const char *message = value_get_text(json, messages[i]);
			if (message)
				out->message = message;
		}
	} else {
		json = NULL;
	}
	if (code)
		out->code = bare_code(answer->arena, code);
	const struct aws_shape *shape = aws_error_find(service, out->code);
	if (shape && json) {
		const struct value *fields = answer_from_json(answer, shape, json);
		if (fields)
			out->fields = fields;
	}
	/* Services that once spoke the query protocol keep its codes in a header: "Code;Sender". */
	const char *older = service->query_errors ? http_header_find(response, "x-amzn-query-error") : NULL;
	if (older && *older)
		out->code = bare_code(answer->arena, older);
}
