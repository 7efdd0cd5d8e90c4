#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the sandbox cloud answers, asked by boto3: states that come with time, filters, pages, tokens, dry runs, and
AWS's errors where something is in the way."""
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))
import e2e  # noqa: E402
import sandbox  # noqa: E402
from tap import Tap, skip_all  # noqa: E402

tap = Tap()


def refused(call, **args):
    """The error code that a call ends with, or None."""
    from botocore.exceptions import ClientError
    try:
        call(**args)
    except ClientError as error:
        return error.response["Error"]["Code"]
    return None


def until(what, wanted, seconds=10):
    """Asks until the answer is as wanted; what it was at first, and at the end."""
    first = now = what()
    end = time.monotonic() + seconds
    while now != wanted and time.monotonic() < end:
        time.sleep(0.02)
        now = what()
    return first, now


def test_network(cloud):
    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.1.2/16")["Vpc"]
    vpc_id = vpc["VpcId"]
    tap.same((vpc["CidrBlock"], vpc["State"], vpc["IsDefault"]), ("10.9.0.0/16", "pending", False), "a VPC begins as pending")
    tap.same(until(lambda: ec2.describe_vpcs(VpcIds=[vpc_id])["Vpcs"][0]["State"], "available")[1], "available", "and is available soon")
    cases = [
        ("InvalidVpc.Range", ec2.create_vpc, {"CidrBlock": "10.0.0.0/8"}),
        ("InvalidParameterValue", ec2.create_vpc, {"CidrBlock": "10.0.0/8"}),
        ("MissingParameter", ec2.create_vpc, {}),
        ("InvalidParameterValue", ec2.create_vpc, {"CidrBlock": "10.0.0.0/16", "TagSpecifications": [{"ResourceType": "vpc", "Tags": [{"Key": "aws:x", "Value": ""}]}]}),
        ("InvalidVpcID.NotFound", ec2.describe_vpcs, {"VpcIds": ["vpc-0123456789abcdef0"]}),
        ("InvalidVpcID.Malformed", ec2.describe_vpcs, {"VpcIds": ["vpc-x"]}),
        ("InvalidParameterValue", ec2.describe_vpcs, {"Filters": [{"Name": "colour", "Values": ["red"]}]}),
        ("InvalidSubnet.Range", ec2.create_subnet, {"VpcId": vpc_id, "CidrBlock": "10.10.0.0/24"}),
        ("InvalidParameterValue", ec2.create_subnet, {"VpcId": vpc_id, "CidrBlock": "10.9.0.0/24", "AvailabilityZone": "us-east-1z"}),
        ("InvalidInternetGatewayID.NotFound", ec2.delete_internet_gateway, {"InternetGatewayId": "igw-0123456789abcdef0"}),
        ("NotImplemented", ec2.create_vpc, {"CidrBlock": "10.0.0.0/16", "Ipv4NetmaskLength": 16}),
        ("NotImplemented", ec2.create_vpn_gateway, {"Type": "ipsec.1"}),
    ]
    for code, call, args in cases:
        tap.same(refused(call, **args), code, f"{code}: {call.__name__} {args}")
    subnet = ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.9.0.0/24", AvailabilityZone="us-east-1b")["Subnet"]
    tap.same((subnet["AvailabilityZoneId"], subnet["AvailableIpAddressCount"]), ("use1-az2", 251), "a subnet")
    tap.same(refused(ec2.create_subnet, VpcId=vpc_id, CidrBlock="10.9.0.128/25"), "InvalidSubnet.Conflict", "one over another")
    on, off = {"Value": True}, {"Value": False}
    for code, args in ((None, {"AssignIpv6AddressOnCreation": off}), ("InvalidParameterValue", {"AssignIpv6AddressOnCreation": on}),
                       (None, {"MapPublicIpOnLaunch": on}), ("InvalidRequest", {"MapPublicIpOnLaunch": on, "EnableDns64": off}),
                       ("NotImplemented", {"CustomerOwnedIpv4Pool": "ipv4pool-coip-0123456789abcdef0"})):
        tap.same(refused(ec2.modify_subnet_attribute, SubnetId=subnet["SubnetId"], **args), code, f"a subnet's attributes: {args}")
    tap.same(ec2.describe_subnets(SubnetIds=[subnet["SubnetId"]])["Subnets"][0]["MapPublicIpOnLaunch"], True, "they are changed")
    tap.same(refused(ec2.delete_vpc, VpcId=vpc_id), "DependencyViolation", "a VPC with a subnet")
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc_id)
    tap.same(refused(ec2.attach_internet_gateway, InternetGatewayId=gateway, VpcId=vpc_id), "Resource.AlreadyAssociated", "attached twice")
    tap.same(refused(ec2.delete_internet_gateway, InternetGatewayId=gateway), "DependencyViolation", "a gateway that is attached")
    main = ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}, {"Name": "association.main", "Values": ["true"]}])["RouteTables"][0]
    ec2.create_route(RouteTableId=main["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    tap.same(refused(ec2.create_route, RouteTableId=main["RouteTableId"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway), "RouteAlreadyExists", "a second route")
    ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc_id)
    routes = ec2.describe_route_tables(RouteTableIds=[main["RouteTableId"]])["RouteTables"][0]["Routes"]
    tap.same({r["DestinationCidrBlock"]: r["State"] for r in routes}, {"10.9.0.0/16": "active", "0.0.0.0/0": "blackhole"}, "a route to nowhere")
    ec2.delete_internet_gateway(InternetGatewayId=gateway)
    ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    ec2.delete_vpc(VpcId=vpc_id)
    tap.same(refused(ec2.delete_vpc, VpcId=vpc_id), "InvalidVpcID.NotFound", "gone")
    left = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])["SecurityGroups"]
    tap.same(left, [], "and what came with it, too")


