/* SPDX-License-Identifier: Apache-2.0 */
/* From a directory to modules: finds the files, reads the blocks, follows the calls. */
#include "plans/config/config.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/vec.h"
#include "plans/config/config_internal.h"
#include "providers/provider.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

const char *const resource_meta_arguments[] = {"count", "for_each", "depends_on", "provider", "lifecycle", "connection", "provisioner"};
const size_t resource_meta_argument_count = ARRAY_LEN(resource_meta_arguments);
const char *const module_meta_arguments[] = {"source", "version", "count", "for_each", "depends_on", "providers", "enabled", "lifecycle"};
const size_t module_meta_argument_count = ARRAY_LEN(module_meta_arguments);

const char *provider_name_of_type(struct arena *arena, const char *type)
{
	/* a few types stand for themselves */
	if (!strcmp(type, "terraform_data") || !strcmp(type, "terraform_remote_state"))
		return "terraform";
	return arena_strndup(arena, type, strcspn(type, "_"));
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), m = strlen(end);
	return n > m && !strcmp(s + n - m, end);
}

bool config_is_plan_file(const char *name)
{
	return name[0] != '.' && !ends_with(name, "~") && name[0] != '#' && (ends_with(name, ".tf") || ends_with(name, ".infra"));
}

static bool disk_list(void *ctx, struct arena *arena, const char *dir, char ***names, size_t *count)
{
	(void)ctx;
	if (!directory_list(arena, dir, names, count))
		return false;
	size_t kept = 0;
	for (size_t i = 0; i < *count; i++) {
		struct stat st;
		char *name = (*names)[i];
		/* a folder may be called x.tf */
		if (!config_is_plan_file(name) || stat(path_join(arena, dir, name), &st) < 0 || !S_ISDIR(st.st_mode))
			(*names)[kept++] = name;
	}
	*count = kept;
	return true;
}

static bool disk_read(void *ctx, const char *path, struct buf *out)
{
	(void)ctx;
	return file_read(path, 64u << 20, out);
}

static const struct config_reader disk = {disk_list, disk_read, NULL};

static const struct src *read_source(struct loader *l, const char *path)
{
	AUTO_BUF struct buf text = BUF_INIT;
	const char *endless = file_endless(path);
	if (endless) {
		diag_error(l->diags, SRC_NOWHERE, "Failed to read file", "%s is %s, not a file.", path, endless);
		return NULL;
	}
	if (!l->reader->read(l->reader->ctx, path, &text)) {
		diag_error(l->diags, SRC_NOWHERE, "Failed to read file", "The file %s could not be read: %s.", path, strerror(errno));
		return NULL;
	}
	const struct src *src = src_add(l->sources, path, buf_text(&text), text.len);
	if (!src) {
		diag_error(l->diags, SRC_NOWHERE, "Too much text", "The plan files are larger than 4 GiB together.");
		return NULL;
	}
	if (l->config->file_count == l->file_cap) {
		l->file_cap = l->file_cap ? l->file_cap * 2 : 16;
		struct config_file *files = arena_array_of(l->arena, l->file_cap, struct config_file);
		if (l->config->file_count)
			memcpy(files, l->config->files, l->config->file_count * sizeof(*files));
		l->config->files = files;
	}
	l->config->files[l->config->file_count++] = (struct config_file){src_name(src), src_text(src), src_len(src)};
	return src;
}

/* Types that the project itself describes: types/NAME.hcl beside the plan files. They go into saved plans, too. */
static bool load_types(struct loader *l, const char *dir)
{
	char **names;
	size_t count;
	const char *folder = path_join(l->arena, dir, "types");
	if (!l->reader->list(l->reader->ctx, l->arena, folder, &names, &count))
		return true; /* there need not be any */
	bool ok = true;
	for (size_t i = 0; i < count; i++) {
		if (names[i][0] == '.' || !ends_with(names[i], ".hcl"))
			continue;
		const struct src *src = read_source(l, path_join(l->arena, folder, names[i]));
		ok &= src && provider_add_types(src_name(src), src_text(src), src_len(src), l->diags);
	}
	return ok;
}

bool config_load_types(struct arena *arena, const char *dir, struct diags *diags)
{
	struct config config = {.arena = arena};
	struct loader loader = {.arena = arena, .sources = src_set_new(), .config = &config, .reader = &disk, .diags = diags};
	bool ok = load_types(&loader, dir);
	src_set_free(loader.sources);
	return ok;
}

static bool is_local_source(const char *source)
{
	return !strncmp(source, "./", 2) || !strncmp(source, "../", 3) || !strcmp(source, ".") || !strcmp(source, "..");
}

enum { MODULES_MAX = 20000 }; /* calls in calls multiply */

static void load_calls(struct loader *l, struct module *module);

