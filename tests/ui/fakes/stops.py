"""Facts for tests of the screen: the lecture's program and stops of it, and of larger ones, made by hand."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import bptui
from bptui.protocol.fact import Fact, Named, Stats
from bptui.protocol.phase import Mark, Phase, StopReason
from bptui.protocol.snapshot import BlockInfo, Contribution, Failure, Ledger, Param, ProgramInfo, Snapshot, Upcoming

SOURCE = (Path(bptui.__file__).parent / "lessons" / "linear.py").read_text(encoding="utf-8")
PROGRAM = ProgramInfo(
    "lessons/linear.py",
    SOURCE,
    (),
    (
        BlockInfo(Phase.FORWARD, 25, (25,), 24),
        BlockInfo(Phase.BACKWARD, 26, (26, 27, 28, 29), 24),
        BlockInfo(Phase.UPDATE, 30, (30,), 24),
        BlockInfo(Phase.ZERO_GRAD, 32, (32,), 24),
    ),
)
NUMBERS = {
    Phase.FORWARD: "l = loss(2.0000, 4.0000)",
    Phase.BACKWARD: "l.backward()",
    Phase.UPDATE: "w.data = 1.0200 - 0.01 * -7.8400",
    Phase.ZERO_GRAD: "w.grad.data.zero_()",
}
MARKS = {"✓": Mark.DONE, "▶": Mark.NEXT, "⤼": Mark.SKIPPED, "○": Mark.TODO}


def number(x: float) -> Fact:
    """A tensor of one element."""
    return Fact("Tensor", (x,), (1,), "float32", "cpu")


def plain(x: float) -> Fact:
    """A plain Python number."""
    return Fact("float", x)


def matrix(norm: float, *shape: int, nan: int = 0) -> Fact:
    """A large tensor."""
    return Fact("Parameter", None, shape, "float32", "cpu", Stats(-norm / 9, norm / 8, 0.01, 0.1, norm, nan, 0, 0))


def upcoming(phase: Phase, epoch: int = 0, sample: int = 1) -> Upcoming:
    """The phase that comes next in the lecture."""
    block = list(Phase).index(phase)
    line = PROGRAM.blocks[block].line
    return Upcoming(phase, block, line, SOURCE.splitlines()[line - 1].strip(), NUMBERS[phase], epoch, sample)


ENTRY = Snapshot(
    0, None, None, StopReason.ENTRY, 0, 0, 10, 3, 0, (), 0, None, None, (Param("w", number(1.0), None),), (), True,
    tuple(MARKS[sign] for sign in "▶○○○"), upcoming(Phase.FORWARD, 0, 0), (Phase.FORWARD,),
    "ready: forward is next, line 25", "predict (before training) 4 4.0\n", "", None,
)  # fmt: skip
"""Before the first phase."""


def stop(before: Snapshot, phase: Phase, marks: str, next: Phase, explain: str, **changes: Any) -> Snapshot:
    """The stop after that phase; what is not said stays as it was."""
    return replace(
        before,
        phase=phase,
        block=list(Phase).index(phase),
        stop_reason=StopReason.STEP,
        marks=tuple(MARKS[sign] for sign in marks),
        next=upcoming(next),
        possible=tuple(Phase),
        explain=explain,
        **{"index": before.index + 1, "printed": "", "errors": "", "failure": None, **changes},
    )


def with_w(w: float, grad: float | None) -> tuple[Param, ...]:
    """The lecture's one parameter."""
    return (Param("w", number(w), None if grad is None else number(grad)),)


