/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mount and umount inside a host. EFS: first a connection to the mount target, so that security groups have their
 * say, then the directory that stands for the file system. Volumes: the directory that is their content.
 */
#include "sandbox/host/shim.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "sandbox/host/mounts.h"
#include "sandbox/host/volume.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <mntent.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	MOUNT_FAILED = 32,
	NFS_PORT = 2049,
	APPEAR_MS = 3000,  /* for a mount target that is being made: time passes quickly here */
	CONNECT_MS = 8000, /* AWS's clients wait for minutes */
	STEP_MS = 50,
};

struct request {
	struct arena *arena;
	const char *program; /* as it was called, for messages */
	const char *source, *target, *type, *options;
};

static const char fstab[] = "/etc/fstab";

static uint64_t now_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool has_option(const char *options, const char *name)
{
	size_t len = strlen(name);
	for (const char *at = options; at && *at; at += strcspn(at, ","), at += *at == ',') {
		if (strcspn(at, ",") == len && !memcmp(at, name, len))
			return true;
	}
	return false;
}

/* The value of NAME=VALUE among the options, or NULL. */
static const char *option_value(const struct request *q, const char *name)
{
	size_t len = strlen(name);
	for (const char *at = q->options; at && *at; at += strcspn(at, ","), at += *at == ',') {
		if (!strncmp(at, name, len) && at[len] == '=')
			return arena_strndup(q->arena, at + len + 1, strcspn(at, ",") - len - 1);
	}
	return NULL;
}

static bool is_mount_point(const char *target)
{
	char real[PATH_MAX];
	bool found = false;
	FILE *table = realpath(target, real) ? setmntent("/proc/self/mounts", "r") : NULL;
	for (struct mntent *entry; table && !found && (entry = getmntent(table));)
		found = !strcmp(entry->mnt_dir, real);
	if (table)
		endmntent(table);
	return found;
}

/* What was mounted of something that is gone is no mount: a new one takes its place. */
static bool is_busy(const struct request *q, const char *target)
{
	char real[PATH_MAX];
	struct mount_table table = mounts_list(q->arena);
	const struct mount_entry *entry = realpath(target, real) ? mounts_find(&table, real) : NULL;
	return is_mount_point(target) && !(entry && entry->state != MOUNT_WHOLE && !strcmp(entry->directory, real));
}

static int refuse(const struct request *q, const char *fmt, ...) PRINTF_LIKE(2, 3);
static int refuse(const struct request *q, const char *fmt, ...)
{
	AUTO_BUF struct buf text = BUF_INIT;
	va_list args;
	va_start(args, fmt);
	buf_vaddf(&text, fmt, args);
	va_end(args);
	fprintf(stderr, "%s: %s\n", q->program, buf_text(&text));
	shim_note(q->program, "refused: %s", buf_text(&text));
	return MOUNT_FAILED;
}

/* What a bind mount was made of may forbid more than we know; that must stay so. */
static bool make_readonly(const char *to)
{
	struct statvfs vfs;
	if (statvfs(to, &vfs) < 0)
		return false;
	unsigned long flags = MS_REMOUNT | MS_BIND | MS_RDONLY;
	flags |= (vfs.f_flag & ST_NOSUID ? MS_NOSUID : 0) | (vfs.f_flag & ST_NODEV ? MS_NODEV : 0) | (vfs.f_flag & ST_NOEXEC ? MS_NOEXEC : 0) |
		 (vfs.f_flag & ST_NOATIME ? MS_NOATIME : 0) | (vfs.f_flag & ST_RELATIME ? MS_RELATIME : 0);
	return mount(NULL, to, NULL, flags, NULL) == 0;
}

