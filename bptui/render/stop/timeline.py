"""The timeline: a line for each step, with as many columns as there is room for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.text import Span, Text

from bptui.protocol.phase import StopReason
from bptui.protocol.rows import Row
from bptui.render.text.cells import beginning, ending, shortened, to_left, to_right, width_of
from bptui.render.text.facts import in_fewer_digits, number
from bptui.render.text.fit import cut, piece
from bptui.render.text.gate import one_line
from bptui.render.text.style import BAD, FAINT, LIT, QUIET, WARN, branch

HERE = "▶"
CHOSEN = "›"
FORK = "⎇"
SIGNS = {
    StopReason.EXCEPTION: ("✗", BAD),
    StopReason.BREAKPOINT: ("●", BAD),
    StopReason.DATA_BREAKPOINT: ("◆", BAD),
    StopReason.PAUSE: ("‖", WARN),
}
"""Why a step was stopped at, where that is worth a sign."""
FORKS = 2
"""So many branches are named where they leave."""
UNKNOWN = "·"
"""What was not measured, as the norms of large tensors are not while the program runs."""


@dataclass(frozen=True)
class TimelineColumn:
    """One column."""

    title: str
    width: int
    cell: Callable[[Row, int], str]
    """What it says of a step, given its width."""
    left: bool = False
    number: bool = False
    """Whether it is one of those in which a change is lit."""
    place: bool = False
    """Whether it says where in the data the step was; what was typed has no such place."""


@dataclass(frozen=True)
class TimelineStyle:
    """What of a line does not depend on its step."""

    here: bool = False
    """The program stands there."""
    chosen: bool = False
    """The cursor is there."""
    ahead: bool = False
    """The program does not stand behind it: it was brought back, or is on another branch."""
    leaving: tuple[int, ...] = ()
    """The branches that go another way behind it."""


def columns(param: str | None, loss: str, digits: int, width: int) -> list[TimelineColumn]:
    """As many as fit, from left to right. `digits`: how many the greatest index has."""
    index = TimelineColumn("#", max(digits + 1, 3), lambda row, _width: str(row.index))
    place = [
        TimelineColumn("epoch", 6, lambda row, _width: _count(row.epoch), place=True),
        TimelineColumn("sample", 7, lambda row, _width: _count(row.sample), place=True),
    ]
    for phase, cells, middle in ((11, 11, place), (11, 9, place[1:]), (11, 9, []), (9, 9, [])):
        what = TimelineColumn("phase", phase, lambda row, _width: str(row.phase), left=True)
        shown = [index, what, *middle, *_numbers(param, loss, cells)]
        if _width_of(shown) <= width:
            return shown
    shown = [index, what, *_numbers(param, loss, cells)[1:]]
    while len(shown) > 1 and _width_of(shown) > width:
        shown.pop()
    return shown


def _width_of(shown: list[TimelineColumn]) -> int:
    return 1 + sum(each.width + 1 for each in shown)


def _numbers(param: str | None, loss: str, width: int) -> list[TimelineColumn]:
    name = param or "w"

    def value(row: Row, width: int) -> str:
        known = row.param(param)[0]
        return UNKNOWN if known is None else _fitted(known, width)

    def grad(row: Row, width: int) -> str:
        known, slope = row.param(param)
        return UNKNOWN if known is None and slope is None else _fitted(slope, width)

    return [
        TimelineColumn(
            _short(loss, width),
            width,
            lambda row, width: "" if row.loss is None else _fitted(row.loss, width),
            number=True,
        ),
        TimelineColumn(_short(name, width), width, value, number=True),
        TimelineColumn(_short(name, width, ".grad"), width, grad, number=True),
    ]


def _short(name: str, width: int, behind: str = "") -> str:
    """The end of a long name, which says more than its beginning."""
    return ending(one_line(name), width - len(behind)) + behind


def _fitted(x: float | None, width: int) -> str:
    """The number with as many digits as fit; to cut it short would change its size."""
    if x is None:
        return number(x)
    return next((text for text in in_fewer_digits(x) if len(text) <= width), "…")


def _count(at: int | None) -> str:
    return "" if at is None else str(at)


def _what(row: Row, width: int, look: TimelineStyle) -> Text:
    """The phase, or what was typed, and behind it the signs, which stay whole."""
    words = one_line(row.edit) or (str(row.phase) if row.phase else str(row.stop_reason))
    signs = [piece(*SIGNS[row.stop_reason])] if row.stop_reason in SIGNS else []
    for place, other in enumerate(look.leaving[:FORKS]):
        more = "…" if place == FORKS - 1 and len(look.leaving) > FORKS else ""
        signs.append(piece(f"{FORK}{other}{more}", LIT))
        signs[-1].stylize(branch(other))
    behind = piece("").join(signs)
    style = BAD if row.stop_reason is StopReason.EXCEPTION else LIT if row.edit else ""
    gap = " " if signs and width_of(words) + 1 + behind.cell_len <= width else ""
    room = max(width - behind.cell_len, 1)
    shown = beginning(words, room) if signs and not row.edit else shortened(words, room)  # a sign says it was cut, too
    text = piece(shown, style) + piece(gap) + behind
    return text + piece(" " * (width - text.cell_len))


def header(shown: list[TimelineColumn], width: int) -> Text:
    """The columns' names."""
    return cut(piece(" ") + piece(" ").join(piece(_aligned(each, each.title), QUIET) for each in shown), width)


