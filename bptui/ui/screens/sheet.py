"""A sheet of text over the screen: all of an op, a gradient check."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from bptui.ui.panes.drawn import as_content, titled

DrawSheet = Callable[[int], Text]
"""What it says at a width."""


class SheetScreen(ModalScreen[None]):
    """Text under a title; any of the usual keys closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,enter,ctrl+c", "dismiss", "close")]

    def __init__(self, title: str, draw: DrawSheet) -> None:
        super().__init__()
        self._title, self._draw = title, draw

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="sheet") as sheet:
            sheet.border_title = titled(self._title)
            sheet.border_subtitle = "↑↓ scroll   esc closes"
            yield Static(id="value")

    def show(self, draw: DrawSheet) -> None:
        """It says something else now."""
        self._draw = draw
        if self.is_mounted:
            self.on_resize()

    def on_resize(self) -> None:
        width = self.query_one(".sheet").scrollable_content_region.width
        self.query_one("#value", Static).update(as_content(self._draw(max(width, 1))))
