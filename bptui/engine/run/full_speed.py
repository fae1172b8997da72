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
    nearness, is_there = _nearness(goal, machine), _arrival(goal, machine)
    stepper.begin()
    recorder.run_begins()
    keep, packed, numbers = execution.history.keeper(taken), taken.packed, recorder.numbers
    ran: RunBlock | None = None
    visited = moves = -1
    is_near = False
    with execution.running():
        if stopping:
            breakpoints.begin(stepper.place)
        may_meet, quiet, glance = stopping and breakpoints.active, breakpoints.quiet, stepper.glancing()
        while True:
            if moves != machine.moves:  # another place in the data
                moves = machine.moves
                is_near = nearness()
                if machine.iteration != visited:  # checkpoints are made where an iteration begins
                    visited = machine.iteration
                    past.visit(False)
            stepper.passed = False
            try:
                ran = stepper.next(True) if is_near or done + 1 == steps else glance()
            except Raised as raised:
                failure = failure_of(raised, execution.script.path)
                ran = stepper.running or ran
                if ran is not None:
                    recorder.failed(ran)
            done += 1
            if may_meet and failure is None and (ran is None or ran.phase_name not in quiet):
                hit = breakpoints.met(ran, stepper.place)
                if hit is not None:
                    reason = hit.reason
                    break
            if failure or not machine.frames or done == steps:
                break
            if is_there is not None and is_there():
                break
            if pause():
                reason = StopReason.PAUSE
                break
            place = stepper.place
            keep((packed, (ran.phase_name if ran is not None else None, place.epoch, place.sample, *numbers())))
            progress()
    recorder.run_ends()
    execution.tapes.forget()
    if machine.ended:
        reason = StopReason.END
    snapshot = execution.stop(taken, execution.result(taken, ran, failure, mark, reason, done))
    return snapshot if hit is None else execution.snapshots.say_met(hit.words)


def _nearness(goal: Goal, machine: Machine) -> Callable[[], bool]:
    """Tells at a place in the data whether the goal may be reached there: then blocks are looked at in detail.

    So that what is said of the last step says all that `next` would say of it.
    """
    if goal is Goal.SAMPLE:
        return lambda: True
    is_in_last = is_last_of_epoch if goal is Goal.EPOCH else is_last
    return lambda: is_in_last(machine)


def _arrival(goal: Goal, machine: Machine) -> Callable[[], bool] | None:
    """Tells behind a block whether the goal is reached; None where that is the end of the script."""
    iteration, epoch = machine.iteration, epoch_key(machine)
    if goal is Goal.SAMPLE:
        return lambda: machine.iteration != iteration
    return (lambda: epoch_key(machine) != epoch) if goal is Goal.EPOCH else None
