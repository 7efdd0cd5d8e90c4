/* SPDX-License-Identifier: Apache-2.0 */
#include "sandbox/host/probe.h"

#include "base/buf.h"
#include "base/file.h"
#include "sandbox/host/netlink.h"
#include "sandbox/host/nft.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/netfilter.h>
#include <linux/netlink.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOBODY = 65534 };

/* ---- steps ---- */

void host_user(uid_t *uid, gid_t *gid)
{
	const char *sudo_uid = getenv("SUDO_UID"), *sudo_gid = getenv("SUDO_GID");
	*uid = geteuid();
	*gid = getegid();
	if (*uid)
		return;
	unsigned long u = sudo_uid ? strtoul(sudo_uid, NULL, 10) : 0, g = sudo_gid ? strtoul(sudo_gid, NULL, 10) : 0;
	bool known = u && g && u < UINT32_MAX && g < UINT32_MAX;
	*uid = known ? (uid_t)u : NOBODY;
	*gid = known ? (gid_t)g : NOBODY;
}

int host_become_user(void)
{
	uid_t uid;
	gid_t gid;
	host_user(&uid, &gid);
	if (geteuid() == 0 && (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0))
		return errno;
	/* who changed its user has files in /proc that are root's, until it says that nothing is secret about it */
	return prctl(PR_SET_DUMPABLE, 1) < 0 ? errno : 0;
}

static int write_text(const char *path, const char *text)
{
	AUTO_FD int fd = open(path, O_WRONLY | O_CLOEXEC);
	return fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) ? errno : 0;
}

int host_be_root(uid_t uid, gid_t gid)
{
	char users[64], groups[64];
	snprintf(users, sizeof(users), "0 %u 1\n", (unsigned)uid);
	snprintf(groups, sizeof(groups), "0 %u 1\n", (unsigned)gid);
	int error = write_text("/proc/self/setgroups", "deny");
	error = error ? error : write_text("/proc/self/uid_map", users);
	return error ? error : write_text("/proc/self/gid_map", groups);
}

bool host_enter(struct host_refusal *refusal)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	*refusal = (struct host_refusal){0};
	if (unshare(CLONE_NEWUSER) < 0)
		*refusal = (struct host_refusal){HOST_USER, errno};
	int error = refusal->stage ? 0 : host_be_root(uid, gid);
	if (error)
		*refusal = (struct host_refusal){HOST_MAP, error};
	else if (!refusal->stage && unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC) < 0)
		*refusal = (struct host_refusal){HOST_SPACES, errno};
	else if (!refusal->stage && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		*refusal = (struct host_refusal){HOST_MOUNT, errno};
	return !refusal->stage;
}

const char *host_sshd(void)
{
	static const char *const places[] = {"/usr/sbin/sshd", "/usr/bin/sshd", "/usr/lib/ssh/sshd"};
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		if (access(places[i], X_OK) == 0)
			return places[i];
	}
	return NULL;
}

/* ---- the trial ---- */

static int try_links(void)
{
	struct netlink nl = NETLINK_INIT;
	int error = netlink_open(&nl, NETLINK_ROUTE);
	error = error ? error : link_up(&nl, "lo");
	error = error ? error : link_veth(&nl, "here", "there", getpid(), NULL);
	error = error ? error : link_forward(&nl, "here");
	netlink_close(&nl);
	return error;
}

/* A table with what the router's needs, matching nothing. */
static int try_filter(void)
{
	struct netlink nl = NETLINK_INIT;
	struct nft nft = {.nl = &nl, .table = "probe"};
	struct in_addr none = {0};
	int error = netlink_open(&nl, NETLINK_NETFILTER);
	if (!error) {
		nft_batch_begin(&nft);
		nft_chain_at(&nft, "forward", NF_INET_FORWARD, NF_ACCEPT);
		nft_chain_nat(&nft, "arriving", NF_INET_PRE_ROUTING);
		nft_chain_nat(&nft, "leaving", NF_INET_POST_ROUTING);
		nft_rule(&nft, "leaving");
		nft_match_next_hop(&nft, none);
		nft_match_network(&nft, true, none, 32);
		nft_rule_end_nat(&nft, true, none);
		nft_rule(&nft, "forward");
		nft_match_established(&nft);
		nft_match_original_receiver(&nft, false, none);
		nft_rule_end(&nft, NF_DROP, NULL);
		nft_batch_end(&nft, "forward");
		error = netlink_send(&nl);
	}
	netlink_close(&nl);
	return error;
}

