#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every operation that the sandbox cloud announces, called by botocore with good arguments and with bad ones.

A good call's answer is read by botocore and held against AWS's model. Before it, bad variants are made of its
arguments: each required one left out, each enumerated one set to nonsense, each bounded one too long or too large,
each id one that is malformed or nobody's, each list with a filter and a page that are none; and a dry run. What only
the state of things makes wrong (duplicates, dependencies) is written out. An operation that is announced and not called
in both ways makes the test fail.
"""
import re
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent / "tools"))
import e2e  # noqa: E402
import sandbox  # noqa: E402
from tap import Tap, skip_all  # noqa: E402

tap = Tap()

# By the beginning of an id: the code where it is nobody's, and where it cannot be one. None: not told apart.
IDS = {
    "vpc": ("InvalidVpcID.NotFound", "InvalidVpcID.Malformed"),
    "subnet": ("InvalidSubnetID.NotFound", "InvalidSubnetID.Malformed"),
    "igw": ("InvalidInternetGatewayID.NotFound", "InvalidInternetGatewayId.Malformed"),
    "rtb": ("InvalidRouteTableID.NotFound", "InvalidRouteTableId.Malformed"),
    "rtbassoc": ("InvalidAssociationID.NotFound", "InvalidAssociationID.NotFound"),
    "acl": ("InvalidNetworkAclID.NotFound", "InvalidNetworkAclID.NotFound"),
    "sg": ("InvalidGroup.NotFound", "InvalidGroupId.Malformed"),
    "sgr": ("InvalidSecurityGroupRuleId.NotFound", "InvalidSecurityGroupRuleId.Malformed"),
    "key": ("InvalidKeyPair.NotFound", "InvalidKeyPair.NotFound"),
    "ami": ("InvalidAMIID.NotFound", "InvalidAMIID.Malformed"),
    "i": ("InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed"),
    "vol": ("InvalidVolume.NotFound", "InvalidParameterValue"),
    "snap": ("InvalidSnapshot.NotFound", "InvalidParameterValue"),
    "eni": ("InvalidNetworkInterfaceID.NotFound", "InvalidNetworkInterfaceId.Malformed"),
    "eipalloc": ("InvalidAllocationID.NotFound", "InvalidAllocationID.NotFound"),
    "eipassoc": ("InvalidAssociationID.NotFound", "InvalidAssociationID.NotFound"),
    "nat": ("NatGatewayNotFound", "NatGatewayMalformed"),
    "iip-assoc": ("InvalidAssociationID.NotFound", "InvalidAssociationID.NotFound"),
    "sir": ("InvalidSpotInstanceRequestID.NotFound", "InvalidSpotInstanceRequestID.Malformed"),
    "vpc-cidr-assoc": ("InvalidVpcCidrBlockAssociationID.NotFound", "InvalidVpcCidrBlockAssociationID.NotFound"),
    "subnet-cidr-assoc": ("InvalidSubnetCidrBlockAssociationID.NotFound", "InvalidSubnetCidrBlockAssociationID.NotFound"),
    "fs": ("FileSystemNotFound", "BadRequest"),
    "fsmt": ("MountTargetNotFound", "BadRequest"),
}
# Where another id than one's own answers differently: by operation and parameter.
OTHER_IDS = {
    ("CreateTags", "Resources"): ("InvalidVpcID.NotFound", "InvalidID"),
    ("DeleteTags", "Resources"): ("InvalidVpcID.NotFound", "InvalidID"),
    ("CreateMountTarget", "SubnetId"): ("SubnetNotFound", "BadRequest"),
    ("CreateMountTarget", "SecurityGroups"): ("SecurityGroupNotFound", "BadRequest"),
    ("ModifyMountTargetSecurityGroups", "SecurityGroups"): ("SecurityGroupNotFound", "BadRequest"),
    ("DeleteKeyPair", "KeyPairId"): None,  # what is not there is gone
    ("DescribeVolumesModifications", "VolumeIds"): ("InvalidVolumeModification.NotFound", "InvalidVolumeModification.NotFound"),
    ("DetachInternetGateway", "VpcId"): ("Gateway.NotAttached", "Gateway.NotAttached"),
    ("UpdateSecurityGroupRuleDescriptionsEgress", "IpPermissions"): ("InvalidPermission.NotFound", "InvalidPermission.NotFound"),
    ("DetachVolume", "InstanceId"): ("InvalidAttachment.NotFound", "InvalidAttachment.NotFound"),
}
OTHER_VALUES = {("DescribeInstanceTypes", "InstanceTypes"): "InvalidInstanceType"}
ODD = {("AttachmentStatus", "available"), ("NetworkInterfaceType", "nat_gateway")}  # what AWS says, whatever its model says
MISSING = {"sqs": "ValidationException", "logs": "InvalidParameterException", "service-quotas": "IllegalArgumentException", "pricing": "InvalidParameterException", "ec2": "MissingParameter", "iam": "ValidationError", "ssm": "ValidationException", "efs": "BadRequest", "sts": "ValidationError"}
INVALID = {**MISSING, "ec2": "InvalidParameterValue"}
NO_PAGE = {"sqs": "InvalidNextToken", "logs": "InvalidParameterException", "service-quotas": "InvalidPaginationTokenException", "pricing": "InvalidNextTokenException", "ec2": "InvalidNextToken", "iam": "ValidationError", "ssm": "InvalidNextToken", "efs": "BadRequest"}
# What any operation may answer, beside the errors of its model.
COMMON = {"AccessDenied", "AWS.SimpleQueueService.NonExistentQueue", "InvalidParameterValue", "InvalidNextToken", "ValidationError", "ValidationException", "NotImplemented", "BadRequest", "DryRunOperation", "IdempotentParameterMismatch"}
ID = re.compile(r"^([a-z-]+)-[0-9a-f]{17}$")


def announced():
    """(service, operation) of all service files."""
    for path in sorted((ROOT / "sandbox/services").glob("*.hcl")):
        text = path.read_text(encoding="utf-8")
        service = re.search(r'^service\s*=\s*"([^"]+)"', text, re.M).group(1)
        for name in re.findall(r'^operation "(\w+)"', text, re.M):
            yield service, name


class Api:
    def __init__(self, cloud):
        import boto3
        import botocore.session
        from botocore.config import Config
        from botocore.exceptions import DataNotFoundError
        self.models, self.unknown = botocore.session.get_session(), DataNotFoundError
        # bad arguments have to reach the server
        self.config = Config(parameter_validation=False, retries={"max_attempts": 0})
        self.session = boto3.Session(region_name="us-east-1", aws_access_key_id=cloud.access_key, aws_secret_access_key=cloud.secret_key)
        self.cloud, self.clients = cloud, {}
        self.good, self.bad = set(), set()
        self.checks = 0

    def client(self, service):
        if service not in self.clients:
            self.clients[service] = self.session.client(service, endpoint_url=self.cloud.endpoint, config=self.config)
        return self.clients[service]

    def model(self, service, operation):
        return self.client(service).meta.service_model.operation_model(operation)

    def send(self, service, operation, args):
        from botocore import xform_name
        return getattr(self.client(service), xform_name(operation))(**args)

    # ---- bad ones

    def refuse(self, code, what, status=None, why=None, /, **args):
        """The call is refused with that code; true when it is."""
        from botocore.exceptions import ClientError
        service, operation = what.split(".")
        self.bad.add((service, operation))
        self.checks += 1
        title = f"{operation}: {why or code}"
        try:
            answer = self.send(service, operation, args)
        except ClientError as error:
            got = error.response["Error"]["Code"]
            http = error.response["ResponseMetadata"]["HTTPStatusCode"]
            models = {e.metadata.get("error", {}).get("code", e.name): e for e in self.model(service, operation).error_shapes}
            wanted = status or models[got].metadata.get("error", {}).get("httpStatusCode") if got in models else status
            problems = []
            if got != code:
                problems.append(f"code {got}, not {code}: {error.response['Error'].get('Message')}")
            if models and got not in models and got not in COMMON:
                problems.append(f"{got} is not among the errors of the model: {sorted(models)}")
            if wanted and http != wanted or not 400 <= http < 600 or http >= 500 and got != "NotImplemented":
                problems.append(f"status {http}, not {wanted or 400}")
            if not error.response["Error"].get("Message"):
                problems.append("no message")
            if problems:
                tap.ok(False, title, *problems, f"arguments {args}")
            return not problems
        answer.pop("ResponseMetadata", None)
        tap.ok(False, title, f"not refused: {answer}", f"arguments {args}")
        return False

    def bad_variants(self, service, operation, args):
        """Of good arguments: (code, status, why, arguments)."""
        shape = self.model(service, operation).input_shape
        members = shape.members if shape else {}
        for name in shape.required_members if shape else []:
            if members[name].serialization.get("location") != "uri" and not members[name].metadata.get("idempotencyToken"):
                yield MISSING[service], 400, f"without {name}", {k: v for k, v in args.items() if k != name}
        for path, inner, value in walk(shape, args):
            if path[0] not in members or members[path[0]].serialization.get("location") == "uri" and inner.type_name == "string" and inner.enum:
                continue
            if inner.type_name == "string" and inner.enum:
                yield OTHER_VALUES.get((operation, path[0]), INVALID[service]), 400, f"{name_of(path)} is nonsense", put(args, path, "no-such-value")
            most = inner.metadata.get("max")
            if inner.type_name == "string" and most and most < 5000 and isinstance(value, str) and len(path) == 1:
                yield INVALID[service], 400, f"{name_of(path)} is too long", put(args, path, "a" * (most + 1))
            if inner.type_name in ("integer", "long") and most:
                yield INVALID[service], 400, f"{name_of(path)} is too large", put(args, path, most + 1)
            found = ID.match(value) if isinstance(value, str) else None
            other = OTHER_IDS.get((operation, path[0]), IDS.get(found.group(1)) if found else None)
            if found and other and path[0] not in ("Filters", "Filter"):
                yield other[0], None, f"{name_of(path)} is nobody's", put(args, path, found.group(1) + "-" + "f" * 17)
                yield other[1], None, f"{name_of(path)} is malformed", put(args, path, found.group(1) + "-0x")
        for name in ("Filters", "Filter"):
            if name in members and members[name].type_name == "list" and members[name].member.type_name == "structure" and service == "ec2":
                yield "InvalidParameterValue", 400, "an unknown filter", {**args, name: [{"Name": "no-such-filter", "Values": ["x"]}]}
        pages = self.pages(service, operation)
        if pages:
            yield NO_PAGE[service], 400, "a page that is none", {**args, pages["input_token"]: "nonsense"}

    def odd_variants(self, service, operation, args):
        """Of good arguments what may be refused or not, but is never a mistake of the server's: asked as dry runs."""
        shape = self.model(service, operation).input_shape
        if not shape or "DryRun" not in shape.members:
            return
        for path, inner, value in walk(shape, args):
            values = {"string": ["", "\u00e9\u2603\U0001f600", "a" * 3000, "%s\"<&>'\n"], "integer": [-1, 0, 2**31 - 1], "long": [-1, 2**62]}.get(inner.type_name, [])
            yield from (put(args, path, value) for value in values)
        for name, value in args.items():
            if isinstance(value, list) and value:
                yield {**args, name: value + value}
                yield {**args, name: []}

    def endure(self, service, operation, args):
        from botocore.exceptions import ClientError
        try:
            self.send(service, operation, {**args, "DryRun": True})
        except ClientError as error:
            found, status = error.response["Error"], error.response["ResponseMetadata"]["HTTPStatusCode"]
            if found["Code"] == "InternalError" or status >= 500 and found["Code"] != "NotImplemented" or not found["Message"]:
                tap.ok(False, f"{operation} endures odd arguments", found, f"arguments {args}")
        self.checks += 1

    def pages(self, service, operation):
        try:
            found = self.models.get_paginator_model(service).get_paginator(operation)
        except (ValueError, LookupError, self.unknown):
            return None
        return found if isinstance(found["input_token"], str) else None

    # ---- good ones

    def call(self, what, has="", /, variants=True, **args):
        """The answer, which has the members of `has` (paths, lists by their first item)."""
        service, operation = what.split(".")
        model = self.model(service, operation)
        title, count = operation, 0
        failed = tap.failed
        for code, status, why, bad in self.bad_variants(service, operation, args) if variants and (service, operation) not in self.good else ():
            self.refuse(code, what, status, why, **bad)
            count += 1
        for odd in self.odd_variants(service, operation, args) if variants and (service, operation) not in self.good else ():
            self.endure(service, operation, odd)
        if model.input_shape and "DryRun" in model.input_shape.members:
            self.refuse("DryRunOperation", what, 412, "a dry run", **{**args, "DryRun": True})
            count += 1
        try:
            answer = self.send(service, operation, args)
        except Exception as error:
            tap.ok(False, title, f"{type(error).__name__}: {error}", f"arguments {args}")
            raise
        answer.pop("ResponseMetadata")
        problems = list(misfits(model.output_shape, answer, operation)) + [f"no {path}" for path in has.split() if not there(answer, path.split("."))]
        if tap.failed == failed:
            tap.ok(not problems, f"{title}, {count} bad variants" if count else title, *problems, answer if problems else "")
        self.good.add((service, operation))
        return answer

    def paged(self, what, least, **args):
        """The same list in pages of the least size; it must have more than one."""
        from botocore import xform_name
        service, operation = what.split(".")
        pages = self.pages(service, operation)
        keys = pages["result_key"] if isinstance(pages["result_key"], list) else [pages["result_key"]]
        got, count = {k: [] for k in keys}, 0
        whole = self.client(service).get_paginator(xform_name(operation)).paginate(**args).build_full_result()
        extra = {pages["limit_key"]: least}
        while True:
            page = self.send(service, operation, {**args, **extra})
            count += 1
            size = 0
            for key in keys:
                got[key] += page.get(key, [])
                size += len(page.get(key, []))
            token = page.get(pages["output_token"].split(" || ")[0] if isinstance(pages["output_token"], str) else "NextToken")
            if size > least:
                tap.ok(False, f"{operation} in pages", f"a page of {size}, not {least}")
                return
            if not token or count > 1000:
                break
            extra[pages["input_token"]] = token
        want = {k: whole.get(k, []) for k in keys}
        tap.ok(got == want and count > 1, f"{operation} in {count} pages", f"got {sum(map(len, got.values()))} want {sum(map(len, want.values()))} in {count} pages")


