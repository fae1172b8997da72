"""The watched expressions of a script. Each change is told to the debuggee, and remembered for the next start.

A file that cannot be read or written is no reason to complain.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from platformdirs import user_state_path

from bptui.commands.parse import NotUnderstood
from bptui.model.store import remember, remembered
from bptui.protocol.requests import SetWatches

ALREADY = "watched already"
SCRIPTS = 100
"""Of so many scripts the watches are remembered; the one that was changed longest ago goes first."""


def watches_file() -> Path:
    """Where they are: a JSON object, the watches of each script by its path."""
    return user_state_path("bptui", appauthor=False) / "watches.json"


class WatchModel:
    """The list, and the words that change it."""

    def __init__(
        self, ask: Callable[[SetWatches, bool], None], say: Callable[[str], None], *, remembers: bool = True
    ) -> None:
        """`ask` tells the debuggee; `True` where its refusal need not be said. `say` is told each change in words.

        `remembers`: whether they are those of the last start, and are there again at the next.
        """
        self._ask, self._say, self._remembers = ask, say, remembers
        self._script: str | None = None
        self.expressions: tuple[str, ...] = ()
        """In the order in which they were added."""
        self.passed_over = 0
        """How many of earlier starts are not set, since this model does not remember."""

    def open(self, path: str) -> None:
        """That script begins, perhaps once more: the new debuggee does not know of any watch yet."""
        script = str(Path(path).resolve())
        if script != self._script:
            self._script = script
            before = tuple(each for each in remembered(watches_file(), script) if isinstance(each, str))
            self.passed_over = 0 if self._remembers else len(before)
            self.expressions = self.expressions or (before if self._remembers else ())
        if self.expressions:
            self._ask(SetWatches(self.expressions), True)

    def watch(self, expression: str) -> None:
        """Watch it too; without an expression, say which there are."""
        if not expression:
            self._say("; ".join(self.expressions) or "nothing is watched: watch w.grad.norm()")
        elif expression in self.expressions:
            self._say(f"{ALREADY}: {expression}")
        else:
            self._set((*self.expressions, expression))
            self._say(f"watching {expression}: it is evaluated at each stop")

    def unwatch(self, expression: str) -> None:
        """No longer watch it, or any.

        Raises:
            NotUnderstood: it is not watched.
        """
        everything = expression in ("", "all")
        left = tuple(each for each in self.expressions if not everything and each != expression)
        if left == self.expressions:
            raise NotUnderstood(
                f"{expression} is not watched." if self.expressions and expression else "Nothing is watched.",
                f"watched: {'; '.join(self.expressions)}" if self.expressions else "watch w.grad.norm() would be",
            )
        self._set(left)
        self._say(f"no longer watching {expression}" if not everything else "nothing is watched any more")

    def _set(self, expressions: tuple[str, ...]) -> None:
        self.expressions = expressions
        self._ask(SetWatches(expressions), False)
        if self._script is not None and self._remembers:
            remember(watches_file(), self._script, expressions, SCRIPTS)