def test_groups(cloud):
    ec2 = cloud.client("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.8.0.0/16")["Vpc"]["VpcId"]
    one, two = (ec2.create_security_group(GroupName=n, Description=n, VpcId=vpc_id)["GroupId"] for n in ("one", "two"))
    flat = {"GroupId": two, "IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "CidrIp": "10.0.0.0/8"}
    rule = ec2.authorize_security_group_ingress(**flat)["SecurityGroupRules"]
    tap.same([(r["FromPort"], r["CidrIpv4"]) for r in rule], [(80, "10.0.0.0/8")], "a rule in parameters of its own")
    tap.same(refused(ec2.authorize_security_group_ingress, **flat), "InvalidPermission.Duplicate", "which is there once")
    ec2.revoke_security_group_ingress(**flat)
    tap.same(refused(ec2.revoke_security_group_ingress, **flat), "InvalidPermission.NotFound", "and is revoked so")
    tap.same(refused(ec2.create_security_group, GroupName="one", Description="x", VpcId=vpc_id), "InvalidGroup.Duplicate", "a group's name in a VPC is its own")
    ssh = {"IpProtocol": "6", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "198.51.100.7/24", "Description": "ssh"}]}
    rule = ec2.authorize_security_group_ingress(GroupId=one, IpPermissions=[ssh])["SecurityGroupRules"][0]
    tap.same((rule["IpProtocol"], rule["CidrIpv4"], rule["Description"]), ("tcp", "198.51.100.0/24", "ssh"), "a rule in its usual spelling")
    tap.same(refused(ec2.authorize_security_group_ingress, GroupId=one, IpPermissions=[ssh]), "InvalidPermission.Duplicate", "the same again")
    ec2.authorize_security_group_ingress(GroupId=one, IpPermissions=[{"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "UserIdGroupPairs": [{"GroupId": two}]}])
    permissions = ec2.describe_security_groups(GroupIds=[one])["SecurityGroups"][0]["IpPermissions"]
    tap.same([(len(p["IpRanges"]), len(p["UserIdGroupPairs"])) for p in permissions], [(1, 1)], "rules of the same ports are one permission")
    tap.same(refused(ec2.delete_security_group, GroupId=two), "DependencyViolation", "a group that another one names")
    both = [{**ssh, "IpRanges": [{"CidrIp": "192.0.2.0/24"}]}, {**ssh, "IpRanges": [{"CidrIp": "nowhere"}]}]
    tap.same(refused(ec2.authorize_security_group_ingress, GroupId=one, IpPermissions=both), "InvalidParameterValue", "of two rules one is wrong")
    tap.same(len(ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [one]}])["SecurityGroupRules"]), 3, "then neither is made")
    ec2.revoke_security_group_ingress(GroupId=one, SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]])
    tap.same(refused(ec2.revoke_security_group_ingress, GroupId=one, IpPermissions=[ssh]), "InvalidPermission.NotFound", "what is not there cannot be revoked")
    ec2.delete_security_group(GroupId=one)
    ec2.delete_security_group(GroupId=two)
    ec2.delete_vpc(VpcId=vpc_id)


