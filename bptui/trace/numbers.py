"""Numbers as a column holds them: NULL for None, the text 'nan' for nan, everything else as it is."""

from __future__ import annotations

import math
from collections.abc import Iterable

from bptui.trace.errors import NotATrace

Cell = float | str | None
"""What stands in a column of numbers."""
NAN = "nan"


def cells(numbers: Iterable[float | None]) -> list[Cell]:
    """A column of numbers, as SQLite is to keep it."""
    return [each if each.__class__ is float and each == each else _cell(each) for each in numbers]


def _cell(number: float | None) -> Cell:
    """One that is not simply a float: None, nan, an int or a bool."""
    if number is None:
        return None
    try:
        number = float(number)
    except OverflowError:  # an int beyond all floats
        return math.inf if number > 0 else -math.inf
    return NAN if number != number else number


def number(cell: object) -> float | None:
    """A number as it was before `cells`.

    Raises:
        NotATrace: it is none.
    """
    if cell is None or cell.__class__ is float:
        return cell
    if cell == NAN:
        return math.nan
    if cell.__class__ is int:  # put there by somebody's own UPDATE
        return float(cell)
    raise NotATrace("it holds something else where a number must be")
