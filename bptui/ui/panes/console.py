"""What the script printed."""

from __future__ import annotations

from rich.text import Text
from textual import events

from bptui.protocol.snapshot import Failure
from bptui.render.stop.console import ConsolePart, LineKind, Transcript, console_line
from bptui.ui.panes.lines import Lines


class ConsolePane(Lines):
    """The script's output, its errors marked."""

    EMPTY = "  nothing printed yet"

    def __init__(self, id: str) -> None:
        super().__init__(id)
        self._transcript = Transcript()
        self._shown: list[ConsolePart] = []
        self._starts: list[int] = []
        self._wrapped_at = 0

    def add(self, printed: str, errors: str = "", logged: str = "") -> None:
        """The script wrote this, and logpoints said that."""
        self._write(logged and logged.rstrip("\n") + "\n", LineKind.LOGGED)
        self._write(printed, LineKind.OUTPUT)
        self._write(errors, LineKind.ERROR)

    def add_failure(self, failure: Failure) -> None:
        """The script raised this."""
        self._write(failure.traceback.rstrip("\n") + "\n", LineKind.ERROR)

    def clear(self) -> None:
        """Begin anew."""
        self._transcript = Transcript()
        self._wrap()

    def _write(self, text: str, kind: LineKind) -> None:
        if not text:
            return
        first = self._transcript.add(text, kind)
        self._wrap(first)

    def _wrap(self, first: int = 0) -> None:
        """Wrap the lines from `first` on anew; those before stay as they are."""
        del self._shown[self._starts[first] if first < len(self._starts) else len(self._shown) :]
        del self._starts[first:]
        since = len(self._shown)
        for parts in self._transcript.wrapped(self.room, first):
            self._starts.append(len(self._shown))
            self._shown += parts
        self.set_lines(len(self._shown), since=since)

    def on_resize(self, _event: events.Resize) -> None:
        if self.room != self._wrapped_at:
            self._wrapped_at = self.room
            self._wrap()

    def line(self, index: int, width: int) -> Text:
        """A line as wrapped."""
        return console_line(self._shown[index], width)
