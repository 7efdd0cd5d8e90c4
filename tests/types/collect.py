#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ask Terraform's AWS provider for the facts that our type files must agree with.

    tests/types/collect.py PROVIDER SCHEMA [TYPE...]

PROVIDER is the provider's binary, SCHEMA the output of `terraform providers schema -json`. Two
files are written here, one type a line (with TYPEs, only those lines are renewed):

schema.json   {"resource": {type: block}, "data": {type: block}}, without descriptions. A block is
              {"attributes": {name: {"type": ..., "flags": "..."}}, "blocks": {name: {"nesting":
              ..., "min": n, "max": n, "block": block}}, "version": n}. The flags are letters:
              r required, o optional, c computed, s sensitive, d deprecated, w write-only.

actions.json  {type: {"create": ..., "change": ..., ...}}, from PlanResourceChange:
  create.given     the arguments of the smallest object that we plan
  create.defaults  {path: value} of arguments not given that the plan shows with a value
  create.later     paths that are known after apply
  blocks           {path of a block: the same three}, when it holds its required arguments
  change           {path: [what happens when the value changes, when it is removed, when it is
                   added]}, each of replace, update, none, error, or null where it can not be done;
                   the path of a block stands for the whole block
  values           {path: [the value before, the value after]} that these changes used
  rewrites         {path: [given, planned]} where the plan does not show the value as it is given
  replaced_by      {path: other paths that force the replacement}, where not the path itself does
  errors           {path: the first error} of plans that failed
  unsettled        paths that a plan without any change still wants to change: judge no others by

Plans of aws_instance ask AWS: lead them to a server that plays it, with AWS_ENDPOINT_URL (tests/tools/moto_server.py).

