/* SPDX-License-Identifier: Apache-2.0 */
/* A request on the wire: what libcurl is told of it, and what it asks and tells meanwhile. */
#include "base/http_curl_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	HEADER_LIMIT = 256 << 10,
	KEPT_BODY = 64 << 10, /* a larger body buffer is given back after use */
};

#define set(easy, option, value)                                                  \
	do {                                                                      \
		if (curl_easy_setopt((easy), (option), (value)) != CURLE_OK)      \
			bug("libcurl refuses %s", #option);                       \
	} while (0)

static const char closed_early[] = "the connection was closed before an answer came";

/* libcurl of Debian 12 opens sockets that children would inherit. */
static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
	(void)ctx;
	(void)purpose;
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static size_t on_body(char *bytes, size_t size, size_t count, void *ctx)
{
	struct transfer *t = ctx;
	const struct http_request *request = &t->call->request;
	size_t len = size * count;
	long status = 0;
	t->http->stats.bytes_received += len;
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	if (request->on_data && status < 300) {
		if (request->on_data(request->data_ctx, bytes, len))
			return len;
		t->own_error = "the answer was not wanted any more";
		return 0;
	}
	size_t limit = request->response_limit ? request->response_limit : t->http->options.response_limit;
	if (len > limit || t->body.len > limit - len) {
		t->too_large = true;
		t->own_error = "the answer is larger than allowed";
		return 0;
	}
	buf_add(&t->body, bytes, len);
	return len;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static size_t on_header(char *bytes, size_t size, size_t count, void *ctx)
{
	struct transfer *t = ctx;
	size_t len = size * count;
	if (len >= 5 && !strncasecmp(bytes, "HTTP/", 5)) { /* a new answer: that before was a 1xx */
		buf_clear(&t->header_text);
		t->header_at.count = 0;
		return len;
	}
	if (len > HEADER_LIMIT || t->header_text.len > HEADER_LIMIT - len) {
		t->too_large = true;
		t->own_error = "the answer's headers are larger than allowed";
		return 0;
	}
	const char *colon = memchr(bytes, ':', len);
	if (!colon)
		return len;
	const char *end = bytes + len, *value = colon + 1, *name_end = colon;
	while (value < end && is_space(*value))
		value++;
	while (end > value && is_space(end[-1]))
		end--;
	while (name_end > bytes && is_space(name_end[-1]))
		name_end--;
	vec_add(&t->header_at, t->header_text.len);
	for (const char *p = bytes; p < name_end; p++)
		buf_addc(&t->header_text, (char)(*p >= 'A' && *p <= 'Z' ? *p + 32 : *p));
	buf_addc(&t->header_text, '\0');
	vec_add(&t->header_at, t->header_text.len);
	buf_add(&t->header_text, value, (size_t)(end - value));
	buf_addc(&t->header_text, '\0');
	return len;
}

static size_t give_body(char *into, size_t size, size_t count, void *ctx)
{
	struct transfer *t = ctx;
	const struct http_request *request = &t->call->request;
	size_t room = size * count;
	if (t->body_fd >= 0) {
		ssize_t n;
		do
			n = read(t->body_fd, into, room);
		while (n < 0 && errno == EINTR);
		if (n < 0) {
			t->own_error = "the file to send cannot be read";
			return CURL_READFUNC_ABORT;
		}
		t->body_sent += (size_t)n;
		t->http->stats.bytes_sent += (uint64_t)n;
		return (size_t)n;
	}
	size_t n = request->body_len - t->body_sent;
	if (n > room)
		n = room;
	memcpy(into, (const char *)request->body + t->body_sent, n);
	t->body_sent += n;
	t->http->stats.bytes_sent += n;
	return n;
}

/* libcurl repeats a request whose kept connection died; it asks for the body again here. */
static int rewind_body(void *ctx, curl_off_t offset, int origin)
{
	struct transfer *t = ctx;
	if (t->call->request.once) {
		t->own_error = closed_early;
		return CURL_SEEKFUNC_FAIL;
	}
	if (origin != SEEK_SET || offset < 0)
		return CURL_SEEKFUNC_FAIL;
	if (t->body_fd >= 0) {
		if (lseek(t->body_fd, (off_t)offset, SEEK_SET) < 0)
			return CURL_SEEKFUNC_FAIL;
	} else if ((size_t)offset > t->call->request.body_len) {
		return CURL_SEEKFUNC_FAIL;
	}
	t->body_sent = (size_t)offset;
	return CURL_SEEKFUNC_OK;
}

/*
 * Called when a connection stands and the request is about to go out. A body already sent is held
 * back by rewind_body(); a request without one, or whose headers alone went out, only by this.
 */
static int about_to_send(void *ctx, char *address, char *local, int port, int local_port)
{
	(void)address;
	(void)local;
	(void)port;
	(void)local_port;
	struct transfer *t = ctx;
	struct host *host = t->call->host;
	if (!host->reached)
		host_reached(t->http, host);
	if (t->starts++ && t->call->request.once) {
		t->own_error = closed_early;
		return CURL_PREREQFUNC_ABORT;
	}
	return CURL_PREREQFUNC_OK;
}

static struct curl_blob *blob_of(char *text)
{
	static struct curl_blob blob;
	blob = (struct curl_blob){.data = text, .len = strlen(text), .flags = CURL_BLOB_NOCOPY};
	return &blob;
}

struct transfer *transfer_take(struct http *http)
{
	struct transfer *t = http->free_transfers;
	if (t) {
		http->free_transfers = t->next_free;
		return t;
	}
	t = xcalloc(1, sizeof(*t));
	t->http = http;
	t->body_fd = -1;
	t->easy = curl_easy_init();
	if (!t->easy)
		out_of_memory();
	CURL *easy = t->easy;
	set(easy, CURLOPT_PRIVATE, (void *)t);
	set(easy, CURLOPT_NOSIGNAL, 1L);
	set(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	set(easy, CURLOPT_FOLLOWLOCATION, 0L);
	set(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	set(easy, CURLOPT_UPLOAD_BUFFERSIZE, 16384L);
	set(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	set(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	set(easy, CURLOPT_PATH_AS_IS, 1L); /* an S3 key may hold "..", and what was signed must be sent */
	set(easy, CURLOPT_SHARE, http->share);
	set(easy, CURLOPT_ERRORBUFFER, t->error);
	set(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	set(easy, CURLOPT_PREREQFUNCTION, about_to_send);
	set(easy, CURLOPT_PREREQDATA, (void *)t);
	set(easy, CURLOPT_WRITEFUNCTION, on_body);
	set(easy, CURLOPT_WRITEDATA, (void *)t);
	set(easy, CURLOPT_HEADERFUNCTION, on_header);
	set(easy, CURLOPT_HEADERDATA, (void *)t);
	set(easy, CURLOPT_READFUNCTION, give_body);
	set(easy, CURLOPT_READDATA, (void *)t);
	set(easy, CURLOPT_SEEKFUNCTION, rewind_body);
	set(easy, CURLOPT_SEEKDATA, (void *)t);
	if (http->user_agent)
		set(easy, CURLOPT_USERAGENT, http->user_agent);
	if (http->ca_file)
		set(easy, CURLOPT_CAINFO, http->ca_file);
	if (http->ca_pem) {
		set(easy, CURLOPT_CAINFO_BLOB, blob_of(http->ca_pem));
		set(easy, CURLOPT_CAPATH, NULL);
	}
	if (http->client_cert_pem && http->client_key_pem) {
		set(easy, CURLOPT_SSLCERT_BLOB, blob_of(http->client_cert_pem));
		set(easy, CURLOPT_SSLKEY_BLOB, blob_of(http->client_key_pem));
	}
	if (http->options.insecure) {
		set(easy, CURLOPT_SSL_VERIFYPEER, 0L);
		set(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	return t;
}

void transfer_put_back(struct transfer *t)
{
	curl_slist_free_all(t->list);
	t->list = NULL;
	if (t->body_fd >= 0)
		close(t->body_fd);
	t->body_fd = -1;
	t->call = NULL;
	if (t->body.cap > KEPT_BODY)
		buf_release(&t->body);
	t->next_free = t->http->free_transfers;
	t->http->free_transfers = t;
}

static void add_header(struct transfer *t, const char *line)
{
	struct curl_slist *list = curl_slist_append(t->list, line);
	if (!list)
		out_of_memory();
	t->list = list;
}

/* NULL, or why a request with these headers cannot be sent. */
static const char *add_headers(struct transfer *t, const struct http_request *request)
{
	/* What libcurl would add by itself, unless the caller says it. */
	static const char *const unwanted[] = {"Accept", "Expect", "Content-Type", "User-Agent"};
	unsigned given = 0;
	AUTO_BUF struct buf line = BUF_INIT;
	for (size_t i = 0; i < request->header_count; i++) {
		const struct http_header *header = &request->headers[i];
		if (strpbrk(header->name, "\r\n: ") || strpbrk(header->value, "\r\n"))
			return "a header holds a line break";
		for (size_t k = 0; k < ARRAY_LEN(unwanted); k++)
			given |= !strcasecmp(header->name, unwanted[k]) ? 1u << k : 0;
		buf_clear(&line);
		if (*header->value)
			buf_addf(&line, "%s: %s", header->name, header->value);
		else
			buf_addf(&line, "%s;", header->name);
		add_header(t, line.ptr);
	}
	for (size_t k = 0; k < ARRAY_LEN(unwanted); k++) {
		bool wanted = (given & 1u << k) || (!strcmp(unwanted[k], "User-Agent") && t->http->user_agent);
		if (!wanted) {
			buf_clear(&line);
			buf_addf(&line, "%s:", unwanted[k]);
			add_header(t, line.ptr);
		}
	}
	return NULL;
}

/* NULL, or why not. */
static const char *set_body(struct transfer *t, const struct http_request *request)
{
	const char *method = request->method ? request->method : "GET";
	curl_off_t len = (curl_off_t)request->body_len;
	if (request->body_file) {
		struct stat st;
		t->body_fd = open(request->body_file, O_RDONLY | O_CLOEXEC);
		if (t->body_fd < 0 || fstat(t->body_fd, &st) < 0 || !S_ISREG(st.st_mode))
			return "the file to send cannot be opened";
		len = st.st_size;
	}
	bool with_body = len > 0 || !strcmp(method, "POST") || !strcmp(method, "PUT") || !strcmp(method, "PATCH");
	CURL *easy = t->easy;
	set(easy, CURLOPT_CUSTOMREQUEST, NULL);
	set(easy, CURLOPT_HTTPGET, 1L);
	if (with_body) {
		set(easy, CURLOPT_POST, 1L);
		set(easy, CURLOPT_POSTFIELDS, NULL);
		set(easy, CURLOPT_POSTFIELDSIZE_LARGE, len);
	} else if (!strcmp(method, "HEAD")) {
		set(easy, CURLOPT_NOBODY, 1L);
	}
	if (strcmp(method, with_body ? "POST" : "GET") && strcmp(method, "HEAD"))
		set(easy, CURLOPT_CUSTOMREQUEST, method);
	return NULL;
}

const char *transfer_set_up(struct transfer *t, struct call *call)
{
	t->call = call;
	buf_clear(&t->body);
	buf_clear(&t->header_text);
	t->header_at.count = 0;
	t->error[0] = '\0';
	t->own_error = NULL;
	t->too_large = false;
	t->body_sent = 0;
	t->starts = 0;
	struct http_request *request = &call->request;
	const struct http_options *options = &t->http->options;
	if (request->prepare && !request->prepare(request->prepare_ctx, request))
		return "the request could not be prepared";
	const char *why = add_headers(t, request);
	if (why || (why = set_body(t, request)))
		return why;
	CURL *easy = t->easy;
	if (curl_easy_setopt(easy, CURLOPT_URL, request->url) != CURLE_OK)
		return "the URL is too long";
	set(easy, CURLOPT_HTTPHEADER, t->list);
	set(easy, CURLOPT_NOPROXY, options->no_proxy || request->no_proxy ? "*" : NULL);
	set(easy, CURLOPT_CONNECTTIMEOUT_MS,
	    (long)(request->connect_timeout_ms ? request->connect_timeout_ms : options->connect_timeout_ms));
	set(easy, CURLOPT_TIMEOUT_MS, (long)(request->timeout_ms ? request->timeout_ms : options->timeout_ms));
	return NULL;
}

void transfer_free(struct transfer *t)
{
	curl_easy_cleanup(t->easy);
	curl_slist_free_all(t->list);
	buf_release(&t->body);
	buf_release(&t->header_text);
	vec_free(&t->headers);
	vec_free(&t->header_at);
	if (t->body_fd >= 0)
		close(t->body_fd);
	free(t);
}
