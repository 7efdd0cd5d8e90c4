/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/protocol.h"

#include "aws/protocol_internal.h"
#include "aws/retry.h"
#include "aws/time.h"
#include "aws/xml.h"
#include "lang/value/json.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void node_text(const struct aws_node *node, enum aws_time_format fallback, struct buf *out)
{
	if (node->shape->kind != AWS_TIMESTAMP) {
		buf_add(out, node->text, node->count);
		return;
	}
	char text[40];
	switch (node->shape->time ? (enum aws_time_format)node->shape->time : fallback) {
	case AWS_TIME_RFC822:
		aws_time_print_rfc822(node->ms, text);
		break;
	case AWS_TIME_EPOCH:
		aws_time_print_epoch(node->ms, text);
		break;
	case AWS_TIME_DEFAULT:
	case AWS_TIME_ISO8601:
		aws_time_print_exact(node->ms, text);
		break;
	}
	buf_adds(out, text);
}

bool member_is_flat(const struct aws_member *member)
{
	return member->flags & AWS_MEMBER_FLAT || aws_member_shape(member)->flags & AWS_SHAPE_FLAT;
}

static const struct value *empty_object(struct arena *arena)
{
	return value_object(arena, NULL, NULL, 0);
}

/* ---- requests ---- */

static void encode_json_request(struct arena *arena, const struct aws_operation *op, const struct aws_node *input,
				struct aws_request *out)
{
	const struct aws_service *service = aws_operation_service(op);
	AUTO_BUF struct buf body = BUF_INIT;
	struct header_list headers = {0};
	if (input)
		json_encode(input, &body);
	else
		buf_adds(&body, "{}");
	header_add(arena, &headers, "Content-Type",
		   arena_printf(arena, "application/x-amz-json-%s", aws_text(service->json)));
	header_add(arena, &headers, "X-Amz-Target",
		   arena_printf(arena, "%s.%s", aws_text(service->target), aws_text(op->name)));
	/* Asks for the error codes of the query protocol, which models and users know. */
	if (service->query_errors)
		header_add(arena, &headers, "x-amzn-query-mode", "true");
	out->headers = headers.items;
	out->header_count = headers.count;
	out->body = buf_copy(&body, arena);
	out->body_len = body.len;
}

static void encode_query_request(struct arena *arena, const struct aws_operation *op, const struct aws_node *input,
				 struct aws_request *out)
{
	AUTO_BUF struct buf body = BUF_INIT;
	struct header_list headers = {0};
	query_encode(op, input, &body);
	header_add(arena, &headers, "Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
	out->headers = headers.items;
	out->header_count = headers.count;
	out->body = buf_copy(&body, arena);
	out->body_len = body.len;
}

bool aws_encode_request(struct arena *arena, const struct aws_operation *op, const struct value *params,
			const struct aws_encode_options *options, struct aws_request *out, struct buf *why)
{
	static const struct aws_encode_options none;
	const struct aws_shape *shape = aws_shape_at(op->input);
	const struct aws_node *input = NULL;
	if (!options)
		options = &none;
	if (!params)
		params = empty_object(arena);
	if (shape) {
		input = aws_node_from(arena, shape, params, options->token, options->any_enum ? AWS_NODE_ANY_ENUM : 0,
				      why);
		if (!input)
			return false;
	} else if (params->count) {
		buf_addf(why, "%s takes no parameters.", aws_text(op->name));
		return false;
	}
	*out = (struct aws_request){
		.method = aws_text(op->method), .path = "/", .query = "", .body = "", .log = "{}"};
	AUTO_BUF struct buf log = BUF_INIT;
	if (input) {
		aws_node_describe(input, &log);
		out->log = buf_copy(&log, arena);
	}
	switch ((enum aws_protocol)aws_operation_service(op)->protocol) {
	case AWS_EC2:
	case AWS_QUERY:
		encode_query_request(arena, op, input, out);
		return true;
	case AWS_JSON:
		encode_json_request(arena, op, input, out);
		if (op->host)
			out->host_prefix = aws_text(op->host);
		return true;
	case AWS_REST_JSON:
	case AWS_REST_XML:
		return rest_encode_request(arena, op, input, options->body_elsewhere, out, why);
	}
	bug("unknown protocol");
}

/* ---- answers ---- */

/* The body is the user's bytes, whatever they look like. */
static bool carries_bytes(const struct aws_operation *op)
{
	const struct aws_shape *output = aws_shape_at(op->output);
	const struct aws_member *payload =
		output && output->payload ? aws_member_find(output, aws_text(output->payload)) : NULL;
	return payload && aws_member_shape(payload)->kind != AWS_STRUCT;
}

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t\r\n");
}

