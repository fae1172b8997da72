"""A widget that shows what a pure function draws for its present size."""

from __future__ import annotations

from collections.abc import Callable

from rich.style import Style as RichStyle
from rich.text import Text
from textual import events
from textual.content import Content, Span
from textual.style import Style
from textual.widgets import Static

from bptui.render.text.fit import piece
from bptui.render.text.gate import harmless, one_line
from bptui.ui.base.messages import CommandChosen, ParamChosen

DrawPane = Callable[[int, int], Text]
"""Width and height to text."""


def as_content(text: Text) -> Content:
    """Rich's text as Textual's, which resolves the theme's variables in its styles, and reads no markup in the text."""
    return Content(harmless(text.plain), [Span(s.start, s.end, _style(s.style)) for s in _spans(text)])


def titled(text: str) -> Content:
    """A title: what the script calls something, on one line, and no markup."""
    return as_content(piece(one_line(text)))


def _spans(text: Text) -> list[Span]:
    base = [Span(0, len(text.plain), text.style)] if text.style else []  # type: ignore[arg-type]
    return [*base, *text.spans]  # type: ignore[list-item]


def _style(style: str | RichStyle | Style) -> str | Style:
    return Style.from_meta(style.meta) if isinstance(style, RichStyle) else style


class Drawn(Static):
    """Draws itself again when what it shows or its size changes, and never lays out the screen anew."""

    def __init__(self, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._drawing: DrawPane | None = None
        self._drawn: Text | None = None

    def draw(self, drawing: DrawPane) -> None:
        """Show what this function draws."""
        self._drawing = drawing
        self._redraw()

    def draw_again(self) -> None:
        """What is drawn depends on something that is otherwise now."""
        self._redraw()

    def on_resize(self) -> None:
        self._redraw()

    def _redraw(self) -> None:
        width, height = self.content_size
        if self._drawing is None or not width or not height:
            return
        text = self._drawing(width, height)
        if text != self._drawn:
            self._drawn = text
            self.update(as_content(text), layout=False)

    def on_click(self, event: events.Click) -> None:
        """What is drawn may hold commands and parameters to click."""
        meta = event.style.meta
        if "command" in meta:
            self.post_message(CommandChosen(meta["command"]))
        elif "param" in meta:
            self.post_message(ParamChosen(meta["param"]))
