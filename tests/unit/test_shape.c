/* SPDX-License-Identifier: Apache-2.0 */
#include "aws/shape.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct aws_operation *op(const char *service, const char *name)
{
	const struct aws_service *s = aws_service_find(service);
	assert_non_null(s);
	const struct aws_operation *found = aws_operation_find(s, name);
	assert_non_null(found);
	return found;
}

static void services_are_found(void **state)
{
	(void)state;
	const struct aws_service *ec2 = aws_service_find("ec2");
	assert_non_null(ec2);
	assert_int_equal(ec2->protocol, AWS_EC2);
	assert_string_equal(aws_text(ec2->version), "2016-11-15");
	assert_null(aws_service_find("ec3"));
	assert_null(aws_service_find(""));
	const struct aws_service *elb = aws_service_find("elbv2");
	assert_string_equal(aws_text(elb->endpoint), "elasticloadbalancing");
	assert_string_equal(aws_text(aws_service_find("iam")->global), "iam.amazonaws.com");
	assert_string_equal(aws_text(aws_service_find("ssm")->target), "AmazonSSM");
	assert_string_equal(aws_text(aws_service_find("sagemaker")->signing), "sagemaker");
	assert_int_equal(aws_service_find("cloudwatch")->protocol, AWS_JSON);
	assert_true(aws_service_find("cloudwatch")->query_errors);
}

static void operations_and_members_are_found(void **state)
{
	(void)state;
	const struct aws_operation *run = op("ec2", "RunInstances");
	assert_string_equal(aws_text(run->method), "POST");
	const struct aws_shape *input = aws_shape_at(run->input);
	assert_string_equal(aws_text(input->name), "RunInstancesRequest");
	const struct aws_member *token = aws_operation_token(run);
	assert_string_equal(aws_text(token->name), "ClientToken");
	const struct aws_member *min = aws_member_find(input, "MinCount");
	assert_true(min->flags & AWS_MEMBER_REQUIRED);
	assert_int_equal(aws_member_shape(min)->kind, AWS_INTEGER);
	assert_null(aws_member_find(input, "minCount"));
	assert_null(aws_operation_find(aws_service_find("ec2"), "RunInstance"));
	assert_string_equal(aws_operation_nearest(aws_service_find("ec2"), "RunInstance"), "RunInstances");

	const struct aws_shape *answer = aws_shape_at(op("ec2", "DescribeVpcs")->output);
	const struct aws_member *vpcs = aws_member_find(answer, "Vpcs");
	assert_string_equal(aws_text(vpcs->wire), "vpcSet");
	assert_ptr_equal(aws_member_by_wire(answer, "vpcSetX", 6), vpcs);
	assert_null(aws_member_by_wire(answer, "vpcSe", 5));
	assert_null(aws_member_by_wire(answer, "vpcSetX", 7));
	assert_string_equal(aws_text(aws_operation_page(op("ec2", "DescribeVpcs"))->keys[0]), "Vpcs");
	assert_null(aws_operation_page(op("ec2", "CreateVpc")));
	assert_null(aws_shape_at(op("ec2", "DeleteVpc")->output));
}

static void names_match_by_the_rule(void **state)
{
	(void)state;
	assert_true(aws_names_match("cidr_block", "CidrBlock"));
	assert_true(aws_names_match("kms_key_id", "KMSKeyId"));
	assert_true(aws_names_match("security_group", "SecurityGroups"));
	assert_true(aws_names_match("policies", "Policy"));
	assert_true(aws_names_match("alias", "Aliases"));
	assert_false(aws_names_match("size", "Siz"));
	assert_false(aws_names_match("iess", "i"));
	assert_false(aws_names_match("cidr", "CidrBlock"));
	assert_false(aws_names_match("", "s"));
	const struct aws_shape *input = aws_shape_at(op("ec2", "RunInstances")->input);
	assert_string_equal(aws_text(aws_member_match(input, "instance_type")->name), "InstanceType");
	assert_string_equal(aws_text(aws_member_match(input, "security_group")->name), "SecurityGroups");
	/* Where singular and plural are both there, the exact one is taken. */
	const struct aws_shape *address = aws_shape_find(aws_service_find("ec2"), "InstanceNetworkInterfaceSpecification");
	assert_string_equal(aws_text(aws_member_match(address, "private_ip_address")->name), "PrivateIpAddress");
	assert_string_equal(aws_text(aws_member_match(address, "private_ip_addresses")->name), "PrivateIpAddresses");
	assert_null(aws_member_match(input, "instance_typo"));
	assert_string_equal(aws_member_nearest(input, "InstanceTypo"), "InstanceType");
}

static void errors_and_enums_are_found(void **state)
{
	(void)state;
	const struct aws_service *iam = aws_service_find("iam");
	const struct aws_shape *gone = aws_error_find(iam, "NoSuchEntity");
	assert_non_null(gone);
	assert_int_equal(gone->status, 404);
	assert_ptr_equal(aws_error_find(iam, "NoSuchEntityException"), gone);
	assert_null(aws_error_find(iam, "NoSuchThing"));
	const struct aws_shape *state_enum = aws_shape_find(aws_service_find("ec2"), "VpcState");
	assert_int_equal(state_enum->kind, AWS_ENUM);
	assert_true(aws_enum_has(state_enum, "available!", 9));
	assert_false(aws_enum_has(state_enum, "availabl", 8));
	assert_string_equal(aws_enum_nearest(state_enum, "avialable"), "available");
}

/* Every index stands inside its table, every order holds: what binary search relies on. */
static void tables_are_sound(void **state)
{
	(void)state;
	size_t operations = 0;
	for (size_t i = 0; i < aws_service_count; i++) {
		const struct aws_service *s = &aws_services[i];
		assert_ptr_equal(aws_service_find(aws_text(s->name)), s);
		for (size_t k = 0; k < s->operation_count; k++, operations++) {
			const struct aws_operation *o = &aws_operations[s->first_operation + k];
			assert_ptr_equal(aws_operation_service(o), s);
			assert_ptr_equal(aws_operation_find(s, aws_text(o->name)), o);
			for (size_t e = 0; e < o->error_count; e++)
				assert_true(aws_shapes[aws_refs[o->first_error + e]].flags & AWS_SHAPE_ERROR);
			if (o->page) {
				const struct aws_page *page = aws_operation_page(o);
				for (size_t n = 0; n < ARRAY_LEN(page->in) && page->in[n]; n++)
					assert_non_null(aws_member_find(aws_shape_at(o->input), aws_text(page->in[n])));
			}
		}
		for (size_t k = 0; k < s->shape_count; k++) {
			const struct aws_shape *shape = &aws_shapes[s->first_shape + k];
			assert_ptr_equal(aws_shape_find(s, aws_text(shape->name)), shape);
			if (shape->kind != AWS_STRUCT)
				continue;
			for (size_t m = 0; m < shape->count; m++) {
				const struct aws_member *member = &aws_members[shape->first + m];
				assert_ptr_equal(aws_member_find(shape, aws_text(member->name)), member);
				const char *wire = aws_text(member->wire);
				if (member->location == AWS_IN_BODY)
					assert_string_equal(aws_text(aws_member_by_wire(shape, wire, strlen(wire))->wire), wire);
			}
		}
	}
	assert_true(operations > 2500);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(services_are_found),
		cmocka_unit_test(operations_and_members_are_found),
		cmocka_unit_test(names_match_by_the_rule),
		cmocka_unit_test(errors_and_enums_are_found),
		cmocka_unit_test(tables_are_sound),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
