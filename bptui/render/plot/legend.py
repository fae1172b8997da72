"""What stands around a plot over the steps: what it is of, which line is which, and the keys that change it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.text import Text

from bptui.render.plot.series import FIRST, LINE, RING, SECOND
from bptui.render.text.cells import ending
from bptui.render.text.fit import first_that_fits, piece
from bptui.render.text.gate import one_line
from bptui.render.text.style import QUIET


@dataclass(frozen=True)
class Caption:
    """What a plot is of."""

    what: str
    """`loss`, `w`, `w.grad`."""
    norm: bool = False
    """Whether it is the norm of that, which is a large tensor."""
    called: str = "loss"
    """What the script calls the loss."""
    log: bool = False
    names: Sequence[str] = ()
    """What the lines are of, where that must be said."""
    first: int = 0
    last: int = 0
    """The steps at both edges."""
    zoomed: bool = False
    others: bool = False
    """Whether there are other branches to lay over it."""
    aligned: bool = False
    """Whether the second one is laid sample on sample, so that the steps are those of the first."""


def title(caption: Caption, width: int) -> Text:
    """`norm of w.grad over steps, log  ⣀⡠⠒ branch 0  ○ branch 1`, or as much of it as there is room for."""
    return first_that_fits((_title(caption, detail, width) for detail in (3, 2, 1, 0)), width)


def _title(caption: Caption, detail: int, width: int) -> Text:
    what = one_line(caption.what)
    if what == "loss" != caption.called:
        what = f"{one_line(caption.called)} (loss)"
    title = f"norm of {what}" if caption.norm else what
    if detail > 2 or not caption.names:
        title += " by sample" if caption.aligned else " over steps"
    title += ", log" if caption.log and detail > 0 else ""
    signs = ((LINE, FIRST), (RING, SECOND))
    legend = [
        piece(sign, style) + piece(f" {name}", QUIET)
        for name, (sign, style) in zip(_short(caption.names) if detail < 2 else caption.names, signs, strict=False)
    ]
    taken = sum(each.cell_len + 2 for each in legend)
    return piece("  ").join([piece(title if detail else ending(title, max(width - taken, 8))), *legend])


def _short(names: Sequence[str]) -> list[str]:
    """Without the word that they have in common."""
    return [name.rpartition(" ")[2] for name in names]


def subtitle(caption: Caption, width: int) -> Text:
    """The steps that are seen, and the keys."""
    span = f"{caption.first:,}…{caption.last:,}"
    keys = ["↑↓ what", "[ ] zoom", "y linear" if caption.log else "y log"]
    keys += ["x branch"] if caption.others else []
    moving = ["←→ home"] if caption.zoomed else []
    variants = ([span, *keys[:2], *moving, *keys[2:]], [*keys[:2], *moving, *keys[2:]], keys, keys[:2], keys[:1])
    return first_that_fits((piece("  ".join(each)) for each in variants), width)