def walk(shape, value, path=()):
    """(path, shape, value) of all scalars in arguments."""
    if shape is None:
        return
    if shape.type_name == "structure" and isinstance(value, dict):
        for name, item in value.items():
            if name in shape.members:
                yield from walk(shape.members[name], item, path + (name,))
    elif shape.type_name == "list" and isinstance(value, list):
        for i, item in enumerate(value[:1]):
            yield from walk(shape.member, item, path + (i,))
    elif path:
        yield path, shape, value


def put(args, path, value):
    if not path:
        return value
    if isinstance(path[0], int):
        return [put(args[path[0]], path[1:], value)] + args[1:]
    return {**args, path[0]: put(args[path[0]], path[1:], value)}


def name_of(path):
    return ".".join(str(p) for p in path)


def misfits(shape, value, path):
    """What the model of an answer does not allow, and what it requires."""
    if shape is None or value is None:
        return
    if shape.type_name == "structure" and isinstance(value, dict):
        for name in shape.required_members:
            if name not in value:
                yield f"{path} has no {name}"
        for name, item in value.items():
            if name not in shape.members:
                yield f"{path} has a {name} that the model has not"
            else:
                yield from misfits(shape.members[name], item, f"{path}.{name}")
    elif shape.type_name == "list":
        for item in value:
            yield from misfits(shape.member, item, path + "[]")
    elif shape.type_name == "string" and shape.enum and value not in shape.enum and (shape.name, value) not in ODD:
        yield f"{path} is {value!r}, which is none of {shape.enum}"


def there(value, path):
    if not path:
        return value not in (None, "", [], {})
    if isinstance(value, list):
        return bool(value) and there(value[0], path)
    return isinstance(value, dict) and path[0] in value and there(value[path[0]], path[1:])


def until(what, wanted, seconds=10):
    end = time.monotonic() + seconds
    while (now := what()) != wanted and time.monotonic() < end:
        time.sleep(0.02)
    return now


def tags(kind, name="x"):
    return [{"ResourceType": kind, "Tags": [{"Key": "Name", "Value": name}]}]


def by(name, *values):
    return {"Filters": [{"Name": name, "Values": list(values)}]}


NOTHING_BAD = {("sts", "GetCallerIdentity")}  # it takes no arguments
NOTHING_GOOD = {("ec2", "EnableVgwRoutePropagation"), ("ec2", "DisableVgwRoutePropagation")}  # of what nobody can make
NONE = "0123456789abcdef0"
TRUST = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}]}'
POLICY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}'


def test_ec2(api):
    me = api.call("sts.GetCallerIdentity", "Account Arn UserId")["Account"]
    api.refuse("AccessDenied", "sts.AssumeRole", RoleArn=f"arn:aws:iam::{me}:role/none", RoleSessionName="me")
    world = network(api)
    groups(api, world)
    hosts(api, world)
    volumes(api, world)
    take_down(api, world)


def network(api):
    w = {}
    api.call("ec2.DescribeAvailabilityZones", "AvailabilityZones.ZoneId", ZoneNames=["us-east-1a"])
    api.refuse("InvalidParameterValue", "ec2.DescribeAvailabilityZones", ZoneNames=["us-east-1z"])
    api.call("ec2.DescribeRegions", "Regions.Endpoint", RegionNames=["us-west-2"])
    api.refuse("InvalidParameterValue", "ec2.DescribeRegions", RegionNames=["us-nowhere-1"])
    api.call("ec2.DescribeAccountAttributes", "AccountAttributes.AttributeValues.AttributeValue", AttributeNames=["default-vpc"])
    for bad, code in (("10.0.0/16", "InvalidParameterValue"), ("10.0.0.0/8", "InvalidVpc.Range"), ("10.0.0.0/29", "InvalidVpc.Range")):
        api.refuse(code, "ec2.CreateVpc", CidrBlock=bad)
    api.refuse("MissingParameter", "ec2.CreateVpc")
    api.refuse("InvalidParameterValue", "ec2.CreateVpc", CidrBlock="10.0.0.0/16", TagSpecifications=[{"ResourceType": "vpc", "Tags": [{"Key": "aws:x", "Value": ""}]}])
    api.refuse("InvalidParameterValue", "ec2.CreateVpc", CidrBlock="10.0.0.0/16", TagSpecifications=tags("subnet"))
    vpcs = [api.call("ec2.CreateVpc", "Vpc.VpcId Vpc.State Vpc.CidrBlock Vpc.DhcpOptionsId Vpc.OwnerId Vpc.InstanceTenancy Vpc.CidrBlockAssociationSet.AssociationId Vpc.Tags.Key",
                     CidrBlock=f"10.{n}.0.0/16", InstanceTenancy="default", TagSpecifications=tags("vpc"))["Vpc"]["VpcId"] for n in range(4)]
    api.refuse("VpcLimitExceeded", "ec2.CreateVpc", CidrBlock="10.9.0.0/16")
    w["vpc"], other = vpcs[0], vpcs[1]
    api.call("ec2.DescribeVpcs", "Vpcs.VpcId", VpcIds=[w["vpc"]], **by("tag:Name", "x"))
    api.call("ec2.DescribeVpcAttribute", "EnableDnsHostnames", VpcId=w["vpc"], Attribute="enableDnsHostnames")
    api.call("ec2.ModifyVpcAttribute", VpcId=w["vpc"], EnableDnsHostnames={"Value": True})
    tap.same(api.call("ec2.DescribeVpcAttribute", VpcId=w["vpc"], Attribute="enableDnsHostnames")["EnableDnsHostnames"], {"Value": True}, "it is changed")
    api.refuse("InvalidParameterCombination", "ec2.ModifyVpcAttribute", VpcId=w["vpc"], EnableDnsHostnames={"Value": True}, EnableDnsSupport={"Value": True})
    api.call("ec2.DescribeNetworkAcls", "NetworkAcls.Entries.RuleNumber NetworkAcls.NetworkAclId", **by("vpc-id", w["vpc"]))
    acl = api.call("ec2.DescribeNetworkAcls")["NetworkAcls"][0]["NetworkAclId"]
    api.refuse("InvalidNetworkAclID.NotFound", "ec2.DescribeNetworkAcls", NetworkAclIds=["acl-" + NONE])
    api.call("ec2.DescribeNetworkAcls", NetworkAclIds=[acl])

    for bad, code in (("10.0.0.0/15", "InvalidSubnet.Range"), ("10.7.0.0/24", "InvalidSubnet.Range"), ("10.0.0.0/29", "InvalidSubnet.Range"), ("ten", "InvalidParameterValue")):
        api.refuse(code, "ec2.CreateSubnet", VpcId=w["vpc"], CidrBlock=bad)
    api.refuse("MissingParameter", "ec2.CreateSubnet", VpcId=w["vpc"])
    api.refuse("InvalidParameterValue", "ec2.CreateSubnet", VpcId=w["vpc"], CidrBlock="10.0.1.0/24", AvailabilityZone="us-west-2a")
    w["subnet"] = api.call("ec2.CreateSubnet", "Subnet.SubnetId Subnet.SubnetArn Subnet.AvailabilityZoneId Subnet.AvailableIpAddressCount Subnet.State Subnet.OwnerId Subnet.Tags.Key",
                           VpcId=w["vpc"], CidrBlock="10.0.1.0/24", AvailabilityZone="us-east-1a", TagSpecifications=tags("subnet"))["Subnet"]["SubnetId"]
    api.refuse("InvalidSubnet.Conflict", "ec2.CreateSubnet", VpcId=w["vpc"], CidrBlock="10.0.1.128/25")
    w["small"] = api.call("ec2.CreateSubnet", VpcId=w["vpc"], CidrBlock="10.0.2.0/28", AvailabilityZone="us-east-1b")["Subnet"]["SubnetId"]
    w["elsewhere"] = api.call("ec2.CreateSubnet", VpcId=other, CidrBlock="10.1.0.0/24")["Subnet"]["SubnetId"]
    api.refuse("DependencyViolation", "ec2.DeleteVpc", VpcId=w["vpc"])
    api.call("ec2.DescribeSubnets", "Subnets.SubnetId", SubnetIds=[w["subnet"]], **by("vpc-id", w["vpc"]))
    api.paged("ec2.DescribeSubnets", 5)
    api.call("ec2.ModifySubnetAttribute", SubnetId=w["subnet"], MapPublicIpOnLaunch={"Value": True})

    w["gateway"] = api.call("ec2.CreateInternetGateway", "InternetGateway.InternetGatewayId InternetGateway.OwnerId",
                            TagSpecifications=tags("internet-gateway"))["InternetGateway"]["InternetGatewayId"]
    api.call("ec2.AttachInternetGateway", InternetGatewayId=w["gateway"], VpcId=w["vpc"])
    api.refuse("Resource.AlreadyAssociated", "ec2.AttachInternetGateway", InternetGatewayId=w["gateway"], VpcId=w["vpc"])
    spare = api.call("ec2.CreateInternetGateway")["InternetGateway"]["InternetGatewayId"]
    api.refuse("InvalidParameterValue", "ec2.AttachInternetGateway", InternetGatewayId=spare, VpcId=w["vpc"])
    api.refuse("Gateway.NotAttached", "ec2.DetachInternetGateway", InternetGatewayId=spare, VpcId=w["vpc"])
    api.refuse("DependencyViolation", "ec2.DeleteInternetGateway", InternetGatewayId=w["gateway"])
    api.call("ec2.DescribeInternetGateways", "InternetGateways.Attachments.State", InternetGatewayIds=[w["gateway"]], **by("attachment.vpc-id", w["vpc"]))
    api.call("ec2.DeleteInternetGateway", InternetGatewayId=spare)

    w["table"] = api.call("ec2.CreateRouteTable", "RouteTable.RouteTableId RouteTable.Routes.GatewayId RouteTable.OwnerId",
                          VpcId=w["vpc"], TagSpecifications=tags("route-table"))["RouteTable"]["RouteTableId"]
    second = api.call("ec2.CreateRouteTable", VpcId=w["vpc"])["RouteTable"]["RouteTableId"]
    foreign = api.call("ec2.CreateRouteTable", VpcId=other)["RouteTable"]["RouteTableId"]
    api.call("ec2.CreateRoute", "Return", RouteTableId=w["table"], DestinationCidrBlock="0.0.0.0/0", GatewayId=w["gateway"])
    api.refuse("RouteAlreadyExists", "ec2.CreateRoute", RouteTableId=w["table"], DestinationCidrBlock="0.0.0.0/0", GatewayId=w["gateway"])
    api.refuse("InvalidParameterValue", "ec2.CreateRoute", RouteTableId=w["table"], DestinationCidrBlock="nowhere", GatewayId=w["gateway"])
    api.refuse("InvalidParameterValue", "ec2.CreateRoute", RouteTableId=foreign, DestinationCidrBlock="0.0.0.0/0", GatewayId=w["gateway"])
    api.refuse("MissingParameter", "ec2.CreateRoute", RouteTableId=w["table"], GatewayId=w["gateway"])
    api.refuse("InvalidParameterCombination", "ec2.CreateRoute", RouteTableId=w["table"], DestinationCidrBlock="192.0.2.0/24")
    api.call("ec2.ReplaceRoute", RouteTableId=w["table"], DestinationCidrBlock="0.0.0.0/0", GatewayId=w["gateway"])
    api.refuse("InvalidParameterValue", "ec2.ReplaceRoute", RouteTableId=w["table"], DestinationCidrBlock="192.0.2.0/24", GatewayId=w["gateway"])
    api.call("ec2.CreateRoute", RouteTableId=w["table"], DestinationCidrBlock="192.0.2.0/24", GatewayId=w["gateway"])
    api.refuse("InvalidRoute.NotFound", "ec2.DeleteRoute", RouteTableId=w["table"], DestinationCidrBlock="198.18.0.0/24")
    api.refuse("InvalidParameterValue", "ec2.DeleteRoute", RouteTableId=w["table"], DestinationCidrBlock="10.0.0.0/16")
    api.call("ec2.DeleteRoute", RouteTableId=w["table"], DestinationCidrBlock="192.0.2.0/24")
    api.refuse("InvalidParameterValue", "ec2.AssociateRouteTable", RouteTableId=foreign, SubnetId=w["subnet"])
    association = api.call("ec2.AssociateRouteTable", "AssociationId AssociationState.State", RouteTableId=w["table"], SubnetId=w["subnet"])["AssociationId"]
    api.refuse("Resource.AlreadyAssociated", "ec2.AssociateRouteTable", RouteTableId=second, SubnetId=w["subnet"])
    api.refuse("DependencyViolation", "ec2.DeleteRouteTable", RouteTableId=w["table"])
    association = api.call("ec2.ReplaceRouteTableAssociation", "NewAssociationId", AssociationId=association, RouteTableId=second)["NewAssociationId"]
    api.refuse("InvalidParameterValue", "ec2.ReplaceRouteTableAssociation", AssociationId=association, RouteTableId=foreign)
    api.call("ec2.DisassociateRouteTable", AssociationId=association)
    api.call("ec2.AssociateRouteTable", RouteTableId=w["table"], SubnetId=w["subnet"])
    found = api.call("ec2.DescribeRouteTables", "RouteTables.Associations.RouteTableAssociationId RouteTables.Routes.State", RouteTableIds=[w["table"]],
                     **by("association.subnet-id", w["subnet"]))["RouteTables"]
    tap.same(len(found), 1, "a route table by what it is associated with")
    main = api.call("ec2.DescribeRouteTables", Filters=[{"Name": "vpc-id", "Values": [w["vpc"]]}, {"Name": "association.main", "Values": ["true"]}])["RouteTables"][0]
    api.refuse("InvalidParameterValue", "ec2.DisassociateRouteTable", AssociationId=main["Associations"][0]["RouteTableAssociationId"])
    api.refuse("DependencyViolation", "ec2.DeleteRouteTable", RouteTableId=main["RouteTableId"])
    api.call("ec2.DeleteRouteTable", RouteTableId=second)
    api.call("ec2.DeleteRouteTable", RouteTableId=foreign)
    api.paged("ec2.DescribeRouteTables", 5)
    w["other"], w["vpcs"] = other, vpcs

    w["address"] = api.call("ec2.AllocateAddress", "AllocationId PublicIp Domain", Domain="vpc", TagSpecifications=tags("elastic-ip"))["AllocationId"]
    more = [api.call("ec2.AllocateAddress")["AllocationId"] for _ in range(4)]
    api.refuse("AddressLimitExceeded", "ec2.AllocateAddress")
    for allocation in more[1:]:
        api.call("ec2.ReleaseAddress", AllocationId=allocation)
    api.call("ec2.DescribeAddresses", "Addresses.PublicIp Addresses.Domain", AllocationIds=[w["address"]], **by("tag-key", "Name"))
    api.refuse("InvalidAddress.NotFound", "ec2.DescribeAddresses", PublicIps=["203.0.113.9"])
    api.call("ec2.DescribeAddressesAttribute", "Addresses.PublicIp", AllocationIds=[w["address"]], Attribute="domain-name")
    w["nat"] = api.call("ec2.CreateNatGateway", "NatGateway.NatGatewayId NatGateway.State NatGateway.NatGatewayAddresses.AllocationId", SubnetId=w["subnet"],
                        AllocationId=more[0], ConnectivityType="public", ClientToken="nat", TagSpecifications=tags("natgateway"))["NatGateway"]["NatGatewayId"]
    tap.same(api.call("ec2.CreateNatGateway", SubnetId=w["subnet"], AllocationId=more[0], ConnectivityType="public", ClientToken="nat",
                      TagSpecifications=tags("natgateway"), variants=False)["NatGateway"]["NatGatewayId"], w["nat"], "a client token gives the same gateway")
    api.refuse("IdempotentParameterMismatch", "ec2.CreateNatGateway", SubnetId=w["small"], AllocationId=more[0], ClientToken="nat")
    api.refuse("MissingParameter", "ec2.CreateNatGateway", SubnetId=w["subnet"])
    until(lambda: api.call("ec2.DescribeNatGateways", NatGatewayIds=[w["nat"]], variants=False)["NatGateways"][0]["State"], "available")
    api.call("ec2.DescribeNatGateways", "NatGateways.NatGatewayAddresses.PublicIp", NatGatewayIds=[w["nat"]], Filter=[{"Name": "state", "Values": ["available"]}])
    api.refuse("InvalidIPAddress.InUse", "ec2.ReleaseAddress", AllocationId=more[0])
    api.refuse("DependencyViolation", "ec2.DetachInternetGateway", InternetGatewayId=w["gateway"], VpcId=w["vpc"])
    api.refuse("DependencyViolation", "ec2.DeleteSubnet", SubnetId=w["subnet"])
    w["nat_address"] = more[0]
    ranges(api, w)
    return w


