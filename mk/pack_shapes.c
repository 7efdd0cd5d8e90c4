/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Host tool of the build: reads the files of aws/shapes (the form is described in aws/shapes/gen.py) and
 * writes OUT.bin, the tables of aws/shape.h one behind the other, and OUT.S, which gives each of
 * them its symbol. Complains with file and line.
 *
 *     pack_shapes OUT FILE...
 */
#include "aws/shape.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define LIST(type)            \
	struct {              \
		type *items;  \
		size_t count; \
		size_t cap;   \
	}
#define ADD(list, ...)                                                                                  \
	do {                                                                                            \
		if ((list)->count == (list)->cap) {                                                     \
			(list)->cap = (list)->cap ? (list)->cap * 2 : 256;                              \
			(list)->items = realloc((list)->items, (list)->cap * sizeof(*(list)->items));   \
			if (!(list)->items)                                                             \
				fail("out of memory");                                                  \
		}                                                                                       \
		(list)->items[(list)->count++] = (__VA_ARGS__);                                         \
	} while (0)

/* Until all files are read, references to named shapes carry this bit and count from 0. */
#define NAMED 0x80000000u

static const char *file;
static unsigned line_number;

static LIST(char) texts;
static LIST(uint32_t) text_table; /* offsets into texts by hash; 0 free */
static size_t text_count;
static LIST(struct aws_service) services;
static LIST(struct aws_operation) operations;
static LIST(struct aws_shape) scalars;
static LIST(struct aws_shape) named;
static LIST(struct aws_member) members;
static LIST(struct aws_page) pages;
static LIST(uint32_t) refs;       /* texts of enums, and from each operation's errors shapes */
static LIST(uint32_t) shape_refs; /* positions in refs that hold shapes */

static NORETURN void fail(const char *fmt, ...) PRINTF_LIKE(1, 2);
static void fail(const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	if (file)
		fprintf(stderr, "%s:%u: ", file, line_number);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

/* ---- texts, each kept once ---- */

static uint32_t hash_of(const char *s, size_t len)
{
	uint32_t h = 2166136261u;
	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)s[i]) * 16777619u;
	return h;
}

static uint32_t *slot_of(const char *s, size_t len)
{
	size_t mask = text_table.count - 1;
	for (size_t i = hash_of(s, len) & mask;; i = (i + 1) & mask) {
		uint32_t at = text_table.items[i];
		if (!at || (!strncmp(texts.items + at, s, len) && !texts.items[at + len]))
			return &text_table.items[i];
	}
}

static void grow_text_table(void)
{
	uint32_t *old = text_table.items;
	size_t old_count = text_table.count;
	text_table.count = old_count ? old_count * 2 : 1u << 16;
	text_table.items = calloc(text_table.count, sizeof(uint32_t));
	if (!text_table.items)
		fail("out of memory");
	for (size_t i = 0; i < old_count; i++) {
		if (old[i])
			*slot_of(texts.items + old[i], strlen(texts.items + old[i])) = old[i];
	}
	free(old);
}

static uint32_t text_n(const char *s, size_t len)
{
	if (!len)
		return 0;
	if (text_count * 2 >= text_table.count)
		grow_text_table();
	uint32_t *slot = slot_of(s, len);
	if (!*slot) {
		*slot = (uint32_t)texts.count;
		text_count++;
		for (size_t i = 0; i < len; i++)
			ADD(&texts, s[i]);
		ADD(&texts, '\0');
	}
	return *slot;
}

static uint32_t text(const char *s)
{
	return text_n(s, strlen(s));
}

/* ---- words of a line ---- */

enum { MAX_WORDS = 512 };
struct words {
	char *at[MAX_WORDS];
	size_t count;
};

static void split(char *line, struct words *out)
{
	out->count = 0;
	for (char *word = strtok(line, " "); word; word = strtok(NULL, " ")) {
		if (out->count == MAX_WORDS)
			fail("too many words");
		out->at[out->count++] = word;
	}
}

/* What stands behind `key` at the start of the word, or NULL. */
static const char *behind(const char *word, const char *key)
{
	size_t len = strlen(key);
	return strncmp(word, key, len) ? NULL : word + len;
}

