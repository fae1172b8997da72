"""The chain rule of one leaf: the paths from the loss to it, their products, and the sum of these.

There may be more paths than could ever be listed, so that they are counted, and summed, node by node.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bptui.protocol.equation import agree, grouped, product, sum_sign
from bptui.protocol.fact import Fact, flatten, summary
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
    summed: str
    """`Σ` where the product up to here is summed, since the value was broadcast (`Σ₀`: over some dimensions)."""
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
    altered: bool
    """Whether a gradient was changed on the way, by a hook: what was sent on is not what came in."""


def leaf_of(tape: Tape, name: str) -> int:
    """The leaf of that name; -1 if there is none."""
    return next((at for at, value in enumerate(tape.values) if value.leaf and value.name == name), -1)


def chain_of(tape: Tape, leaf: int) -> Chain | None:
    """The chain rule of that leaf; None where no path leads to it."""
    end = next(
        (
            at
            for at, node in enumerate(tape.nodes)
            if node.name == "AccumulateGrad" and node.value == leaf >= 0 and node.run == tape.run
        ),
        -1,
    )
    if end < 0:
        return None
    start = next(at for at, each in enumerate(tape.nodes) if each.run == tape.nodes[end].run)
    counts = _counts(tape, start, end)
    if not counts[start]:
        return None
    value, node = tape.values[leaf], tape.nodes[end]
    recorded = next((fact for fact in (node.upstream, value.grad) if fact is not None), None)
    return Chain(
        f"∂{loss_name(tape)}/∂{own(value.symbol)}",
        tuple(_path(tape, start, path) for path in _paths(tape, start, end, counts)),
        counts[start],
        _total(tape, start, end, counts),
        recorded.number if recorded else None,
        _text(recorded),
        end,
        own(value.name),
        node.old.number if node.old else None,
        node.new.number if node.new else None,
        _is_altered(tape, start, end, counts),
    )


def _is_altered(tape: Tape, start: int, end: int, counts: list[int]) -> bool:
    """Whether something that came into a node is not the sum of what was sent to it, as far as all is known."""
    sent: dict[int, list[float] | None] = {}
    for at in range(start, end):
        for edge in tape.nodes[at].edges if counts[at] else ():
            known = (
                list(flatten(edge.downstream.value)) if edge.downstream and edge.downstream.value is not None else None
            )
            before = sent.get(edge.node, [])
            if known is None or before is None or (before and len(before) != len(known)):
                sent[edge.node] = None
            else:
                sent[edge.node] = [a + b for a, b in zip(before, known, strict=True)] if before else known
    return any(_differs(tape.nodes[at].upstream, sent.get(at)) for at in range(start + 1, end + 1) if counts[at])


def _differs(came: Fact | None, sent: list[float] | None) -> bool:
    if came is None or came.value is None or not sent:
        return False
    numbers = list(flatten(came.value))
    return not agree(sent, numbers, 1e-6 * max(map(abs, [*sent, *numbers])))


def _text(fact: Fact | None) -> str:
    if fact is not None and fact.value is not None and fact.numel <= TENSOR:
        return nested(fact.value)
    norm = summary(fact)
    return "" if norm is None else f"norm {short(norm)}"


def _counts(tape: Tape, start: int, end: int) -> list[int]:
    """How many paths lead from each node to the last one.

    The ways on are those to a node that ran later: the engine's order is the graph's own. (Long tapes: the loops here
    make no lists and tuples by the thousand, which would set off Python's garbage collection.)
    """
    counts = [0] * len(tape.nodes)
    counts[end] = 1
    for at in range(end - 1, start - 1, -1):
        for edge in tape.nodes[at].edges:
            if at < edge.node <= end:
                counts[at] += counts[edge.node]
    return counts


def _total(tape: Tape, start: int, end: int, counts: list[int]) -> float | None:
    """The sum of all paths' products; None where a factor is no number."""
    sums: list[float | None] = [None] * len(tape.nodes)
    sums[end] = 1.0
    for at in range(end - 1, start - 1, -1):
        if counts[at]:
            sums[at] = _sum(tape, at, end, counts, sums)
    return sums[start]


def _sum(tape: Tape, at: int, end: int, counts: list[int], sums: list[float | None]) -> float | None:
    total = 0.0
    for edge in tape.nodes[at].edges:
        if at < edge.node <= end and counts[edge.node]:
            local, rest = edge.local.number if edge.local else None, sums[edge.node]
            if local is None or rest is None:
                return None
            total += local * rest
    return total


def _paths(tape: Tape, start: int, end: int, counts: list[int]) -> Iterator[list[Edge]]:
    """The first paths, each as the ways that it takes; none that leads nowhere is entered."""
    path: list[Edge] = []
    if end == start:
        yield path
    listed = 0
    nexts = [0]
    """Which way is to be tried next, at each node of the path."""
    while nexts and listed < LISTED:
        at = path[-1].node if path else start
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


def _path(tape: Tape, first: int, path: list[Edge]) -> Path:
    """A factor for each value on the way: nodes inside of one op are taken together."""
    ends = [at + 1 for at, edge in enumerate(path) if edge.value >= 0]
    shown = [*range(len(ends))]
    if len(ends) > FACTORS:
        shown = shown[: FACTORS // 2] + shown[FACTORS // 2 - FACTORS + 1 :]
    factors = []
    for at in shown:
        start = ends[at - 1] if at else 0
        above = path[start - 1].value if start else tape.nodes[first].value
        nodes = [first, *(edge.node for edge in path)]
        factors.append(_factor(tape, above, path[start : ends[at]], nodes[start : ends[at]]))
    last = path[-2].node if len(path) > 1 else first
    return Path(tuple(factors), len(ends) - len(shown), _multiplied(path), last)


def _factor(tape: Tape, above: int, step: list[Edge], nodes: list[int]) -> Factor:
    """`nodes`: from each of which an edge of the step leads on."""
    last = step[-1]
    formulas = [edge.formula for edge in step]
    return Factor(
        f"∂{_symbol(tape, above)}/∂{_symbol(tape, last.value)}",
        product([grouped(each) for each in formulas]) if all(formulas) else "",
        next(
            (sum_sign(edge.summed, _rank(tape, node)) for edge, node in zip(step, nodes, strict=True) if edge.summed),
            "",
        ),
        _multiplied(step),
        _norm(last.downstream),
        nodes[-1],
    )


def _norm(fact: Fact | None) -> float | None:
    norm = summary(fact)
    return None if norm is None else abs(norm)


def _rank(tape: Tape, node: int) -> int:
    upstream = tape.nodes[node].upstream
    return len(upstream.shape or ()) if upstream is not None else 0


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
