"""A real terminal for a test: a program on a pseudo-terminal, and the screen that its bytes draw."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pexpect
import pyte

ROOT = Path(__file__).parents[2]
PATIENCE = 300.0
"""Seconds after which a test fails; no test passes by waiting."""
QUIET = 0.15
"""Seconds without a byte after which a screen is taken to be complete."""

KEYS = {
    "escape": "\x1b", "ctrl+c": "\x03", "enter": "\r", "space": " ", "tab": "\t", "ctrl+d": "\x04",
    "left": "\x1b[D", "end": "\x1b[F",
}  # fmt: skip


class Terminal:
    """`python -m bptui …` as a person sees it."""

    def __init__(self, *arguments: str | Path, columns: int = 120, lines: int = 40, home: Path) -> None:
        """Start it, with a home directory of its own, so that no remembered theme disturbs."""
        self.screen = pyte.Screen(columns, lines)
        self.painted = bytearray()
        """Every byte that the terminal got."""
        self._stream = pyte.ByteStream(self.screen)
        env = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
        env |= {"TERM": "xterm-256color", "LANG": "C.UTF-8", "HOME": str(home), "XDG_CONFIG_HOME": str(home)}
        env["PYTHONPATH"] = str(ROOT)
        self._child = pexpect.spawn(
            sys.executable, ["-m", "bptui", *map(str, arguments)], env=env, dimensions=(lines, columns), cwd=str(home)
        )

    @property
    def text(self) -> str:
        """The screen's lines."""
        return "\n".join(line.rstrip() for line in self.screen.display)

    @property
    def pid(self) -> int:
        return int(self._child.pid)

    def press(self, *keys: str) -> None:
        """Press keys, each when the screen has come to rest."""
        for key in keys:
            self._child.send(KEYS.get(key, key))
            self._rest()

    def type_ahead(self, text: str) -> None:
        """Type all of it at once, whatever the screen shows."""
        self._child.send(text)

    def wait_for(self, *texts: str) -> str:
        """Wait until the screen shows all these and has come to rest; the screen's text."""
        return self.wait_until(lambda: all(text in self.text for text in texts), f"{texts} on the screen")

    def wait_until(self, holds: Callable[[], bool], what: str) -> str:
        """Wait until that holds of the screen, and it has come to rest; the screen's text. `what`: that in words."""
        deadline = time.monotonic() + PATIENCE
        while True:
            self._rest()
            if holds():
                return self.text
            assert time.monotonic() < deadline, f"not {what}:\n{self.text}"
            assert self._child.isalive(), f"it ended:\n{self.text}"

    def resize(self, columns: int, lines: int) -> None:
        """Give the window another size."""
        self._child.setwinsize(lines, columns)
        self.screen.resize(lines, columns)

    def end(self) -> int:
        """Wait for its end. Returns the exit status."""
        self._child.expect(pexpect.EOF, timeout=PATIENCE)
        self._paint(self._child.before)
        self._child.close()
        assert self._child.exitstatus is not None
        return int(self._child.exitstatus)

    def kill(self) -> None:
        """End it, whatever it does."""
        self._child.close(force=True)

    def _rest(self) -> None:
        """Take in what is painted until nothing more comes."""
        try:
            while True:
                self._paint(self._child.read_nonblocking(1 << 16, timeout=QUIET))
        except (pexpect.TIMEOUT, pexpect.EOF):
            pass

    def _paint(self, data: bytes) -> None:
        self.painted += data
        self._stream.feed(data)
