/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rest protocols: members stand in the path ("/{Bucket}/{Key+}", "+" keeps slashes), the query,
 * headers, the status, and the body, which is JSON or XML, or one member's bytes ("payload").
 */
#include "aws/protocol_internal.h"
#include "aws/sigv4.h"
#include "aws/xml.h"
#include "base/digest.h"
#include "base/vec.h"
#include "lang/value/json.h"

#include <string.h>

void header_add(struct arena *arena, struct header_list *list, const char *name, const char *value)
{
	if (list->count == list->cap) {
		struct http_header *old = list->items;
		list->cap = list->cap ? list->cap * 2 : 8;
		list->items = arena_array_of(arena, list->cap, struct http_header);
		if (old)
			memcpy(list->items, old, list->count * sizeof(*old));
	}
	list->items[list->count++] = (struct http_header){name, value};
}

static bool has_header(const struct header_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++) {
		if (!strcasecmp(list->items[i].name, name))
			return true;
	}
	return false;
}

static bool is_json(const struct aws_operation *op)
{
	return aws_operation_service(op)->protocol == AWS_REST_JSON;
}

static bool is_bytes(const struct aws_shape *shape)
{
	return shape->kind == AWS_BLOB || shape->kind == AWS_STRING || shape->kind == AWS_ENUM;
}

static const struct aws_member *member_at(const struct aws_shape *shape, enum aws_location location, const char *wire,
					  size_t len)
{
	for (size_t i = 0; shape && i < shape->count; i++) {
		const struct aws_member *member = &aws_members[shape->first + i];
		const char *text = aws_text(member->wire);
		if (member->location == location && !strncmp(text, wire, len) && !text[len])
			return member;
	}
	return NULL;
}

static const struct aws_member *payload_of(const struct aws_shape *shape)
{
	return shape && shape->payload ? aws_member_find(shape, aws_text(shape->payload)) : NULL;
}

static bool has_body_members(const struct aws_shape *shape)
{
	return shape && shape->body_count > 0;
}

/* ---- parts of a message, written ---- */

static void add_query_pair(struct buf *query, const char *name, const char *value, size_t len)
{
	if (query->len)
		buf_addc(query, '&');
	sigv4_escape(name, strlen(name), false, query);
	buf_addc(query, '=');
	sigv4_escape(value, len, false, query);
}

static void write_query(struct buf *query, const char *name, const struct aws_node *node)
{
	if (node->shape->kind == AWS_LIST) {
		for (size_t i = 0; i < node->count; i++)
			write_query(query, name, node->items[i]);
	} else if (node->shape->kind == AWS_MAP) {
		for (size_t i = 0; i < node->count; i++)
			write_query(query, node->entries[i].key, node->entries[i].node);
	} else {
		AUTO_BUF struct buf text = BUF_INIT;
		node_text(node, AWS_TIME_ISO8601, &text);
		add_query_pair(query, name, buf_text(&text), text.len);
	}
}

static void header_text(const struct aws_node *node, struct buf *out)
{
	if (node->shape->kind == AWS_LIST) {
		for (size_t i = 0; i < node->count; i++) {
			AUTO_BUF struct buf item = BUF_INIT;
			header_text(node->items[i], &item);
			buf_adds(out, i ? "," : "");
			if (strpbrk(buf_text(&item), ",\"")) {
				buf_addc(out, '"');
				for (const char *p = buf_text(&item); *p; p++) {
					if (*p == '"' || *p == '\\')
						buf_addc(out, '\\');
					buf_addc(out, *p);
				}
				buf_addc(out, '"');
			} else {
				buf_adds(out, buf_text(&item));
			}
		}
		return;
	}
	node_text(node, AWS_TIME_RFC822, out);
}

/* A line break in a header would smuggle in another one. */
static bool is_safe_header(const char *value)
{
	for (; *value; value++) {
		if ((unsigned char)*value < ' ' && *value != '\t')
			return false;
	}
	return true;
}

