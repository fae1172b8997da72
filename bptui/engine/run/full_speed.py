"""A run at full speed, to a breakpoint or to its goal."""

from __future__ import annotations

from collections.abc import Callable

from bptui.engine.analysis.recall import can_recall, recall
from bptui.engine.breakpoints.prefilter import Prefilter
from bptui.engine.compiler.instructions import RunBlock
from bptui.engine.interpreter.failure import failure_of
from bptui.engine.interpreter.machine import Raised
from bptui.engine.interpreter.output import Offset
from bptui.engine.interpreter.position import epoch_key
from bptui.engine.run.checkpoints import Checkpoints
from bptui.engine.run.execution import Execution
from bptui.engine.run.express import Express
from bptui.engine.run.history import NEXT
from bptui.protocol.phase import Goal, StopReason
from bptui.protocol.snapshot import Snapshot


def run_on(
    execution: Execution,
    past: Checkpoints,
    goal: Goal,
    steps: int | None,
    mark: Offset,
    pause: Callable[[], bool],
    progress: Callable[[], None],
    *,
    stopping: bool,
) -> Snapshot:
    """Run on from here, as `Controller.run` says. `mark`: where the output ended before."""
    machine, stepper, recorder, breakpoints = (
        execution.machine,
        execution.stepper,
        execution.recorder,
        execution.breakpoints,
    )
    failure, reason, hit = None, StopReason.STEP, None
    turn, epoch, done, taken = machine.turn, epoch_key(machine), 0, NEXT[stepper.zeroing]
    far = goal is Goal.END and steps is None
    stepper.begin()
    recorder.run_begins(sparing=far, recalls=far and can_recall(execution.script, recorder), stops=stopping)
    keep = execution.history.keeper(taken)
    ran: RunBlock | None = None
    pausing = False
    with execution.running():
        if stopping:
            breakpoints.begin(stepper.place)
        express = Express(execution, taken, breakpoints.prefilter if stopping else lambda names: Prefilter())
        while True:
            past.visit(False)
            try:
                ran = express.next() if far else stepper.next(False)
            except Raised as raised:
                failure, reason = failure_of(raised, execution.script.path), StopReason.EXCEPTION
                ran = stepper.running or ran
                if ran is not None:
                    recorder.failed(ran)
            done += 1
            if stopping and failure is None and (hit := breakpoints.met(ran, stepper.place)) is not None:
                reason = hit.reason
                break
            if failure or machine.ended or done == steps:
                break
            if goal is Goal.SAMPLE and machine.turn != turn:
                break
            if goal is Goal.EPOCH and epoch_key(machine) != epoch:
                break
            pausing = pausing or pause()
            if pausing and recorder.unwatched and not recorder.recalls:
                recorder.sparing = False  # fast as it is: one more forward, with all its values
            elif pausing:
                reason = StopReason.PAUSE
                break
            keep(execution.fields(ran))
            progress()
        if recorder.recalls:
            recall(recorder)
    recorder.run_ends()
    execution.tapes.forget()
    ending = StopReason.END if machine.ended else reason
    snapshot = execution.stop(taken, ran, ending, mark, failure, recorded=True)
    return snapshot if hit is None else execution.snapshots.say_met(hit.words)
