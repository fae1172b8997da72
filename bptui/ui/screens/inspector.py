"""A value as Python sees it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from bptui.protocol.replies import Inspected
from bptui.render.lists.inspected import inspected, names_line
from bptui.ui.base.messages import ParamChosen
from bptui.ui.panes.drawn import Drawn, as_content, titled


class InspectorScreen(ModalScreen[None]):
    """One of several values; left and right go to the others."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter,ctrl+c", "dismiss", "close"),
        Binding("left,shift+tab", "look(-1)", "previous value"),
        Binding("right,tab", "look(1)", "next value"),
    ]

    def __init__(self, names: Sequence[str], start: str, ask: Callable[[str], None]) -> None:
        super().__init__()
        self._names = list(names)
        self._chosen = start
        self._ask = ask
        self._value: Inspected | None = None

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="sheet") as sheet:
            sheet.border_subtitle = "←→ other values   ↑↓ scroll   esc closes"
            yield Drawn(id="names")
            yield Static(id="value")

    def on_mount(self) -> None:
        self._look()

    def show(self, value: Inspected) -> None:
        """The answer."""
        self._value = value
        self.on_resize()

    def on_resize(self) -> None:
        """What it shows is wrapped anew."""
        if self._value is not None:
            width = self.query_one(".sheet").scrollable_content_region.width
            self.query_one("#value", Static).update(as_content(inspected(self._value, width)))

    def _look(self) -> None:
        self.query_one(".sheet").border_title = titled(self._chosen)
        self.query_one("#names", Drawn).draw(lambda width, _height: names_line(self._names, self._chosen, width))
        self._ask(self._chosen)

    def action_look(self, by: int) -> None:
        """Look at the value beside this one."""
        self._chosen = self._names[(self._names.index(self._chosen) + by) % len(self._names)]
        self._look()

    def on_param_chosen(self, message: ParamChosen) -> None:
        """A name was clicked."""
        message.stop()
        self._chosen = message.name
        self._look()
