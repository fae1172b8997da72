"""Where the boxes and the wires of a small graph go, from left to right: a layered layout (Sugiyama's, kept simple).

Items stand in layers. A net leads from a port on an item's right side to ports on the left sides of items in later
layers; through the layers between it is passed on by an item of its own, one row high. What is drawn is not known here.

The libraries for this were tried and left: netext draws edges with labels but lets them run over one another, phart and
graph-easy know no labels above and below an edge, and none gives way for two labels of different styles.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median_low

SWEEPS = 6
TRIES = 40
STEADY = 1_000
"""How much more an item weighs that is to stay where it is."""


@dataclass(eq=False)
class Item:
    """A box, a name, or a net that passes through a layer."""

    layer: int
    height: int
    ins: list[tuple[int, int]]
    """Ports on its left: net, and row from its top."""
    outs: list[tuple[int, int]]
    """Ports on its right."""
    passes: bool = False
    """Whether it is but a net that passes through."""
    row: int = 0
    """Its top, once it is laid out."""


@dataclass(frozen=True)
class NetTrack:
    """A net's way through the gap behind a layer."""

    net: int
    start: int
    """The row at which it comes in."""
    ends: tuple[int, ...]
    """Those at which it goes out."""
    column: int
    """Where it goes up and down, counted from the left; -1 for a net that goes straight on."""


@dataclass(frozen=True)
class Layout:
    """The items in layers from top to bottom, and the ways between layers."""

    layers: list[list[Item]]
    gaps: list[list[NetTrack]]
    """One for each layer: the ways from it to the next."""
    height: int


@dataclass
class _Net:
    layer: int
    last: int = 0
    parts: dict[int, Item] = field(default_factory=dict)
    """What passes it on, by layer."""


def lay_out(items: list[Item]) -> Layout:
    """Order the items of each layer, give each a row, and lead the nets between."""
    layers = _layers(items)
    _order(layers)
    _place(layers)
    gaps = []
    for at in range(len(layers)):
        after = layers[at + 1] if at + 1 < len(layers) else []
        for _ in range(TRIES):
            tracks = _tracks(layers[at], after)
            if tracks is not None:
                break
            for later in layers[at + 1 :]:  # two nets would have to pass each other in one row: give way by one
                for item in later:
                    item.row += 1
        gaps.append(tracks or [])
    top = min((item.row for layer in layers for item in layer), default=0)
    for layer in layers:
        for item in layer:
            item.row -= top
    moved = [
        [NetTrack(t.net, t.start - top, tuple(end - top for end in t.ends), t.column) for t in gap] for gap in gaps
    ]  # fmt: skip
    return Layout(layers, moved, max((item.row + item.height for layer in layers for item in layer), default=0))


def _layers(items: list[Item]) -> list[list[Item]]:
    """The items by layer, with those that pass a net on."""
    layers: list[list[Item]] = [[] for _ in range(max((item.layer for item in items), default=-1) + 1)]
    nets: dict[int, _Net] = {}
    for item in items:
        layers[item.layer].append(item)
        for net, _row in item.outs:
            nets[net] = _Net(item.layer)
    for item in items:
        for net, _row in item.ins:
            nets[net].last = max(nets[net].last, item.layer)
    for net, way in nets.items():
        for at in range(way.layer + 1, way.last):
            layers[at].append(Item(at, 1, [(net, 0)], [(net, 0)], passes=True))
    return layers


def _order(layers: list[list[Item]]) -> None:
    """Few crossings: every item near the middle of what it is joined to, from both sides in turn."""
    fewest, best_order = _crossings(layers), [list(layer) for layer in layers]
    for sweep in range(SWEEPS):
        forwards = sweep % 2 == 0
        for at in range(1, len(layers)) if forwards else range(len(layers) - 2, -1, -1):
            other = layers[at - 1 if forwards else at + 1]
            places: dict[int, list[float]] = {}
            for index, item in enumerate(other):
                ports = item.outs if forwards else item.ins
                for port, (net, _row) in enumerate(ports):
                    places.setdefault(net, []).append(index + (port + 1) / (len(ports) + 1))
            before = {id(item): index + 0.5 for index, item in enumerate(layers[at])}

            def middle(item: Item, forwards: bool = forwards, places: dict[int, list[float]] = places,
                       before: dict[int, float] = before) -> float:  # fmt: skip
                near = [each for net, _ in (item.ins if forwards else item.outs) for each in places.get(net, [])]
                return sum(near) / len(near) if near else before[id(item)]

            layers[at].sort(key=middle)
        count = _crossings(layers)
        if count < fewest:
            fewest, best_order = count, [list(layer) for layer in layers]
    layers[:] = best_order


