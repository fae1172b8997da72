"""Runs a script's own lines phase by phase: the only mutator of the debuggee's state."""

from __future__ import annotations

import dataclasses
import gc
from collections.abc import Callable, Sequence

from bptui.engine import curve, gradcheck, inspector
from bptui.engine.breakpoints import Hit
from bptui.engine.code import RunBlock
from bptui.engine.course import Course, NotThere
from bptui.engine.errors import StepRefused
from bptui.engine.evaluate import Evaluation
from bptui.engine.failure import failure_of, refusal_of
from bptui.engine.history import NEXT, Deed, History
from bptui.engine.inside import Inside
from bptui.engine.machine import Machine, Raised
from bptui.engine.output import Output
from bptui.engine.past import Checkpoint, Past
from bptui.engine.program import Script
from bptui.engine.prompt import Prompt, typed_set
from bptui.engine.running import run_on
from bptui.engine.sites import Sites
from bptui.engine.stage import RandomState, Stage
from bptui.engine.state import State
from bptui.protocol.breakpoint import Breakpoint, BreakpointState
from bptui.protocol.messages import Completed, CurveDrawn, GradientsChecked, Inspected, TapeShown
from bptui.protocol.phase import Goal, Phase, StopReason
from bptui.protocol.snapshot import Branch, Failure, Program, Row, Rows, Snapshot
from bptui.protocol.tape import Move

Beacon = Callable[[Phase | None, int], None]

MEMORY = 512
"""Megabytes that checkpoints may take."""
FAR = 10_000
"""So many steps a comparison runs, if nobody says how many."""


