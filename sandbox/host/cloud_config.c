/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Most modules become a script of commands, which a host's shims then carry out or say what they would have done.
 */
#include "sandbox/host/cloud_config.h"

#include "base/arena.h"
#include "base/digest.h"
#include "lang/func/gunzip.h"
#include "lang/value/convert.h"

#include <stdlib.h>
#include <string.h>

#define INSTANCE "/var/lib/cloud/instance"

/* A word of a shell. */
static void add_word(struct buf *out, const char *text)
{
	if (out->len && out->ptr[out->len - 1] != '\n')
		buf_addc(out, ' ');
	buf_add_shell_quoted(out, text);
}

/* Text of a string, number or bool; NULL of anything else. */
static const char *text_of(struct user_reader *r, const struct value *v)
{
	if (!v || v->state != VALUE_KNOWN || !type_is_primitive(v->type))
		return NULL;
	return value_to_text(r->arena, v);
}

static const char *member(struct user_reader *r, const struct value *v, const char *name)
{
	const struct value *found = value_get(v, name);
	return found ? text_of(r, found) : NULL;
}

static bool is_set(const struct value *v)
{
	return v && (value_is_true(v) || value_is_text(v, "true"));
}

static void add_script(struct user_reader *r, enum user_phase phase, const char *path, const struct buf *commands)
{
	AUTO_BUF struct buf text = BUF_INIT;
	if (!commands->len)
		return;
	buf_addf(&text, "#!/bin/sh\n%s", commands->ptr);
	user_add(r, (struct user_step){.phase = phase, .path = path, .bytes = buf_copy(&text, r->arena), .len = text.len, .mode = 0700, .run = true});
}

/* Commands as runcmd and bootcmd have them: a line for the shell, or a list of words. */
static void add_commands(struct user_reader *r, const char *key, const struct value *list, struct buf *out)
{
	for (uint32_t i = 0; value_is_list(list) && i < list->count; i++) {
		const struct value *item = list->items[i];
		const char *line = text_of(r, item);
		if (line)
			buf_addf(out, "%s\n", line);
		for (uint32_t k = 0; value_is_list(item) && k < item->count; k++) {
			const char *word = text_of(r, item->items[k]);
			if (word)
				add_word(out, word);
		}
		if (value_is_list(item))
			buf_addc(out, '\n');
		else if (!line && item->state != VALUE_NULL)
			user_fail(r, "%s: item %u is neither a string nor a list", key, i + 1);
	}
	if (!value_is_list(list))
		user_fail(r, "%s: a list is needed", key);
}

/* ---- write_files ---- */

static bool decode(struct user_reader *r, const char *encoding, struct buf *content, const char *path)
{
	AUTO_BUF struct buf from = BUF_INIT;
	bool base64 = encoding && (strstr(encoding, "b64") || strstr(encoding, "base64")), packed = encoding && (strstr(encoding, "gz"));
	if (base64) {
		buf_add(&from, content->ptr, content->len);
		while (from.len && strchr(" \n\t", from.ptr[from.len - 1]))
			from.ptr[--from.len] = '\0';
		buf_clear(content);
		if (!base64_decode(BASE64_STANDARD, buf_text(&from), from.len, content)) {
			user_fail(r, "write_files: the content of %s is not base64", path);
			return false;
		}
	}
	if (packed) {
		buf_clear(&from);
		buf_add(&from, content->ptr, content->len);
		buf_clear(content);
		const char *wrong = gunzip(&from, content);
		if (wrong)
			user_fail(r, "write_files: the content of %s: %s", path, wrong);
		return !wrong;
	}
	return true;
}

static void write_files(struct user_reader *r, const struct value *list)
{
	for (uint32_t i = 0; value_is_list(list) && i < list->count; i++) {
		const struct value *file = list->items[i];
		const char *path = member(r, file, "path"), *content = member(r, file, "content"), *mode = member(r, file, "permissions");
		AUTO_BUF struct buf bytes = BUF_INIT;
		buf_adds(&bytes, content ? content : "");
		if (!path || *path != '/' || !decode(r, member(r, file, "encoding"), &bytes, path)) {
			if (!path || *path != '/')
				user_fail(r, "write_files: item %u has no absolute path", i + 1);
			continue;
		}
		user_add(r, (struct user_step){
			.phase = value_get(file, "defer") && is_set(value_get(file, "defer")) ? USER_LATE_FILES : USER_FILES,
			.path = path, .bytes = arena_memdup(r->arena, buf_text(&bytes), bytes.len + 1), .len = bytes.len,
			.mode = mode ? (unsigned)strtoul(mode, NULL, 8) & 07777 : 0644,
			.append = value_get(file, "append") && is_set(value_get(file, "append")),
		});
	}
}

/* ---- users ---- */

