/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files by which any OpenSSH client reaches a project's hosts.
 *
 *   DIR/ssh_config   hosts: for `Include` in ~/.ssh/config, and for VS Code
 *   DIR/ssh_main     that, then the user's own configuration: for ssh -F
 *   DIR/known_hosts  keys by instance ids, so that a host that took another's address is never taken for it
 *
 * Each host is known to ssh by its id, which is what we call it by; by its index, the address of its resource, its public
 * address and its name it is known to people.
 */
#pragma once

#include "base/base.h"

struct arena;
struct buf;
struct diags;
struct host;
struct hosts;

enum { SSH_CONNECT_S = 10 }; /* ConnectTimeout */

struct ssh_options {
	bool accept_new;     /* this time, take unknown keys unasked */
	const char *program; /* what `infra sandbox connect` is called by: our own path */
};

/*
 * Writes what has changed of the files, mode 0600, and drops the keys of hosts that are gone. The path for ssh -F, absolute,
 * in the arena; NULL after an error.
 */
const char *ssh_config_write(struct arena *arena, const struct hosts *hosts, const struct ssh_options *options, struct diags *diags);
/* The text of DIR/ssh_config. */
void ssh_config_text(const struct hosts *hosts, const struct ssh_options *options, struct buf *out);

/*
 * Learns the keys of hosts, and of what they are reached through, from the consoles, where they are not known: waits for at most
 * `wait_ms` until they have come, with a word on standard error about what it waits for. That a key was not found is no error:
 * ssh will ask. To be called before ssh_config_write().
 */
void ssh_learn_keys(const struct hosts *hosts, const struct host *const *list, size_t count, unsigned wait_ms);
/* Whether known_hosts has a key of it. */
bool ssh_knows_key(const struct hosts *hosts, const struct host *host);
/* Forgets it, so that it is learned anew. False with errno. */
bool ssh_forget_key(const struct hosts *hosts, const struct host *host) MUST_USE;