static void write_headers(struct arena *arena, const struct aws_node *node, struct header_list *out, struct buf *why)
{
	for (size_t i = 0; i < node->count; i++) {
		const struct aws_member *member = node->fields[i].member;
		const struct aws_node *inner = node->fields[i].node;
		AUTO_BUF struct buf text = BUF_INIT;
		if (member->location == AWS_IN_HEADERS) {
			for (size_t k = 0; k < inner->count; k++) {
				buf_clear(&text);
				node_text(inner->entries[k].node, AWS_TIME_RFC822, &text);
				const char *name =
					arena_printf(arena, "%s%s", aws_text(member->wire), inner->entries[k].key);
				if (!is_safe_header(buf_text(&text)) || !is_safe_header(name))
					buf_addf(why, "%s%s.%s has a control character.", why->len ? "\n" : "",
						 aws_text(member->name), inner->entries[k].key);
				header_add(arena, out, name, buf_copy(&text, arena));
			}
			continue;
		}
		if (member->location != AWS_IN_HEADER || (inner->shape->kind == AWS_LIST && inner->count == 0))
			continue;
		if (member->flags & AWS_MEMBER_JSON) {
			base64_encode(BASE64_STANDARD, inner->text, inner->count, &text);
		} else {
			header_text(inner, &text);
		}
		if (!is_safe_header(buf_text(&text)))
			buf_addf(why, "%s%s has a control character.", why->len ? "\n" : "", aws_text(member->name));
		header_add(arena, out, aws_text(member->wire), buf_copy(&text, arena));
	}
}

/* Text or bytes of a payload member. */
static void payload_bytes(const struct aws_node *node, struct buf *out)
{
	if (node->shape->kind != AWS_BLOB)
		buf_add(out, node->text, node->count);
	else if (!base64_decode(BASE64_STANDARD, node->text, node->count, out))
		bug("a blob was not checked");
}

/*
 * The body, and its content type where there is one. `root` is the element of a body of members,
 * which `always` is there when the shape has some.
 */
static const char *write_body(const struct aws_operation *op, const struct aws_shape *shape, const struct aws_node *node,
			      const char *root, bool always, struct buf *body)
{
	const char *xmlns = aws_operation_service(op)->xmlns ? aws_text(aws_operation_service(op)->xmlns) : NULL;
	const struct aws_member *payload = payload_of(shape);
	if (payload) {
		const struct aws_node *inner = aws_node_field(node, payload);
		if (inner && is_bytes(inner->shape)) {
			payload_bytes(inner, body);
			return is_json(op) ? "application/octet-stream" : NULL;
		}
		if (inner && is_json(op))
			json_encode(inner, body);
		else if (inner)
			xml_encode(inner, aws_text(payload->wire), xmlns, false, body);
		else if (is_json(op) && !is_bytes(aws_member_shape(payload)))
			buf_adds(body, "{}");
	} else if (is_json(op)) {
		if (has_body_members(shape))
			json_encode(node, body);
	} else {
		AUTO_BUF struct buf members = BUF_INIT;
		xml_encode_members(node, false, &members);
		if (members.len || (always && has_body_members(shape))) {
			buf_addf(body, "<%s xmlns=\"%s\">", root, xmlns ? xmlns : "");
			buf_add(body, buf_text(&members), members.len);
			buf_addf(body, "</%s>", root);
		}
	}
	return !body->len ? NULL : is_json(op) ? "application/json" : "application/xml";
}

/* ---- requests ---- */

/* Route 53 hands out ids as "/hostedzone/Z123" and wants them as "Z123" (botocore: fix_route53_ids). */
static const char *label_text(const struct aws_operation *op, const char *text)
{
	const char *slash = strrchr(text, '/');
	if (slash && text[0] == '/' && !strcmp(aws_text(aws_operation_service(op)->name), "route53"))
		return slash + 1;
	return text;
}

