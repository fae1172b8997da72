"""A number over the steps: of one branch as a line, of another one over it as rings, so that no colour is needed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from bptui.render.plot.plot import (
    ACROSS,
    DOWN,
    LEAST,
    Dot,
    Plot,
    PlotFrame,
    Tick,
    drawable,
    frame,
    label,
    named_ticks,
    padded,
    ticks,
)
from bptui.render.text.style import BAD, GOOD, LIT

LINE, RING, MISSING, HERE, FOOT, FORK, UPRIGHT = "⣀⡠⠒", "○", "×", "●", "▲", "⎇", "┊"
NEAR = 4
"""Points that are at most so many dots from each other belong together."""
FIRST, SECOND, POINT = "$text-primary", GOOD, "$point bold"
"""The styles of the two, and of where the program stands."""
SeriesPoint = tuple[float, float, float]
"""A step, and the least and the greatest number from there on to the next point."""


@dataclass(frozen=True)
class Series:
    """A number over the steps of one branch."""

    points: Sequence[SeriesPoint]
    missing: Sequence[float] = ()
    """Steps at which it was nan."""
    since: float = -1
    """Up to that step it is the same as the first one, and not drawn over it."""
    every: int | None = None
    """It was looked for in each so many steps: where there is none, it was not measured, and no line goes through.
    None where a line goes on from each point to the next."""

    def reaching(self, look: SeriesStyle) -> Series:
        """The same up to where the program stands: what was computed last is what it is until the next time."""
        here, value = look.here, look.value
        if here is None or value is None or value != value or (self.points and self.points[-1][0] >= here):
            return self
        return replace(self, points=[*self.points, (here, value, value)])


@dataclass(frozen=True)
class SeriesStyle:
    """What of it is to be seen."""

    first: int
    last: int
    """The steps at both edges."""
    log: bool = False
    """Whether the axis is logarithmic: then what is not greater than 0 has no place."""
    here: int | None = None
    """Where the program stands, if that is one of these steps."""
    value: float | None = None
    """What the number is there."""
    forks: Sequence[tuple[int, int]] = ()
    """Where other branches leave: the step and the branch's number."""

    def shows(self, step: float) -> bool:
        """Whether that step is among those to be seen."""
        return self.first <= step <= self.last

    def height(self, value: float) -> float:
        """Where a number stands on the axis; nan where it has no place."""
        if not drawable(value):
            return math.nan
        return value if not self.log else math.log10(value) if value > 0 else math.nan


def over(all: Sequence[Series], look: SeriesStyle, width: int, height: int) -> Plot:
    """The first one as a line, the second one as rings; an empty plot where none of their numbers has a place."""
    plot = Plot()
    placed = [_placed(each, look) for each in all]
    seen = [span for spans in placed for span in spans if span is not None and look.shows(span[0])]
    if not seen:
        return plot
    ends = padded(min(low for _step, low, _high in seen), max(high for _step, _low, high in seen), 0.06)
    across = float(look.first), float(max(look.last, look.first + 1))
    inner = frame(across, ends, width, height, plot, 1.0, log_ticks if look.log else named_ticks)
    _mark_forks(look, inner, plot)
    plot.dots(FIRST, _line(placed[0], inner))
    if look.here is not None:
        _stand(look.here, inner, plot)
    for series, spans in zip(all[1:], placed[1:], strict=True):
        own = [span for span in spans if span is not None and span[0] > series.since]
        plot.words += [(x, y, RING, SECOND) for x, y in _rings(own, inner)]
    _mark_missing(all, look, inner, plot)
    if look.here is not None and look.value is not None:
        cell = inner.cell(look.here, look.height(look.value))
        if cell is not None:
            plot.words.append((*cell, HERE, POINT))
    return plot


Span = tuple[float, float, float]
"""A step, and two heights."""


