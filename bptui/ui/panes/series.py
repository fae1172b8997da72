"""The loss, a parameter or a gradient over the steps, and another branch over it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType

from bptui.protocol.fact import Fact
from bptui.protocol.rows import Row
from bptui.protocol.snapshot import Snapshot
from bptui.render.lists.branches import Branches
from bptui.render.plot.legend import Caption, subtitle, title
from bptui.render.plot.plot import ACROSS, PlotFrame
from bptui.render.plot.series import Series, SeriesStyle, nothing, over
from bptui.render.plot.window import Window
from bptui.trace.aligned import Aligned, aligned
from bptui.trace.errors import NotATrace
from bptui.ui.base.messages import RowChosen
from bptui.ui.model.rows import RowPages
from bptui.ui.panes.plotted import Plotted

LOSS, GRAD = "loss", ".grad"
ZOOM = 0.5
"""What one press leaves of the steps that are seen."""
AROUND = 16
"""So many steps beyond the edges are read too, so that lines go on to them."""


class SeriesPane(Plotted):
    """Shows all steps and follows them as they come, until it is zoomed into."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "choose(-1)", "the number before", show=False),
        Binding("down", "choose(1)", "the next number", show=False),
        Binding("left", "pan(-1)", "earlier", show=False),
        Binding("right", "pan(1)", "later", show=False),
        Binding("right_square_bracket,pageup", "zoom(True)", "zoom in", show=False),
        Binding("left_square_bracket,pagedown", "zoom(False)", "zoom out", show=False),
        Binding("home", "all", "all steps", show=False),
        Binding("y", "log", "logarithmic axis", show=False),
        Binding("x", "other", "another branch over it", show=False),
    ]

    def __init__(self, id: str = "series") -> None:
        super().__init__(id)
        self._pages: RowPages | None = None
        self._here = 0, -1
        """The branch and the row at which the program stands."""
        self._facts: dict[str, Fact | None] = {}
        """The parameters and gradients at the latest stop."""
        self._called = LOSS
        """What the script calls the loss."""
        self._what = LOSS
        self._log = False
        self._window = Window()
        self._other: int | None = None
        """The branch that is laid over the one that the program is on."""
        self._compared: tuple[int, int] | None = None
        """The branches with zeroing on and off, as long as it is these that are shown."""
        self._aligned: Aligned | None = None
        """How those two lie sample on sample; the steps that are drawn are then those of the first."""
        self._inner: PlotFrame | None = None

    # ---- what it is told

    def clear(self, pages: RowPages) -> None:
        """Begin anew, with these pages."""
        self._pages, self._here, self._facts, self._window = pages, (0, -1), {}, Window()
        self._other = self._compared = self._aligned = self._inner = None
        self.draw()

    def show(self, snapshot: Snapshot, here: tuple[int, int]) -> None:
        """Where the program stands."""
        self._here, self._called = here, snapshot.loss_name or LOSS
        self._facts = {param.name: param.value for param in snapshot.params}
        self._facts |= {f"{param.name}{GRAD}": param.grad for param in snapshot.params}
        if self._other is not None and self._other == here[0]:
            self._other = None
        self.draw()

    def run_on(self, here: tuple[int, int]) -> None:
        """The program has come there, and goes on."""
        self._here = here
        self.draw()

    def compare(self, on: int, off: int, at: int) -> None:
        """Show the loss of both branches, from a little before they part on."""
        self._what, self._compared, self._other = LOSS, (on, off), None
        try:
            self._aligned = aligned(self._pages.timeline, on, off, at) if self._pages is not None else None
        except NotATrace:
            self._aligned = None
        end = max(self._end(on), self._end(off))
        self._window = Window(max(end, 1)).on(at - (end - at) // 4, end)
        self.draw()

    @property
    def choices(self) -> list[str]:
        """What can be shown: the loss, then each parameter, then each gradient."""
        params = self._pages.timeline.params if self._pages is not None else ()
        names = list(dict.fromkeys((*(each for each in self._facts if not each.endswith(GRAD)), *params)))
        return list(dict.fromkeys([LOSS, *names, *(f"{name}{GRAD}" for name in names)]))

    def choose(self, what: str) -> bool:
        """Show that number; False if there is none of that name."""
        if what not in self.choices:
            return False
        self._what = what
        self.draw()
        return True

    # ---- the person's own

    def action_choose(self, by: int) -> None:
        """The next number."""
        choices = self.choices
        at = choices.index(self._what) if self._what in choices else 0
        self.choose(choices[(at + by) % len(choices)])

    def action_log(self) -> None:
        """A logarithmic axis, or a linear one."""
        self._log = not self._log
        self.draw()

    def action_other(self) -> None:
        """Lay the next branch over it; behind the last one none."""
        others: list[int | None] = [None, *(each for each in self._branches.numbers if each != self._here[0])]
        at = others.index(self._other) if self._other in others and self._compared is None else -1
        self._other, self._compared, self._aligned = others[(at + 1) % len(others)], None, None
        self.draw()

    def action_pan(self, by: int) -> None:
        """Earlier or later steps."""
        self._see(self._window.moved(by))

    def action_zoom(self, closer: bool) -> None:
        """Fewer steps, around where the program stands if that is in sight; or more."""
        here = self._here[1]
        seen = self._window.first <= here <= self._window.last
        self._see(self._window.zoomed(_zoom(closer), here if seen else None))

    def action_all(self) -> None:
        """All steps."""
        self._see(self._window.all())

    def _see(self, window: Window) -> None:
        self._window = window
        self.draw()

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Zoom in there."""
        self._wheel(event, True)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Zoom out there."""
        self._wheel(event, False)

    def _wheel(self, event: events.MouseEvent, closer: bool) -> None:
        event.stop()
        self._see(self._window.zoomed(_zoom(closer), self._step_at(event)))

    def on_click(self, event: events.Click) -> None:
        """Go to that step."""
        step = self._step_at(event)
        if step is not None and self._pages is not None:
            shown = self._shown()
            branch = next((each for each in shown if self._end(each) >= step), shown[0])
            if self._is_laid_on(branch) and self._aligned is not None:
                step = self._aligned.on_second(step)
            self.post_message(RowChosen(branch, max(min(round(step), self._last(branch)), 0)))

    def _step_at(self, event: events.MouseEvent) -> float | None:
        """The step in the column under the mouse."""
        inner, x = self._inner, event.screen_x - self.content_region.x
        if inner is None or not inner.left <= x < inner.left + inner.width:
            return None
        first, last = inner.x
        return first + (x - inner.left) / max(inner.width - 1, 1) * (last - first)

    # ---- drawing

    @property
    def _branches(self) -> Branches:
        return Branches(self._pages.timeline.branches if self._pages is not None else ())

    def _last(self, branch: int) -> int:
        return self._pages.timeline.last(branch) if self._pages is not None else -1

    def _is_laid_on(self, branch: int) -> bool:
        """Whether it is the second of two that lie sample on sample."""
        return self._aligned is not None and self._compared is not None and branch == self._compared[1]

    def _end(self, branch: int) -> int:
        """Where on the axis the branch ends."""
        last = self._last(branch)
        return math.ceil(self._aligned.on_first(last)) if self._aligned and self._is_laid_on(branch) else last

    def _shown(self) -> list[int]:
        """The branch that is the line, and the one that is rings."""
        if self._compared is not None:
            return [*dict.fromkeys(self._compared)]
        return [self._here[0], *([] if self._other is None else [self._other])]

    def draw(self) -> None:
        """Draw it anew."""
        room = self.room
        if room is None:
            return
        shown, branches = self._shown(), self._branches
        self._window = self._window.grown(max(1, *map(self._end, shown)))
        shared = [-1, *(branches.shared(branch, shown[0], self._window.end) for branch in shown[1:])]
        series = [self._series(*each, room[0] * ACROSS) for each in zip(shown, shared, strict=True)]
        look = self._look(shown, branches)
        if look.here is not None and branches.shared(shown[0], *self._here) == look.here:
            series[0] = series[0].reaching(look)
        plot = over(series, look, *room)
        self._inner = plot.inner
        caption = self._caption(shown, branches)
        self.entitle(title(caption, room[0] - 4), subtitle(caption, room[0] - 4))
        self.paint(plot, "" if plot.words else nothing(self._what, series, self._log))

    def _series(self, branch: int, since: int, points: int) -> Series:
        if self._pages is None:
            return Series(())
        window, around = self._window, 0 if self._window.size is None else AROUND + self._window.size // 4
        start, stop = max(window.first - around, 0), window.last + around + 1
        laid = self._aligned if self._is_laid_on(branch) else None
        if laid is not None:
            start, stop = int(laid.on_second(start)), math.ceil(laid.on_second(stop))
        try:
            timeline = self._pages.timeline
            found = timeline.series(branch, self._what, start, stop, points)
            nans = timeline.gaps(branch, self._what, start, stop, points)
            if laid is not None:
                on_first = [(laid.on_first(step), low, high) for step, low, high in found]
                return Series(on_first, [laid.on_first(step) for step in nans], since)
            every = None if self._what == LOSS else timeline.bucket_width(branch, start, stop, points)
            return Series(found, nans, since, every)
        except NotATrace:  # closed on the way out, or a damaged file: what cannot be read is not shown
            return Series(())

    def _look(self, shown: Sequence[int], branches: Branches) -> SeriesStyle:
        branch, index = self._here
        on_it = any(branches.shared(each, branch, index) == index for each in shown)
        row = self._pages.row(branch, index) if self._pages is not None and on_it else None
        forks: list[tuple[int, int]] = []
        if len(branches) > 1:
            leaving = branches.leaving(shown[0], self._last)
            forks = [(step, other) for step, others in leaving.items() for other in others]
        return SeriesStyle(
            self._window.first, self._window.last, self._log, index if row is not None else None,
            self._value(row) if row is not None else None, forks,
        )  # fmt: skip

    def _value(self, row: Row) -> float | None:
        if self._what == LOSS:
            return row.loss
        if any(name == self._what for name, _value, _grad in row.params):
            return row.param(self._what)[0]
        return row.param(self._what.removesuffix(GRAD))[1]

    def _caption(self, shown: Sequence[int], branches: Branches) -> Caption:
        names = [f"branch {branch}" for branch in shown] if len(branches) > 1 else []
        if self._compared is not None:
            names = ["zeroing on", "zeroing off"][: len(shown)]
        fact = self._facts.get(self._what)
        norm = fact is not None and fact.number is None
        window = self._window
        return Caption(
            self._what, norm, self._called, self._log, names, window.first, window.last, window.size is not None,
            len(branches) > 1, self._aligned is not None,
        )  # fmt: skip


def _zoom(closer: bool) -> float:
    return ZOOM if closer else 1 / ZOOM
