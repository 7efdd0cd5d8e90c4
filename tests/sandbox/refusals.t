#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the sandbox cloud refuses: of its parameters and their parts what it does not know or cannot be, what quotas do
not leave room for, and what is not signed as it has come. Each with its code, and each without effect."""
import hashlib
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))
import e2e  # noqa: E402
import sandbox  # noqa: E402
from tap import Tap, skip_all  # noqa: E402

tap = Tap()
NOBODY = "0123456789abcdef0"


class Api:
    def __init__(self, cloud):
        import boto3
        from botocore.config import Config
        self.cloud, self.clients = cloud, {}
        self.session = boto3.Session(region_name="us-east-1", aws_access_key_id=cloud.access_key, aws_secret_access_key=cloud.secret_key)
        self.config = Config(parameter_validation=False, retries={"max_attempts": 0})  # what is wrong has to reach the server

    def client(self, service):
        if service not in self.clients:
            self.clients[service] = self.session.client(service, endpoint_url=self.cloud.endpoint, config=self.config)
        return self.clients[service]

    def call(self, what, **args):
        from botocore import xform_name
        service, operation = what.split(".")
        return getattr(self.client(service), xform_name(operation))(**args)

    def refused(self, what, **args):
        """(code, message) that a call ends with."""
        from botocore.exceptions import ClientError
        try:
            self.call(what, **args)
        except ClientError as error:
            return error.response["Error"]["Code"], error.response["Error"]["Message"]
        return None, ""

    def cases(self, what, cases, **usual):
        """Of each (code, words of the message, arguments): whether it is so. A dry run that would succeed is told as None."""
        wrong = []
        for code, words, args in cases:
            got, message = self.refused(what, **{**usual, **args})
            if (None if got == "DryRunOperation" else got) != code or words not in message:
                wrong.append(f"{str(args)[:200]}: {got}: {message[:200]} (want {code}: {words})")
        tap.ok(not wrong, f"{what}: {len(cases)} cases", *wrong)

    def raw(self, service, body, headers=None, sign=None, change=None):
        """A request by hand: its status, and what was answered. `sign` and `change` touch it before and after it is signed."""
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials
        request = AWSRequest("POST", self.cloud.endpoint + "/", {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}, body.encode())
        SigV4Auth(Credentials(*(sign or (self.cloud.access_key, self.cloud.secret_key))), service, "us-east-1").add_auth(request)
        made = request.prepare()
        parts = {"body": made.body, "headers": {k: v.decode() if isinstance(v, bytes) else v for k, v in made.headers.items()}}
        if change:
            change(parts)
        return fetch(urllib.request.Request(made.url, parts["body"], parts["headers"], method="POST"))


def fetch(request):
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_launches(api):
    """All that can be wrong with a new instance: a dry run tells, and so does a request of spot, but for what only the first has."""
    ec2 = api.client("ec2")
    images = ec2.describe_images(Owners=["099720109477"])["Images"]
    image, arm = (next(i["ImageId"] for i in images if i["Architecture"] == a) for a in ("x86_64", "arm64"))
    subnet = ec2.describe_subnets(Filters=[{"Name": "availability-zone", "Values": ["us-east-1a"]}])["Subnets"][0]["SubnetId"]

    def disk(**ebs):
        return {"BlockDeviceMappings": [{"DeviceName": "/dev/sdf", "Ebs": ebs}]}

    def card(**of):
        return {"NetworkInterfaces": [{"DeviceIndex": 0, "SubnetId": subnet, **of}]}
    both = [
        (None, "", {}),
        ("MissingParameter", "ImageId", {"ImageId": ""}),
        ("InvalidAMIID.NotFound", NOBODY, {"ImageId": f"ami-{NOBODY}"}),
        ("InvalidParameterValue", "architecture 'x86_64'", {"ImageId": arm}),
        ("InvalidParameterValue", "architecture 'arm64'", {"InstanceType": "t4g.micro"}),
        ("InvalidParameterValue", "t3.nonsense", {"InstanceType": "t3.nonsense"}),
        ("InvalidKeyPair.NotFound", "nobody", {"KeyName": "nobody"}),
        ("InvalidSubnetID.NotFound", NOBODY, {"SubnetId": f"subnet-{NOBODY}"}),
        ("InvalidGroup.NotFound", NOBODY, {"SecurityGroupIds": [f"sg-{NOBODY}"]}),
        ("InvalidGroup.NotFound", "'nobodys'", {"SecurityGroups": ["nobodys"]}),
        ("InvalidParameterValue", "[us-east-1z]", {"Placement": {"AvailabilityZone": "us-east-1z"}}),
        ("InvalidParameterValue", "us-east-1b", {"Placement": {"AvailabilityZone": "us-east-1b"}, "SubnetId": subnet}),
        ("NotImplemented", "Placement.GroupName", {"Placement": {"GroupName": "together"}}),
        ("InvalidParameterValue", "Profile", {"IamInstanceProfile": {"Name": "nobody"}}),
        ("MissingParameter", "size or snapshotId", disk()),
        ("MissingParameter", "DeviceName", {"BlockDeviceMappings": [{"Ebs": {"VolumeSize": 8}}]}),
        ("InvalidBlockDeviceMapping", "smaller than snapshot", {"BlockDeviceMappings": [{"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 1}}]}),
        ("InvalidBlockDeviceMapping", "twice", {"BlockDeviceMappings": disk(VolumeSize=8)["BlockDeviceMappings"] * 2}),
        ("InvalidParameterValue", "maximum is 16384", disk(VolumeSize=20000)),
        ("MissingParameter", "iops", disk(VolumeSize=8, VolumeType="io1")),
        ("InvalidSnapshot.NotFound", NOBODY, disk(VolumeSize=8, SnapshotId=f"snap-{NOBODY}")),
        ("NotImplemented", "BlockDeviceMappings.Ebs.OutpostArn", disk(VolumeSize=8, OutpostArn="x")),
        ("NotImplemented", "BlockDeviceMappings.NoDevice", {"BlockDeviceMappings": [{"DeviceName": "/dev/sda1", "NoDevice": ""}]}),
        ("NotImplemented", "BlockDeviceMappings.VirtualName", {"BlockDeviceMappings": [{"DeviceName": "/dev/sdb", "VirtualName": "ephemeral0"}]}),
        ("NotImplemented", "NetworkInterfaces.Ipv6PrefixCount", card(Ipv6PrefixCount=1)),
        ("NotImplemented", "NetworkInterfaces.NetworkInterfaceId", {"NetworkInterfaces": [{"DeviceIndex": 0, "NetworkInterfaceId": f"eni-{NOBODY}"}]}),
        ("NotImplemented", "usual type", card(InterfaceType="efa")),
        ("NotImplemented", "index 0", card(DeviceIndex=1)),
        ("InvalidParameterCombination", "subnet", {**card(), "SubnetId": subnet}),
        ("InvalidParameterValue", "BASE64", {"UserData": "no base64!"}),
        ("InvalidParameterValue", "16384", {"UserData": "QUFB" * 5462}),
    ]
    alone = [
        ("InvalidParameterValue", "minCount", {"MinCount": 0}),
        ("InvalidParameterValue", "maxCount", {"MaxCount": -1}),
        ("InvalidParameterValue", "maxCount (1)", {"MinCount": 2}),
        ("InvalidParameterValue", "MaxCount", {"MaxCount": "many"}),
        ("InvalidParameterValue", "maxCount", {"MaxCount": 1.5}),
        ("InvalidParameterValue", "maxCount", {"MaxCount": 10**12}),
        ("NotImplemented", "CapacityReservationSpecification.CapacityReservationTarget", {"CapacityReservationSpecification": {"CapacityReservationTarget": {"CapacityReservationId": "cr-1"}}}),
        ("NotImplemented", "SpotOptions.BlockDurationMinutes", {"InstanceMarketOptions": {"MarketType": "spot", "SpotOptions": {"BlockDurationMinutes": 60}}}),
        ("NotImplemented", "market", {"InstanceMarketOptions": {"MarketType": "capacity-block"}}),
        ("InvalidParameterValue", "abc", {"InstanceMarketOptions": {"MarketType": "spot", "SpotOptions": {"MaxPrice": "abc"}}}),
        ("SpotMaxPriceTooLow", "0.00001", {"InstanceMarketOptions": {"MarketType": "spot", "SpotOptions": {"MaxPrice": "0.00001"}}}),
        ("InvalidParameterCombination", "persistent", {"InstanceMarketOptions": {"MarketType": "spot", "SpotOptions": {"InstanceInterruptionBehavior": "stop"}}}),
        ("InvalidParameterValue", "httpPutResponseHopLimit", {"MetadataOptions": {"HttpPutResponseHopLimit": 65}}),
        ("InvalidParameterValue", "cpuCredits", {"CreditSpecification": {"CpuCredits": "lots"}}),
        ("InstanceCreditSpecification.NotSupported", "m5.large", {"InstanceType": "m5.large", "CreditSpecification": {"CpuCredits": "standard"}}),
        ("InvalidParameterCombination", "private IP", {"MaxCount": 2, "SubnetId": subnet, "PrivateIpAddress": "172.31.0.77"}),
        ("InvalidParameterValue", "reserved", {"SubnetId": subnet, "PrivateIpAddress": "172.31.0.1"}),
        ("InvalidParameterValue", "range", {"SubnetId": subnet, "PrivateIpAddress": "10.0.0.9"}),
        ("InvalidParameterValue", "clientToken", {"ClientToken": "x" * 65}),
        ("NotImplemented", "LaunchTemplate", {"LaunchTemplate": {"LaunchTemplateId": "lt-1"}}),
    ]
    # boto3 writes user data in base64 by itself, but not into the specification of a request
    usual = {"ImageId": image, "InstanceType": "t3.micro"}
    api.cases("ec2.RunInstances", [c for c in both if "UserData" not in c[2]] + alone, **usual, MinCount=1, MaxCount=1, DryRun=True)
    api.cases("ec2.RequestSpotInstances", [(code, words, {"LaunchSpecification": {**usual, **args}}) for code, words, args in both] + [
        ("MissingParameter", "ImageId", {}),
        ("InvalidParameterValue", "instanceCount", {"LaunchSpecification": usual, "InstanceCount": 0}),
        ("InvalidParameterValue", "abc", {"LaunchSpecification": usual, "SpotPrice": "abc"}),
        ("InvalidParameterValue", "validUntil", {"LaunchSpecification": usual, "ValidUntil": "2001-01-01T00:00:00Z"}),
        ("NotImplemented", "LaunchSpecification.KernelId", {"LaunchSpecification": {**usual, "KernelId": "aki-1"}}),
        ("NotImplemented", "LaunchSpecification.AddressingType", {"LaunchSpecification": {**usual, "AddressingType": "public"}}),
    ], DryRun=True)


def test_networks(api):
    ec2 = api.client("ec2")
    bad = [("InvalidParameterValue", "not a valid CIDR", {"CidrBlock": c}) for c in ("10.0.0.0/+16", "10.0.0.0/ 16", "10.0.0.0/016", "10.0.0.0/16/", "10.0.0.0", "10.0.0.0/-1", "010.0.0.0/16", "::/56", "x" * 5000)]
    bad += [("InvalidVpc.Range", c, {"CidrBlock": c}) for c in ("10.0.0.0/15", "10.0.0.0/29", "0.0.0.0/16", "127.0.0.0/16", "169.254.0.0/16", "224.0.0.0/16")]
    tags = [("must have at least one character", [{"Key": "", "Value": "x"}]), ("must have at least one character", [{"Value": "x"}]), ("Duplicate", [{"Key": "a", "Value": v} for v in "12"]),
            ("at least one tag", []), ("reserved", [{"Key": "AWS:x", "Value": ""}])]
    api.cases("ec2.CreateVpc", bad + [
        (None, "", {"CidrBlock": "10.0.0.0/16"}),
        (None, "", {"TagSpecifications": [{"ResourceType": "vpc", "Tags": [{"Key": "\u00e9\u2603\U0001f600", "Value": "\u00fc" * 256}]}]}),
        ("InvalidParameterValue", "must have a value", {"TagSpecifications": [{"Tags": [{"Key": "a", "Value": "b"}]}]}),
        ("InvalidParameterValue", "taggable", {"TagSpecifications": [{"ResourceType": "subnet", "Tags": [{"Key": "a", "Value": "b"}]}]}),
    ] + [("InvalidParameterValue", words, {"TagSpecifications": [{"ResourceType": "vpc", "Tags": t}]}) for words, t in tags], **{"CidrBlock": "10.0.0.0/16", "DryRun": True})
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    api.cases("ec2.CreateTags", [("InvalidParameterValue", words, {"Tags": t}) for words, t in tags if t] + [
        (None, "", {"Tags": [{"Key": "a", "Value": "b"}], "Resources": [vpc, vpc]}),
        ("InvalidInstanceID.NotFound", NOBODY, {"Tags": [{"Key": "a"}], "Resources": [vpc, f"i-{NOBODY}"]}),
        ("InvalidID", "'zzz'", {"Tags": [{"Key": "a"}], "Resources": ["zzz"]}),
    ], Resources=[vpc], DryRun=True)
    api.cases("ec2.DescribeVpcs", [
        ("InvalidParameterValue", "VPC-ID", {"Filters": [{"Name": "VPC-ID", "Values": ["x"]}]}),
        ("InvalidParameterValue", "vpc_id", {"Filters": [{"Name": "vpc_id", "Values": ["x"]}]}),
        ("FilterLimitExceeded", "200", {"Filters": [{"Name": "vpc-id", "Values": ["x"] * 201}]}),
    ])
    api.cases("ec2.CreateSubnet", [
        (None, "", {"AvailabilityZoneId": "use1-az2"}),
        ("InvalidParameterCombination", "together", {"AvailabilityZone": "us-east-1a", "AvailabilityZoneId": "use1-az1"}),
        ("InvalidParameterValue", "availabilityZoneId", {"AvailabilityZoneId": "use1-az9"}),
        ("InvalidSubnet.Range", "10.2.0.0/24", {"CidrBlock": "10.2.0.0/24"}),
    ], VpcId=vpc, CidrBlock="10.1.0.0/24", DryRun=True)
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    api.cases("ec2.CreateRoute", [
        (None, "", {"DestinationCidrBlock": "10.0.0.0/8"}),
        ("InvalidParameterValue", "more specific", {"DestinationCidrBlock": "10.1.5.0/24"}),
        ("RouteAlreadyExists", "10.1.0.0/16", {"DestinationCidrBlock": "10.1.0.0/16"}),
        ("InvalidParameterValue", "169.254.168.0/22", {"DestinationCidrBlock": "169.254.169.254/32"}),
        ("InvalidParameterValue", "local", {"DestinationCidrBlock": "9.0.0.0/8", "GatewayId": "local"}),
        ("InvalidParameterCombination", "exactly one", {"DestinationCidrBlock": "9.0.0.0/8", "GatewayId": ""}),
    ], RouteTableId=table, GatewayId=gateway, DryRun=True)
    api.cases("ec2.DeleteRoute", [("MissingParameter", "destinationCidrBlock", {}), ("InvalidParameterValue", "CIDR", {"DestinationCidrBlock": "x"}), ("InvalidRoute.NotFound", "9.0.0.0/8", {"DestinationCidrBlock": "9.0.0.0/8"})], RouteTableId=table)


def test_groups(api):
    ec2 = api.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.2.0.0/16")["Vpc"]["VpcId"]
    api.cases("ec2.CreateSecurityGroup", [
        (None, "", {"GroupName": "a b._-:/()#,@[]+=&;{}!$*"}),
        ("MissingParameter", "groupName", {"GroupName": ""}),
        ("MissingParameter", "GroupDescription", {"Description": ""}),
        ("InvalidParameterValue", "GroupDescription", {"Description": "\u00e9"}),
        ("InvalidParameterValue", "GroupDescription", {"Description": "x" * 256}),
    ] + [("InvalidParameterValue", "groupName", {"GroupName": n}) for n in ("\u00e9", "a\tb", " a", "x" * 256, "sg-x")], VpcId=vpc, GroupName="g", Description="d", DryRun=True)
    group = ec2.create_security_group(VpcId=vpc, GroupName="g", Description="d")["GroupId"]

    def rule(**of):
        return {"IpPermissions": [{"IpProtocol": "tcp", "FromPort": 1, "ToPort": 2, **of}]}
    anyone = [{"CidrIp": "0.0.0.0/0"}]
    api.cases("ec2.AuthorizeSecurityGroupIngress", [
        (None, "", rule(IpRanges=anyone)),
        (None, "", rule(Ipv6Ranges=[{"CidrIpv6": "2001:DB8::/32"}])),
        ("InvalidParameterValue", "protocol", {"IpPermissions": [{"FromPort": 1, "ToPort": 2, "IpRanges": anyone}]}),
        ("InvalidParameterValue", "portRange", rule(FromPort=3, IpRanges=anyone)),
        ("InvalidParameterValue", "ICMP", rule(IpProtocol="icmp", FromPort=8, ToPort=300, IpRanges=anyone)),
        ("InvalidParameterValue", "1.2.3.4/8", rule(Ipv6Ranges=[{"CidrIpv6": "1.2.3.4/8"}])),
        ("InvalidParameterValue", "fe80::/129", rule(Ipv6Ranges=[{"CidrIpv6": "fe80::/129"}])),
        ("InvalidParameterValue", "description", rule(IpRanges=[{"CidrIp": "0.0.0.0/0", "Description": "\u00e9"}])),
        ("MissingParameter", "ipPermissions", rule()),
        ("InvalidPrefixListID.NotFound", "pl-12345678", rule(PrefixListIds=[{"PrefixListId": "pl-12345678"}])),
        ("InvalidGroup.NotFound", "000000000000", rule(UserIdGroupPairs=[{"GroupId": group, "UserId": "000000000000"}])),
        ("NotImplemented", "IpPermissions.UserIdGroupPairs.VpcPeeringConnectionId", rule(UserIdGroupPairs=[{"GroupId": group, "VpcPeeringConnectionId": "pcx-1"}])),
        ("MissingParameter", "cidrIp", {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 2}),
        ("InvalidParameterCombination", "ipPermissions", {**rule(IpRanges=anyone), "IpProtocol": "tcp", "CidrIp": "0.0.0.0/0"}),
    ], GroupId=group, DryRun=True)
    api.cases("ec2.RevokeSecurityGroupIngress", [("MissingParameter", "ipPermissions", {}), ("MissingParameter", "range", rule())], GroupId=group)
    api.cases("ec2.DeleteSecurityGroup", [("MissingParameter", "groupName or groupId", {}), ("InvalidGroup.NotFound", "default VPC", {"GroupName": "g"})])
    api.cases("ec2.CreateKeyPair", [(None, "", {"KeyName": "ok"})] + [("InvalidParameterValue", "KeyName", {"KeyName": n}) for n in ("x" * 256, "\u00e9", " x")] + [("MissingParameter", "KeyName", {"KeyName": ""})], KeyType="ed25519", DryRun=True)
    api.cases("ec2.ImportKeyPair", [("InvalidKey.Format", "OpenSSH", {"PublicKeyMaterial": m}) for m in (b"junk", b"", b"\xff\xfe\x00")], KeyName="k")


def test_disks(api):
    api.cases("ec2.CreateVolume", [
        (None, "", {"VolumeType": "gp3", "Iops": 4000, "Throughput": 1000}),
        ("InvalidParameterValue", "low; minimum is 3000", {"VolumeType": "gp3", "Iops": 2999}),
        ("InvalidParameterValue", "ratio", {"VolumeType": "gp3", "Iops": 5100}),
        ("InvalidParameterValue", "ratio", {"VolumeType": "gp3", "Throughput": 1000}),
        ("InvalidParameterValue", "maximum is 2000", {"VolumeType": "gp3", "Throughput": 3000}),
        ("InvalidParameterValue", "low; minimum is 100", {"VolumeType": "io1", "Iops": 99}),
        ("InvalidParameterValue", "maximum is 50.0", {"VolumeType": "io1", "Iops": 1000}),
        ("InvalidParameterCombination", "Encrypted", {"KmsKeyId": "x"}),
    ], AvailabilityZone="us-east-1a", Size=10, DryRun=True)
    ec2 = api.client("ec2")
    volume = ec2.create_volume(AvailabilityZone="us-east-1a", Size=10)["VolumeId"]
    api.cases("ec2.ModifyVolume", [("InvalidParameterValue", "new size", {}), ("InvalidParameterValue", "smaller", {"Size": 5}), ("MissingParameter", "iops", {"VolumeType": "io2"})], VolumeId=volume, DryRun=True)
    tap.same(ec2.describe_images(ExecutableUsers=["self"])["Images"], [], "no image was shared with this account alone")


def test_instances(api):
    """What is done twice, to what is gone, and to two at once."""
    ec2 = api.client("ec2")
    image = next(i["ImageId"] for i in ec2.describe_images(Owners=["099720109477"])["Images"] if i["Architecture"] == "x86_64")
    host = ec2.run_instances(ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    api.cases("ec2.ModifyInstanceAttribute", [
        ("InvalidParameterCombination", "No attributes", {}),
        ("NotImplemented", "Kernel", {"Kernel": {"Value": "aki-1"}}),
        ("InvalidParameterValue", "t3.nonsense", {"InstanceType": {"Value": "t3.nonsense"}}),
        ("InvalidParameterValue", "architecture", {"InstanceType": {"Value": "t4g.small"}}),
        ("InvalidParameterValue", "explode", {"InstanceInitiatedShutdownBehavior": {"Value": "explode"}}),
        ("NotImplemented", "BlockDeviceMappings.NoDevice", {"BlockDeviceMappings": [{"DeviceName": "/dev/sda1", "NoDevice": ""}]}),
    ], InstanceId=host)
    stopped = ec2.stop_instances(InstanceIds=[host, host])["StoppingInstances"]
    tap.same(len(stopped), 1, "an instance that is named twice is stopped once")
    tap.same(len(ec2.terminate_instances(InstanceIds=[host, host])["TerminatingInstances"]), 1, "and terminated once")
    sandbox.until(lambda: ec2.describe_instances(InstanceIds=[host])["Reservations"][0]["Instances"][0]["State"]["Name"] == "terminated")
    tap.same(ec2.terminate_instances(InstanceIds=[host])["TerminatingInstances"][0]["CurrentState"]["Name"], "terminated", "again does no harm")
    api.cases("ec2.ModifyInstanceAttribute", [("IncorrectInstanceState", host, {"EbsOptimized": {"Value": True}})], InstanceId=host)


def test_names(api):
    import json
    iam, ssm = api.client("iam"), api.client("ssm")

    def document(**of):
        return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", **of}]})
    trust, own = document(Principal={"Service": "ec2.amazonaws.com"}), document(Resource="*")
    iam.create_role(RoleName="Good", AssumeRolePolicyDocument=trust)
    api.cases("iam.CreateRole", [
        ("EntityAlreadyExists", "good", {"RoleName": "good"}),
        ("MalformedPolicyDocument", "Syntax", {"AssumeRolePolicyDocument": trust.replace("2012", "2099")}),
        ("MalformedPolicyDocument", "Syntax", {"AssumeRolePolicyDocument": trust.replace("Allow", "Perhaps")}),
        ("MalformedPolicyDocument", "Principal", {"AssumeRolePolicyDocument": own}),
        ("MalformedPolicyDocument", "Resource", {"AssumeRolePolicyDocument": document(Principal="*", Resource="*")}),
        ("LimitExceeded", "2048", {"AssumeRolePolicyDocument": document(Principal="*", Sid="x" * 2048)}),
        ("InvalidInput", "Duplicate", {"Tags": [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]}),
    ], RoleName="other", AssumeRolePolicyDocument=trust)
    api.cases("iam.PutRolePolicy", [
        ("MalformedPolicyDocument", "principal", {"PolicyDocument": trust}),
        ("MalformedPolicyDocument", "resources", {"PolicyDocument": document()}),
        ("LimitExceeded", "10240", {"PolicyDocument": document(Resource="x" * 10240)}),
        (None, "", {"PolicyDocument": document(Resource="x" * 6000) + " " * 9000}),
        ("LimitExceeded", "10240", {"PolicyName": "second", "PolicyDocument": document(Resource="x" * 6000)}),
    ], RoleName="Good", PolicyName="p")
    api.cases("iam.CreatePolicy", [("LimitExceeded", "6144", {"PolicyDocument": document(Resource="x" * 6144)}), ("MalformedPolicyDocument", "principal", {"PolicyDocument": trust})], PolicyName="p")
    arn = iam.get_role(RoleName="Good")["Role"]["Arn"]
    api.cases("sts.AssumeRole", [("ValidationError", "roleSessionName", {"RoleSessionName": "a!"}), ("ValidationError", "MaxSessionDuration", {"DurationSeconds": 7200}), ("AccessDenied", "none", {"RoleArn": arn + "none"})], RoleArn=arn, RoleSessionName="aa")
    public = "/aws/service/debian/release/12/latest/amd64"
    tap.ok(ssm.get_parameter(Name=public)["Parameter"]["Value"].startswith("ami-"), "Debian's images are published, too")
    api.cases("ssm.PutParameter", [
        ("ValidationException", "ssm", {"Name": "/ssm/x"}),
        ("ValidationException", "aws", {"Name": "/AWSome"}),
        ("InvalidAllowedPatternException", "[", {"AllowedPattern": "["}),
        ("ValidationException", "data type", {"DataType": "bogus"}),
        ("ValidationException", "image", {"DataType": "aws:ec2:image"}),
        ("ValidationException", "tags and overwrite", {"Overwrite": True, "Tags": [{"Key": "a", "Value": "b"}]}),
    ], Name="/x", Value="v", Type="String")
    api.cases("ssm.DeleteParameter", [("AccessDeniedException", public, {"Name": public}), ("ParameterNotFound", "/x", {"Name": "/x"})])
    tap.same(ssm.delete_parameters(Names=[public])["InvalidParameters"], [public], "what is published stays")
    api.cases("ssm.DescribeParameters", [("InvalidFilterOption", "Equals", {"ParameterFilters": [{"Key": "Name", "Option": "Sideways", "Values": ["x"]}]})])
    api.cases("efs.CreateFileSystem", [
        ("BadRequest", "provisioned", {"ThroughputMode": "bursting", "ProvisionedThroughputInMibps": 5}),
        ("BadRequest", "maxIO", {"ThroughputMode": "elastic", "PerformanceMode": "maxIO"}),
        ("BadRequest", "Encrypted", {"KmsKeyId": "x" * 36}),
        ("BadRequest", "reserved", {"Tags": [{"Key": "aws:a", "Value": ""}]}),
        ("BadRequest", "50", {"Tags": [{"Key": f"k{i}", "Value": ""} for i in range(51)]}),
    ], CreationToken="t", Encrypted=False)
    efs, ec2 = api.client("efs"), api.client("ec2")
    system = efs.create_file_system(CreationToken="t")["FileSystemId"]
    subnet = ec2.describe_subnets()["Subnets"][0]
    sandbox.until(lambda: efs.describe_file_systems(FileSystemId=system)["FileSystems"][0]["LifeCycleState"] == "available")
    reserved = subnet["CidrBlock"].replace("0/20", "2")
    api.cases("efs.CreateMountTarget", [("BadRequest", "reserved", {"IpAddress": reserved}), ("BadRequest", "range", {"IpAddress": "10.9.9.9"})], FileSystemId=system, SubnetId=subnet["SubnetId"])
    api.cases("efs.CreateAccessPoint", [("BadRequest", "path", {"RootDirectory": {"Path": p}}) for p in ("x", "/a/b/c/d/e", "/a//b")], FileSystemId=system, ClientToken="t")
    api.cases("efs.PutLifecycleConfiguration", [("BadRequest", "one", {"LifecyclePolicies": [{"TransitionToIA": "AFTER_30_DAYS", "TransitionToArchive": "AFTER_90_DAYS"}]}),
                                                ("BadRequest", "twice", {"LifecyclePolicies": [{"TransitionToIA": "AFTER_30_DAYS"}] * 2})], FileSystemId=system)


def test_quotas(api):
    ec2, quotas = api.client("ec2"), api.client("service-quotas")
    image = next(i["ImageId"] for i in ec2.describe_images(Owners=["099720109477"])["Images"] if i["Architecture"] == "x86_64")
    ask = {"ImageId": image, "InstanceType": "dl1.24xlarge", "MinCount": 1, "MaxCount": 1}
    spot = {"MarketType": "spot"}
    made = ec2.run_instances(**{**ask, "MaxCount": 9})["Instances"]
    tap.same(len(made), 2, "192 vCPUs are two hosts of dl1.24xlarge, of nine that are wished for")
    tap.same(api.refused("ec2.RunInstances", **ask)[0], "VcpuLimitExceeded", "and no third one")
    tap.same(api.refused("ec2.RunInstances", **{**ask, "InstanceType": "t3.micro", "MinCount": 129, "MaxCount": 129})[0], "VcpuLimitExceeded", "nor 129 of t3.micro")
    tap.same(api.refused("ec2.RunInstances", **{**ask, "InstanceType": "c5.large"}, DryRun=True)[0], "DryRunOperation", "but another family")
    launch = {"LaunchSpecification": {"ImageId": image, "InstanceType": "dl1.24xlarge"}}
    requests = [ec2.request_spot_instances(**launch, SpotPrice="0.000001")["SpotInstanceRequests"][0]["SpotInstanceRequestId"]]
    made += ec2.run_instances(**ask, InstanceMarketOptions=spot)["Instances"]
    tap.same(api.refused("ec2.RequestSpotInstances", **launch)[0], "MaxSpotInstanceCountExceeded", "spot has a quota of its own, which open requests count for")
    tap.same(api.refused("ec2.RunInstances", **ask, InstanceMarketOptions=spot)[0], "MaxSpotInstanceCountExceeded", "however it is asked for")
    ec2.cancel_spot_instance_requests(SpotInstanceRequestIds=requests)
    tap.same(api.refused("ec2.RequestSpotInstances", **launch, DryRun=True)[0], "DryRunOperation", "a request that is cancelled counts no more")
    ec2.stop_instances(InstanceIds=[made[0]["InstanceId"]])
    made += ec2.run_instances(**ask)["Instances"]
    sandbox.until(lambda: ec2.describe_instances(InstanceIds=[made[0]["InstanceId"]])["Reservations"][0]["Instances"][0]["State"]["Name"] == "stopped")
    tap.same(api.refused("ec2.StartInstances", InstanceIds=[made[0]["InstanceId"]])[0], "VcpuLimitExceeded", "a stopped host neither, and it needs room to start")
    quotas.request_service_quota_increase(ServiceCode="ec2", QuotaCode="L-6E869C2A", DesiredValue=288)
    tap.same(api.refused("ec2.StartInstances", InstanceIds=[made[0]["InstanceId"]])[0], None, "which there is when the quota is raised")
    ec2.terminate_instances(InstanceIds=[i["InstanceId"] for i in made])
    for quota, service, what, args in (("L-F678F1CE", "vpc", "CreateVpc", {"CidrBlock": "10.9.0.0/16"}), ("L-0263D0A3", "ec2", "AllocateAddress", {}), ("L-A4707A72", "vpc", "CreateInternetGateway", {})):
        limit = quotas.get_service_quota(ServiceCode=service, QuotaCode=quota)["Quota"]["Value"]
        codes = []
        while not codes or not codes[-1] and len(codes) < 9:
            codes.append(api.refused(f"ec2.{what}", **args)[0])
        raised = quotas.request_service_quota_increase(ServiceCode=service, QuotaCode=quota, DesiredValue=limit + 1)["RequestedQuota"]["Status"]
        tap.same((codes[-1][-13:], raised, [api.refused(f"ec2.{what}", **args)[0] is None for _ in range(2)]), ("LimitExceeded", "APPROVED", [True, False]), f"{what} up to its quota, and one more where that is raised")
    # a request that was right, and is not any more when its turn comes
    ec2.create_key_pair(KeyName="gone", KeyType="ed25519")
    api.cloud.command("fault", "add", "no-capacity", "-type=t3.micro")
    request = ec2.request_spot_instances(LaunchSpecification={**launch["LaunchSpecification"], "InstanceType": "t3.micro", "KeyName": "gone"})["SpotInstanceRequests"][0]
    ec2.delete_key_pair(KeyName="gone")
    api.cloud.command("fault", "clear")

    def state():
        return ec2.describe_spot_instance_requests(SpotInstanceRequestIds=[request["SpotInstanceRequestId"]])["SpotInstanceRequests"][0]
    sandbox.until(lambda: state()["State"] != "open")
    tap.same((state()["State"], state()["Status"]["Code"], state()["Fault"]["Code"]), ("failed", "bad-parameters", "InvalidKeyPair.NotFound"), "a request whose key is gone by then fails")


def test_unknown(api):
    """Parameters that no model has: botocore would not send them."""
    ec2 = "Version=2016-11-15&Action=DescribeVpcs"
    for query in ("Colour=red", "VpcId=vpc-1", "VpcId.0=vpc-1", "VpcId.x=vpc-1", "Filter.1.Name=vpc-id&Filter.1.Value.1=x&Filter.1.Colour=red", "MaxResults.1=5"):
        status, text = api.raw("ec2", f"{ec2}&{query}")
        tap.ok(status == 400 and "UnknownParameter" in text, f"of EC2: {query}", text[:300])
    for query, code in (("MaxResults=5.5", "InvalidParameterValue"), ("MaxResults=1e400", "InvalidParameterValue"), ("MaxResults=x", "MaxResults"), ("VpcId.1=a%00b", "NUL")):
        status, text = api.raw("ec2", f"{ec2}&{query}")
        tap.ok(status == 400 and code in text, f"not understood: {query}", text[:300])
    json = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AmazonSSM.PutParameter"}
    for service, body, headers, name in (("iam", "Action=ListRoles&Version=2010-05-08&Colour=red", None, "Colour"), ("ssm", '{"Name": "/x", "Value": "1", "Type": "String", "Colour": "red"}', json, "Colour"),
                                         ("ssm", '{"Name": "/x", "Value": "1", "Type": "String", "Tags": [{"Key": "a", "Value": "b", "Hue": 1}]}', json, "Hue")):
        status, text = api.raw(service, body, headers)
        tap.ok(status == 501 and "NotImplemented" in text and name in text, f"of {service}: {name}", text[:300])
    tap.same(api.refused("ssm.GetParameter", Name="/x")[0], "ParameterNotFound", "without effect")


def test_signatures(api):
    """What has come is what was signed, by a key of the sandbox's, lately."""
    from botocore.auth import SigV4QueryAuth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
    ask = "Action=DescribeVpcs&Version=2016-11-15"
    other = ask.replace("Vpcs", "Tags").encode()

    def headers(**of):
        return lambda parts: parts["headers"].update({k.replace("_", "-"): v for k, v in of.items()})

    def unsigned(name):
        return lambda parts: parts["headers"].update({"Authorization": parts["headers"]["Authorization"].replace(f";{name}", "").replace(f"{name};", "")})
    cases = [
        (200, "", "as it was signed", {}),
        (401, "AuthFailure", "by a wrong secret", {"sign": (api.cloud.access_key, "wrong")}),
        (401, "AuthFailure", "by nobody's key", {"sign": ("AKIANOBODY", "x")}),
        (401, "AuthFailure", "with another body", {"change": lambda parts: parts.update(body=other)}),
        (400, "'x-amz-content-sha256' must be", "with another body and its hash", {"change": lambda parts: (parts.update(body=other), headers(X_Amz_Content_SHA256=hashlib.sha256(other).hexdigest())(parts))}),
        (401, "AuthFailure", "with a body left open", {"headers": {"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}, "change": lambda parts: parts.update(body=other)}),
        (401, "AuthFailure", "with another date", {"change": headers(X_Amz_Date="20200101T000000Z")}),
        (400, "'host' must be", "without the host among what is signed", {"change": unsigned("host")}),
        (400, "'x-amz-target' must be", "with a target that is not signed", {"change": headers(X_Amz_Target="AmazonSSM.GetParameter")}),
        (403, "MissingAuthenticationToken", "unsigned", {"change": lambda parts: parts["headers"].pop("Authorization")}),
        (400, "IncompleteSignature", "signed otherwise", {"change": headers(Authorization="Basic eDp5")}),
    ]
    for status, words, why, how in cases:
        got, text = api.raw("ec2", ask, **how)
        tap.ok(got == status and words in text, why, got, text[:300])

    def presigned(expires, more="", wait=0.0):
        request = AWSRequest("GET", api.cloud.endpoint + "/?Action=GetCallerIdentity&Version=2011-06-15")
        SigV4QueryAuth(Credentials(api.cloud.access_key, api.cloud.secret_key), "sts", "us-east-1", expires=expires).add_auth(request)
        time.sleep(wait)
        return fetch(urllib.request.Request(request.prepare().url + more))
    for status, words, why, how in ((200, api.cloud.account, "a presigned URL", {"expires": 60}), (400, "RequestExpired", "when its time is over", {"expires": 0, "wait": 1.0}),
                                    (403, "SignatureDoesNotMatch", "with something added", {"expires": 60, "more": "&X=1"}),
                                    (400, "X-Amz-Expires", "for longer than a week", {"expires": 604801}), (400, "X-Amz-Expires", "for less than no time", {"expires": -5})):
        got, text = presigned(**how)
        tap.ok(got == status and words in text, why, got, text[:300])


why_not = e2e.missing()
if why_not:
    skip_all(why_not)
with sandbox.Sandbox("-pace=0.001") as cloud_:
    api_ = Api(cloud_)
    for test in (test_launches, test_networks, test_groups, test_disks, test_instances, test_names, test_quotas, test_unknown, test_signatures):
        tap.case(test, api_)
tap.done()