/* `source` and `from`: for umount, lsblk and who looks at what has gone. */
static bool bind_directory(const struct request *q, const char *directory, const char *source, const char *from)
{
	char to[PATH_MAX];
	if (!realpath(q->target, to) || (is_mount_point(to) && !mounts_remove(to, MNT_DETACH)) || mount(directory, to, NULL, MS_BIND, NULL) < 0)
		return false;
	if ((!has_option(q->options, "ro") || make_readonly(to)) && mounts_remember(&(struct mount_entry){.directory = to, .source = source, .from = from}))
		return true;
	int error = errno;
	umount2(to, MNT_DETACH);
	errno = error;
	return false;
}

/* ---- EFS ---- */

struct target {
	const char *fs; /* fs-... */
	struct in_addr address;
};

/* The id in a name: "fs-12.efs.REGION.amazonaws.com", also behind a zone. NULL where there is none. */
static const char *fs_of(struct arena *arena, const char *name)
{
	const char *at = !strncmp(name, "fs-", 3) ? name : strstr(name, ".fs-");
	if (!at)
		return NULL;
	at += *at == '.';
	return arena_strndup(arena, at, strcspn(at, ".:"));
}

/* By /etc/hosts: the server's name, its address, or (mount.efs) a file system's id. */
static bool look_up(struct arena *arena, const char *server, struct target *out)
{
	AUTO_BUF struct buf text = BUF_INIT;
	const char *fs = fs_of(arena, server);
	bool is_id = fs && !strcmp(fs, server);
	if (!file_read("/etc/hosts", 1 << 20, &text))
		return false;
	char *lines = NULL;
	for (char *line = strtok_r(buf_copy(&text, arena), "\n", &lines); line; line = strtok_r(NULL, "\n", &lines)) {
		char *words = NULL, *address = strtok_r(line, " \t", &words);
		for (char *name = address; name && *address != '#'; name = strtok_r(NULL, " \t", &words)) {
			const char *of_line = fs_of(arena, name);
			bool fits = !strcmp(name, server) || (is_id && of_line && !strcmp(of_line, fs));
			if (!fits || inet_pton(AF_INET, address, &out->address) != 1)
				continue;
			/* asked by its address, the line's other names say which one it is */
			for (; name && !of_line; of_line = name ? fs_of(arena, name) : NULL)
				name = strtok_r(NULL, " \t", &words);
			out->fs = fs ? fs : of_line;
			return out->fs != NULL;
		}
	}
	return false;
}

/* By DNS, where /etc/hosts does not know it. */
static bool resolve(struct arena *arena, const char *server, struct target *out)
{
	struct addrinfo *found = NULL, hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM};
	if (look_up(arena, server, out))
		return true;
	out->fs = fs_of(arena, server);
	if (!out->fs || getaddrinfo(server, NULL, &hints, &found) != 0)
		return false;
	out->address = ((const struct sockaddr_in *)(const void *)found->ai_addr)->sin_addr;
	freeaddrinfo(found);
	return true;
}

/* An errno. */
static int reach(struct in_addr address, uint64_t until)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(NFS_PORT), .sin_addr = address};
	AUTO_FD int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0 || (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0 && errno != EINPROGRESS))
		return errno;
	uint64_t now = now_ms();
	struct pollfd waiting = {.fd = fd, .events = POLLOUT};
	if (poll(&waiting, 1, until > now ? (int)(until - now) : 0) <= 0)
		return ETIMEDOUT;
	int error = 0;
	socklen_t len = sizeof(error);
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0 ? errno : error;
}

static void pause_ms(long ms)
{
	nanosleep(&(struct timespec){.tv_nsec = ms * 1000000}, NULL);
}

/*
 * The root of an access point: "ID FILE-SYSTEM make|keep PATH", a line each; it is made at the first mount where it
 * says how. NULL where there is no such one.
 */
