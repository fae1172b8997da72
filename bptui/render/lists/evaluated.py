"""What a Python prompt would have shown: on one line, or whole."""

from __future__ import annotations

from rich.text import Text

from bptui.protocol.replies import Evaluated
from bptui.render.text.fit import piece, printable, wrapped_text
from bptui.render.text.style import BAD, QUIET, STRONG, WARN

CHANGED = "changed the program: N undoes it"
NOTHING = "done"
"""For what shows nothing."""


def evaluated(told: Evaluated, text: str, width: int) -> Text | None:
    """`w * 2 = 2.0` on the last line; what goes wrong may take more lines there. None where there is no room."""
    said = printable(told.text).strip("\n")
    changed = told.stop is not None
    if "\n" in said:
        return None
    if told.failed:
        kind, colon, what = said.partition(":")
        hint = piece(f"\n{CHANGED if changed else 'nothing changed'}", QUIET)
        return piece(f"{kind}{colon}", BAD) + piece(what) + hint
    value = piece(said, STRONG) if said else piece("" if changed else NOTHING, QUIET)
    if changed:
        value += piece("  " if said else "") + piece(CHANGED, WARN)
    typed = piece(f"{printable(text)}  = " if said else f"{printable(text)}  ", QUIET)
    return next((each for each in (typed + value, value) if each.cell_len <= width), None)


def evaluated_sheet(told: Evaluated, text: str, width: int) -> Text:
    """What was typed, and all that it shows."""
    said = printable(told.text).strip("\n")
    head = piece("✗ ", BAD) if told.failed else piece(">>> ", QUIET)
    whole = head + piece(printable(text), QUIET) + piece("\n") + piece(said, "$text-error" if told.failed else "")
    return wrapped_text(whole + piece(f"\n\n{CHANGED}", WARN) if told.stop is not None else whole, width)