/* Fills the names in braces of a path or host name. False where one is missing or empty. */
static bool fill_labels(const struct aws_operation *op, const struct aws_node *input, const char *form, size_t len,
			bool escape, struct buf *out, struct buf *why)
{
	const struct aws_shape *shape = aws_shape_at(op->input);
	const char *end = form + len;
	while (form < end) {
		const char *close = *form == '{' ? memchr(form, '}', (size_t)(end - form)) : NULL;
		if (!close) {
			buf_addc(out, *form++);
			continue;
		}
		bool greedy = close[-1] == '+';
		const char *name = form + 1;
		size_t name_len = (size_t)(close - name) - greedy;
		const struct aws_member *member = member_at(shape, AWS_IN_URI, name, name_len);
		if (!member)
			member = member_at(shape, AWS_IN_HEADER, name, name_len);
		const struct aws_node *node = member && input ? aws_node_field(input, member) : NULL;
		AUTO_BUF struct buf text = BUF_INIT;
		if (node)
			node_text(node, AWS_TIME_ISO8601, &text);
		if (!text.len) {
			buf_addf(why, "%s%.*s must not be empty.", why->len ? "\n" : "", (int)name_len, name);
			return false;
		}
		const char *label = label_text(op, buf_text(&text));
		if (escape)
			sigv4_escape(label, strlen(label), greedy, out);
		else
			buf_adds(out, label);
		form = close + 1;
	}
	return true;
}

bool rest_encode_request(struct arena *arena, const struct aws_operation *op, const struct aws_node *input,
			 bool body_elsewhere, struct aws_request *out, struct buf *why)
{
	const struct aws_shape *shape = aws_shape_at(op->input);
	const char *uri = aws_text(op->uri);
	size_t path_len = strcspn(uri, "?");
	AUTO_BUF struct buf path = BUF_INIT, query = BUF_INIT, body = BUF_INIT;
	struct header_list headers = {0};
	if (!fill_labels(op, input, uri, path_len, true, &path, why))
		return false;
	if (uri[path_len])
		buf_adds(&query, uri + path_len + 1);
	const char *type = NULL;
	if (input) {
		for (size_t i = 0; i < input->count; i++) {
			if (input->fields[i].member->location == AWS_IN_QUERY)
				write_query(&query, aws_text(input->fields[i].member->wire), input->fields[i].node);
		}
		write_headers(arena, input, &headers, why);
		if (!body_elsewhere)
			type = write_body(op, shape, input, op->root ? aws_text(op->root) : aws_text(shape->name), false,
					  &body);
	}
	if (why->len)
		return false;
	if (type && !has_header(&headers, "Content-Type"))
		header_add(arena, &headers, "Content-Type", type);
	if (op->flags & AWS_OP_CHECKSUM && !has_header(&headers, "Content-MD5")) {
		unsigned char digest[DIGEST_MAX];
		AUTO_BUF struct buf text = BUF_INIT;
		digest_bytes(DIGEST_MD5, buf_text(&body), body.len, digest);
		base64_encode(BASE64_STANDARD, digest, digest_size(DIGEST_MD5), &text);
		header_add(arena, &headers, "Content-MD5", buf_copy(&text, arena));
	}
	out->path = buf_copy(&path, arena);
	out->query = buf_copy(&query, arena);
	out->headers = headers.items;
	out->header_count = headers.count;
	out->body = buf_copy(&body, arena);
	out->body_len = body.len;
	if (op->host) {
		AUTO_BUF struct buf host = BUF_INIT;
		if (!fill_labels(op, input, aws_text(op->host), strlen(aws_text(op->host)), false, &host, why))
			return false;
		out->host_prefix = buf_copy(&host, arena);
	}
	return true;
}

/* ---- parts of a message, read ---- */

static const char *find_header(const struct http_header *headers, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++) {
		if (!strcasecmp(headers[i].name, name))
			return headers[i].value;
	}
	return NULL;
}

/* "a, b,\"c,d\"" split; items are trimmed. */
static const struct value *read_header_list(struct answer *answer, const struct aws_shape *shape, const char *text)
{
	VEC(const struct value *) items = {0};
	const struct aws_shape *element = &aws_shapes[shape->element];
	while (*text && !answer->failed) {
		AUTO_BUF struct buf item = BUF_INIT;
		text += strspn(text, " \t,");
		if (!*text)
			break;
		if (*text == '"') {
			for (text++; *text && *text != '"'; text++) {
				if (*text == '\\' && text[1])
					text++;
				buf_addc(&item, *text);
			}
			text += strcspn(text, ",");
		} else {
			/* A date of RFC 822 has a comma of its own, behind the day's name. */
			size_t len = strcspn(text, ",");
			if (element->kind == AWS_TIMESTAMP && text[len] && element->time != AWS_TIME_ISO8601)
				len += 1 + strcspn(text + len + 1, ",");
			buf_add(&item, text, len);
			text += len;
			while (item.len && (item.ptr[item.len - 1] == ' ' || item.ptr[item.len - 1] == '\t'))
				item.ptr[--item.len] = '\0';
		}
		const struct value *value = answer_scalar(answer, element, buf_text(&item), item.len);
		if (value)
			vec_add(&items, value);
	}
	const struct value *value = answer->failed ? NULL : answer_list(answer, items.items, items.count);
	vec_free(&items);
	return value;
}

