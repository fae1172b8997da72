"""A small tape as a lecture draws it: leaves on the left, a box for each op, values going right, gradients coming back.

Here is what goes where; drawing.py writes it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from bptui.protocol.fact import Fact
from bptui.protocol.tape import Op, Tape
from bptui.render.tape.layered import Item, lay_out
from bptui.render.tape.reveal import current
from bptui.render.text.brief import drawn, own
from bptui.render.text.cells import ending, width_of
from bptui.render.text.gate import one_line

SIGNS = {"mul": "×", "add": "+", "sub": "-", "div": "/", "true_divide": "/", "pow": "^", "matmul": "@", "mm": "@"}
CALLED = {
    "binary_cross_entropy_with_logits": "bce logits",
    "binary_cross_entropy": "bce",
    "multi_head_attention_forward": "attention",
    "scaled_dot_product_attention": "attention",
}
"""Long names in short."""
NAME = 14
"""The name of an op or a value is at most so wide."""
LABEL = 18
"""A value on a wire is at most so wide."""
CONSTANT = 8
"""A plain number is written into an op's box where it is at most so wide."""
TRACK = 2
"""So wide is the column in which a wire goes up or down."""


def sign(tape: Tape, at: int) -> str:
    """What the box of an op says: `× 2.0`, `relu`."""
    op = tape.ops[at]
    if op.name not in SIGNS:
        return _called(CALLED.get(op.name, op.name))
    tensors = {text for each in op.inputs for text in (tape.values[each].name, tape.values[each].symbol)}
    arguments = one_line(op.text).partition("(")[2].rpartition(")")[0].split(", ")
    words = ["" if text in tensors else text for text in arguments]
    if len(words) != 2 or any(width_of(word) > CONSTANT for word in words):
        return SIGNS[op.name]
    return f"{words[0]} {SIGNS[op.name]} {words[1]}".strip()


def _called(name: str) -> str:
    """A name in a drawing."""
    return ending(own(one_line(name)), NAME)


@dataclass(eq=False)
class GraphPart:
    """What stands at an item: an op's box, or the name of a value."""

    text: str
    op: int = -1
    value: int = -1

    @property
    def width(self) -> int:
        """A box has a frame, and room for a mark; so has a name."""
        return width_of(self.text) + (4 if self.op >= 0 else 2)


@dataclass(frozen=True)
class GraphCell:
    """Where something is in a drawing."""

    row: int
    column: int
    height: int
    width: int


@dataclass(frozen=True)
class LayerColumns:
    """Where a layer is, and the gap behind it: the values, the tracks, the gradients sent back, the arrow heads."""

    left: int
    width: int
    tracks: int
    tail: int
    end: int
    """Where the next layer begins."""

    @property
    def right(self) -> int:
        return self.left + self.width


