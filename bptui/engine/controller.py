"""Everything that can be asked of a script that is being stepped: one method for each request.

It holds the rules (what may be asked when, inside a phase or outside) and leaves the work to the rooms below.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bptui.engine.analysis import curve, gradcheck
from bptui.engine.errors import StepRefused
from bptui.engine.interpreter.output import Output
from bptui.engine.interpreter.script import Script
from bptui.engine.observe import inspector
from bptui.engine.repl.evaluate import Evaluation
from bptui.engine.repl.prompt import typed_set
from bptui.engine.run.checkpoints import Checkpoints
from bptui.engine.run.execution import Execution
from bptui.engine.run.forks import Forks, Handover
from bptui.engine.run.full_speed import run_on
from bptui.engine.run.history import NEXT, StepTaken
from bptui.engine.run.program import Program, TellLocation
from bptui.engine.run.step_in import enter, leave
from bptui.engine.run.travel import Travel
from bptui.engine.tape.cursor import PhaseCursor
from bptui.protocol.breakpoint import Breakpoint, BreakpointState
from bptui.protocol.phase import Goal, Phase, StopReason
from bptui.protocol.replies import Completed, CurveDrawn, GradientsChecked, Inspected, TapeShown
from bptui.protocol.rows import Branch, Row, Rows
from bptui.protocol.snapshot import ProgramInfo, Snapshot
from bptui.protocol.tape import Move

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
        self,
        path: str,
        argv: Sequence[str] = (),
        *,
        output: Output | None = None,
        memory: int = MEMORY,
        forks: Forks | None = None,
    ) -> None:
        """Read and cut the script at `path`; `argv` are its own arguments; `memory`: megabytes for checkpoints.

        `forks`: the copies of this process, if it may be copied to go back.

        Raises:
            OSError: the file cannot be read.
            CannotCut: it is no Python, or its loop cannot be cut.
        """
        self._script = Script(path, argv)
        self.program: ProgramInfo = self._script.program
        self._output = output or Output.in_process()
        self._program = Program(self._script, path, argv, self._output, memory << 20, forks)
        self.handover_state: Callable[[], dict[str, Any]] = dict
        """Gives what a copy of the process that wakes up has to know, besides what the program knows."""
        self._inside: PhaseCursor | None = None
        """The phase that is stepped through, if one is."""

    @property
    def _execution(self) -> Execution:
        return self._program.execution

    @property
    def _checkpoints(self) -> Checkpoints:
        return self._program.checkpoints

    @property
    def beacon(self) -> TellLocation:
        """Told what is about to run, before it runs."""
        return self._program.beacon

    @beacon.setter
    def beacon(self, beacon: TellLocation) -> None:
        self._program.beacon = beacon

    # ---- beginning

    def start(self) -> Snapshot:
        """Run the script up to its first phase: the entry stop."""
        self._inside = None
        mark = self._output.mark()
        failure = self._program.begin_anew()
        entered = failure is None and not self._execution.machine.ended
        reason = StopReason.ENTRY if entered else self._execution.reason(failure)
        taken = NEXT[self._program.zeroing]
        snapshot = self._execution.stop(taken, self._execution.result(taken, None, failure, mark, reason))
        self._checkpoints.keep(True)
        self._checkpoints.leave_sleeper(True, soon=True)
        return snapshot

    def restart(self) -> Snapshot:
        """Begin again: the same script, arguments and random state in a fresh module. The timeline begins anew.

        What the script did outside (files, printed text) stays done.
        """
        self._program.give_up()
        return self.start()

    @property
    def snapshot(self) -> Snapshot:
        """Where the program is now."""
        self._check_started()
        if self._inside is not None:
            return self._inside.snapshot()
        assert self._execution.snapshots.last is not None
        return self._execution.snapshots.last

    def rows(self, since: int = 0) -> tuple[Row, ...]:
        """The timeline of the present branch, from that index on."""
        history = self._program.history
        return tuple(history.row(history.branch, index) for index in range(since, history.last(history.branch) + 1))

    @property
    def branches(self) -> tuple[Branch, ...]:
        """Every way that the program took."""
        return self._program.history.branches

    def stretches(self, branch: int, since: int) -> tuple[Rows, ...]:
        """A branch's own rows from that index on."""
        return self._program.history.stretches(branch, since)

    def set_zeroing(self, on: bool) -> Snapshot:
        """Whether `next` runs zero_grad or passes over it. The same stop, seen anew."""
        self._check_started()
        self._program.set_zeroing(on)
        if self._inside is not None:
            return self._inside.with_zeroing(on, self._execution.tapes.number)
        return self._execution.snapshots.see_anew(on)

    # ---- stepping

    def next(self) -> Snapshot:
        """Run the block that comes next in the script's own order.

        Raises:
            StepRefused: the script has ended, or PyTorch rejected the step whole. Nothing changed.
        """
        if self._inside is not None:
            return self._leave()
        self._check_going()
        return self._step(NEXT[self._program.zeroing])

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
                raise StepRefused("The program is not inside a phase.", "`in` steps into the one that comes next.")
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
                return self._execution.snapshots.add(f"{phase} was refused: {refusal.message}")
        self._check_going()
        return self._step(self._deed(phase))

    def _deed(self, phase: Phase) -> StepTaken:
        """That phase; where it comes next anyway, just the next one."""
        cursor = self._execution.machine.cursor
        passed = phase is Phase.ZERO_GRAD and not self._program.zeroing
        if cursor is not None and cursor.phase is phase and not passed:
            return NEXT[self._program.zeroing]
        return StepTaken(phase, self._program.zeroing)

    def _step(self, taken: StepTaken) -> Snapshot:
        self._checkpoints.visit(True)
        self._checkpoints.running()
        try:
            return self._execution.step(taken)
        finally:
            self._checkpoints.paused()

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
            mark = self._inside.sent_until
            left = self._leave()
            if left.stop_reason is not StopReason.STEP:
                return left
        self._check_going()
        self._checkpoints.running()
        try:
            stopping = stopping and self._execution.breakpoints.active
            return run_on(self._execution, self._checkpoints, goal, steps, mark, pause, progress, stopping=stopping)
        finally:
            self._checkpoints.paused()

    # ---- going back

    def back(self, steps: int = 1, *, pause: Callable[[], bool] = lambda: False) -> Snapshot:
        """Undo so many steps: stand where the program stood before them. Inside a phase, go back in it.

        Raises:
            StepRefused: the program is at its entry, or does not repeat itself. Nothing changed.
        """
        self._check_started()
        if self._inside is not None:
            if self._inside.at > 0:
                self._inside.move(Move.BACK)
                return self._look_inside()
            return self.goto(self._inside.before.index, pause=pause)
        if self._program.history.index == 0:
            raise StepRefused("This is the entry: nothing has run before it.", "`next` runs the first phase.")
        return self.goto(max(self._program.history.index - steps, 0), pause=pause)

    def goto(self, index: int, branch: int | None = None, *, pause: Callable[[], bool] = lambda: False) -> Snapshot:
        """Stand at a step that has run; -1 is the last one of the branch (default: the present one).

        Everything that the script can see is as it was then, to the bit: tensors, gradients, optimizers, variables,
        random state and the place in the data.

        Raises:
            StepRefused: there is no such step, or the program does not repeat itself. Nothing changed.
        """
        self._check_started()
        travel = Travel(self._program, pause, self.handover_state)
        branch = self._program.history.branch if branch is None else branch
        if self._inside is not None:
            index = travel.check(branch, index)
            self._leave()
        return travel.to(branch, index)

    def arrive(self, handover: Handover, *, pause: Callable[[], bool] = lambda: False) -> Snapshot:
        """In a copy of the process that slept and was woken: go where the handover says."""
        forks = self._program.forks
        assert forks is not None
        self._inside = None
        self._program.learn(handover.history, handover.known)
        travel = Travel(self._program, pause)
        return forks.arrive(handover, lambda: travel.onwards(handover.branch, handover.index))

    def run_back(self, *, pause: Callable[[], bool] = lambda: False) -> Snapshot:
        """Go back to where the latest breakpoint before this stop was met, or else to the entry.

        Raises:
            StepRefused: the program is at its entry, or does not repeat itself. Nothing changed.
        """
        self._check_started()
        if self._inside is not None:
            self._leave()
        if self._program.history.index == 0:
            raise StepRefused("This is the entry: nothing has run before it.", "`next` runs the first phase.")
        return Travel(self._program, pause).to_breakpoint()

    def compare(
        self,
        steps: int | None = None,
        *,
        pause: Callable[[], bool] = lambda: False,
        progress: Callable[[], None] = lambda: None,
        ended: Callable[[], None] = lambda: None,
        returned: Callable[[], None] = lambda: None,
    ) -> tuple[Snapshot, int, int]:
        """Run on from here on two branches, with zeroing on and off, and stand here again.

        At most `steps` steps each; without it, as many as there are, up to `FAR`. Returns this stop, and the numbers of
        the branches with zeroing on and off. `ended` is called at the end of each way; `returned` when the program
        stands here again: what it printed meanwhile it had printed before.

        Raises:
            StepRefused: the script has ended, or it does not repeat itself.
        """
        if self._inside is not None:
            self._leave()
        self._check_going()
        here, zeroing = (self._program.history.branch, self._program.history.index), self._program.zeroing
        branches = {}
        for on in (zeroing, not zeroing):
            self.set_zeroing(on)
            self.run(steps=steps or FAR, pause=pause, progress=progress, stopping=False)
            branches[on] = self._program.history.branch
            ended()
            snapshot = Travel(self._program, pause).to(*here, wake=False)
            returned()
        self.set_zeroing(zeroing)
        return snapshot, branches[True], branches[False]

    # ---- typed Python

    def evaluate(self, text: str) -> tuple[Evaluation, Snapshot | None]:
        """Run Python in the script's namespace, as a Python prompt would. A step of its own if it changed the program.

        Raises:
            StepRefused: the program is inside a phase.
        """
        self._check_outside()
        execution, mark = self._execution, self._output.mark()
        self._checkpoints.visit(True)
        with execution.running():
            evaluation = self._program.prompt.evaluate(text, self._program.prompt.remember_program)
        if not evaluation.changed:
            return evaluation, None
        taken = StepTaken(None, self._program.zeroing, text)
        return evaluation, execution.stop(taken, execution.result(taken, None, None, mark))

    def set_value(self, name: str, value: str) -> Snapshot:
        """Edit a variable, a tensor in place, or an optimizer's setting: a step of its own.

        Raises:
            StepRefused: there is nothing of that name, or it cannot have that value.
        """
        self._check_outside()
        return self._step(StepTaken(None, self._program.zeroing, typed_set(name, value)))

    def set_watches(self, expressions: Sequence[str]) -> Snapshot:
        """Evaluate these at each stop from now on. The same stop, seen anew."""
        self._program.prompt.watches.set(expressions)
        return self.set_zeroing(self._program.zeroing)

    def set_breakpoints(self, points: Sequence[Breakpoint]) -> tuple[BreakpointState, ...]:
        """The breakpoints are these now; counts of those that stay the same go on. What became of each."""
        self._check_started()
        self._program.asked = tuple(points)
        return self._execution.breakpoints.set(self._program.asked)

    def breakpoint_states(self) -> tuple[BreakpointState, ...]:
        """What became of each breakpoint, and how often it was met."""
        self._check_started()
        return self._execution.breakpoints.states()

    def logged(self) -> str:
        """What logpoints said since they were last asked, a line each."""
        return self._execution.breakpoints.logged() if self._program.started else ""

    def complete(self, text: str) -> Completed:
        """What a name under the cursor may become."""
        self._check_started()
        return self._program.prompt.complete(text)

    def _check_outside(self) -> None:
        self._check_started()
        if self._inside is not None:
            raise StepRefused(f"The program is inside {self._inside.run.phase}.", "`out` leaves it.")

    # ---- looking

    def curve(self, param: str, low: float, high: float, points: int) -> CurveDrawn:
        """The loss over a one-element parameter, by running the forward on a copy; the program is not disturbed."""
        self._check_started()
        if self._inside is not None:
            return CurveDrawn(param, (), (), None, None, None, f"the program is inside {self._inside.run.phase}")
        with self._execution.running():
            return curve.draw(
                self._script, self._execution.iteration, self._execution.recorder, param, low, high, points
            )

    def check(self) -> GradientsChecked:
        """Autograd's gradients of the last forward beside central differences; the program is not disturbed."""
        self._check_started()
        if self._inside is not None:
            return GradientsChecked((), None, f"the program is inside {self._inside.run.phase}")
        with self._execution.running():
            execution, last = self._execution, self._execution.snapshots.last
            behind_backward = last is not None and last.phase is Phase.BACKWARD
            return gradcheck.check(
                self._script, execution.iteration, execution.recorder, behind_backward=behind_backward
            )

    def inspect(self, name: str) -> Inspected:
        """A value as Python sees it: a parameter, `<parameter>.grad`, the loss, a target, a value computed by name.

        Raises:
            StepRefused: there is nothing of that name.
        """
        self._check_started()
        if self._inside is not None:
            return self._inside.inspect(name)
        return inspector.inspect(name, self._execution.recorder)

    def tape(self) -> TapeShown:
        """The ops of the phase last stepped into, and the gradients that a backward stepped into gave them."""
        self._check_started()
        return self._execution.tapes.shown()

    # ---- inside a phase

    def _enter(self, move: Move) -> Snapshot:
        """Run the block that comes next as a whole, record it, and stand at its first op."""
        inside = enter(self._program)
        if inside is None:
            return self._step(NEXT[self._program.zeroing])
        self._inside = inside
        if inside.count == 0:
            return self._leave()
        inside.move(move)
        return self._look_inside()

    def _look_inside(self) -> Snapshot:
        assert self._inside is not None
        return self._inside.show(self._execution.tapes.number)

    def _leave(self) -> Snapshot:
        inside, self._inside = self._inside, None
        assert inside is not None
        return leave(self._program, inside)

    # ---- how a step is made

    def _check_started(self) -> None:
        if not self._program.started:
            raise StepRefused("The script was not started.", "Call start() first.")

    def _check_going(self) -> None:
        self._check_started()
        if self._execution.machine.ended:
            raise StepRefused("The script has ended.", "`restart` begins again.")
