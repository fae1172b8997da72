"""A timeline that is filled by hand, for tests of the panes over it."""

from __future__ import annotations

from collections.abc import Sequence

from bptui.protocol.replies import Opened, Reply, Running
from bptui.protocol.rows import Branch, Row, Rows
from bptui.trace.timeline import Timeline
from bptui.ui.model.rows import RowPages
from bptui.ui.panes.curve import CurvePane
from bptui.ui.panes.timeline import TimelinePane
from tests.ui.fakes.stops import PROGRAM


class Kept:
    """A timeline and its pages."""

    def __init__(self, rows: Sequence[Row] = ()) -> None:
        self.timeline = Timeline.temporary()
        self.timeline.hear(Reply(1, Opened(PROGRAM, "3.11", "2.9")))
        self.pages = RowPages(self.timeline)
        self.add(rows)

    def add(self, rows: Sequence[Row], *branches: Branch) -> tuple[Rows, ...]:
        """The program ran on."""
        stretches = Rows.of(rows)
        self.timeline.hear(Reply(1, Running(stretches, "", branches)))
        for each in stretches:
            self.pages.forget(each.first)
        return stretches

    def show(self, pane: TimelinePane, param: str = "w", branch: int = 0, brought: bool = False) -> None:
        """In a pane that has not seen it yet: the program stands at the end."""
        pane.clear(self.pages)
        pane.show_param(param, "l")
        pane.stop((branch, self.timeline.last(branch)), brought)


def curve_over_rows(pane: CurvePane, rows: Sequence[Row]) -> None:
    """Give the pane these rows."""
    kept = Kept(rows)
    pane.clear(kept.pages)
    for each in Rows.of(rows):
        pane.add(each)
