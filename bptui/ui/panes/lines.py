"""Lines of which only those in sight are ever drawn, so that a hundred thousand cost as much as ten."""

from __future__ import annotations

from rich.text import Text
from textual import events
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.style import Style
from textual.widget import Widget

from bptui.render.text.fit import cut, piece
from bptui.render.text.style import QUIET
from bptui.ui.panes.drawn import as_content

MOST = 1_000
"""So many drawn lines are kept."""


class Lines(ScrollView, can_focus=True):
    """A pane of lines. It stays at the end when lines are added, unless it was scrolled away from there."""

    HEAD = 0
    """So many lines at the top do not scroll."""
    EMPTY = ""
    """What is said while there are no lines."""

    def __init__(self, id: str) -> None:
        super().__init__(id=id, classes="pane")
        self._count = 0
        self._strips: dict[int, Strip] = {}
        """Lines as drawn at `_drawn_width`, by index: a line that moves need not be drawn again."""
        self._drawn_width = 0
        self._follows = False
        """Whether it is a pane that stays at its end."""
        self._at_end = True
        """Whether it is there: as the person left it, not as a change of size does."""

    @property
    def room(self) -> int:
        """How wide a line can be: `size` has the scrollbar in it, which covers what is behind it."""
        return self.scrollable_content_region.width

    def head(self, width: int) -> Text:
        """What the line at the top that does not scroll says."""
        return Text()

    def line(self, index: int, width: int) -> Text:
        """What a line says, as far as it is in sight: whoever can be scrolled sideways leaves out what is not."""
        raise NotImplementedError

    def set_lines(self, count: int, width: int = 0, follow: bool = True, since: int = 0) -> None:
        """There are so many lines now, of that width (0: as wide as the pane); those before `since` are as they were.

        Does not lay out the screen.
        """
        self._forget(since)
        self._count, self._follows = count, follow
        # Assigning `virtual_size` would lay out the whole screen, at every step
        self.set_reactive(Widget.virtual_size, Size(width or self.room, count + self.HEAD))
        self.vertical_scrollbar.window_virtual_size = count + self.HEAD
        self._to_end()
        top = max(since + self.HEAD - self.scroll_offset.y, 0) if since else 0
        if top < self.size.height:
            self.refresh(Region(0, top, self.size.width, self.size.height - top))

    def _to_end(self) -> None:
        if (self._follows and self._at_end) or self.scroll_offset.y > self.max_scroll_y:
            self.scroll_to(y=self.max_scroll_y, animate=False, immediate=True)

    def is_in_sight(self, row: int) -> bool:
        """Whether a line is on the screen."""
        return 0 <= row - self.scroll_offset.y < self.size.height - self.HEAD

    def bring_into_sight(self, row: int, margin: int = 0) -> None:
        """Scroll as little as it takes to have that line on the screen, with so many around it."""
        room = self.size.height - self.HEAD
        if room > 0:
            y = nearest(self.scroll_offset.y, room, row, 1, margin)
            if y != self.scroll_offset.y:
                self.scroll_to(y=y, animate=False, immediate=True)

    def on_resize(self, _event: events.Resize) -> None:
        self._to_end()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """The person scrolled, or it was scrolled to the end."""
        super().watch_scroll_y(old_value, new_value)
        self._at_end = new_value >= self.max_scroll_y

    def refresh_row(self, index: int) -> None:
        """A line says something else."""
        self._strips.pop(index, None)
        self.refresh(Region(0, index + self.HEAD - self.scroll_offset.y, self.size.width, 1))

    def _forget(self, since: int = 0) -> None:
        if since == 0 or len(self._strips) > MOST:
            self._strips.clear()
        for index in [index for index in self._strips if index >= since]:
            del self._strips[index]

    def watch_scroll_x(self, old_value: float, new_value: float) -> None:
        """Every line is another part of itself now."""
        self._forget()
        super().watch_scroll_x(old_value, new_value)

    def notify_style_update(self) -> None:
        """The colours are other ones now."""
        self._forget()
        super().notify_style_update()

    def render_line(self, y: int) -> Strip:
        """A line of the terminal."""
        width, style = self.room, self.visual_style
        if width != self._drawn_width:
            self._drawn_width = width
            self._forget()
        index = y + self.scroll_offset.y - self.HEAD
        if y < self.HEAD:
            return self._strip(self.head(width), style)
        if index == self._count == 0:
            return self._strip(cut(piece(self.EMPTY, QUIET), width), style)
        if index >= self._count:
            return Strip.blank(self.size.width, style.rich_style)
        if index not in self._strips:
            self._strips[index] = self._strip(self.line(index, width), style)
        return self._strips[index]

    def _strip(self, text: Text, style: Style) -> Strip:
        return Strip(as_content(text).render_segments(style)).crop_extend(0, self.size.width, style.rich_style)


def nearest(scroll: int, room: int, start: int, length: int, margin: int) -> int:
    """The scroll nearest to the present one that has that stretch in sight, with some more around."""
    margin = max(min(margin, (room - length) // 2), 0)
    return max(min(scroll, start - margin), start + length + margin - room, 0)
