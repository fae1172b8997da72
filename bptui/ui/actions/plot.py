"""What is asked of the plot beside its own keys: a number by name, and two branches compared."""

from __future__ import annotations

from functools import partial

from bptui.commands.parse import NotUnderstood
from bptui.protocol.replies import Compared
from bptui.protocol.rows import Row
from bptui.render.plot.compared import compared
from bptui.trace.aligned import aligned
from bptui.trace.errors import NotATrace
from bptui.trace.timeline import Timeline
from bptui.ui.actions.inspect import InspectActions
from bptui.ui.panes.view import View

NAMED = 6
"""At most so many numbers are named where another was asked for."""


class PlotActions:
    """Turns to the plot, and tells it what to show."""

    def __init__(self, timeline: Timeline, view: View, lookup: InspectActions) -> None:
        self._timeline, self._view, self._lookup = timeline, view, lookup

    def plot(self, what: str) -> None:
        """Show that number over the steps; without a name the one that it showed last.

        Raises:
            NotUnderstood: there is no such number.
        """
        series = self._view.series
        if what and not series.choose(what):
            choices = series.choices
            known = ", ".join(choices[:NAMED]) + (", …" if len(choices) > NAMED else "")
            raise NotUnderstood(f"There is no {what} to plot.", f"there is {known}")
        self._turn()

    def hear_compared(self, comparison: Compared) -> None:
        """Show the losses of both branches, and say where they ended."""
        self._turn()
        self._view.series.compare(comparison.on, comparison.off, comparison.at)
        self._view.say(partial(compared, *self._last_forwards(comparison), comparison.at))

    def _turn(self) -> None:
        """Show the plot, and let it have the keys."""
        self._lookup.turn_to(self._view.series)
        self._view.series.screen.set_focus(self._view.series)

    def _last_forwards(self, comparison: Compared) -> tuple[Row | None, Row | None]:
        """The forward of the last sample that both branches came to, on each; None where there is none."""
        try:
            pairs = aligned(self._timeline, comparison.on, comparison.off, comparison.at).pairs
            if not pairs:
                return None, None
            return self._timeline.row(comparison.on, pairs[-1][0]), self._timeline.row(comparison.off, pairs[-1][1])
        except NotATrace:
            return None, None
