/* SPDX-License-Identifier: Apache-2.0 */
#include "jobs/hosts.h"

#include "base/buf.h"
#include "base/diag.h"
#include "base/file.h"
#include "jobs/hosts_internal.h"
#include "jobs/key_text.h"
#include "jobs/known_hosts.h"
#include "jobs/quote.h"
#include "jobs/ssh_config.h"
#include "jobs/sync.h"
#include "lang/value/json.h"
#include "state/state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char dir[64];
static struct arena *arena;
static struct diags diags;

static int setup(void **ignored)
{
	(void)ignored;
	strcpy(dir, "/tmp/infra-jobs-XXXXXX");
	if (!mkdtemp(dir))
		return -1;
	setenv("HOME", dir, 1);
	setenv("XDG_CONFIG_HOME", dir, 1);
	arena = arena_new();
	diags_init(&diags);
	return 0;
}

static int teardown(void **ignored)
{
	(void)ignored;
	char command[96];
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	diags_release(&diags);
	arena_free(arena);
	return system(command);
}

/* ---- quoting ---- */

/* What a shell makes of a line: each word behind an '|'. */
static char *by_shell(const char *line)
{
	char *command = arena_printf(arena, "show() { printf '|%%s' \"$@\"; }; show %s", line);
	FILE *out = popen(command, "r");
	AUTO_BUF struct buf text = BUF_INIT;
	for (int c; out && (c = fgetc(out)) != EOF;)
		buf_addc(&text, (char)c);
	if (out)
		pclose(out);
	return buf_copy(&text, arena);
}

static void words_reach_the_other_shell_as_they_are(void **ignored)
{
	(void)ignored;
	static const char *const words[] = {"a b", "", "it's", "$HOME", "`id`", "a;b", "-x", "*", "x=y", "\\", "two\nlines", "\"", "~", "#", "plain", "ä"};
	AUTO_BUF struct buf line = BUF_INIT, want = BUF_INIT;
	add_remote_command(&line, words, ARRAY_LEN(words));
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		buf_addf(&want, "|%s", words[i]);
	assert_string_equal(by_shell(buf_text(&line)), buf_text(&want));
	buf_clear(&line);
	add_remote_command(&line, words + 3, 1);
	assert_string_equal(buf_text(&line), "$HOME"); /* one word is a command line */
}

static void paths_in_files_of_ssh(void **ignored)
{
	(void)ignored;
	AUTO_BUF struct buf out = BUF_INIT;
	add_config_quoted(&out, "/a b/100%/\"q\"\\");
	assert_string_equal(buf_text(&out), "\"/a b/100%%/\\\"q\\\"\\\\\"");
	buf_clear(&out);
	add_include_quoted(&out, "/a b/100%/\"q\"\\[x]~");
	assert_string_equal(buf_text(&out), "\"/a b/100?/?q???x??\""); /* a pattern */
	assert_true(path_is_quotable("/home/ä b"));
	assert_false(path_is_quotable("/home/a\nProxyCommand x"));
	assert_false(path_is_quotable("/home/${HOME}"));
}

static void words_that_are_safe(void **ignored)
{
	(void)ignored;
	static const char *const good[] = {"a", "msls-train", "i-0123456789abcdef0", "ec2-1-2-3-4.compute-1.amazonaws.com", "10.0.0.1"};
	static const char *const bad[] = {"", "-oProxyCommand=x", "a b", "a\nb", "a;b", "$(x)", "a*", "!a", ".a", "a/b", "a\"", "ä", "%h", "a,b"};
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_true(host_word_is_safe(good[i]));
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(host_word_is_safe(bad[i]));
}

/* ---- images ---- */

