"""The last line: what the step did in words, or why it was refused."""

from __future__ import annotations

from collections.abc import Callable

from rich.text import Text

from bptui.render.stop.footer import OPENABLE, message, openable
from bptui.render.text.fit import wrapped_height
from bptui.ui.panes.drawn import Drawn

WIDE = 10_000
"""A width at which nothing has to be left out."""


class LastLine(Drawn):
    """One line, and more only where something went wrong: only then the screen is laid out anew."""

    _said: Text | Callable[[int], Text] = Text()

    def __init__(self, id: str, opens: bool = False) -> None:
        """`opens`: whether a key shows all of it where it is cut."""
        super().__init__(id=id)
        self._opens = opens

    def say(self, said: Text | Callable[[int], Text]) -> None:
        """Say this, or what it is at a width."""
        self._said = said
        self.draw(lambda width, _height: self._fitted(width))
        self._grow()

    def _fitted(self, width: int) -> Text:
        """What it says at that width; a sign tells where not all of it is there, and which key shows all."""
        shown = self._at(width)
        return (
            shown if not self._opens or _same(shown, self._all) else openable(self._at(max(width - OPENABLE, 1)), width)
        )

    def _at(self, width: int) -> Text:
        return message(self._said(width) if callable(self._said) else self._said, width)

    @property
    def _all(self) -> Text:
        return self._said(WIDE) if callable(self._said) else self._said

    @property
    def whole(self) -> Text | None:
        """All that it says, where it has room for only a part of it."""
        return None if self._drawn is None or _same(self._drawn, self._all) else self._all

    def on_resize(self) -> None:
        super().on_resize()
        self._grow()

    def _grow(self) -> None:
        if self._drawn is not None:
            lines = wrapped_height(self._drawn.plain, max(self.content_size.width, 1))
            if self.styles.height is None or self.styles.height.value != lines:
                self.styles.height = lines


def _same(one: Text, other: Text) -> bool:
    """Whether both have the same words; where their lines end does not matter."""
    return one.plain.split() == other.plain.split()
