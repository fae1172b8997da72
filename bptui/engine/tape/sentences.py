"""What one op or node did, in words: `∂l/∂w = -2 · x = -2 · 1 = -2`. No equation that does not hold."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from bptui.engine.observe.explain import short
from bptui.engine.tape.chain_rule import broadcast_both_ways, holds
from bptui.engine.tape.nodes import RawNode
from bptui.engine.tape.op_facts import SOMETHING
from bptui.engine.tape.operands import value_of
from bptui.engine.tape.recording import RecordedStep, Recording
from bptui.engine.tape.records import RawOp
from bptui.engine.tape.terms import ONE, Term
from bptui.engine.tensors.facts import fact
from bptui.protocol.equation import agree, product, summed
from bptui.protocol.fact import Fact, Value
from bptui.protocol.snapshot import Failure
from bptui.protocol.tape import Edge, Op, Tape, TapeOp

BOTH_WAYS = "BROADCAST BOTH WAYS"
_WRITTEN = 4
"""Tensors of up to so many elements are written out."""


def sentence(recording: Recording, step: RecordedStep, op: Op) -> str:
    """What the step did."""
    where = f"{recording.phase} {op.index + 1}/{op.count}"
    if isinstance(step.raw, RawOp):
        return f"{where}: {_op(recording, step.raw, op)}"
    if step.raw.variable:
        return f"{where}: {_accumulated(step.raw, op)}"
    if not step.raw.done:
        return f"{where}: {op.name}: it did not come to its end"
    return f"{where}: {op.name}: {'; '.join(_sent(recording, op))}"


def failed(recording: Recording, step: RecordedStep, op: Op, failure: Failure, undone: bool) -> str:
    """That the step raised."""
    where = f"{recording.phase} {op.index + 1}/{op.count}"
    state = "the state is as before it" if undone else "what it did until then stays done"
    after = "after " if isinstance(step.raw, RawNode) and step.raw.done else ""  # a hook of the script's raised
    cause = f"; {failure.cause}" if failure.cause else ""
    return f"{where}: {after}{op.name} raised {failure.type}: {failure.message}{cause}; {state}".replace("\n", " ")


def _op(recording: Recording, raw: RawOp, op: Op) -> str:
    taped = recording.tape.ops[op.op]
    taken = {each.name for each in op.inputs}
    names = [each.name for each in op.output if not raw.wrote and each.name not in taken]
    made = ", ".join(names) + " = " if names else ""
    value = ", ".join(short(each.fact) for each in op.output)
    both = _both_ways(recording.tape, taped)
    return f"{made}{taped.text}" + (f" = {value}" if value else "") + (f"; {BOTH_WAYS}: {both}" if both else "")


_OF_SHAPES = frozenset(
    "add sub mul div pow remainder fmod floor_divide maximum minimum atan2 hypot where lt le gt ge eq ne "
    "mse_loss l1_loss smooth_l1_loss huber_loss binary_cross_entropy poisson_nll_loss gaussian_nll_loss".split()
)
"""Ops that broadcast what they take."""


def _both_ways(tape: Tape, op: TapeOp) -> str:
    """`pred [3] with y [3, 1] makes [3, 3]`: the classic bug that no error tells of; empty where it is not so."""
    shapes = [tape.values[place].fact.shape for place in op.inputs]
    known = [shape for shape in shapes if shape is not None]
    if op.name.rstrip("_") not in _OF_SHAPES or len(known) != len(shapes) or len(known) < 2:
        return ""
    try:
        made = tuple(torch.broadcast_shapes(*known))  # type: ignore[no-untyped-call]
    except RuntimeError:  # the op raised for that
        return ""
    if not broadcast_both_ways(made, tuple(known)):
        return ""
    named = zip(op.inputs, known, strict=True)
    return f"{' with '.join(f'{tape.values[at].name} {list(shape)}' for at, shape in named)} makes {list(made)}"


def broadcast_on(tape: Tape) -> str:
    """What a forward broadcast both ways, and on which line; empty for nothing."""
    for op in tape.ops:
        if both := _both_ways(tape, op):
            return f"{BOTH_WAYS}, line {op.line}: {both}" if op.line is not None else f"{BOTH_WAYS}: {both}"
    return ""


def _accumulated(raw: RawNode, op: Op) -> str:
    """`w.grad = -2 + -7.84 = -9.84`; norms do not add up."""
    if not op.downstream:
        return f"{op.name}: it did not come to its end"
    grad, added = op.downstream[0], op.upstream[0].fact
    old = raw.old.detailed() if raw.old is not None else None
    if _adds_up(old, added, grad.fact):
        return f"{grad.name} = {short(old)} + {short(added)} = {short(grad.fact)}"
    return f"{short(added)} added to {grad.name}: {short(old)} -> {short(grad.fact)}"


def _adds_up(old: Fact | None, added: Fact, new: Fact) -> bool:
    """Whether old plus added is what is there now, as far as all is written out."""
    facts = [each for each in (old, added, new) if each is not None]
    if any(not _numbers(each) for each in facts):
        return False
    before, more, now = value_of(old), value_of(added), value_of(new)
    assert more is not None
    assert now is not None
    total = more if before is None else before + more
    slack = 1e-6 * float(more.abs().max() + (0 if before is None else before.abs().max())) if more.numel() else 0.0
    return agree(total.reshape(-1).tolist(), now.reshape(-1).tolist(), slack)


def _sent(recording: Recording, op: Op) -> Iterator[str]:
    """Each gradient that a node sent on: `∂l/∂w = -2 · x = -2 · 1 = -2`, as far as that is known and holds."""
    downstream = iter(op.downstream)
    for edge in recording.tape.nodes[op.node].edges:
        if edge.downstream is None:
            continue
        named = next(downstream)
        sent, sides = named.fact, [named.name]
        if len(op.upstream) == 1:
            sides += _products(op.upstream[0].name, op.upstream[0].fact, edge, sent)
        yield " = ".join([*sides, short(sent)])
        if edge.summed and edge.value >= 0:
            name = recording.tape.values[edge.value].name
            yield f"{name} {_shape(sent)} was broadcast to {_shape(op.upstream[0].fact)}"


def _shape(known: Fact) -> str:
    return str(list(known.shape or ()))


def _products(name: str, upstream: Fact, edge: Edge, sent: Fact) -> Iterator[str]:
    """Upstream times the local derivative: with the formula, and in numbers."""
    rank = len(upstream.shape or ())
    upstream_text = _numbers(upstream) or ("" if SOMETHING in name else name)
    if _numbers(upstream) and not _numbers(sent):
        return  # one number for very many elements
    symbolic = (
        summed(product([upstream_text, edge.formula]), edge.summed, rank) if edge.formula and upstream_text else ""
    )
    if symbolic:
        yield symbolic
    if edge.formula.lstrip("-").isdigit():
        return
    local = _elementwise(edge.local, upstream)
    value, numbers = value_of(local), _numbers(local)
    if value is None or not numbers or not _numbers(upstream):
        return
    numeric = summed(product([upstream_text, numbers]), edge.summed, rank)
    if numeric != symbolic and holds(value_of(upstream), Term("", ONE, value), edge.summed, sent):
        yield numeric


def _elementwise(local: Fact | None, upstream: Fact) -> Fact | None:
    """The local derivative as one factor for each element of what came in; None where it is a true Jacobian."""
    if local is None or local.value is None or local.shape is None:
        return None
    if local.number is not None and upstream.numel == 1:
        return local
    if upstream.numel > 1 and local.numel == upstream.numel and local.shape in (upstream.shape, (upstream.numel, 1)):
        value = torch.tensor(local.value).reshape(upstream.shape or ())
        return fact(value)
    return None


def _numbers(known: Fact | None) -> str:
    """A number, or a few, as a factor; empty where there are too many."""
    if known is None or known.value is None or isinstance(known.value, str):
        return ""
    if known.number is not None:
        return f"{known.number:.6g}"
    return _nested(known.value) if known.numel <= _WRITTEN else ""


def _nested(value: Value) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_nested, value)) + "]"
    return f"{value:.6g}" if isinstance(value, (int, float)) else str(value)