Elements of a set are written with their block's path, as those of a list are: "ingress.from_port".
"""
import copy
import json
import os
import re
import sys

from plugin import Provider, UNKNOWN

HERE = os.path.dirname(os.path.abspath(__file__))

RESOURCES = """
aws_vpc aws_subnet aws_internet_gateway aws_route_table aws_route aws_route_table_association
aws_main_route_table_association aws_eip aws_nat_gateway aws_security_group
aws_security_group_rule aws_vpc_security_group_ingress_rule aws_vpc_security_group_egress_rule
aws_efs_file_system aws_efs_mount_target aws_instance aws_key_pair aws_ebs_volume
aws_volume_attachment aws_ssm_parameter aws_iam_role aws_iam_role_policy aws_iam_policy
aws_iam_role_policy_attachment aws_iam_instance_profile
aws_launch_template aws_spot_instance_request aws_placement_group aws_network_interface
aws_eip_association aws_autoscaling_group aws_autoscaling_policy aws_default_vpc
aws_default_security_group aws_default_route_table aws_vpc_endpoint aws_efs_access_point
aws_s3_bucket aws_s3_object aws_s3_bucket_versioning aws_s3_bucket_public_access_block
aws_s3_bucket_lifecycle_configuration aws_s3_bucket_server_side_encryption_configuration
aws_s3_bucket_policy aws_s3_bucket_ownership_controls aws_s3_bucket_acl
aws_cloudwatch_log_group aws_cloudwatch_metric_alarm aws_cloudwatch_dashboard
aws_kms_key aws_kms_alias aws_budgets_budget aws_iam_user aws_iam_policy_attachment
aws_sagemaker_notebook_instance aws_sagemaker_notebook_instance_lifecycle_configuration
aws_sagemaker_code_repository aws_secretsmanager_secret aws_secretsmanager_secret_version
aws_sns_topic aws_sns_topic_subscription aws_sqs_queue aws_dynamodb_table aws_ecr_repository
aws_lb aws_lb_listener aws_lb_target_group aws_lb_target_group_attachment aws_route53_zone
aws_route53_record
""".split()
DATA = """
aws_vpc aws_subnet aws_subnets aws_ami aws_availability_zones aws_caller_identity aws_region
aws_partition aws_iam_policy_document aws_ssm_parameter aws_security_group aws_security_groups
aws_route_table aws_internet_gateway aws_efs_file_system aws_iam_role aws_iam_policy aws_kms_key
aws_s3_bucket aws_ec2_instance_type aws_ec2_instance_type_offerings aws_ec2_spot_price
aws_instance aws_instances aws_route53_zone aws_acm_certificate aws_key_pair aws_eip
aws_availability_zone aws_default_tags
""".split()

POLICY = ['{"Version":"2012-10-17","Statement":[{"Effect":"%s","Action":"*","Resource":"*"}]}' % e
          for e in ("Allow", "Deny")]
TRUST = ['{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",'
         '"Principal":{"Service":"%s.amazonaws.com"}}]}' % s for s in ("ec2", "lambda")]
KEYS = ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI%s one@host" % (c * 43) for c in "BC"]

# The smallest sensible object of a type, beyond what the schema requires.
GIVEN = {
    "aws_vpc": {"cidr_block": "10.0.0.0/16"},
    "aws_subnet": {"cidr_block": "10.0.1.0/24"},
    "aws_route": {"destination_cidr_block": "0.0.0.0/0", "gateway_id": "igw-1"},
    "aws_route_table_association": {"subnet_id": "subnet-1"},
    "aws_eip": {"domain": "vpc"},
    "aws_nat_gateway": {"allocation_id": "eipalloc-1"},
    "aws_security_group_rule": {"type": "ingress", "protocol": "tcp",
                                "cidr_blocks": ["10.0.0.0/8"]},
    "aws_vpc_security_group_ingress_rule": {"ip_protocol": "tcp", "cidr_ipv4": "10.0.0.0/8",
                                            "from_port": 22, "to_port": 22},
    "aws_vpc_security_group_egress_rule": {"ip_protocol": "tcp", "cidr_ipv4": "10.0.0.0/8",
                                           "from_port": 22, "to_port": 22},
    "aws_instance": {"ami": "ami-1", "instance_type": "t3.micro"},
    "aws_key_pair": {"public_key": KEYS[0]},
    "aws_ebs_volume": {"size": 8},
    "aws_ssm_parameter": {"type": "String", "value": "v"},
    "aws_spot_instance_request": {"ami": "ami-1", "instance_type": "t3.micro"},
    "aws_dynamodb_table": {"hash_key": "id", "billing_mode": "PAY_PER_REQUEST",
                           "attribute": [{"name": "id", "type": "S"}]},
    "aws_lb_target_group": {"port": 80, "protocol": "HTTP", "vpc_id": "vpc-1"},
    "aws_cloudwatch_metric_alarm": {"statistic": "Sum", "metric_name": "M", "namespace": "N",
                                    "period": 60, "threshold": 1},
}

# What else an argument needs around it; None takes away what GIVEN put there.
WITH = {
    "aws_ebs_volume.iops": {"type": "gp3"},
    "aws_ebs_volume.throughput": {"type": "gp3"},
    "aws_ebs_volume.multi_attach_enabled": {"type": "io1", "iops": 100},
    "aws_nat_gateway.connectivity_type": {"allocation_id": None},
    "aws_nat_gateway.private_ip": {"allocation_id": None, "connectivity_type": "private"},
    "aws_nat_gateway.secondary_private_ip_address_count":
        {"allocation_id": None, "connectivity_type": "private"},
    "aws_nat_gateway.secondary_private_ip_addresses":
        {"allocation_id": None, "connectivity_type": "private"},
    "aws_ssm_parameter.insecure_value": {"value": None},
    "aws_ssm_parameter.value_wo": {"value": None, "value_wo_version": 1},
    "aws_ssm_parameter.value_wo_version": {"value": None, "value_wo": "v"},
    "aws_placement_group.partition_count": {"strategy": "partition"},
    "aws_placement_group.spread_level": {"strategy": "spread"},
    "aws_sns_topic.fifo_throughput_scope": {"fifo_topic": True, "name": "x.fifo"},
    "aws_sns_topic.content_based_deduplication": {"fifo_topic": True, "name": "x.fifo"},
    "aws_sns_topic_subscription.filter_policy_scope": {"filter_policy": '{"a":["b"]}'},
    "aws_sqs_queue.content_based_deduplication": {"fifo_queue": True, "name": "x.fifo"},
    "aws_route.destination_prefix_list_id": {"destination_cidr_block": None},
    "aws_route.destination_ipv6_cidr_block": {"destination_cidr_block": None},
    "aws_route_table_association.gateway_id": {"subnet_id": None},
    "aws_security_group_rule.self": {"cidr_blocks": None},
    "aws_security_group_rule.source_security_group_id": {"cidr_blocks": None},
    "aws_security_group_rule.ipv6_cidr_blocks": {"cidr_blocks": None},
    "aws_security_group_rule.prefix_list_ids": {"cidr_blocks": None},
}
for _rule in ("ingress", "egress"):
    for _end in ("cidr_ipv6", "prefix_list_id", "referenced_security_group_id"):
        WITH["aws_vpc_security_group_%s_rule.%s" % (_rule, _end)] = {"cidr_ipv4": None}
for _target in ("carrier_gateway_id core_network_arn egress_only_gateway_id local_gateway_id "
                "nat_gateway_id network_interface_id transit_gateway_id vpc_endpoint_id "
                "vpc_peering_connection_id").split():
    WITH["aws_route." + _target] = {"gateway_id": None}

# What an existing object has, where "known" would not do for a value known after apply.
SETTLED = {
    "aws_instance.user_data": None,
    "aws_instance.user_data_base64": None,
    "aws_instance.ebs_block_device.snapshot_id": "",
    "aws_spot_instance_request.user_data": None,
    "aws_spot_instance_request.user_data_base64": None,
    "aws_spot_instance_request.ebs_block_device.snapshot_id": "",
    "aws_sns_topic.fifo_throughput_scope": "",
    "aws_lb_target_group.protocol_version": "HTTP1",
    "aws_lb_listener.protocol": "HTTP",
    "aws_dynamodb_table.read_capacity": 0,
    "aws_dynamodb_table.write_capacity": 0,
    "aws_lb.subnet_mapping.outpost_id": "",
    "aws_network_interface.private_ip_list": [],
    "aws_network_interface.ipv6_address_list": [],
}

# Values to change between, by the end of a path; the first that fits counts.
VALUES = [
    (r"aws_iam_role\.assume_role_policy$", TRUST),
    (r"public_key$", KEYS),
    (r"aws_ssm_parameter\.policies$", ["[]", '[{"Type":"NoChangeNotification"}]']),
    (r"policy$", POLICY),
    (r"policy_arn$|permissions_boundary$|managed_policy_arns$",
     ["arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:iam::aws:policy/PowerUserAccess"]),
    (r"destination_cidr_block$", ["10.1.0.0/16", "10.2.0.0/16"]),
    (r"ipv6_cidr_blocks?$|cidr_ipv6$|destination_ipv6_cidr_block$",
     ["2001:db8:1::/64", "2001:db8:2::/64"]),
    (r"cidr_blocks?$|cidr_ipv4$", ["10.0.1.0/24", "10.0.2.0/24"]),
    (r"ipv6_address(es)?$", ["2001:db8::1", "2001:db8::2"]),
    (r"netmask_length$", [24, 28]),
    (r"(private_ips?|public_ip|ip_address|private_ip_addresses|_with_private_ip)$",
     ["10.0.0.4", "10.0.0.5"]),
    (r"arn$|kms_key_id$", ["arn:aws:kms:us-east-1:123456789012:key/%d" % n for n in (1, 2)]),
    (r"filter_policy$|redrive_policy$|event_pattern$|dashboard_body$",
     ['{"a":["b"]}', '{"a":["c"]}']),
    (r"expiration\.date$|transition\.date$", ["2030-01-01T00:00:00Z", "2031-01-01T00:00:00Z"]),
    (r"availability_zone$|availability_zone_name$", ["us-east-1a", "us-east-1b"]),
    (r"availability_zone_id$", ["use1-az1", "use1-az2"]),
    (r"aws_efs_file_system\.creation_token$", ["one", "two"]),
    (r"user_data_base64$", ["b25l", "dHdv"]),
    (r"(protocol|ip_protocol)$", ["tcp", "udp"]),
    (r"instance_type$", ["t3.micro", "t3.small"]),
    (r"device_name$", ["/dev/sdf", "/dev/sdg"]),
    (r"volume_size$|\.size$", [8, 16]),
    (r"iops$", [3000, 4000]),
    (r"throughput$", [125, 250]),
    (r"port$", [80, 443]),
    (r"valid_until$", ["2030-01-01T00:00:00Z", "2031-01-01T00:00:00Z"]),
    (r"path$", ["/a/", "/b/"]),
    (r"max_session_duration$", [3600, 7200]),
    (r"aws_ssm_parameter\.name$", ["/one", "/two"]),
    (r"cpu_core_count$|core_count$|threads_per_core$", [1, 2]),
    (r"volume_type$|aws_ebs_volume\.type$", ["gp3", "io1"]),
]


# --- the schema

def load(path):
    schemas = json.load(open(path))["provider_schemas"]
    return [s for name, s in schemas.items() if name.endswith("/aws")][0]


def facts(block, version=None):
    out = {}
    attributes = {}
    for name, a in sorted(block.get("attributes", {}).items()):
        flags = "".join(letter for letter, key in (
            ("r", "required"), ("o", "optional"), ("c", "computed"), ("s", "sensitive"),
            ("d", "deprecated"), ("w", "write_only")) if a.get(key))
        attributes[name] = {"type": a["type"], "flags": flags}
    if attributes:
        out["attributes"] = attributes
    blocks = {}
    for name, b in sorted(block.get("block_types", {}).items()):
        blocks[name] = {"nesting": b["nesting_mode"]}
        for short, key in (("min", "min_items"), ("max", "max_items")):
            if b.get(key):
                blocks[name][short] = b[key]
        blocks[name]["block"] = facts(b["block"])
        if b["block"].get("deprecated"):
            blocks[name]["deprecated"] = True
    if blocks:
        out["blocks"] = blocks
    if version is not None:
        out["version"] = version
    return out


# --- values of the schema's shape

def empty(block):
    out = {name: None for name in block.get("attributes", {})}
    for name, b in block.get("block_types", {}).items():
        out[name] = None if b["nesting_mode"] in ("single", "group") else []
    return out


def fits(value, kind):
    if isinstance(kind, str):
        return {"string": str, "bool": bool, "number": int}.get(kind) is type(value)
    return False


def wrap(kind, value):
    """A value for an element as a value for the whole argument."""
    if isinstance(kind, str):
        return value
    if kind[0] in ("list", "set"):
        return [wrap(kind[1], value)]
    if kind[0] == "map":
        return {"k": wrap(kind[1], value)}
    return None


def innermost(kind):
    while not isinstance(kind, str) and kind[0] in ("list", "set", "map"):
        kind = kind[1]
    return kind


def object_value(kind, path, which, allowed):
    """Objects (arguments written as blocks): empty but for what `which` tells apart."""
    out = {}
    for name, member in kind[1].items():
        out[name] = None if not isinstance(member, str) else \
            {"string": "", "number": 0, "bool": False}[member]
        if not isinstance(member, str):
            out[name] = [] if member[0] in ("list", "set") else None
    for name in ("from_port", "to_port"):
        if name in out:
            out[name] = 22 + which
    for name, value in (("protocol", "tcp"), ("cidr_blocks", ["10.0.0.0/8"]),
                        ("cidr_block", "10.%d.0.0/16" % which), ("gateway_id", "igw-1")):
        if name in out:
            out[name] = value
    return out


def sample(type_name, path, kind, allowed):
    """Two values for an argument."""
    name = type_name + "." + ".".join(path)
    inner = innermost(kind)
    if not isinstance(inner, str):
        return [wrap_object(kind, object_value(inner, path, n, allowed)) for n in (0, 1)]
    pair = allowed.get(path)
    if not pair:
        for pattern, values in VALUES:
            if re.search(pattern, name) and fits(values[0], inner):
                pair = values
                break
    if not pair:
        pair = {"string": ["aaa", "bbb"], "number": [5, 7], "bool": [True, False]}[inner]
    return [wrap(kind, v) for v in pair[:2]]


def wrap_object(kind, value):
    return [wrap_object(kind[1], value)] if kind[0] in ("list", "set") else value


def smallest(type_name, block, path, allowed):
    out = empty(block)
    for name, a in block.get("attributes", {}).items():
        if a.get("required"):
            out[name] = sample(type_name, path + (name,), a["type"], allowed)[0]
    for name, b in block.get("block_types", {}).items():
        if b.get("min_items"):
            out[name] = [smallest(type_name, b["block"], path + (name,), allowed)]
    if type_name == "aws_lb_listener" and path == ("default_action",):
        out.update(type="forward", target_group_arn="arn:aws:x:us-east-1:123456789012:target/1")
    return out


def arguments(block, path=()):
    """Every argument that can be written: (path, attribute)."""
    for name, a in sorted(block.get("attributes", {}).items()):
        if a.get("optional") or a.get("required"):
            yield path + (name,), a
    for name, b in sorted(block.get("block_types", {}).items()):
        if name != "timeouts":
            yield from arguments(b["block"], path + (name,))


def blocks(block, path=()):
    for name, b in sorted(block.get("block_types", {}).items()):
        if name != "timeouts":
            yield path + (name,), b
            yield from blocks(b["block"], path + (name,))


def put(type_name, value, block, path, new, allowed, at=()):
    """Set one argument, making the blocks on the way."""
    if len(path) == 1:
        value[path[0]] = new
        return
    nested = block["block_types"][path[0]]
    if not value[path[0]]:
        made = smallest(type_name, nested["block"], at + (path[0],), allowed)
        value[path[0]] = made if nested["nesting_mode"] in ("single", "group") else [made]
    inside = value[path[0]]
    if isinstance(inside, list):
        inside = inside[0]
    put(type_name, inside, nested["block"], path[1:], new, allowed, at + (path[0],))


def get(value, path):
    for step in path:
        if isinstance(value, list):
            value = value[0] if value else None
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value


# --- what Terraform's core does around a provider's plan

def proposed(block, prior, config):
    """The prior object with the configuration laid over it."""
    prior = prior or empty(block)
    out = {}
    for name, a in block.get("attributes", {}).items():
        keep = config[name] is None and a.get("computed")
        out[name] = prior.get(name) if keep else config[name]
    for name, b in block.get("block_types", {}).items():
        mode, mine, old = b["nesting_mode"], config[name], prior.get(name)
        if mode in ("single", "group"):
            out[name] = None if mine is None else proposed(b["block"], old, mine)
        elif mode == "set":
            rest, out[name] = list(old or []), []
            for element in mine or []:
                match = [o for o in rest if same_but_computed(b["block"], o, element)]
                if match:
                    rest.remove(match[0])
                out[name].append(proposed(b["block"], match[0] if match else None, element))
        else:
            out[name] = [proposed(b["block"], old[i] if old and i < len(old) else None, element)
                         for i, element in enumerate(mine or [])]
    return out


def same_but_computed(block, old, config):
    for name, a in block.get("attributes", {}).items():
        if config[name] is None and a.get("computed"):
            continue
        if old[name] != config[name]:
            return False
    for name, b in block.get("block_types", {}).items():
        mine, other = config[name] or [], old[name] or []
        if b["nesting_mode"] in ("single", "group"):
            mine, other = [mine] if mine else [], [other] if other else []
        if len(mine) != len(other) or not all(
                same_but_computed(b["block"], o, m) for o, m in zip(other, mine)):
            return False
    return True


def settled(block, planned, path):
    """A planned object as it might look once it exists: everything known."""
    known = {"string": "known", "number": 1, "bool": False}
    out = {}
    for name, a in block.get("attributes", {}).items():
        value, kind, place = planned[name], a["type"], path + "." + name
        if value is UNKNOWN and place in SETTLED:
            value = SETTLED[place]
        elif value is UNKNOWN and name == "id":
            value = "id-1"
        elif value is UNKNOWN and name == "arn":
            value = "arn:aws:x:us-east-1:123456789012:y/z"
        elif value is UNKNOWN:
            value = known[kind] if isinstance(kind, str) else {} if kind[0] == "map" else []
        elif isinstance(value, list) and not isinstance(innermost(kind), str):
            members = innermost(kind)[1]
            value = [{k: known.get(members[k], []) if v is UNKNOWN else v for k, v in e.items()}
                     for e in value]
        out[name] = value
    for name, b in block.get("block_types", {}).items():
        value, place = planned[name], path + "." + name
        if value is UNKNOWN:
            value = []
        if isinstance(value, list):
            out[name] = [settled(b["block"], e, place) for e in value]
        else:
            out[name] = settled(b["block"], value, place) if value else None
    return out


def order(value):
    """Sets have no order; neither counts here."""
    if isinstance(value, list):
        return sorted((order(v) for v in value), key=repr)
    if isinstance(value, dict):
        return {k: order(v) for k, v in sorted(value.items())}
    return value


def walk(value, steps):
    for step in steps:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and step < len(value) else None
        else:
            value = value.get(step) if isinstance(value, dict) else None
    return value


def names(steps):
    return ".".join(s for s in steps if isinstance(s, str))


# --- the questions

class Asker:
    def __init__(self, provider, type_name, block):
        self.provider, self.type, self.block = provider, type_name, block
        self.allowed = {}

    def base(self):
        out = smallest(self.type, self.block, (), self.allowed)
        out.update(copy.deepcopy(GIVEN.get(self.type, {})))
        return out

    def with_value(self, path, value):
        config = self.base()
        config.update(WITH.get(self.type + "." + ".".join(path), {}))
        put(self.type, config, self.block, path, copy.deepcopy(value), self.allowed)
        return config

    def with_block(self, path):
        """A configuration that has this block, with its required arguments alone."""
        config = self.base()
        put(self.type, config, self.block, path + ("",), None, self.allowed)
        strip(config)
        return config

    def without_block(self, path):
        config = self.with_block(path)
        holder = get(config, path[:-1]) if path[:-1] else config
        if isinstance(holder, list):
            holder = holder[0]
        holder[path[-1]] = [] if isinstance(holder[path[-1]], list) else None
        return config

    def validate(self):
        """What an enumeration allows serves as samples; what else is refused is asked by collect_checks.py."""
        for path, a in arguments(self.block):
            inner = innermost(a["type"])
            trials = {"string": ["aaa", ""], "number": [-1, 0, 100000]}.get(
                inner if isinstance(inner, str) else "", [])
            for trial in trials:
                found = [d for d in self.provider.validate(
                    self.type, self.with_value(path, wrap(a["type"], trial))) if d[0] == "error"]
                # an error about this argument, not about which arguments go together
                found = [(s + (": " + d if d else "")) for _, s, d, where in found
                         if names(where) == names(path) or path[-1] in s]
                found = [f for f in found if not re.search(
                    r"conflicts with|one of `|must be specified|Missing required|Invalid "
                    r"Attribute Combination|Conflicting configuration", f)]
                if not found:
                    continue
                text = re.sub(r"\s+", " ", found[0]).strip()
                m = re.search(r'(?:to be one of|must be one of:?) \[(.*?)\]', text)
                choices = re.findall(r'"([^"]*)"', m.group(1)) if m else []
                if len(choices) > 1 and inner == "string":
                    self.allowed[path] = [c for c in choices if c][:2]

    def create(self, config):
        return self.provider.plan(self.type, None, proposed(self.block, None, config), config)

    def shown(self, block, config, planned, path, defaults, later):
        """What a plan of a new object says of that which the configuration leaves open."""
        for name, a in sorted(block.get("attributes", {}).items()):
            if config.get(name) is not None:
                continue
            if planned[name] is UNKNOWN:
                later.append(".".join(path + (name,)))
            elif planned[name] is not None and a.get("optional"):
                defaults[".".join(path + (name,))] = planned[name]
        for name, b in sorted(block.get("block_types", {}).items()):
            mine, theirs = config.get(name), planned[name]
            if theirs is UNKNOWN:
                later.append(".".join(path + (name,)))
            elif isinstance(mine, list) and isinstance(theirs, list):
                for one, other in zip(mine, theirs):
                    self.shown(b["block"], one, other, path + (name,), defaults, later)
            elif isinstance(mine, dict) and isinstance(theirs, dict):
                self.shown(b["block"], mine, theirs, path + (name,), defaults, later)

    def summary(self, config, only=None):
        planned, _, diagnostics, _ = self.create(config)
        if planned is None or any(d[0] == "error" for d in diagnostics):
            return {"error": first_error(diagnostics)}
        defaults, later = {}, []
        self.shown(self.block, config, planned, (), defaults, later)
        given = {k: v for k, v in config.items() if v not in (None, [])}
        if only:
            prefix = ".".join(only) + "."
            given = get(config, only)
            given = (given[0] if given else {}) if isinstance(given, list) else given or {}
            given = {k: v for k, v in given.items() if v not in (None, [])}
            defaults = {k: v for k, v in defaults.items() if k.startswith(prefix)}
            later = [k for k in later if k.startswith(prefix)]
        return {k: v for k, v in (("given", given), ("defaults", defaults), ("later", later)) if v}

    def transition(self, before, after):
        """(action, paths that force it, error) of going from one configuration to another."""
        planned, _, diagnostics, private = self.create(before)
        if planned is None or any(d[0] == "error" for d in diagnostics):
            return "error", [], "before: " + first_error(diagnostics)
        prior = settled(self.block, planned, self.type)
        planned, paths, diagnostics, _ = self.provider.plan(
            self.type, prior, proposed(self.block, prior, after), after, private)
        if planned is None or any(d[0] == "error" for d in diagnostics):
            return "error", [], first_error(diagnostics)
        forced = [names(p) for p in paths if order(walk(prior, p)) != order(walk(planned, p))]
        if forced:
            return "replace", forced, None
        return ("none" if order(planned) == order(prior) else "update"), [], None

    def ask(self):
        self.validate()
        out = {"create": self.summary(self.base()), "blocks": {}, "change": {}, "values": {},
               "rewrites": {}, "replaced_by": {}, "errors": {}, "unsettled": []}
        if self.transition(self.base(), self.base())[0] != "none":
            out["unsettled"].append("")
        for path, b in blocks(self.block):
            name, there, gone = ".".join(path), self.with_block(path), self.without_block(path)
            out["blocks"][name] = self.summary(there, path)
            out["change"][name] = [None] + [
                None if b.get("min_items") else self.transition(*pair)[0]
                for pair in ((there, gone), (gone, there))]
        for path, a in arguments(self.block):
            name = ".".join(path)
            if name in ("id", "tags_all"):
                continue
            one, two = sample(self.type, path, a["type"], self.allowed)
            out["values"][name] = [one, two]
            first, second = self.with_value(path, one), self.with_value(path, two)
            unset = self.with_value(path, None)
            if self.transition(first, first)[0] not in ("none", "error"):
                out["unsettled"].append(name)
            planned = self.create(first)[0]
            if planned and get(planned, path) is not UNKNOWN and \
                    order(get(planned, path)) != order(one):
                out["rewrites"][name] = [one, get(planned, path)]
            actions = []
            for before, after in ((first, second), (first, unset), (unset, first)):
                if a.get("required") and unset in (before, after):
                    actions.append(None)
                    continue
                action, forced, error = self.transition(before, after)
                actions.append(action)
                if error:
                    out["errors"].setdefault(name, error)
                others = sorted(set(f for f in forced if not related(f, name)))
                if forced and len(others) == len(set(forced)):
                    out["replaced_by"].setdefault(name, others)
            out["change"][name] = actions
        return {k: v for k, v in out.items() if v}


def related(one, other):
    return one == other or one.startswith(other + ".") or other.startswith(one + ".")


def strip(value):
    if isinstance(value, dict):
        value.pop("", None)
        for v in value.values():
            strip(v)
    elif isinstance(value, list):
        for v in value:
            strip(v)


def first_error(diagnostics):
    for severity, summary, detail, _ in diagnostics:
        if severity == "error":
            return re.sub(r"\s+", " ", summary + (": " + detail if detail else "")).strip()
    return "no plan"


def lines(table):
    return "{\n" + ",\n".join("%s: %s" % (json.dumps(k), json.dumps(
        v, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=repr))
        for k, v in table.items()) + "\n}"


def update(name, new, order_of_types):
    path = os.path.join(HERE, name)
    old = json.load(open(path)) if os.path.exists(path) else {}
    old.update(new)
    with open(path, "w", encoding="utf-8") as f:
        f.write(lines({t: old[t] for t in order_of_types if t in old}) + "\n")


def main():
    schema = load(sys.argv[2])
    wanted = sys.argv[3:] or RESOURCES
    with open(os.path.join(HERE, "schema.json"), "w") as f:
        parts = []
        for kind, key, types in (("resource", "resource_schemas", RESOURCES),
                                 ("data", "data_source_schemas", DATA)):
            parts.append("%s: %s" % (json.dumps(kind), lines(
                {t: facts(schema[key][t]["block"], schema[key][t]["version"]) for t in types})))
        f.write("{" + ",\n".join(parts) + "}\n")
    provider = Provider(sys.argv[1])
    try:
        config = empty(schema["provider"]["block"])
        config.update(region="us-east-1", access_key="a", secret_key="b",
                      skip_credentials_validation=True, skip_requesting_account_id=True,
                      skip_metadata_api_check="true", skip_region_validation=True)
        for d in provider.configure(config):
            print("configure:", d)
        actions = {}
        for t in wanted:
            asker = Asker(provider, t, schema["resource_schemas"][t]["block"])
            actions[t] = asker.ask()
            print("%s: %d arguments, %d with errors, unsettled: %s" % (
                t, len(actions[t].get("change", {})), len(actions[t].get("errors", {})),
                " ".join(actions[t].get("unsettled", [])) or "-"), flush=True)
    finally:
        provider.close()
    update("actions.json", actions, RESOURCES)


if __name__ == "__main__":
    main()