static const struct value *read_header(struct answer *answer, const struct aws_member *member, const char *text)
{
	const struct aws_shape *shape = aws_member_shape(member);
	if (member->flags & AWS_MEMBER_JSON) {
		AUTO_BUF struct buf json = BUF_INIT;
		if (!base64_decode(BASE64_STANDARD, text, strlen(text), &json))
			return answer_fail(answer, "the header %s is not base64", aws_text(member->wire));
		return value_string_n(answer->arena, buf_text(&json), json.len);
	}
	if (shape->kind == AWS_LIST)
		return read_header_list(answer, shape, text);
	if (shape->kind > AWS_BLOB && !*text)
		return NULL;
	return answer_scalar(answer, shape, text, strlen(text));
}

static const struct value *read_header_map(struct answer *answer, const struct aws_member *member,
					   const struct http_header *headers, size_t count)
{
	VEC(const char *) keys = {0};
	VEC(const struct value *) items = {0};
	const char *prefix = aws_text(member->wire);
	const struct aws_shape *shape = aws_member_shape(member);
	for (size_t i = 0; i < count && !answer->failed; i++) {
		if (strncasecmp(headers[i].name, prefix, strlen(prefix)) || !headers[i].name[strlen(prefix)])
			continue;
		const struct value *value =
			answer_scalar(answer, &aws_shapes[shape->element], headers[i].value, strlen(headers[i].value));
		if (value) {
			vec_add(&keys, headers[i].name + strlen(prefix));
			vec_add(&items, value);
		}
	}
	const struct value *value =
		answer->failed || !items.count ? NULL : answer_map(answer, shape, keys.items, items.items, items.count);
	vec_free(&keys);
	vec_free(&items);
	return value;
}

static void read_headers(struct answer *answer, const struct aws_shape *shape, const struct http_header *headers,
			 size_t count, const struct value **by_member)
{
	for (size_t i = 0; i < shape->count && !answer->failed; i++) {
		const struct aws_member *member = &aws_members[shape->first + i];
		if (member->location == AWS_IN_HEADERS) {
			by_member[i] = read_header_map(answer, member, headers, count);
		} else if (member->location == AWS_IN_HEADER) {
			const char *text = find_header(headers, count, aws_text(member->wire));
			if (text)
				by_member[i] = read_header(answer, member, text);
		}
	}
}

static bool read_xml_body(struct answer *answer, const struct aws_shape *shape, const char *body, size_t len,
			  const struct value **by_member)
{
	if (len == 0)
		return true;
	struct aws_xml *xml = aws_xml_open(body, len);
	bool done = false;
	if (aws_xml_next(xml) != AWS_XML_OPEN) {
		answer_fail(answer, "it is not well-formed XML: %s", aws_xml_error(xml));
	} else if (shape->body_count == 1) {
		/* GetBucketLocation: the root element is its only member. */
		const struct aws_member *only = &aws_members[shape->first + aws_members[shape->first].by_wire];
		const struct aws_shape *inner = aws_member_shape(only);
		if (inner->kind > AWS_MAP && !strcmp(aws_xml_name(xml), aws_text(only->wire))) {
			size_t text_len;
			if (aws_xml_next(xml) == AWS_XML_CLOSE) {
				const char *text = aws_xml_content(xml, &text_len);
				if (text_len)
					by_member[only - &aws_members[shape->first]] =
						answer_scalar(answer, inner, text, text_len);
			}
			done = true;
		}
	}
	if (!done && !answer->failed)
		xml_decode_members(answer, xml, shape, by_member);
	aws_xml_close(xml);
	return !answer->failed;
}