static struct module *load_module(struct loader *l, struct module *parent, const struct module_call *call, const char *dir)
{
	struct arena *arena = l->arena;
	char **names;
	size_t count;
	if (!l->reader->list(l->reader->ctx, arena, dir, &names, &count)) {
		diag_error(l->diags, call ? call->source_expr->range : SRC_NOWHERE, call ? "Unreadable module directory" : "Unreadable directory",
			   "The directory %s could not be read: %s.", dir, strerror(errno));
		return NULL;
	}
	struct module *module = arena_new_of(arena, struct module);
	*module = (struct module){
		.parent = parent,
		.name = call ? call->name : "",
		.path = parent ? (*parent->path ? arena_printf(arena, "%s.%s", parent->path, call->name) : call->name) : "",
		.dir = dir,
		.call = call,
	};
	vec_add(&l->modules, module);
	size_t read = 0, json = 0;
	for (size_t i = 0; i < count; i++) {
		if (*names[i] != '.' && ends_with(names[i], ".tf.json")) {
			json++;
			diag_error(l->diags, call ? call->source_expr->range : SRC_NOWHERE, "Configuration in JSON syntax",
				   "The file %s is in JSON syntax, which is not supported; without it, what it declares would be missing from "
				   "the plan. Write it in the native syntax.", path_join(arena, dir, names[i]));
		}
		if (!config_is_plan_file(names[i]))
			continue;
		const struct src *src = read_source(l, path_join(arena, dir, names[i]));
		read++;
		if (!src)
			continue;
		const struct body *body = parse_file(arena, src, l->diags);
		config_read_file(l, module, body, ends_with(names[i], ".infra"));
	}
	if (!read && (call || !l->options->may_be_empty)) {
		if (!json)
			diag_error(l->diags, call ? call->source_expr->range : SRC_NOWHERE, "No configuration files",
				   "The directory %s holds no plan files (*.tf, *.infra).", dir);
		return NULL;
	}
	load_calls(l, module);
	return module;
}

/* A directory that comes round again below itself would never end. */
static bool is_open(const struct module *module, const char *dir)
{
	for (; module; module = module->parent) {
		if (!strcmp(module->dir, dir))
			return true;
	}
	return false;
}

static void check_arguments(struct loader *l, const struct module_call *call)
{
	const struct module *module = call->module;
	VEC(const char *) names = {0};
	for (struct map_entry *e = map_first(&module->variables); e; e = map_next(&module->variables, e))
		vec_add(&names, e->key);
	for (size_t i = 0; i < call->body->attr_count; i++) {
		const struct attribute *attr = &call->body->attrs[i];
		bool meta = false;
		for (size_t k = 0; k < module_meta_argument_count; k++)
			meta |= !strcmp(module_meta_arguments[k], attr->name);
		if (meta || map_find(&module->variables, attr->name))
			continue;
		const char *near = nearest_name(attr->name, names.items, names.count);
		diag_error(l->diags, attr->name_range, "Unsupported argument", "The module \"%s\" has no variable \"%s\".%s%s%s", call->name,
			   attr->name, near ? " Did you mean \"" : "", near ? near : "", near ? "\"?" : "");
	}
	for (struct map_entry *e = map_first(&module->variables); e; e = map_next(&module->variables, e)) {
		const struct variable *variable = e->value;
		if (!variable->fallback && !body_find_attr(call->body, variable->name))
			diag_error(l->diags, call->header_range, "Missing required argument",
				   "The module \"%s\" needs the argument \"%s\", which has no default.", call->name, variable->name);
	}
	vec_free(&names);
}

static void load_calls(struct loader *l, struct module *module)
{
	for (struct map_entry *e = map_first(&module->calls); e; e = map_next(&module->calls, e)) {
		struct module_call *call = e->value;
		if (!call->source)
			continue;
		if (!is_local_source(call->source)) {
			diag_error(l->diags, call->source_expr->range, "Module source is not local",
				   "infra loads modules from directories (\"./name\", \"../name\"), so that a plan depends on nothing that is not beside "
				   "it. Put a copy of \"%s\" into the project and name its directory.", call->source);
			continue;
		}
		const char *dir = path_clean(l->arena, path_join(l->arena, module->dir, call->source));
		if (is_open(module, dir)) {
			diag_error(l->diags, call->source_expr->range, "Module calls itself",
				   "The directory %s is that of this module, or of one that calls it: the calls would never end.", dir);
			continue;
		}
		if (l->modules.count > MODULES_MAX) {
			diag_error(l->diags, call->source_expr->range, "Too many modules",
				   "There are more than %d modules, those counted that modules call.", MODULES_MAX);
			return;
		}
		call->module = load_module(l, module, call, dir);
		if (call->module)
			check_arguments(l, call);
	}
}

struct config *config_load(struct arena *arena, struct src_set *sources, const struct config_options *options,
			   struct diags *diags)
{
	struct config *config = arena_new_of(arena, struct config);
	*config = (struct config){.arena = arena, .sources = sources, .dir = options->dir};
	struct loader loader = {
		.arena = arena,
		.sources = sources,
		.config = config,
		.options = options,
		.reader = options->reader ? options->reader : &disk,
		.diags = diags,
	};
	load_types(&loader, path_clean(arena, options->dir));
	config->root = load_module(&loader, NULL, NULL, path_clean(arena, options->dir));
	config->modules = vec_copy(&loader.modules, arena);
	config->module_count = loader.modules.count;
	vec_free(&loader.modules);
	if (!config->root)
		config_release(config);
	return config->root ? config : NULL;
}

void config_release(struct config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config->module_count; i++) {
		struct module *m = config->modules[i];
		struct map *maps[] = {&m->variables, &m->locals, &m->outputs, &m->resources, &m->calls, &m->providers, &m->requirements,
				      &m->checks, &m->tunnels};
		for (size_t k = 0; k < ARRAY_LEN(maps); k++)
			map_release(maps[k]);
	}
	config->module_count = 0;
}
