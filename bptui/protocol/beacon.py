"""Where the debuggee is, in memory that outlives it: what it was doing can still be said when it was killed.

The debuggee writes before each block (well under a microsecond), the debugger reads after a death. Both map one
nameless file.
"""

from __future__ import annotations

import mmap
import os
import struct
from dataclasses import dataclass

from bptui.protocol.files import nameless_file
from bptui.protocol.phase import Phase

_PLACE = struct.Struct("<iI")
_REPORTED = struct.Struct("<QQ")
_LIVING = struct.Struct("<i")
_SIZE = 64
_IDLE, _OUTSIDE, _FIRST_PHASE = 0, 1, 2
_PHASES = tuple(Phase)


@dataclass(frozen=True)
class Location:
    """What the debuggee was doing."""

    running: bool
    """Whether lines of the script ran; False between two steps."""
    phase: Phase | None
    """The phase that ran; None outside the loop."""
    line: int
    """The first line of what ran; 0 where that is not known."""

    def __str__(self) -> str:
        if not self.running:
            return "between two steps"
        where = f"during {self.phase}" if self.phase else "outside the loop"
        return f"{where}, line {self.line}" if self.line else where


class Beacon:
    """The shared memory, as either process sees it."""

    def __init__(self, file: int) -> None:
        """Over the file descriptor of a file made by `beacon_file`."""
        self._memory = mmap.mmap(file, _SIZE)

    def running(self, phase: Phase | None, line: int) -> None:
        """Say that this phase is about to run at this line; None for the script's lines outside the loop."""
        code = _FIRST_PHASE + _PHASES.index(phase) if phase is not None else _OUTSIDE
        _PLACE.pack_into(self._memory, 0, code, line)

    def idle(self) -> None:
        """Say that nothing runs."""
        _PLACE.pack_into(self._memory, 0, _IDLE, 0)

    def report(self, stdout: int, stderr: int) -> None:
        """Say how many bytes of the script's output were sent to the debugger."""
        _REPORTED.pack_into(self._memory, _PLACE.size, stdout, stderr)

    @property
    def living(self) -> int:
        """The process in which the script lives; 0 before there is one."""
        return int(_LIVING.unpack_from(self._memory, _PLACE.size + _REPORTED.size)[0])

    @living.setter
    def living(self, process: int) -> None:
        _LIVING.pack_into(self._memory, _PLACE.size + _REPORTED.size, process)

    @property
    def place(self) -> Location:
        code, line = _PLACE.unpack_from(self._memory, 0)
        return Location(code != _IDLE, _PHASES[code - _FIRST_PHASE] if code >= _FIRST_PHASE else None, line)

    @property
    def reported(self) -> tuple[int, int]:
        """How many bytes of stdout and of stderr were sent to the debugger."""
        stdout, stderr = _REPORTED.unpack_from(self._memory, _PLACE.size)
        return stdout, stderr


def beacon_file() -> int:
    """A file descriptor of a new beacon: idle, nothing reported."""
    file = nameless_file()
    os.truncate(file, _SIZE)
    return file
