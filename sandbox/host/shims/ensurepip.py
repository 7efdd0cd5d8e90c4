# SPDX-License-Identifier: Apache-2.0
"""In the place of ensurepip: the pip of a new environment is the sandbox's shim."""
import os
import sys
import sysconfig

MODULE = "import os, sys\nos.execv(os.path.join(sys.prefix, 'bin', 'pip'), [os.path.join(sys.prefix, 'bin', 'pip'), *sys.argv[1:]])\n"


def bootstrap(**_):
    for name in ("pip", "pip3"):
        path = os.path.join(sys.prefix, "bin", name)
        if not os.path.lexists(path):
            os.symlink("/run/sandbox/shims/pip.sh", path)
    module = os.path.join(sysconfig.get_path("purelib"), "pip")
    os.makedirs(module, exist_ok=True)
    for name, text in (("__init__.py", ""), ("__main__.py", MODULE)):
        with open(os.path.join(module, name), "w", encoding="utf-8") as file:
            file.write(text)


def version():
    return "0"


def _main(_argv=None):
    bootstrap()


if __name__ == "__main__":
    _main()
