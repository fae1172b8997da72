"""A line to type on: with a history, and with candidates for the word under the cursor."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, Static

from bptui.render.lists.candidates import continued, listed
from bptui.render.text.fit import printable
from bptui.render.text.gate import gated
from bptui.ui.model.command_history import CommandHistory
from bptui.ui.panes.drawn import Drawn

ON_ONE_LINE = str.maketrans("\t\n", "  ")


class CandidatesWanted(Message):
    """Tab was pressed on the line."""

    def __init__(self, line: CommandLine, text: str) -> None:
        super().__init__()
        self.line = line
        self.text = text
        """What is typed, up to the cursor."""


class _Typing(Input):
    """What is typed. Its keys are readline's, as far as a terminal's usual ones do not stand against it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,ctrl+c", "leave", "close", show=False),
        Binding("up", "look(-1)", "line before", show=False),
        Binding("down", "look(1)", "line after", show=False),
        Binding("tab", "complete", "complete", show=False),
        Binding("shift+tab", "nothing", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(compact=True, select_on_focus=False)
        self.cursor_blink = False

    @property
    def _line(self) -> CommandLine:
        line = next(each for each in self.ancestors if isinstance(each, CommandLine))
        return line

    def validate_value(self, value: str) -> str:
        """What was pasted, completed or typed before may hold what would command the terminal."""
        return gated(value).translate(ON_ONE_LINE)

    def action_leave(self) -> None:
        self._line.close()

    async def action_submit(self) -> None:
        """At once, and not by a message: the key that follows may already belong to what comes of the line."""
        self._line.enter()

    def action_look(self, by: int) -> None:
        """Another line of the history."""
        self._line.look(by)

    def action_complete(self) -> None:
        """Ask what the word can become."""
        self.post_message(CandidatesWanted(self._line, self.value[: self.cursor_position]))

    def action_nothing(self) -> None:
        """The focus stays here until the line is closed."""


class CommandLine(Vertical):
    """Hidden until it is opened. When it closes, the focus is where it was."""

    def __init__(
        self, id: str, sign: str, entered: Callable[[str], None], history: CommandHistory | None = None
    ) -> None:
        """`entered` is told what is typed when enter is pressed; the line stays open until it is closed."""
        super().__init__(id=id, classes="line")
        self._sign, self._entered, self._history = sign, entered, history
        self._candidates = Drawn(classes="candidates")
        self._typing = _Typing()
        self._offered = ""
        """What stood there when candidates were offered last; they are hidden once something else does."""
        self._came_from: Widget | None = None
        self.display = self._candidates.display = False

    def compose(self) -> ComposeResult:
        yield self._candidates
        with Horizontal():
            yield Static(self._sign, classes="sign")
            yield self._typing

    @property
    def text(self) -> str:
        """What is typed."""
        return self._typing.value

    def open(self, text: str = "", sign: str | None = None) -> None:
        """Begin to type, behind this."""
        if not self.display:
            self._came_from = self.screen.focused
        if sign is not None:
            self.query_one(".sign", Static).update(sign)
        self._set(text)
        self.display = True
        self.screen.set_focus(self._typing)  # at once: what is typed next belongs here

    def close(self) -> None:
        """The focus goes back to where it was."""
        if not self.display:
            return
        came_from, self._came_from = self._came_from, None
        if self.screen.focused is self._typing:
            self.screen.set_focus(came_from if came_from is not None and came_from.is_attached else None)
        self.display = self._candidates.display = False
        if self._history is not None:
            self._history.rest()
        self.post_message(LineLeft())

    def keep(self, line: str) -> None:
        """Into the history."""
        if self._history is not None:
            self._history.add(line)

    def look(self, by: int) -> None:
        """Another line of the history."""
        if self._history is not None:
            self._set(self._history.look(by, self.text))

    def offer(self, text: str, start: int, candidates: tuple[str, ...], ending: str = "") -> None:
        """The word that begins at `start` can become these. `ending`: behind the only one. Not if typing went on."""
        at = self._typing.cursor_position
        if not self.display or self.text[:at] != text or not candidates:
            return
        longer = continued(text, start, candidates) + (ending if len(candidates) == 1 else "")
        self._offered = longer + self.text[at:]
        self._set(self._offered, len(longer))
        self._candidates.display = len(candidates) > 1 and longer == text
        if self._candidates.display:
            width = max(self.content_size.width, 1)
            said = listed(candidates, width)
            self._candidates.styles.height = len(said.split("\n"))
            self._candidates.draw(lambda width, _height: listed(candidates, width))

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if event.value != self._offered:
            self._candidates.display = False

    def enter(self) -> None:
        """What is typed is to be carried out."""
        self._entered(printable(self.text).strip())

    def _set(self, text: str, cursor: int | None = None) -> None:
        self._typing.value = text
        self._typing.cursor_position = len(text) if cursor is None else cursor


class LineLeft(Message):
    """The line is closed."""
