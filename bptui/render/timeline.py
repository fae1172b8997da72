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
NUMBER = 10
"""Cells for a number such as `-16.2288`."""


@dataclass(frozen=True)
class Column:
    """One column."""

    title: str
    width: int
    cell: Callable[[Row], str]
    rank: int
    """Where it is too narrow, the highest ranks go first."""
    left: bool = False


def columns(param: str | None, loss: str, width: int) -> list[Column]:
    """Those that fit, from left to right."""
    name = param or "w"
    all_columns = [
        Column("#", 6, lambda row: str(row.index), 0),
        Column("phase", 11, _phase, 0, left=True),
        Column("epoch", 6, lambda row: _count(row.epoch), 4),
        Column("sample", 7, lambda row: _count(row.sample), 3),
        Column(_short(loss), NUMBER, lambda row: "" if row.loss is None else number(row.loss), 1),
        Column(_short(name), NUMBER, lambda row: number(row.param(param)[0]) if row.params else "", 0),
        Column(_short(name, ".grad"), NUMBER, lambda row: number(row.param(param)[1]) if row.params else "", 0),
    ]
    shown = all_columns
    for rank in (4, 3, 1):
        if sum(each.width + 1 for each in shown) <= width:
            break
        shown = [each for each in shown if each.rank < rank]
    return shown


def _short(name: str, ending: str = "") -> str:
    """The end of a long name, which says more than its beginning."""
    room = NUMBER - len(ending)
    return (name if len(name) <= room else "…" + name[-(room - 1) :]) + ending


def _count(at: int | None) -> str:
    return "" if at is None else str(at)


def _phase(row: Row) -> str:
    what = str(row.phase) if row.phase else str(row.stop_reason)
    return f"{what} ✗" if row.stop_reason is StopReason.EXCEPTION else what


def header(shown: list[Column], width: int) -> Text:
    """The columns' names."""
    return cut(piece(" ") + piece(" ").join(piece(_aligned(each, each.title), QUIET) for each in shown), width)


def row_line(shown: list[Column], row: Row, before: Row | None, here: bool, width: int) -> Text:
    """A step; what it changed is lit. The last one is marked: there the program stands."""
    text = piece(HERE if here else " ", LIT)
    for at, each in enumerate(shown):
        value = each.cell(row)
        changed = each.width == NUMBER and before is not None and each.cell(before) != value
        style = LIT if changed else FAINT if each.title in ("#", "epoch", "sample") else ""
        if each.left and row.stop_reason is StopReason.EXCEPTION:
            style = BAD
        text = text + piece(" " if at else "") + piece(_aligned(each, value), style)
    text = cut(text, width)
    if here:
        text = text + piece(" " * max(width - text.cell_len, 0))
        text.stylize_before("on $here")
    return text


def _aligned(column: Column, value: str) -> str:
    value = value if len(value) <= column.width else value[: column.width - 1] + "…"
    return value.ljust(column.width) if column.left else value.rjust(column.width)