static bool read_body(struct answer *answer, const struct aws_operation *op, const struct aws_shape *shape,
		      const char *body, size_t len, const struct value **by_member)
{
	const struct aws_member *payload = payload_of(shape);
	if (!payload) {
		if (is_json(op))
			return !has_body_members(shape) || json_decode_members(answer, shape, body, len, by_member);
		return !has_body_members(shape) || read_xml_body(answer, shape, body, len, by_member);
	}
	const struct aws_shape *inner = aws_member_shape(payload);
	const struct value **slot = &by_member[payload - &aws_members[shape->first]];
	if (inner->kind != AWS_STRUCT) {
		if (len || payload->flags & AWS_MEMBER_STREAM)
			*slot = answer_bytes(answer, inner, body, len);
		return true;
	}
	if (inner->flags & AWS_SHAPE_EVENTS)
		return answer_fail(answer, "event streams are not supported");
	if (len == 0)
		return true;
	if (inner->flags & AWS_SHAPE_DOCUMENT) {
		AUTO_BUF struct buf why = BUF_INIT;
		*slot = value_from_json(answer->arena, body, len, &why);
		return *slot || answer_fail(answer, "it is not JSON: %s", buf_text(&why));
	}
	const struct value **inner_members = xcalloc(inner->count + 1, sizeof(*inner_members));
	bool ok = is_json(op) ? json_decode_members(answer, inner, body, len, inner_members)
			      : read_xml_body(answer, inner, body, len, inner_members);
	if (ok)
		*slot = answer_structure(answer, inner, inner_members);
	free(inner_members);
	return ok;
}

const struct value *rest_decode_answer(struct answer *answer, const struct aws_operation *op,
				       const struct http_response *response)
{
	const struct aws_shape *shape = aws_shape_at(op->output);
	if (!shape)
		return value_object(answer->arena, NULL, NULL, 0);
	const struct value **by_member = xcalloc(shape->count + 1, sizeof(*by_member));
	const struct value *value = NULL;
	read_headers(answer, shape, response->headers, response->header_count, by_member);
	for (size_t i = 0; i < shape->count; i++) {
		if (aws_members[shape->first + i].location == AWS_IN_STATUS)
			by_member[i] = value_int(answer->arena, response->status);
	}
	if (!answer->failed && read_body(answer, op, shape, response->body, response->body_len, by_member))
		value = answer_structure(answer, shape, by_member);
	free(by_member);
	return value;
}

/* ---- for servers ---- */

/* One part of a path, up to the next slash. */
struct part {
	const char *text;
	size_t len;
};

static struct part next_part(const char **at, const char *end)
{
	struct part part = {*at, 0};
	while (*at < end && **at != '/')
		(*at)++;
	part.len = (size_t)(*at - part.text);
	if (*at < end)
		(*at)++;
	return part;
}

typedef void (*label_fn)(void *ctx, const char *name, size_t name_len, const char *text, size_t len);

/* The number of literal parts plus one, where the path has the form of `uri`; 0 where not. */
static int match_path(const char *uri, const char *path, label_fn fn, void *ctx)
{
	const char *uri_end = uri + strcspn(uri, "?"), *path_end = path + strlen(path);
	int literal = 1;
	uri += *uri == '/';
	path += *path == '/';
	while (uri < uri_end) {
		if (path >= path_end)
			return 0;
		struct part form = next_part(&uri, uri_end);
		bool label = form.len > 2 && form.text[0] == '{' && form.text[form.len - 1] == '}';
		bool greedy = label && form.text[form.len - 2] == '+';
		struct part given = {path, (size_t)(path_end - path)};
		if (greedy && uri >= uri_end)
			path = path_end;
		else
			given = next_part(&path, path_end);
		if (label ? given.len == 0 : given.len != form.len || memcmp(given.text, form.text, form.len))
			return 0;
		if (label && fn)
			fn(ctx, form.text + 1, form.len - 2 - greedy, given.text, given.len);
		literal += !label;
	}
	return path < path_end ? 0 : literal;
}

static bool has_pair(const struct form_pair *pairs, size_t count, const char *name, const char *value)
{
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(pairs[i].name, name) && (!value || !strcmp(pairs[i].value, value)))
			return true;
	}
	return false;
}

