"""The watched expressions, as they are at this stop."""

from __future__ import annotations

from rich.text import Text

from bptui.protocol.snapshot import Watched
from bptui.render.lists.watches import column, watch_line
from bptui.ui.panes.lines import Lines


class WatchPane(Lines):
    """Is there only while something is watched. The stylesheet says how high it can be; then it scrolls."""

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self.watches: tuple[Watched, ...] = ()
        """What it shows."""
        self.display = False

    def show(self, watches: tuple[Watched, ...]) -> None:
        """Those of a stop."""
        grown = len(watches) != len(self.watches)
        self.watches = watches
        self.set_lines(len(watches), follow=False)
        if grown:
            self.display = bool(watches)
            self.refresh(layout=True)

    def line(self, index: int, width: int) -> Text:
        """An expression and its value."""
        return watch_line(self.watches[index], column(self.watches, width - 4), width)
