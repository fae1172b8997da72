"""The breakpoints of a script and what became of each. Each change is told to the debuggee, and remembered.

A file that cannot be read or written is no reason to complain.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from platformdirs import user_state_path

from bptui.commands.breakpoints import CHECKS, BadBreakpoint, as_typed, parse
from bptui.commands.parse import NotUnderstood
from bptui.model.store import remember, remembered
from bptui.protocol.breakpoint import Breakpoint, BreakpointState
from bptui.protocol.phase import Phase
from bptui.protocol.requests import SetBreakpoints

SCRIPTS = 200
"""Of so many scripts the breakpoints are remembered; the one that was changed longest ago goes first."""
CHANGES = ("remove", "enable", "disable", "edit")
"""The words that change a breakpoint by its number."""


def breakpoints_file() -> Path:
    """Where they are: a JSON object, the breakpoints of each script by its path."""
    return user_state_path("bptui", appauthor=False) / "breakpoints.json"


@dataclass(frozen=True)
class Listed:
    """A breakpoint as a list shows it."""

    point: Breakpoint
    text: str
    """As a person types it."""
    state: BreakpointState | None
    """What became of it; None until the debuggee answers."""


@dataclass(frozen=True)
class Ready:
    """A ready-made check that can be taken into the list."""

    name: str
    help: str


class BreakpointModel:
    """The list, and the words that change it."""

    def __init__(
        self,
        ask: Callable[[SetBreakpoints, bool], None],
        say: Callable[[str], None],
        changed: Callable[[], None] = lambda: None,
        *,
        remembers: bool = True,
    ) -> None:
        """`ask` tells the debuggee; `True` where its refusal need not be said. `say` is told each change in words.

        `changed` is called whenever the list, or what became of a breakpoint, is another one. `remembers`: whether they
        are those of the last start, and are there again at the next.
        """
        self._ask, self._say, self._changed, self._remembers = ask, say, changed, remembers
        self.breakpoints: tuple[Breakpoint, ...] = ()
        """In the order in which they were added."""
        self.passed_over = 0
        """How many of earlier starts are not set, since this model does not remember."""
        self._script: str | None = None
        self._states: dict[int, BreakpointState] = {}

    @property
    def listed(self) -> tuple[Listed, ...]:
        """The breakpoints, each with what became of it."""
        return tuple(Listed(each, as_typed(each), self._states.get(each.number)) for each in self.breakpoints)

    @property
    def ready(self) -> tuple[Ready, ...]:
        """The ready-made checks that are not in the list."""
        taken = {each.check for each in self.breakpoints}
        return tuple(Ready(name, help) for name, help in CHECKS.items() if name not in taken)

    @property
    def enabled(self) -> bool:
        """Whether there is any that may stop a run."""
        return any(each.enabled for each in self.breakpoints)

    def open(self, path: str) -> None:
        """That script begins, perhaps once more: the new debuggee does not know of any breakpoint yet."""
        script = str(Path(path).resolve())
        if script != self._script:
            self._script = script
            before = tuple(_readable(remembered(breakpoints_file(), script)))
            self.passed_over = 0 if self._remembers else len(before)
            self.breakpoints = self.breakpoints or (before if self._remembers else ())
        self._states.clear()
        if self.breakpoints:
            self.ask(quietly=True)
        self._changed()

    def ask(self, quietly: bool = False) -> None:
        """Tell the debuggee which there are; it answers what became of each, and how often it was met."""
        self._ask(SetBreakpoints(self.breakpoints), quietly)

    def hear(self, states: Sequence[BreakpointState]) -> None:
        """What became of each."""
        self._states = {each.number: each for each in states}
        self._changed()

    def type(self, text: str) -> None:
        """`break …` was typed: a new one, or `remove`, `enable`, `disable` or `edit` with the number of one.

        Raises:
            NotUnderstood: it is neither.
        """
        word, _, rest = text.partition(" ")
        if word in CHANGES:
            self._change(word, rest.strip())
        else:
            point = self.add(text)
            self._say(f"breakpoint {point.number}: {as_typed(point)}")

    def _change(self, word: str, argument: str) -> None:
        name, _, text = argument.partition(" ")
        if not name:
            raise NotUnderstood("Which one?", f"break {word} 1; break lists them")
        if not name.isdecimal() or int(name) not in [each.number for each in self.breakpoints]:
            raise NotUnderstood(f"There is no breakpoint {name}.", "break lists them")
        number = int(name)
        if word == "remove":
            self.remove(number)
            self._say(f"breakpoint {number} is gone")
        elif word == "edit":
            self._say(f"breakpoint {number}: {as_typed(self.edit(number, text.strip()))}")
        else:
            self.switch(number, on=word == "enable")
            self._say(f"breakpoint {number} is {'on' if word == 'enable' else 'off'}")

    def add(self, text: str) -> Breakpoint:
        """One more.

        Raises:
            NotUnderstood: it is none.
        """
        point = _understood(text, max((each.number for each in self.breakpoints), default=0) + 1)
        self._set((*self.breakpoints, point))
        return point

    def edit(self, number: int, text: str) -> Breakpoint:
        """It is another one now; off if it was off.

        Raises:
            NotUnderstood: that is none.
        """
        point = _understood(text, number)
        self._states.pop(number, None)
        self._set(replace(point, enabled=e.enabled) if e.number == number else e for e in self.breakpoints)
        return point

    def switch(self, number: int, on: bool | None = None) -> None:
        """On or off; None for what it is not."""
        self._set(
            replace(each, enabled=not each.enabled if on is None else on) if each.number == number else each
            for each in self.breakpoints
        )

    def remove(self, number: int) -> None:
        """It is gone; the others keep their numbers."""
        self._states.pop(number, None)
        self._set(each for each in self.breakpoints if each.number != number)

    def toggle_line(self, line: int) -> None:
        """A breakpoint at that line of the source, or none any more."""
        there = [each for each in self.breakpoints if each.line == line]
        for each in there:
            self.remove(each.number)
        if there:
            self._say(f"no breakpoint at line {line} any more")
        else:
            self.type(f"line {line}")

    def _set(self, points: Iterable[Breakpoint]) -> None:
        self.breakpoints = tuple(points)
        if self._script is not None and self._remembers:
            remember(breakpoints_file(), self._script, [asdict(each) for each in self.breakpoints], SCRIPTS)
        self.ask()
        self._changed()


def _understood(text: str, number: int) -> Breakpoint:
    try:
        return parse(text, number)
    except BadBreakpoint as error:
        raise NotUnderstood(*error.args) from None


def _readable(things: list[Any]) -> list[Breakpoint]:
    """What can be read of it; each is checked as if it were typed."""
    points = []
    for number, each in enumerate(things, 1):
        with contextlib.suppress(TypeError, ValueError, AttributeError, BadBreakpoint):
            phase = Phase(each["phase"]) if each.get("phase") else None
            point = parse(as_typed(Breakpoint(**{**each, "phase": phase, "number": number})), number)
            points.append(replace(point, enabled=each.get("enabled") is not False))
    return points
