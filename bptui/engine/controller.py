"""Runs a script's own lines phase by phase: the only mutator of the debuggee's state."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bptui.engine import curve, gradcheck, inspector
from bptui.engine.breakpoints import Breakpoints, Hit
from bptui.engine.code import RunBlock
from bptui.engine.errors import StepRefused
from bptui.engine.failure import failure_of, raised_in, refusal_of
from bptui.engine.inside import Inside
from bptui.engine.machine import Machine, Raised
from bptui.engine.output import Mark, Output
from bptui.engine.place import epoch_key
from bptui.engine.program import Script
from bptui.engine.recorder import Recorder
from bptui.engine.sites import Sites
from bptui.engine.snapshots import Snapshots
from bptui.engine.stage import RandomState, Stage
from bptui.engine.state import State
from bptui.engine.stepper import Stepper
from bptui.engine.tapes import Tapes
from bptui.engine.turn import Turn
from bptui.protocol.breakpoint import Breakpoint, BreakpointState
from bptui.protocol.messages import CurveDrawn, GradientsChecked, Inspected, TapeShown
from bptui.protocol.phase import Goal, Phase, StopReason
from bptui.protocol.snapshot import Failure, Program, Row, Snapshot
from bptui.protocol.tape import Move

Beacon = Callable[[Phase | None, int], None]


class Controller:
    """Steps one script.

    `Controller(path, argv)` reads and cuts the script and runs none of it; `start()` runs it up to its first phase;
    `next()`, `do(phase)` and `run(goal)` go on from there. Each returns a frozen `Snapshot`.

        controller = bptui.Controller("train.py", ["--lr", "0.1"])
        controller.start()
        controller.next().loss
    """

    def __init__(self, path: str, argv: Sequence[str] = (), *, output: Output | None = None) -> None:
        """Read and cut the script at `path`; `argv` are its own arguments.

        Raises:
            OSError: the file cannot be read.
            CannotCut: it is no Python, or its loop cannot be cut.
        """
        self._script = Script(path, argv)
        self.program: Program = self._script.program
        self.beacon: Beacon = lambda phase, line: None
        """Told what is about to run, before it runs."""
        self._zeroing = True
        self._output = output or Output.in_process()
        self._stage = Stage(path, argv)
        self._random: RandomState | None = None
        self._started = False
        self._sites = Sites(path, self._script.source, self._script.tree)
        self._inside: Inside | None = None
        """The phase that is stepped through, if one is."""
        self._asked: tuple[Breakpoint, ...] = ()
        """The breakpoints; they stay when the script begins again."""

    # ---- beginning

    def start(self) -> Snapshot:
        """Run the script up to its first phase: the entry stop."""
        if self._random is None:
            self._random = RandomState()
        self._machine: Machine = self._script.machine()
        self._machine.started = self.beacon
        self._recorder = Recorder(self._script, self._machine)
        self._snapshots = Snapshots(self._script, self._machine, self._recorder, self._output)
        self._turn = Turn(self._script, self._machine)
        self._stepper = Stepper(self._machine, self._recorder, self._turn)
        self._stepper.zeroing = self._zeroing
        self._tapes = Tapes(self._recorder, self._sites, self._output)
        self._breakpoints = Breakpoints(self._script, self._machine, self._recorder)
        self._inside = None
        self._started = True
        mark = self._output.mark()
        failure = None
        with self._stage.set(self._machine.main), self._output.redirecting():
            try:
                self._machine.advance()
                self._recorder.parameters.find(self._recorder.holders())
            except Raised as raised:
                failure = failure_of(raised, self._script.path)
        self._stepper.locate()
        self._breakpoints.set(self._asked)
        reason = StopReason.EXCEPTION if failure else StopReason.END if self._machine.ended else StopReason.ENTRY
        return self._stop(None, reason, mark, failure)

    def restart(self) -> Snapshot:
        """Begin again: the same script, arguments and random state in a fresh module. The timeline begins anew.

        What the script did outside (files, printed text) stays done.
        """
        if self._started:
            with self._stage.set(self._machine.main), self._output.redirecting():
                self._machine.close()
        if self._random is not None:
            self._random.restore()
        self._stage.forget()
        self._output.forget()
        return self.start()

    @property
    def snapshot(self) -> Snapshot:
        """Where the program stands now."""
        self._check_started()
        if self._inside is not None:
            return self._inside.snapshot()
        assert self._snapshots.last is not None
        return self._snapshots.last

    def rows(self, since: int = 0) -> tuple[Row, ...]:
        """The timeline, from that index on."""
        return self._snapshots.rows(since)

    def set_zeroing(self, on: bool) -> Snapshot:
        """Whether `next` runs zero_grad or passes over it. The same stop, seen anew."""
        self._check_started()
        self._zeroing = self._stepper.zeroing = on
        if self._inside is not None:
            return self._inside.see_anew(on)
        return self._snapshots.see_anew(self._turn, on)

    def set_breakpoints(self, breakpoints: Sequence[Breakpoint]) -> tuple[BreakpointState, ...]:
        """The breakpoints are these now; counts of those that stay the same go on. Tells what became of each."""
        self._check_started()
        self._asked = tuple(breakpoints)
        return self._breakpoints.set(self._asked)

    def breakpoint_states(self) -> tuple[BreakpointState, ...]:
        """What became of each breakpoint, and how often it was met."""
        self._check_started()
        return self._breakpoints.states()

    def logged(self) -> str:
        """What logpoints said since this was last asked."""
        return self._breakpoints.logged() if self._started else ""

    # ---- stepping

    def next(self) -> Snapshot:
        """Run the block that comes next in the script's own order.

        Raises:
            StepRefused: the script has ended, or PyTorch rejected the step whole. Nothing changed.
        """
        if self._inside is not None:
            return self._leave()
        self._check_going()
        return self._step(self._stepper.next)

    def step(self, move: Move = Move.IN) -> Snapshot:
        """Move inside a phase; `Move.IN` and `Move.OVER` also step into the one that comes next.

        The phase runs as a whole and is recorded; then it is shown one op or node at a time. `Snapshot.op` says which
        ran last; it is None once the phase is left.

        Raises:
            StepRefused: there is nothing there, or the phase was rejected before its first op.
        """
        if self._inside is None:
            self._check_going()
            if move not in (Move.IN, Move.OVER):
                raise StepRefused("The program is not inside a phase.", "Press s to step into the one that comes next.")
            return self._enter(move)
        if not self._inside.move(move):
            return self._leave()
        return self._look_inside()

    def do(self, phase: Phase) -> Snapshot:
        """Run that phase now, whatever comes next: the next block of that kind in the script's order.

        A forward again before its backward computes the same sample again; after it, it takes the next sample.

        Raises:
            StepRefused: there is no such block, no loss or no sample, or PyTorch rejected the step whole.
        """
        if self._inside is not None:
            left = self._leave()
            if phase is left.phase or left.stop_reason is not StopReason.STEP:
                return left
        self._check_going()
        cursor = self._machine.cursor
        if cursor is not None and cursor.phase is phase:
            return self._step(self._stepper.cursor)
        if phase is Phase.FORWARD:
            if self._turn.forward_again() is None:
                self._stepper.check_forward()
            return self._step(self._stepper.forward)
        run, frame = self._turn.find(phase)
        return self._step(lambda whole: self._stepper.apart(run, frame, whole))

    def run(
        self,
        goal: Goal = Goal.END,
        steps: int | None = None,
        *,
        pause: Callable[[], bool] = lambda: False,
        progress: Callable[[], None] = lambda: None,
    ) -> Snapshot:
        """Run on at full speed: to the next sample, the next epoch, the end, or at most so many steps.

        `progress` is called after every block, and then `pause` is asked whether to stop.

        Raises:
            StepRefused: the script has ended.
            ValueError: `steps` is not positive.
        """
        if steps is not None and steps < 1:
            raise ValueError("steps must be at least 1")
        if self._inside is not None:
            left = self._leave()
            if left.stop_reason is not StopReason.STEP:
                return left
        self._check_going()
        mark, failure, reason = self._output.mark(), None, StopReason.STEP
        self._stepper.begin()
        turn, epoch, taken = self._machine.turn, epoch_key(self._machine), 0
        ran: RunBlock | None = None
        pausing = False
        active = self._breakpoints.active  # it may stop anywhere, and then every value is asked for
        self._recorder.run_begins(sparing=goal is Goal.END and steps is None and not active)
        hit: Hit | None = None
        with self._stage.set(self._machine.main), self._output.redirecting():
            if self._breakpoints.active:
                self._breakpoints.begin(self._stepper.place)
            while True:
                try:
                    ran = self._stepper.next(False)
                except Raised as raised:
                    failure, reason = failure_of(raised, self._script.path), StopReason.EXCEPTION
                    ran = self._stepper.running or ran
                    if ran is not None:
                        self._recorder.failed(ran)
                taken += 1
                if (
                    self._breakpoints.active
                    and not failure
                    and (hit := self._breakpoints.met(ran, self._stepper.place))
                ):
                    reason = hit.reason
                    break
                if failure or self._machine.ended or taken == steps:
                    break
                if goal is Goal.SAMPLE and self._machine.turn != turn:
                    break
                if goal is Goal.EPOCH and epoch_key(self._machine) != epoch:
                    break
                self._snapshots.keep_row(ran, self._stepper.place)
                progress()
                pausing = pausing or pause()
                if pausing and self._recorder.unwatched:
                    self._recorder.sparing = False  # fast as it is: one more forward, with all its values
                elif pausing:
                    self._recorder.run_ends()
                    self._tapes.forget()
                    return self._stop(ran, StopReason.PAUSE, mark, None, kept=True)
        self._recorder.run_ends()
        self._tapes.forget()
        reason = StopReason.END if self._machine.ended else reason
        return self._stop(ran, reason, mark, failure, met=hit.words if hit else "")

    # ---- looking

    def curve(self, param: str, low: float, high: float, points: int) -> CurveDrawn:
        """The loss over a one-element parameter, by running the forward on a copy; the program is not disturbed."""
        self._check_started()
        if self._inside is not None:
            return CurveDrawn(param, (), (), None, None, None, f"the program is inside {self._inside.run.phase}")
        with self._stage.set(self._machine.main), self._output.redirecting():
            return curve.draw(self._script, self._turn, self._recorder, param, low, high, points)

    def check(self) -> GradientsChecked:
        """Autograd's gradients of the last forward beside central differences; the program is not disturbed."""
        self._check_started()
        if self._inside is not None:
            return GradientsChecked((), None, f"the program is inside {self._inside.run.phase}")
        with self._stage.set(self._machine.main), self._output.redirecting():
            return gradcheck.check(self._script, self._turn, self._recorder)

    def inspect(self, name: str) -> Inspected:
        """A value as Python sees it: a parameter, `<parameter>.grad`, the loss, a target, a value computed by name.

        Raises:
            StepRefused: there is nothing of that name.
        """
        self._check_started()
        if self._inside is not None:
            return self._inside.inspect(name)
        return inspector.inspect(name, self._recorder)

    def tape(self) -> TapeShown:
        """The ops of the phase last stepped into, and the gradients that a backward stepped into gave them."""
        self._check_started()
        return self._tapes.shown()

    # ---- inside a phase

    def _enter(self, move: Move) -> Snapshot:
        """Run the block that comes next as a whole, record it, and stand at its first op."""
        with self._stage.set(self._machine.main), self._output.redirecting():
            self._stepper.pass_zero_grad()
        cursor = self._machine.cursor
        if cursor is None:  # it stands at other code, which raised before, or came to its end
            return self._step(self._stepper.next)
        before = State(self._recorder.holders(), self._output)
        place, mark = self._stepper.bookmark(), self._output.mark()
        self._stepper.begin()
        recording = self._tapes.begin(cursor.phase)
        failure, undone = None, False
        with self._stage.set(self._machine.main), self._output.redirecting():
            try:
                self._ran = self._stepper.block(True, recording.around)
            except Raised as raised:
                failure = failure_of(raised, self._script.path)
                undone = before.put_back() and self._stepper.go_back(place)
        loss, name = (None, cursor.loss_name) if failure else (self._recorder.present_loss(), self._recorder.loss_name)
        recording.finish(loss, name)
        self._tapes.recorded(recording)
        values = self._recorder.values() if failure is None else (self.snapshot.values, self.snapshot.targets)
        inside = Inside(
            self.snapshot, cursor, recording, values, (self._output, mark), failure, undone, self.program.blocks
        )
        if inside.count == 0 and failure is not None and undone:
            raise refusal_of(failure, cursor.phase)
        self._inside = inside
        if inside.count == 0:
            return self._leave()
        inside.move(move)
        return self._look_inside()

    def _look_inside(self) -> Snapshot:
        assert self._inside is not None
        return self._inside.show(self._tapes.number)

    def _leave(self) -> Snapshot:
        """Go to the end of the phase: what comes after it runs, up to the next one."""
        inside, self._inside = self._inside, None
        assert inside is not None
        inside.recording.forget()
        if inside.undone:
            assert self._snapshots.last is not None
            return self._snapshots.last
        failure, run = inside.failure, inside.run
        if failure is not None:
            self._recorder.failed(run)
        else:
            with self._stage.set(self._machine.main), self._output.redirecting():
                try:
                    self._stepper.move_on(*self._ran)
                except Raised as raised:
                    failure = failure_of(raised, self._script.path)
        self._breakpoints.stepped(run, self._stepper.place)
        reason = StopReason.EXCEPTION if failure else StopReason.END if self._machine.ended else StopReason.STEP
        return self._stop(run, reason, inside.told, failure, recorded=True)

    # ---- how a step is made

    def _check_started(self) -> None:
        if not self._started:
            raise StepRefused("The script was not started.", "Call start() first.")

    def _check_going(self) -> None:
        self._check_started()
        if self._machine.ended:
            raise StepRefused("The script has ended.", "Restart to begin again.")

    def _step(self, action: Callable[[bool], RunBlock | None]) -> Snapshot:
        """Do it as one step; refuse it if the script's own code raised and nothing changed."""
        before = State(self._recorder.holders(), self._output)
        place = self._stepper.bookmark()
        mark = self._output.mark()
        self._stepper.begin()
        failure, by_itself = None, False
        with self._stage.set(self._machine.main), self._output.redirecting():
            try:
                ran = action(True)
            except Raised as raised:
                failure, ran = failure_of(raised, self._script.path), self._stepper.running
                by_itself = ran is not None and raised_in(raised, self._script.path, ran.block.own_statements)
        if failure is not None and ran is not None and by_itself and ran.phase is not Phase.FORWARD:
            if ran.phase is Phase.BACKWARD and before.silent:
                before.put_back_gradients()
            if before.is_unchanged() and self._stepper.go_back(place):
                raise refusal_of(failure, ran.phase)
        if failure is not None and ran is not None:
            self._recorder.failed(ran)
        self._breakpoints.stepped(ran, self._stepper.place)
        reason = StopReason.EXCEPTION if failure else StopReason.END if self._machine.ended else StopReason.STEP
        return self._stop(ran, reason, mark, failure)

    def _stop(
        self,
        ran: RunBlock | None,
        reason: StopReason,
        mark: Mark,
        failure: Failure | None,
        *,
        kept: bool = False,
        recorded: bool = False,
        met: str = "",
    ) -> Snapshot:
        if ran is not None and not recorded:
            self._tapes.ran(ran.phase)
        self._snapshots.tape = self._tapes.number
        return self._snapshots.take(
            ran,
            reason,
            self._stepper.place,
            self._output.since(mark),
            failure,
            self._turn,
            self._zeroing,
            passed=self._stepper.passed,
            replace_row=kept,
            met=met,
        )