/*
 * Proxies and networks that want a sign-in answer for AWS, often with a status of 200. The content type does not tell:
 * test servers call their JSON text/html.
 */
static bool is_page(const struct http_response *response)
{
	const char *start = response->body_len ? skip_blanks(response->body) : "";
	return !strncasecmp(start, "<!doctype html", 14) || !strncasecmp(start, "<html", 5);
}

static const struct value *refuse_answer(struct answer *answer, const struct aws_operation *op, const struct http_response *response)
{
	if (!carries_bytes(op) && is_page(response))
		return answer_fail(answer, "it is a page for people (HTML), which AWS does not send; a proxy or a network that wants a sign-in may have");
	const struct aws_shape *output = aws_shape_at(op->output);
	bool blank = !response->body_len || !*skip_blanks(response->body);
	bool has_body = output && !output->payload && output->body_count && strcmp(aws_text(op->method), "HEAD") != 0;
	if (blank && has_body && aws_only_reads(op))
		return answer_fail(answer, "it is empty");
	return NULL;
}

static const struct value *decode_json_answer(struct answer *answer, const struct aws_operation *op,
					      const struct http_response *response)
{
	const struct aws_shape *shape = aws_shape_at(op->output);
	if (!shape)
		return empty_object(answer->arena);
	const struct value **by_member = xcalloc(shape->count + 1, sizeof(*by_member));
	const struct value *value = NULL;
	if (json_decode_members(answer, shape, response->body, response->body_len, by_member))
		value = answer_structure(answer, shape, by_member);
	free(by_member);
	return value;
}

const struct value *aws_decode_answer(struct arena *arena, const struct aws_operation *op,
				      const struct http_response *response, struct buf *why)
{
	struct answer answer;
	const struct value *value = NULL;
	answer_init(&answer, arena, why);
	refuse_answer(&answer, op, response);
	if (answer.failed) {
		answer_release(&answer);
		return NULL;
	}
	switch ((enum aws_protocol)aws_operation_service(op)->protocol) {
	case AWS_EC2:
	case AWS_QUERY:
		value = xml_decode_answer(&answer, op, response->body, response->body_len);
		break;
	case AWS_JSON:
		value = decode_json_answer(&answer, op, response);
		break;
	case AWS_REST_JSON:
	case AWS_REST_XML:
		value = rest_decode_answer(&answer, op, response);
		break;
	}
	answer_release(&answer);
	return answer.failed ? NULL : value;
}

/* ---- errors ---- */

static bool is_s3(const struct aws_operation *op)
{
	return aws_operation_service(op)->protocol == AWS_REST_XML &&
	       !strcmp(aws_text(aws_operation_service(op)->name), "s3");
}

/* <Error>, <ErrorResponse>, or EC2's <Response><Errors>. */
static bool begins_an_error(const char *body)
{
	const char *start = skip_blanks(body);
	if (!strncmp(start, "<?xml", 5)) {
		start += strcspn(start, ">");
		start = skip_blanks(start + (*start == '>'));
	}
	if (!strncmp(start, "<Response>", 10))
		return !strncmp(skip_blanks(start + 10), "<Errors", 7);
	size_t len = !strncmp(start, "<ErrorResponse", 14) ? 14 : !strncmp(start, "<Error", 6) ? 6 : 0;
	return len && strchr("> \t\r\n", start[len]);
}

/* {"__type": "...Exception", ...}: in answers that are none, "__type" names other things, if anything. */
static bool names_an_exception(const char *body)
{
	const char *start = skip_blanks(body);
	if (*start++ != '{')
		return false;
	start = skip_blanks(start);
	if (strncmp(start, "\"__type\"", 8) != 0)
		return false;
	start = skip_blanks(start + 8);
	if (*start++ != ':')
		return false;
	start = skip_blanks(start);
	if (*start++ != '"')
		return false;
	size_t len = strcspn(start, "\"");
	static const char *const ends[] = {"Exception", "Error", "Failure", "Fault"};
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		size_t n = strlen(ends[i]);
		if (len >= n && !strncmp(start + len - n, ends[i], n))
			return true;
	}
	return false;
}

