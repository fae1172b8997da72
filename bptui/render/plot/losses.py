"""The loss of every forward of a branch, in bounded room and time: of many steps only the extremes are kept."""

from __future__ import annotations

import math
from collections.abc import Iterable

from bptui.render.plot.plot import drawable

PARTS = 1024
"""So many parts are kept at most; two dots in each of 512 cells are more than a terminal has."""


class Losses:
    """Grows step by step. When there are too many parts, each two become one, of twice as many steps."""

    def __init__(self, losses: Iterable[float] = ()) -> None:
        """With these, one a step."""
        self._lows: list[float | None] = []
        self._highs: list[float | None] = []
        """Least and greatest loss of each part; nan where none of its losses can be drawn, None where it has none."""
        self._each = 1
        """How many steps a part has."""
        self._count = 0
        self.bad = 0
        """How many are nan or inf, or too great to draw."""
        self.last = math.nan
        """The latest one."""
        self.end = -1
        """The latest one's step."""
        for loss in losses:
            self.add(loss)

    def __len__(self) -> int:
        return self._count

    def add(self, loss: float, step: int | None = None) -> None:
        """The loss of a later step; of the next one if it is not said which."""
        step = self.end + 1 if step is None else step
        while step >= PARTS * self._each:
            self._halve()
        drawn = loss if drawable(loss) else math.nan
        self.bad += drawn != drawn
        part = step // self._each
        missing: list[float | None] = [None] * (part + 1 - len(self._lows))
        self._lows += missing
        self._highs += missing
        self._lows[part], self._highs[part] = _least(self._lows[part], drawn), _greatest(self._highs[part], drawn)
        self._count += 1
        self.last, self.end = loss, step

    def ends(self) -> tuple[float, float] | None:
        """The least and the greatest of all; None where none can be drawn."""
        lows = [low for low in self._lows if low is not None and drawable(low)]
        return (min(lows), max(high for high in self._highs if high is not None and drawable(high))) if lows else None

    def points(self) -> list[tuple[float, float]]:
        """Step and loss, in order; of a part of many steps both extremes, at its middle."""
        known = [(at, low) for at, low in enumerate(self._lows) if low is not None]
        if self._each == 1:
            return [(float(at), loss) for at, loss in known]
        middle = (self._each - 1) / 2
        steps = [(min(at * self._each + middle, float(self.end)), low, self._highs[at]) for at, low in known]
        return [(step, end) for step, low, high in steps for end in (low, high) if end is not None]

    def _halve(self) -> None:
        pairs = range(0, len(self._lows), 2)
        self._lows = [_least(*self._lows[at : at + 2]) for at in pairs]
        self._highs = [_greatest(*self._highs[at : at + 2]) for at in pairs]
        self._each *= 2


def _least(a: float | None, b: float | None = None) -> float | None:
    """The lesser; the other one where one is None, or nan, which `min` would take or leave by its place."""
    return b if a is None or (b is not None and (a != a or b < a)) else a


def _greatest(a: float | None, b: float | None = None) -> float | None:
    return b if a is None or (b is not None and (a != a or b > a)) else a
