"""The breakpoints as a list, and as signs beside the source."""

from __future__ import annotations

from collections.abc import Iterable

from rich.text import Text

from bptui.model.breakpoints import Listed, Ready
from bptui.protocol.phase import Phase
from bptui.render.text.cells import to_left
from bptui.render.text.fit import cut, piece, spread
from bptui.render.text.gate import one_line
from bptui.render.text.signs import LOG, NEVER, OFF, ON, STYLES
from bptui.render.text.style import FAINT, LIT, QUIET, STRONG, WARN

MET = "met"


def sign(listed: Listed) -> str:
    """How it stands, in one character."""
    if not listed.point.enabled:
        return OFF
    if listed.state is not None and not listed.state.verified:
        return NEVER
    return LOG if listed.point.log else ON


def ready_line(ready: Ready, names: int, width: int, chosen: bool) -> Text:
    """`  + nan   a parameter, gradient or loss is nan`."""
    mark = piece("▶ " if chosen else "  ", LIT)
    return cut(mark + piece("+ ", QUIET) + piece(f"{to_left(ready.name, names)}  ") + piece(ready.help, QUIET), width)


def breakpoint_line(listed: Listed, numbers: int, width: int, chosen: bool) -> Text:
    """`▶ 1 ● backward if loss > 10   met 3`, and what is to be said of it."""
    state, on = listed.state, listed.point.enabled
    text = piece("▶ " if chosen else "  ", LIT) + piece(f"{listed.point.number:>{numbers}} ", QUIET)
    text += piece(f"{sign(listed)} ", STYLES[sign(listed)])
    text += piece(one_line(listed.text), STRONG if on else QUIET)
    if not on:
        text += piece("  off", QUIET)
    if state is not None and state.message:
        text += piece(f"  {one_line(state.message)}", QUIET if state.verified else WARN)
    times = piece(f"{MET} {state.met}" if state is not None and state.met else "", FAINT)
    return spread(text, times, width) if times else cut(text, width)


def lines_marked(listed: Iterable[Listed]) -> dict[int, str]:
    """The sign of each source line that has a breakpoint; of several the one that stops."""
    signs: dict[int, str] = {}
    order = (ON, LOG, NEVER, OFF)
    for each in listed:
        line = each.point.line
        if line is not None and (line not in signs or order.index(sign(each)) < order.index(signs[line])):
            signs[line] = sign(each)
    return signs


def phases_marked(listed: Iterable[Listed]) -> frozenset[Phase]:
    """The phases before which something stops."""
    return frozenset(each.point.phase for each in listed if each.point.phase is not None and sign(each) == ON)


def empty_list(width: int) -> Text:
    """What there is to say while there are none."""
    lines = (
        "none yet: a adds one, enter takes a ready-made one",
        "backward    line 25    epoch 3    loss > 10    backward if isnan(w.grad)",
    )
    return piece("\n").join(cut(piece(f"  {each}", QUIET if at else STRONG), width) for at, each in enumerate(lines))
