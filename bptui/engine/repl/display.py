"""The output of typed code: what it prints, and its values as a prompt shows them, in order and up to a length."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, TextIO

from bptui.engine.interpreter.output import Output

LONGEST = 20_000
"""At most so many characters are shown."""
_DEEP = 20
"""Containers inside containers are looked into so far."""


class CapturedOutput(io.TextIOBase):
    """A stream that keeps the beginning of what is written to it, and counts the rest."""

    def __init__(self, real: TextIO, longest: int = LONGEST) -> None:
        """`real`: the stream that it stands for: file descriptor and bytes are that one's."""
        self._real, self._longest = real, longest
        self._parts: list[str] = []
        self._length = self._written = 0
        self._complete = True
        """Whether all values were shown in full."""

    @property
    def text(self) -> str:
        """What was written, without the last line's end."""
        text = "".join(self._parts)
        left = self._written - self._length
        if not self._complete:
            return f"{text}… and more"
        return f"{text}\n… {left:,} more characters" if left else text.removesuffix("\n")

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._written += len(text)
        part = text[: max(0, self._longest - self._length)]
        self._length += len(part)
        if part:
            self._parts.append(part.encode("utf-8", "backslashreplace").decode())
        return len(text)

    def show(self, value: Any) -> None:
        """What a prompt does with the value of an expression: `sys.displayhook`. It is not kept as `_`."""
        if value is not None:
            text, complete = shown(value, self._longest)
            self._complete = self._complete and (complete or sys.stdout is not self)
            print(text, file=sys.stdout)

    def write_line(self, text: str) -> None:
        """A line of our own, or of Python's; on a line of its own."""
        if self._parts and not self._parts[-1].endswith("\n"):
            self.write("\n")
        self.write(f"{text}\n")

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._real.fileno()

    @property
    def buffer(self) -> Any:
        return self._real.buffer

    @property
    def encoding(self) -> str:  # type: ignore[override]  # a plain attribute there
        return "utf-8"


def shown(value: Any, longest: int) -> tuple[str, bool]:
    """The value's `repr`, and whether that is complete; of long lists, dicts and texts only the beginning is made.

    Raises:
        Exception: whatever a class's own `__repr__` raises.
    """
    parts: list[str] = []
    length = 0
    for part in _repr(value, set(), longest):
        parts.append(part)
        length += len(part)
        if length > longest:
            return "".join(parts)[:longest], False
    return "".join(parts), True


_BRACKETS: dict[type, tuple[str, str]] = {list: ("[", "]"), tuple: ("(", ")"), set: ("{", "}"), dict: ("{", "}")}


def _repr(value: Any, around: set[int], longest: int) -> Iterator[str]:
    """The parts of a `repr`, made one after the other."""
    kind = type(value)
    if kind in (str, bytes) and len(value) > longest:
        yield repr(value[: longest + 1])
    elif kind not in _BRACKETS or len(around) >= _DEEP or not value:
        yield repr(value)
    elif id(value) in around:
        yield "...".join(_BRACKETS[kind])
    else:
        opening, closing = _BRACKETS[kind]
        around = around | {id(value)}
        yield opening
        for place, each in enumerate(islice(value.items() if kind is dict else value, longest)):
            yield ", " if place else ""
            if isinstance(value, Mapping):
                yield from _repr(each[0], around, longest)
                yield ": "
                yield from _repr(each[1], around, longest)
            else:
                yield from _repr(each, around, longest)
        yield "," if kind is tuple and len(value) == 1 else ""
        yield closing


@contextlib.contextmanager
def capturing(output: Output) -> Iterator[CapturedOutput]:
    """Capture `sys.stdout`, `sys.stderr` and `sys.displayhook` while typed code runs. `sys.stdin` is empty."""
    before = sys.stdout, sys.stderr, sys.stdin, sys.displayhook
    captured = CapturedOutput(output.stdout)
    sys.stdout = sys.stderr = captured
    sys.stdin = io.StringIO()
    sys.displayhook = captured.show
    try:
        yield captured
    finally:
        if sys.stdout is captured:  # else it put a stream there itself
            sys.stdout = before[0]
        if sys.stderr is captured:
            sys.stderr = before[1]
        sys.stdin, sys.displayhook = before[2:]