def test_hosts(cloud):
    ec2 = cloud.client("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc_id, CidrBlock="10.7.0.0/24", AvailabilityZone="us-east-1a")["Subnet"]["SubnetId"]
    images = ec2.describe_images(Owners=["099720109477"], Filters=[{"Name": "name", "Values": ["ubuntu/images/*jammy*amd64*"]}])["Images"]
    tap.same(len(images), 2, "images by owner and name")
    ask = {"ImageId": images[0]["ImageId"], "InstanceType": "t3.micro", "SubnetId": subnet, "MinCount": 1, "MaxCount": 2, "ClientToken": "abc",
           "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "host"}]}, {"ResourceType": "volume", "Tags": [{"Key": "of", "Value": "host"}]}]}
    tap.same(refused(ec2.run_instances, **ask, DryRun=True), "DryRunOperation", "a dry run")
    tap.same(ec2.describe_instances()["Reservations"], [], "which makes nothing")
    made = ec2.run_instances(**ask)
    again = ec2.run_instances(**ask)
    tap.same(made["ReservationId"], again["ReservationId"], "the same token gives the same answer")
    tap.same(refused(ec2.run_instances, **{**ask, "MaxCount": 1}), "IdempotentParameterMismatch", "but not for another wish")
    ids = [i["InstanceId"] for i in made["Instances"]]
    tap.same(len({i["PrivateIpAddress"] for i in made["Instances"]}), 2, "each has an address of its own")

    def states():
        return {i["State"]["Name"] for r in ec2.describe_instances(InstanceIds=ids)["Reservations"] for i in r["Instances"]}
    tap.same(({i["State"]["Name"] for i in made["Instances"]}, until(states, {"running"})[1]), ({"pending"}, {"running"}), "hosts are pending, then run")
    by_tag = ec2.describe_instances(Filters=[{"Name": "tag:Name", "Values": ["h?st"]}, {"Name": "instance-state-name", "Values": ["running"]}])
    tap.same(sorted(i["InstanceId"] for r in by_tag["Reservations"] for i in r["Instances"]), sorted(ids), "by tag and state")
    volumes = ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": ids}])["Volumes"]
    tap.same([(v["State"], v["Tags"]) for v in volumes], [("in-use", [{"Key": "of", "Value": "host"}])] * 2, "each has its root volume")
    pages = [p["Volumes"] for p in ec2.get_paginator("describe_volumes").paginate(PaginationConfig={"PageSize": 1})]
    tap.same([len(p) for p in pages], [1, 1], "pages of one")
    tap.same(refused(ec2.describe_volumes, NextToken="nonsense"), "InvalidNextToken", "a page that is none")
    volume = ec2.create_volume(AvailabilityZone="us-east-1b", Size=10, VolumeType="gp3")["VolumeId"]
    until(lambda: ec2.describe_volumes(VolumeIds=[volume])["Volumes"][0]["State"], "available")
    tap.same(refused(ec2.attach_volume, VolumeId=volume, InstanceId=ids[0], Device="/dev/sdf"), "InvalidVolume.ZoneMismatch", "a volume of another zone")
    ec2.delete_volume(VolumeId=volume)
    tap.same(refused(ec2.delete_volume, VolumeId=volumes[0]["VolumeId"]), "VolumeInUse", "a volume in use")
    tap.same(refused(ec2.delete_subnet, SubnetId=subnet), "DependencyViolation", "a subnet in use")
    easy = ec2.run_instances(ImageId=images[0]["ImageId"], InstanceType="t3.micro", MinCount=1, MaxCount=1)["Instances"][0]
    default = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]
    tap.ok(easy["VpcId"] == default["VpcId"] and easy.get("PublicIpAddress"), "without a subnet: in the default VPC, with a public address", easy)
    tap.same(len(ec2.describe_subnets(Filters=[{"Name": "default-for-az", "Values": ["true"]}])["Subnets"]), 6, "which has a subnet in each zone")
    ec2.terminate_instances(InstanceIds=[easy["InstanceId"]])
    changes = ec2.stop_instances(InstanceIds=ids[:1])["StoppingInstances"]
    tap.same((changes[0]["PreviousState"]["Name"], changes[0]["CurrentState"]["Name"]), ("running", "stopping"), "stopping")
    stopped = until(lambda: ec2.describe_instances(InstanceIds=ids[:1])["Reservations"][0]["Instances"][0]["State"]["Name"], "stopped")[1]
    tap.same(stopped, "stopped", "stopped")
    iam = cloud.client("iam")
    iam.create_instance_profile(InstanceProfileName="p")
    ec2.associate_iam_instance_profile(IamInstanceProfile={"Name": "p"}, InstanceId=ids[0])
    found = ec2.describe_iam_instance_profile_associations(Filters=[{"Name": "instance-id", "Values": [ids[0]]}])["IamInstanceProfileAssociations"]
    tap.same([a["IamInstanceProfile"]["Arn"].split("/")[-1] for a in found], ["p"], "a profile given later")
    ec2.disassociate_iam_instance_profile(AssociationId=found[0]["AssociationId"])
    iam.delete_instance_profile(InstanceProfileName="p")
    made = ec2.create_snapshot(VolumeId=volumes[0]["VolumeId"])
    snapshot = made["SnapshotId"]
    last = until(lambda: ec2.describe_snapshots(SnapshotIds=[snapshot])["Snapshots"][0]["State"], "completed")[1]
    tap.same((made["State"], last), ("pending", "completed"), "a snapshot")
    ec2.delete_snapshot(SnapshotId=snapshot)
    for kind, head in (("rsa", "-----BEGIN RSA PRIVATE KEY-----"), ("ed25519", "-----BEGIN OPENSSH PRIVATE KEY-----")):
        pair = ec2.create_key_pair(KeyName=kind, KeyType=kind)
        tap.ok(pair["KeyMaterial"].startswith(head), f"a new key pair, {kind}", pair["KeyMaterial"][:40])
        ec2.delete_key_pair(KeyName=kind)
    ec2.modify_instance_attribute(InstanceId=ids[1], DisableApiTermination={"Value": True})
    tap.same(refused(ec2.terminate_instances, InstanceIds=ids), "OperationNotPermitted", "a protected host")
    tap.same(states(), {"stopped", "running"}, "keeps the other one, too")
    ec2.modify_instance_attribute(InstanceId=ids[1], DisableApiTermination={"Value": False})
    ec2.terminate_instances(InstanceIds=ids)
    tap.same(until(states, {"terminated"})[1], {"terminated"}, "terminated")
    tap.same(until(lambda: ec2.describe_volumes()["Volumes"], [])[1], [], "and their volumes are gone")
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc_id)
    types = ec2.describe_instance_types(InstanceTypes=["dl1.24xlarge"])["InstanceTypes"][0]
    tap.same((types["VCpuInfo"]["DefaultVCpus"], types["GpuInfo"]["Gpus"][0]["Count"]), (96, 8), "an instance type")


