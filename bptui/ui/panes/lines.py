"""Lines of which only those in sight are ever drawn, so that a hundred thousand cost as much as ten."""

from __future__ import annotations

from rich.text import Text
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from bptui.ui.panes.drawn import as_content


class Lines(ScrollView, can_focus=True):
    """A pane of lines. It stays at the end when lines are added, unless it was scrolled away from there."""

    HEAD = 0
    """So many lines at the top do not scroll."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id, classes="pane")
        self._count = 0

    def head(self, width: int) -> Text:
        """What the line at the top that does not scroll says."""
        return Text()

    def line(self, index: int, width: int) -> Text:
        """What a line says, as far as it is in sight: whoever can be scrolled sideways leaves out what is not."""
        raise NotImplementedError

    def set_lines(self, count: int, width: int = 0, follow: bool = True) -> None:
        """There are so many lines now, of that width (0: as wide as the pane). Does not lay out the screen."""
        at_end = follow and self.scroll_offset.y >= self.max_scroll_y
        self._count = count
        # Assigning `virtual_size` would lay out the whole screen, at every step
        self.set_reactive(Widget.virtual_size, Size(width or self.size.width, count + self.HEAD))
        self.vertical_scrollbar.window_virtual_size = count + self.HEAD
        if at_end or self.scroll_offset.y > self.max_scroll_y:
            self.scroll_to(y=self.max_scroll_y, animate=False)
        self.refresh()

    def refresh_row(self, index: int) -> None:
        """A line says something else."""
        self.refresh(Region(0, index + self.HEAD - self.scroll_offset.y, self.size.width, 1))

    def render_line(self, y: int) -> Strip:
        """A line of the terminal."""
        width, style = self.size.width, self.visual_style
        index = y + self.scroll_offset.y - self.HEAD
        if y < self.HEAD:
            text = self.head(width)
        elif index < self._count:
            text = self.line(index, width)
        else:
            return Strip.blank(width, style.rich_style)
        strip = Strip(as_content(text).render_segments(style))
        return strip.crop_extend(0, width, style.rich_style)
