"""Playing by itself, and how fast the program runs."""

from __future__ import annotations

import time
from collections.abc import Callable

from bptui.protocol.messages import Ask, Next, Run
from bptui.protocol.phase import Goal

SPEEDS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
"""Steps a second."""
PAINTS = 10
"""At most so many stops a second are painted; faster, several steps are taken between two."""


class Pace:
    """How fast it plays."""

    def __init__(self) -> None:
        self._at = 1

    @property
    def speed(self) -> int:
        """Steps a second."""
        return SPEEDS[self._at]

    @property
    def fast(self) -> bool:
        """Whether there is no time for anything but the steps themselves."""
        return self.speed >= PAINTS

    @property
    def interval(self) -> float:
        """Seconds between two requests."""
        return 1 / min(self.speed, PAINTS)

    @property
    def ask(self) -> Ask:
        """What each time is asked for."""
        return Run(Goal.END, self.speed // PAINTS) if self.speed > PAINTS else Next()

    def change(self, by: int) -> None:
        """To the next faster or slower speed."""
        self._at = min(max(self._at + by, 0), len(SPEEDS) - 1)


class Meter:
    """Steps a second of a run, over the last second or so."""

    WINDOW = 1.0

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: list[tuple[float, int]] = []

    def start(self) -> None:
        """A run begins."""
        self._seen = [(self._clock(), 0)]

    def count(self, steps: int) -> int | None:
        """So many steps more; steps a second, or None as long as too little time has passed."""
        now = self._clock()
        self._seen.append((now, (self._seen[-1][1] if self._seen else 0) + steps))
        while len(self._seen) > 2 and now - self._seen[1][0] >= self.WINDOW:
            del self._seen[0]
        seconds = now - self._seen[0][0]
        return round((self._seen[-1][1] - self._seen[0][1]) / seconds) if seconds > 0 else None