bool aws_is_error(const struct aws_operation *op, const struct http_response *response)
{
	if (response->status >= 300)
		return true;
	/*
	 * Behind a status of 200, too: S3 keeps a slow copy alive with blanks, and may end it with an error; copies of AWS and
	 * what stands in between lose the status. Taken for an answer, it would be one in which nothing exists.
	 */
	if (carries_bytes(op) || !response->body_len)
		return false;
	switch ((enum aws_protocol)aws_operation_service(op)->protocol) {
	case AWS_EC2:
	case AWS_QUERY:
	case AWS_REST_XML:
		return begins_an_error(response->body);
	case AWS_JSON:
	case AWS_REST_JSON:
		return http_header_find(response, "x-amzn-errortype") || names_an_exception(response->body);
	}
	return false;
}

const char *aws_request_id(struct arena *arena, const struct http_response *response)
{
	static const char *const names[] = {"x-amzn-requestid", "x-amz-request-id", "x-amz-requestid"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *id = http_header_find(response, names[i]);
		if (id && *id)
			return arena_strdup(arena, id);
	}
	return NULL;
}

/* Where the body tells no code: by status, as S3's HEAD has no body. */
static const char *code_of_status(struct arena *arena, unsigned status)
{
	return arena_printf(arena, "%u", status);
}

static const char *cleaned(struct arena *arena, const char *text)
{
	char *copy = arena_strdup(arena, text);
	size_t n = 0;
	for (const char *p = copy; *p; p++) {
		unsigned char c = (unsigned char)*p;
		copy[n++] = c < ' ' || c == 0x7F ? ' ' : *p;
	}
	while (n && copy[n - 1] == ' ')
		n--;
	copy[n] = '\0';
	return copy;
}

void aws_decode_error(struct arena *arena, const struct aws_operation *op, const struct http_response *response,
		      struct aws_failure *out)
{
	struct answer answer;
	AUTO_BUF struct buf why = BUF_INIT;
	answer_init(&answer, arena, &why);
	*out = (struct aws_failure){.status = response->status,
				    .code = code_of_status(arena, response->status),
				    .message = "",
				    .request_id = aws_request_id(arena, response),
				    .fields = empty_object(arena)};
	switch ((enum aws_protocol)aws_operation_service(op)->protocol) {
	case AWS_EC2:
	case AWS_QUERY:
	case AWS_REST_XML:
		if (response->body_len)
			xml_decode_error(&answer, op, response->body, response->body_len, out);
		break;
	case AWS_JSON:
	case AWS_REST_JSON:
		json_decode_error(&answer, op, response, out);
		break;
	}
	answer_release(&answer);
	if (!*out->message && is_page(response))
		out->note = "The answer is a page for people (HTML), which AWS does not send; a proxy or a network that wants a sign-in may have.";
	const char *where = response->status >= 300 && response->status < 400 ? http_header_find(response, "location") : NULL;
	if (where && !*out->message)
		out->note = arena_printf(arena, "The request was sent elsewhere, to %.200s, as AWS never does; it was not followed.", where);
	out->code = cleaned(arena, out->code);
	out->message = cleaned(arena, out->message);
	out->note = out->note ? cleaned(arena, out->note) : NULL;
}

/* ---- for servers ---- */

static const char *incoming_header(const struct aws_incoming *in, const char *name)
{
	for (size_t i = 0; i < in->header_count; i++) {
		if (!strcasecmp(in->headers[i].name, name))
			return in->headers[i].value;
	}
	return NULL;
}

/* The query protocol takes its form from the body, or from the query of a GET. */
static void form_of(const struct aws_incoming *in, const char **form, size_t *len)
{
	*form = in->body_len ? in->body : in->query;
	*len = in->body_len ? in->body_len : strlen(in->query);
}

const struct aws_operation *aws_match_operation(const struct aws_service *service, const struct aws_incoming *in)
{
	const struct aws_operation *op = NULL;
	if (service->protocol == AWS_JSON) {
		const char *target = incoming_header(in, "x-amz-target");
		const char *dot = target ? strrchr(target, '.') : NULL;
		return dot ? aws_operation_find(service, dot + 1) : NULL;
	}
	if (service->protocol == AWS_REST_JSON || service->protocol == AWS_REST_XML)
		return rest_match(service, in);
	const char *form;
	size_t len, count;
	form_of(in, &form, &len);
	struct arena *arena = arena_new();
	const struct form_pair *pairs = form_parse(arena, form, len, &count);
	for (size_t i = 0; i < count && !op; i++) {
		if (!strcmp(pairs[i].name, "Action"))
			op = aws_operation_find(service, pairs[i].value);
	}
	arena_free(arena);
	return op;
}

