/* SPDX-License-Identifier: Apache-2.0 */
#include "base/http.h"

#include "base/buf.h"
#include "base/loop.h"
#include "base/map.h"
#include "base/vec.h"

#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	PER_HOST = 64,
	CONNECTIONS = 256,
	CONNECT_TIMEOUT_MS = 10000,
	TIMEOUT_MS = 60000,
	RESPONSE_LIMIT = 64 << 20,
	HEADER_LIMIT = 256 << 10,
	/*
	 * Until a host has been reached once, no more than these are sent to it: libcurl looks a name
	 * up in a thread for each connection, and sixty-four would ask the same question together.
	 */
	FIRST_TO_HOST = 2,
	KEPT_BODY = 64 << 10, /* a larger body buffer is given back after use */
	KEPT_CALLS = 1024,
};

struct host {
	char *key; /* "https://name:port" */
	struct call *first, *last; /* waiting */
	unsigned active;
	bool reached;
	bool is_ready; /* in the list of hosts that may send */
	struct host *next_ready;
};

/* A request, waiting or on the wire. */
struct call {
	struct http *http;
	struct host *host;
	struct http_request request;
	http_done_fn done;
	void *ctx;
	struct call *next, *previous; /* among the waiting ones of its host */
	struct transfer *transfer;    /* NULL while it waits */
	uint64_t order;
	uint32_t slot;
};

/* What a request needs while it is on the wire; kept for the next one. */
struct transfer {
	struct http *http;
	struct call *call;
	CURL *easy;
	struct curl_slist *list;
	struct buf body, header_text;
	VEC(struct http_header) headers;
	VEC(size_t) header_at; /* offsets of name, value, name, value ... into header_text */
	char error[CURL_ERROR_SIZE];
	const char *own_error; /* why we ended it ourselves, or NULL */
	size_t body_sent;
	int body_fd; /* of body_file, or -1 */
	unsigned starts; /* how often libcurl was about to send it */
	bool too_large;
	struct transfer *next_free;
};

struct slot {
	struct call *call;
	uint32_t generation;
};

struct http {
	struct loop *loop;
	struct http_options options;
	char *user_agent, *ca_file, *ca_pem, *client_cert_pem, *client_key_pem;
	CURLM *multi;
	CURLSH *share;
	struct map hosts;
	struct host *first_ready, *last_ready;
	struct transfer *free_transfers;
	VEC(struct call *) free_calls;
	VEC(struct slot) slots;
	VEC(uint32_t) free_slots;
	loop_timer_id timer;
	bool kick_queued, pump_queued;
	uint64_t last_order;
	struct http_stats stats;
};

static void check(CURLMcode code, const char *what)
{
	if (code != CURLM_OK)
		bug("%s: %s", what, curl_multi_strerror(code));
}

