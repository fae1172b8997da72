"""Breakpoints: where a run stops before its goal.

The program pauses between blocks, so that is where breakpoints are met. What names a place (a phase, a line, an epoch,
a sample) is met before it runs; a condition with a place is evaluated there. A condition alone is met behind the block
that turned it true, watched data behind the block that wrote it, a ready-made check behind the block that made the
trouble. Where a run begins at a place, or with a condition true, that is not met again until it was left.

With a place beside data or a check, the place is that of the block that wrote or made it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bptui.engine.breakpoints.armed import ArmedBreakpoint, Armory, BreakpointKey
from bptui.engine.breakpoints.locations import Nowhere
from bptui.engine.breakpoints.logpoints import Log
from bptui.engine.breakpoints.triggers import BecomesTrue, CheckFires, numeric_condition_of
from bptui.engine.compiler.instructions import RunBlock
from bptui.engine.expressions.expression import in_one_line, is_absence
from bptui.engine.expressions.namespace import Namespace
from bptui.engine.interpreter.machine import Machine
from bptui.engine.interpreter.position import Position, pending, position_of
from bptui.engine.interpreter.script import Script
from bptui.engine.observe.recorder import Recorder
from bptui.protocol.breakpoint import Breakpoint, BreakpointState
from bptui.protocol.phase import Phase, StopReason

Memory = dict[BreakpointKey, Any]
"""What breakpoints remember of the steps behind the program: plain data."""


@dataclass(frozen=True)
class Hit:
    """A run is to stop here."""

    reason: StopReason
    words: str
    """Which breakpoint was met, and by what."""


class Breakpoints:
    """The breakpoints of one run of a script."""

    def __init__(self, script: Script, machine: Machine, recorder: Recorder, namespace: Namespace) -> None:
        self._script, self._machine, self._recorder = script, machine, recorder
        self._namespace = namespace
        self._armory = Armory(script, machine, recorder, namespace)
        self._updates = self._armory.updates
        self._log = Log()
        self._points: dict[int, ArmedBreakpoint] = {}
        self._order: list[tuple[int, str]] = []
        """The numbers in the order given, each with why it can never be met; empty where it can."""
        self._after: dict[Phase, list[ArmedBreakpoint]] = {}
        """The breakpoints checked after a block, by its phase."""
        self._at: dict[int, list[ArmedBreakpoint]] = {}
        """The breakpoints checked before a block, by its index."""
        self._arrivals: list[ArmedBreakpoint] = []
        self._moves = -1
        self._compares = self._copies = False
        """Whether some check must know what parameters were before an update, and all of it."""
        self.active = False
        """Whether any is switched on."""
        self.quiet: frozenset[str] = frozenset()
        """The names of phases behind which a run has nothing to look at."""

    # ---- definitions

    def set(self, definition: Sequence[Breakpoint]) -> tuple[BreakpointState, ...]:
        """The breakpoints are these now; those that stay the same keep their counts. Returns the state of each."""
        before, self._points, refused = self._points, {}, {}
        self._namespace.move_to(position_of(self._machine, Position()), {})
        for each in definition:
            try:
                point = self._armory.arm(each)
            except (ValueError, Nowhere) as reason:
                refused[each.number] = str(reason)
                continue
            known = before.get(each.number)
            if known is not None and known.key == point.key:
                point.met = known.met
                if point.trigger is not None and known.trigger is not None:
                    point.trigger.restore(known.trigger.state())
            self._points[each.number] = point
        self._order = [(each.number, refused.get(each.number, "")) for each in definition]
        self._arrange()
        return self.states()

    def states(self) -> tuple[BreakpointState, ...]:
        """The state of each breakpoint."""
        return tuple(
            BreakpointState(number, False, refused, 0)
            if refused
            else BreakpointState(number, True, (point := self._points[number]).message or point.trouble, point.met)
            for number, refused in self._order
        )

    def _arrange(self) -> None:
        """Sort the breakpoints by when they are checked."""
        points = [point for point in self._points.values() if point.definition.enabled]
        waiting = [point for point in points if point.trigger is not None]
        self._after = {
            phase: [point for point in waiting if point.trigger is not None and phase in point.trigger.phases]
            for phase in Phase
        }
        self._at = {}
        for point in points:
            if point.trigger is None and point.blocks is not None:
                for index in point.blocks:
                    self._at.setdefault(index, []).append(point)
        self._arrivals = [point for point in points if point.arrival is not None]
        checks = [point.trigger.check for point in waiting if isinstance(point.trigger, CheckFires)]
        self._compares, self._copies = any(each.compares for each in checks), any(each.copies for each in checks)
        self.active = bool(points)
        looks_always = self._at or self._arrivals or self._compares
        self.quiet = frozenset(() if looks_always else (phase.value for phase in Phase if not self._after[phase]))

    # ---- running

    def begin(self, place: Position) -> None:
        """A run begins: a place where it begins, or a condition true already, is not met until it was left."""
        self._moves = self._machine.moves
        self._namespace.move_to(place, {})
        for point in self._points.values():
            if point.trigger is not None and point.definition.enabled:
                point.trigger.begin()
            if point.arrival is not None:
                point.arrival.begin()
            if point.trigger is None and point.condition is not None:
                point.numeric = numeric_condition_of(point.condition, self._script, self._recorder, self._namespace)
        self._arrange()
        self._before_update()

    def met(self, run: RunBlock | None, place: Position) -> Hit | None:
        """Whether the run is to stop here: behind the block that ran, and before the next. `place`: where it ran."""
        hits: list[tuple[ArmedBreakpoint, str]] = []
        if run is not None and (waiting := self._after[run.phase]):
            self._namespace.move_to(place, {})
            for point in waiting:
                assert point.trigger is not None
                try:
                    reason = point.trigger.after(run)
                except Exception as error:  # a tensor of a kind that was not thought of is no reason to stop the run
                    self._report(point, in_one_line(error))
                    continue
                if reason is not None and self._is_about(point, run, place):
                    self._count(point, reason, hits)
                elif point.trigger.trouble:
                    self._report(point, point.trigger.trouble)
        cursor = self._machine.cursor
        if cursor is not None:
            if self._at or self._arrivals:
                self._check_locations(cursor, place, hits)
            if self._compares:
                self._before_update()
        return _hit(hits) if hits else None

    def _is_about(self, point: ArmedBreakpoint, run: RunBlock, place: Position) -> bool:
        """Whether the rest of what it asks for holds too, where it waits for data or a check."""
        if point.blocks is not None and run.block.index not in point.blocks:
            return False
        if not point.is_at(place):
            return False
        return isinstance(point.trigger, BecomesTrue) or self._holds(point)

    def _holds(self, point: ArmedBreakpoint) -> bool:
        """Whether its condition holds, if it has one."""
        if point.condition is None:
            return True
        holds = point.condition.holds(self._namespace)
        if point.condition.error:
            self._report(point, point.condition.error)
        return holds

    def _report(self, point: ArmedBreakpoint, trouble: str) -> None:
        """Say once in the log why a breakpoint cannot be evaluated, unless what it names is only not there yet."""
        point.trouble = trouble
        if not point.reported and not is_absence(trouble):
            point.reported = True
            self._log.add(f"breakpoint {point.definition.number}: {trouble}")

    def _check_locations(self, cursor: RunBlock, place: Position, hits: list[tuple[ArmedBreakpoint, str]]) -> None:
        """Check the breakpoints at the place that the program has reached."""
        here = self._at.get(cursor.block.index, ())
        arrived: list[ArmedBreakpoint] = []
        if self._arrivals and self._moves != self._machine.moves:
            self._moves = self._machine.moves
            arrived = [point for point in self._arrivals if point.arrival is not None and point.arrival.moved()]
        here = [point for point in here if point.may_hold(self._recorder)]
        if not here and not arrived:
            return
        there = position_of(self._machine, place)
        self._namespace.move_to(there, pending(self._machine))
        for point in here:
            if point.is_at(there) and self._holds(point):
                self._count(point, f"before {cursor.phase}, line {cursor.line}", hits)
        for point in arrived:
            if point.is_at(there) and self._holds(point):
                self._count(point, _begins(point.definition), hits)

    def _count(
        self, point: ArmedBreakpoint, reason: str | Callable[[], str], hits: list[tuple[ArmedBreakpoint, str]]
    ) -> None:
        """Count a hit. Where its hit condition is true, the breakpoint writes its log line, or else stops the run."""
        point.met += 1
        if not point.counts(point.met):
            return
        if point.log_message is not None:
            self._log.add(point.log_message.text(self._namespace))
            return
        words = reason if isinstance(reason, str) else reason()
        if point.condition is not None and not isinstance(point.trigger, BecomesTrue):
            words = f"{words}, {point.condition.text}"
        hits.append((point, words))

    def _before_update(self) -> None:
        """Remember the parameters, if an update comes next and a check has to know what it changes."""
        cursor = self._machine.cursor
        if self._compares and cursor is not None and cursor.phase is Phase.UPDATE:
            self._updates.before(cursor, copied=self._copies)
        else:
            self._updates.forget()

    def stepped(self, run: RunBlock | None, place: Position) -> None:
        """A step that no breakpoint stops, made by hand or again after going back. Checks with a memory see it."""
        if run is None or not self.active:
            return
        self._namespace.move_to(place, {})
        for point in self._after[run.phase]:
            if isinstance(point.trigger, CheckFires):
                with contextlib.suppress(Exception):  # a run reports what cannot be checked
                    point.trigger.after(run)
        if self._compares:
            self._before_update()

    # ---- log and memory

    def logged(self) -> str:
        """The lines that logpoints wrote since the last call."""
        return self._log.take()

    def memory(self) -> Memory:
        """What they remember of the steps behind the program."""
        return {each.key: each.trigger.state() for each in self._points.values() if each.trigger is not None}

    def remember(self, memory: Memory, place: Position) -> None:
        """The program was brought back to where `memory` was called. Breakpoints that are new since begin there."""
        for point in self._points.values():
            if point.trigger is not None:
                point.trigger.restore(memory.get(point.key, point.blank))
        if self._compares:
            self._namespace.move_to(place, {})
            self._before_update()

    def counts(self) -> dict[int, int]:
        """How often each was met."""
        return {number: point.met for number, point in self._points.items()}

    def restore(self, counts: dict[int, int]) -> None:
        """Set how often each was met."""
        for number, point in self._points.items():
            point.met = counts.get(number, 0)


def _hit(hits: list[tuple[ArmedBreakpoint, str]]) -> Hit:
    hits.sort(key=lambda each: each[0].definition.number)
    only_data = all(point.definition.data for point, _ in hits)
    words = "; ".join(f"breakpoint {point.definition.number}: {words}" for point, words in hits)
    return Hit(StopReason.DATA_BREAKPOINT if only_data else StopReason.BREAKPOINT, words)


def _begins(definition: Breakpoint) -> str:
    parts = [
        f"{name} {number}"
        for name, number in (("epoch", definition.epoch), ("sample", definition.sample))
        if number is not None
    ]
    return f"{', '.join(parts)} begins"
