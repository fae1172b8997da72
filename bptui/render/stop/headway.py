"""How far a run at full speed has come, in the last line."""

from __future__ import annotations

from dataclasses import dataclass

from rich.text import Text

from bptui.protocol.words import counted
from bptui.render.text.fit import first_that_fits, piece
from bptui.render.text.style import FAINT, LIT, QUIET, STRONG

DONE, TO_COME = "█", "░"
BARS = (24, 12, 6, 0)
"""How many cells the bar has, where there is less and less room."""


@dataclass(frozen=True)
class Headway:
    """Where a run is."""

    steps: int
    """So many it has made."""
    part: float | None
    """How much of the way to its goal is behind, from 0 to 1; None where that is not known."""
    left: float | None
    """In how many seconds it will be there, as it looks now."""


def headway(run: Headway, width: int) -> Text:
    """The line of at most that width."""
    return first_that_fits((_line(run, bar, steps) for bar in BARS for steps in (True, False)), width)


def _line(run: Headway, bar: int, steps: bool) -> Text:
    parts = [piece("running", STRONG)]
    if run.part is not None:
        part = min(max(run.part, 0.0), 1.0)
        done = int(part * bar)
        parts += [piece(DONE * done, LIT).append(TO_COME * (bar - done), FAINT)] if bar else []
        parts.append(piece(f"{part:.0%}"))
    if run.left is not None:
        parts.append(piece(f"{duration(run.left)} left"))
    if steps:
        parts.append(piece(counted(run.steps, "step"), QUIET))
    return piece("  ").join([*parts, piece("esc pauses", QUIET)])


def duration(seconds: float) -> str:
    """`0:07`, `12:34`, `1:02:03`, `2 days`."""
    minutes, rest = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    if hours >= 48:
        return f"{hours // 24:,} days"
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
