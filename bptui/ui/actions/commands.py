"""Who carries out what is typed: the watches, the breakpoints, the plot, files."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from textual.screen import Screen

from bptui.commands.breakpoints import CHECKS
from bptui.commands.parse import NotUnderstood, check_topic
from bptui.manual import TOPICS
from bptui.model.breakpoints import BreakpointModel
from bptui.model.watches import WatchModel
from bptui.protocol.phase import Phase
from bptui.protocol.requests import SetBreakpoints, SetWatches
from bptui.protocol.words import counted
from bptui.render.lists.branchlist import branch_list
from bptui.render.text.fit import piece
from bptui.trace.errors import CannotRecord
from bptui.trace.export import KINDS, export
from bptui.trace.timeline import Timeline
from bptui.ui.actions.completion import Completion
from bptui.ui.actions.inspect import InspectActions
from bptui.ui.actions.lines import LineRunner
from bptui.ui.actions.plot import PlotActions
from bptui.ui.actions.steering import Steering
from bptui.ui.base.messages import PictureWanted
from bptui.ui.panes.view import View
from bptui.ui.screens.breakpoints import BreakpointsScreen
from bptui.ui.screens.help import HelpScreen
from bptui.ui.screens.manual import ManualScreen
from bptui.ui.screens.sheet import SheetScreen


class Commands:
    """Brings the typed commands together, so that the screen need not know them."""

    def __init__(
        self,
        screen: Screen[None],
        view: View,
        steering: Steering,
        inspect: InspectActions,
        timeline: Timeline,
        ask_beside: Callable[[SetBreakpoints | SetWatches, bool], None],
        carry_out: Callable[[str], bool],
    ) -> None:
        """`ask_beside` tells the debuggee; `True` where a refusal need not be said.

        `carry_out` does what a command's key does, by the command's id; False if that is not possible now.
        """
        self._screen, self._view, self._timeline = screen, view, timeline
        self._watches = WatchModel(ask_beside, self._say)
        self.breakpoints = BreakpointModel(ask_beside, self._say, self._show_breakpoints)
        self._plot = PlotActions(timeline, view, inspect)
        self._completion = Completion(
            steering.requests,
            {
                "unwatch": lambda: ("all", *self._watches.expressions),
                "breakpoints": lambda: (*map(str, Phase), "line", "epoch", "sample", "change", *CHECKS),
                "plot": lambda: (*view.series.choices,),
                "compare": lambda: ("zeroing",),
                "help": lambda: TOPICS,
            },
        )
        self._lines = LineRunner(
            screen,
            view,
            steering,
            {
                "watch": self._watches.watch,
                "unwatch": self._watches.unwatch,
                "breakpoints": self._break,
                "plot": self._plot.plot,
                "save": self._save,
                "export": self._export,
                "help": self._help,
            },
            carry_out,
        )
        self._list: BreakpointsScreen | None = None
        self.enter = self._lines.enter
        self.complete = self._completion.want
        self.hear_evaluated = self._lines.hear_evaluated
        self.hear_compared = self._plot.hear_compared

    def _say(self, text: str) -> None:
        self._view.say(piece(text))

    def open(self, path: str) -> None:
        """That script begins, perhaps once more."""
        self._watches.open(path)
        self.breakpoints.open(path)

    def _help(self, topic: str) -> None:
        """Show the keys, or a page of the manual."""
        if topic:
            check_topic(topic)
        self._screen.app.push_screen(ManualScreen(topic) if topic else HelpScreen())

    # ---- breakpoints

    def list_breakpoints(self) -> None:
        """Show them over the screen; how often each was met is asked anew."""
        self._list = BreakpointsScreen(self.breakpoints, partial(self.complete, command="breakpoints"))
        self._screen.app.push_screen(self._list, self._closed)
        self.breakpoints.ask(quietly=True)

    def _closed(self, _result: None) -> None:
        self._list = None

    def _show_breakpoints(self) -> None:
        """Something about them is otherwise."""
        self._view.show_breakpoints(self.breakpoints.listed)
        if self._list is not None:
            self._list.show()

    def _break(self, text: str) -> None:
        """Add a breakpoint, or list them."""
        if text:
            self.breakpoints.type(text)
        else:
            self.list_breakpoints()

    # ---- the timeline

    def list_branches(self, here: int) -> None:
        """Show which there are; the program stands on `here`."""
        sheet = partial(branch_list, self._timeline.branches, here, self._timeline.last)
        self._screen.app.push_screen(SheetScreen("branches", sheet))

    def _save(self, name: str) -> None:
        """Keep the timeline in a file."""
        if not name:
            raise NotUnderstood("Save in which file?", "save run.bptrace")
        try:
            self._timeline.save(Path(name).expanduser())
        except CannotRecord as error:
            raise NotUnderstood(str(error), "save FILE keeps the timeline in a new file") from None
        self._view.say(piece(f"the timeline is in {name}: bptui {name} opens it"))

    def _export(self, name: str) -> None:
        """Write the steps as a table, or the screen as a picture.

        The message of the latter takes the way of the one by which the line on which it was typed goes: it comes
        behind it.
        """
        path = Path(name).expanduser()
        if path.suffix not in KINDS:
            self._view.line.post_message(PictureWanted(name))
            return
        try:
            count = export(self._timeline, path)
        except CannotRecord as error:
            raise NotUnderstood(str(error), "export FILE.csv, FILE.jsonl or FILE.svg") from None
        self._view.say(piece(f"{counted(count, 'step')} {'is' if count == 1 else 'are'} in {name}"))
