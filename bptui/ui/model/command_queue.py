"""What was typed while the program was busy: carried out in order, each when it is its turn. No Textual in here."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from bptui.protocol.phase import Goal
from bptui.protocol.requests import Ask, Back, Evaluate, Next, Run, SetValue, SetZeroing

Later = Callable[[], Ask | None]
"""Carries a command out when it is its turn; what the program is to be asked for, if the command is that."""

STAYS = (Evaluate, SetValue, SetZeroing)
"""The requests after which the program stands where it stood."""


@dataclass
class Queued:
    """A command that waits for its turn."""

    what: Ask | Later
    times: int
    """How often it was given, one time right after the other."""

    @property
    def moves(self) -> bool:
        """Whether it moves the program."""
        return not callable(self.what) and not isinstance(self.what, STAYS)

    def is_again(self, what: Ask | Later) -> bool:
        """Whether that is the same request once more."""
        return not callable(what) and type(what) is type(self.what) and vars(what) == vars(self.what)


class CommandQueue:
    """The commands that wait, the one that comes next first."""

    def __init__(self) -> None:
        self._queued: deque[Queued] = deque()

    def __len__(self) -> int:
        return sum(each.times for each in self._queued)

    def add(self, what: Ask | Later, times: int = 1) -> None:
        """One more at the end, to be carried out so often."""
        if self._queued and self._queued[-1].is_again(what):
            self._queued[-1].times += times
        else:
            self._queued.append(Queued(what, times))

    def take(self, inside: bool) -> Ask | Later:
        """The one that comes next.

        Several `next` are one run of so many steps, and several `back` one way back, so that a key which was held down
        does not go on long after it was let go. Not `inside` a phase, where either is a single move.
        """
        first = self._queued[0]
        what, times = first.what, 1
        if not inside and isinstance(what, Next | Back) and first.times > 1:
            times = first.times
            what = Run(Goal.END, times) if isinstance(what, Next) else Back(what.steps * times)
        first.times -= times
        if not first.times:
            self._queued.popleft()
        return what

    def drop(self) -> int:
        """Drop all. Returns how many."""
        dropped = len(self)
        self._queued.clear()
        return dropped

    def drop_moves(self) -> int:
        """Drop the first one that moves the program, and all behind it, which count on it. Returns how many."""
        before, staying = len(self), deque[Queued]()
        while self._queued and not self._queued[0].moves:
            staying.append(self._queued.popleft())
        self._queued = staying
        return before - len(self)
