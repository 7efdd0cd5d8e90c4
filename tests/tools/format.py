#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Holds the layout of the sources against the rules, and shows what clang-format would do to lines that changed.

    format.py [--since COMMIT]

The rules, for all C files: the licence's line first; `#pragma once` in headers; tabs for indentation; no space at the
end of a line; one newline at the end of a file; no line wider than 160 columns, texts left out (100 is what to aim at;
tables may be wider). Exit code 1 where one of them is broken.

clang-format only advises, and only on lines that differ from COMMIT (origin/main unless told), because no setting of
it leaves our tables, initialisers and comments behind lines as their authors have laid them out.
"""
import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WIDEST = 160
TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')


def git(*args):
    return subprocess.run(["git", *args], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def complaints(name, text):
    lines = text.split("\n")
    if "SPDX-License-Identifier: Apache-2.0" not in lines[0]:
        yield 1, "the first line does not name the licence"
    if name.endswith(".h") and "#pragma once" not in lines:
        yield 1, "a header without #pragma once"
    if not text.endswith("\n") or text.endswith("\n\n"):
        yield len(lines), "a file ends with one newline"
    for number, line in enumerate(lines, 1):
        if line != line.rstrip():
            yield number, "space at the end of the line"
        if re.match(r"\t* +[^ *\t]", line) and line.startswith(" "):
            yield number, "indented with spaces"
        if len(TEXT.sub('""', line).expandtabs(8)) > WIDEST:
            yield number, f"wider than {WIDEST} columns"


def advice(names, since):
    """What clang-format would change in lines that are not in that commit."""
    for name in names:
        changed = re.findall(r"^@@ -\S+ \+(\d+)(?:,(\d+))? @@", git("diff", "-U0", since, "--", name), re.M)
        spans = [(int(start), int(start) + int(count or 1) - 1) for start, count in changed if count != "0"]
        if not spans:
            continue
        path = ROOT / name
        options = [f"--lines={first}:{last}" for first, last in spans]
        wanted = subprocess.run(["clang-format", *options, str(path)], capture_output=True, text=True, check=True).stdout
        if wanted != path.read_text(encoding="utf-8"):
            shown = subprocess.run(["diff", "-u", f"--label={name}", "--label=clang-format", str(path), "-"], input=wanted,
                                   capture_output=True, text=True, check=False).stdout
            print(shown, end="")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--since", default="origin/main")
    args = parser.parse_args()
    names = [n for n in git("ls-files", "*.c", "*.h").splitlines() if (ROOT / n).is_file()]
    broken = [(name, *c) for name in names for c in complaints(name, (ROOT / name).read_text(encoding="utf-8"))]
    for name, number, what in broken:
        print(f"{name}:{number}: {what}")
    known = subprocess.run(["git", "rev-parse", "-q", "--verify", args.since + "^{commit}"], cwd=ROOT, capture_output=True, check=False)
    if shutil.which("clang-format") and known.returncode == 0:
        advice(names, args.since)
    print(f"{len(names)} files, {len(broken)} complaints")
    sys.exit(bool(broken))


if __name__ == "__main__":
    main()
