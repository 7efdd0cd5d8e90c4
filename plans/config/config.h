/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration: the blocks of all plan files of a directory, and of the local modules it calls,
 * as plain data. Nothing is evaluated here but what the language wants to be constant.
 */
#pragma once

#include "base/diag.h"
#include "base/map.h"
#include "lang/address.h"
#include "lang/syntax/ast.h"
#include "lang/syntax/parse.h"

struct module;

struct condition { /* validation, precondition, postcondition, assert */
	const struct expr *condition, *error_message;
	struct src_range range;
};

struct variable {
	const char *name;
	const struct type *type;       /* a constraint; any when not given */
	const struct value *fallback;  /* default, converted; NULL: required */
	bool sensitive, ephemeral, nullable;
	const char *description;
	const struct condition *validations;
	size_t validation_count;
	struct src_range range;
};

struct local {
	const char *name;
	const struct expr *expr;
	struct src_range range;
};

struct output {
	const char *name;
	const struct expr *value;
	bool sensitive, ephemeral;
	const char *description;
	const struct ref *depends_on;
	size_t depends_on_count;
	const struct condition *preconditions;
	size_t precondition_count;
	struct src_range range;
};

struct provisioner {
	const char *type; /* local-exec, remote-exec, file */
	bool when_destroy, continue_on_failure;
	const struct body *body, *connection;
	struct src_range range;
};

struct provider_use { /* provider = aws.west; also the rows of a module's `providers` */
	const char *local_name, *alias; /* alias NULL: the default one */
	struct src_range range;
};

struct resource {
	bool data;
	bool scoped; /* a data source inside a check block: its errors are warnings */
	const char *type, *name;
	struct module *module;
	const struct body *body; /* the whole block; meta-arguments are skipped by name when it is decoded */
	const struct expr *count, *for_each;
	const struct provider_use *provider; /* NULL: by the type's prefix */
	const struct ref *depends_on;
	size_t depends_on_count;
	/* lifecycle */
	bool create_before_destroy;
	const struct expr *prevent_destroy; /* NULL: false */
	const struct expr *enabled;         /* NULL: true */
	const struct expr *destroy;         /* NULL: true; false: forget instead of delete */
	bool ignore_all;
	const struct ref *ignore_changes; /* root is the attribute's name */
	size_t ignore_change_count;
	const struct expr *const *replace_triggered_by;
	size_t replace_trigger_count;
	const struct condition *preconditions, *postconditions;
	size_t precondition_count, postcondition_count;
	const struct provisioner *provisioners;
	size_t provisioner_count;
	const struct body *connection;
	struct src_range header_range, range;
	const char *address; /* within its module: aws_vpc.main, data.aws_ami.x */
};

struct module_call {
	const char *name;
	const struct expr *source_expr;
	const char *source; /* as written */
	const struct body *body;
	const struct expr *count, *for_each, *enabled;
	const struct ref *depends_on;
	size_t depends_on_count;
	struct { /* providers = { aws.x = aws.y } */
		struct provider_use inner, outer;
	} *providers;
	size_t provider_count;
	struct module *module; /* the called one, loaded; NULL after an error */
	struct src_range header_range, range;
};

struct provider_block {
	const char *name, *alias; /* alias NULL: the default one */
	const struct body *body;
	struct src_range header_range, range;
};

struct provider_requirement {
	const char *local_name, *source, *version; /* source: "hashicorp/aws"; version: constraint as written, or NULL */
	struct src_range range;
};

struct moved {
	struct address from, to; /* relative to the module they stand in */
	struct src_range range;
};

struct import_block {
	const struct expr *to; /* an address, perhaps with each.key */
	const struct expr *id, *for_each, *identity;
	const struct provider_use *provider;
	struct src_range range;
};

struct removed {
	struct address from;
	bool destroy;
	struct src_range range;
};

struct check {
	const char *name;
	struct resource *data; /* a scoped data source, or NULL */
	const struct condition *asserts;
	size_t assert_count;
	struct src_range range;
};

struct tunnel { /* a port of a host, to be brought to this machine by name */
	const char *name;
	const struct expr *host, *port;       /* never NULL */
	const struct expr *local_port, *path; /* NULL: not given */
	const char *description;              /* or NULL */
	struct src_range range;
};

