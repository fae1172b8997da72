"""What the script started, also where that leads a session of its own: found by a mark in its environment.

A kill of the process group reaches all that the script started but what called `setsid`. Where there is no `/proc`
(macOS), that is all that can be done.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import signal
from pathlib import Path

NAME = "BPTUI_DEBUGGEE"
"""The variable that every process of one debuggee inherits."""
ROUNDS = 10
"""So often it is looked for more: what is being killed may just have started another one."""


def new_mark() -> str:
    """A mark for one debuggee."""
    return secrets.token_hex(16)


def marked(mark: str) -> list[int]:
    """The processes that have that mark."""
    wanted, found = f"{NAME}={mark}".encode(), []
    for each in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile, or is another user's
            if wanted in (each / "environ").read_bytes().split(b"\0"):
                found.append(int(each.name))
    return found


def kill_marked(mark: str) -> None:
    """Kill them all."""
    for _ in range(ROUNDS):
        pids = marked(mark)
        for pid in pids:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if not pids:
            return
