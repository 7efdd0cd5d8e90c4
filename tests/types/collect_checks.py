#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ask Terraform's AWS provider which values and combinations of arguments it refuses before it calls AWS.

    tests/types/collect_checks.py PROVIDER SCHEMA

PROVIDER and SCHEMA are those of collect.py. checks.json is written: {"resource" and "data": {type: facts}}, and the
facts of a type are

values     {path: {"good": [value, ...], "bad": [value, ...]}}: of the values that are tried for an argument, those
           that are accepted and refused; arguments where nothing is refused are left out
free       [path, ...]: the arguments that were tried in vain
smallest   {"refused": [[path, ...], ...]}: arguments that cannot be written alone, or cannot be written together, in the
           smallest object; every other pair is accepted
sensible   the same around the object that collect.py calls a sensible one
objects    the first refusal, or null, of each of the objects that OBJECTS lists
planned    [[path, ...], ...]: what is accepted so far, and refused by the plan of a new object

"a*300" stands for the letter 300 times. Where most pairs are refused, "accepted" lists the others instead.
"""
import copy
import json
import os
import re
import sys

import collect
from plugin import UNKNOWN, Provider, field, pack

HERE = os.path.dirname(os.path.abspath(__file__))

TEXTS = ["", "aaa", "AAA", "a b", "a/b", "/a/", "/a", "a_b", "a.b", "a:b", "a@b", "a=b,c+d", "a#b", "a'b", "-a", "1a", "-1", "0", "5",
         "64", "true", "10.0.0.0/16", "10.0.0.1/16", "10.0.0.0/29", "10.0.0.0/8", "0.0.0.0/0", "10.0.0.0/33", "2001:db8::/64",
         "2001:db8::/56", "2001:db8::1/64", "2001:DB8::/64", "::/0", "10.0.0.4", "10.0.0.256", "2001:db8::1",
         "arn:aws:iam::123456789012:role/x", "arn:aws:iam::aws:policy/ReadOnlyAccess", "arn:aws:kms:us-east-1:123456789012:key/1",
         "arn:aws:kms:us-east-1:12:key/1", "arn:aws:x", "{}", "[]", '{"a":1}', ' {"a":1}', "{", '{"a":1', '"a"', "2030-01-01T00:00:00Z",
         "2030-01-01", "lt-0123", "sg-0123", "YWJj", "YW=", "tcp", "TCP", "6", "icmp", "all", "us-east-1", "123456789012", "1234",
         "aws-x", "ssm/x", "\u00e9", "a\nb", "role-x", "*"] + [c * n for n in (64, 65, 128, 129, 255, 256, 512, 1000, 1001, 1024, 1025,
                                                                2048, 2049, 16384, 16385, 20000) for c in "a"]
NUMBERS = [-2, -1, 0, 1, 2, 5, 24, 31, 32, 44, 63, 64, 65, 100, 3599, 3600, 43200, 43201, 65535, 65536, 100000]
COMBINATIONS = re.compile(r"conflicts with|Conflicting|one of `|must be specified|Missing required|Invalid Attribute Combination|"
                          r"Invalid combination|Missing Attribute Configuration|No attribute specified|cannot be specified|Write-only Attribute Not Allowed")


# What these arguments need around them, so that the provider comes to look at their values.
collect.WITH.update({
    "aws_vpc.ipv4_netmask_length": {"cidr_block": None, "ipv4_ipam_pool_id": "pool"},
    "aws_vpc.ipv6_cidr_block": {"ipv6_ipam_pool_id": "pool"},
    "aws_vpc.ipv6_netmask_length": {"ipv6_ipam_pool_id": "pool"},
})


def short(value):
    return f"a*{len(value)}" if isinstance(value, str) and len(value) > 60 and not value.strip("a") else value


def long(value):
    m = re.fullmatch(r"a\*(\d+)", value) if isinstance(value, str) else None
    return "a" * int(m[1]) if m else value


def text_of(diagnostic):
    return re.sub(r"\s+", " ", diagnostic[1] + ": " + diagnostic[2]).strip()


def trials(kind):
    return {"string": TEXTS, "number": NUMBERS}.get(kind if isinstance(kind, str) else "", [])


def more_trials(error):
    """What a refusal itself names: the values of an enumeration, the ends of a range."""
    m = re.search(r"(?:to be one of|must be one of:?) \[(.*?)\]", error)
    if m:
        names = re.findall(r'"([^"]*)"', m[1])
        if names:
            return names + [n.upper() for n in names] + [n.lower() for n in names]
        return [int(n) for n in re.findall(r"-?\d+", m[1])]
    ends = [int(n) for n in re.findall(r"\(?(-?\d+) - (-?\d+)\)", error)[0]] if re.search(r"\d+ - \d+\)", error) else []
    ends += [int(n) for n in re.findall(r"at (?:least|most) \((-?\d+)\)", error)]
    return [n for end in ends for n in (end - 1, end, end + 1)]


# More objects, by hand: where arguments depend on others' values, and members of arguments that are objects.
def rule(**more):
    return [dict({"from_port": 1, "to_port": 2, "protocol": "tcp"}, **more)]


RULE = {"from_port": 1, "to_port": 2, "protocol": "tcp", "type": "ingress", "security_group_id": "sg-1"}
OBJECTS = [
    ("aws_ebs_volume", {"availability_zone": "us-east-1a", "size": 8, **more}) for more in (
        {"type": "gp2", "iops": 100}, {"type": "gp3", "iops": 3000}, {"type": "io1"}, {"type": "io1", "iops": 100}, {"type": "io2"},
        {"type": "gp2", "throughput": 125}, {"type": "gp3", "throughput": 125}, {"type": "io1", "iops": 100, "multi_attach_enabled": True},
        {"type": "gp2", "multi_attach_enabled": True}, {"type": "gp2", "multi_attach_enabled": False}, {"type": "st1", "iops": 0})
] + [
    ("aws_nat_gateway", {"subnet_id": "subnet-1", **more}) for more in (
        {}, {"connectivity_type": "public"}, {"connectivity_type": "private"}, {"connectivity_type": "private", "allocation_id": "eipalloc-1"},
        {"connectivity_type": "private", "secondary_allocation_ids": ["eipalloc-1"]},
        {"allocation_id": "eipalloc-1", "secondary_allocation_ids": ["eipalloc-2"]},
        {"allocation_id": "eipalloc-1", "secondary_private_ip_address_count": 1},
        {"connectivity_type": "private", "secondary_private_ip_address_count": 1},
        {"allocation_id": "eipalloc-1", "secondary_private_ip_addresses": ["10.0.0.5"]},
        {"connectivity_type": "private", "private_ip": "10.0.0.4"}, {"allocation_id": "eipalloc-1", "private_ip": "10.0.0.4"})
] + [
    ("aws_security_group_rule", {**RULE, **more}) for more in (
        {}, {"cidr_blocks": []}, {"cidr_blocks": [], "source_security_group_id": "sg-2"}, {"self": False},
        {"self": False, "cidr_blocks": ["10.0.0.0/8"]}, {"source_security_group_id": "", "cidr_blocks": ["10.0.0.0/8"]},
        {"source_security_group_id": UNKNOWN}, {"source_security_group_id": UNKNOWN, "cidr_blocks": ["10.0.0.0/8"]},
        {"cidr_blocks": [UNKNOWN], "source_security_group_id": "sg-2"}, {"cidr_blocks": UNKNOWN, "source_security_group_id": "sg-2"},
        {"cidr_blocks": ["10.0.0.0/8"], "prefix_list_ids": ["pl-1"]}, {"self": True, "source_security_group_id": "sg-2"})
] + [
    ("aws_vpc_security_group_ingress_rule", {"security_group_id": "sg-1", "ip_protocol": "tcp", **more}) for more in (
        {}, {"cidr_ipv4": "10.0.0.0/8"}, {"cidr_ipv4": "10.0.0.0/8", "from_port": 1, "to_port": 2}, {"cidr_ipv4": UNKNOWN},
        {"cidr_ipv4": UNKNOWN, "cidr_ipv6": "::/0"}, {"ip_protocol": "-1", "cidr_ipv4": "10.0.0.0/8", "from_port": 1, "to_port": 2},
        {"referenced_security_group_id": "sg-2", "prefix_list_id": "pl-1"})
] + [
    ("aws_security_group", more) for more in (
        {"ingress": rule(cidr_blocks=["10.0.0.0/8"])}, {"ingress": rule(cidr_blocks=["10.0.0.1/8"])}, {"ingress": rule(cidr_blocks=["aaa"])},
        {"ingress": rule(ipv6_cidr_blocks=["aaa"])}, {"egress": rule(ipv6_cidr_blocks=["10.0.0.0/8"])}, {"ingress": rule(description="a'b")},
        {"ingress": rule(description="a" * 256)}, {"egress": rule(description="a" * 255)}, {"egress": rule(protocol="xtcp", self=True)},
        {"ingress": rule(prefix_list_ids=[""])})
] + [
    ("aws_route_table", {"vpc_id": "vpc-1", "route": [more]}) for more in (
        {"cidr_block": "0.0.0.0/0", "gateway_id": "igw-1"}, {"cidr_block": "aaa", "gateway_id": "igw-1"},
        {"cidr_block": "10.0.0.1/8", "gateway_id": "igw-1"}, {"ipv6_cidr_block": "::/0", "gateway_id": "igw-1"},
        {"ipv6_cidr_block": "aaa", "gateway_id": "igw-1"}, {"cidr_block": "", "gateway_id": "igw-1"}, {"gateway_id": "igw-1"})
] + [
    ("aws_vpc", more) for more in (
        {}, {"cidr_block": "10.0.0.0/15"}, {"cidr_block": "10.0.0.0/28"}, {"cidr_block": "10.0.0.0/29"}, {"cidr_block": UNKNOWN},
        {"ipv4_ipam_pool_id": "p", "ipv4_netmask_length": 15}, {"ipv4_ipam_pool_id": "p", "ipv4_netmask_length": 16},
        {"cidr_block": "10.0.0.0/16", "ipv6_ipam_pool_id": "p", "ipv6_cidr_block": "2001:db8::/56"},
        {"cidr_block": "10.0.0.0/16", "ipv6_ipam_pool_id": "p", "ipv6_cidr_block": "2001:db8::/57"},
        {"cidr_block": "10.0.0.0/16", "ipv6_ipam_pool_id": "p", "ipv6_netmask_length": 50},
        {"cidr_block": "10.0.0.0/16", "ipv6_ipam_pool_id": "p", "ipv6_netmask_length": 56},
        {"cidr_block": "10.0.0.0/16", "assign_generated_ipv6_cidr_block": True})
] + [
    ("aws_iam_role", {"assume_role_policy": "{}", **more}) for more in (
        {}, {"inline_policy": [{"name": "a b", "policy": "{}"}]}, {"inline_policy": [{"name": "a", "policy": "x"}]},
        {"inline_policy": [{"name": "a" * 129, "policy": "{}"}]}, {"inline_policy": [{"name": "a", "policy": "{}"}]},
        {"managed_policy_arns": ["arn:aws:iam::aws:policy/A", "x"]}, {"name": UNKNOWN, "name_prefix": "a"})
] + [
    ("aws_ssm_parameter", {"name": "/a", "type": "String", **more}) for more in (
        {}, {"value": ""}, {"value": "a", "insecure_value": ""}, {"value": UNKNOWN, "insecure_value": "a"}, {"value": UNKNOWN, "type": UNKNOWN},
        {"type": "SecureString", "insecure_value": "a"}, {"value": "a", "tier": "Standard"}, {"type": "StringList", "value": "a,b"})
] + [
    ("aws_instance", {"ami": "ami-1", "instance_type": "t3.micro", **more}) for more in (
        {}, {"ami": None}, {"instance_type": None}, {"ami": UNKNOWN}, {"ipv6_address_count": 1, "ipv6_addresses": ["2001:db8::1"]},
        {"network_interface": [{"device_index": 0, "network_interface_id": "eni-1"}]},
        {"network_interface": [{"device_index": 0, "network_interface_id": "eni-1"}], "subnet_id": "subnet-1"},
        {"network_interface": [{"device_index": 0, "network_interface_id": "eni-1"}], "source_dest_check": False},
        {"root_block_device": [{"volume_type": "gp9"}]}, {"ebs_block_device": [{"device_name": "/dev/sdf", "volume_type": "gp9"}]},
        {"ebs_block_device": [{"device_name": "/dev/sdf", "tags": {"a": "b"}}], "volume_tags": {"a": "b"}},
        {"root_block_device": [{"tags": {"a": "b"}}], "volume_tags": {}}, {"metadata_options": [{"http_tokens": "REQUIRED"}]},
        {"user_data": "a", "user_data_base64": "YQ=="}, {"user_data_base64": "a"}, {"tenancy": UNKNOWN}, {"private_ip": "10.0.0.256"})
]


def whole(block, given):
    """A configuration with null where nothing is given, in blocks and in objects, too."""
    out = collect.empty(block)
    for name, value in given.items():
        nested = block.get("block_types", {}).get(name)
        if nested:
            out[name] = [whole(nested["block"], v) for v in value]
            continue
        kind = block["attributes"][name]["type"]
        inner = collect.innermost(kind)
        if isinstance(inner, list) and inner[0] == "object" and isinstance(value, list):
            value = [{**{k: None for k in inner[1]}, **v} for v in value]
        out[name] = value
    return out


class DataProvider:
    """The provider, asked about data sources."""

    def __init__(self, provider):
        self.provider = provider

    def validate(self, name, config):
        answer = self.provider.call("ValidateDataSourceConfig", field(1, name) + field(2, field(1, pack(config))))
        return self.provider.diagnostics(answer, 1)


class Checker(collect.Asker):
    def errors(self, config):
        return [d for d in self.provider.validate(self.type, config) if d[0] == "error"]

    def value_error(self, path, kind, value):
        """The refusal of a value, or None."""
        for d in self.errors(self.with_value(path, collect.wrap(kind, value))):
            text = text_of(d)
            if COMBINATIONS.search(text):
                continue
            where = collect.names(d[3])
            if where == collect.names(path) or collect.names(path).startswith(where) and path[-1] in text:
                return text
        return None

    def values(self):
        """{path: {"good", "bad"}} and the paths where nothing is refused; and {path: refusals}, for people."""
        table, free, told = {}, [], {}
        for path, a in collect.arguments(self.block):
            kind = collect.innermost(a["type"])
            found, todo = {}, list(trials(kind))
            while todo:
                trial = todo.pop(0)
                if trial in found or (isinstance(trial, str) != (kind == "string")):
                    continue
                error = found[trial] = self.value_error(path, a["type"], trial)
                if error:
                    todo += more_trials(error)
                    told.setdefault(".".join(path), {})[trial] = error
            bad = [v for v, e in found.items() if e]
            if bad:
                table[".".join(path)] = {"good": [short(v) for v, e in found.items() if not e],
                                         "bad": [short(v) for v in bad]}
            elif found:
                free.append(".".join(path))
        return table, free, told

    def sampled(self, path, a, base, told):
        """A good value for an argument, put into a configuration."""
        value = collect.sample(self.type, path, a["type"], self.allowed)[0]
        config = copy.deepcopy(base)
        collect.put(self.type, config, self.block, path, copy.deepcopy(value), self.allowed)
        return config

    def find_allowed(self, table):
        kinds = {".".join(path): (path, a) for path, a in collect.arguments(self.block)}
        for name, row in table.items():
            path, a = kinds[name]
            kind = collect.innermost(a["type"])
            usual = collect.sample(self.type, path, a["type"], self.allowed)[0]
            while isinstance(usual, (list, dict)):
                usual = usual["k"] if isinstance(usual, dict) else usual[0]
            if row["good"] and usual not in row["good"]:
                good = [long(v) for v in row["good"] if v != "" or kind != "string"] or row["good"]
                self.allowed[path] = [collect.wrap(a["type"], v) for v in good[:2]]
                if not isinstance(a["type"], str):
                    self.allowed[path] = good[:2]

    def combined(self, config):
        return sorted({text_of(d) for d in self.errors(config) if COMBINATIONS.search(text_of(d))})

    def sets(self, base):
        """(what is refused: [], [path], [path, path]; every configuration that was asked)"""
        refused, asked, told = [], [], {}
        args = [(path, a) for path, a in collect.arguments(self.block) if path != ("id",) and not a.get("write_only")]
        todo = [((), base)] + [((path,), self.sampled(path, a, base, None)) for path, a in args]
        for i, (one, a) in enumerate(args):
            for two, b in args[i + 1:]:
                if one[:-1] != two[:-1] and len(one) > 1 and len(two) > 1:
                    continue
                todo.append(((one, two), self.sampled(two, b, self.sampled(one, a, base, None), None)))
        for paths, config in todo:
            errors = self.combined(config)
            if errors:
                refused.append([".".join(p) for p in paths])
                told[" ".join(refused[-1])] = errors
            else:
                asked.append((paths, config))
        return refused, asked, told

    def first_refusal(self, config):
        """By validation or by the plan; None: accepted."""
        errors = self.errors(config)
        if not errors and UNKNOWN not in config.values():
            errors = [d for d in self.create(config)[2] if d[0] == "error"]
        return text_of(errors[0])[:120].strip() if errors else None

    @staticmethod
    def shorter(refused, asked):
        accepted = [[".".join(p) for p in paths] for paths, _ in asked]
        return {"accepted": accepted} if len(accepted) < len(refused) else {"refused": refused}

    def facts(self, data):
        table, free, told = self.values()
        self.find_allowed(table)
        refused, asked, why = self.sets(collect.smallest(self.type, self.block, (), self.allowed))
        out = {"values": table, "free": free, "smallest": self.shorter(refused, asked)}
        if self.type in collect.GIVEN:
            refused, asked, why_more = self.sets(self.base())
            out["sensible"] = self.shorter(refused, asked)
            why = {**why, **why_more}
        rows = [given for name, given in OBJECTS if name == self.type and not data]
        if rows:
            out["objects"] = [self.first_refusal(whole(self.block, given)) for given in rows]
        if not data:
            out["planned"] = []
            for paths, config in asked:
                if any(p[0] == "launch_template" for p in paths):  # asks AWS
                    continue
                if [d for d in self.errors(config)]:
                    continue
                planned, _, diagnostics, _ = self.create(config)
                errors = [text_of(d) for d in diagnostics if d[0] == "error"]
                if errors:
                    out["planned"].append([".".join(p) for p in paths])
                    why["plan " + " ".join(out["planned"][-1])] = errors
        return {k: v for k, v in out.items() if v}, told, why


def main():
    provider = Provider(sys.argv[1])
    schemas = collect.load(sys.argv[2])
    notes = open(sys.argv[3], "w", encoding="utf-8") if len(sys.argv) > 3 else None
    types = os.path.join(HERE, "..", "..", "providers", "aws", "types")
    names = sorted(f[:-4] for f in os.listdir(types) if re.match(r"(data_)?aws_.*\.hcl$", f))
    table = {"resource": {}, "data": {}}
    try:
        config = collect.empty(schemas["provider"]["block"])
        config.update(region="us-east-1", access_key="a", secret_key="b", skip_credentials_validation=True,
                      skip_requesting_account_id=True, skip_metadata_api_check="true", skip_region_validation=True)
        provider.configure(config)
        for name in names:
            data = name.startswith("data_")
            kind, name = ("data", name[5:]) if data else ("resource", name)
            block = schemas[f"{kind}_source_schemas" if data else "resource_schemas"][name]["block"]
            checker = Checker(DataProvider(provider) if data else provider, name, block)
            table[kind][name], told, why = checker.facts(data)
            row = table[kind][name]
            print(kind, name, {k: len(v) for k, v in row.items()}, flush=True)
            if notes:
                json.dump({"type": name, "kind": kind, "values": told, "sets": why}, notes, indent=1)
                notes.write("\n")
                notes.flush()
    finally:
        provider.close()
    text = "{" + ",\n".join(f"{json.dumps(k)}: {collect.lines(v)}" for k, v in table.items()) + "}\n"
    with open(os.path.join(HERE, "checks.json"), "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    main()
