"""The watched expressions: a line each, or each whole."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from bptui.protocol.snapshot import Watched
from bptui.render.text.cells import ending, to_left, width_of
from bptui.render.text.fit import cut, piece, printable, wrapped_text
from bptui.render.text.gate import one_line
from bptui.render.text.signs import DOT
from bptui.render.text.style import BAD, LIT, QUIET, STRONG

FAILED = "✗"
WIDEST = 0.5
"""An expression takes at most so much of the line."""


def column(watches: Sequence[Watched], width: int) -> int:
    """How wide the expressions are, so that the values stand under each other."""
    widest = max((width_of(one_line(each.expression)) for each in watches), default=0)
    return min(widest, int(width * WIDEST))


def watch_line(now: Watched, names: int, width: int) -> Text:
    """`● w.grad.norm()  = 2.0`: lit where it changed, marked where it cannot be evaluated."""
    lit = now.changed
    mark = piece(FAILED, BAD) if now.failed else piece(DOT if lit else " ", LIT)
    name = to_left(ending(one_line(now.expression), names), names)
    text = mark + piece(f" {name}  ", QUIET)
    if now.failed:
        return cut(text + piece(_last_line(now.text), BAD if lit else "$text-error"), width)
    return cut(text + piece("= ", QUIET) + piece(one_line(now.text), LIT if lit else STRONG), width)


def watch_sheet(watches: Sequence[Watched], width: int) -> Text:
    """Each expression with its whole value under it."""
    parts = []
    for each in watches:
        mark = piece(f"{FAILED} ", BAD) if each.failed else Text()
        value = piece(printable(each.text.rstrip("\n")), "$text-error" if each.failed else STRONG)
        parts.append(mark + piece(printable(each.expression), QUIET) + piece("\n") + value)
    return wrapped_text(piece("\n\n").join(parts), width)


def _last_line(text: str) -> str:
    """Of what was raised, the line that says what."""
    lines = [line for line in text.splitlines() if line.strip()]
    return one_line(lines[-1]) if lines else "failed"
