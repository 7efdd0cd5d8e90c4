#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Attributes that cost requests of their own are read only where something looks at them: and then truly."""
import json
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))
import e2e  # noqa: E402
from tap import Tap, skip_all  # noqa: E402

VPC = 'provider "aws" {}\nresource "aws_vpc" "v" {\n  cidr_block = "10.0.0.0/16"\n}\n'
OUTPUT = 'output "table" {\n  value = aws_vpc.v.main_route_table_id\n}\n'
EDGE = 'resource "terraform_data" "t" {\n  input = aws_vpc.v.main_route_table_id\n}\n'

tap = Tap()


def main(cloud, folder):
    home = Path(folder, "home")
    home.mkdir()
    env = cloud.environment(HOME=str(home), XDG_CONFIG_HOME=str(home))

    def infra(*args):
        return e2e.run([e2e.INFRA, *args], env, folder)

    def write(text):
        Path(folder, "main.tf").write_text(text, encoding="utf-8")

    write(VPC)
    done = infra("apply", "-auto-approve")
    tap.ok(done.code == 0, "a VPC is made", done)
    shown = infra("state", "show", "aws_vpc.v")
    tap.ok("main_route_table_id                  = (not read yet)" in shown.out, "the state says what nobody asked for", shown)
    values = json.loads(infra("show", "-json").out)["values"]["root_module"]["resources"][0]["values"]
    tap.ok(values["main_route_table_id"] is None, "and gives no value for it", values)

    tables = [table["RouteTableId"] for table in cloud.all("ec2", "describe_route_tables", "RouteTables")
              if table["VpcId"] == values["id"]]
    tap.ok(len(tables) == 1, "the server has one", tables)
    write(VPC + OUTPUT)
    for how in ([], ["-refresh=false"], ["-minimal-refresh"]):
        done = infra("plan", *how)
        tap.ok(f'+ table = "{tables[0]}"' in done.out, f"an output shows it: plan {' '.join(how)}", done)
        tap.ok("outside of infra" not in done.out, "which is not called a change", done)
    write(VPC + EDGE)
    done = infra("plan", "-refresh=false", "-target=terraform_data.t", "-out=plan.out")
    tap.ok(f'+ input  = "{tables[0]}"' in done.out, "so does a resource made from it", done)
    done = infra("apply", "plan.out")
    tap.ok(done.code == 0, "its saved plan is applied", done)
    done = infra("plan", "-refresh=false", "-detailed-exitcode")
    tap.ok(done.code == 0 and "Refreshing" not in done.out, "what was read once is in the state", done)
    done = infra("destroy", "-auto-approve")
    tap.ok(done.code == 0, "all is destroyed", done)


missing = e2e.missing("plan", "apply", "destroy")
if missing:
    skip_all(missing)
with e2e.cloud() as cloud_, tempfile.TemporaryDirectory() as parent:
    main(cloud_, parent)
    e2e.nothing_unknown(tap, cloud_)
tap.done()
