"""Making text fit a line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from textwrap import wrap

from rich.cells import cell_len
from rich.text import Text

ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|.?)")
"""An escape sequence of a terminal."""
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def piece(text: str, style: str = "") -> Text:
    """Text of which only this piece has the style, not what is added to it."""
    return Text().append(text, style)


def first_that_fits(variants: Iterable[Text], width: int) -> Text:
    """The first of these that fits, from the richest to the poorest; else the last, cut short."""
    text = Text()
    for text in variants:
        if text.cell_len <= width:
            return text
    return cut(text, width)


def cut(text: Text, width: int) -> Text:
    """The text on one line of that width, with `…` where it was cut."""
    if text.cell_len <= width:
        return text
    short = text.copy()
    short.truncate(max(width, 0), overflow="ellipsis")
    return short


def centered(text: Text, width: int) -> Text:
    """The text in the middle of a line."""
    return Text(" " * max((width - text.cell_len) // 2, 0)) + text


def spread(left: Text, right: Text, width: int) -> Text:
    """One text at each end of a line; the right one stays whole."""
    left = cut(left, width - right.cell_len - 1)
    return left + Text(" " * max(width - left.cell_len - right.cell_len, 1)) + right


def width_of(text: str) -> int:
    """How many cells of the terminal a text takes."""
    return cell_len(text)


def wrapped_height(text: str, width: int) -> int:
    """How many lines a text takes at that width; at least one."""
    return sum(max(len(wrap(line, width)), 1) for line in text.splitlines() or [""])


def cut_lines(text: Text, width: int, lines: int) -> Text:
    """The text wrapped to at most so many lines, with `…` where it was cut."""
    if wrapped_height(text.plain, width) <= lines:
        return text
    shown = len(text.plain)
    while shown and wrapped_height(text.plain[:shown] + "…", width) > lines:
        shown -= 1
    short = text.copy()
    short.right_crop(len(text.plain) - shown)
    return short.append("…")


def printable(text: str) -> str:
    """The text without what would move the terminal's cursor or colour it; a tab goes to the next fourth cell."""
    if text.isprintable():
        return text
    return CONTROL.sub("", ESCAPE.sub("", text).expandtabs(4))


def ending(text: str, width: int) -> str:
    """The end of a name that is too long for that width: it says more than its beginning."""
    return text if cell_len(text) <= width else "…" + text[len(text) - max(width - 1, 1) :]
