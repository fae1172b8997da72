"""Which of the steps a plot shows: all, or a stretch of them that is zoomed into."""

from __future__ import annotations

from dataclasses import dataclass, replace

NARROWEST = 4
"""So many steps are shown at least."""
PART = 4
"""To either side it goes by this part of what is shown."""


@dataclass(frozen=True)
class Window:
    """A stretch of the steps from 0 to `end`."""

    end: int = 1
    first: int = 0
    size: int | None = None
    """How many steps further the other edge is; None shows them all."""

    @property
    def last(self) -> int:
        """The step at the right edge."""
        return self.end if self.size is None else self.first + self.size

    def grown(self, end: int) -> Window:
        """There are more steps now, or fewer. What showed the last one goes on showing it."""
        follows = self.last >= self.end
        grown = replace(self, end=end)
        return grown if self.size is None else grown._at(end - self.size if follows else self.first, self.size)

    def zoomed(self, factor: float, around: float | None = None) -> Window:
        """So many times as many steps, that step staying where it is; without one, the middle does."""
        width = self.last - self.first
        around = self.first + width / 2 if around is None else min(max(around, self.first), self.last)
        size = max(round(width * factor), NARROWEST)
        part = (around - self.first) / width if width else 0.5
        return self._at(round(around - part * size), size)

    def moved(self, by: int) -> Window:
        """A quarter further for each of `by`."""
        return self if self.size is None else self._at(self.first + by * max(self.size // PART, 1), self.size)

    def on(self, first: int, last: int) -> Window:
        """These steps."""
        return self._at(first, max(last - first, NARROWEST))

    def all(self) -> Window:
        """All steps."""
        return Window(self.end)

    def _at(self, first: int, size: int) -> Window:
        if size >= self.end:
            return self.all()
        return Window(self.end, max(min(first, self.end - size), 0), size)
