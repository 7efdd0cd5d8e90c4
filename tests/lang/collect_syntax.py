#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ask the real Terraform which of the files in syntax/*.txt it accepts, and write it there.

    tests/lang/collect_syntax.py [FILE...]     (all of syntax/*.txt without arguments)

A case is

    === what it shows
    --- source
    the file, to the last line break
    --- expect
    bad syntax
    error 1:9-1:10 Summary
      the detail, in one line

with `warning` for a warning, and `ok` where there is neither. `bad syntax` stands where already
the parser refuses the file, so that `terraform fmt` does, too. `--- source escaped` stands for
text that would not survive here as it is: its last line break does not count, and \\n, \\r, \\t,
\\\\ and \\xNN (a byte) are replaced. Lines and columns count from 1, columns in characters as the
reader sees them; the end is one past the last. Only the part before `--- expect` is written by
hand. The file stands as main.tf in a folder of its own and goes through `terraform validate`.
"""
import concurrent.futures
import glob
import json
import os
import re
import sys
import tempfile

from collect import HERE, run, squeeze, version


def read(path):
    """Return (comment lines, cases); a case is (name, flags, source lines)."""
    head, cases, part = [], [], None
    for line in open(path, encoding="utf-8", newline="\n").read().split("\n"):
        if line.startswith("=== "):
            cases.append([line[4:], None, []])
            part = "name"
        elif part is None:
            head.append(line)
        elif line in ("--- source", "--- source escaped"):
            cases[-1][1] = line
            part = "source"
        elif line == "--- expect":
            part = "expect"
        elif part == "source":
            cases[-1][2].append(line)
    for case in cases:
        while part != "expect" and case[2] and case[2][-1] == "":
            case[2].pop()
    return [c for c in head if c and not c.startswith("# Terraform ")], cases


def source(case):
    text = "\n".join(case[2]).encode()
    if case[1] == "--- source":
        return text + b"\n" if case[2] else b""
    plain = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"\\": b"\\"}
    return re.sub(rb"\\(x[0-9a-f]{2}|.)",
                  lambda m: plain.get(m.group(1)) or bytes([int(m.group(1)[1:], 16)]), text)


def judge(case):
    with tempfile.TemporaryDirectory(prefix="syntax.") as folder:
        with open(os.path.join(folder, "main.tf"), "wb") as f:
            f.write(source(case))
        answer = json.loads(run(["terraform", "validate", "-json"], folder)[1])
        parses = run(["terraform", "fmt", "-write=false", "-list=false", "main.tf"], folder)[0] == 0
    out = [] if parses else ["bad syntax"]
    for d in answer["diagnostics"]:
        place = ""
        if "range" in d:
            start, end = d["range"]["start"], d["range"]["end"]
            place = " %d:%d-%d:%d" % (start["line"], start["column"], end["line"], end["column"])
        summary = d["summary"]
        if summary.startswith("Cycle: "):   # its members come in any order
            summary = "Cycle: " + ", ".join(sorted(summary[7:].split(", ")))
        out.append(d["severity"] + place + " " + summary)
        if d.get("detail"):
            out.append("  " + squeeze(d["detail"]))
    return out or ["ok"]


def collect(paths):
    terraform = version()
    total = good = 0
    for path in paths:
        head, cases = read(path)
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            verdicts = list(pool.map(judge, cases))
        out = ["# Terraform %s gave the verdicts of this file (../collect_syntax.py)." % terraform]
        out += head
        for case, verdict in zip(cases, verdicts):
            out += ["", "=== " + case[0], case[1]] + case[2] + ["--- expect"] + verdict
            total += 1
            good += verdict == ["ok"]
        with open(path, "w", encoding="utf-8", newline="\n") as f:
            f.write("\n".join(out) + "\n")
    print("%d files, %d of them good, by Terraform %s" % (total, good, terraform))


if __name__ == "__main__":
    collect(sys.argv[1:] or sorted(glob.glob(os.path.join(HERE, "syntax", "*.txt"))))