/* How well a request fits an operation; 0: not at all. */
static int fitness(struct arena *arena, const struct aws_operation *op, const struct aws_incoming *in,
		   const struct form_pair *pairs, size_t pair_count)
{
	const char *uri = aws_text(op->uri);
	if (strcmp(aws_text(op->method), in->method))
		return 0;
	int fit = match_path(uri, in->path, NULL, NULL) * 100;
	const char *fixed = strchr(uri, '?');
	if (!fit)
		return 0;
	if (fixed) {
		size_t count;
		struct form_pair *wanted = form_parse(arena, fixed + 1, strlen(fixed + 1), &count);
		for (size_t i = 0; i < count; i++) {
			if (!strcmp(wanted[i].name, "x-id"))
				continue;
			if (!has_pair(pairs, pair_count, wanted[i].name, *wanted[i].value ? wanted[i].value : NULL))
				return 0;
			fit += 10;
		}
	}
	const struct aws_shape *shape = aws_shape_at(op->input);
	for (size_t i = 0; shape && i < shape->count; i++) {
		const struct aws_member *member = &aws_members[shape->first + i];
		if (!(member->flags & AWS_MEMBER_REQUIRED))
			continue;
		if (member->location == AWS_IN_QUERY || member->location == AWS_IN_HEADER) {
			bool there = member->location == AWS_IN_QUERY
					     ? has_pair(pairs, pair_count, aws_text(member->wire), NULL)
					     : find_header(in->headers, in->header_count, aws_text(member->wire)) != NULL;
			fit += there ? 2 : -5; /* another operation fits better, or its absence is to be told */
		}
	}
	return fit;
}

const struct aws_operation *rest_match(const struct aws_service *service, const struct aws_incoming *in)
{
	struct arena *arena = arena_new();
	size_t count;
	const struct form_pair *pairs = form_parse(arena, in->query, strlen(in->query), &count);
	const struct aws_operation *best = NULL;
	int best_fit = 0;
	for (size_t i = 0; i < service->operation_count; i++) {
		const struct aws_operation *op = &aws_operations[service->first_operation + i];
		int fit = fitness(arena, op, in, pairs, count);
		if (fit > best_fit) {
			best = op;
			best_fit = fit;
		}
	}
	arena_free(arena);
	return best;
}

struct label_reader {
	struct answer *answer;
	const struct aws_shape *shape;
	const struct value **by_member;
};

static void read_label(void *ctx, const char *name, size_t name_len, const char *text, size_t len)
{
	struct label_reader *reader = ctx;
	const struct aws_member *member = member_at(reader->shape, AWS_IN_URI, name, name_len);
	if (!member)
		return;
	/* "+" is itself in a path. */
	AUTO_BUF struct buf form = BUF_INIT;
	buf_adds(&form, "x=");
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '+')
			buf_adds(&form, "%2B");
		else if (text[i] == '&')
			buf_adds(&form, "%26");
		else
			buf_addc(&form, text[i]);
	}
	size_t count;
	const struct form_pair *pair = form_parse(reader->answer->arena, buf_text(&form), form.len, &count);
	reader->by_member[member - &aws_members[reader->shape->first]] =
		answer_scalar(reader->answer, aws_member_shape(member), pair->value, pair->value_len);
}

static const struct value *read_query_member(struct answer *answer, const struct aws_operation *op,
					     const struct aws_member *member, const struct form_pair *pairs,
					     size_t count)
{
	const struct aws_shape *shape = aws_member_shape(member);
	const char *name = aws_text(member->wire);
	VEC(const struct value *) items = {0};
	VEC(const char *) keys = {0};
	const struct value *value = NULL;
	if (answer->unknown)
		answer->at = aws_text(member->name);
	for (size_t i = 0; i < count && !answer->failed; i++) {
		if (shape->kind == AWS_MAP) {
			/* Every parameter that is nobody else's. */
			if (member_at(aws_shape_at(op->input), AWS_IN_QUERY, pairs[i].name, strlen(pairs[i].name)))
				continue;
			vec_add(&keys, pairs[i].name);
			vec_add(&items, value_string_n(answer->arena, pairs[i].value, pairs[i].value_len));
		} else if (!strcmp(pairs[i].name, name)) {
			const struct aws_shape *scalar = shape->kind == AWS_LIST ? &aws_shapes[shape->element] : shape;
			value = answer_scalar(answer, scalar, pairs[i].value, pairs[i].value_len);
			if (value)
				vec_add(&items, value);
		}
	}
	if (answer->failed || !items.count)
		value = NULL;
	else if (shape->kind == AWS_MAP)
		value = value_object(answer->arena, keys.items, items.items, items.count);
	else if (shape->kind == AWS_LIST)
		value = answer_list(answer, items.items, items.count);
	vec_free(&items);
	vec_free(&keys);
	return value;
}

