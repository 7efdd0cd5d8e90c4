#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Format every NAME.in here with the real Terraform: NAME.out, or NAME.err where it refuses.

    tests/fmt/collect.py

NAME.in is written by hand; NAME.out is what `terraform fmt -` makes of it, byte for byte, and
NAME.err the summary and place of the first error. That the formatter leaves its own result
alone is checked here as well; where Terraform's does not, NAME.again holds the second result.
"""
import glob
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def fmt(data):
    env = dict(os.environ, CHECKPOINT_DISABLE="1", TF_CLI_CONFIG_FILE=os.devnull)
    p = subprocess.run(["terraform", "fmt", "-no-color", "-"], env=env, input=data,
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return p.returncode, p.stdout, p.stderr.decode()


def write(name, data):
    with open(name, "wb") as f:
        f.write(data)


def main():
    for old in glob.glob(os.path.join(HERE, "*.out")) + glob.glob(os.path.join(HERE, "*.err")) \
            + glob.glob(os.path.join(HERE, "*.again")):
        os.unlink(old)
    names = sorted(glob.glob(os.path.join(HERE, "*.in")))
    for path in names:
        base = path[:-3]
        status, out, err = fmt(open(path, "rb").read())
        if status:
            summary = re.search(r"^Error: (.*)$", err, re.M).group(1)
            line = re.search(r"line (\d+)", err)
            write(base + ".err", ("%s: %s\n" % (line.group(1) if line else "-", summary)).encode())
            continue
        write(base + ".out", out)
        again = fmt(out)[1]
        if again != out:
            write(base + ".again", again)
            print(os.path.basename(base) + ": the second pass changes it again")
    print("%d inputs" % len(names))


if __name__ == "__main__":
    sys.exit(main())