static const char *access_point(const struct request *q, const char *id, const char *fs)
{
	AUTO_BUF struct buf text = BUF_INIT;
	if (!file_read(SANDBOX_RUN "/volumes/access-points", 1 << 20, &text))
		return NULL;
	const char *key = arena_printf(q->arena, "%s %s ", id, fs), *at = strstr(buf_copy(&text, q->arena), key);
	if (!at)
		return NULL;
	at += strlen(key);
	const char *path = arena_strndup(q->arena, at + 5, strcspn(at + 5, "\n"));
	/* where that fails, mounting says what is missing */
	if (!strncmp(at, "make ", 5))
		(void)!make_directories(arena_printf(q->arena, "/run/efs/%s%s", fs, path), 0755);
	return strcmp(path, "/") != 0 ? path : "";
}

static int mount_efs(const struct request *q)
{
	struct target target = {0};
	const char *colon = strchr(q->source, ':'), *path = colon ? colon + 1 : "/";
	const char *server = arena_strndup(q->arena, q->source, colon ? (size_t)(colon - q->source) : strlen(q->source));
	const char *given = option_value(q, "mounttargetip"), *point = option_value(q, "accesspoint");
	uint64_t begin = now_ms();
	while (!resolve(q->arena, server, &target)) {
		if (now_ms() - begin > APPEAR_MS)
			return refuse(q, "Failed to resolve server %s: Name or service not known", server);
		pause_ms(STEP_MS);
	}
	if (given && inet_pton(AF_INET, given, &target.address) != 1)
		return refuse(q, "%s is no address", given);
	int error;
	while ((error = reach(target.address, begin + CONNECT_MS)) && error != ETIMEDOUT && now_ms() - begin < APPEAR_MS)
		pause_ms(STEP_MS);
	if (error)
		return refuse(q, "%s for %s on %s", strerror(error), q->source, q->target);
	const char *root = point ? access_point(q, point, target.fs) : "";
	if (!root)
		return refuse(q, "mounting %s failed: the access point %s is not one of this file system", q->source, point);
	const char *from = arena_printf(q->arena, "/run/efs/%s%s%s", target.fs, root, strcmp(path, "/") != 0 ? path : "");
	if (strstr(from, "/../") || access(from, F_OK) < 0)
		return refuse(q, "mounting %s failed, reason given by server: No such file or directory", q->source);
	char address[INET_ADDRSTRLEN] = "";
	inet_ntop(AF_INET, &target.address, address, sizeof(address));
	if (!bind_directory(q, from, q->source, address))
		return refuse(q, "%s: %s", q->target, strerror(errno));
	shim_note(q->program, "%s is at %s", q->source, q->target);
	return 0;
}

/* ---- volumes ---- */

static int mount_volume(const struct request *q, const struct volume *volume)
{
	if (!*volume->type || (q->type && strcmp(q->type, volume->type) != 0 && strcmp(q->type, "auto") != 0))
		return refuse(q, "%s: wrong fs type, bad option, bad superblock on %s, missing codepage or helper program, or other error.", q->target,
			      volume->device);
	if (volume->root)
		return refuse(q, "%s: %s already mounted on /.", q->target, volume->device);
	if (!bind_directory(q, volume_data(q->arena, volume), volume->id, volume->device))
		return refuse(q, "%s: %s", q->target, strerror(errno));
	shim_note(q->program, "%s, which is %s, is at %s", volume->device, volume->id, q->target);
	return 0;
}

/* ---- all ---- */

static bool is_nfs(const struct request *q)
{
	if (q->type && (!strcmp(q->type, "nfs") || !strcmp(q->type, "nfs4") || !strcmp(q->type, "efs")))
		return true;
	return !q->type && strstr(q->source, ":/") && q->source[0] != '/';
}

/* Becomes the machine's mount: of what the kernel can really mount here. */
static int mount_really(const struct request *q)
{
	const char *argv[8] = {"mount"};
	size_t n = 1;
	if (q->type) {
		argv[n++] = "-t";
		argv[n++] = q->type;
	}
	if (q->options) {
		argv[n++] = "-o";
		argv[n++] = q->options;
	}
	argv[n++] = q->source;
	argv[n] = q->target;
	pid_t pid = fork();
	if (!pid)
		_exit(shim_real((char **)(uintptr_t)argv));
	int status = 0;
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : MOUNT_FAILED;
}

