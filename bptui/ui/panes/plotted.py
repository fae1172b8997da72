"""A pane with a plot, or with words in its place."""

from __future__ import annotations

import threading
from importlib import import_module
from typing import TYPE_CHECKING

from rich.text import Text
from textual.content import Content
from textual.geometry import Size
from textual.style import Style
from textual.widget import Widget

from bptui.render.plot.plot import ACROSS, DOWN, Plot
from bptui.render.text.fit import piece
from bptui.render.text.gate import harmless
from bptui.render.text.style import QUIET
from bptui.ui.panes.drawn import as_content

if TYPE_CHECKING:
    from bptui.ui.panes.canvas import CurveCanvas

LEAST = 4
"""In fewer cells nothing can be seen."""


class Plotted(Widget, can_focus=True):
    """Knows how to paint; what is to be painted, its kinds know."""

    DEFAULT_CSS = "Plotted { content-align: center middle; text-align: center; }"

    def __init__(self, id: str) -> None:
        super().__init__(id=id, classes="pane")
        self._canvas: CurveCanvas | None = None
        self._words = ""
        """What stands in place of a plot."""
        self._titles = Text(), Text()

    def on_mount(self) -> None:
        """Load what draws while the debuggee still imports torch, and after the first paint: it imports numpy."""
        loader = threading.Thread(target=import_module, args=("bptui.ui.panes.canvas",), daemon=True)
        self.call_after_refresh(loader.start)

    def render(self) -> Content:
        """Only what stands in place of a plot; the plot is drawn by the canvas, which lies above."""
        return as_content(piece(self._words, QUIET))

    def draw(self) -> None:
        """Draw it anew."""
        raise NotImplementedError

    def on_resize(self) -> None:
        self.draw()

    def on_show(self) -> None:
        """It may have missed something."""
        self.draw()

    def notify_style_update(self) -> None:
        """The colours are other ones now."""
        super().notify_style_update()
        self.draw()

    @property
    def room(self) -> tuple[int, int] | None:
        """Width and height for a plot; None where there is none, and what was there is gone."""
        if not self.display:
            return None
        width, height = self.content_size
        if width >= LEAST and height >= LEAST:
            return width, height
        self._say("")
        if self._canvas is not None:
            self._canvas.reset()
        return None

    def entitle(self, title: Text, subtitle: Text) -> None:
        """What stands in the border."""
        if (title, subtitle) != self._titles:
            self._titles = title, subtitle
            self.border_title, self.border_subtitle = as_content(title), as_content(subtitle)

    def paint(self, plot: Plot, words: str) -> None:
        """The plot, or words in its place."""
        self._say(words)
        if not words:
            self._paint(plot, Size(*self.content_size))

    def _say(self, words: str) -> None:
        if self._canvas is not None:
            self._canvas.display = not words
        if words != self._words:
            self._words = words
            self.refresh()

    def _paint(self, plot: Plot, size: Size) -> None:
        if self._canvas is None:
            from bptui.ui.panes.canvas import CurveCanvas

            self._canvas = CurveCanvas()
            self.mount(self._canvas)
        canvas = self._canvas
        with canvas.batch_refresh():
            canvas.reset(size=size)
            for style, dots in plot.layers:
                coordinates = [((x + 0.5) / ACROSS, (y + 0.5) / DOWN) for x, y in dots]
                canvas.set_hires_pixels(coordinates, style=_resolved(style))
            for x, y, text, style in plot.words:
                resolved = _resolved(style)
                for at, char in enumerate(harmless(text)):
                    canvas.set_pixel(x + at, y, char, resolved)


def _resolved(style: str) -> str:
    """A style of ours in Rich's words, with the theme's colours in."""
    return str(Style.parse(style).rich_style)
