"""All facts of one op or node of a recording: what it took and made, its gradients and derivatives, what it saved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bptui.engine.observe.explain import short
from bptui.engine.tape.formulas import written
from bptui.engine.tape.nodes import RawNode
from bptui.engine.tape.recording import RecordedStep, Recording
from bptui.engine.tape.records import RawOp
from bptui.engine.tensors.captured import CapturedTensor
from bptui.engine.tensors.facts import fact
from bptui.protocol.fact import Fact, Named
from bptui.protocol.tape import Local, Op, Saved

SOMETHING = "…"
"""A value inside of an op, which has no name."""


def op_of(recording: Recording, step: RecordedStep, index: int, line: int) -> Op:
    """The facts. `line`: the phase's own, for a step that has none."""
    at_op, at_node = recording.place_of(step)
    made = recording.tape.ops[at_op] if at_op >= 0 else None
    raw = step.raw
    node = raw if isinstance(raw, RawNode) else None
    return Op(
        index=index,
        count=len(recording.steps),
        name=made.name if node is None and made is not None else raw.name,
        op=at_op,
        node=at_node,
        expression=made.expression if made is not None else "",
        line=(made.line if made is not None else None) or recording.line_of(raw) or line,
        module=made.module if made is not None else "",
        inputs=(*_named(recording, made.inputs), *_plain(recording, raw, at_op)) if made is not None else (),
        output=_named(recording, made.outputs) if made is not None else (),
        upstream=_upstream(recording, node, at_node) if node is not None else (),
        local=tuple(_local(recording, at_op, at_node)) if node is not None else (),
        downstream=_downstream(recording, node, at_node) if node is not None else (),
        saved=tuple(Saved(name, _fact_of(captured), size) for name, captured, size in node.saved)
        if node is not None
        else (),
        opaque=node.opaque if node is not None else "",
    )


def derivative(recording: Recording, raw: RawNode, place: int) -> str:
    """`∂l/∂w`: the gradient of what the backward began from with respect to that value."""
    assert recording.builder is not None
    name = recording.tape.values[place].name if place >= 0 else SOMETHING
    return f"∂{recording.builder.root_name(raw.root)}/∂{name}"


def _named(recording: Recording, places: Sequence[int]) -> tuple[Named, ...]:
    values = recording.tape.values
    return tuple(Named(values[place].name, recording.fact_of(place)) for place in dict.fromkeys(places))


def _plain(recording: Recording, raw: RawOp | RawNode, op: int) -> Iterator[Named]:
    """The plain numbers that an op took, where the source has names for them."""
    if isinstance(raw, RawOp) and recording.builder is not None:
        yield from (Named(name, fact(number)) for name, number in recording.builder.taken[op].plain)


def _upstream(recording: Recording, raw: RawNode, node: int) -> tuple[Named, ...]:
    by = derivative(recording, raw, recording.tape.nodes[node].value)
    gradients = [each for each in raw.upstream if each is not None]
    names = [by] if len(gradients) == 1 else [f"{by}[{i}]" for i in range(len(gradients))]
    return tuple(Named(name, each.detailed()) for name, each in zip(names, gradients, strict=True))


def _downstream(recording: Recording, raw: RawNode, node: int) -> tuple[Named, ...]:
    tape = recording.tape
    if raw.variable:
        name = tape.values[tape.nodes[node].value].name
        return (Named(f"{name}.grad", raw.new.detailed()),) if raw.new is not None else ()
    named = zip(tape.nodes[node].edges, _sent_on(raw), strict=True)
    return tuple(
        Named(derivative(recording, raw, edge.value) + part_of(recording, node, number), each.detailed())
        for number, (edge, each) in enumerate(named)
        if each is not None
    )


def part_of(recording: Recording, node: int, edge: int) -> str:
    """` (1 of 2)`: which part of a gradient is sent along that edge; empty where it is all of it."""
    return recording.builder.parts.get((node, edge), "") if recording.builder is not None else ""


def _sent_on(raw: RawNode) -> list[CapturedTensor | None]:
    """What a node sent along each of its edges that lead on."""
    downstream = raw.downstream
    leading = [index for index, edge in enumerate(raw.edges) if edge[0] >= 0]
    return [downstream[index] if index < len(downstream) else None for index in leading]


def _local(recording: Recording, op: int, node: int) -> Iterator[Local]:
    """`d(r²)/dr = 2r = -3.92`."""
    tape, builder = recording.tape, recording.builder
    value = tape.nodes[node].value
    output = tape.values[value].name if value >= 0 else SOMETHING
    edges = tape.nodes[node].edges
    for number, edge in enumerate(edges):
        if edge.local is None and not edge.formula:
            continue
        twice = sum(each.value == edge.value for each in edges) > 1
        part = part_of(recording, node, number) if twice else ""
        by = tape.values[edge.value] if edge.value >= 0 else None
        text = ""
        if edge.formula and op >= 0 and by is not None and builder is not None and builder.taken[op].written:
            what = written(tape.ops[op].name, builder.taken[op].written)
            known = short(edge.local) if edge.local is not None and edge.local.number is not None else ""
            text = f"d({what})/d{by.symbol}{part} = {edge.formula.removesuffix(' @').removeprefix('@ ')}"
            text += f" = {known}" if known and known != edge.formula else ""
        yield Local(f"d({output})/d({by.name if by else SOMETHING}){part}", text, edge.local)


def _fact_of(value: object) -> Fact:
    """Of something saved: captured, or plain."""
    if isinstance(value, CapturedTensor):
        return value.brief()
    return value if isinstance(value, Fact) else fact(value)
