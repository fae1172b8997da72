"""All panes, and which facts each is given."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widget import Widget

from bptui.model.breakpoints import Listed
from bptui.protocol.phase import Phase
from bptui.protocol.requests import DrawCurve
from bptui.protocol.snapshot import ProgramInfo, Snapshot
from bptui.protocol.tape import Tape
from bptui.render.lists.breakpoints import lines_marked, phases_marked
from bptui.render.stop import cards
from bptui.render.stop.footer import and_dropped, footer, stopped, typing
from bptui.render.stop.phasebar import phase_bar, upcoming
from bptui.render.stop.title import Progress, TimelinePosition, title
from bptui.render.tape.inside import about
from bptui.ui.model.command_history import CommandHistory
from bptui.ui.model.rows import RowPages
from bptui.ui.panes.card import Card, ParamChooser
from bptui.ui.panes.commandline import CommandLine
from bptui.ui.panes.console import ConsolePane
from bptui.ui.panes.curve import CurvePane
from bptui.ui.panes.drawn import Drawn
from bptui.ui.panes.lastline import LastLine
from bptui.ui.panes.series import SeriesPane
from bptui.ui.panes.source import SourcePane
from bptui.ui.panes.tape import TapePane
from bptui.ui.panes.timeline import TimelinePane
from bptui.ui.panes.watches import WatchPane


class View(Vertical):
    """Hands each pane its facts. The panes do not ask one another."""

    def __init__(self, source: str, entered: Callable[[str], None]) -> None:
        """`entered` is told each line that is typed."""
        super().__init__(id="view")
        self._source = source
        self._focused: Widget | None = None
        self._title = Drawn(id="title")
        self._phases = Drawn(id="phases")
        self._stops: frozenset[Phase] = frozenset()
        self._upcoming = Drawn(id="upcoming")
        self._sample, self._loss, self._param, self._grad = (Card(id) for id in ("sample", "loss", "param", "grad"))
        self._chooser = ParamChooser("chooser")
        self._ledger = Drawn(id="ledger")
        self.watches = WatchPane("watches")
        self.source = SourcePane("source")
        self.curve = CurvePane("curve")
        self.tape = TapePane("tape")
        self._tape: Tape | None = None
        self.series = SeriesPane("series")
        self.timeline = TimelinePane("timeline")
        self.console = ConsolePane("console")
        self._message = LastLine("message", opens=True)
        self.line = CommandLine("command", ":", entered, CommandHistory())
        self._footer = Drawn(id="footer")

    def compose(self) -> ComposeResult:
        yield self._title
        yield self._phases
        yield self._upcoming
        yield Horizontal(self._sample, self._loss, self._param, self._grad, id="cards")
        yield self._chooser
        yield self._ledger
        yield self.watches
        yield Horizontal(self.source, self.curve, self.tape, self.series, id="middle")
        yield Horizontal(self.timeline, self.console, id="bottom")
        yield self._message
        yield self.line
        yield self._footer

    def on_mount(self) -> None:
        self.tape.display = self.series.display = False
        for pane in (self.source, self.curve, self.tape, self.timeline, self.console, self.watches):
            pane.border_title = pane.border_title or pane.id
        self._show_no_values()
        self.source.show_source(self._source)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Which pane has the focus is remembered: while the terminal is too small, none can have it."""
        self._focused = event.widget

    def on_descendant_blur(self) -> None:
        if self.display:
            self._focused = None

    def on_show(self) -> None:
        """The terminal is large enough again."""
        if self._focused is not None and self.screen.focused is None:
            self.screen.set_focus(self._focused)

    def open(self, program: ProgramInfo, pages: RowPages) -> None:
        """A program begins, perhaps once more; its rows are in these pages."""
        self.source.show_program(program)
        self.timeline.clear(pages)
        self.console.clear()
        self.curve.clear(pages)
        self.series.clear(pages)
        self.show_tape(None)
        self._chooser.display = self._ledger.display = False

    def show_title(
        self, name: str, place: Progress | None, moment: TimelinePosition, zeroing: bool | None, state: str
    ) -> None:
        """Where the program is and what it is doing."""
        self._title.draw(lambda width, _height: title(name, place, moment, zeroing, state, width))

    def show_keys(self, possible: Collection[str], inside: bool) -> None:
        """Which keys do something now. `inside` a phase there are others."""
        if self.line.display:
            self._footer.draw(lambda width, _height: typing(width))
        else:
            self._footer.draw(lambda width, _height: footer(possible, width, inside))

    def say(self, text: Text | Callable[[int], Text], dropped: int = 0) -> None:
        """The last line in words, or what they are at a width.

        `dropped`: so many commands that had been typed are not carried out because of it.
        """
        if dropped:
            self._message.say(lambda width: and_dropped(text(width) if callable(text) else text, dropped))
        else:
            self._message.say(text)

    @property
    def cut_message(self) -> Text | None:
        """All of the last line, where only a part of it is to be seen."""
        return self._message.whole

    def say_stop(self, snapshot: Snapshot, dropped: int = 0) -> None:
        """The last line of a stop. Inside a phase what the step did is told above: here is what it took and gave."""
        op = snapshot.op
        self.say(stopped(snapshot) if op is None or snapshot.failure else partial(about, op), dropped)

    def show(self, program: ProgramInfo, snapshot: Snapshot, param: str | None) -> None:
        """A stop, and what the step that led there changed."""
        self._phases.draw(lambda width, _height: phase_bar(program, snapshot, width, self._stops))
        self.watches.show(snapshot.watches)
        self._upcoming.draw(lambda width, _height: upcoming(snapshot, width))
        self.source.show(snapshot)
        self.show_param(snapshot, param)
        values = tuple(named.name for named in snapshot.values)
        changed = {each.name for each in snapshot.changes}
        no_values = cards.no_values(program, snapshot)
        drawing = partial(cards.sample_card, snapshot.values, snapshot.targets, changed, none=no_values)
        self._sample.show("sample", not changed.isdisjoint(values), values, drawing)
        name = snapshot.loss_name or "loss"
        change = snapshot.change(name) if snapshot.loss is not None else None
        names = (name,) if snapshot.loss is not None else ()
        title = name if name == "loss" else f"{name} (loss)"
        none = cards.no_loss(program, snapshot)
        self._loss.show(title, change is not None, names, partial(cards.card, snapshot.loss, change, none=none))

    def show_breakpoints(self, listed: Collection[Listed]) -> None:
        """Signs beside the source and in the phase bar."""
        self.source.show_breakpoints(lines_marked(listed))
        self._stops = phases_marked(listed)
        self._phases.draw_again()

    @property
    def message_width(self) -> int:
        """How long a last line can be."""
        return max(self.size.width - 2, 1)

    def open_line(self, text: str = "") -> None:
        """Type in the place of the last line."""
        self._message.display = False
        self.line.open(text)

    def close_line(self) -> None:
        """The last line is there again."""
        self._message.display = True

    def show_param(self, snapshot: Snapshot, name: str | None) -> None:
        """The chosen parameter, its gradient, and what that is made of."""
        param = snapshot.param(name)
        value, grad = (param.value, param.grad) if param else (None, None)
        title = name or "parameter"
        for card, label, fact, none in (
            (self._param, title, value, "no parameter yet"),
            (self._grad, f"{title}.grad", grad, "no gradient"),
        ):
            change = snapshot.change(label) if param else None
            names = (label,) if param else ()
            card.show(label, change is not None, names, partial(cards.card, fact, change, none=none))
        self._show_chooser(snapshot, name)
        self.tape.show(self._tape, snapshot.op, name)
        if not snapshot.zeroing or any(len(each.contributions) > 1 for each in snapshot.ledger):
            self._ledger.display = True
        self._ledger.draw(lambda width, _height: cards.ledger(snapshot, name, width))

    def _show_chooser(self, snapshot: Snapshot, name: str | None) -> None:
        names = tuple(param.name for param in snapshot.params)
        self._chooser.names, self._chooser.chosen = names, name
        self._chooser.display = self._chooser.display or len(names) > 1
        if len(names) > 1:
            self._chooser.draw(lambda width, _height: cards.chooser(names, name, width))

    def show_tape(self, tape: Tape | None) -> None:
        """The tape is another one now."""
        self._tape = tape

    @property
    def beside(self) -> Widget:
        """Which of the panes is beside the source: the curve, the tape or the plot."""
        return next(pane for pane in (self.tape, self.series, self.curve) if pane.display or pane is self.curve)

    def turn_to(self, shown: Widget) -> None:
        """Show another one beside the source."""
        hidden = self.beside
        if hidden is not shown:
            focused = hidden.screen.focused is hidden
            hidden.display, shown.display = False, True
            if focused:
                shown.screen.set_focus(shown)

    def wants_curve(self, snapshot: Snapshot, param: str | None) -> DrawCurve | None:
        """What the session is to be asked for a curve of this parameter, if it has one."""
        return self.curve.wants(snapshot, param) if snapshot.op is None and self.curve.display else None

    def _show_no_values(self) -> None:
        for card, name in ((self._sample, "sample"), (self._loss, "loss"), (self._param, "w"), (self._grad, "w.grad")):
            card.show(name, False, (), lambda _width, _height: Text())
