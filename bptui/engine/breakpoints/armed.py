"""One breakpoint at work: what was asked for, in the form in which it is looked at."""

from __future__ import annotations

from dataclasses import astuple, replace
from typing import Any

from bptui.engine.breakpoints.conditions import Expression
from bptui.engine.breakpoints.hit_counts import hits
from bptui.engine.breakpoints.logpoints import Message
from bptui.engine.breakpoints.numeric import NumericCondition
from bptui.engine.breakpoints.triggers import LoopEntry, Trigger
from bptui.engine.interpreter.position import Position
from bptui.engine.observe.recorder import Recorder
from bptui.protocol.breakpoint import Breakpoint

BreakpointKey = tuple[Any, ...]
"""What a breakpoint asks for, whether it is switched on or off."""


class ArmedBreakpoint:
    """A breakpoint at work."""

    def __init__(self, asked: Breakpoint) -> None:
        """Raises:
        ValueError: it does not say what to stop at. The message is one sentence.
        """
        self.asked = asked
        self.met = 0
        """How often it was met."""
        self.message = ""
        self.counts = hits(asked.hits)
        self.says = Message(asked.log) if asked.log else None
        self.condition = Expression(asked.condition, truth=True) if asked.condition.strip() else None
        self.trigger: Trigger | None = None
        """What it waits for, if that is not a place."""
        self.blocks: set[int] | None = None
        """The blocks that it is about, where it names a phase or a line."""
        self.arrival: LoopEntry | None = None
        """The place in the data, where it names no more than that."""
        self.quick: NumericCondition | None = None
        """Its condition over plain numbers, if it is at a place; found out as a run begins."""
        self.trouble = ""
        """Why it could not be evaluated the last time that it could not."""
        self.told = False
        """Whether that was told."""
        self.key: BreakpointKey = astuple(replace(asked, enabled=True))
        self.blank: Any = None
        """What the trigger remembers of no step at all."""

    @property
    def names(self) -> set[str]:
        """The names of the script that its condition and its log read."""
        return (self.condition.names if self.condition else set()) | (self.says.names if self.says else set())

    def may_hold(self, recorder: Recorder) -> bool:
        """Whether its condition may hold, as far as the numbers say that are known anyway."""
        if self.quick is None:
            return True
        may = self.quick.may_hold(*recorder.singles())
        return may is None or may

    def is_at(self, place: Position) -> bool:
        """Whether it is about that place in the data."""
        asked = self.asked
        return asked.epoch in (None, place.epoch) and asked.sample in (None, place.sample)
