"""The tape as a table: a row for each value, whose value the forward fills downwards and whose gradient the backward
fills upwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from rich.text import Text

from bptui.protocol.tape import Op, Tape, TapeOp
from bptui.protocol.words import counted
from bptui.render.tape.folding import Fold, Folding, names
from bptui.render.tape.reveal import Reveal, current, loss_name, revealed
from bptui.render.text.brief import brief
from bptui.render.text.cells import ending, to_left, to_right, width_of
from bptui.render.text.fit import cut, first_that_fits, piece
from bptui.render.text.gate import one_line
from bptui.render.text.style import FAINT, LIT, QUIET, STRONG

HERE = "▶"
BACK = "◀"
"""Marks where the program stands in a backward."""
CURSOR = "›"
LEAF = "∇"
"""Marks a leaf into whose `.grad` a backward accumulates."""
UNKNOWN = "·"
"""What was not computed yet."""
OPENED, CLOSED = "▾", "▸"
INDENT = 2
GRADIENT = "$text-accent"


@dataclass(frozen=True)
class TapeColumn:
    """One column."""

    title: str
    width: int
    cell: Callable[[Table, int, int], tuple[str, str]]
    """What it says of a value, given its width, and in which style."""
    left: bool = True
    folded: bool = False
    """Whether a folded module says there what its last value is."""


class Table:
    """A tape at a stop: lines of its rows."""

    def __init__(self, tape: Tape, op: Op | None, folding: Folding) -> None:
        self.tape = tape
        self.reveal: Reveal = revealed(op)
        self.at_op, self.at_value = current(tape, op)
        self.backward = op is not None and op.node >= 0
        folding.load(tape)
        folding.open_around(self.at_op if self.at_op >= 0 else folding.listed(self.at_value))
        self.folding = folding
        self.here = folding.row_of(self.at_value) if self.at_value >= 0 else None
        """The row at which the program stands."""

    def columns(self, width: int) -> list[TapeColumn]:
        """As many as fit, the least important ones left out first."""
        digits = max(len(str(len(self.tape.values))), 2)
        loss = one_line(loss_name(self.tape))
        heads = f"∂{loss}/∂name ↑", f"∂{loss}/∂ ↑", "grad ↑"
        for name, call, numbers, others in (
            (18, 22, 18, "#els"), (16, 22, 18, "#el"), (16, 16, 14, "#l"), (12, 12, 12, "#"), (9, 9, 11, ""),
            (10, 0, 11, "no op"), (9, 0, 9, "no op"), (8, 0, 8, "no op"),
        ):  # fmt: skip
            shown = [TapeColumn("#", digits, _index, left=False)] if "#" in others else []
            shown.append(TapeColumn("name", name, _name))
            if others != "no op":
                shown.append(TapeColumn("op", call, _call))
            shown += [
                TapeColumn("value ↓", numbers, _value, left=False, folded=True),
                TapeColumn(
                    next(text for text in heads if width_of(text) <= numbers or text is heads[-1]),
                    numbers,
                    _grad,
                    left=False,
                    folded=True,
                ),
            ]
            if "l" in others:
                shown.append(TapeColumn("line", 4, _line, left=False))
            if "s" in others:
                shown.append(TapeColumn("expression", 20, _expression))
            room = width - _width_of(shown)
            if room >= 0:
                return self._widened(shown, room)
        return shown

    def _widened(self, shown: list[TapeColumn], room: int) -> list[TapeColumn]:
        """The room that is left goes to the op, and what that needs not to the expression; or else to the name."""
        titles = [each.title for each in shown]
        more = {"op": min(room, 24)} if "op" in titles else {"name": min(room, 24)}
        if "expression" in titles:
            more["expression"] = room - more["op"]
        return [replace(each, width=each.width + more.get(each.title, 0)) for each in shown]

    def header(self, width: int) -> Text:
        """The columns' names."""
        shown = self.columns(width)
        line = piece("  ")
        for each in shown:
            line += piece(" ") + piece(_aligned(each, each.title), QUIET)
        return cut(line, width)

    def line(self, index: int, width: int, chosen: bool = False) -> Text:
        """A row; `chosen`: the cursor is on it."""
        row, depth = self.folding.rows()[index]
        here = index == self.here
        mark = (BACK if self.backward else HERE) if here else CURSOR if chosen else " "
        line = piece(mark, LIT if here else "")
        if isinstance(row, Fold):
            self._fold(line, row, depth, width)
        else:
            self._value(line, row, depth, width)
        line = cut(line, width)
        line.append(" " * max(width - line.cell_len, 0))
        if here:
            line.stylize_before("on $here")
        elif chosen:
            line.stylize_before("on $panel")
        return line

    def _value(self, line: Text, row: int, depth: int, width: int) -> None:
        line.append(LEAF if self.tape.values[row].leaf else " ", GRADIENT)
        around = self.tape.ops[self.folding.listed(row)].module.rpartition("/")[2] if depth else ""
        for each in self.columns(width):
            if each.title == "name":
                before = " " * (INDENT * depth)
                text, style = _name(self, row, each.width - len(before), around)
                text = before + text
            else:
                text, style = each.cell(self, row, each.width)
            line.append(" ").append_text(piece(_aligned(each, text), style))

    def _fold(self, line: Text, fold: Fold, depth: int, width: int) -> None:
        """The module, and in the columns of numbers what leaves it, unless it is open."""
        opened = self.folding.is_open(fold)
        shown = self.columns(width)
        right = Text()
        if not opened:
            first = next((at for at, each in enumerate(shown) if each.folded), len(shown))
            last = self.tape.ops[fold.last].outputs[:1]
            for each in shown[first:]:
                text, style = each.cell(self, last[0], each.width) if each.folded and last else ("", "")
                right += piece(" ") + piece(_aligned(each, text), style)
        room = width - 2 - right.cell_len
        before = " " * (INDENT * depth) + (OPENED if opened else CLOSED) + " "
        left = piece(before, QUIET) + piece(ending(one_line(fold.name), room - len(before)), STRONG)
        what = first_that_fits(_contents(self.tape.ops, fold), room - left.cell_len)
        left.append_text(what)
        line.append(" ").append_text(left).append(" " * max(room - left.cell_len, 0)).append_text(right)

    def summary(self) -> str:
        """How many ops and nodes there are: `3 ops, 4 nodes`."""
        ops, nodes = len(self.tape.ops), len(self.tape.nodes)
        counts = counted(ops, "op")
        return counts + (f", {counted(nodes, 'node')}" if nodes else "")


