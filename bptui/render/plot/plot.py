"""A plot as dots and words: quiet axes, and layers of braille dots, two across and four down in each cell."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from bptui.render.text.style import FAINT, QUIET

ACROSS, DOWN = 2, 4
"""Dots in a cell."""
GREATEST = 1e300
"""Beyond it nothing is drawn: the difference of two such numbers may be more than a float can hold."""
LEAST = 1e-300
"""Ends that are nearer to each other are drawn as if they were one."""
FAR = 1e9
"""So many dots away is as far as a line goes."""
ASIDE = 1_000
"""So many dots to both sides of what is seen a line is followed."""
Dot = tuple[int, int]
Ends = tuple[float, float]
"""The least and the greatest value of an axis."""
Tick = tuple[float, str]
"""A number on an axis, and how it is written."""


def drawable(value: float) -> bool:
    """Whether it has a place in a plot: nan, inf and the very greatest have none."""
    return abs(value) <= GREATEST


@dataclass
class Plot:
    """What is to be painted, in cells of the pane from the top left."""

    words: list[tuple[int, int, str, str]] = field(default_factory=list)
    """Column, line, text, style."""
    layers: list[tuple[str, set[Dot]]] = field(default_factory=list)
    """Style and dots, the later ones over the earlier ones. A layer holds all dots of its cells: also those below."""
    inner: PlotFrame | None = None
    """Where its axes are, once there are any."""

    def dots(self, style: str, dots: Iterable[Dot]) -> None:
        """One layer more. The dots that earlier layers have in its cells take its colour, and are not lost."""
        new = set(dots)
        cells = {(x // ACROSS, y // DOWN) for x, y in new}
        below = (dot for _style, layer in self.layers for dot in layer)
        new |= {(x, y) for x, y in below if (x // ACROSS, y // DOWN) in cells}
        if new:
            self.layers.append((style, new))


@dataclass(frozen=True)
class PlotFrame:
    """Where the axes are, and which values they show."""

    left: int
    top: int
    width: int
    """In cells."""
    height: int
    x: Ends
    y: Ends

    def dot(self, x: float, y: float) -> tuple[float, float]:
        """The place of a point in dots."""
        (x0, x1), (y0, y1) = self.x, self.y
        return (
            self.left * ACROSS + (x - x0) / (x1 - x0) * (self.width * ACROSS - 1),
            self.top * DOWN + (y1 - y) / (y1 - y0) * (self.height * DOWN - 1),
        )

    def cell(self, x: float, y: float) -> tuple[int, int] | None:
        """The cell of a point; None if it is outside."""
        if not (self.x[0] <= x <= self.x[1] and self.y[0] <= y <= self.y[1]):
            return None
        across, down = self.dot(x, y)
        return int(across + 0.5) // ACROSS, int(down + 0.5) // DOWN

    def line(self, points: Sequence[tuple[float, float]]) -> set[Dot]:
        """A line through these points; a point that cannot be drawn interrupts it."""
        places = [self._near(*self.dot(x, y)) if drawable(y) else None for x, y in points]
        dots: set[Dot] = set()
        for at in range(len(places) - 1):
            start, end = places[at : at + 2]
            if start is not None and end is not None:
                dots |= self._segment(start, end)
        return dots

    def _near(self, x: float, y: float) -> tuple[float, float]:
        """The same place, or one as far out of sight: of an infinite one nothing can be computed."""
        return min(max(x, -FAR), FAR), min(max(y, -FAR), FAR)

    def _segment(self, start: tuple[float, float], end: tuple[float, float]) -> set[Dot]:
        left, right = self.left * ACROSS, (self.left + self.width) * ACROSS
        top, bottom = self.top * DOWN, (self.top + self.height) * DOWN
        (x0, y0), (x1, y1) = start, end
        enter, leave = 0.0, 1.0
        # clip to the frame first, so that a steep or a long line costs no more than a flat one
        for begins, ends, least, most in ((x0, x1, left - ASIDE, right + ASIDE), (y0, y1, top, bottom)):
            if ends != begins:
                one, other = sorted(((least - begins) / (ends - begins), (most - begins) / (ends - begins)))
                enter, leave = max(enter, one), min(leave, other)
        if enter > leave:
            return set()
        x0, y0, x1, y1 = (
            x0 + (x1 - x0) * enter, y0 + (y1 - y0) * enter, x0 + (x1 - x0) * leave, y0 + (y1 - y0) * leave,
        )  # fmt: skip
        steps = max(math.ceil(max(abs(x1 - x0), abs(y1 - y0))), 1)
        path = (
            (int(x0 + (x1 - x0) * at / steps + 0.5), int(y0 + (y1 - y0) * at / steps + 0.5)) for at in range(steps + 1)
        )
        return {(x, y) for x, y in path if left <= x < right and top <= y < bottom}


def named_ticks(low: float, high: float, count: int) -> list[Tick]:
    """Round numbers between the two, with their labels."""
    values = ticks(low, high, count)
    return [(value, label(value, values)) for value in values]


def frame(
    x: Ends,
    y: Ends,
    width: int,
    height: int,
    plot: Plot,
    least: float = 0.0,
    named: Callable[[float, float, int], list[Tick]] = named_ticks,
) -> PlotFrame:
    """Axes with a few round numbers, those of x at least so far apart, drawn into the plot; `named` those of y."""
    labels = named(*y, max((height - 2) // 3, 2))
    left = max((len(text) for _value, text in labels), default=0) + 1
    if left > width // 2:  # the plot says more than its numbers
        labels, left = [], 1
    plot.inner = inner = PlotFrame(left, 0, max(width - left, 1), max(height - 2, 1), x, y)
    bottom = inner.height
    for line in range(inner.height):
        plot.words.append((left - 1, line, "│", FAINT))
    plot.words.append((left - 1, bottom, "└" + "─" * inner.width, FAINT))
    for value, text in labels:
        cell = inner.cell(x[0], value)
        if cell is not None:
            plot.words += [(left - 1 - len(text), cell[1], text, QUIET), (left - 1, cell[1], "┤", FAINT)]
    across = ticks(*x, max(inner.width // 12, 2), least)
    end = 0
    for value in across:
        cell, text = inner.cell(value, y[0]), f"{value:,.0f}" if least >= 1 else label(value, across)
        if cell is None:
            continue
        start = min(max(cell[0] - len(text) // 2, left - 1), width - len(text))
        if start >= end:
            plot.words += [(cell[0], bottom, "┬", FAINT), (start, bottom + 1, text, QUIET)]
            end = start + len(text) + 1
    return inner


def ticks(low: float, high: float, count: int, least: float = 0.0) -> list[float]:
    """About so many round numbers between the two, at least so far apart."""
    raw = max((high - low) / count, least)
    magnitude = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * magnitude for factor in (1, 2, 5, 10, 20) if factor * magnitude >= raw * 0.75)
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [index * step for index in range(first, last + 1)]


def label(value: float, among: Sequence[float]) -> str:
    """A tick's number, with as many decimals as its neighbours need."""
    step = among[1] - among[0] if len(among) > 1 else abs(value) or 1.0
    if max(map(abs, among)) >= 1e5 or step < 1e-4:
        enough = (digits for digits in range(3, 17) if len({f"{each:.{digits}g}" for each in among}) == len({*among}))
        return f"{value:.{next(enough, 17)}g}"  # two places on an axis never have one number
    decimals = max(-math.floor(math.log10(step) + 1e-9), 0)
    return (
        f"{value:.{decimals}f}".replace("-0." + "0" * decimals, "0." + "0" * decimals)
        if value == 0
        else (f"{value:.{decimals}f}")
    )


def padded(low: float, high: float, part: float) -> tuple[float, float]:
    """A little more on both sides; never nothing."""
    if high - low < LEAST:
        room = max(abs(low) * 0.5, LEAST) if low else 1.0
        return low - room, high + room
    return low - (high - low) * part, high + (high - low) * part