static void add_keys(struct user_reader *r, const struct value *keys, const char *user, struct buf *out)
{
	for (uint32_t i = 0; keys && value_is_list(keys) && i < keys->count; i++) {
		const char *key = text_of(r, keys->items[i]);
		if (!key)
			continue;
		buf_addf(out, "home=$(eval echo ~%s) && mkdir -p \"$home/.ssh\" && chmod 700 \"$home/.ssh\" && echo", user);
		add_word(out, key);
		buf_adds(out, " >> \"$home/.ssh/authorized_keys\" && chmod 600 \"$home/.ssh/authorized_keys\"\n");
	}
}

static bool is_user_name(const char *name)
{
	return name && *name && *name != '-' && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == strlen(name);
}

static void users(struct user_reader *r, const struct value *list, struct buf *out)
{
	for (uint32_t i = 0; value_is_list(list) && i < list->count; i++) {
		const struct value *user = list->items[i];
		const char *name = text_of(r, user), *home;
		name = name ? name : member(r, user, "name");
		if (name && !strcmp(name, "default"))
			continue;
		if (!is_user_name(name)) {
			user_fail(r, "users: item %u has no name", i + 1);
			continue;
		}
		home = member(r, user, "homedir");
		buf_addf(out, "grep -q '^%s:' /etc/passwd || useradd -m", name);
		if (home) {
			buf_adds(out, " -d");
			add_word(out, home);
		}
		buf_addf(out, " %s\n", name);
		add_keys(r, value_get(user, "ssh_authorized_keys"), name, out);
		if (member(r, user, "sudo"))
			buf_addf(out, "mkdir -p /etc/sudoers.d && echo '%s ALL=(ALL) NOPASSWD:ALL' >> /etc/sudoers.d/90-cloud-init-users\n", name);
	}
}

/* ---- disks ---- */

static void mounts(struct user_reader *r, const struct value *list, struct buf *out)
{
	for (uint32_t i = 0; value_is_list(list) && i < list->count; i++) {
		const struct value *row = list->items[i];
		const char *field[6] = {NULL, NULL, "auto", "defaults,nofail", "0", "2"};
		for (uint32_t k = 0; value_is_list(row) && k < row->count && k < 6; k++) {
			const char *text = text_of(r, row->items[k]);
			field[k] = text ? text : field[k];
		}
		if (!field[0] || !field[1] || *field[1] != '/') {
			user_fail(r, "mounts: row %u needs a device and a directory", i + 1);
			continue;
		}
		bool short_name = !strncmp(field[0], "xvd", 3) || !strncmp(field[0], "sd", 2) || !strncmp(field[0], "nvme", 4);
		buf_adds(out, "mkdir -p");
		add_word(out, field[1]);
		buf_adds(out, "\necho");
		add_word(out, arena_printf(r->arena, "%s%s\t%s\t%s\t%s,comment=cloudconfig\t%s\t%s", short_name ? "/dev/" : "", field[0], field[1], field[2],
					   field[3], field[4], field[5]));
		buf_adds(out, " >> /etc/fstab\n");
	}
	buf_adds(out, "mount -a\n");
}

static void fs_setup(struct user_reader *r, const struct value *list, struct buf *out)
{
	for (uint32_t i = 0; value_is_list(list) && i < list->count; i++) {
		const struct value *fs = list->items[i];
		const char *device = member(r, fs, "device"), *kind = member(r, fs, "filesystem"), *label = member(r, fs, "label");
		if (!device || !kind) {
			user_fail(r, "fs_setup: item %u needs a device and a filesystem", i + 1);
			continue;
		}
		if (!is_set(value_get(fs, "overwrite"))) {
			buf_adds(out, "blkid");
			add_word(out, device);
			buf_adds(out, " > /dev/null || ");
		}
		buf_adds(out, "mkfs -t");
		add_word(out, kind);
		if (label) {
			buf_adds(out, " -L");
			add_word(out, label);
		}
		add_word(out, device);
		buf_addc(out, '\n');
	}
}

/* ---- all ---- */

static void packages(struct user_reader *r, const struct value *list, struct buf *out)
{
	buf_adds(out, "manager=$(command -v apt-get || command -v dnf || command -v yum)\n\"$manager\" -y install");
	for (uint32_t i = 0; value_is_list(list) && i < list->count; i++) {
		const struct value *item = list->items[i];
		const char *name = text_of(r, item);
		if (!name && value_is_list(item) && item->count) /* with a version */
			name = text_of(r, item->items[0]);
		if (name)
			add_word(out, name);
	}
	buf_addc(out, '\n');
}

static void one_command(struct user_reader *r, const char *command, const struct value *v, struct buf *out)
{
	const char *text = text_of(r, v);
	if (!text)
		return;
	buf_adds(out, command);
	add_word(out, text);
	buf_addc(out, '\n');
}

static void power_state(struct user_reader *r, const struct value *v, struct buf *out)
{
	const char *mode = member(r, v, "mode");
	if (mode && !strcmp(mode, "reboot"))
		buf_adds(out, "shutdown -r now\n");
	else if (mode)
		buf_adds(out, "shutdown -P now\n");
}

