"""The loss curve."""

from __future__ import annotations

import math

from bptui.protocol.fact import Fact
from bptui.protocol.phase import Phase
from bptui.protocol.replies import CurveDrawn
from bptui.protocol.requests import DrawCurve
from bptui.protocol.rows import Rows
from bptui.protocol.snapshot import Snapshot
from bptui.render.plot.curve import REACH, caption, nothing, over_parameter, over_steps, path_of, steps_caption
from bptui.render.plot.losses import PARTS, Losses
from bptui.render.plot.plot import drawable
from bptui.render.stop.cards import NO_FORWARD
from bptui.render.text import facts
from bptui.render.text.fit import cut, piece
from bptui.ui.model.rows import RowPages
from bptui.ui.panes.plotted import Plotted

POINTS = 61
WIDER = 4
"""So often the range may be widened to find the lowest point."""
EDGE = 10
"""Near an edge is this part of the range."""
PATIENCE = 3
"""After so many refusals in a row no curve is asked for any more."""
EXACTLY = 5_000
"""Of a branch with so many steps every loss is looked at when it is turned to; of a longer one only the extremes."""


class CurvePane(Plotted):
    """The loss over the chosen parameter if that is one number, else over the steps."""

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self._param: str | None = None
        self._known: Fact | None = None
        """That parameter's value."""
        self._pages: RowPages | None = None
        self._here = 0, 0
        """The branch and the row at which the program stands."""
        self._loss: float | None = None
        """The loss there."""
        self._sample: int | None = None
        self._losses = Losses()
        """Those of that branch."""
        self._unseen = False
        """Whether there is something to draw that a curve would not show."""
        self._range: tuple[float, float] | None = None
        self._widened = 0
        self._curve: CurveDrawn | None = None
        self._asked: object = None
        self._vain = 0
        """How often in a row there was no curve."""
        self._reason = ""
        """Why there is no curve, in the debuggee's words."""
        self._no_loss = NO_FORWARD
        """Why there is no loss where the program stands."""

    def clear(self, pages: RowPages | None = None) -> None:
        """Begin anew, with these pages."""
        self._pages = pages
        self._here, self._loss, self._losses, self._known = (-1, 0), None, Losses(), None  # on no branch yet
        self._no_loss = NO_FORWARD
        self._forget()
        self.draw()

    def _forget(self) -> None:
        self._range = self._curve = self._asked = None
        self._widened = self._vain = 0
        self._reason = ""

    def add(self, rows: Rows) -> None:
        """There are more rows."""
        new = self._be_on(rows.branch) or self._add(rows)
        self._unseen = self._unseen or (new and (self._curve is None or len(rows) > 1))

    def show(self, snapshot: Snapshot, param: str | None, here: tuple[int, int], no_loss: str = NO_FORWARD) -> None:
        """Where the program stands, and why there is no loss. A curve there is stays until its successor comes."""
        self._unseen = self._unseen or no_loss != self._no_loss
        self._no_loss = no_loss
        known = snapshot.param(param)
        self._be_about(param)
        self._known = known.value if known else None
        number = self._known.number if self._known else None
        if number is not None and not drawable(number):  # the curve that is there is of another value
            self._curve, self._reason = None, f"{param} is {facts.number(number)}"
        if snapshot.loss is None and snapshot.op is None:  # before the first forward, gone back to
            self._curve, self._asked, self._reason = None, None, ""
        self._unseen = self._be_on(here[0]) or self._unseen
        self._here, self._sample = here, snapshot.sample
        self._loss = snapshot.loss.number if snapshot.loss is not None else None
        if self._unseen or self._curve is None:
            self.draw()

    def run_on(self, here: tuple[int, int]) -> None:
        """The program has come there, and goes on."""
        self._here, self._loss = here, self._losses.last
        if self._unseen:
            self.draw()

    def _be_about(self, param: str | None) -> None:
        if param != self._param:
            self._param = param
            self._forget()

    def _be_on(self, branch: int) -> bool:
        """Show that branch; whether it was another one until now."""
        if branch == self._here[0] or self._pages is None:
            return False
        self._here = branch, 0
        self._losses = Losses()
        last = self._pages.timeline.last(branch)
        if last < EXACTLY:
            for rows in Rows.of(self._pages.rows(branch, 0, last + 1)):
                self._add(rows)
        else:
            for step, low, high in self._pages.losses(branch, PARTS):
                for loss in (low, high):
                    self._losses.add(loss, step)
        return True

    def _add(self, rows: Rows) -> bool:
        """The losses among the rows; whether there are any."""
        before = self._losses.end
        for step, (phase, loss) in enumerate(zip(rows.phases, rows.losses, strict=True), rows.first):
            if phase is Phase.FORWARD and loss is not None and step > self._losses.end:
                self._losses.add(loss, step)
        return self._losses.end > before

    def wants(self, snapshot: Snapshot, param: str | None) -> DrawCurve | None:
        """What to ask for at this stop; None where there is no curve, or none but the one that is there."""
        self._be_about(param)
        known = snapshot.param(param)
        at = known.value.number if known is not None else None
        if param is None or at is None or not drawable(at) or snapshot.loss is None or self._vain >= PATIENCE:
            return None
        low, high = self._range or (at - max(abs(at), 1.0), at + max(abs(at), 1.0))
        edge = (high - low) * 0.05
        low, high = (
            (min(low, at - 4 * edge) if at < low + edge else low),
            (max(high, at + 4 * edge) if at > high - edge else high),
        )
        if not drawable(low) or not drawable(high):
            return None
        self._range = low, high
        asked = (param, low, high, at, snapshot.epoch, snapshot.sample, snapshot.loss.number)
        if asked == self._asked:
            return None
        self._asked = asked
        return DrawCurve(param, low, high, POINTS)

    def show_curve(self, curve: CurveDrawn) -> None:
        """The answer."""
        if curve.param != self._param:
            return
        if curve.reason:
            self._vain += 1
            self._curve, self._reason = None, curve.reason  # the one that is there is of another stop
            self.draw()
            return
        self._vain, self._reason, self._curve = 0, "", curve
        self._widen(curve)
        self.draw()

    def _widen(self, curve: CurveDrawn) -> None:
        """Where the loss is least near an edge, look further there the next time."""
        drawn = [(y, at) for at, y in enumerate(curve.ys) if drawable(y)]
        if not drawn or self._widened == WIDER:
            return
        low, high = curve.xs[0], curve.xs[-1]
        least = min(drawn)[1]
        near = len(curve.xs) // EDGE
        if not near <= least < len(curve.xs) - near:
            self._widened += 1
            self._range = (low - (high - low), high) if least < near else (low, high + (high - low))

    def draw(self) -> None:
        """Draw it anew."""
        self._unseen = False
        room = self.room
        if room is None:
            return
        width, height = room
        if self._curve is not None:
            branch, index = self._here
            rows = self._pages.rows(branch, index + 1 - REACH, index + 1) if self._pages is not None else []
            path = path_of(rows, self._curve.param, self._sample)
            plot = over_parameter(self._curve, path, width, height)
            title, subtitle = "loss curve", caption(self._curve, width - 4)
        else:
            loss = math.nan if self._loss is None else self._loss
            plot = over_steps(self._losses, width, height, self._here[1], loss)
            why = steps_caption(self._param, self._known, self._reason, self._losses)
            title = "loss over steps" if len(self._losses) else "loss curve"
            subtitle = cut(piece(why), width - 4).plain
        self.set_class(self._curve is not None, "-curve")
        self.entitle(piece(title), piece(subtitle))
        self.paint(plot, "" if plot.words else nothing(self._curve, self._losses, self._no_loss))
