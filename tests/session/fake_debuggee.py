"""A debuggee without torch: its "script" is a module whose functions, named as the phases, are what the phases run.

Run by its path in place of `bptui/engine/boot.py`. `setup()` runs at the start, if there is one.
"""

from __future__ import annotations

import dataclasses
import random
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path[0] = str(Path(__file__).parents[2])

from bptui.engine.errors import CannotCut, StepRefused  # noqa: E402
from bptui.engine.interpreter.output import Output  # noqa: E402
from bptui.engine.run.forks import Forks  # noqa: E402
from bptui.engine.server import main  # noqa: E402
from bptui.protocol.fact import Fact  # noqa: E402
from bptui.protocol.phase import Goal, Phase, StopReason  # noqa: E402
from bptui.protocol.replies import CurveDrawn, Inspected  # noqa: E402
from bptui.protocol.requests import Open  # noqa: E402
from bptui.protocol.rows import Branch, Row, Rows  # noqa: E402
from bptui.protocol.snapshot import BlockInfo, Failure, ProgramInfo, Snapshot  # noqa: E402


class FakeController:
    """Steps through the functions of a module in the phases' order."""

    def __init__(self, ask: Open, output: Output, forks: Forks) -> None:
        path, argv, source = ask.path, ask.argv, Path(ask.path).read_text()
        if "cannot cut" in source:
            raise CannotCut("this cannot be cut", 7)
        self.program = ProgramInfo(path, source, tuple(argv), tuple(BlockInfo(phase, 0, ()) for phase in Phase))
        self.beacon: Callable[[Phase | None, int], None] = lambda phase, line: None
        self._output = output
        self._script: dict[str, Any] = {"__name__": "__main__", "argv": argv, "random": random}
        self._rows: list[Row] = []
        self._zeroing = True
        self._count = 0

    def start(self) -> Snapshot:
        exec(compile(self.program.source, self.program.path, "exec"), self._script)
        return self._run_block(None, self._script.get("setup", lambda: None))

    def next(self) -> Snapshot:
        if self._count > self._script.get("steps", 8):
            raise StepRefused("The script has ended.", "restart begins again.")
        return self.do(tuple(Phase)[(self._count - 1) % 4])

    def do(self, phase: Phase) -> Snapshot:
        return self._run_block(phase, self._script.get(phase.value, lambda: None))

    def run(
        self, goal: Goal, steps: int | None = None, *, pause: Callable[[], bool], progress: Callable[[], None]
    ) -> Snapshot:
        mark = self._output.mark()
        while True:
            stop = self.next()
            if pause():
                stop = dataclasses.replace(stop, stop_reason=StopReason.PAUSE)
                self._rows[-1] = stop.row()
            elif self._count > self._script.get("steps", 8):
                stop = dataclasses.replace(stop, stop_reason=StopReason.END)
            if stop.stop_reason is not StopReason.STEP:
                printed, errors = self._output.since(mark)
                return dataclasses.replace(stop, printed=printed, errors=errors)
            progress()

    def set_zeroing(self, on: bool) -> Snapshot:
        self._zeroing = on
        return self._snapshot(None, StopReason.STEP, "", "", None)

    def logged(self) -> str:
        return ""

    @property
    def branches(self) -> tuple[Branch, ...]:
        return (Branch(0, None, -1),)

    def stretches(self, branch: int, since: int) -> tuple[Rows, ...]:
        return Rows.of(self._rows[since:])

    def curve(self, param: str, low: float, high: float, points: int) -> CurveDrawn:
        return CurveDrawn(param, (low, high), (float("nan"), 1.0), 1.0, 2.0, 3.0, "")

    def inspect(self, name: str) -> Inspected:
        if name == "bug":
            raise ZeroDivisionError("of ours")
        return Inspected(name, (("type", "float"),), "1.0")

    def _run_block(self, phase: Phase | None, block: Callable[[], None]) -> Snapshot:
        mark = self._output.mark()
        self.beacon(phase, block.__code__.co_firstlineno)
        reason = StopReason.STEP if phase else StopReason.ENTRY
        failure = None
        try:
            block()
        except (Exception, KeyboardInterrupt) as error:
            reason = StopReason.EXCEPTION
            failure = Failure(type(error).__name__, str(error), None, traceback.format_exc())
        printed, errors = self._output.since(mark)
        self._count += 1
        snapshot = self._snapshot(phase, reason, printed, errors, failure)
        self._rows.append(snapshot.row())
        return snapshot

    def _snapshot(
        self, phase: Phase | None, reason: StopReason, printed: str, errors: str, failure: Failure | None
    ) -> Snapshot:
        return Snapshot(
            self._count - 1, phase, None, reason, 0, 0, 1, 1, 0, (), 0, "loss", Fact("float", random.random()), (), (),
            self._zeroing, (), None, (), f"{phase}", printed, errors, failure,
        )  # fmt: skip


if __name__ == "__main__":
    link_file, beacon_file, seed = map(int, sys.argv[1:])
    random.seed(seed)
    main(link_file, beacon_file, FakeController)
