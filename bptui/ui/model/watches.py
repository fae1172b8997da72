"""The expressions that are watched, and which ones were the last time that this script was stepped.

A file that cannot be read or written is no reason to complain.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from platformdirs import user_state_path
from rich.text import Text

from bptui.commands.parse import NotUnderstood
from bptui.commands.store import keep, kept_of
from bptui.protocol.messages import SetWatches
from bptui.render.text.fit import piece

SCRIPTS = 100
"""Of so many scripts the watches are kept; the one that was stepped longest ago goes first."""


def watches_file() -> Path:
    """Where they are kept: a JSON object, the watches of each script by its path."""
    return user_state_path("bptui", appauthor=False) / "watches.json"


class WatchModel:
    """The list, of which the debuggee is told whenever it changes."""

    def __init__(self, tell: Callable[[SetWatches, bool], None], say: Callable[[Text], None]) -> None:
        """`tell` asks the debuggee, and hears whether its refusal need not be said."""
        self._tell, self._say = tell, say
        self._script: str | None = None
        self.expressions: tuple[str, ...] = ()
        """In the order in which they were added."""

    def open(self, path: str) -> None:
        """That script begins, perhaps once more: the new debuggee does not know of any watch yet."""
        script = str(Path(path).resolve())
        if script != self._script:
            self._script = script
            self.expressions = self.expressions or tuple(
                each for each in kept_of(watches_file(), script) if isinstance(each, str)
            )
        if self.expressions:
            self._tell(SetWatches(self.expressions), True)

    def watch(self, expression: str) -> None:
        """Watch it too."""
        if not expression:
            self._say(piece("; ".join(self.expressions) or "nothing is watched: watch w.grad.norm()"))
        elif expression in self.expressions:
            self._say(piece(f"watched already: {expression}"))
        else:
            self._set((*self.expressions, expression))
            self._say(piece(f"watching {expression}: it is evaluated at each stop"))

    def unwatch(self, expression: str) -> None:
        """No longer watch it, or any."""
        everything = expression in ("", "all")
        left = tuple(each for each in self.expressions if not everything and each != expression)
        if left == self.expressions:
            raise NotUnderstood(
                f"{expression} is not watched." if self.expressions and expression else "Nothing is watched.",
                f"watched: {'; '.join(self.expressions)}" if self.expressions else "watch w.grad.norm() would be",
            )
        self._set(left)
        self._say(piece(f"no longer watching {expression}" if not everything else "nothing is watched any more"))

    def _set(self, expressions: tuple[str, ...]) -> None:
        self.expressions = expressions
        self._tell(SetWatches(expressions), False)
        if self._script is not None:
            keep(watches_file(), self._script, expressions, SCRIPTS)
