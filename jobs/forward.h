/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A port of a host brought to this machine by ssh -N -L, for as long as it is wanted: it is tried out by a connection of our
 * own, watched, and made anew, with the same local port, when ssh ends. It listens on 127.0.0.1 alone.
 */
#pragma once

#include "base/base.h"

struct forward;
struct loop;

enum forward_event {
	FORWARD_WORKS,  /* a connection came through; again after each of the two below */
	FORWARD_SILENT, /* the tunnel stands, but there nobody takes connections: `why`. It is tried again and again */
	FORWARD_LOST,   /* ssh has ended: `why`. It is started again and again */
	FORWARD_STILL,  /* and could not be, some times by now: `why` */
	FORWARD_FAILED, /* it could not be made at first, for `why`; the last event */
};
/* `why` is one line without control characters; it lives until the function returns. The function must not free the forward. */
typedef void (*forward_fn)(void *ctx, enum forward_event event, const char *why);

/* Borrowed: must live as long as the forward. */
struct forward_options {
	const char *const *way; /* what begins ssh's argument vector: "ssh", "-F", FILE */
	size_t way_count;
	const char *host;     /* ssh's word for the host to log in to */
	const char *target;   /* where the port is, as seen from that host: "localhost" */
	const char *other;    /* where else it may be, where that one refuses: an address of the host; NULL: nowhere */
	unsigned port, local_port;
	bool may_move;        /* to another local port, where that one turns out to be taken before the tunnel stood */
	bool terminal;        /* ssh may ask questions, and hears Ctrl-C itself */
	/* An argument vector, ended by NULL, of what finds out anew how the host is reached; run when it is not found. NULL: nothing. */
	const char *const *renew;
};

struct forward *forward_new(struct loop *loop, const struct forward_options *options, forward_fn fn, void *ctx);
unsigned forward_local_port(const struct forward *forward);
/* Asks ssh to end; no event follows. */
void forward_stop(struct forward *forward);
/* After FORWARD_FAILED, or once all that was stopped has ended. */
bool forward_is_over(const struct forward *forward);
/* Kills what still runs. NULL accepted. */
void forward_free(struct forward *forward);

/* Whether a port can be listened on at 127.0.0.1 now. */
bool forward_port_is_free(unsigned port);
/* One that can, chosen by the kernel; 0: none. */
unsigned forward_free_port(void);
