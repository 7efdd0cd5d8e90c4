/* SPDX-License-Identifier: Apache-2.0 */
/* What asks for and changes file systems on volumes: blkid, lsblk, file, mkfs and their kin. */
#include "sandbox/host/shim.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/digest.h"
#include "sandbox/host/volume.h"

#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct call {
	struct arena *arena;
	int argc;
	char **argv;
	struct volumes volumes;
};

static const struct volume *find(const struct call *c, const char *name)
{
	return volumes_find(c->arena, &c->volumes, name);
}

static int refuse(const struct call *c, int code, const char *fmt, ...) PRINTF_LIKE(3, 4);
static int refuse(const struct call *c, int code, const char *fmt, ...)
{
	AUTO_BUF struct buf text = BUF_INIT;
	va_list args;
	va_start(args, fmt);
	buf_vaddf(&text, fmt, args);
	va_end(args);
	fprintf(stderr, "%s: %s\n", c->argv[0], buf_text(&text));
	shim_note(c->argv[0], "refused: %s", buf_text(&text));
	return code;
}

/* The value of an option, behind it or in the next argument; NULL when this is another one. */
static const char *option(const struct call *c, int *i, const char *name)
{
	const char *arg = c->argv[*i];
	size_t len = strlen(name);
	if (!strcmp(arg, name) && *i + 1 < c->argc)
		return c->argv[++*i];
	if (name[1] == '-')
		return !strncmp(arg, name, len) && arg[len] == '=' ? arg + len + 1 : NULL;
	return !strncmp(arg, name, len) && arg[len] ? arg + len : NULL;
}

/* ---- blkid ---- */

/* The root's file system is on its partition. */
static const char *part_of(const struct volume *v)
{
	return !v->root ? "" : strstr(v->device, "nvme") ? "p1" : "1";
}

static void print_tags(const struct volume *v, const char *format, const char *only)
{
	const struct {
		const char *name, *value;
	} tags[] = {{"LABEL", v->label}, {"UUID", v->uuid}, {"BLOCK_SIZE", "4096"}, {"TYPE", v->type}};
	bool value = !strcmp(format, "value"), export = !strcmp(format, "export");
	if (export)
		printf("DEVNAME=%s%s\n", v->device, part_of(v));
	else if (!value)
		printf("%s%s:", v->device, part_of(v));
	for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
		if (!*tags[i].value || (*only && strcmp(only, tags[i].name) != 0))
			continue;
		if (value)
			puts(tags[i].value);
		else if (export)
			printf("%s=%s\n", tags[i].name, tags[i].value);
		else
			printf(" %s=\"%s\"", tags[i].name, tags[i].value);
	}
	if (!value && !export)
		putchar('\n');
}

static int run_blkid(const struct call *c)
{
	const char *format = "full", *only = "", *value;
	bool asked = false, found = false;
	for (int i = 1; i < c->argc; i++) {
		const struct volume *v = NULL;
		if ((value = option(c, &i, "-o"))) {
			format = value;
		} else if ((value = option(c, &i, "-s"))) {
			only = value;
		} else if (option(c, &i, "-c") || option(c, &i, "-w")) {
			continue; /* caches */
		} else if (!strncmp(c->argv[i], "-U", 2) || !strncmp(c->argv[i], "-L", 2)) {
			bool uuid = c->argv[i][1] == 'U';
			asked = true;
			value = option(c, &i, uuid ? "-U" : "-L");
			v = value ? find(c, arena_printf(c->arena, "%s=%s", uuid ? "UUID" : "LABEL", value)) : NULL;
			if (v)
				printf("%s%s\n", v->device, part_of(v));
		} else if ((value = option(c, &i, "-t"))) {
			asked = true;
			if ((v = find(c, value)))
				print_tags(v, format, only);
		} else if (c->argv[i][0] != '-') {
			asked = true;
			v = find(c, c->argv[i]);
			v = v && *v->type ? v : NULL;
			if (v)
				print_tags(v, format, only);
		}
		found = found || v;
	}
	for (size_t i = 0; !asked && i < c->volumes.count; i++) {
		if (*c->volumes.items[i].type)
			print_tags(&c->volumes.items[i], format, only);
	}
	return !asked || found ? 0 : 2;
}

