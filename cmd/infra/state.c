/* SPDX-License-Identifier: Apache-2.0 */
/* infra state: what is recorded, looked at and put right by hand. */
#include "base/file.h"
#include "cmd/infra/session.h"
#include "plans/graph.h"
#include "plans/render.h"

#include <errno.h>
#include <string.h>

/* ---- addresses from the command line ---- */

static bool parse_addresses(struct session *s, char **texts, size_t count, struct address *out)
{
	bool ok = true;
	for (size_t i = 0; i < count; i++)
		ok &= address_parse(s->arena, texts[i], &out[i], &s->diags);
	return ok;
}

/* Whether an object lies in what an address names. */
static bool is_in(const struct object *object, const struct address *address)
{
	return address_contains(address, &object->parts);
}

static void not_found(struct session *s, const char *text)
{
	size_t count = state_object_count(s->state);
	AUTO_FREE const char **names = xcalloc(count + 1, sizeof(*names));
	for (size_t i = 0; i < count; i++)
		names[i] = state_object_at(s->state, i)->address;
	const char *near = nearest_name(text, names, count);
	diag_error(&s->diags, SRC_NOWHERE, "No such object in the state", "The state holds nothing at %s.%s%s%s", text,
		   near ? " Did you mean " : " `infra state list` shows what it holds.", near ? near : "", near ? "?" : "");
}

/* ---- list ---- */

static int state_list(int argc, char **argv)
{
	struct session s;
	int code;
	int at = session_options(&s, argc, argv, OPTIONS_STATE,
				 "Usage: infra state list [OPTION...] [ADDRESS...]\n\nLists the objects of the state, all or those within the "
				 "addresses: resources, instances or modules.\n\n    infra state list module.net", &code);
	if (at >= 0) {
		size_t count = (size_t)(argc - at);
		struct address *wanted = arena_array_of(s.arena, count, struct address);
		if (parse_addresses(&s, argv + at, count, wanted) && session_open_state_only(&s, true, "state list")) {
			AUTO_BUF struct buf out = BUF_INIT;
			for (size_t i = 0; i < state_object_count(s.state); i++) {
				const struct object *object = state_object_at(s.state, i);
				bool met = !count;
				for (size_t k = 0; k < count && !met; k++)
					met = is_in(object, &wanted[k]);
				if (!met)
					continue;
				buf_adds(&out, object->address);
				if (*object->deposed)
					buf_addf(&out, " (deposed object %s)", object->deposed);
				buf_addc(&out, '\n');
			}
			session_print(&out);
			for (size_t k = 0; k < count; k++) {
				bool met = false;
				for (size_t i = 0; i < state_object_count(s.state) && !met; i++)
					met = is_in(state_object_at(s.state, i), &wanted[k]);
				if (!met)
					not_found(&s, argv[at + (int)k]);
			}
		}
		code = session_report(&s);
	}
	session_release(&s);
	return code;
}

/* ---- show ---- */

const struct object *session_one_object(struct session *s, const char *text)
{
	struct address wanted;
	if (!address_parse(s->arena, text, &wanted, &s->diags))
		return NULL;
	const struct object *found = NULL;
	size_t count = 0;
	for (size_t i = 0; i < state_object_count(s->state); i++) {
		const struct object *object = state_object_at(s->state, i);
		if (is_in(object, &wanted) && !*object->deposed && !count++)
			found = object;
	}
	if (!count)
		not_found(s, text);
	else if (count > 1)
		diag_error(&s->diags, SRC_NOWHERE, "The address names several objects", "%s holds %zu objects; name one of them, %s for example.",
			   text, count, found->address);
	return count == 1 ? found : NULL;
}

static int state_show(int argc, char **argv)
{
	struct session s;
	int code;
	int at = session_options(&s, argc, argv, OPTIONS_STATE,
				 "Usage: infra state show [OPTION...] ADDRESS\n\nShows the attributes of one object, as the state has "
				 "them.\n\n    infra state show 'aws_instance.host[0]'", &code);
	if (at >= 0 && argc - at != 1) {
		fputs("infra state show: give the address of one object, as `infra state list` shows it\n", stderr);
		code = EXIT_USAGE;
	} else if (at >= 0) {
		const struct object *found = session_open_state_only(&s, true, "state show") ? session_one_object(&s, argv[at]) : NULL;
		if (found) {
			AUTO_BUF struct buf out = BUF_INIT;
			struct render_options options = session_rendering(&s);
			render_object(found, session_schema(&s, found), &options, &out);
			session_print(&out);
		}
		code = session_report(&s);
	}
	session_release(&s);
	return code;
}

