"""A card: one value that can be focused and looked into."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from bptui.render.text.cells import ending
from bptui.render.text.gate import one_line
from bptui.render.text.signs import DOT
from bptui.ui.base.messages import ParamChosen
from bptui.ui.panes.drawn import Drawn, DrawPane, titled

FRAME = 4
"""Cells of a title's line that are not for the title."""


class Card(Drawn, can_focus=True):
    """A value under its name, lit when the last step changed it."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id, classes="pane")
        self.names: tuple[str, ...] = ()
        """The values that it shows, as the session's `Inspect` calls them."""
        self._title = self._shown_title = ""

    def show(self, title: str, lit: bool, names: tuple[str, ...], drawing: DrawPane) -> None:
        """Show what this function draws under that title."""
        self.names = names
        self._title = title
        self.set_class(lit, "-lit")
        self.draw(drawing)

    def _redraw(self) -> None:
        super()._redraw()
        mark = f"{DOT} " if self.has_class("-lit") else ""
        shown = mark + ending(one_line(self._title), self.size.width - FRAME - len(mark))
        if shown != self._shown_title:
            self._shown_title = shown
            self.border_title = titled(shown)


class ParamChooser(Drawn, can_focus=True):
    """Which parameter the cards, the curve and the timeline show."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,up", "choose(-1)", "previous parameter", show=False),
        Binding("right,down", "choose(1)", "next parameter", show=False),
        Binding("home", "choose(-1_000_000)", "first parameter", show=False),
        Binding("end", "choose(1_000_000)", "last parameter", show=False),
    ]

    def __init__(self, id: str) -> None:
        super().__init__(id=id)
        self.names: tuple[str, ...] = ()
        """All parameters."""
        self.chosen: str | None = None
        """The one that is shown."""

    def action_choose(self, by: int) -> None:
        """Choose the parameter so many further."""
        if self.chosen in self.names:
            at = min(max(self.names.index(self.chosen) + by, 0), len(self.names) - 1)
            self.post_message(ParamChosen(self.names[at]))
