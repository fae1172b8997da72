"""Stepping into a phase, and out of it at its end."""

from __future__ import annotations

from bptui.engine.interpreter.failure import failure_of, refusal_of
from bptui.engine.interpreter.handling import Raised
from bptui.engine.run.history import NEXT, StepTaken
from bptui.engine.run.program import Program
from bptui.engine.tape.cursor import PhaseCursor
from bptui.engine.tape.sentences import broadcast_on
from bptui.protocol.phase import Phase
from bptui.protocol.snapshot import Snapshot


def enter(program: Program) -> PhaseCursor | None:
    """Run the block that comes next as a whole, and record it. None where other code comes next, or the end.

    Raises:
        StepRefused: it was rejected before its first op. Nothing changed.
    """
    execution, stepper = program.execution, program.execution.stepper
    with execution.running():
        skipped = stepper.pass_zero_grad()
    cursor, stop = execution.machine.cursor, execution.snapshots.last
    if cursor is None:  # it stands at other code, which raised before, or came to its end
        return None
    assert stop is not None
    before, mark = program.checkpoints.remember(), program.output.mark()
    stepper.begin()
    stepper.locate()
    place, frame = stepper.place, execution.machine.frames[-1]
    recording = execution.tapes.begin(cursor.phase)
    failure, undone = None, False
    with execution.running():
        try:
            stepper.block(True, recording.running())
        except Raised as raised:
            failure = execution.tapes.explained(failure_of(raised, program.script.path), recording)
            undone = program.checkpoints.undo(before)
    recorder = execution.recorder
    loss, name = (None, cursor.loss_name) if failure else (recorder.present_loss(), recorder.loss_name)
    recording.finish(loss, name)
    execution.tapes.recorded(recording)
    values = recorder.values() if failure is None else (stop.values, stop.targets)
    inside = PhaseCursor(
        stop, cursor, recording, values, place, (program.output, mark), failure, undone, program.script.program.blocks
    )
    inside.skipped, inside.frame = skipped, frame
    if inside.count == 0 and failure is not None and undone:
        raise refusal_of(failure, cursor.phase, execution.iteration.phases)
    return inside


def leave(program: Program, inside: PhaseCursor) -> Snapshot:
    """Go to the end of the phase: what comes after it runs, up to the next one."""
    execution = program.execution
    inside.recording.forget()
    if inside.undone:
        assert execution.snapshots.last is not None
        return execution.snapshots.last
    failure, run = inside.failure, inside.run
    if failure is not None:
        execution.recorder.failed(run)
    else:
        assert inside.frame is not None
        with execution.running():
            try:
                execution.stepper.move_on(run, inside.frame)
            except Raised as raised:
                failure = failure_of(raised, program.script.path)
    execution.breakpoints.stepped(run, execution.stepper.place)
    taken = _step_taken(program, inside)
    snapshot = execution.stop(taken, execution.result(taken, run, failure, inside.sent_until))
    broadcast = broadcast_on(inside.recording.tape) if run.phase is Phase.FORWARD else ""
    return execution.snapshots.add(broadcast) if broadcast else snapshot


def _step_taken(program: Program, inside: PhaseCursor) -> StepTaken:
    """What the whole phase was as a step: zeroing may have been turned on or off inside."""
    if inside.skipped and program.zeroing:
        return StepTaken(None, True, skips=True)
    if inside.run.phase is Phase.ZERO_GRAD and not program.zeroing:
        return StepTaken(Phase.ZERO_GRAD, False)
    return NEXT[program.zeroing]