static void users_of_images(void **ignored)
{
	(void)ignored;
	static const struct {
		const char *name, *description, *platform, *user;
	} cases[] = {
		{"ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240927", NULL, "Linux/UNIX", "ubuntu"},
		{"Deep Learning OSS Nvidia Driver AMI GPU PyTorch 2.3 (Amazon Linux 2) 20240825", NULL, "Linux/UNIX", "ec2-user"},
		{"Deep Learning AMI Habana PyTorch 1.13.1 SynapseAI 1.8.0 (Ubuntu 20.04) 20230327", NULL, "Linux/UNIX", "ubuntu"},
		{"al2023-ami-2023.5.20240903.0-kernel-6.1-x86_64", NULL, "Linux/UNIX", "ec2-user"},
		{"amzn2-ami-hvm-2.0.20240903.0-x86_64-gp2", NULL, "Linux/UNIX", "ec2-user"},
		{"debian-12-amd64-20240717-1811", NULL, "Linux/UNIX", "admin"},
		{"Rocky-9-EC2-Base-9.4-20240509.0.x86_64", NULL, "Linux/UNIX", "rocky"},
		{"RHEL-9.4.0_HVM-20240605-x86_64-82-Hourly2-GP3", NULL, "Red Hat Enterprise Linux", "ec2-user"},
		{"Windows_Server-2022-English-Full-Base-2024.09.11", NULL, "Windows", NULL},
		{"my-image-7", "made from Canonical, Ubuntu, 22.04 LTS", "Linux/UNIX", "ubuntu"},
		{"my-image-8", NULL, "Linux/UNIX", NULL},
		{NULL, NULL, NULL, NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *user = image_user(cases[i].name, cases[i].description, cases[i].platform);
		if (cases[i].user)
			assert_string_equal(user ? user : "", cases[i].user);
		else
			assert_null(user);
	}
}

/* ---- consoles ---- */

#define ED "AAAAC3NzaC1lZDI1NTE5AAAAIIijAG4m2XAtDfTc4/WztnF+xQ8F/HmGQl9fYAaRq8ls"
#define ED2 "AAAAC3NzaC1lZDI1NTE5AAAAIINxn25FR0nCbserBk+JWmkP9iimeHRGid2xSlw/p4mF"

static void keys_in_consoles(void **ignored)
{
	(void)ignored;
	AUTO_BUF struct buf out = BUF_INIT;
	static const char console[] = "[    0.000000] Linux version 6.8\nssh-ed25519 " ED2 " outside\n"
				      "-----BEGIN SSH HOST KEY KEYS-----\r\nssh-ed25519 " ED " root@ip-10-0-0-1\r\n"
				      "<14>Nov 21 cloud-init: ssh-ed25519 " ED2 " root@ip-10-0-0-1\n"
				      "ssh-rsa " ED " whose type is another\n"
				      "x-ssh-ed25519 " ED "\nssh-ed25519 short\nssh-ed25519\n* ssh-dss AAAA\n"
				      "-----END SSH HOST KEY KEYS-----\nmore\n";
	assert_int_equal(console_keys(console, "i-1", &out), 2);
	assert_string_equal(buf_text(&out), "i-1 ssh-ed25519 " ED "\ni-1 ssh-ed25519 " ED2 "\n");
	buf_clear(&out);
	/* the last block counts, and one without an end is still being written */
	assert_int_equal(console_keys("-----BEGIN SSH HOST KEY KEYS-----\nssh-ed25519 " ED2 "\n-----END SSH HOST KEY KEYS-----\n"
				      "-----BEGIN SSH HOST KEY KEYS-----\nssh-ed25519 " ED "\n-----END SSH HOST KEY KEYS-----\n"
				      "-----BEGIN SSH HOST KEY KEYS-----\nssh-ed25519 " ED2 "\n", "i-1", &out), 1);
	assert_string_equal(buf_text(&out), "i-1 ssh-ed25519 " ED "\n");
	assert_int_equal(console_keys("", "i-1", &out), 0);
	assert_true(console_is_over("Cloud-init v. 24.1 running\nCloud-init v. 24.1 finished at Sat\n"));
	assert_true(console_is_over("ip-10-0-0-1 login: "));
	assert_false(console_is_over("Cloud-init v. 24.1 running\n"));
}

/* ---- hosts of a state ---- */

static struct state *state;

static void put(const char *address, const char *type, const char *json)
{
	AUTO_BUF struct buf why = BUF_INIT;
	struct object object = {.address = address, .deposed = "", .kind = "aws", .provider = "aws", .cloud = "aws:1:us-east-1"};
	assert_true(address_parse(arena, address, &object.parts, &diags));
	assert_string_equal(object.parts.type, type);
	object.value = value_from_json(arena, json, strlen(json), &why);
	assert_non_null(object.value);
	state_put_object(state, &object);
}

static void open_state(void)
{
	state = state_open(&(struct state_options){.path = arena_printf(arena, "%s/.infra/state.db", dir), .operation = "test"}, &diags);
	assert_non_null(state);
}

static void instance(const char *address, const char *id, const char *name, const char *public_ip, const char *private_ip, const char *group)
{
	AUTO_BUF struct buf json = BUF_INIT;
	buf_addf(&json, "{\"id\": \"%s\", \"tags\": {\"Name\": ", id);
	json_add_string(&json, name, strlen(name), false);
	buf_addf(&json, "}, \"instance_state\": \"running\", \"public_ip\": \"%s\", \"private_ip\": \"%s\", \"ami\": \"ami-1\", \"subnet_id\": \"subnet-1\", "
		 "\"key_name\": \"k\", \"vpc_security_group_ids\": [\"%s\"]}", public_ip, private_ip, group);
	put(address, "aws_instance", buf_text(&json));
}

static struct hosts *load(void)
{
	struct hosts_options options = {.state = state, .dir = arena_printf(arena, "%s/.infra", dir), .offline = true, .user = "ubuntu"};
	struct hosts *hosts = hosts_load(arena, &options, &diags);
	assert_non_null(hosts);
	return hosts;
}

#define OPEN_GROUP "{\"id\": \"sg-open\", \"vpc_id\": \"vpc-1\", \"ingress\": [{\"protocol\": \"tcp\", \"from_port\": 20, \"to_port\": 25, \"cidr_blocks\": [\"203.0.113.0/24\"]}]}"
#define SHUT_GROUP "{\"id\": \"sg-shut\", \"vpc_id\": \"vpc-1\", \"ingress\": [{\"protocol\": \"tcp\", \"from_port\": 80, \"to_port\": 80, \"cidr_blocks\": [\"0.0.0.0/0\"]}]}"
#define SUBNET "{\"id\": \"subnet-1\", \"vpc_id\": \"vpc-1\"}"

static void hosts_are_found_by_what_they_are_called(void **ignored)
{
	(void)ignored;
	open_state();
	put("aws_subnet.s", "aws_subnet", SUBNET);
	instance("aws_instance.w[10]", "i-10", "trainer", "", "10.0.0.10", "sg-open");
	instance("aws_instance.w[2]", "i-2", "twin", "", "10.0.0.2", "sg-open");
	instance("module.m[\"a b\"].aws_instance.x", "i-3", "twin", "198.51.100.3", "10.0.0.3", "sg-open");
	instance("aws_instance.b", "i-4", "198.51.100.3", "", "10.0.0.4", "sg-open");
	put("aws_eip.e", "aws_eip", "{\"instance\": \"i-2\", \"public_ip\": \"198.51.100.9\", \"public_dns\": \"\"}");
	struct hosts *hosts = load();
	assert_int_equal(hosts->count, 4);
	assert_string_equal(hosts->items[0].id, "i-4"); /* by address; numbers by size */
	assert_string_equal(hosts->items[1].id, "i-2");
	assert_string_equal(hosts->items[2].id, "i-10");
	assert_string_equal(host_find(hosts, "1", &diags)->id, "i-2");
	assert_string_equal(host_find(hosts, "aws_instance.w[10]", &diags)->id, "i-10");
	assert_string_equal(host_find(hosts, "i-3", &diags)->id, "i-3");
	assert_string_equal(host_find(hosts, "trainer", &diags)->id, "i-10");
	assert_string_equal(host_find(hosts, "10.0.0.2", &diags)->id, "i-2");
	assert_string_equal(host_find(hosts, "198.51.100.9", &diags)->id, "i-2");
	assert_string_equal(host_find(hosts, "198.51.100.3", &diags)->id, "i-3"); /* not the one that calls itself so */
	assert_false(diags_has_errors(&diags));
	assert_null(host_find(hosts, "twin", &diags));
	assert_string_equal(diags.items[0].summary, "Several hosts have this name");
	assert_null(host_find(hosts, NULL, &diags));
	assert_null(host_find(hosts, "4", &diags));
	diags_clear(&diags);
	assert_null(host_find(hosts, "trainr", &diags));
	assert_non_null(strstr(diags.items[0].detail, "Did you mean \"trainer\"?"));
	state_close(state);
}

static const struct host *jump_of(const char *id)
{
	struct hosts *hosts = load();
	struct host *host = host_lookup(hosts, id);
	assert_non_null(host);
	return host;
}

static void jump_hosts(void **ignored)
{
	(void)ignored;
	open_state();
	put("aws_subnet.s", "aws_subnet", SUBNET);
	put("aws_security_group.open", "aws_security_group", OPEN_GROUP);
	put("aws_security_group.shut", "aws_security_group", SHUT_GROUP);
	instance("aws_instance.worker", "i-w", "worker", "", "10.0.0.9", "sg-shut");
	assert_non_null(strstr(jump_of("i-w")->no_way, "no host of its network"));
	instance("aws_instance.web", "i-a", "web", "198.51.100.1", "10.0.0.1", "sg-shut");
	assert_non_null(strstr(jump_of("i-w")->no_way, "lets ssh in"));
	put("aws_vpc_security_group_ingress_rule.r", "aws_vpc_security_group_ingress_rule",
	    "{\"security_group_id\": \"sg-shut\", \"ip_protocol\": \"-1\", \"cidr_ipv4\": \"203.0.113.7/32\"}");
	assert_string_equal(jump_of("i-w")->jump->id, "i-a");
	assert_null(jump_of("i-w")->jump_note);
	instance("aws_instance.gate", "i-b", "gate", "198.51.100.2", "10.0.0.2", "sg-open");
	assert_string_equal(jump_of("i-w")->jump->id, "i-b"); /* the first by address, and a word about it */
	assert_non_null(jump_of("i-w")->jump_note);
	instance("aws_instance.x", "i-c", "My-Bastion", "198.51.100.4", "10.0.0.4", "sg-open");
	assert_string_equal(jump_of("i-w")->jump->id, "i-c");
	assert_null(jump_of("i-w")->jump_note);
	assert_null(jump_of("i-a")->jump);
	struct hosts_options options = {.state = state, .dir = dir, .offline = true, .jump = "web"};
	assert_string_equal(host_lookup(hosts_load(arena, &options, &diags), "worker")->jump->id, "i-a");
	options.jump = "nobody";
	assert_null(hosts_load(arena, &options, &diags));
	assert_string_equal(diags.items[0].summary, "Jump host not found");
	options.jump = "worker"; /* itself: chosen as if nothing had been said */
	assert_string_equal(host_lookup(hosts_load(arena, &options, &diags), "worker")->jump->id, "i-c");
	state_close(state);
}

/* ---- what is written for ssh ---- */

/* Whether each line is a known keyword of ours, a comment, or blank: nothing else got in. */
static bool has_only_our_lines(const char *text)
{
	static const char *const keywords[] = {"#", "Host ", "    HostName ", "    HostKeyAlias i-", "    User ubuntu", "    IdentityFile \"", "    IdentitiesOnly yes",
					       "    ProxyJump i-", "    ForwardAgent no", "    UserKnownHostsFile \"", "    StrictHostKeyChecking ask",
					       "    HashKnownHosts no", "    CheckHostIP no", "    ConnectTimeout ", "    ServerAliveInterval "};
	while (*text) {
		size_t len = strcspn(text, "\n");
		bool known = !len;
		for (size_t i = 0; i < ARRAY_LEN(keywords); i++)
			known |= !strncmp(text, keywords[i], strlen(keywords[i]));
		if (!known)
			return false;
		text += len + (text[len] == '\n');
	}
	return true;
}

static void names_from_the_cloud_inject_nothing(void **ignored)
{
	(void)ignored;
	static const char *const names[] = {"x\n    ProxyCommand touch /tmp/owned", "-oProxyCommand=id", "*", "!*", "github.com", "a b", "localhost", "0", "i-1",
					    "\"", "$(id)", "%h", "#", "x\r", "\x1b[2J", "all", "ok\\", ""};
	open_state();
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		instance(arena_printf(arena, "aws_instance.n[%zu]", i), arena_printf(arena, "i-0%zu", i), names[i], "198.51.100.7", "10.0.0.1", "sg-x");
	instance("aws_instance.k[\"a\\nProxyCommand x\"]", "i-key", "key", "198.51.100.8", "10.0.0.2", "sg-x");
	instance("aws_instance.k[\"p q\"]", "i-blank", "Fine_1", "198.51.100.9", "10.0.0.2", "sg-x");
	instance("aws_instance.address", "i-address", "address", "198.51.100.9\\n    ProxyCommand x", "1.2.3.4 5", "sg-x");
	instance("aws_instance.id", "i-1 *", "id", "198.51.100.9", "10.0.0.2", "sg-x");
	struct hosts *hosts = load();
	AUTO_BUF struct buf text = BUF_INIT;
	ssh_config_text(hosts, &(struct ssh_options){.program = "/usr/bin/infra"}, &text);
	assert_true(has_only_our_lines(buf_text(&text)));
	assert_null(strstr(buf_text(&text), "ProxyCommand"));
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *line = strstr(buf_text(&text), arena_printf(arena, "Host i-0%zu ", i));
		const char *want = arena_printf(arena, "Host i-0%zu %zu aws_instance.n[%zu] 198.51.100.7\n", i, i + 3, i);
		assert_non_null(line); /* by its id, not by that name */
		assert_int_equal(strncmp(line, want, strlen(want)), 0);
	}
	assert_non_null(strstr(buf_text(&text), "Host Fine_1 i-blank"));
	assert_null(host_lookup(hosts, "i-1 *"));
	assert_null(host_lookup(hosts, "i-address")->public_address);
	buf_clear(&text);
	hosts_print(hosts, &text);
	assert_null(strchr(buf_text(&text), '\x1b'));
	assert_null(strchr(buf_text(&text), '\r'));
	state_close(state);
}

