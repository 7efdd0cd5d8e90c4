/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/shape.h"

#include "base/diag.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

const struct aws_service *aws_service_find(const char *name)
{
	size_t low = 0, high = aws_service_count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(name, aws_text(aws_services[middle].name));
		if (!order)
			return &aws_services[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const struct aws_operation *aws_operation_find(const struct aws_service *service, const char *name)
{
	size_t low = service->first_operation, high = low + service->operation_count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(name, aws_text(aws_operations[middle].name));
		if (!order)
			return &aws_operations[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const struct aws_shape *aws_shape_find(const struct aws_service *service, const char *name)
{
	size_t low = service->first_shape, high = low + service->shape_count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(name, aws_text(aws_shapes[middle].name));
		if (!order)
			return &aws_shapes[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const struct aws_member *aws_member_find(const struct aws_shape *structure, const char *name)
{
	if (structure->kind != AWS_STRUCT)
		return NULL;
	size_t low = structure->first, high = low + structure->count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(name, aws_text(aws_members[middle].name));
		if (!order)
			return &aws_members[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const struct aws_member *aws_member_by_wire(const struct aws_shape *structure, const char *wire, size_t len)
{
	size_t low = 0, high = structure->body_count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		const struct aws_member *member =
			&aws_members[structure->first + aws_members[structure->first + middle].by_wire];
		const char *text = aws_text(member->wire);
		int order = strncmp(wire, text, len);
		if (!order && text[len])
			order = -1;
		if (!order)
			return member;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* The letters of a name without underscores, in small; returns their number, 0 when it is too long. */
static size_t normal_form(const char *name, char out[static 128])
{
	size_t n = 0;
	for (; *name; name++) {
		if (*name == '_')
			continue;
		if (n == 126)
			return 0;
		out[n++] = (char)tolower((unsigned char)*name);
	}
	out[n] = '\0';
	return n;
}

static bool is_plural(const char *plural, size_t plural_len, const char *single, size_t single_len)
{
	if (plural_len == single_len + 1)
		return plural[single_len] == 's' && !memcmp(plural, single, single_len);
	if (plural_len == single_len + 2 && !memcmp(plural + single_len - 1, "ies", 3))
		return single[single_len - 1] == 'y' && !memcmp(plural, single, single_len - 1);
	return plural_len == single_len + 2 && !memcmp(plural, single, single_len) &&
	       !memcmp(plural + single_len, "es", 2);
}

enum fit { FIT_NONE, FIT_PLURAL, FIT_NORMAL };

static enum fit fit_of(const char *a, size_t a_len, const char *name)
{
	char b[128];
	size_t b_len = normal_form(name, b);
	if (!a_len || !b_len)
		return FIT_NONE;
	if (a_len == b_len && !memcmp(a, b, a_len))
		return FIT_NORMAL;
	if (is_plural(a, a_len, b, b_len) || is_plural(b, b_len, a, a_len))
		return FIT_PLURAL;
	return FIT_NONE;
}

bool aws_names_match(const char *a, const char *b)
{
	char normal[128];
	size_t len = normal_form(a, normal);
	return fit_of(normal, len, b) != FIT_NONE;
}

const struct aws_member *aws_member_match(const struct aws_shape *structure, const char *name)
{
	if (structure->kind != AWS_STRUCT)
		return NULL;
	const struct aws_member *found = aws_member_find(structure, name);
	if (found)
		return found;
	char normal[128];
	size_t len = normal_form(name, normal);
	enum fit best = FIT_NONE;
	for (size_t i = 0; i < structure->count; i++) {
		const struct aws_member *member = &aws_members[structure->first + i];
		enum fit fit = fit_of(normal, len, aws_text(member->name));
		if (fit > best) {
			best = fit;
			found = member;
		}
	}
	return found;
}

const struct aws_member *aws_operation_token(const struct aws_operation *op)
{
	const struct aws_shape *input = aws_shape_at(op->input);
	for (size_t i = 0; input && i < input->count; i++) {
		if (aws_members[input->first + i].flags & AWS_MEMBER_TOKEN)
			return &aws_members[input->first + i];
	}
	return NULL;
}

const struct aws_shape *aws_error_find(const struct aws_service *service, const char *code)
{
	const struct aws_shape *shape = aws_shape_find(service, code);
	if (shape && shape->flags & AWS_SHAPE_ERROR)
		return shape;
	for (size_t i = 0; i < service->shape_count; i++) {
		shape = &aws_shapes[service->first_shape + i];
		if (shape->flags & AWS_SHAPE_ERROR && !strcmp(aws_text(shape->wire), code))
			return shape;
	}
	return NULL;
}

bool aws_enum_has(const struct aws_shape *shape, const char *value, size_t len)
{
	for (size_t i = 0; i < shape->count; i++) {
		const char *text = aws_text(aws_refs[shape->first + i]);
		if (!strncmp(text, value, len) && !text[len])
			return true;
	}
	return false;
}

static const char *nearest_of(const char *name, const char **names, size_t count)
{
	const char *found = nearest_name(name, names, count);
	free(names);
	return found;
}

const char *aws_enum_nearest(const struct aws_shape *shape, const char *value)
{
	const char **names = xcalloc(shape->count + 1, sizeof(*names));
	for (size_t i = 0; i < shape->count; i++)
		names[i] = aws_text(aws_refs[shape->first + i]);
	return nearest_of(value, names, shape->count);
}

const char *aws_operation_nearest(const struct aws_service *service, const char *name)
{
	const char **names = xcalloc(service->operation_count + 1, sizeof(*names));
	for (size_t i = 0; i < service->operation_count; i++)
		names[i] = aws_text(aws_operations[service->first_operation + i].name);
	return nearest_of(name, names, service->operation_count);
}

const char *aws_member_nearest(const struct aws_shape *structure, const char *name)
{
	const char **names = xcalloc(structure->count + 1, sizeof(*names));
	for (size_t i = 0; i < structure->count; i++)
		names[i] = aws_text(aws_members[structure->first + i].name);
	return nearest_of(name, names, structure->count);
}

const char *aws_kind_word(enum aws_kind kind)
{
	static const char *const words[] = {
		[AWS_STRUCT] = "structure", [AWS_LIST] = "list",       [AWS_MAP] = "map",
		[AWS_ENUM] = "string",      [AWS_STRING] = "string",   [AWS_BLOB] = "blob",
		[AWS_BOOLEAN] = "boolean",  [AWS_INTEGER] = "integer", [AWS_LONG] = "integer",
		[AWS_FLOAT] = "number",     [AWS_DOUBLE] = "number",   [AWS_TIMESTAMP] = "timestamp",
	};
	_Static_assert(ARRAY_LEN(words) == AWS_TIMESTAMP + 1, "one word for each kind");
	return words[kind];
}