/* ---- lsblk ---- */

static const char *column(const struct call *c, const struct volume *v, bool part, const char *name, bool path, bool bytes)
{
	const char *device = part ? arena_printf(c->arena, "%s%s", v->device, part_of(v)) : v->device;
	bool has_fs = part || !v->root;
	const char *at = has_fs ? volume_mount_point(c->arena, v) : NULL;
	if (!strcmp(name, "NAME") || !strcmp(name, "KNAME"))
		return path ? device : arena_printf(c->arena, "%s%s", part && name[0] == 'N' ? "└─" : "", device + 5);
	if (!strcmp(name, "PATH"))
		return device;
	if (!strcmp(name, "SIZE"))
		return bytes ? arena_printf(c->arena, "%llu", v->gib << 30) : arena_printf(c->arena, "%lluG", v->gib);
	if (!strcmp(name, "TYPE"))
		return part ? "part" : "disk";
	if (!strcmp(name, "MOUNTPOINT") || !strcmp(name, "MOUNTPOINTS"))
		return at ? at : "";
	if (!strcmp(name, "FSTYPE"))
		return has_fs ? v->type : "";
	if (!strcmp(name, "LABEL"))
		return has_fs ? v->label : "";
	if (!strcmp(name, "UUID"))
		return has_fs ? v->uuid : "";
	if (!strcmp(name, "SERIAL"))
		return part ? "" : arena_printf(c->arena, "vol%s", v->id + 4);
	if (!strcmp(name, "MODEL"))
		return part ? "" : "Amazon Elastic Block Store";
	if (!strcmp(name, "MAJ:MIN"))
		return arena_printf(c->arena, "259:%zu", (size_t)(v - c->volumes.items) * 2 + part);
	return !strcmp(name, "RM") || !strcmp(name, "RO") ? "0" : "";
}