static void keys_of_hosts_that_are_gone_do_not_stay(void **ignored)
{
	(void)ignored;
	open_state();
	instance("aws_instance.a", "i-a", "a", "198.51.100.1", "10.0.0.1", "sg-x");
	struct hosts *hosts = load();
	static const char old[] = "# mine\ni-a ssh-ed25519 A\ni-gone ssh-ed25519 B\ni-a ssh-rsa C\ni-abc x y\n";
	const char *path = arena_printf(arena, "%s/.infra/known_hosts", dir);
	assert_true(file_write(path, old, strlen(old), 0600));
	assert_true(known_hosts_prune(hosts));
	AUTO_BUF struct buf text = BUF_INIT;
	assert_true(file_read(path, 0, &text));
	assert_string_equal(buf_text(&text), "# mine\ni-a ssh-ed25519 A\ni-a ssh-rsa C\n");
	assert_true(ssh_knows_key(hosts, &hosts->items[0]));
	assert_true(known_hosts_put(hosts->dir, "i-a", "i-a ssh-ed25519 D\n"));
	buf_clear(&text);
	assert_true(file_read(path, 0, &text));
	assert_string_equal(buf_text(&text), "# mine\ni-a ssh-ed25519 D\n");
	assert_true(ssh_forget_key(hosts, &hosts->items[0]));
	assert_false(ssh_knows_key(hosts, &hosts->items[0]));
	state_close(state);
}

