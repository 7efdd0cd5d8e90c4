/* SPDX-License-Identifier: Apache-2.0 */
/* Queues of requests by host, and libcurl's multi interface on the loop. */
#include "base/http_curl_internal.h"

#include <strings.h>

enum {
	PER_HOST = 64,
	CONNECTIONS = 256,
	CONNECT_TIMEOUT_MS = 10000,
	TIMEOUT_MS = 60000,
	RESPONSE_LIMIT = 64 << 20,
	/*
	 * Until a host has been reached once, no more than these are sent to it: libcurl looks a name
	 * up in a thread for each connection, and sixty-four would ask the same question together.
	 */
	FIRST_TO_HOST = 2,
	KEPT_CALLS = 1024,
};

static void check(CURLMcode code, const char *what)
{
	if (code != CURLM_OK)
		bug("%s: %s", what, curl_multi_strerror(code));
}

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

static void pump(void *ctx);

void http_free(struct http *http)
{
	if (!http)
		return;
	for (size_t i = 0; i < http->slots.count; i++) {
		struct call *call = http->slots.items[i].call;
		if (call && call->transfer) {
			curl_multi_remove_handle(http->multi, call->transfer->easy);
			transfer_free(call->transfer);
		}
		free(call);
	}
	while (http->free_transfers) {
		struct transfer *t = http->free_transfers;
		http->free_transfers = t->next_free;
		transfer_free(t);
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

void host_reached(struct http *http, struct host *host)
{
	host->reached = true;
	make_ready(http, host);
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
	transfer_put_back(t);
}

static void start(struct http *http, struct host *host)
{
	struct call *call = host->first;
	dequeue(host, call);
	http->stats.waiting--;
	host->active++;
	if (++http->stats.active > http->stats.most_active)
		http->stats.most_active = http->stats.active;
	struct transfer *t = transfer_take(http);
	call->transfer = t;
	const char *why = transfer_set_up(t, call);
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
		transfer_put_back(call->transfer);
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
