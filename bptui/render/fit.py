"""Making text fit a line."""

from __future__ import annotations

from collections.abc import Iterable
from textwrap import wrap

from rich.cells import cell_len
from rich.text import Text


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