static int mount_one(const struct request *q)
{
	struct volumes volumes = volumes_list(q->arena);
	const struct volume *volume = is_nfs(q) ? NULL : volumes_find(q->arena, &volumes, q->source);
	struct stat st;
	bool tagged = !strncmp(q->source, "UUID=", 5) || !strncmp(q->source, "LABEL=", 6);
	if (!is_nfs(q) && !volume && (tagged || (!strncmp(q->source, "/dev/", 5) && access(q->source, F_OK) < 0)))
		return refuse(q, tagged ? "%s: can't find %s." : "%s: special device %s does not exist.", q->target, q->source);
	if (stat(q->target, &st) < 0 || !S_ISDIR(st.st_mode)) {
		if (!is_nfs(q) && !volume)
			return mount_really(q);
		return refuse(q, "%s: mount point does not exist.", q->target);
	}
	if ((is_nfs(q) || volume) && is_busy(q, q->target))
		return refuse(q, "%s: %s already mounted or mount point busy.", q->target, q->source);
	return is_nfs(q) ? mount_efs(q) : volume ? mount_volume(q, volume) : mount_really(q);
}

/* The row of /etc/fstab with this source or directory. */
static bool find_row(struct request *q, const char *name)
{
	FILE *table = setmntent(fstab, "r");
	bool found = false;
	for (struct mntent *row; table && !found && (row = getmntent(table));) {
		found = !strcmp(row->mnt_dir, name) || !strcmp(row->mnt_fsname, name);
		if (!found)
			continue;
		q->source = arena_strdup(q->arena, row->mnt_fsname);
		q->target = arena_strdup(q->arena, row->mnt_dir);
		q->type = q->type || !strcmp(row->mnt_type, "auto") ? q->type : arena_strdup(q->arena, row->mnt_type);
		q->options = q->options ? q->options : arena_strdup(q->arena, row->mnt_opts);
	}
	if (table)
		endmntent(table);
	return found;
}

static int mount_all(const struct request *given)
{
	FILE *table = setmntent(fstab, "r");
	int code = 0;
	for (struct mntent *row; table && (row = getmntent(table));) {
		bool wanted = *row->mnt_dir == '/' && strcmp(row->mnt_type, "swap") != 0 && !hasmntopt(row, "noauto") &&
			      (!given->type || has_option(given->type, row->mnt_type));
		bool may_fail = hasmntopt(row, "nofail") != NULL;
		/* the next reader of such a table writes over this row */
		struct request q = {.arena = given->arena, .program = given->program, .source = arena_strdup(given->arena, row->mnt_fsname),
				    .target = arena_strdup(given->arena, row->mnt_dir), .options = arena_strdup(given->arena, row->mnt_opts),
				    .type = strcmp(row->mnt_type, "auto") ? arena_strdup(given->arena, row->mnt_type) : NULL};
		if (!wanted || is_busy(&q, q.target))
			continue;
		int one = mount_one(&q);
		code = one && !may_fail ? one : code;
	}
	if (table)
		endmntent(table);
	return code;
}

/* ---- the commands ---- */