/* "[1..64]" with either side open. */
static void read_limits(const char *s, struct aws_shape *shape)
{
	char *end;
	s++;
	if (*s != '.') {
		shape->min = strtoll(s, &end, 10);
		shape->flags |= AWS_SHAPE_MIN;
		s = end;
	}
	if (strncmp(s, "..", 2))
		fail("bad limits");
	s += 2;
	if (*s != ']') {
		shape->max = strtoll(s, &end, 10);
		shape->flags |= AWS_SHAPE_MAX;
		s = end;
	}
	if (strcmp(s, "]"))
		fail("bad limits");
}

/* ---- types ---- */

static const struct aws_service *reading; /* the service whose file is read */

static uint32_t find_named(const char *name)
{
	size_t low = reading->first_shape, high = named.count;
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(name, texts.items + named.items[middle].name);
		if (!order)
			return (uint32_t)middle | NAMED;
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	fail("no shape is named %s", name);
}

static uint32_t read_type(const char *word)
{
	static const struct {
		const char *word;
		uint8_t kind, flags;
	} kinds[] = {
		{"string", AWS_STRING, 0},   {"secret", AWS_STRING, AWS_SHAPE_SECRET},
		{"blob", AWS_BLOB, 0},       {"secretblob", AWS_BLOB, AWS_SHAPE_SECRET},
		{"boolean", AWS_BOOLEAN, 0}, {"integer", AWS_INTEGER, 0},
		{"long", AWS_LONG, 0},       {"float", AWS_FLOAT, 0},
		{"double", AWS_DOUBLE, 0},   {"timestamp", AWS_TIMESTAMP, 0},
	};
	size_t len = strcspn(word, "[:");
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (strncmp(kinds[i].word, word, len) || kinds[i].word[len])
			continue;
		struct aws_shape shape = {.kind = kinds[i].kind, .flags = kinds[i].flags};
		if (word[len] == '[')
			read_limits(word + len, &shape);
		if (word[len] == ':') {
			const char *format = word + len + 1;
			shape.time = !strcmp(format, "iso8601")		? AWS_TIME_ISO8601
				     : !strcmp(format, "rfc822")	? AWS_TIME_RFC822
				     : !strcmp(format, "unixTimestamp") ? AWS_TIME_EPOCH
									: 0;
			if (!shape.time)
				fail("unknown time format %s", format);
		}
		for (size_t k = 0; k < scalars.count; k++) {
			const struct aws_shape *s = &scalars.items[k];
			if (s->kind == shape.kind && s->flags == shape.flags && s->min == shape.min &&
			    s->max == shape.max && s->time == shape.time)
				return (uint32_t)k;
		}
		ADD(&scalars, shape);
		return (uint32_t)(scalars.count - 1);
	}
	return find_named(word);
}

/* ---- lines ---- */

static void read_fact(struct aws_service *service, const char *key, const char *value)
{
	static const struct {
		const char *key;
		size_t offset;
	} facts[] = {
		{"service", offsetof(struct aws_service, name)},   {"id", offsetof(struct aws_service, id)},
		{"version", offsetof(struct aws_service, version)}, {"endpoint", offsetof(struct aws_service, endpoint)},
		{"signing", offsetof(struct aws_service, signing)}, {"target", offsetof(struct aws_service, target)},
		{"json", offsetof(struct aws_service, json)},       {"namespace", offsetof(struct aws_service, xmlns)},
		{"global", offsetof(struct aws_service, global)},
	};
	static const char *const protocols[] = {"ec2", "query", "json", "rest-json", "rest-xml"};
	for (size_t i = 0; i < ARRAY_LEN(facts); i++) {
		if (!strcmp(facts[i].key, key)) {
			*(uint32_t *)((char *)service + facts[i].offset) = text(value);
			return;
		}
	}
	if (!strcmp(key, "query_errors")) {
		service->query_errors = true;
		return;
	}
	if (strcmp(key, "protocol"))
		fail("unknown word %s", key);
	for (size_t i = 0; i < ARRAY_LEN(protocols); i++) {
		if (!strcmp(protocols[i], value)) {
			service->protocol = (uint8_t)i;
			return;
		}
	}
	fail("unknown protocol %s", value);
}

