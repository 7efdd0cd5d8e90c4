/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A root of directories on the sandbox's own disk, the machine's /usr read-only, devices bound from the machine's.
 * There is but one user id, so that the image's user and root are the same one under two names.
 *
 * While it is made we are in it already, and stand outside: "/etc" is the host's and "etc" the machine's. So whatever
 * links the host's root has left there at an earlier boot, they lead nowhere but into the host.
 */
#include "sandbox/host/instance.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/file.h"
#include "sandbox/host/boot.h"
#include "sandbox/host/cron.h"
#include "sandbox/host/devices.h"
#include "sandbox/host/metadata.h"
#include "sandbox/host/netlink.h"
#include "sandbox/host/probe.h"
#include "sandbox/host/shim.h"
#include "sandbox/host/shims.h"

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Ends the instance; its console says why. */
static NORETURN void give_up(const char *what)
{
	printf("[sandbox] the host does not start: %s: %s\n", what, strerror(errno));
	fflush(stdout);
	_exit(1);
}

static void must(bool done, const char *what)
{
	if (!done)
		give_up(what);
}

/* ---- files ---- */

/* In the place of what is there, a link too; nobody reads it before it is whole. */
static bool put(const char *path, unsigned mode, const char *fmt, ...) PRINTF_LIKE(3, 4);
static bool put(const char *path, unsigned mode, const char *fmt, ...)
{
	AUTO_BUF struct buf text = BUF_INIT;
	va_list args;
	va_start(args, fmt);
	buf_vaddf(&text, fmt, args);
	va_end(args);
	if (unlink(path) < 0 && errno != ENOENT)
		return false;
	AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	return fd >= 0 && fchmod(fd, mode) == 0 && write(fd, buf_text(&text), text.len) == (ssize_t)text.len;
}

/* A path of the machine's, from where we stand. */
static const char *outside(const char *path)
{
	return path + 1;
}

/* A file of the machine's, where there is one. */
static void take_over(const char *path)
{
	AUTO_BUF struct buf text = BUF_INIT;
	if (!file_read(outside(path), 16 << 20, &text))
		return;
	AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	must(fd >= 0 && write(fd, buf_text(&text), text.len) == (ssize_t)text.len, path);
}

static bool make_dir(const char *path, unsigned mode)
{
	return (mkdir(path, mode) == 0 && chmod(path, mode) == 0) || errno == EEXIST;
}

/* What a bind mount was made of may forbid more than we know; that must stay so. */
static bool bind_readonly(const char *from, const char *to)
{
	struct statvfs vfs;
	if (mount(from, to, NULL, MS_BIND | MS_REC, NULL) < 0 || statvfs(to, &vfs) < 0)
		return false;
	unsigned long flags = MS_REMOUNT | MS_BIND | MS_RDONLY;
	flags |= (vfs.f_flag & ST_NOSUID ? MS_NOSUID : 0) | (vfs.f_flag & ST_NODEV ? MS_NODEV : 0) | (vfs.f_flag & ST_NOEXEC ? MS_NOEXEC : 0) |
		 (vfs.f_flag & ST_NOATIME ? MS_NOATIME : 0) | (vfs.f_flag & ST_RELATIME ? MS_RELATIME : 0);
	return mount(NULL, to, NULL, flags, NULL) == 0;
}

/* ---- what is there only once for all ---- */

int instance_make_usr(const char *shim, const char *usr, bool apt)
{
	int error = make_dir(usr, 0755) ? shims_install(shim, apt) : errno;
	if (error)
		return error;
	AUTO_BUF struct buf layers = BUF_INIT;
	buf_addf(&layers, "lowerdir=%s:/usr", shim);
	if (mount("overlay", usr, "overlay", MS_RDONLY, buf_text(&layers)) == 0)
		return 0;
	/* older kernels, and a /usr of several file systems: as it is, without ours */
	return bind_readonly("/usr", usr) ? 0 : errno;
}

/* ---- root ---- */

