"""The loss of every forward so far, in bounded room and time: of many steps only the extremes are kept."""

from __future__ import annotations

import math
from collections.abc import Iterable

from bptui.render.plot import drawable

PARTS = 1024
"""So many parts are kept at most; two dots in each of 512 cells are more than a terminal has."""


class Losses:
    """Grows step by step. When there are too many parts, each two become one, of twice as many steps."""

    def __init__(self, losses: Iterable[float] = ()) -> None:
        self._lows: list[float] = []
        self._highs: list[float] = []
        """Least and greatest loss of each part; nan where none of its losses can be drawn."""
        self._each = 1
        """How many steps a part has."""
        self._count = 0
        self.bad = 0
        """How many are nan or inf, or too great to draw."""
        self.last = math.nan
        """The latest one."""
        for loss in losses:
            self.add(loss)

    def __len__(self) -> int:
        return self._count

    def add(self, loss: float) -> None:
        """The loss of one step more."""
        if self._count == PARTS * self._each:
            self._halve()
        drawn = loss if drawable(loss) else math.nan
        self.bad += drawn != drawn
        if self._count % self._each:
            self._lows[-1], self._highs[-1] = _least(self._lows[-1], drawn), _greatest(self._highs[-1], drawn)
        else:
            self._lows.append(drawn)
            self._highs.append(drawn)
        self._count += 1
        self.last = loss

    def ends(self) -> tuple[float, float] | None:
        """The least and the greatest of all; None where none can be drawn."""
        lows = [low for low in self._lows if drawable(low)]
        return (min(lows), max(high for high in self._highs if drawable(high))) if lows else None

    def points(self) -> list[tuple[float, float]]:
        """Step and loss, in order; of a part of many steps both extremes, at its middle."""
        if self._each == 1:
            return [(float(at), loss) for at, loss in enumerate(self._lows)]
        middle = (self._each - 1) / 2
        steps = [min(at * self._each + middle, self._count - 1.0) for at in range(len(self._lows))]
        return [(step, end) for at, step in enumerate(steps) for end in (self._lows[at], self._highs[at])]

    def _halve(self) -> None:
        self._lows = [_least(*self._lows[at : at + 2]) for at in range(0, PARTS, 2)]
        self._highs = [_greatest(*self._highs[at : at + 2]) for at in range(0, PARTS, 2)]
        self._each *= 2


def _least(a: float, b: float) -> float:
    """The lesser; the other one where one is nan, which `min` would take or leave by its place."""
    return b if a != a or b < a else a


def _greatest(a: float, b: float) -> float:
    return b if a != a or b > a else a
