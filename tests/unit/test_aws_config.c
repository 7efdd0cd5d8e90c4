/* SPDX-License-Identifier: Apache-2.0 */
/* Shared files and endpoints, against what botocore makes of them (tests/aws/collect_config.py). */
#include "aws/config.h"
#include "aws/endpoint.h"
#include "aws/ini.h"
#include "aws/shape.h"
#include "base/buf.h"
#include "base/diag.h"
#include "base/file.h"
#include "base/vec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>

#include <cmocka.h>

extern char **environ;

static struct arena *arena;
static struct diags diags;

static void clear_environment(void)
{
	for (size_t i = 0; environ[i];) {
		char name[200];
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(environ[i], "="), environ[i]);
		if (!strncmp(name, "AWS_", 4))
			unsetenv(name);
		else
			i++;
	}
	setenv("HOME", "/nonexistent", 1);
}

static int setup(void **state)
{
	(void)state;
	clear_environment();
	arena = arena_new();
	diags_init(&diags);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	diags_release(&diags);
	return 0;
}

static char *load(const char *path)
{
	struct buf text = BUF_INIT;
	if (!file_read(path, 0, &text))
		fail_msg("%s cannot be read", path);
	char *copy = buf_copy(&text, arena);
	buf_release(&text);
	return copy;
}

/* The fields of a line, separated by tabs. */
static void split(char *line, char **fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		fields[i] = line ? line : (char[]){""};
		line = line ? strchr(line, '\t') : NULL;
		if (line)
			*line++ = '\0';
	}
}

static void endpoints_are_botocores(void **state)
{
	(void)state;
	unsigned lines = 0;
	char *save, *text = load("tests/aws/endpoints.tsv");
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save), lines++) {
		char *f[6];
		split(line, f, 6);
		struct aws_endpoint got = {"none", "none", false};
		bool found = aws_endpoint_of(arena, f[0], f[1], *f[2] == '1', *f[3] == '1', &got);
		assert_int_equal(found, strcmp(f[4], "none") != 0);
		if (strcmp(got.url, f[4]) || strcmp(got.signing_region, f[5]))
			fail_msg("%s in %s, fips %s, dual-stack %s: %s signed for %s, not %s for %s", f[0], f[1], f[2], f[3], got.url,
				 got.signing_region, f[4], f[5]);
	}
	assert_true(lines > 1000);
}

static void play_config(const char *folder)
{
	clear_environment();
	setenv("AWS_CONFIG_FILE", arena_printf(arena, "%s/config", folder), 1);
	setenv("AWS_SHARED_CREDENTIALS_FILE", arena_printf(arena, "%s/credentials", folder), 1);
	char *save, *text = load(arena_printf(arena, "%s/env", folder));
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *value = strchr(line, '=');
		*value++ = '\0';
		setenv(line, value, 1);
	}
	struct aws_config *config = aws_config_new(NULL, &diags);
	assert_non_null(config);
	text = load(arena_printf(arena, "%s/expect", folder));
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *f[3];
		split(line, f, 3);
		const char *got;
		char *dot = strchr(f[1], '.');
		if (!strcmp(f[0], "credentials")) /* test_credentials.c looks at those */
			continue;
		if (!strcmp(f[0], "endpoint")) {
			got = aws_config_endpoint_url(config, f[1], aws_text(aws_service_find(f[1])->id));
		} else if (dot) {
			*dot = '\0';
			got = aws_config_get_nested(config, f[0], f[1], dot + 1);
		} else {
			got = aws_config_get(config, f[0], f[1]);
		}
		if (strcmp(got ? got : "", f[2]))
			fail_msg("%s: %s %s is \"%s\", not \"%s\"", folder, f[0], f[1], got ? got : "", f[2]);
	}
	aws_config_free(config);
}

static void files_are_read_as_botocore_does(void **state)
{
	(void)state;
	char **names;
	size_t count;
	assert_true(directory_list(arena, "tests/aws/config", &names, &count));
	assert_true(count > 10);
	for (size_t i = 0; i < count; i++)
		play_config(arena_printf(arena, "tests/aws/config/%s", names[i]));
}

static char directory[] = "/tmp/test_aws_config.XXXXXX";

static const char *write_file(const char *name, const char *text)
{
	const char *path = arena_printf(arena, "%s/%s", directory, name);
	assert_true(file_write(path, text, strlen(text), 0600));
	return path;
}

