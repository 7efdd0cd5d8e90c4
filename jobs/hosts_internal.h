/* SPDX-License-Identifier: Apache-2.0 */
/* What the files about hosts share. */
#pragma once

#include "base/arena.h"
#include "jobs/hosts.h"
#include "lang/value/value.h"
#include "state/state.h"

/* ---- jobs/memory.c: what was learned once, in DIR/hosts.json, as texts under names ---- */
struct memory;
struct memory *memory_open(struct arena *arena, const char *dir); /* a damaged file is an empty one */
void memory_close(struct memory *memory); /* NULL accepted */
/* NULL: not known. `key` tells of what: an id, or "". */
const char *memory_get(const struct memory *memory, const char *what, const char *key);
void memory_set(struct memory *memory, const char *what, const char *key, const char *text); /* NULL: forget */
/* Writes it where something is new. That it cannot be written costs time alone. */
void memory_save(struct memory *memory);

/* ---- jobs/hosts_ask.c ---- */
/* An operation of EC2 with all its pages; NULL after diagnostics. */
const struct value *hosts_ask(const struct hosts_cloud *cloud, struct aws *aws, const char *operation, const struct value *params,
			      struct arena *arena, struct diags *diags);
/* Fills in what the state does not say: users, networks, public keys; with `refresh` how the hosts are now. */
void hosts_ask_missing(const struct hosts *hosts, const struct state *state, struct memory *memory, bool refresh, struct diags *diags);
/*
 * How hosts were when the cloud was asked last, where that was after the state was: one that was stopped and started has another
 * public address.
 */
void hosts_take_seen(const struct hosts *hosts, const struct state *state, const struct memory *memory);
/* The user that an image lets in, by its name and its maker's words; NULL: it cannot be told. */
const char *image_user(const char *name, const char *description, const char *platform);

/* ---- jobs/jump.c ---- */
/* Sets jump, jump_note and no_way of each. False after an error: `wish` is no host. */
bool hosts_choose_jumps(const struct hosts *hosts, const struct state *state, const char *wish, struct diags *diags);

/* ---- jobs/identity.c ---- */
/* The public key of a key pair that the state holds, or NULL. */
const char *state_public_key(const struct state *state, const char *key_name);
/* Sets identity and identity_note of each. */
void hosts_find_identities(const struct hosts *hosts, const struct state *state, const struct memory *memory);
