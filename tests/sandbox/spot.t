#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Spot instances and what happens to instances: requests that wait for capacity, interruptions with notice, requests that persist,
prices, failed status checks, mount targets that stay in creation, stop and start."""
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))
import e2e  # noqa: E402
import sandbox  # noqa: E402
from tap import Tap, skip_all  # noqa: E402

tap = Tap()


def until(function, seconds=20):
    """What it gives as soon as that is true, else the last it gave."""
    end = time.time() + seconds
    while not (got := function()) and time.time() < end:
        time.sleep(0.05)
    return got


def refused(call, **args):
    from botocore.exceptions import ClientError
    try:
        call(**args)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Message"]
    return None


class World:
    def __init__(self, cloud):
        self.cloud, self.ec2 = cloud, cloud.client("ec2")
        images = self.ec2.describe_images(Owners=["099720109477"], Filters=[{"Name": "architecture", "Values": ["x86_64"]}])
        self.image = images["Images"][0]["ImageId"]

    def fault(self, *args):
        done = self.cloud.command("fault", *args)
        if done.code != 0:
            raise RuntimeError(str(done))

    def run(self, **args):
        return self.ec2.run_instances(**{"ImageId": self.image, "InstanceType": "t3.small", "MinCount": 1, "MaxCount": 1, **args})["Instances"][0]["InstanceId"]

    def spot(self, kind, behavior, **args):
        options = {"SpotInstanceType": kind, "InstanceInterruptionBehavior": behavior}
        return self.run(InstanceMarketOptions={"MarketType": "spot", "SpotOptions": options}, **args)

    def instance(self, instance):
        return self.ec2.describe_instances(InstanceIds=[instance])["Reservations"][0]["Instances"][0]

    def state(self, instance):
        return self.instance(instance)["State"]["Name"]

    def is_in(self, instance, state):
        return until(lambda: self.state(instance) == state)

    def request(self, request):
        return self.ec2.describe_spot_instance_requests(SpotInstanceRequestIds=[request])["SpotInstanceRequests"][0]

    def status(self, request):
        got = self.request(request)
        return got["State"], got["Status"]["Code"]


def test_capacity(world):
    world.fault("add", "no-capacity", "-type=p3*", "-zone=us-east-1a")
    zone = {"AvailabilityZone": "us-east-1a"}
    got = refused(world.run, InstanceType="p3.2xlarge", Placement=zone)
    tap.ok(got and got[:2] == ("InsufficientInstanceCapacity", 500) and "(us-east-1a)" in got[2], "no capacity: a type in a zone is refused", got)
    tap.ok(world.run(InstanceType="p3.2xlarge", Placement={"AvailabilityZone": "us-east-1b"}), "in another zone it is had")
    tap.ok(world.run(Placement=zone), "and another type in that zone")
    got = refused(world.spot, kind="one-time", behavior="terminate", InstanceType="p3.2xlarge", Placement=zone)
    tap.same(got and got[2], "There is no Spot capacity available that matches your request.", "of spot, too")
    asked = world.ec2.request_spot_instances(LaunchSpecification={"ImageId": world.image, "InstanceType": "p3.2xlarge", "Placement": zone})
    request = asked["SpotInstanceRequests"][0]["SpotInstanceRequestId"]
    tap.same((asked["SpotInstanceRequests"][0]["State"], asked["SpotInstanceRequests"][0]["Status"]["Code"]), ("open", "pending-evaluation"), "a request is evaluated")
    tap.ok(until(lambda: world.status(request) == ("open", "capacity-not-available")), "and waits for capacity", world.status(request))
    world.fault("clear")
    tap.ok(until(lambda: world.status(request) == ("active", "fulfilled")), "until there is some", world.status(request))
    instance = world.request(request)["InstanceId"]
    tap.ok(world.is_in(instance, "running") and world.instance(instance)["InstanceLifecycle"] == "spot", "its instance runs", world.instance(instance))
    low = world.ec2.request_spot_instances(SpotPrice="0.0001", LaunchSpecification={"ImageId": world.image, "InstanceType": "p3.2xlarge"})
    low = low["SpotInstanceRequests"][0]["SpotInstanceRequestId"]
    tap.ok(until(lambda: world.status(low) == ("open", "price-too-low")), "who offers too little waits", world.status(low))
    world.ec2.cancel_spot_instance_requests(SpotInstanceRequestIds=[low])
    tap.same(world.status(low), ("cancelled", "canceled-before-fulfillment"), "until he gives up")
    prices = world.ec2.describe_spot_price_history(InstanceTypes=["p3.2xlarge"], ProductDescriptions=["Linux/UNIX"], AvailabilityZone="us-east-1a")
    now = float(prices["SpotPriceHistory"][0]["SpotPrice"])
    tap.ok(0.5 < now < 2, "a spot price is a part of that on demand", prices)


def test_interruption(world):
    once = world.spot("one-time", "terminate")
    stops = world.spot("persistent", "stop")
    ends = world.spot("persistent", "terminate")
    requests = {i: world.instance(i)["SpotInstanceRequestId"] for i in (once, stops, ends)}
    world.ec2.create_tags(Resources=[stops], Tags=[{"Key": "Name", "Value": "trainer"}])
    for instance in (once, stops, ends):
        world.is_in(instance, "running")
    address = world.instance(stops)["PrivateIpAddress"]
    world.fault("add", "spot-interruption", "-after=0.2", "-notice=0.6", "-resource=Name=trainer")
    tap.ok(until(lambda: world.status(requests[stops]) == ("active", "marked-for-stop")), "an interruption is told of first", world.status(requests[stops]))
    tap.same(world.state(stops), "running", "the instance runs on")
    tap.ok(until(lambda: world.status(requests[stops]) == ("disabled", "instance-stopped-no-capacity")), "then its request is out of work")
    tap.ok(world.is_in(stops, "stopped"), "and the instance stops")
    got = world.instance(stops)
    tap.same((got["StateReason"]["Code"], got["StateTransitionReason"][:20]), ("Server.SpotInstanceShutdown", "Service initiated (2"), "for the service's reason")
    got = refused(world.ec2.start_instances, InstanceIds=[stops])
    tap.same(got and got[0], "IncorrectSpotRequestState", "nobody else can start it")
    tap.ok(world.is_in(stops, "running"), "when there is capacity again, it comes back", world.status(requests[stops]))
    tap.same((world.status(requests[stops]), world.instance(stops)["PrivateIpAddress"]), (("active", "fulfilled"), address), "as itself")
    tap.same([world.state(i) for i in (once, ends)], ["running"] * 2, "others were left in peace")
    world.fault("clear")
    world.fault("add", "spot-interruption", "-after=0", "-notice=0.1", f"-resource={once}")
    world.fault("add", "spot-interruption", "-after=0", "-notice=0.1", f"-resource={ends}")
    tap.ok(world.is_in(once, "terminated"), "one that is asked for once ends")
    tap.same(world.status(requests[once]), ("closed", "instance-terminated-no-capacity"), "with its request")
    tap.same(world.instance(once)["StateReason"]["Code"], "Server.SpotInstanceTermination", "for the service's reason")
    tap.ok(until(lambda: world.status(requests[ends]) == ("active", "fulfilled") and world.request(requests[ends])["InstanceId"] != ends),
           "a persistent request brings a new one", world.request(requests[ends]))
    again = world.request(requests[ends])["InstanceId"]
    tap.ok(world.is_in(again, "running") and world.is_in(ends, "terminated"), "in place of the old one")
    world.fault("clear")
    world.ec2.terminate_instances(InstanceIds=[again])
    tap.ok(until(lambda: world.request(requests[ends])["InstanceId"] not in (again, ends)), "and once more, for it is not cancelled")
    world.ec2.cancel_spot_instance_requests(SpotInstanceRequestIds=[requests[ends]])
    last = world.request(requests[ends])["InstanceId"]
    world.ec2.terminate_instances(InstanceIds=[last])
    tap.ok(world.is_in(last, "terminated") and world.status(requests[ends]) == ("cancelled", "request-canceled-and-instance-running"), "until it is",
           world.status(requests[ends]))


def test_lifecycle(world):
    vpc = world.ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    subnet = world.ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"][0]["SubnetId"]
    instance = world.run(SubnetId=subnet)
    world.is_in(instance, "running")
    before = world.instance(instance)
    world.ec2.stop_instances(InstanceIds=[instance], Force=True)
    world.is_in(instance, "stopped")
    got = world.instance(instance)
    tap.ok("PublicIpAddress" not in got and got["PrivateIpAddress"] == before["PrivateIpAddress"], "stopped, it has its private address alone", got)
    tap.ok(got["StateTransitionReason"].startswith("User initiated (20") and got["StateReason"]["Code"] == "Client.UserInitiatedShutdown", "for the user's reason", got)
    world.ec2.start_instances(InstanceIds=[instance])
    world.is_in(instance, "running")
    got = world.instance(instance)
    tap.ok(got["PublicIpAddress"] != before["PublicIpAddress"] and got["PrivateIpAddress"] == before["PrivateIpAddress"], "started, it has a new public one", got, before)
    elastic = world.ec2.allocate_address(Domain="vpc")
    world.ec2.associate_address(AllocationId=elastic["AllocationId"], InstanceId=instance)
    world.ec2.stop_instances(InstanceIds=[instance])
    world.is_in(instance, "stopped")
    world.ec2.start_instances(InstanceIds=[instance])
    world.is_in(instance, "running")
    tap.same(world.instance(instance)["PublicIpAddress"], elastic["PublicIp"], "but an Elastic IP stays")
    world.ec2.reboot_instances(InstanceIds=[instance])
    tap.same(world.state(instance), "running", "a reboot is none of these")

    def status():
        return world.ec2.describe_instance_status(InstanceIds=[instance])["InstanceStatuses"][0]["InstanceStatus"]["Status"]
    world.fault("add", "status-checks", f"-resource={instance}")
    tap.same(status(), "impaired", "its status checks fail by order")
    world.ec2.stop_instances(InstanceIds=[instance])
    world.is_in(instance, "stopped")
    world.fault("clear")
    world.ec2.start_instances(InstanceIds=[instance])
    world.is_in(instance, "running")
    tap.same(status(), "ok", "and do no longer when it was stopped and started")
    world.fault("add", "status-checks", f"-resource={instance}", "-seconds=0.3")
    tap.ok(status() == "impaired" and until(lambda: status() == "ok"), "or after a time")


def test_stuck(world):
    efs = world.cloud.client("efs")
    system = efs.create_file_system(CreationToken="stuck")["FileSystemId"]
    until(lambda: efs.describe_file_systems(FileSystemId=system)["FileSystems"][0]["LifeCycleState"] == "available")
    world.fault("clear")
    world.fault("add", "mount-target-stuck", "-zone=us-east-1a")
    subnets = {s["AvailabilityZone"]: s["SubnetId"] for s in world.ec2.describe_subnets()["Subnets"]}
    targets = [efs.create_mount_target(FileSystemId=system, SubnetId=subnets[z])["MountTargetId"] for z in ("us-east-1a", "us-east-1b")]

    def states():
        return [efs.describe_mount_targets(MountTargetId=t)["MountTargets"][0]["LifeCycleState"] for t in targets]
    tap.ok(until(lambda: states()[1] == "available"), "a mount target becomes available")
    tap.same(states()[0], "creating", "one that is stuck does not")
    efs.delete_mount_target(MountTargetId=targets[0])
    tap.ok(until(lambda: len(efs.describe_mount_targets(FileSystemId=system)["MountTargets"]) == 1), "it can be deleted")


def test_expired(world):
    iam, ssm, efs = (world.cloud.client(name) for name in ("iam", "ssm", "efs"))
    world.fault("clear")
    world.fault("add", "expired-credentials", "-skip=1", "-for=600")
    world.ec2.describe_vpcs()
    got = [refused(call, **args) for call, args in ((world.ec2.describe_vpcs, {}), (iam.list_roles, {}), (ssm.describe_parameters, {}), (efs.describe_file_systems, {}))]
    tap.same([g and g[:2] for g in got], [("RequestExpired", 400), ("ExpiredToken", 403), ("ExpiredTokenException", 400), ("ExpiredTokenException", 403)],
             "expired credentials are told of in each service's words")
    world.fault("clear")
    world.fault("add", "slow", "-preset=aws", "-service=ec2", "-seed=1")
    begun = time.monotonic()
    world.ec2.describe_vpcs()
    took = time.monotonic() - begun
    tap.ok(0.02 < took < 2, "slow like AWS is a matter of milliseconds", took)
    world.fault("clear")


why = e2e.missing("apply")
if why:
    skip_all(why)
with sandbox.Sandbox("-hosts=off", "-pace=0.005") as cloud_:
    world_ = World(cloud_)
    for test in (test_capacity, test_interruption, test_lifecycle, test_stuck, test_expired):
        tap.case(test, world_)
tap.done()
