# SPDX-License-Identifier: Apache-2.0
"""A folder of plan files of a test's own, and the program run in it. No cloud."""
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from e2e import INFRA, environment, run


class Folder:
    def __init__(self, **files):
        self.path = Path(tempfile.mkdtemp(prefix="infra-plan-"))
        self.home = self.path / "home"
        self.folder = self.path / "project"
        self.home.mkdir()
        self.folder.mkdir()
        self.env = environment("http://127.0.0.1:9", HOME=str(self.home), XDG_CONFIG_HOME=str(self.home / ".config"))
        self.seen = ""
        self.write(**files)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)

    def write(self, config=None, **files):
        """`config` is main.tf; other files by their names with the dot as two underscores."""
        if config is not None:
            files["main__tf"] = config
        for name, text in files.items():
            path = self.folder / name.replace("__", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    def infra(self, *args, **options):
        """Runs a command; what it printed is remembered for leaks()."""
        result = run([INFRA, *args], self.env, self.folder, **options)
        self.seen += result.out + result.err
        return result

    def apply(self, *args):
        return self.infra("apply", "-auto-approve", *args)

    def is_empty(self, *args):
        """Whether a plan finds nothing to do."""
        return self.infra("plan", "-detailed-exitcode", *args).code == 0

    def value(self, expression):
        """A value as the console sees it; sensitive ones without their mark, past the record of what was seen."""
        text = f"nonsensitive(jsonencode({expression}))\n"
        done = subprocess.run([INFRA, "console"], env=self.env, cwd=self.folder, input=text, text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for line in done.stdout.splitlines():
            if line.startswith('"'):
                return json.loads(json.loads(line))
        raise RuntimeError(f"{expression}: {done.stdout}{done.stderr}")

    def leaks(self, secret):
        """Where a secret stands in clear: "output", or the names of files of the state's folder."""
        places = ["output"] if secret in self.seen else []
        for path in sorted((self.folder / ".infra").rglob("*")):
            if path.is_file() and secret.encode() in path.read_bytes():
                places.append(path.name)
        return places


ACTION = re.compile(r"^ *# (\S+(?: \(deposed object \w+\))?) (will be [^()\n]*|must be [^()\n]*|is tainted[^()\n]*|has moved to \S+|"
                    r"will no longer be [^()\n]*)$", re.M)


def actions(text):
    """What a printed plan does: {address: "created", "updated in-place", "replaced", "destroyed", ...}."""
    found = {}
    for address, what in ACTION.findall(text):
        what = re.sub(r"^(will be|must be) ", "", what.strip())
        found[address] = "replaced" if "replaced" in what else what
    return found
