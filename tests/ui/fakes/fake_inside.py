"""The lecture inside a phase: its ops and nodes with the engine's words.

A backward always knows the names of its forward, also where that was not stepped into.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from bptui.protocol.fact import Fact, Named
from bptui.protocol.phase import Mark, Phase, StopReason
from bptui.protocol.snapshot import Snapshot
from bptui.protocol.tape import Edge, Local, Move, Op, Saved, Tape, TapeNode, TapeOp, TapeValue
from tests.ui.fakes.fake_lecture import PHASES, XS, YS, Lecture, Refusal, f32
from tests.ui.fakes.stops import number, plain, with_w

OPS = (
    TapeOp("mul", (0,), (1,), "mul(x, w)", "x * w", 13, "", "MulBackward0"),
    TapeOp("sub", (1,), (2,), "sub(y_pred, y)", "y_pred - y", 18, "", "SubBackward0"),
    TapeOp("pow", (2,), (3,), "pow(%2, 2)", "(y_pred - y) ** 2", 18, "", "PowBackward0"),
)
UPDATE = (
    TapeOp("mul", (0,), (1,), "mul(0.01, w.grad.data)", "0.01 * w.grad.data", 30, "", ""),
    TapeOp("sub", (2, 1), (3,), "sub(w.data, %1)", "w.data - 0.01 * w.grad.data", 30, "", ""),
    TapeOp("=", (3,), (), "w.data = %3", "w.data", 30, "", ""),
)
ZERO_GRAD = (TapeOp("zero_", (0,), (1,), "zero_(w.grad.data)", "w.grad.data.zero_()", 32, "", ""),)


@dataclass(frozen=True)
class Stage:
    """One step: the op or node, what it did in words, and what of the snapshot is otherwise from here on."""

    op: Op
    words: str
    changes: dict[str, Any]


class Inside:
    """A phase that is stepped through. It ran on a copy: the lecture itself moves on when the phase is left."""

    def __init__(self, before: Snapshot, lecture: Lecture, forward: Tape | None) -> None:
        """`forward`: the tape of the forward, if that was stepped into."""
        self.before, self.at = before, -1
        self.phase = PHASES[lecture.cursor]
        self._epoch, self._sample = divmod(lecture.turn, 3)
        after = deepcopy(lecture)
        after.next()
        match self.phase:
            case Phase.FORWARD:
                self.tape, self.stages = _forward(lecture.w, XS[lecture.turn % 3], YS[lecture.turn % 3])
            case Phase.BACKWARD:
                self.tape, self.stages = _backward(lecture, after, forward)
            case Phase.UPDATE:
                self.tape, self.stages = _update(lecture, after)
            case Phase.ZERO_GRAD:
                self.tape, self.stages = _zero_grad(lecture)

    def move(self, move: Move) -> bool:
        """Move as far as that says; the lecture has no modules. Whether it is still inside."""
        last = len(self.stages) - 1
        if move is Move.BACK:
            if self.at <= 0:
                raise Refusal(f"This is the first step of {self.phase}.", "o goes to the phase's end.")
            self.at -= 1
            return True
        if move is Move.OUT or self.at == last:
            return False
        self.at = last if move is Move.UP else self.at + 1
        return True

    def set_zeroing(self, on: bool) -> None:
        """As the engine tells it inside a phase: only zero_grad's mark is another."""
        *others, last = self.before.marks
        last = {Mark.SKIPPED: Mark.TODO, Mark.TODO: Mark.SKIPPED}.get(last, last) if on != self.before.zeroing else last
        self.before = replace(self.before, zeroing=on, marks=(*others, last))

    def snapshot(self, tape: int) -> Snapshot:
        """The facts at this step."""
        stage = self.stages[self.at]
        changes: dict[str, Any] = {}
        for each in self.stages[: self.at + 1]:
            changes |= each.changes
        return replace(
            self.before, index=self.before.index + 1, phase=self.phase, block=PHASES.index(self.phase),
            stop_reason=StopReason.STEP, epoch=self._epoch, sample=self._sample, printed="", errors="", tape=tape,
            explain=f"{self.phase} {self.at + 1}/{len(self.stages)}: {stage.words}", op=stage.op, **changes,
        )  # fmt: skip


