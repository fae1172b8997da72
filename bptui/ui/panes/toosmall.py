"""What a terminal shows that is too small for the screen."""

from __future__ import annotations

from textual import events
from textual.widgets import Static


class TooSmall(Static):
    """One line; the stylesheet shows it in place of all else."""

    def __init__(self, columns: int, lines: int) -> None:
        """For a screen that needs at least so much."""
        super().__init__(id="too-small", markup=False)
        self._least = f"bptui needs at least {columns}x{lines}"

    def on_resize(self, _event: events.Resize) -> None:
        width, height = self.app.size
        self.update(f"{self._least}; this terminal is {width}x{height}")