class Controller:
    """Steps one script.

    `Controller(path, argv)` reads and cuts the script and runs none of it; `start()` runs it up to its first phase;
    `next()`, `do(phase)` and `run(goal)` go on from there, `back()` and `goto(index)` go back. Each returns a frozen
    `Snapshot`.

        controller = bptui.Controller("train.py", ["--lr", "0.1"])
        controller.start()
        controller.next().loss
    """

    def __init__(
        self, path: str, argv: Sequence[str] = (), *, output: Output | None = None, memory: int = MEMORY
    ) -> None:
        """Read and cut the script at `path`; `argv` are its own arguments; `memory`: megabytes for checkpoints.

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
        self._memory = memory << 20
        self._stage = Stage(path, argv)
        self._random: RandomState | None = None
        self._started = False
        self._sites = Sites(path, self._script.source, self._script.tree)
        self._inside: Inside | None = None
        """The phase that is stepped through, if one is."""
        self._present: Checkpoint | None = None
        """Where the program stood before it went back."""
        self._history = History()
        self._prompt = Prompt(self._output)
        self._asked: tuple[Breakpoint, ...] = ()
        """The breakpoints; they stay when the script begins again."""

    # ---- beginning

    def start(self) -> Snapshot:
        """Run the script up to its first phase: the entry stop."""
        if self._random is None:
            self._random = RandomState()
        self._history = History()
        self._prompt.forget()
        mark = self._output.mark()
        failure = self._begin()
        reason = StopReason.EXCEPTION if failure else StopReason.END if self._machine.ended else StopReason.ENTRY
        snapshot = self._course.stop(NEXT[self._zeroing], None, reason, mark, failure)
        self._past.keep(True)
        return snapshot

    def _begin(self) -> Failure | None:
        """A course from the script's first line on."""
        self._inside = None
        self._course = Course(self._script, self._stage, self._output, self._sites, self._history, self._prompt)
        self._machine: Machine = self._course.machine
        self._machine.started = self.beacon
        self._recorder, self._turn, self._stepper = self._course.recorder, self._course.turn, self._course.stepper
        self._tapes, self._snapshots = self._course.tapes, self._course.snapshots
        self._past = Past(self._course, self._memory)
        self._stepper.zeroing = self._zeroing
        self._started = True
        failure = self._course.enter()
        self._course.breakpoints.set(self._asked)
        return failure

    def restart(self) -> Snapshot:
        """Begin again: the same script, arguments and random state in a fresh module. The timeline begins anew.

        What the script did outside (files, printed text) stays done.
        """
        self._give_up()
        return self.start()

    def _give_up(self) -> None:
        """The present course will not go on; the world is as before the first one."""
        if self._started:
            with self._course.running():
                self._machine.close()
        if self._random is not None:
            self._random.restore()
        self._stage.forget()
        self._output.forget()

    @property
    def snapshot(self) -> Snapshot:
        """Where the program stands now."""
        self._check_started()
        if self._inside is not None:
            return self._inside.snapshot()
        assert self._snapshots.last is not None
        return self._snapshots.last

    def rows(self, since: int = 0) -> tuple[Row, ...]:
        """The timeline of the present branch, from that index on."""
        history = self._history
        return tuple(history.row(history.branch, index) for index in range(since, history.last(history.branch) + 1))

    @property
    def branches(self) -> tuple[Branch, ...]:
        """Every way that the program took."""
        return self._history.branches

    def stretches(self, branch: int, since: int) -> tuple[Rows, ...]:
        """A branch's own rows from that index on."""
        return self._history.stretches(branch, since)

    def set_zeroing(self, on: bool) -> Snapshot:
        """Whether `next` runs zero_grad or passes over it. The same stop, seen anew."""
        self._check_started()
        self._zeroing = self._stepper.zeroing = on
        if self._inside is not None:
            return self._inside.see_anew(on, self._tapes.number)
        return self._snapshots.see_anew(self._turn, on)

    # ---- stepping

    def next(self) -> Snapshot:
        """Run the block that comes next in the script's own order.

        Raises:
            StepRefused: the script has ended, or PyTorch rejected the step whole. Nothing changed.
        """
        if self._inside is not None:
            return self._leave()
        self._check_going()
        return self._step(NEXT[self._zeroing])

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

        A forward again before its backward computes the same sample again; after it, it takes the next sample. Inside a
        phase, that one is left first; where the other then cannot run, its end is the stop.

        Raises:
            StepRefused: there is no such block, no loss or no sample, or PyTorch rejected the step whole.
        """
        if self._inside is not None:
            left = self._leave()
            if phase is left.phase or left.stop_reason is not StopReason.STEP:
                return left
            try:
                return self._step(self._deed(phase))
            except StepRefused as refusal:
                return self._snapshots.add(f"{phase} was refused: {refusal}")
        self._check_going()
        return self._step(self._deed(phase))

    def _deed(self, phase: Phase) -> Deed:
        """That phase; where it comes next anyway, just the next one."""
        cursor = self._machine.cursor
        passed = phase is Phase.ZERO_GRAD and not self._zeroing
        if cursor is not None and cursor.phase is phase and not passed:
            return NEXT[self._zeroing]
        return Deed(phase, self._zeroing)

    def _step(self, deed: Deed) -> Snapshot:
        self._past.visit(True)
        self._past.running()
        try:
            return self._course.step(deed)
        finally:
            self._past.standing()

    def run(
        self,
        goal: Goal = Goal.END,
        steps: int | None = None,
        *,
        pause: Callable[[], bool] = lambda: False,
        progress: Callable[[], None] = lambda: None,
        stopping: bool = True,
    ) -> Snapshot:
        """Run on at full speed: to a breakpoint, the next sample, the next epoch, the end, or at most so many steps.

        `stopping`: whether breakpoints are looked at.

        `pause` is asked after a block whether to stop, and `progress` is called: where blocks are short, not after each
        one but about a hundred times a second.

        Raises:
            StepRefused: the script has ended.
            ValueError: `steps` is not positive.
        """
        if steps is not None and steps < 1:
            raise ValueError("steps must be at least 1")
        mark = self._output.mark()
        if self._inside is not None:
            mark = self._inside.told
            left = self._leave()
            if left.stop_reason is not StopReason.STEP:
                return left
        self._check_going()
        self._past.running()
        try:
            stopping = stopping and self._course.breakpoints.active
            return run_on(self._course, self._past, goal, steps, mark, pause, progress, stopping=stopping)
        finally:
            self._past.standing()

    # ---- going back

    def back(self, steps: int = 1, *, pause: Callable[[], bool] = lambda: False) -> Snapshot:
        """Undo so many steps: stand where the program stood before them. Inside a phase, go back in it.

        Raises:
            StepRefused: the program stands at its entry, or does not repeat itself. Nothing changed.
        """
        self._check_started()
        if self._inside is not None:
            if self._inside.at > 0:
                self._inside.move(Move.BACK)
                return self._look_inside()
            at = self._inside.before.index
            self._leave()
            return self.goto(at, pause=pause)
        if self._history.index == 0:
            raise StepRefused("This is the entry: nothing has run before it.", "n runs the first phase.")
        return self.goto(max(self._history.index - steps, 0), pause=pause)

    def goto(self, index: int, branch: int | None = None, *, pause: Callable[[], bool] = lambda: False) -> Snapshot:
        """Stand at a step that has run; -1 is the last one of the branch (default: the present one).

        Everything that the script can see is as it was then, to the bit: tensors, gradients, optimizers, variables,
        random state and the place in the data.

        Raises:
            StepRefused: there is no such step, or the program does not repeat itself. Nothing changed.
        """
        self._check_started()
        if self._inside is not None:
            self._leave()
        history = self._history
        branch = history.branch if branch is None else branch
        if not 0 <= branch < len(history.branches):
            raise StepRefused(f"There is no branch {branch}.", f"They are numbered 0 to {len(history.branches) - 1}.")
        last = history.last(branch)
        index = last if index == -1 else index
        if not 0 <= index <= last:
            raise StepRefused(f"There is no step {index} on branch {branch}.", f"They are numbered 0 to {last}.")
        if history.index == index and history.contains(branch, history.branch, index):
            history.stand(branch, index)
            return self._arrived(None)
        return self._travel(branch, index, pause)

    def _travel(self, branch: int, index: int, pause: Callable[[], bool]) -> Snapshot:
        """Stand at that step, from the nearest checkpoint on, or from where the program stands, or from the start."""
        history = self._history
        closely = self._closely
        self._present, wrote = self._past.keep(True), self._course.wrote
        here = (history.branch, history.index)
        start = self._past.nearest(branch, index, closely)
        onwards = history.contains(branch, *here) and here[1] <= index
        if not onwards or (start is not None and start.index > here[1]):
            self._stand_at(start)
        return self._not_undone(wrote, self._arrived(self._replay(branch, index, closely, self._following(pause))))

    def _not_undone(self, wrote: int, snapshot: Snapshot) -> Snapshot:
        """Say so where steps were undone that printed. `wrote`: how much was, where the program came from."""
        if self._course.wrote >= wrote:
            return snapshot
        return dataclasses.replace(snapshot, explain=f"printed text stays; {snapshot.explain}")

    @property
    def _closely(self) -> int:
        """So many steps before one that is gone to are looked at closely: those of a turn."""
        return max(len(self.program.blocks), 2) + 1

    def _stand_at(self, start: Checkpoint | None) -> None:
        """Stand at that checkpoint, or without one at the entry of a new course."""
        if start is not None:
            self._past.bring_back(start)
        else:
            self._start_over()

    def _replay(
        self, branch: int, index: int, closely: int, progress: Callable[[RunBlock | None], bool]
    ) -> Snapshot | None:
        """Run again up to that step. Where that fails, the program stands where it stood before it went back.

        Raises:
            NotThere: the program does not repeat itself, or it was interrupted.
        """
        try:
            return self._course.replay(branch, index, closely, progress)
        except NotThere:
            if self._present is not None and self._past.usable(self._present.moment):
                self._past.bring_back(self._present)
            self._stand()
            raise

    def _following(self, pause: Callable[[], bool]) -> Callable[[RunBlock | None], bool]:
        """While steps run again: what breakpoints remember follows, and `pause` is asked whether to give up."""

        def follow(ran: RunBlock | None) -> bool:
            self._course.breakpoints.stepped(ran, self._stepper.place)
            return not pause()

        return follow

    def run_back(self, *, pause: Callable[[], bool] = lambda: False) -> Snapshot:
        """Go back to where the latest breakpoint before this stop was met, or else to the entry.

        Raises:
            StepRefused: the program stands at its entry, or does not repeat itself. Nothing changed.
        """
        self._check_started()
        if self._inside is not None:
            self._leave()
        history = self._history
        if history.index == 0:
            raise StepRefused("This is the entry: nothing has run before it.", "n runs the first phase.")
        branch, here = history.branch, history.index
        self._present, wrote = self._past.keep(True), self._course.wrote
        found = self._latest_met(branch, here, pause) if self._course.breakpoints.active else None
        if found is None:
            return self.goto(here if pause() else 0, branch, pause=pause)
        self._stand_at(self._past.nearest(branch, found[0], self._closely))
        self._arrived(self._replay(branch, found[0], self._closely, self._following(lambda: False)))
        self._snapshots.last = dataclasses.replace(self.snapshot, stop_reason=found[1].reason)
        return self._not_undone(wrote, self._snapshots.say_met(found[1].words))

    def _latest_met(self, branch: int, end: int, pause: Callable[[], bool]) -> tuple[int, Hit] | None:
        """Where before that step a breakpoint was met last: what lies between two checkpoints runs again."""
        counts = self._course.breakpoints.counts()
        found: list[tuple[int, Hit]] = []

        def see(ran: RunBlock | None) -> bool:
            hit = self._course.breakpoints.met(ran, self._stepper.place)
            if hit is not None:
                found.append((self._history.index, hit))
            return not pause()

        try:
            while end > 1 and not found and not pause():
                self._stand_at(self._past.nearest(branch, end - 2, 0))
                start = self._history.index
                with self._course.running():
                    self._course.breakpoints.begin(self._stepper.place)
                self._replay(branch, end - 1, 0, see)
                end = start + 1
        finally:
            self._course.breakpoints.restore(counts)
            self._course.breakpoints.logged()
        return found[-1] if found else None

    def compare(
        self,
        steps: int | None = None,
        *,
        pause: Callable[[], bool] = lambda: False,
        progress: Callable[[], None] = lambda: None,
    ) -> tuple[Snapshot, int, int]:
        """Run on from here on two branches, with zeroing on and off, and stand here again.

        At most `steps` steps each; without it, as many as there are, up to `FAR`. Returns this stop, and the numbers of
        the branches with zeroing on and off.

        Raises:
            StepRefused: the script has ended, or it does not repeat itself.
        """
        if self._inside is not None:
            self._leave()
        self._check_going()
        here, zeroing = (self._history.branch, self._history.index), self._zeroing
        branches = {}
        for on in (zeroing, not zeroing):
            self.set_zeroing(on)
            self.run(steps=steps or FAR, pause=pause, progress=progress, stopping=False)
            branches[on] = self._history.branch
            snapshot = self.goto(here[1], here[0])
        self.set_zeroing(zeroing)
        return snapshot, branches[True], branches[False]

    def _start_over(self) -> None:
        """Run the script anew up to its entry, where no checkpoint leads back."""
        counts = self._course.breakpoints.counts()
        self._give_up()
        self._zeroing = True
        self._present = None  # of the course that ends: it could not be brought back
        del self._course, self._past, self._machine, self._recorder, self._turn, self._stepper
        del self._tapes, self._snapshots
        gc.collect()  # what it held may be large
        self._begin()
        self._history.stand(0, 0)
        course = self._course
        course.breakpoints.restore(counts)
        course.snapshots.last = course.look(0, 0, None, StopReason.ENTRY, ("", ""), None, True)
        self._past.keep(True)

    def _arrived(self, snapshot: Snapshot | None) -> Snapshot:
        """The program stands at a step that had run before."""
        self._stand()
        snapshot = snapshot or self._snapshots.last
        assert snapshot is not None
        self._snapshots.settle(snapshot, self._history.branch, reason=StopReason.GOTO)
        return self._snapshots.see_anew(self._turn, self._zeroing)

    def _stand(self) -> None:
        """Zeroing is as it was when the program went on from here."""
        history = self._history
        at = history.index + 1 if history.ahead else history.index
        self._zeroing = self._stepper.zeroing = history.deed(history.branch, at).zeroing

    # ---- typed Python

    def evaluate(self, text: str) -> tuple[Evaluation, Snapshot | None]:
        """Run Python in the script's namespace, as a Python prompt would. A step of its own if it changed the program.

        Raises:
            StepRefused: the program is inside a phase.
        """
        self._check_outside()
        course, mark = self._course, self._output.mark()
        self._past.visit(True)
        before = State(self._recorder.holders(), self._output)
        with course.running():
            evaluation = self._prompt.evaluate(text, before.is_unchanged)
        if not evaluation.changed:
            return evaluation, None
        deed = Deed(None, self._zeroing, text)
        return evaluation, course.stop(deed, None, course.reason(None), mark, None)

    def set_value(self, name: str, value: str) -> Snapshot:
        """Edit a variable, a tensor in place, or an optimizer's setting: a step of its own.

        Raises:
            StepRefused: there is nothing of that name, or it cannot have that value.
        """
        self._check_outside()
        return self._step(Deed(None, self._zeroing, typed_set(name, value)))

    def set_watches(self, expressions: Sequence[str]) -> Snapshot:
        """Evaluate these at each stop from now on. The same stop, seen anew."""
        self._prompt.watches.set(expressions)
        return self.set_zeroing(self._zeroing)

    def set_breakpoints(self, points: Sequence[Breakpoint]) -> tuple[BreakpointState, ...]:
        """The breakpoints are these now; counts of those that stay the same go on. What became of each."""
        self._check_started()
        self._asked = tuple(points)
        return self._course.breakpoints.set(self._asked)

    def breakpoint_states(self) -> tuple[BreakpointState, ...]:
        """What became of each breakpoint, and how often it was met."""
        self._check_started()
        return self._course.breakpoints.states()

    def logged(self) -> str:
        """What logpoints said since they were last asked, a line each."""
        return self._course.breakpoints.logged() if self._started else ""

    def complete(self, text: str) -> Completed:
        """What a name under the cursor may become."""
        self._check_started()
        return self._prompt.complete(text)

    def _check_outside(self) -> None:
        self._check_started()
        if self._inside is not None:
            raise StepRefused(f"The program is inside {self._inside.run.phase}.", "o leaves it.")

    # ---- looking

    def curve(self, param: str, low: float, high: float, points: int) -> CurveDrawn:
        """The loss over a one-element parameter, by running the forward on a copy; the program is not disturbed."""
        self._check_started()
        if self._inside is not None:
            return CurveDrawn(param, (), (), None, None, None, f"the program is inside {self._inside.run.phase}")
        with self._course.running():
            return curve.draw(self._script, self._turn, self._recorder, param, low, high, points)

    def check(self) -> GradientsChecked:
        """Autograd's gradients of the last forward beside central differences; the program is not disturbed."""
        self._check_started()
        if self._inside is not None:
            return GradientsChecked((), None, f"the program is inside {self._inside.run.phase}")
        with self._course.running():
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
        with self._course.running():
            skipped = self._stepper.pass_zero_grad()
        cursor = self._machine.cursor
        if cursor is None:  # it stands at other code, which raised before, or came to its end
            return self._step(NEXT[self._zeroing])
        before, mark = self._past.remember(), self._output.mark()
        self._stepper.begin()
        self._stepper.locate()
        place = self._stepper.place
        recording = self._tapes.begin(cursor.phase)
        failure, undone = None, False
        with self._course.running():
            try:
                self._ran = self._stepper.block(True, recording.around)
            except Raised as raised:
                failure = failure_of(raised, self._script.path)
                undone = self._past.undo(before)
        loss, name = (None, cursor.loss_name) if failure else (self._recorder.present_loss(), self._recorder.loss_name)
        recording.finish(loss, name)
        self._tapes.recorded(recording)
        values = self._recorder.values() if failure is None else (self.snapshot.values, self.snapshot.targets)
        inside = Inside(
            self.snapshot, cursor, recording, values, place, (self._output, mark), failure, undone, self.program.blocks
        )
        inside.skipped = skipped
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
        deed = NEXT[self._zeroing]
        if inside.skipped and self._zeroing:
            deed = Deed(None, True, skips=True)
        elif inside.run.phase is Phase.ZERO_GRAD and not self._zeroing:
            deed = Deed(Phase.ZERO_GRAD, False)
        if inside.undone:
            assert self._snapshots.last is not None
            return self._snapshots.last
        failure, run = inside.failure, inside.run
        if failure is not None:
            self._recorder.failed(run)
        else:
            with self._course.running():
                try:
                    self._stepper.move_on(*self._ran)
                except Raised as raised:
                    failure = failure_of(raised, self._script.path)
        self._course.breakpoints.stepped(run, self._stepper.place)
        reason = self._course.reason(failure)
        return self._course.stop(deed, run, reason, inside.told, failure, recorded=True)

    # ---- how a step is made

    def _check_started(self) -> None:
        if not self._started:
            raise StepRefused("The script was not started.", "Call start() first.")

    def _check_going(self) -> None:
        self._check_started()
        if self._machine.ended:
            raise StepRefused("The script has ended.", "Restart to begin again.")
