/* SPDX-License-Identifier: Apache-2.0 */
/* Values on their way to the disk: packed, and sealed where they hold something sensitive. */
#include "base/digest.h"
#include "base/file.h"
#include "base/seal.h"
#include "lang/value/json.h"
#include "state/state_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PLAIN = 'p', SEALED = 's' };

static char *key_path(struct arena *arena)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	if (config && *config == '/')
		return arena_printf(arena, "%s/infra/state.key", config);
	return home && *home ? arena_printf(arena, "%s/.config/infra/state.key", home) : NULL;
}

static const char *meta(struct state *state, const char *name, struct arena *arena)
{
	if (!state->db)
		return NULL; /* opened for reading, and not there yet */
	AUTO_BUF struct buf why = BUF_INIT;
	struct db_stmt *get = db_prepare(state->db, "SELECT value FROM meta WHERE name = ?", &why);
	const char *found = NULL;
	if (get) {
		db_bind_text(get, 1, name);
		if (db_step(get, &why) == DB_ROW)
			found = arena_strdup(arena, db_column_text(get, 0));
		db_reset(get);
	}
	return found;
}

static void put_meta(struct state *state, const char *name, const char *value)
{
	db_bind_text(state->put_meta, 1, name);
	db_bind_text(state->put_meta, 2, value);
	if (!db_run(state->put_meta, &state->why))
		state->broken = true;
}

/* A word that tells one key from another without telling the key. */
static void key_id(const unsigned char key[SEAL_KEY_SIZE], struct buf *out)
{
	unsigned char mac[DIGEST_MAX];
	static const char text[] = "infra state key";
	hmac_bytes(DIGEST_SHA256, key, SEAL_KEY_SIZE, text, sizeof(text) - 1, mac);
	hex_encode(mac, 8, out);
}

static bool from_passphrase(struct state *state, const char *passphrase, struct diags *diags)
{
	AUTO_BUF struct buf salt = BUF_INIT;
	const char *recorded = meta(state, "salt", state->arena);
	if (recorded) {
		if (!hex_decode(recorded, strlen(recorded), &salt)) {
			diag_error(diags, SRC_NOWHERE, "The state is damaged", "Its salt is not hexadecimal.");
			return false;
		}
	} else {
		unsigned char random[16];
		random_bytes(random, sizeof(random));
		buf_add(&salt, random, sizeof(random));
		AUTO_BUF struct buf hex = BUF_INIT;
		hex_encode(random, sizeof(random), &hex);
		if (!state->read_only)
			put_meta(state, "salt", buf_text(&hex));
	}
	return seal_key_from_passphrase(&seal_usual_cost, passphrase, salt.ptr, salt.len, state->key.bytes, SEAL_KEY_SIZE);
}

static bool from_file(struct state *state, bool make, struct diags *diags)
{
	char *path = key_path(state->arena);
	if (!path) {
		diag_error(diags, SRC_NOWHERE, "No key for sensitive values",
			   "The state holds sensitive values, which are sealed, and there is no home directory to keep the key in. Set HOME, or "
			   "give a passphrase in INFRA_STATE_PASSPHRASE.");
		return false;
	}
	AUTO_BUF struct buf text = BUF_INIT;
	AUTO_BUF struct buf key = BUF_INIT;
	if (file_read(path, 4096, &text)) {
		while (text.len && (text.ptr[text.len - 1] == '\n' || text.ptr[text.len - 1] == ' '))
			text.len--;
		if (!hex_decode(text.ptr, text.len, &key) || key.len != SEAL_KEY_SIZE) {
			diag_error(diags, SRC_NOWHERE, "The key file is damaged", "%s does not hold %d hexadecimal digits.", path,
				   2 * SEAL_KEY_SIZE);
			return false;
		}
		memcpy(state->key.bytes, key.ptr, SEAL_KEY_SIZE);
		wipe(text.ptr, text.len);
		wipe(key.ptr, key.len);
		return true;
	}
	if (errno != ENOENT || !make) {
		diag_error(diags, SRC_NOWHERE, "No key for sensitive values",
			   "The state holds sealed values, but their key, the file %s, could not be read: %s. Put the file back from where the "
			   "state was made, or give the passphrase in INFRA_STATE_PASSPHRASE if it was made with one.", path, strerror(errno));
		return false;
	}
	char *slash = strrchr(path, '/');
	*slash = '\0';
	bool ok = make_directories(path, 0700);
	*slash = '/';
	random_bytes(state->key.bytes, SEAL_KEY_SIZE);
	hex_encode(state->key.bytes, SEAL_KEY_SIZE, &text);
	buf_addc(&text, '\n');
	ok = ok && file_write(path, text.ptr, text.len, 0600);
	wipe(text.ptr, text.len);
	if (!ok)
		diag_error(diags, SRC_NOWHERE, "No key for sensitive values", "The key file %s could not be written: %s.", path,
			   strerror(errno));
	return ok;
}