/* ---- rm ---- */

static int state_rm(int argc, char **argv)
{
	struct session s;
	int code;
	int at = session_options(&s, argc, argv, OPTIONS_STATE | OPTIONS_DRY,
				 "Usage: infra state rm [OPTION...] ADDRESS...\n\nForgets objects: they stay in the cloud, but infra does not know them "
				 "any more. To do the same reviewed, in a plan, write a `removed` block.\n\n    infra state rm aws_efs_file_system.data",
				 &code);
	if (at >= 0 && at == argc) {
		fputs("infra state rm: give the addresses of what is to be forgotten\n", stderr);
		code = EXIT_USAGE;
	} else if (at >= 0) {
		size_t count = (size_t)(argc - at), removed = 0;
		struct address *wanted = arena_array_of(s.arena, count, struct address);
		if (parse_addresses(&s, argv + at, count, wanted) && session_open_state_only(&s, s.dry_run, "state rm")) {
			VEC(struct object) gone = {0};
			for (size_t k = 0; k < count; k++) {
				size_t before = gone.count;
				for (size_t i = 0; i < state_object_count(s.state); i++) {
					if (is_in(state_object_at(s.state, i), &wanted[k]))
						vec_add(&gone, *state_object_at(s.state, i));
				}
				if (gone.count == before)
					not_found(&s, argv[at + (int)k]);
			}
			if (!diags_has_errors(&s.diags)) {
				for (size_t i = 0; i < gone.count; i++) {
					const char *address = arena_strdup(s.arena, gone.items[i].address);
					if (!s.dry_run && !state_remove_object(s.state, address, gone.items[i].deposed))
						continue; /* named twice */
					printf("%s %s\n", s.dry_run ? "Would forget" : "Forgot", address);
					removed++;
				}
				if (s.dry_run || session_commit(&s, "state rm", arena_printf(s.arena, "%zu objects forgotten", removed)))
					printf("%zu object%s %s. %s in the cloud.\n", removed, removed == 1 ? "" : "s",
					       s.dry_run ? "would be forgotten" : "forgotten", removed == 1 ? "It stays" : "They stay");
			}
			vec_free(&gone);
		}
		fflush(stdout);
		code = session_report(&s);
	}
	session_release(&s);
	return code;
}

/* ---- mv ---- */

struct move {
	struct object object; /* as it is */
	const char *address;  /* that it gets */
	struct address parts;
};

/* Where an object of `from` comes to lie under `to`; false (told) where the two do not fit together. */
static bool moved_address(struct session *s, const struct address *from, const struct address *to, const struct object *object,
			  struct address *out)
{
	*out = object->parts;
	size_t rest = object->parts.module_count - from->module_count;
	struct module_step *steps = arena_array_of(s->arena, to->module_count + rest, struct module_step);
	if (to->module_count)
		memcpy(steps, to->modules, to->module_count * sizeof(*steps));
	if (rest)
		memcpy(steps + to->module_count, object->parts.modules + from->module_count, rest * sizeof(*steps));
	if (!from->type && from->module_count && to->module_count && from->modules[from->module_count - 1].key.kind == KEY_NONE &&
	    to->modules[to->module_count - 1].key.kind == KEY_NONE)
		steps[to->module_count - 1].key = object->parts.modules[from->module_count - 1].key; /* all instances move */
	out->modules = steps;
	out->module_count = to->module_count + rest;
	if (!from->type)
		return true;
	out->name = to->name;
	if (to->key.kind != KEY_NONE || from->key.kind != KEY_NONE)
		out->key = to->key;
	return true;
}

static bool check_move(struct session *s, const char *from_text, const struct address *from, const char *to_text, const struct address *to,
		       size_t count)
{
	if (!count) {
		not_found(s, from_text);
		return false;
	}
	if (!from->type != !to->type) {
		diag_error(&s->diags, SRC_NOWHERE, "Invalid move", "%s is a %s, %s is a %s; only like things can be moved to each other.",
			   from_text, from->type ? "resource" : "module", to_text, to->type ? "resource" : "module");
		return false;
	}
	if (from->type && (from->data != to->data || strcmp(from->type, to->type) != 0)) {
		diag_error(&s->diags, SRC_NOWHERE, "Invalid move", "An object cannot change its type: %s is no %s.", from_text, to->type);
		return false;
	}
	if (from->type && to->key.kind != KEY_NONE && count > 1) {
		diag_error(&s->diags, SRC_NOWHERE, "Invalid move", "%s has %zu instances, which cannot all become %s. Move them one by one.",
			   from_text, count, to_text);
		return false;
	}
	return true;
}

