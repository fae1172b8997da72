"""What a terminal shows that is too small for the screen."""

from __future__ import annotations

from textual import events
from textual.widgets import Static

SMALLEST = (60, 20)
"""Columns and lines that the screen needs."""


class TooSmall(Static):
    """One line; the stylesheet shows it in place of all else."""

    def __init__(self) -> None:
        super().__init__(id="too-small", markup=False)

    def on_resize(self, _event: events.Resize) -> None:
        width, height = self.app.size
        columns, lines = SMALLEST
        self.update(f"bptui needs at least {columns}x{lines}; this terminal is {width}x{height}")