def ranges(api, w):
    """What is added later to VPCs, subnets and NAT gateways."""
    wide = api.call("ec2.AssociateVpcCidrBlock", "CidrBlockAssociation.AssociationId CidrBlockAssociation.CidrBlockState.State VpcId", VpcId=w["other"], CidrBlock="10.20.0.0/16")["CidrBlockAssociation"]["AssociationId"]
    for bad, code in (("10.20.1.0/24", "CidrConflict"), ("10.30.0.0/8", "InvalidVpc.Range"), ("ten", "InvalidParameterValue")):
        api.refuse(code, "ec2.AssociateVpcCidrBlock", VpcId=w["other"], CidrBlock=bad)
    api.refuse("MissingParameter", "ec2.AssociateVpcCidrBlock", VpcId=w["other"])
    inside = api.call("ec2.CreateSubnet", "Subnet.SubnetId", VpcId=w["other"], CidrBlock="10.20.1.0/24")["Subnet"]["SubnetId"]
    api.refuse("DependencyViolation", "ec2.DisassociateVpcCidrBlock", AssociationId=wide)
    primary = api.call("ec2.DescribeVpcs", VpcIds=[w["other"]])["Vpcs"][0]["CidrBlockAssociationSet"][0]["AssociationId"]
    api.refuse("OperationNotPermitted", "ec2.DisassociateVpcCidrBlock", AssociationId=primary)
    ipv6 = api.call("ec2.AssociateVpcCidrBlock", "Ipv6CidrBlockAssociation.Ipv6CidrBlock", VpcId=w["other"], AmazonProvidedIpv6CidrBlock=True)["Ipv6CidrBlockAssociation"]
    api.refuse("CidrConflict", "ec2.AssociateVpcCidrBlock", VpcId=w["other"], AmazonProvidedIpv6CidrBlock=True)
    block = ipv6["Ipv6CidrBlock"].replace("::/56", "::/64")
    for bad, code in (("2001:db8:ffff:ffff::/64", "InvalidSubnet.Range"), ("10.0.0.0", "InvalidParameterValue")):
        api.refuse(code, "ec2.AssociateSubnetCidrBlock", SubnetId=inside, Ipv6CidrBlock=bad)
    api.refuse("MissingParameter", "ec2.AssociateSubnetCidrBlock", SubnetId=inside)
    given = api.call("ec2.AssociateSubnetCidrBlock", "Ipv6CidrBlockAssociation.AssociationId SubnetId", SubnetId=inside, Ipv6CidrBlock=block)["Ipv6CidrBlockAssociation"]["AssociationId"]
    api.refuse("SubnetAlreadyHasIpv6Cidr", "ec2.AssociateSubnetCidrBlock", SubnetId=inside, Ipv6CidrBlock=block)
    api.refuse("InvalidSubnet.Conflict", "ec2.CreateSubnet", VpcId=w["other"], CidrBlock="10.20.2.0/24", Ipv6CidrBlock=block)
    api.refuse("DependencyViolation", "ec2.DisassociateVpcCidrBlock", AssociationId=ipv6["AssociationId"])
    nat = api.call("ec2.CreateNatGateway", SubnetId=inside, ConnectivityType="private")["NatGateway"]["NatGatewayId"]
    until(lambda: api.send("ec2", "DescribeNatGateways", {"NatGatewayIds": [nat]})["NatGateways"][0]["State"], "available")
    added = api.call("ec2.AssignPrivateNatGatewayAddress", "NatGatewayAddresses.PrivateIp", NatGatewayId=nat, PrivateIpAddressCount=2)["NatGatewayAddresses"]
    api.refuse("MissingParameter", "ec2.AssignPrivateNatGatewayAddress", NatGatewayId=nat)
    api.refuse("InvalidIPAddress.InUse", "ec2.AssignPrivateNatGatewayAddress", NatGatewayId=nat, PrivateIpAddresses=[added[0]["PrivateIp"]])
    api.refuse("InvalidParameter", "ec2.AssociateNatGatewayAddress", NatGatewayId=nat, AllocationIds=[w["address"]])
    interface = api.call("ec2.DescribeNetworkInterfaces", **by("subnet-id", inside))["NetworkInterfaces"][0]
    tap.same(sorted(a["PrivateIpAddress"] for a in interface["PrivateIpAddresses"] if not a["Primary"]), sorted(a["PrivateIp"] for a in added), "they are its interface's")
    api.call("ec2.AssignIpv6Addresses", "AssignedIpv6Addresses", NetworkInterfaceId=interface["NetworkInterfaceId"], Ipv6AddressCount=2)
    api.refuse("MissingParameter", "ec2.AssignIpv6Addresses", NetworkInterfaceId=interface["NetworkInterfaceId"])
    api.refuse("DependencyViolation", "ec2.DisassociateSubnetCidrBlock", AssociationId=given)
    api.call("ec2.UnassignPrivateNatGatewayAddress", "NatGatewayAddresses.PrivateIp", NatGatewayId=nat, PrivateIpAddresses=[added[0]["PrivateIp"]])
    api.refuse("InvalidParameterValue", "ec2.UnassignPrivateNatGatewayAddress", NatGatewayId=nat, PrivateIpAddresses=[added[0]["PrivateIp"]])
    api.call("ec2.DeleteNatGateway", NatGatewayId=nat)
    until(lambda: api.send("ec2", "DescribeNetworkInterfaces", by("subnet-id", inside))["NetworkInterfaces"], [])
    api.call("ec2.DisassociateSubnetCidrBlock", "SubnetId", AssociationId=given)
    api.call("ec2.DisassociateVpcCidrBlock", AssociationId=ipv6["AssociationId"])
    api.call("ec2.DeleteSubnet", SubnetId=inside)
    api.call("ec2.DisassociateVpcCidrBlock", "CidrBlockAssociation.AssociationId", AssociationId=wide)
    api.refuse("InvalidVpcCidrBlockAssociationID.NotFound", "ec2.DisassociateVpcCidrBlock", AssociationId=wide)

    more = api.call("ec2.AssociateNatGatewayAddress", "NatGatewayAddresses.PublicIp", NatGatewayId=w["nat"], AllocationIds=[w["address"]])["NatGatewayAddresses"][0]
    api.refuse("Resource.AlreadyAssociated", "ec2.AssociateNatGatewayAddress", NatGatewayId=w["nat"], AllocationIds=[w["address"]])
    api.refuse("InvalidParameter", "ec2.AssignPrivateNatGatewayAddress", NatGatewayId=w["nat"], PrivateIpAddressCount=1)
    tap.same(len(api.send("ec2", "DescribeNatGateways", {"NatGatewayIds": [w["nat"]]})["NatGateways"][0]["NatGatewayAddresses"]), 2, "two addresses")
    first = [a for a in api.send("ec2", "DescribeNatGateways", {"NatGatewayIds": [w["nat"]]})["NatGateways"][0]["NatGatewayAddresses"] if a["IsPrimary"]][0]
    api.refuse("InvalidParameter", "ec2.DisassociateNatGatewayAddress", NatGatewayId=w["nat"], AssociationIds=[first["AssociationId"]])
    api.call("ec2.DisassociateNatGatewayAddress", "NatGatewayAddresses.Status", NatGatewayId=w["nat"], AssociationIds=[more["AssociationId"]])
    api.call("ec2.ModifyVpcTenancy", "ReturnValue", VpcId=w["other"], InstanceTenancy="default")
    api.call("ec2.DescribeLaunchTemplates", **by("launch-template-name", "none"))
    api.refuse("InvalidLaunchTemplateId.NotFound", "ec2.DescribeLaunchTemplates", LaunchTemplateIds=["lt-" + NONE])
    api.refuse("InvalidLaunchTemplateName.NotFoundException", "ec2.DescribeLaunchTemplates", LaunchTemplateNames=["none"])
    for way in ("Enable", "Disable"):  # nobody can make such a gateway here
        api.refuse("InvalidGatewayID.NotFound", f"ec2.{way}VgwRoutePropagation", RouteTableId=w["table"], GatewayId="vgw-" + NONE)
        api.refuse("InvalidRouteTableID.NotFound", f"ec2.{way}VgwRoutePropagation", RouteTableId="rtb-" + NONE, GatewayId="vgw-" + NONE)
        api.refuse("MissingParameter", f"ec2.{way}VgwRoutePropagation", RouteTableId=w["table"])


