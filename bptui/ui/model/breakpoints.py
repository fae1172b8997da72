"""The breakpoints of the screen: the list, what became of each, and the debuggee that is told of every change."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.text import Text

from bptui.commands.breakpoints import CHECKS, BadBreakpoint, BreakpointList, said
from bptui.commands.parse import NotUnderstood
from bptui.protocol.breakpoint import Breakpoint, BreakpointState
from bptui.protocol.messages import SetBreakpoints
from bptui.render.lists.breakpoints import Listed, Ready
from bptui.render.text.fit import piece

AskDebuggee = Callable[[SetBreakpoints, bool], None]
"""Asks the debuggee; whether its refusal need not be said."""


class BreakpointModel:
    """Tells the debuggee after each change, and `changed` whoever shows them."""

    def __init__(self, tell: AskDebuggee, say: Callable[[Text], None], changed: Callable[[], None]) -> None:
        self._tell, self._say, self._changed = tell, say, changed
        self._points = BreakpointList()
        self._states: dict[int, BreakpointState] = {}

    @property
    def listed(self) -> tuple[Listed, ...]:
        """The breakpoints, each with what became of it."""
        return tuple(Listed(each, said(each), self._states.get(each.number)) for each in self._points.breakpoints)

    @property
    def ready(self) -> tuple[Ready, ...]:
        """The ready-made checks that are not in the list."""
        taken = {each.check for each in self._points.breakpoints}
        return tuple(Ready(name, help) for name, help in CHECKS.items() if name not in taken)

    def open(self, path: str) -> None:
        """That script begins, perhaps once more: the new debuggee does not know of any yet."""
        self._points.open(path)
        self._states.clear()
        if self._points.breakpoints:
            self.ask(quietly=True)
        self._changed()

    def ask(self, quietly: bool = False) -> None:
        """Tell the debuggee which there are; it answers what became of each, and how often it was met."""
        self._tell(SetBreakpoints(self._points.breakpoints), quietly)

    def hear(self, states: Sequence[BreakpointState]) -> None:
        """What became of each."""
        self._states = {each.number: each for each in states}
        self._changed()

    def type(self, text: str) -> None:
        """`break …` was typed."""
        point = self.add(text)
        self._say(piece(f"breakpoint {point.number}: {said(point)}"))

    def add(self, text: str) -> Breakpoint:
        """One more.

        Raises:
            NotUnderstood: it is none.
        """
        return self._read(lambda: self._points.add(text))

    def edit(self, number: int, text: str) -> Breakpoint:
        """It is another one now.

        Raises:
            NotUnderstood: that is none.
        """
        self._states.pop(number, None)
        return self._read(lambda: self._points.edit(number, text))

    def _read(self, change: Callable[[], Breakpoint]) -> Breakpoint:
        try:
            point = change()
        except BadBreakpoint as error:
            raise NotUnderstood(*error.args) from None
        self._told_of()
        return point

    def switch(self, number: int) -> None:
        """Off, or on again."""
        on = next(each.enabled for each in self._points.breakpoints if each.number == number)
        self._points.switch(number, not on)
        self._told_of()

    def remove(self, number: int) -> None:
        """It is gone."""
        self._points.remove(number)
        self._states.pop(number, None)
        self._told_of()

    def toggle_line(self, line: int) -> None:
        """A breakpoint at that line of the source, or none any more."""
        there = [each for each in self._points.breakpoints if each.line == line]
        for each in there:
            self.remove(each.number)
        if there:
            self._say(piece(f"no breakpoint at line {line} any more"))
        else:
            self.type(f"line {line}")

    def _told_of(self) -> None:
        self.ask()
        self._changed()
