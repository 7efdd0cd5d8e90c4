/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ten thousand operations in flight on one loop, each a few steps: create, poll until available,
 * update and be throttled now and then. Requests are encoded, signed and decoded as they are for
 * AWS; a small server in a process of its own answers.
 *
 *   ops [OPERATIONS [SERVER_LATENCY_MS]]
 */
#include "aws/protocol.h"
#include "aws/sigv4.h"
#include "base/arena.h"
#include "base/digest.h"
#include "base/http.h"
#include "lang/value/value.h"
#include "tests/support/server.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

/* --- The server: VPCs that become available at the third look, and an update that is throttled one time in eight --- */

enum { READY_AFTER = 3, THROTTLED_ONE_IN = 8 };

static unsigned latency_ms;
static unsigned char *looks; /* by VPC */
static unsigned created, updates;

struct late {
	struct server *server;
	int fd;
	unsigned status;
	char *body;
};

static void answer_late(void *ctx)
{
	struct late *late = ctx;
	server_answer(late->server, late->fd, late->status, "Content-Type: text/xml\r\n", late->body);
	free(late->body);
	free(late);
}

static void answer(const struct server_request *r, unsigned status, const struct buf *body)
{
	if (!latency_ms) {
		server_answer(r->server, r->fd, status, "Content-Type: text/xml\r\n", body->ptr);
		return;
	}
	struct late *late = malloc(sizeof(*late));
	*late = (struct late){r->server, r->fd, status, strdup(body->ptr)};
	loop_timer(r->server->loop, latency_ms, answer_late, late);
}

static void handle(void *ctx, const struct server_request *r)
{
	unsigned count = *(unsigned *)ctx;
	AUTO_BUF struct buf body = BUF_INIT;
	const char *id = strstr(r->body, "vpc-");
	unsigned n = id ? (unsigned)strtoul(id + 4, NULL, 16) : 0;
	if (strstr(r->body, "Action=CreateVpc&")) {
		buf_addf(&body,
			 "<CreateVpcResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>r</requestId><vpc><vpcId>vpc-%08x</vpcId>"
			 "<state>pending</state><cidrBlock>10.0.0.0/16</cidrBlock><isDefault>false</isDefault></vpc></CreateVpcResponse>",
			 created++);
		answer(r, 200, &body);
	} else if (n >= count) {
		answer(r, 400, &body);
	} else if (strstr(r->body, "Action=DescribeVpcs&")) {
		bool ready = ++looks[n] >= READY_AFTER;
		buf_addf(&body,
			 "<DescribeVpcsResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>r</requestId><vpcSet><item>"
			 "<vpcId>vpc-%08x</vpcId><state>%s</state><cidrBlock>10.0.0.0/16</cidrBlock><dhcpOptionsId>dopt-1</dhcpOptionsId>"
			 "<instanceTenancy>default</instanceTenancy><isDefault>false</isDefault></item></vpcSet></DescribeVpcsResponse>",
			 n, ready ? "available" : "pending");
		answer(r, 200, &body);
	} else if (updates++ % THROTTLED_ONE_IN == 0) {
		buf_adds(&body, "<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>Request limit exceeded.</Message>"
				"</Error></Errors><RequestID>r</RequestID></Response>");
		answer(r, 503, &body);
	} else {
		buf_adds(&body, "<ModifyVpcAttributeResponse><requestId>r</requestId><return>true</return></ModifyVpcAttributeResponse>");
		answer(r, 200, &body);
	}
}

/* Also what keeps the loop going: a listening socket does not. */
static void give_up(void *ctx)
{
	(void)ctx;
	_exit(1);
}

static NORETURN void serve(unsigned count, int port_fd)
{
	struct loop *loop = loop_new();
	looks = calloc(count, 1);
	struct server *server = server_start(loop, handle, &count);
	if (write(port_fd, server->url, sizeof(server->url)) != (ssize_t)sizeof(server->url))
		_exit(1);
	loop_timer(loop, 3600000, give_up, NULL);
	loop_run(loop);
	_exit(0);
}

/* --- The client --- */

enum step { CREATE, WAIT, UPDATE, DONE };

struct op {
	struct arena *arena; /* what the operation knows */
	struct arena *wire;  /* of the request on its way, or NULL */
	const char *vpc;
	enum step step;
	unsigned tries;
};

static const char *const names[] = {"CreateVpc", "DescribeVpcs", "ModifyVpcAttribute"};
static const struct aws_operation *operations[3];
static struct loop *loop;
static struct http *http;
static struct sigv4_keys *keys;
static char url[64];
static unsigned done_count, throttled, polls;
static size_t most_timers;

static void send_step(void *ctx);

static const struct value *parameters(struct arena *arena, const struct op *op)
{
	const struct value *text = value_string(arena, op->vpc ? op->vpc : "10.0.0.0/16");
	const char *name[] = {op->step == CREATE ? "CidrBlock" : op->step == WAIT ? "VpcIds" : "VpcId", "EnableDnsHostnames"};
	const struct value *yes = &value_true;
	const struct value *items[] = {op->step == WAIT ? value_tuple(arena, &text, 1) : text,
				       value_object(arena, (const char *const[]){"Value"}, &yes, 1)};
	return value_object(arena, name, items, op->step == UPDATE ? 2 : 1);
}