TURN = (
    stop(
        ENTRY, Phase.FORWARD, "✓▶○○", Phase.BACKWARD, "forward: l = 1 for x = 1, y = 2",
        values=(Named("x", plain(1.0)), Named("y", plain(2.0)), Named("y_pred", number(1.0))), targets=2,
        loss_name="l", loss=number(1.0),
    ),
)  # fmt: skip
TURN += (
    stop(
        TURN[-1], Phase.BACKWARD, "✓✓▶○", Phase.UPDATE, "backward: ∂loss/∂w = -2 added to w.grad: None -> -2",
        params=with_w(1.0, -2.0), consumed=1, printed="\tgrad: 1.0 2.0 -2.0\n",
    ),
)  # fmt: skip
TURN += (stop(TURN[-1], Phase.UPDATE, "✓✓✓▶", Phase.ZERO_GRAD, "update: w 1 -> 1.02", params=with_w(1.02, -2.0)),)
TURN += (stop(TURN[-1], Phase.ZERO_GRAD, "▶○○○", Phase.FORWARD, "zero_grad: w.grad -2 -> 0", params=with_w(1.02, 0.0)),)
"""The four stops of the first sample; those below are of the second."""
FORWARD = stop(
    TURN[-1], Phase.FORWARD, "✓▶○○", Phase.BACKWARD, "forward: l = 3.8416 for x = 2, y = 4",
    values=(Named("x", plain(2.0)), Named("y", plain(4.0)), Named("y_pred", number(2.04))), targets=2,
    sample=1, consumed=1, loss_name="l", loss=number(3.8416), params=with_w(1.02, 0.0),
)  # fmt: skip
BACKWARD = stop(
    FORWARD, Phase.BACKWARD, "✓✓▶○", Phase.UPDATE, "backward: ∂loss/∂w = -7.84 added to w.grad: 0 -> -7.84",
    params=with_w(1.02, -7.84), consumed=2, printed="\tgrad: 2.0 4.0 -7.84\n",
    ledger=(Ledger("w", (Contribution(0, 1, number(-7.84)),), number(-7.84), None),),
)  # fmt: skip
UPDATE = stop(BACKWARD, Phase.UPDATE, "✓✓✓▶", Phase.ZERO_GRAD, "update: w 1.02 -> 1.0984", params=with_w(1.0984, -7.84))
ZERO_GRAD = stop(
    UPDATE, Phase.ZERO_GRAD, "▶○○○", Phase.FORWARD, "zero_grad: w.grad -7.84 -> 0", params=with_w(1.0984, 0.0),
    ledger=(),
)  # fmt: skip
ACCUMULATED = stop(
    BACKWARD, Phase.BACKWARD, "✓✓▶⤼", Phase.UPDATE, "backward: ∂loss/∂w = -16.2288 added to w.grad: -7.84 -> -24.0688",
    params=with_w(1.0984, -24.0688), zeroing=False, sample=2, consumed=3,
    ledger=(
        Ledger("w", (Contribution(0, 1, number(-7.84)), Contribution(0, 2, number(-16.2288))), number(-24.0688), None),
    ),
)  # fmt: skip
FAILURE = Failure(
    "ValueError",
    "two is too much",
    28,
    'Traceback (most recent call last):\n  File "linear.py", line 28, in <module>\n'
    '    raise ValueError("two is too much")\nValueError: two is too much\n',
)
RAISED = replace(
    BACKWARD, stop_reason=StopReason.EXCEPTION, failure=FAILURE, explain="backward: raised ValueError, line 28"
)
ENDED = replace(
    ZERO_GRAD,
    stop_reason=StopReason.END,
    epoch=9,
    sample=2,
    consumed=30,
    marks=(Mark.DONE,) * 4,
    next=None,
    possible=(),
    explain="zero_grad: w.grad -0.18 -> 0; the script has ended",
    printed="predict (after training) 4 7.804864406585693\n",
)
LAYERS = ("features.0.weight", "features.0.bias", "features.3.weight", "features.3.bias", "classifier.weight")
LARGE = replace(
    BACKWARD,
    values=(
        Named("images", replace(matrix(224.7, 64, 1, 28, 28), type="Tensor")),
        Named("labels", Fact("Tensor", None, (64,), "int64", "cpu", Stats(0, 9, 4.4, 2.9, 42.1, 0, 0, 7))),
    ),
    loss_name="loss",
    loss=Fact("Tensor", 2.3026, (), "float32", "cpu"),
    params=tuple(
        Param(name, matrix(3.3 + at, 32, 16 * (at + 1)), matrix(0.26 * (at + 1), 32, 16 * (at + 1), nan=at and 3))
        for at, name in enumerate(LAYERS)
    ),
    ledger=(),
    explain="backward: 5 gradients added",
)
"""A stop of a program with several parameters, all of them large."""
