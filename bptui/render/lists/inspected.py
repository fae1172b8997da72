"""A value as Python sees it, for the inspector."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from bptui.protocol.messages import Inspected
from bptui.render.text.fit import cut, piece
from bptui.render.text.style import LIT, QUIET, STRONG, param


def inspected(value: Inspected) -> Text:
    """Its fields, one a line, and then the values."""
    labels = max((len(label) for label, _text in value.fields), default=0) + 2
    lines = []
    for label, text in value.fields:
        first, *more = text.splitlines() or [""]
        lines.append(piece(label.ljust(labels), QUIET) + piece(first, STRONG))
        lines += [piece(" " * labels + line) for line in more]
    if lines:
        lines.append(Text())
    return piece("\n").join([*lines, piece(value.text)])


def names_line(names: Sequence[str], chosen: str, width: int) -> Text:
    """The values that can be looked into; the one that is shown in brackets."""
    text = Text()
    for name in names:
        chip = piece(f"[{name}]" if name == chosen else f" {name} ", LIT if name == chosen else "")
        chip.stylize(param(name))
        text = text + chip
    return cut(text, width)
