"""The last line: what the step did in words, or why it was refused."""

from __future__ import annotations

from collections.abc import Callable

from rich.text import Text

from bptui.render.stop.footer import message
from bptui.render.text.fit import wrapped_height
from bptui.ui.panes.drawn import Drawn


class LastLine(Drawn):
    """One line, and more only where something went wrong: only then the screen is laid out anew."""

    _said: Text | None = None

    def say(self, said: Text | Callable[[int], Text]) -> None:
        """Say this, or what it is at a width."""
        self._said = None if callable(said) else said
        self.draw(lambda width, _height: message(said(width) if callable(said) else said, width))
        self._grow()

    @property
    def whole(self) -> Text | None:
        """All that it says, where it has room for only a part of it."""
        if self._said is None or self._drawn is None:
            return None
        return self._said if "".join(self._said.plain.split()) != "".join(self._drawn.plain.split()) else None

    def on_resize(self) -> None:
        super().on_resize()
        self._grow()

    def _grow(self) -> None:
        if self._drawn is not None:
            lines = wrapped_height(self._drawn.plain, max(self.content_size.width, 1))
            if self.styles.height is None or self.styles.height.value != lines:
                self.styles.height = lines