static int run_lsblk(const struct call *c)
{
	char *columns = arena_strdup(c->arena, "NAME,MAJ:MIN,RM,SIZE,RO,TYPE,MOUNTPOINTS"), *names[16], *save = NULL;
	bool heads = true, path = false, bytes = false, parts = true, json = false, any = false;
	const char *only = NULL, *value;
	size_t count = 0;
	for (int i = 1; i < c->argc; i++) {
		const char *arg = c->argv[i];
		if ((value = option(c, &i, "--output")) || (value = option(c, &i, "-o"))) {
			columns = arena_strdup(c->arena, value);
		} else if (arg[0] != '-') {
			only = arg;
		} else if (!strncmp(arg, "--", 2)) {
			heads = heads && strcmp(arg, "--noheadings") != 0;
			json = json || !strcmp(arg, "--json");
			bytes = bytes || !strcmp(arg, "--bytes");
			parts = parts && strcmp(arg, "--nodeps") != 0;
			path = path || !strcmp(arg, "--paths");
			if (!strcmp(arg, "--nvme"))
				columns = arena_strdup(c->arena, "NAME,TYPE,MODEL,SERIAL,SIZE");
			if (!strcmp(arg, "--fs"))
				columns = arena_strdup(c->arena, "NAME,FSTYPE,LABEL,UUID,MOUNTPOINTS");
		} else {
			heads = heads && !strchr(arg, 'n');
			path = path || strchr(arg, 'p');
			bytes = bytes || strchr(arg, 'b');
			parts = parts && !strchr(arg, 'd');
			json = json || strchr(arg, 'J');
			if (strchr(arg, 'N'))
				columns = arena_strdup(c->arena, "NAME,TYPE,MODEL,SERIAL,SIZE");
			if (strchr(arg, 'f'))
				columns = arena_strdup(c->arena, "NAME,FSTYPE,LABEL,UUID,MOUNTPOINTS");
			if (arg[strlen(arg) - 1] == 'o' && i + 1 < c->argc)
				columns = arena_strdup(c->arena, c->argv[++i]);
		}
	}
	for (char *name = strtok_r(columns, ",", &save); name && count < ARRAY_LEN(names); name = strtok_r(NULL, ",", &save)) {
		for (char *letter = name; *letter; letter++)
			*letter = (char)(*letter >= 'a' && *letter <= 'z' ? *letter - 'a' + 'A' : *letter);
		names[count++] = name;
	}
	const struct volume *wanted = only ? find(c, only) : NULL;
	if (only && !wanted)
		return refuse(c, 32, "%s: not a block device", only);
	for (size_t k = 0; heads && !json && k < count; k++)
		printf("%s%-*s", k ? " " : "", k + 1 < count ? 14 : 0, names[k]);
	fputs(json ? "{\"blockdevices\": [" : heads ? "\n" : "", stdout);
	for (size_t i = 0; i < c->volumes.count; i++) {
		const struct volume *v = &c->volumes.items[i];
		for (int part = 0; part <= (v->root && parts); part++) {
			if (wanted && v != wanted)
				continue;
			fputs(json ? any ? ", {" : "{" : "", stdout);
			for (size_t k = 0; k < count; k++) {
				const char *text = column(c, v, part, names[k], path, bytes);
				if (json) {
					printf("%s\"", k ? ", " : "");
					for (const char *letter = names[k]; *letter; letter++)
						putchar(*letter >= 'A' && *letter <= 'Z' ? *letter - 'A' + 'a' : *letter);
					printf("\": \"%s\"", !strncmp(text, "└─", 6) ? text + 6 : text);
				} else {
					printf("%s%-*s", k ? " " : "", k + 1 < count && count > 1 && heads ? 14 : 0, text);
				}
			}
			fputs(json ? "}" : "\n", stdout);
			any = true;
		}
	}
	fputs(json ? "]}\n" : "", stdout);
	return 0;
}

/* ---- file -s ---- */

static int run_file(const struct call *c)
{
	bool asked = false;
	for (int i = 1; i < c->argc; i++) {
		const struct volume *v = c->argv[i][0] != '-' ? find(c, c->argv[i]) : NULL;
		if (!v)
			continue;
		asked = true;
		if (!*v->type || v->root)
			printf("%s: %s\n", c->argv[i], v->root ? "DOS/MBR boot sector" : "data");
		else if (!strcmp(v->type, "xfs"))
			printf("%s: SGI XFS filesystem data (blksz 4096, inosz 512, v2 dirs)\n", c->argv[i]);
		else
			printf("%s: Linux rev 1.0 %s filesystem data, UUID=%s%s%s%s (extents) (64bit) (large files) (huge files)\n", c->argv[i], v->type, v->uuid,
			       *v->label ? ", volume name \"" : "", v->label, *v->label ? "\"" : "");
	}
	return asked ? 0 : shim_real(c->argv);
}

/* ---- making and changing ---- */

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st, (void)type;
	return where->level ? remove(path) : 0;
}

