"""How the `try` and `with` statements of the script deal with an exception, as Python would let them."""

from __future__ import annotations

from typing import Any, NamedTuple

from bptui.engine.compiler import instructions as C
from bptui.engine.interpreter.frames import Frame
from bptui.engine.interpreter.stack import script_traceback
from bptui.engine.interpreter.unwind import Catcher, catcher_of, go_to, leave


class Raised(Exception):
    """The script's own code raised, and nothing in the script deals with it."""

    def __init__(self, error: BaseException, line: int) -> None:
        super().__init__(str(error))
        self.error = error
        self.line = line
        """The line of the statement that the machine was running."""


class Handled(NamedTuple):
    """How an exception was dealt with. The frame that did it is the innermost now."""

    clauses: C.Handle | None
    """The except clauses that ran; None where a context manager suppressed the exception."""
    result: Any
    """What the clauses returned, as every `CompiledPiece` does."""


def handle(frames: list[Frame], error: BaseException, line: int) -> Handled | None:
    """Let the statements around deal with an exception, innermost first. Takes the frames away that are left by it.

    None where nothing would deal with it. Then no frame and no context is left, unlike in Python, so that a person can
    look at the program where it raised.

    Raises:
        Raised: an except clause raised, and nothing around deals with that.
    """
    while (catcher := catcher_of(frames, error)) is not None:
        for frame in frames[catcher.frame + 1 :]:
            frame.leave_loops()
        del frames[catcher.frame + 1 :]
        handled = _handled_by(catcher, frames, error, line)
        if handled is not None:
            return handled
    return None


def _handled_by(catcher: Catcher, frames: list[Frame], error: BaseException, line: int) -> Handled | None:
    """What came of it in the innermost frame; None for a context that might have suppressed it, and did not."""
    frame = frames[-1]
    suppressing = leave(frame, catcher.depth, error)
    if suppressing is not None:
        go_to(frame, suppressing)
        return Handled(None, None)
    if catcher.handler is None:
        return None
    clauses = frame.code.instructions[catcher.handler.pc]
    assert isinstance(clauses, C.Handle)
    go_to(frame, catcher.handler)
    try:
        result = frame.pieces[clauses.piece](error)
    except BaseException as other:
        trace = script_traceback(other.__traceback__)
        if other is error and trace is not None:
            trace = trace.tb_next  # raised again: the script's handler lies in the frame that raised it first
        other.__traceback__ = trace
        handled = handle(frames, other, line)
        if handled is None:
            raise Raised(other, clauses.line) from other
        return handled
    return Handled(clauses, result)