def _contents(ops: tuple[TapeOp, ...], fold: Fold) -> Iterator[Text]:
    """What is in a fold, from the richest to the poorest."""
    count = f"({counted(fold.count, 'op')})"
    yield from (piece(f"  {names(ops, fold, most)} {count}", QUIET) for most in (4, 3, 2, 1))
    yield piece(f" {count}", QUIET)
    yield piece(f" ({fold.count})", QUIET)
    yield Text()


def _width_of(shown: list[TapeColumn]) -> int:
    return 2 + sum(each.width + 1 for each in shown)


def _aligned(column: TapeColumn, text: str) -> str:
    return to_left(text, column.width) if column.left else to_right(text, column.width)


def _index(_table: Table, value: int, _width: int) -> tuple[str, str]:
    return str(value), FAINT


def _name(table: Table, value: int, width: int, around: str = "") -> tuple[str, str]:
    """The name; of a module's own parameter, inside of that module, what comes after the module's name."""
    name = one_line(table.tape.values[value].name)
    if around and name.startswith(around + "."):
        name = name[len(around) :]
    return ending(name, width), QUIET if name.startswith("%") else STRONG


def _call(table: Table, value: int, width: int) -> tuple[str, str]:
    known = table.tape.values[value]
    if known.op < 0:
        return "leaf" if known.leaf else "input", QUIET
    op = table.tape.ops[known.op]
    text = one_line(op.text)
    return (text if width_of(text) <= width else one_line(op.name)), "" if table.reveal.value(known) else FAINT


def _value(table: Table, value: int, width: int) -> tuple[str, str]:
    known = table.tape.values[value]
    if not table.reveal.value(known):
        return UNKNOWN, FAINT
    return brief(known.fact, width), LIT if not table.backward and known.op == table.at_op >= 0 else ""


def _grad(table: Table, value: int, width: int) -> tuple[str, str]:
    known = table.tape.values[value]
    if not known.requires_grad:
        return "", ""
    if not table.reveal.grad(known):
        return UNKNOWN, FAINT
    return brief(known.grad, width), LIT if table.backward and known.known == table.reveal.node else GRADIENT


def _line(table: Table, value: int, _width: int) -> tuple[str, str]:
    op = table.tape.values[value].op
    line = table.tape.ops[op].line if op >= 0 else None
    return "" if line is None else str(line), FAINT


def _expression(table: Table, value: int, _width: int) -> tuple[str, str]:
    op = table.tape.values[value].op
    return one_line(table.tape.ops[op].expression) if op >= 0 else "", QUIET
