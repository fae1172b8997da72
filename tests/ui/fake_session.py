"""A session that runs the lecture by itself, for tests that press many keys. See told.py for one that is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import count

from bptui.protocol.messages import (
    Ask,
    Do,
    DrawCurve,
    Inspect,
    Inspected,
    Next,
    Open,
    Opened,
    Refused,
    Reply,
    Run,
    Running,
    SetZeroing,
    Stopped,
    Tell,
    ZeroingSet,
)
from bptui.protocol.phase import Goal, Phase, StopReason
from bptui.protocol.snapshot import Row, Snapshot
from bptui.session import Listener

from .fake_lecture import Lecture, Refusal, tensor
from .stops import PROGRAM

TICK = 10
"""A run tells where it is after so many steps."""


class FakeSession:
    """Answers every request at once, as a live session would."""

    def __init__(self) -> None:
        self.asked: list[Ask] = []
        """All requests, in order."""
        self.snapshot: Snapshot | None = None
        """Where the program stands."""
        self.lecture = Lecture()
        self._listener: Listener | None = None
        self._pausing = False

    def start(self, listener: Listener) -> None:
        self._listener = listener
        self.restart()

    def restart(self) -> None:
        self.lecture, self.snapshot = Lecture(), None
        self.send(Open(PROGRAM.path))

    def pause(self) -> None:
        self._pausing = True

    def close(self) -> None:
        self._listener = None

    def send(self, ask: Ask) -> int:
        self.asked.append(ask)
        try:
            self._answer(ask)
        except Refusal as refusal:
            self._tell(Refused(*refusal.args))
        return len(self.asked)

    def _tell(self, tell: Tell) -> None:
        if self._listener is not None:
            self._listener(Reply(len(self.asked), tell))

    def _answer(self, ask: Ask) -> None:
        match ask:
            case Open():
                self._tell(Opened(PROGRAM, "3.11.9", "2.9.0"))
                self.snapshot = self.lecture.snapshot(None, None, StopReason.ENTRY)
                self._tell(Stopped(self.snapshot, (self.snapshot.row(),)))
            case Next():
                self._stop(self.lecture.next(), StopReason.STEP)
            case Do(phase):
                self._stop(self.lecture.do(phase), StopReason.STEP)
            case Run():
                self._run(ask)
            case SetZeroing(on):
                self._set_zeroing(on)
            case DrawCurve(_param, low, high, points):
                self._tell(self.lecture.curve(low, high, points))
            case Inspect(name):
                self._tell(self._inspected(name))

    def _stop(self, phase: Phase, reason: StopReason, rows: Sequence[Row] = ()) -> None:
        self.snapshot = self.lecture.snapshot(self.snapshot, phase, reason)
        self._tell(Stopped(self.snapshot, (*rows, self.snapshot.row())))

    def _run(self, run: Run) -> None:
        lecture, rows, told, self._pausing = self.lecture, [], 0, False
        first = lecture.turn
        for steps in count(1):
            phase, reason = lecture.next(), StopReason.STEP
            on = {Goal.SAMPLE: lecture.turn == first, Goal.EPOCH: lecture.turn // 3 == first // 3}.get(run.goal, True)
            if lecture.ended or not on or steps == run.steps:
                break
            if self._pausing:
                reason = StopReason.PAUSE
                break
            rows.append(lecture.row(phase))
            if len(rows) == TICK:
                unheard = lecture.printed[told:]
                told += len(unheard)
                self._tell(Running(tuple(rows), unheard))
                rows.clear()
        self._stop(phase, reason, rows)

    def _set_zeroing(self, on: bool) -> None:
        assert self.snapshot is not None
        self.lecture.zeroing = on
        marks, upcoming = self.lecture.ahead()
        self.snapshot = replace(self.snapshot, zeroing=on, marks=marks, next=upcoming)
        self._tell(ZeroingSet(self.snapshot))

    def _inspected(self, name: str) -> Inspected:
        assert self.snapshot is not None
        facts = {named.name: named.fact for named in self.snapshot.values} | {"w": self.snapshot.params[0].value}
        if self.snapshot.params[0].grad is not None:
            facts["w.grad"] = self.snapshot.params[0].grad
        if self.snapshot.loss is not None:
            facts["l"] = self.snapshot.loss
        if name not in facts:
            raise Refusal(f"There is no {name} now.", "Run a forward first: it may not be computed yet.")
        value = facts[name].number
        assert value is not None
        if not facts[name].is_tensor:
            return Inspected(name, (("type", "<class 'float'>"),), str(value))
        fields = (("type", "<class 'torch.Tensor'>"), ("dtype", "float32"), ("shape", "(1,)"), (".data", tensor(value)))
        return Inspected(name, fields, tensor(value, ", requires_grad=True" if name == "w" else ""))
