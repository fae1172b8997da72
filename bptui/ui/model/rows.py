"""The rows that are in sight, read from the timeline a page at a time: how many there are costs the screen nothing."""

from __future__ import annotations

from bptui.protocol.rows import Row
from bptui.trace.errors import NotATrace
from bptui.trace.timeline import Timeline

SIZE = 64
MOST = 96
"""So many pages are kept."""


class RowPages:
    """The latest pages that were read."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        """Where they are read from."""
        self._pages: dict[tuple[int, int], list[Row]] = {}
        """By branch and number, the one read last at the end. One that is not full may have grown since."""

    def row(self, branch: int, index: int) -> Row | None:
        """One row, if there is one."""
        if index < 0:
            return None
        number, place = divmod(index, SIZE)
        page = self._page(branch, number, place)
        return page[place] if place < len(page) and page[place].index == index else None

    def rows(self, branch: int, start: int, stop: int) -> list[Row]:
        """Those from `start` to before `stop`, as far as there are any."""
        rows: list[Row] = []
        for number in range(max(start, 0) // SIZE, -(-stop // SIZE)):
            first = number * SIZE
            page = self._page(branch, number, min(stop - first, SIZE) - 1)
            rows += page[max(start - first, 0) : stop - first]
        return rows

    def losses(self, branch: int, points: int) -> list[tuple[int, float, float]]:
        """Of a whole branch about so many: a step, and the least and greatest loss from there on to the next one."""
        try:
            return self.timeline.series(branch, "loss", 0, self.timeline.last(branch) + 1, points)
        except NotATrace:
            return []

    def forget(self, since: int = 0) -> None:
        """The rows from there on may be other ones now."""
        for key in [key for key in self._pages if key[1] >= since // SIZE]:
            del self._pages[key]

    def _page(self, branch: int, number: int, place: int) -> list[Row]:
        """That page with the row at that place, if there is one by now."""
        page = self._pages.pop((branch, number), None)
        if page is None or len(page) <= place:
            page = self._read(branch, number)
        self._pages[branch, number] = page
        while len(self._pages) > MOST:
            del self._pages[next(iter(self._pages))]
        return page

    def _read(self, branch: int, number: int) -> list[Row]:
        try:
            return self.timeline.rows(branch, number * SIZE, (number + 1) * SIZE)
        except NotATrace:  # closed on the way out, or a damaged file: what cannot be read is not shown
            return []