def _placed(series: Series, look: SeriesStyle) -> list[Span | None]:
    """The points that have a place, in order; None where a step between them has none, which interrupts a line."""
    missing = sorted(series.missing)
    placed: list[Span | None] = []
    at, before = 0, None
    for step, low, high in series.points:
        begun = at
        while at < len(missing) and missing[at] < step:
            at += 1
        if at > begun or (before is not None and series.every and step // series.every - before // series.every > 1):
            placed.append(None)
        before = step
        bottom, top = look.height(low), look.height(high)
        if top != top and bottom == bottom:
            top = bottom  # the greatest one is inf: that is said by its mark
        if bottom != bottom and top == top:
            bottom = top
        placed.append((float(step), bottom, top) if top == top else None)
    return placed


def _line(spans: Sequence[Span | None], inner: PlotFrame) -> set[Dot]:
    """All from the least to the greatest of each point, and from each to the next one."""
    points: list[tuple[float, float]] = []
    before: Span | None = None
    for span in spans:
        if span is None:
            points.append((inner.x[0], math.nan))
        else:
            step, low, high = span
            if before is not None:
                points += _filling(before, step, inner)
                level = min(max(before[1], low), high)  # the shortest way over
                points += [(before[0], min(max(level, before[1]), before[2])), (step, level)]
            points += [(step, low), (step, high)]
        before = span
    return inner.line(points)


def _filling(span: Span, until: float, inner: PlotFrame) -> list[tuple[float, float]]:
    """What stands for many steps goes on to the next one, where that is so near that it would look like a gap."""
    step, low, high = span
    dot = (inner.x[1] - inner.x[0]) / max(inner.width * ACROSS - 1, 1)
    if low == high or until - step > NEAR * dot:
        return []
    between = range(1, math.ceil((until - step) / dot))
    return [(step + at * dot, end) for at in between for end in (low, high)]


def _rings(spans: Sequence[Span], inner: PlotFrame) -> list[Dot]:
    """The least and the greatest of each column of cells."""
    columns: dict[int, tuple[int, int]] = {}
    for step, low, high in spans:
        for cell in (inner.cell(step, high), inner.cell(step, low)):
            if cell is not None:
                top, bottom = columns.get(cell[0], (cell[1], cell[1]))
                columns[cell[0]] = min(top, cell[1]), max(bottom, cell[1])
    return [(x, y) for x, ends in columns.items() for y in sorted({*ends})]


def _stand(here: int, inner: PlotFrame, plot: Plot) -> None:
    """A line from top to bottom where the program stands, behind all else."""
    cell = inner.cell(here, inner.y[0])
    if cell is None:
        return
    taken = {(x // ACROSS, y // DOWN) for _style, layer in plot.layers for x, y in layer}
    free = (y for y in range(inner.height) if (cell[0], y) not in taken)
    plot.words += [(cell[0], y, UPRIGHT, POINT) for y in free]
    plot.words.append((cell[0], inner.height, FOOT, POINT))


def _mark_forks(look: SeriesStyle, inner: PlotFrame, plot: Plot) -> None:
    """On the axis, beside where the program stands."""
    here = inner.cell(look.here, inner.y[0]) if look.here is not None else None
    end = 0
    for step, branch in sorted(look.forks):
        cell, text = inner.cell(step, inner.y[0]), f"{FORK}{branch}"
        if cell is None:
            continue
        start = cell[0] + (cell == here)
        if end <= start <= inner.left + inner.width - len(text):
            plot.words.append((start, inner.height, text, LIT))
            end = start + len(text)


def _mark_missing(all: Sequence[Series], look: SeriesStyle, inner: PlotFrame, plot: Plot) -> None:
    """At the top, where the number is nan or inf."""
    steps = {step for series in all for step in series.missing}
    steps |= {step for series in all for step, low, high in series.points if not (drawable(low) and drawable(high))}
    cells = {inner.cell(step, inner.y[1]) for step in steps if look.shows(step)}
    plot.words += [(*cell, MISSING, BAD) for cell in cells if cell is not None]


def log_ticks(low: float, high: float, count: int) -> list[Tick]:
    """Powers of ten between these two exponents; within less than two of them round numbers."""
    first, last = math.ceil(low - 1e-9), math.floor(high + 1e-9)
    if last > first:
        every = max(1, -(-(last - first) // max(count, 1)))
        return [(float(at), _power(at)) for at in range(-(-first // every) * every, last + 1, every)]
    ends = (10.0**low, 10.0**high) if low > -300 and high < 300 else (0.0, 0.0)
    if ends[1] - ends[0] < LEAST:
        return []
    values = [value for value in ticks(ends[0], ends[1], count) if value > 0]
    return [(math.log10(value), label(value, values)) for value in values]


def _power(at: int) -> str:
    return f"{10.0**at:g}" if -5 < at < 6 else f"1e{at:+03}"


def nothing(what: str, all: Sequence[Series], log: bool) -> str:
    """Why there is nothing to draw."""
    if log and any(drawable(high) for series in all for _step, _low, high in series.points):
        return f"no {what} here is greater than 0: y draws a linear axis"
    if any(series.points or series.missing for series in all):
        return f"every {what} here is nan or inf"
    if what == "loss":
        return "no loss here"
    return f"no {what} here" if what.endswith(".grad") else f"no {what} was measured here"
