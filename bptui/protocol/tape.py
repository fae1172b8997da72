"""What is told of the inside of a phase: the ops of a forward, the autograd nodes of a backward (a Wengert list).

A tape's ops and nodes name values by their place in `Tape.values`. Its facts of large tensors are light (shape and
dtype); the `Op` at which the program is shown has them whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from bptui.protocol.fact import Fact, Named


class Move(str, Enum):
    """How to move inside a phase. Whatever leaves it goes to the phase's end."""

    IN = "in"
    """One op or node on; into the phase that comes next, if none is open."""
    BACK = "back"
    """One op or node back."""
    OVER = "over"
    """Over the module whose op comes next, as one step."""
    UP = "up"
    """To the last op of the module around."""
    OUT = "out"
    """To the end of the phase."""

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True, eq=False)
class TapeValue:
    """A value on the tape: one that was there before, or what an op made."""

    name: str
    """As the program names it (`w`, `y_pred`), else by number: `%3`."""
    symbol: str
    """How formulas write it: the name, else the expression that made it where that is short, in parentheses."""
    fact: Fact
    op: int
    """Which of `Tape.ops` made it; -1 for what was there before."""
    requires_grad: bool
    leaf: bool
    """Whether it is a leaf into whose `.grad` a backward accumulates."""
    grad: Fact | None
    """The gradient of the loss with respect to it, once a recorded backward computed it."""
    known: int
    """After which of `Tape.nodes` that gradient is known; -1 for never."""


@dataclass(frozen=True, eq=False)
class TapeOp:
    """An op of a forward (or of an update), in the order in which they ran."""

    name: str
    """The operator: `mul`, `linear`, `cross_entropy`."""
    inputs: tuple[int, ...]
    """The tensors that it took, as places in `Tape.values`."""
    outputs: tuple[int, ...]
    text: str
    """The call with its arguments by name: `pow(%2, 2)`."""
    expression: str
    """The exact expression of the script that it is part of; empty where it is not known."""
    line: int | None
    """The line of the script."""
    module: str
    """The modules that it ran in as the script names them, outermost first: `model/model.fc1`; empty for none."""
    node: str
    """The autograd node that it made: `MulBackward0`; empty for none."""


@dataclass(frozen=True, eq=False)
class Edge:
    """One way along which a node sends a gradient on."""

    value: int
    """The value that it goes to, as a place in `Tape.values`; -1 for one inside an op."""
    node: int
    """The node that takes it, as a place in `Tape.nodes`; -1 where none ran."""
    local: Fact | None
    """The local derivative: a number; for small tensors elementwise, or the Jacobian (output by input); else None."""
    formula: str
    """`2r` for common ops; empty otherwise."""
    downstream: Fact | None
    """The gradient sent on: upstream times local. None where none was sent."""
    summed: tuple[int, ...] = ()
    """The dimensions of the upstream over which it is summed, since the value was broadcast over them."""


@dataclass(frozen=True, eq=False)
class TapeNode:
    """An autograd node, in the order in which the engine ran them."""

    name: str
    """`MulBackward0`; `AccumulateGrad` for the last on a way."""
    op: int
    """The op that made it, among `Tape.ops`; -1 where that is not known, and for AccumulateGrad."""
    value: int
    """The value whose gradient comes in: the upstream; -1 for one inside an op."""
    upstream: Fact | None
    edges: tuple[Edge, ...]
    old: Fact | None
    """AccumulateGrad: `.grad` before; None for None."""
    new: Fact | None
    """AccumulateGrad: `.grad` after."""
    run: int = 0
    """In which run of autograd's engine: a block may go backward more than once."""


@dataclass(frozen=True, eq=False)
class Tape:
    """Ops of the last forward stepped into and, after a backward stepped into, its nodes."""

    values: tuple[TapeValue, ...]
    ops: tuple[TapeOp, ...]
    nodes: tuple[TapeNode, ...]
    loss: int
    """The loss among `values`; -1 where it is not known."""
    root: str = ""
    """What the gradients are of, as derivatives call it: the loss's name, `Σy`; empty where that is not known."""
    run: int = 0
    """The run of autograd's engine whose gradients `values` have."""


@dataclass(frozen=True, eq=False)
class Local:
    """A local derivative: of what a node's op made, by one thing that it took."""

    name: str
    """`d(%2)/d(y_pred)`."""
    formula: str
    """With the numbers in, for common ops: `d(r²)/dr = 2r = -3.92`; else empty."""
    fact: Fact | None
    """The number; for small tensors elementwise, or the Jacobian (output by input). None for large ones."""


@dataclass(frozen=True, eq=False)
class Saved:
    """What a node kept from the forward for its backward."""

    name: str
    """`self`, `exponent`: as autograd calls it."""
    fact: Fact
    bytes: int
    """How much memory the tensor takes; 0 for a plain value."""


@dataclass(frozen=True, eq=False)
class Op:
    """The op or node that ran last, at a stop inside a phase."""

    index: int
    """Its place among the steps of this phase, from 0."""
    count: int
    """How many steps the phase has."""
    name: str
    """`mul`, `MulBackward0`, `AccumulateGrad`."""
    op: int
    """Its place in `Tape.ops`: of a node, the op that made it; -1 for none."""
    node: int
    """Its place in `Tape.nodes`; -1 for an op."""
    expression: str
    line: int | None
    module: str
    """The modules around: `model/model.fc1`."""
    inputs: tuple[Named, ...]
    """What the op took."""
    output: tuple[Named, ...]
    """What it made."""
    upstream: tuple[Named, ...]
    """The gradient that came into the node: `∂l/∂y_pred`."""
    local: tuple[Local, ...]
    downstream: tuple[Named, ...]
    """The gradients that it sent on; for AccumulateGrad `w.grad` as it is now."""
    saved: tuple[Saved, ...]
    opaque: str
    """Why local derivatives and saved tensors are not shown, where they cannot be looked at; else empty."""
