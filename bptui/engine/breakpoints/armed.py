"""Breakpoints in the form in which they are checked during a run, and how they are made from their definitions."""

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
    """A breakpoint during a run."""

    def __init__(self, definition: Breakpoint, namespace: Namespace) -> None:
        """Raises:
        ValueError: it does not say what to stop at. The message is one sentence.
        """
        self.definition = definition
        self.met = 0
        """How many times it was met, counted or not by the hit condition."""
        self.message = ""
        self.counts = hits(definition.hits)
        self.log_message = Message(definition.log, namespace) if definition.log else None
        has_condition = bool(definition.condition.strip())
        self.condition = Expression(definition.condition, namespace, truth=True) if has_condition else None
        self.trigger: Trigger | None = None
        """What it waits for, if that is not a place."""
        self.blocks: set[int] | None = None
        """The blocks that it is about, where it names a phase or a line."""
        self.arrival: LoopEntry | None = None
        """The place in the data, where it names no more than that."""
        self.numeric: NumericCondition | None = None
        """Its condition over plain numbers, if it is at a place; found out as a run begins."""
        self.trouble = ""
        """Why it could not be evaluated the last time that it could not."""
        self.reported = False
        """Whether that was written to the log."""
        self.key: BreakpointKey = astuple(replace(definition, enabled=True))
        self.blank: Any = None
        """The state of its trigger before any step."""

    @property
    def names(self) -> set[str]:
        """The names of the script that its condition and its log read."""
        readers = (self.condition, self.log_message)
        return set().union(*(each.names for each in readers if each is not None))

    def may_hold(self, recorder: Recorder) -> bool:
        """Whether its condition may hold, as far as the numbers say that are known anyway."""
        if self.numeric is None:
            return True
        may = self.numeric.may_hold(*recorder.singles())
        return may is None or may

    def is_at(self, place: Position) -> bool:
        """Whether it is about that place in the data."""
        definition = self.definition
        return definition.epoch in (None, place.epoch) and definition.sample in (None, place.sample)


class Armory:
    """Makes breakpoints for one run of a script."""

    def __init__(self, script: Script, machine: Machine, recorder: Recorder, namespace: Namespace) -> None:
        self._script, self._machine, self._recorder, self._namespace = script, machine, recorder, namespace
        self.updates = Updates(recorder, namespace, script.loop_targets)

    def arm(self, definition: Breakpoint) -> ArmedBreakpoint:
        """The breakpoint in that form.

        Raises:
            ValueError: it can never be met. The message is one sentence.
            Nowhere: its place does not exist. So is the message.
        """
        point = ArmedBreakpoint(definition, self._namespace)
        places = definition.phase is not None or definition.line is not None
        arrives = definition.epoch is not None or definition.sample is not None
        if definition.data and definition.check:
            raise ValueError("A breakpoint watches data or makes a check, not both: set two.")
        if definition.limit is not None and not definition.check:
            raise ValueError("Only a check takes a limit.")
        if places or arrives:
            blocks, point.message = blocks_at(self._script, definition)
            point.blocks = blocks if places else None
        if definition.data or definition.check:
            point.trigger = self._trigger(definition)
        elif arrives and not places:
            point.arrival = LoopEntry(self._machine, of_sample=definition.sample is not None)
        elif not places:
            if point.condition is None:
                raise ValueError("It does not say where or when to stop.")
            point.trigger = BecomesTrue(point.condition, self._script, self._recorder, self._namespace)
        self._check_names(point.names)
        point.blank = point.trigger.state() if point.trigger is not None else None
        return point

    def _trigger(self, definition: Breakpoint) -> Trigger:
        """What it waits for, where that is data or a check."""
        if definition.data:
            data = Data(definition.data, self._recorder, self._script, self._namespace)
            self._check_names(data.names)
            return DataWritten(data, self._namespace)
        return CheckFires(
            definition.check,
            make_check(definition.check, self._recorder, self._machine, self.updates, definition.limit),
        )

    def _check_names(self, names: set[str]) -> None:
        if missing := self._namespace.unknown(names):
            raise ValueError(no_such(missing))
