"""What a Python prompt would have shown: on one line, or whole."""

from __future__ import annotations

from rich.text import Text

from bptui.protocol.replies import Evaluated
from bptui.render.text.fit import piece, printable, wrapped_text
from bptui.render.text.style import BAD, QUIET, STRONG, WARN

CHANGED = "changed the program: N undoes it"
NOTHING = "done"
"""For what shows nothing."""


def evaluated(result: Evaluated, text: str, width: int) -> Text | None:
    """`w * 2 = 2.0` on the last line; what goes wrong may take more lines there. None where there is no room."""
    shown = printable(result.text).strip("\n")
    changed = result.stop is not None
    if "\n" in shown:
        return None
    if result.failed:
        kind, colon, what = shown.partition(":")
        hint = piece(f"\n{CHANGED if changed else 'nothing changed'}", QUIET)
        return piece(f"{kind}{colon}", BAD) + piece(what) + hint
    value = piece(shown, STRONG) if shown else piece("" if changed else NOTHING, QUIET)
    if changed:
        value += piece("  " if shown else "") + piece(CHANGED, WARN)
    typed = piece(f"{printable(text)}  = " if shown else f"{printable(text)}  ", QUIET)
    return next((each for each in (typed + value, value) if each.cell_len <= width), None)


def evaluated_sheet(result: Evaluated, text: str, width: int) -> Text:
    """What was typed, and all that it shows."""
    shown = printable(result.text).strip("\n")
    head = piece("✗ ", BAD) if result.failed else piece(">>> ", QUIET)
    sheet = head + piece(printable(text), QUIET) + piece("\n") + piece(shown, "$text-error" if result.failed else "")
    return wrapped_text(sheet + piece(f"\n\n{CHANGED}", WARN) if result.stop is not None else sheet, width)