const struct value *aws_decode_request(struct arena *arena, const struct aws_operation *op,
				       const struct aws_incoming *in, const char **unknown, struct buf *why)
{
	struct answer answer;
	const struct value *value = NULL;
	const struct aws_shape *shape = aws_shape_at(op->input);
	answer_init(&answer, arena, why);
	answer.unknown = unknown;
	*unknown = NULL;
	switch ((enum aws_protocol)aws_operation_service(op)->protocol) {
	case AWS_EC2:
	case AWS_QUERY: {
		const char *form;
		size_t len;
		form_of(in, &form, &len);
		value = query_decode(&answer, op, form, len);
		break;
	}
	case AWS_JSON: {
		const struct value **by_member = xcalloc((shape ? shape->count : 0) + 1, sizeof(*by_member));
		if (!shape)
			value = empty_object(arena);
		else if (json_decode_members(&answer, shape, in->body, in->body_len, by_member))
			value = answer_structure(&answer, shape, by_member);
		free(by_member);
		break;
	}
	case AWS_REST_JSON:
	case AWS_REST_XML:
		value = rest_decode_request(&answer, op, in);
		break;
	}
	answer_release(&answer);
	return answer.failed ? NULL : value;
}

static void one_body(struct arena *arena, const char *type, const char *request_id, const struct buf *body,
		     struct aws_reply *out)
{
	struct header_list headers = {0};
	header_add(arena, &headers, "Content-Type", type);
	header_add(arena, &headers, "x-amzn-RequestId", request_id);
	out->headers = headers.items;
	out->header_count = headers.count;
	out->body = buf_copy(body, arena);
	out->body_len = body->len;
}

static void encode_xml_answer(struct arena *arena, const struct aws_operation *op, const struct aws_node *output,
			      const char *request_id, struct aws_reply *out)
{
	const struct aws_service *service = aws_operation_service(op);
	const char *name = aws_text(op->name);
	AUTO_BUF struct buf body = BUF_INIT;
	buf_addf(&body, "<%sResponse xmlns=\"%s\">", name, aws_text(service->xmlns));
	if (service->protocol == AWS_EC2) {
		buf_addf(&body, "<requestId>%s</requestId>", request_id);
		if (output)
			xml_encode_members(output, true, &body);
		else
			buf_adds(&body, "<return>true</return>");
	} else {
		if (output) {
			buf_addf(&body, "<%s>", aws_text(op->wrapper));
			xml_encode_members(output, false, &body);
			buf_addf(&body, "</%s>", aws_text(op->wrapper));
		}
		buf_addf(&body, "<ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata>", request_id);
	}
	buf_addf(&body, "</%sResponse>", name);
	one_body(arena, "text/xml;charset=UTF-8", request_id, &body, out);
}

bool aws_encode_answer(struct arena *arena, const struct aws_operation *op, const struct value *value,
		       const char *request_id, struct aws_reply *out, struct buf *why)
{
	const struct aws_shape *shape = aws_shape_at(op->output);
	const struct aws_node *output = NULL;
	const struct aws_service *service = aws_operation_service(op);
	if (shape) {
		output = aws_node_from(arena, shape, value, NULL, AWS_NODE_ANSWER, why);
		if (!output)
			return false;
	}
	*out = (struct aws_reply){.status = op->status};
	AUTO_BUF struct buf body = BUF_INIT;
	switch ((enum aws_protocol)service->protocol) {
	case AWS_EC2:
	case AWS_QUERY:
		encode_xml_answer(arena, op, output, request_id, out);
		break;
	case AWS_JSON:
		if (output)
			json_encode(output, &body);
		one_body(arena, arena_printf(arena, "application/x-amz-json-%s", aws_text(service->json)), request_id,
			 &body, out);
		break;
	case AWS_REST_JSON:
	case AWS_REST_XML:
		rest_encode_answer(arena, op, output, request_id, out);
		break;
	}
	return true;
}

