"""A session over the real engine for tests that press any key: it answers each request before `send` returns.

One debuggee serves all tests of a process. Importing torch takes seconds, opening the script anew some milliseconds.
"""

from __future__ import annotations

import atexit
import queue
import sys
from functools import cache
from pathlib import Path

import bptui
from bptui.protocol.replies import Died, Listener, Opened, Reply, Running, SeenAnew, Stopped
from bptui.protocol.requests import Ask, Open, Request
from bptui.protocol.snapshot import Snapshot
from bptui.session.process import Debuggee
from bptui.trace.timeline import Timeline

LECTURE = str(Path(bptui.__file__).parent / "lessons" / "linear.py")
SEED = 0
PATIENCE = 300.0
"""Seconds after which an engine that does not answer is taken to hang, however busy the machine is."""


class SharedDebuggee:
    """A debuggee's process, asked one thing after another."""

    def __init__(self) -> None:
        self._received: queue.SimpleQueue[Reply | Died] = queue.SimpleQueue()
        self._debuggee = Debuggee(sys.executable, SEED, replied=self._received.put, died=self._received.put)
        self._debuggee.start()
        atexit.register(self._debuggee.kill)

    def ask(self, number: int, ask: Ask, listener: Listener) -> None:
        """Ask, and hand on what is replied, up to the answer.

        Where a run is comes as one message: how many the engine makes of it depends on how fast the machine is.
        """
        self._debuggee.link.send(Request(number, ask))
        running: Running | None = None
        while True:
            message = self._received.get(timeout=PATIENCE)
            assert isinstance(message, Reply), f"the engine died: {message}"
            assert message.number == number
            if isinstance(message.payload, Running):
                running = _joined(running, message.payload)
                continue
            if running is not None:
                listener(Reply(number, running))
            listener(message)
            if not isinstance(message.payload, Opened):
                return


def _joined(one: Running | None, other: Running) -> Running:
    if one is None:
        return other
    return Running(
        one.rows + other.rows, one.printed + other.printed, one.branches + other.branches, one.logged + other.logged
    )


@cache
def shared_debuggee() -> SharedDebuggee:
    """The debuggee of this process' tests, started by the first one that needs it."""
    return SharedDebuggee()


class EngineSession:
    """The lecture, stepped by the real engine."""

    def __init__(self, script: str = LECTURE, timeline: Timeline | None = None) -> None:
        self.asked: list[Ask] = []
        """All requests, in order."""
        self.snapshot: Snapshot | None = None
        """Where the program stands, as it was told last."""
        self.timeline = timeline or Timeline.temporary()
        self._script = script
        self._listener: Listener | None = None

    def start(self, listener: Listener) -> None:
        self._listener = listener
        self.restart()

    def restart(self) -> None:
        self.send(Open(self._script))

    def send(self, ask: Ask) -> int:
        self.asked.append(ask)
        shared_debuggee().ask(len(self.asked), ask, self._hear)
        return len(self.asked)

    def pause(self) -> None:
        """Nothing runs while the screen has its turn."""

    def kill(self) -> None:
        raise AssertionError("the debuggee serves other tests too")

    def close(self) -> None:
        self._listener = None
        self.timeline.close()

    def _hear(self, reply: Reply) -> None:
        payload = getattr(reply.payload, "stop", None) or reply.payload
        if isinstance(payload, Stopped | SeenAnew):
            self.snapshot = payload.snapshot
        self.timeline.hear(reply)
        if self._listener is not None:
            self._listener(reply)
