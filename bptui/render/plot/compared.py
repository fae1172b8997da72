"""Where zeroing on and off led, in one sentence."""

from __future__ import annotations

from rich.text import Text

from bptui.protocol.snapshot import Row
from bptui.render.text.facts import number
from bptui.render.text.fit import first_that_fits, piece
from bptui.render.text.style import QUIET, STRONG


def compared(on: Row | None, off: Row | None, at: int, width: int) -> Text:
    """Both last losses, how many steps they took, and that the program stands where it stood."""
    if on is None or off is None or at in (on.index, off.index):
        return piece("compared: no step ran")
    back = piece(f"  the program stands at step {at:,} again", QUIET)
    whole = _way("zeroing on", on, at, True).append("; ") + _way("off", off, at, True)
    short = _way("on", on, at, False).append("; ") + _way("off", off, at, False)
    return first_that_fits((whole + back, whole, short), width)


def _way(name: str, end: Row, at: int, long: bool) -> Text:
    said = piece(f"{name}:", STRONG).append(f" loss {number(end.loss)}")
    return said.append(f" after {end.index - at:,} steps") if long else said
