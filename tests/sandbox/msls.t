#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The MSLS example through its whole life in the sandbox cloud: the same life as tests/e2e/msls.t has with moto."""
import importlib.machinery
import importlib.util
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "tools"))
import e2e  # noqa: E402
import sandbox  # noqa: E402
from tap import skip_all  # noqa: E402

loader = importlib.machinery.SourceFileLoader("life", str(HERE.parent / "e2e" / "msls.t"))
life = importlib.util.module_from_spec(importlib.util.spec_from_loader("life", loader))
loader.exec_module(life)


class Asked:
    """The sandbox's own log in the place of the fault proxy's."""

    def __init__(self, cloud):
        self.cloud, self.after = cloud, 0

    def log(self):
        return [{"action": entry["operation"] or "?", **entry} for entry in self.cloud.log() if entry["n"] > self.after]

    def reset(self):
        self.after = max([self.after, *(entry["n"] for entry in self.cloud.log())])

    def stats(self):
        return {"requests": len(self.log())}


why = e2e.missing("plan", "apply", "show", "destroy", "output")
if why:
    skip_all(why)
with sandbox.Sandbox() as cloud_, e2e.Project("msls", cloud_, e2e.MSLS) as project_:
    life.tap.case(life.test_life, cloud_, Asked(cloud_), project_)
    refused = [entry for entry in cloud_.log("-status=5??") if entry["operation"] not in cloud_.refused]
    life.tap.ok(not refused, "nothing was asked that it does not know", *[json.dumps(entry) for entry in refused[:20]])
life.tap.done()