/* Finds the key, or makes it when something is to be sealed for the first time; then holds it against the one used before. */
static bool need_key(struct state *state, bool make, struct diags *diags)
{
	if (state->key.ready)
		return true;
	const char *passphrase = getenv("INFRA_STATE_PASSPHRASE");
	bool ok = passphrase && *passphrase ? from_passphrase(state, passphrase, diags) : from_file(state, make, diags);
	if (!ok)
		return false;
	AUTO_BUF struct buf id = BUF_INIT;
	key_id(state->key.bytes, &id);
	const char *recorded = state->db ? meta(state, "key", state->arena) : NULL;
	if (recorded && strcmp(recorded, buf_text(&id))) {
		diag_error(diags, SRC_NOWHERE, "Another key for sensitive values",
			   "The state's sensitive values are sealed with another key than %s gives. Use the one that it was made with.",
			   passphrase && *passphrase ? "INFRA_STATE_PASSPHRASE" : key_path(state->arena));
		return false;
	}
	if (!recorded && state->db && !state->read_only)
		put_meta(state, "key", buf_text(&id));
	state->key.ready = true;
	return true;
}

bool state_pack_for(struct state *state, const char *context, const struct value *v, struct buf *out, struct diags *diags)
{
	if (!(value_marks_deep(v) & VALUE_SENSITIVE)) {
		buf_addc(out, PLAIN);
		value_pack(v, out);
		return true;
	}
	if (!need_key(state, true, diags))
		return false;
	AUTO_BUF struct buf plain = BUF_INIT;
	value_pack(v, &plain);
	buf_addc(out, SEALED);
	seal(state->key.bytes, context, strlen(context), plain.ptr, plain.len, out);
	wipe(plain.ptr, plain.len);
	return true;
}

const struct value *state_unpack_for(struct state *state, const char *context, struct arena *arena, const void *bytes, size_t len,
				     struct diags *diags)
{
	const char *p = bytes;
	AUTO_BUF struct buf why = BUF_INIT;
	AUTO_SECRET struct secret plain = SECRET_INIT;
	const struct value *v = NULL;
	if (len && *p == PLAIN) {
		v = value_unpack(arena, p + 1, len - 1, &why);
	} else if (len && *p == SEALED) {
		if (!need_key(state, false, diags))
			return NULL;
		if (!seal_open(state->key.bytes, context, strlen(context), p + 1, len - 1, &plain)) {
			diag_error(diags, SRC_NOWHERE, "The state is damaged",
				   "The sealed value of %s cannot be opened: it was changed, or belongs to something else.", context);
			return NULL;
		}
		v = value_unpack(arena, plain.ptr, plain.len, &why);
	} else {
		buf_adds(&why, "it has an unknown form");
	}
	if (!v)
		diag_error(diags, SRC_NOWHERE, "The state is damaged", "The value of %s cannot be read: %s.", context, buf_text(&why));
	return v;
}

bool state_pack(struct state *state, const struct value *v, struct buf *out, struct diags *diags)
{
	return state_pack_for(state, "plan", v, out, diags);
}

const struct value *state_unpack(struct state *state, struct arena *arena, const char *bytes, size_t len, struct diags *diags)
{
	return state_unpack_for(state, "plan", arena, bytes, len, diags);
}

bool state_seal(struct state *state, const char *what, const void *bytes, size_t len, struct buf *out, struct diags *diags)
{
	if (!need_key(state, true, diags))
		return false;
	seal(state->key.bytes, what, strlen(what), bytes, len, out);
	return true;
}

bool state_unseal(struct state *state, const char *what, const void *bytes, size_t len, struct secret *out, struct diags *diags)
{
	if (!need_key(state, false, diags))
		return false;
	if (seal_open(state->key.bytes, what, strlen(what), bytes, len, out))
		return true;
	diag_error(diags, SRC_NOWHERE, "Sealed under another key",
		   "The %s holds sensitive values and is sealed; it cannot be opened with the key that is in use here, or it was changed.", what);
	return false;
}
