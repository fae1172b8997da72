"""Where zeroing on and off led, in one sentence."""

from __future__ import annotations

from rich.text import Text

from bptui.protocol.rows import Row
from bptui.render.text.facts import number
from bptui.render.text.fit import first_that_fits, piece
from bptui.render.text.style import QUIET, STRONG


def compared(on: Row | None, off: Row | None, at: int, width: int) -> Text:
    """The losses of the last sample that both came to, which one that is, and that the program stands where it stood.

    `on` and `off` are the forwards of that sample with zeroing on and off; None where there was none behind step `at`.
    """
    if on is None or off is None:
        return piece("compared: no sample got a loss both with zeroing on and off")
    back = piece(f"  the program stands at step {at:,} again", QUIET)
    losses = _loss("zeroing on", on).append("; ") + _loss("off", off)
    place = piece(f", both at {_place(on)}" if _place(on) else "", QUIET)
    short = _loss("on", on).append("; ") + _loss("off", off)
    return first_that_fits((losses + place + back, losses + place, losses, short), width)


def _loss(name: str, forward: Row) -> Text:
    return piece(f"{name}:", STRONG).append(f" loss {number(forward.loss)}")


def _place(row: Row) -> str:
    return " ".join(f"{word} {at}" for word, at in (("epoch", row.epoch), ("sample", row.sample)) if at is not None)