def groups(api, w):
    api.refuse("InvalidParameterValue", "ec2.CreateSecurityGroup", GroupName="sg-x", Description="x", VpcId=w["vpc"])
    api.refuse("InvalidParameterValue", "ec2.CreateSecurityGroup", GroupName="default", Description="x", VpcId=w["vpc"])
    api.refuse("InvalidParameterValue", "ec2.CreateSecurityGroup", GroupName="a" * 256, Description="x", VpcId=w["vpc"])
    w["group"] = api.call("ec2.CreateSecurityGroup", "GroupId SecurityGroupArn", GroupName="one", Description="one", VpcId=w["vpc"], TagSpecifications=tags("security-group"))["GroupId"]
    api.refuse("InvalidGroup.Duplicate", "ec2.CreateSecurityGroup", GroupName="one", Description="again", VpcId=w["vpc"])
    two = api.call("ec2.CreateSecurityGroup", GroupName="two", Description="two", VpcId=w["vpc"])["GroupId"]
    w["foreign"] = api.call("ec2.CreateSecurityGroup", GroupName="one", Description="one", VpcId=w["other"])["GroupId"]
    api.call("ec2.DescribeSecurityGroups", "SecurityGroups.GroupName SecurityGroups.IpPermissionsEgress.IpProtocol SecurityGroups.OwnerId", GroupIds=[w["group"]], **by("group-name", "one"))
    api.paged("ec2.DescribeSecurityGroups", 5)
    api.refuse("InvalidGroup.NotFound", "ec2.DescribeSecurityGroups", GroupNames=["none"])
    ssh = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "192.0.2.0/24", "Description": "ssh"}]}
    web = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "UserIdGroupPairs": [{"GroupId": two}]}
    for way, rule in (("Ingress", ssh), ("Egress", web)):
        made = api.call(f"ec2.AuthorizeSecurityGroup{way}", "SecurityGroupRules.SecurityGroupRuleId SecurityGroupRules.GroupOwnerId", GroupId=w["group"], IpPermissions=[rule])["SecurityGroupRules"][0]
        api.refuse("InvalidPermission.Duplicate", f"ec2.AuthorizeSecurityGroup{way}", GroupId=w["group"], IpPermissions=[rule])
        api.refuse("InvalidParameterValue", f"ec2.AuthorizeSecurityGroup{way}", GroupId=w["group"], IpPermissions=[{**ssh, "IpRanges": [{"CidrIp": "192.0.2/24"}]}])
        api.refuse("InvalidParameterValue", f"ec2.AuthorizeSecurityGroup{way}", GroupId=w["group"], IpPermissions=[{**ssh, "FromPort": 23}])
        api.refuse("InvalidParameterValue", f"ec2.AuthorizeSecurityGroup{way}", GroupId=w["group"], IpPermissions=[{**ssh, "IpProtocol": "tpc"}])
        api.refuse("MissingParameter", f"ec2.AuthorizeSecurityGroup{way}", GroupId=w["group"])
        api.refuse("InvalidGroup.NotFound", f"ec2.AuthorizeSecurityGroup{way}", GroupId=w["group"], IpPermissions=[{**web, "UserIdGroupPairs": [{"GroupId": "sg-" + NONE}]}])
        described = {**rule, **({"IpRanges": [{"CidrIp": "192.0.2.0/24", "Description": "new"}]} if way == "Ingress" else {"UserIdGroupPairs": [{"GroupId": two, "Description": "new"}]})}
        api.call(f"ec2.UpdateSecurityGroupRuleDescriptions{way}", "Return", GroupId=w["group"], IpPermissions=[described])
        api.refuse("InvalidPermission.NotFound", f"ec2.UpdateSecurityGroupRuleDescriptions{way}", GroupId=w["group"], IpPermissions=[{**rule, "ToPort": 9999}])
        api.call("ec2.DescribeSecurityGroupRules", "SecurityGroupRules.Description", SecurityGroupRuleIds=[made["SecurityGroupRuleId"]], **by("group-id", w["group"]))
        api.call("ec2.ModifySecurityGroupRules", "Return", GroupId=w["group"], SecurityGroupRules=[
            {"SecurityGroupRuleId": made["SecurityGroupRuleId"], "SecurityGroupRule": {"IpProtocol": "tcp", "FromPort": 25, "ToPort": 25, "CidrIpv4": "198.51.100.0/24"}}])
        changed = {"IpProtocol": "tcp", "FromPort": 25, "ToPort": 25, "IpRanges": [{"CidrIp": "198.51.100.0/24"}]}
        api.refuse("InvalidPermission.NotFound", f"ec2.RevokeSecurityGroup{way}", GroupId=w["group"], IpPermissions=[rule])
        api.call(f"ec2.RevokeSecurityGroup{way}", "Return", GroupId=w["group"], IpPermissions=[changed])
        api.refuse("InvalidSecurityGroupRuleId.NotFound", f"ec2.RevokeSecurityGroup{way}", GroupId=w["group"], SecurityGroupRuleIds=[made["SecurityGroupRuleId"]])
    api.call("ec2.AuthorizeSecurityGroupIngress", GroupId=w["group"], IpPermissions=[web])
    api.refuse("DependencyViolation", "ec2.DeleteSecurityGroup", GroupId=two)
    api.call("ec2.RevokeSecurityGroupIngress", GroupId=w["group"], IpPermissions=[web])
    api.call("ec2.DeleteSecurityGroup", GroupId=two)
    default = api.call("ec2.DescribeSecurityGroups", Filters=[{"Name": "vpc-id", "Values": [w["vpc"]]}, {"Name": "group-name", "Values": ["default"]}])["SecurityGroups"][0]["GroupId"]
    api.refuse("CannotDelete", "ec2.DeleteSecurityGroup", GroupId=default)
    api.refuse("MissingParameter", "ec2.DeleteSecurityGroup")

    key = Path(e2e.PUBLIC_KEY).read_bytes()
    w["key"] = api.call("ec2.ImportKeyPair", "KeyName KeyFingerprint KeyPairId", KeyName="k", PublicKeyMaterial=key, TagSpecifications=tags("key-pair"))["KeyPairId"]
    api.refuse("InvalidKeyPair.Duplicate", "ec2.ImportKeyPair", KeyName="k", PublicKeyMaterial=key)
    api.refuse("InvalidKey.Format", "ec2.ImportKeyPair", KeyName="l", PublicKeyMaterial=b"no key")
    api.call("ec2.CreateKeyPair", "KeyMaterial KeyPairId", KeyName="made", KeyType="ed25519", KeyFormat="pem")
    api.refuse("InvalidKeyPair.Duplicate", "ec2.CreateKeyPair", KeyName="k")
    api.call("ec2.DescribeKeyPairs", "KeyPairs.KeyType KeyPairs.PublicKey", KeyPairIds=[w["key"]], IncludePublicKey=True, **by("key-name", "k"))
    api.refuse("InvalidKeyPair.NotFound", "ec2.DescribeKeyPairs", KeyNames=["none"])
    api.call("ec2.DeleteKeyPair", "Return", KeyName="made")
    api.refuse("MissingParameter", "ec2.DeleteKeyPair")

    api.call("ec2.CreateTags", Resources=[w["vpc"], w["group"]], Tags=[{"Key": "a", "Value": "1"}])
    api.refuse("InvalidParameterValue", "ec2.CreateTags", Resources=[w["vpc"]], Tags=[{"Key": "aws:a", "Value": "1"}])
    api.refuse("TagLimitExceeded", "ec2.CreateTags", Resources=[w["vpc"]], Tags=[{"Key": f"k{i}", "Value": ""} for i in range(50)])
    api.refuse("InvalidParameterValue", "ec2.CreateTags", Resources=[w["vpc"]], Tags=[{"Key": "k" * 128, "Value": "v" * 257}])
    api.call("ec2.DescribeTags", "Tags.ResourceType", **by("resource-id", w["vpc"]))
    api.paged("ec2.DescribeTags", 5)
    api.call("ec2.DeleteTags", Resources=[w["vpc"], w["group"]], Tags=[{"Key": "a"}])
    tap.same(api.call("ec2.DescribeTags", **by("key", "a"))["Tags"], [], "tags are taken off")