static void read_operation(const struct words *w)
{
	if (w->count < 6)
		fail("an operation has a name, a method, a path, an input and an output");
	struct aws_operation op = {.name = text(w->at[1]),
				   .method = text(w->at[2]),
				   .uri = text(w->at[3]),
				   .service = (uint32_t)services.count,
				   .status = 200};
	op.input = strcmp(w->at[4], "-") ? find_named(w->at[4]) : 0;
	op.output = strcmp(w->at[5], "-") ? find_named(w->at[5]) : 0;
	char wrapper[256];
	snprintf(wrapper, sizeof(wrapper), "%sResult", w->at[1]);
	op.wrapper = text(wrapper);
	for (size_t i = 6; i < w->count; i++) {
		const char *word = w->at[i], *value;
		if ((value = behind(word, "wrap=")))
			op.wrapper = text(value);
		else if ((value = behind(word, "root=")))
			op.root = text(value);
		else if ((value = behind(word, "host=")))
			op.host = text(value);
		else if ((value = behind(word, "status=")))
			op.status = (uint16_t)atoi(value);
		else if (!strcmp(word, "checksum"))
			op.flags |= AWS_OP_CHECKSUM;
		else if (!strcmp(word, "noauth"))
			op.flags |= AWS_OP_NOAUTH;
		else if (!strcmp(word, "unsigned"))
			op.flags |= AWS_OP_UNSIGNED;
		else if (!strcmp(word, "readonly"))
			op.flags |= AWS_OP_READONLY;
		else if (!strcmp(word, "idempotent"))
			op.flags |= AWS_OP_IDEMPOTENT;
		else
			fail("unknown word %s", word);
	}
	ADD(&operations, op);
}

static void read_names(const char *value, uint32_t *out, size_t room)
{
	while (*value) {
		size_t len = strcspn(value, ",");
		if (!room--)
			fail("too many names");
		*out++ = text_n(value, len);
		value += len + (value[len] == ',');
	}
}

static void read_page(const struct words *w, struct aws_operation *op)
{
	struct aws_page page = {0};
	for (size_t i = 1; i < w->count; i++) {
		const char *value;
		if ((value = behind(w->at[i], "in=")))
			read_names(value, page.in, ARRAY_LEN(page.in));
		else if ((value = behind(w->at[i], "out=")))
			read_names(value, page.out, ARRAY_LEN(page.out));
		else if ((value = behind(w->at[i], "limit=")))
			page.limit = text(value);
		else if ((value = behind(w->at[i], "more=")))
			page.more = text(value);
		else if ((value = behind(w->at[i], "keys=")))
			read_names(value, page.keys, ARRAY_LEN(page.keys));
		else
			fail("unknown word %s", w->at[i]);
	}
	op->page = (uint32_t)pages.count;
	ADD(&pages, page);
}

static void read_member(const struct words *w)
{
	struct aws_member member = {.name = text(w->at[0]), .wire = text(w->at[0]), .query = text(w->at[0])};
	if (w->count < 2)
		fail("a member has a name and a type");
	member.shape = read_type(w->at[1]);
	bool queried = false;
	for (size_t i = 2; i < w->count; i++) {
		const char *word = w->at[i], *value;
		char name[512] = "";
		if (!strcmp(word, "~")) {
			snprintf(name, sizeof(name), "%s", w->at[0]);
			name[0] = (char)tolower((unsigned char)name[0]);
		} else if ((value = behind(word, "="))) {
			snprintf(name, sizeof(name), "%s", value);
		} else if ((value = behind(word, "query="))) {
			member.query = text(value);
			queried = true;
		} else if (!strcmp(word, "*")) {
			member.flags |= AWS_MEMBER_REQUIRED;
		} else if (!strcmp(word, "token")) {
			member.flags |= AWS_MEMBER_TOKEN;
		} else if (!strcmp(word, "flat")) {
			member.flags |= AWS_MEMBER_FLAT;
		} else if (!strcmp(word, "attr")) {
			member.flags |= AWS_MEMBER_ATTRIBUTE;
		} else if (!strcmp(word, "stream")) {
			member.flags |= AWS_MEMBER_STREAM;
		} else if (!strcmp(word, "jsonvalue")) {
			member.flags |= AWS_MEMBER_JSON;
		} else if (!strcmp(word, "@header")) {
			member.location = AWS_IN_HEADER;
		} else if (!strcmp(word, "@headers")) {
			member.location = AWS_IN_HEADERS;
		} else if (!strcmp(word, "@uri")) {
			member.location = AWS_IN_URI;
		} else if (!strcmp(word, "@query")) {
			member.location = AWS_IN_QUERY;
		} else if (!strcmp(word, "@status")) {
			member.location = AWS_IN_STATUS;
		} else {
			fail("unknown word %s", word);
		}
		if (*name) {
			member.wire = text(name);
			/* EC2's requests write the name of its answers with a capital (EC2 query protocol). */
			if (reading->protocol == AWS_EC2)
				name[0] = (char)toupper((unsigned char)name[0]);
			if (!queried)
				member.query = text(name);
		}
	}
	ADD(&members, member);
}

