/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections from this machine into a sandbox's world: the socket is made and connected in there, and handed out,
 * so that nothing stands between its ends.
 */
#pragma once

#include "base/base.h"

struct buf;
struct guests;

/*
 * Who asks at the listener says "HOST PORT FROM" and a newline, the last an address on the internet, and gets "ok" with
 * the socket, or the reason why not; or "HOST key", and gets "ok" and the host's public key.
 */
void connect_serve(struct guests *guests, int listener);

/* Listens at "hosts.socket" in a sandbox's directory. -1 with the reason. */
int connect_listen(const char *dir, struct buf *why);
/* Takes away what stays of it in the directory: where there is none, there are no hosts. */
void connect_forget(const char *dir);
/* The other side; `from` NULL: anywhere. A connected socket, or -1 with the reason. */
int connect_ask(const char *dir, const char *host, unsigned port, const char *from, struct buf *why);
/* The key that a host has to prove itself by, as a line of ssh's. False with the reason. */
bool connect_host_key(const char *dir, const char *host, struct buf *key, struct buf *why) MUST_USE;
/* The id of a host that runs, by its public address or name, or a private address that only one has. False with the reason. */
bool connect_host_id(const char *dir, const char *host, struct buf *id, struct buf *why) MUST_USE;
/* Hands a descriptor over a socket with some words. False with errno. */
bool connect_hand_over(int socket, int fd, const char *words, size_t len) MUST_USE;
