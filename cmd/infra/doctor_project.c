/* SPDX-License-Identifier: Apache-2.0 */
/* infra doctor: the project: its plan files, its state, and the ssh keys that it names. */
#include "cmd/infra/doctor.h"
#include "cmd/infra/key_file.h"

#include "base/file.h"
#include "base/proc.h"
#include "plans/world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- plan files ---- */

static bool has_plan_files(struct doctor *d)
{
	char **names;
	size_t count;
	if (!directory_list(d->s.arena, ".", &names, &count))
		return false;
	for (size_t i = 0; i < count; i++) {
		const char *end = strrchr(names[i], '.');
		if (*names[i] != '.' && end && (!strcmp(end, ".tf") || !strcmp(end, ".infra")))
			return true;
	}
	return false;
}

/* "; no value for var.a, var.b": what a plan would ask for. */
static void add_missing(const struct doctor *d, struct buf *out)
{
	const struct map *variables = &d->s.config->root->variables;
	for (struct map_entry *e = map_first(variables); e; e = map_next(variables, e)) {
		const struct value *v = map_find(&d->s.inputs, e->key);
		if (v && v->state == VALUE_UNKNOWN && !((const struct variable *)e->value)->fallback)
			buf_addf(out, "%s var.%s", strstr(buf_text(out), "no value for") ? "," : "; no value for", e->key);
	}
}

void doctor_check_configuration(struct doctor *d)
{
	struct session *s = &d->s;
	if (!has_plan_files(d)) {
		doctor_say(d, FINDING_WARNING, "configuration", "infra -chdir=DIR doctor",
			   "there are no plan files in this folder: the environment alone is looked at");
		return;
	}
	bool ok = session_load_config(s) && session_load_given_variables(s) && session_new_engine(s, NULL, NULL) &&
		  engine_validate(s->engine, &s->diags);
	if (ok) {
		AUTO_BUF struct buf text = BUF_INIT;
		buf_addf(&text, "%zu file%s, %zu module%s", s->config->file_count, s->config->file_count == 1 ? "" : "s",
			 s->config->module_count, s->config->module_count == 1 ? "" : "s");
		add_missing(d, &text);
		doctor_say(d, FINDING_OK, "configuration", NULL, "%s", buf_text(&text));
	} else {
		struct doctor_error e = doctor_take_error(d);
		AUTO_BUF struct buf remedy = BUF_INIT;
		buf_addf(&remedy, "%s\n    infra validate\n", e.remedy);
		doctor_say(d, FINDING_FAILED, "configuration", buf_text(&remedy), "%zu mistake%s: %s", e.count,
			   e.count == 1 ? "" : "s", e.text);
	}
	diags_clear(&s->diags);
}

/* ---- state ---- */

/* Files that others must not write, and need not read. */
static void check_mode(struct doctor *d, const char *path, bool secret)
{
	struct stat st;
	if (stat(path, &st) < 0)
		return;
	AUTO_BUF struct buf remedy = BUF_INIT;
	buf_addf(&remedy, "    chmod 600 %s\n", path);
	if (st.st_mode & 022 || (secret && st.st_mode & 077))
		doctor_say(d, FINDING_FAILED, "state", buf_text(&remedy), "others may %s %s (mode %04o)",
			   st.st_mode & 022 ? "write" : "read", path, (unsigned)st.st_mode & 07777);
	else if (st.st_mode & 044)
		doctor_say(d, FINDING_WARNING, "state", buf_text(&remedy), "others may read %s (mode %04o)", path,
			   (unsigned)st.st_mode & 07777);
	if (st.st_uid != geteuid() && geteuid() != 0)
		doctor_say(d, FINDING_WARNING, "state", "Work as the user whose project it is, or give it to yourself with chown.",
			   "%s belongs to another user (%u)", path, (unsigned)st.st_uid);
}