/* Other objects remember what they were made after: by its new name from now on. */
static void rename_dependencies(struct session *s, const char *from, const char *to)
{
	for (size_t i = 0; i < state_object_count(s->state); i++) {
		const struct object *object = state_object_at(s->state, i);
		bool met = false;
		const char **list = arena_array_of(s->arena, object->dependency_count, const char *);
		for (size_t k = 0; k < object->dependency_count; k++) {
			bool same = !strcmp(object->dependencies[k], from);
			list[k] = same ? to : object->dependencies[k];
			met |= same;
		}
		if (!met)
			continue;
		struct object now = *object;
		now.dependencies = list;
		state_put_object(s->state, &now);
	}
}

static bool move_objects(struct session *s, char **texts)
{
	struct address from, to;
	if (!address_parse(s->arena, texts[0], &from, &s->diags) || !address_parse(s->arena, texts[1], &to, &s->diags))
		return false;
	VEC(struct move) moves = {0};
	size_t current = 0;
	for (size_t i = 0; i < state_object_count(s->state); i++) {
		const struct object *object = state_object_at(s->state, i);
		if (!is_in(object, &from))
			continue;
		struct move move = {.object = *object};
		move.object.address = arena_strdup(s->arena, object->address);
		moved_address(s, &from, &to, object, &move.parts);
		move.address = address_print(s->arena, &move.parts);
		current += !*object->deposed;
		vec_add(&moves, move);
	}
	bool ok = check_move(s, texts[0], &from, texts[1], &to, current ? current : moves.count);
	for (size_t i = 0; ok && i < moves.count; i++) {
		const struct object *there = state_find_object(s->state, moves.items[i].address, moves.items[i].object.deposed);
		if (there && !is_in(there, &from)) {
			diag_error(&s->diags, SRC_NOWHERE, "Invalid move", "The state holds an object at %s already.", moves.items[i].address);
			ok = false;
		} else if (!strcmp(moves.items[i].address, moves.items[i].object.address)) {
			diag_error(&s->diags, SRC_NOWHERE, "Invalid move", "%s is where it is to be moved to.", moves.items[i].address);
			ok = false;
		}
	}
	for (size_t i = 0; ok && i < moves.count; i++) {
		const struct move *move = &moves.items[i];
		printf("%s %s to %s\n", s->dry_run ? "Would move" : "Moved", move->object.address, move->address);
		if (s->dry_run)
			continue;
		struct object now = move->object;
		now.address = move->address;
		now.parts = move->parts;
		state_remove_object(s->state, move->object.address, move->object.deposed);
		state_put_object(s->state, &now);
	}
	for (size_t i = 0; ok && !s->dry_run && i < moves.count; i++) {
		const char *old = address_print_config(s->arena, &moves.items[i].object.parts);
		const char *new = address_print_config(s->arena, &moves.items[i].parts);
		bool left = false;
		for (size_t k = 0; k < state_object_count(s->state) && !left; k++)
			left = !strcmp(address_print_config(s->arena, &state_object_at(s->state, k)->parts), old);
		if (!left && strcmp(old, new) != 0 && (!i || strcmp(old, address_print_config(s->arena, &moves.items[i - 1].object.parts)) != 0))
			rename_dependencies(s, old, new);
	}
	size_t count = moves.count;
	vec_free(&moves);
	return ok && (s->dry_run || session_commit(s, "state mv", arena_printf(s->arena, "%s to %s: %zu objects", texts[0], texts[1], count)));
}

static int state_mv(int argc, char **argv)
{
	struct session s;
	int code;
	int at = session_options(&s, argc, argv, OPTIONS_STATE | OPTIONS_DRY,
				 "Usage: infra state mv [OPTION...] FROM TO\n\nGives objects another address: an instance, a resource with all its "
				 "instances, or a module with all that is in it. To do the same reviewed, in a plan, write a `moved` block.\n\n    infra state mv "
				 "aws_instance.host 'aws_instance.host[0]'\n    infra state mv module.net module.network", &code);
	if (at >= 0 && argc - at != 2) {
		fputs("infra state mv: give two addresses, from and to\n", stderr);
		code = EXIT_USAGE;
	} else if (at >= 0) {
		if (session_open_state_only(&s, s.dry_run, "state mv"))
			move_objects(&s, argv + at);
		fflush(stdout);
		code = session_report(&s);
	}
	session_release(&s);
	return code;
}