int shim_mount(int argc, char **argv)
{
	struct request q = {.arena = arena_new(), .program = argv[0]};
	const char *words[2] = {NULL, NULL};
	size_t count = 0;
	bool all = false, other = false, readonly = false;
	const char *helper = strchr(argv[0], '.'); /* mount.TYPE */
	q.type = helper ? helper + 1 : NULL;
	for (int i = 1; i < argc; i++) {
		const char *arg = argv[i], *value = i + 1 < argc ? argv[i + 1] : "";
		bool takes = true;
		if (!strcmp(arg, "-t") || !strcmp(arg, "--types"))
			q.type = value;
		else if (!strcmp(arg, "-o") || !strcmp(arg, "--options"))
			q.options = q.options ? arena_printf(q.arena, "%s,%s", q.options, value) : value;
		else if (!strcmp(arg, "-L") || !strcmp(arg, "-U"))
			words[count < 2 ? count++ : 1] = arena_printf(q.arena, "%s=%s", arg[1] == 'L' ? "LABEL" : "UUID", value);
		else if (!strcmp(arg, "--source") || !strcmp(arg, "--target"))
			words[count < 2 ? count++ : 1] = value;
		else
			takes = false;
		if (takes)
			i++;
		else if (!strncmp(arg, "-o", 2))
			q.options = arg + 2;
		else if (!strncmp(arg, "-t", 2))
			q.type = arg + 2;
		else if (!strcmp(arg, "--all"))
			all = true;
		else if (*arg == '-' && strchr(arg, 'a') && strspn(arg + 1, "avnsw") == strlen(arg + 1))
			all = true;
		else if (!strcmp(arg, "-r") || !strcmp(arg, "--read-only"))
			readonly = true;
		else if (!strcmp(arg, "-v") || !strcmp(arg, "-n") || !strcmp(arg, "-s") || !strcmp(arg, "-w") || !strcmp(arg, "--verbose"))
			continue;
		else if (*arg == '-' || count >= 2)
			other = true;
		else
			words[count++] = arg;
	}
	if (readonly)
		q.options = q.options ? arena_printf(q.arena, "%s,ro", q.options) : "ro";
	int code;
	bool remount = has_option(q.options, "remount") || has_option(q.options, "bind") || has_option(q.options, "rbind");
	q.source = words[0];
	q.target = words[1];
	if (all)
		code = mount_all(&q);
	else if (other || remount || count == 0)
		code = shim_real(argv);
	else if (count == 1 && !find_row(&q, words[0]))
		code = refuse(&q, "%s: can't find in /etc/fstab.", words[0]);
	else
		code = mount_one(&q);
	arena_free(q.arena);
	return code;
}

/* What is to be unmounted, by its directory, its device or its row in /etc/fstab. */
static const char *mounted_at(const struct request *q, const char *name)
{
	char real[PATH_MAX];
	struct volumes volumes = volumes_list(q->arena);
	const struct volume *volume = volumes_find(q->arena, &volumes, name);
	const char *at = volume && !volume->root ? volume_mount_point(q->arena, volume) : NULL;
	if (at)
		return at;
	if (realpath(name, real))
		return arena_strdup(q->arena, real);
	struct mount_table table = mounts_list(q->arena);
	const struct mount_entry *entry = mounts_find(&table, name);
	return entry ? entry->directory : name;
}

int shim_umount(int argc, char **argv)
{
	struct request q = {.arena = arena_new(), .program = argv[0]};
	int code = 0, flags = 0;
	bool all = false;
	for (int i = 1; i < argc && !all; i++) {
		if (argv[i][0] == '-' && argv[i][1] != '-') {
			flags |= strchr(argv[i], 'l') ? MNT_DETACH : 0;
			all = strchr(argv[i], 'a') || strchr(argv[i], 't');
			continue;
		}
		if (argv[i][0] == '-') {
			flags |= !strcmp(argv[i], "--lazy") ? MNT_DETACH : 0;
			continue;
		}
		const char *target = mounted_at(&q, argv[i]);
		if (mounts_remove(target, flags)) {
			shim_note(argv[0], "%s", target);
			continue;
		}
		code = MOUNT_FAILED;
		fprintf(stderr, "%s: %s: %s.\n", argv[0], argv[i],
			errno == EBUSY ? "target is busy" : errno == EINVAL || errno == ENOENT ? "not mounted" : strerror(errno));
	}
	if (all)
		code = shim_real(argv);
	arena_free(q.arena);
	return code;
}
