"""What the script printed, as a terminal would show it, without growing for ever."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from rich.text import Text

from bptui.render.text.cells import wrapped_line
from bptui.render.text.fit import cut, piece, printable

LIMIT = 5_000
"""So many lines are kept at least; a tenth more, and the oldest are dropped."""
LONGEST = 2_000
"""Of a line no more characters are shown."""


class LineKind(Enum):
    """Where a line comes from: its mark and its colour."""

    OUTPUT = (" ", "")
    ERROR = ("!", "$text-error")
    LOGGED = ("◇", "$text-accent")
    """What a logpoint said."""


class ConsolePart(NamedTuple):
    """A line, or a part of one that is too long."""

    kind: LineKind
    text: str
    first: bool
    """Whether the line begins here."""


class Transcript:
    """The latest lines."""

    def __init__(self) -> None:
        self._lines: list[tuple[LineKind, str]] = []
        self._open = False
        """Whether the last line goes on: no newline came yet."""

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, text: str, kind: LineKind) -> int:
        """Write on. Returns from which line on all is new."""
        if not text:
            return len(self._lines)
        if self._open and self._lines[-1][0] is kind:
            text = self._lines.pop()[1] + text
        first = len(self._lines)
        *complete, rest = text.replace("\r\n", "\n").split("\n")
        lines = complete[-LIMIT:] + ([rest] if rest else [])
        self._lines += [(kind, _overwritten(line)) for line in lines]
        self._open = bool(rest)
        if len(self._lines) > LIMIT * 1.1:
            del self._lines[:-LIMIT]
            return 0
        return first

    def wrapped(self, width: int, first: int = 0) -> list[list[ConsolePart]]:
        """Each line from `first` on, wrapped to that width."""
        return [_wrapped(kind, text, max(width - 2, 0)) for kind, text in self._lines[first:]]


def _overwritten(line: str) -> str:
    """A carriage return goes back to the start of the line, as progress bars do. The last one may still wait there."""
    if "\b" in line:
        line = _gone_back(line)
    if "\r" not in line:
        return line
    body = line.rstrip("\r")
    return body.rpartition("\r")[2] + line[len(body) :]


def _gone_back(line: str) -> str:
    """Backspaces go back by one character each, as other progress bars do, and never beyond the start of the line."""
    left: list[str] = []
    for char in line:
        if char != "\b":
            left.append(char)
        elif left and left[-1] != "\r":
            left.pop()
    return "".join(left)


def _wrapped(kind: LineKind, text: str, width: int) -> list[ConsolePart]:
    text = printable(text)
    if len(text) > LONGEST:
        text = text[:LONGEST] + "…"
    parts = wrapped_line(text, width)
    return [ConsolePart(kind, part, not at) for at, part in enumerate(parts)]


def console_line(part: ConsolePart, width: int) -> Text:
    """Its mark and its text, in a line of that width."""
    mark, style = part.kind.value
    return cut(piece(f"{mark if part.first else ' '} ", style) + piece(part.text, style), width)