static void check_lock(struct doctor *d)
{
	AUTO_BUF struct buf path = BUF_INIT;
	buf_addf(&path, "%s.lock", d->s.state_path);
	AUTO_FD int fd = open(buf_text(&path), O_RDONLY | O_CLOEXEC);
	struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
	if (fd < 0 && errno != ENOENT && errno != ENOTDIR) {
		doctor_say(d, FINDING_FAILED, "lock", "It must be yours, as the state is: chown, chmod 600.", "%s: %s",
			   buf_text(&path), strerror(errno));
	} else if (fd >= 0 && fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK) {
		char note[512];
		ssize_t n = pread(fd, note, sizeof(note) - 1, 0);
		note[n > 0 ? n : 0] = '\0';
		note[strcspn(note, "\n")] = '\0';
		doctor_say(d, FINDING_WARNING, "lock",
			   "The lock ends with that process. Wait for it, or let a run wait with -lock-timeout=5m.",
			   "another run works with the state: %s", *note ? note : "it has not said which");
	} else {
		doctor_say(d, FINDING_OK, "lock", NULL, "free");
	}
}

static void check_intents(struct doctor *d)
{
	const struct state *state = d->s.state;
	size_t count = state_intent_count(state);
	if (!count)
		return;
	doctor_say(d, FINDING_WARNING, "state", "The next plan or apply finds out what became of them:\n    infra plan",
		   "an interrupted run has left %zu change%s open, of %s%s", count, count == 1 ? "" : "s",
		   state_intent_at(state, 0)->address, count > 1 ? " among others" : "");
}

void doctor_check_state(struct doctor *d)
{
	struct session *s = &d->s;
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	if (access(s->state_path, F_OK) < 0 && errno == ENOTDIR) {
		doctor_say(d, FINDING_FAILED, "state", "A file stands where the state's folder has to be. Move it away.", "%s: %s",
			   s->state_path, strerror(errno));
	} else if (access(s->state_path, F_OK) < 0 && errno == ENOENT) {
		doctor_say(d, FINDING_OK, "state", NULL, "none yet: %s is made by the first apply", s->state_path);
	} else {
		bool open = access(s->state_path, R_OK) == 0 && session_open_state(s, true, "doctor");
		struct doctor_error e = doctor_take_error(d);
		if (open)
			doctor_say(d, FINDING_OK, "state", NULL, "%zu object%s in %s", state_object_count(s->state),
				   state_object_count(s->state) == 1 ? "" : "s", s->state_path);
		else
			doctor_say(d, FINDING_FAILED, "state", e.remedy, "%s: %s", s->state_path,
				   e.count ? e.text : strerror(errno));
		if (open)
			check_intents(d);
		check_mode(d, s->state_path, false);
	}
	AUTO_BUF struct buf key = BUF_INIT;
	buf_addf(&key, "%s%s/infra/state.key",
		 config && *config == '/' ? config
		 : home                   ? home
					  : "",
		 config && *config == '/' ? "" : "/.config");
	check_mode(d, buf_text(&key), true);
	check_lock(d);
}

/* ---- keys ---- */