static int run_mkfs(const struct call *c)
{
	const char *kind = strchr(c->argv[0], '.'), *label = "", *uuid = NULL, *name = NULL, *value;
	static const char *const with_value[] = {"-b", "-m", "-E", "-O", "-i", "-I", "-N", "-J", "-T", "-d", "-l", "-n", "-s", "-D", "-e", "-G", "-g"};
	bool force = false, quiet = false;
	kind = kind ? kind + 1 : "ext2";
	for (int i = 1; i < c->argc; i++) {
		bool taken = true;
		if ((value = option(c, &i, "-t")) || (value = option(c, &i, "--type")))
			kind = value;
		else if ((value = option(c, &i, "-L")) || (value = option(c, &i, "--label")))
			label = value;
		else if ((value = option(c, &i, "-U")))
			uuid = value;
		else
			taken = false;
		for (size_t k = 0; !taken && k < ARRAY_LEN(with_value); k++)
			taken = option(c, &i, with_value[k]) != NULL;
		if (taken)
			continue;
		if (c->argv[i][0] != '-') {
			name = name ? name : c->argv[i]; /* behind it stands the number of blocks */
		} else {
			force = force || strchr(c->argv[i], 'f') || strchr(c->argv[i], 'F');
			quiet = quiet || strchr(c->argv[i], 'q');
		}
	}
	const struct volume *v = name ? find(c, name) : NULL;
	struct stat st;
	if (name && !v && stat(name, &st) == 0 && S_ISREG(st.st_mode) && strncmp(name, "/dev/", 5) != 0)
		return shim_real(c->argv); /* an image in a file */
	if (!v)
		return refuse(c, 1, "The file %s does not exist and no size was specified.", name ? name : "(none)");
	if (v->root || volume_mount_point(c->arena, v))
		return refuse(c, 1, "%s is mounted; will not make a filesystem here!", name);
	if (*v->type && !force && !strcmp(kind, "xfs"))
		return refuse(c, 1, "%s appears to contain an existing filesystem (%s).\n%s: Use the -f option to force overwrite.", name, v->type, c->argv[0]);
	char made[37];
	random_uuid(made);
	struct volume after = *v;
	after.type = kind;
	after.label = label;
	after.uuid = uuid ? uuid : made;
	if (nftw(volume_data(c->arena, v), remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0 || !volume_save(c->arena, &after))
		return refuse(c, 1, "%s: %s", name, strerror(errno));
	if (!quiet)
		printf("Creating filesystem with %llu 4k blocks\nFilesystem UUID: %s\n", v->gib << 18, after.uuid);
	shim_note(c->argv[0], "%s, which is %s, has a file system %s with the UUID %s", v->device, v->id, kind, after.uuid);
	return 0;
}

static int set_label(const struct call *c, const struct volume *v, const char *label, const char *uuid)
{
	struct volume after = *v;
	after.label = label ? label : v->label;
	after.uuid = uuid ? uuid : v->uuid;
	shim_note(c->argv[0], "%s: label \"%s\", UUID %s", v->device, after.label, after.uuid);
	return v->root || volume_save(c->arena, &after) ? 0 : refuse(c, 1, "%s: %s", v->device, strerror(errno));
}

static int run_label(const struct call *c)
{
	const char *label = NULL, *uuid = NULL, *name = NULL, *value;
	bool plain = !strcmp(c->argv[0], "e2label");
	for (int i = 1; i < c->argc; i++) {
		if (!plain && (value = option(c, &i, "-L")))
			label = value;
		else if (!plain && (value = option(c, &i, "-U")))
			uuid = value;
		else if (plain && name)
			label = c->argv[i];
		else if (c->argv[i][0] != '-')
			name = c->argv[i];
	}
	const struct volume *v = name ? find(c, name) : NULL;
	if (!v || !*v->type)
		return refuse(c, 1, "%s has no file system", name ? name : "(none)");
	if (label || uuid)
		return set_label(c, v, label, uuid);
	printf(plain ? "%s\n" : "Filesystem volume name:   %s\n", v->label);
	return 0;
}

static const struct volume *last_volume(const struct call *c)
{
	const struct volume *v = NULL;
	for (int i = c->argc - 1; i > 0 && !v; i--) {
		v = find(c, c->argv[i]);
		for (size_t k = 0; !v && k < c->volumes.count; k++) { /* xfs_growfs is given the directory */
			const char *at = volume_mount_point(c->arena, &c->volumes.items[k]);
			v = at && !strcmp(at, c->argv[i]) ? &c->volumes.items[k] : NULL;
		}
	}
	return v;
}

static int run_grow(const struct call *c)
{
	const struct volume *v = last_volume(c);
	bool part = !strcmp(c->argv[0], "growpart");
	if (part && c->argc > 1)
		v = find(c, c->argv[1]);
	if (!v || !*v->type)
		return refuse(c, part ? 2 : 1, "there is no file system to be grown");
	if (part) {
		printf("NOCHANGE: partition 1 is size %llu. it cannot be grown\n", v->gib << 21);
		return 1;
	}
	printf("The filesystem on %s is now %llu (4k) blocks long.\n", v->device, v->gib << 18);
	shim_note(c->argv[0], "%s has no limit of its own: nothing to do", v->device);
	return 0;
}

static int run_check(const struct call *c)
{
	const struct volume *v = last_volume(c);
	if (!v || !*v->type)
		return refuse(c, 8, "there is no file system");
	printf("%s: clean\n", v->device);
	return 0;
}

static int run_wipe(const struct call *c)
{
	const struct volume *v = last_volume(c);
	bool all = false;
	for (int i = 1; i < c->argc; i++)
		all = all || !strcmp(c->argv[i], "--all") || (c->argv[i][0] == '-' && c->argv[i][1] != '-' && strchr(c->argv[i], 'a'));
	if (!v)
		return shim_real(c->argv);
	if (!all) {
		if (*v->type)
			printf("DEVICE OFFSET TYPE UUID LABEL\n%s 0x438 %s %s %s\n", v->device + 5, v->type, v->uuid, v->label);
		return 0;
	}
	if (v->root || volume_mount_point(c->arena, v))
		return refuse(c, 1, "error: %s: probing initialization failed: Device or resource busy", v->device);
	struct volume after = *v;
	after.type = "";
	shim_note(c->argv[0], "%s has no file system any more", v->device);
	return volume_save(c->arena, &after) ? 0 : refuse(c, 1, "%s: %s", v->device, strerror(errno));
}

static int run_blockdev(const struct call *c)
{
	const struct volume *v = last_volume(c);
	if (!v)
		return refuse(c, 1, "cannot open %s: No such file or directory", c->argv[c->argc - 1]);
	bool sectors = !strcmp(c->argv[1], "--getsz") || !strcmp(c->argv[1], "--getsize");
	if (sectors || !strcmp(c->argv[1], "--getsize64"))
		printf("%llu\n", sectors ? v->gib << 21 : v->gib << 30);
	return 0;
}

int shim_disk(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(const struct call *c);
	} table[] = {
		{"blkid", run_blkid}, {"lsblk", run_lsblk}, {"file", run_file}, {"mkfs", run_mkfs}, {"mke2fs", run_mkfs}, {"resize2fs", run_grow},
		{"xfs_growfs", run_grow}, {"growpart", run_grow}, {"e2label", run_label}, {"tune2fs", run_label}, {"xfs_admin", run_label}, {"fsck", run_check},
		{"e2fsck", run_check}, {"xfs_repair", run_check}, {"wipefs", run_wipe}, {"blockdev", run_blockdev},
	};
	struct call c = {.arena = arena_new(), .argc = argc, .argv = argv};
	int code = 127;
	size_t i = 0;
	c.volumes = volumes_list(c.arena);
	while (i < ARRAY_LEN(table) && strcmp(table[i].name, argv[0]) != 0 && strncmp(argv[0], "mkfs.", 5) != 0)
		i++;
	if (!strncmp(argv[0], "mkfs.", 5))
		code = run_mkfs(&c);
	else if (i < ARRAY_LEN(table))
		code = table[i].run(&c);
	else
		fprintf(stderr, "infra sandbox shim: there is no shim %s\n", argv[0]);
	arena_free(c.arena);
	return code;
}
