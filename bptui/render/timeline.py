"""The timeline: a line for each step, with as many columns as there is room for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rich.text import Text

from bptui.protocol.phase import StopReason
from bptui.protocol.snapshot import Row
from bptui.render.facts import number
from bptui.render.fit import cut, piece
from bptui.render.style import BAD, FAINT, LIT, QUIET

HERE = "▶"
UNKNOWN = "·"
"""What was not measured, as the norms of large tensors are not while the program runs."""


@dataclass(frozen=True)
class Column:
    """One column."""

    title: str
    width: int
    cell: Callable[[Row, int], str]
    """What it says of a step, given its width."""
    left: bool = False
    number: bool = False
    """Whether it is one of those in which a change is lit."""


def columns(param: str | None, loss: str, digits: int, width: int) -> list[Column]:
    """As many as fit, from left to right. `digits`: how many the greatest index has."""
    index = Column("#", max(digits + 1, 3), lambda row, _width: str(row.index))
    place = [
        Column("epoch", 6, lambda row, _width: _count(row.epoch)),
        Column("sample", 7, lambda row, _width: _count(row.sample)),
    ]
    for phase, cells, middle in ((11, 11, place), (11, 9, place[1:]), (11, 9, []), (9, 9, [])):
        what = Column("phase", phase, _phase, left=True)
        shown = [index, what, *middle, *_numbers(param, loss, cells)]
        if _width_of(shown) <= width:
            return shown
    shown = [index, what, *_numbers(param, loss, cells)[1:]]
    while len(shown) > 1 and _width_of(shown) > width:
        shown.pop()
    return shown


def _width_of(shown: list[Column]) -> int:
    return 1 + sum(each.width + 1 for each in shown)


def _numbers(param: str | None, loss: str, width: int) -> list[Column]:
    name = param or "w"

    def value(row: Row, width: int) -> str:
        known = row.param(param)[0]
        return UNKNOWN if known is None else _fitted(known, width)

    def grad(row: Row, width: int) -> str:
        known, slope = row.param(param)
        return UNKNOWN if known is None and slope is None else _fitted(slope, width)

    return [
        Column(
            _short(loss, width),
            width,
            lambda row, width: "" if row.loss is None else _fitted(row.loss, width),
            number=True,
        ),
        Column(_short(name, width), width, value, number=True),
        Column(_short(name, width, ".grad"), width, grad, number=True),
    ]


def _short(name: str, width: int, ending: str = "") -> str:
    """The end of a long name, which says more than its beginning."""
    room = width - len(ending)
    return (name if len(name) <= room else "…" + name[-(room - 1) :]) + ending


def _fitted(x: float | None, width: int) -> str:
    """The number with as many digits as fit; to cut it short would change its size."""
    text = number(x)
    digits = 4
    while x is not None and len(text) > width and digits:
        text = f"{x:.{digits}g}"
        digits -= 1
    return text


def _count(at: int | None) -> str:
    return "" if at is None else str(at)


def _phase(row: Row, width: int) -> str:
    what = str(row.phase) if row.phase else str(row.stop_reason)
    if row.stop_reason is not StopReason.EXCEPTION:
        return what
    return f"{what} ✗" if len(what) + 2 <= width else f"{what[: width - 1]}✗"


def header(shown: list[Column], width: int) -> Text:
    """The columns' names."""
    return cut(piece(" ") + piece(" ").join(piece(_aligned(each, each.title), QUIET) for each in shown), width)


def row_line(shown: list[Column], row: Row, before: Row | None, here: bool, width: int) -> Text:
    """A step; what it changed is lit. The last one is marked: there the program stands."""
    text = piece(HERE if here else " ", LIT)
    for at, each in enumerate(shown):
        value = each.cell(row, each.width)
        was = each.cell(before, each.width) if each.number and before is not None else value
        style = "" if each.number or each.left else FAINT
        if value != was and UNKNOWN not in (value, was):
            style = LIT
        elif each.left and row.stop_reason is StopReason.EXCEPTION:
            style = BAD
        text.append(" " if at else "").append(_aligned(each, value), style)
    text = cut(text, width)
    if here:
        text = text + piece(" " * max(width - text.cell_len, 0))
        text.stylize_before("on $here")
    return text


def _aligned(column: Column, value: str) -> str:
    value = value if len(value) <= column.width else value[: column.width - 1] + "…"
    return value.ljust(column.width) if column.left else value.rjust(column.width)