/* ---- Terraform's states ---- */

static const struct schema *schema_of(void *ctx, const char *kind_name, const char *type_name, bool data)
{
	struct session *s = ctx;
	const struct provider_kind *kind = provider_find_kind(kind_name);
	const struct resource_type *type = kind ? kind->find_type(type_name, data, &s->diags) : NULL;
	return type ? type->schema : NULL;
}

static int state_import(int argc, char **argv)
{
	struct session s;
	int code;
	int at = session_options(&s, argc, argv, OPTIONS_STATE | OPTIONS_TAKE,
				 "Usage: infra state import [OPTION...] FILE\n\nTakes over a state of Terraform's (terraform.tfstate, or what `terraform "
				 "state pull` prints; - reads standard input). The file is left as it is. Use one of the two programs from then on: each "
				 "sees only its own state.\n\n    infra state import terraform.tfstate\n    infra plan", &code);
	if (at >= 0 && argc - at != 1) {
		fputs("infra state import: give the file to be taken over\n", stderr);
		code = EXIT_USAGE;
	} else if (at >= 0) {
		AUTO_BUF struct buf text = BUF_INIT;
		const char *path = strcmp(argv[at], "-") ? argv[at] : "/dev/stdin";
		struct terraform_import import = {.schema_of = schema_of, .ctx = &s, .skip_unknown = s.skip_unknown};
		if (!file_read(path, 0, &text))
			diag_error(&s.diags, SRC_NOWHERE, "The state file cannot be read", "%s: %s.", argv[at], strerror(errno));
		else if (session_open_state_only(&s, false, "state import") &&
			 state_import_terraform(s.state, buf_text(&text), text.len, &import, &s.diags) &&
			 session_commit(&s, "state import", arena_printf(s.arena, "%zu objects taken over from %s", import.objects, argv[at])))
			printf("Took over %zu object%s and %zu output%s from %s.\n\n    infra plan\n", import.objects, import.objects == 1 ? "" : "s",
			       import.outputs, import.outputs == 1 ? "" : "s", argv[at]);
		code = session_report(&s);
	}
	session_release(&s);
	return code;
}

static int state_export(int argc, char **argv)
{
	struct session s;
	int code;
	int at = session_options(&s, argc, argv, OPTIONS_STATE,
				 "Usage: infra state export [OPTION...] [FILE]\n\nWrites the state in Terraform's form (version 4), to standard output or "
				 "into a file of mode 0600. Sensitive values stand in it in the clear, as in every state of Terraform's.\n\n    infra state "
				 "export terraform.tfstate", &code);
	if (at >= 0 && argc - at > 1) {
		code = session_too_many("state export", argv[at + 1]);
	} else if (at >= 0) {
		if (session_open_state_only(&s, true, "state export")) {
			AUTO_BUF struct buf out = BUF_INIT;
			struct terraform_import types = {.schema_of = schema_of, .ctx = &s};
			state_export_terraform(s.state, &types, &out);
			if (at == argc)
				session_print(&out);
			else if (!file_write(argv[at], out.ptr, out.len, 0600))
				diag_error(&s.diags, SRC_NOWHERE, "The file cannot be written", "%s: %s.", argv[at], strerror(errno));
			else
				printf("Wrote %zu objects to %s.\n", state_object_count(s.state), argv[at]);
		}
		code = session_report(&s);
	}
	session_release(&s);
	return code;
}

int cmd_state(int argc, char **argv)
{
	static const struct command table[] = {
		{"list", state_list, "List the objects", false},
		{"show", state_show, "Show one object", false},
		{"mv", state_mv, "Give objects another address", false},
		{"rm", state_rm, "Forget objects; they stay in the cloud", false},
		{"import", state_import, "Take over a state of Terraform's", false},
		{"export", state_export, "Write the state in Terraform's form", false},
		{NULL, NULL, NULL, false},
	};
	return run_subcommand(argc, argv, table,
			      "Usage: infra state COMMAND [OPTION...]\n\nLooks at the state, and puts right by hand what it says.");
}