static void arguments_and_environment(void **state)
{
	(void)state;
	const char *file = write_file("config", "[default]\nregion = from-file\nuse_fips_endpoint = true\nmax_attempts = 7\n"
						"[profile a]\nregion = from-a\n[profile b]\ns3 =\n  addressing_style = path\n");
	setenv("AWS_CONFIG_FILE", file, 1);
	struct aws_config *config = aws_config_new(NULL, &diags);
	assert_string_equal(aws_config_region(config), "from-file");
	assert_true(aws_config_fips(config));
	assert_false(aws_config_dual_stack(config));
	assert_int_equal(aws_config_max_attempts(config), 7);
	size_t count;
	aws_config_profiles(config, &count);
	assert_int_equal(count, 3);
	aws_config_free(config);

	setenv("AWS_DEFAULT_REGION", "from-default", 1);
	setenv("AWS_PROFILE", "b", 1);
	setenv("AWS_USE_DUALSTACK_ENDPOINT", "True", 1);
	config = aws_config_new(&(struct aws_settings){.fips = -1}, &diags);
	assert_string_equal(aws_config_profile(config), "b");
	assert_string_equal(aws_config_region(config), "from-default");
	assert_true(aws_config_s3_path_style(config));
	assert_false(aws_config_fips(config));
	assert_true(aws_config_dual_stack(config));
	aws_config_free(config);

	setenv("AWS_REGION", "from-region", 1);
	const char *const services[] = {"elb_v2", "sqs"}, *const urls[] = {"http://elb", ""};
	setenv("AWS_ENDPOINT_URL_SQS", "http://sqs", 1);
	struct aws_settings settings = {
		.profile = "a", .endpoint_services = services, .endpoint_urls = urls, .endpoint_count = 2};
	config = aws_config_new(&settings, &diags);
	assert_string_equal(aws_config_region(config), "from-region");
	assert_string_equal(aws_config_endpoint_url(config, "elbv2", "Elastic_Load_Balancing_v2"), "http://elb");
	assert_string_equal(aws_config_endpoint_url(config, "sqs", "SQS"), "http://sqs");
	assert_null(aws_config_endpoint_url(config, "ec2", "EC2"));
	aws_config_free(config);
	settings.region = "argument";
	config = aws_config_new(&settings, &diags);
	assert_string_equal(aws_config_region(config), "argument");
	aws_config_free(config);
}

static const char *complaint(const struct aws_settings *settings)
{
	diags_clear(&diags);
	assert_null(aws_config_new(settings, &diags));
	assert_int_equal(diags.error_count, 1);
	return arena_printf(arena, "%s: %s", diags.items[0].summary, diags.items[0].detail);
}