def hosts(api, w):
    api.call("ec2.DescribeInstanceTypes", "InstanceTypes.VCpuInfo.DefaultVCpus InstanceTypes.MemoryInfo.SizeInMiB InstanceTypes.GpuInfo.Gpus.Count", InstanceTypes=["dl1.24xlarge"],
             **by("processor-info.supported-architecture", "x86_64"))
    api.refuse("InvalidInstanceType", "ec2.DescribeInstanceTypes", InstanceTypes=["t3.none"])
    api.paged("ec2.DescribeInstanceTypes", 50)
    api.call("ec2.DescribeInstanceTypeOfferings", "InstanceTypeOfferings.Location", LocationType="availability-zone", **by("instance-type", "p3.*"))
    api.paged("ec2.DescribeInstanceTypeOfferings", 100)
    image = api.call("ec2.DescribeImages", "Images.ImageId Images.RootDeviceName Images.BlockDeviceMappings.Ebs.SnapshotId Images.OwnerId", Owners=["099720109477"],
                     **by("name", "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*"))["Images"][0]["ImageId"]
    api.paged("ec2.DescribeImages", 5)
    api.refuse("InvalidAMIID.NotFound", "ec2.DescribeImages", ImageIds=["ami-" + NONE])
    api.refuse("InvalidAMIID.Malformed", "ec2.DescribeImages", ImageIds=["image"])
    api.call("iam.CreateInstanceProfile", InstanceProfileName="hosts", variants=False)
    api.call("iam.CreateInstanceProfile", InstanceProfileName="others", variants=False)
    run = {"ImageId": image, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1, "SubnetId": w["subnet"], "SecurityGroupIds": [w["group"]], "KeyName": "k",
           "UserData": "#!/bin/sh\n", "IamInstanceProfile": {"Name": "hosts"}, "ClientToken": "run", "Monitoring": {"Enabled": False},
           "BlockDeviceMappings": [{"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 20, "VolumeType": "gp3"}}], "TagSpecifications": tags("instance")}
    bad = [("MissingParameter", {"ImageId": None}), ("InvalidParameterValue", {"MinCount": 2}), ("InvalidParameterValue", {"MinCount": 0}), ("InvalidKeyPair.NotFound", {"KeyName": "none"}),
           ("InvalidParameter", {"SecurityGroupIds": [w["foreign"]]}), ("InvalidParameterValue", {"IamInstanceProfile": {"Name": "none"}}),
           ("InvalidParameterValue", {"UserData": "x" * 16385}), ("InvalidParameterValue", {"InstanceType": "t3.none"}),
           ("InvalidSubnetID.NotFound", {"SubnetId": "subnet-" + NONE}), ("InvalidParameterValue", {"PrivateIpAddress": "10.0.2.9"})]
    for code, change in bad:
        api.refuse(code, "ec2.RunInstances", None, f"{code} for {change if len(str(change)) < 90 else list(change)}", **{k: v for k, v in {**run, "ClientToken": None, **change}.items() if v is not None})
    made = api.call("ec2.RunInstances", "ReservationId OwnerId Instances.InstanceId Instances.State.Name Instances.PrivateIpAddress Instances.PrivateDnsName Instances.SecurityGroups.GroupName "
                    "Instances.NetworkInterfaces.MacAddress Instances.Placement.AvailabilityZone Instances.LaunchTime Instances.MetadataOptions.HttpTokens", **run)["Instances"][0]
    tap.same(api.call("ec2.RunInstances", **run, variants=False)["Instances"][0]["InstanceId"], made["InstanceId"], "the same token gives the same instance")
    api.refuse("InvalidIPAddress.InUse", "ec2.RunInstances", **{**run, "ClientToken": "x", "PrivateIpAddress": made["PrivateIpAddress"]})
    api.refuse("InsufficientFreeAddressesInSubnet", "ec2.RunInstances", **{**run, "ClientToken": "y", "SubnetId": w["small"], "MinCount": 12, "MaxCount": 12})
    spot = api.call("ec2.RunInstances", **{**run, "ClientToken": "spot", "InstanceMarketOptions": {"MarketType": "spot", "SpotOptions": {"SpotInstanceType": "one-time"}}})["Instances"][0]
    w["host"], host, spot_id = made["InstanceId"], made["InstanceId"], spot["InstanceId"]

    def state(instance=host):
        return api.send("ec2", "DescribeInstances", {"InstanceIds": [instance]})["Reservations"][0]["Instances"][0]["State"]["Name"]
    for instance in (host, spot_id):
        until(lambda i=instance: state(i), "running")
    api.call("ec2.DescribeInstances", "Reservations.Instances.BlockDeviceMappings.Ebs.VolumeId Reservations.Instances.IamInstanceProfile.Arn Reservations.Instances.PublicIpAddress", InstanceIds=[host],
             **by("instance-state-name", "running"))
    api.refuse("InvalidParameterCombination", "ec2.DescribeInstances", InstanceIds=[host], MaxResults=5)
    api.call("ec2.DescribeInstanceStatus", "InstanceStatuses.InstanceStatus.Status InstanceStatuses.SystemStatus.Details.Status", InstanceIds=[host], **by("instance-state-name", "running"))
    api.call("ec2.DescribeInstanceAttribute", "UserData.Value", InstanceId=host, Attribute="userData")
    api.call("ec2.ModifyInstanceAttribute", InstanceId=host, DisableApiTermination={"Value": True})
    api.refuse("IncorrectInstanceState", "ec2.ModifyInstanceAttribute", InstanceId=host, InstanceType={"Value": "t3.small"})
    api.refuse("OperationNotPermitted", "ec2.TerminateInstances", InstanceIds=[host])
    api.call("ec2.ModifyInstanceAttribute", InstanceId=host, DisableApiTermination={"Value": False})
    api.call("ec2.ModifyInstanceMetadataOptions", "InstanceId InstanceMetadataOptions.HttpTokens", InstanceId=host, HttpTokens="required", HttpPutResponseHopLimit=2)
    api.refuse("InvalidParameterValue", "ec2.ModifyInstanceMetadataOptions", InstanceId=host, HttpPutResponseHopLimit=65)
    api.call("ec2.GetInstanceUefiData", "InstanceId", InstanceId=host)
    api.call("ec2.GetConsoleOutput", "InstanceId Timestamp", InstanceId=host)
    api.call("ec2.GetPasswordData", "InstanceId", InstanceId=host)
    api.call("ec2.DescribeInstanceCreditSpecifications", "InstanceCreditSpecifications.CpuCredits", InstanceIds=[host])
    api.call("ec2.ModifyInstanceCreditSpecification", "SuccessfulInstanceCreditSpecifications.InstanceId", InstanceCreditSpecifications=[{"InstanceId": host, "CpuCredits": "standard"}])
    api.call("ec2.ModifyInstanceMaintenanceOptions", "AutoRecovery", InstanceId=host, AutoRecovery="disabled")
    api.call("ec2.ModifyPrivateDnsNameOptions", "Return", InstanceId=host, EnableResourceNameDnsARecord=True, PrivateDnsHostnameType="ip-name")
    api.call("ec2.ModifyInstanceCapacityReservationAttributes", "Return", InstanceId=host, CapacityReservationSpecification={"CapacityReservationPreference": "none"})
    api.call("ec2.MonitorInstances", "InstanceMonitorings.Monitoring.State", InstanceIds=[host])
    api.call("ec2.UnmonitorInstances", "InstanceMonitorings.Monitoring.State", InstanceIds=[host])

    association = api.call("ec2.DescribeIamInstanceProfileAssociations", "IamInstanceProfileAssociations.State", **by("instance-id", host))["IamInstanceProfileAssociations"][0]["AssociationId"]
    api.call("ec2.DescribeIamInstanceProfileAssociations", AssociationIds=[association])
    api.refuse("InvalidAssociationID.NotFound", "ec2.DescribeIamInstanceProfileAssociations", AssociationIds=["iip-assoc-" + NONE])
    association = api.call("ec2.ReplaceIamInstanceProfileAssociation", "IamInstanceProfileAssociation.AssociationId", AssociationId=association,
                           IamInstanceProfile={"Name": "others"})["IamInstanceProfileAssociation"]["AssociationId"]
    api.refuse("InvalidParameterValue", "ec2.ReplaceIamInstanceProfileAssociation", AssociationId=association, IamInstanceProfile={"Name": "none"})
    api.refuse("IncorrectState", "ec2.AssociateIamInstanceProfile", InstanceId=host, IamInstanceProfile={"Name": "hosts"})
    api.call("ec2.DisassociateIamInstanceProfile", "IamInstanceProfileAssociation.State", AssociationId=association)
    api.refuse("InvalidParameterValue", "ec2.AssociateIamInstanceProfile", InstanceId=host, IamInstanceProfile={"Name": "none"})
    api.call("ec2.AssociateIamInstanceProfile", "IamInstanceProfileAssociation.AssociationId", InstanceId=host, IamInstanceProfile={"Name": "hosts"})

    request = api.call("ec2.DescribeSpotInstanceRequests", "SpotInstanceRequests.Status.Code", **by("instance-id", spot_id))["SpotInstanceRequests"][0]["SpotInstanceRequestId"]
    api.refuse("UnsupportedOperation", "ec2.StopInstances", InstanceIds=[spot_id])
    wish = api.call("ec2.RequestSpotInstances", "SpotInstanceRequests.Status.Message SpotInstanceRequests.LaunchSpecification.ImageId", SpotPrice="0.0001", InstanceCount=1,
                    Type="one-time", LaunchSpecification={"ImageId": image, "InstanceType": "t3.small"})["SpotInstanceRequests"][0]["SpotInstanceRequestId"]
    api.call("ec2.CancelSpotInstanceRequests", "CancelledSpotInstanceRequests.State", SpotInstanceRequestIds=[wish])
    api.refuse("MissingParameter", "ec2.RequestSpotInstances", LaunchSpecification={"InstanceType": "t3.small"})
    api.call("ec2.DescribeSpotPriceHistory", "SpotPriceHistory.SpotPrice SpotPriceHistory.Timestamp", InstanceTypes=["t3.small"], ProductDescriptions=["Linux/UNIX"])
    api.call("ec2.CancelSpotInstanceRequests", "CancelledSpotInstanceRequests.State", SpotInstanceRequestIds=[request])
    api.call("ec2.DescribeSpotInstanceRequests", SpotInstanceRequestIds=[request])

    interface = api.call("ec2.DescribeNetworkInterfaces", "NetworkInterfaces.Groups.GroupName NetworkInterfaces.PrivateIpAddresses.Primary NetworkInterfaces.Attachment.AttachmentId",
                         **by("attachment.instance-id", host))["NetworkInterfaces"][0]["NetworkInterfaceId"]
    api.call("ec2.DescribeNetworkInterfaces", NetworkInterfaceIds=[interface])
    api.call("ec2.ModifyNetworkInterfaceAttribute", NetworkInterfaceId=interface, SourceDestCheck={"Value": False})
    api.call("ec2.ModifyNetworkInterfaceAttribute", NetworkInterfaceId=interface, Groups=[w["group"]])
    api.refuse("InvalidGroup.NotFound", "ec2.ModifyNetworkInterfaceAttribute", NetworkInterfaceId=interface, Groups=["sg-" + NONE])
    api.refuse("DependencyViolation", "ec2.DeleteSecurityGroup", GroupId=w["group"])
    second = api.call("ec2.AssignPrivateIpAddresses", "AssignedPrivateIpAddresses.PrivateIpAddress", NetworkInterfaceId=interface, PrivateIpAddresses=["10.0.1.99"])["AssignedPrivateIpAddresses"][0]["PrivateIpAddress"]
    api.refuse("InvalidIPAddress.InUse", "ec2.AssignPrivateIpAddresses", NetworkInterfaceId=interface, PrivateIpAddresses=[second])
    api.refuse("InvalidParameterValue", "ec2.AssignPrivateIpAddresses", NetworkInterfaceId=interface, PrivateIpAddresses=["10.0.2.9"])
    api.refuse("MissingParameter", "ec2.AssignPrivateIpAddresses", NetworkInterfaceId=interface)
    api.refuse("InvalidParameterValue", "ec2.AssignIpv6Addresses", NetworkInterfaceId=interface, Ipv6AddressCount=1)
    api.call("ec2.UnassignPrivateIpAddresses", NetworkInterfaceId=interface, PrivateIpAddresses=[second])
    api.refuse("InvalidParameterValue", "ec2.UnassignPrivateIpAddresses", NetworkInterfaceId=interface, PrivateIpAddresses=[second])
    given = api.call("ec2.AssociateAddress", "AssociationId", AllocationId=w["address"], InstanceId=host, AllowReassociation=False)["AssociationId"]
    api.refuse("Resource.AlreadyAssociated", "ec2.AssociateAddress", AllocationId=w["address"], InstanceId=host, AllowReassociation=False)
    api.refuse("MissingParameter", "ec2.AssociateAddress", InstanceId=host)
    api.call("ec2.DisassociateAddress", AssociationId=given)
    api.refuse("InvalidAssociationID.NotFound", "ec2.DisassociateAddress", AssociationId=given)

    api.refuse("InvalidInstanceID.NotFound", "ec2.StopInstances", InstanceIds=[host, "i-" + NONE])
    tap.same(state(), "running", "one that is not there: none is stopped")
    api.call("ec2.RebootInstances", InstanceIds=[host])
    api.call("ec2.StopInstances", "StoppingInstances.PreviousState.Name StoppingInstances.CurrentState.Code", InstanceIds=[host])
    tap.same(until(state, "stopped"), "stopped", "stopped in time")
    api.refuse("IncorrectState", "ec2.RebootInstances", InstanceIds=[host])
    api.call("ec2.ModifyInstancePlacement", "Return", InstanceId=host, Tenancy="default")
    api.refuse("MissingParameter", "ec2.ModifyInstancePlacement", InstanceId=host)
    api.call("ec2.ModifyInstanceAttribute", InstanceId=host, InstanceType={"Value": "t3.small"})
    api.call("ec2.StartInstances", "StartingInstances.CurrentState.Name", InstanceIds=[host])
    tap.same(until(state, "running"), "running", "running again")
    api.refuse("IncorrectInstanceState", "ec2.ModifyInstancePlacement", InstanceId=host, Tenancy="default")
    api.call("ec2.TerminateInstances", "TerminatingInstances.CurrentState.Name", InstanceIds=[spot_id])
    tap.same(until(lambda: state(spot_id), "terminated"), "terminated", "terminated in time")
    api.refuse("IncorrectInstanceState", "ec2.StartInstances", InstanceIds=[spot_id])
    api.refuse("IncorrectInstanceState", "ec2.StopInstances", InstanceIds=[spot_id])


def volumes(api, w):
    volume = api.call("ec2.CreateVolume", "VolumeId State Iops Throughput CreateTime", AvailabilityZone="us-east-1a", Size=10, VolumeType="gp3", Iops=3000, Throughput=125,
                      TagSpecifications=tags("volume"))["VolumeId"]
    for code, change in (("MissingParameter", {"Size": None}), ("InvalidZone.NotFound", {"AvailabilityZone": "us-west-2a"}), ("InvalidParameterCombination", {"VolumeType": "gp2"}),
                         ("InvalidParameterValue", {"Size": 70000}), ("MissingParameter", {"VolumeType": "io1", "Iops": None, "Throughput": None}),
                         ("InvalidSnapshot.NotFound", {"SnapshotId": "snap-" + NONE})):
        args = {"AvailabilityZone": "us-east-1a", "Size": 10, "VolumeType": "gp3", "Iops": 3000, "Throughput": 125, **change}
        api.refuse(code, "ec2.CreateVolume", None, f"{code} for {change}", **{k: v for k, v in args.items() if v is not None})
    until(lambda: api.send("ec2", "DescribeVolumes", {"VolumeIds": [volume]})["Volumes"][0]["State"], "available")
    api.call("ec2.DescribeVolumes", "Volumes.Tags.Key", VolumeIds=[volume], **by("status", "available"))
    other = api.call("ec2.CreateVolume", AvailabilityZone="us-east-1b", Size=10)["VolumeId"]
    until(lambda: api.send("ec2", "DescribeVolumes", {"VolumeIds": [other]})["Volumes"][0]["State"], "available")
    api.refuse("InvalidVolume.ZoneMismatch", "ec2.AttachVolume", VolumeId=other, InstanceId=w["host"], Device="/dev/sdf")
    api.refuse("InvalidParameterValue", "ec2.AttachVolume", VolumeId=volume, InstanceId=w["host"], Device="/dev/sda1")
    api.refuse("IncorrectState", "ec2.DetachVolume", VolumeId=volume)
    api.call("ec2.AttachVolume", "State Device AttachTime", VolumeId=volume, InstanceId=w["host"], Device="/dev/sdf")
    api.refuse("VolumeInUse", "ec2.AttachVolume", VolumeId=volume, InstanceId=w["host"], Device="/dev/sdg")
    api.refuse("VolumeInUse", "ec2.DeleteVolume", VolumeId=volume)
    until(lambda: api.send("ec2", "DescribeVolumes", {"VolumeIds": [volume]})["Volumes"][0]["Attachments"][0]["State"], "attached")
    api.paged("ec2.DescribeVolumes", 1)
    root = api.call("ec2.DescribeVolumes", Filters=[{"Name": "attachment.instance-id", "Values": [w["host"]]}, {"Name": "attachment.device", "Values": ["/dev/sda1"]}])["Volumes"][0]["VolumeId"]
    api.refuse("OperationNotPermitted", "ec2.DetachVolume", VolumeId=root)
    api.call("ec2.DetachVolume", "State", VolumeId=volume, InstanceId=w["host"], Device="/dev/sdf")
    until(lambda: api.send("ec2", "DescribeVolumes", {"VolumeIds": [volume]})["Volumes"][0]["State"], "available")
    api.call("ec2.ModifyVolume", "VolumeModification.ModificationState", VolumeId=volume, Size=12, VolumeType="gp3")
    api.refuse("InvalidParameterValue", "ec2.ModifyVolume", VolumeId=root, Size=1)
    api.refuse("IncorrectModificationState", "ec2.ModifyVolume", VolumeId=volume, Size=14)
    api.call("ec2.DescribeVolumesModifications", "VolumesModifications.TargetSize", VolumeIds=[volume], **by("volume-id", volume))
    until(lambda: api.send("ec2", "DescribeVolumes", {"VolumeIds": [volume]})["Volumes"][0]["Size"], 12)
    snapshot = api.call("ec2.CreateSnapshot", "SnapshotId State StartTime VolumeSize", VolumeId=volume, Description="kept", TagSpecifications=tags("snapshot"))["SnapshotId"]
    until(lambda: api.send("ec2", "DescribeSnapshots", {"SnapshotIds": [snapshot]})["Snapshots"][0]["State"], "completed")
    api.call("ec2.DescribeSnapshots", "Snapshots.Progress", SnapshotIds=[snapshot], OwnerIds=["self"], **by("status", "completed"))
    again = api.call("ec2.CreateVolume", "SnapshotId", AvailabilityZone="us-east-1a", SnapshotId=snapshot)
    tap.same(again["Size"], 12, "a volume of a snapshot is as large as it")
    api.refuse("InvalidParameterValue", "ec2.CreateVolume", AvailabilityZone="us-east-1a", SnapshotId=snapshot, Size=5)
    api.call("ec2.DeleteSnapshot", SnapshotId=snapshot)
    for one in (volume, other):
        api.call("ec2.DeleteVolume", VolumeId=one)
    api.refuse("InvalidParameterValue", "ec2.DescribeVolumes", VolumeIds=["volume"])


def take_down(api, w):
    """What is in use goes last."""
    api.call("ec2.TerminateInstances", InstanceIds=[w["host"]])
    api.call("ec2.DeleteNatGateway", "NatGatewayId", NatGatewayId=w["nat"])
    until(lambda: api.send("ec2", "DescribeNatGateways", {"NatGatewayIds": [w["nat"]]})["NatGateways"][0]["State"], "deleted")
    until(lambda: api.send("ec2", "DescribeNetworkInterfaces", by("vpc-id", w["vpc"]))["NetworkInterfaces"], [])
    for allocation in (w["address"], w["nat_address"]):
        api.call("ec2.ReleaseAddress", AllocationId=allocation)
    api.call("ec2.DetachInternetGateway", InternetGatewayId=w["gateway"], VpcId=w["vpc"])
    api.call("ec2.DeleteInternetGateway", InternetGatewayId=w["gateway"])
    for subnet in ("subnet", "small", "elsewhere"):
        api.call("ec2.DeleteSubnet", SubnetId=w[subnet])
    api.call("ec2.DeleteRouteTable", RouteTableId=w["table"])
    for group in ("group", "foreign"):
        api.call("ec2.DeleteSecurityGroup", GroupId=w[group])
    api.call("ec2.DeleteKeyPair", KeyPairId=w["key"])
    for vpc in w["vpcs"]:
        api.call("ec2.DeleteVpc", VpcId=vpc)


def test_filters(api):
    """Every filter that AWS's documentation of an operation names is taken, and finds what has the value."""
    documents = api.models.get_component("data_loader").load_service_model("ec2", "service-2")
    refused, count = {}, 0
    for service, operation in sorted(api.good):
        members = (api.model(service, operation).input_shape or type("", (), {"members": {}})).members
        argument = next((n for n in ("Filters", "Filter") if n in members and service == "ec2"), None)
        if not argument:
            continue
        text = documents["shapes"][documents["operations"][operation]["input"]["shape"]]["members"][argument].get("documentation", "")
        for name in re.findall(r"<li>\s*<p>\s*<code>([^<]+)</code>", text):
            if name.startswith("tag") and name != "tag-key":
                name = "tag:x"
            if (operation, name) == ("DescribeTags", "tag:x"):
                continue  # its own documentation means one key
            count += 1
            try:
                api.send(service, operation, {argument: [{"Name": name, "Values": ["no-such-value"]}]})
            except Exception as error:  # pylint: disable=broad-except
                refused.setdefault(operation, []).append(f"{name}: {error}")
    tap.same(refused, {}, f"{count} filters of the documentation are taken")
    ec2 = api.client("ec2")
    vpc = ec2.describe_vpcs(Filters=[{"Name": "cidr-block-association.cidr-block", "Values": ["172.31.*"]}])["Vpcs"][0]["VpcId"]
    group = ec2.describe_security_groups(Filters=[{"Name": "egress.ip-permission.cidr", "Values": ["0.0.0.0/0"]}, {"Name": "vpc-id", "Values": [vpc]}])["SecurityGroups"]
    tap.same([g["GroupName"] for g in group], ["default"], "a group by what it lets out")
    tap.same(ec2.describe_security_groups(Filters=[{"Name": "egress.ip-permission.cidr", "Values": ["10.0.0.0/8"]}])["SecurityGroups"], [], "none by what none lets out")
    snapshot = ec2.describe_images(Owners=["amazon"])["Images"][0]["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"]
    tap.same(len(ec2.describe_images(Filters=[{"Name": "block-device-mapping.snapshot-id", "Values": [snapshot]}])["Images"]), 1, "an image by its snapshot")


def test_iam(api):
    role = api.call("iam.CreateRole", "Role.Arn Role.RoleId Role.CreateDate Role.Path", RoleName="r", AssumeRolePolicyDocument=TRUST, Path="/x/", Description="d", MaxSessionDuration=7200,
                    Tags=[{"Key": "a", "Value": "1"}])["Role"]
    tap.same((role["Arn"].split(":")[-1], role["AssumeRolePolicyDocument"]["Version"]), ("role/x/r", "2012-10-17"), "a role")
    api.refuse("EntityAlreadyExists", "iam.CreateRole", RoleName="r", AssumeRolePolicyDocument=TRUST)
    api.call("sts.AssumeRole", "Credentials.SessionToken Credentials.Expiration AssumedRoleUser.AssumedRoleId", RoleArn=role["Arn"], RoleSessionName="me", DurationSeconds=900)
    api.refuse("MalformedPolicyDocument", "iam.CreateRole", RoleName="s", AssumeRolePolicyDocument="{")
    api.refuse("ValidationError", "iam.CreateRole", RoleName="a role", AssumeRolePolicyDocument=TRUST)
    api.refuse("ValidationError", "iam.CreateRole", RoleName="s", AssumeRolePolicyDocument=TRUST, MaxSessionDuration=60)
    api.refuse("ValidationError", "iam.CreateRole", RoleName="s", AssumeRolePolicyDocument=TRUST, Path="x")
    for n in range(3):
        api.call("iam.CreateRole", RoleName=f"r{n}", AssumeRolePolicyDocument=TRUST)
    absent(api, "RoleName", "nobody", {
        "GetRole": {}, "UpdateRole": {}, "UpdateRoleDescription": {"Description": "x"}, "UpdateAssumeRolePolicy": {"PolicyDocument": TRUST}, "DeleteRole": {}, "TagRole": {"Tags": [{"Key": "a", "Value": ""}]},
        "UntagRole": {"TagKeys": ["a"]}, "ListRoleTags": {}, "PutRolePermissionsBoundary": {"PermissionsBoundary": "arn:aws:iam::aws:policy/ReadOnlyAccess"}, "DeleteRolePermissionsBoundary": {},
        "PutRolePolicy": {"PolicyName": "p", "PolicyDocument": POLICY}, "GetRolePolicy": {"PolicyName": "p"}, "DeleteRolePolicy": {"PolicyName": "p"}, "ListRolePolicies": {},
        "AttachRolePolicy": {"PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}, "DetachRolePolicy": {"PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}, "ListAttachedRolePolicies": {},
        "ListInstanceProfilesForRole": {}})
    api.call("iam.GetRole", "Role.AssumeRolePolicyDocument", RoleName="r")
    api.call("iam.ListRoles", "Roles.Arn", PathPrefix="/")
    tap.same([r["RoleName"] for r in api.call("iam.ListRoles", PathPrefix="/x/")["Roles"]], ["r"], "roles by path")
    api.paged("iam.ListRoles", 2)
    api.call("iam.UpdateRole", RoleName="r", Description="new", MaxSessionDuration=3600)
    api.call("iam.UpdateRoleDescription", "Role.Description", RoleName="r", Description="newer")
    api.call("iam.UpdateAssumeRolePolicy", RoleName="r", PolicyDocument=TRUST)
    api.refuse("MalformedPolicyDocument", "iam.UpdateAssumeRolePolicy", RoleName="r", PolicyDocument="[]")
    api.call("iam.TagRole", RoleName="r", Tags=[{"Key": "b", "Value": "2"}, {"Key": "c", "Value": "3"}])
    api.refuse("LimitExceeded", "iam.TagRole", RoleName="r", Tags=[{"Key": f"k{n}", "Value": ""} for n in range(48)])
    api.call("iam.ListRoleTags", "Tags.Key", RoleName="r")
    api.paged("iam.ListRoleTags", 2, RoleName="r")
    api.call("iam.UntagRole", RoleName="r", TagKeys=["b"])
    api.call("iam.PutRolePermissionsBoundary", RoleName="r", PermissionsBoundary="arn:aws:iam::aws:policy/ReadOnlyAccess")
    api.refuse("NoSuchEntity", "iam.PutRolePermissionsBoundary", RoleName="r", PermissionsBoundary="arn:aws:iam::aws:policy/NoSuchPolicy")
    api.call("iam.DeleteRolePermissionsBoundary", RoleName="r")
    for name in ("p", "q", "s"):
        api.call("iam.PutRolePolicy", RoleName="r", PolicyName=name, PolicyDocument=POLICY)
    api.refuse("MalformedPolicyDocument", "iam.PutRolePolicy", RoleName="r", PolicyName="t", PolicyDocument="no JSON")
    api.call("iam.GetRolePolicy", "PolicyDocument", RoleName="r", PolicyName="p")
    api.refuse("NoSuchEntity", "iam.GetRolePolicy", RoleName="r", PolicyName="none")
    api.call("iam.ListRolePolicies", "PolicyNames", RoleName="r")
    api.paged("iam.ListRolePolicies", 2, RoleName="r")
    api.refuse("DeleteConflict", "iam.DeleteRole", RoleName="r")
    for name in ("p", "q", "s"):
        api.call("iam.DeleteRolePolicy", RoleName="r", PolicyName=name)
    api.refuse("NoSuchEntity", "iam.DeleteRolePolicy", RoleName="r", PolicyName="p")
    iam_policies(api)
    iam_profiles(api)
    api.call("iam.DeleteRole", RoleName="r")


def absent(api, member, value, operations):
    for operation, args in operations.items():
        api.refuse("NoSuchEntity", f"iam.{operation}", 404, f"no such {member}", **{member: value, **args})


def iam_policies(api):
    arn = api.call("iam.CreatePolicy", "Policy.Arn Policy.PolicyId Policy.DefaultVersionId Policy.CreateDate", PolicyName="own", PolicyDocument=POLICY, Path="/", Description="d",
                   Tags=[{"Key": "a", "Value": "1"}])["Policy"]["Arn"]
    api.refuse("EntityAlreadyExists", "iam.CreatePolicy", PolicyName="own", PolicyDocument=POLICY)
    api.refuse("MalformedPolicyDocument", "iam.CreatePolicy", PolicyName="bad", PolicyDocument="{")
    api.refuse("ValidationError", "iam.CreatePolicy", PolicyName="a name", PolicyDocument=POLICY)
    none = arn.replace("own", "none")
    absent(api, "PolicyArn", none, {"GetPolicy": {}, "DeletePolicy": {}, "GetPolicyVersion": {"VersionId": "v1"}, "ListPolicyVersions": {}, "CreatePolicyVersion": {"PolicyDocument": POLICY},
                                    "SetDefaultPolicyVersion": {"VersionId": "v1"}, "DeletePolicyVersion": {"VersionId": "v1"}, "ListPolicyTags": {}, "TagPolicy": {"Tags": [{"Key": "a", "Value": ""}]},
                                    "UntagPolicy": {"TagKeys": ["a"]}, "ListEntitiesForPolicy": {}, "AttachRolePolicy": {"RoleName": "r"}, "DetachRolePolicy": {"RoleName": "r"}})
    api.call("iam.GetPolicy", "Policy.Description Policy.Tags.Key", PolicyArn=arn)
    tap.same([p["PolicyName"] for p in api.call("iam.ListPolicies", "Policies.Arn", Scope="Local")["Policies"]], ["own"], "policies of one's own")
    api.paged("iam.ListPolicies", 30)
    version = api.call("iam.CreatePolicyVersion", "PolicyVersion.VersionId", PolicyArn=arn, PolicyDocument=POLICY, SetAsDefault=False)["PolicyVersion"]["VersionId"]
    api.refuse("MalformedPolicyDocument", "iam.CreatePolicyVersion", PolicyArn=arn, PolicyDocument="{")
    api.call("iam.GetPolicyVersion", "PolicyVersion.Document PolicyVersion.CreateDate", PolicyArn=arn, VersionId=version)
    api.refuse("NoSuchEntity", "iam.GetPolicyVersion", PolicyArn=arn, VersionId="v9")
    api.call("iam.ListPolicyVersions", "Versions.VersionId", PolicyArn=arn)
    api.paged("iam.ListPolicyVersions", 1, PolicyArn=arn)
    api.refuse("DeleteConflict", "iam.DeletePolicyVersion", PolicyArn=arn, VersionId="v1")
    api.refuse("DeleteConflict", "iam.DeletePolicy", PolicyArn=arn)
    api.call("iam.SetDefaultPolicyVersion", PolicyArn=arn, VersionId=version)
    api.refuse("NoSuchEntity", "iam.SetDefaultPolicyVersion", PolicyArn=arn, VersionId="v9")
    api.call("iam.DeletePolicyVersion", PolicyArn=arn, VersionId="v1")
    for _ in range(4):
        api.call("iam.CreatePolicyVersion", PolicyArn=arn, PolicyDocument=POLICY)
    api.refuse("LimitExceeded", "iam.CreatePolicyVersion", PolicyArn=arn, PolicyDocument=POLICY)
    for entry in api.call("iam.ListPolicyVersions", PolicyArn=arn)["Versions"]:
        if not entry["IsDefaultVersion"]:
            api.call("iam.DeletePolicyVersion", PolicyArn=arn, VersionId=entry["VersionId"])
    api.call("iam.TagPolicy", PolicyArn=arn, Tags=[{"Key": "b", "Value": "2"}])
    api.call("iam.ListPolicyTags", "Tags.Key", PolicyArn=arn)
    api.paged("iam.ListPolicyTags", 1, PolicyArn=arn)
    api.call("iam.UntagPolicy", PolicyArn=arn, TagKeys=["b"])
    api.call("iam.AttachRolePolicy", RoleName="r", PolicyArn=arn)
    api.call("iam.AttachRolePolicy", RoleName="r", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    api.call("iam.AttachRolePolicy", RoleName="r1", PolicyArn=arn)
    api.call("iam.ListAttachedRolePolicies", "AttachedPolicies.PolicyName", RoleName="r", PathPrefix="/")
    api.paged("iam.ListAttachedRolePolicies", 1, RoleName="r")
    api.call("iam.ListEntitiesForPolicy", "PolicyRoles.RoleId", PolicyArn=arn, EntityFilter="Role")
    api.paged("iam.ListEntitiesForPolicy", 1, PolicyArn=arn)
    api.refuse("DeleteConflict", "iam.DeleteRole", RoleName="r")
    api.refuse("DeleteConflict", "iam.DeletePolicy", PolicyArn=arn)
    api.call("iam.GetAccountAuthorizationDetails", "RoleDetailList.AttachedManagedPolicies.PolicyArn Policies.PolicyVersionList.Document", Filter=["Role", "LocalManagedPolicy"])
    api.paged("iam.GetAccountAuthorizationDetails", 2, Filter=["Role", "LocalManagedPolicy"])
    for role, policy in (("r", arn), ("r1", arn), ("r", "arn:aws:iam::aws:policy/ReadOnlyAccess")):
        api.call("iam.DetachRolePolicy", RoleName=role, PolicyArn=policy)
    api.call("iam.DeletePolicy", PolicyArn=arn)


def iam_profiles(api):
    api.call("iam.CreateInstanceProfile", "InstanceProfile.Arn InstanceProfile.InstanceProfileId", InstanceProfileName="p", Path="/", Tags=[{"Key": "a", "Value": "1"}])
    api.refuse("EntityAlreadyExists", "iam.CreateInstanceProfile", InstanceProfileName="p")
    api.refuse("ValidationError", "iam.CreateInstanceProfile", InstanceProfileName="a name")
    absent(api, "InstanceProfileName", "none", {"GetInstanceProfile": {}, "AddRoleToInstanceProfile": {"RoleName": "r"}, "RemoveRoleFromInstanceProfile": {"RoleName": "r"}, "DeleteInstanceProfile": {},
                                                "TagInstanceProfile": {"Tags": [{"Key": "a", "Value": ""}]}, "UntagInstanceProfile": {"TagKeys": ["a"]}, "ListInstanceProfileTags": {}})
    api.refuse("NoSuchEntity", "iam.AddRoleToInstanceProfile", InstanceProfileName="p", RoleName="nobody")
    api.call("iam.AddRoleToInstanceProfile", InstanceProfileName="p", RoleName="r")
    api.refuse("LimitExceeded", "iam.AddRoleToInstanceProfile", InstanceProfileName="p", RoleName="r1")
    api.call("iam.GetInstanceProfile", "InstanceProfile.Roles.Arn", InstanceProfileName="p")
    api.call("iam.ListInstanceProfiles", "InstanceProfiles.Arn", PathPrefix="/")
    api.paged("iam.ListInstanceProfiles", 1)
    api.call("iam.ListInstanceProfilesForRole", "InstanceProfiles.InstanceProfileName", RoleName="r")
    api.refuse("DeleteConflict", "iam.DeleteInstanceProfile", InstanceProfileName="p")
    api.refuse("DeleteConflict", "iam.DeleteRole", RoleName="r")
    api.call("iam.TagInstanceProfile", InstanceProfileName="p", Tags=[{"Key": "b", "Value": "2"}])
    api.call("iam.ListInstanceProfileTags", "Tags.Key", InstanceProfileName="p")
    api.paged("iam.ListInstanceProfileTags", 1, InstanceProfileName="p")
    api.call("iam.UntagInstanceProfile", InstanceProfileName="p", TagKeys=["b"])
    api.call("iam.RemoveRoleFromInstanceProfile", InstanceProfileName="p", RoleName="r")
    api.refuse("NoSuchEntity", "iam.RemoveRoleFromInstanceProfile", InstanceProfileName="p", RoleName="r")
    api.call("iam.DeleteInstanceProfile", InstanceProfileName="p")


def test_ssm(api):
    api.call("ssm.PutParameter", "Version Tier", Name="/a/b", Value="1", Type="String", Description="d", Tier="Standard", DataType="text", Tags=[{"Key": "a", "Value": "1"}])
    api.refuse("ParameterAlreadyExists", "ssm.PutParameter", Name="/a/b", Value="2", Type="String")
    api.refuse("ValidationException", "ssm.PutParameter", Name="/a/c", Value="x" * 4097, Type="String")
    api.refuse("ValidationException", "ssm.PutParameter", Name="/a/c", Value="1")
    api.refuse("ValidationException", "ssm.PutParameter", Name="/aws/c", Value="1", Type="String")
    api.refuse("ValidationException", "ssm.PutParameter", Name="a b", Value="1", Type="String")
    api.refuse("ValidationException", "ssm.PutParameter", Name="/a/c", Value="", Type="String")
    api.refuse("ParameterPatternMismatchException", "ssm.PutParameter", Name="/a/c", Value="x", Type="String", AllowedPattern="^[0-9]+$")
    api.refuse("HierarchyLevelLimitExceededException", "ssm.PutParameter", Name="/a" * 16, Value="x", Type="String")
    tap.same(api.call("ssm.PutParameter", Name="/a/b", Value="2", Type="String", Overwrite=True)["Version"], 2, "a second version")
    for n in range(12):
        api.call("ssm.PutParameter", Name=f"/many/p{n}", Value="1", Type="SecureString" if n % 2 else "String")
    api.call("ssm.GetParameter", "Parameter.ARN Parameter.Version Parameter.LastModifiedDate Parameter.DataType", Name="/a/b", WithDecryption=True)
    api.refuse("ParameterNotFound", "ssm.GetParameter", Name="/none")
    found = api.call("ssm.GetParameters", "Parameters.Value InvalidParameters", Names=["/a/b", "/none"])
    tap.same(found["InvalidParameters"], ["/none"], "what is not there is told")
    api.refuse("ValidationException", "ssm.GetParameters", Names=[f"/p{n}" for n in range(11)])
    api.call("ssm.GetParametersByPath", "Parameters.Name", Path="/many", Recursive=True)
    api.refuse("ValidationException", "ssm.GetParametersByPath", Path="many")
    api.paged("ssm.GetParametersByPath", 5, Path="/many")
    api.call("ssm.DescribeParameters", "Parameters.Name Parameters.Tier", ParameterFilters=[{"Key": "Name", "Option": "BeginsWith", "Values": ["/a"]}])
    api.refuse("InvalidFilterKey", "ssm.DescribeParameters", ParameterFilters=[{"Key": "Colour", "Values": ["red"]}])
    api.paged("ssm.DescribeParameters", 5)
    api.call("ssm.AddTagsToResource", ResourceType="Parameter", ResourceId="/a/b", Tags=[{"Key": "b", "Value": "2"}])
    api.call("ssm.ListTagsForResource", "TagList.Key", ResourceType="Parameter", ResourceId="/a/b")
    api.call("ssm.RemoveTagsFromResource", ResourceType="Parameter", ResourceId="/a/b", TagKeys=["b"])
    for operation, args in (("AddTagsToResource", {"Tags": [{"Key": "a", "Value": ""}]}), ("ListTagsForResource", {}), ("RemoveTagsFromResource", {"TagKeys": ["a"]})):
        api.refuse("InvalidResourceId", f"ssm.{operation}", ResourceType="Parameter", ResourceId="/none", **args)
    api.call("ssm.DeleteParameter", Name="/a/b")
    api.refuse("ParameterNotFound", "ssm.DeleteParameter", Name="/a/b")
    gone = api.call("ssm.DeleteParameters", "DeletedParameters InvalidParameters", Names=["/many/p0", "/none"])
    tap.same((gone["DeletedParameters"], gone["InvalidParameters"]), (["/many/p0"], ["/none"]), "deleted, and not there")
    api.refuse("ValidationException", "ssm.DeleteParameters", Names=[f"/p{n}" for n in range(11)])


def test_efs(api):
    ec2 = api.client("ec2")
    vpc = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    group = ec2.create_security_group(GroupName="efs", Description="efs", VpcId=vpc)["GroupId"]
    fs = api.call("efs.CreateFileSystem", "FileSystemId FileSystemArn CreationTime LifeCycleState SizeInBytes OwnerId", CreationToken="t", PerformanceMode="generalPurpose", ThroughputMode="bursting",
                  Encrypted=True, Tags=[{"Key": "Name", "Value": "x"}])["FileSystemId"]
    api.refuse("FileSystemAlreadyExists", "efs.CreateFileSystem", CreationToken="t")
    api.refuse("BadRequest", "efs.CreateFileSystem", CreationToken="u", ThroughputMode="provisioned")
    api.refuse("UnsupportedAvailabilityZone", "efs.CreateFileSystem", CreationToken="u", AvailabilityZoneName="us-west-2a")
    for name in ("u", "v"):
        api.call("efs.CreateFileSystem", CreationToken=name)
    until(lambda: api.send("efs", "DescribeFileSystems", {"FileSystemId": fs})["FileSystems"][0]["LifeCycleState"], "available")
    api.call("efs.DescribeFileSystems", "FileSystems.Name FileSystems.ThroughputMode FileSystems.Tags.Key", FileSystemId=fs)
    api.paged("efs.DescribeFileSystems", 1)
    api.call("efs.UpdateFileSystem", "ThroughputMode", FileSystemId=fs, ThroughputMode="elastic")
    api.refuse("BadRequest", "efs.UpdateFileSystem", FileSystemId=fs, ThroughputMode="provisioned")
    point = api.call("efs.CreateAccessPoint", "AccessPointId AccessPointArn FileSystemId RootDirectory.Path OwnerId LifeCycleState", ClientToken="p", FileSystemId=fs, RootDirectory={"Path": "/data"},
                     Tags=[{"Key": "Name", "Value": "p"}])["AccessPointId"]
    api.refuse("AccessPointAlreadyExists", "efs.CreateAccessPoint", ClientToken="p", FileSystemId=fs)
    api.call("efs.CreateAccessPoint", ClientToken="q", FileSystemId=fs)
    api.call("efs.DescribeAccessPoints", "AccessPoints.Name AccessPoints.FileSystemId AccessPoints.Tags.Key", AccessPointId=point)
    api.paged("efs.DescribeAccessPoints", 1)
    api.call("efs.DeleteAccessPoint", AccessPointId=point)
    api.refuse("AccessPointNotFound", "efs.DescribeAccessPoints", AccessPointId=point)
    api.call("efs.PutLifecycleConfiguration", "LifecyclePolicies.TransitionToIA", FileSystemId=fs, LifecyclePolicies=[{"TransitionToIA": "AFTER_30_DAYS"}])
    api.call("efs.DescribeLifecycleConfiguration", "LifecyclePolicies", FileSystemId=fs)
    api.call("efs.PutBackupPolicy", "BackupPolicy.Status", FileSystemId=fs, BackupPolicy={"Status": "ENABLED"})
    api.call("efs.DescribeBackupPolicy", "BackupPolicy.Status", FileSystemId=fs)
    api.refuse("PolicyNotFound", "efs.DescribeFileSystemPolicy", FileSystemId=fs)
    api.call("efs.PutFileSystemPolicy", "Policy", FileSystemId=fs, Policy=POLICY)
    api.refuse("InvalidPolicyException", "efs.PutFileSystemPolicy", FileSystemId=fs, Policy="no JSON")
    api.call("efs.DescribeFileSystemPolicy", "Policy", FileSystemId=fs)
    api.call("efs.DeleteFileSystemPolicy", FileSystemId=fs)
    api.call("efs.UpdateFileSystemProtection", "ReplicationOverwriteProtection", FileSystemId=fs, ReplicationOverwriteProtection="DISABLED")
    api.call("efs.TagResource", ResourceId=fs, Tags=[{"Key": "b", "Value": "2"}])
    api.call("efs.ListTagsForResource", "Tags.Key", ResourceId=fs)
    api.call("efs.UntagResource", ResourceId=fs, TagKeys=["b"])
    none = "fs-" + NONE
    for operation, args in (("UpdateFileSystem", {}), ("DeleteFileSystem", {}), ("DescribeLifecycleConfiguration", {}), ("PutLifecycleConfiguration", {"LifecyclePolicies": []}),
                            ("DescribeBackupPolicy", {}), ("PutBackupPolicy", {"BackupPolicy": {"Status": "ENABLED"}}), ("DescribeFileSystemPolicy", {}), ("PutFileSystemPolicy", {"Policy": POLICY}),
                            ("DeleteFileSystemPolicy", {}), ("UpdateFileSystemProtection", {}), ("DescribeFileSystems", {}), ("DescribeMountTargets", {})):
        api.refuse("FileSystemNotFound", f"efs.{operation}", FileSystemId=none, **args)
        api.refuse("BadRequest", f"efs.{operation}", FileSystemId="fs-x", **args)
    for operation, args in (("TagResource", {"Tags": [{"Key": "a", "Value": ""}]}), ("UntagResource", {"TagKeys": ["a"]}), ("ListTagsForResource", {})):
        api.refuse("FileSystemNotFound", f"efs.{operation}", ResourceId=none, **args)

    target = api.call("efs.CreateMountTarget", "MountTargetId IpAddress NetworkInterfaceId AvailabilityZoneId VpcId OwnerId LifeCycleState", FileSystemId=fs, SubnetId=subnets[0]["SubnetId"],
                      SecurityGroups=[group])["MountTargetId"]
    api.refuse("MountTargetConflict", "efs.CreateMountTarget", FileSystemId=fs, SubnetId=subnets[0]["SubnetId"])
    api.refuse("BadRequest", "efs.CreateMountTarget", FileSystemId=fs, SubnetId=subnets[1]["SubnetId"], IpAddress="10.0.0.1")
    address = api.send("efs", "DescribeMountTargets", {"MountTargetId": target})["MountTargets"][0]["IpAddress"]
    tap.ok(address.startswith("172.31."), "an address of the subnet", address)
    api.call("efs.CreateMountTarget", FileSystemId=fs, SubnetId=subnets[1]["SubnetId"])
    until(lambda: {m["LifeCycleState"] for m in api.send("efs", "DescribeMountTargets", {"FileSystemId": fs})["MountTargets"]}, {"available"})
    api.refuse("FileSystemInUse", "efs.DeleteFileSystem", FileSystemId=fs)
    api.call("efs.DescribeMountTargets", "MountTargets.SubnetId", FileSystemId=fs)
    api.paged("efs.DescribeMountTargets", 1, FileSystemId=fs)
    api.refuse("BadRequest", "efs.DescribeMountTargets")
    api.call("efs.DescribeMountTargetSecurityGroups", "SecurityGroups", MountTargetId=target)
    api.call("efs.ModifyMountTargetSecurityGroups", MountTargetId=target, SecurityGroups=[group])
    for operation in ("DescribeMountTargetSecurityGroups", "ModifyMountTargetSecurityGroups", "DeleteMountTarget"):
        api.refuse("MountTargetNotFound", f"efs.{operation}", MountTargetId="fsmt-" + NONE)
        api.refuse("BadRequest", f"efs.{operation}", MountTargetId="fsmt-1")
    for one in api.send("efs", "DescribeMountTargets", {"FileSystemId": fs})["MountTargets"]:
        api.call("efs.DeleteMountTarget", MountTargetId=one["MountTargetId"])
    until(lambda: api.send("efs", "DescribeMountTargets", {"FileSystemId": fs})["MountTargets"], [])
    api.call("efs.DeleteFileSystem", FileSystemId=fs)
    ec2.delete_security_group(GroupId=group)


def test_sqs(api):
    url = api.call("sqs.CreateQueue", "QueueUrl", QueueName="q", Attributes={"DelaySeconds": "5"}, tags={"a": "1"})["QueueUrl"]
    tap.same(api.call("sqs.CreateQueue", QueueName="q", Attributes={"DelaySeconds": "5"})["QueueUrl"], url, "the same queue again")
    api.refuse("QueueNameExists", "sqs.CreateQueue", QueueName="q", Attributes={"DelaySeconds": "6"})
    api.refuse("InvalidAttributeValue", "sqs.CreateQueue", QueueName="r", Attributes={"DelaySeconds": "901"})
    api.refuse("InvalidAttributeName", "sqs.CreateQueue", QueueName="r", Attributes={"Colour": "red"})
    api.refuse("InvalidParameterValue", "sqs.CreateQueue", QueueName="a b")
    api.refuse("InvalidParameterValue", "sqs.CreateQueue", QueueName="r", Attributes={"FifoQueue": "true"})
    api.call("sqs.GetQueueUrl", "QueueUrl", QueueName="q")
    api.call("sqs.SetQueueAttributes", QueueUrl=url, Attributes={"VisibilityTimeout": "60"})
    got = api.call("sqs.GetQueueAttributes", "Attributes.QueueArn", QueueUrl=url, AttributeNames=["All"])["Attributes"]
    tap.same((got["DelaySeconds"], got["VisibilityTimeout"], got["MessageRetentionPeriod"]), ("5", "60", "345600"), "its attributes")
    api.call("sqs.TagQueue", QueueUrl=url, Tags={"b": "2"})
    api.call("sqs.UntagQueue", QueueUrl=url, TagKeys=["a"])
    tap.same(api.call("sqs.ListQueueTags", QueueUrl=url)["Tags"], {"b": "2"}, "its tags")
    tap.same(api.call("sqs.ListQueues", QueueNamePrefix="q")["QueueUrls"], [url], "it is listed")
    api.refuse("InvalidNextToken", "sqs.ListQueues", NextToken="nonsense")
    api.call("sqs.DeleteQueue", QueueUrl=url)
    for operation, args in (("GetQueueUrl", {"QueueName": "q"}), ("GetQueueAttributes", {"QueueUrl": url}), ("DeleteQueue", {"QueueUrl": url}),
                            ("SetQueueAttributes", {"QueueUrl": url, "Attributes": {}}), ("ListQueueTags", {"QueueUrl": url}),
                            ("TagQueue", {"QueueUrl": url, "Tags": {}}), ("UntagQueue", {"QueueUrl": url, "TagKeys": []})):
        api.refuse("AWS.SimpleQueueService.NonExistentQueue", f"sqs.{operation}", **args)


def test_logs(api):
    api.call("logs.CreateLogGroup", logGroupName="/g", logGroupClass="STANDARD", tags={"a": "1"})
    api.refuse("ResourceAlreadyExistsException", "logs.CreateLogGroup", logGroupName="/g")
    api.refuse("InvalidParameterException", "logs.CreateLogGroup", logGroupName="a b")
    api.call("logs.PutRetentionPolicy", logGroupName="/g", retentionInDays=7)
    api.refuse("InvalidParameterException", "logs.PutRetentionPolicy", logGroupName="/g", retentionInDays=8)
    group = api.call("logs.DescribeLogGroups", "logGroups.arn", logGroupNamePrefix="/")["logGroups"][0]
    tap.same((group["logGroupName"], group["retentionInDays"]), ("/g", 7), "a group of logs")
    api.call("logs.DeleteRetentionPolicy", logGroupName="/g")
    arn = group["logGroupArn"]
    api.call("logs.TagResource", resourceArn=arn, tags={"b": "2"})
    api.call("logs.UntagResource", resourceArn=arn, tagKeys=["a"])
    tap.same(api.call("logs.ListTagsForResource", resourceArn=arn)["tags"], {"b": "2"}, "its tags")
    api.call("logs.DeleteLogGroup", logGroupName="/g")
    for operation, args in (("PutRetentionPolicy", {"logGroupName": "/g", "retentionInDays": 7}), ("DeleteRetentionPolicy", {"logGroupName": "/g"}),
                            ("DeleteLogGroup", {"logGroupName": "/g"}), ("ListTagsForResource", {"resourceArn": arn}),
                            ("TagResource", {"resourceArn": arn, "tags": {"b": "2"}}), ("UntagResource", {"resourceArn": arn, "tagKeys": ["b"]})):
        api.refuse("ResourceNotFoundException", f"logs.{operation}", **args)


def test_money(api):
    """Quotas, prices on demand and on the spot market."""
    import json
    quota = api.call("service-quotas.GetServiceQuota", "Quota.QuotaArn Quota.QuotaName", ServiceCode="ec2", QuotaCode="L-6E869C2A")["Quota"]
    tap.ok(quota["Value"] >= 96, "a host of dl1.24xlarge may run", quota)
    api.call("service-quotas.GetAWSDefaultServiceQuota", "Quota.QuotaName", ServiceCode="vpc", QuotaCode="L-F678F1CE")
    api.call("service-quotas.ListServiceQuotas", "Quotas.QuotaCode", ServiceCode="ec2")
    api.paged("service-quotas.ListServiceQuotas", 5, ServiceCode="ec2")
    api.call("service-quotas.ListAWSDefaultServiceQuotas", "Quotas.QuotaCode", ServiceCode="vpc")
    api.paged("service-quotas.ListAWSDefaultServiceQuotas", 2, ServiceCode="vpc")
    for operation, args in (("GetServiceQuota", {"QuotaCode": "L-00000000"}), ("GetAWSDefaultServiceQuota", {"QuotaCode": "L-00000000"}), ("ListServiceQuotas", {"QuotaCode": "L-00000000"})):
        api.refuse("NoSuchResourceException", f"service-quotas.{operation}", ServiceCode="ec2", **args)
    more = {"ServiceCode": "ec2", "QuotaCode": "L-6E869C2A"}
    api.refuse("IllegalArgumentException", "service-quotas.RequestServiceQuotaIncrease", **more, DesiredValue=quota["Value"])
    asked = api.call("service-quotas.RequestServiceQuotaIncrease", "RequestedQuota.Status", **more, DesiredValue=960)["RequestedQuota"]
    api.call("service-quotas.GetRequestedServiceQuotaChange", "RequestedQuota.Status", RequestId=asked["Id"])
    api.refuse("NoSuchResourceException", "service-quotas.GetRequestedServiceQuotaChange", RequestId="x")
    tap.same(api.call("service-quotas.GetServiceQuota", **more)["Quota"]["Value"], 960, "who asks for more is given it")
    api.refuse("NoSuchResourceException", "service-quotas.ListAWSDefaultServiceQuotas", ServiceCode="none")

    def equals(**fields):
        return [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in fields.items()]
    found = api.call("pricing.GetProducts", "PriceList", ServiceCode="AmazonEC2", Filters=equals(instanceType="p3.2xlarge", regionCode="us-west-2", operatingSystem="Linux", tenancy="Shared"))["PriceList"]
    terms = json.loads(found[0])["terms"]["OnDemand"]
    prices = [d["pricePerUnit"]["USD"] for t in terms.values() for d in t["priceDimensions"].values()]
    tap.same((len(found), [float(p) for p in prices]), (1, [3.06]), "the price of a p3.2xlarge")
    tap.same(api.call("pricing.GetProducts", ServiceCode="AmazonEC2", Filters=equals(operatingSystem="Windows"))["PriceList"], [], "none for what it does not know")
    api.paged("pricing.GetProducts", 50, ServiceCode="AmazonEC2")
    api.call("ec2.DescribeSpotPriceHistory", "SpotPriceHistory.SpotPrice SpotPriceHistory.Timestamp", InstanceTypes=["dl1.24xlarge"], ProductDescriptions=["Linux/UNIX"], AvailabilityZone="us-east-1a",
             **by("product-description", "Linux*"))
    api.refuse("InvalidParameterValue", "ec2.DescribeSpotPriceHistory", AvailabilityZone="us-west-2a")
    api.paged("ec2.DescribeSpotPriceHistory", 2, InstanceTypes=["dl1.24xlarge"])


why = e2e.missing()
if why:
    skip_all(why)
with sandbox.Sandbox("-pace=0.002") as cloud_:
    api_ = Api(cloud_)
    for test in (test_ec2, test_iam, test_ssm, test_efs, test_sqs, test_logs, test_money, test_filters):
        tap.case(test, api_)
    known = set(announced())
    tap.same(sorted(known - api_.good - NOTHING_GOOD), [], "every operation that is announced is called with good arguments")
    tap.same(sorted(known - api_.bad - NOTHING_BAD), [], "and with bad ones")
    tap.note(f"{len(known)} operations, {api_.checks} calls that had to be refused")
tap.done()