#define set(easy, option, value)                                                  \
	do {                                                                      \
		if (curl_easy_setopt((easy), (option), (value)) != CURLE_OK)      \
			bug("libcurl refuses %s", #option);                       \
	} while (0)

static const char closed_early[] = "the connection was closed before an answer came";

static void collect(struct http *http);

/* --- libcurl's sockets and timer, on the loop --- */

static void act(struct http *http, curl_socket_t fd, int mask)
{
	int running;
	check(curl_multi_socket_action(http->multi, fd, mask, &running), "curl_multi_socket_action");
	collect(http);
}

static void socket_event(void *ctx, int fd, unsigned events)
{
	act(ctx, fd, (events & LOOP_READ ? CURL_CSELECT_IN : 0) | (events & LOOP_WRITE ? CURL_CSELECT_OUT : 0) |
			     (events & LOOP_ERROR ? CURL_CSELECT_ERR : 0));
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *watched)
{
	(void)easy;
	struct http *http = ctx;
	if (what == CURL_POLL_REMOVE) {
		loop_unwatch(http->loop, fd);
		return 0;
	}
	unsigned events = (what & CURL_POLL_IN ? LOOP_READ : 0u) | (what & CURL_POLL_OUT ? LOOP_WRITE : 0u);
	if (watched) {
		loop_change_fd(http->loop, fd, events);
	} else {
		loop_watch_fd(http->loop, fd, events, socket_event, http);
		curl_multi_assign(http->multi, fd, http);
	}
	return 0;
}

static void timer_event(void *ctx)
{
	struct http *http = ctx;
	http->timer = 0;
	act(http, CURL_SOCKET_TIMEOUT, 0);
}

static void kick(void *ctx)
{
	struct http *http = ctx;
	http->kick_queued = false;
	act(http, CURL_SOCKET_TIMEOUT, 0);
}

static int set_timer(CURLM *multi, long ms, void *ctx)
{
	(void)multi;
	struct http *http = ctx;
	loop_timer_cancel(http->loop, http->timer);
	http->timer = 0;
	if (ms > 0) {
		http->timer = loop_timer(http->loop, (uint64_t)ms, timer_event, http);
	} else if (ms == 0 && !http->kick_queued) {
		http->kick_queued = true;
		loop_later(http->loop, kick, http);
	}
	return 0;
}

/* libcurl of Debian 12 opens sockets that children would inherit. */
static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *address)
{
	(void)ctx;
	(void)purpose;
	return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static void start_library(struct http *http)
{
	static bool started;
	if (!started) {
		if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
			bug("libcurl does not start");
		started = true;
	}
	http->multi = curl_multi_init();
	http->share = curl_share_init();
	if (!http->multi || !http->share)
		out_of_memory();
	curl_share_setopt(http->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	check(curl_multi_setopt(http->multi, CURLMOPT_SOCKETFUNCTION, watch_socket), "socket function");
	check(curl_multi_setopt(http->multi, CURLMOPT_SOCKETDATA, http), "socket data");
	check(curl_multi_setopt(http->multi, CURLMOPT_TIMERFUNCTION, set_timer), "timer function");
	check(curl_multi_setopt(http->multi, CURLMOPT_TIMERDATA, http), "timer data");
	check(curl_multi_setopt(http->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING), "pipelining");
	check(curl_multi_setopt(http->multi, CURLMOPT_MAXCONNECTS, (long)http->options.connections), "connections");
}

/* --- Creation --- */

static const char *first_set(const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *value = getenv(names[i]);
		if (value && *value)
			return value;
	}
	return NULL;
}

struct http *http_new(struct loop *loop, const struct http_options *options)
{
	static const char *const ca_variables[] = {"AWS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE"};
	struct http *http = xcalloc(1, sizeof(*http));
	http->loop = loop;
	if (options)
		http->options = *options;
	struct http_options *o = &http->options;
	o->per_host = o->per_host ? o->per_host : PER_HOST;
	o->connections = o->connections ? o->connections : CONNECTIONS;
	o->connect_timeout_ms = o->connect_timeout_ms ? o->connect_timeout_ms : CONNECT_TIMEOUT_MS;
	o->timeout_ms = o->timeout_ms ? o->timeout_ms : TIMEOUT_MS;
	o->response_limit = o->response_limit ? o->response_limit : RESPONSE_LIMIT;
	http->user_agent = o->user_agent ? xstrdup(o->user_agent) : NULL;
	http->ca_pem = o->ca_pem ? xstrdup(o->ca_pem) : NULL;
	http->client_cert_pem = o->client_cert_pem ? xstrdup(o->client_cert_pem) : NULL;
	http->client_key_pem = o->client_key_pem ? xstrdup(o->client_key_pem) : NULL;
	const char *ca_file = o->ca_file ? o->ca_file : first_set(ca_variables, ARRAY_LEN(ca_variables));
	http->ca_file = ca_file ? xstrdup(ca_file) : NULL;
	return http;
}

static void release_transfer(struct transfer *t)
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

static void pump(void *ctx);

void http_free(struct http *http)
{
	if (!http)
		return;
	for (size_t i = 0; i < http->slots.count; i++) {
		struct call *call = http->slots.items[i].call;
		if (call && call->transfer) {
			curl_multi_remove_handle(http->multi, call->transfer->easy);
			release_transfer(call->transfer);
		}
		free(call);
	}
	while (http->free_transfers) {
		struct transfer *t = http->free_transfers;
		http->free_transfers = t->next_free;
		release_transfer(t);
	}
	if (http->multi)
		curl_multi_cleanup(http->multi);
	if (http->share)
		curl_share_cleanup(http->share);
	loop_timer_cancel(http->loop, http->timer);
	loop_later_cancel(http->loop, kick, http);
	loop_later_cancel(http->loop, pump, http);
	for (struct map_entry *e = map_first(&http->hosts); e; e = map_next(&http->hosts, e)) {
		free(((struct host *)e->value)->key);
		free(e->value);
	}
	map_release(&http->hosts);
	for (size_t i = 0; i < http->free_calls.count; i++)
		free(http->free_calls.items[i]);
	vec_free(&http->free_calls);
	vec_free(&http->slots);
	vec_free(&http->free_slots);
	free(http->user_agent);
	free(http->ca_file);
	free(http->ca_pem);
	free(http->client_cert_pem);
	if (http->client_key_pem)
		explicit_bzero(http->client_key_pem, strlen(http->client_key_pem));
	free(http->client_key_pem);
	free(http);
}

/* --- The queues --- */

static struct host *host_of(struct http *http, const char *url)
{
	const char *authority = strstr(url, "://");
	authority = authority ? authority + 3 : url;
	size_t len = (size_t)(authority - url) + strcspn(authority, "/?#");
	struct host *host = map_find_n(&http->hosts, url, len);
	if (!host) {
		host = xcalloc(1, sizeof(*host));
		host->key = xmalloc(len + 1);
		memcpy(host->key, url, len);
		host->key[len] = '\0';
		map_put_n(&http->hosts, host->key, len, host);
	}
	return host;
}

static void enqueue(struct host *host, struct call *call)
{
	call->next = NULL;
	call->previous = host->last;
	*(host->last ? &host->last->next : &host->first) = call;
	host->last = call;
}

static void dequeue(struct host *host, struct call *call)
{
	*(call->previous ? &call->previous->next : &host->first) = call->next;
	*(call->next ? &call->next->previous : &host->last) = call->previous;
	call->next = call->previous = NULL;
}

static void pump_soon(struct http *http)
{
	if (!http->pump_queued) {
		http->pump_queued = true;
		loop_later(http->loop, pump, http);
	}
}

/* Puts the host in the list of those that may send, if it may. */
static void make_ready(struct http *http, struct host *host)
{
	unsigned limit = host->reached ? http->options.per_host : FIRST_TO_HOST;
	if (limit > http->options.per_host)
		limit = http->options.per_host;
	if (host->is_ready || !host->first || host->active >= limit)
		return;
	host->is_ready = true;
	host->next_ready = NULL;
	*(http->first_ready ? &http->last_ready->next_ready : &http->first_ready) = host;
	http->last_ready = host;
	pump_soon(http);
}

http_id http_send(struct http *http, const struct http_request *request, http_done_fn done, void *ctx)
{
	struct call *call = http->free_calls.count ? vec_pop(&http->free_calls) : xmalloc(sizeof(*call));
	if (!http->free_slots.count) {
		vec_add(&http->slots, (struct slot){.generation = 1});
		vec_add(&http->free_slots, (uint32_t)http->slots.count - 1);
	}
	*call = (struct call){
		.http = http,
		.host = host_of(http, request->url),
		.request = *request,
		.done = done,
		.ctx = ctx,
		.order = ++http->last_order,
		.slot = vec_pop(&http->free_slots),
	};
	struct slot *slot = &http->slots.items[call->slot];
	slot->call = call;
	enqueue(call->host, call);
	http->stats.waiting++;
	make_ready(http, call->host);
	return (uint64_t)slot->generation << 32 | (call->slot + 1);
}

static void free_call(struct http *http, struct call *call)
{
	struct slot *slot = &http->slots.items[call->slot];
	slot->call = NULL;
	slot->generation++;
	vec_add(&http->free_slots, call->slot);
	if (http->free_calls.count < KEPT_CALLS)
		vec_add(&http->free_calls, call);
	else
		free(call);
}

/* --- One transfer --- */

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
	if (!host->reached) {
		host->reached = true;
		make_ready(t->http, host);
	}
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

static struct transfer *take_transfer(struct http *http)
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

static void put_back(struct transfer *t)
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

static const char *set_up(struct transfer *t)
{
	struct http_request *request = &t->call->request;
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

/* --- From the queue to the wire and back --- */

static void finish(struct http *http, struct call *call, struct http_response *response)
{
	struct transfer *t = call->transfer;
	struct host *host = call->host;
	http_done_fn done = call->done;
	void *ctx = call->ctx;
	if (!response->body)
		response->body = "";
	host->active--;
	http->stats.active--;
	free_call(http, call);
	make_ready(http, host);
	if (http->first_ready)
		pump_soon(http);
	done(ctx, response);
	put_back(t);
}

static void start(struct http *http, struct host *host)
{
	struct call *call = host->first;
	dequeue(host, call);
	http->stats.waiting--;
	host->active++;
	if (++http->stats.active > http->stats.most_active)
		http->stats.most_active = http->stats.active;
	struct transfer *t = take_transfer(http);
	t->call = call;
	call->transfer = t;
	buf_clear(&t->body);
	buf_clear(&t->header_text);
	t->header_at.count = 0;
	t->error[0] = '\0';
	t->own_error = NULL;
	t->too_large = false;
	t->body_sent = 0;
	t->starts = 0;
	const char *why = set_up(t);
	if (why) {
		finish(http, call, &(struct http_response){.result = HTTP_NOT_SENT, .error = why});
		return;
	}
	http->stats.requests++;
	check(curl_multi_add_handle(http->multi, t->easy), "curl_multi_add_handle");
}

static void pump(void *ctx)
{
	struct http *http = ctx;
	http->pump_queued = false;
	if (!http->multi)
		start_library(http);
	/* One request of each host in turn, so that a long queue of one does not hold up the others. */
	while (http->first_ready && http->stats.active < http->options.connections) {
		struct host *host = http->first_ready;
		http->first_ready = host->next_ready;
		host->is_ready = false;
		if (!host->first)
			continue; /* cancelled meanwhile */
		start(http, host);
		make_ready(http, host);
	}
}

/*
 * A host that was never reached and now is not: those who wait for it hear the same, instead of
 * trying one after the other until each has timed out. Whoever wants to try again sends again.
 */
static void fail_waiting(struct http *http, struct host *host, const struct http_response *response)
{
	uint64_t last = http->last_order; /* what the callbacks send is left alone */
	struct http_response same = {.result = HTTP_NOT_SENT,
				     .body = "",
				     .error = response->error,
				     .timed_out = response->timed_out,
				     .untrusted = response->untrusted};
	while (host->first && host->first->order <= last) {
		struct call *call = host->first;
		http_done_fn done = call->done;
		void *ctx = call->ctx;
		dequeue(host, call);
		http->stats.waiting--;
		free_call(http, call);
		done(ctx, &same);
	}
}

static void finish_transfer(struct http *http, struct transfer *t, CURLcode code)
{
	long status = 0, connections = 0;
	curl_off_t elapsed_us = 0;
	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &connections);
	curl_easy_getinfo(t->easy, CURLINFO_TOTAL_TIME_T, &elapsed_us);
	curl_multi_remove_handle(http->multi, t->easy);
	http->stats.connections += (uint64_t)connections;

	t->headers.count = 0;
	for (size_t i = 0; i + 1 < t->header_at.count; i += 2) {
		const char *text = t->header_text.ptr;
		vec_add(&t->headers, (struct http_header){text + t->header_at.items[i], text + t->header_at.items[i + 1]});
	}
	struct http_response response = {
		.result = code == CURLE_OK ? HTTP_OK : t->starts ? HTTP_LOST : HTTP_NOT_SENT,
		.status = (unsigned)status,
		.headers = t->headers.items,
		.header_count = t->headers.count,
		.body = buf_text(&t->body),
		.body_len = t->body.len,
		.timed_out = code == CURLE_OPERATION_TIMEDOUT,
		.too_large = t->too_large,
		.untrusted = code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE,
		.elapsed_ms = (unsigned)(elapsed_us / 1000),
	};
	if (code != CURLE_OK)
		response.error = t->own_error ? t->own_error : *t->error ? t->error : curl_easy_strerror(code);
	struct host *host = t->call->host;
	bool unreachable = response.result == HTTP_NOT_SENT && !host->reached;
	AUTO_FREE char *error = unreachable ? xstrdup(response.error) : NULL;
	finish(http, t->call, &response);
	if (unreachable) {
		response.error = error;
		fail_waiting(http, host, &response);
	}
}

static void collect(struct http *http)
{
	int left;
	const CURLMsg *message;
	while ((message = curl_multi_info_read(http->multi, &left))) {
		if (message->msg != CURLMSG_DONE)
			continue;
		struct transfer *t = NULL;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&t);
		finish_transfer(http, t, message->data.result);
	}
}

