"""The chain rule of one leaf: the paths from the loss to it, their products, and the sum of these.

There may be more paths than could ever be listed, so that they are counted, and summed, node by node.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bptui.protocol.equation import grouped, product
from bptui.protocol.fact import Fact, summary
from bptui.protocol.tape import Edge, Tape
from bptui.render.tape.reveal import loss_name
from bptui.render.text.brief import own, short
from bptui.render.text.facts import nested

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
    leaf: str
    """`w`."""
    old: float | None
    """What its `.grad` was before, if that is a number."""
    new: float | None
    """What it is after."""


def leaf_of(tape: Tape, name: str) -> int:
    """The leaf of that name; -1 if there is none."""
    return next((at for at, value in enumerate(tape.values) if value.leaf and value.name == name), -1)


def chain_of(tape: Tape, leaf: int) -> Chain | None:
    """The chain rule of that leaf; None where no path leads to it."""
    end = next(
        (at for at, node in enumerate(tape.nodes) if node.name == "AccumulateGrad" and node.value == leaf >= 0), -1
    )
    if end < 0:
        return None
    counts = _counts(tape, end)
    if not counts[0]:
        return None
    value, node = tape.values[leaf], tape.nodes[end]
    recorded = next((fact for fact in (node.upstream, value.grad) if fact is not None), None)
    return Chain(
        f"∂{loss_name(tape)}/∂{own(value.symbol)}",
        tuple(_path(tape, path) for path in _paths(tape, end, counts)),
        counts[0],
        _total(tape, end, counts),
        recorded.number if recorded else None,
        _text(recorded),
        end,
        own(value.name),
        node.old.number if node.old else None,
        node.new.number if node.new else None,
    )


def _text(fact: Fact | None) -> str:
    if fact is not None and fact.value is not None and fact.numel <= TENSOR:
        return nested(fact.value)
    norm = summary(fact)
    return "" if norm is None else f"norm {short(norm)}"


def _counts(tape: Tape, end: int) -> list[int]:
    """How many paths lead from each node to the last one.

    The ways on are those to a node that ran later: the engine's order is the graph's own. (Long tapes: the loops here
    make no lists and tuples by the thousand, which would set off Python's garbage collection.)
    """
    counts = [0] * len(tape.nodes)
    counts[end] = 1
    for at in range(end - 1, -1, -1):
        for edge in tape.nodes[at].edges:
            if at < edge.node <= end:
                counts[at] += counts[edge.node]
    return counts


def _total(tape: Tape, end: int, counts: list[int]) -> float | None:
    """The sum of all paths' products; None where a factor is no number."""
    sums: list[float | None] = [None] * len(tape.nodes)
    sums[end] = 1.0
    for at in range(end - 1, -1, -1):
        if counts[at]:
            sums[at] = _sum(tape, at, end, counts, sums)
    return sums[0]


def _sum(tape: Tape, at: int, end: int, counts: list[int], sums: list[float | None]) -> float | None:
    total = 0.0
    for edge in tape.nodes[at].edges:
        if at < edge.node <= end and counts[edge.node]:
            local, rest = edge.local.number if edge.local else None, sums[edge.node]
            if local is None or rest is None:
                return None
            total += local * rest
    return total


def _paths(tape: Tape, end: int, counts: list[int]) -> Iterator[list[Edge]]:
    """The first paths, each as the ways that it takes; none that leads nowhere is entered."""
    path: list[Edge] = []
    if end == 0:
        yield path
    listed = 0
    nexts = [0]
    """Which way is to be tried next, at each node of the path."""
    while nexts and listed < LISTED:
        at = path[-1].node if path else 0
        edges, which = tape.nodes[at].edges, nexts[-1]
        while which < len(edges) and not (at < edges[which].node <= end and counts[edges[which].node]):
            which += 1
        if which == len(edges):
            nexts.pop()
            if path:
                path.pop()
            continue
        nexts[-1] = which + 1
        if edges[which].node == end:
            listed += 1
            yield [*path, edges[which]]
        else:
            path.append(edges[which])
            nexts.append(0)


def _path(tape: Tape, path: list[Edge]) -> Path:
    """A factor for each value on the way: nodes inside of one op are taken together."""
    ends = [at + 1 for at, edge in enumerate(path) if edge.value >= 0]
    shown = [*range(len(ends))]
    if len(ends) > FACTORS:
        shown = shown[: FACTORS // 2] + shown[FACTORS // 2 - FACTORS + 1 :]
    factors = []
    for at in shown:
        start = ends[at - 1] if at else 0
        above = path[start - 1].value if start else tape.nodes[0].value
        factors.append(_factor(tape, above, path[start : ends[at]], path[ends[at] - 2].node if ends[at] > 1 else 0))
    last = path[-2].node if len(path) > 1 else 0
    return Path(tuple(factors), len(ends) - len(shown), _multiplied(path), last)


def _factor(tape: Tape, above: int, step: list[Edge], node: int) -> Factor:
    last = step[-1]
    formulas = [edge.formula for edge in step]
    return Factor(
        f"∂{_symbol(tape, above)}/∂{_symbol(tape, last.value)}",
        product([grouped(each) for each in formulas]) if all(formulas) else "",
        _multiplied(step),
        summary(last.downstream),
        node,
    )


def _multiplied(step: list[Edge]) -> float | None:
    product = 1.0
    for edge in step:
        local = edge.local.number if edge.local else None
        if local is None:
            return None
        product *= local
    return product


def _symbol(tape: Tape, value: int) -> str:
    return loss_name(tape) if value in (-1, tape.loss) else own(tape.values[value].symbol)
