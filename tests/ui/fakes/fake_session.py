"""A session that runs the lecture by itself, for tests that press many keys. See told.py for one that is told."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from itertools import count

from bptui.protocol.messages import (
    Ask,
    Back,
    BreakpointsSet,
    CheckGradients,
    Compare,
    Compared,
    Complete,
    CurveDrawn,
    Do,
    DrawCurve,
    Evaluate,
    Evaluated,
    GoTo,
    GradientsChecked,
    Inspect,
    Inspected,
    Next,
    Open,
    Opened,
    ParamCheck,
    Refused,
    Reply,
    Run,
    RunBack,
    Running,
    SeenAnew,
    SetBreakpoints,
    SetValue,
    SetWatches,
    SetZeroing,
    ShowTape,
    Step,
    Stopped,
    TapeShown,
    Tell,
)
from bptui.protocol.phase import Goal, Phase, StopReason
from bptui.protocol.snapshot import Rows, Snapshot
from bptui.protocol.tape import Move, Tape
from bptui.session.live import Listener
from bptui.trace.timeline import Timeline
from tests.ui.fakes.fake_inside import Inside
from tests.ui.fakes.fake_lecture import PHASES, Lecture, Refusal, tensor
from tests.ui.fakes.fake_past import Deed, Past
from tests.ui.fakes.fake_stops import Stops
from tests.ui.fakes.fake_typed import Typed
from tests.ui.fakes.stops import PROGRAM

TICK = 10
"""A run tells where it is after so many steps."""
FAR = 10_000
"""So many steps are compared at most."""


class FakeSession:
    """Answers every request at once, as a live session would."""

    def __init__(self) -> None:
        self.asked: list[Ask] = []
        """All requests, in order."""
        self.snapshot: Snapshot | None = None
        """Where the program stands."""
        self.lecture = Lecture()
        self.timeline = Timeline.temporary()
        self._listener: Listener | None = None
        self._pausing = False
        self._forget()

    def _forget(self) -> None:
        self._inside: Inside | None = None
        self._tapes = 0
        self._tape: Tape | None = None
        self._forward: Tape | None = None
        """The tape of the latest forward, if that was stepped into."""
        self.past = Past()
        self.typed = Typed()
        self.stops = Stops(self.typed)

    def start(self, listener: Listener) -> None:
        self._listener = listener
        self.restart()

    def restart(self) -> None:
        self.lecture, self.snapshot = Lecture(), None
        self._forget()
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
            reply = Reply(len(self.asked), tell)
            self.timeline.hear(reply)
            self._listener(reply)

    def _answer(self, ask: Ask) -> None:
        match ask:
            case Open():
                self._tell(Opened(PROGRAM, "3.11.9", "2.9.0"))
                self._stood((None, True), None, StopReason.ENTRY)
                self._tell_where()
            case Next():
                if not self._leave():
                    self._stop(self.lecture.next(), (None, self.lecture.zeroing))
                self._tell_where()
            case Do(phase):
                inside = self._inside
                if not self._leave() or inside is None or phase is not inside.phase:
                    self._do(phase, inside is not None)
                self._tell_where()
            case Run():
                self._leave()
                self._run(ask)
                self._tell_where()
            case Compare(steps):
                self._leave()
                self._compare(steps or FAR)
            case Back(steps):
                self._back(steps)
            case GoTo(index, branch):
                self._leave()
                self._go(index, branch)
            case RunBack():
                self._leave()
                self._go(0, None)
            case Step(move):
                self._step(move)
            case ShowTape():
                self._tell(TapeShown(self._tapes, self._tape))
            case CheckGradients():
                self._tell(self._checked())
            case SetZeroing(on):
                self._set_zeroing(on)
                assert self.snapshot is not None
                self._tell(SeenAnew(self.snapshot))
            case DrawCurve() if self._inside is not None:
                reason = f"the program is inside {self._inside.phase}"
                self._tell(CurveDrawn("w", (), (), None, None, None, reason))
            case DrawCurve(_param, low, high, points):
                self._tell(self.lecture.curve(low, high, points))
            case Evaluate(text):
                self._evaluate(text)
            case SetValue(name, value):
                self._leave()
                self.typed.set(name, value, self.lecture)
                self._edited(f"{name} = {value}")
                self._tell_where()
            case SetWatches(expressions):
                self.typed.watches = expressions
                assert self.snapshot is not None
                self._tell(SeenAnew(self._watched(self.snapshot)))
            case SetBreakpoints(breakpoints):
                self._tell(BreakpointsSet(self.stops.set(breakpoints)))
            case Complete(text):
                self._tell(self.typed.complete(text, self.lecture))
            case Inspect(name):
                self._tell(self._inspected(name))

    def _do(self, phase: Phase, left: bool) -> None:
        try:
            lecture = self.lecture
            apart = phase is not PHASES[lecture.cursor] or (phase is Phase.ZERO_GRAD and not lecture.zeroing)
            self._stop(lecture.do(phase), (phase if apart else None, lecture.zeroing))
        except Refusal as refusal:
            if not left:
                raise
            assert self.snapshot is not None  # the phase that it was inside of is left all the same
            self.snapshot = replace(
                self.snapshot, explain=f"{self.snapshot.explain}; {phase} was refused: {refusal.args[0]}"
            )

    def _stop(self, phase: Phase, deed: Deed, reason: StopReason = StopReason.STEP) -> None:
        """That phase ran as a whole."""
        self._ran(phase)
        self._stood(deed, phase, reason)

    def _stood(self, deed: Deed, phase: Phase | None, reason: StopReason) -> None:
        """A step was made."""
        snapshot = replace(self.lecture.snapshot(self.snapshot, phase, reason), tape=self._tapes)
        self.snapshot = self.past.made(deed, snapshot, self.lecture)

    def _ran(self, phase: Phase) -> None:
        if phase is Phase.FORWARD:
            self._forget_tape()

    def _forget_tape(self) -> None:
        self._tapes += self._tape is not None
        self._tape = self._forward = None

    def _tell_where(self) -> None:
        assert self.snapshot is not None
        self._tell(self._stopped())

    def _stopped(self) -> Stopped:
        assert self.snapshot is not None
        rows, branches = self.past.news()
        return Stopped(self._watched(self.snapshot), Rows.of(rows), branches)

    def _watched(self, snapshot: Snapshot) -> Snapshot:
        self.snapshot = replace(snapshot, watches=self.typed.look(self.lecture))
        return self.snapshot

    def _evaluate(self, text: str) -> None:
        shown, failed, changed = self.typed.evaluate(text, self.lecture)
        if changed:
            self._leave()
            self._edited(text)
        self._tell(Evaluated(shown, failed, self._stopped() if changed else None))

    def _edited(self, text: str) -> None:
        """A person changed the program."""
        self.lecture.index += 1
        deed = text, self.lecture.zeroing
        snapshot = replace(self.lecture.snapshot(self.snapshot, None, StopReason.STEP), edit=text, explain=text)
        self.snapshot = self.past.made(deed, snapshot, self.lecture)

    def _back(self, steps: int) -> None:
        if self._inside is not None and self._inside.at > 0:
            self._step(Move.BACK)
        elif self._inside is not None:
            at = self._inside.before.index
            self._leave()
            self._go(at, None)
        elif self.past.index == 0:
            raise Refusal("This is the entry: nothing has run before it.", "n runs the first phase.")
        else:
            self._go(max(self.past.index - steps, 0), None)

    def _go(self, index: int, branch: int | None) -> None:
        self.snapshot, self.lecture = self.past.go(index, branch)
        self._forget_tape()
        self.snapshot = replace(self.snapshot, tape=self._tapes)
        self._tell_where()

    def _step(self, move: Move) -> None:
        inside = self._inside
        if inside is None:
            if not self.lecture.ended and move not in (Move.IN, Move.OVER):
                raise Refusal("The program is not inside a phase.", "Press s to step into the one that comes next.")
            self.lecture.begin_inside()
            assert self.snapshot is not None
            inside = Inside(self.snapshot, self.lecture, self._forward)
            self._inside, self._tape, self._tapes = inside, inside.tape, self._tapes + 1
            if inside.phase is Phase.FORWARD:
                self._forward = inside.tape
        if not inside.move(move):
            self._leave()
        else:
            self.snapshot = replace(inside.snapshot(self._tapes), branch=self.past.branch)
        self._tell_where()

    def _leave(self) -> bool:
        """Go to the end of the phase, if it is inside one."""
        if self._inside is None:
            return False
        inside, lecture = self._inside, self.lecture
        self.snapshot, self._inside = inside.before, None
        apart = inside.phase is Phase.ZERO_GRAD and not lecture.zeroing  # zeroing was turned off inside of it
        self._stood((inside.phase if apart else None, lecture.zeroing), lecture.next(), StopReason.STEP)
        return True

    def _checked(self) -> GradientsChecked:
        """Autograd's slope and a central difference: both are exact for a parabola."""
        curve = self.lecture.curve(0.0, 1.0, 2)
        if self._inside is not None:
            return GradientsChecked((), None, f"the program is inside {self._inside.phase}")
        if curve.slope is None:
            return GradientsChecked((), None, curve.reason)
        check = ParamCheck("w", 1, 1, 0.0, curve.slope, curve.slope, (0,), "equal")
        return GradientsChecked((check,), curve.loss, "", "float64")

    def _run(self, run: Run) -> None:
        lecture, told, self._pausing = self.lecture, 0, False
        met = ""
        first, deed, before = lecture.turn, (None, lecture.zeroing), self.snapshot
        since = len(lecture.printed)
        for steps in count(1):
            phase, reason = lecture.next(), StopReason.STEP
            on = {Goal.SAMPLE: lecture.turn == first, Goal.EPOCH: lecture.turn // 3 == first // 3}.get(run.goal, True)
            if lecture.ended or not on or steps == run.steps:
                break
            if self._pausing:
                reason = StopReason.PAUSE
                break
            if met := self.stops.met(lecture):
                reason = StopReason.BREAKPOINT
                break
            copy = deepcopy(lecture)
            copy.printed, since = lecture.printed[since:], len(lecture.printed)
            before = self.past.made(deed, copy.snapshot(before, phase, StopReason.STEP), copy)
            if not steps % TICK:
                rows, branches = self.past.news()
                unheard = lecture.printed[told:]
                told += len(unheard)
                self._tell(Running(Rows.of(rows), unheard, branches))
        self._ran(Phase.FORWARD)
        self._stop(phase, deed, reason)
        self.snapshot = replace(self.snapshot, met=met)

    def _compare(self, steps: int) -> None:
        """Run on with zeroing as it is, and the other way; stand here again."""
        here, zeroing = (self.past.index, self.past.branch), self.lecture.zeroing
        ends = {}
        for on in (zeroing, not zeroing):
            self._set_zeroing(on)
            self._run(Run(Goal.END, steps))
            ends[on] = self.past.branch
            self.snapshot, self.lecture = self.past.go(*here)
        self._forget_tape()
        self._set_zeroing(zeroing)
        self._tell(Compared(self._stopped(), here[0], ends[True], ends[False]))

    def _set_zeroing(self, on: bool) -> None:
        assert self.snapshot is not None
        self.lecture.zeroing = on
        if self._inside is not None:
            self._inside.set_zeroing(on)
            self.snapshot = replace(self._inside.snapshot(self._tapes), branch=self.past.branch)
        else:
            marks, upcoming = self.lecture.ahead()
            self.snapshot = replace(self.snapshot, zeroing=on, marks=marks, next=upcoming)

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