static void private_keys_are_found_by_their_public_halves(void **ignored)
{
	(void)ignored;
	assert_true(key_lines_equal("ssh-ed25519 " ED " me@here", "ssh-ed25519 " ED "\n"));
	assert_false(key_lines_equal("ssh-ed25519 " ED, "ssh-ed25519 " ED2));
	assert_false(key_lines_equal("", ""));
	const char *folder = arena_printf(arena, "%s/.ssh", dir), *private_key = arena_printf(arena, "%s/work", folder);
	const char *other = "ssh-ed25519 " ED2 " other\n", *mine = "ssh-ed25519 " ED " mine\n";
	assert_true(make_directories(folder, 0700));
	assert_true(file_write(arena_printf(arena, "%s/id_a.pub", folder), other, strlen(other), 0600));
	assert_true(file_write(arena_printf(arena, "%s/work.pub", folder), mine, strlen(mine), 0600));
	open_state();
	instance("aws_instance.a", "i-a", "a", "198.51.100.1", "10.0.0.1", "sg-x");
	assert_null(load()->items[0].identity);
	put("aws_key_pair.k", "aws_key_pair", "{\"key_name\": \"k\", \"public_key\": \"ssh-ed25519 " ED " elsewhere\"}");
	setenv("SSH_AUTH_SOCK", "/tmp/agent", 1);
	assert_string_equal(load()->items[0].identity, arena_printf(arena, "%s.pub", private_key)); /* the agent may have it */
	unsetenv("SSH_AUTH_SOCK");
	assert_null(load()->items[0].identity); /* ssh would take the public one for it */
	assert_true(file_write(private_key, "x", 1, 0600));
	assert_string_equal(load()->items[0].identity, private_key);
	/* a name that would be a line of its own in ssh's files is no key's, whoever has chosen it */
	assert_true(file_write(arena_printf(arena, "%s/a\n ProxyCommand x.pub", folder), mine, strlen(mine), 0600));
	assert_string_equal(load()->items[0].identity, private_key);
	state_close(state);
}

