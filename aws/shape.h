/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS's published API models as tables: services, operations, and the shapes of what is sent and
 * answered, by the models' own names ("DescribeVpcs", "CidrBlock").
 *
 * The tables are made at build time from the files of aws/shapes and lie in the program as read-only data
 * without pointers, so that they cost nothing before they are used: everything is an index, and
 * texts are offsets that aws_text() turns into strings. Nothing here ever fails or needs freeing.
 */
#pragma once

#include "base/base.h"

struct buf;

enum aws_protocol { AWS_EC2, AWS_QUERY, AWS_JSON, AWS_REST_JSON, AWS_REST_XML };

struct aws_service {
	uint32_t name;      /* as type files say it: "elbv2" */
	uint32_t id;        /* the model's service id without blanks: "Elastic_Load_Balancing_v2" */
	uint32_t version;   /* "2015-12-01" */
	uint32_t endpoint;  /* first word of its host names: "elasticloadbalancing" */
	uint32_t signing;   /* name in signatures */
	uint32_t target;    /* json: X-Amz-Target's first part, else 0 */
	uint32_t json;      /* json: "1.0" or "1.1", else 0 */
	uint32_t xmlns;     /* XML namespace, or 0 */
	uint32_t global;    /* host name of a service without regions, or 0 */
	uint32_t first_operation, operation_count; /* sorted by name */
	uint32_t first_shape, shape_count;         /* the named ones, sorted by name */
	uint8_t protocol;                          /* enum aws_protocol */
	bool query_errors;                         /* json: error codes in a header of the older protocol */
};

enum aws_operation_flags {
	AWS_OP_CHECKSUM = 1u << 0,   /* the body needs a checksum header */
	AWS_OP_NOAUTH = 1u << 1,     /* not signed */
	AWS_OP_UNSIGNED = 1u << 2,   /* the body is not part of the signature */
	AWS_OP_READONLY = 1u << 3,   /* as published; most models do not say it */
	AWS_OP_IDEMPOTENT = 1u << 4, /* as published */
};

struct aws_operation {
	uint32_t name, method, uri;
	uint32_t wrapper; /* query: the answer's element around the members */
	uint32_t root;    /* rest-xml: the request's root element, or 0 */
	uint32_t host;    /* put before the host name ("stream-", "{RequestRoute}."), or 0 */
	uint32_t service;
	uint32_t input, output;             /* shapes; 0: none */
	uint32_t first_error, error_count;  /* in aws_refs: shapes */
	uint32_t page;                      /* in aws_pages; 0: it has no pages */
	uint16_t flags;                     /* enum aws_operation_flags */
	uint16_t status;                    /* of a good answer */
};

/* How an operation pages. Names of the answer may be paths with dots ("EngineDefaults.Marker"). */
struct aws_page {
	uint32_t in[3], out[3]; /* members of the request and where their next values stand in the answer; 0: no more */
	uint32_t limit;         /* member that bounds a page, or 0 */
	uint32_t more;          /* boolean of the answer, or 0: there are more while `out` is there */
	uint32_t keys[4];       /* what is gathered; 0: no more */
};

enum aws_kind {
	AWS_STRUCT,
	AWS_LIST,
	AWS_MAP,
	AWS_ENUM, /* a string with published values */
	AWS_STRING,
	AWS_BLOB,
	AWS_BOOLEAN,
	AWS_INTEGER, /* 32 bits */
	AWS_LONG,
	AWS_FLOAT,
	AWS_DOUBLE,
	AWS_TIMESTAMP,
};

enum aws_shape_flags {
	AWS_SHAPE_SECRET = 1u << 0,
	AWS_SHAPE_FLAT = 1u << 1,     /* lists and maps: no element around the members */
	AWS_SHAPE_DOCUMENT = 1u << 2, /* any JSON */
	AWS_SHAPE_EVENTS = 1u << 3,   /* an event stream, which we do not read */
	AWS_SHAPE_ERROR = 1u << 4,
	AWS_SHAPE_MIN = 1u << 5,
	AWS_SHAPE_MAX = 1u << 6,
};

enum aws_time_format { AWS_TIME_DEFAULT, AWS_TIME_ISO8601, AWS_TIME_RFC822, AWS_TIME_EPOCH };