struct extra_block { /* job, budget: kept as written for who understands them */
	const char *type;
	const struct block *block;
};

/* One module as written; called twice it is one struct loaded twice (with another path). */
struct module {
	struct module *parent; /* NULL: the root */
	const char *name;      /* of the call; "" for the root */
	const char *path;      /* "" , "net", "net.inner": the calls' names joined */
	const char *dir;       /* relative to the root's directory's parent as users would type it: "." or "../modules/core" */
	const struct module_call *call;

	struct map variables, locals, outputs; /* name -> struct */
	struct map resources;                  /* address within the module -> struct resource, data too */
	struct map calls;                      /* name -> struct module_call */
	struct map providers;                  /* "aws" or "aws.alias" -> struct provider_block */
	struct map requirements;               /* local name -> struct provider_requirement */
	struct map checks;
	struct map tunnels; /* of the root alone: name -> struct tunnel */
	const struct moved *moved;
	size_t moved_count;
	const struct import_block *imports;
	size_t import_count;
	const struct removed *removed;
	size_t removed_count;
	const struct extra_block *extras;
	size_t extra_count;
	const char *backend; /* type of the backend block, or NULL */
	struct src_range backend_range;
	struct src_range requirements_range; /* of the required_providers block; empty: there is none */
};

struct config_file { /* kept for saved plans */
	const char *path; /* as opened */
	const char *text;
	size_t len;
};

struct config {
	struct arena *arena;
	struct src_set *sources;
	struct module *root;
	const char *dir;
	struct module **modules; /* all, the root first */
	size_t module_count;
	struct config_file *files; /* all that were read, in order */
	size_t file_count;
};

/* How files are read: from the disk, or from a saved plan. */
struct config_reader {
	/* False with errno. */
	bool (*list)(void *ctx, struct arena *arena, const char *dir, char ***names, size_t *count);
	bool (*read)(void *ctx, const char *path, struct buf *out);
	void *ctx;
};

struct config_options {
	const char *dir;               /* the root module's directory */
	bool ignore_backend;           /* a backend other than local is left out instead of refused */
	bool may_be_empty;             /* the directory needs no plan files: to destroy what they were once for */
	const struct config_reader *reader; /* NULL: the disk */
};

/*
 * Loads a directory and the modules it calls. Reports all mistakes it can find without evaluating;
 * NULL only when the directory cannot be read or holds no plan files.
 */
struct config *config_load(struct arena *arena, struct src_set *sources, const struct config_options *options,
			   struct diags *diags);
/* The project's own types (types/NAME.hcl) alone: for commands that read no plan files. False after diagnostics. */
bool config_load_types(struct arena *arena, const char *dir, struct diags *diags);
void config_release(struct config *config); /* the maps; the rest lies in the arena */

/* Where the values of root variables come from, in rising precedence as Terraform has it. */
struct variable_source {
	enum { VAR_ARGUMENT, VAR_FILE } kind; /* -var NAME=VALUE, -var-file FILE: in the order of the command line */
	const char *text;
};
enum variable_missing { /* what becomes of variables that have neither a value nor a default */
	MISSING_REFUSED,
	MISSING_ASKED,   /* for, on the terminal */
	MISSING_UNKNOWN, /* taken for unknown: what does not need them works */
};
/*
 * The root module's input values: TF_VAR_name and INFRA_VAR_name, terraform.tfvars,
 * terraform.tfvars.json, *.auto.tfvars[.json], then `sources`. Adds name -> struct value to
 * `values`, converted to the variables' types (defaults are left to evaluation). Unknown names
 * warn (files, environment) or fail (-var).
 */
bool config_variables(struct config *config, const struct variable_source *sources, size_t count, enum variable_missing missing,
		      struct map *values, struct diags *diags);

/* "aws" for aws_vpc: the local name of the provider that a type belongs to by its name. */
const char *provider_name_of_type(struct arena *arena, const char *type);

/* The names of the arguments that are not the provider's: count, for_each, depends_on, provider, lifecycle, ... */
extern const char *const resource_meta_arguments[];
extern const size_t resource_meta_argument_count;
extern const char *const module_meta_arguments[];
extern const size_t module_meta_argument_count;