static void encode_json_error(struct arena *arena, const struct aws_service *service, const struct aws_shape *shape,
			      const struct aws_failure *failure, struct aws_reply *out)
{
	AUTO_BUF struct buf body = BUF_INIT, why = BUF_INIT;
	const char *name = shape ? aws_text(shape->name) : failure->code;
	const char *type = service->json ? arena_printf(arena, "application/x-amz-json-%s", aws_text(service->json))
					 : "application/json";
	const struct aws_node *fields = shape && failure->fields ? aws_node_from(arena, shape, failure->fields, NULL,
										  AWS_NODE_ANSWER, &why)
								 : NULL;
	buf_adds(&body, "{\"__type\":");
	json_add_string(&body, name, strlen(name), false);
	/* A model may call it "Message" or "message": both kinds of clients are served. */
	const struct aws_member *large = shape ? aws_member_find(shape, "Message") : NULL;
	buf_addf(&body, ",\"%s\":", large ? "Message" : "message");
	json_add_string(&body, failure->message, strlen(failure->message), false);
	for (size_t i = 0; fields && i < fields->count; i++) {
		const char *wire = aws_text(fields->fields[i].member->wire);
		if (!strcasecmp(wire, "message"))
			continue;
		buf_addf(&body, ",\"%s\":", wire);
		json_encode(fields->fields[i].node, &body);
	}
	buf_addc(&body, '}');
	one_body(arena, type, failure->request_id ? failure->request_id : "", &body, out);
	struct header_list headers = {0};
	for (size_t i = 0; i < out->header_count; i++)
		header_add(arena, &headers, out->headers[i].name, out->headers[i].value);
	header_add(arena, &headers, "x-amzn-ErrorType", name);
	if (service->query_errors)
		header_add(arena, &headers, "x-amzn-query-error",
			   arena_printf(arena, "%s;%s", failure->code, out->status < 500 ? "Sender" : "Receiver"));
	out->headers = headers.items;
	out->header_count = headers.count;
}

static void add_element(struct buf *body, const char *name, const char *text)
{
	buf_addf(body, "<%s>", name);
	aws_xml_escape(text, strlen(text), body);
	buf_addf(body, "</%s>", name);
}

static void encode_xml_error(struct arena *arena, const struct aws_operation *op, const struct aws_failure *failure,
			     struct aws_reply *out)
{
	const struct aws_service *service = aws_operation_service(op);
	const char *id = failure->request_id ? failure->request_id : "";
	AUTO_BUF struct buf body = BUF_INIT;
	buf_adds(&body, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
	if (service->protocol == AWS_EC2)
		buf_adds(&body, "<Response><Errors><Error>");
	else if (is_s3(op))
		buf_adds(&body, "<Error>");
	else
		buf_addf(&body, "<ErrorResponse xmlns=\"%s\"><Error><Type>%s</Type>", aws_text(service->xmlns),
			 out->status < 500 ? "Sender" : "Receiver");
	add_element(&body, "Code", failure->code);
	add_element(&body, "Message", failure->message);
	for (size_t i = 0; failure->fields && i < failure->fields->count; i++) {
		const struct value *field = failure->fields->items[i];
		if (value_is_a(field, TYPE_STRING))
			add_element(&body, value_key_at(failure->fields, i), field->text);
	}
	if (service->protocol == AWS_EC2)
		buf_addf(&body, "</Error></Errors><RequestID>%s</RequestID></Response>", id);
	else if (is_s3(op))
		buf_addf(&body, "<RequestId>%s</RequestId></Error>", id);
	else
		buf_addf(&body, "</Error><RequestId>%s</RequestId></ErrorResponse>", id);
	one_body(arena, "text/xml;charset=UTF-8", id, &body, out);
}

void aws_encode_error(struct arena *arena, const struct aws_operation *op, const struct aws_failure *failure,
		      struct aws_reply *out)
{
	const struct aws_service *service = aws_operation_service(op);
	const struct aws_shape *shape = aws_error_find(service, failure->code);
	unsigned status = failure->status;
	if (!status)
		status = shape && shape->status ? shape->status : 400;
	*out = (struct aws_reply){.status = status};
	if (service->protocol == AWS_JSON || service->protocol == AWS_REST_JSON)
		encode_json_error(arena, service, shape, failure, out);
	else
		encode_xml_error(arena, op, failure, out);
}
