"""How much of a tape is shown at a stop: a forward reveals values downwards, a backward gradients upwards."""

from __future__ import annotations

from dataclasses import dataclass

from bptui.protocol.tape import Op, Tape, TapeValue


@dataclass(frozen=True)
class Reveal:
    """The ops and nodes that have run; None for all of them."""

    op: int | None = None
    node: int | None = None

    def value(self, value: TapeValue) -> bool:
        """Whether the value is there already."""
        return self.op is None or value.op <= self.op

    def grad(self, value: TapeValue) -> bool:
        """Whether its gradient is known already."""
        return value.grad is not None and (self.node is None or 0 <= value.known <= self.node)

    def ran(self, node: int) -> bool:
        """Whether that node of the backward has run."""
        return self.node is None or node <= self.node


ALL = Reveal()


def revealed(op: Op | None) -> Reveal:
    """What is shown at that stop; outside of a phase all."""
    if op is None:
        return ALL
    return Reveal(op.op, -1) if op.node < 0 else Reveal(None, op.node)


def current(tape: Tape, op: Op | None) -> tuple[int, int]:
    """The op at which the program stands and the value at which it does, each -1 for none.

    A node stands at the op that made it; an AccumulateGrad at its leaf.
    """
    if op is None:
        return -1, -1
    if op.op >= 0:
        outputs = tape.ops[op.op].outputs if op.op < len(tape.ops) else ()
        return op.op, outputs[0] if outputs else -1
    if 0 <= op.node < len(tape.nodes):
        return -1, tape.nodes[op.node].value
    return -1, -1


def loss_name(tape: Tape) -> str:
    """What derivatives call that of which the gradients are: the loss, unless a backward began from something else."""
    if tape.root:
        return tape.root
    name = tape.values[tape.loss].name if 0 <= tape.loss < len(tape.values) else ""
    return "loss" if not name or name.startswith("%") else name