def _forward(w: float, x: float, y: float) -> tuple[Tape, list[Stage]]:
    y_pred = f32(x * w)
    off = f32(y_pred - y)
    loss = f32(off * off)
    values = [
        Named("w", number(w)),
        Named("y_pred", number(y_pred)),
        Named("%2", number(off)),
        Named("l", number(loss)),
    ]
    taken = ((values[0], Named("x", plain(x))), (values[1], Named("y", plain(y))), (values[2],))
    known = {"values": (Named("x", plain(x)), Named("y", plain(y)), values[1]), "targets": 2}
    changes: tuple[dict[str, Any], ...] = (
        {**known, "loss_name": "l", "loss": None}, {}, {"loss": number(loss)},
    )  # fmt: skip
    stages = [
        Stage(_op(at, OPS, taken[at], values[at + 1 : at + 2]), _words(OPS[at], values[at + 1]), changes[at])
        for at in range(3)
    ]
    names = ("w", "y_pred", "(y_pred - y)", "l")
    tape_values = tuple(
        TapeValue(each.name, symbol, each.fact, at - 1, True, not at, None, -1)
        for at, (each, symbol) in enumerate(zip(values, names, strict=True))
    )
    return Tape(tape_values, OPS, (), 3), stages


def _backward(lecture: Lecture, after: Lecture, forward: Tape | None) -> tuple[Tape, list[Stage]]:
    x, y = lecture.sample
    tape = forward or _forward(lecture.w, x, y)[0]
    w, y_pred, off, loss = (Named(each.name, each.fact) for each in tape.values)
    assert off.fact.number is not None
    d_off = f32(2 * off.fact.number)
    d_w, new = f32(d_off * x), number(after.grad or 0.0)
    old = None if lecture.grad is None else number(lecture.grad)
    slope, at_w = number(d_off), number(d_w)
    nodes = (
        _node(0, 3, number(1.0), number(d_off), "2(y_pred - y)", slope),
        _node(1, 2, slope, number(1.0), "1", slope),
        _node(2, 1, slope, number(x), "x", at_w),
        TapeNode("AccumulateGrad", -1, 0, at_w, (), old, new),
    )
    grads = ((at_w, 3), (slope, 1), (slope, 0), (number(1.0), 0))
    told = tuple(replace(v, grad=grad, known=known) for v, (grad, known) in zip(tape.values, grads, strict=True))
    s, dw, at_x = (f"{each:.6g}" for each in (d_off, d_w, x))
    power = f"d((y_pred - y)²)/d(y_pred - y) = 2(y_pred - y) = {s}"
    saved = (
        (Saved("exponent", Fact("int", 2), 0), Saved("self", off.fact, 4)),
        (Saved("alpha", Fact("int", 1), 0),),
        (Saved("other", Fact("Tensor", x, (), "float64", "cpu"), 8),),
    )
    local = (
        Local("d(l)/d(%2)", power, slope),
        Local("d(%2)/d(y_pred)", "d(y_pred - y)/dy_pred = 1", number(1.0)),
        Local("d(y_pred)/d(w)", f"d(x·w)/dw = x = {at_x}", number(x)),
    )
    ways = ((off, loss, "l", "%2"), (y_pred, off, "%2", "y_pred"), (w, y_pred, "y_pred", "w"))
    words = (
        f"PowBackward0: ∂l/∂%2 = 1 · 2(y_pred - y) = 1 · {s} = {s}",
        f"SubBackward0: ∂l/∂y_pred = {s} · 1 = {s}",
        f"MulBackward0: ∂l/∂w = {s} · x = {s} · {at_x} = {dw}",
    )
    stages = []
    for at, (taken, made, above, below) in enumerate(ways):
        op, upstream, sent = OPS[2 - at], nodes[at].upstream, nodes[at].edges[0].downstream
        assert upstream is not None
        assert sent is not None
        stages.append(
            Stage(
                Op(at, 4, op.node, 2 - at, at, op.expression, op.line, "", (taken,), (made,),
                   (Named(f"∂l/∂{above}", upstream),), (local[at],), (Named(f"∂l/∂{below}", sent),), saved[at], ""),
                words[at], {},
            )
        )  # fmt: skip
    was = "None" if lecture.grad is None else f"{lecture.grad:.6g}"
    last = Op(3, 4, "AccumulateGrad", -1, 3, "", 26, "", (), (), (Named("∂l/∂w", at_w),), (), (Named("w.grad", new),),
              (), "")  # fmt: skip
    stages.append(Stage(last, f"w.grad = {was} + {dw} = {new.number:.6g}", {"params": with_w(lecture.w, new.number)}))
    return replace(tape, values=told, nodes=nodes), stages