static void read_shape(const struct words *w, struct aws_shape *shape)
{
	size_t from;
	const char *form = w->at[0];
	if (!strcmp(form, "struct")) {
		from = 2;
	} else if (!strcmp(form, "error") && w->count >= 4) {
		shape->wire = text(w->at[2]);
		shape->status = (uint16_t)atoi(w->at[3]);
		shape->flags |= AWS_SHAPE_ERROR;
		from = 4;
	} else if (!strcmp(form, "list") && w->count >= 3) {
		shape->kind = AWS_LIST;
		shape->element = read_type(w->at[2]);
		from = 3;
	} else if (!strcmp(form, "map") && w->count >= 4) {
		shape->kind = AWS_MAP;
		shape->key = read_type(w->at[2]);
		shape->element = read_type(w->at[3]);
		from = 4;
	} else {
		fail("incomplete %s", form);
	}
	for (size_t i = from; i < w->count; i++) {
		const char *word = w->at[i], *value;
		if ((value = behind(word, "payload=")))
			shape->payload = text(value);
		else if ((value = behind(word, "name=")))
			shape->wire = shape->flags & AWS_SHAPE_ERROR ? shape->wire : text(value);
		else if ((value = behind(word, "xmlns:"))) {
			size_t len = strcspn(value, "=");
			shape->xmlns_prefix = text_n(value, len);
			shape->xmlns_uri = text(value + len + 1);
		} else if ((value = behind(word, "=")) || (value = behind(word, "value=")))
			shape->element_wire = text(value);
		else if ((value = behind(word, "key=")))
			shape->key_wire = text(value);
		else if (*word == '[')
			read_limits(word, shape);
		else if (!strcmp(word, "flat"))
			shape->flags |= AWS_SHAPE_FLAT;
		else if (!strcmp(word, "secret"))
			shape->flags |= AWS_SHAPE_SECRET;
		else if (!strcmp(word, "document"))
			shape->flags |= AWS_SHAPE_DOCUMENT;
		else if (!strcmp(word, "events"))
			shape->flags |= AWS_SHAPE_EVENTS;
		else
			fail("unknown word %s", word);
	}
}

static void read_enum(char *line, struct aws_shape *shape)
{
	char *value = strchr(strchr(line, ' ') + 1, ' ');
	if (!value)
		fail("an enum has values");
	shape->kind = AWS_ENUM;
	shape->first = (uint32_t)refs.count;
	value++;
	for (;;) {
		size_t len = strcspn(value, "|");
		ADD(&refs, text_n(value, len));
		shape->count++;
		if (!value[len])
			break;
		value += len + 1;
	}
}

static int by_name(const void *a, const void *b)
{
	const struct aws_member *x = a, *y = b;
	return strcmp(texts.items + x->name, texts.items + y->name);
}

static const struct aws_member *sorted_members;
static int by_wire(const void *a, const void *b)
{
	const struct aws_member *x = &sorted_members[*(const uint16_t *)a], *y = &sorted_members[*(const uint16_t *)b];
	if ((x->location == AWS_IN_BODY) != (y->location == AWS_IN_BODY))
		return x->location == AWS_IN_BODY ? -1 : 1;
	return strcmp(texts.items + x->wire, texts.items + y->wire);
}