def test_names(cloud):
    iam, ssm, efs = (cloud.client(s) for s in ("iam", "ssm", "efs"))
    trust = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}]}'
    role = iam.create_role(RoleName="r", AssumeRolePolicyDocument=trust)["Role"]
    tap.same(role["AssumeRolePolicyDocument"]["Statement"][0]["Action"], "sts:AssumeRole", "a role's document comes back")
    cases = [
        ("EntityAlreadyExists", iam.create_role, {"RoleName": "r", "AssumeRolePolicyDocument": trust}),
        ("MalformedPolicyDocument", iam.create_role, {"RoleName": "s", "AssumeRolePolicyDocument": "{"}),
        ("NoSuchEntity", iam.get_role, {"RoleName": "s"}),
        ("NoSuchEntity", iam.attach_role_policy, {"RoleName": "r", "PolicyArn": "arn:aws:iam::aws:policy/NoSuchPolicy"}),
        ("NoSuchEntity", iam.get_role_policy, {"RoleName": "r", "PolicyName": "p"}),
        ("ParameterNotFound", ssm.get_parameter, {"Name": "/none"}),
        ("ValidationException", ssm.put_parameter, {"Name": "/x", "Value": "1"}),
        ("ValidationException", ssm.put_parameter, {"Name": "/x", "Value": "1", "Type": "Text"}),
        ("FileSystemNotFound", efs.describe_file_systems, {"FileSystemId": "fs-0123456789abcdef0"}),
    ]
    for code, call, args in cases:
        tap.same(refused(call, **args), code, f"{code}: {call.__name__}")
    iam.attach_role_policy(RoleName="r", PolicyArn="arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore")
    tap.same(refused(iam.delete_role, RoleName="r"), "DeleteConflict", "a role with a policy")
    iam.put_role_policy(RoleName="r", PolicyName="own", PolicyDocument='{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}')
    details = iam.get_account_authorization_details(Filter=["Role"])["RoleDetailList"]
    tap.same([(d["RoleName"], [p["PolicyName"] for p in d["RolePolicyList"] + d["AttachedManagedPolicies"]]) for d in details],
             [("r", ["own", "AmazonSSMManagedInstanceCore"])], "all about roles at once")
    iam.delete_role_policy(RoleName="r", PolicyName="own")
    iam.detach_role_policy(RoleName="r", PolicyArn="arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore")
    iam.delete_role(RoleName="r")
    ssm.put_parameter(Name="/a/b", Value="secret", Type="SecureString")
    tap.same(refused(ssm.put_parameter, Name="/a/b", Value="x", Type="String"), "ParameterAlreadyExists", "a parameter is not overwritten by mistake")
    tap.ok(ssm.get_parameter(Name="/a/b")["Parameter"]["Value"] != "secret", "a secret stays closed")
    tap.same(ssm.get_parameter(Name="/a/b", WithDecryption=True)["Parameter"]["Value"], "secret", "until it is asked for")
    tap.same([p["Name"] for p in ssm.get_parameters_by_path(Path="/a")["Parameters"]], ["/a/b"], "parameters by path")
    ssm.delete_parameter(Name="/a/b")
    image = ssm.get_parameter(Name="/aws/service/canonical/ubuntu/server/22.04/stable/current/amd64/hvm/ebs-gp2/ami-id")["Parameter"]["Value"]
    found = cloud.client("ec2").describe_images(ImageIds=[image])["Images"][0]
    tap.ok(found["Name"].endswith("jammy-22.04-amd64-server-20240927"), "a published parameter names the newest image", found["Name"])
    system = efs.create_file_system(CreationToken="t", Tags=[{"Key": "Name", "Value": "shared"}])
    tap.same((system["LifeCycleState"], system["Name"]), ("creating", "shared"), "a file system")
    tap.same(refused(efs.create_file_system, CreationToken="t"), "FileSystemAlreadyExists", "a second one of the same token")
    until(lambda: efs.describe_file_systems()["FileSystems"][0]["LifeCycleState"], "available")
    efs.delete_file_system(FileSystemId=system["FileSystemId"])
    tap.same(until(lambda: efs.describe_file_systems()["FileSystems"], [])[1], [], "gone")


