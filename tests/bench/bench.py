#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures the program, beside Terraform where there is one, and prints tables. `make bench` calls it.

Each figure is the median of several runs; the spread beside a time is what the clock showed at least and at most.
On a machine that does other things, too, look at the processor's seconds, which suffer less.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import namedtuple
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MIRROR = Path(os.environ.get("TF_PLUGINS", "/opt/tf-plugins"))
AWS_SOURCE = "registry.terraform.io/hashicorp/aws"

Run = namedtuple("Run", "wall cpu memory code requests")
args = None


def mb(count):
    return f"{count / 1e6:.1f} MB"


def shown(seconds):
    return f"{seconds * 1e6:.0f} us" if seconds < 0.001 else f"{seconds * 1000:.1f} ms" if seconds < 0.1 else f"{seconds:.2f} s" if seconds < 100 else f"{seconds:.0f} s"


def table(title, head, rows):
    print(f"\n{title}")
    widths = [max(len(str(row[i])) for row in [head, *rows]) for i in range(len(head))]
    for row in [head, ["-" * w for w in widths], *rows]:
        print("  " + "  ".join(str(cell).ljust(w) for cell, w in zip(row, widths)).rstrip())
    sys.stdout.flush()


class Ec2:
    """The local server, with a latency for each answer in milliseconds."""

    def __init__(self, latency=0):
        program = args.build / "tests/bench/ec2_server"
        self.process = subprocess.Popen([program, str(latency)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()

    def counts(self):
        """Requests since the last call, by action."""
        with urllib.request.urlopen(self.url + "/counts", timeout=60) as answer:
            return {name: int(n) for n, name in (line.split() for line in answer.read().decode().splitlines())}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


class Tool:
    def __init__(self, name, program):
        self.name, self.program = name, str(program)

    def prepare(self, project):
        """What must be done once in a folder before the first command."""

    def run(self, project, *command, server=None):
        result = project.folder / "measured"
        env = {"PATH": os.environ["PATH"], "HOME": str(project.home), "TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}
        if server:
            server.counts()
            env |= {"AWS_ENDPOINT_URL": server.url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test",
                    "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}
        if MIRROR.is_dir():
            env["TF_CLI_CONFIG_FILE"] = str(project.home / "terraformrc")
        done = subprocess.run([args.build / "tests/bench/measure", result, self.program, *command], cwd=project.folder, env=env,
                              stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, timeout=3600)
        wall, cpu, memory, code = result.read_text().split()
        if done.returncode != 0 or int(code) != 0:
            sys.exit(f"{self.name} {' '.join(command)}: exit code {code}\n{done.stderr[-3000:]}")
        return Run(float(wall), float(cpu), int(memory), int(code), server.counts() if server else {})


class Terraform(Tool):
    def prepare(self, project):
        self.run(project, "init", "-input=false", "-no-color")


def terraform():
    """Terraform, and whether its AWS provider is there; or (None, False)."""
    program = shutil.which("terraform")
    if not program or args.alone:
        return None, False
    return Terraform("terraform", program), (MIRROR / AWS_SOURCE).is_dir()


class Project:
    """A folder with a configuration, thrown away at the end."""

    def __init__(self, text, files=()):
        self.root = Path(tempfile.mkdtemp(prefix="bench-"))
        self.folder, self.home = self.root / "project", self.root / "home"
        self.folder.mkdir()
        self.home.mkdir()
        (self.home / "terraformrc").write_text(
            f'provider_installation {{\n  filesystem_mirror {{\n    path    = "{MIRROR}"\n    include = ["registry.terraform.io/*/*"]\n'
            "  }\n}\n")
        self.write(text, files)

    def write(self, text, files=()):
        for name, content in [("main.tf", text), *files]:
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.root)


def median(runs):
    """One run made of the medians of several, and the clock's least and most."""
    whole = Run(*(statistics.median(getattr(r, f) for r in runs) for f in ("wall", "cpu", "memory")), 0, runs[-1].requests)
    return whole, min(r.wall for r in runs), max(r.wall for r in runs)


def cells(runs):
    run, least, most = median(runs)
    spread = "" if len(runs) == 1 else f"{shown(least)} .. {shown(most)}"
    return [shown(run.wall), spread, shown(run.cpu), mb(run.memory), str(sum(run.requests.values()) or "")]


HEAD = ["what", "tool", "runs", "time", "spread", "processor", "memory", "requests"]


def measure(tool, project, command, count, server=None, between=None):
    runs = []
    for i in range(count):
        if between and i:
            between()
        runs.append(tool.run(project, *command, server=server))
    return runs


# ---- configurations

def data(count):
    return f'resource "terraform_data" "a" {{\n  count = {count}\n  input = "value ${{count.index}}"\n}}\n'


def groups(count, provider=True):
    return f"""
resource "aws_security_group" "a" {{
  count  = {count}
  name   = "group-${{count.index}}"
  vpc_id = "vpc-0123456789abcdef0"
  ingress {{
    from_port   = 22
    to_port     = 22
    protocol    = "tcp"
    cidr_blocks = ["10.${{floor(count.index / 256)}}.${{count.index % 256}}.0/24"]
  }}
}}
"""


AWS_PROVIDER = """
terraform {
  required_providers {
    aws = { source = "hashicorp/aws" }
  }
}
provider "aws" {
  region                      = "us-east-1"
  skip_metadata_api_check     = true
  skip_region_validation      = true
}
"""


def keys(count, prefix):
    """An expression for so many texts; range() alone gives 1024 numbers at most."""
    return f'toset(flatten([for i in range({(count + 999) // 1000}) : [for k in range({min(count, 1000)}) : "{prefix}${{i * 1000 + k}}"]]))'


def blocks(count):
    """So many resource blocks, each of which uses the one ten before it, and locals and outputs between."""
    out = []
    for i in range(count):
        before = f"local.l{i - 10}" if i >= 10 else '"first"'
        out.append(f'resource "terraform_data" "r{i}" {{\n  input = {before}\n}}\nlocals {{\n  l{i} = "${{terraform_data.r{i}.id}}-{i}"\n}}\n')
    return "".join(out)


def chain(count):
    """So many resource blocks, each of which uses the one before it."""
    return "".join(f'resource "terraform_data" "r{i}" {{\n  input = {f"terraform_data.r{i - 1}.output" if i else i}\n}}\n' for i in range(count))


def star(count):
    """So many resource blocks that all use one, and one that uses them all."""
    return ('resource "terraform_data" "hub" {\n  input = 1\n}\n'
            + "".join(f'resource "terraform_data" "r{i}" {{\n  input = terraform_data.hub.id\n}}\n' for i in range(count))
            + 'resource "terraform_data" "all" {\n  input = [' + ", ".join(f"terraform_data.r{i}.id" for i in range(count)) + "]\n}\n")


MODULE = """
variable "name" {
  type = string
}
resource "terraform_data" "a" {
  input = var.name
}
resource "terraform_data" "b" {
  count = 2
  input = "${terraform_data.a.output} ${count.index}"
}
output "ids" {
  value = terraform_data.b[*].id
}
"""


def module_instances(count):
    return ('module "m" {\n  source   = "./m"\n  for_each = ' + keys(count, "n") + '\n  name     = each.key\n}\n'
            'output "all" {\n  value = { for k, m in module.m : k => m.ids }\n}\n', [("m/main.tf", MODULE)])


def module_calls(count):
    return ("".join(f'module "m{i}" {{\n  source = "./m"\n  name   = "n{i}"\n}}\n' for i in range(count)), [("m/main.tf", MODULE)])


def each_of_each(count):
    """Instances that find others by key."""
    return f"""
resource "terraform_data" "a" {{
  for_each = {keys(count, "key-")}
  input    = each.key
}}
resource "terraform_data" "b" {{
  for_each = terraform_data.a
  input    = terraform_data.a[each.key].id
}}
"""


# ---- benchmarks

def bench_start():
    """Starting, and the smallest plans."""
    infra, (other, has_aws) = Tool("infra", args.build / "infra"), terraform()
    rows, tools = [], [infra] + ([other] if other else [])
    with Project('resource "terraform_data" "a" {\n  input = 1\n}\n') as project:
        for tool in tools:
            rows.append(["version", tool.name, 20, *cells(measure(tool, project, ["version"], 20))])
        for tool in tools:
            tool.prepare(project)
            n = args.runs * 4
            rows.append(["plan of one terraform_data", tool.name, n, *cells(measure(tool, project, ["plan"], n))])
    with Ec2() as server, Project(AWS_PROVIDER + groups(1)) as project:
        for tool in [infra] + ([other] if has_aws else []):
            tool.prepare(project)
            n = args.runs * 4 if tool is infra else args.runs
            rows.append(["plan of one aws_security_group", tool.name, n, *cells(measure(tool, project, ["plan"], n, server))])
    table("Starting", HEAD, rows)


def life(tool, project, runs, what, server=None):
    """Apply, plan with nothing to do, destroy; a whole life each run."""
    tool.prepare(project)
    steps = {"apply": ["apply", "-auto-approve"], "no-op plan": ["plan"], "destroy": ["destroy", "-auto-approve"]}
    found = {name: [] for name in steps}
    for _ in range(runs):
        for name, command in steps.items():
            found[name].append(tool.run(project, *command, server=server))
    rows = [[f"{what}, {name}", tool.name, runs, *cells(found[name])] for name in steps]
    return rows, {name: median(found[name])[0] for name in steps}


def growth(title, results):
    """How much more the larger of two sizes took than its share."""
    sizes = sorted(results)
    lines = []
    for a, b in zip(sizes, sizes[1:]):
        for step in results[a]:
            x, y = results[a][step], results[b][step]
            lines.append([step, f"{a} -> {b}", f"{b / a:.1f}", f"{y.wall / x.wall:.1f}", f"{y.cpu / x.cpu:.1f}", f"{y.memory / x.memory:.1f}"])
    if lines:
        table(f"{title}: growth", ["step", "sizes", "objects x", "time x", "processor x", "memory x"], lines)


def bench_groups():
    """Security groups with a rule each, on a local server."""
    infra, (other, has_aws) = Tool("infra", args.build / "infra"), terraform()
    rows, results = [], {}
    for count in (300, 1300, 2300):
        with Ec2(args.latency) as server, Project(AWS_PROVIDER + groups(count)) as project:
            more, results[count] = life(infra, project, args.runs, f"{count} groups", server)
            rows += more
    actions = [[f"{count} groups, {step}", sum(run.requests.values()), f"{sum(run.requests.values()) / count:.3f}",
                ", ".join(f"{n} {name}" for name, n in sorted(run.requests.items(), key=lambda item: -item[1]))]
               for count, steps in results.items() for step, run in steps.items()]
    if has_aws:
        with Ec2(args.latency) as server, Project(AWS_PROVIDER + groups(300)) as project:
            rows += life(other, project, 1, "300 groups", server)[0]
    table(f"Security groups with a rule each, {args.latency} ms an answer", HEAD, rows)
    table("Requests of infra", ["what", "requests", "a group", "by action"], actions)
    growth("Security groups", results)


def bench_data():
    """terraform_data by count: the engine alone."""
    infra, (other, _) = Tool("infra", args.build / "infra"), terraform()
    rows, results = [], {}
    for count in (1000, 4000, 10000, 100000):
        with Project(data(count)) as project:
            fresh = measure(infra, project, ["plan"], args.runs)
            more, results[count] = life(infra, project, args.runs, f"{count} terraform_data", None)
            rows += [[f"{count} terraform_data, first plan", infra.name, args.runs, *cells(fresh)], *more]
            results[count] = {"first plan": median(fresh)[0]} | results[count]
    table("terraform_data", HEAD, rows)
    if other:
        # four times as many take it much more than four times as long: not 100000
        for count in (1000, 4000, 10000) if args.long else (1000, 4000):
            with Project(data(count)) as project:
                table(f"terraform_data, {count} with Terraform", HEAD, life(other, project, 1, f"{count} terraform_data", None)[0])
    growth("terraform_data", results)


def bench_shapes():
    """Configurations of many blocks, modules and references."""
    infra = Tool("infra", args.build / "infra")
    kinds = {"blocks in ten chains": (blocks, (500, 2000, 8000)), "blocks in one chain": (chain, (500, 2000)),
             "blocks around one": (star, (500, 2000, 8000)), "instances of a module": (module_instances, (125, 500, 2000)),
             "calls of a module": (module_calls, (125, 500, 2000)), "for_each over for_each": (each_of_each, (1000, 10000))}
    for name, (make, sizes) in kinds.items():
        if args.shape not in name:
            continue
        rows, results = [], {}
        for count in sizes:
            made = make(count)
            text, files = made if isinstance(made, tuple) else (made, ())
            with Project(text, files) as project:
                more, results[count] = life(infra, project, args.runs, f"{count} {name}", None)
                rows += more
        table(name, HEAD, rows)
        growth(name, results)


def bench_ops():
    """Ten thousand operations in flight on one loop."""
    print("\nOperations in flight")
    sys.stdout.flush()
    subprocess.run([args.build / "tests/bench/ops"], check=True)


class World:
    """A sandbox cloud in a folder of its own."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="bench-")
        self.process = subprocess.Popen([args.build / "infra", "sandbox", "up", "-foreground", f"-dir={self.dir}", "-pace=0", "-hosts=off"], stdout=subprocess.PIPE, text=True)
        if "http://" not in self.process.stdout.readline():
            sys.exit("the sandbox did not start")
        identity = json.loads((Path(self.dir) / "world.json").read_text(encoding="utf-8"))
        self.who = [str(identity["port"]), identity["access_key_id"], identity["secret_access_key"]]

    def client(self, what, *more):
        done = subprocess.run([args.build / "tests/bench/sandbox", what, *self.who, *map(str, more)], stdout=subprocess.PIPE, text=True, check=True)
        return [float(word) for word in done.stdout.split()]

    def memory(self):
        """Bytes that are its own alone, and all that is resident."""
        lines = dict(line.split(":") for line in Path(f"/proc/{self.process.pid}/smaps_rollup").read_text().splitlines() if line.endswith("kB"))
        kb = {name: int(value.split()[0]) * 1024 for name, value in lines.items()}
        return kb["Private_Clean"] + kb["Private_Dirty"], kb["Rss"]

    def cpu(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()
        shutil.rmtree(self.dir, ignore_errors=True)


READS = ("GetCallerIdentity", "DescribeVpcs", "GetParameter", "DescribeVolumes", "DescribeInstances by id", "DescribeInstances by filter",
         "DescribeInstances, page of 1000", "DescribeInstances, all")


def bench_sandbox():
    """Reads of the sandbox cloud by one client, and its memory."""
    rows = []
    with World() as world:
        memory = [["with nothing in it", *map(mb, world.memory())]]
        begun, cpu = time.monotonic(), world.cpu()
        world.client("fill", 10000)
        rows.append(["making 10000 objects", 1, "", shown(time.monotonic() - begun), "", shown(world.cpu() - cpu)])
        memory.append(["10000 objects", *map(mb, world.memory())])
        for what in READS:
            for connections in (1, 8):
                if args.read not in what or (connections > 1 and "," in what):
                    continue
                cpu = world.cpu()
                count, seconds, median_us, p99 = world.client("read", args.seconds, what, connections)
                rows.append([what, connections, f"{count / seconds:.0f}", shown(median_us / 1e6), shown(p99 / 1e6), shown((world.cpu() - cpu) / count)])
        memory.append(["after these reads", *map(mb, world.memory())])
    table("The sandbox cloud: reads by one client", ["what", "connections", "a second", "median", "99 of 100", "processor, each"], rows)
    table("Memory of its process", ["", "its own", "resident"], memory)


def bench_ssh():
    """What infra ssh adds to ssh, with real hosts of the sandbox cloud."""
    sys.path.insert(0, str(ROOT / "tests/tools"))
    os.environ.setdefault("INFRA", str(args.build / "infra"))
    import e2e
    import sandbox
    with sandbox.Sandbox("-hosts=on") as cloud, e2e.Project("msls", cloud, e2e.MSLS) as project:
        status = cloud.command("status").out
        if "no hosts behind them" in status:
            print("\nssh is not measured: " + " ".join(status.split("behind them: ")[-1].split()))
            return
        (project.home / ".ssh").mkdir(mode=0o700)
        key = project.home / ".ssh/id"
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
        project.set(ssh_cidr_blocks=["192.0.2.10/32"], public_key_file=f"{key}.pub")
        project.env["INFRA_SANDBOX"] = cloud.dir
        stand_in = project.top / "bin"
        stand_in.mkdir()
        (stand_in / "ssh").symlink_to(shutil.which("true"))
        for command in (("apply", "-auto-approve"), ("ssh-config",)):
            done = project.infra(*command, timeout=300)
            if done.code != 0:
                sys.exit(str(done))
        host = json.loads(project.infra("hosts", "-json").out)["hosts"][0]["id"]
        main = project.folder / ".infra/sandbox.hosts/ssh_main"
        infra, direct = [str(args.build / "infra"), "ssh", "0", "--", "true"], ["ssh", "-F", str(main), host, "true"]
        short = {**project.env, "PATH": f"{stand_in}:{project.env['PATH']}"}
        rows = []
        for what, ours, theirs, env, runs in (("until ssh starts", infra, ["ssh"], short, 20 * args.runs), ("a command on the jump host", infra, direct, project.env, 4 * args.runs)):
            times = ([], [])
            for _ in range(runs):  # in turns, so that what else the machine does hits both
                for command, list_ in zip((ours, theirs), times):
                    result = project.top / "measured"
                    subprocess.run([args.build / "tests/bench/measure", result, *command], cwd=project.folder, env=env, check=True, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL)
                    list_.append(Run(*map(float, result.read_text(encoding="utf-8").split()[:3]), 0, {}))
            (with_, *_), (without, *_) = map(median, times)
            rows.append([what, runs, shown(with_.wall), shown(without.wall), f"{(with_.wall - without.wall) * 1000:.1f} ms", f"{(with_.cpu - without.cpu) * 1000:.1f} ms"])
        table("infra ssh beside ssh", ["what", "runs", "infra ssh", "ssh", "added", "processor"], rows)


def family(pid):
    """Processor seconds and bytes (PSS) of a process's children and theirs."""
    import sandbox
    cpu = memory = 0
    for child in sandbox.processes(pid):
        try:
            fields = Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()
            pss = next(line for line in Path(f"/proc/{child}/smaps_rollup").read_text().splitlines() if line.startswith("Pss:"))
        except (OSError, StopIteration):
            continue
        cpu += sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
        memory += int(pss.split()[1]) * 1024
    return cpu, memory


def bench_hosts():
    """Real hosts of the sandbox cloud, many at once: until all answer by ssh, and until nothing of them is left."""
    sys.path.insert(0, str(ROOT / "tests/tools"))
    os.environ.setdefault("INFRA", str(args.build / "infra"))
    from concurrent.futures import ThreadPoolExecutor
    import sandbox
    rows = []
    for count in (2, 10, 50):
        ready, gone, down = [], [], []
        for _ in range(args.runs):
            with sandbox.Sandbox("-hosts=on") as cloud:
                status = cloud.command("status").out
                if "no hosts behind them" in status:
                    print("\nhosts are not measured: " + " ".join(status.split("behind them: ")[-1].split()))
                    return
                begun = time.monotonic()
                made, addresses = sandbox.start_hosts(cloud, count)
                with ThreadPoolExecutor(count) as pool:
                    if not all(pool.map(lambda address, world=cloud: sandbox.banner(world, address), addresses)):
                        sys.exit("a host does not answer")
                ready.append(time.monotonic() - begun)
                cpu, memory = family(cloud.process.pid)
                begun = time.monotonic()
                cloud.client("ec2").terminate_instances(InstanceIds=made[:count // 2])
                sandbox.until(lambda: not any((Path(cloud.dir) / "hosts" / i).exists() for i in made[:count // 2]), 60)
                gone.append(time.monotonic() - begun)
                pids = sandbox.processes(cloud.process.pid)
                begun = time.monotonic()
                cloud.command("down")
                sandbox.until(lambda: not any(map(sandbox.alive, pids)), 60)
                down.append(time.monotonic() - begun)
        rows.append([count, *(f"{shown(statistics.median(t))} ({shown(min(t))} to {shown(max(t))})" for t in (ready, gone, down)), shown(cpu), mb(memory / count)])
    table("Hosts of the sandbox cloud", ["hosts", "until all answer", "until the first half is gone", "down", "processor", "memory, each"], rows)


BENCHES = {"start": bench_start, "groups": bench_groups, "data": bench_data, "shapes": bench_shapes, "ops": bench_ops, "sandbox": bench_sandbox, "ssh": bench_ssh, "hosts": bench_hosts}


def main():
    global args
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="; ".join(f"{k}: {f.__doc__}" for k, f in BENCHES.items()))
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--latency", type=int, default=0, metavar="MS", help="of the local server's answers")
    parser.add_argument("--shape", default="", metavar="TEXT", help="of `shapes`, those whose name contains it")
    parser.add_argument("--read", default="", metavar="TEXT", help="of `sandbox`, those whose name contains it")
    parser.add_argument("--seconds", type=float, default=2, help="of `sandbox`, how long each read is repeated")
    parser.add_argument("--alone", action="store_true", help="leave Terraform out")
    parser.add_argument("--long", action="store_true", help="also Terraform's runs of many minutes")
    args = parser.parse_args()
    args.build = args.build.resolve()
    unknown = set(args.names) - set(BENCHES)
    if unknown:
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(BENCHES)}")
    load = os.getloadavg()[0]
    print(f"{os.cpu_count()} processors, load {load:.1f} before; times are medians, memory is the largest process's peak")
    for name in args.names or BENCHES:
        BENCHES[name]()
    print(f"\nload {os.getloadavg()[0]:.1f} after")


if __name__ == "__main__":
    main()
