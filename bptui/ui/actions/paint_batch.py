"""Painting at once what belongs together."""

from __future__ import annotations

from contextlib import ExitStack

from textual.screen import Screen
from textual.timer import Timer

LONGEST = 0.015
"""Seconds that one part may be waited for: about a frame, so that nobody sees that anything was held back."""
SETTLING = 0.002
"""Seconds after which every widget has told the screen that it is to be painted."""


class PaintBatch:
    """Keeps a screen from being painted until the second part of what changed is there, but not for long.

    A stop and its curve come 5 ms apart. Painted one by one they would take the terminal twice the time.
    """

    def __init__(self, screen: Screen[None]) -> None:
        self._screen = screen
        self._held: ExitStack | None = None
        self._timer: Timer | None = None

    def hold(self) -> None:
        """More is to come."""
        if self._held is None:
            self._held = ExitStack()
            self._held.enter_context(self._screen.app.batch_update())
        self._release_after(LONGEST)

    def complete(self) -> None:
        """It came."""
        if self._held is not None:
            self._release_after(SETTLING)

    def _release_after(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.stop()
        self._timer = self._screen.set_timer(seconds, self._release)

    def _release(self) -> None:
        if self._held is not None:
            self._held.close()
            self._held = None
            self._screen.check_idle()  # that is where it is painted; a timer alone does not bring it there
