"""The drawing of a graph at a stop: boxes, wires, values and gradients, cell by cell."""

from __future__ import annotations

from itertools import groupby

from rich.text import Text

from bptui.protocol.tape import Op
from bptui.render.tape.graph import TRACK, Graph, GraphPart, LayerColumns
from bptui.render.tape.layered import Item, NetTrack
from bptui.render.tape.reveal import current, revealed
from bptui.render.tape.tape import BACK, GRADIENT, HERE, UNKNOWN
from bptui.render.text.cells import signs, width_of
from bptui.render.text.fit import cut, piece
from bptui.render.text.style import FAINT, LIT, QUIET, STRONG

LEFT, RIGHT, UP, DOWN = 1, 2, 4, 8
WIRES = " ╴╶─╵╯╰┴╷╮╭┬│┤├┼"
"""By the sides to which a wire goes."""


def draw(graph: Graph, op: Op | None = None) -> list[Text]:
    """The lines of the drawing, each as wide as the graph. What was not computed yet is a quiet `·`."""
    return _Drawing(graph, op).lines()


class _Drawing:
    """One drawing in the making."""

    def __init__(self, graph: Graph, op: Op | None) -> None:
        self._graph = graph
        self._reveal = revealed(op)
        self._op, self._value = current(graph.tape, op)
        self._mark = BACK if op is not None and op.node >= 0 else HERE
        self._cells = [[(" ", "")] * graph.width for _ in range(graph.height)]
        self._wires: dict[tuple[int, int], dict[int, int]] = {}
        """By row and column: the nets that go there, each with its sides."""

    def lines(self) -> list[Text]:
        layout = self._graph.layout
        for layer, gap, columns in zip(layout.layers, layout.gaps, self._graph.columns, strict=True):
            for item in layer:
                if item.passes:
                    self._wire(item.row, columns.left, columns.right, item.outs[0][0])
                    continue
                for net, port in item.outs:  # from a box that is not as wide as others of its layer
                    self._wire(item.row + port, self._right(item, columns), columns.right, net)
            for track in gap:
                self._track(track, columns)
        self._put_wires()
        before: LayerColumns | None = None
        for layer, columns in zip(layout.layers, self._graph.columns, strict=True):
            for item in layer:
                if not item.passes:
                    self._part(item, self._graph.parts[item], columns)
                    self._labels(item, columns, before)
            before = columns
        return [self._line(row) for row in self._cells]

    def _right(self, item: Item, columns: LayerColumns) -> int:
        """Where the wires from an item begin."""
        part = self._graph.parts[item]
        return columns.left + part.width if part.op >= 0 else columns.right

    def _write(self, row: int, column: int, text: str, style: str) -> None:
        for each in signs(text):
            if 0 <= row < self._graph.height and 0 <= column < self._graph.width:
                self._cells[row][column] = each, style
            column += width_of(each)

    def _line(self, row: list[tuple[str, str]]) -> Text:
        """The cells in order; a wide sign takes two of them, and none of what is written there besides."""
        shown: list[tuple[str, str]] = []
        skip = 0
        for sign, style in row:
            if skip <= 0:
                shown.append((sign, style))
                skip = width_of(sign)
            skip -= 1
        runs = groupby(shown, key=lambda each: each[1])
        line = Text().join(piece("".join(sign for sign, _style in run), style) for style, run in runs)
        return cut(line, self._graph.width)

    def _wire(self, row: int, start: int, end: int, net: int) -> None:
        """A wire from one column to before another."""
        for column in range(start, end):
            self._sides(row, column, net, LEFT | RIGHT)

    def _sides(self, row: int, column: int, net: int, sides: int) -> None:
        nets = self._wires.setdefault((row, column), {})
        nets[net] = nets.get(net, 0) | sides

    def _track(self, track: NetTrack, columns: LayerColumns) -> None:
        if track.column < 0:
            self._wire(track.start, columns.right, columns.end, track.net)
            return
        turn = columns.tracks + TRACK * track.column
        self._wire(track.start, columns.right, turn, track.net)
        self._sides(track.start, turn, track.net, LEFT)
        for end in track.ends:
            self._sides(end, turn, track.net, RIGHT)
            self._wire(end, turn + 1, columns.end, track.net)
        top, bottom = min(track.start, *track.ends), max(track.start, *track.ends)
        for row in range(top, bottom + 1):
            self._sides(row, turn, track.net, (UP if row > top else 0) | (DOWN if row < bottom else 0))

    def _put_wires(self) -> None:
        """Where two nets cross, the one that goes up and down passes over the other."""
        for (row, column), nets in self._wires.items():
            net = max(nets, key=lambda each: nets[each] & (UP | DOWN))
            ran = self._reveal.value(self._graph.tape.values[net])
            self._write(row, column, WIRES[nets[net]], QUIET if ran else FAINT)

    def _here(self, part: GraphPart) -> bool:
        return part.op == self._op >= 0 or (self._op < 0 and part.value == self._value >= 0)

    def _part(self, item: Item, part: GraphPart, columns: LayerColumns) -> None:
        graph, here = self._graph, self._here(part)
        middle = item.row + item.height // 2
        left, width = columns.left, part.width if part.op >= 0 else columns.width
        if part.op < 0:
            known = graph.tape.values[part.value]
            style = (
                LIT if here else FAINT if not self._reveal.value(known) else STRONG if known.requires_grad else QUIET
            )
            if item.ins:
                self._write(middle, left, f" {part.text}", style)
            else:
                self._write(middle, left + width - 1 - width_of(part.text), part.text, style)
            if here:
                self._write(middle, left if item.ins else left + width - 2 - width_of(part.text), self._mark, LIT)
            return
        ran = here or self._reveal.op is None or part.op <= self._reveal.op
        frame = LIT if here else (QUIET if ran else FAINT)
        corners, side, level = ("┏┓┗┛", "┃", "━") if here else ("╭╮╰╯", "│", "─")
        self._write(item.row, left, corners[0] + level * (width - 2) + corners[1], frame)
        for row in range(item.row + 1, item.row + item.height - 1):
            self._write(row, left, side + " " * (width - 2) + side, frame)
        self._write(item.row + item.height - 1, left, corners[2] + level * (width - 2) + corners[3], frame)
        start = left + (width - width_of(part.text)) // 2
        self._write(middle, start, part.text, LIT if here else (STRONG if ran else FAINT))
        if here:
            self._write(middle, left + 1, self._mark, LIT)

    def _labels(self, item: Item, columns: LayerColumns, before: LayerColumns | None) -> None:
        """Values over the wires that begin here, gradients under them, and arrow heads on those that end here."""
        graph, values, beside = self._graph, self._graph.tape.values, self._right(item, columns) + 1
        for net, port in item.outs:
            row, known, there = item.row + port, values[net], self._reveal.value(values[net])
            fresh = known.op == self._op >= 0 and self._mark == HERE
            self._write(
                row - 1, beside, graph.value(net) if there else UNKNOWN,
                (LIT if fresh else "") if there else FAINT,
            )  # fmt: skip
            if known.grad is not None:
                there = self._reveal.grad(known)
                style = LIT if known.known == self._reveal.node else GRADIENT
                self._write(row + 1, beside, graph.grad(net) if there else UNKNOWN, style if there else FAINT)
        for index, (net, port) in enumerate(item.ins):
            self._write(item.row + port, columns.left - 1, "▶", QUIET if self._reveal.value(values[net]) else FAINT)
            text = graph.tail(item, index)
            if text and before is not None:
                node, _fact = graph.sent[graph.parts[item].op, index]
                there = self._reveal.ran(node)
                style = LIT if node == self._reveal.node else GRADIENT
                text = text if there else UNKNOWN
                self._write(item.row + port + 1, columns.left - 1 - width_of(text), text, style if there else FAINT)