/* What `file()` is called with anywhere in an expression. */
static void find_files(const struct expr *e, void (*found)(void *ctx, const struct expr *name), void *ctx)
{
	if (!e)
		return;
	switch (e->kind) {
	case EXPR_CALL:
		if (!strcmp(e->function, "file") && e->arg_count == 1)
			found(ctx, e->args[0]);
		for (size_t i = 0; i < e->arg_count; i++)
			find_files(e->args[i], found, ctx);
		break;
	case EXPR_PAREN:
	case EXPR_UNARY:
	case EXPR_ATTR:
	case EXPR_INDEX:
	case EXPR_SPLAT: find_files(e->on, found, ctx); break;
	case EXPR_CONDITIONAL:
	case EXPR_BINARY:
		find_files(e->kind == EXPR_CONDITIONAL ? e->condition : NULL, found, ctx);
		find_files(e->left, found, ctx);
		find_files(e->right, found, ctx);
		break;
	case EXPR_TUPLE:
		for (size_t i = 0; i < e->item_count; i++)
			find_files(e->items[i], found, ctx);
		break;
	case EXPR_OBJECT:
		for (size_t i = 0; i < e->field_count; i++)
			find_files(e->fields[i].value, found, ctx);
		break;
	case EXPR_FOR:
		find_files(e->collection, found, ctx);
		find_files(e->result, found, ctx);
		break;
	case EXPR_TEMPLATE:
		for (size_t i = 0; i < e->part_count; i++) {
			if (e->parts[i].kind == PART_INTERPOLATION)
				find_files(e->parts[i].expr, found, ctx);
		}
		break;
	case EXPR_LITERAL:
	case EXPR_NAME:
	case EXPR_SPLAT_ITEM:
	case EXPR_ERROR: break;
	}
}

struct key_search {
	struct doctor *d;
	VEC(const char *) files;
	bool unknown; /* a name depends on a variable without value */
};

static void note_file(void *ctx, const struct expr *name)
{
	struct key_search *search = ctx;
	struct doctor *d = search->d;
	const struct value *v = engine_evaluate(d->s.engine, name, d->s.arena, &d->s.diags);
	diags_clear(&d->s.diags);
	if (!value_is_a(v, TYPE_STRING)) {
		search->unknown |= v->state == VALUE_UNKNOWN;
		return;
	}
	size_t len = strlen(v->text);
	if (len < 5 || strcmp(v->text + len - 4, ".pub") != 0)
		return;
	for (size_t i = 0; i < search->files.count; i++) {
		if (!strcmp(search->files.items[i], v->text))
			return;
	}
	vec_add(&search->files, v->text);
}

static void search_body(struct key_search *search, const struct body *body)
{
	for (size_t i = 0; i < body->attr_count; i++)
		find_files(body->attrs[i].expr, note_file, search);
}

static void search_keys(struct key_search *search)
{
	const struct module *root = search->d->s.config->root;
	for (struct map_entry *e = map_first(&root->calls); e; e = map_next(&root->calls, e))
		search_body(search, ((const struct module_call *)e->value)->body);
	for (struct map_entry *e = map_first(&root->resources); e; e = map_next(&root->resources, e))
		search_body(search, ((const struct resource *)e->value)->body);
	for (struct map_entry *e = map_first(&root->locals); e; e = map_next(&root->locals, e))
		find_files(((const struct local *)e->value)->expr, note_file, search);
}

/* Whether ssh's agent holds the key; the second word of its line tells them apart. */
static bool is_in_agent(const char *public_text)
{
	const char *const argv[] = {"ssh-add", "-L", NULL};
	const char *start = strchr(public_text, ' ');
	if (!start || !getenv("SSH_AUTH_SOCK"))
		return false;
	AUTO_BUF struct buf word = BUF_INIT;
	buf_add(&word, start + 1, strcspn(start + 1, " \n"));
	struct proc_outcome outcome = proc_run(&(struct proc_options){.argv = argv, .timeout_ms = 5000});
	bool has = outcome.result == PROC_EXITED && outcome.code == 0 && word.len && strstr(outcome.out, buf_text(&word));
	proc_outcome_release(&outcome);
	return has;
}

/* As file() reads it. */
static const char *expand_home(struct doctor *d, const char *path)
{
	const char *home = getenv("HOME");
	return strncmp(path, "~/", 2) != 0 || !home ? path : path_join(d->s.arena, home, path + 2);
}