struct aws_shape {
	int64_t min, max;      /* where the flags say so: length of strings and lists, value of numbers */
	uint32_t name;         /* 0 for scalars that stand in place */
	uint32_t first, count; /* structures: in aws_members; enums: in aws_refs (texts) */
	uint32_t body_count;   /* structures: members in the body */
	uint32_t element;      /* shape of a list's elements or a map's values */
	uint32_t key;          /* shape of a map's keys */
	uint32_t element_wire; /* elements' or values' own name, or 0: the protocol's */
	uint32_t key_wire;
	uint32_t payload; /* structures: text, the member that is the whole body, or 0 */
	uint32_t wire;    /* structures: own element name, errors: their code; or 0 */
	uint32_t xmlns_prefix, xmlns_uri;
	uint16_t status; /* errors: HTTP status, 0 unknown */
	uint8_t kind;    /* enum aws_kind */
	uint8_t flags;   /* enum aws_shape_flags */
	uint8_t time;    /* enum aws_time_format */
};

enum aws_location { AWS_IN_BODY, AWS_IN_HEADER, AWS_IN_HEADERS, AWS_IN_URI, AWS_IN_QUERY, AWS_IN_STATUS };

enum aws_member_flags {
	AWS_MEMBER_REQUIRED = 1u << 0,
	AWS_MEMBER_TOKEN = 1u << 1,     /* idempotency token */
	AWS_MEMBER_FLAT = 1u << 2,
	AWS_MEMBER_ATTRIBUTE = 1u << 3, /* an XML attribute */
	AWS_MEMBER_STREAM = 1u << 4,    /* a body of any length */
	AWS_MEMBER_JSON = 1u << 5,      /* JSON inside a string */
};

struct aws_member {
	uint32_t name;
	uint32_t shape;
	uint32_t wire;    /* in answers, and in requests of all protocols but ec2 and query */
	uint32_t query;   /* in requests of ec2 and query */
	uint16_t by_wire; /* which member stands here in the order of wire names; those in the body first */
	uint8_t location; /* enum aws_location */
	uint8_t flags;    /* enum aws_member_flags */
};

/* Members of one structure are neighbours, sorted by name; index 0 of each table means "none". */
extern const struct aws_service aws_services[];
extern const uint32_t aws_service_count; /* sorted by name */
extern const struct aws_operation aws_operations[];
extern const struct aws_shape aws_shapes[];
extern const struct aws_member aws_members[];
extern const struct aws_page aws_pages[];
extern const uint32_t aws_refs[];
extern const char aws_texts[];

static inline const char *aws_text(uint32_t offset)
{
	return aws_texts + offset; /* offset 0 is "" */
}
static inline const struct aws_shape *aws_shape_at(uint32_t index)
{
	return index ? &aws_shapes[index] : NULL;
}
static inline const struct aws_shape *aws_member_shape(const struct aws_member *member)
{
	return &aws_shapes[member->shape];
}
static inline const struct aws_service *aws_operation_service(const struct aws_operation *op)
{
	return &aws_services[op->service];
}
static inline const struct aws_page *aws_operation_page(const struct aws_operation *op)
{
	return op->page ? &aws_pages[op->page] : NULL;
}

/* By the model's exact name; NULL when there is none. */
const struct aws_service *aws_service_find(const char *name);
const struct aws_operation *aws_operation_find(const struct aws_service *service, const char *name);
const struct aws_shape *aws_shape_find(const struct aws_service *service, const char *name);
const struct aws_member *aws_member_find(const struct aws_shape *structure, const char *name);
/*
 * By the name rule of type files: equal without case and underscores, else one the plural (s, es,
 * y/ies) of the other. An exact fit is preferred.
 */
const struct aws_member *aws_member_match(const struct aws_shape *structure, const char *name);
/* The rule itself. */
bool aws_names_match(const char *a, const char *b);
/* A member in the body by its name in answers; `len` bytes of `wire`. */
const struct aws_member *aws_member_by_wire(const struct aws_shape *structure, const char *wire, size_t len);
/* The member that holds the idempotency token, or NULL. */
const struct aws_member *aws_operation_token(const struct aws_operation *op);
/* An error of the service by its code (or shape name), or NULL. */
const struct aws_shape *aws_error_find(const struct aws_service *service, const char *code);
/* Whether an enum publishes this value. */
bool aws_enum_has(const struct aws_shape *shape, const char *value, size_t len);
/* The enum's value nearest to a misspelt one, or NULL. */
const char *aws_enum_nearest(const struct aws_shape *shape, const char *value);
/* The names nearest to misspelt ones, or NULL. */
const char *aws_operation_nearest(const struct aws_service *service, const char *name);
const char *aws_member_nearest(const struct aws_shape *structure, const char *name);
/* "structure", "list", "string" ...: for messages. */
const char *aws_kind_word(enum aws_kind kind);
