# SPDX-License-Identifier: Apache-2.0
"""Servers that tests start must not outlive them, however the tests end."""
import ctypes
import os
import signal
import sys
import threading

PR_SET_PDEATHSIG = 1


def end_with_parent():
    """Ask the kernel for SIGTERM when the thread that started us ends, and make SIGTERM end us at once."""
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: os._exit(0))
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:  # it ended before the call above
        sys.exit(0)


def end_with_stdin():
    """End when standard input is closed: for a server whose starter is a thread, or further away than one fork."""
    def watch():
        try:
            while os.read(0, 4096):
                pass
        except OSError:
            pass
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def announce(port, port_file=None):
    """Print the port, and write it to a file that appears complete or not at all."""
    if port_file:
        with open(port_file + ".new", "w", encoding="ascii") as file:
            file.write(f"{port}\n")
        os.rename(port_file + ".new", port_file)
    print(port, flush=True)


def end_with_parent_exec(command):
    """Become another program that gets SIGTERM when the process that started us ends."""
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(0)
    os.execv(command[0], command)
