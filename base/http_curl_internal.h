/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of base/http.h's implementation over libcurl share; nobody else includes it. */
#pragma once

#include "base/buf.h"
#include "base/http.h"
#include "base/loop.h"
#include "base/map.h"
#include "base/vec.h"

#include <curl/curl.h>

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

/* ---- base/http_curl.c ---- */
/* A connection stands for the first time: more may be sent to the host. */
void host_reached(struct http *http, struct host *host);

/* ---- base/http_curl_transfer.c ---- */
/* One that is free, or a new one; ready for a request. */
struct transfer *transfer_take(struct http *http);
/* Tells libcurl all about the call's request; NULL, or why that is not possible. */
const char *transfer_set_up(struct transfer *t, struct call *call);
void transfer_put_back(struct transfer *t);
void transfer_free(struct transfer *t);
