"""Breakpoints while a program runs on: which of them is met between two blocks.

A place is met before its block runs, a condition alone when it becomes true, data behind the block that wrote it.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from bptui.engine.alarms import Alarm
from bptui.engine.capture import fact
from bptui.engine.code import RunBlock
from bptui.engine.conditions import Expression, Scene, Template
from bptui.engine.explain import short
from bptui.engine.ledger import same_bits
from bptui.engine.place import place_of
from bptui.engine.program import Script
from bptui.protocol.breakpoint import Breakpoint, BreakpointState
from bptui.protocol.phase import Phase, StopReason

LOGGED = 1000
"""So many lines of logpoints are told at once; more are counted."""
_HITS: dict[str, Callable[[int, int], bool]] = {
    "": operator.ge, "==": operator.eq, ">": operator.gt, ">=": operator.ge, "<": operator.lt, "<=": operator.le,
    "%": lambda count, number: count % number == 0,
}  # fmt: skip


@dataclass(frozen=True)
class Hit:
    """Why a run stops."""

    reason: StopReason
    words: str


class Breakpoints:
    """All of them. `active` says whether there is anything to look at."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._points: list[_Point] = []
        self._scene: Scene | None = None
        self._lines: list[str] = []
        self._dropped = 0

    @property
    def active(self) -> bool:
        return any(point.live for point in self._points)

    def set(self, points: Sequence[Breakpoint]) -> tuple[BreakpointState, ...]:
        """These are the breakpoints now. Those that stay the same keep their count."""
        before = {point.asked.number: point for point in self._points}
        self._points = []
        for asked in points:
            old = before.get(asked.number)
            point = _Point(asked, self._script)
            if old is not None and repr(replace(old.asked, enabled=asked.enabled)) == repr(asked):
                point.count = old.count
            self._points.append(point)
        return self.states()

    def states(self) -> tuple[BreakpointState, ...]:
        """What became of each."""
        return tuple(
            BreakpointState(each.asked.number, not each.fault, each.fault or each.problem, each.count)
            for each in self._points
        )

    def begin(self, scene: Scene) -> None:
        """A run begins: what is true already is not met again until it was false."""
        self._scene = scene
        for point in self._points:
            if point.live:
                point.begin(scene)

    def met(self, ran: RunBlock | None) -> Hit | None:
        """After a block: the first breakpoint that is met and stops, if one is."""
        assert self._scene is not None
        hit = None
        for point in self._points:
            if not point.live:
                continue
            words = point.met(self._scene, ran)
            if words is None or not point.counts():
                continue
            if point.template is not None:
                self._log(point.template.filled(self._scene))
            elif hit is None:
                reason = StopReason.DATA_BREAKPOINT if point.asked.data else StopReason.BREAKPOINT
                hit = Hit(reason, f"breakpoint {point.asked.number}: {words}")
        return hit

    def counts(self) -> list[int]:
        """How often each was met."""
        return [point.count for point in self._points]

    def restore(self, counts: list[int]) -> None:
        """Let it have been so often."""
        for point, count in zip(self._points, counts, strict=True):
            point.count = count

    def _log(self, line: str) -> None:
        if len(self._lines) < LOGGED:
            self._lines.append(line)
        else:
            self._dropped += 1

    def logged(self) -> str:
        """What logpoints said since they were last asked, a line each."""
        lines, self._lines = self._lines, []
        if self._dropped:
            lines.append(f"… {self._dropped:,} more lines")
            self._dropped = 0
        return "".join(f"{line}\n" for line in lines)