void http_cancel(struct http *http, http_id id)
{
	uint32_t at = (uint32_t)id - 1;
	if (!id || at >= http->slots.count)
		return;
	struct slot *slot = &http->slots.items[at];
	struct call *call = slot->call;
	if (!call || slot->generation != (uint32_t)(id >> 32))
		return;
	if (call->transfer) {
		curl_multi_remove_handle(http->multi, call->transfer->easy);
		call->host->active--;
		http->stats.active--;
		make_ready(http, call->host);
		if (http->first_ready)
			pump_soon(http);
		put_back(call->transfer);
	} else {
		dequeue(call->host, call);
		http->stats.waiting--;
	}
	free_call(http, call);
}

const char *http_header_find(const struct http_response *response, const char *name)
{
	for (size_t i = 0; i < response->header_count; i++) {
		if (!strcasecmp(response->headers[i].name, name))
			return response->headers[i].value;
	}
	return NULL;
}

bool http_join_url(const char *base, const char *reference, struct buf *out)
{
	CURLU *url = curl_url();
	char *text = NULL;
	if (!url)
		out_of_memory();
	bool ok = curl_url_set(url, CURLUPART_URL, base, CURLU_URLENCODE | CURLU_ALLOW_SPACE) == CURLUE_OK &&
		  curl_url_set(url, CURLUPART_URL, reference, CURLU_URLENCODE | CURLU_ALLOW_SPACE) == CURLUE_OK &&
		  curl_url_get(url, CURLUPART_URL, &text, 0) == CURLUE_OK;
	if (ok)
		buf_adds(out, text);
	curl_free(text);
	curl_url_cleanup(url);
	return ok;
}

