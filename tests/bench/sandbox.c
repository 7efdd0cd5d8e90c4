/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads of a sandbox cloud by one client with kept connections. Requests are signed before the clock
 * starts, each for another object, and every answer must be a 200 that names that object: what is
 * measured is the server, signatures and all.
 *
 *   sandbox fill PORT KEY SECRET COUNT        makes about COUNT objects: instances, volumes, interfaces, parameters
 *   sandbox read PORT KEY SECRET SECONDS WHAT CONNECTIONS
 *
 * Prints "READS SECONDS MEDIAN_US P99_US".
 */
#include "aws/sigv4.h"
#include "base/buf.h"
#include "base/vec.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HOSTS_A_CALL = 100, DIFFERENT = 1000, CONNECTIONS_MAX = 64 };

static struct arena *arena;
static unsigned port;
static struct sigv4_signer signer;

struct message {
	const char *bytes;
	size_t len;
	const char *expect; /* what the answer must contain */
};
typedef VEC(const char *) names;

static NORETURN void give_up(const char *what)
{
	fprintf(stderr, "bench sandbox: %s\n", what);
	exit(1);
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- requests ---- */

static struct message signed_request(const char *service, const char *target, const char *body, const char *expect)
{
	char hash[65], host[32];
	size_t count;
	AUTO_BUF struct buf out = BUF_INIT;
	snprintf(host, sizeof(host), "127.0.0.1:%u", port);
	sigv4_payload_hash(body, strlen(body), hash);
	struct http_header headers[] = {{"Content-Type", target ? "application/x-amz-json-1.1" : "application/x-www-form-urlencoded; charset=utf-8"},
					{"X-Amz-Target", target}};
	signer.service = service;
	signer.time = time(NULL);
	struct sigv4_request request = {.method = "POST", .host = host, .path = "/", .query = "", .headers = headers,
					.header_count = target ? 2 : 1, .payload_hash = hash};
	struct http_header *all = sigv4_sign(arena, &signer, &request, &count);
	buf_addf(&out, "POST / HTTP/1.1\r\nHost: %s\r\nContent-Length: %zu\r\n", host, strlen(body));
	for (size_t i = 0; i < count; i++)
		buf_addf(&out, "%s: %s\r\n", all[i].name, all[i].value);
	buf_addf(&out, "\r\n%s", body);
	return (struct message){buf_copy(&out, arena), out.len, expect};
}

static struct message ec2(const char *expect, const char *fmt, ...) PRINTF_LIKE(2, 3);
static struct message ec2(const char *expect, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	const char *body = arena_vprintf(arena, fmt, args);
	va_end(args);
	return signed_request("ec2", NULL, arena_printf(arena, "Version=2016-11-15&%s", body), expect);
}

/* ---- connections ---- */

struct connection {
	int fd;
	struct buf in;
	size_t asked; /* which message */
	double since;
};

static int connect_to_server(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		give_up(strerror(errno));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	return fd;
}

static void ask(struct connection *c, const struct message *message)
{
	c->since = now();
	for (size_t sent = 0; sent < message->len;) {
		ssize_t n = send(c->fd, message->bytes + sent, message->len - sent, MSG_NOSIGNAL);
		if (n <= 0)
			give_up("the server has closed a connection");
		sent += (size_t)n;
	}
}

/* Whether the answer is complete; its bytes then stand in c->in. */
static bool hear(struct connection *c)
{
	char bytes[65536];
	ssize_t n = recv(c->fd, bytes, sizeof(bytes), 0);
	if (n <= 0)
		give_up("the server has closed a connection");
	buf_add(&c->in, bytes, (size_t)n);
	const char *end = strstr(buf_text(&c->in), "\r\n\r\n"), *length = strcasestr(buf_text(&c->in), "\r\nContent-Length:");
	if (!end)
		return false;
	if (!length || length > end)
		give_up("an answer without a length");
	return c->in.len >= (size_t)(end + 4 - c->in.ptr) + strtoul(length + 17, NULL, 10);
}

static void check(const struct connection *c, const struct message *message)
{
	if (strncmp(c->in.ptr, "HTTP/1.1 200", 12) || !strstr(c->in.ptr, message->expect)) {
		fprintf(stderr, "%s\n", c->in.ptr);
		give_up("not the answer that was expected");
	}
}

/* One request on a connection of its own; the answer. */
static const char *call(struct message message)
{
	static struct connection c = {.fd = -1};
	if (c.fd < 0)
		c.fd = connect_to_server();
	buf_clear(&c.in);
	ask(&c, &message);
	while (!hear(&c))
		continue;
	check(&c, &message);
	return c.in.ptr;
}

/* Texts between two marks. */
static void collect(const char *text, const char *before, names *out)
{
	while ((text = strstr(text, before))) {
		text += strlen(before);
		const char *name = arena_strndup(arena, text, strcspn(text, "<\""));
		if (!out->count || strcmp(out->items[out->count - 1], name) != 0)
			vec_add(out, name);
	}
}

/* ---- filling ---- */

static void fill(unsigned count)
{
	names found = {0};
	collect(call(ec2("<vpcId>", "Action=DescribeVpcs")), "<vpcId>", &found);
	/* an instance comes with a volume and an interface; the last part are parameters */
	const char *vpc = found.items[0];
	names images = {0}, subnets = {0};
	collect(call(ec2("<imageId>", "Action=DescribeImages&Owner.1=099720109477")), "<imageId>", &images);
	collect(call(ec2("<subnetId>", "Action=CreateSubnet&VpcId=%s&CidrBlock=172.31.128.0%%2F18", vpc)), "<subnetId>", &subnets);
	call(signed_request("servicequotas", "ServiceQuotasV20190624.RequestServiceQuotaIncrease",
			    arena_printf(arena, "{\"ServiceCode\":\"ec2\",\"QuotaCode\":\"L-1216C47A\",\"DesiredValue\":%u}", count + 1000), "APPROVED"));
	for (unsigned made = 0; made < count / 4; made += HOSTS_A_CALL)
		call(ec2("<instanceId>", "Action=RunInstances&ImageId=%s&InstanceType=m5.large&MinCount=%d&MaxCount=%d&SubnetId=%s&ClientToken=t%u"
			 "&TagSpecification.1.ResourceType=instance&TagSpecification.1.Tag.1.Key=Name&TagSpecification.1.Tag.1.Value=host", images.items[0],
			 HOSTS_A_CALL, HOSTS_A_CALL, subnets.items[0], made));
	for (unsigned i = 0; i < count / 4; i++)
		call(signed_request("ssm", "AmazonSSM.PutParameter",
				    arena_printf(arena, "{\"Name\":\"/bench/%u\",\"Type\":\"String\",\"Value\":\"value %u\"}", i, i), "Version"));
}

/* ---- reading ---- */

static const char *wanted(const names *ids, size_t i)
{
	return ids->items[i % ids->count];
}

typedef VEC(struct message) message_list;

static message_list prepare(const char *what)
{
	names ids = {0};
	message_list list = {0};
	if (!strncmp(what, "DescribeInstances", 17))
		collect(call(ec2("<instanceId>", "Action=DescribeInstances")), "<instanceId>", &ids);
	else if (!strcmp(what, "DescribeVolumes"))
		collect(call(ec2("<volumeId>", "Action=DescribeVolumes")), "<volumeId>", &ids);
	for (size_t i = 0; i < DIFFERENT; i++) {
		const char *id = ids.count ? wanted(&ids, i * 7) : "";
		if (!strcmp(what, "DescribeInstances by filter"))
			vec_add(&list, ec2(id, "Action=DescribeInstances&Filter.1.Name=instance-id&Filter.1.Value.1=%s", id));
		else if (!strcmp(what, "DescribeInstances by id"))
			vec_add(&list, ec2(id, "Action=DescribeInstances&InstanceId.1=%s", id));
		else if (!strcmp(what, "DescribeVolumes"))
			vec_add(&list, ec2(id, "Action=DescribeVolumes&VolumeId.1=%s", id));
		else if (!strcmp(what, "DescribeVpcs"))
			vec_add(&list, ec2("172.31.0.0/16", "Action=DescribeVpcs"));
		else if (!strcmp(what, "GetCallerIdentity"))
			vec_add(&list, signed_request("sts", NULL, "Action=GetCallerIdentity&Version=2011-06-15", "<Arn>"));
		else if (!strcmp(what, "GetParameter"))
			vec_add(&list, signed_request("ssm", "AmazonSSM.GetParameter", arena_printf(arena, "{\"Name\":\"/bench/%zu\"}", i),
						      arena_printf(arena, "\"value %zu\"", i)));
		else if (!strcmp(what, "DescribeInstances, all"))
			vec_add(&list, ec2(id, "Action=DescribeInstances"));
		else if (!strcmp(what, "DescribeInstances, page of 1000"))
			vec_add(&list, ec2("<instanceId>", "Action=DescribeInstances&MaxResults=1000"));
		else
			give_up("there is no such read");
	}
	vec_free(&ids);
	return list;
}

static int by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static void read_for(double seconds, const char *what, unsigned connections)
{
	message_list messages = prepare(what);
	VEC(double) times = {0};
	struct connection open[CONNECTIONS_MAX] = {{0}};
	struct pollfd fds[CONNECTIONS_MAX];
	size_t next = 0;
	double begun = now();
	for (unsigned i = 0; i < connections; i++) {
		open[i].fd = connect_to_server();
		fds[i] = (struct pollfd){open[i].fd, POLLIN, 0};
		open[i].asked = next++;
		ask(&open[i], &messages.items[open[i].asked % messages.count]);
	}
	while (!times.count || now() - begun < seconds) {
		if (poll(fds, connections, 120000) <= 0)
			give_up("no answer in two minutes");
		for (unsigned i = 0; i < connections; i++) {
			struct connection *c = &open[i];
			if (!fds[i].revents || !hear(c))
				continue;
			check(c, &messages.items[c->asked % messages.count]);
			vec_add(&times, now() - c->since);
			buf_clear(&c->in);
			c->asked = next++;
			ask(c, &messages.items[c->asked % messages.count]);
		}
	}
	double took = now() - begun;
	qsort(times.items, times.count, sizeof(double), by_size);
	printf("%zu %.6f %.1f %.1f\n", times.count, took, times.items[times.count / 2] * 1e6, times.items[times.count * 99 / 100] * 1e6);
}

int main(int argc, char **argv)
{
	if (argc < 6)
		give_up("usage: sandbox fill PORT KEY SECRET COUNT | sandbox read PORT KEY SECRET SECONDS WHAT CONNECTIONS");
	arena = arena_new();
	port = (unsigned)strtoul(argv[2], NULL, 10);
	signer = (struct sigv4_signer){.access_key = argv[3], .secret_key = argv[4], .region = "us-east-1", .keys = sigv4_keys_new()};
	unsigned connections = argc > 7 ? (unsigned)strtoul(argv[7], NULL, 10) : 1;
	if (!strcmp(argv[1], "fill"))
		fill((unsigned)strtoul(argv[5], NULL, 10));
	else if (argc > 7 && connections && connections <= CONNECTIONS_MAX)
		read_for(strtod(argv[5], NULL), argv[6], connections);
	return 0;
}
