/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/host/shims.h"

#include "base/buf.h"
#include "sandbox/host/shim.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

extern const struct shim_file {
	const char *name, *text;
	uint64_t len;
} sandbox_shim_files[];

static const char mark[] = "# shim: ";

/* The next line "# shim: NAMES | TEXT" of a file; *at moves behind it. */
static bool next_line(const char **at, const char **names, size_t *names_len, const char **text, size_t *text_len)
{
	const char *line = strstr(*at, mark), *end = line ? strchr(line, '\n') : NULL, *bar = line ? strstr(line, " | ") : NULL;
	if (!end || !bar || bar > end)
		return false;
	*names = line + strlen(mark);
	*names_len = (size_t)(bar - *names);
	*text = bar + 3;
	*text_len = (size_t)(end - *text);
	*at = end;
	return true;
}

static bool is_one_of(const char *name, size_t len, const char *list)
{
	for (size_t n; *list; list += n + (list[n] == ' ')) {
		n = strcspn(list, " ");
		if (n == len && !memcmp(list, name, len))
			return true;
	}
	return false;
}

static const char apt_only[] = "apt apt-get apt-cache apt-mark apt-key add-apt-repository dpkg dpkg-query debconf-set-selections adduser addgroup deluser "
			       "update-initramfs ufw ec2metadata";
static const char amazon_only[] = "yum dnf rpm amazon-linux-extras yum-config-manager ec2-metadata";

static int make_dirs(const char *dir, const char *const *names, size_t count)
{
	AUTO_BUF struct buf path = BUF_INIT;
	for (size_t i = 0; i < count; i++) {
		buf_clear(&path);
		buf_addf(&path, "%s/%s", dir, names[i]);
		if (mkdir(buf_text(&path), 0755) < 0 && errno != EEXIST)
			return errno;
	}
	return 0;
}