/* Encodes and signs only now, when a connection is free. */
static bool prepare(void *ctx, struct http_request *request)
{
	struct op *op = ctx;
	struct arena *arena = op->wire = arena_new();
	struct aws_request encoded;
	AUTO_BUF struct buf why = BUF_INIT;
	if (!aws_encode_request(arena, operations[op->step], parameters(arena, op), NULL, &encoded, &why))
		bug("%s", why.ptr);
	char hash[65];
	sigv4_payload_hash(encoded.body, encoded.body_len, hash);
	struct sigv4_signer signer = {"AKID", "secret", NULL, "us-east-1", "ec2", false, time(NULL), keys};
	struct sigv4_request to_sign = {encoded.method, url + 7,	      encoded.path, encoded.query,
					encoded.headers, encoded.header_count, hash};
	request->headers = sigv4_sign(arena, &signer, &to_sign, &request->header_count);
	request->method = encoded.method;
	request->body = encoded.body;
	request->body_len = encoded.body_len;
	request->once = op->step == CREATE;
	return true;
}

static void pause_op(struct op *op, unsigned ms)
{
	loop_timer(loop, ms, send_step, op);
	if (loop_timer_count(loop) > most_timers)
		most_timers = loop_timer_count(loop);
}

static void advance(struct op *op, const struct value *answer)
{
	const struct value *vpcs;
	switch (op->step) {
	case CREATE:
		op->vpc = arena_strdup(op->arena, value_get_text(value_get(answer, "Vpc"), "VpcId"));
		op->step = WAIT;
		pause_op(op, 100);
		return;
	case WAIT:
		polls++;
		vpcs = value_get(answer, "Vpcs");
		if (strcmp(value_get_text(vpcs->items[0], "State"), "available")) {
			pause_op(op, 200u << op->tries++);
			return;
		}
		op->step = UPDATE;
		op->tries = 0;
		send_step(op);
		return;
	case UPDATE:
		op->step = DONE;
		done_count++;
		return;
	case DONE:
		return;
	}
}

static void answered(void *ctx, const struct http_response *response)
{
	struct op *op = ctx;
	const struct aws_operation *operation = operations[op->step];
	AUTO_BUF struct buf why = BUF_INIT;
	if (response->result != HTTP_OK)
		bug("%s: %s", names[op->step], response->error);
	if (aws_is_error(operation, response)) {
		struct aws_failure failure;
		aws_decode_error(op->wire, operation, response, &failure);
		if (strcmp(failure.code, "RequestLimitExceeded"))
			bug("%s: %s", names[op->step], failure.code);
		throttled++;
		uint32_t jitter;
		random_bytes(&jitter, sizeof(jitter));
		pause_op(op, (100u << op->tries++) + jitter % 100);
	} else {
		const struct value *answer_value = aws_decode_answer(op->wire, operation, response, &why);
		if (!answer_value)
			bug("%s: %s", names[op->step], why.ptr);
		advance(op, answer_value);
	}
	arena_free(op->wire);
	op->wire = NULL;
}

static void send_step(void *ctx)
{
	struct op *op = ctx;
	http_send(http, &(struct http_request){.url = url, .prepare = prepare, .prepare_ctx = op}, answered, op);
}

/* VmRSS or VmHWM, in bytes. */
static size_t memory(const char *which)
{
	char line[256];
	size_t kb = 0;
	FILE *f = fopen("/proc/self/status", "re");
	while (f && fgets(line, sizeof(line), f)) {
		if (!strncmp(line, which, strlen(which)))
			kb = strtoul(line + strlen(which) + 1, NULL, 10);
	}
	if (f)
		fclose(f);
	return kb * 1024;
}

static double seconds_of(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
	unsigned count = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 10000;
	latency_ms = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;
	int ends[2];
	if (!count || pipe(ends) < 0)
		return 1;
	pid_t server = fork();
	if (!server)
		serve(count, ends[1]);
	if (server < 0 || read(ends[0], url, sizeof(url)) != (ssize_t)sizeof(url))
		return 1;

	loop = loop_new();
	http = http_new(loop, NULL);
	keys = sigv4_keys_new();
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		operations[i] = aws_operation_find(aws_service_find("ec2"), names[i]);
	size_t before = memory("VmRSS:");
	struct timespec start, end;
	clock_gettime(CLOCK_MONOTONIC, &start);
	struct op *ops = calloc(count, sizeof(*ops));
	for (unsigned i = 0; i < count; i++) {
		ops[i].arena = arena_new();
		send_step(&ops[i]);
	}
	size_t queued = memory("VmRSS:");
	loop_run(loop);
	clock_gettime(CLOCK_MONOTONIC, &end);
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);

	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	struct http_stats stats = http_stats(http);
	double wall = (double)(end.tv_sec - start.tv_sec) + (double)(end.tv_nsec - start.tv_nsec) / 1e9;
	double cpu = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
	size_t peak = memory("VmHWM:");
	printf("operations   %u, done %u\n", count, done_count);
	printf("requests     %llu (%u polls, %u throttled) on %llu connections\n", (unsigned long long)stats.requests, polls, throttled,
	       (unsigned long long)stats.connections);
	printf("time         %.2f s, %.0f requests/s; processor %.2f s (%.0f us a request)\n", wall, (double)stats.requests / wall, cpu,
	       cpu / (double)stats.requests * 1e6);
	printf("timers       at most %zu\n", most_timers);
	printf("memory       %.1f MB before, %.1f MB with all queued, %.1f MB at most: %.0f bytes an operation\n", (double)before / 1e6,
	       (double)queued / 1e6, (double)peak / 1e6, (double)(peak - before) / count);
	for (unsigned i = 0; i < count; i++)
		arena_free(ops[i].arena);
	free(ops);
	http_free(http);
	sigv4_keys_free(keys);
	loop_free(loop);
	return done_count == count ? 0 : 1;
}
