"""What a word that is being typed can become."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile

from rich.text import Text

from bptui.render.text.cells import to_left, width_of
from bptui.render.text.fit import cut, piece
from bptui.render.text.gate import one_line
from bptui.render.text.style import FAINT, QUIET

LINES = 3
"""At most so many lines of them."""
GAP = 2


def continued(text: str, start: int, candidates: Sequence[str]) -> str:
    """What is typed, with as much of the word that begins at `start` as all candidates share."""
    first, last = min(candidates), max(candidates)
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(first, last, strict=False)))
    common = first[:same]
    return text[:start] + common if common.startswith(text[start:]) else text


def listed(candidates: Sequence[str], width: int) -> Text:
    """In columns, read line by line; where there are too many, how many more."""
    names = [one_line(each) for each in candidates]
    column = max(min(max(map(width_of, names), default=1) + GAP, width), 1)
    columns = max((width + GAP) // column, 1)
    room = columns * LINES
    shown, more = (names, 0) if len(names) <= room else (names[: room - 1], len(names) - room + 1)
    cells = [piece(to_left(each, column), QUIET) for each in shown]
    cells += [piece(f"… {more} more", FAINT)] if more else []
    lines = [piece("").join(cells[at : at + columns]) for at in range(0, len(cells), columns)]
    for line in lines:
        line.rstrip()
    return piece("\n").join(cut(line, width) for line in lines)