def _crossings(layers: list[list[Item]]) -> int:
    """How many pairs of ways cross."""
    count = 0
    for left, right in pairwise(layers):
        starts = {net: at for at, net in enumerate(net for item in left for net, _row in item.outs)}
        ends = [net for item in right for net, _row in item.ins]
        ways = [(starts[net], at) for at, net in enumerate(ends) if net in starts]
        count += sum(a < c and b > d for a, b in ways for c, d in ways)
    return count


def _place(layers: list[list[Item]]) -> None:
    """Rows that make most ways straight."""
    for layer in layers:
        row = 0
        for item in layer:
            item.row = row
            row += item.height
    for forwards in (True, False, True, False, True):
        for at in range(1, len(layers)) if forwards else range(len(layers) - 2, -1, -1):
            _settle(layers[at], [_wanted(item, layers, forwards) for item in layers[at]])
    for layer in layers:  # at last what comes from nowhere goes to where it is needed, and nothing else moves
        _settle(
            layer,
            [float(item.row) if item.ins else _wanted(item, layers, False) for item in layer],
            [STEADY if item.ins else 1 for item in layer],
        )


def _wanted(item: Item, layers: list[list[Item]], forwards: bool) -> float:
    """The row in which one of its ways is straight, seen from the layer before or behind, if it is joined to that."""
    for side in (forwards, not forwards):
        at = item.layer - 1 if side else item.layer + 1
        near: list[tuple[int, int]] = []
        for net, row in item.ins if side else item.outs:
            for other in layers[at] if 0 <= at < len(layers) else ():
                near += [(other.row + to, row) for each, to in (other.outs if side else other.ins) if each == net]
        rows = [to - row for to, row in near]
        if len({to for to, _row in near}) == 1 or len({row for _to, row in near}) == 1:
            return sum(rows) / len(rows)  # all are ways of one net: in the middle
        if near:
            return float(median_low(rows))
    return float(item.row)


def _settle(layer: list[Item], wanted: list[float], weights: list[int] | None = None) -> None:
    """As near as can be to the rows wanted, none over another (pooling those that are in one another's way)."""
    pools: list[list[float]] = []  # the weighted sum of what is wanted, the weight, how many
    above = 0
    tops = []
    for item, want, weight in zip(layer, wanted, weights or [1] * len(layer), strict=True):
        tops.append(above)
        pools.append([(want - above) * weight, weight, 1])
        above += item.height
        while len(pools) > 1 and pools[-2][0] * pools[-1][1] > pools[-1][0] * pools[-2][1]:
            last = pools.pop()
            pools[-1] = [a + b for a, b in zip(pools[-1], last, strict=True)]
    rows = [total / weight for total, weight, count in pools for _ in range(int(count))]
    for item, row, top in zip(layer, rows, tops, strict=True):
        item.row = round(row) + top


def _tracks(left: list[Item], right: list[Item]) -> list[NetTrack] | None:
    """The ways through a gap, each bent one in a column; None where two would need each other's row."""
    ends: dict[int, list[int]] = {}
    for item in right:
        for net, row in item.ins:
            ends.setdefault(net, []).append(item.row + row)
    ways = [(net, item.row + row, tuple(ends[net])) for item in left for net, row in item.outs if net in ends]
    bent = [(net, start, to) for net, start, to in ways if set(to) != {start}]
    after = {
        net: {other for other, begins, _to in bent if other != net and begins in to} for net, _start, to in bent
    }  # a net that begins in a row in which this one ends must turn off before
    columns: list[list[tuple[int, int]]] = []
    placed: dict[int, int] = {}
    waiting = sorted(bent, key=lambda way: (min(way[2]) > way[1], -way[1] if min(way[2]) > way[1] else way[1]))
    while waiting:
        way = next((way for way in waiting if after[way[0]] <= placed.keys()), None)
        if way is None:
            return None
        waiting.remove(way)
        net, start, to = way
        low, high = min(start, *to), max(start, *to)
        column = max((placed[other] + 1 for other in after[net]), default=0)
        while column < len(columns) and any(low <= b + 1 and a <= high + 1 for a, b in columns[column]):
            column += 1
        while column >= len(columns):
            columns.append([])
        columns[column].append((low, high))
        placed[net] = column
    return [NetTrack(net, start, to, placed.get(net, -1)) for net, start, to in ways]
