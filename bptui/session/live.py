"""The debugger's side of the link: what the screen and plain mode talk to."""

from __future__ import annotations

import atexit
import contextlib
import secrets
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from bptui.protocol.replies import Died, Listener, Opened, Refused, Reply, Running
from bptui.protocol.requests import Ask, Open, Pause, Request
from bptui.session.process import Debuggee
from bptui.trace.timeline import Timeline


class Session(Protocol):
    """A program that can be stepped: a live debuggee, a recorded trace, a fake in tests."""

    timeline: Timeline
    """All rows, snapshots and output so far. A reply is in it before the listener gets it."""

    def start(self, listener: Listener) -> None:
        """Start the debuggee and open the script. `Opened` and `Stopped` follow, or `Uncut`, or `Died`."""

    def send(self, ask: Ask) -> int:
        """Ask for something, at once; the reply comes to the listener with the number returned."""

    def pause(self) -> None:
        """Stop what runs after the block it is in. A second call while it still runs interrupts the script itself."""

    def kill(self) -> None:
        """End the debuggee at once, also where it does not react to a pause. `Died` follows."""

    def restart(self) -> None:
        """Begin again: a new debuggee with the same script, arguments and seeds. `Opened` and `Stopped` follow."""

    def close(self) -> None:
        """End the debuggee and all that it started. Returns at once; may be called twice."""


class LiveSession:
    """A session with a debuggee of its own."""

    def __init__(
        self,
        path: str,
        argv: Sequence[str] = (),
        python: str | None = None,
        *,
        record: Path | None = None,
        memory: int = 512,
    ) -> None:
        """For the script of that path with those arguments, run by that Python (default: the one that runs us).

        `record` names a new file for the timeline; `memory` is how many MB checkpoints may take.

        Raises:
            CannotRecord: that file cannot be made.
        """
        self.timeline = Timeline.temporary() if record is None else Timeline.create(record)
        self._open = Open(path, tuple(argv), memory)
        self._python = python or sys.executable
        self._seed = secrets.randbits(32)
        """The same at every restart, so that an unseeded script begins again with the same random numbers."""
        self._listener: Listener | None = None
        self._debuggee: Debuggee | None = None
        self._lock = threading.RLock()
        self._number = 0
        self._unanswered: set[int] = set()
        self._pauses = 0
        """How often a pause was asked for while what runs runs."""
        self._death: Died | None = None
        self._closed = False

    def start(self, listener: Listener) -> None:
        """Start the debuggee and open the script. `Opened` and `Stopped` follow, or `Uncut`, or `Died`."""
        self._listener = listener
        atexit.register(self.close)
        self.restart()

    def send(self, ask: Ask) -> int:
        """Ask for something, at once; the reply comes to the listener with the number returned."""
        with self._lock:
            self._number += 1
            number = self._number
            self._unanswered.add(number)
            if self._death is None:
                self._send(Request(number, ask))
            else:
                self._hear(Reply(number, Refused(self._death.message, "`restart` begins again from the start.")))
        return number

    def pause(self) -> None:
        """Stop what runs after the block it is in. A second call while it still runs interrupts the script itself."""
        with self._lock:
            if self._unanswered and self._debuggee is not None:
                self._pauses += 1
                if self._pauses == 1:
                    self._send(Pause())
                else:
                    self._debuggee.interrupt()

    def kill(self) -> None:
        """End the debuggee at once, also where it does not react to a pause. `Died` follows."""
        with self._lock:
            if self._debuggee is not None:
                self._debuggee.give_up()

    def restart(self) -> None:
        """Begin again: a new debuggee with the same script, arguments and seeds. `Opened` and `Stopped` follow."""
        with self._lock:
            if self._closed:
                return
            if self._debuggee is not None:
                self._debuggee.kill()
            self._unanswered.clear()
            self._pauses, self._death = 0, None
            debuggee = Debuggee(
                self._python,
                self._seed,
                replied=lambda reply: self._hear_from(debuggee, reply),
                died=lambda death: self._hear_from(debuggee, death),
            )
            self._debuggee = debuggee
            debuggee.start()
            self.send(self._open)

    def close(self) -> None:
        """Let the debuggee end, and all that it started with it. Returns at once; may be called twice.

        It has two seconds to end as Python does, flushing its files; then it is killed.
        """
        with self._lock:
            self._closed = True
            if self._debuggee is not None:
                self._debuggee.leave()
                self._debuggee = None
            self.timeline.close()
        atexit.unregister(self.close)

    def _send(self, message: Request | Pause) -> None:
        assert self._debuggee is not None
        with contextlib.suppress(OSError):  # it is gone; its own thread reports that as `Died`
            self._debuggee.link.send(message)

    def _hear_from(self, debuggee: Debuggee, message: Reply | Died) -> None:
        with self._lock:
            if debuggee is not self._debuggee:
                return  # from a debuggee that a restart has replaced
            if isinstance(message, Died):
                self._death = message
                message = Reply(max(self._unanswered, default=0), message)
                self._unanswered.clear()
            self._hear(message)

    def _hear(self, reply: Reply) -> None:
        if not isinstance(reply.payload, Opened | Running):
            self._unanswered.discard(reply.number)
            self._pauses = 0
        assert self._listener is not None
        self.timeline.hear(reply)
        self._listener(reply)