static void check_key(struct doctor *d, const char *path)
{
	AUTO_BUF struct buf text = BUF_INIT, remedy = BUF_INIT;
	const char *why = NULL, *private = arena_strndup(d->s.arena, path, strlen(path) - 4), *private_file = expand_home(d, private);
	struct stat st;
	if (!file_read(expand_home(d, path), 1 << 16, &text)) {
		if (errno == ENOENT)
			buf_addf(&remedy, "Make a key pair, or name the file of yours:\n    ssh-keygen -t ed25519 -f %s\n",
				 private);
		doctor_say(d, FINDING_FAILED, "key", buf_text(&remedy), "the public key %s: %s", path, strerror(errno));
		return;
	}
	if ((why = key_file_refused(buf_text(&text)))) {
		doctor_say(d, FINDING_FAILED, "key", "The file holds one line of OpenSSH's form: ssh-ed25519 AAAA...",
			   "%s is no public key: %s", path, why);
		return;
	}
	if (stat(private_file, &st) < 0) {
		if (is_in_agent(buf_text(&text)))
			doctor_say(d, FINDING_OK, "key", NULL, "%s, its private key in ssh's agent", path);
		else
			doctor_say(d, FINDING_WARNING, "key",
				   "Hosts let in who holds it: add it to the agent with ssh-add, or put it beside the public key.",
				   "the private key of %s is neither in %s nor in ssh's agent", path, private);
	} else if (st.st_mode & 077) {
		buf_addf(&remedy, "ssh refuses it otherwise:\n    chmod 600 %s\n", private);
		doctor_say(d, FINDING_FAILED, "key", buf_text(&remedy), "others may read the private key %s (mode %04o)", private,
			   (unsigned)st.st_mode & 07777);
	} else if (access(private_file, R_OK) < 0) {
		doctor_say(d, FINDING_FAILED, "key", "It must be yours: chown, chmod 600.", "the private key %s: %s", private,
			   strerror(errno));
	} else if (key_file_is_another(private_file, buf_text(&text))) {
		buf_addf(&remedy,
			 "Hosts let in the one of the .pub file, and ssh offers the other. Write the public key anew:\n    "
			 "ssh-keygen -y -f %s > %s\n",
			 private, path);
		doctor_say(d, FINDING_FAILED, "key", buf_text(&remedy), "%s is not the public key of %s", path, private);
	} else {
		doctor_say(d, FINDING_OK, "key", NULL, "%s and its private key", path);
	}
}

static void check_agent(struct doctor *d)
{
	const char *socket = getenv("SSH_AUTH_SOCK");
	const char *const argv[] = {"ssh-add", "-l", NULL};
	if (!socket || !*socket) {
		doctor_say(d, FINDING_OK, "agent", NULL, "none runs: ssh reads keys from files");
		return;
	}
	struct proc_outcome outcome = proc_run(&(struct proc_options){.argv = argv, .timeout_ms = 5000});
	size_t keys = 0;
	for (const char *at = outcome.out; (at = strchr(at, '\n')); at++)
		keys++;
	if (outcome.result == PROC_EXITED && outcome.code == 0)
		doctor_say(d, FINDING_OK, "agent", NULL, "holds %zu key%s", keys, keys == 1 ? "" : "s");
	else if (outcome.result == PROC_EXITED && outcome.code == 1)
		doctor_say(d, FINDING_OK, "agent", NULL, "runs, and holds no keys");
	else
		doctor_say(d, FINDING_WARNING, "agent", "eval \"$(ssh-agent)\"",
			   "SSH_AUTH_SOCK names an agent that does not answer (%s)", socket);
	proc_outcome_release(&outcome);
}

void doctor_check_keys(struct doctor *d)
{
	struct key_search search = {.d = d};
	if (d->s.engine)
		search_keys(&search);
	for (size_t i = 0; i < search.files.count; i++)
		check_key(d, search.files.items[i]);
	if (!search.files.count)
		doctor_say(d, FINDING_OK, "key", NULL, "%s",
			   !d->s.engine     ? "not looked for: there is no configuration to name one"
			   : search.unknown ? "which file holds it depends on a variable that has no value here"
					    : "the configuration names no file of a public key");
	vec_free(&search.files);
	check_agent(d);
}
