#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sums up which lines a run of the tests reached, from a tree built with --coverage: by folder, and the files with the
most lines that nothing reached."""
import collections
import json
import subprocess
import sys
from pathlib import Path

build = Path(sys.argv[1])
seen = collections.defaultdict(dict)  # file: {line: times}
for notes in sorted(build.rglob("*.gcno")):
    if (build / "tests") in notes.parents or (build / "gen") in notes.parents:
        continue
    source = notes.relative_to(build).with_suffix(".c")
    if not source.exists():
        continue
    done = subprocess.run(["gcov", "--json-format", "--stdout", str(notes)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    for document in done.stdout.decode().splitlines():
        for file in json.loads(document)["files"]:
            if file["file"] == str(source):
                for line in file["lines"]:
                    number = line["line_number"]
                    seen[source][number] = seen[source].get(number, 0) + line["count"]


def figures(files):
    lines = sum(len(seen[file]) for file in files)
    reached = sum(1 for file in files for count in seen[file].values() if count)
    return lines, reached, 100 * reached / lines if lines else 100


folders = collections.defaultdict(list)
for source in seen:
    folders["/".join(source.parts[:-1])].append(source)
print(f"{'lines':>8} {'reached':>8}")
for folder, files in sorted(folders.items()):
    print("{:8} {:7.1f}%  {}".format(figures(files)[0], figures(files)[2], folder))
print("{:8} {:7.1f}%  all".format(figures(seen)[0], figures(seen)[2]))
print("\nmost lines that no test reached:")
for source in sorted(seen, key=lambda file: figures([file])[1] - figures([file])[0])[:15]:
    lines, reached, percent = figures([source])
    print(f"{lines - reached:8} {percent:7.1f}%  {source}")