class Graph:
    """The drawing of a tape: laid out once, drawn at each stop (see drawing.py)."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.parts: dict[Item, GraphPart] = {}
        self.ways: list[list[int]] = []
        """What each op takes, without what is no way of the graph: an op's own result."""
        self.uses: Counter[int] = Counter()
        """How often each value is taken."""
        self.sent: dict[tuple[int, int], tuple[int, Fact | None]] = {}
        """By op and which of its inputs: after which node it sent a gradient back, and that gradient."""
        self._build()
        self._gradients()
        self.layout = lay_out([*self.parts])
        self.columns: list[LayerColumns] = []
        self._spread()
        self.width = self.columns[-1].right if self.columns else 0
        self.height = self.layout.height

    def _build(self) -> None:
        tape = self.tape
        layers: list[int] = []
        for at, op in enumerate(tape.ops):
            self.ways.append([each for each in op.inputs if tape.values[each].op < at])
            self.uses.update(self.ways[at])
            layers.append(
                1 + max((layers[made] for each in self.ways[at] if (made := tape.values[each].op) >= 0), default=0)
            )
        first: dict[int, int] = {}
        for at, values in enumerate(self.ways):
            first.update({each: min(layers[at], first.get(each, layers[at])) for each in values})
        for at in range(len(tape.ops)):
            for each in dict.fromkeys(self.ways[at]):
                if tape.values[each].op < 0 and first.get(each) == layers[at]:
                    del first[each]
                    self.parts[Item(layers[at] - 1, 3, [], [(each, 1)])] = GraphPart(
                        _called(tape.values[each].name), value=each
                    )
            self._op(at, layers[at])

    def _op(self, at: int, layer: int) -> None:
        """An op's box, and the names of what it made that no other op takes."""
        op, ways = self.tape.ops[at], self.ways[at]
        outs = [each for each in op.outputs if each in self.uses or each == self.tape.loss] or [*op.outputs[:1]]
        outs = [each for each in outs if self.tape.values[each].op == at]
        height = max(2 * len(ways) + 1, 3 * len(outs), 3)
        ins = [*zip(ways, _rows(len(ways), 2, height), strict=True)]
        ports = [*zip(outs, _rows(len(outs), 3, height), strict=True)]
        self.parts[Item(layer, height, ins, ports)] = GraphPart(sign(self.tape, at), op=at)
        for each in outs:
            if not self.uses[each]:
                self.parts[Item(layer + 1, 3, [(each, 1)], [])] = GraphPart(
                    _called(self.tape.values[each].name), value=each
                )

    def _gradients(self) -> None:
        for index, node in enumerate(self.tape.nodes):
            for edge in node.edges if 0 <= node.op < len(self.ways) else ():
                for at, value in enumerate(self.ways[node.op]):
                    if value == edge.value and (node.op, at) not in self.sent:
                        self.sent[node.op, at] = index, edge.downstream
                        break

    def _spread(self) -> None:
        """Give all that is ever written its room, so that nothing moves from one stop to the next."""
        left, layers = 0, self.layout.layers
        for at, (layer, gap) in enumerate(zip(layers, self.layout.gaps, strict=True)):
            width = max((self.parts[item].width for item in layer if not item.passes), default=0)
            stub = max((self._label(item, width) - width for item in layer if not item.passes), default=0)
            tracks = TRACK * (1 + max((track.column for track in gap), default=-1))
            after = layers[at + 1] if at + 1 < len(layers) else []
            tails = [self.tail(item, index) for item in after for index in range(len(item.ins))]
            tail = max((width_of(text) + 1 for text in tails if text), default=0)
            right = left + width
            end = right + stub + tracks + tail + 1 if gap else right
            self.columns.append(LayerColumns(left, width, right + stub, right + stub + tracks, end))
            left = end

    def _label(self, item: Item, width: int) -> int:
        """How far what is written beside the wires from an item goes: it begins at a box's own right side."""
        part = self.parts[item]
        start = part.width if part.op >= 0 else width
        labels = [text for net, _row in item.outs for text in (self.value(net), self.grad(net))]
        return start + 2 + max((width_of(text) for text in labels), default=0)

    def value(self, net: int) -> str:
        """What is written over a wire: the value, under its name where it has one that is told nowhere else."""
        known = self.tape.values[net]
        text = drawn(known.fact, LABEL)
        named = known.op >= 0 and not known.name.startswith("%") and self.uses[net]
        return f"{_called(known.name)} {text}" if named else text

    def grad(self, net: int) -> str:
        """What is written under it: its gradient, the sum of all that is sent back."""
        known = self.tape.values[net]
        return f"← {drawn(known.grad, LABEL, gradient=True)}" if known.grad is not None else ""

    def tail(self, item: Item, index: int) -> str:
        """What is written where a wire ends: what that op alone sent back of a value that several take."""
        part = self.parts.get(item)
        if part is None or part.op < 0 or self.uses[item.ins[index][0]] < 2:
            return ""
        _node, fact = self.sent.get((part.op, index), (-1, None))
        return f"← {drawn(fact, LABEL, gradient=True)}" if fact is not None else ""

    def where(self, op: Op | None) -> GraphCell | None:
        """Where the program stands in the drawing."""
        at_op, at_value = current(self.tape, op)
        for layer, columns in zip(self.layout.layers, self.columns, strict=True):
            for item in layer:
                part = self.parts.get(item)
                if part and (part.op == at_op >= 0 or (at_op < 0 and part.value == at_value >= 0)):
                    return GraphCell(item.row, columns.left, item.height, part.width if part.op >= 0 else columns.width)
        return None


def _rows(count: int, pitch: int, height: int) -> list[int]:
    """Rows of so many ports in the middle of a height."""
    first = (height - pitch * (count - 1) - 1) // 2
    return [first + pitch * at for at in range(count)]
