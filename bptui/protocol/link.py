"""Messages over a socket pair: JSON bytes, each with its length before it, framed by `multiprocessing.connection`.

The pair is made by the debugger and inherited by the debuggee. It has no name in any file system or network, so nobody
else can connect to it, and no key has to be kept: that is why there is no authentication here. Nothing is pickled.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
from multiprocessing.connection import Connection, Pipe
from typing import Any, Generic, TypeVar

from bptui.protocol.codec import decode, encode
from bptui.protocol.replies import Reply
from bptui.protocol.requests import Pause, Request

Incoming = TypeVar("Incoming")


class Link(Generic[Incoming]):
    """One end of the pair. Any thread may send; one receives."""

    def __init__(self, connection: Connection[Any, Any], *incoming: type[Incoming]) -> None:
        """Over a connection on which messages of these kinds arrive."""
        self._connection = connection
        self._incoming = incoming
        self._sending = threading.Lock()
        self._poller = select.poll()  # kept: `Connection.poll` makes a new one each time
        self._poller.register(connection.fileno(), select.POLLIN)

    def fileno(self) -> int:
        return self._connection.fileno()

    def send(self, message: object) -> None:
        """Send a message.

        Raises:
            OSError: the other side is gone.
        """
        data = encode(message)
        with self._sending:
            self._connection.send_bytes(data)

    def receive(self) -> Incoming:
        """The next message, waiting for it.

        Raises:
            EOFError: the other side is gone.
            ProtocolError: what came is no message of these kinds.
        """
        try:
            data = self._connection.recv_bytes()
        except OSError as error:
            raise EOFError(str(error)) from error
        return decode(data, *self._incoming)

    def waiting(self, seconds: float = 0.0) -> bool:
        """Whether `receive` would return (or raise) at once, after waiting at most so long."""
        return bool(self._poller.poll(seconds * 1000))

    def hang_up(self) -> None:
        """Let both ends receive EOFError, also a thread that waits for a message now."""
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(self._connection.fileno())) as end:
            end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close this end; the other receives EOFError."""
        self._connection.close()


DebuggerLink = Link[Reply]
"""The debugger's end."""

DebuggeeLink = Link[Request | Pause]
"""The debuggee's end."""


def link_pair() -> tuple[DebuggerLink, Connection[Any, Any]]:
    """The debugger's end, and the connection whose file descriptor the debuggee inherits."""
    ours, theirs = Pipe()
    return Link(ours, Reply), theirs


def inherited_link(file: int) -> DebuggeeLink:
    """The debuggee's end, from the file descriptor that it inherited."""
    return Link(Connection(file), Request, Pause)
