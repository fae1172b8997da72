"""Making text fit a line."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text

from bptui.render.text.cells import ELLIPSIS, beginning, breaks, untabbed, whole_numbers, wrapped
from bptui.render.text.gate import gated


def piece(text: str, style: str = "") -> Text:
    """Text of which only this piece has the style, not what is added to it. All text of the screen comes from here.

    It is safe for a terminal, whatever it came from, and no markup is read in it.
    """
    return Text().append(printable(text), style)


def first_that_fits(variants: Iterable[Text], width: int) -> Text:
    """The first of these that fits, from the richest to the poorest; else the last, cut short."""
    text = Text()
    for text in variants:
        if text.cell_len <= width:
            return text
    return cut(text, width)


def cut(text: Text, width: int) -> Text:
    """The text on one line of that width, with `…` where it was cut. No number is cut to another one."""
    if text.cell_len <= width:
        return text
    short = text.copy()
    plain = text.plain
    short.plain = plain[: whole_numbers(plain, len(beginning(plain, width - 1)))] + ELLIPSIS if width > 0 else ""
    return short


def centered(text: Text, width: int) -> Text:
    """The text in the middle of a line."""
    return piece(" " * max((width - text.cell_len) // 2, 0)) + text


def spread(left: Text, right: Text, width: int) -> Text:
    """One text at each end of a line; the right one stays whole as long as it fits."""
    right = cut(right, width)
    left = cut(left, width - right.cell_len - 1)
    return left + piece(" " * (width - left.cell_len - right.cell_len)) + right


def wrap(text: Text, width: int) -> list[Text]:
    """The lines of a text, wrapped to that width."""
    lines: list[Text] = []
    for line in text.split("\n", allow_blank=True):
        for part in line.divide(breaks(line.plain, width)):
            if part.cell_len > width and part.plain.endswith(" "):
                part.right_crop(1)
            lines.append(cut(part, width))
    return lines


def wrapped_text(text: Text, width: int) -> Text:
    """The text with a line end wherever it is wrapped at that width."""
    return piece("\n").join(wrap(text, width))


def wrapped_height(text: str, width: int) -> int:
    """How many lines a text takes at that width; at least one."""
    return len(wrapped(text, width))


def cut_lines(text: Text, width: int, lines: int) -> Text:
    """The text wrapped to at most so many lines, at least one, with `…` where it was cut."""
    shown, lines = wrap(text, width), max(lines, 1)
    if len(shown) > lines:
        for each in shown:
            each.rstrip()
        shown = [*shown[: lines - 1], cut(piece(" ").join(shown[lines - 1 :]), width)]
    return piece("\n").join(shown)


def printable(text: str) -> str:
    """The text as the screen shows it: what would command a terminal is left out, and blanks stand for tabs."""
    return text if text.isprintable() else untabbed(gated(text))
