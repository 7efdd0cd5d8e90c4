#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A sandbox's process and directory: started, found, used, stopped, started again; who may ask; bad days to order."""
import json
import os
import random
import shutil
import signal
import stat
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))
import e2e  # noqa: E402
import sandbox  # noqa: E402
from tap import Tap, skip_all  # noqa: E402

tap = Tap()


def infra(folder, *args, **env):
    return e2e.run([e2e.INFRA, "sandbox", *args], e2e.environment("", INFRA_SANDBOX=str(folder), **env), folder.parent)


def test_env(state, env, identity):
    """What was set before comes back, so that nobody ends up in another account than his own."""
    names = ("AWS_PROFILE", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_ENDPOINT_URL")
    show = "; ".join(f'echo "{name}=${name}"' for name in names)
    script = f'take() {{ eval "$({e2e.INFRA} sandbox env "$@")"; }}\ntake && take && {show}; take -unset; take -unset; {show}'
    before = {**e2e.environment("", INFRA_SANDBOX=str(state)), "AWS_PROFILE": "it's mine", "AWS_REGION": "eu-west-1"}
    before.pop("AWS_ENDPOINT_URL", None)
    before.pop("AWS_ACCESS_KEY_ID", None)
    done = e2e.run(["sh", "-c", script], before, state.parent)
    tap.same(done.out.splitlines(), ["AWS_PROFILE=", "AWS_REGION=us-east-1", f"AWS_ACCESS_KEY_ID={identity['access_key_id']}", f"AWS_ENDPOINT_URL=http://127.0.0.1:{identity['port']}",
                                     "AWS_PROFILE=it's mine", "AWS_REGION=eu-west-1", "AWS_ACCESS_KEY_ID=", "AWS_ENDPOINT_URL="], "env twice, then env -unset twice: as before")
    words = [line.replace("export ", "set -gx ").replace("=", " ", 1).replace("unset ", "set -e ") for line in env.splitlines()]
    tap.same(infra(state, "env", "-fish").out.splitlines(), words, "the same in the words of fish")


def test_process(folder):
    state = folder / "state"
    tap.same(infra(state, "status").code, 1, "nothing runs yet")
    tap.same(infra(state, "env").code, 1, "so there is nothing to set")
    up = infra(state, "up")
    tap.ok(up.code == 0 and "http://127.0.0.1:" in up.out and 'eval "$(infra sandbox env)"' in up.out, "up says how to use it", up)
    first = json.loads((state / "world.json").read_text())
    tap.ok(infra(state, "status").out.startswith(f"http://127.0.0.1:{first['port']}, account {first['account']}"), "status names it")
    tap.ok("\nIt is empty; 0 requests so far.\n" in infra(state, "status").out, "and says that nothing is in it")
    again = infra(state, "up")
    tap.ok(again.code == 0 and str(first["port"]) in again.out, "up again shows the one that runs", again)
    env = infra(state, "env").out
    tap.ok(f"export AWS_ENDPOINT_URL=http://127.0.0.1:{first['port']}\n" in env and first["secret_access_key"] in env, "env", env)
    test_env(state, env, first)
    again = infra(state, "up", "-pace=1")
    tap.ok(again.code == 0 and "It runs already" in again.err, "with options it says that they do not hold", again)
    modes = {p.name: oct(stat.S_IMODE(p.lstat().st_mode)) for p in [state, *state.iterdir()] if not p.is_socket()}
    tap.ok(all(mode == ("0o700" if (state / name).is_dir() or name == state.name else "0o600") for name, mode in modes.items()), "its files are its owner's alone", modes)
    pid = int((state / "pid").read_text())
    os.kill(pid, signal.SIGKILL)
    for _ in range(200):
        if infra(state, "status").code == 1:
            break
    tap.same(infra(state, "status").code, 1, "killed, it leaves nothing that looks alive")
    up = infra(state, "up")
    tap.ok(up.code == 0 and json.loads((state / "world.json").read_text()) == first, "it starts again as the same account, on the same port", up)
    tap.ok("stopped" in infra(state, "down").out and infra(state, "status").code == 1, "down stops it")
    tap.same(infra(state, "down").code, 0, "down again has nothing to do")
    tap.same(infra(state, "up", "-prot=1").code, 3, "a misspelt option")
    tap.same(infra(state, "up", "-port=99999").code, 3, "a port that is none")
    tap.same(infra(state, "up", "now").code, 3, "a word too many")
    done = infra(state, "up", "-region=us-esat-1")
    tap.ok(done.code == 3 and "Did you mean us-east-1?" in done.err, "a region that is none", done)
    done = infra(state, "status", "-dir=else where")
    tap.ok(f"infra sandbox up -dir='{state.parent}/else where'\n" in done.err, "the command that starts another one names it", done)


def caller(cloud, **keys):
    import boto3
    from botocore.config import Config
    keys = {"aws_access_key_id": cloud.access_key, "aws_secret_access_key": cloud.secret_key, "region_name": "us-east-1", **keys}
    service = keys.pop("service", "sts")
    client = boto3.client(service, endpoint_url=cloud.endpoint, config=Config(retries={"max_attempts": 0}), **keys)
    return client


def code_of(call, *args, **kwargs):
    """The AWS error code of a call, its status, or what else it ended with."""
    from botocore.exceptions import ClientError
    try:
        call(*args, **kwargs)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
    except Exception as error:  # pylint: disable=broad-except
        return type(error).__name__, 0
    return None, 200


def test_full_disk(cloud):
    """What cannot be written is refused, and what was due happens when there is room again."""
    import resource
    ec2, ssm = (caller(cloud, service=s) for s in ("ec2", "ssm"))
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    resource.prlimit(cloud.process.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
    tap.same(code_of(ssm.put_parameter, Name="/x", Value="v", Type="String"), ("InternalError", 500), "nothing can be written")
    tap.same(code_of(ssm.get_parameter, Name="/x"), ("ParameterNotFound", 400), "and is not there")
    time.sleep(0.3)
    tap.same(ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["State"], "pending", "nothing happens by itself, and the world goes on")
    resource.prlimit(cloud.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    tap.ok(sandbox.until(lambda: ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["State"] == "available"), "with room again it happens")
    tap.same(code_of(ssm.put_parameter, Name="/x", Value="v", Type="String"), (None, 200), "and is written")


def test_killed(cloud):
    """Two clients write, and the server is killed among it: what was answered is there, and no more than what was asked."""
    done, asked = [], []

    def write(who):
        ssm = caller(cloud, service="ssm")
        for i in range(100000):
            name = f"/{who}/{i}"
            asked.append(name)
            if code_of(ssm.put_parameter, Name=name, Value="v", Type="String") != (None, 200):
                return
            done.append(name)
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(write, who) for who in "ab"]
        sandbox.until(lambda: len(done) > 50)
        cloud.process.kill()
        for run in runs:
            run.result()
    cloud.stop()
    cloud.start()
    ssm = caller(cloud, service="ssm")
    kept = {p["Name"] for page in ssm.get_paginator("describe_parameters").paginate() for p in page["Parameters"]} - {"/x"}
    tap.ok(set(done) <= kept <= set(asked) and len(done) > 50, f"all {len(done)} that were answered are there", set(done) - kept, kept - set(asked))


def test_signatures(cloud):
    tap.same(caller(cloud).get_caller_identity()["Account"], cloud.identity["account"], "the world's own keys")
    tap.same(code_of(caller(cloud, aws_secret_access_key="x").get_caller_identity), ("SignatureDoesNotMatch", 403), "another secret")
    tap.same(code_of(caller(cloud, aws_access_key_id="x").get_caller_identity), ("InvalidClientTokenId", 403), "another key")
    tap.same(code_of(caller(cloud, service="ec2", aws_secret_access_key="x").describe_vpcs), ("AuthFailure", 401), "the same in EC2's words")
    tap.same(code_of(caller(cloud, service="ssm", aws_secret_access_key="x").describe_parameters), ("InvalidSignatureException", 403), "and in JSON")
    tap.same(code_of(caller(cloud, region_name="xx-north-9").get_caller_identity), ("InvalidClientTokenId", 400), "a region that is none")
    url = caller(cloud).generate_presigned_url("get_caller_identity", HttpMethod="GET")
    import urllib.error
    import urllib.request
    tap.ok(b"<Account>" in urllib.request.urlopen(url, timeout=10).read(), "a presigned URL")
    for what, wrong in (("changed", url.replace("Version=2011-06-15", "Version=2011-06-16")), ("unsigned", cloud.endpoint + "/?Action=GetCallerIdentity")):
        try:
            urllib.request.urlopen(wrong, timeout=10)
            tap.ok(False, f"a URL that is {what}")
        except urllib.error.HTTPError as error:
            tap.same(error.code, 403, f"a URL that is {what}")


def test_dice(cloud):
    """The same seed hits the same requests, also where they come side by side, in another order, with other ids."""
    days = []
    for day in range(3):
        cloud.reset()
        ec2 = caller(cloud, service="ec2")
        vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
        cloud.command("fault", "add", "503", "-operation=CreateSubnet", "-rate=0.5", "-seed=11")
        cloud.command("fault", "add", "slow", "-ms=4", "-spread=1", "-seed=12")
        blocks = [f"10.7.{i}.0/24" for i in range(40)]
        random.Random(day).shuffle(blocks)

        def refused(block):
            return block if code_of(ec2.create_subnet, VpcId=vpc, CidrBlock=block)[0] else None
        with ThreadPoolExecutor(8) as pool:
            days.append(sorted(filter(None, pool.map(refused, blocks))))
    tap.ok(days[0] == days[1] == days[2] and 8 < len(days[0]) < 32, "the same seed hits the same requests side by side", *days)
    cloud.reset()


def test_unknown(cloud):
    tap.same(code_of(caller(cloud, service="sagemaker").list_algorithms), ("NotImplemented", 501), "an operation that it does not know is refused")
    last = cloud.log("-errors")[-1]
    tap.same((last["service"], last["operation"], last["status"]), ("sagemaker", "ListAlgorithms", 501), "and stands in the log")


def test_faults(cloud):
    sts = caller(cloud)
    for kind, got in (("throttle", ("Throttling", 400)), ("500", ("InternalFailure", 500)), ("503-after", ("ServiceUnavailable", 503)),
                      ("reset-before", ("ConnectionClosedError", 0)), ("reset-after", ("ConnectionClosedError", 0))):
        cloud.command("fault", "add", kind, "-operation=GetCaller*", "-count=1")
        tap.same(code_of(sts.get_caller_identity), got, f"fault {kind}")
        tap.same(code_of(sts.get_caller_identity)[0], None, "which happens once")
    tap.same([e["status"] for e in cloud.log("-operation=GetCallerIdentity")][-2:], [0, 200], "the log has them")
    cloud.command("fault", "clear")
    cloud.command("fault", "add", "throttle", "-service=s*", "-skip=1")
    tap.same([code_of(sts.get_caller_identity)[0] == "Throttling" for _ in range(3)], [False, True, True], "skip")
    tap.ok("happened 2 times" in cloud.command("fault", "list").out, "fault list")
    days = []
    for _ in range(2):
        cloud.command("fault", "clear")
        cloud.command("fault", "add", "throttle", "-service=sts", "-rate=0.5", "-seed=5")
        days.append([code_of(sts.get_caller_identity)[0] for _ in range(16)])
    tap.ok(days[0] == days[1] and len(set(days[0])) == 2, "the same seed gives the same days", days)
    cloud.command("fault", "clear")
    cloud.command("fault", "add", "slow", "-ms=5", "-service=sts")
    cloud.command("fault", "add", "throttle", "-operation=GetCaller*", "-skip=1", "-count=1")
    tap.same([code_of(sts.get_caller_identity)[0] for _ in range(3)], [None, "Throttling", None], "a slow one may be throttled, too")
    tap.same([e["fault"] for e in cloud.log("-service=sts")][-3:], ["slow", "slow, throttle", "slow"], "as the log says")
    tap.same(cloud.command("log", "-count", "-fault=thr*").out, f"{sum('throttle' in (e['fault'] or '') for e in cloud.log())}\n", "which counts by faults")
    listed = json.loads(cloud.command("fault", "list", "-json").out)
    tap.same([(f["number"], f["kind"], f["happened"], f["over"]) for f in listed], [(1, "slow", 3, False), (2, "throttle", 1, True)], "fault list -json")
    cloud.command("fault", "remove", "1")
    code_of(sts.get_caller_identity)
    tap.ok(cloud.command("fault", "list").out.split()[:2] == ["2", "throttle"] and not cloud.log()[-1]["fault"], "fault remove")
    cloud.command("fault", "clear")
    for args, words in ((("throttle", "-operation=RunInstancez"), 'did you mean "RunInstances"?'), (("500", "-service=iam", "-operation=RunInstances"), 'of iam'),
                        (("throttle", "-ms=5"), "takes no -ms"), (("500", "-nth=0"), "-nth is a whole number"), (("500", "-rate=2"), "-rate is a number from 0 to 1"),
                        (("slow", "-ms=1", "-seconds=1"), "-ms cannot stand beside -seconds"), (("error", "-code=X", "-status=200"), "from 400 to 599"),
                        (("500", "503"), '"503" is one word too many')):
        wrong = cloud.command("fault", "add", *args)
        tap.ok(wrong.code and words in wrong.err, f"not as it was meant: {' '.join(args)}", wrong)
    tap.same(cloud.command("fault", "remove", "7").code, 1, "there is no such fault to remove")
    cloud.command("fault", "add", "error", "-code=InsufficientInstanceCapacity", "-status=500", "-operation=RunInstances")
    run = caller(cloud, service="ec2").run_instances
    tap.same(code_of(run, ImageId="ami-1", MinCount=1, MaxCount=1), ("InsufficientInstanceCapacity", 500), "an error by its name")
    tap.same(cloud.command("fault", "add", "error").code, 1, "which it needs")
    wrong = cloud.command("fault", "add", "trottle")
    tap.ok(wrong.code == 1 and 'did you mean "throttle"' in wrong.err, "a misspelt fault", wrong)
    cloud.reset()
    tap.ok(cloud.command("fault", "list").out.startswith("No faults") and not cloud.log(), "reset takes faults and log away")


why = e2e.missing()
if why:
    skip_all(why)
folder_ = Path(tempfile.mkdtemp(prefix="infra-sandbox-"))
try:
    tap.case(test_process, folder_)
finally:
    infra(folder_ / "state", "down")
    shutil.rmtree(folder_, ignore_errors=True)
with sandbox.Sandbox() as cloud_:
    for test in (test_signatures, test_unknown, test_dice, test_faults):
        tap.case(test, cloud_)
with sandbox.Sandbox("-pace=0.05") as cloud_:
    for test in (test_full_disk, test_killed):
        tap.case(test, cloud_)
tap.done()
