"""The position inside a phase that is stepped through. The phase has already run, recorded; its steps are shown."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from bptui.engine.compiler.instructions import RunBlock
from bptui.engine.errors import StepRefused
from bptui.engine.interpreter.frames import Frame
from bptui.engine.interpreter.output import Offset, Output
from bptui.engine.interpreter.position import Position
from bptui.engine.observe.inspector import inspect_fact
from bptui.engine.observe.step_facts import Known, changed, known
from bptui.engine.tape.accumulation import state_at
from bptui.engine.tape.op_facts import op_of
from bptui.engine.tape.recording import RecordedStep, Recording
from bptui.engine.tape.sentences import failed, sentence
from bptui.protocol.fact import Fact, Named
from bptui.protocol.phase import Mark, Phase, StopReason
from bptui.protocol.replies import Inspected
from bptui.protocol.snapshot import BlockInfo, Failure, Ledger, Param, Snapshot
from bptui.protocol.tape import Move, Op, TapeOp


class PhaseCursor:
    """A phase that is stepped through. `at` is the step that ran last."""

    def __init__(
        self,
        before: Snapshot,
        run: RunBlock,
        recording: Recording,
        sample: tuple[tuple[Named, ...], int],
        place: Position,
        output: tuple[Output, Offset],
        failure: Failure | None,
        undone: bool,
        blocks: Sequence[BlockInfo],
    ) -> None:
        """`before`: the stop before the phase. `sample`: values and how many of them are the loop's targets.

        `place`: where in the data the phase runs. `output`: what the script writes, and up to where that was sent.
        `undone`: it raised, and what it did was undone.
        """
        self.before, self.run, self.recording, self.failure, self.undone = before, run, recording, failure, undone
        self._values, self._targets = sample
        self._blocks = blocks
        self.skipped = False
        """Whether a zero_grad was passed over to come here."""
        self.frame: Frame | None = None
        """The scope in which the phase ran."""
        self._place = place
        self._output, self.sent_until = output
        self.at = -1
        self._modules = [self._module(step) for step in recording.steps]

    @property
    def count(self) -> int:
        return len(self.recording.steps)

    # ---- moving

    def move(self, move: Move) -> bool:
        """Move. Returns whether it is still inside the phase.

        Raises:
            StepRefused: there is nothing there.
        """
        if move is Move.BACK:
            if self.at <= 0:
                raise StepRefused(f"This is the first step of {self.run.phase}.", "`out` goes to the phase's end.")
            self.at -= 1
            return True
        last = self.at >= self.count - 1
        if last and self.failure is not None and move is not Move.OUT:
            raise StepRefused(f"{self.run.phase} raised here: {self.failure.type}.", "`out` leaves it.")
        if move is Move.OUT or last:
            return False
        self.at = self._target(move)
        return True

    def _target(self, move: Move) -> int:
        here = self._modules[self.at] if self.at >= 0 else ()
        ahead = self._modules[self.at + 1]
        if move is Move.OVER:
            common = _common(here, ahead)
            return self._end_of(self.at + 1, ahead[: common + 1]) if len(ahead) > common else self.at + 1
        if move is Move.UP and self.at >= 0:
            while here and self._end_of(self.at, here) == self.at:
                here = here[:-1]
            return self._end_of(self.at, here) if here else self.count - 1
        return self.at + 1

    def _end_of(self, start: int, path: tuple[str, ...]) -> int:
        """The last step, from that one on, that is in the module of that path."""
        end = start
        while end + 1 < self.count and self._modules[end + 1][: len(path)] == path:
            end += 1
        return end

    def _module(self, step: RecordedStep) -> tuple[str, ...]:
        made = self._made(step)
        return tuple(made.module.split("/")) if made is not None and made.module else ()

    def _made(self, step: RecordedStep) -> TapeOp | None:
        """The op that a step is, or whose node it is."""
        op, _ = self.recording.place_of(step)
        return self.recording.tape.ops[op] if op >= 0 else None

    # ---- facts

    def snapshot(self) -> Snapshot:
        """The facts at this step."""
        step = self.recording.steps[self.at]
        failure = self.failure if self.at == self.count - 1 else None
        op = op_of(self.recording, step, self.at, self.run.line)
        loss, values = self._computed_so_far(op)
        params, ledgers = self._state(self.at)
        name = self.run.loss_name or self.before.loss_name
        return dataclasses.replace(
            self.before,
            index=self.before.index + 1,
            phase=self.run.phase,
            block=self.run.block.index,
            stop_reason=StopReason.EXCEPTION if failure is not None else StopReason.STEP,
            epoch=self._place.epoch,
            sample=self._place.sample,
            epochs=self._place.epochs,
            samples=self._place.samples,
            values=values,
            targets=self._targets,
            loss_name=name,
            loss=loss,
            params=params,
            ledger=ledgers,
            explain=failed(self.recording, step, op, failure, self.undone)
            if failure is not None
            else sentence(self.recording, step, op),
            printed="",
            errors="",
            failure=failure,
            op=op,
            changes=changed(self._known_before(name), known(params, values, name, loss)),
        )

    def _state(self, at: int) -> tuple[tuple[Param, ...], tuple[Ledger, ...]]:
        """Parameters and ledgers behind that step."""
        return state_at(self.before, self.recording, self.recording.steps[: at + 1], self._place)

    def _known_before(self, loss_name: str | None) -> Known:
        """What was known behind the step before this one."""
        old = self.before.loss if self.before.loss_name == loss_name else None
        if self.at == 0:
            return known(self.before.params, self.before.values, loss_name, old)
        op = op_of(self.recording, self.recording.steps[self.at - 1], self.at - 1, self.run.line)
        loss, values = self._computed_so_far(op)
        return known(self._state(self.at - 1)[0], values, loss_name, loss or old)

    def unsent_output(self) -> tuple[str, str]:
        """What the script wrote to stdout and stderr up to this step and was not sent yet; counts as sent then."""
        end = self.recording.steps[self.at].mark if 0 <= self.at < self.count else self._output.mark()
        if end <= self.sent_until:
            return "", ""
        written, self.sent_until = self._output.between(self.sent_until, end), end
        return written

    def show(self, tape: int) -> Snapshot:
        """The facts at this step, with the output that was not sent yet. `tape`: the tape's number."""
        printed, errors = self.unsent_output()
        return dataclasses.replace(self.snapshot(), printed=printed, errors=errors, tape=tape)

    def with_zeroing(self, zeroing: bool, tape: int) -> Snapshot:
        """The same stop, with zeroing on or off."""
        marks = tuple(
            (Mark.TODO if zeroing else Mark.SKIPPED)
            if block.phase is Phase.ZERO_GRAD and mark in (Mark.TODO, Mark.SKIPPED)
            else mark
            for block, mark in zip(self._blocks, self.before.marks, strict=True)
        )
        self.before = dataclasses.replace(self.before, zeroing=zeroing, marks=marks)
        return dataclasses.replace(self.snapshot(), tape=tape)

    def inspect(self, name: str) -> Inspected:
        """A value by name, as it was at this step.

        Raises:
            StepRefused: there is none.
        """
        now = self.snapshot()
        assert now.op is not None
        where = f"step {self.at + 1} of {self.count} of {self.run.phase}"
        facts: dict[str, Fact | None] = {f"{param.name}.grad": param.grad for param in now.params}
        facts |= {param.name: param.value for param in now.params}
        facts |= {each.name: each.fact for each in (*now.values, *now.op.inputs, *now.op.output)}
        if now.loss_name is not None:
            facts.setdefault(now.loss_name, now.loss)
        if name not in facts:
            raise StepRefused(f"There is no {name} at this step.", "Step on: it may not be computed yet.")
        return inspect_fact(name, facts[name], where)

    def _computed_so_far(self, op: Op) -> tuple[Fact | None, tuple[Named, ...]]:
        if self.run.phase is not Phase.FORWARD:
            return self.before.loss, self.before.values
        tape = self.recording.tape
        coming = {tape.values[place].name for each in tape.ops[op.op + 1 :] for place in each.outputs}
        made = {tape.values[place].name for each in tape.ops[: op.op + 1] for place in each.outputs}
        values = tuple(
            named
            for index, named in enumerate(self._values)
            if index < self._targets or named.name in made or named.name not in coming
        )
        loss = self.recording.loss
        if loss < 0 or tape.values[loss].op > op.op:
            return None, values
        return self.recording.fact_of(loss), values


def _common(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """How many modules around are the same."""
    count = 0
    while count < min(len(one), len(other)) and one[count] == other[count]:
        count += 1
    return count
