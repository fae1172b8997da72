"""Records what the engine says of the lecture, for tests that show it without torch.

    python -m tests.ui.recordings.record

writes the recordings beside this file anew. `test_recordings.py` says when that is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from bptui.protocol.phase import Goal
from bptui.protocol.replies import Opened, Reply
from bptui.protocol.requests import Ask, Next, Run, SetZeroing
from bptui.trace.timeline import Timeline
from tests.engine_session import EngineSession

HERE = Path(__file__).parent
RECORDINGS: dict[str, Sequence[Ask]] = {
    "lecture": (*[Next()] * 12, Run(Goal.END)),
    "accumulating": (*[Next()] * 7, SetZeroing(False), *[Next()] * 3),
}
"""What is asked for, one after the other, in which recording."""
PATH = "lessons/linear.py"
"""Where the recorded script lies, the same on every machine."""


class _Portable(Timeline):
    """A timeline that does not tell where on this machine the script lies."""

    def hear(self, reply: Reply) -> None:
        if isinstance(reply.payload, Opened):
            reply = replace(reply, payload=replace(reply.payload, program=replace(reply.payload.program, path=PATH)))
        super().hear(reply)


def recording(name: str, folder: Path = HERE) -> Path:
    """The file of that recording."""
    return folder / f"{name}.bptrace"


def record(name: str, folder: Path = HERE) -> Path:
    """Make it, in a folder in which there is none of that name."""
    session = EngineSession(timeline=_Portable.create(recording(name, folder)))
    session.start(lambda _: None)
    for ask in RECORDINGS[name]:
        session.send(ask)
    session.close()
    return recording(name, folder)


if __name__ == "__main__":
    for each in RECORDINGS:
        recording(each).unlink(missing_ok=True)
        print(record(each))
