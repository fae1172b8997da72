"""One execution of a script: all that belongs to it, and how a step is made, in detail or once more."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

from bptui.engine.breakpoints.manager import Breakpoints
from bptui.engine.checkpoint.heap import Heap
from bptui.engine.compiler.instructions import RunBlock
from bptui.engine.compiler.syntax import every_name
from bptui.engine.expressions.namespace import Namespace
from bptui.engine.interpreter.environment import ScriptEnvironment
from bptui.engine.interpreter.failure import failure_of, raised_by_called_code, raised_in, refusal_of
from bptui.engine.interpreter.handling import Raised
from bptui.engine.interpreter.iteration import Iteration
from bptui.engine.interpreter.machine import Machine
from bptui.engine.interpreter.output import Offset, Output
from bptui.engine.interpreter.script import Script
from bptui.engine.observe.recorder import Recorder
from bptui.engine.observe.snapshots import Snapshots
from bptui.engine.observe.step_result import StepResult
from bptui.engine.repl.prompt import Prompt
from bptui.engine.run.history import Fields, History, StepTaken, differing
from bptui.engine.run.plain_variables import PlainVariables
from bptui.engine.run.stepper import Stepper
from bptui.engine.tape.call_sites import Sites
from bptui.engine.tape.current import Tapes
from bptui.protocol.phase import Phase, StopReason
from bptui.protocol.snapshot import Failure, Snapshot, Watched

Action = Callable[[bool], RunBlock | None]
"""Makes a step, and returns the block that ran. Called with whether to look at it in detail."""


class Execution:
    """One execution, from the script's first line on."""

    def __init__(
        self,
        script: Script,
        environment: ScriptEnvironment,
        output: Output,
        sites: Sites,
        history: History,
        plain_variables: PlainVariables,
        prompt: Prompt,
    ) -> None:
        self.script, self.environment, self.output, self.history = script, environment, output, history
        self.plain_variables = plain_variables
        self.machine = script.machine()
        self.recorder = Recorder(script, self.machine)
        self.iteration = Iteration(script, self.machine)
        self.snapshots = Snapshots(script, self.machine, self.recorder, self.iteration)
        self.stepper = Stepper(self.machine, self.recorder, self.iteration)
        self.tapes = Tapes(self.recorder, sites, output)
        self.stepper.watching = self.tapes.watching
        namespace = Namespace(self.machine, self.recorder, every_name(script.tree), prompt.typed)
        self.breakpoints = Breakpoints(script, self.machine, self.recorder, namespace)
        self._others = sum(output.mark())
        """So many bytes of the output were not written on the way to where the program is."""
        self.heap = Heap(
            [self.machine, self.recorder, self.iteration, self.stepper],
            [Machine, Recorder, Iteration, Stepper, *self.recorder.parts],
            script.source,
            environment.own_modules,
        )
        """All that the script can see."""
        self.prompt = prompt
        prompt.attach(self.machine, self.recorder, namespace, lambda: self.stepper.place)
        prompt.remember_program = lambda: self.heap.look(self.recorder.all_holders())
        self.snapshots.watched = self._watched

    def _watched(self) -> tuple[Watched, ...]:
        with self.running():
            return self.prompt.watched()

    @property
    def wrote(self) -> int:
        """How many bytes the script wrote to stdout and stderr on the way to where the program is."""
        return sum(self.output.mark()) - self._others

    @wrote.setter
    def wrote(self, count: int) -> None:
        self._others = sum(self.output.mark()) - count

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """While the script's lines run."""
        with self.environment.installed(self.machine.main), self.output.redirecting():
            yield

    def enter(self) -> Failure | None:
        """Run the script up to its first phase. Returns what it raised."""
        failure = None
        with self.running():
            try:
                self.machine.advance()
                self.recorder.parameters.find(self.recorder.holders())
            except Raised as raised:
                failure = failure_of(raised, self.script.path)
        self.stepper.locate()
        return failure

    # ---- a step

    def action(self, taken: StepTaken) -> Action:
        """How to do that now.

        Raises:
            StepRefused: it cannot be done.
        """
        self.stepper.zeroing = taken.zeroing
        phase = taken.phase
        if taken.edit:
            return lambda detailed: self.prompt.repeat(taken.edit)
        if phase is None:
            return self.stepper.skip if taken.skips else self.stepper.next
        cursor = self.machine.cursor
        if cursor is not None and cursor.phase is phase:
            return self.stepper.cursor
        if phase is Phase.FORWARD:
            if self.iteration.forward_again() is None:
                self.stepper.check_forward()
            return self.stepper.forward
        run, frame = self.iteration.find(phase)
        return lambda detailed: self.stepper.apart(run, frame, detailed)

    def step(self, taken: StepTaken) -> Snapshot:
        """Do it as one step; refuse it if the script's own code raised and nothing changed.

        Raises:
            StepRefused: nothing changed.
        """
        action = self.action(taken)
        cursor = self.machine.cursor
        backward = Phase.BACKWARD in (taken.phase, cursor.phase if cursor is not None else None)
        before = self.heap.look(self.recorder.holders(), glance=True, gradients=backward)
        place = self.stepper.bookmark()
        mark = self.output.mark()
        self.stepper.begin()
        failure, by_itself, called_code = None, False, False
        with self.running():
            try:
                ran = action(True)
            except Raised as raised:
                failure = self.tapes.explained(failure_of(raised, self.script.path))
                ran = self.stepper.running
                by_itself = ran is not None and raised_in(raised, self.script.path, ran.block.own_statements)
                called_code = raised_by_called_code(raised)
        if failure is not None and ran is not None and by_itself and ran.phase is not Phase.FORWARD:
            silent = self.output.mark() == mark
            rejected_backward = ran.phase is Phase.BACKWARD and not called_code
            if ran.phase is Phase.BACKWARD and silent:
                before.put_back_gradients()
            # a backward frees the graph as far as it comes, also one that PyTorch then rejects
            if silent and before.is_unchanged(graphs=not rejected_backward) and self.stepper.go_back(place):
                self.recorder.refused()
                raise refusal_of(failure, ran.phase, self.iteration.phases)
        if failure is not None and ran is not None:
            self.recorder.failed(ran)
        self.breakpoints.stepped(ran, self.stepper.place)
        if ran is not None:
            self.tapes.ran(ran.phase)
        snapshot = self.stop(taken, self.result(taken, ran, failure, mark))
        if ran is not None and ran.phase is Phase.FORWARD and failure is None:
            broadcast = self.tapes.broadcast(self.recorder.present_loss())
            return self.snapshots.add(broadcast) if broadcast else snapshot
        return snapshot

    def again(self, taken: StepTaken, detailed: bool) -> tuple[RunBlock | None, Failure | None]:
        """Do once more what was done before. Returns what ran, and what it raised."""
        self.stepper.begin()
        action, failure = self.action(taken), None
        try:
            ran = action(detailed)
        except Raised as raised:
            failure, ran = failure_of(raised, self.script.path), self.stepper.running
            if ran is not None:
                self.recorder.failed(ran)
        return ran, failure

    # ---- a stop

    def reason(self, failure: Failure | None) -> StopReason:
        """Why a step ended."""
        return StopReason.EXCEPTION if failure else StopReason.END if self.machine.ended else StopReason.STEP

    def result(
        self,
        taken: StepTaken,
        ran: RunBlock | None,
        failure: Failure | None,
        since: Offset,
        reason: StopReason | None = None,
        steps: int = 1,
    ) -> StepResult:
        """What a step did that was just made, or the last of `steps`. `since`: where the output ended before."""
        return StepResult(
            ran,
            self.reason(failure) if reason is None else reason,
            self.stepper.place,
            self.output.since(since),
            failure,
            taken.zeroing,
            steps,
            self.stepper.passed,
            taken.edit,
            self.prompt.description if taken.edit else "",
        )

    def stop(self, taken: StepTaken, step: StepResult) -> Snapshot:
        """A step was made: a snapshot of it, and its row."""
        snapshot = self.look(*self.history.place_of_next(taken), step)
        said = self.history.made(taken, fields_of(snapshot), step.reason)
        self.plain_variables.note(self.history.owner_number, self.history.index, self.recorder.holders())
        return self.snapshots.settle(snapshot, self.history.branch, said)

    def look(self, branch: int, index: int, step: StepResult) -> Snapshot:
        """The snapshot of where the program is behind a step."""
        self.snapshots.tape = self.tapes.number
        return self.snapshots.take(branch, index, step)

    def fields(self, ran: RunBlock | None) -> Fields:
        """What the timeline keeps of a step at full speed."""
        epoch, sample, _, _ = self.stepper.place
        return (ran.phase_name if ran is not None else None, epoch, sample, *self.recorder.numbers())

    # ---- again, from the past

    def replay(
        self, branch: int, index: int, detailed_tail: int, progress: Callable[[RunBlock | None], bool]
    ) -> Snapshot | None:
        """Do again what was done from where the program is up to that index; the last steps in detail.

        `detailed_tail`: how many of them. `progress` is told after every step what ran, and says whether to go on.
        Returns the snapshot of the last step, if there was one.

        Raises:
            NotThere: a step gave other numbers than before, or was interrupted. The program is behind it.
        """
        self.history.move_to(branch, self.history.index)
        self.recorder.run_begins()
        try:
            return self._replay(branch, index, detailed_tail, progress)
        finally:
            self.recorder.run_ends()
            self.tapes.forget()

    def _replay(
        self, branch: int, index: int, detailed_tail: int, progress: Callable[[RunBlock | None], bool]
    ) -> Snapshot | None:
        snapshot, history = None, self.history
        with self.running():
            while history.index < index:
                taken = history.taken(branch, history.index + 1)
                detailed = index - history.index <= detailed_tail
                mark = self.output.mark()
                ran, failure = self.again(taken, detailed)
                if failure is not None and failure.type == "KeyboardInterrupt":
                    raise NotThere("Going there was interrupted.", "", taken, self.result(taken, ran, failure, mark))
                if detailed:
                    step = self.result(taken, ran, failure, mark)
                    snapshot = self.look(branch, history.index + 1, step)
                    if history.index + 1 < index:
                        self.snapshots.pass_by(snapshot, look=history.index + 2 == index)
                    now = fields_of(snapshot)
                else:
                    now = self.fields(ran)
                said = differing(history.row(branch, history.index + 1), now)
                if said:
                    raise NotThere(
                        f"This program does not repeat itself: step {history.index + 1} now gives {said}.",
                        "Something that it uses is not restored (time, threads, files, another process).",
                        taken,
                        self.result(taken, ran, failure, mark),
                    )
                history.move_to(branch, history.index + 1)
                if not progress(ran) and history.index < index:
                    step = self.result(taken, ran, failure, self.output.mark(), StopReason.PAUSE)
                    snapshot = self.look(branch, history.index, step)
                    break
        return snapshot


class NotThere(Exception):
    """A step that had run could not be gone to: one on the way there went otherwise than before."""

    def __init__(self, message: str, hint: str, taken: StepTaken, step: StepResult) -> None:
        """`taken` and `step`: what was done again at last, behind which the program stands, and what came of it."""
        super().__init__(message)
        self.message, self.hint, self.taken, self.step = message, hint, taken, step


def fields_of(snapshot: Snapshot) -> Fields:
    """What the timeline keeps of a step that was looked at in detail."""
    row = snapshot.row()
    return row.phase.value if row.phase is not None else None, row.epoch, row.sample, row.loss, row.params