def _update(lecture: Lecture, after: Lecture) -> tuple[Tape, list[Stage]]:
    assert lecture.grad is not None
    values = [
        Named("w.grad.data", number(lecture.grad)), Named("%1", number(f32(f32(0.01) * lecture.grad))),
        Named("w.data", number(lecture.w)), Named("%3", number(after.w)),
    ]  # fmt: skip
    stages = [
        Stage(_op(0, UPDATE, (values[0],), (values[1],)), _words(UPDATE[0], values[1]), {}),
        Stage(_op(1, UPDATE, (values[2], values[1]), (values[3],)), _words(UPDATE[1], values[3]), {}),
        Stage(_op(2, UPDATE, (values[3],), ()), UPDATE[2].text, {"params": with_w(after.w, lecture.grad)}),
    ]
    symbols = ("w.grad.data", "(0.01 * w.grad.data)", "w.data", "%3")
    told = [
        TapeValue(each.name, symbol, each.fact, op, False, False, None, -1)
        for each, symbol, op in zip(values, symbols, (-1, 0, -1, 1), strict=True)
    ]
    return Tape((*told, *_loss(lecture)), UPDATE, (), len(told) if lecture.loss is not None else -1), stages


def _zero_grad(lecture: Lecture) -> tuple[Tape, list[Stage]]:
    assert lecture.grad is not None
    values = [Named("w.grad.data", number(grad)) for grad in (lecture.grad, 0.0)]
    stage = Stage(
        _op(0, ZERO_GRAD, values[:1], values[1:]), "zero_(w.grad.data) = 0", {"params": with_w(lecture.w, 0.0)}
    )
    told = [
        TapeValue(each.name, each.name, each.fact, at, False, False, None, -1) for at, each in enumerate(values, -1)
    ]
    return Tape((*told, *_loss(lecture)), ZERO_GRAD, (), len(told) if lecture.loss is not None else -1), [stage]


def _op(at: int, ops: tuple[TapeOp, ...], taken: Any, made: Any) -> Op:
    op = ops[at]
    return Op(at, len(ops), op.name, at, -1, op.expression, op.line, "", tuple(taken), tuple(made), (), (), (), (), "")


def _node(at: int, value: int, upstream: Fact, local: Fact, formula: str, sent: Fact) -> TapeNode:
    edge = Edge(value - 1, at + 1, local, formula, sent)
    return TapeNode(OPS[2 - at].node, 2 - at, value, upstream, (edge,), None, None)


def _words(op: TapeOp, made: Named) -> str:
    return f"{made.name} = {op.text} = {made.fact.number:.6g}"


def _loss(lecture: Lecture) -> tuple[TapeValue, ...]:
    """The loss was there before."""
    loss = lecture.loss
    return () if loss is None else (TapeValue("l", "l", number(loss), -1, True, False, None, -1),)