/* ---- rsync ---- */

static const char *line_of(const struct sync_options *options)
{
	const char *why;
	const char *const *argv = sync_arguments(arena, options, &why);
	AUTO_BUF struct buf line = BUF_INIT;
	if (!argv)
		return why;
	for (; *argv; argv++)
		buf_addf(&line, "%s|", *argv);
	return buf_copy(&line, arena);
}

static void arguments_of_rsync(void **ignored)
{
	(void)ignored;
	static const char *const ssh[] = {"ssh", "-F", "/a b/it's", NULL};
	const struct host host = {.id = "i-1"};
	assert_int_equal(chdir(dir), 0);
	assert_true(make_directories("src", 0700));
	assert_true(file_write("src/.gitignore", "*.o\n", 4, 0600) && file_write("-f:x", "", 0, 0600));
	struct sync_options options = {.ssh = ssh, .host = &host, .local = "src"};
	assert_string_equal(line_of(&options), "rsync|-rlptz|--partial|-s|-v|--exclude=.infra/|--exclude=.git|--filter=dir-merge,- .gitignore|-e|"
					       "'ssh' '-F' '/a b/it''s'|--|./src|i-1:.|");
	options.local = "src/";
	options.all = true;
	assert_non_null(strstr(line_of(&options), "-v|--exclude=.infra/|-e|"));
	assert_non_null(strstr(line_of(&options), "|--|./src/|i-1:./src/|"));
	options.local = "-f:x"; /* neither an option nor a host */
	options.remote = "-rf";
	assert_non_null(strstr(line_of(&options), "|--|./-f:x|i-1:./-rf|"));
	options.remote = "~/to/";
	assert_non_null(strstr(line_of(&options), "|i-1:./to/|"));
	options.remove = options.dry_run = true;
	assert_non_null(strstr(line_of(&options), "|--dry-run|--itemize-changes|--delete|"));
	options.local = "gone";
	assert_string_equal(line_of(&options), "there is no gone here");
	options = (struct sync_options){.ssh = ssh, .host = &host, .pull = true};
	assert_non_null(strstr(line_of(&options), "is needed"));
	options.remote = "/efs/a";
	assert_non_null(strstr(line_of(&options), "|--|i-1:/efs/a|.|"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(words_reach_the_other_shell_as_they_are, setup, teardown),
		cmocka_unit_test_setup_teardown(paths_in_files_of_ssh, setup, teardown),
		cmocka_unit_test_setup_teardown(words_that_are_safe, setup, teardown),
		cmocka_unit_test_setup_teardown(users_of_images, setup, teardown),
		cmocka_unit_test_setup_teardown(keys_in_consoles, setup, teardown),
		cmocka_unit_test_setup_teardown(hosts_are_found_by_what_they_are_called, setup, teardown),
		cmocka_unit_test_setup_teardown(jump_hosts, setup, teardown),
		cmocka_unit_test_setup_teardown(names_from_the_cloud_inject_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(keys_of_hosts_that_are_gone_do_not_stay, setup, teardown),
		cmocka_unit_test_setup_teardown(private_keys_are_found_by_their_public_halves, setup, teardown),
		cmocka_unit_test_setup_teardown(arguments_of_rsync, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
