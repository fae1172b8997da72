"""What Python does when an exception, a jump or a return leaves `with` and `try` statements."""

from __future__ import annotations

import contextlib
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from bptui.engine.compiler import instructions as C
from bptui.engine.interpreter.frames import Frame
from bptui.engine.interpreter.own import is_own, is_own_type
from bptui.engine.interpreter.pieces import CompiledPiece


class Finally(AbstractContextManager[None]):
    """A `finally`, as the context manager that it is: it runs its suite on leaving."""

    def __init__(self, suite: CompiledPiece) -> None:
        self._suite = suite

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._suite()


@dataclass(eq=False)
class Catcher:
    """A `try` or `with` that may deal with an exception."""

    frame: int
    """The number of its frame, from 0."""
    depth: int
    """How many of the frame's contexts are around it: the others are left first."""
    handler: C.Label | None
    """The except clauses that match; None for a context that may suppress it."""


def catcher_of(frames: list[Frame], error: BaseException) -> Catcher | None:
    """The innermost `try` or `with` that may deal with the exception. Leaves nothing yet."""
    for number in range(len(frames) - 1, -1, -1):
        frame = frames[number]
        for depth in range(len(frame.contexts), -1, -1):
            for start, end, handler in frame.code.regions:
                if start.pc <= frame.pc < end.pc and handler.depth == depth and _matches(frame, handler, error):
                    return Catcher(number, depth, handler)
            if depth and _may_suppress(frame.contexts[depth - 1].manager):
                return Catcher(number, depth - 1, None)
    return None


def _matches(frame: Frame, handler: C.Label, error: BaseException) -> bool:
    instruction = frame.code.instructions[handler.pc]
    assert isinstance(instruction, C.Handle)
    return bool(frame.pieces[instruction.matches](error))


def _may_suppress(manager: AbstractContextManager[Any]) -> bool:
    """Whether a context may swallow an exception: one made for it, or one that the script itself defines."""
    if isinstance(manager, contextlib.suppress) or is_own_type(type(manager)):
        return True
    function = getattr(manager, "func", None)  # of one made by `contextlib.contextmanager`
    return is_own(getattr(function, "__module__", None) or "")


def go_to(frame: Frame, label: C.Label) -> None:
    """Continue at a label, leaving the contexts that are not entered there."""
    if len(frame.contexts) > label.depth:
        leave(frame, label.depth, None)
    frame.pc = label.pc


def leave(frame: Frame, depth: int, error: BaseException | None) -> C.Label | None:
    """Leave the frame's contexts down to that depth, innermost first. `error`: what leaves them; None for a jump.

    Returns where to continue if one of them suppressed the exception; the contexts around it stay entered.
    """
    while len(frame.contexts) > depth:
        entered = frame.contexts.pop()
        kind, traceback = (type(error), error.__traceback__) if error is not None else (None, None)
        if entered.manager.__exit__(kind, error, traceback) and error is not None:
            return entered.after
    return None
