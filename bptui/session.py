"""The debugger's side of the link: what the screen and plain mode talk to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from bptui.protocol.messages import Ask, Reply

Listener = Callable[[Reply], None]
"""Told every reply, in order, on the session's own thread. It must not block."""


class Session(Protocol):
    """A program that can be stepped: a live debuggee, later a recorded trace, a fake in tests."""

    def start(self, listener: Listener) -> None:
        """Start the debuggee and open the script. `Opened` and `Stopped` follow, or `Uncut`, or `Died`."""

    def send(self, ask: Ask) -> int:
        """Ask for something, at once; the reply comes to the listener with the number returned."""

    def pause(self) -> None:
        """Stop what runs after the block it is in. A second call while it still runs interrupts the script itself."""

    def restart(self) -> None:
        """Begin again: a new debuggee with the same script, arguments and seeds. `Opened` and `Stopped` follow."""

    def close(self) -> None:
        """End the debuggee and all that it started. Returns at once; may be called twice."""