static void make_devices(void)
{
	static const char *const nodes[] = {"null", "zero", "full", "random", "urandom", "tty"};
	must(mount("tmpfs", "/dev", "tmpfs", MS_NOSUID, "mode=755,size=1m") == 0, "/dev");
	for (size_t i = 0; i < ARRAY_LEN(nodes); i++) {
		char node[32];
		snprintf(node, sizeof(node), "/dev/%s", nodes[i]);
		must(put(node, 0666, "%s", "") && mount(outside(node), node, NULL, MS_BIND, NULL) == 0, node);
	}
	must(make_dir("/dev/pts", 0755) && mount("devpts", "/dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=620") == 0,
	     "/dev/pts");
	must(symlink("pts/ptmx", "/dev/ptmx") == 0 && symlink("/proc/self/fd", "/dev/fd") == 0 && symlink("/proc/self/fd/0", "/dev/stdin") == 0 &&
		     symlink("/proc/self/fd/1", "/dev/stdout") == 0 && symlink("/proc/self/fd/2", "/dev/stderr") == 0, "/dev");
	must(make_dir("/dev/shm", 01777) && mount("tmpfs", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777") == 0, "/dev/shm");
}

/* /bin, /lib and their like: a link into /usr where the machine has it so, else the machine's own directory. */
static void make_usr(const struct instance_plan *plan)
{
	static const char *const names[] = {"/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"};
	must(make_dir("/usr", 0755) && mount(outside(plan->usr), "/usr", NULL, MS_BIND | MS_REC, NULL) == 0, "/usr");
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		char link[64] = "";
		ssize_t len = readlink(outside(names[i]), link, sizeof(link) - 1);
		if (len > 0)
			must(symlink(link, names[i]) == 0 || errno == EEXIST, names[i]);
		else if (access(outside(names[i]), X_OK) == 0)
			must(make_dir(names[i], 0755) && bind_readonly(outside(names[i]), names[i]), names[i]);
	}
}

/* The machine's entries of one directory in /usr/local, but what a shim stands for. */
static void link_local(struct arena *arena, const char *name)
{
	char **names, from[64], to[4200], shim[4200], target[64];
	size_t count;
	snprintf(from, sizeof(from), "/usr/local/%s", name);
	if (!directory_list(arena, outside(from), &names, &count))
		return;
	for (size_t i = 0; i < count; i++) {
		snprintf(shim, sizeof(shim), "/usr/bin/%s", names[i]);
		ssize_t len = readlink(shim, target, sizeof(target));
		if (len > 18 && !strncmp(target, SANDBOX_RUN "/shims", 18))
			continue;
		snprintf(shim, sizeof(shim), SANDBOX_RUN "/usr/local/%s/%s", name, names[i]);
		snprintf(to, sizeof(to), "/usr/local/%s/%s", name, names[i]);
		must(symlink(shim, to) == 0 || errno == EEXIST, to);
	}
}

/* The only part of /usr that is an instance's own and can be written. */
static void make_local(const struct instance_plan *plan)
{
	static const char *const names[] = {"bin", "sbin", "lib", "include", "share", "etc", "src"};
	char place[4096], to[64];
	if (access("/usr/local", F_OK) < 0)
		return;
	snprintf(place, sizeof(place), "%s/local", plan->directory);
	bool first = access(outside(place), F_OK) < 0;
	must(make_dir(outside(place), 0755) && mount(outside(place), "/usr/local", NULL, MS_BIND, NULL) == 0, "/usr/local");
	struct arena *arena = arena_new();
	for (size_t i = 0; first && i < ARRAY_LEN(names); i++) {
		snprintf(to, sizeof(to), "/usr/local/%s", names[i]);
		must(make_dir(to, 0755), to);
		link_local(arena, names[i]);
	}
	if (first)
		link_local(arena, "."); /* what else stands there, as the AWS CLI does */
	arena_free(arena);
}

/* Where the kernel could not lay them over /usr they are the first in PATH; and pip's, where Python has a place for it. */
static void show_shims(const struct instance_plan *plan)
{
	static const char *const parts[][2] = {{"lib/sandbox", SANDBOX_RUN "/shims"}, {"bin", SANDBOX_RUN "/bin"}, {"sbin", SANDBOX_RUN "/sbin"}};
	const char *shims = outside(plan->shims);
	char from[4096], to[4200];
	bool laid = access("/usr/lib/sandbox", F_OK) == 0;
	for (size_t i = 0; i < (laid ? 1 : ARRAY_LEN(parts)); i++) {
		snprintf(from, sizeof(from), "%s/%s", shims, parts[i][0]);
		must(access(from, F_OK) < 0 || (make_dir(parts[i][1], 0755) && bind_readonly(from, parts[i][1])), parts[i][1]);
	}
	glob_t pips = {0};
	snprintf(from, sizeof(from), "%s/lib/python3*/ensurepip", shims);
	if (!laid && glob(from, 0, NULL, &pips) == 0) {
		for (size_t i = 0; i < pips.gl_pathc; i++) {
			snprintf(to, sizeof(to), "/usr%s", pips.gl_pathv[i] + strlen(shims));
			must(access(to, F_OK) < 0 || bind_readonly(pips.gl_pathv[i], to), to);
		}
	}
	globfree(&pips);
}

/* What its shims are told by the world: see shim.h. */
static void make_sandbox(const struct instance_plan *plan)
{
	const char *blank = plan->accelerator ? strchr(plan->accelerator, ' ') : NULL;
	must(make_dir(SANDBOX_RUN, 0755) && make_dir(SANDBOX_RUN "/usr", 0755) && make_dir(SANDBOX_RUN "/volumes", 0755) && put(SANDBOX_RUN "/infra", 0755, "%s", ""),
	     SANDBOX_RUN);
	show_shims(plan);
	must(bind_readonly(outside("/usr"), SANDBOX_RUN "/usr") && bind_readonly(outside(plan->program), SANDBOX_RUN "/infra"), SANDBOX_RUN);
	must((mkdir(outside(plan->volumes), 0700) == 0 || errno == EEXIST) && mount(outside(plan->volumes), SANDBOX_RUN "/volumes", NULL, MS_BIND, NULL) == 0, "its volumes");
	if (blank) {
		char maker[32];
		snprintf(maker, sizeof(maker), "%.*s", (int)(blank - plan->accelerator), plan->accelerator);
		must(put(SANDBOX_RUN "/accelerator", 0644, "%s\n", blank + 1) && shims_install_accelerator("/usr/local/bin", maker) == 0, "its accelerators");
	}
	devices_prepare();
}

/* Into it, with the machine's root, of which nobody may keep a descriptor, as the place where we stand. */
static void step_into(const char *root)
{
	AUTO_FD int machine = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	must(make_dir(root, 0755) && mount(root, root, NULL, MS_BIND, NULL) == 0, "its root");
	must(machine >= 0 && chroot(root) == 0 && fchdir(machine) == 0, "to step into its root");
}

static void make_root(const struct instance_plan *plan, const char *root)
{
	static const char *const dirs[] = {
		"/dev", "/proc", "/sys", "/run", "/etc", "/etc/ssh", "/etc/profile.d", "/etc/systemd", "/etc/systemd/system", "/etc/cron.d", "/etc/default",
		"/etc/sudoers.d", "/etc/sysctl.d", "/etc/modprobe.d", "/etc/security", "/etc/security/limits.d", "/etc/apt", "/etc/apt/sources.list.d",
		"/etc/apt/keyrings", "/etc/yum.repos.d", "/etc/docker", "/etc/ecs", "/etc/sysconfig", "/etc/amazon", "/etc/amazon/efs", "/home", "/media", "/mnt",
		"/opt", "/root", "/srv", "/var", "/var/lib", "/var/lib/cloud", "/var/lib/cloud/instance", "/var/lib/cloud/instance/scripts", "/var/lib/cloud/scripts",
		"/var/lib/cloud/scripts/per-boot", "/var/log", "/var/tmp", "/var/cache", "/var/spool", "/var/mail", "/var/www", "/tmp",
	};
	step_into(root);
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		if (!make_dir(dirs[i], strstr(dirs[i], "tmp") ? 01777 : 0755)) /* its user may have put something else in the way */
			printf("[sandbox] %s: %s\n", dirs[i], strerror(errno));
	}
	make_usr(plan);
	make_devices();
	must(mount("tmpfs", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") == 0 && make_dir("/run/sshd", 0755) && put("/run/utmp", 0644, "%s", ""), "/run");
	must(make_dir("/run/efs", 0755) && mount(outside(plan->shares), "/run/efs", NULL, MS_BIND, NULL) == 0, "/run/efs");
	make_local(plan);
	make_sandbox(plan);
	/* where parts of /proc are hidden from us a new one is not allowed: then the one that we see */
	must(mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) == 0 || mount(outside("/proc"), "/proc", NULL, MS_BIND | MS_REC, NULL) == 0,
	     "/proc");
	if (mount("sysfs", "/sys", "sysfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
		printf("[sandbox] /sys is empty: %s\n", strerror(errno));
	static const char *const shared[] = {"/etc/alternatives", "/etc/ssl"};
	for (size_t i = 0; i < ARRAY_LEN(shared); i++) {
		if (access(outside(shared[i]), X_OK) == 0)
			must(make_dir(shared[i], 0755) && bind_readonly(outside(shared[i]), shared[i]), shared[i]);
	}
}

/* ---- what stands in /etc ---- */

/* With shims in front where they are not in /usr. */
static const char *search_path(void)
{
	static const char path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", with_shims[] = SANDBOX_RUN "/sbin:" SANDBOX_RUN "/bin:";
	static char joined[sizeof(path) + sizeof(with_shims)];
	snprintf(joined, sizeof(joined), "%s%s", access("/usr/lib/sandbox", F_OK) == 0 ? "" : with_shims, path);
	return joined;
}

/* As its image says who it is; its programs are the machine's all the same. */
static void name_system(const struct instance_plan *plan)
{
	static const struct {
		const char *part, *id, *like, *version, *name, *codename;
	} systems[] = {
		{"noble", "ubuntu", "debian", "24.04", "Ubuntu", "noble"}, {"24.04", "ubuntu", "debian", "24.04", "Ubuntu", "noble"},
		{"focal", "ubuntu", "debian", "20.04", "Ubuntu", "focal"}, {"20.04", "ubuntu", "debian", "20.04", "Ubuntu", "focal"},
		{"jammy", "ubuntu", "debian", "22.04", "Ubuntu", "jammy"}, {"buntu", "ubuntu", "debian", "22.04", "Ubuntu", "jammy"},
		{"debian", "debian", "", "12", "Debian GNU/Linux", "bookworm"}, {"al2023", "amzn", "fedora", "2023", "Amazon Linux", ""},
		{"amzn2", "amzn", "centos rhel fedora", "2", "Amazon Linux", ""}, {"", "amzn", "fedora", "2023", "Amazon Linux", ""},
	};
	size_t i = 0;
	while (plan->image && !strstr(plan->image, systems[i].part))
		i++;
	must(put("/etc/os-release", 0644, "PRETTY_NAME=\"%s %s (sandbox)\"\nNAME=\"%s\"\nVERSION_ID=\"%s\"\nVERSION_CODENAME=%s\nID=%s\nID_LIKE=\"%s\"\n",
		 systems[i].name, systems[i].version, systems[i].name, systems[i].version, systems[i].codename, systems[i].id, systems[i].like), "/etc/os-release");
}

static void first_boot(const struct instance_plan *plan)
{
	const char *u = plan->user;
	char home[128], keys[160], ssh[140];
	snprintf(home, sizeof(home), "/home/%s", u);
	snprintf(ssh, sizeof(ssh), "%s/.ssh", home);
	snprintf(keys, sizeof(keys), "%s/authorized_keys", ssh);
	/* the image's user comes first: id 0 is its name; no group "tty", to which sshd would want to give terminals */
	must(put("/etc/passwd", 0644, "%s:x:0:0::/home/%s:/bin/bash\nroot:x:0:0::/root:/bin/bash\nsshd:x:0:0::/run/sshd:/usr/sbin/nologin\n", u, u) &&
		     put("/etc/shadow", 0600, "%s:*:19000:0:99999:7:::\nroot:*:19000:0:99999:7:::\n", u) && put("/etc/group", 0644, "%s:x:0:\nroot:x:0:\n", u),
	     "/etc/passwd");
	must(put("/etc/nsswitch.conf", 0644, "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n") && put("/etc/shells", 0644, "/bin/sh\n/bin/bash\n"),
	     "/etc/nsswitch.conf");
	must(put("/etc/ssh/sshd_config", 0644,
		 "HostKey /etc/ssh/ssh_host_ed25519_key\nUsePAM no\nUseDNS no\nPidFile none\nPasswordAuthentication no\nKbdInteractiveAuthentication no\n"
		 "PermitRootLogin prohibit-password\nX11Forwarding no\nPrintMotd no\nAcceptEnv LANG LC_*\nSubsystem sftp internal-sftp\n"
		 "SetEnv OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 AWS_ENDPOINT_URL=" METADATA_API_URL " PATH=%s\n", search_path()),
	     "/etc/ssh/sshd_config");
	take_over("/etc/ld.so.cache");
	name_system(plan);
	must(put("/etc/fstab", 0644, "LABEL=cloudimg-rootfs / ext4 defaults 0 1\n") && (symlink("../proc/self/mounts", "/etc/mtab") == 0 || errno == EEXIST), "/etc/fstab");
	must(put("/etc/profile", 0644, "for file in /etc/profile.d/*.sh; do [ ! -r \"$file\" ] || . \"$file\"; done\nunset file\n"), "/etc/profile");
	must(put("/var/log/lastlog", 0644, "%s", "") && put("/var/log/wtmp", 0644, "%s", "") && make_dir(home, 0755) && make_dir(ssh, 0700) &&
		     put(keys, 0600, "%s\n", plan->public_key ? plan->public_key : ""),
	     "the user's home");
	if (plan->user_data) {
		AUTO_FD int fd = open("/var/lib/cloud/instance/user-data.txt", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		must(fd >= 0 && write(fd, plan->user_data, plan->user_data_len) == (ssize_t)plan->user_data_len, "user data");
	}
}

static void each_boot(const struct instance_plan *plan)
{
	must(put("/etc/hostname", 0644, "%s\n", plan->hostname) && sethostname(plan->hostname, strlen(plan->hostname)) == 0, "its name");
}

/* From where we stand in it: what is behind us is gone then. */
static void enter_root(const char *root)
{
	must(chroot(".") == 0 && chdir(root) == 0, "to step out of its root");
	must(syscall(SYS_pivot_root, ".", ".") == 0 && umount2(".", MNT_DETACH) == 0 && chdir("/") == 0, "to enter its root");
}

/* ---- one user id ---- */

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCHITECTURE AUDIT_ARCH_RISCV64
#endif

/*
 * Files and processes can be nobody else's: what would give them away is answered with success and does nothing.
 * sshd, tar, rsync and install are content with that.
 */
static bool pretend_ownership(void)
{
#ifdef ARCHITECTURE
	static const unsigned calls[] = {
		SYS_setgroups, SYS_fchown, SYS_fchownat,
#ifdef SYS_chown
		SYS_chown, SYS_lchown,
#endif
	};
	struct sock_filter code[ARRAY_LEN(calls) + 6];
	size_t n = 0;
	uint8_t count = ARRAY_LEN(calls);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch));
	code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 0, (uint8_t)(count + 1));
	code[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (uint8_t i = 0; i < count; i++)
		code[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, calls[i], (uint8_t)(count - i), 0);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	code[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO);
	struct sock_fprog program = {.len = (unsigned short)n, .filter = code};
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
#else
	errno = ENOSYS;
	return false;
#endif
}

/* ---- its life ---- */

/* What init waits for beside words: the ends of its children, and systemd's signals for reboot and power off. */
static sigset_t hear_signals(int how)
{
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGRTMIN + 4);
	sigaddset(&set, SIGRTMIN + 5);
	sigprocmask(how, &set, NULL);
	return set;
}

static pid_t start(const char *const *argv, const char *output)
{
	pid_t pid = fork();
	if (pid)
		return pid;
	hear_signals(SIG_UNBLOCK);
	AUTO_FD int fd = output ? open(output, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644) : -1;
	if (fd >= 0) {
		dup2(fd, STDOUT_FILENO);
		dup2(fd, STDERR_FILENO);
	}
	setsid();
	execv(argv[0], (char *const *)(uintptr_t)argv);
	printf("[sandbox] %s does not start: %s\n", argv[0], strerror(errno));
	fflush(stdout);
	_exit(127);
}

static void network(const struct instance_plan *plan)
{
	struct netlink nl = NETLINK_INIT;
	struct in_addr none = {0};
	int error = netlink_open(&nl, NETLINK_ROUTE);
	error = error ? error : link_up(&nl, "lo");
	error = error ? error : link_address(&nl, plan->card, plan->address, plan->prefix);
	error = error ? error : link_up(&nl, plan->card);
	/* neighbours in the subnet, too, are reached by the gateway: there all traffic meets the security groups */
	error = error ? error : route_add(&nl, plan->gateway, 32, plan->card, none);
	error = error ? error : route_add(&nl, none, 0, plan->card, plan->gateway);
	if (!error && strcmp(plan->card, "eth0") != 0) /* whoever knows it by that name finds it, too, where the kernel can */
		(void)!link_also_named(&nl, plan->card, "eth0");
	netlink_close(&nl);
	errno = error;
	must(!error, "its network");
}

/* As cloud-init shows them, for those who read the console to know a host before they enter it. */
static void show_host_key(void)
{
	AUTO_BUF struct buf key = BUF_INIT;
	const char *const make[] = {"/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", "/etc/ssh/ssh_host_ed25519_key", NULL};
	const char *const fingerprint[] = {"/usr/bin/ssh-keygen", "-l", "-f", "/etc/ssh/ssh_host_ed25519_key.pub", NULL};
	int status = 0;
	if (access(make[9], R_OK) < 0) {
		pid_t pid = start(make, NULL);
		must(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0, "ssh-keygen");
	}
	must(file_read("/etc/ssh/ssh_host_ed25519_key.pub", 4096, &key), "its host key");
	puts("-----BEGIN SSH HOST KEY FINGERPRINTS-----");
	fflush(stdout);
	pid_t pid = start(fingerprint, NULL);
	must(pid > 0 && waitpid(pid, &status, 0) == pid, "ssh-keygen");
	printf("-----END SSH HOST KEY FINGERPRINTS-----\n-----BEGIN SSH HOST KEY KEYS-----\n%s-----END SSH HOST KEY KEYS-----\n", buf_text(&key));
	fflush(stdout);
}

static void start_boot(const struct instance_plan *plan)
{
	fflush(NULL);
	pid_t pid = fork();
	if (!pid) {
		hear_signals(SIG_UNBLOCK);
		boot_live(plan->data);
	}
	if (pid < 0)
		printf("[sandbox] user data is not run: %s\n", strerror(errno));
}

static int64_t now_ms(clockid_t clock)
{
	struct timespec now;
	clock_gettime(clock, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

struct server { /* sshd: one that ends at once, for what stands in its configuration, is tried ever less often */
	const char *const *argv;
	pid_t pid;
	int64_t since, again; /* ms; again 0: it runs */
	int64_t pause;
};

enum { PAUSE_MS = 100, PAUSE_MOST_MS = 5000, WELL_MS = 10000 };

static void server_start(struct server *s)
{
	s->pid = start(s->argv, "/var/log/auth.log");
	s->since = now_ms(CLOCK_MONOTONIC);
	s->again = 0;
}

/* pid 1 is the parent of all whose own has left. */
static void reap(struct server *s)
{
	int status;
	pid_t pid;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != s->pid)
			continue;
		int64_t now = now_ms(CLOCK_MONOTONIC);
		s->pause = now - s->since > WELL_MS || !s->pause ? PAUSE_MS : s->pause < PAUSE_MOST_MS ? 2 * s->pause : s->pause;
		s->pid = 0;
		s->again = now + s->pause;
	}
}

enum { MINUTE_MS = 60000 };

static void look_at_crontabs(int64_t minute)
{
	char seconds[24];
	snprintf(seconds, sizeof(seconds), "%lld", (long long)minute * 60);
	if (cron_has_tables())
		(void)start((const char *const[]){SANDBOX_RUN "/infra", "sandbox", "shim", "cron", seconds, NULL}, NULL);
}

/* Until the next minute, or until sshd is started again. */
static int wait_ms(const struct server *s)
{
	int64_t minute = MINUTE_MS - now_ms(CLOCK_REALTIME) % MINUTE_MS, again = s->again ? s->again - now_ms(CLOCK_MONOTONIC) : minute;
	return again < 0 ? 0 : (int)(again < minute ? again : minute);
}

enum { PROCESSES = 1024, OUT_OF_MEMORY_FIRST = 300 };

/*
 * A host that makes processes without end, or takes all memory, is stopped before the machine is: how many one may have
 * is counted in its own namespace of users, and its processes are the first that the kernel ends.
 */
static void limit_damage(void)
{
	AUTO_FD int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
	struct rlimit limit = {0};
	bool done = fd >= 0 && dprintf(fd, "%d\n", OUT_OF_MEMORY_FIRST) > 0;
	done = getrlimit(RLIMIT_NPROC, &limit) == 0 && done;
	limit.rlim_max = limit.rlim_max < PROCESSES ? limit.rlim_max : PROCESSES;
	limit.rlim_cur = limit.rlim_max;
	done = setrlimit(RLIMIT_NPROC, &limit) == 0 && done;
	if (!done) /* it goes without */
		printf("[sandbox] the host's processes are not limited: %s\n", strerror(errno));
}

NORETURN void instance_live(const struct instance_plan *plan, int words)
{
	const char *const sshd[] = {host_sshd(), "-D", "-e", NULL};
	const bool amazon = !strcmp(plan->user, "ec2-user");
	char console[4096], root[4096], word;
	bool booted = false;
	snprintf(console, sizeof(console), "%s/console", plan->directory);
	snprintf(root, sizeof(root), "%s/root", plan->directory);
	int out = open(console, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (out < 0 || dup2(out, STDOUT_FILENO) < 0 || dup2(out, STDERR_FILENO) < 0)
		_exit(1);
	umask(022);
	signal(SIGPIPE, SIG_DFL);
	prctl(PR_SET_NAME, "init");
	limit_damage();
	/* a copy of the sandbox's process, with the environment of who started it, and all hosts' secrets: not for root inside */
	must(prctl(PR_SET_DUMPABLE, 0) == 0, "to keep its memory to itself");
	must(read(words, &word, 1) == 1 && word == INSTANCE_GO, "its network card");
	network(plan);
	make_root(plan, root);
	if (access("/etc/passwd", F_OK) < 0)
		first_boot(plan);
	each_boot(plan);
	enter_root(root);
	clearenv();
	setenv("PATH", search_path(), 1);
	setenv("HOME", "/root", 1);
	setenv("AWS_ENDPOINT_URL", METADATA_API_URL, 1);
	must(pretend_ownership(), "the filter of system calls");
	show_host_key();
	devices_update(plan->xen, amazon);
	boot_prepare();
	sigset_t set = hear_signals(SIG_BLOCK);
	int signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	must(signals >= 0, "its signals");
	struct server server = {.argv = sshd};
	server_start(&server);
	int64_t minute = now_ms(CLOCK_REALTIME) / MINUTE_MS;
	struct pollfd waiting[] = {{.fd = signals, .events = POLLIN}, {.fd = words, .events = POLLIN}};
	for (;;) {
		struct signalfd_siginfo signal;
		if (poll(waiting, ARRAY_LEN(waiting), wait_ms(&server)) < 0)
			continue;
		if (now_ms(CLOCK_REALTIME) / MINUTE_MS != minute)
			look_at_crontabs(minute = now_ms(CLOCK_REALTIME) / MINUTE_MS);
		if (server.again && server.again <= now_ms(CLOCK_MONOTONIC))
			server_start(&server);
		while (read(signals, &signal, sizeof(signal)) == (ssize_t)sizeof(signal)) {
			if (signal.ssi_signo != SIGCHLD)
				_exit((int)signal.ssi_signo == SIGRTMIN + 5 ? INSTANCE_REBOOT : INSTANCE_POWEROFF);
		}
		reap(&server);
		if (!(waiting[1].revents & (POLLIN | POLLHUP)))
			continue;
		if (read(words, &word, 1) != 1) {
			waiting[1].fd = -1;
		} else if (word == INSTANCE_VOLUMES) {
			devices_update(plan->xen, amazon);
		} else if (word == INSTANCE_STARTED && !booted) {
			booted = true;
			start_boot(plan);
		}
	}
}