static void close_structure(struct aws_shape *shape)
{
	static uint16_t order[UINT16_MAX];
	struct aws_member *list = members.items + shape->first;
	shape->count = (uint32_t)(members.count - shape->first);
	if (!shape->count)
		return;
	if (shape->count > UINT16_MAX)
		fail("too many members");
	qsort(list, shape->count, sizeof(*list), by_name);
	for (size_t i = 0; i < shape->count; i++) {
		order[i] = (uint16_t)i;
		shape->body_count += list[i].location == AWS_IN_BODY;
		if (i && list[i].name == list[i - 1].name)
			fail("two members are named %s", texts.items + list[i].name);
	}
	sorted_members = list;
	qsort(order, shape->count, sizeof(*order), by_wire);
	for (size_t i = 0; i < shape->count; i++)
		list[i].by_wire = order[i];
}

/* ---- a file ---- */

static char *read_whole(const char *path)
{
	FILE *in = fopen(path, "rb");
	if (!in)
		fail("cannot read %s", path);
	LIST(char) all = {0};
	int c;
	while ((c = getc(in)) != EOF)
		ADD(&all, (char)c);
	ADD(&all, '\0');
	fclose(in);
	return all.items;
}

static bool starts_shape(const char *line)
{
	return behind(line, "struct ") || behind(line, "error ") || behind(line, "list ") || behind(line, "map ") ||
	       behind(line, "enum ");
}

static void read_lines(char *whole, void (*fn)(char *line, struct aws_service *), struct aws_service *service)
{
	line_number = 0;
	for (char *line = whole, *next; *line; line = next) {
		next = line + strcspn(line, "\n");
		char ending = *next;
		char *end = next;
		next += ending == '\n';
		line_number++;
		char *copy = strndup(line, (size_t)(end - line));
		if (!copy)
			fail("out of memory");
		if (*copy && *copy != '#')
			fn(copy, service);
		free(copy);
	}
}

/* First pass: the service's facts, and the names of all shapes, so that each may refer to any other. */
static void take_names(char *line, struct aws_service *service)
{
	struct words w;
	if (*line == ' ' || behind(line, "op "))
		return;
	if (starts_shape(line)) {
		split(line, &w);
		struct aws_shape shape = {.name = text(w.at[1])};
		if (named.count > service->first_shape &&
		    strcmp(texts.items + named.items[named.count - 1].name, w.at[1]) >= 0)
			fail("%s is not in order", w.at[1]);
		ADD(&named, shape);
		return;
	}
	split(line, &w);
	if (w.count != 2)
		fail("a fact is a word and a value");
	read_fact(service, w.at[0], w.at[1]);
}

static struct aws_shape *open_shape; /* a structure whose members follow */
static size_t next_shape;

static void take_rest(char *line, struct aws_service *service)
{
	struct words w;
	if (*line != ' ' && open_shape) {
		close_structure(open_shape);
		open_shape = NULL;
	}
	if (behind(line, "enum ")) {
		read_enum(line, &named.items[next_shape++]);
	} else if (starts_shape(line)) {
		split(line, &w);
		struct aws_shape *shape = &named.items[next_shape++];
		read_shape(&w, shape);
		if (shape->kind == AWS_STRUCT) {
			shape->first = (uint32_t)members.count;
			open_shape = shape;
		}
	} else if (behind(line, "op ")) {
		split(line, &w);
		if (operations.count > service->first_operation &&
		    strcmp(texts.items + operations.items[operations.count - 1].name, w.at[1]) >= 0)
			fail("%s is not in order", w.at[1]);
		read_operation(&w);
	} else if (*line == ' ' && open_shape) {
		split(line, &w);
		read_member(&w);
	} else if (*line == ' ') {
		split(line, &w);
		if (operations.count == service->first_operation)
			fail("this line belongs to nothing");
		struct aws_operation *op = &operations.items[operations.count - 1];
		if (!strcmp(w.at[0], "page")) {
			read_page(&w, op);
		} else if (!strcmp(w.at[0], "errors")) {
			op->first_error = (uint32_t)refs.count;
			op->error_count = (uint32_t)w.count - 1;
			for (size_t i = 1; i < w.count; i++) {
				ADD(&shape_refs, (uint32_t)refs.count);
				ADD(&refs, find_named(w.at[i]));
			}
		} else {
			fail("unknown word %s", w.at[0]);
		}
	}
}

