"""The breakpoints of the session that runs the lecture by itself: phases, lines and conditions."""

from __future__ import annotations

from bptui.protocol.breakpoint import Breakpoint, BreakpointState
from tests.ui.fakes.fake_lecture import PHASES, Lecture
from tests.ui.fakes.fake_typed import Typed
from tests.ui.fakes.stops import PROGRAM


class Stops:
    """What there is to stop at, and how often it was met."""

    def __init__(self, typed: Typed) -> None:
        self._typed = typed
        self._points: tuple[Breakpoint, ...] = ()
        self._met: dict[int, int] = {}

    def set(self, points: tuple[Breakpoint, ...]) -> tuple[BreakpointState, ...]:
        """They are these now."""
        self._points = points
        return tuple(self._state(each) for each in points)

    def _state(self, point: Breakpoint) -> BreakpointState:
        covered = [each.line for each in PROGRAM.blocks if point.line in each.lines]
        if point.line is not None and not covered:
            return BreakpointState(point.number, False, f"no phase runs line {point.line}", 0)
        moved = point.line is not None and point.line != covered[0]
        said = f"before its block, at line {covered[0]}" if moved else ""
        return BreakpointState(point.number, True, said, self._met.get(point.number, 0))

    def met(self, lecture: Lecture) -> str:
        """The breakpoint that is met before what comes next, in words."""
        if lecture.ended:
            return ""
        block = PROGRAM.blocks[lecture.cursor]
        for point in self._points:
            here = point.enabled and not point.data and not point.check
            here = here and point.phase in (None, PHASES[lecture.cursor]) and point.line in (None, *block.lines)
            if here and point.condition:
                here = self._typed.evaluate(f"bool({point.condition})", lecture)[0] == "True"
            if here:
                self._met[point.number] = self._met.get(point.number, 0) + 1
                return f"breakpoint {point.number}: {point.condition or block.phase}"
        return ""
