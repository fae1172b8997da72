"""What the curve is drawn on. A module of its own, loaded after the first paint: it imports numpy."""

from __future__ import annotations

from textual.strip import Strip
from textual_hires_canvas import Canvas


class CurveCanvas(Canvas):
    """A canvas that can be drawn without colours also while it is larger than what was painted on it."""

    def render_line(self, y: int) -> Strip:
        """A line. Below what was painted the library's has no style, on which Textual fails where NO_COLOR is set."""
        strip = super().render_line(y)
        return strip if strip.cell_length else Strip.blank(self.size.width, self.rich_style)
