#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Ask the real Terraform what it makes of every expression in console/*.txt, and write it there.

    tests/lang/collect.py [FILE...]     (all of console/*.txt without arguments)

A golden file is a list of entries, each line marked by its first characters:

    # a comment
    > the expression
    . its further lines, if any
    = one line of what `terraform console` prints
    ! the summary of an error (or `~ ` of a warning)
    !@ its place in the expression: line:column-line:column, the end one past the last character
    !: its detail, in one line

A new entry needs its `>` and `.` lines alone; the rest of it is replaced here. The console takes
one line, so an expression of several lines is evaluated as a local value. It also wraps details
to its width, so errors are asked again from `terraform plan -json`, which does not and which
knows places; an error that only the console gives has no place. Where a function of Terraform
itself crashed, the detail ends in "panic in function implementation": any error will do there.
A literal carriage return or NUL has no business in these files.
"""
import concurrent.futures
import glob
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
CONTEXT = os.path.join(HERE, "console", "context")
HEAD = "  e%04d = "


def environment():
    env = {k: v for k, v in os.environ.items() if not k.startswith(("TF_", "AWS_"))}
    env.update(HOME="/home/user", CHECKPOINT_DISABLE="1", TF_CLI_CONFIG_FILE=os.devnull)
    return env


def run(argv, cwd, text=""):
    """Return (exit status, standard output, standard error)."""
    p = subprocess.run(argv, cwd=cwd, env=environment(), input=text.encode(),
                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return p.returncode, p.stdout.decode("utf-8", "replace"), p.stderr.decode("utf-8", "replace")


def version():
    return json.loads(run(["terraform", "version", "-json"], "/")[1])["terraform_version"]


def read(path):
    """Return (comment lines before the first entry, entries); an entry is [comments, lines]."""
    head, entries, comments = [], [], []
    for line in open(path, encoding="utf-8").read().split("\n"):
        if line.startswith("> "):
            entries.append([comments, [line[2:]]])
            comments = []
        elif line.startswith(". ") or line == ".":
            entries[-1][1].append(line[2:])
        elif line.startswith("#"):
            comments.append(line)
        elif line == "" and not entries and comments:
            head, comments = head + comments + [""], []
        elif line and not line.startswith(("=", "!", "~")):
            sys.exit("%s: cannot read the line %r" % (path, line))
    return [c for c in head if not c.startswith("# Terraform ")], entries


def squeeze(text):
    """One line; of a crash inside Terraform only that it was one."""
    text = re.sub(r"\s+", " ", text).strip()
    return re.sub(r"(panic in function implementation): .*", r"\1", text)


def console_diagnostics(text):
    """Parse the plain text form: [(severity, summary, detail)]."""
    out = []
    for part in re.split(r"\n(?=Error: |Warning: )", "\n" + text)[1:]:
        first, _, rest = part.partition("\n")
        severity, _, summary = first.partition(": ")
        blocks = [b for b in rest.split("\n\n") if b.strip()]
        while blocks and re.match(r"\n*  (on |with |│|├|\()", blocks[0]):
            blocks.pop(0)
        out.append((severity.lower(), summary, squeeze("\n\n".join(blocks))))
    return out


class Context:
    """A copy of the context's folder, in which an expression can be made a local value."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="console.")
        shutil.copytree(CONTEXT, self.dir, dirs_exist_ok=True)

    def close(self):
        shutil.rmtree(self.dir)


def evaluate(context, lines):
    """What the console prints for an expression: (text or None, diagnostics)."""
    text, extra = lines[0], os.path.join(context.dir, "e.tf")
    if len(lines) > 1:
        text = "local.e0000"
        with open(extra, "w", encoding="utf-8") as f:
            f.write("locals {\n" + HEAD % 0 + "\n".join(lines) + "\n}\n")
    status, out, err = run(["terraform", "console", "-no-color"], context.dir, text + "\n")
    if len(lines) > 1:
        os.unlink(extra)
    diagnostics = [d for d in console_diagnostics(err)
                   if not d[1].startswith("Due to the problems above")]
    if status or (diagnostics and len(lines) > 1):
        return None, diagnostics
    return out[:-1], diagnostics


def evaluate_all(jobs):
    """Two at a time, each in a folder of its own, since a console locks the state there."""
    def some(part):
        context = Context()
        done = [evaluate(context, lines) for lines in part]
        context.close()
        return done
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        halves = list(pool.map(some, [jobs[0::2], jobs[1::2]]))
    return [halves[n % 2][n // 2] for n in range(len(jobs))]


def places(failed):
    """Ask for the diagnostics of several expressions at once: {number: [(severity, ...)]}."""
    found = {}
    rest = dict(failed)
    while rest:
        context = Context()
        for n, lines in rest.items():
            with open(os.path.join(context.dir, "e%04d.tf" % n), "w", encoding="utf-8") as f:
                f.write("locals {\n" + HEAD % n + "\n".join(lines) + "\n}\n")
        out = run(["terraform", "plan", "-json", "-input=false"], context.dir)[1]
        context.close()
        seen = {}
        for line in out.splitlines():
            d = json.loads(line).get("diagnostic")
            m = d and re.match(r"e(\d{4})\.tf$", d.get("range", {}).get("filename", ""))
            if m:
                seen.setdefault(int(m.group(1)), []).append(d)
        # Errors of syntax and of references hide those of evaluation; go on without them.
        new = {n: ds for n, ds in seen.items() if n not in found}
        if not new:
            break
        found.update(new)
        rest = {n: lines for n, lines in rest.items() if n not in found}
    return found


def place(d, lines):
    """The range of a diagnostic within the expression, or "" where it goes past its end."""
    def one(p):
        line, column = p["line"] - 1, p["column"]
        return "%d:%d" % (line, column - len(HEAD % 0) if line == 1 else column)
    if d["range"]["end"]["line"] - 1 > len(lines):
        return ""
    return one(d["range"]["start"]) + "-" + one(d["range"]["end"])


def collect(paths):
    files = [(p,) + read(p) for p in paths]
    jobs = [lines for _, _, entries in files for _, lines in entries]
    results = evaluate_all(jobs)
    failed = {n: jobs[n] for n, (_, ds) in enumerate(results) if ds}
    exact = places(failed)
    n = 0
    terraform = version()
    for path, head, entries in files:
        out = ["# Terraform %s made the results of this file (../collect.py)." % terraform] + head
        if not head:
            out.append("")
        for comments, lines in entries:
            text, diagnostics = results[n]
            out += comments + ["> " + lines[0]] + [". " + x if x else "." for x in lines[1:]]
            if text is not None:
                out += ["= " + x if x else "=" for x in text.split("\n")]
            spare = list(exact.get(n, []))
            for severity, summary, detail in diagnostics:
                mark = "!" if severity == "error" else "~"
                match = [d for d in spare if d["severity"] == severity and d["summary"] == summary
                         and squeeze(d.get("detail", "")) == detail]
                out.append(mark + " " + summary)
                if match:
                    spare.remove(match[0])
                    if place(match[0], lines):
                        out.append(mark + "@ " + place(match[0], lines))
                out.append((mark + ": " + detail).rstrip())
            out.append("")
            n += 1
        with open(path, "w", encoding="utf-8") as f:
            f.write("\n".join(out))
    print("%d expressions, %d of them with errors, by Terraform %s" % (n, len(failed), terraform))


if __name__ == "__main__":
    collect(sys.argv[1:] or sorted(glob.glob(os.path.join(HERE, "console", "*.txt"))))
