"""One breakpoint at work: what was asked for, in the form in which it is looked at, and how it is made."""

from __future__ import annotations

from dataclasses import astuple, replace
from typing import Any

from bptui.engine.breakpoints.checks.table import make_check
from bptui.engine.breakpoints.data import Data
from bptui.engine.breakpoints.hit_counts import hits
from bptui.engine.breakpoints.locations import blocks_at
from bptui.engine.breakpoints.logpoints import Message
from bptui.engine.breakpoints.numeric import NumericCondition
from bptui.engine.breakpoints.triggers import BecomesTrue, CheckFires, DataWritten, LoopEntry, Trigger
from bptui.engine.breakpoints.updates import Updates
from bptui.engine.expressions.expression import Expression, no_such
from bptui.engine.expressions.namespace import Namespace
from bptui.engine.interpreter.machine import Machine
from bptui.engine.interpreter.position import Position
from bptui.engine.interpreter.script import Script
from bptui.engine.observe.recorder import Recorder
from bptui.protocol.breakpoint import Breakpoint

BreakpointKey = tuple[Any, ...]
"""What a breakpoint asks for, whether it is switched on or off."""


class ArmedBreakpoint:
    """A breakpoint at work."""

    def __init__(self, asked: Breakpoint, namespace: Namespace) -> None:
        """Raises:
        ValueError: it does not say what to stop at. The message is one sentence.
        """
        self.asked = asked
        self.met = 0
        """How often it was met."""
        self.message = ""
        self.counts = hits(asked.hits)
        self.says = Message(asked.log, namespace) if asked.log else None
        self.condition = Expression(asked.condition, namespace, truth=True) if asked.condition.strip() else None
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
        self.reported = False
        """Whether the log says so."""
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


class Armory:
    """Makes breakpoints for one run of a script."""

    def __init__(self, script: Script, machine: Machine, recorder: Recorder, namespace: Namespace) -> None:
        self._script, self._machine, self._recorder, self._namespace = script, machine, recorder, namespace
        self.updates = Updates(recorder, namespace, script.loop_targets)

    def arm(self, asked: Breakpoint) -> ArmedBreakpoint:
        """A breakpoint as it is looked at.

        Raises:
            ValueError: it can never be met. The message is one sentence.
            Nowhere: its place does not exist. So is the message.
        """
        point = ArmedBreakpoint(asked, self._namespace)
        places = asked.phase is not None or asked.line is not None
        arrives = asked.epoch is not None or asked.sample is not None
        if asked.data and asked.check:
            raise ValueError("A breakpoint watches data or makes a check, not both: set two.")
        if asked.limit is not None and not asked.check:
            raise ValueError("Only a check takes a limit.")
        if places or arrives:
            blocks, point.message = blocks_at(self._script, asked)
            point.blocks = blocks if places else None
        if asked.data or asked.check:
            point.trigger = self._trigger(asked)
        elif arrives and not places:
            point.arrival = LoopEntry(self._machine, of_sample=asked.sample is not None)
        elif not places:
            if point.condition is None:
                raise ValueError("It does not say where or when to stop.")
            point.trigger = BecomesTrue(point.condition, self._script, self._recorder, self._namespace)
        self._check_names(point.names)
        point.blank = point.trigger.state() if point.trigger is not None else None
        return point

    def _trigger(self, asked: Breakpoint) -> Trigger:
        """What it waits for, where that is data or a check."""
        if asked.data:
            data = Data(asked.data, self._recorder, self._script, self._namespace)
            self._check_names(data.names)
            return DataWritten(data, self._namespace)
        return CheckFires(
            asked.check, make_check(asked.check, self._recorder, self._machine, self.updates, asked.limit)
        )

    def _check_names(self, names: set[str]) -> None:
        if missing := self._namespace.unknown(names):
            raise ValueError(no_such(missing))