/* "- [scripts-user, always]" */
static bool has_always(struct user_reader *r, const struct value *list)
{
	for (uint32_t i = 0; value_is_list(list) && i < list->count; i++) {
		const struct value *row = list->items[i];
		const char *module = value_is_list(row) && row->count == 2 ? text_of(r, row->items[0]) : NULL;
		const char *when = module ? text_of(r, row->items[1]) : NULL;
		if (module && when && strstr(module, "scripts") && strstr(module, "user") && !strcmp(when, "always"))
			return true;
	}
	return false;
}

struct scripts {
	struct buf boot, disks, system, packages, run, end;
};

/* False when the key is not known. */
static bool read_key(struct user_reader *r, const char *key, const struct value *v, struct scripts *s)
{
	/* nothing to be done, or done anyway */
	static const char *const idle[] = {"output", "disable_root", "ssh_pwauth", "growpart", "resize_rootfs", "manage_etc_hosts", "preserve_hostname", "merge_how",
					   "ssh_deletekeys", "ssh_genkeytypes", "package_reboot_if_required", "manage_resolv_conf", "repo_upgrade",
					   "prefer_fqdn_over_hostname", "chpasswd", "ssh_quiet_keygen", "no_ssh_fingerprints"};
	for (size_t i = 0; i < ARRAY_LEN(idle); i++) {
		if (!strcmp(key, idle[i]))
			return true;
	}
	if (!strcmp(key, "cloud_final_modules"))
		r->always = r->always || has_always(r, v);
	else if (!strcmp(key, "bootcmd"))
		add_commands(r, key, v, &s->boot);
	else if (!strcmp(key, "runcmd"))
		add_commands(r, key, v, &s->run);
	else if (!strcmp(key, "write_files"))
		write_files(r, v);
	else if (!strcmp(key, "mounts"))
		mounts(r, v, &s->disks);
	else if (!strcmp(key, "users"))
		users(r, v, &s->system);
	else if (!strcmp(key, "hostname") || !strcmp(key, "fqdn"))
		one_command(r, "hostnamectl set-hostname", v, &s->system);
	else if (!strcmp(key, "timezone"))
		one_command(r, "timedatectl set-timezone", v, &s->system);
	else if (!strcmp(key, "ssh_authorized_keys"))
		add_keys(r, v, r->options->user, &s->system);
	else if (!strcmp(key, "package_update") || !strcmp(key, "apt_update"))
		buf_adds(&s->packages, is_set(v) ? "\"$(command -v apt-get || command -v dnf || command -v yum)\" update\n" : "");
	else if (!strcmp(key, "package_upgrade") || !strcmp(key, "apt_upgrade"))
		buf_adds(&s->packages, is_set(v) ? "\"$(command -v apt-get || command -v dnf || command -v yum)\" -y upgrade\n" : "");
	else if (!strcmp(key, "final_message"))
		one_command(r, "echo", v, &s->end);
	else if (!strcmp(key, "power_state"))
		power_state(r, v, &s->end);
	else
		return !strcmp(key, "packages") || !strcmp(key, "fs_setup"); /* those have their turn */
	return true;
}

void cloud_config_read(struct user_reader *r, const char *text, size_t len)
{
	AUTO_BUF struct buf why = BUF_INIT;
	struct scripts s = {0};
	const struct value *config = value_from_yaml(r->arena, text, len, &why);
	if (!config || config->state != VALUE_KNOWN || (config->type->kind != TYPE_OBJECT && config->type->kind != TYPE_MAP)) {
		user_fail(r, "Failed loading yaml blob. %s", config ? "It is no mapping." : buf_text(&why));
		return;
	}
	if (value_get(config, "fs_setup"))
		fs_setup(r, value_get(config, "fs_setup"), &s.disks);
	for (uint32_t i = 0; i < config->count; i++) {
		if (config->items[i]->state == VALUE_KNOWN && !read_key(r, value_key_at(config, i), config->items[i], &s))
			user_warn(r, "#cloud-config: \"%s\" is not known here, and nothing was done for it", value_key_at(config, i));
	}
	if (value_get(config, "packages"))
		packages(r, value_get(config, "packages"), &s.packages);
	add_script(r, USER_BOOT, INSTANCE "/sandbox/bootcmd", &s.boot);
	add_script(r, USER_DISKS, INSTANCE "/sandbox/disks", &s.disks);
	add_script(r, USER_SYSTEM, INSTANCE "/sandbox/system", &s.system);
	add_script(r, USER_PACKAGES, INSTANCE "/sandbox/packages", &s.packages);
	add_script(r, USER_SCRIPTS, INSTANCE "/scripts/runcmd", &s.run);
	add_script(r, USER_END, INSTANCE "/sandbox/end", &s.end);
	struct buf *const all[] = {&s.boot, &s.disks, &s.system, &s.packages, &s.run, &s.end};
	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		buf_release(all[i]);
}