def row_line(
    shown: list[TimelineColumn], row: Row, before: Row | None, width: int, look: TimelineStyle | None = None
) -> Text:
    """A step; what it changed is lit, unless it is yet to come again."""
    look = look or TimelineStyle()
    text = piece(HERE if look.here else CHOSEN if look.chosen else " ", LIT)
    skipped = 0
    for at, each in enumerate(shown):
        if skipped:
            skipped -= 1
            continue
        text += piece(" " if at else "")
        if each.left:
            skipped = sum(other.place for other in shown) if row.edit else 0
            wide = sum(other.width + 1 for other in shown[at + 1 : at + 1 + skipped])
            text += _what(row, each.width + wide, look)
            continue
        value = each.cell(row, each.width)
        was = each.cell(before, each.width) if each.number and before is not None else value
        style = "" if each.number else FAINT
        if value != was and UNKNOWN not in (value, was):
            style = LIT
        text += piece(_aligned(each, value), style)
    text = cut(text, width)
    if look.ahead:
        text = _faint(text)
        if look.chosen:
            text.stylize(LIT, 0, 1)
    if look.here or look.chosen:
        text = text + piece(" " * max(width - text.cell_len, 0))
        text.stylize_before("on $here" if look.here else "on $panel")
    return text


def _faint(text: Text) -> Text:
    """The same in the colour of what is not there; what can be clicked still can be."""
    spans = [span for span in text.spans if not isinstance(span.style, str)]
    return Text(text.plain, spans=[Span(0, len(text.plain), FAINT), *spans])


def branch_line(numbers: Sequence[int], shown: int, here: int, width: int) -> Text:
    """The branches, the one shown in brackets and the one that the program is on marked; as many as fit around it."""
    names = [f"{HERE}{number}" if number == here else str(number) for number in numbers]
    at = numbers.index(shown) if shown in numbers else 0
    names[at] = f"[{names[at]}]"
    text = piece(names[at])
    for reach in range(len(names)):
        first, last = max(at - reach, 0), min(at + reach, len(names) - 1)
        inner = " ".join(names[first : last + 1])
        label = piece(f"{FORK} {'… ' if first else ''}{inner}{' …' if last < len(names) - 1 else ''}")
        if label.cell_len > width:
            break
        text = label
    return cut(text, width)


def _aligned(column: TimelineColumn, value: str) -> str:
    return to_left(value, column.width) if column.left else to_right(value, column.width)
