"""The process that the debugger started: it forks the one in which the script lives, waits, and ends as that one ends.

It imports nothing of the script. Copies of the living process (see `run/forks.py`) may take its place; which one lives
stands in the beacon. What they leave behind comes to this process, which ends it.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import sys

from bptui.engine.checkpoint.fork import fork
from bptui.protocol.beacon import Beacon

PR_SET_CHILD_SUBREAPER = 36
"""From <linux/prctl.h>: orphans below this process become its children."""


def fork_living(beacon: Beacon, link_file: int) -> None:
    """Returns in the process in which the script is to live; the one that called waits for its end, and ends.

    Where that cannot be had (not Linux), the calling process is the living one.
    """
    if sys.platform != "linux" or not _adopt_orphans():
        beacon.living = os.getpid()
        return
    beacon.living = child = fork()
    if child == 0:
        beacon.living = os.getpid()
        return
    os.close(link_file)  # it ends with those who talk over it
    _end_as(_wait(beacon))


def _adopt_orphans() -> bool:
    try:
        return bool(ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)
    except (OSError, AttributeError):
        return False


def _wait(beacon: Beacon) -> int:
    """Bury what ends until it is the living one. Returns its wait status."""
    while True:
        child, status = os.waitpid(-1, 0)
        if child == beacon.living:
            return status


def _end_as(status: int) -> None:
    """Kill what is left, and end with that wait status."""
    with contextlib.suppress(ChildProcessError):
        while True:
            with open(f"/proc/self/task/{os.getpid()}/children", "rb") as file:
                for child in map(int, file.read().split()):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(child, signal.SIGKILL)
            os.waitpid(-1, 0)
    if os.WIFSIGNALED(status):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # the living one left its own
        number = os.WTERMSIG(status)
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
    os._exit(os.waitstatus_to_exitcode(status) if os.WIFEXITED(status) else 1)
