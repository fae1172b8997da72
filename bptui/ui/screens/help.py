"""The help screen, made from the table of commands."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from bptui.render.lists.help import help_text
from bptui.ui.base.keys import PANE_NAMES
from bptui.ui.panes.drawn import as_content
from bptui.ui.screens.manual import ManualScreen


class HelpScreen(ModalScreen[None]):
    """Every key and what it does."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1,ctrl+c", "dismiss", "close"),
        Binding("m", "manual", "manual"),
    ]

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="sheet") as sheet:
            sheet.border_title = "keys"
            sheet.border_subtitle = "m manual   esc closes"
            yield Static()

    def action_manual(self) -> None:
        """The manual in the place of the keys."""
        self.app.switch_screen(ManualScreen())

    def on_resize(self) -> None:
        width = self.query_one(".sheet").scrollable_content_region.width
        self.query_one(Static).update(as_content(help_text(PANE_NAMES, width)))
