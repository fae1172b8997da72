"""A run at full speed, to a breakpoint or to its goal."""

from __future__ import annotations

from collections.abc import Callable

from bptui.engine.compiler.instructions import RunBlock
from bptui.engine.interpreter.failure import failure_of
from bptui.engine.interpreter.handling import Raised
from bptui.engine.interpreter.machine import Machine
from bptui.engine.interpreter.output import Offset
from bptui.engine.interpreter.position import epoch_key, is_last, is_last_of_epoch
from bptui.engine.run.checkpoints import Checkpoints
from bptui.engine.run.execution import Execution
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
    machine, stepper, recorder = execution.machine, execution.stepper, execution.recorder
    breakpoints = execution.breakpoints
    failure, reason, hit = None, None, None
    done, taken = 0, NEXT[stepper.zeroing]
    is_near, is_there = _nearness(goal, machine), _arrival(goal, machine)
    stepper.begin()
    recorder.run_begins()
    keep = execution.history.keeper(taken)
    ran: RunBlock | None = None
    with execution.running():
        if stopping:
            breakpoints.begin(stepper.place)
        next_block, visited = stepper.next, -1
        while True:
            if machine.iteration != visited:  # checkpoints are made where an iteration begins
                visited = machine.iteration
                past.visit(False)
            stepper.passed = False
            try:
                ran = next_block(done + 1 == steps or is_near())
            except Raised as raised:
                failure = failure_of(raised, execution.script.path)
                ran = stepper.running or ran
                if ran is not None:
                    recorder.failed(ran)
            done += 1
            if stopping and failure is None and (hit := breakpoints.met(ran, stepper.place)) is not None:
                reason = hit.reason
                break
            if failure or not machine.frames or done == steps:
                break
            if is_there is not None and is_there():
                break
            if pause():
                reason = StopReason.PAUSE
                break
            keep(execution.fields(ran))
            progress()
    recorder.run_ends()
    execution.tapes.forget()
    if machine.ended:
        reason = StopReason.END
    snapshot = execution.stop(taken, execution.result(taken, ran, failure, mark, reason, done))
    return snapshot if hit is None else execution.snapshots.say_met(hit.words)


def _nearness(goal: Goal, machine: Machine) -> Callable[[], bool]:
    """Tells before a block whether the goal may be reached behind it: then it is looked at in detail.

    So that what is said of the last step says all that `next` would say of it.
    """
    if goal is Goal.SAMPLE:
        return lambda: True
    is_in_last = is_last_of_epoch if goal is Goal.EPOCH else is_last
    moves, known = -1, False

    def is_near() -> bool:
        nonlocal moves, known
        if moves != machine.moves:
            moves, known = machine.moves, is_in_last(machine)
        return known

    return is_near


def _arrival(goal: Goal, machine: Machine) -> Callable[[], bool] | None:
    """Tells behind a block whether the goal is reached; None where that is the end of the script."""
    iteration, epoch = machine.iteration, epoch_key(machine)
    if goal is Goal.SAMPLE:
        return lambda: machine.iteration != iteration
    return (lambda: epoch_key(machine) != epoch) if goal is Goal.EPOCH else None
