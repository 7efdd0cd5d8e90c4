/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Asynchronous HTTP, on the loop.
 *
 * Requests wait in a queue for each host (scheme, name and port) until one of its connections is
 * free; a waiting request costs little memory. Until a host has been reached once, two requests try
 * it; when that fails, those that wait fail with them. Connections are kept and used again.
 * HTTP/1.1; TLS with the system's authorities, or those of options or AWS_CA_BUNDLE; proxies by the
 * usual environment variables; redirects are never followed. No request is ever repeated when
 * `once` is set, and otherwise only where a kept connection turned out to be dead before any answer.
 */
#pragma once

#include "base/base.h"

struct http;
struct loop;

struct http_options {
	unsigned per_host;           /* connections to one host at a time; 0: 64 */
	unsigned connections;        /* to all hosts together; 0: 256 */
	unsigned connect_timeout_ms; /* 0: 10 s */
	unsigned timeout_ms;         /* whole exchange, from leaving the queue; 0: 60 s */
	size_t response_limit;       /* bytes of a body; 0: 64 MiB */
	const char *user_agent;      /* NULL: none sent; copied */
	const char *ca_file;         /* PEM; NULL: AWS_CA_BUNDLE, else the system's; copied */
	const char *ca_pem;          /* text: these authorities and no others; copied */
	const char *client_cert_pem, *client_key_pem; /* text, both or none; copied */
	bool insecure;               /* the server's certificate is not verified */
	bool no_proxy;               /* ignore the proxy variables (link-local services) */
};

/* The library behind it is only started by the first request. */
struct http *http_new(struct loop *loop, const struct http_options *options); /* options may be NULL */
/* Drops all requests without calling back. NULL accepted. */
void http_free(struct http *http);

struct http_header {
	const char *name, *value;
};

struct http_request;
/* Called when the request is about to leave; see `prepare`. False: it ends as HTTP_NOT_SENT. */
typedef bool (*http_prepare_fn)(void *ctx, struct http_request *request);
/* Called with each piece of the answer's body; false ends it as HTTP_LOST. Must not send or cancel. */
typedef bool (*http_data_fn)(void *ctx, const void *bytes, size_t len);

/*
 * http_send() copies this struct but nothing it points to: strings, headers and body stay the
 * caller's and must live until the request is done or cancelled.
 */
struct http_request {
	const char *method; /* "GET" when NULL */
	const char *url;    /* absolute, escaped, http or https */
	const struct http_header *headers; /* neither Content-Length nor Transfer-Encoding */
	size_t header_count;
	const void *body; /* or NULL */
	size_t body_len;
	const char *body_file;       /* instead of body: a file, sent as it is when the request leaves */
	unsigned connect_timeout_ms; /* 0: as in the options */
	unsigned timeout_ms;
	size_t response_limit;
	bool once; /* never sent a second time on another connection, whatever happens to the first */
	bool no_proxy;
	/*
	 * May set everything above but url's host, at the last moment: a body that is only built then
	 * costs nothing while it waits, and a signature made then is not stale.
	 */
	http_prepare_fn prepare;
	void *prepare_ctx;
	http_data_fn on_data; /* gets the body of answers below 300, unlimited, instead of response.body */
	void *data_ctx;
};

enum http_result {
	HTTP_OK,       /* a complete answer came, whatever its status */
	HTTP_NOT_SENT, /* certain that no byte of the request left: no such host, refused, TLS failed */
	HTTP_LOST,     /* sent, at least in part, without a complete answer: it may have had its effect */
};

struct http_response {
	enum http_result result;
	unsigned status; /* 0 without an answer */
	const struct http_header *headers; /* names in lower case, in order */
	size_t header_count;
	const char *body; /* NUL-terminated behind its length; never NULL */
	size_t body_len;
	const char *error;   /* for people, one line; NULL for HTTP_OK */
	bool timed_out;      /* HTTP_LOST or HTTP_NOT_SENT because of a timeout */
	bool too_large;      /* HTTP_LOST because of response_limit */
	bool untrusted;      /* HTTP_NOT_SENT because the server's certificate could not be verified */
	unsigned elapsed_ms; /* since it left the queue */
};

/* Everything in the response is valid until the function returns. It may send and cancel others. */
typedef void (*http_done_fn)(void *ctx, const struct http_response *response);

/* Names one request for ever: 0 is none, and cancelling one that is done does nothing. */
typedef uint64_t http_id;
/* `done` is called once, always later, from the loop; never after http_cancel(). */
http_id http_send(struct http *http, const struct http_request *request, http_done_fn done, void *ctx);
void http_cancel(struct http *http, http_id id);

/* The value of a header, by its name in any case, or NULL. */
const char *http_header_find(const struct http_response *response, const char *name);

/*
 * The URL that a reference in an answer of `base` means (RFC 3986). False when it is none. Spaces and
 * bytes beyond ASCII are escaped.
 */
struct buf;
bool http_join_url(const char *base, const char *reference, struct buf *out) MUST_USE;
/* Whether both are of one scheme, host and port. */
bool http_same_origin(const char *url, const char *other);
/* The library's name and version, for user agents: "curl/7.88.1". */
const char *http_library(void);

struct http_stats {
	uint64_t requests;    /* that left the queue */
	uint64_t connections; /* opened */
	uint64_t bytes_sent, bytes_received; /* bodies */
	size_t active, waiting; /* now */
	size_t most_active;
};
struct http_stats http_stats(const struct http *http);