def test_regions_and_restarts(cloud):
    import boto3
    ec2 = cloud.client("ec2")
    vpc_id = ec2.create_vpc(CidrBlock="10.6.0.0/16", TagSpecifications=[{"ResourceType": "vpc", "Tags": [{"Key": "Name", "Value": "kept"}]}])["Vpc"]["VpcId"]
    west = boto3.client("ec2", endpoint_url=cloud.endpoint, region_name="us-west-2", aws_access_key_id=cloud.access_key, aws_secret_access_key=cloud.secret_key)
    tap.same([v for v in west.describe_vpcs()["Vpcs"] if not v["IsDefault"]], [], "another region has objects of its own")
    cloud.stop()
    cloud.start()
    kept = [v for v in ec2.describe_vpcs()["Vpcs"] if v["VpcId"] == vpc_id]
    tap.same([(v["Tags"], v["CidrBlock"]) for v in kept], [([{"Key": "Name", "Value": "kept"}], "10.6.0.0/16")], "a world outlives its process")
    tap.same(until(lambda: ec2.describe_vpcs(VpcIds=[vpc_id])["Vpcs"][0]["State"], "available")[1], "available", "and time goes on in it")
    cloud.reset()
    tap.same(refused(ec2.describe_vpcs, VpcIds=[vpc_id]), "InvalidVpcID.NotFound", "a reset empties it")
    tap.ok(ec2.describe_images(Owners=["amazon"])["Images"], "but for what is there from the beginning")


why = e2e.missing()
if why:
    skip_all(why)
with sandbox.Sandbox("-pace=0.005") as cloud_:
    for test in (test_network, test_groups, test_hosts, test_names, test_regions_and_restarts):
        tap.case(test, cloud_)
tap.done()
