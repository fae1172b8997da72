"""What was typed on the command line, from one start to the next.

A file that cannot be read or written is no reason to complain.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from platformdirs import user_state_path

MOST = 500
"""So many lines are kept; the oldest go first."""


def history_file() -> Path:
    """Where it is kept: a line each, the oldest first."""
    return user_state_path("bptui", appauthor=False) / "history"


class CommandHistory:
    """The lines that were typed, and where among them the person looks."""

    def __init__(self) -> None:
        self._lines = _read()
        self._at = len(self._lines)
        self._draft = ""
        """What was being typed when the person went up."""

    def add(self, line: str) -> None:
        """A line was entered. One that is there already moves to the end."""
        line = " ".join(line.split("\n")).strip()
        if line:
            # Another bptui may have added lines since
            others = [each for each in _read() or self._lines if each != line]
            self._lines = [*others[-MOST + 1 :], line]
            self._write()
        self.rest()

    def rest(self) -> None:
        """Behind the last line."""
        self._at, self._draft = len(self._lines), ""

    def look(self, by: int, typed: str) -> str:
        """The line that is so many further; what stands there if there is none. `typed`: what stands there."""
        if self._at == len(self._lines):
            self._draft = typed
        at = min(max(self._at + by, 0), len(self._lines))
        if at == self._at:
            return typed
        self._at = at
        return self._lines[at] if at < len(self._lines) else self._draft

    def _write(self) -> None:
        with contextlib.suppress(OSError):
            history_file().parent.mkdir(parents=True, exist_ok=True)
            history_file().write_text("\n".join(self._lines) + "\n", encoding="utf-8")


def _read() -> list[str]:
    with contextlib.suppress(OSError, ValueError):
        lines = history_file().read_text(encoding="utf-8").splitlines()
        return list(dict.fromkeys(reversed([each for each in lines if each.strip()])))[:MOST][::-1]
    return []