static void read_file(const char *path)
{
	file = path;
	struct aws_service service = {.first_operation = (uint32_t)operations.count,
				      .first_shape = (uint32_t)named.count};
	reading = &service;
	char *whole = read_whole(path);
	next_shape = named.count;
	read_lines(whole, take_names, &service);
	service.shape_count = (uint32_t)(named.count - service.first_shape);
	read_lines(whole, take_rest, &service);
	if (open_shape)
		close_structure(open_shape);
	open_shape = NULL;
	service.operation_count = (uint32_t)operations.count - service.first_operation;
	if (!service.name)
		fail("no service is named");
	ADD(&services, service);
	free(whole);
	file = NULL;
}

/* ---- writing ---- */

static uint32_t settled(uint32_t shape)
{
	return shape & NAMED ? (uint32_t)scalars.count + (shape & ~NAMED) : shape;
}

static void settle_references(void)
{
	for (size_t i = 0; i < named.count; i++) {
		named.items[i].element = settled(named.items[i].element);
		named.items[i].key = settled(named.items[i].key);
	}
	for (size_t i = 0; i < members.count; i++)
		members.items[i].shape = settled(members.items[i].shape);
	for (size_t i = 0; i < operations.count; i++) {
		operations.items[i].input = settled(operations.items[i].input);
		operations.items[i].output = settled(operations.items[i].output);
	}
	for (size_t i = 0; i < shape_refs.count; i++)
		refs.items[shape_refs.items[i]] = settled(refs.items[shape_refs.items[i]]);
	for (size_t i = 0; i < services.count; i++)
		services.items[i].first_shape += (uint32_t)scalars.count;
}

static int services_by_name(const void *a, const void *b)
{
	const struct aws_service *x = a, *y = b;
	return strcmp(texts.items + x->name, texts.items + y->name);
}

static void sort_services(void)
{
	qsort(services.items, services.count, sizeof(*services.items), services_by_name);
	for (size_t i = 0; i < services.count; i++) {
		for (size_t k = 0; k < services.items[i].operation_count; k++)
			operations.items[services.items[i].first_operation + k].service = (uint32_t)i;
	}
}

static FILE *bin, *assembly;
static char bin_path[4096];
static size_t written;

static void put(const char *symbol, const void *bytes, size_t size)
{
	while (written % 16) {
		putc(0, bin);
		written++;
	}
	fprintf(assembly, ".balign 16\n.globl %s\n.type %s, %%object\n.size %s, %zu\n%s:\n.incbin \"%s\", %zu, %zu\n",
		symbol, symbol, symbol, size, symbol, bin_path, written, size);
	if (size && fwrite(bytes, size, 1, bin) != 1)
		fail("cannot write %s", bin_path);
	written += size;
}
#define PUT(symbol, list) put(symbol, (list).items, (list).count * sizeof(*(list).items))

int main(int argc, char **argv)
{
	if (argc < 3)
		fail("usage: pack_shapes OUT FILE...");
	ADD(&texts, '\0');
	ADD(&scalars, (struct aws_shape){.kind = UINT8_MAX});
	ADD(&pages, (struct aws_page){0});
	grow_text_table();
	for (int i = 2; i < argc; i++)
		read_file(argv[i]);
	settle_references();
	sort_services();

	char assembly_path[4096];
	snprintf(bin_path, sizeof(bin_path), "%s.bin", argv[1]);
	snprintf(assembly_path, sizeof(assembly_path), "%s.S", argv[1]);
	bin = fopen(bin_path, "wb");
	assembly = fopen(assembly_path, "w");
	if (!bin || !assembly)
		fail("cannot write %s", argv[1]);
	fputs("\t.section .rodata.aws_shapes, \"a\", %progbits\n", assembly);
	uint32_t service_count = (uint32_t)services.count;
	PUT("aws_services", services);
	put("aws_service_count", &service_count, sizeof(service_count));
	PUT("aws_operations", operations);
	for (size_t i = 0; i < named.count; i++)
		ADD(&scalars, named.items[i]);
	PUT("aws_shapes", scalars);
	PUT("aws_members", members);
	PUT("aws_pages", pages);
	PUT("aws_refs", refs);
	PUT("aws_texts", texts);
	fputs("\t.section .note.GNU-stack, \"\", %progbits\n", assembly);
	if (fclose(bin) || fclose(assembly))
		fail("cannot write %s", argv[1]);
	return 0;
}
