"""The chain rule of one leaf: the paths from the loss to it, their products, and the sum of these.

There may be more paths than could ever be listed, so that they are counted, and summed, node by node.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bptui.protocol.fact import Fact, summary
from bptui.protocol.tape import Edge, Tape
from bptui.render.brief import short
from bptui.render.facts import nested
from bptui.render.reveal import loss_name

LISTED = 8
"""At most so many paths are listed."""
FACTORS = 8
"""At most so many factors of a path are kept: of more the first and the last ones."""
TENSOR = 4
"""The elements of tensors of up to so many are written out."""


@dataclass(frozen=True)
class Factor:
    """One local derivative on a path: from one value of the tape to the next."""

    derivative: str
    """`∂l/∂y_pred`."""
    formula: str
    """`2r`; empty where there is none."""
    local: float | None
    """The number that it is, if it is one."""
    norm: float | None
    """The norm of the gradient sent on, where it was measured."""
    node: int
    """After which node it is known."""


@dataclass(frozen=True)
class Path:
    """One path from the loss to the leaf."""

    factors: tuple[Factor, ...]
    """All of them, or of many the first and the last ones."""
    gap: int
    """How many are left out in the middle."""
    product: float | None
    """Of all of them, if they are numbers."""
    node: int
    """After which node all are known."""


@dataclass(frozen=True)
class Chain:
    """The chain rule of one leaf."""

    name: str
    """`∂l/∂w`."""
    paths: tuple[Path, ...]
    """The first ones."""
    count: int
    """How many there are."""
    total: float | None
    """The sum of all products, if all factors are numbers."""
    recorded: float | None
    """The gradient that came, if it is a number."""
    text: str
    """The gradient that came, if it is none: a small tensor, or the norm of a large one where it was measured."""
    node: int
    """The leaf's AccumulateGrad."""


def leaf_of(tape: Tape, name: str) -> int:
    """The leaf of that name; -1 if there is none."""
    return next((at for at, value in enumerate(tape.values) if value.leaf and value.name == name), -1)


def chain_of(tape: Tape, leaf: int) -> Chain | None:
    """The chain rule of that leaf; None where no path leads to it."""
    end = next(
        (at for at, node in enumerate(tape.nodes) if node.name == "AccumulateGrad" and node.value == leaf >= 0), -1
    )
    counts = _counts(tape, end)
    if end < 0 or not counts[0]:
        return None
    value, node = tape.values[leaf], tape.nodes[end]
    recorded = next((fact for fact in (node.upstream, value.grad) if fact is not None), None)
    return Chain(
        f"∂{loss_name(tape)}/∂{value.symbol}",
        tuple(_path(tape, path) for path in _paths(tape, end, counts)),
        counts[0],
        _total(tape, end, counts),
        recorded.number if recorded else None,
        _text(recorded),
        end,
    )


def _text(fact: Fact | None) -> str:
    if fact is not None and fact.value is not None and fact.numel <= TENSOR:
        return nested(fact.value)
    norm = summary(fact)
    return "" if norm is None else f"norm {short(norm)}"


def _ways(tape: Tape, at: int) -> list[Edge]:
    """The ways on from a node. One that ran later only: the engine's order is the graph's own."""
    return [edge for edge in tape.nodes[at].edges if at < edge.node < len(tape.nodes)]


def _counts(tape: Tape, end: int) -> list[int]:
    """How many paths lead from each node to the last one."""
    counts = [0] * len(tape.nodes)
    for at in range(end, -1, -1):
        counts[at] = 1 if at == end else sum([counts[edge.node] for edge in _ways(tape, at)])
    return counts


def _total(tape: Tape, end: int, counts: list[int]) -> float | None:
    """The sum of all paths' products; None where a factor is no number."""
    sums: list[float | None] = [None] * len(tape.nodes)
    sums[end] = 1.0
    for at in range(end - 1, -1, -1):
        if not counts[at]:
            continue
        total: float | None = 0.0
        for edge in _ways(tape, at):
            if counts[edge.node]:
                local, rest = edge.local.number if edge.local else None, sums[edge.node]
                total = None if total is None or local is None or rest is None else total + local * rest
        sums[at] = total
    return sums[0]


def _paths(tape: Tape, end: int, counts: list[int]) -> Iterator[list[tuple[int, Edge]]]:
    """The first paths, each as its nodes and the ways that it takes; none that leads nowhere is entered."""
    listed = 0
    path: list[tuple[int, Edge]] = []
    waiting = [_open(tape, 0, counts)]
    if end == 0:
        yield []
        return
    while waiting and listed < LISTED:
        if not waiting[-1]:
            waiting.pop()
            if path:
                path.pop()
            continue
        edge = waiting[-1].pop()
        at = path[-1][1].node if path else 0
        path.append((at, edge))
        if edge.node == end:
            listed += 1
            yield list(path)
            path.pop()
        else:
            waiting.append(_open(tape, edge.node, counts))


def _open(tape: Tape, at: int, counts: list[int]) -> list[Edge]:
    return [edge for edge in _ways(tape, at) if counts[edge.node]][::-1]


def _path(tape: Tape, path: list[tuple[int, Edge]]) -> Path:
    """A factor for each value on the way: nodes inside of one op are taken together."""
    ends = [at + 1 for at, (_node, edge) in enumerate(path) if edge.value >= 0]
    steps = [path[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    above = [tape.nodes[0].value, *(step[-1][1].value for step in steps)]
    kept = range(len(steps))
    head = tail = kept[:0]
    if len(steps) > FACTORS:
        head, tail = kept[: FACTORS // 2], kept[FACTORS // 2 - FACTORS + 1 :]
    shown = (*head, *tail) if len(steps) > FACTORS else tuple(kept)
    return Path(
        tuple(_factor(tape, above[at], steps[at]) for at in shown),
        len(steps) - len(shown),
        _multiplied(path),
        path[-1][0] if path else 0,
    )


def _factor(tape: Tape, above: int, step: list[tuple[int, Edge]]) -> Factor:
    node, last = step[-1]
    formulas = [edge.formula for _node, edge in step]
    return Factor(
        f"∂{_symbol(tape, above)}/∂{_symbol(tape, last.value)}",
        product([grouped(each) for each in formulas]) if all(formulas) else "",
        _multiplied(step),
        summary(last.downstream),
        node,
    )


def _multiplied(step: list[tuple[int, Edge]]) -> float | None:
    product = 1.0
    for _node, edge in step:
        local = edge.local.number if edge.local else None
        if local is None:
            return None
        product *= local
    return product


def _symbol(tape: Tape, value: int) -> str:
    return tape.values[value].symbol if value >= 0 else loss_name(tape)


def grouped(formula: str) -> str:
    """A formula as a factor: a sum in parentheses."""
    depth = 0
    for at, sign in enumerate(formula):
        depth += (sign in "([{") - (sign in ")]}")
        if at and not depth and sign in "+-" and formula[at - 1] == " ":
            return f"({formula})"
    return formula


def product(factors: list[str]) -> str:
    """The factors with dots between them; a later one with a sign of its own in parentheses."""
    return " · ".join(f"({each})" if at and each.startswith("-") else each for at, each in enumerate(factors))
