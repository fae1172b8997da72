"""The list of breakpoints over the screen: to add, edit, switch off and remove them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from bptui.commands.parse import NotUnderstood
from bptui.model.breakpoints import BreakpointModel, Listed, Ready
from bptui.render.lists.breakpoints import breakpoint_line, empty_list, ready_line
from bptui.render.stop.footer import refused
from bptui.ui.panes.commandline import CandidatesWanted, CommandLine
from bptui.ui.panes.lastline import LastLine
from bptui.ui.panes.lines import Lines

FRAME = 6
"""Lines of the screen that are not the list's."""
SIGN = 8
"""A click on so many cells from the left is one on the sign."""
KEYS = "a add  e edit  space on/off  d remove  esc closes"
TYPING = "⏎ keeps it  tab completes  esc leaves it"


class BreakpointLines(Lines):
    """The breakpoints, and behind them the ready-made checks that are none yet."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up"),
        Binding("down,j", "move(1)", "down"),
        Binding("home,g", "move(-9999)", "first"),
        Binding("end,G", "move(9999)", "last"),
    ]

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self.rows: tuple[Listed | Ready, ...] = ()
        self.at = 0
        """The chosen one."""

    def show(self, rows: tuple[Listed | Ready, ...]) -> None:
        """These now; the chosen place stays."""
        grown = len(rows) != len(self.rows)
        self.rows = rows
        self.at = max(min(self.at, len(rows) - 1), 0)
        self.set_lines(len(rows), follow=False)
        if grown:
            self.refresh(layout=True)
        self.bring_into_sight(self.at)

    def action_move(self, by: int) -> None:
        """Another one is chosen."""
        self.choose(self.at + by)

    def choose(self, at: int) -> None:
        """Another one."""
        if self.rows:
            was, self.at = self.at, max(min(at, len(self.rows) - 1), 0)
            self.refresh_row(was)
            self.refresh_row(self.at)
            self.bring_into_sight(self.at)

    def line(self, index: int, width: int) -> Text:
        """One of them."""
        row, chosen = self.rows[index], index == self.at
        if isinstance(row, Ready):
            return ready_line(row, max(len(each.name) for each in self.rows if isinstance(each, Ready)), width, chosen)
        numbers = max(len(str(each.point.number)) for each in self.rows if isinstance(each, Listed))
        return breakpoint_line(row, numbers, width, chosen)


class BreakpointsScreen(ModalScreen[None]):
    """Every change is told at once; what the debuggee makes of it is shown when it answers."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,B,ctrl+c", "dismiss", "close"),
        Binding("a,insert", "add", "add"),
        Binding("e,enter", "edit", "edit"),
        Binding("space", "switch", "on/off"),
        Binding("d,delete", "remove", "remove"),
    ]

    def __init__(self, model: BreakpointModel, complete: Callable[[CommandLine, str], None]) -> None:
        super().__init__()
        self._model, self._complete = model, complete
        self._points = BreakpointLines("points")
        self._message = LastLine(id="points-message")
        self._line = CommandLine("points-line", "break ", self._entered)
        self._editing: int | None = None

    def compose(self) -> ComposeResult:
        with Vertical(classes="sheet") as sheet:
            sheet.border_title = "breakpoints"
            sheet.border_subtitle = KEYS
            yield self._points
            yield self._message
            yield self._line

    def on_mount(self) -> None:
        self.show()
        self.set_focus(self._points)

    def on_resize(self) -> None:
        self._points.styles.max_height = max(self.size.height - FRAME, 3)

    def show(self) -> None:
        """They are other ones now, or something became of them."""
        if self.is_attached:
            self._points.show((*self._model.listed, *self._model.ready))
            if not self._model.listed:
                self._message.say(empty_list)

    @property
    def _chosen(self) -> Listed | Ready | None:
        rows = self._points.rows
        return rows[self._points.at] if rows else None

    # ---- keys

    def action_add(self) -> None:
        """Type a new one."""
        self._type(None, "")

    def action_edit(self) -> None:
        """Type the chosen one anew; a ready-made one is taken into the list."""
        if isinstance(self._chosen, Listed):
            self._type(self._chosen.point.number, self._chosen.text)
        elif isinstance(self._chosen, Ready):
            self._change(partial(self._model.add, self._chosen.name))

    def action_switch(self) -> None:
        """Off, or on again."""
        if isinstance(self._chosen, Listed):
            self._model.switch(self._chosen.point.number)
        else:
            self.action_edit()

    def action_remove(self) -> None:
        """It is gone."""
        if isinstance(self._chosen, Listed):
            self._model.remove(self._chosen.point.number)

    def on_click(self, event: events.Click) -> None:
        """Choose the clicked one; on its sign, switch it."""
        at = event.get_content_offset(self._points) if event.widget is self._points else None
        if at is not None and at.y + self._points.scroll_offset.y < len(self._points.rows):
            self._points.choose(at.y + self._points.scroll_offset.y)
            if at.x < SIGN:
                self.action_switch()

    # ---- typing

    def _type(self, number: int | None, text: str) -> None:
        self._editing = number
        self._message.display = False
        self._line.open(text)
        self.query_one(".sheet").border_subtitle = TYPING

    def on_line_left(self) -> None:
        self._message.display = True
        self.query_one(".sheet").border_subtitle = KEYS

    def _entered(self, text: str) -> None:
        """Add it, or put it in the edited one's place. What is none stays to be corrected."""
        number = self._editing
        if not text:
            self._line.close()
        elif self._change(lambda: self._put(number, text)):
            self._line.close()
            if number is None:
                self._points.choose(len(self._model.listed) - 1)

    def _put(self, number: int | None, text: str) -> None:
        if number is None:
            self._model.add(text)
        else:
            self._model.edit(number, text)

    def _change(self, change: Callable[[], object]) -> bool:
        try:
            change()
        except NotUnderstood as error:
            self._message.display = True
            self._message.say(refused(*error.args))
            return False
        self._message.say(Text())
        return True

    def on_candidates_wanted(self, message: CandidatesWanted) -> None:
        """The names are the debuggee's. They take the place of what was said of the line before."""
        self._message.display = False
        self._complete(message.line, message.text)