/* Query parameters that are no member's and not the path's own. */
static void note_unknown_pairs(struct answer *answer, const struct aws_operation *op, const struct form_pair *pairs, size_t count)
{
	const struct aws_shape *shape = aws_shape_at(op->input);
	const char *mark = strchr(aws_text(op->uri), '?');
	size_t fixed_count = 0;
	const struct form_pair *fixed = mark ? form_parse(answer->arena, mark + 1, strlen(mark + 1), &fixed_count) : NULL;
	for (size_t i = 0; shape && i < shape->count; i++) {
		const struct aws_member *member = &aws_members[shape->first + i];
		if (member->location == AWS_IN_QUERY && aws_member_shape(member)->kind == AWS_MAP)
			return;
	}
	for (size_t i = 0; i < count; i++) {
		bool known = form_pair_is_envelope(&pairs[i]) || (shape && member_at(shape, AWS_IN_QUERY, pairs[i].name, strlen(pairs[i].name)));
		for (size_t f = 0; f < fixed_count && !known; f++)
			known = !strcmp(fixed[f].name, pairs[i].name);
		if (!known)
			answer_unknown(answer, pairs[i].name);
	}
}

const struct value *rest_decode_request(struct answer *answer, const struct aws_operation *op,
					const struct aws_incoming *in)
{
	const struct aws_shape *shape = aws_shape_at(op->input);
	if (!shape)
		return value_object(answer->arena, NULL, NULL, 0);
	const struct value **by_member = xcalloc(shape->count + 1, sizeof(*by_member));
	struct label_reader labels = {answer, shape, by_member};
	size_t count;
	const struct form_pair *pairs = form_parse(answer->arena, in->query, strlen(in->query), &count);
	match_path(aws_text(op->uri), in->path, read_label, &labels);
	note_unknown_pairs(answer, op, pairs, count);
	for (size_t i = 0; i < shape->count && !answer->failed; i++) {
		const struct aws_member *member = &aws_members[shape->first + i];
		if (member->location == AWS_IN_QUERY)
			by_member[i] = read_query_member(answer, op, member, pairs, count);
	}
	const struct value *value = NULL;
	if (!answer->failed)
		read_headers(answer, shape, in->headers, in->header_count, by_member);
	if (!answer->failed && read_body(answer, op, shape, in->body, in->body_len, by_member))
		value = answer_structure(answer, shape, by_member);
	free(by_member);
	return value;
}

void rest_encode_answer(struct arena *arena, const struct aws_operation *op, const struct aws_node *output,
			const char *request_id, struct aws_reply *out)
{
	AUTO_BUF struct buf body = BUF_INIT, why = BUF_INIT;
	struct header_list headers = {0};
	const struct aws_shape *shape = aws_shape_at(op->output);
	header_add(arena, &headers, is_json(op) ? "x-amzn-RequestId" : "x-amz-request-id", request_id);
	const char *type = NULL;
	if (output && shape) {
		write_headers(arena, output, &headers, &why);
		type = write_body(op, shape, output, aws_text(shape->wire ? shape->wire : shape->name), true, &body);
		for (size_t i = 0; i < output->count; i++) {
			if (output->fields[i].member->location == AWS_IN_STATUS)
				out->status = (unsigned)strtoul(output->fields[i].node->text, NULL, 10);
		}
	}
	if (type && !has_header(&headers, "Content-Type"))
		header_add(arena, &headers, "Content-Type", type);
	out->headers = headers.items;
	out->header_count = headers.count;
	out->body = buf_copy(&body, arena);
	out->body_len = body.len;
}
