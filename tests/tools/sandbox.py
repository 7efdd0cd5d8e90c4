# SPDX-License-Identifier: Apache-2.0
"""The sandbox cloud as a server for tests: a world of its own in a temporary folder, on a free port."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import e2e


class Sandbox(e2e.Cloud):
    """`infra sandbox up` for as long as the test runs; it ends with us even when we are killed."""

    def __init__(self, *options):
        self.dir = tempfile.mkdtemp(prefix="infra-sandbox-")
        self.options = options
        self.process = None
        self.refused = set()  # operations that we, not the program under test, asked for in vain
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, "-c", "import sys, os; sys.path.insert(0, sys.argv[1]); import lifetime; lifetime.end_with_parent_exec(sys.argv[2:])",
             str(e2e.TOOLS), e2e.INFRA, "sandbox", "up", "-foreground", f"-dir={self.dir}", *self.options],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if "http://" not in line:
            raise RuntimeError(f"the sandbox did not start: {line!r}, exit code {self.process.wait()}")
        self.identity = json.loads((Path(self.dir) / "world.json").read_text(encoding="utf-8"))
        self.port = self.identity["port"]
        self.endpoint = f"http://127.0.0.1:{self.port}"
        self.access_key, self.secret_key = self.identity["access_key_id"], self.identity["secret_access_key"]

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
        if self.process:
            self.process.wait()
            self.process.stdout.close()
        self.process = None

    def environment(self, **more):
        """Of a client: our endpoint and our keys."""
        return e2e.environment(self.endpoint, AWS_ACCESS_KEY_ID=self.access_key, AWS_SECRET_ACCESS_KEY=self.secret_key, **more)

    def all(self, service, operation, key, **args):
        """What it refuses to make is not there."""
        from botocore.exceptions import ClientError
        try:
            return super().all(service, operation, key, **args)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NotImplemented":
                raise
            self.refused.add(error.operation_name)
            return []

    def command(self, *args):
        """infra sandbox ARGS on this world."""
        return e2e.run([e2e.INFRA, "sandbox", args[0], f"-dir={self.dir}", *args[1:]], e2e.environment(""), self.dir)

    def log(self, *args):
        """What was asked of it."""
        return [json.loads(line) for line in self.command("log", "-json", "-n=100000", *args).out.splitlines()]

    def reset(self):
        done = self.command("reset")
        if done.code != 0:
            raise RuntimeError(str(done))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.dir, ignore_errors=True)
