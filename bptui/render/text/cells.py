"""Text in a terminal's cells: how wide it is, what of it fits, and where it is wrapped.

A character may be none, one or two cells wide, and several may make one sign: a letter with its accents, an emoji of
parts. Nothing here takes a sign apart, and all of it ends at any width, also at one in which no sign fits.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from rich.cells import cell_len

ELLIPSIS = "…"
JOINER = "\u200d"
"""Joins the emoji on both sides of it to one."""
TAB = 4
"""A tab goes to the next cell that is a multiple of this."""
NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d*)?(?:e[+-]?\d+)?", re.IGNORECASE)


def width_of(text: str) -> int:
    """How many cells of the terminal a text takes."""
    return cell_len(text)


def signs(text: str) -> Iterator[str]:
    """The signs of a text: each character with the accents behind it and with what is joined to it."""
    start = 0
    for at in range(1, len(text)):
        if text[at - 1] != JOINER and cell_len(text[at]):
            yield text[start:at]
            start = at
    if text:
        yield text[start:]


def beginning(text: str, width: int) -> str:
    """As much of the beginning as fits."""
    if text.isascii():
        return text[: max(width, 0)]
    taken = used = 0
    for sign in signs(text):
        used += cell_len(sign)
        if used > width:
            return text[:taken]
        taken += len(sign)
    return text


def end(text: str, width: int) -> str:
    """As much of the end as fits."""
    if text.isascii():
        return text[max(len(text) - max(width, 0), 0) :]
    taken = used = 0
    for sign in reversed([*signs(text)]):
        used += cell_len(sign)
        if used > width:
            break
        taken += len(sign)
    return text[len(text) - taken :]


def shortened(text: str, width: int) -> str:
    """The beginning of a text that is too long for that width, and `…`. It does not end in a number cut in half."""
    if cell_len(text) <= width:
        return text
    return text[: whole_numbers(text, len(beginning(text, width - 1)))] + ELLIPSIS if width > 0 else ""


def whole_numbers(text: str, at: int) -> int:
    """Where to cut a text instead of there, so that no number is cut to another one.

    Decimals may go, and `…` says that they did: `7.31…`. Without the digits before the point, or an exponent, a number
    would be another one.
    """
    for number in NUMBER.finditer(text):
        if number.start() < at < number.end():
            shown = text[number.start() : at]
            return at if "." in shown[:-1] and "e" not in number[0].lower() else number.start()
    return at


def ending(text: str, width: int) -> str:
    """The end of a name that is too long for that width: it says more than its beginning."""
    if cell_len(text) <= width:
        return text
    return ELLIPSIS + end(text, width - 1) if width > 0 else ""


def untabbed(text: str) -> str:
    """The text with blanks up to the next fourth cell in the place of tabs."""
    return "\n".join(map(_untabbed, text.split("\n"))) if "\t" in text else text


def _untabbed(line: str) -> str:
    first, *rest = line.split("\t")
    for each in rest:
        first += " " * (TAB - cell_len(first) % TAB) + each
    return first


def to_left(text: str, width: int) -> str:
    """The text at the left of so many cells, shortened where it is longer."""
    text = shortened(text, width)
    return text + " " * (width - cell_len(text))


def to_right(text: str, width: int) -> str:
    """The text at the right of so many cells, shortened where it is longer."""
    text = shortened(text, width)
    return " " * (width - cell_len(text)) + text


def breaks(line: str, width: int) -> list[int]:
    """Where a line is wrapped: between words, and inside of one that no line has room for.

    Each place is the index at which another line begins. One space may stand behind the last cell of a line, and a line
    takes one sign at least, also where that is too wide.
    """
    places: list[int] = []
    if width < 1 or cell_len(line) <= width:
        return places
    start = used = at = 0
    word = 0
    """Where the present word begins."""
    for sign in signs(line):
        wide = cell_len(sign)
        if used + wide > width and at > start and not (sign == " " and used <= width):
            fits_below = word > start and cell_len(line[word:at]) + wide <= width
            start = word if fits_below else at
            places.append(start)
            used = cell_len(line[start:at])
        used += wide
        at += len(sign)
        if sign == " ":
            word = at
    return places


def wrapped(text: str, width: int) -> list[str]:
    """The lines of a text, wrapped to that width."""
    return [part for line in text.split("\n") for part in wrapped_line(line, width)]


def wrapped_line(line: str, width: int) -> list[str]:
    """A line, wrapped to that width."""
    places = [0, *breaks(line, width), len(line)]
    parts = [line[start:end] for start, end in pairwise(places)]
    return [part if cell_len(part) <= width else shortened(part.removesuffix(" "), width) for part in parts]
