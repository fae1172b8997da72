"""Where a person stands inside a phase: the phase ran as a whole and was recorded, and is shown step by step."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from bptui.engine.compiler.instructions import RunBlock
from bptui.engine.errors import StepRefused
from bptui.engine.interpreter.frames import Frame
from bptui.engine.interpreter.output import Offset, Output
from bptui.engine.interpreter.position import Position
from bptui.engine.observe.explain import short
from bptui.engine.observe.inspector import inspect_fact
from bptui.engine.tape.formulas import written
from bptui.engine.tape.nodes import RawNode
from bptui.engine.tape.recording import RecordedStep, Recording
from bptui.engine.tape.records import RawOp, ValueRef
from bptui.engine.tensors.captured import CapturedTensor
from bptui.engine.tensors.facts import fact
from bptui.protocol.fact import Fact, Named
from bptui.protocol.messages import Inspected
from bptui.protocol.phase import Mark, Phase, StopReason
from bptui.protocol.snapshot import BlockInfo, Failure, Param, Snapshot
from bptui.protocol.tape import Local, Move, Op, Saved, TapeOp


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

        `place`: where in the data the phase runs. `output`: what the script writes, and up to where it was told.
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
        self._output, self.told = output
        self.at = -1
        self._modules = [self._module(step) for step in recording.steps]

    @property
    def count(self) -> int:
        return len(self.recording.steps)

    # ---- moving

    def move(self, move: Move) -> bool:
        """Move as far as that says. Whether it is still inside the phase.

        Raises:
            StepRefused: there is nothing there.
        """
        if move is Move.BACK:
            if self.at <= 0:
                raise StepRefused(f"This is the first step of {self.run.phase}.", "o goes to the phase's end.")
            self.at -= 1
            return True
        last = self.at >= self.count - 1
        if last and self.failure is not None and move is not Move.OUT:
            raise StepRefused(f"{self.run.phase} raised here: {self.failure.type}.", "o leaves it.")
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

    # ---- looking

    def snapshot(self) -> Snapshot:
        """The facts at this step."""
        step = self.recording.steps[self.at]
        failed = self.failure is not None and self.at == self.count - 1
        op = self._op(step)
        loss, values = self._seen_so_far(op)
        return dataclasses.replace(
            self.before,
            index=self.before.index + 1,
            phase=self.run.phase,
            block=self.run.block.index,
            stop_reason=StopReason.EXCEPTION if failed else StopReason.STEP,
            epoch=self._place.epoch,
            sample=self._place.sample,
            epochs=self._place.epochs,
            samples=self._place.samples,
            values=values,
            targets=self._targets,
            loss_name=self.run.loss_name or self.before.loss_name,
            loss=loss,
            params=self._params(),
            explain=self._explain(step, op, failed),
            printed="",
            errors="",
            failure=self.failure if failed else None,
            op=op,
        )

    def told_now(self) -> tuple[str, str]:
        """What the script wrote up to this step and nobody was told yet."""
        end = self.recording.steps[self.at].mark if 0 <= self.at < self.count else self._output.mark()
        if end <= self.told:
            return "", ""
        told, self.told = self._output.between(self.told, end), end
        return told

    def show(self, tape: int) -> Snapshot:
        """The same, with what the script wrote up to here, once. `tape`: the tape's number."""
        printed, errors = self.told_now()
        return dataclasses.replace(self.snapshot(), printed=printed, errors=errors, tape=tape)

    def see_anew(self, zeroing: bool, tape: int) -> Snapshot:
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

    def _seen_so_far(self, op: Op) -> tuple[Fact | None, tuple[Named, ...]]:
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
        return self.recording.kept(loss), values

    def _params(self) -> tuple[Param, ...]:
        params = {param.name: param for param in self.before.params}
        for step in self.recording.steps[: self.at + 1]:
            for name, (value, grad) in step.written.items():
                if value is not None:
                    params[name] = Param(name, value.whole(), grad.whole() if grad is not None else None)
            if isinstance(step.raw, RawNode) and step.raw.done and step.raw.variable:
                accumulated = self.recording.parameter_of(step.raw)
                if accumulated is not None and accumulated in params:
                    now = step.raw.new
                    params[accumulated] = dataclasses.replace(
                        params[accumulated], grad=now.whole() if now is not None else None
                    )
        return tuple(params.values())

    def _op(self, step: RecordedStep) -> Op:
        op, node = self.recording.place_of(step)
        made = self.recording.tape.ops[op] if op >= 0 else None
        raw = step.raw
        return Op(
            index=self.at,
            count=self.count,
            name=made.name if isinstance(raw, RawOp) and made is not None else raw.name,
            op=op,
            node=node,
            expression=made.expression if made is not None else "",
            line=made.line if made is not None and made.line is not None else self._line(),
            module=made.module if made is not None else "",
            inputs=(*self._named(made.inputs), *self._plain(raw, op)) if made is not None else (),
            output=self._named(made.outputs) if made is not None else (),
            upstream=self._upstream(raw, node) if isinstance(raw, RawNode) else (),
            local=self._local(raw, op, node) if isinstance(raw, RawNode) else (),
            downstream=self._downstream(raw, node) if isinstance(raw, RawNode) else (),
            saved=tuple(Saved(name, fact_of(kept), size) for name, kept, size in raw.saved)
            if isinstance(raw, RawNode)
            else (),
            opaque=raw.opaque if isinstance(raw, RawNode) else "",
        )

    def _line(self) -> int:
        return self.run.line

    def _named(self, places: Sequence[int]) -> tuple[Named, ...]:
        values = self.recording.tape.values
        return tuple(Named(values[place].name, self.recording.kept(place)) for place in dict.fromkeys(places))

    def _plain(self, raw: RawOp | RawNode, op: int) -> Iterator[Named]:
        """The plain numbers that an op took, where the source has names for them."""
        if isinstance(raw, RawOp) and self.recording.taping is not None:
            names = self.recording.taping.symbols[op]
            for name, value in zip(names, raw.arguments, strict=False):
                if isinstance(value, (int, float)) and not isinstance(value, ValueRef) and name.isidentifier():
                    yield Named(name, fact(value))

    # ---- a node's gradients

    @property
    def _loss_name(self) -> str:
        loss = self.recording.loss
        return self.recording.tape.values[loss].name if loss >= 0 else "loss"

    def _by(self, place: int) -> str:
        name = self.recording.tape.values[place].name if place >= 0 else "…"
        return f"∂{self._loss_name}/∂{name}"

    def _upstream(self, raw: RawNode, node: int) -> tuple[Named, ...]:
        place = self.recording.tape.nodes[node].value
        told = [each for each in raw.upstream if each is not None]
        names = [self._by(place)] if len(told) == 1 else [f"{self._by(place)}[{i}]" for i in range(len(told))]
        return tuple(Named(name, each.whole()) for name, each in zip(names, told, strict=True))

    def _downstream(self, raw: RawNode, node: int) -> tuple[Named, ...]:
        tape = self.recording.tape
        if raw.variable:
            name = tape.values[tape.nodes[node].value].name
            return (Named(f"{name}.grad", raw.new.whole()),) if raw.new is not None else ()
        sent: list[Named] = []
        places = [tape_edge.value for tape_edge in tape.nodes[node].edges]
        kept = [self._sent(raw, index) for index in range(len(raw.edges)) if raw.edges[index][0] >= 0]
        for place, each in zip(places, kept, strict=True):
            if each is not None:
                sent.append(Named(self._by(place), each.whole()))
        return tuple(sent)

    @staticmethod
    def _sent(raw: RawNode, index: int) -> CapturedTensor | None:
        return raw.downstream[index] if index < len(raw.downstream) else None

    def _local(self, raw: RawNode, op: int, node: int) -> tuple[Local, ...]:
        tape = self.recording.tape
        made = tape.ops[op] if op >= 0 else None
        output = tape.values[tape.nodes[node].value].name if tape.nodes[node].value >= 0 else "…"
        told = []
        for edge in tape.nodes[node].edges:
            if edge.local is None and not edge.formula:
                continue
            by = tape.values[edge.value] if edge.value >= 0 else None
            name = f"d({output})/d({by.name if by else '…'})"
            text = ""
            if edge.formula and made is not None and by is not None and self.recording.taping is not None:
                what = written(made.name, self.recording.taping.sources[op])
                value = edge.local.number if edge.local is not None else None
                number = short(edge.local) if value is not None else ""
                text = f"d({what})/d{by.symbol} = {edge.formula}"
                text += f" = {number}" if number and number != edge.formula else ""
            told.append(Local(name, text, edge.local))
        return tuple(told)

    # ---- in words

    def _explain(self, step: RecordedStep, op: Op, failed: bool) -> str:
        where = f"{self.run.phase} {op.index + 1}/{op.count}"
        if failed and self.failure is not None:
            state = "the state is as before it" if self.undone else "what it did until then stays done"
            return f"{where}: {op.name} raised {self.failure.type}: {self.failure.message}; {state}".replace("\n", " ")
        if isinstance(step.raw, RawOp):
            text = self.recording.tape.ops[op.op].text
            taken = {each.name for each in op.inputs}
            names = [each.name for each in op.output if not step.raw.wrote and each.name not in taken]
            made = ", ".join(names) + " = " if names else ""
            value = ", ".join(short(each.fact) for each in op.output)
            return f"{where}: {made}{text}" + (f" = {value}" if value else "")
        if step.raw.variable:
            sent = "; ".join(f"{each.name} = {short(each.fact)}" for each in op.downstream)
            old = short(step.raw.old.whole()) if step.raw.old is not None else "None"
            added = ", ".join(short(each.fact) for each in op.upstream)
            return f"{where}: {sent.split(' = ')[0]} = {old} + {added} = {sent.split(' = ')[-1]}"
        return f"{where}: {op.name}: {'; '.join(self._products(op))}"

    def _products(self, op: Op) -> Iterator[str]:
        """Each gradient that a node sent on: `∂l/∂w = -2 · x = -2 · 1 = -2`, as far as that is known."""
        came = short(op.upstream[0].fact) if len(op.upstream) == 1 else ""
        for edge in self.recording.tape.nodes[op.node].edges:
            if edge.downstream is None:
                continue
            by = f"{came} · {edge.formula} = " if edge.formula and came else ""
            if edge.local is not None and edge.local.number is not None and came:
                number = f"{came} · {short(edge.local)} = "
                by = number if by in ("", number) else by + number
            yield f"{self._by(edge.value)} = {by}{short(edge.downstream)}"


def fact_of(value: object) -> Fact:
    """Of something saved: kept, or plain."""
    if isinstance(value, CapturedTensor):
        return value.light()
    return value if isinstance(value, Fact) else fact(value)


def _common(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    """How many modules around are the same."""
    count = 0
    while count < min(len(one), len(other)) and one[count] == other[count]:
        count += 1
    return count
