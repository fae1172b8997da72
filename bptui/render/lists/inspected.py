"""A value as Python sees it, for the inspector."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from bptui.protocol.replies import Inspected
from bptui.render.text.cells import to_left, width_of
from bptui.render.text.fit import cut, piece, wrapped_text
from bptui.render.text.gate import one_line
from bptui.render.text.style import LIT, QUIET, STRONG, param


def inspected(value: Inspected, width: int) -> Text:
    """Its fields, one a line, and then the values."""
    labels = max((width_of(label) for label, _text in value.fields), default=0) + 2
    lines = []
    for label, text in value.fields:
        first, *more = text.splitlines() or [""]
        lines.append(piece(to_left(label, labels), QUIET) + piece(first, STRONG))
        lines += [piece(" " * labels + line) for line in more]
    if lines:
        lines.append(Text())
    return wrapped_text(piece("\n").join([*lines, piece(value.text)]), width)


def names_line(names: Sequence[str], chosen: str, width: int) -> Text:
    """The values that can be looked into; the one that is shown in brackets."""
    text = Text()
    for name in names:
        shown = one_line(name)
        chip = piece(f"[{shown}]" if name == chosen else f" {shown} ", LIT if name == chosen else "")
        chip.stylize(param(name))
        text = text + chip
    return cut(text, width)
