/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/ssh_config.h"

#include "base/buf.h"
#include "base/diag.h"
#include "base/file.h"
#include "jobs/hosts_internal.h"
#include "jobs/known_hosts.h"
#include "jobs/quote.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- names ---- */

static bool is_digits(const char *word)
{
	return word[strspn(word, "0123456789")] == '\0';
}

/* A tag that anybody may have written must not stand for another machine: no dots, nothing that means one already. */
static bool is_alias(const struct hosts *hosts, const struct host *host)
{
	const char *name = host->name;
	if (!name || !host_word_is_safe(name) || strchr(name, '.') || is_digits(name) || !strncasecmp(name, "i-", 2) ||
	    !strcasecmp(name, "localhost") || !strcasecmp(name, "all"))
		return false;
	for (size_t i = 0; i < hosts->count; i++) {
		const struct host *other = &hosts->items[i];
		if (other != host && other->name && !strcasecmp(other->name, name))
			return false;
	}
	return true;
}

/* module.w["a"].aws_instance.x without the quotes; nothing where a key holds what ssh's patterns give a meaning. */
static void add_address(struct buf *out, const char *address)
{
	AUTO_BUF struct buf plain = BUF_INIT;
	for (const char *p = address; *p; p++) {
		if (*p == '"')
			continue;
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-[]", *p))
			return;
		buf_addc(&plain, *p);
	}
	buf_addf(out, " %s", buf_text(&plain));
}

static void add_names(const struct hosts *hosts, const struct host *host, struct buf *out)
{
	buf_addf(out, "Host %s", is_alias(hosts, host) ? host->name : host->id);
	if (is_alias(hosts, host))
		buf_addf(out, " %s", host->id);
	buf_addf(out, " %zu", host->index);
	add_address(out, host->address);
	if (host->public_address)
		buf_addf(out, " %s", host->public_address);
	if (host->public_name)
		buf_addf(out, " %s", host->public_name);
	buf_addc(out, '\n');
}

/* ---- text ---- */

static void add_path(struct buf *out, const char *keyword, const char *path)
{
	buf_addf(out, "    %s ", keyword);
	add_config_quoted(out, path);
	buf_addc(out, '\n');
}

static void add_way(const struct hosts *hosts, const struct host *host, const struct ssh_options *options, struct buf *out)
{
	if (host->jump) {
		buf_addf(out, "    ProxyJump %s\n", host->jump->id);
		return;
	}
	if (!host->sandbox || !host->public_address)
		return;
	AUTO_BUF struct buf command = BUF_INIT, dir = BUF_INIT;
	add_shell_quoted(&command, options->program);
	buf_adds(&command, " sandbox connect ");
	buf_addf(&dir, "-dir=%s", host->sandbox);
	add_shell_quoted(&command, buf_text(&dir));
	if (hosts->from)
		buf_addf(&command, " -from=%s", hosts->from);
	buf_adds(out, "    ProxyCommand ");
	for (const char *p = buf_text(&command); *p; p++)
		buf_adds(out, *p == '%' ? "%%" : (char[]){*p, '\0'});
	buf_adds(out, " %h %p\n    ProxyUseFdpass yes\n");
}

static void add_host(const struct hosts *hosts, const struct host *host, const struct ssh_options *options, const char *known, struct buf *out)
{
	buf_addc(out, '\n');
	if (host->no_way)
		buf_adds(out, "# is not reached yet: no public address, and no host to jump through\n");
	add_names(hosts, host, out);
	const char *address = host->public_address ? host->public_address : host->private_address;
	buf_addf(out, "    HostName %s\n    HostKeyAlias %s\n", address ? address : "unknown.invalid", host->id);
	if (host->user)
		buf_addf(out, "    User %s\n", host->user);
	if (host->identity) {
		add_path(out, "IdentityFile", host->identity);
		buf_adds(out, "    IdentitiesOnly yes\n");
	}
	add_way(hosts, host, options, out);
	buf_adds(out, "    ForwardAgent no\n");
	add_path(out, "UserKnownHostsFile", known);
	buf_addf(out,
		 "    StrictHostKeyChecking %s\n"
		 "    HashKnownHosts no\n"
		 "    CheckHostIP no\n"
		 "    ConnectTimeout %d\n"
		 "    ServerAliveInterval 30\n",
		 hosts->accept_new ? "accept-new" : "ask", SSH_CONNECT_S);
}

void ssh_config_text(const struct hosts *hosts, const struct ssh_options *options, struct buf *out)
{
	struct arena *arena = arena_new();
	const char *known = path_join(arena, hosts->dir, "known_hosts");
	buf_adds(out, "# Hosts of this project. Written by infra anew with each command about hosts: changes are lost.\n");
	for (size_t i = 0; i < hosts->count; i++)
		add_host(hosts, &hosts->items[i], options, known, out);
	arena_free(arena);
}

static void add_main(const char *hosts_file, bool accept_new, struct buf *out)
{
	buf_adds(out, "# What `infra ssh` and its kin give to ssh -F: the project's hosts, and the user's own settings after them.\n");
	if (accept_new)
		buf_adds(out, "Match all\n    StrictHostKeyChecking accept-new\n");
	buf_adds(out, "Include ");
	add_include_quoted(out, hosts_file);
	buf_adds(out, "\nInclude ~/.ssh/config\nInclude /etc/ssh/ssh_config\n");
}

/* ---- files ---- */

static bool write_changed(const char *path, const struct buf *text, struct diags *diags)
{
	AUTO_BUF struct buf old = BUF_INIT;
	if (file_read(path, 0, &old) && old.len == text->len && !memcmp(buf_text(&old), buf_text(text), old.len))
		return true;
	if (file_write(path, buf_text(text), text->len, 0600))
		return true;
	diag_error(diags, SRC_NOWHERE, "File cannot be written", "%s: %s", path, strerror(errno));
	return false;
}

const char *ssh_config_write(struct arena *arena, const struct hosts *hosts, const struct ssh_options *options, struct diags *diags)
{
	AUTO_BUF struct buf text = BUF_INIT, main_text = BUF_INIT;
	AUTO_FREE char *whole = make_directories(hosts->dir, 0700) ? realpath(hosts->dir, NULL) : NULL;
	if (!whole || !path_is_quotable(whole)) {
		diag_error(diags, SRC_NOWHERE, "No place for ssh's files", "%s: %s", hosts->dir,
			   whole ? "its path holds control characters or \"${\", which ssh's files cannot say; move the project" : strerror(errno));
		return NULL;
	}
	struct hosts placed = *hosts;
	placed.dir = whole;
	ssh_config_text(&placed, options, &text);
	const char *hosts_file = path_join(arena, whole, "ssh_config");
	const char *main_file = path_join(arena, whole, options->accept_new ? "ssh_main_accept_new" : "ssh_main");
	add_main(hosts_file, options->accept_new, &main_text);
	if (!known_hosts_prune(hosts)) {
		diag_error(diags, SRC_NOWHERE, "File cannot be written", "%s/known_hosts: %s", whole, strerror(errno));
		return NULL;
	}
	return write_changed(hosts_file, &text, diags) && write_changed(main_file, &main_text, diags) ? main_file : NULL;
}