class _Point:
    """One breakpoint, made ready."""

    def __init__(self, asked: Breakpoint, script: Script) -> None:
        self.asked, self._script = asked, script
        self.count = 0
        self.fault = ""
        """Why it can never be met."""
        self.condition: Expression | None = None
        self.data: Expression | None = None
        self.template: Template | None = None
        self._alarm: Alarm | None = None
        self._was = False
        self._old: Any = None
        self._gone = ""
        self._placed = any(each is not None for each in (asked.phase, asked.line))
        try:
            self.condition = Expression(asked.condition) if asked.condition else None
            self.data = Expression(asked.data) if asked.data else None
            self.template = Template(asked.log) if asked.log else None
            self._alarm = Alarm(asked.check, asked.limit) if asked.check else None
            self._hits = self._parse_hits(asked.hits)
        except SyntaxError as error:
            self.fault = f"{error.text or asked.condition or asked.data} is no Python: {error.msg}".replace("\n", " ")
        except KeyError:
            self.fault = f"There is no check called {asked.check}."
        except ValueError as error:
            self.fault = str(error)
        self.fault = self.fault or self._misplaced()

    @property
    def live(self) -> bool:
        return self.asked.enabled and not self.fault

    @property
    def problem(self) -> str:
        """What it could not evaluate the last time."""
        return self.condition.problem if self.condition is not None else self._gone

    def _parse_hits(self, text: str) -> Callable[[int], bool]:
        match = re.fullmatch(r"\s*(==|>=|<=|>|<|%|)\s*(\d+)\s*", text or ">= 1")
        if match is None or (match[1] == "%" and int(match[2]) == 0):
            raise ValueError(f"hits takes a number, such as 5, == 5, > 5 or % 5, not {text!r}.")
        test, number = _HITS[match[1]], int(match[2])
        return lambda count: test(count, number)

    def _misplaced(self) -> str:
        blocks = self._script.program.blocks
        if self.asked.phase is not None and all(block.phase is not self.asked.phase for block in blocks):
            return f"The script has no {self.asked.phase}."
        if self.asked.line is not None and all(self.asked.line not in block.lines for block in blocks):
            lines = ", ".join(str(block.line) for block in blocks)
            return f"Line {self.asked.line} belongs to no phase; phases begin at {lines}."
        return ""

    def counts(self) -> bool:
        """It is met once more: whether that time counts."""
        self.count += 1
        return self._hits(self.count)

    def begin(self, scene: Scene) -> None:
        """Take what is true now for granted."""
        if self._alarm is not None:
            self._alarm.begin(scene.recorder)
        if self.data is not None:
            self._old = self._look(scene)
        self._was = self._here(scene) and (self.condition is None or self.condition.holds(scene))

    def met(self, scene: Scene, ran: RunBlock | None) -> str | None:
        """After a block: how it is met, in words; None if it is not."""
        words = self._happened(scene, ran)
        if words is None:
            return None
        if self._placed:
            return words if self.condition is None or self.condition.holds(scene) else None
        if self.data is not None or self._alarm is not None:
            return words if self.condition is None or self.condition.holds(scene) else None
        if not self._may_change(scene, ran):
            return None
        now = self.condition is None or self.condition.holds(scene)
        was, self._was = self._was, now
        return words if now and not was else None

    def _happened(self, scene: Scene, ran: RunBlock | None) -> str | None:
        if self._alarm is not None:
            return (self._alarm.met(ran, scene.recorder) or None) if ran is not None else None
        if self.data is not None:
            return self._changed(scene, ran)
        if not self._here(scene):
            if not self._placed:
                self._was = False
            return None
        return self._words(scene)

    def _words(self, scene: Scene) -> str:
        asked = self.asked
        parts = [str(asked.phase)] if asked.phase is not None else []
        parts += [f"line {asked.line}"] if asked.line is not None else []
        parts += [f"epoch {asked.epoch}"] if asked.epoch is not None else []
        parts += [f"sample {asked.sample}"] if asked.sample is not None else []
        return " ".join(parts) + (f" if {asked.condition}" if parts and asked.condition else asked.condition)

    def _here(self, scene: Scene) -> bool:
        """Whether the program stands at that place."""
        asked = self.asked
        cursor = scene.machine.cursor
        if self._placed:
            if cursor is None or (asked.phase is not None and cursor.phase is not asked.phase):
                return False
            if asked.line is not None and asked.line not in self._script.program.blocks[cursor.block.index].lines:
                return False
        if asked.epoch is not None or asked.sample is not None:
            if cursor is None:
                return False
            place = place_of(scene.machine, scene.stepper.place)
            if asked.epoch is not None and place.epoch != asked.epoch:
                return False
            if asked.sample is not None and place.sample != asked.sample:
                return False
        return True

    def _may_change(self, scene: Scene, ran: RunBlock | None) -> bool:
        """Whether the block may have changed what the condition is about: only a forward writes the loss."""
        if self.condition is None or ran is None or ran.phase is Phase.FORWARD:
            return True
        return not self.condition.names <= {"loss", scene.recorder.loss_name}

    # ---- data

    def _look(self, scene: Scene) -> Any:
        assert self.data is not None
        try:
            value = self.data.value(scene)
            self._gone = ""
        except Exception as error:
            self._gone = f"{self.data.text} cannot be evaluated: {type(error).__name__}: {error}"
            return None
        return value.detach().clone() if isinstance(value, torch.Tensor) else value

    def _changed(self, scene: Scene, ran: RunBlock | None) -> str | None:
        old, self._old = self._old, self._look(scene)
        if _same(old, self._old):
            return None
        by = f" by {ran.phase}, line {self._line(ran)}" if ran is not None else ""
        return f"{self.asked.data} changed {short(fact(old))} -> {short(fact(self._old))}{by}"

    def _line(self, ran: RunBlock) -> int:
        """The line that wrote it: the first of the block's statements that names it, else the block's."""
        assert self.data is not None
        named = [
            each
            for each in ran.block.own_statements
            if any(isinstance(node, ast.Name) and node.id in self.data.names for node in ast.walk(each))
        ]
        return named[0].lineno if len(ran.block.own_statements) > 1 and named else ran.line


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return same_bits(one, other)
    if isinstance(one, torch.Tensor) or isinstance(other, torch.Tensor):
        return False
    try:
        return type(one) is type(other) and (one is other or bool(one == other) or (one != one and other != other))
    except Exception:  # what cannot be compared counts as changed where it is another object
        return False