static int write_text(const char *dir, const char *name, const char *text, size_t len, unsigned mode)
{
	AUTO_BUF struct buf path = BUF_INIT;
	buf_addf(&path, "%s/%s", dir, name);
	AUTO_FD int fd = open(buf_text(&path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	if (fd < 0 || fchmod(fd, mode) < 0)
		return errno;
	return write(fd, text, len) == (ssize_t)len ? 0 : errno ? errno : ENOSPC;
}

static int link_name(const char *dir, const char *place, const char *name, size_t len, const char *file)
{
	AUTO_BUF struct buf path = BUF_INIT, target = BUF_INIT;
	buf_addf(&path, "%s%s%s/%.*s", dir, *place ? "/" : "", place, (int)len, name);
	buf_addf(&target, SANDBOX_RUN "/shims/%s", file);
	return symlink(buf_text(&target), buf_text(&path)) < 0 && errno != EEXIST ? errno : 0;
}

/*
 * Where the machine has a program that the image has not, an overlay hides it. Kernels that do not let users make
 * such marks show it: no harm.
 */
static void hide(const char *dir, const char *place, const char *name, size_t len)
{
	AUTO_BUF struct buf path = BUF_INIT;
	buf_addf(&path, "/usr/%s/%.*s", place, (int)len, name);
	if (access(buf_text(&path), F_OK) < 0)
		return;
	buf_clear(&path);
	buf_addf(&path, "%s/%s/%.*s", dir, place, (int)len, name);
	(void)!mknod(buf_text(&path), S_IFCHR, makedev(0, 0));
}

/* Pip in environments, and of the system's Python: in front of those modules, by each version that is there. */
static int install_python(const char *dir, const struct shim_file *file)
{
	static const char entry[] = "from ensurepip import _main\n_main()\n";
	static const char system_pip[] = "import os, sys\nos.execvp('pip3', ['pip3', *sys.argv[1:]])\n";
	static const char *const places[] = {"lib/python3", "lib/python3/dist-packages", "lib/python3/dist-packages/pip"};
	AUTO_BUF struct buf at = BUF_INIT;
	glob_t found = {0};
	int error = make_dirs(dir, places, ARRAY_LEN(places));
	error = error ? error : write_text(dir, "lib/python3/dist-packages/pip/__main__.py", system_pip, strlen(system_pip), 0644);
	if (!error && glob("/usr/lib/python3.*/venv", 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc && !error; i++) {
			char version[256], package[300];
			snprintf(version, sizeof(version), "%.*s", (int)(strrchr(found.gl_pathv[i], '/') - found.gl_pathv[i] - 5), found.gl_pathv[i] + 5);
			snprintf(package, sizeof(package), "%s/ensurepip", version);
			error = make_dirs(dir, (const char *const[]){version, package}, 2);
			buf_clear(&at);
			buf_addf(&at, "%s/%s", dir, package);
			error = error ? error : write_text(buf_text(&at), "__init__.py", file->text, file->len, 0644);
			error = error ? error : write_text(buf_text(&at), "__main__.py", entry, strlen(entry), 0644);
		}
	}
	globfree(&found);
	return error;
}

static int install_names(const char *dir, const struct shim_file *file, const char *names, size_t len, bool apt, bool sbin)
{
	int error = 0;
	for (const char *name = names; name < names + len && !error;) {
		size_t n = strcspn(name, " ");
		bool other = is_one_of(name, n, apt ? amazon_only : apt_only);
		/* where both are directories, programs are asked for in both, by their paths, too */
		if (other)
			hide(dir, "bin", name, n);
		else
			error = link_name(dir, "bin", name, n, file->name);
		if (sbin && other)
			hide(dir, "sbin", name, n);
		else if (sbin && !error)
			error = link_name(dir, "sbin", name, n, file->name);
		name += n + 1;
	}
	return error;
}

int shims_install(const char *dir, bool apt)
{
	static const char *const places[] = {"", "bin", "lib", "lib/sandbox", "sbin"};
	struct stat st;
	bool sbin = lstat("/usr/sbin", &st) == 0 && S_ISDIR(st.st_mode), python = access("/usr/bin/python3", X_OK) == 0;
	int error = make_dirs(dir, places, ARRAY_LEN(places) - !sbin);
	for (const struct shim_file *file = sandbox_shim_files; file->name && !error; file++) {
		const char *at = file->text, *names, *text;
		size_t names_len, text_len;
		char path[128];
		snprintf(path, sizeof(path), "lib/sandbox/%s", file->name);
		error = write_text(dir, path, file->text, file->len, 0755);
		if (!strcmp(file->name, "ensurepip.py") && !error)
			error = install_python(dir, file);
		if (!strcmp(file->name, "accelerator.sh") || !strcmp(file->name, "agent.sh") || (!strcmp(file->name, "python.sh") && python))
			continue;
		while (!error && next_line(&at, &names, &names_len, &text, &text_len))
			error = install_names(dir, file, names, names_len, apt, sbin);
	}
	return error;
}

int shims_install_accelerator(const char *dir, const char *maker)
{
	static const struct {
		const char *maker, *names[3];
	} makers[] = {{"NVIDIA", {"nvidia-smi", "nvidia-ctk", NULL}}, {"Habana", {"hl-smi", NULL}}, {"AWS", {"neuron-ls", "neuron-top", NULL}}};
	for (size_t i = 0; i < ARRAY_LEN(makers); i++) {
		for (size_t k = 0; !strcmp(makers[i].maker, maker) && makers[i].names[k]; k++) {
			int error = link_name(dir, "", makers[i].names[k], strlen(makers[i].names[k]), "accelerator.sh");
			if (error)
				return error;
		}
	}
	return 0;
}

void shims_describe(struct buf *out)
{
	for (const struct shim_file *file = sandbox_shim_files; file->name; file++) {
		const char *at = file->text, *names, *text;
		size_t names_len, text_len;
		while (next_line(&at, &names, &names_len, &text, &text_len))
			buf_addf(out, "%.*s\n    %.*s\n", (int)names_len, names, (int)text_len, text);
	}
}
