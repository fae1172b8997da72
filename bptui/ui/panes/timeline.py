"""All steps."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from bptui.protocol.snapshot import Row
from bptui.render.timeline import Column, columns, header, row_line
from bptui.ui.panes.lines import Lines


class TimelinePane(Lines):
    """A line for each step, the last one marked."""

    HEAD = 1
    EMPTY = "   no steps yet"

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self._rows: Sequence[Row] = ()
        self._heads: tuple[str | None, str, int] = None, "loss", 1
        """The parameter, what the loss is called, and how many digits the last index has."""

    def show(self, rows: Sequence[Row], param: str | None, loss: str | None) -> None:
        """All rows, and whose value and gradient they are to show."""
        heads = param, loss or "loss", len(str(len(rows)))
        same = rows is self._rows and heads == self._heads
        since = max(self._count - 1, 0) if same else 0  # the last one is no longer marked
        self._rows, self._heads = rows, heads
        self.set_lines(len(rows), since=since)

    def _columns(self, width: int) -> list[Column]:
        return columns(*self._heads, width)

    def head(self, width: int) -> Text:
        """The columns' names."""
        return header(self._columns(width), width)

    def line(self, index: int, width: int) -> Text:
        """A step."""
        before = self._rows[index - 1] if index else None
        here = index == self._count - 1
        return row_line(self._columns(width), self._rows[index], before, here, width)