static struct host_refusal try_inside(void)
{
	int error;
	if (mount("tmpfs", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=64k") < 0)
		return (struct host_refusal){HOST_MOUNT, errno};
	if ((error = try_links()))
		return (struct host_refusal){HOST_LINK, error};
	if ((error = try_filter()))
		return (struct host_refusal){HOST_FILTER, error};
	if (unshare(CLONE_NEWUSER) < 0) /* each host has one within ours */
		return (struct host_refusal){HOST_USER, errno};
	return (struct host_refusal){host_sshd() ? HOST_READY : HOST_SSHD, 0};
}

/* What is tried is over with the process that tries it. */
static NORETURN void trial(int out)
{
	struct host_refusal refusal = {0};
	int error = host_become_user();
	if (error) {
		refusal = (struct host_refusal){HOST_USER, error};
	} else if (host_enter(&refusal)) {
		pid_t pid = fork(); /* the first of the new namespace of processes, so that links find it by its number */
		if (!pid) {
			refusal = try_inside();
			_exit(write(out, &refusal, sizeof(refusal)) == sizeof(refusal) ? 0 : 1);
		}
		int status;
		if (pid > 0 && waitpid(pid, &status, 0) == pid)
			_exit(0);
		refusal = (struct host_refusal){HOST_SPACES, errno};
	}
	_exit(write(out, &refusal, sizeof(refusal)) == sizeof(refusal) ? 0 : 1);
}

bool host_probe(struct buf *why)
{
	struct host_refusal refusal = {HOST_USER, EIO};
	int ends[2], status;
	if (pipe2(ends, O_CLOEXEC) < 0) {
		buf_addf(why, "%s", strerror(errno));
		return false;
	}
	fflush(NULL);
	pid_t pid = fork();
	if (!pid) {
		close(ends[0]);
		trial(ends[1]);
	}
	close(ends[1]);
	if (pid > 0 && read(ends[0], &refusal, sizeof(refusal)) != sizeof(refusal))
		refusal = (struct host_refusal){HOST_USER, EIO};
	close(ends[0]);
	if (pid > 0)
		(void)waitpid(pid, &status, 0);
	if (refusal.stage)
		host_refusal_explain(&refusal, why);
	return !refusal.stage;
}

/* ---- words ---- */

/* -1: there is no such file. */
static long setting(const char *path)
{
	AUTO_BUF struct buf text = BUF_INIT;
	return file_read(path, 4096, &text) ? strtol(buf_text(&text), NULL, 10) : -1;
}

static bool filtered(void) /* by seccomp, as containers do */
{
	AUTO_BUF struct buf text = BUF_INIT;
	return file_read("/proc/self/status", 1 << 16, &text) && strstr(buf_text(&text), "\nSeccomp:\t2");
}

void host_refusal_explain(const struct host_refusal *refusal, struct buf *out)
{
	static const char *const what[] = {
		[HOST_READY] = "nothing is refused",
		[HOST_USER] = "no user namespace can be made",
		[HOST_MAP] = "a user namespace can be made, but not entered as its root",
		[HOST_SPACES] = "no namespaces for mounts, networks and processes can be made",
		[HOST_MOUNT] = "nothing can be mounted in a namespace of our own",
		[HOST_LINK] = "no virtual network cable (veth) can be made",
		[HOST_FILTER] = "no packet filter (nf_tables) can be made",
		[HOST_SSHD] = "OpenSSH's server (sshd) is not installed",
	};
	buf_addf(out, "%s", what[refusal->stage]);
	if (refusal->error)
		buf_addf(out, ": %s", strerror(refusal->error));
	buf_adds(out, ".\n");
	if (refusal->stage == HOST_SSHD)
		buf_adds(out, "Hosts of the sandbox run the machine's own sshd. It need not be started:\n\n    sudo apt-get install openssh-server\n");
	else if (refusal->stage == HOST_LINK || refusal->stage == HOST_FILTER)
		buf_addf(out, "The kernel lacks it, or its module is not loaded:\n\n    sudo modprobe %s\n", refusal->stage == HOST_LINK ? "veth" : "nf_tables");
	else if (setting("/proc/sys/user/max_user_namespaces") == 0)
		buf_adds(out, "The machine allows none (user.max_user_namespaces is 0). To allow them:\n\n    sudo sysctl user.max_user_namespaces=15000\n");
	else if (setting("/proc/sys/kernel/unprivileged_userns_clone") == 0)
		buf_adds(out, "The machine allows them to root alone. To allow them:\n\n    sudo sysctl kernel.unprivileged_userns_clone=1\n");
	else if (setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == 1)
		buf_adds(out, "AppArmor keeps programs that have no profile from them. To allow them to all:\n\n"
			      "    sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0\n\n"
			      "or give this program a profile in /etc/apparmor.d that holds `userns,`.\n");
	else if (filtered())
		buf_adds(out, "A filter on system calls is in force, as Docker's containers have it. Start the container with\n\n"
			      "    --security-opt seccomp=unconfined --security-opt apparmor=unconfined\n");
	else if (refusal->error == EPERM && refusal->stage == HOST_USER)
		buf_adds(out, "A process in a chroot may make none: start it outside of it.\n");
	else if (refusal->error == ENOSPC)
		buf_adds(out, "There are as many as the machine allows (user.max_user_namespaces).\n");
}
