/* SPDX-License-Identifier: Apache-2.0 */
/* The messages to the kernel, tried in namespaces of a child process; times of crontabs. */
#include "base/buf.h"
#include "sandbox/host/cron.h"
#include "sandbox/host/netlink.h"
#include "sandbox/host/probe.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static struct in_addr address(const char *text)
{
	struct in_addr a = {0};
	assert_int_equal(inet_pton(AF_INET, text, &a), 1);
	return a;
}

static void test_message(void **state)
{
	struct netlink nl = NETLINK_INIT;
	uint32_t fixed = 0x01020304, len;
	(void)state;
	netlink_message(&nl, 16, NLM_F_ACK, &fixed, sizeof(fixed));
	netlink_attr_text(&nl, 3, "lo");
	size_t nest = netlink_begin(&nl, 18);
	netlink_attr_u32(&nl, 1, 7);
	netlink_end(&nl, nest);
	assert_int_equal(nl.out.len, 16 + 4 + 8 + 4 + 8);
	memcpy(&len, nl.out.ptr, sizeof(len));
	assert_int_equal(len, nl.out.len);
	const unsigned char want[] = {7, 0, 3, 0, 'l', 'o', 0, 0, 12, 0, 18, 0x80, 8, 0, 1, 0, 7, 0, 0, 0};
	assert_memory_equal(nl.out.ptr + 20, want, sizeof(want)); /* of a machine with the low byte first */
	assert_int_equal(nl.unanswered, 1);
	netlink_close(&nl);
}

/* Runs in a user and a network namespace; the exit code is the place of what failed. */
static int in_namespaces(void)
{
	struct netlink nl = NETLINK_INIT;
	struct in_addr none = {0};
	if (netlink_open(&nl, NETLINK_ROUTE))
		return 1;
	if (link_up(&nl, "lo"))
		return 2;
	if (link_veth(&nl, "here", "there", getpid(), NULL))
		return 3;
	if (link_veth(&nl, "here", "again", getpid(), NULL) != EEXIST)
		return 4;
	if (link_address(&nl, "here", address("10.1.0.1"), 24) || link_address(&nl, "here", address("10.1.0.1"), 24))
		return 5;
	if (link_up(&nl, "here") || link_up(&nl, "there") || link_forward(&nl, "here"))
		return 6;
	if (route_add(&nl, address("10.1.0.9"), 32, "here", none) || route_add(&nl, none, 0, "here", address("10.1.0.9")))
		return 7;
	if (route_add(&nl, address("10.2.0.0"), 16, "here", address("10.77.0.1")) != ENETUNREACH)
		return 8;
	if (link_up(&nl, "nothing") != ENODEV || link_delete(&nl, "here") || link_delete(&nl, "there") != ENODEV)
		return 9;
	struct route out = {.network = address("198.51.100.0"), .gateway = address("100.64.0.1"), .prefix = 24, .table = 1000, .type = RTN_UNICAST};
	int space = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (space < 0 || link_cable(&nl, "near", "far", space) || link_up(&nl, "near") || link_up(&nl, "far"))
		return 10;
	out.link = link_index(&nl, "near");
	if (!out.link || link_index(&nl, "nothing") || route_change(&nl, true, &out) || route_change(&nl, true, &out))
		return 11;
	struct route nowhere = {.network = out.network, .prefix = 24, .table = 1000, .type = RTN_BLACKHOLE};
	if (route_change(&nl, true, &nowhere) || route_change(&nl, false, &out) != ESRCH || route_change(&nl, false, &nowhere))
		return 12; /* one takes the place of the other */
	if (rule_change(&nl, true, "near", 1000, 200) || rule_change(&nl, true, "near", 1000, 200) != EEXIST || rule_change(&nl, false, "near", 1000, 200) ||
	    rule_change(&nl, false, "near", 1000, 200) != ENOENT || rule_change(&nl, true, NULL, RT_TABLE_MAIN, 100))
		return 13;
	if (link_address_remove(&nl, "near", address("10.9.0.1"), 32) != EADDRNOTAVAIL || link_address(&nl, "near", address("10.9.0.1"), 32) ||
	    link_address_remove(&nl, "near", address("10.9.0.1"), 32))
		return 14;
	close(space);
	netlink_close(&nl);
	return 0;
}

static void test_kernel(void **state)
{
	AUTO_BUF struct buf why = BUF_INIT;
	int status;
	(void)state;
	if (!host_probe(&why)) {
		print_message("skipped: %s\n", buf_text(&why));
		skip();
	}
	pid_t pid = fork();
	if (!pid) {
		struct host_refusal refusal;
		if (host_become_user() || !host_enter(&refusal))
			_exit(100);
		pid_t first = fork();
		if (!first)
			_exit(in_namespaces());
		_exit(waitpid(first, &status, 0) == first && WIFEXITED(status) ? WEXITSTATUS(status) : 101);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_words(void **state)
{
	static const enum host_stage stages[] = {HOST_USER, HOST_MAP, HOST_SPACES, HOST_MOUNT, HOST_LINK, HOST_FILTER, HOST_SSHD};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(stages); i++) {
		AUTO_BUF struct buf text = BUF_INIT;
		host_refusal_explain(&(struct host_refusal){stages[i], EPERM}, &text);
		assert_non_null(strstr(buf_text(&text), strerror(EPERM)));
	}
	AUTO_BUF struct buf text = BUF_INIT;
	host_refusal_explain(&(struct host_refusal){HOST_SSHD, 0}, &text);
	assert_non_null(strstr(buf_text(&text), "\n    sudo apt-get install openssh-server\n"));
}

/* crontab(5), at Friday, 2026-11-13 18:05. */
static void test_cron(void **state)
{
	static const struct {
		const char *line;
		int fits; /* -1: is none */
	} cases[] = {
		{"* * * * * x", 1}, {"5 18 13 11 5 x", 1}, {"6 * * * * x", 0}, {"*/5 * * * * x", 1}, {"*/4 * * * * x", 0}, {"1-59/4 * * * * x", 1}, {"5/10 * * * * x", 1},
		{"0,5,10 16-20 * * * x", 1}, {"* * 13 * 1 x", 1}, {"* * 1 * fri x", 1}, {"* * 1 * 1 x", 0}, {"* * */2 * 1 x", 0}, {"* * * nov FRI x", 1}, {"* * * dec * x", 0},
		{"* * * * 0 x", 0}, {"* * * * 5-7 x", 1}, {"* * * * mon-sun x", 1}, {"* * * * sat-sun x", 0}, {"@hourly x", 0}, {"@reboot x", 0}, {"@never x", -1}, {"60 * * * * x", -1}, {"* * 0 * * x", -1}, {"5-1 * * * * x", -1},
		{"*/0 * * * * x", -1}, {"* * * * x", -1}, {"* * * *", -1}, {"", -1}, {"99999999999999999999 * * * * x", -1}, {"a * * * * x", -1}, {"@daily", -1}, {"*5 * * * * x", -1},
	};
	(void)state;
	struct tm now = {.tm_min = 5, .tm_hour = 18, .tm_mday = 13, .tm_mon = 10, .tm_wday = 5};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct cron_time time;
		const char *rest = cron_time_parse(cases[i].line, &time);
		if ((rest ? cron_time_fits(&time, &now) : -1) != cases[i].fits)
			fail_msg("%s", cases[i].line);
		assert_true(!rest || !strcmp(rest, " x"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_message),
		cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_cron),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