bool http_same_origin(const char *url, const char *other)
{
	static const CURLUPart parts[] = {CURLUPART_SCHEME, CURLUPART_HOST, CURLUPART_PORT};
	CURLU *a = curl_url(), *b = curl_url();
	if (!a || !b)
		out_of_memory();
	bool same = curl_url_set(a, CURLUPART_URL, url, 0) == CURLUE_OK && curl_url_set(b, CURLUPART_URL, other, 0) == CURLUE_OK;
	for (size_t i = 0; i < ARRAY_LEN(parts) && same; i++) {
		char *x = NULL, *y = NULL;
		same = curl_url_get(a, parts[i], &x, CURLU_DEFAULT_PORT) == CURLUE_OK &&
		       curl_url_get(b, parts[i], &y, CURLU_DEFAULT_PORT) == CURLUE_OK && !strcasecmp(x, y);
		curl_free(x);
		curl_free(y);
	}
	curl_url_cleanup(a);
	curl_url_cleanup(b);
	return same;
}

const char *http_library(void)
{
	static char name[40];
	if (!*name)
		snprintf(name, sizeof(name), "curl/%s", curl_version_info(CURLVERSION_NOW)->version);
	return name;
}

struct http_stats http_stats(const struct http *http)
{
	return http->stats;
}