static void mistakes_are_told(void **state)
{
	(void)state;
	const char *file = write_file("config", "[profile training]\nregion = a\n");
	setenv("AWS_CONFIG_FILE", file, 1);
	setenv("AWS_PROFILE", "trainig", 1);
	assert_string_equal(complaint(NULL),
			    arena_printf(arena, "No such AWS profile: The environment variable AWS_PROFILE asks for the profile "
						"\"trainig\", which is not in %s. Did you mean \"training\"?", file));
	setenv("AWS_CONFIG_FILE", "/no/such", 1);
	assert_non_null(strstr(complaint(&(struct aws_settings){.profile = "x"}), "there are no shared AWS config and credentials files"));
	unsetenv("AWS_PROFILE");
	const char *const missing[] = {"/no/such"};
	assert_non_null(strstr(complaint(&(struct aws_settings){.config_files = missing, .config_file_count = 1}),
			       "The file /no/such cannot be read: No such file or directory."));
	static const struct {
		const char *text, *want;
	} cases[] = {
		{"region = a\n", "Line 1 of "},
		{"[default]\nnothing here\n", "neither a section, nor \"name = value\""},
		{"[default\n", "a section's \"[\" is not closed"},
		{"\n[]\n", "Line 2 of "},
		{"[profile \"a]\n", "a quoted name is not closed"},
		{"[default]\n= x\n", "neither a section"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		setenv("AWS_CONFIG_FILE", write_file("config", cases[i].text), 1);
		assert_non_null(strstr(complaint(NULL), cases[i].want));
	}
	unlink(arena_printf(arena, "%s/config", directory));
}

/* What botocore does not do: comments behind values, lines that go on, odd ends. */
static void the_form_of_the_files(void **state)
{
	(void)state;
	const char text[] = "\xef\xbb\xbf[profile \"with space\"] # comment\r\nA = b # c\r\nurl=http://x/#y\n key2\n more\n[x]\nlast=1";
	unsigned line;
	const char *why;
	const struct ini *ini = ini_parse(arena, text, strlen(text), &line, &why);
	assert_non_null(ini);
	assert_int_equal(ini->section_count, 2);
	const struct ini_section *s = &ini->sections[0];
	assert_string_equal(s->kind, "profile");
	assert_string_equal(s->name, "with space");
	assert_int_equal(s->property_count, 2);
	assert_string_equal(s->properties[0].name, "a");
	assert_string_equal(s->properties[0].value, "b");
	assert_string_equal(s->properties[1].value, "http://x/#y\nkey2\nmore");
	assert_int_equal(s->properties[1].line, 3);
	assert_string_equal(ini->sections[1].properties[0].value, "1");
}

static void partitions_and_regions(void **state)
{
	(void)state;
	static const char *const cases[][2] = {{"us-east-1", "aws"},	  {"us-gov-west-1", "aws-us-gov"}, {"us-gov-new-7", "aws-us-gov"},
					       {"cn-north-1", "aws-cn"},  {"us-iso-east-1", "aws-iso"},	   {"us-isob-east-9", "aws-iso-b"},
					       {"eu-isoe-x", "aws-iso-e"}, {"eu-new-1", "aws"},	   {"zz-top-1", "aws"}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(aws_partition_of_region(cases[i][0])->name, cases[i][1]);
	assert_string_equal(aws_partition_find("aws-cn")->dns_suffix, "amazonaws.com.cn");
	assert_null(aws_partition_find("aws-xx"));
	assert_true(aws_region_is_known("eu-central-1"));
	assert_false(aws_region_is_known("eu-central"));
	assert_string_equal(aws_region_nearest("us-esat-1"), "us-east-1");
	assert_false(aws_region_is_valid("us-east-1.evil.example"));
	assert_false(aws_region_is_valid(""));
}

static void endpoints_with_configuration(void **state)
{
	(void)state;
	struct aws_endpoint e;
	const struct aws_service *iam = aws_service_find("iam"), *ec2 = aws_service_find("ec2");
	struct aws_config *config = aws_config_new(NULL, &diags);
	assert_true(aws_endpoint_find(arena, config, ec2, "eu-west-1", &e, &diags));
	assert_string_equal(e.url, "https://ec2.eu-west-1.amazonaws.com");
	assert_false(e.configured);
	assert_false(aws_endpoint_find(arena, config, ec2, "x.example.com/", &e, &diags));
	setenv("AWS_ENDPOINT_URL", "http://localhost:4566//", 1);
	assert_true(aws_endpoint_find(arena, config, iam, "eu-west-1", &e, &diags));
	assert_string_equal(e.url, "http://localhost:4566");
	assert_string_equal(e.signing_region, "us-east-1");
	assert_true(e.configured);
	setenv("AWS_ENDPOINT_URL", "localhost:4566", 1);
	assert_false(aws_endpoint_find(arena, config, iam, "eu-west-1", &e, &diags));
	unsetenv("AWS_ENDPOINT_URL");
	setenv("AWS_USE_FIPS_ENDPOINT", "true", 1);
	assert_false(aws_endpoint_find(arena, config, aws_service_find("s3"), "cn-north-1", &e, &diags));
	assert_non_null(strstr(diags.items[diags.count - 1].detail, "s3 has no FIPS endpoint in cn-north-1"));
	aws_config_free(config);

	assert_true(aws_endpoint_of(arena, "s3", "us-east-1", false, false, &e));
	assert_true(aws_bucket_in_host("my-bucket", &e, false));
	assert_false(aws_bucket_in_host("my.bucket", &e, false));
	assert_false(aws_bucket_in_host("My_Bucket", &e, false));
	assert_false(aws_bucket_in_host("my-bucket", &e, true));
	assert_string_equal(aws_bucket_url(arena, "my-bucket", &e), "https://my-bucket.s3.us-east-1.amazonaws.com");
	e.configured = true;
	assert_false(aws_bucket_in_host("my-bucket", &e, false));
}

int main(void)
{
	if (!mkdtemp(directory))
		return 1;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(endpoints_are_botocores, setup, teardown),
		cmocka_unit_test_setup_teardown(files_are_read_as_botocore_does, setup, teardown),
		cmocka_unit_test_setup_teardown(arguments_and_environment, setup, teardown),
		cmocka_unit_test_setup_teardown(mistakes_are_told, setup, teardown),
		cmocka_unit_test_setup_teardown(the_form_of_the_files, setup, teardown),
		cmocka_unit_test_setup_teardown(partitions_and_regions, setup, teardown),
		cmocka_unit_test_setup_teardown(endpoints_with_configuration, setup, teardown),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(directory);
	return failed;
}
