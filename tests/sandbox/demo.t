#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The demonstration: a whole life of the MSLS example in the sandbox cloud, with hosts, ssh and a monitor's page."""
import os
import shutil
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))
import e2e  # noqa: E402
from tap import Tap, skip_all  # noqa: E402

why = None if shutil.which("ssh-keygen") else "there is no ssh-keygen here"
if why:
    skip_all(why)
tap = Tap()
done = e2e.run(["sh", str(HERE.parent / "tools/demo.sh")], {**os.environ, "FULL": "1"}, HERE, timeout=240)
said = done.out
tap.ok(done.code == 0, "it ends well", done)
tap.ok("Apply complete! Resources: 43 added, 0 changed, 0 destroyed." in said, "everything is made")
hosts = "there are no hosts to enter here" not in said
tap.ok(not hosts or "status: done" in said and "/efs/checkpoints" in said, "the worker has booted, with its file system; ssh comes through the jump host")
tap.ok(not hosts or "<title>Grafana" in said, "the monitor's page")
tap.ok("No changes. Your infrastructure matches the configuration." in said, "the second plan is empty")
tap.ok("Destroy complete! Resources: 43 destroyed." in said and "It is empty" in said, "nothing is left in the cloud")
tap.ok("this machine's network is as it was" in said, "nor on this machine")
tap.done()
